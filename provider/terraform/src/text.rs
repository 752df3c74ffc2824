//! Names out of models.

use everest_schemas::Field;

/// The text of a field that the protocol guarantees to be known where this is asked; "" otherwise.
pub fn text(field: &Field<String>) -> &str {
    field.known().map_or("", String::as_str)
}

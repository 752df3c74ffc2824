//! The kind of write to an object.

/// A write that rules and mappings tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The object does not exist yet.
    Create,
    /// The object exists.
    Update,
}

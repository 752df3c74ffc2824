//! Import ids.

use tfplugin::{AttributePath, Diagnostics};

/// The two parts of `NAMESPACE/NAME`; None with an error when the id is not of that form.
pub fn namespaced(resource: &str, id: &str, diags: &mut Diagnostics) -> Option<(String, String)> {
    match id.split_once('/') {
        Some((namespace, name))
            if !namespace.is_empty() && !name.is_empty() && !name.contains('/') =>
        {
            Some((namespace.to_owned(), name.to_owned()))
        }
        _ => {
            diags.error(
                AttributePath::root(),
                format!("Cannot import {resource}: {id:?} is not an import id"),
                format!("The id of {resource} is NAMESPACE/NAME, for example \"prod/orders\"."),
            );
            None
        }
    }
}

/// The id of a resource that has just a name; None with an error when it is not one.
pub fn named(resource: &str, id: &str, diags: &mut Diagnostics) -> Option<String> {
    if id.is_empty() || id.contains('/') {
        diags.error(
            AttributePath::root(),
            format!("Cannot import {resource}: {id:?} is not an import id"),
            format!("The id of {resource} is its name, for example \"prod\"."),
        );
        return None;
    }
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_exactly_two_parts() {
        let mut diags = Diagnostics::new();
        assert_eq!(
            namespaced("everest_database", "prod/orders", &mut diags),
            Some(("prod".to_owned(), "orders".to_owned()))
        );
        assert!(diags.is_empty());
        for wrong in ["orders", "/orders", "prod/", "a/b/c", ""] {
            let mut diags = Diagnostics::new();
            assert_eq!(
                namespaced("everest_database", wrong, &mut diags),
                None,
                "{wrong}"
            );
            assert!(diags.has_errors(), "{wrong}");
        }
    }
}

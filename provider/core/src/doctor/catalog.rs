//! The catalog that the operators of engines are installed from.

use super::{Answer, Check, Parts};
use crate::olm;
use crate::text::Text;

/// Reports a catalog that OLM cannot read: nothing can be installed or upgraded from it.
pub(super) fn check(parts: &Parts) -> Check {
    let (namespace, name) = &parts.catalog_name;
    let (id, subject) = ("catalog", Text::from(format!("catalog {namespace}/{name}")));
    if let Some(unread) = parts.catalog.unread(id, &subject, "if it is ready") {
        return unread;
    }
    match &parts.catalog {
        Answer::Found(source) => match olm::catalog_trouble(source) {
            None => Check::ok(id, subject, "OLM can read it"),
            Some(trouble) => Check::failed(
                id,
                subject,
                format!("OLM cannot read it: {trouble}"),
                format!(
                    "Run kubectl -n {namespace} get pods. Until the catalog is ready, no operator is \
                     installed or upgraded."
                ),
            ),
        },
        Answer::NotServed => Check::failed(
            id,
            subject,
            "the Operator Lifecycle Manager is not installed",
            "Install Everest with the Operator Lifecycle Manager of its chart. Everest v1 installs \
             the operators of engines with it.",
        ),
        _ => Check::failed(
            id,
            subject,
            "there is no such CatalogSource",
            "List the catalogs with kubectl get catalogsources -A. If Everest uses another one, as \
             on OpenShift, name it here (--catalog) and in the provider block (catalog).",
        ),
    }
}

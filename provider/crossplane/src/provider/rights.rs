//! The provider's permissions: in a cluster of external objects those of the roles that are
//! shipped, in the control plane those of the role that Crossplane's RBAC manager renders.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use test_apiserver::Asks;
use test_stories::roles::{Bound, Right, Roles};

/// The shipped role that is bound in single namespaces; the others are bound in the whole cluster.
const PER_NAMESPACE: &str = "everest-crossplane-secrets";

/// The roles of `rbac/provider.yaml`.
static SHIPPED: LazyLock<Roles> = LazyLock::new(|| {
    Roles::of(
        "examples/crossplane/rbac/provider.yaml",
        |role| match role {
            PER_NAMESPACE => Some(Bound::InNamespaces),
            _ => Some(Bound::Everywhere),
        },
    )
});

/// The roles of `rbac/namespace-labels.yaml`.
static LABELS: LazyLock<Roles> =
    LazyLock::new(|| everywhere("examples/crossplane/rbac/namespace-labels.yaml"));

/// The RBAC manager's system role; the acceptance tests compare the file with the role that
/// Crossplane really renders.
static RENDERED: LazyLock<Roles> =
    LazyLock::new(|| everywhere("tests/acceptance/tests/crossplane/system-role.yaml"));

fn everywhere(file: &str) -> Roles {
    Roles::of(file, |_| Some(Bound::Everywhere))
}

/// Returns true if the provider has this permission in a cluster of external objects.
pub(crate) fn in_target(asks: &Asks<'_>) -> bool {
    SHIPPED.ask("provider", asks)
}

/// Returns true if the provider has this permission in the control plane.
pub(crate) fn in_control_plane(asks: &Asks<'_>) -> bool {
    rendered(asks) || LABELS.allow(asks)
}

/// The permissions of the RBAC manager's system role, without those that the provider is not to
/// need: Secrets of the whole cluster. It does not include the deletion of a provider's own kinds.
fn rendered(asks: &Asks<'_>) -> bool {
    let whole_cluster = asks.resource == "secrets" && asks.namespace.is_empty();
    !whole_cluster && RENDERED.allow(asks)
}

/// All that the shipped roles permit.
pub(crate) fn shipped() -> BTreeSet<Right> {
    SHIPPED.rights()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets<'a>(verb: &'a str, namespace: &'a str) -> Asks<'a> {
        Asks {
            verb,
            group: "",
            resource: "secrets",
            namespace,
            name: "",
        }
    }

    #[test]
    fn secrets_are_within_reach_by_namespace_and_never_in_a_whole_cluster() {
        for verb in ["get", "list", "watch", "create", "patch", "delete"] {
            assert!(in_target(&secrets(verb, "shop")), "{verb}");
            assert!(!in_target(&secrets(verb, "")), "{verb}");
            assert!(in_control_plane(&secrets(verb, "shop")), "{verb}");
            assert!(!in_control_plane(&secrets(verb, "")), "{verb}");
        }
    }
}

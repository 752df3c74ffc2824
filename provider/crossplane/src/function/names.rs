//! Names of composed resources.
//!
//! Everest limits the name of a database to 22 characters, and Crossplane's own names (`NAME-` and
//! twelve digits) leave nine of them for the composite resource's name. A name here has as much of
//! the composite resource's name as fits, and a hash of everything that identifies a composed
//! resource: the kind, namespace and name of the composite resource, and the name of the composed
//! one. If the same composite resource is created again, the names are the same, so that
//! applications find their database under the same address.

use everest_core::name::shortened;

use super::composite::Composite;

/// The name of a composed resource of Everest.
pub(super) fn derived(composite: &Composite, resource: &str) -> String {
    let group_kind = composite.group_kind();
    let identity = [
        group_kind.as_str(),
        composite.namespace().unwrap_or_default(),
        composite.name(),
        resource,
    ];
    shortened(composite.name(), &identity)
}

//! What tells a provider from every other one: its names.

/// The names of a provider. All of them are seen by users or by the API server, so a released
/// provider keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The field manager of everything that it applies, and the component that its events are
    /// from.
    pub name: &'static str,
    /// The name of its package, in the change log.
    pub package: &'static str,
    /// The version of its package, in the change log and in the log.
    pub release: &'static str,
    /// The group of its managed resources. The annotations of its own begin with it.
    pub group: &'static str,
    /// The version of their definitions.
    pub version: &'static str,
    /// The Lease that only one of several replicas holds.
    pub lease: &'static str,
    /// The first word of its own metrics.
    pub metrics: &'static str,
    /// The finalizer on its managed resources.
    pub finalizer: &'static str,
}

/// The finalizer that Crossplane's providers have in common.
pub const FINALIZER: &str = "finalizer.managedresource.crossplane.io";

impl Provider {
    /// A provider that has one name for everything, of managed resources in `group`.
    pub const fn new(
        name: &'static str,
        release: &'static str,
        group: &'static str,
        version: &'static str,
    ) -> Self {
        Provider {
            name,
            package: name,
            release,
            group,
            version,
            lease: name,
            metrics: "provider",
            finalizer: FINALIZER,
        }
    }

    /// Group and version as in an object's `apiVersion`.
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    /// The key of an annotation of its own.
    pub fn annotation(&self, name: &str) -> String {
        format!("{}/{name}", self.group)
    }
}

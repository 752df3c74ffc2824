//! The names by which Everest addresses and marks its objects.

/// API group of Everest's custom resources.
pub const GROUP: &str = "everest.percona.com";

/// API version of Everest's custom resources.
pub const API_VERSION: &str = "everest.percona.com/v1alpha1";

/// Annotation that makes everest-operator stop and start a database once.
pub const RESTART: &str = "everest.percona.com/restart";

/// Everest's finalizer on objects that others refer to. It is taken off some time after the last
/// user is gone, but not from a storage that is being deleted.
pub const IN_USE: &str = "everest.percona.com/in-use-protection";

/// Finalizer that makes Everest leave the bucket alone when a backup goes.
pub const STORAGE_PROTECTION: &str = "everest.percona.com/dbb-storage-protection";

/// Annotation on a Secret that this provider has filled from another one: UID and resource version
/// of that one.
pub const FILLED_FROM: &str = "everest.openeverest.io/filled-from";

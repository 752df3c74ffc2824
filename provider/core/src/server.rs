//! The settings of Everest's own server: its accounts, its access control, its single sign-on.
//!
//! They are parts of a Secret and two ConfigMaps in Everest's own namespace, which other
//! programs and people write too. The functions here decide what a document becomes, and keep
//! everything in it that is not theirs: a shell reads the object, asks for the next document, and
//! writes it on the condition that the object is still the one that was read.
//!
//! Source: everest `pkg/kubernetes/accounts.go`, `pkg/rbac`, `pkg/kubernetes/oidc.go`.

pub mod accounts;
pub mod oidc;
pub mod policy;
pub mod roles;
mod yaml;

pub use yaml::Malformed;

/// A setting that has to be created where there is one already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it exists and is not as configured")]
pub struct Exists;

/// A value of a shared document: what it has to become, if anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// The document is as it has to be.
    Same,
    /// The document has to become this.
    Write(T),
}

//! For tests: API servers, and the provider of the README.

#[allow(dead_code)]
#[path = "../examples/notes.rs"]
pub(crate) mod notes;

pub(crate) use test_apiserver::scripted::{Seen, client as api};

use crate::provider::Provider;
pub(crate) use notes::{Note, Notes};

/// The names of a provider of notes.
pub(crate) const NOTES: Provider =
    Provider::new("provider-notes", "v1.2.3", "notes.example.org", "v1alpha1");

/// Returns when nothing in the process can go on without time passing.
pub(crate) async fn settled() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

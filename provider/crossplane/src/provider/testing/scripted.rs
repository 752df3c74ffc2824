//! For tests: an API server that answers from a function.

pub(crate) use test_apiserver::scripted::{Seen, client as api};

/// Returns when nothing in the process can go on without time passing.
pub(crate) async fn settled() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

//! For tests: an API server that answers from a function.

pub(crate) use test_apiserver::scripted::{Seen, client as api};

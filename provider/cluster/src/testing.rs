//! Test doubles of the API server.

pub(crate) mod api_server;

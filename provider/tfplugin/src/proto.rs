//! The wire types, generated from `proto/`.
//!
//! What is generated is committed, so that a build needs neither `protoc` nor a build script. After
//! a change of `proto/` the test `the_wire_types_are_those_of_the_definitions` fails; with
//! `UPDATE_WIRE_TYPES=1` it writes them.
#![allow(missing_docs, clippy::all)]
#![cfg_attr(
    not(feature = "unstable-proto"),
    allow(
        dead_code,
        reason = "what is generated is whole, and the server is a part of it"
    )
)]

/// Plugin protocol 6.11 (package `tfplugin6`).
pub mod tfplugin6 {
    include!("proto/tfplugin6.rs");
}

/// The host's own services: broker, controller, stdio (package `plugin`).
pub mod plugin {
    include!("proto/plugin.rs");
}

/// The standard health service (package `grpc.health.v1`).
pub mod health {
    include!("proto/grpc.health.v1.rs");
}

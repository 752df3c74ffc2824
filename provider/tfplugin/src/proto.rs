//! The wire types, generated from `proto/` by the build.
#![allow(missing_docs, clippy::all)]

/// Plugin protocol 6.11 (package `tfplugin6`).
pub mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// The host's own services: broker, controller, stdio (package `plugin`).
pub mod plugin {
    tonic::include_proto!("plugin");
}

/// The standard health service (package `grpc.health.v1`).
pub mod health {
    tonic::include_proto!("grpc.health.v1");
}

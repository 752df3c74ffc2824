//! Compiles the wire definitions of `proto/` in Rust, so that a build needs no `protoc`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(
        [
            "tfplugin6.proto",
            "grpc_broker.proto",
            "grpc_controller.proto",
            "grpc_stdio.proto",
            "health.proto",
        ],
        ["proto"],
    )?;
    tonic_prost_build::configure()
        .generate_default_stubs(true)
        .compile_fds(files)?;
    Ok(())
}

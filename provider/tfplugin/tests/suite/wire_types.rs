//! The committed wire types are those that `proto/` stands for.

use std::fs;
use std::path::Path;

#[test]
fn the_wire_types_are_those_of_the_definitions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = root.join("src/proto");
    let generated = tempfile::tempdir().unwrap();
    let definitions = protox::compile(
        [
            "tfplugin6.proto",
            "grpc_broker.proto",
            "grpc_controller.proto",
            "grpc_stdio.proto",
            "health.proto",
        ],
        [root.join("proto")],
    );
    tonic_prost_build::configure()
        .generate_default_stubs(true)
        // What is sent on as it came is not copied.
        .bytes(".")
        .out_dir(generated.path())
        .compile_fds(definitions.unwrap())
        .unwrap();
    let write = std::env::var_os("UPDATE_WIRE_TYPES").is_some();
    for entry in fs::read_dir(generated.path()).unwrap() {
        let file = entry.unwrap();
        let wanted = fs::read_to_string(file.path()).unwrap();
        let place = committed.join(file.file_name());
        if write {
            fs::write(&place, &wanted).unwrap();
        }
        assert!(
            fs::read_to_string(&place).is_ok_and(|found| found == wanted),
            "{} is not what proto/ stands for: run this test with UPDATE_WIRE_TYPES=1",
            place.display()
        );
    }
}

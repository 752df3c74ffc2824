//! Writes the definitions of custom resources into the folder given.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let dir = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("schemas/crds"), PathBuf::from);
    for path in everest_schemas::crds::write_crds(&dir)? {
        println!("{}", path.display());
    }
    Ok(())
}

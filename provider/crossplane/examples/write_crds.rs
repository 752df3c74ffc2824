//! Writes the definitions of custom resources into the folder given: Everest's, and in `managed`
//! those of the Crossplane provider.

use std::path::PathBuf;

use everest_crossplane::provider::definitions;
use everest_schemas::crds;

fn main() -> std::io::Result<()> {
    let dir = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("schemas/crds"), PathBuf::from);
    let resources = definitions::all();
    for path in crds::write_crds(&dir, &resources)? {
        println!("{}", path.display());
    }
    Ok(())
}

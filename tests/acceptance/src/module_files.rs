//! Files that come with a pinned Go module besides its sources, such as CRDs:
//! read where Go keeps the module, never copied into the project.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    go_build::{check_go, go},
    tools::{CoreRelease, ToolError, file, module_hash, tools_folder},
};

/// A folder of files in a module.
pub(crate) struct ModuleFiles {
    /// What they are, for messages.
    name: &'static str,
    /// Folder below `tests/acceptance/tools` whose `go.mod` pins the module.
    pins: &'static str,
    /// The module.
    module: &'static str,
    /// Folder in the module.
    folder: &'static str,
    /// Name of the file of the cache that remembers where they are.
    note: &'static str,
}

/// OLM's CRDs.
pub(crate) const OLM_CRDS: ModuleFiles = ModuleFiles {
    name: "OLM's CRDs",
    pins: "olm",
    module: "github.com/operator-framework/operator-lifecycle-manager",
    folder: "deploy/chart/crds",
    note: "crds.path",
};

/// The CRDs of Crossplane's core.
pub(crate) const fn crossplane_crds(release: CoreRelease) -> ModuleFiles {
    ModuleFiles {
        name: "Crossplane's CRDs",
        pins: release.module(),
        module: "github.com/crossplane/crossplane/v2",
        folder: "cluster/crds",
        note: "crds.path",
    }
}

/// The Helm chart of Crossplane's core.
pub(crate) const fn crossplane_chart(release: CoreRelease) -> ModuleFiles {
    ModuleFiles {
        name: "Crossplane's chart",
        folder: "cluster/charts/crossplane",
        note: "chart.path",
        ..crossplane_crds(release)
    }
}

/// Where the files are on this machine. The folder is remembered in the cache:
/// asking Go costs half a second.
pub(crate) fn folder(cache: &Path, wanted: &ModuleFiles) -> Result<PathBuf, ToolError> {
    let note = cache
        .join(format!("{}-{}", wanted.pins, module_hash(wanted.pins)?))
        .join(wanted.note);
    if let Ok(known) = fs::read_to_string(&note) {
        let known = PathBuf::from(known);
        if known.is_dir() {
            return Ok(known);
        }
    }
    let pins = tools_folder().join(wanted.pins);
    let module = wanted.module;
    let failed = |output: String| ToolError::Build {
        binary: wanted.name.to_owned(),
        command: format!("mod download; list -m {module}"),
        folder: pins.clone(),
        output,
    };
    check_go()?;
    let download = go(&pins)
        .args(["mod", "download", module])
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let list = go(&pins)
        .args(["list", "-m", "-f", "{{.Dir}}", module])
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let found = PathBuf::from(String::from_utf8_lossy(&list.stdout).trim()).join(wanted.folder);
    if !found.is_dir() {
        return Err(failed(format!(
            "{}{}",
            String::from_utf8_lossy(&download.stderr),
            String::from_utf8_lossy(&list.stderr)
        )));
    }
    fs::write(&note, found.as_os_str().as_encoded_bytes()).map_err(file(&note))?;
    Ok(found)
}

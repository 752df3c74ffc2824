//! Binaries that the tests run on, built from pinned Go modules: the control
//! plane's, and the clients beside the one on PATH.
//!
//! Each folder of `tests/acceptance/tools` is a Go module whose `go.mod` and
//! `go.sum` pin what it builds. A module's binaries are built once and kept
//! outside the checkout, keyed by the hash of the module's files and of the
//! flags, so that a fresh clone of the same pins builds nothing.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{changed_module, go_build::build_missing, module_files, progress::Progress};

/// What every Go module here needs at least (the `go` line of each `go.mod`).
pub(crate) const GO_VERSION: &str = "1.26";

/// Version that the Kubernetes binaries report to clients.
const KUBERNETES_VERSION: &str = "v1.35.4";

/// One binary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// File name of the binary.
    pub binary: &'static str,
    /// Folder below `tests/acceptance/tools`.
    pub module: &'static str,
    /// Go package to build, `.` for the module's own.
    pub package: &'static str,
    /// Minutes that a cold build takes on two cores, for the first message.
    pub cold_minutes: f32,
}

/// Binaries that are asked for together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToolSet {
    /// What they are, in the plural; with hyphens, their folder in the cache.
    pub name: &'static str,
    /// Ordered so that the long builds come last and reuse what is built.
    pub tools: &'static [Tool],
}

/// What the test cluster is made of.
pub(crate) const CONTROL_PLANE: ToolSet = ToolSet {
    name: "control plane",
    tools: &CONTROL_PLANE_TOOLS,
};

/// What the scenarios run under besides the client on PATH: the newest Terraform, and OpenTofu.
pub(crate) const CLIENTS: ToolSet = ToolSet {
    name: "clients",
    tools: &CLIENT_TOOLS,
};

/// A release of Crossplane's core, which only its own tests run under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CoreRelease {
    /// The newest.
    #[default]
    Newest,
    /// The oldest that is supported.
    Oldest,
}

impl CoreRelease {
    /// The binary.
    pub(crate) const fn tools(self) -> ToolSet {
        match self {
            Self::Newest => NEWEST_CROSSPLANE,
            Self::Oldest => OLDEST_CROSSPLANE,
        }
    }

    /// Folder below `tests/acceptance/tools` whose `go.mod` pins it.
    pub(crate) const fn module(self) -> &'static str {
        match self {
            Self::Newest => "crossplane",
            Self::Oldest => "crossplane-2.1",
        }
    }
}

/// The command that renders compositions, of the last CLI of Crossplane that is a Go module.
pub(crate) const CROSSPLANE_RENDER: ToolSet = ToolSet {
    name: "crossplane render",
    tools: &[tool("crossplane-render", "crossplane-render", ".", 1.5)],
};

/// Versions that Crossplane's core holds against what packages ask for: the folder that pins it,
/// the package that keeps the version, the version.
const CROSSPLANE_VERSIONS: [(&str, &str, &str); 2] = [
    (
        CoreRelease::Newest.module(),
        "crossplane-runtime/v2/pkg",
        "v2.4.0",
    ),
    (
        CoreRelease::Oldest.module(),
        "crossplane/v2/internal",
        "v2.1.0",
    ),
];

const NEWEST_CROSSPLANE: ToolSet = ToolSet {
    name: "crossplane core",
    tools: &[crossplane(CoreRelease::Newest)],
};

const OLDEST_CROSSPLANE: ToolSet = ToolSet {
    name: "crossplane core",
    tools: &[crossplane(CoreRelease::Oldest)],
};

const fn crossplane(release: CoreRelease) -> Tool {
    tool(
        "crossplane",
        release.module(),
        "github.com/crossplane/crossplane/v2/cmd/crossplane",
        4.0,
    )
}

const CLIENT_TOOLS: [Tool; 2] = [
    tool(
        "terraform",
        "terraform",
        "github.com/hashicorp/terraform",
        4.0,
    ),
    tool(
        "tofu",
        "opentofu",
        "github.com/opentofu/opentofu/cmd/tofu",
        5.0,
    ),
];

const CONTROL_PLANE_TOOLS: [Tool; 7] = [
    tool("etcd", "etcd", "go.etcd.io/etcd/server/v3", 1.0),
    tool("catalog-server", "catalog-server", ".", 1.5),
    tool("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", 1.5),
    tool("olm", "olm", ".", 2.5),
    tool(
        "kube-apiserver",
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-apiserver",
        3.0,
    ),
    tool(
        "kube-controller-manager",
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        1.5,
    ),
    tool(
        "kube-scheduler",
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-scheduler",
        0.2,
    ),
];

const fn tool(
    binary: &'static str,
    module: &'static str,
    package: &'static str,
    cold_minutes: f32,
) -> Tool {
    Tool {
        binary,
        module,
        package,
        cold_minutes,
    }
}

/// Why a binary is not there.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// `go` is not on PATH.
    #[error(
        "Go is needed to build what the tests run on, and `go` was not found on PATH: install Go {GO_VERSION} or newer (https://go.dev/dl/)"
    )]
    GoMissing,
    /// `go` is there, but too old to build the pinned modules and told not to
    /// fetch a newer toolchain.
    #[error(
        "Go {GO_VERSION} or newer is needed to build what the tests run on; found {found} with GOTOOLCHAIN=local: install a newer Go, or unset GOTOOLCHAIN so that Go fetches one"
    )]
    GoTooOld {
        /// What `go env GOVERSION` says.
        found: String,
    },
    /// A build or a module look-up ended with an error.
    #[error("building {binary} failed (`go {command}` in {}):\n{output}", folder.display())]
    Build {
        /// The binary, or module, that was asked for.
        binary: String,
        /// The arguments of `go`.
        command: String,
        /// Where it ran.
        folder: PathBuf,
        /// The last lines it printed.
        output: String,
    },
    /// No folder for the cache: neither EVEREST_TEST_CACHE, XDG_CACHE_HOME nor
    /// HOME is set.
    #[error(
        "no folder to keep the built binaries in: set EVEREST_TEST_CACHE, XDG_CACHE_HOME or HOME"
    )]
    NoCache,
    /// A file of the cache or of the pins cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The built binaries, and OLM's CRD files that come with its module.
#[derive(Debug, Clone)]
pub struct Tools {
    binaries: Vec<(&'static str, PathBuf)>,
    /// Folder with OLM's CRDs, one YAML file each.
    pub olm_crds: PathBuf,
}

impl Tools {
    /// Builds what is not in the cache yet and says so on `progress`.
    ///
    /// # Errors
    /// See [`ToolError`].
    pub fn build(progress: &Progress) -> Result<Self, ToolError> {
        let root = cache(CONTROL_PLANE)?;
        let binaries = built(CONTROL_PLANE, &root, progress)?;
        Ok(Self {
            binaries,
            olm_crds: module_files::folder(&root, &module_files::OLM_CRDS)?,
        })
    }

    /// Path of a binary by its file name.
    ///
    /// # Panics
    /// Never for the names of this crate: they come from the same table.
    #[must_use]
    pub(crate) fn binary(&self, name: &str) -> &Path {
        self.binaries
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Path::new(""), |(_, path)| path)
    }
}

/// Crossplane's core, and its CRD files and chart that come with its module.
#[derive(Debug, Clone)]
pub struct Core {
    /// The binary.
    pub(crate) binary: PathBuf,
    /// Folder with its CRDs, one YAML file each.
    pub(crate) crds: PathBuf,
    /// Folder of its Helm chart.
    pub(crate) chart: PathBuf,
}

impl Core {
    /// Builds it where the cache has not got it yet and says so on `progress`.
    ///
    /// # Errors
    /// See [`ToolError`].
    pub fn build(release: CoreRelease, progress: &Progress) -> Result<Self, ToolError> {
        let set = release.tools();
        let root = cache(set)?;
        let binary = built(set, &root, progress)?
            .into_iter()
            .map(|(_, path)| path)
            .next()
            .unwrap_or_default();
        Ok(Self {
            binary,
            crds: module_files::folder(&root, &module_files::crossplane_crds(release))?,
            chart: module_files::folder(&root, &module_files::crossplane_chart(release))?,
        })
    }
}

/// Path of Crossplane's command that renders compositions, built where the cache has not got it yet.
///
/// # Errors
/// See [`ToolError`].
pub(crate) fn crossplane_render(progress: &Progress) -> Result<PathBuf, ToolError> {
    let binaries = built(CROSSPLANE_RENDER, &cache(CROSSPLANE_RENDER)?, progress)?;
    Ok(binaries
        .into_iter()
        .map(|(_, path)| path)
        .next()
        .unwrap_or_default())
}

/// Paths of the pinned clients, built where the cache has not got them yet.
///
/// # Errors
/// See [`ToolError`].
pub(crate) fn clients(progress: &Progress) -> Result<Vec<PathBuf>, ToolError> {
    let binaries = built(CLIENTS, &cache(CLIENTS)?, progress)?;
    Ok(binaries.into_iter().map(|(_, path)| path).collect())
}

/// Name and path of each binary of a set; builds those that are not below
/// `root` yet.
///
/// Several processes may ask at once: a lock file makes them take turns.
fn built(
    set: ToolSet,
    root: &Path,
    progress: &Progress,
) -> Result<Vec<(&'static str, PathBuf)>, ToolError> {
    fs::create_dir_all(root).map_err(file(root))?;
    let lock_path = root.join(".lock");
    let lock = File::create(&lock_path).map_err(file(&lock_path))?;
    lock.lock().map_err(file(&lock_path))?;

    let mut binaries = Vec::new();
    let mut missing = Vec::new();
    for tool in set.tools {
        let path = root
            .join(format!("{}-{}", tool.module, module_hash(tool.module)?))
            .join(tool.binary);
        if !path.is_file() {
            missing.push((*tool, path.clone()));
        }
        binaries.push((tool.binary, path));
    }
    if !missing.is_empty() {
        build_missing(set, &missing, progress)?;
    }
    Ok(binaries)
}

pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> ToolError {
    let path = path.to_owned();
    move |source| ToolError::File { path, source }
}

/// Folder that holds a set's binaries of all pins, outside the checkout.
fn cache(set: ToolSet) -> Result<PathBuf, ToolError> {
    let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = if let Some(own) = value("EVEREST_TEST_CACHE") {
        PathBuf::from(own)
    } else if let Some(xdg) = value("XDG_CACHE_HOME") {
        PathBuf::from(xdg).join("terraform-provider-everest")
    } else {
        PathBuf::from(value("HOME").ok_or(ToolError::NoCache)?)
            .join(".cache/terraform-provider-everest")
    };
    Ok(base.join(set.name.replace(' ', "-")))
}

pub(crate) fn tools_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tools")
}

/// Hash of everything that decides what a module's binaries are.
pub(crate) fn module_hash(module: &str) -> Result<String, ToolError> {
    let folder = tools_folder().join(module);
    let mut files = Vec::new();
    go_files(&folder, &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let name = path.strip_prefix(&folder).unwrap_or(&path);
        hash.update(name.as_os_str().as_encoded_bytes());
        hash.update(fs::read(&path).map_err(file(&path))?);
    }
    hash.update(linker_flags(module));
    changed_module::add_to_hash(module, &mut hash).map_err(file(&folder))?;
    hash.update(std::env::consts::OS);
    hash.update(std::env::consts::ARCH);
    let digest = hash.finalize();
    Ok(digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Adds what Go reads in a folder and below: sources and pins.
fn go_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ToolError> {
    for entry in fs::read_dir(folder).map_err(file(folder))? {
        let path = entry.map_err(file(folder))?.path();
        if path.is_dir() {
            go_files(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|kind| kind == "mod" || kind == "sum" || kind == "go")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Small binaries; Kubernetes learns its version from the linker, and the
/// clients that they are no development builds: those would end in `-dev`.
/// Crossplane learns its version too, or every package asks for a newer one; and its RBAC manager,
/// which has no flag for it, an address for metrics that several can have on one machine.
pub(crate) fn linker_flags(module: &str) -> String {
    let mut flags = "-s -w".to_owned();
    for (client, source) in [
        ("terraform", "github.com/hashicorp/terraform"),
        ("opentofu", "github.com/opentofu/opentofu"),
    ] {
        if module == client {
            flags.push_str(&format!(" -X {source}/version.dev=no"));
        }
    }
    for (core, keeper, version) in CROSSPLANE_VERSIONS {
        if module == core {
            flags.push_str(&format!(
                " -X github.com/crossplane/{keeper}/version.version={version} \
                 -X sigs.k8s.io/controller-runtime/pkg/metrics/server.DefaultBindAddress=127.0.0.1:0"
            ));
        }
    }
    if module == "kubernetes" {
        let mut parts = KUBERNETES_VERSION.trim_start_matches('v').split('.');
        let (major, minor) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        for (name, value) in [
            ("gitVersion", KUBERNETES_VERSION),
            ("gitMajor", major),
            ("gitMinor", minor),
        ] {
            flags.push_str(&format!(" -X k8s.io/component-base/version.{name}={value}"));
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_pinned_module() {
        let sets = [
            CONTROL_PLANE,
            CLIENTS,
            NEWEST_CROSSPLANE,
            OLDEST_CROSSPLANE,
            CROSSPLANE_RENDER,
        ];
        for tool in sets.iter().flat_map(|set| set.tools) {
            let hash = module_hash(tool.module).unwrap();
            assert_eq!(hash.len(), 12, "{}", tool.module);
        }
    }

    #[test]
    fn clients_are_linked_as_releases() {
        assert!(
            linker_flags("terraform").ends_with("github.com/hashicorp/terraform/version.dev=no")
        );
        assert!(linker_flags("opentofu").ends_with("github.com/opentofu/opentofu/version.dev=no"));
    }

    #[test]
    fn what_stands_in_for_an_unpublished_module_counts_as_a_pin() {
        let mut files = Vec::new();
        go_files(&tools_folder().join("terraform"), &mut files).unwrap();
        assert!(files.iter().any(|path| path.ends_with("stubs/s3/stub.go")));
    }

    #[test]
    fn kubernetes_is_linked_with_its_version() {
        let flags = linker_flags("kubernetes");
        assert!(flags.contains("gitVersion=v1.35.4"));
        assert!(flags.contains("gitMajor=1"));
        assert!(flags.contains("gitMinor=35"));
    }
}

//! One build of the whole workspace: its programs and its tests, and Clippy's lints on the way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use acceptance::binaries::{Programs, cargo, quiet_unless_watched};
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    failure::Failure,
    program::{self, shown},
};

/// The package whose tests need a cluster or a client: they have phases of their own.
const ACCEPTANCE: &str = "acceptance";
/// A large dependency, and its feature sets are as many as it has files of this name: each was
/// compiled once, and so was all that it depends on.
const LARGE: &str = "libk8s_openapi-";
/// How many programs of unit tests run at once.
const AT_ONCE: usize = 2;

/// What was built.
pub(super) struct Workspace {
    /// Binaries and examples.
    pub(super) programs: Programs,
    tests: Vec<TestProgram>,
}

/// The tests of one target, as a program.
struct TestProgram {
    /// `PACKAGE TARGET`.
    name: String,
    /// Folder of the package: where Cargo runs its tests.
    folder: PathBuf,
    program: PathBuf,
}

/// A line of Cargo's, as far as it is read here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    target: Option<Target>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Workspace {
    /// Builds it.
    ///
    /// # Errors
    /// `Program` where it does not compile or a lint is not kept to; Cargo has said which.
    pub(super) async fn build() -> Result<Self, Failure> {
        let mut command = cargo();
        command
            .args(["build", "--locked", "--workspace"])
            .args(["--lib", "--bins", "--examples", "--tests"])
            .args(["--message-format", "json-render-diagnostics"])
            .stdout(Stdio::piped());
        quiet_unless_watched(&mut command);
        lint(&mut command);
        let line = shown(&command);
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Failure::Missing {
                program: line.clone(),
                source,
            })?;
        let mut built = Self {
            programs: Programs::OnDemand,
            tests: Vec::new(),
        };
        let mut programs = BTreeMap::new();
        if let Some(stdout) = child.stdout.take() {
            let mut lines = BufReader::new(stdout).lines();
            while let Some(told) = lines.next_line().await.map_err(Failure::file(&line))? {
                if let Ok(message) = serde_json::from_str(&told) {
                    built.note(message, &mut programs);
                }
            }
        }
        let status = child.wait().await.map_err(Failure::file(&line))?;
        if !status.success() {
            return Err(Failure::Program {
                program: line,
                status: status.to_string(),
            });
        }
        built.programs = Programs::Built(programs);
        Ok(built)
    }

    fn note(&mut self, message: Message, programs: &mut BTreeMap<String, PathBuf>) {
        let (Some(target), Some(profile), Some(program)) =
            (message.target, message.profile, message.executable)
        else {
            return;
        };
        if message.reason != "compiler-artifact" {
            return;
        }
        if !profile.test {
            programs.insert(target.name, program);
            return;
        }
        let folder = message.manifest_path.parent().unwrap_or(Path::new("."));
        let package = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let kind = target.kind.first().cloned().unwrap_or_default();
        self.tests.push(TestProgram {
            name: format!("{package} {kind} {}", target.name),
            folder: folder.to_owned(),
            program,
        });
    }

    /// Runs all tests that need neither a cluster nor a client, some programs at once: the last test
    /// of a program leaves processors idle.
    ///
    /// # Errors
    /// `Check` naming the targets of which tests failed; the tests have said which.
    pub(super) async fn unit_tests(&self) -> Result<(), Failure> {
        let programs = self.tests.iter().filter(|test| !test.is_acceptance());
        let programs = programs.map(|test| {
            let mut command = Command::new(&test.program);
            command.arg("--quiet").current_dir(&test.folder);
            (test.name.as_str(), command)
        });
        let mut documentation = cargo();
        documentation.args(["test", "--locked", "--quiet", "--workspace", "--doc"]);
        lint(&mut documentation);
        let all = programs.chain([("examples in the documentation", documentation)]);
        let mut ended = stream::iter(all)
            .map(async |(name, command)| (name, program::told(command).await))
            .buffer_unordered(AT_ONCE);
        let mut failed = Vec::new();
        while let Some((name, told)) = ended.next().await {
            let told = told?;
            println!("   {name}\n{}", told.text);
            if !told.passed {
                failed.push(name);
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::Check(format!(
                "tests failed of: {}",
                failed.join(", ")
            )))
        }
    }

    /// The tests of one target of the acceptance tests, ready to be given arguments.
    ///
    /// # Errors
    /// `Check` where there is no such target.
    pub(super) fn acceptance(&self, target: &str) -> Result<Command, Failure> {
        let name = format!("{ACCEPTANCE} test {target}");
        let test = self
            .tests
            .iter()
            .find(|test| test.name == name)
            .ok_or_else(|| Failure::Check(format!("there are no acceptance tests {target:?}")))?;
        let mut command = Command::new(&test.program);
        command.current_dir(&test.folder);
        Ok(command)
    }
}

impl TestProgram {
    fn is_acceptance(&self) -> bool {
        self.name.starts_with(&format!("{ACCEPTANCE} test "))
    }
}

/// Has members of the workspace compiled by Clippy, which lints and compiles in one go. This is
/// what `cargo clippy` does, but for `cargo build`: dependencies are shared with every other build.
fn lint(command: &mut Command) {
    let driver = std::env::var_os("CARGO")
        .map(|cargo| PathBuf::from(cargo).with_file_name("clippy-driver"))
        .filter(|driver| driver.is_file())
        .unwrap_or_else(|| "clippy-driver".into());
    command
        .env("RUSTC_WORKSPACE_WRAPPER", driver)
        .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
}

/// The compiled forms of a large dependency: one for each set of features that a build asked for.
///
/// # Errors
/// `File` where the folder cannot be read.
pub(super) fn feature_sets() -> Result<BTreeSet<PathBuf>, Failure> {
    let folder = acceptance::target_folder().join("debug/deps");
    let mut sets = BTreeSet::new();
    for entry in fs::read_dir(&folder).map_err(Failure::file(&folder))? {
        let path = entry.map_err(Failure::file(&folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(LARGE) && name.ends_with(".rlib") {
            sets.insert(path);
        }
    }
    Ok(sets)
}

/// Fails when a run has compiled dependencies once more than the build of this program did.
///
/// # Errors
/// `Check`, naming what was compiled a second time.
pub(super) fn one_feature_set(before: &BTreeSet<PathBuf>) -> Result<(), Failure> {
    let added: Vec<String> = feature_sets()?
        .difference(before)
        .map(|path| path.display().to_string())
        .collect();
    if added.is_empty() {
        return Ok(());
    }
    Err(Failure::Check(format!(
        "dependencies were compiled a second time, for other features than `cargo xtask` itself was \
         built with: {}. Find the dependency whose features differ with `cargo tree --workspace \
         --edges normal,build --prefix none --format '{{p}} {{f}}'` against `--edges all`, and name \
         its features in tests/features/Cargo.toml",
        added.join(", ")
    )))
}

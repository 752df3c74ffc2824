//! The program of a package: built here or given, and held to what an image
//! without an operating system needs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use acceptance::binaries::{CROSSPLANE, cargo, quiet_unless_watched};

use super::{PackageError, file};
use crate::{failure::Failure, program};

/// Name of the program in the image.
pub(super) const FILE: &str = CROSSPLANE;

/// A platform that packages are made for, all of them Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// x86-64.
    Amd64,
    /// 64-bit Arm.
    Arm64,
}

impl Architecture {
    /// The platform of that name in image indexes.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Amd64, Self::Arm64]
            .into_iter()
            .find(|architecture| architecture.name() == name)
    }

    /// Its name in image indexes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// That of this machine.
    ///
    /// # Errors
    /// `Usage` where no package is for this system.
    pub fn of_this_machine() -> Result<Self, Failure> {
        [Self::Amd64, Self::Arm64]
            .into_iter()
            .find(|one| one.rust() == std::env::consts::ARCH && cfg!(target_os = "linux"))
            .ok_or_else(|| {
                Failure::Usage(
                    "package: this system is not Linux on amd64 or arm64; build the programs elsewhere and give them with --binary PLATFORM=PATH".to_owned(),
                )
            })
    }

    /// The Rust target that its programs are made for.
    pub fn target(self) -> String {
        format!("{}-unknown-linux-musl", self.rust())
    }

    /// The first part of its Rust targets, and what Rust calls it otherwise.
    const fn rust(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// Its number in an ELF header.
    const fn machine(self) -> u16 {
        match self {
            Self::Amd64 => 62,
            Self::Arm64 => 183,
        }
    }
}

/// How the program is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Optimised, as it is shipped.
    Release,
    /// Unoptimised, for tests.
    Dev,
}

/// A program that runs without anything beside it.
#[derive(Debug)]
pub(super) struct Binary {
    pub architecture: Architecture,
    pub content: Vec<u8>,
}

impl Binary {
    /// Reads a program and makes sure that it is one for the platform and needs
    /// no loader: there is none in the image, and the pod would end at once with
    /// a message that a file is missing.
    pub fn read(architecture: Architecture, path: &Path) -> Result<Self, PackageError> {
        let content = fs::read(path).map_err(file(path))?;
        match fault(architecture, &content) {
            Some(wrong) => Err(PackageError::Binary {
                path: path.to_owned(),
                wrong,
            }),
            None => Ok(Self {
                architecture,
                content,
            }),
        }
    }

    /// Reads a program that is run beside the package, whatever it needs.
    pub fn beside(architecture: Architecture, path: &Path) -> Result<Self, PackageError> {
        Ok(Self {
            architecture,
            content: fs::read(path).map_err(file(path))?,
        })
    }
}

/// What keeps a file from running in an image without an operating system.
fn fault(architecture: Architecture, content: &[u8]) -> Option<String> {
    let name = architecture.name();
    // 64 bits, little-endian.
    if !content.starts_with(b"\x7fELF\x02\x01") {
        return Some(format!("this is no 64-bit program for Linux on {name}"));
    }
    if number(content, 18, 2) != Some(u64::from(architecture.machine())) {
        return Some(format!(
            "this program is not for {name}: give it with its own architecture, --binary ARCH=PATH"
        ));
    }
    match has_interpreter(content) {
        None => Some("the program's headers cannot be read: the file is cut short".to_owned()),
        Some(true) => Some(
            "this program is dynamically linked, and a package's image holds no libraries: build it for a musl target, or with RUSTFLAGS=\"-C target-feature=+crt-static\" and --target, as `cargo xtask package crossplane` without --binary does".to_owned(),
        ),
        Some(false) => None,
    }
}

/// Returns true if a 64-bit little-endian ELF program needs a loader; `None` if its headers cannot
/// be read.
pub(super) fn has_interpreter(content: &[u8]) -> Option<bool> {
    /// The header that names the loader of a dynamically linked program.
    const INTERPRETER: u64 = 3;
    let (start, size, count) = (
        number(content, 32, 8)?,
        number(content, 54, 2)?,
        number(content, 56, 2)?,
    );
    let kinds = (0..count)
        .map(|at| number(content, usize::try_from(start + at * size).ok()?, 4))
        .collect::<Option<Vec<u64>>>()?;
    Some(kinds.contains(&INTERPRETER))
}

/// The little-endian number of `size` bytes at an offset.
fn number(content: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = content.get(at..at.checked_add(size)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)),
    )
}

/// Builds the static program of this checkout for this machine; see [`build_in`].
pub(super) async fn build(
    name: &str,
    profile: Profile,
) -> Result<(Architecture, PathBuf), Failure> {
    let target = acceptance::target_folder();
    build_in(&acceptance::workspace_folder(), &target, name, profile).await
}

/// Builds the static program of a checkout for this machine, with a folder for what Cargo makes:
/// for musl where that target is installed, otherwise with glibc linked in. glibc reads names of
/// hosts itself since 2.34, so nothing else has to be in the image.
///
/// Neither the checkout's path nor Cargo's own is in the program, so the same sources make the same
/// bytes wherever they are.
pub(super) async fn build_in(
    checkout: &Path,
    made: &Path,
    name: &str,
    profile: Profile,
) -> Result<(Architecture, PathBuf), Failure> {
    let architecture = Architecture::of_this_machine()?;
    let target = target(architecture);
    println!("building {name} for {target}, statically linked");
    let mut build = cargo();
    build.current_dir(checkout).env("CARGO_TARGET_DIR", made);
    build.args(["build", "--locked", "--package", name, "--bin", name]);
    quiet_unless_watched(&mut build);
    build.args(["--target", &target]);
    if profile == Profile::Release {
        build.arg("--release");
    }
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    // The later one counts, and a target folder may be inside the checkout.
    let paths = [(Some(checkout), "/src"), (Some(made), "/target")];
    let home = cargo_home();
    for (path, shown) in paths.into_iter().chain([(home.as_deref(), "/cargo")]) {
        if let Some(path) = path {
            flags.push(format!("--remap-path-prefix={}={shown}", path.display()));
        }
    }
    build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    program::run(build).await?;
    let folder = match profile {
        Profile::Release => "release",
        Profile::Dev => "debug",
    };
    Ok((architecture, made.join(target).join(folder).join(name)))
}

/// Where Cargo keeps the sources of crates.
fn cargo_home() -> Option<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}

/// The Rust target to build for.
fn target(architecture: Architecture) -> String {
    let musl = architecture.target();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let installed = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", &musl])
        .output()
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if installed {
        musl
    } else {
        format!("{}-unknown-linux-gnu", architecture.rust())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The smallest thing that looks like a program: a header, and one program
    /// header of the given kind.
    pub fn program(architecture: Architecture, header: u8) -> Vec<u8> {
        let mut content = vec![0; 64 + 56];
        content[..6].copy_from_slice(b"\x7fELF\x02\x01");
        content[18..20].copy_from_slice(&architecture.machine().to_le_bytes());
        content[32] = 64;
        content[54] = 56;
        content[56] = 1;
        content[64] = header;
        content
    }

    #[test]
    fn a_static_program_for_the_platform_is_taken() {
        for architecture in [Architecture::Amd64, Architecture::Arm64] {
            assert_eq!(fault(architecture, &program(architecture, 1)), None);
        }
    }

    #[test]
    fn a_program_that_needs_a_loader_is_refused_with_the_way_to_link_it() {
        let wrong = fault(Architecture::Amd64, &program(Architecture::Amd64, 3)).unwrap();
        assert!(wrong.contains("crt-static"), "{wrong}");
    }

    #[test]
    fn a_program_for_another_platform_is_refused() {
        let wrong = fault(Architecture::Arm64, &program(Architecture::Amd64, 1)).unwrap();
        assert!(wrong.contains("not for arm64"), "{wrong}");
    }

    #[test]
    fn what_is_no_program_or_half_of_one_is_refused() {
        let whole = program(Architecture::Amd64, 1);
        for content in [&b"#!/bin/sh"[..], &whole[..60]] {
            assert!(fault(Architecture::Amd64, content).is_some());
        }
    }

    #[test]
    fn this_test_is_a_program_with_a_loader_itself() {
        let own = std::env::current_exe().unwrap();
        if let Some(architecture) = [Architecture::Amd64, Architecture::Arm64]
            .into_iter()
            .find(|one| one.rust() == std::env::consts::ARCH && cfg!(target_env = "gnu"))
        {
            let error = Binary::read(architecture, &own).unwrap_err();
            assert!(error.to_string().contains("dynamically linked"), "{error}");
        }
    }
}

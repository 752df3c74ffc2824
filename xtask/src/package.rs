//! `package`: what is released. [`terraform`] has the provider for Terraform and OpenTofu.
//!
//! `package crossplane`: what users install into Crossplane, built without a
//! container engine. Three packages come of one binary: the provider and the
//! function, each with its own sub-command as entry point, and a configuration
//! that needs neither binary nor platform.
//!
//! Each is written twice: as an OCI layout with an index over all platforms,
//! which tools for registries push, and as `.xpkg` files, one a platform, which
//! `crossplane xpkg push` takes. The same input always makes the same bytes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lexopt::prelude::*;

use crate::{failure::Failure, program::interruptible};

mod archive;
mod bill;
mod binary;
mod blob;
mod content;
mod image;
mod layout;
mod lint;
mod reproduce;
mod terraform;

use binary::{Architecture, Binary, Profile};
use content::{Content, Sources};
use image::{Image, Program};
use terraform::{Key, Platform};

/// Why a package cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackageError {
    /// A binary is not what the package needs.
    #[error("{}: {wrong}", path.display())]
    Binary {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        wrong: String,
    },
    /// A document of a package is not one that Crossplane would take.
    #[error("package {package}: {wrong}")]
    Content {
        /// Name of the package.
        package: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// An archive cannot be made.
    #[error("{}: {source}", path.display())]
    Archive {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        source: zip::result::ZipError,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Turns an error about a file into one of a package.
fn file(path: &Path) -> impl FnOnce(std::io::Error) -> PackageError {
    let path = path.to_owned();
    move |source| PackageError::File { path, source }
}

/// A task with what is asked for.
pub(crate) enum Task {
    Crossplane(Asked<Architecture>),
    Terraform(Asked<Platform>),
    /// The program of that name is to be built twice.
    Reproduce(&'static str, Profile),
}

/// What is asked for.
pub(crate) struct Asked<P> {
    binaries: Vec<(P, PathBuf)>,
    profile: Profile,
    folder: PathBuf,
    sign_with: Option<String>,
}

impl Task {
    /// Reads the task's own arguments: `crossplane` or `terraform`, `--binary PLATFORM=PATH`,
    /// `--dev`, `--out DIR`, and `--sign-with KEY` for `terraform`.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        let what = args.value()?.string()?;
        match what.as_str() {
            "crossplane" => {
                let asked = asked(args, folder(), Architecture::named, "amd64 or arm64")?;
                if asked.sign_with.is_some() {
                    let wrong = "--sign-with: only packages for terraform are signed here";
                    return Err(Failure::Usage(wrong.to_owned()));
                }
                Ok(Self::Crossplane(asked))
            }
            "terraform" => {
                let all = Platform::ALL
                    .map(|platform| platform.to_string())
                    .join(", ");
                let asked = asked(args, folder().join("terraform"), Platform::named, &all)?;
                Ok(Self::Terraform(asked))
            }
            "reproduce" => reproduced(args),
            other => Err(Failure::Usage(format!(
                "package {other}: crossplane, terraform or reproduce was expected"
            ))),
        }
    }
}

/// Makes the packages.
pub(crate) fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::Crossplane(asked) => interruptible(crossplane(asked)),
        Task::Terraform(asked) => interruptible(terraform(asked)),
        Task::Reproduce(name, profile) => interruptible(reproduce::run(name, profile)),
    }
}

/// Reads the arguments of `reproduce`.
fn reproduced(args: &mut lexopt::Parser) -> Result<Task, Failure> {
    let (mut name, mut profile) = (None, Profile::Release);
    while let Some(arg) = args.next()? {
        match arg {
            Long("dev") => profile = Profile::Dev,
            Value(what) if what == "crossplane" => name = Some(binary::FILE),
            Value(what) if what == "terraform" => name = Some(acceptance::binaries::PROVIDER),
            other => return Err(other.unexpected().into()),
        }
    }
    let wrong = "package reproduce: crossplane or terraform was expected";
    let name = name.ok_or_else(|| Failure::Usage(wrong.to_owned()))?;
    Ok(Task::Reproduce(name, profile))
}

/// Reads the arguments; `named` finds a platform among `all`.
fn asked<P>(
    args: &mut lexopt::Parser,
    folder: PathBuf,
    named: fn(&str) -> Option<P>,
    all: &str,
) -> Result<Asked<P>, Failure> {
    let mut asked = Asked {
        binaries: Vec::new(),
        profile: Profile::Release,
        folder,
        sign_with: None,
    };
    while let Some(arg) = args.next()? {
        match arg {
            Long("binary") => {
                let pair = args.value()?.string()?;
                let parsed = pair
                    .split_once('=')
                    .and_then(|(name, path)| Some((named(name)?, path.into())));
                asked.binaries.push(parsed.ok_or_else(|| {
                    Failure::Usage(format!(
                        "--binary {pair}: PLATFORM=PATH was expected, with a platform of {all}"
                    ))
                })?);
            }
            Long("dev") => asked.profile = Profile::Dev,
            Long("out") => asked.folder = args.value()?.into(),
            Long("sign-with") => asked.sign_with = Some(args.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(asked)
}

async fn terraform(asked: Asked<Platform>) -> Result<(), Failure> {
    // Known before anything is built.
    let key = asked.sign_with.as_deref().map(Key::named).transpose()?;
    let mut binaries = asked.binaries;
    if binaries.is_empty() {
        let (_, path) = binary::build(acceptance::binaries::PROVIDER, asked.profile).await?;
        let platform = Platform::of_this_machine().ok_or_else(|| {
            Failure::Usage("package terraform: no release is made for this system".to_owned())
        })?;
        binaries.push((platform, path));
    }
    let programs = binaries
        .iter()
        .map(|(platform, path)| terraform::Program::read(*platform, path))
        .collect::<Result<Vec<_>, _>>()?;
    for written in terraform::write(&programs, &asked.folder)? {
        println!("{}", written.display());
    }
    for program in &programs {
        let bill = bill::of(acceptance::binaries::PROVIDER, program.target()).await?;
        let path = asked.folder.join(program.bill());
        println!("{}", bill::write(&bill, path)?.display());
    }
    if let Some(key) = key {
        let signature = terraform::sign(&asked.folder, &key).await?;
        println!("{}", signature.display());
    }
    Ok(())
}

async fn crossplane(asked: Asked<Architecture>) -> Result<(), Failure> {
    let mut binaries = Vec::new();
    for (architecture, path) in &asked.binaries {
        binaries.push(Binary::read(*architecture, path)?);
    }
    if binaries.is_empty() {
        let (architecture, path) = binary::build(binary::FILE, asked.profile).await?;
        binaries.push(Binary::read(architecture, &path)?);
    }
    let versions = Versions::of(asked.profile);
    for written in write(&binaries, &Sources::of_workspace(), &asked.folder, versions)? {
        println!("{written}");
    }
    for binary in &binaries {
        let bill = bill::of(binary::FILE, &binary.architecture.target()).await?;
        let path = asked.folder.join(format!(
            "{}-v{}-linux-{}.{}",
            binary::FILE,
            env!("CARGO_PKG_VERSION"),
            binary.architecture.name(),
            bill::SUFFIX
        ));
        println!("  {}", bill::write(&bill, path)?.display());
    }
    Ok(())
}

/// Makes the packages that the test cluster's registry hands out, of a program that is there. It
/// may need libraries that no image holds: the tests start it beside the package, never out of it.
///
/// # Errors
/// `File` and `Package` where a package cannot be made; `Usage` on a system that no package is
/// for.
pub(crate) fn for_tests(program: &Path) -> Result<(), Failure> {
    let binary = Binary::beside(Architecture::of_this_machine()?, program)?;
    let versions = Versions::of(Profile::Dev);
    write(&[binary], &Sources::of_workspace(), &folder(), versions)?;
    Ok(())
}

/// The same of a program that is built for it as it is shipped, `optimised` or not; returns the
/// program.
pub(crate) async fn for_bench(optimised: bool) -> Result<PathBuf, Failure> {
    let profile = if optimised {
        Profile::Release
    } else {
        Profile::Dev
    };
    let (architecture, path) = binary::build(binary::FILE, profile).await?;
    let binary = Binary::read(architecture, &path)?;
    let versions = Versions::of(profile);
    write(&[binary], &Sources::of_workspace(), &folder(), versions)?;
    Ok(path)
}

/// Where packages are written: the test cluster's registry looks there.
fn folder() -> PathBuf {
    acceptance::target_folder().join("packages")
}

/// Which versions of the provider are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Versions {
    /// That of this checkout.
    Own,
    /// One to upgrade to as well, with the same program: tests need it.
    OwnAndNext,
}

impl Versions {
    /// What is shipped is one version.
    const fn of(profile: Profile) -> Self {
        match profile {
            Profile::Release => Self::Own,
            Profile::Dev => Self::OwnAndNext,
        }
    }
}

/// Makes all packages and writes them into `folder`; says what is there.
fn write(
    binaries: &[Binary],
    sources: &Sources,
    folder: &Path,
    versions: Versions,
) -> Result<Vec<String>, PackageError> {
    let layers = binaries
        .iter()
        .map(|binary| {
            Ok(Program {
                architecture: binary.architecture,
                layer: blob::layer(binary::FILE, 0o755, &binary.content)?,
            })
        })
        .collect::<Result<Vec<_>, PackageError>>()?;
    fs::create_dir_all(folder).map_err(file(folder))?;
    let mut written = Vec::new();
    for content in [
        Content::provider(sources)?,
        Content::function(sources)?,
        Content::configuration(sources)?,
    ] {
        let images = images(&content, &layers)?;
        let index = layout::write(&folder.join("oci").join(content.name), content.tag, &images)?;
        written.push(format!("{} {} {index}", content.name, content.tag));
        for image in &images {
            let path = folder.join(image.file_name(&content));
            archive::write(&path, image)?;
            written.push(format!("  {}", path.display()));
        }
    }
    if versions == Versions::OwnAndNext {
        let content = Content::provider(sources)?.upgraded(acceptance::crossplane::NEXT_TAG);
        let images = images(&content, &layers)?;
        let index = layout::extend(&folder.join("oci").join(content.name), content.tag, &images)?;
        written.push(format!("{} {} {index}", content.name, content.tag));
    }
    Ok(written)
}

/// The images of a package, one for each program.
fn images(content: &Content, programs: &[Program]) -> Result<Vec<Image>, PackageError> {
    lint::check(content)?;
    let base = blob::layer("package.yaml", 0o644, content.yaml()?.as_bytes())?;
    Ok(match content.command {
        Some(command) => programs
            .iter()
            .map(|program| Image::new(content, base.clone(), Some((program, command))))
            .collect(),
        None => vec![Image::new(content, base, None)],
    })
}

#[cfg(test)]
mod tests;

//! Which client a program is.

use std::{fmt, path::Path, process::Command};

use semver::Version;

/// The two programs that speak Terraform's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// HashiCorp's.
    Terraform,
    /// Its fork.
    OpenTofu,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terraform => "Terraform",
            Self::OpenTofu => "OpenTofu",
        })
    }
}

/// A client and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which of the two.
    pub product: Product,
    /// Its version.
    pub version: Version,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.product, self.version)
    }
}

impl Release {
    /// What the program says it is; nothing when it cannot be run or is no client.
    #[must_use]
    pub fn of(program: &Path) -> Option<Self> {
        let output = Command::new(program)
            .arg("-version")
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .find_map(Self::parse)
    }

    /// Reads `Terraform v1.14.0` or `OpenTofu v1.12.6`.
    fn parse(line: &str) -> Option<Self> {
        let (name, version) = line.split_once(" v")?;
        let product = [Product::Terraform, Product::OpenTofu]
            .into_iter()
            .find(|product| product.to_string() == name)?;
        let version = Version::parse(version.trim()).ok()?;
        Some(Self { product, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_known_by_the_line_with_its_version() {
        let release = Release::parse("OpenTofu v1.12.6").unwrap();
        assert_eq!(release.product, Product::OpenTofu);
        assert_eq!(release.version, Version::new(1, 12, 6));
        assert_eq!(release.to_string(), "OpenTofu 1.12.6");
    }

    #[test]
    fn other_lines_name_no_client() {
        assert_eq!(Release::parse("on linux_amd64"), None);
        assert_eq!(Release::parse("Packer v1.11.0"), None);
    }
}

//! Versions of database engines and of their operators: `8.0.42-33.1`,
//! `8.0.12-4`, `17.6`, `1.18.0`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The text is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a version such as \"8.0.42-33.1\" or \"17.6\"")]
pub struct VersionError(pub String);

/// A version of one to three numbers with an optional packaging part.
///
/// The order is that of Everest's own check (semantic versioning, with missing numbers as zero): a
/// version with a packaging part comes before the same version without one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    numbers: [u64; 3],
    packaging: Vec<Identifier>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Identifier {
    Number(u64),
    Text(String),
}

impl Version {
    /// The first number, which changes with an incompatible release.
    pub const fn major(&self) -> u64 {
        self.numbers[0]
    }

    /// Returns true if it is older than this release, and no candidate for it.
    pub const fn is_before(&self, major: u64, minor: u64) -> bool {
        self.numbers[0] < major || (self.numbers[0] == major && self.numbers[1] < minor)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError(text.to_owned());
        let bare = text.strip_prefix('v').unwrap_or(text);
        let bare = bare.split_once('+').map_or(bare, |(bare, _)| bare);
        let (release, packaging) = match bare.split_once('-') {
            Some((release, packaging)) => (release, Some(packaging)),
            None => (bare, None),
        };
        let mut numbers = [0; 3];
        let parts: Vec<&str> = release.split('.').collect();
        if parts.len() > numbers.len() {
            return Err(error());
        }
        for (number, part) in numbers.iter_mut().zip(parts) {
            *number = digits(part).ok_or_else(error)?;
        }
        let packaging = match packaging {
            None => Vec::new(),
            Some(packaging) => packaging
                .split('.')
                .map(|part| match digits(part) {
                    Some(number) => Ok(Identifier::Number(number)),
                    None if !part.is_empty()
                        && part
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
                    {
                        Ok(Identifier::Text(part.to_owned()))
                    }
                    None => Err(error()),
                })
                .collect::<Result<_, _>>()?,
        };
        Ok(Self { numbers, packaging })
    }
}

fn digits(part: &str) -> Option<u64> {
    (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| part.parse().ok())
        .flatten()
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.packaging.is_empty(), other.packaging.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => self.packaging.cmp(&other.packaging),
            }
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(formatter, "{major}.{minor}.{patch}")?;
        for (position, part) in self.packaging.iter().enumerate() {
            formatter.write_str(if position == 0 { "-" } else { "." })?;
            match part {
                Identifier::Number(number) => write!(formatter, "{number}")?,
                Identifier::Text(text) => formatter.write_str(text)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_of_every_engine_are_ordered() {
        for (older, newer) in [
            ("8.0.41-32.1", "8.0.42-33.1"),
            ("8.0.42-33.1", "8.4.4-4.1"),
            ("8.0.42-9.1", "8.0.42-33.1"),
            ("8.0.12-4", "8.0.12-10"),
            ("7.0.24-13", "8.0.12-4"),
            ("17.6", "17.10"),
            ("16.9", "17"),
            ("1.17.0", "1.18.0"),
            ("1.9.0", "1.10.0"),
            ("8.0.42-33.1", "8.0.42"),
        ] {
            assert!(version(older) < version(newer), "{older} < {newer}");
        }
        assert_eq!(version("17"), version("17.0.0"));
        assert_eq!(version("v1.18.0"), version("1.18.0"));
        assert_eq!(version("8.0.42-33.1").major(), 8);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "latest",
            "8.",
            "8.0.42.1",
            "8.0.42-",
            "8,0",
            "99999999999999999999",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}

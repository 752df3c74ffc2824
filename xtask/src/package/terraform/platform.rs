//! The platforms that the provider is released for, and how a program for each is recognised.

use std::fmt;

/// A platform in Terraform's notation, such as `linux_amd64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Platform {
    system: System,
    machine: Machine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum System {
    Darwin,
    Linux,
    Windows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Machine {
    Amd64,
    Arm64,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::new(System::Darwin, Machine::Amd64),
        Self::new(System::Darwin, Machine::Arm64),
        Self::new(System::Linux, Machine::Amd64),
        Self::new(System::Linux, Machine::Arm64),
        Self::new(System::Windows, Machine::Amd64),
    ];

    const fn new(system: System, machine: Machine) -> Self {
        Self { system, machine }
    }

    /// The platform of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.to_string() == name)
    }

    /// The platform of this machine, if the provider is released for it.
    pub fn of_this_machine() -> Option<Self> {
        let system = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let machine = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self::named(&format!("{system}_{machine}"))
    }

    /// What the name of a program ends with.
    pub const fn suffix(self) -> &'static str {
        match self.system {
            System::Windows => ".exe",
            System::Darwin | System::Linux => "",
        }
    }

    /// True if programs for it have to be static: on Linux they run in images of any distribution.
    pub const fn is_linux(self) -> bool {
        matches!(self.system, System::Linux)
    }

    /// The Rust target that its programs are built for.
    pub const fn target(self) -> &'static str {
        match (self.system, self.machine) {
            (System::Darwin, Machine::Amd64) => "x86_64-apple-darwin",
            (System::Darwin, Machine::Arm64) => "aarch64-apple-darwin",
            (System::Linux, Machine::Amd64) => "x86_64-unknown-linux-musl",
            (System::Linux, Machine::Arm64) => "aarch64-unknown-linux-musl",
            (System::Windows, Machine::Amd64) => "x86_64-pc-windows-msvc",
            (System::Windows, Machine::Arm64) => "aarch64-pc-windows-msvc",
        }
    }

    /// Returns true if the content is a 64-bit program for this platform.
    pub fn fits(self, content: &[u8]) -> bool {
        let number = |at: usize| -> Option<u16> {
            let bytes = content.get(at..at.checked_add(2)?)?;
            Some(u16::from_le_bytes(bytes.try_into().ok()?))
        };
        let is = |at: usize, amd64: u16, arm64: u16| {
            number(at)
                == Some(match self.machine {
                    Machine::Amd64 => amd64,
                    Machine::Arm64 => arm64,
                })
        };
        match self.system {
            // ELF: 64 bits, little-endian; `e_machine`.
            System::Linux => content.starts_with(b"\x7fELF\x02\x01") && is(18, 62, 183),
            // Mach-O: 64 bits, little-endian; the low half of `cputype`.
            System::Darwin => content.starts_with(&[0xcf, 0xfa, 0xed, 0xfe]) && is(4, 7, 12),
            // PE: the offset of its header is in the DOS header; `Machine`.
            System::Windows => {
                let header = number(0x3c).map(usize::from).unwrap_or_default();
                content.starts_with(b"MZ")
                    && content
                        .get(header..)
                        .is_some_and(|at| at.starts_with(b"PE\0\0"))
                    && is(header + 4, 0x8664, 0xaa64)
            }
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system = match self.system {
            System::Darwin => "darwin",
            System::Linux => "linux",
            System::Windows => "windows",
        };
        let machine = match self.machine {
            Machine::Amd64 => "amd64",
            Machine::Arm64 => "arm64",
        };
        write!(f, "{system}_{machine}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u8) -> Vec<u8> {
        let mut content = b"\x7fELF\x02\x01".to_vec();
        content.resize(18, 0);
        content.extend([machine, 0]);
        content
    }

    fn portable(machine: u16) -> Vec<u8> {
        let mut content = b"MZ".to_vec();
        content.resize(0x3c, 0);
        content.extend([0x40, 0, 0, 0]);
        content.extend(b"PE\0\0");
        content.extend(machine.to_le_bytes());
        content
    }

    #[test]
    fn a_program_fits_its_own_platform_and_no_other() {
        let programs = [
            ("darwin_amd64", vec![0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]),
            ("darwin_arm64", vec![0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1]),
            ("linux_amd64", elf(62)),
            ("linux_arm64", elf(183)),
            ("windows_amd64", portable(0x8664)),
        ];
        for (name, content) in programs {
            let fitting: Vec<String> = Platform::ALL
                .into_iter()
                .filter(|platform| platform.fits(&content))
                .map(|platform| platform.to_string())
                .collect();
            assert_eq!(fitting, [name]);
        }
    }

    #[test]
    fn what_is_no_program_fits_no_platform() {
        for content in [&b""[..], b"#!/bin/sh\n", b"MZ", &[0xcf, 0xfa, 0xed, 0xfe]] {
            assert!(!Platform::ALL.iter().any(|platform| platform.fits(content)));
        }
    }
}

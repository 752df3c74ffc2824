//! The host's request in the environment, and the line on stdout that answers it.

use std::env;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

const COOKIE: &str = "TF_PLUGIN_MAGIC_COOKIE";
const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The version of the handshake itself.
const CORE_VERSION: u8 = 1;
/// The major version of the plugin protocol that this crate serves.
pub(super) const PROTOCOL: u8 = 6;

/// The version of the plugin protocol whose messages this crate has.
pub const PROTOCOL_VERSION: &str = "6.11";

/// Returns true if Terraform or OpenTofu started this process as a plugin. If not, a person started
/// it: the binary then prints what it is and exits with 1.
pub fn started_by_host() -> bool {
    env::var(COOKIE).is_ok_and(|value| value == COOKIE_VALUE)
}

/// The request of the host.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// The host's client certificate in PEM; None if the host wants no TLS.
    pub(super) client_cert: Option<String>,
    /// The directory for sockets, if not the temporary directory.
    pub(super) socket_dir: Option<String>,
    /// The range of ports to choose from on systems without sockets.
    pub(super) ports: (u16, u16),
    /// True if the host reads a seventh field of the line.
    pub(super) multiplex: bool,
    /// True if the host supports a version of the protocol that this crate serves. If not, the
    /// answer contains this crate's version, and the host reports the mismatch to the user.
    pub(super) compatible: bool,
}

impl Request {
    pub(super) fn from_env() -> Self {
        Self::read(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn read(var: impl Fn(&str) -> Option<String>) -> Self {
        let port = |name, or| var(name).and_then(|v| v.trim().parse().ok()).unwrap_or(or);
        let versions = var("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default();
        Self {
            client_cert: var("PLUGIN_CLIENT_CERT"),
            socket_dir: var("PLUGIN_UNIX_SOCKET_DIR"),
            ports: (
                port("PLUGIN_MIN_PORT", 10000),
                port("PLUGIN_MAX_PORT", 25000),
            ),
            multiplex: var("PLUGIN_MULTIPLEX_GRPC").is_some(),
            compatible: versions
                .split(',')
                .any(|version| version.trim().parse() == Ok(PROTOCOL)),
        }
    }
}

/// The line that tells the host where to connect, and which certificate to expect.
pub(super) fn line(
    network: &str,
    address: &str,
    certificate: Option<&[u8]>,
    multiplex: bool,
) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der));
    let mut line = format!(
        "{CORE_VERSION}|{PROTOCOL}|{network}|{address}|grpc|{}",
        certificate.unwrap_or_default()
    );
    if multiplex {
        // Asked for, and not offered.
        line.push_str("|false");
    }
    line
}

/// Prints `line` to stdout, where the host reads it.
pub(super) fn announce(line: &str) -> io::Result<()> {
    // In one piece: a reader may close the pipe once it has seen a whole line.
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_definitions() {
        let definitions = include_str!("../../proto/tfplugin6.proto");
        let begin = format!("// Terraform plugin protocol, version {PROTOCOL_VERSION}.\n");
        assert!(definitions.starts_with(&begin));
        assert!(PROTOCOL_VERSION.starts_with(&format!("{PROTOCOL}.")));
    }

    #[test]
    fn the_line_has_the_fields_the_host_reads() {
        assert_eq!(
            line("unix", "/tmp/p1", Some(&[0xff, 0xfe]), false),
            "1|6|unix|/tmp/p1|grpc|//4"
        );
        assert_eq!(
            line("tcp", "127.0.0.1:1", None, false),
            "1|6|tcp|127.0.0.1:1|grpc|"
        );
    }

    #[test]
    fn versions_come_in_any_order() {
        let with = |versions: &'static str| {
            Request::read(|name| (name == "PLUGIN_PROTOCOL_VERSIONS").then(|| versions.to_owned()))
        };
        assert!(with("6,5").compatible && with("5,6").compatible);
        assert!(!with("5").compatible && !with("").compatible);
        assert_eq!(with("6").ports, (10000, 25000));
    }
}

//! The arguments of `everest-crossplane function`.

use std::path::PathBuf;

use function_sdk_rust::Args;
use lexopt::prelude::*;

/// The text of `--help`.
pub(super) const HELP: &str = "\
everest-crossplane function: composes Everest's databases

Usage: everest-crossplane function [OPTIONS]

Options:
  -d, --debug                        log more, for reading (DEBUG=true)
      --address HOST:PORT            where to listen [0.0.0.0:9443]
      --tls-certs-dir DIR            tls.crt, tls.key and ca.crt: serve with mutual TLS
                                     (TLS_SERVER_CERTS_DIR)
      --insecure                     serve without TLS; --tls-certs-dir is then ignored
      --max-recv-message-size BYTES  the largest request that is read [67108864]
      --metrics-address HOST:PORT    where /metrics is served; empty: nowhere
                                     (METRICS_ADDRESS) [:8080]
  -h, --help                         this text
";

/// The largest request that is read unless another size is given. A request holds what was looked up,
/// such as the backup storages of a namespace. With the 4 MiB of gRPC, every composite resource
/// would fail in a namespace with about a thousand of them.
const LARGEST_REQUEST: usize = 64 << 20;

/// The request of a command line.
#[derive(Debug)]
pub(super) enum Asked {
    /// Serve.
    Serve(Args),
    /// Print the help.
    Help,
}

/// Reads the arguments; unset ones come from `env`.
pub(super) fn read(
    parser: &mut lexopt::Parser,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Asked, lexopt::Error> {
    let mut args = Args {
        debug: env("DEBUG").is_some_and(|value| value == "true" || value == "1"),
        address: "0.0.0.0:9443".to_owned(),
        tls_certs_dir: env("TLS_SERVER_CERTS_DIR").map(PathBuf::from),
        insecure: false,
        max_recv_message_size: Some(LARGEST_REQUEST),
        metrics_address: env("METRICS_ADDRESS").unwrap_or_else(|| ":8080".to_owned()),
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Asked::Help),
            Short('d') | Long("debug") => args.debug = true,
            Long("insecure") => args.insecure = true,
            Long("address") => args.address = parser.value()?.string()?,
            Long("tls-certs-dir") => args.tls_certs_dir = Some(parser.value()?.into()),
            Long("max-recv-message-size") => {
                args.max_recv_message_size = Some(parser.value()?.parse()?);
            }
            Long("metrics-address") => args.metrics_address = parser.value()?.string()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Asked::Serve(args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_the_guide_is_taken() {
        let page = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/crossplane/render.md"
        );
        let page = std::fs::read_to_string(page).unwrap();
        let (_, command) = page.split_once("everest-crossplane function ").unwrap();
        let words = command.lines().next().unwrap().split_whitespace();
        let asked = read(&mut lexopt::Parser::from_args(words), |_| None).unwrap();
        let Asked::Serve(args) = asked else {
            panic!("{asked:?}");
        };
        assert!(args.insecure);
        assert_eq!(args.address, "127.0.0.1:9443");
        assert_eq!(args.max_recv_message_size, Some(LARGEST_REQUEST));
        assert!(HELP.contains(&format!("[{LARGEST_REQUEST}]")));
    }
}

//! The command line.

use std::path::PathBuf;

/// What the simulator is told.
#[derive(Debug)]
pub struct Options {
    /// kubeconfig of an administrator.
    pub kubeconfig: PathBuf,
    /// Directory with tls.crt, tls.key and ca.crt.
    pub certificates: PathBuf,
    /// File that is written once everything serves.
    pub ready_file: PathBuf,
    /// Port of the webhooks; 0 for any free one.
    pub webhook_port: u16,
}

/// One line on how to call it.
pub const USAGE: &str = "everest-simulator --kubeconfig PATH --webhook-cert-dir DIR \
--ready-file FILE [--webhook-port N]";

impl Options {
    /// Reads the process's arguments.
    pub fn from_args() -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;
        let mut parser = lexopt::Parser::from_env();
        let (mut kubeconfig, mut certificates, mut ready_file) = (None, None, None);
        let mut webhook_port = 0;
        while let Some(argument) = parser.next()? {
            match argument {
                Long("kubeconfig") => kubeconfig = Some(parser.value()?.into()),
                Long("webhook-cert-dir") => certificates = Some(parser.value()?.into()),
                Long("ready-file") => ready_file = Some(parser.value()?.into()),
                Long("webhook-port") => webhook_port = parser.value()?.parse()?,
                other => return Err(other.unexpected()),
            }
        }
        let missing = || lexopt::Error::from(format!("usage: {USAGE}"));
        Ok(Self {
            kubeconfig: kubeconfig.ok_or_else(missing)?,
            certificates: certificates.ok_or_else(missing)?,
            ready_file: ready_file.ok_or_else(missing)?,
            webhook_port,
        })
    }
}

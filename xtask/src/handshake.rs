//! Starting the provider as Terraform does, to see how fast it answers and how
//! much memory it takes.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use crate::failure::Failure;

/// The cookie by which a provider knows that Terraform has started it.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// Time from start to the line that says where the provider listens.
pub(crate) fn time(binary: &Path) -> Result<Duration, Failure> {
    let started = Instant::now();
    let mut child = Command::new(binary)
        .env(COOKIE.0, COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "6")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Failure::file(binary))?;
    let (line, _open) = first_line(&mut child, |line| !line.is_empty());
    let took = started.elapsed();
    end(child);
    match line {
        Some(line) if line.starts_with("1|6|") => Ok(took),
        other => Err(Failure::Check(format!(
            "{} did not shake hands: it said {other:?}",
            binary.display()
        ))),
    }
}

/// A provider that serves until it is dropped, for a client to attach to.
pub(crate) struct Served {
    child: Child,
    /// Held open: a provider whose words nobody takes ends.
    _output: Option<BufReader<ChildStdout>>,
    /// What TF_REATTACH_PROVIDERS is to be set to.
    pub reattach: String,
}

impl Served {
    /// Starts it.
    pub(crate) fn start(binary: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(binary)
            .arg("--debug")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Failure::file(binary))?;
        let (line, output) = first_line(&mut child, |line| line.contains("TF_REATTACH_PROVIDERS="));
        let reattach = line
            .as_deref()
            .and_then(|line| line.split_once('='))
            .map(|(_, value)| value.trim().trim_matches('\'').to_owned());
        match reattach {
            Some(reattach) => Ok(Self {
                child,
                _output: output,
                reattach,
            }),
            None => {
                end(child);
                Err(Failure::Check(format!(
                    "{} --debug did not say how to attach to it",
                    binary.display()
                )))
            }
        }
    }

    /// Its resident memory in KiB; nothing where the system does not tell.
    pub(crate) fn resident(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line that is wanted, and the output it came from.
fn first_line(
    child: &mut Child,
    wanted: impl Fn(&str) -> bool,
) -> (Option<String>, Option<BufReader<ChildStdout>>) {
    let mut output = child.stdout.take().map(BufReader::new);
    let line = output.as_mut().and_then(|output| {
        output
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find(|line| wanted(line))
    });
    (line, output)
}

fn end(mut child: Child) {
    // Ended already is as good.
    let _ = child.kill();
    let _ = child.wait();
}

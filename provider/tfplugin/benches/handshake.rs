//! What a start costs: the example as a process, from its start to the line that the host waits for.
//! The processor time is that of all its threads, as Linux counts it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "not part of the crate"
)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P521_SHA512};

const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
const STARTS: usize = 101;

fn main() {
    let example = example();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    for (name, certificate) in [("without TLS", None), ("with TLS", Some(&pem))] {
        let starts: Vec<Start> = (0..STARTS)
            .map(|_| Start::of(&example, certificate))
            .collect();
        let waited = median(starts.iter().map(|start| start.waited));
        let used = median(starts.iter().filter_map(|start| start.used));
        let used = used.map_or("unknown here".to_owned(), |used| format!("{used:.2?}"));
        let waited = waited.unwrap_or_default();
        println!("handshake {name}: {used} CPU, {waited:.2?} in all (median of {STARTS})");
    }
}

struct Start {
    waited: Duration,
    used: Option<Duration>,
}

impl Start {
    fn of(example: &PathBuf, certificate: Option<&String>) -> Self {
        let mut command = Command::new(example);
        command
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env_remove("PLUGIN_CLIENT_CERT")
            .stdout(Stdio::piped());
        if let Some(pem) = certificate {
            command.env("PLUGIN_CLIENT_CERT", pem);
        }
        let started = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let waited = started.elapsed();
        let used = used(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        let socket = line.split('|').nth(3).unwrap();
        // A process that was killed leaves it behind.
        let _ = std::fs::remove_file(socket);
        Self { waited, used }
    }
}

/// The processor time of the threads of a process; None on other systems than Linux.
fn used(process: u32) -> Option<Duration> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    threads
        .map(|thread| {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
            Some(Duration::from_nanos(nanoseconds))
        })
        .sum()
}

fn median(all: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut all: Vec<Duration> = all.collect();
    all.sort();
    all.get(all.len() / 2).copied()
}

/// The example as a release: `cargo bench` does not build examples.
fn example() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--example", "shelf"])
        .arg("--manifest-path")
        .arg(manifest)
        .status();
    assert!(built.unwrap().success());
    // This program is TARGET/release/deps/handshake-….
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("examples/shelf")
}

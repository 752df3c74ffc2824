//! How the client and the provider find, hear and survive each other.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::workspace::{Workspace, oak, shelf};

/// A provider that a person has started; ended when dropped.
struct Attended {
    process: Child,
    /// What it says; it is not to write into a closed pipe.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Attended {
    /// The process, and what it says to set TF_REATTACH_PROVIDERS to.
    fn start() -> (Self, String) {
        let mut process = Command::new(shelf())
            .arg("-debug")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let reattach = said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, value) = line.split_once("export TF_REATTACH_PROVIDERS='")?;
                Some(value.trim_end_matches('\'').to_owned())
            })
            .expect("the provider did not say how to attach to it");
        let attended = Self {
            process,
            _said: said,
        };
        (attended, reattach)
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_client_attaches_to_a_provider_that_is_debugged_and_leaves_it_running() {
    let (mut provider, reattach) = Attended::start();
    let mut workspace = Workspace::bare();
    workspace.write(&oak("books", ""));
    workspace.environment("TF_REATTACH_PROVIDERS", reattach);
    workspace.apply().succeeded().says("1 added");
    workspace.plan_is_empty();
    workspace.destroy().succeeded().says("1 destroyed");
    assert_eq!(provider.process.try_wait().unwrap(), None, "it has ended");

    kill_process(Pid::from_child(&provider.process), Signal::INT).unwrap();
    provider.process.wait().unwrap();
}

#[test]
fn without_tls_the_provider_works_as_well() {
    let mut workspace = Workspace::new();
    workspace.write(&oak("books", ""));
    workspace.environment("TF_DISABLE_PLUGIN_TLS", "1");
    workspace.apply().succeeded().says("1 added");
}

#[test]
fn the_client_reads_the_provider_s_log_lines() {
    let mut workspace = Workspace::new();
    workspace.write(&oak("books", ""));
    workspace.environment("TF_LOG", "JSON");
    let said = workspace.apply().succeeded();
    let lines: Vec<Value> = said
        .stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON object: {line}")))
        .collect();
    let own: Vec<&Value> = lines
        .iter()
        .filter(|line| {
            line["@module"]
                .as_str()
                .is_some_and(|module| module.contains("tfplugin"))
        })
        .collect();
    assert!(!own.is_empty(), "no line is the provider's own");
    // A line that the client does not understand becomes text inside another.
    for line in own {
        let message = line["@message"].as_str().unwrap_or_default();
        assert!(!message.contains("@message"), "{line}");
    }
}

#[test]
fn a_provider_that_panics_is_told_apart_from_a_mistake_of_the_user() {
    let workspace = Workspace::new();
    workspace.write(&oak("books", "  simulate = \"panic\""));
    workspace
        .apply()
        .failed()
        .says("https://example.com/issues");
}

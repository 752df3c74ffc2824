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
    // Each client looks for it in its own registry.
    let west = workspace.path().join("west");
    std::fs::create_dir(&west).unwrap();
    workspace.file(
        "provider.tf",
        &format!(
            "terraform {{\n  required_providers {{\n    shelf = {{ source = \"example/shelf\" }}\n  }}\n}}\n\
             provider \"shelf\" {{\n  directory = {:?}\n}}\n\
             provider \"shelf\" {{\n  alias     = \"west\"\n  directory = {west:?}\n}}\n",
            workspace.shelves()
        ),
    );
    workspace.write(&(oak("books", "") + &oak("maps", "  provider = shelf.west")));
    workspace.environment("TF_REATTACH_PROVIDERS", reattach);
    workspace.apply().succeeded().says("2 added");
    assert!(!workspace.stored("books").is_null());
    assert!(
        workspace.stored("maps").is_null(),
        "an alias met the other's settings"
    );
    assert!(west.join("maps.json").exists());
    workspace.plan_is_empty();
    workspace.destroy().succeeded().says("2 destroyed");
    assert_eq!(provider.process.try_wait().unwrap(), None, "it has ended");

    kill_process(Pid::from_child(&provider.process), Signal::INT).unwrap();
    provider.process.wait().unwrap();
}

#[test]
fn a_client_that_would_speak_without_tls_is_refused() {
    let mut workspace = Workspace::new();
    workspace.write(&oak("books", ""));
    workspace.environment("TF_DISABLE_PLUGIN_TLS", "1");
    workspace.environment("TF_LOG", "debug");
    workspace
        .apply()
        .failed()
        .says("unset TF_DISABLE_PLUGIN_TLS");
    assert!(workspace.stored("books").is_null());
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
fn every_line_of_a_call_says_which_call_it_is_and_errors_are_logged_too() {
    let mut workspace = Workspace::new();
    workspace.write(&oak("books", "  simulate = \"refuse\""));
    workspace.environment("TF_LOG_PROVIDER", "error");
    let said = workspace.apply().failed();
    let line = said
        .stderr
        .lines()
        .find(|line| line.contains("[ERROR]") && line.contains("diagnostic_summary=Refused"));
    let line = line.unwrap_or_else(|| panic!("the refusal is not logged: {}", said.stderr));
    for known in [
        "tf_rpc=apply_resource_change",
        "tf_resource_type=shelf_shelf",
        "tf_req_id=",
        "tf_provider_addr=registry.terraform.io/example/shelf",
        "diagnostic_attribute=simulate",
    ] {
        assert!(line.contains(known), "{known} is not in {line}");
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

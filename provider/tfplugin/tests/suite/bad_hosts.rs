//! Hosts that die, say nothing or are none: no one else suffers, and the process does not outlive
//! them.
#![cfg(unix)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_client::ProviderClient;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::handshake::{Plugin, example, identity};
use crate::host::{TYPE, config, encode};
use tfplugin::value::Value;

/// How long anything here may take at most; it is over far earlier.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_host_that_dies_in_a_call_takes_nobody_along() {
    let host = identity();
    let plugin = Plugin::start(Some(&host.pem));
    let tls = plugin.tls(Some(host));
    let channel = plugin.connect(Some(tls.clone())).await.unwrap();
    let waits = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: encode(&Value::Null),
        planned_state: encode(&config(&[("simulate", "wait".into())])),
        config: encode(&config(&[("simulate", "wait".into())])),
        ..Default::default()
    };
    let mut client = ProviderClient::new(channel);
    let call = tokio::spawn(async move { client.apply_resource_change(waits).await });
    // The shelf is there before the provider waits.
    let waits = tokio::time::timeout(PATIENCE, made(plugin.directory.path())).await;
    assert!(waits.is_ok() && !call.is_finished(), "no call waits");
    call.abort();
    let _ = call.await;
    let channel = plugin.connect(Some(tls)).await.unwrap();
    plugin.serves(channel.clone()).await;
    plugin.ends(channel).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_nonsense_holds_up_no_other() {
    let host = identity();
    let plugin = Plugin::start(Some(&host.pem));
    let mut strangers = Vec::new();
    for words in [&b""[..], b"\x16\x03\x01\xff", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stranger = UnixStream::connect(&plugin.fields[3]).await.unwrap();
        stranger.write_all(words).await.unwrap();
        strangers.push(stranger);
    }
    let channel = plugin.connect(Some(plugin.tls(Some(host)))).await.unwrap();
    plugin.serves(channel).await;
}

#[tokio::test]
async fn the_process_ends_when_its_host_is_killed() {
    // The shell is the host, and leaves the plugin behind.
    let mut shell = Command::new("sh");
    shell.args(["-c", r#""$0" & wait"#]).arg(example());
    let mut plugin = Plugin::launch(shell, Some(&identity().pem));
    let socket = PathBuf::from(&plugin.fields[3]);
    assert!(socket.exists());
    plugin.child.kill().unwrap();
    plugin.child.wait().unwrap();
    let gone = tokio::time::timeout(PATIENCE, vanished(&socket)).await;
    assert!(gone.is_ok(), "the plugin lives on without its host");
}

/// Returns once a shelf is stored in the folder.
async fn made(folder: &Path) {
    let is_shelf = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    };
    while !std::fs::read_dir(folder)
        .unwrap()
        .any(|entry| is_shelf(&entry.unwrap().path()))
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn vanished(path: &Path) {
    while path.exists() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn whoever_is_no_host_is_told_what_this_is_and_what_it_can_do() {
    for cookie in [None, Some("wrong")] {
        let mut command = Command::new(example());
        command.env_remove("TF_PLUGIN_MAGIC_COOKIE");
        if let Some(cookie) = cookie {
            command.env("TF_PLUGIN_MAGIC_COOKIE", cookie);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty(), "a host would read it");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("Terraform provider"), "{text}");
        assert!(text.contains("--debug"), "{text}");
    }
}

#[test]
fn a_certificate_cut_short_is_an_error_in_words() {
    let pem = identity().pem;
    let mut plugin = Plugin::start(Some(&pem[..pem.len() / 2]));
    let mut text = String::new();
    let mut stderr = plugin.child.stderr.take().unwrap();
    stderr.read_to_string(&mut text).unwrap();
    assert!(text.contains("PLUGIN_CLIENT_CERT"), "{text}");
    assert!(!plugin.child.wait().unwrap().success());
}

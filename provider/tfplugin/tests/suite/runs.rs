//! What a run of the host begins ends with it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_client::ProviderClient;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;
use tonic::transport::Channel;

use crate::handshake::{Plugin, example, identity};
use crate::host::{Host, TYPE, block, capable, config, decode, encode};

/// Longer than what waits for nothing takes, in a test whose time is paused; shorter than any deadline.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_run_after_one_that_was_stopped_waits_again() {
    let host = Host::new().await;
    let stop = Request::new(wire::stop_provider::Request {});
    host.server.stop_provider(stop).await.unwrap();
    let members = [("simulate", "wait".into())];
    assert_eq!(*host.create(&members).await.get("ready"), false.into());

    let elsewhere = tempfile::tempdir().unwrap();
    host.configure(elsewhere.path().to_str().unwrap().into())
        .await;
    let waits = tokio::time::timeout(LONG, host.create(&members)).await;
    assert!(waits.is_err(), "the stop of the run before has ended it");
}

#[tokio::test]
async fn a_run_has_a_provider_that_has_seen_nothing_of_the_one_before() {
    let host = Host::new().await;
    let built = host.create(&[]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    host.configure(elsewhere.path().to_str().unwrap().into())
        .await;
    assert!(host.read(&built).await.value.is_null());
    let request = wire::validate_resource_config::Request {
        type_name: TYPE.to_owned(),
        config: encode(&config(&[("name", "babel".into())])),
        client_capabilities: capable(),
    };
    let warned = async || {
        let answer = host
            .server
            .validate_resource_config(Request::new(request.clone()));
        answer.await.unwrap().into_inner().diagnostics.len()
    };
    assert_eq!((warned().await, warned().await), (1, 0));
    host.configure(elsewhere.path().to_str().unwrap().into())
        .await;
    assert_eq!(warned().await, 1);
}

/// A provider block of its own.
struct Alias {
    client: ProviderClient<Channel>,
    directory: TempDir,
}

impl Alias {
    async fn configured(channel: Channel) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut client = ProviderClient::new(channel);
        let path = Value::from(directory.path().to_str().unwrap());
        let request = wire::configure_provider::Request {
            terraform_version: "1.16.0".to_owned(),
            config: block::<crate::model::Config>(&[("directory", path)]),
            client_capabilities: capable(),
        };
        client.configure_provider(request).await.unwrap();
        Self { client, directory }
    }

    async fn stops(&mut self) {
        let stop = wire::stop_provider::Request {};
        self.client.stop_provider(stop).await.unwrap();
    }

    /// Builds the shelf `alpha`, with `simulate`.
    async fn builds(&mut self, simulate: Value) -> Value {
        let config = encode(&config(&[("simulate", simulate)]));
        let planned = wire::plan_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: encode(&Value::Null),
            proposed_new_state: config.clone(),
            config: config.clone(),
            client_capabilities: capable(),
            ..Default::default()
        };
        let planned = self.client.plan_resource_change(planned).await.unwrap();
        let planned = planned.into_inner();
        let request = wire::apply_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: encode(&Value::Null),
            planned_state: planned.planned_state,
            config,
            planned_private: planned.planned_private,
            ..Default::default()
        };
        let applied = self.client.apply_resource_change(request).await.unwrap();
        decode(applied.into_inner().new_state)
    }
}

fn holds_alpha(directory: &Path) -> bool {
    directory.join("alpha.json").exists()
}

/// The example provider as a person starts it.
fn debugged() -> Plugin {
    let mut child = Command::new(example())
        .arg("-debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let value = said.map_while(Result::ok).find_map(|line| {
        let (_, value) = line.split_once("export TF_REATTACH_PROVIDERS='")?;
        serde_json::from_str::<serde_json::Value>(value.trim_end_matches('\'')).ok()
    });
    let value = value.expect("it does not say how to attach to it");
    let socket = value["example/shelf"]["Addr"]["String"].as_str().unwrap();
    Plugin::reached(child, socket)
}

#[tokio::test]
async fn each_connection_to_a_debugged_provider_meets_its_own_provider_block() {
    let plugin = debugged();
    let configured = async || Alias::configured(plugin.connect(None).await.unwrap()).await;
    let (mut west, mut east) = (configured().await, configured().await);
    west.builds(Value::Null).await;
    assert!(holds_alpha(west.directory.path()));
    assert!(!holds_alpha(east.directory.path()));

    // A stop is of one run, and a later one is another.
    west.stops().await;
    let waits = west.builds("wait".into()).await;
    assert_eq!(*waits.get("ready").unwrap(), false.into());
    east.builds(Value::Null).await;
    assert!(holds_alpha(east.directory.path()));
    let mut later = configured().await;
    let built = later.builds(Value::Null).await;
    assert_eq!(*built.get("ready").unwrap(), true.into());
}

#[tokio::test]
async fn a_termination_ends_waits_and_leaves_the_end_of_the_process_to_the_host() {
    let host = identity();
    let plugin = Plugin::start(Some(&host.pem));
    let channel = plugin.connect(Some(plugin.tls(Some(host)))).await.unwrap();
    let mut run = Alias::configured(channel.clone()).await;
    let process = Pid::from_child(&plugin.child);
    let terminated = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        kill_process(process, Signal::TERM).unwrap();
    };
    let (waits, ()) = tokio::join!(run.builds("wait".into()), terminated);
    assert_eq!(*waits.get("ready").unwrap(), false.into());
    plugin.serves(channel.clone()).await;
    plugin.ends(channel).await;
}

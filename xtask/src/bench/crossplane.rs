//! `bench crossplane`: how soon Crossplane's objects say what their databases
//! say, what that takes of memory, and whether anything is written when nothing
//! happens. The simulator holds all databases back and lets them go one after
//! another; then all of them fail at once, and recover at once, which is the most
//! that the machine's processors have to do.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use acceptance::{
    control_plane::{self, ControlPlane},
    crossplane::{self, NAMESPACE, Services},
    installation,
    preparation::{self, Choice},
    state,
    tools::CoreRelease,
};
use kube::{
    Client, ResourceExt,
    api::{ListParams, PostParams},
};
use lexopt::prelude::*;
use serde_json::{Value, json};

use crate::{failure::Failure, package};

mod front;
mod seen;
mod writes;

use front::{Front, Kind};
use seen::Seen;

/// How many databases, unless told otherwise.
const DATABASES: usize = 200;
/// How long nothing happens while writes are counted.
const IDLE: Duration = Duration::from_secs(60);
/// How long it takes until all databases are let go.
const SUCCESSION: Duration = Duration::from_secs(60);
/// In how many steps they are.
const STEPS: u32 = 100;
/// How long writes are counted to see whether things have come to rest.
const REST: Duration = Duration::from_secs(5);
/// Longest that all databases may take to get somewhere.
const PATIENCE: Duration = Duration::from_secs(1800);
/// Namespace of the databases.
const DATABASE_NAMESPACE: &str = "bench";
/// The operator whose databases are made.
const OPERATOR: (&str, &str) = ("percona-postgresql-operator", "stable-v2");
/// Where the simulator reads what it is to do.
const STEERING: &str = "everest-simulator";

/// What is asked for.
pub(crate) struct Asked {
    databases: usize,
    function: bool,
    provider: bool,
    dev: bool,
    ttl: Option<String>,
}

impl Asked {
    /// Reads the task's own arguments: `--databases N`, `--function`, `--provider`, `--dev`, and
    /// `--ttl`, how long answers of the function hold.
    pub(super) fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        let mut asked = Self {
            databases: DATABASES,
            function: false,
            provider: false,
            dev: false,
            ttl: None,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Long("databases") => asked.databases = args.value()?.parse()?,
                Long("function") => asked.function = true,
                Long("provider") => asked.provider = true,
                Long("dev") => asked.dev = true,
                Long("ttl") => asked.ttl = Some(args.value()?.parse()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(asked)
    }
}

/// Measures and prints.
pub(super) async fn run(asked: Asked) -> Result<(), Failure> {
    let both = asked.function == asked.provider;
    let binary = if asked.dev {
        println!("unoptimised: the figures are no measure of what is shipped");
        package::for_bench(false).await?
    } else {
        println!(
            "building the packages with the release binary (optimised as a whole: some minutes)"
        );
        package::for_bench(true).await?
    };
    for (wanted, front) in [
        (asked.function || both, Front::function(asked.ttl)),
        (asked.provider || both, Front::provider()),
    ] {
        if wanted {
            // Each on a cluster of its own, which the other has left nothing in.
            let choice = Choice {
                crossplane: Some(CoreRelease::Newest),
                ..Choice::default()
            };
            let mut cluster = preparation::cluster(state::own(), choice).await?;
            let done = measure(&cluster, &binary, &front, asked.databases).await;
            if done.is_err() {
                cluster.keep_logs();
            }
            done?;
        }
    }
    Ok(())
}

/// The process that is measured; dropping it ends it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn measure(
    cluster: &ControlPlane,
    binary: &Path,
    front: &Front,
    databases: usize,
) -> Result<(), Failure> {
    println!("\n{databases} databases through the {}", front.name);
    let client = control_plane::client(cluster.kubeconfig()).await?;
    installation::database_namespace(&client, DATABASE_NAMESPACE, OPERATOR).await?;
    steer(&client, json!({ "hold": "initializing" })).await?;
    let certificates = tempfile::tempdir().map_err(Failure::file("certificates"))?;
    let process = start(cluster, &client, binary, front, certificates.path()).await?;
    let pid = process.0.id();
    let empty = resident(pid);

    let ready = Watched::start(&client, front, ready_database, ready_front);
    let exist = Seen::watch(
        &client,
        &Kind::DATABASE,
        DATABASE_NAMESPACE,
        front.key,
        |_| true,
    );
    let begun = std::time::Instant::now();
    create(&client, front, databases).await?;
    exist.reach(databases, PATIENCE).await?;
    tell(
        "all databases exist after",
        begun.elapsed().as_secs_f32(),
        "s",
    );

    // What their creation set off is over before they become ready, as it is where an engine
    // takes its minutes to start.
    quiet(&client, databases).await?;
    release(&client).await?;
    ready.reach(databases).await?;
    ready.tell("ready after its database");
    drop(ready);

    quiet(&client, databases).await?;
    let before = writes::count(&client).await?;
    tokio::time::sleep(IDLE).await;
    let after = writes::count(&client).await?;
    tell("writes in an idle minute", (after - before) as f32, "");

    let failed = Watched::start(&client, front, failed_database, failed_front);
    steer(&client, json!({ "error": "the disk is full" })).await?;
    failed.reach(databases).await?;
    failed.tell("error seen, all at once");
    drop(failed);

    quiet(&client, databases).await?;
    let again = Watched::start(&client, front, ready_database, ready_front);
    steer(&client, json!({})).await?;
    again.reach(databases).await?;
    again.tell("ready again, all at once");
    drop(again);

    tell("resident, no databases", empty, "MiB");
    tell("resident now", resident(pid), "MiB");
    tell("resident at most", peak(pid), "MiB");
    Ok(())
}

/// Waits until the databases are written no more than by looks that come with time alone.
async fn quiet(client: &Client, databases: usize) -> Result<(), Failure> {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut before = writes::count(client).await?;
    while std::time::Instant::now() < deadline {
        tokio::time::sleep(REST).await;
        let after = writes::count(client).await?;
        if after - before < databases as u64 {
            return Ok(());
        }
        before = after;
    }
    Err(Failure::Check(format!(
        "{databases} databases did not come to rest in {} s",
        PATIENCE.as_secs()
    )))
}

/// The database's sightings and those of the object in front of it.
struct Watched {
    databases: Seen,
    fronts: Seen,
}

impl Watched {
    fn start(
        client: &Client,
        front: &Front,
        database: fn(&Value) -> bool,
        object: fn(&Value) -> bool,
    ) -> Self {
        let watch =
            |kind: &Kind, key, holds| Seen::watch(client, kind, DATABASE_NAMESPACE, key, holds);
        Self {
            databases: watch(&Kind::DATABASE, front.key, database),
            fronts: watch(&front.kind, seen::name, object),
        }
    }

    async fn reach(&self, count: usize) -> Result<(), Failure> {
        self.databases.reach(count, PATIENCE).await?;
        self.fronts.reach(count, PATIENCE).await
    }

    fn tell(&self, what: &str) {
        let delays = self.fronts.behind(&self.databases);
        let at = |share: f32| {
            let place = (delays.len() as f32 * share).ceil() as usize;
            delays
                .get(place.saturating_sub(1))
                .map_or(0.0, Duration::as_secs_f32)
        };
        tell(&format!("{what}, p50"), at(0.5), "s");
        tell(&format!("{what}, p95"), at(0.95), "s");
        tell(&format!("{what}, slowest"), at(1.0), "s");
    }
}

fn ready_database(database: &Value) -> bool {
    database["status"]["status"] == "ready"
}

fn failed_database(database: &Value) -> bool {
    database["status"]["status"] == "error"
}

fn ready_front(object: &Value) -> bool {
    condition(object, "True")
}

fn failed_front(object: &Value) -> bool {
    condition(object, "False")
}

/// Whether the object's condition `Ready` has that status.
fn condition(object: &Value, status: &str) -> bool {
    object["status"]["conditions"]
        .as_array()
        .is_some_and(|all| {
            all.iter()
                .any(|one| one["type"] == "Ready" && one["status"] == status)
        })
}

/// Creates what stands in front of the databases. Its kind may have been defined
/// a moment ago, and not be served yet.
async fn create(client: &Client, front: &Front, databases: usize) -> Result<(), Failure> {
    let api = front.kind.api(client, DATABASE_NAMESPACE);
    let deadline = std::time::Instant::now() + PATIENCE;
    for number in 0..databases {
        let object = serde_json::from_value((front.object)(DATABASE_NAMESPACE, number))
            .map_err(|error| Failure::Check(error.to_string()))?;
        loop {
            match api.create(&PostParams::default(), &object).await {
                Ok(_) => break,
                Err(kube::Error::Api(status))
                    if status.code == 404 && std::time::Instant::now() < deadline =>
                {
                    tokio::time::sleep(installation::LOOK).await;
                }
                Err(error) => {
                    return Err(Failure::Check(format!(
                        "creating {} {number}: {error}",
                        front.kind.name
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Tells the simulator what to do with the namespace's databases.
async fn steer(client: &Client, data: Value) -> Result<(), Failure> {
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": STEERING, "namespace": DATABASE_NAMESPACE },
        "data": data,
    });
    Ok(installation::apply(client, object).await?)
}

/// Lets the databases become ready one after another.
async fn release(client: &Client) -> Result<(), Failure> {
    let api = Kind::DATABASE.api(client, DATABASE_NAMESPACE);
    let all = api
        .list_metadata(&ListParams::default())
        .await
        .map_err(|error| Failure::Check(format!("listing databases: {error}")))?;
    let names: Vec<_> = all.items.iter().map(ResourceExt::name_any).collect();
    let mut steering = json!({ "hold": "initializing" });
    let mut ticks = tokio::time::interval(SUCCESSION / STEPS);
    for some in names.chunks(names.len().div_ceil(STEPS as usize).max(1)) {
        ticks.tick().await;
        for name in some {
            steering[format!("{name}.hold")] = json!("nothing");
        }
        steer(client, steering.clone()).await?;
    }
    steer(client, json!({})).await
}

/// Installs the package and runs its program as its pod would.
async fn start(
    cluster: &ControlPlane,
    client: &Client,
    binary: &Path,
    front: &Front,
    certificates: &Path,
) -> Result<Running, Failure> {
    installation::apply(client, front.package()).await?;
    front.healthy(client, PATIENCE).await?;
    let mut command = Command::new(binary);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    if let Some(function) = front.service {
        let secret = format!("{function}-tls-server");
        crossplane::write_secret(client, &secret, certificates).await?;
        let port = free_port()?;
        command
            .args(["function", "--metrics-address", ""])
            .args(["--address", &format!("127.0.0.1:{port}")])
            .arg("--tls-certs-dir")
            .arg(certificates);
        let installed = cluster.state().crossplane.as_ref();
        let services = installed.map_or_else(PathBuf::new, |known| known.services.clone());
        Services::new(&services)
            .publish(&format!("{function}.{NAMESPACE}:9443"), port)
            .map_err(Failure::file(&services))?;
    } else {
        command
            .args(["provider", "--metrics-bind-address"])
            .arg(format!("127.0.0.1:{}", free_port()?))
            .arg("--health-bind-address")
            .arg(format!("127.0.0.1:{}", free_port()?))
            .arg("--kubeconfig")
            .arg(cluster.kubeconfig())
            .stderr(Stdio::null());
    }
    let process = Running(command.spawn().map_err(Failure::file(binary))?);
    for object in front.platform()? {
        installation::apply(client, object).await?;
    }
    Ok(process)
}

fn free_port() -> Result<u16, Failure> {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(Failure::file("a free port"))
}

/// Memory of a process as the system counts it, in MiB.
fn resident(pid: u32) -> f32 {
    memory(pid, "VmRSS:")
}

/// The most that it ever was.
fn peak(pid: u32) -> f32 {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, field: &str) -> f32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| {
            let kib = line.strip_prefix(field)?.split_whitespace().next()?;
            kib.parse::<f32>().ok()
        })
        .map_or(f32::NAN, |kib| kib / 1024.0)
}

fn tell(what: &str, figure: f32, unit: &str) {
    println!("  {what:40} {figure:8.2} {unit}");
}

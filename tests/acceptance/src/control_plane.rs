//! Starting the cluster: which process when, with which flags, and when it
//! counts as ready.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use futures::try_join;
use kube::Client;
use serde_json::Value;

use crate::{
    catalog::PACKAGES,
    components::Components,
    crossplane::Installed,
    installation::{self, CATALOG, LOOK, NODE, OLM_NAMESPACE, condition, has_condition},
    kubeconfig, pki, ports,
    process::{Identity, Process},
    progress::Progress,
    state::{self, State},
    tools::Tools,
};

mod error;
mod outage;

pub use error::StartError;

/// Longest that one step of the start may take before it is given up.
const STEP_LIMIT: Duration = Duration::from_secs(90);

/// How often the start is tried when ports are taken.
const STARTS: usize = 3;

/// Name of the API server's process.
const API_SERVER: &str = "kube-apiserver";

/// What to start.
#[derive(Debug)]
pub struct Options {
    /// Folder for everything the cluster writes; made anew.
    pub folder: PathBuf,
    /// Folder with Everest's CRDs.
    pub everest_crds: PathBuf,
    /// The simulator's binary; without it nothing reconciles Everest's objects.
    pub simulator: Option<PathBuf>,
    /// Whether the cluster stays when this process ends.
    pub standing: bool,
}

/// A cluster that this process started. Dropping it ends it, unless it was
/// told to stay.
#[derive(Debug)]
pub struct ControlPlane {
    folder: PathBuf,
    processes: Vec<Process>,
    state: State,
    stays: bool,
    keep_logs: bool,
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        if self.keep_logs
            && let Some(logs) = state::keep_logs(&self.folder)
        {
            eprintln!("the cluster's logs are kept in {}", logs.display());
        }
        if let Err(error) = state::end(&self.folder, &mut self.processes) {
            eprintln!("removing {}: {error}", self.folder.display());
        }
    }
}

impl ControlPlane {
    /// Starts the cluster and waits until Everest's part of it is ready:
    ///
    /// 1. certificates, kubeconfig and catalog are written;
    /// 2. etcd, the API server and the catalog server start together;
    /// 3. once the API server is ready, scheduler and KWOK start while CRDs,
    ///    namespaces, node and storage class are created;
    /// 4. once the CRDs are established, the controller manager, OLM and the
    ///    simulator start and the catalog is announced;
    /// 5. it is ready when the node is Ready and free of taints, the catalog READY, and the
    ///    simulator says that its webhooks answer.
    ///
    /// When anything fails, everything started is ended, the data removed and
    /// the logs kept. A port that a stranger took is no failure yet: the start
    /// is made again with others.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(
        tools: &Tools,
        options: &Options,
        progress: &Progress,
    ) -> Result<Self, StartError> {
        for _ in 1..STARTS {
            match Self::start_once(tools, options, progress).await {
                Err(error) if error.is_taken_port() => progress.say(&format!("again: {error}")),
                started => return started,
            }
        }
        Self::start_once(tools, options, progress).await
    }

    async fn start_once(
        tools: &Tools,
        options: &Options,
        progress: &Progress,
    ) -> Result<Self, StartError> {
        state::sweep();
        if let Some(known) = State::load(&options.folder)
            && known.complete()
        {
            return Err(StartError::Running {
                server: known.server,
            });
        }
        state::down(&options.folder).map_err(system(&options.folder.display().to_string()))?;
        fs::create_dir_all(options.folder.join("logs"))
            .map_err(system(&options.folder.display().to_string()))?;

        let mut cluster = Self {
            folder: options.folder.clone(),
            processes: Vec::new(),
            state: State {
                owner: Some(Identity::own()),
                processes: Vec::new(),
                kubeconfig: options.folder.join("kubeconfig"),
                server: String::new(),
                ready_after: None,
                crossplane: None,
            },
            stays: false,
            keep_logs: false,
        };
        let started = Instant::now();
        if let Err(error) = cluster.bring_up(tools, options, progress).await {
            cluster.keep_logs = true;
            return Err(error);
        }
        cluster.state.ready_after = Some(started.elapsed().as_secs_f32());
        if options.standing {
            cluster.state.owner = None;
            cluster.stays = true;
        }
        cluster.save()?;
        Ok(cluster)
    }

    /// The cluster in `folder` that another process left running, to add to it.
    #[must_use]
    pub fn attach(folder: PathBuf) -> Option<Self> {
        let state = State::load(&folder).filter(State::complete)?;
        Some(Self {
            folder,
            processes: Vec::new(),
            state,
            stays: true,
            keep_logs: false,
        })
    }

    /// Folder of everything that the cluster writes.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.state.kubeconfig
    }

    /// The cluster's record of itself.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Records that the cluster has Crossplane's core.
    pub(crate) fn installed_crossplane(&mut self, installed: Installed) -> Result<(), StartError> {
        self.state.crossplane = Some(installed);
        self.save()
    }

    /// Keeps the logs when the cluster ends, for a run that failed.
    pub fn keep_logs(&mut self) {
        self.keep_logs = true;
    }

    async fn bring_up(
        &mut self,
        tools: &Tools,
        options: &Options,
        progress: &Progress,
    ) -> Result<(), StartError> {
        let [etcd, etcd_peer, api, catalog, kwok] = ports::free().map_err(system("free ports"))?;
        let pki = self.folder.join("pki");
        let secrets = pki::write(&pki)?;
        self.state.server = format!("https://127.0.0.1:{api}");
        let config = kubeconfig::admin(&self.state.server, &secrets);
        let text = serde_yaml_ng::to_string(&config)
            .map_err(|error| StartError::Client(error.to_string()))?;
        fs::write(&self.state.kubeconfig, text).map_err(system("kubeconfig"))?;
        self.write_catalog()?;

        let index = self.folder.join("catalog-index");
        fs::create_dir_all(&index).map_err(system("catalog index"))?;
        let components = Components {
            tools,
            folder: &self.folder.clone(),
            pki: &pki,
            kubeconfig: &self.state.kubeconfig.clone(),
        };
        self.spawn("etcd", components.etcd(etcd, etcd_peer))?;
        self.spawn(API_SERVER, components.api_server(etcd, api))?;
        self.spawn("catalog-server", components.catalog_server(&index, catalog))?;

        let client = client(&self.state.kubeconfig).await?;
        self.answers(&client).await?;
        progress.say("API server ready");

        self.spawn("kube-scheduler", components.scheduler())?;
        self.spawn("kwok", components.kwok(kwok))?;
        let mut definitions = installation::manifests(&tools.olm_crds)?;
        definitions.extend(installation::manifests(&options.everest_crds)?);
        definitions.extend(installation::definitions());
        let names: Vec<String> = definitions
            .iter()
            .filter_map(|crd| crd.pointer("/metadata/name").and_then(Value::as_str))
            .map(str::to_owned)
            .collect();
        try_join!(
            installation::create_all(&client, definitions),
            installation::create_all(&client, installation::basics()),
        )?;
        installation::enlarge_node(&client).await?;
        self.until("a CustomResourceDefinition", || {
            established(&client, &names)
        })
        .await?;
        progress.say(&format!("{} CRDs established", names.len()));

        // Not before: its garbage collector looks for new kinds only every 30 s,
        // and until then nothing of theirs is deleted in the foreground.
        self.spawn("kube-controller-manager", components.controller_manager())?;
        self.spawn("olm", components.olm())?;
        let ready_file = self.folder.join("simulator.ready");
        if let Some(binary) = &options.simulator {
            self.spawn(
                "everest-simulator",
                components.simulator(binary, &ready_file),
            )?;
        }
        installation::create_all(&client, installation::catalog_objects(catalog)).await?;

        let node = format!("/api/v1/nodes/{NODE}");
        self.until("the node", || {
            condition(&client, &node, |node| {
                // The taint is the controller manager's to take away.
                has_condition(node, "Ready") && node.pointer("/spec/taints").is_none()
            })
        })
        .await?;
        progress.say("node Ready");
        let source = format!(
            "/apis/operators.coreos.com/v1alpha1/namespaces/{OLM_NAMESPACE}/catalogsources/{CATALOG}"
        );
        self.until("the operator catalog", || {
            condition(&client, &source, |source| {
                source.pointer("/status/connectionState/lastObservedState")
                    == Some(&Value::from("READY"))
            })
        })
        .await?;
        progress.say("operator catalog READY");
        if options.simulator.is_some() {
            self.until("the simulator", || async { ready_file.is_file() })
                .await?;
            progress.say("Everest simulator ready");
        }
        Ok(())
    }

    /// Waits until the API server says that it is ready.
    async fn answers(&mut self, client: &Client) -> Result<(), StartError> {
        self.until("the API server", || async {
            let ready = http::Request::get("/readyz").body(Vec::new());
            match ready {
                Ok(request) => client.request_text(request).await.is_ok(),
                Err(_) => false,
            }
        })
        .await
    }

    fn write_catalog(&self) -> Result<(), StartError> {
        for package in &PACKAGES {
            let folder = self.folder.join("catalog").join(package.name);
            fs::create_dir_all(&folder).map_err(system("catalog"))?;
            fs::write(folder.join("catalog.json"), package.catalog()).map_err(system("catalog"))?;
        }
        Ok(())
    }

    /// Starts a process that ends with the cluster.
    pub(crate) fn spawn(&mut self, name: &str, command: Command) -> Result<(), StartError> {
        let log = self.folder.join("logs").join(format!("{name}.log"));
        let process = Process::start(name, command, &log).map_err(system(name))?;
        // Last started, first ended: servers outlive their clients.
        self.state.processes.insert(0, process.identity.clone());
        self.processes.push(process);
        self.save()
    }

    fn save(&self) -> Result<(), StartError> {
        self.state.save(&self.folder).map_err(system("state.json"))
    }

    /// Looks again and again until `ready` says so, and fails as soon as one of
    /// the processes has ended.
    pub(crate) async fn until<F, Fut>(&mut self, what: &str, ready: F) -> Result<(), StartError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = bool>,
    {
        let deadline = Instant::now() + STEP_LIMIT;
        loop {
            if ready().await {
                return Ok(());
            }
            for process in &mut self.processes {
                if let Some(words) = process.ended() {
                    return Err(StartError::Ended {
                        name: process.identity.name.clone(),
                        words,
                    });
                }
            }
            if Instant::now() > deadline {
                return Err(StartError::TimedOut {
                    what: what.to_owned(),
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

pub(crate) fn system(what: &str) -> impl FnOnce(io::Error) -> StartError {
    let what = what.to_owned();
    move |source| StartError::System { what, source }
}

/// A client for the current context of a kubeconfig file.
///
/// # Errors
/// When the file cannot be read or does not make a client.
pub async fn client(kubeconfig: &Path) -> Result<Client, StartError> {
    let fault = |error: &dyn std::fmt::Display| StartError::Client(error.to_string());
    // Every process needs one; a second call finds it installed.
    crate::install_tls();
    let file = kube::config::Kubeconfig::read_from(kubeconfig).map_err(|error| fault(&error))?;
    let config = kube::Config::from_custom_kubeconfig(file, &Default::default())
        .await
        .map_err(|error| fault(&error))?;
    Client::try_from(config).map_err(|error| fault(&error))
}

async fn established(client: &Client, names: &[String]) -> bool {
    condition(
        client,
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        |list| {
            let ready = list["items"].as_array().map_or(0, |items| {
                items
                    .iter()
                    .filter(|crd| has_condition(crd, "Established"))
                    .filter(|crd| {
                        crd.pointer("/metadata/name")
                            .and_then(Value::as_str)
                            .is_some_and(|name| names.iter().any(|known| known == name))
                    })
                    .count()
            });
            ready == names.len()
        },
    )
    .await
}

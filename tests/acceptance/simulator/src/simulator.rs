//! The running simulator.

use std::sync::Arc;

use kube::Client;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::controllers;
use crate::pace::Pace;
use crate::webhooks::Admission;

/// What a simulator is told.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long things take.
    pub pace: Pace,
    /// The time that is written into objects.
    pub clock: Clock,
}

/// The operators at work on a cluster, until they are stopped or dropped.
pub struct Simulator {
    client: Client,
    settings: Settings,
    admission: Admission,
    running: Option<Running>,
}

struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
    _end: DropGuard,
}

impl Simulator {
    /// Fills the caches and starts the controllers and the webhooks.
    pub async fn start(client: Client, settings: Settings) -> Self {
        let mut simulator = Self {
            client,
            settings,
            admission: Admission::default(),
            running: None,
        };
        simulator.go_on().await;
        simulator
    }

    /// The webhooks, to be asked in this process or to be served.
    pub fn admission(&self) -> Admission {
        self.admission.clone()
    }

    /// Ends all operators wherever they are, as a crash does: what they remember is lost, and
    /// the webhooks give no answer.
    pub async fn stop(&mut self) {
        self.admission.serve(None);
        if let Some(running) = self.running.take() {
            running.stop.cancel();
            running.tasks.close();
            running.tasks.wait().await;
        }
    }

    /// Starts the operators again unless they run.
    pub async fn go_on(&mut self) {
        if self.running.is_some() {
            return;
        }
        let Settings { pace, clock } = self.settings;
        let cluster = Arc::new(Cluster::new(self.client.clone(), clock, pace));
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        self.running = Some(Running {
            tasks: tasks.clone(),
            stop: stop.clone(),
            _end: stop.clone().drop_guard(),
        });
        self.admission.serve(Some(cluster.clone()));
        controllers::start(cluster, &tasks, &stop).await;
    }

    /// Stops the operators and starts them again at once.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.go_on().await;
    }
}

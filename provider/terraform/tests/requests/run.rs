//! A run of Terraform on many resources of one type.

use std::fmt;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value as Json;
use test_apiserver::{ApiServer, Process, Record};
use test_stories::Dies;

use crate::host::{Host, Plan, Plugin, Stop, Wanted};

/// Resources that Terraform works on at a time.
const AT_ONCE: usize = 10;

/// The time from one run to the next.
const PAUSE: Duration = Duration::from_secs(300);

/// Resources of one type in one configuration.
pub struct Estate {
    server: ApiServer,
    type_name: &'static str,
    hosts: Vec<Host>,
    blocks: Vec<Option<Json>>,
}

/// The requests of a process.
#[derive(Debug, Default)]
pub struct Requests {
    /// What made them, for messages.
    what: String,
    resources: usize,
    gets: usize,
    lists: Vec<String>,
    watches: usize,
    writes: usize,
    dry_runs: usize,
}

/// As many requests as there may be.
#[derive(Clone, Copy)]
pub struct Most {
    of_each: usize,
    of_all: usize,
    dry_runs: usize,
}

impl Most {
    /// So many for each resource.
    pub fn of_each(of_each: usize) -> Self {
        Self {
            of_each,
            of_all: 0,
            dry_runs: 0,
        }
    }

    /// And so many more, however many resources there are.
    pub fn and(self, of_all: usize) -> Self {
        Self { of_all, ..self }
    }

    /// And so many dry runs for each resource.
    pub fn dry_runs(self, dry_runs: usize) -> Self {
        Self { dry_runs, ..self }
    }
}

impl Requests {
    /// All but the dry runs.
    fn total(&self) -> usize {
        self.gets + self.lists.len() + self.watches + self.writes
    }

    /// How often the objects of a kind were listed.
    pub fn lists_of(&self, resource: &str) -> usize {
        let lists = self.lists.iter();
        lists.filter(|listed| *listed == resource).count()
    }

    /// Fails if there are more.
    pub fn assert(&self, most: &Most) {
        let bound = most.of_each * self.resources + most.of_all;
        assert!(self.total() <= bound, "more than {bound}: {self}");
        let bound = most.dry_runs * self.resources;
        assert!(self.dry_runs <= bound, "more than {bound} dry runs: {self}");
    }

    fn of(what: String, resources: usize, records: &[Record]) -> Self {
        let mut requests = Self {
            what,
            resources,
            ..Self::default()
        };
        for Record { asked, .. } in records {
            match asked.verb {
                "get" => requests.gets += 1,
                "list" => requests.lists.push(asked.resource.clone()),
                "watch" => requests.watches += 1,
                _ if asked.is_write() => requests.writes += 1,
                _ => requests.dry_runs += 1,
            }
        }
        requests
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<46}{:>4}: GET {:>4}, LIST {:>4}, WATCH {:>2}, writes {:>4}, all {:>5}; dry runs {:>3}",
            self.what,
            self.resources,
            self.gets,
            self.lists.len(),
            self.watches,
            self.writes,
            self.total(),
            self.dry_runs,
        )
    }
}

/// The requests of the two processes of a run.
pub struct Run {
    pub plan: Requests,
    pub apply: Requests,
}

impl Estate {
    /// A resource of a type for each block.
    pub fn new(server: ApiServer, type_name: &'static str, blocks: Vec<Json>) -> Self {
        Self {
            server,
            type_name,
            hosts: vec![Host::default(); blocks.len()],
            blocks: blocks.into_iter().map(Some).collect(),
        }
    }

    /// Changes the block of each resource.
    pub fn change(&mut self, change: Json) {
        for block in self.blocks.iter_mut().flatten() {
            merge(block, &change);
        }
    }

    /// Takes the resources out of the configuration.
    pub fn take_out(&mut self) {
        self.blocks.fill(None);
    }

    /// `terraform apply`, and then a while in which nothing is done.
    pub async fn run(&mut self, what: &str) -> Run {
        let process = self.server.process();
        let plugin = start(&process, self.type_name).await;
        let wanted = self.blocks.iter().map(|block| Wanted {
            type_name: self.type_name,
            block: block.clone(),
            import: None,
        });
        let planned = self.hosts.iter().zip(wanted);
        let plans: Vec<Plan> = stream::iter(planned)
            .map(|(host, wanted)| {
                let plugin = &plugin;
                async move { host.plan(plugin, &wanted).await }
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .unwrap_or_else(|stop| panic!("{what}: {}", said(stop)));
        ended(plugin.end().await);
        let plan = self.count(&format!("{what}, plan"), &process);

        let process = self.server.process();
        let plugin = start(&process, self.type_name).await;
        let changes = self.hosts.iter_mut().zip(plans);
        stream::iter(changes.filter(|(_, plan)| !plan.changes_nothing()))
            .map(|(host, plan)| host.carry_out(&plugin, plan, Dies::Process))
            .buffered(AT_ONCE)
            .for_each(|done| async { ended(done) })
            .await;
        ended(plugin.end().await);
        let apply = self.count(&format!("{what}, apply"), &process);
        tokio::time::sleep(PAUSE).await;
        Run { plan, apply }
    }

    fn count(&self, what: &str, process: &Process) -> Requests {
        let records = process.requests();
        let what = format!("{} {what}", self.type_name);
        let requests = Requests::of(what, self.hosts.len(), &records);
        println!("{requests}");
        if std::env::var_os("REQUESTS").is_some() {
            for Record { asked, .. } in records {
                println!("    {} {}", asked.method, asked.target);
            }
        }
        requests
    }
}

async fn start(process: &Process, type_name: &'static str) -> Plugin {
    let started = Plugin::start(process, type_name).await;
    started.unwrap_or_else(|stop| panic!("{}", said(stop)))
}

fn ended(result: Result<(), Stop>) {
    if let Err(stop) = result {
        panic!("{}", said(stop));
    }
}

fn said(stop: Stop) -> String {
    match stop {
        Stop::Errors(errors) => errors.join("\n"),
        Stop::Killed => "the provider was killed".to_owned(),
    }
}

/// Merges a change into a block.
fn merge(block: &mut Json, change: &Json) {
    match change {
        Json::Object(members) if block.is_object() => {
            for (name, member) in members {
                merge(&mut block[name], member);
            }
        }
        other => *block = other.clone(),
    }
}

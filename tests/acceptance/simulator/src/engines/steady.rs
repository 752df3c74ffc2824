//! The status an engine reports when it is done with its work.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::object::{self, at, items, number, text, truth};

/// Address of a Service of type LoadBalancer, from the range reserved for
/// documentation.
const LOAD_BALANCER: &str = "203.0.113.10";

/// How far an engine has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Pods are being made or changed.
    Initializing,
    /// Pods are being taken away.
    Stopping,
    /// All is as the spec says.
    Done,
}

/// The status of an engine's database at a point of its way to the spec, `now`; `before`
/// supplies what only changes at the end (the running version).
pub fn status(
    engine: Engine,
    cr: &DynamicObject,
    progress: Progress,
    before: &Value,
    now: &str,
) -> Value {
    let spec = at(&cr.data, "/spec");
    let paused = truth(spec, "/pause");
    let done = progress == Progress::Done;
    // The operators of PXC and MongoDB ask the pods for the version.
    let answers = done && !paused;
    let up = |size: i64| if done && !paused { size } else { 0 };
    let state = match (progress, paused) {
        (Progress::Initializing, _) => "initializing",
        (Progress::Stopping, _) => "stopping",
        (Progress::Done, true) => "paused",
        (Progress::Done, false) => "ready",
    };
    let host = host(engine, cr);
    let image = text(
        spec,
        match engine {
            Engine::Pxc => "/pxc/image",
            _ => "/image",
        },
    );
    let version = image.rsplit_once(':').map_or("", |(_, tag)| tag);
    match engine {
        Engine::Pxc => {
            let proxy = if truth(spec, "/haproxy/enabled") {
                "haproxy"
            } else {
                "proxysql"
            };
            let size = number(spec, "/pxc/size");
            let proxies = number(spec, &format!("/{proxy}/size"));
            let runs = match answers {
                true => version,
                false => text(before, "/pxc/version"),
            };
            let mut status = json!({
                "host": host,
                "pxc": {"size": size, "ready": up(size), "status": state},
                "size": size + proxies,
                "ready": up(size + proxies),
                "state": state,
                "observedGeneration": object::generation(cr),
            });
            status[proxy] = json!({"size": proxies, "ready": up(proxies)});
            if !runs.is_empty() {
                status["pxc"]["version"] = runs.into();
            }
            status
        }
        Engine::Psmdb => {
            let size: i64 = items(spec, "/replsets")
                .iter()
                .map(|r| number(r, "/size"))
                .sum();
            let sharded = truth(spec, "/sharding/enabled");
            let others = match sharded {
                true => {
                    number(spec, "/sharding/mongos/size")
                        + number(spec, "/sharding/configsvrReplSet/size")
                }
                false => 0,
            };
            let runs = match answers {
                true => version,
                false => text(before, "/mongoVersion"),
            };
            let mut status = json!({
                "host": host,
                "size": size + others,
                "ready": up(size + others),
                "state": state,
                "observedGeneration": object::generation(cr),
            });
            if !runs.is_empty() {
                status["mongoVersion"] = runs.into();
                let image = text(spec, "/backup/image");
                let backup = image.rsplit_once(':').map_or("", |(_, tag)| tag);
                status["backupVersion"] = backup.into();
                status["backupConfigHash"] = "configured".into();
            }
            status["conditions"] = ready_condition(before, done && !paused, now);
            status
        }
        Engine::Postgresql => {
            let size = number(spec, "/instances/0/replicas");
            let proxies = number(spec, "/proxy/pgBouncer/replicas");
            let mut status = json!({
                "host": host,
                "pgbouncer": {"size": proxies, "ready": up(proxies)},
                "postgres": {"size": size, "ready": up(size)},
                "state": state,
                "observedGeneration": object::generation(cr),
            });
            let runs = match done {
                true => image,
                false => text(before, "/postgres/imageID"),
            };
            if !runs.is_empty() {
                status["postgres"]["imageID"] = runs.into();
                status["postgres"]["version"] = number(spec, "/postgresVersion").into();
            }
            status
        }
    }
}

fn ready_condition(before: &Value, ready: bool, now: &str) -> Value {
    let truth = if ready { "True" } else { "False" };
    let known = items(before, "/conditions")
        .iter()
        .find(|c| text(c, "/type") == "ready" && text(c, "/status") == truth);
    let condition = known
        .cloned()
        .unwrap_or_else(|| json!({"type": "ready", "status": truth, "lastTransitionTime": now}));
    json!([condition])
}

/// Whether the database waits for the address of a load balancer.
pub fn has_load_balancer(engine: Engine, cr: &DynamicObject) -> bool {
    host(engine, cr) == LOAD_BALANCER
}

fn host(engine: Engine, cr: &DynamicObject) -> String {
    let spec = at(&cr.data, "/spec");
    let name = cr.name_any();
    let namespace = cr.namespace().unwrap_or_default();
    let (expose, inside) = match engine {
        Engine::Pxc if truth(spec, "/haproxy/enabled") => (
            "/haproxy/exposePrimary/type",
            format!("{name}-haproxy.{namespace}"),
        ),
        Engine::Pxc => (
            "/proxysql/expose/type",
            format!("{name}-proxysql.{namespace}"),
        ),
        Engine::Psmdb if truth(spec, "/sharding/enabled") => (
            "/sharding/mongos/expose/type",
            format!("{name}-mongos.{namespace}.svc.cluster.local:27017"),
        ),
        Engine::Psmdb if truth(spec, "/replsets/0/expose/enabled") => return members(cr),
        Engine::Psmdb => ("", format!("{name}-rs0.{namespace}.svc.cluster.local")),
        Engine::Postgresql => (
            "/proxy/pgBouncer/expose/type",
            format!("{name}-pgbouncer.{namespace}.svc"),
        ),
    };
    if !expose.is_empty() && text(spec, expose) == "LoadBalancer" {
        LOAD_BALANCER.to_owned()
    } else {
        inside
    }
}

/// The addresses of an exposed replica set: one for each member, with its port, joined by commas.
fn members(cr: &DynamicObject) -> String {
    let spec = at(&cr.data, "/spec");
    let name = cr.name_any();
    let namespace = cr.namespace().unwrap_or_default();
    let balanced = text(spec, "/replsets/0/expose/type") == "LoadBalancer";
    let member = |index: i64| match balanced {
        true => format!("203.0.113.{}:27017", 20 + index),
        false => format!("{name}-rs0-{index}.{name}-rs0.{namespace}.svc.cluster.local:27017"),
    };
    let all: Vec<_> = (0..number(spec, "/replsets/0/size")).map(member).collect();
    all.join(",")
}

//! The places in each engine's object where Everest writes a database's spec.

use serde_json::Value;

use super::{As, Comparison, at, items};

impl Comparison<'_> {
    pub(super) fn pxc(&mut self, size: Option<&'static str>) {
        self.compare("engine.replicas", "spec.pxc.size", As::Number);
        self.compare("engine.version", "spec.pxc.image", As::Image);
        self.compare("engine.config", "spec.pxc.configuration", As::Text);
        self.limits("engine.resources", "spec.pxc.resources");
        if let Some(size) = size {
            let claim = "spec.pxc.volumeSpec.persistentVolumeClaim.resources.requests.storage";
            self.compare(size, claim, As::Quantity);
        }
        let proxy = match self.text("proxy.type") {
            "proxysql" => "spec.proxysql",
            _ => "spec.haproxy",
        };
        self.compare("proxy.replicas", &format!("{proxy}.size"), As::Number);
        self.compare("proxy.config", &format!("{proxy}.configuration"), As::Text);
        self.limits("proxy.resources", &format!("{proxy}.resources"));
        self.exposure(&match proxy {
            "spec.proxysql" => format!("{proxy}.expose"),
            _ => format!("{proxy}.exposePrimary"),
        });
        self.monitoring();
        self.flag("backup.pitr.enabled", "spec.backup.pitr.enabled");
        self.schedules("spec.backup.schedule");
    }

    pub(super) fn psmdb(&mut self, size: Option<&'static str>) {
        self.compare("engine.version", "spec.image", As::Image);
        let sharded = at(self.spec, "sharding.enabled") == &Value::Bool(true);
        let replsets = items(at(self.object, "spec.replsets")).len();
        for index in 0..replsets {
            let replset = format!("spec.replsets.{index}");
            self.compare("engine.replicas", &format!("{replset}.size"), As::Number);
            self.compare(
                "engine.config",
                &format!("{replset}.configuration"),
                As::Text,
            );
            self.limits("engine.resources", &format!("{replset}.resources"));
            if let Some(size) = size {
                let claim = "volumeSpec.persistentVolumeClaim.resources.requests.storage";
                self.compare(size, &format!("{replset}.{claim}"), As::Quantity);
            }
        }
        if sharded {
            self.flag("sharding.enabled", "spec.sharding.enabled");
            let shards = at(self.spec, "sharding.shards").as_u64();
            if let Some(shards) = shards.filter(|shards| replsets as u64 != *shards) {
                self.differs(
                    "sharding.shards",
                    "the number of spec.replsets",
                    Some((shards.to_string(), replsets.to_string())),
                );
            }
            self.compare(
                "sharding.configServer.replicas",
                "spec.sharding.configsvrReplSet.size",
                As::Number,
            );
            self.compare("proxy.replicas", "spec.sharding.mongos.size", As::Number);
            self.limits("proxy.resources", "spec.sharding.mongos.resources");
            self.exposure("spec.sharding.mongos.expose");
        } else {
            self.exposure("spec.replsets.0.expose");
        }
        self.monitoring();
        self.flag("backup.pitr.enabled", "spec.backup.pitr.enabled");
        self.schedules("spec.backup.tasks");
    }

    pub(super) fn postgresql(&mut self, size: Option<&'static str>) {
        let instance = "spec.instances.0";
        self.compare("engine.version", "spec.image", As::Image);
        self.compare(
            "engine.replicas",
            &format!("{instance}.replicas"),
            As::Number,
        );
        self.limits("engine.resources", &format!("{instance}.resources"));
        if let Some(size) = size {
            let claim = "dataVolumeClaimSpec.resources.requests.storage";
            self.compare(size, &format!("{instance}.{claim}"), As::Quantity);
        }
        self.parameters();
        let proxy = "spec.proxy.pgBouncer";
        self.compare("proxy.replicas", &format!("{proxy}.replicas"), As::Number);
        self.limits("proxy.resources", &format!("{proxy}.resources"));
        self.exposure(&format!("{proxy}.expose"));
        self.monitoring();
        self.repositories();
    }
}

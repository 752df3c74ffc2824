//! Engines, proxies and sharding that break a rule.

use super::*;

/// Rules for the engine that a new database is judged by.
pub(super) const ENGINES: &[Case] = &[
    Case {
        rule: "name",
        path: "name",
        breaks: |m| m.name = "orders-of-the-whole-company".into(),
        holds: |m| m.name = "a".repeat(22).into(),
        unknown: |m| m.name = Field::Unknown,
    },
    Case {
        rule: "users-engine",
        path: "usersWo",
        breaks: |m| {
            of_type(m, Engine::Postgresql);
            users(m, "postgres", "a");
        },
        holds: |m| users(m, "root", "a"),
        unknown: |m| {
            of_type(m, Engine::Postgresql);
            m.users_wo = Field::Unknown;
        },
    },
    Case {
        rule: "users-values",
        path: "usersWo[\"proxyadmin\"]",
        breaks: |m| users(m, "proxyadmin", "*a"),
        holds: |m| users(m, "proxyadmin", "a*"),
        unknown: |m| {
            m.users_wo = Field::Known([("proxyadmin".to_owned(), Field::Unknown)].into())
                .map(|users: std::collections::BTreeMap<_, _>| users.into());
        },
    },
    Case {
        rule: "users-values",
        path: "usersWo[\"replication\"]",
        breaks: |m| users(m, "replication", "a23456789012345678901234567890123"),
        holds: |m| users(m, "replication", "a2345678901234567890123456789012"),
        unknown: |m| m.users_wo = Field::Unknown,
    },
    Case {
        rule: "users-source",
        path: "usersWo",
        breaks: |m| {
            source(m).db_cluster_backup_name = "sunday".into();
            users(m, "root", "a");
        },
        holds: |m| {
            by_path(m);
            users(m, "root", "a");
        },
        unknown: |m| {
            source(m).db_cluster_backup_name = Field::Unknown;
            users(m, "root", "a");
        },
    },
    Case {
        rule: "replicas-odd",
        path: "engine.replicas",
        breaks: |m| engine(m).replicas = 2.into(),
        holds: |m| {
            of_type(m, Engine::Postgresql);
            engine(m).replicas = 2.into();
        },
        unknown: |m| {
            engine(m).replicas = 2.into();
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "replicas-at-most-five",
        path: "engine.replicas",
        breaks: |m| engine(m).replicas = 7.into(),
        holds: |m| engine(m).replicas = 5.into(),
        unknown: |m| engine(m).replicas = Field::Unknown,
    },
    Case {
        rule: "requests-within-limits",
        path: "engine.resources.requests.memory",
        breaks: |m| part(&mut resources(m).requests).memory = "3G".into(),
        holds: |m| part(&mut resources(m).requests).memory = "2000M".into(),
        unknown: |m| {
            part(&mut resources(m).requests).memory = "3G".into();
            resources(m).limits = Field::Unknown;
        },
    },
    Case {
        rule: "requests-within-limits",
        path: "proxy.resources.requests.cpu",
        breaks: |m| {
            let proxy = part(&mut part(&mut spec(m).proxy).resources);
            part(&mut proxy.limits).cpu = "1".into();
            part(&mut proxy.requests).cpu = "1100m".into();
        },
        holds: |m| {
            let proxy = part(&mut part(&mut spec(m).proxy).resources);
            part(&mut proxy.requests).cpu = "1".into();
        },
        unknown: |m| {
            let proxy = part(&mut part(&mut spec(m).proxy).resources);
            part(&mut proxy.limits).cpu = "1".into();
            part(&mut proxy.requests).cpu = Field::Unknown;
        },
    },
    Case {
        rule: "config-line",
        path: "engine.config",
        breaks: |m| {
            of_type(m, Engine::Postgresql);
            engine(m).config = "work_mem = 8MB\nshared_buffers\n".into();
        },
        holds: |m| {
            of_type(m, Engine::Postgresql);
            engine(m).config = "# ours\nwork_mem = 8MB\n".into();
        },
        unknown: |m| {
            of_type(m, Engine::Postgresql);
            engine(m).config = Field::Unknown;
        },
    },
    Case {
        rule: "resources-required",
        path: "engine.resources",
        breaks: |m| engine(m).resources = Field::Null,
        holds: |m| {
            let limits = part(&mut resources(m).limits);
            limits.cpu = "1".into();
            limits.memory = "2G".into();
            resources(m).cpu = Field::Null;
            resources(m).memory = Field::Null;
        },
        unknown: |m| engine(m).resources = Field::Unknown,
    },
    Case {
        rule: "resources-required",
        path: "engine.resources.memory",
        breaks: |m| resources(m).memory = "0".into(),
        holds: |_| {},
        unknown: |m| {
            resources(m).memory = Field::Null;
            resources(m).limits = Field::Unknown;
        },
    },
    Case {
        rule: "resources-required",
        path: "engine.resources.limits.memory",
        breaks: |m| part(&mut resources(m).limits).cpu = "1".into(),
        holds: |m| {
            let limits = part(&mut resources(m).limits);
            limits.cpu = "1".into();
            limits.memory = "2G".into();
        },
        unknown: |m| {
            let limits = part(&mut resources(m).limits);
            limits.cpu = "1".into();
            limits.memory = Field::Unknown;
        },
    },
    Case {
        rule: "resources-ignored",
        path: "proxy.resources.memory",
        breaks: |m| {
            let resources = part(&mut proxy(m).resources);
            resources.memory = "1G".into();
            part(&mut resources.limits).cpu = "1".into();
        },
        holds: |m| {
            let resources = part(&mut proxy(m).resources);
            resources.memory = "1G".into();
            resources.cpu = "0".into();
            part(&mut resources.limits).memory = "2G".into();
        },
        unknown: |m| {
            let resources = part(&mut proxy(m).resources);
            resources.memory = "1G".into();
            resources.limits = Field::Unknown;
        },
    },
    Case {
        rule: "requests-within-limits",
        path: "proxy.resources.requests.memory",
        breaks: |m| {
            let resources = part(&mut proxy(m).resources);
            part(&mut resources.limits).memory = "1G".into();
            part(&mut resources.requests).memory = "2G".into();
        },
        holds: |m| {
            let resources = part(&mut proxy(m).resources);
            resources.memory = "1G".into();
            part(&mut resources.limits).cpu = "1".into();
            part(&mut resources.requests).memory = "2G".into();
        },
        unknown: |m| {
            let resources = part(&mut proxy(m).resources);
            part(&mut resources.limits).memory = Field::Unknown;
            part(&mut resources.requests).memory = "2G".into();
        },
    },
    Case {
        rule: "tls-disabled",
        path: "allowUnsafeConfiguration",
        breaks: |m| {
            of_type(m, Engine::Psmdb);
            spec(m).allow_unsafe_configuration = true.into();
        },
        holds: |m| spec(m).allow_unsafe_configuration = true.into(),
        unknown: |m| {
            of_type(m, Engine::Psmdb);
            spec(m).allow_unsafe_configuration = Field::Unknown;
        },
    },
    Case {
        rule: "cpu-minimum",
        path: "engine.resources.cpu",
        breaks: |m| resources(m).cpu = "0.5".into(),
        holds: |m| resources(m).cpu = "600m".into(),
        unknown: |m| resources(m).cpu = Field::Unknown,
    },
    Case {
        rule: "memory-minimum",
        path: "engine.resources.limits.memory",
        breaks: |m| part(&mut resources(m).limits).memory = "256Mi".into(),
        holds: |m| resources(m).memory = "512M".into(),
        unknown: |m| part(&mut resources(m).limits).memory = Field::Unknown,
    },
    Case {
        rule: "storage-minimum",
        path: "engine.storage.size",
        breaks: |m| part(&mut engine(m).storage).size = "500Mi".into(),
        holds: |m| part(&mut engine(m).storage).size = "1G".into(),
        unknown: |m| part(&mut engine(m).storage).size = Field::Unknown,
    },
    Case {
        rule: "proxy-type",
        path: "proxy.type",
        breaks: |m| proxy(m).type_ = "mongos".into(),
        holds: |m| proxy(m).type_ = "proxysql".into(),
        unknown: |m| {
            proxy(m).type_ = "mongos".into();
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "proxy-replicas",
        path: "proxy.replicas",
        breaks: |m| proxy(m).replicas = 1.into(),
        holds: |m| {
            engine(m).replicas = 1.into();
            proxy(m).replicas = 1.into();
        },
        unknown: |m| {
            engine(m).replicas = Field::Unknown;
            proxy(m).replicas = 1.into();
        },
    },
    Case {
        rule: "cr-version",
        path: "engine.crVersion",
        breaks: |m| engine(m).cr_version = "latest".into(),
        holds: |m| engine(m).cr_version = "recommended".into(),
        unknown: |m| engine(m).cr_version = Field::Unknown,
    },
    Case {
        rule: "ip-ranges-distinct",
        path: "proxy.expose.ipSourceRanges[1]",
        breaks: |m| {
            expose(m).ip_source_ranges = vec!["10.0.0.0/8".into(), "10.0.0.0/8".into()].into();
        },
        holds: |m| {
            expose(m).ip_source_ranges = vec!["10.0.0.0/8".into(), "2001:db8::/32".into()].into();
        },
        unknown: |m| {
            expose(m).ip_source_ranges =
                vec!["10.0.0.0/8".into(), Field::Unknown, Field::Unknown].into();
        },
    },
    Case {
        rule: "ip-range-syntax",
        path: "proxy.expose.ipSourceRanges[0]",
        breaks: |m| expose(m).ip_source_ranges = vec!["10.0.0.0/33".into()].into(),
        holds: |m| expose(m).ip_source_ranges = vec!["192.0.2.7/32".into()].into(),
        unknown: |m| expose(m).ip_source_ranges = Field::Unknown,
    },
    Case {
        rule: "sharding-psmdb",
        path: "sharding.enabled",
        breaks: |m| {
            sharding(m);
            of_type(m, Engine::Pxc);
        },
        holds: |m| {
            sharding(m).enabled = false.into();
            of_type(m, Engine::Pxc);
        },
        unknown: |m| {
            sharding(m).enabled = Field::Unknown;
            of_type(m, Engine::Pxc);
        },
    },
    Case {
        rule: "sharding-shards",
        path: "sharding.shards",
        breaks: |m| sharding(m).shards = 0.into(),
        holds: |m| sharding(m).shards = 1.into(),
        unknown: |m| sharding(m).shards = Field::Unknown,
    },
    Case {
        rule: "sharding-config-servers",
        path: "sharding.configServer.replicas",
        breaks: |m| part(&mut sharding(m).config_server).replicas = 1.into(),
        holds: |m| {
            part(&mut sharding(m).config_server).replicas = 1.into();
            engine(m).replicas = 1.into();
        },
        unknown: |m| {
            part(&mut sharding(m).config_server).replicas = 2.into();
            engine(m).replicas = Field::Unknown;
        },
    },
    Case {
        rule: "engine-features-psmdb",
        path: "engineFeatures.psmdb",
        breaks: |m| {
            horizon(m);
        },
        holds: |m| {
            horizon(m);
            of_type(m, Engine::Psmdb);
        },
        unknown: |m| part(&mut spec(m).engine_features).psmdb = Field::Unknown,
    },
    Case {
        rule: "engine-features-psmdb",
        path: "engineFeatures.psmdb",
        breaks: |m| horizon(m).split_horizon_dns_config_name = Field::Null,
        holds: |m| {
            part(&mut spec(m).engine_features);
        },
        unknown: |m| {
            horizon(m).split_horizon_dns_config_name = Field::Null;
            engine(m).type_ = Field::Unknown;
        },
    },
    Case {
        rule: "split-horizon-unsharded",
        path: "engineFeatures.psmdb.splitHorizonDnsConfigName",
        breaks: |m| {
            sharding(m);
            horizon(m);
        },
        holds: |m| {
            sharding(m);
        },
        unknown: |m| {
            sharding(m);
            horizon(m).split_horizon_dns_config_name = Field::Unknown;
        },
    },
];

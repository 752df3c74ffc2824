//! What the version service knows: the versions each engine operator offers.

use serde_json::{Map, Value, json};

use crate::engine::Engine;

/// Version, image and status of one component.
type Component = (&'static str, &'static str, &'static str);

/// What one release of an engine operator offers.
struct Release {
    engine: Engine,
    operator: &'static str,
    engines: &'static [Component],
    backups: &'static [Component],
    proxies: &'static [(&'static str, &'static [Component])],
    tools: &'static [(&'static str, &'static [Component])],
}

const PXC_ENGINES: &[Component] = &[
    (
        "8.0.36-28.1",
        "percona/percona-xtradb-cluster:8.0.36-28.1",
        "available",
    ),
    (
        "8.0.41-32.1",
        "percona/percona-xtradb-cluster:8.0.41-32.1",
        "available",
    ),
    (
        "8.0.42-33.1",
        "percona/percona-xtradb-cluster:8.0.42-33.1",
        "recommended",
    ),
    (
        "8.4.4-4.1",
        "percona/percona-xtradb-cluster:8.4.4-4.1",
        "available",
    ),
];
const PXC_BACKUPS: &[Component] = &[
    ("2.4.29", "percona/percona-xtrabackup:2.4.29", "available"),
    (
        "8.0.35",
        "percona/percona-xtrabackup:8.0.35-34.1",
        "recommended",
    ),
    ("8.4.0", "percona/percona-xtrabackup:8.4.0-3.1", "available"),
];
const PXC_PROXIES: &[(&str, &[Component])] = &[
    (
        "haproxy",
        &[
            ("2.8.14", "percona/haproxy:2.8.14", "available"),
            ("2.8.15", "percona/haproxy:2.8.15", "recommended"),
        ],
    ),
    (
        "proxysql",
        &[
            ("2.7.1", "percona/proxysql2:2.7.1", "available"),
            ("2.7.3", "percona/proxysql2:2.7.3", "recommended"),
        ],
    ),
];
const PXC_TOOLS: &[(&str, &[Component])] = &[(
    "logCollector",
    &[("4.0.1", "percona/fluentbit:4.0.1", "recommended")],
)];

macro_rules! same_tag {
    ($image:literal: $($version:literal $status:literal),* $(,)?) => {
        &[$(($version, concat!($image, ":", $version), $status)),*]
    };
}

/// The releases, oldest first within an engine.
static RELEASES: &[Release] = &[
    Release {
        engine: Engine::Pxc,
        operator: "1.17.0",
        engines: PXC_ENGINES,
        backups: PXC_BACKUPS,
        proxies: PXC_PROXIES,
        tools: PXC_TOOLS,
    },
    Release {
        engine: Engine::Pxc,
        operator: "1.18.0",
        engines: PXC_ENGINES,
        backups: PXC_BACKUPS,
        proxies: PXC_PROXIES,
        tools: PXC_TOOLS,
    },
    Release {
        engine: Engine::Psmdb,
        operator: "1.20.1",
        engines: same_tag!("percona/percona-server-mongodb":
            "6.0.21-18" "available", "7.0.18-11" "available", "8.0.8-3" "recommended"),
        backups: same_tag!("percona/percona-backup-mongodb": "2.9.1" "recommended"),
        proxies: &[],
        tools: &[],
    },
    Release {
        engine: Engine::Psmdb,
        operator: "1.21.1",
        engines: same_tag!("percona/percona-server-mongodb":
            "6.0.25-20" "available", "7.0.24-13" "available",
            "8.0.8-3" "available", "8.0.12-4" "recommended"),
        backups: same_tag!("percona/percona-backup-mongodb": "2.11.0" "recommended"),
        proxies: &[],
        tools: &[],
    },
    Release {
        engine: Engine::Postgresql,
        operator: "2.7.0",
        engines: same_tag!("percona/percona-distribution-postgresql":
            "15.13" "available", "16.9" "available", "17.5" "recommended"),
        backups: same_tag!("percona/percona-pgbackrest":
            "15.13" "available", "16.9" "available", "17.5" "recommended"),
        proxies: &[(
            "pgbouncer",
            same_tag!("percona/percona-pgbouncer":
                "15.13" "available", "16.9" "available", "17.5" "recommended"),
        )],
        tools: &[],
    },
    Release {
        engine: Engine::Postgresql,
        operator: "2.8.2",
        engines: same_tag!("percona/percona-distribution-postgresql":
            "15.13" "available", "16.9" "available", "16.10" "available",
            "17.5" "available", "17.6" "recommended"),
        backups: same_tag!("percona/percona-pgbackrest":
            "15.13" "available", "16.9" "available", "16.10" "available",
            "17.5" "available", "17.6" "recommended"),
        proxies: &[(
            "pgbouncer",
            same_tag!("percona/percona-pgbouncer":
                "15.13" "available", "16.9" "available", "16.10" "available",
                "17.5" "available", "17.6" "recommended"),
        )],
        tools: &[],
    },
];

/// `DatabaseEngine.status.availableVersions` of an operator release.
///
/// A release the table lacks offers what the newest one before it offers.
pub fn available(engine: Engine, operator: &str) -> Value {
    let mut releases = RELEASES.iter().filter(|r| r.engine == engine);
    let Some(first) = releases.next() else {
        return json!({});
    };
    let release = releases.fold(first, |best, next| {
        if newer(next.operator, operator) {
            best
        } else {
            next
        }
    });
    let mut versions = json!({
        "backup": components(release.backups),
        "engine": components(release.engines),
    });
    if !release.proxies.is_empty() {
        versions["proxy"] = groups(release.proxies);
    }
    if !release.tools.is_empty() {
        versions["tools"] = groups(release.tools);
    }
    versions
}

fn components(components: &[Component]) -> Value {
    components
        .iter()
        .map(|(version, image, status)| {
            let entry = json!({
                "imageHash": "0".repeat(64),
                "imagePath": image,
                "status": status,
            });
            ((*version).to_owned(), entry)
        })
        .collect::<Map<_, _>>()
        .into()
}

fn groups(groups: &[(&'static str, &[Component])]) -> Value {
    groups
        .iter()
        .map(|(name, members)| ((*name).to_owned(), components(members)))
        .collect::<Map<_, _>>()
        .into()
}

/// Whether version `a` is newer than `b`, number by number.
pub fn newer(a: &str, b: &str) -> bool {
    numbers(a) > numbers(b)
}

fn numbers(version: &str) -> Vec<u64> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

/// The best version of a component map: the newest recommended one, else the
/// newest available one.
pub fn best(components: &Value) -> Option<&str> {
    let with = |status: &str| {
        components
            .as_object()?
            .iter()
            .filter(|(_, c)| c["status"] == status)
            .map(|(version, _)| version.as_str())
            .max_by_key(|version| numbers(version))
    };
    with("recommended").or_else(|| with("available"))
}

/// Image of the best version of a component map.
pub fn best_image(components: &Value) -> Option<&str> {
    components[best(components)?]["imagePath"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_version_is_the_newest_recommended_one() {
        let offered = available(Engine::Pxc, "1.18.0");
        assert_eq!(best(&offered["engine"]), Some("8.0.42-33.1"));
        assert_eq!(
            best_image(&offered["proxy"]["haproxy"]),
            Some("percona/haproxy:2.8.15")
        );
    }

    #[test]
    fn an_operator_release_not_in_the_table_offers_what_the_one_before_it_did() {
        assert_eq!(
            available(Engine::Psmdb, "1.22.0"),
            available(Engine::Psmdb, "1.21.1")
        );
        assert_eq!(
            available(Engine::Postgresql, "2.7.5"),
            available(Engine::Postgresql, "2.7.0")
        );
    }

    #[test]
    fn versions_compare_number_by_number() {
        assert!(newer("1.18.0", "1.9.0"));
        assert!(newer("16.10", "16.9"));
        assert!(!newer("8.0.12-4", "8.0.12-4"));
    }
}

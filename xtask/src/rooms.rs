//! The subcategories of the reference, under which the registries list its pages.

/// A subcategory with the types in it, without the provider's name.
struct Room {
    name: &'static str,
    types: &'static [&'static str],
}

const ROOMS: [Room; 6] = [
    Room {
        name: "Databases",
        types: &[
            "components",
            "database",
            "database_credentials",
            "databases",
            "pause",
            "restart",
            "resume",
        ],
    },
    Room {
        name: "Backups and restores",
        types: &[
            "backup",
            "backup_storage",
            "backup_storages",
            "backups",
            "pitr_window",
            "restore",
            "restores",
        ],
    },
    Room {
        name: "Data import",
        types: &[
            "data_import_job",
            "data_import_jobs",
            "data_importer",
            "data_importers",
        ],
    },
    Room {
        name: "Namespaces and engines",
        types: &[
            "approve_upgrade",
            "cluster",
            "database_engines",
            "engine_version_policies",
            "engine_version_policy",
            "namespace",
            "namespaces",
            "upgrade_operators",
        ],
    },
    Room {
        name: "Monitoring, scheduling and network",
        types: &[
            "load_balancer_config",
            "load_balancer_configs",
            "monitoring_config",
            "monitoring_configs",
            "pod_scheduling_policies",
            "pod_scheduling_policy",
            "split_horizon_dns_config",
            "split_horizon_dns_configs",
        ],
    },
    Room {
        name: "Access to Everest",
        types: &[
            "account",
            "accounts",
            "oidc_settings",
            "rbac_policy",
            "rbac_role",
        ],
    },
];

/// The subcategory of a type; empty if it has none, which a test of the pages refuses.
pub(crate) fn of(type_name: &str) -> &'static str {
    let room = ROOMS.iter().find(|room| room.types.contains(&type_name));
    room.map_or("", |room| room.name)
}

/// Returns true if there is a subcategory of this name.
#[cfg(test)]
pub(crate) fn is_room(name: &str) -> bool {
    ROOMS.iter().any(|room| room.name == name)
}

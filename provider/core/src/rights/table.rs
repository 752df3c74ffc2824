//! Every right that the provider needs.

use super::Place::{self, Catalog, Cluster, Namespaces, System};
use super::{Need, Purpose, Roles};
use crate::facts::SERVERS;

const EVEREST: &str = "everest.percona.com";
const FEATURES: &str = "enginefeatures.everest.percona.com";
const OLM: &str = "operators.coreos.com";
const CORE: &str = "";
const PXC: &str = "pxc.percona.com";
const PSMDB: &str = "psmdb.percona.com";
const PG: &str = "pgv2.percona.com";

const DATABASES: &[(&str, &str)] = &[(EVEREST, "databaseclusters")];
const ENGINES: &[(&str, &str)] = &[(EVEREST, "databaseengines")];
const BACKUPS: &[(&str, &str)] = &[(EVEREST, "databaseclusterbackups")];
const RESTORES: &[(&str, &str)] = &[(EVEREST, "databaseclusterrestores")];
const STORAGES: &[(&str, &str)] = &[(EVEREST, "backupstorages")];
const MONITORING: &[(&str, &str)] = &[(EVEREST, "monitoringconfigs")];
const POLICIES: &[(&str, &str)] = &[(EVEREST, "podschedulingpolicies")];
const BALANCERS: &[(&str, &str)] = &[(EVEREST, "loadbalancerconfigs")];
const IMPORTS: &[(&str, &str)] = &[(EVEREST, "dataimportjobs")];
const IMPORTERS: &[(&str, &str)] = &[(EVEREST, "dataimporters")];
const HORIZONS: &[(&str, &str)] = &[(FEATURES, "splithorizondnsconfigs")];
/// The Deployment of Everest's API server.
const SERVER: &[&str] = &SERVERS;

/// The group and plural of Secrets.
pub(super) const SECRET: (&str, &str) = (CORE, "secrets");
const SECRETS: &[(&str, &str)] = &[SECRET];
const CONFIG_MAPS: &[(&str, &str)] = &[(CORE, "configmaps")];
const NAMESPACES: &[(&str, &str)] = &[(CORE, "namespaces")];

const READ: &[&str] = &["get", "list"];
const WATCH: &[&str] = &["watch"];
const LIST: &[&str] = &["list"];
const GET: &[&str] = &["get"];
const WRITE: &[&str] = &["create", "patch"];
const PATCH: &[&str] = &["patch"];
const CHANGE: &[&str] = &["get", "patch"];
const DELETE: &[&str] = &["delete"];

const NO_WATCH: &str =
    "waits work, and send a request for each object instead of one watch for all";

/// Verbs that a purpose does not work without.
const fn need(
    resources: &'static [(&'static str, &'static str)],
    verbs: &'static [&'static str],
    place: Place,
    without: &'static str,
) -> Need {
    Need {
        resources,
        verbs,
        place,
        names: &[],
        is_needed: true,
        is_of_plans: true,
        without,
    }
}

impl Need {
    /// The same, if the purpose works without it, or if only administrators have it.
    const fn optional(self) -> Self {
        Self {
            is_needed: false,
            ..self
        }
    }

    /// The same, if only applies need it.
    const fn in_applies(self) -> Self {
        Self {
            is_of_plans: false,
            ..self
        }
    }

    /// The same for these objects alone.
    const fn of(self, names: &'static [&'static str]) -> Self {
        Self { names, ..self }
    }
}

/// Every right, by purpose.
pub const TABLE: &[Purpose] = &[
    DATABASE_RIGHTS,
    BACKUP_RIGHTS,
    RESTORE_RIGHTS,
    IMPORT_RIGHTS,
    STORAGE_RIGHTS,
    MONITORING_RIGHTS,
    HORIZON_RIGHTS,
    VERSION_POLICY_RIGHTS,
    COMPONENT_RIGHTS,
    NAMESPACE_RIGHTS,
    POLICY_RIGHTS,
    BALANCER_RIGHTS,
    IMPORTER_RIGHTS,
    ACCOUNT_RIGHTS,
    RBAC_POLICY_RIGHTS,
    RBAC_ROLE_RIGHTS,
    OIDC_RIGHTS,
];

/// The engines' own objects of databases.
const OWN_DATABASES: &[(&str, &str)] = &[
    (PXC, "perconaxtradbclusters"),
    (PSMDB, "perconaservermongodbs"),
    (PG, "perconapgclusters"),
];

/// The engines' own objects of backups.
const OWN_BACKUPS: &[(&str, &str)] = &[
    (PXC, "perconaxtradbclusterbackups"),
    (PSMDB, "perconaservermongodbbackups"),
    (PG, "perconapgbackups"),
];

/// The engines' own objects of restores.
const OWN_RESTORES: &[(&str, &str)] = &[
    (PXC, "perconaxtradbclusterrestores"),
    (PSMDB, "perconaservermongodbrestores"),
    (PG, "perconapgrestores"),
];

/// Objects of the whole cluster that the rules of databases look at.
const SHARED: &[(&str, &str)] = &[
    (EVEREST, "podschedulingpolicies"),
    (EVEREST, "loadbalancerconfigs"),
    (EVEREST, "dataimporters"),
    ("storage.k8s.io", "storageclasses"),
];

/// Objects in a namespace that the rules of databases look at.
const REFERRED: &[(&str, &str)] = &[
    (EVEREST, "backupstorages"),
    (EVEREST, "monitoringconfigs"),
    (EVEREST, "databaseengines"),
    (FEATURES, "splithorizondnsconfigs"),
];

const UNCHECKED: &str = "a plan does not check the objects that a configuration refers to";
const NO_NAMESPACE: &str = "a plan does not check if the namespace exists";
const NO_EVENTS: &str = "a wait that ends early does not tell the last events";

/// The right to see the namespace.
const SEE_NAMESPACE: Need = need(NAMESPACES, GET, Cluster, NO_NAMESPACE).optional();

/// The right to see the events of objects that do not become ready.
const SEE_EVENTS: Need = need(&[(CORE, "events")], LIST, Namespaces, NO_EVENTS)
    .optional()
    .in_applies();

const DATABASE_RIGHTS: Purpose = Purpose {
    title: "{Database}",
    roles: Roles::Databases,
    needs: &[
        need(
            DATABASES,
            READ,
            Namespaces,
            "no {Database} can be read or planned",
        ),
        need(
            DATABASES,
            WRITE,
            Namespaces,
            "no {Database} can be created or changed",
        ),
        need(
            DATABASES,
            DELETE,
            Namespaces,
            "no {Database} can be destroyed",
        ),
        need(
            OWN_DATABASES,
            GET,
            Namespaces,
            "a plan does not check the size of volumes, and an apply cannot tell when {a Database} \
             is ready",
        ),
        need(
            OWN_DATABASES,
            LIST,
            Namespaces,
            "an apply sends a request for each {Database} that it waits for",
        )
        .optional()
        .in_applies(),
        need(
            BACKUPS,
            READ,
            Namespaces,
            "no {Database} can be destroyed: its backups would lose their data",
        ),
        need(
            BACKUPS,
            WRITE,
            Namespaces,
            "no {Database} can be destroyed after a final backup, or with the data of its backups \
             kept",
        )
        .optional(),
        need(
            SECRETS,
            &["get", "create", "patch"],
            Namespaces,
            "{usersWo} cannot be set, everest_database_credentials cannot be read, and a plan does \
             not notice that the Secret with the passwords has lost them, or that they are newer \
             than the backup that a new database comes from",
        )
        .optional(),
        need(REFERRED, READ, Namespaces, UNCHECKED).optional(),
        need(SHARED, LIST, Cluster, UNCHECKED).optional(),
        need(
            &[(CORE, "persistentvolumeclaims")],
            LIST,
            Namespaces,
            "the storage class of existing volumes is not known",
        )
        .optional(),
        need(
            &[
                (CORE, "persistentvolumeclaims"),
                (EVEREST, "databaseclusters"),
                (EVEREST, "databaseengines"),
                (EVEREST, "databaseclusterbackups"),
                (EVEREST, "databaseclusterrestores"),
                (PXC, "perconaxtradbclusters"),
                (PSMDB, "perconaservermongodbs"),
                (PG, "perconapgclusters"),
                (PXC, "perconaxtradbclusterrestores"),
                (PSMDB, "perconaservermongodbrestores"),
                (PG, "perconapgrestores"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        need(
            OWN_BACKUPS,
            GET,
            Namespaces,
            "a destruction cannot tell if the data of the final backup is whole, or if backups of a \
             paused MongoDB would hold it up",
        )
        .optional()
        .in_applies(),
        need(
            IMPORTS,
            READ,
            Namespaces,
            "an apply cannot tell why the import of the first data failed, or which import has \
             paused Everest's reconciliation",
        )
        .optional()
        .in_applies(),
        need(
            RESTORES,
            READ,
            Namespaces,
            "an apply cannot tell why the restore of the first data failed, or which restore a \
             change waits for",
        )
        .optional()
        .in_applies(),
        need(
            OWN_RESTORES,
            READ,
            Namespaces,
            "an apply cannot tell what the restore that a change waits for says",
        )
        .optional()
        .in_applies(),
        SEE_NAMESPACE,
        SEE_EVENTS,
    ],
};

const BACKUP_RIGHTS: Purpose = Purpose {
    title: "{Backup}",
    roles: Roles::Databases,
    needs: &[
        need(
            BACKUPS,
            READ,
            Namespaces,
            "no {Backup} can be read or planned",
        ),
        need(BACKUPS, WRITE, Namespaces, "no {Backup} can be taken"),
        need(BACKUPS, DELETE, Namespaces, "no {Backup} can be destroyed"),
        need(DATABASES, READ, Namespaces, UNCHECKED).optional(),
        need(STORAGES, READ, Namespaces, UNCHECKED).optional(),
        need(
            RESTORES,
            READ,
            Namespaces,
            "no {Backup} can be destroyed: a restore may need it",
        ),
        need(
            OWN_BACKUPS,
            READ,
            Namespaces,
            "the reason of a failed backup is not known",
        )
        .optional()
        .in_applies(),
        need(
            &[
                (EVEREST, "databaseclusterbackups"),
                (EVEREST, "databaseclusters"),
                (EVEREST, "databaseengines"),
                (PXC, "perconaxtradbclusterbackups"),
                (PSMDB, "perconaservermongodbbackups"),
                (PG, "perconapgbackups"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        need(
            ENGINES,
            LIST,
            Namespaces,
            "an operator that is being upgraded is not noticed",
        )
        .optional(),
        SEE_NAMESPACE,
        SEE_EVENTS,
    ],
};

const RESTORE_RIGHTS: Purpose = Purpose {
    title: "{Restore}",
    roles: Roles::Databases,
    needs: &[
        need(
            RESTORES,
            READ,
            Namespaces,
            "no {Restore} can be read or planned",
        ),
        need(RESTORES, WRITE, Namespaces, "no {Restore} can be run"),
        need(
            RESTORES,
            DELETE,
            Namespaces,
            "no {Restore} can be destroyed or run again",
        ),
        need(
            DATABASES,
            READ,
            Namespaces,
            "an apply cannot tell when a restore is over",
        ),
        need(BACKUPS, READ, Namespaces, UNCHECKED).optional(),
        need(
            IMPORTS,
            LIST,
            Namespaces,
            "a restore may begin beside an import",
        )
        .optional(),
        need(
            OWN_RESTORES,
            READ,
            Namespaces,
            "the reason of a failed restore is not known",
        )
        .optional()
        .in_applies(),
        need(
            &[
                (EVEREST, "databaseclusterrestores"),
                (EVEREST, "databaseclusterbackups"),
                (EVEREST, "databaseclusters"),
                (EVEREST, "databaseengines"),
                (EVEREST, "dataimportjobs"),
                (PXC, "perconaxtradbclusterrestores"),
                (PSMDB, "perconaservermongodbrestores"),
                (PG, "perconapgrestores"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        need(
            ENGINES,
            LIST,
            Namespaces,
            "an operator that is being upgraded is not noticed",
        )
        .optional(),
        SEE_NAMESPACE,
        SEE_EVENTS,
    ],
};

const IMPORT_RIGHTS: Purpose = Purpose {
    title: "{DataImportJob}",
    roles: Roles::Databases,
    needs: &[
        need(
            IMPORTS,
            READ,
            Namespaces,
            "no {DataImportJob} can be read or planned",
        ),
        need(IMPORTS, WRITE, Namespaces, "no {DataImportJob} can be run"),
        need(
            IMPORTS,
            DELETE,
            Namespaces,
            "no {DataImportJob} can be destroyed or run again",
        ),
        need(
            SECRETS,
            &["get", "create", "patch", "delete"],
            Namespaces,
            "the keys of {a DataImportJob} cannot be written, and a plan does not notice that \
             their Secret is gone or changed",
        ),
        need(
            DATABASES,
            READ,
            Namespaces,
            "an apply cannot tell when an import is over",
        ),
        need(
            &[
                (EVEREST, "databaseclusterrestores"),
                (EVEREST, "backupstorages"),
            ],
            LIST,
            Namespaces,
            "an import may begin beside a restore, and its Secret may stay",
        )
        .optional(),
        need(IMPORTERS, LIST, Cluster, UNCHECKED).optional(),
        need(
            OWN_RESTORES,
            READ,
            Namespaces,
            "what an earlier import has left is not noticed",
        )
        .optional()
        .in_applies(),
        need(
            &[
                (EVEREST, "dataimportjobs"),
                (EVEREST, "databaseclusters"),
                (EVEREST, "databaseclusterrestores"),
                (EVEREST, "databaseengines"),
                (EVEREST, "backupstorages"),
                (PXC, "perconaxtradbclusterrestores"),
                (PSMDB, "perconaservermongodbrestores"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        need(
            ENGINES,
            LIST,
            Namespaces,
            "an operator that is being upgraded is not noticed",
        )
        .optional(),
        SEE_NAMESPACE,
        SEE_EVENTS,
    ],
};

const STORAGE_RIGHTS: Purpose = Purpose {
    title: "{BackupStorage}",
    roles: Roles::Databases,
    needs: &[
        need(
            STORAGES,
            READ,
            Namespaces,
            "no {BackupStorage} can be read or planned",
        ),
        need(
            STORAGES,
            WRITE,
            Namespaces,
            "no {BackupStorage} can be created or changed",
        ),
        need(
            STORAGES,
            DELETE,
            Namespaces,
            "no {BackupStorage} can be destroyed",
        ),
        need(
            SECRETS,
            &["get", "create", "patch", "delete"],
            Namespaces,
            "the credentials of {a BackupStorage} cannot be written, and a plan does not notice that \
             their Secret is gone or changed",
        ),
        need(
            &[
                (EVEREST, "databaseclusters"),
                (EVEREST, "databaseclusterbackups"),
                (EVEREST, "databaseclusterrestores"),
            ],
            READ,
            Namespaces,
            "no {BackupStorage} can be destroyed: it may be in use",
        ),
        need(
            IMPORTS,
            LIST,
            Namespaces,
            "the Secret that an interrupted apply has left stays",
        )
        .optional(),
        need(
            &[
                (EVEREST, "backupstorages"),
                (EVEREST, "dataimportjobs"),
                (EVEREST, "databaseclusters"),
                (EVEREST, "databaseclusterbackups"),
                (EVEREST, "databaseclusterrestores"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        SEE_NAMESPACE,
    ],
};

const MONITORING_RIGHTS: Purpose = Purpose {
    title: "{MonitoringConfig}",
    roles: Roles::Databases,
    needs: &[
        need(
            MONITORING,
            READ,
            Namespaces,
            "no {MonitoringConfig} can be read or planned",
        ),
        need(
            MONITORING,
            WRITE,
            Namespaces,
            "no {MonitoringConfig} can be created or changed",
        ),
        need(
            MONITORING,
            DELETE,
            Namespaces,
            "no {MonitoringConfig} can be destroyed",
        ),
        need(
            SECRETS,
            &["get", "create", "patch", "delete"],
            Namespaces,
            "the API key of {a MonitoringConfig} cannot be written, and a plan does not notice that \
             its Secret is gone or changed",
        ),
        need(
            DATABASES,
            READ,
            Namespaces,
            "no {MonitoringConfig} can be destroyed: it may be in use",
        ),
        need(
            &[
                (EVEREST, "monitoringconfigs"),
                (EVEREST, "databaseclusters"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        SEE_NAMESPACE,
    ],
};

const HORIZON_RIGHTS: Purpose = Purpose {
    title: "{SplitHorizonDNSConfig}",
    roles: Roles::Databases,
    needs: &[
        need(
            HORIZONS,
            READ,
            Namespaces,
            "no {SplitHorizonDNSConfig} can be read or planned",
        ),
        need(
            HORIZONS,
            WRITE,
            Namespaces,
            "no {SplitHorizonDNSConfig} can be created or changed",
        ),
        need(
            HORIZONS,
            DELETE,
            Namespaces,
            "no {SplitHorizonDNSConfig} can be destroyed",
        ),
        need(
            SECRETS,
            &["get", "create", "patch", "delete"],
            Namespaces,
            "the authority of {a SplitHorizonDNSConfig} cannot be written, and a plan does not \
             notice that its Secret is gone or changed",
        ),
        need(
            DATABASES,
            READ,
            Namespaces,
            "no {SplitHorizonDNSConfig} can be destroyed: it may be in use",
        ),
        need(
            &[
                (FEATURES, "splithorizondnsconfigs"),
                (EVEREST, "databaseclusters"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        SEE_NAMESPACE,
    ],
};

const VERSION_POLICY_RIGHTS: Purpose = Purpose {
    title: "{EngineVersionPolicy}",
    roles: Roles::Databases,
    needs: &[
        need(
            ENGINES,
            READ,
            Namespaces,
            "no {EngineVersionPolicy} can be read or planned",
        ),
        need(
            ENGINES,
            PATCH,
            Namespaces,
            "no {EngineVersionPolicy} can be created, changed or destroyed",
        ),
        need(DATABASES, READ, Namespaces, UNCHECKED).optional(),
        SEE_NAMESPACE,
    ],
};

const COMPONENT_RIGHTS: Purpose = Purpose {
    title: "everest_components",
    roles: Roles::Databases,
    needs: &[need(
        &[(CORE, "pods")],
        LIST,
        Namespaces,
        "the pods of a database cannot be listed",
    )
    .optional()],
};

/// Objects that keep a namespace, or an engine in it.
const CONTENT: &[(&str, &str)] = &[
    (EVEREST, "databaseclusters"),
    (EVEREST, "databaseclusterbackups"),
    (EVEREST, "databaseclusterrestores"),
    (EVEREST, "backupstorages"),
    (EVEREST, "monitoringconfigs"),
    (PXC, "perconaxtradbclusters"),
    (PXC, "perconaxtradbclusterbackups"),
    (PXC, "perconaxtradbclusterrestores"),
    (PSMDB, "perconaservermongodbs"),
    (PSMDB, "perconaservermongodbbackups"),
    (PSMDB, "perconaservermongodbrestores"),
    (PG, "perconapgclusters"),
    (PG, "perconapgbackups"),
    (PG, "perconapgrestores"),
];

const NAMESPACE_RIGHTS: Purpose = Purpose {
    title: "{DatabaseNamespace}",
    roles: Roles::Namespaces,
    needs: &[
        need(
            NAMESPACES,
            READ,
            Cluster,
            "no {DatabaseNamespace} can be read or planned",
        )
        .optional(),
        need(
            NAMESPACES,
            WRITE,
            Cluster,
            "no {DatabaseNamespace} can be created or changed",
        )
        .optional(),
        need(
            NAMESPACES,
            DELETE,
            Cluster,
            "no {DatabaseNamespace} can be destroyed",
        )
        .optional(),
        need(NAMESPACES, WATCH, Cluster, NO_WATCH).optional(),
        need(
            &[(OLM, "subscriptions"), (OLM, "installplans")],
            LIST,
            Namespaces,
            "no {DatabaseNamespace} can be read or planned",
        )
        .optional(),
        need(
            &[(OLM, "subscriptions")],
            &["get", "create", "patch", "delete"],
            Namespaces,
            "no operator can be installed, upgraded or removed",
        )
        .optional()
        .in_applies(),
        need(
            &[(OLM, "operatorgroups")],
            &["list", "create", "patch", "delete"],
            Namespaces,
            "no operator can be installed",
        )
        .optional()
        .in_applies(),
        need(
            &[(OLM, "installplans")],
            CHANGE,
            Namespaces,
            "no installation or upgrade of an operator can be approved",
        )
        .optional()
        .in_applies(),
        need(
            &[(OLM, "installplans")],
            DELETE,
            Namespaces,
            "no engine can be removed while its upgrade waits in one install plan with another's",
        )
        .optional()
        .in_applies(),
        need(
            &[(OLM, "clusterserviceversions")],
            LIST,
            Namespaces,
            "a plan does not notice that an operator is only half removed, and no operator can be \
             removed",
        )
        .optional(),
        need(
            &[(OLM, "clusterserviceversions")],
            &["get", "delete"],
            Namespaces,
            "an apply cannot tell when an operator runs, and no operator can be removed",
        )
        .optional()
        .in_applies(),
        need(
            ENGINES,
            &["get", "list", "patch"],
            Namespaces,
            "an apply cannot tell when an engine can be used, or upgrade its operator",
        )
        .optional(),
        need(
            &[(OLM, "catalogsources")],
            GET,
            Catalog,
            "a plan does not check the catalog",
        )
        .optional(),
        need(
            &[("packages.operators.coreos.com", "packagemanifests")],
            GET,
            Catalog,
            "the channel of an operator is the one of its release, not the default of the catalog",
        )
        .optional()
        .in_applies(),
        need(
            &[(EVEREST, "databaseengines"), (OLM, "subscriptions")],
            LIST,
            Cluster,
            "channels and versions that other namespaces have are not known",
        )
        .optional(),
        need(
            CONTENT,
            LIST,
            Namespaces,
            "no {DatabaseNamespace} can be destroyed and no engine removed: objects may be left",
        )
        .optional()
        .in_applies(),
        need(CONTENT, WATCH, Namespaces, NO_WATCH).optional(),
        need(
            &[
                (EVEREST, "databaseengines"),
                (OLM, "subscriptions"),
                (OLM, "operatorgroups"),
                (OLM, "installplans"),
                (OLM, "clusterserviceversions"),
            ],
            WATCH,
            Namespaces,
            NO_WATCH,
        )
        .optional(),
        need(
            &[(OLM, "catalogsources")],
            &["list", "watch"],
            Catalog,
            NO_WATCH,
        )
        .optional()
        .in_applies(),
        need(
            DATABASES,
            GET,
            Namespaces,
            "no {DatabaseNamespace} can be destroyed by force",
        )
        .optional()
        .in_applies(),
        need(
            BACKUPS,
            PATCH,
            Namespaces,
            "no {DatabaseNamespace} with backups can be destroyed by force: their data would go",
        )
        .optional()
        .in_applies(),
        need(
            STORAGES,
            PATCH,
            Namespaces,
            "a backup storage that was deleted while in use holds {a DatabaseNamespace} for ever",
        )
        .optional()
        .in_applies(),
        need(
            &[
                (EVEREST, "databaseclusters"),
                (EVEREST, "databaseclusterbackups"),
                (EVEREST, "databaseclusterrestores"),
                (EVEREST, "backupstorages"),
                (EVEREST, "monitoringconfigs"),
            ],
            DELETE,
            Namespaces,
            "no {DatabaseNamespace} can be destroyed by force",
        )
        .optional(),
        need(
            &[("apps", "deployments")],
            GET,
            System,
            "a plan does not check the version of Everest",
        )
        .of(SERVER)
        .optional(),
    ],
};

const POLICY_RIGHTS: Purpose = Purpose {
    title: "{PodSchedulingPolicy}",
    roles: Roles::ClusterScoped,
    needs: &[
        need(
            POLICIES,
            READ,
            Cluster,
            "no {PodSchedulingPolicy} can be read or planned",
        )
        .optional(),
        need(
            POLICIES,
            WRITE,
            Cluster,
            "no {PodSchedulingPolicy} can be created or changed",
        )
        .optional(),
        need(
            POLICIES,
            DELETE,
            Cluster,
            "no {PodSchedulingPolicy} can be destroyed",
        )
        .optional(),
        need(
            DATABASES,
            LIST,
            Cluster,
            "a plan does not name the databases that a change restarts, and no \
             {PodSchedulingPolicy} can be destroyed",
        )
        .optional(),
        need(POLICIES, WATCH, Cluster, NO_WATCH).optional(),
    ],
};

const BALANCER_RIGHTS: Purpose = Purpose {
    title: "{LoadBalancerConfig}",
    roles: Roles::ClusterScoped,
    needs: &[
        need(
            BALANCERS,
            READ,
            Cluster,
            "no {LoadBalancerConfig} can be read or planned",
        )
        .optional(),
        need(
            BALANCERS,
            WRITE,
            Cluster,
            "no {LoadBalancerConfig} can be created or changed",
        )
        .optional(),
        need(
            BALANCERS,
            DELETE,
            Cluster,
            "no {LoadBalancerConfig} can be destroyed",
        )
        .optional(),
        need(
            DATABASES,
            LIST,
            Cluster,
            "a plan does not name the databases that a change reaches, and no \
             {LoadBalancerConfig} can be destroyed",
        )
        .optional(),
        need(BALANCERS, WATCH, Cluster, NO_WATCH).optional(),
    ],
};

const IMPORTER_RIGHTS: Purpose = Purpose {
    title: "{DataImporter}",
    roles: Roles::ClusterScoped,
    needs: &[
        need(
            IMPORTERS,
            READ,
            Cluster,
            "no {DataImporter} can be read or planned",
        )
        .optional(),
        need(
            IMPORTERS,
            WRITE,
            Cluster,
            "no {DataImporter} can be created or changed",
        )
        .optional(),
        need(
            IMPORTERS,
            DELETE,
            Cluster,
            "no {DataImporter} can be destroyed",
        )
        .optional(),
        need(
            IMPORTS,
            LIST,
            Cluster,
            "no {DataImporter} can be destroyed: an import may need it",
        )
        .optional(),
        need(
            DATABASES,
            LIST,
            Cluster,
            "a plan does not name the databases that import with it",
        )
        .optional(),
        need(IMPORTERS, WATCH, Cluster, NO_WATCH).optional(),
    ],
};

/// The right to see Everest's own namespace.
const SEE_SYSTEM: Need = need(
    NAMESPACES,
    GET,
    System,
    "a plan does not check if Everest is installed",
)
.optional();

/// The rights for a part of the access control.
const ACCESS: &[Need] = &[
    need(
        CONFIG_MAPS,
        CHANGE,
        System,
        "the access control can be neither read nor changed",
    )
    .of(&["everest-rbac"])
    .optional(),
    need(
        &[("apps", "deployments")],
        GET,
        System,
        "it is not checked that Everest's release knows each resource of a permission, at which its \
         API server would stop",
    )
    .of(SERVER)
    .optional(),
    SEE_SYSTEM,
];

const ACCOUNT_RIGHTS: Purpose = Purpose {
    title: "everest_account",
    roles: Roles::Settings,
    needs: &[
        need(
            SECRETS,
            CHANGE,
            System,
            "no everest_account can be read or changed",
        )
        .of(&["everest-accounts"])
        .optional(),
        SEE_SYSTEM,
    ],
};

const RBAC_POLICY_RIGHTS: Purpose = Purpose {
    title: "everest_rbac_policy",
    roles: Roles::Settings,
    needs: ACCESS,
};

const RBAC_ROLE_RIGHTS: Purpose = Purpose {
    title: "everest_rbac_role",
    roles: Roles::Settings,
    needs: ACCESS,
};

const OIDC_RIGHTS: Purpose = Purpose {
    title: "everest_oidc_settings",
    roles: Roles::Settings,
    needs: &[
        need(
            CONFIG_MAPS,
            CHANGE,
            System,
            "single sign-on can be neither read nor changed",
        )
        .of(&["everest-settings"])
        .optional(),
        need(
            &[("apps", "deployments")],
            CHANGE,
            System,
            "Everest's API server cannot be restarted after a change",
        )
        .of(SERVER)
        .optional(),
        SEE_SYSTEM,
    ],
};

//! The plural data sources: a filter, and the objects that it finds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BackupModel, BackupStorageModel, DataImportJobModel, DataImporterModel, DatabaseModel,
    EngineVersionPolicyModel, Listed, LoadBalancerConfigModel, MonitoringConfigModel,
    NamespaceModel, PodSchedulingPolicyModel, RestoreModel, SplitHorizonDnsConfigModel,
};
use crate::{Field, StringMap, facts};

/// A filter with the objects of one kind that it finds.
pub trait Collection: Sized {
    /// The kind's model.
    type Model;

    /// The only namespace to search; `None`: all.
    fn namespace(&self) -> Option<&str>;

    /// The labels that the objects must have.
    fn labels(&self) -> &StringMap;

    /// Returns true if an object with the labels passes the rest of the filter.
    fn accepts(&self, model: &Self::Model) -> bool {
        let _ = model;
        true
    }

    /// The filter with what it has found.
    #[must_use]
    fn with(self, found: Vec<Self::Model>) -> Self;
}

/// Defines a collection of a model: its documentation, its members, and its implementation.
macro_rules! collection {
    ($(#[$doc:meta])* $name:ident { $($(#[$filter_doc:meta])* $filter:ident,)* } finds $found:ident: $model:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        #[schemars(transform = crate::extensions::since_kind::<$model>)]
        pub struct $name {
            $(
                $(#[$filter_doc])*
                #[serde(default, skip_serializing_if = "Field::is_null")]
                pub $filter: Field<String>,
            )*

            /// Labels that the objects must have, with these values.
            #[serde(default, skip_serializing_if = "Field::is_null")]
            #[schemars(transform = facts::omitted("any labels"))]
            pub labels: StringMap,

            /// The objects that were found, by namespace and name.
            #[serde(default, skip_serializing_if = "Field::is_null")]
            #[schemars(extend("x-read-only" = true))]
            pub $found: Field<Vec<Field<Listed<$model>>>>,
        }

        impl Collection for $name {
            type Model = $model;

            fn namespace(&self) -> Option<&str> {
                collection!(@namespace self $($filter)*)
            }

            fn labels(&self) -> &StringMap {
                &self.labels
            }

            fn accepts(&self, model: &$model) -> bool {
                collection!(@database self model $($filter)*)
            }

            fn with(self, found: Vec<$model>) -> Self {
                let found = found.into_iter().map(|model| Field::Known(Listed(model)));
                Self {
                    $found: Field::Known(found.collect()),
                    ..self
                }
            }
        }
    };
    (@namespace $self:ident) => { None };
    (@namespace $self:ident namespace $($more:ident)*) => { $self.namespace.known_str() };
    (@database $self:ident $model:ident) => {{ let _ = $model; true }};
    (@database $self:ident $model:ident namespace) => {{ let _ = $model; true }};
    (@database $self:ident $model:ident namespace database_name) => {
        $self.database_name.is_null() || $self.database_name == $model.database_name
    };
}

collection! {
    /// Databases that exist, in one namespace or in all.
    Databases {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
    } finds databases: DatabaseModel
}

collection! {
    /// Backups that exist: on demand, scheduled, and those that Everest mirrors from the engines.
    Backups {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
        /// Database whose backups are wanted.
        #[schemars(transform = facts::omitted("those of all databases"))]
        database_name,
    } finds backups: BackupModel
}

collection! {
    /// Records of restores.
    Restores {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
        /// Database whose restores are wanted.
        #[schemars(transform = facts::omitted("those of all databases"))]
        database_name,
    } finds restores: RestoreModel
}

collection! {
    /// Backup storages that exist.
    BackupStorages {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
    } finds backup_storages: BackupStorageModel
}

collection! {
    /// Monitoring configurations that exist.
    MonitoringConfigs {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
    } finds monitoring_configs: MonitoringConfigModel
}

collection! {
    /// Engines whose versions are restricted, with the versions that databases may have.
    EngineVersionPolicies {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
    } finds engine_version_policies: EngineVersionPolicyModel
}

collection! {
    /// Split-horizon DNS configurations that exist.
    SplitHorizonDnsConfigs {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
    } finds split_horizon_dns_configs: SplitHorizonDnsConfigModel
}

collection! {
    /// The namespaces that Everest runs databases in, with their engine operators.
    Namespaces {} finds namespaces: NamespaceModel
}

collection! {
    /// Pod scheduling policies that exist, those that Everest ships included.
    PodSchedulingPolicies {} finds pod_scheduling_policies: PodSchedulingPolicyModel
}

collection! {
    /// Load balancer configurations that exist, the one that Everest ships included.
    LoadBalancerConfigs {} finds load_balancer_configs: LoadBalancerConfigModel
}

collection! {
    /// Data importers that exist, those of Everest's chart included.
    DataImporters {} finds data_importers: DataImporterModel
}

collection! {
    /// Imports into databases, those included that Everest runs for new databases.
    DataImportJobs {
        /// Namespace to search.
        #[schemars(transform = facts::omitted("all namespaces, which needs permission to list the objects cluster-wide"))]
        namespace,
        /// Database whose imports are wanted.
        #[schemars(transform = facts::omitted("those of all databases"))]
        database_name,
    } finds data_import_jobs: DataImportJobModel
}

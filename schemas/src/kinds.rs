//! The list of all kinds that users write.

/// Passes every kind to the macro `$of_each`, as `module::Kind = Model;`.
///
/// It is the only such list. Everything that covers all kinds (the providers' registrations, the
/// definitions, the names in messages, the tests) is generated from it, and does not compile for a
/// kind that lacks a trait. `Kind` is the variant of `everest_core::dialect::Resource` and, in
/// `provider/terraform`, the type `module::Kind`. The Terraform resource is called
/// `everest_module`.
///
/// ```
/// use everest_schemas::managed::ManagedModel;
///
/// macro_rules! plurals {
///     ($($module:ident::$kind:ident = $model:ty;)*) => { [$(<$model>::PLURAL),*] };
/// }
/// let plurals = everest_schemas::for_each_kind!(plurals);
/// assert!(plurals.contains(&"everestdatabases"));
/// ```
#[macro_export]
macro_rules! for_each_kind {
    ($of_each:ident) => {
        $of_each! {
            namespace::Namespace = $crate::models::NamespaceModel;
            database::Database = $crate::models::DatabaseModel;
            backup_storage::BackupStorage = $crate::models::BackupStorageModel;
            monitoring_config::MonitoringConfig = $crate::models::MonitoringConfigModel;
            backup::Backup = $crate::models::BackupModel;
            restore::Restore = $crate::models::RestoreModel;
            pod_scheduling_policy::PodSchedulingPolicy = $crate::models::PodSchedulingPolicyModel;
            load_balancer_config::LoadBalancerConfig = $crate::models::LoadBalancerConfigModel;
            data_importer::DataImporter = $crate::models::DataImporterModel;
            engine_version_policy::EngineVersionPolicy = $crate::models::EngineVersionPolicyModel;
            split_horizon_dns_config::SplitHorizonDnsConfig = $crate::models::SplitHorizonDnsConfigModel;
        }
    };
}

//! The lists of what users write: the kinds, and the settings of Everest's own server.

/// Passes every kind to the macro `$of_each`, as `module::Kind = Model;`.
///
/// It is the only list of kinds. Everything that covers all kinds (the providers' registrations, the
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
            data_import_job::DataImportJob = $crate::models::DataImportJobModel;
            engine_version_policy::EngineVersionPolicy = $crate::models::EngineVersionPolicyModel;
            split_horizon_dns_config::SplitHorizonDnsConfig = $crate::models::SplitHorizonDnsConfigModel;
        }
    };
}

/// Passes every setting of Everest's own server to the macro `$of_each`, as
/// `module::Setting = Model;`.
///
/// A setting is a part of a Secret or a ConfigMap in Everest's own namespace: it is no object of
/// its own, and Terraform alone has a resource for it. So it is in a list of its own, and what
/// [`for_each_kind!`](crate::for_each_kind) asks of a kind, such as a managed resource, is not asked
/// of it. Everything that covers all settings is generated from this list. `Setting` is in
/// `provider/terraform` the type `server::module::Setting`. The Terraform resource is called
/// `everest_module`.
#[macro_export]
macro_rules! for_each_server_setting {
    ($of_each:ident) => {
        $of_each! {
            account::Account = $crate::models::AccountModel;
            rbac_policy::RbacPolicy = $crate::models::RbacPolicyModel;
            rbac_role::RbacRole = $crate::models::RbacRoleModel;
            oidc_settings::OidcSettings = $crate::models::OidcSettingsModel;
        }
    };
}

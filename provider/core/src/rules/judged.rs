//! The attributes that each rule judges.
//!
//! The checks report a broken rule at one of these attributes; the unit tests fail for a finding at
//! any other. Rules that hold for every attribute of a form, such as quantities, and findings about
//! an object as a whole are not listed.

use super::Rule;
use super::table::{
    backup, data_import_job, database, engine_features, general, namespace, online, server, shared,
    versions,
};

/// An attribute with the rules that judge it.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// The kind or the setting, by its name in the lists of `everest-schemas`.
    pub kind: &'static str,
    /// The attribute, as a path of the model without keys.
    pub attribute: &'static str,
    /// The rules, those that need no cluster first.
    pub rules: &'static [Rule],
}

const fn of(kind: &'static str, attribute: &'static str, rules: &'static [Rule]) -> Judged {
    Judged {
        kind,
        attribute,
        rules,
    }
}

const DATABASE: &str = "database";
const BACKUP_STORAGE: &str = "backup_storage";
const MONITORING_CONFIG: &str = "monitoring_config";
const BACKUP: &str = "backup";
const RESTORE: &str = "restore";
const NAMESPACE: &str = "namespace";
const POLICY: &str = "pod_scheduling_policy";
const LOAD_BALANCER_CONFIG: &str = "load_balancer_config";
const DATA_IMPORTER: &str = "data_importer";
const DATA_IMPORT_JOB: &str = "data_import_job";
const VERSION_POLICY: &str = "engine_version_policy";
const SPLIT_HORIZON: &str = "split_horizon_dns_config";
const ACCOUNT: &str = "account";
const RBAC_POLICY: &str = "rbac_policy";
const RBAC_ROLE: &str = "rbac_role";
const OIDC: &str = "oidc_settings";

/// Every attribute that a rule judges, by kind.
#[rustfmt::skip]
pub const JUDGED: &[Judged] = &[
    of(DATABASE, "namespace", &[online::NAMESPACE_SERVED]),
    of(DATABASE, "name", &[general::NAME]),
    of(DATABASE, "restartTrigger", &[database::RESTART_RUNNING]),
    of(DATABASE, "paused", &[database::PSMDB_LOCKED_BACKUPS]),
    of(DATABASE, "usersWo", &[database::USERS_ENGINE, database::USERS_VALUES, database::USERS_SOURCE, database::USERS_KEYS]),
    of(DATABASE, "usersWoVersion", &[backup::CREDENTIALS_VERSION]),
    of(DATABASE, "finalBackup", &[database::FINAL_BACKUP_RUNNING]),
    of(DATABASE, "finalBackup.backupStorageName", &[database::FINAL_BACKUP_STORAGE, online::STORAGE_EXISTS, backup::PSMDB_ONE_STORAGE, backup::PG_THREE_STORAGES]),
    of(DATABASE, "finalBackup.name", &[general::OBJECT_NAME, backup::PXC_BACKUP_NAME]),
    of(DATABASE, "engine.type", &[online::ENGINE_INSTALLED]),
    of(DATABASE, "allowUnsafeConfiguration", &[database::TLS_DISABLED]),
    of(DATABASE, "engine.version", &[database::VERSION_SYNTAX, database::VERSION_NO_DOWNGRADE, database::VERSION_MAJOR, database::VERSION_AFTER_CR_VERSION, online::VERSION_OFFERED, online::VERSION_ALLOWED, online::VERSION_RECOMMENDED]),
    of(DATABASE, "engine.crVersion", &[database::CR_VERSION]),
    of(DATABASE, "engine.replicas", &[database::REPLICAS_ODD, database::REPLICAS_AT_MOST_FIVE, database::NO_SCALE_TO_ONE, data_import_job::IMPORT_REPLICAS]),
    of(DATABASE, "engine.config", &[database::CONFIG_LINE]),
    of(DATABASE, "engine.userSecretsName", &[database::USERS_SECRET_SHARED, online::SECRET_EXISTS, online::IMPORTER_APPLIES]),
    of(DATABASE, "engine.resources", &[database::RESOURCES_REQUIRED]),
    of(DATABASE, "engine.resources.cpu", &[database::RESOURCES_REQUIRED, database::CPU_MINIMUM]),
    of(DATABASE, "engine.resources.memory", &[database::RESOURCES_REQUIRED, database::MEMORY_MINIMUM]),
    of(DATABASE, "engine.resources.limits.cpu", &[database::RESOURCES_REQUIRED, database::CPU_MINIMUM]),
    of(DATABASE, "engine.resources.limits.memory", &[database::RESOURCES_REQUIRED, database::MEMORY_MINIMUM]),
    of(DATABASE, "engine.resources.requests.cpu", &[database::REQUESTS_WITHIN_LIMITS]),
    of(DATABASE, "engine.resources.requests.memory", &[database::REQUESTS_WITHIN_LIMITS]),
    of(DATABASE, "engine.storage.class", &[database::STORAGE_CLASS_SEEN, online::STORAGE_CLASS_EXISTS, online::STORAGE_CLASS_DEFAULT]),
    of(DATABASE, "engine.storage.size", &[database::STORAGE_MINIMUM, database::STORAGE_NO_SHRINK, database::STORAGE_GROWS_RUNNING, online::STORAGE_GROWS]),
    of(DATABASE, "proxy.type", &[database::PROXY_TYPE, database::PROXYSQL_RELEASE]),
    of(DATABASE, "proxy.replicas", &[database::PROXY_REPLICAS]),
    of(DATABASE, "proxy.resources.cpu", &[database::RESOURCES_IGNORED]),
    of(DATABASE, "proxy.resources.memory", &[database::RESOURCES_IGNORED]),
    of(DATABASE, "proxy.resources.requests.cpu", &[database::REQUESTS_WITHIN_LIMITS]),
    of(DATABASE, "proxy.resources.requests.memory", &[database::REQUESTS_WITHIN_LIMITS]),
    of(DATABASE, "proxy.storage.class", &[database::STORAGE_CLASS_SEEN, online::STORAGE_CLASS_EXISTS, online::STORAGE_CLASS_DEFAULT]),
    of(DATABASE, "proxy.storage.size", &[database::STORAGE_NO_SHRINK, database::PROXY_STORAGE_FIXED, online::STORAGE_GROWS]),
    of(DATABASE, "proxy.expose.ipSourceRanges", &[database::IP_RANGES_DISTINCT, database::IP_RANGE_SYNTAX]),
    of(DATABASE, "proxy.expose.loadBalancerConfigName", &[database::LOAD_BALANCER_CONFIG_KEPT, online::LOAD_BALANCER_CONFIG_EXISTS]),
    of(DATABASE, "sharding.enabled", &[database::SHARDING_PSMDB, database::SHARDING_FIXED]),
    of(DATABASE, "sharding.shards", &[database::SHARDING_SHARDS]),
    of(DATABASE, "sharding.configServer.replicas", &[database::SHARDING_CONFIG_SERVERS]),
    of(DATABASE, "engineFeatures.psmdb", &[database::ENGINE_FEATURES_PSMDB]),
    of(DATABASE, "engineFeatures.psmdb.splitHorizonDnsConfigName", &[database::SPLIT_HORIZON_UNSHARDED, online::SPLIT_HORIZON_EXISTS]),
    of(DATABASE, "monitoring.monitoringConfigName", &[online::MONITORING_EXISTS]),
    of(DATABASE, "monitoring.resources.requests", &[database::REQUESTS_WITHIN_LIMITS]),
    of(DATABASE, "podSchedulingPolicyName", &[online::POLICY_EXISTS, online::POLICY_APPLIES]),
    of(DATABASE, "backup.pitr.backupStorageName", &[backup::PITR_STORAGE, online::STORAGE_EXISTS]),
    of(DATABASE, "backup.pitr.uploadIntervalSec", &[backup::PITR_INTERVAL, backup::PITR_MINUTES]),
    of(DATABASE, "backup.schedules", &[backup::SCHEDULE_NAME, backup::SCHEDULE_NAMES_DISTINCT, backup::PG_LAST_STORAGE]),
    of(DATABASE, "backup.schedules.name", &[backup::SCHEDULE_NAME, backup::SCHEDULE_NAMES_DISTINCT]),
    of(DATABASE, "backup.schedules.retentionCopies", &[backup::PG_BACKUP_RETENTION]),
    of(DATABASE, "backup.schedules.schedule", &[backup::SCHEDULE_CRON, backup::SCHEDULES_DISTINCT]),
    of(DATABASE, "backup.schedules.backupStorageName", &[backup::SCHEDULE_STORAGE, backup::PSMDB_ONE_STORAGE, backup::PG_STORAGE_PER_SCHEDULE, backup::PG_THREE_STORAGES, backup::PG_SCHEDULE_STORAGE_FIXED, online::STORAGE_EXISTS]),
    of(DATABASE, "dataSource", &[backup::DATA_SOURCE_ONE, backup::DATA_SOURCE_UNUSED, online::IMPORTER_APPLIES]),
    of(DATABASE, "dataSource.dbClusterBackupName", &[online::SOURCE_BACKUP, database::USERS_OF_BACKUP]),
    of(DATABASE, "dataSource.backupSource", &[backup::PG_DATA_BY_PATH]),
    of(DATABASE, "dataSource.backupSource.path", &[backup::BACKUP_SOURCE, backup::BACKUP_PATH_FORM]),
    of(DATABASE, "dataSource.backupSource.backupStorageName", &[backup::BACKUP_SOURCE, online::STORAGE_EXISTS]),
    of(DATABASE, "dataSource.pitr", &[backup::PXC_PITR_LOG]),
    of(DATABASE, "dataSource.pitr.date", &[backup::PITR_DATE, backup::PITR_WINDOW, backup::PITR_GAPS]),
    of(DATABASE, "dataSource.pitr.type", &[backup::PITR_LATEST]),
    of(DATABASE, "dataSource.dataImport.config", &[online::IMPORT_CONFIG]),
    of(DATABASE, "dataSource.dataImport.dataImporterName", &[online::IMPORTER_EXISTS, online::IMPORTER_APPLIES]),
    of(DATABASE, "dataSource.dataImport.source.path", &[backup::DATA_IMPORT_PATH]),
    of(DATABASE, "dataSource.dataImport.source.s3.endpointURL", &[backup::ENDPOINT_URL]),
    of(DATABASE, "dataSource.dataImport.source.s3.accessKeyId", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(DATABASE, "dataSource.dataImport.source.s3.accessKeyIdWo", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(DATABASE, "dataSource.dataImport.source.s3.secretAccessKey", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(DATABASE, "dataSource.dataImport.source.s3.secretAccessKeyWo", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(DATABASE, "dataSource.dataImport.source.s3.credentialsSecretName", &[online::SECRET_EXISTS]),
    of(BACKUP_STORAGE, "namespace", &[online::NAMESPACE_SERVED]),
    of(BACKUP_STORAGE, "name", &[general::NAME]),
    of(BACKUP_STORAGE, "type", &[backup::STORAGE_IN_USE]),
    of(BACKUP_STORAGE, "bucket", &[backup::BUCKET, backup::STORAGE_IN_USE, online::BUCKET_ONCE]),
    of(BACKUP_STORAGE, "region", &[backup::S3_REGION, backup::STORAGE_IN_USE]),
    of(BACKUP_STORAGE, "endpointURL", &[backup::ENDPOINT_URL]),
    of(BACKUP_STORAGE, "accessKeyId", &[backup::CREDENTIALS_PAIR, online::CREDENTIALS_REACH]),
    of(BACKUP_STORAGE, "secretAccessKey", &[backup::CREDENTIALS_PAIR, online::CREDENTIALS_REACH]),
    of(BACKUP_STORAGE, "accessKeyIdWo", &[backup::CREDENTIALS_PAIR, backup::CREDENTIALS_ONCE]),
    of(BACKUP_STORAGE, "secretAccessKeyWo", &[backup::CREDENTIALS_PAIR]),
    of(BACKUP_STORAGE, "credentialsWoVersion", &[backup::CREDENTIALS_VERSION, online::CREDENTIALS_REACH]),
    of(MONITORING_CONFIG, "namespace", &[online::NAMESPACE_SERVED]),
    of(MONITORING_CONFIG, "name", &[general::NAME]),
    of(MONITORING_CONFIG, "pmm", &[backup::ENDPOINT_URL]),
    of(MONITORING_CONFIG, "pmm.url", &[backup::ENDPOINT_URL, backup::MONITORING_HOST]),
    of(MONITORING_CONFIG, "apiKey", &[online::CREDENTIALS_REACH]),
    of(MONITORING_CONFIG, "apiKeyWo", &[backup::CREDENTIALS_ONCE]),
    of(MONITORING_CONFIG, "apiKeyWoVersion", &[backup::CREDENTIALS_VERSION, online::CREDENTIALS_REACH]),
    of(BACKUP, "namespace", &[online::NAMESPACE_SERVED]),
    of(BACKUP, "name", &[general::OBJECT_NAME, backup::PXC_BACKUP_NAME]),
    of(BACKUP, "databaseName", &[online::DATABASE_EXISTS, online::BACKUP_RUNNING]),
    of(BACKUP, "backupStorageName", &[online::STORAGE_EXISTS, backup::PSMDB_ONE_STORAGE, backup::PG_THREE_STORAGES, backup::PG_BACKUP_RETENTION, backup::PG_FIRST_STORAGE]),
    of(RESTORE, "namespace", &[online::NAMESPACE_SERVED]),
    of(RESTORE, "name", &[general::OBJECT_NAME]),
    of(RESTORE, "databaseName", &[online::DATABASE_EXISTS, online::RESTORE_ALLOWED]),
    of(RESTORE, "backupName", &[backup::RESTORE_SOURCE, online::SOURCE_BACKUP, backup::PXC_RESTORE_STORAGE, backup::PSMDB_OWN_BACKUP, backup::PG_OWN_BACKUP]),
    of(RESTORE, "backupSource.path", &[backup::BACKUP_SOURCE, backup::BACKUP_PATH_FORM, backup::PG_OWN_BACKUP]),
    of(RESTORE, "backupSource.backupStorageName", &[backup::BACKUP_SOURCE, online::STORAGE_EXISTS, backup::PG_THREE_STORAGES]),
    of(RESTORE, "pitr", &[backup::PXC_PITR_LOG]),
    of(RESTORE, "pitr.date", &[backup::PITR_DATE, backup::PITR_WINDOW, backup::PITR_GAPS]),
    of(NAMESPACE, "name", &[namespace::NAMESPACE_NAME, namespace::NAMESPACE_RESERVED]),
    of(NAMESPACE, "labels", &[namespace::MANAGED_BY_LABEL]),
    of(NAMESPACE, "engines", &[namespace::NAMESPACE_ENGINE, namespace::CATALOG_READY, online::OPERATOR_UPGRADE_READY, online::OPERATOR_UPGRADE_ALONE]),
    of(NAMESPACE, "engines.pxc", &[online::OPERATOR_APPROVAL, online::OPERATOR_UPGRADE_ALONE, online::ENGINE_UNUSED]),
    of(NAMESPACE, "engines.pxc.version", &[namespace::OPERATOR_VERSION, namespace::OPERATOR_NO_DOWNGRADE, online::OPERATOR_UPGRADE_READY, online::OPERATOR_UPGRADE_ALONE]),
    of(NAMESPACE, "engines.psmdb", &[online::OPERATOR_APPROVAL, online::OPERATOR_UPGRADE_ALONE, online::ENGINE_UNUSED]),
    of(NAMESPACE, "engines.psmdb.version", &[namespace::OPERATOR_VERSION, namespace::OPERATOR_NO_DOWNGRADE, online::OPERATOR_UPGRADE_READY, online::OPERATOR_UPGRADE_ALONE]),
    of(NAMESPACE, "engines.postgresql", &[online::OPERATOR_APPROVAL, online::OPERATOR_UPGRADE_ALONE, online::ENGINE_UNUSED]),
    of(NAMESPACE, "engines.postgresql.version", &[namespace::OPERATOR_VERSION, namespace::OPERATOR_NO_DOWNGRADE, online::OPERATOR_UPGRADE_READY, online::OPERATOR_UPGRADE_ALONE]),
    of(POLICY, "name", &[shared::SHARED_NAME]),
    of(POLICY, "affinityConfig", &[shared::POLICY_ENGINE]),
    of(POLICY, "affinityConfig.pxc", &[shared::POLICY_ENGINE]),
    of(POLICY, "affinityConfig.psmdb", &[shared::POLICY_ENGINE]),
    of(POLICY, "affinityConfig.postgresql", &[shared::POLICY_ENGINE]),
    of(LOAD_BALANCER_CONFIG, "name", &[shared::SHARED_NAME]),
    of(LOAD_BALANCER_CONFIG, "annotations", &[shared::ANNOTATION_KEY, shared::ANNOTATION_TEMPLATE]),
    of(DATA_IMPORTER, "name", &[general::OBJECT_NAME]),
    of(DATA_IMPORTER, "supportedEngines", &[shared::IMPORTER_ENGINES]),
    of(DATA_IMPORTER, "jobSpec.image", &[shared::IMPORTER_IMAGE]),
    of(DATA_IMPORTER, "config.openAPIV3Schema", &[shared::IMPORTER_SCHEMA]),
    of(DATA_IMPORTER, "permissions.verbs", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORTER, "permissions.apiGroups", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORTER, "permissions.resources", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORTER, "permissions.nonResourceURLs", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORTER, "clusterPermissions.verbs", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORTER, "clusterPermissions.apiGroups", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORTER, "clusterPermissions.resources", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORTER, "clusterPermissions.nonResourceURLs", &[shared::IMPORTER_PERMISSIONS]),
    of(DATA_IMPORT_JOB, "namespace", &[online::NAMESPACE_SERVED]),
    of(DATA_IMPORT_JOB, "name", &[general::OBJECT_NAME, data_import_job::IMPORT_JOB_NAME]),
    of(DATA_IMPORT_JOB, "databaseName", &[online::DATABASE_EXISTS, data_import_job::IMPORT_ALLOWED, data_import_job::IMPORT_REPLICAS]),
    of(DATA_IMPORT_JOB, "dataImporterName", &[online::IMPORTER_EXISTS, online::IMPORTER_APPLIES]),
    of(DATA_IMPORT_JOB, "config", &[online::IMPORT_CONFIG]),
    of(DATA_IMPORT_JOB, "source", &[data_import_job::IMPORT_ONCE]),
    of(DATA_IMPORT_JOB, "source.path", &[backup::DATA_IMPORT_PATH]),
    of(DATA_IMPORT_JOB, "source.s3.bucket", &[backup::BUCKET]),
    of(DATA_IMPORT_JOB, "source.s3.endpointURL", &[backup::ENDPOINT_URL]),
    of(DATA_IMPORT_JOB, "accessKeyId", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(DATA_IMPORT_JOB, "secretAccessKey", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(DATA_IMPORT_JOB, "accessKeyIdWo", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(DATA_IMPORT_JOB, "secretAccessKeyWo", &[backup::DATA_IMPORT_CREDENTIALS]),
    of(VERSION_POLICY, "namespace", &[online::NAMESPACE_SERVED]),
    of(VERSION_POLICY, "engine", &[versions::VERSION_POLICY_ENGINE]),
    of(VERSION_POLICY, "allowedVersions", &[versions::ALLOWED_VERSIONS, versions::VERSION_POLICY_OFFERED, versions::VERSION_POLICY_DEFAULT, versions::VERSION_POLICY_DATABASES]),
    of(SPLIT_HORIZON, "namespace", &[online::NAMESPACE_SERVED]),
    of(SPLIT_HORIZON, "name", &[general::OBJECT_NAME]),
    of(SPLIT_HORIZON, "baseDomainNameSuffix", &[engine_features::DNS_SUFFIX, engine_features::SPLIT_HORIZON_IN_USE]),
    of(SPLIT_HORIZON, "caCertificate", &[engine_features::AUTHORITY_PAIR, engine_features::AUTHORITY_PEM]),
    of(SPLIT_HORIZON, "caKey", &[engine_features::AUTHORITY_PAIR, engine_features::AUTHORITY_PEM]),
    of(SPLIT_HORIZON, "caKeyWo", &[engine_features::AUTHORITY_PEM, backup::CREDENTIALS_ONCE]),
    of(SPLIT_HORIZON, "caKeyWoVersion", &[backup::CREDENTIALS_VERSION]),
    of(ACCOUNT, "name", &[server::ACCOUNT_NAME]),
    of(ACCOUNT, "password", &[server::ACCOUNT_PASSWORD]),
    of(ACCOUNT, "passwordWo", &[server::ACCOUNT_PASSWORD, server::ACCOUNT_PASSWORD_ONCE, server::ACCOUNT_PASSWORD_GIVEN]),
    of(ACCOUNT, "passwordWoVersion", &[backup::CREDENTIALS_VERSION]),
    of(ACCOUNT, "enabled", &[server::ACCOUNT_SESSIONS]),
    of(ACCOUNT, "capabilities", &[server::ACCOUNT_CAPABILITY, server::ACCOUNT_SESSIONS]),
    of(RBAC_POLICY, "policy", &[server::RBAC_POLICY, server::RBAC_RESOURCE, server::RBAC_EFFECT, server::RBAC_ADMINISTRATOR]),
    of(RBAC_ROLE, "name", &[server::RBAC_ROLE_NAME]),
    of(RBAC_ROLE, "members", &[server::RBAC_ROLE_MEMBERS]),
    of(RBAC_ROLE, "permissions.resource", &[server::RBAC_ROLE_PERMISSION, server::RBAC_RESOURCE]),
    of(RBAC_ROLE, "permissions.actions", &[server::RBAC_ROLE_PERMISSION]),
    of(RBAC_ROLE, "permissions.object", &[server::RBAC_ROLE_PERMISSION]),
    of(OIDC, "issuerUrl", &[server::OIDC_ISSUER]),
    of(OIDC, "clientId", &[server::OIDC_CLIENT]),
    of(OIDC, "scopes", &[server::OIDC_SCOPES]),
];

#[cfg(test)]
pub(super) mod places {
    //! Holds the table to the findings that tests bring about.

    use super::*;
    use crate::finding::Finding;
    use crate::rules::TABLE;
    use crate::schema;

    /// Rules that judge every attribute of a form, whatever its name.
    const EVERYWHERE: [Rule; 7] = [
        general::QUANTITY,
        general::TIMEOUT,
        general::IMMUTABLE,
        general::RAISED_ELSEWHERE,
        general::MEMBER_SERVED,
        shared::AFFINITY,
        shared::AFFINITY_SELECTS,
    ];

    /// Panics if a finding is at an attribute that the table does not have for its rule.
    pub fn assert_judged(finding: &Finding) {
        let names = schema::names(&finding.path);
        let of_settings = TABLE
            .iter()
            .any(|rule| rule.id == finding.rule && rule.is_about_settings());
        let everywhere = EVERYWHERE.iter().any(|rule| rule.id == finding.rule);
        if names.is_empty() || of_settings || everywhere {
            return;
        }
        let path = names.join(".");
        let judged = JUDGED.iter().any(|judged| {
            judged.attribute == path && judged.rules.iter().any(|rule| rule.id == finding.rule)
        });
        assert!(
            judged,
            "provider/core/src/rules/judged.rs does not say that {} judges {path}",
            finding.rule
        );
    }

    fn has(kind: &str, paths: &[String]) -> Vec<String> {
        let judged = JUDGED.iter().filter(|judged| judged.kind == kind);
        let missing = judged.filter(|judged| !paths.iter().any(|path| path == judged.attribute));
        missing
            .map(|judged| format!("{kind} has no {}", judged.attribute))
            .collect()
    }

    #[test]
    fn every_judged_attribute_is_one_of_its_kind_and_every_rule_is_in_the_table() {
        macro_rules! check_each {
            ($($module:ident::$kind:ident = $model:ty;)*) => { vec![$({
                let places = schema::places::<$model>().iter();
                let paths: Vec<_> = places.map(|place| schema::names(&place.path).join(".")).collect();
                (stringify!($module), has(stringify!($module), &paths))
            }),*] };
        }
        let mut checked = everest_schemas::for_each_kind!(check_each);
        checked.extend(everest_schemas::for_each_server_setting!(check_each));
        for (_, missing) in &checked {
            assert!(missing.is_empty(), "{}", missing.join("\n"));
        }
        for judged in JUDGED {
            let known = checked.iter().any(|(kind, _)| *kind == judged.kind);
            assert!(known, "there is no kind {}", judged.kind);
            for rule in judged.rules {
                assert!(TABLE.contains(rule), "{}", rule.id);
            }
        }
    }
}

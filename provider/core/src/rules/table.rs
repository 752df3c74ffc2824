//! Every rule with the texts that users read.

pub(super) mod backup;
pub(super) mod database;
pub(super) mod general;
pub(super) mod namespace;
pub(super) mod online;
pub(super) mod provider;

use everest_schemas::Engine;

use super::{Checked, Rule};
use crate::Operation;

const ALL: &[Engine] = &Engine::ALL;
const CREATE: &[Operation] = &[Operation::Create];
const UPDATE: &[Operation] = &[Operation::Update];
const BOTH: &[Operation] = &[Operation::Create, Operation::Update];

/// From the configuration alone.
const ALONE: &[Checked] = &[Checked::Configuration];
/// Once the object is known.
const CHANGE: &[Checked] = &[Checked::State];
const ONLINE: &[Checked] = &[Checked::Cluster];
const ALONE_AND_ONLINE: &[Checked] = &[Checked::Configuration, Checked::Cluster];
const CHANGE_AND_ONLINE: &[Checked] = &[Checked::State, Checked::Cluster];

/// Every rule.
pub const TABLE: &[Rule] = &[
    general::NAME,
    general::OBJECT_NAME,
    general::QUANTITY,
    general::TIMEOUT,
    general::IMMUTABLE,
    general::RAISED_ELSEWHERE,
    database::REPLICAS_ODD,
    database::REPLICAS_AT_MOST_FIVE,
    database::REQUESTS_WITHIN_LIMITS,
    database::CONFIG_LINE,
    database::RESOURCES_REQUIRED,
    database::CPU_MINIMUM,
    database::MEMORY_MINIMUM,
    database::STORAGE_MINIMUM,
    database::PROXY_TYPE,
    database::PROXY_REPLICAS,
    database::IP_RANGES_DISTINCT,
    database::IP_RANGE_SYNTAX,
    database::LOAD_BALANCER_CONFIG_KEPT,
    database::SHARDING_PSMDB,
    database::SHARDING_SHARDS,
    database::SHARDING_CONFIG_SERVERS,
    database::SHARDING_FIXED,
    database::ENGINE_FEATURES_PSMDB,
    database::SPLIT_HORIZON_UNSHARDED,
    database::NO_SCALE_TO_ONE,
    database::STORAGE_NO_SHRINK,
    database::STORAGE_CLASS_SEEN,
    database::VERSION_SYNTAX,
    database::VERSION_NO_DOWNGRADE,
    database::VERSION_MAJOR,
    database::VERSION_AFTER_CR_VERSION,
    database::RESTART_RUNNING,
    database::FINAL_BACKUP_RUNNING,
    database::FINAL_BACKUP_STORAGE,
    database::USERS_ENGINE,
    database::USERS_KEYS,
    database::USERS_VALUES,
    database::USERS_SOURCE,
    backup::PITR_STORAGE,
    backup::PITR_INTERVAL,
    backup::SCHEDULE_NAME,
    backup::SCHEDULE_NAMES_DISTINCT,
    backup::SCHEDULE_CRON,
    backup::SCHEDULE_STORAGE,
    backup::SCHEDULES_DISTINCT,
    backup::PSMDB_ONE_STORAGE,
    backup::PG_STORAGE_PER_SCHEDULE,
    backup::PG_THREE_STORAGES,
    backup::PG_SCHEDULE_STORAGE_FIXED,
    backup::DATA_SOURCE_ONE,
    backup::BACKUP_SOURCE,
    backup::PITR_DATE,
    backup::PITR_WINDOW,
    backup::PITR_GAPS,
    backup::PITR_LATEST,
    backup::DATA_SOURCE_UNUSED,
    backup::DATA_IMPORT_PATH,
    backup::DATA_IMPORT_CREDENTIALS,
    backup::BUCKET,
    backup::ENDPOINT_URL,
    backup::S3_REGION,
    backup::CREDENTIALS_PAIR,
    backup::CREDENTIALS_ONCE,
    backup::CREDENTIALS_VERSION,
    backup::STORAGE_IN_USE,
    backup::RESTORE_SOURCE,
    namespace::NAMESPACE_NAME,
    namespace::NAMESPACE_RESERVED,
    namespace::NAMESPACE_ENGINE,
    namespace::MANAGED_BY_LABEL,
    namespace::OPERATOR_VERSION,
    namespace::OPERATOR_NO_DOWNGRADE,
    namespace::EVEREST_V1,
    namespace::EVEREST_VERSION,
    namespace::CATALOG_READY,
    provider::CREDENTIAL_SOURCES,
    provider::CLIENT_CERTIFICATE_PAIR,
    provider::PEM,
    provider::CONFIG_PATHS,
    provider::HOST,
    provider::PROXY_URL,
    provider::INSECURE,
    provider::EXEC_API_VERSION,
    online::NAMESPACE_SERVED,
    online::UPGRADE_LOCK,
    online::ENGINE_INSTALLED,
    online::VERSION_OFFERED,
    online::VERSION_ALLOWED,
    online::VERSION_RECOMMENDED,
    online::STORAGE_EXISTS,
    online::MONITORING_EXISTS,
    online::POLICY_EXISTS,
    online::POLICY_APPLIES,
    online::LOAD_BALANCER_CONFIG_EXISTS,
    online::SPLIT_HORIZON_EXISTS,
    online::STORAGE_CLASS_EXISTS,
    online::STORAGE_CLASS_DEFAULT,
    online::STORAGE_GROWS,
    online::DATABASE_BUSY,
    online::SECRET_EXISTS,
    online::IMPORTER_EXISTS,
    online::IMPORTER_APPLIES,
    online::IMPORT_CONFIG,
    online::SOURCE_BACKUP,
    backup::PXC_RESTORE_STORAGE,
    online::DATABASE_EXISTS,
    online::BACKUP_RUNNING,
    online::RESTORE_ALLOWED,
    online::BUCKET_ONCE,
    online::STORAGE_UNUSED,
    online::MONITORING_UNUSED,
    online::ENGINE_UNUSED,
    online::OPERATOR_UPGRADE_READY,
    online::OPERATOR_UPGRADE_ALONE,
    online::OPERATOR_APPROVAL,
    online::NAMESPACE_EMPTY,
];

//! Rules for imports into existing databases. Everest has no webhook that checks them.

use everest_schemas::Engine;

use super::{ALL, ALONE, CHANGE, CREATE, ONLINE, UPDATE};
use crate::rules::Rule;

pub(in crate::rules) const IMPORT_JOB_NAME: Rule = Rule {
    id: "data-import-job-name",
    sentence: "Everest itself names the import of a new database data-import-NAME, and overwrites \
               another import of that name. From the name of an import it derives the name of a \
               Kubernetes Job, which has at most 63 characters.",
    advice: "Choose another name, of at most 56 characters, that does not begin with data-import-.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest-operator: dataimportjob_controller.go, dataImporterJobName",
};

pub(in crate::rules) const IMPORT_ALLOWED: Rule = Rule {
    id: "data-import-allowed",
    sentence: "Everest runs an import whatever the database does. While the database is paused or \
               being created, restored, upgraded, resized, filled by another import or deleted, the \
               import fails, or the database is damaged.",
    advice: "Import when the database is ready; an import requested before waits for that.",
    engines: ALL,
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: dataimportjob_controller.go, Reconcile",
};

pub(in crate::rules) const IMPORT_ONCE: Rule = Rule {
    id: "data-import-once",
    sentence: "A new database whose data source is an import gets the data from Everest. The same \
               data would be imported twice.",
    advice: "Remove this import, or the data source of the database.",
    engines: ALL,
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: common/helper.go, ReconcileDBFromDataImport",
};

pub(in crate::rules) const IMPORT_REPLICAS: Rule = Rule {
    id: "data-import-replicas",
    sentence: "Before Everest 1.16.1, an import into a PostgreSQL database with several replicas \
               may succeed and leave the database empty: the importer does not wait until the \
               former volumes are gone.",
    advice: "Upgrade Everest first. Or import into a database with one replica, check its data, \
             and add the other replicas afterwards.",
    engines: &[Engine::Postgresql],
    operations: CREATE,
    checked: ONLINE,
    source: "openeverest: issue 2347; everest-operator: data-importer/cmd/pg, restorePGCluster",
};

pub(in crate::rules) const IMPORT_ENDED: Rule = Rule {
    id: "data-import-ended",
    sentence: "Destroying an import that runs ends it: Everest stops its pod, and the data in the \
               database is incomplete.",
    advice: "Wait until the import has ended, unless you want to stop it.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest-operator: dataimportjob_controller.go, deleteResourcesInOrder",
};

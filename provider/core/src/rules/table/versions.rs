//! Rules for policies of versions.

use super::{ALL, ALONE, BOTH, ONLINE};
use crate::rules::Rule;

pub(in crate::rules) const ALLOWED_VERSIONS: Rule = Rule {
    id: "allowed-versions",
    sentence: "A policy lists the allowed versions, each once. Everest reads an empty list as: all \
               versions.",
    advice: "List at least one version. To allow all of them, remove the {EngineVersionPolicy}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, validateVersion",
};

pub(in crate::rules) const VERSION_POLICY_ENGINE: Rule = Rule {
    id: "version-policy-engine",
    sentence: "The allowed versions are a field of the DatabaseEngine, which Everest makes with \
               the operator of the engine.",
    advice: "Add the engine to {engines} of the {DatabaseNamespace}.",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "everest-operator: databaseengine_controller.go",
};

pub(in crate::rules) const VERSION_POLICY_OFFERED: Rule = Rule {
    id: "version-policy-offered",
    sentence: "Everest accepts any text as an allowed version, but a database can have only a \
               version that the operator of its engine offers.",
    advice: "Correct the version, unless another version of the operator offers it.",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "everest-operator: DatabaseCluster, validateEngineVersion",
};

pub(in crate::rules) const VERSION_POLICY_DEFAULT: Rule = Rule {
    id: "version-policy-default",
    sentence: "A new database without a version gets the recommended one, whether it is allowed or \
               not.",
    advice: "Allow the recommended version, or set {engine.version} of new databases.",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "everest-operator: databasecluster_defaulter.go, BestVersion",
};

pub(in crate::rules) const VERSION_POLICY_DATABASES: Rule = Rule {
    id: "version-policy-databases",
    sentence: "A database whose version is not allowed goes on running, but Everest's API and user \
               interface refuse every change of it.",
    advice: "Allow the version, or update those databases first.",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "everest: validation/database_cluster.go, validateVersion",
};

//! Rules for a namespace and its engines' operators.

use super::{ALL, ALONE, BOTH, CHANGE_AND_ONLINE, CREATE, ONLINE};
use crate::rules::Rule;

pub(in crate::rules) const NAMESPACE_NAME: Rule = Rule {
    id: "namespace-name",
    sentence: "The name of a database namespace has at most 63 characters and follows RFC 1035: \
               lowercase letters, digits and hyphens, beginning with a letter.",
    advice: "Choose another name.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: pkg/cli/namespaces, RFC 1035",
};

pub(in crate::rules) const NAMESPACE_RESERVED: Rule = Rule {
    id: "namespace-reserved",
    sentence: "Everest's own namespaces and those of Kubernetes cannot hold databases.",
    advice: "Choose another name.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: pkg/cli/namespaces/errors.go",
};

pub(in crate::rules) const NAMESPACE_ENGINE: Rule = Rule {
    id: "namespace-engine",
    sentence: "A namespace for databases has at least one engine.",
    advice: "Add {.pxc}, {.psmdb} or {.postgresql} to {engines}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: pkg/cli/namespaces/add.go",
};

pub(in crate::rules) const MANAGED_BY_LABEL: Rule = Rule {
    id: "managed-by-label",
    sentence: "The label app.kubernetes.io/managed-by makes Everest manage a namespace; the \
               provider always sets it to \"everest\".",
    advice: "Remove it from {labels}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: --namespace-label-filter",
};

pub(in crate::rules) const OPERATOR_VERSION: Rule = Rule {
    id: "operator-version",
    sentence: "The version of an engine's operator consists of three numbers, such as \"1.18.0\".",
    advice: "Set a version from the catalog, or omit it to get the newest.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "OLM: names of ClusterServiceVersions",
};

pub(in crate::rules) const OPERATOR_NO_DOWNGRADE: Rule = Rule {
    id: "operator-no-downgrade",
    sentence: "An operator cannot be downgraded.",
    advice: "Set the installed version or a newer one, or omit it.",
    engines: ALL,
    operations: BOTH,
    checked: CHANGE_AND_ONLINE,
    source: "OLM: upgrade graph",
};

pub(in crate::rules) const EVEREST_VERSION: Rule = Rule {
    id: "everest-version",
    sentence: "Namespaces for databases need Everest 1.4 or newer; before that, Everest brought operators into them in another way.",
    advice: "Upgrade Everest first.",
    engines: ALL,
    operations: CREATE,
    checked: ONLINE,
    source: "everest: pkg/cli/namespaces/add.go, pkg/version/everest.go",
};

pub(in crate::rules) const CATALOG_READY: Rule = Rule {
    id: "catalog-ready",
    sentence: "OLM installs the operators of engines from the catalog of Everest, a CatalogSource, and only once it can read that.",
    advice: "If Everest uses another catalog, as on OpenShift, name it in the settings of the provider (catalog). One that is not ready is waited for before anything is made; what keeps it shows in the pods of its namespace.",
    engines: ALL,
    operations: CREATE,
    checked: ONLINE,
    source: "charts: everest, everest-db-namespace; OLM: CatalogSource, status.connectionState",
};

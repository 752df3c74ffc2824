//! Rules for the cluster-scoped objects that databases of all namespaces refer to.

use super::{ALL, ALONE, BOTH, CHANGE, CREATE, ONLINE, UPDATE};
use crate::rules::Rule;

pub(in crate::rules) const SHARED_NAME: Rule = Rule {
    id: "cluster-scoped-name",
    sentence: "Everest allows names of at most 63 characters that follow RFC 1035 for objects of \
               the whole cluster: lowercase letters, digits and hyphens, beginning with a letter.",
    advice: "Choose another name; it cannot be changed later.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: API validation, ValidateRFC1035",
};

pub(in crate::rules) const AFFINITY: Rule = Rule {
    id: "affinity",
    sentence: "Kubernetes refuses pods whose affinity is malformed. Everest accepts such a policy, \
               and then no pod of a database that names it can be made.",
    advice: "Correct the term. Operators are In, NotIn (with values), Exists, DoesNotExist \
             (without values) and, for nodes only, Gt and Lt (with one whole number); weights are \
             from 1 to 100.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Kubernetes: validation of pods, affinity",
};

pub(in crate::rules) const AFFINITY_SELECTS: Rule = Rule {
    id: "affinity-selects",
    sentence: "A term about other pods without a selector of their labels selects no pod. So pods \
               are not kept apart, and a required affinity keeps every pod from being scheduled.",
    advice: "Give the term a {.labelSelector} that selects the pods, for example by the label \
             app.kubernetes.io/component.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Kubernetes: PodAffinityTerm, labelSelector",
};

pub(in crate::rules) const POLICY_ENGINE: Rule = Rule {
    id: "pod-scheduling-policy-engine",
    sentence: "A PodSchedulingPolicy has affinity for the pods of its own engine only, and for one \
               kind of these pods at least.",
    advice: "Set the affinity of the engine in {engineType}, and remove that of other engines. \
             Without any rules, omit {affinityConfig}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/pod_scheduling_policy.go",
};

pub(in crate::rules) const POLICY_SHIPPED: Rule = Rule {
    id: "pod-scheduling-policy-shipped",
    sentence: "Everest ships this PodSchedulingPolicy, which can neither be changed nor be deleted.",
    advice: "{:readShipped} {PodSchedulingPolicy}, or create another policy under another name.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/pod_scheduling_policy.go, default policies",
};

pub(in crate::rules) const POLICY_UNUSED: Rule = Rule {
    id: "pod-scheduling-policy-unused",
    sentence: "A PodSchedulingPolicy is not destroyed while databases name it.",
    advice: "Name another policy in {podSchedulingPolicyName} of those databases first, or none. If \
             the same change of your configuration does that, you can ignore this.",
    engines: ALL,
    operations: UPDATE,
    checked: ONLINE,
    source: "everest: validation/pod_scheduling_policy.go, in-use finalizer",
};

pub(in crate::rules) const ANNOTATION_KEY: Rule = Rule {
    id: "load-balancer-config-key",
    sentence: "Everest allows keys of annotations in lowercase only: a name of letters, digits, \
               hyphens, dots and underscores, after a domain and a slash if there is one.",
    advice: "Write the key in lowercase. Everest cannot set an annotation whose key has capitals.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: LoadBalancerConfig webhook",
};

pub(in crate::rules) const ANNOTATION_TEMPLATE: Rule = Rule {
    id: "load-balancer-config-template",
    sentence: "Annotations of a LoadBalancerConfig may be Go templates from Everest 1.13 on.",
    advice: "Write the value without a template, or upgrade Everest first.",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "everest: release notes of 1.13.0",
};

pub(in crate::rules) const CONFIG_SHIPPED: Rule = Rule {
    id: "load-balancer-config-shipped",
    sentence: "Everest ships this LoadBalancerConfig, which can neither be changed nor be deleted.",
    advice: "{:readShipped} {LoadBalancerConfig}, or create another one under another name.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest-operator: LoadBalancerConfig webhook, default configurations",
};

pub(in crate::rules) const CONFIG_UNUSED: Rule = Rule {
    id: "load-balancer-config-unused",
    sentence: "A LoadBalancerConfig is not destroyed while databases name it.",
    advice: "Name another one in {proxy.expose.loadBalancerConfigName} of those databases first. If \
             the same change of your configuration does that, you can ignore this.",
    engines: ALL,
    operations: UPDATE,
    checked: ONLINE,
    source: "everest-operator: LoadBalancerConfig webhook, in-use finalizer",
};

pub(in crate::rules) const IMPORTER_ENGINES: Rule = Rule {
    id: "data-importer-engines",
    sentence: "A database can be filled only by a DataImporter that lists the engine of the database.",
    advice: "List pxc, psmdb or postgresql, or several of them.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: validateDataImport, at the creation of a database",
};

pub(in crate::rules) const IMPORTER_IMAGE: Rule = Rule {
    id: "data-importer-image",
    sentence: "Everest runs the image of a DataImporter in a Job. Without an image Kubernetes refuses \
               the Job, and the import never begins.",
    advice: "Set {jobSpec.image}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: dataimportjob_controller.go, getJobSpec",
};

pub(in crate::rules) const IMPORTER_SCHEMA: Rule = Rule {
    id: "data-importer-schema",
    sentence: "The schema of the options is an object: an OpenAPI v3 schema. Everest cannot read \
               anything else.",
    advice: "Write the schema as an object, not as text.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: dataimporter_types.go, JSONSchemaProps",
};

pub(in crate::rules) const IMPORTER_PERMISSIONS: Rule = Rule {
    id: "data-importer-permissions",
    sentence: "Everest makes a Role and a ClusterRole of the permissions of a DataImporter for each \
               import. A rule of a role has verbs, and either API groups and resources or, in the \
               whole cluster, paths that are no objects. Kubernetes refuses any other rule, and the \
               import never begins.",
    advice: "Complete the rule. The core group is \"\".",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Kubernetes: validation of roles",
};

pub(in crate::rules) const IMPORTER_SHIPPED: Rule = Rule {
    id: "data-importer-shipped",
    sentence: "Helm has installed this DataImporter with Everest's chart, and puts it back as it was \
               at the next upgrade of the chart.",
    advice: "{:readShipped} {DataImporter}, and create another one under another name.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "charts: everest/templates, dataimporters",
};

pub(in crate::rules) const IMPORTER_UNUSED: Rule = Rule {
    id: "data-importer-unused",
    sentence: "An import whose DataImporter is gone never ends, and its database never becomes ready. \
               Everest itself keeps nobody from deleting the importer.",
    advice: "Wait until these imports have ended, or delete them.",
    engines: ALL,
    operations: UPDATE,
    checked: ONLINE,
    source: "everest-operator: dataimportjob_controller.go, Reconcile",
};

//! Rules for every object.

use super::{ALL, ALONE, BOTH, CHANGE, CREATE, ONLINE, UPDATE};
use crate::rules::Rule;

pub(in crate::rules) const NAME: Rule = Rule {
    id: "name",
    sentence: "Everest allows names of at most 22 characters that follow RFC 1035: lowercase \
               letters, digits and hyphens, beginning with a letter.",
    advice: "Choose a shorter or simpler name; it cannot be changed later.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: API validation, name rule",
};

pub(in crate::rules) const OBJECT_NAME: Rule = Rule {
    id: "object-name",
    sentence: "Kubernetes allows names of lowercase letters, digits, hyphens and dots that begin \
               and end with a letter or a digit.",
    advice: "Choose another name; it cannot be changed later.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "Kubernetes: names of objects, at admission",
};

pub(in crate::rules) const QUANTITY: Rule = Rule {
    id: "quantity",
    sentence: "Amounts are written as Kubernetes quantities: a number and a unit without a space, such as \"25Gi\", \"2G\", \"600m\" or \"1.5\".",
    advice: "Correct the number or the unit; units are n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi and Ei.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Kubernetes: resource.Quantity; everest-operator: CRD schema",
};

pub(in crate::rules) const TIMEOUT: Rule = Rule {
    id: "timeout",
    sentence: "Timeouts are durations: numbers with the units s, m or h, such as \"60m\" or \"1h30m\".",
    advice: "Write for example \"60m\".",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Terraform: timeouts",
};

pub(in crate::rules) const IMMUTABLE: Rule = Rule {
    id: "immutable",
    sentence: "This cannot be changed once the object exists.",
    advice: "Restore the previous value, or delete the object and create another.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest-operator: CEL and admission webhooks",
};

pub(in crate::rules) const RAISED_ELSEWHERE: Rule = Rule {
    id: "raised-elsewhere",
    sentence: "Versions and volume sizes can only be raised. If someone else raised such a value \
               and the configuration did not change, the raised value is kept.",
    advice: "Set the attribute to the current value.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "design: what somebody else has raised is kept",
};

pub(in crate::rules) const EVEREST_V1: Rule = Rule {
    id: "everest-v1",
    sentence: "Objects are created and changed in a cluster that runs Everest v1 and no Everest v2: v2 has other kinds, does not install operators with OLM and must not share a cluster with v1.",
    advice: "Use a cluster with Everest v1 alone (helm repository https://openeverest.github.io/helm-charts/, chart openeverest/openeverest).",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "everest: v2 documentation, API groups everest.percona.com and core.openeverest.io",
};

pub(in crate::rules) const MEMBER_SERVED: Rule = Rule {
    id: "everest-serves",
    sentence: "Releases of Everest v1 differ in their kinds and in the fields of these. Kubernetes refuses a write with a kind or a field that the definitions in the cluster do not have.",
    advice: "Upgrade Everest and its definitions, which Helm does not upgrade with the chart, or remove what they do not have.",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "everest-operator: CRD schema, by release",
};

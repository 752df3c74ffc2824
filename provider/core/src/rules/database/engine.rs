//! Rules for the replicas, resources and storage of the engine.

use everest_schemas::everest::{DatabaseClusterSpec, ResourceList, Resources};
use everest_schemas::{Engine, Field};

use super::engine_type;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::readiness;
use crate::rules::Rule;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::database::{
    CONFIG_LINE, CPU_MINIMUM, MEMORY_MINIMUM, REPLICAS_AT_MOST_FIVE, REPLICAS_ODD,
    REQUESTS_WITHIN_LIMITS, RESOURCES_REQUIRED, STORAGE_MINIMUM,
};

const MINIMUM_CPU: &str = "600m";
const MINIMUM_MEMORY: &str = "512M";
const MINIMUM_STORAGE: &str = "1G";
const MOST_PXC_REPLICAS: i32 = 5;

pub(super) fn check(spec: &DatabaseClusterSpec, findings: &mut Findings) {
    let Some(engine) = spec.engine.known() else {
        return;
    };
    let path = FieldPath::of("engine");
    if let (Some(type_), Some(replicas)) = (engine_type(spec), engine.replicas.known()) {
        let path = path.field("replicas");
        if type_ != Engine::Postgresql && replicas % 2 == 0 {
            findings.error(
                &REPLICAS_ODD,
                path.clone(),
                format!("{replicas} replicas of {type_}: the number is not odd"),
            );
        }
        if type_ == Engine::Pxc && *replicas > MOST_PXC_REPLICAS {
            findings.error(
                &REPLICAS_AT_MOST_FIVE,
                path,
                format!("{replicas} replicas of pxc are too many"),
            );
        }
    }
    resources(&path.field("resources"), &engine.resources, findings);
    requests(spec, findings);
    if let Some(line) = readiness::unreadable_line(spec) {
        findings.error(
            &CONFIG_LINE,
            path.field("config"),
            format!("The line {line:?} has no value"),
        );
    }
    if let Some(storage) = engine.storage.known() {
        let path = path.field("storage").field("size");
        minimum(
            &STORAGE_MINIMUM,
            MINIMUM_STORAGE,
            path,
            &storage.size,
            findings,
        );
    }
}

fn resources(path: &FieldPath, resources: &Field<Resources>, findings: &mut Findings) {
    let resources = match resources {
        Field::Unknown => return,
        Field::Null => {
            findings.error(
                &RESOURCES_REQUIRED,
                path.clone(),
                "Neither CPU nor memory is given for the engine",
            );
            return;
        }
        Field::Known(resources) => resources,
    };
    let given = |list: &Field<ResourceList>| match list {
        Field::Unknown => None,
        Field::Null => Some(ResourceList::default()),
        Field::Known(list) => Some(list.clone()),
    };
    let Some(limits) = given(&resources.limits) else {
        return;
    };
    let parts = [
        (
            "cpu",
            &CPU_MINIMUM,
            MINIMUM_CPU,
            &resources.cpu,
            &limits.cpu,
        ),
        (
            "memory",
            &MEMORY_MINIMUM,
            MINIMUM_MEMORY,
            &resources.memory,
            &limits.memory,
        ),
    ];
    for (name, rule, least, of_resources, limit) in parts {
        // From Everest 1.16 a limit wins over the older member.
        let (path, value) = if is_missing(limit) {
            (path.field(name), of_resources)
        } else {
            (path.field("limits").field(name), limit)
        };
        let nothing = value.known().is_some_and(|text| {
            text.parse::<Quantity>()
                .is_ok_and(|amount| amount.is_zero())
        });
        if is_missing(value) || nothing {
            findings.error(
                &RESOURCES_REQUIRED,
                path,
                format!("No {name} is given for the engine"),
            );
        } else {
            minimum(rule, least, path, value, findings);
        }
    }
}

/// Checks the requests of the engine, the proxy and the monitoring client.
fn requests(spec: &DatabaseClusterSpec, findings: &mut Findings) {
    let engine = spec.engine.known().map(|engine| &engine.resources);
    let proxy = spec.proxy.known().map(|proxy| &proxy.resources);
    for (part, resources) in [("engine", engine), ("proxy", proxy)] {
        let Some(resources) = resources.and_then(Field::known) else {
            continue;
        };
        let Some(requests) = resources.requests.known() else {
            continue;
        };
        let none = ResourceList::default();
        let limits = match &resources.limits {
            Field::Unknown => continue,
            Field::Null => &none,
            Field::Known(limits) => limits,
        };
        let path = FieldPath::of(part).field("resources").field("requests");
        for (name, request, limit, of_resources) in [
            ("cpu", &requests.cpu, &limits.cpu, &resources.cpu),
            (
                "memory",
                &requests.memory,
                &limits.memory,
                &resources.memory,
            ),
        ] {
            // From Everest 1.16 a limit wins over the older member.
            let limit = if is_missing(limit) {
                of_resources
            } else {
                limit
            };
            within(path.field(name), request, limit, findings);
        }
    }
    let monitoring = spec.monitoring.known();
    let Some(resources) = monitoring.and_then(|monitoring| monitoring.resources.known()) else {
        return;
    };
    let (Some(requests), Some(limits)) = (resources.requests.known(), resources.limits.known())
    else {
        return;
    };
    let path = FieldPath::of("monitoring.resources.requests");
    for (name, request) in requests {
        if let Some(limit) = limits.get(name) {
            within(path.key(name), request, limit, findings);
        }
    }
}

/// Finds a request above its limit. Any request is allowed without a limit, or with a limit of
/// zero, which Go writes for an absent one.
fn within(
    path: FieldPath,
    request: &Field<String>,
    limit: &Field<String>,
    findings: &mut Findings,
) {
    let (Some(request), Some(limit)) = (request.known_str(), limit.known_str()) else {
        return;
    };
    if let (Ok(amount), Ok(most)) = (request.parse::<Quantity>(), limit.parse::<Quantity>())
        && amount > most
        && !most.is_zero()
    {
        let summary = format!("The request {request} exceeds the limit {limit}");
        findings.error(&REQUESTS_WITHIN_LIMITS, path, summary);
    }
}

/// Finds a quantity below a minimum. Malformed quantities are found elsewhere.
fn minimum(
    rule: &Rule,
    least: &str,
    path: FieldPath,
    value: &Field<String>,
    findings: &mut Findings,
) {
    let Some(text) = value.known_str() else {
        return;
    };
    if let (Ok(amount), Ok(minimum)) = (text.parse::<Quantity>(), least.parse::<Quantity>())
        && amount < minimum
    {
        findings.error(rule, path, format!("{text} is less than {least}"));
    }
}

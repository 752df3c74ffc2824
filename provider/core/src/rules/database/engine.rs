//! Rules for the replicas, resources and storage of the engine.

use everest_schemas::everest::{DatabaseClusterSpec, Resources};
use everest_schemas::{Engine, Field};

use super::engine_type;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::rules::Rule;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::database::{
    CONFIG_LINE, CPU_MINIMUM, CR_VERSION, MEMORY_MINIMUM, REPLICAS_AT_MOST_FIVE, REPLICAS_ODD,
    REQUESTS_WITHIN_LIMITS, RESOURCES_IGNORED, RESOURCES_REQUIRED, STORAGE_MINIMUM,
};
use crate::text::Text;
use crate::version::Version;
use crate::{readiness, upgrade};

const MINIMUM_CPU: &str = "600m";
const MINIMUM_MEMORY: &str = "512M";
const MINIMUM_STORAGE: &str = "1G";
const MOST_PXC_REPLICAS: i32 = 5;

/// The members of a list of resources.
const RESOURCES: [&str; 2] = ["cpu", "memory"];

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
    if let Some(pinned) = upgrade::pinned(engine)
        && pinned.parse::<Version>().is_err()
    {
        findings.error(
            &CR_VERSION,
            path.field("crVersion"),
            format!("{pinned:?} is not a CR version"),
        );
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
    let Some((place, values)) = limits(path, resources) else {
        return;
    };
    let minima = [
        (&CPU_MINIMUM, MINIMUM_CPU),
        (&MEMORY_MINIMUM, MINIMUM_MEMORY),
    ];
    let minima = RESOURCES.into_iter().zip(minima);
    for ((name, (rule, least)), (value, older)) in
        minima.zip(values.into_iter().zip(older(resources)))
    {
        let at = place.field(name);
        if is_given(value) {
            minimum(rule, least, at, value, findings);
            continue;
        }
        let mut summary = Text::from(format!("No {name} is given for the engine"));
        if resources.limits.is_known() && is_given(older) {
            summary = summary
                .and(": ")
                .and(&path.field(name))
                .and(" is ignored beside ")
                .and(&place);
        }
        findings.error(&RESOURCES_REQUIRED, at, summary);
    }
}

/// The limits that Everest reads, with the place that they are in: from 1.16 on those of `limits`,
/// if that is given at all, otherwise the older pair. `None` while that is not known.
fn limits<'a>(
    path: &FieldPath,
    resources: &'a Resources,
) -> Option<(FieldPath, [&'a Field<String>; 2])> {
    match &resources.limits {
        Field::Unknown => None,
        Field::Null => Some((path.clone(), older(resources))),
        Field::Known(limits) => Some((path.field("limits"), [&limits.cpu, &limits.memory])),
    }
}

/// The limits of every release.
fn older(resources: &Resources) -> [&Field<String>; 2] {
    [&resources.cpu, &resources.memory]
}

/// Returns true unless a quantity is absent or zero, which Go writes for an absent one.
fn is_given(value: &Field<String>) -> bool {
    let is_zero = value.known().is_some_and(|text| {
        text.parse::<Quantity>()
            .is_ok_and(|amount| amount.is_zero())
    });
    !is_missing(value) && !is_zero
}

/// Warns of the older members that `limits` leaves without an effect, where it has no value of its
/// own for them.
pub(super) fn ignored(path: &FieldPath, resources: &Resources, findings: &mut Findings) {
    let Some((place, values)) = limits(path, resources).filter(|_| resources.limits.is_known())
    else {
        return;
    };
    for ((name, value), older) in RESOURCES.into_iter().zip(values).zip(older(resources)) {
        if is_given(older) && !is_given(value) {
            let at = path.field(name);
            let summary = Text::from(&at).and(" is ignored beside ").and(&place);
            findings.warning(&RESOURCES_IGNORED, at, summary);
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
        let path = FieldPath::of(part).field("resources");
        let (Some(requests), Some((_, limits))) =
            (resources.requests.known(), limits(&path, resources))
        else {
            continue;
        };
        let path = path.field("requests");
        let requests = [&requests.cpu, &requests.memory];
        for ((name, request), limit) in RESOURCES.into_iter().zip(requests).zip(limits) {
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

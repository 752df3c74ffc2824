//! Rules for `everest_namespace`.

use everest_schemas::Field;
use everest_schemas::models::NamespaceModel;

use super::finder::{Finder, differ};
use super::table::namespace::{
    MANAGED_BY_LABEL, NAMESPACE_ENGINE, NAMESPACE_NAME, NAMESPACE_RESERVED, OPERATOR_NO_DOWNGRADE,
    OPERATOR_VERSION,
};
use crate::finding::Finding;
use crate::name;
use crate::path::FieldPath;
use crate::v1;
use crate::version::Version;

const RESERVED: [&str; 6] = [
    "everest-system",
    "everest-monitoring",
    "everest-olm",
    "kube-system",
    "kube-public",
    "kube-node-lease",
];

/// What a configuration of a namespace can never be.
pub fn check_syntax(config: &NamespaceModel) -> Vec<Finding> {
    let mut finder = Finder::default();
    finder.timeouts(&config.timeouts);
    if let Some(engines) = config.engines.known() {
        let path = FieldPath::of("engines");
        if engines.iter().next().is_none() {
            finder.broken(&NAMESPACE_ENGINE, path.clone(), "No engine is listed");
        }
        for (engine, install) in engines.iter() {
            if let Some(text) = install
                .known()
                .and_then(|install| install.version.known_str())
                && !is_operator_version(text)
            {
                finder.broken(
                    &OPERATOR_VERSION,
                    path.field(engine.as_str()).field("version"),
                    format!("{text:?} is not a version of an operator"),
                );
            }
        }
    }
    let label = v1::namespace::MANAGED_BY_LABEL;
    if config
        .labels
        .known()
        .is_some_and(|labels| labels.contains_key(label))
    {
        finder.broken(
            &MANAGED_BY_LABEL,
            FieldPath::of("labels").key(label),
            format!("The label {label} is not for you to set"),
        );
    }
    finder.into_findings()
}

/// What Everest and OLM forbid a namespace to be or to become.
pub fn check(planned: &NamespaceModel, prior: Option<&NamespaceModel>) -> Vec<Finding> {
    let mut finder = Finder::default();
    match prior.filter(|prior| !differ(&planned.name, &prior.name)) {
        None => name_rules(planned, &mut finder),
        Some(prior) => downgrades(planned, prior, &mut finder),
    }
    finder.into_findings()
}

/// Three numbers, as in the name of a ClusterServiceVersion.
fn is_operator_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.split('.').count() >= 3
        && text.parse::<Version>().is_ok()
}

fn name_rules(planned: &NamespaceModel, finder: &mut Finder) {
    let Some(text) = planned.name.known_str() else {
        return;
    };
    let path = FieldPath::of("name");
    if let Err(error) = name::check_label(text, name::LABEL_LIMIT) {
        finder.broken(
            &NAMESPACE_NAME,
            path,
            format!("{text:?} cannot be the name of a namespace: {error}"),
        );
    } else if RESERVED.contains(&text) {
        finder.broken(
            &NAMESPACE_RESERVED,
            path,
            format!("The namespace {text} is reserved"),
        );
    }
}

fn downgrades(planned: &NamespaceModel, prior: &NamespaceModel, finder: &mut Finder) {
    let (Some(now), Some(before)) = (planned.engines.known(), prior.engines.known()) else {
        return;
    };
    for (engine, install) in now.iter() {
        let (Some(install), Field::Known(before)) = (install.known(), before.get(engine)) else {
            continue;
        };
        if let (Some(text), Some(installed)) = (
            install.version.known_str(),
            before.installed_version.known_str(),
        ) && let (Ok(version), Ok(running)) = (text.parse::<Version>(), installed.parse())
            && version < running
        {
            finder.broken(
                &OPERATOR_NO_DOWNGRADE,
                FieldPath::of("engines")
                    .field(engine.as_str())
                    .field("version"),
                format!("{text} is older than {installed}, which is installed"),
            );
        }
    }
}

#[cfg(test)]
mod tests;

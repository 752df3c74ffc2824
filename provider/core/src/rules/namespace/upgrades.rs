//! Upgrades of the operators of a namespace, as the install plans of OLM contain them.

use everest_schemas::Engine;
use everest_schemas::models::NamespaceModel;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::install_plan::{self, Consent, Decision, Extra};
use crate::operator_upgrade::{self, Hop};
use crate::path::FieldPath;
use crate::rules::Stage;
use crate::rules::findings::Findings;
use crate::rules::table::online::{OPERATOR_UPGRADE_ALONE, OPERATOR_UPGRADE_READY};
use crate::text::Text;

/// Warns of what keeps an action from upgrading the engines that `planned` lists: databases that are
/// not ready for it, and plans with other operators. It is only a warning, because the action may
/// follow other changes of the same run.
pub fn check_upgrade(
    planned: &NamespaceModel,
    found: &NamespaceModel,
    facts: &Facts,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    let path = FieldPath::of("engines");
    for hop in operator_upgrade::asked_for(planned, found) {
        databases(path.clone(), &hop, facts, Stage::Plan, &mut findings);
        if let Some(refusal) = shared(planned, hop.engine, facts, Consent::Listing, &|_| false) {
            findings.warning(&OPERATOR_UPGRADE_ALONE, path.clone(), refusal);
        }
    }
    findings.into_findings()
}

/// Checks the upgrades of a change, and the engines that it adds.
pub(super) fn check(
    planned: &NamespaceModel,
    before: &NamespaceModel,
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    for hop in operator_upgrade::asked_for(planned, before) {
        let path = FieldPath::of("engines")
            .field(hop.engine.as_str())
            .field("version");
        databases(path.clone(), &hop, facts, stage, findings);
        if stage == Stage::Plan {
            upgraded_alone(planned, before, path, hop.engine, facts, findings);
        }
    }
    if stage == Stage::Plan {
        added_alone(planned, before, facts, findings);
    }
}

/// Checks that the databases of a namespace are ready for an upgrade of their operator, and warns of
/// those whose engine version the next operator may not support, if that is not known.
fn databases(path: FieldPath, hop: &Hop, facts: &Facts, stage: Stage, findings: &mut Findings) {
    let everywhere = facts.engines_everywhere.as_deref().unwrap_or_default();
    let offered = operator_upgrade::offered(everywhere, hop);
    let databases = facts.databases.iter().flat_map(|all| all.values());
    let waiting = operator_upgrade::objections(databases.clone(), hop, offered);
    if !waiting.is_empty() {
        let summary = format!(
            "These databases are not ready for it: {}",
            waiting.join(", ")
        );
        findings.missing(&OPERATOR_UPGRADE_READY, path.clone(), summary, stage);
    }
    if stage == Stage::Apply {
        return;
    }
    let unchecked = operator_upgrade::unchecked(databases, hop, offered);
    if !unchecked.is_empty() {
        let summary = format!(
            "The provider does not know which engine versions {} {} supports. Before you upgrade, \
             look in {} for those of these databases: {}",
            hop.engine.operator(),
            hop.to,
            operator_upgrade::supported_versions_page(hop),
            unchecked.join(", ")
        );
        findings.warning(&OPERATOR_UPGRADE_READY, path, summary);
    }
}

/// Checks that the waiting install plan upgrades only the requested operators.
fn upgraded_alone(
    planned: &NamespaceModel,
    prior: &NamespaceModel,
    path: FieldPath,
    engine: Engine,
    facts: &Facts,
    findings: &mut Findings,
) {
    let goes = |extra: &Extra| is_removed(extra.engine, planned, prior);
    if let Some(refusal) = shared(planned, engine, facts, Consent::Version, &goes) {
        findings.error(&OPERATOR_UPGRADE_ALONE, path, refusal);
    }
}

/// The refusal of the waiting install plan of an engine, if it contains more than was requested.
///
/// What `goes` by the same change is no matter: the plan goes with it, and OLM makes another one
/// without it. An engine that is added changes no existing plan.
fn shared(
    planned: &NamespaceModel,
    engine: Engine,
    facts: &Facts,
    consent: Consent,
    goes: &dyn Fn(&Extra) -> bool,
) -> Option<Text> {
    let plan = operator_upgrade::waiting_plan(engine, facts)?;
    let asked = operator_upgrade::asked(planned, facts);
    let Decision::Refuse { mut extra } = install_plan::decide(plan, &asked) else {
        return None;
    };
    extra.retain(|extra| !goes(extra));
    let subscriptions = facts.subscriptions.as_ref();
    let is_subscribed = |engine: Engine| {
        subscriptions.is_none_or(|subscriptions| subscriptions.contains_key(engine.operator()))
    };
    (!extra.is_empty()).then(|| install_plan::refusal(plan, &extra, consent, is_subscribed))
}

/// Checks that the plan that OLM makes for an added engine contains only requested operators: OLM
/// puts all that is pending in the namespace into it.
fn added_alone(
    planned: &NamespaceModel,
    prior: &NamespaceModel,
    facts: &Facts,
    findings: &mut Findings,
) {
    let Some(subscriptions) = &facts.subscriptions else {
        return;
    };
    let asked = operator_upgrade::asked(planned, facts);
    let mut extra = install_plan::extras(&operator_upgrade::pending(facts), &asked);
    extra.retain(|extra| !is_removed(extra.engine, planned, prior));
    if extra.is_empty() {
        return;
    }
    for engine in operator_upgrade::added(planned, prior) {
        if !subscriptions.contains_key(engine.operator()) {
            let path = FieldPath::of("engines").field(engine.as_str());
            findings.error(
                &OPERATOR_UPGRADE_ALONE,
                path,
                install_plan::joined(engine, &extra),
            );
        }
    }
}

/// Returns true if a change takes an engine out.
fn is_removed(engine: Option<Engine>, planned: &NamespaceModel, prior: &NamespaceModel) -> bool {
    let (Some(engine), Some(now), Some(before)) =
        (engine, planned.engines.known(), prior.engines.known())
    else {
        return false;
    };
    now.get(engine).is_null() && !before.get(engine).is_null()
}

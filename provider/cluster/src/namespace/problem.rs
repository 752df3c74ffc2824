//! What keeps the operators of a namespace from being installed as they are wanted.

use everest_core::olm;
use everest_core::path::FieldPath;
use everest_core::text::Text;
use everest_core::version::Version;
use everest_schemas::Engine;
use everest_schemas::olm::Subscription;
use kube::ResourceExt;

use super::install::Wanted;
use super::olm::EngineView;
use crate::Cluster;
use crate::error::{ClusterError, Object};

/// Refuses what OLM would, before anything is written: an older version than the installed one.
///
/// # Errors
/// `Blocked` names the attribute.
pub(super) fn refuse_older(
    object: &Object,
    wanted: &[Wanted],
    subscriptions: &[Subscription],
) -> Result<(), ClusterError> {
    for wanted in wanted.iter().filter(|wanted| wanted.firm) {
        let found = subscriptions
            .iter()
            .find(|found| found.name_any() == wanted.engine.operator());
        let installed = found.and_then(|found| olm::subscription(found).installed_version);
        if let (Some(installed), Some(asked)) = (installed, &wanted.version)
            && is_older(asked, &installed)
        {
            return Err(blocked(object, &older(wanted.engine, asked, &installed)));
        }
    }
    Ok(())
}

fn older(engine: Engine, asked: &str, installed: &str) -> Problem {
    let operator = engine.operator();
    Problem {
        engine,
        member: Some("version"),
        sentence: format!("{operator} {installed} is installed; OLM cannot go back to {asked}"),
        certain: true,
    }
}

/// Whether version `a` comes before `b`.
pub(super) fn is_older(a: &str, b: &str) -> bool {
    match (a.parse::<Version>(), b.parse::<Version>()) {
        (Ok(a), Ok(b)) => a < b,
        _ => false,
    }
}

/// What will not get better by itself, and the engine to blame.
pub(super) struct Problem {
    engine: Engine,
    /// What of it; none: that it is listed.
    member: Option<&'static str>,
    pub(super) sentence: String,
    /// It is not OLM's passing opinion.
    pub(super) certain: bool,
}

/// What keeps an engine from being installed as it is wanted; `engines` are all that are wanted.
pub(super) fn problem(
    cluster: &Cluster,
    object: &Object,
    wanted: &Wanted,
    view: &EngineView,
    engines: &[Engine],
) -> Option<Problem> {
    let subscription = view.subscription.as_deref()?;
    let channel = subscription.spec.channel.as_deref().unwrap_or_default();
    if unresolved(subscription) {
        let why = view.facts.hindrance.clone().unwrap_or_default();
        if let Some(problem) = orphan(cluster, object, &why, wanted) {
            return Some(problem);
        }
        // OLM says the same of every Subscription in the namespace, whichever it is about.
        let named = engines
            .iter()
            .find(|engine| why.contains(engine.operator()));
        let engine = *named.unwrap_or(&wanted.engine);
        let member = if why.contains("found with name") {
            "version"
        } else {
            "channel"
        };
        return Some(Problem {
            engine,
            member: Some(member),
            sentence: why,
            certain: false,
        });
    }
    let (asked, installed) = (
        wanted.version.as_deref()?,
        view.facts.installed_version.as_deref()?,
    );
    if is_older(asked, installed) {
        return Some(older(wanted.engine, asked, installed));
    }
    at_latest(subscription).then(|| Problem {
        engine: wanted.engine,
        member: Some("version"),
        sentence: format!(
            "channel {channel} has nothing newer of {} than the installed {installed}, but {asked} \
             is asked for",
            wanted.engine.operator()
        ),
        certain: false,
    })
}

/// An operator whose Subscription somebody deleted: OLM neither replaces it nor lets a new
/// Subscription have it.
fn orphan(cluster: &Cluster, object: &Object, why: &str, wanted: &Wanted) -> Option<Problem> {
    let csv = olm::orphan(why)?;
    let of_engine = olm::parse_csv(csv)
        .and_then(|(package, version)| Some((Engine::from_operator(package)?, version)));
    let mut sentence = Text::from(format!(
        "the ClusterServiceVersion {csv} is installed, but no Subscription refers to it, so OLM \
         installs nothing in the namespace. Delete it (kubectl -n {} delete clusterserviceversion \
         {csv}) and try again: OLM then installs the operator anew, and databases run on \
         meanwhile",
        object.name
    ));
    if let Some((engine, version)) = of_engine {
        let path = FieldPath::of("engines")
            .field(engine.as_str())
            .field("version");
        let version = Text::setting(path, version);
        sentence = sentence.and(". To keep its version set ").and(version);
    }
    Some(Problem {
        engine: of_engine.map_or(wanted.engine, |(engine, _)| engine),
        member: None,
        sentence: sentence.render(cluster.dialect()),
        certain: false,
    })
}

fn at_latest(subscription: &Subscription) -> bool {
    let state = subscription
        .status
        .as_ref()
        .and_then(|status| status.state.as_deref());
    state == Some("AtLatestKnown")
}

fn unresolved(subscription: &Subscription) -> bool {
    let conditions = subscription
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "ResolutionFailed" && condition.status == "True")
}

/// The error for a problem that stays.
pub(super) fn blocked(object: &Object, problem: &Problem) -> ClusterError {
    let engine = FieldPath::of("engines").field(problem.engine.as_str());
    let attribute = match problem.member {
        Some(member) => engine.field(member),
        None => engine,
    };
    ClusterError::Blocked {
        object: Box::new(object.clone()),
        message: problem.sentence.clone(),
        attribute: Some(attribute),
    }
}

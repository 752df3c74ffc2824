//! Reasons why operators of a namespace cannot be installed as wanted.

use everest_schemas::Engine;
use everest_schemas::olm::Subscription;

use super::engines::{WantedEngine, is_older};
use super::view::EngineView;
use crate::lifecycle::{Action, Observed, Query};
use crate::olm;
use crate::path::FieldPath;
use crate::text::Text;

/// The time for which a problem has to last before it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// None: it does not go away by itself.
    Certain,
    /// A while: OLM's own conditions may pass.
    Reported,
    /// However long: OLM could not judge what is asked for, and tries again.
    Open,
}

/// A problem, and the engine at fault.
pub(super) struct Hindrance {
    engine: Engine,
    /// The attribute of the engine at fault; `None`: the engine as a whole.
    member: Option<&'static str>,
    pub(super) sentence: Text,
    pub(super) certainty: Certainty,
}

impl Hindrance {
    /// Returns the problem with an engine, if there is one; `engines` are all the wanted ones.
    pub(super) fn of(
        namespace: &str,
        wanted: &WantedEngine,
        view: &EngineView<'_>,
        engines: &[WantedEngine],
    ) -> Option<Self> {
        let subscription = view.subscription?;
        if is_unresolved(subscription) {
            let why = view.facts.hindrance.clone().unwrap_or_default();
            let orphan = Self::orphan(namespace, &why, wanted);
            return Some(
                orphan.unwrap_or_else(|| match olm::is_unjudged(subscription) {
                    true => Self::unjudged(&why, wanted),
                    false => Self::unresolved(why, wanted, engines),
                }),
            );
        }
        let (asked, installed) = (wanted.version.as_deref()?, view.installed_version()?);
        if is_older(asked, installed) {
            return Some(Self::older(wanted.engine, asked, installed));
        }
        let channel = subscription.spec.channel.as_deref().unwrap_or_default();
        is_at_latest(subscription).then(|| Self {
            engine: wanted.engine,
            member: Some("version"),
            sentence: format!(
                "channel {channel} has no version of {} newer than the installed {installed}, but \
                 the configuration asks for {asked}",
                wanted.engine.operator()
            )
            .into(),
            certainty: Certainty::Reported,
        })
    }

    fn older(engine: Engine, asked: &str, installed: &str) -> Self {
        let operator = engine.operator();
        Self {
            engine,
            member: Some("version"),
            sentence: format!("{operator} {installed} is installed; OLM cannot go back to {asked}")
                .into(),
            certainty: Certainty::Certain,
        }
    }

    /// An error that kept OLM from resolving, such as a catalog of another program that it cannot
    /// read.
    fn unjudged(why: &str, wanted: &WantedEngine) -> Self {
        Self {
            engine: wanted.engine,
            member: None,
            sentence: format!(
                "{why}. OLM tries again by itself. It resolves nothing while it cannot read a \
                 catalog that the namespace can use (kubectl get catalogsources -A)"
            )
            .into(),
            certainty: Certainty::Open,
        }
    }

    /// OLM writes the same message to every Subscription in the namespace, whichever it is about.
    fn unresolved(why: String, wanted: &WantedEngine, engines: &[WantedEngine]) -> Self {
        let named = engines
            .iter()
            .find(|other| why.contains(other.engine.operator()));
        Self {
            engine: named.unwrap_or(wanted).engine,
            member: Some(match why.contains("found with name") {
                true => "version",
                false => "channel",
            }),
            sentence: why.into(),
            certainty: Certainty::Reported,
        }
    }

    /// An operator whose Subscription was deleted: OLM neither replaces the operator nor assigns it
    /// to a new Subscription.
    fn orphan(namespace: &str, why: &str, wanted: &WantedEngine) -> Option<Self> {
        let csv = olm::orphan(why)?;
        let of_engine = olm::parse_csv(csv)
            .and_then(|(package, version)| Some((Engine::from_operator(package)?, version)));
        let mut sentence = Text::from(format!(
            "the ClusterServiceVersion {csv} is installed, but no Subscription refers to it, so \
             OLM installs nothing in the namespace. Delete it (kubectl -n {namespace} delete \
             clusterserviceversion {csv}) and try again: OLM then reinstalls the operator; \
             databases keep running meanwhile"
        ));
        if let Some((engine, version)) = of_engine {
            let version = Text::setting(path(engine).field("version"), version);
            sentence = sentence.and(". To keep its version set ").and(version);
        }
        Some(Self {
            engine: of_engine.map_or(wanted.engine, |(engine, _)| engine),
            member: None,
            sentence,
            certainty: Certainty::Reported,
        })
    }

    /// The refusal for a problem that stays.
    pub(super) fn refusal(self) -> Action {
        let engine = path(self.engine);
        Action::Refuse {
            message: self.sentence,
            attribute: Some(match self.member {
                Some(member) => engine.field(member),
                None => engine,
            }),
        }
    }
}

/// The attribute of an engine.
pub(super) fn path(engine: Engine) -> FieldPath {
    FieldPath::of("engines").field(engine.as_str())
}

/// Refuses a version older than the installed one before anything is written, as OLM would refuse
/// it later.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn older(
    observed: &Observed,
    namespace: &str,
    wanted: &[WantedEngine],
) -> Result<Option<Action>, Query> {
    for wanted in wanted.iter().filter(|wanted| wanted.firm) {
        let found = observed.object::<Subscription>(namespace, wanted.engine.operator())?;
        let installed = found.and_then(|found| olm::subscription(found).installed_version);
        if let (Some(installed), Some(asked)) = (installed, &wanted.version)
            && is_older(asked, &installed)
        {
            let hindrance = Hindrance::older(wanted.engine, asked, &installed);
            return Ok(Some(hindrance.refusal()));
        }
    }
    Ok(None)
}

fn is_at_latest(subscription: &Subscription) -> bool {
    let status = subscription.status.as_ref();
    status.and_then(|status| status.state.as_deref()) == Some("AtLatestKnown")
}

fn is_unresolved(subscription: &Subscription) -> bool {
    let status = subscription.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "ResolutionFailed" && condition.status == "True")
}

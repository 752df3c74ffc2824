//! Installing and upgrading engine operators through OLM.

use std::collections::BTreeMap;
use std::time::Duration;

use everest_schemas::Engine;
use everest_schemas::olm::{InstallPlan, Subscription};

use super::catalog;
use super::engines::WantedEngine;
use super::hindrance::{Certainty, Hindrance};
use super::subscriptions::Subscriber;
use super::upgrade::Upgrade;
use super::view::EngineView;
use crate::install_plan::{self, Asked, Consent, Decision, Extra};
use crate::lifecycle::{Action, Observed, Query, Stopwatches};
use crate::operator_upgrade::{self, Hop};
use crate::path::FieldPath;
use crate::readiness::Readiness;
use crate::text::Text;

/// The time for which OLM must report that it cannot resolve, or that there is nothing newer,
/// before that is believed: OLM reports both for a moment during an installation. The time in OLM's
/// condition does not help, because a condition stays for a moment after its cause was corrected.
const BELIEVED_AFTER: Duration = Duration::from_secs(30);

/// Installs every wanted engine in the requested version. Only the install plans for that are
/// approved.
///
/// 1. Looks at each engine's Subscription, its plan, its installed CSV and its DatabaseEngine. A
///    plan that failed ends the installation: OLM never tries it again. Of OLM's other complaints
///    none counts before it can read the catalog, nor an error that kept it from resolving.
/// 2. An engine without a requested version is satisfied with any; the plans of satisfied engines
///    are not approved.
/// 3. Once every other engine has a plan (Subscriptions that are created together share one), each
///    plan that waits for approval is decided on: see [`install_plan`]. An upgrade is approved
///    under Everest's lock, one version at a time: see [`Upgrade::approve`].
/// 4. Waits until all CSVs have succeeded and all DatabaseEngines are installed and offer versions.
///    The locks are off by then; they are also taken off after a refusal.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    namespace: String,
    wanted: Vec<WantedEngine>,
    subscriber: Subscriber,
    consent: Consent,
    upgrade: Upgrade,
    /// The refusal that ends it.
    refused: Option<Action>,
}

impl Installation {
    pub(super) fn of(
        namespace: &str,
        wanted: Vec<WantedEngine>,
        subscriber: &Subscriber,
        consent: Consent,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            wanted,
            subscriber: subscriber.clone(),
            consent,
            upgrade: Upgrade::new(namespace, &subscriber.manager),
            refused: None,
        }
    }

    /// Cancels the installation: from now on it only removes its locks. Returns true if there are
    /// any.
    pub(super) fn give_up(&mut self) -> bool {
        self.refused = Some(Action::Done(()));
        self.upgrade.has_locks()
    }

    /// The next step.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn step(
        &mut self,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Action, Query> {
        let action = match &self.refused {
            Some(refused) => refused.clone(),
            None => self.decide(observed, times)?,
        };
        if !matches!(action, Action::Refuse { .. } | Action::Done(())) {
            return Ok(action);
        }
        let engines = self.wanted.iter().map(|wanted| wanted.engine);
        if let Some(unlock) = self.upgrade.release(observed, engines)? {
            if matches!(action, Action::Refuse { .. }) {
                self.refused = Some(action);
            }
            return Ok(unlock);
        }
        Ok(action)
    }

    fn decide(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let mut views = Vec::new();
        for wanted in &self.wanted {
            views.push(EngineView::of(observed, &self.namespace, wanted.engine)?);
        }
        let mut missing = self.look(observed, &views, times)?;
        if let Some(end) = missing.end {
            return Ok(end);
        }
        if missing.sentences.is_empty() {
            return Ok(Action::Done(()));
        }
        let asked: Vec<Asked> = self
            .wanted
            .iter()
            .zip(&views)
            .map(|(wanted, view)| view.asked(wanted))
            .collect();
        for plan in missing.plans.values() {
            let awaited = match install_plan::decide(plan, &asked) {
                Decision::Approve => {
                    let hops = operator_upgrade::hops(plan, |engine| {
                        let known = asked.iter().find(|asked| asked.engine == engine)?;
                        known.installed.clone()
                    });
                    match self.unfinished(&views, &hops) {
                        Some(reason) => reason.into(),
                        None => match self.upgrade.approve(observed, plan, &hops)? {
                            Action::Await(reason) => reason,
                            action => return Ok(action),
                        },
                    }
                }
                Decision::Wait(reason) => reason.into(),
                Decision::Refuse { extra } => return self.refusal(observed, plan, &extra),
            };
            missing.sentences.push(awaited);
        }
        missing.sentences.dedup();
        Ok(Action::Await(Text::join(missing.sentences, "; ")))
    }

    /// The refusal of a plan with operators that nobody asked for.
    fn refusal(
        &self,
        observed: &Observed,
        plan: &InstallPlan,
        extra: &[Extra],
    ) -> Result<Action, Query> {
        let mut subscribed = Vec::new();
        for engine in extra.iter().filter_map(|extra| extra.engine) {
            let found = observed.object::<Subscription>(&self.namespace, engine.operator())?;
            subscribed.extend(found.map(|_| engine));
        }
        let is_subscribed = |engine| subscribed.contains(&engine);
        let agreed = extra
            .iter()
            .find(|extra| extra.engine.is_some_and(is_subscribed));
        Ok(Action::Refuse {
            message: install_plan::refusal(plan, extra, self.consent, is_subscribed),
            attribute: agreed.map(|extra| match self.consent {
                Consent::Version => extra.attribute.clone(),
                Consent::Listing => FieldPath::of("engines"),
            }),
        })
    }

    /// The part that the engines still lack.
    fn look<'a>(
        &self,
        observed: &Observed,
        views: &[EngineView<'a>],
        times: &mut Stopwatches,
    ) -> Result<Missing<'a>, Query> {
        let mut missing = Missing::default();
        let mut are_all_planned = true;
        for (wanted, view) in self.wanted.iter().zip(views) {
            let operator = wanted.engine.operator();
            if view.satisfies(wanted) {
                match view.installation(wanted.engine) {
                    Readiness::Ready => {}
                    Readiness::Pending(reason) => missing.sentences.push(reason.into()),
                    Readiness::Failed(reason) => {
                        missing.end = Some(Action::Failed(reason));
                        return Ok(missing);
                    }
                }
                continue;
            }
            if let Some(hindrance) = Hindrance::of(&self.namespace, wanted, view, &self.wanted) {
                are_all_planned = false;
                // Without its catalog, OLM knows of no version.
                if hindrance.certainty != Certainty::Certain
                    && let Some(wait) = catalog::trouble(observed, &self.subscriber)?
                {
                    times.stop(operator);
                    missing.sentences.push(wait);
                    continue;
                }
                let is_believed = match hindrance.certainty {
                    Certainty::Certain => true,
                    Certainty::Reported => times.stood(operator, "") >= BELIEVED_AFTER,
                    Certainty::Open => {
                        times.stop(operator);
                        false
                    }
                };
                if is_believed {
                    missing.end = Some(hindrance.refusal());
                    return Ok(missing);
                }
                missing.sentences.push(hindrance.sentence);
                continue;
            }
            times.stop(operator);
            if let Some(plan) = view.plan {
                if let Some(reason) = install_plan::failure(plan) {
                    missing.end = Some(Action::Failed(reason));
                    return Ok(missing);
                }
                missing.sentences.push(described(wanted.engine, plan));
                if needs_approval(plan) {
                    let name = plan.metadata.name.as_deref().unwrap_or_default();
                    missing.plans.insert(name.to_owned(), plan);
                }
            } else {
                are_all_planned = false;
                missing
                    .sentences
                    .push(Text::from(match &view.facts.hindrance {
                        Some(hindrance) => format!("{operator}: {hindrance}"),
                        None => format!("OLM to plan the installation of {operator}"),
                    }));
            }
        }
        if !are_all_planned {
            missing.plans.clear();
        }
        Ok(missing)
    }

    /// The versions that are to be replaced and are still being installed: OLM goes from version to
    /// version, and plans the next one early.
    fn unfinished(&self, views: &[EngineView<'_>], hops: &[Hop]) -> Option<String> {
        self.wanted
            .iter()
            .zip(views)
            .filter(|(wanted, _)| hops.iter().any(|hop| hop.engine == wanted.engine))
            .find_map(|(wanted, view)| match view.installation(wanted.engine) {
                Readiness::Ready => None,
                Readiness::Pending(reason) | Readiness::Failed(reason) => Some(reason),
            })
    }
}

/// The part that the engines still lack.
#[derive(Default)]
struct Missing<'a> {
    sentences: Vec<Text>,
    /// The plans that wait for approval, by name.
    plans: BTreeMap<String, &'a InstallPlan>,
    /// The refusal, if a problem does not go away by itself.
    end: Option<Action>,
}

fn needs_approval(plan: &InstallPlan) -> bool {
    let phase = plan.status.as_ref().map(|status| status.phase.as_str());
    phase == Some("RequiresApproval") && !plan.spec.approved
}

fn described(engine: Engine, plan: &InstallPlan) -> Text {
    let status = plan.status.as_ref();
    let phase = status.map_or("", |status| status.phase.as_str());
    let phase = match phase {
        "" => "no phase yet",
        phase => phase,
    };
    // OLM says here what it tries again.
    let message = status.and_then(|status| status.message.as_deref());
    let message = message.filter(|message| !message.trim().is_empty());
    let message = message.map_or_else(String::new, |message| format!(": {}", message.trim()));
    format!(
        "{} to be installed (install plan {}: {phase}{message})",
        engine.operator(),
        plan.metadata.name.as_deref().unwrap_or_default()
    )
    .into()
}

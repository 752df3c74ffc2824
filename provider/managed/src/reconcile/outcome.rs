//! The result of a reconcile, as conditions.

use std::time::Duration;

use kube::runtime::reflector::Store;

use super::{Client, Next, Object, Reconciler, Seen};
use crate::conditions::{ConditionUpdate, READY, Report};
use crate::events::{EventType, Reason};
use crate::external::{Connector, External, Ran, Readiness};
use crate::failure::{Failure, WAY_OUT};
use crate::policies::InvalidPolicies;

/// The interval of reconciles while an object is not ready: some judgements depend on time. See
/// [`again`] for many such objects.
pub(super) const NOT_READY: Duration = Duration::from_secs(5);
/// The interval of reconciles during a deletion.
const DELETING: Duration = Duration::from_secs(5);
/// The pause after a write conflict.
pub(super) const CONFLICT: Duration = Duration::from_millis(200);

/// The result of a reconcile.
pub(super) struct Outcome {
    pub(super) report: Report,
    pub(super) next: Next,
}

pub(super) fn paused() -> Outcome {
    Outcome {
        report: Report {
            synced: Some(ConditionUpdate::paused().because(
                "reconciliation is paused: the annotation crossplane.io/paused is \"true\", or \
                 spec.managementPolicies is empty",
            )),
            up_to_date: Some(ConditionUpdate::unknown_while_paused()),
            ..Report::default()
        },
        next: Next::Never,
    }
}

/// The result with invalid policies: the external object is not looked at.
pub(super) fn refused(error: &InvalidPolicies) -> Outcome {
    let unknown = ConditionUpdate::unknown_while_refused()
        .because("nothing is done until spec.managementPolicies is a valid set");
    Outcome {
        report: Report {
            ready: Some(unknown.clone()),
            synced: Some(ConditionUpdate::failed().because(error.to_string())),
            up_to_date: Some(unknown),
            at_provider: None,
        },
        next: Next::Never,
    }
}

pub(super) fn deleting(why: String) -> Outcome {
    Outcome {
        report: Report {
            ready: Some(ConditionUpdate::deleting().because(why)),
            synced: Some(ConditionUpdate::synced()),
            ..Report::default()
        },
        next: Next::After(DELETING),
    }
}

/// The result of a failed reconcile, for a managed resource that is being deleted or not, whose
/// external object is `missing` or not as far as that is known. Conditions without news keep their
/// value.
///
/// 1. Waiting is no failure.
/// 2. A missing object is not ready and not as wanted.
/// 3. An object that is being deleted is not ready.
/// 4. An object that cannot be observed is not known to be ready.
/// 5. An object of somebody else's says nothing about this resource.
pub(super) fn failed(failure: &Failure, is_deleting: bool, is_missing: bool) -> Report {
    let why = failure.to_string();
    let up_to_date = match failure {
        Failure::Held(_) => Some(ConditionUpdate::update_requested().because(&why)),
        Failure::Refused(_) | Failure::Create(_) | Failure::Update(_) => {
            Some(ConditionUpdate::update_failed())
        }
        Failure::Duplicate(_) | Failure::Foreign { .. } | Failure::Replaced { .. } => {
            Some(ConditionUpdate::unknown_while_refused().because(&why))
        }
        _ if is_missing => Some(ConditionUpdate::update_failed()),
        _ => None,
    };
    let ready = match failure {
        Failure::Connect { .. } if is_deleting => {
            Some(ConditionUpdate::deleting().because("its cluster cannot be asked"))
        }
        Failure::Connect { .. } => {
            Some(ConditionUpdate::unavailable().because("its cluster cannot be asked"))
        }
        _ if is_deleting => Some(ConditionUpdate::deleting().because(&why)),
        Failure::Duplicate(_) | Failure::Foreign { .. } | Failure::Replaced { .. } => Some(
            ConditionUpdate::unavailable().because("the external object is not this resource's"),
        ),
        _ if is_missing => Some(ConditionUpdate::creating().because(&why)),
        _ => None,
    };
    let synced = match failure {
        Failure::Held(_) => ConditionUpdate::synced(),
        Failure::Connect { .. } if is_deleting => {
            ConditionUpdate::failed().because(format!("{why}. {WAY_OUT}"))
        }
        _ => ConditionUpdate::failed().because(why),
    };
    Report {
        ready,
        synced: Some(synced),
        up_to_date,
        at_provider: None,
    }
}

/// The result if someone else deletes the external object; `going` is a sentence about the reason
/// for the delay, and `is_made_anew` whether the policies allow another one after it.
pub(super) fn deleted_elsewhere(going: &str, is_made_anew: bool) -> Outcome {
    let up_to_date = match is_made_anew {
        true => ConditionUpdate::update_requested(),
        false => ConditionUpdate::update_restricted(),
    };
    Outcome {
        report: Report {
            up_to_date: Some(up_to_date.because(going)),
            ready: Some(ConditionUpdate::unavailable().because(going)),
            synced: Some(ConditionUpdate::failed().because(format!(
                "observe failed: {going}, but this resource did not request it. The provider \
                 retries once it is gone"
            ))),
            ..Report::default()
        },
        next: Next::After(DELETING),
    }
}

/// The interval of reconciles if so many resources may be starting: at most half of the reconciles
/// per second are for resources without events.
fn again(resources: usize, max_reconcile_rate: u32) -> Duration {
    let resources = u32::try_from(resources).unwrap_or(u32::MAX);
    let all = Duration::from_secs(2 * u64::from(resources)) / max_reconcile_rate.max(1);
    all.max(NOT_READY)
}

impl<C: Connector> Reconciler<'_, C> {
    /// The result for an existing external object.
    pub(super) async fn settled(
        &mut self,
        client: &mut Client<C>,
        seen: &Seen<Object<C>>,
        differs: Option<&str>,
        up_to_date: ConditionUpdate,
    ) -> Result<Outcome, Failure> {
        self.remember(client, &seen.object).await?;
        let up_to_date = up_to_date_of(up_to_date, differs, &seen.notes);
        let status = C::status(&self.managed);
        let creating = status
            .condition(READY)
            .is_none_or(|ready| ready.reason == "Creating");
        let shown = client.show(&mut self.request(), &seen.object).await?;
        let readiness = shown.readiness;
        let published = self.publish(client, &seen.object).await;
        // Whoever waits for the condition connects next.
        let readiness = match (readiness, &published) {
            (Readiness::Ready, Ok(Some(missing))) => Readiness::Pending(missing.clone()),
            (Readiness::Ready, Err(failure)) if creating || failure.is_foreign_secret() => {
                Readiness::Pending(failure.to_string())
            }
            (readiness, _) => readiness,
        };
        let again = again(
            self.controller.resources.get().map_or(0, Store::len),
            self.controller.context.options.max_reconcile_rate,
        );
        let (ready, next) = match &readiness {
            Readiness::Ready => (ConditionUpdate::available(), Next::Usual),
            Readiness::Pending(missing) if creating => (
                ConditionUpdate::creating().because(missing),
                Next::After(again),
            ),
            Readiness::Pending(missing) => (
                ConditionUpdate::unavailable().because(missing),
                Next::After(again),
            ),
            Readiness::Failed(reason) => {
                (ConditionUpdate::unavailable().because(reason), Next::Usual)
            }
        };
        let synced = match published {
            Ok(_) => ConditionUpdate::synced(),
            Err(failure) if failure.is_conflict() => return Err(failure),
            Err(failure) => {
                let reason = Reason::CannotPublishConnectionDetails;
                self.event(EventType::Warning, reason, &failure.to_string());
                ConditionUpdate::failed().because(failure.to_string())
            }
        };
        let next = match synced.status {
            "True" => next,
            _ => Next::Again(self.state.failed()),
        };
        Ok(Outcome {
            report: Report {
                ready: Some(ready),
                synced: Some(synced),
                up_to_date: Some(up_to_date),
                at_provider: Some(shown.at_provider),
            },
            next,
        })
    }

    /// The result for an operation that ran once and whose object is gone.
    pub(super) fn done(&self, ran: Option<&Ran>) -> Outcome {
        let state = ran.and_then(|ran| ran.state.as_deref());
        let ready = match ran {
            Some(ran) if ran.has_succeeded => ConditionUpdate::available(),
            _ => ConditionUpdate::unavailable().because(format!(
                "{} no longer exists; its last known state was {}. It does not run again: create \
                 another resource for that",
                self.shown(),
                state.unwrap_or("before it began")
            )),
        };
        Outcome {
            report: Report {
                ready: Some(ready),
                synced: Some(ConditionUpdate::synced()),
                up_to_date: Some(ConditionUpdate::matched()),
                at_provider: None,
            },
            next: Next::Usual,
        }
    }

    /// The result for a missing object that may not be created.
    pub(super) fn absent(&self) -> Outcome {
        let why = format!(
            "{} does not exist, and spec.managementPolicies does not allow its creation",
            self.shown()
        );
        Outcome {
            report: Report {
                ready: Some(ConditionUpdate::unavailable().because(&why)),
                synced: Some(ConditionUpdate::failed().because(format!("observe failed: {why}"))),
                up_to_date: Some(ConditionUpdate::update_restricted().because(&why)),
                at_provider: None,
            },
            next: Next::Usual,
        }
    }
}

/// The condition with its own message, what `differs`, and notes about what is left as it is.
fn up_to_date_of(
    update: ConditionUpdate,
    differs: Option<&str>,
    notes: &[String],
) -> ConditionUpdate {
    let differs = differs.filter(|_| update.status != "True");
    let own = update.message.as_deref().into_iter();
    let told: Vec<_> = own
        .chain(differs)
        .chain(notes.iter().map(String::as_str))
        .collect();
    match told.as_slice() {
        [] => update,
        told => {
            let message = told.join("; ");
            update.because(message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status and reason of each condition that a failed look says, in words.
    fn said(failure: &Failure, is_deleting: bool, is_missing: bool) -> [String; 3] {
        let report = failed(failure, is_deleting, is_missing);
        [report.ready, report.synced, report.up_to_date].map(|says| {
            says.map_or("-".to_owned(), |says| {
                format!("{}/{}", says.status, says.reason)
            })
        })
    }

    #[test]
    fn the_conditions_of_each_failure_say_nothing_that_is_untrue() {
        let of = || Box::new(Failure::Unreadable("x".to_owned()));
        let control = || Failure::control("reading")(kube::Error::LinesCodecMaxLineLengthExceeded);
        let foreign = Failure::Foreign {
            shown: "File orders".to_owned(),
            name: "orders".to_owned(),
        };
        let replaced = Failure::Replaced {
            shown: "File orders".to_owned(),
            record: "notes.example.org/external-uid".to_owned(),
        };
        let (fails, waits) = ("False/ReconcileError", "True/ReconcileSuccess");
        let (creating, deleting) = ("False/Creating", "False/Deleting");
        let away = "False/Unavailable";
        let (requested, failed) = ("False/UpdateRequested", "False/UpdateFailed");
        let unknown = "Unknown/ReconcileError";
        // Ready of an object that is absent and of one that is present; Synced; UpToDate of both.
        // Any resource that is being deleted is not ready for that reason.
        let target = Failure::connect("there is no config");
        for (failure, ready, synced, up_to_date) in [
            (target, [away, away], fails, [failed, "-"]),
            (control(), [creating, "-"], fails, [failed, "-"]),
            (*of(), [creating, "-"], fails, [failed, "-"]),
            (
                Failure::Secret("x".to_owned()),
                [creating, "-"],
                fails,
                [failed, "-"],
            ),
            (
                Failure::Refused("x".to_owned()),
                [creating, "-"],
                fails,
                [failed, failed],
            ),
            (
                Failure::Held("x".to_owned()),
                [creating, "-"],
                waits,
                [requested, requested],
            ),
            (
                Failure::Create(of()),
                [creating, "-"],
                fails,
                [failed, failed],
            ),
            (
                Failure::Update(of()),
                [creating, "-"],
                fails,
                [failed, failed],
            ),
            (Failure::Delete(of()), [creating, "-"], fails, [failed, "-"]),
            (
                Failure::Duplicate("x".to_owned()),
                [away, away],
                fails,
                [unknown, unknown],
            ),
            (foreign, [away, away], fails, [unknown, unknown]),
            (replaced, [away, away], fails, [unknown, unknown]),
        ] {
            for (index, is_missing) in [(0, true), (1, false)] {
                let expected = [ready[index], synced, up_to_date[index]];
                assert_eq!(
                    said(&failure, false, is_missing),
                    expected,
                    "{failure} {is_missing}"
                );
                let expected = [deleting, synced, up_to_date[index]];
                assert_eq!(
                    said(&failure, true, is_missing),
                    expected,
                    "deleting: {failure}"
                );
            }
        }
    }

    #[test]
    fn many_that_are_starting_leave_half_of_the_looks_to_others() {
        assert_eq!(again(200, 100), NOT_READY);
        assert_eq!(again(2000, 100), Duration::from_secs(40));
        assert_eq!(again(2000, 0), Duration::from_secs(4000));
    }
}

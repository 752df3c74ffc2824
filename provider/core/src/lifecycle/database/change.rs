//! Carrying out a planned change of a database.

use std::time::Duration;

use everest_schemas::everest::{DatabaseCluster, DatabaseEngine};
use everest_schemas::models::DatabaseModel;
use serde_json::Value;

use super::users::UserSecret;
use super::{After, AwaitReady, Bodies, busy, is_from_backup, named_secrets};
use crate::facts::Seen;
use crate::lifecycle::{
    Action, Apply, HandOver, Lifecycle, ObjectRef, Observed, Query, Stopwatches, prerequisites,
};
use crate::passwords::{self, Users};
use crate::path::FieldPath;
use crate::restart::{self, Step};
use crate::text::Text;
use crate::upgrade::{self, CrVersion, Next};
use crate::v1::database::status;
use crate::{Operation, impact, readiness, v1, volumes};

/// The time in which Everest must recommend the CR version of an installed operator.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// The stopwatch for a recommendation that is due.
const RECOMMENDATION: &str = "recommendation";

/// Changes a database to what is planned, and waits until it is ready again.
///
/// 1. If the engine's version changes, earlier work has to end first, so that an interrupted apply
///    is resumed where it stopped. A failure counts as an end: another version may repair it. Then
///    Everest gets up to 30 seconds to recommend the CR version of an operator that the same run
///    has just upgraded.
/// 2. If the engine's version changes while a CR version is pending, the change is made in two
///    halves: first everything else together with the CR version, until the database is ready and
///    Everest recommends nothing any more, because Everest refuses the engine's version until then.
///    If only `cr_version` follows the recommendation, the pending CR version is written with the
///    rest.
/// 3. Everest refuses changes while a database is being restored, upgraded or resized, and while an
///    engine operator of the namespace is being upgraded: that is waited for. A change that does
///    not reach the spec (a resumed wait, labels) is not held back.
/// 4. Passwords that the configuration sends are written into the Secret that the engine's operator
///    reads. A change to a Secret that was made for something else is refused.
/// 5. The part of the change that is ours is applied: see [`Bodies::ours`].
/// 6. A requested restart is started after the change is written, or after a change of the engine's
///    version or of its volumes has taken effect.
/// 7. The database is waited for until it is ready, unless `wait` is false.
#[derive(Clone, Debug)]
pub struct ChangeDatabase {
    object: ObjectRef,
    prior: DatabaseModel,
    planned: DatabaseModel,
    config: DatabaseModel,
    manager: String,
    users: Option<UserSecret>,
    /// True once passwords were written.
    sent_users: bool,
    stage: Stage,
    /// The CR version that was written first.
    begun: Option<String>,
    /// True once Everest had time to recommend a version.
    noticed: bool,
    /// The wait for earlier work.
    before: Option<AwaitReady>,
}

/// The progress of a change.
#[derive(Clone, Debug)]
enum Stage {
    /// The versions are put in their order.
    Prepare,
    /// This model is to be written, as the whole change or its first half.
    Write(Box<DatabaseModel>, Half),
    /// It is written; the generation before the write.
    Written(Box<DatabaseModel>, Half, Option<i64>),
    /// It is waited for.
    Wait(AwaitReady, Half),
}

#[derive(Clone, Debug, PartialEq)]
enum Half {
    /// All that is left.
    Whole,
    /// All but the engine's version, with this version of the operator.
    First(String),
    /// All but the restart.
    WithoutRestart,
}

impl ChangeDatabase {
    /// A change from what the state holds to what is planned. `manager` is the field manager.
    pub fn of(
        prior: &DatabaseModel,
        planned: &DatabaseModel,
        config: &DatabaseModel,
        manager: &str,
    ) -> Self {
        let object = ObjectRef::of_model(planned);
        let users = Users::given(&passwords::with_users(planned, config));
        Self {
            users: users.map(|users| UserSecret::of(planned, users, manager)),
            sent_users: false,
            object,
            prior: prior.clone(),
            planned: planned.clone(),
            config: config.clone(),
            manager: manager.to_owned(),
            stage: Stage::Prepare,
            begun: None,
            noticed: false,
            before: None,
        }
    }

    /// Returns true if a part of the change is in the cluster, written now or by the apply that
    /// this one resumes, so that an error leaves the change pending. `may_be_written`: the answer
    /// to the last write is missing.
    ///
    /// A change whose restart was not begun does not count: if the state recorded the change,
    /// nothing would ever begin the restart.
    pub fn is_begun(&self, may_be_written: bool) -> bool {
        let restarts = restart::is_asked(&self.prior, &self.planned);
        match &self.stage {
            Stage::Prepare => self.begun.is_some() || (self.before.is_some() && self.resumes()),
            Stage::Write(..) => may_be_written && !restarts,
            Stage::Written(..) => false,
            Stage::Wait(_, half) => *half == Half::Whole || !restarts,
        }
    }

    /// The last apply ended before the database was ready.
    fn resumes(&self) -> bool {
        self.prior.ready.known() == Some(&false)
    }

    /// Puts the versions in their order: sets the next stage, or returns what is waited for before
    /// it.
    fn prepare(
        &mut self,
        live: &DatabaseCluster,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        match upgrade::next(&self.planned, live) {
            Next::Write { cr_version } => {
                if upgrade::changes_version(&self.planned, live) && self.begun.is_none() {
                    if let Some(action) = self.work_ended(live, observed, times)? {
                        return Ok(Some(action));
                    }
                    if let Some(action) = self.recommended(live, observed, times)? {
                        return Ok(Some(action));
                    }
                }
                let version = cr_version.or_else(|| self.begun.clone());
                let planned = match version {
                    Some(version) => upgrade::with_cr_version(&self.planned, &version),
                    None => self.planned.clone(),
                };
                let (planned, half) = match self.restarts_later(live) {
                    true => (self.without_restart(planned), Half::WithoutRestart),
                    false => (planned, Half::Whole),
                };
                self.stage = Stage::Write(Box::new(planned), half);
                Ok(None)
            }
            Next::TakeOver(version) if self.begun.as_ref() != Some(&version) => {
                // The pods start anew with the version; a restart that is asked for too comes with
                // the other half.
                let first = upgrade::first_half(&self.planned, live, &version);
                let first = self.without_restart(first);
                self.stage = Stage::Write(Box::new(first), Half::First(version));
                Ok(None)
            }
            Next::Settle | Next::TakeOver(_) => Ok(Some(Action::Await(
                format!(
                    "Everest to withdraw its recommended CR version; status is {:?}",
                    status(live)
                )
                .into(),
            ))),
            Next::Refuse(version) => Ok(Some(Action::Refuse {
                message: format!(
                    "its operator's CR version {version} must be applied first, but the plan has \
                     another one. If the configuration sets engine.cr_version, set it to {version} \
                     or \"recommended\"; otherwise the operator was upgraded after the plan: plan \
                     again"
                )
                .into(),
                attribute: Some(FieldPath::of("engine.crVersion")),
            })),
        }
    }

    /// Returns true if a restart comes once the rest of the change has taken effect. Everest starts a
    /// database that it restarts again when it is `paused`, but one that has stopped during its
    /// upgrade, or while its volumes grow, is not: it would stay stopped.
    fn restarts_later(&self, live: &DatabaseCluster) -> bool {
        let spec = self.planned.spec.known();
        let grows = spec.is_some_and(|spec| volumes::grows(spec, &live.spec));
        restart::is_asked(&self.prior, &self.planned)
            && (grows || upgrade::changes_version(&self.planned, live))
    }

    /// The model with the trigger of the last restart.
    fn without_restart(&self, mut model: DatabaseModel) -> DatabaseModel {
        model.restart_trigger = self.prior.restart_trigger.clone();
        model
    }

    /// Waits until earlier work is done or has failed.
    fn work_ended(
        &mut self,
        live: &DatabaseCluster,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        if self.noticed {
            return Ok(None);
        }
        let after = match self.resumes() {
            true => After::Change,
            false => After::NoChange,
        };
        let before = self
            .before
            .get_or_insert_with(|| AwaitReady::of(live, after, false));
        Ok(match before.next(observed, times)? {
            Action::Done(()) | Action::Failed(_) => None,
            action => Some(action),
        })
    }

    /// Waits until a CR version is recommended, but not for long: Everest may see no reason to
    /// recommend one.
    fn recommended(
        &mut self,
        live: &DatabaseCluster,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        let engine = live.spec.engine.known();
        let Some(engine) = engine.and_then(|engine| engine.type_.known()) else {
            return Ok(None);
        };
        let namespace = &self.object.namespace;
        let operator = observed.beside::<DatabaseEngine>(namespace, engine.operator())?;
        // What may not be looked at is not waited for.
        let is_due = matches!(operator, Seen::Found(operator) if upgrade::is_due(live, operator));
        let passed = times.stood(RECOMMENDATION, "");
        self.noticed = !is_due || passed >= NOTICED_WITHIN;
        if self.noticed || upgrade::cr_version(live.status.as_ref()) != CrVersion::Current {
            return Ok(None);
        }
        Ok(Some(Action::Await(
            format!(
                "Everest to handle the upgrade of the operator; status is {:?}",
                status(live)
            )
            .into(),
        )))
    }

    /// Writes the model of the stage once Everest accepts changes.
    fn write(
        &self,
        planned: &DatabaseModel,
        live: &DatabaseCluster,
        observed: &Observed,
    ) -> Result<Action, Query> {
        let bodies = Bodies::of(&self.prior, planned, &self.config, live);
        let body = bodies.ours(live, &self.manager);
        let begins = matches!(restart::step(&self.prior, planned, live), Step::Begin(_));
        let starts = body["spec"]["paused"] == Value::Bool(false);
        if begins && !starts && is_stopped(live) {
            return Ok(paused());
        }
        if let Some(refused) = named_secrets::of_users(observed, planned, Some(live))? {
            return Ok(refused);
        }
        let restarts = restart::is_asked(&self.prior, planned);
        if (bodies.changes_the_spec() || restarts)
            && let Some(action) = not_now(live, observed)?
        {
            return Ok(action);
        }
        Ok(Action::Apply(Box::new(Apply {
            object: self.object.clone(),
            body: body.into(),
            agreed: bodies.agreed(),
            hand_over: Some(HandOver {
                planned: bodies.planned,
                prior: bodies.prior,
            }),
        })))
    }

    /// The write of the passwords, once Everest accepts changes; `None` if they are sent.
    fn send_users(
        &mut self,
        live: &DatabaseCluster,
        observed: &Observed,
    ) -> Result<Option<Action>, Query> {
        let Some(users) = &self.users else {
            return Ok(None);
        };
        let Some(action) = users.of_existing(observed, live)? else {
            return Ok(None);
        };
        if let Some(missing) = not_now(live, observed)? {
            return Ok(Some(missing));
        }
        self.sent_users = true;
        Ok(Some(action))
    }

    /// The kind of write that the wait comes after.
    fn after(&self, planned: &DatabaseModel, is_unchanged: bool, restarts: bool) -> After {
        let is_unchanged = is_unchanged && !self.sent_users;
        let impacts = impact::of_change(&self.prior, planned);
        // The engine's operator reads new passwords within five seconds, restarts no pod for most
        // of them and reports nothing: the status that was there before has to stand for a while.
        // So it has where the change before was not waited for to its end: that one may give work.
        let is_quiet = !self.sent_users
            && !self.resumes()
            && !impacts.is_empty()
            && impacts
                .iter()
                .all(|impact| impact.class == impact::Class::NoRestart);
        match (is_unchanged && !restarts, self.prior.ready.known()) {
            (false, _) if is_quiet && !restarts => After::QuietChange,
            (false, _) => After::Change,
            (true, Some(false)) => After::Resumed,
            (true, _) => After::NoChange,
        }
    }
}

impl Lifecycle for ChangeDatabase {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        match &self.stage {
            Stage::Prepare if self.before.is_none() || self.noticed => {
                "did not get the CR version of its operator"
            }
            Stage::Write(..) => "did not accept changes",
            _ => "did not become ready",
        }
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let Some(live) = observed.object::<DatabaseCluster>(namespace, name)? else {
            return Ok(Action::Refuse {
                message: "it no longer exists. Plan again".into(),
                attribute: None,
            });
        };
        if !self.prior.uid.is_known() {
            self.prior.uid = live.metadata.uid.clone().into();
        }
        loop {
            match self.stage.clone() {
                Stage::Prepare => {
                    if let Some(action) = self.prepare(live, observed, times)? {
                        return Ok(action);
                    }
                }
                Stage::Write(planned, half) => {
                    if half == Half::Whole
                        && let Some(action) = self.send_users(live, observed)?
                    {
                        return Ok(action);
                    }
                    return self.write(&planned, live, observed);
                }
                Stage::Written(planned, half, before) => {
                    let is_unchanged = live.metadata.generation == before;
                    let restarts = match restart::step(&self.prior, &planned, live) {
                        Step::Begin(_) if is_stopped(live) => return Ok(paused()),
                        Step::Begin(body) | Step::Forget(body) => {
                            return Ok(Action::merge(&self.object, pinned(body, live)));
                        }
                        Step::Nothing => restart::is_asked(&self.prior, &planned),
                    };
                    let after = self.after(&planned, is_unchanged, restarts);
                    let from_backup = half == Half::Whole && is_from_backup(&self.planned);
                    let wait = AwaitReady::of(live, after, from_backup);
                    self.stage = Stage::Wait(wait, half);
                }
                Stage::Wait(mut wait, half) => {
                    if half == Half::Whole && self.planned.wait.known() == Some(&false) {
                        return Ok(Action::Done(()));
                    }
                    let action = wait.next(observed, times)?;
                    self.stage = Stage::Wait(wait, half.clone());
                    match (action, half) {
                        (Action::Done(()), Half::First(version)) => {
                            self.begun = Some(version);
                            self.stage = Stage::Prepare;
                        }
                        (Action::Done(()), Half::WithoutRestart) => self.stage = Stage::Prepare,
                        (action, _) => return Ok(action),
                    }
                }
            }
        }
    }

    fn wrote(&mut self, object: &ObjectRef, before: Option<i64>) {
        if *object == self.object
            && let Stage::Write(planned, half) = &self.stage
        {
            self.stage = Stage::Written(planned.clone(), half.clone(), before);
        }
    }
}

/// The condition to wait for before Everest accepts a change of a database; `None` if it accepts
/// one now.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn not_now(
    live: &DatabaseCluster,
    observed: &Observed,
) -> Result<Option<Action>, Query> {
    if live.metadata.deletion_timestamp.is_some() {
        return Ok(Some(Action::Refuse {
            message: "it is being deleted".into(),
            attribute: None,
        }));
    }
    let missing: Option<Text> = if restart::is_running(live) {
        let remedy = readiness::stuck_restart(live).unwrap_or_default();
        Some(format!("a restart to end{remedy}").into())
    } else if let Some(end) = busy::its_end(live, observed)? {
        Some(end)
    } else {
        let namespace = live.metadata.namespace.as_deref().unwrap_or_default();
        prerequisites::operator_upgrade(observed, namespace)?
    };
    Ok(missing.map(Action::Await))
}

/// Returns true if a change only affects how the database is destroyed or taken over. Such a change
/// has to be possible while the database is broken.
pub fn concerns_the_provider_alone(prior: &DatabaseModel, planned: &DatabaseModel) -> bool {
    let changed = prior.deletion_protection != planned.deletion_protection
        || prior.final_backup != planned.final_backup
        || prior.keep_backup_data != planned.keep_backup_data
        || prior.force_conflicts != planned.force_conflicts;
    let body = |model| v1::database::desired(model, Operation::Update);
    changed
        && !restart::is_asked(prior, planned)
        && !passwords::is_asked(prior, planned)
        && body(prior) == body(planned)
}

/// Returns true if Everest has handled the present spec, so that the status tells of the work that
/// comes of it.
pub(super) fn is_handled(live: &DatabaseCluster) -> bool {
    let status = live.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation);
    observed >= live.metadata.generation
}

/// Stopped for good, not for a restart.
pub(super) fn is_stopped(database: &DatabaseCluster) -> bool {
    database.spec.paused.known() == Some(&true) && !restart::is_running(database)
}

/// The failure of a restart that would start a database that someone else has stopped.
fn paused() -> Action {
    Action::Refuse {
        message: "someone else paused it, and a restart would start it. Set {paused = false}, or \
                  restore the previous {restartTrigger}"
            .into(),
        attribute: Some(FieldPath::of("restartTrigger")),
    }
}

/// The body with the UID of the database, so that no other database accepts it.
pub(super) fn pinned(mut body: Value, live: &DatabaseCluster) -> Value {
    if let Some(uid) = &live.metadata.uid {
        body["metadata"]["uid"] = uid.as_str().into();
    }
    body
}

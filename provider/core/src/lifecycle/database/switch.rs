//! Stopping, starting and restarting a database on its own, without the rest of its configuration.

use everest_schemas::everest::DatabaseCluster;
use serde_json::{Value, json};

use super::change::{is_stopped, not_now, pinned};
use super::{After, AwaitReady};
use crate::lifecycle::{Action, Lifecycle, ObjectRef, Observed, Query, Stopwatches};
use crate::restart::{self, RESTART, RESTARTED_FOR};

/// What is done with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Its pods are deleted, its volumes are kept.
    Pause,
    /// A paused database is started.
    Resume,
    /// It is stopped as a whole and started again.
    Restart {
        /// What tells this restart from any other one, such as the time.
        trigger: String,
    },
}

/// Switches a database and waits until that is done.
///
/// 1. The work of Everest during which a database is not changed is waited for. A restart of a
///    paused database is refused, because it would start it.
/// 2. The one value that matters is merged, so that everything else stays as it is, whoever manages
///    it. A database that is paused, or runs, as wanted is not written to.
/// 3. A database that was paused has to be `paused`, any other ready.
#[derive(Clone, Debug)]
pub struct SwitchDatabase {
    object: ObjectRef,
    switch: Switch,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// It may be written, unless it was.
    Write,
    /// It is waited for.
    Wait(AwaitReady),
}

impl SwitchDatabase {
    /// Switches the database `name`.
    pub fn of(namespace: &str, name: &str, switch: Switch) -> Self {
        Self {
            object: ObjectRef::of::<DatabaseCluster>(namespace, name),
            switch,
            stage: Stage::Write,
        }
    }

    /// Returns true if the value that matters is in the object.
    fn is_written(&self, live: &DatabaseCluster) -> bool {
        let stopped = live.spec.paused.known() == Some(&true);
        match &self.switch {
            Switch::Pause => stopped && !restart::is_running(live),
            Switch::Resume => !stopped && !restart::is_running(live),
            Switch::Restart { trigger } => restart::restarted_for(live) == Some(trigger),
        }
    }

    fn body(&self) -> Value {
        match &self.switch {
            Switch::Pause => json!({"spec": {"paused": true}}),
            Switch::Resume => json!({"spec": {"paused": false}}),
            Switch::Restart { trigger } => {
                json!({"metadata": {"annotations": {RESTART: "true", RESTARTED_FOR: trigger}}})
            }
        }
    }

    fn write(&self, live: &DatabaseCluster, observed: &Observed) -> Result<Action, Query> {
        if self.restarts() && is_stopped(live) {
            return Ok(Action::Refuse {
                message: "it is paused, and a restart would start it. Resume it instead".into(),
                attribute: None,
            });
        }
        if let Some(action) = not_now(live, observed)? {
            return Ok(action);
        }
        Ok(Action::merge(&self.object, pinned(self.body(), live)))
    }

    fn restarts(&self) -> bool {
        matches!(self.switch, Switch::Restart { .. })
    }
}

impl Lifecycle for SwitchDatabase {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        match (&self.stage, &self.switch) {
            (Stage::Write, _) => "did not accept changes",
            (_, Switch::Pause) => "did not stop",
            (_, Switch::Resume | Switch::Restart { .. }) => "did not become ready",
        }
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let (namespace, name) = (&self.object.namespace, &self.object.name);
        let Some(live) = observed.object::<DatabaseCluster>(namespace, name)? else {
            return Ok(match self.stage {
                Stage::Write => Action::Refuse {
                    message: "it does not exist".into(),
                    attribute: None,
                },
                Stage::Wait(_) => Action::Failed("the database is gone".to_owned()),
            });
        };
        let (is_written, restarts) = (self.is_written(live), self.restarts());
        loop {
            match &mut self.stage {
                Stage::Write if is_written => {
                    self.stage = Stage::Wait(AwaitReady::of(live, After::Change, false));
                }
                Stage::Write => return self.write(live, observed),
                Stage::Wait(_) if restarts && restart::is_running(live) => {
                    return Ok(Action::Await("the restart to end".into()));
                }
                Stage::Wait(wait) => return wait.next(observed, times),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::ObjectKind;
    use crate::lifecycle::world::World;

    fn world(paused: bool, status: &str) -> World {
        World::default().with(
            ObjectKind::Database,
            "orders",
            database(paused, status, json!({})),
        )
    }

    fn database(paused: bool, status: &str, annotations: Value) -> Value {
        json!({"metadata": {"uid": "u", "generation": 1, "annotations": annotations},
            "spec": {"paused": paused, "engine": {"type": "pxc", "storage": {"size": "1Gi"}}},
            "status": {"status": status, "observedGeneration": 1}})
    }

    fn restart() -> Switch {
        Switch::Restart {
            trigger: "now".to_owned(),
        }
    }

    #[test]
    fn only_the_one_value_is_written_and_then_waited_for() {
        for (paused, switch, member) in [
            (false, Switch::Pause, "/spec/paused"),
            (true, Switch::Resume, "/spec/paused"),
            (
                false,
                restart(),
                "/metadata/annotations/everest.percona.com~1restart",
            ),
        ] {
            let status = if paused { "paused" } else { "ready" };
            let mut world = world(paused, status);
            let mut lifecycle = SwitchDatabase::of("prod", "orders", switch);
            let Action::Merge(changes) = world.next(&mut lifecycle) else {
                panic!("nothing is merged");
            };
            let body = changes[0].body.expose();
            let spec = &body["spec"];
            assert!(
                spec.as_object().is_none_or(|spec| spec.len() == 1),
                "{spec}"
            );
            assert!(body.pointer(member).is_some(), "{member}");
            assert_eq!(body["metadata"]["uid"], "u");
            let (written, last) = world.run(&mut lifecycle);
            assert_eq!(written.len(), 1, "once");
            assert!(matches!(last, Action::Await(_)), "{last:?}");
        }
    }

    #[test]
    fn a_database_that_is_paused_is_left_as_it_is() {
        let mut world = world(true, "paused");
        let mut lifecycle = SwitchDatabase::of("prod", "orders", Switch::Pause);
        assert_eq!(world.next(&mut lifecycle), Action::Done(()));
    }

    #[test]
    fn a_restart_is_made_once_and_waited_for_to_its_end() {
        let mut world = world(false, "ready");
        let mut lifecycle = SwitchDatabase::of("prod", "orders", restart());
        let (written, last) = world.run(&mut lifecycle);
        assert_eq!(written.len(), 1);
        assert!(matches!(last, Action::Await(_)));
        let noted = json!({RESTARTED_FOR: "now"});
        let ended = database(false, "ready", noted);
        world.put(ObjectKind::Database, "orders", ended);
        world.next(&mut lifecycle);
        world.pass(60);
        assert_eq!(world.run(&mut lifecycle), (Vec::new(), Action::Done(())));
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_what_everest_does_is_waited_for() {
        let refused = |world: &mut World, switch| {
            let mut lifecycle = SwitchDatabase::of("prod", "orders", switch);
            matches!(world.next(&mut lifecycle), Action::Refuse { .. })
        };
        assert!(refused(&mut world(true, "paused"), restart()));
        assert!(
            refused(&mut World::default(), Switch::Pause),
            "there is none"
        );
        let mut lifecycle = SwitchDatabase::of("prod", "orders", Switch::Pause);
        let next = world(false, "restoring").next(&mut lifecycle);
        assert!(matches!(next, Action::Await(_)), "{next:?}");
    }
}

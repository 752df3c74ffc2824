//! The next step for a managed resource, as a pure function of its situation.
//!
//! The executor in [`super::reconcile`] does one step and then decides again with the new
//! situation.

use super::policies::{InvalidPolicies, Policies};

/// The known facts about a managed resource.
#[derive(Clone, Debug)]
pub struct Situation {
    /// It is being deleted.
    pub deleting: bool,
    /// It is being deleted because its definition is.
    pub definition_deleted: bool,
    /// The annotation `crossplane.io/paused` is `"true"`.
    pub paused: bool,
    /// The management policies.
    pub policies: Result<Policies, InvalidPolicies>,
    /// Our finalizer and the external name are on it.
    pub prepared: bool,
    /// Our finalizer is on it.
    pub held: bool,
    /// Someone else's finalizer is on it.
    pub held_by_others: bool,
    /// The begin of a creation is recorded, but not its end.
    pub creation_open: bool,
    /// It may take over an existing external object.
    pub takes_over: bool,
    /// It has created its external object, or has taken it over.
    pub is_ours: bool,
    /// Another managed resource holds the external object.
    pub gives_way: bool,
    /// It runs once, and has run.
    pub done_once: bool,
    /// Its cluster can never be reached again: the config or its credentials went with the
    /// namespace.
    pub cut_off: bool,
    /// The external object.
    pub external: External,
}

/// The known facts about the external object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum External {
    /// It was not observed yet.
    Unseen,
    /// It does not exist.
    Absent,
    /// It exists.
    Present {
        /// It is as wanted.
        matches: bool,
        /// The server has chosen a value that the spec leaves open.
        decided: bool,
    },
    /// It is being deleted.
    Going,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Report the pause.
    Pause,
    /// Report that the policies are invalid.
    RefusePolicies(InvalidPolicies),
    /// Release the managed resource: the external object is gone, or stays.
    Release,
    /// Release it although the external object may exist: it cannot be reached any more.
    Abandon,
    /// Report that another managed resource holds the external object.
    GiveWay,
    /// Release the managed resource, whose external object another one holds.
    LeaveToHolder,
    /// Refuse to take over an external object of somebody else's.
    RefuseForeign,
    /// Release the managed resource, whose external object is somebody else's.
    LeaveForeign,
    /// Do nothing: only others hold a managed resource that is being deleted.
    Nothing,
    /// Wait until others have removed their finalizers.
    AwaitOthers,
    /// Write our finalizer and the external name.
    Prepare,
    /// Observe the external object.
    Observe,
    /// Report that an object which may not be created does not exist.
    ReportAbsent,
    /// Report that an operation which runs once has run.
    ReportDone,
    /// Record the end of a creation.
    RecordCreation,
    /// Make the external object.
    Create,
    /// Delete it.
    Delete,
    /// Wait until it is gone.
    AwaitDeletion,
    /// Report that someone else deletes it.
    ReportGoing,
    /// Write values that the server has chosen into the spec.
    LateInitialize,
    /// Change it to what is wanted.
    Update,
    /// Report that it differs and must not be changed.
    LeaveDifferent,
    /// Report that it is as wanted.
    Settle,
}

/// The next step.
///
/// 1. Nothing happens during a pause, or with invalid policies.
/// 2. A managed resource that is being deleted and has no policy `Delete` is released without a
///    request to its cluster, so that it can go even if its cluster is gone. The same holds for one
///    that is deleted with its definition: uninstalling a package must not delete databases.
///    Otherwise other finalizers come first.
/// 3. A managed resource that is deleted with its namespace, and whose config or credentials are
///    gone with it, is abandoned: waiting would not help, and the namespace would wait too.
/// 4. Our finalizer is written before the first request to the cluster.
/// 5. A creation without a recorded end never blocks: names are fixed, so its result can be
///    observed.
/// 6. An operation that runs once does not run again because its object is gone.
/// 7. An object that may not be created is not created by a change either.
/// 8. An existing object is taken over only on request: what a name happens to name may be a
///    database of others. Until it is taken over, it is not deleted either.
/// 9. An open creation of a managed resource that only observes is left open: its end would be
///    noted on the external object.
/// 10. An object that another managed resource holds is neither written nor deleted.
pub fn decide(situation: &Situation) -> Step {
    let policies = match &situation.policies {
        _ if situation.paused => return Step::Pause,
        Err(error) => return Step::RefusePolicies(error.clone()),
        Ok(policies) if policies.paused => return Step::Pause,
        Ok(policies) => policies,
    };
    if situation.deleting {
        return going(situation, *policies);
    }
    if !situation.prepared {
        return Step::Prepare;
    }
    let writes = policies.write();
    match situation.external {
        External::Unseen => Step::Observe,
        External::Present { .. } | External::Going if writes && situation.gives_way => {
            Step::GiveWay
        }
        External::Present { .. } | External::Going
            if writes && is_foreign(situation) && !situation.takes_over =>
        {
            Step::RefuseForeign
        }
        External::Absent if situation.done_once => Step::ReportDone,
        External::Absent if policies.create => Step::Create,
        External::Absent => Step::ReportAbsent,
        External::Going => Step::ReportGoing,
        External::Present { .. } if situation.creation_open && writes => Step::RecordCreation,
        External::Present { decided: true, .. } if policies.late_initialize => Step::LateInitialize,
        External::Present { matches: true, .. } => Step::Settle,
        External::Present { matches: false, .. } if policies.update => Step::Update,
        External::Present { matches: false, .. } => Step::LeaveDifferent,
    }
}

/// Returns true if an external object that exists is somebody else's as yet.
fn is_foreign(situation: &Situation) -> bool {
    !situation.is_ours && !situation.creation_open
}

fn going(situation: &Situation, policies: Policies) -> Step {
    if !situation.held {
        return Step::Nothing;
    }
    if !policies.delete || situation.definition_deleted {
        return Step::Release;
    }
    if situation.held_by_others {
        return Step::AwaitOthers;
    }
    if situation.cut_off {
        return Step::Abandon;
    }
    match situation.external {
        External::Unseen => Step::Observe,
        External::Absent => Step::Release,
        _ if situation.gives_way => Step::LeaveToHolder,
        _ if is_foreign(situation) => Step::LeaveForeign,
        External::Going => Step::AwaitDeletion,
        External::Present { .. } => Step::Delete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ManagementPolicy::{
        self, All, Create, Delete, LateInitialize, Observe, Update,
    };

    const MATCH: External = External::Present {
        matches: true,
        decided: false,
    };
    const DRIFT: External = External::Present {
        matches: false,
        decided: false,
    };
    const DECIDED: External = External::Present {
        matches: true,
        decided: true,
    };

    fn situation(policies: &[ManagementPolicy], external: External) -> Situation {
        Situation {
            deleting: false,
            definition_deleted: false,
            paused: false,
            policies: Policies::of(policies),
            prepared: true,
            held: true,
            held_by_others: false,
            creation_open: false,
            takes_over: false,
            is_ours: true,
            gives_way: false,
            done_once: false,
            cut_off: false,
            external,
        }
    }

    /// A set of policies, and the step for each of absent, match, drift, decided by the server
    /// and being deleted while it exists.
    type Row = (&'static [ManagementPolicy], [Step; 5]);

    #[test]
    fn every_set_of_policies_does_what_it_says_and_no_more() {
        use Step::{
            Create as C, Delete as D, LateInitialize as L, LeaveDifferent as Leave, Pause as P,
            Release as R, ReportAbsent as Absent, Settle as S, Update as U,
        };
        let table: [Row; 15] = [
            (&[All], [C, S, U, L, D]),
            (
                &[Observe, Create, Update, LateInitialize, Delete],
                [C, S, U, L, D],
            ),
            (&[Observe], [Absent, S, Leave, S, R]),
            (&[], [P, P, P, P, P]),
            (&[Observe, Create, Update, Delete], [C, S, U, S, D]),
            (&[Observe, Create, Update, LateInitialize], [C, S, U, L, R]),
            (&[Observe, Create, Update], [C, S, U, S, R]),
            (
                &[Observe, Create, Delete, LateInitialize],
                [C, S, Leave, L, D],
            ),
            (&[Observe, Create, LateInitialize], [C, S, Leave, L, R]),
            (&[Observe, Create, Delete], [C, S, Leave, S, D]),
            (&[Observe, Create], [C, S, Leave, S, R]),
            (&[Observe, Delete], [Absent, S, Leave, S, D]),
            (&[Observe, Update], [Absent, S, U, S, R]),
            (&[Observe, LateInitialize], [Absent, S, Leave, L, R]),
            (&[Observe, Update, LateInitialize], [Absent, S, U, L, R]),
        ];
        for (policies, steps) in table {
            let mut deleting = situation(policies, MATCH);
            deleting.deleting = true;
            let situations = [
                situation(policies, External::Absent),
                situation(policies, MATCH),
                situation(policies, DRIFT),
                situation(policies, DECIDED),
                deleting,
            ];
            for (situation, step) in situations.iter().zip(steps) {
                assert_eq!(
                    decide(situation),
                    step,
                    "{policies:?} {:?}",
                    situation.external
                );
            }
        }
    }

    #[test]
    fn policies_that_mean_nothing_stop_everything_but_the_pause() {
        let mut given = situation(&[Create], DRIFT);
        assert!(matches!(decide(&given), Step::RefusePolicies(_)));
        given.deleting = true;
        assert!(matches!(decide(&given), Step::RefusePolicies(_)));
        given.paused = true;
        assert_eq!(decide(&given), Step::Pause);
    }

    #[test]
    fn a_resource_that_may_not_delete_goes_without_a_look_at_its_cluster() {
        let mut given = situation(&[Observe, Create, Update], External::Unseen);
        given.deleting = true;
        given.held_by_others = true;
        assert_eq!(decide(&given), Step::Release);
    }

    #[test]
    fn a_resource_that_goes_with_its_definition_leaves_what_it_stands_for() {
        let mut given = situation(&[All], MATCH);
        given.deleting = true;
        given.definition_deleted = true;
        assert_eq!(decide(&given), Step::Release);
        given.paused = true;
        assert_eq!(decide(&given), Step::Pause);
    }

    #[test]
    fn a_deletion_waits_for_others_then_looks_deletes_waits_and_releases() {
        let mut given = situation(&[All], External::Unseen);
        given.deleting = true;
        given.held_by_others = true;
        assert_eq!(decide(&given), Step::AwaitOthers);
        given.held_by_others = false;
        assert_eq!(decide(&given), Step::Observe);
        given.external = MATCH;
        assert_eq!(decide(&given), Step::Delete);
        given.external = External::Going;
        assert_eq!(decide(&given), Step::AwaitDeletion);
        given.external = External::Absent;
        assert_eq!(decide(&given), Step::Release);
        given.held = false;
        assert_eq!(decide(&given), Step::Nothing);
    }

    #[test]
    fn what_goes_with_its_namespace_and_the_way_to_its_cluster_is_abandoned() {
        let mut given = situation(&[All], External::Unseen);
        given.deleting = true;
        given.cut_off = true;
        assert_eq!(decide(&given), Step::Abandon);
        given.held_by_others = true;
        assert_eq!(decide(&given), Step::AwaitOthers);
        given.policies = Policies::of(&[Observe]);
        assert_eq!(decide(&given), Step::Release);
    }

    #[test]
    fn the_finalizer_comes_before_the_first_look() {
        let mut given = situation(&[All], External::Unseen);
        given.prepared = false;
        assert_eq!(decide(&given), Step::Prepare);
        given.prepared = true;
        assert_eq!(decide(&given), Step::Observe);
    }

    #[test]
    fn a_creation_that_was_interrupted_is_seen_for_what_it_came_to() {
        let mut given = situation(&[All], External::Absent);
        given.creation_open = true;
        assert_eq!(decide(&given), Step::Create);
        given.external = DRIFT;
        assert_eq!(decide(&given), Step::RecordCreation);
    }

    #[test]
    fn what_exists_is_taken_over_only_on_request() {
        for external in [MATCH, DRIFT, DECIDED, External::Going] {
            let mut given = situation(&[All], external);
            given.is_ours = false;
            assert_eq!(decide(&given), Step::RefuseForeign, "{external:?}");
            given.policies = Policies::of(&[Observe]);
            assert_ne!(decide(&given), Step::RefuseForeign, "{external:?}");
            given.policies = Policies::of(&[All]);
            given.takes_over = true;
            assert_ne!(decide(&given), Step::RefuseForeign, "{external:?}");
        }
        let mut given = situation(&[All], DRIFT);
        (given.is_ours, given.creation_open) = (false, true);
        assert_eq!(decide(&given), Step::RecordCreation);
        given.external = External::Absent;
        assert_eq!(decide(&given), Step::Create);
    }

    #[test]
    fn what_another_one_holds_is_neither_written_nor_deleted() {
        for external in [MATCH, DRIFT, DECIDED, External::Going] {
            let mut given = situation(&[All], external);
            (given.gives_way, given.creation_open) = (true, true);
            assert_eq!(decide(&given), Step::GiveWay, "{external:?}");
            given.deleting = true;
            assert_eq!(decide(&given), Step::LeaveToHolder, "{external:?}");
            given.policies = Policies::of(&[Observe]);
            assert_eq!(decide(&given), Step::Release, "{external:?}");
            given.deleting = false;
            assert_ne!(decide(&given), Step::GiveWay, "{external:?}");
        }
        let mut given = situation(&[All], External::Absent);
        given.gives_way = true;
        assert_eq!(decide(&given), Step::Create);
    }

    #[test]
    fn what_was_not_taken_over_yet_is_not_deleted() {
        for external in [MATCH, DRIFT, External::Going] {
            let mut given = situation(&[All], external);
            (given.is_ours, given.takes_over, given.deleting) = (false, true, true);
            assert_eq!(decide(&given), Step::LeaveForeign, "{external:?}");
            given.creation_open = true;
            assert_ne!(decide(&given), Step::LeaveForeign, "{external:?}");
        }
    }

    #[test]
    fn an_open_creation_writes_nothing_for_who_only_observes() {
        let mut given = situation(&[Observe], DRIFT);
        (given.is_ours, given.creation_open) = (false, true);
        assert_eq!(decide(&given), Step::LeaveDifferent);
    }

    #[test]
    fn what_ran_once_does_not_run_again() {
        let mut given = situation(&[All], External::Absent);
        given.done_once = true;
        assert_eq!(decide(&given), Step::ReportDone);
    }

    #[test]
    fn what_somebody_else_deletes_is_waited_for() {
        assert_eq!(
            decide(&situation(&[All], External::Going)),
            Step::ReportGoing
        );
    }
}

//! The next step for a managed resource, as a pure function of its situation.
//!
//! Before the external object is observed, [`decide`] says what to do; after that,
//! [`decide_observed`], whose acts carry what was observed: an act that needs the external object
//! cannot be done without one. The executor is [`crate::reconcile`].

use crate::policies::{InvalidPolicies, Policies};

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
    /// It has created its external object, or has taken it over, and no other object has the name
    /// now.
    pub is_ours: bool,
    /// It runs once, and has run.
    pub done_once: bool,
    /// Its cluster can never be reached again: the config or its credentials went with the
    /// namespace.
    pub cut_off: bool,
}

impl Situation {
    /// Returns true if the external object may be deleted now, unless the definition is deleted
    /// too: only then is the definition asked about.
    pub fn may_delete(&self) -> bool {
        let policies = self.policies.as_ref();
        self.deleting && self.held && !self.paused && policies.is_ok_and(|policies| policies.delete)
    }
}

/// The known facts about the external object: `P` is what was observed of one that exists, `D` its
/// difference from what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum External<P, D> {
    /// It does not exist.
    Absent,
    /// It exists.
    Present {
        /// What was observed.
        seen: P,
        /// The difference; `None` if it is as wanted.
        difference: Option<D>,
        /// The server has chosen a value that the spec leaves open.
        decided: bool,
    },
    /// It is being deleted.
    Going(P),
}

/// The next step before the external object is observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Report the pause.
    Pause,
    /// Report that the policies are invalid.
    RefusePolicies(InvalidPolicies),
    /// Release the managed resource: the external object stays.
    Release,
    /// Release it although the external object may exist: it cannot be reached any more.
    Abandon,
    /// Do nothing: only others hold a managed resource that is being deleted.
    Nothing,
    /// Wait until others have removed their finalizers.
    AwaitOthers,
    /// Write our finalizer and the external name.
    Prepare,
    /// Observe the external object.
    Observe(Policies),
}

impl Step {
    /// Its name, for the log.
    pub fn name(&self) -> &'static str {
        match self {
            Step::Pause => "Pause",
            Step::RefusePolicies(_) => "RefusePolicies",
            Step::Release => "Release",
            Step::Abandon => "Abandon",
            Step::Nothing => "Nothing",
            Step::AwaitOthers => "AwaitOthers",
            Step::Prepare => "Prepare",
            Step::Observe(_) => "Observe",
        }
    }
}

/// The next step once the external object is observed. `H` is another managed resource that holds
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act<P, D, H> {
    /// Release the managed resource: the external object is gone.
    Release,
    /// Report that another managed resource holds the external object.
    GiveWay(H),
    /// Release the managed resource, whose external object another one holds.
    LeaveToHolder(H),
    /// Refuse to take over an external object of somebody else's.
    RefuseForeign,
    /// Release the managed resource, whose external object is somebody else's.
    LeaveForeign,
    /// Report that an object which may not be created does not exist.
    ReportAbsent,
    /// Report that an operation which runs once has run.
    ReportDone,
    /// Record the end of a creation.
    RecordCreation(P, Option<D>),
    /// Make the external object.
    Create,
    /// Delete it.
    Delete(P),
    /// Wait until it is gone.
    AwaitDeletion(P),
    /// Report that someone else deletes it.
    ReportGoing(P),
    /// Write values that the server has chosen into the spec.
    LateInitialize(P, Option<D>),
    /// Change it to what is wanted.
    Update(P, D),
    /// Report that it differs and must not be changed.
    LeaveDifferent(P, D),
    /// Report that it is as wanted.
    Settle(P),
}

impl<P, D, H> Act<P, D, H> {
    /// Its name, for the log.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Release => "Release",
            Act::GiveWay(_) => "GiveWay",
            Act::LeaveToHolder(_) => "LeaveToHolder",
            Act::RefuseForeign => "RefuseForeign",
            Act::LeaveForeign => "LeaveForeign",
            Act::ReportAbsent => "ReportAbsent",
            Act::ReportDone => "ReportDone",
            Act::RecordCreation(..) => "RecordCreation",
            Act::Create => "Create",
            Act::Delete(_) => "Delete",
            Act::AwaitDeletion(_) => "AwaitDeletion",
            Act::ReportGoing(_) => "ReportGoing",
            Act::LateInitialize(..) => "LateInitialize",
            Act::Update(..) => "Update",
            Act::LeaveDifferent(..) => "LeaveDifferent",
            Act::Settle(_) => "Settle",
        }
    }
}

/// The next step before the external object is observed.
///
/// 1. Nothing happens during a pause, or with invalid policies.
/// 2. A managed resource that is being deleted and has no policy `Delete` is released without a
///    request to its cluster, so that it can go even if its cluster is gone. The same holds for one
///    that is deleted with its definition: uninstalling a package must not delete databases.
///    Otherwise other finalizers come first.
/// 3. A managed resource that is deleted with its namespace, and whose config or credentials are
///    gone with it, is abandoned: waiting would not help, and the namespace would wait too.
/// 4. Our finalizer is written before the first request to the cluster.
pub fn decide(situation: &Situation) -> Step {
    let policies = match &situation.policies {
        _ if situation.paused => return Step::Pause,
        Err(error) => return Step::RefusePolicies(error.clone()),
        Ok(policies) if policies.paused => return Step::Pause,
        Ok(policies) => *policies,
    };
    if !situation.deleting {
        return match situation.prepared {
            true => Step::Observe(policies),
            false => Step::Prepare,
        };
    }
    if !situation.held {
        return Step::Nothing;
    }
    if !policies.delete || situation.definition_deleted {
        return Step::Release;
    }
    if situation.held_by_others {
        return Step::AwaitOthers;
    }
    match situation.cut_off {
        true => Step::Abandon,
        false => Step::Observe(policies),
    }
}

/// The next step once the external object is observed; `holder` is another managed resource that
/// holds it.
///
/// 1. A creation without a recorded end never blocks: names are fixed, so its result can be
///    observed.
/// 2. An operation that runs once does not run again because its object is gone.
/// 3. An object that may not be created is not created by a change either.
/// 4. An existing object is taken over only on request: what a name happens to name may be a
///    database of others, also where the managed resource once had an object of that name. Until it
///    is taken over, it is not deleted either.
/// 5. An open creation of a managed resource that only observes is left open: its end would be
///    noted on the external object.
/// 6. An object that another managed resource holds is neither written nor deleted.
pub fn decide_observed<P, D, H>(
    situation: &Situation,
    policies: Policies,
    external: External<P, D>,
    holder: Option<H>,
) -> Act<P, D, H> {
    let is_foreign = !situation.is_ours && !situation.creation_open;
    if situation.deleting {
        return match (external, holder) {
            (External::Absent, _) => Act::Release,
            (_, Some(holder)) => Act::LeaveToHolder(holder),
            _ if is_foreign => Act::LeaveForeign,
            (External::Going(seen), None) => Act::AwaitDeletion(seen),
            (External::Present { seen, .. }, None) => Act::Delete(seen),
        };
    }
    let writes = policies.write();
    match (external, holder) {
        (External::Absent, _) if situation.done_once => Act::ReportDone,
        (External::Absent, _) if policies.create => Act::Create,
        (External::Absent, _) => Act::ReportAbsent,
        (_, Some(holder)) if writes => Act::GiveWay(holder),
        _ if writes && is_foreign && !situation.takes_over => Act::RefuseForeign,
        (External::Going(seen), _) => Act::ReportGoing(seen),
        (
            External::Present {
                seen, difference, ..
            },
            _,
        ) if situation.creation_open && writes => Act::RecordCreation(seen, difference),
        (
            External::Present {
                seen,
                difference,
                decided: true,
            },
            _,
        ) if policies.late_initialize => Act::LateInitialize(seen, difference),
        (
            External::Present {
                seen,
                difference: None,
                ..
            },
            _,
        ) => Act::Settle(seen),
        (
            External::Present {
                seen,
                difference: Some(difference),
                ..
            },
            _,
        ) => match policies.update {
            true => Act::Update(seen, difference),
            false => Act::LeaveDifferent(seen, difference),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::ops::{Deref, DerefMut};

    use super::{External, Situation, Step, decide_observed};
    use crate::policies::Policies;
    use crate::resource::ManagementPolicy::{
        self, All, Create, Delete, LateInitialize, Observe, Update,
    };

    /// The external object, if it was observed.
    type Seen = Option<External<(), ()>>;

    const UNSEEN: Seen = None;
    const ABSENT_OBJECT: Seen = Some(External::Absent);
    const MATCH: Seen = Some(External::Present {
        seen: (),
        difference: None,
        decided: false,
    });
    const DRIFT: Seen = Some(External::Present {
        seen: (),
        difference: Some(()),
        decided: false,
    });
    const DECIDED: Seen = Some(External::Present {
        seen: (),
        difference: None,
        decided: true,
    });
    const GOING: Seen = Some(External::Going(()));

    /// A situation, with what was observed and whether another managed resource holds it.
    struct Given {
        situation: Situation,
        external: Seen,
        gives_way: bool,
    }

    impl Deref for Given {
        type Target = Situation;

        fn deref(&self) -> &Situation {
            &self.situation
        }
    }

    impl DerefMut for Given {
        fn deref_mut(&mut self) -> &mut Situation {
            &mut self.situation
        }
    }

    /// The name of the next step, or of the next act once the external object is observed.
    fn decide(given: &Given) -> &'static str {
        let step = super::decide(&given.situation);
        match (&step, given.external) {
            (Step::Observe(policies), Some(external)) => {
                let holder = given.gives_way.then_some(());
                decide_observed(&given.situation, *policies, external, holder).name()
            }
            _ => step.name(),
        }
    }

    fn situation(policies: &[ManagementPolicy], external: Seen) -> Given {
        Given {
            situation: Situation {
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
                done_once: false,
                cut_off: false,
            },
            external,
            gives_way: false,
        }
    }

    /// A set of policies, and the step for each of absent, match, drift, decided by the server
    /// and being deleted while it exists.
    type Row = (&'static [ManagementPolicy], [&'static str; 5]);

    #[test]
    fn every_set_of_policies_does_what_it_says_and_no_more() {
        const C: &str = "Create";
        const D: &str = "Delete";
        const L: &str = "LateInitialize";
        const LEAVE: &str = "LeaveDifferent";
        const P: &str = "Pause";
        const R: &str = "Release";
        const ABSENT: &str = "ReportAbsent";
        const S: &str = "Settle";
        const U: &str = "Update";
        let table: [Row; 15] = [
            (&[All], [C, S, U, L, D]),
            (
                &[Observe, Create, Update, LateInitialize, Delete],
                [C, S, U, L, D],
            ),
            (&[Observe], [ABSENT, S, LEAVE, S, R]),
            (&[], [P, P, P, P, P]),
            (&[Observe, Create, Update, Delete], [C, S, U, S, D]),
            (&[Observe, Create, Update, LateInitialize], [C, S, U, L, R]),
            (&[Observe, Create, Update], [C, S, U, S, R]),
            (
                &[Observe, Create, Delete, LateInitialize],
                [C, S, LEAVE, L, D],
            ),
            (&[Observe, Create, LateInitialize], [C, S, LEAVE, L, R]),
            (&[Observe, Create, Delete], [C, S, LEAVE, S, D]),
            (&[Observe, Create], [C, S, LEAVE, S, R]),
            (&[Observe, Delete], [ABSENT, S, LEAVE, S, D]),
            (&[Observe, Update], [ABSENT, S, U, S, R]),
            (&[Observe, LateInitialize], [ABSENT, S, LEAVE, L, R]),
            (&[Observe, Update, LateInitialize], [ABSENT, S, U, L, R]),
        ];
        for (policies, steps) in table {
            let mut deleting = situation(policies, MATCH);
            deleting.deleting = true;
            let situations = [
                situation(policies, ABSENT_OBJECT),
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
        assert!(decide(&given) == "RefusePolicies");
        given.deleting = true;
        assert!(decide(&given) == "RefusePolicies");
        given.paused = true;
        assert_eq!(decide(&given), "Pause");
    }

    #[test]
    fn a_resource_that_may_not_delete_goes_without_a_look_at_its_cluster() {
        let mut given = situation(&[Observe, Create, Update], UNSEEN);
        given.deleting = true;
        given.held_by_others = true;
        assert_eq!(decide(&given), "Release");
    }

    #[test]
    fn a_resource_that_goes_with_its_definition_leaves_what_it_stands_for() {
        let mut given = situation(&[All], MATCH);
        given.deleting = true;
        given.definition_deleted = true;
        assert_eq!(decide(&given), "Release");
        given.paused = true;
        assert_eq!(decide(&given), "Pause");
    }

    #[test]
    fn the_definition_is_asked_about_only_where_the_external_object_may_be_deleted() {
        let mut given = situation(&[All], UNSEEN);
        assert!(!given.may_delete());
        given.deleting = true;
        assert!(given.may_delete());
        given.held_by_others = true;
        assert!(given.may_delete());
        given.paused = true;
        assert!(!given.may_delete());
        given.paused = false;
        given.held = false;
        assert!(!given.may_delete());
        for policies in [&[Observe, Create, Update][..], &[], &[Delete]] {
            let mut given = situation(policies, UNSEEN);
            given.deleting = true;
            assert!(!given.may_delete(), "{policies:?}");
        }
    }

    #[test]
    fn a_deletion_waits_for_others_then_looks_deletes_waits_and_releases() {
        let mut given = situation(&[All], UNSEEN);
        given.deleting = true;
        given.held_by_others = true;
        assert_eq!(decide(&given), "AwaitOthers");
        given.held_by_others = false;
        assert_eq!(decide(&given), "Observe");
        given.external = MATCH;
        assert_eq!(decide(&given), "Delete");
        given.external = GOING;
        assert_eq!(decide(&given), "AwaitDeletion");
        given.external = ABSENT_OBJECT;
        assert_eq!(decide(&given), "Release");
        given.held = false;
        assert_eq!(decide(&given), "Nothing");
    }

    #[test]
    fn what_goes_with_its_namespace_and_the_way_to_its_cluster_is_abandoned() {
        let mut given = situation(&[All], UNSEEN);
        given.deleting = true;
        given.cut_off = true;
        assert_eq!(decide(&given), "Abandon");
        given.held_by_others = true;
        assert_eq!(decide(&given), "AwaitOthers");
        given.policies = Policies::of(&[Observe]);
        assert_eq!(decide(&given), "Release");
    }

    #[test]
    fn the_finalizer_comes_before_the_first_look() {
        let mut given = situation(&[All], UNSEEN);
        given.prepared = false;
        assert_eq!(decide(&given), "Prepare");
        given.prepared = true;
        assert_eq!(decide(&given), "Observe");
    }

    #[test]
    fn a_creation_that_was_interrupted_is_seen_for_what_it_came_to() {
        let mut given = situation(&[All], ABSENT_OBJECT);
        given.creation_open = true;
        assert_eq!(decide(&given), "Create");
        given.external = DRIFT;
        assert_eq!(decide(&given), "RecordCreation");
    }

    #[test]
    fn what_exists_is_taken_over_only_on_request() {
        for external in [MATCH, DRIFT, DECIDED, GOING] {
            let mut given = situation(&[All], external);
            given.is_ours = false;
            assert_eq!(decide(&given), "RefuseForeign", "{external:?}");
            given.policies = Policies::of(&[Observe]);
            assert_ne!(decide(&given), "RefuseForeign", "{external:?}");
            given.policies = Policies::of(&[All]);
            given.takes_over = true;
            assert_ne!(decide(&given), "RefuseForeign", "{external:?}");
        }
        let mut given = situation(&[All], DRIFT);
        (given.is_ours, given.creation_open) = (false, true);
        assert_eq!(decide(&given), "RecordCreation");
        given.external = ABSENT_OBJECT;
        assert_eq!(decide(&given), "Create");
    }

    #[test]
    fn what_another_one_holds_is_neither_written_nor_deleted() {
        for external in [MATCH, DRIFT, DECIDED, GOING] {
            let mut given = situation(&[All], external);
            (given.gives_way, given.creation_open) = (true, true);
            assert_eq!(decide(&given), "GiveWay", "{external:?}");
            given.deleting = true;
            assert_eq!(decide(&given), "LeaveToHolder", "{external:?}");
            given.policies = Policies::of(&[Observe]);
            assert_eq!(decide(&given), "Release", "{external:?}");
            given.deleting = false;
            assert_ne!(decide(&given), "GiveWay", "{external:?}");
        }
        let mut given = situation(&[All], ABSENT_OBJECT);
        given.gives_way = true;
        assert_eq!(decide(&given), "Create");
    }

    #[test]
    fn what_was_not_taken_over_yet_is_not_deleted() {
        for external in [MATCH, DRIFT, GOING] {
            let mut given = situation(&[All], external);
            (given.is_ours, given.takes_over, given.deleting) = (false, true, true);
            assert_eq!(decide(&given), "LeaveForeign", "{external:?}");
            given.creation_open = true;
            assert_ne!(decide(&given), "LeaveForeign", "{external:?}");
        }
    }

    #[test]
    fn an_open_creation_writes_nothing_for_who_only_observes() {
        let mut given = situation(&[Observe], DRIFT);
        (given.is_ours, given.creation_open) = (false, true);
        assert_eq!(decide(&given), "LeaveDifferent");
    }

    #[test]
    fn what_ran_once_does_not_run_again() {
        let mut given = situation(&[All], ABSENT_OBJECT);
        given.done_once = true;
        assert_eq!(decide(&given), "ReportDone");
    }

    #[test]
    fn what_somebody_else_deletes_is_waited_for() {
        assert_eq!(decide(&situation(&[All], GOING)), "ReportGoing");
    }
}

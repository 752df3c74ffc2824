//! The valid sets of management policies.

use std::collections::BTreeSet;

use crate::resource::ManagementPolicy::{
    self, All, Create, Delete, LateInitialize, Observe, Update,
};

/// The sets that Crossplane accepts, except the empty one, which is a pause.
const ACCEPTED: [&[ManagementPolicy]; 14] = [
    &[All],
    &[Observe, Create, Update, LateInitialize, Delete],
    &[Observe],
    &[Observe, Create, Update, Delete],
    &[Observe, Create, Update, LateInitialize],
    &[Observe, Create, Update],
    &[Observe, Create, Delete, LateInitialize],
    &[Observe, Create, LateInitialize],
    &[Observe, Create, Delete],
    &[Observe, Create],
    &[Observe, Delete],
    &[Observe, Update],
    &[Observe, LateInitialize],
    &[Observe, Update, LateInitialize],
];

/// The actions that are allowed on an external object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies {
    /// It may be made.
    pub create: bool,
    /// It may be changed.
    pub update: bool,
    /// It may be deleted.
    pub delete: bool,
    /// Values that the server has chosen may be written into the spec.
    pub late_initialize: bool,
    /// Nothing may be done, not even an observation.
    pub paused: bool,
}

/// The policies are not a set that Crossplane accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "spec.managementPolicies is [{given}], which Crossplane does not support. Use [\"*\"], or \
     Observe with any of Create, Update, Delete and LateInitialize; Update and Delete together \
     need Create, and so do Delete and LateInitialize"
)]
pub struct InvalidPolicies {
    given: String,
}

impl Policies {
    /// Reads a set.
    ///
    /// # Errors
    /// If Crossplane does not accept it.
    pub fn of(given: &[ManagementPolicy]) -> Result<Self, InvalidPolicies> {
        let set: BTreeSet<_> = given.iter().copied().collect();
        let accepted =
            |one: &&[ManagementPolicy]| one.iter().copied().collect::<BTreeSet<_>>() == set;
        if !set.is_empty() && !ACCEPTED.iter().any(accepted) {
            let given: Vec<_> = given.iter().map(|policy| policy.as_str()).collect();
            return Err(InvalidPolicies {
                given: given.join(", "),
            });
        }
        let may = |policy| set.contains(&All) || set.contains(&policy);
        Ok(Policies {
            create: may(Create),
            update: may(Update),
            delete: may(Delete),
            late_initialize: may(LateInitialize),
            paused: set.is_empty(),
        })
    }

    /// Returns true if the external object may be written or deleted.
    pub fn write(&self) -> bool {
        self.create || self.update || self.delete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_fifteen_of_all_sets_are_accepted() {
        let every = ManagementPolicy::EVERY;
        let accepted = (0..1_u32 << every.len())
            .filter(|bits| {
                let set: Vec<_> = (0..every.len())
                    .filter(|index| bits & (1 << index) != 0)
                    .map(|index| every[index])
                    .collect();
                Policies::of(&set).is_ok()
            })
            .count();
        assert_eq!(accepted, 15);
    }

    #[test]
    fn a_set_without_observe_or_with_a_gap_is_refused_by_name() {
        for set in [
            &[Create][..],
            &[Observe, Update, Delete],
            &[Observe, Delete, LateInitialize],
        ] {
            let error = Policies::of(set).unwrap_err().to_string();
            assert!(error.contains(set[set.len() - 1].as_str()), "{error}");
        }
    }

    #[test]
    fn everything_is_all_of_them_and_nothing_pauses() {
        let all = Policies::of(&[All]).unwrap();
        let same = Policies::of(&[Observe, Create, Update, LateInitialize, Delete]).unwrap();
        assert_eq!(all, same);
        assert!(all.delete && !all.paused);
        assert!(Policies::of(&[]).unwrap().paused);
    }
}

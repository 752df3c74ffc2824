//! Claims on external objects: which managed resource, of any control plane, holds one.
//!
//! The claim is an annotation on the external object. The managed resource keeps a record of it, so
//! that it can tell an object that nobody has claimed yet from one that was claimed by another.

use std::fmt;
use std::str::FromStr;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::external::Holding;
use crate::metadata::{self, Marks};

/// The managed resource that holds an external object. As text: UID, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its UID.
    pub uid: String,
    /// Its namespace and name, for people.
    pub holder: String,
}

impl Claim {
    /// The claim of a managed resource.
    pub fn of(managed: &ObjectMeta) -> Self {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        Claim {
            uid: part(&managed.uid),
            holder: format!("{}/{}", part(&managed.namespace), part(&managed.name)),
        }
    }

    /// The claim on an external object that is an object of Kubernetes, in the annotation `key`.
    /// What cannot be read is none.
    pub fn on(external: &ObjectMeta, key: &str) -> Option<Self> {
        metadata::annotation(external, key)?.parse().ok()
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.uid, self.holder)
    }
}

/// A text is no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a UID and the namespace and name of a managed resource")]
pub struct NoClaim;

impl FromStr for Claim {
    type Err = NoClaim;

    fn from_str(text: &str) -> Result<Self, NoClaim> {
        let (uid, holder) = text.split_once(' ').ok_or(NoClaim)?;
        Ok(Claim {
            uid: uid.to_owned(),
            holder: holder.to_owned(),
        })
    }
}

/// What a managed resource has recorded of the claim. As text: its own UID, and the claim that it
/// gives way to. With another UID the record is a copy from another control plane, and counts as
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// It has claimed the object.
    Claimed,
    /// It gives way to another one.
    GivesWay(Claim),
}

impl Record {
    /// The record on a managed resource.
    fn on(managed: &ObjectMeta, marks: &Marks) -> Option<Self> {
        let text = metadata::annotation(managed, &marks.held_by)?;
        let (uid, rest) = text.split_once(' ').unwrap_or((text, ""));
        if managed.uid.as_deref() != Some(uid) {
            return None;
        }
        Some(rest.parse().map_or(Record::Claimed, Record::GivesWay))
    }

    /// Its text on a managed resource.
    pub fn text(&self, managed: &ObjectMeta) -> String {
        let uid = managed.uid.clone().unwrap_or_default();
        match self {
            Record::Claimed => uid,
            Record::GivesWay(claim) => format!("{uid} {claim}"),
        }
    }
}

/// What a managed resource may do with an external object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds the object.
    Holds,
    /// It may claim the object: it never has, or its claim was lost.
    MayClaim,
    /// Another managed resource holds the object.
    GivesWay(Claim),
}

/// What a managed resource may do with its external object, which has this claim. `outranks` says that it comes before
/// another one, of the same control plane, whatever the claim says.
///
/// 1. Who has not claimed the object yet may do so, and takes it from who has: it was asked to take
///    the object over, or was restored from a copy.
/// 2. Who finds another claim in the place of its own has lost the object.
/// 3. Who has lost it does not claim it again because the claim of the other was lost.
/// 4. A lost claim is made again by its holder.
pub fn standing(
    marks: &Marks,
    managed: &ObjectMeta,
    claim: Option<Claim>,
    outranks: impl Fn(&Claim) -> bool,
) -> Standing {
    let is_own = |claim: &Claim| managed.uid.as_ref() == Some(&claim.uid);
    match (Record::on(managed, marks), claim) {
        (Some(Record::Claimed), Some(claim)) if is_own(&claim) => Standing::Holds,
        (_, Some(claim)) if is_own(&claim) || outranks(&claim) => Standing::MayClaim,
        (None, _) | (Some(Record::Claimed), None) => Standing::MayClaim,
        (Some(_), Some(claim)) => Standing::GivesWay(claim),
        (Some(Record::GivesWay(claim)), None) if outranks(&claim) => Standing::MayClaim,
        (Some(Record::GivesWay(claim)), None) => Standing::GivesWay(claim),
    }
}

/// The other managed resource that an external object belongs to, when it is to be deleted: it is
/// left alone also by who could claim it.
pub fn other(
    marks: &Marks,
    managed: &ObjectMeta,
    claim: Option<Claim>,
    outranks: impl Fn(&Claim) -> bool,
) -> Option<Claim> {
    match standing(marks, managed, claim.clone(), &outranks) {
        Standing::GivesWay(claim) => Some(claim),
        Standing::Holds => None,
        Standing::MayClaim => {
            claim.filter(|claim| managed.uid.as_ref() != Some(&claim.uid) && !outranks(claim))
        }
    }
}

/// Returns true if an external object is another one than the managed resource has created or taken
/// over: it has another UID than is recorded, and no claim of the managed resource.
///
/// A backup of the cluster that is restored gives objects new UIDs and leaves their claims. Where
/// the managed resource was restored too, the claim is that of its former UID, which its record has.
pub fn is_another(marks: &Marks, managed: &ObjectMeta, external: &Holding) -> bool {
    let recorded = metadata::annotation(managed, &marks.external_uid);
    let (Some(recorded), Some(uid)) = (recorded, external.uid.as_deref()) else {
        return false;
    };
    let record = metadata::annotation(managed, &marks.held_by);
    let former = record.and_then(|record| record.split(' ').next());
    let is_claimed = external.claim.as_ref().is_some_and(|claim| {
        let claimed_by = Some(claim.uid.as_str());
        claimed_by == managed.uid.as_deref() || claimed_by == former
    });
    recorded != uid && !is_claimed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOTES;

    /// The annotation on external objects.
    const HELD_BY: &str = "example.org/held-by";

    fn managed(uid: &str, record: Option<&str>) -> ObjectMeta {
        let annotations = record.map(|record| (Marks::of(&NOTES).held_by, record.to_owned()));
        ObjectMeta {
            uid: Some(uid.to_owned()),
            namespace: Some("shop".to_owned()),
            name: Some("orders".to_owned()),
            annotations: Some(annotations.into_iter().collect()),
            ..ObjectMeta::default()
        }
    }

    fn on(external: &ObjectMeta) -> Option<Claim> {
        Claim::on(external, HELD_BY)
    }

    fn external(claim: Option<&str>) -> ObjectMeta {
        let annotations = claim.map(|claim| (HELD_BY.to_owned(), claim.to_owned()));
        ObjectMeta {
            annotations: Some(annotations.into_iter().collect()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn a_claim_says_who_holds_the_object() {
        let claim = Claim::of(&managed("a", None));
        assert_eq!(claim.to_string(), "a shop/orders");
        assert_eq!(claim.to_string().parse(), Ok(claim.clone()));
        assert_eq!(Claim::on(&external(Some("scribble")), HELD_BY), None);
        let record = Record::GivesWay(claim.clone()).text(&managed("b", None));
        assert_eq!(record, "b a shop/orders");
        let read = Record::on(&managed("b", Some(&record)), &Marks::of(&NOTES));
        assert_eq!(read, Some(Record::GivesWay(claim)));
    }

    #[test]
    fn of_two_control_planes_one_holds_the_object_whatever_is_lost() {
        use Standing::{Holds, MayClaim};
        let theirs = "b elsewhere/orders";
        let given = || Standing::GivesWay(theirs.parse().unwrap());
        for (record, claim, expected) in [
            // A new one, one that was restored elsewhere, and one of a former version.
            (None, None, MayClaim),
            (None, Some(theirs), MayClaim),
            (Some("old"), Some("old shop/orders"), MayClaim),
            (Some("old b elsewhere/orders"), Some(theirs), MayClaim),
            (Some("old"), None, MayClaim),
            // One that was interrupted after its claim.
            (None, Some("a shop/orders"), MayClaim),
            // The holder.
            (Some("a"), Some("a shop/orders"), Holds),
            (Some("a"), None, MayClaim),
            (Some("a"), Some("scribble"), MayClaim),
            // The one that has lost the object.
            (Some("a"), Some(theirs), given()),
            (Some("a b elsewhere/orders"), Some(theirs), given()),
            (Some("a b elsewhere/orders"), None, given()),
            // And has it back.
            (
                Some("a b elsewhere/orders"),
                Some("a shop/orders"),
                MayClaim,
            ),
        ] {
            let (managed, claim_on) = (managed("a", record), on(&external(claim)));
            let found = standing(&Marks::of(&NOTES), &managed, claim_on, |_| false);
            assert_eq!(found, expected, "{record:?} {claim:?}");
        }
    }

    #[test]
    fn who_comes_first_in_the_control_plane_claims_in_any_case() {
        let theirs = external(Some("b shop/younger"));
        for (record, external) in [
            (Some("a"), &theirs),
            (Some("a b shop/younger"), &theirs),
            (Some("a b shop/younger"), &external(None)),
        ] {
            let (marks, claim) = (Marks::of(&NOTES), on(external));
            let found = standing(&marks, &managed("a", record), claim, |other| {
                other.uid == "b"
            });
            assert_eq!(found, Standing::MayClaim, "{record:?}");
        }
    }

    #[test]
    fn what_another_one_holds_is_not_deleted_by_who_could_claim_it() {
        let marks = Marks::of(&NOTES);
        let theirs = external(Some("b elsewhere/orders"));
        for record in [None, Some("old"), Some("a")] {
            let found = other(&marks, &managed("a", record), on(&theirs), |_| false);
            assert_eq!(found.unwrap().uid, "b", "{record:?}");
        }
        assert_eq!(
            other(&marks, &managed("a", None), on(&theirs), |_| true),
            None
        );
        for claim in [None, Some("a shop/orders")] {
            assert_eq!(
                other(
                    &marks,
                    &managed("a", Some("a")),
                    on(&external(claim)),
                    |_| false
                ),
                None
            );
        }
    }

    #[test]
    fn an_object_that_was_made_anew_is_another_one_unless_it_has_the_claim() {
        let marks = Marks::of(&NOTES);
        let is_another = |recorded: Option<&str>, uid: Option<&str>, claim: Option<&str>| {
            let mut managed = managed("a", Some("old"));
            let annotations = managed.annotations.get_or_insert_default();
            let recorded = recorded.map(|uid| (marks.external_uid.clone(), uid.to_owned()));
            annotations.extend(recorded);
            let external = Holding {
                uid: uid.map(str::to_owned),
                claim: on(&external(claim)),
            };
            super::is_another(&marks, &managed, &external)
        };
        let (first, second) = (Some("first"), Some("second"));
        assert!(!is_another(first, first, None));
        assert!(is_another(first, second, None));
        assert!(is_another(first, second, Some("b elsewhere/orders")));
        // A cluster was restored from its backup, and perhaps the managed resource as well.
        assert!(!is_another(first, second, Some("a shop/orders")));
        assert!(!is_another(first, second, Some("old shop/orders")));
        // Nothing is known.
        assert!(!is_another(None, second, None));
        assert!(!is_another(first, None, None));
    }
}

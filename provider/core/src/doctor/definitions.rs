//! The definitions of Everest's kinds: releases of Everest differ in them under the same API version,
//! and Helm does not upgrade them with the chart of Everest.

use std::collections::BTreeMap;
use std::sync::Arc;

use everest_schemas::for_each_kind;
use everest_schemas::managed::ManagedModel;

use super::{Answer, Check};
use crate::facts::ServedKinds;
use crate::object_path;
use crate::schema;
use crate::text::Text;
use crate::v1::ObjectMapping;
use crate::version::Version;

/// A kind, or a member of its spec, that a release of Everest has added.
struct Added {
    kind: &'static str,
    /// The names of the member from the spec on; empty: the kind itself.
    member: Vec<String>,
    release: &'static str,
}

impl Added {
    fn shown(&self) -> String {
        match self.member.as_slice() {
            [] => self.kind.to_owned(),
            member => format!("{}.spec.{}", self.kind, member.join(".")),
        }
    }
}

/// Everything that a release has added.
fn added() -> Vec<Added> {
    let mut added = Vec::new();
    macro_rules! each {
        ($($module:ident::$kind:ident = $model:ty;)*) => {$(
            let kind = <$model>::EVEREST_KIND;
            if let Some(release) = schema::kind_since::<$model>() {
                added.push(Added { kind, member: Vec::new(), release });
            }
            for place in schema::places::<$model>() {
                if let Some(release) = place.since() {
                    let path = place.path.to_string();
                    let path = object_path::with_names_of_object(<$model>::RENAMED, &path);
                    let member = path.split('.').map(str::to_owned).collect();
                    added.push(Added { kind, member, release });
                }
            }
        )*};
    }
    for_each_kind!(each);
    added
}

/// Reports kinds that are missing, and definitions that are older than Everest itself.
pub(super) fn check(
    definitions: &BTreeMap<&'static str, Answer<Arc<ServedKinds>>>,
    version: Option<&Version>,
) -> Check {
    let (id, subject) = ("definitions", Text::from("definitions"));
    let mut unread = definitions.values();
    if let Some(unread) =
        unread.find_map(|answer| answer.unread(id, &subject, "which fields the cluster serves"))
    {
        return unread;
    }
    let serves = |kind: &str, member: &[String]| {
        let mut served = definitions.values().filter_map(Answer::found);
        served.any(|served| served.has(kind, member))
    };
    let mut kinds = KINDS.iter();
    if !kinds.any(|kind| serves(kind, &[])) {
        return Check::failed(
            id,
            subject,
            "the cluster serves none of the kinds of Everest that this provider manages",
            UPGRADE,
        );
    }
    let lacking: Vec<_> = added()
        .into_iter()
        .filter(|added| !serves(added.kind, &added.member))
        .collect();
    let ordered = |text: &str| text.parse::<Version>().ok();
    let oldest = lacking.iter().map(|added| added.release);
    let Some(release) = oldest.min_by_key(|release| ordered(release)) else {
        let all = added();
        let newest = all.iter().map(|added| added.release);
        let newest = newest.max_by_key(|release| ordered(release));
        return Check::ok(
            id,
            subject,
            match newest {
                Some(newest) => format!("of Everest {newest} or newer: every attribute can be set"),
                None => "every attribute can be set".to_owned(),
            },
        );
    };
    let mut missing: Vec<_> = lacking
        .iter()
        .map(|added| format!("{} ({})", added.shown(), added.release))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let found = format!(
        "older than Everest {release}: without {}",
        missing.join(", ")
    );
    let is_behind = version
        .zip(ordered(release))
        .is_some_and(|(version, release)| *version >= release);
    match is_behind {
        true => Check::warning(id, subject, found, UPGRADE),
        false => Check::ok(id, subject, found),
    }
}

/// Kinds that every supported release of Everest serves.
const KINDS: [&str; 2] = ["DatabaseCluster", "DatabaseEngine"];

const UPGRADE: &str = "Upgrade the definitions to the release of Everest: helm upgrade --install \
                       everest-crds openeverest/everest-crds --version VERSION --namespace \
                       everest-system --take-ownership. Until then, a plan refuses the fields that \
                       are missing.";

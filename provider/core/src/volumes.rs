//! The sizes of a database's volumes: the requested and the actual ones.
//!
//! Everest accepts a larger size whether or not the volumes can grow. If they cannot, the engine's
//! own object keeps the former size and a condition in the status says so. The larger size is only
//! in the DatabaseCluster then, and can be taken back.

use everest_schemas::Engine;
use everest_schemas::everest::{Condition, DatabaseCluster, DatabaseClusterSpec};
use serde_json::Value;

use crate::quantity::Quantity;

/// Condition that Everest has not passed a size on to the engine.
pub(crate) const CANNOT_RESIZE: &str = "CannotResizeVolume";
/// Condition that volumes were to grow and did not.
pub(crate) const RESIZE_FAILED: &str = "VolumeResizeFailed";
/// Reason of [`CANNOT_RESIZE`]: the volumes are larger than what the DatabaseCluster says.
const CANNOT_SHRINK: &str = "CannotShrinkVolume";

/// The answer to whether a smaller size is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shrinking {
    /// It is possible: no volume is larger.
    Possible,
    /// The volumes have this size.
    Below(String),
    /// The volumes have the size that the database has now.
    Real,
    /// The size of the volumes is not known.
    Unknown,
}

/// Returns true if a change lowers the engine's storage size.
pub fn shrinks(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec) -> bool {
    matches!((amount(now), amount(before)), (Some(now), Some(before)) if now < before)
}

/// Returns true if a change raises the engine's storage size.
pub fn grows(now: &DatabaseClusterSpec, before: &DatabaseClusterSpec) -> bool {
    matches!((amount(now), amount(before)), (Some(now), Some(before)) if now > before)
}

fn amount(spec: &DatabaseClusterSpec) -> Option<Quantity> {
    size(spec)?.parse().ok()
}

/// The size of the engine's volumes in a spec.
pub fn size(spec: &DatabaseClusterSpec) -> Option<&str> {
    spec.engine.known()?.storage.known()?.size.known_str()
}

/// Decides whether a database can go back to the smaller `size`.
///
/// Everest accepts any size that is not below that of the engine's own object. While the resizing
/// of the volumes fails, the engine's operator and Everest write that object in turn, so its size
/// proves nothing. If the object cannot be read, a growth that Everest has not passed on can be
/// taken back.
pub fn shrinking(
    size: &Quantity,
    live: Option<&DatabaseCluster>,
    engine_object: Option<&Value>,
) -> Shrinking {
    let Some(live) = live else {
        return Shrinking::Unknown;
    };
    if condition(live, RESIZE_FAILED).is_some() {
        return Shrinking::Possible;
    }
    let engine = live.spec.engine.known();
    let engine = engine.and_then(|engine| engine.type_.known().copied());
    if let Some(has) = engine.and_then(|engine| of_engine(engine, engine_object?)) {
        return match has.parse::<Quantity>() {
            Ok(amount) if *size >= amount => Shrinking::Possible,
            _ => Shrinking::Below(has.to_owned()),
        };
    }
    match condition(live, CANNOT_RESIZE) {
        Some(condition) if condition.reason != CANNOT_SHRINK => Shrinking::Possible,
        _ => Shrinking::Real,
    }
}

/// The size of the volumes in the engine's own object.
fn of_engine(engine: Engine, object: &Value) -> Option<&str> {
    let volume = match engine {
        Engine::Pxc => "/spec/pxc/volumeSpec/persistentVolumeClaim",
        Engine::Psmdb => "/spec/replsets/0/volumeSpec/persistentVolumeClaim",
        Engine::Postgresql => "/spec/instances/0/dataVolumeClaimSpec",
    };
    object
        .pointer(volume)?
        .pointer("/resources/requests/storage")?
        .as_str()
}

/// The condition of that kind, if it is true for the database.
pub(crate) fn condition<'a>(database: &'a DatabaseCluster, kind: &str) -> Option<&'a Condition> {
    let mut conditions = database.status.as_ref()?.conditions.iter().flatten();
    conditions.find(|condition| condition.type_ == kind && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live(condition: &str, reason: &str) -> DatabaseCluster {
        let condition = json!({"type": condition, "status": "True", "reason": reason,
            "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        serde_json::from_value(json!({
            "metadata": {},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "20Gi"}}},
            "status": {"status": "ready", "conditions": [condition]},
        }))
        .unwrap()
    }

    fn engine(size: &str) -> Value {
        json!({"spec": {"pxc": {"volumeSpec": {"persistentVolumeClaim": {
            "resources": {"requests": {"storage": size}}}}}}})
    }

    fn to(size: &str, live: &DatabaseCluster, engine: Option<&Value>) -> Shrinking {
        shrinking(&size.parse().unwrap(), Some(live), engine)
    }

    #[test]
    fn a_growth_that_did_not_come_about_goes_back_to_what_the_volumes_have() {
        let live = live(CANNOT_RESIZE, "StorageClassDoesNotSupportExpansion");
        let has = engine("10Gi");
        assert_eq!(to("10Gi", &live, Some(&has)), Shrinking::Possible);
        assert_eq!(to("15Gi", &live, Some(&has)), Shrinking::Possible);
        let below = Shrinking::Below("10Gi".to_owned());
        assert_eq!(to("5Gi", &live, Some(&has)), below);
        assert_eq!(to("10Gi", &live, None), Shrinking::Possible);
    }

    #[test]
    fn while_the_resizing_fails_the_engines_object_does_not_tell() {
        let live = live(RESIZE_FAILED, "VolumeResizeFailed");
        assert_eq!(
            to("10Gi", &live, Some(&engine("20Gi"))),
            Shrinking::Possible
        );
    }

    #[test]
    fn volumes_that_have_grown_do_not_shrink() {
        let grown = live("Other", "");
        let has = Shrinking::Below("20Gi".to_owned());
        assert_eq!(to("10Gi", &grown, Some(&engine("20Gi"))), has);
        assert_eq!(to("10Gi", &grown, None), Shrinking::Real);
        let shrunk = live(CANNOT_RESIZE, CANNOT_SHRINK);
        assert_eq!(to("10Gi", &shrunk, None), Shrinking::Real);
        assert_eq!(
            shrinking(&"10Gi".parse().unwrap(), None, None),
            Shrinking::Unknown
        );
    }

    #[test]
    fn each_engines_object_says_what_its_volumes_have() {
        let claim = json!({"resources": {"requests": {"storage": "1Gi"}}});
        let volume = json!({"volumeSpec": {"persistentVolumeClaim": claim}});
        for (engine, spec) in [
            (Engine::Pxc, json!({"pxc": volume})),
            (Engine::Psmdb, json!({"replsets": [volume]})),
            (
                Engine::Postgresql,
                json!({"instances": [{"dataVolumeClaimSpec": claim}]}),
            ),
        ] {
            let object = json!({"spec": spec});
            assert_eq!(of_engine(engine, &object), Some("1Gi"), "{engine}");
            assert_eq!(of_engine(engine, &json!({})), None);
        }
    }
}

//! The status of a config: pure functions of the observation.

use everest_schemas::managed::{Condition, ProviderConfigStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::TargetError;

/// The status of a config that is not being deleted.
pub(super) fn present(
    before: Option<&ProviderConfigStatus>,
    users: usize,
    checked: &Result<(), TargetError>,
    generation: Option<i64>,
    now: Time,
) -> ProviderConfigStatus {
    let ready = match checked {
        Ok(()) => condition(
            "Ready",
            "True",
            "Available",
            Some("the cluster answers and runs OpenEverest v1".to_owned()),
            generation,
            &now,
        ),
        Err(error) => condition(
            "Ready",
            "False",
            error.reason(),
            Some(error.to_string()),
            generation,
            &now,
        ),
    };
    status(before, users, vec![ready])
}

/// The users of a config that is being deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Users {
    /// So many have a usage.
    Listed(usize),
    /// Usages are gone already, and so many managed resources have a finalizer: most are deleted in
    /// the foreground, or with their namespace.
    Leaving(usize),
}

impl Users {
    /// Their number.
    pub(super) fn count(self) -> usize {
        match self {
            Users::Listed(count) | Users::Leaving(count) => count,
        }
    }

    /// The command that lists them.
    fn command(self) -> &'static str {
        match self {
            Users::Listed(_) => "kubectl get providerconfigusages lists them",
            Users::Leaving(_) => {
                "their usages are gone already; kubectl get everest --all-namespaces lists all \
                 managed resources, and their conditions say what they wait for"
            }
        }
    }
}

/// The status of a config that is being deleted but still used.
pub(super) fn terminating(
    before: Option<&ProviderConfigStatus>,
    users: Users,
    generation: Option<i64>,
    now: Time,
) -> ProviderConfigStatus {
    // What was said of the cluster stays: its users still go there.
    let ready = before
        .and_then(|before| {
            before
                .conditions
                .iter()
                .find(|known| known.type_ == "Ready")
        })
        .cloned();
    let terminating = condition(
        "Terminating",
        "True",
        "InUse",
        Some(format!(
            "managed resources still use this config and need it for their own deletion; it is \
             deleted after the last of them ({})",
            users.command()
        )),
        generation,
        &now,
    );
    let conditions = ready.into_iter().chain([terminating]).collect();
    status(before, users.count(), conditions)
}

fn condition(
    type_: &str,
    status: &str,
    reason: &str,
    message: Option<String>,
    generation: Option<i64>,
    now: &Time,
) -> Condition {
    Condition {
        last_transition_time: now.clone(),
        message,
        observed_generation: generation,
        reason: reason.to_owned(),
        status: status.to_owned(),
        type_: type_.to_owned(),
    }
}

/// A condition keeps its time while its status is the same, so that a status without news equals
/// the one before.
fn status(
    before: Option<&ProviderConfigStatus>,
    users: usize,
    mut conditions: Vec<Condition>,
) -> ProviderConfigStatus {
    for condition in &mut conditions {
        let same = before
            .into_iter()
            .flat_map(|before| &before.conditions)
            .find(|known| known.type_ == condition.type_ && known.status == condition.status);
        if let Some(same) = same {
            condition.last_transition_time = same.last_transition_time.clone();
        }
    }
    ProviderConfigStatus {
        conditions,
        users: i64::try_from(users).ok(),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn at(second: i64) -> Time {
        Time(Timestamp::from_second(second).unwrap())
    }

    fn unreachable() -> Result<(), TargetError> {
        Err(TargetError::EverestMissing {
            key: super::super::TargetKey::new("", &Default::default()),
        })
    }

    #[test]
    fn a_status_that_says_nothing_new_is_the_same_later() {
        let first = present(None, 2, &Ok(()), Some(1), at(1));
        assert_eq!(present(Some(&first), 2, &Ok(()), Some(1), at(9)), first);
        assert_ne!(present(Some(&first), 3, &Ok(()), Some(1), at(9)), first);
    }

    #[test]
    fn the_time_of_a_condition_is_that_of_its_last_change() {
        let first = present(None, 0, &Ok(()), Some(1), at(1));
        let broken = present(Some(&first), 0, &unreachable(), Some(1), at(2));
        assert_eq!(broken.conditions[0].last_transition_time, at(2));
        assert_eq!(broken.conditions[0].reason, "EverestMissing");
        let again = present(Some(&broken), 0, &unreachable(), Some(2), at(3));
        assert_eq!(again.conditions[0].last_transition_time, at(2));
    }

    #[test]
    fn a_config_that_is_to_go_says_what_it_waits_for_and_how_its_cluster_was() {
        let first = present(None, 2, &Ok(()), Some(1), at(1));
        let leaving = terminating(Some(&first), Users::Listed(2), Some(2), at(2));
        let types: Vec<&str> = leaving
            .conditions
            .iter()
            .map(|condition| condition.type_.as_str())
            .collect();
        assert_eq!(types, ["Ready", "Terminating"]);
        assert_eq!(leaving.conditions[1].reason, "InUse");
        assert_eq!(leaving.users, Some(2));
        let said = |users| {
            let status = terminating(Some(&first), users, Some(2), at(2));
            status.conditions[1].message.clone().unwrap()
        };
        assert!(said(Users::Listed(2)).contains("providerconfigusages"));
        // Where their usages are gone, the list of usages would be empty.
        assert!(!said(Users::Leaving(2)).contains("providerconfigusages"));
    }
}

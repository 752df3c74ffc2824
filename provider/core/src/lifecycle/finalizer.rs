//! What holds an object that is being deleted.

use crate::api::RELEASE_LOCK;

/// What each finalizer waits for, by its name. Those of engines' operators are on their own objects.
///
/// Source: `internal/consts/finalizers.go` of everest-operator, the `naming` packages of the
/// engines' operators.
const WAITS_FOR: [(&str, &str); 21] = [
    (
        "foregroundDeletion",
        "Kubernetes until everything that belongs to it is gone",
    ),
    (
        "everest.percona.com/upstream-cluster-cleanup",
        "Everest until the backups and the engine's own object are gone",
    ),
    (
        "everest.percona.com/in-use-protection",
        "Everest until nothing uses it",
    ),
    (
        "everest.percona.com/dbb-storage-protection",
        "Everest until the engine's own backup is gone, whose data stays in the bucket",
    ),
    (
        "everest.percona.com/dbb-cleanup",
        "Everest until the backups are gone",
    ),
    (
        "everest.percona.com/rbac-cleanup",
        "Everest until the rights of the import's job are gone",
    ),
    (
        "everest.percona.com/cleanup-secrets",
        "Everest until the Secret that it created is gone",
    ),
    (
        "everest.percona.com/vmagent",
        "Everest until the monitoring agent is gone",
    ),
    (
        "everest.percona.com/readonly-protection",
        "nobody: Everest ships it, and keeps it",
    ),
    (
        "percona.com/delete-pxc-pods-in-order",
        "the engine's operator until its pods have stopped one by one",
    ),
    (
        "percona.com/delete-psmdb-pods-in-order",
        "the engine's operator until its pods have stopped one by one",
    ),
    (
        "percona.com/delete-pxc-pvc",
        "the engine's operator until the volumes are gone",
    ),
    (
        "percona.com/delete-proxysql-pvc",
        "the engine's operator until the proxies' volumes are gone",
    ),
    (
        "percona.com/delete-psmdb-pvc",
        "the engine's operator until the volumes are gone",
    ),
    (
        "percona.com/delete-pvc",
        "the engine's operator until the volumes are gone",
    ),
    (
        "percona.com/delete-ssl",
        "the engine's operator until the certificates are gone",
    ),
    (
        "percona.com/delete-backup",
        "the engine's operator until the data in the bucket is gone",
    ),
    (
        "percona.com/delete-backups",
        "the engine's operator until the backups are gone",
    ),
    (
        "internal.percona.com/delete-backup",
        "the engine's operator until the data in the bucket is gone",
    ),
    (
        "internal.percona.com/keep-job",
        "the engine's operator until it has read the end of the job",
    ),
    (
        RELEASE_LOCK,
        "the engine's operator until the database is free for the next backup; that of MongoDB \
         needs a running member for it",
    ),
];

/// What holds an object, at the end of a sentence: its finalizers, and what each waits for.
pub fn held_by(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        return String::new();
    }
    let each: Vec<_> = finalizers.iter().map(|name| told(name)).collect();
    format!(", held by the finalizers {}", each.join(", "))
}

fn told(name: &str) -> String {
    match WAITS_FOR.iter().find(|(known, _)| *known == name) {
        Some((_, waits)) => format!("{name} ({waits})"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::STORAGE_PROTECTION;
    use crate::storage_users::IN_USE;

    #[test]
    fn what_holds_an_object_says_what_it_waits_for() {
        let held = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            held_by(&names)
        };
        assert_eq!(held(&[]), "");
        assert_eq!(
            held(&["percona.com/delete-pvc", "example.org/own"]),
            ", held by the finalizers percona.com/delete-pvc (the engine's operator until the \
             volumes are gone), example.org/own"
        );
    }

    #[test]
    fn each_finalizer_that_is_spoken_of_elsewhere_is_known_and_none_is_there_twice() {
        for name in [IN_USE, STORAGE_PROTECTION] {
            assert_ne!(told(name), name);
        }
        let names: std::collections::BTreeSet<_> = WAITS_FOR.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), WAITS_FOR.len());
    }
}

//! What the runner of lifecycles makes of a server's answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use everest_core::lifecycle::{
    Action, Lifecycle, ObjectRef, Observed, Query, Requirement, Stopwatches,
};
use everest_core::storage_users::User;
use everest_core::v1::credentials::Credentials;
use everest_schemas::everest::DatabaseClusterBackup;
use everest_schemas::models::{DatabaseModel, SplitHorizonDnsConfigModel};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Driver;
use crate::testing::api_server::{self, Answer};
use crate::{Cluster, ClusterError, Creation, Unacknowledged, Wait, database, with_secret};

/// How the creation of a database ends where the server answers with `code` when it is asked for the
/// operators of the namespace, as many times, and how often it was.
async fn asked(code: u16, times: usize) -> (Creation<DatabaseModel>, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let (cluster, _) = api_server::cluster(move |method, target, body| match method {
        "PATCH" => Answer::Json(200, body.clone()),
        _ if target.contains("/databaseengines") => match counted.fetch_add(1, Ordering::Relaxed) {
            asked if asked < times => api_server::failure(code, "", "no", json!({})),
            _ => api_server::list(Vec::new()),
        },
        _ => api_server::absent("databaseclusters.everest.percona.com", "orders"),
    });
    let planned: DatabaseModel = serde_json::from_value(json!({"namespace": "prod",
        "name": "orders", "wait": false,
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}}))
    .unwrap();
    let wait = Wait::new(Duration::from_secs(60), CancellationToken::new());
    let made = Unacknowledged::default();
    let created = database::create(&cluster.without_retries(), &planned, &made, &wait).await;
    (created, asked.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn only_who_may_not_look_passes_without_having_looked() {
    let (created, times) = asked(403, 9).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert_eq!(
        times, 2,
        "by a watch, and once it is clear that there is none"
    );
    let (created, times) = asked(503, 1).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert!(times > 1, "{times}");
    let (created, _) = asked(401, 99).await;
    assert!(matches!(created, Creation::NotCreated(_)), "{created:?}");
}

/// Waits until a backup has a version.
struct UntilVersion<'a> {
    object: ObjectRef,
    version: &'a str,
}

impl Lifecycle for UntilVersion<'_> {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not come"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let found = observed.object::<DatabaseClusterBackup>("n", &self.object.name)?;
        let version = found.and_then(|found| found.metadata.resource_version.as_deref());
        Ok(match version == Some(self.version) {
            true => Action::Done(()),
            false => Action::Await("it".into()),
        })
    }
}

/// A wait that is under way.
async fn wait_for(cluster: &Cluster, name: &str, version: &str) -> Result<(), ClusterError> {
    let clock = Wait::new(Duration::from_secs(3600), CancellationToken::new()).start();
    let clock = match version {
        "9" => clock.at_most(Duration::from_secs(30)),
        _ => clock,
    };
    let mut driver = Driver::new(cluster, &clock);
    driver.watches = true;
    driver.is_answered = true;
    let object = ObjectRef::of::<DatabaseClusterBackup>("n", name);
    let mut lifecycle = UntilVersion { object, version };
    driver.run(&mut lifecycle, &Unacknowledged::default()).await
}

fn backup(name: &str, version: u64) -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseClusterBackup",
        "metadata": {"name": name, "namespace": "n", "uid": name,
            "resourceVersion": version.to_string()},
        "spec": {"dbClusterName": "orders", "backupStorageName": "s3"}})
}

fn is_list(target: &str) -> bool {
    target.contains("/databaseclusterbackups?")
}

fn named(target: &str) -> Answer {
    let path = target.split('?').next();
    let name = path.and_then(|path| path.rsplit('/').next());
    Answer::Json(200, backup(name.unwrap_or_default(), 1))
}

fn forbidden() -> Answer {
    api_server::failure(
        403,
        "Forbidden",
        "User \"u\" cannot watch resource \"databaseclusterbackups\" in API group \"\"",
        json!({}),
    )
}

#[tokio::test]
async fn fifty_waiters_share_one_watch() {
    let (cluster, seen) = api_server::cluster(|_, target, _| {
        if target.contains("watch=true") {
            let events =
                (0..50).map(|i| json!({"type": "ADDED", "object": backup(&format!("m{i}"), 2)}));
            Answer::Stream(events.collect())
        } else if is_list(target) {
            api_server::list(Vec::new())
        } else {
            api_server::absent("databaseclusterbackups", "x")
        }
    });
    let names: Vec<_> = (0..50).map(|i| format!("m{i}")).collect();
    let waits = names.iter().map(|name| wait_for(&cluster, name, "2"));
    assert!(
        futures::future::join_all(waits)
            .await
            .iter()
            .all(Result::is_ok)
    );
    let requests: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(line, _)| line.clone())
        .collect();
    assert_eq!(requests.len(), 2, "one list, one watch: {requests:?}");
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_watch_becomes_polling() {
    let (cluster, seen) = api_server::cluster(|_, target, _| {
        if is_list(target) {
            api_server::failure(
                403,
                "Forbidden",
                "User \"u\" cannot watch resource \"databaseclusterbackups\" in API group \"\"",
                json!({}),
            )
        } else {
            named(target)
        }
    });
    wait_for(&cluster, "a", "1").await.unwrap();
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .any(|(line, _)| line.ends_with("/databaseclusterbackups/a?")
                || line.ends_with("/databaseclusterbackups/a"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_says_what_was_missing() {
    let (cluster, _) = api_server::cluster(|_, target, _| {
        if target.contains("/events") {
            api_server::list(vec![
                json!({"metadata": {"name": "e"}, "involvedObject": {}, "type": "Warning",
                "reason": "Bad", "message": "no luck", "lastTimestamp": "2026-01-01T00:00:00Z"}),
            ])
        } else if target.contains("watch=true") {
            Answer::Stream(Vec::new())
        } else if is_list(target) {
            api_server::list(vec![backup("a", 1)])
        } else {
            named(target)
        }
    });
    let error = wait_for(&cluster, "a", "9").await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, crate::ClusterError::TimedOut { .. }),
        "{text}"
    );
    assert!(
        text.contains("DatabaseClusterBackup n/a did not come after 30 s"),
        "{text}"
    );
    assert!(text.contains("Waiting for: it"), "{text}");
    assert!(text.contains("Warning Bad: no luck"), "{text}");
}

/// Needs an end that does not come.
struct Unused(ObjectRef);

impl Lifecycle for Unused {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.0.clone()
    }

    fn aim(&self) -> &'static str {
        "was not gone"
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        observed.object::<DatabaseClusterBackup>("n", &self.0.name)?;
        Ok(Action::Require(Requirement::Unused {
            users: vec![User {
                name: "database orders".into(),
                is_going: false,
            }],
            remedy: "Destroy it first".into(),
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn patience_ends_whatever_happens_to_others_of_the_kind() {
    let (cluster, _) = api_server::cluster(|_, target, _| {
        if target.contains("watch=true") {
            let events = (2..5_000).map(|i| json!({"type": "MODIFIED", "object": backup("b", i)}));
            Answer::Slow(Duration::from_secs(1), events.collect())
        } else if is_list(target) {
            api_server::list(vec![backup("a", 1), backup("b", 1)])
        } else {
            named(target)
        }
    });
    let clock = Wait::new(Duration::from_secs(3600), CancellationToken::new()).start();
    let mut driver = Driver::new(&cluster, &clock);
    let mut lifecycle = Unused(ObjectRef::of::<DatabaseClusterBackup>("n", "a"));
    let begun = tokio::time::Instant::now();
    let ended = driver.run(&mut lifecycle, &Unacknowledged::default()).await;
    assert!(
        matches!(ended, Err(ClusterError::InUse { .. })),
        "{ended:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_answered_does_not_end_a_wait() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        if is_list(target) {
            return api_server::failure(
                403,
                "Forbidden",
                "User \"u\" cannot watch resource \"x\" in API group \"\"",
                json!({}),
            );
        }
        match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0..4 => Answer::Never,
            _ => named(target),
        }
    });
    wait_for(&cluster, "a", "1").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_outlives_answers_that_break_off() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        if is_list(target) {
            return forbidden();
        }
        match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0..4 => Answer::Text(200, "{\"metadata\": {"),
            _ => named(target),
        }
    });
    wait_for(&cluster, "a", "1").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_refused_after_the_server_came_back_is_asked_for_again() {
    let watches = std::sync::atomic::AtomicUsize::new(0);
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        if target.contains("watch=true") {
            return match watches.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Answer::Broken("connection refused"),
                1 => forbidden(),
                _ => Answer::Stream(vec![json!({"type": "ADDED", "object": backup("a", 2)})]),
            };
        }
        if is_list(target) {
            api_server::list(Vec::new())
        } else {
            named(target)
        }
    });
    wait_for(&cluster, "a", "2").await.unwrap();
}

/// How the creation of a DNS configuration ends whose Secret the webhook does not find as many
/// times, how often the webhook was asked, and if the Secret is left.
async fn overlooked(times: usize) -> (Creation<SplitHorizonDnsConfigModel>, usize, bool) {
    let (cluster, _, held) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    held.server()
        .put(json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "everest"},
        "webhooks": [{"name": "vsplithorizondnsconfig.everest.percona.com", "timeoutSeconds": 10,
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://everest-operator.test/validate"},
            "rules": [{"apiGroups": ["enginefeatures.everest.percona.com"], "apiVersions": ["*"],
                "operations": ["CREATE"], "resources": ["splithorizondnsconfigs"]}]}]}));
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let review = move |_, review: Value| {
        let is_seen = counted.fetch_add(1, Ordering::Relaxed) >= times;
        async move {
            let mut response = json!({"uid": review["request"]["uid"], "allowed": is_seen});
            if !is_seen {
                response["status"] = json!({"code": 422, "reason": "Invalid", "message":
                    "SplitHorizonDNSConfig \"dns\" is invalid: spec.tls.secretName: Not found: \"dns\""});
            }
            json!({"response": response})
        }
    };
    held.server()
        .serve_webhooks("everest-operator.test", review);
    let planned: SplitHorizonDnsConfigModel = serde_json::from_value(json!({"namespace": "prod",
        "name": "dns", "baseDomainNameSuffix": "db.example.com"}))
    .unwrap();
    let authority = Credentials(vec![
        "key".to_owned().into(),
        "certificate".to_owned().into(),
    ]);
    let wait = Wait::new(Duration::from_secs(60), CancellationToken::new());
    let made = Unacknowledged::default();
    let created = with_secret::create(&cluster, &planned, Some(&authority), &made, &wait).await;
    let is_left = held
        .lock()
        .unwrap()
        .keys()
        .any(|path| path.contains("/secrets/"));
    (created, asked.load(Ordering::Relaxed), is_left)
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_webhook_does_not_see_the_secret_yet_is_repeated_for_a_while() {
    let (created, asked, is_left) = overlooked(2).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert_eq!((asked, is_left), (3, true));

    let begun = tokio::time::Instant::now();
    let (created, asked, is_left) = overlooked(usize::MAX).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("Not found"), "{error}");
    assert!(asked > 3 && !is_left, "{asked} {is_left}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

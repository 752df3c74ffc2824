//! What a server does again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use everest_core::restart::{RESTART, RESTARTED_FOR};
use test_apiserver::{At, Fault, Matcher, Process, Times, Trouble, WebhookFault, When};

use super::*;

/// A cluster of a process that this happens to.
fn with(fault: Fault, process: &Process) -> Cluster {
    process.inject(fault);
    Cluster::new(process.client(), crate::Catalog::default())
}

/// So many of these writes lose against others.
fn conflicts(times: usize, writes: Matcher) -> Fault {
    Fault::new(At::Matching(writes), When::Before, Trouble::Status(409))
        .times(Times::Exactly(times))
}

#[tokio::test(start_paused = true)]
async fn backups_that_keep_changing_are_protected_or_their_database_stays() {
    for (times, is_deleted) in [(5, true), (10, false)] {
        let (one, first) = backup("one", "orders");
        let objects = [(DATABASE.to_owned(), object("ready")), (one.clone(), first)].into();
        let (_, _, held) = api_server::store(objects, |_, _, _| {});
        let process = held.server().process();
        let protections = Matcher::verb("patch").resource("databaseclusterbackups");
        let cluster = with(conflicts(times, protections), &process);
        let deleted = delete(&cluster, &model(json!({})), &wait()).await;
        let objects = held.lock().unwrap();
        assert_eq!(deleted.is_ok(), is_deleted, "{deleted:?}");
        assert_eq!(!objects.contains_key(DATABASE), is_deleted);
        let finalizers = objects[&one]["metadata"]["finalizers"].to_string();
        assert!(finalizers.contains("theirs"), "{finalizers}");
        assert_eq!(finalizers.contains("storage-protection"), is_deleted);
        if let Err(error) = deleted {
            let text = error.to_string();
            assert!(text.contains("DatabaseClusterBackup prod/one"), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_keeps_changing_is_restarted_once_or_not_at_all() {
    for (times, is_restarted) in [(5, true), (10, true), (1000, false)] {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = begun.clone();
        let objects = [(DATABASE.to_owned(), object("ready"))].into();
        let (_, _, held) = api_server::store(objects, move |objects, method, path| {
            let annotations = &mut objects.get_mut(path).unwrap()["metadata"]["annotations"];
            if method == "PATCH" && annotations[RESTART].is_string() {
                annotations.as_object_mut().unwrap().remove(RESTART);
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let process = held.server().process();
        let restarts = Matcher::when(|asked| asked.body.to_string().contains(RESTART));
        let cluster = with(conflicts(times, restarts), &process);
        let trigger = |trigger: &str| model(json!({ "restartTrigger": trigger }));
        let (prior, planned) = (trigger("a"), trigger("b"));
        let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
        let annotations = held.lock().unwrap()[DATABASE]["metadata"]["annotations"].clone();
        assert_eq!(begun.load(Ordering::Relaxed), usize::from(is_restarted));
        match changed {
            Change::Done(_) if is_restarted => assert_eq!(annotations[RESTARTED_FOR], "b"),
            Change::Refused(error) if !is_restarted => {
                assert!(error.to_string().contains("409"), "{error}");
                assert_eq!(annotations[RESTARTED_FOR], Value::Null);
            }
            other => panic!("after {times}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_creation_that_a_slow_webhook_holds_up_at_each_attempt() {
    let (cluster, seen, held) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let server = held.server();
    server.put(json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "everest"},
        "webhooks": [{"name": "vdatabasecluster.everest.percona.com", "timeoutSeconds": 10,
            "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": "https://everest-operator.test/validate"},
            "rules": [{"apiGroups": ["everest.percona.com"], "apiVersions": ["*"],
                "operations": ["CREATE"], "resources": ["databaseclusters"]}]}]}));
    server.serve_webhooks("everest-operator.test", |_, review| async move { review });
    server.fault_webhooks(Some(WebhookFault::Slow(Duration::from_secs(30))));

    let begun = tokio::time::Instant::now();
    let stop = CancellationToken::new();
    let wait = Wait::new(Duration::from_secs(600), stop.clone());
    let (wanted, made) = (model(json!({})), Unacknowledged::default());
    let cluster = cluster.stopped_by(&stop);
    let creation = create(&cluster, &wanted, &made, &wait);
    let (created, ()) = tokio::join!(creation, async {
        tokio::time::sleep(Duration::from_secs(15)).await;
        stop.cancel();
    });
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("vdatabasecluster"), "{error}");
    // The attempt that is under way at the stop is the last one: its answer says what was written.
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(api_server::writes(&seen).len(), 2);
    assert!(!held.lock().unwrap().contains_key(DATABASE));
}

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use everest_core::facts::Bucket;
use everest_schemas::everest::BackupStorage;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::testing::api_server::{self, Answer};

fn map(name: &str, version: u64) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
        {"name": name, "namespace": "n", "uid": name, "resourceVersion": version.to_string()}})
}

fn is_list(target: &str) -> bool {
    target.contains("/configmaps?")
}

fn named(target: &str) -> Answer {
    let name = target
        .split('?')
        .next()
        .and_then(|path| path.rsplit('/').next());
    Answer::Json(200, map(name.unwrap_or_default(), 1))
}

#[tokio::test]
async fn two_hundred_reads_are_ten_gets_and_one_list() {
    let (cluster, seen) = api_server::cluster(|_, target, _| {
        if is_list(target) {
            api_server::list((0..200).map(|i| map(&format!("m{i}"), 1)).collect())
        } else {
            named(target)
        }
    });
    let objects = cluster.objects::<ConfigMap>("n");
    let names: Vec<_> = (0..200).map(|i| format!("m{i}")).collect();
    let reads = names.iter().map(|name| objects.read(name));
    let found = futures::future::join_all(reads).await;
    assert!(found.iter().all(|found| matches!(found, Ok(Some(_)))));
    let requests: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(line, _)| line.clone())
        .collect();
    assert_eq!(
        requests.iter().filter(|line| is_list(line)).count(),
        1,
        "{requests:?}"
    );
    assert_eq!(requests.len(), 11, "{requests:?}");
}

#[tokio::test]
async fn a_forbidden_list_becomes_single_gets() {
    let (cluster, seen) = api_server::cluster(|_, target, _| {
        if is_list(target) {
            api_server::failure(
                403,
                "Forbidden",
                "User \"u\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"n\"",
                json!({}),
            )
        } else {
            named(target)
        }
    });
    let objects = cluster.objects::<ConfigMap>("n");
    for name in 0..14 {
        assert!(objects.read(&format!("m{name}")).await.unwrap().is_some());
    }
    assert_eq!(
        seen.lock().unwrap().len(),
        15,
        "fourteen GETs and one refused LIST"
    );
}

#[tokio::test]
async fn a_list_that_is_forbidden_is_asked_for_once() {
    let (cluster, seen) = api_server::cluster(|_, _, _| {
        api_server::failure(
            403,
            "Forbidden",
            "User \"u\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"n\"",
            json!({}),
        )
    });
    let objects = cluster.objects::<ConfigMap>("n");
    let first = objects.read_all().await.unwrap_err();
    let second = objects.read_all().await.unwrap_err();
    assert_eq!(first.to_string(), second.to_string());
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn secrets_are_never_listed() {
    let (cluster, seen) = api_server::cluster(|_, target, _| named(target));
    let objects = cluster.objects::<Secret>("n");
    for name in ["a", "b", "c"] {
        let _ = objects.read(name).await;
    }
    assert!(
        seen.lock()
            .unwrap()
            .iter()
            .all(|(line, _)| !line.contains("/secrets?"))
    );
}

#[tokio::test]
async fn what_is_written_is_what_is_read_next() {
    let (cluster, seen) = api_server::cluster(|method, target, _| match method {
        "PATCH" => Answer::Json(200, map("a", 2)),
        "DELETE" => Answer::Json(200, map("a", 3)),
        _ if is_list(target) => api_server::list(vec![map("a", 1), map("b", 1)]),
        _ => named(target),
    });
    let objects = cluster.objects::<ConfigMap>("n");
    let version = async || {
        let found = objects.read("a").await.unwrap().unwrap();
        found.metadata.resource_version.unwrap()
    };
    for is_listed in [false, true] {
        if is_listed {
            objects.read_all().await.unwrap();
        }
        assert_eq!(version().await, "1");
        objects.patch_merge("a", &json!({})).await.unwrap();
        let before = seen.lock().unwrap().len();
        assert_eq!(version().await, "2");
        assert_eq!(seen.lock().unwrap().len(), before, "nothing is asked");
        objects.request_deletion("a", None).await.unwrap();
        assert_eq!(version().await, "1", "how it goes is asked for");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_looks_at_nothing_that_was_listed_long_ago() {
    let (cluster, seen) = api_server::cluster(|_, _, _| api_server::list(vec![map("a", 1)]));
    let requests = || seen.lock().unwrap().len();
    let objects = cluster.objects::<ConfigMap>("n");
    objects.read_all().await.unwrap();
    tokio::time::sleep(Duration::from_secs(50)).await;
    objects.read_all().await.unwrap();
    assert_eq!(requests(), 1);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let plan = cluster.fail_fast().objects::<ConfigMap>("n");
    plan.read_all().await.unwrap();
    assert_eq!(requests(), 1, "a plan is made of one look");
    objects.read_all().await.unwrap();
    assert_eq!(requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_operation_reads_its_object_once_a_moment() {
    let (cluster, seen) = api_server::cluster(|_, target, _| named(target));
    let requests = || seen.lock().unwrap().len();
    let operation = cluster.stopped_by(&CancellationToken::new());
    let objects = operation.objects::<ConfigMap>("n");
    objects.look("a").await.unwrap();
    objects.look("a").await.unwrap();
    assert_eq!(requests(), 1);
    let another = cluster.stopped_by(&CancellationToken::new());
    another.objects::<ConfigMap>("n").look("a").await.unwrap();
    assert_eq!(requests(), 2, "another operation has not looked");
    objects.patch_merge("a", &json!({})).await.unwrap();
    objects.look("a").await.unwrap();
    assert_eq!(requests(), 4, "what was written is looked at");
    tokio::time::sleep(Duration::from_secs(6)).await;
    objects.look("a").await.unwrap();
    assert_eq!(requests(), 5);
    assert!(objects.take_look("a").is_some());
    assert!(objects.take_look("a").is_none(), "a look is used up");
}

#[tokio::test(start_paused = true)]
async fn one_failed_contact_of_a_refresh_is_the_answer_to_all() {
    let (cluster, seen) = api_server::cluster(|_, _, _| Answer::Never);
    let cluster = cluster.fail_fast();
    let began = tokio::time::Instant::now();
    let names: Vec<_> = (0..20).map(|i| format!("m{i}")).collect();
    let reads = names.iter().map(|name| {
        let objects = cluster.objects::<ConfigMap>("n");
        async move { objects.read(name).await }
    });
    for read in futures::future::join_all(reads).await {
        let error = read.unwrap_err();
        assert!(
            error.to_string().contains("no answer within 20 s"),
            "{error}"
        );
    }
    assert!(began.elapsed() < Duration::from_secs(30));
    let asked = seen.lock().unwrap().len();
    assert!(asked <= 11, "ten GETs and a LIST");

    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(cluster.objects::<ConfigMap>("n").read("a").await.is_err());
    assert_eq!(
        seen.lock().unwrap().len(),
        asked + 1,
        "the next run asks again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_answers_again_is_asked_on() {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        match tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Answer::Broken("connection refused"),
            _ => named(target),
        }
    });
    let objects = cluster.fail_fast().objects::<ConfigMap>("n");
    objects.read("a").await.unwrap_err();
    objects.read("a").await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(11)).await;
    objects.read("a").await.unwrap();
    assert!(!cluster.is_unresponsive());
}

#[tokio::test(start_paused = true)]
async fn a_read_that_was_not_answered_is_sent_once_more() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Answer::Never,
            _ => named(target),
        }
    });
    cluster.objects::<ConfigMap>("n").get("a").await.unwrap();
}

#[tokio::test]
async fn a_list_whose_pages_have_expired_begins_anew() {
    let expired = std::sync::atomic::AtomicBool::new(false);
    let (cluster, seen) = api_server::cluster(move |_, target, _| {
        if !target.contains("continue=") {
            return Answer::Json(
                200,
                json!({"kind": "List", "apiVersion": "v1",
                "metadata": {"resourceVersion": "1", "continue": "next"}, "items": [map("a", 1)]}),
            );
        }
        if !expired.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return api_server::failure(
                410,
                "Expired",
                "The provided continue parameter is too old",
                json!({}),
            );
        }
        api_server::list(vec![map("b", 1)])
    });
    let found = cluster.objects::<ConfigMap>("n").list("").await.unwrap();
    let names: Vec<_> = found
        .iter()
        .filter_map(|map| map.metadata.name.as_deref())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_read_ends_soon_after_the_stop_of_its_operation() {
    let (cluster, _) = api_server::cluster(|_, _, _| Answer::Never);
    let stop = CancellationToken::new();
    let objects = cluster.stopped_by(&stop).objects::<ConfigMap>("n");
    let press = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.cancel();
    };
    let began = tokio::time::Instant::now();
    let (read, ()) = tokio::join!(objects.get("a"), press);
    assert!(read.is_err());
    assert!(began.elapsed() < Duration::from_secs(7));
}

fn forbidden() -> Answer {
    api_server::failure(
        403,
        "Forbidden",
        "User \"u\" cannot get resource \"configmaps\" in API group \"\"",
        json!({}),
    )
}

/// A cluster that gives these answers one after the other, and then what is asked for.
fn answering(answers: Vec<Answer>) -> (crate::Cluster, api_server::Seen) {
    let answers = std::sync::Mutex::new(answers.into_iter());
    api_server::cluster(move |_, target, _| {
        let next = answers.lock().unwrap().next();
        next.unwrap_or_else(|| named(target))
    })
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_no_time_is_left_alone_for_as_long_as_it_asks() {
    let busy = |code: u16| {
        let after = json!({"retryAfterSeconds": 20});
        api_server::failure(code, "TooManyRequests", "too many requests", after)
    };
    for code in [429, 503] {
        let (cluster, seen) = answering(vec![busy(code), busy(code)]);
        let began = tokio::time::Instant::now();
        cluster.objects::<ConfigMap>("n").get("a").await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 40, "{code}");
        assert_eq!(seen.lock().unwrap().len(), 3);
        // A plan waits for no such thing.
        let (cluster, seen) = answering(vec![busy(code), busy(code)]);
        let objects = cluster.fail_fast().objects::<ConfigMap>("n");
        let error = objects.get("a").await.unwrap_err();
        assert!(error.to_string().contains("too many requests"), "{error}");
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_outlives_a_server_that_starts_anew() {
    let refused = || Answer::Broken("connection refused");
    let (cluster, _) = answering((0..14).map(|_| refused()).chain([forbidden()]).collect());
    let objects = cluster.objects::<ConfigMap>("n");
    objects.patch_merge("a", &json!({})).await.unwrap();
    // It ends all the same, and at once when it is to stop.
    let (cluster, _) = api_server::cluster(move |_, _, _| refused());
    let began = tokio::time::Instant::now();
    let objects = cluster.objects::<ConfigMap>("n");
    objects.patch_merge("a", &json!({})).await.unwrap_err();
    assert!((60..70).contains(&began.elapsed().as_secs()));
    let stop = CancellationToken::new();
    let objects = cluster.stopped_by(&stop).objects::<ConfigMap>("n");
    let body = json!({});
    let press = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.cancel();
    };
    let began = tokio::time::Instant::now();
    let (written, ()) = tokio::join!(objects.patch_merge("a", &body), press);
    assert!(written.is_err());
    assert!(began.elapsed() < Duration::from_secs(6));
}

fn unauthorized() -> Answer {
    api_server::failure(401, "Unauthorized", "Unauthorized", json!({}))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_starts_anew_may_not_know_the_credentials_yet() {
    let answers = vec![
        Answer::Broken("connection refused"),
        unauthorized(),
        unauthorized(),
    ];
    let (cluster, seen) = answering(answers);
    let objects = cluster.objects::<ConfigMap>("n");
    objects.patch_merge("a", &json!({})).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_is_denied_at_once_where_the_server_was_always_there() {
    for denied in [forbidden, unauthorized] {
        let (cluster, seen) = api_server::cluster(move |_, _, _| denied());
        let objects = cluster.objects::<ConfigMap>("n");
        assert!(objects.get("a").await.unwrap_err().is_denied());
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_is_no_answer_and_is_not_quoted() {
    let (cluster, seen) =
        api_server::cluster(|_, _, _| Answer::Text(200, "{\"data\": {\"key\": \"geheim"));
    let objects = cluster.objects::<ConfigMap>("n");
    let error = objects.get("a").await.unwrap_err();
    assert!(error.is_unanswered(), "{error}");
    assert!(!error.to_string().contains("geheim"), "{error}");
    assert_eq!(seen.lock().unwrap().len(), 2, "once more");
    let (cluster, _) = api_server::cluster(|_, _, _| Answer::Json(200, json!({"data": "geheim"})));
    let objects = cluster.objects::<ConfigMap>("n");
    let error = objects.get("a").await.unwrap_err();
    assert!(!error.to_string().contains("geheim"), "{error}");
    assert!(!error.is_unanswered());
}

#[tokio::test]
async fn objects_of_one_name_in_several_namespaces_are_all_there() {
    let (cluster, _) = api_server::cluster(|_, _, _| {
        let of = |namespace: &str| {
            let mut found = map("same", 1);
            found["metadata"]["namespace"] = json!(namespace);
            found
        };
        api_server::list(vec![of("a"), of("b")])
    });
    let everywhere = cluster.global::<ConfigMap>();
    for _ in 0..2 {
        let found = everywhere.read_all().await.unwrap();
        let mut namespaces: Vec<_> = found
            .iter()
            .filter_map(|found| found.metadata.namespace.as_deref())
            .collect();
        namespaces.sort_unstable();
        assert_eq!(namespaces, ["a", "b"]);
    }
}

fn storage(name: &str, bucket: &str) -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage", "metadata":
        {"name": name, "namespace": "n", "uid": name, "resourceVersion": "1"},
        "spec": {"type": "s3", "bucket": bucket, "region": "r"}})
}

/// How often a storage was looked at for its bucket.
static LOOKS: AtomicUsize = AtomicUsize::new(0);

fn bucket_of(storage: &BackupStorage) -> Option<Bucket> {
    LOOKS.fetch_add(1, Ordering::Relaxed);
    Bucket::of(&storage.spec)
}

#[tokio::test]
async fn each_of_a_thousand_storages_is_compared_with_those_of_its_bucket_and_no_other() {
    const COUNT: usize = 1000;
    let (cluster, seen) = api_server::cluster(|method, target, body| {
        let path = target.split('?').next().unwrap_or_default();
        match (method, path.rsplit_once("/backupstorages/")) {
            ("PATCH", Some(_)) => Answer::Json(200, body.clone()),
            (_, None) => api_server::list(
                (0..COUNT)
                    .map(|nth| storage(&format!("x{nth}"), &format!("bucket-{nth}")))
                    .collect(),
            ),
            _ => api_server::absent("backupstorages", "none"),
        }
    });
    let objects = cluster.objects::<BackupStorage>("n");
    let same = async |name: &str, bucket: &str| -> Vec<String> {
        let model: BackupStorage = serde_json::from_value(storage(name, bucket)).unwrap();
        let buckets = Bucket::of(&model.spec).into_iter().collect();
        let found = objects.read_some(Some(name), &buckets, bucket_of).await;
        let found = found.unwrap().into_iter();
        found.map(|found| found.metadata.name.unwrap()).collect()
    };
    for nth in 0..COUNT {
        let (name, bucket) = (format!("x{nth}"), format!("bucket-{nth}"));
        assert_eq!(same(&name, &bucket).await, [&*name]);
        let moved = storage(&name, &format!("moved-{nth}"));
        objects.patch_merge(&name, &moved).await.unwrap();
    }
    assert_eq!(same("new", "moved-7").await, ["x7"], "where it is now");
    assert_eq!(same("new", "bucket-7").await, Vec::<String>::new());
    assert_eq!(same("x8", "moved-7").await, ["x7", "x8"]);
    assert!(LOOKS.load(Ordering::Relaxed) <= 3 * COUNT, "{LOOKS:?}");
    let lists = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(line, _)| line.contains("limit="))
        .count();
    assert_eq!(lists, 1);
}

#[tokio::test]
async fn what_is_written_while_somebody_reads_is_taken_over_and_nothing_is_read_again() {
    let (cluster, seen) = api_server::cluster(|method, target, body| match method {
        "PATCH" => Answer::Json(200, body.clone()),
        _ if is_list(target) => api_server::list(vec![map("a", 2), map("b", 2)]),
        _ => named(target),
    });
    let objects = cluster.objects::<ConfigMap>("n");
    let versions = async || {
        let found = objects.read_all().await.unwrap();
        let mut found: Vec<_> = found.into_iter().map(|map| map.metadata).collect();
        found.sort_by_key(|metadata| metadata.name.clone());
        let versions = found
            .into_iter()
            .map(|metadata| metadata.resource_version.unwrap());
        versions.collect::<Vec<_>>()
    };
    assert_eq!(versions().await, ["2", "2"]);
    let entry = objects.entry();
    let reading = entry.lock().await;
    objects.patch_merge("a", &map("a", 3)).await.unwrap();
    objects.patch_merge("b", &map("b", 1)).await.unwrap();
    drop(reading);
    assert_eq!(versions().await, ["3", "2"], "the newer of each");
    let lists = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(line, _)| is_list(line))
        .count();
    assert_eq!(lists, 1);
}

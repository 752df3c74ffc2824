use super::*;
use crate::testing::api_server::{Answer, Seen as Requests, absent, cluster, failure, list, store};
use everest_schemas::Field;
use everest_schemas::models::BackupStorageModel;
use serde_json::{Value, json};
use std::time::Duration;

fn wanted(kinds: &[Kind]) -> Wanted {
    Wanted {
        namespace: Some("prod".to_owned()),
        kinds: kinds.iter().copied().collect(),
        ..Wanted::default()
    }
}

fn namespace() -> Value {
    json!({"metadata": {"name": "prod"}})
}

fn paths(seen: &Requests) -> Vec<String> {
    let seen = seen.lock().unwrap();
    seen.iter()
        .map(|(line, _)| line.split('?').next().unwrap_or_default().to_owned())
        .collect()
}

fn everest(seen: &Requests) -> Vec<String> {
    let mut paths = paths(seen);
    paths.retain(|line| line.contains(EVEREST));
    paths
}

const EVEREST: &str = "/apis/everest.percona.com/v1alpha1";

#[tokio::test]
async fn each_kind_is_listed_once_for_all_resources() {
    let storage = json!({"metadata": {"name": "s3", "namespace": "prod"},
        "spec": {"type": "s3", "bucket": "b"}});
    let policy = json!({"metadata": {"name": "spread"}, "spec": {"engineType": "pxc"}});
    let (cluster, seen, _) = store(
        [
            ("/api/v1/namespaces/prod".to_owned(), namespace()),
            (
                format!("{EVEREST}/namespaces/prod/backupstorages/s3"),
                storage,
            ),
            (format!("{EVEREST}/podschedulingpolicies/spread"), policy),
        ]
        .into(),
        |_, _, _| {},
    );
    let wanted = wanted(&[Kind::Storages, Kind::Policies]);
    for _ in 0..2 {
        let facts = load(&cluster, &wanted).await;
        assert!(matches!(facts.namespace, Seen::Found(_)));
        assert!(facts.storages.unwrap().contains_key("s3"));
        assert!(facts.policies.unwrap().contains_key("spread"));
        assert!(facts.engines.is_none(), "nobody asked");
    }
    let listed = everest(&seen);
    demand_afresh(&cluster, &wanted, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(everest(&seen).len(), 4);
    assert_eq!(
        listed,
        [
            format!("GET {EVEREST}/namespaces/prod/backupstorages"),
            format!("GET {EVEREST}/podschedulingpolicies"),
        ]
    );
}

#[tokio::test]
async fn what_is_forbidden_or_not_served_is_left_out() {
    let (cluster, _) = cluster(|_, target, _| {
        let path = target.split('?').next().unwrap_or_default();
        match path.rsplit('/').next().unwrap_or_default() {
            "databaseengines" => failure(
                403,
                "Forbidden",
                "databaseengines.everest.percona.com is forbidden: User \"u\" cannot list \
                 resource \"databaseengines\" in API group \"everest.percona.com\" in the \
                 namespace \"prod\"",
                json!({}),
            ),
            "databaseclusters" => list(Vec::new()),
            "prod" => Answer::Json(200, namespace()),
            _ => failure(404, "NotFound", "404 page not found", json!({})),
        }
    });
    let kinds = [Kind::Engines, Kind::Databases, Kind::SplitHorizons];
    let facts = load(&cluster, &wanted(&kinds)).await;
    assert!(facts.engines.is_none());
    assert!(facts.split_horizons.is_none());
    assert_eq!(facts.databases, Some(BTreeMap::new()));
    let missing = cluster.missing_rights().into_iter();
    let missing: Vec<_> = missing.map(|right| right.to_string()).collect();
    assert_eq!(
        missing,
        ["list databaseengines.everest.percona.com in namespace prod"]
    );
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_a_finding_only_where_everest_is() {
    for (served, absent_namespace) in [(true, true), (false, false)] {
        let (cluster, seen) = cluster(move |_, path, _| match path {
            "/api/v1/namespaces/prod" => absent("namespaces", "prod"),
            path if served && path.contains("/databaseclusters") => list(Vec::new()),
            _ => failure(404, "", "404 page not found", json!({})),
        });
        let facts = load(&cluster, &wanted(&[Kind::Engines])).await;
        assert_eq!(facts.namespace_is_absent(), absent_namespace);
        assert!(
            !paths(&seen).iter().any(|path| path.contains("engines")),
            "nothing else is in it: {:?}",
            paths(&seen)
        );
    }
}

#[tokio::test]
async fn nothing_is_asked_while_the_namespace_is_not_known() {
    let (cluster, seen) = cluster(|_, _, _| absent("namespaces", "prod"));
    let model = BackupStorageModel {
        namespace: Field::Unknown,
        ..BackupStorageModel::default()
    };
    let facts = load(&cluster, &model.wanted(None)).await;
    assert_eq!(facts.namespace, Seen::Unread);
    assert!(paths(&seen).is_empty());
}

#[tokio::test]
async fn secrets_are_looked_for_and_not_read() {
    let (cluster, seen) = cluster(|_, target, _| match target.rsplit('/').next() {
        Some("prod") => Answer::Json(200, namespace()),
        Some("mine") => Answer::Json(
            200,
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": {"name": "mine"}}),
        ),
        Some("closed") => failure(
            403,
            "Forbidden",
            "User \"u\" cannot get resource \"secrets\" in API group \"\"",
            json!({}),
        ),
        _ => absent("secrets", "none"),
    });
    let names = ["mine", "none", "closed"];
    let wanted = Wanted {
        secrets: names.map(str::to_owned).into(),
        ..wanted(&[])
    };
    let facts = load(&cluster, &wanted).await;
    let expected = [("mine".to_owned(), true), ("none".to_owned(), false)];
    assert_eq!(facts.secrets, expected.into());
    assert_eq!(paths(&seen).len(), 4);
}

#[tokio::test]
async fn the_passwords_of_a_backup_s_database_are_dated_by_metadata_and_for_a_plan_alone() {
    let (cluster, seen) = cluster(|_, target, _| {
        let path = target.split('?').next().unwrap_or_default();
        match path.rsplit('/').next().unwrap_or_default() {
            "prod" => Answer::Json(200, namespace()),
            "databaseclusters" => list(vec![json!({"metadata": {"name": "orders"},
                "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}})]),
            "databaseclusterbackups" => list(vec![json!({"metadata": {"name": "nightly"},
                "spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
                "status": {"state": "Succeeded", "gaps": false,
                    "completed": "2026-06-01T02:00:00Z"}})]),
            "everest-secrets-orders" => Answer::Json(
                200,
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"name": "everest-secrets-orders", "managedFields": [
                        {"manager": "any", "operation": "Update", "time": "2026-06-02T00:00:00Z",
                            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:root": {}}}}]}}),
            ),
            _ => failure(404, "NotFound", "404 page not found", json!({})),
        }
    });
    let wanted = Wanted {
        passwords_since: Some("nightly".to_owned()),
        ..wanted(&[Kind::Databases, Kind::Backups])
    };
    let planned = load(&cluster.fail_fast(), &wanted).await;
    let written = planned.passwords_written.map(|time| time.to_string());
    assert_eq!(written.as_deref(), Some("2026-06-02T00:00:00Z"));
    let asked = paths(&seen).len();
    assert_eq!(load(&cluster, &wanted).await.passwords_written, None);
    assert!(
        !paths(&seen)[asked..]
            .iter()
            .any(|path| path.contains("secrets"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_does_not_answer_is_asked_once() {
    let (cluster, seen) = cluster(|_, _, _| Answer::Never);
    for _ in 0..2 {
        let began = tokio::time::Instant::now();
        let facts = load(&cluster, &wanted(&[Kind::Engines])).await;
        assert_eq!(facts.namespace, Seen::Unread);
        assert!(began.elapsed() <= PATIENCE + Duration::from_secs(1));
    }
    assert!(cluster.is_unresponsive());
    assert_eq!(paths(&seen).len(), 1);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(!cluster.is_unresponsive(), "another run asks again");
}

#[tokio::test]
async fn what_the_volumes_of_a_database_have_is_read_from_the_engines_own_object() {
    let engine = "/apis/pxc.percona.com/v1/namespaces/prod/perconaxtradbclusters/orders";
    let object = json!({"apiVersion": "pxc.percona.com/v1", "kind": "PerconaXtraDBCluster",
        "metadata": {"name": "orders", "namespace": "prod"}, "spec": {"pxc": {"size": 3}}});
    let (cluster, seen, _) = store(
        [
            ("/api/v1/namespaces/prod".to_owned(), namespace()),
            (engine.to_owned(), object),
        ]
        .into(),
        |_, _, _| {},
    );
    let mut wanted = wanted(&[]);
    assert_eq!(load(&cluster, &wanted).await.engine_object, Seen::Unread);
    assert!(
        !paths(&seen).contains(&format!("GET {engine}")),
        "nobody asked"
    );
    wanted.engine_object = Some((everest_schemas::Engine::Pxc, "orders".to_owned()));
    let Seen::Found(found) = load(&cluster, &wanted).await.engine_object else {
        panic!("not found")
    };
    assert_eq!(found["spec"]["pxc"]["size"], 3);
    wanted.engine_object = Some((everest_schemas::Engine::Pxc, "other".to_owned()));
    assert_eq!(load(&cluster, &wanted).await.engine_object, Seen::Absent);
}

#[tokio::test(start_paused = true)]
async fn before_a_write_what_was_not_answered_is_an_error_and_what_is_forbidden_is_not() {
    let answering = |code: u16| {
        let (cluster, seen) = cluster(move |_, target, _| {
            let path = target.split('?').next().unwrap_or_default();
            match path.rsplit('/').next().unwrap_or_default() {
                "backupstorages" if code == 200 => list(Vec::new()),
                "backupstorages" => failure(code, "", "not now", json!({})),
                _ => Answer::Json(200, namespace()),
            }
        });
        (cluster, seen)
    };
    let wanted = wanted(&[Kind::Storages]);
    let codes = [200, 403, 404, 503, 401, 400, 418];
    for (code, judged) in codes.map(|code| (code, [200, 403, 404].contains(&code))) {
        let (cluster, _) = answering(code);
        let known = demand(&cluster, &wanted, Duration::ZERO).await;
        assert_eq!(known.is_ok(), judged, "{code}: {known:?}");
        assert!(load(&cluster, &wanted).await.storages.is_some() == (code == 200));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_waits_for_a_server_that_starts_anew() {
    for refuses in [true, false] {
        let begun = tokio::time::Instant::now();
        let (cluster, _) = cluster(move |_, target, _| {
            let path = target.split('?').next().unwrap_or_default();
            match path.rsplit('/').next().unwrap_or_default() {
                _ if begun.elapsed() < Duration::from_secs(30) => match refuses {
                    true => Answer::Broken("connection refused"),
                    false => failure(503, "ServiceUnavailable", "starting", json!({})),
                },
                "backupstorages" => list(Vec::new()),
                _ => Answer::Json(200, namespace()),
            }
        });
        let wanted = wanted(&[Kind::Storages]);
        let known = demand(&cluster, &wanted, Duration::from_secs(60)).await;
        assert!(known.unwrap().storages.is_some());
    }
}

#[tokio::test]
async fn twenty_updates_of_databases_list_no_databases() {
    let folder = format!("{EVEREST}/namespaces/prod/databaseclusters");
    let names: Vec<_> = (0..20).map(|number| format!("db{number}")).collect();
    let mut objects =
        std::collections::BTreeMap::from([("/api/v1/namespaces/prod".to_owned(), namespace())]);
    for name in &names {
        let object = json!({"metadata": {"name": name, "namespace": "prod"},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}});
        objects.insert(format!("{folder}/{name}"), object);
    }
    let (cluster, seen, _) = store(objects, |_, _, _| {});
    for name in &names {
        let model = everest_schemas::models::DatabaseModel {
            namespace: "prod".into(),
            name: name.as_str().into(),
            ..Default::default()
        };
        let wanted = model.wanted(Some(&model));
        let facts = load(&cluster, &wanted).await;
        assert!(facts.databases.unwrap().contains_key(name));
        let objects = cluster.objects::<DatabaseCluster>("prod");
        let paused = json!({"spec": {"paused": true}});
        objects.patch_merge(name, &paused).await.unwrap();
    }
    let lists = everest(&seen);
    let lists = lists
        .iter()
        .filter(|line| **line == format!("GET {folder}"));
    assert_eq!(lists.count(), 0);
}

mod everest;

#[tokio::test(start_paused = true)]
async fn a_check_that_is_given_up_says_why_its_requests_failed() {
    let (cluster, _) = cluster(|_, _, _| Answer::Broken("tcp connect error: connection refused"));
    let wanted = wanted(&[Kind::Storages]);
    let given_up = demand(&cluster, &wanted, Duration::from_secs(45)).await;
    let error = given_up.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
}

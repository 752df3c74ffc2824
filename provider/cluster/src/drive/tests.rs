//! What the runner of lifecycles makes of a server's answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use everest_schemas::models::DatabaseModel;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::testing::api_server::{self, Answer};
use crate::{Creation, Unacknowledged, Wait, database};

/// How the creation of a database ends where the server answers with `code` when it is first asked
/// for the operators of the namespace, and how often it was.
async fn asked_once(code: u16) -> (Creation<DatabaseModel>, usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let (cluster, _) = api_server::cluster(move |method, target, body| match method {
        "PATCH" => Answer::Json(200, body.clone()),
        _ if target.contains("/databaseengines") => match counted.fetch_add(1, Ordering::Relaxed) {
            0 => api_server::failure(code, "", "no", json!({})),
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
    let (created, asked) = asked_once(403).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert_eq!(asked, 1);
    let (created, asked) = asked_once(503).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert!(asked > 1, "{asked}");
    let (created, _) = asked_once(401).await;
    assert!(matches!(created, Creation::NotCreated(_)), "{created:?}");
}

//! A controller goes on without waiting, and keeps nothing but its stopwatches.

use jiff::Timestamp;
use tokio::time::Instant;

use super::*;
use crate::{Stepped, Times, Waiting};

#[tokio::test(start_paused = true)]
async fn what_olm_cannot_resolve_is_refused_once_that_has_lasted_from_look_to_look() {
    let operator = package(Engine::Pxc);
    let subscription = json!({"metadata": {"name": operator, "namespace": "prod"},
        "spec": {"name": operator, "source": "s", "sourceNamespace": "s"},
        "status": {"conditions": [{"type": "ResolutionFailed", "status": "True",
            "message": format!("no operators found with name {operator}.v9.9.9")}]}});
    let objects = [
        (NAMESPACE.to_owned(), namespace_object(json!({}))),
        (format!("{OLM}/subscriptions/{operator}"), subscription),
    ];
    let (cluster, _, _) = api_server::bare(objects.into(), |_, _, _| {});
    let (noon, begun) = (Timestamp::now(), Instant::now());
    let cluster = cluster.with_time(move || noon + begun.elapsed());
    let (prior, planned) = (
        model(json!({"pxc": {}})),
        model(json!({"pxc": {"version": "9.9.9"}})),
    );
    let mut times = Times::default();
    let next = step(&cluster, &prior, &planned, Some("u"), &mut times).await;
    let Ok(Stepped::Waits(Waiting::Comes(missing))) = next else {
        panic!("{next:?}")
    };
    assert!(missing.contains("OLM cannot resolve"), "{missing}");
    tokio::time::sleep(Duration::from_secs(40)).await;
    let next = step(&cluster, &prior, &planned, Some("u"), &mut times).await;
    let attribute = next.unwrap_err().attribute().unwrap().to_string();
    assert_eq!(attribute, "engines.pxc.version");
}

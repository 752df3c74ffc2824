use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::testing::{NOTES, Seen, api};

/// An API that serves `notes` once the switch is on, and denies watching
/// definitions.
fn unwatched(served: Arc<AtomicBool>) -> (kube::Client, Seen) {
    api(move |method, target, body| match (method, target) {
        ("POST", _) => {
            let mut review: Value = body.clone();
            review["status"] = json!({ "allowed": false });
            (201, review)
        }
        (_, "/apis/notes.example.org/v1alpha1") if served.load(Ordering::Relaxed) => (
            200,
            json!({
                "kind": "APIResourceList", "groupVersion": NOTES.api_version(),
                "resources": [
                    { "name": "notes", "singularName": "", "namespaced": true, "kind": "Note", "verbs": [] },
                    { "name": "notes/status", "singularName": "", "namespaced": true, "kind": "Note", "verbs": [] },
                ],
            }),
        ),
        _ => (
            404,
            json!({ "kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": "no" }),
        ),
    })
}

#[tokio::test(start_paused = true)]
async fn a_kind_opens_the_gate_when_it_is_served_though_definitions_may_not_be_watched() {
    let served = Arc::new(AtomicBool::new(false));
    let (control, seen) = unwatched(served.clone());
    let (opened, gate) = Gate::new();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(follow(&NOTES, control, opened, shutdown.clone()));
    let waiting = tokio::time::timeout(UNWATCHED * 3, gate.served("notes"));
    assert!(waiting.await.is_err(), "the gate opened too early");
    served.store(true, Ordering::Relaxed);
    tokio::time::timeout(UNWATCHED * 2, gate.served("notes"))
        .await
        .unwrap();
    assert_eq!(gate.all_served().len(), 1, "{:?}", gate.all_served());
    shutdown.cancel();
    task.await.unwrap();
    let watches = |line: &str| line.contains("customresourcedefinitions");
    assert!(
        !seen.lock().unwrap().iter().any(|(line, _)| watches(line)),
        "definitions were read without the right to"
    );
}

#[tokio::test(start_paused = true)]
async fn other_kinds_stay_behind_the_gate() {
    let (control, _) = unwatched(Arc::new(AtomicBool::new(true)));
    let (opened, gate) = Gate::new();
    tokio::spawn(follow(&NOTES, control, opened, CancellationToken::new()));
    gate.served("notes").await;
    let other = tokio::time::timeout(WATCHED, gate.served("books"));
    assert!(other.await.is_err());
}

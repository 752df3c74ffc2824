use super::*;
use crate::testing::{NOTES, Seen, api, settled};

fn about(name: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some("notes.example.org/v1alpha1".to_owned()),
        kind: Some("Database".to_owned()),
        namespace: Some("team".to_owned()),
        name: Some(name.to_owned()),
        uid: Some(format!("uid of {name}")),
        ..ObjectReference::default()
    }
}

/// Events on an API that takes them all.
fn events() -> (Events, Seen) {
    let (control, seen) = api(|_, _, body| (201, body.clone()));
    (started(control, CancellationToken::new()), seen)
}

fn started(control: kube::Client, shutdown: CancellationToken) -> Events {
    let (events, writer) = Events::new(&NOTES, control, shutdown);
    tokio::spawn(writer);
    events
}

#[tokio::test(start_paused = true)]
async fn an_event_is_written_beside_its_object_with_all_that_a_reader_needs() {
    let (events, seen) = events();
    events.publish_named(
        &about("orders"),
        Some("orders-db"),
        EventType::Warning,
        Reason::CannotCreateExternalResource,
        "no",
    );
    settled().await;
    let seen = seen.lock().unwrap();
    let [(line, event)] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert!(
        line.starts_with("POST /api/v1/namespaces/team/events"),
        "{line}"
    );
    assert_eq!(event["reason"], "CannotCreateExternalResource");
    assert_eq!(event["type"], "Warning");
    assert_eq!(event["message"], "no");
    assert_eq!(event["involvedObject"]["name"], "orders");
    assert_eq!(
        event["metadata"]["annotations"]["external-name"],
        "orders-db"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_said_again_is_counted_now_and_then() {
    let (events, seen) = events();
    let say = || {
        events.publish(
            &about("orders"),
            EventType::Warning,
            Reason::CannotConnectToProvider,
            "down",
        );
    };
    for _ in 0..10 {
        say();
        settled().await;
    }
    assert_eq!(seen.lock().unwrap().len(), 1);
    tokio::time::advance(Duration::from_secs(31)).await;
    say();
    settled().await;
    let seen = seen.lock().unwrap();
    assert!(seen[1].0.starts_with("PATCH "), "{seen:?}");
    assert_eq!(seen[1].1["count"], 11);
}

#[tokio::test(start_paused = true)]
async fn an_object_about_which_too_much_is_said_does_not_silence_others() {
    let (events, seen) = events();
    for number in 0..100 {
        events.publish(
            &about("orders"),
            EventType::Normal,
            Reason::UpdatedExternalResource,
            &format!("change {number}"),
        );
    }
    settled().await;
    assert_eq!(seen.lock().unwrap().len(), 25);
    events.publish(
        &about("invoices"),
        EventType::Normal,
        Reason::CreatedExternalResource,
        "made",
    );
    settled().await;
    assert_eq!(seen.lock().unwrap().len(), 26);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_refused_is_tried_the_next_time() {
    let (control, seen) = api(|_, _, _| {
        (
            403,
            json!({"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": "terminating"}),
        )
    });
    let events = started(control, CancellationToken::new());
    for _ in 0..2 {
        events.publish(
            &about("orders"),
            EventType::Normal,
            Reason::DeletedExternalResource,
            "gone",
        );
        settled().await;
    }
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_the_end_is_written() {
    let (control, seen) = api(|_, _, body| (201, body.clone()));
    let shutdown = CancellationToken::new();
    let events = started(control, shutdown.clone());
    shutdown.cancel();
    events.publish(
        &about("orders"),
        EventType::Normal,
        Reason::ReconciliationPaused,
        "paused",
    );
    settled().await;
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn a_long_message_is_cut_between_letters() {
    let long = "ü".repeat(LONGEST);
    let cut = shortened(&long);
    assert!(cut.len() <= LONGEST && cut.ends_with('…'));
    assert_eq!(shortened("short"), "short");
}

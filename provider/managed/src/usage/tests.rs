use serde_json::{Value, json};

use super::*;
use crate::provider_config::ProviderConfigKind;
use crate::testing::{NOTES, api};

fn user(name: &str) -> UserOfConfig {
    UserOfConfig {
        uid: format!("uid-of-{name}"),
        namespace: "team".to_owned(),
        name: name.to_owned(),
        api_version: "notes.example.org/v1alpha1".to_owned(),
        kind: "Database".to_owned(),
    }
}

fn reference(name: &str) -> ProviderConfigReference {
    ProviderConfigReference {
        kind: ProviderConfigKind::ProviderConfig,
        name: name.to_owned(),
    }
}

fn forbidden(causes: Value) -> Value {
    json!({
        "kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden",
        "message": "forbidden: unable to create new content in namespace team because it is being terminated",
        "details": { "causes": causes },
    })
}

#[tokio::test]
async fn a_use_is_noted_once_and_then_known() {
    let (control, seen) = api(|_, _, body| (200, body.clone()));
    let usages = Usages::new(&NOTES, control);
    for _ in 0..3 {
        usages
            .track(&user("orders"), &reference("here"))
            .await
            .unwrap();
    }
    let seen = seen.lock().unwrap();
    let [(line, usage)] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert!(
        line.starts_with("PATCH /apis/notes.example.org/v1alpha1/namespaces/team/providerconfigusages/uid-of-orders"),
        "{line}"
    );
    assert_eq!(
        usage["metadata"]["labels"],
        json!({
            "crossplane.io/provider-config": "here",
            "crossplane.io/provider-config-kind": "ProviderConfig",
        })
    );
    assert_eq!(usage["metadata"]["ownerReferences"][0]["controller"], true);
    assert_eq!(
        usage["providerConfigRef"],
        json!({ "kind": "ProviderConfig", "name": "here" })
    );
    assert_eq!(usage["resourceRef"]["name"], "orders");
    assert_eq!(usage.get("spec"), None);
}

#[tokio::test]
async fn a_resource_that_moves_to_another_config_is_noted_again() {
    let (control, seen) = api(|_, _, body| (200, body.clone()));
    let usages = Usages::new(&NOTES, control);
    for name in ["here", "there", "there"] {
        usages
            .track(&user("orders"), &reference(name))
            .await
            .unwrap();
    }
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_does_not_hinder() {
    let (control, seen) = api(|_, _, _| {
        (
            403,
            forbidden(json!([{ "reason": "NamespaceTerminating", "field": "metadata.namespace" }])),
        )
    });
    let usages = Usages::new(&NOTES, control);
    for _ in 0..2 {
        usages
            .track(&user("orders"), &reference("here"))
            .await
            .unwrap();
    }
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_denied_usage_is_an_error_that_names_the_right() {
    let (control, _) = api(|_, _, _| (403, forbidden(json!([]))));
    let error = Usages::new(&NOTES, control)
        .track(&user("orders"), &reference("here"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("Database team/orders"), "{error}");
    assert!(error.contains("ProviderConfig team/here"), "{error}");
    assert!(error.contains("providerconfigusages"), "{error}");
}

#[tokio::test]
async fn nobody_is_counted_before_all_are_known() {
    let (control, _) = api(|_, _, body| (200, body.clone()));
    let usages = Usages::new(&NOTES, control);
    usages
        .track(&user("orders"), &reference("here"))
        .await
        .unwrap();
    let key = ConfigKey::new("team", &reference("here"));
    assert_eq!(usages.users(&key), None);
    usages.know_all();
    assert_eq!(usages.users(&key), Some(1));
    assert_eq!(
        usages.users(&ConfigKey::new("other", &reference("here"))),
        Some(0)
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_uses_a_config_any_more_once_usages_are_not_defined() {
    let used = usage(&NOTES, &user("orders"), &reference("here"));
    let (control, _) = api(move |_, target, _| {
        if target.contains("watch=true") {
            return (
                404,
                json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound",
                    "message": "the server could not find the requested resource"}),
            );
        }
        let list = json!({"apiVersion": "notes.example.org/v1alpha1",
            "kind": "ProviderConfigUsageList", "metadata": {"resourceVersion": "1"},
            "items": [used]});
        (200, list)
    });
    let usages = std::sync::Arc::new(Usages::new(&NOTES, control));
    let (followed, end) = (usages.clone(), CancellationToken::new());
    let until = end.clone();
    tokio::spawn(async move { followed.follow(until).await });
    let key = ConfigKey::new("team", &reference("here"));
    let mut changes = usages.changes();
    // The first change is the list, with its user.
    let both = changes.wait_for(|count| *count == 2);
    let waited = tokio::time::timeout(std::time::Duration::from_secs(600), both).await;
    assert!(waited.is_ok(), "the user stays counted");
    assert_eq!(usages.users(&key), Some(0));
    end.cancel();
}

#[test]
fn a_name_that_is_too_long_for_a_label_is_left_out_of_the_labels() {
    let name = "n".repeat(64);
    let usage = usage(&NOTES, &user("orders"), &reference(&name));
    assert_eq!(usage.labels().get(ProviderConfigUsage::CONFIG_LABEL), None);
    assert_eq!(config_of(&usage).name, name);
}

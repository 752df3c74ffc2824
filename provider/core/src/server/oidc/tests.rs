use super::*;
use serde_json::json;

fn config_map(data: Value) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {}, "data": data})).unwrap()
}

fn wanted() -> OidcSettingsModel {
    serde_json::from_value(
        json!({"issuerUrl": "https://sso.test/realms/e", "clientId": "everest",
        "scopes": ["openid", "groups"], "configMapName": "everest-settings"}),
    )
    .unwrap()
}

fn patched(config_map: &ConfigMap, patch: &Value) -> ConfigMap {
    let mut value = serde_json::to_value(config_map).unwrap();
    json_patch::merge(&mut value, patch);
    serde_json::from_value(value).unwrap()
}

fn made(before: &ConfigMap) -> ConfigMap {
    match write(before, &wanted(), true).unwrap() {
        Next::Write(patch) => patched(before, &patch),
        Next::Same => panic!("nothing is written"),
    }
}

#[test]
fn settings_are_written_as_everest_reads_them() {
    let before = config_map(json!({"other": "kept"}));
    let after = made(&before);
    assert_eq!(settings(&before), Ok(None));
    assert_eq!(settings(&after).unwrap(), Some(wanted()));
    assert_eq!(after.data.as_ref().unwrap()["other"], "kept");
    assert_eq!(write(&after, &wanted(), true), Ok(Next::Same));
    let other = OidcSettingsModel {
        client_id: "other".into(),
        ..wanted()
    };
    assert_eq!(write(&after, &other, true), Err(OidcError::Exists(Exists)));
    assert!(matches!(write(&after, &other, false), Ok(Next::Write(_))));
    let Next::Write(patch) = remove(&after) else {
        panic!("they are there");
    };
    assert_eq!(settings(&patched(&after, &patch)), Ok(None));
    assert_eq!(remove(&before), Next::Same);
}

#[test]
fn the_scopes_of_old_settings_are_those_that_everest_asks_for() {
    let old = config_map(json!({"oidc.config": "issuerUrl: https://sso.test\nclientId: e\n"}));
    let read = settings(&old).unwrap().unwrap();
    assert_eq!(
        read.scopes,
        Field::Known(DEFAULT_SCOPES.map(Field::from).into())
    );
    assert_eq!(settings(&config_map(json!({"oidc.config": ""}))), Ok(None));
    assert!(settings(&config_map(json!({"oidc.config": "- a"}))).is_err());
}

fn server(template: Value, status: Value) -> Deployment {
    serde_json::from_value(
        json!({"metadata": {"generation": 2}, "status": status, "spec":
        {"replicas": 1, "selector": {}, "template": template}}),
    )
    .unwrap()
}

#[test]
fn a_restart_that_did_not_happen_is_noticed() {
    let (before, now) = (
        config_map(json!({})),
        "2026-01-02T03:04:05Z".parse().unwrap(),
    );
    let after = made(&before);
    let never = server(json!({}), json!({}));
    assert!(!needs_restart(&after, &never), "someone else restarts it");
    let mut template = json!({});
    json_patch::merge(&mut template, &restart(&before, now)["spec"]["template"]);
    let annotations = &template["metadata"]["annotations"];
    assert_eq!(
        annotations["kubectl.kubernetes.io/restartedAt"],
        "2026-01-02T03:04:05Z"
    );
    let restarted = server(template, json!({}));
    assert!(needs_restart(&after, &restarted));
    assert!(!needs_restart(&before, &restarted));
}

#[test]
fn a_rollout_ends_when_all_pods_are_new_and_available() {
    let done = |status: Value| is_rolled_out(&server(json!({}), status));
    assert!(done(
        json!({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1,
        "availableReplicas": 1})
    ));
    for status in [
        json!({}),
        json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}),
        json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2}),
        json!({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}),
    ] {
        assert!(!done(status.clone()), "{status}");
    }
}

use super::*;
use k8s_openapi::ByteString;
use serde_json::json;

const USERS: &str =
    "admin:\n  passwordHash: initial\n  enabled: true\n  capabilities:\n    - login\n";

/// The Secret as the chart installs it.
fn installed() -> Secret {
    secret(USERS, &["admin"])
}

fn secret(users: &str, plain: &[&str]) -> Secret {
    let annotations = plain
        .iter()
        .map(|name| (format!("insecure-password/{name}"), "true".to_owned()));
    let mut secret = Secret::default();
    secret.metadata.annotations = Some(annotations.collect());
    secret.data = Some([(KEY.to_owned(), ByteString(users.into()))].into());
    secret
}

/// The Secret after a merge patch.
fn patched(secret: &Secret, next: &Next<Value>) -> Secret {
    let Next::Write(patch) = next else {
        return secret.clone();
    };
    let mut value = serde_json::to_value(secret).unwrap();
    json_patch::merge(&mut value, patch);
    serde_json::from_value(value).unwrap()
}

fn model(value: Value) -> AccountModel {
    serde_json::from_value(value).unwrap()
}

fn alice() -> AccountModel {
    model(json!({"name": "alice", "enabled": true, "capabilities": ["login"]}))
}

fn password(bytes: &[u8]) -> NewPassword {
    NewPassword {
        hash: bytes.to_vec().into(),
        always: false,
    }
}

fn now() -> Timestamp {
    "2026-01-02T03:04:05.678Z".parse().unwrap()
}

#[test]
fn the_account_of_the_chart_has_a_password_in_plain_text() {
    let all = accounts(&installed()).unwrap();
    let admin = all["admin"].model("admin");
    assert_eq!(admin.enabled, true.into());
    assert_eq!(admin.password_in_plain_text, true.into());
    assert_eq!(admin.password_changed_at, Field::Null);
    assert_eq!(admin.password, Field::Null);
    assert!(
        !all["admin"].has_password(&b"initial".to_vec().into()),
        "it is no hash"
    );
}

#[test]
fn a_new_account_is_added_with_the_hash_and_the_time() {
    let next = write(
        &installed(),
        &alice(),
        Some(&password(&[0xff; 32])),
        true,
        now(),
    )
    .unwrap();
    let secret = patched(&installed(), &next);
    let all = accounts(&secret).unwrap();
    assert_eq!(all.len(), 2);
    assert!(all["alice"].has_password(&vec![0xff; 32].into()));
    assert_eq!(
        all["alice"].password_changed_at.as_deref(),
        Some("2026-01-02T03:04:05Z")
    );
    assert_eq!(all["admin"], accounts(&installed()).unwrap()["admin"]);
    assert_eq!(
        secret.metadata.annotations,
        installed().metadata.annotations
    );
}

#[test]
fn an_account_that_exists_is_taken_over_only_if_it_is_as_configured() {
    let given = password(&[1; 32]);
    let made = patched(
        &installed(),
        &write(&installed(), &alice(), Some(&given), true, now()).unwrap(),
    );
    assert_eq!(
        write(&made, &alice(), Some(&given), true, now()),
        Ok(Next::Same)
    );
    let always = NewPassword {
        always: true,
        ..given.clone()
    };
    assert_eq!(
        write(&made, &alice(), Some(&always), true, now()),
        Ok(Next::Same)
    );
    let other = write(&made, &alice(), Some(&password(&[2; 32])), true, now());
    assert_eq!(other, Err(AccountError::Exists(Exists)));
    let mut disabled = alice();
    disabled.enabled = false.into();
    let other = write(&made, &disabled, Some(&given), true, now());
    assert_eq!(other, Err(AccountError::Exists(Exists)));
}

#[test]
fn a_change_without_a_password_keeps_the_password() {
    let admin = model(json!({"name": "admin", "enabled": false, "capabilities": ["login"]}));
    let secret = patched(
        &installed(),
        &write(&installed(), &admin, None, false, now()).unwrap(),
    );
    let all = accounts(&secret).unwrap();
    assert!(!all["admin"].enabled);
    assert!(all["admin"].password.as_ref().unwrap().is_plain);
    assert_eq!(all["admin"].password_changed_at, None);
}

#[test]
fn a_hash_in_place_of_a_plain_password_takes_the_annotation_off() {
    let admin = model(json!({"name": "admin", "enabled": true, "capabilities": ["login"]}));
    let next = write(
        &installed(),
        &admin,
        Some(&password(&[3; 32])),
        false,
        now(),
    )
    .unwrap();
    let secret = patched(&installed(), &next);
    assert!(accounts(&secret).unwrap()["admin"].has_password(&vec![3; 32].into()));
    assert_eq!(secret.metadata.annotations.unwrap_or_default(), [].into());
}

#[test]
fn the_same_password_is_written_again_only_for_a_new_version() {
    let given = password(&[1; 32]);
    let made = patched(
        &installed(),
        &write(&installed(), &alice(), Some(&given), true, now()).unwrap(),
    );
    assert_eq!(
        write(&made, &alice(), Some(&given), false, now()),
        Ok(Next::Same)
    );
    let always = NewPassword {
        always: true,
        ..given
    };
    assert_ne!(
        write(&made, &alice(), Some(&always), false, now()),
        Ok(Next::Same)
    );
}

#[test]
fn an_account_that_is_gone_is_made_again_only_with_a_password() {
    let refused = write(&installed(), &alice(), None, false, now());
    assert_eq!(refused, Err(AccountError::NoPassword));
}

#[test]
fn a_removed_account_takes_its_annotation_along_and_the_last_one_stays() {
    let two = secret(
        &format!("{USERS}bob:\n  enabled: true\n  capabilities: [login]\n"),
        &["bob"],
    );
    let secret_left = patched(&two, &remove(&two, "bob").unwrap());
    assert_eq!(accounts(&secret_left).unwrap().len(), 1);
    assert_eq!(
        secret_left.metadata.annotations.unwrap_or_default(),
        [].into()
    );
    assert_eq!(remove(&installed(), "bob"), Ok(Next::Same));
    assert_eq!(remove(&installed(), "admin"), Err(AccountError::Last));
    let closed = secret(
        &format!("{USERS}bob:\n  enabled: false\n  capabilities: [login]\n"),
        &[],
    );
    assert_eq!(remove(&closed, "admin"), Err(AccountError::Last));
    assert!(remove(&closed, "bob").is_ok());
}

#[test]
fn nothing_that_is_printed_shows_a_password() {
    let all = accounts(&installed()).unwrap();
    assert!(!format!("{all:?}").contains("initial"));
    let broken = secret("admin: 'initial\n", &[]);
    assert!(
        !accounts(&broken)
            .unwrap_err()
            .to_string()
            .contains("initial")
    );
    let mut bytes = installed();
    bytes.data = Some([(KEY.to_owned(), ByteString(vec![0xff]))].into());
    assert_eq!(accounts(&bytes).unwrap_err(), AccountError::NoText);
}

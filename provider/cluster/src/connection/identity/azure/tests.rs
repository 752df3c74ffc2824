use serde_json::json;

use super::*;

fn environment(set: &'static [(&'static str, &'static str)]) -> Environment {
    std::sync::Arc::new(move |name| {
        let found = set.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn federated(members: &[(&str, &str)]) -> SecretString {
    let mut object = json!({"tenantId": "t", "clientId": "c"});
    for (name, value) in members {
        object[*name] = json!(value);
    }
    object.to_string().into()
}

fn refusal(result: Result<Application, String>) -> String {
    result.err().unwrap_or_default()
}

#[test]
fn received_credentials_name_no_file_but_the_token_for_entra() {
    let none = environment(&[]);
    let usual = federated(&[("federatedTokenFile", FEDERATED)]);
    let other = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    let stolen = federated(&[("federatedTokenFile", other)]);
    assert_eq!(
        refusal(Application::federated(&Given::Received(usual), &none)),
        ""
    );
    let said = refusal(Application::federated(
        &Given::Received(stolen.clone()),
        &none,
    ));
    assert!(said.contains("name no other file"), "{said}");
    assert_eq!(
        refusal(Application::federated(&Given::Local(stolen.clone()), &none)),
        ""
    );
    let there = environment(&[(
        "AZURE_FEDERATED_TOKEN_FILE",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
    )]);
    assert_eq!(
        refusal(Application::federated(&Given::Received(stolen), &there)),
        ""
    );
}

#[test]
fn received_credentials_are_sent_to_entra_only() {
    let none = environment(&[]);
    for (server, is_fine) in [
        ("https://login.microsoftonline.com/", true),
        ("https://login.microsoftonline.us", true),
        ("https://login.example.com", false),
        ("http://login.microsoftonline.com", false),
        ("https://login.microsoftonline.com@example.com", false),
        ("http://127.0.0.1:80", false),
    ] {
        let given = federated(&[("authorityHost", server)]);
        let said = refusal(Application::federated(&Given::Received(given), &none));
        assert_eq!(said.is_empty(), is_fine, "{server}: {said}");
    }
    let own = "https://login.example.com";
    let given = || federated(&[("authorityHost", own)]);
    assert_eq!(
        refusal(Application::federated(&Given::Local(given()), &none)),
        ""
    );
    let there = environment(&[("AZURE_AUTHORITY_HOST", "https://login.example.com")]);
    assert_eq!(
        refusal(Application::federated(&Given::Received(given()), &there)),
        ""
    );
}

#[test]
fn what_is_missing_is_named_and_no_value_is_repeated() {
    let none = environment(&[]);
    for (text, expected) in [
        ("hush", "it is not a JSON object"),
        (r#"{"clientId": "c", "clientSecret": "hush"}"#, "tenantId"),
        (
            r#"{"tenantId": "t/../hush", "clientId": "c", "clientSecret": "hush"}"#,
            "tenantId",
        ),
        (
            r#"{"tenantId": "t", "clientId": "c", "clientSecret": ["hush"]}"#,
            "clientSecret",
        ),
        (
            r#"{"tenantId": "t", "clientId": "c", "clientCertificate": "hush"}"#,
            "not supported",
        ),
    ] {
        let given = Given::Received(text.to_owned().into());
        let said = refusal(Application::with_secret(&given, &none));
        assert!(said.contains(expected) && !said.contains("hush"), "{said}");
    }
    let said = refusal(Application::federated(&Given::OfThePod, &none));
    assert!(said.contains("AZURE_TENANT_ID"), "{said}");
}

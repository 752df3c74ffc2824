use serde_json::{Value, json};

use super::*;

fn object() -> Object {
    Object {
        kind: "DatabaseCluster".into(),
        resource: "databaseclusters.everest.percona.com".into(),
        namespace: Some("prod".into()),
        name: "orders".into(),
    }
}

fn read(code: u16, reason: &str, message: &str, details: Value) -> ClusterError {
    let failure: Status = serde_json::from_value(json!({
        "status": "Failure", "code": code, "reason": reason, "message": message, "details": details
    }))
    .unwrap();
    status(&failure, "patch", &object())
}

#[test]
fn a_missing_permission_names_verb_and_resource() {
    let error = read(
        403,
        "Forbidden",
        "databaseclusters.everest.percona.com \"orders\" is forbidden: User \"bob\" cannot patch \
         resource \"databaseclusters\" in API group \"everest.percona.com\" in the namespace \"prod\"",
        json!({"name": "orders", "group": "everest.percona.com", "kind": "databaseclusters"}),
    );
    let ClusterError::Forbidden {
        verb,
        resource,
        namespace,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(verb, "patch");
    assert_eq!(resource, "databaseclusters.everest.percona.com");
    assert_eq!(namespace.as_deref(), Some("prod"));
    assert!(
        error
            .to_string()
            .contains("may not patch databaseclusters.everest.percona.com in namespace prod")
    );
}

#[test]
fn a_quota_is_no_missing_permission() {
    let error = read(
        403,
        "Forbidden",
        "pods \"x\" is forbidden: exceeded quota: q, requested: cpu=1",
        json!({}),
    );
    assert!(
        matches!(&error, ClusterError::Refused { message, .. } if message.starts_with("exceeded quota")),
        "{error:?}"
    );
}

#[test]
fn a_namespace_that_is_going_is_no_missing_permission() {
    let error = read(
        403,
        "Forbidden",
        "databaseclusters.everest.percona.com \"orders\" is forbidden: unable to create new content \
         in namespace prod because it is being terminated",
        json!({"causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace",
            "message": "namespace prod is being terminated"}]}),
    );
    assert!(
        matches!(&error, ClusterError::Refused { message, .. } if message.contains("being terminated")),
        "{error:?}"
    );
    assert!(!error.to_string().contains("grant"), "{error}");
}

#[test]
fn a_webhook_that_is_down_is_named_and_worth_a_retry() {
    let error = read(
        500,
        "InternalError",
        "Internal error occurred: failed calling webhook \"vdatabasecluster-v1alpha1.everest.percona.com\": \
         failed to call webhook: Post \"https://…\": dial tcp 10.0.0.1:443: connect: connection refused",
        json!({}),
    );
    assert!(error.is_transient());
    assert!(
        matches!(&error, ClusterError::WebhookDown { webhook, .. } if webhook == "vdatabasecluster-v1alpha1.everest.percona.com")
    );
    assert!(error.to_string().contains("everest-operator"));
}

#[test]
fn a_webhook_of_another_program_that_is_down_is_not_looked_for_in_everest() {
    let error = read(
        500,
        "InternalError",
        "Internal error occurred: failed calling webhook \"validate.kyverno.svc-fail\": failed to \
         call webhook: Post \"https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s\": \
         context deadline exceeded",
        json!({}),
    );
    assert!(error.is_transient());
    let text = error.to_string();
    assert!(!text.contains("everest-operator"), "{text}");
    assert!(text.contains("validatingwebhookconfigurations"), "{text}");
}

#[test]
fn a_webhook_that_no_dry_run_may_call_has_refused_nothing() {
    let error = read(
        400,
        "BadRequest",
        "admission webhook \"audit.example.com\" does not support dry run",
        json!({}),
    );
    assert!(
        matches!(&error, ClusterError::Api { code: 400, .. }),
        "{error:?}"
    );
    assert!(!error.is_transient());
}

#[test]
fn a_policy_that_says_cannot_is_no_missing_permission() {
    let error = read(
        403,
        "Forbidden",
        "databaseclusters.everest.percona.com \"orders\" is forbidden: ValidatingAdmissionPolicy \
         \"quota\" with binding \"quota\" denied request: a team cannot exceed the resource limits",
        json!({}),
    );
    assert!(
        matches!(&error, ClusterError::Refused { message, .. } if message.contains("a team cannot")),
        "{error:?}"
    );
}

#[test]
fn a_webhooks_refusal_blames_the_field_it_names() {
    let error = read(
        403,
        "Forbidden",
        "admission webhook \"v.everest.percona.com\" denied the request: DatabaseCluster.everest.percona.com \
         \"orders\" is invalid: spec.engine.version: Unsupported value: \"9.9.9\": supported values: \"8.0.42-33.1\"",
        json!({}),
    );
    let ClusterError::Refused { causes, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(causes[0].field, "spec.engine.version");
    assert!(causes[0].message.starts_with("Unsupported value"));
    assert!(!error.is_transient());
}

#[test]
fn invalid_fields_come_from_the_causes() {
    let error = read(
        422,
        "Invalid",
        "DatabaseCluster.everest.percona.com \"orders\" is invalid: spec.engine.replicas: Invalid value: 0",
        json!({"causes": [{"reason": "FieldValueInvalid", "field": "spec.engine.replicas", "message": "must be ≥ 1"}]}),
    );
    let ClusterError::Refused {
        causes, message, ..
    } = error
    else {
        panic!()
    };
    assert_eq!(
        causes,
        [FieldCause {
            field: "spec.engine.replicas".into(),
            message: "must be ≥ 1".into()
        }]
    );
    assert!(message.starts_with("spec.engine.replicas"));
}

#[test]
fn a_field_the_crd_lacks_is_a_sentence() {
    let error = read(
        500,
        "",
        "failed to create typed patch object (prod/orders; everest.percona.com/v1alpha1, Kind=DatabaseCluster): \
         .spec.engine.resources.limits: field not declared in schema",
        json!({}),
    );
    let ClusterError::Refused { causes, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(causes[0].field, "spec.engine.resources.limits");
    assert!(!error.is_transient());
}

#[test]
fn a_conflict_names_managers_and_fields() {
    let error = read(
        409,
        "Conflict",
        "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using everest.percona.com/v1alpha1: .spec.paused",
        json!({"causes": [{"reason": "FieldManagerConflict",
            "message": "conflict with \"kubectl-edit\" using everest.percona.com/v1alpha1", "field": ".spec.paused"}]}),
    );
    let ClusterError::Conflict { conflicts, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(conflicts[0].manager, "kubectl-edit");
    assert_eq!(conflicts[0].field, "spec.paused");
}

#[test]
fn a_changed_resource_version_is_worth_a_retry() {
    let error = read(
        409,
        "Conflict",
        "Operation cannot be fulfilled on …: the object has been modified",
        json!({}),
    );
    assert!(error.is_transient(), "{error:?}");
}

#[test]
fn an_absent_object_is_told_from_an_absent_kind() {
    let object = read(
        404,
        "NotFound",
        "databaseclusters.everest.percona.com \"orders\" not found",
        json!({"name": "orders", "kind": "databaseclusters"}),
    );
    assert!(matches!(object, ClusterError::NotFound { .. }));
    let kind = read(
        404,
        "NotFound",
        "the server could not find the requested resource",
        json!({}),
    );
    assert!(matches!(&kind, ClusterError::NotEverest { .. }), "{kind:?}");
    assert!(kind.to_string().contains("OpenEverest v1 is not installed"));
    let plain = read(
        404,
        "Failed to parse error data",
        "404 page not found\n",
        Value::Null,
    );
    assert!(matches!(plain, ClusterError::NotEverest { .. }));
}

#[test]
fn an_absent_namespace_is_named() {
    let error = read(
        404,
        "NotFound",
        "namespaces \"prod\" not found",
        json!({"name": "prod", "kind": "namespaces"}),
    );
    assert_eq!(error.to_string(), "Namespace prod does not exist");
}

#[test]
fn rejected_credentials_are_their_own_error() {
    assert!(matches!(
        read(401, "Unauthorized", "Unauthorized", json!({})),
        ClusterError::Unauthorized { .. }
    ));
}

#[test]
fn a_connection_that_was_not_made_in_time_is_not_tried_at_once_again() {
    for cause in [
        "client error (Connect): deadline has elapsed",
        "no answer within 60 s",
    ] {
        assert!(is_lasting(cause), "{cause}");
    }
}

/// As Kubernetes 1.34 answers an apply, another apply, and a deletion.
#[test]
fn an_object_that_is_gone_is_told_from_one_that_was_made_anew() {
    let gone = read(
        409,
        "Conflict",
        "Operation cannot be fulfilled on configmaps \"a\": uid mismatch: the provided object \
         specified uid 1, and no existing object was found",
        json!({"name": "a", "kind": "configmaps"}),
    );
    assert!(
        matches!(
            gone,
            ClusterError::Superseded {
                replaced: false,
                ..
            }
        ),
        "{gone}"
    );
    let immutable = json!({"reason": "FieldValueInvalid", "field": "metadata.uid",
        "message": "Invalid value: \"1\": field is immutable"});
    let other = read(
        422,
        "Invalid",
        "ConfigMap \"a\" is invalid: metadata.uid: Invalid value: \"1\": field is immutable",
        json!({"name": "a", "kind": "ConfigMap", "causes": [immutable]}),
    );
    let deleted = read(
        409,
        "Conflict",
        "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (3) does not \
         match the UID in record (e). The object might have been deleted and then recreated",
        json!({"name": "a", "kind": "ConfigMap"}),
    );
    for error in [other, deleted] {
        assert!(
            matches!(error, ClusterError::Superseded { replaced: true, .. }),
            "{error}"
        );
    }
}

#[test]
fn a_monitoring_server_that_says_no_is_told_of_at_the_member_to_blame() {
    let by = "admission webhook \"vmonitoringconfig-v1alpha1.everest.percona.com\"";
    for (said, field) in [
        ("authorization failed, please provide", "spec.apiKey"),
        ("Get \"https://pmm/v1/version\": refused", "spec.pmm.url"),
    ] {
        let message = format!("{by} denied the request: {said}");
        let error = read(403, "Forbidden", &message, json!({}));
        assert!(error.to_string().contains("check the URL and the key"));
        let ClusterError::Refused { causes, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(causes[0].field, field);
    }
}

//! What a user may do.

use k8s_openapi::api::authorization::v1::{SelfSubjectRulesReview, SelfSubjectRulesReviewSpec};
use serde_json::json;

use crate::client::{api, apply, create, server, widget};

#[tokio::test]
async fn what_a_user_may_not_do_is_refused_with_verb_and_resource() {
    let process = server().process().of_user("bob", |asks| asks.verb == "get");
    let api = api(process.client());
    let Err(kube::Error::Api(refused)) = api.list(&Default::default()).await else {
        panic!("it may not list");
    };
    assert_eq!(
        refused.message,
        "widgets.example.com is forbidden: User \"bob\" cannot list resource \"widgets\" in API \
         group \"example.com\" in the namespace \"default\""
    );
    assert_eq!(api.get_opt("w").await.unwrap(), None);
    assert_eq!(
        create(&api, widget("w", json!({}))).await.unwrap_err().code,
        403
    );
}

#[tokio::test]
async fn an_apply_that_makes_an_object_takes_the_right_to_create() {
    let server = server();
    let process = server.process().of_user("bob", |asks| asks.verb == "patch");
    let bobs = api(process.client());
    let object = widget("w", json!({"size": 1}));
    let refused = apply(&bobs, "m", false, &object).await.unwrap_err();
    assert!(
        refused
            .message
            .contains("User \"bob\" cannot create resource \"widgets\"")
    );
    create(&api(server.client()), object.clone()).await.unwrap();
    apply(&bobs, "m", false, &object).await.unwrap();
}

#[tokio::test]
async fn a_process_may_have_clients_of_several_users() {
    let process = server().process().of_user("bob", |asks| asks.verb == "get");
    let eves = api(process.client_of("eve", |asks| asks.verb == "list"));
    assert!(eves.list(&Default::default()).await.is_ok());
    let refused = eves.get_opt("w").await.unwrap_err().to_string();
    assert!(refused.contains("User \"eve\" cannot get"), "{refused}");
    assert_eq!(api(process.client()).get_opt("w").await.unwrap(), None);
    assert_eq!(process.requests().len(), 3);
}

#[tokio::test]
async fn a_review_of_rules_tells_what_a_user_may_do_in_a_namespace() {
    let process = server().process().of_user("bob", |asks| {
        asks.resource == "widgets" && asks.verb == "get" && asks.namespace == "default"
    });
    let reviews = kube::Api::<SelfSubjectRulesReview>::all(process.client());
    for (namespace, resources) in [("default", vec!["widgets"]), ("other", vec![])] {
        let asked = SelfSubjectRulesReview {
            spec: SelfSubjectRulesReviewSpec {
                namespace: Some(namespace.to_owned()),
            },
            ..Default::default()
        };
        let review = reviews.create(&Default::default(), &asked).await.unwrap();
        let rules = review.status.unwrap().resource_rules;
        let told: Vec<_> = rules
            .iter()
            .flat_map(|rule| rule.resources.clone().unwrap())
            .collect();
        assert_eq!(told, resources, "{namespace}");
        assert!(rules.iter().all(|rule| rule.verbs == ["get"]));
    }
}

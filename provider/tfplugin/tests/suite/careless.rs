//! A provider that breaks Terraform's rules: the server says so before Terraform does.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::planning::propose;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Value, msgpack};
use tfplugin::{
    AnyResource, Context, Creation, Diagnostics, Plan, Private, Provider, ReadResult, Resource,
    Typed, Update,
};
use tonic::Request;

use crate::field::Field;
use crate::host::{errors, place};

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Thing {
    #[serde(default, skip_serializing_if = "Field::is_null")]
    given: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-write-only" = true))]
    secret: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    output: Field<String>,
}

struct Careless;

struct CarelessThing;

#[async_trait]
impl Provider for Careless {
    type Config = Nothing;

    fn resources(self: &Arc<Self>) -> Vec<Box<dyn AnyResource>> {
        vec![Box::new(Typed(CarelessThing))]
    }

    async fn configure(&self, _: Nothing, _: &Context, _: &mut Diagnostics) {}
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Nothing {}

#[async_trait]
impl Resource for CarelessThing {
    type Model = Thing;

    fn type_name(&self) -> &'static str {
        "careless_thing"
    }

    /// Does to the plan what `given` says.
    async fn plan(&self, plan: &mut Plan<Thing>, _: &Context, _: &mut Diagnostics) {
        match plan.config.given.known().map_or("", String::as_str) {
            "alter" => plan.planned.given = Field::Known("another".to_owned()),
            "reveal" => plan.planned.secret = plan.config.secret.clone(),
            "mislead" => plan.require_replace("elsewhere"),
            _ => {}
        }
    }

    async fn read(
        &self,
        _: &Thing,
        _: &mut Private,
        _: &Context,
        _: &mut Diagnostics,
    ) -> ReadResult<Thing> {
        ReadResult::Keep
    }

    async fn create(
        &self,
        planned: &Thing,
        _: &Thing,
        _: &mut Private,
        _: &Context,
        _: &mut Diagnostics,
    ) -> Creation<Thing> {
        Creation::Created(planned.clone())
    }

    async fn update(
        &self,
        _: &Thing,
        planned: &Thing,
        _: &Thing,
        _: &mut Private,
        _: &Context,
        _: &mut Diagnostics,
    ) -> Update<Thing> {
        Update::Updated(planned.clone())
    }

    async fn delete(&self, _: &Thing, _: &Private, _: &Context, _: &mut Diagnostics) {}

    fn import_id(&self, _: &str, _: &mut Diagnostics) -> Option<Thing> {
        None
    }
}

fn object() -> Object {
    Schema::derive::<Thing>(0, "").unwrap().root
}

fn encode(value: &Value) -> Option<wire::DynamicValue> {
    let msgpack = msgpack::encode(value, &object().value_type()).unwrap();
    Some(wire::DynamicValue {
        msgpack,
        json: Vec::new(),
    })
}

fn config(given: &str) -> Value {
    Value::map([
        ("given", given.into()),
        ("secret", "hunter2".into()),
        ("output", Value::Null),
    ])
}

async fn planned(given: &str) -> Vec<wire::Diagnostic> {
    let request = wire::plan_resource_change::Request {
        type_name: "careless_thing".to_owned(),
        prior_state: encode(&Value::Null),
        proposed_new_state: encode(&config(given)),
        config: encode(&config(given)),
        ..Default::default()
    };
    let server = Server::new(|| Arc::new(Careless), "https://example.com");
    let response = server.plan_resource_change(Request::new(request)).await;
    response.unwrap().into_inner().diagnostics
}

#[tokio::test]
async fn a_plan_that_breaks_a_rule_does_not_leave_the_process_unnoticed() {
    assert!(planned("nothing").await.is_empty());
    for (given, at, rule) in [
        ("alter", "given", "planned as it is"),
        ("reveal", "secret", "write-only"),
        ("mislead", "elsewhere", "neither in the prior state"),
    ] {
        let diagnostics = planned(given).await;
        let found = errors(&diagnostics);
        assert_eq!(found.len(), 1, "{given}: {found:?}");
        assert_eq!(place(found[0]), at);
        assert_eq!(found[0].summary, "The provider broke a rule of Terraform");
        assert!(found[0].detail.contains(rule), "{}", found[0].detail);
        assert!(found[0].detail.contains("a bug of the provider"));
        assert!(!found[0].detail.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_state_that_breaks_its_plan_does_not_leave_the_process_unnoticed() {
    // Whatever a resource returns is filled into the plan; what is left is a plan that was not
    // kept in the first place, such as one with a secret.
    let object = object();
    let config = config("nothing");
    let mut planned = propose(&object, &config, None, &Default::default(), &|_, a, b| {
        a == b
    });
    if let Value::Map(members) = &mut planned {
        members.insert("secret".to_owned(), "hunter2".into());
    }
    let request = wire::apply_resource_change::Request {
        type_name: "careless_thing".to_owned(),
        prior_state: encode(&Value::Null),
        planned_state: encode(&planned),
        config: encode(&config),
        ..Default::default()
    };
    let server = Server::new(|| Arc::new(Careless), "https://example.com");
    let response = server.apply_resource_change(Request::new(request)).await;
    let response = response.unwrap().into_inner();
    let found = errors(&response.diagnostics);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(place(found[0]), "secret");
    assert!(found[0].detail.contains("The new state of careless_thing"));
}

//! A provider that breaks Terraform's rules: the server says so before Terraform does.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::planning::propose;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::testing::Host;
use tfplugin::value::{Value, msgpack};
use tfplugin::{
    CreateRequest, Creation, DeleteRequest, Diagnostic, Plan, Provider, ReadRequest, ReadResult,
    Registry, Resource, Update, UpdateRequest,
};
use tonic::Request;

use crate::host::{errors, place};
use tfplugin::Field;

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

impl Provider for Careless {
    type Config = Nothing;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(CarelessThing);
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Nothing {}

impl Resource for CarelessThing {
    type Model = Thing;

    fn type_name(&self) -> &'static str {
        "careless_thing"
    }

    /// Does to the plan what `given` says.
    async fn plan(&self, plan: &mut Plan<'_, Thing>) -> Result<(), Diagnostic> {
        match plan.config.given.text() {
            "alter" => plan.planned.given = Field::Known("another".to_owned()),
            "reveal" => plan.planned.secret = plan.config.secret.clone(),
            "mislead" => plan.require_replace("elsewhere"),
            _ => {}
        }
        Ok(())
    }

    async fn read(&self, _: ReadRequest<'_, Thing>) -> Result<ReadResult<Thing>, Diagnostic> {
        Ok(ReadResult::Keep)
    }

    async fn create(
        &self,
        request: CreateRequest<'_, Thing>,
    ) -> Result<Creation<Thing>, Diagnostic> {
        let mut made = request.planned;
        if made.given.text() == "lie" {
            made.given = "another".into();
        }
        Ok(Creation::Created(made))
    }

    async fn update(&self, request: UpdateRequest<'_, Thing>) -> Result<Update<Thing>, Diagnostic> {
        Ok(Update::Updated(request.planned))
    }

    async fn delete(&self, _: DeleteRequest<'_, Thing>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

fn object() -> Object {
    Schema::derive::<Thing>(0, "").unwrap().root
}

fn encode(value: &Value) -> Option<wire::DynamicValue> {
    let msgpack = msgpack::encode(value, &object().value_type())
        .unwrap()
        .into();
    Some(wire::DynamicValue {
        msgpack,
        json: Default::default(),
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

#[tokio::test]
async fn an_answer_other_than_planned_is_told_of_while_a_provider_is_developed() {
    let host = Host::new(|| Arc::new(Careless));
    let thing = host.resource("careless_thing");
    assert!(
        thing
            .create(json!({"given": "truth"}))
            .await
            .warnings()
            .is_empty()
    );
    let made = thing.create(json!({"given": "lie"})).await;
    let told: Vec<_> = made.diagnostics.iter().collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].path, Some("given".into()));
    assert!(told[0].summary.contains("something else than it planned"));
    assert_eq!(*made.succeeded().get("given"), "lie".into());
}

#[tokio::test]
async fn what_has_no_identity_and_no_import_of_its_own_is_not_imported() {
    let host = Host::new(|| Arc::new(Careless));
    let error = host.resource("careless_thing").import("one").await.failed();
    assert_eq!(error.summary, "A careless_thing cannot be imported");
}

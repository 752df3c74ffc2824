//! What a provider's author can get wrong, and what the crate makes of it.

use std::sync::Arc;

use futures::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::Schema;
use tfplugin::server::Server;
use tfplugin::testing::Host;
use tfplugin::value::Value;
use tfplugin::{
    CreateRequest, Creation, DeleteRequest, Diagnostic, Function, FunctionError, IdentityAttribute,
    ImportRequest, ListRequest, ListResource, Listed, Plan, Provider, ReadRequest, ReadResult,
    Registry, Resource, Update, UpdateRequest, Upgrade,
};
use tonic::Request;

use crate::host::{block, encode_as, unblock};
use tfplugin::Field;

/// A provider whose author is careless.
struct Careless;

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Nothing {}

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Note {
    #[serde(default)]
    text: Field<String>,
    #[serde(default)]
    #[schemars(extend("x-write-only" = true))]
    secret_wo: Field<String>,
}

impl Provider for Careless {
    type Config = Nothing;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(NoteResource).list_resource(Endless);
    }
}

/// Puts its secret everywhere, and has an identity and a pending output that are no attribute's.
struct NoteResource;

impl Resource for NoteResource {
    type Model = Note;

    fn type_name(&self) -> &'static str {
        "careless_note"
    }

    fn identity(&self) -> Vec<IdentityAttribute> {
        vec![IdentityAttribute::optional("text")]
    }

    fn identity_may_change(&self) -> bool {
        true
    }

    fn pending_outputs(&self) -> &[&'static str] {
        &["words"]
    }

    async fn plan(&self, plan: &mut Plan<'_, Note>) -> Result<(), Diagnostic> {
        plan.planned.secret_wo = plan.config.secret_wo.clone();
        Ok(())
    }

    async fn read(&self, request: ReadRequest<'_, Note>) -> Result<ReadResult<Note>, Diagnostic> {
        Ok(ReadResult::Found(Note {
            secret_wo: Field::Known("found".to_owned()),
            ..request.prior
        }))
    }

    async fn create(&self, request: CreateRequest<'_, Note>) -> Result<Creation<Note>, Diagnostic> {
        Ok(Creation::Created(request.config))
    }

    async fn update(&self, request: UpdateRequest<'_, Note>) -> Result<Update<Note>, Diagnostic> {
        Ok(Update::Updated(request.config))
    }

    async fn delete(&self, _: DeleteRequest<'_, Note>) -> Result<(), Diagnostic> {
        Ok(())
    }

    async fn import(&self, request: ImportRequest<'_>) -> Result<Note, Diagnostic> {
        Ok(Note {
            secret_wo: Field::Known("imported".to_owned()),
            ..request.only("text")?
        })
    }
}

/// Finds without end, whether or not anything is wanted.
struct Endless;

impl ListResource for Endless {
    type Config = Nothing;
    type Model = Note;

    fn type_name(&self) -> &'static str {
        "careless_note"
    }

    async fn list(&self, request: ListRequest<'_, Nothing, Note>) -> Result<(), Diagnostic> {
        for number in 0u32.. {
            let note = Note {
                text: Field::Known(number.to_string()),
                ..Note::default()
            };
            let listed = Listed::new(number.to_string(), note);
            if !request.found.push(listed).await {
                break;
            }
        }
        Ok(())
    }
}

fn server() -> Server<Careless> {
    Server::new(|| Arc::new(Careless), "https://example.com")
}

#[test]
fn a_pending_output_that_is_no_attribute_is_refused() {
    let mut registry = Registry::default();
    Arc::new(Careless).register(&mut registry);
    let error = registry.resource_schemas().err().unwrap();
    let words = "words: it is a pending output";
    assert!(error.to_string().starts_with(words), "{error}");
}

#[tokio::test]
async fn a_write_only_value_is_in_no_answer_whatever_the_provider_does() {
    let server = server();
    let config = block::<Note>(&[("text", "a".into()), ("secret_wo", "b".into())]);
    let object = Schema::derive::<Note>(0, "").unwrap().root;
    let nothing = Some(encode_as(&Value::Null, &object.value_type()));
    let secret = |value: Option<wire::DynamicValue>| {
        let value = unblock::<Note>(value);
        assert_eq!(*value.get("text").unwrap(), "a".into());
        value.get("secret_wo").unwrap().clone()
    };
    let type_name = "careless_note".to_owned();
    let request = wire::plan_resource_change::Request {
        type_name: type_name.clone(),
        prior_state: nothing.clone(),
        proposed_new_state: config.clone(),
        config: config.clone(),
        ..Default::default()
    };
    let planned = server.plan_resource_change(Request::new(request)).await;
    let planned = planned.unwrap().into_inner();
    assert_eq!(secret(planned.planned_state.clone()), Value::Null);
    let request = wire::apply_resource_change::Request {
        type_name: type_name.clone(),
        prior_state: nothing,
        planned_state: planned.planned_state,
        config,
        ..Default::default()
    };
    let applied = server.apply_resource_change(Request::new(request)).await;
    let applied = applied.unwrap().into_inner();
    assert_eq!(secret(applied.new_state.clone()), Value::Null);
    let request = wire::read_resource::Request {
        type_name: type_name.clone(),
        current_state: applied.new_state,
        ..Default::default()
    };
    let read = server.read_resource(Request::new(request)).await;
    assert_eq!(secret(read.unwrap().into_inner().new_state), Value::Null);
    let request = wire::import_resource_state::Request {
        type_name: type_name.clone(),
        id: "a".to_owned(),
        ..Default::default()
    };
    let imported = server.import_resource_state(Request::new(request)).await;
    let mut imported = imported.unwrap().into_inner();
    assert_eq!(
        secret(imported.imported_resources.remove(0).state),
        Value::Null
    );
    let request = wire::upgrade_resource_state::Request {
        type_name,
        version: 0,
        raw_state: Some(wire::RawState {
            json: br#"{"text":"a","secret_wo":"b"}"#.to_vec().into(),
            ..Default::default()
        }),
    };
    let upgraded = server.upgrade_resource_state(Request::new(request)).await;
    assert_eq!(
        secret(upgraded.unwrap().into_inner().upgraded_state),
        Value::Null
    );
}

#[tokio::test]
async fn an_identity_may_change_where_the_resource_lets_it() {
    let server = server();
    let request = |text: &str| wire::read_resource::Request {
        type_name: "careless_note".to_owned(),
        current_state: block::<Note>(&[("text", text.into())]),
        ..Default::default()
    };
    let read = server.read_resource(Request::new(request("a"))).await;
    let before = read.unwrap().into_inner().new_identity;
    let request = wire::read_resource::Request {
        current_identity: before.clone(),
        ..request("b")
    };
    let read = server.read_resource(Request::new(request)).await;
    let read = read.unwrap().into_inner();
    assert!(read.diagnostics.is_empty());
    assert_ne!(read.new_identity, before);
}

#[tokio::test]
async fn an_endless_search_ends_at_the_limit_and_at_a_stop() {
    let server = server();
    let request = |limit| wire::list_resource::Request {
        type_name: "careless_note".to_owned(),
        config: block::<Nothing>(&[]),
        limit,
        ..Default::default()
    };
    let events = server.list_resource(Request::new(request(40))).await;
    let events = events.unwrap().into_inner().collect::<Vec<_>>().await;
    assert_eq!(events.len(), 40);
    let mut events = server
        .list_resource(Request::new(request(0)))
        .await
        .unwrap()
        .into_inner();
    assert!(events.next().await.is_some());
    let request = Request::new(wire::stop_provider::Request {});
    server.stop_provider(request).await.unwrap();
    assert!(events.collect::<Vec<_>>().await.len() < 40);
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Aliased {
    #[serde(default)]
    alias: Field<String>,
}

/// A provider whose block has an attribute that Terraform takes for its own.
struct Shadowed;

impl Provider for Shadowed {
    type Config = Aliased;

    fn register(self: &Arc<Self>, _: &mut Registry) {}
}

#[tokio::test]
async fn a_provider_block_has_no_attribute_that_is_a_word_of_the_language() {
    let server = Server::new(|| Arc::new(Shadowed), "https://example.com");
    let request = Request::new(wire::get_provider_schema::Request {});
    let schema = server.get_provider_schema(request).await.unwrap();
    let told = schema.into_inner().diagnostics;
    assert_eq!(told.len(), 1);
    assert!(told[0].detail.contains("alias is a word"), "{told:?}");
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Renamed {
    #[serde(default)]
    name: Field<String>,
}

/// A resource of the third version of its schema, which reads states of the second alone.
struct Aged;

impl Resource for Aged {
    type Model = Renamed;

    fn type_name(&self) -> &'static str {
        "aged_thing"
    }

    fn version(&self) -> i64 {
        2
    }

    fn upgrades(&self) -> Vec<Upgrade<Renamed>> {
        vec![Upgrade::from_json(1, |state| {
            let title = state["title"]
                .as_str()
                .ok_or_else(|| Diagnostic::error("No title", "It had one."))?;
            Ok(Renamed { name: title.into() })
        })]
    }

    async fn read(
        &self,
        request: ReadRequest<'_, Renamed>,
    ) -> Result<ReadResult<Renamed>, Diagnostic> {
        Ok(ReadResult::Found(request.prior))
    }

    async fn create(
        &self,
        mut request: CreateRequest<'_, Renamed>,
    ) -> Result<Creation<Renamed>, Diagnostic> {
        if request.planned.name.text() == "late" {
            request.note_made(request.planned.clone());
        }
        Err(std::io::Error::other("the store is closed").into())
    }

    async fn update(
        &self,
        request: UpdateRequest<'_, Renamed>,
    ) -> Result<Update<Renamed>, Diagnostic> {
        Ok(Update::Updated(request.planned))
    }

    async fn delete(&self, _: DeleteRequest<'_, Renamed>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

struct Old;

impl Provider for Old {
    type Config = Nothing;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(Aged);
    }
}

#[tokio::test]
async fn a_state_is_upgraded_from_the_version_that_wrote_it_or_refused() {
    let host = Host::new(|| Arc::new(Old));
    let aged = host.resource("aged_thing");
    let state = aged.upgrade(1, &json!({"title": "a"})).await.succeeded();
    assert_eq!(*state.get("name"), "a".into());
    let same = aged.upgrade(2, &json!({"name": "a"})).await.succeeded();
    assert_eq!(*same.get("name"), "a".into());
    for (version, state, words) in [
        (0, json!({"title": "a"}), "version 0"),
        (1, json!({"title": 1}), ""),
        (3, json!({"name": "a"}), "version 3"),
    ] {
        let error = aged.upgrade(version, &state).await.failed();
        assert!(error.detail.contains(words), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_of_a_creation_loses_nothing_that_was_made() {
    let host = Host::new(|| Arc::new(Old));
    let aged = host.resource("aged_thing");
    let refused = aged.create(json!({"name": "early"})).await;
    assert!(refused.value.is_none() && !refused.is_ok());
    let late = aged.create(json!({"name": "late"})).await;
    assert_eq!(late.warnings(), ["the store is closed"]);
    let state = late.succeeded();
    // The next apply goes on, without another object.
    let planned = aged.plan(&state, json!({"name": "late"})).await.succeeded();
    assert!(planned.replaces.is_empty());
}

struct Same;

impl Function for Same {
    type Arguments = Nothing;
    type Output = String;

    fn name(&self) -> &'static str {
        "same"
    }

    fn summary(&self) -> &'static str {
        "Always the same"
    }

    fn call(&self, _: Nothing) -> Result<String, FunctionError> {
        Ok(String::new())
    }
}

/// A provider that serves everything twice.
struct Double;

impl Provider for Double {
    type Config = Nothing;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(Aged).resource(Aged);
        registry.function(Same).function(Same);
    }
}

#[tokio::test]
async fn of_two_things_with_one_name_neither_is_served() {
    let server = Server::new(|| Arc::new(Double), "https://example.com");
    let request = Request::new(wire::get_provider_schema::Request {});
    let schema = server.get_provider_schema(request).await.unwrap();
    let schema = schema.into_inner();
    assert!(schema.resource_schemas.is_empty() && schema.functions.is_empty());
    let told = schema.diagnostics.iter().map(|told| told.detail.as_str());
    let twice = told.filter(|told| told.contains("has two of this name"));
    assert_eq!(twice.count(), 2);
}

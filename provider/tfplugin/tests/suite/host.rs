//! A host that calls the provider service in this process.

use std::sync::Arc;

use tempfile::TempDir;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::Schema;
use tfplugin::server::Server;
use tfplugin::value::{Type, Value, msgpack};
use tonic::Request;
use wire::diagnostic::Severity;

use crate::provider::Shelves;
use crate::strategy::shelf;

pub const TYPE: &str = "shelf_shelf";

pub struct Host {
    pub server: Server<Shelves>,
    pub directory: TempDir,
}

/// What came back from an apply or a plan.
pub struct State {
    pub value: Value,
    pub private: Vec<u8>,
    pub diagnostics: Vec<wire::Diagnostic>,
    pub replace: usize,
}

pub fn encode(value: &Value) -> Option<wire::DynamicValue> {
    Some(encode_as(value, &shelf().value_type()))
}

pub fn decode(value: Option<wire::DynamicValue>) -> Value {
    decode_as(value, &shelf().value_type())
}

pub fn encode_as(value: &Value, ty: &Type) -> wire::DynamicValue {
    wire::DynamicValue {
        msgpack: msgpack::encode(value, ty).unwrap().into(),
        json: Default::default(),
    }
}

pub fn decode_as(value: Option<wire::DynamicValue>, ty: &Type) -> Value {
    let value = value.unwrap_or_default();
    if value.msgpack.is_empty() {
        return Value::Null;
    }
    msgpack::decode(&value.msgpack, ty).unwrap()
}

/// The configuration of a model other than the shelf's; what is left out is null.
pub fn block<M: schemars::JsonSchema + 'static>(
    members: &[(&str, Value)],
) -> Option<wire::DynamicValue> {
    let object = Schema::derive::<M>(0, "").unwrap().root;
    let mut value = object.null_members();
    if let Value::Map(all) = &mut value {
        for (name, member) in members {
            all.insert((*name).to_owned(), member.clone());
        }
    }
    Some(encode_as(&value, &object.value_type()))
}

/// What came back of a model other than the shelf's.
pub fn unblock<M: schemars::JsonSchema + 'static>(value: Option<wire::DynamicValue>) -> Value {
    let object = Schema::derive::<M>(0, "").unwrap().root;
    decode_as(value, &object.value_type())
}

/// The identity of the shelf `name`.
pub fn identity(name: &str) -> Option<wire::ResourceIdentityData> {
    let value = Value::map([("name", name.into())]);
    Some(wire::ResourceIdentityData {
        identity_data: Some(encode_as(&value, &identity_type())),
    })
}

/// The name in an identity.
pub fn identified(data: Option<wire::ResourceIdentityData>) -> Value {
    let value = decode_as(data.unwrap().identity_data, &identity_type());
    value.get("name").unwrap().clone()
}

fn identity_type() -> Type {
    Type::Object([("name".to_owned(), Type::String)].into())
}

pub fn config(members: &[(&str, Value)]) -> Value {
    let mut value = shelf().null_members();
    if let Value::Map(all) = &mut value {
        all.insert("name".to_owned(), "alpha".into());
        all.insert("wood".to_owned(), "oak".into());
        all.insert("load_kg".to_owned(), "007".into());
        for (name, member) in members {
            all.insert((*name).to_owned(), member.clone());
        }
    }
    value
}

pub fn capable() -> Option<wire::ClientCapabilities> {
    Some(wire::ClientCapabilities {
        write_only_attributes_allowed: true,
        ..Default::default()
    })
}

pub fn errors(diagnostics: &[wire::Diagnostic]) -> Vec<&wire::Diagnostic> {
    diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error as i32)
        .collect()
}

pub fn place(diagnostic: &wire::Diagnostic) -> String {
    use wire::attribute_path::step::Selector;
    let steps = diagnostic.attribute.iter().flat_map(|path| &path.steps);
    let names = steps.map(|step| match step.selector.as_ref().unwrap() {
        Selector::AttributeName(name) => name.clone(),
        Selector::ElementKeyString(key) => key.clone(),
        Selector::ElementKeyInt(index) => index.to_string(),
    });
    names.collect::<Vec<_>>().join(".")
}

impl Host {
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap().into();
        let host = Self::unconfigured(directory);
        host.configure(path).await;
        host
    }

    /// A host whose provider does not know yet where shelves are kept.
    pub async fn with_unknown_directory() -> Self {
        let host = Self::unconfigured(tempfile::tempdir().unwrap());
        host.configure(Value::UNKNOWN).await;
        host
    }

    fn unconfigured(directory: TempDir) -> Self {
        let server = Server::new(|| Arc::new(Shelves::default()), "https://example.com");
        Self { server, directory }
    }

    pub async fn configure(&self, directory: Value) {
        let request = wire::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: block::<crate::model::Config>(&[("directory", directory)]),
            client_capabilities: capable(),
        };
        let response = self.server.configure_provider(Request::new(request)).await;
        assert!(response.unwrap().into_inner().diagnostics.is_empty());
    }

    pub async fn validate(&self, config: &Value, able: bool) -> Vec<wire::Diagnostic> {
        let request = wire::validate_resource_config::Request {
            type_name: TYPE.to_owned(),
            config: encode(config),
            client_capabilities: able.then(capable).flatten(),
        };
        let response = self
            .server
            .validate_resource_config(Request::new(request))
            .await;
        response.unwrap().into_inner().diagnostics
    }

    pub async fn plan(&self, prior: &Value, private: &[u8], config: &Value) -> State {
        let request = wire::plan_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: encode(prior),
            proposed_new_state: encode(config),
            config: encode(config),
            prior_private: private.to_vec().into(),
            client_capabilities: capable(),
            ..Default::default()
        };
        let response = self
            .server
            .plan_resource_change(Request::new(request))
            .await;
        let response = response.unwrap().into_inner();
        State {
            value: decode(response.planned_state),
            private: response.planned_private.to_vec(),
            diagnostics: response.diagnostics,
            replace: response.requires_replace.len(),
        }
    }

    /// The plan of a destruction.
    pub async fn plan_destroy(&self, prior: &State) -> Vec<wire::Diagnostic> {
        let request = wire::plan_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: encode(&prior.value),
            proposed_new_state: encode(&Value::Null),
            config: encode(&Value::Null),
            prior_private: prior.private.clone().into(),
            ..Default::default()
        };
        let response = self.server.plan_resource_change(Request::new(request));
        response.await.unwrap().into_inner().diagnostics
    }

    /// The stub that an import answers.
    pub async fn import(&self, id: &str) -> State {
        let request = wire::import_resource_state::Request {
            type_name: TYPE.to_owned(),
            id: id.to_owned(),
            ..Default::default()
        };
        let response = self.server.import_resource_state(Request::new(request));
        let response = response.await.unwrap().into_inner();
        let imported = response.imported_resources.into_iter().next().unwrap();
        State {
            value: decode(imported.state),
            private: imported.private.to_vec(),
            diagnostics: response.diagnostics,
            replace: 0,
        }
    }

    pub async fn apply(&self, prior: &State, config: &Value) -> State {
        let planned = self.plan(&prior.value, &prior.private, config).await;
        assert!(
            errors(&planned.diagnostics).is_empty(),
            "{:?}",
            planned.diagnostics
        );
        let request = wire::apply_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state: encode(&prior.value),
            planned_state: encode(&planned.value),
            config: encode(config),
            planned_private: planned.private.into(),
            ..Default::default()
        };
        let response = self
            .server
            .apply_resource_change(Request::new(request))
            .await;
        let response = response.unwrap().into_inner();
        State {
            value: decode(response.new_state),
            private: response.private.to_vec(),
            diagnostics: response.diagnostics,
            replace: 0,
        }
    }

    pub async fn create(&self, members: &[(&str, Value)]) -> State {
        self.apply(&State::nothing(), &config(members)).await
    }

    pub async fn read(&self, state: &State) -> State {
        let request = wire::read_resource::Request {
            type_name: TYPE.to_owned(),
            current_state: encode(&state.value),
            private: state.private.clone().into(),
            ..Default::default()
        };
        let response = self
            .server
            .read_resource(Request::new(request))
            .await
            .unwrap();
        let response = response.into_inner();
        State {
            value: decode(response.new_state),
            private: response.private.to_vec(),
            diagnostics: response.diagnostics,
            replace: 0,
        }
    }
}

impl State {
    pub fn nothing() -> Self {
        Self {
            value: Value::Null,
            private: Vec::new(),
            diagnostics: Vec::new(),
            replace: 0,
        }
    }

    pub fn get(&self, name: &str) -> &Value {
        self.value.get(name).unwrap()
    }
}

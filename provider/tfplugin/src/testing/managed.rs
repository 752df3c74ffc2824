//! Plans and applies a managed resource as Terraform does.

use bytes::Bytes;
use tonic::Request;

use super::{Answer, capable, config, decode, encode, message, wire};
use crate::path::AttributePath;
use crate::proto::tfplugin6::provider_server::Provider as _;
use crate::provider::Provider;
use crate::schema::Object;
use crate::server::{Server, Shape};
use crate::value::{Type, Value};

/// A managed resource of a [`Host`](super::Host).
pub struct Managed<'a, P: Provider> {
    server: &'a Server<P>,
    type_name: String,
    object: Object,
    ty: Type,
}

/// The state of one object.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct State {
    /// The attributes; null if there is no object.
    pub value: Value,
    /// The private state, in the crate's own format.
    pub private: Vec<u8>,
    identity: Option<wire::ResourceIdentityData>,
}

/// A plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Planned {
    /// The planned state; null for a destruction.
    pub value: Value,
    /// The attributes whose change replaces the object.
    pub replaces: Vec<AttributePath>,
    /// True if the plan changes nothing.
    pub is_empty: bool,
    /// True if the change is deferred to a later run.
    pub is_deferred: bool,
    private: Bytes,
    identity: Option<wire::ResourceIdentityData>,
}

impl State {
    /// The state without an object.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns true if there is no object.
    pub fn is_none(&self) -> bool {
        self.value.is_null()
    }

    /// The attribute `name`; null if it does not exist.
    pub fn get(&self, name: &str) -> &Value {
        self.value.get(name).unwrap_or(&Value::Null)
    }
}

impl Planned {
    /// The attribute `name`; null if it does not exist.
    pub fn get(&self, name: &str) -> &Value {
        self.value.get(name).unwrap_or(&Value::Null)
    }
}

impl<'a, P: Provider> Managed<'a, P> {
    pub(super) fn new(server: &'a Server<P>, type_name: &str, shape: &Shape) -> Self {
        Self {
            server,
            type_name: type_name.to_owned(),
            object: shape.object().clone(),
            ty: shape.ty.clone(),
        }
    }

    fn encode(&self, value: &Value) -> Option<wire::DynamicValue> {
        Some(encode(value, &self.ty))
    }

    /// Checks a configuration.
    pub async fn validate(&self, config: impl Into<Value>) -> Answer<()> {
        let request = wire::validate_resource_config::Request {
            type_name: self.type_name.clone(),
            config: self.encode(&config::complete(&self.object, config.into())),
            client_capabilities: capable(),
        };
        let checked = self.server.validate_resource_config(Request::new(request));
        Answer::new((), message(checked.await).diagnostics)
    }

    /// Plans `config`, or a destruction if it is null, for an object of the state or a new one.
    pub async fn plan(&self, prior: &State, config: impl Into<Value>) -> Answer<Planned> {
        let config = self.encode(&config::complete(&self.object, config.into()));
        let request = wire::plan_resource_change::Request {
            type_name: self.type_name.clone(),
            prior_state: self.encode(&prior.value),
            proposed_new_state: config.clone(),
            config,
            prior_private: prior.private.clone().into(),
            prior_identity: prior.identity.clone(),
            client_capabilities: capable(),
            ..Default::default()
        };
        let response = self.server.plan_resource_change(Request::new(request));
        let response = message(response.await);
        let value = decode(response.planned_state, &self.ty);
        let planned = Planned {
            is_empty: value == prior.value,
            value,
            replaces: response
                .requires_replace
                .iter()
                .map(AttributePath::from_wire)
                .collect(),
            is_deferred: response.deferred.is_some(),
            private: response.planned_private,
            identity: response.planned_identity,
        };
        Answer::new(planned, response.diagnostics)
    }

    /// Applies a plan of `config`.
    pub async fn apply(
        &self,
        prior: &State,
        planned: &Planned,
        config: impl Into<Value>,
    ) -> Answer<State> {
        let request = wire::apply_resource_change::Request {
            type_name: self.type_name.clone(),
            prior_state: self.encode(&prior.value),
            planned_state: self.encode(&planned.value),
            config: self.encode(&config::complete(&self.object, config.into())),
            planned_private: planned.private.clone(),
            planned_identity: planned.identity.clone(),
            ..Default::default()
        };
        let response = self.server.apply_resource_change(Request::new(request));
        let response = message(response.await);
        let state = State {
            value: decode(response.new_state, &self.ty),
            private: response.private.to_vec(),
            identity: response.new_identity,
        };
        Answer::new(state, response.diagnostics)
    }

    /// Validates, plans and applies `config`, as `terraform apply` does: a change that replaces the
    /// object destroys it first. The response contains the diagnostics of all steps.
    pub async fn change(&self, prior: &State, config: impl Into<Value>) -> Answer<State> {
        let config = config.into();
        let mut told = self.validate(config.clone()).await.diagnostics;
        let mut prior = prior.clone();
        let mut planned = self.plan(&prior, config.clone()).await;
        if planned.is_ok() && !planned.value.replaces.is_empty() {
            let gone = self.destroy(&prior).await;
            told.extend(gone.diagnostics);
            prior = gone.value;
            planned = self.plan(&prior, config.clone()).await;
        }
        told.extend(planned.diagnostics);
        let mut answer = Answer {
            value: prior.clone(),
            diagnostics: told,
        };
        if answer.is_ok() {
            let applied = self.apply(&prior, &planned.value, config).await;
            answer.diagnostics.extend(applied.diagnostics);
            answer.value = applied.value;
        }
        answer
    }

    /// Creates an object: [`Managed::change`] without a prior object.
    pub async fn create(&self, config: impl Into<Value>) -> Answer<State> {
        self.change(&State::none(), config).await
    }

    /// Plans and applies the destruction of an object.
    pub async fn destroy(&self, prior: &State) -> Answer<State> {
        let planned = self.plan(prior, Value::Null).await;
        if !planned.is_ok() {
            return planned.map(|_| prior.clone());
        }
        self.apply(prior, &planned.value, Value::Null).await
    }

    /// Reads an object of the state.
    pub async fn read(&self, state: &State) -> Answer<State> {
        let request = wire::read_resource::Request {
            type_name: self.type_name.clone(),
            current_state: self.encode(&state.value),
            private: state.private.clone().into(),
            current_identity: state.identity.clone(),
            client_capabilities: capable(),
            ..Default::default()
        };
        let response = message(self.server.read_resource(Request::new(request)).await);
        let read = State {
            value: decode(response.new_state, &self.ty),
            private: response.private.to_vec(),
            identity: response.new_identity,
        };
        Answer::new(read, response.diagnostics)
    }

    /// Imports an object by its id, and reads it.
    pub async fn import(&self, id: &str) -> Answer<State> {
        let request = wire::import_resource_state::Request {
            type_name: self.type_name.clone(),
            id: id.to_owned(),
            client_capabilities: capable(),
            ..Default::default()
        };
        let response = self.server.import_resource_state(Request::new(request));
        let response = message(response.await);
        let told = Answer::new((), response.diagnostics);
        let Some(imported) = response.imported_resources.into_iter().next() else {
            return told.map(|()| State::none());
        };
        let stub = State {
            value: decode(imported.state, &self.ty),
            private: imported.private.to_vec(),
            identity: imported.identity,
        };
        let mut read = self.read(&stub).await;
        read.diagnostics.extend(told.diagnostics);
        read
    }

    /// Converts a state of schema version `version`, as JSON in Terraform's names, to the current
    /// version.
    pub async fn upgrade(&self, version: i64, state: &serde_json::Value) -> Answer<State> {
        let request = wire::upgrade_resource_state::Request {
            type_name: self.type_name.clone(),
            version,
            raw_state: Some(wire::RawState {
                json: state.to_string().into(),
                ..Default::default()
            }),
        };
        let response = self.server.upgrade_resource_state(Request::new(request));
        let response = message(response.await);
        let state = State {
            value: decode(response.upgraded_state, &self.ty),
            ..State::default()
        };
        Answer::new(state, response.diagnostics)
    }
}

//! Tools for testing a provider (feature `testing`): a host in the test's process, and a workspace
//! for a real client.
//!
//! [`Host`] calls a provider as Terraform does: with the protocol's messages, and checking
//! Terraform's rules at each response, but without a process, a socket or a client. Configurations
//! are JSON in Terraform's names. Omitted attributes are null, and [`Value::UNKNOWN`] stands for a
//! value of another resource that is not known yet. Every chapter of [`crate::guide`] uses it.
//!
//! [`Workspace`] is for what such a host cannot show: the text of a plan, or the behaviour of a
//! client of another version.

use futures::StreamExt;
use tonic::Request;

use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::function::FunctionError;
use crate::proto::tfplugin6 as wire;
use crate::proto::tfplugin6::provider_server::Provider as _;
use crate::provider::Provider;
use crate::server::{Server, Shape};
use crate::value::{Type, Value, msgpack};

mod answer;
mod config;
mod managed;
mod workspace;

pub use crate::resource::{AnyResource, PlanRequest, PlanResult, Typed};
pub use answer::Answer;
pub use managed::{Managed, Planned, State};
pub use workspace::Workspace;

/// A host with a provider in the same process.
pub struct Host<P: Provider> {
    server: Server<P>,
}

/// An ephemeral resource that is open.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Open {
    /// Its values.
    pub value: Value,
    private: Option<bytes::Bytes>,
}

fn capable() -> Option<wire::ClientCapabilities> {
    Some(wire::ClientCapabilities {
        write_only_attributes_allowed: true,
        ..Default::default()
    })
}

/// The message of a response. A provider service reports failures only by diagnostics.
#[track_caller]
fn message<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> T {
    match answer {
        Ok(response) => response.into_inner(),
        Err(status) => panic!("the provider did not answer: {status}"),
    }
}

#[track_caller]
fn encode(value: &Value, ty: &Type) -> wire::DynamicValue {
    match msgpack::encode(value, ty) {
        Ok(bytes) => wire::DynamicValue {
            msgpack: bytes.into(),
            json: bytes::Bytes::new(),
        },
        Err(error) => panic!("the value does not fit the schema: {error}"),
    }
}

#[track_caller]
fn decode(value: Option<wire::DynamicValue>, ty: &Type) -> Value {
    let bytes = value.unwrap_or_default().msgpack;
    if bytes.is_empty() {
        return Value::Null;
    }
    match msgpack::decode(&bytes, ty) {
        Ok(value) => value,
        Err(error) => panic!("the provider's answer does not fit its schema: {error}"),
    }
}

#[track_caller]
fn known<T>(found: Result<T, Diagnostic>) -> T {
    match found {
        Ok(found) => found,
        Err(error) => panic!("{}: {}", error.summary, error.detail),
    }
}

impl<P: Provider> Host<P> {
    /// A host for the provider that `make` creates, one per run, as for [`serve`](crate::serve).
    pub fn new(make: impl Fn() -> std::sync::Arc<P> + Send + Sync + 'static) -> Self {
        Self {
            server: Server::new(make, "https://example.com/issues"),
        }
    }

    /// Validates the provider block and configures the provider. This begins a run.
    pub async fn configure(&self, config: impl Into<Value>) -> Answer<()> {
        let run = self.server.run();
        let shape = known(run.config());
        let (config, _) = block(shape, config);
        let request = wire::validate_provider_config::Request {
            config: config.clone(),
        };
        let checked = self.server.validate_provider_config(Request::new(request));
        let mut diagnostics = message(checked.await).diagnostics;
        if !failed(&diagnostics) {
            let request = wire::configure_provider::Request {
                terraform_version: "1.16.0".to_owned(),
                config,
                client_capabilities: capable(),
            };
            let configured = self.server.configure_provider(Request::new(request));
            diagnostics.extend(message(configured.await).diagnostics);
        }
        Answer::new((), diagnostics)
    }

    /// The managed resource with this type name.
    ///
    /// # Panics
    /// Panics if the provider does not serve it, or if its schema is invalid.
    #[track_caller]
    pub fn resource(&self, type_name: &str) -> Managed<'_, P> {
        let run = self.server.run();
        let (_, shape) = known(run.resources.get(type_name));
        Managed::new(&self.server, type_name, shape)
    }

    /// Validates and reads a data source.
    ///
    /// # Panics
    /// As [`Host::resource`].
    pub async fn read_data(&self, type_name: &str, config: impl Into<Value>) -> Answer<Value> {
        let (config, ty) = {
            let run = self.server.run();
            let (_, shape) = known(run.data_sources.get(type_name));
            block(shape, config)
        };
        let request = wire::validate_data_resource_config::Request {
            type_name: type_name.to_owned(),
            config: config.clone(),
        };
        let checked = self
            .server
            .validate_data_resource_config(Request::new(request));
        let mut diagnostics = message(checked.await).diagnostics;
        let mut state = None;
        if !failed(&diagnostics) {
            let request = wire::read_data_source::Request {
                type_name: type_name.to_owned(),
                config,
                ..Default::default()
            };
            let read = message(self.server.read_data_source(Request::new(request)).await);
            diagnostics.extend(read.diagnostics);
            state = read.state;
        }
        Answer::new(decode(state, &ty), diagnostics)
    }

    /// Calls a function; the arguments of a variadic parameter come last.
    ///
    /// # Errors
    /// Returns the provider's [`FunctionError`], without its parameter.
    ///
    /// # Panics
    /// As [`Host::resource`].
    pub async fn call(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Result<Value, FunctionError> {
        let (types, returns) = {
            let run = self.server.run();
            let Some(served) = run.functions.get(name) else {
                panic!("the provider has no function {name:?}");
            };
            let signature = known(served.signature());
            let (fixed, variadic) = served.parameters(signature);
            let fixed: Vec<Type> = fixed.iter().map(|p| p.value_type()).collect();
            let each = variadic.and_then(crate::server::element);
            ((fixed, each), signature.returns())
        };
        let arguments = arguments.into_iter().enumerate().map(|(i, argument)| {
            let ty = types.0.get(i).or(types.1.as_ref());
            encode(&argument, ty.unwrap_or(&Type::Dynamic))
        });
        let request = wire::call_function::Request {
            name: name.to_owned(),
            arguments: arguments.collect(),
        };
        let response = message(self.server.call_function(Request::new(request)).await);
        match response.error {
            Some(error) => Err(FunctionError::new(error.text)),
            None => Ok(decode(response.result, &returns)),
        }
    }

    /// Opens an ephemeral resource.
    ///
    /// # Panics
    /// As [`Host::resource`].
    pub async fn open(&self, type_name: &str, config: impl Into<Value>) -> Answer<Open> {
        let (config, ty) = {
            let run = self.server.run();
            let (_, shape) = known(run.ephemeral_resources.get(type_name));
            block(shape, config)
        };
        let request = wire::open_ephemeral_resource::Request {
            type_name: type_name.to_owned(),
            config,
            ..Default::default()
        };
        let opened = self.server.open_ephemeral_resource(Request::new(request));
        let opened = message(opened.await);
        let open = Open {
            value: decode(opened.result, &ty),
            private: opened.private,
        };
        Answer::new(open, opened.diagnostics)
    }

    /// Closes an ephemeral resource that [`Host::open`] opened.
    pub async fn close(&self, type_name: &str, open: Open) -> Answer<()> {
        let request = wire::close_ephemeral_resource::Request {
            type_name: type_name.to_owned(),
            private: open.private,
        };
        let closed = self.server.close_ephemeral_resource(Request::new(request));
        Answer::new((), message(closed.await).diagnostics)
    }

    /// Searches for the objects of a resource. Returns the name and the attributes of each.
    ///
    /// # Panics
    /// As [`Host::resource`].
    pub async fn query(
        &self,
        type_name: &str,
        config: impl Into<Value>,
    ) -> Answer<Vec<(String, Value)>> {
        let (config, managed) = {
            let run = self.server.run();
            let (_, shape) = known(run.list_resources.get(type_name));
            let (_, managed) = known(run.resources.get(type_name));
            (block(shape, config).0, managed.ty.clone())
        };
        let request = wire::list_resource::Request {
            type_name: type_name.to_owned(),
            config,
            include_resource_object: true,
            ..Default::default()
        };
        let mut events = message(self.server.list_resource(Request::new(request)).await);
        let (mut found, mut diagnostics) = (Vec::new(), Vec::new());
        while let Some(event) = events.next().await {
            let event = message(event.map(tonic::Response::new));
            diagnostics.extend(event.diagnostic);
            if event.resource_object.is_some() {
                let value = decode(event.resource_object, &managed);
                found.push((event.display_name, value));
            }
        }
        Answer::new(found, diagnostics)
    }

    /// Plans and invokes an action. Returns its progress messages.
    ///
    /// # Panics
    /// As [`Host::resource`].
    pub async fn invoke(&self, type_name: &str, config: impl Into<Value>) -> Answer<Vec<String>> {
        use wire::invoke_action::event::Type as Event;
        let (config, _) = {
            let run = self.server.run();
            let (_, shape) = known(run.actions.get(type_name));
            block(shape, config)
        };
        let request = wire::plan_action::Request {
            action_type: type_name.to_owned(),
            config: config.clone(),
            client_capabilities: capable(),
        };
        let planned = message(self.server.plan_action(Request::new(request)).await);
        let mut diagnostics = planned.diagnostics;
        let mut progress = Vec::new();
        if !failed(&diagnostics) {
            let request = wire::invoke_action::Request {
                action_type: type_name.to_owned(),
                config,
                client_capabilities: capable(),
            };
            let mut events = message(self.server.invoke_action(Request::new(request)).await);
            while let Some(event) = events.next().await {
                match message(event.map(tonic::Response::new)).r#type {
                    Some(Event::Progress(said)) => progress.push(said.message),
                    Some(Event::Completed(end)) => diagnostics.extend(end.diagnostics),
                    None => {}
                }
            }
        }
        Answer::new(progress, diagnostics)
    }

    /// Stops the run, as if the user had asked Terraform to stop.
    pub async fn stop(&self) {
        let stop = Request::new(wire::stop_provider::Request {});
        message(self.server.stop_provider(stop).await);
    }
}

/// A configuration in the protocol's form, and the type of the result.
#[track_caller]
fn block(shape: &Shape, config: impl Into<Value>) -> (Option<wire::DynamicValue>, Type) {
    let config = config::complete(shape.object(), config.into());
    (Some(encode(&config, &shape.ty)), shape.ty.clone())
}

/// Returns true if at least one of the diagnostics is an error.
fn failed(told: &[wire::Diagnostic]) -> bool {
    use wire::diagnostic::Severity::Warning;
    told.iter().any(|told| told.severity() != Warning)
}

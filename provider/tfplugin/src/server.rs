//! The provider service: one file per RPC; this file contains the shared parts.
//!
//! Every call is guarded (`server/guard.rs`): a panic becomes an error diagnostic, and the server
//! continues. Each call belongs to a run (`server/run.rs`), which ConfigureProvider begins.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tonic::{Request, Response, Status};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::private::Private;
use crate::proto::tfplugin6 as wire;
use crate::proto::tfplugin6::provider_server;
use crate::provider::Provider;
use crate::resource::Identity;
use crate::schema::{Object, Schema};
use crate::value::{Type, Value, json, msgpack};

mod apply;
mod call_function;
mod catalogue;
mod checked;
mod close_ephemeral;
mod configure;
mod functions;
mod generate_config;
mod get_metadata;
mod get_schema;
mod guard;
mod identity;
mod import;
mod invoke_action;
mod list;
mod logged;
mod move_state;
mod open_ephemeral;
mod plan;
mod plan_action;
mod read;
mod read_data;
mod renew_ephemeral;
mod run;
mod stop;
mod stream;
mod unread;
mod upgrade;
mod upgrade_identity;
mod validate;
mod warnings;

#[cfg(feature = "testing")]
pub(crate) use functions::element;
use guard::{guarded, guarded_stream};
use run::Run;
pub use run::Signals;

/// The maximum size of a message in either direction, as in Go's plugins.
pub const MAX_MESSAGE: usize = 256 << 20;

/// Serves the provider `P` to a host.
///
/// A process that its host started serves one run. A process that a person started serves many:
/// each connection has its own server, and each ConfigureProvider begins a run with a new provider.
pub struct Server<P: Provider> {
    make: Box<dyn Fn() -> Arc<P> + Send + Sync>,
    signals: Signals,
    run: RwLock<Arc<Run<P>>>,
    issues: String,
}

/// A schema, the type of its values and, for a resource with one, the identity.
pub(crate) struct Shape {
    schema: Schema,
    pub(crate) ty: Type,
    identity: Option<Identity>,
}

impl Shape {
    fn new(schema: Schema) -> Self {
        let ty = schema.root.value_type();
        Self {
            schema,
            ty,
            identity: None,
        }
    }

    fn with_identity(schema: Schema, identity: Option<Identity>) -> Self {
        Self {
            identity,
            ..Self::new(schema)
        }
    }

    pub(crate) fn object(&self) -> &Object {
        &self.schema.root
    }

    /// The value of a request; null if it is omitted.
    fn decode(&self, value: Option<&wire::DynamicValue>) -> Result<Value, Diagnostic> {
        decode(value, &self.ty)
    }

    fn encode(&self, value: &Value) -> Result<wire::DynamicValue, Diagnostic> {
        encode(value, &self.ty)
    }
}

/// The value of type `ty` in a request; null if it is omitted.
fn decode(value: Option<&wire::DynamicValue>, ty: &Type) -> Result<Value, Diagnostic> {
    let Some(value) = value else {
        return Ok(Value::Null);
    };
    let decoded = if value.msgpack.is_empty() && !value.json.is_empty() {
        json::decode(&value.json, ty)
    } else if value.msgpack.is_empty() {
        return Ok(Value::Null);
    } else {
        msgpack::decode(&value.msgpack, ty)
    };
    decoded.map_err(|error| {
        Diagnostic::error(
            "Terraform sent a value that does not fit the schema",
            format!("{error}. This is a fault of Terraform or of the provider; please report it."),
        )
        .at(error.path.clone())
    })
}

fn encode(value: &Value, ty: &Type) -> Result<wire::DynamicValue, Diagnostic> {
    let msgpack = msgpack::encode(value, ty).map_err(|error| {
        Diagnostic::error(
            "The provider made an invalid value",
            format!("{error}. This is a fault of the provider; please report it."),
        )
        .at(error.path.clone())
    })?;
    Ok(wire::DynamicValue {
        msgpack: msgpack.into(),
        json: Bytes::new(),
    })
}

/// Returns true if the value of a request is null, which can be determined without a schema.
fn is_null(value: Option<&wire::DynamicValue>) -> bool {
    value.is_none_or(|value| match value.msgpack.as_ref() {
        [] => value.json.is_empty() || *value.json == *b"null",
        bytes => bytes == [0xc0],
    })
}

fn private(bytes: &[u8]) -> Result<Private, Diagnostic> {
    Private::from_bytes(bytes).map_err(|error| {
        Diagnostic::error(
            "The state holds private data that cannot be read",
            format!(
                "{error}. It was written by hand or by another provider. Remove the resource from \
                 the state and import it again."
            ),
        )
    })
}

impl<P: Provider> Server<P> {
    /// A server for the providers that `make` creates, one per run. `issues` is the address for bug
    /// reports, used in messages.
    #[cfg(any(test, feature = "testing", feature = "unstable-proto"))]
    pub fn new(
        make: impl Fn() -> Arc<P> + Send + Sync + 'static,
        issues: impl Into<String>,
    ) -> Self {
        Self::until(Signals::default(), make, issues)
    }

    /// The same server, until one of `signals` is cancelled.
    pub fn until(
        signals: Signals,
        make: impl Fn() -> Arc<P> + Send + Sync + 'static,
        issues: impl Into<String>,
    ) -> Self {
        Self {
            run: RwLock::new(Arc::new(Run::new(make(), &signals))),
            make: Box::new(make),
            signals,
            issues: issues.into(),
        }
    }

    /// Ends the run: calls [`Provider::shutdown`].
    pub async fn shutdown(&self) {
        self.run().provider.shutdown().await;
    }

    pub(crate) fn run(&self) -> Arc<Run<P>> {
        // The value is replaced whole: nobody leaves it half-written.
        Arc::clone(&self.run.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The run that a call belongs to. ConfigureProvider begins one.
    fn run_of(&self, rpc: &str) -> Arc<Run<P>> {
        let run = self.run();
        if rpc != "configure_provider" || run.begin() {
            return run;
        }
        let next = Arc::new(Run::new((self.make)(), &self.signals));
        next.begin();
        *self.run.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        // It is over, and its caller has gone.
        tokio::spawn(async move { run.provider.shutdown().await });
        next
    }
}

fn no_schema(of: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(
        "The provider has an invalid schema",
        format!("{of} has no schema: {reason}. This is a fault of the provider; please report it."),
    )
}

fn one(diagnostic: Diagnostic) -> Vec<wire::Diagnostic> {
    vec![diagnostic.into_wire()]
}

/// The diagnostics of an RPC that stopped at a step, including those from before. The stop is
/// reported as an error, even if the provider reported a warning.
fn stopped(mut diags: Diagnostics, why: Diagnostic) -> Vec<wire::Diagnostic> {
    diags.push(why.into_error());
    diags.into_wire()
}

type Answer<T> = Result<Response<T>, Status>;

macro_rules! rpcs {
    (
        calls { $($rpc:ident: $request:ty => $response:ty, $of:expr, $fallback:expr;)* }
        streams { $($stream:ident: $asked:ty => $event:ty, $about:expr;)* }
    ) => {
        #[tonic::async_trait]
        impl<P: Provider> provider_server::Provider for Server<P> {
            $(
                async fn $rpc(&self, request: Request<$request>) -> Answer<$response> {
                    let request = request.into_inner();
                    let of: fn(&$request) -> &str = $of;
                    let fallback: fn(&$request) -> $response = $fallback;
                    let (of, fallback) = (of(&request).to_owned(), fallback(&request));
                    let run = self.run_of(stringify!($rpc));
                    let call = run.$rpc(request);
                    guarded(stringify!($rpc), &of, &self.issues, fallback, call).await
                }
            )*
            $(
                async fn $stream(
                    &self,
                    request: Request<$asked>,
                ) -> Answer<tonic::codegen::BoxStream<$event>> {
                    let request = request.into_inner();
                    let of: fn(&$asked) -> &str = $about;
                    let of = of(&request).to_owned();
                    let run = self.run_of(stringify!($stream));
                    let begin = || run.$stream(request);
                    guarded_stream(stringify!($stream), &of, &self.issues, begin)
                }
            )*
        }
    };
}

// Each RPC: request, answer, the type it is about, and what to answer beside an error when it panics:
// the state as it was, so that nothing is lost. What is not here, the state stores, is unimplemented.
rpcs! {
    calls {
        get_metadata: wire::get_metadata::Request => wire::get_metadata::Response,
            |_| "", |_| Default::default();
        get_provider_schema:
            wire::get_provider_schema::Request => wire::get_provider_schema::Response,
            |_| "", |_| Default::default();
        validate_provider_config:
            wire::validate_provider_config::Request => wire::validate_provider_config::Response,
            |_| "", |_| Default::default();
        validate_resource_config:
            wire::validate_resource_config::Request => wire::validate_resource_config::Response,
            |r| &r.type_name, |_| Default::default();
        validate_data_resource_config:
            wire::validate_data_resource_config::Request
                => wire::validate_data_resource_config::Response,
            |r| &r.type_name, |_| Default::default();
        validate_ephemeral_resource_config:
            wire::validate_ephemeral_resource_config::Request
                => wire::validate_ephemeral_resource_config::Response,
            |r| &r.type_name, |_| Default::default();
        validate_list_resource_config:
            wire::validate_list_resource_config::Request
                => wire::validate_list_resource_config::Response,
            |r| &r.type_name, |_| Default::default();
        validate_action_config:
            wire::validate_action_config::Request => wire::validate_action_config::Response,
            |r| &r.type_name, |_| Default::default();
        configure_provider:
            wire::configure_provider::Request => wire::configure_provider::Response,
            |_| "", |_| Default::default();
        upgrade_resource_state:
            wire::upgrade_resource_state::Request => wire::upgrade_resource_state::Response,
            |r| &r.type_name, |_| Default::default();
        get_resource_identity_schemas:
            wire::get_resource_identity_schemas::Request
                => wire::get_resource_identity_schemas::Response,
            |_| "", |_| Default::default();
        upgrade_resource_identity:
            wire::upgrade_resource_identity::Request => wire::upgrade_resource_identity::Response,
            |r| &r.type_name, |_| Default::default();
        read_resource: wire::read_resource::Request => wire::read_resource::Response,
            |r| &r.type_name, read::unchanged;
        plan_resource_change:
            wire::plan_resource_change::Request => wire::plan_resource_change::Response,
            |r| &r.type_name, |_| Default::default();
        apply_resource_change:
            wire::apply_resource_change::Request => wire::apply_resource_change::Response,
            |r| &r.type_name, apply::unchanged;
        import_resource_state:
            wire::import_resource_state::Request => wire::import_resource_state::Response,
            |r| &r.type_name, |_| Default::default();
        move_resource_state:
            wire::move_resource_state::Request => wire::move_resource_state::Response,
            |r| &r.target_type_name, |_| Default::default();
        generate_resource_config:
            wire::generate_resource_config::Request => wire::generate_resource_config::Response,
            |r| &r.type_name, |_| Default::default();
        read_data_source: wire::read_data_source::Request => wire::read_data_source::Response,
            |r| &r.type_name, |_| Default::default();
        open_ephemeral_resource:
            wire::open_ephemeral_resource::Request => wire::open_ephemeral_resource::Response,
            |r| &r.type_name, |_| Default::default();
        renew_ephemeral_resource:
            wire::renew_ephemeral_resource::Request => wire::renew_ephemeral_resource::Response,
            |r| &r.type_name, renew_ephemeral::unchanged;
        close_ephemeral_resource:
            wire::close_ephemeral_resource::Request => wire::close_ephemeral_resource::Response,
            |r| &r.type_name, |_| Default::default();
        get_functions: wire::get_functions::Request => wire::get_functions::Response,
            |_| "", |_| Default::default();
        call_function: wire::call_function::Request => wire::call_function::Response,
            |r| &r.name, |_| Default::default();
        plan_action: wire::plan_action::Request => wire::plan_action::Response,
            |r| &r.action_type, |_| Default::default();
        stop_provider: wire::stop_provider::Request => wire::stop_provider::Response,
            |_| "", |_| Default::default();
    }
    streams {
        list_resource: wire::list_resource::Request => wire::list_resource::Event,
            |r| &r.type_name;
        invoke_action: wire::invoke_action::Request => wire::invoke_action::Event,
            |r| &r.action_type;
    }
}

/// A future that answers an RPC.
trait Call<T>: Future<Output = T> + Send {}

impl<T, F: Future<Output = T> + Send> Call<T> for F {}

//! The state of one run of the host: the provider, its configuration and the warnings already
//! reported.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use super::catalogue::Catalogue;
use super::functions::Functions;
use super::warnings::Told;
use super::{Shape, no_schema};
use crate::action::AnyAction;
use crate::context::Context;
use crate::data_source::AnyDataSource;
use crate::diagnostics::Diagnostic;
use crate::ephemeral::AnyEphemeralResource;
use crate::list::AnyListResource;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::registry::Registry;
use crate::resource::AnyResource;
use crate::schema::Schema;

/// Names that Terraform's language reserves in a provider block, in addition to those of resources.
const RESERVED: [&str; 4] = ["alias", "version", "source", "locals"];

/// Tokens that end calls from outside, in all runs of a process.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Cancelled to stop waiting calls, as after StopProvider.
    pub stop: CancellationToken,
    /// Cancelled when the process is about to end: no call may wait any longer.
    pub end: CancellationToken,
}

/// A run: the time from one ConfigureProvider to the next. Calls before the first belong to the
/// first run.
pub(crate) struct Run<P: Provider> {
    pub(super) provider: Arc<P>,
    pub(crate) resources: Catalogue<dyn AnyResource>,
    pub(crate) data_sources: Catalogue<dyn AnyDataSource>,
    pub(crate) ephemeral_resources: Catalogue<dyn AnyEphemeralResource>,
    pub(crate) list_resources: Catalogue<dyn AnyListResource>,
    pub(crate) actions: Catalogue<dyn AnyAction>,
    pub(crate) functions: Functions,
    pub(super) told: Told,
    /// The host's version from ConfigureProvider.
    pub(super) terraform_version: OnceLock<String>,
    pub(super) stop: CancellationToken,
    end: CancellationToken,
    begun: AtomicBool,
    config: OnceLock<Result<Shape, String>>,
}

impl<P: Provider> Run<P> {
    pub(super) fn new(provider: Arc<P>, signals: &Signals) -> Self {
        let mut registry = Registry::default();
        provider.register(&mut registry);
        Self {
            resources: Catalogue::new(registry.resources),
            data_sources: Catalogue::new(registry.data_sources),
            ephemeral_resources: Catalogue::new(registry.ephemeral_resources),
            list_resources: Catalogue::new(registry.list_resources),
            actions: Catalogue::new(registry.actions),
            functions: Functions::new(registry.functions),
            provider,
            told: Told::default(),
            terraform_version: OnceLock::new(),
            stop: signals.stop.child_token(),
            end: signals.end.child_token(),
            begun: AtomicBool::new(false),
            config: OnceLock::new(),
        }
    }

    /// Returns true for the first ConfigureProvider.
    pub(super) fn begin(&self) -> bool {
        !self.begun.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn config(&self) -> Result<&Shape, Diagnostic> {
        self.config
            .get_or_init(|| {
                let schema =
                    Schema::derive::<P::Config>(0, "").map_err(|error| error.to_string())?;
                let mut names = schema.root.attributes.iter().map(|a| a.name.as_str());
                match names.find(|name| RESERVED.contains(name)) {
                    Some(name) => Err(format!("{name} is a word of the language in it")),
                    None => Ok(Shape::new(schema)),
                }
            })
            .as_ref()
            .map_err(|reason| no_schema("The provider's configuration", reason))
    }

    pub(super) fn managed(
        &self,
        type_name: &str,
    ) -> Result<(&dyn AnyResource, &Shape), Diagnostic> {
        self.resources.get(type_name)
    }

    pub(super) fn context(&self, client: Option<&wire::ClientCapabilities>) -> Context {
        Context {
            stop: self.stop.child_token(),
            terraform_version: self.terraform_version.get().cloned().unwrap_or_default(),
            write_only_allowed: client.is_some_and(|c| c.write_only_attributes_allowed),
            deferral_allowed: client.is_some_and(|c| c.deferral_allowed),
            ..Context::default()
        }
    }

    /// The context of an operation after validation and plan.
    pub(super) fn later_context(&self, client: Option<&wire::ClientCapabilities>) -> Context {
        Context {
            write_only_allowed: true,
            ..self.context(client)
        }
    }

    /// The context of an operation that must also run after a stop.
    pub(super) fn closing_context(&self) -> Context {
        Context {
            stop: self.end.child_token(),
            ..self.later_context(None)
        }
    }
}

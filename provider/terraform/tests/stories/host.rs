//! Terraform's core, as far as one resource goes: it plans, applies, and keeps a state.
//!
//! A run is what `terraform apply` does: one process of the provider reads and plans, another one
//! plans again and applies. The state is what Terraform would have saved at every moment: a run
//! that is killed leaves the state from before it, and of a provider that is killed in an apply
//! Terraform takes the answer that never came for an error without a new state.

use std::sync::Arc;

use everest_cluster::{Catalog, Cluster};
use serde_json::{Value as Json, json};
use terraform_provider_everest::EverestProvider;
use test_apiserver::Process;
use test_stories::Dies;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Value, json as stored, msgpack};
use tfplugin::{Provider as _, Registry};
use tokio_util::sync::CancellationToken;
use tonic::Request;
use wire::diagnostic::Severity;

/// A configuration.
#[derive(Clone)]
pub struct Wanted {
    /// The type of the resource.
    pub type_name: &'static str,
    /// Its block; `None` if it was taken out.
    pub block: Option<Json>,
    /// The id in an `import` block.
    pub import: Option<&'static str>,
}

/// A working directory: the configuration is handed in, the state stays.
#[derive(Clone, Default)]
pub struct Host {
    state: Option<Instance>,
}

/// An object in the state.
#[derive(Clone)]
struct Instance {
    value: Value,
    private: Vec<u8>,
    tainted: bool,
}

/// A plan.
pub struct Plan {
    /// What was read, or imported.
    refreshed: Option<Instance>,
    config: Value,
    private: Vec<u8>,
    action: Action,
}

#[derive(PartialEq)]
enum Action {
    Nothing,
    Create,
    Update,
    Replace,
    Delete,
}

/// The reason why a run ends early.
pub enum Stop {
    /// A user is told so.
    Errors(Vec<String>),
    /// The provider was killed.
    Killed,
}

impl Host {
    /// The state as JSON.
    pub fn remembers(&self) -> Json {
        match &self.state {
            Some(state) => json!({"value": shown(&state.value), "tainted": state.tainted}),
            None => Json::Null,
        }
    }

    /// `terraform apply`: true if there was nothing to do.
    pub async fn apply(
        &mut self,
        wanted: &Wanted,
        process: &Process,
        dies: Dies,
    ) -> Result<bool, Stop> {
        let plugin = Plugin::start(process, wanted.type_name).await?;
        let plan = self.plan(&plugin, wanted).await?;
        plugin.end().await?;
        if plan.changes_nothing() {
            self.state = plan.refreshed;
            return Ok(true);
        }
        let plugin = Plugin::start(process, wanted.type_name).await?;
        self.carry_out(&plugin, plan, dies).await?;
        plugin.end().await?;
        Ok(false)
    }

    /// Does what is planned.
    pub async fn carry_out(&mut self, plugin: &Plugin, plan: Plan, dies: Dies) -> Result<(), Stop> {
        let mut state = plan.refreshed.clone();
        let done = carry_out(plugin, &plan, &mut state).await;
        // Whoever is killed with the provider saves nothing but what was saved before.
        if !(matches!(done, Err(Stop::Killed)) && dies == Dies::WithHost) {
            self.state = state;
        }
        done
    }

    /// Validates, reads and plans.
    pub async fn plan(&self, plugin: &Plugin, wanted: &Wanted) -> Result<Plan, Stop> {
        let config = match &wanted.block {
            Some(block) => stored::from_json(block, &plugin.object.value_type()).unwrap(),
            None => Value::Null,
        };
        if !config.is_null() {
            plugin.validate(&config).await?;
        }
        let refreshed = match (&self.state, wanted.import) {
            (Some(state), _) => plugin.read(state).await?,
            (None, Some(id)) => {
                let imported = plugin.import(id).await?;
                let read = plugin.read(&imported).await?;
                Some(read.ok_or_else(|| Stop::Errors(vec![format!("{id} does not exist")]))?)
            }
            (None, None) => None,
        };
        let none = (Value::Null, Vec::new());
        let (prior, private) = match &refreshed {
            Some(state) if !state.tainted || config.is_null() => {
                (state.value.clone(), state.private.clone())
            }
            // What is tainted is planned as if it were to be made.
            _ => none.clone(),
        };
        if config.is_null() && prior.is_null() {
            let (_, private) = none;
            let action = Action::Nothing;
            return Ok(Plan {
                refreshed,
                config,
                private,
                action,
            });
        }
        let mut answer = plugin.plan(&prior, &private, &config).await?;
        let replaces = !prior.is_null() && answer.replaces;
        let action = if config.is_null() {
            Action::Delete
        } else if replaces || prior.is_null() && refreshed.is_some() {
            Action::Replace
        } else if prior.is_null() {
            Action::Create
        } else if answer.planned == prior {
            Action::Nothing
        } else {
            Action::Update
        };
        if replaces {
            answer = plugin.plan(&Value::Null, &answer.private, &config).await?;
        }
        Ok(Plan {
            refreshed,
            config,
            private: answer.private,
            action,
        })
    }
}

impl Plan {
    /// Returns true if there is nothing to do.
    pub fn changes_nothing(&self) -> bool {
        self.action == Action::Nothing
    }
}

/// Does what is planned; `state` is what is known at any moment.
async fn carry_out(plugin: &Plugin, plan: &Plan, state: &mut Option<Instance>) -> Result<(), Stop> {
    if matches!(plan.action, Action::Delete | Action::Replace) {
        let before = state.clone();
        plugin
            .apply(before, &Value::Null, &Value::Null, &plan.private, state)
            .await?;
    }
    if plan.action == Action::Delete {
        return Ok(());
    }
    let before = state.clone().filter(|state| !state.tainted);
    let (prior, private) = match &before {
        Some(state) => (state.value.clone(), state.private.clone()),
        None => (Value::Null, Vec::new()),
    };
    // Terraform plans again, of what is known now.
    let again = plugin.plan(&prior, &private, &plan.config).await?;
    plugin
        .apply(before, &again.planned, &plan.config, &again.private, state)
        .await
}

/// The result of a plan.
struct Planned {
    planned: Value,
    private: Vec<u8>,
    replaces: bool,
}

/// A process of the provider.
pub struct Plugin {
    server: Server<EverestProvider>,
    everest: Arc<EverestProvider>,
    death: CancellationToken,
    type_name: &'static str,
    object: Object,
}

impl Plugin {
    /// The provider as a process that has begun and is configured.
    pub async fn start(process: &Process, type_name: &'static str) -> Result<Self, Stop> {
        let of = process.clone();
        Self::over(move || of.client(), process, type_name).await
    }

    /// The same, with other clients than those of the process.
    pub async fn over(
        client: impl Fn() -> kube::Client + Send + Sync + 'static,
        process: &Process,
        type_name: &'static str,
    ) -> Result<Self, Stop> {
        let server = process.server().clone();
        let everest = Arc::new(EverestProvider::reaching(move |_, catalog: Catalog| {
            let server = server.clone();
            Ok(Cluster::new(client(), catalog).with_time(move || server.now()))
        }));
        let mut registry = Registry::default();
        everest.register(&mut registry);
        let mut resources = registry.resource_schemas().unwrap().into_iter();
        let resource = resources.find(|resource| resource.type_name == type_name);
        let plugin = Self {
            server: Server::new(
                {
                    let everest = Arc::clone(&everest);
                    move || Arc::clone(&everest)
                },
                "https://example.com",
            ),
            death: process.death(),
            type_name,
            object: resource.unwrap().schema.root,
            everest,
        };
        let schema = Schema::derive::<everest_schemas::models::ProviderModel>(0, "").unwrap();
        let request = wire::configure_provider::Request {
            terraform_version: "1.11.4".to_owned(),
            config: Some(encoded(&schema.root.null_members(), &schema.root)),
            client_capabilities: capable(),
        };
        let call = plugin.server.configure_provider(Request::new(request));
        let response = plugin.lives(call).await?.unwrap().into_inner();
        refuse(&response.diagnostics)?;
        Ok(plugin)
    }

    /// The provider is asked to end, and does.
    pub async fn end(&self) -> Result<(), Stop> {
        self.lives(self.everest.shutdown()).await
    }

    /// The result of a call, unless the provider dies first.
    async fn lives<T>(&self, call: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = self.death.cancelled() => Err(Stop::Killed),
            came = call => Ok(came),
        }
    }

    async fn validate(&self, config: &Value) -> Result<(), Stop> {
        let request = wire::validate_resource_config::Request {
            type_name: self.type_name.to_owned(),
            config: Some(self.encoded(config)),
            client_capabilities: capable(),
        };
        let call = self.server.validate_resource_config(Request::new(request));
        refuse(&self.lives(call).await?.unwrap().into_inner().diagnostics)
    }

    async fn import(&self, id: &str) -> Result<Instance, Stop> {
        let request = wire::import_resource_state::Request {
            type_name: self.type_name.to_owned(),
            id: id.to_owned(),
            ..Default::default()
        };
        let call = self.server.import_resource_state(Request::new(request));
        let response = self.lives(call).await?.unwrap().into_inner();
        refuse(&response.diagnostics)?;
        let imported = response.imported_resources.into_iter().next().unwrap();
        Ok(Instance {
            value: self.decoded(imported.state),
            private: imported.private.to_vec(),
            tainted: false,
        })
    }

    async fn read(&self, state: &Instance) -> Result<Option<Instance>, Stop> {
        let request = wire::read_resource::Request {
            type_name: self.type_name.to_owned(),
            current_state: Some(self.encoded(&state.value)),
            private: state.private.clone().into(),
            ..Default::default()
        };
        let call = self.server.read_resource(Request::new(request));
        let response = self.lives(call).await?.unwrap().into_inner();
        refuse(&response.diagnostics)?;
        let value = self.decoded(response.new_state);
        Ok((!value.is_null()).then_some(Instance {
            value,
            private: response.private.to_vec(),
            tainted: state.tainted,
        }))
    }

    async fn plan(&self, prior: &Value, private: &[u8], config: &Value) -> Result<Planned, Stop> {
        let request = wire::plan_resource_change::Request {
            type_name: self.type_name.to_owned(),
            prior_state: Some(self.encoded(prior)),
            proposed_new_state: Some(self.encoded(config)),
            config: Some(self.encoded(config)),
            prior_private: private.to_vec().into(),
            client_capabilities: capable(),
            ..Default::default()
        };
        let call = self.server.plan_resource_change(Request::new(request));
        let response = self.lives(call).await?.unwrap().into_inner();
        refuse(&response.diagnostics)?;
        Ok(Planned {
            planned: self.decoded(response.planned_state),
            private: response.planned_private.to_vec(),
            replaces: !response.requires_replace.is_empty(),
        })
    }

    /// Applies a change, and notes in `state` what is known then.
    async fn apply(
        &self,
        before: Option<Instance>,
        planned: &Value,
        config: &Value,
        private: &[u8],
        state: &mut Option<Instance>,
    ) -> Result<(), Stop> {
        let prior = before
            .as_ref()
            .map_or(Value::Null, |before| before.value.clone());
        let request = wire::apply_resource_change::Request {
            type_name: self.type_name.to_owned(),
            prior_state: Some(self.encoded(&prior)),
            planned_state: Some(self.encoded(planned)),
            config: Some(self.encoded(config)),
            planned_private: private.to_vec().into(),
            ..Default::default()
        };
        let call = self.server.apply_resource_change(Request::new(request));
        let Ok(response) = self.lives(call).await else {
            // The private state is lost with the answer, except of what was to be deleted.
            if !planned.is_null() {
                *state = before.map(|before| Instance {
                    private: Vec::new(),
                    ..before
                });
            }
            return Err(Stop::Killed);
        };
        let response = response.unwrap().into_inner();
        let value = self.decoded(response.new_state);
        let failed = refuse(&response.diagnostics);
        if value.is_null() {
            // An error without a new state keeps the one from before.
            if failed.is_ok() {
                *state = None;
            }
            return failed;
        }
        let tainted = match &before {
            Some(before) => failed.is_err() && before.tainted,
            None => failed.is_err(),
        };
        *state = Some(Instance {
            value,
            private: response.private.to_vec(),
            tainted,
        });
        failed
    }

    fn encoded(&self, value: &Value) -> wire::DynamicValue {
        encoded(value, &self.object)
    }

    fn decoded(&self, value: Option<wire::DynamicValue>) -> Value {
        let bytes = value.unwrap_or_default().msgpack;
        if bytes.is_empty() {
            return Value::Null;
        }
        msgpack::decode(&bytes, &self.object.value_type()).unwrap()
    }
}

fn encoded(value: &Value, object: &Object) -> wire::DynamicValue {
    wire::DynamicValue {
        msgpack: msgpack::encode(value, &object.value_type()).unwrap().into(),
        json: Default::default(),
    }
}

fn capable() -> Option<wire::ClientCapabilities> {
    Some(wire::ClientCapabilities {
        write_only_attributes_allowed: true,
        ..Default::default()
    })
}

/// A value of the state as JSON.
fn shown(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown(_) => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Number(number) => json!(number.to_string()),
        Value::String(text) => json!(text),
        Value::Dynamic(carried) => shown(&carried.1),
        Value::List(elements) => elements.iter().map(shown).collect(),
        Value::Map(members) => {
            let members = members
                .iter()
                .map(|(name, member)| (name.clone(), shown(member)));
            Json::Object(members.collect())
        }
    }
}

/// The errors among diagnostics.
fn refuse(diagnostics: &[wire::Diagnostic]) -> Result<(), Stop> {
    let errors = diagnostics.iter();
    let errors = errors.filter(|diagnostic| diagnostic.severity == Severity::Error as i32);
    let errors: Vec<_> = errors
        .map(|error| format!("{}: {}", error.summary, error.detail))
        .collect();
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Stop::Errors(errors)),
    }
}

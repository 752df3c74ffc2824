//! The types that a provider serves.

use crate::action::{Action, AnyAction};
use crate::data_source::{AnyDataSource, DataSource};
use crate::ephemeral::{AnyEphemeralResource, EphemeralResource};
use crate::function::{AnyFunction, Function, Signature};
use crate::list::{AnyListResource, ListResource};
use crate::resource::{AnyResource, IdentityAttribute, Resource, Typed};
use crate::schema::{Schema, SchemaError};

/// The types that a provider serves. [`Provider::register`](crate::Provider::register) fills it.
/// Register each type only once: if two types have the same name, neither is served, and the schema
/// call reports an error.
#[derive(Default)]
pub struct Registry {
    pub(crate) resources: Vec<Box<dyn AnyResource>>,
    pub(crate) data_sources: Vec<Box<dyn AnyDataSource>>,
    pub(crate) functions: Vec<Box<dyn AnyFunction>>,
    pub(crate) ephemeral_resources: Vec<Box<dyn AnyEphemeralResource>>,
    pub(crate) list_resources: Vec<Box<dyn AnyListResource>>,
    pub(crate) actions: Vec<Box<dyn AnyAction>>,
}

impl Registry {
    /// Registers a managed resource.
    pub fn resource(&mut self, resource: impl Resource) -> &mut Self {
        self.resources.push(Box::new(Typed(resource)));
        self
    }

    /// Registers a data source.
    pub fn data_source(&mut self, source: impl DataSource) -> &mut Self {
        self.data_sources.push(Box::new(Typed(source)));
        self
    }

    /// Registers a function.
    pub fn function(&mut self, function: impl Function) -> &mut Self {
        self.functions.push(Box::new(Typed(function)));
        self
    }

    /// Registers an ephemeral resource.
    pub fn ephemeral_resource(&mut self, resource: impl EphemeralResource) -> &mut Self {
        self.ephemeral_resources.push(Box::new(Typed(resource)));
        self
    }

    /// Registers a list resource: the search for the objects of a managed resource, which must be
    /// registered too and have an identity.
    pub fn list_resource(&mut self, list: impl ListResource) -> &mut Self {
        self.list_resources.push(Box::new(Typed(list)));
        self
    }

    /// Registers an action.
    pub fn action(&mut self, action: impl Action) -> &mut Self {
        self.actions.push(Box::new(Typed(action)));
        self
    }

    /// The schema of each managed resource, for documentation and tests.
    ///
    /// # Errors
    /// [`SchemaError`] of the first whose model has no Terraform form, or that has a pending output
    /// which is none of its attributes.
    pub fn resource_schemas(&self) -> Result<Vec<Registered>, SchemaError> {
        let resources = self.resources.iter().map(|resource| {
            let schema = resource.schema()?;
            let mut outputs = resource.pending_outputs().iter();
            if let Some(output) = outputs.find(|output| schema.root.get(output).is_none()) {
                return Err(SchemaError::Contradiction {
                    path: (*output).to_owned(),
                    reason: "it is a pending output and no attribute of the model".to_owned(),
                });
            }
            Ok(Registered {
                type_name: resource.type_name(),
                schema,
                identity: resource.identity(),
            })
        });
        resources.collect()
    }

    /// The schema of each data source, for documentation and tests.
    ///
    /// # Errors
    /// [`SchemaError`] of the first whose model has no Terraform form.
    pub fn data_source_schemas(&self) -> Result<Vec<Registered>, SchemaError> {
        let sources = self.data_sources.iter();
        sources
            .map(|source| Registered::new(source.type_name(), source.schema()))
            .collect()
    }

    /// The schema of each ephemeral resource, for documentation and tests.
    ///
    /// # Errors
    /// [`SchemaError`] of the first whose model has no Terraform form.
    pub fn ephemeral_resource_schemas(&self) -> Result<Vec<Registered>, SchemaError> {
        let resources = self.ephemeral_resources.iter();
        resources
            .map(|resource| Registered::new(resource.type_name(), resource.schema()))
            .collect()
    }

    /// The configuration schema of each list resource, for documentation and tests.
    ///
    /// # Errors
    /// [`SchemaError`] of the first whose model has no Terraform form.
    pub fn list_resource_schemas(&self) -> Result<Vec<Registered>, SchemaError> {
        let lists = self.list_resources.iter();
        lists
            .map(|list| Registered::new(list.type_name(), list.schema()))
            .collect()
    }

    /// The configuration schema of each action, for documentation and tests.
    ///
    /// # Errors
    /// [`SchemaError`] of the first whose model has no Terraform form.
    pub fn action_schemas(&self) -> Result<Vec<Registered>, SchemaError> {
        let actions = self.actions.iter();
        actions
            .map(|action| Registered::new(action.type_name(), action.schema()))
            .collect()
    }

    /// The name, the summary and the signature of each function, for documentation and tests.
    ///
    /// # Errors
    /// [`SchemaError`] of the first whose arguments or result have no Terraform form.
    pub fn function_signatures(&self) -> Result<Vec<RegisteredFunction>, SchemaError> {
        let functions = self.functions.iter().map(|function| {
            Ok(RegisteredFunction {
                name: function.name(),
                summary: function.summary(),
                variadic: function.variadic(),
                signature: function.signature()?,
            })
        });
        functions.collect()
    }
}

/// A registered function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegisteredFunction {
    /// The name that users write.
    pub name: &'static str,
    /// A summary in one line.
    pub summary: &'static str,
    /// True if the last parameter accepts any number of arguments.
    pub variadic: bool,
    /// The parameters and the result.
    pub signature: Signature,
}

/// A registered type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Registered {
    /// The name that users write.
    pub type_name: &'static str,
    /// Its attributes.
    pub schema: Schema,
    /// The attributes of the identity; empty if the type has none.
    pub identity: Vec<IdentityAttribute>,
}

impl Registered {
    fn new(
        type_name: &'static str,
        schema: Result<Schema, SchemaError>,
    ) -> Result<Self, SchemaError> {
        Ok(Self {
            type_name,
            schema: schema?,
            identity: Vec::new(),
        })
    }
}

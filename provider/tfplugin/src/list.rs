//! What a list resource implements.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model;
use crate::provider::Model;
use crate::resource::{Typed, decode, unencodable};
use crate::schema::{Object, Schema, SchemaError};
use crate::value::Value;

/// Finds the objects of a managed resource that exist, for `terraform query`. The provider has a
/// [`Resource`](crate::Resource) of the same type name, which has an identity.
pub trait ListResource: Send + Sync + 'static {
    /// What narrows the search.
    type Config: Model;

    /// The model of the managed resource.
    type Model: Model;

    /// The one of the managed resource.
    fn type_name(&self) -> &'static str;

    /// In markdown; "" takes the doc comment of the configuration.
    fn description(&self) -> &'static str {
        ""
    }

    /// Checks a configuration; values may be unknown. Called several times a command.
    fn validate(&self, config: &Self::Config, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Finds objects and hands each to `found` until that wants no more. An error is about the
    /// search as a whole; what was found before it counts.
    fn list(
        &self,
        request: ListRequest<'_, Self::Config, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send;
}

/// What [`ListResource::list`] gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct ListRequest<'a, C, M> {
    /// What narrows the search.
    pub config: C,
    /// What is to be given.
    pub query: Query,
    /// Takes what is found.
    pub found: &'a Found<M>,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told of the search as a whole.
    pub diags: &'a mut Diagnostics,
}

/// What a search is to give.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Query {
    /// Whether whole objects are wanted; else their identity and name are enough.
    pub include_resource: bool,
    /// How many at most; None: all.
    pub limit: Option<u64>,
}

/// One object that was found.
#[derive(Clone, Debug)]
pub struct Listed<M> {
    /// The object; what its identity is made of at least.
    pub object: M,
    /// What a user would call it.
    pub display_name: String,
    /// What is to be said of it. After an error it is reported without the object.
    pub diagnostics: Diagnostics,
}

impl<M> Listed<M> {
    /// An object of which nothing is to be said.
    pub fn new(display_name: impl Into<String>, object: M) -> Self {
        Self {
            object,
            display_name: display_name.into(),
            diagnostics: Diagnostics::new(),
        }
    }

    /// The same, with something to be said of it.
    #[must_use]
    pub fn with(mut self, diagnostic: Diagnostic) -> Self {
        self.diagnostics.push(diagnostic);
        self
    }
}

/// Takes what a search finds, one by one, as fast as the host takes it.
#[derive(Debug)]
pub struct Found<M> {
    to: Sender<Listed<Value>>,
    object: Object,
    left: AtomicU64,
    stop: CancellationToken,
    model: PhantomData<fn(M)>,
}

impl<M: Model> Found<M> {
    /// Hands one over. Returns whether more are wanted: not when the limit is reached, the user
    /// asked to stop, or nobody listens any more.
    pub async fn push(&self, listed: Listed<M>) -> bool {
        let mut diagnostics = listed.diagnostics;
        let object = model::encode(&listed.object, &self.object).unwrap_or_else(|error| {
            diagnostics.push(unencodable(&error));
            Value::Null
        });
        let listed = Listed {
            object,
            display_name: listed.display_name,
            diagnostics,
        };
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 || self.to.send(listed).await.is_err() {
            return false;
        }
        self.left.store(left - 1, Ordering::Relaxed);
        left > 1 && !self.stop.is_cancelled()
    }
}

/// A list resource in terms of values; [`Typed`] makes one of any [`ListResource`].
#[async_trait]
#[allow(
    missing_docs,
    reason = "each method is the one of ListResource, in values"
)]
pub trait AnyListResource: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// [`SchemaError`] when the configuration has no Terraform form.
    fn schema(&self) -> Result<Schema, SchemaError>;

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics);

    /// `config` is by `object`; what is found goes to `to` by the attributes of `managed`.
    async fn list(
        &self,
        (object, config): (&Object, &Value),
        query: &Query,
        (managed, to): (&Object, Sender<Listed<Value>>),
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic>;
}

#[async_trait]
impl<L: ListResource> AnyListResource for Typed<L> {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        Schema::derive::<L::Config>(0, self.0.description())
    }

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics) {
        match decode(object, config) {
            Ok(config) => self.0.validate(&config, diags),
            Err(error) => diags.push(error),
        }
    }

    async fn list(
        &self,
        (object, config): (&Object, &Value),
        query: &Query,
        (managed, to): (&Object, Sender<Listed<Value>>),
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let config = decode(object, config)?;
        let found = Found {
            to,
            object: managed.clone(),
            left: AtomicU64::new(query.limit.unwrap_or(u64::MAX)),
            stop: cx.stop.clone(),
            model: PhantomData,
        };
        let request = ListRequest {
            config,
            query: *query,
            found: &found,
            cx,
            diags,
        };
        self.0.list(request).await
    }
}

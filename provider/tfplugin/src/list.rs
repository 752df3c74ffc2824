//! The trait that a list resource implements.

use std::borrow::Cow;
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

/// A search for existing objects of a managed resource, for `terraform query`. The provider must
/// have a [`Resource`](crate::Resource) with the same type name and an identity.
pub trait ListResource: Send + Sync + 'static {
    /// The search filter.
    type Config: Model;

    /// The model of the managed resource.
    type Model: Model;

    /// The type name of the managed resource.
    fn type_name(&self) -> &'static str;

    /// The description in markdown. If it is empty, the doc comment of the configuration is used.
    fn description(&self) -> Cow<'static, str> {
        Cow::Borrowed("")
    }

    /// Checks a configuration; values may be unknown. Called several times a command.
    fn validate(&self, config: &Self::Config, diags: &mut Diagnostics) {
        let _ = (config, diags);
    }

    /// Finds objects and pushes each to `found`, until `found` wants no more. An error concerns the
    /// whole search; objects found before it are kept.
    fn list(
        &self,
        request: ListRequest<'_, Self::Config, Self::Model>,
    ) -> impl Future<Output = Result<(), Diagnostic>> + Send;
}

/// The request of [`ListResource::list`].
#[derive(Debug)]
#[non_exhaustive]
pub struct ListRequest<'a, C, M> {
    /// The search filter.
    pub config: C,
    /// The options of the search.
    pub query: Query,
    /// Receives the objects.
    pub found: &'a Found<M>,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings about the whole search.
    pub diags: &'a mut Diagnostics,
}

/// The options of a search.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Query {
    /// True if the host wants whole objects; otherwise their identity and name are enough.
    pub include_resource: bool,
    /// The maximum number of objects; None for all.
    pub limit: Option<u64>,
}

/// One object that was found.
#[derive(Clone, Debug)]
pub struct Listed<M> {
    /// The object, with at least the attributes of its identity.
    pub object: M,
    /// The name that the user sees.
    pub display_name: String,
    /// Errors and warnings about the object. With an error, they are reported without the object.
    pub diagnostics: Diagnostics,
}

impl<M> Listed<M> {
    /// An object without errors or warnings.
    pub fn new(display_name: impl Into<String>, object: M) -> Self {
        Self {
            object,
            display_name: display_name.into(),
            diagnostics: Diagnostics::new(),
        }
    }

    /// The same object, with one more error or warning.
    #[must_use]
    pub fn with(mut self, diagnostic: Diagnostic) -> Self {
        self.diagnostics.push(diagnostic);
        self
    }
}

/// Receives the objects of a search, one by one, as fast as the host reads them.
#[derive(Debug)]
pub struct Found<M> {
    to: Sender<Listed<Value>>,
    object: Object,
    left: AtomicU64,
    stop: CancellationToken,
    model: PhantomData<fn(M)>,
}

impl<M: Model> Found<M> {
    /// Passes an object to the host. Returns false if no more are wanted: the limit is reached, the
    /// user asked to stop, or the host no longer listens.
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

/// A list resource that works on values instead of models. [`Typed`] implements it for any
/// [`ListResource`].
#[async_trait]
#[allow(
    missing_docs,
    reason = "each method is the one of ListResource, in values"
)]
pub trait AnyListResource: Send + Sync + 'static {
    fn type_name(&self) -> &'static str;

    /// # Errors
    /// Returns a [`SchemaError`] if the configuration has no Terraform schema.
    fn schema(&self) -> Result<Schema, SchemaError>;

    fn validate(&self, object: &Object, config: &Value, diags: &mut Diagnostics);

    /// `config` has the attributes of `object`. The objects, with the attributes of `managed`, are
    /// sent to `to`.
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
        Schema::derive::<L::Config>(0, &self.0.description())
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

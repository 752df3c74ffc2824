//! What a resource is asked.
//!
//! They are open to further members: a protocol that says more adds one here, and no provider has
//! to change.

use serde_json::Value as Json;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::private::Private;

/// What [`Resource::plan_destroy`](crate::Resource::plan_destroy) gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct PlanDestroyRequest<'a, M> {
    /// The state.
    pub prior: M,
    /// The object's own, as [`DeleteRequest::private`].
    pub private: &'a Private,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// What [`Resource::read`](crate::Resource::read) gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadRequest<'a, M> {
    /// The state; of an import or a move nothing but what tells the object from others.
    pub prior: M,
    /// What is kept beside the state.
    pub private: &'a mut Private,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// What [`Resource::create`](crate::Resource::create) gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct CreateRequest<'a, M> {
    /// What the state will be; outputs may be unknown.
    pub planned: M,
    /// What the user wrote: this alone holds write-only values.
    pub config: M,
    /// What is kept beside the state: what [`Resource::plan`](crate::Resource::plan) noted.
    pub private: &'a mut Private,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
    pub(crate) made: &'a mut Option<M>,
}

impl<M> CreateRequest<'_, M> {
    /// Notes that the object exists now, and what is known of it. An error after that keeps the
    /// object in the state, as [`Creation::Pending`](crate::Creation::Pending) does, where it would
    /// be forgotten otherwise. May be called again when more is known.
    pub fn note_made(&mut self, state: M) {
        *self.made = Some(state);
    }
}

/// What [`Resource::update`](crate::Resource::update) gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct UpdateRequest<'a, M> {
    /// The state as last read.
    pub prior: M,
    /// What the state will be; outputs may be unknown.
    pub planned: M,
    /// What the user wrote: this alone holds write-only values.
    pub config: M,
    /// What is kept beside the state.
    pub private: &'a mut Private,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// What [`Resource::delete`](crate::Resource::delete) gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct DeleteRequest<'a, M> {
    /// The state.
    pub prior: M,
    /// That of the plan: in a replacement what [`Resource::plan`](crate::Resource::plan) noted for
    /// the new object, and otherwise the object's own.
    pub private: &'a Private,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

/// What [`Resource::move_from`](crate::Resource::move_from) gets: the object of another type or
/// provider that a `moved` block hands over.
#[derive(Debug)]
#[non_exhaustive]
pub struct MoveRequest<'a> {
    /// The full address of the provider that kept it: `registry.terraform.io/NAMESPACE/NAME`.
    pub provider: String,
    /// The resource type there.
    pub type_name: String,
    /// The version of the schema that its state has.
    pub schema_version: i64,
    /// Its state.
    pub state: Json,
    /// Its identity; None where it had none.
    pub identity: Option<Json>,
    /// The version of the schema that its identity has.
    pub identity_version: i64,
    /// What its provider kept beside the state, in that provider's own form.
    pub source_private: Vec<u8>,
    /// What is kept beside the state of the new object.
    pub private: &'a mut Private,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
}

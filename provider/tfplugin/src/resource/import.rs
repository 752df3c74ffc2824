//! What an import by id gets.

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model;
use crate::provider::Model;
use crate::resource::{IdentityAttribute, unfit};
use crate::schema::Object;
use crate::value::{Type, Value};

/// What [`Resource::import`](crate::Resource::import) gets.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImportRequest<'a> {
    /// As the user wrote it.
    pub id: &'a str,
    /// What the call knows beside its values.
    pub cx: &'a Context,
    /// What is to be told beside the result.
    pub diags: &'a mut Diagnostics,
    pub(crate) object: &'a Object,
}

impl ImportRequest<'_> {
    /// The model of which nothing is known but that `attribute` (its Terraform name, at the root)
    /// is the id.
    ///
    /// # Errors
    /// [`Diagnostic`] when there is no such attribute, or its type does not take the id.
    pub fn only<M: Model>(&self, attribute: &str) -> Result<M, Diagnostic> {
        let mut stub = self.object.null_members();
        if let Value::Map(members) = &mut stub {
            members.insert(attribute.to_owned(), self.id.into());
        }
        model::decode(&stub, self.object).map_err(|error| unfit(&error, self.object))
    }

    /// The model by an identity that is one string.
    pub(crate) fn by_identity<M: Model>(
        &self,
        type_name: &str,
        identity: &[IdentityAttribute],
    ) -> Result<M, Diagnostic> {
        let is_string = |name: &str| {
            let attribute = self.object.get(name);
            attribute.is_some_and(|attribute| attribute.value_type() == Type::String)
        };
        match identity {
            [only] if is_string(only.name) && !self.id.is_empty() => self.only(only.name),
            [only] if is_string(only.name) => Err(Diagnostic::error(
                "Invalid import id",
                format!(
                    "The id of a {type_name} is its {}, and this one is empty.",
                    only.name
                ),
            )),
            [] => Err(Diagnostic::error(
                format!("A {type_name} cannot be imported"),
                "The provider does not say how one is found again. Take the import block out.",
            )),
            _ => Err(Diagnostic::error(
                format!("A {type_name} cannot be imported by an id"),
                "Write an import block with identity in place of id.",
            )),
        }
    }
}

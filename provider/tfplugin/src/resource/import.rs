//! The request of an import by ID.

use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model;
use crate::provider::Model;
use crate::resource::{IdentityAttribute, unfit};
use crate::schema::Object;
use crate::value::{Type, Value};

/// The request of [`Resource::import`](crate::Resource::import).
#[derive(Debug)]
#[non_exhaustive]
pub struct ImportRequest<'a> {
    /// The ID that the user wrote.
    pub id: &'a str,
    /// The context of the call.
    pub cx: &'a Context,
    /// Errors and warnings to report with the result.
    pub diags: &'a mut Diagnostics,
    pub(crate) object: &'a Object,
}

impl ImportRequest<'_> {
    /// The model in which only `attribute`, an attribute at the root by its Terraform name, is set,
    /// to the ID.
    ///
    /// # Errors
    /// Returns a [`Diagnostic`] if the attribute does not exist, or if its type does not accept the
    /// ID.
    pub fn only<M: Model>(&self, attribute: &str) -> Result<M, Diagnostic> {
        let mut stub = self.object.null_members();
        if let Value::Map(members) = &mut stub {
            members.insert(attribute.to_owned(), self.id.into());
        }
        model::decode(&stub, self.object).map_err(|error| unfit(&error, self.object))
    }

    /// The model for an import ID, if the identity is one string.
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

//! The trait that a function implements.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{self, ModelError};
use crate::path::AttributePath;
use crate::provider::Model;
use crate::schema::{Schema, SchemaError};
use crate::value::{Type, Value};

/// A function of the provider: `provider::NAME::FUNCTION(…)` in a configuration. A function is
/// pure: the same arguments always give the same result, regardless of the provider's
/// configuration. Terraform checks that.
pub trait Function: Send + Sync + 'static {
    /// The parameters: a struct whose members are the parameters, in this order. A member that is
    /// optional in the JSON schema accepts null. The doc comments of the members describe the
    /// parameters.
    type Arguments: Model;

    /// The type of the result.
    type Output: Serialize + JsonSchema + Send + 'static;

    /// The name that users write.
    fn name(&self) -> &'static str;

    /// A summary in one line.
    fn summary(&self) -> &'static str;

    /// The description in markdown. If it is empty, the doc comment of the arguments is used.
    fn description(&self) -> Cow<'static, str> {
        Cow::Borrowed("")
    }

    /// The replacement for a deprecated function; empty if the function is not deprecated.
    fn deprecation_message(&self) -> &'static str {
        ""
    }

    /// Returns true if the last parameter, a list, accepts any number of arguments.
    fn variadic(&self) -> bool {
        false
    }

    /// The parameters, by Terraform name, that accept unknown values. An unknown value for any
    /// other parameter makes the result unknown without a call.
    fn accepts_unknown(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the result.
    ///
    /// # Errors
    /// Returns a [`FunctionError`] if the function has no result for these arguments; it should
    /// name the argument at fault.
    fn call(&self, arguments: Self::Arguments) -> Result<Self::Output, FunctionError>;
}

/// The reason why a function has no result for its arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    /// The fault and how to correct it, in one or two sentences.
    pub text: String,
    /// The parameter at fault; None if the error concerns all of them. An index below a variadic
    /// parameter selects one of its arguments.
    pub parameter: Option<AttributePath>,
}

impl FunctionError {
    /// An error about all the arguments.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parameter: None,
        }
    }

    /// The same error, about `parameter`.
    #[must_use]
    pub fn at(mut self, parameter: impl Into<AttributePath>) -> Self {
        self.parameter = Some(parameter.into());
        self
    }
}

/// The parameters and the result of a function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The parameters as attributes of one object.
    pub arguments: Schema,
    /// The result, as the only attribute of an object.
    pub output: Schema,
}

/// A result wrapped in a model, so that its type is derived like that of an attribute.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Returned<T> {
    result: T,
}

impl Signature {
    /// The type of the result.
    pub fn returns(&self) -> Type {
        let result = self.output.root.get("result");
        result.map_or(Type::Dynamic, crate::schema::Attribute::value_type)
    }
}

/// A function that works on values instead of models. [`Typed`](crate::Typed) implements it for any
/// [`Function`].
#[allow(missing_docs, reason = "each method is the one of Function, in values")]
pub trait AnyFunction: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    fn summary(&self) -> &'static str;

    fn deprecation_message(&self) -> &'static str;

    fn variadic(&self) -> bool;

    fn accepts_unknown(&self) -> &'static [&'static str];

    /// # Errors
    /// Returns a [`SchemaError`] if the arguments or the result have no Terraform schema.
    fn signature(&self) -> Result<Signature, SchemaError>;

    /// Returns the result for `arguments`, an object with the attributes of `signature`.
    ///
    /// # Errors
    /// [`FunctionError`].
    fn call(&self, signature: &Signature, arguments: &Value) -> Result<Value, FunctionError>;
}

impl<F: Function> AnyFunction for crate::resource::Typed<F> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn summary(&self) -> &'static str {
        self.0.summary()
    }

    fn deprecation_message(&self) -> &'static str {
        self.0.deprecation_message()
    }

    fn variadic(&self) -> bool {
        self.0.variadic()
    }

    fn accepts_unknown(&self) -> &'static [&'static str] {
        self.0.accepts_unknown()
    }

    fn signature(&self) -> Result<Signature, SchemaError> {
        Ok(Signature {
            arguments: Schema::derive::<F::Arguments>(0, &self.0.description())?,
            output: Schema::derive::<Returned<F::Output>>(0, "")?,
        })
    }

    fn call(&self, signature: &Signature, arguments: &Value) -> Result<Value, FunctionError> {
        let arguments = model::decode(arguments, &signature.arguments.root).map_err(misfit)?;
        let result = self.0.call(arguments)?;
        let returned = model::encode(&Returned { result }, &signature.output.root);
        let returned = returned.map_err(|error| {
            FunctionError::new(format!(
                "The result is invalid: {error}. This is a fault of the provider; please report it."
            ))
        })?;
        Ok(returned.get("result").cloned().unwrap_or_default())
    }
}

fn misfit(error: ModelError) -> FunctionError {
    FunctionError::new(format!("The argument cannot be used: {}.", error.reason)).at(error.path)
}

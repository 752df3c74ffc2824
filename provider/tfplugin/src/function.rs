//! What a function implements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{self, ModelError};
use crate::path::AttributePath;
use crate::provider::Model;
use crate::schema::{Schema, SchemaError};
use crate::value::{Type, Value};

/// A function of the provider: `provider::NAME::FUNCTION(…)` in a configuration. It is pure: the
/// same arguments give the same result, whatever the provider's configuration, and Terraform checks
/// that.
pub trait Function: Send + Sync + 'static {
    /// The parameters: a struct whose members, in their order, are the parameters. One that may be
    /// omitted in the JSON schema takes null. The doc comments describe them.
    type Arguments: Model;

    /// What it returns.
    type Output: Serialize + JsonSchema + Send + 'static;

    /// As users write it.
    fn name(&self) -> &'static str;

    /// One line.
    fn summary(&self) -> &'static str;

    /// In markdown; "" takes the doc comment of the arguments.
    fn description(&self) -> &'static str {
        ""
    }

    /// What to use in its place; "" while it is not deprecated.
    fn deprecation_message(&self) -> &'static str {
        ""
    }

    /// Returns true if the last parameter, a list, takes any number of arguments.
    fn variadic(&self) -> bool {
        false
    }

    /// The parameters (Terraform names) that may be unknown. An unknown argument elsewhere makes
    /// the result unknown without a call.
    fn accepts_unknown(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its result.
    ///
    /// # Errors
    /// [`FunctionError`] when the arguments have no result, about one of them if possible.
    fn call(&self, arguments: Self::Arguments) -> Result<Self::Output, FunctionError>;
}

/// Why a function has no result for its arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    /// What is wrong and what would be right, in one sentence or two.
    pub text: String,
    /// The parameter it is about; None when it is about all of them. An index below a variadic
    /// parameter says which of its arguments.
    pub parameter: Option<AttributePath>,
}

impl FunctionError {
    /// An error about the arguments together.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            parameter: None,
        }
    }

    /// The same, about `parameter`.
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
    /// What the result is: an object with this one attribute.
    pub output: Schema,
}

/// A result as a model has it, so that it gets a type as an attribute does.
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

/// A function in terms of values; [`Typed`](crate::Typed) makes one of any [`Function`].
#[allow(missing_docs, reason = "each method is the one of Function, in values")]
pub trait AnyFunction: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    fn summary(&self) -> &'static str;

    fn deprecation_message(&self) -> &'static str;

    fn variadic(&self) -> bool;

    fn accepts_unknown(&self) -> &'static [&'static str];

    /// # Errors
    /// [`SchemaError`] when the arguments or the result have no Terraform form.
    fn signature(&self) -> Result<Signature, SchemaError>;

    /// The result of `arguments`, an object by the attributes of `signature`.
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
            arguments: Schema::derive::<F::Arguments>(0, self.0.description())?,
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

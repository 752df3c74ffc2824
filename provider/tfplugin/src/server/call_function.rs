//! CallFunction.

use super::functions::{Served, element, takes_null};
use super::{Run, decode, encode};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::function::{FunctionError, Signature};
use crate::path::{AttributePath, Step};
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::schema::Attribute;
use crate::validation;
use crate::value::{Type, Value};

type Request = wire::call_function::Request;
type Response = wire::call_function::Response;

impl<P: Provider> Run<P> {
    /// 1. The arguments become an object of the parameters; surplus arguments go to the variadic
    ///    parameter.
    /// 2. If an argument is unknown and its parameter does not accept that, the result is unknown.
    /// 3. The arguments are checked against the schema.
    /// 4. The function is called.
    pub(super) async fn call_function(&self, request: Request) -> Response {
        let Some(served) = self.functions.get(&request.name) else {
            let text = format!("This provider has no function {:?}.", request.name);
            return refused(FunctionError::new(text), None);
        };
        let signature = match served.signature() {
            Ok(signature) => signature,
            Err(fault) => return refused(FunctionError::new(fault.detail), None),
        };
        let result = arguments(served, signature, &request.arguments).and_then(|arguments| {
            let result = match arguments {
                Arguments::Unknown => Value::UNKNOWN,
                Arguments::Known(arguments) => {
                    check(signature, &arguments)?;
                    served.function.call(signature, &arguments)?
                }
            };
            encode(&result, &signature.returns()).map_err(fault)
        });
        match result {
            Ok(result) => Response {
                result: Some(result),
                error: None,
            },
            Err(error) => refused(error, Some(served)),
        }
    }
}

enum Arguments {
    /// An argument is unknown, so the result is unknown.
    Unknown,
    Known(Value),
}

fn arguments(
    served: &Served,
    signature: &Signature,
    given: &[wire::DynamicValue],
) -> Result<Arguments, FunctionError> {
    let (fixed, variadic) = served.parameters(signature);
    if given.len() < fixed.len() || (variadic.is_none() && given.len() > fixed.len()) {
        return Err(FunctionError::new(format!(
            "{} arguments are expected, {} were given.",
            fixed.len(),
            given.len()
        )));
    }
    let mut unknown = false;
    let mut read = |parameter: &Attribute, ty: &Type, path: AttributePath, given, null: bool| {
        let value = decode(Some(given), ty).map_err(fault)?;
        if value.is_null() && !null {
            return Err(FunctionError::new("The argument may not be null.").at(path));
        }
        unknown |= !value.is_wholly_known() && !served.accepts_unknown(parameter);
        Ok(value)
    };
    let mut members = Vec::new();
    for (parameter, given) in fixed.iter().zip(given) {
        let path = AttributePath::from(parameter.name.as_str());
        let (ty, null) = (parameter.value_type(), takes_null(parameter));
        let value = read(parameter, &ty, path, given, null)?;
        members.push((parameter.name.clone(), value));
    }
    if let Some(parameter) = variadic {
        let ty = element(parameter)
            .ok_or_else(|| FunctionError::new("The variadic parameter is no list."))?;
        let mut items = Vec::new();
        for (index, given) in given.iter().skip(fixed.len()).enumerate() {
            let path = AttributePath::from(parameter.name.as_str()).index(index);
            items.push(read(parameter, &ty, path, given, false)?);
        }
        members.push((parameter.name.clone(), Value::List(items)));
    }
    Ok(if unknown {
        Arguments::Unknown
    } else {
        Arguments::Known(Value::map(members))
    })
}

fn check(signature: &Signature, arguments: &Value) -> Result<(), FunctionError> {
    let mut diags = Diagnostics::new();
    validation::check(&signature.arguments.root, arguments, true, &mut diags);
    match diags.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(FunctionError {
            text: first.detail,
            parameter: first.path,
        }),
    }
}

fn fault(diagnostic: Diagnostic) -> FunctionError {
    FunctionError::new(format!("{}: {}", diagnostic.summary, diagnostic.detail))
}

/// The error, at the index of its parameter's argument.
fn refused(error: FunctionError, served: Option<&Served>) -> Response {
    let position = served.zip(error.parameter.as_ref());
    let position = position.and_then(|(served, path)| {
        let (fixed, variadic) = served.parameters(served.signature().ok()?);
        let Step::Attribute(name) = path.steps().first()? else {
            return None;
        };
        match path.steps().get(1) {
            Some(Step::Index(index)) if variadic.is_some_and(|v| v.name == *name) => {
                Some(fixed.len() + index)
            }
            _ => fixed.iter().position(|parameter| parameter.name == *name),
        }
    });
    Response {
        result: None,
        error: Some(wire::FunctionError {
            text: error.text,
            function_argument: position.and_then(|at| i64::try_from(at).ok()),
        }),
    }
}

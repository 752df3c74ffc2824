//! GetFunctions: the functions by name, each with its signature.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use bytes::Bytes;

use super::{Run, no_schema};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::function::{AnyFunction, Signature};
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::schema::{Attribute, Mode};
use crate::value::Type;

/// All functions of a provider.
pub(crate) struct Functions(BTreeMap<&'static str, Served>);

/// A function; its signature is derived when it is first needed.
pub(crate) struct Served {
    pub(super) function: Box<dyn AnyFunction>,
    signature: OnceLock<Result<Signature, String>>,
}

impl Served {
    pub(crate) fn signature(&self) -> Result<&Signature, Diagnostic> {
        self.signature
            .get_or_init(|| self.function.signature().map_err(|error| error.to_string()))
            .as_ref()
            .map_err(|reason| no_schema(self.function.name(), reason))
    }

    /// The parameters with one argument each, and the variadic parameter for the remaining
    /// arguments.
    pub(crate) fn parameters<'a>(
        &self,
        signature: &'a Signature,
    ) -> (&'a [Attribute], Option<&'a Attribute>) {
        let all = &signature.arguments.root.attributes[..];
        match all.split_last() {
            Some((last, fixed)) if self.function.variadic() => (fixed, Some(last)),
            _ => (all, None),
        }
    }

    /// Returns true if `parameter` may be unknown.
    pub(super) fn accepts_unknown(&self, parameter: &Attribute) -> bool {
        let names = self.function.accepts_unknown();
        names.contains(&parameter.name.as_str())
    }

    fn to_wire(&self) -> Result<wire::Function, Diagnostic> {
        let signature = self.signature()?;
        let (fixed, variadic) = self.parameters(signature);
        let parameter = |parameter: &Attribute, ty: &Type| wire::function::Parameter {
            name: parameter.name.clone(),
            r#type: type_bytes(ty),
            allow_null_value: takes_null(parameter),
            allow_unknown_values: self.accepts_unknown(parameter),
            description: parameter.description.clone(),
            description_kind: wire::StringKind::Markdown as i32,
        };
        let variadic = match variadic {
            None => None,
            Some(last) => {
                let of = element(last).ok_or_else(|| {
                    let reason = format!("{} is variadic and no list", last.name);
                    no_schema(self.function.name(), &reason)
                })?;
                Some(wire::function::Parameter {
                    // An argument that is there is not null.
                    allow_null_value: false,
                    ..parameter(last, &of)
                })
            }
        };
        Ok(wire::Function {
            parameters: fixed
                .iter()
                .map(|fixed| parameter(fixed, &fixed.value_type()))
                .collect(),
            variadic_parameter: variadic,
            r#return: Some(wire::function::Return {
                r#type: type_bytes(&signature.returns()),
            }),
            summary: self.function.summary().to_owned(),
            description: signature.arguments.description.clone(),
            description_kind: wire::StringKind::Markdown as i32,
            deprecation_message: self.function.deprecation_message().to_owned(),
        })
    }
}

fn type_bytes(ty: &Type) -> Bytes {
    ty.to_json().to_string().into()
}

/// Returns true if the parameter accepts null.
pub(super) fn takes_null(parameter: &Attribute) -> bool {
    parameter.mode != Mode::Required
}

/// The type of the arguments of a variadic parameter.
pub(crate) fn element(parameter: &Attribute) -> Option<Type> {
    match parameter.value_type() {
        Type::List(of) => Some(*of),
        _ => None,
    }
}

impl Functions {
    pub(super) fn new(functions: Vec<Box<dyn AnyFunction>>) -> Self {
        let mut all = BTreeMap::new();
        for function in functions {
            let signature = OnceLock::new();
            let name = function.name();
            if all.contains_key(name) {
                // Which of the two was meant nobody knows: neither is served.
                let _ = signature.set(Err(super::catalogue::TWICE.to_owned()));
            }
            let served = Served {
                function,
                signature,
            };
            all.insert(name, served);
        }
        Self(all)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|name| (*name).to_owned())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Served> {
        self.0.get(name)
    }

    pub(super) fn to_wire(&self, diags: &mut Diagnostics) -> HashMap<String, wire::Function> {
        let mut functions = HashMap::new();
        for (name, served) in &self.0 {
            match served.to_wire() {
                Ok(function) => {
                    functions.insert((*name).to_owned(), function);
                }
                Err(why) => diags.push(why),
            }
        }
        functions
    }
}

impl<P: Provider> Run<P> {
    pub(super) async fn get_functions(
        &self,
        _: wire::get_functions::Request,
    ) -> wire::get_functions::Response {
        let mut diags = Diagnostics::new();
        wire::get_functions::Response {
            functions: self.functions.to_wire(&mut diags),
            diagnostics: diags.into_wire(),
        }
    }
}

//! A stand-in for function-patch-and-transform, as far as the example of composed managed resources
//! needs it: its image cannot be run without a container engine.

use std::time::Duration;

use async_trait::async_trait;
use function_sdk_rust::{
    proto::v1::{
        Ready, RunFunctionRequest, RunFunctionResponse,
        function_runner_service_server::FunctionRunnerService,
    },
    request,
    resource::{json_to_struct, struct_to_json},
    response,
};
use serde_json::{Map, Value, json};
use tonic::{Request, Response, Status};

/// Key of the context that patches of the environment write to and read from.
const ENVIRONMENT: &str = "apiextensions.crossplane.io/environment";

/// Answers with the resources of its input, patched.
pub struct PatchAndTransform;

#[async_trait]
impl FunctionRunnerService for PatchAndTransform {
    async fn run_function(
        &self,
        request: Request<RunFunctionRequest>,
    ) -> Result<Response<RunFunctionResponse>, Status> {
        respond(&request.into_inner())
            .map(Response::new)
            .map_err(Status::invalid_argument)
    }
}

fn respond(request: &RunFunctionRequest) -> Result<RunFunctionResponse, String> {
    let mut answer = response::to(request, Duration::from_secs(60));
    let input: Value = request::get_input(request).map_err(|error| error.to_string())?;
    let object = |resource: Option<&function_sdk_rust::proto::v1::Resource>| {
        let found = resource.and_then(|resource| resource.resource.as_ref());
        found.map_or(Value::Null, struct_to_json)
    };
    let composite = object(request::observed_composite(request));
    let mut told = json!({});
    let mut environment =
        request::get_context_key(request, ENVIRONMENT).unwrap_or_else(|| json!({}));
    for resource in input["resources"].as_array().into_iter().flatten() {
        let name = resource["name"].as_str().unwrap_or_default();
        let observed = object(request::observed_composed(request, name));
        let mut desired = resource["base"].clone();
        for patch in resource["patches"].as_array().into_iter().flatten() {
            let kind = patch["type"].as_str().unwrap_or_default();
            let (from, to) = match kind {
                "FromCompositeFieldPath" => (&composite, &mut desired),
                "ToCompositeFieldPath" => (&observed, &mut told),
                "ToEnvironmentFieldPath" => (&observed, &mut environment),
                "FromEnvironmentFieldPath" => (&environment, &mut desired),
                _ => return Err(format!("a patch of type {kind:?} is not known here")),
            };
            let path = |key: &str| patch[key].as_str().unwrap_or_default();
            let mut value = find(from, path("fromFieldPath")).clone();
            if value.is_null() {
                continue;
            }
            for transform in patch["transforms"].as_array().into_iter().flatten() {
                let format = transform["string"]["fmt"].as_str().unwrap_or_default();
                value = json!(format.replace("%s", value.as_str().unwrap_or_default()));
            }
            *place(to, path("toFieldPath")) = value;
        }
        let composed = response::desired_composed(&mut answer, name);
        composed.resource = desired.as_object().map(json_to_struct);
        let ready = acceptance::installation::has_condition(&observed, "Ready");
        composed.set_ready(if ready { Ready::True } else { Ready::False });
    }
    let composite = response::desired_composite(&mut answer);
    composite.resource = told.as_object().map(json_to_struct);
    response::set_context_key(&mut answer, ENVIRONMENT, &environment)
        .map_err(|error| error.to_string())?;
    Ok(answer)
}

/// The steps of a path such as `metadata.annotations[crossplane.io/external-name]`.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('[').flat_map(|part| match part.split_once(']') {
        Some((key, rest)) => vec![(true, key), (false, rest)],
        None => vec![(false, part)],
    });
    parts.flat_map(|(is_key, part)| {
        let steps: Vec<_> = if is_key {
            vec![part]
        } else {
            part.split('.').collect()
        };
        steps.into_iter().filter(|step| !step.is_empty())
    })
}

fn find<'a>(value: &'a Value, path: &str) -> &'a Value {
    steps(path).fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[step],
    })
}

fn place<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    steps(path).fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) if value.is_array() => &mut value[index],
        _ => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            &mut value[step]
        }
    })
}

//! Functions.

use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::{Type, Value};
use tonic::Request;

use crate::host::{Host, decode_as, encode_as};

async fn call(unit: Value, loads: &[Value]) -> Result<Value, wire::FunctionError> {
    let host = Host::new().await;
    let mut arguments = vec![encode_as(&unit, &Type::String)];
    arguments.extend(loads.iter().map(|load| encode_as(load, &Type::Number)));
    let request = wire::call_function::Request {
        name: "total".to_owned(),
        arguments,
    };
    let response = host.server.call_function(Request::new(request)).await;
    let response = response.unwrap().into_inner();
    match response.error {
        Some(error) => Err(error),
        None => Ok(decode_as(response.result, &Type::String)),
    }
}

#[tokio::test]
async fn the_signature_follows_from_the_types() {
    let host = Host::new().await;
    let request = Request::new(wire::get_functions::Request {});
    let response = host.server.get_functions(request).await.unwrap();
    let total = &response.into_inner().functions["total"];
    assert_eq!(total.parameters.len(), 1);
    let unit = &total.parameters[0];
    assert_eq!(
        (unit.name.as_str(), &unit.r#type[..]),
        ("unit", &b"\"string\""[..])
    );
    assert!(unit.allow_null_value && unit.allow_unknown_values);
    let loads = total.variadic_parameter.as_ref().unwrap();
    assert_eq!(
        (loads.name.as_str(), &loads.r#type[..]),
        ("loads", &b"\"number\""[..])
    );
    assert!(!loads.allow_null_value && !loads.allow_unknown_values);
    assert_eq!(total.r#return.as_ref().unwrap().r#type, &b"\"string\""[..]);
    assert_eq!(total.description, "Adds loads up.");
}

#[tokio::test]
async fn a_function_takes_any_number_of_variadic_arguments() {
    let one_two = [1.into(), 2.into()];
    assert_eq!(call("t".into(), &one_two).await.unwrap(), "3 t".into());
    assert_eq!(call(Value::Null, &[]).await.unwrap(), "0 kg".into());
}

#[tokio::test]
async fn an_unknown_argument_makes_the_result_unknown_unless_it_is_accepted() {
    let unknown = Value::UNKNOWN;
    let result = call("t".into(), &[1.into(), unknown.clone()]).await;
    assert_eq!(result.unwrap(), unknown);
    // Accepted: the function itself says that it cannot tell.
    assert_eq!(call(unknown.clone(), &[1.into()]).await.unwrap(), unknown);
    let error = call(unknown, &[(-1).into()]).await.unwrap_err();
    assert_eq!(error.function_argument, Some(1));
}

#[tokio::test]
async fn an_error_says_which_argument_it_is_about() {
    let error = call("t".into(), &[1.into(), (-1).into()])
        .await
        .unwrap_err();
    assert_eq!(error.function_argument, Some(2));
    assert_eq!(error.text, "A load is not below zero.");
    let error = call("t".into(), &[Value::Null]).await.unwrap_err();
    assert_eq!(error.function_argument, Some(1));
}

#[tokio::test]
async fn a_panic_is_an_error_of_the_function() {
    let error = call("panic".into(), &[]).await.unwrap_err();
    assert!(error.text.contains("https://example.com"), "{}", error.text);
}

#[tokio::test]
async fn too_few_arguments_and_unknown_functions_are_errors() {
    let host = Host::new().await;
    for name in ["total", "unknown"] {
        let request = wire::call_function::Request {
            name: name.to_owned(),
            arguments: Vec::new(),
        };
        let response = host.server.call_function(Request::new(request)).await;
        assert!(response.unwrap().into_inner().error.is_some(), "{name}");
    }
}

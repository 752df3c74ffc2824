//! Requests as Crossplane sends them, and the whole response to each.
//!
//! `UPDATE_GOLDEN=1` writes the responses anew; read the difference then.

use std::fs;
use std::path::{Path, PathBuf};

use everest_crossplane::function::respond;
use function_sdk_rust::proto::v1::{RunFunctionRequest, RunFunctionResponse};
use serde_json::{Map, Value};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/function/golden")
}

fn read<M: serde::de::DeserializeOwned>(path: &Path) -> Option<M> {
    let text = fs::read_to_string(path).ok()?;
    let value: Value = serde_yaml_ng::from_str(&text).unwrap();
    Some(serde_json::from_value(value).unwrap_or_else(|error| panic!("{path:?}: {error}")))
}

/// A message as YAML whose members are in order.
fn yaml(message: &impl serde::Serialize) -> String {
    serde_yaml_ng::to_string(&ordered(serde_json::to_value(message).unwrap())).unwrap()
}

fn ordered(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, value)| (name, ordered(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(elements) => elements.into_iter().map(ordered).collect(),
        Value::Number(number) => match number.as_f64() {
            // Every number travels as a float.
            Some(float) if float.fract() == 0.0 => Value::from(float as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

#[test]
fn each_request_has_its_response() {
    let mut cases: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 5);
    for case in cases {
        let request: RunFunctionRequest = read(&case.join("request.yaml")).expect("a request");
        let response = respond(&request);
        let golden = case.join("response.yaml");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, yaml(&response)).unwrap();
        }
        let expected: Option<RunFunctionResponse> = read(&golden);
        assert!(
            expected.as_ref() == Some(&response),
            "{} is answered by\n{}",
            case.display(),
            yaml(&response)
        );
        assert_eq!(yaml(&response), yaml(&respond(&request)), "again the same");
    }
}

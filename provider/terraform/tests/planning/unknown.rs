//! Values that are not known yet. Terraform plans again at apply, when they are, and takes it for a
//! fault of the provider if that plan changes what the first one had promised.

use serde_json::json;
use tfplugin::planning::check;
use tfplugin::value::{Value, json as stored};

use crate::{Host, kinds};

/// A configuration with each of its values unknown in turn.
fn each_unknown(config: &Value) -> Vec<Value> {
    match config {
        Value::Map(members) => {
            let mut all = Vec::new();
            for (name, member) in members {
                for member in each_unknown(member) {
                    let mut members = members.clone();
                    members.insert(name.clone(), member);
                    all.push(Value::Map(members));
                }
            }
            all
        }
        Value::List(items) => {
            let mut all = Vec::new();
            for (at, item) in items.iter().enumerate() {
                for item in each_unknown(item) {
                    let mut items = items.clone();
                    items[at] = item;
                    all.push(Value::List(items));
                }
            }
            all
        }
        Value::Null => Vec::new(),
        _ => vec![Value::UNKNOWN],
    }
}

#[tokio::test]
async fn what_is_promised_while_a_value_is_unknown_is_kept_once_it_is_known() {
    let host = Host::new().await;
    let mut compared = 0;
    for mut kind in kinds::all(&host) {
        let type_name = kind.type_name;
        let is_database = type_name == "everest_database";
        if is_database {
            kind.config["engine"]["version"] = json!("8.0.36-28.1");
        }
        let mut made = host.made(type_name, &kind.config, &json!({})).await;
        if let Value::Map(members) = &mut made.value
            && is_database
        {
            // A CR version is pending.
            members.insert("cr_version".to_owned(), "1.17.0".into());
            members.insert("recommended_cr_version".to_owned(), "1.18.0".into());
        }
        let object = host.object(type_name);
        let config = stored::from_json(&kind.config, &object.value_type()).unwrap();
        let (prior, private) = (&made.value, &made.private);
        let known = host.plan_value(type_name, prior, private, &config).await;
        assert_eq!(known.errors, [""; 0], "{type_name}");
        for open in each_unknown(&config) {
            let first = host.plan_value(type_name, prior, private, &open).await;
            if !first.errors.is_empty() || !first.replaces.is_empty() {
                continue;
            }
            let broken = check::kept(&object, &first.state, &known.state);
            assert!(broken.is_empty(), "{type_name}: {broken:?} after {open:?}");
            compared += 1;
        }
    }
    assert!(compared > 0);
}

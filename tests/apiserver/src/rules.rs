//! The rules in CEL that the definitions of Everest state. There is no interpreter: each rule that
//! matters is told by its text.

use regex_lite::Regex;
use serde_json::Value;

/// An engine keeps its version while its operator's has to be taken over.
const PENDING: &str = "!has(self.?status.recommendedCRVersion) || self.spec.engine.version == \
                       oldSelf.spec.engine.version";

/// A configuration of a load balancer is not taken away from what is exposed.
const BALANCED: &str = "self.type == 'internal' || !has(oldSelf.loadBalancerConfigName) || \
                        oldSelf.loadBalancerConfigName == '' || (has(self.loadBalancerConfigName) \
                        && self.loadBalancerConfigName != '')";

/// Returns true if a rule holds for a value, or is not known. `old` is what the value replaces:
/// rules that speak of it hold for what is new.
pub(crate) fn holds(rule: &str, value: &Value, old: Option<&Value>) -> bool {
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    match (rule, old) {
        ("self == oldSelf", Some(old)) => value == old,
        (PENDING, Some(old)) => {
            let version = |of: &Value| of["spec"]["engine"]["version"].clone();
            value["status"]["recommendedCRVersion"].is_null() || version(value) == version(old)
        }
        (BALANCED, Some(old)) => {
            let named = |of: &Value| !text(of, "loadBalancerConfigName").is_empty();
            text(value, "type") == "internal" || !named(old) || named(value)
        }
        _ => pattern(rule).is_none_or(|pattern| {
            let text = value.as_str().unwrap_or_default();
            Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
        }),
    }
}

/// The pattern of `self.matches('pattern')`.
fn pattern(rule: &str) -> Option<&str> {
    rule.strip_prefix("self.matches('")?.strip_suffix("')")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_rule_of_everests_databases_is_told_by_its_text() {
        let file = include_str!("../../../schemas/crds/everest.percona.com_databaseclusters.yaml");
        let definition: Value = serde_yaml_ng::from_str(file).unwrap();
        let text = definition.to_string();
        for rule in [PENDING, BALANCED, "self == oldSelf"] {
            assert!(
                text.contains(&json!({ "rule": rule }).to_string()[1..]),
                "{rule}"
            );
        }
    }

    #[test]
    fn a_pattern_is_matched() {
        let rule = "self.matches('^a+$')";
        assert!(holds(rule, &json!("aa"), None));
        assert!(!holds(rule, &json!("b"), None));
    }
}

//! Log entries of calls, with the field names of HashiCorp's plugins.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use tracing::Span;
use tracing::field::Empty;

use crate::proto::tfplugin6 as wire;
use crate::proto::tfplugin6::diagnostic::Severity;

/// The span of a call, which adds the call and the type that it is `of` to every line, at any
/// level.
pub(super) fn span(rpc: &'static str, of: &str) -> Span {
    // The keys of a RandomState are random.
    let id = format!("{:016x}", RandomState::new().hash_one(rpc));
    let span = tracing::error_span!(
        "rpc",
        tf_rpc = rpc,
        tf_req_id = id,
        tf_proto_version = "6",
        tf_resource_type = Empty,
        tf_data_source_type = Empty,
        tf_ephemeral_resource_type = Empty,
        tf_list_resource_type = Empty,
        tf_action_type = Empty,
        tf_function = Empty,
    );
    if !of.is_empty() {
        span.record(kind(rpc), of);
    }
    span
}

fn kind(rpc: &str) -> &'static str {
    match rpc {
        "call_function" => "tf_function",
        _ if rpc.contains("data") => "tf_data_source_type",
        _ if rpc.contains("ephemeral") => "tf_ephemeral_resource_type",
        _ if rpc.contains("list") => "tf_list_resource_type",
        _ if rpc.contains("action") => "tf_action_type",
        _ => "tf_resource_type",
    }
}

/// Logs the response and each diagnostic in it.
pub(super) fn answered(started: Instant, diagnostics: &[wire::Diagnostic]) {
    for diagnostic in diagnostics {
        let place = diagnostic.attribute.as_ref().map(place).unwrap_or_default();
        let (summary, detail) = (&diagnostic.summary, &diagnostic.detail);
        match diagnostic.severity() {
            Severity::Warning => tracing::warn!(
                diagnostic_severity = "WARNING",
                diagnostic_summary = summary,
                diagnostic_detail = detail,
                diagnostic_attribute = place,
                "a warning"
            ),
            Severity::Error | Severity::Invalid => tracing::error!(
                diagnostic_severity = "ERROR",
                diagnostic_summary = summary,
                diagnostic_detail = detail,
                diagnostic_attribute = place,
                "an error"
            ),
        }
    }
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(tf_req_duration_ms = elapsed, "answered");
}

/// A path in the form used in messages: `engine.storage[0]`.
fn place(path: &wire::AttributePath) -> String {
    use wire::attribute_path::step::Selector;
    let mut text = String::new();
    for selector in path.steps.iter().filter_map(|step| step.selector.as_ref()) {
        let dot = if text.is_empty() { "" } else { "." };
        // Writing to a String does not fail.
        let _ = match selector {
            Selector::AttributeName(name) => write!(text, "{dot}{name}"),
            Selector::ElementKeyString(key) => write!(text, "[{key:?}]"),
            Selector::ElementKeyInt(index) => write!(text, "[{index}]"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_logged_under_its_own_name() {
        let named = [
            ("read_resource", "tf_resource_type"),
            ("validate_data_resource_config", "tf_data_source_type"),
            ("read_data_source", "tf_data_source_type"),
            ("close_ephemeral_resource", "tf_ephemeral_resource_type"),
            ("list_resource", "tf_list_resource_type"),
            ("validate_list_resource_config", "tf_list_resource_type"),
            ("invoke_action", "tf_action_type"),
            ("call_function", "tf_function"),
        ];
        for (rpc, name) in named {
            assert_eq!(kind(rpc), name, "{rpc}");
        }
    }
}

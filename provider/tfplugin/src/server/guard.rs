//! What surrounds every call: a log entry, and a panic that ends it and nothing else.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt;
use tonic::Response;
use tracing::Instrument;

use super::{Answer, Call, one};
use crate::diagnostics::Diagnostic;
use crate::proto::tfplugin6 as wire;

/// An answer that can carry a diagnostic.
pub(super) trait Complain {
    fn complain(&mut self, diagnostic: Diagnostic);
}

macro_rules! complain {
    ($($module:ident)*) => {
        $(impl Complain for wire::$module::Response {
            fn complain(&mut self, diagnostic: Diagnostic) {
                self.diagnostics.extend(one(diagnostic));
            }
        })*
    };
}

complain! {
    get_metadata get_provider_schema validate_provider_config validate_resource_config
    configure_provider upgrade_resource_state read_resource plan_resource_change
    apply_resource_change import_resource_state
}

impl Complain for wire::stop_provider::Response {
    fn complain(&mut self, diagnostic: Diagnostic) {
        self.error = diagnostic.summary;
    }
}

/// Answers with what `call` gives; when it panics, with `fallback` and an error that says so.
pub(super) async fn guarded<T: Complain>(
    rpc: &'static str,
    of: &str,
    issues: &str,
    mut fallback: T,
    call: impl Call<T>,
) -> Answer<T> {
    let span = tracing::debug_span!("rpc", tf_rpc = rpc, tf_resource_type = of);
    async move {
        let started = Instant::now();
        let answer = AssertUnwindSafe(call).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| {
            fallback.complain(panicked(rpc, of, issues));
            fallback
        });
        let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(tf_req_duration_ms = elapsed, "answered");
        Ok(Response::new(answer))
    }
    .instrument(span)
    .await
}

fn panicked(rpc: &str, of: &str, issues: &str) -> Diagnostic {
    let of = if of.is_empty() {
        String::new()
    } else {
        format!(" of {of}")
    };
    Diagnostic::error(
        "The provider failed unexpectedly",
        format!(
            "{rpc}{of} ended in a panic; the state is as it was before, although something may have \
             been changed. This is a fault of the provider: please report it at {issues}, with the \
             log of a run with TF_LOG_PROVIDER=trace, which says where it happened."
        ),
    )
}

//! The wrapper of every call: it logs the call, and limits a panic to the call.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::{FutureExt, StreamExt};
use tonic::Response;
use tonic::codegen::BoxStream;
use tracing::Instrument;

use super::stream::{Driven, Streamed};
use super::{Answer, Call, logged, one};
use crate::diagnostics::Diagnostic;
use crate::proto::tfplugin6 as wire;

/// A response that can contain diagnostics.
pub(super) trait Complain {
    fn complain(&mut self, diagnostic: Diagnostic);

    /// The diagnostics of the response.
    fn diagnostics(&self) -> &[wire::Diagnostic];
}

macro_rules! complain {
    ($($module:ident)*) => {
        $(impl Complain for wire::$module::Response {
            fn complain(&mut self, diagnostic: Diagnostic) {
                self.diagnostics.extend(one(diagnostic));
            }

            fn diagnostics(&self) -> &[wire::Diagnostic] {
                &self.diagnostics
            }
        })*
    };
}

complain! {
    get_metadata get_provider_schema validate_provider_config validate_resource_config
    validate_data_resource_config validate_ephemeral_resource_config validate_list_resource_config
    validate_action_config configure_provider upgrade_resource_state get_resource_identity_schemas
    upgrade_resource_identity read_resource plan_resource_change apply_resource_change
    import_resource_state move_resource_state generate_resource_config read_data_source
    open_ephemeral_resource renew_ephemeral_resource close_ephemeral_resource get_functions
    plan_action
}

impl Complain for wire::call_function::Response {
    fn complain(&mut self, diagnostic: Diagnostic) {
        self.error = Some(wire::FunctionError {
            text: format!("{}: {}", diagnostic.summary, diagnostic.detail),
            function_argument: None,
        });
    }

    fn diagnostics(&self) -> &[wire::Diagnostic] {
        // A function has one error and no diagnostics.
        &[]
    }
}

impl Complain for wire::list_resource::Event {
    fn complain(&mut self, diagnostic: Diagnostic) {
        self.diagnostic.extend(one(diagnostic));
    }

    fn diagnostics(&self) -> &[wire::Diagnostic] {
        &self.diagnostic
    }
}

impl Complain for wire::invoke_action::Event {
    fn complain(&mut self, diagnostic: Diagnostic) {
        *self = super::invoke_action::completed(one(diagnostic));
    }

    fn diagnostics(&self) -> &[wire::Diagnostic] {
        use wire::invoke_action::event::Type;
        match &self.r#type {
            Some(Type::Completed(completed)) => &completed.diagnostics,
            Some(Type::Progress(_)) | None => &[],
        }
    }
}

impl Complain for wire::stop_provider::Response {
    fn complain(&mut self, diagnostic: Diagnostic) {
        self.error = diagnostic.summary;
    }

    fn diagnostics(&self) -> &[wire::Diagnostic] {
        &[]
    }
}

/// Returns the result of `call`; if it panics, `fallback` with an error that reports the panic.
pub(super) async fn guarded<T: Complain>(
    rpc: &'static str,
    of: &str,
    issues: &str,
    mut fallback: T,
    call: impl Call<T>,
) -> Answer<T> {
    let span = logged::span(rpc, of);
    async move {
        let started = Instant::now();
        let answer = AssertUnwindSafe(call).catch_unwind().await;
        let answer = answer.unwrap_or_else(|_| {
            fallback.complain(panicked(rpc, of, issues));
            fallback
        });
        logged::answered(started, answer.diagnostics());
        Ok(Response::new(answer))
    }
    .instrument(span)
    .await
}

/// Streams the events of `begin`, which returns the events and the work that produces them. If the
/// work panics, the last event is an error that reports the panic. The work runs while the host
/// listens; if the host stops listening, the work is dropped at its current `await`.
pub(super) fn guarded_stream<T: Complain + Default + Send + Unpin + 'static>(
    rpc: &'static str,
    of: &str,
    issues: &str,
    begin: impl FnOnce() -> Streamed<T>,
) -> Answer<BoxStream<T>> {
    let span = logged::span(rpc, of);
    let complaint = panicked(rpc, of, issues);
    let streamed = std::panic::catch_unwind(AssertUnwindSafe(|| span.in_scope(begin)));
    let Ok(Streamed { events, work }) = streamed else {
        let last = futures::stream::once(async move { Ok(complained(complaint)) });
        return Ok(Response::new(Box::pin(last)));
    };
    let work = async move {
        let started = Instant::now();
        let end = AssertUnwindSafe(work).catch_unwind().await;
        let end = end.unwrap_or_else(|_| Some(complained(complaint)));
        logged::answered(started, end.as_ref().map_or(&[], Complain::diagnostics));
        end
    };
    let work = Box::pin(work.instrument(span));
    Ok(Response::new(Box::pin(Driven::new(events, work).map(Ok))))
}

fn complained<T: Complain + Default>(complaint: Diagnostic) -> T {
    let mut event = T::default();
    event.complain(complaint);
    event
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

//! InvokeAction: progress while the action runs, then its result.

use futures::StreamExt;
use tokio::sync::mpsc;

use super::stream::Streamed;
use super::{Run, stopped};
use crate::action::Progress;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::invoke_action::Request;
type Event = wire::invoke_action::Event;

/// The last event.
pub(super) fn completed(diagnostics: Vec<wire::Diagnostic>) -> Event {
    use wire::invoke_action::event::{Completed, Type};
    Event {
        r#type: Some(Type::Completed(Completed { diagnostics })),
    }
}

fn progressed(message: String) -> Event {
    use wire::invoke_action::event::{Progress, Type};
    Event {
        r#type: Some(Type::Progress(Progress { message })),
    }
}

impl<P: Provider> Run<P> {
    pub(super) fn invoke_action(&self, request: Request) -> Streamed<Event> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let events = futures::stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let cx = self.later_context(request.client_capabilities.as_ref());
        let served = self.actions.served(&request.action_type);
        let work = async move {
            let mut diags = Diagnostics::new();
            let invoked: Result<(), Diagnostic> = async {
                let served = served?;
                let shape = served.shape()?;
                let config = shape.decode(request.config.as_ref())?;
                let progress = Progress::new(sender);
                let action = &served.item;
                action
                    .invoke(shape.object(), &config, &progress, &cx, &mut diags)
                    .await
            }
            .await;
            Some(completed(match invoked {
                Ok(()) => diags.into_wire(),
                Err(why) => stopped(diags, why),
            }))
        };
        Streamed {
            events: events.map(progressed).boxed(),
            work: Box::pin(work),
        }
    }
}

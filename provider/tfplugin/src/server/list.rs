//! ListResource: one event for each object found, up to the requested limit.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::mpsc;

use super::catalogue::Served;
use super::stream::Streamed;
use super::{Run, one, stopped};
use crate::context::Context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::list::{AnyListResource, Listed, Query};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::AnyResource;
use crate::value::Value;

type Request = wire::list_resource::Request;
type Event = wire::list_resource::Event;

/// The capacity of the queue of found objects that the host has not read yet.
const AHEAD: usize = 16;

/// A list resource and its managed resource.
struct Search {
    list: Arc<Served<dyn AnyListResource>>,
    resource: Arc<Served<dyn AnyResource>>,
}

impl<P: Provider> Run<P> {
    pub(super) fn list_resource(&self, request: Request) -> Streamed<Event> {
        let query = Query {
            include_resource: request.include_resource_object,
            limit: u64::try_from(request.limit).ok().filter(|limit| *limit > 0),
        };
        let cx = self.later_context(None);
        let search = self.search(&request.type_name);
        let (sender, receiver) = mpsc::channel(AHEAD);
        let events = match &search {
            Ok(search) => {
                let resource = Arc::clone(&search.resource);
                wanted(receiver, query.limit)
                    .map(move |listed| {
                        event(&resource, listed, &query).unwrap_or_else(|why| Event {
                            diagnostic: one(why),
                            ..Event::default()
                        })
                    })
                    .boxed()
            }
            Err(_) => futures::stream::empty().boxed(),
        };
        let work = async move {
            let mut diags = Diagnostics::new();
            let ended = match search {
                Ok(search) => search.run(&request, &query, sender, &cx, &mut diags).await,
                Err(why) => Err(why),
            };
            let diagnostic = match ended {
                Ok(()) => diags.into_wire(),
                Err(why) => stopped(diags, why),
            };
            (!diagnostic.is_empty()).then(|| Event {
                diagnostic,
                ..Event::default()
            })
        };
        Streamed {
            events,
            work: Box::pin(work),
        }
    }

    fn search(&self, type_name: &str) -> Result<Search, Diagnostic> {
        Ok(Search {
            list: self.list_resources.served(type_name)?,
            resource: self.resources.served(type_name)?,
        })
    }
}

impl Search {
    async fn run(
        &self,
        request: &Request,
        query: &Query,
        to: mpsc::Sender<Listed<Value>>,
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> Result<(), Diagnostic> {
        let shape = self.list.shape()?;
        let config = shape.decode(request.config.as_ref())?;
        let managed = self.resource.shape()?.object();
        self.list
            .item
            .list((shape.object(), &config), query, (managed, to), cx, diags)
            .await
    }
}

/// Receives objects until the limit is reached; then the channel is closed for the sender.
fn wanted(
    receiver: mpsc::Receiver<Listed<Value>>,
    limit: Option<u64>,
) -> impl futures::Stream<Item = Listed<Value>> + Send {
    let left = limit.unwrap_or(u64::MAX);
    futures::stream::unfold((receiver, left), |(mut receiver, left)| async move {
        if left == 0 {
            return None;
        }
        let listed = receiver.recv().await?;
        Some((listed, (receiver, left - 1)))
    })
}

fn event(
    resource: &Served<dyn AnyResource>,
    listed: Listed<Value>,
    query: &Query,
) -> Result<Event, Diagnostic> {
    let shape = resource.shape()?;
    let object = shape.object();
    let mut event = Event {
        display_name: listed.display_name,
        ..Event::default()
    };
    if listed.diagnostics.has_errors() {
        event.diagnostic = listed.diagnostics.into_wire();
        return Ok(event);
    }
    event.diagnostic = listed.diagnostics.into_wire();
    // As an import does: local attributes get their defaults.
    let state = planning::refresh(object, &listed.object, &listed.object, &|_, a, b| a == b);
    let found = shape
        .identity
        .as_ref()
        .and_then(|identity| Some((identity.of(&state)?, identity)));
    let Some((value, identity)) = found else {
        return Err(Diagnostic::error(
            "An object without an identity was found",
            format!(
                "{} found {:?} and does not say which it is. This is a fault of the provider; \
                 please report it.",
                resource.item.type_name(),
                event.display_name
            ),
        ));
    };
    event.identity = Some(identity.encode(&value)?);
    if query.include_resource {
        event.resource_object = Some(shape.encode(&state)?);
    }
    Ok(event)
}

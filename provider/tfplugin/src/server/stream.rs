//! Streams whose work runs while the host listens.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{BoxStream, Fuse};
use futures::{Stream, StreamExt};

/// Events, and the work that produces them and possibly a last event.
pub(super) struct Streamed<T> {
    pub(super) events: BoxStream<'static, T>,
    pub(super) work: BoxFuture<'static, Option<T>>,
}

/// Yields the events while the work runs, then its last event. Polling the stream polls the work,
/// so the work ends with the stream.
pub(super) struct Driven<T> {
    events: Fuse<BoxStream<'static, T>>,
    work: Option<BoxFuture<'static, Option<T>>>,
    last: Option<T>,
}

impl<T> Driven<T> {
    pub(super) fn new(events: BoxStream<'static, T>, work: BoxFuture<'static, Option<T>>) -> Self {
        Self {
            events: events.fuse(),
            work: Some(work),
            last: None,
        }
    }
}

impl<T: Unpin> Stream for Driven<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(work) = &mut self.work
            && let Poll::Ready(last) = work.as_mut().poll(cx)
        {
            // With the work goes its end of the channel, so that the events come to their end.
            self.work = None;
            self.last = last;
        }
        match self.events.poll_next_unpin(cx) {
            Poll::Ready(Some(event)) => Poll::Ready(Some(event)),
            Poll::Ready(None) if self.work.is_none() => Poll::Ready(self.last.take()),
            // The channel is closed before the work is done: only the work can go on.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

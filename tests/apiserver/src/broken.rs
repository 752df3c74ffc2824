//! Connections that fail. The errors are those of the HTTP client itself: it talks to a
//! connection that plays a script.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;

const REFUSED: i32 = 111;
const RESET: i32 = 104;

/// A connection could not be made.
#[derive(Debug, thiserror::Error)]
#[error("tcp connect error")]
struct NotConnected(#[source] io::Error);

/// A connection that hears a request, says what it has to say and then breaks.
#[derive(Default)]
struct Script {
    text: Vec<u8>,
    ends_well: bool,
    has_heard: bool,
    waits: Option<Waker>,
}

impl Read for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.has_heard {
            self.waits = Some(context.waker().clone());
            return Poll::Pending;
        }
        if self.text.is_empty() {
            return Poll::Ready(match self.ends_well {
                true => Ok(()),
                false => Err(io::Error::from_raw_os_error(RESET)),
            });
        }
        let length = self.text.len().min(buffer.remaining());
        let said: Vec<u8> = self.text.drain(..length).collect();
        buffer.put_slice(&said);
        Poll::Ready(Ok(()))
    }
}

impl Write for Script {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.has_heard = true;
        if let Some(waker) = self.waits.take() {
            waker.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Connection for Script {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

async fn play(script: Option<Script>) -> Result<Response<Incoming>, Error> {
    let script = std::sync::Mutex::new(script);
    let script = std::sync::Arc::new(script);
    let connect = tower::service_fn(move |_: Uri| {
        let script = script.lock().unwrap().take();
        let refused = || NotConnected(io::Error::from_raw_os_error(REFUSED));
        std::future::ready(script.ok_or_else(refused))
    });
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new())
        .retry_canceled_requests(false)
        .build(connect);
    let request = Request::get("http://localhost/").body(Empty::new());
    client.request(request.unwrap()).await
}

/// Nobody listens.
pub(crate) async fn refused() -> Error {
    play(None).await.unwrap_err()
}

/// The connection breaks before there is an answer.
pub(crate) async fn reset() -> Error {
    play(Some(Script::default())).await.unwrap_err()
}

/// An answer whose connection breaks in the middle of its body.
pub(crate) async fn cut(code: u16, body: &[u8]) -> Result<Response<Incoming>, Error> {
    let head = format!(
        "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut text = head.into_bytes();
    text.extend_from_slice(&body[..body.len() / 2]);
    let script = Script {
        text,
        ends_well: true,
        ..Script::default()
    };
    play(Some(script)).await
}

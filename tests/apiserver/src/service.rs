//! The way from a client to the server and back.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::StreamExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use serde_json::Value;

use crate::broken;
use crate::failure::Failure;
use crate::fault::{Trouble, When};
use crate::process::Process;
use crate::read::metadata_only;
use crate::request::Asked;
use crate::review::REVIEWS;
use crate::server::ApiServer;
use crate::user::{Asks, User};
use crate::watch::{Cut, Watch};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Answer = Response<UnsyncBoxBody<Bytes, Error>>;

/// What the server says.
enum Reply {
    Json(u16, Value),
    Failed(Failure),
    Watch(Box<Watch>),
}

impl Reply {
    fn code(&self) -> u16 {
        match self {
            Reply::Json(code, _) => *code,
            Reply::Failed(failure) => failure.code,
            Reply::Watch(_) => 200,
        }
    }
}

/// The connection of a process.
#[derive(Clone)]
pub(crate) struct Service {
    process: Process,
    /// Who it is of, if that is not the user of the process.
    user: Option<User>,
}

impl Service {
    pub(crate) fn new(process: Process, user: Option<User>) -> Self {
        Self { process, user }
    }
}

impl tower::Service<Request<Body>> for Service {
    type Response = Answer;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let process = self.process.clone();
        let user = self.user.clone().unwrap_or_else(|| process.user());
        Box::pin(async move {
            let death = process.death();
            let answer = tokio::select! {
                biased;
                () = death.cancelled() => None,
                answer = exchange(&process, &user, request) => Some(answer),
            };
            match answer {
                // What was done is done, but nobody hears of it.
                Some(answer) if !death.is_cancelled() => answer,
                _ => {
                    process.0.burial.cancelled().await;
                    Err("the process has died".into())
                }
            }
        })
    }
}

/// One request and its answer, with all that happens on the way.
async fn exchange(process: &Process, user: &User, request: Request<Body>) -> Result<Answer, Error> {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let asked = Asked::new(&parts, body);
    let (place, trouble) = process.note(&asked);
    if let Some((When::Before, trouble)) = &trouble
        && let Some(answer) = instead(process, user, &asked, trouble).await
    {
        return answer;
    }
    let server = process.server();
    let reply = server.reply(&asked, process, user).await;
    process.answered(place, reply.code());
    match trouble {
        Some((When::After, trouble)) => spoiled(process, user, &asked, reply, &trouble).await,
        _ => Ok(spoken(&asked, reply)),
    }
}

/// What comes in place of an answer; `None` if the server is asked all the same.
async fn instead(
    process: &Process,
    user: &User,
    asked: &Asked,
    trouble: &Trouble,
) -> Option<Result<Answer, Error>> {
    Some(match trouble {
        Trouble::Kill => {
            process.kill();
            std::future::pending().await
        }
        Trouble::Refused => Err(broken::refused().await.into()),
        Trouble::Reset | Trouble::Cut | Trouble::Truncated => Err(broken::reset().await.into()),
        Trouble::NoAnswer => std::future::pending().await,
        Trouble::Slow(pause) => {
            tokio::time::sleep(*pause).await;
            return None;
        }
        Trouble::TooMany(seconds) => Ok(too_many(*seconds)),
        Trouble::Status(code) => Ok(spoken(asked, Reply::Failed(failure(user, asked, *code)))),
        Trouble::WatchGone => {
            let failure = Failure::expired("too old resource version: 1 (1000)");
            let event = serde_json::json!({"type": "ERROR", "object": failure.body()});
            Ok(text(200, format!("{event}\n")))
        }
        Trouble::WatchCut => return None,
        Trouble::ContinueExpired => {
            let failure = process.server().lock().expired_page("");
            Ok(spoken(asked, Reply::Failed(failure)))
        }
    })
}

/// What becomes of an answer on its way.
async fn spoiled(
    process: &Process,
    user: &User,
    asked: &Asked,
    reply: Reply,
    trouble: &Trouble,
) -> Result<Answer, Error> {
    match trouble {
        Trouble::Cut | Trouble::Truncated => match reply {
            Reply::Json(code, value) => {
                let body = value.to_string();
                if *trouble == Trouble::Truncated {
                    return Ok(text(code, body[..body.len() / 2].to_owned()));
                }
                let answer = broken::cut(code, body.as_bytes()).await?;
                Ok(answer.map(|body| body.map_err(Error::from).boxed_unsync()))
            }
            other => Ok(spoken(asked, other)),
        },
        Trouble::WatchCut => {
            let answer = spoken(asked, reply);
            process.0.cuts.send_replace(Some(Cut::Broken));
            Ok(answer)
        }
        Trouble::Slow(pause) => {
            tokio::time::sleep(*pause).await;
            Ok(spoken(asked, reply))
        }
        trouble => match instead(process, user, asked, trouble).await {
            Some(answer) => answer,
            None => Ok(spoken(asked, reply)),
        },
    }
}

fn failure(user: &User, asked: &Asked, code: u16) -> Failure {
    match code {
        401 => Failure::new(401, "Unauthorized", "Unauthorized"),
        403 => {
            let nobody = User {
                policy: Some(std::sync::Arc::new(|_: &Asks<'_>| false)),
                ..user.clone()
            };
            let refused = nobody.authorise(asked, asked.verb);
            refused
                .err()
                .unwrap_or_else(|| Failure::new(403, "Forbidden", "forbidden"))
        }
        409 => {
            let why = "the object has been modified; please apply your changes to the latest \
                       version and try again";
            Failure::conflict(&asked.resource, &asked.group, &asked.name, why)
        }
        503 => Failure::new(
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        504 => Failure::new(
            504,
            "Timeout",
            "Timeout: request did not complete within the allotted timeout",
        ),
        _ => Failure::internal("etcdserver: request timed out"),
    }
}

fn text(code: u16, text: String) -> Answer {
    let body = Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {});
    Response::builder()
        .status(code)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body.boxed_unsync())
        .unwrap()
}

fn too_many(seconds: u64) -> Answer {
    let message = "Too many requests, please try again later.\n";
    let mut answer = text(429, message.to_owned());
    let headers = answer.headers_mut();
    headers.insert(http::header::RETRY_AFTER, seconds.into());
    headers.insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    answer
}

fn spoken(asked: &Asked, reply: Reply) -> Answer {
    match reply {
        Reply::Json(code, value) if asked.metadata_only => {
            text(code, metadata_only(value).to_string())
        }
        Reply::Json(code, value) => text(code, value.to_string()),
        // Of paths that nothing is served at, the server has no Status.
        Reply::Failed(failure) if failure.code == 404 && failure.reason.is_empty() => {
            text(404, failure.message)
        }
        Reply::Failed(failure) => text(failure.code, failure.body().to_string()),
        Reply::Watch(watch) => {
            let lines = watch.lines().map(|line| match line {
                Ok(line) => Ok(Frame::data(Bytes::from(line))),
                Err(why) => Err(Error::from(why)),
            });
            Response::new(StreamBody::new(lines).boxed_unsync())
        }
    }
}

impl ApiServer {
    async fn reply(&self, asked: &Asked, process: &Process, user: &User) -> Reply {
        if asked.is_watch() {
            let cuts = vec![self.0.cuts.subscribe(), process.0.cuts.subscribe()];
            let watch = user
                .authorise(asked, asked.verb)
                .and_then(|()| self.lock().kind(asked))
                .and_then(|kind| self.watch(&kind, asked, cuts));
            return match watch {
                Ok(watch) => Reply::Watch(Box::new(watch)),
                Err(failure) => Reply::Failed(failure),
            };
        }
        match self.answer(asked, user).await {
            Ok((code, value)) => {
                if asked.is_write()
                    && let Some(react) = self.reaction()
                {
                    react(self, asked);
                }
                Reply::Json(code, value)
            }
            Err(failure) => Reply::Failed(failure),
        }
    }

    async fn answer(&self, asked: &Asked, user: &User) -> Result<(u16, Value), Failure> {
        if asked.resource.is_empty() {
            return self.lock().discover(asked);
        }
        if REVIEWS.contains(&asked.group.as_str()) {
            return Ok((201, self.review(asked, user)?));
        }
        user.authorise(asked, asked.verb)?;
        let kind = self.lock().kind(asked)?;
        let is_part = !asked.subresource.is_empty();
        let is_known = asked.subresource == "status" && kind.has_status
            || asked.subresource == "finalize" && kind.name == "Namespace";
        if is_part && !is_known {
            return Err(match kind.is_custom {
                true => Failure::not_found(&kind, &asked.name),
                false => Failure::no_resource(),
            });
        }
        match (asked.method.as_str(), asked.name.is_empty()) {
            ("GET", true) => self.lock().list(&kind, asked),
            ("GET", false) => self.lock().read(&kind, asked),
            ("POST", true) => self.create(&kind, asked, user).await,
            ("PUT" | "PATCH", false) => self.update(&kind, asked, user).await,
            ("DELETE", false) => self.delete(&kind, asked, user).await,
            ("DELETE", true) => self.delete_all(&kind, asked, user).await,
            _ => Err(Failure::new(
                405,
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            )),
        }
    }
}

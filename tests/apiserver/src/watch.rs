//! Watches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::kind::Kind;
use crate::read::metadata_only;
use crate::request::Asked;
use crate::selector::Selector;
use crate::server::ApiServer;
use crate::state::{Change, State};
use crate::system_fields::versioned;

/// How often a watch is told the version that it has seen, if it wants to be.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// What a client hears of a connection that breaks while it reads. An orderly end would be none
/// to kube.
const BROKEN: &str =
    "error reading a body from connection: Connection reset by peer (os error 104)";

/// How a watch ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The connection breaks.
    Broken,
    /// The server says that it no longer knows what happened since.
    Gone,
}

/// A watch that was taken up.
pub(crate) struct Watch {
    server: ApiServer,
    kind: Arc<Kind>,
    asked: Asked,
    selector: Selector,
    /// Events that are due.
    due: VecDeque<Value>,
    /// All changes up to this version have been looked at.
    seen: u64,
    versions: watch::Receiver<u64>,
    cuts: Vec<watch::Receiver<Option<Cut>>>,
    ends: Option<Instant>,
    bookmark: Instant,
    is_over: bool,
}

impl ApiServer {
    /// Answers a GET that watches.
    pub(crate) fn watch(
        &self,
        kind: &Arc<Kind>,
        asked: &Asked,
        cuts: Vec<watch::Receiver<Option<Cut>>>,
    ) -> Result<Watch, Failure> {
        let selector = Selector::of(asked, kind)?;
        let versions = self.versions();
        let state = self.lock();
        let since: u64 = asked
            .parameter("resourceVersion")
            .parse()
            .unwrap_or_default();
        let mut due = VecDeque::new();
        let mut seen = since;
        let wants_all = asked.flag("sendInitialEvents");
        if since == 0 || wants_all {
            seen = state.version;
            let all = state.listed(kind, &asked.namespace, seen);
            due.extend(
                all.into_iter()
                    .filter(|object| selector.matches(object))
                    .map(|object| json!({"type": "ADDED", "object": versioned(kind, object)})),
            );
            if wants_all {
                let mut end = bookmark(kind, seen);
                end["object"]["metadata"]["annotations"] =
                    json!({"k8s.io/initial-events-end": "true"});
                due.push_back(end);
            }
        }
        let is_over = since != 0 && !wants_all && since < state.horizon;
        if is_over {
            due.push_back(too_old(since, state.horizon));
        }
        let seconds: u64 = asked
            .parameter("timeoutSeconds")
            .parse()
            .unwrap_or_default();
        Ok(Watch {
            server: self.clone(),
            kind: kind.clone(),
            asked: asked.clone(),
            selector,
            due,
            seen,
            versions,
            cuts,
            ends: (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds)),
            bookmark: Instant::now() + BOOKMARKS,
            is_over,
        })
    }
}

impl Watch {
    /// The events as lines; an error is a connection that breaks.
    pub(crate) fn lines(self) -> impl Stream<Item = Result<String, String>> + Send {
        futures::stream::unfold(self, |mut watch| async move {
            let line = watch.next().await?;
            Some((line, watch))
        })
    }

    async fn next(&mut self) -> Option<Result<String, String>> {
        loop {
            if let Some(mut event) = self.due.pop_front() {
                let wants_metadata = self.asked.metadata_only && event["type"] != "ERROR";
                if wants_metadata {
                    event["object"] = metadata_only(event["object"].take());
                }
                return Some(Ok(format!("{event}\n")));
            }
            if self.is_over {
                return None;
            }
            self.versions.borrow_and_update();
            self.look();
            if !self.due.is_empty() {
                continue;
            }
            match self.wait().await {
                Woken::Changed => {}
                Woken::Cut(Cut::Broken) => {
                    self.is_over = true;
                    return Some(Err(BROKEN.to_owned()));
                }
                Woken::Cut(Cut::Gone) => {
                    self.is_over = true;
                    self.due.push_back(too_old(self.seen, self.seen + 1));
                }
                Woken::Bookmark => {
                    self.bookmark = Instant::now() + BOOKMARKS;
                    if self.asked.flag("allowWatchBookmarks") {
                        self.due.push_back(bookmark(&self.kind, self.seen));
                    }
                }
                Woken::Over => return None,
            }
        }
    }

    /// Takes up what has changed.
    fn look(&mut self) {
        let server = self.server.clone();
        let state = server.lock();
        if self.seen < state.horizon {
            // What was changed before the horizon has been seen, or it would be refused.
            self.seen = self.seen.max(state.horizon);
        }
        let from = state
            .history
            .partition_point(|change| change.version <= self.seen);
        for change in &state.history[from..] {
            let event = self.event(change);
            self.due.extend(event);
        }
        self.seen = state.version;
    }

    /// The event that a change is to this watch.
    fn event(&self, change: &Change) -> Option<Value> {
        let key = &change.key;
        let namespace = &self.asked.namespace;
        if !key.is_of(&self.kind) || !namespace.is_empty() && key.namespace != *namespace {
            return None;
        }
        let was = change
            .before
            .as_ref()
            .is_some_and(|before| self.selector.matches(before));
        let is = !change.is_deletion && self.selector.matches(&change.object);
        let type_ = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        let mut object = match (&change.before, type_) {
            // As it was when it was last selected.
            (Some(before), "DELETED") => before.clone(),
            _ => change.object.clone(),
        };
        object["metadata"]["resourceVersion"] = json!(change.version.to_string());
        let object = versioned(&self.kind, object);
        Some(json!({"type": type_, "object": object}))
    }

    async fn wait(&mut self) -> Woken {
        let cuts = self.cuts.iter_mut().map(|cut| {
            Box::pin(async {
                match cut.changed().await {
                    Ok(()) => (*cut.borrow_and_update()).map_or(Woken::Changed, Woken::Cut),
                    Err(_) => std::future::pending().await,
                }
            })
        });
        let cuts: Vec<_> = cuts.collect();
        let cut = async {
            match cuts.is_empty() {
                true => std::future::pending().await,
                false => futures::future::select_all(cuts).await.0,
            }
        };
        let end = async {
            match self.ends {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            cut = cut => cut,
            changed = self.versions.changed() => match changed {
                Ok(()) => Woken::Changed,
                Err(_) => Woken::Over,
            },
            () = end => Woken::Over,
            () = tokio::time::sleep_until(self.bookmark) => Woken::Bookmark,
        }
    }
}

enum Woken {
    Changed,
    Cut(Cut),
    Bookmark,
    Over,
}

fn bookmark(kind: &Kind, version: u64) -> Value {
    json!({"type": "BOOKMARK", "object": {"kind": kind.name, "apiVersion": kind.api_version(),
        "metadata": {"resourceVersion": version.to_string()}}})
}

/// The event of a watch whose version is no longer known.
fn too_old(since: u64, horizon: u64) -> Value {
    let failure = Failure::expired(format!("too old resource version: {since} ({horizon})"));
    json!({"type": "ERROR", "object": failure.body()})
}

impl State {
    /// Forgets all that happened: pages and watches that go on from before are refused.
    pub(crate) fn compact(&mut self) {
        self.horizon = self.version;
        self.history.clear();
        self.version += 1;
    }
}

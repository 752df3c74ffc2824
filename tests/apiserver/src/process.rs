//! Client programs: their requests are counted, and things happen to them.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fault::{At, Fault, Times, Trouble, When};
use crate::request::Asked;
use crate::scripted::Seen;
use crate::server::ApiServer;
use crate::service::Service;
use crate::user::{Asks, User};
use crate::watch::Cut;

/// A client program with its own connection. Cheap to clone; clones are the same program.
#[derive(Clone)]
pub struct Process(pub(crate) Arc<Life>);

pub(crate) struct Life {
    pub(crate) server: ApiServer,
    user: Mutex<User>,
    faults: Mutex<Vec<Armed>>,
    records: Mutex<Vec<Record>>,
    seen: Seen,
    pub(crate) death: CancellationToken,
    pub(crate) burial: CancellationToken,
    pub(crate) cuts: watch::Sender<Option<Cut>>,
}

/// A request that was made.
#[derive(Clone, Debug)]
pub struct Record {
    /// The request.
    pub asked: Asked,
    /// When it was made, by the server's clock.
    pub at: Timestamp,
    /// The code of the answer that the server gave; `None` if the request did not reach it, or
    /// it is still at work.
    pub code: Option<u16>,
    /// What went wrong with it.
    pub trouble: Option<(When, Trouble)>,
}

impl Record {
    /// Returns true if the request was a write that the server has taken.
    pub fn was_written(&self) -> bool {
        self.asked.is_write() && self.code.is_some_and(|code| code < 300)
    }
}

/// A fault that waits for its requests.
struct Armed {
    fault: Fault,
    /// Requests so far that it counts.
    counted: usize,
    happened: usize,
    since: Option<Instant>,
}

impl Armed {
    /// Returns true if the fault happens to a request.
    fn strikes(&mut self, asked: &Asked) -> bool {
        let counts = match &self.fault.at {
            At::Request(_) => true,
            At::Write(_) => asked.is_write(),
            At::Matching(matcher) | At::NthMatching(_, matcher) => matcher.fits(asked),
        };
        let fits = match &self.fault.trouble {
            Trouble::WatchCut | Trouble::WatchGone => asked.is_watch(),
            Trouble::ContinueExpired => asked.query.contains_key("continue"),
            _ => true,
        };
        if !counts || !fits {
            return false;
        }
        self.counted += 1;
        let from = match &self.fault.at {
            At::Request(nth) | At::Write(nth) | At::NthMatching(nth, _) => *nth,
            At::Matching(_) => 1,
        };
        let goes_on = match self.fault.times {
            Times::Once => self.happened == 0,
            Times::Exactly(times) => self.happened < times,
            Times::For(time) => self.since.is_none_or(|since| since.elapsed() < time),
            Times::Always => true,
        };
        if self.counted < from || !goes_on {
            return false;
        }
        self.happened += 1;
        self.since.get_or_insert_with(Instant::now);
        true
    }
}

impl Process {
    pub(crate) fn new(server: ApiServer, user: User) -> Self {
        let (cuts, _) = watch::channel(None);
        Process(Arc::new(Life {
            server,
            user: Mutex::new(user),
            faults: Mutex::default(),
            records: Mutex::default(),
            seen: Seen::default(),
            death: CancellationToken::new(),
            burial: CancellationToken::new(),
            cuts,
        }))
    }

    /// The process as one of a user who may do only what `policy` allows.
    #[must_use]
    pub fn of_user(
        self,
        name: &str,
        policy: impl Fn(&Asks<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        *self.0.user.lock().unwrap() = User {
            name: name.to_owned(),
            policy: Some(Arc::new(policy)),
        };
        self
    }

    /// The server that the process talks to.
    pub fn server(&self) -> &ApiServer {
        &self.0.server
    }

    /// A client of the process. It has to be made within a runtime.
    pub fn client(&self) -> kube::Client {
        kube::Client::new(Service::new(self.clone(), None), "default")
    }

    /// The same of another user, who may do only what `policy` allows.
    pub fn client_of(
        &self,
        name: &str,
        policy: impl Fn(&Asks<'_>) -> bool + Send + Sync + 'static,
    ) -> kube::Client {
        let user = User {
            name: name.to_owned(),
            policy: Some(Arc::new(policy)),
        };
        kube::Client::new(Service::new(self.clone(), Some(user)), "default")
    }

    /// Has something go wrong with requests from now on.
    pub fn inject(&self, fault: Fault) {
        self.faults().push(Armed {
            fault,
            counted: 0,
            happened: 0,
            since: None,
        });
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.faults().clear();
    }

    /// Kills the process: nothing more is heard of it, and what it waits for never comes.
    pub fn kill(&self) {
        self.0.death.cancel();
    }

    /// Cancelled when the process is killed.
    pub fn death(&self) -> CancellationToken {
        self.0.death.clone()
    }

    /// Ends the requests of a process that was killed with an error, so that tasks end that still
    /// wait for them.
    pub fn bury(&self) {
        self.kill();
        self.0.burial.cancel();
    }

    /// Breaks the connections of all watches that the process has.
    pub fn cut_watches(&self) {
        self.0.cuts.send_replace(Some(Cut::Broken));
    }

    /// Tells all watches that the process has that their versions are too old.
    pub fn expire_watches(&self) {
        self.0.cuts.send_replace(Some(Cut::Gone));
    }

    /// All requests that were made, in order.
    pub fn requests(&self) -> Vec<Record> {
        self.records().clone()
    }

    /// The writes that the server has taken, as `PATCH /apis/…`.
    pub fn writes(&self) -> Vec<String> {
        let records = self.records();
        let written = records.iter().filter(|record| record.was_written());
        written.map(|record| record.asked.line()).collect()
    }

    /// The requests as lines with their bodies; grows as more are made.
    pub fn seen(&self) -> Seen {
        self.0.seen.clone()
    }

    /// Forgets the requests that were made so far.
    pub fn forget_requests(&self) {
        self.records().clear();
    }

    pub(crate) fn user(&self) -> User {
        self.0.user.lock().unwrap().clone()
    }

    fn faults(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.0.faults.lock().unwrap()
    }

    pub(crate) fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.records.lock().unwrap()
    }

    /// Notes a request; returns its place among the records, and what goes wrong with it.
    pub(crate) fn note(&self, asked: &Asked) -> (usize, Option<(When, Trouble)>) {
        let mut trouble = None;
        for armed in self.faults().iter_mut() {
            // Every fault counts every request.
            if armed.strikes(asked) && trouble.is_none() {
                trouble = Some((armed.fault.when, armed.fault.trouble.clone()));
            }
        }
        let line = format!("{} {}", asked.method, asked.target);
        self.0.seen.lock().unwrap().push((line, asked.body.clone()));
        let mut records = self.records();
        records.push(Record {
            asked: asked.clone(),
            at: self.0.server.now(),
            code: None,
            trouble: trouble.clone(),
        });
        (records.len() - 1, trouble)
    }

    pub(crate) fn answered(&self, place: usize, code: u16) {
        if let Some(record) = self.records().get_mut(place) {
            record.code = Some(code);
        }
    }
}

//! What can go wrong between a client and the server.

use std::sync::Arc;
use std::time::Duration;

use crate::request::Asked;

/// Something that goes wrong with requests of a process.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which requests it happens to.
    pub at: At,
    /// On which side of the server's work.
    pub when: When,
    /// What it is.
    pub trouble: Trouble,
    /// How often it happens.
    pub times: Times,
}

impl Fault {
    /// A fault that happens once.
    pub fn new(at: At, when: When, trouble: Trouble) -> Self {
        Self {
            at,
            when,
            trouble,
            times: Times::Once,
        }
    }

    /// The fault, happening as often as this.
    #[must_use]
    pub fn times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// Every single fault there is at a request: a kill and all that a connection and a server
    /// can do, before and after the work is done.
    pub fn each_at(at: &At) -> Vec<Self> {
        let mut faults = Vec::new();
        for when in [When::Before, When::After] {
            for trouble in Trouble::each() {
                if trouble.fits(when) {
                    faults.push(Self::new(at.clone(), when, trouble));
                }
            }
        }
        faults
    }
}

/// The requests that a fault happens to. Requests are counted from 1, from when the fault was
/// injected on.
#[derive(Clone, Debug)]
pub enum At {
    /// The nth request, watches included.
    Request(usize),
    /// The nth request that writes; dry runs do not.
    Write(usize),
    /// Requests that fit, all of them until the fault has happened often enough.
    Matching(Matcher),
    /// The nth request that fits.
    NthMatching(usize, Matcher),
}

type Test = Arc<dyn Fn(&Asked) -> bool + Send + Sync>;

/// A condition on requests. What is not given fits everything.
#[derive(Clone, Default)]
pub struct Matcher {
    verb: Option<String>,
    resource: Option<String>,
    name: Option<String>,
    test: Option<Test>,
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "*".to_owned());
        write!(
            f,
            "{} {}/{}",
            text(&self.verb),
            text(&self.resource),
            text(&self.name)
        )
    }
}

impl Matcher {
    /// Fits every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Fits requests with a verb of RBAC.
    pub fn verb(verb: &str) -> Self {
        Self {
            verb: Some(verb.to_owned()),
            ..Self::default()
        }
    }

    /// And for objects with this plural.
    #[must_use]
    pub fn resource(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// And for the object of this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Fits requests that pass a test.
    pub fn when(test: impl Fn(&Asked) -> bool + Send + Sync + 'static) -> Self {
        Self {
            test: Some(Arc::new(test)),
            ..Self::default()
        }
    }

    pub(crate) fn fits(&self, asked: &Asked) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        is(&self.verb, asked.verb)
            && is(&self.resource, &asked.resource)
            && is(&self.name, &asked.name)
            && self.test.as_ref().is_none_or(|test| test(asked))
    }
}

/// On which side of the server's work a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The server does nothing.
    Before,
    /// The server has done its work; its answer is what suffers.
    After,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// The process dies: nothing more is heard of it, and nothing is answered to it.
    Kill,
    /// Nobody listens.
    Refused,
    /// The connection breaks.
    Reset,
    /// Nothing comes.
    NoAnswer,
    /// The answer takes this long.
    Slow(Duration),
    /// The answer ends in its middle, and the connection with it.
    Cut,
    /// The answer ends in its middle as if that were all.
    Truncated,
    /// 429, with the seconds after which to come back.
    TooMany(u64),
    /// A failure with this code: 401, 403, 409, 500, 503, 504.
    Status(u16),
    /// A watch breaks once it has been taken up.
    WatchCut,
    /// A watch is told that its version is too old.
    WatchGone,
    /// A page of a list is told that the list has expired.
    ContinueExpired,
}

impl Trouble {
    /// One of each kind that any request may meet.
    pub fn each() -> Vec<Self> {
        vec![
            Trouble::Kill,
            Trouble::Refused,
            Trouble::Reset,
            Trouble::NoAnswer,
            Trouble::Slow(Duration::from_secs(20)),
            Trouble::Cut,
            Trouble::Truncated,
            Trouble::TooMany(1),
            Trouble::Status(401),
            Trouble::Status(403),
            Trouble::Status(409),
            Trouble::Status(500),
            Trouble::Status(503),
            Trouble::Status(504),
        ]
    }

    /// Returns true if it can happen on that side of the work: nobody does the work and then
    /// does not listen, says that it was not authorised, or that there was too much to do; and an
    /// answer that is cut is one to work that was done.
    pub fn fits(&self, when: When) -> bool {
        match self {
            Trouble::Refused
            | Trouble::TooMany(_)
            | Trouble::Status(401 | 403 | 409)
            | Trouble::WatchGone
            | Trouble::ContinueExpired => when == When::Before,
            Trouble::Cut | Trouble::Truncated | Trouble::WatchCut => when == When::After,
            _ => true,
        }
    }
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Times {
    /// Once.
    Once,
    /// This often.
    Exactly(usize),
    /// To every request that fits within this time from the first on.
    For(Duration),
    /// Until the process heals.
    Always,
}

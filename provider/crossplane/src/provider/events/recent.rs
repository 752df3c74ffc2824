//! What was said lately, so that it is not said again and again.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{EventType, Reason, Spoken};

/// How long something said counts as said lately.
const LATELY: Duration = Duration::from_secs(600);

/// A repetition is counted at most this often.
const REPEATED: Duration = Duration::from_secs(30);

/// How many different things may be said of an object at once.
const BURST: f64 = 25.0;

/// How many more a second: one in half a minute.
const REFILL: f64 = 1.0 / 30.0;

/// The most that is remembered; beyond it what is oldest is forgotten.
const REMEMBERED: usize = 4096;

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is new: write it.
    New,
    /// It was said before: count it.
    Again {
        /// Name of the event.
        name: String,
        /// How often it was said.
        count: i32,
    },
    /// Do not write it: it was just said, or too much is said of the object.
    TooMuch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    object: String,
    type_: EventType,
    reason: Reason,
    message: String,
}

struct Entry {
    name: String,
    count: i32,
    counted: Instant,
    heard: Instant,
}

struct Patience {
    left: f64,
    since: Instant,
}

#[derive(Default)]
pub(super) struct Recent {
    entries: HashMap<Key, Entry>,
    objects: HashMap<String, Patience>,
}

fn object(spoken: &Spoken) -> String {
    let about = &spoken.about;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    match &about.uid {
        Some(uid) => uid.clone(),
        None => format!(
            "{}/{}/{}",
            text(&about.kind),
            text(&about.namespace),
            text(&about.name)
        ),
    }
}

fn key(spoken: &Spoken) -> Key {
    Key {
        object: object(spoken),
        type_: spoken.type_,
        reason: spoken.reason,
        message: spoken.message.clone(),
    }
}

impl Recent {
    /// What to do with an event that is said at `now`.
    pub(super) fn hear(&mut self, spoken: &Spoken, now: Instant) -> Said {
        self.forget(now);
        let key = key(spoken);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.count += 1;
            entry.heard = now;
            if now - entry.counted < REPEATED {
                return Said::TooMuch;
            }
            entry.counted = now;
            return Said::Again {
                name: entry.name.clone(),
                count: entry.count,
            };
        }
        let patience = self.objects.entry(key.object).or_insert(Patience {
            left: BURST,
            since: now,
        });
        let refilled = (now - patience.since).as_secs_f64() * REFILL;
        patience.left = BURST.min(patience.left + refilled);
        patience.since = now;
        if patience.left < 1.0 {
            return Said::TooMuch;
        }
        patience.left -= 1.0;
        Said::New
    }

    /// The event was written under this name.
    pub(super) fn written(&mut self, spoken: &Spoken, name: String) {
        let now = Instant::now();
        self.entries.entry(key(spoken)).or_insert(Entry {
            name,
            count: 1,
            counted: now,
            heard: now,
        });
    }

    /// The event could not be written, or is no longer there.
    pub(super) fn lost(&mut self, spoken: &Spoken) {
        self.entries.remove(&key(spoken));
    }

    fn forget(&mut self, now: Instant) {
        if self.entries.len() >= REMEMBERED {
            self.entries.retain(|_, entry| now - entry.heard < REPEATED);
        }
        if self.entries.len() >= REMEMBERED {
            self.entries.clear();
        }
        self.entries.retain(|_, entry| now - entry.heard < LATELY);
        self.objects.retain(|_, patience| {
            now - patience.since < LATELY
                || patience.left < BURST - 1.0 && now - patience.since < LATELY * 2
        });
    }
}

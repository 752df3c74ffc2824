//! The recent events, so that none is repeated too often.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{EventType, Reason, Spoken};

/// The time for which an event counts as recent.
const LATELY: Duration = Duration::from_secs(600);

/// A repetition is counted at most this often.
const REPEATED: Duration = Duration::from_secs(30);

/// The number of different events about one object that are allowed at once.
const BURST: f64 = 25.0;

/// The number of further events a second: one in half a minute.
const REFILL: f64 = 1.0 / 30.0;

/// The most events that are remembered; beyond that, the oldest are forgotten.
const REMEMBERED: usize = 4096;

/// The decision on an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is new: write it.
    New,
    /// It is a repetition: raise the count.
    Again {
        /// Name of the event.
        name: String,
        /// The new count.
        count: i32,
    },
    /// Drop it: it was just written, or the object has too many events.
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
    /// Decides on an event at `now`.
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

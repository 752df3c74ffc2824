//! The objects of creations that no state holds yet.
//!
//! A process that is killed while it waits for an object that it has made leaves the object
//! behind, and so does an answer that gets lost. Such an object carries a mark (see
//! [`CREATED_BY_APPLY`]) by which the same plan finds it again, from wherever it is applied. The
//! process that made it takes the mark off once the answer is delivered: from then on a state
//! holds the object, and another one with the same configuration is told that it exists.
//!
//! A process that is killed in between leaves the mark on an object that a state holds. Whoever
//! reads that state sees it ([`Cluster::is_unacknowledged`]), and the next change takes it off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

#[cfg(doc)]
use crate::CREATED_BY_APPLY;
use crate::Cluster;
use crate::objects::{Kind, Objects};

/// How long after the answer a mark is taken off. Until then a client that is killed may not have
/// written its state: backends elsewhere get it every 20 s.
const AFTER: Duration = Duration::from_secs(30);

/// Marks that are taken off at a time when the process ends.
const AT_ONCE: usize = 32;

/// How often it is tried to take a mark off: whatever stood against it once, a server that starts
/// anew or a token that is renewed, may be over.
const ATTEMPTS: u32 = 3;

/// How long between them. All of them fit into the time that a process has to end.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes one mark off. A request that waits to be made holds what it is made of and no more.
type Acknowledgement = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// The object that one creation has made, now or before it was killed. Dropped, it keeps its
/// mark: the next creation of the same goes on with it.
#[derive(Default)]
pub struct Unacknowledged(Mutex<Option<Made>>);

struct Made {
    uid: Option<String>,
    acknowledge: Acknowledgement,
}

impl Unacknowledged {
    /// The UID of the object; None when none was made.
    pub fn uid(&self) -> Option<String> {
        held(&self.0).as_ref()?.uid.clone()
    }

    /// Notes an object that this creation stands for.
    pub(crate) fn note<K: Kind>(&self, objects: &Objects<K>, object: &K) {
        let objects = objects.clone();
        let name = object.meta().name.clone().unwrap_or_default();
        let uid = object.meta().uid.clone();
        let pinned = uid.clone();
        let acknowledge = move || acknowledged(objects, name, pinned).boxed();
        *held(&self.0) = Some(Made {
            uid,
            acknowledge: Box::new(acknowledge),
        });
    }

    fn take(self) -> Option<Acknowledgement> {
        let made = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        made.map(|made| made.acknowledge)
    }
}

/// What is still to be acknowledged, by a number of its own.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Numbered>>);

#[derive(Default)]
struct Numbered {
    next: u64,
    requests: BTreeMap<u64, Acknowledgement>,
}

impl Cluster {
    /// Takes the mark off what a creation has made, a while after now: for a creation whose
    /// answer is delivered next. Returns at once.
    pub fn acknowledge(&self, made: Unacknowledged) {
        let Some(request) = made.take() else {
            return;
        };
        let waiting = self.acknowledgements.clone();
        let number = {
            let mut numbered = held(&waiting.0);
            numbered.next += 1;
            let number = numbered.next;
            numbered.requests.insert(number, request);
            number
        };
        tokio::spawn(async move {
            tokio::time::sleep(AFTER).await;
            let due = held(&waiting.0).requests.remove(&number);
            if let Some(request) = due {
                request().await;
            }
        });
    }

    /// Takes off at once the marks that are left: for a process that ends because its client has
    /// all answers.
    pub async fn acknowledge_all(&self) {
        let left = std::mem::take(&mut held(&self.acknowledgements.0).requests);
        let mut left = left.into_values();
        let mut begun = FuturesUnordered::new();
        loop {
            while begun.len() < AT_ONCE
                && let Some(acknowledge) = left.next()
            {
                begun.push(acknowledge());
            }
            if begun.next().await.is_none() {
                return;
            }
        }
    }
}

/// Takes the mark off an object, unless something stands against it for longer.
async fn acknowledged<K: Kind>(objects: Objects<K>, name: String, uid: Option<String>) {
    for attempt in 1..=ATTEMPTS {
        let Err(error) = objects.unmark(&name, uid.as_deref()).await else {
            return;
        };
        if attempt == ATTEMPTS {
            // Whoever reads the state sees it, and its next apply takes it off.
            tracing::debug!(%error, "the mark of a creation stays");
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

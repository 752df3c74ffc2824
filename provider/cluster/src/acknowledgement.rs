//! Objects that a creation has made and that no state holds yet.
//!
//! A process that is killed while it waits for its new object leaves the object behind, and so does
//! a lost answer. Such an object carries a mark (see [`CREATED_BY_APPLY`]) by which the same plan
//! finds it again, wherever it is applied. The process that made the object takes the mark off once
//! its answer is delivered: from then on a state holds the object, and another state with the same
//! configuration gets an error that it exists.
//!
//! A process that is killed in between leaves the mark on an object that is in a state. The next
//! refresh of that state sees the mark ([`Cluster::is_unacknowledged`]), and the next change
//! removes it.

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

/// The time between the answer and the removal of a mark. Until then a killed client may not have
/// saved its state: remote backends get it every 20 s.
const AFTER: Duration = Duration::from_secs(30);

/// The number of marks that are taken off at once when the process ends.
const AT_ONCE: usize = 32;

/// The number of attempts to take a mark off: a failure may pass, because the server restarts or a
/// token is renewed.
const ATTEMPTS: u32 = 3;

/// The pause between attempts. All attempts fit into the time that a process has to end.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes one mark off. A request that waits to be made holds what it is made of and no more.
type Acknowledgement = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// The object that one creation has made, now or before it was killed. If this value is dropped,
/// the object keeps its mark, and the next attempt of the same creation goes on with it.
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

/// The objects still to be acknowledged, by running number.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Numbered>>);

#[derive(Default)]
struct Numbered {
    next: u64,
    requests: BTreeMap<u64, Acknowledgement>,
}

impl Cluster {
    /// Takes the mark off the object of a creation a while from now, for a creation whose answer is
    /// about to be delivered. Returns at once.
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

    /// Takes the remaining marks off at once, for a process that ends because its client has all
    /// answers.
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

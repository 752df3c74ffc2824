//! The pauses between updates that someone else undoes each time.
//!
//! An update of a field that was just updated waits, each time twice as long, so that two writers
//! with different wishes do not write in a loop.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

/// The pause after the first update of a field.
const FIRST: Duration = Duration::from_secs(2);
/// A field that was not updated for this time after its pause counts as settled.
const SETTLED: Duration = Duration::from_secs(60);

/// The updates of one external object, field by field.
#[derive(Debug, Default)]
pub struct Repeats {
    /// The generation of the managed resource that they were made for: a new wish does not wait.
    generation: Option<i64>,
    fields: HashMap<String, Field>,
    /// What was found out about the present pause.
    pub told: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    updates: u32,
    last: Instant,
}

impl Field {
    /// The pause after its last update.
    fn pause(&self, longest: Duration) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.updates.saturating_sub(1).min(20));
        pause.min(longest)
    }
}

/// An update that has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The time until it may be made.
    pub left: Duration,
    /// The whole pause.
    pub pause: Duration,
    /// The updates of the same field so far.
    pub updates: u32,
}

impl Repeats {
    /// Returns the wait before an update of these fields, if there is one.
    pub fn wait(
        &mut self,
        generation: Option<i64>,
        fields: &BTreeSet<String>,
        longest: Duration,
    ) -> Option<Wait> {
        if self.generation != generation {
            *self = Repeats {
                generation,
                ..Repeats::default()
            };
        }
        let settled = |field: &Field| field.last.elapsed() > field.pause(longest) + SETTLED;
        self.fields.retain(|_, field| !settled(field));
        let known = fields.iter().filter_map(|name| self.fields.get(name));
        let waits = known.filter_map(|field| {
            let pause = field.pause(longest);
            let left = pause.saturating_sub(field.last.elapsed());
            (!left.is_zero()).then_some(Wait {
                left,
                pause,
                updates: field.updates,
            })
        });
        waits.max_by_key(|wait| wait.left)
    }

    /// Notes an update of these fields.
    pub fn made(&mut self, fields: BTreeSet<String>) {
        self.told = None;
        for name in fields {
            let last = Instant::now();
            let field = self.fields.entry(name);
            let field = field.or_insert(Field { updates: 0, last });
            field.updates += 1;
            field.last = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Duration = Duration::from_secs(600);

    fn fields(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The seconds at which a field is updated that somebody changes back at once.
    async fn fight(seconds: u64, generation: impl Fn(u64) -> i64) -> Vec<u64> {
        let mut repeats = Repeats::default();
        let replicas = fields(&["spec.size"]);
        let mut made = Vec::new();
        for second in 0..seconds {
            let wait = repeats.wait(Some(generation(second)), &replicas, POLL);
            if wait.is_none() {
                repeats.made(replicas.clone());
                made.push(second);
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        made
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_changed_back_each_time_is_updated_ever_later_up_to_the_poll_interval() {
        let made = fight(60, |_| 1).await;
        assert_eq!(made, [0, 2, 6, 14, 30]);
        let made = fight(5000, |_| 1).await;
        let last = made.windows(2).last().unwrap();
        assert_eq!(last[1] - last[0], POLL.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_wish_does_not_wait() {
        let made = fight(20, |second| if second < 10 { 1 } else { 2 }).await;
        assert_eq!(made, [0, 2, 6, 10, 12, 16]);
    }

    #[tokio::test(start_paused = true)]
    async fn another_field_does_not_wait_and_a_field_among_others_does() {
        let mut repeats = Repeats::default();
        let mut wait = |names: &[&str]| repeats.wait(Some(1), &fields(names), POLL).is_some();
        assert!(!wait(&["a"]));
        repeats.made(fields(&["a"]));
        let mut wait = |names: &[&str]| repeats.wait(Some(1), &fields(names), POLL).is_some();
        assert!(!wait(&["b"]));
        assert!(wait(&["a", "b"]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_held_for_a_minute_is_updated_at_once() {
        let mut repeats = Repeats::default();
        for _ in 0..3 {
            repeats.wait(Some(1), &fields(&["a"]), POLL);
            repeats.made(fields(&["a"]));
        }
        tokio::time::advance(Duration::from_secs(69)).await;
        assert_eq!(repeats.fields.len(), 1);
        repeats.made(fields(&["a"]));
        let wait = repeats.wait(Some(1), &fields(&["a"]), POLL).unwrap();
        assert_eq!((wait.updates, wait.pause.as_secs()), (4, 16));
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(repeats.wait(Some(1), &fields(&["a"]), POLL), None);
        assert!(repeats.fields.is_empty());
    }
}

//! The `timeouts` attribute: the longest time for each operation.

use std::time::Duration;

use everest_cluster::Wait;
use everest_core::duration;
use everest_schemas::{Field, models::Timeouts};
use tfplugin::Context;

const MINUTE: Duration = Duration::from_secs(60);

/// The default time-outs of one resource.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    create: Duration,
    update: Duration,
    delete: Duration,
}

impl Defaults {
    /// Time-outs in minutes.
    pub const fn minutes(create: u32, update: u32, delete: u32) -> Self {
        Self {
            create: MINUTE.saturating_mul(create),
            update: MINUTE.saturating_mul(update),
            delete: MINUTE.saturating_mul(delete),
        }
    }

    /// The bounds of a creation.
    pub fn create(&self, given: &Field<Timeouts>, cx: &Context) -> Wait {
        wait(given.known().map(|t| &t.create), self.create, cx)
    }

    /// The bounds of an update.
    pub fn update(&self, given: &Field<Timeouts>, cx: &Context) -> Wait {
        wait(given.known().map(|t| &t.update), self.update, cx)
    }

    /// The bounds of a deletion.
    pub fn delete(&self, given: &Field<Timeouts>, cx: &Context) -> Wait {
        wait(given.known().map(|t| &t.delete), self.delete, cx)
    }
}

fn wait(given: Option<&Field<String>>, default: Duration, cx: &Context) -> Wait {
    // A duration that does not parse was refused by the rules before anything waits.
    let deadline = given
        .and_then(Field::known)
        .and_then(|text| duration::parse_go(text).ok())
        .unwrap_or(default);
    Wait::new(deadline, cx.stop.clone())
}

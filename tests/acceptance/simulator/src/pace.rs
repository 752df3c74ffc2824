//! How long things take.

use std::time::Duration;

use crate::engine::Engine;

/// How long the operators take for what they do. Tests lengthen and shorten single times with
/// the keys in the crate's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A phase of an engine's object that nothing else is said of.
    pub phase: Duration,
    /// From the first pod to `ready`.
    pub initializing: Duration,
    /// How long an engine's operator overlooks a changed spec, its status stale.
    pub unseen: Duration,
    /// How long the operators of PXC and PostgreSQL say after that that they have seen the spec and
    /// are `ready`, before their StatefulSets begin: until the end of the next reconcile.
    pub idle: Duration,
    /// How long a load balancer has no address.
    pub address: Duration,
    /// How long a backup runs.
    pub backup: Duration,
    /// How long a restore runs.
    pub restore: Duration,
    /// How long an import runs.
    pub import: Duration,
    /// How long MongoDB must have been ready before everest-operator starts a restore.
    pub grace: Duration,
    /// When everest-operator looks again at a database that is not ready.
    pub look_again: Duration,
    /// When everest-operator looks again at a backup or restore that cannot start yet.
    pub retry: Duration,
    /// When everest-operator looks again at a PXC database that is being restored.
    pub frozen: Duration,
    /// The pause after the first failure of a reconcile; each further failure doubles it.
    pub first_failure: Duration,
    /// The longest pause after failures.
    pub longest_failure: Duration,
    /// The longest pause before a watch that broke down is tried again.
    pub watch: Duration,
}

impl Pace {
    /// The pace for real time: what takes minutes in reality takes a quarter of a second, and
    /// after failures the next try comes soon.
    pub fn quick() -> Self {
        let phase = Duration::from_millis(250);
        Self {
            phase,
            initializing: phase,
            unseen: Duration::from_millis(400),
            idle: Duration::ZERO,
            address: Duration::ZERO,
            backup: phase,
            restore: phase,
            import: phase,
            grace: Duration::from_secs(1),
            look_again: Duration::from_secs(5),
            retry: Duration::from_secs(1),
            frozen: Duration::from_secs(5),
            first_failure: Duration::from_millis(50),
            longest_failure: Duration::from_millis(12_800),
            watch: Duration::from_millis(500),
        }
    }

    /// The real pace, for virtual time: databases take minutes; the pauses are those of
    /// everest-operator and of controller-runtime, whose queue waits 5 ms after the first failure
    /// and up to 1,000 s.
    pub fn real() -> Self {
        Self {
            phase: Duration::from_secs(10),
            initializing: Duration::from_secs(180),
            unseen: Duration::from_secs(2),
            idle: Duration::from_secs(8),
            address: Duration::from_secs(45),
            backup: Duration::from_secs(120),
            restore: Duration::from_secs(300),
            import: Duration::from_secs(300),
            grace: Duration::from_secs(30),
            look_again: Duration::from_secs(5),
            retry: Duration::from_secs(10),
            frozen: Duration::from_secs(15),
            first_failure: Duration::from_millis(5),
            longest_failure: Duration::from_secs(1_000),
            watch: Duration::from_secs(30),
        }
    }

    /// The pause after `failures` failures in a row, at least one.
    pub fn after_failures(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first_failure
            .saturating_mul(1 << doublings)
            .min(self.longest_failure)
    }

    /// How long an engine says that it is idle after it has seen a changed spec.
    pub fn idle_of(&self, engine: Engine) -> Duration {
        match engine {
            Engine::Pxc | Engine::Postgresql => self.idle,
            Engine::Psmdb => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_5_ms_to_16_minutes_and_40_seconds() {
        let pace = Pace::real();
        assert_eq!(pace.after_failures(1), Duration::from_millis(5));
        assert_eq!(pace.after_failures(2), Duration::from_millis(10));
        assert_eq!(pace.after_failures(18), Duration::from_millis(655_360));
        assert_eq!(pace.after_failures(19), Duration::from_secs(1_000));
        assert_eq!(pace.after_failures(u32::MAX), Duration::from_secs(1_000));
    }
}

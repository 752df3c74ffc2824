//! What has been checked, how long it took and how it ended.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// What a phase spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Compiling the project.
    Rust,
    /// Compiling what the tests run on.
    Go,
    /// Running tests.
    Tests,
}

impl Work {
    const ALL: [Self; 3] = [Self::Rust, Self::Go, Self::Tests];

    const fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust builds",
            Self::Go => "Go builds",
            Self::Tests => "checks and tests",
        }
    }

    /// Longest time of a phase: some three times what a machine with two cores needs that has
    /// built nothing yet.
    pub(super) const fn longest(self) -> Duration {
        let minutes = match self {
            Self::Rust => 30,
            Self::Go => 40,
            Self::Tests => 15,
        };
        Duration::from_secs(minutes * 60)
    }
}

/// The phases of a run, in their order.
pub(super) struct Phases {
    begun: Instant,
    done: Vec<Phase>,
    current: Option<Current>,
}

impl Default for Phases {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            done: Vec::new(),
            current: None,
        }
    }
}

/// The phase that goes on.
struct Current {
    name: String,
    work: Work,
    since: Instant,
}

struct Phase {
    name: String,
    work: Work,
    took: Duration,
    end: End,
}

/// How a phase ended.
enum End {
    Passed,
    /// This test failed, and passed when it was run again.
    PassedLater(String),
    Failed,
}

impl Phase {
    fn has_failed(&self) -> bool {
        matches!(self.end, End::Failed)
    }
}

impl Phases {
    /// Ends the current phase well and begins another.
    pub(super) fn begin(&mut self, work: Work, name: impl Into<String>) {
        self.end(End::Passed);
        let name = name.into();
        println!("── {name}");
        self.current = Some(Current {
            name,
            work,
            since: Instant::now(),
        });
    }

    /// Phases that run beside the next ones of these.
    pub(super) fn beside(&mut self) -> Self {
        self.end(End::Passed);
        Self::default()
    }

    /// Takes up phases that ran beside these, the last of which ended with `last`.
    pub(super) fn join(&mut self, mut beside: Self, last: &Result<(), Failure>) {
        beside.end(if last.is_ok() {
            End::Passed
        } else {
            End::Failed
        });
        self.done.append(&mut beside.done);
    }

    /// The name of the current phase.
    pub(super) fn name(&self) -> &str {
        self.current.as_ref().map_or("", |current| &current.name)
    }

    /// Awaits a step of the current phase, as long as the phase may take.
    ///
    /// # Errors
    /// `Check` when it takes longer; what the step fails with.
    pub(super) async fn within<T>(
        &self,
        step: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Some(Current {
            name, work, since, ..
        }) = &self.current
        else {
            return step.await;
        };
        let left = work.longest().saturating_sub(since.elapsed());
        tokio::time::timeout(left, step)
            .await
            .unwrap_or_else(|_| Err(late(name, work.longest())))
    }

    /// The current phase has failed; others may follow.
    pub(super) fn fail(&mut self) {
        self.end(End::Failed);
    }

    /// The current phase has passed, though this test did so on its second attempt.
    pub(super) fn pass_later(&mut self, test: String) {
        self.end(End::PassedLater(test));
    }

    fn end(&mut self, end: End) {
        if let Some(current) = self.current.take() {
            self.done.push(Phase {
                name: current.name,
                work: current.work,
                took: current.since.elapsed(),
                end,
            });
        }
    }

    /// Prints all phases, the last of which ended with `last`.
    ///
    /// # Errors
    /// What `last` failed with, or that an earlier phase has failed.
    pub(super) fn conclude(mut self, last: Result<(), Failure>) -> Result<(), Failure> {
        self.end(if last.is_ok() {
            End::Passed
        } else {
            End::Failed
        });
        println!();
        for phase in &self.done {
            let mark = match &phase.end {
                End::Passed => "ok".to_owned(),
                End::PassedLater(test) => format!("ok, at second attempt: {test}"),
                End::Failed => "FAILED".to_owned(),
            };
            told(phase.took, &phase.name, &mark);
        }
        for work in Work::ALL {
            let phases = self.done.iter().filter(|phase| phase.work == work);
            told(phases.map(|phase| phase.took).sum(), work.name(), "in all");
        }
        told(processors(), "processors", "all that was started");
        told(self.begun.elapsed(), "everything", "");
        last?;
        let failed: Vec<&str> = self
            .done
            .iter()
            .filter(|phase| phase.has_failed())
            .map(|phase| phase.name.as_str())
            .collect();
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::Check(format!("failed: {}", failed.join("; "))))
        }
    }
}

/// A line of the summary.
fn told(took: Duration, what: &str, mark: &str) {
    println!("{:8.1}s  {what:34} {mark}", took.as_secs_f32());
}

/// What the processes that this one has started and seen the end of took of the processors; zero
/// where the system does not tell.
fn processors() -> Duration {
    // Linux tells it in hundredths of a second, whatever the kernel's own clock.
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = told.rsplit_once(')').map_or(0, |(_, fields)| {
        let times = fields.split_whitespace().skip(13).take(2);
        times.filter_map(|time| time.parse::<u64>().ok()).sum()
    });
    Duration::from_millis(ticks * 10)
}

/// What took longer than it may.
pub(super) fn late(what: &str, longest: Duration) -> Failure {
    Failure::Check(format!(
        "{what}: not done after {} min, so something hangs",
        longest.as_secs() / 60
    ))
}

//! What has been checked, how long it took and how it ended.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// The phases of a run, in their order.
#[derive(Default)]
pub(super) struct Phases {
    done: Vec<Phase>,
    current: Option<(String, Instant)>,
}

struct Phase {
    name: String,
    took: Duration,
    end: End,
}

/// How a phase ended.
enum End {
    Passed,
    /// These tests failed, and passed when they were run again alone.
    PassedLater(Vec<String>),
    Failed,
}

impl Phase {
    fn has_failed(&self) -> bool {
        matches!(self.end, End::Failed)
    }
}

impl Phases {
    /// Ends the current phase well and begins another.
    pub(super) fn begin(&mut self, name: impl Into<String>) {
        self.end(End::Passed);
        let name = name.into();
        println!("── {name}");
        self.current = Some((name, Instant::now()));
    }

    /// The current phase has failed; others may follow.
    pub(super) fn fail(&mut self) {
        self.end(End::Failed);
    }

    /// The current phase has passed, though these tests did so on their second attempt alone.
    pub(super) fn pass_later(&mut self, tests: Vec<String>) {
        self.end(End::PassedLater(tests));
    }

    fn end(&mut self, end: End) {
        if let Some((name, since)) = self.current.take() {
            let took = since.elapsed();
            self.done.push(Phase { name, took, end });
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
        for Phase { name, took, end } in &self.done {
            let mark = match end {
                End::Passed => "ok".to_owned(),
                End::PassedLater(tests) => format!("ok, at second attempt: {}", tests.join(", ")),
                End::Failed => "FAILED".to_owned(),
            };
            println!("{:8.1}s  {name:30} {mark}", took.as_secs_f32());
        }
        let total: Duration = self.done.iter().map(|phase| phase.took).sum();
        println!("{:8.1}s  in all", total.as_secs_f32());
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

//! Tests against a control plane, which a busy machine can make late: what fails is run once
//! more, alone and on another cluster, and is named as such. What fails twice has failed.

use std::process::{Command, Stdio};

use acceptance::control_plane::ControlPlane;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::phases::Phases;
use crate::{failure::Failure, program::shown};

/// Most tests that are run a second time: more of them are no accident.
const FEW: usize = 3;

/// Tests and what they run against.
pub(super) struct Stage {
    /// The tests.
    pub(super) tests: Command,
    /// Their cluster, where they have one of their own. It ends with them: what a test that
    /// failed has left is in nobody's way.
    pub(super) cluster: Option<ControlPlane>,
}

impl Stage {
    async fn play(mut self) -> Result<Attempt, Failure> {
        let attempt = attempt(self.tests).await?;
        if let (Attempt::Failed(_), Some(cluster)) = (&attempt, &mut self.cluster) {
            cluster.keep_logs();
        }
        Ok(attempt)
    }
}

/// Runs the tests of the current phase, whose end it tells. `stage` is asked for each attempt.
/// What a few of them fail with does not keep the next phase from its work.
///
/// # Errors
/// `Check` where many tests fail, or none can be named; `Missing` and `File` where the tests
/// cannot be run at all; what keeps `stage` from being made.
pub(super) async fn run(
    stage: impl AsyncFn() -> Result<Stage, Failure>,
    phases: &mut Phases,
) -> Result<(), Failure> {
    let first = stage().await?;
    let line = shown(&first.tests);
    let failed = match first.play().await? {
        Attempt::Passed => return Ok(()),
        Attempt::Failed(failed) if (1..=FEW).contains(&failed.len()) => failed,
        Attempt::Failed(failed) => {
            return Err(Failure::Check(format!(
                "`{line}` failed, {} of its tests",
                failed.len()
            )));
        }
    };
    println!("── once more, alone: {}", failed.join(", "));
    let mut again = stage().await?;
    again.tests.arg("--exact").args(&failed);
    match again.play().await? {
        Attempt::Passed => phases.pass_later(failed),
        Attempt::Failed(_) => phases.fail(),
    }
    Ok(())
}

/// How the tests ended; `Failed` has the names of those that did, if they were reached.
enum Attempt {
    Passed,
    Failed(Vec<String>),
}

async fn attempt(tests: Command) -> Result<Attempt, Failure> {
    let line = shown(&tests);
    let mut tests = tokio::process::Command::from(tests);
    let mut child = tests
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| Failure::Missing {
            program: line.clone(),
            source,
        })?;
    let mut failed = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(told) = lines.next_line().await.map_err(Failure::file(&line))? {
            println!("{told}");
            failed.extend(failed_test(&told));
        }
    }
    let status = child.wait().await.map_err(Failure::file(&line))?;
    Ok(if status.success() {
        Attempt::Passed
    } else {
        Attempt::Failed(failed)
    })
}

/// The test that a line of the test harness tells the failure of.
fn failed_test(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, process::Command};

    use super::{Attempt, Stage, attempt, failed_test, run};
    use crate::test::phases::Phases;

    #[test]
    fn a_line_names_the_test_that_failed() {
        assert_eq!(
            failed_test("test backup::a_backup_runs ... FAILED"),
            Some("backup::a_backup_runs".to_owned())
        );
        assert_eq!(failed_test("test backup::a_backup_runs ... ok"), None);
        assert_eq!(failed_test("test result: FAILED. 1 passed; 1 failed"), None);
    }

    #[tokio::test]
    async fn an_attempt_tells_which_tests_failed() {
        let mut harness = Command::new("sh");
        harness.args([
            "-c",
            "echo 'test a ... ok'; echo 'test b ... FAILED'; exit 101",
        ]);
        let Attempt::Failed(failed) = attempt(harness).await.unwrap() else {
            panic!("it passed");
        };
        assert_eq!(failed, ["b"]);
    }

    #[tokio::test]
    async fn what_failed_is_run_again_alone_on_another_stage() {
        let stages = Cell::new(0);
        let stage = async || {
            stages.set(stages.get() + 1);
            let mut tests = Command::new("sh");
            tests.args([
                "-c",
                "[ \"$1\" = b ] || { echo 'test b ... FAILED'; exit 101; }",
            ]);
            Ok(Stage {
                tests,
                cluster: None,
            })
        };
        let mut phases = Phases::default();
        phases.begin("some tests");
        run(stage, &mut phases).await.unwrap();
        assert_eq!(stages.get(), 2);
        phases.conclude(Ok(())).unwrap();
    }
}

//! Tests against a control plane, which a busy machine can make late: one that fails is run once
//! more, on another cluster and beside the tests that ran beside it, and is named as such. What
//! fails twice has failed, and so has a second test of the same phase.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use acceptance::control_plane::ControlPlane;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::Instant,
};

use super::phases::Phases;
use crate::{failure::Failure, program::shown};

/// How many tests run beside one that is run again, on each side of it in the order in which they
/// begin.
const COMPANY: usize = 5;

/// Longest time in which no test ends: some three times what the longest one needs on a machine
/// with two cores. A whole phase has no such limit, since it grows with each test.
const SILENCE: Duration = Duration::from_secs(8 * 60);

/// Tests and what they run against.
pub(super) struct Stage {
    /// The tests: their program, without the names of those to run.
    pub(super) tests: Command,
    /// Their cluster, where they have one of their own. It ends with them: what a test that
    /// failed has left is in nobody's way.
    pub(super) cluster: Option<ControlPlane>,
}

impl Stage {
    async fn play(mut self, names: &[String], log: &Path) -> Result<Attempt, Failure> {
        self.tests.arg("--exact").args(names);
        let played = attempt(self.tests, names, log, SILENCE).await;
        if !matches!(played, Ok(Attempt::Passed))
            && let Some(cluster) = &mut self.cluster
        {
            cluster.keep_logs();
        }
        played
    }
}

/// Runs the tests of these names as those of the current phase, whose end it tells. `stage` is
/// asked for each attempt. What they fail with does not keep the next phase from its work.
///
/// # Errors
/// `Check` where more than one fails, or none can be named, or one hangs; `Missing` and `File`
/// where the tests cannot be run at all; what keeps `stage` from being made.
pub(super) async fn run(
    names: &[String],
    stage: impl AsyncFn() -> Result<Stage, Failure>,
    phases: &mut Phases,
) -> Result<(), Failure> {
    let folder = acceptance::target_folder().join("test-logs");
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    let log = |attempt: &str| {
        let phase = phases.name().replace([' ', ','], "-");
        folder.join(format!("{phase}-{attempt}.log"))
    };
    let (first, second) = (log("1"), log("2"));
    let failed = match stage().await?.play(names, &first).await? {
        Attempt::Passed => return Ok(()),
        Attempt::Failed(failed) => failed,
    };
    let [failed] = failed.as_slice() else {
        return Err(Failure::Check(format!(
            "{} tests failed; what they said is in {}",
            failed.len(),
            first.display()
        )));
    };
    let again = company(failed, names);
    println!(
        "── once more, beside {} others: {failed}",
        again.len().saturating_sub(1)
    );
    let attempt = stage().await?.play(&again, &second).await?;
    println!(
        "── both attempts are kept: {}, {}",
        first.display(),
        second.display()
    );
    match attempt {
        Attempt::Passed => phases.pass_later(failed.clone()),
        Attempt::Failed(_) => phases.fail(),
    }
    Ok(())
}

/// A test and those that begin shortly before and after it.
fn company(test: &str, names: &[String]) -> Vec<String> {
    let at = names.iter().position(|name| name == test);
    let from = at.unwrap_or_default().saturating_sub(COMPANY);
    let beside = names.iter().skip(from).take(2 * COMPANY + 1);
    let mut again: Vec<String> = beside.cloned().collect();
    if !again.iter().any(|name| name == test) {
        again.push(test.to_owned());
    }
    again
}

/// The names of a program's tests, in the order in which they begin; those that hold `only`, where
/// it is given.
///
/// # Errors
/// `File` where the program cannot be run.
pub(super) fn names(mut tests: Command, only: Option<&str>) -> Result<Vec<String>, Failure> {
    let program = PathBuf::from(tests.get_program());
    tests.arg("--list").args(only);
    let output = tests.output().map_err(Failure::file(&program))?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

/// How the tests ended; `Failed` has the names of those that did, if they were reached.
#[derive(Debug)]
enum Attempt {
    Passed,
    Failed(Vec<String>),
}

/// Runs the tests of these names, prints what they say and writes it to `log`.
///
/// # Errors
/// `Check` where no test ends for as long as `silence`, or fewer run than were asked for;
/// `Missing` and `File` where they cannot be run.
async fn attempt(
    tests: Command,
    names: &[String],
    log: &Path,
    silence: Duration,
) -> Result<Attempt, Failure> {
    let line = shown(&tests);
    let mut tests = tokio::process::Command::from(tests);
    let mut child = tests
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| Failure::Missing {
            program: line.clone(),
            source,
        })?;
    let mut kept = File::create(log).map_err(Failure::file(log))?;
    let mut told = Told::default();
    let mut until = Instant::now() + silence;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = tokio::time::timeout_at(until, lines.next_line())
            .await
            .map_err(|_| told.silent(silence, names, log))?
            .map_err(Failure::file(log))?
        {
            println!("{line}");
            writeln!(kept, "{line}").map_err(Failure::file(log))?;
            if told.hear(&line) {
                until = Instant::now() + silence;
            }
        }
    }
    let status = tokio::time::timeout_at(until, child.wait())
        .await
        .map_err(|_| told.silent(silence, names, log))?
        .map_err(Failure::file(&line))?;
    if told.running != Some(names.len()) {
        return Err(Failure::Check(format!(
            "{} tests were asked for and {} were run; what was said is in {}",
            names.len(),
            told.running.unwrap_or_default(),
            log.display()
        )));
    }
    Ok(if status.success() {
        Attempt::Passed
    } else {
        Attempt::Failed(told.failed)
    })
}

/// What the test harness has said.
#[derive(Default)]
struct Told {
    running: Option<usize>,
    ended: Vec<String>,
    failed: Vec<String>,
}

impl Told {
    /// Whether the line says that a test has ended.
    fn hear(&mut self, line: &str) -> bool {
        if let Some(rest) = line.strip_prefix("running ") {
            self.running = rest
                .strip_suffix(" tests")
                .or(rest.strip_suffix(" test"))
                .and_then(|number| number.parse().ok());
        }
        let ended = line
            .strip_prefix("test ")
            .and_then(|test| test.split_once(" ... "));
        if let Some((name, end)) = ended {
            self.ended.push(name.to_owned());
            if end == "FAILED" {
                self.failed.push(name.to_owned());
            }
        }
        ended.is_some()
    }

    /// That none of these tests has ended for this long.
    fn silent(&self, silence: Duration, names: &[String], log: &Path) -> Failure {
        let hanging: Vec<&str> = names
            .iter()
            .filter(|name| !self.ended.contains(name))
            .map(String::as_str)
            .collect();
        Failure::Check(format!(
            "no test ended for {} s, so something hangs. Not ended: {}. What was said is in {}",
            silence.as_secs(),
            hanging.join(", "),
            log.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, path::PathBuf, process::Command, time::Duration};

    use super::{Attempt, SILENCE, Stage, Told, attempt, company, run};
    use crate::test::phases::{Phases, Work};

    fn harness(script: &str) -> Command {
        let mut harness = Command::new("sh");
        harness.args(["-c", script, "harness"]);
        harness
    }

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    fn log() -> PathBuf {
        tempfile::NamedTempFile::new()
            .unwrap()
            .into_temp_path()
            .keep()
            .unwrap()
    }

    #[test]
    fn lines_of_the_harness_are_understood() {
        let mut told = Told::default();
        for line in [
            "running 3 tests",
            "test backup::a_backup_runs ... FAILED",
            "test backup::another ... ok",
            "test result: FAILED. 1 passed; 1 failed",
        ] {
            told.hear(line);
        }
        assert_eq!(told.running, Some(3));
        assert_eq!(told.failed, ["backup::a_backup_runs"]);
        assert_eq!(told.ended, ["backup::a_backup_runs", "backup::another"]);
    }

    #[tokio::test]
    async fn an_attempt_tells_which_tests_failed_and_keeps_what_they_said() {
        let harness = harness(
            "echo 'running 2 tests'; echo 'test a ... ok'; echo 'test b ... FAILED'; exit 101",
        );
        let log = log();
        let ended = attempt(harness, &names(&["a", "b"]), &log, SILENCE).await;
        let Attempt::Failed(failed) = ended.unwrap() else {
            panic!("it passed");
        };
        assert_eq!(failed, ["b"]);
        let kept = std::fs::read_to_string(&log).unwrap();
        assert!(kept.contains("test b ... FAILED"), "{kept}");
        std::fs::remove_file(log).unwrap();
    }

    #[tokio::test]
    async fn an_attempt_that_runs_fewer_tests_than_asked_for_has_not_passed() {
        let log = log();
        let (harness, names) = (harness("echo 'running 0 tests'"), names(&["a"]));
        let ended = attempt(harness, &names, &log, SILENCE).await;
        let error = ended.unwrap_err().to_string();
        assert!(
            error.contains("1 tests were asked for and 0 were run"),
            "{error}"
        );
        std::fs::remove_file(log).unwrap();
    }

    #[tokio::test]
    async fn a_test_that_hangs_is_named() {
        let log = log();
        let harness = harness("echo 'running 2 tests'; echo 'test a ... ok'; exec sleep 60");
        let names = names(&["a", "b"]);
        let ended = attempt(harness, &names, &log, Duration::from_millis(500)).await;
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("Not ended: b."), "{error}");
        std::fs::remove_file(log).unwrap();
    }

    #[tokio::test]
    async fn tests_that_end_one_after_the_other_may_take_longer_than_the_silence() {
        let log = log();
        let harness = harness(
            "echo 'running 3 tests'; for test in a b c; do sleep 0.4; echo \"test $test ... ok\"; done",
        );
        let names = names(&["a", "b", "c"]);
        let ended = attempt(harness, &names, &log, Duration::from_secs(1)).await;
        assert!(matches!(ended, Ok(Attempt::Passed)), "{ended:?}");
        std::fs::remove_file(log).unwrap();
    }

    #[tokio::test]
    async fn a_test_that_failed_is_run_again_beside_others_on_another_stage() {
        let stages = Cell::new(0);
        let stage = async || {
            stages.set(stages.get() + 1);
            let script = if stages.get() == 1 {
                "echo 'running 3 tests'; echo 'test b ... FAILED'; exit 101"
            } else {
                "[ \"$*\" = '--exact a b c' ] && echo 'running 3 tests'"
            };
            Ok(Stage {
                tests: harness(script),
                cluster: None,
            })
        };
        let mut phases = Phases::default();
        phases.begin(Work::Tests, "some tests");
        run(&names(&["a", "b", "c"]), stage, &mut phases)
            .await
            .unwrap();
        assert_eq!(stages.get(), 2);
        phases.conclude(Ok(())).unwrap();
    }

    #[tokio::test]
    async fn two_tests_that_fail_in_one_phase_are_no_accident() {
        let stage = async || {
            let script = "echo 'running 2 tests'; echo 'test a ... FAILED'; \
                echo 'test b ... FAILED'; exit 101";
            Ok(Stage {
                tests: harness(script),
                cluster: None,
            })
        };
        let mut phases = Phases::default();
        phases.begin(Work::Tests, "some more tests");
        let ended = run(&names(&["a", "b"]), stage, &mut phases).await;
        assert!(ended.unwrap_err().to_string().contains("2 tests failed"));
    }

    #[test]
    fn company_is_what_begins_shortly_before_and_after() {
        let all: Vec<String> = ('a'..='z').map(String::from).collect();
        assert_eq!(company("a", &all).len(), 11);
        assert_eq!(company("m", &all).concat(), "hijklmnopqr");
        assert!(company("z", &all).contains(&"z".to_owned()));
    }
}

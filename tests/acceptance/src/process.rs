//! One process of the cluster: started apart from the terminal, found again by
//! another process, and ended only if it is still the same one.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::go_build::last_lines;

/// A process by number and start time: numbers are used again, the pair is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What it is, e.g. `kube-apiserver`.
    pub name: String,
    /// Process number.
    pub pid: i32,
    /// When it started, in the system's own notation.
    pub started: String,
}

impl Identity {
    /// This very process.
    #[must_use]
    pub fn own() -> Self {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        Self {
            name: "owner".to_owned(),
            pid,
            started: start_time(pid).unwrap_or_default(),
        }
    }

    /// Whether that process still runs.
    #[must_use]
    pub fn alive(&self) -> bool {
        start_time(self.pid).is_some_and(|started| started == self.started)
    }

    fn signal(&self, signal: Signal) {
        // Gone between the check and the signal is as good as ended.
        if self.alive()
            && let Some(pid) = Pid::from_raw(self.pid)
        {
            let _ = kill_process(pid, signal);
        }
    }
}

/// A process that this one started.
#[derive(Debug)]
pub(crate) struct Process {
    pub identity: Identity,
    pub log: PathBuf,
    command: Command,
    child: Child,
}

impl Process {
    /// Starts `command` in a process group of its own (Ctrl-C in the terminal
    /// does not reach it), its output going to `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> io::Result<Self> {
        let output = File::create(log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        let child = command.spawn()?;
        Ok(Self {
            identity: identity(name, &child),
            log: log.to_owned(),
            command,
            child,
        })
    }

    /// Ends it at once, as a machine that fails would.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Starts it once more, with what it was started with before; its output goes on in the
    /// same log.
    pub fn start_again(&mut self) -> io::Result<()> {
        self.child = self.command.spawn()?;
        self.identity = identity(&self.identity.name, &self.child);
        Ok(())
    }

    /// The end of its log, when it has ended on its own.
    pub fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("{status}\n{}", last_lines(&self.log, 15))),
            Err(error) => Some(error.to_string()),
        }
    }
}

fn identity(name: &str, child: &Child) -> Identity {
    let pid = i32::try_from(child.id()).unwrap_or_default();
    Identity {
        name: name.to_owned(),
        pid,
        started: start_time(pid).unwrap_or_default(),
    }
}

/// Ends the given processes: asks all of them, and after `patience` insists.
///
/// They are told in the given order, so that clients end before servers.
pub(crate) fn end(processes: &[Identity], children: &mut [Process], patience: Duration) {
    for process in processes {
        process.signal(Signal::TERM);
    }
    let deadline = Instant::now() + patience;
    let mut reap = || {
        for child in children.iter_mut() {
            let _ = child.child.try_wait();
        }
        processes.iter().any(Identity::alive)
    };
    while reap() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    for process in processes {
        process.signal(Signal::KILL);
    }
    let deadline = Instant::now() + Duration::from_secs(2);
    while reap() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// When process `pid` started; nothing when there is none, or only its remains
/// waiting to be reaped.
#[cfg(target_os = "linux")]
fn start_time(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name is in parentheses and may hold anything, so fields are
    // counted from behind it: state is the first, start time the twentieth.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(not(target_os = "linux"))]
fn start_time(pid: i32) -> Option<String> {
    let output = Command::new("ps")
        .args(["-o", "stat=,lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let (state, started) = text.split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_alive_until_it_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut sleep = Command::new("sleep");
        sleep.arg("60");
        let mut process = Process::start("sleep", sleep, &folder.path().join("log")).unwrap();
        let identity = process.identity.clone();
        assert!(identity.alive());
        assert!(process.ended().is_none());
        end(
            std::slice::from_ref(&identity),
            std::slice::from_mut(&mut process),
            Duration::from_secs(1),
        );
        assert!(!identity.alive());
    }

    #[test]
    fn a_process_that_was_killed_starts_again_as_another() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo begun; exec sleep 60"]);
        let mut process = Process::start("sh", shell, &log).unwrap();
        let begun = |times: usize| {
            while std::fs::read_to_string(&log).unwrap() != "begun\n".repeat(times) {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        begun(1);
        let first = process.identity.clone();
        process.kill().unwrap();
        assert!(!first.alive());
        process.start_again().unwrap();
        begun(2);
        assert!(process.identity.alive() && process.identity != first);
        process.kill().unwrap();
    }

    #[test]
    fn another_process_of_the_same_number_is_not_ours() {
        let mut other = Identity::own();
        assert!(other.alive());
        other.started.push('9');
        assert!(!other.alive());
    }

    #[test]
    fn the_end_of_a_process_comes_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo out of luck; exit 3"]);
        let mut process = Process::start("sh", shell, &folder.path().join("log")).unwrap();
        let words = loop {
            if let Some(words) = process.ended() {
                break words;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(words.contains("out of luck"), "{words}");
    }
}

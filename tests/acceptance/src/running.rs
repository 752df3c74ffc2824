//! A client that runs, and is not waited for without end.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{patience::patience, said::Said};

/// No command of a test takes this long on a slow machine: it hangs.
const LONGEST: Duration = Duration::from_secs(240);
/// How long a client may take to say what it was doing.
const LAST_WORDS: Duration = Duration::from_secs(60);

/// A client in a process group of its own, as a shell starts it: Ctrl-C goes to the group.
#[derive(Debug)]
pub struct Running {
    child: Child,
    arguments: String,
}

impl Running {
    /// Starts it; its output is kept for [`Running::ended`].
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let arguments = command
            .get_args()
            .map(|argument| argument.to_string_lossy());
        let arguments = arguments.collect::<Vec<_>>().join(" ");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        match child {
            Ok(child) => Self { child, arguments },
            Err(error) => panic!("{:?} cannot be run: {error}", command.get_program()),
        }
    }

    /// Its process, and the group of that.
    ///
    /// # Panics
    /// Never: processes that run have a number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) else {
            unreachable!("a process that runs has a number");
        };
        pid
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        // It may just have ended.
        let _ = kill_process_group(self.pid(), Signal::INT);
    }

    /// Ends it without a word, as a machine that fails does; what it has started goes on.
    pub fn kill(mut self) {
        // It may just have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it said, once it has ended. One that hangs is interrupted, and says then what it
    /// waits for.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn ended(self) -> Said {
        let group = self.pid();
        let ended = Arc::new(AtomicBool::new(false));
        let watched = ended.clone();
        let guard = std::thread::spawn(move || {
            let over = |at_most| {
                std::thread::park_timeout(at_most);
                !watched.load(Ordering::Acquire)
            };
            if !over(patience(LONGEST)) {
                return false;
            }
            let _ = kill_process_group(group, Signal::INT);
            if over(LAST_WORDS) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            true
        });
        let output = self.child.wait_with_output();
        ended.store(true, Ordering::Release);
        guard.thread().unpark();
        let hung = guard.join().unwrap_or_default();
        let said = match output {
            Ok(output) => Said::from(output),
            Err(error) => panic!("{} was not heard: {error}", self.arguments),
        };
        assert!(
            !hung,
            "the client did not end within {} s: {}\n{}",
            patience(LONGEST).as_secs(),
            self.arguments,
            said.text
        );
        said
    }
}

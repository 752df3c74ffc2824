//! Running other programs, their output going straight to the terminal.

use std::{path::Path, process::Command};

use crate::failure::Failure;

/// Runs the program to its end.
///
/// Ctrl-C reaches it as well, being in the same terminal: it ends by itself.
pub(crate) async fn run(command: Command) -> Result<(), Failure> {
    let line = shown(&command);
    let program = line.split(' ').next().unwrap_or_default().to_owned();
    let mut child = tokio::process::Command::from(command)
        .spawn()
        .map_err(|source| Failure::Missing { program, source })?;
    let status = child.wait().await.map_err(Failure::file(&line))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Program {
            program: line,
            status: status.to_string(),
        })
    }
}

/// Runs the program to its end and returns what it prints.
pub(crate) async fn output(command: Command) -> Result<String, Failure> {
    let line = shown(&command);
    let program = line.split(' ').next().unwrap_or_default().to_owned();
    let output = tokio::process::Command::from(command)
        .stderr(std::process::Stdio::inherit())
        .output()
        .await
        .map_err(|source| Failure::Missing { program, source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Failure::Program {
            program: line,
            status: output.status.to_string(),
        })
    }
}

/// What a program told, and how it ended.
pub(crate) struct Told {
    /// Its output, then its errors.
    pub(crate) text: String,
    pub(crate) passed: bool,
}

/// Runs the program to its end and returns what it tells, whether it fails or not.
pub(crate) async fn told(command: Command) -> Result<Told, Failure> {
    let program = shown(&command);
    let output = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| Failure::Missing { program, source })?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Told {
        text,
        passed: output.status.success(),
    })
}

/// The command line as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    command
        .get_args()
        .fold(program, |line, arg| line + " " + &arg.to_string_lossy())
}

/// Runs a task until it ends or the user ends it. What the task owns cleans up
/// when it is dropped.
pub(crate) fn interruptible<T>(
    task: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::file("tokio runtime"))?;
    runtime.block_on(async {
        tokio::select! {
            done = task => done,
            () = acceptance::interruption() => Err(Failure::Interrupted),
        }
    })
}

//! Building Go binaries, and saying how far it is.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    changed_module,
    progress::{Bar, Progress},
    tools::{GO_VERSION, Tool, ToolError, ToolSet, file, linker_flags, tools_folder},
};

/// Builds the given binaries one after the other: Go uses all cores for each.
pub(crate) fn build_missing(
    set: ToolSet,
    missing: &[(Tool, PathBuf)],
    progress: &Progress,
) -> Result<(), ToolError> {
    check_go()?;
    let minutes: f32 = missing.iter().map(|(tool, _)| tool.cold_minutes).sum();
    progress.say(&format!(
        "{}: building {} of {} binaries from pinned Go modules (once; about {minutes:.0} min on 2 cores when nothing is in Go's build cache)",
        set.name,
        missing.len(),
        set.tools.len(),
    ));
    let bar = progress.bar(of_minutes(minutes));
    let mut done = Duration::ZERO;
    for (index, (tool, path)) in missing.iter().enumerate() {
        let step = format!("[{}/{}] {}", index + 1, missing.len(), tool.binary);
        build(tool, path, &step, done, &bar)?;
        done += of_minutes(tool.cold_minutes);
    }
    Ok(())
}

fn of_minutes(minutes: f32) -> Duration {
    Duration::from_secs_f32(minutes * 60.0)
}

/// Builds one binary; `done` is the time that those before it were expected to take.
fn build(
    tool: &Tool,
    path: &Path,
    step: &str,
    done: Duration,
    bar: &Bar<'_>,
) -> Result<(), ToolError> {
    let folder = tools_folder().join(tool.module);
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(file(parent))?;
    let unfinished = path.with_extension("part");
    let log_path = path.with_extension("log");
    let log = File::create(&log_path).map_err(file(&log_path))?;
    let flags = linker_flags(tool.module);

    if !bar.is_drawn() {
        bar.say(&format!("{step}: building"));
    }
    let started = Instant::now();
    let mut command = go(&folder);
    command.args(["build", "-mod=readonly", "-trimpath", "-ldflags", &flags]);
    let changed = parent.join("source");
    let changes = changed_module::changes(tool.module);
    if !changes.is_empty() {
        let modfile = changed_module::prepare(|| go(&folder), changes, &folder, &changed)
            .map_err(file(&changed))?;
        command.arg("-modfile").arg(modfile);
    }
    let mut go = command
        .arg("-o")
        .arg(&unfinished)
        .arg(tool.package)
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(file(Path::new("go")))?;
    let mut said = Instant::now();
    let status = loop {
        if let Some(status) = go.try_wait().map_err(file(Path::new("go")))? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(100));
        let elapsed = started.elapsed();
        let expected = of_minutes(tool.cold_minutes);
        bar.at(done + elapsed.min(expected), step);
        if !bar.is_drawn() && said.elapsed() > Duration::from_secs(20) {
            said = Instant::now();
            let doing = last_lines(&log_path, 1);
            let doing = if doing.is_empty() {
                "compiling".to_owned()
            } else {
                doing
            };
            bar.say(&format!("{step}: {} s, {doing}", elapsed.as_secs()));
        }
    };
    if !status.success() {
        return Err(ToolError::Build {
            binary: tool.binary.to_owned(),
            command: format!("build {}", tool.package),
            folder,
            output: last_lines(&log_path, 20),
        });
    }
    fs::rename(&unfinished, path).map_err(file(path))?;
    // Log and changed sources matter only while the build runs or after it failed.
    let _ = fs::remove_file(&log_path);
    let _ = fs::remove_dir_all(&changed);
    bar.say(&format!(
        "{step}: built in {:.0} s",
        started.elapsed().as_secs_f32()
    ));
    Ok(())
}

/// `go`, unaffected by a workspace file or flags of the caller's environment.
pub(crate) fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(folder)
        .env("GOWORK", "off")
        .env("GOFLAGS", "-buildvcs=false");
    command
}

pub(crate) fn check_go() -> Result<(), ToolError> {
    let output = Command::new("go")
        .args(["env", "GOVERSION", "GOTOOLCHAIN"])
        .output()
        .map_err(|_| ToolError::GoMissing)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let (found, toolchain) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    if toolchain == "local" && older(found, GO_VERSION) {
        return Err(ToolError::GoTooOld {
            found: found.to_owned(),
        });
    }
    Ok(())
}

/// Whether `found` (as Go prints it, `go1.26.8`) is below `needed` (`1.26`).
fn older(found: &str, needed: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.trim_start_matches("go")
            .split('.')
            .take(2)
            .map_while(|part| part.parse().ok())
            .collect()
    };
    numbers(found) < numbers(needed)
}

/// The end of a text file, empty when it cannot be read.
pub(crate) fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_compare_by_number() {
        assert!(older("go1.9.7", "1.26"));
        assert!(!older("go1.26.8", "1.26"));
        assert!(!older("go1.100", "1.26"));
        assert!(older("", "1.26"));
    }
}

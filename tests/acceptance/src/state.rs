//! What a running cluster is, on disk: one folder with its data, its logs and
//! `state.json`. Another process finds and ends the cluster by it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::{
    crossplane::Installed,
    process::{self, Identity, Process},
};

/// How long a process may take to end by itself. The data is thrown away, so
/// nothing is lost by insisting after that.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How many failed runs' logs are kept.
const KEPT_LOGS: usize = 5;

/// The cluster's record of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// The process whose end is the cluster's end; none for a cluster that
    /// stays until it is told to go.
    pub owner: Option<Identity>,
    /// Everything that runs, in the order in which it is to be ended.
    pub processes: Vec<Identity>,
    /// Administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// URL of the API server.
    pub server: String,
    /// Seconds from stopped to ready; none while it is starting.
    pub ready_after: Option<f32>,
    /// Crossplane's core, where it has been added.
    #[serde(default)]
    pub crossplane: Option<Installed>,
}

impl State {
    /// The record in `folder`, if there is one that can be read.
    #[must_use]
    pub fn load(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join("state.json")).ok()?).ok()
    }

    /// Writes the record, complete or not at all.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        let unfinished = folder.join("state.json.part");
        fs::write(&unfinished, serde_json::to_vec_pretty(self)?)?;
        fs::rename(unfinished, folder.join("state.json"))
    }

    /// The processes that do not run any more.
    #[must_use]
    pub fn ended(&self) -> Vec<&Identity> {
        self.processes
            .iter()
            .filter(|process| !process.alive())
            .collect()
    }

    /// Whether the cluster is complete: started, and nothing has ended since.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.ready_after.is_some() && self.ended().is_empty()
    }
}

/// The folder of all clusters of this checkout, below Cargo's target folder.
#[must_use]
pub fn root() -> PathBuf {
    crate::target_folder().join("test-cluster")
}

/// The folder of the cluster that `cargo xtask cluster up` leaves running.
#[must_use]
pub fn standing() -> PathBuf {
    root().join("standing")
}

/// A folder for a cluster that ends with this process, another one each time.
#[must_use]
pub fn own() -> PathBuf {
    static CLUSTERS: AtomicU32 = AtomicU32::new(0);
    let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
    root().join(format!("run-{}-{number}", std::process::id()))
}

/// Ends the cluster in `folder` and removes its data.
///
/// Exactly the recorded processes are ended, and only if they are still the
/// same ones. Returns whether there was a cluster.
///
/// # Errors
/// When the folder cannot be removed.
pub fn down(folder: &Path) -> io::Result<bool> {
    end(folder, &mut [])
}

pub(crate) fn end(folder: &Path, children: &mut [Process]) -> io::Result<bool> {
    let state = State::load(folder);
    if let Some(state) = &state {
        process::end(&state.processes, children, PATIENCE);
    }
    if folder.exists() {
        remove(folder)?;
    }
    Ok(state.is_some())
}

/// Removes the folder. A process that has just ended may still have been
/// writing a file, so it is tried again.
fn remove(folder: &Path) -> io::Result<()> {
    for _ in 0..20 {
        if fs::remove_dir_all(folder).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Ends clusters whose owner was killed before it could end them, and removes
/// all but the newest kept logs.
pub(crate) fn sweep() {
    let Ok(entries) = fs::read_dir(root()) else {
        return;
    };
    let (mut logs, folders): (Vec<PathBuf>, Vec<PathBuf>) = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .partition(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("logs-"))
        });
    // Their names begin with the time.
    logs.sort();
    for folder in logs.iter().rev().skip(KEPT_LOGS) {
        let _ = remove(folder);
    }
    for folder in folders {
        let orphan = State::load(&folder)
            .and_then(|state| state.owner)
            .is_some_and(|owner| !owner.alive());
        if orphan {
            // The next start tries again.
            let _ = down(&folder);
        }
    }
}

/// Moves the logs of the cluster in `folder` to where they stay, and says where.
pub(crate) fn keep_logs(folder: &Path) -> Option<PathBuf> {
    let stamp = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default();
    let name = folder.file_name()?.to_string_lossy();
    let kept = root().join(format!("logs-{stamp}-{name}"));
    fs::rename(folder.join("logs"), &kept).ok()?;
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let state = State {
            owner: None,
            processes: vec![Identity::own()],
            kubeconfig: "/somewhere/kubeconfig".into(),
            server: "https://127.0.0.1:1".to_owned(),
            ready_after: Some(9.5),
            crossplane: None,
        };
        state.save(folder.path()).unwrap();
        let read = State::load(folder.path()).unwrap();
        assert_eq!(read.processes, state.processes);
        assert!(read.complete());
    }

    #[test]
    fn a_folder_without_a_record_is_no_cluster() {
        let folder = tempfile::tempdir().unwrap();
        assert!(State::load(folder.path()).is_none());
        assert!(!down(&folder.path().join("nowhere")).unwrap());
    }

    #[test]
    fn ending_a_cluster_leaves_processes_alone_that_took_over_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut stranger = Identity::own();
        stranger.started = "another time".to_owned();
        let state = State {
            owner: None,
            processes: vec![stranger],
            kubeconfig: PathBuf::new(),
            server: String::new(),
            ready_after: None,
            crossplane: None,
        };
        let cluster = folder.path().join("cluster");
        fs::create_dir(&cluster).unwrap();
        state.save(&cluster).unwrap();
        assert!(down(&cluster).unwrap());
        assert!(!cluster.exists());
    }
}

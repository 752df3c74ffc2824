//! Running scenarios: each in its own namespace and workspace, several at once,
//! on one cluster that is there for all of them.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    binaries::{self, PROVIDER},
    client::Client,
    control_plane::{self, ControlPlane},
    preparation::{self, Choice},
    stage::Stage,
    state::{self, State},
};

/// Names the kubeconfig of the cluster to run on. Set by `cargo xtask test`;
/// without it the standing cluster is used, or one is started.
pub const KUBECONFIG: &str = "EVEREST_TEST_KUBECONFIG";
/// Set when that cluster runs the real Everest.
pub const NOT_SIMULATED: &str = "EVEREST_TEST_NOT_SIMULATED";
/// Path of the provider's binary to test, in place of a fresh unoptimised build.
pub const PROVIDER_BINARY: &str = "EVEREST_TEST_PROVIDER";
/// How many scenarios run at once; they mostly wait.
const AT_ONCE: usize = 6;
/// Longest that a scenario may take.
const LIMIT: Duration = Duration::from_secs(300);

/// What a scenario returns: it panics when something is not as it should be.
pub type Play = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One scenario.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// The sentence that it proves.
    pub name: &'static str,
    /// Plays it.
    pub play: fn(Stage) -> Play,
}

/// The scenarios of the given functions (`async fn(Stage)`), named by them.
#[macro_export]
macro_rules! scenarios {
    ($($($part:ident)::+),* $(,)?) => {
        vec![$($crate::scenario::Scenario {
            name: concat!($("::", stringify!($part)),+).trim_start_matches(':'),
            play: |stage| Box::pin($($part)::+(stage)),
        }),*]
    };
}

/// Plays the scenarios whose names hold any of the arguments, or all, and
/// prints what became of them. `--list` lists them.
#[must_use]
pub fn main(scenarios: Vec<Scenario>) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--list") {
        for scenario in scenarios {
            println!("{}: test", scenario.name);
        }
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen: Vec<Scenario> = scenarios
        .into_iter()
        .filter(|scenario| {
            filters.is_empty() || filters.iter().any(|word| scenario.name.contains(*word))
        })
        .collect();
    if chosen.is_empty() {
        eprintln!("no scenario has {filters:?} in its name");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("tokio runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        tokio::select! {
            done = play_all(chosen) => match done {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => {
                    eprintln!("\nthe scenarios cannot run: {error}");
                    ExitCode::FAILURE
                }
            },
            () = crate::interruption() => {
                eprintln!("\ninterrupted");
                ExitCode::from(130)
            }
        }
    })
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Whether all went well.
async fn play_all(scenarios: Vec<Scenario>) -> Result<bool, AnyError> {
    let (kubeconfig, mut own) = cluster().await?;
    let provider = match std::env::var_os(PROVIDER_BINARY) {
        Some(given) => PathBuf::from(given),
        None => tokio::task::spawn_blocking(|| binaries::build(PROVIDER)).await??,
    };
    let clients = Client::all(&provider)?;
    for client in &clients {
        client.initialise()?;
    }
    let cluster = control_plane::client(&kubeconfig).await?;
    let simulated = std::env::var_os(NOT_SIMULATED).is_none();

    let mut waiting: VecDeque<(Scenario, Stage)> = VecDeque::new();
    for client in clients {
        let client = Arc::new(client);
        for scenario in &scenarios {
            waiting.push_back((
                *scenario,
                Stage {
                    namespace: namespace(scenario.name, &client.program),
                    kubeconfig: kubeconfig.clone(),
                    cluster: cluster.clone(),
                    client: client.clone(),
                    simulated,
                },
            ));
        }
    }
    hush_panics();
    println!("\nplaying {} scenarios", waiting.len());
    let started = Instant::now();
    let mut failed = Vec::new();
    let mut playing = JoinSet::new();
    let mut played = 0;
    loop {
        while playing.len() < AT_ONCE {
            let Some((scenario, stage)) = waiting.pop_front() else {
                break;
            };
            playing.spawn(play(scenario, stage));
        }
        let Some(done) = playing.join_next().await else {
            break;
        };
        played += 1;
        if let Some(name) = done? {
            failed.push(name);
        }
    }
    println!(
        "\n{} of {played} scenarios passed in {:.1} s",
        played - failed.len(),
        started.elapsed().as_secs_f32()
    );
    for name in &failed {
        println!("  failed: {name}");
    }
    if let Some(own) = &mut own
        && !failed.is_empty()
    {
        own.keep_logs();
    }
    Ok(failed.is_empty())
}

/// The cluster to play on, and its owner if it was started for this.
async fn cluster() -> Result<(PathBuf, Option<ControlPlane>), AnyError> {
    if let Some(given) = std::env::var_os(KUBECONFIG) {
        return Ok((given.into(), None));
    }
    if let Some(standing) = State::load(&state::standing())
        && standing.complete()
    {
        println!("using the test cluster at {}", standing.server);
        return Ok((standing.kubeconfig, None));
    }
    let own = preparation::cluster(state::own(), Choice::default()).await?;
    Ok((own.kubeconfig().to_owned(), Some(own)))
}

/// Plays one scenario; returns its name when it failed.
async fn play(scenario: Scenario, stage: Stage) -> Option<String> {
    let name = format!("{} ({})", scenario.name, stage.client.program);
    let started = Instant::now();
    let kept = stage.clone();
    let task =
        tokio::spawn(async move { tokio::time::timeout(LIMIT, (scenario.play)(stage)).await });
    let id = task.id();
    let fault = match task.await {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(format!("not over after {} s", LIMIT.as_secs())),
        Err(error) if error.is_panic() => {
            Some(words_of(id).unwrap_or_else(|| "it panicked without saying why".to_owned()))
        }
        Err(error) => Some(error.to_string()),
    };
    let took = started.elapsed().as_secs_f32();
    match fault {
        None => {
            println!("  passed {took:6.1}s  {name}");
            leave_nothing(&kept).await;
            None
        }
        Some(fault) => {
            let folder = workspaces().join(&kept.namespace);
            println!(
                "  FAILED {took:6.1}s  {name}\n{}\n    workspace: {}",
                indented(&fault),
                folder.display()
            );
            Some(name)
        }
    }
}

fn indented(text: &str) -> String {
    format!("    {}", text.trim_end().replace('\n', "\n    "))
}

fn workspaces() -> PathBuf {
    crate::target_folder().join("test-workspaces")
}

/// Removes the workspaces of a scenario that passed, and its namespace if it
/// left one: the cluster may not be one that is thrown away.
async fn leave_nothing(stage: &Stage) {
    let namespaces = stage.objects("v1", "Namespace", "");
    // Mostly Terraform has deleted it; its end is not waited for.
    let _ = namespaces
        .delete(&stage.namespace, &Default::default())
        .await;
    if let Ok(folders) = std::fs::read_dir(workspaces()) {
        for folder in folders.filter_map(Result::ok) {
            let name = folder.file_name();
            let name = name.to_string_lossy();
            if name == stage.namespace || name.starts_with(&format!("{}-", stage.namespace)) {
                // In Cargo's target folder a rest does no harm.
                let _ = std::fs::remove_dir_all(folder.path());
            }
        }
    }
}

/// A namespace for the scenario: short, and its own even on a cluster that has
/// seen it before.
fn namespace(name: &str, program: &str) -> String {
    let words: String = name
        .rsplit("::")
        .next()
        .unwrap_or(name)
        .replace('_', "-")
        .chars()
        .take(36)
        .collect();
    let stamp = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map(|since| since.subsec_micros() ^ std::process::id())
        .unwrap_or_default();
    let program: String = program.chars().take(2).collect();
    format!(
        "{}-{program}{:05x}",
        words.trim_end_matches('-'),
        stamp & 0xf_ffff
    )
}

/// What panicking scenarios said, by task.
static WORDS: Mutex<Vec<(tokio::task::Id, String)>> = Mutex::new(Vec::new());

/// Keeps the words of a panicking scenario for its report, in place of printing
/// them among the lines of others.
fn hush_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let Some(task) = tokio::task::try_id() else {
            return before(panic);
        };
        let place = panic
            .location()
            .map(|place| format!(" ({}:{})", short(place.file()), place.line()))
            .unwrap_or_default();
        let words = words_in(panic.payload());
        WORDS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((task, format!("{words}{place}")));
    }));
}

/// What `panic!` was given: a literal or a formatted text.
fn words_in(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words")
}

fn short(file: &str) -> &str {
    Path::new(file)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(file)
}

fn words_of(task: tokio::task::Id) -> Option<String> {
    let words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    words
        .iter()
        .find(|(known, _)| *known == task)
        .map(|(_, words)| words.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_short_and_a_dns_label() {
        let name = namespace(
            "database::a_database_that_is_not_ready_in_time_keeps_its_state_and_goes_on",
            "terraform",
        );
        assert!(name.len() < 50, "{name}");
        assert!(name.starts_with("a-database-that-is-not"), "{name}");
        assert!(
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        );
    }
}

//! What comes of a configuration whose first apply failed for good.

use std::time::Duration;

use test_apiserver::Record;
use test_stories::{Dies, Picture, World};

use crate::host::{Host, Stop};
use crate::script::Script;

/// Longest time, of the world's, that one apply may take.
const LONGEST: Duration = Duration::from_secs(3600);

/// The time after which a user comes back.
const LATER: Duration = Duration::from_secs(60);

/// Applies after which everything has to be at rest.
const RUNS: usize = 6;

/// Does `work` in a world of its own, in which time passes only when nothing else does.
pub fn in_its_own_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// A script that goes as it should: its requests, and what there is in the end.
pub async fn undisturbed(script: &Script) -> (Vec<Record>, Picture) {
    let (world, mut host) = (script.world().await, Host::default());
    let process = world.server.process();
    let errors = errors(host.apply(script.wanted(), &process, Dies::Process)).await;
    assert_eq!(errors, [""; 0], "{}", script.name());
    let end = at_rest(script, &world, &mut host).await;
    (process.requests(), end)
}

/// The errors of an apply, which has to end.
pub async fn errors<T>(apply: impl Future<Output = Result<T, Stop>>) -> Vec<String> {
    match tokio::time::timeout(LONGEST, apply).await {
        Ok(Err(Stop::Errors(errors))) => errors,
        Ok(Err(Stop::Killed)) => vec!["the provider was killed".to_owned()],
        Ok(Ok(_)) => Vec::new(),
        Err(_) => vec!["the apply never ends".to_owned()],
    }
}

/// Applies until nothing changes, with nothing in the way; what there is then.
pub async fn at_rest(script: &Script, world: &World, host: &mut Host) -> Picture {
    for _ in 0..RUNS {
        tokio::time::sleep(LATER).await;
        let process = world.server.process();
        let applied = host.apply(script.wanted(), &process, Dies::Process).await;
        match applied {
            Ok(true) => {
                tokio::time::sleep(LATER).await;
                return Picture::of(world, &host.remembers());
            }
            Ok(false) => {}
            Err(Stop::Errors(errors)) => panic!("{}: {errors:?}", script.name()),
            Err(Stop::Killed) => panic!("{}: nobody was killed", script.name()),
        }
    }
    panic!("{}: never at rest", script.name())
}

//! Two working directories with the same configuration, by mistake.

use std::time::Duration;

use test_stories::Dies;

use crate::host::{Host, Stop};
use crate::plays;
use crate::script::Script;

/// How long after the first one the second working directory is applied: at once, while the first
/// is at work, and around the time at which it takes its mark off.
const AFTER: [u64; 6] = [0, 1, 8, 25, 33, 90];

/// What came of one working directory: what it remembers, and the errors that it got.
type End = (serde_json::Value, Vec<String>);

/// Applies the same configuration in two working directories, and in both once more after a while.
async fn applied_twice(script: &Script, after: Duration) -> [[End; 2]; 2] {
    let world = script.world().await;
    let server = &world.server;
    let mut hosts = [Host::default(), Host::default()];
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let [first, second] = &mut hosts;
        let apply = async |host: &mut Host, after: Duration| {
            tokio::time::sleep(after).await;
            let process = server.process();
            let applied = host.apply(script.wanted(), &process, Dies::WithHost);
            let errors = match applied.await {
                Err(Stop::Errors(errors)) => errors,
                _ => Vec::new(),
            };
            (host.remembers(), errors)
        };
        let ends = tokio::join!(apply(first, Duration::ZERO), apply(second, after));
        rounds.push([ends.0, ends.1]);
        world.passes(Duration::from_secs(120)).await;
    }
    rounds.try_into().unwrap()
}

#[test]
fn two_working_directories_with_one_configuration_never_share_an_object() {
    for script in plays::creations() {
        for after in AFTER.map(Duration::from_secs) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            let rounds = runtime.block_on(applied_twice(&script, after));
            let what = format!("{} after {after:?}", script.name());
            for ends in rounds {
                let holders: Vec<_> = ends.iter().filter(|(state, _)| !state.is_null()).collect();
                assert_eq!(holders.len(), 1, "{what}: {ends:#?}");
                assert!(holders[0].1.is_empty(), "{what}: {:?}", holders[0].1);
                let (_, refused) = ends.iter().find(|(state, _)| state.is_null()).unwrap();
                let text = refused.join(" ");
                assert!(text.contains("already exists"), "{what}: {text}");
            }
        }
    }
}

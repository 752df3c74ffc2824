//! A provider that panics once a write was done.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use test_apiserver::Process;
use test_stories::{Dies, Picture};

use crate::host::{Host, Plugin};
use crate::plays;
use crate::recovery::{at_rest, errors, in_its_own_time, undisturbed};
use crate::script::Script;

/// A client that panics when it has the answer to its write number `nth`.
fn panicking(process: &Process, nth: usize, writes: Arc<AtomicUsize>) -> kube::Client {
    let inner = process.client();
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (inner, writes) = (inner.clone(), writes.clone());
        async move {
            let query = request.uri().query().unwrap_or_default();
            let is_write = request.method() != "GET" && !query.contains("dryRun");
            let answer = inner.send(request).await;
            if is_write && writes.fetch_add(1, Ordering::Relaxed) + 1 == nth {
                panic!("after write {nth}");
            }
            answer
        }
    });
    kube::Client::new(service, "default")
}

/// Applies a script in a process that panics after its write number `nth`; false if it has none.
async fn panicked(script: &Script, nth: usize, whole: &Picture) -> bool {
    let (world, mut host) = (script.world().await, Host::default());
    let (process, wanted) = (world.server.process(), script.wanted());
    let writes = Arc::new(AtomicUsize::new(0));
    let (of, count) = (process.clone(), writes.clone());
    let client = move || panicking(&of, nth, count.clone());
    let plugin = Plugin::over(client, &process, wanted.type_name).await;
    let Ok(plugin) = plugin else {
        panic!("{}: nothing is written yet", script.name())
    };
    let failed = errors(async {
        let plan = host.plan(&plugin, wanted).await?;
        host.carry_out(&plugin, plan, Dies::Process).await
    })
    .await
    .join("; ");
    // What it takes off the objects that it has made, it takes off at its end.
    let ended = AssertUnwindSafe(plugin.end()).catch_unwind().await;
    let name = script.name();
    if writes.load(Ordering::Relaxed) < nth {
        assert!(failed.is_empty() && ended.is_ok(), "{name}: {failed}");
        return false;
    }
    let has_panicked = failed.contains("ended in a panic") || ended.is_err();
    assert!(has_panicked, "{name}, {nth}: {failed}");
    let differences = at_rest(script, &world, &mut host).await.differences(whole);
    assert!(differences.is_empty(), "{name}, {nth}: {differences:?}");
    true
}

#[test]
fn an_apply_goes_on_with_what_was_written_before_a_panic() {
    for script in plays::creations() {
        let (_, whole) = in_its_own_time(undisturbed(&script));
        let panics = (1..).take_while(|nth| in_its_own_time(panicked(&script, *nth, &whole)));
        assert!(panics.count() > 0, "{}", script.name());
    }
}

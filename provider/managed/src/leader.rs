//! Leader election: only the replica that holds the Lease works.
//!
//! `kube-lease-manager` holds the lease. This module adds three things: a replica that cannot renew
//! stops before another one may begin, a waiting replica learns at once that the lease was
//! released, and a request without an answer counts as failed.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::runtime::{WatchStreamExt, watcher};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::provider::Provider;

/// The time for which the lease holds without a renewal. With upstream's 60 s, no replica would
/// reconcile for a minute after a node is lost.
const HOLDS: Duration = Duration::from_secs(30);

/// The time before its end at which it is renewed.
const RENEWED_BEFORE: Duration = Duration::from_secs(20);

/// The time before its end at which a holder stops that could not renew it: clocks may differ by
/// that much.
const STOPPED_BEFORE: Duration = Duration::from_secs(5);

/// Longest time for one request about the lease.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause after a failed request.
const PAUSE: Duration = Duration::from_secs(1);

/// The reason why this process cannot take part. There is no retry: the process ends.
#[derive(Debug, thiserror::Error)]
pub enum LeaderError {
    /// RBAC denies the lease.
    #[error(
        "the Lease {namespace}/{lease} may not be used: {message}. Grant get, list, watch, create, \
         update and patch on leases.coordination.k8s.io there, or start without --leader-election"
    )]
    Forbidden {
        /// Namespace of the Lease.
        namespace: String,
        /// Its name.
        lease: String,
        /// The server's message.
        message: String,
    },
    /// The namespace of the Lease does not exist.
    #[error(
        "the Lease cannot be in namespace {namespace}, which does not exist. Set POD_NAMESPACE or \
         --leader-election-namespace"
    )]
    NoNamespace {
        /// The namespace.
        namespace: String,
    },
}

/// The Lease that the replicas of a provider compete for, and this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub lease: String,
    /// This process, see [`identity`].
    pub identity: String,
}

/// The leadership of this process.
pub struct Leadership {
    /// Cancelled when it no longer does: the lease could not be renewed, or was taken.
    pub lost: CancellationToken,
    release: CancellationToken,
    keeper: tokio::task::JoinHandle<()>,
}

impl Leadership {
    /// Releases the lease, so that another replica need not wait for its end.
    pub async fn release(self) {
        self.release.cancel();
        if timeout(PATIENCE * 2, self.keeper).await.is_err() {
            tracing::warn!("the lease was not released; it expires by itself");
        }
    }
}

/// Waits until this process leads; `None` if `shutdown` comes first.
///
/// 1. A lease without a holder, or whose holder did not renew it in time, is acquired.
/// 2. While another holds it, the Lease is watched: its release is seen at once, its end when
///    it is reached.
/// 3. A separate task renews the held lease until it is released or lost.
///
/// # Errors
/// [`LeaderError`] if waiting cannot help. An API server that does not answer is waited for.
pub async fn lead(
    client: &kube::Client,
    seat: &Seat,
    shutdown: &CancellationToken,
) -> Result<Option<Leadership>, LeaderError> {
    let mut told = false;
    loop {
        let attempt = tokio::select! {
            taken = take(client, seat) => taken,
            () = released(client, seat) => continue,
            () = shutdown.cancelled() => return Ok(None),
        };
        match attempt {
            Ok(manager) => {
                tracing::info!(identity = seat.identity, "this replica leads");
                return Ok(Some(keep(
                    manager,
                    Api::namespaced(client.clone(), &seat.namespace),
                    seat.clone(),
                )));
            }
            Err(error) => {
                if let Some(lasting) = lasting(seat, &error) {
                    return Err(lasting);
                }
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "cannot acquire the lease; retrying");
                }
                tokio::select! {
                    () = sleep(PAUSE) => {}
                    () = shutdown.cancelled() => return Ok(None),
                }
            }
        }
    }
}

/// Returns when the lease is this process's.
async fn take(client: &kube::Client, seat: &Seat) -> Result<LeaseManager, LeaseManagerError> {
    let manager = LeaseManagerBuilder::new(client.clone(), &*seat.lease)
        .with_namespace(&*seat.namespace)
        .with_identity(&*seat.identity)
        .with_duration(HOLDS.as_secs())
        .with_grace(RENEWED_BEFORE.as_secs())
        .with_field_manager(format!("{}-{}", seat.lease, seat.identity))
        .build()
        .await?;
    while !manager.changed().await? {}
    Ok(manager)
}

/// Returns when another holder has given the lease up.
async fn released(client: &kube::Client, seat: &Seat) {
    let api: Api<Lease> = Api::namespaced(client.clone(), &seat.namespace);
    let config = watcher::Config::default().fields(&format!("metadata.name={}", seat.lease));
    let mut held = false;
    let mut events = std::pin::pin!(watcher(api, config).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(lease) | watcher::Event::InitApply(lease)) => {
                if holder(&lease).is_some() {
                    held = true;
                } else if held {
                    return;
                }
            }
            Ok(watcher::Event::Delete(_)) if held => return,
            _ => {}
        }
    }
    // Without a watch the end of the lease is what counts.
    std::future::pending::<()>().await;
}

fn holder(lease: &Lease) -> Option<&str> {
    lease
        .spec
        .as_ref()
        .and_then(|spec| spec.holder_identity.as_deref())
        .filter(|holder| !holder.is_empty())
}

/// Renews the lease until it is released or lost.
fn keep(manager: LeaseManager, api: Api<Lease>, seat: Seat) -> Leadership {
    let (lost, release) = (CancellationToken::new(), CancellationToken::new());
    let leadership = (lost.clone(), release.clone());
    let keeper = tokio::spawn(async move {
        tokio::select! {
            () = hold(&manager, &api, &seat) => {
                tracing::error!("the lease is lost: another replica may lead");
                lost.cancel();
            }
            () = release.cancelled() => match timeout(PATIENCE, manager.release()).await {
                Ok(Ok(())) => tracing::info!("the lease is released"),
                Ok(Err(error)) => tracing::warn!(%error, "the lease is not released; it expires by itself"),
                Err(_) => tracing::warn!("the lease is not released in time; it expires by itself"),
            },
        }
    });
    Leadership {
        lost: leadership.0,
        release: leadership.1,
        keeper,
    }
}

/// Holds the lease; returns when this process may no longer lead.
///
/// The manager renews by itself and reports only changes and failures, so the Lease is read from
/// time to time: a renewal without an answer has failed.
async fn hold(manager: &LeaseManager, api: &Api<Lease>, seat: &Seat) {
    let mut sure_until = Instant::now() + HOLDS - STOPPED_BEFORE;
    let look = HOLDS / 6;
    loop {
        match timeout(look, manager.changed()).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease is not renewed; trying again");
                sleep(PAUSE).await;
            }
            // Broken off between two renewals, or in one that hangs: the next call goes on.
            Err(_) => {}
        }
        let read = Instant::now();
        match timeout(PATIENCE, api.get_opt(&seat.lease)).await {
            Ok(Ok(Some(lease))) => {
                if holder(&lease) != Some(&seat.identity) {
                    return;
                }
                if let Some(left) = left(&lease, Timestamp::now()) {
                    sure_until = read + left.saturating_sub(STOPPED_BEFORE);
                }
            }
            Ok(Ok(None)) => return,
            Ok(Err(error)) => tracing::debug!(%error, "the lease is not read"),
            Err(_) => tracing::debug!("the lease is not read in time"),
        }
        if Instant::now() >= sure_until {
            return;
        }
    }
}

/// The remaining time of the lease at `now`.
fn left(lease: &Lease, now: Timestamp) -> Option<Duration> {
    let renewed = lease.spec.as_ref()?.renew_time.as_ref()?.0;
    let age = Duration::try_from(now.duration_since(renewed)).unwrap_or_default();
    Some(HOLDS.saturating_sub(age))
}

/// The error, if waiting cannot help.
fn lasting(seat: &Seat, error: &LeaseManagerError) -> Option<LeaderError> {
    let LeaseManagerError::KubeError(kube::Error::Api(status)) = error else {
        return None;
    };
    let namespace = seat.namespace.clone();
    match status.code {
        403 => Some(LeaderError::Forbidden {
            namespace,
            lease: seat.lease.clone(),
            message: status.message.clone(),
        }),
        404 if status.message.contains("namespaces") => {
            Some(LeaderError::NoNamespace { namespace })
        }
        _ => None,
    }
}

/// The identity of this replica: the Pod's name, so that the Lease shows it, and a part that no
/// other process has, so that a restarted container waits for its former process.
pub fn identity(provider: &Provider, environment: &dyn Fn(&str) -> Option<String>) -> String {
    let pod = environment("POD_NAME")
        .or_else(|| environment("HOSTNAME"))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| provider.name.to_owned());
    format!(
        "{pod}-{:x}-{}",
        Timestamp::now().as_microsecond(),
        std::process::id()
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::json;

    use super::*;
    use crate::testing::{NOTES, api};

    fn seat() -> Seat {
        Seat {
            namespace: "cp".to_owned(),
            lease: NOTES.lease.to_owned(),
            identity: "a".to_owned(),
        }
    }

    fn lease(holder: Option<&str>, renewed: &str) -> Lease {
        serde_json::from_value(json!({
            "metadata": { "name": NOTES.lease },
            "spec": { "holderIdentity": holder, "renewTime": renewed },
        }))
        .unwrap()
    }

    #[test]
    fn a_lease_holds_from_its_last_renewal() {
        let now: Timestamp = "2026-01-01T00:00:10Z".parse().unwrap();
        let held = |renewed| left(&lease(Some("a"), renewed), now);
        assert_eq!(
            held("2026-01-01T00:00:00.000000Z"),
            Some(Duration::from_secs(20))
        );
        assert_eq!(held("2025-12-31T23:00:00.000000Z"), Some(Duration::ZERO));
        // A clock that is ahead of ours gives no more than the whole time.
        assert_eq!(held("2026-01-01T00:01:00.000000Z"), Some(HOLDS));
    }

    /// A Lease that is patched as the API server would, until the server fails.
    fn server(failing: Arc<AtomicBool>) -> kube::Client {
        let stored = std::sync::Mutex::new(json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": { "name": NOTES.lease }, "spec": {},
        }));
        let (client, _) = api(move |method, _, body| {
            if failing.load(Ordering::Relaxed) {
                let status = json!({ "kind": "Status", "status": "Failure", "code": 500, "reason": "InternalError", "message": "later" });
                return (500, status);
            }
            let mut stored = stored.lock().unwrap();
            if method == "PATCH" {
                for (name, value) in body["spec"].as_object().unwrap() {
                    stored["spec"][name] = value.clone();
                }
            }
            (200, stored.clone())
        });
        client
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_that_cannot_renew_stops_before_another_may_begin() {
        let failing = Arc::new(AtomicBool::new(false));
        let client = server(failing.clone());
        let shutdown = CancellationToken::new();
        let leadership = lead(&client, &seat(), &shutdown).await.unwrap().unwrap();
        assert!(!leadership.lost.is_cancelled());
        failing.store(true, Ordering::Relaxed);
        let since = Instant::now();
        leadership.lost.cancelled().await;
        assert!(since.elapsed() < HOLDS, "{:?}", since.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_that_renews_goes_on_and_gives_up_when_it_is_told_to() {
        let client = server(Arc::default());
        let shutdown = CancellationToken::new();
        let leadership = lead(&client, &seat(), &shutdown).await.unwrap().unwrap();
        let lost = leadership.lost.clone();
        assert!(timeout(HOLDS * 4, lost.cancelled()).await.is_err());
        leadership.release().await;
        let api: Api<Lease> = Api::namespaced(client, "cp");
        let lease = api.get(NOTES.lease).await.unwrap();
        assert_eq!(holder(&lease), None);
    }

    #[test]
    fn an_empty_holder_is_none() {
        assert_eq!(
            holder(&lease(Some(""), "2026-01-01T00:00:00.000000Z")),
            None
        );
        assert_eq!(
            holder(&lease(Some("a"), "2026-01-01T00:00:00.000000Z")),
            Some("a")
        );
    }

    #[test]
    fn a_denied_lease_ends_the_process_and_a_silent_server_does_not() {
        let api = |code, message: &str| {
            LeaseManagerError::KubeError(kube::Error::Api(
                kube::core::Status::failure(message, "x")
                    .with_code(code)
                    .boxed(),
            ))
        };
        assert!(matches!(
            lasting(&seat(), &api(403, "no")),
            Some(LeaderError::Forbidden { .. })
        ));
        assert!(matches!(
            lasting(&seat(), &api(404, "namespaces \"cp\" not found")),
            Some(LeaderError::NoNamespace { .. })
        ));
        assert!(lasting(&seat(), &api(503, "later")).is_none());
    }

    #[test]
    fn two_processes_of_one_pod_are_two() {
        let environment = |name: &str| (name == "POD_NAME").then(|| "pod-0".to_owned());
        let (first, second) = (
            identity(&NOTES, &environment),
            identity(&NOTES, &environment),
        );
        assert!(first.starts_with("pod-0-"));
        assert!(first != second || first.contains(&std::process::id().to_string()));
    }
}

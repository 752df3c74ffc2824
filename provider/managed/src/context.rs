//! The data that the controllers of all kinds share.

use crate::changelog::ChangeLogs;
use crate::concurrency::ConcurrencyLimit;
use crate::events::Events;
use crate::flags::Options;
use crate::gate::Gate;
use crate::metadata::Marks;
use crate::metrics::Metrics;
use crate::provider::Provider;
use crate::rate_limiter::RateLimiter;
use crate::usage::Usages;

/// Made once by [`run`](crate::process::run), given to every controller. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The names of the provider.
    pub provider: Provider,
    /// The marks on managed resources.
    pub marks: Marks,
    /// The control plane: where the managed resources are.
    pub control: kube::Client,
    /// The usages of configs.
    pub usages: Usages,
    /// Events for users.
    pub events: Events,
    /// Metrics for operators.
    pub metrics: Metrics,
    /// Entries for the change log's sidecar.
    pub changelogs: ChangeLogs,
    /// The kinds that the API server serves.
    pub gate: Gate,
    /// The limit on the rate of reconciles.
    pub rate_limiter: RateLimiter,
    /// The limit on reconciles that work at the same time.
    pub concurrency: ConcurrencyLimit,
    /// The options from the command line.
    pub options: Options,
}

#[cfg(any(test, feature = "testing"))]
impl Context {
    /// A context for tests, with a control plane, the options that are usual, and without reports.
    pub fn alone(provider: &Provider, control: kube::Client) -> Self {
        let end = tokio_util::sync::CancellationToken::new();
        let (events, _) = Events::new(provider, control.clone(), end);
        Context {
            provider: *provider,
            marks: Marks::of(provider),
            usages: Usages::new(provider, control.clone()),
            events,
            metrics: Metrics::new(provider.metrics),
            changelogs: ChangeLogs::off(),
            gate: Gate::new().1,
            rate_limiter: RateLimiter::new(1000),
            concurrency: ConcurrencyLimit::default(),
            control,
            options: Options::default(),
        }
    }
}

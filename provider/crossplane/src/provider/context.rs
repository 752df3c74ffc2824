//! The data that the controllers of all kinds share.

use super::changelog::ChangeLogs;
use super::config::Targets;
use super::events::Events;
use crossplane_managed::flags::Options;
use crossplane_managed::metadata::Marks;

use super::gate::Gate;
use super::metrics::Metrics;
use super::rate_limiter::RateLimiter;
use super::usage::Usages;

/// Made once by [`run`](super::run()), given to every controller.
pub struct Context {
    /// The control plane: where the managed resources are.
    pub control: kube::Client,
    /// The clusters of the external objects.
    pub targets: Targets,
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
    /// The marks on managed resources.
    pub marks: Marks,
    /// The options from the command line.
    pub options: Options,
}

#[cfg(test)]
impl Context {
    /// A context for tests, with a control plane and without reports.
    pub(crate) fn alone(control: kube::Client) -> Self {
        Context::apart(control.clone(), control)
    }

    /// The same; the provider's own cluster is reached by another client than the control plane.
    pub(crate) fn apart(control: kube::Client, own: kube::Client) -> Self {
        use super::PROVIDER;
        use super::flags::parse;
        use crossplane_managed::flags::Asked;

        let (events, _) = Events::new(
            &PROVIDER,
            control.clone(),
            tokio_util::sync::CancellationToken::new(),
        );
        let none = lexopt::Parser::from_args(Vec::<String>::new());
        let Ok((Asked::Run(options), _)) = parse(none, &|_| None) else {
            panic!("no argument is an argument too many");
        };
        Context {
            targets: Targets::apart(control.clone(), own),
            usages: Usages::new(&PROVIDER, control.clone()),
            events,
            metrics: Metrics::new(PROVIDER.metrics),
            changelogs: ChangeLogs::off(),
            gate: Gate::new().1,
            rate_limiter: RateLimiter::new(1000),
            marks: Marks::of(&PROVIDER),
            control,
            options: *options,
        }
    }
}

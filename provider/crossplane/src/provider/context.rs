//! What the controllers of all kinds share.

use super::changelog::ChangeLogs;
use super::config::Targets;
use super::events::Events;
use super::flags::Options;
use super::gate::Gate;
use super::metrics::Metrics;
use super::rate_limiter::RateLimiter;
use super::usage::Usages;

/// Made once by [`run`](super::run()), given to every controller.
pub struct Context {
    /// The control plane: where the managed resources are.
    pub control: kube::Client,
    /// The clusters they go to.
    pub targets: Targets,
    /// Who uses which.
    pub usages: Usages,
    /// What users are told.
    pub events: Events,
    /// What operators are told.
    pub metrics: Metrics,
    /// What the change log's sidecar is told.
    pub changelogs: ChangeLogs,
    /// Which kinds are served.
    pub gate: Gate,
    /// How fast reconciles may follow each other.
    pub rate_limiter: RateLimiter,
    /// What the command line says.
    pub options: Options,
}

#[cfg(test)]
impl Context {
    /// That of a process alone with a control plane, which tells nobody anything.
    pub(crate) fn alone(control: kube::Client) -> Self {
        use super::flags::{Asked, parse};

        let (events, _) = Events::new(control.clone(), tokio_util::sync::CancellationToken::new());
        let none = lexopt::Parser::from_args(Vec::<String>::new());
        let Ok(Asked::Run(options)) = parse(none, &|_| None) else {
            panic!("no argument is an argument too many");
        };
        Context {
            targets: Targets::new(control.clone()),
            usages: Usages::new(control.clone()),
            events,
            metrics: Metrics::new(),
            changelogs: ChangeLogs::off(),
            gate: Gate::new().1,
            rate_limiter: RateLimiter::new(1000),
            control,
            options: *options,
        }
    }
}

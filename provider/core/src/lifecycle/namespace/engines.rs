//! The engines that a namespace is to have.

use everest_schemas::Engine;
use everest_schemas::models::NamespaceModel;

use crate::version::Version;

/// An engine that a namespace is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedEngine {
    /// The engine.
    pub engine: Engine,
    /// The requested operator version. If `None`, the newest at the first installation, afterwards
    /// the installed one.
    pub version: Option<String>,
    /// The requested channel.
    pub channel: Option<String>,
    /// True if this change itself requests the version. Otherwise a version that someone else has
    /// installed since is accepted too.
    pub firm: bool,
}

impl WantedEngine {
    /// The engines a model lists.
    pub fn all_of(model: &NamespaceModel) -> Vec<Self> {
        let engines = model.engines.known().into_iter();
        engines
            .flat_map(|engines| engines.iter())
            .filter_map(|(engine, install)| {
                let install = install.known()?;
                Some(Self {
                    engine,
                    version: install.version.known().cloned(),
                    channel: install.channel.known().cloned(),
                    firm: true,
                })
            })
            .collect()
    }
}

/// Returns true if version `a` comes before `b`.
pub(super) fn is_older(a: &str, b: &str) -> bool {
    match (a.parse::<Version>(), b.parse::<Version>()) {
        (Ok(a), Ok(b)) => a < b,
        _ => false,
    }
}

//! One engine in one namespace, as OLM and Everest show it.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::olm::{ClusterServiceVersion, InstallPlan, Subscription};

use super::engines::{WantedEngine, is_older};
use crate::install_plan::{self, Asked};
use crate::lifecycle::{Observed, Query};
use crate::olm::{self, SubscriptionFacts};
use crate::readiness::{self, EngineObservation, Readiness};

/// One engine in one namespace.
pub(super) struct EngineView<'a> {
    pub(super) subscription: Option<&'a Subscription>,
    /// The facts from the Subscription.
    pub(super) facts: SubscriptionFacts,
    /// The plan that the Subscription refers to.
    pub(super) plan: Option<&'a InstallPlan>,
    /// The ClusterServiceVersion that is installed, never the pending one.
    csv: Option<&'a ClusterServiceVersion>,
    database_engine: Option<&'a DatabaseEngine>,
}

impl<'a> EngineView<'a> {
    /// Reads the objects of an engine.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn of(
        observed: &'a Observed,
        namespace: &str,
        engine: Engine,
    ) -> Result<Self, Query> {
        let name = engine.operator();
        let subscription = observed.object::<Subscription>(namespace, name)?;
        let facts = subscription.map(olm::subscription).unwrap_or_default();
        let plan = match &facts.install_plan {
            Some(plan) => referred(observed, namespace, plan)?,
            None => None,
        };
        let csv = match &facts.installed_csv {
            Some(csv) => observed.object(namespace, csv)?,
            None => None,
        };
        Ok(Self {
            subscription,
            plan,
            csv,
            database_engine: observed.object(namespace, name)?,
            facts,
        })
    }

    /// The version that is installed.
    pub(super) fn installed_version(&self) -> Option<&str> {
        self.facts.installed_version.as_deref()
    }

    /// Returns true if the installed version is the wanted one.
    pub(super) fn satisfies(&self, wanted: &WantedEngine) -> bool {
        match (self.installed_version(), &wanted.version) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(installed), Some(asked)) => {
                installed == asked || (!wanted.firm && is_older(asked, installed))
            }
        }
    }

    /// The readiness of the installed version.
    pub(super) fn installation(&self, engine: Engine) -> Readiness {
        readiness::engine_install(&EngineObservation {
            engine,
            csv: self.csv,
            database_engine: self.database_engine,
        })
    }

    /// The requested version, with the installed one.
    pub(super) fn asked(&self, wanted: &WantedEngine) -> Asked {
        Asked {
            engine: wanted.engine,
            version: wanted.version.clone(),
            installed: self.installed_version().map(str::to_owned),
        }
    }
}

/// The plan that a Subscription refers to, or the one that OLM goes on with in its place.
fn referred<'a>(
    observed: &'a Observed,
    namespace: &str,
    name: &str,
) -> Result<Option<&'a InstallPlan>, Query> {
    let referred = observed.object::<InstallPlan>(namespace, name)?;
    if let Some(plan) = referred
        && plan
            .status
            .as_ref()
            .is_none_or(|status| status.phase.is_empty())
    {
        let others = observed.all::<InstallPlan>(namespace)?;
        let others = others.into_iter().flatten().map(|other| &**other);
        if let Some(twin) = install_plan::twin(plan, others) {
            return Ok(Some(twin));
        }
    }
    Ok(referred)
}

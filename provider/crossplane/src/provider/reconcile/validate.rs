//! The rules before a write.

use std::time::Duration;

use everest_cluster::{ClusterError, facts};
use everest_core::finding::{Finding, Severity};
use everest_core::rules::Validate;
use jiff::Timestamp;

use super::Reconciler;
use crate::provider::kind::Kind;

/// A reconcile does not wait for a cluster that does not answer: the next one asks again.
const AT_ONCE: Duration = Duration::ZERO;

impl<K: Kind> Reconciler<'_, K> {
    /// Returns the findings against `planned`: first those without the cluster, then those with it.
    ///
    /// # Errors
    /// If the cluster does not answer; nothing is written then.
    pub(super) async fn findings(
        &mut self,
        config: &K::Model,
        planned: &K::Model,
        prior: Option<&K::Model>,
    ) -> Result<Vec<Finding>, ClusterError> {
        let mut found = planned.check_in_place(config, prior);
        let now = match &self.views {
            Some(views) => views.cluster.now(),
            None => Timestamp::now(),
        };
        found.extend(planned.check_time(prior, now));
        found.retain(|finding| finding.severity == Severity::Error);
        if !found.is_empty() {
            return Ok(found);
        }
        let Some(views) = self.views.clone() else {
            return Ok(found);
        };
        facts::against_write(&views.recent(), planned, prior, AT_ONCE).await
    }
}

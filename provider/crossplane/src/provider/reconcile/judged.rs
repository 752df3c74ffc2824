//! What the rules say before a write.

use everest_cluster::facts;
use everest_core::facts::Facts;
use everest_core::finding::{Finding, Severity};
use everest_core::rules::{Ruled, Stage};
use jiff::Timestamp;

use super::Look;
use crate::provider::kind::Kind;

impl<K: Kind> Look<'_, K> {
    /// What is against `planned`: first what needs no cluster, then what the cluster says.
    ///
    /// What was read a moment ago for another resource counts, but an error only once it is
    /// found in what was read afresh.
    pub(super) async fn judged(
        &mut self,
        config: &K::Model,
        planned: &K::Model,
        prior: Option<&K::Model>,
    ) -> Vec<Finding> {
        let mut found = planned.check_in_place(config, prior);
        let now = match &self.views {
            Some(views) => views.cluster.now(),
            None => Timestamp::now(),
        };
        found.extend(planned.check_time(prior, now));
        let found = errors(found);
        if !found.is_empty() {
            return found;
        }
        let Some(views) = self.views.clone() else {
            return found;
        };
        let wanted = planned.wanted(prior);
        let check = |facts: &Facts| errors(planned.check_online(prior, facts, Stage::Apply));
        let recent = views.recent();
        if check(&facts::load(&recent, &wanted).await).is_empty() {
            return Vec::new();
        }
        check(&facts::load_afresh(&recent, &wanted).await)
    }
}

fn errors(findings: Vec<Finding>) -> Vec<Finding> {
    findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect()
}

//! everest-operator's webhooks, as one thing that is asked by path.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use tracing::debug;

use super::review::{Admitted, Request, Verdict, answer};
use super::{
    backup, data_import_job, database_cluster, load_balancer_config, monitoring_config, restore,
    split_horizon,
};
use crate::cluster::Cluster;
use crate::faults::Faults;

/// Why a webhook gave no answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unanswered {
    /// The operator does not run, or the test holds its webhooks down.
    #[error("connection refused")]
    Down,
    /// What was sent is no AdmissionReview.
    #[error("not an AdmissionReview")]
    Malformed,
}

/// The webhooks of a simulator. They answer while it runs, also again after it was stopped and
/// started.
#[derive(Clone, Default)]
pub struct Admission {
    cluster: Arc<RwLock<Option<Arc<Cluster>>>>,
}

impl Admission {
    pub(crate) fn serve(&self, cluster: Option<Arc<Cluster>>) {
        *self.cluster.write().unwrap_or_else(PoisonError::into_inner) = cluster;
    }

    fn cluster(&self) -> Option<Arc<Cluster>> {
        self.cluster
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the AdmissionReview that answers `review` at the path of a webhook.
    ///
    /// # Errors
    ///
    /// Nobody answers: the operator does not run, the key `webhook` says `down`, or `review` is
    /// no AdmissionReview. Time passes as the key `webhook-delay` says.
    pub async fn decide(&self, path: &str, review: &Value) -> Result<Value, Unanswered> {
        let cluster = self.cluster().ok_or(Unanswered::Down)?;
        let asked = Request::parse(review).ok_or(Unanswered::Malformed)?;
        let faults = Faults::of(&cluster, &asked.namespace, &asked.name, Some(&asked.object));
        tokio::time::sleep(faults.duration("webhook-delay", Duration::ZERO)).await;
        if faults.get("webhook") == Some("down") {
            return Err(Unanswered::Down);
        }
        let verdict = decide(path, &asked, &cluster).await;
        if let Err(refusal) = &verdict {
            debug!(path, name = asked.name, ?refusal, "refused");
        }
        Ok(answer(review, verdict))
    }
}

async fn decide(path: &str, request: &Request, cluster: &Cluster) -> Verdict {
    match path {
        "/mutate-everest-percona-com-v1alpha1-databasecluster" => {
            database_cluster::mutate(request, cluster).await
        }
        "/validate-everest-percona-com-v1alpha1-databasecluster" => {
            database_cluster::validate(request, cluster).await
        }
        "/validate-everest-percona-com-v1alpha1-databaseclusterbackup" => {
            backup::validate(request, cluster).await
        }
        "/validate-everest-percona-com-v1alpha1-databaseclusterrestore" => {
            restore::validate(request, cluster).await
        }
        "/validate-everest-percona-com-v1alpha1-monitoringconfig" => {
            monitoring_config::validate(request, cluster).await
        }
        "/validate-everest-percona-com-v1alpha1-loadbalancerconfig" => {
            load_balancer_config::validate(request)
        }
        "/mutate-everest-percona-com-v1alpha1-dataimportjob" => {
            data_import_job::mutate(request, cluster).await
        }
        "/mutate-enginefeatures-everest-percona-com-v1alpha1-splithorizondnsconfig" => {
            split_horizon::mutate(request, cluster).await
        }
        "/validate-enginefeatures-everest-percona-com-v1alpha1-splithorizondnsconfig" => {
            split_horizon::validate(request, cluster).await
        }
        _ => Ok(Admitted::default()),
    }
}

//! `doctor`: the state of a cluster, from the checks in `everest-core`.

mod report;

use clap::Args;
use everest_cluster::{Catalog, Cluster, ClusterError, doctor};
use everest_core::doctor::{Check, Status, checks, unreached};

use super::Ended;
use super::connection::Connection;
use super::terminal::{Progress, Style};
use report::Report;

/// The arguments of `doctor`.
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    /// Check this namespace; may be repeated. Without it, all that Everest manages
    #[arg(short, long = "namespace", value_name = "NAME")]
    namespaces: Vec<String>,

    /// Catalog of the engine operators, for clusters where it is another one, such as OpenShift
    #[arg(
        long,
        value_name = "NAMESPACE/NAME",
        default_value = "everest-olm/everest-catalog",
        value_parser = catalog
    )]
    catalog: CatalogName,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

const EXAMPLES: &str = "\
Checks the connection, Everest and its definitions, everest-operator and its webhooks, the catalog, \
the operators of each namespace, and the rights of the identity. Reads only; nothing is written.

Examples:
  terraform-provider-everest doctor --kubeconfig ~/.kube/config --context production
  terraform-provider-everest doctor --namespace orders --namespace shop
  KUBE_CONFIG_PATH=~/.kube/config terraform-provider-everest doctor --json

Exit codes: 0 no check failed, 1 a check failed, 2 wrong arguments.";

/// Namespace and name of a catalog.
#[derive(Clone, Debug, Default)]
struct CatalogName(Catalog);

fn catalog(text: &str) -> Result<CatalogName, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok(CatalogName(Catalog {
                name: name.to_owned(),
                namespace: namespace.to_owned(),
            }))
        }
        _ => Err(
            "it is the namespace and the name of a CatalogSource, such as \
                  openshift-marketplace/everest-catalog"
                .to_owned(),
        ),
    }
}

const NO_CONNECTION: &str = "Name the cluster by --kubeconfig and --context, or by the KUBE_* \
                             variables of the provider. KUBECONFIG is not read.";

const NO_ANSWER: &str = "Run kubectl version with the same kubeconfig and context on this machine. \
                         Nothing else was checked.";

impl Doctor {
    /// Checks the cluster that the arguments and the environment name.
    pub async fn run(self) -> Ended {
        let settings = self.connection.clone().settings();
        match Cluster::reach(&settings, self.catalog.0.clone()) {
            Ok(cluster) => {
                let mut progress = Progress::on_stderr();
                progress.show(&format!(
                    "Checking {}",
                    cluster.server().unwrap_or("the cluster")
                ));
                let ended = self.of(&cluster).await;
                progress.clear();
                ended
            }
            Err(error) => self.told(None, vec![unreached(format!("{error}"), NO_CONNECTION)]),
        }
    }

    /// Checks a cluster that is reached.
    async fn of(&self, cluster: &Cluster) -> Ended {
        let checked = match doctor::facts(cluster, &self.namespaces).await {
            Ok(facts) => checks(&facts),
            Err(error) => vec![unreached(error.to_string(), no_answer(&error))],
        };
        self.told(cluster.server(), checked)
    }

    /// The report; it fails if a check did.
    fn told(&self, server: Option<&str>, checks: Vec<Check>) -> Ended {
        let report = Report { server, checks };
        let text = match self.json {
            true => report.json(),
            false => report.table(Style::of_stdout()),
        };
        match report.status() {
            Status::Failed => Ended::Found(text),
            Status::Ok | Status::Warning => Ended::Done(text),
        }
    }
}

fn no_answer(error: &ClusterError) -> &'static str {
    match error {
        ClusterError::Unauthorized { .. } => "Renew the credentials. Nothing else was checked.",
        ClusterError::NoCredentials { .. } => "Nothing else was checked.",
        _ => NO_ANSWER,
    }
}

#[cfg(test)]
mod tests;

//! The provider's settings and the cluster behind them, shared by all resources.
//!
//! Terraform also configures the provider for plans that send no request, and with settings that
//! are not known yet. So the client is made at the first request, not before.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use everest_cluster::{Catalog, Cluster, ClusterError, ConnectError, ConnectionConfig};
use everest_core::facts::{Planned, PlannedInNamespace};
use everest_core::rights::Right;
use everest_core::rules::Validate;
use jiff::Timestamp;
use tfplugin::{Diagnostic, Diagnostics};
use tokio::sync::OnceCell;

use crate::diagnostics;
use crate::unapplied::Unapplied;

/// The settings of the provider.
#[derive(Debug, Default)]
enum Settings {
    /// Terraform did not configure the provider.
    #[default]
    Missing,
    /// These attributes are known only after other resources are applied.
    Unknown(Vec<String>),
    /// Everything is known.
    Known {
        connection: Box<ConnectionConfig>,
        catalog: Catalog,
    },
}

/// The function that connects to a cluster with known settings.
type Reach = dyn Fn(&ConnectionConfig, Catalog) -> Result<Cluster, ConnectError> + Send + Sync;

/// The settings and, after the first request, the cluster.
pub struct Session {
    settings: RwLock<Settings>,
    reach: Box<Reach>,
    cluster: OnceCell<Cluster>,
    /// True if the user wants no warnings about the effect of changes.
    quiet: AtomicBool,
    /// True once a plan has reported that the admission webhooks are down.
    webhooks_down: AtomicBool,
    /// The faults of the cluster as a whole that were reported in full, each with the resource that
    /// reported it first.
    reported: Mutex<HashMap<String, String>>,
    /// The missing rights that resources have reported; true for those that an error was about.
    missing: Mutex<BTreeMap<Right, bool>>,
    /// The objects that this run has planned so far.
    planned: Mutex<Planned>,
    /// The objects that this run replaces, as messages name them.
    replaced: Mutex<BTreeSet<String>>,
    unapplied: Unapplied,
}

/// The reason why there is no connection to a cluster.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A setting of the provider comes from a resource that is not applied yet.
    #[error("the provider's settings are not known yet: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// The settings are known, but no client can be created from them.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A resource was used before the provider was configured.
    #[error("the provider was not configured")]
    Missing,
}

impl SessionError {
    /// The diagnostic for `doing`, such as "read everest_database prod/orders".
    pub fn diagnostic(&self, doing: &str) -> Diagnostic {
        match self {
            Self::Unknown(attributes) => Diagnostic::error(
                format!("Cannot {doing}: the provider's settings are not known yet"),
                format!(
                    "These settings of provider \"everest\" depend on resources that are not \
                     applied yet: {}. Apply those first (for example with -target), or use values \
                     that are known at plan.",
                    attributes.join(", ")
                ),
            ),
            Self::Connect(error) => Diagnostic::error(
                format!("Cannot {doing}: the provider cannot connect to a cluster"),
                error.attribute().map_or_else(
                    || format!("{error}."),
                    |attribute| format!("provider \"everest\", attribute {attribute}: {error}."),
                ),
            ),
            Self::Missing => Diagnostic::error(
                format!("Cannot {doing}: the provider is not configured"),
                "Terraform asked for a resource before it configured the provider; this is a bug of the host or of the provider.",
            ),
        }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::reaching(Cluster::reach)
    }
}

impl Session {
    /// A session that reaches its cluster by `reach`, at the first contact.
    pub fn reaching(
        reach: impl Fn(&ConnectionConfig, Catalog) -> Result<Cluster, ConnectError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            settings: RwLock::default(),
            reach: Box::new(reach),
            cluster: OnceCell::new(),
            quiet: AtomicBool::new(false),
            webhooks_down: AtomicBool::new(false),
            reported: Mutex::default(),
            missing: Mutex::default(),
            planned: Mutex::default(),
            replaced: Mutex::default(),
            unapplied: Unapplied::default(),
        }
    }

    /// The session of a provider that is connected to `cluster`.
    #[cfg(test)]
    pub fn on(cluster: Cluster) -> Self {
        Self {
            cluster: OnceCell::new_with(Some(cluster)),
            ..Self::default()
        }
    }

    /// Notes that some settings are unknown: new objects can be planned, but no request can be
    /// sent.
    pub fn settings_unknown(&self, attributes: Vec<String>) {
        self.set(Settings::Unknown(attributes));
    }

    /// Notes the settings; nothing is contacted.
    pub fn settings_known(&self, connection: ConnectionConfig, catalog: Catalog) {
        self.set(Settings::Known {
            connection: Box::new(connection),
            catalog,
        });
    }

    /// Sets whether plans warn of the effect of changes.
    pub fn warn_of_impact(&self, wanted: bool) {
        self.quiet.store(!wanted, Ordering::Relaxed);
    }

    /// Returns true if plans warn of the effect of changes.
    pub fn warns_of_impact(&self) -> bool {
        !self.quiet.load(Ordering::Relaxed)
    }

    /// Returns true for the first report of this run that the admission webhooks are down.
    pub fn first_to_say_webhooks_are_down(&self) -> bool {
        !self.webhooks_down.swap(true, Ordering::Relaxed)
    }

    /// Returns true for the first report of a resource in this run that `right` is missing. An error
    /// counts as the first after warnings: a resource fails only if its error is shown.
    pub fn is_first_without(&self, right: &Right, is_error: bool) -> bool {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        match missing.get(right) {
            Some(true) => false,
            Some(false) if !is_error => false,
            _ => {
                missing.insert(right.clone(), is_error);
                true
            }
        }
    }

    /// Notes an object that this run creates or keeps: objects that refer to it are planned later.
    pub fn note_planned(&self, model: &impl Validate) {
        model.note(&mut self.planned());
    }

    /// Notes an object that this run destroys: objects that it refers to are planned later.
    pub fn note_destroyed(&self, model: &impl Validate) {
        model.note_destroyed(&mut self.planned());
    }

    /// The objects that this run has planned so far in `namespace`.
    pub fn planned_within(&self, namespace: &str) -> PlannedInNamespace {
        self.planned().within(namespace)
    }

    /// The objects that this run has planned so far in the whole cluster.
    pub fn planned_everywhere(&self) -> Planned {
        self.planned().clone()
    }

    /// Notes that this run replaces the object that messages name `what`.
    pub fn note_replaced(&self, what: String) {
        self.replaced().insert(what);
    }

    /// Returns true if this run replaces the object that messages name `what`, as far as it is
    /// planned.
    pub fn replaces(&self, what: &str) -> bool {
        self.replaced().contains(what)
    }

    /// What this run has planned and not applied yet.
    pub fn unapplied(&self) -> &Unapplied {
        &self.unapplied
    }

    fn replaced(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A panic while holding the lock lost at most what it was about to note.
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn planned(&self) -> MutexGuard<'_, Planned> {
        // A panic while holding the lock lost at most what it was about to note.
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The diagnostic of an error while `doing` something to the resource `what`. A fault of the
    /// cluster as a whole is reported in full once a run, and in one line after that.
    pub fn cluster_error(&self, error: &ClusterError, doing: &str, what: &str) -> Diagnostic {
        let full = diagnostics::cluster_error(error, doing);
        match diagnostics::of_the_cluster(error) {
            Some(fault) => self.once(fault, full, doing, what),
            None => full,
        }
    }

    /// The same for a data source, whose other reads fail without the same right too.
    pub fn data_source_error(&self, error: &ClusterError, doing: &str, what: &str) -> Diagnostic {
        let full = self.cluster_error(error, doing, what);
        match error.missing_right() {
            Some(right) => self.once(&format!("missing permission {right}"), full, doing, what),
            None => full,
        }
    }

    /// Returns `full` for the first report of a shared fault in this run, and a short form after
    /// that.
    fn once(&self, fault: &str, full: Diagnostic, doing: &str, what: &str) -> Diagnostic {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let first = reported
            .entry(fault.to_owned())
            .or_insert_with(|| what.to_owned());
        if first == what {
            return full;
        }
        Diagnostic::error(
            format!("Cannot {doing}: {fault}"),
            format!("See the error of {first}."),
        )
    }

    fn set(&self, settings: Settings) {
        // Settings come at the begin of a run.
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.clear();
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.clear();
        // A panic while holding the lock left nothing half-written: the value is replaced whole.
        *self
            .settings
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = settings;
    }

    /// Returns true if settings are known only after other resources are applied.
    pub fn awaits_settings(&self) -> bool {
        let settings = self
            .settings
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        matches!(*settings, Settings::Unknown(_))
    }

    /// The cluster to read `what` from; `None` with a warning while settings are unknown: the state
    /// stays as it is.
    ///
    /// # Errors
    /// If there is no connection to a cluster.
    pub async fn for_read(
        &self,
        what: &str,
        diags: &mut Diagnostics,
    ) -> Result<Option<&Cluster>, Diagnostic> {
        let doing = format!("read {what}");
        match self.cluster().await {
            Ok(cluster) => Ok(Some(cluster)),
            Err(error @ SessionError::Unknown(_)) => {
                diags.push(error.diagnostic(&doing).into_warning());
                Ok(None)
            }
            Err(error @ SessionError::Connect(_)) => {
                let fault = "the provider's settings reach no cluster";
                Err(self.once(fault, error.diagnostic(&doing), &doing, what))
            }
            Err(error @ SessionError::Missing) => Err(error.diagnostic(&doing)),
        }
    }

    /// The time of day: the cluster's, once there is one.
    pub fn now(&self) -> Timestamp {
        self.cluster.get().map_or_else(Timestamp::now, Cluster::now)
    }

    /// Acknowledges the objects that this process has made, once the client has all answers and
    /// they are in a state.
    pub async fn end(&self) {
        if let Some(cluster) = self.cluster.get() {
            cluster.acknowledge_all().await;
        }
    }

    /// The cluster, connected on first use.
    ///
    /// # Errors
    /// If settings are unknown or missing, or no client can be made from them.
    pub async fn cluster(&self) -> Result<&Cluster, SessionError> {
        self.cluster
            .get_or_try_init(|| async {
                let (connection, catalog) = match &*self
                    .settings
                    .read()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                {
                    Settings::Missing => return Err(SessionError::Missing),
                    Settings::Unknown(attributes) => {
                        return Err(SessionError::Unknown(attributes.clone()));
                    }
                    Settings::Known {
                        connection,
                        catalog,
                    } => (connection.clone(), catalog.clone()),
                };
                Ok((self.reach)(&connection, catalog)?)
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_the_cluster_does_not_answer_is_said_in_full_once_a_run() {
        let session = Session::default();
        let error = ClusterError::Unreachable {
            server: "https://10.0.0.1:6443".to_owned(),
            cause: "no answer within 20 s".to_owned(),
        };
        let say = |name: &str| {
            let what = format!("everest_backup_storage prod/{name}");
            session.cluster_error(&error, &format!("read {what}"), &what)
        };
        assert!(say("a").detail.contains("https://10.0.0.1:6443"));
        let second = say("b");
        assert_eq!(
            second.summary,
            "Cannot read everest_backup_storage prod/b: the cluster does not respond"
        );
        assert_eq!(
            second.detail,
            "See the error of everest_backup_storage prod/a."
        );
        session.settings_unknown(Vec::new());
        assert!(say("b").detail.contains("10.0.0.1"), "another run");
    }

    #[test]
    fn a_missing_right_is_reported_once_a_run_and_as_an_error_even_after_a_warning() {
        let session = Session::default();
        let right = Right {
            verb: "get".to_owned(),
            resource: "secrets".to_owned(),
            namespace: Some("shop".to_owned()),
        };
        let reports = [false, false, true, true, false];
        let reports = reports.map(|is_error| session.is_first_without(&right, is_error));
        assert_eq!(reports, [true, false, true, false, false]);
        session.settings_unknown(Vec::new());
        assert!(session.is_first_without(&right, false), "another run");
    }

    #[test]
    fn what_is_wrong_with_one_object_is_said_of_each() {
        let session = Session::default();
        let error = ClusterError::Forbidden {
            verb: "get".to_owned(),
            resource: "secrets".to_owned(),
            namespace: None,
            message: "no".to_owned(),
        };
        for what in ["a", "b"] {
            let said = session.cluster_error(&error, "read it", what);
            assert!(said.detail.contains("Missing permission"), "{said:?}");
        }
    }
}

//! The facts that the Operator Lifecycle Manager reports about an engine's operator.

use everest_schemas::Engine;
use everest_schemas::olm::{
    CatalogSource, OlmCondition, PackageManifest, Subscription, SubscriptionSpec,
    SubscriptionStatus,
};

/// The facts in a Subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionFacts {
    /// The installed ClusterServiceVersion. It is not `currentCSV`, which already names the version
    /// that awaits approval.
    pub installed_csv: Option<String>,
    /// The operator version that is installed.
    pub installed_version: Option<String>,
    /// The ClusterServiceVersion that an install plan leads to, if it is not the installed one.
    pub pending_csv: Option<String>,
    /// The operator version that awaits installation.
    pub pending_version: Option<String>,
    /// Name of the InstallPlan that the Subscription refers to.
    pub install_plan: Option<String>,
    /// A sentence about what keeps OLM from making a plan, if anything does.
    pub hindrance: Option<String>,
}

/// Reads a Subscription.
pub fn subscription(subscription: &Subscription) -> SubscriptionFacts {
    let empty = SubscriptionStatus::default();
    let status = subscription.status.as_ref().unwrap_or(&empty);
    let version = |csv: &String| parse_csv(csv).map(|(_, version)| version.to_owned());
    let filled = |csv: &Option<String>| csv.clone().filter(|csv| !csv.is_empty());
    let installed_csv = filled(&status.installed_csv);
    let pending_csv = filled(&status.current_csv).filter(|csv| Some(csv) != installed_csv.as_ref());
    SubscriptionFacts {
        installed_version: installed_csv.as_ref().and_then(version),
        pending_version: pending_csv.as_ref().and_then(version),
        installed_csv,
        pending_csv,
        install_plan: status.install_plan_name().map(str::to_owned),
        hindrance: hindrance(&subscription.spec, status),
    }
}

fn hindrance(spec: &SubscriptionSpec, status: &SubscriptionStatus) -> Option<String> {
    let condition = |kind: &str| {
        status
            .conditions
            .iter()
            .flatten()
            .find(|condition| condition.type_ == kind && condition.status == "True")
    };
    let why = |condition: &OlmCondition| {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        text(&condition.message)
            .or_else(|| text(&condition.reason))
            .unwrap_or_else(|| "OLM gives no reason".to_owned())
    };
    if let Some(found) = condition("ResolutionFailed") {
        return Some(format!(
            "OLM cannot resolve the Subscription: {}",
            why(found)
        ));
    }
    if let Some(found) = condition("CatalogSourcesUnhealthy") {
        let others = other_unhealthy_catalogs(spec, status);
        return Some(match others.as_slice() {
            [] => format!("the catalog {} is not healthy: {}", spec.source, why(found)),
            // OLM leaves the message of before.
            others => format!(
                "OLM resolves nothing while it cannot read a catalog that the namespace can use, \
                 and {} is not healthy",
                others.join(", ")
            ),
        });
    }
    if let Some(found) = condition("BundleUnpackFailed") {
        return Some(format!(
            "OLM could not unpack the operator's bundle: {}",
            why(found)
        ));
    }
    condition("BundleUnpacking")
        .map(|found| format!("OLM is unpacking the operator's bundle: {}", why(found)))
}

/// The catalogs that are not healthy, if that of the Subscription is.
///
/// The condition is about all catalogs that OLM resolves with: those of the namespace and the global
/// ones. Source: operator-lifecycle-manager `pkg/controller/operators/catalog/subscription/state.go`.
fn other_unhealthy_catalogs(spec: &SubscriptionSpec, status: &SubscriptionStatus) -> Vec<String> {
    let health = || status.catalog_health.iter().flatten();
    let is_own_healthy = health().any(|health| {
        let catalog = &health.catalog_source_ref;
        let is_own = catalog.name == spec.source && catalog.namespace == spec.source_namespace;
        is_own && health.healthy
    });
    if !is_own_healthy {
        return Vec::new();
    }
    health()
        .filter(|health| !health.healthy)
        .map(|health| &health.catalog_source_ref)
        .map(|catalog| format!("{}/{}", catalog.namespace, catalog.name))
        .collect()
}

/// Returns true if an error kept OLM from resolving a Subscription: that is no verdict on what it
/// asks for, and OLM tries again. One catalog that cannot be read is enough, also another one.
///
/// Source: operator-lifecycle-manager `pkg/controller/operators/catalog/operator.go`.
pub fn is_unjudged(subscription: &Subscription) -> bool {
    let status = subscription.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| {
        condition.type_ == "ResolutionFailed"
            && condition.status == "True"
            && condition.reason.as_deref() == Some("ErrorPreventedResolution")
    })
}

/// What a catalog that OLM cannot read yet says of itself; `None` for one that it can.
///
/// A connection that nobody has used for a while is `IDLE`: OLM installs from it as from one that is
/// `READY`. Source: operator-lifecycle-manager `pkg/controller/registry/grpc/source.go`.
pub fn catalog_trouble(catalog: &CatalogSource) -> Option<String> {
    let status = catalog.status.clone().unwrap_or_default();
    let connection = status.connection_state.unwrap_or_default();
    let state = match connection.last_observed_state.as_str() {
        "READY" | "IDLE" => return None,
        "" => "OLM has not reported its state yet".to_owned(),
        state => format!("its state is {state}"),
    };
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let mut trouble = state;
    for said in [filled(status.reason), filled(status.message)]
        .into_iter()
        .flatten()
    {
        trouble = format!("{trouble}: {}", said.trim());
    }
    if !connection.address.is_empty() {
        trouble = format!("{trouble} (address {})", connection.address);
    }
    Some(trouble)
}

/// The package and the version in a ClusterServiceVersion's name,
/// `<package>.v<version>`.
pub fn parse_csv(name: &str) -> Option<(&str, &str)> {
    let (package, version) = name.split_once(".v")?;
    (!package.is_empty() && version.starts_with(|first: char| first.is_ascii_digit()))
        .then_some((package, version))
}

/// The ClusterServiceVersion that keeps OLM from resolving because no Subscription refers to it, if
/// OLM reports one.
pub fn orphan(hindrance: &str) -> Option<&str> {
    let (before, _) = hindrance.split_once(" exists and is not referenced by a subscription")?;
    before
        .rsplit_once("clusterserviceversion ")
        .map(|(_, csv)| csv)
}

/// The name of the ClusterServiceVersion of an engine's operator.
pub fn csv_name(engine: Engine, version: &str) -> String {
    format!("{}.v{version}", engine.operator())
}

/// The source of a channel's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelSource {
    /// The user names it.
    Configuration,
    /// The default channel of the catalog's PackageManifest.
    PackageManifest,
    /// The channel of another Subscription to the same package.
    Subscription,
    /// None of these is available: the channel that Everest's own chart uses.
    BuiltIn,
}

/// The channel to subscribe to, and where its name comes from.
///
/// In this order: the configured channel, the default channel of the package's manifest
/// (PackageManifests are not served everywhere), the channel of an existing Subscription to the
/// package, the channel that Everest 1.12's chart names.
pub fn channel(
    engine: Engine,
    asked: Option<&str>,
    manifest: Option<&PackageManifest>,
    existing: Option<&Subscription>,
) -> (String, ChannelSource) {
    let manifest = manifest
        .and_then(|manifest| manifest.status.as_ref())
        .map(|status| status.default_channel.as_str());
    let existing = existing.and_then(|subscription| subscription.spec.channel.as_deref());
    let built_in = match engine {
        Engine::Pxc | Engine::Psmdb => "stable-v1",
        Engine::Postgresql => "stable-v2",
    };
    [
        (asked, ChannelSource::Configuration),
        (manifest, ChannelSource::PackageManifest),
        (existing, ChannelSource::Subscription),
    ]
    .into_iter()
    .find_map(|(name, source)| Some((name.filter(|name| !name.is_empty())?.to_owned(), source)))
    .unwrap_or_else(|| (built_in.to_owned(), ChannelSource::BuiltIn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn with_status(status: Value) -> Subscription {
        serde_json::from_value(json!({
            "apiVersion": "operators.coreos.com/v1alpha1",
            "kind": "Subscription",
            "metadata": {"name": "percona-xtradb-cluster-operator"},
            "spec": {
                "name": "percona-xtradb-cluster-operator", "channel": "stable-v0",
                "source": "everest-catalog", "sourceNamespace": "everest-olm",
            },
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn only_the_installed_version_is_installed() {
        let facts = subscription(&with_status(json!({
            "state": "UpgradePending",
            "currentCSV": "percona-xtradb-cluster-operator.v1.17.0",
            "installPlanRef": {"name": "install-a"},
        })));
        assert_eq!(facts.installed_version, None);
        assert_eq!(facts.pending_version.as_deref(), Some("1.17.0"));
        assert_eq!(facts.install_plan.as_deref(), Some("install-a"));
    }

    #[test]
    fn what_keeps_olm_from_planning_is_said() {
        let hindrance = |kind: &str, status: &str| {
            subscription(&with_status(json!({"conditions": [
                {"type": kind, "status": status, "reason": "Because", "message": "no package"},
            ]})))
            .hindrance
        };
        for kind in [
            "ResolutionFailed",
            "CatalogSourcesUnhealthy",
            "BundleUnpacking",
        ] {
            assert!(
                hindrance(kind, "True").unwrap().contains("no package"),
                "{kind}"
            );
            assert_eq!(hindrance(kind, "False"), None);
        }
        assert_eq!(hindrance("InstallPlanPending", "True"), None);
    }

    #[test]
    fn another_catalog_that_is_not_healthy_is_named() {
        let health = |own: bool, other: bool| {
            let catalog = |namespace: &str, name: &str, healthy: bool| {
                json!({"catalogSourceRef": {"namespace": namespace, "name": name},
                    "healthy": healthy})
            };
            let condition = json!({"type": "CatalogSourcesUnhealthy", "status": "True",
                "message": "all available catalogsources are healthy"});
            let status = json!({"conditions": [condition], "catalogHealth": [
                catalog("everest-olm", "everest-catalog", own),
                catalog("openshift-marketplace", "community-operators", other)]});
            subscription(&with_status(status)).hindrance.unwrap()
        };
        let said = health(true, false);
        assert!(
            said.contains("openshift-marketplace/community-operators is not healthy"),
            "{said}"
        );
        assert!(!said.contains("everest-catalog"), "{said}");
        assert!(health(false, false).contains("catalog everest-catalog is not healthy"));
    }

    #[test]
    fn a_version_without_a_subscription_is_found_in_what_olm_says() {
        let said = "OLM cannot resolve the Subscription: constraints not satisfiable: \
                    clusterserviceversion percona-xtradb-cluster-operator.v1.18.0 exists and is \
                    not referenced by a subscription, subscription a requires b";
        assert_eq!(
            orphan(said),
            Some("percona-xtradb-cluster-operator.v1.18.0")
        );
        assert_eq!(orphan("no operators found with name a.v1"), None);
    }

    #[test]
    fn a_catalog_that_is_not_ready_says_what_it_says_of_itself() {
        let trouble = |status: Value| {
            catalog_trouble(
                &serde_json::from_value(json!({
                "metadata": {"name": "everest-catalog"}, "spec": {}, "status": status}))
                .unwrap(),
            )
        };
        let state = |state: &str| json!({"connectionState": {"lastObservedState": state}});
        assert_eq!(trouble(state("READY")), None);
        assert_eq!(trouble(state("IDLE")), None);
        assert_eq!(
            trouble(state("TRANSIENT_FAILURE")).as_deref(),
            Some("its state is TRANSIENT_FAILURE")
        );
        assert_eq!(
            trouble(json!({"reason": "SpecInvalidError", "message": "image is missing"}))
                .as_deref(),
            Some("OLM has not reported its state yet: SpecInvalidError: image is missing")
        );
        let connecting = json!({"connectionState": {"lastObservedState": "CONNECTING",
            "address": "everest-catalog.everest-olm.svc:50051"}});
        assert!(trouble(connecting).unwrap().contains("svc:50051"));
    }

    #[test]
    fn names_of_versions_are_taken_apart() {
        assert_eq!(
            parse_csv("percona-xtradb-cluster-operator.v1.18.0"),
            Some(("percona-xtradb-cluster-operator", "1.18.0"))
        );
        assert_eq!(parse_csv("nonsense"), None);
        assert_eq!(parse_csv("operator.vnext"), None);
        assert_eq!(
            csv_name(Engine::Pxc, "1.18.0"),
            "percona-xtradb-cluster-operator.v1.18.0"
        );
    }

    #[test]
    fn a_channel_is_chosen_in_order() {
        let manifest: PackageManifest = serde_json::from_value(json!({
            "apiVersion": "packages.operators.coreos.com/v1",
            "kind": "PackageManifest",
            "metadata": {"name": "percona-xtradb-cluster-operator"},
            "spec": {},
            "status": {"defaultChannel": "stable-v1"},
        }))
        .unwrap();
        let existing = with_status(json!({}));
        for (asked, manifest, existing, expected) in [
            (
                Some("x"),
                Some(&manifest),
                Some(&existing),
                ("x", ChannelSource::Configuration),
            ),
            (
                None,
                Some(&manifest),
                Some(&existing),
                ("stable-v1", ChannelSource::PackageManifest),
            ),
            (
                None,
                None,
                Some(&existing),
                ("stable-v0", ChannelSource::Subscription),
            ),
            (None, None, None, ("stable-v2", ChannelSource::BuiltIn)),
        ] {
            let (name, source) = channel(Engine::Postgresql, asked, manifest, existing);
            assert_eq!((name.as_str(), source), expected);
        }
        assert_eq!(channel(Engine::Pxc, None, None, None).0, "stable-v1");
    }
}

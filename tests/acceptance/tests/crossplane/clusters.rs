//! One control plane and two clusters that databases go to, one of which fails.

use acceptance::{
    binaries::{Programs, SIMULATOR},
    control_plane::{ControlPlane, client},
    installation::database_namespace,
    preparation::{self, Choice},
    state,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{
    process::{Provider, kubeconfig, setting},
    resources::{database, is, message, works},
    scene::{MANAGED, Scene, condition},
};

const EVEREST: &str = "everest.percona.com/v1alpha1";
const CONFIG: &str = "ClusterProviderConfig";
const OPERATOR: (&str, &str) = ("percona-xtradb-cluster-operator", "stable-v1");

/// The hub's own cluster plays the eastern one; the western one is another.
struct Sites {
    hub: Scene,
    west: Scene,
    western: ControlPlane,
}

impl Sites {
    /// Both clusters with a namespace of that name for databases, and a config for each.
    async fn new(name: &str) -> Self {
        let hub = Scene::new(name).await;
        let simulator = setting("EVEREST_TEST_SIMULATOR").into();
        let choice = Choice {
            programs: Programs::Built([(SIMULATOR.to_owned(), simulator)].into()),
            ..Choice::default()
        };
        let western = preparation::cluster(state::own(), choice).await.unwrap();
        let west = Scene {
            client: client(western.kubeconfig()).await.unwrap(),
            namespace: hub.namespace.clone(),
        };
        for site in [&hub, &west] {
            database_namespace(&site.client, &site.namespace, OPERATOR)
                .await
                .unwrap();
        }
        let sites = Self { hub, west, western };
        sites.connect("east", kubeconfig().as_ref()).await;
        let west = sites.western.kubeconfig().to_owned();
        sites.connect("west", &west).await;
        sites
    }

    /// A config that takes the kubeconfig of a cluster from a Secret.
    async fn connect(&self, site: &str, kubeconfig: &std::path::Path) {
        let kubeconfig = std::fs::read(kubeconfig).unwrap();
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": site },
            "data": { "kubeconfig": BASE64_STANDARD.encode(kubeconfig) },
        });
        let config = json!({
            "apiVersion": MANAGED,
            "kind": CONFIG,
            "metadata": { "name": self.config(site) },
            "spec": { "credentials": {
                "source": "Secret",
                "secretRef": { "namespace": self.hub.namespace, "name": site, "key": "kubeconfig" },
            }},
        });
        self.hub.apply(&secret).await;
        self.hub.apply(&config).await;
    }

    /// Name of a cluster's config, which no other test has.
    fn config(&self, site: &str) -> String {
        format!("{site}-{}", self.hub.namespace)
    }

    /// Applies the database `orders` of a cluster, with a volume of that size.
    async fn order(&self, site: &str, size: &str) {
        let mut wanted = database(site);
        wanted["metadata"]["annotations"] = json!({ "crossplane.io/external-name": "orders" });
        wanted["spec"]["providerConfigRef"] = json!({ "kind": CONFIG, "name": self.config(site) });
        wanted["spec"]["forProvider"]["engine"]["storage"]["size"] = json!(size);
        self.hub.apply(&wanted).await;
    }

    async fn config_until(&self, site: &str, what: &str, wanted: impl Fn(&Value) -> bool) {
        let name = self.config(site);
        self.hub.until(MANAGED, CONFIG, &name, what, wanted).await;
    }

    /// The size of the volume of `orders` in a cluster.
    async fn size(site: &Scene) -> Value {
        let database = site.get(EVEREST, "DatabaseCluster", "orders").await;
        database.unwrap()["spec"]["engine"]["storage"]["size"].clone()
    }

    async fn clear(self) {
        // The western cluster ends with the test, and its garbage collector may be minutes behind
        // after the outage: what is there is not deleted.
        let left = json!({ "spec": { "managementPolicies": ["Observe"] } });
        self.hub.patch(MANAGED, "Database", "west", &left).await;
        for site in ["east", "west"] {
            self.hub.delete(MANAGED, "Database", site).await;
            self.hub.until_gone(MANAGED, "Database", site).await;
            let config = self.config(site);
            self.hub.delete(MANAGED, CONFIG, &config).await;
            self.hub.until_gone(MANAGED, CONFIG, &config).await;
        }
        // It goes by itself: other tests wait for that.
        self.hub
            .delete("v1", "Namespace", &self.hub.namespace)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts a second cluster"]
async fn a_cluster_that_fails_is_told_on_its_own_databases_and_no_others_until_it_is_back() {
    let mut sites = Sites::new("two-clusters").await;
    let provider = Provider::shared().await;
    sites.order("east", "25Gi").await;
    sites.order("west", "30Gi").await;
    for site in ["east", "west"] {
        sites.hub.ready("Database", site).await;
    }
    assert_eq!(Sites::size(&sites.hub).await, "25Gi");
    assert_eq!(Sites::size(&sites.west).await, "30Gi");

    sites.western.stop_api_server().unwrap();
    let cut = sites
        .hub
        .until(MANAGED, "Database", "west", "its cluster is gone", |west| {
            is(west, "Synced", "False") && is(west, "Ready", "False")
        })
        .await;
    assert_eq!(condition(&cut, "Synced")["reason"], "ReconcileError");
    let said = message(&cut, "Synced");
    let config = sites.config("west");
    for part in [config.as_str(), "does not respond", "keeps trying"] {
        assert!(said.contains(part), "{said}");
    }
    let reason = "CannotConnectToProvider";
    sites.hub.until_told("west", reason).await;
    let unreachable = |config: &Value| condition(config, "Ready")["reason"] == "Unreachable";
    sites.config_until("west", "unreachable", unreachable).await;

    // The other cluster is worked on meanwhile; what is wanted of this one waits for it.
    sites.order("east", "35Gi").await;
    sites.order("west", "40Gi").await;
    sites.hub.ready("Database", "east").await;
    assert_eq!(Sites::size(&sites.hub).await, "35Gi");
    let told = sites.hub.events("east").await;
    assert!(
        !told.iter().any(|event| event.starts_with(reason)),
        "{told:?}"
    );
    sites
        .config_until("east", "ready", |config| is(config, "Ready", "True"))
        .await;

    sites.western.resume_api_server().await.unwrap();
    sites
        .hub
        .until(MANAGED, "Database", "west", "changed", |west| {
            works(west) && is(west, "UpToDate", "True")
        })
        .await;
    assert_eq!(Sites::size(&sites.west).await, "40Gi");
    sites
        .config_until("west", "ready", |config| is(config, "Ready", "True"))
        .await;
    assert_eq!(provider.probe("/readyz").await, Some(200));
    sites.clear().await;
}

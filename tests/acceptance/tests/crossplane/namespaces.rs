//! Upgrades of the operators in a database namespace.

use acceptance::catalog::{PACKAGES, Package};
use serde_json::json;

use crate::{
    process::Provider,
    resources::{EVEREST, resource, works},
    scene::{MANAGED, Scene},
};

/// The operator that is upgraded.
const PXC: &Package = &PACKAGES[0];

#[tokio::test]
#[ignore = "needs the catalog of the test cluster"]
async fn an_operator_is_upgraded_with_the_rights_that_are_shipped() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("ns-upgrade").await;
    scene.apply_default_config().await;
    let name = scene.namespace.clone();
    let [older, newer] = PXC.versions;
    for version in [older, newer] {
        let engines =
            json!({ "takeOwnership": true, "engines": { "pxc": { "version": version } } });
        scene
            .apply(&resource("DatabaseNamespace", &name, engines))
            .await;
        let what = format!("{} in version {version}", PXC.name);
        scene
            .until(MANAGED, "DatabaseNamespace", &name, &what, |namespace| {
                let engines = &namespace["status"]["atProvider"]["engines"];
                engines["pxc"]["installedVersion"] == version && works(namespace)
            })
            .await;
    }
    let engine = scene.get(EVEREST, "DatabaseEngine", PXC.name).await;
    assert_eq!(engine.unwrap()["status"]["operatorVersion"], newer);
    scene.clear().await;
}

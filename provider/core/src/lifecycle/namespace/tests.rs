use everest_schemas::Engine;
use everest_schemas::models::NamespaceModel;
use serde_json::{Value, json};

use super::*;
use crate::dialect::Dialect;
use crate::lifecycle::world::World;
use crate::lifecycle::{Action, ObjectKind};

mod installing;
mod removing;
mod undoing;

const PXC: &str = Engine::Pxc.operator();
const PSMDB: &str = Engine::Psmdb.operator();
const MANAGER: &str = "us";

fn subscriber() -> Subscriber {
    Subscriber {
        manager: MANAGER.to_owned(),
        catalog: "everest-catalog".to_owned(),
        catalog_namespace: "everest-olm".to_owned(),
    }
}

fn model(mut body: Value) -> NamespaceModel {
    body["name"] = json!("prod");
    if body["engines"].is_null() {
        body["engines"] = json!({});
    }
    serde_json::from_value(body).unwrap()
}

/// A Namespace that Everest manages, with its OperatorGroup.
fn managed() -> World {
    World::default()
        .with(
            ObjectKind::Namespace,
            "prod",
            json!({"metadata": {"uid": "u", "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        )
        .with(
            ObjectKind::OperatorGroup,
            "everest-databases",
            json!({"spec": {"targetNamespaces": ["prod"]}}),
        )
}

fn subscription(operator: &str, status: &Value) -> Value {
    json!({"spec": {"name": operator, "channel": "stable-v1", "source": "everest-catalog",
        "sourceNamespace": "everest-olm"}, "status": status})
}

/// Installs an operator in a version, with a plan for the next one if there is one.
fn install(world: &mut World, operator: &str, version: &str, next: Option<&str>) {
    let csv = format!("{operator}.v{version}");
    let mut status = json!({"installedCSV": csv, "currentCSV": csv, "state": "AtLatestKnown"});
    if let Some(next) = next {
        let next = format!("{operator}.v{next}");
        status = json!({"installedCSV": csv, "currentCSV": next, "state": "UpgradePending",
            "installPlanRef": {"name": "install"}});
        plan(world, &[&next]);
    }
    let body = subscription(operator, &status);
    world.put(ObjectKind::Subscription, operator, body);
    world.put(
        ObjectKind::ClusterServiceVersion,
        &csv,
        json!({"spec": {"version": version}, "status": {"phase": "Succeeded"}}),
    );
    world.put(
        ObjectKind::DatabaseEngine,
        operator,
        json!({"spec": {"type": "pxc"}, "status": {"status": "installed",
            "operatorVersion": version, "availableVersions": {"engine": {"8.0.36": {}}}}}),
    );
}

/// A plan that waits for its approval.
fn plan(world: &mut World, versions: &[&str]) {
    world.put(
        ObjectKind::InstallPlan,
        "install",
        json!({"spec": {"approval": "Manual", "approved": false,
            "clusterServiceVersionNames": versions}, "status": {"phase": "RequiresApproval"}}),
    );
}

fn database(status: &str) -> Value {
    json!({"metadata": {"uid": "d"}, "status": {"status": status, "crVersion": "1.17.0"},
        "spec": {"engine": {"type": "pxc", "version": "8.0.36", "storage": {"size": "1Gi"}}}})
}

/// The words of an action that writes nothing.
fn words(action: &Action) -> String {
    match action {
        Action::Await(missing) => format!("waits for {}", missing.render(Dialect::Terraform)),
        Action::Refuse { message, attribute } => {
            let attribute = attribute.as_ref().map(ToString::to_string);
            let message = message.render(Dialect::Terraform);
            format!("refuses at {}: {message}", attribute.unwrap_or_default())
        }
        Action::Require(requirement) => format!("requires {requirement:?}"),
        Action::Done(()) => "is done".to_owned(),
        other => panic!("{other:?}"),
    }
}

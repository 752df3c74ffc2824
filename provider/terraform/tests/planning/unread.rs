//! Objects that an import or a `moved` block took over and that nobody has read, of every kind: a
//! plan may neither replace nor destroy them, and writes nothing. Nobody reads them
//!
//! - while the provider's settings are unknown: the read keeps what it was given;
//! - with `-refresh=false`, after a `moved` block: the plan comes without a read. An import is always
//!   read.
//! - with `-minimal-refresh` of Terraform 1.17 and newer, after a `moved` block: the first plan comes
//!   without a read, and its error ends the run. No client that the scenarios run under has it.

use serde_json::json;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::kinds::{self, Kind};
use crate::{Host, decoded, encoded, errors};

/// What a state holds of an object that was taken over.
pub struct Stub {
    pub value: Value,
    pub private: Vec<u8>,
}

impl Host {
    /// The states that an import and a `moved` block produce for an object.
    async fn taken_over(&self, kind: &Kind) -> [Stub; 2] {
        [self.imported(kind).await, self.moved(kind).await]
    }

    pub async fn imported(&self, kind: &Kind) -> Stub {
        let request = wire::import_resource_state::Request {
            type_name: kind.type_name.to_owned(),
            id: kind.id(),
            ..Default::default()
        };
        let response = self.server.import_resource_state(Request::new(request));
        let response = response.await.unwrap().into_inner();
        assert_eq!(errors(&response.diagnostics), [""; 0]);
        let imported = response.imported_resources.into_iter().next().unwrap();
        Stub {
            value: decoded(imported.state, &self.object(kind.type_name)),
            private: imported.private.to_vec(),
        }
    }

    async fn moved(&self, kind: &Kind) -> Stub {
        let object = &kind.object;
        let state = json!({
            "api_version": object["apiVersion"],
            "kind": object["kind"],
            "namespace": object["metadata"]["namespace"],
            "name": object["metadata"]["name"],
        });
        let request = wire::move_resource_state::Request {
            source_provider_address: "registry.terraform.io/alekc/kubectl".to_owned(),
            source_type_name: "kubectl_manifest".to_owned(),
            source_state: Some(wire::RawState {
                json: state.to_string().into(),
                ..Default::default()
            }),
            target_type_name: kind.type_name.to_owned(),
            ..Default::default()
        };
        let response = self.server.move_resource_state(Request::new(request));
        let response = response.await.unwrap().into_inner();
        assert_eq!(errors(&response.diagnostics), [""; 0]);
        Stub {
            value: decoded(response.target_state, &self.object(kind.type_name)),
            private: response.target_private.to_vec(),
        }
    }

    /// What is read of an object, and the errors of that.
    pub async fn read(&self, kind: &Kind, stub: &Stub) -> (Stub, Vec<String>) {
        let object = self.object(kind.type_name);
        let request = wire::read_resource::Request {
            type_name: kind.type_name.to_owned(),
            current_state: Some(encoded(&stub.value, &object)),
            private: stub.private.clone().into(),
            ..Default::default()
        };
        let response = self.server.read_resource(Request::new(request)).await;
        let response = response.unwrap().into_inner();
        let read = Stub {
            value: decoded(response.new_state, &object),
            private: response.private.to_vec(),
        };
        (read, errors(&response.diagnostics))
    }

    /// The errors of the plan of a destruction.
    async fn plan_destroy(&self, kind: &Kind, stub: &Stub) -> Vec<String> {
        let object = self.object(kind.type_name);
        let request = wire::plan_resource_change::Request {
            type_name: kind.type_name.to_owned(),
            prior_state: Some(encoded(&stub.value, &object)),
            proposed_new_state: Some(encoded(&Value::Null, &object)),
            config: Some(encoded(&Value::Null, &object)),
            prior_private: stub.private.clone().into(),
            ..Default::default()
        };
        let response = self.server.plan_resource_change(Request::new(request));
        errors(&response.await.unwrap().into_inner().diagnostics)
    }

    /// The errors of a destruction.
    async fn destroy(&self, kind: &Kind, stub: &Stub) -> Vec<String> {
        let object = self.object(kind.type_name);
        let request = wire::apply_resource_change::Request {
            type_name: kind.type_name.to_owned(),
            prior_state: Some(encoded(&stub.value, &object)),
            planned_state: Some(encoded(&Value::Null, &object)),
            config: Some(encoded(&Value::Null, &object)),
            planned_private: stub.private.clone().into(),
            ..Default::default()
        };
        let response = self.server.apply_resource_change(Request::new(request));
        errors(&response.await.unwrap().into_inner().diagnostics)
    }

    /// Neither the configuration, nor another object in its place, nor a destruction is planned.
    async fn plans_nothing_from(&self, kind: &Kind, stub: &Stub) {
        let type_name = kind.type_name;
        let unread = [said_of(kind)];
        for prior in [&stub.value, &Value::Null] {
            let planned = self.plan(type_name, prior, &stub.private, &kind.config);
            assert_eq!(planned.await.errors, unread, "{type_name}");
        }
        assert_eq!(self.plan_destroy(kind, stub).await, unread);
        assert_eq!(self.destroy(kind, stub).await, unread);
    }
}

fn said_of(kind: &Kind) -> String {
    format!("The {} was taken over but never read", kind.type_name)
}

#[tokio::test]
async fn nothing_is_planned_from_what_cannot_be_read_while_the_settings_are_unknown() {
    let host = Host::new().await;
    for kind in kinds::all(&host) {
        for stub in host.taken_over(&kind).await {
            let (read, said) = host.read(&kind, &stub).await;
            assert_eq!(said, [said_of(&kind)]);
            assert_eq!(read.value, stub.value);
            host.plans_nothing_from(&kind, &read).await;
        }
    }
}

#[tokio::test]
async fn nothing_is_planned_or_written_where_a_plan_comes_without_a_read() {
    let process = kinds::cluster().process();
    let of = process.clone();
    let host = Host::reaching(move || of.client()).await;
    for kind in kinds::all(&host) {
        for stub in host.taken_over(&kind).await {
            host.plans_nothing_from(&kind, &stub).await;
        }
    }
    assert_eq!(process.writes(), [""; 0]);
}

#[tokio::test]
async fn what_was_taken_over_and_read_is_planned_and_never_replaced() {
    let process = kinds::cluster().process();
    let of = process.clone();
    let host = Host::reaching(move || of.client()).await;
    for kind in kinds::all(&host) {
        let type_name = kind.type_name;
        for stub in host.taken_over(&kind).await {
            let (read, said) = host.read(&kind, &stub).await;
            assert_eq!(said, [""; 0], "{type_name}");
            assert_ne!(read.value, stub.value, "{type_name}");
            let planned = host
                .plan(type_name, &read.value, &read.private, &kind.config)
                .await;
            assert_eq!(planned.errors, [""; 0], "{type_name}");
            assert_eq!(planned.replaces, [""; 0], "{type_name}");
        }
    }
    assert_eq!(process.writes(), [""; 0]);
}

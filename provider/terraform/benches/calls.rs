//! The cost of the calls for a database in this process: plan, read and apply, without a cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "not part of the crate"
)]

#[path = "../../tfplugin/benches/provider/processor_time.rs"]
mod processor_time;

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use everest_schemas::models::DatabaseModel;
use serde_json::{Value as Json, json};
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Value, json as stored, msgpack};
use tfplugin::{
    CreateRequest, Creation, DeleteRequest, Diagnostic, IdentityAttribute, NoConfig, Provider,
    ReadRequest, ReadResult, Registry, Resource, Update, UpdateRequest,
};
use tokio::runtime::Builder;
use tonic::Request;

use processor_time::ProcessorTime;

/// A database that is always as requested.
struct Database;

impl Resource for Database {
    type Model = DatabaseModel;

    fn type_name(&self) -> &'static str {
        "everest_database"
    }

    fn identity(&self) -> Vec<IdentityAttribute> {
        let required = IdentityAttribute::required;
        vec![required("namespace"), required("name")]
    }

    async fn read(
        &self,
        request: ReadRequest<'_, DatabaseModel>,
    ) -> Result<ReadResult<DatabaseModel>, Diagnostic> {
        Ok(ReadResult::Found(request.prior))
    }

    async fn create(
        &self,
        request: CreateRequest<'_, DatabaseModel>,
    ) -> Result<Creation<DatabaseModel>, Diagnostic> {
        Ok(Creation::Created(request.planned))
    }

    async fn update(
        &self,
        request: UpdateRequest<'_, DatabaseModel>,
    ) -> Result<Update<DatabaseModel>, Diagnostic> {
        Ok(Update::Updated(request.planned))
    }

    async fn delete(&self, _: DeleteRequest<'_, DatabaseModel>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

struct Databases;

impl Provider for Databases {
    type Config = NoConfig;

    fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.resource(Database);
    }
}

/// A database as a team configures it.
fn config() -> Json {
    json!({
        "namespace": "prod", "name": "orders", "deletion_protection": true,
        "keep_backup_data": true, "wait": true,
        "engine": {"type": "pxc", "version": "8.0.41-32.1", "replicas": 3,
            "storage": {"size": "100Gi", "class": "gp3"},
            "resources": {"cpu": "4", "memory": "16G"},
            "config": "[mysqld]\nmax_connections = 800\n"},
        "proxy": {"type": "haproxy", "replicas": 3,
            "resources": {"cpu": "1", "memory": "2G"}},
        "backup": {"pitr": {"enabled": true, "backup_storage_name": "s3"}, "schedules": {
            "hourly": {"schedule": "0 * * * *", "backup_storage_name": "s3", "enabled": true,
                "retention_copies": 24},
            "nightly": {"schedule": "0 2 * * *", "backup_storage_name": "s3", "enabled": true,
                "retention_copies": 14}}},
        "monitoring": {"monitoring_config_name": "pmm"}
    })
}

fn encoded(value: &Value, object: &Object) -> Option<wire::DynamicValue> {
    let msgpack = msgpack::encode(value, &object.value_type()).unwrap();
    Some(wire::DynamicValue {
        msgpack: msgpack.into(),
        json: Default::default(),
    })
}

fn calls(c: &mut Criterion<ProcessorTime>) {
    let object = Schema::derive::<DatabaseModel>(0, "").unwrap().root;
    let runtime = Builder::new_current_thread().build().unwrap();
    let server = Server::new(|| Arc::new(Databases), "https://example.com");
    let typed = |json: &Json| stored::from_json(json, &object.value_type()).unwrap();
    let config = encoded(&typed(&config()), &object);
    let nothing = encoded(&Value::Null, &object);
    let type_name = || "everest_database".to_owned();

    let plan = |prior: &Option<wire::DynamicValue>| wire::plan_resource_change::Request {
        type_name: type_name(),
        prior_state: prior.clone(),
        proposed_new_state: config.clone(),
        config: config.clone(),
        ..Default::default()
    };
    let planned = |prior| {
        let response = runtime.block_on(server.plan_resource_change(Request::new(plan(prior))));
        let response = response.unwrap().into_inner();
        assert!(
            response.diagnostics.is_empty(),
            "{:?}",
            response.diagnostics
        );
        response
    };
    let creation = planned(&nothing);
    let apply = wire::apply_resource_change::Request {
        type_name: type_name(),
        prior_state: nothing.clone(),
        planned_state: creation.planned_state,
        config: config.clone(),
        planned_private: creation.planned_private,
        ..Default::default()
    };
    let applied = runtime.block_on(server.apply_resource_change(Request::new(apply.clone())));
    let state = applied.unwrap().into_inner().new_state;
    let read = wire::read_resource::Request {
        type_name: type_name(),
        current_state: state.clone(),
        ..Default::default()
    };

    let mut group = c.benchmark_group("everest_database");
    for (name, prior) in [
        ("plan of a creation", &nothing),
        ("plan of no change", &state),
    ] {
        let request = plan(prior);
        group.bench_function(name, |b| {
            b.iter(|| runtime.block_on(server.plan_resource_change(Request::new(request.clone()))));
        });
    }
    group.bench_function("read", |b| {
        b.iter(|| runtime.block_on(server.read_resource(Request::new(read.clone()))));
    });
    group.bench_function("apply of a creation", |b| {
        b.iter(|| runtime.block_on(server.apply_resource_change(Request::new(apply.clone()))));
    });
}

criterion_group! {
    name = all;
    config = Criterion::default().with_measurement(ProcessorTime).sample_size(30);
    targets = calls
}
criterion_main!(all);

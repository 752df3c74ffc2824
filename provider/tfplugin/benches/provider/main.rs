//! The cost of the crate without a transport: values, the schema response, plans of the example.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "not part of the crate"
)]

#[path = "../../examples/shelf/dust.rs"]
mod dust;
#[path = "../../examples/shelf/inventory.rs"]
mod inventory;
#[path = "../../examples/shelf/key.rs"]
mod key;
#[path = "../../examples/shelf/list.rs"]
mod list;
#[path = "../../examples/shelf/model.rs"]
mod model;
#[path = "../../examples/shelf/provider.rs"]
mod provider;
#[path = "../../examples/shelf/shelf.rs"]
mod shelf;
#[path = "../../examples/shelf/store.rs"]
mod store;
#[path = "../../examples/shelf/total.rs"]
mod total;

mod processor_time;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Value, json, msgpack};
use tokio::runtime::{Builder, Runtime};
use tonic::Request;

use processor_time::ProcessorTime;
use provider::Shelves;

fn shelf() -> Object {
    Schema::derive::<model::Shelf>(0, "").unwrap().root
}

/// A shelf with that many boxes and labels.
fn value(count: i64) -> Value {
    let mut value = shelf().null_members();
    let Value::Map(members) = &mut value else {
        unreachable!()
    };
    let boxes = (0..count).map(|i| {
        let members = [("volume", i.into()), ("closed", true.into())];
        (format!("box-{i:05}"), Value::map(members))
    });
    let labels = (0..count).map(|i| (format!("label-{i:05}"), format!("value {i:030}")));
    for (name, member) in [
        ("name", "alpha".into()),
        ("wood", "oak".into()),
        ("load_kg", "7".into()),
        ("boards", 3.into()),
        ("boxes", Value::map(boxes)),
        (
            "labels",
            Value::map(labels.map(|(k, v)| (k, Value::String(v)))),
        ),
    ] {
        members.insert(name.to_owned(), member);
    }
    value
}

fn encode(value: &Value) -> Option<wire::DynamicValue> {
    let msgpack = msgpack::encode(value, &shelf().value_type())
        .unwrap()
        .into();
    Some(wire::DynamicValue {
        msgpack,
        json: Default::default(),
    })
}

fn values(c: &mut Criterion<ProcessorTime>) {
    let ty = shelf().value_type();
    let large = value(1150);
    let bytes = msgpack::encode(&large, &ty).unwrap();
    let mut group = c.benchmark_group(format!("state of {} kB", bytes.len() / 1000));
    group.throughput(Throughput::Bytes(u64::try_from(bytes.len()).unwrap()));
    group.bench_function("encode", |b| {
        b.iter(|| msgpack::encode(black_box(&large), &ty).unwrap());
    });
    group.bench_function("decode", |b| {
        b.iter(|| msgpack::decode(black_box(&bytes), &ty).unwrap());
    });
    let stored = stored(&large);
    group.throughput(Throughput::Bytes(u64::try_from(stored.len()).unwrap()));
    group.bench_function("decode JSON", |b| {
        b.iter(|| json::decode(black_box(&stored), &ty).unwrap());
    });
}

/// As Terraform stores it.
fn stored(value: &Value) -> Vec<u8> {
    let model: model::Shelf = tfplugin::model::decode(value, &shelf()).unwrap();
    let mut state = serde_json::Map::new();
    let mut labels = serde_json::Map::new();
    let spec = model.spec.known().unwrap();
    for (key, label) in spec.labels.known().unwrap() {
        labels.insert(key.clone(), label.known().cloned().into());
    }
    state.insert("name".to_owned(), "alpha".into());
    state.insert("labels".to_owned(), labels.into());
    serde_json::to_vec(&state).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn server() -> Server<Shelves> {
    Server::new(|| Arc::new(Shelves::default()), "https://example.com")
}

fn models(c: &mut Criterion<ProcessorTime>) {
    let object = shelf();
    for (size, count) in [("small", 2), ("100 kB", 1150)] {
        let value = value(count);
        let model: model::Shelf = tfplugin::model::decode(&value, &object).unwrap();
        let mut group = c.benchmark_group(format!("model, {size}"));
        group.bench_function("from its value", |b| {
            b.iter(|| tfplugin::model::decode::<model::Shelf>(black_box(&value), &object).unwrap());
        });
        group.bench_function("to its value", |b| {
            b.iter(|| tfplugin::model::encode(black_box(&model), &object).unwrap());
        });
    }
}

/// The calls that read and write; they include the example's file operations.
fn changes(c: &mut Criterion<ProcessorTime>) {
    let (runtime, server) = (runtime(), server());
    let directory = tempfile::tempdir().unwrap();
    let config = Schema::derive::<model::Config>(0, "").unwrap().root;
    let mut configured = config.null_members();
    if let Value::Map(members) = &mut configured {
        let path = directory.path().to_str().unwrap();
        members.insert("directory".to_owned(), path.into());
    }
    let msgpack = msgpack::encode(&configured, &config.value_type()).unwrap();
    let request = wire::configure_provider::Request {
        config: Some(wire::DynamicValue {
            msgpack: msgpack.into(),
            json: Default::default(),
        }),
        ..Default::default()
    };
    let answer = runtime.block_on(server.configure_provider(Request::new(request)));
    assert!(answer.unwrap().into_inner().diagnostics.is_empty());
    for (size, count) in [("small", 2), ("100 kB", 1150)] {
        let value = value(count);
        let request = wire::apply_resource_change::Request {
            type_name: "shelf_shelf".to_owned(),
            prior_state: encode(&value),
            planned_state: encode(&value),
            config: encode(&value),
            ..Default::default()
        };
        let apply = || server.apply_resource_change(Request::new(request.clone()));
        let applied = runtime.block_on(apply()).unwrap().into_inner();
        assert!(applied.diagnostics.is_empty(), "{:?}", applied.diagnostics);
        c.bench_function(&format!("ApplyResourceChange, {size}"), |b| {
            b.iter(|| runtime.block_on(apply()));
        });
        let request = wire::read_resource::Request {
            type_name: "shelf_shelf".to_owned(),
            current_state: applied.new_state,
            private: applied.private,
            ..Default::default()
        };
        let read = || server.read_resource(Request::new(request.clone()));
        let answer = runtime.block_on(read()).unwrap().into_inner();
        assert!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
        c.bench_function(&format!("ReadResource, {size}"), |b| {
            b.iter(|| runtime.block_on(read()));
        });
    }
}

fn schema(c: &mut Criterion<ProcessorTime>) {
    let runtime = runtime();
    let request = || Request::new(wire::get_provider_schema::Request {});
    c.bench_function("GetProviderSchema, first", |b| {
        b.iter(|| runtime.block_on(server().get_provider_schema(request())));
    });
    let server = server();
    c.bench_function("GetProviderSchema, again", |b| {
        b.iter(|| runtime.block_on(server.get_provider_schema(request())));
    });
}

fn plans(c: &mut Criterion<ProcessorTime>) {
    let (runtime, server) = (runtime(), server());
    let plan = |prior: &Value, config: &Value| wire::plan_resource_change::Request {
        type_name: "shelf_shelf".to_owned(),
        prior_state: encode(prior),
        proposed_new_state: encode(config),
        config: encode(config),
        ..Default::default()
    };
    let small = value(2);
    let mut changed = small.clone();
    if let Value::Map(members) = &mut changed {
        members.insert("boards".to_owned(), 4.into());
    }
    let large = value(1150);
    let mut group = c.benchmark_group("PlanResourceChange");
    group.throughput(Throughput::Elements(1));
    for (name, request) in [
        ("creation", plan(&Value::Null, &small)),
        ("no change", plan(&small, &small)),
        ("update", plan(&small, &changed)),
        ("no change of 100 kB", plan(&large, &large)),
    ] {
        let call = || server.plan_resource_change(Request::new(request.clone()));
        let response = runtime.block_on(call()).unwrap().into_inner();
        assert!(
            response.diagnostics.is_empty(),
            "{:?}",
            response.diagnostics
        );
        group.bench_function(name, |b| {
            b.iter(|| runtime.block_on(call()));
        });
    }
}

criterion_group! {
    name = all;
    config = Criterion::default().with_measurement(ProcessorTime).sample_size(30);
    targets = values, models, schema, plans, changes
}
criterion_main!(all);

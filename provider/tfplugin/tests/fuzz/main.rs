//! What comes from outside, damaged: nothing panics, and memory stays within bounds, which is
//! [`MEMORY`] for all of them together.
//!
//! Each target gets 20,000 inputs, the same in every run. `FUZZ_SECONDS=600 cargo test -p tfplugin
//! --release --test fuzz` goes on for ten minutes. The target for the environment of the handshake is
//! beside the handshake.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

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

mod mutator;

use std::alloc::System;
use std::collections::BTreeSet;
use std::sync::Arc;

use cap::Cap;
use tfplugin::planning::check::{self, Planned};
use tfplugin::planning::{fill, propose, refresh};
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Type, Value, json, msgpack};
use tonic::Request;
use wire::diagnostic::Severity;

use mutator::fuzz;

/// More than all targets need, and far less than a length of 32 bits asks for.
const MEMORY: usize = 256 << 20;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, MEMORY);

fn shelf() -> Object {
    Schema::derive::<model::Shelf>(0, "").unwrap().root
}

/// One of each.
fn types() -> Vec<Type> {
    let strings = || Box::new(Type::String);
    let object = Type::Object(
        [
            ("a".to_owned(), Type::List(strings())),
            ("b".to_owned(), Type::Dynamic),
            ("c".to_owned(), Type::Number),
        ]
        .into(),
    );
    vec![
        Type::Dynamic,
        Type::Bool,
        Type::Number,
        Type::String,
        Type::Set(strings()),
        Type::Map(Box::new(Type::Dynamic)),
        Type::Tuple(vec![Type::Number, Type::Bool]),
        object.clone(),
        Type::List(Box::new(object)),
    ]
}

#[test]
fn no_bytes_harm_the_reader_of_values() {
    let types = types();
    fuzz("value", |input| {
        let Some((choice, bytes)) = input.split_first() else {
            return false;
        };
        let ty = &types[usize::from(*choice) % types.len()];
        let Ok(value) = msgpack::decode(bytes, ty) else {
            return false;
        };
        let written = msgpack::encode(&value, ty).unwrap();
        let again = msgpack::decode(&written, ty).unwrap();
        assert_eq!(msgpack::encode(&again, ty).unwrap(), written);
        true
    });
}

#[test]
fn no_value_harms_a_plan() {
    let object = shelf();
    let ty = object.value_type();
    let same = |_: &str, a: &str, b: &str| a == b;
    let mut prior = Value::Null;
    fuzz("schema", |input| {
        let Ok(config) = msgpack::decode(input, &ty) else {
            return false;
        };
        // A resource is configured or it is not; only its attributes may be unknown.
        if config.is_unknown() {
            return false;
        }
        let _ = tfplugin::model::decode::<model::Shelf>(&config, &object);
        let before = Some(&prior).filter(|prior| !prior.is_null());
        let planned = propose(&object, &config, before, &BTreeSet::new(), &same);
        let answer = Planned {
            prior: &prior,
            config: &config,
            planned: &planned,
            replace: &[],
        };
        assert_eq!(check::plan(&object, answer), []);
        let read = refresh(&object, &prior, &config, &same);
        assert_eq!(check::state(&object, &read), []);
        // By the time of an apply everything is known.
        if config.is_wholly_known() {
            let state = fill(&object, &planned, &config);
            assert_eq!(check::kept(&object, &planned, &state), []);
            assert_eq!(check::state(&object, &state), []);
            prior = state;
        }
        true
    });
}

#[test]
fn no_stored_state_harms_its_reader() {
    let server = Server::new(
        || Arc::new(provider::Shelves::default()),
        "https://example.com",
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let types = types();
    fuzz("upgrade", |input| {
        for ty in &types {
            let _ = json::decode(input, ty);
        }
        let _ = Type::from_json_bytes(input);
        let request = wire::upgrade_resource_state::Request {
            type_name: "shelf_shelf".to_owned(),
            version: 0,
            raw_state: Some(wire::RawState {
                json: input.to_vec().into(),
                ..Default::default()
            }),
        };
        let answer = runtime.block_on(server.upgrade_resource_state(Request::new(request)));
        let answer = answer.unwrap().into_inner();
        let refused = answer
            .diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error as i32);
        assert_eq!(refused, answer.upgraded_state.is_none());
        // A panic is caught by the server and told in these words.
        let panicked = |d: &wire::Diagnostic| d.summary.contains("unexpectedly");
        assert!(!answer.diagnostics.iter().any(panicked));
        !refused
    });
}

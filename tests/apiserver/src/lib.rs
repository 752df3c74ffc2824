//! A double of the Kubernetes API server, in the process, for tests.
//!
//! It is a tower service under the real `kube::Client`, so that everything above the connection
//! is what is shipped. It keeps what is written to it and answers as the API server does:
//! versions and UIDs, server-side apply with managers and conflicts, finalizers and collection by
//! owner, the status subresource, pages, selectors, watches, admission webhooks, permissions. One
//! table of requests is run against it and a real API server, and both have to answer alike.
//!
//! Time is tokio's: with `#[tokio::test(start_paused = true)]` hours pass in milliseconds.
//!
//! ```
//! use serde_json::json;
//! use test_apiserver::{ApiServer, At, Fault, Trouble, When};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let server = ApiServer::new().with_crds(include_str!(
//!     "../../../schemas/crds/everest.percona.com_backupstorages.yaml"
//! ));
//! // As if it had been there for long; the namespace comes into being with it.
//! server.put(json!({"apiVersion": "v1", "kind": "Secret",
//!     "metadata": {"name": "keys", "namespace": "shop"}}));
//!
//! // A client program. It may be killed, and its connection may fail.
//! let process = server.process();
//! process.inject(Fault::new(At::Write(1), When::After, Trouble::Reset));
//! let secrets: kube::Api<kube::core::DynamicObject> = kube::Api::namespaced_with(
//!     process.client(),
//!     "shop",
//!     &kube::core::ApiResource::from_gvk_with_plural(
//!         &kube::core::GroupVersionKind::gvk("", "v1", "Secret"),
//!         "secrets",
//!     ),
//! );
//! secrets.get("keys").await.unwrap();
//! // The answer is lost, the write is not.
//! assert!(secrets.delete("keys", &Default::default()).await.is_err());
//! assert_eq!(server.get("/api/v1/namespaces/shop/secrets/keys"), None);
//! assert_eq!(process.writes(), ["DELETE /api/v1/namespaces/shop/secrets/keys"]);
//! # });
//! ```
//!
//! A story that has to survive everything is a loop over what can go wrong at each request:
//!
//! ```no_run
//! # use test_apiserver::{ApiServer, At, Fault};
//! # fn build() -> ApiServer { ApiServer::new() }
//! # async fn story(_: kube::Client) {}
//! # async fn all() {
//! let (whole, process) = { let server = build(); (server.clone(), server.process()) };
//! story(process.client()).await;
//! for at in 1..=process.requests().len() {
//!     for fault in Fault::each_at(&At::Request(at)) {
//!         let server = build();
//!         let process = server.process();
//!         process.inject(fault);
//!         tokio::select! {
//!             () = process.death().cancelled_owned() => {}
//!             () = story(process.client()) => {}
//!         }
//!         process.bury();
//!         // A new process finishes what the first one has left.
//!         story(server.process().client()).await;
//!         assert_eq!(server.all().len(), whole.all().len());
//!     }
//! }
//! # }
//! ```
//!
//! # Not as the real one
//!
//! Objects of Kubernetes' own kinds are hardly validated; of the rules that definitions state in
//! CEL only those are known that Everest's databases have; a kind in several versions is not
//! converted; garbage is collected faster; nobody but the server itself acts: no Pod runs, no ReplicaSet
//! comes from a Deployment.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod admission;
mod backstage;
mod broken;
mod builtin;
mod clock;
mod collection;
mod deletion;
mod discovery;
mod everest;
mod failure;
mod fault;
mod field_set;
mod kind;
pub mod loopback;
mod managers;
mod native;
mod patch;
mod process;
mod read;
mod request;
mod review;
mod rules;
mod schema;
pub mod scripted;
mod selector;
mod server;
mod service;
mod state;
mod system_fields;
pub mod table;
mod typed;
mod user;
mod validation;
mod watch;
mod write;

pub use admission::{Review, WebhookFault};
pub use fault::{At, Fault, Matcher, Times, Trouble, When};
pub use kind::Kind;
pub use process::{Process, Record};
pub use request::Asked;
pub use server::ApiServer;
pub use user::{Asks, Policy};

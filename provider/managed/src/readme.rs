//! The provider of the README is this one, and works.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kube::CustomResourceExt;
use serde_json::{Value, json};
use test_apiserver::ApiServer;

use crate::context::Context;
use crate::controllers::Controller;
use crate::reconcile::{Next, reconcile};
use crate::testing::{NOTES, Note, Notes};

const PATH: &str = "/apis/notes.example.org/v1alpha1/namespaces/home/notes/milk";

/// The control plane with the definition of notes and one note, and what reconciles it.
struct Stage {
    server: ApiServer,
    controller: Controller<Notes>,
}

impl Stage {
    fn new(folder: &Path) -> Self {
        let definition = serde_json::to_string(&Note::crd()).unwrap();
        let server = ApiServer::new().with_crds(&definition);
        server.put(
            json!({"apiVersion": "notes.example.org/v1alpha1", "kind": "Note",
            "metadata": {"name": "milk", "namespace": "home"},
            "spec": {"forProvider": {"text": "Buy milk"}}}),
        );
        let context = Arc::new(Context::alone(&NOTES, server.client()));
        let folder = folder.to_owned();
        let controller = Controller::new(context, |_| Notes(folder)).0;
        Stage { server, controller }
    }

    fn note(&self) -> Option<Value> {
        self.server.get(PATH)
    }

    /// Reconciles the note until nothing is left to do.
    async fn rest(&self) {
        for _ in 0..20 {
            let Some(note) = self.note() else { return };
            let note: Note = serde_json::from_value(note).unwrap();
            match reconcile(&note, &self.controller).await {
                Next::Never => return,
                Next::Usual if self.note() == serde_json::to_value(&note).ok() => return,
                _ => tokio::time::sleep(Duration::from_secs(10)).await,
            }
        }
    }

    /// The reason of a condition.
    fn reason(&self, type_: &str) -> Value {
        let note = self.note().unwrap_or_default();
        let conditions = note["status"]["conditions"].as_array().cloned();
        let mut conditions = conditions.unwrap_or_default().into_iter();
        let found = conditions.find(|condition| condition["type"] == type_);
        found.unwrap_or_default()["reason"].clone()
    }
}

#[test]
fn the_readme_shows_the_whole_provider_in_at_most_150_lines() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```rust,no_run\n").unwrap();
    let (shown, _) = rest.split_once("```\n").unwrap();
    let example = include_str!("../examples/notes.rs");
    let (_, example) = example.split_once("\n\n").unwrap();
    assert_eq!(shown, example);
    assert!(shown.lines().count() <= 150, "{}", shown.lines().count());
}

#[tokio::test(start_paused = true)]
async fn a_note_is_created_ready_changed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("milk");
    let read = || std::fs::read_to_string(&file).ok();
    let stage = Stage::new(folder.path());

    stage.rest().await;
    assert_eq!(read().as_deref(), Some("Buy milk"));
    assert_eq!(stage.reason("Ready"), "Available");
    assert_eq!(stage.reason("Synced"), "ReconcileSuccess");
    let note = stage.note().unwrap();
    assert_eq!(note["status"]["atProvider"]["length"], 8);

    // Someone else changes the file, and then the user the note.
    std::fs::write(&file, "Buy beer").unwrap();
    stage.rest().await;
    assert_eq!(read().as_deref(), Some("Buy milk"));
    stage.server.change(PATH, |note| {
        note["spec"]["forProvider"]["text"] = json!("Buy bread");
    });
    stage.rest().await;
    assert_eq!(read().as_deref(), Some("Buy bread"));
    assert_eq!(stage.reason("UpToDate"), "ObserveMatched");

    stage.server.mark_deleted(PATH);
    stage.rest().await;
    assert_eq!((stage.note(), read()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_no_note_is_neither_taken_over_nor_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("milk");
    std::fs::write(&file, "a poem").unwrap();
    let stage = Stage::new(folder.path());
    let note = || serde_json::from_value::<Note>(stage.note().unwrap()).unwrap();
    reconcile(&note(), &stage.controller).await;
    assert_eq!(stage.reason("Synced"), "ReconcileError");
    stage.server.mark_deleted(PATH);
    reconcile(&note(), &stage.controller).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "a poem");
    assert_eq!(stage.note(), None);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_fails_is_told_as_such_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    let stage = Stage::new(&absent);
    let note = serde_json::from_value(stage.note().unwrap()).unwrap();
    let next = reconcile(&note, &stage.controller).await;
    assert!(matches!(next, Next::Again(_)), "{next:?}");
    assert_eq!(stage.reason("Ready"), "Creating");
    assert_eq!(stage.reason("UpToDate"), "UpdateFailed");
    std::fs::create_dir(&absent).unwrap();
    stage.rest().await;
    assert_eq!(stage.reason("Ready"), "Available");
}

#[test]
fn nothing_here_is_about_one_provider() {
    fn check(folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                check(&path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
            let name = ["ever", "est"].concat();
            assert!(!text.contains(&name), "{}", path.display());
        }
    }
    for folder in ["src", "examples"] {
        check(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    }
}

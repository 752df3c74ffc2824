//! A provider of notes: each one is a file.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use async_trait::async_trait;
use crossplane_managed::external::{
    Comparison, Connector, External, Observation, Readiness, Request, Shown, Updated,
};
use crossplane_managed::failure::Failure;
use crossplane_managed::process::{Task, run};
use crossplane_managed::provider::Provider;
use crossplane_managed::resource::{ResourceSpec, ResourceStatus};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const PROVIDER: Provider =
    Provider::new("provider-notes", "v0.1.0", "notes.example.org", "v1alpha1");

/// The desired state of a note.
#[derive(CustomResource, Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "notes.example.org",
    version = "v1alpha1",
    kind = "Note",
    namespaced,
    status = "ResourceStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct NoteSpec {
    /// The note.
    pub for_provider: Parameters,
    /// What every managed resource has.
    #[serde(flatten)]
    pub resource: ResourceSpec,
}

/// What a note says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Parameters {
    /// The text.
    pub text: String,
}

/// The folder of the notes.
pub struct Notes(pub PathBuf);

#[async_trait]
impl Connector for Notes {
    type Managed = Note;
    type Memory = ();
    type External = File;
    // There is no config with credentials.
    const NOTES_USAGE: bool = false;

    fn spec(note: &Note) -> ResourceSpec {
        note.spec.resource.clone()
    }
    fn status(note: &Note) -> ResourceStatus {
        note.status.clone().unwrap_or_default()
    }
    fn manifest(note: &Note) -> Value {
        json!(note)
    }
    fn shown(_: &Note, name: &str) -> String {
        format!("file {name}")
    }
    async fn connect(&self, request: &mut Request<'_, Note, ()>) -> Result<File, Failure> {
        Ok(File(self.0.join(request.name)))
    }
}

/// The file of one note.
pub struct File(PathBuf);

impl File {
    fn write(&self, note: &Note) -> Result<String, Failure> {
        let text = &note.spec.for_provider.text;
        std::fs::write(&self.0, text).map_err(Failure::external)?;
        Ok(text.clone())
    }
}

#[async_trait]
impl External for File {
    type Managed = Note;
    type Memory = ();
    type Object = String;
    type Change = ();

    async fn observe(
        &mut self,
        _: &mut Request<'_, Note, ()>,
    ) -> Result<Observation<String>, Failure> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => Ok(Observation::Present(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Observation::Absent),
            Err(error) => Err(Failure::external(error)),
        }
    }
    async fn compare(
        &mut self,
        request: &mut Request<'_, Note, ()>,
        text: &String,
    ) -> Result<Comparison<()>, Failure> {
        Ok(match *text == request.managed.spec.for_provider.text {
            true => Comparison::matched(),
            false => Comparison::differs("the text is another one", ["text"], ()),
        })
    }
    async fn create(&mut self, request: &mut Request<'_, Note, ()>) -> Result<String, Failure> {
        self.write(request.managed)
    }
    async fn update(
        &mut self,
        request: &mut Request<'_, Note, ()>,
        _: &String,
        (): &(),
    ) -> Result<Updated<String>, Failure> {
        self.write(request.managed).map(Updated::done)
    }
    async fn delete(&mut self, _: &mut Request<'_, Note, ()>, _: &String) -> Result<(), Failure> {
        std::fs::remove_file(&self.0).map_err(Failure::external)
    }
    async fn show(
        &mut self,
        _: &mut Request<'_, Note, ()>,
        text: &String,
    ) -> Result<Shown, Failure> {
        Ok(Shown {
            readiness: Readiness::Ready,
            at_provider: Map::from_iter([("length".to_owned(), json!(text.len()))]),
        })
    }
}

fn main() -> ExitCode {
    let options = match crossplane_managed::flags::options("provider-notes", "notes in files") {
        Ok(options) => options,
        Err(code) => return code,
    };
    run(&PROVIDER, options, &[], |context, shutdown| {
        let notes = |_| Notes("/var/notes".into());
        vec![Task::of(context.clone(), notes, shutdown.clone())]
    })
}

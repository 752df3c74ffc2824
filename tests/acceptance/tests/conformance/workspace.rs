//! One configuration of the example provider in a folder of its own, driven by the real client.

use std::{
    fs,
    path::{Path, PathBuf},
};

use acceptance::feature::client;
use acceptance::running::Running;
use acceptance::said::Said;
use serde_json::Value;

/// The client and the example's binary are named by `cargo xtask test`.
fn setting(name: &str) -> PathBuf {
    std::env::var_os(name).map(PathBuf::from).unwrap_or_else(|| {
        panic!("{name} is not set: run these tests by `cargo xtask test`, which finds the clients and builds the provider")
    })
}

/// The binary of the example provider.
pub fn shelf() -> PathBuf {
    setting("EVEREST_TEST_SHELF")
}

/// The resource `shelf_shelf.NAME` of that name; `more` are further attributes.
pub fn oak(name: &str, more: &str) -> String {
    format!(
        "resource \"shelf_shelf\" \"{name}\" {{
  name    = \"{name}\"
  wood    = \"oak\"
  load_kg = \"40\"
{more}
}}
"
    )
}

/// A folder with a configuration, its state, and the files that the provider keeps.
pub struct Workspace(tfplugin::testing::Workspace);

impl Workspace {
    /// A workspace whose client starts the provider itself.
    pub fn new() -> Self {
        let mut workspace = Self::bare();
        // A moved resource's former provider is started as well, but asked nothing about it.
        for provider in ["shelf", "bookcase"] {
            let source = format!("registry.terraform.io/example/{provider}");
            workspace.0 = workspace.0.with_provider(&source, &shelf()).unwrap();
        }
        workspace
    }

    /// A workspace whose client finds no provider to start.
    pub fn bare() -> Self {
        let workspace = Self(tfplugin::testing::Workspace::new(client()).unwrap());
        fs::create_dir(workspace.shelves()).unwrap();
        workspace.file(
            "provider.tf",
            &format!(
                "terraform {{\n  required_providers {{\n    shelf = {{ source = \"registry.terraform.io/example/shelf\" }}\n  }}\n}}\n\
                 provider \"shelf\" {{\n  directory = {:?}\n}}\n",
                workspace.shelves()
            ),
        );
        workspace
    }

    /// A workspace with shelves of these names in the store and none in the state.
    pub fn with_stored(names: &[&str]) -> Self {
        let workspace = Self::new();
        workspace.write(&names.iter().map(|name| oak(name, "")).collect::<String>());
        workspace.apply().succeeded();
        fs::remove_file(workspace.path().join("terraform.tfstate")).unwrap();
        workspace.write("");
        workspace
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the provider keeps its objects.
    pub fn shelves(&self) -> PathBuf {
        self.path().join("shelves")
    }

    /// A stored object; null when it is not there.
    pub fn stored(&self, name: &str) -> Value {
        fs::read(self.shelves().join(format!("{name}.json")))
            .map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap())
    }

    pub fn file(&self, name: &str, content: &str) {
        self.0.write(name, content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        self.0.read(name)
    }

    pub fn write(&self, configuration: &str) {
        self.file("main.tf", configuration);
    }

    /// Sets an environment variable for the client.
    pub fn environment(&mut self, name: &str, value: impl Into<String>) {
        self.0.environment(name, value);
    }

    /// Runs the client to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        Running::start(self.0.command(arguments)).ended()
    }

    pub fn apply(&self) -> Said {
        self.run(&["apply", "-auto-approve", "-input=false", "-no-color"])
    }

    pub fn plan(&self, more: &[&str]) -> Said {
        self.run(&[&["plan", "-input=false", "-no-color"], more].concat())
    }

    pub fn destroy(&self) -> Said {
        self.run(&["destroy", "-auto-approve", "-input=false", "-no-color"])
    }

    #[track_caller]
    pub fn plan_is_empty(&self) {
        let said = self.plan(&["-detailed-exitcode"]);
        assert_eq!(said.code, Some(0), "the plan is not empty:\n{}", said.text);
    }

    /// The raw state file.
    pub fn state_file(&self) -> String {
        self.read("terraform.tfstate")
    }

    /// The attributes of a resource in the state; null when it is not there.
    #[track_caller]
    pub fn state(&self, address: &str) -> Value {
        let shown = self.run(&["show", "-json"]).succeeded();
        let state: Value = serde_json::from_str(&shown.stdout).unwrap();
        state["values"]["root_module"]["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|resource| resource["address"] == address)
            .map_or(Value::Null, |resource| resource["values"].clone())
    }
}

//! One Terraform configuration in a folder and a namespace of its own, driven by the real client.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use acceptance::{client::copy_initialised, running::Running, said::Said};
use serde_json::Value;
use tempfile::TempDir;

use crate::lent::Lent;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Where the cluster and the provider are, as `cargo xtask test` says.
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the scenarios by `cargo xtask test`, which starts the cluster and builds the provider")
    })
}

/// The kubeconfig of the cluster.
pub fn kubeconfig() -> String {
    setting("EVEREST_TEST_KUBECONFIG")
}

/// A folder with a configuration and its state.
pub struct Stack {
    folder: TempDir,
    /// A namespace that no other scenario uses meanwhile.
    pub namespace: String,
    environment: Vec<(String, String)>,
    /// Where the namespace is others' afterwards.
    lent: Option<Lent>,
}

impl Stack {
    /// An initialised stack with a namespace to make; `scenario` begins the namespace's name.
    #[track_caller]
    pub fn new(scenario: &str) -> Self {
        Self::uninitialised(scenario).initialised()
    }

    /// An initialised stack in a namespace that has the operator of `engine`, and nothing else.
    #[track_caller]
    pub fn with_engine(engine: &str) -> Self {
        let lent = Lent::with(engine);
        let mut stack = Self::of(lent.namespace().to_owned()).initialised();
        stack.lent = Some(lent);
        stack
    }

    /// A stack in which nobody has run `init`.
    pub fn uninitialised(scenario: &str) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        Self::of(format!("{scenario}-{}-{number}", std::process::id()))
    }

    fn of(namespace: String) -> Self {
        let stack = Self {
            folder: tempfile::Builder::new()
                .prefix("everest-scenario-")
                .tempdir()
                .unwrap(),
            namespace,
            environment: Vec::new(),
            lent: None,
        };
        stack.provider(&format!("config_path = {:?}", kubeconfig()));
        stack
    }

    #[track_caller]
    fn initialised(self) -> Self {
        let template = setting("EVEREST_TEST_TEMPLATE");
        copy_initialised(template.as_ref(), self.path()).unwrap();
        self
    }

    /// Lets the client find the provider under test, and a program that stands in for each of
    /// `sources`, without `init`.
    pub fn stand_ins(&mut self, sources: &[&str]) {
        let (stand_in, everest) = (
            setting("EVEREST_TEST_STAND_IN"),
            setting("EVEREST_TEST_PROVIDER"),
        );
        let others = sources.iter().map(|source| (*source, &stand_in));
        let mut overrides = String::new();
        for (source, program) in others.chain([("openeverest/everest", &everest)]) {
            let (_, name) = source.split_once('/').unwrap();
            let folder = self.path().join(".programs").join(name);
            fs::create_dir_all(&folder).unwrap();
            let place = folder.join(format!("terraform-provider-{name}"));
            std::os::unix::fs::symlink(Path::new(program), place).unwrap();
            overrides += &format!("    {source:?} = {folder:?}\n");
        }
        let client = format!("provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n}}\n");
        self.file("client.tfrc", &client);
        let client = self.path().join("client.tfrc");
        self.environment("TF_CLI_CONFIG_FILE", client.to_str().unwrap());
    }

    /// Sets an environment variable for the client.
    pub fn environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Writes the provider block.
    pub fn provider(&self, settings: &str) {
        self.file(
            "provider.tf",
            &format!(
                "terraform {{\n  required_providers {{\n    everest = {{ source = \"openeverest/everest\" }}\n  }}\n}}\n\
                 provider \"everest\" {{\n{settings}\n}}\n"
            ),
        );
    }

    /// Writes the resources; `NS` in it becomes the namespace.
    pub fn write(&self, resources: &str) {
        self.file("main.tf", &resources.replace("NS", &self.namespace));
    }

    pub fn file(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(acceptance::feature::client());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TF_CLI_CONFIG_FILE", setting("EVEREST_TEST_CLI_CONFIG"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            // Terraform spends a fifth of a short run on collecting garbage.
            .env("GOGC", "400")
            .env_remove("KUBECONFIG")
            .env_remove("KUBE_CONFIG_PATH")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the client to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.start(arguments).ended()
    }

    /// Starts the client and leaves it running.
    #[track_caller]
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    pub fn apply(&self) -> Said {
        self.run(&["apply", "-auto-approve", "-input=false", "-no-color"])
    }

    pub fn plan(&self) -> Said {
        self.run(&["plan", "-input=false", "-no-color"])
    }

    pub fn destroy(&self) -> Said {
        self.run(&["destroy", "-auto-approve", "-input=false", "-no-color"])
    }

    #[track_caller]
    pub fn plan_is_empty(&self) {
        let said = self.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
        assert_eq!(said.code, Some(0), "the plan is not empty:\n{}", said.text);
    }

    /// The plan's actions by address, such as `[("everest_database.db", ["update"])]`; resources
    /// without a change are left out.
    #[track_caller]
    pub fn planned_actions(&self) -> Vec<(String, Vec<String>)> {
        let plan = self.plan_json();
        let changes = plan["resource_changes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        changes
            .iter()
            .map(|change| {
                let actions = change["change"]["actions"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                (
                    change["address"].as_str().unwrap_or_default().to_owned(),
                    actions
                        .iter()
                        .map(|a| a.as_str().unwrap_or_default().to_owned())
                        .collect(),
                )
            })
            .filter(|(_, actions): &(String, Vec<String>)| actions != &["no-op"])
            .collect()
    }

    /// A plan as JSON.
    #[track_caller]
    pub fn plan_json(&self) -> Value {
        self.run(&["plan", "-input=false", "-no-color", "-out=plan.bin"])
            .succeeded();
        serde_json::from_str(&self.run(&["show", "-json", "plan.bin"]).succeeded().stdout).unwrap()
    }

    /// The attributes of a resource in the state, as the file has them; null when it is not there.
    #[track_caller]
    pub fn state(&self, address: &str) -> Value {
        let instance = self.instance(address);
        instance["attributes"].clone()
    }

    /// Whether a resource in the state is tainted.
    #[track_caller]
    pub fn tainted(&self, address: &str) -> bool {
        self.instance(address)["status"] == "tainted"
    }

    /// What the state holds of a resource, which has no `count` and is in no module; null when it
    /// is not there.
    fn instance(&self, address: &str) -> Value {
        let text = self.state_file();
        if text.is_empty() {
            return Value::Null;
        }
        let state: Value = serde_json::from_str(&text).unwrap();
        let (kind, name) = address.split_once('.').unwrap();
        let mut resources = state["resources"].as_array().into_iter().flatten();
        resources
            .find(|resource| resource["type"] == kind && resource["name"] == name)
            .map_or(Value::Null, |resource| resource["instances"][0].clone())
    }

    /// The raw state file.
    pub fn state_file(&self) -> String {
        fs::read_to_string(self.folder.path().join("terraform.tfstate")).unwrap_or_default()
    }

    /// Forgets a resource and imports it again by `id`.
    #[track_caller]
    pub fn reimport(&self, address: &str, id: &str) {
        self.run(&["state", "rm", address]).succeeded();
        self.run(&["import", "-input=false", "-no-color", address, id])
            .succeeded();
    }
}

impl Drop for Stack {
    /// What a failed scenario leaves is kept to be looked at.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            println!(
                "the configuration and the state are kept in {}, the objects in namespace {}",
                self.folder.path().display(),
                self.namespace
            );
        }
    }
}

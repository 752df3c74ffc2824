//! The commands of `docs/crossplane/render.md`, run with Crossplane's own command and the function's
//! program.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::Instant,
};

use acceptance::installation::{LOOK, has_condition};
use serde::Deserialize as _;
use serde_json::Value;

use crate::cluster::{PATIENCE, documents, setting};

/// The function without certificates, as the guide starts it. Dropping it ends it.
struct Function {
    process: Child,
    address: String,
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Function {
    async fn start() -> Self {
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let process = Command::new(setting("EVEREST_TEST_CROSSPLANE"))
            .args(["function", "--insecure", "--metrics-address", ""])
            .args(["--address", &address])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < deadline, "the function does not listen");
            tokio::time::sleep(LOOK).await;
        }
        Self { process, address }
    }

    /// Runs a command of the guide.
    fn render(&self, command: &str) -> Output {
        let words: Vec<_> = command.split_whitespace().collect();
        let target = "render.crossplane.io/runtime-development-target";
        Command::new(setting("EVEREST_TEST_RENDER"))
            .current_dir(acceptance::workspace_folder().join("examples/crossplane"))
            .args(&words[1..])
            // Several tests may run on one machine.
            .arg(format!("--function-annotations={target}={}", self.address))
            .output()
            .unwrap()
    }

    /// The objects that a command of the guide prints.
    fn rendered(&self, command: &str) -> Vec<Value> {
        let output = self.render(command);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        serde_yaml_ng::Deserializer::from_str(&text)
            .map(|document| Value::deserialize(document).unwrap())
            .collect()
    }
}

/// The commands to render with that the guide has.
fn commands() -> [String; 2] {
    let page = acceptance::workspace_folder().join("docs/crossplane/render.md");
    let text = std::fs::read_to_string(page).unwrap();
    let lines = text.lines().map(str::trim);
    let commands = lines.filter(|line| line.starts_with("crossplane render "));
    commands
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    found.next().unwrap_or(&Value::Null)
}

#[tokio::test]
async fn the_guides_commands_render_the_quickstart_without_a_cluster_and_without_containers() {
    let function = Function::start().await;
    let [created, settled] = commands();
    let observed = documents("examples/crossplane/render/observed.yaml").remove(0);

    let objects = function.rendered(&created);
    let composite = of_kind(&objects, "AppDatabase");
    assert!(
        has_condition(composite, "GuardrailsPassed"),
        "{composite:#}"
    );
    assert!(!has_condition(composite, "Ready"), "{composite:#}");
    assert_eq!(
        of_kind(&objects, "DatabaseCluster")["metadata"]["name"],
        observed["metadata"]["name"]
    );
    assert_eq!(of_kind(&objects, "Secret"), &Value::Null);

    let objects = function.rendered(&settled);
    let composite = of_kind(&objects, "AppDatabase");
    assert!(has_condition(composite, "Ready"), "{composite:#}");
    assert_eq!(
        of_kind(&objects, "Secret")["type"],
        "connection.crossplane.io/v1alpha1"
    );
}

#[tokio::test]
async fn a_broken_rule_fails_the_command_with_the_message_that_users_see() {
    let function = Function::start().await;
    let [_, settled] = commands();
    let mut asked = documents("examples/crossplane/quickstart/xr.yaml").remove(0);
    asked["spec"]["engine"] = "pxc".into();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("xr.yaml");
    std::fs::write(&file, asked.to_string()).unwrap();
    let command = settled.replace("quickstart/xr.yaml", &file.to_string_lossy());
    let refused = function.render(&command);
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(errors.contains("returned a fatal result: "), "{errors}");
    assert!(errors.contains("engine.type"), "{errors}");
}

//! The workflows of the project's CI: what they use is pinned, what they may do is stated, and the
//! tasks that they run exist.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::Task;

/// A workflow.
struct Workflow {
    name: String,
    text: String,
    content: Value,
}

impl Workflow {
    /// All of them.
    fn all() -> Vec<Self> {
        let folder = acceptance::workspace_folder().join(".github/workflows");
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let content = serde_yaml_ng::from_str(&text)
                .unwrap_or_else(|error| panic!("{name} is no YAML: {error}"));
            Self {
                name,
                text,
                content,
            }
        };
        paths.iter().map(read).collect()
    }

    fn jobs(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.content["jobs"].as_object().into_iter().flatten()
    }

    fn steps(&self) -> impl Iterator<Item = &Value> {
        let steps = self.jobs().map(|(_, job)| job["steps"].as_array());
        steps.flatten().flatten()
    }
}

/// The arguments of each `cargo xtask` in a script or on a page.
fn tasks(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let commands = joined.lines().flat_map(|line| {
        let behind = line.split("cargo xtask ").skip(1);
        // A command ends with the line, or where the shell or the page goes on.
        behind.filter_map(|rest| rest.split(['`', '#', '|', ';', '&', '>']).next())
    });
    commands
        .map(|command| {
            let words = command.split_whitespace();
            words.map(|word| word.replace('"', "")).collect()
        })
        .collect()
}

/// Why xtask does not take the arguments, if it does not.
fn refused(task: &[String]) -> Option<String> {
    let arguments = task.iter().map(OsString::from);
    match Task::parse(&mut lexopt::Parser::from_args(arguments)) {
        Ok(_) => None,
        Err(failure) => Some(format!("cargo xtask {}: {failure}", task.join(" "))),
    }
}

#[test]
fn every_task_that_a_workflow_runs_exists_with_its_arguments() {
    let mut run = 0;
    let mut faults = Vec::new();
    for workflow in Workflow::all() {
        let scripts = workflow.steps().filter_map(|step| step["run"].as_str());
        for task in scripts.flat_map(tasks) {
            run += 1;
            faults.extend(refused(&task).map(|why| format!("{}: {why}", workflow.name)));
        }
    }
    assert!(run >= 7, "{run} tasks were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_task_that_a_page_names_exists_with_its_arguments() {
    let mut named = 0;
    let mut faults = Vec::new();
    for page in crate::pages::pages() {
        let text = fs::read_to_string(&page).unwrap();
        for task in tasks(&text) {
            named += 1;
            faults.extend(refused(&task).map(|why| format!("{}: {why}", page.display())));
        }
    }
    assert!(named > 30, "{named} tasks were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_task_or_an_argument_that_does_not_exist_is_refused() {
    let script = "cargo xtask tests\ncargo xtask test --matrices && cargo xtask package terraform \\\n  --binary plan9_amd64=x\n";
    let found = tasks(script);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|task| refused(task).is_some()));
    assert_eq!(refused(&tasks("cargo xtask test --matrix # all")[0]), None);
}

/// The actions that a workflow uses, each with its version in a comment.
pub(crate) fn actions(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.split_once("uses: "))
        .map(|(_, action)| action)
}

/// What the action lacks to be pinned: a tag can be moved to other code, a commit cannot.
pub(crate) fn unpinned(action: &str) -> Option<String> {
    let (reference, version) = action.split_once(" # ").unwrap_or((action, ""));
    let commit = reference.split_once('@').map_or("", |(_, commit)| commit);
    let is_digit = |digit: char| matches!(digit, '0'..='9' | 'a'..='f');
    if commit.len() != 40 || !commit.chars().all(is_digit) {
        return Some(format!("{action} is not pinned to a commit"));
    }
    let is_named = version.starts_with('v');
    (!is_named).then(|| format!("{action} does not name its version"))
}

#[test]
fn every_action_is_pinned_to_a_commit_and_names_its_version() {
    let mut used = 0;
    for workflow in Workflow::all() {
        for action in actions(&workflow.text) {
            used += 1;
            assert_eq!(unpinned(action), None, "{}", workflow.name);
        }
        let steps = workflow.steps().filter(|step| step["uses"].is_string());
        let lines = workflow.text.matches("uses: ").count();
        assert_eq!(steps.count(), lines, "{}", workflow.name);
    }
    assert!(used > 10, "{used} actions were found");
}

#[test]
fn every_workflow_states_its_permissions_and_every_job_has_an_end() {
    for workflow in Workflow::all() {
        let name = &workflow.name;
        let permissions = workflow.content["permissions"].as_object();
        let writes = permissions
            .unwrap_or_else(|| panic!("{name} states no permissions"))
            .values()
            .any(|access| access != "read" && access != "none");
        assert!(!writes, "{name}: only a single job may write");
        assert!(workflow.content["concurrency"].is_object(), "{name}");
        for (job, content) in workflow.jobs() {
            assert!(content["timeout-minutes"].is_u64(), "{name}: {job}");
        }
    }
}

/// Text that others choose, such as the title of a pull request, would be run as a part of the
/// script.
#[test]
fn no_script_holds_an_expression() {
    for workflow in Workflow::all() {
        for script in workflow.steps().filter_map(|step| step["run"].as_str()) {
            assert!(!script.contains("${{"), "{}: {script}", workflow.name);
        }
    }
}

#[test]
fn the_toolchains_of_all_workflows_are_one() {
    let workflows = Workflow::all();
    let named = |workflow: &Workflow| workflow.content["env"]["RUST"].clone();
    let first = named(&workflows[0]);
    assert!(first.is_string());
    for workflow in &workflows {
        assert_eq!(named(workflow), first, "{}", workflow.name);
    }
}

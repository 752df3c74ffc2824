use std::path::Path;

use everest_core::rules::TABLE;

use super::*;

/// Holds a text to the file of that name; `UPDATE_GOLDEN=1` writes the file.
#[track_caller]
pub(super) fn assert_golden(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/golden");
    let file = folder.join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, golden, "{name}: UPDATE_GOLDEN=1 writes it anew");
}

fn of(arguments: &[&str]) -> Result<Command, Ended> {
    match parsed(arguments.iter().map(OsString::from).collect())? {
        Asked::Command(command) => Ok(*command),
        Asked::Serve => panic!("{arguments:?} serves"),
    }
}

fn told(arguments: &[&str]) -> String {
    let ended = match of(arguments) {
        Ok(command) => carry_out(command),
        Err(ended) => ended,
    };
    match ended {
        Ended::Done(text) => text,
        Ended::Found(text) | Ended::Nothing(text) | Ended::Failed(text) | Ended::Usage(text) => {
            panic!("{arguments:?}: {text}")
        }
    }
}

fn usage(arguments: &[&str]) -> String {
    let ended = match of(arguments) {
        Ok(command) => carry_out(command),
        Err(ended) => ended,
    };
    match ended {
        Ended::Usage(text) => text,
        _ => panic!("{arguments:?} are taken"),
    }
}

#[test]
fn the_help_is_for_people() {
    assert_golden("help.txt", &told(&["--help"]));
    assert_golden("help-doctor.txt", &told(&["doctor", "--help"]));
    assert_golden("help-export.txt", &told(&["export", "--help"]));
    assert!(told(&["-h"]).contains("doctor"));
}

#[test]
fn a_debugger_may_write_one_dash_or_two() {
    for debug in ["-debug", "--debug"] {
        let asked = parsed(vec![debug.into()]);
        assert!(matches!(asked, Ok(Asked::Serve)), "{debug}");
    }
    assert!(usage(&["--debug", "schema"]).contains("--debug"));
}

#[test]
fn wrong_arguments_are_told_with_what_may_have_been_meant() {
    assert!(usage(&["docter"]).contains("'doctor'"));
    assert!(usage(&["doctor", "--contxt", "a"]).contains("'--context'"));
    assert!(usage(&["doctor", "--catalog", "a"]).contains("openshift-marketplace/"));
    assert!(usage(&[]).starts_with("This is a Terraform provider"));
    assert!(usage(&["completions", "cmd"]).contains("powershell"));
    assert!(usage(&["man", "docter"]).contains("doctor"));
}

#[test]
fn the_flags_of_a_connection_have_two_names_and_are_settings_of_the_provider() {
    for arguments in [
        ["--kubeconfig", "a", "--context", "b", "-n", "c"],
        [
            "--config-path",
            "a",
            "--config-context",
            "b",
            "--namespace",
            "c",
        ],
    ] {
        let arguments: Vec<_> = ["export"].into_iter().chain(arguments).collect();
        let Ok(Command::Export(arguments)) = of(&arguments) else {
            panic!("no export");
        };
        let export = arguments.export();
        assert_eq!(export.namespaces, ["c"]);
        assert_eq!(export.connection.config_path.as_deref(), Some("a"));
        assert_eq!(export.connection.config_context.as_deref(), Some("b"));
        assert!(!export.with_operations && export.connection.config_paths.is_empty());
    }
    let merged = [
        "export",
        "--kubeconfig",
        "a",
        "--kubeconfig",
        "b",
        "--operations",
    ];
    let Ok(Command::Export(arguments)) = of(&merged) else {
        panic!("no export");
    };
    let export = arguments.export();
    assert_eq!(export.connection.config_paths, ["a", "b"]);
    assert!(export.with_operations && export.connection.config_path.is_none());
}

#[test]
fn the_version_names_what_is_supported() {
    let text = told(&["version"]);
    for words in [
        "6.11",
        "v2 is refused",
        "kube 5",
        "everest.percona.com/v1alpha1",
    ] {
        assert!(text.contains(words), "{text}");
    }
    assert!(told(&["--version"]).starts_with("terraform-provider-everest "));
}

#[test]
fn every_rule_is_explained() {
    let list = told(&["explain"]);
    for rule in TABLE {
        let text = told(&["explain", rule.id]);
        assert!(text.starts_with(&format!("{}\n\n", rule.id)), "{text}");
        for head in ["What to do:", "Engines:", "Source:"] {
            assert!(text.contains(head), "{text}");
        }
        assert!(!text.contains(['{', '}']), "{text}");
        assert!(list.contains(&format!("{} ", rule.id)), "{}", rule.id);
    }
    assert_golden("explain.txt", &told(&["explain", "cpu-minimum"]));
    assert!(told(&["explain", "backup-storage-exists"]).contains("Severity:"));
}

#[test]
fn a_rule_that_does_not_exist_is_answered_by_similar_ones() {
    for (asked, similar) in [
        ("cpu-minimun", "Did you mean cpu-minimum"),
        ("catalog", "Did you mean catalog-ready"),
        ("zzz", "explain lists all rules"),
    ] {
        let text = usage(&["explain", asked]);
        assert!(text.contains(similar), "{text}");
    }
    assert!(!usage(&["explain", "zzz"]).contains("Did you mean"));
}

#[test]
fn completions_and_pages_are_made_of_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = told(&["completions", shell]);
        assert!(script.contains("doctor"), "{shell}");
    }
    assert!(told(&["man"]).contains("terraform\\-provider\\-everest"));
    let page = told(&["man", "doctor"]);
    assert!(page.contains("\\-\\-kubeconfig"), "{page}");
    assert!(
        page.contains("terraform\\-provider\\-everest doctor"),
        "{page}"
    );
}

/// The commands of this program on a page: in blocks of commands, and in sentences.
fn commands(page: &str) -> Vec<Vec<String>> {
    let page = page.replace("\\\n", " ");
    let behind = page.split("terraform-provider-everest ").skip(1);
    // A command ends with the line, or where the shell or the page goes on.
    let ends = ['\n', '`', '|', '>', '#', ';', '&', ')'];
    behind
        .filter_map(|rest| rest.split(ends).next())
        .map(|command| {
            let words = command.split_whitespace();
            words.map(|word| word.replace('"', "")).collect()
        })
        .collect()
}

#[test]
fn every_command_on_a_page_is_taken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages = vec![root.join("README.md"), root.join("docs/index.md")];
    let guides = std::fs::read_dir(root.join("docs/guides")).unwrap();
    pages.extend(guides.map(|entry| entry.unwrap().path()));
    let mut taken = 0;
    for page in pages {
        for words in commands(&std::fs::read_to_string(&page).unwrap()) {
            let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
            let place = page.display();
            taken += 1;
            match of(&arguments) {
                Ok(Command::Explain { rule: Some(rule) }) => {
                    let is_known = TABLE.iter().any(|known| known.id == rule);
                    assert!(is_known, "{place}: no rule {rule}");
                }
                Ok(_) => {}
                Err(Ended::Usage(text)) => panic!("{place}: {arguments:?}: {text}"),
                Err(_) => panic!("{place}: {arguments:?} is no command"),
            }
        }
    }
    assert!(taken > 10, "{taken} commands were found");
}

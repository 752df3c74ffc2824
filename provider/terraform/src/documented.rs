//! What the documentation shows is held to the schemas and the rules: every block of HCL on a page
//! or in an example parses, names only attributes that exist, gives those that are required, and a
//! plan of it has no error that needs no cluster.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use everest_core::rules::Validate as _;
use everest_core::{impact, schema};
use everest_schemas::extensions::needs;
use everest_schemas::for_each_kind;
use everest_schemas::managed::ManagedModel;
use everest_schemas::models::DatabaseModel;
use hcl::structure::Structure;
use hcl::{Block, Body, Expression, ObjectKey};
use serde_json::{Value, json};

use crate::diagnostics;
use crate::managed::Kind;
use crate::schema_json::schema_json;

mod ruled;

/// Arguments of the language itself, which every resource has.
const META: [&str; 4] = ["count", "for_each", "provider", "depends_on"];

/// A piece of HCL and where it is.
struct Shown {
    place: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below a folder, but not what Terraform or Cargo made there.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The fenced blocks of a page that are HCL, each with its line.
fn fenced(page: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in page.lines().enumerate() {
        open = match (open, line.trim()) {
            (Some(block), "```") => {
                blocks.push(block);
                None
            }
            (Some((at, text)), _) => Some((at, format!("{text}{line}\n"))),
            (None, "```terraform" | "```hcl") => Some((number + 1, String::new())),
            (None, _) => None,
        };
    }
    blocks
}

/// A client's own configuration, which is of another dialect: names may be quoted in it.
fn is_of_a_client(text: &str) -> bool {
    text.trim_start().starts_with("provider_installation")
}

/// The pages and the examples.
fn paths() -> Vec<PathBuf> {
    let root = root();
    let mut paths = Vec::new();
    files(&root.join("docs"), &mut paths);
    files(&root.join("examples"), &mut paths);
    paths.push(root.join("README.md"));
    paths.push(root.join("provider/tfplugin/README.md"));
    paths
}

/// All HCL of the pages and the examples.
fn all() -> Vec<Shown> {
    let root = root();
    let paths = paths();
    let mut shown = Vec::new();
    for path in paths {
        let place = path.strip_prefix(&root).unwrap().display().to_string();
        let text = || fs::read_to_string(&path).unwrap();
        if place.ends_with(".md") {
            let blocks = fenced(&text()).into_iter();
            let blocks = blocks.filter(|(_, text)| !is_of_a_client(text));
            shown.extend(blocks.map(|(line, text)| Shown {
                place: format!("{place}:{line}"),
                text,
            }));
        } else if [".tf", ".hcl"].iter().any(|end| place.ends_with(end)) {
            shown.push(Shown {
                place: place.clone(),
                text: text(),
            });
        }
    }
    shown
}

/// Compares what is shown with a schema.
struct Check<'a> {
    place: &'a str,
    faults: Vec<String>,
}

impl Check<'_> {
    fn body(&mut self, body: &Body, schemas: &Value) {
        for block in body.blocks() {
            let kind = block.identifier();
            let label = block.labels().first().map(|label| label.as_str());
            let section = match (kind, label) {
                ("provider", Some("everest")) => &schemas["provider"],
                ("provider", _) => continue,
                (_, Some(label)) if label.starts_with("everest_") => {
                    let section = match kind {
                        "resource" => "resource_schemas",
                        "data" => "data_source_schemas",
                        "ephemeral" => "ephemeral_resource_schemas",
                        "list" => "list_resource_schemas",
                        "action" => "action_schemas",
                        // Mocks and overrides of tests give what they like.
                        _ => continue,
                    };
                    let found = &schemas[section][label];
                    if found.is_null() {
                        self.fault(&format!("there is no {kind} {label}"));
                        continue;
                    }
                    found
                }
                _ => {
                    // A `check`, for example, has blocks of its own.
                    self.body(block.body(), schemas);
                    continue;
                }
            };
            let named = format!("{kind} {}", label.unwrap_or_default());
            let configured = match kind {
                "list" | "action" => block.body().blocks().find(|b| b.identifier() == "config"),
                _ => Some(block),
            };
            match configured {
                Some(configured) => self.block(&named, configured, &section["block"]),
                None => self.required(&named, &[], &section["block"]),
            }
        }
    }

    fn block(&mut self, named: &str, block: &Block, schema: &Value) {
        let mut given = Vec::new();
        for structure in block.body().iter() {
            match structure {
                Structure::Attribute(attribute) => {
                    let name = attribute.key();
                    given.push(name.to_owned());
                    if !META.contains(&name) && name != "alias" {
                        self.value(named, name, attribute.expr(), schema);
                    }
                }
                Structure::Block(inner) => {
                    let language = ["lifecycle", "dynamic", "provisioner", "connection"];
                    if !language.contains(&inner.identifier()) {
                        self.fault(&format!(
                            "{named} has no block {}: it may be an attribute, {} = {{ … }}",
                            inner.identifier(),
                            inner.identifier()
                        ));
                    }
                }
            }
        }
        self.required(named, &given, schema);
    }

    fn value(&mut self, named: &str, name: &str, value: &Expression, schema: &Value) {
        let attribute = &schema["attributes"][name];
        if attribute.is_null() {
            self.fault(&format!("{named} has no attribute {name}"));
            return;
        }
        if attribute["optional"] != true && attribute["required"] != true {
            self.fault(&format!("{named}.{name} is an output, and cannot be set"));
        }
        let nested = &attribute["nested_type"];
        if !nested.is_null() {
            self.nested(&format!("{named}.{name}"), value, nested);
        }
    }

    fn nested(&mut self, named: &str, value: &Expression, nested: &Value) {
        match (value, nested["nesting_mode"].as_str()) {
            (Expression::Object(members), Some("map")) => {
                for (key, member) in members {
                    self.object(&format!("{named}.{}", key_of(key)), member, nested);
                }
            }
            (Expression::Array(items), Some("list" | "set")) => {
                for item in items {
                    self.object(named, item, nested);
                }
            }
            _ => self.object(named, value, nested),
        }
    }

    fn object(&mut self, named: &str, value: &Expression, schema: &Value) {
        // Anything but a literal is known to the client alone.
        let Expression::Object(members) = value else {
            return;
        };
        let mut given = Vec::new();
        for (key, member) in members {
            let name = key_of(key);
            self.value(named, &name, member, schema);
            given.push(name);
        }
        self.required(named, &given, schema);
    }

    fn required(&mut self, named: &str, given: &[String], schema: &Value) {
        let attributes = schema["attributes"].as_object().into_iter().flatten();
        for (name, attribute) in attributes {
            if attribute["required"] == true && !given.contains(name) {
                self.fault(&format!("{named} lacks {name}"));
            }
        }
    }

    fn fault(&mut self, fault: &str) {
        self.faults.push(format!("{}: {fault}", self.place));
    }
}

fn key_of(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Identifier(name) => name.to_string(),
        ObjectKey::Expression(Expression::String(name)) => name.clone(),
        other => other.to_string(),
    }
}

/// The faults of one piece of HCL.
fn faults(shown: &Shown, schemas: &Value) -> Vec<String> {
    let mut check = Check {
        place: &shown.place,
        faults: Vec::new(),
    };
    match hcl::parse(&shown.text) {
        Ok(body) => check.body(&body, schemas),
        Err(error) => check.fault(&format!("this is no HCL: {error}")),
    }
    check.faults
}

#[test]
fn every_block_of_the_documentation_fits_the_schemas() {
    let schemas = schema_json().unwrap();
    let all = all();
    assert!(all.len() > 100, "{} blocks were found", all.len());
    let faults: Vec<_> = all
        .iter()
        .flat_map(|shown| faults(shown, &schemas))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_does_not_fit_is_found() {
    let schemas = schema_json().unwrap();
    for (text, fault) in [
        (
            "provider \"everest\" {\n  exec {\n    command = \"aws\"\n  }\n}\n",
            "provider everest has no block exec",
        ),
        (
            "provider \"everest\" {\n  exec = { command = \"aws\" }\n}\n",
            "provider everest.exec lacks api_version",
        ),
        (
            "provider \"everest\" {\n  username = \"a\"\n}\n",
            "has no attribute username",
        ),
        (
            "resource \"everest_databases\" \"a\" {}\n",
            "there is no resource everest_databases",
        ),
        (
            "resource \"everest_namespace\" \"a\" {\n  name = \"a\"\n  ready = true\n}\n",
            "resource everest_namespace.ready is an output",
        ),
        ("resource \"everest_namespace\" {", "this is no HCL"),
    ] {
        let shown = Shown {
            place: "here".to_owned(),
            text: text.to_owned(),
        };
        let found = faults(&shown, &schemas);
        assert!(
            found.iter().any(|found| found.contains(fault)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn every_client_is_configured_with_what_clients_know() {
    let root = root();
    let mut shown = 0;
    for path in paths() {
        let place = path.strip_prefix(&root).unwrap().display().to_string();
        if !place.ends_with(".md") {
            continue;
        }
        let blocks = fenced(&fs::read_to_string(&path).unwrap());
        for (line, text) in blocks.iter().filter(|(_, text)| is_of_a_client(text)) {
            shown += 1;
            // The name of a provider, in a shape that HCL itself knows.
            let text = text.replace("\"openeverest/everest\" =", "overridden =");
            let body = hcl::parse(&text).unwrap_or_else(|error| panic!("{place}:{line}: {error}"));
            let [installation] = body.blocks().collect::<Vec<_>>()[..] else {
                panic!("{place}:{line}: one block was expected");
            };
            for method in installation.body().blocks() {
                let known: &[&str] = match method.identifier() {
                    "dev_overrides" => &["overridden"],
                    "filesystem_mirror" => &["path", "include", "exclude"],
                    "network_mirror" => &["url", "include", "exclude"],
                    "direct" => &["include", "exclude"],
                    other => panic!("{place}:{line}: {other}"),
                };
                for attribute in method.body().attributes() {
                    let name = attribute.key();
                    assert!(known.contains(&name), "{place}:{line}: {name}");
                }
            }
        }
    }
    assert!(shown >= 5, "{shown} configurations were found");
}

/// The text of a page without its line breaks.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The database of the provider's example, with other values.
fn database_of_the_example(replicas: i32, memory: &str) -> DatabaseModel {
    serde_json::from_value(
        json!({"namespace": "prod", "name": "orders", "spec": {"engine": {
        "type": "pxc", "replicas": replicas, "storage": {"size": "25Gi"},
        "resources": {"cpu": "1", "memory": memory}}}}),
    )
    .unwrap()
}

#[test]
fn the_front_page_shows_what_a_plan_says_at_the_line_of_the_example() {
    let page = fs::read_to_string(root().join("docs/index.md")).unwrap();
    let page = in_one_line(&page);

    let findings = database_of_the_example(4, "2G").check(None);
    let [finding] = &findings[..] else {
        panic!("{findings:?}")
    };
    let said = diagnostics::finding(finding.clone());
    let (before, grown) = (
        database_of_the_example(3, "2G"),
        database_of_the_example(3, "4G"),
    );
    let impacts = impact::of_change(&before, &grown);
    let summary = impact::summary("everest_database prod/orders", &impacts, &[]).unwrap();

    let example = root().join("examples/terraform/provider/provider.tf");
    let example = fs::read_to_string(example).unwrap();
    let resource = "resource \"everest_database\" \"orders\" {";
    let line = 1 + example.lines().position(|line| line == resource).unwrap();
    let at = format!(
        "with everest_database.orders, on main.tf line {line}, in {}: {line}: {resource}",
        resource.trim_end_matches(" {")
    );
    for (severity, summary, detail) in [
        ("Error", &said.summary, &said.detail),
        ("Warning", &summary.headline, &summary.detail),
    ] {
        let shown = in_one_line(&format!("{severity}: {summary} {at} {detail}"));
        assert!(page.contains(&shown), "docs/index.md is to have: {shown}");
    }
}

#[test]
fn the_front_page_has_every_attribute_that_needs_a_newer_everest() {
    let page = fs::read_to_string(root().join("docs/index.md")).unwrap();
    let schemas = schema_json().unwrap();
    let database = &schemas["resource_schemas"]["everest_database"];
    let mut found = BTreeMap::new();
    newer(&database["block"]["attributes"], "", &mut found);
    let (_, table) = page
        .split_once("| Attribute | Everest |\n|---|---|\n")
        .unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let mut shown = BTreeMap::new();
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for attribute in cells[1].split(", ") {
            shown.insert(attribute.trim_matches('`').to_owned(), cells[2].to_owned());
        }
    }
    assert_eq!(shown, found);
}

/// The attributes that need a release of Everest, with that release.
fn newer(attributes: &Value, above: &str, found: &mut BTreeMap<String, String>) {
    for (name, attribute) in attributes.as_object().into_iter().flatten() {
        let path = format!("{above}{name}");
        if let Some(needed) = attribute["facts"]["needs"].as_str() {
            let release = needed.strip_prefix("Everest ").unwrap();
            found.insert(path, release.to_owned());
            continue;
        }
        newer(
            &attribute["nested_type"]["attributes"],
            &format!("{path}."),
            found,
        );
    }
}

/// The program texts of the crates that a user's messages come from, without the breaks in the
/// middle of a text.
fn sources() -> String {
    let mut paths = Vec::new();
    for part in ["core", "cluster", "terraform"] {
        files(&root().join("provider").join(part).join("src"), &mut paths);
    }
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
    let all: String = texts.collect();
    let mut lines = all.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start())
}

#[test]
fn every_message_that_the_page_on_troubleshooting_explains_is_in_the_program() {
    let sources = sources();
    let page = fs::read_to_string(root().join("docs/guides/troubleshooting.md")).unwrap();
    let mut explained = 0;
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    for row in rows {
        let message = row.split(" | ").next().unwrap();
        for part in message
            .split('`')
            .step_by(2)
            .filter(|part| !part.is_empty())
        {
            assert!(sources.contains(part), "no message has {part:?}");
            explained += 1;
        }
    }
    assert!(explained > 10, "{explained} messages were found");
}

#[test]
fn the_release_that_brought_a_kind_is_on_its_pages_and_in_the_list_of_what_is_covered() {
    let page = |path: &str| fs::read_to_string(root().join("docs").join(path)).unwrap();
    let covered = page("guides/coverage.md");
    let mut told = 0;
    macro_rules! each {
        ($($module:ident::$kind:ident = $model:ty;)*) => {$(
            if let Some(release) = schema::kind_since::<$model>() {
                let (module, kind) = (stringify!($module), <$model>::KIND.to_lowercase());
                let plural = <crate::$module::$kind as Kind>::PLURAL;
                for path in [
                    format!("resources/{module}.md"),
                    format!("data-sources/{module}.md"),
                    format!("data-sources/{}.md", plural.trim_start_matches("everest_")),
                    format!("list-resources/{module}.md"),
                    format!("crossplane/reference/{kind}.md"),
                ] {
                    assert!(page(&path).contains(&needs(release)), "{path}: {release}");
                }
                assert!(covered.contains(&format!("| {release} |\n")), "{kind}: {release}");
                told += 1;
            }
        )*};
    }
    for_each_kind!(each);
    assert_eq!(told, 5);
}

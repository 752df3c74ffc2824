//! Renders the registry's pages: the reference from the provider's schema and the examples, the
//! guides to the guardrails and to the rights from their tables.
//!
//! The schema is what `terraform-provider-everest schema` prints: the same JSON as
//! `terraform providers schema -json` holds for one provider. Pages follow the layout that the
//! Terraform and OpenTofu registries read (`docs/index.md`, `docs/resources/NAME.md`).

use std::{collections::BTreeMap, fmt::Write as _, fs, io, path::Path, process::Command};

use acceptance::workspace_folder;
use everest_core::schema;
use everest_schemas::{extensions, for_each_kind};
use serde_json::Value;

use crate::{
    attributes::{self, entries, wire_type_name},
    failure::Failure,
    guardrails, rights, rooms,
};

/// What the reference is made from.
const REFERENCE: &str = "the schemas and the examples";

/// Writes all pages into a folder, from what the provider's binary says of itself.
///
/// # Errors
/// `File` where the binary cannot be run, or a file not be read or written; `Check` where the
/// schema that it prints is none.
pub(crate) fn write(folder: &Path, provider: &Path) -> Result<(), Failure> {
    let printed = Command::new(provider)
        .arg("schema")
        .output()
        .map_err(Failure::file(provider))?;
    let schema: Value = serde_json::from_slice(&printed.stdout).map_err(|error| {
        Failure::Check(format!("the provider's schema cannot be read: {error}"))
    })?;
    let examples = workspace_folder().join("examples/terraform");
    for (name, page) in pages(&schema, &examples).map_err(Failure::file(&examples))? {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(Failure::file(parent))?;
        fs::write(&path, page).map_err(Failure::file(&path))?;
    }
    Ok(())
}

/// All pages of the reference, keyed by their path under `docs/`.
///
/// # Errors
/// When an example file that a page needs cannot be read.
fn pages(schema: &Value, examples: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    pages.insert("index.md".to_owned(), provider_page(schema, examples)?);
    for (name, resource) in entries(&schema["resource_schemas"]) {
        let short = short(name);
        pages.insert(
            format!("resources/{short}.md"),
            resource_page(
                name,
                resource,
                &schema["resource_identities"][name],
                examples,
            )?,
        );
    }
    for (name, list) in entries(&schema["list_resource_schemas"]) {
        let short = short(name);
        pages.insert(
            format!("list-resources/{short}.md"),
            list_page(name, list, examples)?,
        );
    }
    for subject in &SUBJECTS {
        for (name, each) in entries(&schema[subject.schemas]) {
            let short = short(name);
            pages.insert(
                format!("{}/{short}.md", subject.folder),
                subject_page(subject, name, each, examples)?,
            );
        }
    }
    for (name, function) in entries(&schema["functions"]) {
        pages.insert(
            format!("functions/{name}.md"),
            function_page(name, function, examples)?,
        );
    }
    pages.insert("guides/guardrails.md".to_owned(), guardrails_page());
    pages.insert("guides/rights.md".to_owned(), rights_page());
    Ok(pages)
}

fn rights_page() -> String {
    let text = "The roles of the provider's user in Kubernetes: for a team, for a platform team, and \
                for plans alone.";
    front_matter(
        "Rights",
        Some(""),
        text,
        "the table of rights of everest-core",
    ) + &rights::guide()
}

fn guardrails_page() -> String {
    let text = "The rules that a plan is checked against, and what each change of a database does.";
    front_matter("Guardrails", Some(""), text, "the tables of everest-core") + &guardrails::guide()
}

fn provider_page(schema: &Value, examples: &Path) -> io::Result<String> {
    let block = &schema["provider"]["block"];
    // The registries refuse a subcategory of this page.
    let mut page = front_matter("everest Provider", None, description(block), REFERENCE);
    let _ = writeln!(page, "# everest Provider\n\n{}\n", description(block));
    let _ = writeln!(page, "{}\n", usage(&examples.join("provider"))?);
    page.push_str(&attributes::section("", block));
    Ok(page)
}

fn resource_page(
    name: &str,
    resource: &Value,
    identity: &Value,
    examples: &Path,
) -> io::Result<String> {
    let block = &resource["block"];
    let folder = examples.join("resources").join(name);
    let mut page = front_matter(
        &format!("{name} Resource - everest"),
        Some(rooms::of(short(name))),
        description(block),
        REFERENCE,
    );
    let _ = writeln!(page, "# {name} (Resource)\n\n{}\n", description(block));
    let _ = writeln!(page, "{}\n", usage(&folder)?);
    page.push_str(&attributes::section(short(name), block));
    let command = fs::read_to_string(folder.join("import.sh"))?;
    page.push_str(&import_section(command.trim(), identity));
    // What else there is to know of the import of this resource.
    let notes = folder.join("import.md");
    if notes.exists() {
        let _ = write!(page, "\n{}\n", fs::read_to_string(notes)?.trim());
    }
    Ok(page)
}

/// Types with a page of a description, an example and the attributes.
struct Subject {
    /// Their key in the schema.
    schemas: &'static str,
    /// Their folder, of the pages and of the examples.
    folder: &'static str,
    /// The file of an example.
    example: &'static str,
    /// What the title calls one.
    title: &'static str,
}

const SUBJECTS: [Subject; 3] = [
    Subject {
        schemas: "data_source_schemas",
        folder: "data-sources",
        example: "data-source.tf",
        title: "Data Source",
    },
    Subject {
        schemas: "ephemeral_resource_schemas",
        folder: "ephemeral-resources",
        example: "ephemeral-resource.tf",
        title: "Ephemeral Resource",
    },
    Subject {
        schemas: "action_schemas",
        folder: "actions",
        example: "action.tf",
        title: "Action",
    },
];

fn subject_page(
    subject: &Subject,
    name: &str,
    schema: &Value,
    examples: &Path,
) -> io::Result<String> {
    let block = &schema["block"];
    let title = format!("{name} {} - everest", subject.title);
    let room = Some(rooms::of(short(name)));
    let mut page = front_matter(&title, room, description(block), REFERENCE);
    let _ = writeln!(
        page,
        "# {name} ({})\n\n{}\n",
        subject.title,
        description(block)
    );
    let folder = examples.join(subject.folder).join(name);
    let _ = writeln!(
        page,
        "## Example Usage\n\n{}\n",
        example(&folder, subject.example)?
    );
    page.push_str(&attributes::section("", block));
    Ok(page)
}

fn function_page(name: &str, function: &Value, examples: &Path) -> io::Result<String> {
    let title = format!("{name} function - everest");
    let mut page = front_matter(&title, Some(""), description(function), REFERENCE);
    let _ = writeln!(page, "# function: {name}\n\n{}\n", description(function));
    let _ = writeln!(
        page,
        "Needs Terraform 1.8 or later, or OpenTofu 1.7 or later.\n"
    );
    let folder = examples.join("functions").join(name);
    let _ = writeln!(
        page,
        "## Example Usage\n\n{}\n",
        example(&folder, "function.tf")?
    );
    let parameters: Vec<_> = function["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let signed: Vec<_> = parameters
        .iter()
        .map(|parameter| {
            let type_name = wire_type_name(&parameter["type"]).to_lowercase();
            format!(
                "{} {type_name}",
                parameter["name"].as_str().unwrap_or_default()
            )
        })
        .collect();
    let _ = writeln!(
        page,
        "## Signature\n\n```text\n{name}({}) {}\n```\n\n## Arguments\n",
        signed.join(", "),
        wire_type_name(&function["return_type"]).to_lowercase()
    );
    for (index, parameter) in parameters.iter().enumerate() {
        let null = match parameter["is_nullable"] == true {
            true => ", Nullable",
            false => "",
        };
        let _ = writeln!(
            page,
            "{}. `{}` ({}{null}) {}",
            index + 1,
            parameter["name"].as_str().unwrap_or_default(),
            wire_type_name(&parameter["type"]),
            description(parameter).replace('\n', " "),
        );
    }
    Ok(page)
}

/// The page that is written for a resource.
const WRITTEN: &str = "page.md";

/// How a resource is used: its [`WRITTEN`] page, in which a line `{{ FILE }}` stands for an example
/// beside it, or the one example that it has.
fn usage(folder: &Path) -> io::Result<String> {
    let written = folder.join(WRITTEN);
    if !written.exists() {
        return Ok(format!(
            "## Example Usage\n\n{}",
            example(folder, "resource.tf")?
        ));
    }
    let mut lines = Vec::new();
    for line in fs::read_to_string(&written)?.trim().lines() {
        let file = line
            .strip_prefix("{{ ")
            .and_then(|rest| rest.strip_suffix(" }}"));
        lines.push(match file {
            Some(file) => example(folder, file)?,
            None => line.to_owned(),
        });
    }
    Ok(lines.join("\n"))
}

fn example(folder: &Path, file: &str) -> io::Result<String> {
    let text = fs::read_to_string(folder.join(file))?;
    Ok(format!("```terraform\n{}\n```", text.trim()))
}

/// The ways to import, of which `command` is `terraform import ADDRESS ID`.
fn import_section(command: &str, identity: &Value) -> String {
    let mut words = command.split_whitespace().skip(2);
    let (address, id) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let names: Vec<_> = identity
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let parts: String = names
        .iter()
        .zip(id.split('/'))
        .map(|(name, value)| format!("    {name:width$} = \"{value}\"\n"))
        .collect();
    let form = names.join("/").to_uppercase();
    format!(
        "\n## Import\n\nThe ID is `{form}`.\n\n```terraform\nimport {{\n  to = {address}\n  id = \
         \"{id}\"\n}}\n```\n\nOr by identity, with Terraform 1.12 or later:\n\n```terraform\nimport \
         {{\n  to = {address}\n  identity = {{\n{parts}  }}\n}}\n```\n\nOr with a \
         command:\n\n```shell\n{command}\n```\n"
    )
}

fn list_page(name: &str, list: &Value, examples: &Path) -> io::Result<String> {
    let block = &list["block"];
    let needs = needs(name).map_or_else(String::new, |needs| format!(" {needs}"));
    let text = format!(
        "Finds every existing `{name}` with `terraform query` (Terraform 1.14 or later; OpenTofu has \
         no such command). With `-generate-config-out` Terraform 1.14.1 or later also writes the \
         `import` blocks and the configuration of what it found.{needs}"
    );
    let title = format!("{name} List Resource - everest");
    let mut page = front_matter(&title, Some(rooms::of(short(name))), &text, REFERENCE);
    let _ = writeln!(page, "# {name} (List Resource)\n\n{text}\n");
    let example = examples
        .join("list-resources")
        .join(name)
        .join("list-resource.tfquery.hcl");
    let _ = writeln!(
        page,
        "## Example Usage\n\n```terraform\n{}\n```\n",
        fs::read_to_string(example)?.trim()
    );
    if entries(&block["attributes"]).next().is_some() {
        page.push_str(&attributes::section("", block));
    } else {
        page.push_str("## Schema\n\nIt takes no arguments.\n");
    }
    Ok(page)
}

/// The sentence about the release of Everest that brought the kind of a resource, if not every
/// supported release has it.
fn needs(name: &str) -> Option<String> {
    macro_rules! releases {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            [$((stringify!($module), schema::kind_since::<$model>())),*]
        };
    }
    let short = name.strip_prefix("everest_")?;
    let releases = for_each_kind!(releases);
    let found = releases.into_iter().find(|(module, _)| *module == short);
    found?.1.map(extensions::needs)
}

/// The front matter of a page and the line that says where the page comes from. The registries
/// sort pages by their subcategory.
fn front_matter(title: &str, subcategory: Option<&str>, text: &str, sources: &str) -> String {
    let first = text
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ");
    let subcategory = subcategory.map(|room| format!("subcategory: \"{room}\"\n"));
    let subcategory = subcategory.unwrap_or_default();
    format!(
        "---\npage_title: \"{title}\"\n{subcategory}description: |-\n  {first}\n---\n\n<!-- Generated by \
         `cargo xtask generate` from {sources}. Do not edit. -->\n\n"
    )
}

fn description(of: &Value) -> &str {
    of["description"].as_str().unwrap_or_default()
}

/// The name of a type without that of the provider.
fn short(name: &str) -> &str {
    name.strip_prefix("everest_").unwrap_or(name)
}

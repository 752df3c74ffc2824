//! What only the cluster can tell at plan, and what a change does to a database that runs.

mod change;
mod cluster;
mod configuration;
mod expected;
mod raw;

use crate::{
    objects::{self, DATABASE},
    stack::Stack,
};

/// A new database that breaks one rule, and what is told of it.
struct Wrong {
    /// Names the resource; no two cases have the same.
    case: &'static str,
    /// Attributes of its engine.
    engine: &'static str,
    /// Its further attributes; it is called like the case unless they say otherwise.
    more: &'static str,
    /// The attribute that the rule is about.
    attribute: &'static str,
    /// What is wrong with it.
    says: &'static str,
}

impl Wrong {
    fn resource(&self, namespace: &str) -> String {
        let Self {
            case, engine, more, ..
        } = self;
        let name = if more.starts_with("name = ") {
            String::new()
        } else {
            format!("name = \"{}\"", case.replace('_', "-"))
        };
        format!(
            "resource \"everest_database\" \"{case}\" {{\n  namespace = \"{namespace}\"\n  {name}\n  \
             engine = {{ {engine} }}\n  {more}\n}}\n"
        )
    }

    fn expected(&self) -> expected::Expected {
        expected::Expected::of(self.case, self.attribute, self.says)
    }
}

/// Of databases in `namespace`, each with its fault, a plan or an apply tells exactly that.
#[track_caller]
fn assert_each_is_told(
    stack: &Stack,
    namespace: &str,
    command: &[&str],
    severity: &str,
    wrong: &[Wrong],
) -> acceptance::said::Said {
    let resources: String = wrong
        .iter()
        .map(|wrong| wrong.resource(namespace))
        .collect();
    stack.write(&resources);
    let said = stack.run(command);
    let expected: Vec<_> = wrong.iter().map(Wrong::expected).collect();
    expected::assert_told(&said, severity, &expected);
    said
}

const PLAN: [&str; 3] = ["plan", "-input=false", "-json"];
const APPLY: [&str; 4] = ["apply", "-auto-approve", "-input=false", "-json"];

/// A database; `more` are further attributes of the database.
fn database(replicas: u32, memory: &str, more: &str) -> String {
    format!(
        "resource \"everest_database\" \"db\" {{
  namespace = \"NS\"
  name      = \"orders\"
  engine = {{ type = \"pxc\", replicas = {replicas}, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"{memory}\" }} }}
  deletion_protection = false
{more}
}}
"
    )
}

#[test]
fn what_the_cluster_does_not_have_is_a_warning_at_plan_and_an_error_before_the_write() {
    let stack = Stack::with_engine("pxc");
    let backed_up = database(
        1,
        "1G",
        "  backup = { schedules = { nightly = { schedule = \"0 2 * * *\", backup_storage_name = \"nowhere\" } } }",
    );
    stack.write(
        &database(1, "1G", "")
            .replace(
                "\"everest_database\" \"db\"",
                "\"everest_database\" \"first\"",
            )
            .replace("\"orders\"", "\"first\""),
    );
    stack.apply().succeeded();
    stack.write(&backed_up);
    stack.plan().succeeded().says("Warning").says("nowhere");
    stack.apply().failed().says("nowhere");
    assert!(
        objects::get(DATABASE, &stack.namespace, "orders").is_null(),
        "written in spite of the rule"
    );
    stack.write("");
    stack.destroy().succeeded();
}

#[test]
fn a_version_that_the_engine_does_not_offer_is_refused_at_plan() {
    let stack = Stack::with_engine("pxc");
    stack.write(&database(1, "1G", ""));
    stack.apply().succeeded();
    stack.write(
        &database(1, "1G", "").replace("replicas = 1,", "version = \"8.0.99-1.1\", replicas = 1,"),
    );
    stack
        .plan()
        .failed()
        .says("8.0.99-1.1 is not offered for pxc; offered:")
        .says("engine.version");
    stack.write(&database(1, "1G", ""));
    stack.destroy().succeeded();
}

#[test]
fn a_plan_says_what_a_change_does_to_the_database_unless_that_is_not_wanted() {
    let stack = Stack::with_engine("pxc");
    stack.write(&database(3, "1G", ""));
    stack.apply().succeeded();
    stack.write(&database(3, "2G", ""));
    stack
        .plan()
        .succeeded()
        .says("restart one by one")
        .says("engine.resources");
    stack.provider(&format!(
        "config_path = {:?}\nimpact_warnings = false",
        crate::stack::kubeconfig()
    ));
    stack.plan().succeeded().says_not("one by one");
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

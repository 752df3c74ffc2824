//! Tests that every text of the rules uses the words of the front end that shows it.

use std::collections::BTreeSet;

use everest_schemas::models::ProviderModel;
use everest_schemas::{for_each_kind, for_each_server_setting};
use regex_lite::Regex;
use schemars::JsonSchema;
use serde_json::Value;

use super::{Name, Part, Text};
use crate::dialect::{Dialect, Phrase};
use crate::finding::Finding;
use crate::rules::{TABLE, Validate};

/// Rules that only Terraform can break: about write-only attributes and its state.
const OF_TERRAFORM: [&str; 2] = ["credentials-once", "credentials-version"];

/// Names that are in camel case for every front end: members of objects that no front end writes.
const OF_EVERYBODY: [&str; 4] = [
    "allowedVersions",
    "allowVolumeExpansion",
    "installPlanApproval",
    "openAPIV3Schema",
];

/// Words in a front end's text that belong to another front end.
fn misfits(said: &str, dialect: Dialect) -> Vec<String> {
    let foreign: &[&str] = match dialect {
        Dialect::Terraform => &[
            r"\b[a-z]+[A-Z]\w*",
            r"\bforProvider\b|managementPolicies|(?i)managed resource|composition",
            r"\b\w+: (true|false)\b",
        ],
        Dialect::ManagedResource | Dialect::Composition => &[
            r"\b[a-z0-9]+_[a-z0-9_]+",
            r"(?i)terraform|tofu",
            r"(?i)\b(plan|plans|planned|apply|applies|applied|same run)\b",
            r"\w = \S",
        ],
    };
    // What is quoted is a value, and an install plan is OLM's.
    let mut words = Regex::new("\"[^\"]*\"")
        .unwrap()
        .replace_all(said, "")
        .into_owned();
    words = words.replace("install plan", "");
    for name in OF_EVERYBODY {
        words = words.replace(name, "");
    }
    let pattern = |pattern: &&str| Regex::new(pattern).unwrap();
    let mut found: Vec<String> = foreign
        .iter()
        .map(pattern)
        .flat_map(|pattern| {
            let found = pattern
                .find_iter(&words)
                .map(|found| found.as_str().to_owned());
            found.collect::<Vec<_>>()
        })
        .collect();
    found.extend(words.contains(['{', '}']).then(|| "a brace".to_owned()));
    found
}

fn is_said_in(rule: &str, dialect: Dialect) -> bool {
    let is_of_terraform = OF_TERRAFORM.contains(&rule)
        || TABLE.iter().any(|other| {
            other.id == rule && (other.is_about_settings() || other.is_about_the_server())
        });
    dialect == Dialect::Terraform || !is_of_terraform
}

#[track_caller]
fn assert_text_fits(rule: &str, text: &Text) {
    for dialect in Dialect::ALL {
        if is_said_in(rule, dialect) {
            let said = text.render(dialect);
            let misfits = misfits(&said, dialect);
            assert!(
                misfits.is_empty(),
                "{rule}, for {dialect:?}: {misfits:?} in {said:?}"
            );
        }
    }
}

/// Fails if a finding uses the words of another front end.
#[track_caller]
pub(crate) fn assert_fits(finding: &Finding) {
    assert_text_fits(finding.rule, &finding.summary);
    assert_text_fits(finding.rule, &finding.detail);
}

#[test]
fn a_rule_speaks_to_each_front_ends_users_in_their_words() {
    for rule in TABLE {
        assert_text_fits(rule.id, &rule.sentence());
        assert_text_fits(rule.id, &rule.advice());
    }
}

#[test]
fn an_expression_is_refused_in_the_words_of_managed_resources() {
    macro_rules! expressions {
        ($($module:ident::$kind:ident = $model:ty;)*) => { [$(<$model>::EXPRESSIONS),*] };
    }
    for expression in for_each_kind!(expressions).concat() {
        let said = expression.message().render(Dialect::ManagedResource);
        let misfits = misfits(&said, Dialect::ManagedResource);
        assert!(misfits.is_empty(), "{misfits:?} in {said:?}");
    }
}

#[test]
fn words_of_another_front_end_are_found() {
    for (said, dialect) in [
        ("Set backup_storage_name.", Dialect::ManagedResource),
        ("Make it with an everest_database.", Dialect::Composition),
        ("Apply when it is ready.", Dialect::ManagedResource),
        ("Set paused = false.", Dialect::ManagedResource),
        ("Terraform does not remember it.", Dialect::Composition),
        ("Set {paused}.", Dialect::Composition),
        ("Set backupStorageName.", Dialect::Terraform),
        ("Set spec.forProvider.engine.", Dialect::Terraform),
        ("Set paused: false.", Dialect::Terraform),
    ] {
        assert!(!misfits(said, dialect).is_empty(), "{said}");
    }
}

#[test]
fn a_field_that_a_rule_names_is_one_of_a_model() {
    let mut paths = BTreeSet::new();
    macro_rules! collect_paths {
        ($($module:ident::$kind:ident = $model:ty;)*) => { $(of_model::<$model>(&mut paths);)* };
    }
    for_each_kind!(collect_paths);
    for_each_server_setting!(collect_paths);
    of_model::<ProviderModel>(&mut paths);
    let has = |name: &Name| match name {
        Name::Path(path) => paths.contains(&path.to_string()),
        Name::Member(member) => paths
            .iter()
            .any(|path| path.rsplit('.').next() == Some(member.as_str())),
    };
    let phrases = Dialect::ALL.into_iter().flat_map(|dialect| {
        Phrase::ALL.map(|phrase| (phrase.name(), Text::from(dialect.phrase(phrase))))
    });
    let texts = TABLE
        .iter()
        .flat_map(|rule| [(rule.id, rule.sentence()), (rule.id, rule.advice())]);
    let mut named = 0;
    for (id, text) in texts.chain(phrases) {
        for part in &text.parts {
            if let Part::Name(name) | Part::Value(name, _) = part {
                assert!(has(name), "{id}: {name:?}");
                named += 1;
            }
        }
    }
    assert!(named > 0);
}

fn of_model<M: JsonSchema>(paths: &mut BTreeSet<String>) {
    let settings = schemars::generate::SchemaSettings::openapi3()
        .with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<M>();
    collect(&schema.to_value(), "", paths);
}

/// The paths of a schema's members; those of an inlined one are its parent's, and the elements of
/// a list have the list's.
fn collect(schema: &Value, path: &str, paths: &mut BTreeSet<String>) {
    let inner = if schema["items"].is_object() {
        &schema["items"]
    } else {
        schema
    };
    for (name, member) in inner["properties"].as_object().into_iter().flatten() {
        if member.get("x-inline").is_some() {
            collect(member, path, paths);
            continue;
        }
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        collect(member, &path, paths);
        paths.insert(path);
    }
}

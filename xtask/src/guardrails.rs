//! The guide to the guardrails: every rule, and what each change does, from the tables in
//! `everest-core`.

use std::fmt::Write as _;

use everest_core::{
    dialect::Dialect,
    impact,
    path::FieldPath,
    rules::{self, Checked, Holder, Rule},
};
use everest_schemas::Engine;

/// The guide, below its front matter.
pub(crate) fn guide() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str(&counts());
    page.push_str(COUNTED);
    for (checked, title, text) in SECTIONS {
        let _ = write!(page, "\n## {title}\n\n{text}\n");
        for rule in rules::TABLE
            .iter()
            .filter(|rule| rule.checked.first() == Some(&checked))
        {
            entry(&mut page, rule);
        }
    }
    page.push_str(CLUSTER);
    page.push_str(IMPACT);
    for effect in impact::TABLE.iter() {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | **{}**: {} |",
            FieldPath::of(&effect.attribute).snake_case(),
            effect.when.as_str(),
            engines(effect.engines),
            effect.class,
            effect.general_phrase(),
        );
    }
    page.push_str(ENDING);
    page
}

const INTRODUCTION: &str = "\
# Guardrails

Most of Everest's rules live in its API server, and a program that writes Kubernetes objects
never meets them. This provider checks them itself: at plan, on the attribute that breaks
them, before anything is written.

An error stops the plan or the apply. For an existing object, a rule is reported only if the
change breaks it. A rule that was already broken is reported only if it prevents the change:
Kubernetes refuses every write of a database whose version is no longer offered (an error), and
Everest makes no change to a database that refers to something missing (a warning). A value that
is not known yet is not checked.

";

/// How many rules are told before anything is written, here and elsewhere: for the guide, and for
/// the README, which a test holds to it.
fn counts() -> String {
    let about_everest = || rules::TABLE.iter().filter(|rule| !rule.is_about_settings());
    let held_by = |holders: &[Holder]| {
        about_everest()
            .filter(|rule| holders.contains(&rule.holder()))
            .count()
    };
    let offline = about_everest()
        .filter(|rule| rule.checked.first() != Some(&Checked::Cluster))
        .count();
    format!(
        "| Where the error appears | Rules |\n|---|---|\n\
         | in a plan of this provider | {}, {offline} of them without a cluster |\n\
         | in a plan of `kubernetes_manifest`, by its dry run on the cluster | {} |\n\
         | in a response of Everest's REST API, which has no plans | {} |\n",
        about_everest().count(),
        held_by(&[Holder::Admission]),
        held_by(&[Holder::Admission, Holder::RestApi]),
    )
}

const COUNTED: &str = "
## How the rules are counted

Each rule below counts once, whatever engines it is for; rules for the provider's own settings
are not counted, nor are Everest's rules for kinds that the provider does not manage. A dry run
checks what Kubernetes checks at admission: the schemas and CEL rules of Everest's CRDs and, if
installed, the admission webhooks of its operator. The REST API adds the checks of Everest's API
server; it writes the same objects, so admission applies to it too. Nothing else checks the
remaining rules: an object that breaks them is accepted, and fails later or has no effect.

## What is not checked

- **The text of `engine.config` and `proxy.config`**: each engine has a language of its own. A
  mistake shows as the engine's error in `message` while the apply waits.
- **Access to a bucket**: Everest's API server writes a test object. A plan may run where the
  bucket cannot be reached, so wrong credentials show in the first backup.
- **A name that is taken**: a plan cannot tell it from an object that the same run replaces.
  The apply says it before it writes, with the line that imports the object; see
  [below](#objects-that-already-exist).
- **The issuer of single sign-on**: `everestctl` asks it for its configuration. A plan may run where
  it cannot be reached, so a wrong issuer shows while the apply waits for the restart of Everest's
  API server.
- **Labels that switch Everest's webhooks off** (`everest.percona.com/skip-validating-webhook`,
  `…/skip-mutating-webhook`): the provider never sets them, and its own checks go on if you do.
- **The image of an engine's operator**: Everest reads the operator's version from what follows
  the first colon of the image, so a registry with a port, or an image by digest, leaves it
  without versions. That is seen as `engine-installed`.
- **Names of existing objects**: rules about names apply when an object is created; an object
  that was created elsewhere can be imported under any name.
- **The time of the latest data** (`pitr.type = \"latest\"`): Everest's CRD allows the value,
  but Everest always refuses it; see `pitr-latest`.
- **A Secret that PXC databases of a namespace share** (`haproxy-env-secret`): the first of
  them owns it. It is deleted with that database, and Everest creates it again at the next
  reconcile of another.

## Objects that already exist

An apply that is to create an object whose name is taken ends in an error that names the id to
import the object with. The error means that someone else created the object, or that it is in
another state: the provider does not adopt such objects.

There is one exception: an object that this provider created in an apply that did not finish,
because the provider or Terraform was killed or the response was lost. Apply the same
configuration again, from any machine, and the apply continues with that object after 40 seconds:
if another run is still working on the object, that run shows itself within this time, and the
apply ends in an error. The provider recognizes the object by the annotation
`everest.openeverest.io/created-by-apply`. It contains a digest of the written object, and the
provider removes it once Terraform has the response. If you change the configuration of the
object before you apply again, the digest differs and the object is an error: import it.

If the provider is killed after the state has the object and before the annotation is removed,
the next plan shows an update in place with one output that is known after apply. Its apply
removes the annotation. Until then, another configuration with exactly the same values could
adopt the object, so apply that plan soon.

The Secret of a backup storage has no annotation. The Secret is written again if this provider
wrote it and nothing but the storage to be created uses it.
";

const SECTIONS: [(Checked, &str, &str); 3] = [
    (
        Checked::Configuration,
        "Checked without a cluster",
        "These need the configuration alone, so a plan without a cluster finds them. `terraform \
         validate` finds those of them that are about the form of a value (time-outs, quantities, \
         versions, dates) and about attributes that exclude or need each other.",
    ),
    (
        Checked::State,
        "Checked against what the object was",
        "These are about changes of an object in the state.",
    ),
    (
        Checked::Cluster,
        "Checked against the cluster",
        "These are checked when the cluster can be reached. If an object is missing, that is a \
         warning at plan, because the same run may still create it, and an error right before the \
         write. Objects that the provider has no permission to read are not checked.",
    ),
];

const CLUSTER: &str = "
## What the cluster says itself

If the cluster can be reached, the plan sends the objects that the apply would write (databases,
backup storages, backups and restores) to the API server as a dry run, so that the schemas, the
admission policies and Everest's webhooks check them before anything is written. If they refuse
an object, the plan has an error; if they miss something, such as a Secret, the plan has a
warning, because the same run may still create it. The deletion of a backup is also sent as a dry
run; a refusal is a warning.

The dry run needs a fully known configuration and an existing namespace. It sends one request for
each object that changes on the server, and none without changes. It never sends changes that an
apply would have to wait for, Secrets, or the keys of a data import. A plan does not fail because
the cluster does not respond, a permission is missing or a webhook is down.

## Values that others have set

The provider owns the values that the configuration sets, and no others. Another field manager,
such as Everest's UI, `kubectl edit` or a GitOps controller, may set one of them to a different
value.

- **The plan shows the difference**: the plan is a normal plan (5 → 3), with a warning that names
  the field manager, the attribute and both values. The apply makes the change and names the
  field manager again: whoever applies a plan has agreed to what the plan shows.
- **The plan does not show the difference**: the value was set after the plan was made, or the plan
  was made with `-refresh=false`, or the value is a label or an annotation that another field
  manager has taken over. The apply fails before anything is written or waited for, and names the
  field manager, the attribute and both values. Plan again to see the change, or set
  `force_conflicts = true` to overwrite such values without seeing them first.

To keep the other value, write it into the configuration, or omit the attribute. A field manager
that applies its own value again and again, such as a GitOps controller, sets it back after each
apply: let only one of the two manage the attribute.

These are no conflicts:

- another spelling of the same value, such as `1024Mi` and `1Gi`, or the same schedules in another
  order;
- values that Everest's operator writes into the spec;
- values that were written once, by hand or by a program, into an object that was then imported, or
  before the last apply.

Versions and volume sizes can only be raised. If someone else raised one since the last apply, the
raised value is kept: the plan warns and names the value to write into the configuration, and all
other changes are planned and applied. Only a value that is lowered in the configuration is
refused. A value that was raised before the first apply of an imported resource looks the same, and
is refused until the configuration has it.
";

const IMPACT: &str = "
## What a change does

If a change affects a running database, the plan says so in one warning for each database, unless
the provider's `impact_warnings` is `false`. If a database has a single member, a restart of its
members means that it cannot be reached meanwhile; if it is paused, the change waits until it is
started.

If a value is known only at apply, because it comes from another resource, the warning names the
attribute, says that the effect of its change is not known yet, and lists the possible effects.

| Attribute | When | Engines | What happens |
|---|---|---|---|
";

const ENDING: &str = "
Destroying a database deletes its volumes with everything in them. The data of its backups
stays in the bucket unless `keep_backup_data` is `false`. With `final_backup`, a final backup is
taken first, and its data stays in any case; if it cannot be taken, the database is not destroyed.
A destruction that is retried within an hour uses the final backup that it has already taken.
";

fn entry(page: &mut String, rule: &Rule) {
    let moments: Vec<_> = rule
        .checked
        .iter()
        .map(|checked| moment(*checked))
        .collect();
    let _ = write!(
        page,
        "\n### `{}`\n\n{}\n\n- What to do: {}\n- Engines: {}\n- Checked: {}\n",
        rule.id,
        rule.sentence().render(Dialect::Terraform),
        rule.advice().render(Dialect::Terraform),
        engines(rule.engines),
        moments.join(", "),
    );
}

fn moment(checked: Checked) -> &'static str {
    match checked {
        Checked::Configuration => "offline",
        Checked::State => "with the prior state",
        Checked::Cluster => "online",
    }
}

fn engines(engines: &[Engine]) -> String {
    if engines.len() == Engine::ALL.len() {
        return "all".to_owned();
    }
    let names: Vec<_> = engines.iter().map(|engine| format!("`{engine}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_counts_the_rules_as_the_guide_does() {
        let path = acceptance::workspace_folder().join("README.md");
        let readme = std::fs::read_to_string(path).unwrap_or_default();
        let counts = counts();
        assert!(readme.contains(&counts), "README.md is to have:\n{counts}");
        assert!(guide().contains(&counts));
    }

    #[test]
    fn every_rule_and_every_attribute_has_its_place() {
        let page = guide();
        for rule in rules::TABLE {
            assert_eq!(page.matches(&format!("### `{}`\n", rule.id)).count(), 1);
        }
        assert!(page.contains("| `backup.schedules.retention_copies` | "));
        assert!(page.contains("- Checked: with the prior state, online\n"));
        assert!(!page.contains("{members}"), "a placeholder was left");
    }
}

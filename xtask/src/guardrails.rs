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

An error stops the plan or the apply. On an object that exists, a rule is told only if the
change breaks it. What was broken before and stays so is told where it stands against the
change: Kubernetes refuses every write of a database whose version is no longer offered (an
error), and Everest carries out no change of a database that refers to something missing (a
warning). A value that is not known yet breaks no rule.

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
        "| Told | Rules |\n|---|---|\n\
         | in a plan of this provider | {}, {offline} of them without a cluster |\n\
         | in a plan of `kubernetes_manifest`, by its dry run on the cluster | {} |\n\
         | in an answer of Everest's REST API, which makes no plan | {} |\n",
        about_everest().count(),
        held_by(&[Holder::Admission]),
        held_by(&[Holder::Admission, Holder::RestApi]),
    )
}

const COUNTED: &str = "
## How the rules are counted

Each rule below counts once, for whatever engines it holds; those for the provider's own
settings are left out, and so are Everest's rules for kinds that the provider does not manage.
A dry run meets what Kubernetes admits an object by: the schemas and
CEL rules of Everest's definitions and the admission webhooks of its operator, if they are
installed. The REST API adds the checks of Everest's API server; it writes the same objects,
so that admission holds for it too. The others are held by nobody else: what breaks them is
accepted, and fails later or does nothing.

## What is not checked

- **The text of `engine.config` and `proxy.config`**: each engine has a language of its own. A
  mistake shows as the engine's error in `message` while the apply waits.
- **Access to a bucket**: Everest's API server writes a test object. A plan may run where the
  bucket cannot be reached, so wrong credentials show in the first backup.
- **A name that is taken**: a plan cannot tell it from an object that the same run replaces.
  The apply says it before it writes, with the line that imports the object; see
  [below](#objects-that-exist-already).
- **Labels that switch Everest's webhooks off** (`everest.percona.com/skip-validating-webhook`,
  `…/skip-mutating-webhook`): the provider never sets them, and its own checks go on if you do.
- **The image of an engine's operator**: Everest reads the operator's version from what follows
  the first colon of the image, so a registry with a port, or an image by digest, leaves it
  without versions. That is seen as `engine-installed`.
- **Rules about names on what exists**: they hold when an object is created; what was made
  elsewhere can be imported under any name.
- **The time of the latest data** (`pitr.type = \"latest\"`): Everest's definition has the word,
  but Everest refuses it everywhere; see `pitr-latest`.
- **A Secret that PXC databases of a namespace share** (`haproxy-env-secret`): it belongs to the
  first of them, goes with it, and is made again by Everest when it looks at another one.

## Objects that exist already

An apply that is to create an object whose name is taken ends in an error that names the id to
import the object with. The error means that somebody else made the object, or that another
state holds it: neither is taken over.

One kind of object is taken over: one that this provider made for a creation that never came to
its end, because the provider or Terraform was killed or the answer was lost. Apply the same
configuration again, from any machine, and the apply goes on with that object, 40 seconds later:
until then a run that is still at work on the object would have said so, and the apply would end
in an error. The provider knows the object by the annotation
`everest.openeverest.io/created-by-apply`, which holds a digest of what was written, and which is
taken off once Terraform has the answer. If you change the configuration
of the object before you apply again, the digest differs and the object is an error: import it.

If the provider is killed after the state has the object and before the annotation is off, the
next plan shows an update in place with one output that is known after apply. Its apply takes
the annotation off. Until then another configuration that says exactly the same could take over
the object, so apply that plan soon.

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
        "These are checked when the cluster can be reached. What is missing is a warning at plan, \
         because the same run may still make it, and an error right before the write. What may \
         not be read, because a permission is missing, is not checked.",
    ),
];

const CLUSTER: &str = "
## What the cluster says itself

Where the cluster can be reached, the plan of a database, a backup storage, a backup or a
restore is rehearsed: what the apply would write is sent as a dry run, so that the API server,
its admission policies and Everest's webhooks speak before anything is written. What they
refuse is an error of the plan; what they miss, a Secret for example, is a warning, because the
same run may still make it. The deletion of a backup is rehearsed too, and what stands against
it is a warning.

Only a configuration that is wholly known is rehearsed, once its namespace exists, and only a
change that the server would notice: one request for each changed object, and none where nothing
changes. A change that an apply would have to wait for, Secrets, and the keys of a data import
are never sent. A cluster that does not answer, a permission that is missing and a webhook that
is down stop no plan.

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

Versions and the sizes of volumes only go up. One that somebody else has raised since the last
apply is kept: the plan warns and names the value to write into the configuration, and all other
changes are planned and applied. Only a configuration that is lowered itself is refused. What was
raised before the first apply of an imported resource cannot be told from that, and is refused
until the configuration says it.
";

const IMPACT: &str = "
## What a change does

When a change is felt by a database that runs, the plan says so in one warning for each
database, unless the provider's `impact_warnings` is `false`. Where a database has a single
member, a restart of its members means that it cannot be reached meanwhile; where it is
paused, the change waits until it is started.

Where a value is known only at apply, because it comes from another resource, the warning names the
attribute, says that the effect of its change is not known yet, and lists what it may be.

| Attribute | When | Engines | What happens |
|---|---|---|---|
";

const ENDING: &str = "
Destroying a database deletes its volumes with everything in them. The data of its backups
stays in the bucket unless `keep_backup_data` is `false`. With `final_backup` a last backup is
taken first, and its data stays in any case; where it cannot be taken, the database stays. A
destruction that is tried again within an hour counts the one that it has.
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

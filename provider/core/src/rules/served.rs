//! Rules about the Everest that a cluster runs, for every kind: its line, and the members that its
//! definitions have. Both follow from the model's schema and its object.

use everest_schemas::Tree;

use super::findings::Findings;
use super::table::general::{EVEREST_V1, MEMBER_SERVED};
use super::{Stage, Validate};
use crate::facts::{DefinedKind, Facts, Lacking, Lines, Wanted};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::text::Text;
use crate::version::Version;
use crate::{Operation, object_path, schema};

/// The facts of the cluster that [`check`] needs. The definitions are among them only if the model
/// has a value that not every supported release of Everest serves, or can carry out.
pub(super) fn wanted<M: Validate>(planned: &M, prior: Option<&M>) -> Wanted {
    let mut wanted = planned.wanted(prior);
    wanted.lines = true;
    if needs_a_release(planned, prior) {
        wanted.served = Some(definition(planned, prior));
    }
    wanted
}

/// The kind of a model, whose definition shows what Everest in the cluster can do.
pub(super) fn definition<M: Validate>(planned: &M, prior: Option<&M>) -> DefinedKind {
    let body = planned.desired(operation(prior));
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    DefinedKind {
        api_version: text("apiVersion"),
        kind: text("kind"),
    }
}

/// All findings against the cluster: those of every kind, then those of the model's own.
pub(super) fn check<M: Validate>(
    planned: &M,
    prior: Option<&M>,
    facts: &Facts,
    stage: Stage,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Some(lines @ Lines { v2: true, .. }) = facts.everest.lines {
        let summary = format!("The cluster runs {}", everest_line(lines));
        findings.error(&EVEREST_V1, FieldPath::root(), summary);
        // Anything else would be told of a cluster that is not to be used.
        return findings.into_findings();
    }
    members(planned, prior, facts, &mut findings);
    let mut found = findings.into_findings();
    found.extend(planned.check_online(prior, facts, stage));
    found
}

/// The lines of Everest in a cluster that runs Everest v2, in a few words.
pub(crate) fn everest_line(lines: Lines) -> &'static str {
    match lines.v1 {
        true => "Everest v2 (core.openeverest.io) beside Everest v1 (everest.percona.com)",
        false => "Everest v2 (core.openeverest.io) and no Everest v1",
    }
}

/// The advice for a cluster that runs Everest v2.
pub(crate) fn everest_line_advice() -> Text {
    EVEREST_V1.advice()
}

fn operation<M>(prior: Option<&M>) -> Operation {
    match prior {
        None => Operation::Create,
        Some(_) => Operation::Update,
    }
}

/// Returns true if the kind or a value of the model is not in every supported release of Everest. The
/// kind of an object that exists is served.
fn needs_a_release<M: Validate>(planned: &M, prior: Option<&M>) -> bool {
    let mut needs = prior.is_none() && schema::kind_since::<M>().is_some();
    schema::visit(planned, |place, value| {
        needs |= place.since().is_some() && !matches!(value, Tree::Null | Tree::Unknown);
    });
    needs
}

/// Values that the definitions in the cluster do not have. Kubernetes refuses a write with them.
fn members<M: Validate>(planned: &M, prior: Option<&M>, facts: &Facts, findings: &mut Findings) {
    let Some(served) = &facts.served else {
        return;
    };
    let body = planned.desired(operation(prior));
    let kind = body["kind"].as_str().unwrap_or_default();
    for lacking in served.lacking(&body) {
        let (path, summary) = match lacking {
            Lacking::Kind => {
                let version = facts.everest.version.as_ref();
                (FieldPath::root(), Text::from(no_kind(kind, version)))
            }
            Lacking::Member(member) => {
                let member = object_path::with_names_of_model(kind, &member);
                let path = object_path::of_text(&member).unwrap_or_else(FieldPath::root);
                let needs = needs(schema::since::<M>(&path));
                let summary = Text::from("Everest in this cluster serves no ");
                (path.clone(), summary.and(&path).and(needs))
            }
        };
        findings.error(&MEMBER_SERVED, path, summary);
    }
}

/// The message about a kind that Everest v1 in the cluster, of this version if that is known, does
/// not serve, with what to do.
pub fn older_everest(kind: &str, version: Option<&Version>) -> String {
    format!("{}. {}", no_kind(kind, version), MEMBER_SERVED.advice)
}

fn no_kind(kind: &str, version: Option<&Version>) -> String {
    let version = version.map_or_else(String::new, |version| format!(" {version}"));
    let needs = needs(schema::release_of(kind));
    format!("Everest{version} in this cluster serves no {kind}{needs}")
}

fn needs(release: Option<&str>) -> String {
    match release {
        Some(release) => format!(", which needs Everest {release} or newer"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use everest_schemas::models::{BackupModel, DatabaseModel, PodSchedulingPolicyModel};
    use everest_schemas::{Field, for_each_kind};
    use serde_json::{Value, json};

    use super::*;
    use crate::dialect::Dialect;
    use crate::facts::ServedKinds;

    fn database(engine: &Value) -> DatabaseModel {
        let spec = json!({"engine": engine});
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "spec": spec}))
            .unwrap()
    }

    fn modern() -> DatabaseModel {
        database(&json!({"type": "pxc", "storage": {"size": "1Gi"},
            "resources": {"limits": {"cpu": "1", "memory": "2G"}}}))
    }

    /// What a cluster serves whose databases have an engine with these members and nothing else.
    fn serving(engine: &[&str]) -> Facts {
        let members = engine.iter().map(|name| ((*name).to_owned(), json!({})));
        let engine = json!({"properties": members.collect::<serde_json::Map<_, _>>()});
        let schema = json!({"properties": {"spec": {"properties": {"engine": engine}}}});
        let definition = json!({"spec": {"names": {"kind": "DatabaseCluster"},
            "versions": [{"served": true, "schema": {"openAPIV3Schema": schema}}]}});
        Facts {
            served: ServedKinds::of_definition(&definition).map(Arc::new),
            ..Facts::default()
        }
    }

    fn told<M: Validate>(model: &M, facts: &Facts) -> Vec<(String, String)> {
        let found = check(model, None, facts, Stage::Plan).into_iter();
        found
            .filter(|finding| [EVEREST_V1.id, MEMBER_SERVED.id].contains(&finding.rule))
            .map(|found| {
                (
                    found.path.to_string(),
                    found.summary.render(Dialect::Terraform),
                )
            })
            .collect()
    }

    #[test]
    fn what_the_definitions_lack_is_told_with_the_release_that_has_it() {
        let of = |path: &str, summary: &str| (path.to_owned(), summary.to_owned());
        assert_eq!(
            told(&modern(), &serving(&["type", "storage", "resources"])),
            []
        );
        assert_eq!(
            told(&modern(), &serving(&["type", "resources"])),
            [of(
                "engine.storage",
                "Everest in this cluster serves no engine.storage"
            )]
        );
        let mut facts = serving(&["type", "storage"]);
        let limits = "engine.resources.limits, which needs Everest 1.16 or newer";
        let resources = json!({"properties": {"spec": {"properties": {"engine": {"properties": {
            "type": {}, "storage": {}, "resources": {"properties": {"cpu": {}}}}}}}}});
        let definition = json!({"spec": {"names": {"kind": "DatabaseCluster"},
            "versions": [{"served": true, "schema": {"openAPIV3Schema": resources}}]}});
        facts.served = ServedKinds::of_definition(&definition).map(Arc::new);
        let summary = format!("Everest in this cluster serves no {limits}");
        assert_eq!(
            told(&modern(), &facts),
            [of("engine.resources.limits", &summary)]
        );
        let backup = BackupModel {
            namespace: "prod".into(),
            name: "b".into(),
            ..BackupModel::default()
        };
        let kind = "Everest in this cluster serves no DatabaseClusterBackup";
        assert_eq!(told(&backup, &facts), [of("", kind)]);
        let policy = PodSchedulingPolicyModel {
            name: "spread".into(),
            ..PodSchedulingPolicyModel::default()
        };
        let kind =
            "in this cluster serves no PodSchedulingPolicy, which needs Everest 1.7 or newer";
        let told_of = |facts: &Facts| told(&policy, facts);
        assert_eq!(told_of(&facts), [of("", &format!("Everest {kind}"))]);
        facts.everest.version = "1.5.0".parse().ok();
        assert_eq!(told_of(&facts), [of("", &format!("Everest 1.5.0 {kind}"))]);
        assert_eq!(told(&modern(), &Facts::default()), [], "nothing was read");
    }

    #[test]
    fn the_definitions_matter_only_to_what_not_every_release_has() {
        let asked = |model: &DatabaseModel| wanted(model, None).served;
        let databases = DefinedKind {
            api_version: "everest.percona.com/v1alpha1".to_owned(),
            kind: "DatabaseCluster".to_owned(),
        };
        assert_eq!(asked(&modern()), Some(databases));
        let mut older = database(&json!({"type": "pxc", "storage": {"size": "1Gi"},
            "resources": {"cpu": "1"}}));
        assert_eq!(asked(&older), None);
        older.spec.known_mut().unwrap().engine_features = Field::Unknown;
        assert_eq!(asked(&older), None, "it may be nothing");
        for (proxy, is_wanted) in [("haproxy", false), ("proxysql", true)] {
            let mut proxied = database(&json!({"type": "pxc", "storage": {"size": "1Gi"}}));
            let spec = proxied.spec.known_mut().unwrap();
            spec.proxy = serde_json::from_value(json!({ "type": proxy })).unwrap();
            assert_eq!(asked(&proxied).is_some(), is_wanted, "{proxy}");
        }
        let policy = PodSchedulingPolicyModel::default();
        assert!(wanted(&policy, None).served.is_some());
        assert_eq!(wanted(&policy, Some(&policy)).served, None);
    }

    #[test]
    fn with_everest_v2_nothing_else_is_told() {
        for (v1, words) in [(true, "beside Everest v1"), (false, "and no Everest v1")] {
            let mut facts = serving(&["type"]);
            facts.everest.lines = Some(Lines { v1, v2: true });
            facts.namespace = crate::facts::Seen::Absent;
            for stage in [Stage::Plan, Stage::Apply] {
                let found = check(&modern(), None, &facts, stage);
                assert_eq!(found.len(), 1, "{found:?}");
                assert!(found[0].summary.render(Dialect::Terraform).contains(words));
            }
        }
        let mut alone = Facts::default();
        alone.everest.lines = Some(Lines {
            v1: true,
            v2: false,
        });
        assert_eq!(told(&modern(), &alone), []);
    }

    #[test]
    fn every_release_that_is_named_is_a_version() {
        macro_rules! releases {
            ($($module:ident::$kind:ident = $model:ty;)*) => {
                [$(
                    schema::places::<$model>()
                        .iter()
                        .filter_map(schema::Place::since)
                        .chain(schema::kind_since::<$model>())
                        .collect::<Vec<_>>()
                ),*]
            };
        }
        let releases = for_each_kind!(releases).concat();
        assert!(releases.len() > 5, "{releases:?}");
        for release in releases {
            let version: crate::version::Version = release.parse().unwrap();
            assert!(
                !version.is_before(1, 4) && version.is_before(2, 0),
                "{release}"
            );
        }
    }
}

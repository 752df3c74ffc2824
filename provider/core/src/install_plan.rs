//! The decision to approve an install plan of OLM.

use everest_schemas::Engine;
use everest_schemas::olm::InstallPlan;

use crate::olm::parse_csv;
use crate::path::FieldPath;
use crate::text::Text;
use crate::version::Version;

/// The version that a namespace wants of one engine's operator, and the installed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The engine.
    pub engine: Engine,
    /// The operator version that the configuration names; `None` means the
    /// newest at first installation and no upgrade afterwards.
    pub version: Option<String>,
    /// The operator version that is installed, as `installedCSV` says.
    pub installed: Option<String>,
}

/// The way in which a user agrees to an operator in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// With the version of its engine.
    Version,
    /// By listing its engine.
    Listing,
}

/// The decision on an install plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Approve the plan: everything in it was requested.
    Approve,
    /// Nothing to decide, or not yet; the sentence says why.
    Wait(String),
    /// Refuse the plan: it would do more than was requested.
    Refuse {
        /// The operators that nobody asked for.
        extra: Vec<Extra>,
    },
}

/// An installation or upgrade in a plan that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// The ClusterServiceVersion.
    pub csv: String,
    /// The engine whose operator it is; `None` for a foreign operator.
    pub engine: Option<Engine>,
    /// The version that is installed, if one is.
    pub from: Option<String>,
    /// The version that the plan installs.
    pub to: Option<String>,
    /// The attribute that agrees to it once it has the value of `to`; the
    /// model itself for a foreign operator, which no attribute can agree to.
    pub attribute: FieldPath,
}

impl Extra {
    /// The setting that agrees to it, such as version "1.18.0" of `engines.pxc`; `None` for a
    /// foreign operator.
    pub fn agreement(&self) -> Option<Text> {
        self.engine?;
        Some(Text::setting(self.attribute.clone(), self.to.as_deref()?))
    }
}

/// Decides on a plan.
///
/// One plan may contain the operators of several Subscriptions, so it is approved only if each
/// ClusterServiceVersion in it was requested:
/// - for a requested engine that is not installed, the requested version, or any if none is
///   requested;
/// - of one that is installed, a version up to the one named: OLM goes
///   through every version in between, one plan each.
pub fn decide(plan: &InstallPlan, asked: &[Asked]) -> Decision {
    let name = plan.metadata.name.as_deref().unwrap_or("the install plan");
    let status = plan.status.as_ref();
    let phase = status.map_or("", |status| status.phase.as_str());
    if plan.spec.approved {
        let phase = if phase.is_empty() {
            "not handled by OLM yet"
        } else {
            phase
        };
        return Decision::Wait(format!("{name} is approved and {phase}"));
    }
    match phase {
        "RequiresApproval" => {}
        "" => return Decision::Wait(format!("OLM has not handled {name} yet")),
        phase => return Decision::Wait(format!("{name} is {phase}")),
    }
    let versions = &plan.spec.cluster_service_version_names;
    if versions.is_empty() {
        return Decision::Wait(format!("{name} names no operator yet"));
    }
    let extra = extras(versions, asked);
    if extra.is_empty() {
        Decision::Approve
    } else {
        Decision::Refuse { extra }
    }
}

/// The ClusterServiceVersions that nobody asked for.
pub fn extras(versions: &[String], asked: &[Asked]) -> Vec<Extra> {
    let extra = versions.iter().filter_map(|csv| extra(csv, asked));
    extra.collect()
}

/// The reason why a plan is not approved, and what makes OLM plan only what was requested.
///
/// OLM makes no other plan while this one waits, not even after a Subscription is gone: an operator
/// that no Subscription asks for any more (`is_subscribed`) leaves the plan only with the plan.
pub fn refusal(
    plan: &InstallPlan,
    extra: &[Extra],
    consent: Consent,
    is_subscribed: impl Fn(Engine) -> bool,
) -> Text {
    let is_left = |extra: &&Extra| extra.engine.is_some_and(|engine| !is_subscribed(engine));
    let (left, wanted): (Vec<&Extra>, Vec<&Extra>) = extra.iter().partition(is_left);
    let mut advice = Vec::new();
    if !left.is_empty() {
        let left: Vec<_> = left.iter().map(|extra| extra.csv.as_str()).collect();
        advice.push(Text::from(format!(
            "No Subscription of the namespace asks for {}: delete the install plan ({}), and OLM \
             makes another one without it",
            left.join(", "),
            deletion(plan)
        )));
    }
    if wanted.iter().any(|extra| extra.engine.is_none()) {
        advice.push(Text::from(format!(
            "Remove the other operator's Subscription from the namespace and then the install plan \
             ({}), so that OLM makes another one, or use another namespace",
            deletion(plan)
        )));
    }
    advice.extend(agreement(&wanted, consent));
    Text::from(format!(
        "OLM's install plan {} would also install {}, which the configuration does not ask for, so \
         the provider does not approve it. ",
        name(plan),
        listed(extra),
    ))
    .and(Text::join(advice, ". "))
}

/// The reason why the plan for a further engine would not be approved: OLM puts every upgrade that
/// is pending in the namespace into it.
pub fn joined(engine: Engine, extra: &[Extra]) -> Text {
    let reason = Text::from(format!(
        "OLM would put {} into the install plan for {}, because that is pending in the namespace. \
         The configuration does not ask for it, so the provider would not approve that install plan. ",
        listed(extra),
        engine.operator(),
    ));
    let wanted: Vec<&Extra> = extra.iter().collect();
    let advice = agreement(&wanted, Consent::Version);
    reason.and(advice.unwrap_or_else(|| {
        "Approve or remove what is pending first, or use another namespace".into()
    }))
}

/// The advice that agrees to operators; `None` if only foreign ones are among them.
fn agreement(extra: &[&Extra], consent: Consent) -> Option<Text> {
    match consent {
        Consent::Version => {
            let settings: Vec<_> = extra.iter().filter_map(|extra| extra.agreement()).collect();
            (!settings.is_empty())
                .then(|| Text::from("To agree to it set ").and(Text::join(settings, " and ")))
        }
        Consent::Listing => {
            let engines = extra.iter().filter_map(|extra| extra.engine);
            let engines: Vec<_> = engines
                .map(|engine| format!("{:?}", engine.as_str()))
                .collect();
            (!engines.is_empty()).then(|| {
                Text::from(format!(
                    "Operators that share an install plan are upgraded together. To agree to it add {} to ",
                    engines.join(" and ")
                ))
                .and(&FieldPath::of("engines"))
            })
        }
    }
}

/// The versions that nobody asked for, those of installed operators with the installed version.
fn listed(extra: &[Extra]) -> String {
    let extra = extra.iter().map(|extra| match &extra.from {
        Some(from) => format!("{} (now {from})", extra.csv),
        None => extra.csv.clone(),
    });
    extra.collect::<Vec<_>>().join(", ")
}

/// The reason why a plan failed, and what makes OLM try again; `None` if it has not failed.
///
/// OLM never tries a failed plan again, and makes no other one while it exists.
pub fn failure(plan: &InstallPlan) -> Option<String> {
    let status = plan.status.as_ref()?;
    if status.phase != "Failed" {
        return None;
    }
    let conditions = status.conditions.iter().flatten();
    let conditions = conditions
        .filter(|condition| condition.status == "False")
        .filter_map(|condition| condition.message.as_ref());
    let mut said: Vec<&str> = Vec::new();
    for message in status.message.iter().chain(conditions) {
        let message = message.trim();
        if !message.is_empty() && !said.contains(&message) {
            said.push(message);
        }
    }
    let why = match said.is_empty() {
        true => "OLM gives no reason".to_owned(),
        false => said.join("; "),
    };
    Some(format!(
        "OLM's install plan {} failed: {why}. OLM does not try it again: correct the cause, delete \
         the plan ({}), so that OLM makes another one, and try again",
        name(plan),
        deletion(plan)
    ))
}

/// The command that deletes a plan.
fn deletion(plan: &InstallPlan) -> String {
    format!(
        "kubectl -n {} delete installplans.operators.coreos.com {}",
        plan.metadata.namespace.as_deref().unwrap_or_default(),
        name(plan)
    )
}

fn name(plan: &InstallPlan) -> &str {
    plan.metadata.name.as_deref().unwrap_or_default()
}

/// The plan to use in place of one without a status: OLM is known to leave such a plan behind and
/// to go on with another one for the same versions.
pub fn twin<'a>(
    plan: &InstallPlan,
    others: impl IntoIterator<Item = &'a InstallPlan>,
) -> Option<&'a InstallPlan> {
    let phase = |plan: &InstallPlan| {
        let status = plan.status.as_ref();
        status
            .map(|status| status.phase.clone())
            .unwrap_or_default()
    };
    let versions = |plan: &InstallPlan| {
        let mut versions = plan.spec.cluster_service_version_names.clone();
        versions.sort();
        versions
    };
    if !phase(plan).is_empty() {
        return None;
    }
    others.into_iter().find(|other| {
        other.metadata.name != plan.metadata.name
            && !other.spec.approved
            && phase(other) == "RequiresApproval"
            && versions(other) == versions(plan)
    })
}

/// Returns the version as an [`Extra`] if nobody asked for it.
fn extra(csv: &str, asked: &[Asked]) -> Option<Extra> {
    let foreign = || Extra {
        csv: csv.to_owned(),
        engine: None,
        from: None,
        to: None,
        attribute: FieldPath::root(),
    };
    let Some((package, to)) = parse_csv(csv) else {
        return Some(foreign());
    };
    let Some(engine) = Engine::from_operator(package) else {
        return Some(Extra {
            to: Some(to.to_owned()),
            ..foreign()
        });
    };
    let asked = asked.iter().find(|asked| asked.engine == engine);
    let agreed = asked.is_some_and(|asked| agreed(asked, to));
    (!agreed).then(|| Extra {
        csv: csv.to_owned(),
        engine: Some(engine),
        from: asked.and_then(|asked| asked.installed.clone()),
        to: Some(to.to_owned()),
        attribute: FieldPath::of("engines")
            .field(engine.as_str())
            .field("version"),
    })
}

fn agreed(asked: &Asked, to: &str) -> bool {
    if asked.installed.as_deref() == Some(to) || asked.version.as_deref() == Some(to) {
        return true;
    }
    match (&asked.installed, &asked.version) {
        (None, None) => true,
        (None, Some(_)) | (Some(_), None) => false,
        (Some(_), Some(wanted)) => {
            matches!((to.parse::<Version>(), wanted.parse::<Version>()), (Ok(to), Ok(wanted)) if to <= wanted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use serde_json::json;

    const PXC: &str = "percona-xtradb-cluster-operator.v1.18.0";
    const PSMDB: &str = "percona-server-mongodb-operator.v1.21.1";

    fn plan(versions: &[&str], phase: &str, approved: bool) -> InstallPlan {
        serde_json::from_value(json!({
            "apiVersion": "operators.coreos.com/v1alpha1",
            "kind": "InstallPlan",
            "metadata": {"name": "install-1"},
            "spec": {
                "approval": "Manual", "approved": approved,
                "clusterServiceVersionNames": versions,
            },
            "status": {"phase": phase},
        }))
        .unwrap()
    }

    fn awaiting(versions: &[&str]) -> InstallPlan {
        plan(versions, "RequiresApproval", false)
    }

    fn asked(engine: Engine, version: Option<&str>, installed: Option<&str>) -> Asked {
        Asked {
            engine,
            version: version.map(str::to_owned),
            installed: installed.map(str::to_owned),
        }
    }

    fn agreements(decision: Decision) -> Vec<Option<String>> {
        match decision {
            Decision::Refuse { extra } => extra
                .iter()
                .map(|extra| Some(extra.agreement()?.render(Dialect::Terraform)))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_first_installation_that_was_asked_for_is_approved() {
        for version in [None, Some("1.18.0")] {
            let asked = [asked(Engine::Pxc, version, None)];
            assert_eq!(decide(&awaiting(&[PXC]), &asked), Decision::Approve);
        }
    }

    #[test]
    fn another_version_than_the_one_asked_for_is_refused() {
        let asked = [asked(Engine::Pxc, Some("1.17.0"), None)];
        assert_eq!(
            agreements(decide(&awaiting(&[PXC]), &asked)),
            [Some("engines.pxc.version = \"1.18.0\"".to_owned())]
        );
    }

    #[test]
    fn an_upgrade_is_approved_only_if_its_version_was_asked_for() {
        let decide = |version| {
            decide(
                &awaiting(&[PXC]),
                &[asked(Engine::Pxc, version, Some("1.17.0"))],
            )
        };
        assert_eq!(decide(Some("1.18.0")), Decision::Approve);
        // OLM goes through the versions in between.
        assert_eq!(decide(Some("1.19.0")), Decision::Approve);
        for version in [None, Some("1.17.0")] {
            let Decision::Refuse { extra } = decide(version) else {
                panic!("{version:?} was approved");
            };
            assert_eq!(extra[0].from.as_deref(), Some("1.17.0"));
            assert_eq!(extra[0].to.as_deref(), Some("1.18.0"));
            assert_eq!(extra[0].attribute.to_string(), "engines.pxc.version");
        }
    }

    #[test]
    fn operators_that_share_a_plan_must_all_have_been_asked_for() {
        let both = awaiting(&[PXC, PSMDB]);
        let pxc = asked(Engine::Pxc, None, None);
        let psmdb = asked(Engine::Psmdb, None, None);
        assert_eq!(
            decide(&both, &[pxc.clone(), psmdb.clone()]),
            Decision::Approve
        );
        assert_eq!(
            agreements(decide(&both, &[pxc])),
            [Some("engines.psmdb.version = \"1.21.1\"".to_owned())]
        );
        let installed = asked(Engine::Pxc, None, Some("1.17.0"));
        assert_eq!(
            agreements(decide(&both, &[installed, psmdb])),
            [Some("engines.pxc.version = \"1.18.0\"".to_owned())]
        );
    }

    #[test]
    fn no_attribute_agrees_to_a_foreign_operator() {
        for csv in ["prometheus-operator.v0.70.0", "nonsense"] {
            let decision = decide(&awaiting(&[PXC, csv]), &[asked(Engine::Pxc, None, None)]);
            assert_eq!(agreements(decision), [None]);
        }
    }

    #[test]
    fn a_plan_that_olm_left_without_a_status_has_a_twin() {
        let named = |name: &str, mut plan: InstallPlan| {
            plan.metadata.name = Some(name.to_owned());
            plan
        };
        let left = named("left", plan(&[PXC, PSMDB], "", false));
        let others = [
            left.clone(),
            named("other", awaiting(&[PXC])),
            named("approved", plan(&[PSMDB, PXC], "Installing", true)),
            named("twin", awaiting(&[PSMDB, PXC])),
        ];
        assert_eq!(twin(&left, &others), Some(&others[3]));
        assert_eq!(twin(&left, &others[..3]), None);
        let seen = named("seen", awaiting(&[PXC, PSMDB]));
        assert_eq!(twin(&seen, &others), None);
    }

    #[test]
    fn a_plan_that_needs_no_decision_is_waited_for() {
        let asked = [asked(Engine::Pxc, None, None)];
        for (plan, words) in [
            (plan(&[PXC], "Installing", true), "approved and Installing"),
            (plan(&[PXC], "Complete", true), "approved and Complete"),
            (plan(&[PXC], "", false), "has not handled"),
            (plan(&[PXC], "Planning", false), "is Planning"),
            (awaiting(&[]), "names no operator"),
        ] {
            match decide(&plan, &asked) {
                Decision::Wait(sentence) => assert!(sentence.contains(words), "{sentence}"),
                other => panic!("{other:?}"),
            }
        }
    }

    fn refused(versions: &[&str], consent: Consent, subscribed: &[Engine]) -> String {
        let mut plan = awaiting(versions);
        plan.metadata.namespace = Some("prod".to_owned());
        let Decision::Refuse { extra } = decide(&plan, &[asked(Engine::Pxc, None, None)]) else {
            panic!("approved")
        };
        let refusal = refusal(&plan, &extra, consent, |engine| {
            subscribed.contains(&engine)
        });
        refusal.render(Dialect::Terraform)
    }

    const DELETION: &str = "kubectl -n prod delete installplans.operators.coreos.com install-1";

    #[test]
    fn a_refusal_says_how_to_agree_or_how_to_get_another_plan() {
        let both = [Engine::Pxc, Engine::Psmdb];
        let said = refused(&[PXC, PSMDB], Consent::Version, &both);
        assert!(
            said.ends_with("To agree to it set engines.psmdb.version = \"1.21.1\""),
            "{said}"
        );
        let said = refused(&[PXC, PSMDB], Consent::Listing, &both);
        assert!(
            said.ends_with("To agree to it add \"psmdb\" to engines"),
            "{said}"
        );
        let said = refused(&[PXC, PSMDB], Consent::Version, &[Engine::Pxc]);
        assert!(
            said.contains(&format!(
                "No Subscription of the namespace asks for {PSMDB}"
            )),
            "{said}"
        );
        assert!(
            said.contains(DELETION) && !said.contains("To agree"),
            "{said}"
        );
        let said = refused(
            &[PXC, "prometheus-operator.v0.70.0"],
            Consent::Version,
            &both,
        );
        assert!(
            said.contains(DELETION) && !said.contains("To agree"),
            "{said}"
        );
    }

    #[test]
    fn a_plan_that_failed_says_why_and_how_to_get_another_one() {
        let mut plan = plan(&[PXC], "Installing", true);
        assert_eq!(failure(&plan), None);
        plan.metadata.namespace = Some("prod".to_owned());
        let status = json!({"phase": "Failed", "message": "webhook is down", "conditions": [
            {"type": "Installed", "status": "False", "message": "webhook is down"}]});
        plan.status = serde_json::from_value(status).unwrap();
        let said = failure(&plan).unwrap();
        assert!(
            said.contains("install-1 failed: webhook is down. "),
            "{said}"
        );
        assert!(said.contains(DELETION), "{said}");
        plan.status = serde_json::from_value(json!({"phase": "Failed"})).unwrap();
        assert!(failure(&plan).unwrap().contains("OLM gives no reason"));
    }
}

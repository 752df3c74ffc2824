//! Rules for `everest_rbac_policy`.

use everest_schemas::models::RbacPolicyModel;

use super::{Findings, ValidateSetting};
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules::table::server::{
    RBAC_ADMINISTRATOR, RBAC_EFFECT, RBAC_OFF, RBAC_POLICY, RBAC_RESOURCE,
};
use crate::server::policy;
use crate::version::Version;

impl ValidateSetting for RbacPolicyModel {
    fn check_syntax(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        findings.timeouts(&self.timeouts);
        let Some(text) = self.policy.known_str() else {
            return findings.into_findings();
        };
        let path = || FieldPath::of("policy");
        for fault in policy::faults(text) {
            findings.error(&RBAC_POLICY, path(), format!("Everest refuses {fault}"));
        }
        for doubt in policy::doubts(text) {
            findings.warning(&RBAC_EFFECT, path(), format!("No effect of {doubt}"));
        }
        findings.into_findings()
    }

    fn check(&self, prior: Option<&Self>, _: &Self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if policy::enables(self, prior)
            && let Some(text) = self.policy.known_str()
            && !policy::has_administrator(text)
        {
            findings.warning(
                &RBAC_ADMINISTRATOR,
                FieldPath::of("policy"),
                "Access control is enabled, and nobody is an administrator",
            );
        }
        findings.into_findings()
    }

    fn depends_on_release(&self) -> bool {
        let text = self.policy.known_str();
        text.is_some_and(policy::depends_on_release)
    }

    fn check_release(&self, server: &Version) -> Vec<Finding> {
        let mut findings = Findings::default();
        let text = self.policy.known_str().unwrap_or_default();
        for fault in policy::later_resources(text, server) {
            let summary = format!("Everest refuses {fault}");
            findings.warning(&RBAC_RESOURCE, FieldPath::of("policy"), summary);
        }
        findings.into_findings()
    }

    fn check_destruction(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if self.enabled.known() == Some(&true) {
            let summary = "Access control is switched off";
            findings.warning(&RBAC_OFF, FieldPath::root(), summary);
        }
        findings.into_findings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use serde_json::json;

    fn model(enabled: bool, policy: &str) -> RbacPolicyModel {
        serde_json::from_value(json!({"enabled": enabled, "policy": policy})).unwrap()
    }

    #[test]
    fn each_line_that_stops_everest_is_an_error_and_each_without_effect_a_warning() {
        let text = "g, admin, role:admin\np, role:dev, databases, read, */*\ng, bob, role:dev\n\
                    p, bob, namespaces, list, */*\n";
        let findings = model(true, text).check_syntax();
        let said: Vec<_> = findings
            .iter()
            .map(|found| (found.rule, found.summary.render(Dialect::Terraform)))
            .collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said[0].1.starts_with("Everest refuses line 2: "),
            "{said:?}"
        );
        assert_eq!(said[1].0, "rbac-effect");
        assert!(
            said[1].1.contains("line 4: Everest has no action \"list\""),
            "{said:?}"
        );
        assert!(said[2].1.contains("written as NAME"), "{said:?}");
    }

    #[test]
    fn a_line_that_an_older_everest_stops_at_is_told_for_its_release() {
        let found = |text: &str, server: &str| {
            let (model, server) = (model(true, text), server.parse().unwrap());
            let said = model.check_release(&server).into_iter();
            said.map(|found| (found.rule, found.summary.render(Dialect::Terraform)))
                .collect::<Vec<_>>()
        };
        let text = "g, admin, role:admin\np, bob, data-importers, read, *\n";
        assert_eq!(
            found(text, "1.7.0"),
            [(
                "rbac-resource",
                "Everest refuses line 2: Everest has the resource \"data-importers\" since 1.8, and \
                 is 1.7.0 here"
                    .to_owned()
            )]
        );
        assert_eq!(found(text, "1.8.0"), []);
        assert!(model(true, text).depends_on_release());
        let plain = "p, bob, database-clusters, read, */*\n";
        assert_eq!(found(plain, "1.3.0"), []);
        assert!(!model(true, plain).depends_on_release());
    }

    #[test]
    fn a_change_that_leaves_nobody_in_charge_is_told() {
        let before = model(false, "");
        let told = |model: &RbacPolicyModel, prior: Option<&RbacPolicyModel>| {
            model.check(prior, model).len() == 1
        };
        assert!(told(&model(true, ""), Some(&before)));
        assert!(told(&model(true, "g, admin, role:admins\n"), None));
        assert!(!told(&model(true, "g, admin, role:admin\n"), None));
        assert!(!told(&model(false, ""), None));
        let same = model(true, "");
        assert!(!told(&same, Some(&same)), "it was so before");
    }

    #[test]
    fn a_destruction_that_switches_access_control_off_is_told() {
        assert_eq!(model(true, "").check_destruction()[0].rule, "rbac-off");
        assert!(model(false, "").check_destruction().is_empty());
    }
}

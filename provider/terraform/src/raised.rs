//! Values that someone else has raised since the configuration was last applied: see
//! [`everest_core::raised`].

use everest_core::raised::Said;
use everest_core::rules::Validate;
use tfplugin::{Plan, Private};

use crate::diagnostics;

/// Private key: the configured values that only go up, at the last apply.
const SAID: &str = "said";

/// Keeps values in a plan that someone else has raised since the configuration was last applied,
/// with a warning for each.
pub fn keep<M: Validate + PartialEq>(plan: &mut Plan<'_, M>) {
    let (Some(prior), Some(said)) = (&plan.prior, plan.private.get::<Said>(SAID)) else {
        return;
    };
    plan.intended.keep_raised(prior, &said);
    let kept = plan.planned.keep_raised(prior, &said);
    if !kept.is_empty() {
        plan.note_kept();
    }
    diagnostics::report(kept, plan.diags);
}

/// Records the configured values once they are applied.
pub fn note<M: Validate>(private: &mut Private, config: &M) {
    let said = config.said();
    if said.is_empty() {
        private.remove(SAID);
    } else {
        // Texts are always JSON and the key is not reserved.
        let _ = private.set(SAID, said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;
    use crate::managed::{Kind, Managed};
    use crate::namespace::Namespace;
    use everest_core::semantic;
    use serde::Serialize;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeSet;
    use tfplugin::planning::propose;
    use tfplugin::schema::Schema;
    use tfplugin::testing::{AnyResource, PlanRequest, PlanResult, Typed};
    use tfplugin::{Context, Diagnostics, Severity, model};

    /// A plan of `config` over `prior` with what was noted of the configuration `before`; without
    /// a cluster. Whether it changes anything, and what is said.
    async fn planned<K>(config: Json, prior: Json, before: Option<Json>) -> (bool, Vec<String>)
    where
        K: Kind + crate::guardrails::Guarded,
        K::Model: schemars::JsonSchema + Serialize,
    {
        let object = Schema::derive::<K::Model>(0, "").unwrap().root;
        let read = |json| serde_json::from_value::<K::Model>(json).unwrap();
        let mut private = Private::default();
        if let Some(before) = before {
            note(&mut private, &read(before));
        }
        let config = model::encode(&read(config), &object).unwrap();
        let prior = model::encode(&read(prior), &object).unwrap();
        let nothing = BTreeSet::new();
        let planned = propose(&object, &config, Some(&prior), &nothing, &semantic::equal);
        let request = PlanRequest {
            config: &config,
            changed: planned != prior,
            prior: Some(&prior),
            planned,
            private,
            resumes: false,
        };
        let mut diags = Diagnostics::new();
        let resource = Typed(Managed::<K>::new(std::sync::Arc::default()));
        let result = resource
            .plan(&object, request, &Context::default(), &mut diags)
            .await;
        let PlanResult { planned, .. } = result.unwrap();
        let said = diags
            .iter()
            .map(|diag| {
                let weight = match diag.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                };
                format!("{weight}: {}", diag.summary)
            })
            .collect();
        (planned != prior, said)
    }

    fn database(size: &str, version: &str, replicas: i32) -> Json {
        json!({"namespace": "prod", "name": "orders", "deletionProtection": false,
            "keepBackupData": true, "wait": true, "forceConflicts": false, "ready": true,
            "spec": {"paused": false, "engine": {"type": "pxc", "version": version,
                "replicas": replicas, "storage": {"size": size},
                "resources": {"cpu": "1", "memory": "2G"}}}})
    }

    #[tokio::test]
    async fn a_database_that_was_raised_elsewhere_is_kept_and_other_changes_are_planned() {
        let config = database("10Gi", "8.0.41-32.1", 3);
        let prior = database("20Gi", "8.0.42-33.1", 3);
        let (changes, said) =
            planned::<Database>(config.clone(), prior.clone(), Some(config.clone())).await;
        assert!(!changes, "{said:?}");
        assert_eq!(
            said,
            [
                "warning: Someone else raised 8.0.41-32.1 to 8.0.42-33.1, which is kept",
                "warning: Someone else raised 10Gi to 20Gi, which is kept",
            ]
        );
        let more = database("10Gi", "8.0.41-32.1", 5);
        let (changes, said) = planned::<Database>(more, prior, Some(config)).await;
        assert!(changes);
        assert!(
            !said.iter().any(|said| said.starts_with("error")),
            "{said:?}"
        );
    }

    #[tokio::test]
    async fn a_configuration_that_is_lowered_is_refused_and_one_that_was_imported_fits() {
        let high = database("20Gi", "8.0.42-33.1", 3);
        let low = database("10Gi", "8.0.41-32.1", 3);
        for before in [Some(high.clone()), None] {
            let (_, said) = planned::<Database>(low.clone(), high.clone(), before).await;
            let errors = said.iter().filter(|said| said.starts_with("error"));
            assert_eq!(errors.count(), 2, "{said:?}");
        }
        let (changes, said) = planned::<Database>(high.clone(), high, None).await;
        assert!(!changes && said.is_empty(), "{said:?}");
    }

    #[tokio::test]
    async fn an_operator_that_was_upgraded_elsewhere_stops_no_plan() {
        let namespace = |version: &str, installed: &str| {
            json!({"name": "prod", "ready": true, "engines": {"pxc": {"version": version,
                "channel": "stable-v1", "installedVersion": installed}}})
        };
        let config = namespace("1.19.0", "1.19.0");
        let prior = namespace("1.20.0", "1.20.0");
        let (_, said) =
            planned::<Namespace>(config.clone(), prior.clone(), Some(config.clone())).await;
        assert_eq!(
            said,
            ["warning: Someone else raised 1.19.0 to 1.20.0, which is kept"]
        );
        let (_, said) = planned::<Namespace>(config, prior.clone(), Some(prior)).await;
        assert!(said[0].starts_with("error"), "{said:?}");
    }
}

//! The effect of another monitoring server, or another image of its client, on the databases that
//! report to it. What a changed key does is a rule, as Everest hands it on later.
//!
//! Source: everest-operator `providers/*/applier.go` (`applyPMMCfg`): the client is a container of
//! each pod, with the host of the server in its environment.

use everest_schemas::models::MonitoringConfigModel;

use super::shared::Users;
use super::{Class, Summary};
use crate::facts::Facts;
use crate::lifecycle::monitoring_config::reports_to;

/// The warning for a change of the monitoring configuration `what`, such as
/// "everest_monitoring_config prod/pmm". `None` if no pod restarts for it.
pub fn of_monitoring_config(
    what: &str,
    prior: &MonitoringConfigModel,
    planned: &MonitoringConfigModel,
    facts: &Facts,
) -> Option<Summary> {
    if !restarts_pods(prior, planned) {
        return None;
    }
    let name = prior.name.known_str()?;
    let users = facts.neighbours_that(|database| reports_to(database, name));
    let users = Users::of(users, prior.in_use.known() == Some(&true))?;
    Some(Summary {
        headline: users.headline(Class::RollingRestart, what, "restarts pods"),
        detail: format!(
            "The monitoring client is in the pods of {users}: their operators restart each member, \
             and the proxy of MySQL, one after the other."
        ),
    })
}

/// Returns true if the part of a monitoring configuration changes that is in the pods of databases:
/// the host of the server or the image of the client.
pub fn restarts_pods(prior: &MonitoringConfigModel, planned: &MonitoringConfigModel) -> bool {
    let images = image(prior).zip(image(planned));
    host(prior) != host(planned) || images.is_some_and(|(before, now)| before != now)
}

/// The host of the server; `None` while its URL is not known.
fn host(model: &MonitoringConfigModel) -> Option<&str> {
    let url = model.spec.known()?.pmm.known()?.url.known_str()?;
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    address.split([':', '/']).next()
}

/// The image of the client, empty for that of Everest's release; `None` where it is left to Everest
/// or not known.
fn image(model: &MonitoringConfigModel) -> Option<&str> {
    model.spec.known()?.pmm.known()?.image.known_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixtures;
    use serde_json::{Value, json};

    fn monitoring(more: &Value) -> MonitoringConfigModel {
        let mut model = json!({"namespace": "prod", "name": "pmm", "inUse": true,
            "apiKeyWoVersion": 1, "spec": {"type": "pmm",
                "pmm": {"url": "https://pmm.example.com", "image": ""}}});
        json_patch::merge(&mut model, more);
        serde_json::from_value(model).unwrap()
    }

    /// What is said of the change of the monitoring configuration, while `orders` reports to it.
    fn said(more: &Value) -> Option<String> {
        let mut facts = fixtures::facts();
        let orders = facts.databases.as_mut().unwrap().get_mut("orders").unwrap();
        let to_pmm = json!({"monitoringConfigName": "pmm"});
        orders.spec.monitoring = serde_json::from_value(to_pmm).unwrap();
        let what = "everest_monitoring_config prod/pmm";
        let (prior, planned) = (monitoring(&json!({})), monitoring(more));
        let summary = of_monitoring_config(what, &prior, &planned, &facts);
        summary.map(|summary| format!("{}\n{}", summary.headline, summary.detail))
    }

    #[test]
    fn another_server_or_client_restarts_pods_and_another_port_does_not() {
        for pmm in [
            json!({"url": "https://other.example.com"}),
            json!({"image": "percona/pmm-client:3"}),
        ] {
            let text = said(&json!({"spec": {"pmm": pmm}})).unwrap();
            let headline = "Rolling restart: the change of everest_monitoring_config prod/pmm \
                            restarts pods of 1 database\n";
            assert!(text.starts_with(headline), "{text}");
            assert!(
                text.contains("in the pods of the database orders"),
                "{text}"
            );
        }
        for same in [
            json!({"spec": {"pmm": {"url": "https://pmm.example.com:8443"}}}),
            json!({"spec": {"verifyTLS": false}}),
            json!({"apiKeyWoVersion": 2}),
        ] {
            assert_eq!(said(&same), None, "{same}");
        }
    }
}

//! The pods of a database.

use everest_schemas::models::{Component, Container};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

/// The label that all engine operators put on the pods of a database, with its name.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";

/// The label with what a pod is for.
const COMPONENT_LABEL: &str = "app.kubernetes.io/component";

/// The model of a pod.
pub fn observed(pod: &Pod) -> Component {
    let spec = pod.spec.as_ref();
    let status = pod.status.as_ref();
    let statuses: &[ContainerStatus] = status
        .and_then(|status| status.container_statuses.as_deref())
        .unwrap_or_default();
    let mut containers: Vec<_> = spec
        .into_iter()
        .flat_map(|spec| &spec.containers)
        .map(|container| {
            let status = statuses.iter().find(|status| status.name == container.name);
            Container {
                name: container.name.clone(),
                image: container.image.clone().unwrap_or_default(),
                ready: status.is_some_and(|status| status.ready),
                restarts: status.map_or(0, |status| status.restart_count.into()),
                state: status.and_then(|status| word(status.state.as_ref()?)),
            }
        })
        .collect();
    containers.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let labels = pod.metadata.labels.as_ref();
    let started = status.and_then(|status| status.start_time.as_ref());
    Component {
        name: pod.metadata.name.clone().unwrap_or_default(),
        component: labels
            .and_then(|labels| labels.get(COMPONENT_LABEL))
            .cloned(),
        status: status.and_then(|status| status.phase.clone()),
        ready: !containers.is_empty() && containers.iter().all(|container| container.ready),
        restarts: containers.iter().map(|container| container.restarts).sum(),
        node: spec.and_then(|spec| spec.node_name.clone()),
        started_at: started.map(|time| time.0.to_string()),
        containers,
    }
}

/// The state of a container in one word.
fn word(state: &ContainerState) -> Option<String> {
    if state.running.is_some() {
        return Some("running".to_owned());
    }
    let waits = state
        .waiting
        .as_ref()
        .and_then(|waiting| waiting.reason.clone());
    waits.or_else(|| state.terminated.as_ref()?.reason.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_is_ready_once_each_of_its_containers_is() {
        let mut pod = json!({
            "metadata": {"name": "orders-pxc-0", "labels": {
                "app.kubernetes.io/instance": "orders", "app.kubernetes.io/component": "pxc"}},
            "spec": {"nodeName": "n1", "containers": [
                {"name": "pxc", "image": "pxc:8"}, {"name": "logs", "image": "fluentbit:4"}]},
            "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z", "containerStatuses": [
                {"name": "pxc", "image": "", "imageID": "", "ready": true, "restartCount": 2,
                    "state": {"running": {}}},
                {"name": "logs", "image": "", "imageID": "", "ready": false, "restartCount": 3,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}});
        let found = observed(&serde_json::from_value(pod.clone()).unwrap());
        assert_eq!(found.component.as_deref(), Some("pxc"));
        assert_eq!((found.ready, found.restarts), (false, 5));
        assert_eq!(found.node.as_deref(), Some("n1"));
        let states: Vec<_> = found
            .containers
            .iter()
            .map(|each| each.state.as_deref())
            .collect();
        assert_eq!(states, [Some("CrashLoopBackOff"), Some("running")]);
        pod["status"]["containerStatuses"][1]["ready"] = json!(true);
        assert!(observed(&serde_json::from_value(pod).unwrap()).ready);
    }

    #[test]
    fn a_pod_that_nothing_has_started_is_not_ready() {
        let pod = json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "pxc"}]},
            "status": {"phase": "Pending"}});
        let found = observed(&serde_json::from_value(pod).unwrap());
        assert_eq!((found.ready, found.containers.len()), (false, 1));
        assert_eq!(found.containers[0].state, None);
    }
}

use super::*;

fn key(namespace: &str) -> ResourceKey {
    ResourceKey {
        gvk: "notes.example.org/v1alpha1, Kind=Database".to_owned(),
        namespace: namespace.to_owned(),
        name: "orders".to_owned(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// The value of the line that begins so.
fn value(metrics: &Metrics, name: &str) -> Option<f64> {
    let text = metrics.text();
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

const LABEL: &str = "{gvk=\"notes.example.org/v1alpha1, Kind=Database\"}";

#[test]
fn two_resources_of_one_name_are_counted_apart() {
    let metrics = Metrics::new("notes");
    for namespace in ["a", "b"] {
        metrics.first_reconciled(&key(namespace), at(10), at(12));
        metrics.first_reconciled(&key(namespace), at(10), at(90));
        metrics.first_ready(&key(namespace), at(10), at(40));
    }
    let name = |suffix: &str| {
        format!("crossplane_managed_resource_first_time_to_reconcile_seconds_{suffix}{LABEL}")
    };
    assert_eq!(value(&metrics, &name("count")), Some(2.0));
    assert_eq!(value(&metrics, &name("sum")), Some(4.0));
    let ready = format!("crossplane_managed_resource_first_time_to_readiness_seconds_sum{LABEL}");
    assert_eq!(value(&metrics, &ready), Some(60.0));
}

#[test]
fn a_resource_that_was_there_before_the_process_was_not_made_ready_by_it() {
    let metrics = Metrics::new("notes");
    metrics.first_ready(&key("a"), at(10), at(4000));
    let ready = format!("crossplane_managed_resource_first_time_to_readiness_seconds_count{LABEL}");
    assert_eq!(value(&metrics, &ready), None);
}

#[test]
fn what_is_gone_is_neither_counted_nor_remembered() {
    let metrics = Metrics::new("notes");
    metrics.state(&key("a"), true, true);
    metrics.state(&key("b"), false, true);
    metrics.unchanged(&key("b"));
    let gauge = |name: &str| {
        value(
            &metrics,
            &format!("crossplane_managed_resource_{name}{LABEL}"),
        )
    };
    assert_eq!(
        ["exists", "ready", "synced"].map(gauge),
        [Some(2.0), Some(1.0), Some(2.0)]
    );
    metrics.deleted(&key("a"), at(1), at(4));
    metrics.forget(&key("b"));
    assert_eq!(
        ["exists", "ready", "synced"].map(gauge),
        [Some(0.0), Some(0.0), Some(0.0)]
    );
    assert_eq!(metrics.resources().len(), 0);
    let deletion = format!("crossplane_managed_resource_deletion_seconds_sum{LABEL}");
    assert_eq!(value(&metrics, &deletion), Some(3.0));
}

#[tokio::test(start_paused = true)]
async fn a_drift_is_as_old_as_the_last_match() {
    let metrics = Metrics::new("notes");
    metrics.drifted(&key("a"));
    metrics.unchanged(&key("a"));
    tokio::time::advance(Duration::from_secs(7)).await;
    metrics.drifted(&key("a"));
    metrics.drifted(&key("a"));
    let name = |suffix: &str| format!("crossplane_managed_resource_drift_seconds_{suffix}{LABEL}");
    assert_eq!(value(&metrics, &name("sum")), Some(7.0));
    assert_eq!(value(&metrics, &name("count")), Some(1.0));
}

#[test]
fn a_reconcile_that_is_broken_off_is_an_error() {
    let metrics = Metrics::new("notes");
    drop(metrics.reconcile("database"));
    metrics.reconcile("database").ended(Outcome::Success);
    for result in ["error", "success"] {
        let name = format!(
            "controller_runtime_reconcile_total{{controller=\"database\",result=\"{result}\"}}"
        );
        assert_eq!(value(&metrics, &name), Some(1.0), "{}", metrics.text());
    }
    let workers = "controller_runtime_active_workers{controller=\"database\"}";
    assert_eq!(value(&metrics, workers), Some(0.0));
}

#[test]
fn writes_are_counted() {
    let metrics = Metrics::new("notes");
    metrics.written(&key("a"), Verb::Create);
    let line = "notes_external_resource_writes_total{gvk=\"notes.example.org/v1alpha1, Kind=Database\",verb=\"create\"} 1";
    assert!(metrics.text().contains(line), "{}", metrics.text());
}

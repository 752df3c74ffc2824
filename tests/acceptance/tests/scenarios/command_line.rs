//! The provider's program as people run it, on a real control plane.

use std::process::{Command, Output};

use serde_json::Value;

use crate::lent::Lent;
use crate::stack::{kubeconfig, setting};

fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(setting("EVEREST_TEST_PROVIDER"));
    program.args(arguments).output().unwrap()
}

/// The authorisers of a real API server list the rights, and its definitions are read.
#[test]
fn doctor_sees_a_real_cluster_as_it_is() {
    let lent = Lent::with("pxc");
    let namespace = lent.namespace();
    let kubeconfig = kubeconfig();
    let doctor = ["doctor", "--json", "--namespace", namespace];
    let checked = run(&[&doctor[..], &["--kubeconfig", &kubeconfig]].concat());
    let said = String::from_utf8_lossy(&checked.stderr);
    let report: Value = serde_json::from_slice(&checked.stdout).expect(&said);
    let checks = report["checks"].as_array().unwrap();
    let is = |id: &str| {
        let of_id = checks.iter().filter(|check| check["check"] == id);
        of_id
            .map(|check| check["status"].clone())
            .collect::<Vec<_>>()
    };
    for id in ["kubernetes", "identity", "definitions", "catalog"] {
        assert_eq!(is(id), ["ok"], "{id} in {report:#}");
    }
    // Everest's API server is there only while a scenario about it runs.
    let everest = &is("everest")[0];
    assert!(everest == "ok" || everest == "warning", "{report:#}");
    assert_eq!(is("webhooks"), ["ok", "ok"], "{report:#}");
    assert_eq!(is("namespaces"), [""; 0], "{report:#}");
    let operators = is("operator");
    assert!(!operators.contains(&"failed".into()), "{report:#}");
    let rights = is("rights");
    assert!(
        !rights.is_empty() && rights.iter().all(|status| status == "ok"),
        "{report:#}"
    );
    // A simulated everest-operator is no Deployment.
    let failed = checks.iter().filter(|check| check["status"] == "failed");
    let failed: Vec<_> = failed.map(|check| &check["check"]).collect();
    assert!(
        failed.iter().all(|id| *id == "everest-operator"),
        "{report:#}"
    );
    assert_eq!(checked.status.code(), Some(i32::from(!failed.is_empty())));

    let unreached = run(&["doctor", "--kubeconfig", "/nowhere/config"]);
    assert_eq!(unreached.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unreached.stdout).contains("✗ cluster"));
    assert_eq!(run(&["docter"]).status.code(), Some(2));
}

//! The table of requests that a real API server is asked as well.

use std::collections::BTreeSet;

use serde_json::json;
use test_apiserver::{ApiServer, table};

/// What this server answers to each case.
async fn answers() -> Vec<table::Answered> {
    let server = ApiServer::new();
    for definition in table::definitions() {
        server.put(definition);
    }
    let admin = server.client();
    let limited = server.process().of_user("limited", table::may_limited);
    let mut all = Vec::new();
    for (place, case) in table::cases().iter().enumerate() {
        let namespace = format!("table-{place}");
        server.put(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace}}));
        all.extend(table::run(case, &admin, &limited.client(), &namespace).await);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn every_request_of_the_table_is_answered_and_alike_each_time() {
    let (one, two) = (answers().await, answers().await);
    assert_eq!(table::differences(&one, &two), Vec::<String>::new());
    let codes: BTreeSet<u16> = one.iter().map(|answered| answered.code).collect();
    for code in [200, 201, 400, 403, 404, 409, 415, 422, 500] {
        assert!(codes.contains(&code), "no answer is {code}");
    }
}

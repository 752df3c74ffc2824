//! Writes, as the API server counts them itself.

use kube::Client;

use crate::failure::Failure;

/// Groups whose objects nobody has a reason to write when nothing happens.
const GROUPS: [&str; 4] = [
    "everest.percona.com",
    "everest.m.openeverest.io",
    "platform.example.org",
    "pgv2.percona.com",
];

/// How many writes of databases, of what stands in front of them and of Secrets
/// there have been.
pub(super) async fn count(client: &Client) -> Result<u64, Failure> {
    let request = http::Request::get("/metrics")
        .body(Vec::new())
        .map_err(|error| Failure::Check(error.to_string()))?;
    let metrics = client
        .request_text(request)
        .await
        .map_err(|error| Failure::Check(format!("metrics of the API server: {error}")))?;
    Ok(writes(&metrics))
}

fn writes(metrics: &str) -> u64 {
    metrics
        .lines()
        .filter_map(|line| line.strip_prefix("apiserver_request_total{"))
        .filter_map(|line| line.split_once("} "))
        .filter(|(labels, _)| {
            let has = |name: &str, values: &[&str]| {
                values
                    .iter()
                    .any(|value| labels.contains(&format!("{name}=\"{value}\"")))
            };
            let ours = has("group", &GROUPS) || has("resource", &["secrets"]);
            ours && has("verb", &["POST", "PUT", "PATCH", "APPLY", "DELETE"])
        })
        .filter_map(|(_, figure)| figure.trim().parse::<f64>().ok())
        .sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_of_ours_are_counted_and_reads_and_others_are_not() {
        let metrics = "\
# TYPE apiserver_request_total counter
apiserver_request_total{code=\"200\",group=\"everest.percona.com\",resource=\"databaseclusters\",verb=\"PATCH\"} 3
apiserver_request_total{code=\"200\",group=\"\",resource=\"secrets\",verb=\"APPLY\"} 2
apiserver_request_total{code=\"200\",group=\"everest.percona.com\",resource=\"databaseclusters\",verb=\"LIST\"} 50
apiserver_request_total{code=\"200\",group=\"coordination.k8s.io\",resource=\"leases\",verb=\"PUT\"} 70
";
        assert_eq!(writes(metrics), 5);
    }
}

//! `version`.

/// The versions, one a line.
pub fn text() -> String {
    format!(
        "{} {}\n\
         plugin protocol   {}\n\
         Everest           v1 ({}); v2 is refused\n\
         Kubernetes client {}\n",
        super::PROGRAM,
        env!("CARGO_PKG_VERSION"),
        tfplugin::PROTOCOL_VERSION,
        everest_core::api::API_VERSION,
        everest_cluster::CLIENT,
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_client_is_the_one_that_is_built_in() {
        let lock = include_str!("../../../../Cargo.lock");
        let locked = |name: &str| {
            let begin = format!("name = \"{name}\"\nversion = \"");
            let (_, rest) = lock.split_once(&begin).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let client = everest_cluster::CLIENT;
        let kube = format!("kube {},", locked("kube"));
        assert!(client.starts_with(&kube), "{client}, not {kube}");
        // The newest feature of k8s-openapi is `latest`, which the workspace selects.
        assert!(client.ends_with("1.37") && locked("k8s-openapi").starts_with("0.29."));
    }
}

//! Everest itself and the catalog of its operators.

use everest_schemas::olm::CatalogSource;
use k8s_openapi::api::apps::v1::Deployment;

use super::Seen;
use crate::api;
use crate::version::Version;

/// The API group that only Everest v2 serves.
pub const V2_GROUP: &str = "core.openeverest.io";

/// Everest's own namespace.
pub const SYSTEM_NAMESPACE: &str = "everest-system";

/// The Deployments of Everest's API server, whose image has Everest's version: that of now, and
/// that before 1.4.
///
/// Source: everest `pkg/version/everest.go`, `pkg/common`.
pub const SERVERS: [&str; 2] = ["everest-server", "percona-everest"];

/// The container of the API server in these Deployments.
const SERVER_CONTAINER: &str = "everest";

/// Everest and its catalog, as far as they may be looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EverestFacts {
    /// The lines of Everest that the cluster serves; `None` if that is not known.
    pub lines: Option<Lines>,
    /// Everest's version, if it can be told.
    pub version: Option<Version>,
    /// The catalog.
    pub catalog: CatalogFacts,
}

/// The catalog that the operators of engines come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogFacts {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The catalog as OLM sees it.
    pub source: Seen<CatalogSource>,
}

/// The lines of Everest whose kinds a cluster serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Everest v1.
    pub v1: bool,
    /// Everest v2.
    pub v2: bool,
}

impl Lines {
    /// The lines by the API groups of a cluster.
    pub fn among<'a>(groups: impl IntoIterator<Item = &'a str>) -> Self {
        let mut lines = Lines {
            v1: false,
            v2: false,
        };
        for group in groups {
            lines.v1 |= group == api::GROUP;
            lines.v2 |= group == V2_GROUP;
        }
        lines
    }
}

/// Everest's version, from the Deployment of its API server: the tag of the image. `None` for an
/// image without a tag that is a version, and for a development build, which calls itself 0.0.0.
pub fn everest_version(server: &Deployment) -> Option<Version> {
    let pods = server.spec.template.spec.as_ref()?;
    let mut containers = pods.containers.iter();
    let container = containers.find(|container| container.name == SERVER_CONTAINER)?;
    let image = container.image.as_deref()?;
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    let (_, name) = image.rsplit_once('/').unwrap_or(("", image));
    let version: Version = name.split_once(':')?.1.parse().ok()?;
    (!version.is_before(0, 1)).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cluster_serves_the_lines_whose_groups_it_has() {
        for (groups, v1, v2) in [
            (&["apps", "everest.percona.com"][..], true, false),
            (&["core.openeverest.io"], false, true),
            (&["everest.percona.com", "core.openeverest.io"], true, true),
            (&["operators.coreos.com"], false, false),
        ] {
            assert_eq!(Lines::among(groups.iter().copied()), Lines { v1, v2 });
        }
    }

    #[test]
    fn everests_version_is_the_tag_of_its_servers_image() {
        let version = |image: &str| {
            let server = json!({"metadata": {}, "spec": {"selector": {}, "template": {"spec":
            {"containers": [
                {"name": "sidecar", "image": "proxy:9.9.9"},
                {"name": "everest", "image": image},
            ]}}}});
            everest_version(&serde_json::from_value(server).unwrap())
        };
        for (image, tag) in [
            ("ghcr.io/openeverest/openeverest:1.16.2", "1.16.2"),
            ("percona/everest:v1.3.0", "1.3.0"),
            ("registry:5000/everest:1.4.0-rc1@sha256:0123", "1.4.0-rc1"),
        ] {
            assert_eq!(version(image), tag.parse().ok(), "{image}");
        }
        for image in [
            "registry:5000/everest",
            "perconalab/everest:0.0.0",
            "perconalab/everest:main",
            "everest@sha256:0123",
        ] {
            assert_eq!(version(image), None, "{image}");
        }
    }
}

//! A registry that hands out packages: the reading half of the OCI distribution
//! API, from a folder of OCI layouts. `PATH/index.json` below the folder is the
//! repository `PATH`. Files are read when they are asked for, so what is
//! packaged anew is served at once.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Annotation of an entry of a layout's index that holds its tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// What the registry says to one request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub media_type: String,
    /// Digest of the body, for manifests and blobs.
    pub digest: Option<String>,
    /// The body, which is left out of the answer to a HEAD.
    pub body: Vec<u8>,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            media_type: "application/json".to_owned(),
            digest: None,
            body: body.to_string().into_bytes(),
        }
    }

    fn unknown(code: &str, what: &str) -> Self {
        Self::json(
            404,
            &json!({ "errors": [{ "code": code, "message": format!("{what} is not in this registry") }] }),
        )
    }
}

/// A folder of OCI layouts as a registry.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: PathBuf,
}

impl Registry {
    /// The registry of the layouts below `folder`, which need not exist yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Answers a GET or HEAD of a path such as `/v2/provider/manifests/v1`.
    #[must_use]
    pub fn answer(&self, path: &str) -> Answer {
        let Some(rest) = path.strip_prefix("/v2") else {
            return Answer::unknown("NOT_FOUND", path);
        };
        let rest = rest.trim_matches('/');
        if rest.is_empty() {
            return Answer::json(200, &json!({}));
        }
        if let Some(repository) = rest.strip_suffix("/tags/list") {
            return self.tags(repository);
        }
        if let Some((repository, reference)) = rest.rsplit_once("/manifests/") {
            return self.manifest(repository, reference);
        }
        if let Some((repository, digest)) = rest.rsplit_once("/blobs/") {
            return self.blob(repository, digest).map_or_else(
                || Answer::unknown("BLOB_UNKNOWN", digest),
                |body| Answer {
                    status: 200,
                    media_type: "application/octet-stream".to_owned(),
                    digest: Some(digest.to_owned()),
                    body,
                },
            );
        }
        Answer::unknown("NOT_FOUND", path)
    }

    fn tags(&self, repository: &str) -> Answer {
        let Some(index) = self.index(repository) else {
            return Answer::unknown("NAME_UNKNOWN", repository);
        };
        let tags: Vec<&Value> = entries(&index)
            .filter_map(|entry| entry.pointer("/annotations")?.get(TAG))
            .collect();
        Answer::json(200, &json!({ "name": repository, "tags": tags }))
    }

    fn manifest(&self, repository: &str, reference: &str) -> Answer {
        let digest = if reference.starts_with("sha256:") {
            Some(reference.to_owned())
        } else {
            self.index(repository).and_then(|index| {
                entries(&index)
                    .find(|entry| {
                        entry
                            .pointer("/annotations")
                            .and_then(|all| all.get(TAG))
                            .and_then(Value::as_str)
                            == Some(reference)
                    })
                    .and_then(|entry| Some(entry.get("digest")?.as_str()?.to_owned()))
            })
        };
        let found = digest.and_then(|digest| Some((self.blob(repository, &digest)?, digest)));
        let Some((body, digest)) = found else {
            return Answer::unknown("MANIFEST_UNKNOWN", &format!("{repository}:{reference}"));
        };
        let media_type = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|manifest| Some(manifest.get("mediaType")?.as_str()?.to_owned()));
        match media_type {
            Some(media_type) => Answer {
                status: 200,
                media_type,
                digest: Some(digest),
                body,
            },
            None => Answer::unknown("MANIFEST_UNKNOWN", &digest),
        }
    }

    fn index(&self, repository: &str) -> Option<Value> {
        let path = self.repository(repository)?.join("index.json");
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// A blob whose content is what its name says.
    fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        let hexadecimal = digest.strip_prefix("sha256:")?;
        if hexadecimal.len() != 64 || !hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let path = self
            .repository(repository)?
            .join("blobs/sha256")
            .join(hexadecimal);
        let content = fs::read(path).ok()?;
        let is: String = Sha256::digest(&content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        (is == hexadecimal).then_some(content)
    }

    /// The layout's folder; none for a name that leads out of the registry.
    fn repository(&self, name: &str) -> Option<PathBuf> {
        let path = Path::new(name);
        path.components()
            .all(|part| matches!(part, Component::Normal(_)))
            .then(|| self.folder.join(path))
    }
}

fn entries(index: &Value) -> impl Iterator<Item = &Value> {
    index
        .get("manifests")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository `team/thing` whose tag `v1` is a manifest without layers.
    fn registry() -> (tempfile::TempDir, Registry, String) {
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("team/thing");
        let blobs = layout.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let manifest = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}"#;
        let hexadecimal: String = Sha256::digest(manifest)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        fs::write(blobs.join(&hexadecimal), manifest).unwrap();
        let digest = format!("sha256:{hexadecimal}");
        let index = json!({ "schemaVersion": 2, "manifests": [
            { "digest": digest, "size": manifest.len(), "annotations": { TAG: "v1" } },
        ]});
        fs::write(layout.join("index.json"), index.to_string()).unwrap();
        let registry = Registry::new(folder.path().to_owned());
        (folder, registry, digest)
    }

    #[test]
    fn a_manifest_is_found_by_tag_and_by_digest() {
        let (_folder, registry, digest) = registry();
        let by_tag = registry.answer("/v2/team/thing/manifests/v1");
        assert_eq!(by_tag.status, 200);
        assert_eq!(
            by_tag.media_type,
            "application/vnd.oci.image.manifest.v1+json"
        );
        assert_eq!(by_tag.digest.as_deref(), Some(digest.as_str()));
        assert_eq!(
            registry.answer(&format!("/v2/team/thing/manifests/{digest}")),
            by_tag
        );
    }

    #[test]
    fn tags_are_listed() {
        let (_folder, registry, _) = registry();
        let answer = registry.answer("/v2/team/thing/tags/list");
        let list: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(list, json!({ "name": "team/thing", "tags": ["v1"] }));
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        let (_folder, registry, _) = registry();
        for path in [
            "/v2/team/other/tags/list",
            "/v2/team/thing/manifests/v2",
            "/v2/team/thing/blobs/sha256:00",
            "/somewhere",
        ] {
            assert_eq!(registry.answer(path).status, 404, "{path}");
        }
    }

    #[test]
    fn a_blob_that_is_not_what_its_name_says_is_not_handed_out() {
        let (folder, registry, digest) = registry();
        let path = folder
            .path()
            .join("team/thing/blobs/sha256")
            .join(&digest["sha256:".len()..]);
        fs::write(path, "something else").unwrap();
        assert_eq!(
            registry
                .answer(&format!("/v2/team/thing/blobs/{digest}"))
                .status,
            404
        );
    }

    #[test]
    fn names_do_not_lead_out_of_the_registry() {
        let (folder, _, digest) = registry();
        let inner = Registry::new(folder.path().join("team/inner"));
        assert_eq!(
            inner.answer(&format!("/v2/../thing/blobs/{digest}")).status,
            404
        );
    }
}

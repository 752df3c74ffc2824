//! What a request asks for.

use std::collections::BTreeMap;

use http::request::Parts;
use serde_json::Value;

/// A request, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Path and query as they were sent.
    pub target: String,
    /// The query's parameters.
    pub query: BTreeMap<String, String>,
    /// The body, `null` if there is none.
    pub body: Value,
    /// The verb as RBAC has it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`,
    /// `deletecollection`.
    pub verb: &'static str,
    /// Group, empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural, empty for requests that are for no resource.
    pub resource: String,
    /// Subresource, empty if there is none.
    pub subresource: String,
    /// Namespace, empty if there is none.
    pub namespace: String,
    /// Name, empty if there is none.
    pub name: String,
    pub(crate) content_type: String,
    pub(crate) metadata_only: bool,
    pub(crate) agent: String,
}

impl Asked {
    pub(crate) fn new(parts: &Parts, body: Value) -> Self {
        let header = |name: http::HeaderName| {
            let value = parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let content_type = header(http::header::CONTENT_TYPE);
        let query = url_pairs(parts.uri.query().unwrap_or_default());
        let mut asked = Self {
            method: parts.method.to_string(),
            path: parts.uri.path().trim_end_matches('/').to_owned(),
            target: parts
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            query,
            body,
            content_type: content_type
                .split(';')
                .next()
                .unwrap_or_default()
                .to_owned(),
            metadata_only: header(http::header::ACCEPT).contains("as=PartialObjectMetadata"),
            agent: header(http::header::USER_AGENT),
            ..Self::default()
        };
        asked.place();
        asked
    }

    /// Reads group, version, resource and name out of the path.
    fn place(&mut self) {
        let path = self.path.clone();
        let mut parts = path
            .trim_matches('/')
            .split('/')
            .filter(|part| !part.is_empty());
        match parts.next() {
            Some("api") => {}
            Some("apis") => self.group = parts.next().unwrap_or_default().to_owned(),
            _ => {
                self.verb = self.verb_of();
                return;
            }
        }
        self.version = parts.next().unwrap_or_default().to_owned();
        let mut rest: Vec<&str> = parts.collect();
        if rest.first() == Some(&"namespaces") && rest.len() > 1 {
            self.namespace = rest[1].to_owned();
            if rest.len() > 2 && !["status", "finalize"].contains(&rest[2]) {
                rest.drain(..2);
            }
        }
        let mut rest = rest.into_iter().map(str::to_owned);
        self.resource = rest.next().unwrap_or_default();
        self.name = rest.next().unwrap_or_default();
        self.subresource = rest.next().unwrap_or_default();
        self.verb = self.verb_of();
    }

    fn verb_of(&self) -> &'static str {
        let is_one = !self.name.is_empty() || self.resource.is_empty();
        match self.method.as_str() {
            "GET" if self.is_watch() => "watch",
            "GET" if is_one => "get",
            "GET" => "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if is_one => "delete",
            _ => "deletecollection",
        }
    }

    /// Returns true if the request may change something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && !self.is_dry_run()
    }

    pub(crate) fn is_watch(&self) -> bool {
        self.flag("watch")
    }

    pub(crate) fn is_apply(&self) -> bool {
        self.content_type == "application/apply-patch+yaml"
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.parameter("dryRun") == "All" || self.body["dryRun"][0] == "All"
    }

    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        ["true", "1"].contains(&self.parameter(name))
    }

    /// The field manager of a write: named, or else the client program.
    pub(crate) fn manager(&self) -> String {
        let named = self.parameter("fieldManager");
        let program = self.agent.split('/').next().unwrap_or_default();
        [named, program, "unknown"]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default()
            .to_owned()
    }

    /// The request as a line: `PATCH /api/v1/…`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn url_pairs(query: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

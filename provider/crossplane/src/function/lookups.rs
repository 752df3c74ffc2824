//! Objects that Crossplane looks up for the function: required resources, by name or kind.
//!
//! Crossplane calls the function again with the objects it found, until the function requests
//! nothing new. The requests follow from the input and the observed resources, never from an
//! answer, so the second call has all objects. From Crossplane 2.4 on they are watched: a change of one
//! of them, or of an object that a label selects, reconciles the composite resource. So a selector
//! names as few objects as the rules need. Before 2.4 they are looked up again at the next reconcile
//! of the composite resource, at the latest after the response's time to live.

use std::collections::{BTreeMap, HashMap};

use everest_core::facts::{All, Seen};
use everest_schemas::function::Lookups as Wish;
use function_sdk_rust::proto::v1::{
    Capability, MatchLabels, Requirements, ResourceSelector, RunFunctionRequest,
    resource_selector::Match,
};
use function_sdk_rust::request;
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The lookups of a request, and the answers in it.
pub(super) struct Lookups<'a> {
    request: &'a RunFunctionRequest,
    wish: Wish,
    able: bool,
    asked: BTreeMap<String, ResourceSelector>,
}

impl<'a> Lookups<'a> {
    /// The lookups of a request.
    pub(super) fn of(request: &'a RunFunctionRequest, wish: Wish) -> Self {
        // Before 2.2 Crossplane did not tell what it can, and could this.
        let able = !request::advertises_capabilities(request)
            || request::has_capability(request, Capability::RequiredResources);
        Self {
            request,
            wish,
            able,
            asked: BTreeMap::new(),
        }
    }

    /// Returns true if objects of Everest and its engines may be looked up.
    pub(super) fn everest(&self) -> bool {
        self.able && self.wish != Wish::None
    }

    /// Returns true if objects of Kubernetes itself may be looked up, besides the Secrets with
    /// credentials.
    pub(super) fn kubernetes(&self) -> bool {
        self.able && self.wish == Wish::All
    }

    /// Returns true if another call will bring further answers.
    pub(super) fn waiting(&self) -> bool {
        self.asked
            .keys()
            .any(|key| !self.request.required_resources.contains_key(key))
    }

    /// The lookups for the response.
    pub(super) fn into_requirements(self) -> Option<Requirements> {
        (!self.asked.is_empty()).then(|| Requirements {
            resources: self.asked.into_iter().collect::<HashMap<_, _>>(),
            ..Requirements::default()
        })
    }

    /// An object of a kind that has a type.
    pub(super) fn named<K>(&mut self, namespace: Option<&str>, name: &str) -> Seen<K>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        match self.object(&K::api_version(&()), &K::kind(&()), namespace, name) {
            Seen::Unread => Seen::Unread,
            Seen::Absent => Seen::Absent,
            // What has another shape than this version knows is not judged.
            Seen::Found(object) => serde_json::from_value(object)
                .map(Seen::Found)
                .unwrap_or_default(),
        }
    }

    /// An object by its kind.
    pub(super) fn object(
        &mut self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Seen<Value> {
        let match_ = Match::MatchName(name.to_owned());
        let Some(found) = self.ask(api_version, kind, namespace, Some(match_)) else {
            return Seen::Unread;
        };
        found.into_iter().next().map_or(Seen::Absent, Seen::Found)
    }

    /// All objects of a kind, those of a namespace if one is given.
    pub(super) fn all<K>(&mut self, namespace: Option<&str>) -> All<K>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        // Crossplane selects by name or by labels; no label is every object.
        self.selected(namespace, MatchLabels::default())
    }

    /// The objects of a kind in a namespace that have a label.
    pub(super) fn labelled<K>(&mut self, namespace: &str, label: &str, value: &str) -> All<K>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        let labels = HashMap::from([(label.to_owned(), value.to_owned())]);
        self.selected(Some(namespace), MatchLabels { labels })
    }

    fn selected<K>(&mut self, namespace: Option<&str>, labels: MatchLabels) -> All<K>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        let match_ = Match::MatchLabels(labels);
        let found = self.ask(&K::api_version(&()), &K::kind(&()), namespace, Some(match_))?;
        found
            .into_iter()
            .map(|object| {
                let object: K = serde_json::from_value(object).ok()?;
                Some((object.meta().name.clone()?, object))
            })
            .collect()
    }

    fn ask(
        &mut self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        match_: Option<Match>,
    ) -> Option<Vec<Value>> {
        if !self.able {
            return None;
        }
        let mut key = format!("{api_version}/{kind}");
        let selects = match &match_ {
            Some(Match::MatchName(name)) => name.clone(),
            Some(Match::MatchLabels(selector)) => {
                let labels: BTreeMap<_, _> = selector.labels.iter().collect();
                let pairs = labels
                    .iter()
                    .map(|(label, value)| format!("{label}={value}"));
                pairs.collect::<Vec<_>>().join(",")
            }
            None => String::new(),
        };
        for part in [namespace.unwrap_or_default(), &selects] {
            key.push('/');
            key.push_str(part);
        }
        let found = request::get_required_resources(self.request, &key);
        self.asked.insert(
            key,
            ResourceSelector {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                r#match: match_,
                namespace: namespace.map(str::to_owned),
            },
        );
        found
    }
}

//! Questions about the user who asks: SelfSubjectReview, SelfSubjectAccessReview,
//! SelfSubjectRulesReview.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::request::Asked;
use crate::server::ApiServer;
use crate::user::{Asks, User};

/// The groups of the reviews.
pub(crate) const REVIEWS: [&str; 2] = ["authentication.k8s.io", "authorization.k8s.io"];

/// The verbs that rules are made of.
const VERBS: [&str; 8] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

impl ApiServer {
    /// Answers a review.
    pub(crate) fn review(&self, asked: &Asked, user: &User) -> Result<Value, Failure> {
        let status = match asked.resource.as_str() {
            "selfsubjectreviews" => json!({"userInfo": {"username": user.name,
                "groups": ["system:authenticated"]}}),
            "selfsubjectrulesreviews" if asked.body["spec"]["namespace"] == "" => {
                return Err(Failure::new(400, "BadRequest", "no namespace on request"));
            }
            "selfsubjectrulesreviews" => self.rules(asked, user),
            _ => json!({"allowed": is_allowed(asked, user)}),
        };
        let mut review = asked.body.clone();
        review["status"] = status;
        Ok(review)
    }

    /// The rules of a user in a namespace: one for each kind, in the verbs that the user has on all
    /// objects of it.
    fn rules(&self, asked: &Asked, user: &User) -> Value {
        let namespace = asked.body["spec"]["namespace"].as_str().unwrap_or_default();
        let state = self.lock();
        let kinds = state.kinds.iter();
        let rules: Vec<Value> = kinds
            .filter_map(|kind| {
                let verbs = VERBS.into_iter().filter(|verb| {
                    user.may(&Asks {
                        verb,
                        group: &kind.group,
                        resource: &kind.plural,
                        namespace: if kind.namespaced { namespace } else { "" },
                        name: "",
                    })
                });
                let verbs: Vec<_> = verbs.collect();
                (!verbs.is_empty()).then(|| {
                    json!({"verbs": verbs, "apiGroups": [kind.group], "resources": [kind.plural]})
                })
            })
            .collect();
        json!({"resourceRules": rules, "nonResourceRules": [], "incomplete": false})
    }
}

fn is_allowed(asked: &Asked, user: &User) -> bool {
    let attributes = &asked.body["spec"]["resourceAttributes"];
    let text = |name: &str| attributes[name].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        part => format!("{}/{part}", text("resource")),
    };
    user.may(&Asks {
        verb: text("verb"),
        group: text("group"),
        resource: &resource,
        namespace: text("namespace"),
        name: text("name"),
    })
}

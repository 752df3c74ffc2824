//! One role among the lines of Everest's access control.
//!
//! To a role belong the `p` lines whose subject it is, and the `g` lines that give somebody the
//! role. All other lines, with comments and empty ones, keep their text and their order.

use std::collections::BTreeSet;

use everest_schemas::Field;
use everest_schemas::models::{Permission, RbacRoleModel};
use k8s_openapi::api::core::v1::ConfigMap;
use serde::Serialize;
use serde_json::Value;

use super::policy::{self, Entry, Line, PolicyError, ROLE_PREFIX};
use super::{Exists, Next};
use crate::dry_run::is_known;
use crate::version::Version;

/// The lines of a role without their order: what it may do, and who has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Content {
    permissions: BTreeSet<[String; 3]>,
    members: BTreeSet<String>,
}

/// Plans the permissions and the members of a role as they are, where another order is all that
/// differs. Each is decided by itself: one that is not known yet says nothing about the other.
pub fn keep_order(planned: &mut RbacRoleModel, prior: &RbacRoleModel) {
    let (before, now) = (content(prior), content(planned));
    if is_given(&prior.permissions)
        && is_given(&planned.permissions)
        && before.permissions == now.permissions
    {
        planned.permissions.clone_from(&prior.permissions);
    }
    if is_given(&prior.members) && is_given(&planned.members) && before.members == now.members {
        planned.members.clone_from(&prior.members);
    }
}

/// Returns true if there is a list, and all of it is known.
fn is_given<T: Serialize>(list: &Field<Vec<T>>) -> bool {
    !list.is_null() && is_known(list)
}

/// The name of a role in a policy.
pub fn subject(name: &str) -> String {
    format!("{ROLE_PREFIX}{name}")
}

/// A role of a policy; `None` if no line belongs to it. If it has the permissions and the members
/// of `prior`, it is written as `prior` is.
pub fn role(
    config_map: &ConfigMap,
    name: &str,
    prior: Option<&RbacRoleModel>,
) -> Option<RbacRoleModel> {
    role_in(&policy::lines_of(policy::text(config_map)), name, prior)
}

fn role_in(lines: &[Line<'_>], name: &str, prior: Option<&RbacRoleModel>) -> Option<RbacRoleModel> {
    let role = subject(name);
    let mut permissions: Vec<Permission> = Vec::new();
    let mut members: Vec<Field<String>> = Vec::new();
    for entry in lines.iter().filter_map(|line| belonging(line, &role)) {
        match entry {
            Entry::Membership { member, .. } => {
                if !members
                    .iter()
                    .any(|known| known.known_str() == Some(member))
                {
                    members.push(member.as_str().into());
                }
            }
            Entry::Permission {
                resource,
                action,
                object,
                ..
            } => {
                let known = permissions.iter_mut().find(|known| {
                    known.resource.known() == Some(resource) && known.object.known() == Some(object)
                });
                match known.and_then(|known| known.actions.known_mut()) {
                    Some(actions) => {
                        if !actions
                            .iter()
                            .any(|known| known.known_str() == Some(action))
                        {
                            actions.push(action.as_str().into());
                        }
                    }
                    None => permissions.push(Permission {
                        resource: resource.as_str().into(),
                        actions: Field::Known(vec![action.as_str().into()]),
                        object: object.as_str().into(),
                    }),
                }
            }
        }
    }
    if permissions.is_empty() && members.is_empty() {
        return None;
    }
    let read = RbacRoleModel {
        name: name.into(),
        permissions: match permissions.is_empty() {
            true => Field::Null,
            false => Field::Known(permissions),
        },
        members: Field::Known(members),
        ..RbacRoleModel::default()
    };
    let same = prior.filter(|prior| content(prior) == content(&read));
    Some(match same {
        Some(prior) => RbacRoleModel {
            permissions: prior.permissions.clone(),
            members: prior.members.clone(),
            ..read
        },
        None => read,
    })
}

/// The roles of a policy that somebody has, by name.
pub fn all(config_map: &ConfigMap) -> Vec<RbacRoleModel> {
    let lines = policy::lines_of(policy::text(config_map));
    let entries = lines
        .iter()
        .filter_map(|line| line.entry.as_ref().ok()?.as_ref());
    let names: BTreeSet<_> = entries
        .filter_map(|entry| match entry {
            Entry::Membership { role, .. } => role.strip_prefix(ROLE_PREFIX),
            Entry::Permission { .. } => None,
        })
        .collect();
    let found = names.into_iter();
    found
        .filter_map(|name| role_in(&lines, name, None))
        .collect()
}

/// The merge patch after which the policy has the role of a model, for an API server of the version
/// `server`, if that is known. `creates` is true if it must not exist yet; one that is exactly as
/// configured is taken over.
///
/// # Errors
/// If it exists, or if the policy would stop Everest's API server.
pub fn write(
    config_map: &ConfigMap,
    model: &RbacRoleModel,
    creates: bool,
    server: Option<&Version>,
) -> Result<Next<Value>, PolicyError> {
    let name = model.name.known_str().unwrap_or_default();
    if let Some(known) = role(config_map, name, None) {
        if content(&known) == content(model) {
            return Ok(Next::Same);
        }
        if creates {
            return Err(Exists.into());
        }
    }
    let text = replaced(policy::text(config_map), &subject(name), &lines(model));
    policy::check(&text, server)?;
    Ok(Next::Write(policy::with_policy(&text)))
}

/// The merge patch after which the policy has no role `name`.
pub fn remove(config_map: &ConfigMap, name: &str) -> Next<Value> {
    if role(config_map, name, None).is_none() {
        return Next::Same;
    }
    let text = replaced(policy::text(config_map), &subject(name), "");
    Next::Write(policy::with_policy(&text))
}

/// The lines of the role of a model, each with its line break.
pub fn lines(model: &RbacRoleModel) -> String {
    let role = subject(model.name.known_str().unwrap_or_default());
    let mut text = String::new();
    for permission in model.permissions.known().into_iter().flatten() {
        let of = |field: &Field<String>| field.known_str().unwrap_or_default().to_owned();
        let [resource, object] = [&permission.resource, &permission.object].map(of);
        for action in permission.actions.known().into_iter().flatten() {
            text += &format!("p, {role}, {resource}, {}, {object}\n", of(action));
        }
    }
    for member in model.members.known().into_iter().flatten() {
        text += &format!(
            "g, {}, {role}\n",
            quoted(member.known_str().unwrap_or_default())
        );
    }
    text
}

/// A policy with `lines` in place of those of a role, or at its end.
fn replaced(policy: &str, role: &str, lines: &str) -> String {
    let mut text = String::new();
    let mut lines = Some(lines);
    for line in policy::lines_of(policy) {
        if belonging(&line, role).is_some() {
            text += lines.take().unwrap_or_default();
        } else {
            text += line.text;
            text.push('\n');
        }
    }
    text += lines.unwrap_or_default();
    text
}

/// What a line says, if it belongs to a role.
fn belonging<'a>(line: &'a Line<'_>, role: &str) -> Option<&'a Entry> {
    let entry = line.entry.as_ref().ok()?.as_ref()?;
    let of = match entry {
        Entry::Permission { subject, .. } => subject,
        Entry::Membership { role, .. } => role,
    };
    (of == role).then_some(entry)
}

fn content(model: &RbacRoleModel) -> Content {
    let text = |field: &Field<String>| field.known_str().unwrap_or_default().to_owned();
    let permissions = model.permissions.known().into_iter().flatten();
    let permissions = permissions.flat_map(|permission| {
        let actions = permission.actions.known().into_iter().flatten();
        actions.map(|action| {
            [
                text(&permission.resource),
                text(action),
                text(&permission.object),
            ]
        })
    });
    let members = model.members.known().into_iter().flatten();
    Content {
        permissions: permissions.collect(),
        members: members.map(text).collect(),
    }
}

/// A field of a line: in quotes if it would not be read as it is.
fn quoted(field: &str) -> String {
    let is_plain = !field.contains([',', '"', '\n', '\r']) && field.trim() == field;
    if is_plain {
        field.to_owned()
    } else {
        format!("\"{}\"", field.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests;

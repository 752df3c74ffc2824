//! The accounts of Everest: entries of the key [`KEY`] of the Secret [`SECRET`].
//!
//! An entry has the password as raw bytes of PBKDF2-HMAC-SHA256 with the UID of Everest's namespace
//! as salt, or as plain text if the Secret has the annotation of the account. Everest compares the
//! bytes.
//!
//! Source: everest `pkg/kubernetes/accounts.go`, `pkg/accounts/types.go`, `pkg/session/manager.go`.

use std::collections::BTreeMap;

use everest_schemas::models::AccountModel;
use everest_schemas::{Field, Sensitive};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::yaml::{Document, Malformed, Node, binary, list, scalar};
use super::{Exists, Next};

/// The Secret.
pub const SECRET: &str = "everest-accounts";

/// Its key with the document.
pub const KEY: &str = "users.yaml";

/// The account that Everest's chart creates.
pub const ADMIN: &str = "admin";

/// The capability without which an account cannot log in.
pub const LOGIN: &str = "login";

/// All capabilities.
pub const CAPABILITIES: [&str; 2] = [LOGIN, "apiKey"];

/// The prefix of the annotation that marks a password as plain text.
const PLAIN: &str = "insecure-password/";

/// The members of an entry.
const ENABLED: &str = "enabled";
const CAPABILITY_LIST: &str = "capabilities";
const MTIME: &str = "passwordMtime";
const HASH: &str = "passwordHash";

/// The reason why the accounts are not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The document cannot be read or changed.
    #[error("its key users.yaml cannot be used: {0}")]
    Malformed(#[from] Malformed),
    /// The bytes of the key are no text.
    #[error("its key users.yaml cannot be used: it is not UTF-8 text")]
    NoText,
    /// The account that is to be created exists.
    #[error(transparent)]
    Exists(#[from] Exists),
    /// Without the account, nobody can log in with a password.
    #[error(
        "it is the last account that can log in. Create another enabled account with the capability \
         login first. To stop managing this account, use a removed block with destroy = false; to \
         close it, set enabled = false and a new password"
    )]
    Last,
    /// A new account has no password.
    #[error("the account does not exist, and no password is given for it")]
    NoPassword,
}

/// A password as the Secret holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The hash, or the password itself.
    bytes: Sensitive<Vec<u8>>,
    /// True if it is the password itself.
    pub is_plain: bool,
}

/// A new password, as it has to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPassword {
    /// Its hash.
    pub hash: Sensitive<Vec<u8>>,
    /// True if it is written although the Secret holds it already: a change of its version means
    /// that the sessions from before end.
    pub always: bool,
}

/// An account as the Secret holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// True if it may log in.
    pub enabled: bool,
    /// Its capabilities.
    pub capabilities: Vec<String>,
    /// Time of the last change of the password.
    pub password_changed_at: Option<String>,
    /// The password.
    pub password: Option<Stored>,
}

impl Account {
    /// Returns true if the password is the one with this hash.
    pub fn has_password(&self, hash: &Sensitive<Vec<u8>>) -> bool {
        self.password
            .as_ref()
            .is_some_and(|stored| !stored.is_plain && stored.bytes == *hash)
    }

    fn can_log_in(&self) -> bool {
        self.enabled && self.capabilities.iter().any(|each| each == LOGIN)
    }

    /// The account as a model.
    pub fn model(&self, name: &str) -> AccountModel {
        let capabilities = self.capabilities.iter().cloned().map(Field::Known);
        AccountModel {
            name: name.into(),
            enabled: self.enabled.into(),
            capabilities: Field::Known(capabilities.collect()),
            password_changed_at: self.password_changed_at.clone().into(),
            password_in_plain_text: self
                .password
                .as_ref()
                .is_some_and(|stored| stored.is_plain)
                .into(),
            ..AccountModel::default()
        }
    }
}

/// The accounts in the Secret.
///
/// # Errors
/// If the document cannot be read.
pub fn accounts(secret: &Secret) -> Result<BTreeMap<String, Account>, AccountError> {
    let document = document(secret)?;
    let read = document.entries().map(|(name, entry)| {
        let bytes = entry.get(HASH).and_then(Node::bytes);
        let account = Account {
            enabled: entry.get(ENABLED).and_then(Node::boolean) == Some(true),
            capabilities: entry
                .get(CAPABILITY_LIST)
                .map(Node::strings)
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            password_changed_at: entry.get(MTIME).and_then(Node::text).map(str::to_owned),
            password: bytes.map(|bytes| Stored {
                bytes: bytes.into(),
                is_plain: is_plain(secret, name),
            }),
        };
        (name.to_owned(), account)
    });
    Ok(read.collect())
}

/// The merge patch after which the Secret holds the account of a model. `creates` is true if it
/// must not exist yet; one that is exactly as configured is taken over.
///
/// # Errors
/// If it exists, if a new account has no password, or if the document cannot be changed.
pub fn write(
    secret: &Secret,
    model: &AccountModel,
    password: Option<&NewPassword>,
    creates: bool,
    now: Timestamp,
) -> Result<Next<Value>, AccountError> {
    let name = model.name.known_str().unwrap_or_default();
    let known = accounts(secret)?.remove(name);
    let enabled = model.enabled.known().copied().unwrap_or(true);
    let capabilities = capabilities(model);
    let has_password = password.is_none_or(|new| {
        let held = known
            .as_ref()
            .is_some_and(|known| known.has_password(&new.hash));
        held && (creates || !new.always)
    });
    if let Some(known) = &known {
        let same = known.enabled == enabled && known.capabilities == capabilities;
        if same && has_password {
            return Ok(Next::Same);
        }
        if creates {
            return Err(Exists.into());
        }
    }
    if known.is_none() && password.is_none() {
        return Err(AccountError::NoPassword);
    }
    let mut members = vec![
        (ENABLED, enabled.to_string()),
        (CAPABILITY_LIST, list(&capabilities)),
    ];
    let mut annotations = json!({});
    if let Some(new) = password.filter(|_| !has_password) {
        let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        members.push((MTIME, scalar(&time)));
        members.push((HASH, binary(new.hash.expose())));
        if is_plain(secret, name) {
            annotations = json!({ plain(name): null });
        }
    }
    let text = document(secret)?.with_members(name, &members)?;
    Ok(Next::Write(patch(&text, annotations)))
}

/// The merge patch after which the Secret has no account `name`.
///
/// # Errors
/// If it is the last account that can log in, or if the document cannot be changed.
pub fn remove(secret: &Secret, name: &str) -> Result<Next<Value>, AccountError> {
    let mut all = accounts(secret)?;
    let Some(removed) = all.remove(name) else {
        return Ok(Next::Same);
    };
    if removed.can_log_in() && !all.values().any(Account::can_log_in) {
        return Err(AccountError::Last);
    }
    let text = document(secret)?.without(name)?;
    let annotations = match is_plain(secret, name) {
        true => json!({ plain(name): null }),
        false => json!({}),
    };
    Ok(Next::Write(patch(&text, annotations)))
}

/// The capabilities that a model asks for.
fn capabilities(model: &AccountModel) -> Vec<String> {
    match model.capabilities.known() {
        Some(all) => all
            .iter()
            .filter_map(Field::known_str)
            .map(str::to_owned)
            .collect(),
        None => vec![LOGIN.to_owned()],
    }
}

fn document(secret: &Secret) -> Result<Document, AccountError> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(KEY));
    let bytes = bytes.map_or(&[][..], |bytes| &bytes.0);
    let text = std::str::from_utf8(bytes).map_err(|_| AccountError::NoText)?;
    Ok(Document::parse(text)?)
}

fn plain(name: &str) -> String {
    format!("{PLAIN}{name}")
}

fn is_plain(secret: &Secret, name: &str) -> bool {
    let annotations = secret.metadata.annotations.as_ref();
    annotations.is_some_and(|all| all.contains_key(&plain(name)))
}

fn patch(text: &str, annotations: Value) -> Value {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut patch = json!({"data": { KEY: encoded }});
    if annotations.as_object().is_some_and(|all| !all.is_empty()) {
        patch["metadata"] = json!({ "annotations": annotations });
    }
    patch
}

#[cfg(test)]
mod tests;

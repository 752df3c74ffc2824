//! `everest_account`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Listed, Timeouts};
use crate::{Field, Sensitive, facts};

/// An account that logs in to Everest's user interface and REST API with a password.
///
/// All accounts are in one document: the key `users.yaml` of the Secret `everest-accounts` in the
/// namespace `everest-system`. The resource changes only the entry of its account. It does not
/// change entries of other accounts, also if several accounts are applied at once. An existing
/// account has to be imported, unless it is exactly as configured. Everest's chart creates the
/// account `admin`.
///
/// Set the password either with `password` (stored in the state) or with `password_wo` (stored only
/// in the Secret, as a hash). The hash depends on the UID of the namespace `everest-system`, so it
/// is computed during the apply. If someone else changed a password from the state, the apply sets
/// it again. A new password ends the sessions of the account. Omit both to keep the password of an
/// imported account.
///
/// It needs permission to `get` and `patch` the Secret `everest-accounts`, and, to write or compare
/// a password, to `get` the Namespace `everest-system`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountModel {
    /// Name of the account, with which its user logs in.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at least 3 letters, digits and `_`"))]
    pub name: Field<String>,

    /// Password. Stored in the state; use `password_wo` to avoid that.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("the account is created without `password_wo`"))]
    #[schemars(transform = facts::allowed("at least 6 letters, digits and `@*#$%^&+=!_-`"))]
    pub password: Field<Sensitive<String>>,

    /// Password, write-only: stored only in the Secret, as a hash.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    #[schemars(transform = facts::required_when("the account is created without `password`"))]
    #[schemars(transform = facts::allowed("at least 6 letters, digits and `@*#$%^&+=!_-`"))]
    pub password_wo: Field<Sensitive<String>>,

    /// Version of the write-only password. Increase this number to send a changed password.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("`password_wo` is set"))]
    pub password_wo_version: Field<i64>,

    /// If `false`, the account cannot log in. Sessions that are open go on, unless the password
    /// changes too.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-default" = true))]
    pub enabled: Field<bool>,

    /// Capabilities of the account.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-default" = ["login"]))]
    #[schemars(transform = facts::allowed("`login` for sessions of the user interface and the REST API, and `apiKey`, which Everest has no use for yet"))]
    pub capabilities: Field<Vec<Field<String>>>,

    /// Timeouts. Nothing is waited for, but other writers of the Secret may delay an apply.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "5m"))]
    pub timeouts: Field<Timeouts>,

    /// Time of the last change of the password; null for a password that Everest's chart has set.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub password_changed_at: Field<String>,

    /// `true` if the Secret holds the password itself instead of its hash, like the initial
    /// password of `admin`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub password_in_plain_text: Field<bool>,
}

/// The accounts of Everest. Their passwords are no outputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accounts {
    /// The accounts, by name.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub accounts: Field<Vec<Field<Listed<AccountModel>>>>,
}

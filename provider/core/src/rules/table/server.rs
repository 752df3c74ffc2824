//! Rules for the settings of Everest's own server, which only Terraform has resources for.

use super::{ALL, ALONE, BOTH, CHANGE, CREATE, ONLINE, UPDATE};
use crate::Operation;
use crate::rules::{Checked, Rule};

/// The rules for the settings of Everest's own server.
pub(in crate::rules) const SETTINGS: &[Rule] = &[
    ACCOUNT_NAME,
    ACCOUNT_PASSWORD,
    ACCOUNT_PASSWORD_ONCE,
    ACCOUNT_PASSWORD_GIVEN,
    ACCOUNT_CAPABILITY,
    ACCOUNT_ADMIN,
    ACCOUNT_SESSIONS,
    RBAC_POLICY,
    RBAC_RESOURCE,
    RBAC_EFFECT,
    RBAC_ADMINISTRATOR,
    RBAC_OFF,
    RBAC_ROLE_NAME,
    RBAC_ROLE_PERMISSION,
    RBAC_ROLE_MEMBERS,
    OIDC_ISSUER,
    OIDC_CLIENT,
    OIDC_SCOPES,
];

const fn rule(
    id: &'static str,
    operations: &'static [Operation],
    checked: &'static [Checked],
    source: &'static str,
    sentence: &'static str,
    advice: &'static str,
) -> Rule {
    Rule {
        id,
        sentence,
        advice,
        engines: ALL,
        operations,
        checked,
        source,
    }
}

pub(in crate::rules) const ACCOUNT_NAME: Rule = rule(
    "account-name",
    BOTH,
    ALONE,
    "everest: pkg/accounts/cli/utils.go",
    "The name of an account has at least 3 letters, digits and underscores.",
    "Choose for example \"alice\" or \"team_shop\".",
);

pub(in crate::rules) const ACCOUNT_PASSWORD: Rule = rule(
    "account-password",
    BOTH,
    ALONE,
    "everest: pkg/accounts/cli/utils.go",
    "The password of an account has at least 6 letters, digits and characters of @*#$%^&+=!_-.",
    "Use a password without other characters, such as one of random_password with override_special \
     = \"@*#%^&+=!_-\".",
);

pub(in crate::rules) const ACCOUNT_PASSWORD_ONCE: Rule = rule(
    "account-password-once",
    BOTH,
    ALONE,
    "design: write-only attributes",
    "A password is either write-only or stored in the state.",
    "Keep one of {password} and {passwordWo}.",
);

pub(in crate::rules) const ACCOUNT_PASSWORD_GIVEN: Rule = rule(
    "account-password-given",
    CREATE,
    CHANGE,
    "everest: pkg/kubernetes/accounts.go",
    "A new account has a password.",
    "Set {passwordWo} with {passwordWoVersion}, or {password}. To manage an account that exists, \
     import it.",
);

pub(in crate::rules) const ACCOUNT_CAPABILITY: Rule = rule(
    "account-capability",
    BOTH,
    ALONE,
    "everest: pkg/accounts/types.go",
    "The capabilities of an account are \"login\" and \"apiKey\", each once.",
    "Write [\"login\"] for an account that logs in.",
);

pub(in crate::rules) const ACCOUNT_ADMIN: Rule = rule(
    "account-admin",
    UPDATE,
    CHANGE,
    "everest: pkg/common/constants.go",
    "The account admin is the one that Everest's chart creates. Everest runs without it and does \
     not create it again.",
    "To keep it, use a removed block with destroy = false. To close it, set {enabled = false} and \
     a new password instead. To have it again later, create an everest_account of that name.",
);

pub(in crate::rules) const ACCOUNT_SESSIONS: Rule = rule(
    "account-sessions",
    UPDATE,
    CHANGE,
    "everest: pkg/session/manager.go",
    "Everest looks at {enabled} and {capabilities} only when an account logs in. A session that is \
     open goes on until it is 24 hours old, the password changes, or the account is removed.",
    "To end the sessions at once, set a new password in the same apply, or destroy the account.",
);

pub(in crate::rules) const RBAC_POLICY: Rule = rule(
    "rbac-policy",
    BOTH,
    ALONE,
    "everest: pkg/rbac/validate.go",
    "Everest's API server stops at an invalid policy. A line is \"p, SUBJECT, RESOURCE, ACTION, \
     OBJECT\" or \"g, USER, ROLE\", each resource exists, and each role with permissions has a \
     member.",
    "Correct the line. To check a file by hand, run everestctl settings rbac validate.",
);

pub(in crate::rules) const RBAC_RESOURCE: Rule = rule(
    "rbac-resource",
    BOTH,
    ONLINE,
    "everest: pkg/rbac/rbac.go of each release",
    "Everest's API server stops at a permission of a resource that only later releases know, and \
     does not start again until the permission is gone.",
    "Upgrade Everest first, or omit the permission. If the same run upgrades Everest, you can \
     ignore this. An apply writes no such permission.",
);

pub(in crate::rules) const RBAC_EFFECT: Rule = rule(
    "rbac-effect",
    BOTH,
    ALONE,
    "everest: pkg/rbac/rbac.go",
    "A permission gives something only if its action exists, and if its object is written as the \
     objects of its resource are: a * matches no slash.",
    "Use the actions create, read, update, delete and *. Write objects as NAMESPACE/NAME, and those \
     of namespaces, data-importers, load-balancer-configs and pod-scheduling-policies as NAME.",
);

pub(in crate::rules) const RBAC_ADMINISTRATOR: Rule = rule(
    "rbac-administrator",
    BOTH,
    ALONE,
    "everest: pkg/rbac/rbac.go",
    "While access control is enabled, users have only what the policy gives them, and nobody else \
     than a member of role:admin has every permission.",
    "Add a line such as \"g, admin, role:admin\", unless nobody has to have every permission.",
);

pub(in crate::rules) const RBAC_OFF: Rule = rule(
    "rbac-off",
    UPDATE,
    CHANGE,
    "everest: pkg/rbac/rbac.go",
    "Without this resource, access control is as Everest's chart installs it: switched off. Every \
     account that can log in may then do everything.",
    "To keep access control as it is, use a removed block with destroy = false.",
);

pub(in crate::rules) const RBAC_ROLE_NAME: Rule = rule(
    "rbac-role-name",
    BOTH,
    ALONE,
    "everest: pkg/rbac/validate.go",
    "The name of a role has letters, digits and characters of -_.:, without the role: before it.",
    "Choose for example \"developers\".",
);

pub(in crate::rules) const RBAC_ROLE_PERMISSION: Rule = rule(
    "rbac-role-permission",
    BOTH,
    ALONE,
    "everest: pkg/rbac/validate.go, pkg/rbac/rbac.go",
    "A permission has a resource of Everest, the actions create, read, update, delete or *, and an \
     object written as those of the resource are: NAMESPACE/NAME, or NAME for namespaces, \
     data-importers, load-balancer-configs and pod-scheduling-policies. A * matches no slash.",
    "Write for example resource = \"database-clusters\", actions = [\"read\"], object = \"prod/*\".",
);

pub(in crate::rules) const RBAC_ROLE_MEMBERS: Rule = rule(
    "rbac-role-members",
    BOTH,
    ALONE,
    "everest: pkg/rbac/validate.go",
    "A role has at least one member: Everest's API server stops at a role with permissions that \
     nobody has.",
    "Name an account, a group of the OIDC provider, or another role as \"role:NAME\" in {members}, \
     each once.",
);

pub(in crate::rules) const OIDC_ISSUER: Rule = rule(
    "oidc-issuer",
    BOTH,
    ALONE,
    "everest: pkg/oidc/configure.go",
    "The issuer is a URL with https or http and a host.",
    "Write for example \"https://sso.example.com/realms/everest\".",
);

pub(in crate::rules) const OIDC_CLIENT: Rule = rule(
    "oidc-client",
    BOTH,
    ALONE,
    "everest: pkg/oidc/configure.go",
    "Everest logs in as a client of the issuer.",
    "Set {clientId} to the ID that the issuer has given to Everest.",
);

pub(in crate::rules) const OIDC_SCOPES: Rule = rule(
    "oidc-scopes",
    BOTH,
    ALONE,
    "everest: pkg/oidc/configure.go",
    "The scopes contain openid, without which there is no login.",
    "Add \"openid\" to {scopes}, or omit {scopes} for openid, profile and email.",
);

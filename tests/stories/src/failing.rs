//! What the product does not survive yet. The list only shrinks.

/// Stories that end otherwise after an accident, and why.
#[derive(Debug)]
pub struct Failing {
    /// The story, as `terraform/database/create`.
    pub story: &'static str,
    /// The accidents.
    pub accidents: &'static [&'static str],
    /// The request that they happen to, as `apply databaseclusters`.
    pub request: &'static str,
    /// Why it ends otherwise.
    pub why: &'static str,
}

/// All of them.
pub const FAILING: &[Failing] = &[
    Failing {
        story: "terraform/split_horizon_dns_config/delete",
        accidents: &["killed-after", "killed-with-host-after"],
        request: "delete splithorizondnsconfigs",
        why: SECRET_LEFT,
    },
    Failing {
        story: "terraform/split_horizon_dns_config/delete",
        accidents: &["killed-before", "killed-with-host-before", "no-answer"],
        request: "delete secrets",
        why: SECRET_LEFT,
    },
];

/// Everest does not make the configuration the owner of its Secret.
const SECRET_LEFT: &str = "the configuration is gone, so the next destruction has nothing to do, \
    and its Secret is left over";

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
pub const FAILING: &[Failing] = &[];

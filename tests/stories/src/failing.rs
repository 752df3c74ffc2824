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

const fn failing(
    story: &'static str,
    accidents: &'static [&'static str],
    request: &'static str,
    why: &'static str,
) -> Failing {
    Failing {
        story,
        accidents,
        request,
        why,
    }
}

/// What keeps the mark of a creation from being taken off.
const UNMARKED: &[&str] = &["killed-before", "killed-with-host-before"];

/// The same where another mark is to be taken off at the same time.
const BOTH_UNMARKED: &[&str] = &[
    "killed-before",
    "killed-after",
    "killed-with-host-before",
    "killed-with-host-after",
];

/// Why the mark stays.
const MARK: &str = "The mark of a creation is taken off by the process that made it. If that is \
                    killed before, the state holds the object and the mark stays until its next \
                    change: another configuration that says the same would take the object for \
                    its own.";

/// All of them.
pub const FAILING: &[Failing] = &[
    failing(
        "terraform/backup/create",
        UNMARKED,
        "patch databaseclusterbackups",
        MARK,
    ),
    failing(
        "terraform/backup/replace",
        &["killed-with-host-before"],
        "patch databaseclusterbackups",
        MARK,
    ),
    failing(
        "terraform/database/create",
        UNMARKED,
        "patch databaseclusters",
        MARK,
    ),
    failing(
        "terraform/database/replace",
        UNMARKED,
        "patch databaseclusters",
        MARK,
    ),
    failing(
        "terraform/namespace/create",
        UNMARKED,
        "patch namespaces",
        MARK,
    ),
    failing(
        "terraform/restore/create",
        UNMARKED,
        "patch databaseclusterrestores",
        MARK,
    ),
    failing(
        "terraform/restore/again",
        &["killed-with-host-before"],
        "patch databaseclusterrestores",
        MARK,
    ),
    failing(
        "terraform/backup_storage/create",
        BOTH_UNMARKED,
        "patch secrets",
        MARK,
    ),
    failing(
        "terraform/backup_storage/create",
        UNMARKED,
        "patch backupstorages",
        MARK,
    ),
    failing(
        "terraform/backup_storage/replace",
        BOTH_UNMARKED,
        "patch secrets",
        MARK,
    ),
    failing(
        "terraform/backup_storage/replace",
        UNMARKED,
        "patch backupstorages",
        MARK,
    ),
];

//! What a replacement does.

/// What the replacement of a resource does, as the rest of a sentence that begins with the change.
/// The kind is named as in the lists of `everest-schemas`. [`super::TABLE`] has that of a database.
pub fn of_replacement(kind: &str) -> &'static str {
    match kind {
        "namespace" => "replaces the namespace and everything in it",
        "backup" => "takes another backup",
        "restore" => "restores again",
        "data_import_job" => "imports again",
        _ => "replaces the object",
    }
}

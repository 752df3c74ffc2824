//! The engine version in the tag of an image.

/// Returns true if the image's tag contains another version of the same line and not `version`. A
/// digest, or a tag without a version, proves nothing. A change of the line shows in the state of
/// the database.
pub(super) fn names_another(image: &str, version: &str) -> bool {
    let tag = match image.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') && !before.contains('@') => tag,
        _ => return false,
    };
    let core = |text: &str| -> Vec<u64> {
        text.split('.')
            .map_while(|part| part.parse().ok())
            .collect()
    };
    let runs: Vec<&str> = tag
        .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .collect();
    let base = version.split('-').next().unwrap_or_default();
    let wanted = core(base);
    let is_named = tag
        .match_indices(version)
        .any(|(from, _)| is_whole(tag, from, version.len()));
    let names_one_of_the_line = runs.iter().map(|run| core(run)).any(|run| {
        run.len() == wanted.len() && !wanted.is_empty() && run.first() == wanted.first()
    });
    !is_named && names_one_of_the_line
}

/// Returns true if a match in a text is not part of a longer number.
fn is_whole(text: &str, from: usize, length: usize) -> bool {
    let before = text[..from].chars().next_back();
    let after = text[from + length..].chars().next();
    before.is_none_or(|letter| !letter.is_ascii_digit() && letter != '.')
        && after.is_none_or(|letter| !letter.is_ascii_digit())
}

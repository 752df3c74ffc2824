//! Texts from elsewhere (servers, operators, webhooks, events), made safe to show to a person.

/// Returns a text that is safe to show to a person: without characters that a terminal would obey
/// or that a reader could not see, and cut after `max` characters. Line breaks stay.
pub fn clean(text: &str, max: usize) -> String {
    let mut shown = text.chars().filter(|character| !is_hidden(*character));
    let mut cleaned: String = shown.by_ref().take(max).collect();
    if shown.next().is_some() {
        cleaned.push('…');
    }
    cleaned
}

/// Control characters, and those that turn the direction of a text.
fn is_hidden(character: char) -> bool {
    let breaks_lines = matches!(character, '\n' | '\t');
    let turns = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || character.is_control() && !breaks_lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_somebody_else_moves_no_cursor_and_has_an_end() {
        assert_eq!(clean("a\u{1b}[2Jb\r\n\tc\u{202e}d\u{7}", 20), "a[2Jb\n\tcd");
        assert_eq!(clean("größer", 6), "größer");
        assert_eq!(clean("größer", 3), "grö…");
    }
}

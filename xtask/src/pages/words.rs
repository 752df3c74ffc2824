//! The words of the pages: plain ones, and those of the field.

use acceptance::workspace_folder;

use super::pages;

/// Words that pages do not use, with those that stand in their place. A word of a project's own
/// makes readers guess, an idle one takes their time.
const WORDS: [(&str, &str); 20] = [
    ("told", "reported, said, or shown"),
    ("complain", "report"),
    ("complained", "reported"),
    ("rehearsal", "dry run"),
    ("left out", "omitted"),
    ("leave out", "omit"),
    ("leaves out", "omits"),
    ("last look", "last observation"),
    ("next look", "next read, or next reconcile"),
    ("what exists already", "existing objects"),
    ("as good as", "the same as"),
    ("simply", "nothing"),
    ("easily", "nothing"),
    ("obviously", "nothing"),
    ("of course", "nothing"),
    ("utilize", "use"),
    ("leverage", "use"),
    ("please", "nothing"),
    ("in order to", "to"),
    ("whilst", "while"),
];

/// The lines of a page that are text, with their numbers: neither blocks nor pieces of code.
fn texts(page: &str) -> impl Iterator<Item = (usize, String)> {
    let mut is_code = false;
    page.lines().enumerate().filter_map(move |(at, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let text: Vec<_> = line.split('`').step_by(2).collect();
        (!is_fence && !is_code).then(|| (at + 1, text.join(" ")))
    })
}

/// The words of a text in small letters, each between blanks.
fn spaced(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" ").to_lowercase())
}

/// The words of the list that a page has, with the lines.
fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (line, text) in texts(page) {
        let text = spaced(&text);
        let found = WORDS
            .iter()
            .filter(|(word, _)| text.contains(&format!(" {word} ")));
        faults.extend(found.map(|(word, instead)| format!("{line}: {word:?}: write {instead}")));
    }
    faults
}

#[test]
fn a_word_of_the_list_is_found_in_text_and_not_in_code() {
    let page = "Told, (of Course) it\n```\ntold\n```\nis `told` and untold.\n";
    assert_eq!(
        faults(page),
        [
            "1: \"told\": write reported, said, or shown",
            "1: \"of course\": write nothing"
        ]
    );
}

#[test]
fn pages_are_written_in_plain_words() {
    let root = workspace_folder();
    // The changelog keeps what was released as it was written.
    let pages = pages()
        .into_iter()
        .filter(|path| !path.ends_with("CHANGELOG.md"));
    let mut found = Vec::new();
    for path in pages {
        let page = std::fs::read_to_string(&path).unwrap();
        let shown = path
            .strip_prefix(&root)
            .unwrap_or(&path)
            .display()
            .to_string();
        found.extend(
            faults(&page)
                .into_iter()
                .map(|fault| format!("{shown}:{fault}")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

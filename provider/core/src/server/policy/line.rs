//! The lines of a policy, each of which Everest reads by itself with Go's `encoding/csv`.

use super::Reason;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A permission of a role or a user.
    Permission {
        subject: String,
        resource: String,
        action: String,
        object: String,
    },
    /// The membership of a user, a group or a role in a role.
    Membership { member: String, role: String },
}

/// A line of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Its text, without the line break.
    pub text: &'a str,
    /// What it says; `None` for an empty line and a comment.
    pub entry: Result<Option<Entry>, Reason>,
}

/// The lines of a policy. What follows the last line break is a line only if it is not empty.
pub fn lines(policy: &str) -> Vec<Line<'_>> {
    let mut texts: Vec<_> = policy.split('\n').collect();
    if texts.last().is_some_and(|last| last.is_empty()) {
        texts.pop();
    }
    let numbered = texts.into_iter().zip(1..);
    numbered
        .map(|(text, number)| Line {
            number,
            text,
            entry: entry(text),
        })
        .collect()
}

/// What the lines say that say something, with their numbers.
pub fn entries<'a>(lines: &'a [Line<'a>]) -> impl Iterator<Item = (usize, &'a Entry)> {
    let entries = lines.iter();
    entries.filter_map(|line| Some((line.number, line.entry.as_ref().ok()?.as_ref()?)))
}

/// Returns true if Everest accepts a field of a permission.
pub fn is_term(term: &str) -> bool {
    // Everest's pattern has a range from `*` to `_` where a list was meant.
    let fits = |letter: char| matches!(letter, '/' | ':' | '*'..='_' | 'a'..='z');
    !term.is_empty() && term.chars().all(fits)
}

fn entry(text: &str) -> Result<Option<Entry>, Reason> {
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    // Go drops a carriage return at the end, and then finds nothing to read.
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Reason::Blank);
    }
    let mut fields = fields(text)?.into_iter();
    let kind = fields.next().unwrap_or_default();
    let fields: Vec<_> = fields.collect();
    match kind.as_str() {
        "p" => match <[String; 4]>::try_from(fields) {
            Ok([subject, resource, action, object]) => Ok(Some(Entry::Permission {
                subject,
                resource,
                action,
                object,
            })),
            Err(fields) => Err(Reason::PermissionFields(fields.len())),
        },
        "g" => {
            // Everest ignores what follows.
            let mut fields = fields.into_iter();
            match (fields.next(), fields.next()) {
                (Some(member), Some(role)) => Ok(Some(Entry::Membership { member, role })),
                (first, _) => Err(Reason::MembershipFields(usize::from(first.is_some()))),
            }
        }
        _ => Err(Reason::Kind(kind)),
    }
}

/// The fields of a line: spaces before a field do not count, those after it do.
fn fields(text: &str) -> Result<Vec<String>, Reason> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, after) = match rest.split_once(',') {
                Some((field, after)) => (field, Some(after)),
                None => (rest, None),
            };
            if field.contains('"') {
                return Err(Reason::Quotes);
            }
            fields.push(field.to_owned());
            match after {
                Some(after) => rest = after,
                None => return Ok(fields),
            }
            continue;
        };
        let mut field = String::new();
        rest = quoted;
        loop {
            let (part, after) = rest.split_once('"').ok_or(Reason::Quotes)?;
            field += part;
            rest = after;
            match after.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    rest = after;
                }
                None => break,
            }
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(fields),
            None => return Err(Reason::Quotes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Entry>, Reason> {
        lines(text).remove(0).entry
    }

    fn membership(member: &str, role: &str) -> Result<Option<Entry>, Reason> {
        Ok(Some(Entry::Membership {
            member: member.to_owned(),
            role: role.to_owned(),
        }))
    }

    #[test]
    fn a_line_is_read_as_everest_reads_it() {
        assert_eq!(read("# a comment"), Ok(None));
        assert_eq!(read("g, alice, role:dev"), membership("alice", "role:dev"));
        assert_eq!(
            read("g,\"a, b\",role:dev\r"),
            membership("a, b", "role:dev")
        );
        assert_eq!(read("g, \"a\"\"b\", x, more"), membership("a\"b", "x"));
        assert_eq!(read("g, alice , x"), membership("alice ", "x"));
        assert_eq!(read("p, a, b, c"), Err(Reason::PermissionFields(3)));
        assert_eq!(read("p, a, b, c, d, e"), Err(Reason::PermissionFields(5)));
        assert_eq!(read("g, alice"), Err(Reason::MembershipFields(1)));
        assert_eq!(read("a, b, c"), Err(Reason::Kind("a".to_owned())));
        assert_eq!(read(" # x"), Err(Reason::Kind("# x".to_owned())));
        assert_eq!(read("  "), Err(Reason::Blank));
        assert_eq!(read("\r"), Err(Reason::Blank));
        assert_eq!(read("g, al\"ice, x"), Err(Reason::Quotes));
        assert_eq!(read("g, \"alice, x"), Err(Reason::Quotes));
        assert_eq!(read("g, \"alice\"x, y"), Err(Reason::Quotes));
    }

    #[test]
    fn empty_lines_have_numbers_and_say_nothing() {
        let lines = lines("\ng, a, b\n\n");
        assert_eq!(lines.len(), 3);
        assert_eq!(
            entries(&lines)
                .map(|(number, _)| number)
                .collect::<Vec<_>>(),
            [2]
        );
    }
}

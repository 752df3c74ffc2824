//! Changes of one entry in a YAML mapping that keep the text of every other entry.
//!
//! A YAML library that reads a document and writes it again loses comments, the order, and the tag
//! `!!binary` of password hashes. So an entry is cut out of the text, or replaced in it, and the
//! result is read again: a change that would alter another entry is refused.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

/// The tag of values that are no text, encoded in base64.
const BINARY: &str = "binary";

/// How deep a document may be nested.
const DEEPEST: usize = 32;

/// The reason why a YAML document is not changed or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is not YAML. The text of the document is not part of the message: it may hold secrets.
    #[error("it is not valid YAML (line {line})")]
    Syntax {
        /// The line at fault, from 1.
        line: usize,
    },
    /// It is YAML, but no mapping of names.
    #[error("it is not a mapping of names to values")]
    NoMapping,
    /// Two entries have the same name.
    #[error("it has two entries {0:?}")]
    Twice(String),
    /// An entry cannot be changed without changing others, for example because they share an anchor.
    #[error("its entry {0:?} cannot be changed by itself, because other entries depend on it")]
    Entangled(String),
}

/// A value without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A scalar as it is written, and how it is marked.
    Scalar {
        /// The text, after escapes.
        text: String,
        /// True if it is not quoted, so that it may be a number, a boolean or null.
        plain: bool,
        /// True if it is base64 of the value.
        binary: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping.
    Mapping(Vec<(Node, Node)>),
    /// A reference to another node.
    Alias(usize),
}

impl Node {
    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar {
                text,
                binary: false,
                ..
            } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The bytes of a string, also of one that is no text.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Scalar {
                text, binary: true, ..
            } => {
                let encoded: String = text.split_whitespace().collect();
                STANDARD.decode(encoded).ok()
            }
            other => Some(other.text()?.as_bytes().to_vec()),
        }
    }

    /// The value of a boolean in the words of YAML 1.1, which Everest reads.
    pub fn boolean(&self) -> Option<bool> {
        match self {
            Self::Scalar {
                text, plain: true, ..
            } => match text.to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" | "on" => Some(true),
                "n" | "no" | "false" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The elements of a list of strings; those that are none are left out.
    pub fn strings(&self) -> Vec<&str> {
        match self {
            Self::List(elements) => elements.iter().filter_map(Node::text).collect(),
            _ => Vec::new(),
        }
    }

    /// The value of a member; the last one, as Everest reads it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Self::Mapping(members) => members
                .iter()
                .rev()
                .find(|(key, _)| key.text() == Some(name))
                .map(|(_, value)| value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Scalar { text, plain: true, .. }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// An entry of a mapping in a text.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    value: Node,
    /// The bytes of the key.
    key_at: Range<usize>,
    /// The bytes from the begin of the key to the end of the value.
    at: Range<usize>,
    /// The entries of the value, if it is a mapping of names.
    members: Option<Block>,
}

/// A mapping of names in a text.
#[derive(Clone, Debug, Default)]
struct Block {
    /// True if it is written with braces.
    is_flow: bool,
    entries: Vec<Entry>,
}

/// A YAML document that is a mapping of names, with its text.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
    block: Block,
}

impl Document {
    /// Reads a document; an empty one is a mapping without entries.
    ///
    /// # Errors
    /// If it is not YAML, or no mapping of names.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut reader = Reader::new(text);
        let root = reader.document()?;
        let block = match root {
            None => Block::default(),
            Some(read) if read.node.is_null() => Block::default(),
            Some(read) => read.block.ok_or(Malformed::NoMapping)?,
        };
        let mut names: Vec<_> = block.entries.iter().map(|entry| &entry.name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Malformed::Twice(twice[0].clone()));
        }
        Ok(Self {
            text: text.to_owned(),
            block,
        })
    }

    /// The names of the entries with their values.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Node)> {
        let entries = self.block.entries.iter();
        entries.map(|entry| (entry.name.as_str(), &entry.value))
    }

    /// The value of an entry.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The text in which `members` of the mapping `name` have these values, each as YAML text on
    /// one line. Other members keep theirs.
    ///
    /// # Errors
    /// If other entries depend on the entry.
    pub fn with_members(
        &self,
        name: &str,
        members: &[(&str, String)],
    ) -> Result<String, Malformed> {
        let mut lines = format!("{}:\n", scalar(name));
        let known = self.entry(name).and_then(|entry| entry.members.as_ref());
        for entry in known.into_iter().flat_map(|block| &block.entries) {
            match members.iter().find(|(member, _)| *member == entry.name) {
                Some((member, value)) => lines += &format!("  {member}: {value}\n"),
                None => lines += &self.moved(entry, 2),
            }
        }
        for (member, value) in members {
            let has = |block: &Block| block.entries.iter().any(|entry| entry.name == *member);
            if !known.is_some_and(has) {
                lines += &format!("  {member}: {value}\n");
            }
        }
        self.replaced(name, Some(&lines))
    }

    /// The text without an entry.
    ///
    /// # Errors
    /// If other entries depend on the entry.
    pub fn without(&self, name: &str) -> Result<String, Malformed> {
        self.replaced(name, None)
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.block.entries.iter().find(|entry| entry.name == name)
    }

    /// The text with `lines` in place of an entry, or at the end.
    fn replaced(&self, name: &str, lines: Option<&str>) -> Result<String, Malformed> {
        let mut text = match self.block.is_flow || self.block.entries.is_empty() {
            true => self.rewritten(name, lines),
            false => self.cut(name, lines),
        };
        if text.is_empty() {
            text = "{}\n".to_owned();
        }
        self.changes_only(name, &text)?;
        Ok(text)
    }

    /// A document with braces, or an empty one, entry by entry.
    fn rewritten(&self, name: &str, lines: Option<&str>) -> String {
        let mut text = String::new();
        for entry in &self.block.entries {
            match lines {
                Some(lines) if entry.name == name => text += lines,
                None if entry.name == name => {}
                _ => text += &self.moved(entry, 0),
            }
        }
        if self.entry(name).is_none() {
            text += lines.unwrap_or_default();
        }
        text
    }

    /// A document without braces, in which only the lines of the entry change.
    fn cut(&self, name: &str, lines: Option<&str>) -> String {
        let first = self.block.entries.first().map_or(0, |entry| entry.at.start);
        let indented = indented(lines.unwrap_or_default(), column(&self.text, first));
        match self.entry(name) {
            Some(entry) => {
                let at = self.lines(&entry.at);
                format!(
                    "{}{indented}{}",
                    &self.text[..at.start],
                    &self.text[at.end..]
                )
            }
            None => {
                let end = self
                    .block
                    .entries
                    .last()
                    .map_or(0, |entry| self.lines(&entry.at).end);
                let (before, after) = self.text.split_at(end);
                let gap = if before.is_empty() || before.ends_with('\n') {
                    ""
                } else {
                    "\n"
                };
                format!("{before}{gap}{indented}{after}")
            }
        }
    }

    /// The lines of a range: from the begin of the first one to the end of the last one.
    fn lines(&self, at: &Range<usize>) -> Range<usize> {
        let start = self.text[..at.start].rfind('\n').map_or(0, |end| end + 1);
        let ends_a_line = at.end > at.start && self.text[..at.end].ends_with('\n');
        let end = if ends_a_line {
            at.end
        } else {
            let rest = &self.text[at.end..];
            rest.find('\n')
                .map_or(self.text.len(), |end| at.end + end + 1)
        };
        start..end
    }

    /// The text of an entry at another column, with a line break at its end.
    fn moved(&self, entry: &Entry, to: usize) -> String {
        let text = &self.text;
        let source = text[entry.at.clone()].trim_end();
        let from = column(text, entry.at.start);
        let mut moved = String::new();
        // A flow mapping has its keys anywhere in a line.
        let key = &text[entry.key_at.clone()];
        let value = source[key.len()..].trim_start_matches([' ', ':']);
        let is_block = text[..entry.at.start]
            .rsplit('\n')
            .next()
            .is_none_or(|before| before.trim().is_empty());
        if !is_block {
            let value = value.replace('\n', &format!("\n{}", " ".repeat(to + 2)));
            return format!("{}{key}: {value}\n", " ".repeat(to));
        }
        for (number, line) in source.lines().enumerate() {
            let line = match number {
                0 => line,
                _ => {
                    let spaces = line.len() - line.trim_start_matches(' ').len();
                    &line[spaces.min(from)..]
                }
            };
            if !line.is_empty() {
                moved.extend(std::iter::repeat_n(' ', to));
            }
            moved += line;
            moved.push('\n');
        }
        moved
    }

    /// Makes sure that a changed text differs from this one in no other entry.
    fn changes_only(&self, name: &str, text: &str) -> Result<(), Malformed> {
        let entangled = || Malformed::Entangled(name.to_owned());
        let changed = Self::parse(text).map_err(|_| entangled())?;
        let others = |document: &Self| {
            let entries = document.entries().filter(|(each, _)| *each != name);
            entries
                .map(|(each, value)| (each.to_owned(), value.clone()))
                .collect::<Vec<_>>()
        };
        match others(self) == others(&changed) {
            true => Ok(()),
            false => Err(entangled()),
        }
    }
}

/// The column of a byte in its line.
fn column(text: &str, at: usize) -> usize {
    at - text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Lines, each further to the right.
fn indented(lines: &str, by: usize) -> String {
    let space = " ".repeat(by);
    let lines = lines.lines().map(|line| format!("{space}{line}\n"));
    lines.collect()
}

/// A string as YAML text on one line: plain if it is a word, and otherwise in JSON's form.
pub fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|each| each.is_ascii_alphanumeric() || "_-".contains(each))
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// Strings as a YAML list on one line.
pub fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| scalar(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// Bytes as YAML text on one line.
pub fn binary(bytes: &[u8]) -> String {
    format!("!!binary {}", STANDARD.encode(bytes))
}

/// A value that was read, with its place.
struct Read {
    node: Node,
    at: Range<usize>,
    block: Option<Block>,
}

/// Reads the events of a parser.
struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            parser: Parser::new_from_str(text),
        }
    }

    /// The next event that is no presentation.
    fn next(&mut self) -> Result<(Event<'a>, Span), Malformed> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Malformed::Syntax {
                line: error.marker().line(),
            }),
            None => Err(self.broken()),
        }
    }

    fn broken(&self) -> Malformed {
        Malformed::Syntax {
            line: self.text.lines().count(),
        }
    }

    /// The only document; none if the text has no content.
    fn document(&mut self) -> Result<Option<Read>, Malformed> {
        let mut read = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(read),
                Event::DocumentStart(..) if read.is_some() => return Err(Malformed::NoMapping),
                event if event.is_node() => read = Some(self.value(event, span, 0)?),
                _ => {}
            }
        }
    }

    /// The node that begins with an event.
    fn value(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Read, Malformed> {
        if depth > DEEPEST {
            return Err(self.broken());
        }
        let mut at = span.byte_range().ok_or_else(|| self.broken())?;
        if let Some(tag) = span.tag_start.and_then(|tag| tag.byte_offset()) {
            at.start = at.start.min(tag);
        }
        let mut block = None;
        let node = match event {
            Event::Alias(anchor) => Node::Alias(anchor),
            Event::Scalar(text, style, _, tag) => Node::Scalar {
                text: text.into_owned(),
                plain: style == ScalarStyle::Plain && tag.is_none(),
                binary: tag.is_some_and(|tag| {
                    tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() == Some(BINARY)
                }),
            },
            Event::SequenceStart(style, ..) => {
                let mut elements = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::SequenceEnd {
                        self.close(&mut at, style, &span);
                        break Node::List(elements);
                    }
                    if event.is_node() {
                        let element = self.value(event, span, depth + 1)?;
                        at.end = at.end.max(element.at.end);
                        elements.push(element.node);
                    }
                }
            }
            Event::MappingStart(style, ..) => {
                let is_flow = style == StructureStyle::Flow;
                let (entries, node) = self.members(&mut at, style, depth)?;
                block = entries.map(|entries| Block { is_flow, entries });
                node
            }
            _ => return Err(self.broken()),
        };
        Ok(Read { node, at, block })
    }

    /// The members of a mapping, and as entries if all keys are names.
    fn members(
        &mut self,
        at: &mut Range<usize>,
        style: StructureStyle,
        depth: usize,
    ) -> Result<(Option<Vec<Entry>>, Node), Malformed> {
        let mut entries = Some(Vec::new());
        let mut members = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                self.close(at, style, &span);
                return Ok((entries, Node::Mapping(members)));
            }
            if !event.is_node() {
                continue;
            }
            let key = self.value(event, span, depth + 1)?;
            let value = loop {
                let (event, span) = self.next()?;
                if event.is_node() {
                    break self.value(event, span, depth + 1)?;
                }
            };
            at.end = at.end.max(key.at.end).max(value.at.end);
            if let (Some(entries), Some(name)) = (&mut entries, key.node.text()) {
                entries.push(Entry {
                    name: name.to_owned(),
                    value: value.node.clone(),
                    at: key.at.start..value.at.end.max(key.at.end),
                    key_at: key.at.clone(),
                    members: value.block,
                });
            } else {
                entries = None;
            }
            members.push((key.node, value.node));
        }
    }

    /// A collection with brackets ends with them; one without ends with its last element.
    fn close(&self, at: &mut Range<usize>, style: StructureStyle, end: &Span) {
        if style == StructureStyle::Flow
            && let Some(end) = end.byte_range()
        {
            at.end = at.end.max(end.end);
        }
    }
}

#[cfg(test)]
mod tests;

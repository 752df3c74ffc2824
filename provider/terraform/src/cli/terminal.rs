//! Colour and progress, which only terminals get.

use std::io::{IsTerminal as _, Write as _};

/// Colour for a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    is_coloured: bool,
}

impl Style {
    /// Without colour.
    #[cfg(test)]
    pub const PLAIN: Self = Self { is_coloured: false };

    /// With colour if standard output is a terminal and `NO_COLOR` is not set
    /// (<https://no-color.org>).
    pub fn of_stdout() -> Self {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Self {
            is_coloured: std::io::stdout().is_terminal() && !is_unwanted && !is_dumb,
        }
    }

    /// The text in green.
    pub fn good(self, text: &str) -> String {
        self.coloured("32", text)
    }

    /// The text in yellow.
    pub fn doubtful(self, text: &str) -> String {
        self.coloured("33", text)
    }

    /// The text in red.
    pub fn bad(self, text: &str) -> String {
        self.coloured("31", text)
    }

    /// The text in bold.
    pub fn bold(self, text: &str) -> String {
        self.coloured("1", text)
    }

    fn coloured(self, code: &str, text: &str) -> String {
        match self.is_coloured {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// A line on standard error that tells what is being done, if standard error is a terminal.
#[derive(Debug)]
pub struct Progress {
    is_shown: bool,
}

impl Progress {
    /// On standard error.
    pub fn on_stderr() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
        }
    }

    /// Shows another step in the same line.
    pub fn show(&mut self, step: &str) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K{step} …");
        }
    }

    /// Writes a line that stays, to a terminal or not.
    pub fn note(&mut self, line: &str) {
        let clears = match self.is_shown {
            true => "\r\u{1b}[K",
            false => "",
        };
        let _ = writeln!(std::io::stderr(), "{clears}{line}");
    }

    /// Takes the line off.
    pub fn clear(self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_an_escape_sequence_around_the_text_or_nothing() {
        let coloured = Style { is_coloured: true };
        assert_eq!(coloured.bad("✗"), "\u{1b}[31m✗\u{1b}[0m");
        assert_eq!(Style::PLAIN.bad("✗"), "✗");
    }
}

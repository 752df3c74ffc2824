//! What a run of a client said, in a form that tests can look for sentences in.

use std::process::Output;

/// Exit code and output.
#[derive(Debug)]
pub struct Said {
    /// The exit code; nothing after a signal.
    pub code: Option<i32>,
    /// Standard output and standard error, boxes and line breaks taken out.
    pub text: String,
    /// Standard output as it came.
    pub stdout: String,
    /// Standard error as it came.
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self {
            code: output.status.code(),
            text: unboxed(&format!("{stdout}\n{stderr}")),
            stdout,
            stderr,
        }
    }
}

impl Said {
    /// # Panics
    /// When the client ended with another code than 0.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "the client failed:\n{}", self.text);
        self
    }

    /// # Panics
    /// When the client ended with another code than 1.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert_eq!(self.code, Some(1), "the client was to fail:\n{}", self.text);
        self
    }

    /// # Panics
    /// When the words are not there.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        let text = &self.text;
        assert!(text.contains(words), "missing {words:?} in:\n{text}");
        self
    }

    /// # Panics
    /// When the words are there.
    #[track_caller]
    pub fn says_not(self, words: &str) -> Self {
        let text = &self.text;
        assert!(!text.contains(words), "unwanted {words:?} in:\n{text}");
        self
    }
}

/// The text of boxed and wrapped messages on one line.
fn unboxed(text: &str) -> String {
    text.replace(['│', '╷', '╵'], " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

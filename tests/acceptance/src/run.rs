//! What one run of Terraform said, read from its machine-readable output.

use std::time::Duration;

use serde_json::Value;

/// One diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// The headline.
    pub summary: String,
    /// The explanation.
    pub detail: String,
    /// The resource it is about, if any.
    pub address: String,
    /// The line of configuration that it points at, trimmed.
    pub code: String,
}

impl Diagnostic {
    fn read(value: &Value) -> Self {
        let text = |pointer: &str| {
            value
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        Self {
            severity: text("/severity"),
            summary: text("/summary"),
            detail: text("/detail"),
            address: text("/address"),
            code: text("/snippet/code"),
        }
    }

    fn says(&self, words: &str) -> bool {
        self.summary.contains(words) || self.detail.contains(words) || self.code.contains(words)
    }
}

/// A finished run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The command line.
    pub command: String,
    /// Exit code; −1 when a signal ended it.
    pub code: i32,
    /// Everything printed, standard output before standard error.
    pub output: String,
    /// What it complained of.
    pub diagnostics: Vec<Diagnostic>,
    /// Planned changes: address and action (`create`, `update`, `delete`,
    /// `replace`, `read`, …).
    pub changes: Vec<(String, String)>,
    /// How long it took.
    pub took: Duration,
}

impl Run {
    /// Reads what was printed.
    #[must_use]
    pub(crate) fn read(command: String, code: i32, output: String, took: Duration) -> Self {
        let mut diagnostics = Vec::new();
        let mut changes = Vec::new();
        // `validate` prints one document, the other commands a message a line.
        if let Ok(document) = serde_json::from_str::<Value>(&output) {
            let listed = document["diagnostics"].as_array();
            diagnostics.extend(listed.into_iter().flatten().map(Diagnostic::read));
        }
        for line in output.lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            let text = |pointer: &str| {
                message
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            match text("/type").as_str() {
                "diagnostic" => diagnostics.push(Diagnostic::read(&message["diagnostic"])),
                "planned_change" => {
                    changes.push((text("/change/resource/addr"), text("/change/action")));
                }
                _ => {}
            }
        }
        Self {
            command,
            code,
            output,
            diagnostics,
            changes,
            took,
        }
    }

    /// The run as a person would read it.
    #[must_use]
    pub fn told(&self) -> String {
        let mut text = format!(
            "$ {}   (exit code {}, {:.1} s)\n",
            self.command,
            self.code,
            self.took.as_secs_f32()
        );
        for line in self.output.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(message) => {
                    text.push_str(message["@message"].as_str().unwrap_or(line));
                    if let Some(detail) = message.pointer("/diagnostic/detail") {
                        text.push_str("\n    ");
                        text.push_str(&detail.as_str().unwrap_or_default().replace('\n', "\n    "));
                    }
                }
                Err(_) => text.push_str(line),
            }
            text.push('\n');
        }
        text
    }

    /// # Panics
    /// When the run did not succeed (a plan with changes did).
    #[track_caller]
    pub fn must_succeed(&self) -> &Self {
        assert!(
            matches!(self.code, 0 | 2),
            "it should have succeeded\n{}",
            self.told()
        );
        self
    }

    /// # Panics
    /// When the run succeeded.
    #[track_caller]
    pub fn must_fail(&self) -> &Self {
        assert!(
            !matches!(self.code, 0 | 2),
            "it should have failed\n{}",
            self.told()
        );
        self
    }

    /// # Panics
    /// When no diagnostic of that severity has those words in its summary, its
    /// detail or the line that it points at.
    #[track_caller]
    pub fn must_say(&self, severity: &str, words: &str) -> &Self {
        assert!(
            self.diagnostics
                .iter()
                .any(|diagnostic| diagnostic.severity == severity && diagnostic.says(words)),
            "no {severity} says {words:?}\n{}",
            self.told()
        );
        self
    }

    /// # Panics
    /// When there is no error on that line of the configuration with those
    /// words: an error that names the attribute points at its line.
    #[track_caller]
    pub fn must_blame(&self, code: &str, words: &str) -> &Self {
        assert!(
            self.diagnostics
                .iter()
                .any(|diagnostic| diagnostic.severity == "error"
                    && diagnostic.code.contains(code)
                    && diagnostic.says(words)),
            "no error on a line with {code:?} says {words:?}\n{}",
            self.told()
        );
        self
    }

    /// # Panics
    /// When there is a warning or an error.
    #[track_caller]
    pub fn must_be_quiet(&self) -> &Self {
        assert!(
            self.diagnostics.is_empty(),
            "there should be no diagnostics\n{}",
            self.told()
        );
        self
    }

    /// # Panics
    /// When the plan failed or has changes.
    #[track_caller]
    pub fn must_change_nothing(&self) -> &Self {
        assert!(
            self.code == 0 && self.changes.is_empty(),
            "the plan should be empty\n{}",
            self.told()
        );
        self
    }

    /// # Panics
    /// When the plan does not hold exactly that action for that address.
    #[track_caller]
    pub fn must_plan(&self, address: &str, action: &str) -> &Self {
        assert!(
            self.changes
                .iter()
                .any(|(planned, how)| planned == address && how == action),
            "{action} of {address} should be planned, but this is: {:?}\n{}",
            self.changes,
            self.told()
        );
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str) -> Run {
        Run::read(
            "terraform plan".to_owned(),
            2,
            output.to_owned(),
            Duration::ZERO,
        )
    }

    #[test]
    fn changes_and_diagnostics_are_read_from_json_lines() {
        let run = read(concat!(
            r#"{"@message":"x: Plan to update","type":"planned_change","change":{"resource":{"addr":"everest_database.a"},"action":"update"}}"#,
            "\n",
            r#"{"@message":"Warning: Slow","type":"diagnostic","diagnostic":{"severity":"warning","summary":"Slow","detail":"It restarts.","snippet":{"code":"  replicas = 3"}}}"#,
            "\nnot json\n",
        ));
        run.must_succeed()
            .must_plan("everest_database.a", "update")
            .must_say("warning", "restarts")
            .must_say("warning", "replicas");
        assert!(run.told().contains("not json"));
    }

    #[test]
    #[should_panic(expected = "no error says")]
    fn a_warning_is_not_an_error() {
        read(r#"{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"Slow"}}"#)
            .must_say("error", "Slow");
    }
}

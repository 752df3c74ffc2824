//! The report of `doctor`, for people and for programs.

use std::fmt::Write as _;

use everest_core::dialect::Dialect;
use everest_core::doctor::{Check, Status};
use everest_core::text::Text;
use serde_json::{Value, json};

use crate::cli::terminal::Style;

/// The version of the JSON form. The second number goes up with a new member, the first with a
/// member that changes or goes.
const FORMAT: &str = "1.0";

/// The checks of a cluster.
pub struct Report<'a> {
    /// The URL of the API server, if it is known.
    pub server: Option<&'a str>,
    /// The checks in their order.
    pub checks: Vec<Check>,
}

impl Report<'_> {
    /// The worst status.
    pub fn status(&self) -> Status {
        let all = self.checks.iter().map(|check| check.status);
        all.max().unwrap_or(Status::Ok)
    }

    /// The table: a mark, the subject and the observation, and the next step below.
    pub fn table(&self, style: Style) -> String {
        let subjects: Vec<_> = self
            .checks
            .iter()
            .map(|check| said(&check.subject))
            .collect();
        let width = subjects.iter().map(|subject| subject.chars().count());
        let width = width.max().unwrap_or(0);
        let mut table = match self.server {
            Some(server) => format!("{}\n\n", style.bold(server)),
            None => String::new(),
        };
        for (check, subject) in self.checks.iter().zip(&subjects) {
            let mark = match check.status {
                Status::Ok => style.good("✓"),
                Status::Warning => style.doubtful("!"),
                Status::Failed => style.bad("✗"),
            };
            let _ = writeln!(table, "{mark} {subject:width$}  {}", said(&check.found));
            if let Some(next) = &check.next {
                let _ = writeln!(table, "  {:width$}  → {}", "", said(next));
            }
        }
        let count = |status| {
            let checks = self.checks.iter();
            checks.filter(|check| check.status == status).count()
        };
        let _ = writeln!(
            table,
            "\n{} ok, {} to look at, {} failed",
            count(Status::Ok),
            count(Status::Warning),
            count(Status::Failed)
        );
        table
    }

    /// The JSON form.
    pub fn json(&self) -> String {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|check| {
                json!({
                    "check": check.id,
                    "subject": said(&check.subject),
                    "status": check.status.as_str(),
                    "found": said(&check.found),
                    "next": check.next.as_ref().map(said),
                })
            })
            .collect();
        let report = json!({
            "format_version": FORMAT,
            "provider_version": env!("CARGO_PKG_VERSION"),
            "server": self.server,
            "status": self.status().as_str(),
            "checks": checks,
        });
        format!("{report:#}\n")
    }
}

fn said(text: &Text) -> String {
    text.render(Dialect::Terraform)
}

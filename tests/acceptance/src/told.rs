//! The diagnostics of a run of a client with `-json`.

use serde_json::Value;

use crate::said::Said;

/// One diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `error` or `warning`.
    pub severity: String,
    /// The resource, such as `everest_database.db`; empty where it is about none.
    pub address: String,
    /// The headline.
    pub summary: String,
    /// What follows it.
    pub detail: String,
}

/// Every diagnostic of a run with `-json`, in the order they were told.
pub fn diagnostics(said: &Said) -> Vec<Told> {
    said.stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["type"] == "diagnostic")
        .map(|line| {
            let told = &line["diagnostic"];
            let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
            Told {
                severity: text("severity"),
                address: text("address"),
                summary: text("summary"),
                detail: text("detail"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_diagnostics_count() {
        let said = Said {
            code: Some(1),
            text: String::new(),
            stdout: "{\"@level\":\"info\",\"type\":\"version\"}\nnot JSON\n\
                     {\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"S\",\
                     \"detail\":\"D\",\"address\":\"everest_database.db\"}}\n"
                .to_owned(),
            stderr: String::new(),
        };
        let expected = Told {
            severity: "error".to_owned(),
            address: "everest_database.db".to_owned(),
            summary: "S".to_owned(),
            detail: "D".to_owned(),
        };
        assert_eq!(diagnostics(&said), [expected]);
    }
}

//! The command line: the flags of every provider, and one of our own.

use std::collections::BTreeSet;

use crossplane_managed::flags::{self, Asked, Environment};

/// What the program is and how it is called.
const HEAD: &str = "\
everest-crossplane provider: the controllers of Everest's managed resources

Usage: everest-crossplane provider [OPTIONS]
";

/// Our own flag.
const OWN: &str = "\
      --allow-exec-credentials NAMES let the kubeconfigs of these ClusterProviderConfigs name a
                                     credential plugin, whose command then runs here with the
                                     provider's rights; names separated by commas. Only from
                                     files and variables of the provider's container, never from
                                     Secrets (default: none)
";

/// The text of `--help`.
pub fn help() -> String {
    flags::help(HEAD, OWN)
}

/// The `ClusterProviderConfig`s whose kubeconfigs may name credential plugins.
pub type ExecCredentials = BTreeSet<String>;

/// Reads the arguments after the sub-command; missing ones come from the environment.
///
/// # Errors
/// If a flag is unknown or a value malformed; the error names it.
pub fn parse(
    args: lexopt::Parser,
    environment: Environment<'_>,
) -> Result<(Asked, ExecCredentials), lexopt::Error> {
    use lexopt::ValueExt;

    let mut configs = ExecCredentials::new();
    let mut own = |name: &str, args: &mut lexopt::Parser| {
        if name != "allow-exec-credentials" {
            return Ok(false);
        }
        let named: Vec<String> = args.value()?.parse_with(config_names)?;
        configs.extend(named);
        Ok(true)
    };
    let asked = flags::parse(args, environment, &mut own)?;
    Ok((asked, configs))
}

/// Names of configs, separated by commas.
fn config_names(text: &str) -> Result<Vec<String>, String> {
    // What the flag took before it took names would be the name of a config now.
    if flags::boolean(text).is_ok() {
        return Err(format!(
            "{text:?} is not the name of a ClusterProviderConfig; give the names of those that may \
             run commands, separated by commas"
        ));
    }
    let names = text.split(',').map(str::trim);
    Ok(names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<(Asked, ExecCredentials), String> {
        parse(lexopt::Parser::from_args(args), &|_| None).map_err(|error| error.to_string())
    }

    #[test]
    fn the_configs_that_may_run_commands_are_named() {
        let given = parsed(&[
            "--allow-exec-credentials=eu,us",
            "--allow-exec-credentials",
            "ap",
        ]);
        let named: Vec<_> = given.unwrap().1.into_iter().collect();
        assert_eq!(named, ["ap", "eu", "us"]);
        assert!(parsed(&["--allow-exec-credentials", "true"]).is_err());
    }

    #[test]
    fn every_flag_of_the_help_is_one() {
        let help = help();
        let flags = help
            .split_whitespace()
            .map(|word| word.trim_end_matches([',', ')']))
            .filter(|word| word.starts_with('-') && word.len() > 1 && !word.contains('='))
            .filter(|word| !matches!(*word, "-h" | "--help"));
        let mut seen = 0;
        for flag in flags {
            seen += 1;
            if let Err(error) = parsed(&[flag]) {
                assert!(error.contains("missing argument"), "{flag}: {error}");
            }
        }
        assert!(seen > 18, "only {seen} flags are in the help");
    }

    #[test]
    fn every_flag_of_the_guide_is_one() {
        let page = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/crossplane/operations.md"
        );
        let page = std::fs::read_to_string(page).unwrap();
        let rows = page.lines().filter(|line| line.starts_with("| `--"));
        let cells = rows.filter_map(|row| row.split('|').nth(1));
        let mut seen = 0;
        for flag in cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
            seen += 1;
            if let Err(error) = parsed(&[flag]) {
                assert!(error.contains("missing argument"), "{flag}: {error}");
            }
        }
        assert!(seen > 5, "only {seen} flags are in the guide");
    }

    #[test]
    fn an_unknown_flag_is_an_error_that_names_it() {
        assert!(
            parsed(&["--poling", "1m"])
                .unwrap_err()
                .contains("--poling")
        );
    }
}

//! The command line: the flags that Crossplane's providers have.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;

use crate::duration;

/// The flags of the controllers.
const CONTROLLERS: &str = "\
Controllers:
      --poll DURATION                reconcile each managed resource this often, even without
                                     changes (default 10m)
      --poll-jitter-percentage N     vary the poll interval by up to N percent (default 10)
  -s, --sync DURATION                reconcile all managed resources this often (default 1h)
      --max-reconcile-rate N         at most N reconciles a second, and at most N at the same
                                     time (default 100)
      --poll-state-metric DURATION   accepted for compatibility with other providers, no
                                     effect: the state gauges are always up to date
      --enable-management-policies   accepted for compatibility with other providers:
                                     spec.managementPolicies are always honoured (env
                                     ENABLE_MANAGEMENT_POLICIES)
";

/// The other flags.
const PROCESS: &str = "\
Control plane:
      --kubeconfig FILE              kubeconfig of the control plane (default: KUBECONFIG, then
                                     ~/.kube/config, then the Pod's service account)
  -l, --leader-election              run the controllers in only one of several replicas (env
                                     LEADER_ELECTION)
      --leader-election-namespace N  namespace of the Lease (env POD_NAMESPACE; default:
                                     crossplane-system)

Observability:
  -d, --debug                        log more
      --log-format json|text         (default json)
      --metrics-bind-address ADDR    (default :8080; 0 for none)
      --health-bind-address ADDR     /healthz and /readyz (default :8081; 0 for none)
      --enable-changelogs            report every change of an external resource to a sidecar
                                     (env ENABLE_CHANGELOGS)
      --changelogs-socket-path FILE  the sidecar's socket (env CHANGELOGS_SOCKET_PATH; default
                                     /var/run/changelogs/changelogs.sock)

  -h, --help                         this text

A boolean flag also takes a value (--debug=false) or the prefix no- (--no-debug).
Durations are written as in Go: 90s, 10m, 1h30m.
";

/// The text of `--help`: `head` says what the program is and how it is called, `own` describes the
/// flags that this provider has beside those of every provider.
pub fn help(head: &str, own: &str) -> String {
    format!("{head}\n{CONTROLLERS}{own}\n{PROCESS}")
}

/// The request of a command line.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// The controllers.
    Run(Box<Options>),
    /// The text of [`help`].
    Help,
}

/// The options from the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The time between two reconciles of a managed resource without an event.
    pub poll: Duration,
    /// The jitter of that time, in percent.
    pub poll_jitter_percentage: u8,
    /// The time between two reconciles of all managed resources.
    pub sync: Duration,
    /// The most reconciles per second, and at the same time.
    pub max_reconcile_rate: u32,
    /// Kubeconfig of the control plane.
    pub kubeconfig: Option<PathBuf>,
    /// Only the holder of the Lease works.
    pub leader_election: bool,
    /// Namespace of the Lease.
    pub leader_election_namespace: String,
    /// Log more.
    pub debug: bool,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// The address for metrics.
    pub metrics: Option<SocketAddr>,
    /// The address for probes.
    pub health: Option<SocketAddr>,
    /// Socket of the change log's sidecar, if change logs are enabled.
    pub changelogs: Option<PathBuf>,
}

impl Default for Options {
    /// The options of an empty command line, in an empty environment.
    fn default() -> Self {
        Options {
            poll: Duration::from_secs(600),
            poll_jitter_percentage: 10,
            sync: Duration::from_secs(3600),
            max_reconcile_rate: 100,
            kubeconfig: None,
            leader_election: false,
            leader_election_namespace: "crossplane-system".to_owned(),
            debug: false,
            log_format: LogFormat::Json,
            metrics: Some(SocketAddr::from(([0, 0, 0, 0], 8080))),
            health: Some(SocketAddr::from(([0, 0, 0, 0], 8081))),
            changelogs: None,
        }
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An environment variable with a malformed value.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {name}: {cause}")]
struct VariableError {
    name: &'static str,
    cause: String,
}

/// Takes the value of a flag of the provider's own, by its name without dashes. Returns false if it
/// has no such flag.
pub type Own<'a> = &'a mut dyn FnMut(&str, &mut lexopt::Parser) -> Result<bool, lexopt::Error>;

/// Reads the arguments; missing ones come from the environment.
///
/// # Errors
/// If a flag is unknown or a value malformed; the error names it.
pub fn parse(
    mut args: lexopt::Parser,
    environment: Environment<'_>,
    own: Own<'_>,
) -> Result<Asked, lexopt::Error> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let switch = |name: &'static str, default: bool| match variable(name) {
        None => Ok(default),
        Some(value) => boolean(&value)
            .map_err(|cause| lexopt::Error::Custom(Box::new(VariableError { name, cause }))),
    };
    let mut options = Options {
        leader_election: switch("LEADER_ELECTION", false)?,
        ..Options::default()
    };
    if let Some(namespace) = variable("POD_NAMESPACE") {
        options.leader_election_namespace = namespace;
    }
    let mut honours_policies = switch("ENABLE_MANAGEMENT_POLICIES", true)?;
    let mut changelogs = switch("ENABLE_CHANGELOGS", false)?;
    let mut socket = variable("CHANGELOGS_SOCKET_PATH")
        .unwrap_or_else(|| "/var/run/changelogs/changelogs.sock".to_owned())
        .into();
    while let Some(argument) = args.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Asked::Help),
            Short('d') | Long("debug") => options.debug = on(&mut args)?,
            Long("no-debug") => options.debug = false,
            Short('l') | Long("leader-election") => options.leader_election = on(&mut args)?,
            Long("no-leader-election") => options.leader_election = false,
            Long("leader-election-namespace") => {
                options.leader_election_namespace = args.value()?.string()?;
            }
            Long("enable-management-policies") => honours_policies &= on(&mut args)?,
            Long("no-enable-management-policies") => honours_policies = false,
            Long("enable-changelogs") => changelogs = on(&mut args)?,
            Long("no-enable-changelogs") => changelogs = false,
            Long("changelogs-socket-path") => socket = PathBuf::from(args.value()?),
            Long("poll") => options.poll = positive(&mut args)?,
            Short('s') | Long("sync") => options.sync = positive(&mut args)?,
            Long("poll-state-metric") => {
                positive(&mut args)?;
            }
            Long("poll-jitter-percentage") => {
                options.poll_jitter_percentage = args.value()?.parse_with(percentage)?;
            }
            Long("max-reconcile-rate") => {
                options.max_reconcile_rate = args.value()?.parse_with(rate)?;
            }
            Long("kubeconfig") => options.kubeconfig = Some(PathBuf::from(args.value()?)),
            Long("log-format") => options.log_format = args.value()?.parse_with(log_format)?,
            Long("metrics-bind-address") => options.metrics = args.value()?.parse_with(address)?,
            Long("health-bind-address") => options.health = args.value()?.parse_with(address)?,
            Long(name) => {
                let name = name.to_owned();
                if !own(&name, &mut args)? {
                    return Err(lexopt::Error::UnexpectedOption(format!("--{name}")));
                }
            }
            other => return Err(other.unexpected()),
        }
    }
    if !honours_policies {
        let cause = "spec.managementPolicies are always honoured: without them, resources that \
                     protect their external objects would delete them. Leave out \
                     --enable-management-policies=false and ENABLE_MANAGEMENT_POLICIES";
        return Err(lexopt::Error::Custom(cause.into()));
    }
    options.changelogs = changelogs.then_some(socket);
    Ok(Asked::Run(Box::new(options)))
}

/// The options of this process, which has no flags of its own. `program` is its name, and `about`
/// says what it is.
///
/// # Errors
/// The exit code, once the help was printed or what is wrong.
pub fn options(program: &str, about: &str) -> Result<Options, ExitCode> {
    let environment = |name: &str| std::env::var(name).ok();
    match parse(lexopt::Parser::from_env(), &environment, &mut |_, _| {
        Ok(false)
    }) {
        Ok(Asked::Run(options)) => Ok(*options),
        Ok(Asked::Help) => {
            let head = format!("{program}: {about}\n\nUsage: {program} [OPTIONS]\n");
            print!("{}", help(&head, ""));
            Err(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("{error}. Try {program} --help.");
            Err(ExitCode::FAILURE)
        }
    }
}

/// The value of a flag that needs none.
fn on(args: &mut lexopt::Parser) -> Result<bool, lexopt::Error> {
    match args.optional_value() {
        None => Ok(true),
        Some(value) => value.parse_with(boolean),
    }
}

/// A value that is true or false, as Go spells them.
///
/// # Errors
/// If it is neither.
pub fn boolean(value: &str) -> Result<bool, String> {
    match value {
        "true" | "True" | "TRUE" | "t" | "1" => Ok(true),
        "false" | "False" | "FALSE" | "f" | "0" => Ok(false),
        other => Err(format!("{other:?} is neither true nor false")),
    }
}

fn positive(args: &mut lexopt::Parser) -> Result<Duration, lexopt::Error> {
    args.value()?
        .parse_with(|text| match duration::parse(text.trim()) {
            Ok(Duration::ZERO) => Err("0 would be without a pause".to_owned()),
            parsed => parsed.map_err(|error| error.to_string()),
        })
}

fn percentage(text: &str) -> Result<u8, String> {
    text.parse()
        .ok()
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| format!("{text:?} is not a number from 0 to 100"))
}

fn rate(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|rate| (1..=10_000).contains(rate))
        .ok_or_else(|| format!("{text:?} is not a number from 1 to 10000"))
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        other => Err(format!("{other:?} is neither json nor text")),
    }
}

/// `:8080` is every address of the machine, as in Go.
fn address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "0" {
        return Ok(None);
    }
    let full = match text.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => text.to_owned(),
    };
    full.parse()
        .map(Some)
        .map_err(|_| format!("{text:?} is not an address like :8080 or 127.0.0.1:8080"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str], variables: &[(&str, &str)]) -> Result<Asked, String> {
        let environment = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let mut own = |name: &str, args: &mut lexopt::Parser| match name {
            "own" => args.value().map(|_| true),
            _ => Ok(false),
        };
        parse(lexopt::Parser::from_args(args), &environment, &mut own)
            .map_err(|error| error.to_string())
    }

    fn options(args: &[&str], variables: &[(&str, &str)]) -> Options {
        match parsed(args, variables) {
            Ok(Asked::Run(options)) => *options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_flag_of_the_help_is_one() {
        let help = help("notes: the controllers", "      --own VALUE   a flag\n");
        let flags = help
            .split_whitespace()
            .map(|word| word.trim_end_matches([',', ')']))
            .filter(|word| word.starts_with('-') && word.len() > 1 && !word.contains('='))
            .filter(|word| !matches!(*word, "-h" | "--help"));
        let mut seen = 0;
        for flag in flags {
            seen += 1;
            if let Err(error) = parsed(&[flag], &[]) {
                assert!(error.contains("missing argument"), "{flag}: {error}");
            }
        }
        assert!(seen > 18, "only {seen} flags are in the help");
    }

    #[test]
    fn an_unknown_flag_is_an_error_that_names_it() {
        assert!(
            parsed(&["--poling", "1m"], &[])
                .unwrap_err()
                .contains("--poling")
        );
        assert!(parsed(&["stray"], &[]).unwrap_err().contains("stray"));
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let variables = [("LEADER_ELECTION", "true"), ("POD_NAMESPACE", "cp")];
        assert!(options(&[], &variables).leader_election);
        assert_eq!(options(&[], &variables).leader_election_namespace, "cp");
        assert!(!options(&["--leader-election=false"], &variables).leader_election);
        assert!(!options(&["--no-leader-election"], &variables).leader_election);
        assert!(options(&["-l"], &[]).leader_election);
    }

    #[test]
    fn a_variable_that_is_neither_true_nor_false_is_named() {
        let error = parsed(&[], &[("LEADER_ELECTION", "yes")]).unwrap_err();
        assert!(error.contains("LEADER_ELECTION"), "{error}");
    }

    #[test]
    fn values_are_checked() {
        for args in [
            ["--poll", "0s"],
            ["--poll", "10"],
            ["--poll-jitter-percentage", "101"],
            ["--max-reconcile-rate", "0"],
            ["--metrics-bind-address", "8080"],
            ["--log-format", "xml"],
        ] {
            assert!(parsed(&args, &[]).is_err(), "{args:?}");
        }
    }

    #[test]
    fn management_policies_cannot_be_switched_off() {
        for (args, variables) in [
            (&["--enable-management-policies=false"][..], &[][..]),
            (&["--no-enable-management-policies"], &[]),
            (&[], &[("ENABLE_MANAGEMENT_POLICIES", "false")]),
        ] {
            let error = parsed(args, variables).unwrap_err();
            assert!(error.contains("always honoured"), "{error}");
        }
        options(&["--enable-management-policies"], &[]);
    }

    #[test]
    fn addresses_are_as_in_go() {
        let given = options(
            &[
                "--metrics-bind-address",
                ":9090",
                "--health-bind-address",
                "0",
            ],
            &[],
        );
        assert_eq!(given.metrics, Some(SocketAddr::from(([0, 0, 0, 0], 9090))));
        assert_eq!(given.health, None);
    }

    #[test]
    fn change_logs_are_told_only_when_asked_for() {
        assert_eq!(
            options(&["--changelogs-socket-path", "/x"], &[]).changelogs,
            None
        );
        assert_eq!(
            options(
                &["--enable-changelogs"],
                &[("CHANGELOGS_SOCKET_PATH", "/y")]
            )
            .changelogs,
            Some(PathBuf::from("/y"))
        );
    }
}

//! The actions of the provider: operations that leave nothing in a state.

mod backup;
mod made;
mod restore;
mod switch;
mod upgrade;

use std::{sync::Arc, time::Duration};

use everest_cluster::Wait;
use everest_core::duration;
use everest_schemas::Field;
use jiff::Timestamp;
use tfplugin::{Context, Diagnostics, Progress, Registry};

use crate::session::Session;

/// Registers all actions.
pub fn register(registry: &mut Registry, session: &Arc<Session>) {
    registry
        .action(backup::Backup(Arc::clone(session)))
        .action(restore::Restore(Arc::clone(session)))
        .action(switch::SwitchDatabase::restart(session))
        .action(switch::SwitchDatabase::pause(session))
        .action(switch::SwitchDatabase::resume(session))
        .action(upgrade::Upgrade::all(session))
        .action(upgrade::Upgrade::next(session));
}

/// The bounds of an action, which tells what it waits for.
fn wait(timeout: &Field<String>, default: Duration, cx: &Context, progress: &Progress) -> Wait {
    // A duration that does not parse was refused by the validation.
    let given = timeout
        .known_str()
        .and_then(|text| duration::parse_go(text).ok());
    let progress = progress.clone();
    Wait::new(given.unwrap_or(default), cx.stop.clone())
        .telling(move |missing| progress.report(format!("Waiting for {missing}")))
}

/// Checks a timeout.
fn check_timeout(timeout: &Field<String>, diags: &mut Diagnostics) {
    if let Some(text) = timeout.known_str()
        && let Err(error) = duration::parse_go(text)
    {
        diags.error(
            "timeout",
            format!("{text:?} is no duration"),
            format!("Attribute timeout: {error}. Write it as in \"90m\" or \"1h30m\"."),
        );
    }
}

/// The name of an object that an action makes: the given one, or the database's with the time.
fn object_name(given: &Field<String>, database: &Field<String>, now: Timestamp) -> Field<String> {
    match (given, database.known_str()) {
        (Field::Null, Some(database)) => {
            let time = now.strftime("%Y%m%d-%H%M%S");
            Field::Known(format!("{database}-{time}"))
        }
        (Field::Null, None) => Field::Unknown,
        (given, _) => given.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_a_name_is_named_by_its_database_and_the_time() {
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let orders = Field::Known("orders".to_owned());
        let name = object_name(&Field::Null, &orders, now);
        assert_eq!(name.known_str(), Some("orders-20260102-030405"));
        assert_eq!(
            object_name(&"a".into(), &orders, now).known_str(),
            Some("a")
        );
        assert_eq!(
            object_name(&Field::Null, &Field::Unknown, now),
            Field::Unknown
        );
    }

    #[test]
    fn a_timeout_is_a_duration() {
        let errors = |text: &str| {
            let mut diags = Diagnostics::default();
            check_timeout(&text.into(), &mut diags);
            diags.has_errors()
        };
        assert!(!errors("90m"));
        assert!(errors("soon"));
    }
}

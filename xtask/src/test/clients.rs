//! Which scenarios run under which client: all of them under one, and under the others those whose
//! subject is what the client does. Which one gets them all turns from day to day.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use acceptance::{client::Client, workspace_folder};

use super::Asked;
use crate::failure::Failure;

/// The scenarios that run under each client, a name a line.
const UNDER_EACH: &str = "tests/acceptance/tests/scenarios/under-each-client.txt";
const SECONDS_A_DAY: u64 = 86_400;

/// Each client with the scenarios to run under it.
///
/// # Errors
/// `File` where the list of scenarios cannot be read; `Check` where it names one that is not
/// there.
pub(super) fn share<'a>(
    clients: &'a [Client],
    scenarios: &[String],
    asked: &Asked,
) -> Result<Vec<(&'a Client, Vec<String>)>, Failure> {
    let path = workspace_folder().join(UNDER_EACH);
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let each: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    // With `--only` some of them are not asked for.
    let unknown = each
        .iter()
        .find(|name| asked.only.is_none() && !scenarios.iter().any(|known| known == *name));
    if let Some(unknown) = unknown {
        return Err(Failure::Check(format!(
            "{UNDER_EACH} names a scenario that does not exist: {unknown}"
        )));
    }
    let whole = asked.every || asked.only.is_some();
    let day = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / SECONDS_A_DAY);
    let turn = turn(day, clients.len());
    Ok(clients
        .iter()
        .enumerate()
        .map(|(at, client)| {
            let names = scenarios.iter();
            let names = names.filter(|name| whole || at == turn || each.contains(&name.as_str()));
            (client, names.cloned().collect())
        })
        .collect())
}

/// The client whose turn it is on a day.
fn turn(day: u64, clients: usize) -> usize {
    let clients = u64::try_from(clients).unwrap_or(u64::MAX).max(1);
    usize::try_from(day % clients).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::turn;

    #[test]
    fn each_client_has_its_turn_within_as_many_days_as_there_are_clients() {
        let mut turns: Vec<usize> = (20_000..20_003).map(|day| turn(day, 3)).collect();
        turns.sort_unstable();
        assert_eq!(turns, [0, 1, 2]);
        assert_eq!(turn(20_000, 1), 0);
    }
}

//! One thing that the provider may not do, for as long as its apply lasts.

use std::collections::BTreeSet;

use test_stories::{Dies, Picture};

use crate::host::Host;
use crate::plays;
use crate::recovery::{at_rest, errors, in_its_own_time, undisturbed};
use crate::script::Script;

/// Applies a script without that permission, and then with it; true if the first was refused.
async fn without(
    script: &Script,
    verb: &str,
    resource: &str,
    whole: &Picture,
) -> Result<bool, String> {
    let (world, mut host) = (script.world().await, Host::default());
    let (denied, of) = (verb.to_owned(), resource.to_owned());
    let process = world.server.process().of_user("terraform", move |asks| {
        asks.verb != denied || asks.resource != of
    });
    let errors = errors(host.apply(script.wanted(), &process, Dies::Process)).await;
    // The server's words, which an error repeats whatever else it says.
    let missing = format!("cannot {verb} resource \"{resource}\"");
    if let Some(other) = errors.iter().find(|error| !error.contains(&missing)) {
        return Err(format!("another error: {other}"));
    }
    let differences = at_rest(script, &world, &mut host).await.differences(whole);
    match differences.is_empty() {
        true => Ok(!errors.is_empty()),
        false => Err(differences.join("; ")),
    }
}

#[test]
fn a_permission_that_is_missing_ends_in_an_error_that_names_it_or_is_not_needed() {
    let mut faults = Vec::new();
    for script in plays::creations() {
        let (requests, whole) = in_its_own_time(undisturbed(&script));
        let asked = requests.iter().map(|request| &request.asked);
        let permissions: BTreeSet<_> = asked
            .filter(|asked| !asked.resource.is_empty())
            .flat_map(|asked| {
                // An apply that makes an object is asked for both.
                let makes = (asked.verb == "patch").then_some("create");
                let verbs = [Some(asked.verb), makes].into_iter().flatten();
                verbs.map(|verb| (verb, asked.resource.clone()))
            })
            .collect();
        let (name, mut refused) = (script.name(), 0);
        for (verb, resource) in permissions {
            match in_its_own_time(without(&script, verb, &resource, &whole)) {
                Ok(is_refused) => refused += usize::from(is_refused),
                Err(why) => faults.push(format!("{name} without {verb} {resource}: {why}")),
            }
        }
        assert!(refused > 0, "{name} needs no permission");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

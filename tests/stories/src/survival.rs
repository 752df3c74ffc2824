//! One telling of a story, with or without an accident.

use std::time::Duration;

use test_apiserver::Record;

use crate::accident::{Accident, Dies};
use crate::picture::Picture;
use crate::story::{Attempt, Beginning, Story, Teller};

/// Longest time, of the world's, that one attempt may take.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long after an accident, and between runs, a user or a controller comes back.
const LATER: Duration = Duration::from_secs(60);

/// Runs after an accident until which everything has to be at rest.
const RUNS: usize = 6;

/// How a story goes without an accident.
pub(crate) struct Whole {
    beginning: Beginning,
    pub(crate) requests: Vec<Record>,
    end: Picture,
}

/// What came of a telling with an accident.
pub(crate) enum End {
    /// The story has no such request this time.
    NothingHappened,
    /// The request that the accident happened to, and what is wrong in the end.
    Happened(Box<Record>, Result<(), String>),
}

/// Tells a story as it should go.
pub(crate) async fn whole(story: &Story) -> Result<Whole, String> {
    let beginning = (story.begin)().await;
    let mut teller = beginning.teller().await;
    let process = teller.world().server.process();
    let attempt = attempt(&mut *teller, &process, Dies::Process).await?;
    let requests = process.requests();
    if !attempt.errors.is_empty() {
        return Err(attempt.errors.join("; "));
    }
    if !attempt.at_rest {
        rest(&mut *teller).await?;
    }
    if !requests.iter().any(Record::was_written) {
        return Err("nothing is written in it".to_owned());
    }
    Ok(Whole {
        beginning,
        requests,
        end: end(&mut *teller).await,
    })
}

/// Tells a story in which `accident` happens to the request number `nth`.
pub(crate) async fn with(whole: &Whole, nth: usize, accident: &Accident) -> End {
    let mut teller = whole.beginning.teller().await;
    let process = teller.world().server.process();
    process.inject(accident.at(nth));
    let first = attempt(&mut *teller, &process, accident.dies).await;
    let requests = process.requests();
    let struck = requests.into_iter().find(|made| made.trouble.is_some());
    let Some(request) = struck else {
        return End::NothingHappened;
    };
    process.heal();
    process.bury();
    let ends = async || {
        first?;
        rest(&mut *teller).await?;
        let differences = end(&mut *teller).await.differences(&whole.end);
        match differences.is_empty() {
            true => Ok(()),
            false => Err(differences.join("; ")),
        }
    };
    End::Happened(Box::new(request), ends().await)
}

/// Goes about it until nothing changes; nothing may go wrong any more.
async fn rest(teller: &mut dyn Teller) -> Result<(), String> {
    for run in 1..=RUNS {
        tokio::time::sleep(LATER).await;
        let process = teller.world().server.process();
        let attempt = attempt(teller, &process, Dies::Process).await?;
        if !attempt.errors.is_empty() {
            return Err(format!("run {run} after it: {}", attempt.errors.join("; ")));
        }
        if attempt.at_rest {
            return Ok(());
        }
    }
    Err("never at rest".to_owned())
}

async fn attempt(
    teller: &mut dyn Teller,
    process: &test_apiserver::Process,
    dies: Dies,
) -> Result<Attempt, String> {
    tokio::time::timeout(LONGEST, teller.attempt(process, dies))
        .await
        .map_err(|_| "an attempt never ends".to_owned())
}

async fn end(teller: &mut dyn Teller) -> Picture {
    // What still goes on comes to its end.
    tokio::time::sleep(LATER).await;
    Picture::of(teller.world(), &teller.remembers())
}

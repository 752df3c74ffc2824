//! Telling all stories of a front end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::time::Instant;

use jiff::Timestamp;
use test_apiserver::Record;

use crate::accident::{Accident, Told};
use crate::failing::{FAILING, Failing};
use crate::story::Story;
use crate::survival::{self, End, Whole};

/// A telling that is still to be done: the story, the request and the accident.
type Telling = (usize, usize, Accident);

/// Story, accident and request, as the list of those that fail names them.
type Name = (String, &'static str, String);

/// Tells stories, each once as it should go and then with accidents, on as many threads as there
/// are processors, and says how many. See the crate for how much is told.
///
/// # Panics
/// If a story ends otherwise after an accident and is not listed, or is listed and does not.
pub fn tell(stories: Vec<Story>) {
    let begun = Instant::now();
    let setting = std::env::var("STORIES").unwrap_or_default();
    let all = std::env::var_os("STORIES_ALL").is_some();
    let chosen = |story: &Story| story.name.contains(&setting);
    let stories: Vec<Story> = stories.into_iter().filter(chosen).collect();
    assert!(!stories.is_empty(), "no story is called {setting:?}");
    let seed = std::env::var("STORIES_SEED").ok();
    let seed = seed
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(today);

    let wholes = each(stories.iter().collect(), |story| {
        run(survival::whole(story)).flatten()
    });
    let mut faults = Vec::new();
    let mut tellings: Vec<Telling> = Vec::new();
    for (number, (story, whole)) in stories.iter().zip(&wholes).enumerate() {
        match whole {
            Err(why) => faults.push(format!("{}: {why}", story.name)),
            Ok(whole) => tellings.extend(of(story, number, whole, seed, all)),
        }
    }
    let number = tellings.len();
    let ends = each(tellings, |(number, nth, accident)| {
        let (story, whole) = (&stories[number], wholes[number].as_ref().ok());
        let whole = whole?;
        let (request, end) = match run(survival::with(whole, nth, &accident)) {
            Ok(End::NothingHappened) => return None,
            Ok(End::Happened(request, end)) => (named(&request), end),
            Err(panic) => (named(&whole.requests[nth - 1]), Err(panic)),
        };
        Some(((story.name.clone(), accident.name, request), nth, end))
    });

    let mut failed: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    let mut happened = 0;
    for (name, nth, end) in ends.into_iter().flatten() {
        happened += 1;
        if let Err(why) = end {
            failed
                .entry(name)
                .or_default()
                .push(format!("request {nth}: {why}"));
        }
    }
    let told: BTreeSet<&str> = stories.iter().map(|story| story.name.as_str()).collect();
    let listed: Vec<&Failing> = FAILING
        .iter()
        .filter(|listed| told.contains(listed.story))
        .collect();
    let is_listed = |name: &Name| listed.iter().any(|listed| listed.is(name));
    for (name, why) in failed.iter().filter(|(name, _)| !is_listed(name)) {
        faults.push(format!("{} / {} @ {}: {}", name.0, name.1, name.2, why[0]));
    }
    for listed in &listed {
        for accident in listed.accidents {
            let name = (
                listed.story.to_owned(),
                *accident,
                listed.request.to_owned(),
            );
            if !failed.contains_key(&name) {
                let (story, accident, request) = name;
                faults.push(format!(
                    "{story} / {accident} @ {request} is survived: take it off the list"
                ));
            }
        }
    }
    let mortals: Vec<_> = stories
        .iter()
        .map(|story| Accident::number(story.mortals))
        .collect();
    // What tests print is shown only where they fail.
    let _ = writeln!(
        std::io::stderr(),
        "stories: {} told, {} kinds of accident, {happened} of {number} tellings with one, {} \
         listed as failing, {:.1} s",
        stories.len(),
        mortals.into_iter().max().unwrap_or_default(),
        listed
            .iter()
            .map(|listed| listed.accidents.len())
            .sum::<usize>(),
        begun.elapsed().as_secs_f64(),
    );
    assert!(
        faults.is_empty(),
        "{} stories end otherwise:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// Tells stories only as they should go, one after the other on this thread.
///
/// # Panics
/// If one does not go as it should.
pub fn tell_once(stories: Vec<Story>) {
    for story in stories {
        if let Err(why) = run(survival::whole(&story)).flatten() {
            panic!("{}: {why}", story.name);
        }
    }
}

/// The number of the day.
fn today() -> usize {
    let seconds = Timestamp::now().as_second();
    usize::try_from(seconds / 86_400).unwrap_or_default()
}

/// The tellings of a story with accidents.
fn of(story: &Story, number: usize, whole: &Whole, seed: usize, all: bool) -> Vec<Telling> {
    let mut tellings = Vec::new();
    for (nth, request) in (1..).zip(&whole.requests) {
        let of = named(request);
        let listed = FAILING
            .iter()
            .filter(|listed| listed.story == story.name && listed.request == of);
        let listed: Vec<_> = listed
            .flat_map(|listed| listed.accidents)
            .copied()
            .collect();
        let how = Told {
            all,
            mortals: story.mortals,
            listed: &listed,
        };
        let accidents = Accident::of(request, nth, seed, &how);
        tellings.extend(
            accidents
                .into_iter()
                .map(|accident| (number, nth, accident)),
        );
    }
    tellings
}

impl Failing {
    fn is(&self, (story, accident, request): &Name) -> bool {
        self.story == story && self.accidents.contains(accident) && self.request == request
    }
}

/// A request as the list names it.
fn named(request: &Record) -> String {
    let asked = &request.asked;
    let dry = if asked.query.contains_key("dryRun") {
        " (dry run)"
    } else {
        ""
    };
    let part = match asked.subresource.as_str() {
        "" => String::new(),
        part => format!("/{part}"),
    };
    // An apply says what it is of; a merge only what changes.
    let verb = match asked.verb {
        "patch" if asked.body["apiVersion"].is_string() => "apply",
        verb => verb,
    };
    format!("{verb} {}{part}{dry}", asked.resource)
}

/// A world of its own for each telling, in which time passes only when nothing else does.
fn run<T>(telling: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let told = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(telling)));
    told.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("a panic: {}", text.unwrap_or("without words"))
    })
}

/// Does `work` for each of `what`, on all processors, and keeps their order.
fn each<W: Send, T: Send>(what: Vec<W>, work: impl Fn(W) -> T + Sync) -> Vec<T> {
    let left = Mutex::new(what.into_iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some((place, one)) = next else { break };
                    let came = work(one);
                    done.lock().unwrap().insert(place, came);
                }
            });
        }
    });
    done.into_inner().unwrap().into_values().collect()
}

//! What can go wrong with a request.

use test_apiserver::{At, Fault, Record, Trouble, When};

/// In how many turns everything is told but the deaths at writes, which are told in each.
const TURNS: usize = 7;

/// Who dies of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dies {
    /// The process that makes the requests.
    Process,
    /// That process and the program that has started it.
    WithHost,
}

/// Something that goes wrong with one request.
#[derive(Clone, Debug)]
pub struct Accident {
    /// As lists and messages name it.
    pub name: &'static str,
    when: When,
    trouble: Trouble,
    pub(crate) dies: Dies,
}

impl Accident {
    /// The accident as a fault of the request number `nth` from now on.
    pub(crate) fn at(&self, nth: usize) -> Fault {
        Fault::new(At::Request(nth), self.when, self.trouble.clone())
    }

    /// Returns true if it can happen to a request.
    fn fits(&self, request: &Record) -> bool {
        let asked = &request.asked;
        match &self.trouble {
            Trouble::WatchCut | Trouble::WatchGone => asked.verb == "watch",
            Trouble::ContinueExpired => asked.query.contains_key("continue"),
            // Nobody but a write is refused for what somebody else has written.
            Trouble::Status(409) => asked.is_write(),
            // A watch has no answer that ends.
            Trouble::Truncated => asked.verb != "watch",
            _ => true,
        }
    }

    /// How processes die.
    fn deaths(mortals: &[Dies]) -> Vec<Self> {
        let kill = |name, when, dies| Self {
            name,
            when,
            trouble: Trouble::Kill,
            dies,
        };
        mortals
            .iter()
            .flat_map(|dies| match dies {
                Dies::Process => [
                    kill("killed-before", When::Before, *dies),
                    kill("killed-after", When::After, *dies),
                ],
                Dies::WithHost => [
                    kill("killed-with-host-before", When::Before, *dies),
                    kill("killed-with-host-after", When::After, *dies),
                ],
            })
            .collect()
    }

    /// What else can happen to a request.
    fn others() -> Vec<Self> {
        let slow = std::time::Duration::from_secs(20);
        vec![
            plain("answer-lost", When::After, Trouble::Reset),
            plain("refused", When::Before, Trouble::Refused),
            plain("reset", When::Before, Trouble::Reset),
            plain("no-answer", When::Before, Trouble::NoAnswer),
            plain("no-answer-after", When::After, Trouble::NoAnswer),
            plain("slow", When::Before, Trouble::Slow(slow)),
            plain("cut", When::After, Trouble::Cut),
            plain("truncated", When::After, Trouble::Truncated),
            plain("429", When::Before, Trouble::TooMany(30)),
            plain("401", When::Before, Trouble::Status(401)),
            plain("403", When::Before, Trouble::Status(403)),
            plain("409", When::Before, Trouble::Status(409)),
            plain("500", When::Before, Trouble::Status(500)),
            plain("500-after", When::After, Trouble::Status(500)),
            plain("503", When::Before, Trouble::Status(503)),
            plain("504", When::Before, Trouble::Status(504)),
            plain("504-after", When::After, Trouble::Status(504)),
            plain("watch-cut", When::After, Trouble::WatchCut),
            plain("watch-410", When::Before, Trouble::WatchGone),
            plain("list-expired", When::Before, Trouble::ContinueExpired),
        ]
    }

    /// How many accidents there are.
    pub(crate) fn number(mortals: &[Dies]) -> usize {
        Self::deaths(mortals).len() + Self::others().len()
    }

    /// What happens to the request number `nth` of a story, by turns from `seed` on.
    pub(crate) fn of(request: &Record, nth: usize, seed: usize, how: &Told<'_>) -> Vec<Self> {
        let deaths = Self::deaths(how.mortals);
        let others = Self::others();
        let others: Vec<Self> = others
            .into_iter()
            .filter(|other| other.fits(request))
            .collect();
        let turn = |all: &[Self]| all[(seed + nth) / TURNS % all.len()].clone();
        let mut chosen = match request.asked.is_write() {
            _ if how.all => [deaths.clone(), others.clone()].concat(),
            true => {
                let turned = others.iter().skip((seed + nth) % TURNS).step_by(TURNS);
                deaths.iter().chain(turned).cloned().collect()
            }
            false if (seed + nth).is_multiple_of(TURNS) => vec![turn(&deaths), turn(&others)],
            false => Vec::new(),
        };
        let is_due = |other: &Self| {
            let of_watches = matches!(other.trouble, Trouble::WatchCut | Trouble::WatchGone);
            let has_turn = (seed + nth).is_multiple_of(TURNS);
            how.listed.contains(&other.name) || of_watches && has_turn
        };
        for due in [deaths, others].concat().into_iter().filter(is_due) {
            if chosen.iter().all(|has| has.name != due.name) {
                chosen.push(due);
            }
        }
        chosen
    }
}

/// What decides how much is told of a story.
pub(crate) struct Told<'a> {
    /// Everything is told.
    pub(crate) all: bool,
    pub(crate) mortals: &'a [Dies],
    /// Accidents that the story is known not to survive.
    pub(crate) listed: &'a [&'static str],
}

fn plain(name: &'static str, when: When, trouble: Trouble) -> Accident {
    Accident {
        name,
        when,
        trouble,
        dies: Dies::Process,
    }
}

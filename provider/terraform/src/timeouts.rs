//! The `timeouts` attribute: the longest time for each operation.

use std::time::Duration;

use everest_cluster::Wait;
use everest_core::duration;
use everest_schemas::{Field, models::Timeouts};
use tfplugin::Context;

const MINUTE: Duration = Duration::from_secs(60);

/// The default time-outs of one resource.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    create: Duration,
    update: Duration,
    delete: Duration,
}

impl Defaults {
    /// Time-outs in minutes.
    pub const fn minutes(create: u32, update: u32, delete: u32) -> Self {
        Self {
            create: MINUTE.saturating_mul(create),
            update: MINUTE.saturating_mul(update),
            delete: MINUTE.saturating_mul(delete),
        }
    }

    /// The bounds of a creation.
    pub fn create(&self, given: &Field<Timeouts>, cx: &Context) -> Wait {
        wait(given.known().map(|t| &t.create), self.create, cx)
    }

    /// The bounds of an update.
    pub fn update(&self, given: &Field<Timeouts>, cx: &Context) -> Wait {
        wait(given.known().map(|t| &t.update), self.update, cx)
    }

    /// The bounds of a deletion.
    pub fn delete(&self, given: &Field<Timeouts>, cx: &Context) -> Wait {
        wait(given.known().map(|t| &t.delete), self.delete, cx)
    }
}

fn wait(given: Option<&Field<String>>, default: Duration, cx: &Context) -> Wait {
    // A duration that does not parse was refused by the rules before anything waits.
    let deadline = given
        .and_then(Field::known)
        .and_then(|text| duration::parse_go(text).ok())
        .unwrap_or(default);
    Wait::new(deadline, cx.stop.clone())
}

#[cfg(test)]
pub(crate) mod tests {
    use everest_schemas::facts::{self, FACTS, Fact};
    use schemars::{JsonSchema, Schema};

    use super::*;
    use crate::managed::Kind;

    /// The default in words that the model of a resource states.
    pub(crate) fn stated<M: JsonSchema>() -> Option<String> {
        let schema = schemars::schema_for!(M).to_value();
        Fact::Default.words(&schema["properties"]["timeouts"][FACTS])
    }

    /// What the model has to state.
    pub(crate) fn words(defaults: Defaults) -> Option<String> {
        let text = |time: Duration| -> &'static str {
            let minutes = time.as_secs() / 60;
            let text = match minutes {
                0..=60 => format!("{minutes}m"),
                _ => format!("{}h", minutes / 60),
            };
            text.leak()
        };
        let mut schema = Schema::default();
        let [create, update, delete] =
            [defaults.create, defaults.update, defaults.delete].map(text);
        facts::timeouts(create, update, delete)(&mut schema);
        Fact::Default.words(schema.get(FACTS)?)
    }

    #[test]
    fn the_models_of_kinds_state_the_timeouts_that_hold() {
        macro_rules! kinds {
            ($($module:ident::$kind:ident = $model:ty;)*) => { $(
                let holds = words(<crate::$module::$kind as Kind>::TIMEOUTS);
                assert_eq!(stated::<$model>(), holds, stringify!($kind));
            )* };
        }
        everest_schemas::for_each_kind!(kinds);
    }
}

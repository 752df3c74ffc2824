//! A story as a list of configurations that are applied one after the other.

use async_trait::async_trait;
use futures::future::LocalBoxFuture;
use serde_json::{Value as Json, json};
use test_apiserver::Process;
use test_stories::{Attempt, Dies, Story, Teller, World};

use crate::host::{Host, Stop, Wanted};
use crate::rights;

/// An action of someone else.
type Deed = for<'a> fn(&'a World) -> LocalBoxFuture<'a, ()>;

/// A story before it is told.
pub struct Script {
    name: String,
    /// True if operators are installed in it.
    needs_olm: bool,
    /// Actions of others before the run.
    scene: fn(&World),
    /// Actions of others since then.
    since: Deed,
    /// The configurations applied before.
    before: Vec<Wanted>,
    wanted: Wanted,
}

impl Script {
    /// The story of a configuration that is applied.
    pub fn new(name: &str, type_name: &'static str, block: Json) -> Self {
        Self {
            name: format!("terraform/{name}"),
            needs_olm: false,
            scene: |_| {},
            since: |_| Box::pin(async {}),
            before: Vec::new(),
            wanted: Wanted {
                type_name,
                block: Some(block),
                import: None,
            },
        }
    }

    /// After something that others have done.
    pub fn in_scene(mut self, scene: fn(&World)) -> Self {
        self.scene = scene;
        self
    }

    /// Makes the Operator Lifecycle Manager install operators.
    pub fn with_olm(mut self) -> Self {
        self.needs_olm = true;
        self
    }

    /// Others do something between what was applied before and what is now.
    pub fn meanwhile(mut self, since: Deed) -> Self {
        self.since = since;
        self
    }

    /// The configuration is changed after it was applied.
    pub fn then(mut self, change: Json) -> Self {
        self.before.push(self.wanted.clone());
        self.changed(change)
    }

    /// The configuration says something else from the start.
    pub fn changed(mut self, change: Json) -> Self {
        if let Some(block) = &mut self.wanted.block {
            merge(block, change);
        }
        self
    }

    /// The configuration is taken out.
    pub fn destroyed(mut self) -> Self {
        self.before.push(self.wanted.clone());
        self.wanted.block = None;
        self
    }

    /// The object is there already, and imported with this id.
    pub fn imported(mut self, id: &'static str) -> Self {
        self.wanted.import = Some(id);
        self
    }

    /// What is applied.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The world as others have left it, at rest.
    pub async fn world(&self) -> World {
        let world = match self.needs_olm {
            true => World::with_olm().await,
            false => World::new().await,
        };
        (self.scene)(&world);
        world.passes(std::time::Duration::from_secs(120)).await;
        world
    }

    /// The world in which everything was applied that comes before, and Terraform with its state.
    pub async fn begun(&self) -> (World, Host) {
        let world = self.world().await;
        let mut host = Host::default();
        for wanted in &self.before {
            let process = rights::held(world.server.process(), wanted.type_name);
            let applied = host.apply(wanted, &process, Dies::WithHost).await;
            if let Err(Stop::Errors(errors)) = applied {
                panic!("{}: {errors:?}", self.name);
            }
            world.passes(std::time::Duration::from_secs(60)).await;
        }
        (self.since)(&world).await;
        world.passes(std::time::Duration::from_secs(60)).await;
        (world, host)
    }

    /// The story, to be told.
    pub fn story(self) -> Story {
        let name = self.name.clone();
        let script = std::sync::Arc::new(self);
        let begin = move || {
            let script = script.clone();
            async move {
                let (world, host) = script.begun().await;
                (world, (host, script.wanted.clone()))
            }
        };
        let teller = |world, (host, wanted)| {
            Box::new(Terraform {
                world,
                host,
                wanted,
            }) as Box<dyn Teller>
        };
        Story::new(name, &[Dies::Process, Dies::WithHost], begin, teller)
    }
}

/// Terraform in the middle of a story.
struct Terraform {
    world: World,
    host: Host,
    wanted: Wanted,
}

#[async_trait(?Send)]
impl Teller for Terraform {
    fn world(&self) -> &World {
        &self.world
    }

    async fn attempt(&mut self, process: &Process, dies: Dies) -> Attempt {
        let process = rights::held(process.clone(), self.wanted.type_name);
        match self.host.apply(&self.wanted, &process, dies).await {
            Ok(at_rest) => Attempt {
                errors: Vec::new(),
                at_rest,
            },
            Err(Stop::Errors(errors)) => Attempt {
                errors,
                at_rest: false,
            },
            Err(Stop::Killed) => Attempt {
                errors: vec!["the provider was killed".to_owned()],
                at_rest: false,
            },
        }
    }

    fn remembers(&self) -> Json {
        json!({"state": self.host.remembers()})
    }
}

/// Merges a change into a block; what is null is taken out.
fn merge(block: &mut Json, change: Json) {
    match change {
        Json::Object(members) if block.is_object() => {
            for (name, member) in members {
                merge(&mut block[name], member);
            }
        }
        other => *block = other,
    }
}

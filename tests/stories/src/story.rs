//! What is told, and who tells it.

use async_trait::async_trait;
use futures::future::LocalBoxFuture;
use serde_json::Value;
use test_apiserver::Process;

use crate::accident::Dies;
use crate::world::{Paused, World};

/// Comes to where a story begins.
type Begin = Box<dyn Fn() -> LocalBoxFuture<'static, Beginning> + Send + Sync>;

/// Where a story begins: it is come to once, and gone on from many times.
pub(crate) struct Beginning {
    pub(crate) world: Paused,
    go_on: Box<dyn Fn(World) -> Box<dyn Teller> + Send + Sync>,
}

impl Beginning {
    /// A front end in a world of its own, in which everything is as it is here.
    pub(crate) async fn teller(&self) -> Box<dyn Teller> {
        (self.go_on)(self.world.goes_on().await)
    }
}

/// Something that a front end is asked to do with an object of a kind.
pub struct Story {
    /// `FRONT-END/KIND/OPERATION`.
    pub name: String,
    /// Who may die of a kill.
    pub mortals: &'static [Dies],
    pub(crate) begin: Begin,
}

impl Story {
    /// The story `name`. `begin` brings the world to where the story begins, without any accident,
    /// and returns what the front end remembers of that; `teller` goes on from there.
    pub fn new<F, M>(
        name: impl Into<String>,
        mortals: &'static [Dies],
        begin: impl Fn() -> F + Send + Sync + 'static,
        teller: impl Fn(World, M) -> Box<dyn Teller> + Copy + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = (World, M)> + 'static,
        M: Clone + Send + Sync + 'static,
    {
        let begin = move || -> LocalBoxFuture<'static, Beginning> {
            let begun = begin();
            Box::pin(async move {
                let (world, memory) = begun.await;
                Beginning {
                    world: world.pause(),
                    go_on: Box::new(move |world| teller(world, memory.clone())),
                }
            })
        };
        Self {
            name: name.into(),
            mortals,
            begin: Box::new(begin),
        }
    }
}

/// A front end in the middle of a story.
#[async_trait(?Send)]
pub trait Teller {
    /// The world that it acts on.
    fn world(&self) -> &World;

    /// Goes once about what is wanted, as `process`; `dies` with it, if it is killed.
    async fn attempt(&mut self, process: &Process, dies: Dies) -> Attempt;

    /// What the front end remembers of the objects.
    fn remembers(&self) -> Value;
}

/// What came of going about it once.
#[derive(Debug, Default)]
pub struct Attempt {
    /// What a user is told went wrong.
    pub errors: Vec<String>,
    /// Everything was found as it is wanted, and nothing was written.
    pub at_rest: bool,
}

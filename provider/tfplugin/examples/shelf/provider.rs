//! The provider and its resource.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tfplugin::{
    AnyResource, Context, Creation, Diagnostic, Diagnostics, Plan, Private, Provider, ReadResult,
    Resource, Typed, Update,
};

use crate::field::Field;
use crate::model::{Config, Finish, Shelf};

/// Keeps shelves in a directory.
#[derive(Default)]
pub struct Shelves {
    directory: Mutex<Option<PathBuf>>,
}

#[async_trait]
impl Provider for Shelves {
    type Config = Config;

    fn resources(self: &Arc<Self>) -> Vec<Box<dyn AnyResource>> {
        vec![Box::new(Typed(ShelfResource(Arc::clone(self))))]
    }

    async fn configure(&self, config: Config, _: &Context, _: &mut Diagnostics) {
        let directory = config
            .directory
            .known()
            .map_or_else(std::env::temp_dir, PathBuf::from);
        *self
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(directory);
    }
}

/// `shelf_shelf`.
pub struct ShelfResource(Arc<Shelves>);

impl ShelfResource {
    fn file(&self, shelf: &Shelf) -> PathBuf {
        let directory = self
            .0
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let directory = directory.clone().unwrap_or_else(std::env::temp_dir);
        directory.join(format!(
            "{}.json",
            shelf.name.known().map_or("", String::as_str)
        ))
    }

    fn stored(&self, shelf: &Shelf) -> Option<Shelf> {
        serde_json::from_slice(&std::fs::read(self.file(shelf)).ok()?).ok()
    }

    /// Stores what was asked for, completed as a server does, and spelled in its own way.
    fn store(&self, planned: &Shelf, config: &Shelf) -> Result<Shelf, Diagnostic> {
        let mut shelf = planned.clone();
        let generation = self
            .stored(planned)
            .and_then(|s| s.generation.known().copied());
        shelf.generation = Field::Known(generation.unwrap_or(0) + 1);
        if let Some(secret) = config.secret_wo.known() {
            shelf.secret_length = i64::try_from(secret.len()).unwrap_or(0).into();
        }
        if let Field::Unknown = shelf.secret_length {
            shelf.secret_length = Field::Null;
        }
        shelf.ready = Field::Known(true);
        if let Field::Known(spec) = &mut shelf.spec {
            if spec.boards.known().is_none() {
                spec.boards = Field::Known(2);
            }
            if spec.finish.known().is_none() {
                spec.finish = Field::Known(Finish::default());
            }
            if let Field::Known(finish) = &mut spec.finish
                && finish.colour.known().is_none()
            {
                finish.colour = Field::Known("natural".to_owned());
            }
            if let Field::Known(load) = &spec.load {
                spec.load = Field::Known(load.trim_start_matches('0').to_owned());
            }
        }
        let json = serde_json::to_vec(&shelf)
            .map_err(|error| Diagnostic::error("The shelf cannot be stored", error.to_string()))?;
        std::fs::write(self.file(&shelf), json).map_err(|error| {
            Diagnostic::error("The shelf cannot be stored", error.to_string()).at("name")
        })?;
        Ok(shelf)
    }
}

#[async_trait]
impl Resource for ShelfResource {
    type Model = Shelf;

    fn type_name(&self) -> &'static str {
        "shelf_shelf"
    }

    fn pending_outputs(&self) -> &'static [&'static str] {
        &["ready", "generation"]
    }

    fn semantically_equal(&self, _: &str, a: &str, b: &str) -> bool {
        a.trim_start_matches('0') == b.trim_start_matches('0')
    }

    fn validate(&self, config: &Shelf, diags: &mut Diagnostics) {
        if config.name.known().is_some_and(|name| name == "void") {
            diags.error(
                "name",
                "Invalid name",
                "There is no void. Take another name.",
            );
        }
    }

    async fn plan(&self, plan: &mut Plan<Shelf>, _: &Context, _: &mut Diagnostics) {
        if plan.changed() && !plan.is_create() {
            plan.planned.generation = Field::Unknown;
            plan.planned.secret_length = Field::Unknown;
        }
    }

    async fn plan_destroy(&self, prior: &Shelf, _: &Context, diags: &mut Diagnostics) {
        if prior.simulate.known().is_some_and(|s| s == "protect") {
            diags.error(
                "simulate",
                "The shelf is protected",
                "Set simulate to null first.",
            );
        }
    }

    async fn read(
        &self,
        prior: &Shelf,
        _: &mut Private,
        _: &Context,
        _: &mut Diagnostics,
    ) -> ReadResult<Shelf> {
        self.stored(prior)
            .map_or(ReadResult::Gone, ReadResult::Found)
    }

    async fn create(
        &self,
        planned: &Shelf,
        config: &Shelf,
        _: &mut Private,
        cx: &Context,
        _: &mut Diagnostics,
    ) -> Creation<Shelf> {
        let simulate = planned.simulate.known().map_or("", String::as_str);
        if simulate == "panic" {
            panic!("asked to");
        }
        if simulate == "refuse" {
            let error = Diagnostic::error("Refused", "The store refused. Ask it nicely.");
            return Creation::NotCreated(error.at("simulate"));
        }
        let mut state = match self.store(planned, config) {
            Ok(state) => state,
            Err(error) => return Creation::NotCreated(error),
        };
        if simulate == "late" || simulate == "wait" {
            if simulate == "wait" {
                cx.stop.cancelled().await;
            }
            state.ready = Field::Known(false);
            let why = Diagnostic::warning("Not ready yet", "The next apply goes on waiting.");
            return Creation::Pending { state, why };
        }
        if simulate == "fail" {
            let error = Diagnostic::error("The shelf fell down", "It will be built anew.");
            return Creation::Failed { state, error };
        }
        Creation::Created(state)
    }

    async fn update(
        &self,
        _: &Shelf,
        planned: &Shelf,
        config: &Shelf,
        _: &mut Private,
        _: &Context,
        _: &mut Diagnostics,
    ) -> Update<Shelf> {
        if planned.simulate.known().is_some_and(|s| s == "refuse") {
            return Update::Refused(Diagnostic::error("Refused", "The store refused."));
        }
        match self.store(planned, config) {
            Ok(state) => Update::Updated(state),
            Err(error) => Update::Refused(error),
        }
    }

    async fn delete(&self, prior: &Shelf, _: &Private, _: &Context, diags: &mut Diagnostics) {
        if let Err(error) = std::fs::remove_file(self.file(prior)) {
            diags.error("name", "The shelf cannot be removed", error.to_string());
        }
    }

    fn import_id(&self, id: &str, diags: &mut Diagnostics) -> Option<Shelf> {
        if id.is_empty() {
            diags.error("name", "Invalid import id", "It is the name of the shelf.");
            return None;
        }
        let name = Field::Known(id.to_owned());
        Some(Shelf {
            name,
            ..Shelf::default()
        })
    }
}

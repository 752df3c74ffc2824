//! `shelf_shelf`, the resource.

use std::sync::Arc;
use std::time::Duration;

use tfplugin::value::Refinements;
use tfplugin::{
    Context, CreateRequest, Creation, DeleteRequest, Diagnostic, Diagnostics, Field,
    IdentityAttribute, ImportRequest, MoveRequest, Plan, PlanDestroyRequest, ReadRequest,
    ReadResult, Resource, Timeouts, Update, UpdateRequest,
};

use crate::model::Shelf;
use crate::store::Store;

/// `shelf_shelf`.
pub struct ShelfResource(pub Arc<Store>);

fn name(shelf: &Shelf) -> &str {
    shelf.name.text()
}

fn named(name: &str) -> Shelf {
    Shelf {
        name: Field::Known(name.to_owned()),
        ..Shelf::default()
    }
}

impl ShelfResource {
    fn store(&self, planned: &Shelf, config: &Shelf) -> Result<Shelf, Diagnostic> {
        self.0.put(planned, config).map_err(|error| {
            Diagnostic::error("The shelf cannot be stored", error.to_string()).at("name")
        })
    }
}

impl Resource for ShelfResource {
    type Model = Shelf;

    fn type_name(&self) -> &'static str {
        "shelf_shelf"
    }

    fn pending_outputs(&self) -> &'static [&'static str] {
        &["ready", "generation"]
    }

    fn identity(&self) -> Vec<IdentityAttribute> {
        vec![IdentityAttribute::required("name")]
    }

    fn timeouts(&self) -> Option<Timeouts> {
        Some(Timeouts::minutes(5))
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
        if config.name.known().is_some_and(|name| name == "babel") {
            diags.warning("name", "A daring name", "It may come to be too high.");
        }
    }

    async fn plan(&self, plan: &mut Plan<'_, Shelf>) -> Result<(), Diagnostic> {
        if self.0.defer(plan.cx) {
            return Ok(());
        }
        if plan.changed() && !plan.is_create() {
            plan.planned.generation = Field::Unknown;
            plan.planned.secret_length = Field::Unknown;
        }
        plan.promise("secret_length", Refinements::default().at_least(0i64));
        plan.private.set("planned_for", name(&plan.planned))?;
        Ok(())
    }

    async fn plan_destroy(&self, request: PlanDestroyRequest<'_, Shelf>) -> Result<(), Diagnostic> {
        if request.prior.simulate.text() == "protect" {
            let (summary, detail) = ("The shelf is protected", "Set simulate to null first.");
            return Err(Diagnostic::error(summary, detail).at("simulate"));
        }
        Ok(())
    }

    async fn read(&self, request: ReadRequest<'_, Shelf>) -> Result<ReadResult<Shelf>, Diagnostic> {
        if self.0.defer(request.cx) {
            return Ok(ReadResult::Keep);
        }
        if self.0.is_unknown() {
            let summary = "The shelf was not looked at";
            let detail = "The provider's directory is not known yet: the state stays as it is.";
            request.diags.push(Diagnostic::warning(summary, detail));
            return Ok(ReadResult::Keep);
        }
        Ok(self.0.get(name(&request.prior)).into())
    }

    async fn create(
        &self,
        request: CreateRequest<'_, Shelf>,
    ) -> Result<Creation<Shelf>, Diagnostic> {
        let simulate = request.planned.simulate.text();
        if simulate == "panic" {
            panic!("asked to");
        }
        if simulate == "refuse" {
            let error = Diagnostic::error("Refused", "The store refused. Ask it nicely.");
            return Err(error.at("simulate"));
        }
        let mut state = self.store(&request.planned, &request.config)?;
        if simulate == "late" || simulate == "wait" {
            if simulate == "wait" {
                let time = request.cx.timeout.unwrap_or(Duration::MAX);
                let _ = tokio::time::timeout(time, request.cx.stop.cancelled()).await;
            }
            state.ready = Field::Known(false);
            let why = Diagnostic::warning("Not ready yet", "The next apply goes on waiting.");
            return Ok(Creation::Pending { state, why });
        }
        if simulate == "fail" {
            let error = Diagnostic::error("The shelf fell down", "It will be built anew.");
            return Ok(Creation::Failed { state, error });
        }
        Ok(Creation::Created(state))
    }

    async fn update(&self, request: UpdateRequest<'_, Shelf>) -> Result<Update<Shelf>, Diagnostic> {
        if request.planned.simulate.text() == "refuse" {
            return Err(Diagnostic::error("Refused", "The store refused."));
        }
        let state = self.store(&request.planned, &request.config)?;
        Ok(Update::Updated(state))
    }

    async fn delete(&self, request: DeleteRequest<'_, Shelf>) -> Result<(), Diagnostic> {
        self.0.remove(name(&request.prior)).map_err(|error| {
            Diagnostic::error("The shelf cannot be removed", error.to_string()).at("name")
        })
    }

    async fn import(&self, request: ImportRequest<'_>) -> Result<Shelf, Diagnostic> {
        if request.id.is_empty() {
            let error = Diagnostic::error("Invalid import id", "It is the name of the shelf.");
            return Err(error.at("name"));
        }
        Ok(named(request.id))
    }

    fn before_import(&self, cx: &Context) {
        self.0.defer(cx);
    }

    async fn move_from(&self, source: MoveRequest<'_>) -> Result<Option<Shelf>, Diagnostic> {
        if !source.provider.ends_with("/example/bookcase") || source.type_name != "bookcase_case" {
            return Ok(None);
        }
        match source.state.get("title").and_then(|title| title.as_str()) {
            Some(title) => Ok(Some(named(title))),
            None => {
                let (summary, detail) = ("The case has no title", "Give it one before the move.");
                Err(Diagnostic::error(summary, detail).at("name"))
            }
        }
    }
}

//! `shelf_shelf`, the resource.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tfplugin::value::Refinements;
use tfplugin::{
    Context, Creation, Diagnostic, Diagnostics, IdentityAttribute, MoveSource, Plan, Private,
    ReadResult, Resource, Timeouts, Update,
};

use crate::field::Field;
use crate::model::Shelf;
use crate::store::Store;

/// `shelf_shelf`.
pub struct ShelfResource(pub Arc<Store>);

fn name(shelf: &Shelf) -> &str {
    shelf.name.known().map_or("", String::as_str)
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

#[async_trait]
impl Resource for ShelfResource {
    type Model = Shelf;

    fn type_name(&self) -> &'static str {
        "shelf_shelf"
    }

    fn pending_outputs(&self) -> &'static [&'static str] {
        &["ready", "generation"]
    }

    fn identity(&self) -> &'static [IdentityAttribute] {
        const { &[IdentityAttribute::required("name")] }
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

    async fn plan(&self, plan: &mut Plan<Shelf>, cx: &Context, _: &mut Diagnostics) {
        if self.0.defer(cx) {
            return;
        }
        if plan.changed() && !plan.is_create() {
            plan.planned.generation = Field::Unknown;
            plan.planned.secret_length = Field::Unknown;
        }
        let not_negative = Refinements {
            lower: Some((0i64.into(), true)),
            ..Refinements::default()
        };
        plan.promise("secret_length", not_negative);
        // Text is JSON and the key is not reserved.
        let _ = plan.private.set("planned_for", name(&plan.planned));
    }

    async fn plan_destroy(&self, prior: &Shelf, _: &Private, _: &Context, diags: &mut Diagnostics) {
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
        cx: &Context,
        diags: &mut Diagnostics,
    ) -> ReadResult<Shelf> {
        if self.0.defer(cx) {
            return ReadResult::Keep;
        }
        if self.0.is_unknown() {
            let summary = "The shelf was not looked at";
            let detail = "The provider's directory is not known yet: the state stays as it is.";
            diags.push(Diagnostic::warning(summary, detail));
            return ReadResult::Keep;
        }
        let found = self.0.get(name(prior));
        found.map_or(ReadResult::Gone, ReadResult::Found)
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
                let time = cx.timeout.unwrap_or(Duration::MAX);
                let _ = tokio::time::timeout(time, cx.stop.cancelled()).await;
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
        if let Err(error) = self.0.remove(name(prior)) {
            diags.error("name", "The shelf cannot be removed", error.to_string());
        }
    }

    fn import_id(&self, id: &str, diags: &mut Diagnostics) -> Option<Shelf> {
        if id.is_empty() {
            diags.error("name", "Invalid import id", "It is the name of the shelf.");
            return None;
        }
        Some(named(id))
    }

    fn before_import(&self, cx: &Context) {
        self.0.defer(cx);
    }

    fn move_from(
        &self,
        source: &MoveSource,
        _: &mut Private,
        diags: &mut Diagnostics,
    ) -> Option<Shelf> {
        if !source.provider.ends_with("/example/bookcase") || source.type_name != "bookcase_case" {
            return None;
        }
        let title = source.state.get("title").and_then(|title| title.as_str());
        if title.is_none() {
            diags.error(
                "name",
                "The case has no title",
                "Give it one before the move.",
            );
        }
        title.map(named)
    }
}

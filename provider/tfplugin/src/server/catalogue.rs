//! The types of one kind that a provider serves, by name, each with its schema.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::{Shape, no_schema};
use crate::action::AnyAction;
use crate::data_source::AnyDataSource;
use crate::diagnostics::Diagnostic;
use crate::ephemeral::AnyEphemeralResource;
use crate::list::AnyListResource;
use crate::resource::{AnyResource, Identity};
use crate::schema::SchemaError;

/// The error for two types with the same name, neither of which is served.
pub(super) const TWICE: &str = "the provider has two of this name";

/// A type with a name and a schema.
pub(crate) trait Described {
    /// The name of the kind in messages.
    const KIND: &'static str;

    fn name(&self) -> &'static str;

    fn derive(&self) -> Result<Shape, SchemaError>;
}

macro_rules! described {
    ($($of:ident $kind:literal;)*) => {
        $(impl Described for dyn $of {
            const KIND: &'static str = $kind;

            fn name(&self) -> &'static str {
                self.type_name()
            }

            fn derive(&self) -> Result<Shape, SchemaError> {
                self.schema().map(Shape::new)
            }
        })*
    };
}

impl Described for dyn AnyResource {
    const KIND: &'static str = "resource";

    fn name(&self) -> &'static str {
        self.type_name()
    }

    fn derive(&self) -> Result<Shape, SchemaError> {
        let schema = self.schema()?;
        let identity = Identity::derive(&schema.root, &self.identity(), self.identity_version())?;
        Ok(Shape::with_identity(schema, identity))
    }
}

described! {
    AnyDataSource "data source";
    AnyEphemeralResource "ephemeral resource";
    AnyListResource "list resource";
    AnyAction "action";
}

/// A served type; its schema is derived when it is first needed.
pub(super) struct Served<T: ?Sized> {
    pub(super) item: Box<T>,
    shape: OnceLock<Result<Shape, String>>,
}

impl<T: Described + ?Sized> Served<T> {
    pub(super) fn shape(&self) -> Result<&Shape, Diagnostic> {
        self.shape
            .get_or_init(|| {
                let shape = self.item.derive();
                shape.map_err(|error| error.to_string())
            })
            .as_ref()
            .map_err(|reason| no_schema(self.item.name(), reason))
    }
}

/// All types of one kind. They are shared, because a stream outlives the call that started it.
pub(crate) struct Catalogue<T: ?Sized>(BTreeMap<&'static str, Arc<Served<T>>>);

impl<T: Described + ?Sized> Catalogue<T> {
    pub(super) fn new(items: Vec<Box<T>>) -> Self {
        let mut all = BTreeMap::new();
        for item in items {
            let name = item.name();
            let shape = OnceLock::new();
            if all.contains_key(name) {
                // Which of the two was meant nobody knows: neither is served.
                let _ = shape.set(Err(TWICE.to_owned()));
            }
            all.insert(name, Arc::new(Served { item, shape }));
        }
        Self(all)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|name| (*name).to_owned())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Served<T>)> {
        self.0.iter().map(|(name, served)| (*name, &**served))
    }

    pub(super) fn served(&self, name: &str) -> Result<Arc<Served<T>>, Diagnostic> {
        self.0
            .get(name)
            .map(Arc::clone)
            .ok_or_else(|| unknown::<T>(name))
    }

    /// The type called `name`, and its schema.
    pub(crate) fn get(&self, name: &str) -> Result<(&T, &Shape), Diagnostic> {
        let served = self.0.get(name).ok_or_else(|| unknown::<T>(name))?;
        Ok((served.item.as_ref(), served.shape()?))
    }
}

fn unknown<T: Described + ?Sized>(name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Unknown {} type", T::KIND),
        format!("This provider has no {} {name:?}.", T::KIND),
    )
}

//! The schema of a model, and a walk through a model by its schema. Behaviour that follows from a
//! keyword of `everest_schemas::extensions` is written once, for every member that carries the
//! keyword.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use everest_schemas::managed::ManagedModel;
use everest_schemas::{Tree, for_each_kind};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::path::{FieldPath, Segment};

/// The schema of a model and its places, parents before children.
#[derive(Clone, Copy)]
struct Known {
    schema: &'static Value,
    places: &'static [Place],
}

/// Read once for each model, for as long as the process runs.
fn known<T: JsonSchema + 'static>() -> Known {
    static ALL: LazyLock<Mutex<HashMap<TypeId, Known>>> = LazyLock::new(Mutex::default);
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    *all.entry(TypeId::of::<T>()).or_insert_with(|| {
        let settings =
            SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<T>();
        let schema = Box::leak(Box::new(schema.to_value()));
        let mut places = Vec::new();
        Place::root(schema).collect(&mut places);
        Known {
            schema,
            places: places.leak(),
        }
    })
}

/// Every place of a model, parents before children.
pub fn places<T: JsonSchema + 'static>() -> &'static [Place] {
    known::<T>().places
}

/// The `x-semantic` kind of the value at a path of names, through the elements of lists and maps. A
/// value of a map may have any name.
pub fn semantic<T: JsonSchema + 'static>(names: &[&str]) -> Option<&'static str> {
    let mut at = known::<T>().schema;
    for name in names {
        while at["items"].is_object() {
            at = &at["items"];
        }
        at = match &at["properties"][*name] {
            Value::Null => &at["additionalProperties"],
            member => member,
        };
    }
    at["x-semantic"].as_str()
}

/// The first release of Everest that serves the kind of a model, if not all that are supported do.
pub fn kind_since<T: JsonSchema + 'static>() -> Option<&'static str> {
    known::<T>().schema["x-since"].as_str()
}

/// The same for a kind by its name, such as `DataImporter`.
pub fn release_of(kind: &str) -> Option<&'static str> {
    macro_rules! releases {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            [$((<$model>::EVEREST_KIND, kind_since::<$model>())),*]
        };
    }
    let releases = for_each_kind!(releases);
    let found = releases.into_iter().find(|(name, _)| *name == kind);
    found.and_then(|(_, release)| release)
}

/// The first release of Everest that serves the member at a path, if not all that are supported do.
pub fn since<T: JsonSchema + 'static>(path: &FieldPath) -> Option<&'static str> {
    let names = names(path);
    let mut places = places::<T>().iter();
    places.find_map(|place| place.since().filter(|_| self::names(&place.path) == names))
}

/// A place for a value in a model.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path. Without a value, the elements of a list or a map have the path of the list or map.
    pub path: FieldPath,
    /// True for an element of a list or a value of a map.
    pub is_element: bool,
    /// True if a value is required.
    pub is_required: bool,
    schema: &'static Value,
}

impl Place {
    /// Returns true if the schema says `keyword: true` here.
    pub fn says(&self, keyword: &str) -> bool {
        self.schema[keyword] == true
    }

    /// The `x-semantic` kind of the texts here.
    pub fn semantic(&self) -> Option<&'static str> {
        self.schema["x-semantic"].as_str()
    }

    /// The first release of Everest that serves what is here, if not all that are supported do.
    pub fn since(&self) -> Option<&'static str> {
        self.schema["x-since"].as_str()
    }

    /// Returns true if there are further places below.
    pub fn is_branch(&self) -> bool {
        ["properties", "items", "additionalProperties"]
            .iter()
            .any(|below| self.schema[below].is_object())
    }

    /// Returns true if the schema has a default here, for the server or for users.
    pub fn has_default(&self) -> bool {
        ["default", "x-default"]
            .iter()
            .any(|keyword| !self.schema[keyword].is_null())
    }

    fn root(schema: &'static Value) -> Self {
        Self {
            path: FieldPath::root(),
            is_element: false,
            is_required: true,
            schema,
        }
    }

    fn collect(&self, found: &mut Vec<Self>) {
        let members = self.members().map(|(_, member)| member);
        for below in members.chain(self.elements()) {
            found.push(below.clone());
            below.collect(found);
        }
    }

    /// The members of an object, each with its name. The members of an inlined object have the path
    /// of their parent.
    fn members(&self) -> impl Iterator<Item = (&'static str, Self)> {
        let required = self.schema["required"].as_array();
        let properties = self.schema["properties"].as_object();
        properties.into_iter().flatten().map(move |(name, schema)| {
            let path = if schema["x-inline"] == true {
                self.path.clone()
            } else {
                self.path.field(name)
            };
            let place = Self {
                path,
                is_element: false,
                is_required: required
                    .is_some_and(|names| names.iter().any(|required| required == name)),
                schema,
            };
            (name.as_str(), place)
        })
    }

    /// The place of each element of a list or a map, if it is one.
    fn elements(&self) -> Option<Self> {
        let schema = ["items", "additionalProperties"]
            .iter()
            .map(|below| &self.schema[below])
            .find(|schema| schema.is_object())?;
        Some(Self {
            path: self.path.clone(),
            is_element: true,
            is_required: false,
            schema,
        })
    }

    /// The place of one element: by its key or, if it has none, by its index.
    fn element(&self, elements: &Self, index: usize, element: &Tree) -> Self {
        let key = self.schema["x-map-key"].as_str();
        let named = match (key, element) {
            (Some(key), Tree::Map(members)) => members.get(key).and_then(Tree::text),
            _ => None,
        };
        let path = match named {
            Some(name) => self.path.key(name),
            None => self.path.index(index),
        };
        Self {
            path,
            ..elements.clone()
        }
    }
}

/// Changes the values of a model, children before parents. An absent member is visited if its
/// object is there.
pub fn edit<T: Serialize + DeserializeOwned + JsonSchema + 'static>(
    model: &mut T,
    mut change: impl FnMut(&Place, &mut Tree),
) {
    let Ok(mut tree) = Tree::of(model) else {
        return;
    };
    walk(&Place::root(known::<T>().schema), &mut tree, &mut change);
    if let Ok(changed) = tree.into_model() {
        *model = changed;
    }
}

/// Visits the values of a model, as [`edit`] does.
pub fn visit<T: Serialize + JsonSchema + 'static>(model: &T, mut visit: impl FnMut(&Place, &Tree)) {
    if let Ok(mut tree) = Tree::of(model) {
        walk(
            &Place::root(known::<T>().schema),
            &mut tree,
            &mut |place, value| {
                visit(place, value);
            },
        );
    }
}

fn walk(place: &Place, value: &mut Tree, change: &mut impl FnMut(&Place, &mut Tree)) {
    match value {
        Tree::Map(values) if place.schema["properties"].is_object() => {
            for (name, member) in place.members() {
                let value = values.entry(name.to_owned()).or_insert(Tree::Null);
                below(&member, value, change);
            }
        }
        Tree::Map(values) => {
            if let Some(elements) = place.elements() {
                for (key, value) in values {
                    let element = Place {
                        path: place.path.key(key),
                        ..elements.clone()
                    };
                    below(&element, value, change);
                }
            }
        }
        Tree::List(values) => {
            if let Some(elements) = place.elements() {
                for (index, value) in values.iter_mut().enumerate() {
                    below(&place.element(&elements, index, value), value, change);
                }
            }
        }
        Tree::Null | Tree::Unknown | Tree::Leaf(_) => {}
    }
}

fn below(place: &Place, value: &mut Tree, change: &mut impl FnMut(&Place, &mut Tree)) {
    walk(place, value, change);
    change(place, value);
}

/// The value at a path without keys in the tree of a model, with inlined objects as members of
/// their parent. Below an absent value it is [`Tree::Null`], below an unknown value
/// [`Tree::Unknown`].
pub fn value_at<'a, T: JsonSchema + 'static>(tree: &'a Tree, path: &FieldPath) -> &'a Tree {
    fn find<'a>(place: &Place, tree: &'a Tree, path: &FieldPath) -> Option<&'a Tree> {
        if place.path == *path && place.schema["x-inline"] != true {
            return Some(tree);
        }
        place
            .members()
            .filter(|(_, member)| is_on_the_way(&member.path, path))
            .find_map(|(name, member)| match tree {
                Tree::Map(members) => find(&member, members.get(name).unwrap_or(&Tree::Null), path),
                missing => find(&member, missing, path),
            })
    }
    find(&Place::root(known::<T>().schema), tree, path).unwrap_or(&Tree::Null)
}

fn is_on_the_way(to: &FieldPath, path: &FieldPath) -> bool {
    path.segments().starts_with(to.segments())
}

/// The names of a path, without keys.
pub fn names(path: &FieldPath) -> Vec<&str> {
    path.segments()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Field(name) => Some(name.as_str()),
            Segment::Key(_) | Segment::Index(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;

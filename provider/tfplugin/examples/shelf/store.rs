//! Where shelves are kept: a directory with a file for each.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tfplugin::{Context, Deferral, Field};

use crate::model::{Finish, Shelf};

/// Where shelves are kept.
#[derive(Default)]
pub struct Store {
    directory: Mutex<Directory>,
}

#[derive(Clone, Default)]
enum Directory {
    #[default]
    Temporary,
    Unknown,
    At(PathBuf),
}

impl Store {
    /// Takes the provider's setting.
    pub fn open(&self, directory: &Field<String>) {
        let directory = match directory {
            Field::Null => Directory::Temporary,
            Field::Unknown => Directory::Unknown,
            Field::Known(path) => Directory::At(path.into()),
        };
        *self
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = directory;
    }

    fn directory(&self) -> Directory {
        let directory = self
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        directory.clone()
    }

    /// Puts a call off while it is not known where shelves are kept; whether it did.
    pub fn defer(&self, cx: &Context) -> bool {
        self.is_unknown() && cx.defer(Deferral::ProviderConfigUnknown)
    }

    /// Whether it is not known yet where shelves are kept.
    pub fn is_unknown(&self) -> bool {
        matches!(self.directory(), Directory::Unknown)
    }

    /// The file `name`.
    pub fn file(&self, name: &str) -> PathBuf {
        let directory = match self.directory() {
            Directory::At(path) => path,
            Directory::Temporary | Directory::Unknown => std::env::temp_dir(),
        };
        directory.join(name)
    }

    fn shelf_file(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.json"))
    }

    /// The shelf `name`, if it stands.
    pub fn get(&self, name: &str) -> Option<Shelf> {
        serde_json::from_slice(&std::fs::read(self.shelf_file(name)).ok()?).ok()
    }

    /// Every shelf, by name.
    pub fn all(&self) -> Vec<Shelf> {
        let Ok(entries) = std::fs::read_dir(self.file("")) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                Some(name.strip_suffix(".json")?.to_owned())
            })
            .collect();
        names.sort();
        names.iter().filter_map(|name| self.get(name)).collect()
    }

    /// Stores what was asked for, completed as a server does, and spelled in its own way.
    pub fn put(&self, planned: &Shelf, config: &Shelf) -> io::Result<Shelf> {
        let mut shelf = planned.clone();
        let name = planned.name.known().map_or("", String::as_str);
        let generation = self.get(name).and_then(|s| s.generation.known().copied());
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
        std::fs::write(self.shelf_file(name), serde_json::to_vec(&shelf)?)?;
        Ok(shelf)
    }

    /// Takes the shelf `name` down.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.shelf_file(name))
    }
}

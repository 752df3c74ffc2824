//! The databases of all namespaces that use a cluster-scoped object.

use std::fmt;

use everest_schemas::everest::DatabaseCluster;

use super::{Facts, Kind};
use crate::lifecycle::data_importer;
use crate::storage_users::place;

/// The most databases that a message names.
const NAMED: usize = 10;

/// Databases that use an object, by namespace and name, or by name within one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsingDatabases(Vec<String>);

impl UsingDatabases {
    /// Returns true if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of databases.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The databases as a part of a sentence, such as `the databases prod/orders, test/orders`.
impl fmt::Display for UsingDatabases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        let named: Vec<_> = self.0.iter().take(NAMED).map(String::as_str).collect();
        write!(f, "the database{plural} {}", named.join(", "))?;
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl Facts {
    /// The databases of all namespaces that use an object, without those that the planned run
    /// destroys.
    pub(crate) fn databases_that(&self, uses: impl Fn(&DatabaseCluster) -> bool) -> UsingDatabases {
        let using = self.databases_everywhere.iter().flatten();
        let using = using.filter(|database| uses(database)).filter(|database| {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            let namespace = part(&database.metadata.namespace);
            let name = part(&database.metadata.name);
            let planned = &self.planned_everywhere;
            !planned.destroys(&namespace, Kind::Databases, &name)
        });
        let mut places: Vec<_> = using.map(|database| place(&database.metadata)).collect();
        places.sort_unstable();
        UsingDatabases(places)
    }

    /// The databases of the model's namespace that use an object, without those that the planned run
    /// destroys; `None` if they were not read.
    pub(crate) fn neighbours_that(
        &self,
        uses: impl Fn(&DatabaseCluster) -> bool,
    ) -> Option<UsingDatabases> {
        self.databases.as_ref()?;
        let using = self.left(Kind::Databases, &self.databases);
        let using = using.filter(|(_, database)| uses(database));
        let names = using.map(|(name, _)| name.to_owned());
        Some(UsingDatabases(names.collect()))
    }
}

impl Facts {
    /// The imports, in all namespaces, that still need the importer of a name: databases whose import
    /// has not begun, and import jobs that have not ended.
    pub(crate) fn imports_of(&self, importer: &str) -> Vec<String> {
        let databases = self.databases_that(|database| data_importer::awaits(database, importer));
        let databases = databases.0.into_iter();
        let jobs = self.import_jobs_everywhere.iter().flatten();
        let jobs = jobs.filter(|job| data_importer::needs(job, importer));
        databases
            .map(|database| format!("database {database}"))
            .chain(jobs.map(|job| format!("import job {}", place(&job.metadata))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_databases_are_counted() {
        let of = |count: usize| UsingDatabases((0..count).map(|n| format!("prod/d{n}")).collect());
        assert_eq!(of(1).to_string(), "the database prod/d0");
        assert_eq!(of(2).to_string(), "the databases prod/d0, prod/d1");
        assert!(of(12).to_string().ends_with("prod/d9 and 2 more"));
    }
}

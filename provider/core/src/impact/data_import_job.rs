//! The effect of an import on the data of its database.

use everest_schemas::models::DataImportJobModel;

use super::Summary;
use super::restore::target;
use crate::facts::Facts;

/// The warning for a new import `what`, such as "`everest_data_import_job` prod/first-load":
/// the data in the database is replaced. `None` for a database that is known not to exist yet,
/// because it holds no data.
pub fn of_import(what: &str, planned: &DataImportJobModel, facts: &Facts) -> Option<Summary> {
    let named = target(&planned.namespace, &planned.database_name, facts)?;
    let importer = planned.data_importer_name.known_str();
    let by = importer.map_or_else(String::new, |importer| {
        format!(" by the importer {importer:?}")
    });
    Some(Summary {
        headline: format!("Data loss: {what} overwrites {named}"),
        detail: format!(
            "An import{by} replaces the data in {named}, and its users and passwords may become \
             those of the imported data. Clients cannot reach the database meanwhile. Only a \
             backup can undo that: if you may need the current data, take one first. To fill a new \
             database instead, use data_source of everest_database."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixtures::facts;

    #[test]
    fn an_import_into_a_database_that_exists_replaces_its_data() {
        let into = |database: &str| DataImportJobModel {
            namespace: "prod".into(),
            database_name: database.into(),
            data_importer_name: "dump".into(),
            ..DataImportJobModel::default()
        };
        let said = of_import("import", &into("orders"), &facts()).unwrap();
        assert_eq!(
            said.headline,
            "Data loss: import overwrites the database prod/orders"
        );
        assert!(said.detail.contains("by the importer \"dump\""));
        assert_eq!(of_import("import", &into("copy"), &facts()), None);
    }
}

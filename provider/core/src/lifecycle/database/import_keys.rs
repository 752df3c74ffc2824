//! The Secret with the keys of the bucket that the first data of a database is imported from.

use everest_schemas::everest::DataImportJob;
use everest_schemas::models::{DataImportJobModel, DatabaseModel};
use everest_schemas::{Field, Sensitive};
use serde_json::Value;

use crate::lifecycle::own_secret::OwnSecret;
use crate::lifecycle::{Action, ObjectRef, Observed, Query, TakeBackSecret};
use crate::path::FieldPath;
use crate::text::Text;
use crate::v1::ObjectMapping;
use crate::v1::credentials::Credentials;
use crate::v1::data_import_job::OF_EVEREST;

/// The attribute with the name of the Secret.
const ATTRIBUTE: &str = "dataSource.dataImport.source.s3.credentialsSecretName";

/// Writes the Secret before the database: one more step of its creation. Everest makes the import of
/// the database the owner of the Secret, and deletes the Secret with the database.
#[derive(Clone, Debug)]
pub(super) struct ImportKeys {
    secret: OwnSecret,
    content: Sensitive<Value>,
}

impl ImportKeys {
    /// The Secret that the import of a new database reads, written by the field manager `manager`;
    /// `None` if the model has no import from a bucket.
    pub(super) fn of(model: &DatabaseModel, keys: &Credentials, manager: &str) -> Option<Self> {
        let import = import(model)?;
        Some(Self {
            secret: secret(&import, manager),
            content: keys.secret(&import),
        })
    }

    /// The Secret.
    pub(super) fn object(&self) -> ObjectRef {
        self.secret.object.clone()
    }

    /// The step before the database is created. A Secret that exists stays, unless a creation of
    /// ours has left it over.
    ///
    /// # Errors
    /// The query that has to be answered first.
    pub(super) fn before_creation(&self, observed: &Observed) -> Result<Option<Action>, Query> {
        let content = Some(&self.content);
        let action = self
            .secret
            .before_creation::<DataImportJob>(observed, content, None)?;
        let ObjectRef {
            namespace, name, ..
        } = &self.secret.object;
        Ok(action.map(|action| match action {
            Action::Refuse { .. } => Action::Refuse {
                message: Text::from(format!(
                    "the Secret {namespace}/{name} for the keys of its import already exists and \
                     was not written for it. Delete that Secret, or name another one in "
                ))
                .and(&FieldPath::of(ATTRIBUTE)),
                attribute: Some(FieldPath::of(ATTRIBUTE)),
            },
            other => other,
        }))
    }
}

/// Deletes the Secret of a database that was not made, if the field manager `manager` has written it
/// and nothing else reads it; `None` if the model has no import from a bucket.
pub fn remove_import_keys(
    model: &DatabaseModel,
    manager: &str,
) -> Option<TakeBackSecret<DataImportJob>> {
    let import = import(model)?;
    Some(TakeBackSecret::of(&secret(&import, manager)))
}

/// The import that Everest makes for a new database, with the Secret that the database names.
fn import(model: &DatabaseModel) -> Option<DataImportJobModel> {
    let source = model.spec.known()?.data_source.known()?;
    let s3 = source.data_import.known()?.source.known()?.s3.known()?;
    let secret_name = s3.credentials_secret_name.known()?;
    let (_, name) = model.key();
    Some(DataImportJobModel {
        namespace: model.namespace.clone(),
        name: Field::from(format!("{OF_EVEREST}{name}")),
        secret_name: Field::Known(secret_name.clone()),
        ..DataImportJobModel::default()
    })
}

fn secret(import: &DataImportJobModel, manager: &str) -> OwnSecret {
    let name = import.secret_name.known_str().unwrap_or_default();
    OwnSecret::of(&ObjectRef::of_model(import), name, manager)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dialect::Dialect;
    use crate::lifecycle::database::CreateDatabase;
    use crate::lifecycle::world::World;
    use crate::lifecycle::{Lifecycle, ObjectKind};

    const MANAGER: &str = "ours";

    fn model() -> DatabaseModel {
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "wait": false,
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                "dataSource": {"dataImport": {"dataImporterName": "dump", "source": {
                    "path": "d", "s3": {"bucket": "b", "region": "r",
                        "endpointURL": "https://s3.example.com",
                        "credentialsSecretName": "keys"}}}}}}))
        .unwrap()
    }

    fn create() -> CreateDatabase {
        let keys = ["id", "key"].map(|text| Sensitive::from(text.to_owned()));
        CreateDatabase::of(&model()).with_import_keys(Some(&Credentials(keys.into())), MANAGER)
    }

    fn secret(manager: &str, key: &str) -> Value {
        json!({"metadata": {"namespace": "prod", "uid": "s", "managedFields": [
            {"manager": manager, "operation": "Apply",
                "fieldsV1": {"f:data": {format!("f:{key}"): {}}}}]}})
    }

    #[test]
    fn the_secret_comes_before_the_database() {
        let mut create = create();
        let mut world = World::default();
        let first = world.next(&mut create);
        let Action::Apply(apply) = &first else {
            panic!("{first:?}")
        };
        assert_eq!(apply.object.to_string(), "Secret prod/keys");
        assert_eq!(
            apply.body.expose()["data"],
            json!({"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "a2V5"})
        );
        create.wrote(&apply.object.clone(), None);
        let next = world.next(&mut create);
        assert!(matches!(next, Action::Create { .. }), "{next:?}");
    }

    #[test]
    fn a_secret_of_others_stays_and_so_does_one_that_another_database_awaits() {
        let other = json!({"metadata": {"namespace": "prod", "uid": "o"}, "spec": model().spec});
        for (held, other, is_written) in [
            (secret(MANAGER, "AWS_ACCESS_KEY_ID"), None, true),
            (secret(MANAGER, "AWS_ACCESS_KEY_ID"), Some(other), false),
            (secret(MANAGER, "root"), None, false),
            (secret("kubectl", "AWS_ACCESS_KEY_ID"), None, false),
        ] {
            let mut world = World::default().with(ObjectKind::Secret, "keys", held);
            if let Some(other) = other {
                world.put(ObjectKind::Database, "other", other);
            }
            let next = world.next(&mut create());
            match &next {
                Action::Apply(_) => assert!(is_written),
                Action::Refuse { message, .. } => {
                    let said = message.render(Dialect::ManagedResource);
                    assert!(
                        !is_written && said.contains("name another one in"),
                        "{said}"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_secret_of_a_database_that_was_not_made_goes() {
        let mut world = World::default().with(
            ObjectKind::Secret,
            "keys",
            secret(MANAGER, "AWS_ACCESS_KEY_ID"),
        );
        let mut removal = remove_import_keys(&model(), MANAGER).unwrap();
        let (written, _) = world.run(&mut removal);
        assert_eq!(written, ["delete Secret prod/keys"]);
    }
}

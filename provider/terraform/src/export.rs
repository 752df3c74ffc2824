//! `export`: the configuration of what exists, with the `import` blocks that adopt it. For clients
//! without `terraform query`, such as OpenTofu.

use std::collections::BTreeSet;

use everest_cluster::{Catalog, Cluster, ClusterError, ConnectError, ConnectionConfig};
use everest_core::v1::ObjectMapping;
use everest_schemas::{Field, for_each_kind, for_each_server_setting};
use hcl::{
    Attribute, Block, Body, Expression, Identifier,
    expr::{Traversal, Variable},
};
use tfplugin::{
    Model,
    model::{self, ModelError},
    planning,
    schema::{Object, Schema, SchemaError},
    value::Value,
};

use crate::{
    guardrails::Guarded, managed::Kind, namespace::Namespace, server::setting::ServerSetting,
};

/// What is exported.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// The namespaces; empty: all, what belongs to the whole cluster, and the settings of Everest's
    /// own server.
    pub namespaces: Vec<String>,
    /// Whether backups, restores and imports are too, most of which schedules and people have made.
    pub with_operations: bool,
    /// How the cluster is reached; what is not given comes from the environment, as for the
    /// provider.
    pub connection: ConnectionConfig,
}

/// The progress of an export.
#[derive(Debug)]
pub enum Told<'a> {
    /// The objects of this type are being read.
    Reading(&'a str),
    /// This type is left out, because its objects may not be read.
    LeftOut(&'a str, &'a ClusterError),
}

/// Kinds of what was done once.
const OPERATIONS: [&str; 3] = [
    "everest_backup",
    "everest_restore",
    "everest_data_import_job",
];

/// The reason why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No client can be made from the settings.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A request failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A model has no Terraform schema, or does not fit it: a fault of this program.
    #[error("{0}")]
    Model(String),
}

impl From<SchemaError> for ExportError {
    fn from(error: SchemaError) -> Self {
        Self::Model(error.to_string())
    }
}

impl From<ModelError> for ExportError {
    fn from(error: ModelError) -> Self {
        Self::Model(error.to_string())
    }
}

impl Export {
    /// The configuration as HCL. `tells` is called with the type of each resource before its
    /// objects are read, and with each type that is left out.
    ///
    /// # Errors
    /// If the cluster cannot be reached or something of it not be read.
    pub async fn run(&self, tells: &mut dyn FnMut(Told<'_>)) -> Result<String, ExportError> {
        let cluster = Cluster::reach(&self.connection, Catalog::default())?;
        self.of(&cluster.fail_fast(), tells).await
    }

    /// The same of a cluster that is reached.
    ///
    /// # Errors
    /// If something of it cannot be read.
    pub async fn of(
        &self,
        cluster: &Cluster,
        tells: &mut dyn FnMut(Told<'_>),
    ) -> Result<String, ExportError> {
        let mut written = Written::default();
        macro_rules! each {
            ($($module:ident::$kind:ident = $model:ty;)*) => {
                $(
                    tells(Told::Reading(<crate::$module::$kind as Kind>::TYPE));
                    self.add::<crate::$module::$kind>(cluster, tells, &mut written).await?;
                )*
            };
        }
        for_each_kind!(each);
        macro_rules! each_setting {
            ($($module:ident::$setting:ident = $model:ty;)*) => {
                $(add_settings::<crate::server::$module::$setting>(cluster, tells, &mut written)
                    .await?;)*
            };
        }
        // They are of the whole cluster, and those who work in one namespace may not read them.
        if self.namespaces.is_empty() {
            for_each_server_setting!(each_setting);
        }
        written.text()
    }

    /// Adds the objects of a kind. Those of the whole cluster are left out if they may not be read:
    /// who works in some namespaces is often denied them.
    async fn add<K: Guarded>(
        &self,
        cluster: &Cluster,
        tells: &mut dyn FnMut(Told<'_>),
        written: &mut Written,
    ) -> Result<(), ExportError> {
        if OPERATIONS.contains(&K::TYPE) && !self.with_operations {
            return Ok(());
        }
        let schema = Schema::derive::<K::Model>(0, "")?;
        let mut found = match self.found::<K>(cluster).await {
            Err(error) if error.is_forbidden() && !is_namespaced::<K>() => {
                tells(Told::LeftOut(K::TYPE, &error));
                return Ok(());
            }
            other => other?,
        };
        found.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        for model in found {
            let object = cluster.object(&model).await?;
            let config = configuration(&model, &schema.root, |config| {
                K::generated(config, object.as_ref());
            })?;
            written.add(K::TYPE, &K::id(&model), model.key(), &schema.root, &config);
        }
        Ok(())
    }

    /// The objects of a kind that are wanted. With namespaces, those are the namespaces themselves
    /// and what is in them.
    async fn found<K: Kind>(&self, cluster: &Cluster) -> Result<Vec<K::Model>, ClusterError> {
        let list = async |namespace: Option<&str>| match K::list(cluster, namespace, "").await {
            // There is none in an Everest that is older than the kind.
            Err(ClusterError::OlderEverest { .. }) => Ok(Vec::new()),
            other => other,
        };
        if self.namespaces.is_empty() {
            return list(None).await;
        }
        let mut all = Vec::new();
        if is_namespaced::<K>() {
            for namespace in &self.namespaces {
                all.extend(list(Some(namespace)).await?);
            }
        } else if K::TYPE == Namespace::TYPE {
            all = list(None).await?;
            all.retain(|model| {
                let (_, name) = model.key();
                self.namespaces.iter().any(|wanted| wanted == name)
            });
        }
        Ok(all)
    }
}

/// Returns true if the objects of a kind are in namespaces.
fn is_namespaced<K: Kind>() -> bool {
    K::Model::at(Field::Null, Field::Null).namespace().is_some()
}

/// The minimal configuration of what exists, after a type's own `edit` of it.
fn configuration<M: Model>(
    model: &M,
    object: &Object,
    edit: impl FnOnce(&mut M),
) -> Result<Value, ExportError> {
    let config = planning::configuration(object, &model::encode(model, object)?);
    let mut config: M = model::decode(&config, object)?;
    edit(&mut config);
    Ok(model::encode(&config, object)?)
}

/// Adds the settings of a type. Those that may not be read are left out.
async fn add_settings<S: ServerSetting>(
    cluster: &Cluster,
    tells: &mut dyn FnMut(Told<'_>),
    written: &mut Written,
) -> Result<(), ExportError> {
    tells(Told::Reading(S::TYPE));
    let found = match S::all(cluster).await {
        Err(error) if error.is_forbidden() => {
            tells(Told::LeftOut(S::TYPE, &error));
            return Ok(());
        }
        other => other?,
    };
    let schema = Schema::derive::<S::Model>(0, "")?;
    for model in found {
        let config = configuration(&model, &schema.root, S::export)?;
        let id = S::id(&model);
        written.add(S::TYPE, &id, ("", &id), &schema.root, &config);
    }
    Ok(())
}

/// What is written so far.
#[derive(Default)]
struct Written {
    body: Vec<Block>,
    labels: BTreeSet<(&'static str, String)>,
}

impl Written {
    fn add(
        &mut self,
        type_name: &'static str,
        id: &str,
        (namespace, name): (&str, &str),
        object: &Object,
        config: &Value,
    ) {
        let label = self.label(type_name, namespace, name);
        let to = Traversal::builder(Variable::sanitized(type_name))
            .attr(label.as_str())
            .build();
        self.body.push(
            Block::builder("import")
                .add_attribute(("to", Expression::from(to)))
                .add_attribute(("id", id))
                .build(),
        );
        let members = object.attributes.iter().filter_map(|attribute| {
            let value = expression(config.get(&attribute.name)?)?;
            Some(Attribute::new(attribute.name.as_str(), value))
        });
        let resource = Block::builder("resource")
            .add_label(type_name)
            .add_label(label);
        self.body.push(resource.add_attributes(members).build());
    }

    /// The label of a resource: the object's name, with the namespace where two have the name.
    fn label(&mut self, type_name: &'static str, namespace: &str, name: &str) -> String {
        let short = identifier(name);
        let long = identifier(&format!("{namespace}_{name}"));
        let free = [short, long.clone()]
            .into_iter()
            .find(|label| !self.labels.contains(&(type_name, label.clone())));
        let label = free.unwrap_or_else(|| {
            let numbered = (2..).map(|number| format!("{long}_{number}"));
            let mut numbered =
                numbered.filter(|label| !self.labels.contains(&(type_name, label.clone())));
            numbered.next().unwrap_or_default()
        });
        self.labels.insert((type_name, label.clone()));
        label
    }

    fn text(self) -> Result<String, ExportError> {
        let mut text = String::new();
        for block in self.body {
            let body = Body::builder().add_block(block).build();
            let block = hcl::format::to_string(&body);
            let block = block.map_err(|error| ExportError::Model(error.to_string()))?;
            if !text.is_empty() {
                text.push('\n');
            }
            text += &block;
        }
        Ok(text)
    }
}

/// A text in the characters of a label.
fn identifier(text: &str) -> String {
    let mut label: String = text
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if label.starts_with(|letter: char| letter.is_ascii_digit()) {
        label.insert(0, '_');
    }
    label
}

/// A value as it is written in a configuration; `None` for null and for what is not known.
fn expression(value: &Value) -> Option<Expression> {
    Some(match value {
        Value::Null | Value::Unknown(_) => return None,
        Value::Bool(flag) => Expression::Bool(*flag),
        Value::Number(number) => match number.to_string().parse::<i64>() {
            Ok(whole) => Expression::from(whole),
            Err(_) => Expression::from(number.to_string().parse::<f64>().ok()?),
        },
        Value::String(text) => Expression::String(text.clone()),
        Value::List(values) => Expression::Array(values.iter().filter_map(expression).collect()),
        Value::Map(members) => {
            let members = members.iter().filter_map(|(name, value)| {
                Some((hcl::ObjectKey::from(key(name)), expression(value)?))
            });
            Expression::Object(members.collect())
        }
        Value::Dynamic(typed) => expression(&typed.1)?,
    })
}

/// The key of an object: a word where it is one.
fn key(name: &str) -> Expression {
    match Identifier::new(name) {
        Ok(word) => Expression::from(Variable::from(word)),
        Err(_) => Expression::String(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_so_that_they_are_read_as_they_are() {
        let text = |value: &Value| {
            let value = expression(value).unwrap();
            let attribute = Body::builder().add_attribute(("a", value)).build();
            hcl::format::to_string(&attribute).unwrap()
        };
        let string = |text: &str| Value::String(text.to_owned());
        assert_eq!(
            text(&string("${x} %{y} \"z\"\n")),
            "a = \"$${x} %%{y} \\\"z\\\"\\n\"\n"
        );
        let members = [
            ("b", Value::Null),
            ("c", Value::Bool(true)),
            ("d/e", string("f")),
        ];
        let members = members.map(|(name, value)| (name.to_owned(), value));
        let map = text(&Value::Map(members.into()));
        assert_eq!(map, "a = {\n  c = true\n  \"d/e\" = \"f\"\n}\n");
    }

    #[test]
    fn two_objects_of_one_name_have_two_labels() {
        let mut written = Written::default();
        let mut label =
            |namespace: &str, name: &str| written.label("everest_database", namespace, name);
        assert_eq!(label("prod", "orders"), "orders");
        assert_eq!(label("test", "orders"), "test_orders");
        assert_eq!(label("a-b", "orders"), "a_b_orders");
        assert_eq!(label("a.b", "orders"), "a_b_orders_2");
        assert_eq!(label("prod", "1st"), "_1st");
    }
}

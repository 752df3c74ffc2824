//! The definitions of the managed resources, with the rules that the API server can check.

use everest_core::dialect::Dialect;
use everest_core::rules::Validate;
use everest_core::rules::expressions::Expression;
use everest_schemas::crds::{Validation, managed_resource};
use everest_schemas::for_each_kind;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

/// The definition of every managed resource, ordered by name.
pub fn all() -> Vec<CustomResourceDefinition> {
    macro_rules! definitions {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            vec![$(managed_resource::<$model>(&validations(<$model>::EXPRESSIONS))),*]
        };
    }
    let mut definitions = for_each_kind!(definitions);
    definitions.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    definitions
}

fn validations(expressions: &[Expression]) -> Vec<Validation> {
    expressions
        .iter()
        .map(|expression| Validation {
            path: expression.path,
            rule: expression.expression.to_owned(),
            message: expression.message().render(Dialect::ManagedResource),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::crds;
    use std::{fs, path::Path};

    #[test]
    fn the_files_in_the_repository_are_fresh() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/crds/managed");
        for definition in all() {
            let path = dir.join(crds::file_name(&definition));
            assert!(
                fs::read_to_string(&path).unwrap_or_default() == crds::yaml(&definition).unwrap(),
                "{} is stale: run `cargo xtask generate`",
                path.display()
            );
        }
    }

    #[test]
    fn no_name_is_one_of_everests() {
        let everest: Vec<_> = crds::all()
            .into_iter()
            .flat_map(|definition| {
                let names = definition.spec.names;
                [Some(names.plural), names.singular]
                    .into_iter()
                    .flatten()
                    .chain(names.short_names.unwrap_or_default())
            })
            .collect();
        for definition in all() {
            let names = definition.spec.names;
            assert!(!everest.contains(&names.plural), "{}", names.plural);
            assert!(!everest.contains(&names.singular.unwrap()));
            assert!(names.short_names.is_none());
        }
    }

    #[test]
    fn every_expression_finds_its_member() {
        let text: String = all()
            .iter()
            .map(|definition| serde_json::to_string(definition).unwrap())
            .collect();
        macro_rules! expressions {
            ($($module:ident::$kind:ident = $model:ty;)*) => { [$(<$model>::EXPRESSIONS),*] };
        }
        let expressions = for_each_kind!(expressions).concat();
        assert!(!expressions.is_empty());
        for expression in expressions {
            let rule = serde_json::to_string(expression.expression).unwrap();
            assert!(text.contains(&rule), "{}", expression.rule.id);
        }
    }

    #[test]
    fn every_kind_is_in_what_users_read() {
        for page in ["docs/crossplane/README.md", "README.md"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../..")
                .join(page);
            let text = fs::read_to_string(path).unwrap();
            for definition in all() {
                let kind = definition.spec.names.kind;
                assert!(text.contains(&format!("`{kind}`")), "{page}: {kind}");
            }
        }
    }
}

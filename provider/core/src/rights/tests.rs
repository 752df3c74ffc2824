use super::*;

#[test]
fn every_kind_and_setting_has_its_rights() {
    use everest_schemas::{for_each_kind, for_each_server_setting};
    macro_rules! names {
        ($($module:ident::$kind:ident = $model:ty;)*) => {
            [$(concat!("everest_", stringify!($module))),*]
        };
    }
    let kinds = for_each_kind!(names).to_vec();
    let settings = for_each_server_setting!(names).to_vec();
    let titles = TABLE.iter().map(Purpose::title);
    let mut told: Vec<_> = titles
        .map(|title| title.render(Dialect::Terraform))
        .collect();
    told.sort_unstable();
    // Data sources read what resources do, but for pods.
    let mut wanted = [kinds, settings, vec!["everest_components"]].concat();
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    for purpose in TABLE {
        assert!(purpose.needs.iter().all(|need| !need.verbs.is_empty()));
    }
}

#[test]
fn a_right_is_told_with_what_does_not_work_without_it() {
    let right = |verb: &str, resource: &str, namespace: Option<&str>| Right {
        verb: verb.to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.map(str::to_owned),
    };
    let database = Purpose::of("everest_database", Dialect::Terraform).unwrap();
    let without = |right: &Right| {
        let need = database.need(right)?;
        Some(need.without().render(Dialect::Terraform))
    };
    let storages = right("list", "backupstorages.everest.percona.com", Some("shop"));
    assert_eq!(
        storages.to_string(),
        "list backupstorages.everest.percona.com in namespace shop"
    );
    assert!(without(&storages).unwrap().contains("does not check"));
    let everywhere = right("list", "backupstorages.everest.percona.com", None);
    assert_eq!(without(&everywhere), None, "no database asks for that");
    let namespace = right("get", "namespaces", None);
    assert!(without(&namespace).unwrap().contains("namespace exists"));
    assert_eq!(without(&right("get", "pods", Some("shop"))), None);
}

#[test]
fn the_role_for_plans_writes_nothing_and_reads_no_secret_of_a_database() {
    for need in TABLE.iter().flat_map(|purpose| purpose.needs) {
        let verbs = Vec::from_iter(need.verbs_of_plans());
        assert!(verbs.iter().all(|verb| READS.contains(verb)), "{need:?}");
        if need.place == Place::Namespaces && need.names().any(|name| name == "secrets") {
            assert!(verbs.is_empty(), "{need:?}");
        }
    }
}

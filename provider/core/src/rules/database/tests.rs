mod backups;
mod changes;
mod engines;

use super::*;
use crate::finding::Severity;
use backups::BACKUPS;
use changes::CHANGES;
use engines::ENGINES;
use everest_schemas::Sensitive;
use everest_schemas::everest::{
    Backup, BackupSchedule, BackupSource, ConfigServer, DataImport, DataImportS3, DataImportSource,
    DataSource, EngineFeatures, EngineSpec, Expose, Pitr, PitrTarget, Proxy, PsmdbFeatures,
    Resources, Sharding, Storage,
};
use everest_schemas::models::Timeouts;

pub(super) type Change = fn(&mut DatabaseModel);

/// A rule with a change of a sound database that breaks it, one that holds,
/// and one that leaves the value open.
struct Case {
    rule: &'static str,
    path: &'static str,
    breaks: Change,
    holds: Change,
    unknown: Change,
}

pub(super) fn sound() -> DatabaseModel {
    DatabaseModel {
        namespace: "prod".into(),
        name: "orders".into(),
        spec: DatabaseClusterSpec {
            engine: EngineSpec {
                type_: Engine::Pxc.into(),
                replicas: 3.into(),
                version: "8.0.41-32.1".into(),
                storage: Storage {
                    size: "25Gi".into(),
                    ..Storage::default()
                }
                .into(),
                resources: Resources {
                    cpu: "1".into(),
                    memory: "2G".into(),
                    ..Resources::default()
                }
                .into(),
                ..EngineSpec::default()
            }
            .into(),
            ..DatabaseClusterSpec::default()
        }
        .into(),
        ..DatabaseModel::default()
    }
}

pub(super) fn spec(model: &mut DatabaseModel) -> &mut DatabaseClusterSpec {
    model.spec.known_mut().unwrap()
}

pub(super) fn part<T: Default>(field: &mut Field<T>) -> &mut T {
    if !field.is_known() {
        *field = Field::Known(T::default());
    }
    field.known_mut().unwrap()
}

pub(super) fn engine(model: &mut DatabaseModel) -> &mut EngineSpec {
    part(&mut spec(model).engine)
}

pub(super) fn of_type(model: &mut DatabaseModel, type_: Engine) {
    engine(model).type_ = type_.into();
}

pub(super) fn users(model: &mut DatabaseModel, key: &str, value: &str) {
    let users = std::collections::BTreeMap::from([(key.to_owned(), Field::from(value))]);
    model.users_wo = Field::Known(users.into());
    model.users_wo_version = 1.into();
}

fn resources(model: &mut DatabaseModel) -> &mut Resources {
    part(&mut engine(model).resources)
}

pub(super) fn proxy(model: &mut DatabaseModel) -> &mut Proxy {
    part(&mut spec(model).proxy)
}

pub(super) fn expose(model: &mut DatabaseModel) -> &mut Expose {
    part(&mut proxy(model).expose)
}

pub(super) fn backup(model: &mut DatabaseModel) -> &mut Backup {
    part(&mut spec(model).backup)
}

pub(super) fn pitr(model: &mut DatabaseModel) -> &mut Pitr {
    let pitr = part(&mut backup(model).pitr);
    pitr.enabled = true.into();
    pitr
}

pub(super) fn schedule(name: &str, cron: &str, storage: &str) -> BackupSchedule {
    BackupSchedule {
        name: name.into(),
        schedule: cron.into(),
        backup_storage_name: storage.into(),
        ..BackupSchedule::default()
    }
}

pub(super) fn schedules(model: &mut DatabaseModel, list: Vec<BackupSchedule>) {
    backup(model).schedules = list.into();
}

pub(super) fn source(model: &mut DatabaseModel) -> &mut DataSource {
    part(&mut spec(model).data_source)
}

fn target(model: &mut DatabaseModel) -> &mut PitrTarget {
    let source = source(model);
    source.db_cluster_backup_name = "b".into();
    part(&mut source.pitr)
}

pub(super) fn by_path(model: &mut DatabaseModel) -> &mut BackupSource {
    let source = part(&mut source(model).backup_source);
    *source = BackupSource {
        path: "p".into(),
        backup_storage_name: "s3".into(),
    };
    source
}

pub(super) fn import(model: &mut DatabaseModel) -> &mut DataImportSource {
    let import: &mut DataImport = part(&mut source(model).data_import);
    let from = part(&mut import.source);
    from.path = "dumps/orders".into();
    from
}

pub(super) fn import_s3(model: &mut DatabaseModel) -> &mut DataImportS3 {
    let s3 = part(&mut import(model).s3);
    s3.access_key_id = Field::Known("id".to_owned().into());
    s3.secret_access_key = Field::Known("key".to_owned().into());
    s3.endpoint_url = "https://s3.example.com".into();
    s3
}

/// A bucket that is imported from without keys.
pub(super) fn keyless(model: &mut DatabaseModel) -> &mut DataImportS3 {
    let s3 = import_s3(model);
    (s3.access_key_id, s3.secret_access_key) = (Field::Null, Field::Null);
    s3
}

pub(super) fn key() -> Field<Sensitive<String>> {
    Field::Known("key".to_owned().into())
}

pub(super) fn sharding(model: &mut DatabaseModel) -> &mut Sharding {
    of_type(model, Engine::Psmdb);
    let sharding = part(&mut spec(model).sharding);
    *sharding = Sharding {
        enabled: true.into(),
        shards: 2.into(),
        config_server: ConfigServer { replicas: 3.into() }.into(),
    };
    sharding
}

pub(super) fn horizon(model: &mut DatabaseModel) -> &mut PsmdbFeatures {
    let features: &mut EngineFeatures = part(&mut spec(model).engine_features);
    let psmdb = part(&mut features.psmdb);
    psmdb.split_horizon_dns_config_name = "dns".into();
    psmdb
}

fn run(case: &Case, from: &DatabaseModel, prior: Option<&DatabaseModel>) {
    let judged = |change: Change| {
        let mut model = from.clone();
        change(&mut model);
        check(&model, prior)
    };
    let found = judged(case.breaks);
    let at: Vec<_> = found.iter().map(|f| (f.rule, f.path.to_string())).collect();
    assert!(
        at.contains(&(case.rule, case.path.to_owned())),
        "{}: {at:?}",
        case.rule
    );
    for change in [case.holds, case.unknown] {
        let found = judged(change);
        assert!(
            found.iter().all(|found| found.rule != case.rule),
            "{}: {found:?}",
            case.rule
        );
    }
}

#[test]
fn a_sound_database_raises_nothing() {
    assert!(check(&sound(), None).is_empty());
    assert!(check(&sound(), Some(&sound())).is_empty());
    assert!(check_syntax(&sound()).is_empty());
}

#[test]
fn each_rule_finds_what_breaks_it_and_nothing_else() {
    for case in ENGINES.iter().chain(BACKUPS) {
        run(case, &sound(), None);
    }
}

#[test]
fn each_rule_on_changes_finds_what_breaks_it_and_nothing_else() {
    for (before, case) in CHANGES {
        let mut prior = sound();
        before(&mut prior);
        run(case, &prior, Some(&prior));
    }
}

#[test]
fn a_fault_from_before_is_nothing_to_speak_of_and_a_new_one_is_an_error() {
    let even = |replicas: i32| {
        let mut model = sound();
        model.name = "a-name-of-more-than-22-characters".into();
        engine(&mut model).replicas = replicas.into();
        model
    };
    let severities = |found: Vec<Finding>| -> Vec<_> {
        found
            .into_iter()
            .map(|found| (found.rule, found.severity))
            .collect()
    };
    assert_eq!(severities(check(&even(2), Some(&even(2)))), []);
    let mut otherwise = even(2);
    resources(&mut otherwise).memory = "4G".into();
    assert_eq!(severities(check(&otherwise, Some(&even(2)))), []);
    assert_eq!(
        severities(check(&even(4), Some(&even(2)))),
        [("replicas-odd", Severity::Error)]
    );
    assert!(check(&even(3), Some(&even(2))).is_empty());
}

#[test]
fn only_the_cluster_can_tell_what_a_database_that_is_not_ready_has_of_its_storage() {
    let shrunk = |ready: bool| {
        let mut prior = sound();
        prior.ready = ready.into();
        let mut planned = prior.clone();
        part(&mut engine(&mut planned).storage).size = "20Gi".into();
        check(&planned, Some(&prior))
    };
    assert_eq!(shrunk(true)[0].rule, "storage-no-shrink");
    assert_eq!(shrunk(false), []);
}

#[test]
fn only_a_stopped_mysql_database_cannot_grow() {
    let grown = |type_: Engine, paused: bool| {
        let mut prior = sound();
        of_type(&mut prior, type_);
        spec(&mut prior).paused = paused.into();
        let mut planned = prior.clone();
        part(&mut engine(&mut planned).storage).size = "50Gi".into();
        check(&planned, Some(&prior))
    };
    assert_eq!(grown(Engine::Pxc, true)[0].rule, "storage-grows-running");
    assert_eq!(grown(Engine::Pxc, false), []);
    assert_eq!(grown(Engine::Psmdb, true), []);
    assert_eq!(grown(Engine::Postgresql, true), []);
}

#[test]
fn a_new_database_cannot_begin_with_data_of_tomorrow() {
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let mut model = sound();
    target(&mut model).date = "2099-01-01T00:00:00Z".into();
    let found = check_time(&model, None, now);
    assert_eq!(found[0].path.to_string(), "dataSource.pitr.date");
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(check_time(&model, Some(&model), now), []);
    target(&mut model).date = "2026-05-01T00:00:00Z".into();
    assert_eq!(check_time(&model, None, now), []);
}

#[test]
fn a_range_that_kubernetes_refuses_is_an_error() {
    for range in [
        "10.0.0.300",
        " 10.0.0.7",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "fd00::/129",
        "all",
    ] {
        let mut model = sound();
        expose(&mut model).ip_source_ranges = vec![range.into()].into();
        let found = check(&model, None);
        let found: Vec<_> = found.iter().map(|f| (f.rule, f.severity)).collect();
        assert_eq!(found, [("ip-range-syntax", Severity::Error)], "{range}");
    }
    let mut model = sound();
    expose(&mut model).ip_source_ranges = vec![" 10.1.2.3/8".into(), "fd00::/8".into()].into();
    assert_eq!(check(&model, None), []);
}

#[test]
fn an_address_alone_is_a_range_because_everest_appends_its_prefix() {
    let mut model = sound();
    expose(&mut model).ip_source_ranges = vec!["192.0.2.7".into(), "2001:db8::7".into()].into();
    assert_eq!(check(&model, None), []);
}

#[test]
fn a_change_that_replaces_is_judged_as_a_creation() {
    let prior = sound();
    let mut planned = sound();
    of_type(&mut planned, Engine::Postgresql);
    part(&mut engine(&mut planned).storage).size = "10Gi".into();
    engine(&mut planned).version = "17.6".into();
    assert!(check(&planned, Some(&prior)).is_empty());
    let found = planned.check_immutable(&prior);
    assert_eq!(found[0].path.to_string(), "engine.type");
    planned.name = "a-name-of-more-than-22-characters".into();
    assert_eq!(check(&planned, Some(&prior))[0].rule, "name");
}

#[test]
fn quantities_and_timeouts_are_checked_wherever_they_stand() {
    let mut model = sound();
    part(&mut engine(&mut model).storage).size = "25 GB".into();
    resources(&mut model).cpu = "one".into();
    part(&mut resources(&mut model).requests).memory = "1Gb".into();
    part(&mut part(&mut proxy(&mut model).resources).limits).cpu = "1,5".into();
    part(&mut proxy(&mut model).storage).size = Field::Unknown;
    let monitoring = part(&mut spec(&mut model).monitoring);
    part(&mut monitoring.resources).limits =
        Field::Known([("memory".to_owned(), "lots".into())].into());
    model.timeouts = Timeouts {
        update: "soon".into(),
        ..Timeouts::default()
    }
    .into();
    let found: Vec<_> = check_syntax(&model)
        .iter()
        .map(|found| (found.rule, found.path.to_string()))
        .collect();
    let expected = [
        ("timeout", "timeouts.update"),
        ("quantity", "engine.resources.cpu"),
        ("quantity", "engine.resources.requests.memory"),
        ("quantity", "engine.storage.size"),
        ("quantity", "monitoring.resources.limits[\"memory\"]"),
        ("quantity", "proxy.resources.limits.cpu"),
    ];
    assert_eq!(found, expected.map(|(rule, path)| (rule, path.to_owned())));
}

#[test]
fn a_class_is_named_of_volumes_that_exist_only_where_it_is_known_to_be_theirs() {
    let of = |class: Field<String>| {
        let mut model = sound();
        part(&mut engine(&mut model).storage).class = class;
        model
    };
    let rules = |planned: &DatabaseModel, prior: &DatabaseModel| -> Vec<&'static str> {
        let found = check(planned, Some(prior)).into_iter();
        found.map(|finding| finding.rule).collect()
    };
    for unseen in [Field::Null, "".into()] {
        let prior = of(unseen);
        for named in ["fast".into(), Field::Unknown] {
            assert_eq!(rules(&of(named), &prior), ["storage-class-seen"]);
        }
        assert_eq!(rules(&of(Field::Null), &prior), [""; 0]);
        let fixed = of("fast".into()).check_immutable(&prior);
        assert_eq!(fixed, [], "said by that rule");
    }
    let prior = of("fast".into());
    assert_eq!(rules(&prior, &prior), [""; 0]);
    assert_eq!(of("slow".into()).check_immutable(&prior).len(), 1);
    let mut proxied = prior.clone();
    part(&mut proxy(&mut proxied).storage).class = "fast".into();
    let mut before = prior.clone();
    part(&mut proxy(&mut before).storage).size = "1Gi".into();
    assert!(rules(&proxied, &before).contains(&"storage-class-seen"));
    assert!(
        !rules(&proxied, &prior).contains(&"storage-class-seen"),
        "a new volume"
    );
}

#[test]
fn an_interval_that_is_no_number_of_minutes_is_said_with_the_one_that_comes_of_it() {
    for (asked, said) in [(90, "every 60 seconds"), (59, "every 600 seconds")] {
        let mut model = sound();
        of_type(&mut model, Engine::Psmdb);
        schedules(&mut model, vec![schedule("nightly", "0 2 * * *", "s3")]);
        pitr(&mut model).upload_interval_sec = asked.into();
        let found = check(&model, None);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].severity, Severity::Warning);
        let summary = found[0].summary.render(crate::dialect::Dialect::Terraform);
        assert!(summary.contains(said), "{summary}");
    }
}

#[test]
fn an_older_limit_beside_limits_is_said_to_be_ignored() {
    let mut model = sound();
    part(&mut resources(&mut model).limits).cpu = "1".into();
    let found = check(&model, None);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(
        found[0].summary.render(crate::dialect::Dialect::Terraform),
        "No memory is given for the engine: engine.resources.memory is ignored beside \
         engine.resources.limits"
    );
    let mut model = sound();
    let resources = part(&mut proxy(&mut model).resources);
    resources.memory = "1G".into();
    part(&mut resources.limits).cpu = "1".into();
    let found = check(&model, None);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, Severity::Warning);
}

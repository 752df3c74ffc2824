//! The roles of `examples/terraform/rbac` allow what the provider asks for, and nothing else. Every
//! story is told by a user who has them; what is in no story is asked for here. The table that they
//! are written from has each right at the type that asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use everest_cluster::{Catalog, Cluster, Stepper, Times, facts, namespace};
use everest_core::dialect::Dialect;
use everest_core::facts::{Kind, Wanted};
use everest_core::lifecycle::database::Companions;
use everest_core::rights::{self, PLAN_ONLY, Purpose, Roles as Sort};
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::{EngineInstall, Engines, NamespaceModel};
use everest_schemas::{Engine, Field};
use serde_json::{Value as Json, json};
use terraform_provider_everest::EverestProvider;
use test_apiserver::Process;
use test_stories::World;
use test_stories::roles::{self, Bound, Noted, Right, Roles};
use tfplugin::testing::{Answer, Host as Run};

use crate::host::{Plugin, Stop};
use crate::plays;
use crate::recovery::in_its_own_time;
use crate::script::Script;

/// The role that is bound in each namespace for databases; all others are bound in the whole cluster.
const PER_NAMESPACE: &str = "everest-terraform-databases";

/// The roles of a file that are bound for a user.
fn of_file(file: &str, is_bound: impl Fn(&str) -> bool) -> Roles {
    let file = format!("examples/terraform/rbac/{file}");
    Roles::of(&file, |role| {
        is_bound(role).then_some(match role {
            PER_NAMESPACE => Bound::InNamespaces,
            _ => Bound::Everywhere,
        })
    })
}

/// The roles for applies, by the sort of user.
static APPLY: LazyLock<BTreeMap<Sort, Roles>> = LazyLock::new(|| {
    let roles = Sort::ALL.map(|sort| {
        let is_bound = |role: &str| match sort {
            Sort::Namespaces => role == "everest-terraform-namespaces",
            Sort::ClusterScoped => role == "everest-terraform-cluster-scoped",
            Sort::Databases | Sort::Settings => true,
        };
        (sort, of_file(sort.file(), is_bound))
    });
    roles.into()
});

/// The roles for plans.
static PLAN: LazyLock<Roles> = LazyLock::new(|| of_file(PLAN_ONLY, |_| true));

/// The part of the table that is about a type.
pub fn purpose(type_name: &str) -> &'static Purpose {
    Purpose::of(type_name, Dialect::Terraform).unwrap()
}

/// The process as one of a user who has the roles that a type needs, named as the type.
pub fn held(process: Process, type_name: &'static str) -> Process {
    with(process, type_name, &APPLY[&purpose(type_name).roles])
}

/// The process as one of a user who may only plan.
fn planning(process: Process, user: &'static str) -> Process {
    with(process, user, &PLAN)
}

fn with(process: Process, user: &'static str, roles: &'static Roles) -> Process {
    process.of_user(user, move |asks| roles.ask(user, asks))
}

/// A run of the provider whose requests are those of a process.
pub async fn run(process: &Process) -> Run<EverestProvider> {
    let of = process.clone();
    let provider = Arc::new(EverestProvider::reaching(move |_, catalog: Catalog| {
        let server = of.server().clone();
        Ok(Cluster::new(of.client(), catalog).with_time(move || server.now()))
    }));
    let run = Run::new(move || Arc::clone(&provider));
    run.configure(json!({})).await.succeeded();
    run
}

/// Fails if a right was missing. What does not exist is no matter.
#[track_caller]
fn permitted<T: std::fmt::Debug>(what: &str, answer: &Answer<T>) {
    let said = format!("{answer:?}");
    assert!(!said.contains("in API group"), "{what}: {said}");
}

/// A cluster with one of everything that is looked up.
async fn furnished() -> World {
    let world = World::with_olm().await;
    world.add_database("main");
    world.passes(std::time::Duration::from_secs(120)).await;
    world.add_backup("main", "sunday");
    world.passes(std::time::Duration::from_secs(120)).await;
    world.add_settings();
    world
}

/// What a data source has to be given.
fn place(type_name: &str) -> Json {
    match type_name {
        "everest_account" | "everest_rbac_role" => json!({"name": "admin"}),
        "everest_namespace" => json!({"name": "shop"}),
        "everest_pod_scheduling_policy"
        | "everest_load_balancer_config"
        | "everest_data_importer" => json!({"name": "any"}),
        "everest_engine_version_policy" => json!({"namespace": "shop", "engine": "pxc"}),
        "everest_pitr_window" | "everest_components" => {
            json!({"namespace": "shop", "database_name": "main"})
        }
        "everest_database" | "everest_monitoring_config" | "everest_split_horizon_dns_config" => {
            json!({"namespace": "shop", "name": "main"})
        }
        "everest_backup" | "everest_restore" | "everest_data_import_job" => {
            json!({"namespace": "shop", "name": "sunday"})
        }
        "everest_backup_storage" => json!({"namespace": "shop", "name": "s3"}),
        _ => json!({}),
    }
}

/// All that a plan reads beside resources: data sources and lists.
async fn look_up_everything(world: &World) {
    let process = planning(world.server.process(), "planner");
    let mut registry = tfplugin::Registry::default();
    tfplugin::Provider::register(&Arc::new(EverestProvider::new()), &mut registry);
    for source in registry.data_source_schemas().unwrap() {
        let name = source.type_name;
        permitted(
            name,
            &run(&process).await.read_data(name, place(name)).await,
        );
    }
    for list in registry.list_resource_schemas().unwrap() {
        let name = list.type_name;
        permitted(name, &run(&process).await.query(name, json!({})).await);
    }
}

/// A configuration of each setting of Everest's server.
fn settings() -> [(&'static str, Json); 4] {
    [
        (
            "everest_account",
            json!({"name": "alice", "password": "s3cret!"}),
        ),
        (
            "everest_rbac_policy",
            json!({"enabled": true,
                "policy": "g, admin, role:admin\np, alice, data-importers, read, *\n"}),
        ),
        (
            "everest_rbac_role",
            json!({"name": "dev", "members": ["alice"], "permissions": [
                {"resource": "data-importers", "actions": ["read"], "object": "*"}]}),
        ),
        (
            "everest_oidc_settings",
            json!({"issuer_url": "https://sso.test/realms/e", "client_id": "everest"}),
        ),
    ]
}

/// Makes, reads and removes each setting.
async fn set(world: &World) {
    for (type_name, config) in settings() {
        let applying = run(&held(world.server.process(), type_name)).await;
        let applying = applying.resource(type_name);
        let made = applying.create(config.clone()).await.succeeded();
        let read = applying.read(&made).await.succeeded();
        applying.destroy(&read).await.succeeded();
    }
}

/// Reads and plans each setting as a user who may only plan.
async fn plan_settings(world: &World) {
    for (type_name, config) in settings() {
        let applying = run(&world.server.process()).await;
        let made = applying.resource(type_name).create(config.clone()).await;
        let made = made.succeeded();
        let planning = run(&planning(world.server.process(), type_name)).await;
        let planning = planning.resource(type_name);
        let read = planning.read(&made).await.succeeded();
        let _ = planning.plan(&read, config).await.succeeded();
    }
}

/// What is done without a resource: actions, and credentials for other providers.
async fn act(world: &World) {
    let main = json!({"namespace": "shop", "name": "main"});
    let of_main = json!({"namespace": "shop", "database_name": "main"});
    let process = held(world.server.process(), "everest_database");
    let opened = run(&process).await;
    let opened = opened.open("everest_database_credentials", main.clone());
    permitted("everest_database_credentials", &opened.await);
    let mut backup = of_main.clone();
    backup["backup_storage_name"] = json!("s3");
    let mut restore = of_main.clone();
    restore["backup_name"] = json!("sunday");
    let components = held(world.server.process(), "everest_components");
    let components = run(&components).await;
    let components = components.read_data("everest_components", of_main);
    permitted("everest_components", &components.await);
    for (type_name, action, config) in [
        ("everest_database", "everest_pause", main.clone()),
        ("everest_database", "everest_resume", main.clone()),
        ("everest_database", "everest_restart", main),
        ("everest_backup", "everest_backup", backup),
        ("everest_restore", "everest_restore", restore),
    ] {
        let process = held(world.server.process(), type_name);
        permitted(action, &run(&process).await.invoke(action, config).await);
    }
    let process = held(world.server.process(), "everest_namespace");
    for action in ["everest_upgrade_operators", "everest_approve_upgrade"] {
        let config = json!({"namespace": "shop"});
        permitted(action, &run(&process).await.invoke(action, config).await);
    }
}

/// All that the rules of databases may look at, whatever a configuration says.
fn looked_at_for_databases() -> Wanted {
    let kinds = [
        Kind::Engines,
        Kind::Databases,
        Kind::Backups,
        Kind::Storages,
        Kind::MonitoringConfigs,
        Kind::SplitHorizons,
        Kind::Policies,
        Kind::LoadBalancerConfigs,
        Kind::Importers,
        Kind::StorageClasses,
    ];
    Wanted {
        namespace: Some("shop".to_owned()),
        kinds: kinds.into(),
        engine_object: Some((Engine::Pxc, "main".to_owned())),
        ..Wanted::default()
    }
}

/// The same of namespaces.
fn looked_at_for_namespaces() -> Wanted {
    let kinds = [
        Kind::EnginesEverywhere,
        Kind::Subscriptions,
        Kind::InstallPlans,
    ];
    Wanted {
        everest: true,
        namespace: Some("shop".to_owned()),
        kinds: kinds.into(),
        ..Wanted::default()
    }
}

/// Looks at all that the rules may look at.
async fn look(world: &World, of: impl Fn(Process, &'static str) -> Process) {
    for (type_name, wanted) in [
        ("everest_database", looked_at_for_databases()),
        ("everest_namespace", looked_at_for_namespaces()),
    ] {
        let process = of(world.server.process(), type_name);
        let cluster = Cluster::new(process.client(), Catalog::default());
        Box::pin(facts::load(&cluster, &wanted)).await;
    }
}

/// Looks for an operator that was removed by half, as a refresh does.
async fn look_for_half_removed(world: &World) {
    let process = planning(world.server.process(), "everest_namespace");
    let cluster = Cluster::new(process.client(), Catalog::default());
    let with = |pxc: Field<EngineInstall>| NamespaceModel {
        name: "shop".into(),
        engines: Field::Known(Engines {
            pxc,
            ..Engines::default()
        }),
        ..NamespaceModel::default()
    };
    let prior = with(Field::Known(EngineInstall::default()));
    let mut found = with(Field::Null);
    let looked = namespace::keep_half_removed(&cluster, &prior, &mut found);
    looked.await.unwrap();
}

/// What a database that is made of an import is ready by, also while the import has paused Everest.
async fn look_at_an_import(cluster: &Cluster) {
    let database: DatabaseCluster = serde_json::from_value(json!({
        "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "main", "namespace": "shop",
            "annotations": {"everest.percona.com/reconcile-paused": "true"}},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "dataSource": {"dataImport": {"dataImporterName": "dump",
                "source": {"path": "/dump"}}}},
        "status": {"dataImportJobName": "main-import"}}))
    .unwrap();
    let mut times = Times::default();
    let look = |observed: &_| Companions::of(observed, &database, true).map(|_| ());
    let stepper = Stepper::new(cluster, &mut times);
    stepper.observe(|_| {}, look).await.unwrap();
}

/// The keys of a storage that may not be written are taken back.
async fn be_refused(world: &World) {
    let user = "everest_backup_storage";
    let roles = &APPLY[&purpose(user).roles];
    let process = world.server.process().of_user(user, move |asks| {
        let is_write = asks.resource == "backupstorages" && asks.verb == "create";
        roles.ask(user, asks) && !is_write
    });
    let config = json!({"namespace": "shop", "name": "refused", "type": "s3", "bucket": "bucket",
        "region": "r", "access_key_id": "id", "secret_access_key": "key"});
    let refused = run(&process).await.resource(user).create(config).await;
    let said = format!("{:?}", refused.diagnostics);
    assert!(said.contains("may not create backupstorages"), "{said}");
}

/// A change that waits for a restore for too long says which one, and what has happened to the
/// database.
async fn change_while_restoring(world: &World) {
    // Nobody works on what this server holds.
    let server = world.server.fork(world.server.now());
    let path = "/apis/everest.percona.com/v1alpha1/namespaces/shop/databaseclusters/main";
    server.change(path, |main| main["status"]["status"] = json!("restoring"));
    server.put(json!({"apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseClusterRestore", "metadata": {"name": "again", "namespace": "shop"},
        "spec": {"dbClusterName": "main", "dataSource": {"dbClusterBackupName": "sunday"}},
        "status": {"state": "Restoring"}}));
    let process = held(server.process(), "everest_database");
    let applying = run(&process).await;
    let main = applying.resource("everest_database");
    let stub = main.import("shop/main").await.succeeded();
    let known = main.read(&stub).await.succeeded();
    let config = json!({"namespace": "shop", "name": "main", "timeouts": {"update": "1s"},
        "engine": {"type": "pxc", "replicas": 5, "version": "8.0.41-32.1",
            "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy", "replicas": 3}});
    let late = main.change(&known, config).await;
    permitted("late", &late);
    let said = format!("{:?}", late.diagnostics);
    assert!(
        said.contains("DatabaseClusterRestore again is Restoring"),
        "{said}"
    );
}

/// A namespace is destroyed by force, with what a database that is gone has left in it.
async fn destroy_by_force(world: &World) {
    // Nobody works on what this server holds, so the backup stays.
    let server = world.server.fork(world.server.now());
    server.edit(|objects| {
        objects.retain(|path, _| {
            !path.contains("/databaseclusters/") && !path.contains("webhookconfigurations/")
        });
    });
    server.put(json!({"apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseClusterRestore", "metadata": {"name": "again", "namespace": "shop"},
        "spec": {"dbClusterName": "main", "dataSource": {"dbClusterBackupName": "sunday"}},
        "status": {"state": "Succeeded"}}));
    server.put(json!({"apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseClusterBackup", "metadata": {"name": "left", "namespace": "shop"},
        "spec": {"dbClusterName": "gone", "backupStorageName": "s3"},
        "status": {"state": "Succeeded", "gaps": false}}));
    let process = held(server.process(), "everest_namespace");
    let applying = run(&process).await;
    let shop = applying.resource("everest_namespace");
    let stub = shop.import("shop").await.succeeded();
    let known = shop.read(&stub).await.succeeded();
    let config = json!({"name": "shop", "engines": {"pxc": {}}, "force_destroy": true,
        "timeouts": {"delete": "1m"}});
    let known = shop.change(&known, config).await.succeeded();
    let late = shop.destroy(&known).await;
    permitted("by force", &late);
    let said = format!("{:?}", late.diagnostics);
    assert!(said.contains("DatabaseClusterBackup shop/sunday"), "{said}");
}

/// An engine is taken out whose upgrade waits in one plan with that of another engine.
async fn take_out_an_engine(world: &World) {
    const OLM: &str = "/apis/operators.coreos.com/v1alpha1/namespaces/shop";
    let [kept, removed] = [
        "percona-xtradb-cluster-operator",
        "percona-server-mongodb-operator",
    ];
    // Nobody works on what this server holds, so the plan stays.
    let server = world.server.fork(world.server.now());
    server.put(
        json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "Subscription",
        "metadata": {"name": removed, "namespace": "shop"},
        "spec": {"name": removed, "source": "everest-catalog", "sourceNamespace": "everest-olm"},
        "status": {"installedCSV": format!("{removed}.v1.20.1")}}),
    );
    let both = [format!("{kept}.v9.9.9"), format!("{removed}.v9.9.9")];
    server.put(
        json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "InstallPlan",
        "metadata": {"name": "shared", "namespace": "shop"},
        "spec": {"approval": "Manual", "approved": false, "clusterServiceVersionNames": both},
        "status": {"phase": "RequiresApproval"}}),
    );
    let process = held(server.process(), "everest_namespace");
    let applying = run(&process).await;
    let shop = applying.resource("everest_namespace");
    let stub = shop.import("shop").await.succeeded();
    let known = shop.read(&stub).await.succeeded();
    let config = json!({"name": "shop", "engines": {"pxc": {}}});
    shop.change(&known, config).await.succeeded();
    for gone in [
        format!("{OLM}/subscriptions/{removed}"),
        format!("{OLM}/installplans/shared"),
    ] {
        assert_eq!(server.get(&gone), None, "{gone}");
    }
}

/// A namespace is destroyed with a storage in it that was deleted while in use, and that nothing uses
/// any more.
async fn let_go_of_a_storage(world: &World) {
    let server = world.server.fork(world.server.now());
    let users = ["/databaseclusters/", "/databaseclusterbackups/"];
    server.edit(|objects| {
        objects.retain(|path, _| {
            let is_user = users.iter().any(|plural| path.contains(plural));
            !is_user && !path.contains("webhookconfigurations/")
        });
    });
    server.put(
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
        "metadata": {"name": "held", "namespace": "shop",
            "deletionTimestamp": "2026-01-01T11:00:00Z",
            "finalizers": ["everest.percona.com/in-use-protection"]},
        "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "held"}}),
    );
    let process = held(server.process(), "everest_namespace");
    let applying = run(&process).await;
    let shop = applying.resource("everest_namespace");
    let stub = shop.import("shop").await.succeeded();
    let known = shop.read(&stub).await.succeeded();
    let config = json!({"name": "shop", "engines": {"pxc": {}}, "timeouts": {"delete": "1m"}});
    let known = shop.change(&known, config).await.succeeded();
    // Nobody removes the operator here.
    permitted("a held storage", &shop.destroy(&known).await);
    let held = "/apis/everest.percona.com/v1alpha1/namespaces/shop/backupstorages/held";
    assert_eq!(server.get(held), None);
}

/// What happens in no story.
async fn beside_the_stories() {
    let world = furnished().await;
    set(&world).await;
    act(&world).await;
    be_refused(&world).await;
    change_while_restoring(&world).await;
    destroy_by_force(&world).await;
    take_out_an_engine(&world).await;
    let_go_of_a_storage(&world).await;
    look(&world, held).await;
    let process = held(world.server.process(), "everest_database");
    let cluster = Cluster::new(process.client(), Catalog::default());
    look_at_an_import(&cluster).await;
}

/// The rights of roles that nothing asks for.
fn needless(shipped: BTreeSet<Right>, noted: &BTreeSet<Noted>) -> Vec<Right> {
    let mut asked = roles::rights(noted);
    // Where a watch is refused, each object is read instead.
    let watched: Vec<_> = asked
        .iter()
        .filter(|(verb, ..)| verb == "watch")
        .cloned()
        .collect();
    let read = watched.into_iter();
    asked.extend(read.map(|(_, group, resource)| ("get".to_owned(), group, resource)));
    let shipped = shipped.into_iter().map(roles::of_one_engine);
    let shipped: BTreeSet<_> = shipped.collect();
    shipped.difference(&asked).cloned().collect()
}

/// Prints all that was asked for, which tests show where they fail.
fn show(noted: &BTreeSet<Noted>) {
    for noted in noted {
        println!("{noted}");
    }
}

/// What was refused, as far as it matters.
fn refused(noted: &BTreeSet<Noted>, matters: impl Fn(&Noted) -> bool) -> Vec<String> {
    let refused = noted
        .iter()
        .filter(|noted| !noted.is_allowed && matters(noted));
    refused.map(Noted::to_string).collect()
}

/// A right as messages name it.
fn named(noted: &Noted) -> rights::Right {
    let (verb, group, plural) = noted.right.clone();
    rights::Right {
        verb,
        resource: match group.as_str() {
            "" => plural,
            group => format!("{plural}.{group}"),
        },
        namespace: match noted.namespace.as_str() {
            "" => None,
            namespace => Some(namespace.to_owned()),
        },
    }
}

/// What was asked for and is not in the table at the type that asked for it.
fn untold<'a>(noted: impl IntoIterator<Item = &'a Noted>) -> Vec<String> {
    let untold = noted
        .into_iter()
        .filter(|noted| purpose(noted.user).need(&named(noted)).is_none());
    untold.map(Noted::to_string).collect()
}

#[test]
fn every_right_for_applies_is_needed_and_none_is_missing() {
    let noted = roles::noted(|| {
        test_stories::tell_once(plays::all());
        in_its_own_time(beside_the_stories());
    });
    show(&noted);
    let refused = refused(&noted, |_| true);
    assert!(refused.is_empty(), "nothing grants {refused:#?}");
    let untold = untold(&noted);
    assert!(untold.is_empty(), "the table lacks {untold:#?}");
    for (sort, roles) in &*APPLY {
        let of_sort = |noted: &&Noted| purpose(noted.user).roles == *sort;
        let noted = noted.iter().filter(of_sort).cloned().collect();
        let needless = needless(roles.rights(), &noted);
        assert!(
            needless.is_empty(),
            "{sort:?}: nothing asks for {needless:#?}"
        );
    }
}

/// The errors of a plan by the user of plans.
async fn plan(script: &Script) -> Vec<String> {
    let (world, host) = script.begun().await;
    // What was applied before is not a part of the plan.
    roles::forget();
    let process = planning(world.server.process(), script.wanted().type_name);
    let plugin = match Plugin::start(&process, script.wanted().type_name).await {
        Ok(plugin) => plugin,
        Err(Stop::Errors(errors)) => return errors,
        Err(Stop::Killed) => panic!("{}: nobody was killed", script.name()),
    };
    match host.plan(&plugin, script.wanted()).await {
        Err(Stop::Errors(errors)) => errors,
        Ok(_) | Err(Stop::Killed) => Vec::new(),
    }
}

/// Dry runs need the right to write. Without it they are left out, and a plan does not fail.
fn is_of_a_dry_run((verb, _, _): &Right) -> bool {
    ["create", "patch", "delete"].contains(&verb.as_str())
}

/// Passwords and keys, of which plans read the metadata. Without the right to that, a Secret counts
/// as not read.
fn is_of_a_secret((_, _, resource): &Right) -> bool {
    resource == "secrets"
}

#[test]
fn plans_need_the_rights_for_plans_alone_and_each_of_them() {
    let of_data_sources = roles::noted(|| {
        in_its_own_time(async { look_up_everything(&furnished().await).await });
    });
    let mut noted = BTreeSet::new();
    for script in plays::scripts() {
        noted.extend(roles::noted(|| {
            let errors = in_its_own_time(plan(&script));
            assert_eq!(errors, [""; 0], "{}", script.name());
        }));
    }
    noted.extend(roles::noted(|| {
        in_its_own_time(async {
            let world = furnished().await;
            plan_settings(&world).await;
            look(&world, planning).await;
            look_for_half_removed(&world).await;
        });
    }));
    let reads = noted.iter().filter(|noted| !is_of_a_dry_run(&noted.right));
    let untold = untold(reads);
    assert!(untold.is_empty(), "the table lacks {untold:#?}");
    noted.extend(of_data_sources);
    show(&noted);
    let refused = refused(&noted, |noted| {
        !is_of_a_dry_run(&noted.right) && !is_of_a_secret(&noted.right)
    });
    assert!(refused.is_empty(), "nothing grants {refused:#?}");
    let needless = needless(PLAN.rights(), &noted);
    assert!(needless.is_empty(), "nothing asks for {needless:#?}");
    assert!(!PLAN.rights().iter().any(is_of_a_dry_run));
}

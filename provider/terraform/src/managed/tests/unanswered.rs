//! Servers that do not answer.

use std::time::Duration;

use everest_cluster::ConnectionConfig;
use tokio::net::TcpListener;

use super::*;
use tfplugin::Diagnostic;

/// The storages of a state, on the server at `address`.
fn storages(address: &str) -> (Arc<Stage<BackupStorage>>, Vec<BackupStorageModel>) {
    let session = Arc::new(Session::default());
    let connection = ConnectionConfig {
        host: Some(format!("http://{address}")),
        ..ConnectionConfig::default()
    };
    session.settings_known(connection, Catalog::default());
    let storages = (0..20).map(|number| BackupStorageModel {
        namespace: "prod".into(),
        name: format!("s{number}").into(),
        ..BackupStorageModel::default()
    });
    (Arc::new(Stage::on(&session)), storages.collect())
}

/// The diagnostics of a refresh of all of them, with the client's concurrency.
async fn refreshed(
    resource: &Arc<Stage<BackupStorage>>,
    storages: Vec<BackupStorageModel>,
    cx: &Context,
) -> Vec<Diagnostic> {
    let reads = storages.into_iter().map(|prior| {
        let (resource, cx) = (Arc::clone(resource), cx.clone());
        tokio::spawn(async move {
            let (kept, said) = resource
                .read_until(&cx, &prior, &mut Private::default())
                .await;
            assert!(matches!(kept, ReadResult::Keep));
            said.0
        })
    });
    let mut said = Vec::new();
    for read in reads.collect::<Vec<_>>() {
        said.extend(read.await.unwrap());
    }
    said
}

#[tokio::test]
async fn a_stop_ends_what_is_asked_of_a_server_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let cx = Context::default();
    let stop = cx.stop.clone();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            held.push(connection);
            // Something has been asked by now.
            stop.cancel();
        }
    });
    let (resource, storages) = storages(&address);
    let begun = Instant::now();
    let said = refreshed(&resource, storages, &cx).await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(said.len(), 20);
    assert!(said.iter().all(|said| said.summary.contains("was stopped")));
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_said_in_full_once_and_then_in_a_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (resource, storages) = storages(&address);
    let said = refreshed(&resource, storages, &Context::default()).await;
    assert_eq!(said.len(), 20);
    let (full, short): (Vec<_>, Vec<_>) = said
        .into_iter()
        .partition(|said| said.detail.contains(&address));
    assert_eq!(full.len(), 1);
    for said in short {
        assert!(said.summary.ends_with("the cluster does not respond"));
        assert!(
            said.detail
                .starts_with("See the error of everest_backup_storage prod/s")
        );
        assert!(!said.detail.contains('\n'));
    }
}

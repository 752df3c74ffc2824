use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everest_schemas::Field;
use k8s_openapi::api::core::v1::ConfigMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::{Catalog, Cluster, ClusterError};

/// Answers every request that has `accepted` in its head, in small letters, with an empty
/// ConfigMap, and others as not authorized; gives address and the heads of the requests.
async fn serve_only(accepted: Option<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let record = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 16384];
            let read = stream.read(&mut buffer).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&buffer[..read]).to_lowercase();
            let status = match accepted.is_some_and(|accepted| head.contains(accepted)) {
                true => 200,
                false => 401,
            };
            record.lock().unwrap().push(head);
            let body = match status {
                200 => r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#,
                _ => {
                    r#"{"apiVersion":"v1","kind":"Status","status":"Failure","code":401,"reason":"Unauthorized","message":"Unauthorized"}"#
                }
            };
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, heads)
}

/// A plugin that counts its runs in a file and prints token `t<run>`.
fn plugin(directory: &std::path::Path) -> ExecPlugin {
    let script = directory.join("plugin.sh");
    let runs = directory.join("runs");
    let text = format!(
        "#!/bin/sh\necho x >> {0}\nn=$(wc -l < {0})\nprintf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"t%d\"}}}}' $n\n",
        runs.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    ExecPlugin {
        api_version: "client.authentication.k8s.io/v1".into(),
        command: script.to_str().unwrap().into(),
        ..ExecPlugin::default()
    }
}

fn runs(directory: &std::path::Path) -> usize {
    std::fs::read_to_string(directory.join("runs"))
        .unwrap_or_default()
        .lines()
        .count()
}

#[test]
fn an_empty_setting_of_the_provider_block_replaces_nothing() {
    let model = ProviderModel {
        config_path: "k".into(),
        config_context: "".into(),
        token: Field::Known(Sensitive::new(String::new())),
        ..ProviderModel::default()
    };
    let config = ConnectionConfig::from(&model);
    assert_eq!(config.config_path.as_deref(), Some("k"));
    assert_eq!(config.config_context, None);
    assert!(config.token.is_none(), "it would replace the kubeconfig's");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_named() {
    let config = ConnectionConfig {
        host: Some("http://127.0.0.1:9".into()),
        ..Default::default()
    };
    let cluster = Cluster::new(connect(&config).unwrap(), Catalog::default()).fail_fast();
    let error = cluster
        .objects::<ConfigMap>("n")
        .get("a")
        .await
        .unwrap_err();
    let ClusterError::Unreachable { server, cause } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(server, "http://127.0.0.1:9");
    assert!(cause.contains("refused"), "{cause}");
}

#[tokio::test]
async fn a_credential_plugin_runs_on_the_first_request_only() {
    let directory = tempfile::tempdir().unwrap();
    let (address, heads) = serve_only(Some("")).await;
    let config = ConnectionConfig {
        host: Some(format!("http://{address}")),
        exec: Some(plugin(directory.path())),
        ..Default::default()
    };
    let cluster = Cluster::new(connect(&config).unwrap(), Catalog::default());
    assert_eq!(runs(directory.path()), 0, "connecting runs nothing");
    let objects = cluster.objects::<ConfigMap>("n");
    objects.get("a").await.unwrap();
    objects.get("a").await.unwrap();
    assert_eq!(runs(directory.path()), 1);
    assert!(
        heads
            .lock()
            .unwrap()
            .iter()
            .all(|head| head.contains("authorization: bearer t1"))
    );
}

#[tokio::test]
async fn a_request_whose_credentials_ran_out_is_sent_once_more() {
    let directory = tempfile::tempdir().unwrap();
    let (address, heads) = serve_only(Some("bearer t2")).await;
    let config = ConnectionConfig {
        host: Some(format!("http://{address}")),
        exec: Some(plugin(directory.path())),
        ..Default::default()
    };
    let cluster = Cluster::new(connect(&config).unwrap(), Catalog::default());
    let objects = cluster.objects::<ConfigMap>("n");
    objects.get("a").await.unwrap();
    objects.get("a").await.unwrap();
    assert_eq!(runs(directory.path()), 2);
    assert_eq!(heads.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn credentials_that_are_never_accepted_are_an_error_after_the_second_time() {
    let directory = tempfile::tempdir().unwrap();
    let (address, heads) = serve_only(None).await;
    let config = ConnectionConfig {
        host: Some(format!("http://{address}")),
        exec: Some(plugin(directory.path())),
        ..Default::default()
    };
    let cluster = Cluster::new(connect(&config).unwrap(), Catalog::default());
    let objects = cluster.objects::<ConfigMap>("n");
    assert!(matches!(
        objects.get("a").await,
        Err(ClusterError::Unauthorized { .. })
    ));
    assert_eq!(runs(directory.path()), 2);
    assert_eq!(heads.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_plugin_that_fails_is_an_error_of_the_credentials() {
    let config = ConnectionConfig {
        host: Some("http://127.0.0.1:9".into()),
        exec: Some(ExecPlugin {
            command: "/bin/false".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let cluster = Cluster::new(connect(&config).unwrap(), Catalog::default());
    let error = cluster
        .objects::<ConfigMap>("n")
        .get("a")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ClusterError::NoCredentials { message } if message.contains("plugin")),
        "{error:?}"
    );
}

/// A cluster whose plugin is this script of the shell.
fn with_script(address: &str, script: String) -> Cluster {
    let config = ConnectionConfig {
        host: Some(format!("http://{address}")),
        exec: Some(ExecPlugin {
            command: "sh".into(),
            args: vec!["-c".into(), script],
            ..Default::default()
        }),
        ..Default::default()
    };
    Cluster::reach(&config, Catalog::default()).unwrap()
}

#[tokio::test]
async fn a_plugin_goes_on_when_its_request_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let (address, _) = serve_only(Some("")).await;
    let quick = plugin(directory.path()).command;
    let output = directory.path().join("output");
    let output = output.display();
    let slow = format!("{quick} > {output}; sleep 1; cat {output}");
    let cluster = with_script(&address, slow);
    let objects = cluster.objects::<ConfigMap>("n");
    let given_up = tokio::time::timeout(Duration::from_millis(300), objects.get("a")).await;
    assert!(given_up.is_err());
    objects.get("a").await.unwrap();
    assert_eq!(runs(directory.path()), 1);
}

#[tokio::test]
async fn a_plugin_whose_credentials_end_soon_is_not_run_for_each_request() {
    let directory = tempfile::tempdir().unwrap();
    let (address, _) = serve_only(Some("")).await;
    let quick = plugin(directory.path()).command;
    let ends = "s/\"token\"/\"expirationTimestamp\":\"2020-01-01T00:00:00Z\",\"token\"/";
    let cluster = with_script(&address, format!("{quick} | sed '{ends}'"));
    let objects = cluster.objects::<ConfigMap>("n");
    objects.get("a").await.unwrap();
    objects.get("a").await.unwrap();
    assert_eq!(runs(directory.path()), 1);
}

#[tokio::test]
async fn a_plugin_that_has_just_failed_is_not_run_for_each_request() {
    let directory = tempfile::tempdir().unwrap();
    let counts = format!(
        "echo x >> {}; exit 1",
        directory.path().join("runs").display()
    );
    let cluster = with_script("127.0.0.1:9", counts);
    let objects = cluster.objects::<ConfigMap>("n");
    for _ in 0..2 {
        let error = objects.get("a").await.unwrap_err();
        assert!(
            matches!(&error, ClusterError::NoCredentials { .. }),
            "{error}"
        );
    }
    assert_eq!(runs(directory.path()), 1);
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_does_not_end_is_no_fault_of_the_server() {
    let cluster = with_script("127.0.0.1:9", "exec sleep 600".to_owned()).fail_fast();
    let objects = cluster.objects::<ConfigMap>("n");
    let error = objects.get("a").await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(&error, ClusterError::NoCredentials { .. }),
        "{text}"
    );
    assert!(text.contains("did not end within 60 s"), "{text}");
    assert!(!cluster.is_unresponsive());
}

#[tokio::test]
async fn a_proxy_gets_the_user_and_password_of_its_url() {
    let (address, heads) = serve_only(None).await;
    let config = ConnectionConfig {
        host: Some("http://127.0.0.1:9".into()),
        proxy_url: Some(format!("http://user:pa%40ss@{address}")),
        ..Default::default()
    };
    let cluster = Cluster::new(connect(&config).unwrap(), Catalog::default()).fail_fast();
    let error = cluster
        .objects::<ConfigMap>("n")
        .get("a")
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("through proxy_url") && !text.contains("pa%40ss"),
        "{text}"
    );
    let head = heads.lock().unwrap()[0].clone();
    assert!(head.starts_with("connect 127.0.0.1:9 "), "{head}");
    let credentials = STANDARD.encode("user:pa@ss").to_lowercase();
    let header = format!("proxy-authorization: basic {credentials}");
    assert!(head.contains(&header), "{head}");
}

#[tokio::test]
async fn a_socks_proxy_gets_the_user_and_password_of_its_url() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut methods = [0; 3];
        stream.read_exact(&mut methods).await.unwrap();
        stream.write_all(&[5, methods[2]]).await.unwrap();
        let mut user = [0; 12];
        stream.read_exact(&mut user).await.unwrap();
        user
    });
    let config = ConnectionConfig {
        host: Some("http://127.0.0.1:9".into()),
        proxy_url: Some(format!("socks5://user:pa%40ss@{address}")),
        ..Default::default()
    };
    let cluster = Cluster::new(connect(&config).unwrap(), Catalog::default()).fail_fast();
    let objects = cluster.objects::<ConfigMap>("n");
    let (answer, asked) = tokio::join!(
        objects.get("a"),
        tokio::time::timeout(Duration::from_secs(5), proxy)
    );
    assert!(answer.is_err());
    assert_eq!(asked.unwrap().unwrap(), *b"\x01\x04user\x05pa@ss");
}

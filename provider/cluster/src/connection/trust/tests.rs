//! Clients against servers with real certificates.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::ConfigMap;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::connection::{ConnectionConfig, connect};
use crate::{Catalog, Cluster, ClusterError};

/// A certificate and its key.
struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// The parameters of a certificate for a host. Each has a subject of its own.
fn of(host: &str) -> CertificateParams {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CommonName, format!("certificate {number}"));
    params
}

/// The same for the server that all tests connect to.
fn for_the_server() -> CertificateParams {
    of("127.0.0.1")
}

/// The parameters of an authority.
fn authority(mut params: CertificateParams) -> CertificateParams {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn self_signed(params: CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    Identity {
        certificate: params.self_signed(&key).unwrap(),
        key,
    }
}

/// A new authority that has signed a certificate; both.
fn signed(params: CertificateParams) -> (Identity, Identity) {
    let of_authority = authority(of("authority.example"));
    let authority = self_signed(of_authority.clone());
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::from_params(&of_authority, &authority.key);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    (authority, Identity { certificate, key })
}

/// An API server with that certificate; its URL.
async fn serve(identity: &Identity) -> String {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let key = PrivatePkcs8KeyDer::from(identity.key.serialize_der());
    let key = any_supported_type(&key.into()).unwrap();
    // Nothing compares key and certificate: one of the servers has a key that is not its own.
    let shown = CertifiedKey::new(vec![identity.certificate.der().clone()], key);
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 16384]).await;
            let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    format!("https://{address}")
}

/// The error of a request to that server, if there is one.
async fn met(server: &Identity, settings: ConnectionConfig) -> Option<String> {
    let settings = ConnectionConfig {
        host: Some(serve(server).await),
        ..settings
    };
    let cluster = Cluster::new(connect(&settings).unwrap(), Catalog::default()).fail_fast();
    match cluster.objects::<ConfigMap>("n").get("a").await {
        Ok(_) => None,
        Err(error) => {
            assert!(matches!(error, ClusterError::Unreachable { .. }), "{error}");
            assert!(!error.is_transient(), "{error}");
            Some(error.to_string())
        }
    }
}

fn trusting(certificates: &[&Identity]) -> ConnectionConfig {
    let pem = certificates
        .iter()
        .map(|identity| identity.certificate.pem());
    ConnectionConfig {
        cluster_ca_certificate: Some(pem.collect()),
        ..ConnectionConfig::default()
    }
}

#[tokio::test]
async fn a_server_is_trusted_by_the_certificate_of_its_issuer() {
    let (authority, server) = signed(for_the_server());
    assert_eq!(met(&server, trusting(&[&authority])).await, None);
}

#[tokio::test]
async fn a_server_is_trusted_by_its_own_certificate() {
    let (_, unrelated) = signed(for_the_server());
    let mut for_servers = for_the_server();
    for_servers.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for server in [
        signed(for_the_server()).1,
        signed(for_servers).1,
        self_signed(for_the_server()),
        self_signed(authority(for_the_server())),
    ] {
        assert_eq!(met(&server, trusting(&[&server])).await, None);
        assert_eq!(met(&server, trusting(&[&unrelated, &server])).await, None);
    }
}

#[tokio::test]
async fn a_servers_own_certificate_counts_for_its_names_only() {
    let elsewhere = || of("elsewhere.example");
    for server in [
        signed(elsewhere()).1,
        self_signed(elsewhere()),
        self_signed(authority(elsewhere())),
    ] {
        let said = met(&server, trusting(&[&server])).await.unwrap();
        assert!(said.contains("not valid for name \"127.0.0.1\""), "{said}");
        let named = ConnectionConfig {
            tls_server_name: Some("elsewhere.example".to_owned()),
            ..trusting(&[&server])
        };
        assert_eq!(met(&server, named).await, None);
    }
}

#[tokio::test]
async fn a_servers_own_certificate_counts_while_it_is_valid() {
    let mut expired = for_the_server();
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut early = for_the_server();
    early.not_before = date_time_ymd(4000, 1, 1);
    for (params, words) in [(expired, "expired"), (early, "not valid yet")] {
        for server in [
            signed(params.clone()).1,
            self_signed(params.clone()),
            self_signed(authority(params.clone())),
        ] {
            let said = met(&server, trusting(&[&server])).await.unwrap();
            assert!(said.contains(words), "{said}");
        }
    }
}

#[tokio::test]
async fn a_servers_own_certificate_has_to_be_for_servers() {
    let mut for_clients = for_the_server();
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for server in [
        signed(for_clients.clone()).1,
        self_signed(authority(for_clients)),
    ] {
        let said = met(&server, trusting(&[&server])).await.unwrap();
        assert!(said.contains("InvalidPurpose"), "{said}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_shown_without_its_key_is_not_trusted() {
    let (_, server) = signed(for_the_server());
    let stolen = Identity {
        certificate: server.certificate.clone(),
        key: KeyPair::generate().unwrap(),
    };
    let said = met(&stolen, trusting(&[&server])).await.unwrap();
    assert!(said.contains("BadSignature"), "{said}");
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_with_what_to_do() {
    let (_, unrelated) = signed(for_the_server());
    let (_, server) = signed(for_the_server());
    let said = met(&server, trusting(&[&unrelated])).await.unwrap();
    assert!(
        said.contains("give the certificate of the issuer"),
        "{said}"
    );

    let server = self_signed(authority(for_the_server()));
    let said = met(&server, trusting(&[&unrelated])).await.unwrap();
    assert!(said.contains("give this certificate"), "{said}");
}

/// Runs a test of this file once more, in a process with that trust store; true in that process.
fn is_with_trust_store(test: &str, file: &Path) -> bool {
    const HERE: &str = "TRUST_STORE_OF_TEST";
    if std::env::var_os(HERE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("connection::trust::tests::{test}")])
        .env(HERE, "")
        .env("SSL_CERT_FILE", file)
        .env("SSL_CERT_DIR", "/none")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    false
}

#[tokio::test]
async fn a_machine_without_a_trust_store_trusts_the_public_authorities() {
    let name = "a_machine_without_a_trust_store_trusts_the_public_authorities";
    if is_with_trust_store(name, Path::new("/none")) {
        let (_, server) = signed(for_the_server());
        let said = met(&server, ConnectionConfig::default()).await.unwrap();
        assert!(said.contains("or the public authorities"), "{said}");
    }
}

#[tokio::test]
async fn without_a_certificate_authority_the_trust_store_of_the_machine_decides() {
    let name = "without_a_certificate_authority_the_trust_store_of_the_machine_decides";
    let directory = tempfile::tempdir().unwrap();
    if is_with_trust_store(name, &directory.path().join("trusted.pem")) {
        let (authority, server) = signed(for_the_server());
        let trusted = std::env::var_os("SSL_CERT_FILE").unwrap();
        std::fs::write(trusted, authority.certificate.pem()).unwrap();
        assert_eq!(met(&server, ConnectionConfig::default()).await, None);

        let (_, unrelated) = signed(for_the_server());
        let said = met(&unrelated, ConnectionConfig::default()).await.unwrap();
        assert!(said.contains("this machine's trust store"), "{said}");
    }
}

//! The function as Crossplane reaches it: over gRPC, with mutual TLS or
//! without.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use function_sdk_rust::proto::v1::function_runner_service_client::FunctionRunnerServiceClient;
use function_sdk_rust::proto::v1::{Resource, Resources, RunFunctionRequest};
use function_sdk_rust::resource::json_to_struct;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::fixtures::{spec, world};

/// The program, ended with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(port: u16, arguments: &[&str]) -> Program {
    let child = Command::new(env!("CARGO_BIN_EXE_everest-crossplane"))
        .args(["function", "--metrics-address", "", "--address"])
        .arg(format!("127.0.0.1:{port}"))
        .args(arguments)
        .env_remove("TLS_SERVER_CERTS_DIR")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Program(child)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Connects once the program listens.
async fn connect(endpoint: Endpoint) -> Result<Channel, tonic::transport::Error> {
    for _ in 0..200 {
        if let Ok(channel) = endpoint.connect().await {
            return Ok(channel);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    endpoint.connect().await
}

async fn answers(channel: Channel) -> Result<usize, tonic::Status> {
    ask(channel, world(spec("pxc")).request()).await
}

/// The number of resources that the function desires.
async fn ask(channel: Channel, request: RunFunctionRequest) -> Result<usize, tonic::Status> {
    let mut client = FunctionRunnerServiceClient::new(channel);
    let response = client.run_function(request).await?.into_inner();
    Ok(response.desired.unwrap().resources.len())
}

/// A certificate authority, and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(parameters, key),
            certificate,
        }
    }

    /// A certificate and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn write(&self, folder: &Path) {
        let (certificate, key) = self.sign("localhost");
        for (name, content) in [
            ("tls.crt", &certificate),
            ("tls.key", &key),
            ("ca.crt", &self.certificate),
        ] {
            std::fs::write(folder.join(name), content).unwrap();
        }
    }
}

#[tokio::test]
async fn it_is_served_without_tls_where_that_is_asked_for() {
    let port = free_port();
    let _program = start(port, &["--insecure"]);
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    let channel = connect(endpoint).await.unwrap();
    assert_eq!(answers(channel).await.unwrap(), 1);
}

#[tokio::test]
async fn a_request_with_all_that_a_large_namespace_holds_is_read() {
    let port = free_port();
    let _program = start(port, &["--insecure"]);
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap();
    let channel = connect(endpoint).await.unwrap();
    let mut request = world(spec("pxc")).request();
    let storage = json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "BackupStorage",
        "metadata": {"name": "s3", "namespace": "prod", "annotations": {"more": "x".repeat(2_000)}},
        "spec": {"type": "s3", "bucket": "b", "region": "r", "credentialsSecretName": "s3"},
    });
    let storage = Resource {
        resource: storage.as_object().map(json_to_struct),
        ..Resource::default()
    };
    let found = Resources {
        items: vec![storage; 3_000],
    };
    let asked = "everest.percona.com/v1alpha1/BackupStorage/prod/".to_owned();
    request.required_resources.insert(asked, found);
    assert_eq!(ask(channel, request).await.unwrap(), 1);
}

#[tokio::test]
async fn it_is_served_with_mutual_tls_and_to_nobody_else() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    authority.write(folder.path());
    let port = free_port();
    let _program = start(port, &["--tls-certs-dir", folder.path().to_str().unwrap()]);

    let tls = |authority: &Authority, of: &Authority| {
        let (certificate, key) = of.sign("crossplane");
        ClientTlsConfig::new()
            .domain_name("localhost")
            .ca_certificate(Certificate::from_pem(&authority.certificate))
            .identity(Identity::from_pem(certificate, key))
    };
    let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).unwrap();
    let trusted = endpoint
        .clone()
        .tls_config(tls(&authority, &authority))
        .unwrap();
    let channel = connect(trusted).await.unwrap();
    assert_eq!(answers(channel).await.unwrap(), 1);

    let stranger = endpoint
        .tls_config(tls(&authority, &Authority::new()))
        .unwrap();
    let refused = match stranger.connect().await {
        Ok(channel) => answers(channel).await.is_err(),
        Err(_) => true,
    };
    assert!(refused);
}

#[test]
fn it_does_not_serve_without_certificates_unless_told_to() {
    let output = Command::new(env!("CARGO_BIN_EXE_everest-crossplane"))
        .args(["function", "--address", "127.0.0.1:0"])
        .env_remove("TLS_SERVER_CERTS_DIR")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--tls-certs-dir") && said.contains("--insecure"),
        "{said}"
    );
}

//! The example provider as a process, started as Terraform starts it.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use tfplugin::proto::health::HealthCheckRequest;
use tfplugin::proto::health::health_client::HealthClient;
use tfplugin::proto::plugin::Empty;
use tfplugin::proto::plugin::grpc_controller_client::GrpcControllerClient;
use tfplugin::proto::plugin::grpc_stdio_client::GrpcStdioClient;
use tfplugin::proto::tfplugin6::get_provider_schema;
use tfplugin::proto::tfplugin6::provider_client::ProviderClient;
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// A certificate as the host makes it: P-521, self-signed, an authority as well.
pub struct Identity {
    pub pem: String,
    der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

pub fn identity() -> Identity {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Identity {
        pem: certificate.pem(),
        der: certificate.der().clone(),
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    }
}

pub struct Plugin {
    pub child: Child,
    pub fields: Vec<String>,
    /// Its folder for temporary files.
    pub directory: tempfile::TempDir,
}

impl Plugin {
    pub fn start(client_cert: Option<&str>) -> Self {
        Self::launch(Command::new(example()), client_cert)
    }

    /// Started by `command`, which is the example or starts it.
    pub fn launch(mut command: Command, client_cert: Option<&str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        command
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env("PLUGIN_UNIX_SOCKET_DIR", directory.path())
            .env("TMPDIR", directory.path())
            .env_remove("PLUGIN_CLIENT_CERT")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(pem) = client_cert {
            command.env("PLUGIN_CLIENT_CERT", pem);
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let fields = line.trim_end().split('|').map(str::to_owned).collect();
        Self {
            child,
            fields,
            directory,
        }
    }

    /// One that says without a handshake where it listens.
    pub fn reached(child: Child, socket: &str) -> Self {
        Self {
            child,
            fields: vec![
                String::new(),
                String::new(),
                String::new(),
                socket.to_owned(),
            ],
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub fn tls(&self, identity: Option<Identity>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let der = STANDARD_NO_PAD.decode(&self.fields[5]).unwrap();
        roots.add(CertificateDer::from(der)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            Some(identity) => builder
                .with_client_auth_cert(vec![identity.der], identity.key)
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    pub async fn connect(
        &self,
        tls: Option<ClientConfig>,
    ) -> Result<Channel, tonic::transport::Error> {
        let socket = self.fields[3].clone();
        let connector = tls.map(|config| TlsConnector::from(Arc::new(config)));
        let connect = tower::service_fn(move |_| {
            let (socket, connector) = (socket.clone(), connector.clone());
            async move {
                let stream = UnixStream::connect(socket).await?;
                let stream: Box<dyn Stream> = match connector {
                    Some(tls) => {
                        Box::new(tls.connect("localhost".try_into().unwrap(), stream).await?)
                    }
                    None => Box::new(stream),
                };
                Ok::<_, std::io::Error>(TokioIo::new(stream))
            }
        });
        Endpoint::from_static("http://localhost")
            .connect_with_connector(connect)
            .await
    }

    pub async fn serves(&self, channel: Channel) {
        let response = ProviderClient::new(channel.clone())
            .max_decoding_message_size(tfplugin::server::MAX_MESSAGE)
            .get_provider_schema(get_provider_schema::Request {})
            .await
            .unwrap()
            .into_inner();
        assert!(response.resource_schemas.contains_key("shelf_shelf"));
        let service = "plugin".to_owned();
        let health = HealthClient::new(channel)
            .check(HealthCheckRequest { service })
            .await;
        assert_eq!(health.unwrap().into_inner().status, 1);
    }

    /// Asks it to end and waits until it has.
    pub async fn ends(mut self, channel: Channel) {
        // A host holds this stream open all the time.
        let mut stdio = GrpcStdioClient::new(channel.clone());
        let held = stdio.stream_stdio(()).await.unwrap();
        let started = Instant::now();
        GrpcControllerClient::new(channel)
            .shutdown(Empty {})
            .await
            .unwrap();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                started.elapsed() < Duration::from_secs(2),
                "the host would kill it now"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        drop(held);
        assert!(status.success());
        let folder = PathBuf::from(&self.fields[3]);
        assert!(
            !folder.parent().unwrap().exists(),
            "the folder of the socket is left behind"
        );
    }
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

/// Whatever a test did not end.
impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo test` builds the examples beside the tests.
pub fn example() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/shelf")
}

#[tokio::test]
async fn the_host_is_served_over_mutual_tls_and_ends_it() {
    let host = identity();
    let plugin = Plugin::start(Some(&host.pem));
    assert_eq!(plugin.fields[..3], ["1", "6", "unix"]);
    assert_eq!(plugin.fields[4], "grpc");
    let channel = plugin.connect(Some(plugin.tls(Some(host)))).await.unwrap();
    plugin.serves(channel.clone()).await;
    plugin.ends(channel).await;
}

#[test]
fn the_socket_lies_where_nobody_else_can_look() {
    use std::os::unix::fs::PermissionsExt;
    let host = identity();
    let plugin = Plugin::start(Some(&host.pem));
    let folder = PathBuf::from(&plugin.fields[3]);
    let mode = folder.parent().unwrap().metadata().unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
}

#[tokio::test]
async fn nobody_else_is_served() {
    let host = identity();
    let plugin = Plugin::start(Some(&host.pem));
    for other in [Some(identity()), None] {
        // With TLS 1.3 a client learns of its refusal with the first answer.
        let refused = match plugin.connect(Some(plugin.tls(other))).await {
            Err(_) => true,
            Ok(channel) => ProviderClient::new(channel)
                .get_provider_schema(get_provider_schema::Request {})
                .await
                .is_err(),
        };
        assert!(refused);
    }
    let plain = match plugin.connect(None).await {
        Err(_) => true,
        Ok(channel) => ProviderClient::new(channel)
            .get_provider_schema(get_provider_schema::Request {})
            .await
            .is_err(),
    };
    assert!(plain);
    let channel = plugin.connect(Some(plugin.tls(Some(host)))).await.unwrap();
    plugin.serves(channel).await;
}

#[test]
fn a_host_without_tls_is_refused_in_words() {
    let mut plugin = Plugin::start(None);
    let mut text = String::new();
    let mut stderr = plugin.child.stderr.take().unwrap();
    stderr.read_to_string(&mut text).unwrap();
    assert!(text.contains("TF_DISABLE_PLUGIN_TLS"), "{text}");
    assert!(!plugin.child.wait().unwrap().success());
}

#[test]
fn a_person_is_told_what_this_is() {
    let output = Command::new(example())
        .env_remove("TF_PLUGIN_MAGIC_COOKIE")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Terraform provider"));
}

#[test]
fn a_certificate_that_is_none_is_an_error_in_words() {
    let mut plugin = Plugin::start(Some("nonsense"));
    let mut text = String::new();
    let mut stderr = plugin.child.stderr.take().unwrap();
    stderr.read_to_string(&mut text).unwrap();
    assert!(text.contains("PLUGIN_CLIENT_CERT"), "{text}");
    assert!(!plugin.child.wait().unwrap().success());
}

//! The HTTP client beneath a Kubernetes client: kube's own, with another trust in certificates.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use hyper::rt::{Read, Write};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tower::util::MapErrLayer;
use tower::{BoxError, Service, ServiceBuilder};

use super::{NoAnswer, named, trust};

/// The reason why no HTTP client can be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    /// The credentials cannot be used.
    #[error(transparent)]
    Kube(#[from] kube::Error),
    /// What is given as a certificate authority is not a certificate.
    #[error("a certificate authority cannot be used: {0}")]
    CertificateAuthority(#[source] rustls::Error),
    /// There is no certificate to trust.
    #[error("no certificate authority is trusted: {0}")]
    NoAuthority(#[from] rustls::client::VerifierBuilderError),
    /// The name expected in the server's certificate cannot be in one.
    #[error("tls_server_name {name:?} is neither a host name nor an IP address")]
    ServerName {
        /// The name.
        name: String,
    },
}

/// Builds the client; a legacy auth-provider's command runs here, blocking.
pub(super) fn client(config: kube::Config) -> Result<kube::Client, BuildError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only if another thread has just done it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    let tls = trust::client_config(&config)?;
    let Some(proxy) = config.proxy_url.clone() else {
        return over(http, tls, config);
    };
    match proxy.scheme_str() {
        Some("socks5" | "socks5h") => over(socks(proxy, http), tls, config),
        Some("http") => over(tunnel(proxy, http), tls, config),
        Some("https") => {
            let encrypted = encrypted(http, tls.clone(), config.tls_server_name.as_deref())?;
            over(tunnel(proxy, encrypted), tls, config)
        }
        _ => Err(kube::Error::ProxyProtocolUnsupported {
            proxy_url: Box::new(proxy),
        }
        .into()),
    }
}

/// A tunnel through an HTTP proxy, with the user information of its URL.
fn tunnel<C>(proxy: Uri, connector: C) -> Tunnel<C> {
    let authorization = user_info(&proxy)
        .map(|user| percent_decode_str(user).collect::<Vec<u8>>())
        .and_then(|user| HeaderValue::try_from(format!("Basic {}", STANDARD.encode(user))).ok());
    let tunnel = Tunnel::new(proxy, connector);
    match authorization {
        Some(authorization) => tunnel.with_auth(authorization),
        None => tunnel,
    }
}

/// A tunnel through a SOCKS proxy, which resolves names itself, with the user information of its URL.
fn socks<C>(proxy: Uri, connector: C) -> SocksV5<C> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = user_info(&proxy).map(|user| {
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        (decoded(name), decoded(password))
    });
    let socks = SocksV5::new(proxy, connector);
    match user {
        Some((name, password)) => socks.with_auth(name, password),
        None => socks,
    }
}

/// The user information of a proxy's URL, as it is written there.
fn user_info(proxy: &Uri) -> Option<&str> {
    let (user, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    Some(user)
}

fn encrypted<C>(
    connector: C,
    tls: ClientConfig,
    server_name: Option<&str>,
) -> Result<HttpsConnector<C>, BuildError> {
    let mut builder = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    if let Some(name) = server_name {
        let name = ServerName::try_from(name.to_owned()).map_err(|_| BuildError::ServerName {
            name: name.to_owned(),
        })?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    Ok(builder.enable_http1().wrap_connector(connector))
}

/// The client over a connector.
fn over<C>(
    connector: C,
    tls: ClientConfig,
    config: kube::Config,
) -> Result<kube::Client, BuildError>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: std::error::Error + Send + Sync + 'static,
{
    let server = named(&config);
    let encrypted = encrypted(connector, tls, config.tls_server_name.as_deref())?;
    let mut connector = TimeoutConnector::new(encrypted);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(MapErrLayer::new(move |source: BoxError| -> BoxError {
            Box::new(NoAnswer {
                server: server.clone(),
                source,
            })
        }))
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(ClientBuilder::new(service, config.default_namespace).build())
}

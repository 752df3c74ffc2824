//! The HTTPS server that the API server calls.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info};

use super::admission::{Admission, Unanswered};

/// Largest AdmissionReview that is read.
const MOST_BYTES: usize = 8 << 20;

/// Why the webhooks cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// tls.crt or tls.key is missing or is not PEM.
    #[error("certificate {path}: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit.
    #[error("TLS set-up: {0}")]
    Tls(#[from] rustls::Error),
    /// The port cannot be had.
    #[error("listening on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// A bound server.
pub struct Server {
    listener: TcpListener,
    tls: TlsAcceptor,
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Binds 127.0.0.1 at `port` (any free one for 0) with tls.crt and tls.key
    /// of a directory.
    pub async fn bind(directory: &Path, port: u16) -> Result<Self, ServeError> {
        let wrong = |path: &Path| {
            let path = path.to_owned();
            move |source| ServeError::Certificate { path, source }
        };
        let path = directory.join("tls.crt");
        let chain = CertificateDer::pem_file_iter(&path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(wrong(&path))?;
        let path = directory.join("tls.key");
        let key = PrivateKeyDer::from_pem_file(&path).map_err(wrong(&path))?;
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listen = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        Ok(Self {
            listener,
            tls: TlsAcceptor::from(Arc::new(config)),
            port,
        })
    }

    /// Answers until it is dropped.
    pub async fn serve(self, admission: Admission) {
        info!(port = self.port, "webhooks serve");
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(converse(stream, self.tls.clone(), admission.clone()));
                }
                Err(error) => {
                    debug!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn converse(stream: TcpStream, tls: TlsAcceptor, admission: Admission) {
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    let service = service_fn(move |request| respond(request, admission.clone()));
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        debug!(%error, "webhook connection");
    }
}

async fn respond(
    request: http::Request<Incoming>,
    admission: Admission,
) -> Result<http::Response<Full<Bytes>>, Unanswered> {
    let path = request.uri().path().to_owned();
    let body = Limited::new(request.into_body(), MOST_BYTES)
        .collect()
        .await;
    let review: Option<Value> = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    let answered = match review {
        Some(review) => admission.decide(&path, &review).await,
        None => Err(Unanswered::Malformed),
    };
    let (status, body) = match answered {
        Ok(review) => (http::StatusCode::OK, review.to_string()),
        Err(Unanswered::Malformed) => (http::StatusCode::BAD_REQUEST, String::new()),
        // An error of the service ends the connection without an answer.
        Err(down @ Unanswered::Down) => return Err(down),
    };
    let mut response = http::Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

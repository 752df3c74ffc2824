//! What Crossplane's core of the test cluster meets besides the API server: a
//! registry of packages and a way to the cluster's services, both on loopback.

use std::{convert::Infallible, io, path::PathBuf, process::ExitCode};

use acceptance::crossplane::{Registry, Services};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use lexopt::prelude::*;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crossplane-network: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (mut packages, mut services) = (PathBuf::new(), PathBuf::new());
    let (mut registry, mut proxy) = (0, 0);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("packages") => packages = args.value()?.into(),
            Long("registry-port") => registry = args.value()?.parse()?,
            Long("services") => services = args.value()?.into(),
            Long("proxy-port") => proxy = args.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let registry_listener = TcpListener::bind(("127.0.0.1", registry)).await?;
    let proxy_listener = TcpListener::bind(("127.0.0.1", proxy)).await?;
    tokio::try_join!(
        serve(registry_listener, Registry::new(packages)),
        Services::new(&services).proxy(proxy_listener),
    )?;
    Ok(())
}

/// Serves the registry until no more connections can be accepted.
async fn serve(listener: TcpListener, registry: Registry) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let registry = registry.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let response = respond(&registry, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            // A client that goes away ends its own connection and nothing else.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn respond(registry: &Registry, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    println!("{} {}", request.method(), request.uri().path());
    let mut response = Response::default();
    if request.method() != Method::GET && request.method() != Method::HEAD {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return response;
    }
    let answer = registry.answer(request.uri().path());
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, answer.body.len().into());
    if let Ok(media_type) = answer.media_type.parse() {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    if let Some(digest) = answer.digest.and_then(|digest| digest.parse().ok()) {
        headers.insert("docker-content-digest", digest);
    }
    if request.method() == Method::GET {
        *response.body_mut() = Full::new(answer.body.into());
    }
    response
}

//! The cluster's services, as far as Crossplane's core calls any: it reaches a
//! function by the name of its Service, which nothing outside a cluster
//! resolves. Core is given a proxy, and the proxy connects a name with the local
//! process that plays the Service's pod.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// Longest request for a connection that is read.
const LONGEST_REQUEST: usize = 8 * 1024;

/// Which process answers for which service: a folder with one file a service,
/// so that several processes can publish theirs.
#[derive(Debug, Clone)]
pub struct Services {
    folder: PathBuf,
}

impl Services {
    /// The services of `folder`, which need not exist yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Lets `service` (`name.namespace:port`) be answered on a loopback port.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn publish(&self, service: &str, port: u16) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let unfinished = self.folder.join(format!(".{service}"));
        fs::write(&unfinished, port.to_string())?;
        fs::rename(unfinished, self.folder.join(service))
    }

    /// The loopback port that answers for a service.
    fn port(&self, service: &str) -> Option<u16> {
        let plain = !service.contains(['/', '\\']) && !service.starts_with('.');
        let text = fs::read_to_string(self.folder.join(service)).ok();
        text.filter(|_| plain)?.parse().ok()
    }

    /// Serves connections to the services until the listener fails.
    ///
    /// # Errors
    /// When no more connections can be accepted.
    pub async fn proxy(self, listener: TcpListener) -> io::Result<()> {
        loop {
            let (client, _) = listener.accept().await?;
            let services = self.clone();
            // What ends one connection is that connection's matter.
            tokio::spawn(async move { services.connect(client).await });
        }
    }

    async fn connect(&self, mut client: TcpStream) -> io::Result<()> {
        let request = head(&mut client).await?;
        let service = wanted(&request);
        let Some(port) = service.and_then(|service| self.port(service)) else {
            return client
                .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
                .await;
        };
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(mut server) => {
                client
                    .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    .await?;
                copy_bidirectional(&mut client, &mut server).await?;
                Ok(())
            }
            Err(_) => {
                client
                    .write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
                    .await
            }
        }
    }
}

/// The head of a request. Byte by byte: what follows it belongs to the service.
async fn head(client: &mut TcpStream) -> io::Result<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        if read.len() > LONGEST_REQUEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        read.push(client.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

/// The service that a request to connect names.
fn wanted(request: &str) -> Option<&str> {
    let mut words = request.split_ascii_whitespace();
    (words.next()? == "CONNECT").then(|| words.next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(port: u16, request: &str) -> TcpStream {
        let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    #[tokio::test]
    async fn a_published_service_is_reached_by_its_name_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let services = Services::new(folder.path());
        let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
        services
            .publish("fn.system:9443", backend.local_addr().unwrap().port())
            .unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = backend.accept().await.unwrap();
            stream.write_all(b"hello").await.unwrap();
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(services.proxy(listener));

        let mut client = ask(port, "CONNECT fn.system:9443 HTTP/1.1\r\n\r\n").await;
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        assert!(said.ends_with("hello"), "{said}");

        let mut client = ask(port, "CONNECT other.system:9443 HTTP/1.1\r\n\r\n").await;
        assert!(head(&mut client).await.unwrap().starts_with("HTTP/1.1 502"));
    }

    #[test]
    fn only_requests_to_connect_name_a_service() {
        assert_eq!(wanted("CONNECT a.b:1 HTTP/1.1\r\n\r\n"), Some("a.b:1"));
        assert_eq!(wanted("GET http://a.b:1/ HTTP/1.1\r\n\r\n"), None);
    }
}

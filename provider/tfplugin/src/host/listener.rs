//! The address that the host connects to: a Unix socket or, on systems without, a local port.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::DropGuard;
use tonic::transport::server::Connected;

use super::handshake::Request;

/// The timeout of a connection's TLS handshake.
const TLS_PATIENCE: Duration = Duration::from_secs(30);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection of any kind, and the server that it has reached.
pub(super) struct Connection<S> {
    stream: Box<dyn Stream>,
    server: S,
    /// A guard that is dropped with the connection.
    _open: Option<DropGuard>,
}

impl<S: Clone + Send + Sync + 'static> Connected for Connection<S> {
    type ConnectInfo = S;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.server.clone()
    }
}

impl<S: Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A listening socket.
pub(super) struct Listener {
    inner: Inner,
    /// "unix" or "tcp".
    pub(super) network: &'static str,
    /// The path of the socket, or the address.
    pub(super) address: String,
}

enum Inner {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(TcpListener),
}

/// Removes the folder of the socket when the server ends, however it ends.
pub(super) struct Socket(Option<PathBuf>);

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take() {
            // Gone already is as good.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl Listener {
    pub(super) async fn bind(request: &Request) -> io::Result<(Self, Socket)> {
        #[cfg(unix)]
        {
            let directory = request
                .socket_dir
                .as_ref()
                .map_or_else(std::env::temp_dir, PathBuf::from);
            let folder = directory.join(socket_name());
            only_for_us(&folder)?;
            let socket = Socket(Some(folder.clone()));
            let path = folder.join("socket");
            let inner = tokio::net::UnixListener::bind(&path)?;
            let listener = Self {
                inner: Inner::Unix(inner),
                network: "unix",
                address: path.display().to_string(),
            };
            Ok((listener, socket))
        }
        #[cfg(not(unix))]
        Self::bind_port(request).await
    }

    #[cfg_attr(unix, allow(dead_code, reason = "for systems without unix sockets"))]
    async fn bind_port(request: &Request) -> io::Result<(Self, Socket)> {
        let (least, most) = request.ports;
        let mut refusal = io::Error::from(io::ErrorKind::AddrInUse);
        for port in least..=most {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                Ok(inner) => {
                    let address = inner.local_addr()?.to_string();
                    let listener = Self {
                        inner: Inner::Tcp(inner),
                        network: "tcp",
                        address,
                    };
                    return Ok((listener, Socket(None)));
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match &self.inner {
            #[cfg(unix)]
            Inner::Unix(listener) => Box::new(listener.accept().await?.0),
            Inner::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        })
    }

    /// The connections that have completed their TLS handshake. A failed or slow handshake does not
    /// delay other connections. `reach` returns the server for a connection, and a guard to drop
    /// once the connection is closed.
    pub(super) fn connections<S: Send + 'static>(
        self,
        tls: Option<ServerConfig>,
        reach: impl Fn() -> (S, Option<DropGuard>) + Send + Sync + 'static,
    ) -> mpsc::Receiver<io::Result<Connection<S>>> {
        let (sender, receiver) = mpsc::channel(16);
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let reach = Arc::new(reach);
        tokio::spawn(async move {
            loop {
                let connection = tokio::select! {
                    () = sender.closed() => return,
                    accepted = self.accept() => match accepted {
                        Ok(connection) => connection,
                        Err(error) => {
                            tracing::warn!(%error, "a connection could not be accepted");
                            // Out of file descriptors, most likely: give others time to end.
                            tokio::time::sleep(Duration::from_millis(50)).await;
                            continue;
                        }
                    },
                };
                let (sender, acceptor) = (sender.clone(), acceptor.clone());
                let reach = Arc::clone(&reach);
                tokio::spawn(async move {
                    if let Some(stream) = secured(connection, acceptor).await {
                        let (server, open) = reach();
                        let connection = Connection {
                            stream,
                            server,
                            _open: open,
                        };
                        // Closed: the server ends.
                        let _ = sender.send(Ok(connection)).await;
                    }
                });
            }
        });
        receiver
    }
}

async fn secured(
    connection: Box<dyn Stream>,
    acceptor: Option<TlsAcceptor>,
) -> Option<Box<dyn Stream>> {
    let Some(acceptor) = acceptor else {
        return Some(connection);
    };
    match tokio::time::timeout(TLS_PATIENCE, acceptor.accept(connection)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a connection without the host's certificate was refused");
            None
        }
        Err(_) => {
            tracing::warn!("a connection that said nothing was closed");
            None
        }
    }
}

/// Creates a folder that only this user can access, so that no one else can connect. A mode on the
/// socket itself could only be set after the socket exists, and not every system respects it.
#[cfg(unix)]
fn only_for_us(folder: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(folder)
}

/// A name that no other process uses: sockets of killed processes may still exist.
#[cfg(unix)]
fn socket_name() -> String {
    use std::hash::{BuildHasher, RandomState};
    // The keys of a RandomState are random.
    let random = RandomState::new().hash_one(std::process::id());
    format!("plugin{random:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_there_are_no_sockets_the_next_free_port_is_taken() {
        let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let request = |ports| Request {
            ports,
            ..Request::default()
        };
        assert!(Listener::bind_port(&request((port, port))).await.is_err());
        let range = request((port, u16::MAX));
        let (listener, _) = Listener::bind_port(&range).await.unwrap();
        assert_eq!(listener.network, "tcp");
        assert!(listener.address.starts_with("127.0.0.1:"));
    }
}

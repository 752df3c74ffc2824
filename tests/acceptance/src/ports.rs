//! Free loopback ports.

use std::{io, net::TcpListener};

/// As many different free ports as asked for.
///
/// All are held while the last is found, so no two are the same; then all are
/// let go, so a stranger could take one before its process does. That process
/// then ends at once and the start says so.
///
/// # Errors
/// When the system has no port to give.
pub fn free<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    let mut held = Vec::with_capacity(COUNT);
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

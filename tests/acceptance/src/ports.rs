//! Free loopback ports.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::TcpListener,
    ops::Range,
};

/// Below the ports that systems take for outgoing connections, of which tests make many: one of
/// those could take a port between its choice and its use.
const RANGE: Range<u16> = 20_000..30_000;

/// How many ports are tried before none is said to be free.
const TRIES: u64 = 1_000;

/// As many different free ports as asked for, chosen at random.
///
/// All are held while the last is found, so no two are the same; then all are
/// let go, so a stranger could take one before its process does. That process
/// then ends at once, and the cluster is started again with others.
///
/// # Errors
/// When the system has no port to give.
pub fn free<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    among(RANGE)
}

fn among<const COUNT: usize>(range: Range<u16>) -> io::Result<[u16; COUNT]> {
    let random = RandomState::new();
    let choices = u64::from(range.end - range.start);
    let mut held = Vec::with_capacity(COUNT);
    let mut ports = [0; COUNT];
    let mut tries = 0..TRIES;
    for port in &mut ports {
        let mut bind = || {
            loop {
                let Some(number) = tries.next() else {
                    return Err(io::ErrorKind::AddrInUse.into());
                };
                let chosen = u16::try_from(random.hash_one(number) % choices).unwrap_or_default();
                match TcpListener::bind(("127.0.0.1", range.start + chosen)) {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                    bound => return bound,
                }
            }
        };
        let listener = bind()?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_are_free_different_and_of_the_range() {
        let ports: [u16; 8] = free().unwrap();
        assert_eq!(BTreeSet::from(ports).len(), 8);
        assert!(ports.iter().all(|port| RANGE.contains(port)), "{ports:?}");
    }

    #[test]
    fn a_port_that_is_taken_is_given_to_nobody() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let refused = among::<1>(port..port + 1).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        drop(taken);
        assert_eq!(among::<1>(port..port + 1).unwrap(), [port]);
    }
}

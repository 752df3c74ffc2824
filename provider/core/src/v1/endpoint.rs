//! The addresses of a database, from the single text that Everest reports.
//!
//! | Engine | `status.hostname` |
//! |---|---|
//! | `pxc`, `postgresql` | a host name, or the IP address of a load balancer |
//! | `psmdb`, a replica set inside the cluster | a host name |
//! | `psmdb`, exposed or sharded | `host:port`, or several of them separated by commas |

use std::{fmt, net::Ipv6Addr};

use everest_schemas::everest::DatabaseClusterStatus;

/// One address of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or IP address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    /// Writes `host:port` as in a URI, with brackets around an IPv6 address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// The endpoints of a database from its status; empty until Everest reports a host and a port.
pub fn of(status: &DatabaseClusterStatus) -> Vec<Endpoint> {
    let port = status.port.and_then(|port| u16::try_from(port).ok());
    match (&status.hostname, port) {
        (Some(hostname), Some(port)) if port != 0 => endpoints(hostname, port),
        _ => Vec::new(),
    }
}

/// The endpoints that `hostname` names, whatever their ports.
pub fn named(hostname: &str) -> Vec<Endpoint> {
    endpoints(hostname, 0)
}

/// The endpoints in `hostname`, in its order; those that name no port listen at `port`. Empty
/// where `hostname` is.
fn endpoints(hostname: &str, port: u16) -> Vec<Endpoint> {
    hostname
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| endpoint(part, port))
        .collect()
}

fn endpoint(text: &str, port: u16) -> Endpoint {
    let whole = |host: &str| Endpoint {
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
    };
    // The colons of an IPv6 address separate no port.
    if text.parse::<Ipv6Addr>().is_ok() {
        return whole(text);
    }
    match text.rsplit_once(':') {
        Some((host, own)) if !host.is_empty() => match own.parse() {
            Ok(own) => Endpoint {
                port: own,
                ..whole(host)
            },
            Err(_) => whole(text),
        },
        _ => whole(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(hostname: &str) -> Vec<String> {
        let said = endpoints(hostname, 27017);
        said.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_host_name_answers_at_the_database_s_port() {
        assert_eq!(said("orders-haproxy.shop"), ["orders-haproxy.shop:27017"]);
    }

    #[test]
    fn each_member_of_an_exposed_replica_set_has_its_own_address() {
        assert_eq!(said("a:27017,b:27018"), ["a:27017", "b:27018"]);
        assert_eq!(endpoints("a:27018", 27017)[0].host, "a");
    }

    #[test]
    fn an_ipv6_address_is_one_host() {
        assert_eq!(said("2001:db8::5"), ["[2001:db8::5]:27017"]);
        assert_eq!(said("[2001:db8::5]:27018"), ["[2001:db8::5]:27018"]);
        assert_eq!(endpoints("2001:db8::5", 1)[0].host, "2001:db8::5");
    }

    #[test]
    fn a_database_without_an_address_has_no_endpoint() {
        assert!(said("").is_empty());
    }
}

//! Addresses that users give.

use url::Url;

/// The port of HTTPS.
const HTTPS: u16 = 443;

/// Returns true if a text is a URL with `http` or `https` and a host.
pub fn is_http(text: &str) -> bool {
    has_scheme(text, &["http", "https"])
}

/// Returns true if a text is a URL with one of the schemes and a host.
pub fn has_scheme(text: &str, schemes: &[&str]) -> bool {
    Url::parse(text).is_ok_and(|url| {
        schemes.contains(&url.scheme())
            && url.host_str().is_some_and(|host| !host.is_empty())
            && text.contains("://")
    })
}

/// The port and the path of a URL, as in `:8443/pmm`, without those that HTTPS has anyway.
pub fn port_and_path(text: &str) -> String {
    let Ok(url) = Url::parse(text) else {
        return String::new();
    };
    let port = url.port().filter(|port| *port != HTTPS);
    let port = port.map(|port| format!(":{port}"));
    port.unwrap_or_default() + url.path().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_and_a_host() {
        for text in [
            "https://s3.example.com",
            "http://127.0.0.1:9000/path",
            "https://[::1]:6443",
        ] {
            assert!(is_http(text), "{text}");
        }
        for text in [
            "",
            "s3.example.com",
            "localhost:6443",
            "ftp://example.com",
            "https://",
            "https:example.com",
        ] {
            assert!(!is_http(text), "{text}");
        }
        assert!(has_scheme("socks5://proxy:1080", &["socks5"]));
    }

    #[test]
    fn a_port_and_a_path_are_those_that_https_does_not_have() {
        for (text, rest) in [
            ("https://pmm.example.com", ""),
            ("https://pmm.example.com:443/", ""),
            ("http://pmm.example.com", ""),
            ("http://pmm.example.com:443", ""),
            ("https://pmm.example.com:8443", ":8443"),
            ("https://proxy.example.com/pmm/", "/pmm"),
            ("http://[::1]:8080/a/b", ":8080/a/b"),
            ("pmm", ""),
        ] {
            assert_eq!(port_and_path(text), rest, "{text}");
        }
    }
}

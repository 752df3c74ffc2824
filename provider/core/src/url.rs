//! Addresses that users give.

use url::Url;

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
}

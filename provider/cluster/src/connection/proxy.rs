//! The proxy on the way to the API server, if there is one.

use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::ConnectError;

/// Parses an explicit proxy URL.
pub(super) fn parse(setting: &'static str, url: &str) -> Result<Uri, ConnectError> {
    // The URL may carry a password: it is not repeated.
    let invalid = |cause: &str| ConnectError::Invalid {
        setting,
        cause: cause.to_owned(),
    };
    let uri: Uri = url
        .parse()
        .map_err(|_| invalid("the proxy's URL cannot be parsed"))?;
    if uri.host().is_none() {
        return Err(invalid(
            "the proxy's URL has no host: write it like http://proxy.example:3128",
        ));
    }
    match uri.scheme_str() {
        Some("http" | "https" | "socks5" | "socks5h") => Ok(uri),
        _ => Err(invalid(
            "the proxy's URL must begin with http://, https://, socks5:// or socks5h://",
        )),
    }
}

/// The environment's proxy for `server`: `HTTPS_PROXY` (or `HTTP_PROXY` for a plain server)
/// unless `NO_PROXY` lists it. A loopback address never goes through a proxy, as in Go.
///
/// # Errors
/// As [`parse`].
pub(super) fn from_environment(
    server: &Uri,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, ConnectError> {
    if server.host().is_none_or(is_loopback) {
        return Ok(None);
    }
    let either = |name: &str| {
        environment(name)
            .or_else(|| environment(&name.to_ascii_lowercase()))
            .filter(|value| !value.is_empty())
            .unwrap_or_default()
    };
    let matcher = Matcher::builder()
        .https(either("HTTPS_PROXY"))
        .http(either("HTTP_PROXY"))
        .no(either("NO_PROXY"))
        .build();
    if matcher.intercept(server).is_none() {
        return Ok(None);
    }
    // The matcher keeps credentials apart from the address; the whole URL is wanted.
    let setting = match server.scheme_str() {
        Some("http") => "HTTP_PROXY",
        _ => "HTTPS_PROXY",
    };
    let url = either(setting);
    let url = if url.contains("://") {
        url
    } else {
        format!("http://{url}")
    };
    parse(setting, &url).map(Some)
}

/// Returns true if the host of a URL is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

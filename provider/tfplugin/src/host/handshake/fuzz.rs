//! Whatever the environment says, the handshake reads it or refuses it.

#[path = "../../../tests/fuzz/mutator.rs"]
mod mutator;

use super::{Request, line};
use crate::host::tls;

/// Variables are separated by an empty line: a certificate has several lines.
fn variable(text: &str, name: &str) -> Option<String> {
    text.split("\n\n")
        .filter_map(|entry| entry.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

#[test]
fn no_environment_harms_the_handshake() {
    mutator::fuzz("handshake", |input| {
        let text = String::from_utf8_lossy(input);
        let request = Request::read(|name| variable(&text, name));
        let certificate = request
            .client_cert
            .as_deref()
            .and_then(|pem| tls::mutual(pem).ok());
        let der = certificate.as_ref().map(|(_, der)| der.as_slice());
        let line = line("unix", "/tmp/p", der, request.multiplex);
        assert!(!line.contains('\n'));
        let fields = line.split('|').count();
        assert_eq!(fields, if request.multiplex { 7 } else { 6 });
        certificate.is_some()
    });
}

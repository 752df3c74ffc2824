//! The token of EKS: a request to AWS STS that tells who signed it, signed with Signature Version 4
//! and sent by EKS itself.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::exchange::escaped;

/// Keys of AWS.
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: SecretString,
    pub(super) session: Option<SecretString>,
}

/// How long the signed URL itself is valid, in seconds. EKS accepts a token for 15 minutes.
const EXPIRES: &str = "60";

/// The header that binds a token to one cluster.
const CLUSTER: &str = "x-k8s-aws-id";

/// The token of a cluster, signed at `now`. `host` is that of STS in `region`.
pub(super) fn token(
    keys: &Keys,
    region: &str,
    host: &str,
    cluster: &str,
    now: Timestamp,
) -> SecretString {
    let url = url(keys, region, host, cluster, now);
    format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url)).into()
}

fn url(keys: &Keys, region: &str, host: &str, cluster: &str, now: Timestamp) -> String {
    let day = now.strftime("%Y%m%d").to_string();
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{day}/{region}/sts/aws4_request");
    let headers = format!("host;{CLUSTER}");
    let mut query = vec![
        ("Action", "GetCallerIdentity".to_owned()),
        ("Version", "2011-06-15".to_owned()),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", keys.id)),
        ("X-Amz-Date", time.clone()),
        ("X-Amz-Expires", EXPIRES.to_owned()),
    ];
    if let Some(session) = &keys.session {
        query.push(("X-Amz-Security-Token", session.expose_secret().to_owned()));
    }
    query.push(("X-Amz-SignedHeaders", headers.clone()));
    // The members are in the order that the signature wants.
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    let query = query.join("&");
    let nothing = hex(digest::digest(&digest::SHA256, b"").as_ref());
    let request =
        format!("GET\n/\n{query}\nhost:{host}\n{CLUSTER}:{cluster}\n\n{headers}\n{nothing}");
    let request = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
    let signed = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}");
    let first = format!("AWS4{}", keys.secret.expose_secret());
    let key = [day.as_str(), region, "sts", "aws4_request"]
        .iter()
        .fold(first.into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &signed));
    format!("https://{host}/?{query}&X-Amz-Signature={signature}")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What botocore 1.44, the library of the AWS CLI, signs for the same request at that time.
    const EXPECTED: [(&str, Option<&str>, &str); 2] = [
        (
            "eu-central-1",
            Some("tok/en+with=signs"),
            "f674ad614fd64e26df3f43f02912de7c9d26764f488e75448f2802d2a948ba10",
        ),
        (
            "us-east-1",
            None,
            "295c8c175a128582f411b6167cf9fb95afccff994300ea91d0a42d9318d12e02",
        ),
    ];

    #[test]
    fn the_signature_is_that_of_the_aws_cli() {
        for (region, session, signature) in EXPECTED {
            let keys = Keys {
                id: "AKIDEXAMPLE".to_owned(),
                secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
                session: session.map(|session| session.to_owned().into()),
            };
            let host = format!("sts.{region}.amazonaws.com");
            let now = "2026-01-02T03:04:05Z".parse().unwrap();
            let token = token(&keys, region, &host, "eu", now);
            let encoded = token.expose_secret().strip_prefix("k8s-aws-v1.").unwrap();
            let url = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap();
            let (address, query) = url.split_once('?').unwrap();
            assert_eq!(address, format!("https://{host}/"));
            let query: BTreeSet<&str> = query.split('&').collect();
            assert!(
                query.contains(format!("X-Amz-Signature={signature}").as_str()),
                "{url}"
            );
            assert!(
                query.contains("X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"),
                "{url}"
            );
            assert!(query.contains("X-Amz-Expires=60"), "{url}");
        }
    }
}

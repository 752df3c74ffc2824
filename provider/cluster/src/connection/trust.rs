//! The certificates that an API server is trusted by.

use std::sync::Arc;

use kube::client::ConfigExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5280::ID_KP_SERVER_AUTH;
use x509_cert::ext::pkix::ExtendedKeyUsage;

use super::BuildError;

/// The TLS settings of a client: its own certificate, and the servers that it trusts.
///
/// Without a certificate authority in `config`, the trust store of the machine decides. An image
/// without a trust store, such as that of the Crossplane provider, trusts the public authorities
/// that Mozilla trusts. They are never added to a trust store: its administrator may have limited
/// it.
pub(super) fn client_config(config: &kube::Config) -> Result<ClientConfig, BuildError> {
    // kube refuses to look for a trust store where there is none, so it is kept from looking.
    let mut with_roots = config.clone();
    with_roots.root_cert.get_or_insert_default();
    let mut tls = with_roots.rustls_client_config()?;
    // A file of certificates, which a Pod has, is read again by kube.
    if config.accept_invalid_certs || config.root_cert_file.is_some() {
        return Ok(tls);
    }
    let provider = tls.crypto_provider().clone();
    let verifier = match &config.root_cert {
        Some(given) => Arc::new(Given::new(given, provider)?),
        None => of_this_machine(provider)?,
    };
    tls.dangerous().set_certificate_verifier(verifier);
    Ok(tls)
}

/// The trust store of this machine, or the public authorities if it has none.
fn of_this_machine(
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, BuildError> {
    match rustls_platform_verifier::Verifier::new(provider.clone()) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => {
            tracing::debug!(%error, "the public certificate authorities are trusted");
            let public = RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            };
            Ok(authorities(public, provider)?)
        }
    }
}

fn authorities(
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, BuildError> {
    Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
}

/// Trusts the given certificates, as Go's clients do: as authorities, and each as the certificate
/// of the server itself. The latter counts only for exactly that certificate, while it is valid,
/// and for the names in it.
#[derive(Debug)]
struct Given {
    certificates: Vec<CertificateDer<'static>>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl Given {
    fn new(certificates: &[Vec<u8>], provider: Arc<CryptoProvider>) -> Result<Self, BuildError> {
        let certificates: Vec<CertificateDer<'static>> = certificates
            .iter()
            .map(|certificate| CertificateDer::from(certificate.clone()))
            .collect();
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots
                .add(certificate.clone())
                .map_err(BuildError::CertificateAuthority)?;
        }
        Ok(Given {
            certificates,
            authorities: authorities(roots, provider)?,
        })
    }
}

impl ServerCertVerifier for Given {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if !self.certificates.iter().any(|given| given == end_entity) {
            return self.authorities.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
        }
        usable_now(end_entity, now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

/// Checks what WebPKI checks of a server's certificate besides its issuer and its names: the dates,
/// and that servers may use it.
fn usable_now(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let malformed = |_| CertificateError::BadEncoding;
    let certificate = Certificate::from_der(certificate).map_err(malformed)?;
    let certificate = certificate.tbs_certificate();
    let validity = certificate.validity();
    let not_before = UnixTime::since_unix_epoch(validity.not_before.to_unix_duration());
    let not_after = UnixTime::since_unix_epoch(validity.not_after.to_unix_duration());
    if now < not_before {
        return Err(CertificateError::NotValidYetContext {
            time: now,
            not_before,
        });
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext {
            time: now,
            not_after,
        });
    }
    let purposes = certificate
        .get_extension::<ExtendedKeyUsage>()
        .map_err(malformed)?;
    let serves = |purposes: &[ObjectIdentifier]| purposes.contains(&ID_KP_SERVER_AUTH);
    match purposes {
        Some((_, purposes)) if !serves(&purposes.0) => Err(CertificateError::InvalidPurpose),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

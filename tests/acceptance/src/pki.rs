//! The cluster's own certificates and keys, made anew for each start: P-256,
//! valid for loopback names only.

use std::{fs, io, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Why the certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The generator refused its parameters or has no randomness.
    #[error("certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// The folder cannot be written.
    #[error("writing the certificates: {0}")]
    Write(#[from] io::Error),
}

/// File names below the PKI folder.
pub(crate) const CA: &str = "ca.crt";
pub(crate) const API_CERT: &str = "apiserver.crt";
pub(crate) const API_KEY: &str = "apiserver.key";
pub(crate) const ADMIN_CERT: &str = "admin.crt";
pub(crate) const ADMIN_KEY: &str = "admin.key";
pub(crate) const SERVICE_ACCOUNT_KEY: &str = "service-accounts.key";
pub(crate) const TOKENS: &str = "tokens.csv";
pub(crate) const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "service-accounts.pub";
/// Folder for the admission webhooks of local processes: `ca.crt`, `tls.crt`, `tls.key`.
pub(crate) const WEBHOOKS: &str = "webhooks";

/// What a client needs to know besides the files.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// The certificate authority, PEM.
    pub ca: String,
    /// Administrator's client certificate, PEM.
    pub admin_cert: String,
    /// Its key, PEM.
    pub admin_key: String,
    /// Administrator's bearer token.
    pub token: String,
}

/// Writes the authority, the API server's and the webhooks' certificates, an
/// administrator's client certificate (group `system:masters`), the key that
/// signs service-account tokens, and a token file for the same administrator.
///
/// # Errors
/// See [`PkiError`].
pub(crate) fn write(folder: &Path) -> Result<Secrets, PkiError> {
    fs::create_dir_all(folder.join(WEBHOOKS))?;
    let mut authority = CertificateParams::default();
    authority
        .distinguished_name
        .push(DnType::CommonName, "everest test cluster");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let authority_key = KeyPair::generate()?;
    let ca = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let loopback = || {
        [
            "127.0.0.1",
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "10.96.0.1",
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let server = |name: &str| -> Result<(String, String), PkiError> {
        let mut params = CertificateParams::new(loopback())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &issuer)?.pem(), key.serialize_pem()))
    };

    let mut admin = CertificateParams::default();
    admin.distinguished_name.push(DnType::CommonName, "admin");
    admin
        .distinguished_name
        .push(DnType::OrganizationName, "system:masters");
    admin.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let admin_key_pair = KeyPair::generate()?;
    let admin_cert = admin.signed_by(&admin_key_pair, &issuer)?.pem();
    let admin_key = admin_key_pair.serialize_pem();

    let (api_cert, api_key) = server("kube-apiserver")?;
    let (webhook_cert, webhook_key) = server("webhooks")?;
    // A fresh key's digits are as random as a token needs to be.
    let token = token_of(&KeyPair::generate()?);

    write_file(folder, CA, &ca)?;
    write_file(folder, API_CERT, &api_cert)?;
    write_file(folder, API_KEY, &api_key)?;
    write_file(folder, ADMIN_CERT, &admin_cert)?;
    write_file(folder, ADMIN_KEY, &admin_key)?;
    let service_accounts = KeyPair::generate()?;
    write_file(
        folder,
        SERVICE_ACCOUNT_KEY,
        &service_accounts.serialize_pem(),
    )?;
    write_file(
        folder,
        SERVICE_ACCOUNT_PUBLIC_KEY,
        &service_accounts.public_key_pem(),
    )?;
    write_file(
        folder,
        TOKENS,
        &format!("{token},admin,admin,\"system:masters\"\n"),
    )?;
    let webhooks = folder.join(WEBHOOKS);
    write_file(&webhooks, "ca.crt", &ca)?;
    write_file(&webhooks, "tls.crt", &webhook_cert)?;
    write_file(&webhooks, "tls.key", &webhook_key)?;
    Ok(Secrets {
        ca,
        admin_cert,
        admin_key,
        token,
    })
}

fn token_of(key: &KeyPair) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(key.serialized_der())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn write_file(folder: &Path, name: &str, content: &str) -> io::Result<()> {
    let path = folder.join(name);
    fs::write(&path, content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_written_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = write(folder.path()).unwrap();
        assert_eq!(secrets.token.len(), 64);
        for name in [
            CA,
            API_CERT,
            API_KEY,
            ADMIN_CERT,
            ADMIN_KEY,
            SERVICE_ACCOUNT_KEY,
            TOKENS,
        ] {
            assert!(folder.path().join(name).is_file(), "{name}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(ADMIN_KEY))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0);
        }
    }
}

//! Clients from kubeconfigs that were received as text, from a Secret or a variable, and are not a
//! file of ours.

use kube::config::{AuthInfo, Cluster, Kubeconfig};

use super::identity::Identity;
use super::kubeconfig::{self, Selected};
use super::{ConnectError, ConnectionConfig, client, minted, proxy, settings, shown};

/// The things that a kubeconfig may make this process do besides sending requests.
///
/// A user who may write a kubeconfig into a Secret must not thereby be able to run commands in this
/// process, or to have its files sent to a server of their choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Run the command of a credential plugin or of a legacy auth-provider.
    pub commands: bool,
    /// Read certificates, keys and tokens from files.
    pub files: bool,
}

/// Makes a client from the text of a kubeconfig and one of its contexts, the current one if
/// none is given.
///
/// Of the environment only the proxy's variables are read. Must run inside a tokio runtime.
/// Sends nothing.
///
/// # Errors
/// [`ConnectError`], which never repeats a value of the kubeconfig that may be a secret.
pub fn connect_with(
    text: &str,
    context: Option<&str>,
    trust: Trust,
) -> Result<kube::Client, ConnectError> {
    Ok(client(resolve(select(text, context)?, trust)?)?.client)
}

/// The same, with tokens of `identity` in place of the kubeconfig's user: of the user only whom it
/// impersonates is left. The tokens are minted from the first request on.
///
/// # Errors
/// [`ConnectError`], also if the server could not be told from another one, which would then get
/// the tokens.
pub fn connect_as(
    text: &str,
    context: Option<&str>,
    trust: Trust,
    identity: Identity,
) -> Result<kube::Client, ConnectError> {
    let mut selected = select(text, context)?;
    let minter = identity.of_cluster(&selected);
    selected.user = AuthInfo {
        impersonate: selected.user.impersonate.take(),
        impersonate_uid: selected.user.impersonate_uid.take(),
        impersonate_groups: selected.user.impersonate_groups.take(),
        impersonate_user_extra: selected.user.impersonate_user_extra.take(),
        ..AuthInfo::default()
    };
    let config = resolve(selected, trust)?;
    let server = &config.cluster_url;
    let encrypted = server.scheme_str() == Some("https") && !config.accept_invalid_certs;
    if !encrypted && !server.host().is_some_and(proxy::is_loopback) {
        return Err(ConnectError::Invalid {
            setting: "identity",
            cause: format!(
                "{} is not a server with a certificate that is checked, so it gets no token of an \
                 identity. Use https, with certificate-authority-data and without \
                 insecure-skip-tls-verify",
                shown(server)
            ),
        });
    }
    let server = shown(server);
    minted::client(config, minter).map_err(|error| ConnectError::Client {
        server,
        cause: error.to_string(),
    })
}

fn select(text: &str, context: Option<&str>) -> Result<Selected, ConnectError> {
    // The parser quotes the lines it stumbles over, which may hold a secret.
    let kubeconfig = Kubeconfig::from_yaml(text).map_err(|_| ConnectError::NotAKubeconfig)?;
    let given = ConnectionConfig {
        config_context: context.map(str::to_owned),
        ..ConnectionConfig::default()
    };
    kubeconfig::select(kubeconfig, &given, &|_| None)
}

fn resolve(selected: Selected, trust: Trust) -> Result<kube::Config, ConnectError> {
    if let Some(what) = untrusted(&selected, trust) {
        return Err(ConnectError::NotTrusted { what });
    }
    let environment = |name: &str| std::env::var(name).ok();
    settings::finish(selected, &ConnectionConfig::default(), &environment)
}

/// The first member of a kubeconfig that needs more trust than it has.
fn untrusted(selected: &Selected, trust: Trust) -> Option<&'static str> {
    let Selected { cluster, user, .. } = selected;
    let commands = [
        ("user.exec", user.exec.is_some()),
        ("user.auth-provider", user.auth_provider.is_some()),
    ];
    let found = |list: &[(&'static str, bool)]| {
        list.iter()
            .find_map(|(what, present)| present.then_some(*what))
    };
    let commands = if trust.commands {
        None
    } else {
        found(&commands)
    };
    let files = if trust.files {
        None
    } else {
        found(&files(cluster, user))
    };
    commands.or(files)
}

fn files(cluster: &Cluster, user: &AuthInfo) -> [(&'static str, bool); 4] {
    [
        (
            "cluster.certificate-authority",
            cluster.certificate_authority.is_some(),
        ),
        ("user.client-certificate", user.client_certificate.is_some()),
        ("user.client-key", user.client_key.is_some()),
        ("user.tokenFile", user.token_file.is_some()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubeconfig(cluster: &str, user: &str) -> String {
        format!(
            "current-context: one\n\
             clusters: [{{ name: c, cluster: {{ server: 'https://one.example:6443', {cluster} }} }}]\n\
             users: [{{ name: u, user: {{ {user} }} }}, {{ name: v, user: {{ exec: {{ command: x }} }} }}]\n\
             contexts:\n\
             - {{ name: one, context: {{ cluster: c, user: u }} }}\n\
             - {{ name: two, context: {{ cluster: c, user: v }} }}\n"
        )
    }

    fn refused(text: &str, context: Option<&str>, trust: Trust) -> String {
        connect_with(text, context, trust)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[tokio::test]
    async fn a_received_kubeconfig_runs_no_command_unless_it_is_trusted_with_that() {
        for user in [
            "exec: { command: /bin/true, apiVersion: client.authentication.k8s.io/v1 }",
            "auth-provider: { name: gcp, config: { cmd-path: /bin/true } }",
        ] {
            let text = kubeconfig("", user);
            assert!(refused(&text, None, Trust::default()).contains("user."));
            let trust = Trust {
                commands: true,
                files: false,
            };
            assert_eq!(refused(&text, None, trust), "");
        }
    }

    #[tokio::test]
    async fn a_received_kubeconfig_reads_no_file_unless_it_is_trusted_with_that() {
        for (cluster, user, what) in [
            (
                "certificate-authority: /etc/hostname",
                "token: t",
                "cluster.certificate-authority",
            ),
            ("", "tokenFile: /etc/hostname", "user.tokenFile"),
            (
                "",
                "client-certificate: /etc/hostname, client-key-data: eA==",
                "user.client-certificate",
            ),
            (
                "",
                "client-certificate-data: eA==, client-key: /etc/hostname",
                "user.client-key",
            ),
        ] {
            let said = refused(&kubeconfig(cluster, user), None, Trust::default());
            assert!(said.contains(what), "{what}: {said}");
        }
    }

    #[tokio::test]
    async fn only_the_selected_context_counts() {
        let text = kubeconfig("", "token: t");
        assert_eq!(refused(&text, None, Trust::default()), "");
        assert!(refused(&text, Some("two"), Trust::default()).contains("user.exec"));
        assert!(refused(&text, Some("three"), Trust::default()).contains("one, two"));
    }

    #[test]
    fn text_that_is_no_kubeconfig_is_not_repeated() {
        let said = refused("token: [hush-hush", None, Trust::default());
        assert!(!said.is_empty() && !said.contains("hush"), "{said}");
    }
}

//! Identities of Entra ID, for AKS.

use http::Uri;
use secrecy::{ExposeSecret, SecretString};

use super::exchange::{self, Exchange, Granted};
use super::{Environment, Given, Members, MintError, Token};

/// The application in Entra ID that stands for the API servers of AKS, the same in all clusters.
const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// The server of Entra ID in the public cloud.
const PUBLIC: &str = "https://login.microsoftonline.com";

/// The servers of Entra ID, which received credentials are sent to.
const SERVERS: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// Where the webhook of Workload ID mounts the token of a pod's ServiceAccount.
const FEDERATED: &str = "/var/run/secrets/azure/tokens/azure-identity-token";

/// An application or managed identity in Entra ID.
pub(super) struct Application {
    tenant: String,
    client: String,
    /// The application that tokens are for, if the credentials name it.
    server_id: Option<String>,
    server: Uri,
    proof: Proof,
}

/// What proves that the identity is ours.
enum Proof {
    Secret(SecretString),
    /// A file with a token of the pod's ServiceAccount. The kubelet renews it.
    Federated(String),
}

impl Application {
    /// A service principal with a secret.
    pub(super) fn with_secret(given: &Given, environment: &Environment) -> Result<Self, String> {
        let members = match given {
            Given::OfThePod => {
                return Err("the provider's pod has no service principal".to_owned());
            }
            Given::Local(text) | Given::Received(text) => Members::parse(text)?,
        };
        if members.get("clientSecret").is_none() && members.get("clientCertificate").is_some() {
            return Err(
                "a \"clientCertificate\" is not supported: use a \"clientSecret\", or the type \
                 AzureWorkloadIdentityCredentials"
                    .to_owned(),
            );
        }
        Ok(Application {
            tenant: tenant(members.required("tenantId")?)?,
            client: members.required("clientId")?.to_owned(),
            server_id: members.get("serverId").map(str::to_owned),
            server: server(&members, given, environment)?,
            proof: Proof::Secret(members.required("clientSecret")?.to_owned().into()),
        })
    }

    /// An identity that trusts the pod's ServiceAccount. What the credentials omit is in the pod's
    /// environment, where the webhook of Workload ID puts it.
    pub(super) fn federated(given: &Given, environment: &Environment) -> Result<Self, String> {
        let members = match given {
            Given::OfThePod => Members(serde_json::Value::Null),
            Given::Local(text) | Given::Received(text) => Members::parse(text)?,
        };
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let either = |member: &str, variable: &str| {
            let given = members.get(member).map(str::to_owned);
            given.or_else(|| set(variable)).ok_or_else(|| {
                format!(
                    "{member:?} is not given, and {variable} is not set in the provider's \
                     container: give its ServiceAccount the annotation \
                     azure.workload.identity/client-id and its pod the label \
                     azure.workload.identity/use: \"true\""
                )
            })
        };
        let of_pod = set("AZURE_FEDERATED_TOKEN_FILE").unwrap_or_else(|| FEDERATED.to_owned());
        let file = members.get("federatedTokenFile").unwrap_or(&of_pod);
        if matches!(given, Given::Received(_)) && file != of_pod {
            return Err(format!(
                "its \"federatedTokenFile\" is not {of_pod}: credentials in a Secret name no \
                 other file of the provider's container"
            ));
        }
        Ok(Application {
            tenant: tenant(&either("tenantId", "AZURE_TENANT_ID")?)?,
            client: either("clientId", "AZURE_CLIENT_ID")?,
            server_id: members.get("serverId").map(str::to_owned),
            server: server(&members, given, environment)?,
            proof: Proof::Federated(file.to_owned()),
        })
    }

    /// Mints a token for the API server that `server_id` stands for, if the credentials do not say
    /// which.
    pub(super) async fn mint(
        &self,
        server_id: Option<&str>,
        environment: &Environment,
    ) -> Result<Token, MintError> {
        let base = self.server.to_string();
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            base.trim_end_matches('/'),
            self.tenant
        );
        let url: Uri = url.parse().map_err(|error| MintError {
            cause: format!("the address of the tenant is not valid: {error}"),
            remedy: "Correct tenantId".to_owned(),
        })?;
        let server_id = self.server_id.as_deref().or(server_id).unwrap_or(AKS);
        let scope = format!("{server_id}/.default");
        let mut members = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client),
            ("scope", &scope),
        ];
        let proof = match &self.proof {
            Proof::Secret(secret) => secret.clone(),
            Proof::Federated(file) => of_service_account(file).await?,
        };
        let remedy = match &self.proof {
            Proof::Secret(_) => {
                members.push(("client_secret", proof.expose_secret()));
                "Check tenantId and clientId, and renew clientSecret"
            }
            Proof::Federated(_) => {
                members.push((
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ));
                members.push(("client_assertion", proof.expose_secret()));
                "Check tenant and client, and that the identity has a federated credential for \
                 the provider's ServiceAccount (system:serviceaccount:NAMESPACE:NAME)"
            }
        };
        let exchange = Exchange {
            remedy,
            secrets: &[proof.expose_secret()],
            environment,
        };
        let granted: Granted = exchange.send(exchange::post(&url, &members)).await?;
        Ok(granted.into())
    }
}

/// Checks a tenant, which becomes part of an address.
fn tenant(given: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match given.chars().all(plain) {
        true => Ok(given.to_owned()),
        false => Err("its \"tenantId\" is neither an id nor a domain".to_owned()),
    }
}

/// The server of Entra ID.
fn server(members: &Members, given: &Given, environment: &Environment) -> Result<Uri, String> {
    let of_pod = environment("AZURE_AUTHORITY_HOST").filter(|url| !url.is_empty());
    let of_pod = of_pod.unwrap_or_else(|| PUBLIC.to_owned());
    let named = members.get("authorityHost").unwrap_or(&of_pod);
    let server =
        exchange::server(named).map_err(|cause| format!("its \"authorityHost\" {cause}"))?;
    let known = server.scheme_str() == Some("https")
        && server.host().is_some_and(|host| SERVERS.contains(&host));
    if matches!(given, Given::Received(_)) && !known && named != of_pod {
        return Err(format!(
            "its \"authorityHost\" is not a server of Entra ID, such as {PUBLIC}: credentials in a \
             Secret are sent nowhere else"
        ));
    }
    Ok(server)
}

async fn of_service_account(path: &str) -> Result<SecretString, MintError> {
    let read = tokio::fs::read_to_string(path).await;
    let text = read.map_err(|error| MintError {
        cause: format!("the token of the ServiceAccount, {path}, cannot be read: {error}"),
        remedy:
            "Give the provider's pod the label azure.workload.identity/use: \"true\", or mount \
                 a token for the audience api://AzureADTokenExchange"
                .to_owned(),
    })?;
    Ok(text.trim().to_owned().into())
}

#[cfg(test)]
mod tests;

//! S3 keys given inline, which go into a Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::review::Refusal;
use crate::cluster::{Cluster, EVEREST_OPERATOR};
use crate::kinds;
use crate::object::{Key, text};

/// Moves `accessKeyId` and `secretAccessKey` of an S3 block into the Secret it
/// names, and blanks them. Both or neither; base64 both or neither.
pub async fn move_to_secret(
    cluster: &Cluster,
    namespace: &str,
    s3: &mut Value,
) -> Result<(), Refusal> {
    let id = text(s3, "/accessKeyId").to_owned();
    let secret = text(s3, "/secretAccessKey").to_owned();
    if id.is_empty() && secret.is_empty() {
        return Ok(());
    }
    if id.is_empty() || secret.is_empty() {
        return Err(Refusal::forbidden(
            "accessKeyId and secretAccessKey must be given together",
        ));
    }
    let encoded = match (
        STANDARD.decode(&id).is_ok(),
        STANDARD.decode(&secret).is_ok(),
    ) {
        (true, true) => (id, secret),
        (false, false) => (STANDARD.encode(id), STANDARD.encode(secret)),
        _ => {
            return Err(Refusal::forbidden(
                "accessKeyId and secretAccessKey must both be base64 or both not",
            ));
        }
    };
    let key = Key::new(namespace, text(s3, "/credentialsSecretName"));
    let data = json!({"data": {
        "AWS_ACCESS_KEY_ID": encoded.0,
        "AWS_SECRET_ACCESS_KEY": encoded.1,
    }});
    cluster
        .merge(&kinds::SECRET, EVEREST_OPERATOR, &key, data)
        .await?;
    if let Some(s3) = s3.as_object_mut() {
        s3.remove("accessKeyId");
        s3.remove("secretAccessKey");
    }
    Ok(())
}

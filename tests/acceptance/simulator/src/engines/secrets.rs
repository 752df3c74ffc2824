//! Secrets with the database's users.

use aws_lc_rs::rand;
use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, Error};
use crate::engine::Engine;
use crate::kinds;
use crate::object::{self, at, text};

/// Name of the Secret that the engine's object names for its users.
pub fn name_in(engine: Engine, engine_cr: &DynamicObject) -> &str {
    let pointer = match engine {
        Engine::Pxc => "/spec/secretsName",
        Engine::Psmdb => "/spec/secrets/users",
        Engine::Postgresql => "/spec/users/0/secretName",
    };
    text(&engine_cr.data, pointer)
}

/// A random password of letters and digits.
pub fn password() -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = [0_u8; 20];
    if rand::fill(&mut bytes).is_err() {
        return "not-random-not-secret".to_owned();
    }
    bytes
        .iter()
        .map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()]))
        .collect()
}

/// All keys the engine wants, with new passwords.
fn keys(engine: Engine, name: &str, namespace: &str) -> Map<String, Value> {
    let mut keys = Map::new();
    for (key, _) in engine.secret_keys() {
        let value = match key
            .strip_prefix("MONGODB_")
            .and_then(|k| k.strip_suffix("_USER"))
        {
            Some(user) => {
                let words: Vec<String> = user
                    .split('_')
                    .map(|word| {
                        let (first, rest) = word.split_at(1);
                        format!("{first}{}", rest.to_lowercase())
                    })
                    .collect();
                let joined = words.join("");
                let (first, rest) = joined.split_at(1);
                format!("{}{rest}", first.to_lowercase())
            }
            None => password(),
        };
        keys.insert((*key).to_owned(), value.into());
    }
    if engine == Engine::Postgresql {
        let password = password();
        let host = format!("{name}-primary.{namespace}.svc");
        let bouncer = format!("{name}-pgbouncer.{namespace}.svc");
        for (key, value) in [
            ("dbname", name.to_owned()),
            ("host", host.clone()),
            ("port", "5432".to_owned()),
            ("user", "postgres".to_owned()),
            ("password", password.clone()),
            ("verifier", format!("SCRAM-SHA-256$4096:{password}")),
            (
                "uri",
                format!("postgresql://postgres:{password}@{host}:5432/{name}"),
            ),
            ("pgbouncer-host", bouncer.clone()),
            ("pgbouncer-port", "5432".to_owned()),
            (
                "pgbouncer-uri",
                format!("postgresql://postgres:{password}@{bouncer}:5432/{name}"),
            ),
        ] {
            keys.insert(key.to_owned(), value.into());
        }
    }
    keys
}

/// Makes the users' Secret, or adds the keys it lacks.
pub async fn ensure(
    cluster: &Cluster,
    engine: Engine,
    engine_cr: &DynamicObject,
) -> Result<(), Error> {
    let namespace = engine_cr.namespace().unwrap_or_default();
    let name = name_in(engine, engine_cr);
    let mut wanted = keys(engine, &engine_cr.name_any(), &namespace);
    match cluster.read(&kinds::SECRET, &namespace, name).await? {
        None => {
            let made = object::new(
                &kinds::SECRET,
                &namespace,
                name,
                json!({"type": "Opaque", "stringData": wanted}),
            );
            cluster
                .create(&kinds::SECRET, engine.operator(), &made)
                .await
        }
        Some(mut found) => {
            wanted.retain(|key, _| at(&found.data, "/data")[key].is_null());
            if wanted.is_empty() {
                return Ok(());
            }
            found.data["stringData"] = wanted.into();
            cluster
                .update(&kinds::SECRET, engine.operator(), &found)
                .await?;
            Ok(())
        }
    }
}

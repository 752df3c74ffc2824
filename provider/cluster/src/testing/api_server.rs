//! Clusters in the process: one that keeps what is written to it, with operators that a test
//! plays, and one whose every answer a test makes up.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};
use test_apiserver::ApiServer;
use test_apiserver::scripted;
pub(crate) use test_apiserver::scripted::{Answer, Seen, absent, failure, list, writes};

use crate::{Catalog, Cluster};

/// A cluster whose API server is `answer(method, path with query, body)`.
pub(crate) fn cluster(
    answer: impl Fn(&str, &str, &Value) -> Answer + Send + Sync + 'static,
) -> (Cluster, Seen) {
    let (client, seen) = scripted::client(answer);
    (Cluster::new(client, Catalog::default()), seen)
}

/// Objects by the path they are served at.
pub(crate) type Objects = std::collections::BTreeMap<String, Value>;

/// The namespaces that tests are about, as Everest has them.
const NAMESPACES: [&str; 2] = ["prod", "n"];

/// A cluster that keeps what is written to it, with the namespaces `prod` and `n` and these objects.
/// `react` plays its controllers: it is called after every write with the method and the path.
pub(crate) fn store(
    objects: Objects,
    react: impl Fn(&mut Objects, &str, &str) + Send + Sync + 'static,
) -> (Cluster, Seen, Held) {
    let server = server();
    for name in NAMESPACES {
        server.put(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
            "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        );
    }
    furnished(server, objects, react)
}

/// A [`store`] without a namespace, unless it is among the objects.
pub(crate) fn bare(
    objects: Objects,
    react: impl Fn(&mut Objects, &str, &str) + Send + Sync + 'static,
) -> (Cluster, Seen, Held) {
    furnished(server(), objects, react)
}

fn server() -> ApiServer {
    ApiServer::new().with_everest().with_engines()
}

/// Plays operators that let everything go that is deleted.
pub(crate) fn letting_go(objects: &mut Objects, method: &str, path: &str) {
    if method == "DELETE" {
        objects.remove(path);
    }
}

fn furnished(
    server: ApiServer,
    objects: Objects,
    react: impl Fn(&mut Objects, &str, &str) + Send + Sync + 'static,
) -> (Cluster, Seen, Held) {
    let held = Held {
        hidden: server.all().into_keys().collect(),
        server: server.clone(),
    };
    held.lock().unwrap().extend(objects);
    let reacts = held.clone();
    server.react(move |_, asked| {
        react(&mut reacts.lock().unwrap(), &asked.method, &asked.path);
    });
    let process = server.process();
    let cluster = Cluster::new(process.client(), Catalog::default());
    (cluster, process.seen(), held)
}

/// The objects of a [`store`].
#[derive(Clone)]
pub(crate) struct Held {
    server: ApiServer,
    /// The objects that existed before the test's objects.
    hidden: Vec<String>,
}

impl Held {
    /// The server that holds them.
    pub(crate) fn server(&self) -> &ApiServer {
        &self.server
    }

    /// The objects as they are now. What is changed of them is stored when the view is dropped.
    pub(crate) fn lock(&self) -> Result<View, std::convert::Infallible> {
        let mut objects = self.server.all();
        objects.retain(|path, _| !self.hidden.contains(path));
        Ok(View {
            server: self.server.clone(),
            before: objects.clone(),
            objects,
        })
    }
}

/// A view of the objects of a [`store`].
pub(crate) struct View {
    server: ApiServer,
    before: Objects,
    objects: Objects,
}

impl Deref for View {
    type Target = Objects;

    fn deref(&self) -> &Objects {
        &self.objects
    }
}

impl DerefMut for View {
    fn deref_mut(&mut self) -> &mut Objects {
        &mut self.objects
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let (before, after) = (&self.before, std::mem::take(&mut self.objects));
        if *before == after || std::thread::panicking() {
            return;
        }
        self.server.edit(|objects| {
            objects.retain(|path, _| !before.contains_key(path) || after.contains_key(path));
            let changed = after.into_iter();
            objects.extend(changed.filter(|(path, object)| before.get(path) != Some(object)));
        });
    }
}

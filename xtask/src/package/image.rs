//! The image of a package for one platform: a layer with the program, where the
//! package has one, and a layer with `package.yaml`, which core finds by its
//! annotation without unpacking the program.

use serde_json::{Value, json};

use super::{
    binary::{Architecture, FILE},
    blob::{Blob, Layer},
    content::Content,
};

/// Annotation of the layer with `package.yaml`, and what it says.
const ANNOTATION: (&str, &str) = ("io.crossplane.xpkg", "base");
/// The user that Crossplane runs packages as.
const USER: &str = "2000";

/// The program for one platform.
#[derive(Debug)]
pub(super) struct Program {
    pub architecture: Architecture,
    pub layer: Layer,
}

/// A package for one platform.
#[derive(Debug)]
pub(super) struct Image {
    /// The platform; none for a package without a program.
    pub architecture: Option<Architecture>,
    pub config: Blob,
    pub manifest: Blob,
    pub layers: Vec<Layer>,
}

impl Image {
    /// The image of `content` with its `package.yaml` layer, and the program
    /// with the sub-command that it starts with.
    pub fn new(content: &Content, base: Layer, program: Option<(&Program, &str)>) -> Self {
        let label = format!("{}:{}", ANNOTATION.0, base.blob.digest);
        // An archive on disk cannot annotate layers: the label says it there.
        let mut config = json!({ "Labels": { label: ANNOTATION.1 } });
        for (key, value) in content.labels() {
            config["Labels"][key] = json!(value);
        }
        let mut layers = Vec::new();
        if let Some((program, command)) = program {
            config["User"] = json!(USER);
            config["Entrypoint"] = json!([format!("/{FILE}"), command]);
            layers.push(program.layer.clone());
        }
        layers.push(base);
        let architecture = program.map(|(program, _)| program.architecture);
        let config = Blob::new(
            json!({
                "architecture": architecture.unwrap_or(Architecture::Amd64).name(),
                "os": "linux",
                "config": config,
                "rootfs": {
                    "type": "layers",
                    "diff_ids": layers.iter().map(|layer| &layer.uncompressed).collect::<Vec<_>>(),
                },
            })
            .to_string()
            .into_bytes(),
        );
        let last = layers.len() - 1;
        let described: Vec<Value> = layers
            .iter()
            .enumerate()
            .map(|(at, layer)| {
                let mut described =
                    descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &layer.blob);
                if at == last {
                    described["annotations"] = json!({ ANNOTATION.0: ANNOTATION.1 });
                }
                described
            })
            .collect();
        let manifest = Blob::new(
            json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
                "layers": described,
            })
            .to_string()
            .into_bytes(),
        );
        Self {
            architecture,
            config,
            manifest,
            layers,
        }
    }

    /// Name of the package's file for this platform.
    pub fn file_name(&self, content: &Content) -> String {
        let platform = self
            .architecture
            .map(|architecture| format!("-linux-{}", architecture.name()))
            .unwrap_or_default();
        format!("{}-{}{platform}.xpkg", content.name, content.tag)
    }
}

/// Media type of an image's manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// How one blob speaks of another.
pub(super) fn descriptor(media_type: &str, blob: &Blob) -> Value {
    json!({ "mediaType": media_type, "digest": blob.digest, "size": blob.content.len() })
}

//! `MonitoringConfig`: a MonitoringConfig of Everest's and the Secret with its API key.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::MonitoringConfigModel;

/// A monitoring configuration as a managed resource.
pub type MonitoringConfig = Managed<MonitoringConfigModel>;

impl ManagedModel for MonitoringConfigModel {
    const KIND: &'static str = "MonitoringConfig";
    const PLURAL: &'static str = "everestmonitoringconfigs";
    const DOC: &'static str = "A monitoring server that the databases of its namespace report to.";
    const SHAPE: Shape = Shape {
        required: &["type"],
        left_out: &["apiKeyWoVersion", "forceConflicts", "timeouts"],
        descriptions: &[
            (
                "namespace",
                "Namespace whose databases report to the server, in their cluster. Default: the \
                 managed resource's namespace.",
            ),
            (
                "inUse",
                "`true` while a database reports to the server. The configuration cannot be \
                 deleted then.",
            ),
        ],
        secret: Some(
            "The Secret, in the managed resource's namespace, with the server's API key under the \
             key `apiKey`. The provider copies it into the Secret that Everest reads, and again \
             when it changes; a database gets a changed key when Everest next reconciles it. Omitted: that Secret must exist and is not changed.",
        ),
        columns: &[
            Column::new("TYPE", "type"),
            Column::new("URL", "pmm.url"),
            Column::new("IN-USE", "inUse"),
            Column::wide("VERSION", "serverVersion"),
        ],
    };

    fn set_location(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        self.name = name.into();
    }
}

//! `SplitHorizonDNSConfig`: a SplitHorizonDNSConfig of Everest's and the Secret with its authority.

use super::resource::{Column, Managed, ManagedModel, Shape};
use crate::models::SplitHorizonDnsConfigModel;

/// A split-horizon DNS configuration as a managed resource.
pub type SplitHorizonDnsConfig = Managed<SplitHorizonDnsConfigModel>;

impl ManagedModel for SplitHorizonDnsConfigModel {
    const KIND: &'static str = "SplitHorizonDNSConfig";
    const PLURAL: &'static str = "everestsplithorizondnsconfigs";
    const DOC: &'static str =
        "Public host names for the pods of MongoDB databases of its namespace.";
    const SHAPE: Shape = Shape {
        required: &["baseDomainNameSuffix"],
        left_out: &["caKeyWoVersion", "forceConflicts", "timeouts"],
        descriptions: &[
            (
                "namespace",
                "Namespace whose databases use the configuration, in their cluster. Default: the \
                 managed resource's namespace.",
            ),
            (
                "inUse",
                "`true` while a database uses the configuration. It can be neither changed nor \
                 deleted then.",
            ),
        ],
        secret: Some(
            "The Secret, in the managed resource's namespace, with the certificate and the RSA \
             private key of the authority, as PEM text under the keys `ca.crt` and `ca.key`. The \
             provider copies them into the Secret that Everest reads, and again when they change. \
             Omitted: that Secret must exist and is not changed.",
        ),
        columns: &[
            Column::new("SUFFIX", "baseDomainNameSuffix"),
            Column::new("IN-USE", "inUse"),
        ],
    };

    fn set_location(&mut self, namespace: &str, name: &str) {
        if self.namespace.is_null() {
            self.namespace = namespace.into();
        }
        self.name = name.into();
    }
}

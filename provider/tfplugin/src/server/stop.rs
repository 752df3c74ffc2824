//! StopProvider: the user pressed Ctrl-C. Waiting calls return with the result so far. The server
//! keeps answering, because Terraform still waits for calls in progress. A later run is not
//! stopped.

use super::Run;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

impl<P: Provider> Run<P> {
    pub(super) async fn stop_provider(
        &self,
        _: wire::stop_provider::Request,
    ) -> wire::stop_provider::Response {
        tracing::info!("asked to stop: waits end with what they have");
        self.stop.cancel();
        wire::stop_provider::Response::default()
    }
}

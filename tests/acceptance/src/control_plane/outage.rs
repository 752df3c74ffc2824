//! An API server that fails and comes back.

use super::{API_SERVER, ControlPlane, StartError, client, system};
use crate::process::Process;

impl ControlPlane {
    /// Ends the API server as a machine that fails would: nobody answers at its address any
    /// more. What it has stored stays.
    ///
    /// # Errors
    /// When this process has not started the cluster, or the server has ended already.
    pub fn stop_api_server(&mut self) -> Result<(), StartError> {
        self.api_server()?.kill().map_err(system(API_SERVER))
    }

    /// Starts it again at the same address, and returns when it is ready.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn resume_api_server(&mut self) -> Result<(), StartError> {
        let server = self.api_server()?;
        let before = server.identity.clone();
        server.start_again().map_err(system(API_SERVER))?;
        let now = server.identity.clone();
        for known in &mut self.state.processes {
            if *known == before {
                known.clone_from(&now);
            }
        }
        self.save()?;
        let client = client(&self.state.kubeconfig).await?;
        self.answers(&client).await
    }

    fn api_server(&mut self) -> Result<&mut Process, StartError> {
        let mut processes = self.processes.iter_mut();
        processes
            .find(|process| process.identity.name == API_SERVER)
            .ok_or_else(|| system(API_SERVER)(std::io::ErrorKind::NotFound.into()))
    }
}

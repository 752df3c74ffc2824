//! The function as Crossplane calls it.

use function_sdk_rust::proto::v1::function_runner_service_server::FunctionRunnerService;
use function_sdk_rust::proto::v1::{RunFunctionRequest, RunFunctionResponse};
use tonic::{Request, Response, Status};

use super::respond::respond;

/// Answers requests one by one; it keeps nothing between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Function;

#[async_trait::async_trait]
impl FunctionRunnerService for Function {
    async fn run_function(
        &self,
        request: Request<RunFunctionRequest>,
    ) -> Result<Response<RunFunctionResponse>, Status> {
        let request = request.into_inner();
        let response = respond(&request);
        tracing::debug!(
            tag = request.meta.as_ref().map(|meta| meta.tag.as_str()),
            results = response.results.len(),
            "answered"
        );
        Ok(Response::new(response))
    }
}

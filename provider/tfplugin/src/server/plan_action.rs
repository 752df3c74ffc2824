//! PlanAction.

use super::{Run, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;

type Request = wire::plan_action::Request;
type Response = wire::plan_action::Response;

impl<P: Provider> Run<P> {
    pub(super) async fn plan_action(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.action_planned(&request, &mut diags).await {
            Ok(deferred) => Response {
                diagnostics: diags.into_wire(),
                deferred,
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                deferred: None,
            },
        }
    }

    async fn action_planned(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<Option<wire::Deferred>, Diagnostic> {
        let (action, shape) = self.actions.get(&request.action_type)?;
        let cx = self.context(request.client_capabilities.as_ref());
        let config = shape.decode(request.config.as_ref())?;
        action.plan(shape.object(), &config, &cx, diags).await?;
        Ok(cx.deferred_wire())
    }
}

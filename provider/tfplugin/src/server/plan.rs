//! PlanResourceChange: creation, update, replacement and destruction.

use super::{Run, checked, stopped, unread};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::planning::check::Planned;
use crate::private::Private;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::resource::PlanRequest;
use crate::value::Value;

type Request = wire::plan_resource_change::Request;
type Response = wire::plan_resource_change::Response;

impl<P: Provider> Run<P> {
    /// 1. If the configuration is null, the plan is a destruction, which the resource may refuse.
    ///    An object that was imported or moved but never read is not destroyed, changed or replaced
    ///    ([`unread`]).
    /// 2. The crate's rules make a plan from the configuration and the prior state
    ///    ([`planning::propose`]).
    /// 3. If an earlier wait ended early, the pending outputs become unknown
    ///    ([`planning::resume`]).
    /// 4. The resource adjusts the plan.
    /// 5. Replacements are determined: by the schema ([`planning::replacements`]) and by the
    ///    resource.
    /// 6. The identity is the prior identity, or that of the new object.
    /// 7. In development builds, the plan is checked against Terraform's rules
    ///    ([`planning::check`]).
    /// 8. Promises about unknown values are added ([`planning::promise`]).
    pub(super) async fn plan_resource_change(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.planned(&request, &mut diags).await {
            Ok(response) => Response {
                diagnostics: diags.into_wire(),
                ..response
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                ..Default::default()
            },
        }
    }

    async fn planned(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<Response, Diagnostic> {
        let (resource, shape) = self.managed(&request.type_name)?;
        let object = shape.object();
        let cx = self.context(request.client_capabilities.as_ref());
        let config = shape.decode(request.config.as_ref())?;
        let prior = shape.decode(request.prior_state.as_ref())?;
        // The plan of what comes in the place of an object has the private state of that object.
        let stored = super::private(&request.prior_private)?;
        if super::is_null(request.proposed_new_state.as_ref()) {
            if stored.is_unread() {
                return Err(unread::not_destroyed(&request.type_name));
            }
            resource
                .plan_destroy(object, &prior, &stored, &cx, diags)
                .await?;
            return Ok(Response {
                planned_state: Some(shape.encode(&Value::Null)?),
                planned_private: request.prior_private.clone(),
                planned_identity: request.prior_identity.clone(),
                deferred: cx.deferred_wire(),
                ..Default::default()
            });
        }
        let prior = Some(prior).filter(|prior| !prior.is_null());
        let is_unread = stored.is_unread();
        // What was noted of an object that is to be replaced says nothing about the next one. It is
        // kept beside, for a destruction that fails.
        let own = stored.kept();
        let mut private = Private::default();
        if prior.is_some() {
            private.clone_from(&own);
        } else if own != private {
            private.set_replaced(&own);
        }
        private.overlay(&super::private(&request.planned_private)?);

        let same = |kind: &str, a: &str, b: &str| resource.semantically_equal(kind, a, b);
        let mut planned =
            planning::propose(object, &config, prior.as_ref(), private.configured(), &same);
        let changed = prior.as_ref() != Some(&planned);
        let resumes = prior.is_some() && private.pending().is_some();
        if is_unread
            && (changed || resumes)
            && let Some(error) = unread::not_planned(&request.type_name, &cx)
        {
            return Err(error);
        }
        if resumes {
            planning::resume(&mut planned, resource.pending_outputs());
        }
        private.plan_configured(planning::configured(object, &config));

        let asked = PlanRequest {
            config: &config,
            prior: prior.as_ref(),
            planned,
            private,
            changed,
            resumes,
        };
        let adjusted = resource.plan(object, asked, &cx, diags).await?;
        let mut replace = adjusted.replace;
        if let Some(prior) = &prior {
            replace.extend(planning::replacements(object, prior, &adjusted.planned));
        }
        replace.sort();
        replace.dedup();
        // The resource may have made a change of it.
        if is_unread
            && prior.as_ref() != Some(&adjusted.planned)
            && let Some(error) = unread::not_planned(&request.type_name, &cx)
        {
            return Err(error);
        }
        let answer = Planned {
            prior: prior.as_ref().unwrap_or(&Value::Null),
            config: &config,
            planned: &adjusted.planned,
            replace: &replace,
        };
        checked::plan(object, answer, &request.type_name, diags);
        let mut private = adjusted.private;
        if prior.is_some() && !replace.is_empty() {
            private.set_replaced(&own);
        }
        let mut planned = adjusted.planned;
        planning::hide(object, &mut planned);
        let planned_identity = match &shape.identity {
            None => None,
            Some(identity) if prior.is_none() || !replace.is_empty() => identity.tell(&planned)?,
            Some(identity) => identity.keep(resource, request.prior_identity.as_ref(), &planned)?,
        };
        planning::promise(object, &mut planned, adjusted.promises);
        // Validation may have said as much.
        self.told
            .once(&request.type_name, request.config.as_ref(), diags);
        Ok(Response {
            planned_state: Some(shape.encode(&planned)?),
            requires_replace: replace.iter().filter_map(|path| path.to_wire()).collect(),
            planned_private: private.to_bytes().into(),
            planned_identity,
            deferred: cx.deferred_wire(),
            ..Default::default()
        })
    }
}

//! ReadDataSource.

use std::collections::BTreeSet;

use super::{Run, stopped};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::planning;
use crate::proto::tfplugin6 as wire;
use crate::provider::Provider;
use crate::schema::Object;
use crate::value::Value;

type Request = wire::read_data_source::Request;
type Response = wire::read_data_source::Response;

/// The configuration with its defaults, in which the results are unknown.
pub(super) fn asked(object: &Object, config: &Value) -> Value {
    planning::propose(object, config, None, &BTreeSet::new(), &|_, a, b| a == b)
}

impl<P: Provider> Run<P> {
    pub(super) async fn read_data_source(&self, request: Request) -> Response {
        let mut diags = Diagnostics::new();
        match self.found(&request, &mut diags).await {
            Ok((state, deferred)) => Response {
                state,
                diagnostics: diags.into_wire(),
                deferred,
            },
            Err(why) => Response {
                diagnostics: stopped(diags, why),
                ..Default::default()
            },
        }
    }

    async fn found(
        &self,
        request: &Request,
        diags: &mut Diagnostics,
    ) -> Result<(Option<wire::DynamicValue>, Option<wire::Deferred>), Diagnostic> {
        let (source, shape) = self.data_sources.get(&request.type_name)?;
        let object = shape.object();
        let cx = self.later_context(request.client_capabilities.as_ref());
        let asked = asked(object, &shape.decode(request.config.as_ref())?);
        let given = asked.clone().with_unknown_as_null();
        let found = source.read(object, &given, &cx, diags).await;
        if let Some(deferred) = cx.deferred_wire() {
            return Ok((Some(shape.encode(&asked)?), Some(deferred)));
        }
        let state = planning::fill(object, &asked, &found?);
        Ok((Some(shape.encode(&state)?), None))
    }
}

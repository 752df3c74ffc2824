//! Rules for restarts.

use everest_schemas::models::DatabaseModel;

use crate::path::FieldPath;
use crate::restart;
use crate::rules::findings::Findings;
use crate::rules::table::database::RESTART_RUNNING;

pub(super) fn check(planned: &DatabaseModel, prior: &DatabaseModel, findings: &mut Findings) {
    let asked = planned.restart_trigger.is_known() && restart::is_asked(prior, planned);
    if asked && restart::is_paused(planned) == Some(true) {
        findings.error(
            &RESTART_RUNNING,
            FieldPath::of("restartTrigger"),
            "The database is paused and cannot be restarted",
        );
    }
}

//! The bodies that a change of a database sends.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use serde_json::{Value, json};

use crate::lifecycle::Agreed;
use crate::upgrade::settled;
use crate::{Operation, restart, storage_class, v1};

/// The bodies of a planned change.
#[derive(Clone, Debug)]
pub struct Bodies {
    /// The body made from the plan, with versions that can be sent.
    pub planned: Value,
    configured: Value,
    /// The body made from the state that the plan started from.
    pub prior: Value,
    agreed_to_all: bool,
    uid: Option<String>,
}

impl Bodies {
    /// The bodies of a change of `live`.
    pub fn of(
        prior: &DatabaseModel,
        planned: &DatabaseModel,
        config: &DatabaseModel,
        live: &DatabaseCluster,
    ) -> Self {
        let settled = |model| v1::database::desired(&settled(model, live), Operation::Update);
        Self {
            planned: settled(planned),
            configured: v1::database::desired(config, Operation::Update),
            prior: settled(prior),
            agreed_to_all: planned.force_conflicts.known() == Some(&true),
            uid: prior
                .uid
                .known()
                .cloned()
                .or_else(|| live.metadata.uid.clone()),
        }
    }

    /// The fields of other managers that the change may overwrite.
    pub fn agreed(&self) -> Agreed {
        Agreed::of(self.agreed_to_all, &self.prior)
    }

    /// Returns true if the change reaches the spec of the database.
    pub fn changes_the_spec(&self) -> bool {
        self.planned["spec"] != self.prior["spec"]
    }

    /// The body to send for the object as it is now. Values that the configuration leaves to the
    /// operators are not in it, see [`v1::ownership::ours`], nor is a storage class that the object
    /// does not name, see [`storage_class`]. A data source that Everest has not restored yet stays
    /// in it, and a running restart is not disturbed. The body names the UID, so that only the
    /// database that the plan was made for accepts it.
    pub fn ours(&self, current: &DatabaseCluster, manager: &str) -> Value {
        let mut body = v1::ownership::ours(
            &self.planned,
            &self.configured,
            &self.prior,
            &current.metadata,
            manager,
        );
        v1::database::carry_data_source(&mut body, current);
        storage_class::leave(&mut body, current);
        restart::leave_paused(&mut body, current);
        if let Some(uid) = &self.uid {
            body["metadata"]["uid"] = json!(uid);
        }
        body
    }
}

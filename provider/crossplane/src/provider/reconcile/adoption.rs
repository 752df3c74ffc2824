//! The check before an external object that exists is taken over.

use everest_core::rules::Validate;

use super::Reconciler;
use crate::provider::error::ReconcileError;
use crate::provider::kind::{self, Kind};

impl<K: Kind> Reconciler<'_, K> {
    /// Refuses to take over an external object that differs in members that cannot be changed: it is
    /// another one than the spec describes. It is then neither written nor deleted, whatever the
    /// policies allow.
    pub(super) async fn refuse_another(&mut self) -> Result<(), ReconcileError> {
        let (Some(external), Some(difference)) = (self.external.clone(), self.difference.clone())
        else {
            return Ok(());
        };
        let Some(scene) = self.scene() else {
            return Ok(());
        };
        let seen = K::seen(&scene, &external).await?;
        let planned = kind::planned::<K>(scene.config, &seen, &difference)?;
        match planned.check_immutable(&seen) {
            findings if findings.is_empty() => Ok(()),
            findings => Err(ReconcileError::Refused(findings)),
        }
    }
}

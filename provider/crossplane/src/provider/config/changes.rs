//! The notice that a target may have changed, for those who use it.

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::TargetKey;

/// The changes that a receiver may be behind before it counts all targets as changed.
const BEHIND: usize = 256;

/// What may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The target of this config.
    Target(TargetKey),
    /// Any: changes were missed.
    Any,
}

impl Changed {
    /// Returns true if the target of a config may have changed.
    pub fn concerns(&self, key: &TargetKey) -> bool {
        match self {
            Changed::Target(changed) => changed == key,
            Changed::Any => true,
        }
    }
}

/// Tells of changes.
pub(super) struct Notices(broadcast::Sender<TargetKey>);

impl Notices {
    pub(super) fn new() -> Self {
        Notices(broadcast::Sender::new(BEHIND))
    }

    /// The target of this config may have changed.
    pub(super) fn tell(&self, key: &TargetKey) {
        // Nobody may be listening.
        let _ = self.0.send(key.clone());
    }

    pub(super) fn subscribe(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

/// The changes since this was made.
pub struct Changes(broadcast::Receiver<TargetKey>);

impl Changes {
    /// The next change; `None` once there will be no more.
    pub async fn next(&mut self) -> Option<Changed> {
        match self.0.recv().await {
            Ok(key) => Some(Changed::Target(key)),
            Err(RecvError::Lagged(_)) => Some(Changed::Any),
            Err(RecvError::Closed) => None,
        }
    }

    /// Returns true if there was no change.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use crossplane_managed::provider_config::ProviderConfigKind;

    use super::*;

    fn key(name: usize) -> TargetKey {
        TargetKey {
            kind: ProviderConfigKind::ClusterProviderConfig,
            namespace: None,
            name: name.to_string(),
        }
    }

    #[tokio::test]
    async fn a_change_is_of_one_config_and_of_all_for_who_has_missed_some() {
        let notices = Notices::new();
        let mut changes = notices.subscribe();
        notices.tell(&key(1));
        let first = changes.next().await.unwrap();
        assert!(first.concerns(&key(1)) && !first.concerns(&key(2)));
        for name in 0..=BEHIND {
            notices.tell(&key(name));
        }
        assert_eq!(changes.next().await, Some(Changed::Any));
        assert!(Changed::Any.concerns(&key(2)));
        assert_eq!(changes.next().await, Some(Changed::Target(key(1))));
        drop(notices);
        while let Some(changed) = changes.next().await {
            assert_ne!(changed, Changed::Any);
        }
    }
}

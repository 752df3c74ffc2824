//! Outputs of `everest_namespace`.

use everest_schemas::models::NamespaceModel;
use everest_schemas::{Engine, Field};

/// Makes the outputs unknown that a change can alter: `ready`, and the versions of an engine's
/// operator that is added, upgraded or moved to another channel. The same goes for an operator that
/// was not yet installed in the requested version when an earlier wait ended.
pub fn mark_affected(prior: &NamespaceModel, planned: &mut NamespaceModel) {
    let before = prior.engines.known();
    let Some(engines) = planned.engines.known_mut() else {
        planned.ready = Field::Unknown;
        return;
    };
    let mut any = false;
    for engine in Engine::ALL {
        let was = before.map_or(&Field::Null, |before| before.get(engine));
        let install = engines.get_mut(engine);
        let same = match (&*install, was) {
            (Field::Known(now), Field::Known(was)) => {
                now.version == was.version && now.channel == was.channel
            }
            (now, was) => now == was,
        };
        let unfinished = install.known().is_some_and(|install| {
            install.installed_version.is_null() || install.installed_version != install.version
        });
        if same && !unfinished {
            continue;
        }
        any = true;
        if let Some(install) = install.known_mut() {
            // Nothing was asked for, so what gets installed becomes the version.
            if install.version.is_null() {
                install.version = Field::Unknown;
            }
            install.installed_version = Field::Unknown;
            install.pending_version = Field::Unknown;
        }
    }
    if any {
        planned.ready = Field::Unknown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::models::{EngineInstall, Engines};

    fn install(version: &str) -> Field<EngineInstall> {
        EngineInstall {
            version: version.into(),
            channel: "stable-v1".into(),
            installed_version: "1.17.0".into(),
            pending_version: Field::Null,
        }
        .into()
    }

    fn model(pxc: Field<EngineInstall>, psmdb: Field<EngineInstall>) -> NamespaceModel {
        NamespaceModel {
            name: "prod".into(),
            engines: Engines {
                pxc,
                psmdb,
                postgresql: Field::Null,
            }
            .into(),
            ready: true.into(),
            ..NamespaceModel::default()
        }
    }

    #[test]
    fn an_upgrade_alters_the_versions_of_that_engine_alone() {
        let prior = model(install("1.17.0"), install("1.17.0"));
        let mut planned = model(install("1.18.0"), install("1.17.0"));
        mark_affected(&prior, &mut planned);
        let engines = planned.engines.known().unwrap();
        assert!(engines.pxc.known().unwrap().installed_version.is_unknown());
        assert!(engines.pxc.known().unwrap().pending_version.is_unknown());
        assert_eq!(engines.psmdb, install("1.17.0"));
        assert!(planned.ready.is_unknown());
    }

    #[test]
    fn an_engine_that_goes_leaves_the_others_as_they_are() {
        let prior = model(install("1.17.0"), install("1.17.0"));
        let mut planned = model(install("1.17.0"), Field::Null);
        mark_affected(&prior, &mut planned);
        assert_eq!(planned.engines.known().unwrap().pxc, install("1.17.0"));
        assert!(planned.ready.is_unknown());
    }

    #[test]
    fn other_changes_alter_nothing() {
        let prior = model(install("1.17.0"), Field::Null);
        let mut planned = NamespaceModel {
            force_destroy: true.into(),
            ..model(install("1.17.0"), Field::Null)
        };
        let expected = planned.clone();
        mark_affected(&prior, &mut planned);
        assert_eq!(planned, expected);
    }

    #[test]
    fn going_on_with_a_wait_alters_what_is_not_installed_yet() {
        let waiting = EngineInstall {
            channel: "stable-v1".into(),
            ..EngineInstall::default()
        };
        let prior = model(install("1.17.0"), waiting.into());
        let mut planned = prior.clone();
        mark_affected(&prior, &mut planned);
        let engines = planned.engines.known().unwrap();
        assert_eq!(engines.pxc, install("1.17.0"));
        let psmdb = engines.psmdb.known().unwrap();
        assert!(psmdb.version.is_unknown() && psmdb.installed_version.is_unknown());
        assert!(planned.ready.is_unknown());
    }
}

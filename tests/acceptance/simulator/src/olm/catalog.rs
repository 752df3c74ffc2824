//! The packages that can be installed: one an engine, with two versions.

use crate::engine::Engine;

/// Channel of every package that ends at the older version: who subscribes there first and
/// moves to the usual channel meets an upgrade.
pub const PREVIOUS_CHANNEL: &str = "previous";

/// The usual channel and the versions of an engine's package, older first.
fn package(engine: Engine) -> (&'static str, &'static [&'static str]) {
    match engine {
        Engine::Pxc => ("stable-v1", &["1.17.0", "1.18.0"]),
        Engine::Psmdb => ("stable-v1", &["1.20.1", "1.21.1"]),
        Engine::Postgresql => ("stable-v2", &["2.7.0", "2.8.2"]),
    }
}

/// Name of a version's ClusterServiceVersion.
pub fn csv(engine: Engine, version: &str) -> String {
    format!("{}.v{version}", engine.operator())
}

/// Engine and version of a ClusterServiceVersion.
pub fn parse(csv: &str) -> Option<(Engine, &str)> {
    let (operator, version) = csv.split_once(".v")?;
    Some((Engine::of_operator(operator)?, version))
}

/// The versions of a channel, oldest first; none if there is no such channel.
pub fn channel(engine: Engine, name: &str) -> &'static [&'static str] {
    let (usual, versions) = package(engine);
    match name {
        PREVIOUS_CHANNEL => &versions[..1],
        name if name == usual => versions,
        _ => &[],
    }
}

/// The version before a version in its package, if there is one.
pub fn before(engine: Engine, version: &str) -> Option<&'static str> {
    let (_, versions) = package(engine);
    let at = versions.iter().position(|known| *known == version)?;
    versions.get(at.checked_sub(1)?).copied()
}

/// The version that a Subscription gets next: its starting version or the head of the channel
/// when none is installed, else the one after the installed one.
pub fn next(
    engine: Engine,
    channel: &str,
    starting: Option<&str>,
    installed: Option<&str>,
) -> Option<&'static str> {
    let versions = self::channel(engine, channel);
    match installed {
        None => versions
            .iter()
            .find(|version| starting.is_some_and(|csv| csv == self::csv(engine, version)))
            .or(versions.last())
            .copied(),
        Some(installed) => {
            let at = versions
                .iter()
                .position(|version| installed == csv(engine, version))?;
            versions.get(at + 1).copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_starts_at_the_head_and_goes_on_version_by_version() {
        let pxc = |starting, installed| next(Engine::Pxc, "stable-v1", starting, installed);
        let (older, newer) = (csv(Engine::Pxc, "1.17.0"), csv(Engine::Pxc, "1.18.0"));
        assert_eq!(pxc(None, None), Some("1.18.0"));
        assert_eq!(pxc(Some(&older), None), Some("1.17.0"));
        assert_eq!(pxc(Some(&older), Some(&older)), Some("1.18.0"));
        assert_eq!(pxc(None, Some(&newer)), None);
        assert_eq!(
            next(Engine::Pxc, PREVIOUS_CHANNEL, None, None),
            Some("1.17.0")
        );
        assert_eq!(next(Engine::Pxc, "stable-v9", None, None), None);
    }

    #[test]
    fn a_name_says_engine_and_version() {
        let name = "percona-postgresql-operator.v2.8.2";
        assert_eq!(parse(name), Some((Engine::Postgresql, "2.8.2")));
        assert_eq!(parse("another.v1"), None);
    }
}

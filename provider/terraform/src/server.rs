//! Resources for the settings of Everest's own server, each a part of a Secret or a ConfigMap that
//! others write too.

pub mod account;
pub mod oidc_settings;
pub mod rbac_policy;
pub mod rbac_role;
pub mod setting;

use std::sync::Arc;

use everest_schemas::for_each_server_setting;
use tfplugin::Registry;

use crate::session::Session;
use setting::{EverySetting, OneSetting, Setting};

/// Registers all of them.
pub fn register(registry: &mut Registry, session: &Arc<Session>) {
    macro_rules! serve_each {
        ($($module:ident::$setting:ident = $model:ty;)*) => {
            $(registry
                .resource(Setting::<$module::$setting>::new(Arc::clone(session)))
                .list_resource(EverySetting::<$module::$setting>::new(Arc::clone(session)))
                .data_source(OneSetting::<$module::$setting>::new(Arc::clone(session)));)*
        };
    }
    for_each_server_setting!(serve_each);
    account::register(registry, session);
}

#[cfg(test)]
mod tests {
    use super::setting::ServerSetting;
    use crate::timeouts::tests::{stated, words};

    #[test]
    fn the_models_of_settings_state_the_timeouts_that_hold() {
        macro_rules! settings {
            ($($module:ident::$kind:ident = $model:ty;)*) => { $(
                let holds = words(<super::$module::$kind as ServerSetting>::TIMEOUTS);
                assert_eq!(stated::<$model>(), holds, stringify!($kind));
            )* };
        }
        everest_schemas::for_each_server_setting!(settings);
    }
}

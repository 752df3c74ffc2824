//! A guide to writing a provider: one chapter per feature, each with an example that is tested.

macro_rules! chapters {
    ($($name:ident)*) => {
        $(
            #[doc = include_str!(concat!("../guide/", stringify!($name), ".md"))]
            pub mod $name {}
        )*
    };
}

chapters! {
    models
    plans
    creations
    imports
    upgrades
    secrets
    configuration
    lookups
    functions
    searches
    actions
    testing
}

//! How to write a provider: a chapter on each feature, each with an example that is a test.

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

//! Users' actions with Terraform have the same result whatever happens on the way: see the crate
//! `test_stories`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod forbidden;
mod host;
mod missing_rights;
mod panics;
mod plays;
mod recovery;
mod rights;
mod script;
mod workspaces;

#[test]
fn every_story_ends_well_whatever_happens_on_the_way() {
    test_stories::tell(plays::all());
}

#[test]
fn every_kind_has_stories() {
    macro_rules! modules {
        ($($module:ident::$kind:ident = $model:ty;)*) => { [$(stringify!($module)),*] };
    }
    let stories = plays::all();
    for kind in everest_schemas::for_each_kind!(modules) {
        let beginning = format!("terraform/{kind}/");
        let mut names = stories.iter().map(|story| &story.name);
        assert!(names.any(|name| name.starts_with(&beginning)), "{kind}");
    }
}

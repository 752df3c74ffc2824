//! Users' actions with Terraform have the same result whatever happens on the way: see the crate
//! `test_stories`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod host;
mod plays;
mod script;

#[test]
fn every_story_ends_well_whatever_happens_on_the_way() {
    test_stories::tell(plays::all());
}

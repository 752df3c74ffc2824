//! Stories of what a front end is asked to do, told over and over: once as it should be, and then
//! once for each request with the process killed before or after it, the answer lost, the server
//! refusing, cutting or delaying it. After each accident the front end is run again until nothing
//! changes. Then there has to be what there is without the accident: nothing twice, nothing left
//! over, nothing lost; and no run after the accident may fail.
//!
//! A front end brings its stories ([`Story`]) and plays them by [`Teller`]; [`tell`] does the rest.
//! What the product does not survive yet is listed in [`failing`], which only shrinks: a story
//! that is listed and survives fails the run as one that is not listed and does not.
//!
//! # How much is told
//!
//! Whenever stories are told, every death happens at every write. The rest takes turns, one a day:
//! a write meets a seventh of what else can happen, so that it has met all within a week. A read
//! changes nothing, so it is told only once a week, with one death and one other accident
//! that rotate; a watch is cut and expires besides. `STORIES_SEED=2` takes another turn than that
//! of the day, `STORIES_ALL=1` has every request meet everything (minutes), and
//! `STORIES=terraform/database/create` tells only stories with that in their name.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accident;
mod definitions;
pub mod failing;
mod picture;
pub mod roles;
mod story;
mod survival;
mod told;
mod world;

pub use accident::{Accident, Dies};
pub use picture::Picture;
pub use story::{Attempt, Story, Teller};
pub use told::{tell, tell_once};
pub use world::World;

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
//! A request that writes meets every accident, before and after it took effect. A read changes
//! nothing, so it meets one death and one other accident, which rotate: read number n meets others
//! than read number n + 1. A watch is cut and expires besides. `STORIES_SEED=1` turns the
//! rotation on, with `STORIES_ALL=1` every request meets everything, and
//! `STORIES=terraform/database/create` tells only stories with that in their name.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accident;
mod definitions;
pub mod failing;
mod picture;
mod story;
mod survival;
mod told;
mod world;

pub use accident::{Accident, Dies};
pub use story::{Attempt, Story, Teller};
pub use told::tell;
pub use world::World;

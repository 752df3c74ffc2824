//! Reconciles of the managed resources: the runtime's, with the kinds of this provider.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod following;
#[cfg(test)]
mod generations;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod missing_rights;
#[cfg(test)]
mod names;
#[cfg(test)]
mod namespaces;
#[cfg(test)]
mod needed_rights;
#[cfg(test)]
mod observing;
#[cfg(test)]
mod raised;
#[cfg(test)]
mod rivals;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod waking;

pub use crossplane_managed::reconcile::{Next, reconcile};

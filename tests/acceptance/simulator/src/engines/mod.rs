//! What the engine operators do to their own objects. They act only while
//! their Deployment in the namespace is ready.

pub mod backup;
pub mod buckets;
pub mod cluster;
pub mod restore;
pub mod secrets;
pub mod steady;

//! Nothing but the features of dependencies that only tests ask for.
//!
//! Cargo compiles a dependency once for each set of features. Tests ask for more features than
//! programs, so a build of a program and a build of its tests would compile tokio and everything
//! above it twice. Both select the whole workspace (`cargo build --bin NAME` in its root, without
//! `--package`), this package is part of it, and so both compile one set. What is released is
//! built with `--package` and has none of these features.
//!
//! `cargo xtask test` fails where a second set appears, and says of which dependency.

//! `bench`: the figures that the project holds itself to. They are printed, not
//! asserted: a timed test fails on a busy machine.

use std::{fs, time::Instant};

use acceptance::{
    binaries::{PROVIDER, cargo, quiet_unless_watched},
    client::Client,
    preparation::{self, Choice},
    state,
};
use lexopt::prelude::*;

use crate::{
    failure::Failure,
    handshake::{self, Served},
    program::{self, interruptible},
};

mod crossplane;

/// How often a short measurement is taken; its median is told.
const TIMES: usize = 21;

/// The size that the release binary may have, in MB.
pub(crate) const SIZE: f32 = 15.0;

/// The memory that the provider may have after `GetProviderSchema`, in MiB.
pub(crate) const RESIDENT: f32 = 20.0;

/// What is measured.
pub(crate) enum Asked {
    /// The provider for Terraform, and the test cluster.
    Provider,
    /// Function and provider for Crossplane.
    Crossplane(crossplane::Asked),
}

impl Asked {
    /// Reads the task's own arguments: none, or `crossplane` and its.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, Failure> {
        match args.next()? {
            Some(Value(what)) if what == "crossplane" => {
                Ok(Self::Crossplane(crossplane::Asked::parse(args)?))
            }
            Some(other) => Err(other.unexpected().into()),
            None => Ok(Self::Provider),
        }
    }
}

/// Measures and prints.
pub(crate) fn run(asked: Asked) -> Result<(), Failure> {
    if let Asked::Crossplane(asked) = asked {
        return interruptible(crossplane::run(asked));
    }
    interruptible(async {
        println!("building the release binary (optimised as a whole: some minutes)");
        let mut build = cargo();
        build.args(["build", "--release", "--package", PROVIDER]);
        quiet_unless_watched(&mut build);
        program::run(build).await?;
        let binary = acceptance::target_folder().join("release").join(PROVIDER);

        let size = fs::metadata(&binary).map_err(Failure::file(&binary))?.len();
        tell("release binary", size as f32 / 1e6, "MB", SIZE);

        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            times.push(handshake::time(&binary)?);
        }
        times.sort();
        tell(
            "start to handshake (median)",
            times[TIMES / 2].as_secs_f32() * 1e3,
            "ms",
            10.0,
        );

        let client = Client::all(&binary)?
            .into_iter()
            .next()
            .ok_or(acceptance::client::ClientError::Missing)?;
        client.initialise()?;
        let served = Served::start(&binary)?;
        let mut schema = client.command(&client.template);
        schema
            .args(["providers", "schema", "-json"])
            .env("TF_REATTACH_PROVIDERS", &served.reattach)
            .stdout(std::process::Stdio::null());
        program::run(schema).await?;
        match served.resident() {
            Some(kib) => tell(
                "resident after GetProviderSchema",
                kib as f32 / 1024.0,
                "MiB",
                RESIDENT,
            ),
            None => println!("resident memory: not told by this system"),
        }
        drop(served);

        let cluster = preparation::cluster(state::own(), Choice::default()).await?;
        let ready = cluster.state().ready_after.unwrap_or_default();
        let ending = Instant::now();
        drop(cluster);
        tell("cluster, stopped to Everest-ready", ready, "s", 20.0);
        tell("cluster, stop", ending.elapsed().as_secs_f32(), "s", 3.0);
        Ok(())
    })
}

fn tell(what: &str, figure: f32, unit: &str, limit: f32) {
    let verdict = if figure <= limit { "" } else { "   ← above" };
    println!("{what:36} {figure:8.1} {unit:4} (at most {limit} {unit}){verdict}");
}

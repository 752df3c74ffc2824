//! The composition function: a step of a pipeline that composes Everest databases, and checks and
//! judges those that other steps compose.
//!
//! It has no access to the cluster: a request holds the observed resources, and Crossplane looks up
//! other objects on request. [`respond`] is a pure function of the request; [`Function`] serves it.

mod backup;
mod companion;
mod composite;
mod database;
mod facts;
mod flags;
mod identity;
mod input;
mod lookups;
mod names;
mod operations;
mod others;
mod patches;
mod place;
mod report;
mod respond;
mod service;
mod shape;
mod step;
mod ttl;
mod used;

use std::process::ExitCode;

use function_sdk_rust::{Args, logging};

pub use respond::respond;
pub use service::Function;
pub use ttl::{TTL, TTL_UNWATCHED};

/// The number of threads; a response takes less than a millisecond.
const WORKERS: usize = 2;

/// Runs the function with the arguments after the sub-command until it is stopped.
pub fn run(mut args: lexopt::Parser) -> ExitCode {
    match flags::read(&mut args, |name| std::env::var(name).ok()) {
        Ok(flags::Asked::Help) => {
            print!("{}", flags::HELP);
            ExitCode::SUCCESS
        }
        Ok(flags::Asked::Serve(args)) => {
            logging::configure(args.debug);
            match serve(&args) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("everest-crossplane function: {error}");
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            eprintln!("{error}. Try everest-crossplane function --help.");
            ExitCode::FAILURE
        }
    }
}

/// The reason why the function stopped.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    /// The process may start no threads.
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
    /// The server cannot listen, has no certificates or broke off.
    #[error(transparent)]
    Server(#[from] function_sdk_rust::Error),
}

fn serve(args: &Args) -> Result<(), ServeError> {
    shape::prepare();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?;
    runtime.block_on(function_sdk_rust::serve(Function, args))?;
    Ok(())
}

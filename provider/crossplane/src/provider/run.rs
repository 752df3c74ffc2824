//! The process: the runtime with the controllers of this provider.

use std::process::ExitCode;
use std::sync::Arc;

use crossplane_managed::flags::Asked;
use crossplane_managed::process::{self, Task};
use everest_schemas::managed::{ClusterProviderConfig, ProviderConfig};
use futures::FutureExt;

use super::config::{Targets, controller};
use super::context::Context;
use super::flags;
use super::{PROVIDER, kinds};

/// The crates whose lines `--debug` adds to the log.
const CRATES: [&str; 2] = ["everest_crossplane", "everest_cluster"];

/// Runs the provider with the arguments that follow the sub-command.
pub fn run(args: lexopt::Parser) -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let (options, commands) = match flags::parse(args, &environment) {
        Ok((Asked::Run(options), commands)) => (*options, commands),
        Ok((Asked::Help, _)) => {
            print!("{}", flags::help());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}. Try everest-crossplane provider --help.");
            return ExitCode::FAILURE;
        }
    };
    process::run(&PROVIDER, options, &CRATES, |runtime, shutdown| {
        let context = Arc::new(Context {
            targets: Targets::with_commands(runtime.control.clone(), commands),
            runtime: (**runtime).clone(),
        });
        let configs = [
            Task {
                plural: "providerconfigs".to_owned(),
                run: controller::run::<ProviderConfig>(context.clone(), shutdown.clone()).boxed(),
            },
            Task {
                plural: "clusterproviderconfigs".to_owned(),
                run: controller::run::<ClusterProviderConfig>(context.clone(), shutdown.clone())
                    .boxed(),
            },
        ];
        let kinds = kinds::tasks(&context, shutdown);
        configs.into_iter().chain(kinds).collect()
    })
}

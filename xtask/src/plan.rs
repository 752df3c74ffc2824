//! `plan`: the quickstart, planned by a real Terraform without a cluster, and once more with wrong
//! values in it.

use std::fs;

use crate::{
    failure::Failure,
    program::{self, interruptible},
    quickstart::{Quickstart, VARIABLES},
};

/// Values that Everest would not accept, laid over the quickstart's own: Terraform merges files of
/// this name.
const WRONG: (&str, &str) = ("wrong_override.tf", include_str!("plan/wrong_override.tf"));

/// Reads the task's own arguments: none.
pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<(), Failure> {
    match args.next()? {
        Some(other) => Err(other.unexpected().into()),
        None => Ok(()),
    }
}

/// Plans both.
pub(crate) fn run() -> Result<(), Failure> {
    interruptible(both())
}

async fn both() -> Result<(), Failure> {
    let folder = acceptance::target_folder().join("plan");
    let quickstart = Quickstart::at(folder)?;
    quickstart.copy()?;
    let wrong = quickstart.folder.join(WRONG.0);
    if wrong.exists() {
        fs::remove_file(&wrong).map_err(Failure::file(&wrong))?;
    }
    let terraform = |arguments: &[&str]| quickstart.command(arguments, None);
    program::run(terraform(&["init", "-input=false"])).await?;
    program::run(terraform(&["plan", "-input=false"])).await?;

    fs::write(&wrong, WRONG.1).map_err(Failure::file(&wrong))?;
    println!("\nThe same with wrong values:\n\n{}", WRONG.1);
    match program::run(terraform(&["plan", "-input=false"])).await {
        Err(Failure::Program { .. }) => {}
        Err(other) => return Err(other),
        Ok(()) => {
            let file = wrong.display();
            return Err(Failure::Check(format!(
                "the plan with {file} was to fail, and did not"
            )));
        }
    }
    println!(
        "\nNothing was written, and no cluster was asked. The configuration is in {}; change {} and \
         plan again:\n",
        quickstart.folder.display(),
        WRONG.0
    );
    println!("  cd {}", quickstart.folder.display());
    println!(
        "  export TF_CLI_CONFIG_FILE={}",
        quickstart.client.config.display()
    );
    for (name, value) in VARIABLES {
        println!("  export {name}={value}");
    }
    println!("  {} plan", quickstart.client.program.display());
    Ok(())
}

//! `completions` and `man`: texts that are made from the arguments themselves.

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Ended, PROGRAM, arguments::Arguments};

/// The script that completes the commands in a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), PROGRAM, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of a command, or of the program.
pub fn page(name: Option<&str>) -> Ended {
    let program = Arguments::command();
    let command = match name {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command
                .clone()
                .display_name(format!("{PROGRAM}-{name}"))
                .bin_name(format!("{PROGRAM} {name}"))
                .version(env!("CARGO_PKG_VERSION")),
            None => {
                let known: Vec<_> = program
                    .get_subcommands()
                    .map(|one| one.get_name())
                    .collect();
                return Ended::Usage(format!(
                    "There is no command {name:?}. There are {}.\n",
                    known.join(", ")
                ));
            }
        },
    };
    let mut page = Vec::new();
    match Man::new(command).render(&mut page) {
        Ok(()) => Ended::Done(String::from_utf8_lossy(&page).into_owned()),
        Err(error) => Ended::Failed(format!("The page could not be written: {error}.\n")),
    }
}

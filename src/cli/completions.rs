//! `skant completions`: what a shell knows of the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Outcome, print};
use crate::error::Error;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell to write for
    shell: Shell,
}

pub(super) fn run(arguments: &Args) -> Result<Outcome, Error> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "skant", &mut script);
    print(|out| out.write_all(&script))?;
    Ok(Outcome::Clean)
}

//! `skant man`: the pages of the manual, as `man` reads them.

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Cli, Outcome, print};
use crate::error::Error;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The command the page is about, such as `scan` or `hook pre-push` (default: all of skant)
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(arguments: &Args) -> Result<Outcome, Error> {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    for name in &arguments.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            Error::usage(format!("there is no command `{}`", arguments.command.join(" ")), "`skant --help` lists them")
        })?;
    }
    let page = Man::new(command.clone());
    print(|out| page.render(&mut &mut *out))?;
    Ok(Outcome::Clean)
}

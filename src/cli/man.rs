//! `skant man`: the pages of the manual, as `man` reads them.

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Cli, Outcome, print};
use crate::error::Error;

/// What the foot of every page says.
const VERSION: &str = concat!("skant ", env!("CARGO_PKG_VERSION"));

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
    // Of no day: the same program writes the same page. An argument that is empty has to be told from none.
    let page = Man::new(command.clone()).date("\"\"").source(VERSION).manual("skant");
    print(|out| page.render(&mut &mut *out))?;
    Ok(Outcome::Clean)
}

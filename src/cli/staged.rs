//! `skant staged`: what the next commit would record.

use std::path::PathBuf;

use clap::ColorChoice;

use super::Outcome;
use super::scan::Options;
use crate::error::Error;
use crate::source::Staged;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders; of a file without staged changes the whole (default: all that is staged)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: Args, color: ColorChoice) -> Result<Outcome, Error> {
    arguments.options.scan(&Staged::open(&arguments.paths)?, color)
}

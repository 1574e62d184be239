//! `skant history`.

use std::path::Path;

use clap::ColorChoice;

use super::Outcome;
use super::repositories::{self, Repositories};
use super::scan::Options;
use crate::error::Error;
use crate::source::{History, HistoryOptions};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to scan: `A..B`, `^X`, ids, branches, tags (default: all that refs reach)
    #[arg(value_name = "REV", allow_hyphen_values = false)]
    revisions: Vec<String>,
    #[command(flatten)]
    repositories: Repositories,
    /// Also what no ref reaches: reflogs and dangling objects
    #[arg(long, conflicts_with = "revisions")]
    unreachable: bool,
    /// Accept that the history of a shallow clone ends early
    #[arg(long)]
    allow_shallow: bool,
    /// Read every object by libgit2: slower, for comparing
    #[arg(long, hide = true)]
    plain: bool,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: Args, color: ColorChoice) -> Result<Outcome, Error> {
    let Args { revisions, repositories, unreachable, allow_shallow, plain, options } = arguments;
    let wanted = HistoryOptions { unreachable, allow_shallow, plain };
    if let Some(list) = &repositories.list {
        return repositories::run(list, &repositories, wanted, &options, color);
    }
    let history = History::open(Path::new("."), revisions, wanted)?;
    options.scan(&history, color)
}

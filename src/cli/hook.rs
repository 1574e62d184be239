//! `skant hook`: what git, and the frameworks around it, run before something leaves the machine.

use std::path::PathBuf;

use clap::{ColorChoice, Subcommand};

use super::scan::Options;
use super::{Outcome, staged};
use crate::error::Error;
use crate::source::Message;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    hook: Hook,
}

#[derive(Debug, Subcommand)]
enum Hook {
    /// Scan what the next commit would record
    PreCommit(staged::Args),
    /// Scan the message of a commit that is being made
    CommitMsg {
        /// The file that holds it
        file: PathBuf,
        #[command(flatten)]
        options: Options,
    },
}

pub(super) fn run(arguments: Args, color: ColorChoice) -> Result<Outcome, Error> {
    match arguments.hook {
        Hook::PreCommit(arguments) => staged::run(arguments, color),
        Hook::CommitMsg { file, options } => options.scan(&Message::new(&file), color),
    }
}

//! `skant staged`: what the next commit would record.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ColorChoice;

use super::Outcome;
use super::policy::Place;
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
    let typed: Vec<OsString> = std::env::args_os().skip(1).collect();
    refuse_ambiguous(&typed)?;
    let options = arguments.options;
    options.spare(&arguments.paths)?;
    let staged = Staged::open(&arguments.paths)?;
    let mut policy = options.policy().open(Place::Repository)?;
    policy.notices.extend(options.policy().staged(staged.paths()));
    let (_, outcome) = options.report_by(&staged, &policy, Some(Path::new(".")), color)?;
    Ok(outcome)
}

/// A framework may pass the name of a file that reads like an option, and nobody meant.
fn refuse_ambiguous(typed: &[OsString]) -> Result<(), Error> {
    if typed.iter().any(|argument| argument == "--") {
        return Ok(());
    }
    let is_both = |argument: &&OsString| {
        argument.len() > 1 && argument.as_encoded_bytes()[0] == b'-' && Path::new(argument).symlink_metadata().is_ok()
    };
    match typed.iter().find(is_both) {
        Some(argument) => Err(Error::usage(
            format!("`{}` is an option, and a file here", argument.display()),
            "put `--` between the options and the files",
        )),
        None => Ok(()),
    }
}

//! `skant merge`.

use std::path::{Path, PathBuf};

use clap::ColorChoice;

use super::policy::PolicyOptions;
use super::scan::{ReportOptions, RuleOptions};
use super::{LARGEST, Outcome, read, shown};
use crate::config::Config;
use crate::error::Error;
use crate::report::{Merge, Style};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Reports that skant wrote, `json` or `jsonl`; `-` is standard input
    #[arg(value_name = "REPORT", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reports: ReportOptions,
    #[command(flatten)]
    rules: RuleOptions,
    /// The config by which the rules were graded, added or switched
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    config: Option<PathBuf>,
}

const HELP: &str =
    "`merge` joins what scans of one kind wrote, by `--output json=FILE` or `jsonl=FILE`, each part once";

pub(super) fn run(arguments: &Args, color: ColorChoice) -> Result<Outcome, Error> {
    let Args { files, reports, rules, config } = arguments;
    reports.spare(files)?;
    reports.spare(config.as_slice())?;
    let config = config.as_deref().map(Config::named).transpose()?;
    let rules = rules.read(reports, config.as_ref(), &PolicyOptions::default())?;
    let mut merge = Merge::new(&rules);
    for (index, file) in files.iter().enumerate() {
        let refuse = |said: String| Error::usage(format!("{}: {said}", shown(file)), HELP);
        if is_among(file, &files[..index]) {
            return Err(refuse("it is named twice, and would count twice".into()));
        }
        let bytes = read(file, LARGEST).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        merge.add(&bytes).map_err(refuse)?;
    }
    let mut report = merge.finish().ok_or_else(|| Error::usage("there is no report to join", HELP))?;
    // What the parts list, the whole lists.
    let suppressed = !report.suppressed.is_empty();
    reports.tell(&mut report, Style { suppressed, ..Style::default() }, color)
}

fn is_among(file: &Path, others: &[PathBuf]) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    others.iter().any(|other| real(other) == real(file))
}

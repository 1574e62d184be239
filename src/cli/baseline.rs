//! `skant baseline`: the list of what is already known.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::policy::{Place, PolicyOptions, root_around};
use super::{Outcome, print};
use crate::baseline::{Baseline, NAME, Verdict};
use crate::config::Files;
use crate::error::Error;
use crate::file::read_regular;
use crate::finding::Finding;
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::report::Report;
use crate::rule::{Confidence, Judge, RuleSet, Severity};
use crate::run::{Engine, Wanted};
use crate::source::{History, HistoryOptions, Source, Tree};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write down what is found now
    Create(Options),
    /// Add what is new, and follow what moved
    Update(Options),
    /// Drop the entries of what is gone
    Prune(Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Look in the history, too
    #[arg(long)]
    history: bool,
    /// Know findings from this severity up
    #[arg(long, value_name = "LEVEL", default_value = "low")]
    severity: Severity,
    /// Know findings from this confidence up
    #[arg(long, value_name = "LEVEL", default_value = "medium")]
    confidence: Confidence,
    #[command(flatten)]
    policy: PolicyOptions,
}

/// The most bytes `.gitattributes` may have.
const LARGEST_ATTRIBUTES: u64 = 1 << 20;

pub(super) fn run(arguments: &Args) -> Result<Outcome, Error> {
    let (Command::Create(options) | Command::Update(options) | Command::Prune(options)) = &arguments.command;
    let root = root_around(Path::new("."));
    let file = options.policy.baseline().map_or_else(|| root.join(NAME), Path::to_owned);
    let place = || Place::Folder(root.clone());
    let known = options.policy.open(place())?.own.baseline;
    let is_create = matches!(arguments.command, Command::Create(_));
    match &known {
        Some(known) if is_create => {
            let message = format!("{} is there already", known.name());
            return Err(Error::usage(message, "`skant baseline update` adds to it"));
        }
        Some(known) if known.is_foreign() => {
            let message = format!("{} is another tool's", known.name());
            return Err(Error::usage(message, "`skant config migrate` makes a baseline of it"));
        }
        None if !is_create => {
            return Err(Error::usage("there is no baseline yet", "`skant baseline create` writes one"));
        }
        _ => {}
    }
    let policy = options.policy.without_baseline().open(place())?;
    let found = look(options, &root, &policy)?;
    let now = Files::Disk(root.clone());
    let known = known.unwrap_or_default();
    let verdict = known.judge(&found.findings, &|path| now.has(path));
    let new = match arguments.command {
        Command::Create(_) | Command::Update(_) => known.with(&found.findings, &verdict),
        Command::Prune(_) => known.pruned(&verdict),
    };
    write(&file, &new.text(), is_create)?;
    let is_attributed = is_create && options.policy.baseline().is_none() && attribute(&root)?;
    print(|out| tell(out, &file, &known, &new, &verdict, is_attributed, &found))?;
    Ok(if found.skipped.is_empty() { Outcome::Clean } else { Outcome::Failed })
}

/// A baseline of ours for what another tool's knows of the files, and what of it was not found.
pub(super) fn carried(known: &Baseline) -> Result<(String, Vec<String>), Error> {
    let root = root_around(Path::new("."));
    let options = Options {
        history: Place::Folder(root.clone()).has_history(),
        severity: Severity::Low,
        confidence: Confidence::Low,
        policy: PolicyOptions::default().without_baseline(),
    };
    let policy = options.policy.open(Place::Folder(root.clone()))?;
    let found = look(&options, &root, &policy)?.findings;
    let verdict = known.judge(&found, &|_| true);
    let kept: Vec<Finding> =
        found.into_iter().zip(&verdict.known).filter(|(_, known)| **known).map(|(finding, _)| finding).collect();
    let left = known.unmatched(&kept);
    Ok((Baseline::default().with(&kept, &Verdict::default()).text(), left))
}

/// What is found, and what could not be looked at.
struct Found {
    findings: Vec<Finding>,
    skipped: Vec<String>,
}

fn look(options: &Options, root: &Path, policy: &Policy) -> Result<Found, Error> {
    let mut rules = RuleSet::builtin();
    if let Some(config) = &policy.own.config {
        config.change(&mut rules)?;
    }
    let wanted = Wanted {
        severity: options.severity,
        confidence: options.confidence,
        explain: false,
        inline: !options.policy.no_inline,
    };
    let engine = Engine::new(rules, wanted);
    let mut found = Found { findings: Vec::new(), skipped: Vec::new() };
    let mut take = |source: &dyn Source| {
        let report: Report = engine.run(source, policy, &Ledger::default());
        // What lies in a repository inside of this one has its own baseline.
        found.findings.extend(report.findings.into_iter().filter(|one| one.location.origin.root.is_none()));
        found.skipped.extend(report.skipped.into_iter().map(|one| format!("{}: {}", one.path, one.reason)));
    };
    take(&Tree::new(vec![root.to_owned()], false));
    if options.history {
        take(&History::open(root, Vec::new(), HistoryOptions::default())?);
    }
    Ok(found)
}

/// Writes a file that takes the place of the one before; a new one only where there is none.
fn write(file: &Path, text: &str, is_new: bool) -> Result<(), Error> {
    let failed = |source: io::Error| Error::Write { path: file.display().to_string(), source };
    if is_new {
        let mut file = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
        return file.write_all(text.as_bytes()).map_err(failed);
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, file)).map_err(failed)
}

/// Has git merge baselines by keeping the lines of both sides, unless something is said of them already.
fn attribute(root: &Path) -> Result<bool, Error> {
    let file = root.join(".gitattributes");
    if root.join(".git").symlink_metadata().is_err() || file.is_symlink() {
        return Ok(false);
    }
    let failed = |source| Error::Write { path: ".gitattributes".to_owned(), source };
    let before = match read_regular(&file, LARGEST_ATTRIBUTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(failed)?,
    };
    if memchr::memmem::find(&before, NAME.as_bytes()).is_some() {
        return Ok(false);
    }
    let end = if before.is_empty() || before.ends_with(b"\n") { "" } else { "\n" };
    let after = [&before[..], end.as_bytes(), format!("{NAME} merge=union\n").as_bytes()].concat();
    fs::write(&file, after).map_err(failed)?;
    Ok(true)
}

fn tell(
    out: &mut dyn Write,
    file: &Path,
    known: &Baseline,
    new: &Baseline,
    verdict: &Verdict,
    is_attributed: bool,
    found: &Found,
) -> io::Result<()> {
    let (before, after) = (known.len(), new.len());
    writeln!(out, "{}: {after} entries ({before} before)", super::shown(file))?;
    for (from, to) in &verdict.moved {
        writeln!(out, "moved: {from} to {to}")?;
    }
    if verdict.dead() > 0 {
        writeln!(out, "{} entries matched nothing that was looked at", verdict.dead())?;
    }
    let guessable =
        found.findings.iter().filter(|one| one.rule.judge == Judge::Password && one.rule.key.is_none()).count();
    if guessable > 0 {
        writeln!(
            out,
            "{guessable} of what was found are passwords, at which who reads the baseline can guess: \
             `[fingerprint] key-env` in skant.toml keys their fingerprints"
        )?;
    }
    if is_attributed {
        writeln!(out, ".gitattributes: git merges {NAME} by keeping the lines of both sides")?;
    }
    found.skipped.iter().try_for_each(|one| writeln!(out, "not scanned: {one}"))
}

//! What a run came to, and the formats it is told in: one file each.

mod escaped;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod markdown;
mod merge;
mod phrase;
mod repository;
mod sarif;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::finding::{Finding, Fingerprint, Location, Means, Secret};
use crate::ledger::{Accounts, Unit, scanned};
use crate::rule::Rule;
use crate::scan::{Dismissal, Dismissed};
pub(crate) use github::write_error as write_github_error;
pub(crate) use json::write_part;
pub use merge::Merge;
pub use repository::{Repository, Shard, Status};

/// Where to read about this program.
const HOME: &str = "https://github.com/skant/skant";

/// What a run came to. Everything in it is ready to be shown: in paths, names and messages
/// secrets are masked; only [`crate::finding::Secret::expose`] gives plain text.
#[derive(Debug, Default)]
pub struct Report {
    /// What was scanned: `tree`, `staged`, `history`, `message` or `stdin`.
    pub source: &'static str,
    /// The revisions that were asked for, as they were typed.
    pub range: Option<String>,
    /// What is reported, in order of path, line, column and rule.
    pub findings: Vec<Finding>,
    /// What somebody said is fine, in the same order: each with a [`crate::finding::Suppression`].
    pub suppressed: Vec<Finding>,
    /// How many more were suppressed in reports that this one joins, by each means.
    pub suppressed_elsewhere: BTreeMap<Means, u64>,
    /// How many entries of the baseline no finding has.
    pub dead: usize,
    /// By what options and files it came to that, by their names; nothing where that is not told.
    pub settings: BTreeMap<String, String>,
    /// The config that was in force.
    pub config: Option<String>,
    /// How many findings were below the asked severity or confidence.
    pub below: u64,
    /// How many candidates were not believed, by reason.
    pub dismissed: BTreeMap<Dismissal, u64>,
    /// Those candidates, when they were asked for, in the same order.
    pub explained: Vec<Dismissed>,
    /// What was asked for and not scanned, in order of path.
    pub skipped: Vec<Skipped>,
    /// What is wrong with configs that are skipped, with the place in them; as they say it.
    pub faults: Vec<Error>,
    /// What else a person should know.
    pub notices: Vec<String>,
    /// What became of all there was to scan.
    pub accounts: Accounts,
    /// The rules that ran, in order of id.
    pub rules: Vec<Arc<Rule>>,
    /// Where what was scanned is kept, and what of it.
    pub provenance: Option<Provenance>,
    /// What came of each repository, in order of name, where many were scanned.
    pub repositories: Vec<Repository>,
    /// Which share of a list of repositories was scanned.
    pub shard: Option<Shard>,
    /// What the program ends with, as far as findings and what was not scanned decide.
    pub exit_code: u8,
}

/// Where a repository can be had, and which state of it was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The address of its remote, without credentials.
    pub url: String,
    /// The commit.
    pub revision: Option<String>,
    /// The branch that is checked out, when that is of that commit.
    pub branch: Option<String>,
}

/// Something that was asked for and not scanned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The thing, ready to be shown.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Report {
    /// Makes it independent of what the threads did: everything in order, and once.
    pub(crate) fn put_in_order(&mut self) {
        self.findings.sort_by_cached_key(rank);
        self.findings.dedup_by_key(|one| rank(one));
        self.suppressed.sort_by_cached_key(rank);
        self.suppressed.dedup_by_key(|one| rank(one));
        self.explained.sort_by_cached_key(|one| rank(&one.finding));
        self.explained.dedup_by_key(|one| rank(&one.finding));
        self.skipped.sort();
        self.skipped.dedup();
        self.notices.sort();
        self.notices.dedup();
        self.repositories.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// How many findings are suppressed by each means.
    pub fn suppressed_by(&self, means: Means) -> u64 {
        let by = |one: &&Finding| one.suppression.as_ref().is_some_and(|suppression| suppression.means == means);
        let elsewhere = self.suppressed_elsewhere.get(&means).copied().unwrap_or_default();
        self.suppressed.iter().filter(by).count() as u64 + elsewhere
    }

    /// How many findings are suppressed at all.
    pub fn suppressed_in_all(&self) -> u64 {
        Means::ALL.iter().map(|&means| self.suppressed_by(means)).sum()
    }

    /// How many of a unit were scanned.
    pub fn scanned(&self, unit: Unit) -> u64 {
        scanned(&self.accounts, unit)
    }

    /// How many files, blobs and commits were.
    fn things(&self) -> u64 {
        [Unit::File, Unit::Blob, Unit::Commit].into_iter().map(|unit| self.scanned(unit)).fold(0, u64::saturating_add)
    }

    /// Whether everything that was asked for was scanned.
    pub fn is_complete(&self) -> bool {
        self.skipped.is_empty()
    }
}

/// Where a finding stands in a report. What reports show of it comes first, so that its place is the same when
/// it was read from one; the path as it is, which need not be text, is last.
fn rank(finding: &Finding) -> (Location, String, Fingerprint, Vec<u8>) {
    let mut location = finding.location.clone();
    let path = std::mem::take(&mut location.origin.path);
    location.origin.path = String::from_utf8_lossy(&path).into_owned().into_bytes();
    (location, finding.rule.id.clone(), finding.fingerprint(), path)
}

/// A format a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, in a terminal.
    Human,
    /// One object.
    Json,
    /// One object a line: the findings, then the summary.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a workflow of GitHub Actions.
    Github,
    /// GitLab's report of a secret detection.
    Gitlab,
    /// JUnit's XML, for whatever shows tests.
    Junit,
    /// A summary for people, as GitHub shows it below a job.
    Markdown,
}

/// How a report is to look. Only `human` and `json` heed `reveal`; `json` and SARIF heed `suppressed`;
/// only `human` the rest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Whether plain secrets may be shown.
    pub reveal: bool,
    /// Whether colours are wanted.
    pub color: bool,
    /// How wide a line may be, in columns.
    pub width: usize,
    /// Whether only the findings are wanted.
    pub quiet: bool,
    /// How much more than the findings is wanted.
    pub verbose: u8,
    /// Whether what is suppressed is to be listed.
    pub suppressed: bool,
    /// How long the run took, for people.
    pub elapsed: Duration,
}

impl Style {
    /// Whether formats that people read list what is suppressed.
    fn lists_suppressed(&self) -> bool {
        self.suppressed || self.verbose > 0
    }

    /// A secret as it may be shown: its mask, or itself when it is to be revealed.
    fn secret(&self, secret: &Secret) -> String {
        if self.reveal { String::from_utf8_lossy(secret.expose()).into_owned() } else { secret.mask() }
    }
}

impl Format {
    /// Writes a report.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(self, report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Format::Human => human::write(report, style, out),
            Format::Json => json::write(report, style, out),
            Format::Jsonl => json::write_lines(report, out),
            Format::Sarif => sarif::write(report, style, out),
            Format::Github => github::write(report, out),
            Format::Gitlab => gitlab::write(report, out),
            Format::Junit => junit::write(report, out),
            Format::Markdown => markdown::write(report, out),
        }
    }
}

/// What to do about a rule's findings; a user's rule need not say it.
pub(crate) fn help(rule: &Rule) -> &str {
    if rule.help.is_empty() {
        "Revoke it where it was issued, then keep its successor out of files."
    } else {
        &rule.help
    }
}

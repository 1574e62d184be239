//! `skant ci`: what a pull request or a push brought, as the CI system around us tells it.

mod github;
mod job;
mod variables;

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use clap::ColorChoice;
use job::{Change, Job, Point, Surroundings, is_branch};
use miette::Diagnostic;
use sha2::{Digest, Sha256};

use super::scan::Options;
use super::{Outcome, masked, print, tell};
use crate::error::Error;
use crate::git::{Depth, Fetch, Repository, object};
use crate::report::{Format, Report, Style, write_github_error};
use crate::source::{History, HistoryOptions, Push, Reach, Source};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What was there before (default: what the CI system says)
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// What is there now (default: what the CI system says, or HEAD)
    #[arg(long, value_name = "REV")]
    head: Option<String>,
    /// Let git fetch the commits that are missing
    #[arg(long)]
    fetch: bool,
    /// Where they are fetched from
    #[arg(long, value_name = "NAME", default_value = "origin", value_parser = remote)]
    remote: String,
    #[command(flatten)]
    options: Options,
}

fn remote(name: &str) -> Result<String, String> {
    if is_branch(name) { Ok(name.to_owned()) } else { Err("it is not the name of a remote".to_owned()) }
}

pub(super) fn run(mut arguments: Args, color: ColorChoice) -> Result<Outcome, Error> {
    if arguments.options.reveals() {
        let help = "what CI systems keep is read by many: run `skant history A..B --reveal` on your own machine";
        return Err(Error::usage("`--reveal` does not go with `skant ci`", help));
    }
    if env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        arguments.options.prefer(Format::Github);
    }
    let ended = scan(&mut arguments, color);
    if let Err(error) = &ended {
        annotate(error)?;
    }
    let (report, outcome) = match &ended {
        Ok((report, outcome)) => (Some(report), *outcome),
        Err(_) => (None, Outcome::Failed),
    };
    let told = report.map_or(Ok(()), summary).and(outputs(&arguments.options, report, outcome));
    ended.and(told).map(|()| outcome)
}

fn scan(arguments: &mut Args, color: ColorChoice) -> Result<(Report, Outcome), Error> {
    let repository = Repository::open(Path::new("."))?;
    let job = job(arguments, &repository)?;
    drop(repository);
    let mut clone = Clone { arguments, notices: Vec::new(), base: None };
    let history = match &job.change {
        Change::Nothing => None,
        Change::Files(commit) => {
            clone.need(&[commit])?;
            clone.notices.push(format!("{}: the files of one commit were scanned, not what is new", job.what));
            let (history, reach) = clone.open(format!("{}^{{tree}}", commit.revision(&arguments.remote)))?;
            Some((history, reach.commits))
        }
        Change::Commits { head, bases } => Some(clone.commits(head, bases)?),
    };
    if let Some((history, commits)) = &history {
        let range = history.range().unwrap_or_default();
        tell(&format!("{}: {range}, {commits} commit{}", job.what, if *commits == 1 { "" } else { "s" }));
    }
    let Clone { notices, base, .. } = clone;
    // What a change brings cannot excuse itself.
    if let Some(base) = base {
        arguments.options.prefer_policy_of(base);
    }
    let source = Push::arrived(history.map(|(history, _)| history), job.names, notices);
    arguments.options.report(&source, color)
}

/// What was typed counts, then what the CI system says. A base that is empty or all zeros is none: some
/// systems have a variable for it that is always there.
fn job(arguments: &Args, repository: &Repository) -> Result<Job, Error> {
    let base = arguments.base.clone().filter(|base| base.bytes().any(|byte| byte != b'0'));
    if base.is_some() || arguments.head.is_some() {
        return Ok(Job::typed(base, arguments.head.clone()));
    }
    let variable = |name: &str| {
        let value = env::var_os(name).filter(|value| !value.is_empty())?;
        Some(value.to_string_lossy().into_owned())
    };
    Job::find(&Surroundings { variable: &variable, default_branch: repository.default_branch(&arguments.remote) })
}

/// The clone we are in. What it lacks is fetched, or named with the line that fetches it.
struct Clone<'a> {
    arguments: &'a Args,
    notices: Vec<String>,
    /// What was there before, once it is here.
    base: Option<String>,
}

/// The depths to which a shallow clone is fetched, one after the other, until it has what is wanted.
const DEPTHS: [Depth; 3] = [Depth::Commits(100), Depth::Commits(1000), Depth::All];

impl Clone<'_> {
    /// What the head reaches and the base does not: the first base that can be had.
    fn commits(&mut self, head: &Point, bases: &[Point]) -> Result<(History, usize), Error> {
        let Some((base, rest)) = bases.split_first() else {
            self.need(&[head])?;
            let revision = head.revision(&self.arguments.remote);
            let notice = format!("nothing tells what was there before: all that {revision} reaches was scanned");
            self.notices.push(notice);
            return self.whole(&[head], revision);
        };
        match self.need(&[head, base]) {
            Err(_) if self.arguments.fetch && !rest.is_empty() => {
                let gone = base.revision(&self.arguments.remote);
                self.notices.push(format!("{gone}, which was there before, is gone"));
                self.commits(head, rest)
            }
            Err(error) => Err(error),
            Ok(()) => {
                let [base_revision, head_revision] = [base, head].map(|point| point.revision(&self.arguments.remote));
                self.base = Some(base_revision.clone());
                self.whole(&[head, base], format!("{base_revision}..{head_revision}"))
            }
        }
    }

    /// Takes care that all the commits between are here.
    fn whole(&self, ends: &[&Point], revisions: String) -> Result<(History, usize), Error> {
        let mut depths = DEPTHS.into_iter();
        loop {
            let (history, reach) = self.open(revisions.clone())?;
            if reach.gaps.is_empty() || !self.is_shallow()? {
                // What else is missing the scan itself tells, and goes on.
                return Ok((history, reach.commits));
            }
            if !self.arguments.fetch {
                let message = format!("the clone is shallow, and not all commits of {revisions} are here");
                return Err(self.lacking(message, ends, Depth::All));
            }
            let Some(depth) = depths.next() else { return Ok((history, reach.commits)) };
            self.fetch(ends, depth)?;
        }
    }

    fn open(&self, revisions: String) -> Result<(History, Reach), Error> {
        let history = History::open(Path::new("."), vec![revisions], HistoryOptions::default())?;
        let reach = history.reach();
        Ok((history, reach))
    }

    /// Takes care that these are here.
    fn need(&self, points: &[&Point]) -> Result<(), Error> {
        let missing = self.missing(points)?;
        if missing.is_empty() {
            return Ok(());
        }
        let shallow = self.is_shallow()?;
        let names: Vec<String> = missing.iter().map(|point| point.revision(&self.arguments.remote)).collect();
        let message = format!("not in this clone: {}", names.join(", "));
        if !self.arguments.fetch {
            let depth = if shallow { Depth::All } else { Depth::Missing };
            return Err(self.lacking(message, &missing, depth));
        }
        // Of a shallow clone all ends are made equally deep.
        self.fetch(if shallow { points } else { &missing }, if shallow { DEPTHS[0] } else { Depth::Missing })?;
        let missing = self.missing(points)?;
        if missing.is_empty() { Ok(()) } else { Err(self.lacking(message, &missing, Depth::Missing)) }
    }

    fn missing<'p>(&self, points: &[&'p Point]) -> Result<Vec<&'p Point>, Error> {
        let repository = Repository::open(Path::new("."))?;
        let is_here = |point: &Point| match point {
            // A branch may have a name that reads like an id.
            Point::Id(id) => object::from_hex(id.as_bytes()).is_some_and(|id| repository.has(&id)),
            Point::Branch(_) => repository.has_reference(&point.revision(&self.arguments.remote)),
            Point::Revision(typed) => {
                repository.resolve(typed).is_ok_and(|(one, without)| one.len() == 1 && without.is_empty())
            }
        };
        Ok(points.iter().copied().filter(|point| !is_here(point)).collect())
    }

    fn is_shallow(&self) -> Result<bool, Error> {
        Ok(!Repository::open(Path::new("."))?.shallow().is_empty())
    }

    fn fetch(&self, points: &[&Point], depth: Depth) -> Result<(), Error> {
        let fetch = self.fetching(points, depth);
        let help = format!("it was: {}", fetch.line());
        fetch.run().map_err(|said| Error::usage(format!("cannot fetch what is missing: {said}"), help))
    }

    fn lacking(&self, message: String, points: &[&Point], depth: Depth) -> Error {
        let line = self.fetching(points, depth).line();
        Error::usage(message, format!("`skant ci --fetch` lets git fetch it, or type:\n{line}"))
    }

    fn fetching(&self, points: &[&Point], depth: Depth) -> Fetch<'_> {
        let remote = &self.arguments.remote;
        Fetch { remote, refspecs: points.iter().filter_map(|point| point.refspec(remote)).collect(), depth }
    }
}

/// Shows what went wrong on the page of a GitHub job, where nobody looks into the log.
fn annotate(error: &Error) -> Result<(), Error> {
    if env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return Ok(());
    }
    let help = error.help().map(|help| format!("\n{help}")).unwrap_or_default();
    print(|out| write_github_error(&masked(&format!("{error}{help}").replace('\n', " ")), out))
}

/// Tells the steps of a GitHub job that follow what came of this one.
fn outputs(options: &Options, report: Option<&Report>, outcome: Outcome) -> Result<(), Error> {
    let sarif = options.output_of(Format::Sarif).map(|file| file.display().to_string());
    let values = [
        ("findings", report.map_or_else(String::new, |report| report.findings.len().to_string())),
        ("exit-code", outcome.code().to_string()),
        ("sarif", sarif.filter(|_| report.is_some()).unwrap_or_default()),
        ("range", report.and_then(|report| report.range.clone()).unwrap_or_default()),
    ];
    let text: String = values.iter().map(|(name, value)| output(name, value)).collect();
    append("GITHUB_OUTPUT", text.as_bytes())
}

/// Tells people what came of it, on the page of a GitHub job.
fn summary(report: &Report) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let written = Format::Markdown.write(report, &Style::default(), &mut bytes);
    written.map_err(|source| Error::Write { path: "the job's summary".into(), source })?;
    append("GITHUB_STEP_SUMMARY", &bytes)
}

/// Adds to the file that a variable names, where it does.
fn append(variable: &str, bytes: &[u8]) -> Result<(), Error> {
    let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) else { return Ok(()) };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(bytes))
        .map_err(|source| Error::Write { path: Path::new(&path).display().to_string(), source })
}

/// A value as GitHub reads it. The line that ends it is made from the value, which cannot hold it.
fn output(name: &str, value: &str) -> String {
    let end = data_encoding::HEXLOWER.encode(&Sha256::digest(value));
    format!("{name}<<{end}\n{value}\n{end}\n")
}

//! `skant history --repos`: the clones of a list, one after the other, into one report. What is done is kept, so
//! that a run that was stopped can go on; a run can be dealt out to many machines.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::ColorChoice;
use miette::Diagnostic;
use sha2::{Digest, Sha256};

use super::policy::Place;
use super::scan::{Options, Session};
use super::{LARGEST, Outcome, read, shown, tell};
use crate::baseline;
use crate::config::{Date, NAMES};
use crate::error::Error;
use crate::policy::Policy;
use crate::report::{self, Merge, Report, Repository, Status, write_part};
use crate::source::{History, HistoryOptions};

#[derive(Debug, clap::Args)]
pub(super) struct Repositories {
    /// Scan these clones, one folder a line; `-` is standard input
    #[arg(long = "repos", value_name = "FILE", conflicts_with = "revisions")]
    pub list: Option<PathBuf>,
    /// Scan only the M-th of N shares of them, dealt by a hash of their names
    #[arg(long, value_name = "M/N", requires = "list")]
    shard: Option<Shard>,
    /// Keep what is done in FILE, and do not do again what it has
    #[arg(long, value_name = "FILE", requires = "list")]
    resume: Option<PathBuf>,
}

/// A share of a list, counted from 1.
#[derive(Debug, Clone, Copy)]
struct Shard {
    number: u64,
    of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let text = text.strip_prefix("hash:").unwrap_or(text);
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Shard { number, of }),
            _ => Err("write M/N, where M goes from 1 to N".to_owned()),
        }
    }
}

impl Shard {
    /// Whether a repository is in it, whatever else is in the list.
    fn has(self, name: &str) -> bool {
        let hash = Sha256::digest(name);
        let number = hash.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        number % self.of == self.number - 1
    }
}

/// No folder has a longer path.
const LONGEST: usize = 4096;
/// So many repositories are scanned in one run.
const MOST: usize = 200_000;

/// The folders by the names of the repositories, as reports show them.
type List = BTreeMap<Arc<str>, PathBuf>;

/// Scans the clones of a list.
pub(super) fn run(
    file: &Path,
    asked: &Repositories,
    wanted: HistoryOptions,
    options: &Options,
    color: ColorChoice,
) -> Result<Outcome, Error> {
    let read: Vec<PathBuf> = [file].into_iter().chain(asked.resume.as_deref()).map(Path::to_owned).collect();
    options.spare(&read)?;
    let mut session = options.begin(options.policy().named()?.as_ref())?;
    // What is kept may be told in another format next time.
    session.tells_provenance |= asked.resume.is_some();
    let mut list = read_list(file, &session)?;
    let mut report = Report { source: "history", ..Report::default() };
    if let Some(shard) = asked.shard {
        let all = list.len();
        report.shard = Some(report::Shard { number: shard.number, of: shard.of, list: hash(&list) });
        list.retain(|name, _| shard.has(name));
        if list.is_empty() {
            tell(&format!("share {} of {} has none of the {all} repositories", shard.number, shard.of));
        }
    }
    let (config, baseline) = (options.policy().named()?, options.policy().named_baseline()?);
    report.settings = session.settings(config.as_ref(), baseline.as_ref(), &wanted.names());
    let settings = digest(&report.settings);
    let mut journal = asked.resume.as_deref().map(|file| Journal::open(file, options)).transpose()?;
    report.rules = session.engine.rules().in_order();
    let state = |folder: &Path| Some(Opened::new(folder, wanted, options).ok()?.state);
    let kept = journal.as_mut().map(|journal| journal.read(&list, &settings, &session, state)).transpose()?;
    let all = list.len();
    for (part, repository) in kept.into_iter().flatten() {
        list.remove(&repository.name);
        report.take_in(part, repository);
    }
    if let Some(journal) = &journal {
        let taken = all - list.len();
        tell(&format!("{taken} of {all} repositories are taken from {}", shown(journal.path)));
    }
    for (name, folder) in &list {
        let opened = Opened::new(folder, wanted, options);
        let state = opened.as_ref().map(|opened| opened.state.clone()).unwrap_or_default();
        let part = opened.and_then(|opened| opened.scan(folder, options, &session));
        let part = part.unwrap_or_else(|error| Report::failed(told(&error, &session)));
        let repository = part.as_repository(name, &settings, &state);
        if let Some(journal) = &mut journal {
            journal.keep(&part, &repository)?;
        }
        report.take_in(part, repository);
    }
    report.put_in_order();
    session.tell(&mut report, color)
}

/// A clone that is to be scanned.
struct Opened {
    history: History,
    policy: Policy,
    /// What stands for all that decides what is found in it, but for the options.
    state: String,
}

impl Opened {
    fn new(folder: &Path, wanted: HistoryOptions, options: &Options) -> Result<Opened, Error> {
        let history = History::of_clone(folder, wanted)?;
        let place = Place::Clone(folder.to_owned());
        let files = place.files()?;
        let policy = options.policy().open(place)?;
        let mut hash = Sha256::new_with_prefix(history.state());
        for name in NAMES.into_iter().chain([baseline::NAME, ".gitleaksignore"]) {
            hash.update(format!("{:?}", files.read(name).ok()));
        }
        if policy.own.config.as_ref().is_some_and(|config| config.allow.iter().any(|allow| allow.until.is_some())) {
            hash.update(Date::today().to_string());
        }
        Ok(Opened { history, policy, state: data_encoding::HEXLOWER.encode(&hash.finalize()[..16]) })
    }

    /// Scans it. Its own config can allow and switch off, and not change by which rules all are scanned.
    fn scan(self, folder: &Path, options: &Options, session: &Session<'_>) -> Result<Report, Error> {
        let Opened { history, policy, .. } = self;
        let mut report = session.scan(&history, &policy, Some(folder))?;
        let config = policy.own.config.filter(|_| options.policy().config.is_none());
        if let Some(config) = config.filter(|config| config.is_for_one_repository()) {
            let name = config.names.first().map_or("its config", String::as_str);
            report.notices.push(format!("what {name} adds or grades counts in a scan of this repository alone"));
            report.put_in_order();
        }
        Ok(report)
    }
}

/// An error and the way out, in a line. Both may repeat what was typed, or what stands in a file.
fn told(error: &Error, session: &Session<'_>) -> String {
    let help = error.help().map(|help| format!(": {help}")).unwrap_or_default();
    session.engine.mask(&format!("{error}{help}"))
}

/// Reads a list: one folder a line, nothing from empty lines and those that begin with `#`.
fn read_list(file: &Path, session: &Session<'_>) -> Result<List, Error> {
    let help = "write the folders of clones into it, one a line, or pipe them to `--repos -`";
    let refuse = |what: String| Error::usage(format!("{}: {what}", shown(file)), help);
    let bytes = read(file, LARGEST).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("is not UTF-8".to_owned()))?;
    let lines = text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty());
    let mut list = List::new();
    for line in lines.filter(|line| !line.starts_with('#')) {
        if line.len() > LONGEST {
            return Err(refuse(format!("a line of {} bytes is no folder", line.len())));
        }
        let folder = Path::new(if line.len() > 1 { line.trim_end_matches('/') } else { line });
        let name: Arc<str> = session.engine.mask(&folder.to_string_lossy()).into();
        if list.insert(Arc::clone(&name), folder.to_owned()).is_some_and(|other| other != folder) {
            return Err(refuse(format!("two lines are shown alike, as {name}, and a report cannot tell them apart")));
        }
        if list.len() > MOST {
            return Err(refuse(format!(
                "it has more than {MOST} repositories: make two lists of it, and join the reports"
            )));
        }
    }
    if list.is_empty() { Err(refuse("names no repository".to_owned())) } else { Ok(list) }
}

/// What stands for a list: equal lists, equal names.
fn hash(list: &List) -> String {
    let mut hash = Sha256::new();
    list.keys().for_each(|name| hash.update(format!("{name}\n")));
    data_encoding::HEXLOWER.encode(&hash.finalize()[..16])
}

/// What stands for settings: equal for equal ones.
fn digest(settings: &BTreeMap<String, String>) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(format!("{settings:?}"))[..8])
}

/// What is kept of a run while it goes on: the lines that `jsonl` has of each repository.
struct Journal<'f> {
    path: &'f Path,
    file: File,
}

impl Journal<'_> {
    fn open<'f>(path: &'f Path, options: &Options) -> Result<Journal<'f>, Error> {
        if options.shows_more() {
            let help = "leave `--explain`, `--show-suppressed`, `-v` and `--reveal` to a run without it";
            return Err(Error::usage("`--resume` keeps what is reported, masked, and no more", help));
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = file.map_err(|source| Error::Write { path: shown(path), source })?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Error::usage(
                format!("{} is in use by another run", shown(path)),
                "give each share a file of its own",
            )),
            // Where files cannot be locked, whoever starts the runs takes care.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Journal { path, file }),
        }
    }

    /// What is done of these, and is as it was then. The rest of a line that was being written is taken away.
    fn read(
        &mut self,
        list: &List,
        settings: &str,
        session: &Session<'_>,
        state: impl Fn(&Path) -> Option<String>,
    ) -> Result<Vec<(Report, Repository)>, Error> {
        let refuse = |said: &str| {
            let help = "a file that `--resume` wrote is expected, of a run with the same options; or name a new one";
            Error::usage(format!("cannot resume with {}: {said}", shown(self.path)), help)
        };
        let mut text = Vec::new();
        self.file.read_to_end(&mut text).map_err(|error| refuse(&error.to_string()))?;
        let end = memchr::memrchr(b'\n', &text).map_or(0, |at| at + 1);
        let whole = std::str::from_utf8(&text[..end]).map_err(|_| refuse("it is not UTF-8"))?;
        let (kept, end) = Merge::new(session.engine.rules()).kept(whole).map_err(|said| refuse(&said))?;
        if kept.iter().any(|(_, repository)| repository.settings != settings) {
            return Err(refuse("it is of a run with other options"));
        }
        self.file.set_len(end as u64).map_err(|error| refuse(&error.to_string()))?;
        // What it says last of one counts.
        let last: BTreeMap<_, _> = kept.into_iter().map(|part| (Arc::clone(&part.1.name), part)).collect();
        let is_done = |one: &Repository| {
            let folder = list.get(&one.name).filter(|_| one.status == Status::Scanned);
            folder.and_then(|folder| state(folder)).is_some_and(|state| state == one.state)
        };
        Ok(last.into_values().filter(|(_, one)| is_done(one)).collect())
    }

    /// Keeps what came of a repository, in one piece.
    fn keep(&mut self, part: &Report, repository: &Repository) -> Result<(), Error> {
        let mut lines = Vec::new();
        let written = write_part(part, repository, &mut lines).and_then(|()| self.file.write_all(&lines));
        written.map_err(|source| Error::Write { path: shown(self.path), source })
    }
}

//! The options by which people say whose word counts, and what they come to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{LARGEST, read_file};
use crate::baseline::{self, Baseline};
use crate::config::{Config, Files, Gitleaks, NAMES};
use crate::error::Error;
use crate::git::Repo;
use crate::policy::{Ground, Policy, read_baseline};
use crate::rule::RuleSet;
use crate::source::Tree;

/// What every scan can be told of config, baseline and marks.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyOptions {
    /// Use this config, and no other (default: `skant.toml` at the repository's root, and nearer ones)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use no config
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
    /// Take config and baseline as of that commit: a change cannot excuse itself
    #[arg(long, value_name = "REV", conflicts_with_all = ["config", "no_config"])]
    config_from: Option<String>,
    /// Use this baseline (default: `.skant-baseline` at the repository's root)
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Use no baseline
    #[arg(long, conflicts_with = "baseline")]
    no_baseline: bool,
    /// Heed no mark in the text, such as `skant: allow`
    #[arg(long)]
    pub no_inline: bool,
    /// What is scanned may have written what is in the work tree: files that are named are read as of
    /// `config_from`, too.
    #[arg(skip)]
    is_change: bool,
}

/// As of when a file counts that was named.
#[derive(Debug)]
pub(super) enum Named {
    /// As it is.
    Now,
    /// As it was before the change that is scanned: where, and its name there.
    Before(Files, String),
    /// The change brings it: not at all.
    New,
}

impl Named {
    /// What is to be told of a file that does not count as it is.
    fn told(&self, path: &Path) -> Result<Option<String>, Error> {
        let shown = path.display();
        Ok(match self {
            Named::New => Some(format!("{shown} is new and does not count here")),
            Named::Before(then, name) => {
                let is_same = read_file(path, LARGEST).ok() == then.read(name)?.map(String::into_bytes);
                (!is_same).then(|| format!("{shown} was changed, and counts as it was before"))
            }
            Named::Now => None,
        })
    }
}

/// What the policy is that of.
#[derive(Debug)]
pub(super) enum Place {
    /// The repository that git, or its environment, names.
    Repository,
    /// One repository of many.
    Clone(PathBuf),
    /// A folder.
    Folder(PathBuf),
}

impl Place {
    /// What is there now.
    pub(super) fn files(&self) -> Result<Files, Error> {
        match self {
            Place::Repository => Files::of_repository(Path::new(".")),
            Place::Clone(folder) => Files::of_repository(folder),
            Place::Folder(root) => Ok(Files::Disk(root.clone())),
        }
    }

    /// Whether there is a repository.
    pub(super) fn has_history(&self) -> bool {
        self.folder().join(".git").symlink_metadata().is_ok()
    }

    fn folder(&self) -> &Path {
        match self {
            Place::Repository => Path::new("."),
            Place::Clone(root) | Place::Folder(root) => root,
        }
    }
}

/// The root of the repository around a folder; the working directory, where there is none.
pub(super) fn root_around(folder: &Path) -> PathBuf {
    Tree::new(vec![folder.to_owned()], false).root().to_owned()
}

impl PolicyOptions {
    /// What else was asked for, by the names of the options.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&'static str, String)> {
        let PolicyOptions { config: _, baseline: _, no_config, config_from, no_baseline, no_inline, is_change: _ } =
            self;
        let flags = [("no-config", no_config), ("no-baseline", no_baseline), ("no-inline", no_inline)];
        let flags = flags.into_iter().filter(|(_, is_set)| **is_set).map(|(name, _)| (name, String::new()));
        flags.chain(config_from.clone().map(|revision| ("config-from", revision)))
    }

    /// The baseline that was named.
    pub(super) fn baseline(&self) -> Option<&Path> {
        self.baseline.as_deref()
    }

    /// What it says.
    pub(super) fn named_baseline(&self) -> Result<Option<Baseline>, Error> {
        let name = self.baseline.as_ref().map(|path| path.display().to_string());
        name.map(|name| baseline_at(&Files::Disk(".".into()), &name)).transpose()
    }

    /// The config that was named.
    pub(super) fn named(&self) -> Result<Option<Config>, Error> {
        self.config.as_deref().map(Config::named).transpose()
    }

    /// The same without a baseline.
    pub(super) fn without_baseline(&self) -> PolicyOptions {
        PolicyOptions {
            config: self.config.clone(),
            no_config: self.no_config,
            config_from: self.config_from.clone(),
            baseline: None,
            no_baseline: true,
            no_inline: self.no_inline,
            is_change: self.is_change,
        }
    }

    /// Whose word counts at a place.
    pub(super) fn open(&self, place: Place) -> Result<Policy, Error> {
        let Some(revision) = &self.config_from else { return self.open_in(place.files()?, place.files()?) };
        let (now, files) = (place.files()?, Files::at(place.folder(), revision)?);
        let repo = fs::canonicalize(place.folder()).ok().and_then(|folder| Repo::around(&folder));
        let folders = repo.map(|repo| repo.folders_with(&NAMES)).unwrap_or_default();
        let below = folders.iter().filter(|folder| !folder.is_empty() && self.finds_config());
        let added: Vec<String> = below.flat_map(|folder| Added::UNHEEDED.to_config(&now, &files, folder)).collect();
        let mut policy = self.open_in(now, files)?;
        policy.notices.extend(added);
        Ok(policy)
    }

    /// What the staged changes of these files add to the configs and the baseline that count here. Where none
    /// of them is such a file, nothing is read.
    pub(super) fn staged<'p>(&self, mut paths: impl Iterator<Item = &'p [u8]>) -> Vec<String> {
        let is_policy = |path: &[u8]| path.ends_with(b".toml") || path == baseline::NAME.as_bytes();
        let is_named = self.config.is_some() || self.no_config || self.config_from.is_some();
        if is_named || !paths.any(is_policy) {
            return Vec::new();
        }
        // What cannot be read the scan itself tells.
        let Ok((now, folders)) = Files::staged() else { return Vec::new() };
        let then = Files::at(Path::new("."), "HEAD").unwrap_or(Files::None);
        let added = Added::STAGED;
        let configs = folders.iter().flat_map(|folder| added.to_config(&now, &then, folder));
        let old = read_baseline(&then).unwrap_or_default();
        let entries = if self.no_baseline || self.baseline.is_some() {
            Vec::new()
        } else {
            added.to_baseline(&now, old.as_ref())
        };
        configs.chain(entries).collect()
    }

    /// Takes config and baseline as of a commit, unless another one was asked for: what was changed since is what is
    /// scanned, and cannot excuse itself.
    pub(super) fn prefer(&mut self, revision: String) {
        self.config_from.get_or_insert(revision);
        self.is_change = true;
    }

    /// As of when a file counts that was named. One that git does not have is not of the change: whoever
    /// started skant put it there.
    pub(super) fn named_as_of(&self, path: &Path) -> Result<Named, Error> {
        let Some(revision) = self.config_from.as_deref().filter(|_| self.is_change) else { return Ok(Named::Now) };
        let here = Path::new(".");
        let Files::Disk(root) = Files::of_repository(here)? else { return Ok(Named::Now) };
        let names = names_below(&root, path);
        let before = Files::at(here, revision)?;
        if let Some(name) = names.iter().find(|name| before.has(name)) {
            return Ok(Named::Before(before, name.clone()));
        }
        let now = Files::at(here, "HEAD");
        let is_new = now.is_ok_and(|now| names.iter().any(|name| now.has(name)));
        Ok(if is_new { Named::New } else { Named::Now })
    }

    /// A file that was named, and as of when it counts.
    fn as_of<'p>(&self, path: Option<&'p PathBuf>) -> Result<Option<(&'p Path, Named)>, Error> {
        path.map(|path| Ok((path.as_path(), self.named_as_of(path)?))).transpose()
    }

    /// What is to be told of files that were named, and do not count as they are.
    pub(super) fn told_of_named(&self, paths: &[PathBuf]) -> Result<Vec<String>, Error> {
        let mut told = Vec::new();
        for path in paths {
            told.extend(self.named_as_of(path)?.told(path)?);
        }
        Ok(told)
    }

    /// Whether the configs count that are in the repository.
    fn finds_config(&self) -> bool {
        self.config.is_none() && !self.no_config
    }

    /// The same, with what there is now, and the files that have a word.
    fn open_in(&self, now: Files, files: Files) -> Result<Policy, Error> {
        let (named_config, named_baseline) = (self.as_of(self.config.as_ref())?, self.as_of(self.baseline.as_ref())?);
        let config = match &named_config {
            Some((path, Named::Now)) => Some(Config::named(path)?.with_ignored(&files)?),
            Some((_, Named::Before(then, name))) => Some(Config::of_name(then, name)?.with_ignored(&files)?),
            Some((_, Named::New)) => None,
            None if self.no_config => None,
            None => Config::of_folder(&files, "")?,
        };
        let baseline = match &named_baseline {
            Some((path, Named::Now)) => Some(baseline_at(&Files::Disk(".".into()), &path.display().to_string())?),
            Some((_, Named::Before(then, name))) => Some(baseline_at(then, name)?),
            Some((_, Named::New)) => None,
            None if self.no_baseline => None,
            None => read_baseline(&files)?,
        };
        let mut notices = Vec::new();
        for (path, named) in named_config.iter().chain(&named_baseline) {
            notices.extend(named.told(path)?);
        }
        if self.config_from.is_some() && self.finds_config() {
            notices.extend(Added::UNHEEDED.to_config(&now, &files, ""));
        }
        if self.config_from.is_some() && self.baseline.is_none() && !self.no_baseline {
            notices.extend(Added::UNHEEDED.to_baseline(&now, baseline.as_ref()));
        }
        let left = config.iter().filter_map(|config| config.gitleaks.as_ref()).flat_map(Gitleaks::left);
        let notices = notices.into_iter().chain(left).collect();
        let is_found = self.finds_config();
        let own = Ground { files: if is_found { files } else { Files::None }, now, config, baseline };
        Ok(Policy { own, reads_nested: is_found && self.config_from.is_none() && !self.no_baseline, notices })
    }
}

/// The policy and the rules for what an assistant does in a folder: those of a commit, `HEAD` when none is named,
/// of the repository around it. What the assistant could write into a config itself does not count; before the
/// first commit, and outside of a repository, nothing does.
pub(super) fn committed(folder: &Path, revision: Option<&str>) -> Result<(Policy, RuleSet), Error> {
    let mut rules = RuleSet::builtin();
    let files = match (Repo::around(folder), revision) {
        (Some(repo), Some(revision)) => Some((Files::at(repo.root(), revision)?, repo)),
        (Some(repo), None) => Files::at(repo.root(), "HEAD").ok().zip(Some(repo)),
        (None, _) => None,
    };
    let Some((files, repo)) = files else { return Ok((Policy::none(), rules)) };
    let now = Files::Disk(repo.root().to_owned());
    let options = PolicyOptions { config_from: Some(String::new()), ..PolicyOptions::default() };
    let policy = options.open_in(now, files)?;
    if let Some(config) = &policy.own.config {
        config.change(&mut rules)?;
    }
    Ok((policy, rules))
}

/// What a file may be called below a root: by how it was named, and by where links lead.
fn names_below(root: &Path, path: &Path) -> Vec<String> {
    let mut named = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_default().components() {
        match part {
            Component::ParentDir => drop(named.pop()),
            Component::CurDir => {}
            part => named.push(part),
        }
    }
    let real = |path: &Path| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    let roots = [Some(root.to_owned()), root.canonicalize().ok()];
    let paths = [real(&named), real(path), Some(named)];
    let below = paths.iter().flatten().flat_map(|path| {
        roots.iter().flatten().filter_map(|root| Some(path.strip_prefix(root).ok()?.to_str()?.replace('\\', "/")))
    });
    let names: BTreeSet<String> = below.collect();
    names.into_iter().collect()
}

fn baseline_at(files: &Files, name: &str) -> Result<Baseline, Error> {
    let text = files.read(name)?;
    let text = text.ok_or_else(|| {
        Error::usage(format!("there is no {name}"), "`--baseline` takes a file that `skant baseline create` wrote")
    })?;
    Baseline::parse(name, text)
}

/// How it is told what configs and a baseline say now and did not say then.
struct Added {
    is_new: &'static str,
    entries: &'static str,
    is_wrong: &'static str,
}

impl Added {
    /// It does not count.
    const UNHEEDED: Added = Added {
        is_new: "is new and does not count here",
        entries: "do not count here",
        is_wrong: "as it is now, which does not count here, is wrong",
    };
    /// It counts, and is part of what is staged.
    const STAGED: Added = Added {
        is_new: "is new with what is staged",
        entries: "come with what is staged",
        is_wrong: "as it is staged is wrong",
    };

    /// What the config of a folder says.
    fn to_config(&self, now: &Files, then: &Files, folder: &str) -> Vec<String> {
        let old = Config::of_folder(then, folder).unwrap_or_default();
        match Config::of_folder(now, folder) {
            Ok(Some(new)) => {
                new.adds_to(old.as_ref()).into_iter().map(|what| format!("{what} {}", self.is_new)).collect()
            }
            Ok(None) => Vec::new(),
            Err(error) => {
                let name = error.file().unwrap_or_else(|| format!("{folder}{}", NAMES[0]));
                vec![format!("{name} {}: {error}", self.is_wrong)]
            }
        }
    }

    /// What the baseline has.
    fn to_baseline(&self, now: &Files, old: Option<&Baseline>) -> Vec<String> {
        match read_baseline(now) {
            Ok(new) => {
                let new = new.map(|new| (new.adds_to(old), new.name().to_owned())).filter(|(count, _)| *count > 0);
                new.map(|(count, name)| format!("{count} new entries of {name} {}", self.entries)).into_iter().collect()
            }
            Err(error) => vec![format!("the baseline {}: {error}", self.is_wrong)],
        }
    }
}

//! What a run does not report although it is believed: what a config allows, and what a baseline knows.
//! Where nothing is found none of it is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::baseline::{self, Baseline, Verdict};
use crate::config::{Config, Date, Files, NAMES};
use crate::error::Error;
use crate::finding::{Finding, Means, Suppression};

/// What is said of the findings of a run.
#[derive(Debug)]
pub struct Policy {
    /// For what is found below the root of the run.
    pub own: Ground,
    /// Whether repositories inside of it have a word, too.
    pub reads_nested: bool,
    /// What else a person should know of it.
    pub notices: Vec<String>,
}

/// What is said of the findings of one repository.
#[derive(Debug)]
pub struct Ground {
    /// Where nearer configs are; none when the config was named.
    pub files: Files,
    /// What there is now, whatever commit the rest is of.
    pub now: Files,
    /// The config at the root.
    pub config: Option<Config>,
    /// What is already known.
    pub baseline: Option<Baseline>,
}

/// What a policy came to.
#[derive(Debug, Default)]
pub struct Judged {
    /// What is reported.
    pub reported: Vec<Finding>,
    /// What is not, each with its reason.
    pub suppressed: Vec<Finding>,
    /// What a person should know.
    pub notices: Vec<String>,
    /// Files that could not be understood, and why.
    pub failures: Vec<(String, Error)>,
    /// How many entries of the run's own baseline no finding has.
    pub dead: usize,
}

impl Policy {
    /// The policy of whoever says nothing.
    pub fn none() -> Policy {
        let own = Ground { files: Files::None, now: Files::None, config: None, baseline: None };
        Policy { own, reads_nested: false, notices: Vec::new() }
    }

    /// Judges the findings of a run.
    pub fn judge(&self, findings: Vec<Finding>) -> Judged {
        let mut judged = Judged { notices: self.notices.clone(), ..Judged::default() };
        let mut by_root: BTreeMap<Option<Arc<Path>>, Vec<Finding>> = BTreeMap::new();
        for finding in findings {
            by_root.entry(finding.location.origin.root.clone()).or_default().push(finding);
        }
        // Its notices and dead entries do not depend on findings.
        by_root.entry(None).or_default();
        for (root, findings) in by_root {
            match root {
                None => judged.dead = self.own.judge(findings, &mut judged).dead(),
                Some(root) if self.reads_nested => match Ground::nested(&root) {
                    Ok(ground) => drop(ground.judge(findings, &mut judged)),
                    Err(error) => {
                        judged.failures.push((root.display().to_string(), error));
                        judged.reported.extend(findings);
                    }
                },
                Some(_) => judged.reported.extend(findings),
            }
        }
        judged
    }
}

impl Ground {
    /// That of a repository inside of what is scanned.
    fn nested(root: &Path) -> Result<Ground, Error> {
        let files = Files::Disk(root.to_owned());
        let config = Config::of_folder(&files, "")?;
        let baseline = read_baseline(&files)?;
        Ok(Ground { now: Files::Disk(root.to_owned()), files, config, baseline })
    }

    fn judge(&self, findings: Vec<Finding>, judged: &mut Judged) -> Verdict {
        let mut nearer: BTreeMap<String, Option<Config>> = BTreeMap::new();
        let mut left = Vec::new();
        let today = Date::today();
        let mut expired = BTreeSet::new();
        for mut finding in findings {
            let path = finding.location.origin.path.clone();
            let folders = folders(&path);
            for folder in &folders {
                nearer.entry(folder.clone()).or_insert_with(|| {
                    Config::of_folder(&self.files, folder).unwrap_or_else(|error| {
                        let name = error.file().unwrap_or_else(|| format!("{folder}{}", NAMES[0]));
                        judged.failures.push((name, error));
                        None
                    })
                });
            }
            let near = folders.iter().filter_map(|folder| Some((folder.as_str(), nearer.get(folder)?.as_ref()?)));
            let all = near.chain(self.config.as_ref().map(|config| ("", config)));
            finding.suppression = allowed(&finding, &path, all, today, &mut expired);
            if finding.suppression.is_some() { judged.suppressed.push(finding) } else { left.push(finding) }
        }
        judged.notices.extend(expired);
        let Some(baseline) = &self.baseline else {
            judged.reported.append(&mut left);
            return Verdict::default();
        };
        let verdict = baseline.judge(&left, &|path| self.now.has(path));
        for (mut finding, known) in left.into_iter().zip(&verdict.known) {
            if *known {
                let what = baseline.name().to_owned();
                finding.suppression = Some(Suppression { means: Means::Baseline, what, reason: None });
                judged.suppressed.push(finding);
            } else {
                judged.reported.push(finding);
            }
        }
        judged.notices.extend(verdict.moved.iter().map(|(from, to)| {
            let name = baseline.name();
            format!("{from} is gone, and its entry in {name} counts for {to}: `skant baseline update` writes that down")
        }));
        verdict
    }
}

/// The baseline at a root.
///
/// # Errors
/// It cannot be read.
pub fn read_baseline(files: &Files) -> Result<Option<Baseline>, Error> {
    files.read(baseline::NAME)?.map(|text| Baseline::parse(baseline::NAME, text)).transpose()
}

/// Who of those that have a word, nearest first, says that a finding is fine.
fn allowed<'c>(
    finding: &Finding,
    path: &[u8],
    configs: impl Iterator<Item = (&'c str, &'c Config)>,
    today: Date,
    expired: &mut BTreeSet<String>,
) -> Option<Suppression> {
    for (folder, config) in configs {
        let below = path.get(folder.len()..).unwrap_or_default();
        for allow in config.allow.iter().filter(|allow| allow.is_about(finding, below)) {
            let (place, reason) = (allow.at.shown(), allow.reason.clone());
            match allow.until {
                Some(until) if until < today => {
                    expired.insert(format!(
                        "the exception at {place} ended on {until} ({reason}): what it allowed is reported again"
                    ));
                }
                _ => return Some(Suppression { means: Means::Config, what: place, reason: Some(reason) }),
            }
        }
        if config.ignored.iter().any(|ignored| ignored.is_about(finding)) {
            return Some(Suppression { means: Means::Config, what: ".gitleaksignore".to_owned(), reason: None });
        }
        if let Some(change) = config.switches_off(&finding.rule.id) {
            return Some(Suppression { means: Means::Config, what: change.place(), reason: None });
        }
    }
    None
}

/// The folders a path lies in below the root, the nearest first.
fn folders(path: &[u8]) -> Vec<String> {
    let path = std::str::from_utf8(path).ok().filter(|path| !path.starts_with('/') && !path.starts_with("../"));
    let all = path.into_iter().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..=at]));
    // What stands in `.github` is for the folder above.
    let is_own = |folder: &&str| *folder != ".github/" && !folder.ends_with("/.github/");
    let mut all: Vec<String> = all.filter(is_own).map(str::to_owned).collect();
    all.reverse();
    all
}

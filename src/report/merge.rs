//! Reports, read again and joined into what one run would have given. They come from anywhere and may say
//! anything: what a rule says is the rule's word and never theirs, and every text is masked again.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::json::{
    AccountEntry, CommitEntry, DismissedEntry, Entry, ProvenanceEntry, RepositoryEntry, SCHEMA_VERSION, Scan,
    ShardEntry, SkippedEntry, SuppressedEntry,
};
use super::{Provenance, Report, Repository, Skipped, Status};
use crate::blob::{Commit, Origin, Place};
use crate::finding::{
    Advice, Confidence, Excerpt, Exposure, Finding, Fingerprint, Liveness, Location, Means, Position, Secret, Severity,
    Suppression, inert,
};
use crate::ledger::{Account, Accounts, Cause, Exclusion, Unit, add, scanned};
use crate::rule::{Judge, Rule, RuleSet};
use crate::scan::{Dismissal, Dismissed, Scanner, Scratch};

/// What can have been scanned.
const SOURCES: [&str; 5] = ["tree", "staged", "history", "message", "stdin"];
/// The longest mask: a prefix, and ten characters.
const LONGEST_MASK: usize = 64;
/// The longest line or column that is believed.
const FARTHEST: u64 = 1 << 40;
/// How many missing shares are named.
const MOST_SHARES: usize = 20;
/// How much of a report's own words is told, in characters.
const MOST_TOLD: usize = 40;

/// Joins reports. The parts are to be those of one scan: of one source, one range and the same rules.
#[derive(Debug)]
pub struct Merge<'r> {
    rules: &'r RuleSet,
    scanner: Scanner,
    scratch: Scratch,
    /// What stands for the rules.
    digest: String,
    report: Option<Report>,
    repositories: Vec<Repository>,
    /// The shares that are there, by the list and how many it was dealt to.
    shares: BTreeMap<(String, u64), BTreeSet<u64>>,
}

/// All of `json`, or the last line of `jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema_version")]
    _schema_version: IgnoredAny,
    #[serde(rename = "tool")]
    _tool: IgnoredAny,
    scan: Scan<'static>,
    #[serde(default)]
    findings: Vec<Entry<'static>>,
    #[serde(default)]
    suppressed_findings: Vec<SuppressedEntry<'static>>,
    #[serde(default)]
    dismissed_findings: Vec<DismissedEntry<'static>>,
}

/// What says whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    schema_version: u64,
    tool: Tool,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    version: String,
}

/// A line of `jsonl` about a repository.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryLine {
    #[serde(rename = "schema_version")]
    _schema_version: IgnoredAny,
    #[serde(rename = "tool")]
    _tool: IgnoredAny,
    repository: RepositoryEntry<'static>,
}

impl<'r> Merge<'r> {
    /// No reports yet, of scans that ran by these rules.
    pub fn new(rules: &'r RuleSet) -> Merge<'r> {
        Merge {
            rules,
            scanner: Scanner::new(rules),
            scratch: Scratch::default(),
            digest: rules.digest(),
            report: None,
            repositories: Vec::new(),
            shares: BTreeMap::new(),
        }
    }

    /// Adds a report, `json` or `jsonl`.
    ///
    /// # Errors
    /// Why it cannot be joined with the others, in a sentence.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let document = read(bytes)?;
        let Document { scan, findings, suppressed_findings, dismissed_findings, .. } = document;
        self.agree(&scan)?;
        if scan.findings != findings.len() {
            return Err(format!("its summary counts {} findings, and it has {}", scan.findings, findings.len()));
        }
        let findings = findings.into_iter().map(|entry| self.finding(entry)).collect::<Result<Vec<_>, _>>()?;
        let suppressed = suppressed_findings.into_iter().map(|entry| self.suppressed(entry));
        let suppressed = suppressed.collect::<Result<Vec<_>, _>>()?;
        let explained = dismissed_findings.into_iter().map(|DismissedEntry { entry, reason }| {
            let reason = dismissal(&reason)?;
            Ok(Dismissed { finding: self.finding(entry)?, reason })
        });
        let explained = explained.collect::<Result<Vec<_>, String>>()?;
        self.add_repositories(&scan, &findings)?;
        self.add_share(scan.shard.as_ref())?;
        self.add_scan(scan, findings, suppressed, explained)
    }

    /// What a run that scanned many repositories had kept of those that were done (`write_part`), and how many
    /// bytes of the text that is. What it was writing when it ended is left out.
    ///
    /// # Errors
    /// It is something else, in a sentence.
    pub fn kept(&mut self, text: &str) -> Result<(Vec<(Report, Repository)>, usize), String> {
        let (mut parts, mut findings, mut end, mut at) = (Vec::new(), Vec::new(), 0, 0);
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            at += line.len();
            match parsed_line(line)? {
                Line::Finding(entry) => findings.push(self.finding(*entry)?),
                Line::Repository(entry) => {
                    check_head(line, true)?;
                    let repository = self.repository(&entry)?;
                    if !is_of(&findings, &repository) {
                        return Err(format!("its findings are not those of {}", told(&repository.name)));
                    }
                    parts.push((part(&repository, std::mem::take(&mut findings)), repository));
                    end = at;
                }
            }
        }
        Ok((parts, end))
    }

    /// Takes in which share of a list it is of.
    fn add_share(&mut self, shard: Option<&ShardEntry<'_>>) -> Result<(), String> {
        let Some(ShardEntry { number, of, list }) = shard else { return Ok(()) };
        let is_hash = list.len() == 32 && list.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash || !(1..=*of).contains(number) {
            return Err("it is of a share that is none".into());
        }
        if !self.shares.entry((list.to_string(), *of)).or_default().insert(*number) {
            return Err(format!("share {number} of {of} was there before, and would count twice"));
        }
        Ok(())
    }

    /// The whole, in order; nothing when there was no report. Shares of a list that are not there were not scanned.
    pub fn finish(self) -> Option<Report> {
        let mut report = self.report?;
        report.repositories = self.repositories;
        for ((_, of), there) in &self.shares {
            let missing = of - there.len() as u64;
            if missing > 0 {
                let some: Vec<_> = (1..=*of).filter(|one| !there.contains(one)).take(MOST_SHARES).collect();
                report.miss_shares(&some, missing, *of);
            }
        }
        report.rules = self.rules.in_order();
        report.put_in_order();
        Some(report)
    }

    /// Whether a part is one of the same whole, and says of itself what can be.
    fn agree(&self, scan: &Scan<'_>) -> Result<(), String> {
        if scan.complete != scan.skipped.is_empty() {
            return Err("what it says was not scanned and whether it is complete do not agree".into());
        }
        let (ran, here) = (scan.rules, self.rules.len());
        if ran != here {
            return Err(format!(
                "its scan ran by {ran} rules and here are {here}: give the `--rules`, `--only` and `--skip` that it had"
            ));
        }
        if scan.settings.get("rules") != Some(&self.digest) {
            let help = "give the `--rules`, `--only`, `--skip` and `--config` that it had";
            return Err(format!("its scan ran by other rules than there are here, or graded otherwise: {help}"));
        }
        let Some(report) = &self.report else { return Ok(()) };
        if report.source != scan.source {
            let (own, other) = (told(&scan.source), report.source);
            return Err(format!("it is of a scan of kind `{own}`, and the one before of kind `{other}`"));
        }
        let range = scan.range.as_ref().map(|range| self.masked(range));
        if report.range != range {
            return Err("it is of another range than the one before: one run has one".into());
        }
        let settings = scan.settings.iter().map(|(name, value)| (self.masked(name), self.masked(value))).collect();
        if let Some((own, other)) = differences(&settings, &report.settings) {
            return Err(format!(
                "it is of a scan with {own}, and the one before with {other}: one run has one of them"
            ));
        }
        if report.config != scan.config.as_ref().map(|config| self.masked(config)) {
            return Err("it is of a scan by another config than the one before: one run has one".into());
        }
        let url = |one: &Option<ProvenanceEntry<'_>>| {
            one.as_ref().map(|one| (one.url.to_string(), one.revision.as_ref().map(ToString::to_string)))
        };
        if report.provenance.as_ref().map(|one| (one.url.clone(), one.revision.clone())) != url(&scan.provenance) {
            return Err("it is of another repository than the one before, or of another commit of it".into());
        }
        Ok(())
    }

    /// Takes in the repositories, where there are many. Each is in one of the parts.
    fn add_repositories(&mut self, scan: &Scan<'_>, findings: &[Finding]) -> Result<(), String> {
        let mut known: BTreeSet<Arc<str>> = self.repositories.iter().map(|one| Arc::clone(&one.name)).collect();
        let repositories =
            scan.repositories.iter().map(|entry| self.repository(entry)).collect::<Result<Vec<_>, _>>()?;
        let count = repositories.iter().fold(0, |sum: u64, one| sum.saturating_add(one.findings));
        if !repositories.is_empty() && count != findings.len() as u64 {
            return Err("what it says of its repositories and its findings do not agree".into());
        }
        if let Some(twice) = repositories.iter().find(|one| !known.insert(Arc::clone(&one.name))) {
            return Err(format!("the repository {} was there before, and would count twice", told(&twice.name)));
        }
        self.repositories.extend(repositories);
        Ok(())
    }

    fn repository(&mut self, entry: &RepositoryEntry<'_>) -> Result<Repository, String> {
        let suppressed = entry.suppressed.iter();
        let suppressed = suppressed.map(|(by, count)| Ok((means(by)?, *count))).collect::<Result<_, String>>()?;
        let dismissed = entry.dismissed.iter();
        let dismissed = dismissed.map(|(why, count)| Ok((dismissal(why)?, *count))).collect::<Result<_, String>>()?;
        let accounts = accounts(&entry.ledger)?;
        let RepositoryEntry { blobs, commits, members, bytes, .. } = *entry;
        let counts = [(Unit::Blob, blobs), (Unit::Commit, commits), (Unit::Member, members), (Unit::Byte, bytes)];
        check_counts(&accounts, &counts)?;
        Ok(Repository {
            name: self.mask(&entry.name).into(),
            status: named("status", &Status::ALL, Status::as_str, &entry.status)?,
            settings: self.mask(&entry.settings),
            state: self.mask(&entry.state),
            provenance: entry.provenance.as_ref().map(|provenance| self.provenance(provenance)),
            config: entry.config.as_ref().map(|config| self.mask(config)),
            findings: entry.findings,
            accounts,
            suppressed,
            dismissed,
            skipped: self.skipped(&entry.skipped),
            notices: entry.notices.iter().map(|notice| self.mask(notice)).collect(),
        })
    }

    fn provenance(&mut self, entry: &ProvenanceEntry<'_>) -> Provenance {
        let ProvenanceEntry { url, revision, branch } = entry;
        let [revision, branch] = [revision, branch].map(|text| text.as_ref().map(|text| self.mask(text)));
        Provenance { url: self.mask(url), revision, branch }
    }

    fn skipped(&mut self, entries: &[SkippedEntry<'_>]) -> Vec<Skipped> {
        entries.iter().map(|one| Skipped { path: self.mask(&one.path), reason: self.mask(&one.reason) }).collect()
    }

    fn suppressed(&mut self, entry: SuppressedEntry<'_>) -> Result<Finding, String> {
        let SuppressedEntry { entry, suppressed_by, mark, reason } = entry;
        let suppression = Suppression {
            means: means(&suppressed_by)?,
            what: self.mask(&mark),
            reason: reason.map(|reason| self.mask(&reason)),
        };
        Ok(Finding { suppression: Some(suppression), ..self.finding(entry)? })
    }

    fn add_scan(
        &mut self,
        scan: Scan<'static>,
        findings: Vec<Finding>,
        suppressed: Vec<Finding>,
        explained: Vec<Dismissed>,
    ) -> Result<(), String> {
        let source = SOURCES.into_iter().find(|name| *name == scan.source);
        let source = source.ok_or_else(|| unknown("source", &scan.source))?;
        let accounts = accounts(&scan.ledger)?;
        if scan.complete != accounts.values().all(|account| account.not_scanned() == 0) {
            return Err("its ledger and whether it is complete do not agree".into());
        }
        let Scan { files, blobs, commits, members, bytes, .. } = scan;
        let counts = [(Unit::Blob, blobs), (Unit::Commit, commits), (Unit::Member, members), (Unit::Byte, bytes)];
        check_counts(&accounts, &[&counts[..], &[(Unit::File, files)]].concat())?;
        let range = scan.range.map(|range| self.mask(&range));
        let skipped = self.skipped(&scan.skipped);
        let provenance = scan.provenance.as_ref().map(|provenance| self.provenance(provenance));
        let notices: Vec<_> = scan.notices.iter().map(|notice| self.mask(notice)).collect();
        let config = scan.config.map(|config| self.mask(&config));
        let settings = scan.settings.iter().map(|(name, value)| (self.mask(name), self.mask(value))).collect();
        let report = self.report.get_or_insert_with(|| Report {
            source,
            range,
            settings,
            config,
            provenance,
            ..Report::default()
        });
        let listed = |means| {
            let is_by = |one: &&Finding| one.suppression.as_ref().is_some_and(|one| one.means == means);
            suppressed.iter().filter(is_by).count() as u64
        };
        for (by, count) in scan.suppressed {
            let means = means(&by)?;
            // A report lists none of them, or all.
            let count = count.checked_sub(listed(means)).ok_or("it lists more that is suppressed than it counts")?;
            let sum = report.suppressed_elsewhere.entry(means).or_default();
            *sum = sum.checked_add(count).ok_or("its counts are too large")?;
        }
        add(&mut report.accounts, &accounts);
        for (reason, count) in scan.dismissed.iter().filter(|(_, count)| **count > 0) {
            let sum = report.dismissed.entry(dismissal(reason)?).or_default();
            *sum = sum.saturating_add(*count);
        }
        report.skipped.extend(skipped);
        report.notices.extend(notices);
        report.findings.extend(findings);
        report.suppressed.extend(suppressed);
        report.explained.extend(explained);
        Ok(())
    }

    fn finding(&mut self, entry: Entry<'_>) -> Result<Finding, String> {
        // All of them by name: a field that is added has to be thought of.
        let Entry {
            repository,
            rule,
            name: _,
            provider: _,
            severity,
            confidence,
            path,
            line,
            column,
            end_line,
            end_column,
            place,
            commit,
            reference,
            via,
            pointer,
            secret,
            fingerprint,
            verified,
            exposure,
            refs,
            refs_total,
            next,
            help: _,
            help_url: _,
            note,
        } = entry;
        let rule = self.rules.get(&rule).map(Arc::clone).ok_or_else(|| unknown("rule", &rule))?;
        let secret = self.secret(&secret, &fingerprint, &rule)?;
        let origin = Origin {
            repository: repository.map(|name| self.mask(&name).into()),
            path: path.map(|path| self.path(&path)).unwrap_or_default(),
            commit: commit.map(|commit| self.commit(&commit)).transpose()?.map(Arc::new),
            reference: reference.map(|reference| self.mask(&reference).into()),
            via: via.iter().map(|wrapping| self.mask(wrapping)).collect(),
            ..Origin::at("", named("where", &Place::ALL, Place::as_str, &place)?)
        };
        let (start, end) = (position(line, column)?, position(end_line, end_column)?);
        let mask = secret.mask();
        Ok(Finding {
            severity: named("severity", Severity::ALL, Severity::as_str, &severity)?,
            confidence: named("confidence", Confidence::ALL, Confidence::as_str, &confidence)?,
            location: Location { origin, start, end: end.max(start) },
            // A report has no lines: the mask stands for its own.
            excerpt: Excerpt { start: 0, end: mask.len(), text: mask },
            secret,
            note: note.map(|note| Cow::Owned(self.mask(&note))),
            suppression: None,
            pointer: pointer.map(|pointer| self.mask(&pointer)),
            verified: verified.map(|text| named("verified", &Liveness::ALL, Liveness::as_str, &text)).transpose()?,
            advice: Advice {
                exposure: exposure
                    .map(|text| named("exposure", &Exposure::ALL, Exposure::as_str, &text))
                    .transpose()?,
                refs: refs.iter().map(|name| self.mask(name)).collect(),
                refs_total,
                next: next.iter().map(|step| self.mask(step)).collect(),
            },
            rule,
        })
    }

    /// What a report shows of a secret. One written with `--reveal` is masked now.
    fn secret(&mut self, shown: &str, fingerprint: &str, rule: &Rule) -> Result<Secret, String> {
        let hash = fingerprint.strip_prefix("v1:").and_then(|rest| rest.strip_prefix(&*rule.id)?.strip_prefix(':'));
        let is_hash =
            |hash: &&str| hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let hash = hash.filter(is_hash).ok_or("it has a fingerprint that is none of its rule's")?;
        let plain = Secret::new(shown.as_bytes(), 0);
        let is_plain = Fingerprint::new(&rule.id, &plain).to_string() == fingerprint;
        if (is_mask(shown) && !is_plain) || (is_plain && rule.judge == Judge::Exposure) {
            return Ok(Secret::masked(shown, hash));
        }
        let masked = self.mask(shown);
        let mask = if is_mask(&masked) && masked != shown { masked } else { plain.mask() };
        Ok(Secret::masked(&mask, hash))
    }

    fn commit(&mut self, commit: &CommitEntry<'_>) -> Result<Commit, String> {
        let CommitEntry { id, author, date, summary } = commit;
        if id.is_empty() || id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("it names a commit by what is no id".into());
        }
        Ok(Commit { id: id.to_string(), author: self.mask(author), date: self.mask(date), summary: self.mask(summary) })
    }

    /// A path stays as it is, as in a scan: each format makes it harmless in its own way.
    fn path(&mut self, path: &str) -> Vec<u8> {
        let masked = self.scanner.mask_secrets(path.as_bytes(), &mut self.scratch);
        masked.unwrap_or_else(|| path.to_owned()).into_bytes()
    }

    /// The same, where it is rarely asked for.
    fn masked(&self, text: &str) -> String {
        self.scanner.mask(text.as_bytes(), &mut Scratch::default())
    }

    fn mask(&mut self, text: &str) -> String {
        self.scanner.mask(text.as_bytes(), &mut self.scratch)
    }
}

/// Reads a report: one object, or one a line, of which the last is the summary.
fn read(bytes: &[u8]) -> Result<Document, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no report of skant's: it is not UTF-8")?;
    let text = text.trim_end();
    if text.is_empty() {
        return Err("it is empty".into());
    }
    let is_lines = text.lines().next().is_some_and(|first| first.starts_with('{') && first.trim_end().ends_with('}'));
    let (lines, last) = text.rsplit_once('\n').filter(|_| is_lines).unwrap_or(("", text));
    check_head(last, is_lines)?;
    let mut document: Document = parsed(last)?;
    if is_lines {
        let is_whole = !document.findings.is_empty() || !document.scan.repositories.is_empty();
        for line in lines.lines() {
            if is_whole {
                return Err("it is no report of skant's: it holds findings twice".into());
            }
            match parsed_line(line)? {
                Line::Finding(entry) => document.findings.push(*entry),
                Line::Repository(entry) => document.scan.repositories.push(*entry),
            }
        }
    }
    Ok(document)
}

/// What was written by another version is not guessed at.
fn check_head(text: &str, is_lines: bool) -> Result<(), String> {
    let head: Head = serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "it ends early".to_owned(),
        _ if is_lines => "it is no report of skant's, or the last line of `jsonl`, the summary, is missing".to_owned(),
        _ => format!("it is no report of skant's (line {}, column {})", error.line(), error.column()),
    })?;
    if head.schema_version != u64::from(SCHEMA_VERSION) {
        return Err(format!("its `schema_version` is {}, and this skant knows {SCHEMA_VERSION}", head.schema_version));
    }
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    if (&*head.tool.name, &*head.tool.version) != (name, version) {
        let writer = format!("{} {}", told(&head.tool.name), told(&head.tool.version));
        return Err(format!("{writer} wrote it, and this is {name} {version}: one run has one version"));
    }
    Ok(())
}

/// A line of `jsonl` before the last.
enum Line {
    Finding(Box<Entry<'static>>),
    Repository(Box<RepositoryEntry<'static>>),
}

fn parsed_line(line: &str) -> Result<Line, String> {
    if line.starts_with("{\"schema_version\"") {
        Ok(Line::Repository(Box::new(parsed::<RepositoryLine>(line)?.repository)))
    } else {
        Ok(Line::Finding(Box::new(parsed(line)?)))
    }
}

/// Whether findings are those that a repository has.
fn is_of(findings: &[Finding], repository: &Repository) -> bool {
    let is_its = |finding: &Finding| finding.location.origin.repository.as_ref() == Some(&repository.name);
    findings.len() as u64 == repository.findings && findings.iter().all(is_its)
}

/// The options in which a scan and another one differ, as either had them.
fn differences(own: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Option<(String, String)> {
    let names: BTreeSet<_> = own.keys().chain(other.keys()).filter(|name| own.get(*name) != other.get(*name)).collect();
    let typed = |settings: &BTreeMap<String, String>| {
        let typed = names.iter().map(|name| match settings.get(*name) {
            Some(value) if value.is_empty() => format!("`--{}`", told(name)),
            Some(value) => format!("`--{} {}`", told(name), told(value)),
            None => format!("no `--{}`", told(name)),
        });
        typed.collect::<Vec<_>>().join(", ")
    };
    (!names.is_empty()).then(|| (typed(own), typed(other)))
}

/// The report that a repository's lines tell of.
fn part(repository: &Repository, findings: Vec<Finding>) -> Report {
    Report {
        source: if repository.status == Status::Failed { "" } else { "history" },
        config: repository.config.clone(),
        provenance: repository.provenance.clone(),
        findings,
        suppressed_elsewhere: repository.suppressed.clone(),
        dismissed: repository.dismissed.clone(),
        skipped: repository.skipped.clone(),
        notices: repository.notices.clone(),
        accounts: repository.accounts.clone(),
        ..Report::default()
    }
}

fn means(name: &str) -> Result<Means, String> {
    named("suppressed", &Means::ALL, Means::as_str, name)
}

/// The parser's own words would repeat what stands there.
fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("it is no report of skant's (line {}, column {})", error.line(), error.column()))
}

fn named<T: Copy>(field: &str, all: &[T], name: impl Fn(T) -> &'static str, text: &str) -> Result<T, String> {
    all.iter().copied().find(|one| name(*one) == text).ok_or_else(|| unknown(field, text))
}

/// The accounts of a report, if their sums hold.
fn accounts(ledger: &BTreeMap<String, AccountEntry>) -> Result<Accounts, String> {
    let account = |(unit, entry): (&String, &AccountEntry)| {
        let unit = named("unit", &Unit::ALL, Unit::as_str, unit)?;
        let left_out = entry.left_out.iter();
        let left_out =
            left_out.map(|(rule, count)| Ok((named("rule", &Exclusion::ALL, Exclusion::as_str, rule)?, *count)));
        let not_scanned = entry.not_scanned.iter();
        let not_scanned =
            not_scanned.map(|(cause, count)| Ok((named("cause", &Cause::ALL, Cause::as_str, cause)?, *count)));
        let account = Account {
            scanned: entry.scanned,
            left_out: left_out.collect::<Result<_, String>>()?,
            not_scanned: not_scanned.collect::<Result<_, String>>()?,
        };
        let is_sum = account.in_scope() == entry.in_scope;
        if is_sum { Ok((unit, account)) } else { Err("the sums of its ledger are wrong".to_owned()) }
    };
    ledger.iter().map(account).collect()
}

/// What a report counts is what its ledger says was scanned.
fn check_counts(accounts: &Accounts, counts: &[(Unit, u64)]) -> Result<(), String> {
    let is_so = counts.iter().all(|&(unit, count)| scanned(accounts, unit) == count);
    if is_so { Ok(()) } else { Err("its counts and its ledger do not agree".to_owned()) }
}

fn dismissal(reason: &str) -> Result<Dismissal, String> {
    named("reason", &Dismissal::ALL, Dismissal::as_str, reason)
}

fn unknown(field: &str, text: &str) -> String {
    format!("it names the {field} `{}`, which is not known here", told(text))
}

/// A few of a stranger's words.
fn told(text: &str) -> String {
    inert(&text.chars().take(MOST_TOLD).collect::<String>())
}

fn position(line: u64, column: u64) -> Result<Position, String> {
    let is_one = |count| (1..=FARTHEST).contains(&count);
    if is_one(line) && is_one(column) {
        Ok(Position { line, column })
    } else {
        Err("it has a place that is none".into())
    }
}

/// Whether a text is what [`Secret::mask`] makes.
fn is_mask(text: &str) -> bool {
    let end = text.char_indices().rev().nth(6).map(|(at, _)| &text[at..]);
    text.len() <= LONGEST_MASK && (text.ends_with("********") || end.is_some_and(|end| end.starts_with("...")))
}

//! The JSON formats, `json` and `jsonl`: structs of their own that say exactly what the contract
//! promises, so that renaming a field of ours breaks nobody.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use serde::{Deserialize, Serialize, Serializer};

use super::{Provenance, Report, Repository, Shard, Skipped, Style, escaped, help};
use crate::blob::Commit;
use crate::finding::{Finding, Means, Suppression};
use crate::ledger::{Account, Accounts, Unit, scanned};
use crate::scan::Dismissal;

pub(super) const SCHEMA_VERSION: u32 = 1;

/// Writes one object. Candidates that were asked for with `--explain` stand in the added field
/// `dismissed_findings`, each a finding with a `reason`.
pub(super) fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        scan: Scan { repositories: report.repositories.iter().map(RepositoryEntry::of).collect(), ..Scan::of(report) },
        findings: Entries(report, style),
        suppressed_findings: (style.lists_suppressed() && !report.suppressed.is_empty())
            .then_some(SuppressedEntries(report, style)),
        dismissed_findings: (!report.explained.is_empty()).then_some(DismissedEntries(report, style)),
    };
    let mut out = BufWriter::new(out);
    escaped::write_pretty(&mut out, &document)?;
    writeln!(out)?;
    out.flush()
}

/// Writes one object a line: the findings, then the summary. Lines end up in logs and are joined
/// by other programs, so they never hold a plain secret, nor what was dismissed.
pub(super) fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut findings = report.findings.iter().peekable();
    for repository in &report.repositories {
        let is_of_it = |finding: &&Finding| finding.location.origin.repository.as_ref() == Some(&repository.name);
        while let Some(finding) = findings.next_if(is_of_it) {
            write_line(&mut out, &Entry::of(finding, &Style::default()))?;
        }
        write_repository(repository, &mut out)?;
    }
    findings.try_for_each(|finding| write_line(&mut out, &Entry::of(finding, &Style::default())))?;
    write_line(&mut out, &Summary { schema_version: SCHEMA_VERSION, tool: Tool::this(), scan: Scan::of(report) })?;
    out.flush()
}

/// Writes the report of one repository of many, as the lines that `jsonl` has of it.
pub(crate) fn write_part(part: &Report, repository: &Repository, out: &mut impl Write) -> io::Result<()> {
    for finding in &part.findings {
        let entry = Entry { repository: Some((&*repository.name).into()), ..Entry::of(finding, &Style::default()) };
        write_line(out, &entry)?;
    }
    write_repository(repository, out)
}

fn write_repository(repository: &Repository, out: &mut impl Write) -> io::Result<()> {
    let (schema_version, tool) = (SCHEMA_VERSION, Tool::this());
    write_line(out, &RepositoryLine { schema_version, tool, repository: RepositoryEntry::of(repository) })
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    escaped::write(&mut *out, line)?;
    writeln!(out)
}

/// The whole of `json`.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    scan: Scan<'a>,
    findings: Entries<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed_findings: Option<SuppressedEntries<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dismissed_findings: Option<DismissedEntries<'a>>,
}

/// The last line of `jsonl`.
#[derive(Serialize)]
struct Summary<'a> {
    schema_version: u32,
    tool: Tool,
    scan: Scan<'a>,
}

/// The line of `jsonl` behind the findings of a repository, where there are many.
#[derive(Serialize)]
struct RepositoryLine<'a> {
    schema_version: u32,
    tool: Tool,
    repository: RepositoryEntry<'a>,
}

/// What came of one repository of many: written, and read again when reports are joined or a run is resumed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RepositoryEntry<'a> {
    pub name: Cow<'a, str>,
    pub status: Cow<'a, str>,
    pub settings: Cow<'a, str>,
    pub state: Cow<'a, str>,
    pub provenance: Option<ProvenanceEntry<'a>>,
    pub config: Option<Cow<'a, str>>,
    pub findings: u64,
    pub blobs: u64,
    pub commits: u64,
    pub members: u64,
    pub bytes: u64,
    pub ledger: BTreeMap<String, AccountEntry>,
    pub suppressed: Counts<'a>,
    pub dismissed: Counts<'a>,
    pub skipped: Vec<SkippedEntry<'a>>,
    pub notices: Cow<'a, [String]>,
}

impl<'a> RepositoryEntry<'a> {
    fn of(repository: &'a Repository) -> RepositoryEntry<'a> {
        RepositoryEntry {
            name: (&*repository.name).into(),
            status: repository.status.as_str().into(),
            settings: (&repository.settings).into(),
            state: (&repository.state).into(),
            provenance: repository.provenance.as_ref().map(ProvenanceEntry::of),
            config: repository.config.as_deref().map(Cow::from),
            findings: repository.findings,
            blobs: scanned(&repository.accounts, Unit::Blob),
            commits: scanned(&repository.accounts, Unit::Commit),
            members: scanned(&repository.accounts, Unit::Member),
            bytes: scanned(&repository.accounts, Unit::Byte),
            ledger: ledger(&repository.accounts),
            suppressed: repository.suppressed.iter().map(|(means, count)| (means.as_str().into(), *count)).collect(),
            dismissed: counts(&repository.dismissed),
            skipped: repository.skipped.iter().map(SkippedEntry::of).collect(),
            notices: (&repository.notices).into(),
        }
    }
}

/// Where what was scanned can be had, and which state of it was.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProvenanceEntry<'a> {
    pub url: Cow<'a, str>,
    pub revision: Option<Cow<'a, str>>,
    pub branch: Option<Cow<'a, str>>,
}

impl<'a> ProvenanceEntry<'a> {
    fn of(provenance: &'a Provenance) -> ProvenanceEntry<'a> {
        let Provenance { url, revision, branch } = provenance;
        let [revision, branch] = [revision, branch].map(|text| text.as_deref().map(Cow::from));
        ProvenanceEntry { url: url.into(), revision, branch }
    }
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    fn this() -> Tool {
        Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
    }
}

/// What came of a run: written, and read again when reports are joined.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scan<'a> {
    pub source: Cow<'a, str>,
    pub range: Option<Cow<'a, str>>,
    pub complete: bool,
    pub files: u64,
    pub blobs: u64,
    pub commits: u64,
    pub members: u64,
    pub bytes: u64,
    pub rules: usize,
    pub findings: usize,
    pub settings: Cow<'a, BTreeMap<String, String>>,
    pub config: Option<Cow<'a, str>>,
    pub provenance: Option<ProvenanceEntry<'a>>,
    pub skipped: Vec<SkippedEntry<'a>>,
    pub notices: Cow<'a, [String]>,
    pub ledger: BTreeMap<String, AccountEntry>,
    #[serde(serialize_with = "every_means")]
    pub suppressed: Counts<'a>,
    #[serde(serialize_with = "every_reason")]
    pub dismissed: Counts<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardEntry<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<RepositoryEntry<'a>>,
}

impl Scan<'_> {
    fn of(report: &Report) -> Scan<'_> {
        Scan {
            source: report.source.into(),
            range: report.range.as_deref().map(Cow::from),
            complete: report.is_complete(),
            files: report.scanned(Unit::File),
            blobs: report.scanned(Unit::Blob),
            commits: report.scanned(Unit::Commit),
            members: report.scanned(Unit::Member),
            bytes: report.scanned(Unit::Byte),
            rules: report.rules.len(),
            findings: report.findings.len(),
            settings: Cow::Borrowed(&report.settings),
            config: report.config.as_deref().map(Cow::from),
            provenance: report.provenance.as_ref().map(ProvenanceEntry::of),
            skipped: report.skipped.iter().map(SkippedEntry::of).collect(),
            notices: (&report.notices).into(),
            ledger: ledger(&report.accounts),
            suppressed: Means::ALL.iter().map(|&means| (means.as_str().into(), report.suppressed_by(means))).collect(),
            dismissed: counts(&report.dismissed),
            shard: report.shard.as_ref().map(ShardEntry::of),
            repositories: Vec::new(),
        }
    }
}

fn counts<'a>(dismissed: &BTreeMap<Dismissal, u64>) -> Counts<'a> {
    dismissed.iter().map(|(reason, count)| (reason.as_str().into(), *count)).collect()
}

/// Which share of a list was scanned.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShardEntry<'a> {
    pub number: u64,
    pub of: u64,
    pub list: Cow<'a, str>,
}

impl<'a> ShardEntry<'a> {
    fn of(shard: &'a Shard) -> ShardEntry<'a> {
        ShardEntry { number: shard.number, of: shard.of, list: (&shard.list).into() }
    }
}

/// What became of all there was of one unit, as reports have it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountEntry {
    pub in_scope: u64,
    pub scanned: u64,
    pub left_out: BTreeMap<Cow<'static, str>, u64>,
    pub not_scanned: BTreeMap<Cow<'static, str>, u64>,
}

impl AccountEntry {
    fn of(account: &Account) -> AccountEntry {
        AccountEntry {
            in_scope: account.in_scope(),
            scanned: account.scanned,
            left_out: account.left_out.iter().map(|(rule, count)| (rule.as_str().into(), *count)).collect(),
            not_scanned: account.not_scanned.iter().map(|(cause, count)| (cause.as_str().into(), *count)).collect(),
        }
    }
}

/// The accounts, by the names of their units.
pub(super) fn ledger(accounts: &Accounts) -> BTreeMap<String, AccountEntry> {
    accounts.iter().map(|(unit, account)| (Unit::as_str(*unit).to_owned(), AccountEntry::of(account))).collect()
}

/// Numbers, by the names of what was counted.
type Counts<'a> = BTreeMap<Cow<'a, str>, u64>;

/// Names every reason, also those that dismissed nothing: a reader need not know which there are.
fn every_reason<S: Serializer>(counts: &Counts<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    every(&Dismissal::ALL.map(Dismissal::as_str), counts, serializer)
}

fn every_means<S: Serializer>(counts: &Counts<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    every(&Means::ALL.map(Means::as_str), counts, serializer)
}

fn every<S: Serializer>(names: &[&str], counts: &Counts<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(names.iter().map(|&name| (name, counts.get(name).copied().unwrap_or_default())))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SkippedEntry<'a> {
    pub path: Cow<'a, str>,
    pub reason: Cow<'a, str>,
}

impl<'a> SkippedEntry<'a> {
    fn of(one: &'a Skipped) -> SkippedEntry<'a> {
        SkippedEntry { path: (&one.path).into(), reason: (&one.reason).into() }
    }
}

/// The findings, made into entries one at a time: there may be very many.
struct Entries<'a>(&'a Report, &'a Style);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entries(report, style) = self;
        serializer.collect_seq(report.findings.iter().map(|finding| Entry::of(finding, style)))
    }
}

/// A finding as reports have it: written, and read again when they are joined.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Cow<'a, str>>,
    pub rule: Cow<'a, str>,
    pub name: Cow<'a, str>,
    pub provider: Cow<'a, str>,
    pub severity: Cow<'a, str>,
    pub confidence: Cow<'a, str>,
    pub path: Option<Cow<'a, str>>,
    pub line: u64,
    pub column: u64,
    pub end_line: u64,
    pub end_column: u64,
    #[serde(rename = "where")]
    pub place: Cow<'a, str>,
    pub commit: Option<CommitEntry<'a>>,
    #[serde(rename = "ref")]
    pub reference: Option<Cow<'a, str>>,
    pub via: Cow<'a, [String]>,
    pub pointer: Option<Cow<'a, str>>,
    pub secret: String,
    pub fingerprint: String,
    pub verified: Option<Cow<'a, str>>,
    pub exposure: Option<Cow<'a, str>>,
    pub refs: Cow<'a, [String]>,
    pub refs_total: usize,
    pub next: Cow<'a, [String]>,
    pub help: Cow<'a, str>,
    pub help_url: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommitEntry<'a> {
    pub id: Cow<'a, str>,
    pub author: Cow<'a, str>,
    pub date: Cow<'a, str>,
    pub summary: Cow<'a, str>,
}

impl<'a> CommitEntry<'a> {
    fn of(commit: &'a Commit) -> CommitEntry<'a> {
        let Commit { id, author, date, summary } = commit;
        CommitEntry { id: id.into(), author: author.into(), date: date.into(), summary: summary.into() }
    }
}

impl<'a> Entry<'a> {
    fn of(finding: &'a Finding, style: &Style) -> Entry<'a> {
        let (rule, location) = (&*finding.rule, &finding.location);
        Entry {
            repository: location.origin.repository.as_deref().map(Cow::from),
            rule: (&rule.id).into(),
            name: (&rule.name).into(),
            provider: (&*rule.provider).into(),
            severity: finding.severity.as_str().into(),
            confidence: finding.confidence.as_str().into(),
            path: (!location.origin.path.is_empty()).then(|| String::from_utf8_lossy(&location.origin.path)),
            line: location.start.line,
            column: location.start.column,
            end_line: location.end.line,
            end_column: location.end.column,
            place: location.origin.place.as_str().into(),
            commit: location.origin.commit.as_deref().map(CommitEntry::of),
            reference: location.origin.reference.as_deref().map(Cow::from),
            via: (&location.origin.via).into(),
            pointer: finding.pointer.as_deref().map(Cow::from),
            secret: style.secret(&finding.secret),
            fingerprint: finding.fingerprint().to_string(),
            verified: finding.verified.map(|verified| verified.as_str().into()),
            exposure: finding.advice.exposure.map(|exposure| exposure.as_str().into()),
            refs: (&finding.advice.refs).into(),
            refs_total: finding.advice.refs_total,
            next: (&finding.advice.next).into(),
            help: help(rule).into(),
            help_url: (&*rule.help_url).into(),
            note: finding.note.as_deref().map(Cow::from),
        }
    }
}

/// What is suppressed, likewise.
struct SuppressedEntries<'a>(&'a Report, &'a Style);

impl Serialize for SuppressedEntries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SuppressedEntries(report, style) = self;
        serializer.collect_seq(report.suppressed.iter().filter_map(|finding| {
            let Suppression { means, what, reason } = finding.suppression.as_ref()?;
            let (by, mark, reason) = (means.as_str().into(), what.into(), reason.as_deref().map(Cow::from));
            Some(SuppressedEntry { entry: Entry::of(finding, style), suppressed_by: by, mark, reason })
        }))
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct SuppressedEntry<'a> {
    #[serde(flatten)]
    pub entry: Entry<'a>,
    pub suppressed_by: Cow<'a, str>,
    /// What says so: a mark, or a place in a file.
    pub mark: Cow<'a, str>,
    pub reason: Option<Cow<'a, str>>,
}

/// What was dismissed, likewise.
struct DismissedEntries<'a>(&'a Report, &'a Style);

impl Serialize for DismissedEntries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let DismissedEntries(report, style) = self;
        serializer.collect_seq(report.explained.iter().map(|dismissed| DismissedEntry {
            entry: Entry::of(&dismissed.finding, style),
            reason: dismissed.reason.as_str().into(),
        }))
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct DismissedEntry<'a> {
    #[serde(flatten)]
    pub entry: Entry<'a>,
    pub reason: Cow<'a, str>,
}

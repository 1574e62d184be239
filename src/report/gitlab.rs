//! GitLab's `gl-secret-detection-report.json`, by version 15 of its schema. The piece of source it has
//! room for would be the secret itself, and is left out.

use std::io::{self, BufWriter, Write};

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::phrase::{message, one_line, suppressed};
use super::{HOME, Report, escaped, help};
use crate::blob::{Commit, Origin};
use crate::finding::{Finding, Severity, inert};

/// The oldest version of the schema that has all we say: a GitLab of version 15 or later reads it.
const VERSION: &str = "15.0.6";
/// The schema asks for times, and the same bytes are to give the same report.
const NO_TIME: &str = "1970-01-01T00:00:00";
/// What GitLab's own analyzer writes where there is no commit.
const NO_COMMIT: &str = "0000000";
/// The most characters the schema allows.
const LONGEST_NAME: usize = 255;
const LONGEST_SOLUTION: usize = 7000;

/// Writes one object.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let document = Document { version: VERSION, scan: Scan::of(report), vulnerabilities: Vulnerabilities(report) };
    escaped::write_pretty(&mut out, &document)?;
    writeln!(out)?;
    out.flush()
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    scan: Scan,
    vulnerabilities: Vulnerabilities<'a>,
}

#[derive(Serialize)]
struct Scan {
    analyzer: Program,
    scanner: Program,
    #[serde(rename = "type")]
    kind: &'static str,
    start_time: &'static str,
    end_time: &'static str,
    status: &'static str,
    messages: Vec<Told>,
}

#[derive(Serialize)]
struct Program {
    id: &'static str,
    name: &'static str,
    url: &'static str,
    vendor: Vendor,
    version: &'static str,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Told {
    level: &'static str,
    value: String,
}

impl Program {
    fn this() -> Program {
        let name = env!("CARGO_PKG_NAME");
        Program { id: name, name, url: HOME, vendor: Vendor { name }, version: env!("CARGO_PKG_VERSION") }
    }
}

impl Scan {
    fn of(report: &Report) -> Scan {
        let skipped = report.skipped.iter().map(|one| ("warn", format!("Not scanned: {}: {}", one.path, one.reason)));
        let notices = suppressed(report).into_iter().chain(report.notices.iter().cloned()).map(|text| ("info", text));
        Scan {
            analyzer: Program::this(),
            scanner: Program::this(),
            kind: "secret_detection",
            start_time: NO_TIME,
            end_time: NO_TIME,
            status: if report.is_complete() { "success" } else { "failure" },
            messages: skipped.chain(notices).map(|(level, text)| Told { level, value: one_line(&text) }).collect(),
        }
    }
}

/// The findings, made into entries one at a time: there may be very many.
struct Vulnerabilities<'a>(&'a Report);

impl Serialize for Vulnerabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.findings.iter().map(Vulnerability::of))
    }
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: String,
    category: &'static str,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    identifiers: [Identifier<'a>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<[Link<'a>; 1]>,
    location: Location,
}

#[derive(Serialize)]
struct Identifier<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct Location {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u64>,
    commit: CommitEntry,
}

#[derive(Serialize)]
struct CommitEntry {
    sha: String,
    #[serde(flatten)]
    about: Option<About>,
}

/// What is told of a commit that there is. Its author's address is not.
#[derive(Serialize)]
struct About {
    author: String,
    date: String,
    message: String,
}

impl Vulnerability<'_> {
    fn of(finding: &Finding) -> Vulnerability<'_> {
        let rule = &finding.rule;
        let first = |text: &str, most: usize| inert(text).chars().take(most).collect();
        let is_link = ["https://", "http://"].iter().any(|scheme| rule.help_url.starts_with(scheme));
        let weakness = "https://cwe.mitre.org/data/definitions/798.html";
        Vulnerability {
            id: id(finding),
            category: "secret_detection",
            name: first(&rule.name, LONGEST_NAME),
            description: one_line(&message(finding)),
            severity: match finding.severity {
                Severity::Critical => "Critical",
                Severity::High => "High",
                Severity::Medium => "Medium",
                Severity::Low => "Low",
            },
            solution: first(&one_line(help(rule)), LONGEST_SOLUTION),
            identifiers: [
                Identifier { kind: "skant_rule_id", name: &rule.id, value: &rule.id, url: None },
                Identifier { kind: "cwe", name: "CWE-798", value: "798", url: Some(weakness) },
            ],
            links: is_link.then_some([Link { url: &rule.help_url }]),
            location: Location::of(finding),
        }
    }
}

impl Location {
    fn of(finding: &Finding) -> Location {
        let Origin { repository, path, place, commit, .. } = &finding.location.origin;
        // What has no file is told by its place, as in SARIF.
        let file = if path.is_empty() { place.as_str().into() } else { String::from_utf8_lossy(path) };
        let folder = repository.as_deref().map(|name| format!("{name}/")).unwrap_or_default();
        let line = |line| (!place.is_name()).then_some(line);
        let about = |commit: &Commit| About {
            author: commit.author_name().to_owned(),
            date: commit.date.clone(),
            message: commit.summary.clone(),
        };
        Location {
            file: inert(&(folder + &file)),
            start_line: line(finding.location.start.line),
            end_line: line(finding.location.end.line),
            commit: CommitEntry {
                sha: commit.as_ref().map_or_else(|| NO_COMMIT.to_owned(), |commit| commit.id.clone()),
                about: commit.as_deref().map(about),
            },
        }
    }
}

/// An id of the shape that is asked for, the same for the same finding in every run.
fn id(finding: &Finding) -> String {
    let crate::finding::Location { origin, start, .. } = &finding.location;
    let commit = origin.commit.as_deref().map(|commit| &*commit.id).unwrap_or_default();
    let reference = origin.reference.as_deref().unwrap_or_default();
    let place = format!("{}:{}:{}:{}", origin.place.as_str(), start.line, start.column, origin.via.join(":"));
    let mut hash = Sha256::new();
    for part in [finding.fingerprint().to_string().as_bytes(), &origin.path, commit.as_bytes(), reference.as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    if let Some(repository) = &origin.repository {
        hash.update(repository.as_bytes());
        hash.update([0]);
    }
    let mut bytes: [u8; 32] = hash.chain_update(place).finalize().into();
    // A UUID of version 8: its maker's own.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = data_encoding::HEXLOWER.encode(&bytes[..16]);
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]).join("-")
}

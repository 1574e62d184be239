//! SARIF 2.1.0, as GitHub code scanning and its relatives read it. It is uploaded and kept, so it
//! never holds a plain secret, and the same findings give the same bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_sarif::sarif::{
    self, ArtifactLocation, Invocation, Location, Message, MultiformatMessageString, Notification, PhysicalLocation,
    PropertyBag, Region, ReportingConfiguration, ReportingDescriptor, Result as Entry, ResultColumnKind, ResultLevel,
    Run, RunAutomationDetails, Tool, ToolComponent, Version, VersionControlDetails,
};

use super::phrase::message;
use super::{HOME, Provenance, Report, Style, escaped, help};
use crate::blob::Origin;
use crate::finding::{Advice, Confidence, Finding, Means, Severity, Suppression};
use crate::rule::Rule;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The name under which paths are relative to the repository.
const ROOT: &str = "%SRCROOT%";
/// Our own key: under the well-known one, `primaryLocationLineHash`, GitHub expects its own value.
const FINGERPRINT: &str = "skant/v1";
/// GitHub rejects a file with more results than this.
const MOST_RESULTS: usize = 25_000;
/// GitHub rejects a description with more characters than this.
const LONGEST_DESCRIPTION: usize = 1024;

/// Writes one log with one run. What was dismissed is no part of it.
pub(super) fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    escaped::write_pretty(&mut out, &log(report, style))?;
    writeln!(out)?;
    out.flush()
}

/// [`serde_sarif::sarif::Sarif`] with results that are made one at a time: in the crate's types each
/// takes thousands of bytes, and there may be thousands.
#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: String,
    runs: [FullRun<'a>; 1],
}

#[derive(Serialize)]
struct FullRun<'a> {
    #[serde(flatten)]
    run: Run,
    results: Results<'a>,
}

struct Results<'a> {
    findings: Vec<&'a Finding>,
    /// The index of each rule by its id.
    rules: HashMap<&'a str, i64>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.findings.iter().map(|finding| result(finding, &self.rules)))
    }
}

fn log<'a>(report: &'a Report, style: &Style) -> Log<'a> {
    let findings = worst(&report.findings);
    let run = run(report, findings.len());
    let suppressed = if style.suppressed { worst(&report.suppressed) } else { Vec::new() };
    let findings = findings.into_iter().chain(suppressed).take(MOST_RESULTS).collect();
    let results = Results { findings, rules: report.rules.iter().map(|rule| rule.id.as_str()).zip(0..).collect() };
    Log { schema: SCHEMA, version: Version::V2_1_0.to_string(), runs: [FullRun { run, results }] }
}

/// Everything but the results, of which there are `shown`.
fn run(report: &Report, shown: usize) -> Run {
    let mut run = Run::builder()
        .tool(Tool::from(driver(&report.rules)))
        .automation_details(RunAutomationDetails::builder().id(format!("skant/{}/", report.source)).build())
        .column_kind(ResultColumnKind::UnicodeCodePoints.to_string())
        .original_uri_base_ids(BTreeMap::from([(ROOT.to_owned(), root())]))
        .invocations(vec![invocation(report, shown)])
        .build();
    let own = report.provenance.iter().map(|own| versions(own, ""));
    let many = report.repositories.iter().filter_map(|one| Some(versions(one.provenance.as_ref()?, &one.name)));
    run.version_control_provenance = Some(own.chain(many).collect()).filter(|all: &Vec<_>| !all.is_empty());
    run
}

/// Where a repository can be had, and where it lies below the root.
fn versions(provenance: &Provenance, folder: &str) -> VersionControlDetails {
    let place = if folder.is_empty() {
        ArtifactLocation::builder().uri_base_id(ROOT).build()
    } else {
        artifact(format!("{folder}/").as_bytes())
    };
    let mut details = VersionControlDetails::builder().repository_uri(&provenance.url).mapped_to(place).build();
    details.revision_id.clone_from(&provenance.revision);
    details.branch.clone_from(&provenance.branch);
    details
}

fn driver(rules: &[Arc<Rule>]) -> ToolComponent {
    ToolComponent::builder()
        .name(env!("CARGO_PKG_NAME"))
        .version(env!("CARGO_PKG_VERSION"))
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .information_uri(HOME)
        .rules(rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>())
        .build()
}

fn root() -> ArtifactLocation {
    let description = "The root of the repository, or the folder that was scanned.";
    ArtifactLocation::builder().description(Message::from(description)).build()
}

fn descriptor(rule: &Rule) -> ReportingDescriptor {
    let help = help(rule);
    let full = format!("{} ({}). {help}", rule.name, rule.provider);
    let markdown = if rule.help_url.is_empty() { help.to_owned() } else { format!("{help}\n\n<{}>", rule.help_url) };
    let mut descriptor = ReportingDescriptor::builder()
        .id(&rule.id)
        .name(pascal(&rule.id))
        .short_description(description(&rule.name))
        .full_description(description(&full))
        .help(MultiformatMessageString::builder().text(help).markdown(markdown).build())
        .default_configuration(ReportingConfiguration::builder().level(level(rule.severity).to_string()).build())
        .properties(traits(rule))
        .build();
    descriptor.help_uri = Some(rule.help_url.to_string()).filter(|url| !url.is_empty());
    descriptor
}

/// `anthropic-api-key` as SARIF likes names: `AnthropicApiKey`.
fn pascal(id: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    id.split('-').map(capital).collect()
}

fn description(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::from(&text.chars().take(LONGEST_DESCRIPTION).collect::<String>())
}

/// What GitHub sorts and filters alerts by.
fn traits(rule: &Rule) -> PropertyBag {
    let properties = [("security-severity", score(rule.severity)), ("precision", rule.confidence.as_str())];
    let tags = ["security", "secret", "external/cwe/cwe-798"].map(str::to_owned);
    PropertyBag::builder().tags(tags).additional_properties(bag(properties)).build()
}

fn bag<const N: usize>(properties: [(&str, &str); N]) -> BTreeMap<String, Value> {
    properties.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low => ResultLevel::Note,
    }
}

/// A number in GitHub's bands: critical from 9.0, high from 7.0, medium from 4.0.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

/// The findings there is room for, the worst of them, in their own order.
fn worst(findings: &[Finding]) -> Vec<&Finding> {
    let mut kept: Vec<(usize, &Finding)> = findings.iter().enumerate().collect();
    if kept.len() > MOST_RESULTS {
        let rank = |finding: &Finding| -> (Severity, Confidence) { (finding.severity, finding.confidence) };
        kept.sort_by_key(|(_, finding)| Reverse(rank(finding)));
        kept.truncate(MOST_RESULTS);
        kept.sort_by_key(|(index, _)| *index);
    }
    kept.into_iter().map(|(_, finding)| finding).collect()
}

fn result(finding: &Finding, rules: &HashMap<&str, i64>) -> Entry {
    let rule = &finding.rule;
    let origin = &finding.location.origin;
    let mut properties = bag([
        ("severity", finding.severity.as_str()),
        ("confidence", finding.confidence.as_str()),
        ("provider", &rule.provider),
        ("where", origin.place.as_str()),
    ]);
    properties.extend(provenance(origin));
    properties.extend(advice(finding));
    let mut result = Entry::builder()
        .rule_id(&rule.id)
        .level(level(finding.severity))
        .message(Message::from(&message(finding)))
        .locations(vec![location(finding)])
        .partial_fingerprints(BTreeMap::from([(FINGERPRINT.to_owned(), finding.fingerprint().to_string())]))
        .properties(PropertyBag::builder().additional_properties(properties).build())
        .build();
    result.suppressions = finding.suppression.as_ref().map(|one| vec![suppression(one)]);
    result.rule_index = rules.get(rule.id.as_str()).copied();
    result
}

/// Who says that it is fine.
fn suppression(suppression: &Suppression) -> sarif::Suppression {
    let kind = if suppression.means == Means::Inline { "inSource" } else { "external" };
    let reason = suppression.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut entry = sarif::Suppression::builder().kind(serde_json::json!(kind)).build();
    entry.justification = Some(format!("{}{reason}", suppression.what));
    entry
}

/// Where in history it came in.
fn provenance(origin: &Origin) -> BTreeMap<String, Value> {
    let commit = origin.commit.as_deref().into_iter().flat_map(|commit| {
        [
            ("commit", &*commit.id),
            ("author", commit.author_name()),
            ("date", &commit.date),
            ("summary", &commit.summary),
        ]
    });
    let reference = origin.reference.as_deref().map(|reference| ("ref", reference));
    let repository = origin.repository.as_deref().map(|name| ("repository", name));
    repository.into_iter().chain(commit).chain(reference).map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// How far it has got, and what to do next.
fn advice(finding: &Finding) -> BTreeMap<String, Value> {
    let Advice { exposure, refs, next, .. } = &finding.advice;
    let verified = finding.verified.map(|verified| ("verified", verified.as_str().into()));
    let exposure = exposure.map(|exposure| ("exposure", exposure.as_str().into()));
    let lists = [("refs", refs), ("next", next)].into_iter().filter(|(_, list)| !list.is_empty());
    let lists = lists.map(|(name, list)| (name, list.clone().into()));
    verified.into_iter().chain(exposure).chain(lists).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn location(finding: &Finding) -> Location {
    let origin = &finding.location.origin;
    // GitHub shows no result without a file: what has none is told by its place.
    let path = if origin.path.is_empty() { origin.place.as_str().as_bytes() } else { &origin.path };
    let folder = origin.repository.as_deref().map(|name| format!("{name}/")).unwrap_or_default();
    let path = [folder.as_bytes(), path].concat();
    let mut place = PhysicalLocation::builder().artifact_location(artifact(&path)).build();
    // A name has no lines to point at.
    place.region = (!origin.place.is_name()).then(|| region(finding));
    Location::builder().physical_location(place).build()
}

fn region(finding: &Finding) -> Region {
    let (start, end) = (finding.location.start, finding.location.end);
    Region::builder()
        .start_line(number(start.line))
        .start_column(number(start.column))
        .end_line(number(end.line))
        .end_column(number(end.column))
        .build()
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A path relative to the repository, or a `file:` address where it is outside.
fn artifact(path: &[u8]) -> ArtifactLocation {
    let encoded = percent_encoded(path);
    if path.starts_with(b"/") {
        ArtifactLocation::builder().uri(format!("file://{encoded}")).build()
    } else if cfg!(windows) && path.get(1) == Some(&b':') {
        ArtifactLocation::builder().uri(format!("file:///{encoded}")).build()
    } else {
        ArtifactLocation::builder().uri(encoded).uri_base_id(ROOT).build()
    }
}

/// A path as RFC 3986 wants it. A `:` could be taken for the end of a scheme, and is encoded too.
fn percent_encoded(path: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(path.len());
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', HEX[usize::from(byte >> 4)].into(), HEX[usize::from(byte & 15)].into()]);
        }
    }
    encoded
}

fn invocation(report: &Report, shown: usize) -> Invocation {
    let skipped = report.skipped.iter().map(|one| ("error", format!("Not scanned: {}: {}", one.path, one.reason)));
    let cut = (shown < report.findings.len()).then(|| {
        let total = report.findings.len();
        ("warning", format!("{total} findings, of which this file holds the {shown} worst; other formats hold all."))
    });
    let count = report.suppressed_in_all();
    let by = Means::ALL.map(|means| format!("{} {}", report.suppressed_by(means), means.as_str())).join(", ");
    let suppressed = (count > 0).then(|| ("note", format!("{count} findings are suppressed: {by}.")));
    let notices = report.notices.iter().map(|notice| ("note", notice.clone()));
    let told = skipped.chain(cut).chain(suppressed).chain(notices).map(|(level, text)| notification(level, &text));
    // What these are is ours, and they are all texts and numbers.
    let ledger = serde_json::to_value(super::json::ledger(&report.accounts)).unwrap_or_default();
    let properties = PropertyBag::builder().additional_properties(BTreeMap::from([("ledger".to_owned(), ledger)]));
    Invocation::builder()
        .properties(properties.build())
        .execution_successful(report.is_complete())
        .exit_code(i64::from(report.exit_code))
        .tool_execution_notifications(told.collect::<Vec<_>>())
        .build()
}

fn notification(level: &str, text: &String) -> Notification {
    Notification::builder().level(level).message(Message::from(text)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_percent_encoded() {
        let table: [(&[u8], &str); 6] = [
            (b"src/a-b_c.~d", "src/a-b_c.~d"),
            (b"a b#c%d?e:f", "a%20b%23c%25d%3Fe%3Af"),
            ("é/😀".as_bytes(), "%C3%A9/%F0%9F%98%80"),
            (b"\xff", "%FF"),
            (b"<stdin>", "%3Cstdin%3E"),
            (b"back\\slash", "back%5Cslash"),
        ];
        for (path, encoded) in table {
            assert_eq!(percent_encoded(path), encoded);
        }
    }

    #[test]
    fn absolute_paths_have_no_base() {
        let absolute = artifact(b"/tmp/a b");
        assert_eq!((absolute.uri.as_deref(), absolute.uri_base_id), (Some("file:///tmp/a%20b"), None));
        assert_eq!(artifact(b"tmp").uri_base_id.as_deref(), Some(ROOT));
    }

    #[test]
    fn ids_become_names() {
        assert_eq!(pascal("anthropic-api-key"), "AnthropicApiKey");
        assert_eq!(pascal("x--2fa"), "X2fa");
    }
}

//! JUnit's XML, which every CI system shows: a failed test for each finding, an error for what was
//! not scanned, one passed test when there is neither, and a skipped one for each means by which findings are
//! suppressed.

use std::io::{self, BufWriter, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::phrase::{came_in, count, extent, message, outcome, place, suppressed};
use super::{Report, Skipped};
use crate::finding::{Finding, Location, Means, inert};

type Xml<'a> = Writer<BufWriter<&'a mut dyn Write>>;

/// Writes one suite. There are no times in it.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(BufWriter::new(out), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let (failures, errors) = (report.findings.len(), report.skipped.len());
    let suppressed: Vec<Means> = Means::ALL.iter().copied().filter(|&means| report.suppressed_by(means) > 0).collect();
    let tests = (failures + errors).max(1) + suppressed.len();
    let numbers = [("tests", tests), ("failures", failures), ("errors", errors)].map(|(name, n)| (name, n.to_string()));
    let totals = || [("name", env!("CARGO_PKG_NAME").to_owned())].into_iter().chain(numbers.clone());
    open(&mut xml, "testsuites", totals())?;
    open(&mut xml, "testsuite", totals().chain([("skipped", suppressed.len().to_string())]))?;
    if failures + errors == 0 {
        let passed = [("classname", env!("CARGO_PKG_NAME").to_owned()), ("name", outcome(report))];
        xml.write_event(Event::Empty(element("testcase", passed)))?;
    }
    let mut before = None;
    for finding in &report.findings {
        write_finding(&mut xml, finding, before)?;
        before = Some(finding);
    }
    report.skipped.iter().try_for_each(|skipped| write_skipped(&mut xml, skipped))?;
    suppressed.iter().try_for_each(|&means| write_suppressed(&mut xml, means, report.suppressed_by(means)))?;
    told(&mut xml, report)?;
    close(&mut xml, "testsuite")?;
    close(&mut xml, "testsuites")?;
    let mut out = xml.into_inner();
    writeln!(out)?;
    out.flush()
}

/// A test is known by its class and name: the second one of a rule in a line has its column too.
fn write_finding(xml: &mut Xml<'_>, finding: &Finding, before: Option<&Finding>) -> io::Result<()> {
    let Location { origin, start, .. } = &finding.location;
    let same = |other: &Finding| {
        other.rule.id == finding.rule.id && other.location.origin == *origin && other.location.start.line == start.line
    };
    let column = before.filter(|other| same(other)).map(|_| format!(":{}", start.column)).unwrap_or_default();
    let (place, name) = (place(finding), format!("{}:{}{column}", finding.rule.id, start.line));
    let text = format!("{place}:{}:{}", start.line, start.column);
    let text = [Some(text), came_in(origin), Some(finding.rule.help_url.to_string())].into_iter().flatten();
    let test = [("classname", place.clone()), ("name", name), ("file", place), ("line", start.line.to_string())];
    let failure = [("type", finding.rule.id.clone()), ("message", message(finding))];
    write_test(xml, test, "failure", failure, &text.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"))
}

fn write_skipped(xml: &mut Xml<'_>, Skipped { path, reason }: &Skipped) -> io::Result<()> {
    let test = [("classname", path.clone()), ("name", "not scanned".to_owned())];
    let error = [("type", "not-scanned".to_owned()), ("message", reason.clone())];
    write_test(xml, test, "error", error, "The scan is incomplete.")
}

/// What somebody said is fine is a test that is not run.
fn write_suppressed(xml: &mut Xml<'_>, means: Means, number: u64) -> io::Result<()> {
    let name = format!("suppressed ({})", means.as_str());
    open(xml, "testcase", [("classname", env!("CARGO_PKG_NAME").to_owned()), ("name", name)])?;
    let message = format!("{} suppressed", count(number, "finding"));
    xml.write_event(Event::Empty(element("skipped", [("message", message)])))?;
    close(xml, "testcase")
}

fn write_test<const N: usize>(
    xml: &mut Xml<'_>,
    test: [(&'static str, String); N],
    kind: &str,
    why: [(&'static str, String); 2],
    text: &str,
) -> io::Result<()> {
    open(xml, "testcase", test)?;
    open(xml, kind, why)?;
    xml.write_event(Event::Text(BytesText::new(&legal(text))))?;
    close(xml, kind)?;
    close(xml, "testcase")
}

/// What else there is to tell.
fn told(xml: &mut Xml<'_>, report: &Report) -> io::Result<()> {
    let (came_to, suppressed) = (format!("{}; scanned {}", outcome(report), extent(report)), suppressed(report));
    let lines = [&came_to].into_iter().chain(&suppressed).chain(&report.notices).map(|line| legal(line));
    let lines: Vec<String> = lines.collect();
    open(xml, "system-out", [])?;
    xml.write_event(Event::Text(BytesText::new(&lines.join("\n"))))?;
    close(xml, "system-out")
}

fn open(xml: &mut Xml<'_>, name: &str, attributes: impl IntoIterator<Item = (&'static str, String)>) -> io::Result<()> {
    xml.write_event(Event::Start(element(name, attributes)))
}

fn close(xml: &mut Xml<'_>, name: &str) -> io::Result<()> {
    xml.write_event(Event::End(BytesEnd::new(name)))
}

fn element(name: &str, attributes: impl IntoIterator<Item = (&'static str, String)>) -> BytesStart<'_> {
    let mut element = BytesStart::new(name);
    for (name, value) in attributes {
        element.push_attribute((name, &*attribute(&value)));
    }
    element
}

/// An attribute's value: XML takes a line break or a tab in it for a space.
fn attribute(text: &str) -> String {
    legal(text).replace(['\n', '\t'], " ")
}

/// Text without the characters that XML 1.0 cannot hold, not even escaped.
fn legal(text: &str) -> String {
    let lines = text.split('\n').map(inert);
    lines.collect::<Vec<_>>().join("\n").replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

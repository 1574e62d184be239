//! Workflow commands, which GitHub Actions shows as annotations. The runner takes ten of each level
//! from a step and drops the rest in silence: the worst come first, and the rest is counted.

use std::io::{self, BufWriter, Write};

use super::Report;
use super::phrase::{came_in, count, extent, message, one_line, outcome, place, suppressed, worst_first};
use crate::blob::Place;
use crate::finding::{Finding, Severity, inert};

/// How many annotations of one level the runner shows of a step.
const MOST_OF_A_LEVEL: usize = 10;

/// Writes the annotations, then what the run came to in a line that is none.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let commands = commands(report);
    let mut left_out = 0;
    for level in ["error", "warning", "notice"] {
        let of_level = || commands.iter().filter(|command| command.level == level);
        // The last notice is the one that counts what is not shown.
        let most = if level == "notice" { MOST_OF_A_LEVEL - 1 } else { MOST_OF_A_LEVEL };
        of_level().take(most).try_for_each(|command| writeln!(out, "{}", command.written()))?;
        left_out += of_level().count().saturating_sub(most) as u64;
    }
    if left_out > 0 {
        let text = format!("{left_out} more: the annotations of a step are limited, other formats show all");
        writeln!(out, "{}", Command { level: "notice", place: Vec::new(), title: "skant", text }.written())?;
    }
    writeln!(out, "skant: {}; scanned {}", outcome(report), extent(report))?;
    out.flush()
}

/// Writes that nothing came of a run, and why.
pub(crate) fn write_error(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let command = Command { level: "error", place: Vec::new(), title: "skant", text: text.to_owned() };
    writeln!(out, "{}", command.written())
}

/// A workflow command: what is shown, and at which place.
struct Command<'a> {
    level: &'static str,
    place: Vec<(&'static str, String)>,
    title: &'a str,
    text: String,
}

/// All there is to say, in the order of its worth within a level.
fn commands(report: &Report) -> Vec<Command<'_>> {
    let about = |level, title, text| Command { level, place: Vec::new(), title, text };
    let skipped = report.skipped.first().map(|first| {
        let things = count(report.skipped.len() as u64, "thing");
        let text = format!("{things} could not be scanned, the first is {}: {}", first.path, first.reason);
        about("error", "The scan is incomplete", text)
    });
    let findings = worst_first(&report.findings).into_iter().map(annotation);
    let suppressed = suppressed(report).map(|text| about("notice", "skant", text));
    let notices = report.notices.iter().map(|notice| about("notice", "skant", notice.clone()));
    skipped.into_iter().chain(suppressed).chain(findings).chain(notices).collect()
}

fn annotation(finding: &Finding) -> Command<'_> {
    let level = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "notice",
    };
    let origin = &finding.location.origin;
    let is_file = matches!(origin.place, Place::Path | Place::Content | Place::Config) && !origin.path.is_empty();
    let holder = if is_file { String::new() } else { format!(" In the {}.", place(finding)) };
    let came_in = came_in(origin).map(|text| format!(" {text}.")).unwrap_or_default();
    let text = format!("{}{holder}{came_in}", message(finding));
    Command { level, place: if is_file { region(finding) } else { Vec::new() }, title: &finding.rule.id, text }
}

/// The file, and where in it. Columns are heeded within one line only.
fn region(finding: &Finding) -> Vec<(&'static str, String)> {
    let (start, end) = (finding.location.start, finding.location.end);
    let mut region = vec![("file", String::from_utf8_lossy(&finding.location.origin.path).into_owned())];
    if !finding.location.origin.place.is_name() {
        region.extend([("line", start.line.to_string()), ("endLine", end.line.to_string())]);
        if start.line == end.line {
            region.extend([("col", start.column.to_string()), ("endColumn", end.column.to_string())]);
        }
    }
    region
}

impl Command<'_> {
    fn written(&self) -> String {
        let title = ("title", self.title.to_owned());
        let properties = self.place.iter().chain([&title]).map(|(name, value)| format!("{name}={}", property(value)));
        format!("::{} {}::{}", self.level, properties.collect::<Vec<_>>().join(","), data(&one_line(&self.text)))
    }
}

/// A text as the runner reads it. Control characters are gone by now, or become visible here.
fn data(text: &str) -> String {
    inert(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same where a `:` or a `,` would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

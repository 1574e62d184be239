//! The format for people: each finding shown as a compiler shows an error, then what the run
//! came to in a few lines. Whatever comes from outside is made harmless to print.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use super::phrase::{
    account, came_in, count, extent, grouped, listed, live, of_repository, one_line, outcome, place, reached, scanned,
    size, suppressed,
};
use super::{Report, Style, help};
use crate::blob::{Origin, Place};
use crate::finding::{Excerpt, Finding, Location, Position, Severity, Suppression, inert, no_command};
use crate::ledger::{Exclusion, Unit};
use crate::scan::{Dismissal, Dismissed};

const DEFAULT_WIDTH: usize = 100;
/// How many of the things that were not scanned are named; the machine formats name all.
const MOST_SKIPPED: usize = 20;

/// What stands for the part of a line that was cut off.
const MARK: char = '…';

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const DIM: &str = "2";

/// Writes the findings, then the summary. `quiet` leaves out the summary, but not what was not
/// scanned: nobody may take half a scan for a clean one.
pub(super) fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    write_findings(report, style, &mut out)?;
    for dismissed in &report.explained {
        write_dismissed(dismissed, style, &mut out)?;
    }
    if style.lists_suppressed() {
        report.suppressed.iter().try_for_each(|finding| write_suppressed(finding, style, &mut out))?;
    }
    if !style.quiet {
        write_summary(report, style, &mut out)?;
    }
    write_skipped(report, style, &mut out)?;
    out.flush()
}

fn write_findings(report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width_of(style))
        .with_context_lines(0)
        .with_break_words(false);
    // A name has no line to go to.
    let names = handler.clone().without_primary_span_start();
    let mut text = String::new();
    for finding in &report.findings {
        let handler = if finding.location.origin.place.is_name() { &names } else { &handler };
        text.clear();
        handler.render_report(&mut text, &Shown::new(finding, width_of(style))).map_err(io::Error::other)?;
        // The handler sets the rule's id apart from the rest by an empty line.
        out.write_all(no_command(&text.replacen("\n\n", "\n", 1)).as_bytes())?;
        if style.reveal {
            writeln!(out, "  secret: {}", inert(&style.secret(&finding.secret)))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn width_of(style: &Style) -> usize {
    if style.width == 0 { DEFAULT_WIDTH } else { style.width }
}

/// A finding on its way to the screen.
#[derive(Debug)]
struct Shown<'a> {
    finding: &'a Finding,
    label: String,
    line: Line,
}

impl<'a> Shown<'a> {
    fn new(finding: &'a Finding, width: usize) -> Shown<'a> {
        let label = label(finding);
        let line = Line::new(finding, &label, width);
        Shown { finding, label, line }
    }
}

/// How bad and how sure, and what the excerpt cannot show.
fn label(finding: &Finding) -> String {
    let Location { origin, start, end } = &finding.location;
    let more = match origin.place {
        Place::Path | Place::RefName => ", in the name itself".to_owned(),
        _ if end.line > start.line => format!(", goes on to line {}", end.line),
        _ => String::new(),
    };
    format!("{}, {} confidence{}{more}", finding.severity, finding.confidence, live(finding))
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&inert(&self.finding.rule.name))
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(inert(&self.finding.rule.id)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Critical | Severity::High => miette::Severity::Error,
            Severity::Medium => miette::Severity::Warning,
            Severity::Low => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let rule = &self.finding.rule;
        let note = self.finding.note.as_deref().map(|note| format!("Note: {note}."));
        let came_in = came_in(&self.finding.location.origin).unwrap_or_default();
        let through = through(&self.finding.location.origin).unwrap_or_default();
        let parts = [&*came_in, &*through, note.as_deref().unwrap_or_default(), help(rule), &rule.help_url];
        let lines = parts.into_iter().filter(|part| !part.is_empty()).map(one_line);
        let lines: Vec<String> = lines.chain(reached(&self.finding.advice)).collect();
        Some(Box::new(lines.join("\n")))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.line)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some(self.label.clone()), self.line.mask);
        Some(Box::new(std::iter::once(label)))
    }
}

/// What was taken off to read a secret, in a sentence.
fn through(origin: &Origin) -> Option<String> {
    (!origin.via.is_empty()).then(|| format!("Read through {}.", origin.via.join(", ")))
}

/// The line a secret stands in: all the source a diagnostic needs.
#[derive(Debug)]
struct Line {
    path: String,
    start: Position,
    text: String,
    /// Where the mask is in the text.
    mask: SourceSpan,
}

impl Line {
    /// As much of the line as fits, with room for the label, which hangs from the mask's middle.
    fn new(finding: &Finding, label: &str, width: usize) -> Line {
        // The gutter besides the line number, and the arrow in front of the label.
        const GUTTER: usize = 4;
        const ARROW: usize = 4;
        let start = finding.location.start;
        let room = width.saturating_sub(start.line.to_string().len() + GUTTER);
        let (text, mask) = fitted(&finding.excerpt, &finding.secret.mask(), room, label.len() + ARROW);
        Line { path: place(finding), start, text, mask }
    }
}

impl SourceCode for Line {
    /// The line as a whole, whatever is asked. The column, which the header shows, is the
    /// secret's in the file: the text here may be cut, and its masks are shorter than what they hide.
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let from_zero = |count: u64| usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX);
        let (line, column) = (from_zero(self.start.line), from_zero(self.start.column));
        let (text, all) = (self.text.as_bytes(), (0, self.text.len()).into());
        Ok(Box::new(MietteSpanContents::new_named(self.path.clone(), text, all, line, column, 1)))
    }
}

/// The part of an excerpt that fits into a line: the mask, and around it what there is room for;
/// right of its middle at least `reserve`. The mask is the secret's own, as in every other format:
/// in the excerpt another candidate, that lies over this one, may have set its own.
fn fitted(excerpt: &Excerpt, mask: &str, room: usize, reserve: usize) -> (String, SourceSpan) {
    let (before, after) = (&excerpt.text[..excerpt.start], &excerpt.text[excerpt.end..]);
    let spare = room.saturating_sub(width(mask));
    let fair = spare.saturating_sub(width(after)).max(spare / 2);
    let left = fair.min(room.saturating_sub(width(mask) / 2 + reserve));
    let before = last(before, left);
    let after = first(after.trim_end(), spare.saturating_sub(width(&before)));
    (format!("{before}{mask}{after}"), (before.len(), mask.len()).into())
}

/// How wide text is, at most.
fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(character: char) -> usize {
    match character {
        '\t' => 4,
        MARK => 1,
        _ if character.is_ascii() => 1,
        _ => 2,
    }
}

/// The beginning of a text; what is cut off leaves its mark.
fn first(text: &str, room: usize) -> String {
    if width(text) <= room { text.to_owned() } else { cut(text.chars(), room).chain([MARK]).collect() }
}

/// The end of a text, likewise.
fn last(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let backwards: Vec<char> = cut(text.chars().rev(), room).chain([MARK]).collect();
    backwards.into_iter().rev().collect()
}

/// As many characters as leave room for a mark.
fn cut(characters: impl Iterator<Item = char>, room: usize) -> impl Iterator<Item = char> {
    let mut left = room.saturating_sub(1);
    characters.take_while(move |&character| {
        let fits = columns(character) <= left;
        left = left.saturating_sub(columns(character));
        fits
    })
}

fn write_dismissed(dismissed: &Dismissed, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let Dismissed { finding, reason } = dismissed;
    let Position { line, column } = finding.location.start;
    let (path, secret) = (place(finding), inert(&style.secret(&finding.secret)));
    let what = paint(style, DIM, &format!("dismissed ({})", reason.as_str()));
    writeln!(out, "{what} {path}:{line}:{column} {} {secret}", finding.rule.id)
}

fn write_suppressed(finding: &Finding, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let Some(Suppression { means, what, reason }) = &finding.suppression else { return Ok(()) };
    let Position { line, column } = finding.location.start;
    let (path, secret) = (place(finding), inert(&style.secret(&finding.secret)));
    let head = paint(style, DIM, &format!("suppressed ({})", means.as_str()));
    let reason = reason.as_deref().map(|reason| format!(": {}", inert(reason))).unwrap_or_default();
    writeln!(out, "{head} {path}:{line}:{column} {} {secret} by {}{reason}", finding.rule.id, inert(what))
}

fn write_summary(report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    if !report.explained.is_empty() || style.lists_suppressed() && !report.suppressed.is_empty() {
        writeln!(out)?;
    }
    report.repositories.iter().try_for_each(|one| writeln!(out, "{}", of_repository(one)))?;
    writeln!(out, "{}", verdict(report, style))?;
    let dismissed: u64 = report.dismissed.values().sum();
    if dismissed > 0 && (style.verbose > 0 || !report.explained.is_empty()) {
        let hint = if report.explained.is_empty() { "; --explain shows them" } else { "" };
        writeln!(out, "{} dismissed ({}){hint}", count(dismissed, "candidate"), reasons(&report.dismissed))?;
    }
    if let Some(suppressed) = suppressed(report) {
        let hint = if style.lists_suppressed() { "" } else { "; -v shows them" };
        writeln!(out, "{suppressed}{hint}")?;
    }
    if report.dead > 0 && style.verbose > 0 {
        let entries = count(report.dead as u64, "entry").replace("entrys", "entries");
        writeln!(out, "{entries} of the baseline matched nothing here; `skant baseline prune` drops what is gone")?;
    }
    if report.below > 0 {
        let findings = count(report.below, "finding");
        writeln!(out, "{findings} below the asked severity or confidence; --severity low --confidence low shows them")?;
    }
    write_ledger(report, style, out)?;
    report.notices.iter().try_for_each(|notice| writeln!(out, "{}", no_command(&inert(notice))))
}

/// What became of all there was: in full for those who ask, else only what ignore rules left out.
fn write_ledger(report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    if style.verbose > 0 {
        return report
            .accounts
            .iter()
            .try_for_each(|(unit, of_unit)| writeln!(out, "{}: {}", unit.as_str(), account(of_unit)));
    }
    let ignored = report.accounts.iter().filter_map(|(unit, account)| {
        let number = account.left_out.get(&Exclusion::Ignored)?;
        Some(count(*number, unit.as_str().trim_end_matches('s')))
    });
    let ignored: Vec<String> = ignored.collect();
    if ignored.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} left out by ignore rules; -v shows what else was", ignored.join(" and "))
}

/// The run in a sentence.
fn verdict(report: &Report, style: &Style) -> String {
    let (outcome, extent, time) = (outcome(report), extent(report), seconds(style.elapsed));
    match (report.findings.is_empty(), report.things(), report.is_complete()) {
        (false, ..) => {
            let (files, bytes, rules) =
                (scanned(report), size(report.scanned(Unit::Byte)), count(report.rules.len() as u64, "rule"));
            format!("{}; scanned {files}, {bytes}, with {rules} in {time}", paint(style, RED, &outcome))
        }
        (true, 0, _) => outcome,
        (true, _, true) => format!("{}: {extent}, {time}", paint(style, GREEN, &outcome)),
        (true, _, false) => format!("{outcome}: {extent}, {time}"),
    }
}

fn reasons(dismissed: &BTreeMap<Dismissal, u64>) -> String {
    listed(dismissed.iter().map(|(reason, &number)| (number, reason.as_str())))
}

fn write_skipped(report: &Report, style: &Style, out: &mut impl Write) -> io::Result<()> {
    if report.is_complete() {
        return Ok(());
    }
    for skipped in report.skipped.iter().take(MOST_SKIPPED) {
        let what = paint(style, YELLOW, "not scanned:");
        writeln!(out, "{what} {}: {}", inert(&skipped.path), inert(&skipped.reason))?;
    }
    let more = report.skipped.len().saturating_sub(MOST_SKIPPED) as u64;
    if more > 0 {
        writeln!(out, "and {} more", grouped(more))?;
    }
    writeln!(out, "{}", paint(style, YELLOW, "The scan is incomplete."))
}

fn paint(style: &Style, color: &str, text: &str) -> String {
    if style.color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn seconds(elapsed: Duration) -> String {
    if elapsed < Duration::from_millis(100) {
        format!("{} ms", elapsed.as_millis())
    } else {
        format!("{:.2} s", elapsed.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(9)), "9 ms");
        assert_eq!(seconds(Duration::from_millis(412)), "0.41 s");
    }

    #[test]
    fn long_lines_are_cut_around_the_mask() {
        let table = [
            (20, 0, "abcdefgh[***]ijklmno"),
            (17, 0, "…defgh[***]ijklm…"),
            (11, 0, "…gh[***]ij…"),
            (3, 0, "…[***]…"),
            (20, 14, "…fgh[***]ijklmno"),
        ];
        let excerpt = Excerpt { text: "abcdefgh[***]ijklmno".into(), start: 8, end: 13 };
        for (room, reserve, expected) in table {
            let (text, mask) = fitted(&excerpt, "[***]", room, reserve);
            assert_eq!((text.as_str(), &text[mask.offset()..][..mask.len()]), (expected, "[***]"), "{room} {reserve}");
        }
    }
}

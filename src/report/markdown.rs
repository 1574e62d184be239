//! A summary in Markdown, as GitHub shows it below a job: what there is, worst first, and what to do
//! about it. What strangers wrote is text in it, never markup.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::phrase::{extent, grouped, live, one_line, outcome, place, suppressed, worst_first};
use super::{Report, help};
use crate::finding::{Finding, Position, inert};
use crate::rule::Rule;

/// GitHub drops a summary of more than a mebibyte: room is left for what others write.
const LONGEST: usize = 1_000_000;
/// What is kept free for the sentence that counts the rest.
const RESERVE: usize = 200;
/// How many of the things that were not scanned are named.
const MOST_SKIPPED: usize = 20;

/// Writes a heading, what was not scanned, a table of the findings, and what to do about them.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::default();
    let mark = if !report.is_complete() || !report.findings.is_empty() { "❌" } else { "✅" };
    let suppressed = suppressed(report).map(|text| format!(" {text}.")).unwrap_or_default();
    page.add(&format!("## {mark} skant: {}\n\nScanned {}.{suppressed}\n", outcome(report), extent(report)));
    add_skipped(report, &mut page);
    add_findings(report, &mut page);
    out.write_all(page.text.as_bytes())
}

/// Text that is not to become too long.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// Adds some text if there is room for it.
    fn add(&mut self, text: &str) -> bool {
        let fits = self.text.len() + text.len() + RESERVE <= LONGEST;
        if fits {
            self.text += text;
        }
        fits
    }

    /// Says how many there are besides those that are shown.
    fn add_rest(&mut self, rest: usize) {
        if rest > 0 {
            self.text += &format!("\nAnd {} more: other formats hold them all.\n", grouped(rest as u64));
        }
    }
}

fn add_skipped(report: &Report, page: &mut Page) {
    let line = |path: &str, reason: &str| format!("- {}: {}\n", code(path), escaped(&one_line(reason)));
    if !report.is_complete() {
        page.add("\n**The scan is incomplete.** What was not scanned:\n\n");
        let shown = report.skipped.iter().take(MOST_SKIPPED).take_while(|one| page.add(&line(&one.path, &one.reason)));
        let shown = shown.count();
        page.add_rest(report.skipped.len() - shown);
    }
    if !report.notices.is_empty() {
        page.add("\n");
        let shown =
            report.notices.iter().take_while(|notice| page.add(&format!("- Note: {}\n", escaped(&one_line(notice)))));
        let shown = shown.count();
        page.add_rest(report.notices.len() - shown);
    }
}

fn add_findings(report: &Report, page: &mut Page) {
    let findings = worst_first(&report.findings);
    if findings.is_empty() {
        return;
    }
    page.add("\n| Severity | What | Where | Secret |\n|---|---|---|---|\n");
    let shown = findings.iter().take_while(|finding| page.add(&row(finding))).count();
    page.add_rest(findings.len() - shown);
    page.add("\n**What to do**\n\n");
    let mut told = BTreeSet::new();
    for finding in &findings[..shown] {
        if told.insert(&finding.rule.id) && !page.add(&advice(&finding.rule)) {
            break;
        }
    }
}

fn row(finding: &Finding) -> String {
    let Position { line, column } = finding.location.start;
    let position = if finding.location.origin.place.is_name() { String::new() } else { format!(":{line}:{column}") };
    let place = format!("<code>{}{position}</code>", escaped(&place(finding)));
    let commit = finding.location.origin.commit.as_deref().map(|commit| {
        let id = commit.id.get(..12).unwrap_or(&commit.id);
        format!(" in {}, {}, {}", code(id), escaped(&commit.date), escaped(commit.author_name()))
    });
    let exposure = finding.advice.exposure.map(|exposure| format!(" ({})", exposure.as_str())).unwrap_or_default();
    let what = format!("{} {}", escaped(&one_line(&finding.rule.name)), code(&finding.rule.id));
    let secret = code(&finding.secret.mask());
    let commit = commit.unwrap_or_default();
    format!("| {}{} | {what} | {place}{commit}{exposure} | {secret} |\n", finding.severity, live(finding))
}

fn advice(rule: &Rule) -> String {
    let is_link = rule.help_url.starts_with("https://") && !rule.help_url.contains(['<', '>', ' ', '\n', '\\']);
    let link = if is_link { format!(" <{}>", rule.help_url) } else { String::new() };
    format!("- {}: {}{link}\n", code(&rule.id), escaped(&one_line(help(rule))))
}

/// Text in the type of programs. A code span of Markdown's own could be ended by what is in it.
fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(&inert(text)))
}

/// Text in which nothing is markup: all punctuation that could be, inside of a line, is written as a number.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_punctuation() && !"-./,;'()?".contains(character) {
            escaped += &format!("&#{};", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

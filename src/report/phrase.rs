//! What the formats say in the same words: numbers, sizes, places, and what a run came to.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Report, Repository, Status, help};
use crate::blob::{Origin, Place};
use crate::finding::{Advice, Exposure, Finding, Liveness, Means, Severity, inert};
use crate::ledger::{Account, Unit, scanned as scanned_of};

/// The commit that brought a secret in, in a sentence.
pub(super) fn came_in(origin: &Origin) -> Option<String> {
    let commit = origin.commit.as_deref()?;
    let id = commit.id.get(..12).unwrap_or(&commit.id);
    Some(format!("Came in with {id}, {}, {}: {}", commit.date, commit.author, commit.summary))
}

/// Whether it is live, when somebody asked.
pub(super) fn live(finding: &Finding) -> &'static str {
    match finding.verified {
        None => "",
        Some(Liveness::Live) => ", live",
        Some(Liveness::Dead) => ", dead",
        Some(Liveness::Unknown) => ", not known to be live",
    }
}

/// How far it has got, and the first command to do about it; the formats for programs have all.
pub(super) fn reached(advice: &Advice) -> Option<String> {
    let remote = advice.refs.iter().find(|name| name.starts_with("refs/remotes/"));
    let first = remote.or(advice.refs.first()).map_or("no ref", String::as_str);
    let refs = match advice.refs_total.saturating_sub(1) as u64 {
        0 => first.to_owned(),
        more => format!("{first} and {}", count(more, "more ref")),
    };
    let command = first_command(&advice.next).map(|command| format!(": {command}")).unwrap_or_default();
    Some(match advice.exposure? {
        Exposure::WorkingTree => "In the working tree only; git does not have it.".to_owned(),
        Exposure::Staged => format!("Staged, not committed{command}"),
        Exposure::Unpushed => format!("Committed ({refs}), not pushed{command}"),
        Exposure::Pushed => format!("Pushed ({refs}). When it is revoked, the history{command}"),
    })
}

/// The first command of git's among some steps, with the one that writes what it reads.
fn first_command(steps: &[String]) -> Option<String> {
    let (at, command) = steps.iter().enumerate().find_map(|(at, step)| Some((at, &step[step.find("git ")?..])))?;
    let reads = |before: &&String| command.contains("expressions.txt") && before.contains("expressions.txt");
    Some(match at.checked_sub(1).map(|before| &steps[before]).filter(reads) {
        Some(write) if write.starts_with("printf ") => format!("{write} && {command}"),
        Some(write) => format!("{write} Then: {command}"),
        None => command.to_owned(),
    })
}

/// A rule file may break its sentences where it likes.
pub(super) fn one_line(text: &str) -> String {
    inert(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Where a finding is, without line and column: a path, or what stands for one, behind its repository where
/// there are many.
pub(super) fn place(finding: &Finding) -> String {
    let repository = finding.location.origin.repository.as_deref().map(|name| inert(name) + ":").unwrap_or_default();
    repository + &place_in_repository(finding)
}

fn place_in_repository(finding: &Finding) -> String {
    let Origin { path, place, commit, reference, .. } = &finding.location.origin;
    let path = String::from_utf8_lossy(path);
    let what = match (place, path.is_empty()) {
        (Place::Path | Place::Content | Place::Config, false) => return inert(&path),
        (_, false) => format!("{}:{path}", reference.as_deref().unwrap_or(place.as_str())),
        (_, true) => {
            let holder = reference.as_deref().or(commit.as_deref().map(|commit| commit.id.get(..12).unwrap_or("")));
            let place = place.as_str().replace('-', " ");
            // The message of a commit that is being made has none yet.
            holder.map_or_else(|| place.clone(), |holder| format!("{place} of {holder}"))
        }
    };
    inert(&what)
}

/// How much was scanned: `3 files`, or `20 blobs of 7 commits, 4 members of archives`.
pub(super) fn scanned(report: &Report) -> String {
    let scanned = match report.source {
        "history" => {
            format!(
                "{} of {}",
                count(report.scanned(Unit::Blob), "blob"),
                count(report.scanned(Unit::Commit), "commit")
            )
        }
        _ => count(report.scanned(Unit::File), "file"),
    };
    match report.scanned(Unit::Member) {
        0 => scanned,
        members => format!("{scanned}, {} of archives", count(members, "member")),
    }
}

/// `3 secrets in 2 files (1 critical, 2 high)`.
pub(super) fn found(findings: &[Finding]) -> String {
    let origins = findings.iter().map(|finding| &finding.location.origin);
    let paths: BTreeSet<_> = origins.map(|origin| (&origin.repository, &*origin.path)).collect();
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let levels = Severity::ALL.iter().rev().map(|&severity| (of(severity), severity.as_str()));
    let (secrets, files) = (count(findings.len() as u64, "secret"), count(paths.len() as u64, "file"));
    format!("{secrets} in {files} ({})", listed(levels))
}

/// What came of one repository of many, in a line.
pub(super) fn of_repository(repository: &Repository) -> String {
    let Repository { name, status, accounts, findings, skipped, .. } = repository;
    let [blobs, commits, bytes] = [Unit::Blob, Unit::Commit, Unit::Byte].map(|unit| scanned_of(accounts, unit));
    let why = skipped.first().map(|one| format!(", {}", one_line(&one.reason))).unwrap_or_default();
    let what = format!("{} of {}, {}", count(blobs, "blob"), count(commits, "commit"), size(bytes));
    match status {
        Status::Failed => format!("{}: failed{why}", inert(name)),
        Status::Partial => format!("{}: partial, {what}, {}{why}", inert(name), count(*findings, "secret")),
        Status::Scanned => format!("{}: scanned, {what}, {}", inert(name), count(*findings, "secret")),
    }
}

/// What became of all there was of one unit: `7 in scope: 3 scanned, 2 ignore-rule, 1 missing`.
pub(super) fn account(account: &Account) -> String {
    let Account { scanned, left_out, not_scanned } = account;
    let mut parts = vec![format!("{} scanned", grouped(*scanned))];
    let mut add = |what: &str, count: u64, parts_of: String| {
        if count > 0 {
            parts.push(format!("{} {what} ({parts_of})", grouped(count)));
        }
    };
    add("left out", account.left_out(), listed(left_out.iter().map(|(rule, &count)| (count, rule.as_str()))));
    add(
        "not scanned",
        account.not_scanned(),
        listed(not_scanned.iter().map(|(cause, &count)| (count, cause.as_str()))),
    );
    format!("{} in scope: {}", grouped(account.in_scope()), parts.join(", "))
}

/// What a run came to, in a few words.
pub(super) fn outcome(report: &Report) -> String {
    let what = if report.source == "history" { "commits" } else { "files" };
    match (report.findings.is_empty(), report.things(), report.is_complete()) {
        (false, ..) => found(&report.findings),
        (true, 0, true) => format!("nothing to scan: there are no {what} in what was asked for"),
        (true, 0, false) => "nothing was scanned".to_owned(),
        (true, _, true) => "no secrets found".to_owned(),
        (true, _, false) => "no secrets found in what was scanned".to_owned(),
    }
}

/// How much was scanned, and with what: `3 files, 1.2 kB, 300 rules`.
pub(super) fn extent(report: &Report) -> String {
    format!("{}, {}, {}", scanned(report), size(report.scanned(Unit::Byte)), count(report.rules.len() as u64, "rule"))
}

/// How much is suppressed, and by what: `3 findings suppressed (2 inline, 1 baseline)`.
pub(super) fn suppressed(report: &Report) -> Option<String> {
    let by = listed(Means::ALL.iter().map(|&means| (report.suppressed_by(means), means.as_str())));
    let all = report.suppressed_in_all();
    (all > 0).then(|| format!("{} suppressed ({by})", count(all, "finding")))
}

/// A finding in a line, place apart: what it is, how bad, and what to do.
pub(super) fn message(finding: &Finding) -> String {
    let Finding { rule, severity, confidence, secret, .. } = finding;
    let note = finding.note.as_deref().map(|note| format!("; {note}")).unwrap_or_default();
    let via = &finding.location.origin.via;
    let through = if via.is_empty() { String::new() } else { format!(", through {}", via.join(", ")) };
    let (name, mask, help, live) = (&rule.name, secret.mask(), help(rule), live(finding));
    let reached = reached(&finding.advice).map(|reached| format!(" {reached}")).unwrap_or_default();
    format!("{name} {mask}{through}: {severity} severity, {confidence} confidence{live}{note}. {help}{reached}")
}

/// The findings, worst first; of those that are as bad, in their own order.
pub(super) fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut worst: Vec<&Finding> = findings.iter().collect();
    worst.sort_by_key(|finding| Reverse((finding.severity, finding.confidence)));
    worst
}

/// `1 critical, 2 high`: numbers of things, those that are not 0.
pub(super) fn listed<'a>(numbers: impl Iterator<Item = (u64, &'a str)>) -> String {
    let parts: Vec<String> =
        numbers.filter(|(number, _)| *number > 0).map(|(number, name)| format!("{} {name}", grouped(number))).collect();
    parts.join(", ")
}

/// `1 file`, `1,234 files`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number with a comma before every three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `812 B`, `5.6 MB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([count(1, "file"), count(2, "file")], ["1 file", "2 files"]);
        assert_eq!([812, 1_000, 5_678_901, 3_000_000_000].map(size), ["812 B", "1.0 kB", "5.6 MB", "3.0 GB"]);
    }
}

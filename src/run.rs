//! Drives a source through a scanner, and gathers what comes of it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use crate::blob::{Blob, Origin};
use crate::finding::{Advice, Confidence, Excerpt, Finding, Location, Position, Secret, Severity};
use crate::ledger::{Account, Cause, Exclusion, Ledger, Unit};
use crate::lines::Lines;
use crate::policy::Policy;
use crate::report::{Report, Skipped};
use crate::rule::{Files, Finder, Judge, Rule, RuleSet};
use crate::scan::{self, Scanned, Scanner, Scratch};
use crate::source::{Answer, Ask, Counts, Fate, Item, Large, Probe, Source, Standing, Unknown, reason};

/// What is wanted of a run.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Findings from this severity up.
    pub severity: Severity,
    /// Findings from this confidence up.
    pub confidence: Confidence,
    /// Whether what was dismissed is to be kept.
    pub explain: bool,
    /// Whether marks in the text count.
    pub inline: bool,
}

thread_local! {
    /// Each thread scans one blob after the other.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Rules that are ready to be looked for, in one source after the other.
#[derive(Debug)]
pub struct Engine {
    scanner: Scanner,
    rules: RuleSet,
    /// Whether nothing but files as such is reported.
    only_files: bool,
    wanted: Wanted,
}

impl Engine {
    /// An engine for these rules.
    pub fn new(rules: RuleSet, wanted: Wanted) -> Engine {
        // Whoever asks about files only means the secrets of all rules.
        let only_files = rules.iter().all(|rule| matches!(rule.finder, Finder::File(_)));
        let all = if only_files { Cow::Owned(rules.clone().with_unwanted()) } else { Cow::Borrowed(&rules) };
        let scanner = Scanner::new(&all).from_up(wanted.severity, wanted.confidence);
        let scanner = if wanted.explain { scanner } else { scanner.counting() };
        let scanner = if wanted.inline { scanner } else { scanner.ignoring_marks() };
        Engine { scanner, rules, only_files, wanted }
    }

    /// The rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Text as it is shown: on one line, inert, and masked.
    pub fn mask(&self, text: &str) -> String {
        SCRATCH.with_borrow_mut(|scratch| self.scanner.mask(text.as_bytes(), scratch))
    }

    /// Scans everything a source has. The ledger tells meanwhile how far that has come.
    pub fn run(&self, source: &dyn Source, policy: &Policy, ledger: &Ledger) -> Report {
        let run = Run { engine: self, ledger, report: Mutex::default(), unopened: Mutex::default() };
        source.each(&|item| SCRATCH.with_borrow_mut(|scratch| run.take(item, scratch)));
        let mut report = run.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        let unopened = run.unopened.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.notices.extend(said_of_unopened(&unopened));
        report.source = source.name();
        report.range = source.range().map(|range| self.mask(&range));
        report.rules = self.rules.in_order();
        SCRATCH.with_borrow_mut(|scratch| judge(policy, &mut report, &self.scanner, ledger, scratch));
        balance(ledger, &mut report);
        report.put_in_order();
        report
    }
}

/// Closes the ledger. What was met and never heard of again is told, and a tree of which ignore rules leave
/// nothing: a scan of nothing is no success.
fn balance(ledger: &Ledger, report: &mut Report) {
    let nothing = Account::default();
    let accounts = ledger.close();
    let account = |unit: Unit| accounts.get(&unit).unwrap_or(&nothing);
    let ignored = |unit: Unit| account(unit).left_out.contains_key(&Exclusion::Ignored);
    let is_empty = account(Unit::File).scanned + account(Unit::Link).scanned == 0;
    if is_empty && report.skipped.is_empty() && (ignored(Unit::File) || ignored(Unit::Folder)) {
        let reason = "ignore rules leave nothing of it to be scanned: `--no-ignore` scans it all the same";
        report.skipped.push(Skipped { path: "what was asked for".to_owned(), reason: reason.to_owned() });
        ledger.miss(Unit::Other, Cause::AllIgnored);
    }
    report.accounts = ledger.close();
    for (unit, account) in &report.accounts {
        if let Some(lost) = account.not_scanned.get(&Cause::Unaccounted) {
            let reason =
                format!("{lost} of them were met and not scanned: this is a fault of skant's, please report it");
            report.skipped.push(Skipped { path: unit.as_str().to_owned(), reason });
        }
    }
}

/// Takes out of a report what the policy allows. What files say of it may hold secrets, too.
fn judge(policy: &Policy, report: &mut Report, scanner: &Scanner, ledger: &Ledger, scratch: &mut Scratch) {
    let mut mask = |text: &str| scanner.mask(text.as_bytes(), scratch);
    report.config = policy.own.config.as_ref().and_then(|config| config.names.first()).map(|name| mask(name));
    let mut judged = policy.judge(std::mem::take(&mut report.findings));
    for suppression in judged.suppressed.iter_mut().filter_map(|one| one.suppression.as_mut()) {
        suppression.what = mask(&suppression.what);
        suppression.reason = suppression.reason.as_deref().map(&mut mask);
    }
    report.findings = judged.reported;
    report.suppressed.append(&mut judged.suppressed);
    report.notices.extend(judged.notices.iter().map(|notice| mask(notice)));
    for (path, error) in judged.failures {
        report.skipped.push(Skipped { path: mask(&path), reason: mask(&error.to_string()) });
        report.faults.push(error);
        ledger.miss(Unit::Other, Cause::Setting);
    }
    report.dead = judged.dead;
}

struct Run<'a> {
    engine: &'a Engine,
    ledger: &'a Ledger,
    report: Mutex<Report>,
    /// By format: how many archives were not opened.
    unopened: Mutex<BTreeMap<&'static str, u64>>,
}

impl Run<'_> {
    fn take(&self, item: Item<'_>, scratch: &mut Scratch) {
        match item {
            Item::File(origin, reader, ask) => self.read(Unit::File, origin, reader, ask, scratch),
            Item::Large(large) => self.read_large(large, scratch),
            Item::LeftOut(origin, reader, ask) => self.look(origin, reader, ask, scratch),
            Item::Blob(blob) => self.keep(blob.origin, self.engine.scanner.scan(&blob, scratch), scratch),
            Item::Probe(probe, answer) => self.probe(&probe, answer, scratch),
            Item::Known(blob, names, held) => {
                self.keep(blob.origin, self.engine.scanner.scan_for(&blob, names, held, scratch), scratch);
            }
            Item::Version(blob, before) => self.compare(&blob, before, scratch),
            Item::Met(unit, count) => self.ledger.meet(unit, count),
            Item::Done(unit, count) => self.ledger.scan(unit, count),
            Item::Excluded(unit, rule, count) => self.ledger.leave_out(unit, rule, count),
            Item::Missed(unit, cause, path, reason) => self.miss(unit, cause, &path, &reason, scratch),
            Item::Notice(text) => {
                let text = self.engine.scanner.mask(text.as_bytes(), scratch);
                self.gather(|report| report.notices.push(text));
            }
        }
    }

    fn read(&self, unit: Unit, origin: &Origin, reader: &mut dyn Read, ask: Option<&Ask<'_>>, scratch: &mut Scratch) {
        let mut scanned = Scanned::default();
        let outcome = self.engine.scanner.scan_reader(origin, reader, scratch, &mut scanned);
        self.ledger.scan(Unit::Member, scanned.members);
        self.ledger.scan(Unit::Byte, scanned.bytes);
        if let Some(ask) = ask {
            self.judge_file(origin, &mut scanned, ask, scratch);
        }
        self.keep(origin, scanned, scratch);
        match outcome {
            Ok(()) => self.ledger.scan(unit, 1),
            Err(error) => self.miss(unit, Cause::of(&error), &origin.path, &reason(&error), scratch),
        }
    }

    /// Reads a blob piece by piece, and tells what is not known of it where it lies.
    fn read_large(&self, large: Large<'_>, scratch: &mut Scratch) {
        let Large { origin, reader, counts, known, held } = large;
        let mut scanned = Scanned::default();
        let outcome = self.engine.scanner.scan_reader(origin, reader, scratch, &mut scanned);
        held.extend(scanned.names());
        let Some(known) = known else { return };
        scanned.forget(known);
        if counts {
            self.ledger.scan(Unit::Member, scanned.members);
            self.ledger.scan(Unit::Byte, scanned.bytes);
        } else {
            scanned.unopened.clear();
        }
        self.keep(origin, scanned, scratch);
        let unit = if counts { Unit::Blob } else { Unit::Other };
        match outcome {
            Ok(()) if counts => self.ledger.scan(unit, 1),
            Ok(()) => {}
            Err(error) => self.miss(unit, Cause::of(&error), &origin.path, &reason(&error), scratch),
        }
    }

    /// Of a file that is not to be scanned only what is said of it as such is kept.
    fn look(&self, origin: &Origin, reader: &mut dyn Read, ask: &Ask<'_>, scratch: &mut Scratch) {
        let mut scanned = Scanned::default();
        // Nobody asked for it: what cannot be read is not missed.
        let _ = self.engine.scanner.scan_reader(origin, reader, scratch, &mut scanned);
        self.judge_file(origin, &mut scanned, ask, scratch);
        only_about_files(&mut scanned);
        scanned.missed.clear();
        scanned.unopened.clear();
        self.keep(origin, scanned, scratch);
    }

    fn probe(&self, probe: &Probe<'_>, answer: &mut Answer, scratch: &mut Scratch) {
        if let Some(path) = probe.path {
            self.engine.scanner.probe_at(path, probe.text, scratch, &mut answer.holds);
            // They were counted when the text was asked about without a path.
            scratch.members = 0;
            scratch.unopened.clear();
            return;
        }
        answer.outcome = self.engine.scanner.probe(probe.text, probe.changed, scratch, &mut answer.holds);
        self.ledger.scan(Unit::Member, std::mem::take(&mut scratch.members));
        self.leave_closed(&std::mem::take(&mut scratch.unopened));
        let unit = match probe.counts {
            Counts::Blob => Unit::Blob,
            Counts::Commit => Unit::Commit,
            Counts::Nothing => return,
        };
        self.ledger.scan(unit, 1);
        self.ledger.scan(Unit::Byte, probe.text.len() as u64);
    }

    /// Scans a new version of a file. What touches a line that the version before did not have counts,
    /// and what was no secret there.
    fn compare(&self, blob: &Blob<'_>, before: &dyn Fn() -> Option<Vec<u8>>, scratch: &mut Scratch) {
        let mut scanned = self.engine.scanner.scan(blob, scratch);
        self.ledger.scan(Unit::File, 1);
        self.ledger.scan(Unit::Member, scanned.members);
        self.ledger.scan(Unit::Byte, scanned.bytes);
        if !scanned.findings.is_empty()
            && let Some(before) = before()
        {
            let lines = Lines::changed(&before, blob.bytes);
            let known = self.engine.scanner.scan(&Blob { bytes: &before, origin: blob.origin }, scratch).findings;
            // What a mark allowed before is new without it, and that a mark allows it is new, too.
            let named = |one: &Finding| (one.fingerprint(), one.suppression.is_some());
            let known: BTreeSet<_> = known.iter().map(named).collect();
            let has_lines = !scan::is_archive(blob.bytes);
            scanned.findings.retain(|finding| {
                let (start, end) = (finding.location.start, finding.location.end);
                has_lines && lines.touch(start.line, end.line) || !known.contains(&named(finding))
            });
        }
        self.judge_file(blob.origin, &mut scanned, &|| Ok(Fate { standing: Standing::Tracked, copied: None }), scratch);
        self.keep(blob.origin, scanned, scratch);
    }

    /// Adds a finding about a file as such, when it holds secrets and lies where such files should not.
    fn judge_file(&self, origin: &Origin, scanned: &mut Scanned, ask: &Ask<'_>, scratch: &mut Scratch) {
        let is_secret = |one: &Finding| {
            one.suppression.is_none()
                && one.confidence >= self.engine.wanted.confidence
                && one.rule.judge != Judge::Exposure
        };
        if !scanned.findings.iter().any(is_secret) {
            return;
        }
        let rules = self.engine.rules.about_file(origin.file_name());
        if rules.is_empty() {
            return;
        }
        let fate = match ask() {
            Ok(fate) => fate,
            Err(Unknown { path, reason }) => {
                return self.miss(Unit::Other, Cause::Unreadable, &path, &reason, scratch);
            }
        };
        let path = self.engine.scanner.mask_secrets(&origin.path, scratch).map(String::into_bytes);
        let path = path.unwrap_or_else(|| origin.path.clone());
        for rule in rules.into_iter().filter(|rule| is_about(rule, &fate) && self.engine.rules.get(&rule.id).is_some())
        {
            let suppression = scanned.allowed_as_file(&rule.id).filter(|_| self.engine.wanted.inline);
            let is_copied = matches!(rule.finder, Finder::File(Files::Copied));
            let note = fate.copied.as_deref().filter(|_| is_copied);
            let note = note.map(|note| self.engine.scanner.mask(note.as_bytes(), scratch).into());
            scanned.findings.push(Finding { suppression, note, ..about_file(rule, origin, &path) });
        }
    }

    fn miss(&self, unit: Unit, cause: Cause, path: &[u8], reason: &str, scratch: &mut Scratch) {
        self.ledger.miss(unit, cause);
        let path = self.engine.scanner.mask(path, scratch);
        let reason = self.engine.scanner.mask(reason.as_bytes(), scratch);
        self.gather(|report| report.skipped.push(Skipped { path, reason }));
    }

    /// Counts archives that are scanned as they are.
    fn leave_closed(&self, formats: &[&'static str]) {
        if formats.is_empty() {
            return;
        }
        self.ledger.leave_out(Unit::Member, Exclusion::Unopened, formats.len() as u64);
        let mut unopened = self.unopened.lock().unwrap_or_else(PoisonError::into_inner);
        formats.iter().for_each(|format| *unopened.entry(format).or_default() += 1);
    }

    fn keep(&self, origin: &Origin, mut scanned: Scanned, scratch: &mut Scratch) {
        self.leave_closed(&scanned.unopened);
        if self.engine.only_files {
            only_about_files(&mut scanned);
        }
        let Scanned { mut findings, mut dismissed, dismissals, missed, .. } = scanned;
        missed.iter().for_each(|reason| self.miss(Unit::Member, Cause::Unreadable, &origin.path, reason, scratch));
        if findings.is_empty() && dismissals.is_empty() {
            return;
        }
        let all = findings.len();
        findings.retain(|one| {
            one.severity >= self.engine.wanted.severity && one.confidence >= self.engine.wanted.confidence
        });
        let below = (all - findings.len()) as u64;
        findings.iter_mut().for_each(|finding| self.mask_origin(finding, scratch));
        dismissed.iter_mut().for_each(|one| self.mask_origin(&mut one.finding, scratch));
        let (mut suppressed, mut findings): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|one| one.suppression.is_some());
        self.gather(|report| {
            report.below += below;
            report.findings.append(&mut findings);
            report.suppressed.append(&mut suppressed);
            for (reason, count) in dismissals {
                *report.dismissed.entry(reason).or_default() += count;
            }
            report.explained.append(&mut dismissed);
        });
    }

    /// What strangers wrote about where a secret is may hold secrets itself: they are masked.
    fn mask_origin(&self, finding: &mut Finding, scratch: &mut Scratch) {
        let Origin { path, commit, reference, via, .. } = &mut finding.location.origin;
        if let Some(masked) = self.engine.scanner.mask_secrets(path, scratch) {
            *path = masked.into_bytes();
        }
        for wrapping in via {
            *wrapping = self.engine.scanner.mask(wrapping.as_bytes(), scratch);
        }
        if let Some(pointer) = &mut finding.pointer {
            *pointer = self.engine.scanner.mask(pointer.as_bytes(), scratch);
        }
        if let Some(reference) = reference {
            *reference = self.engine.scanner.mask(reference.as_bytes(), scratch).into();
        }
        if let Some(commit) = commit {
            let commit = Arc::make_mut(commit);
            commit.author = self.engine.scanner.mask(commit.author.as_bytes(), scratch);
            commit.summary = self.engine.scanner.mask(commit.summary.as_bytes(), scratch);
        }
    }

    fn gather(&self, add: impl FnOnce(&mut Report)) {
        // What a panicking thread had gathered is whole: it panicked outside of this.
        add(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a person should know of archives that were not opened.
fn said_of_unopened(unopened: &BTreeMap<&'static str, u64>) -> Option<String> {
    let (all, formats): (u64, Vec<&str>) = (unopened.values().sum(), unopened.keys().copied().collect());
    let formats = formats.join(", ");
    match all {
        0 => None,
        1 => Some(format!("1 archive ({formats}) is of a format that is not opened: unpack and scan it")),
        _ => Some(format!("{all} archives ({formats}) are of formats that are not opened: unpack and scan them")),
    }
}

/// Forgets everything but what is said of a file as such.
fn only_about_files(scanned: &mut Scanned) {
    scanned.findings.retain(|one| matches!(one.rule.finder, Finder::File(_)));
    scanned.dismissed.clear();
    scanned.dismissals.clear();
}

/// Whether a rule about files is about those of which this becomes.
fn is_about(rule: &Rule, fate: &Fate) -> bool {
    match rule.finder {
        Finder::File(Files::Tracked) => fate.standing == Standing::Tracked,
        Finder::File(Files::NotIgnored) => fate.standing == Standing::Untracked,
        Finder::File(Files::Example) => fate.standing != Standing::Ignored,
        Finder::File(Files::Copied) => fate.copied.is_some(),
        Finder::Token { .. } | Finder::Value { .. } | Finder::Search(_) => false,
    }
}

/// What is said of a file as such, at its beginning. Its path is no secret, and what it is known by.
fn about_file(rule: &Arc<Rule>, origin: &Origin, path: &[u8]) -> Finding {
    let begin = Position { line: 1, column: 1 };
    let secret = Secret::new(path, path.len());
    let text = secret.mask();
    Finding {
        rule: Arc::clone(rule),
        severity: rule.severity,
        confidence: rule.confidence,
        location: Location { origin: origin.clone(), start: begin, end: begin },
        excerpt: Excerpt { start: 0, end: text.len(), text },
        secret,
        note: None,
        pointer: None,
        verified: None,
        advice: Advice::default(),
        suppression: None,
    }
}

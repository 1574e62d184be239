//! The engine: bytes in, findings out. It opens no file and starts no thread.
//!
//! ```text
//! bytes ─▶ prefilter ─▶ candidates ─▶ judged ─▶ resolved ─▶ findings
//!          where which   the rule's    is it     one finding
//!          literal is    pattern there a secret? for one secret
//! ```

mod assignment;
mod assistant;
mod candidate;
pub mod filter;
mod list;
mod mark;
mod packed;
mod pointer;
mod position;
pub mod prefilter;
mod probe;
mod unwrap;
mod wide;
mod window;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use foldhash::fast::FixedState;

use crate::archive;
use crate::blob::{Blob, Origin};
use crate::finding::{Advice, Confidence, Excerpt, Finding, Location, Means, Severity, Suppression, inert};
use crate::rule::search::Allowlist;
use crate::rule::{ByteSet, Finder, Judge, Keyword, Rule, RuleSet};
use assignment::Dress;
use candidate::Candidate;
pub use filter::Dismissal;
use mark::{FileMark, Marks, Said, Shown};
use position::Tracker;
use prefilter::{Kind, Literal, Memory, Prefilter};
use unwrap::colour;
use unwrap::escapes::{self, Notation, Regions};
use unwrap::pieces::{self, Cut};
pub(crate) use window::is_archive;

/// The words that make a name worth reading: every name of a secret that people give contains one.
const NAME_WORDS: [&str; 7] = ["key", "token", "secret", "pass", "pwd", "auth", "cred"];

/// So many findings of one file are told: each takes a kilobyte of memory, and strangers make files.
const MOST_FINDINGS: usize = 100_000;

/// The rule for what is a secret by where it stands.
const GIVEN: &str = "generic-token";

/// Looks for the secrets of a rule set.
#[derive(Debug)]
pub struct Scanner {
    /// The rules that are wanted, then those whose secrets are only masked.
    rules: Vec<Arc<Rule>>,
    /// How many of them are wanted.
    wanted: usize,
    /// Whether what is dismissed is kept, or only counted.
    keeps_dismissed: bool,
    /// Whether marks in the text count.
    heeds_marks: bool,
    /// What is asked for when texts are probed.
    least: (Severity, Confidence),
    prefilter: Prefilter,
    /// What each of the prefilter's literals means.
    meanings: Vec<Meaning>,
    values: ValueRules,
    /// The rules that are looked for in every text.
    everywhere: Vec<usize>,
    /// Whether any rule is looked for in whole texts.
    has_searches: bool,
    /// What is fine, whatever the rule.
    allow: Vec<Allowlist>,
    /// The members of archives in which there is nothing, as far as they were met.
    empty_members: archive::Known,
    /// Seconds since 1970, by which expiry is judged.
    now: u64,
}

/// What it means that a literal stands somewhere.
#[derive(Debug)]
struct Meaning {
    /// How long the literal is.
    length: usize,
    /// The token rules that may match there.
    tokens: Vec<usize>,
    /// Whether it is a word that makes a name worth reading.
    is_name: bool,
    /// Whether it may be a mark.
    is_mark: bool,
    /// Whether it tells of an archive that is not opened.
    is_trace: bool,
    /// How what it may be part of is written, when it is part of an escape.
    escape: Option<Notation>,
    /// Whether it tells of a terminal's colour.
    is_colour: bool,
    /// The rules that are looked for where it stands in a text.
    searches: Vec<usize>,
}

/// The value rules, by how they are come by.
#[derive(Debug, Default)]
struct ValueRules {
    /// Those that need a provider's word near, by the first part of that word.
    near: HashMap<Vec<u8>, Vec<(usize, String)>, FixedState>,
    /// Those that need none.
    anywhere: Vec<usize>,
}

/// What scanning a blob came to.
#[derive(Debug, Default)]
pub struct Scanned {
    /// What is believed, in order of place.
    pub findings: Vec<Finding>,
    /// What is not, in order of place, unless the scanner only counts.
    pub dismissed: Vec<Dismissed>,
    /// How many candidates are not believed, by reason.
    pub dismissals: BTreeMap<Dismissal, u64>,
    /// How many bytes were scanned.
    pub bytes: u64,
    /// How many members of archives it had.
    pub members: u64,
    /// Of archives that are not opened, and were scanned as they are: their formats.
    pub unopened: Vec<&'static str>,
    /// Why some of it could not be scanned.
    pub missed: Vec<String>,
    /// What marks say of the file as a whole.
    file: Vec<FileMark>,
    /// Whether there is more to be found in it than is told.
    is_full: bool,
}

impl Scanned {
    /// Notes that there is more to be found than is told.
    fn fill(&mut self) {
        if !std::mem::replace(&mut self.is_full, true) {
            self.missed.push(format!("more than {MOST_FINDINGS} secrets are in it: the others are not told"));
        }
    }

    /// What a mark says that allows what a rule says of the file as a whole.
    pub fn allowed_as_file(&self, rule: &str) -> Option<Suppression> {
        let said = self.file.iter().find_map(|mark| mark.about(rule))?;
        Some(inline(said.clone()))
    }
}

/// A candidate that is not believed.
#[derive(Debug, Clone)]
pub struct Dismissed {
    /// As it would have been reported.
    pub finding: Finding,
    /// Why it is not.
    pub reason: Dismissal,
}

/// Memory that one thread keeps from one scan to the next.
#[derive(Debug, Default)]
pub struct Scratch {
    memory: Memory,
    candidates: Vec<Candidate>,
    /// Where marks may stand.
    marks: Vec<usize>,
    /// Where archives stand that are not opened, and what they are.
    traces: Vec<(usize, &'static str)>,
    /// What stands between the pieces of words.
    cuts: Vec<Cut>,
    /// Where there are escapes.
    regions: Regions,
    /// Where words begin that are in a terminal's colours.
    colours: Vec<usize>,
    /// What a reader was read into.
    buffer: Vec<u8>,
    /// Whether something is encoded more often than is looked into.
    is_too_deep: bool,
    /// How many members of archives were read by probing.
    pub(crate) members: u64,
    /// The formats of archives that probing met and that are not opened.
    pub(crate) unopened: Vec<&'static str>,
    /// For what is inside of something else.
    inner: Option<Box<Scratch>>,
}

impl Scratch {
    /// Memory for what is inside of what this is the memory for.
    fn inner(&mut self) -> &mut Scratch {
        self.inner.get_or_insert_default()
    }
}

/// A piece of a blob, with what is before and behind it.
struct Window<'a> {
    text: &'a [u8],
    /// The part whose secrets are to be reported: those that begin in it.
    owned: Range<usize>,
    /// Whether the blob is text.
    is_text: bool,
    origin: &'a Origin,
    /// How many wrappings were taken off of it.
    layers: u8,
    /// Whether the last of them was that it was written in pieces: it has none, then.
    is_joined: bool,
}

impl Scanner {
    /// A scanner for these rules, on the fastest engine the machine can run.
    pub fn new(rules: &RuleSet) -> Scanner {
        Scanner::with(rules, Prefilter::new)
    }

    /// The same on the engine that runs everywhere: slower, and the measure of the other.
    pub fn portable(rules: &RuleSet) -> Scanner {
        Scanner::with(rules, Prefilter::portable)
    }

    /// The same scanner, which counts what it dismisses and forgets it.
    pub fn counting(mut self) -> Scanner {
        self.keeps_dismissed = false;
        self
    }

    /// The same scanner, for which no mark in the text counts.
    pub fn ignoring_marks(mut self) -> Scanner {
        self.heeds_marks = false;
        self
    }

    /// The same scanner, for which texts that are probed hold nothing below these.
    pub fn from_up(mut self, severity: Severity, confidence: Confidence) -> Scanner {
        self.least = (severity, confidence);
        self
    }

    fn with(rules: &RuleSet, prefilter: impl FnOnce(Vec<Literal>) -> Prefilter) -> Scanner {
        let wanted = rules.len();
        let allow = rules.allowed().to_vec();
        let has_searches = rules.iter().any(|rule| matches!(rule.finder, Finder::Search(_)));
        let rules: Vec<Arc<Rule>> = rules.iter().chain(rules.unwanted()).cloned().collect();
        let known = HashMap::with_capacity(2 * rules.len());
        let mut literals = Literals { known, literals: Vec::new(), meanings: Vec::new() };
        let mut values = ValueRules::default();
        let mut everywhere = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            match &rule.finder {
                Finder::Token { keywords, anywhere, .. } => {
                    let kind = if *anywhere { Kind::Anywhere } else { Kind::Edge };
                    for keyword in keywords {
                        let literal = || Literal { places: keyword.places(), kind };
                        literals.meaning((keyword.as_str(), kind as u8), literal).tokens.push(index);
                    }
                }
                Finder::Value { names, near } => {
                    let any: &[&str] = if names.is_empty() { &NAME_WORDS } else { &[] };
                    for word in names.iter().map(|name| name_word(name)).chain(any.iter().copied()) {
                        literals.meaning((word, ANY_CASE), || Literal::word(word)).is_name = true;
                    }
                    values.add(index, near);
                }
                Finder::File(_) => {}
                Finder::Search(search) => {
                    // A literal has three bytes at least.
                    if search.keywords.is_empty()
                        || search.keywords.iter().any(|word| word.len() < 3 || !word.is_ascii())
                    {
                        everywhere.push(index);
                        continue;
                    }
                    for word in &search.keywords {
                        literals.meaning((word, ANY_CASE), || Literal::word(word)).searches.push(index);
                    }
                }
            }
        }
        let is_mark = || Literal { places: literal_places(mark::NAME), kind: Kind::Anywhere };
        literals.meaning((mark::NAME, Kind::Anywhere as u8), is_mark).is_mark = true;
        let anywhere = |text: &str| Literal { places: Keyword::new(text.to_owned()).places(), kind: Kind::Anywhere };
        for text in packed::TRACES {
            literals.meaning((text, Kind::Anywhere as u8), || anywhere(text)).is_trace = true;
        }
        for text in colour::TRIGGERS {
            literals.meaning((text, Kind::Anywhere as u8), || anywhere(text)).is_colour = true;
        }
        for (text, notation) in escapes::TRIGGERS {
            literals.meaning((text, Kind::Anywhere as u8), || anywhere(text)).escape = Some(notation);
        }
        Scanner {
            prefilter: prefilter(literals.literals),
            meanings: literals.meanings,
            wanted,
            keeps_dismissed: true,
            heeds_marks: true,
            everywhere,
            has_searches,
            allow,
            empty_members: archive::Known::default(),
            least: (Severity::Low, Confidence::Low),
            rules,
            values,
            now: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        }
    }

    /// Finds the secrets in a blob that is in memory.
    pub fn scan(&self, blob: &Blob<'_>, scratch: &mut Scratch) -> Scanned {
        let mut scanned = Scanned::default();
        let is_text = window::is_text(blob.bytes);
        if window::is_wrapped(blob.bytes, is_text) {
            let read = self.scan_reader(blob.origin, &mut &*blob.bytes, scratch, &mut scanned);
            debug_assert!(read.is_ok(), "memory can be read");
            return scanned;
        }
        let window = Window {
            text: blob.bytes,
            owned: 0..blob.bytes.len(),
            is_text,
            origin: blob.origin,
            layers: 0,
            is_joined: false,
        };
        scanned.bytes = blob.bytes.len() as u64;
        scanned.unopened.extend(window::unopened(blob.bytes, is_text));
        let mut marks = Marks::default();
        self.scan_window(&window, &mut Tracker::new(blob.bytes), &mut marks, scratch, &mut scanned);
        withdraw(marks, &mut scanned);
        scanned
    }

    /// Text with every secret in it masked and every character harmless to print, for names that
    /// strangers gave.
    pub fn mask(&self, text: &[u8], scratch: &mut Scratch) -> String {
        let origin = Origin::name(text);
        let window = Window { text, owned: 0..text.len(), is_text: true, origin: &origin, layers: 0, is_joined: false };
        self.collect(&window, scratch);
        masked(text, 0..text.len(), &scratch.candidates, 0).text
    }

    /// The same, or nothing when the text holds no secret.
    pub fn mask_secrets(&self, text: &[u8], scratch: &mut Scratch) -> Option<String> {
        let masked = self.mask(text, scratch);
        (!scratch.candidates.is_empty()).then_some(masked)
    }

    fn scan_window(
        &self,
        window: &Window<'_>,
        tracker: &mut Tracker,
        marks: &mut Marks,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
    ) {
        self.collect(window, scratch);
        self.collect_given(window, &mut scratch.candidates);
        if std::mem::take(&mut scratch.is_too_deep) {
            let layers = unwrap::MOST_LAYERS;
            scanned.missed.push(format!("something in it is encoded more than {layers} times: decode and scan it"));
        }
        scanned.note_traces(scratch, &window.owned);
        let (first, mut places) = (scanned.findings.len(), Vec::new());
        let suppressions = self.suppressions(window, marks, scanned.findings.len(), scratch);
        let owned = scratch.candidates.iter().filter(|one| self.is_own(one, window));
        for (candidate, suppression) in owned.zip(suppressions) {
            let mut finding = || self.finding(window, candidate, tracker, &scratch.candidates);
            match candidate.dismissal {
                None if scanned.findings.len() >= MOST_FINDINGS => scanned.fill(),
                None => {
                    scanned.findings.push(Finding { suppression, ..finding() });
                    places.push(candidate.secret.start);
                }
                Some(reason) => {
                    *scanned.dismissals.entry(reason).or_default() += 1;
                    if self.keeps_dismissed {
                        scanned.dismissed.push(Dismissed { finding: finding(), reason });
                    }
                }
            }
        }
        pointer::add(window, &places, &mut scanned.findings[first..]);
    }

    /// Whether a candidate is a wanted rule's, and this window's to report.
    fn is_own(&self, candidate: &Candidate, window: &Window<'_>) -> bool {
        candidate.rule < self.wanted && window.owned.contains(&candidate.secret.start)
    }

    /// What the marks in the text say of each of a window's own candidates; `number` is how many findings
    /// there were before.
    fn suppressions(
        &self,
        window: &Window<'_>,
        marks: &mut Marks,
        mut number: usize,
        scratch: &Scratch,
    ) -> Vec<Option<Suppression>> {
        let mask = |range| masked(window.text, range, &scratch.candidates, 0).text;
        let shown = Shown { text: window.text, mask: &mask };
        marks.enter(&shown, &scratch.marks);
        let mut passed = scratch.marks.iter().copied().filter(|at| window.owned.contains(at)).peekable();
        let own = scratch.candidates.iter().filter(|one| self.is_own(one, window));
        let all = own.map(|candidate| {
            if candidate.dismissal.is_some() {
                return None;
            }
            if self.is_allowed(window, candidate) {
                number += 1;
                let what = "an allowlist of the gitleaks config".to_owned();
                return Some(Suppression { means: Means::Config, what, reason: None });
            }
            if !self.heeds_marks {
                return None;
            }
            while let Some(at) = passed.next_if(|at| *at < candidate.secret.start) {
                marks.pass(&shown, at);
            }
            number += 1;
            let said = marks.allowing(&shown, &candidate.secret, &self.rules[candidate.rule].id, number - 1)?;
            Some(inline(said))
        });
        let all = all.collect();
        passed.for_each(|at| marks.pass(&shown, at));
        all
    }

    /// Every candidate in a window, in order of place; none overlap.
    fn collect(&self, window: &Window<'_>, scratch: &mut Scratch) {
        self.prefilter.find(window.text, &mut scratch.memory);
        self.collect_at_hits(window, scratch);
    }

    /// The same, where the prefilter has been run.
    fn collect_at_hits(&self, window: &Window<'_>, scratch: &mut Scratch) {
        let Scratch { memory, candidates, marks, traces, cuts, regions, colours, .. } = scratch;
        candidates.clear();
        marks.clear();
        traces.clear();
        cuts.clear();
        regions.clear();
        colours.clear();
        // What stands around something unwrapped is unwrapped where it stands.
        let is_new = |at: usize| window.layers == 0 || window.owned.contains(&at);
        if window.layers > 0 {
            memory.runs.retain(|&at| is_new(at as usize));
        }
        let mut read_until = 0;
        let mut searches = self.everywhere.clone();
        let mut ids = Vec::new();
        for hit in &memory.hits {
            let (at, meaning) = (hit.at as usize, &self.meanings[hit.literal as usize]);
            searches.extend(&meaning.searches);
            if meaning.is_mark {
                marks.push(at);
            }
            if meaning.is_trace {
                packed::trace(window.text, at, traces);
            }
            if let Some(notation) = meaning.escape.filter(|_| is_new(at)) {
                regions.add_at_trigger(window.text, at, notation);
            }
            if meaning.is_colour && window.layers == 0 {
                colours.extend(colour::word_behind(window.text, at));
            }
            for &rule in &meaning.tokens {
                let candidate = self.token(window, at, meaning.length, rule);
                if candidate.as_ref().is_some_and(|one| self.is_companion(rule, at, one)) {
                    ids.push(at);
                }
                candidates.extend(candidate.filter(|candidate| {
                    self.rules[candidate.rule].judge != Judge::Exposure
                        || filter::exposure::is_exposed(window.text, &candidate.secret, window.origin.file_name())
                }));
            }
            let word = at..at + meaning.length;
            if !meaning.tokens.is_empty() && is_new(at) {
                regions.add_token(window.text, &word);
                if !window.is_joined && !pieces::is_read(cuts, at) {
                    pieces::of_token(window.text, &word, cuts);
                }
            }
            if !meaning.is_name || !window.is_text || at < read_until {
                continue;
            }
            let Some(assignment) = assignment::read(window.text, word.clone()) else {
                if is_new(at) {
                    regions.add_name(window.text, &word);
                }
                continue;
            };
            read_until = assignment.name.end;
            let (value, is_bare) = (assignment.value.clone(), assignment.dress != Dress::Quoted);
            candidates.extend(self.values_of(window, assignment));
            if !is_new(at) {
                continue;
            }
            if is_bare && !regions.add_name(window.text, &word) {
                regions.add_value(window.text, &value);
            }
            if !window.is_joined && !pieces::is_read(cuts, value.start) {
                pieces::of_value(window.text, &value, cuts);
            }
        }
        // The id of a pair is no secret, whatever it is called.
        candidates.retain(|one| {
            let first = ids.partition_point(|&id| id < one.secret.start);
            ids.get(first).is_none_or(|&id| id >= one.secret.end)
        });
        searches.sort_unstable();
        searches.dedup();
        searches.into_iter().for_each(|index| self.search(window, index, candidates));
        if !window.is_text || !memory.runs.is_empty() || !cuts.is_empty() || !regions.is_empty() || !colours.is_empty()
        {
            self.unwrap(window, 0..window.text.len(), scratch);
        }
        let candidates = &mut scratch.candidates;
        candidates.sort_by_key(|candidate| candidate.secret.start);
        candidate::resolve(candidates);
        self.join_pairs(candidates);
    }

    /// Adds what is a secret by where it stands in the settings of an assistant: no rule knows its name or shape.
    fn collect_given(&self, window: &Window<'_>, candidates: &mut Vec<Candidate>) {
        let is_whole = window.owned == (0..window.text.len()) && !window.origin.place.is_name();
        if !is_whole || !assistant::has_settings(&window.origin.path) {
            return;
        }
        let Some(index) = self.rules.iter().position(|rule| rule.id == GIVEN) else { return };
        pointer::each_text(window, &mut |way, span| {
            if assistant::is_given(way) {
                let words = assistant::words(window.text, way, span);
                candidates.extend(words.filter_map(|word| self.given(index, window, word)));
            }
        });
        candidates.sort_by_key(|candidate| candidate.secret.start);
        candidate::resolve(candidates);
    }

    fn finding(&self, window: &Window<'_>, candidate: &Candidate, tracker: &mut Tracker, all: &[Candidate]) -> Finding {
        let secret = &candidate.secret;
        let start = tracker.position(window.text, secret.start);
        let end = tracker.clone().position(window.text, secret.end);
        let mut origin = window.origin.clone();
        origin.via.extend(candidate.inside.iter().flat_map(|inside| &inside.via).cloned());
        Finding {
            rule: Arc::clone(&self.rules[candidate.rule]),
            severity: candidate.severity,
            confidence: candidate.confidence,
            location: Location { origin, start, end },
            secret: candidate.secret_in(window.text),
            excerpt: excerpt(window.text, secret, all),
            note: candidate.note.or_else(|| assistant::note(&window.origin.path)).map(Cow::from),
            pointer: None,
            verified: None,
            advice: Advice::default(),
            suppression: None,
        }
    }
}

impl ValueRules {
    fn add(&mut self, rule: usize, near: &[String]) {
        if near.is_empty() {
            self.anywhere.push(rule);
        }
        for word in near {
            let first = word.split('_').next().unwrap_or(word).as_bytes().to_vec();
            self.near.entry(first).or_default().push((rule, word.clone()));
        }
    }
}

/// The prefilter's literals, each once, and what they mean.
struct Literals<'r> {
    /// By text and kind.
    known: HashMap<(&'r str, u8), usize>,
    literals: Vec<Literal>,
    meanings: Vec<Meaning>,
}

/// The kind of a word that is known whatever its case.
const ANY_CASE: u8 = u8::MAX;

impl<'r> Literals<'r> {
    fn meaning(&mut self, name: (&'r str, u8), literal: impl FnOnce() -> Literal) -> &mut Meaning {
        let next = self.literals.len();
        let index = *self.known.entry(name).or_insert(next);
        if index == next {
            let literal = literal();
            self.meanings.push(Meaning {
                length: literal.places.len(),
                tokens: Vec::new(),
                is_name: false,
                is_mark: false,
                is_trace: false,
                escape: None,
                is_colour: false,
                searches: Vec::new(),
            });
            self.literals.push(literal);
        }
        &mut self.meanings[index]
    }
}

/// The places of a literal that stands for nothing but itself.
fn literal_places(text: &str) -> Vec<ByteSet> {
    text.bytes().map(|byte| [byte].into_iter().collect()).collect()
}

/// What a mark in the text says.
fn inline(said: Said) -> Suppression {
    Suppression { means: Means::Inline, what: said.mark.to_owned(), reason: said.reason }
}

/// Takes back what marks allowed whose block has no end, and keeps what they say of the file.
fn withdraw(marks: Marks, scanned: &mut Scanned) {
    for number in marks.never_closed() {
        if let Some(finding) = scanned.findings.get_mut(number) {
            finding.suppression = None;
            finding.note = finding
                .note
                .take()
                .or(Some("`skant: allow-start` stands before it, and no `skant: allow-end` after".into()));
        }
    }
    scanned.file = marks.of_file();
}

/// The word by which a name is noticed: the usual one it contains, or its own longest part.
fn name_word(name: &str) -> &str {
    let usual = NAME_WORDS.iter().find(|word| name.contains(**word));
    usual.copied().unwrap_or_else(|| name.split('_').max_by_key(|part| part.len()).unwrap_or(name))
}

/// The part of a line that is shown: the secret and up to this many bytes on either side.
const SHOWN: usize = 100;

/// The line around a secret; what is cut off leaves its mark. A byte order mark is no part of it.
fn excerpt(text: &[u8], secret: &Range<usize>, all: &[Candidate]) -> Excerpt {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let mut range = excerpt_around(text, secret);
    if range.start == 0 && text.starts_with(BYTE_ORDER_MARK) && secret.start >= BYTE_ORDER_MARK.len() {
        range.start = BYTE_ORDER_MARK.len();
    }
    let begins = range.start == 0 || text[range.start - 1] == b'\n' || text[..range.start] == *BYTE_ORDER_MARK;
    let ends = text.get(range.end).is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
    let mut excerpt = masked(text, range, all, secret.start);
    if !begins {
        excerpt.text.insert(0, '…');
        excerpt.start += '…'.len_utf8();
        excerpt.end += '…'.len_utf8();
    }
    if !ends {
        excerpt.text.push('…');
    }
    excerpt
}

fn excerpt_around(text: &[u8], secret: &Range<usize>) -> Range<usize> {
    let before = &text[secret.start.saturating_sub(SHOWN)..secret.start];
    let start = secret.start - before.iter().rev().take_while(|&&byte| byte != b'\n').count();
    let first_line_end = secret.start + text[secret.clone()].iter().take_while(|&&byte| byte != b'\n').count();
    let after = &text[first_line_end..text.len().min(first_line_end + SHOWN)];
    let end = first_line_end + after.iter().take_while(|&&byte| byte != b'\n').count();
    // A character that is cut in two would show as two.
    let start = (start..secret.start).find(|&at| text[at] & 0xc0 != 0x80).unwrap_or(secret.start);
    let end =
        (first_line_end..=end).rev().find(|&at| text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(end);
    start..end
}

/// A range of a text with every candidate in it masked, whether it is believed or not; `marked`
/// is where the one begins that the excerpt is about.
fn masked(text: &[u8], range: Range<usize>, candidates: &[Candidate], marked: usize) -> Excerpt {
    let mut excerpt = Excerpt { text: String::new(), start: 0, end: 0 };
    let mut at = range.start;
    let first = candidates.partition_point(|candidate| candidate.secret.end <= range.start);
    for candidate in candidates[first..].iter().take_while(|candidate| candidate.secret.start < range.end) {
        let secret = &candidate.secret;
        if secret.start > at {
            excerpt.text += &shown(&text[at..secret.start]);
        }
        let start = excerpt.text.len();
        excerpt.text += &candidate.secret_in(text).mask();
        if secret.start <= marked && marked < secret.end {
            (excerpt.start, excerpt.end) = (start, excerpt.text.len());
        }
        at = secret.end;
    }
    if at < range.end {
        excerpt.text += &shown(&text[at..range.end]);
    }
    excerpt
}

fn shown(text: &[u8]) -> String {
    inert(String::from_utf8_lossy(text).trim_end_matches('\r'))
}

//! Asking which secrets a text holds before it is known where the text belongs: in history the path
//! is looked up for what was found, not for what was read.
//!
//! Of a text that was made from another one only what changed is asked about, and what is near enough
//! to be decided by it. That gives no findings but a suspicion; a suspicion is confirmed in the whole.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::assignment::Dress;
use super::candidate::Candidate;
use super::mark::Marks;
use super::unwrap::{colour, pieces};
use super::{Scanned, Scanner, Scratch, Window, assignment, packed, window};
use crate::blob::{Blob, Origin};
use crate::finding::{Finding, Means, Suppression};
use crate::rule::pattern::{LONGEST_MATCH, Pattern, is_blank};

/// How far from a change something may stand that decides about it, or is decided by it, unless it is
/// in one word with it: a provider's word before a name, a name before a value, a companion.
const MARGIN: usize = 512;
/// The same in texts that hold the beginning of something longer: a command and all its arguments.
const FAR: usize = 2048;

/// File names, one for each kind that what is believed depends on: a program, prose, a file of
/// credentials, any other. They begin as no path can: which it will be is not known.
const KINDS: [&str; 4] = ["\0/x.c", "\0/x.md", MOST_TRUSTING, "\0/x"];
/// Under this one all is believed that is under any.
pub(super) const MOST_TRUSTING: &str = "\0/netrc";

/// What is known of a text, for the texts that are made from it.
const BINARY: u8 = 1;
/// It holds secrets, or the beginning of something that may go on over many lines.
const WHOLE: u8 = 2;
/// It holds the beginning of something that may reach as far as [`FAR`].
const REACHING: u8 = 4;

impl Scanner {
    /// Adds the names of the secrets in a text, whatever the text's path may be. `changed` are the
    /// ranges of it that are new, and what this function returned for the text it was made from;
    /// nothing when all of it is new.
    pub fn probe(
        &self,
        text: &[u8],
        changed: Option<(&[Range<usize>], u8)>,
        scratch: &mut Scratch,
        holds: &mut Vec<u64>,
    ) -> u8 {
        let is_text = match changed {
            Some((ranges, before)) if ranges.first().is_none_or(|first| first.start >= window::TEXT_PROBE) => {
                before & BINARY == 0
            }
            _ => window::is_text(text),
        };
        if window::is_wrapped(text, is_text) {
            self.confirm_wrapped(text, scratch, holds);
            return BINARY | WHOLE;
        }
        scratch.unopened.extend(window::unopened(text, is_text));
        scratch.traces.clear();
        let kind = if is_text { 0 } else { BINARY };
        let mut known = kind;
        let is_suspicious = match changed {
            Some((ranges, before)) if before & !REACHING == kind && !self.keeps_dismissed && !self.has_searches => {
                known = before;
                let margin = if before & REACHING == 0 { MARGIN } else { FAR };
                let mut found = false;
                for range in widened(text, ranges, margin) {
                    found |= self.suspects(text, range, is_text, &mut known, scratch);
                }
                found
            }
            _ => self.suspects(text, 0..text.len(), is_text, &mut known, scratch),
        };
        if is_suspicious || self.keeps_dismissed {
            self.confirm(text, is_text, scratch, holds);
        }
        scratch.unopened.extend(scratch.traces.drain(..).map(|(_, name)| name));
        if std::mem::take(&mut scratch.is_too_deep) {
            holds.push(trouble(text));
            holds.sort_unstable();
        }
        if holds.is_empty() { known } else { known | WHOLE }
    }

    /// Whether a candidate is to be reported.
    fn is_wanted(&self, candidate: &Candidate) -> bool {
        let is_believed = candidate.dismissal.is_none();
        let (severity, confidence) = self.least;
        candidate.rule < self.wanted
            && (is_believed && candidate.severity >= severity && candidate.confidence >= confidence
                || !is_believed && self.keeps_dismissed)
    }

    /// Whether a range of a text has a candidate that could be believed under some path.
    fn suspects(&self, text: &[u8], range: Range<usize>, is_text: bool, known: &mut u8, scratch: &mut Scratch) -> bool {
        let origin = Origin::file(MOST_TRUSTING);
        let window = Window { text, owned: range.clone(), is_text, origin: &origin, layers: 0, is_joined: false };
        self.prefilter.find(&text[range.clone()], &mut scratch.memory);
        scratch.memory.runs.iter_mut().for_each(|at| *at += range.start as u32);
        let mut found = !self.everywhere.is_empty();
        let mut read_until = 0;
        let (cuts, regions, colours) = (&mut scratch.cuts, &mut scratch.regions, &mut scratch.colours);
        cuts.clear();
        regions.clear();
        colours.clear();
        for hit in &scratch.memory.hits {
            let (at, meaning) = (range.start + hit.at as usize, &self.meanings[hit.literal as usize]);
            if meaning.is_trace {
                packed::trace(text, at, &mut scratch.traces);
            }
            if let Some(notation) = meaning.escape {
                regions.add_at_trigger(text, at, notation);
            }
            if meaning.is_colour {
                colours.extend(colour::word_behind(text, at));
            }
            for &rule in &meaning.tokens {
                *known |= reach(&self.rules[rule].pattern);
                if !found && rule < self.wanted {
                    found = self.token(&window, at, meaning.length, rule).is_some_and(|one| self.is_wanted(&one));
                }
            }
            found |= !meaning.searches.is_empty();
            let (word, mut is_far) = (at..at + meaning.length, false);
            if !meaning.tokens.is_empty() {
                regions.add_token(text, &word);
                if !pieces::is_read(cuts, at) {
                    is_far = pieces::of_token(text, &word, cuts);
                }
            }
            if !found && meaning.is_name && is_text && at >= read_until {
                let assignment = assignment::read(text, word.clone());
                if assignment.as_ref().is_none_or(|one| one.dress != Dress::Quoted) {
                    is_far |= regions.add_name(text, &word);
                }
                if let Some(assignment) = assignment {
                    read_until = assignment.name.end;
                    let (value, is_bare) = (assignment.value.clone(), assignment.dress != Dress::Quoted);
                    found = self.values_of(&window, assignment).any(|one| self.is_wanted(&one));
                    if is_bare {
                        regions.add_value(text, &value);
                    }
                    if !pieces::is_read(cuts, value.start) {
                        is_far |= pieces::of_value(text, &value, cuts);
                    }
                }
            }
            *known |= if is_far { REACHING } else { 0 };
        }
        // Names were not read any more, then.
        *known |= if found { REACHING } else { 0 };
        if !found {
            scratch.candidates.clear();
            self.unwrap(&window, range, scratch);
            found = scratch.candidates.iter().any(|one| self.is_wanted(one));
        }
        found
    }

    /// Scans the whole text under a name of each kind that decides about secrets.
    fn confirm(&self, text: &[u8], is_text: bool, scratch: &mut Scratch, holds: &mut Vec<u64>) {
        self.prefilter.find(text, &mut scratch.memory);
        for path in KINDS {
            let origin = Origin::file(path);
            let window = Window { text, owned: 0..text.len(), is_text, origin: &origin, layers: 0, is_joined: false };
            self.collect_at_hits(&window, scratch);
            let allowed = self.allowed(&window, scratch);
            let own = scratch.candidates.iter().filter(|one| self.is_own(one, &window)).zip(allowed);
            let believed = own.filter(|(one, _)| self.is_wanted(one));
            holds.extend(
                believed
                    .map(|(one, is_allowed)| name(&self.rules[one.rule].id, one.secret_in(text).expose(), is_allowed)),
            );
        }
        holds.sort_unstable();
        holds.dedup();
    }

    /// The same for a text that is an archive, or wide.
    fn confirm_wrapped(&self, text: &[u8], scratch: &mut Scratch, holds: &mut Vec<u64>) {
        for path in [MOST_TRUSTING].into_iter().chain(KINDS.into_iter().filter(|&path| path != MOST_TRUSTING)) {
            self.probe_at(path, text, scratch, holds);
            if holds.is_empty() {
                return;
            }
        }
    }

    /// Adds the names of the secrets in a text, as it is at a path.
    pub fn probe_at(&self, path: &str, text: &[u8], scratch: &mut Scratch, holds: &mut Vec<u64>) {
        let Scanned { findings, dismissed, missed, members, unopened, .. } =
            self.scan(&Blob { bytes: text, origin: &Origin::file(path) }, scratch);
        (scratch.members, scratch.unopened) = (members, unopened);
        let (severity, confidence) = self.least;
        let believed = findings.iter().filter(|one| one.severity >= severity && one.confidence >= confidence);
        holds.extend(believed.chain(dismissed.iter().map(|one| &one.finding)).map(name_of));
        holds.extend((!missed.is_empty()).then(|| trouble(text)));
        holds.sort_unstable();
        holds.dedup();
    }

    /// Whether a mark allows each of a text's candidates.
    fn allowed(&self, window: &Window<'_>, scratch: &Scratch) -> Vec<bool> {
        let mut marks = Marks::default();
        let all = self.suppressions(window, &mut marks, 0, scratch);
        let mut allowed: Vec<bool> = all.iter().map(|one| is_marked(one.as_ref())).collect();
        let own = scratch.candidates.iter().filter(|one| self.is_own(one, window));
        let believed: Vec<usize> =
            own.enumerate().filter(|(_, one)| one.dismissal.is_none()).map(|(number, _)| number).collect();
        marks.never_closed().for_each(|number| allowed[believed[number]] = false);
        allowed
    }

    /// Finds those secrets in a blob that have one of these names, in order; `held` are the names that
    /// have one.
    pub fn scan_for(&self, blob: &Blob<'_>, names: &[u64], held: &mut Vec<u64>, scratch: &mut Scratch) -> Scanned {
        let mut scanned = self.scan(blob, scratch);
        // That was told when it was probed.
        scanned.unopened.clear();
        scanned.findings.retain(|finding| names.binary_search(&name_of(finding)).is_ok());
        scanned.dismissed.retain(|one| names.binary_search(&name_of(&one.finding)).is_ok());
        if !scanned.missed.is_empty() {
            let trouble = trouble(blob.bytes);
            match names.binary_search(&trouble) {
                Ok(_) => held.push(trouble),
                Err(_) => scanned.missed.clear(),
            }
        }
        held.extend(scanned.names());
        scanned.count_dismissed();
        scanned
    }
}

impl Scanned {
    /// The names of the secrets in it.
    pub fn names(&self) -> impl Iterator<Item = u64> {
        self.findings.iter().chain(self.dismissed.iter().map(|one| &one.finding)).map(name_of)
    }

    /// Forgets those of which the names are known.
    pub fn forget(&mut self, is_known: &dyn Fn(u64) -> bool) {
        self.findings.retain(|finding| !is_known(name_of(finding)));
        self.dismissed.retain(|one| !is_known(name_of(&one.finding)));
        self.count_dismissed();
    }

    fn count_dismissed(&mut self) {
        self.dismissals.clear();
        for one in &self.dismissed {
            *self.dismissals.entry(one.reason).or_default() += 1;
        }
    }
}

/// The name of a secret within a run: its rule and its bytes, hashed; and whether a mark allows it, so that
/// it is another secret where the mark is gone.
fn name(rule: &str, secret: &[u8], is_allowed: bool) -> u64 {
    let digest = Sha256::new().chain_update(rule).chain_update([u8::from(is_allowed)]).chain_update(secret).finalize();
    u64::from_be_bytes(*digest.first_chunk().expect("a digest has 32 bytes"))
}

/// The name of what cannot be read in a text: it is told, as a secret would be, where it belongs.
fn trouble(text: &[u8]) -> u64 {
    name("", text, false)
}

/// What depends on the path is no part of the name.
fn is_marked(suppression: Option<&Suppression>) -> bool {
    suppression.is_some_and(|suppression| suppression.means == Means::Inline)
}

fn name_of(finding: &Finding) -> u64 {
    name(&finding.rule.id, finding.secret.expose(), is_marked(finding.suppression.as_ref()))
}

/// What it means for the texts made from this one that a match may begin in it: within a word it is
/// seen anyhow.
fn reach(pattern: &Pattern) -> u8 {
    match pattern.longest() {
        _ if !pattern.spans_words() => 0,
        0..=MARGIN => 0,
        length if length <= FAR - MARGIN => REACHING,
        _ => WHOLE,
    }
}

/// Ranges that are in order, widened to all that a change in them may decide about; none overlap.
fn widened(text: &[u8], ranges: &[Range<usize>], margin: usize) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        let end = text.len().min(range.end + margin);
        match all.last_mut() {
            // What is before it is in already.
            Some(last) if range.start <= last.end => last.end = last.end.max(end),
            last => {
                let start = reach_back(text, range.start, margin);
                match last {
                    Some(last) if start <= last.end => last.end = last.end.max(end),
                    _ => all.push(start..end),
                }
            }
        }
    }
    all
}

/// Back over the word a change stands in, the blanks before it, and a margin.
fn reach_back(text: &[u8], at: usize, margin: usize) -> usize {
    let before = &text[at.saturating_sub(LONGEST_MATCH)..at];
    let word = before.iter().rev().take_while(|byte| !is_blank(**byte)).count();
    let blanks = before[..before.len() - word].iter().rev().take_while(|byte| is_blank(**byte)).count();
    at.saturating_sub(word + blanks + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reaches_back_over_its_word_and_forward_by_a_margin() {
        let text = [&[b' '; 600][..], b"a", &[b'x'; 600], b"CHANGE", &[b'y'; 600], b"\nz", &[b' '; 600]].concat();
        let at = 600 + 1 + 600;
        let change = at..at + 6;
        let wide = widened(&text, std::slice::from_ref(&change), MARGIN);
        assert_eq!((wide.len(), &wide[0]), (1, &(0..at + 6 + MARGIN)));
        assert_eq!(widened(&text, &[at..at, at + 700..at + 700], MARGIN).len(), 1);
    }
}

//! Secrets that are wrapped: in base64, in hex, in UTF-16 within something else, in escapes, in a terminal's colours, or
//! written in pieces. The wrapping is taken off, and what is inside is scanned like any text; what is found there keeps
//! the place it has in the text outside.
//!
//! What tells of base64 and hex is cheap: a long run of letters and digits, which the prefilter notes by the way.

pub(super) mod base;
pub(super) mod colour;
pub(super) mod escapes;
mod pairs;
pub(super) mod pieces;

use std::ops::Range;

use super::assignment::Assignment;
use super::candidate::{Candidate, Inside};
use super::{Scanner, Scratch, Window};
use crate::blob::Origin;

/// So many encodings, one in another, are taken off.
pub(super) const MOST_LAYERS: u8 = 5;

/// A text with a wrapping taken off.
#[derive(Debug)]
struct Unwrapped {
    /// The name in reports of what was taken off everywhere.
    name: &'static str,
    bytes: Vec<u8>,
    /// Where what each byte was made from begins and ends in the text outside.
    spans: Vec<(u32, u32)>,
    /// Of a text that was in pieces: before which bytes something was cut out, and what, in order.
    cuts: Vec<(usize, &'static str)>,
    /// Of a text with escapes: where in it they were taken off.
    decoded: Vec<Range<usize>>,
}

impl Unwrapped {
    fn new(name: &'static str) -> Unwrapped {
        Unwrapped { name, bytes: Vec::new(), spans: Vec::new(), cuts: Vec::new(), decoded: Vec::new() }
    }

    fn push(&mut self, byte: u8, span: Range<usize>) {
        self.bytes.push(byte);
        self.spans.push((span.start as u32, span.end as u32));
    }

    /// Adds a part of the text outside as it is.
    fn copy(&mut self, text: &[u8], range: Range<usize>) {
        range.for_each(|at| self.push(text[at], at..at + 1));
    }

    /// Notes that something was cut out before the next byte.
    fn cut(&mut self, name: &'static str) {
        self.cuts.push((self.bytes.len(), name));
    }

    /// What was taken off some bytes; nothing when they stand outside as they are.
    fn taken_off(&self, bytes: &Range<usize>) -> Vec<String> {
        let is_in = |range: &Range<usize>| range.start < bytes.end && bytes.start < range.end;
        if self.cuts.is_empty() && (self.decoded.is_empty() || self.decoded.iter().any(is_in)) {
            return vec![self.name.to_owned()];
        }
        let within = self.cuts.iter().filter(|(at, _)| bytes.start < *at && *at < bytes.end);
        let mut names: Vec<String> = within.map(|(_, name)| (*name).to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The part that has something to be unwrapped further.
    fn new_part(&self) -> Range<usize> {
        match (self.decoded.first(), self.decoded.last()) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => 0..self.bytes.len(),
        }
    }

    /// Makes of a candidate in it one in the text outside.
    fn carry_out(&self, candidate: &mut Candidate, mut via: Vec<String>) {
        let secret = match candidate.inside.take() {
            Some(inside) => {
                via.extend(inside.via);
                inside.secret
            }
            None => candidate.secret_in(&self.bytes),
        };
        let span = self.span(&candidate.secret);
        let is_unescaped = self.cuts.is_empty() && escapes::is_one(self.name) && span.len() > candidate.secret.len();
        candidate.secret = span;
        candidate.inside = Some(Box::new(Inside { secret, via, is_unescaped }));
    }

    /// The part of the text outside that some bytes were made from.
    fn span(&self, bytes: &Range<usize>) -> Range<usize> {
        self.spans[bytes.start].0 as usize..self.spans[bytes.end - 1].1 as usize
    }
}

impl Scanner {
    /// Adds the candidates that are wrapped in a range of a text: at the long runs and the joints that were noted, and in
    /// what is no text.
    pub(super) fn unwrap(&self, window: &Window<'_>, range: Range<usize>, scratch: &mut Scratch) {
        let runs = std::mem::take(&mut scratch.memory.runs);
        let mut cuts = std::mem::take(&mut scratch.cuts);
        let mut regions = std::mem::take(&mut scratch.regions);
        let colours = std::mem::take(&mut scratch.colours);
        if window.layers == MOST_LAYERS {
            scratch.is_too_deep |= !cuts.is_empty() || !regions.is_empty();
            return base::each(window.text, &runs, |_| scratch.is_too_deep = true);
        }
        if !window.is_text {
            pairs::each(window.text, range, |unwrapped| self.scan_inside(&unwrapped, window, false, scratch));
        }
        base::each(window.text, &runs, |unwrapped| {
            self.scan_inside(&unwrapped, window, is_text(&unwrapped.bytes), scratch);
        });
        pieces::each(window.text, &mut cuts, |unwrapped| {
            self.scan_inside(&unwrapped, window, window.is_text, scratch);
        });
        regions.each(window.text, |unwrapped| self.scan_inside(&unwrapped, window, window.is_text, scratch));
        colour::each(window.text, &colours, |unwrapped| self.scan_inside(&unwrapped, window, window.is_text, scratch));
        cuts.clear();
        regions.clear();
        (scratch.memory.runs, scratch.cuts, scratch.regions) = (runs, cuts, regions);
    }

    /// Adds the candidates in what was unwrapped.
    fn scan_inside(&self, unwrapped: &Unwrapped, outside: &Window<'_>, is_text: bool, scratch: &mut Scratch) {
        // What is in another encoding says nothing about the kind of the file.
        let nameless = Origin::file("");
        let is_joined = !unwrapped.cuts.is_empty();
        let is_same = is_joined || !unwrapped.decoded.is_empty();
        let origin = if is_same { outside.origin } else { &nameless };
        let text = &unwrapped.bytes[..];
        let window =
            Window { text, owned: unwrapped.new_part(), is_text, origin, layers: outside.layers + 1, is_joined };
        let memory = scratch.inner();
        self.collect(&window, memory);
        let is_too_deep = std::mem::take(&mut memory.is_too_deep);
        let found = std::mem::take(&mut memory.candidates);
        let traces = std::mem::take(&mut memory.traces);
        scratch.is_too_deep |= is_too_deep;
        scratch.traces.extend(traces.into_iter().map(|(at, name)| (unwrapped.span(&(at..at + 1)).start, name)));
        for mut candidate in found.into_iter().filter(|candidate| !candidate.secret.is_empty()) {
            let via = unwrapped.taken_off(&candidate.secret);
            if !via.is_empty() {
                unwrapped.carry_out(&mut candidate, via);
                scratch.candidates.push(candidate);
            }
        }
    }

    /// What the value rules make of a value, as it is meant: without its escapes.
    pub(super) fn value(&self, window: &Window<'_>, assignment: &Assignment) -> Option<Candidate> {
        let Some(value) = escapes::of_value(window.text, assignment) else {
            return self.written_value(window, assignment);
        };
        let text = &value.unwrapped.bytes[..];
        let inner = Window { text, owned: 0..text.len(), ..*window };
        let mut candidate = self.written_value(&inner, &value.assignment)?;
        value.unwrapped.carry_out(&mut candidate, value.via.iter().map(|&name| name.to_owned()).collect());
        Some(candidate)
    }
}

/// Whether some bytes are a text: UTF-8 without controls.
fn is_text(bytes: &[u8]) -> bool {
    let is_plain = |byte: &u8| !matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    bytes.iter().all(is_plain) && std::str::from_utf8(bytes).is_ok()
}

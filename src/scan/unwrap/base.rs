//! Base64 and hex, told by a run of letters and digits that makes sense as text.
//!
//! Of the base64 of ASCII hardly a character is no letter or digit: those stand for bits that `>`, `?` and `~`
//! alone have. So a run of letters and digits as long as the shortest token is in either, and most
//! that are not the base64 or hex of text are told by their first characters.

use std::ops::Range;

use super::Unwrapped;
use crate::scan::prefilter::LONG_RUN;

/// How far back from a run its encoding may begin.
const REACH: usize = 1024;
/// The most bytes that are taken for one text.
const MOST: usize = 256 << 10;
/// How much of a text that was cut the next one has, too.
const OVERLAP: usize = 16 << 10;

/// Hands over what the runs at these places stand for.
pub(super) fn each(text: &[u8], runs: &[u32], mut visit: impl FnMut(Unwrapped)) {
    let mut done = 0;
    for &at in runs {
        let at = at as usize;
        if at < done {
            continue;
        }
        let read = hex(text, at).or_else(|| base64(text, at));
        if let Some((unwrapped, end)) = read {
            done = if end - at >= MOST { end - OVERLAP } else { end };
            visit(unwrapped);
        }
    }
}

/// The text of a run that is hex, and where it ends.
fn hex(text: &[u8], at: usize) -> Option<(Unwrapped, usize)> {
    const PROBE: usize = 10;
    let at = if text[at..].starts_with(b"0x") { at + 2 } else { at };
    let byte = |at: usize| pair(text.get(at..at + 2)?);
    let makes_sense = |phase: usize| (0..PROBE).all(|index| byte(at + phase + 2 * index).is_some_and(is_text));
    let start = at + (0..2).find(|phase| makes_sense(*phase))?;
    let mut unwrapped = Unwrapped::new("hex");
    let mut end = start;
    while let Some(value) = byte(end).filter(|_| end - start < MOST) {
        unwrapped.push(value, end..end + 2);
        end += 2;
    }
    Some((unwrapped, end))
}

/// The byte that two hex digits stand for.
fn pair(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
}

/// The text of a run that is base64, and where it ends: in lines, if need be.
fn base64(text: &[u8], at: usize) -> Option<(Unwrapped, usize)> {
    let start = at + (0..4).find(|phase| makes_sense(&text[at + phase..at + LONG_RUN]))?;
    let before = text[start.saturating_sub(REACH)..start].iter().rev();
    let before = before.take_while(|&&byte| value(byte).is_some()).count();
    let start = start - before / 4 * 4;
    let mut unwrapped = Unwrapped::new("base64");
    let mut quad = Quad::default();
    let mut end = start;
    loop {
        while let Some(value) = text.get(end).copied().and_then(value) {
            quad.push(value, end, &mut unwrapped);
            end += 1;
        }
        match next_line(text, end, quad.count) {
            Some(next) if end - start < MOST => end = next,
            _ => break,
        }
    }
    let padding = text[end..].iter().take(2).take_while(|&&byte| byte == b'=').count();
    quad.finish(&mut unwrapped);
    if let Some(last) = unwrapped.spans.last_mut() {
        last.1 = (end + padding) as u32;
    }
    Some((unwrapped, end + padding))
}

/// The first bytes that some base64 stands for: no more than so many, and as many as there are.
pub(in crate::scan) fn beginning(text: &[u8], most: usize) -> Vec<u8> {
    let mut unwrapped = Unwrapped::new("base64");
    let mut quad = Quad::default();
    for value in text.iter().take(most.div_ceil(3) * 4).map_while(|&byte| value(byte)) {
        quad.push(value, 0, &mut unwrapped);
    }
    unwrapped.bytes
}

/// Whether the base64 of text may begin like this.
fn makes_sense(run: &[u8]) -> bool {
    run.as_chunks::<4>().0.iter().all(|quad| {
        let [a, b, c, d] = quad.map(|byte| VALUES[usize::from(byte)]);
        let is_base64 = a != NONE && b != NONE && c != NONE && d != NONE;
        is_base64 && [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d].iter().all(|&byte| byte == 0 || is_text(byte))
    })
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// What a character of base64, or of its variant for addresses, stands for.
fn value(byte: u8) -> Option<u32> {
    let value = VALUES[usize::from(byte)];
    (value != NONE).then_some(value.into())
}

/// What stands for nothing.
const NONE: u8 = u8::MAX;

/// What each byte stands for: most that are asked about are no base64 of text, so the answer is looked up.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut byte = 0;
    while byte < 256 {
        values[byte] = match byte as u8 {
            letter @ b'A'..=b'Z' => letter - b'A',
            letter @ b'a'..=b'z' => letter - b'a' + 26,
            digit @ b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => NONE,
        };
        byte += 1;
    }
    values
};

/// Where a base64 goes on behind a line break, written out or as `\n`: at the beginning of the next line,
/// if that makes sense there, being `count` characters into a group of four.
fn next_line(text: &[u8], end: usize, count: usize) -> Option<usize> {
    let mut at = end;
    let breaks: [&[u8]; 4] = [b"\r\n", b"\n", b"\\r\\n", b"\\n"];
    at += breaks.iter().find(|one| text[at..].starts_with(one))?.len();
    at += text[at..].iter().take(64).take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
    let line = text[at..].iter().take(MOST).take_while(|&&byte| value(byte).is_some()).count();
    let skip = (4 - count) % 4;
    let is_end = !matches!(text.get(at + line), Some(b':' | b'.' | b'(' | b' ' | b'\t'));
    let probe = text.get(at + skip..at + line.min(24))?;
    (is_end && line > skip && makes_sense(probe)).then_some(at)
}

/// Up to four characters of base64, and where they stand.
#[derive(Default)]
struct Quad {
    values: [u32; 4],
    places: [usize; 4],
    count: usize,
}

impl Quad {
    fn push(&mut self, value: u32, at: usize, unwrapped: &mut Unwrapped) {
        (self.values[self.count], self.places[self.count]) = (value, at);
        self.count += 1;
        if self.count == 4 {
            self.finish(unwrapped);
        }
    }

    /// Adds the bytes that the characters so far make.
    fn finish(&mut self, unwrapped: &mut Unwrapped) {
        for byte in 1..self.count {
            let bits = self.values[byte - 1] << 6 | self.values[byte];
            let span: Range<usize> = self.places[byte - 1]..self.places[byte] + 1;
            unwrapped.push((bits >> (6 - 2 * byte) & 0xff) as u8, span);
        }
        self.count = 0;
    }
}

//! UTF-16 and UTF-32: told by their first bytes, and read as UTF-8 as they go by. Lines and columns
//! are the same in both.

use std::io::{self, Read};

/// A text of two or four bytes for each unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wide {
    /// Bytes of a unit.
    size: usize,
    is_big: bool,
}

/// As much of a text is looked at to tell.
const PROBE: usize = 1024;

impl Wide {
    /// What a text is that begins like this, when it is wide. Without a mark it is when nearly every unit
    /// is a character of ASCII.
    pub(super) fn of(beginning: &[u8]) -> Option<Wide> {
        let marked = |size, is_big| Some(Wide { size, is_big });
        match beginning {
            [0xff, 0xfe, 0, 0, ..] => return marked(4, false),
            [0, 0, 0xfe, 0xff, ..] => return marked(4, true),
            [0xff, 0xfe, ..] => return marked(2, false),
            [0xfe, 0xff, ..] => return marked(2, true),
            _ => {}
        }
        let beginning = &beginning[..beginning.len().min(PROBE)];
        let all = [(4, false), (4, true), (2, false), (2, true)];
        let mut all = all.map(|(size, is_big)| Wide { size, is_big }).into_iter();
        all.find(|wide| {
            let units = beginning.chunks_exact(wide.size);
            let plain = units.clone().filter(|unit| is_text(wide.value(unit))).count();
            units.len() >= 4 && plain * 10 >= units.len() * 9
        })
    }

    /// Its name in reports.
    pub(super) fn name(self) -> &'static str {
        if self.size == 2 { "utf-16" } else { "utf-32" }
    }

    fn value(self, unit: &[u8]) -> u32 {
        let add = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        if self.is_big { unit.iter().fold(0, add) } else { unit.iter().rev().fold(0, add) }
    }
}

/// Whether a unit is a character of ASCII that texts have.
fn is_text(unit: u32) -> bool {
    matches!(unit, 0x9 | 0xa | 0xd | 0x20..=0x7e)
}

/// So many units in a row that make sense one way only are read that way.
const RUN: usize = 8;

/// Reads a wide text as UTF-8. Bytes that were appended in an encoding of one byte are read as they are:
/// a shell that appends to a log of another does that.
pub(super) struct Narrow<'r> {
    inner: &'r mut dyn Read,
    wide: Wide,
    raw: Vec<u8>,
    /// The part of `raw` that was not read yet.
    at: usize,
    is_over: bool,
    failure: Option<io::Error>,
    /// UTF-8 that nobody asked for yet.
    ready: Vec<u8>,
    taken: usize,
    /// How many bytes were read.
    pub(super) bytes: u64,
}

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

impl<'r> Narrow<'r> {
    pub(super) fn new(inner: &'r mut dyn Read, wide: Wide) -> Narrow<'r> {
        Narrow {
            inner,
            wide,
            raw: Vec::with_capacity(CHUNK),
            at: 0,
            is_over: false,
            failure: None,
            ready: Vec::new(),
            taken: 0,
            bytes: 0,
        }
    }

    /// Fills what is ready, as long as there is more.
    fn refill(&mut self) {
        self.ready.clear();
        self.taken = 0;
        while self.ready.is_empty() && !(self.is_over && self.at == self.raw.len()) {
            self.raw.drain(..self.at);
            self.at = 0;
            let before = self.raw.len();
            match (&mut *self.inner).take((CHUNK - before) as u64).read_to_end(&mut self.raw) {
                Ok(count) => self.is_over = count + before < CHUNK,
                Err(error) => {
                    self.is_over = true;
                    self.failure = Some(error);
                }
            }
            self.bytes += (self.raw.len() - before) as u64;
            self.transcode();
        }
    }

    /// Reads what is in `raw`, but for an end that may look different once more is known.
    fn transcode(&mut self) {
        let size = self.wide.size;
        let raw = &self.raw[..];
        let keep = if self.is_over { 0 } else { (RUN + 1) * size };
        let mut at = 0;
        while at + keep < raw.len() {
            let Some(unit) = raw.get(at..at + size) else {
                // The text was cut within a unit.
                self.ready.extend(raw[at..].iter().filter(|byte| is_text(u32::from(**byte))));
                at = raw.len();
                break;
            };
            let value = self.wide.value(unit);
            // Narrow text may begin within a unit, too.
            let is_narrow_from = |by: &usize| raw.get(at + by..at + by + RUN * size).is_some_and(is_narrow);
            if let Some(by) = (0..size).find(is_narrow_from).filter(|by| *by > 0 || !is_text(value)) {
                at += by;
                let count = raw[at..].iter().take_while(|byte| is_text(u32::from(**byte))).count();
                // The last may be the first half of a unit.
                let count = count - usize::from(raw.get(at + count) == Some(&0) && !self.wide.is_big);
                self.ready.extend_from_slice(&raw[at..at + count]);
                at += count;
                // What follows is wide again, if it is, wherever it begins.
                continue;
            }
            at += size;
            let low =
                || raw.get(at..at + 2).map(|unit| self.wide.value(unit)).filter(|low| (0xdc00..0xe000).contains(low));
            let value = match value {
                0xd800..0xdc00 if size == 2 => match low() {
                    Some(low) => {
                        at += 2;
                        0x1_0000 + ((value - 0xd800) << 10) + (low - 0xdc00)
                    }
                    None => value,
                },
                _ => value,
            };
            let character = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
            self.ready.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.at = at;
    }
}

/// Whether all of some bytes are characters of their own.
fn is_narrow(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| is_text(u32::from(*byte)))
}

impl Read for Narrow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.refill();
            if self.ready.is_empty()
                && let Some(failure) = self.failure.take()
            {
                return Err(failure);
            }
        }
        let count = out.len().min(self.ready.len() - self.taken);
        out[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

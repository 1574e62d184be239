//! Lines and columns, counted as the text goes by.

use crate::finding::Position;

/// Knows the line and column of a place, and moves forward only.
#[derive(Debug, Clone)]
pub(super) struct Tracker {
    at: usize,
    line: u64,
    column: u64,
}

impl Tracker {
    /// At the beginning of a blob; a byte order mark there is no column.
    pub(super) fn new(text: &[u8]) -> Tracker {
        let column = if text.starts_with(b"\xef\xbb\xbf") { 0 } else { 1 };
        Tracker { at: 0, line: 1, column }
    }

    /// The position of a place that is not before the last one asked for.
    pub(super) fn position(&mut self, text: &[u8], at: usize) -> Position {
        let passed = &text[self.at..at];
        if let Some(newline) = memchr::memrchr(b'\n', passed) {
            self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
            self.column = 1 + characters(&passed[newline + 1..]);
        } else {
            self.column += characters(passed);
        }
        self.at = at;
        Position { line: self.line, column: self.column }
    }

    /// Goes on in a text that lacks the first `count` bytes of this one.
    pub(super) fn drop_front(&mut self, text: &[u8], count: usize) {
        if self.at < count {
            self.position(text, count);
        }
        self.at -= count;
    }
}

/// How many Unicode scalar values begin in some UTF-8.
fn characters(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        let text = "\u{feff}a\té😀x\r\nb".as_bytes();
        let mut tracker = Tracker::new(text);
        let mut ask = |needle: &str| {
            let at = text.windows(needle.len()).position(|window| window == needle.as_bytes()).unwrap();
            let Position { line, column } = tracker.position(text, at);
            (line, column)
        };
        assert_eq!(ask("a"), (1, 1));
        assert_eq!(ask("é"), (1, 3));
        assert_eq!(ask("x"), (1, 5));
        assert_eq!(ask("b"), (2, 1));
    }
}

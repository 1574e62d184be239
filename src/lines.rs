//! Lines: which of a text's are new, given the version before.

use imara_diff::sources::byte_lines;
use imara_diff::{Algorithm, Diff, InternedInput};

/// The most bytes, of both versions together, that are compared line by line once the lines they
/// begin and end with in common are taken off.
const MOST: usize = 32 << 20;

/// The lines of a text that the version before did not have, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    /// The first line of each change and the first behind it: the same one where lines are gone, and
    /// nothing came in their place.
    changed: Vec<(u64, u64)>,
}

impl Lines {
    /// The lines that are new in a text. Of very large changes it is every line between the first that
    /// differs and the last.
    pub(crate) fn changed(before: &[u8], now: &[u8]) -> Lines {
        Lines::within(before, now, MOST)
    }

    fn within(before: &[u8], now: &[u8], most: usize) -> Lines {
        let front = common_front(before, now);
        let back = common_back(&before[front..], &now[front..]);
        let skipped = memchr::memchr_iter(b'\n', &now[..front]).count() as u64;
        let (before, now) = (&before[front..before.len() - back], &now[front..now.len() - back]);
        let place = |line: u32| 1 + skipped + u64::from(line);
        if before.len() + now.len() > most {
            let count = memchr::memchr_iter(b'\n', now).count() as u64 + u64::from(!now.ends_with(b"\n"));
            return Lines { changed: vec![(place(0), place(0) + count)] };
        }
        let input = InternedInput::new(byte_lines(before), byte_lines(now));
        let diff = Diff::compute(Algorithm::Myers, &input);
        Lines { changed: diff.hunks().map(|hunk| (place(hunk.after.start), place(hunk.after.end))).collect() }
    }

    /// Whether one of some lines, from the first to the last, is new, or whether any are gone from
    /// between them.
    pub(crate) fn touch(&self, first: u64, last: u64) -> bool {
        self.changed.iter().any(|&(start, end)| first < end && start <= last)
    }
}

/// How many bytes two texts begin with in common, in whole lines.
fn common_front(one: &[u8], other: &[u8]) -> usize {
    let common = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    if common == one.len() && common == other.len() {
        return common;
    }
    memchr::memrchr(b'\n', &one[..common]).map_or(0, |at| at + 1)
}

/// How many bytes they end with in common, in whole lines.
fn common_back(one: &[u8], other: &[u8]) -> usize {
    let common = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    // What is common may begin within a line: the line that begins behind the first break is whole.
    let start = one.len() - common;
    memchr::memchr(b'\n', &one[start..]).map_or(0, |at| common - at - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(before: &str, now: &str) -> Vec<(u64, u64)> {
        Lines::changed(before.as_bytes(), now.as_bytes()).changed
    }

    #[test]
    fn what_is_new_is_found() {
        assert_eq!(changed("a\nb\nc\n", "a\nb\nc\n"), []);
        assert_eq!(changed("", "a\nb"), [(1, 3)]);
        assert_eq!(changed("a\nb\nc\n", "a\nx\nc\n"), [(2, 3)]);
        assert_eq!(changed("a\nb\nc\n", "x\na\nb\nc\ny\n"), [(1, 2), (5, 6)]);
        assert_eq!(changed("a\nb\nc\nd\n", "a\nd\n"), [(2, 2)]);
        assert_eq!(changed("a\nb\n", ""), [(1, 1)]);
        assert_eq!(changed("a\nb", "a\nb\n"), [(2, 3)]);
        assert_eq!(changed("ab\n", "b\n"), [(1, 2)]);
        assert_eq!(changed("a\nb\n", "a\r\nb\r\n"), [(1, 3)]);
    }

    #[test]
    fn a_range_is_touched_where_it_changed() {
        let lines = Lines { changed: vec![(2, 4), (7, 7)] };
        let touched = |first, last| lines.touch(first, last);
        assert_eq!([touched(1, 1), touched(1, 2), touched(3, 3), touched(4, 6)], [false, true, true, false]);
        // Line 7 is where something is gone: what stands on both sides of that place is new together.
        assert_eq!([touched(6, 6), touched(7, 7), touched(6, 7)], [false, false, true]);
    }

    #[test]
    fn a_very_large_change_is_new_from_its_first_line_to_its_last() {
        let lines = Lines::within(b"same\n1\n2\n3\nsame\n", b"same\nx\n1\n2\n3\ny\nsame\n", 8);
        assert_eq!(lines.changed, [(2, 7)]);
    }
}

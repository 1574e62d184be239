//! Text of two bytes for each character in what is no text: strings of programs for Windows, exports of
//! its registry.

use std::ops::Range;

use super::Unwrapped;

/// The fewest characters in a row that are taken for a text.
const SHORTEST: usize = 16;

/// Hands over every run of pairs of a character and a NUL that begins in a range.
pub(super) fn each(bytes: &[u8], range: Range<usize>, mut visit: impl FnMut(Unwrapped)) {
    /// In eight bytes, the NULs of four pairs that begin at an even place or at an odd one.
    const NULS: [u64; 2] = [0xff00_ff00_ff00_ff00, 0x00ff_00ff_00ff_00ff];
    let mut done = 0;
    for (index, eight) in bytes[range.clone()].as_chunks::<8>().0.iter().enumerate() {
        let here = range.start + index * 8;
        let word = u64::from_le_bytes(*eight);
        let odd = NULS.iter().position(|nuls| word & nuls == 0);
        let Some(odd) = odd.filter(|_| word != 0 && here >= done) else { continue };
        let is_pair = |at: usize| matches!(bytes.get(at..at + 2), Some([b'\t' | b'\n' | b'\r' | b' '..=b'~', 0]));
        let first = here + odd;
        let before = (1..).take_while(|count| first.checked_sub(2 * count).is_some_and(is_pair)).count();
        let start = first - 2 * before;
        let count = (0..).take_while(|count| is_pair(start + 2 * count)).count();
        if count < SHORTEST {
            continue;
        }
        let mut unwrapped = Unwrapped::new("utf-16");
        let pairs = (start..).step_by(2).take(count);
        pairs.for_each(|at| unwrapped.push(bytes[at], at..at + 2));
        // Where the NUL comes first, the last character has none behind it.
        let end = start + 2 * count;
        if let Some(&last) = bytes.get(end).filter(|last| last.is_ascii_graphic()) {
            unwrapped.push(last, end..end + 1);
        }
        done = end;
        visit(unwrapped);
    }
}

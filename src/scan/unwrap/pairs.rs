//! Text of two bytes for each character in what is no text: strings of programs for Windows, exports of
//! its registry.

use std::ops::Range;

use super::Unwrapped;

/// The fewest characters in a row that are taken for a text.
const SHORTEST: usize = 16;

/// Bytes that are looked at together: nearly nowhere is there anything.
const BLOCK: usize = 64;

/// Where the first pair of a character and a NUL begins in eight bytes that could be of such pairs.
fn first_pair(eight: [u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(eight);
    match [0xff00_ff00_ff00_ff00, 0x00ff_00ff_00ff_00ff].map(|nuls| word & nuls == 0) {
        [true, false] => Some(0),
        [false, true] => Some(1),
        _ => None,
    }
}

/// Hands over every run of pairs of a character and a NUL that begins in a range.
pub(super) fn each(bytes: &[u8], range: Range<usize>, mut visit: impl FnMut(Unwrapped)) {
    let mut done = 0;
    let blocks = bytes[range.clone()].chunks(BLOCK).map(|block| block.as_chunks::<8>().0);
    let blocks = (range.start..).step_by(BLOCK).zip(blocks);
    let eights = blocks
        .filter(|(_, eights)| eights.iter().fold(false, |any, &eight| any | first_pair(eight).is_some()))
        .flat_map(|(at, eights)| (at..).step_by(8).zip(eights));
    for (here, eight) in eights {
        let Some(first) = first_pair(*eight).filter(|_| here >= done) else { continue };
        let is_pair = |at: usize| matches!(bytes.get(at..at + 2), Some([b'\t' | b'\n' | b'\r' | b' '..=b'~', 0]));
        let first = here + first;
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

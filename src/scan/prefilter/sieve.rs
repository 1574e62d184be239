//! Which four bytes of each literal to look for: the rarest, shared among literals where that
//! costs nothing, and dealt out so that the nibble tables let little through.

use super::{Kind, Literal};
use crate::rule::ByteSet;

/// Bytes in a row that a window has.
pub(super) const WINDOW: usize = 4;
/// Nibble tables, each for eight buckets.
const TABLES: usize = 2;
/// Buckets the windows are dealt out to.
const BUCKETS: usize = 8 * TABLES;

/// How many of the windows may share a bit with others.
const SHARING: usize = 16;

/// How often each ASCII character stands in 10,000 bytes of source text (Linux 6.1, Rails and
/// Redis, a third each).
const FREQUENCY: [u16; 128] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 148, 299, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, // controls
    1754, 6, 91, 32, 9, 7, 15, 9, 88, 88, 67, 12, 115, 67, 78, 49, // space to slash
    104, 51, 40, 26, 23, 19, 21, 14, 21, 14, 53, 63, 18, 64, 38, 4, // digits to question mark
    7, 62, 23, 55, 40, 71, 28, 21, 17, 53, 5, 12, 48, 36, 43, 39, // @ to O
    36, 7, 58, 58, 59, 27, 13, 11, 11, 10, 5, 19, 14, 19, 1, 290, // P to underscore
    13, 360, 85, 233, 244, 658, 138, 96, 119, 358, 11, 45, 239, 136, 337, 317, // backtick to o
    155, 22, 364, 367, 488, 168, 69, 49, 64, 60, 18, 31, 11, 31, 1, 0, // p to delete
];

/// Four bytes in a row that are part of some literals.
#[derive(Debug, Clone)]
struct Window {
    places: [ByteSet; WINDOW],
    /// The literals, and how far into each the window begins.
    owners: Vec<(u32, u32)>,
}

/// For bytes in a row: the bits that each one's low and high half allow.
#[derive(Debug, Clone)]
pub(super) struct Nibbles<const N: usize>(pub(super) [[[u8; 16]; 2]; N]);

/// The windows of the literals that are not at an edge.
#[derive(Debug, Clone)]
pub(super) struct Sieve {
    /// What the windows allow; a bit is a bucket of windows.
    pub(super) nibbles: [Nibbles<WINDOW>; TABLES],
    /// What they allow exactly; a bit is a window, or several rare ones.
    exact: Box<[[u64; 256]; WINDOW]>,
    /// For each bit, the literals it stands for, and how far into each the window begins.
    owners: Vec<Vec<(u32, u32)>>,
}

impl Sieve {
    pub(super) fn new(literals: &[Literal]) -> Sieve {
        let mut windows = windows(literals);
        windows.sort_by_cached_key(|window| std::cmp::Reverse(frequency(&window.places)));
        let nibbles = deal(&windows);
        // The rarest share a bit with whichever of the next rarest lets the least through with them.
        while let Some(last) = (windows.len() > 64).then(|| windows.pop()).flatten() {
            let together = |window: &&mut Window| frequency(&window.or(&last));
            if let Some(window) = windows.iter_mut().rev().take(SHARING).min_by_key(together) {
                window.places = window.or(&last);
                window.owners.extend(last.owners);
            }
        }
        let mut exact = Box::new([[0; 256]; WINDOW]);
        for (index, window) in windows.iter().enumerate() {
            for (table, bytes) in exact.iter_mut().zip(window.places) {
                bytes.iter().for_each(|byte| table[usize::from(byte)] |= 1 << index);
            }
        }
        Sieve { nibbles, exact, owners: windows.into_iter().map(|window| window.owners).collect() }
    }

    /// The windows that stand at the beginning of some bytes, a bit for each.
    #[inline]
    pub(super) fn at(&self, bytes: [u8; WINDOW]) -> u64 {
        let [a, b, c, d] = bytes.map(usize::from);
        self.exact[0][a] & self.exact[1][b] & self.exact[2][c] & self.exact[3][d]
    }

    /// The literals that some windows are part of, and how far into each they begin.
    pub(super) fn literals(&self, mut windows: u64) -> impl Iterator<Item = (u32, u32)> {
        std::iter::from_fn(move || {
            let next = (windows != 0).then(|| windows.trailing_zeros() as usize);
            windows &= windows.wrapping_sub(1);
            next
        })
        .flat_map(|window| self.owners[window].iter().copied())
    }
}

/// As many places in 10^16 may be looked at more closely for the sake of one literal.
const RARE: u64 = 10_000_000_000;

/// A window of each literal: one that is known and rare; else its rarest, as part of one that
/// differs at no more than the place where that one is a class already.
fn windows(literals: &[Literal]) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    let mut others: Vec<usize> = (0..literals.len()).filter(|&index| literals[index].kind != Kind::Edge).collect();
    others.sort_by_key(|&index| literals[index].places.len());
    for index in others {
        let literal = &literals[index];
        let places = |&offset: &usize| Window::places(literal, offset);
        let owner = |window: &mut Window, offset: usize| window.owners.push((index as u32, offset as u32));
        let offsets = 0..=literal.places.len().saturating_sub(WINDOW);
        let known = offsets.clone().find_map(|offset| {
            let places = places(&offset);
            let covers = |window: &Window| window.covers(&places) && frequency(&window.places) <= RARE;
            windows.iter().position(covers).map(|window| (window, offset))
        });
        if let Some((window, offset)) = known {
            owner(&mut windows[window], offset);
            continue;
        }
        let rarest = offsets.min_by_key(|offset| frequency(&places(offset))).unwrap_or(0);
        let places = places(&rarest);
        match windows.iter_mut().find_map(|window| window.with(&places).map(|merged| (window, merged))) {
            Some((window, merged)) => {
                window.places = merged;
                owner(window, rarest);
            }
            None => {
                let mut window = Window { places, owners: Vec::new() };
                owner(&mut window, rarest);
                windows.push(window);
            }
        }
    }
    windows
}

impl Window {
    /// The places of a literal from an offset on; behind its end, any byte.
    fn places(literal: &Literal, offset: usize) -> [ByteSet; WINDOW] {
        std::array::from_fn(|place| literal.places.get(offset + place).copied().unwrap_or(ByteSet::ALL))
    }

    fn or(&self, other: &Window) -> [ByteSet; WINDOW] {
        std::array::from_fn(|place| self.places[place].or(other.places[place]))
    }

    fn covers(&self, places: &[ByteSet; WINDOW]) -> bool {
        self.places.iter().zip(places).all(|(mine, other)| mine.covers(*other))
    }

    /// This window and another as one, when that lets nothing through that neither did.
    fn with(&self, places: &[ByteSet; WINDOW]) -> Option<[ByteSet; WINDOW]> {
        let mut differ = self.places.iter().zip(places).filter(|(mine, other)| mine != other);
        let merges = differ.next().is_some_and(|(mine, other)| *mine != ByteSet::ALL && *other != ByteSet::ALL);
        (merges && differ.next().is_none()).then(|| std::array::from_fn(|place| self.places[place].or(places[place])))
    }
}

/// How many of 10^16 places in source text some windows stand at.
fn frequency(places: &[ByteSet; WINDOW]) -> u64 {
    let place = |bytes: &ByteSet| match *bytes {
        ByteSet::ALL => 10_000,
        // What is not in the table is rare.
        bytes => {
            bytes.iter().map(|byte| FREQUENCY.get(usize::from(byte)).map_or(1, |&of| of.into())).sum::<u64>().max(1)
        }
    };
    places.iter().map(place).product()
}

/// What a nibble table with one bucket lets through at each place: a bit for each low half of a
/// byte, and one for each high half.
#[derive(Debug, Clone, Copy, Default)]
struct Halves([[u16; 2]; WINDOW]);

/// Deals the windows, commonest first, out to the buckets, each to where it lets the least text
/// through for it; and again, when it is known what the others are.
fn deal(windows: &[Window]) -> [Nibbles<WINDOW>; TABLES] {
    let windows: Vec<Halves> = windows.iter().map(Halves::of).collect();
    let mut bucket_of = vec![BUCKETS; windows.len()];
    let mut buckets = [Halves::default(); BUCKETS];
    let mut let_through = [0; BUCKETS];
    for _ in 0..2 {
        for (index, window) in windows.iter().enumerate() {
            let before = std::mem::replace(&mut bucket_of[index], BUCKETS);
            if let Some(bucket) = buckets.get_mut(before) {
                let others = windows.iter().zip(&bucket_of).filter(|(_, of)| **of == before);
                *bucket = others.fold(Halves::default(), |halves, (other, _)| halves.or(other));
                let_through[before] = bucket.lets_through();
            }
            let more = |&of: &usize| buckets[of].or(window).lets_through() - let_through[of];
            let best = (0..BUCKETS).min_by_key(more).unwrap_or(0);
            buckets[best] = buckets[best].or(window);
            let_through[best] = buckets[best].lets_through();
            bucket_of[index] = best;
        }
    }
    let mut nibbles = [(); TABLES].map(|()| Nibbles::default());
    for (index, bucket) in buckets.iter().enumerate() {
        for (halves, tables) in bucket.0.iter().zip(&mut nibbles[index / 8].0) {
            for (half, table) in halves.iter().zip(tables) {
                (0..16).filter(|nibble| half >> nibble & 1 != 0).for_each(|nibble| table[nibble] |= 1 << (index % 8));
            }
        }
    }
    nibbles
}

/// For each high half of an ASCII character, how often those stand in source text whose low halves
/// are in a set of the first eight, and of the last eight.
const ROWS: [[[u16; 256]; 2]; 8] = {
    let mut rows = [[[0; 256]; 2]; 8];
    let mut index = 0;
    while index < 8 * 2 * 256 * 8 {
        let [row, half, set, bit] = [index >> 12, index >> 11 & 1, index >> 3 & 255, index & 7];
        if set >> bit & 1 != 0 {
            rows[row][half][set] += FREQUENCY[row * 16 + half * 8 + bit];
        }
        index += 1;
    }
    rows
};

impl Halves {
    fn of(window: &Window) -> Halves {
        Halves(window.places.map(|bytes| {
            bytes.iter().fold([0, 0], |[low, high], byte| [low | 1 << (byte & 15), high | 1 << (byte >> 4)])
        }))
    }

    fn or(mut self, other: &Halves) -> Halves {
        for (mine, other) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            *mine |= other;
        }
        self
    }

    /// How many of 10^16 places in source text are let through.
    fn lets_through(&self) -> u64 {
        let place = |[low, high]: &[u16; 2]| {
            let [first, last] = low.to_le_bytes().map(usize::from);
            let (mut sum, mut rows) = (0, high & 0xff);
            while rows != 0 {
                let [of_first, of_last] = &ROWS[rows.trailing_zeros() as usize];
                sum += u64::from(of_first[first]) + u64::from(of_last[last]);
                rows &= rows - 1;
            }
            sum
        };
        self.0.iter().map(place).product()
    }
}

impl<const N: usize> Default for Nibbles<N> {
    fn default() -> Nibbles<N> {
        Nibbles([[[0; 16]; 2]; N])
    }
}

impl<const N: usize> Nibbles<N> {
    pub(super) fn allow(&mut self, place: usize, bit: usize, byte: u8) {
        let [low, high] = &mut self.0[place];
        low[usize::from(byte & 15)] |= 1 << bit;
        high[usize::from(byte >> 4)] |= 1 << bit;
    }
}

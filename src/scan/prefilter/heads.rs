//! What begins with which four bytes: a bitmap says "nothing" of nearly all.

use crate::rule::ByteSet;

/// Bytes that a head has.
pub(super) const HEAD: usize = 4;

/// What begins with some four bytes, each by its number.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    /// One bit for each value of the hash.
    bitmap: Box<[u64; 1 << (BITS - 6)]>,
    /// For each value of the hash's upper bits, where in `heads` it begins.
    first: Vec<u32>,
    /// By hash: four bytes, and what begins with them.
    heads: Vec<(u32, u32)>,
}

/// Bits of the hash.
const BITS: u32 = 17;
/// How many of them lead to what begins so.
const LEADING: u32 = 12;

impl Heads {
    /// Of things that begin with what may stand at four places.
    pub(super) fn new(things: impl Iterator<Item = (u32, [ByteSet; HEAD])>) -> Heads {
        let mut heads = Vec::with_capacity(4096);
        for (number, [a, b, c, d]) in things {
            for (a, b) in pairs(a, b) {
                heads.extend(pairs(c, d).map(|(c, d)| (u32::from_le_bytes([a, b, c, d]), number)));
            }
        }
        let mut bitmap = Box::new([0; 1 << (BITS - 6)]);
        for &(head, _) in &heads {
            bitmap[hash(head) >> 6] |= 1 << (hash(head) & 63);
        }
        // Counted, then dealt out from behind: no comparisons, as this is done at every start.
        let mut first = vec![0; (1 << LEADING) + 1];
        heads.iter().for_each(|&(head, _)| first[lead(head)] += 1);
        let mut total = 0;
        for first in &mut first {
            total += *first;
            *first = total;
        }
        let mut sorted = vec![(0, 0); heads.len()];
        for &(head, number) in heads.iter().rev() {
            let place = &mut first[lead(head)];
            *place -= 1;
            sorted[*place as usize] = (head, number);
        }
        Heads { bitmap, first, heads: sorted }
    }

    /// Whether something may begin with some bytes.
    #[inline]
    pub(super) fn may_be(&self, bytes: [u8; HEAD]) -> bool {
        let bit = hash(u32::from_le_bytes(bytes));
        self.bitmap[bit >> 6] >> (bit & 63) & 1 != 0
    }

    /// What begins with some bytes.
    #[inline]
    pub(super) fn of(&self, bytes: [u8; HEAD]) -> impl Iterator<Item = u32> {
        let head = u32::from_le_bytes(bytes);
        let lead = lead(head);
        let known = &self.heads[self.first[lead] as usize..self.first[lead + 1] as usize];
        known.iter().filter(move |(known, _)| *known == head).map(|&(_, number)| number)
    }
}

fn pairs(first: ByteSet, second: ByteSet) -> impl Iterator<Item = (u8, u8)> {
    first.iter().flat_map(move |first| second.iter().map(move |second| (first, second)))
}

/// Multiplication by 2^32 over the golden ratio (Knuth, volume 3, 6.4).
#[inline]
fn hash(head: u32) -> usize {
    (head.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

/// The part of the hash that leads to what begins with a head.
#[inline]
fn lead(head: u32) -> usize {
    hash(head) >> (BITS - LEADING)
}

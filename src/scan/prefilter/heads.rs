//! Which edge literals could begin with some four bytes: a bitmap says "none" for nearly all.

use super::{Kind, Literal};
use crate::rule::ByteSet;
use crate::rule::pattern::is_token_byte;

/// The first four bytes of the edge literals.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    /// One bit for each value of the hash.
    bitmap: Box<[u64; 1 << (BITS - 6)]>,
    /// For each value of the hash's upper bits, where in `heads` it begins.
    first: Vec<u16>,
    /// By hash: four bytes, and a literal that begins with them.
    heads: Vec<(u32, u32)>,
}

/// Bits of the hash.
const BITS: u32 = 17;
/// How many of them lead to the literals.
const LEADING: u32 = 10;

impl Heads {
    pub(super) fn new(literals: &[Literal]) -> Heads {
        let token: ByteSet = (0..128).filter(|&byte| is_token_byte(byte)).collect();
        let mut heads = Vec::with_capacity(8 * literals.len());
        for (index, literal) in literals.iter().enumerate().filter(|(_, literal)| literal.kind == Kind::Edge) {
            // Behind a literal of three bytes comes whatever a token could go on with.
            let place = |place: usize| literal.places.get(place).copied().unwrap_or(token);
            for (a, b) in pairs(place(0), place(1)) {
                heads.extend(pairs(place(2), place(3)).map(|(c, d)| (u32::from_le_bytes([a, b, c, d]), index as u32)));
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
        for &(head, literal) in heads.iter().rev() {
            let place = &mut first[lead(head)];
            *place -= 1;
            sorted[usize::from(*place)] = (head, literal);
        }
        Heads { bitmap, first, heads: sorted }
    }

    /// Whether some bytes may be a head.
    #[inline]
    pub(super) fn may_be(&self, bytes: [u8; 4]) -> bool {
        let bit = hash(u32::from_le_bytes(bytes));
        self.bitmap[bit >> 6] >> (bit & 63) & 1 != 0
    }

    /// The literals that some bytes are the head of.
    pub(super) fn literals(&self, bytes: [u8; 4]) -> impl Iterator<Item = u32> {
        let head = u32::from_le_bytes(bytes);
        let lead = lead(head);
        let known = &self.heads[usize::from(self.first[lead])..usize::from(self.first[lead + 1])];
        known.iter().filter(move |(known, _)| *known == head).map(|&(_, literal)| literal)
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

/// The part of the hash that leads to the literals.
fn lead(head: u32) -> usize {
    hash(head) >> (BITS - LEADING)
}

//! The prefilter with SIMD: two passes mark the places worth asking about, 64 at a time.
//!
//! *Edge literals* (`ghp_`, `AKIA`) are many and made of mixed characters, which fixed-width
//! multi-literal search handles badly. They are asked about only where a word begins and 20 token
//! bytes follow, which bit arithmetic over class masks tells.
//!
//! *The others* are found as "Teddy" does (from Intel's Hyperscan): each of four bytes in a row is
//! looked up in a table of the buckets it could belong to, 64 bytes at once. AVX-512 has tables of
//! 128 entries; for AVX2 each is two of 16, one for either half of the byte, which let more through.
//!
//! Of the marked places few are worth a look, and which is hard to foresee, so they are written down
//! and sifted without a branch: a bitmap tells of four bytes that nothing has them. What is left is
//! put to `Literal::stands`.
//!
//! `passes.rs` holds the passes, which are compiled once for each instruction set; `avx2.rs` and
//! `avx512.rs` hold what the sets differ in.

#![expect(unsafe_code, reason = "calls of functions built for an instruction set that was detected")]

mod avx2;
mod avx512;
mod passes;

use super::Kind;
use super::heads::Heads;
use super::sieve::{Bits, Sieve};
use super::{Hit, Literal, Memory};
use crate::rule::ByteSet;
use crate::rule::pattern::is_token_byte;

/// Places whose marks fit one word.
const BLOCK: usize = 64;
/// Bytes that are read behind the last block whose places are marked.
const BEHIND: usize = BLOCK;
/// Bytes that all passes go over before the next ones are taken: they stay in the first cache.
const CHUNK: usize = 16 << 10;
/// Blocks in a chunk.
const BLOCKS: usize = CHUNK / BLOCK;

/// Finds hits with SIMD. Made only on a machine that has the instruction set.
#[derive(Debug, Clone)]
pub struct Simd {
    instructions: Instructions,
    literals: Vec<Literal>,
    classes: Bits,
    /// The first four bytes of the edge literals.
    edges: Heads,
    /// Four bytes of each of the others.
    sieve: Sieve,
}

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instructions {
    /// AVX2: registers of 32 bytes.
    Avx2,
    /// AVX-512 with byte and word instructions: registers of 64 bytes.
    Avx512,
}

/// Memory for the passes over one chunk.
#[derive(Debug)]
pub(super) struct Marks {
    masks: Masks,
    /// Where an edge literal may begin: one bit for each place of a block, the first lowest.
    edges: [u64; BLOCKS],
    /// The same of the windows of the others.
    windows: [u64; BLOCKS],
    /// The same of long runs.
    runs: [u64; BLOCKS],
    places: Places,
}

/// Places that are marked, counted from the beginning of the chunk; behind them some that are not.
type Places = [u16; CHUNK + BLOCK];

/// What is known of the bytes of a chunk, of the block before it and of the block behind it: one
/// bit for each byte.
#[derive(Debug)]
struct Masks {
    alphanumeric: [u64; BLOCKS + 2],
    token: [u64; BLOCKS + 2],
    escape: [u64; BLOCKS + 2],
}

impl Default for Marks {
    fn default() -> Marks {
        let none = [0; BLOCKS + 2];
        let masks = Masks { alphanumeric: none, token: none, escape: none };
        Marks { masks, edges: [0; BLOCKS], windows: [0; BLOCKS], runs: [0; BLOCKS], places: [0; CHUNK + BLOCK] }
    }
}

impl Instructions {
    /// Those this machine has, the fastest first.
    pub(super) fn detected() -> impl Iterator<Item = Instructions> {
        [Instructions::Avx512, Instructions::Avx2].into_iter().filter(|instructions| match instructions {
            Instructions::Avx2 => avx2::is_detected(),
            Instructions::Avx512 => avx512::is_detected(),
        })
    }
}

impl Simd {
    /// Looks for literals with instructions that were detected.
    pub(super) fn new(literals: Vec<Literal>, instructions: Instructions) -> Simd {
        let (edges, sieve) = (edges(&literals), Sieve::new(&literals));
        Simd { instructions, literals, classes: classes(), edges, sieve }
    }

    pub(super) fn find(&self, text: &[u8], memory: &mut Memory) {
        match self.instructions {
            // SAFETY: these instructions were detected.
            Instructions::Avx2 => unsafe { avx2::find(self, text, memory) },
            // SAFETY: likewise.
            Instructions::Avx512 => unsafe { avx512::find(self, text, memory) },
        }
    }

    /// Notes a hit where a literal stands.
    #[inline]
    fn ask(&self, literal: u32, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        if self.literals[literal as usize].stands(text, at) {
            hits.push(Hit { at: at as u32, literal });
        }
    }
}

/// The edge literals by their first four bytes. Behind one of three comes whatever a token could go on with.
fn edges(literals: &[Literal]) -> Heads {
    let token: ByteSet = (0..128).filter(|&byte| is_token_byte(byte)).collect();
    let edges = (0..).zip(literals).filter(|(_, literal)| literal.kind == Kind::Edge);
    let place = |literal: &Literal, place: usize| literal.places.get(place).copied().unwrap_or(token);
    Heads::new(edges.map(|(number, literal)| (number, std::array::from_fn(|index| place(literal, index)))))
}

/// Bits of the class table: three for letters and digits, four for other token bytes, and the
/// top one for `\` and `%` (and, harmlessly, `U` and `,`).
const ALPHANUMERIC: u8 = 0b0000_0111;
const TOKEN: u8 = 0b0111_1111;
const ESCAPE: u8 = 0b1000_0000;

fn classes() -> Bits {
    let mut classes = Bits::default();
    let members: [&[u8]; 8] = [
        b"0123456789",
        b"AaBbCcDdEeFfGgHhIiJjKkLlMmNnOo",
        b"PpQqRrSsTtUuVvWwXxYyZz",
        b"_",
        b"~",
        b"+-./",
        b"=",
        b"\\%",
    ];
    for (bit, bytes) in members.iter().enumerate() {
        classes.allow(bit, bytes.iter().copied().collect());
    }
    classes
}

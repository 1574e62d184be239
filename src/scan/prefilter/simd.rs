//! The prefilter with AVX2: two passes mark the places worth asking about, 64 at a time.
//!
//! *Edge literals* (`ghp_`, `AKIA`) are many and made of mixed characters, which fixed-width
//! multi-literal search handles badly. They are asked about only where a word begins and 20 token
//! bytes follow, which bit arithmetic over class masks tells.
//!
//! *The others* are found by nibble tables ("Teddy", from Intel's Hyperscan): for each of four
//! bytes in a row, two 16-entry shuffles give the set of buckets that byte could belong to.
//!
//! At the marked places three or four bytes are hashed and looked up in a bitmap. What is left is put to
//! `Literal::stands`.

#![expect(unsafe_code, reason = "one call of a function built for AVX2, and one unaligned load")]

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
};

use super::heads::Heads;
use super::sieve::{Nibbles, Sieve, WINDOW};
use super::{Hit, Literal};

/// Places whose marks fit one word.
const BLOCK: usize = 64;
/// Bytes that are read behind the last block whose places are marked.
const BEHIND: usize = BLOCK;
/// Bytes that all passes go over before the next ones are taken: they stay in the first cache.
const CHUNK: usize = 16 << 10;
/// Blocks in a chunk.
const BLOCKS: usize = CHUNK / BLOCK;
/// Room for every place of a chunk, and for writing four at a time.
const PLACES: usize = CHUNK + 4;

/// Finds hits with AVX2. Made only on a machine that has it.
#[derive(Debug, Clone)]
pub struct Simd {
    literals: Vec<Literal>,
    classes: Nibbles<1>,
    /// The first four bytes of the edge literals.
    edges: Heads,
    /// Four bytes of each of the others.
    sieve: Sieve,
}

/// Memory for the passes over one chunk.
#[derive(Debug)]
pub(super) struct Marks {
    /// One bit for each place, the first lowest.
    blocks: [u64; BLOCKS],
    /// The places, counted from the beginning of the chunk.
    places: [u16; PLACES],
}

impl Default for Marks {
    fn default() -> Marks {
        Marks { blocks: [0; BLOCKS], places: [0; PLACES] }
    }
}

impl Simd {
    pub(super) fn new(literals: &[Literal]) -> Option<Simd> {
        let able =
            is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt");
        if !able {
            return None;
        }
        let (edges, sieve) = (Heads::new(literals), Sieve::new(literals));
        Some(Simd { classes: classes(), edges, sieve, literals: literals.to_vec() })
    }

    pub(super) fn find(&self, text: &[u8], marks: &mut Marks, hits: &mut Vec<Hit>) {
        // SAFETY: `Simd::new` returns a value only where these features were detected.
        unsafe { self.find_avx2(text, marks, hits) }
    }

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn find_avx2(&self, text: &[u8], marks: &mut Marks, hits: &mut Vec<Hit>) {
        let mut before = Masks::default();
        let whole_blocks = text.len().saturating_sub(BEHIND) / BLOCK * BLOCK;
        for at in (0..whole_blocks).step_by(CHUNK) {
            let chunk = &text[at..whole_blocks.min(at + CHUNK) + BEHIND];
            self.find_in_chunk(text, at, chunk, &mut before, marks, hits);
        }
        // What is left, padded so that its last block has something behind it.
        let mut rest = [0; 4 * BLOCK];
        let left = text.len() - whole_blocks;
        rest[..left].copy_from_slice(&text[whole_blocks..]);
        let chunk = &rest[..left.next_multiple_of(BLOCK) + BEHIND];
        self.find_in_chunk(text, whole_blocks, chunk, &mut before, marks, hits);
    }

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn find_in_chunk(
        &self,
        text: &[u8],
        at: usize,
        chunk: &[u8],
        before: &mut Masks,
        marks: &mut Marks,
        hits: &mut Vec<Hit>,
    ) {
        // Each pass keeps its tables in registers, and reads what the last one left in the cache.
        let blocks = (chunk.len() - BEHIND) / BLOCK;
        mark_edges(&self.classes, chunk, before, &mut marks.blocks[..blocks]);
        let may_be = |bytes| self.edges.may_be(bytes);
        for &place in sift(chunk, &marks.blocks[..blocks], &mut marks.places, may_be) {
            let at = at + usize::from(place);
            self.edges.literals(four(text, at)).for_each(|literal| self.ask(literal, text, at, hits));
        }
        mark_windows(&self.sieve.nibbles, chunk, &mut marks.blocks[..blocks]);
        for &place in sift(chunk, &marks.blocks[..blocks], &mut marks.places, |bytes| self.sieve.at(bytes) != 0) {
            let at = at + usize::from(place);
            for (literal, offset) in self.sieve.literals(self.sieve.at(four(text, at))) {
                if let Some(at) = at.checked_sub(offset as usize) {
                    self.ask(literal, text, at, hits);
                }
            }
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

/// The four bytes at a place; behind the end, zeros.
fn four(text: &[u8], at: usize) -> [u8; WINDOW] {
    std::array::from_fn(|place| text.get(at + place).copied().unwrap_or(0))
}

/// The marked places whose first four bytes are wanted. Few are, and which is hard to foresee: so
/// both loops do the same for each place, and branch on none.
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn sift<'p>(
    chunk: &[u8],
    blocks: &[u64],
    places: &'p mut [u16; PLACES],
    is_wanted: impl Fn([u8; WINDOW]) -> bool,
) -> &'p [u16] {
    let mut marked = 0;
    for (block, &marks) in blocks.iter().enumerate() {
        let (mut rest, end) = (marks, marked + marks.count_ones() as usize);
        for next in (marked..end).step_by(4) {
            for place in &mut places[next..next + 4] {
                *place = (block * BLOCK) as u16 + rest.trailing_zeros() as u16;
                rest &= rest.wrapping_sub(1);
            }
        }
        marked = end;
    }
    let mut kept = 0;
    for index in 0..marked {
        let place = places[index];
        places[kept] = place;
        let bytes = chunk[usize::from(place)..].first_chunk().expect("a chunk has bytes behind its last block");
        kept += usize::from(is_wanted(*bytes));
    }
    &places[..kept]
}

impl<const N: usize> Nibbles<N> {
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn load(&self) -> [[__m256i; 2]; N] {
        std::array::from_fn(|place| [both_lanes(self.0[place][0]), both_lanes(self.0[place][1])])
    }
}

/// Bits of the class table: three for letters and digits, four for other token bytes, and the
/// top one, which costs nothing to read, for `\` and `%` (and, harmlessly, `U` and `,`).
const ALPHANUMERIC: i8 = 0b0000_0111;
const TOKEN: i8 = 0b0111_1111;

fn classes() -> Nibbles<1> {
    let mut classes = Nibbles::default();
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
        bytes.iter().for_each(|&byte| classes.allow(0, bit, byte));
    }
    classes
}

/// What is known of a block: one bit for each byte, the first lowest.
#[derive(Default, Clone, Copy)]
struct Masks {
    alphanumeric: u64,
    token: u64,
    escape: u64,
}

/// Marks, in place of what was marked, where an edge literal may begin: at a letter or digit that
/// begins a word or follows an escape, and begins 20 token bytes.
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn mark_edges(classes: &Nibbles<1>, chunk: &[u8], before: &mut Masks, marks: &mut [u64]) {
    let [tables] = classes.load();
    let masks = |block: &[u8; BLOCK]| {
        let mut masks = Masks::default();
        for (half, bytes) in block.as_chunks::<32>().0.iter().enumerate() {
            let class = allowed(tables, load(bytes));
            let member = |of: i8| u64::from(nonzero(_mm256_and_si256(class, _mm256_set1_epi8(of)))) << (half * 32);
            masks.alphanumeric |= member(ALPHANUMERIC);
            masks.token |= member(TOKEN);
            masks.escape |= u64::from(bits(class)) << (half * 32);
        }
        masks
    };
    let [first, behind @ ..] = chunk.as_chunks::<BLOCK>().0 else { return };
    let mut now = masks(first);
    for (next, marks) in behind.iter().zip(marks) {
        let next = masks(next);
        *marks = now.edges(before, &next);
        *before = now;
        now = next;
    }
}

impl Masks {
    #[inline]
    fn edges(&self, before: &Masks, next: &Masks) -> u64 {
        let glued = self.alphanumeric << 1 | before.alphanumeric >> 63;
        let escaped = |by: u32| self.escape << by | before.escape >> (64 - by);
        let begins = self.alphanumeric & (!glued | escaped(2) | escaped(3) | escaped(4) | escaped(6));
        let run = u128::from(next.token) << 64 | u128::from(self.token);
        let run = run & run >> 1;
        let run = run & run >> 2;
        let run = run & run >> 4;
        let run = run & run >> 8;
        let run = run & run >> 4;
        begins & run as u64
    }
}

/// Marks, in place of what was marked, where some bucket allows four bytes in a row.
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn mark_windows(sieve: &Nibbles<WINDOW>, chunk: &[u8], marks: &mut [u64]) {
    let tables = sieve.load();
    let matches = |at: usize| {
        let bytes: &[u8; 32 + WINDOW - 1] = chunk[at..].first_chunk().expect("a chunk has bytes behind its last block");
        let mut buckets = _mm256_set1_epi8(-1);
        for (place, &tables) in tables.iter().enumerate() {
            buckets = _mm256_and_si256(buckets, allowed(tables, load(&bytes[place..])));
        }
        u64::from(nonzero(buckets))
    };
    for (block, marks) in marks.iter_mut().enumerate() {
        *marks = matches(block * BLOCK) | matches(block * BLOCK + 32) << 32;
    }
}

/// The bits that both halves of each byte allow.
#[target_feature(enable = "avx2,bmi1,popcnt")]
#[inline]
fn allowed([low, high]: [__m256i; 2], bytes: __m256i) -> __m256i {
    let half = _mm256_set1_epi8(15);
    let low = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half));
    let high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), half));
    _mm256_and_si256(low, high)
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
#[inline]
fn nonzero(bytes: __m256i) -> u32 {
    !bits(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256()))
}

/// The top bit of each byte.
#[target_feature(enable = "avx2,bmi1,popcnt")]
#[inline]
fn bits(bytes: __m256i) -> u32 {
    _mm256_movemask_epi8(bytes).cast_unsigned()
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn both_lanes(table: [u8; 16]) -> __m256i {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = table.map(u8::cast_signed);
    _mm256_setr_epi8(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
#[inline]
fn load(bytes: &[u8]) -> __m256i {
    let bytes: &[u8; 32] = bytes.first_chunk().expect("a caller gives at least as many");
    // SAFETY: the reference is to 32 bytes, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

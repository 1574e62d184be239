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

use super::{Hit, Kind, Literal};
use crate::rule::pattern::is_token_byte;

/// Places whose marks fit one word.
const BLOCK: usize = 64;
/// Bytes in a row that the nibble tables look at.
const WINDOW: usize = 4;
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
    /// What the windows of the other literals allow; a bit is a bucket of windows.
    sieve: Nibbles<WINDOW>,
    /// The first four bytes of the edge literals.
    edges: Heads,
    /// Three bytes of the windows of the others, in lower case: one entry for every way to write a word.
    windows: Heads,
}

/// For bytes in a row: the bits that each one's low and high half allow.
#[derive(Debug, Clone)]
struct Nibbles<const N: usize>([[[u8; 16]; 2]; N]);

/// Which literals some bytes could be a part of: a bitmap says "none" for nearly all.
#[derive(Debug, Clone)]
struct Heads {
    /// The bits of four bytes that count.
    mask: u32,
    /// The bits that are set first, so that case does not count.
    fold: u32,
    /// One bit for each value of the hash.
    bitmap: Vec<u64>,
    /// For each value of the hash's upper bits, where in `heads` it begins.
    first: Vec<u16>,
    /// By hash: the bytes, a literal they are in, and how far into it they begin.
    heads: Vec<(u32, u32, u32)>,
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
        if !able || !literals.iter().all(|literal| literal.text.is_ascii()) {
            return None;
        }
        let (mut edges, mut windows) = (Heads::new(!0, 0), Heads::new(0x00ff_ffff, 0x0020_2020));
        for (index, literal) in literals.iter().enumerate().filter(|(_, literal)| literal.kind == Kind::Edge) {
            let text = &literal.text;
            match text.first_chunk() {
                Some(head) => edges.add(*head, index, 0),
                // Three bytes: whatever a token could go on with is the fourth.
                None => (0..128)
                    .filter(|&byte| is_token_byte(byte))
                    .for_each(|byte| edges.add([text[0], text[1], text[2], byte], index, 0)),
            }
        }
        let sieve = sieve(literals, &mut windows);
        let (edges, windows) = (edges.finished(), windows.finished());
        Some(Simd { classes: classes(), sieve, edges, windows, literals: literals.to_vec() })
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
        for &place in self.edges.sift(chunk, &marks.blocks[..blocks], &mut marks.places) {
            self.ask(&self.edges, text, at + usize::from(place), hits);
        }
        mark_windows(&self.sieve, chunk, &mut marks.blocks[..blocks]);
        for &place in self.windows.sift(chunk, &marks.blocks[..blocks], &mut marks.places) {
            self.ask(&self.windows, text, at + usize::from(place), hits);
        }
    }

    /// Puts a place to the literals that may stand there.
    fn ask(&self, heads: &Heads, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        for (literal, offset) in heads.at(text, at) {
            let at = at.checked_sub(offset as usize);
            if let Some(at) = at.filter(|&at| self.literals[literal as usize].stands(text, at)) {
                hits.push(Hit { at: at as u32, literal });
            }
        }
    }
}

impl Heads {
    /// Bits of the hash, and how many of them lead to the literals.
    const BITS: u32 = 16;
    const LEADING: u32 = 10;

    fn new(mask: u32, fold: u32) -> Heads {
        Heads { mask, fold, bitmap: vec![0; 1 << (Heads::BITS - 6)], first: Vec::new(), heads: Vec::new() }
    }

    /// Adds the bytes of a literal that begin at an offset.
    fn add(&mut self, bytes: [u8; 4], literal: usize, offset: usize) {
        let head = self.head(bytes);
        let bit = Heads::hash(head);
        self.bitmap[bit >> 6] |= 1 << (bit & 63);
        self.heads.push((head, literal as u32, offset as u32));
    }

    fn finished(mut self) -> Heads {
        self.heads.sort_unstable_by_key(|&(head, literal, offset)| (Heads::hash(head), literal, offset));
        let lead = |head| Heads::hash(head) >> (Heads::BITS - Heads::LEADING);
        self.first = (0..=1 << Heads::LEADING)
            .map(|value| self.heads.partition_point(|&(head, ..)| lead(head) < value) as u16)
            .collect();
        self
    }

    #[inline]
    fn head(&self, bytes: [u8; 4]) -> u32 {
        u32::from_le_bytes(bytes) & self.mask | self.fold
    }

    #[inline]
    fn hash(head: u32) -> usize {
        (head.wrapping_mul(0x9e37_79b1) >> (32 - Heads::BITS)) as usize
    }

    /// The marked places that may hold a head. Nearly none does, and which is hard to foresee: so
    /// both loops do the same for each place, and branch on none.
    #[target_feature(enable = "avx2,bmi1,popcnt")]
    fn sift<'p>(&self, chunk: &[u8], blocks: &[u64], places: &'p mut [u16; PLACES]) -> &'p [u16] {
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
            let bit = Heads::hash(self.head(*bytes));
            kept += (self.bitmap[bit >> 6] >> (bit & 63) & 1) as usize;
        }
        &places[..kept]
    }

    /// The literals that the bytes at a place are in, and how far into each they begin.
    fn at(&self, text: &[u8], at: usize) -> impl Iterator<Item = (u32, u32)> {
        let head = self.head(std::array::from_fn(|place| text.get(at + place).copied().unwrap_or(0)));
        let lead = Heads::hash(head) >> (Heads::BITS - Heads::LEADING);
        let known = &self.heads[usize::from(self.first[lead])..usize::from(self.first[lead + 1])];
        known.iter().filter(move |(known, ..)| *known == head).map(|&(_, literal, offset)| (literal, offset))
    }
}

/// Nibble tables for the rarest window of each literal that is no edge literal.
fn sieve(literals: &[Literal], heads: &mut Heads) -> Nibbles<WINDOW> {
    let mut literals: Vec<_> = literals.iter().enumerate().filter(|(_, literal)| literal.kind != Kind::Edge).collect();
    literals.sort_by_key(|(_, literal)| literal.text.len());
    let mut windows: Vec<&[u8]> = Vec::new();
    let mut buckets: [Nibbles<WINDOW>; 8] = std::array::from_fn(|_| Nibbles::default());
    for (index, Literal { text, kind }) in literals {
        // A literal that holds the window of a shorter one is found by it.
        let known = windows.iter().find_map(|window| memchr::memmem::find(text, window));
        let offset = known.unwrap_or_else(|| rarest_window(text));
        heads.add([text[offset], text[offset + 1], text[offset + 2], 0], index, offset);
        if known.is_none() {
            let window = &text[offset..text.len().min(offset + WINDOW)];
            windows.push(window);
            add_window(window, *kind, &mut buckets);
        }
    }
    let mut sieve = Nibbles::default();
    for (bit, bucket) in buckets.iter().enumerate() {
        for (place, halves) in bucket.0.iter().enumerate() {
            for (half, nibbles) in halves.iter().enumerate() {
                for (nibble, allowed) in nibbles.iter().enumerate() {
                    sieve.0[place][half][nibble] |= allowed << bit;
                }
            }
        }
    }
    sieve
}

/// Adds a window to the bucket that lets the least text through for it.
fn add_window(window: &[u8], kind: Kind, buckets: &mut [Nibbles<WINDOW>; 8]) {
    let with = |bucket: &Nibbles<WINDOW>| {
        let mut bucket = bucket.clone();
        for place in 0..WINDOW {
            match window.get(place) {
                Some(byte) if kind == Kind::AnyCase => {
                    bucket.allow(place, 0, byte.to_ascii_lowercase());
                    bucket.allow(place, 0, byte.to_ascii_uppercase());
                }
                Some(&byte) => bucket.allow(place, 0, byte),
                None => (0..=255).for_each(|byte| bucket.allow(place, 0, byte)),
            }
        }
        bucket
    };
    let more = |bucket: &&mut Nibbles<WINDOW>| with(bucket).lets_through() - bucket.lets_through();
    if let Some(best) = buckets.iter_mut().min_by(|a, b| more(a).total_cmp(&more(b))) {
        *best = with(best);
    }
}

/// How far into a literal its rarest four bytes begin: in source text lower-case letters are
/// common, and lines of marks are commoner still.
fn rarest_window(literal: &[u8]) -> usize {
    let rarity = |byte: &u8| match byte {
        b'-' | b'_' | b'=' | b'/' | b' ' | b'.' | b'*' | b'#' => 0,
        b'a'..=b'z' => 2,
        _ => 3,
    };
    let last = literal.len().saturating_sub(WINDOW);
    let score = |&offset: &usize| literal[offset..].iter().take(WINDOW).map(rarity).sum::<i32>();
    (0..=last).rev().max_by_key(score).unwrap_or(0)
}

impl<const N: usize> Default for Nibbles<N> {
    fn default() -> Nibbles<N> {
        Nibbles([[[0; 16]; 2]; N])
    }
}

impl<const N: usize> Nibbles<N> {
    /// About the share of places in source text that these tables let through.
    fn lets_through(&self) -> f64 {
        /// How common an upper half is: marks, digits, capitals, small letters.
        const HIGH: [f64; 16] = [0.04, 0.0, 0.23, 0.07, 0.05, 0.05, 0.35, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let place = |[low, high]: &[[u8; 16]; 2]| {
            let low = low.iter().filter(|&&bits| bits != 0).count() as f64 / 16.0;
            low * high.iter().zip(HIGH).filter(|(bits, _)| **bits != 0).map(|(_, share)| share).sum::<f64>()
        };
        self.0.iter().map(place).product()
    }

    fn allow(&mut self, place: usize, bit: usize, byte: u8) {
        let [low, high] = &mut self.0[place];
        low[usize::from(byte & 15)] |= 1 << bit;
        high[usize::from(byte >> 4)] |= 1 << bit;
    }

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

//! 64 bytes in one register, and a table of 128 bytes in two: an instruction looks up all 64.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi16, _mm512_and_si512, _mm512_castsi512_si256, _mm512_cvtepu8_epi16,
    _mm512_extracti64x4_epi64, _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_maskz_permutex2var_epi8,
    _mm512_movepi8_mask, _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_set1_epi8, _mm512_set1_epi16,
    _mm512_storeu_si512, _mm512_test_epi8_mask,
};

use super::passes::passes;

passes!("avx512f,avx512bw,avx512vbmi,avx512vbmi2,bmi1,popcnt");

/// Whether this machine has what the functions here need.
pub(super) fn is_detected() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt")
}

type Block = __m512i;

/// 64 bytes as they are looked up.
type Bytes = __m512i;

/// The bits that each ASCII character allows.
type Table = [__m512i; 2];

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn table(bits: &Bits) -> Table {
    let (halves, _) = bits.of_ascii.as_chunks::<64>();
    [0, 1].map(|half: usize| load(&halves[half]))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn load(bytes: &[u8; 64]) -> Block {
    // SAFETY: the reference is to 64 bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn prepare(bytes: Block) -> Bytes {
    bytes
}

/// The bits that each byte allows; one beyond ASCII is looked up without its highest bit.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn look_up([first, second]: Table, bytes: Bytes) -> Block {
    _mm512_permutex2var_epi8(first, bytes, second)
}

/// The bits that each byte allows; one beyond ASCII allows none.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn look_up_ascii([first, second]: Table, bytes: Bytes) -> Block {
    _mm512_maskz_permutex2var_epi8(!_mm512_movepi8_mask(bytes), first, bytes, second)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn both(one: Block, other: Block) -> Block {
    _mm512_and_si512(one, other)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn either(one: Block, other: Block) -> Block {
    _mm512_or_si512(one, other)
}

/// Which bytes have one of these bits.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
#[inline]
fn any(bytes: Block, bits: u8) -> u64 {
    _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(bits.cast_signed()))
}

/// Writes down where the bits of a block stand, as places of the chunk; what comes behind them is of no account.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,bmi1,popcnt")]
#[inline]
fn note(marks: u64, block: u16, places: &mut [u16; BLOCK]) {
    let offsets: [u8; 64] = std::array::from_fn(|offset| offset as u8);
    let offsets = _mm512_maskz_compress_epi8(marks, load(&offsets));
    let first = _mm512_set1_epi16((block * BLOCK as u16).cast_signed());
    let (halves, _) = places.as_chunks_mut();
    store(&mut halves[0], _mm512_add_epi16(first, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(offsets))));
    if marks.count_ones() > 32 {
        let last = _mm512_extracti64x4_epi64::<1>(offsets);
        store(&mut halves[1], _mm512_add_epi16(first, _mm512_cvtepu8_epi16(last)));
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(places: &mut [u16; 32], values: __m512i) {
    // SAFETY: the reference is to 64 bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(places.as_mut_ptr().cast(), values) }
}

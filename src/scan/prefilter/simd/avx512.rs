//! 64 bytes in one register.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm512_and_si512, _mm512_broadcast_i32x4, _mm512_loadu_si512, _mm512_or_si512,
    _mm512_set1_epi8, _mm512_shuffle_epi8, _mm512_srli_epi16, _mm512_test_epi8_mask,
};

use super::passes::passes;

passes!("avx512f,avx512bw,bmi1,popcnt");

/// Whether this machine has what the functions here need.
pub(super) fn is_detected() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt")
}

type Block = __m512i;

/// The low and the high halves of 64 bytes.
type Halves = [__m512i; 2];

/// For the low and the high half of a byte, the bits it allows.
type Table = [__m512i; 2];

#[target_feature(enable = "avx512f,avx512bw")]
fn table(halves: &[[u8; 16]; 2]) -> Table {
    halves.map(|half| {
        // SAFETY: the reference is to 16 bytes, and the load asks for no alignment.
        let half = unsafe { _mm_loadu_si128(half.as_ptr().cast::<__m128i>()) };
        _mm512_broadcast_i32x4(half)
    })
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn load(bytes: &[u8; 64]) -> Block {
    // SAFETY: the reference is to 64 bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn split(bytes: Block) -> Halves {
    let half = _mm512_set1_epi8(15);
    [_mm512_and_si512(bytes, half), _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), half)]
}

/// The bits that both halves of each byte allow.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn look_up([of_low, of_high]: Table, [low, high]: Halves) -> Block {
    _mm512_and_si512(_mm512_shuffle_epi8(of_low, low), _mm512_shuffle_epi8(of_high, high))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn both(one: Block, other: Block) -> Block {
    _mm512_and_si512(one, other)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn either(one: Block, other: Block) -> Block {
    _mm512_or_si512(one, other)
}

/// Which bytes have one of these bits.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn any(bytes: Block, bits: u8) -> u64 {
    _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(bits.cast_signed()))
}

//! 64 bytes in two registers.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_srli_epi16,
};

use super::passes::passes;

passes!("avx2,bmi1,popcnt");

/// Whether this machine has what the functions here need.
pub(super) fn is_detected() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt")
}

type Block = [__m256i; 2];

/// The low and the high halves of 64 bytes.
type Bytes = [Block; 2];

/// For the low and the high half of a byte, the bits it allows.
type Table = [__m256i; 2];

#[target_feature(enable = "avx2")]
fn table(bits: &Bits) -> Table {
    bits.of_halves.map(|half| {
        // SAFETY: the reference is to 16 bytes, and the load asks for no alignment.
        let half = unsafe { _mm_loadu_si128(half.as_ptr().cast::<__m128i>()) };
        _mm256_broadcastsi128_si256(half)
    })
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8; 64]) -> Block {
    let (halves, _) = bytes.as_chunks::<32>();
    [0, 1].map(|half: usize| {
        // SAFETY: the reference is to 32 bytes, and the load asks for no alignment.
        unsafe { _mm256_loadu_si256(halves[half].as_ptr().cast()) }
    })
}

#[target_feature(enable = "avx2")]
#[inline]
fn prepare(bytes: Block) -> Bytes {
    let half = _mm256_set1_epi8(15);
    [
        bytes.map(|bytes| _mm256_and_si256(bytes, half)),
        bytes.map(|bytes| _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), half)),
    ]
}

/// The bits that both halves of each byte allow.
#[target_feature(enable = "avx2")]
#[inline]
fn look_up([of_low, of_high]: Table, [low, high]: Bytes) -> Block {
    both(low.map(|low| _mm256_shuffle_epi8(of_low, low)), high.map(|high| _mm256_shuffle_epi8(of_high, high)))
}

/// The same, where no byte beyond ASCII has a part in the table.
#[target_feature(enable = "avx2")]
#[inline]
fn look_up_ascii(table: Table, bytes: Bytes) -> Block {
    look_up(table, bytes)
}

#[target_feature(enable = "avx2")]
#[inline]
fn both(one: Block, other: Block) -> Block {
    [_mm256_and_si256(one[0], other[0]), _mm256_and_si256(one[1], other[1])]
}

#[target_feature(enable = "avx2")]
#[inline]
fn either(one: Block, other: Block) -> Block {
    [_mm256_or_si256(one[0], other[0]), _mm256_or_si256(one[1], other[1])]
}

/// Which bytes have one of these bits.
#[target_feature(enable = "avx2")]
#[inline]
fn any(bytes: Block, bits: u8) -> u64 {
    let bits = _mm256_set1_epi8(bits.cast_signed());
    let none = bytes.map(|bytes| {
        let none = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bits), _mm256_setzero_si256());
        u64::from(_mm256_movemask_epi8(none).cast_unsigned())
    });
    !(none[0] | none[1] << 32)
}

/// Writes down where the bits of a block stand, as places of the chunk; what comes behind them is of no account.
#[target_feature(enable = "bmi1,popcnt")]
#[inline]
fn note(mut marks: u64, block: u16, places: &mut [u16; BLOCK]) {
    /// About as many as a block has, without a branch.
    const GROUP: usize = 4;
    for group in places.as_chunks_mut::<GROUP>().0 {
        for place in group {
            *place = block * BLOCK as u16 + marks.trailing_zeros() as u16;
            marks &= marks.wrapping_sub(1);
        }
        if marks == 0 {
            break;
        }
    }
}

//! Failures made to order, as curl's torture tests make them: in a build with the feature `faults`, the n-th
//! call that can fail does. `SKANT_FAULT` is that n.
//!
//! Each place where the system may refuse something asks here first. In any other build there is nothing to
//! ask, and the call is gone.

use std::io;

#[cfg(feature = "faults")]
static PASSED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// Fails when it is its turn.
///
/// # Errors
/// "made to fail".
#[cfg(feature = "faults")]
pub(crate) fn point() -> io::Result<()> {
    use std::sync::OnceLock;

    static TURN: OnceLock<Option<u64>> = OnceLock::new();
    let turn = TURN.get_or_init(|| std::env::var("SKANT_FAULT").ok()?.parse().ok());
    if Some(PASSED.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1) == *turn {
        return Err(io::Error::other("made to fail"));
    }
    Ok(())
}

/// Never fails.
///
/// # Errors
/// None.
#[cfg(not(feature = "faults"))]
#[inline]
pub(crate) fn point() -> io::Result<()> {
    Ok(())
}

/// How many places were passed that could have failed.
#[cfg(feature = "faults")]
pub(crate) fn passed() -> u64 {
    PASSED.load(std::sync::atomic::Ordering::Relaxed)
}

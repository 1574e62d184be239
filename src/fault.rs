//! Failures made to order, as curl's torture tests make them: in a build for development, the n-th call that can
//! fail does. `SKANT_FAULT` is that n; with `SKANT_FAULT_SAYS` it is a fault of ours, and panics with these words.
//!
//! Each place where the system may refuse something asks here first. In a release there is nothing to ask, and
//! the call is gone.

use std::io;

#[cfg(debug_assertions)]
static PASSED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// Fails when it is its turn.
///
/// # Errors
/// "made to fail".
#[cfg(debug_assertions)]
pub(crate) fn point() -> io::Result<()> {
    if Some(PASSED.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1) == turn() {
        if let Ok(said) = std::env::var("SKANT_FAULT_SAYS") {
            panic!("{said}");
        }
        return Err(io::Error::other("made to fail"));
    }
    Ok(())
}

/// Never fails.
///
/// # Errors
/// None.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn point() -> io::Result<()> {
    Ok(())
}

/// How many places were passed that could have failed, for those who make them fail.
#[cfg(debug_assertions)]
pub(crate) fn passed() -> Option<u64> {
    turn().map(|_| PASSED.load(std::sync::atomic::Ordering::Relaxed))
}

#[cfg(debug_assertions)]
fn turn() -> Option<u64> {
    static TURN: std::sync::OnceLock<Option<u64>> = std::sync::OnceLock::new();
    *TURN.get_or_init(|| std::env::var("SKANT_FAULT").ok()?.parse().ok())
}

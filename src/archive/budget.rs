//! What may be spent on one file, whatever is nested in it: real output, members, depth, memory.

use std::cell::Cell;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Known;

/// So many layers are taken off; `a.tar.gz` has two.
const MOST_LAYERS: u32 = 10;
/// So many members are looked at.
const MOST_MEMBERS: u64 = 2_000_000;
/// So many bytes may come out of any file,
const LEAST_OUTPUT: u64 = 128 << 20;
/// so many times what goes in,
const RATIO: u64 = 100;
/// and never more.
const MOST_OUTPUT: u64 = 8 << 30;
/// What a decoder may keep in memory: as much as `xz -9` and `zstd -22 --ultra` of 64 MiB want,
const LARGE_WINDOW: u32 = 66 << 20;
/// and within another such text, as much as `xz` wants unless told.
const SMALL_WINDOW: u32 = 9 << 20;

/// Held by the one thread that may use a large window: memory does not follow the number of threads.
static LARGE: Mutex<()> = Mutex::new(());

/// What was spent so far.
#[derive(Debug, Default)]
pub(crate) struct Budget<'k> {
    /// The members that need not be read again.
    known: Option<&'k Known>,
    input: Cell<u64>,
    output: Cell<u64>,
    members: Cell<u64>,
    layers: Cell<u32>,
    has_large: Cell<bool>,
}

/// Leave to use so much memory.
pub(super) struct Room<'b> {
    /// In bytes.
    pub(super) window: u32,
    large: Option<(&'b Budget<'b>, MutexGuard<'static, ()>)>,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some((budget, _)) = &self.large {
            budget.has_large.set(false);
        }
    }
}

impl<'k> Budget<'k> {
    /// A budget for a file of whose members some may be known.
    pub(crate) fn new(known: Option<&'k Known>) -> Budget<'k> {
        Budget { known, ..Budget::default() }
    }

    pub(super) fn known(&self) -> Option<&'k Known> {
        self.known
    }

    /// Counts what is read of the file itself.
    pub(crate) fn input<'b>(&'b self, inner: &'b mut dyn Read) -> impl Read + 'b {
        Metered { inner, budget: self, is_output: false }
    }

    /// How many bytes of the file were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.input.get()
    }

    /// Counts what comes out of a compressed text, and ends it where that is too much.
    pub(super) fn output<'b>(&'b self, inner: &'b mut dyn Read) -> impl Read + 'b {
        Metered { inner, budget: self, is_output: true }
    }

    /// Memory for a text that is compressed with a window of a size it names itself.
    pub(super) fn room(&self) -> Room<'_> {
        if self.has_large.replace(true) {
            return Room { window: SMALL_WINDOW, large: None };
        }
        let guard = LARGE.lock().unwrap_or_else(PoisonError::into_inner);
        Room { window: LARGE_WINDOW, large: Some((self, guard)) }
    }

    /// Counts a member.
    ///
    /// # Errors
    /// When there were too many.
    pub(super) fn member(&self) -> io::Result<()> {
        self.members.set(self.members.get() + 1);
        if self.members.get() <= MOST_MEMBERS {
            return Ok(());
        }
        Err(io::Error::other(format!("it has more than {MOST_MEMBERS} members: unpack and scan it")))
    }

    /// Does something a layer further in.
    ///
    /// # Errors
    /// When that is too deep, or what is done fails.
    pub(crate) fn within(&self, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.layers.get() == MOST_LAYERS {
            return Err(io::Error::other(format!(
                "archives are nested more than {MOST_LAYERS} deep: unpack and scan it"
            )));
        }
        self.layers.set(self.layers.get() + 1);
        let outcome = work();
        self.layers.set(self.layers.get() - 1);
        outcome
    }

    /// Whether so much came out that nothing more is to be read.
    pub(super) fn is_spent(&self) -> bool {
        let most = self.input.get().saturating_mul(RATIO).clamp(LEAST_OUTPUT, MOST_OUTPUT);
        self.output.get() > most
    }

    /// Counts what would come out of a member, unless that is too much.
    pub(super) fn spend(&self, count: u64) -> bool {
        let before = self.output.get();
        self.output.set(before.saturating_add(count));
        let is_within = !self.is_spent();
        if !is_within {
            self.output.set(before);
        }
        is_within
    }

    fn exceeded(&self) -> io::Error {
        let output = self.output.get() >> 20;
        io::Error::other(format!(
            "more than {output} MiB come out of the file, too much for its size: unpack and scan it"
        ))
    }
}

struct Metered<'b> {
    inner: &'b mut dyn Read,
    budget: &'b Budget<'b>,
    is_output: bool,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_output && self.budget.is_spent() {
            return Err(self.budget.exceeded());
        }
        let count = self.inner.read(buffer)?;
        let counter = if self.is_output { &self.budget.output } else { &self.budget.input };
        counter.set(counter.get() + count as u64);
        Ok(count)
    }
}

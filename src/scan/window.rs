//! Scanning what does not fit in memory: windows that slide, with enough before and behind that
//! no secret is lost or found twice at a border.

use std::io::{self, Read};

use super::mark::Marks;
use super::position::Tracker;
use super::wide::{Narrow, Wide};
use super::{Scanned, Scanner, Scratch, Window, withdraw};
use crate::archive::{self, Budget, Format};
use crate::blob::Origin;
use crate::fault;
use crate::rule::pattern::LONGEST_MATCH;

/// How much is in memory at once.
const WINDOW: usize = 1 << 20;
/// What a match may need on either side of the place where its secret begins: itself, and what
/// decides about it.
const MARGIN: usize = 2 * LONGEST_MATCH;
/// As git does, look this far for a NUL byte to tell binary files.
pub(super) const TEXT_PROBE: usize = 8000;

/// Whether a blob that begins like this is text.
pub(super) fn is_text(beginning: &[u8]) -> bool {
    memchr::memchr(0, &beginning[..beginning.len().min(TEXT_PROBE)]).is_none()
}

/// What a text is that begins like this, when it is wide. Most are told by their first byte.
fn wide(beginning: &[u8]) -> Option<Wide> {
    let may_be = matches!(beginning, [0 | 0xfe | 0xff, ..] | [_, 0, ..]);
    may_be.then(|| Wide::of(beginning)).flatten()
}

/// What is an archive that begins like this. Most texts are told by their first byte.
fn opened(beginning: &[u8], is_text: bool) -> Option<Format> {
    let may_be = !is_text || matches!(beginning, [b'P' | b'B' | b'#' | 0x1f | 0x28 | 0xfd, ..]);
    may_be.then(|| Format::of(beginning)).flatten()
}

/// Whether a blob that begins like this is all wrapped: an archive, or wide.
pub(super) fn is_wrapped(beginning: &[u8], is_text: bool) -> bool {
    wide(beginning).is_some() || opened(beginning, is_text).is_some()
}

/// Whether a blob is an archive. Its bytes have no lines, then.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    opened(bytes, is_text(bytes)).is_some()
}

/// The format of an archive that begins like this and is scanned as it is. None of them is text.
pub(super) fn unopened(beginning: &[u8], is_text: bool) -> Option<&'static str> {
    (!is_text).then(|| archive::unopened(beginning)).flatten()
}

/// What is left of a reader that may have failed.
enum Either<'r> {
    Reader(&'r mut dyn Read),
    Failure(io::Error),
}

impl Read for Either<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Either::Reader(reader) => reader.read(buffer),
            Either::Failure(error) => Err(std::mem::replace(error, io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

impl Scanner {
    /// Finds the secrets in whatever a reader yields, in memory that does not depend on how much
    /// it is, and adds them to `scanned`. They are those of [`Scanner::scan`] on all the bytes.
    ///
    /// # Errors
    /// The reader's. What was found before it is in `scanned`.
    pub fn scan_reader(
        &self,
        origin: &Origin,
        reader: &mut dyn Read,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
    ) -> io::Result<()> {
        self.scan_within(origin, reader, scratch, scanned, None)
    }

    /// The same, of something that may be in an archive, on whose budget it goes.
    pub(super) fn scan_within(
        &self,
        origin: &Origin,
        reader: &mut dyn Read,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
        budget: Option<&Budget<'_>>,
    ) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut scratch.buffer);
        if buffer.is_empty() {
            // Zeros that the system gives when they are touched: a small file touches few.
            buffer = vec![0; WINDOW];
        }
        let outcome = self.slide(origin, reader, &mut buffer, scratch, scanned, budget);
        scratch.buffer = buffer;
        outcome
    }

    /// Scans a wide text as the UTF-8 it stands for.
    fn narrowed(
        &self,
        wide: Wide,
        origin: &Origin,
        reader: &mut dyn Read,
        scratch: &mut Scratch,
        scanned: &mut Scanned,
        budget: Option<&Budget<'_>>,
    ) -> io::Result<()> {
        let before = scanned.bytes;
        let mut narrow = Narrow::new(reader, wide);
        let outcome = self.scan_within(&origin.behind(wide.name()), &mut narrow, scratch.inner(), scanned, budget);
        scanned.bytes = before + narrow.bytes;
        outcome
    }

    fn slide(
        &self,
        origin: &Origin,
        reader: &mut dyn Read,
        buffer: &mut [u8],
        scratch: &mut Scratch,
        scanned: &mut Scanned,
        budget: Option<&Budget<'_>>,
    ) -> io::Result<()> {
        let (mut filled, mut failure) = fill(reader, buffer, 0);
        if let Some(wide) = wide(&buffer[..filled]) {
            let rest = failure.map_or(Either::Reader(reader), Either::Failure);
            return self.narrowed(wide, origin, &mut buffer[..filled].chain(rest), scratch, scanned, budget);
        }
        let is_text = is_text(&buffer[..filled]);
        if let Some(format) = opened(&buffer[..filled], is_text) {
            let rest = failure.map_or(Either::Reader(reader), Either::Failure);
            return self.unpacked(format, origin, &mut buffer[..filled].chain(rest), scratch, scanned, budget);
        }
        scanned.unopened.extend(unopened(&buffer[..filled], is_text));
        let mut tracker = Tracker::new(&buffer[..filled]);
        let mut marks = Marks::default();
        let mut owned = 0;
        loop {
            scanned.bytes += (filled - owned) as u64;
            let is_last = filled < buffer.len() || failure.is_some();
            let text = &buffer[..filled];
            let end = if is_last { filled } else { filled - MARGIN };
            let window = Window { text, owned: owned..end, is_text, origin, layers: 0, is_joined: false };
            self.scan_window(&window, &mut tracker, &mut marks, scratch, scanned);
            if is_last {
                withdraw(marks, scanned);
                return failure.map_or(Ok(()), Err);
            }
            scanned.bytes -= MARGIN as u64;
            let dropped = filled - 2 * MARGIN;
            tracker.drop_front(text, dropped);
            buffer.copy_within(dropped.., 0);
            owned = MARGIN;
            (filled, failure) = fill(reader, buffer, 2 * MARGIN);
        }
    }
}

/// Reads until the buffer is full, there is nothing more, or that fails; tells how much of it is
/// filled.
fn fill(reader: &mut dyn Read, buffer: &mut [u8], mut filled: usize) -> (usize, Option<io::Error>) {
    while filled < buffer.len() {
        match fault::point().and_then(|()| reader.read(&mut buffer[filled..])) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

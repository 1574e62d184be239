//! A large object that git made from others by deltas, read piece by piece.
//!
//! What it is made of is inflated into a file without a name, one text behind the other. In memory is only where in there
//! each piece of the object stands, so that memory does not follow its size.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom, Write};

use flate2::bufread::ZlibDecoder;

use super::Stream;
use super::pack::LARGEST;

/// So many pieces are kept in memory. A text that has more is written out, and is one piece then.
const MOST_PIECES: usize = 1 << 19;
/// No more is written for one object,
const MOST_WRITTEN: u64 = 8 << 30;
/// and no more where there is no folder for files.
const MOST_HELD: u64 = 64 << 20;
/// How much is read or written at a time.
const CHUNK: usize = 64 << 10;

/// The compressed bytes of a text or of a delta, and how many come out of them.
pub(super) type Packed<'p> = (&'p [u8], u64);

/// A text, the deltas by which others are made of it, one after the other, and the last of these, once it is read.
pub(super) struct Chain<'p> {
    root: Packed<'p>,
    deltas: Vec<Packed<'p>>,
    made: Option<Patched>,
}

impl<'p> Chain<'p> {
    pub(super) fn new(root: Packed<'p>, deltas: Vec<Packed<'p>>) -> Chain<'p> {
        Chain { root, deltas, made: None }
    }

    /// How large the last text says it is.
    pub(super) fn size(&self) -> Option<u64> {
        let Some(last) = self.deltas.last() else { return Some(self.root.1) };
        let mut delta = inflated(*last);
        number(&mut delta).ok()?;
        number(&mut delta).ok()
    }

    fn patched(&self) -> io::Result<Patched> {
        let mut made = Patched::new(&mut inflated(self.root), self.root.1)?;
        for delta in &self.deltas {
            made.patch(&mut inflated(*delta))?;
        }
        Ok(made)
    }
}

impl Read for Chain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.made.is_none() {
            self.made = Some(self.patched()?);
        }
        self.made.as_mut().map_or(Ok(0), |made| made.read(buffer))
    }
}

fn inflated((bytes, size): Packed<'_>) -> BufReader<Stream<'_>> {
    BufReader::with_capacity(CHUNK, Stream::new(Box::new(ZlibDecoder::new(bytes)), size))
}

/// Where what does not fit into memory is put.
trait Room: Read + Write + Seek + Send {}
impl<T: Read + Write + Seek + Send> Room for T {}

/// A file without a name; memory where there can be none. And how much fits into it.
fn room() -> (Box<dyn Room>, u64) {
    match tempfile::tempfile() {
        Ok(file) => (Box::new(file), MOST_WRITTEN),
        Err(_) => (Box::new(Cursor::new(Vec::new())), MOST_HELD),
    }
}

/// A text in pieces.
struct Patched {
    room: Box<dyn Room>,
    /// How much fits into it.
    most: u64,
    /// How much is in it, and what is to be written behind that.
    written: u64,
    tail: Vec<u8>,
    pieces: Vec<Piece>,
    length: u64,
    /// How far it was read.
    at: u64,
}

/// Where a piece of a text begins, and where in the file it is. It ends where the next one begins.
#[derive(Clone, Copy)]
struct Piece {
    start: u64,
    place: u64,
}

impl Patched {
    /// A text in one piece.
    fn new(text: &mut dyn Read, size: u64) -> io::Result<Patched> {
        let ((room, most), pieces) = (room(), vec![Piece { start: 0, place: 0 }]);
        let mut patched = Patched { room, most, written: 0, tail: Vec::new(), pieces, length: size, at: 0 };
        patched.append(text, size)?;
        Ok(patched)
    }

    /// Becomes what a delta makes of it.
    fn patch(&mut self, delta: &mut dyn BufRead) -> io::Result<()> {
        let misfit = || io::Error::new(io::ErrorKind::InvalidData, "its delta does not fit its base");
        let (base, length) = (number(delta)?, number(delta)?);
        if base != self.length || length > LARGEST {
            return Err(misfit());
        }
        let (mut made, mut end) = (Vec::new(), 0);
        while !delta.fill_buf()?.is_empty() {
            let operation = byte(delta)?;
            let count = if operation & 128 == 0 {
                let place = self.end();
                push(&mut made, Piece { start: end, place });
                self.append(delta, operation.into())?;
                u64::from(operation)
            } else {
                let (mut from, mut count) = (0, 0);
                for bit in (0..7).filter(|bit| operation & 1 << bit != 0) {
                    let value = u64::from(byte(delta)?);
                    if bit < 4 { from |= value << (bit * 8) } else { count |= value << ((bit - 4) * 8) }
                }
                let count = if count == 0 { 0x1_0000 } else { count };
                if from + count > self.length {
                    return Err(misfit());
                }
                self.slice(from, count, end, &mut made);
                count
            };
            end += count;
            if count == 0 || end > length {
                return Err(misfit());
            }
            if made.len() > MOST_PIECES {
                made = vec![Piece { start: 0, place: self.write_out(&made, end)? }];
            }
        }
        if end != length {
            return Err(misfit());
        }
        (self.pieces, self.length) = (made, length);
        Ok(())
    }

    /// The pieces of a part of the text, for a place in another.
    fn slice(&self, from: u64, count: u64, to: u64, made: &mut Vec<Piece>) {
        let first = self.pieces.partition_point(|piece| piece.start <= from) - 1;
        for piece in self.pieces[first..].iter().take_while(|piece| piece.start < from + count) {
            let start = piece.start.max(from);
            push(made, Piece { start: to + (start - from), place: piece.place + (start - piece.start) });
        }
    }

    /// Writes a text behind all others; tells where it is then.
    fn write_out(&mut self, pieces: &[Piece], length: u64) -> io::Result<u64> {
        let place = self.end();
        let mut buffer = vec![0; CHUNK];
        for (number, piece) in pieces.iter().enumerate() {
            let (mut at, end) = (piece.start, pieces.get(number + 1).map_or(length, |next| next.start));
            while at < end {
                let count = (end - at).min(CHUNK as u64) as usize;
                self.read_at(piece.place + (at - piece.start), &mut buffer[..count])?;
                self.append(&mut &buffer[..count], count as u64)?;
                at += count as u64;
            }
        }
        Ok(place)
    }

    fn end(&self) -> u64 {
        self.written + self.tail.len() as u64
    }

    /// Writes so many bytes of a reader behind all others.
    fn append(&mut self, reader: &mut (impl Read + ?Sized), mut count: u64) -> io::Result<()> {
        if self.end() + count > self.most {
            return Err(self.is_full());
        }
        while count > 0 {
            if self.tail.len() >= CHUNK {
                self.write()?;
            }
            let some = count.min(CHUNK as u64);
            if Read::take(&mut *reader, some).read_to_end(&mut self.tail)? as u64 != some {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            count -= some;
        }
        Ok(())
    }

    fn is_full(&self) -> io::Error {
        if self.most == MOST_WRITTEN {
            return io::Error::new(io::ErrorKind::InvalidData, "too much comes of what it is made of");
        }
        let reason = "git made the object from others, and there is no folder for temporary files to put it together in: \
                      name one in TMPDIR";
        io::Error::new(io::ErrorKind::StorageFull, reason)
    }

    fn write(&mut self) -> io::Result<()> {
        self.room.seek(SeekFrom::Start(self.written))?;
        self.room.write_all(&self.tail)?;
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    fn read_at(&mut self, place: u64, buffer: &mut [u8]) -> io::Result<()> {
        if place + buffer.len() as u64 > self.written {
            self.write()?;
        }
        self.room.seek(SeekFrom::Start(place))?;
        self.room.read_exact(buffer)
    }
}

impl Read for Patched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        let mut next = self.pieces.partition_point(|piece| piece.start <= self.at);
        while filled < buffer.len() && self.at < self.length {
            let piece = self.pieces[next - 1];
            let end = self.pieces.get(next).map_or(self.length, |next| next.start);
            let count = (end - self.at).min((buffer.len() - filled) as u64);
            self.read_at(piece.place + (self.at - piece.start), &mut buffer[filled..filled + count as usize])?;
            (self.at, filled) = (self.at + count, filled + count as usize);
            next += usize::from(self.at == end);
        }
        Ok(filled)
    }
}

/// Adds a piece, unless it goes on where the one before it ends.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    let goes_on = |last: &Piece| last.place + (piece.start - last.start) == piece.place;
    if !pieces.last().is_some_and(goes_on) {
        pieces.push(piece);
    }
}

/// A number at the head of a delta.
fn number(delta: &mut dyn BufRead) -> io::Result<u64> {
    let mut number = 0;
    for shift in (0..57).step_by(7) {
        let byte = byte(delta)?;
        number |= u64::from(byte & 127) << shift;
        if byte & 128 == 0 {
            return Ok(number);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a size in it cannot be right"))
}

fn byte(delta: &mut dyn BufRead) -> io::Result<u8> {
    let byte = *delta.fill_buf()?.first().ok_or(io::ErrorKind::UnexpectedEof)?;
    delta.consume(1);
    Ok(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::pack::tests::LIES;

    fn patched(base: &[u8], deltas: &[&[u8]]) -> io::Result<Vec<u8>> {
        let mut patched = Patched::new(&mut &*base, base.len() as u64)?;
        deltas.iter().try_for_each(|delta| patched.patch(&mut &**delta))?;
        let mut text = Vec::new();
        patched.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn deltas_of_deltas_are_put_together() {
        // 0..3 of the base, "XY", 3..6; then its last four, its first two, "Z".
        let first = &[6, 8, 0x90, 3, 2, b'X', b'Y', 0x91, 3, 3];
        let second = &[8, 7, 0x91, 4, 4, 0x90, 2, 1, b'Z'];
        assert_eq!(patched(b"abcdef", &[first]).unwrap(), b"abcXYdef");
        assert_eq!(patched(b"abcdef", &[first, second]).unwrap(), b"YdefabZ");
    }

    #[test]
    fn what_has_too_many_pieces_is_written_out() {
        let base: Vec<u8> = (0..=255).collect();
        let length = MOST_PIECES * 2 + 10;
        let mut delta = vec![0x80, 2];
        let mut left = length;
        while left > 0 {
            delta.push((left & 127) as u8 | if left > 127 { 128 } else { 0 });
            left >>= 7;
        }
        let mut expected = Vec::new();
        for number in 0..length {
            let from = (number * 7 % 256) as u8;
            delta.extend([0x91, from, 1]);
            expected.push(from);
        }
        assert!(patched(&base, &[&delta]).unwrap() == expected);
    }

    #[test]
    fn a_delta_that_lies_is_refused() {
        for delta in LIES {
            assert!(patched(b"abcdef", &[delta]).is_err(), "{delta:?}");
        }
    }
}

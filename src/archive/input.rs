//! What an archive is read from: bytes that can be looked at before they are taken.

use std::io::{self, BufRead, Read};

/// How much is read at a time.
const CHUNK: usize = 32 << 10;

pub(super) struct Input<'r> {
    inner: &'r mut dyn Read,
    buffer: Vec<u8>,
    at: usize,
    /// How many bytes were taken.
    taken: u64,
}

impl<'r> Input<'r> {
    pub(super) fn new(inner: &'r mut dyn Read) -> Input<'r> {
        Input { inner, buffer: Vec::new(), at: 0, taken: 0 }
    }

    /// How many bytes were taken.
    pub(super) fn place(&self) -> u64 {
        self.taken
    }

    /// The next bytes: so many, or as many as there are.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.at < count && self.more()? > 0 {}
        let end = self.buffer.len().min(self.at + count);
        Ok(&self.buffer[self.at..end])
    }

    /// Reads more; tells how much.
    fn more(&mut self) -> io::Result<usize> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let outcome = loop {
            match self.inner.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        self.buffer.truncate(before + outcome.as_ref().unwrap_or(&0));
        outcome
    }

    /// Takes so many bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub(super) fn take_exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let bytes = self.peek(count)?.to_vec();
        if bytes.len() < count {
            return Err(super::broken("it ends too soon"));
        }
        self.consume(count);
        Ok(bytes)
    }

    /// Passes over so many bytes; tells how many there were.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<u64> {
        let wanted = count;
        while count > 0 {
            let here = usize::try_from(count).unwrap_or(usize::MAX).min(self.fill_buf()?.len());
            if here == 0 {
                break;
            }
            self.consume(here);
            count -= here as u64;
        }
        Ok(wanted - count)
    }

    /// Whether nothing but NUL bytes is left; passes over them.
    pub(super) fn is_over(&mut self) -> io::Result<bool> {
        loop {
            let bytes = self.fill_buf()?;
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
            let is_over = bytes.is_empty();
            if is_over || zeros < bytes.len() {
                self.consume(zeros);
                return Ok(is_over);
            }
            self.consume(zeros);
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() {
            self.more()?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        self.taken += count as u64;
    }
}

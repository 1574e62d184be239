//! An object that is read piece by piece: it is large.

use std::io::{self, Read};

use crate::fault;

/// A reader of an object's bytes. It ends where the object does, or fails: an object that is cut short, or longer
/// than it says, is damaged.
pub(crate) struct Stream<'s> {
    reader: Box<dyn Read + 's>,
    /// How many bytes are still to come.
    left: u64,
}

impl<'s> Stream<'s> {
    pub(super) fn new(reader: Box<dyn Read + 's>, size: u64) -> Stream<'s> {
        Stream { reader, left: size }
    }

    /// How many bytes are still to come, by what it says.
    pub(super) fn size(&self) -> u64 {
        self.left
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let damaged = |said: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the object is damaged: {said}"));
        fault::point()?;
        // What the system says, or want of room, is about the machine.
        let is_system =
            |error: &io::Error| error.raw_os_error().is_some() || error.kind() == io::ErrorKind::StorageFull;
        let read = self.reader.read(buffer);
        let count = read.map_err(|error| if is_system(&error) { error } else { damaged(&error.to_string()) })?;
        if count == 0 && !buffer.is_empty() && self.left > 0 {
            return Err(damaged("it ends too early"));
        }
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| damaged("it is longer than it says"))?;
        Ok(count)
    }
}

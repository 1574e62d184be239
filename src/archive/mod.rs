//! Archives and compressed files: told by their first bytes, read as they go by, in little memory and without
//! writing anything.
//!
//! What is inside is handed over part by part. A part's size is what comes out, never what a header says.
//! The readers of zip and tar are our own: they keep no list of members in memory, need no file they could
//! seek in, and see what an archive's directory does not speak of. Decompression is left to crates.

mod budget;
mod input;
mod stream;
mod tar;
mod zip;

use std::io::{self, Read};

pub(crate) use budget::Budget;
use input::Input;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Members, each compressed or not: jar, docx, whl and apk are zip, too.
    Zip,
    /// Members, not compressed.
    Tar,
    /// One compressed text.
    Gzip,
    /// Likewise.
    Bzip2,
    /// Likewise.
    Xz,
    /// Likewise.
    Zstd,
}

/// Something in an archive.
pub(crate) enum Part<'a> {
    /// A member, by its name; of a compressed text, that text, which has none.
    Member(Option<&'a [u8]>, &'a mut dyn Read),
    /// What stands behind the end, or between members.
    Rest(&'a mut dyn Read),
    /// A text besides the members: the target of a link, a comment.
    Text(&'a [u8]),
    /// A member that could not be read, or not in whole, and why.
    Missed(Option<&'a [u8]>, String),
}

/// Takes the parts of an archive.
pub(crate) type Visit<'v> = dyn FnMut(Part<'_>) + 'v;

impl Format {
    /// What begins like this, when it is an archive.
    pub(crate) fn of(beginning: &[u8]) -> Option<Format> {
        match beginning {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', ..] => Some(Format::Zip),
            _ => stream::format(beginning).or_else(|| tar::is_header(beginning).then_some(Format::Tar)),
        }
    }

    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Zip => "zip",
            Format::Tar => "tar",
            Format::Gzip => "gzip",
            Format::Bzip2 => "bzip2",
            Format::Xz => "xz",
            Format::Zstd => "zstd",
        }
    }

    /// Hands over everything in an archive.
    ///
    /// # Errors
    /// Those of the reader, and when the rest of the archive cannot be read. What came before was handed over.
    pub(crate) fn unpack(self, reader: &mut dyn Read, budget: &Budget, visit: &mut Visit<'_>) -> io::Result<()> {
        let input = Input::new(reader);
        match self {
            Format::Zip => zip::unpack(input, budget, visit),
            Format::Tar => tar::unpack(input, budget, visit),
            Format::Gzip | Format::Bzip2 | Format::Xz | Format::Zstd => stream::unpack(self, input, budget, visit),
        }
    }
}

/// Something is not as its format wants it.
fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The number in some bytes, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

//! Archives and compressed files: told by their first bytes, read as they go by, in little memory and without
//! writing anything.
//!
//! What is inside is handed over part by part. A part's size is what comes out, never what a header says.
//! The readers of zip and tar are our own: they keep no list of members in memory, need no file they could
//! seek in, and see what an archive's directory does not speak of. Decompression is left to crates.

mod budget;
mod input;
mod known;
mod stream;
mod tar;
mod zip;

use std::io::{self, Read};

pub(crate) use budget::Budget;
use input::Input;
pub(crate) use known::Known;
pub(crate) use zip::is_end as ends_zip;

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
    /// A small member, all of it, and where to note that nothing is in it.
    Whole(&'a [u8], &'a [u8], &'a mut bool),
    /// A member of which that was noted before.
    Again(&'a [u8]),
    /// What stands behind the end, or between members.
    Rest(&'a mut dyn Read),
    /// A text besides the members: the target of a link, a comment.
    Text(&'a [u8]),
    /// A member that could not be read, or not in whole, and why.
    Missed(Option<&'a [u8]>, String),
}

/// Takes the parts of an archive.
pub(crate) type Visit<'v> = dyn FnMut(Part<'_>) + 'v;

/// Less of what stands beside the members is not handed over: it cannot hold a secret.
const SHORTEST_TEXT: usize = 16;

impl Format {
    /// What begins like this, when it is an archive.
    pub(crate) fn of(beginning: &[u8]) -> Option<Format> {
        match beginning {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', ..] => Some(Format::Zip),
            _ if zip::stub(beginning) > 0 => Some(Format::Zip),
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
    pub(crate) fn unpack(self, reader: &mut dyn Read, budget: &Budget<'_>, visit: &mut Visit<'_>) -> io::Result<()> {
        let input = Input::new(reader);
        match self {
            Format::Zip => zip::unpack(input, budget, visit),
            Format::Tar => tar::unpack(input, budget, visit),
            Format::Gzip | Format::Bzip2 | Format::Xz | Format::Zstd => stream::unpack(self, input, budget, visit),
        }
    }
}

/// The name of the format of what begins like this, when it is one of those that are compressed and not opened
/// here.
pub(crate) fn unopened(beginning: &[u8]) -> Option<&'static str> {
    Some(match beginning {
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => "7z",
        [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => "rar",
        [b'L', b'Z', b'I', b'P', 0 | 1, ..] => "lzip",
        // Three bytes are few: of the size the upper ones are nothing, or all of them are not known.
        [0x5d, 0, 0, _, _, size @ ..]
            if matches!(size, [_, _, _, _, _, 0, 0, 0, ..]) || size.starts_with(&[0xff; 8]) =>
        {
            "lzma"
        }
        [0x1f, 0x9d, ..] => "compress",
        [4, 0x22, 0x4d, 0x18, ..] => "lz4",
        [b'M', b'S', b'C', b'F', 0, 0, 0, 0, ..] => "cab",
        [0xed, 0xab, 0xee, 0xdb, ..] => "rpm",
        [b'h', b's', b'q', b's', ..] => "squashfs",
        _ if beginning.starts_with(b"!<arch>\ndebian-binary") => "deb",
        _ => return None,
    })
}

/// Something is not as its format wants it.
fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The number in some bytes, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

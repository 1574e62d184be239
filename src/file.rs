//! Opening files that strangers made: never through a link, never waiting for a pipe.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::fault;

/// Opens a file for reading, unless it is a symbolic link. A pipe does not block.
///
/// # Errors
/// Those of the system.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    fault::point()?;
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
    }
    #[cfg(not(unix))]
    if path.symlink_metadata()?.is_symlink() {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link"))
    } else {
        File::open(path)
    }
}

/// Whether something open leads to the device that is always empty.
#[cfg(unix)]
pub(crate) fn is_null(open: impl std::os::fd::AsFd) -> bool {
    let null = rustix::fs::stat("/dev/null").ok();
    rustix::fs::fstat(open)
        .is_ok_and(|open| null.is_some_and(|null| (open.st_mode, open.st_rdev) == (null.st_mode, null.st_rdev)))
}

/// Whether something open leads to the device that is always empty: not known here.
#[cfg(not(unix))]
pub(crate) fn is_null<T>(_: T) -> bool {
    false
}

/// All bytes of a regular file of at most `most` bytes.
///
/// # Errors
/// Those of the system; `InvalidInput` when it is no regular file, `FileTooLarge` when it is larger.
pub(crate) fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read(open_regular(path)?, most)
}

/// The bytes of a file. Those of a large one are not copied.
#[derive(Debug)]
pub(crate) enum Bytes {
    Read(Vec<u8>),
    Mapped(Mmap),
}

/// Smaller files are read sooner than mapped.
const WORTH_MAPPING: u64 = 1 << 20;

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Read(bytes) => bytes,
            Bytes::Mapped(bytes) => bytes,
        }
    }
}

/// The same as [`read_regular`] of a file that its owner replaces and never writes into.
///
/// # Errors
/// The same.
pub(crate) fn map_regular(path: &Path, most: u64) -> io::Result<Bytes> {
    let file = open_regular(path)?;
    fault::point()?;
    let size = file.metadata()?.len();
    if !(WORTH_MAPPING..=most).contains(&size) {
        return read(file, most).map(Bytes::Read);
    }
    fault::point()?;
    #[expect(unsafe_code, reason = "see below")]
    // SAFETY: git replaces such a file by renaming another over it. Were it cut short by somebody else all
    // the same, the system would end this process, which no hook takes for a clean run.
    unsafe { Mmap::map(&file) }.map(Bytes::Mapped)
}

/// Opens a regular file.
///
/// # Errors
/// Those of the system; `InvalidInput` when it is no regular file.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let file = open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

fn read(file: File, most: u64) -> io::Result<Vec<u8>> {
    fault::point()?;
    let size = file.metadata()?.len();
    if size > most {
        return Err(too_large(most));
    }
    read_into(Vec::with_capacity(usize::try_from(size + 1).unwrap_or_default()), file, most)
}

/// All that a reader yields, at most so many bytes.
///
/// # Errors
/// Those of the reader; `FileTooLarge` when there is more.
pub(crate) fn read_all(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    fault::point()?;
    read_into(Vec::new(), reader, most)
}

fn read_into(mut bytes: Vec<u8>, reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large(most));
    }
    Ok(bytes)
}

fn too_large(most: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {most} bytes"))
}

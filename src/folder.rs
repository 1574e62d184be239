//! Folders as they lie on disk: what is in one, opened by name.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType};
use std::io;
use std::path::{Path, PathBuf};

use crate::fault;

/// A folder that is open.
///
/// On Linux what is in it is opened by its name alone: however long the path to it is, and though somebody
/// puts a link in that path meanwhile.
#[derive(Debug)]
pub(crate) struct Folder {
    #[cfg(target_os = "linux")]
    descriptor: rustix::fd::OwnedFd,
    #[cfg(not(target_os = "linux"))]
    path: PathBuf,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    Pipe,
    Socket,
    Device,
    /// What no system of ours has.
    Other,
}

impl Kind {
    /// What it is, in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::File => "a file",
            Kind::Folder => "a folder",
            Kind::Link => "a symbolic link",
            Kind::Pipe => "a pipe",
            Kind::Socket => "a socket",
            Kind::Device => "a device",
            Kind::Other => "not a regular file",
        }
    }
}

#[cfg(target_os = "linux")]
impl Folder {
    /// Opens a folder, unless it is a symbolic link.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn open(path: &Path) -> io::Result<Folder> {
        fault::point()?;
        use rustix::fs::OFlags;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Folder { descriptor: rustix::fs::open(path, flags, rustix::fs::Mode::empty())? })
    }

    /// What is in it, in the order of the file system.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn entries(&self) -> io::Result<Vec<(OsString, Kind)>> {
        fault::point()?;
        use std::os::unix::ffi::OsStrExt;
        let mut buffer = [std::mem::MaybeUninit::uninit(); 16 << 10];
        let mut folder = rustix::fs::RawDir::new(&self.descriptor, &mut buffer);
        let mut entries = Vec::new();
        while let Some(entry) = folder.next() {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == rustix::fs::FileType::Unknown {
                // There are file systems that leave it to be asked.
                let status = rustix::fs::statat(&self.descriptor, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
                kind = rustix::fs::FileType::from_raw_mode(status.st_mode);
            }
            entries.push((OsStr::from_bytes(name.to_bytes()).to_owned(), kind.into()));
        }
        Ok(entries)
    }

    /// Opens a file in it for reading, unless it is a symbolic link. A pipe does not block.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn file(&self, name: &OsStr) -> io::Result<File> {
        fault::point()?;
        use rustix::fs::OFlags;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(rustix::fs::openat(&self.descriptor, name, flags, rustix::fs::Mode::empty())?))
    }

    /// The target of a symbolic link in it.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn link(&self, name: &OsStr) -> io::Result<PathBuf> {
        fault::point()?;
        use std::os::unix::ffi::OsStringExt;
        let target = rustix::fs::readlinkat(&self.descriptor, name, Vec::new())?;
        Ok(OsString::from_vec(target.into_bytes()).into())
    }
}

#[cfg(not(target_os = "linux"))]
impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// None here: those of the system come with the first use.
    pub(crate) fn open(path: &Path) -> io::Result<Folder> {
        fault::point()?;
        Ok(Folder { path: path.to_owned() })
    }

    /// What is in it, in the order of the file system.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn entries(&self) -> io::Result<Vec<(OsString, Kind)>> {
        fault::point()?;
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?.into()))
        };
        fs::read_dir(&self.path)?.map(entry).collect()
    }

    /// Opens a file in it for reading, unless it is a symbolic link. A pipe does not block.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn file(&self, name: &OsStr) -> io::Result<File> {
        fault::point()?;
        crate::file::open(&self.path.join(name))
    }

    /// The target of a symbolic link in it.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn link(&self, name: &OsStr) -> io::Result<PathBuf> {
        fault::point()?;
        fs::read_link(self.path.join(name))
    }
}

/// What a path stands for; of a link, the link.
///
/// # Errors
/// Those of the system.
pub(crate) fn kind(path: &Path) -> io::Result<Kind> {
    Ok(fs::symlink_metadata(path)?.file_type().into())
}

#[cfg(target_os = "linux")]
impl From<rustix::fs::FileType> for Kind {
    fn from(kind: rustix::fs::FileType) -> Kind {
        use rustix::fs::FileType;
        match kind {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            FileType::Fifo => Kind::Pipe,
            FileType::Socket => Kind::Socket,
            FileType::CharacterDevice | FileType::BlockDevice => Kind::Device,
            FileType::Unknown => Kind::Other,
        }
    }
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Kind {
        if kind.is_file() {
            return Kind::File;
        } else if kind.is_dir() {
            return Kind::Folder;
        } else if kind.is_symlink() {
            return Kind::Link;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt;
            if kind.is_fifo() {
                return Kind::Pipe;
            } else if kind.is_socket() {
                return Kind::Socket;
            } else if kind.is_char_device() || kind.is_block_device() {
                return Kind::Device;
            }
        }
        Kind::Other
    }
}

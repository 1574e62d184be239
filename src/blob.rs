//! A blob is bytes to scan; its origin says where they came from.

use std::path::Path;

/// Where a blob was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The path as reports show it: `/` between the parts, relative to the root of the repository
    /// the file lies in. Bytes, because a name need not be UTF-8.
    pub path: Vec<u8>,
    /// The part of that place the bytes are.
    pub place: Place,
}

/// The part of a place that was scanned, most particular first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file's or folder's own name.
    Path,
    /// A file's bytes, or the target text of a symbolic link.
    Content,
}

/// Bytes to scan, borrowed from whoever read them.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where they came from.
    pub origin: &'a Origin,
}

impl Origin {
    /// The origin of a file's content.
    pub fn file(path: impl Into<Vec<u8>>) -> Origin {
        Origin { path: path.into(), place: Place::Content }
    }

    /// The origin of a file's or folder's name.
    pub fn name(path: impl Into<Vec<u8>>) -> Origin {
        Origin { path: path.into(), place: Place::Path }
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &[u8] {
        self.path.rsplit(|&byte| byte == b'/').next().unwrap_or(&[])
    }
}

/// The bytes of a path, with `/` between its parts.
pub fn path_bytes(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        path.as_os_str().as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().replace('\\', "/").into_bytes()
    }
}

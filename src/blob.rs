//! A blob is bytes to scan; its origin says where they came from.

use std::path::Path;
use std::sync::Arc;

/// Where a blob was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The repository, where a run scans many.
    pub repository: Option<Arc<str>>,
    /// The path as reports show it: `/` between the parts, relative to the root of the repository
    /// the file lies in. Bytes, because a name need not be UTF-8. Empty when there is none: what
    /// stands in a message or a ref's name has no path.
    pub path: Vec<u8>,
    /// The part of that place the bytes are.
    pub place: Place,
    /// The commit that brought it in, of what was read from git's history.
    pub commit: Option<Arc<Commit>>,
    /// The tag, ref, stash or note that holds it, where that is more than a path on a branch.
    pub reference: Option<Arc<str>>,
    /// What was taken off to read the bytes, outermost first: `utf-16`, `zip:inner/name`. Text, not yet
    /// made harmless.
    pub via: Vec<String>,
    /// The root of the repository it lies in, where that is not the one the scan began in.
    pub root: Option<Arc<Path>>,
}

/// A commit, as far as reports tell of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit {
    /// Its id, in hex.
    pub id: String,
    /// Who wrote it: name and address.
    pub author: String,
    /// When, by its author's clock: `2026-01-31T12:00:00+01:00`.
    pub date: String,
    /// The first line of its message.
    pub summary: String,
}

/// The part of a place that was scanned, most particular first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file's or folder's own name.
    Path,
    /// A file's bytes, or the target text of a symbolic link.
    Content,
    /// A file in a stash.
    Stash,
    /// A note on an object.
    Note,
    /// A repository's own config.
    Config,
    /// A commit: its message, or the names in its header.
    CommitMessage,
    /// An annotated tag, likewise.
    TagMessage,
    /// The name of a branch, tag or any other ref.
    RefName,
}

impl Commit {
    /// Its author without the address.
    pub fn author_name(&self) -> &str {
        self.author.split_once(" <").map_or(&*self.author, |(name, _)| name)
    }
}

impl Place {
    /// All of them.
    pub const ALL: [Place; 8] = [
        Place::Path,
        Place::Content,
        Place::Stash,
        Place::Note,
        Place::Config,
        Place::CommitMessage,
        Place::TagMessage,
        Place::RefName,
    ];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Place::Path => "path",
            Place::Content => "content",
            Place::Stash => "stash",
            Place::Note => "note",
            Place::Config => "config",
            Place::CommitMessage => "commit-message",
            Place::TagMessage => "tag-message",
            Place::RefName => "ref-name",
        }
    }

    /// Whether it is a name, which has no lines.
    pub fn is_name(self) -> bool {
        matches!(self, Place::Path | Place::RefName)
    }
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
        Origin::at(path, Place::Content)
    }

    /// The origin of a file's or folder's name.
    pub fn name(path: impl Into<Vec<u8>>) -> Origin {
        Origin::at(path, Place::Path)
    }

    /// The origin of some part of a path.
    pub fn at(path: impl Into<Vec<u8>>, place: Place) -> Origin {
        let path = path.into();
        Origin { repository: None, path, place, commit: None, reference: None, via: Vec::new(), root: None }
    }

    /// The same origin, behind one more wrapping.
    pub fn behind(&self, wrapping: &str) -> Origin {
        let mut inner = self.clone();
        inner.via.push(wrapping.into());
        inner
    }

    /// Whether the path is not known yet: it begins as none can.
    pub(crate) fn is_unknown(&self) -> bool {
        self.path.starts_with(b"\0/")
    }

    /// The last part of the path, or of the name that a member of an archive has.
    pub fn file_name(&self) -> &[u8] {
        let member = self.via.iter().rev().find_map(|wrapping| wrapping.split_once(':'));
        let path = member.map_or(&self.path[..], |(_, name)| name.as_bytes());
        path.rsplit(|&byte| byte == b'/').next().unwrap_or(&[])
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

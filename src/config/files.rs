//! Where config files and baselines are read from: the disk, a commit, or the index. Never through a link.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::NAMES;
use crate::error::Error;
use crate::file::read_regular;
use crate::git::{EntryKind, Id, OpenRepo, Repository};

/// The most bytes a file may have.
const LARGEST: u64 = 16 << 20;

/// Files below a root.
pub enum Files {
    /// Those of a folder.
    Disk(PathBuf),
    /// Those of a commit.
    Commit(CommitFiles),
    /// Those that are staged.
    Index(IndexFiles),
    /// None at all.
    None,
}

/// The files that a commit records.
pub struct CommitFiles {
    repository: Mutex<Repository>,
    commit: Id,
    /// How it was named.
    revision: String,
}

/// The files that are staged.
pub struct IndexFiles(Mutex<OpenRepo>);

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Files::Disk(root) => f.debug_tuple("Disk").field(root).finish(),
            Files::Commit(files) => f.debug_tuple("Commit").field(&files.revision).finish(),
            Files::Index(_) => f.write_str("Index"),
            Files::None => f.write_str("None"),
        }
    }
}

impl Files {
    /// The files of a commit of the repository that a folder is or lies in.
    ///
    /// # Errors
    /// There is no repository, or no such commit.
    pub fn at(folder: &Path, revision: &str) -> Result<Files, Error> {
        let repository = Repository::open(folder)?;
        let commit = repository.commit_of(revision)?;
        Ok(Files::Commit(CommitFiles { repository: Mutex::new(repository), commit, revision: revision.to_owned() }))
    }

    /// The files that are about the repository around a folder (around the working directory, as git or its
    /// environment names it): those on disk, or of a bare one those of `HEAD`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_repository(folder: &Path) -> Result<Files, Error> {
        let Ok(repository) = Repository::open(folder) else { return Ok(Files::Disk(folder.to_owned())) };
        if let Some(root) = repository.work_tree() {
            return Ok(Files::Disk(root));
        }
        let head = "HEAD".to_owned();
        match repository.commit_of(&head) {
            Ok(commit) => Ok(Files::Commit(CommitFiles { repository: Mutex::new(repository), commit, revision: head })),
            // Nothing was committed yet.
            Err(_) => Ok(Files::None),
        }
    }

    /// The files that are staged in the repository around the working directory, as git or its environment names it,
    /// and the folders in which there are configs.
    ///
    /// # Errors
    /// There is none, or none that can be read.
    pub fn staged() -> Result<(Files, Vec<String>), String> {
        let repo = OpenRepo::current()?;
        let folders = repo.folders_with(&NAMES)?;
        Ok((Files::Index(IndexFiles(Mutex::new(repo))), folders))
    }

    /// The text of a file; nothing when there is none.
    ///
    /// # Errors
    /// It is a link, no file, too large, or not UTF-8.
    pub fn read(&self, path: &str) -> Result<Option<String>, Error> {
        let failed = |reason: &str| {
            let reason = reason.split(" (os error").next().unwrap_or(reason);
            Error::usage(
                format!("cannot read {path}: {reason}"),
                "a config is a regular file of at most 16 MiB, and UTF-8",
            )
        };
        let bytes = match self {
            Files::Disk(root) => read_from_disk(root, path).map_err(|error| failed(&error.to_string()))?,
            Files::Commit(_) | Files::Index(_) => content(self.find(path)).map_err(|reason| failed(&reason))?,
            Files::None => None,
        };
        bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8"))).transpose()
    }

    /// Whether there is something of that name.
    pub fn has(&self, path: &str) -> bool {
        match self {
            Files::Disk(root) => root.join(path).symlink_metadata().is_ok(),
            Files::Commit(CommitFiles { repository, commit, .. }) => {
                let repository = repository.lock().unwrap_or_else(PoisonError::into_inner);
                matches!(repository.kind_at(commit, path), Ok(Some(_)))
            }
            Files::Index(IndexFiles(repo)) => {
                let repo = repo.lock().unwrap_or_else(PoisonError::into_inner);
                matches!(repo.staged_kind(path), Ok(Some(_)))
            }
            Files::None => false,
        }
    }

    /// Whether a name leads to what lies among them, and nowhere else: not upwards, and through no link.
    pub fn hold(&self, path: &str) -> bool {
        let is_below = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let is_link = |root: &Path, folder: &Path| root.join(folder).is_symlink();
        is_below
            && match self {
                Files::Disk(root) => !Path::new(path)
                    .ancestors()
                    .skip(1)
                    .any(|folder| !folder.as_os_str().is_empty() && is_link(root, folder)),
                Files::Commit(_) | Files::Index(_) | Files::None => true,
            }
    }

    /// What git has at a path.
    fn find(&self, path: &str) -> Found {
        match self {
            Files::Commit(CommitFiles { repository, commit, .. }) => {
                repository.lock().unwrap_or_else(PoisonError::into_inner).file_of(commit, path)
            }
            Files::Index(IndexFiles(repo)) => repo.lock().unwrap_or_else(PoisonError::into_inner).staged_file(path),
            Files::Disk(_) | Files::None => Ok(None),
        }
    }
}

/// What git has at a path, and the content of a file.
type Found = Result<Option<(EntryKind, Vec<u8>)>, String>;

fn content(found: Found) -> Result<Option<Vec<u8>>, String> {
    match found? {
        Some((EntryKind::File, bytes)) if bytes.len() as u64 <= LARGEST => Ok(Some(bytes)),
        Some((EntryKind::File, _)) => Err(format!("larger than {LARGEST} bytes")),
        Some((EntryKind::Link, _)) => Err("it is a symbolic link".to_owned()),
        Some(_) => Err("it is no file".to_owned()),
        None => Ok(None),
    }
}

fn read_from_disk(root: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    let link = || io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link");
    let full = root.join(path);
    let metadata = match full.symlink_metadata() {
        // History may have names that no file on disk can have.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
            ) =>
        {
            return Ok(None);
        }
        metadata => metadata?,
    };
    let folder = path.rsplit_once('/').map(|(folder, _)| folder).filter(|folder| folder.ends_with(".github"));
    let is_behind_link = folder.is_some_and(|folder| root.join(folder).is_symlink());
    if metadata.is_symlink() || is_behind_link {
        return Err(link());
    }
    read_regular(&full, LARGEST).map(Some)
}

//! What is staged: the content of git's index where it differs from HEAD. The working copy is never
//! read.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::{Fate, Item, SHORTEST_SECRET, Source, Standing, Visit};
use crate::blob::{Blob, Origin, path_bytes};
use crate::error::Error;
use crate::git::{self, Before, Content, EntryKind, OpenRepo, Version};
use crate::ledger::{Cause, Exclusion, Unit};

/// Fewer files are read by one thread: starting more takes longer.
const FEW: usize = 64;

/// What the next commit would record.
pub struct Staged {
    repo: Mutex<OpenRepo>,
    staged: git::Staged,
    /// Names that were asked for and are not below the root.
    outside: Vec<PathBuf>,
}

impl Staged {
    /// What is staged in the repository that the working directory or the environment names; when paths
    /// are given, only there, and of files that are not changed the whole.
    ///
    /// # Errors
    /// When there is no repository, or its index or HEAD cannot be read.
    pub fn open(paths: &[PathBuf]) -> Result<Staged, Error> {
        let failed = |message: String| {
            Error::usage(
                format!("cannot tell what is staged: {message}"),
                "`skant staged` reads the index of a git repository; `skant scan` reads files and folders",
            )
        };
        let repo = OpenRepo::current().map_err(failed)?;
        let (mut named, mut outside) = (Vec::new(), Vec::new());
        for path in paths {
            match within(repo.root(), path) {
                Some(name) => named.push(name),
                None => outside.push(path.clone()),
            }
        }
        let staged = if named.is_empty() && !outside.is_empty() {
            git::Staged::default()
        } else {
            git::Staged::read(&repo, &named).map_err(failed)?
        };
        Ok(Staged { repo: Mutex::new(repo), staged, outside })
    }
}

impl Staged {
    /// The paths of what is staged, or was named.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.staged.versions.iter().map(|version| &*version.path)
    }
}

impl Source for Staged {
    fn name(&self) -> &'static str {
        "staged"
    }

    fn each(&self, visit: &Visit<'_>) {
        let repo = self.repo.lock().unwrap_or_else(PoisonError::into_inner);
        self.tell(visit);
        self.count(visit);
        self.names(visit);
        let versions = &self.staged.versions;
        if versions.len() <= FEW {
            return versions.iter().for_each(|version| self.version(&repo, version, visit));
        }
        // An open repository is one thread's own.
        let batches: Vec<_> = versions.chunks(FEW).map(|batch| (repo.again(), batch)).collect();
        batches.into_par_iter().for_each(|(repo, batch)| match repo {
            Ok(repo) => batch.iter().for_each(|version| self.version(&repo, version, visit)),
            Err(reason) => batch.iter().for_each(|version| missed(version, reason.clone(), visit)),
        });
    }
}

impl Staged {
    /// Tells what is not as it was asked for.
    fn tell(&self, visit: &Visit<'_>) {
        for path in &self.outside {
            let reason = "it is not in this repository".to_owned();
            visit(Item::Met(Unit::File, 1));
            visit(Item::Missed(Unit::File, Cause::Missing, path_bytes(path), reason));
        }
        for path in &self.staged.unknown {
            let reason = "nothing is staged or committed under that name: `git add` it, or `skant scan` the file";
            visit(Item::Met(Unit::File, 1));
            visit(Item::Missed(Unit::File, Cause::Missing, path.clone(), reason.to_owned()));
        }
        for path in &self.staged.conflicts {
            let reason = "in conflict, only the two sides of it were scanned: resolve it, then `git add` it";
            visit(Item::Met(Unit::File, 1));
            visit(Item::Missed(Unit::File, Cause::Conflict, path.clone(), reason.to_owned()));
        }
        if self.staged.versions.is_empty() && self.outside.is_empty() && self.staged.unknown.is_empty() {
            visit(Item::Notice("nothing is staged".to_owned()));
        }
    }

    /// Tells how much is staged. What a submodule holds is in another repository.
    fn count(&self, visit: &Visit<'_>) {
        for version in &self.staged.versions {
            visit(Item::Met(unit(version), 1));
            if unit(version) == Unit::Submodule {
                visit(Item::Excluded(Unit::Submodule, Exclusion::OtherRepository, 1));
            }
        }
    }

    /// The names of new files, and of their folders.
    fn names(&self, visit: &Visit<'_>) {
        let mut seen = HashSet::new();
        for version in self.staged.versions.iter().filter(|version| !matches!(version.before, Before::Blob(_))) {
            let path = &version.path;
            let ends = memchr::memchr_iter(b'/', path).chain([path.len()]);
            let mut start = 0;
            for end in ends {
                if end - start >= SHORTEST_SECRET && seen.insert(&path[..end]) {
                    visit(Item::Blob(Blob { bytes: &path[start..end], origin: &Origin::name(&path[..end]) }));
                }
                start = end + 1;
            }
        }
    }

    fn version(&self, repo: &OpenRepo, version: &Version, visit: &Visit<'_>) {
        let origin = Origin::file(version.path.as_slice());
        let tracked = || Ok(Fate { standing: Standing::Tracked, copied: None });
        let read = match version.kind {
            EntryKind::File => repo.with_blob(&version.id, |content| match content {
                Content::Bytes(bytes) => {
                    let before = || self.before(repo, version, bytes);
                    visit(Item::Version(Blob { bytes, origin: &origin }, &before));
                }
                Content::Stream(reader) => visit(Item::File(&origin, reader, Some(&tracked))),
            }),
            EntryKind::Link => repo
                .with_blob(&version.id, |content| match content {
                    Content::Bytes(bytes) => visit(Item::Blob(Blob { bytes, origin: &origin })),
                    Content::Stream(reader) => visit(Item::File(&origin, reader, None)),
                })
                .map(|()| visit(Item::Done(Unit::Link, 1))),
            EntryKind::Submodule | EntryKind::Folder => Ok(()),
        };
        if let Err(reason) = read {
            missed(version, reason, visit);
        }
    }

    /// The content there was before. Where it cannot be had everything counts as new.
    fn before(&self, repo: &OpenRepo, version: &Version, now: &[u8]) -> Option<Vec<u8>> {
        match &version.before {
            Before::Blob(id) => repo.small_blob(id),
            Before::Nothing => self.staged.moved_from(repo, version, now),
            Before::Anything => None,
        }
    }
}

/// What a version counts as.
fn unit(version: &Version) -> Unit {
    match version.kind {
        EntryKind::File => Unit::File,
        EntryKind::Link => Unit::Link,
        EntryKind::Folder | EntryKind::Submodule => Unit::Submodule,
    }
}

fn missed(version: &Version, reason: String, visit: &Visit<'_>) {
    visit(Item::Missed(unit(version), Cause::Damaged, version.path.clone(), reason));
}

/// A path as the index has it: relative to the root, `/` between its parts. Links in it are not
/// followed, but for those above the root.
fn within(root: &Path, path: &Path) -> Option<Vec<u8>> {
    let absolute = normal(&std::env::current_dir().ok()?.join(path));
    let relative = match absolute.strip_prefix(root) {
        Ok(relative) => relative.to_owned(),
        Err(_) => {
            let folder = absolute.parent()?.canonicalize().ok()?;
            folder.join(absolute.file_name()?).strip_prefix(root).ok()?.to_owned()
        }
    };
    Some(path_bytes(&relative))
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

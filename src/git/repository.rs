//! A repository's history as libgit2 sees it: where it lies, its refs, what a revision names, and one
//! object at a time. With `repo` the only file that names git2.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::object::from_hex;
use super::repo::add_object_folders;
use super::{Id, Kind, Trouble};
use crate::blob::path_bytes;
use crate::error::Error;
use crate::file::read_regular;

/// The most bytes a file of refs or of a log may have.
const LARGEST: u64 = 256 << 20;

/// A repository, opened. Each thread needs one of its own.
pub(crate) struct Repository {
    repository: git2::Repository,
}

/// The name of a ref, and what it points to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub name: Vec<u8>,
    pub target: Id,
}

impl Repository {
    /// Opens the repository a folder is or lies in, by the rules of git: a repository of somebody
    /// else's is refused.
    ///
    /// # Errors
    /// What is wrong, and the way out.
    pub(crate) fn open(directory: &Path) -> Result<Repository, Error> {
        let shown = directory.display();
        let named = std::env::var_os("GIT_DIR").filter(|_| directory == Path::new("."));
        let opened = match &named {
            Some(named) => git2::Repository::open(named),
            None => git2::Repository::discover(directory),
        };
        let opened = opened.map(|repository| Repository { repository }).map_err(|error| {
            let said = error.message();
            let (message, help) = match error.code() {
                git2::ErrorCode::NotFound => (
                    format!("{shown} is not in a git repository"),
                    "name one with `-C DIR`; `skant scan` scans files that are in none",
                ),
                git2::ErrorCode::Owner => (
                    format!("the repository of {shown} belongs to somebody else"),
                    "if you trust it: git config --global --add safe.directory \"$PWD\"",
                ),
                _ if ["extension", "object format", "version"]
                    .iter()
                    .any(|word| said.to_lowercase().contains(word)) =>
                {
                    (
                        format!("the repository of {shown} is of a kind that cannot be read yet: {said}"),
                        "SHA-256 ids and reftables are such kinds; a clone without them can be scanned",
                    )
                }
                _ => (format!("cannot open the repository of {shown}: {said}"), "`git fsck` may say more"),
            };
            Error::usage(message, help)
        })?;
        add_object_folders(&opened.repository)
            .map_err(|message| Error::usage(message, "GIT_OBJECT_DIRECTORY and its like name them"))?;
        Ok(opened)
    }

    /// The same repository once more, for another thread.
    pub(crate) fn again(&self) -> Option<Repository> {
        let repository = git2::Repository::open(self.repository.path()).ok()?;
        add_object_folders(&repository).ok()?;
        Some(Repository { repository })
    }

    /// The repository's own folder.
    pub(crate) fn path(&self) -> &Path {
        self.repository.path()
    }

    /// The folder that linked worktrees share.
    pub(crate) fn common(&self) -> &Path {
        self.repository.commondir()
    }

    /// Whether it has no work tree.
    pub(crate) fn is_bare(&self) -> bool {
        self.repository.is_bare()
    }

    /// The ids of all objects, of those that cannot be read too.
    pub(crate) fn ids(&self) -> Result<Vec<Id>, String> {
        let mut ids = Vec::new();
        let each = |id: &git2::Oid| {
            ids.extend(id.as_bytes().first_chunk());
            true
        };
        let listed = self.repository.odb().and_then(|odb| odb.foreach(each));
        listed.map_err(|error| error.message().to_owned())?;
        Ok(ids)
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, id: &Id) -> bool {
        let oid = git2::Oid::from_bytes(id);
        oid.is_ok_and(|oid| self.repository.odb().is_ok_and(|odb| odb.exists(oid)))
    }

    /// Reads an object.
    pub(crate) fn read(&self, id: &Id) -> Result<(Kind, Vec<u8>), Trouble> {
        let read = || {
            let odb = self.repository.odb()?;
            let object = odb.read(git2::Oid::from_bytes(id)?)?;
            Ok((object.kind(), object.data().to_vec()))
        };
        let damaged = |error: git2::Error| match error.code() {
            git2::ErrorCode::NotFound => Trouble::Missing,
            _ => Trouble::Damaged(error.message().to_owned()),
        };
        let (kind, text) = read().map_err(damaged)?;
        let kind = match kind {
            git2::ObjectType::Commit => Kind::Commit,
            git2::ObjectType::Tree => Kind::Tree,
            git2::ObjectType::Blob => Kind::Blob,
            git2::ObjectType::Tag => Kind::Tag,
            git2::ObjectType::Any => return Err(Trouble::Damaged("it is of no known kind".into())),
        };
        Ok((kind, text))
    }

    /// Every ref, HEAD and the detached heads of other worktrees among them, in order of name. What
    /// is no ref although it lies where they do is told.
    pub(crate) fn references(&self, told: &mut Vec<(Vec<u8>, String)>) -> Vec<Reference> {
        let mut all = BTreeSet::new();
        match self.repository.references() {
            Ok(references) => {
                for reference in references {
                    match reference {
                        Ok(reference) => match reference.resolve() {
                            Ok(resolved) => all.extend(resolved.target().and_then(|target| {
                                let target = *target.as_bytes().first_chunk()?;
                                Some(Reference { name: reference.name_bytes().to_vec(), target })
                            })),
                            // A symbolic ref to a branch that is not there holds nothing.
                            Err(error) if error.code() == git2::ErrorCode::NotFound => {}
                            Err(error) => told.push((reference.name_bytes().to_vec(), error.message().to_owned())),
                        },
                        Err(error) => told.push((b"refs".to_vec(), error.message().to_owned())),
                    }
                }
            }
            Err(error) => told.push((b"refs".to_vec(), error.message().to_owned())),
        }
        match self.repository.head() {
            Ok(head) => all.extend(head.target().and_then(|target| {
                Some(Reference { name: b"HEAD".to_vec(), target: *target.as_bytes().first_chunk()? })
            })),
            Err(error) if matches!(error.code(), git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound) => {}
            Err(error) => told.push((b"HEAD".to_vec(), error.message().to_owned())),
        }
        self.broken_references(told);
        all.extend(self.heads_of_worktrees());
        all.into_iter().collect()
    }

    /// Tells of files that lie where refs do and hold none: libgit2 passes over them.
    fn broken_references(&self, told: &mut Vec<(Vec<u8>, String)>) {
        let mut folders = vec![self.common().join("refs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() && !entry.file_name().as_encoded_bytes().ends_with(b".lock") {
                    let text = read_regular(&path, 4096).unwrap_or_default();
                    if !text.starts_with(b"ref:") && text.get(..40).and_then(from_hex).is_none() {
                        let name = path_bytes(path.strip_prefix(self.common()).unwrap_or(&path));
                        told.push((name, "it is no ref: `git fsck` says more".to_owned()));
                    }
                }
            }
        }
    }

    fn heads_of_worktrees(&self) -> Vec<Reference> {
        let folders = std::fs::read_dir(self.common().join("worktrees")).into_iter().flatten().flatten();
        let head = |folder: PathBuf| {
            let text = read_regular(&folder.join("HEAD"), 4096).ok()?;
            let target = from_hex(text.trim_ascii())?;
            let name = format!("worktrees/{}/HEAD", folder.file_name()?.to_string_lossy()).into_bytes();
            Some(Reference { name, target })
        };
        folders.filter_map(|folder| head(folder.path())).collect()
    }

    /// Whether there is a ref of that name, and what it points to.
    pub(crate) fn has_reference(&self, name: &str) -> bool {
        let target = self.repository.refname_to_id(name);
        target.is_ok_and(|id| self.repository.odb().is_ok_and(|odb| odb.exists(id)))
    }

    /// The branch that the HEAD of a remote points to, as far as this clone was told.
    pub(crate) fn default_branch(&self, remote: &str) -> Option<String> {
        let head = self.repository.find_reference(&format!("refs/remotes/{remote}/HEAD")).ok()?;
        let target = head.symbolic_target().ok()??;
        target.strip_prefix(&format!("refs/remotes/{remote}/")).map(str::to_owned)
    }

    /// The stashes, the latest first.
    pub(crate) fn stashes(&self) -> Vec<Id> {
        let log = read_regular(&self.common().join("logs/refs/stash"), LARGEST).unwrap_or_default();
        let lines = log.split(|&byte| byte == b'\n');
        let mut ids: Vec<Id> = lines.filter_map(|line| from_hex(line.split(|&byte| byte == b' ').nth(1)?)).collect();
        ids.reverse();
        ids
    }

    /// The commits behind which a shallow clone has nothing.
    pub(crate) fn shallow(&self) -> BTreeSet<Id> {
        let file = read_regular(&self.common().join("shallow"), LARGEST).unwrap_or_default();
        file.split(|&byte| byte == b'\n').filter_map(from_hex).collect()
    }

    /// Whether there are others of which git may have copies.
    pub(crate) fn has_remotes(&self) -> bool {
        self.repository.remotes().is_ok_and(|names| !names.is_empty())
    }

    /// Whether objects were left behind when cloning, to be fetched when needed.
    pub(crate) fn is_partial(&self) -> bool {
        let Ok(config) = self.repository.config() else { return false };
        let mut promises = false;
        if let Ok(mut entries) = config.entries(Some("remote\\..*\\.promisor")) {
            while let Some(Ok(entry)) = entries.next() {
                promises |= entry.level() == git2::ConfigLevel::Local;
            }
        }
        promises || config.get_string("extensions.partialclone").is_ok()
    }

    /// What a revision names: objects to begin from, and objects to leave out with all they reach.
    ///
    /// # Errors
    /// It names nothing.
    pub(crate) fn resolve(&self, revision: &str) -> Result<(Vec<Id>, Vec<Id>), Error> {
        let one = |name: &str| self.named(if name.is_empty() { "HEAD" } else { name }, revision);
        if let Some(name) = revision.strip_prefix('^') {
            return Ok((Vec::new(), vec![one(name)?]));
        }
        if let Some((from, to)) = revision.split_once("...") {
            let (from, to) = (one(from)?, one(to)?);
            let bases = || {
                let (a, b) = (git2::Oid::from_bytes(&from)?, git2::Oid::from_bytes(&to)?);
                let (a, b) = (self.commit(a)?, self.commit(b)?);
                self.repository.merge_bases(a, b)
            };
            let bases = match bases() {
                Ok(bases) => bases.iter().filter_map(|base| base.as_bytes().first_chunk().copied()).collect(),
                Err(error) if error.code() == git2::ErrorCode::NotFound => Vec::new(),
                Err(error) => return Err(unknown(revision, why(&error))),
            };
            return Ok((vec![from, to], bases));
        }
        if let Some((from, to)) = revision.split_once("..") {
            return Ok((vec![one(to)?], vec![one(from)?]));
        }
        Ok((vec![one(revision)?], Vec::new()))
    }

    fn commit(&self, id: git2::Oid) -> Result<git2::Oid, git2::Error> {
        self.repository.find_object(id, None)?.peel_to_commit().map(|commit| commit.id())
    }

    fn named(&self, name: &str, revision: &str) -> Result<Id, Error> {
        let object = self.repository.revparse_single(name).map_err(|error| unknown(revision, why(&error)))?;
        object.id().as_bytes().first_chunk().copied().ok_or_else(|| unknown(revision, ": its id is of another length"))
    }
}

fn unknown(revision: &str, said: &str) -> Error {
    Error::usage(
        format!("there is no revision `{revision}` here{said}"),
        "`git rev-parse` takes the same names; a clone may lack it: git fetch",
    )
}

/// Why a revision is unknown. libgit2's own words repeat the revision in small letters.
fn why(error: &git2::Error) -> &'static str {
    match error.code() {
        git2::ErrorCode::NotFound => "",
        git2::ErrorCode::Ambiguous => ": it may be one of several",
        git2::ErrorCode::InvalidSpec => ": it is not written as git does",
        _ => ": it cannot be read",
    }
}

//! A repository's history as libgit2 sees it: where it lies, its refs, and one object at a time. With `repo` the only file that names git2.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::folders::{Folders, is_absent};
use super::object::from_hex;
use super::own_files;
use super::pack::MOST_HELD;
use super::reference;
use super::remote;
use super::repo::{Content, add_object_folders, check_common_dir};
use super::revision::UNREADABLE;
use super::{EntryKind, Id, Kind, Trouble};
use crate::blob::path_bytes;
use crate::error::Error;
use crate::fault;
use crate::file::read_regular;

/// The most bytes a file of refs or of a log may have.
const LARGEST: u64 = 256 << 20;

/// A repository, opened. Each thread needs one of its own.
pub(crate) struct Repository {
    repository: git2::Repository,
    folders: OnceCell<Folders>,
    /// Whether it is the one around the working directory: what git's environment says is about that.
    is_here: bool,
}

/// The name of a ref, and what it points to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub name: Vec<u8>,
    pub target: Id,
}

/// What there is to say of a repository that libgit2 does not know how to read.
pub(super) const UNKNOWN_KIND: &str = "SHA-256 ids and reftables are such kinds; a clone without them can be scanned";

/// Whether it is that.
pub(super) fn is_unknown_kind(error: &git2::Error) -> bool {
    let said = error.message().to_lowercase();
    ["extension", "object format", "version"].iter().any(|word| said.contains(word))
}

impl Repository {
    /// Opens the repository a folder is or lies in, by the rules of git: a repository of somebody
    /// else's is refused.
    ///
    /// # Errors
    /// What is wrong, and the way out.
    pub(crate) fn open(directory: &Path) -> Result<Repository, Error> {
        let shown = directory.display();
        let is_here = directory == Path::new(".");
        let named = std::env::var_os("GIT_DIR").filter(|_| is_here);
        let opened = lib_point().and_then(|()| match &named {
            Some(named) => harmless(Path::new(named)).and_then(|()| git2::Repository::open(named)),
            None => harmless(directory).and_then(|()| git2::Repository::discover(directory)),
        });
        let opened = opened.map(|repository| Repository { repository, folders: OnceCell::new(), is_here });
        let opened = opened.map_err(|error| {
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
                _ if is_unknown_kind(&error) => {
                    (format!("the repository of {shown} is of a kind that cannot be read yet: {said}"), UNKNOWN_KIND)
                }
                _ => (format!("cannot open the repository of {shown}: {said}"), "`git fsck` may say more"),
            };
            Error::usage(message, help)
        })?;
        if is_here {
            let help = "unset it, or run where `git rev-parse --git-common-dir` says the same without it";
            check_common_dir(&opened.repository).map_err(|message| Error::usage(message, help))?;
        }
        add_object_folders(&opened.repository)
            .map_err(|message| Error::usage(message, "GIT_OBJECT_DIRECTORY and its like name them"))?;
        Ok(opened)
    }

    /// Opens the repository that a folder is, or is the work tree of; not one around it.
    ///
    /// # Errors
    /// What is wrong, and the way out.
    pub(crate) fn at(folder: &Path) -> Result<Repository, Error> {
        let shown = folder.display();
        let help = "name the folders of clones, one a line: bare ones, mirrors, worktrees";
        let real =
            folder.canonicalize().map_err(|error| Error::usage(format!("cannot open {shown}: {error}"), help))?;
        let opened = Repository::open(&real)?;
        let is_it = |place: &Path| place.canonicalize().is_ok_and(|place| place == real);
        if is_it(opened.path()) || opened.work_tree().is_some_and(|place| is_it(&place)) {
            Ok(opened)
        } else {
            Err(Error::usage(format!("{shown} is no repository, and lies in one"), help))
        }
    }

    /// The same repository once more, for another thread.
    pub(crate) fn again(&self) -> Option<Repository> {
        lib_point().ok()?;
        let repository = git2::Repository::open(self.repository.path()).ok()?;
        add_object_folders(&repository).ok()?;
        Some(Repository { repository, folders: OnceCell::new(), is_here: self.is_here })
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

    /// The top of the work tree; nothing when it is bare.
    pub(crate) fn work_tree(&self) -> Option<PathBuf> {
        self.repository.workdir().map(Path::to_owned)
    }

    /// What a commit has at a path, and its bytes when it is a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn file_of(&self, commit: &Id, path: &str) -> Result<Option<(EntryKind, Vec<u8>)>, String> {
        let bytes = |(kind, id)| match kind {
            EntryKind::File => Ok((kind, self.repository.find_blob(id)?.content().to_vec())),
            EntryKind::Link | EntryKind::Folder | EntryKind::Submodule => Ok((kind, Vec::new())),
        };
        if_there(self.entry_of(commit, path).and_then(bytes))
    }

    /// What a commit has at a path.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn kind_at(&self, commit: &Id, path: &str) -> Result<Option<EntryKind>, String> {
        if_there(self.entry_of(commit, path).map(|(kind, _)| kind))
    }

    fn entry_of(&self, commit: &Id, path: &str) -> Result<(EntryKind, git2::Oid), git2::Error> {
        lib_point()?;
        let tree = self.repository.find_commit(git2::Oid::from_bytes(commit)?)?.tree()?;
        let entry = tree.get_path(Path::new(path))?;
        Ok((EntryKind::of(u32::try_from(entry.filemode_raw()).unwrap_or_default()), entry.id()))
    }

    /// The ids of all objects, of those that cannot be read too.
    pub(crate) fn ids(&self) -> Result<Vec<Id>, String> {
        let mut ids = Vec::new();
        let each = |id: &git2::Oid| {
            ids.extend(id.as_bytes().first_chunk());
            true
        };
        let listed = lib_point().and_then(|()| self.repository.odb()?.foreach(each));
        listed.map_err(|error| error.message().to_owned())?;
        Ok(ids)
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, id: &Id) -> bool {
        let oid = git2::Oid::from_bytes(id);
        oid.is_ok_and(|oid| self.repository.odb().is_ok_and(|odb| odb.exists(oid)))
    }

    /// Reads an object by libgit2, which never comes back from some that are damaged.
    pub(super) fn read_by_libgit2(&self, id: &Id) -> Result<(Kind, Vec<u8>), Trouble> {
        let read = || {
            lib_point()?;
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
        let is_listed = lib_point().and_then(|()| harmless_refs(self.common()));
        match is_listed.and_then(|()| self.repository.references()) {
            Ok(references) => {
                for reference in references {
                    match reference {
                        Ok(reference) => {
                            let name = reference.name_bytes().to_vec();
                            match self.pointed_to(&reference) {
                                // A symbolic ref to a branch that is not there holds nothing.
                                Ok(target) => all.extend(target.map(|target| Reference { name, target })),
                                Err(reason) => told.push((name, reason)),
                            }
                        }
                        Err(error) => told.push((b"refs".to_vec(), error.message().to_owned())),
                    }
                }
            }
            Err(error) => told.push((b"refs".to_vec(), error.message().to_owned())),
        }
        match reference::target(self.path(), self.common(), "HEAD") {
            Ok(head) => all.extend(head.map(|target| Reference { name: b"HEAD".to_vec(), target })),
            Err(reason) => told.push((b"HEAD".to_vec(), reason)),
        }
        self.broken_references(told);
        all.extend(self.references_of_worktrees(told));
        all.into_iter().collect()
    }

    fn pointed_to(&self, reference: &git2::Reference<'_>) -> Result<Option<Id>, String> {
        if !reference.name().is_ok_and(git2::Reference::is_valid_name) {
            return Err("no ref may have such a name".into());
        }
        match (reference.target(), reference.symbolic_target()) {
            (Some(target), _) => Ok(target.as_bytes().first_chunk().copied()),
            (None, Ok(Some(name))) => reference::target(self.path(), self.common(), name),
            (None, _) => Err("it names no ref".into()),
        }
    }

    /// Tells of files that lie where refs do and hold none: libgit2 passes over them.
    fn broken_references(&self, told: &mut Vec<(Vec<u8>, String)>) {
        for path in self.files_below(vec![self.common().join("refs")], told) {
            if path.extension().is_none_or(|extension| extension != "lock") && !is_reference(&path) {
                told.push((self.shown(&path), "it is no ref: `git fsck` says more".to_owned()));
            }
        }
    }

    /// The files in folders, and in those below them.
    fn files_below(&self, mut folders: Vec<PathBuf>, told: &mut Vec<(Vec<u8>, String)>) -> Vec<PathBuf> {
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            let is_folder = |path: &PathBuf| path.symlink_metadata().is_ok_and(|found| found.is_dir());
            let (below, here): (Vec<_>, Vec<_>) = self.listed(&folder, told).into_iter().partition(is_folder);
            folders.extend(below);
            files.extend(here);
        }
        files
    }

    /// What is in a folder. It is told when that cannot be listed.
    fn listed(&self, folder: &Path, told: &mut Vec<(Vec<u8>, String)>) -> Vec<PathBuf> {
        let listed = fault::point().and_then(|()| std::fs::read_dir(folder));
        let listed = listed.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        listed.unwrap_or_else(|error: io::Error| {
            if !is_absent(&error) {
                told.push((self.shown(folder), format!("it cannot be listed: {error}")));
            }
            Vec::new()
        })
    }

    /// A path within the repository, as it is told.
    fn shown(&self, path: &Path) -> Vec<u8> {
        path_bytes(path.strip_prefix(self.common()).unwrap_or(path))
    }

    /// The heads that linked worktrees have of their own, and their other refs: `refs/bisect` and the like.
    fn references_of_worktrees(&self, told: &mut Vec<(Vec<u8>, String)>) -> Vec<Reference> {
        let folders = self.listed(&self.common().join("worktrees"), told);
        let mut files: Vec<PathBuf> = folders.iter().map(|folder| folder.join("HEAD")).collect();
        files.extend(self.files_below(folders.iter().map(|folder| folder.join("refs")).collect(), told));
        let reference = |file: PathBuf| {
            let text = read_regular(&file, 4096);
            let text = text.map_err(|error| told.push((self.shown(&file), error.to_string()))).ok()?;
            Some(Reference { target: from_hex(text.trim_ascii())?, name: self.shown(&file) })
        };
        files.into_iter().filter_map(reference).collect()
    }

    /// Whether there is a ref of that name, and what it points to.
    pub(crate) fn has_reference(&self, name: &str) -> bool {
        self.target(name).is_ok_and(|id| id.is_some_and(|id| self.exists(&id)))
    }

    /// The branch that the HEAD of a remote points to, as far as this clone was told.
    pub(crate) fn default_branch(&self, remote: &str) -> Option<String> {
        let head = self.repository.find_reference(&format!("refs/remotes/{remote}/HEAD")).ok()?;
        let target = head.symbolic_target().ok()??;
        target.strip_prefix(&format!("refs/remotes/{remote}/")).map(str::to_owned)
    }

    /// The stashes, the latest first. It is told when their log cannot be read.
    pub(crate) fn stashes(&self, told: &mut Vec<(Vec<u8>, String)>) -> Vec<Id> {
        let log = read_regular(&self.common().join("logs/refs/stash"), LARGEST).unwrap_or_else(|error| {
            if !is_absent(&error) {
                told.push((b"logs/refs/stash".to_vec(), error.to_string()));
            }
            Vec::new()
        });
        let lines = log.split(|&byte| byte == b'\n');
        let mut ids: Vec<Id> = lines.filter_map(|line| from_hex(line.split(|&byte| byte == b' ').nth(1)?)).collect();
        ids.reverse();
        ids
    }

    /// The commits behind which a shallow clone has nothing.
    pub(crate) fn shallow(&self) -> BTreeSet<Id> {
        let named = std::env::var_os("GIT_SHALLOW_FILE").filter(|_| self.is_here).map(PathBuf::from);
        let file = named.unwrap_or_else(|| self.common().join("shallow"));
        let file = read_regular(&file, LARGEST).unwrap_or_default();
        file.split(|&byte| byte == b'\n').filter_map(from_hex).collect()
    }

    /// Whether there are others of which git may have copies.
    pub(crate) fn has_remotes(&self) -> bool {
        self.repository.remotes().is_ok_and(|names| !names.is_empty())
    }

    /// The address of the remote that it was cloned from, without what is nobody else's business.
    pub(crate) fn public_url(&self) -> Option<String> {
        let names = self.repository.remotes().ok()?;
        let only = if names.len() == 1 { names.get(0).ok().flatten() } else { None };
        let remote = self.repository.find_remote(only.unwrap_or("origin")).ok()?;
        remote::public_url(remote.url().ok()?)
    }

    /// The commit that HEAD points to, and the branch when it is on one.
    pub(crate) fn head(&self) -> (Option<Id>, Option<String>) {
        let head = self.repository.find_reference("HEAD").ok();
        let target = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
        let branch = target.and_then(|target| target.strip_prefix("refs/heads/")).map(str::to_owned);
        (self.target("HEAD").ok().flatten(), branch)
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

    /// What a ref points to.
    pub(super) fn target(&self, name: &str) -> Result<Option<Id>, &'static str> {
        reference::target(self.path(), self.common(), name).map_err(|_| UNREADABLE)
    }

    /// Whether there is an object, whole or not.
    pub(super) fn exists(&self, id: &Id) -> bool {
        let folders = self.folders();
        folders.has(id) || folders.refused().is_empty() && self.has(id)
    }

    /// Reads an object.
    pub(crate) fn read(&self, id: &Id) -> Result<(Kind, Vec<u8>), Trouble> {
        match self.folders().read(id) {
            Err(Trouble::Missing) if self.folders().refused().is_empty() => self.read_by_libgit2(id),
            read => read,
        }
    }

    /// The same, but for a blob that is too large to be held.
    pub(crate) fn read_unless_large(&self, id: &Id) -> Option<(Kind, Vec<u8>)> {
        match self.folders().read_up_to(id, MOST_HELD) {
            Some(read) => read.ok(),
            None if self.folders().has(id) => None,
            None => self.read(id).ok(),
        }
    }

    /// Hands over what a blob holds.
    pub(crate) fn with_blob<T>(&self, id: &Id, take: impl FnOnce(Content<'_>) -> T) -> Option<T> {
        match self.read_unless_large(id) {
            Some((kind, bytes)) => (kind == Kind::Blob).then(|| take(Content::Bytes(&bytes))),
            None => match self.folders().stream(id)?.ok()? {
                (Kind::Blob, mut stream) => Some(take(Content::Stream(&mut stream))),
                _ => None,
            },
        }
    }

    /// The object whose id begins like that.
    pub(super) fn abbreviated(&self, front: &str) -> Result<Option<Id>, &'static str> {
        if !(4..40).contains(&front.len()) || !front.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        if !self.folders().refused().is_empty() {
            return Err(UNREADABLE);
        }
        lib_point().map_err(|_| UNREADABLE)?;
        let find = || self.repository.odb()?.exists_prefix(git2::Oid::from_str(front)?, front.len());
        match find() {
            Ok(id) => Ok(id.as_bytes().first_chunk().copied()),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(why(&error)),
        }
    }

    /// What a revision names that is written in one of the rarer ways: `@{upstream}`, `:/text`.
    pub(super) fn named_by_libgit2(&self, name: &str) -> Result<Id, &'static str> {
        self.check_for_libgit2()?;
        let object = self.repository.revparse_single(name).map_err(|error| why(&error))?;
        object.id().as_bytes().first_chunk().copied().ok_or(UNREADABLE)
    }

    /// The commits that two have in common, the latest ones.
    pub(super) fn merge_bases(&self, one: &Id, other: &Id) -> Result<Vec<Id>, &'static str> {
        self.check_for_libgit2()?;
        let find = || self.repository.merge_bases(git2::Oid::from_bytes(one)?, git2::Oid::from_bytes(other)?);
        match find() {
            Ok(bases) => Ok(bases.iter().filter_map(|base| base.as_bytes().first_chunk().copied()).collect()),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(Vec::new()),
            Err(error) => Err(why(&error)),
        }
    }

    /// libgit2 never comes back from a loose object that is cut short, nor from a pipe among packs.
    fn check_for_libgit2(&self) -> Result<(), &'static str> {
        let mut told = self.folders().refused().to_vec();
        let loose = self.folders().loose(&mut told);
        let is_whole = told.is_empty() && loose.iter().all(|id| self.folders().read(id).is_ok());
        if is_whole { Ok(()) } else { Err(": it cannot be looked up while objects are damaged") }
    }

    fn folders(&self) -> &Folders {
        self.folders.get_or_init(|| Folders::open(self.common(), false))
    }
}

/// What was looked up: nothing where there is no such thing.
fn if_there<T>(found: Result<T, git2::Error>) -> Result<Option<T>, String> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error.message().to_owned()),
    }
}

/// Whether libgit2 can open the repository that a folder is or lies in.
pub(super) fn harmless(folder: &Path) -> Result<(), git2::Error> {
    own_files::check_around(folder).map_err(|reason| git2::Error::from_str(&reason))
}

/// Whether libgit2 can list the refs.
pub(super) fn harmless_refs(common: &Path) -> Result<(), git2::Error> {
    match own_files::large_ref(common) {
        Some(path) => Err(git2::Error::from_str(&format!("{} is too large to be one", path.display()))),
        None => Ok(()),
    }
}

/// A call of libgit2's that may fail.
pub(super) fn lib_point() -> Result<(), git2::Error> {
    fault::point().map_err(|error| git2::Error::from_str(&error.to_string()))
}

/// Whether a file is a ref, or a link to one.
fn is_reference(path: &Path) -> bool {
    if path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
        return path.metadata().is_ok_and(|found| found.is_file());
    }
    let text = read_regular(path, 4096).unwrap_or_default();
    text.starts_with(b"ref:") || text.get(..40).and_then(from_hex).is_some()
}

/// Why a revision is unknown. libgit2's own words repeat the revision in small letters.
fn why(error: &git2::Error) -> &'static str {
    match error.code() {
        git2::ErrorCode::NotFound => "",
        git2::ErrorCode::Ambiguous => ": it may be one of several",
        git2::ErrorCode::InvalidSpec => ": it is not written as git does",
        _ => UNREADABLE,
    }
}

//! A repository on disk: where it is, which files it tracks, and its objects. The only file that names
//! git2.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use data_encoding::HEXLOWER;
use git2::{ConfigLevel, ErrorCode, ObjectType, RepositoryOpenFlags};

use super::folders::Folders;
use super::index::Index;
use super::message::Cleanup;
use super::object;
use super::pack::MOST_HELD;
use super::repository::{UNKNOWN_KIND, harmless, harmless_refs, is_unknown_kind, lib_point};
use super::{EntryKind, Id, Kind, Trouble, lender, reference, tree};
use crate::file::{Bytes, map_regular, read_regular};

/// The most bytes an index may have: some ten million entries.
const LARGEST_INDEX: u64 = 2 << 30;
/// The most bytes a repository's config may have.
const LARGEST_CONFIG: u64 = 4 << 20;

/// A repository with a work tree.
#[derive(Debug)]
pub(crate) struct Repo {
    root: PathBuf,
    tracked: OnceLock<Result<Tracked, String>>,
}

/// The files a repository tracks.
#[derive(Debug, Default)]
struct Tracked {
    /// In order of their bytes.
    paths: Vec<Vec<u8>>,
    files: HashSet<Vec<u8>>,
}

impl Repo {
    /// The repository whose work tree a folder is or lies in.
    pub(crate) fn around(folder: &Path) -> Option<Repo> {
        folder.ancestors().find(|folder| is_root(folder)).map(Repo::at)
    }

    /// The repository whose work tree begins at a folder that has a `.git`.
    pub(crate) fn at(root: &Path) -> Repo {
        Repo { root: root.to_owned(), tracked: OnceLock::new() }
    }

    /// The top of its work tree.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file with ignore rules that are this clone's own.
    pub(crate) fn exclude_file(&self) -> PathBuf {
        let git = git_dir(&self.root);
        common_dir(git).join("info/exclude")
    }

    /// Whether git tracks a file, or anything in a folder (a path that ends with `/`), given
    /// relative to the root.
    ///
    /// # Errors
    /// What is wrong with the index, when it cannot be read.
    pub(crate) fn tracks(&self, path: &[u8]) -> Result<bool, &str> {
        let tracked = self.tracked.get_or_init(|| self.read_tracked()).as_ref().map_err(String::as_str)?;
        Ok(if path.ends_with(b"/") {
            let after = tracked.paths.partition_point(|known| known.as_slice() < path);
            // Of a submodule the index has the folder itself.
            tracked.paths.get(after).is_some_and(|known| known.starts_with(path))
                || tracked.files.contains(&path[..path.len() - 1])
        } else {
            tracked.files.contains(path)
        })
    }

    /// The folders in which git tracks a file of one of these names, in order: empty for the top, else with a `/`
    /// behind.
    pub(crate) fn folders_with(&self, names: &[&str]) -> Vec<String> {
        self.with_index(|index| folders_with(index, names)).ok().flatten().unwrap_or_default()
    }

    /// The ids of the blobs that the index has at these paths.
    pub(crate) fn staged(&self, paths: &BTreeSet<Vec<u8>>) -> HashMap<Vec<u8>, Id> {
        let wanted = |index: &Index<'_>| {
            let entries = index.entries.iter().filter(|entry| paths.contains(&*entry.path));
            entries.filter_map(|entry| Some((entry.path.to_vec(), entry.id.try_into().ok()?))).collect()
        };
        self.with_index(wanted).ok().flatten().unwrap_or_default()
    }

    fn read_tracked(&self) -> Result<Tracked, String> {
        let tracked = |index: &Index<'_>| {
            let mut paths: Vec<Vec<u8>> = index.entries.iter().map(|entry| entry.path.into_owned()).collect();
            paths.dedup();
            let files = paths.iter().cloned().collect();
            Tracked { paths, files }
        };
        Ok(self.with_index(tracked)?.unwrap_or_default())
    }

    /// Reads the index, if there is one.
    fn with_index<T>(&self, take: impl FnOnce(&Index<'_>) -> T) -> Result<Option<T>, String> {
        let file = git_dir(&self.root).join("index");
        let bytes = match map_regular(&file, LARGEST_INDEX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let config = read_regular(&common_dir(git_dir(&self.root)).join("config"), LARGEST_CONFIG);
        let config = config.map_err(|error| format!("config: {error}"))?;
        let shared = OnceCell::new();
        let index = Index::read(&bytes, id_length(&config), |name| shared_index(&file, name, &shared))?;
        Ok(Some(take(&index)))
    }
}

fn folders_with(index: &Index<'_>, names: &[&str]) -> Vec<String> {
    let folder = |path: Cow<'_, [u8]>| {
        let path = std::str::from_utf8(&path).ok()?;
        let all = names.iter().filter_map(|name| path.strip_suffix(name));
        let all = all.filter(|folder| folder.is_empty() || folder.ends_with('/'));
        all.min_by_key(|folder| folder.len()).map(str::to_owned)
    };
    let found: BTreeSet<String> = index.entries.iter().filter_map(|entry| folder(entry.path)).collect();
    found.into_iter().collect()
}

/// The shared part of a split index, which lies next to it.
fn shared_index<'a>(index: &Path, name: &str, bytes: &'a OnceCell<Bytes>) -> Option<&'a [u8]> {
    let read = map_regular(&index.with_file_name(name), LARGEST_INDEX).ok()?;
    Some(bytes.get_or_init(|| read))
}

/// A repository that was opened to read what is in it, as the environment names it: the way git tells
/// the hooks it runs which one they are about.
pub(crate) struct OpenRepo {
    inner: git2::Repository,
    root: PathBuf,
    folders: Arc<OnceLock<Folders>>,
}

/// What a blob holds.
pub(crate) enum Content<'a> {
    Bytes(&'a [u8]),
    /// The means to read it: it is large.
    Stream(&'a mut dyn Read),
}

impl OpenRepo {
    /// The repository around the working directory, or the one that the environment names.
    ///
    /// # Errors
    /// Why there is none, or none that can be read.
    pub(crate) fn current() -> Result<OpenRepo, String> {
        let inner = lib_point().and_then(|()| open_current()).map_err(|error| told(&error))?;
        check_common_dir(&inner)?;
        add_object_folders(&inner)?;
        let root = work_tree(&inner);
        let root = fs::canonicalize(&root).map_err(|error| format!("{}: {error}", root.display()))?;
        Ok(OpenRepo { inner, root, folders: Arc::default() })
    }

    /// The same once more, for another thread.
    pub(crate) fn again(&self) -> Result<OpenRepo, String> {
        let inner = lib_point().and_then(|()| git2::Repository::open(self.inner.path()));
        let inner = inner.map_err(|error| told(&error))?;
        add_object_folders(&inner)?;
        Ok(OpenRepo { inner, root: self.root.clone(), folders: Arc::clone(&self.folders) })
    }

    /// The top of the work tree.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The index that git means, as it lies on disk; empty when there is none yet.
    pub(super) fn read_index(&self) -> Result<IndexFile, String> {
        let named = environment("GIT_INDEX_FILE");
        let path = named.as_ref().map_or_else(|| self.inner.path().join("index"), |named| self.root.join(named));
        match map_regular(&path, LARGEST_INDEX) {
            Ok(bytes) => Ok(IndexFile { path, bytes: Some(bytes), shared: OnceCell::new() }),
            Err(_) if named.is_none() && self.inner.is_bare() => Err("a bare repository has no index".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => Ok(IndexFile::default()),
            Err(error) => Err(format!("cannot read the index {}: {error}", path.display())),
        }
    }

    /// The tree of the commit that the next one follows; nothing before the first.
    pub(super) fn head(&self) -> Result<Option<Vec<u8>>, String> {
        let head = reference::target(self.git_dir(), self.common_dir(), "HEAD");
        let tree = |id: Id| {
            let commit = self.object(&id, Kind::Commit)?;
            object::Commit::parse(&commit).tree.ok_or_else(|| "it names no tree".to_owned())
        };
        let head = head.and_then(|head| head.map(tree).transpose());
        head.map(|tree| tree.map(|tree| tree.to_vec())).map_err(|reason| format!("cannot read HEAD: {reason}"))
    }

    /// What a tree holds.
    pub(super) fn tree(&self, id: &[u8]) -> Result<Vec<tree::Entry>, String> {
        let text = self.object(id, Kind::Tree)?;
        tree::entries(&text, id.len()).ok_or_else(|| unreadable(Kind::Tree, id, "it is damaged"))
    }

    /// Hands over what a blob holds.
    pub(crate) fn with_blob<T>(&self, id: &[u8], take: impl FnOnce(Content<'_>) -> T) -> Result<T, String> {
        let said = |reason: &str| unreadable(Kind::Blob, id, reason);
        let known = id.first_chunk().and_then(|id| self.folders().read_up_to(id, MOST_HELD));
        match known {
            Some(Ok((Kind::Blob, bytes))) => return Ok(take(Content::Bytes(&bytes))),
            Some(Ok((kind, _))) => return Err(said(&format!("it is a {}", kind.as_str()))),
            Some(Err(reason)) => return Err(said(&reason)),
            None => {}
        }
        match id.first_chunk().and_then(|id| self.folders().stream(id)) {
            Some(Ok((Kind::Blob, mut stream))) => return Ok(take(Content::Stream(&mut stream))),
            Some(Ok((kind, _))) => return Err(said(&format!("it is a {}", kind.as_str()))),
            Some(Err(reason)) => return Err(said(&reason)),
            None => self.check_for_libgit2().map_err(|reason| said(&reason))?,
        }
        let read = || {
            lib_point()?;
            let (odb, id) = (self.inner.odb()?, git2::Oid::from_bytes(id)?);
            let (_, kind) = odb.read_header(id)?;
            if kind != ObjectType::Blob {
                return Err(git2::Error::from_str(&format!("it is a {kind}")));
            }
            Ok(take(Content::Bytes(odb.read(id)?.data())))
        };
        read().map_err(|error| said(error.message()))
    }

    /// The folders in which the index has a file of one of these names, as [`Repo::folders_with`] has them.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn folders_with(&self, names: &[&str]) -> Result<Vec<String>, String> {
        Ok(folders_with(&self.read_index()?.index()?, names))
    }

    /// What the index has at a path, and the content of it when that is a file.
    ///
    /// # Errors
    /// It cannot be read, or is large.
    pub(crate) fn staged_file(&self, path: &str) -> Result<Option<(EntryKind, Vec<u8>)>, String> {
        match self.staged_entry(path)? {
            Some((EntryKind::File, id)) => {
                let bytes = self.small_blob(&id).ok_or("it is large, or cannot be read")?;
                Ok(Some((EntryKind::File, bytes)))
            }
            other => Ok(other.map(|(kind, _)| (kind, Vec::new()))),
        }
    }

    /// What the index has at a path.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn staged_kind(&self, path: &str) -> Result<Option<EntryKind>, String> {
        Ok(self.staged_entry(path)?.map(|(kind, _)| kind))
    }

    fn staged_entry(&self, path: &str) -> Result<Option<(EntryKind, Vec<u8>)>, String> {
        let file = self.read_index()?;
        let index = file.index()?;
        let entry = index.entries.at(path.as_bytes()).find(|entry| !entry.is_intent);
        Ok(entry.map(|entry| (EntryKind::of(entry.mode), entry.id.to_vec())))
    }

    /// The bytes of a blob, unless it is large or not there.
    pub(crate) fn small_blob(&self, id: &[u8]) -> Option<Vec<u8>> {
        let blob = self.with_blob(id, |content| match content {
            Content::Bytes(bytes) => Some(bytes.to_vec()),
            Content::Stream(_) => None,
        });
        blob.ok().flatten()
    }

    /// Whether there is an object of that id.
    pub(super) fn has(&self, id: &str) -> bool {
        git2::Oid::from_str(id).is_ok_and(|id| self.inner.odb().is_ok_and(|odb| odb.exists(id)))
    }

    /// The ids that our copies of a remote's refs point to; it may be named by its address.
    pub(super) fn tracking(&self, remote: &str) -> Result<Vec<String>, String> {
        let names = lib_point().and_then(|()| self.inner.remotes()).map_err(|error| told(&error))?;
        let names = names.iter().flatten().flatten();
        let is_it = |name: &&str| {
            let address = self.inner.find_remote(name).ok();
            *name == remote || address.is_some_and(|found| found.url().is_ok_and(|url| url == remote))
        };
        let mut ids = Vec::new();
        for name in names.filter(is_it) {
            ids.extend(self.tips(&format!("refs/remotes/{name}/*"))?);
        }
        Ok(ids)
    }

    /// The ids that refs point to.
    pub(super) fn tips(&self, pattern: &str) -> Result<Vec<String>, String> {
        lib_point().map_err(|error| told(&error))?;
        let references = harmless_refs(self.common_dir())
            .and_then(|()| self.inner.references_glob(pattern))
            .map_err(|error| told(&error))?;
        // A symbolic ref points to another of them.
        Ok(references.flatten().filter_map(|reference| reference.target()).map(|id| id.to_string()).collect())
    }

    /// The repository's own folder.
    pub(crate) fn git_dir(&self) -> &Path {
        self.inner.path()
    }

    /// What linked worktrees share.
    pub(crate) fn common_dir(&self) -> &Path {
        self.inner.commondir()
    }

    /// The folder that is set for hooks, and whether this repository set it.
    pub(crate) fn hooks_setting(&self) -> Option<(PathBuf, bool)> {
        let config = self.inner.config().and_then(|mut config| config.snapshot()).ok()?;
        let level = config.get_entry(HOOKS_PATH).ok()?.level();
        Some((config.get_path(HOOKS_PATH).ok()?, matches!(level, ConfigLevel::Local | ConfigLevel::Worktree)))
    }

    /// What git takes out of the messages of commits in the repository around us, or anywhere. It sets
    /// an editor that does nothing when it does not start one.
    pub(crate) fn cleanup() -> Cleanup {
        let config = lib_point().and_then(|()| match open_current() {
            Ok(repo) => repo.config(),
            Err(error) if error.code() == ErrorCode::NotFound => git2::Config::open_default(),
            Err(error) => Err(error),
        });
        // Where it is not known what git takes out, nothing is.
        let Ok(config) = config.and_then(|mut config| config.snapshot()) else { return Cleanup::none() };
        let setting = |name: &str| config.get_string(name).ok();
        Cleanup::new(setting, environment("GIT_EDITOR").is_none_or(|editor| editor != ":"))
    }

    fn object(&self, id: &[u8], wanted: Kind) -> Result<Vec<u8>, String> {
        let said = |reason: &str| unreadable(wanted, id, reason);
        let own = id.first_chunk().ok_or_else(|| said("its id is of another length"))?;
        match self.folders().read(own) {
            Ok((kind, bytes)) if kind == wanted => return Ok(bytes),
            Ok((kind, _)) => return Err(said(&format!("it is a {}", kind.as_str()))),
            Err(Trouble::Damaged(reason)) => return Err(said(&reason)),
            Err(Trouble::Missing) => self.check_for_libgit2().map_err(|reason| said(&reason))?,
        }
        let read = || {
            lib_point()?;
            let (odb, id) = (self.inner.odb()?, git2::Oid::from_bytes(id)?);
            let object = odb.read(id)?;
            let is_wanted = object.kind().str() == wanted.as_str();
            if is_wanted { Ok(object.data().to_vec()) } else { Err(git2::Error::from_str("it is of another kind")) }
        };
        read().map_err(|error| said(error.message()))
    }

    /// libgit2 is asked for what came after we looked. From a pipe among packs it never comes back.
    fn check_for_libgit2(&self) -> Result<(), String> {
        match self.folders().refused().first() {
            None => Ok(()),
            Some((name, reason)) => Err(format!("{}: {reason}", String::from_utf8_lossy(name))),
        }
    }

    fn folders(&self) -> &Folders {
        self.folders.get_or_init(|| Folders::open(self.inner.commondir(), false))
    }
}

fn unreadable(kind: Kind, id: &[u8], reason: &str) -> String {
    format!("cannot read the {} {}: {reason}", kind.as_str(), HEXLOWER.encode(id))
}

/// A file with an index, and the one with its shared part, once it was asked for.
#[derive(Debug, Default)]
pub(super) struct IndexFile {
    path: PathBuf,
    /// Nothing before anything was staged.
    bytes: Option<Bytes>,
    shared: OnceCell<Bytes>,
}

impl IndexFile {
    /// What is in it.
    pub(super) fn index(&self) -> Result<Index<'_>, String> {
        let Some(bytes) = &self.bytes else { return Ok(Index::default()) };
        let shared = |name: &str| shared_index(&self.path, name, &self.shared);
        // libgit2 refuses repositories with ids of another length.
        Index::read(bytes, SHA1, shared).map_err(|reason| format!("{reason} ({})", self.path.display()))
    }
}

/// How many bytes an id has.
const SHA1: usize = 20;

const HOOKS_PATH: &str = "core.hooksPath";

/// The folder that is set for the hooks of all repositories.
pub(crate) fn global_hooks() -> Option<PathBuf> {
    let config = git2::Config::open_default().and_then(|mut config| config.snapshot()).ok()?;
    config.get_path(HOOKS_PATH).ok()
}

/// Sets that folder: a few lines at the end of the user's settings.
pub(crate) fn set_global_hooks(folder: &Path) -> Result<(), String> {
    if global_hooks().is_some_and(|set| set == folder) {
        return Ok(());
    }
    let file = global_config()?;
    let before = read_settings(&file)?;
    let after = [&before[..], &setting_of(folder, before.is_empty() || before.ends_with(b"\n"))].concat();
    fs::write(&file, after).map_err(|error| format!("cannot write {}: {error}", file.display()))
}

/// Takes these lines out again.
pub(crate) fn unset_global_hooks(folder: &Path) -> Result<(), String> {
    let file = global_config()?;
    let before = read_settings(&file)?;
    for is_at_line in [true, false] {
        let ours = setting_of(folder, is_at_line);
        let Some(at) = memchr::memmem::find(&before, &ours) else { continue };
        let after = [&before[..at], &before[at + ours.len()..]].concat();
        let written = if after.is_empty() { fs::remove_file(&file) } else { fs::write(&file, after) };
        return written.map_err(|error| format!("cannot write {}: {error}", file.display()));
    }
    Ok(())
}

/// The lines, after a line that has an end, or with one for the line before.
fn setting_of(folder: &Path, is_at_line: bool) -> Vec<u8> {
    let folder = folder.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    let head = if is_at_line {
        "# By `skant install --global`.\n"
    } else {
        "\n# By `skant install --global`, as is the line's end.\n"
    };
    format!("{head}[core]\n\thooksPath = \"{folder}\"\n").into_bytes()
}

fn read_settings(file: &Path) -> Result<Vec<u8>, String> {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|error| format!("cannot read {}: {error}", file.display())),
    }
}

/// The file that git writes a user's settings to.
fn global_config() -> Result<PathBuf, String> {
    if let Some(named) = environment("GIT_CONFIG_GLOBAL") {
        return Ok(named.into());
    }
    let home = environment("HOME").map(PathBuf::from).ok_or("there is no home directory")?;
    let usual = home.join(".gitconfig");
    let other = environment("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from).join("git/config");
    Ok(if !usual.exists() && other.exists() { other } else { usual })
}

/// Writes an index with one file, and that file's content, into a folder, as `index` and `objects`.
pub(crate) fn plant(folder: &Path, path: &str, content: &[u8]) -> Result<(), String> {
    let plant = || {
        let id = git2::Repository::init_bare(folder)?.blob(content)?;
        let mut index = git2::Index::open(&folder.join("index"))?;
        index.add(&git2::IndexEntry {
            ctime: git2::IndexTime::new(0, 0),
            mtime: git2::IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode: 0o100_644,
            uid: 0,
            gid: 0,
            file_size: u32::try_from(content.len()).unwrap_or_default(),
            id,
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        })?;
        index.write()
    };
    plant().map_err(|error: git2::Error| error.message().to_owned())
}

/// A variable that says something.
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Refuses a repository of which the environment says that it shares its objects and refs with another than its own files
/// say: libgit2 would read these.
pub(super) fn check_common_dir(repository: &git2::Repository) -> Result<(), String> {
    let Some(named) = std::env::var_os("GIT_COMMON_DIR") else { return Ok(()) };
    let is_it = fs::canonicalize(&named).and_then(|named| Ok(named == fs::canonicalize(repository.commondir())?));
    if is_it.unwrap_or_default() {
        return Ok(());
    }
    let (named, own) = (Path::new(&named).display(), repository.commondir().display());
    Err(format!("GIT_COMMON_DIR names {named}, and the repository's own files {own}: such a one cannot be read yet"))
}

fn open_current() -> Result<git2::Repository, git2::Error> {
    let nothing: [&OsStr; 0] = [];
    match environment("GIT_DIR") {
        Some(named) => {
            harmless(Path::new(&named))?;
            git2::Repository::open_ext(named, RepositoryOpenFlags::NO_SEARCH, nothing)
        }
        None => {
            let ceiling = environment("GIT_CEILING_DIRECTORIES").unwrap_or_default();
            let ceiling: Vec<PathBuf> = std::env::split_paths(&ceiling).collect();
            harmless(Path::new("."))?;
            git2::Repository::open_ext(".", RepositoryOpenFlags::CROSS_FS, ceiling)
        }
    }
}

/// What libgit2 said, and the way out where there is one.
fn told(error: &git2::Error) -> String {
    match error.code() {
        ErrorCode::NotFound => "there is no git repository here".to_owned(),
        ErrorCode::Owner => {
            let said = error.message();
            format!("{said}; where that is as it should be, `git config --global --add safe.directory` says so")
        }
        _ if is_unknown_kind(error) => {
            format!("the repository is of a kind that cannot be read yet: {}; {UNKNOWN_KIND}", error.message())
        }
        _ => error.message().to_owned(),
    }
}

/// The top of the work tree, by git's rules: when the environment names the repository, that is where
/// we are.
fn work_tree(repo: &git2::Repository) -> PathBuf {
    if let Some(named) = environment("GIT_WORK_TREE") {
        return named.into();
    }
    let is_configured = || repo.config().and_then(|config| config.get_entry("core.worktree").map(drop)).is_ok();
    let folder = repo.workdir().filter(|_| environment("GIT_DIR").is_none() || is_configured());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// Adds the folders with objects that libgit2 does not know of: those of a push that is not accepted yet, which the
/// environment names, and those whose names are quoted.
pub(super) fn add_object_folders(repo: &git2::Repository) -> Result<(), String> {
    let own = environment("GIT_OBJECT_DIRECTORY").map(PathBuf::from);
    for folder in own.into_iter().chain(lender::named()) {
        let folder = folder.to_str().ok_or_else(|| format!("{}: not UTF-8", folder.display()))?;
        add_object_folder(repo, folder)?;
    }
    // libgit2 waits for a list that is a pipe. What it does not get, our own readers have all the same.
    let mut told = Vec::new();
    let folders = lender::all(&common_dir(repo.path().to_owned()), &mut told);
    for folder in folders.iter().skip(1).filter_map(|folder| folder.to_str()).filter(|_| told.is_empty()) {
        let _ = add_object_folder(repo, folder);
    }
    Ok(())
}

fn add_object_folder(repo: &git2::Repository, folder: &str) -> Result<(), String> {
    let added = repo.odb().and_then(|odb| odb.add_disk_alternate(folder));
    added.map_err(|error| format!("cannot read the objects in {folder}: {}", error.message()))
}

/// What linked worktrees share: the folder that a repository's own folder names, or itself.
pub(super) fn common_dir(git: PathBuf) -> PathBuf {
    let named = read_regular(&git.join("commondir"), 4096).ok().and_then(|text| String::from_utf8(text).ok());
    match named {
        Some(path) => git.join(path.trim_end()),
        None => git,
    }
}

/// How many bytes an object's id has, by the repository's config.
fn id_length(config: &[u8]) -> usize {
    let config = config.to_ascii_lowercase();
    let words: Vec<&[u8]> =
        config.split(|byte| byte.is_ascii_whitespace() || *byte == b'=').filter(|word| !word.is_empty()).collect();
    if words.windows(2).any(|pair| pair == [&b"objectformat"[..], b"sha256"]) { 32 } else { 20 }
}

fn is_root(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

/// The repository's own folder, which `.git` is or names (`gitdir: PATH`).
pub(super) fn git_dir(root: &Path) -> PathBuf {
    let git = root.join(".git");
    let named = read_regular(&git, 4096).ok().and_then(|text| String::from_utf8(text).ok());
    match named.as_deref().and_then(|text| text.strip_prefix("gitdir: ")) {
        Some(path) => root.join(path.trim_end()),
        None => git,
    }
}

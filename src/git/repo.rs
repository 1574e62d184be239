//! A repository on disk: where it is, and which files it tracks. The only file that names git2.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::index;
use crate::file::read_regular;

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
            tracked.paths.get(after).is_some_and(|known| known.starts_with(path))
        } else {
            tracked.files.contains(path)
        })
    }

    fn read_tracked(&self) -> Result<Tracked, String> {
        let file = git_dir(&self.root).join("index");
        let bytes = match read_regular(&file, LARGEST_INDEX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Tracked::default()),
            Err(error) => return Err(error.to_string()),
        };
        let config = read_regular(&common_dir(git_dir(&self.root)).join("config"), LARGEST_CONFIG);
        let config = config.map_err(|error| format!("config: {error}"))?;
        let paths = match index::paths(&bytes, id_length(&config)) {
            Ok(paths) => paths,
            Err(index::Unreadable) => self.tracked_by_libgit2().map_err(|error| error.message().to_owned())?,
        };
        let files = paths.iter().cloned().collect();
        Ok(Tracked { paths, files })
    }

    fn tracked_by_libgit2(&self) -> Result<Vec<Vec<u8>>, git2::Error> {
        let index = git2::Repository::open(&self.root)?.index()?;
        let mut paths: Vec<Vec<u8>> = index.iter().map(|entry| entry.path).collect();
        paths.sort();
        Ok(paths)
    }
}

/// What linked worktrees share: the folder that a repository's own folder names, or itself.
fn common_dir(git: PathBuf) -> PathBuf {
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
fn git_dir(root: &Path) -> PathBuf {
    let git = root.join(".git");
    let named = read_regular(&git, 4096).ok().and_then(|text| String::from_utf8(text).ok());
    match named.as_deref().and_then(|text| text.strip_prefix("gitdir: ")) {
        Some(path) => root.join(path.trim_end()),
        None => git,
    }
}

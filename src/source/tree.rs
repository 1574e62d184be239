//! Files and folders as they lie on disk, walked in parallel.
//!
//! Hidden files are in, `.git` is out, symbolic links are not followed (their target text is
//! content), and nothing but regular files is opened. What an ignore rule matches is left out,
//! unless git tracks it or it was named.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::Scope;

use super::ignore_rules::{self, IgnoreRules};
use super::{Fate, Item, SHORTEST_SECRET, Source, Standing, Unknown, Visit, docker, reason};
use crate::blob::{Blob, Origin, path_bytes};
use crate::file;
use crate::folder::{self, Kind};
use crate::git::Repo;
use crate::ledger::{Cause, Exclusion, Unit};

/// How many files of one folder a thread takes at a time.
const BATCH: usize = 64;

/// Paths on disk.
#[derive(Debug)]
pub struct Tree {
    /// Files and folders; a link that is named is followed.
    paths: Vec<PathBuf>,
    no_ignore: bool,
    /// The working directory, by which paths outside of repositories are named.
    working: Option<PathBuf>,
    /// The root of the repository that the first path lies in.
    root: Option<PathBuf>,
    /// The files that were read, when there are several paths, which may hold each other.
    seen: Mutex<HashSet<PathBuf>>,
}

/// A folder that is being walked.
#[derive(Debug, Clone)]
struct Folder {
    path: PathBuf,
    /// How reports show what is in it: this, then the name.
    shown: Vec<u8>,
    repo: Option<Arc<Repo>>,
    /// Its root, where that is not the one of the scan.
    root: Option<Arc<Path>>,
    rules: IgnoreRules,
    /// Whether the folder is ignored, and walked for what git tracks in it.
    is_ignored: bool,
}

/// A folder whose files are being read.
struct Open {
    path: PathBuf,
    folder: folder::Folder,
    /// As its folder has it.
    root: Option<Arc<Path>>,
    repo: Option<Arc<Repo>>,
}

impl Source for Tree {
    fn name(&self) -> &'static str {
        "tree"
    }

    fn options(&self) -> Vec<&'static str> {
        if self.no_ignore { vec!["no-ignore"] } else { Vec::new() }
    }

    fn each(&self, visit: &Visit<'_>) {
        rayon::scope(|scope| {
            for path in &self.paths {
                if let Err(error) = self.named(path, visit, scope) {
                    visit(Item::Met(Unit::File, 1));
                    visit(Item::Missed(Unit::File, Cause::of(&error), path_bytes(path), reason(&error)));
                }
            }
        });
    }
}

impl Tree {
    /// These files and folders, ignored ones too when `no_ignore` says so. A link that is named is
    /// followed.
    pub fn new(paths: Vec<PathBuf>, no_ignore: bool) -> Tree {
        let working = std::env::current_dir().and_then(fs::canonicalize).ok();
        let first = paths.first().and_then(|path| fs::canonicalize(path).ok());
        let root = first.and_then(|first| Repo::around(&first)).map(|repo| repo.root().to_owned());
        Tree { paths, no_ignore, working, root, seen: Mutex::default() }
    }

    /// The folder that its paths are relative to: the root of the repository that the first path lies in,
    /// or the working directory.
    pub fn root(&self) -> &Path {
        self.root.as_deref().or(self.working.as_deref()).unwrap_or(Path::new("."))
    }

    /// The root of a repository, where that is not the one of the scan.
    fn other_root(&self, repo: Option<&Repo>) -> Option<Arc<Path>> {
        repo.map(Repo::root).filter(|root| Some(*root) != self.root.as_deref()).map(Arc::from)
    }

    /// The top of the repository that all of these paths lie in.
    pub fn repository(paths: &[PathBuf]) -> Option<PathBuf> {
        let mut roots = paths.iter().map(|path| {
            let path = fs::canonicalize(path).ok()?;
            let folder = if path.is_dir() { &*path } else { path.parent()? };
            Some(Repo::around(folder)?.root().to_owned())
        });
        let first = roots.next()??;
        roots.all(|root| root.as_ref() == Some(&first)).then_some(first)
    }

    /// Scans a path that was named.
    fn named<'s>(&'s self, named: &Path, visit: &'s Visit<'_>, scope: &Scope<'s>) -> io::Result<()> {
        let path = fs::canonicalize(named)?;
        let kind = folder::kind(&path)?;
        let top = if kind == Kind::Folder { path.as_path() } else { path.parent().unwrap_or(&path) };
        let repo = Repo::around(top).map(Arc::new);
        let shown = self.shown_as(named, &path, repo.as_deref());
        let root = self.other_root(repo.as_deref());
        if let Some(name) = path.file_name().filter(|_| !shown.is_empty()) {
            visit_name(name, &shown, root.as_ref(), visit);
        }
        match kind {
            Kind::Folder => {
                visit(Item::Met(Unit::Folder, 1));
                let rules = self.rules_above(&path, repo.as_deref(), visit);
                let shown = if shown.is_empty() || shown.ends_with(b"/") { shown } else { [&shown[..], b"/"].concat() };
                self.folder(Folder { path, shown, repo, root, rules, is_ignored: false }, visit, scope);
                Ok(())
            }
            Kind::File => {
                visit(Item::Met(Unit::File, 1));
                let (open, origin) = (|| file::open(&path), Origin { root, ..Origin::file(shown) });
                self.read_file(open, || path.clone(), repo.as_deref(), &origin, visit);
                Ok(())
            }
            other => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("it is {}; `skant scan -` reads a stream", other.name()),
            )),
        }
    }

    /// The rules of the folders above one, up to the root of its repository.
    fn rules_above(&self, folder: &Path, repo: Option<&Repo>, visit: &Visit<'_>) -> IgnoreRules {
        let Some(repo) = repo.filter(|_| !self.no_ignore) else {
            return IgnoreRules::default();
        };
        let mut above: Vec<&Path> =
            folder.ancestors().skip(1).take_while(|above| above.starts_with(repo.root())).collect();
        above.reverse();
        above.iter().fold(IgnoreRules::of_repo(repo), |rules, above| {
            let kind = |name: &str| folder::kind(&above.join(name)).ok();
            ignore_rules::FILES.iter().fold(rules, |rules, name| match kind(name) {
                Some(kind) => {
                    let path = above.join(name);
                    let shown = path_bytes(path.strip_prefix(repo.root()).unwrap_or(&path));
                    with_rules(rules, above, name, kind, &shown, visit)
                }
                None => rules,
            })
        })
    }

    fn folder<'s>(&'s self, mut folder: Folder, visit: &'s Visit<'_>, scope: &Scope<'s>) {
        let read = folder::Folder::open(&folder.path).and_then(|open| Ok((open.entries()?, open)));
        let (entries, open) = match read {
            Ok(read) => read,
            Err(error) => {
                let shown = if folder.shown.is_empty() { b".".to_vec() } else { folder.shown };
                return visit(Item::Missed(Unit::Folder, Cause::of(&error), shown, reason(&error)));
            }
        };
        self.count(&entries, visit);
        self.enter(&mut folder, &entries, visit);
        let mut files = Vec::new();
        let mut path = folder.path.clone();
        for (name, kind) in entries {
            path.push(&name);
            if name == ".git" && is_of_git(&path, kind) {
                visit(Item::Excluded(unit(kind), Exclusion::GitFolder, 1));
            } else if self.is_left_out(&folder, &path, &name, kind, visit) {
                visit(Item::Excluded(unit(kind), Exclusion::Ignored, 1));
                if kind == Kind::File && is_dotenv(&name) {
                    self.look_at_left_out(&folder, &open, &path, &name, visit);
                }
            } else {
                let shown = [&folder.shown[..], name.as_encoded_bytes()].concat();
                visit_name(&name, &shown, folder.root.as_ref(), visit);
                match kind {
                    Kind::Folder => {
                        let shown = [&shown[..], b"/"].concat();
                        let is_ignored = folder.is_ignored || self.is_ignored(&folder, &path, kind);
                        let below = Folder { path: path.clone(), shown, is_ignored, ..Folder::clone(&folder) };
                        scope.spawn(move |scope| self.folder(below, visit, scope));
                    }
                    Kind::Link => visit_link(open.link(&name), shown, folder.root.as_ref(), visit),
                    Kind::File => files.push((name, shown)),
                    Kind::Pipe | Kind::Socket | Kind::Device | Kind::Other => {
                        visit(Item::Excluded(Unit::File, Exclusion::Irregular, 1));
                    }
                }
            }
            path.pop();
        }
        let open = Arc::new(Open { path, folder: open, root: folder.root, repo: folder.repo });
        while files.len() > BATCH {
            let (batch, open) = (files.split_off(files.len() - BATCH), Arc::clone(&open));
            scope.spawn(move |_| self.read_files(batch, &open, visit));
        }
        self.read_files(files, &open, visit);
    }

    /// Tells how much there is in a folder, and that it was listed.
    fn count(&self, entries: &[(OsString, Kind)], visit: &Visit<'_>) {
        visit(Item::Done(Unit::Folder, 1));
        for of in [Unit::File, Unit::Folder, Unit::Link] {
            visit(Item::Met(of, entries.iter().filter(|(_, kind)| unit(*kind) == of).count() as u64));
        }
    }

    /// Takes in the rules that a folder holds, and the repository that begins there.
    fn enter(&self, folder: &mut Folder, entries: &[(OsString, Kind)], visit: &Visit<'_>) {
        let kind = |name: &str| entries.iter().find(|(entry, _)| entry == name).map(|(_, kind)| *kind);
        let is_known = folder.repo.as_ref().is_some_and(|repo| repo.root() == folder.path);
        if kind(".git").is_some() && !is_known {
            visit(Item::Done(Unit::Submodule, u64::from(folder.repo.is_some())));
            let repo = Repo::at(&folder.path);
            folder.rules = if self.no_ignore { IgnoreRules::default() } else { IgnoreRules::of_repo(&repo) };
            folder.shown.clear();
            folder.is_ignored = false;
            folder.root = self.other_root(Some(&repo));
            folder.repo = Some(Arc::new(repo));
        }
        if folder.repo.is_none() && self.working.as_ref() == Some(&folder.path) {
            folder.shown.clear();
        }
        if self.no_ignore {
            return;
        }
        for name in ignore_rules::FILES {
            if let Some(kind) = kind(name) {
                let shown = [&folder.shown[..], name.as_bytes()].concat();
                folder.rules = with_rules(std::mem::take(&mut folder.rules), &folder.path, name, kind, &shown, visit);
            }
        }
    }

    fn is_ignored(&self, folder: &Folder, path: &Path, kind: Kind) -> bool {
        !self.no_ignore && folder.rules.leave_out(path, kind == Kind::Folder)
    }

    /// Whether an ignore rule leaves an entry out, and git does not track it.
    fn is_left_out(&self, folder: &Folder, path: &Path, name: &OsStr, kind: Kind, visit: &Visit<'_>) -> bool {
        if !folder.is_ignored && !self.is_ignored(folder, path, kind) {
            return false;
        }
        let Some(repo) = &folder.repo else { return true };
        let path = [&folder.shown[..], name.as_encoded_bytes(), if kind == Kind::Folder { b"/" } else { b"" }].concat();
        match repo.tracks(&path) {
            Ok(tracked) => !tracked,
            Err(cause) => {
                let reason =
                    format!("{cause}: which ignored files git tracks is not known; `--no-ignore` scans them all");
                visit(Item::Missed(Unit::Other, Cause::Unreadable, b".git/index".to_vec(), reason));
                false
            }
        }
    }

    fn read_files(&self, files: Vec<(OsString, Vec<u8>)>, open: &Open, visit: &Visit<'_>) {
        for (name, shown) in files {
            let origin = Origin { root: open.root.clone(), ..Origin::file(shown) };
            let (path, repo) = (|| open.path.join(&name), open.repo.as_deref());
            self.read_file(|| open.folder.file(&name), path, repo, &origin, visit);
        }
    }

    fn read_file(
        &self,
        open: impl FnOnce() -> io::Result<File>,
        path: impl Fn() -> PathBuf,
        repo: Option<&Repo>,
        origin: &Origin,
        visit: &Visit<'_>,
    ) {
        if self.paths.len() > 1 {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if !seen.insert(path()) {
                return visit(Item::Excluded(Unit::File, Exclusion::Again, 1));
            }
        }
        match open() {
            Ok(mut file) => visit(Item::File(origin, &mut file, Some(&|| self.fate(repo, &path(), &origin.path)))),
            Err(error) => visit(Item::Missed(Unit::File, Cause::of(&error), origin.path.clone(), reason(&error))),
        }
    }

    /// What becomes of a file, by its place on disk and in its repository.
    fn fate(&self, repo: Option<&Repo>, path: &Path, name: &[u8]) -> Result<Fate, Unknown> {
        let standing = repo.map_or(Ok(Standing::Outside), |repo| standing(repo, path, name));
        let standing = standing.map_err(|cause| Unknown {
            path: b".git/index".to_vec(),
            reason: format!("{cause}: which dotenv files git tracks is not known"),
        })?;
        Ok(Fate { standing, copied: docker::copier(self.top(repo, path), path)? })
    }

    /// How far up what is around a path is looked at.
    fn top<'t>(&'t self, repo: Option<&'t Repo>, path: &'t Path) -> &'t Path {
        let root = repo.map_or(self.root(), Repo::root);
        if path.starts_with(root) { root } else { path.parent().unwrap_or(path) }
    }

    /// A file that is left out of a scan is nobody's business, unless a Docker build copies it.
    fn look_at_left_out(&self, folder: &Folder, open: &folder::Folder, path: &Path, name: &OsStr, visit: &Visit<'_>) {
        let copied = match docker::copier(self.top(folder.repo.as_deref(), path), path) {
            Ok(Some(copied)) => copied,
            Ok(None) => return,
            Err(Unknown { path, reason }) => {
                return visit(Item::Missed(Unit::Other, Cause::Unreadable, path, reason));
            }
        };
        let shown = [&folder.shown[..], name.as_encoded_bytes()].concat();
        let origin = Origin { root: folder.root.clone(), ..Origin::file(shown) };
        if let Ok(mut file) = open.file(name) {
            let fate = || Ok(Fate { standing: Standing::Ignored, copied: Some(copied.clone()) });
            visit(Item::LeftOut(&origin, &mut file, &fate));
        }
    }

    /// How reports show a named path: relative to its repository; outside one, to the working
    /// directory when it is below it; else as it was given.
    fn shown_as(&self, named: &Path, path: &Path, repo: Option<&Repo>) -> Vec<u8> {
        let base = repo.map(Repo::root).or(self.working.as_deref());
        let relative = base.and_then(|base| path.strip_prefix(base).ok());
        path_bytes(relative.unwrap_or(named))
    }
}

/// Whether a file is there for variables, by its name. One that git ignores is looked at where a Docker build
/// copies it.
fn is_dotenv(name: &OsStr) -> bool {
    [&b".env"[..], b".dev.vars"].iter().any(|begin| name.as_encoded_bytes().starts_with(begin))
}

/// What git makes of a file, by its place on disk and in its repository.
fn standing(repo: &Repo, path: &Path, name: &[u8]) -> Result<Standing, String> {
    Ok(match repo.tracks(name)? {
        true => Standing::Tracked,
        false if ignore_rules::git_ignores(repo, path) => Standing::Ignored,
        false => Standing::Untracked,
    })
}

/// Rules, and those of one more file, unless it is a link or a device.
fn with_rules(
    rules: IgnoreRules,
    folder: &Path,
    name: &str,
    kind: Kind,
    shown: &[u8],
    visit: &Visit<'_>,
) -> IgnoreRules {
    let shown = lossy(shown);
    if kind != Kind::File {
        visit(Item::Notice(format!("ignore rules in {shown} do not count: it is {}", kind.name())));
        return rules;
    }
    match rules.clone().with_file(folder, name) {
        Ok(rules) => rules,
        Err(error) => {
            visit(Item::Notice(format!("ignore rules in {shown} do not count: {error}")));
            rules
        }
    }
}

fn visit_name(name: &OsStr, shown: &[u8], root: Option<&Arc<Path>>, visit: &Visit<'_>) {
    if name.len() >= SHORTEST_SECRET {
        let origin = Origin { root: root.cloned(), ..Origin::name(shown) };
        visit(Item::Blob(Blob { bytes: name.as_encoded_bytes(), origin: &origin }));
    }
}

/// A link's target text is what git would store.
fn visit_link(target: io::Result<PathBuf>, shown: Vec<u8>, root: Option<&Arc<Path>>, visit: &Visit<'_>) {
    match target {
        Ok(target) => {
            let origin = Origin { root: root.cloned(), ..Origin::file(shown) };
            visit(Item::Blob(Blob { bytes: &path_bytes(&target), origin: &origin }));
            visit(Item::Done(Unit::Link, 1));
        }
        Err(error) => visit(Item::Missed(Unit::Link, Cause::of(&error), shown, reason(&error))),
    }
}

/// What an entry counts as.
fn unit(kind: Kind) -> Unit {
    match kind {
        Kind::Folder => Unit::Folder,
        Kind::Link => Unit::Link,
        Kind::File | Kind::Pipe | Kind::Socket | Kind::Device | Kind::Other => Unit::File,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether what is called `.git` is git's: a repository has a HEAD, and a file says where one is.
fn is_of_git(path: &Path, kind: Kind) -> bool {
    match kind {
        Kind::Folder => fs::symlink_metadata(path.join("HEAD")).is_ok(),
        Kind::File => file::read_regular(path, 1 << 16).is_ok_and(|text| text.starts_with(b"gitdir:")),
        _ => true,
    }
}

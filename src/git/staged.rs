//! What is staged: where the index differs from HEAD.
//!
//! The index remembers the tree that each of its folders had when it was last written. A folder whose
//! tree is HEAD's own is passed over without looking at what is in it.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::iter::Peekable;
use std::vec;

use super::index::{Entry, Index};
use super::repo::OpenRepo;
use super::tree::{self, EntryKind};

/// What the next commit would change, or the part of it that was named.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    /// Files with other content than in HEAD, new ones, and those that were named, in order of path.
    pub(crate) versions: Vec<Version>,
    /// Files that a merge could not bring together: what will be committed is not staged yet.
    pub(crate) conflicts: BTreeSet<Vec<u8>>,
    /// Paths that were named and are not tracked, or with no content yet.
    pub(crate) unknown: Vec<Vec<u8>>,
    /// What HEAD has and the index has not: paths, and what is there.
    deleted: Vec<(Vec<u8>, tree::Entry)>,
    /// How many bytes were taken to hold what differs in folders that a sparse index has as a whole.
    spent: usize,
}

/// A file as it is in the index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) path: Vec<u8>,
    pub(crate) kind: EntryKind,
    pub(crate) id: Vec<u8>,
    pub(crate) before: Before,
}

impl Version {
    /// Counts the whole where only the mode is changed: no line is.
    fn forget_same(&mut self) {
        if matches!(&self.before, Before::Blob(before) if *before == self.id) {
            self.before = Before::Anything;
        }
    }
}

/// What there was before a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Before {
    /// HEAD has this in its place.
    Blob(Vec<u8>),
    /// HEAD has nothing of that name: it may have had another.
    Nothing,
    /// It does not matter: the whole is new, or was asked for.
    Anything,
}

/// How many files that are gone, and how many of their bytes, are looked at to find the one that a new
/// file was.
const MOST_GONE: usize = 1000;
const MOST_GONE_BYTES: usize = 64 << 20;

/// The most bytes for that: some half a million files. And about how many one takes, besides its path.
const MOST_SPARSE: usize = 96 << 20;
const ENTRY: usize = 160;

impl Staged {
    /// Compares the index with HEAD. When paths are named, these files alone count: the whole of those
    /// that are not changed, and what is changed in folders.
    ///
    /// # Errors
    /// What cannot be read.
    pub(crate) fn read(repo: &OpenRepo, named: &[Vec<u8>]) -> Result<Staged, String> {
        let file = repo.read_index()?;
        let index = file.index()?;
        let mut staged = Comparison::new(repo, &index)?.run()?;
        if !named.is_empty() {
            staged.select(repo, &index, named)?;
        }
        Ok(staged)
    }

    /// Keeps what is named.
    fn select(&mut self, repo: &OpenRepo, index: &Index<'_>, named: &[Vec<u8>]) -> Result<(), String> {
        let all = std::mem::take(&mut self.versions);
        let conflicts = std::mem::take(&mut self.conflicts);
        for name in named {
            let folder = if name.is_empty() { Vec::new() } else { [name, &b"/"[..]].concat() };
            let is_in = |path: &[u8]| path == name.as_slice() || path.starts_with(&folder);
            let after = |start: &[u8]| all.partition_point(|version| *version.path < *start);
            let files = all[after(name)..].iter().take_while(|version| version.path == *name);
            let below = all[after(&folder)..].iter().take_while(|version| version.path.starts_with(&folder));
            let count = self.versions.len();
            self.versions.extend(files.chain(below).cloned());
            self.conflicts.extend(conflicts.iter().filter(|path| is_in(path)).cloned());
            let is_found = self.versions.len() > count || conflicts.contains(name) || name.is_empty();
            if !is_found && !self.select_whole(repo, index, name)? && !self.is_gone(name, &folder) {
                self.unknown.push(name.clone());
            }
        }
        let named: HashSet<&[u8]> = named.iter().map(Vec::as_slice).collect();
        for version in self.versions.iter_mut().filter(|version| named.contains(&*version.path)) {
            version.forget_same();
        }
        self.versions.sort();
        self.versions.dedup();
        Ok(())
    }

    /// Takes a file that is not changed; tells whether there is one, or a folder.
    fn select_whole(&mut self, repo: &OpenRepo, index: &Index<'_>, name: &[u8]) -> Result<bool, String> {
        let mut add = |mode: u32, id: &[u8]| {
            let kind = EntryKind::of(mode);
            if kind != EntryKind::Folder {
                self.versions.push(Version { path: name.to_vec(), kind, id: id.to_vec(), before: Before::Anything });
            }
        };
        let entries = index.entries.at(name).filter(|entry| !entry.is_intent);
        let count = entries.map(|entry| add(entry.mode, entry.id)).count();
        if count > 0 || index.entries.has_folder(&[name, b"/"].concat()) {
            return Ok(true);
        }
        let within = sparse(repo, index, name)?;
        Ok(within.map(|entry| add(entry.mode, &entry.id)).is_some())
    }

    /// Whether HEAD has something at a path, or in a folder, that is no longer in the index.
    fn is_gone(&self, name: &[u8], folder: &[u8]) -> bool {
        self.deleted.iter().any(|(path, entry)| {
            let is_below =
                EntryKind::of(entry.mode) == EntryKind::Folder && name.starts_with(&[path, &b"/"[..]].concat());
            *path == name || path.starts_with(folder) || is_below
        })
    }

    /// The content that a new file had under another name, which is gone: of the files that are gone
    /// the one that has most lines in common with it, when that is at least half of either.
    pub(crate) fn moved_from(&self, repo: &OpenRepo, now: &Version, content: &[u8]) -> Option<Vec<u8>> {
        let gone = self.gone(repo);
        if gone.contains(&now.id) {
            return Some(content.to_vec());
        }
        let mut bytes = 0;
        let mut best: Option<(usize, Vec<u8>)> = None;
        for id in gone {
            let Some(then) = repo.small_blob(&id) else { continue };
            bytes += then.len();
            if bytes > MOST_GONE_BYTES {
                break;
            }
            let common = common_lines(&then, content);
            let is_like = common > 0 && common * 2 >= then.len().max(content.len());
            if is_like && best.as_ref().is_none_or(|(most, _)| common > *most) {
                best = Some((common, then));
            }
        }
        best.map(|(_, then)| then)
    }

    /// The ids of the files that are gone.
    fn gone(&self, repo: &OpenRepo) -> Vec<Vec<u8>> {
        let mut gone = Vec::new();
        let mut rest: Vec<tree::Entry> = self.deleted.iter().rev().map(|(_, entry)| entry.clone()).collect();
        let mut seen = HashSet::new();
        while let Some(entry) = rest.pop().filter(|_| gone.len() < MOST_GONE) {
            match EntryKind::of(entry.mode) {
                EntryKind::File => gone.push(entry.id),
                // A few trees that name each other often enough have more paths than could ever be gone through.
                EntryKind::Folder if !seen.insert(entry.id.clone()) => {}
                EntryKind::Folder => rest.extend(repo.tree(&entry.id).unwrap_or_default().into_iter().rev()),
                EntryKind::Link | EntryKind::Submodule => {}
            }
        }
        gone
    }
}

/// What is at a path within a folder that a sparse index has as a whole.
fn sparse(repo: &OpenRepo, index: &Index<'_>, path: &[u8]) -> Result<Option<tree::Entry>, String> {
    let slashes = memchr::memchr_iter(b'/', path);
    let Some((end, folder)) = slashes.filter_map(|at| Some((at, index.entries.at(&path[..=at]).next()?))).next() else {
        return Ok(None);
    };
    let mut entry = tree::Entry { name: Vec::new(), mode: folder.mode, id: folder.id.to_vec() };
    for part in path[end + 1..].split(|&byte| byte == b'/') {
        if EntryKind::of(entry.mode) != EntryKind::Folder {
            return Ok(None);
        }
        match repo.tree(&entry.id)?.into_iter().find(|below| below.name == part) {
            Some(below) => entry = below,
            None => return Ok(None),
        }
    }
    Ok(Some(entry))
}

/// How many bytes of a text are in lines that another has too.
fn common_lines(one: &[u8], other: &[u8]) -> usize {
    let mut lines: HashMap<&[u8], usize> = HashMap::new();
    for line in one.split_inclusive(|&byte| byte == b'\n') {
        *lines.entry(line).or_default() += 1;
    }
    let mut common = 0;
    for line in other.split_inclusive(|&byte| byte == b'\n') {
        if let Some(left) = lines.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            common += line.len();
        }
    }
    common
}

/// A comparison of an index with HEAD that is under way.
struct Comparison<'a> {
    repo: &'a OpenRepo,
    index: &'a Index<'a>,
    /// The entry that is looked at.
    next: usize,
    /// The folder that it lies in, then those above that.
    folder: Vec<u8>,
    levels: Vec<Level>,
    staged: Staged,
}

/// A folder that is compared.
struct Level {
    /// How long its path is, with the `/` behind it.
    length: usize,
    /// What HEAD has in it.
    head: Peekable<vec::IntoIter<tree::Entry>>,
    /// The folders in it that the index remembers.
    remembered: Vec<usize>,
}

impl<'a> Comparison<'a> {
    fn new(repo: &'a OpenRepo, index: &'a Index<'a>) -> Result<Comparison<'a>, String> {
        let mut comparison =
            Comparison { repo, index, next: 0, folder: Vec::new(), levels: Vec::new(), staged: Staged::default() };
        let head = repo.head()?;
        let remembered = (!index.folders.is_empty()).then_some(0);
        if head.is_none() || !comparison.pass(head.as_deref(), remembered) {
            comparison.enter(0, head.as_deref(), remembered)?;
        }
        Ok(comparison)
    }

    fn run(mut self) -> Result<Staged, String> {
        let entries = &self.index.entries;
        while let Some(level) = self.levels.last_mut() {
            let here = &self.folder[..level.length];
            let entry = entries.get(self.next).filter(|one| one.path.len() > here.len() && one.path.starts_with(here));
            let Some(entry) = entry else {
                level.head.by_ref().for_each(|entry| self.staged.delete(here, entry));
                self.levels.pop();
                continue;
            };
            let rest = &entry.path[here.len()..];
            let end = memchr::memchr(b'/', rest).map_or(rest.len(), |at| at + 1);
            let was = level.take(&rest[..end], here, &mut self.staged);
            if !rest[..end].ends_with(b"/") {
                self.file(was.as_ref());
            } else if end == rest.len() {
                self.next += 1;
                self.staged.compare_trees(self.repo, &entry.path, entry.id, was.map(|was| was.id))?;
            } else {
                let name = &rest[..end - 1];
                let remembered = remembered(self.index, &level.remembered, name);
                self.folder.truncate(level.length);
                self.folder.extend(&rest[..end]);
                let was = was.map(|was| was.id);
                if !self.pass(was.as_deref(), remembered) {
                    self.enter(self.folder.len(), was.as_deref(), remembered)?;
                }
            }
        }
        if self.next < entries.len() {
            return Err("the index is damaged: it is out of order".to_owned());
        }
        self.staged.versions.sort();
        Ok(self.staged)
    }

    /// Passes over the folder that comes next when the index remembers that it is as in HEAD.
    fn pass(&mut self, head: Option<&[u8]>, remembered: Option<usize>) -> bool {
        let Some((count, id)) = remembered.and_then(|place| self.index.folders[place].tree) else {
            return false;
        };
        let entries = &self.index.entries;
        let is_in = |at: usize| entries.get(at).is_some_and(|entry| entry.path.starts_with(&self.folder));
        let end = self.next.saturating_add(count);
        let is_all = count > 0 && is_in(end - 1) && !is_in(end);
        let is_same = head == Some(id) && is_all;
        if is_same {
            self.next = end;
        }
        is_same
    }

    fn enter(&mut self, length: usize, head: Option<&[u8]>, remembered: Option<usize>) -> Result<(), String> {
        let head = head.map_or(Ok(Vec::new()), |id| self.repo.tree(id))?;
        let remembered = remembered.map(|place| within(self.index, place)).unwrap_or_default();
        self.levels.push(Level { length, head: head.into_iter().peekable(), remembered });
        Ok(())
    }

    /// Compares the file that comes next: one entry, or the sides of a conflict.
    fn file(&mut self, was: Option<&tree::Entry>) {
        let first = self.index.entries.get(self.next);
        let is_same = |entry: &Entry<'_>| first.as_ref().is_some_and(|first| first.path == entry.path);
        while let Some(entry) = self.index.entries.get(self.next).filter(is_same) {
            self.next += 1;
            if entry.stage > 0 {
                self.staged.conflicts.insert(entry.path.to_vec());
            }
            // What both sides began with is in neither.
            if entry.stage != 1 && !entry.is_intent {
                self.staged.compare(&entry.path, entry.mode, entry.id, was);
            }
        }
    }
}

impl Level {
    /// Takes out of HEAD's entries the one of a name; those before it are gone.
    fn take(&mut self, name: &[u8], here: &[u8], staged: &mut Staged) -> Option<tree::Entry> {
        loop {
            match self.head.peek()?.order(name) {
                Ordering::Less => {
                    let gone = self.head.next()?;
                    staged.delete(here, gone);
                }
                Ordering::Equal => return self.head.next(),
                Ordering::Greater => return None,
            }
        }
    }
}

impl Staged {
    fn delete(&mut self, folder: &[u8], entry: tree::Entry) {
        self.deleted.push(([folder, &entry.name].concat(), entry));
    }

    fn compare(&mut self, path: &[u8], mode: u32, id: &[u8], was: Option<&tree::Entry>) {
        let kind = EntryKind::of(mode);
        let before = match was {
            Some(was) if was.mode == mode && was.id == id => return,
            Some(was) if EntryKind::of(was.mode) == kind => Before::Blob(was.id.clone()),
            Some(_) => Before::Anything,
            None => Before::Nothing,
        };
        self.versions.push(Version { path: path.to_vec(), kind, id: id.to_vec(), before });
    }

    /// Compares a folder that a sparse index has as a whole. A few trees can have more paths than anybody could go
    /// through.
    fn compare_trees(&mut self, repo: &OpenRepo, path: &[u8], id: &[u8], was: Option<Vec<u8>>) -> Result<(), String> {
        let top = path;
        let mut rest = vec![(path.to_vec(), id.to_vec(), was)];
        while let Some((path, id, was)) = rest.pop() {
            if was.as_ref() == Some(&id) {
                continue;
            }
            let mut before: HashMap<(Vec<u8>, bool), tree::Entry> = HashMap::new();
            let is_folder = |entry: &tree::Entry| EntryKind::of(entry.mode) == EntryKind::Folder;
            for entry in was.map_or(Ok(Vec::new()), |was| repo.tree(&was))? {
                before.insert((entry.name.clone(), is_folder(&entry)), entry);
            }
            for entry in repo.tree(&id)? {
                let was = before.remove(&(entry.name.clone(), is_folder(&entry)));
                let below = [&path[..], &entry.name].concat();
                self.spent += below.len() + ENTRY;
                if self.spent > MOST_SPARSE {
                    let folder = String::from_utf8_lossy(top);
                    return Err(format!(
                        "too many files differ in {folder}, which the index has as a whole: `git sparse-checkout disable`"
                    ));
                }
                if is_folder(&entry) {
                    rest.push(([&below[..], b"/"].concat(), entry.id, was.map(|was| was.id)));
                } else {
                    self.compare(&below, entry.mode, &entry.id, was.as_ref());
                }
            }
            let mut gone: Vec<tree::Entry> = before.into_values().collect();
            gone.sort_by(|a, b| a.name.cmp(&b.name));
            gone.into_iter().for_each(|entry| self.delete(&path, entry));
        }
        Ok(())
    }
}

/// The folders that the index remembers within one.
fn within(index: &Index<'_>, place: usize) -> Vec<usize> {
    let end = place + index.folders[place].below;
    let mut places = Vec::new();
    let mut next = place + 1;
    while next <= end {
        places.push(next);
        next += index.folders[next].below + 1;
    }
    places
}

/// The one of a name among them: git keeps them in order of their names' lengths, then of their bytes.
fn remembered(index: &Index<'_>, places: &[usize], name: &[u8]) -> Option<usize> {
    let key = |place: &usize| (index.folders[*place].name.len(), index.folders[*place].name);
    places.binary_search_by(|place| key(place).cmp(&(name.len(), name))).ok().map(|found| places[found])
}

//! What some commits bring in: the objects in their trees that none of their parents has at that path.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::commits::{Commits, Entry};
use super::{Counts, Item, Reading, SHORTEST_SECRET};
use crate::blob::{Blob, Origin, Place};
use crate::git::object::{self, hex};
use crate::git::{Id, Kind, Trouble};
use crate::ledger::{Exclusion, Unit};

/// How many commits that are left out are looked at after the last that is not: clocks may be wrong.
const SLOP: usize = 100;

/// A blob, or a name, that a commit brings in.
pub(super) struct Brought {
    commit: Id,
    path: Vec<u8>,
    id: Id,
    /// What stood there in its parents.
    before: Vec<Id>,
    /// Whether the path is new, too.
    is_new_path: bool,
}

impl Reading<'_> {
    /// Reads what the commits bring in that some objects reach, and others do not.
    pub(super) fn range(&self, from: &[Id], without: &[Id]) {
        let mut brought = Vec::new();
        let entries = self.reached(from, without, &mut brought);
        let commits = Commits::new(entries);
        (self.visit)(Item::Met(Unit::Commit, commits.all().count() as u64));
        let places: Vec<u32> = commits.all().filter_map(|id| commits.find(&id)).collect();
        let mut seen = HashSet::new();
        let mut trees = Trees::new(self);
        for place in commits.ordered(&places) {
            self.bring(commits.get(place), &mut trees, &mut seen, &mut brought);
        }
        let submodules = trees.submodules.len() as u64;
        (self.visit)(Item::Excluded(Unit::Submodule, Exclusion::OtherRepository, submodules));
        self.scan(&brought);
    }

    /// The commits that some objects reach and others do not; what else they name is added.
    pub(super) fn reached(&self, from: &[Id], without: &[Id], brought: &mut Vec<Brought>) -> Vec<Entry> {
        let mut tips = Vec::new();
        for id in from {
            self.begin(*id, &mut tips, brought);
        }
        let hidden: Vec<Id> = without.iter().filter_map(|id| self.peel(*id)).collect();
        self.limited(&tips, &hidden)
    }

    /// Takes what a revision names: a commit to walk from, tags on the way, or a tree or blob alone.
    fn begin(&self, mut id: Id, tips: &mut Vec<Id>, brought: &mut Vec<Brought>) {
        while let Some(target) = self.begin_or_follow(id, tips, brought) {
            id = target;
        }
    }

    /// The same, but of a tag what it is put on is left to be taken.
    fn begin_or_follow(&self, id: Id, tips: &mut Vec<Id>, brought: &mut Vec<Brought>) -> Option<Id> {
        match self.store.read(&id) {
            Err(trouble) => self.missed(hex(&id).into_bytes(), "object", &id, &trouble),
            Ok((Kind::Commit, _)) => tips.push(id),
            Ok((Kind::Tag, bytes)) => {
                let tag = object::Commit::parse(&bytes);
                let holds = self.held_by_commit(&bytes, &tag, Kind::Tag);
                if !holds.is_empty() {
                    self.tell_commit(&id, Place::TagMessage, Some(format!("tag {}", hex(&id)).into()), &holds);
                }
                if tag.target.is_none() {
                    let trouble = Trouble::Damaged("it names no object".into());
                    self.missed(hex(&id).into_bytes(), "tag", &id, &trouble);
                }
                return tag.target.map(|(target, _)| target);
            }
            Ok((Kind::Tree, _)) => {
                let mut trees = Trees::new(self);
                compare(&mut trees, id, &[], &[], id, &mut HashSet::new(), brought);
            }
            Ok((Kind::Blob, _)) => {
                brought.push(Brought { commit: id, path: Vec::new(), id, before: Vec::new(), is_new_path: false });
            }
        }
        None
    }

    fn peel(&self, mut id: Id) -> Option<Id> {
        loop {
            match self.store.read(&id).ok()? {
                (Kind::Commit, _) => return Some(id),
                // A tag names one that was there before it: this ends.
                (Kind::Tag, bytes) => id = object::Commit::parse(&bytes).target?.0,
                (Kind::Tree | Kind::Blob, _) => return None,
            }
        }
    }

    /// The commits that the tips reach and the hidden ones do not, without reading more of the
    /// history than that takes. Where clocks are wrong it may be more commits, never fewer.
    fn limited(&self, tips: &[Id], hidden: &[Id]) -> Vec<Entry> {
        let mut walk = Limited {
            reading: self,
            entries: HashMap::new(),
            hidden: HashSet::new(),
            heap: BinaryHeap::new(),
            open: HashSet::new(),
        };
        hidden.iter().for_each(|id| walk.push(*id, true));
        tips.iter().for_each(|id| walk.push(*id, false));
        walk.run();
        let Limited { entries, hidden, .. } = walk;
        let mut wanted: Vec<Entry> =
            entries.into_values().flatten().filter(|entry| !hidden.contains(&entry.id)).collect();
        wanted.sort_unstable_by_key(|entry| entry.id);
        for entry in &wanted {
            if self.shallow.contains(&entry.id) {
                self.boundary(&entry.id);
            }
        }
        wanted
    }

    /// Adds what one commit brings in, its message and its names.
    fn bring(
        &self,
        entry: &Entry,
        trees: &mut Trees<'_>,
        seen: &mut HashSet<(Id, Vec<u8>)>,
        brought: &mut Vec<Brought>,
    ) {
        if let Ok((_, bytes)) = self.store.read(&entry.id) {
            let holds = self.held_by_commit(&bytes, &object::Commit::parse(&bytes), Kind::Commit);
            if !holds.is_empty() {
                self.tell_commit(&entry.id, Place::CommitMessage, None, &holds);
            }
        }
        let mut parents = Vec::new();
        for parent in &entry.parents {
            match self.store.read(parent) {
                Ok((_, bytes)) => parents.extend(object::Commit::parse(&bytes).tree),
                Err(_) if self.all_shallow.contains(&entry.id) => {}
                Err(trouble) => {
                    self.missed(format!("history before {}", hex(parent)).into_bytes(), "commit", parent, &trouble);
                }
            }
        }
        compare(trees, entry.tree, &parents, b"", entry.id, seen, brought);
    }

    /// Scans what was brought in. Each distinct blob is read once.
    fn scan(&self, brought: &[Brought]) {
        let mut ids: Vec<Id> = brought.iter().map(|one| one.id).collect();
        ids.sort_unstable();
        ids.dedup();
        (self.visit)(Item::Met(Unit::Blob, ids.len() as u64));
        let held = |id: &Id| match self.store.read(id) {
            Ok((Kind::Blob, text)) => (*id, Ok(self.probe(&text, None, Counts::Blob).0)),
            Ok(_) => (*id, Err(Trouble::Damaged("it is no blob".into()))),
            Err(trouble) => (*id, Err(trouble)),
        };
        let held: HashMap<Id, Result<Vec<u64>, Trouble>> = ids.par_iter().map(held).collect();
        let (mut told, mut lost, mut before) = (HashSet::new(), HashSet::new(), HashMap::new());
        for one in brought {
            self.name(one, &mut told);
            match &held[&one.id] {
                Err(trouble) if lost.insert(one.id) => self.missed(one.path.clone(), "blob", &one.id, trouble),
                Ok(holds) if !holds.is_empty() => {
                    let old: HashSet<u64> =
                        one.before.iter().flat_map(|id| self.held_before(*id, &mut before)).collect();
                    let fresh: Vec<u64> = holds
                        .iter()
                        .copied()
                        .filter(|name| !old.contains(name) && !told.contains(&(one.path.clone(), *name)))
                        .collect();
                    told.extend(self.tell(one, &fresh).into_iter().map(|name| (one.path.clone(), name)));
                }
                _ => {}
            }
        }
    }

    fn held_before(&self, id: Id, known: &mut HashMap<Id, Vec<u64>>) -> Vec<u64> {
        let held = || match self.store.read(&id) {
            Ok((Kind::Blob, text)) => self.probe(&text, None, Counts::Nothing).0,
            _ => Vec::new(),
        };
        known.entry(id).or_insert_with(held).clone()
    }

    fn tell(&self, one: &Brought, fresh: &[u64]) -> Vec<u64> {
        let mut held = Vec::new();
        if fresh.is_empty() {
            return held;
        }
        match self.store.read(&one.id) {
            Ok((_, bytes)) => {
                let origin = self.origin(one, Place::Content);
                (self.visit)(Item::Known(Blob { bytes: &bytes, origin: &origin }, fresh, &mut held));
            }
            Err(trouble) => self.missed(one.path.clone(), "blob", &one.id, &trouble),
        }
        held
    }

    fn origin(&self, one: &Brought, place: Place) -> Origin {
        // What cannot be read again was a commit when it was walked.
        let is_commit = matches!(self.store.read(&one.commit), Ok((Kind::Commit, _)) | Err(_));
        let reference = (!is_commit && one.path.is_empty()).then(|| Arc::from(format!("blob {}", hex(&one.id))));
        Origin { commit: is_commit.then(|| self.about(&one.commit)), reference, ..Origin::at(&*one.path, place) }
    }

    /// Scans the names of a path that is new.
    fn name(&self, one: &Brought, told: &mut HashSet<(Vec<u8>, u64)>) {
        if !one.is_new_path {
            return;
        }
        for end in (0..=one.path.len()).filter(|&end| one.path.get(end).is_none_or(|&byte| byte == b'/')) {
            let path = &one.path[..end];
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            if name.len() < SHORTEST_SECRET || !told.insert((path.to_vec(), 0)) {
                continue;
            }
            let (holds, _) = self.probe(name, None, Counts::Nothing);
            if !holds.is_empty() {
                let origin = Origin { path: path.to_vec(), ..self.origin(one, Place::Path) };
                (self.visit)(Item::Known(Blob { bytes: name, origin: &origin }, &holds, &mut Vec::new()));
            }
        }
    }
}

/// A walk that ends where only hidden commits are left.
struct Limited<'a> {
    reading: &'a Reading<'a>,
    /// What was met; nothing where it cannot be read.
    entries: HashMap<Id, Option<Entry>>,
    hidden: HashSet<Id>,
    heap: BinaryHeap<(i64, Reverse<Id>)>,
    /// Those in the heap that are not hidden.
    open: HashSet<Id>,
}

impl Limited<'_> {
    fn push(&mut self, id: Id, hide: bool) {
        if hide {
            self.hide(id);
        }
        if self.entries.contains_key(&id) {
            return;
        }
        let read = self.reading.store.read(&id).and_then(|(kind, bytes)| {
            let commit = object::Commit::parse(&bytes);
            let tree = commit.tree.filter(|_| kind == Kind::Commit);
            let tree = tree.ok_or_else(|| Trouble::Damaged("it names no tree".into()))?;
            Ok(Entry::new(id, tree, &commit))
        });
        let entry = match read {
            Ok(entry) => Some(entry),
            Err(trouble) => {
                if !self.hidden.contains(&id) {
                    self.reading.missed(format!("history before {}", hex(&id)).into_bytes(), "commit", &id, &trouble);
                }
                None
            }
        };
        if let Some(entry) = &entry {
            self.heap.push((entry.time, Reverse(id)));
            if !self.hidden.contains(&id) {
                self.open.insert(id);
            }
        }
        self.entries.insert(id, entry);
    }

    /// Hides a commit, and those behind it that were met.
    fn hide(&mut self, id: Id) {
        let mut left = vec![id];
        while let Some(id) = left.pop() {
            if self.hidden.insert(id) {
                self.open.remove(&id);
                if let Some(Some(entry)) = self.entries.get(&id) {
                    left.extend(&entry.parents);
                }
            }
        }
    }

    fn run(&mut self) {
        let mut slop = 0;
        while let Some((_, Reverse(id))) = self.heap.pop() {
            self.open.remove(&id);
            let Some(Some(entry)) = self.entries.get(&id).cloned() else { continue };
            let is_hidden = self.hidden.contains(&id);
            let is_shallow = self.reading.all_shallow.contains(&id);
            for parent in entry.parents.iter().filter(|_| !is_shallow) {
                self.push(*parent, is_hidden);
            }
            slop = if self.open.is_empty() { slop + 1 } else { 0 };
            if slop > SLOP {
                return;
            }
        }
    }
}

/// The trees of the commits, each read once.
struct Trees<'a> {
    reading: &'a Reading<'a>,
    known: HashMap<Id, Arc<Vec<u8>>>,
    lost: HashSet<Id>,
    /// Commits of other repositories.
    submodules: HashSet<Id>,
}

impl<'a> Trees<'a> {
    fn new(reading: &'a Reading<'a>) -> Trees<'a> {
        Trees { reading, known: HashMap::new(), lost: HashSet::new(), submodules: HashSet::new() }
    }

    fn read(&mut self, id: Id, path: &[u8]) -> Arc<Vec<u8>> {
        /// The most trees that are kept.
        const MOST: usize = 4096;
        if let Some(known) = self.known.get(&id) {
            return Arc::clone(known);
        }
        let trouble = match self.reading.store.read(&id) {
            Ok((Kind::Tree, text)) if object::is_tree(&text) => {
                if self.known.len() >= MOST {
                    self.known.clear();
                }
                let text = Arc::new(text);
                self.known.insert(id, Arc::clone(&text));
                return text;
            }
            Ok(_) => Trouble::Damaged("it is no tree".into()),
            Err(trouble) => trouble,
        };
        if self.lost.insert(id) {
            let path = if path.is_empty() { hex(&id).into_bytes() } else { path.to_vec() };
            self.reading.missed(path, "tree", &id, &trouble);
        }
        Arc::default()
    }
}

/// Adds the blobs of a tree that stand in none of the others at the same path.
fn compare(
    trees: &mut Trees<'_>,
    tree: Id,
    others: &[Id],
    path: &[u8],
    commit: Id,
    seen: &mut HashSet<(Id, Vec<u8>)>,
    brought: &mut Vec<Brought>,
) {
    let mut left = vec![(tree, others.to_vec(), path.to_vec())];
    while let Some((tree, others, path)) = left.pop() {
        if others.contains(&tree) {
            continue;
        }
        let text = trees.read(tree, &path);
        let others: Vec<Arc<Vec<u8>>> = others.into_iter().map(|id| trees.read(id, &path)).collect();
        let mut others: Vec<_> = others.iter().map(|text| object::entries(text).peekable()).collect();
        for entry in object::entries(&text) {
            let before: Vec<(Id, Kind)> = others
                .iter_mut()
                .filter_map(|other| {
                    while other.next_if(|one| sorted(one).lt(sorted(&entry))).is_some() {}
                    other.next_if(|one| one.name == entry.name).map(|one| (one.id, one.kind))
                })
                .collect();
            // What a link to a submodule names is not what is scanned, even if it has the id of a blob.
            if before.contains(&(entry.id, entry.kind)) {
                continue;
            }
            if entry.kind == Kind::Commit {
                trees.submodules.insert(entry.id);
                continue;
            }
            let of = |kind| before.iter().filter(move |one| one.1 == kind).map(|one| one.0).collect::<Vec<Id>>();
            let below = if path.is_empty() { entry.name.to_vec() } else { [&path[..], b"/", entry.name].concat() };
            if entry.kind == Kind::Tree {
                left.push((entry.id, of(Kind::Tree), below));
            } else if seen.insert((entry.id, below.clone())) {
                let is_new_path = before.is_empty();
                brought.push(Brought { commit, path: below, id: entry.id, before: of(Kind::Blob), is_new_path });
            }
        }
    }
}

/// What entries are sorted by: their names, those of trees with a `/` behind.
fn sorted<'a>(entry: &object::Entry<'a>) -> impl Iterator<Item = u8> + use<'a> {
    entry.name.iter().copied().chain((entry.kind == Kind::Tree).then_some(b'/'))
}

//! What some commits bring in: the objects in their trees that none of their parents has at that path.
//!
//! Trees are compared first, whatever paths they stand at (`changes`), then what is new is read, and at last
//! it is looked up where that belongs in which something was found.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::changes::{Changes, New, What};
use super::commits::{Commits, Entry};
use super::paths::{Paths, Visit, Visits};
use super::{Counts, Item, Reading, SHORTEST_SECRET, merged, usual_path};
use crate::blob::{Blob, Origin, Place};
use crate::git::object::{self, hex};
use crate::git::{Id, Kind, Trouble};
use crate::ledger::{Exclusion, Unit};

/// How many commits that are left out are looked at after the last that is not: clocks may be wrong.
const SLOP: usize = 100;

/// The number of the root, where no version of a file lies: in the place of a path that does not matter.
const ANY_PATH: u32 = 0;

/// What was asked for by name, and is no commit: a tree or a blob.
pub(super) struct Object {
    id: Id,
    is_tree: bool,
    /// The ref that leads to it.
    name: Option<Arc<str>>,
}

/// What is told as something more particular than content, where it is asked for.
#[derive(Default)]
pub(super) struct Special<'a> {
    /// Refs, and what is asked for that they point to.
    pub references: &'a [(Arc<str>, Id)],
    /// All stashes, the latest first.
    pub stashes: &'a [Id],
}

impl Special<'_> {
    /// The name of a ref that points to an object.
    fn name(&self, id: &Id) -> Option<Arc<str>> {
        self.references.iter().find(|(_, target)| target == id).map(|(name, _)| Arc::clone(name))
    }

    /// The refs of notes, and their commits.
    fn notes(&self) -> impl Iterator<Item = &(Arc<str>, Id)> {
        self.references.iter().filter(|(name, _)| name.starts_with("refs/notes/"))
    }
}

/// How what a commit brings in is told: as what, and by which name.
type Manner = (Place, Arc<str>);

/// What the new blobs and names hold.
struct Held {
    /// Of a blob that is too large to be held it is not known yet: it is read where it belongs.
    blobs: HashMap<Id, Result<Option<Vec<u64>>, Trouble>>,
    names: BTreeMap<Box<[u8]>, Vec<u64>>,
}

impl Reading<'_> {
    /// Reads what the commits bring in that some objects reach, and others do not.
    pub(super) fn range(&self, from: &[Id], without: &[Id], special: &Special<'_>) {
        let mut objects = Vec::new();
        let entries = self.reached(from, without, special, &mut objects);
        let commits = Commits::new(entries);
        (self.visit)(Item::Met(Unit::Commit, commits.all().count() as u64));
        let places: Vec<u32> = commits.all().filter_map(|id| commits.find(&id)).collect();
        let mut manners = self.manners(from, &commits, special);
        let mut changes = Changes::new(&self.store);
        // What was named comes first, then the commits, parents before their children.
        let (mut roots, mut blobs) = (Vec::new(), Vec::new());
        for Object { id, is_tree, name } in objects {
            if let Some(name) = name {
                manners.entry(id).or_insert((Place::Content, name));
            }
            if is_tree {
                roots.extend(changes.of(id, &[]).map(|change| (id, change)));
            } else {
                blobs.push(id);
            }
        }
        for place in commits.ordered(&places) {
            let entry = commits.get(place);
            let parents = self.bring(entry, manners.get(&entry.id));
            roots.extend(changes.of(entry.tree, &parents).map(|change| (entry.id, change)));
        }
        let submodules = changes.submodules.len() as u64;
        (self.visit)(Item::Excluded(Unit::Submodule, Exclusion::OtherRepository, submodules));
        self.scan(&changes, &roots, &blobs, &manners);
    }

    /// How commits are told that are notes, and no other tip reaches them, or parts of stashes.
    fn manners(&self, from: &[Id], commits: &Commits, special: &Special<'_>) -> HashMap<Id, Manner> {
        let (mut manners, mut taken) = (HashMap::new(), commits.none_taken());
        let is_ordinary = |id: &Id| special.notes().all(|(_, note)| note != id);
        if special.notes().next().is_some() {
            commits.reached(from.iter().copied().filter(is_ordinary), &mut taken);
        }
        for (name, tip) in special.notes() {
            let reached = commits.reached([*tip], &mut taken).commits;
            manners.extend(reached.iter().map(|&place| (commits.get(place).id, (Place::Note, Arc::clone(name)))));
        }
        for (number, tip) in special.stashes.iter().enumerate().rev() {
            let Ok((Kind::Commit, bytes)) = self.store.read(tip) else { continue };
            // The first parent is the commit that the stash was made on, the others are the index and what git did
            // not track.
            let parts = object::Commit::parse(&bytes).parents.into_iter().skip(1).chain([*tip]);
            let name: Arc<str> = format!("stash@{{{number}}}").into();
            let parts = parts.filter(|part| commits.find(part).is_some());
            manners.extend(parts.map(|part| (part, (Place::Stash, Arc::clone(&name)))));
        }
        manners
    }

    /// The commits that some objects reach and others do not; what else they name is added.
    pub(super) fn reached(
        &self,
        from: &[Id],
        without: &[Id],
        special: &Special<'_>,
        objects: &mut Vec<Object>,
    ) -> Vec<Entry> {
        let mut tips = Vec::new();
        for id in from {
            self.begin(*id, special.name(id).as_ref(), &mut tips, objects);
        }
        let hidden: Vec<Id> = without.iter().filter_map(|id| self.peel(*id)).collect();
        self.limited(&tips, &hidden)
    }

    /// Takes what a revision names: a commit to walk from, tags on the way, or a tree or blob alone.
    fn begin(&self, mut id: Id, name: Option<&Arc<str>>, tips: &mut Vec<Id>, objects: &mut Vec<Object>) {
        while let Some(target) = self.begin_or_follow(id, name, tips, objects) {
            id = target;
        }
    }

    /// The same, but of a tag what it is put on is left to be taken.
    fn begin_or_follow(
        &self,
        id: Id,
        name: Option<&Arc<str>>,
        tips: &mut Vec<Id>,
        objects: &mut Vec<Object>,
    ) -> Option<Id> {
        let object = |is_tree| Object { id, is_tree, name: name.cloned() };
        match self.store.read_unless_large(&id) {
            Err(trouble) => self.missed(hex(&id).into_bytes(), "object", &id, &trouble),
            Ok(Some((Kind::Commit, _))) => tips.push(id),
            Ok(Some((Kind::Tag, bytes))) => {
                let tag = object::Commit::parse(&bytes);
                let holds = self.held_by_commit(&bytes, &tag, Kind::Tag);
                if !holds.is_empty() {
                    let name = name.cloned().unwrap_or_else(|| format!("tag {}", hex(&id)).into());
                    self.tell_commit(&id, Place::TagMessage, Some(name), &holds);
                }
                if tag.target.is_none() {
                    let trouble = Trouble::Damaged("it names no object".into());
                    self.missed(hex(&id).into_bytes(), "tag", &id, &trouble);
                }
                return tag.target.map(|(target, _)| target);
            }
            Ok(Some((Kind::Tree, _))) => objects.push(object(true)),
            Ok(Some((Kind::Blob, _)) | None) => objects.push(object(false)),
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

    /// Tells what one commit's message holds; gives the trees of its parents.
    fn bring(&self, entry: &Entry, manner: Option<&Manner>) -> Vec<Id> {
        if let Ok((_, bytes)) = self.store.read(&entry.id) {
            let holds = self.held_by_commit(&bytes, &object::Commit::parse(&bytes), Kind::Commit);
            if !holds.is_empty() {
                let reference = manner.map(|(_, name)| Arc::clone(name));
                self.tell_commit(&entry.id, Place::CommitMessage, reference, &holds);
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
        parents
    }

    /// Scans what is new, each distinct blob and name once, and tells where it belongs.
    fn scan(&self, changes: &Changes<'_>, roots: &[(Id, u32)], blobs: &[Id], manners: &HashMap<Id, Manner>) {
        let held = self.held(changes, blobs);
        let leading = changes.leading(&|new| held.holds(new));
        let mut telling = Telling {
            reading: self,
            held: &held,
            manners,
            paths: Paths::default(),
            visits: Visits::default(),
            seen: HashSet::new(),
            told: HashSet::new(),
            lost: HashSet::new(),
            before: HashMap::new(),
            read: HashSet::new(),
        };
        for id in blobs {
            telling.blob(*id, 0, &[], *id);
        }
        for &(commit, root) in roots {
            telling.walk(changes, &leading, root, commit);
        }
    }

    /// Reads what is new.
    fn held(&self, changes: &Changes<'_>, blobs: &[Id]) -> Held {
        let mut ids = blobs.to_vec();
        let mut names: HashSet<&[u8]> = HashSet::new();
        let mut settings = Vec::new();
        for new in changes.all() {
            if let What::Blob(id, _) = &new.what {
                ids.push(*id);
                settings.extend(usual_path(&new.name).map(|path| (*id, path)));
            }
            if new.is_new_path && new.name.len() >= SHORTEST_SECRET {
                names.insert(&new.name);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        (self.visit)(Item::Met(Unit::Blob, ids.len() as u64));
        let held = |id: &Id| match self.store.read_unless_large(id) {
            Ok(Some((Kind::Blob, text))) => (*id, Ok(Some(self.probe(&text, None, Counts::Blob).0))),
            Ok(Some(_)) => (*id, Err(Trouble::Damaged("it is no blob".into()))),
            Ok(None) => (*id, Ok(None)),
            Err(trouble) => (*id, Err(trouble)),
        };
        let mut blobs: HashMap<Id, Result<Option<Vec<u64>>, Trouble>> = ids.par_iter().map(held).collect();
        for (id, path) in settings {
            if let Some(Ok(Some(holds))) = blobs.get_mut(&id) {
                *holds = merged(holds, self.given(&id, &path));
            }
        }
        let names = names.into_iter().map(|name| (name.into(), self.probe(name, None, Counts::Nothing).0));
        Held { blobs, names: names.filter(|(_, holds): &(_, Vec<u64>)| !holds.is_empty()).collect() }
    }

    /// What a blob holds as the settings of an assistant.
    fn given(&self, id: &Id, path: &str) -> Vec<u64> {
        match self.store.read_unless_large(id) {
            Ok(Some((Kind::Blob, text))) => self.held_by_settings(&text, path),
            _ => Vec::new(),
        }
    }
}

impl Held {
    /// Whether there is something to tell of what is new.
    fn holds(&self, new: &New) -> bool {
        let holds = |id| !matches!(self.blobs.get(id), Some(Ok(Some(holds))) if holds.is_empty());
        new.is_new_path && self.names.contains_key(&new.name) || matches!(&new.what, What::Blob(id, _) if holds(id))
    }
}

/// What was found is told, with its paths.
struct Telling<'a> {
    reading: &'a Reading<'a>,
    held: &'a Held,
    manners: &'a HashMap<Id, Manner>,
    paths: Paths,
    visits: Visits,
    /// Blobs at paths that were met before.
    seen: HashSet<(Id, u32)>,
    /// Secrets at paths that were told; those of names are the others' complements.
    told: HashSet<(u32, u64)>,
    /// What was told to be lost.
    lost: HashSet<Id>,
    /// What the parents' blobs hold: large ones at their paths, others at `ANY_PATH`.
    before: HashMap<(Id, u32), Vec<u64>>,
    /// Large blobs that were read.
    read: HashSet<Id>,
}

impl Telling<'_> {
    /// Goes down from what a commit changed, to where there is something to tell.
    fn walk(&mut self, changes: &Changes<'_>, leading: &HashSet<u32>, root: u32, commit: Id) {
        let mut left = vec![(root, 0)];
        while let Some((number, path)) = left.pop() {
            if !leading.contains(&number) {
                continue;
            }
            match self.visits.enter(number, path) {
                Visit::Known => continue,
                Visit::TooOften => {
                    self.visits.tell(self.reading, || self.paths.text(path));
                    continue;
                }
                Visit::Fresh => {}
            }
            let change = changes.get(number);
            for (id, trouble) in &change.lost {
                self.lost(*id, "tree", path, trouble);
            }
            let first = left.len();
            for new in &change.new {
                let below = self.paths.below(path, &new.name);
                self.name(new, below, &commit);
                match &new.what {
                    What::Blob(id, before) => self.blob(*id, below, before, commit),
                    What::Folder(number) => left.push((*number, below)),
                }
            }
            left[first..].reverse();
        }
    }

    fn origin(&self, commit: &Id, path: Vec<u8>, place: Place) -> Origin {
        // What cannot be read again was a commit when it was walked.
        let is_commit = matches!(self.reading.store.kind(commit), Ok(Kind::Commit) | Err(_));
        let reference = (!is_commit && path.is_empty()).then(|| Arc::from(format!("blob {}", hex(commit))));
        let (kind, name) = self.manners.get(commit).map_or((Place::Content, None), |(kind, name)| (*kind, Some(name)));
        let place = if place == Place::Content { kind } else { place };
        let reference = name.cloned().or(reference);
        Origin { commit: is_commit.then(|| self.reading.about(commit)), reference, ..Origin::at(path, place) }
    }

    fn lost(&mut self, id: Id, kind: &str, path: u32, trouble: &Trouble) {
        if self.lost.insert(id) {
            let shown = if path == 0 { hex(&id).into_bytes() } else { self.paths.text(path) };
            self.reading.missed(shown, kind, &id, trouble);
        }
    }

    /// Tells of a name that is new and holds a secret, once for each path.
    fn name(&mut self, new: &New, path: u32, commit: &Id) {
        let Some(holds) = self.held.names.get(&new.name).filter(|_| new.is_new_path) else { return };
        let fresh: Vec<u64> = holds.iter().copied().filter(|&one| self.told.insert((path, !one))).collect();
        if !fresh.is_empty() {
            let origin = self.origin(commit, self.paths.text(path), Place::Path);
            (self.reading.visit)(Item::Known(Blob { bytes: &new.name, origin: &origin }, &fresh, &mut Vec::new()));
        }
    }

    fn blob(&mut self, id: Id, path: u32, before: &[Id], commit: Id) {
        let holds = match &self.held.blobs[&id] {
            Ok(Some(holds)) if holds.is_empty() => return,
            Ok(holds) => holds,
            Err(trouble) => return self.lost(id, "blob", path, trouble),
        };
        if !self.seen.insert((id, path)) {
            return;
        }
        let mut old: HashSet<u64> = before.iter().flat_map(|id| self.held_before(*id, path)).collect();
        let Some(holds) = holds else { return self.large(id, path, &old, commit) };
        if let Some(usual) = usual_path(self.paths.text(path).rsplit(|&byte| byte == b'/').next().unwrap_or_default()) {
            old.extend(before.iter().flat_map(|id| self.reading.given(id, &usual)));
        }
        let is_fresh = |name: &u64| !old.contains(name) && !self.told.contains(&(path, *name));
        let fresh: Vec<u64> = holds.iter().copied().filter(is_fresh).collect();
        if fresh.is_empty() {
            return;
        }
        let mut held = Vec::new();
        let shown = self.paths.text(path);
        match self.reading.store.read(&id) {
            Ok((_, bytes)) => {
                let origin = self.origin(&commit, shown, Place::Content);
                (self.reading.visit)(Item::Known(Blob { bytes: &bytes, origin: &origin }, &fresh, &mut held));
            }
            Err(trouble) => self.reading.missed(shown, "blob", &id, &trouble),
        }
        self.told.extend(held.into_iter().map(|name| (path, name)));
    }

    /// Reads a blob piece by piece, and tells what it holds.
    fn large(&mut self, id: Id, path: u32, old: &HashSet<u64>, commit: Id) {
        let origin = self.origin(&commit, self.paths.text(path), Place::Content);
        let is_known = |name| old.contains(&name) || self.told.contains(&(path, name));
        match self.reading.large(&id, &origin, !self.read.contains(&id), Some(&is_known)) {
            Ok(held) => {
                self.read.insert(id);
                self.told.extend(held.into_iter().map(|name| (path, name)));
            }
            Err(trouble) => self.lost(id, "blob", path, &trouble),
        }
    }

    /// What a parent's blob holds; a large one as it is at a path. What cannot be read holds nothing.
    fn held_before(&mut self, id: Id, path: u32) -> Vec<u64> {
        let known = self.before.get(&(id, ANY_PATH)).or_else(|| self.before.get(&(id, path)));
        if let Some(held) = known {
            return held.clone();
        }
        let (path, held) = match self.reading.store.read_unless_large(&id) {
            Ok(Some((Kind::Blob, text))) => (ANY_PATH, self.reading.probe(&text, None, Counts::Nothing).0),
            Ok(None) => {
                let origin = Origin::file(self.paths.text(path));
                (path, self.reading.large(&id, &origin, false, None).unwrap_or_default())
            }
            _ => (ANY_PATH, Vec::new()),
        };
        self.before.insert((id, path), held.clone());
        held
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

//! Where in history an object belongs: looked up backwards, for those in which something was found.
//!
//! The trees that lead to the wanted objects are marked, up to the roots (`marks`). Then the commits are gone
//! through, parents first, and of each tree only what was marked: the first commit that has an object at a
//! path is the one that brought it in.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::commits::Commits;
use super::marks::{self, Marked};
use super::paths::{Paths, Visit, Visits};
use super::{Found, Item, Reading, late, text};
use crate::blob::{Blob, Origin, Place};
use crate::git::object::hex;
use crate::git::{Id, Kind, Reference, Trouble};
use crate::ledger::{Exclusion, Unit};

/// Commits that some refs reach, and how what they hold is told.
struct Class {
    place: Place,
    reference: Option<Arc<str>>,
    commits: Vec<u32>,
}

pub(super) fn attribute(
    reading: &Reading<'_>,
    mut found: Found,
    commits: &Commits,
    references: &[Reference],
    stashes: &[Id],
    unreachable: bool,
) {
    let mut roots = Roots::of(reading, &found, commits, references, stashes, unreachable);
    roots.tell_boundaries(reading, &found, commits);
    let marked = marks::lead_to(reading, &mut found);
    reading.store.forget_families();
    let is_clean = found.wanted().next().is_none() && marked.trees().next().is_none();
    let mut walk = Walk {
        reading,
        found: &found,
        marked,
        paths: Paths::default(),
        told: HashSet::new(),
        visits: Visits::default(),
        read: HashSet::new(),
        lost: HashSet::new(),
    };
    for class in std::mem::take(&mut roots.classes) {
        // In a clean history there is nothing to look up.
        let in_order = if is_clean { Vec::new() } else { commits.ordered(&class.commits) };
        for place in in_order {
            let entry = commits.get(place);
            if let Some(holds) = found.holds.get(&entry.id) {
                reading.tell_commit(&entry.id, Place::CommitMessage, class.reference.clone(), holds);
            }
            let top = Top { place: class.place, reference: class.reference.clone(), commit: Some(entry.id) };
            walk.object(entry.tree, true, 0, &top);
        }
    }
    for (name, tag) in &roots.tags {
        if let Some(holds) = found.holds.get(tag) {
            reading.tell_commit(tag, Place::TagMessage, Some(text(name)), holds);
        }
    }
    for (name, id, kind) in &roots.objects {
        let top = Top { place: Place::Content, reference: Some(text(name)), commit: None };
        walk.object(*id, *kind == Kind::Tree, 0, &top);
    }
    walk.rest(unreachable);
}

/// Where the look-up begins: what refs point to.
struct Roots {
    classes: Vec<Class>,
    /// Annotated tags, and the refs that point to them.
    tags: Vec<(Vec<u8>, Id)>,
    /// Trees and blobs that refs point to.
    objects: Vec<(Vec<u8>, Id, Kind)>,
    /// Commits that were asked for and are not known.
    unknown: Vec<Id>,
}

impl Roots {
    fn of(
        reading: &Reading<'_>,
        found: &Found,
        commits: &Commits,
        references: &[Reference],
        stashes: &[Id],
        unreachable: bool,
    ) -> Roots {
        let mut roots = Roots { classes: Vec::new(), tags: Vec::new(), objects: Vec::new(), unknown: Vec::new() };
        let (mut ordinary, mut notes, mut stash) = (Vec::new(), Vec::new(), Vec::new());
        for reference in references {
            if let Some(commit) = roots.peeled(reading, found, commits, reference) {
                match &reference.name[..] {
                    b"refs/stash" => stash.push(commit),
                    name if name.starts_with(b"refs/notes/") => notes.push((text(name), commit)),
                    _ => ordinary.push(commit),
                }
            }
        }
        let mut taken = commits.none_taken();
        let mut add = |place, reference: Option<Arc<str>>, tips: Vec<Id>| {
            let reached = commits.reached(tips, &mut taken);
            roots.unknown.extend(reached.unknown);
            roots.classes.push(Class { place, reference, commits: reached.commits });
        };
        add(Place::Content, None, ordinary);
        notes.into_iter().for_each(|(name, tip)| add(Place::Note, Some(name), vec![tip]));
        // Oldest first, so that what a later stash still holds is told of the one it came with.
        let stashes = if stashes.is_empty() { &stash[..] } else { stashes };
        for (number, tip) in stashes.iter().enumerate().rev() {
            add(Place::Stash, Some(format!("stash@{{{number}}}").into()), vec![*tip]);
        }
        if unreachable {
            add(Place::Content, None, commits.all().collect());
            let known: HashSet<Id> = roots.tags.iter().map(|(_, id)| *id).collect();
            let mut dangling: Vec<Id> = found.tags.keys().filter(|id| !known.contains(*id)).copied().collect();
            dangling.sort_unstable();
            roots.tags.extend(dangling.into_iter().map(|id| (format!("tag {}", hex(&id)).into_bytes(), id)));
        }
        roots
    }

    /// The commit a ref comes to, through any tags. What else it comes to is kept; what it does not is told.
    fn peeled(&mut self, reading: &Reading<'_>, found: &Found, commits: &Commits, reference: &Reference) -> Option<Id> {
        let mut id = reference.target;
        let mut tags = HashSet::new();
        loop {
            if commits.find(&id).is_some() {
                (reading.visit)(Item::Done(Unit::Ref, 1));
                return Some(id);
            }
            let missed = |kind, trouble| reading.missed_as(Unit::Ref, reference.name.clone(), kind, &id, trouble);
            match found.tags.get(&id) {
                Some(target) => {
                    if !tags.insert(id) {
                        return None;
                    }
                    self.tags.push((reference.name.clone(), id));
                    match target {
                        Some((target, _)) => id = *target,
                        None => {
                            missed("tag", &Trouble::Damaged("it names no object".into()));
                            return None;
                        }
                    }
                }
                None => {
                    match reading.store.kind(&id) {
                        // All of these that were listed are known.
                        Ok(kind @ (Kind::Commit | Kind::Tag)) => {
                            missed(kind.as_str(), found.lost.get(&id).unwrap_or(&late()));
                        }
                        Ok(kind) if !found.lost.contains_key(&id) => {
                            (reading.visit)(Item::Done(Unit::Ref, 1));
                            self.objects.push((reference.name.clone(), id, kind));
                        }
                        Ok(kind) => missed(kind.as_str(), &found.lost[&id]),
                        Err(trouble) => missed("object", &trouble),
                    }
                    return None;
                }
            }
        }
    }

    /// Tells where the history ends although it goes on.
    fn tell_boundaries(&mut self, reading: &Reading<'_>, found: &Found, commits: &Commits) {
        let mut behind = HashSet::new();
        for class in &self.classes {
            for entry in class.commits.iter().map(|&place| commits.get(place)) {
                if reading.all_shallow.contains(&entry.id) {
                    behind.extend(entry.parents.iter().copied().filter(|id| commits.find(id).is_none()));
                    if reading.shallow.contains(&entry.id) {
                        reading.boundary(&entry.id);
                    }
                }
            }
        }
        for id in self.unknown.iter().filter(|id| !behind.contains(*id)) {
            let trouble = found.lost.get(id).unwrap_or(&Trouble::Missing);
            reading.missed(format!("history before {}", hex(id)).into_bytes(), "commit", id, trouble);
        }
    }
}

/// Where a walk down from a commit or a ref began.
struct Top {
    place: Place,
    reference: Option<Arc<str>>,
    commit: Option<Id>,
}

struct Walk<'a> {
    reading: &'a Reading<'a>,
    found: &'a Found,
    marked: Marked,
    paths: Paths,
    /// Objects that have a place, and at which paths.
    visits: Visits,
    /// Secrets at paths that were told.
    told: HashSet<(u64, u32)>,
    /// Large blobs that were read.
    read: HashSet<Id>,
    /// What was told to be lost.
    lost: HashSet<(Id, Kind)>,
}

impl Walk<'_> {
    /// Goes down from an object, to what is marked.
    fn object(&mut self, id: Id, is_tree: bool, path: u32, top: &Top) {
        let mut left = vec![(self.marked.number(&id), is_tree, path)];
        while let Some((number, is_tree, path)) = left.pop() {
            let (id, kind) = (*self.marked.id(number), if is_tree { Kind::Tree } else { Kind::Blob });
            let mistaken = self.found.mistaken.get(&(id, kind));
            let marks = self.marked.count(number);
            if marks == 0 && !self.found.is_wanted(&id, kind) {
                continue;
            }
            match self.visits.enter(number, path) {
                Visit::Fresh => {}
                Visit::Known => continue,
                Visit::TooOften => {
                    self.visits.tell(self.reading, || self.paths.text(path));
                    continue;
                }
            }
            self.name(path, top);
            let trouble = mistaken.or_else(|| self.found.lost.get(&id));
            if let Some(trouble) = trouble.filter(|_| self.lost.insert((id, kind))) {
                let shown = if path == 0 { hex(&id).into_bytes() } else { self.paths.text(path) };
                self.reading.missed(shown, kind.as_str(), &id, trouble);
            }
            if mistaken.is_some() {
                continue;
            }
            if !is_tree {
                self.blob(id, path, top);
            }
            for at in (0..marks).rev() {
                let (name, number, is_tree) = self.marked.mark(number, at);
                left.push((number, is_tree, self.paths.below(path, name)));
            }
        }
    }

    /// Whether an object was met on the way.
    fn has_met(&self, id: &Id) -> bool {
        self.marked.find(id).is_some_and(|number| self.visits.has_met(number))
    }

    /// Tells of a name that holds a secret, once for each path.
    fn name(&mut self, path: u32, top: &Top) {
        let Some(name) = self.paths.name(path) else { return };
        let Some(holds) = self.found.names.get(name) else { return };
        let fresh: Vec<u64> = holds.iter().copied().filter(|&one| self.told.insert((!one, path))).collect();
        if !fresh.is_empty() {
            let origin = self.origin(path, Place::Path, top);
            (self.reading.visit)(Item::Known(Blob { bytes: name, origin: &origin }, &fresh, &mut Vec::new()));
        }
    }

    fn blob(&mut self, id: Id, path: u32, top: &Top) {
        if self.found.large.contains(&id) {
            return self.large(id, path, top);
        }
        let Some(holds) = self.found.holds.get(&id) else { return };
        let fresh: Vec<u64> = holds.iter().copied().filter(|&one| !self.told.contains(&(one, path))).collect();
        if fresh.is_empty() {
            return;
        }
        let origin = self.origin(path, top.place, top);
        let mut held = Vec::new();
        match self.reading.store.read(&id) {
            Ok((_, bytes)) => {
                (self.reading.visit)(Item::Known(Blob { bytes: &bytes, origin: &origin }, &fresh, &mut held));
            }
            Err(trouble) => self.reading.missed(origin.path, "blob", &id, &trouble),
        }
        // What is believed under another path only is not told here: a later version may be.
        self.told.extend(held.into_iter().map(|one| (one, path)));
    }

    /// Reads a blob that nobody asked yet which secrets it holds: it is too large to be held.
    fn large(&mut self, id: Id, path: u32, top: &Top) {
        let origin = self.origin(path, top.place, top);
        let is_known = |name| self.told.contains(&(name, path));
        match self.reading.large(&id, &origin, !self.read.contains(&id), Some(&is_known)) {
            Ok(held) => {
                self.read.insert(id);
                self.told.extend(held.into_iter().map(|name| (name, path)));
            }
            Err(trouble) => self.reading.missed(origin.path, "blob", &id, &trouble),
        }
    }

    fn origin(&self, path: u32, place: Place, top: &Top) -> Origin {
        let commit = top.commit.map(|id| self.reading.about(&id));
        Origin { commit, reference: top.reference.clone(), ..Origin::at(self.paths.text(path), place) }
    }

    /// A blob that no ref reaches.
    fn dangling(&mut self, id: Id) {
        let reference = Some(format!("blob {}", hex(&id)).into());
        self.object(id, false, 0, &Top { place: Place::Content, reference, commit: None });
    }

    /// What nothing that was asked for reaches: told with the others, or counted.
    fn rest(mut self, unreachable: bool) {
        let found = self.found;
        let mut dangling: BTreeMap<Id, bool> = found.lost.keys().map(|id| (*id, true)).collect();
        dangling.extend(found.holds.keys().map(|id| (*id, false)));
        dangling.retain(|id, _| !self.has_met(id) && !found.tags.contains_key(id));
        let (mut hidden, mut unreached) = (0, 0);
        for (id, is_lost) in dangling {
            // What cannot be read again is told where it is looked for.
            let is_blob = || !matches!(self.reading.store.kind(&id), Ok(Kind::Commit | Kind::Tree | Kind::Tag));
            if is_lost && unreachable && found.lost[&id] != Trouble::Missing {
                self.reading.missed(hex(&id).into_bytes(), "object", &id, &found.lost[&id]);
            } else if is_lost && found.lost[&id] != Trouble::Missing {
                unreached += 1;
            } else if !is_lost && is_blob() {
                hidden += 1;
                if unreachable {
                    self.dangling(id);
                }
            }
        }
        let mut large: Vec<Id> = found.large.iter().filter(|id| !self.has_met(id)).copied().collect();
        large.sort_unstable();
        if unreachable {
            large.into_iter().for_each(|id| self.dangling(id));
        } else {
            (self.reading.visit)(Item::Excluded(Unit::Blob, Exclusion::Unreachable, large.len() as u64));
        }
        (self.reading.visit)(Item::Excluded(Unit::Other, Exclusion::Unreachable, unreached));
        if hidden > 0 && !unreachable {
            let text = match hidden {
                1 => "1 blob that no ref reaches holds secrets, too: --unreachable shows them".to_owned(),
                _ => format!("{hidden} blobs that no ref reaches hold secrets, too: --unreachable shows them"),
            };
            (self.reading.visit)(Item::Notice(text));
        }
    }
}

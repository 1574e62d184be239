//! The commits of a repository, and the order they are told in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator, ParallelSliceMut};

use crate::git::{Id, ids, object};

/// A commit, as far as the order depends on it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub id: Id,
    pub tree: Id,
    pub parents: Box<[Id]>,
    /// When it was committed.
    pub time: i64,
}

impl Entry {
    pub(super) fn new(id: Id, tree: Id, commit: &object::Commit<'_>) -> Entry {
        Entry { id, tree, parents: commit.parents.clone().into(), time: commit.time() }
    }
}

/// Commits in order of their ids.
#[derive(Debug, Default)]
pub(super) struct Commits {
    entries: Vec<Entry>,
    /// The places of all their parents, one commit's behind the other's; `NONE` for one that is not known.
    parents: Vec<u32>,
    /// By place: where its parents begin in there. They end where the next one's begin.
    starts: Vec<u32>,
}

/// The place of what is not known.
const NONE: u32 = u32::MAX;

/// Commits that were reached, and what was not there.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// In no order that means anything, but always the same.
    pub commits: Vec<u32>,
    /// Ids of commits that were asked for and are not known.
    pub unknown: Vec<Id>,
}

impl Commits {
    pub(super) fn new(mut entries: Vec<Entry>) -> Commits {
        // Whatever order they were read in: the same every time.
        entries.par_sort_unstable_by_key(|entry| entry.id);
        entries.dedup_by_key(|entry| entry.id);
        entries.shrink_to_fit();
        let parents = entries.par_iter().flat_map_iter(|entry| entry.parents.iter().map(|id| find(&entries, id)));
        let parents = parents.map(|place| place.unwrap_or(NONE)).collect();
        let ends = entries.iter().scan(0, |end, entry| {
            *end += entry.parents.len() as u32;
            Some(*end)
        });
        let starts = std::iter::once(0).chain(ends).collect();
        Commits { entries, parents, starts }
    }

    pub(super) fn get(&self, place: u32) -> &Entry {
        &self.entries[place as usize]
    }

    pub(super) fn find(&self, id: &Id) -> Option<u32> {
        find(&self.entries, id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Id> {
        self.entries.iter().map(|entry| entry.id)
    }

    /// The places of a commit's parents.
    fn parents(&self, place: u32) -> &[u32] {
        &self.parents[self.starts[place as usize] as usize..self.starts[place as usize + 1] as usize]
    }

    /// By place: whether a commit was reached. None is yet.
    pub(super) fn none_taken(&self) -> Vec<bool> {
        vec![false; self.entries.len()]
    }

    /// The commits that some reach and that are not `taken`, which they then are.
    pub(super) fn reached(&self, from: impl IntoIterator<Item = Id>, taken: &mut [bool]) -> Reached {
        let mut reached = Reached::default();
        let mut left = Vec::new();
        for id in from {
            match self.find(&id) {
                Some(place) => left.push(place),
                None => reached.unknown.push(id),
            }
        }
        while let Some(place) = left.pop() {
            if std::mem::replace(&mut taken[place as usize], true) {
                continue;
            }
            reached.commits.push(place);
            for (&parent, id) in self.parents(place).iter().zip(&self.get(place).parents) {
                if parent == NONE { reached.unknown.push(*id) } else { left.push(parent) }
            }
        }
        reached.unknown.sort_unstable();
        reached.unknown.dedup();
        reached
    }

    /// Parents before their children; of two that do not know each other the older one comes first.
    pub(super) fn ordered(&self, places: &[u32]) -> Vec<u32> {
        let children = Children::of(self, places);
        let mut awaited = vec![0u32; self.entries.len()];
        children.all.iter().for_each(|&child| awaited[child as usize] += 1);
        let key = |place: u32| Reverse((self.get(place).time, place));
        let mut ready: BinaryHeap<_> =
            places.iter().filter(|place| awaited[**place as usize] == 0).map(|&place| key(place)).collect();
        let mut ordered = Vec::with_capacity(places.len());
        while let Some(Reverse((_, place))) = ready.pop() {
            ordered.push(place);
            for &child in children.of_one(place) {
                awaited[child as usize] -= 1;
                if awaited[child as usize] == 0 {
                    ready.push(key(child));
                }
            }
        }
        ordered
    }
}

/// Of some commits, those that they are parents of.
struct Children {
    /// One commit's behind the other's.
    all: Vec<u32>,
    /// By place: where its children begin in there. They end where the next one's begin.
    starts: Vec<u32>,
}

impl Children {
    fn of(commits: &Commits, places: &[u32]) -> Children {
        let mut is_meant = commits.none_taken();
        places.iter().for_each(|&place| is_meant[place as usize] = true);
        let families = || {
            let parents = |&child: &u32| commits.parents(child).iter().map(move |&parent| (parent, child));
            let is_meant = |parent: u32| is_meant.get(parent as usize).copied().unwrap_or_default();
            places.iter().flat_map(parents).filter(move |&(parent, child)| parent != child && is_meant(parent))
        };
        let mut starts = vec![0u32; is_meant.len() + 1];
        families().for_each(|(parent, _)| starts[parent as usize] += 1);
        // Where each ends, first; what is put in from there on backwards brings it to where it begins.
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        let mut all = vec![0; end as usize];
        for (parent, child) in families() {
            let start = &mut starts[parent as usize];
            *start -= 1;
            all[*start as usize] = child;
        }
        Children { all, starts }
    }

    fn of_one(&self, parent: u32) -> &[u32] {
        &self.all[self.starts[parent as usize] as usize..self.starts[parent as usize + 1] as usize]
    }
}

fn find(entries: &[Entry], id: &Id) -> Option<u32> {
    ids::find(id, 0..entries.len(), 0, |place| &entries[place].id).map(|place| place as u32)
}

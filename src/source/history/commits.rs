//! The commits of a repository, and the order they are told in.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use crate::git::{Id, object};

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
pub(super) struct Commits(Vec<Entry>);

/// Commits that were reached, parents before their children, and what was not there.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    /// In that order; of two that do not know each other the older one comes first.
    pub commits: Vec<u32>,
    /// Ids of commits that were asked for and are not known.
    pub unknown: Vec<Id>,
}

impl Commits {
    pub(super) fn new(mut entries: Vec<Entry>) -> Commits {
        // Whatever order they were read in: the same every time.
        entries.sort_unstable_by_key(|entry| entry.id);
        entries.dedup_by_key(|entry| entry.id);
        entries.shrink_to_fit();
        Commits(entries)
    }

    pub(super) fn get(&self, place: u32) -> &Entry {
        &self.0[place as usize]
    }

    pub(super) fn find(&self, id: &Id) -> Option<u32> {
        self.0.binary_search_by_key(id, |entry| entry.id).ok().map(|place| place as u32)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Id> {
        self.0.iter().map(|entry| entry.id)
    }

    /// The commits that some reach and that are not `taken`, which they then are.
    pub(super) fn reached(&self, from: impl IntoIterator<Item = Id>, taken: &mut HashSet<u32>) -> Ordered {
        let mut left: Vec<Id> = from.into_iter().collect();
        let (mut reached, mut unknown) = (Vec::new(), Vec::new());
        while let Some(id) = left.pop() {
            match self.find(&id) {
                Some(place) if taken.insert(place) => {
                    reached.push(place);
                    left.extend(&self.get(place).parents);
                }
                Some(_) => {}
                None => unknown.push(id),
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        Ordered { commits: self.ordered(&reached), unknown }
    }

    /// Parents before their children, older ones first.
    pub(super) fn ordered(&self, places: &[u32]) -> Vec<u32> {
        // By place: how many parents a commit waits for, if it is one of these; and who waits for it.
        let mut waits: Vec<Option<u32>> = vec![None; self.0.len()];
        places.iter().for_each(|&place| waits[place as usize] = Some(0));
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); self.0.len()];
        for &place in places {
            let mut parents: Vec<u32> = self.get(place).parents.iter().filter_map(|id| self.find(id)).collect();
            parents.sort_unstable();
            parents.dedup();
            for parent in parents.into_iter().filter(|parent| *parent != place) {
                if waits[parent as usize].is_some() {
                    children[parent as usize].push(place);
                    waits[place as usize] = waits[place as usize].map(|count| count + 1);
                }
            }
        }
        let key = |place: u32| Reverse((self.get(place).time, place));
        let mut ready: BinaryHeap<_> =
            places.iter().filter(|place| waits[**place as usize] == Some(0)).map(|&place| key(place)).collect();
        let mut ordered = Vec::with_capacity(places.len());
        while let Some(Reverse((_, place))) = ready.pop() {
            ordered.push(place);
            for &child in &children[place as usize] {
                waits[child as usize] = waits[child as usize].map(|count| count - 1);
                if waits[child as usize] == Some(0) {
                    ready.push(key(child));
                }
            }
        }
        ordered
    }
}

//! Paths as numbers, and how often things are met at different ones.
//!
//! A tree may name another under ten names, and that one the next: ten such trees make ten thousand million
//! paths. Everything is told at one path at least, and at no more than people can have made.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::{Item, Reading};
use crate::ledger::{Cause, Unit};

/// So many paths of one folder or file are gone through,
const MOST_OF_ONE: u32 = 256;
/// and so many of all, beside the first of each.
const MOST_OF_ALL: u32 = 200_000;

/// Paths as numbers; 0 is the root.
#[derive(Default)]
pub(super) struct Paths {
    known: HashMap<(u32, Box<[u8]>), u32>,
    all: Vec<(u32, Box<[u8]>)>,
}

impl Paths {
    /// The path of a name within another.
    pub(super) fn below(&mut self, path: u32, name: &[u8]) -> u32 {
        let next = self.all.len() as u32 + 1;
        let number = *self.known.entry((path, name.into())).or_insert(next);
        if number == next {
            self.all.push((path, name.into()));
        }
        number
    }

    /// The last name of a path; the root has none.
    pub(super) fn name(&self, path: u32) -> Option<&[u8]> {
        path.checked_sub(1).map(|at| &*self.all[at as usize].1)
    }

    /// All of it.
    pub(super) fn text(&self, path: u32) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut at = path;
        while at != 0 {
            let (above, name) = &self.all[at as usize - 1];
            parts.push(&name[..]);
            at = *above;
        }
        parts.reverse();
        parts.join(&b'/')
    }
}

/// What is to be done with something at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// It is met there for the first time.
    Fresh,
    /// It was met there before.
    Known,
    /// It was met at too many others.
    TooOften,
}

/// What was met where.
#[derive(Debug)]
pub(super) struct Visits<K> {
    /// The path at which something was met first: most have no other.
    first: HashMap<K, u32>,
    /// The others, and how many there are.
    others: HashSet<(K, u32)>,
    times: HashMap<K, u32>,
    repeated: u32,
    is_told: bool,
}

impl<K> Default for Visits<K> {
    fn default() -> Visits<K> {
        let (first, others, times) = (HashMap::new(), HashSet::new(), HashMap::new());
        Visits { first, others, times, repeated: 0, is_told: false }
    }
}

impl<K: Copy + Eq + Hash> Visits<K> {
    /// Meets something at a path.
    pub(super) fn enter(&mut self, what: K, path: u32) -> Visit {
        match self.first.entry(what) {
            Entry::Vacant(first) => {
                first.insert(path);
                return Visit::Fresh;
            }
            Entry::Occupied(first) if *first.get() == path => return Visit::Known,
            Entry::Occupied(_) if self.others.contains(&(what, path)) => return Visit::Known,
            Entry::Occupied(_) => {}
        }
        let times = self.times.entry(what).or_insert(1);
        if *times == MOST_OF_ONE || self.repeated == MOST_OF_ALL {
            return Visit::TooOften;
        }
        self.repeated += 1;
        *times += 1;
        self.others.insert((what, path));
        Visit::Fresh
    }

    /// Whether it was met at all.
    pub(super) fn has_met(&self, what: &K) -> bool {
        self.first.contains_key(what)
    }

    /// Tells, once, that something was met too often.
    pub(super) fn tell(&mut self, reading: &Reading<'_>, path: impl FnOnce() -> Vec<u8>) {
        if !self.is_told {
            self.is_told = true;
            let reason = "the same content stands at very many paths: what it holds is told for some of them only";
            (reading.visit)(Item::Missed(Unit::Other, Cause::Limit, path(), reason.to_owned()));
        }
    }
}

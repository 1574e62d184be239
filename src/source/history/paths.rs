//! Paths as numbers, and how often things are met at different ones.
//!
//! A tree may name another under ten names, and that one the next: ten such trees make ten thousand million
//! paths. Everything is told at one path at least, and at no more than people can have made.

use std::collections::{HashMap, HashSet};

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

/// What was met where, by numbers.
#[derive(Debug, Default)]
pub(super) struct Visits {
    /// The path at which something was met first, or `NOWHERE`: most have no other.
    first: Vec<u32>,
    /// The others, and how many there are.
    others: HashSet<(u32, u32)>,
    times: HashMap<u32, u32>,
    repeated: u32,
    is_told: bool,
}

const NOWHERE: u32 = u32::MAX;

impl Visits {
    /// Meets something at a path.
    pub(super) fn enter(&mut self, what: u32, path: u32) -> Visit {
        if self.first.len() <= what as usize {
            self.first.resize(what as usize + 1, NOWHERE);
        }
        let first = &mut self.first[what as usize];
        if *first == NOWHERE {
            *first = path;
            return Visit::Fresh;
        }
        if *first == path || self.others.contains(&(what, path)) {
            return Visit::Known;
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
    pub(super) fn has_met(&self, what: u32) -> bool {
        self.first.get(what as usize).is_some_and(|&first| first != NOWHERE)
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

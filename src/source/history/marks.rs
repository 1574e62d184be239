//! The trees that lead to what was found, marked from below: those that hold it, then those that hold these,
//! up to the roots.
//!
//! When trees were read for their names, those that hold a wanted object were marked, and it was noted which
//! trees lie in which families of trees (those that git made from one another, mostly versions of one folder).
//! So from a marked tree it is known which families are to be read again, and they are read from below, each
//! when all is known about what lies in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rayon::prelude::ParallelSliceMut;

use super::{Found, Reading, lock};
use crate::git::object::{self, hex};
use crate::git::{Choice, Id, Kind, NONE, Read, Trouble};

/// The number of a tree, and a family of trees of which one holds it.
pub(super) type Link = (u32, u32);

/// What a tree holds of what is wanted: a name, an id, and whether that is a tree.
type Mark<'m> = (&'m [u8], Id, bool);

/// Marked trees, and what they hold of what is wanted. There may be as many as commits, so they are kept small: objects
/// and names go by numbers.
#[derive(Default)]
pub(super) struct Marked {
    numbers: HashMap<Id, u32>,
    objects: Vec<Object>,
    /// The names of the marks, and the numbers of what goes by them.
    marks: Vec<(u32, u32)>,
    name_numbers: HashMap<Arc<[u8]>, u32>,
    names: Vec<Arc<[u8]>>,
}

/// An object that is marked, or held by one that is.
struct Object {
    id: Id,
    /// Which of the marks are its own: none unless it is marked.
    marks: Range<u32>,
}

/// Set in the number of a name that is that of a tree.
const IS_TREE: u32 = 1 << 31;

impl Marked {
    /// Whether a tree is marked.
    pub(super) fn has(&self, tree: &Id) -> bool {
        self.numbers.get(tree).is_some_and(|&number| !self.objects[number as usize].marks.is_empty())
    }

    /// The number of an object; a new one, if it has none.
    pub(super) fn number(&mut self, id: &Id) -> u32 {
        let next = self.objects.len() as u32;
        let number = *self.numbers.entry(*id).or_insert(next);
        if number == next {
            self.objects.push(Object { id: *id, marks: 0..0 });
        }
        number
    }

    /// The number of an object, if it has one.
    pub(super) fn find(&self, id: &Id) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The id of the object of a number.
    pub(super) fn id(&self, number: u32) -> &Id {
        &self.objects[number as usize].id
    }

    /// How many marks the object of a number has.
    pub(super) fn count(&self, number: u32) -> usize {
        self.objects[number as usize].marks.len()
    }

    /// A mark of the object of a number: its name, the number of what goes by it, and whether that is a tree.
    pub(super) fn mark(&self, number: u32, at: usize) -> (&[u8], u32, bool) {
        let (name, object) = self.marks[self.objects[number as usize].marks.start as usize + at];
        (&self.names[(name & !IS_TREE) as usize], object, name & IS_TREE != 0)
    }

    fn of(&self, number: u32) -> impl Iterator<Item = Mark<'_>> {
        (0..self.count(number)).map(move |at| {
            let (name, object, is_tree) = self.mark(number, at);
            (name, *self.id(object), is_tree)
        })
    }

    /// The trees that are marked.
    pub(super) fn trees(&self) -> impl Iterator<Item = &Id> {
        self.objects.iter().filter(|object| !object.marks.is_empty()).map(|object| &object.id)
    }

    /// Marks a tree; tells whether it had no marks before.
    fn put(&mut self, tree: Id, marks: &[Mark<'_>]) -> bool {
        let number = self.number(&tree);
        let is_fresh = self.count(number) == 0;
        // Most that are marked again are so as before.
        if !is_fresh && self.of(number).eq(marks.iter().copied()) {
            return false;
        }
        let start = self.marks.len() as u32;
        for (name, id, is_tree) in marks {
            let mark = (self.name(name) | if *is_tree { IS_TREE } else { 0 }, self.number(id));
            self.marks.push(mark);
        }
        self.objects[number as usize].marks = start..self.marks.len() as u32;
        is_fresh
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        if let Some(&number) = self.name_numbers.get(name) {
            return number;
        }
        let (name, number): (Arc<[u8]>, u32) = (name.into(), self.names.len() as u32);
        self.names.push(Arc::clone(&name));
        self.name_numbers.insert(name, number);
        number
    }
}

impl Found {
    /// All that a path is wanted for, but for the trees that lead to it.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Id> {
        let mistaken = self.mistaken.keys().map(|(id, _)| id);
        let held = self.holds.keys().chain(&self.large).chain(&self.named).chain(self.lost.keys()).chain(mistaken);
        held.filter(|id| !self.tags.contains_key(*id))
    }

    /// Whether a path is wanted for an object that is taken for something of a kind.
    pub(super) fn is_wanted(&self, id: &Id, kind: Kind) -> bool {
        self.holds.contains_key(id)
            || self.large.contains(id)
            || self.named.contains(id)
            || self.settings.contains_key(id)
            || self.lost.contains_key(id)
            || self.mistaken.contains_key(&(*id, kind))
    }

    /// Marks a tree if it holds something that is wanted; tells whether it does.
    pub(super) fn mark(&mut self, tree: Id, text: &[u8]) -> bool {
        let marks = marks(text, |entry| self.is_wanted(&entry.id, entry.kind));
        let is_marked = !marks.is_empty();
        if is_marked {
            self.marked.put(tree, &marks);
        }
        is_marked
    }

    /// Takes the marks back that lead to settings in which nothing was found.
    pub(super) fn forget_settings(&mut self) {
        let settings = std::mem::take(&mut self.settings);
        if settings.is_empty() {
            return;
        }
        let all = std::mem::take(&mut self.marked);
        let kind = |is_tree| if is_tree { Kind::Tree } else { Kind::Blob };
        let is_left = |(_, id, is_tree): &Mark<'_>| !settings.contains_key(id) || self.is_wanted(id, kind(*is_tree));
        let mut marked = Marked::default();
        for (number, tree) in (0..).zip(&all.objects) {
            let marks: Vec<Mark<'_>> = all.of(number).filter(is_left).collect();
            if !marks.is_empty() {
                marked.put(tree.id, &marks);
            }
        }
        self.marked = marked;
    }
}

/// What a tree holds of what is wanted.
fn marks(text: &[u8], is_wanted: impl Fn(&object::Entry<'_>) -> bool) -> Vec<Mark<'_>> {
    let entries = object::entries(text).filter(|entry| entry.kind != Kind::Commit && is_wanted(entry));
    entries.map(|entry| (entry.name, entry.id, entry.kind == Kind::Tree)).collect()
}

/// The trees that hold what is wanted, or hold one that does.
pub(super) fn lead_to(reading: &Reading<'_>, found: &mut Found) -> Marked {
    let marked = std::mem::take(&mut found.marked);
    let mut links = std::mem::take(&mut found.links);
    // What was lost may be trees, too.
    let mut fresh: Vec<Id> = found.wanted().chain(marked.trees()).copied().collect();
    fresh.sort_unstable();
    fresh.dedup();
    if fresh.is_empty() {
        return marked;
    }
    links.par_sort_unstable();
    links.dedup();
    let heights = heights(&links, &reading.store.families());
    let mut sieve = Sieve::of(&fresh);
    let mut pending: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let marked = RwLock::new(marked);
    loop {
        for id in fresh {
            let number = reading.store.look_up(&id).map_or(NONE, |known| known.number);
            for family in above(&links, number) {
                pending.entry(heights.get(&family).copied().unwrap_or(0)).or_default().insert(family);
            }
        }
        let Some((_, families)) = pending.pop_first() else { break };
        let families: Vec<u32> = families.into_iter().collect();
        fresh = read_again(reading, found, &families, &marked, &sieve);
        sieve.add(&fresh);
    }
    marked.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Marks the trees of some families; gives those that were not marked before.
fn read_again(
    reading: &Reading<'_>,
    found: &Found,
    families: &[u32],
    marked: &RwLock<Marked>,
    sieve: &Sieve,
) -> Vec<Id> {
    let fresh: Mutex<Vec<Id>> = Mutex::default();
    // What a panicking thread left is whole: nothing panics while it is changed.
    let is_marked = |id: &Id| marked.read().unwrap_or_else(PoisonError::into_inner).has(id);
    let visit = |read: &Read<'_>| {
        // Where its base held nothing that is wanted, only what is new in it can.
        if let Some((ranges, 0)) = read.changed
            && !ranges.iter().any(|range| sieve.may_be_near(read.text, range))
        {
            return 0;
        }
        let is_wanted = |entry: &object::Entry<'_>| {
            sieve.lets_through(&entry.id) && (found.is_wanted(&entry.id, entry.kind) || is_marked(&entry.id))
        };
        let marks = marks(read.text, is_wanted);
        if !marks.is_empty() {
            let id = read.id();
            if marked.write().unwrap_or_else(PoisonError::into_inner).put(id, &marks) {
                lock(&fresh).push(id);
            }
        }
        u8::from(!marks.is_empty())
    };
    // What could be read before and cannot be now might be a tree that leads to a secret.
    let failed = |id: Id, trouble: Trouble| {
        if !found.lost.contains_key(&id) {
            reading.missed(hex(&id).into_bytes(), "object", &id, &trouble);
        }
    };
    reading.store.each(Choice::Families(families), &visit, &failed);
    fresh.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The families of which a tree holds one.
fn above(links: &[Link], number: u32) -> impl Iterator<Item = u32> + '_ {
    let first = links.partition_point(|&(child, _)| child < number);
    links[first..].iter().take_while(move |&&(child, _)| child == number).map(|&(_, family)| family)
}

/// How high families stand: above all those that lie in them, but for such as go round in circles. These, and
/// what leads from one to another, stand between those below and those above.
fn heights(links: &[Link], families: &[u32]) -> HashMap<u32, u32> {
    let family = |number: u32| families.get(number as usize).copied().unwrap_or(NONE);
    let mut up: Vec<(u32, u32)> = links.iter().map(|&(child, parent)| (family(child), parent)).collect();
    up.retain(|(child, parent)| child != parent);
    up.par_sort_unstable();
    up.dedup();
    let mut heights = layers(&up);
    let mut down: Vec<(u32, u32)> =
        up.iter().filter(|(_, parent)| !heights.contains_key(parent)).map(|&(child, parent)| (parent, child)).collect();
    down.par_sort_unstable();
    let circles: Vec<u32> = down.iter().flat_map(|&(parent, child)| [parent, child]).collect();
    let depths = layers(&down);
    for family in circles {
        heights.entry(family).or_insert_with(|| depths.get(&family).map_or(MIDDLE, |depth| u32::MAX - depth));
    }
    heights
}

/// Where families stand that go round in circles.
const MIDDLE: u32 = u32::MAX / 2;

/// The layers of a graph, by its edges in order: in the first is where none leads to, in each next where all come
/// from those before. What is in a circle, or behind one, is in none.
fn layers(edges: &[(u32, u32)]) -> HashMap<u32, u32> {
    let mut awaited: HashMap<u32, u32> = HashMap::new();
    edges.iter().for_each(|&(_, to)| *awaited.entry(to).or_default() += 1);
    let mut ready: Vec<u32> = edges.iter().map(|&(from, _)| from).filter(|from| !awaited.contains_key(from)).collect();
    ready.dedup();
    let mut layers = HashMap::new();
    for layer in 0.. {
        if ready.is_empty() {
            break;
        }
        let mut next = Vec::new();
        for from in ready {
            layers.insert(from, layer);
            for to in above(edges, from) {
                let left = awaited.entry(to).or_default();
                *left -= 1;
                if *left == 0 {
                    next.push(to);
                }
            }
        }
        ready = next;
    }
    layers
}

/// Says "no" fast for nearly all ids.
pub(super) struct Sieve(Vec<u64>);

impl Sieve {
    pub(super) fn of<'i>(ids: impl IntoIterator<Item = &'i Id>) -> Sieve {
        let mut sieve = Sieve(vec![0; 1 << 14]);
        sieve.add(ids);
        sieve
    }

    fn add<'i>(&mut self, ids: impl IntoIterator<Item = &'i Id>) {
        ids.into_iter().map(Sieve::bit).for_each(|bit| self.0[bit >> 6] |= 1 << (bit & 63));
    }

    /// Whether an id that passes stands in a range of a text, or reaches into it.
    fn may_be_near(&self, text: &[u8], range: &Range<usize>) -> bool {
        const LENGTH: usize = 20;
        let (start, end) = (range.start.saturating_sub(LENGTH), text.len().min(range.end + LENGTH));
        text[start..end].windows(LENGTH).any(|id| id.first_chunk().is_some_and(|id| self.lets_through(id)))
    }

    #[inline]
    fn bit(id: &Id) -> usize {
        usize::from(id[0]) << 12 | usize::from(id[1]) << 4 | usize::from(id[2]) >> 4
    }

    #[inline]
    pub(super) fn lets_through(&self, id: &Id) -> bool {
        let bit = Sieve::bit(id);
        self.0[bit >> 6] >> (bit & 63) & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_stand_above_what_lies_in_them() {
        // 1 in 2 in 3, both 3 and 1 in 4; 5 and 6 in each other, 5 in 7, 7 in 8; 1 in 5.
        let links = [(1, 2), (1, 4), (1, 5), (2, 3), (3, 4), (5, 6), (5, 7), (6, 5), (7, 8)];
        let families: Vec<u32> = (0..9).collect();
        let heights = heights(&links, &families);
        let height = |family: u32| heights[&family];
        assert_eq!([height(1), height(2), height(3), height(4)], [0, 1, 2, 3]);
        assert_eq!([height(5), height(6)], [MIDDLE; 2]);
        assert!(MIDDLE < height(7) && height(7) < height(8));
    }
}

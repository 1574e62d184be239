//! Every object of a repository: by our own readers, and those that came while we read by libgit2.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::folders::Folders;
use super::pack::{MOST_HELD, Name, Pack, Read};
use super::{Id, Kind, Repository, Stream};

/// Why an object cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is not there.
    Missing,
    /// It is there, and not whole.
    Damaged(String),
}

/// The objects of a repository.
pub(crate) struct Store {
    folders: Folders,
    /// Loose objects, and what each was once it was read. Those in packs too when libgit2 reads these.
    others: Vec<Id>,
    kinds: Vec<AtomicU8>,
    /// What a pack lists and could not be read from it.
    strays: Mutex<BTreeSet<Id>>,
    repositories: Mutex<Vec<Repository>>,
}

/// What is known of an object before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// Its kind, if that is known.
    pub kind: Option<Kind>,
    /// Its number: its place among all that are listed.
    pub number: u32,
}

/// Which objects are to be read.
#[derive(Clone, Copy)]
pub(crate) enum Choice<'a> {
    /// Those of some kinds.
    Kinds(&'a (dyn Fn(Kind) -> bool + Sync)),
    /// Those of some families, in order: what was made from one object, and that.
    Families(&'a [u32]),
}

/// The family of all that has none, and the number of what is not listed.
pub(crate) const NONE: u32 = u32::MAX;

impl Store {
    /// The objects of a repository. What is wrong with it as a whole is told. `plainly` reads its packs by
    /// libgit2.
    pub(crate) fn open(repository: &Repository, plainly: bool, told: &mut Vec<(Vec<u8>, String)>) -> Store {
        let folders = Folders::open(repository.common(), plainly);
        told.extend_from_slice(folders.refused());
        let mut others = folders.loose(told);
        if plainly && folders.refused().is_empty() {
            match repository.ids() {
                Ok(ids) => others.extend(ids),
                Err(reason) => told.push((b"objects".to_vec(), reason)),
            }
        }
        others.sort_unstable();
        others.dedup();
        others.retain(|id| !folders.is_packed(id));
        let count = folders.packs().iter().map(Pack::count).sum::<usize>() + others.len();
        if count >= NONE as usize {
            told.push((b"objects".to_vec(), "there are more than can be numbered".into()));
        }
        let kinds = others.iter().map(|_| AtomicU8::new(0)).collect();
        let repositories = Mutex::new(repository.again().into_iter().collect());
        Store { folders, others, kinds, strays: Mutex::default(), repositories }
    }

    /// Finds out what the packs hold, and what is made from what: all reading of everything begins with that.
    pub(crate) fn plan(&self) {
        self.folders.packs().iter().for_each(Pack::prepare);
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// There is no such object.
    pub(crate) fn look_up(&self, id: &Id) -> Result<Known, Trouble> {
        let mut first = 0;
        let mut packs = self.folders.packs().iter();
        while let Some(pack) = packs.next() {
            if let Some(place) = pack.find(id) {
                let elsewhere = |pack: &Pack| pack.find(id).and_then(|place| pack.kind(place));
                let kind = pack.kind(place).or_else(|| packs.find_map(elsewhere));
                return Ok(Known { kind, number: (first + place) as u32 });
            }
            first += pack.count();
        }
        if let Ok(place) = self.others.binary_search(id) {
            let kind = Kind::of(self.kinds[place].load(Ordering::Relaxed));
            return Ok(Known { kind, number: (first + place) as u32 });
        }
        let is_there = self.ask(|repository| repository.has(id)) == Some(true);
        if is_there { Ok(Known { kind: None, number: NONE }) } else { Err(Trouble::Missing) }
    }

    /// The family of each object, by its number.
    pub(crate) fn families(&self) -> Vec<u32> {
        let (mut families, mut first) = (Vec::new(), 0);
        for pack in self.folders.packs() {
            pack.add_families(first, &mut families);
            first += pack.families() as u32;
        }
        families.extend((first..).take(self.others.len()));
        families
    }

    /// Reads an object.
    pub(crate) fn read(&self, id: &Id) -> Result<(Kind, Vec<u8>), Trouble> {
        match self.folders.read(id) {
            Err(Trouble::Missing) => {
                self.ask(|repository| repository.read_by_libgit2(id)).unwrap_or(Err(Trouble::Missing))
            }
            read => read,
        }
    }

    /// What an object is.
    pub(crate) fn kind(&self, id: &Id) -> Result<Kind, Trouble> {
        Ok(self.read_unless_large(id)?.map_or(Kind::Blob, |(kind, _)| kind))
    }

    /// Reads an object, but for a blob that is too large to be held.
    pub(crate) fn read_unless_large(&self, id: &Id) -> Result<Option<(Kind, Vec<u8>)>, Trouble> {
        match self.folders.read_up_to(id, MOST_HELD) {
            Some(read) => read.map(Some).map_err(Trouble::Damaged),
            None if matches!(self.stream(id), Ok((Kind::Blob, _))) => Ok(None),
            None => self.read(id).map(Some),
        }
    }

    /// The means to read a large object piece by piece.
    pub(crate) fn stream(&self, id: &Id) -> Result<(Kind, Stream<'_>), Trouble> {
        self.folders.stream(id).map_or(Err(Trouble::Missing), |stream| stream.map_err(Trouble::Damaged))
    }

    /// Reads every object that is chosen, each once, from as many threads as there are. What `visit`
    /// returns is handed in with the objects that are made from that one. Tells how many that packs list were
    /// dealt with.
    pub(crate) fn each(
        &self,
        choice: Choice<'_>,
        visit: &(dyn Fn(&Read<'_>) -> u8 + Sync),
        failed: &(dyn Fn(Id, Trouble) + Sync),
    ) -> u64 {
        let (mut first, mut dealt_with, mut unread) = (0, 0, Vec::new());
        for (number, pack) in self.folders.packs().iter().enumerate() {
            let before = &self.folders.packs()[..number];
            let once = |read: &Read<'_>| {
                // What was made from an object that is not visited again is all new.
                let is_known = before.iter().any(|pack| pack.find(&read.id()).is_some());
                if is_known { SEEN_BEFORE } else { visit(&Read { family: first + read.family, ..fresh(read) }) }
            };
            let end = first + pack.families() as u32;
            let families = match choice {
                Choice::Kinds(wanted) => pack.families_of(wanted),
                Choice::Families(all) => within(all, first..end).iter().map(|family| family - first).collect(),
            };
            let (met, lost) = pack.each(&families, &once);
            dealt_with += met + lost.len() as u64;
            unread.extend(lost);
            first = end;
        }
        let is_wanted = |kind| !matches!(choice, Choice::Kinds(wanted) if !wanted(kind));
        let one = |id: &Id, family: u32, known: Option<&AtomicU8>| {
            if known.and_then(|kind| Kind::of(kind.load(Ordering::Relaxed))).is_some_and(|kind| !is_wanted(kind)) {
                return;
            }
            match self.read_unless_large(id) {
                Ok(read) => {
                    let is_large = read.is_none();
                    let (kind, text) = read.unwrap_or((Kind::Blob, Vec::new()));
                    known.into_iter().for_each(|known| known.store(kind.number(), Ordering::Relaxed));
                    if is_wanted(kind) {
                        visit(&Read { name: Name::Id(id), family, kind, text: &text, is_large, changed: None });
                    }
                }
                Err(trouble) => failed(*id, trouble),
            }
        };
        let is_with_strays = !matches!(choice, Choice::Families([.., last]) if *last != NONE);
        let strays = self.strays(unread, is_with_strays);
        strays.par_iter().for_each(|id| one(id, NONE, None));
        let others = match choice {
            Choice::Kinds(_) => (0..self.others.len()).collect(),
            Choice::Families(all) => {
                let end = first + self.others.len() as u32;
                within(all, first..end).iter().map(|family| (family - first) as usize).collect::<Vec<_>>()
            }
        };
        let other = |&place: &usize| one(&self.others[place], first + place as u32, Some(&self.kinds[place]));
        others.par_iter().with_max_len(16).for_each(other);
        dealt_with
    }

    /// Gives up the memory for what is needed to read whole families: that is over.
    pub(crate) fn forget_families(&self) {
        self.folders.packs().iter().for_each(Pack::forget_families);
    }

    /// How many objects packs list that can be read from them, as far as their heads tell.
    pub(crate) fn listed(&self) -> u64 {
        self.folders.packs().iter().map(|pack| (pack.count() - pack.strays().count()) as u64).sum()
    }

    /// What packs list and could not be read from them, and is not loose either: now, or ever.
    fn strays(&self, now: Vec<Id>, ever: bool) -> BTreeSet<Id> {
        let mut known = lock(&self.strays);
        known.extend(&now);
        let mut strays: BTreeSet<Id> = now.into_iter().collect();
        if ever {
            strays.extend(known.iter().copied().chain(self.folders.packs().iter().flat_map(Pack::strays)));
        }
        strays.retain(|id| self.others.binary_search(id).is_err());
        strays
    }

    /// Asks libgit2, which wants a handle for each thread, about what is not in the packs and folders we
    /// know. Where one of these is damaged it may be in there, and libgit2 may never answer.
    fn ask<T>(&self, question: impl FnOnce(&Repository) -> T) -> Option<T> {
        if !self.folders.refused().is_empty() {
            return None;
        }
        let repository = {
            let mut repositories = lock(&self.repositories);
            // One is kept to make others from.
            if repositories.len() > 1 { repositories.pop() } else { repositories.last().and_then(Repository::again) }
        }?;
        let answer = question(&repository);
        lock(&self.repositories).push(repository);
        Some(answer)
    }
}

/// What stands for the outcome of a visit that was not made.
const SEEN_BEFORE: u8 = u8::MAX;

/// Those of some numbers, in order, that lie in a range.
fn within(numbers: &[u32], range: std::ops::Range<u32>) -> &[u32] {
    let place = |at: u32| numbers.partition_point(|&number| number < at);
    &numbers[place(range.start)..place(range.end)]
}

/// What was made from an object that was not visited is all new.
fn fresh<'a>(read: &Read<'a>) -> Read<'a> {
    Read { changed: read.changed.filter(|(_, outcome)| *outcome != SEEN_BEFORE), ..*read }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What a panicking thread left is whole: nothing panics while it is changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Every object of a repository: by our own readers, and those that came while we read by libgit2.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::folders::Folders;
use super::pack::{Name, Read};
use super::{Id, Kind, Repository};

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
    repositories: Mutex<Vec<Repository>>,
}

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
        let kinds = others.iter().map(|_| AtomicU8::new(0)).collect();
        let repositories = Mutex::new(repository.again().into_iter().collect());
        Store { folders, others, kinds, repositories }
    }

    /// What kind an object is; nothing as long as that is not known.
    ///
    /// # Errors
    /// There is no such object.
    pub(crate) fn kind(&self, id: &Id) -> Result<Option<Kind>, Trouble> {
        let mut places = self.folders.packs().iter().filter_map(|pack| Some((pack, pack.find(id)?)));
        if let Some((pack, place)) = places.next() {
            return Ok(pack.kind(place).or_else(|| places.find_map(|(pack, place)| pack.kind(place))));
        }
        if let Ok(place) = self.others.binary_search(id) {
            return Ok(Kind::of(self.kinds[place].load(Ordering::Relaxed)));
        }
        if self.ask(|repository| repository.has(id)) == Some(true) { Ok(None) } else { Err(Trouble::Missing) }
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

    /// Reads every object of some kinds, each once, from as many threads as there are. What `visit`
    /// returns is handed in with the objects that are made from that one. Tells how many are listed in packs and
    /// were not met: none, when all kinds are wanted.
    pub(crate) fn each(
        &self,
        wanted: &(dyn Fn(Kind) -> bool + Sync),
        visit: &(dyn Fn(&Read<'_>) -> u8 + Sync),
        failed: &(dyn Fn(Id, Trouble) + Sync),
    ) -> u64 {
        let (mut rest, mut unmet) = (Vec::new(), 0);
        for (number, pack) in self.folders.packs().iter().enumerate() {
            let before = &self.folders.packs()[..number];
            let once = |read: &Read<'_>| {
                // What was made from an object that is not visited again is all new.
                let is_known = before.iter().any(|pack| pack.find(&read.id()).is_some());
                if is_known { SEEN_BEFORE } else { visit(&fresh(read)) }
            };
            let (met, lost) = pack.each(wanted, &once);
            unmet += (pack.count() as u64).saturating_sub(met + lost.len() as u64);
            rest.extend(lost);
        }
        rest.sort_unstable();
        rest.dedup();
        rest.retain(|id| self.others.binary_search(id).is_err());
        let one = |id: &Id| match self.read(id) {
            Ok((kind, text)) => {
                if let Ok(place) = self.others.binary_search(id) {
                    self.kinds[place].store(kind.number(), Ordering::Relaxed);
                }
                if wanted(kind) {
                    visit(&Read { name: Name::Id(id), kind, text: &text, changed: None });
                }
            }
            Err(trouble) => failed(*id, trouble),
        };
        rest.par_iter().with_max_len(16).for_each(one);
        self.others.par_iter().with_max_len(16).for_each(one);
        unmet
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

/// What was made from an object that was not visited is all new.
fn fresh<'a>(read: &Read<'a>) -> Read<'a> {
    Read { changed: read.changed.filter(|(_, outcome)| *outcome != SEEN_BEFORE), ..*read }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What a panicking thread left is whole: nothing panics while it is changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

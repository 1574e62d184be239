//! Every object of a repository: those in packs by our own reader, and what that one does not handle
//! (loose objects, other packs, what is damaged) by libgit2.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::loose;
use super::pack::{Pack, Read, Worker};
use super::{Id, Kind, Repository};
use crate::file::read_regular;

/// How many repositories may lend each other objects in a row, as in git.
const MOST_ALTERNATES: usize = 64;

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
    packs: Vec<Pack>,
    folders: Vec<PathBuf>,
    /// Loose objects, and those of packs that our reader refuses.
    others: Vec<Id>,
    repositories: Mutex<Vec<Repository>>,
    workers: Mutex<Vec<Worker>>,
}

impl Store {
    /// The objects of a repository. What is wrong with it as a whole is told. `plainly` reads all of them
    /// by libgit2.
    pub(crate) fn open(repository: &Repository, plainly: bool, told: &mut Vec<(Vec<u8>, String)>) -> Store {
        let (mut packs, mut all_known) = (Vec::new(), !plainly);
        let folders = folders(repository);
        if !plainly {
            let indexes: Vec<PathBuf> = folders.iter().flat_map(|folder| indexes(folder, told)).collect();
            for index in indexes {
                match Pack::open(&index) {
                    Ok(pack) => packs.push(pack),
                    Err(reason) => {
                        all_known = false;
                        if !reason.contains("version 2") {
                            told.push((name(&index), reason));
                        }
                    }
                }
            }
        }
        let mut others = loose::ids(&folders);
        if !all_known {
            match repository.ids() {
                Ok(ids) => others.extend(ids),
                Err(reason) => told.push((b"objects".to_vec(), reason)),
            }
        }
        others.sort_unstable();
        others.dedup();
        others.retain(|id| !packs.iter().any(|pack: &Pack| pack.find(id).is_some()));
        let repositories = Mutex::new(repository.again().into_iter().collect());
        Store { packs, folders, others, repositories, workers: Mutex::default() }
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, id: &Id) -> bool {
        self.packs.iter().any(|pack| pack.find(id).is_some())
            || self.others.binary_search(id).is_ok()
            || self.ask(|repository| repository.has(id)) == Some(true)
    }

    /// Reads an object.
    pub(crate) fn read(&self, id: &Id) -> Result<(Kind, Vec<u8>), Trouble> {
        let mut worker = lock(&self.workers).pop().unwrap_or_else(Worker::new);
        let places = self.packs.iter().filter_map(|pack| Some((pack, pack.find(id)?)));
        let read = places.into_iter().find_map(|(pack, place)| pack.read(place, &mut worker).ok());
        let read = match read {
            None => loose::read(&self.folders, id, &mut worker),
            read => read.map(Ok),
        };
        lock(&self.workers).push(worker);
        match read {
            Some(read) => read.map_err(Trouble::Damaged),
            None => self.ask(|repository| repository.read(id)).unwrap_or(Err(Trouble::Missing)),
        }
    }

    /// Reads every object of some kinds, each once, from as many threads as there are. What `visit`
    /// returns is handed in with the objects that are made from that one.
    pub(crate) fn each(
        &self,
        wanted: &(dyn Fn(Kind) -> bool + Sync),
        visit: &(dyn Fn(&Read<'_>) -> u8 + Sync),
        failed: &(dyn Fn(Id, Trouble) + Sync),
    ) {
        let mut rest = Vec::new();
        for (number, pack) in self.packs.iter().enumerate() {
            let before = &self.packs[..number];
            let once = |read: &Read<'_>| {
                // What was made from an object that is not visited again is all new.
                let is_known = before.iter().any(|pack| pack.find(&read.id).is_some());
                if is_known { SEEN_BEFORE } else { visit(&fresh(read)) }
            };
            rest.extend(pack.each(wanted, &once));
        }
        rest.sort_unstable();
        rest.dedup();
        rest.retain(|id| self.others.binary_search(id).is_err());
        let one = |id: &Id| match self.read(id) {
            Ok((kind, text)) if wanted(kind) => {
                visit(&Read { id: *id, kind, text: &text, changed: None });
            }
            Ok(_) => {}
            Err(trouble) => failed(*id, trouble),
        };
        rest.par_iter().with_max_len(16).for_each(one);
        self.others.par_iter().with_max_len(16).for_each(one);
    }

    /// Asks libgit2, which wants a handle for each thread.
    fn ask<T>(&self, question: impl FnOnce(&Repository) -> T) -> Option<T> {
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

/// The folders with objects: the repository's own, those the environment names, as git's hooks have
/// it, and those they borrow from.
fn folders(repository: &Repository) -> Vec<PathBuf> {
    let own =
        std::env::var_os("GIT_OBJECT_DIRECTORY").map_or_else(|| repository.common().join("objects"), PathBuf::from);
    let mut folders = vec![own];
    if let Some(more) = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES") {
        folders.extend(std::env::split_paths(&more));
    }
    let mut at = 0;
    while at < folders.len() && folders.len() <= MOST_ALTERNATES {
        let text = read_regular(&folders[at].join("info/alternates"), 1 << 20).unwrap_or_default();
        let lines = String::from_utf8_lossy(&text).into_owned();
        for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            // Relative ones are relative to the folder that names them.
            let folder = folders[at].join(line);
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        at += 1;
    }
    folders
}

/// The indexes of packs in a folder, in order. A pack that has none is told.
fn indexes(folder: &Path, told: &mut Vec<(Vec<u8>, String)>) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join("pack")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let has = |path: &Path, extension| path.extension().is_some_and(|found| found == extension);
    for pack in files.iter().filter(|path| has(path, "pack") && !files.contains(&path.with_extension("idx"))) {
        told.push((name(pack), "it has no index: `git index-pack` makes one".into()));
    }
    files.retain(|path| has(path, "idx"));
    files
}

fn name(path: &Path) -> Vec<u8> {
    path.file_name().unwrap_or_default().as_encoded_bytes().to_vec()
}

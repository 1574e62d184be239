//! The folders that objects lie in: packs and loose objects, read by our own readers. libgit2 waits for pipes
//! and goes round in circles where these are damaged.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::loose::{self, Failure};
use super::pack::{LARGEST, Pack, Worker};
use super::{Id, Kind, Stream, Trouble, lender};
use crate::fault;

/// How long git may take from the name of a pack to that of its index.
const MOMENT: Duration = Duration::from_millis(50);

/// The objects in some folders.
pub(super) struct Folders {
    packs: Vec<Pack>,
    folders: Vec<PathBuf>,
    /// What cannot be used, and why.
    refused: Vec<(Vec<u8>, String)>,
    workers: Mutex<Vec<Worker>>,
}

impl Folders {
    /// Those of a repository, by its folder that worktrees share. `plainly` leaves the packs to libgit2.
    ///
    /// git may pack meanwhile: what has only half of its names for a moment is looked at again.
    pub(super) fn open(common: &Path, plainly: bool) -> Folders {
        let mut found = Folders::listed(common, plainly);
        for _ in 0..2 {
            if !found.is_half() {
                break;
            }
            std::thread::sleep(MOMENT);
            found = Folders::listed(common, plainly);
        }
        found
    }

    /// Whether there is a pack without its index, or the reverse.
    fn is_half(&self) -> bool {
        let path = |name: &[u8]| PathBuf::from(String::from_utf8_lossy(name).into_owned());
        let has = |name: &Path, extension| {
            let file = Path::new("pack").join(name).with_extension(extension);
            self.folders.iter().any(|folder| folder.join(&file).exists())
        };
        self.refused.iter().map(|(name, _)| path(name)).any(|name| has(&name, "idx") != has(&name, "pack"))
    }

    fn listed(common: &Path, plainly: bool) -> Folders {
        let mut refused = Vec::new();
        let folders = lender::all(common, &mut refused);
        let indexes: Vec<PathBuf> = folders.iter().flat_map(|folder| indexes(folder, &mut refused)).collect();
        let mut packs = Vec::new();
        for index in indexes.iter().filter(|_| !plainly) {
            match Pack::open(index) {
                Ok(pack) => packs.push(pack),
                Err(reason) => refused.push((name(index), reason)),
            }
        }
        Folders { packs, folders, refused, workers: Mutex::default() }
    }

    /// The packs that can be read.
    pub(super) fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// What cannot be used, and why. libgit2 is not to be asked anything where there is such a thing.
    pub(super) fn refused(&self) -> &[(Vec<u8>, String)] {
        &self.refused
    }

    /// Whether a pack has such an object.
    pub(super) fn is_packed(&self, id: &Id) -> bool {
        self.packs.iter().any(|pack| pack.find(id).is_some())
    }

    /// Whether there is such an object, whole or not.
    pub(super) fn has(&self, id: &Id) -> bool {
        self.is_packed(id) || loose::is_there(&self.folders, id)
    }

    /// The ids of the loose objects. Folders that cannot be listed are told.
    pub(super) fn loose(&self, told: &mut Vec<(Vec<u8>, String)>) -> Vec<Id> {
        loose::ids(&self.folders, told)
    }

    /// Reads an object.
    pub(super) fn read(&self, id: &Id) -> Result<(Kind, Vec<u8>), Trouble> {
        match self.read_up_to(id, LARGEST) {
            Some(Ok(read)) => Ok(read),
            Some(Err(reason)) => Err(Trouble::Damaged(reason)),
            None => Err(Trouble::Missing),
        }
    }

    /// Reads an object; nothing when there is none, or it is a blob that is larger than `most` and can be streamed.
    pub(super) fn read_up_to(&self, id: &Id, most: u64) -> Option<Result<(Kind, Vec<u8>), String>> {
        let mut worker = self.workers().pop().unwrap_or_else(Worker::new);
        let mut read = None;
        for pack in &self.packs {
            let Some(place) = pack.find(id) else { continue };
            match pack.read(place, most, &mut worker).transpose() {
                None => {
                    self.workers().push(worker);
                    return None;
                }
                found => read = found,
            }
            if matches!(read, Some(Ok(_))) {
                break;
            }
        }
        if !matches!(read, Some(Ok(_))) {
            match loose::read(&self.folders, id, most, &mut worker) {
                None => {}
                Some(Ok(found)) => read = Some(Ok(found)),
                Some(Err(Failure::Large)) if most < LARGEST => read = None,
                Some(Err(Failure::Large)) => read = Some(Err("it is too large".into())),
                Some(Err(Failure::Damaged(reason))) => read = Some(Err(reason)),
            }
        }
        self.workers().push(worker);
        read
    }

    /// The means to read a large object piece by piece; nothing when there is no such.
    pub(super) fn stream<'s>(&'s self, id: &Id) -> Option<Result<(Kind, Stream<'s>), String>> {
        let packed = self.packs.iter().find_map(|pack| pack.stream(pack.find(id)?));
        packed.map(Ok).or_else(|| loose::stream(&self.folders, id))
    }

    fn workers(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        // What a panicking thread left is whole: nothing panics while it is changed.
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The indexes of packs in a folder, in order. What is no file, and a pack that has no index, is told.
fn indexes(folder: &Path, told: &mut Vec<(Vec<u8>, String)>) -> Vec<PathBuf> {
    let listed = fault::point().and_then(|()| std::fs::read_dir(folder.join("pack")));
    let listed = listed.and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = match listed {
        Ok(entries) => entries,
        Err(error) => {
            if !is_absent(&error) {
                told.push((b"objects/pack".to_vec(), format!("it cannot be listed: {error}")));
            }
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.sort();
    let has = |path: &Path, extension| path.extension().is_some_and(|found| found == extension);
    let is_odd = |path: &Path| std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    for odd in files.iter().filter(|path| path.extension().is_some() && is_odd(path)) {
        told.push((name(odd), "it is not a regular file".into()));
    }
    for pack in files.iter().filter(|path| has(path, "pack") && !files.contains(&path.with_extension("idx"))) {
        told.push((name(pack), "it has no index: `git index-pack` makes one".into()));
    }
    files.retain(|path| has(path, "idx") && !is_odd(path) && !is_odd(&path.with_extension("pack")));
    // Of what git is writing the pack goes away first.
    files.retain(|path| !name(path).starts_with(b".tmp-") || path.with_extension("pack").exists());
    files
}

/// Whether there is nothing to be read, which is nothing to be told.
pub(super) fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn name(path: &Path) -> Vec<u8> {
    path.file_name().unwrap_or_default().as_encoded_bytes().to_vec()
}

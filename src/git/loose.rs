//! Loose objects: a file each, compressed, with a head that says what it is.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;
use libdeflater::DecompressionError;
use sha1::{Digest, Sha1};

use super::folders::is_absent;
use super::object::{from_hex, hex};
use super::pack::{LARGEST_OTHER, LARGEST_RATIO, Worker};
use super::{Id, Kind, Stream};
use crate::fault;
use crate::file::{open_regular, read_regular};

/// What is said of an object whose bytes make another id.
const ANOTHER: &str = "it is another object than its name says";

/// Why a loose object cannot be read.
pub(super) enum Failure {
    /// It is larger than was asked for.
    Large,
    /// It is not whole.
    Damaged(String),
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Failure {
        Failure::Damaged(reason.to_owned())
    }
}

/// The ids of the loose objects in some folders. Folders that cannot be listed are told.
pub(super) fn ids(folders: &[PathBuf], told: &mut Vec<(Vec<u8>, String)>) -> Vec<Id> {
    let mut ids = Vec::new();
    for folder in folders {
        for slot in 0..=255u8 {
            let front = format!("{slot:02x}");
            let reason = match names(&folder.join(&front)) {
                Ok(names) => {
                    let whole = |rest: &[u8]| from_hex(&[front.as_bytes(), rest].concat());
                    ids.extend(names.iter().filter_map(|rest| whole(rest)));
                    continue;
                }
                Err(error) if is_absent(&error) => continue,
                Err(error) => format!("it cannot be listed: {error}"),
            };
            // Once is enough where nothing of it can be read.
            if names(folder).is_err() {
                told.push((b"objects".to_vec(), reason));
                break;
            }
            told.push((format!("objects/{front}").into_bytes(), reason));
        }
    }
    ids
}

fn names(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let entries = fs::read_dir(folder)?;
    fault::point()?;
    entries.map(|entry| Ok(entry?.file_name().as_encoded_bytes().to_vec())).collect()
}

/// Where an object lies in a folder.
fn file_name(id: &Id) -> String {
    let name = hex(id);
    format!("{}/{}", &name[..2], &name[2..])
}

/// Whether there is a loose object of that id, whatever is in its file.
pub(super) fn is_there(folders: &[PathBuf], id: &Id) -> bool {
    let file = file_name(id);
    folders.iter().any(|folder| !folder.join(&file).symlink_metadata().is_err_and(|error| is_absent(&error)))
}

/// Reads a loose object of at most some size; nothing when there is none.
pub(super) fn read(
    folders: &[PathBuf],
    id: &Id,
    most: u64,
    worker: &mut Worker,
) -> Option<Result<(Kind, Vec<u8>), Failure>> {
    let read = read_up_to(folders, id, most.min(LARGEST_OTHER), worker)?;
    if most <= LARGEST_OTHER || !matches!(read, Err(Failure::Large)) {
        return Some(read);
    }
    // Only a blob may be larger, and what is no object is not taken in whole to find that out.
    match stream(folders, id)? {
        Ok((Kind::Blob, _)) => read_up_to(folders, id, most, worker),
        Ok(_) => Some(Err("it is too large".into())),
        Err(reason) => Some(Err(Failure::Damaged(reason))),
    }
}

fn read_up_to(
    folders: &[PathBuf],
    id: &Id,
    most: u64,
    worker: &mut Worker,
) -> Option<Result<(Kind, Vec<u8>), Failure>> {
    let file = file_name(id);
    let bytes = folders.iter().map(|folder| read_regular(&folder.join(&file), most));
    let found = bytes.into_iter().find(|read| !read.as_ref().is_err_and(is_absent))?;
    let found = found.map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => Failure::Large,
        _ => Failure::Damaged(error.to_string()),
    });
    Some(found.and_then(|bytes| parsed(inflated(&bytes, most, worker)?, id)))
}

/// The means to read a loose object piece by piece; nothing when there is none.
pub(super) fn stream<'s>(folders: &[PathBuf], id: &Id) -> Option<Result<(Kind, Stream<'s>), String>> {
    let file = file_name(id);
    let opened = folders.iter().map(|folder| open_regular(&folder.join(&file)));
    let opened = opened.into_iter().find(|open| !open.as_ref().is_err_and(is_absent))?;
    let begun = opened.map_err(|error| error.to_string()).and_then(|file| {
        let mut reader = BufReader::new(ZlibDecoder::new(file));
        let mut head = Vec::new();
        let read = reader.by_ref().take(32).read_until(0, &mut head).map_err(|error| error.to_string())?;
        let (kind, size) = Kind::with_size(&head[..read.saturating_sub(1)]).ok_or("its head makes no sense")?;
        let hash = Sha1::new_with_prefix(&head);
        Ok((kind, Stream::new(Box::new(Checked { reader, hash, id: *id }), size)))
    });
    Some(begun)
}

/// An object that is read piece by piece, and fails at its end where it is not the one of its id.
struct Checked<R> {
    reader: R,
    hash: Sha1,
    id: Id,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hash.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() && self.hash.clone().finalize()[..] != self.id[..] {
            return Err(io::Error::new(io::ErrorKind::InvalidData, ANOTHER));
        }
        Ok(count)
    }
}

fn inflated(bytes: &[u8], most: u64, worker: &mut Worker) -> Result<Vec<u8>, Failure> {
    let most = (bytes.len() as u64 * LARGEST_RATIO).min(most);
    // Its size stands inside.
    let mut size = (bytes.len() as u64 * 4 + 64).min(most);
    loop {
        fault::point().map_err(|error| Failure::Damaged(error.to_string()))?;
        let mut text = vec![0; usize::try_from(size).map_err(|_| Failure::Large)?];
        match worker.inflate.zlib_decompress(bytes, &mut text) {
            Ok(length) => {
                text.truncate(length);
                return Ok(text);
            }
            Err(DecompressionError::InsufficientSpace) if size < most => size = (size * 4).min(most),
            Err(DecompressionError::InsufficientSpace) => return Err(Failure::Large),
            Err(DecompressionError::BadData) => return Err("its compressed bytes are damaged".into()),
        }
    }
}

fn parsed(mut text: Vec<u8>, id: &Id) -> Result<(Kind, Vec<u8>), Failure> {
    let head = text.iter().take(32).position(|&byte| byte == 0).ok_or("it has no head")?;
    let (kind, size) = Kind::with_size(&text[..head]).ok_or("its head makes no sense")?;
    if size != (text.len() - head - 1) as u64 {
        return Err("it has another size than it says".into());
    }
    if Sha1::digest(&text)[..] != id[..] {
        return Err(ANOTHER.into());
    }
    text.drain(..=head);
    Ok((kind, text))
}

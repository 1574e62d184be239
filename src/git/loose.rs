//! Loose objects: a file each, compressed, with a head that says what it is.

use std::path::PathBuf;

use libdeflater::DecompressionError;

use super::object::{from_hex, hex};
use super::pack::{LARGEST, LARGEST_RATIO, Worker};
use super::{Id, Kind};
use crate::file::read_regular;

/// The ids of the loose objects in some folders.
pub(super) fn ids(folders: &[PathBuf]) -> Vec<Id> {
    let mut ids = Vec::new();
    for folder in folders {
        for slot in 0..=255u8 {
            let front = format!("{slot:02x}");
            let entries = std::fs::read_dir(folder.join(&front)).into_iter().flatten().flatten();
            let whole = |rest: &std::ffi::OsStr| from_hex(&[front.as_bytes(), rest.as_encoded_bytes()].concat());
            ids.extend(entries.filter_map(|entry| whole(&entry.file_name())));
        }
    }
    ids
}

/// Reads a loose object; nothing when there is none.
pub(super) fn read(folders: &[PathBuf], id: &Id, worker: &mut Worker) -> Option<Result<(Kind, Vec<u8>), String>> {
    let name = hex(id);
    let file = format!("{}/{}", &name[..2], &name[2..]);
    let bytes = folders.iter().map(|folder| read_regular(&folder.join(&file), LARGEST));
    let found = bytes
        .into_iter()
        .find(|read| !read.as_ref().is_err_and(|error| matches!(error.kind(), std::io::ErrorKind::NotFound)))?;
    Some(found.map_err(|error| error.to_string()).and_then(|bytes| parsed(inflated(&bytes, worker)?)))
}

fn inflated(bytes: &[u8], worker: &mut Worker) -> Result<Vec<u8>, String> {
    let most = (bytes.len() as u64 * LARGEST_RATIO).min(LARGEST);
    // Its size stands inside.
    let mut size = bytes.len() as u64 * 4 + 64;
    loop {
        let mut text = vec![0; usize::try_from(size).map_err(|_| "it is too large")?];
        match worker.inflate.zlib_decompress(bytes, &mut text) {
            Ok(length) => {
                text.truncate(length);
                return Ok(text);
            }
            Err(DecompressionError::InsufficientSpace) if size < most => size = (size * 4).min(most),
            Err(DecompressionError::InsufficientSpace) => return Err("it is too large".into()),
            Err(DecompressionError::BadData) => return Err("its compressed bytes are damaged".into()),
        }
    }
}

fn parsed(mut text: Vec<u8>) -> Result<(Kind, Vec<u8>), String> {
    let head = text.iter().take(32).position(|&byte| byte == 0).ok_or("it has no head")?;
    let (kind, size) = Kind::with_size(&text[..head]).ok_or("its head makes no sense")?;
    if size != (text.len() - head - 1) as u64 {
        return Err("it has another size than it says".into());
    }
    text.drain(..=head);
    Ok((kind, text))
}

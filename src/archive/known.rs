//! Members in which there was nothing: the same ones lie in many archives, and are not read again.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

/// So many members are known at once.
const MOST: usize = 1 << 17;

/// What stands for a member: nobody can make two of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    /// That of a member, by the last part of its name, its compressed bytes, and the sum and size of what comes out.
    pub(super) fn of(name: &[u8], packed: &[u8], crc: u64, size: u64) -> Key {
        let name = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let lengths = [crc, size, name.len() as u64].map(u64::to_le_bytes);
        let digest = Sha256::new().chain_update(lengths.as_flattened()).chain_update(name).chain_update(packed);
        Key(*digest.finalize().first_chunk().expect("a digest has 32 bytes"))
    }
}

/// The members in which there was nothing.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashSet<Key>>);

impl Known {
    pub(super) fn has(&self, key: Key) -> bool {
        self.keys().contains(&key)
    }

    pub(super) fn add(&self, key: Key) {
        let mut keys = self.keys();
        if keys.len() < MOST {
            keys.insert(key);
        }
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<Key>> {
        // What a panicking thread left is whole: nothing panics while it is changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A tree: what git records of a folder, read from its bytes.

use std::cmp::Ordering;

/// The modes of what can be in a folder.
const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EntryKind {
    /// A file, executable or not.
    File,
    /// A symbolic link; its target is its content.
    Link,
    /// A folder.
    Folder,
    /// A commit of another repository.
    Submodule,
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) mode: u32,
    pub(super) id: Vec<u8>,
}

impl EntryKind {
    pub(super) fn of(mode: u32) -> EntryKind {
        match mode & KIND {
            FOLDER => EntryKind::Folder,
            LINK => EntryKind::Link,
            SUBMODULE => EntryKind::Submodule,
            _ => EntryKind::File,
        }
    }
}

impl Entry {
    /// How an entry stands to another by their names, of which a folder's ends with `/`: in the order
    /// of trees and of the index.
    pub(super) fn order(&self, other: &[u8]) -> Ordering {
        let slash = (EntryKind::of(self.mode) == EntryKind::Folder).then_some(&b'/');
        self.name.iter().chain(slash).cmp(other)
    }
}

/// The entries of a tree whose ids have `id` bytes; nothing when it is damaged.
pub(super) fn entries(mut bytes: &[u8], id: usize) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let space = memchr::memchr(b' ', bytes)?;
        let mode = u32::from_str_radix(std::str::from_utf8(&bytes[..space]).ok()?, 8).ok()?;
        let rest = &bytes[space + 1..];
        let end = memchr::memchr(0, rest)?;
        let (id, behind) = rest[end + 1..].split_at_checked(id)?;
        entries.push(Entry { name: rest[..end].to_vec(), mode, id: id.to_vec() });
        bytes = behind;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_or_refused() {
        let bytes = [&b"100644 a\0"[..], &[1; 20], b"40000 b\0", &[2; 20]].concat();
        let read = entries(&bytes, 20).unwrap();
        let told: Vec<_> =
            read.iter().map(|entry| (entry.name.as_slice(), EntryKind::of(entry.mode), entry.id[0])).collect();
        assert_eq!(told, [(&b"a"[..], EntryKind::File, 1), (b"b", EntryKind::Folder, 2)]);
        for length in 1..bytes.len() {
            assert_eq!(entries(&bytes[..length], 20).is_some(), length == 29, "{length}");
        }
    }

    #[test]
    fn folders_stand_where_a_slash_behind_their_name_puts_them() {
        let folder = Entry { name: b"a".to_vec(), mode: FOLDER, id: Vec::new() };
        assert_eq!(
            [&b"a"[..], b"a.c", b"a/", b"a0"].map(|name| folder.order(name)),
            [Ordering::Greater, Ordering::Greater, Ordering::Equal, Ordering::Less]
        );
    }
}

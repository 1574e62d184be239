//! git's index, read from its bytes: what the next commit would record.
//!
//! Format: `gitformat-index(5)`, versions 2 to 4, split and sparse ones too. What this reader does
//! not know it refuses, with the reason.

use std::borrow::Cow;

use data_encoding::HEXLOWER;

/// Why an index cannot be read.
pub(super) type Refusal = &'static str;

const CUT: Refusal = "the index is damaged: it ends too early";
const DAMAGED: Refusal = "the index is damaged: its parts contradict each other";
const UNKNOWN: Refusal = "the index has a format that is not known here";
const NO_SHARED: Refusal = "the index is split, and the shared part it names is not there";

/// The size of what stands before the entries.
const HEADER: usize = 12;
/// The size of an entry's fields in front of its id, and where its mode stands among them.
const FIXED: usize = 40;
const MODE: usize = 24;
const EXTENDED: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;
/// No path is longer: git stops at 4,096 bytes.
const LONGEST_PATH: usize = 1 << 14;
/// How deep folders can be nested then.
const DEEPEST: usize = LONGEST_PATH / 2;

/// What the next commit would record.
#[derive(Debug, Default)]
pub(super) struct Index<'a> {
    pub(super) entries: Entries<'a>,
    /// The ids that folders had when they were last written; from the root, each before those in it.
    pub(super) folders: Vec<Folder<'a>>,
}

/// Entries in order of path and stage. There may be very many of them, of which few are looked at:
/// where they stand in a file is enough to know.
#[derive(Debug)]
pub(super) enum Entries<'a> {
    /// In a file of a version that leaves paths as they are.
    Plain { bytes: &'a [u8], starts: Vec<u32>, id: usize },
    /// With paths that had to be put together.
    Built(Vec<Entry<'a>>),
}

/// A file in the index; in a sparse index a folder, whose path ends with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) path: Cow<'a, [u8]>,
    pub(super) id: &'a [u8],
    pub(super) mode: u32,
    /// 0, or one side of a conflict: 1 the ancestor, 2 ours, 3 theirs.
    pub(super) stage: u8,
    /// Whether the path alone is there, and no content is staged.
    pub(super) is_intent: bool,
}

/// A folder as it was last written as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder<'a> {
    pub(super) name: &'a [u8],
    /// How many entries it holds and its tree's id, unless something in it changed since.
    pub(super) tree: Option<(usize, &'a [u8])>,
    /// How many of the folders behind this one lie in it, at whatever depth.
    pub(super) below: usize,
}

impl<'a> Index<'a> {
    /// Reads an index whose ids have `id` bytes; `shared` reads the file that holds the shared part of a
    /// split index.
    pub(super) fn read(
        bytes: &'a [u8],
        id: usize,
        shared: impl FnOnce(&str) -> Option<&'a [u8]>,
    ) -> Result<Index<'a>, Refusal> {
        let parts = Parts::read(bytes, id)?;
        let folders = parts.tree.map_or(Ok(Vec::new()), |tree| folders(tree, id))?;
        let (name, bitmaps) = match parts.link {
            Some(link) => link.split_at_checked(id).ok_or(CUT)?,
            None => (&[][..], &[][..]),
        };
        if name.iter().all(|&byte| byte == 0) {
            return Ok(Index { entries: parts.entries, folders });
        }
        let shared = shared(&format!("sharedindex.{}", HEXLOWER.encode(name))).ok_or(NO_SHARED)?;
        let entries = join(Parts::read(shared, id)?.entries, parts.entries, bitmaps)?;
        Ok(Index { entries: Entries::Built(entries), folders })
    }
}

impl Default for Entries<'_> {
    fn default() -> Self {
        Entries::Built(Vec::new())
    }
}

impl<'a> Entries<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Entries::Plain { starts, .. } => starts.len(),
            Entries::Built(entries) => entries.len(),
        }
    }

    pub(super) fn get(&self, place: usize) -> Option<Entry<'a>> {
        match self {
            Entries::Plain { bytes, starts, id } => {
                let start = *starts.get(place)? as usize;
                entry(&bytes[start..], 2, *id, &[]).map(|(entry, _)| entry)
            }
            Entries::Built(entries) => entries.get(place).cloned(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Entry<'a>> {
        (0..self.len()).map_while(|place| self.get(place))
    }

    /// The entries of a path: one, or the sides of a conflict.
    pub(super) fn at(&self, path: &[u8]) -> impl Iterator<Item = Entry<'a>> {
        let here = self.from(path);
        (here..self.len()).map_while(|place| self.get(place)).take_while(|entry| *entry.path == *path)
    }

    /// Whether there is anything in a folder; its path ends with `/`.
    pub(super) fn has_folder(&self, path: &[u8]) -> bool {
        self.get(self.from(path)).is_some_and(|entry| entry.path.starts_with(path))
    }

    /// The place of the first entry that is not before a path.
    fn from(&self, path: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle).is_some_and(|entry| *entry.path < *path) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// The parts of one file.
struct Parts<'a> {
    entries: Entries<'a>,
    tree: Option<&'a [u8]>,
    link: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8], id: usize) -> Result<Parts<'a>, Refusal> {
        let (version, count) = header(bytes)?;
        let most = count.min(bytes.len() / (FIXED + id));
        let (entries, rest) = if version < 4 {
            let mut starts = Vec::with_capacity(most);
            let mut start = HEADER;
            for _ in 0..count {
                starts.push(u32::try_from(start).map_err(|_| UNKNOWN)?);
                start += plain_length(&bytes[start.min(bytes.len())..], id)?;
            }
            (Entries::Plain { bytes, starts, id }, bytes.get(start..).ok_or(CUT)?)
        } else {
            let mut entries: Vec<Entry<'a>> = Vec::with_capacity(most);
            let mut rest = &bytes[HEADER..];
            for _ in 0..count {
                let before = entries.last().map_or(&[][..], |entry| &entry.path);
                let (entry, length) = entry(rest, version, id, before).ok_or(CUT)?;
                if entry.path.len() > LONGEST_PATH {
                    return Err(UNKNOWN);
                }
                entries.push(entry);
                rest = rest.get(length..).ok_or(CUT)?;
            }
            (Entries::Built(entries), rest)
        };
        // What is left over at the end is the checksum.
        let mut extensions = rest.get(..rest.len().wrapping_sub(id)).ok_or(CUT)?;
        let mut parts = Parts { entries, tree: None, link: None };
        while let Some((head, tail)) = extensions.split_first_chunk::<8>() {
            let size = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let (content, behind) = tail.split_at_checked(size).ok_or(CUT)?;
            match &head[..4] {
                b"TREE" => parts.tree = Some(content),
                b"link" => parts.link = Some(content),
                b"sdir" => {}
                // One that begins with a capital may be passed over.
                name if name[0].is_ascii_uppercase() => {}
                _ => return Err(UNKNOWN),
            }
            extensions = behind;
        }
        if extensions.is_empty() { Ok(parts) } else { Err(CUT) }
    }
}

fn header(bytes: &[u8]) -> Result<(u32, usize), Refusal> {
    let number =
        |at: usize| bytes.get(at..).and_then(|bytes| bytes.first_chunk()).map(|four| u32::from_be_bytes(*four));
    let (version, count) = (number(4).ok_or(CUT)?, number(8).ok_or(CUT)?);
    if !bytes.starts_with(b"DIRC") || !(2..=4).contains(&version) {
        return Err(UNKNOWN);
    }
    Ok((version, count as usize))
}

/// How long the first entry in some bytes is, in a version that leaves paths as they are.
fn plain_length(bytes: &[u8], id: usize) -> Result<usize, Refusal> {
    let (_, name, length) = plain_name(bytes, FIXED + id).ok_or(CUT)?;
    // One to eight NUL bytes pad the entry to a multiple of eight.
    if length > LONGEST_PATH { Err(UNKNOWN) } else { Ok((name + length + 8) & !7) }
}

/// The flags of an entry, where its name begins and how long that is: the flags say so where there is
/// room for it in them.
fn plain_name(bytes: &[u8], fixed: usize) -> Option<(u16, usize, usize)> {
    const MOST: u16 = 0xfff;
    let flags = u16::from_be_bytes(*bytes.get(fixed..)?.first_chunk()?);
    let start = fixed + if flags & EXTENDED != 0 { 4 } else { 2 };
    let told = usize::from(flags & MOST);
    let is_told = flags & MOST < MOST && bytes.get(start + told) == Some(&0);
    let length = if is_told { told } else { memchr::memchr(0, bytes.get(start..)?)? };
    Some((flags, start, length))
}

/// The first entry in some bytes, and how long it is.
fn entry<'a>(bytes: &'a [u8], version: u32, id: usize, before: &[u8]) -> Option<(Entry<'a>, usize)> {
    let fixed = FIXED + id;
    let flags = u16::from_be_bytes(*bytes.get(fixed..)?.first_chunk()?);
    let is_extended = flags & EXTENDED != 0;
    let more = if is_extended { u16::from_be_bytes(*bytes.get(fixed + 2..)?.first_chunk()?) } else { 0 };
    let name = fixed + if is_extended { 4 } else { 2 };
    let (path, length) = if version < 4 {
        let (_, start, length) = plain_name(bytes, fixed)?;
        (Cow::Borrowed(&bytes[start..start + length]), start + length)
    } else {
        // How many bytes to drop from the path before, then what to add.
        let (dropped, digits) = offset(bytes.get(name..)?)?;
        let added = name + digits;
        let length = memchr::memchr(0, bytes.get(added..)?)?;
        let kept = before.len().checked_sub(dropped)?;
        (Cow::Owned([&before[..kept], &bytes[added..added + length]].concat()), added + length + 1)
    };
    let entry = Entry {
        path,
        id: &bytes[FIXED..fixed],
        mode: u32::from_be_bytes(*bytes[MODE..].first_chunk()?),
        stage: (flags >> 12 & 3) as u8,
        is_intent: more & INTENT_TO_ADD != 0,
    };
    Some((entry, length))
}

/// The variable-length number of pack files, and how many bytes it takes.
fn offset(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value = value.checked_mul(128)?.checked_add(usize::from(byte & 127))?;
        if byte & 128 == 0 {
            return Some((value, at + 1));
        }
        value += 1;
    }
    None
}

/// The folders of a `TREE` extension.
fn folders(mut bytes: &[u8], id: usize) -> Result<Vec<Folder<'_>>, Refusal> {
    let mut folders: Vec<Folder<'_>> = Vec::new();
    // The folders that those to come lie in: each one's place, and how many of its own are missing.
    let mut open: Vec<(usize, usize)> = Vec::new();
    while !bytes.is_empty() {
        let (name, rest) = split_at_byte(bytes, 0).ok_or(CUT)?;
        let (count, rest) = split_at_byte(rest, b' ').ok_or(CUT)?;
        let (within, rest) = split_at_byte(rest, b'\n').ok_or(CUT)?;
        let (within, count) = (number(within).ok_or(DAMAGED)?, number(count));
        let (tree, rest) = match count {
            Some(count) => {
                let (id, rest) = rest.split_at_checked(id).ok_or(CUT)?;
                (Some((count, id)), rest)
            }
            None => (None, rest),
        };
        let here = folders.len();
        folders.push(Folder { name, tree, below: 0 });
        bytes = rest;
        match open.last_mut() {
            Some((_, missing)) => *missing -= 1,
            None if here > 0 => return Err(DAMAGED),
            None => {}
        }
        open.push((here, within));
        while let Some((place, 0)) = open.last().copied() {
            folders[place].below = here - place;
            open.pop();
        }
        if open.len() > DEEPEST {
            return Err(UNKNOWN);
        }
    }
    if open.is_empty() { Ok(folders) } else { Err(CUT) }
}

fn split_at_byte(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(byte, bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// A decimal number; what is negative is none.
fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The entries of a split index: the shared ones, without those that were deleted, with others in
/// the place of those that were replaced, and what was added.
fn join<'a>(shared: Entries<'a>, own: Entries<'a>, bitmaps: &[u8]) -> Result<Vec<Entry<'a>>, Refusal> {
    let (deleted, rest) = bits(bitmaps, shared.len())?;
    let (replaced, _) = bits(rest, shared.len())?;
    let mut own = own.iter().peekable();
    let mut entries = Vec::with_capacity(shared.len());
    for (at, mut entry) in shared.iter().enumerate() {
        if replaced[at] {
            // Those that replace others come first, in the same order, and have no path.
            let new = own.next_if(|new| new.path.is_empty()).ok_or(DAMAGED)?;
            entry = Entry { path: entry.path, ..new };
        }
        if !deleted[at] {
            entries.push(entry);
        }
    }
    entries.extend(own);
    if entries.iter().any(|entry| entry.path.is_empty()) {
        return Err(DAMAGED);
    }
    entries.sort_by(|a, b| (&a.path, a.stage).cmp(&(&b.path, b.stage)));
    Ok(entries)
}

/// The first `count` bits of a compressed bitmap (EWAH), and what stands behind it.
fn bits(bytes: &[u8], count: usize) -> Result<(Vec<bool>, &[u8]), Refusal> {
    let (words, rest) = bytes.get(4..).and_then(|bytes| bytes.split_first_chunk()).ok_or(CUT)?;
    let size = (u32::from_be_bytes(*words) as usize).checked_mul(8).ok_or(CUT)?;
    let (words, rest) = rest.split_at_checked(size).ok_or(CUT)?;
    // Behind the words stands the place of the last marker among them.
    let rest = rest.get(4..).ok_or(CUT)?;
    let mut words = words.chunks_exact(8).map(|word| word.iter().fold(0u64, |all, &byte| all << 8 | u64::from(byte)));
    let mut bits = Vec::with_capacity(count);
    while let Some(marker) = words.next() {
        let (is_set, run, literal) = (marker & 1 == 1, marker >> 1 & 0xffff_ffff, marker >> 33);
        let run = usize::try_from(run).ok().and_then(|run| run.checked_mul(64)).unwrap_or(usize::MAX);
        bits.resize(bits.len() + run.min(count.saturating_sub(bits.len())), is_set);
        for _ in 0..literal {
            let word = words.next().ok_or(DAMAGED)?;
            bits.extend((0..64).map(|bit| word >> bit & 1 == 1).take(count.saturating_sub(bits.len())));
        }
    }
    bits.resize(count, false);
    Ok((bits, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(version: u32, entries: &[(&[u8], &[u8])], extensions: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = [*b"DIRC", version.to_be_bytes(), (entries.len() as u32).to_be_bytes()].concat();
        for (fields, name) in entries {
            let start = bytes.len();
            bytes.extend([0; FIXED + 20]);
            bytes.extend(*fields);
            bytes.extend(*name);
            bytes.push(0);
            while version < 4 && (bytes.len() - start) % 8 != 0 {
                bytes.push(0);
            }
        }
        for (name, content) in extensions {
            bytes.extend(*name);
            bytes.extend((content.len() as u32).to_be_bytes());
            bytes.extend(*content);
        }
        bytes.extend([0; 20]);
        bytes
    }

    #[track_caller]
    fn paths(bytes: &[u8]) -> Vec<Vec<u8>> {
        Index::read(bytes, 20, |_| None).unwrap().entries.iter().map(|entry| entry.path.into_owned()).collect()
    }

    #[test]
    fn every_version_gives_its_paths() {
        let two = index(2, &[(&[0, 1], b"a"), (&[0, 8], b"dir/file")], &[]);
        assert_eq!(paths(&two), [&b"a"[..], b"dir/file"]);
        let three = index(3, &[(&[0x40, 7, 0x20, 0], b"seven-c"), (&[0x2f, 0xff], b"z")], &[]);
        assert_eq!(paths(&three), [&b"seven-c"[..], b"z"]);
        let entries = Index::read(&three, 20, |_| None).unwrap().entries;
        assert_eq!(entries.iter().map(|one| (one.is_intent, one.stage)).collect::<Vec<_>>(), [(true, 0), (false, 2)]);
        let four = index(4, &[(&[0, 8, 0], b"dir/file"), (&[0, 8, 4], b"name")], &[]);
        assert_eq!(paths(&four), [&b"dir/file"[..], b"dir/name"]);
    }

    #[test]
    fn damage_is_refused() {
        let whole = index(2, &[(&[0, 1], b"a"), (&[0, 8], b"dir/file")], &[(b"TREE", b"\0-1 0\n")]);
        // Where an extension begins it may end: git does not look at the checksum either.
        for length in (0..whole.len()).filter(|&length| length != whole.len() - 14) {
            assert!(Index::read(&whole[..length], 20, |_| None).is_err(), "{length}");
        }
        for unknown in [index(5, &[], &[]), index(2, &[], &[(b"what", b"")])] {
            assert_eq!(Index::read(&unknown, 20, |_| None).err(), Some(UNKNOWN));
        }
        let dropped_too_much = index(4, &[(&[0, 8, 9], b"name")], &[]);
        assert_eq!(Index::read(&dropped_too_much, 20, |_| None).err(), Some(CUT));
    }

    #[test]
    fn folders_know_what_lies_in_them() {
        let id = [7; 20];
        let tree = [&b"\0-1 2\na\x003 1\n"[..], &id, b"b\x002 0\n", &id, b"c\x001 0\n", &id].concat();
        let bytes = index(2, &[], &[(b"TREE", &tree)]);
        let folders = Index::read(&bytes, 20, |_| None).unwrap().folders;
        let told: Vec<_> = folders.iter().map(|one| (one.name, one.tree.map(|tree| tree.0), one.below)).collect();
        assert_eq!(told, [(&b""[..], None, 3), (b"a", Some(3), 1), (b"b", Some(2), 0), (b"c", Some(1), 0)]);
        for damaged in [&b"\0-1 1\n"[..], b"\0-1 0\nx\0-1 0\n", b"\0-1 x\n", b"\x001 0\n12"] {
            assert!(Index::read(&index(2, &[], &[(b"TREE", damaged)]), 20, |_| None).is_err(), "{damaged:?}");
        }
    }

    #[test]
    fn a_bitmap_is_no_longer_than_what_it_is_about() {
        let bitmap = |words: &[u64]| {
            let mut bytes = [[0, 0, 0, 9], (words.len() as u32).to_be_bytes()].concat();
            words.iter().for_each(|word| bytes.extend(word.to_be_bytes()));
            bytes.extend([0, 0, 0, 0]);
            bytes
        };
        let mixed = bitmap(&[1 << 33, 0b101]);
        assert_eq!(bits(&mixed, 4).unwrap(), (vec![true, false, true, false], &[][..]));
        let endless = bitmap(&[u64::MAX >> 31]);
        assert_eq!(bits(&endless, 3).unwrap().0, [true; 3]);
        assert_eq!(bits(&bitmap(&[1 << 33]), 3), Err(DAMAGED));
    }
}

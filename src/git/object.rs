//! Git's objects, parsed from their bytes: nothing that replaces or grafts them is asked.

use std::ops::Range;

/// An object's name: the SHA-1 of it.
pub(crate) type Id = [u8; 20];

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    /// By its number in packs.
    pub(super) fn of(number: u8) -> Option<Kind> {
        [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag].get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Its number in packs.
    pub(super) fn number(self) -> u8 {
        self as u8 + 1
    }

    /// By its name.
    fn named(name: &[u8]) -> Option<Kind> {
        [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag].into_iter().find(|kind| kind.as_str().as_bytes() == name)
    }

    /// What the head of a loose object says: `blob 12`.
    pub(super) fn with_size(head: &[u8]) -> Option<(Kind, u64)> {
        let (name, size) = split(head);
        Some((Kind::named(name)?, std::str::from_utf8(size).ok()?.parse().ok()?))
    }

    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
            Kind::Blob => "blob",
            Kind::Tag => "tag",
        }
    }
}

/// An id as people write it.
pub(crate) fn hex(id: &Id) -> String {
    data_encoding::HEXLOWER.encode(id)
}

/// An id from how people write it.
pub(crate) fn from_hex(text: &[u8]) -> Option<Id> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text).ok()?.try_into().ok()
}

/// What is in a folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub name: &'a [u8],
    pub id: Id,
    pub kind: Kind,
    /// Where in the tree's bytes it stands.
    pub at: usize,
    pub end: usize,
}

/// The entries of a tree. It ends early where the tree is damaged; [`is_tree`] says whether it is.
pub(crate) fn entries(tree: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    entries_from(tree, 0)
}

/// The same, from the place of one on.
pub(crate) fn entries_from(tree: &[u8], mut at: usize) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let entry = entry(tree, at)?;
        at = entry.end;
        Some(entry)
    })
}

#[inline]
fn entry(tree: &[u8], at: usize) -> Option<Entry<'_>> {
    let rest = tree.get(at..)?;
    // A mode has five or six digits.
    let blank = 5 + usize::from(*rest.get(5)? != b' ');
    let blank = if rest.get(blank) == Some(&b' ') { blank } else { memchr::memchr(b' ', rest)? };
    let kind = match &rest[..blank] {
        b"40000" | b"040000" => Kind::Tree,
        b"160000" => Kind::Commit,
        b"100644" | b"100755" | b"120000" => Kind::Blob,
        mode if !mode.is_empty() && mode.iter().all(u8::is_ascii_digit) => Kind::Blob,
        _ => return None,
    };
    let end = blank + 1 + find_nul(&rest[blank + 1..])?;
    let id = *rest.get(end + 1..)?.first_chunk()?;
    Some(Entry { name: &rest[blank + 1..end], id, kind, at, end: at + end + 21 })
}

/// The place of the first entry, from that at `at` on, that ends behind `until`. Up to there the tree is not damaged.
pub(crate) fn skip(tree: &[u8], mut at: usize, until: usize) -> usize {
    while let Some(nul) = tree.get(at..).and_then(find_nul) {
        let end = at + nul + 21;
        if end > until {
            break;
        }
        at = end;
    }
    at
}

/// Where the first NUL is. It is near: names are short.
#[inline]
fn find_nul(text: &[u8]) -> Option<usize> {
    let (eights, _) = text.as_chunks::<8>();
    for (index, eight) in eights.iter().enumerate().take(4) {
        let word = u64::from_le_bytes(*eight);
        let nuls = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
        if nuls != 0 {
            return Some(index * 8 + nuls.trailing_zeros() as usize / 8);
        }
    }
    memchr::memchr(0, text)
}

/// Whether all of a text can be read as a tree.
pub(crate) fn is_tree(text: &[u8]) -> bool {
    entries(text).last().map_or(0, |last| last.end) == text.len()
}

/// A commit or a tag.
#[derive(Debug, Clone)]
pub(crate) struct Commit<'a> {
    /// The tree of a commit.
    pub tree: Option<Id>,
    /// The commits it was made from.
    pub parents: Vec<Id>,
    /// What a tag is put on, and its kind.
    pub target: Option<(Id, Kind)>,
    /// `Name <address> seconds zone`.
    pub author: &'a [u8],
    /// Likewise; it gives the order of commits.
    pub committer: &'a [u8],
    /// The lines of its head that people wrote: all but ids and signatures.
    pub names: Vec<u8>,
    /// Where the message is.
    pub message: Range<usize>,
}

impl<'a> Commit<'a> {
    /// Reads a commit or a tag.
    pub(crate) fn parse(text: &'a [u8]) -> Commit<'a> {
        let head = memchr::memmem::find(text, b"\n\n").map_or(text.len(), |end| end + 1);
        let mut commit = Commit {
            tree: None,
            parents: Vec::new(),
            target: None,
            author: b"",
            committer: b"",
            names: Vec::new(),
            message: text.len().min(head + 1)..text.len(),
        };
        let mut in_signature = false;
        let mut object = None;
        for line in text[..head].split_inclusive(|&byte| byte == b'\n') {
            let (key, value) = split(line);
            in_signature = if key.is_empty() { in_signature } else { key.starts_with(b"gpgsig") };
            match key {
                b"tree" => commit.tree = from_hex(value),
                b"parent" => commit.parents.extend(from_hex(value)),
                b"object" => object = from_hex(value),
                b"type" => commit.target = object.zip(Kind::named(value)),
                _ if in_signature => {}
                _ => {
                    match key {
                        b"author" => commit.author = value,
                        b"committer" | b"tagger" => commit.committer = value,
                        _ => {}
                    }
                    commit.names.extend_from_slice(line);
                }
            }
        }
        commit
    }

    /// When it was committed, in seconds since 1970.
    pub(crate) fn time(&self) -> i64 {
        when(self.committer).0
    }

    /// The name and address of its author.
    pub(crate) fn author(&self) -> String {
        let end = memchr::memrchr(b'>', self.author).map_or(self.author.len(), |end| end + 1);
        String::from_utf8_lossy(&self.author[..end]).into_owned()
    }

    /// When it was written, as ISO 8601 has it.
    pub(crate) fn date(&self) -> String {
        let (seconds, zone) = when(self.author);
        date(seconds, zone)
    }
}

fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let blank = memchr::memchr(b' ', line).unwrap_or(line.len());
    (&line[..blank], line.get(blank + 1..).unwrap_or(&[]))
}

/// The seconds and the minutes of the zone behind a name.
fn when(person: &[u8]) -> (i64, i64) {
    let end = memchr::memrchr(b'>', person).map_or(0, |end| end + 1);
    let text = String::from_utf8_lossy(&person[end..]);
    let mut words = text.split_whitespace();
    let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let zone: i64 = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    // Nobody lives further than 14 hours from Greenwich.
    let zone = if zone.abs() <= 1459 { zone / 100 * 60 + zone % 100 } else { 0 };
    (seconds, zone)
}

/// A time as ISO 8601 has it. Years that need more than four digits are none.
fn date(seconds: i64, zone: i64) -> String {
    const LAST: i64 = 253_402_300_799;
    let local = (seconds.clamp(0, LAST) + zone * 60).clamp(0, LAST);
    let (days, rest) = (local / 86_400, local % 86_400);
    // Days of the calendar, in eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let (sign, zone) = (if zone < 0 { '-' } else { '+' }, zone.abs());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{:02}:{:02}", zone / 60, zone % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, zone, expected) in [
            (0, 0, "1970-01-01T00:00:00+00:00"),
            (951_782_400, 0, "2000-02-29T00:00:00+00:00"),
            (1_704_067_199, 330, "2024-01-01T05:29:59+05:30"),
            (1_704_067_199, -480, "2023-12-31T15:59:59-08:00"),
        ] {
            assert_eq!(date(seconds, zone), expected);
        }
    }

    #[test]
    fn a_commit_has_a_head_and_a_message() {
        let id = "00112233445566778899aabbccddeeff00112233";
        let text = format!(
            "tree {id}\nparent {id}\nauthor A <a@b> 10 +0100\ncommitter C <c@d> 20 -0130\n\
             gpgsig -----BEGIN\n x\n -----END\nmergetag object {id}\n type commit\n\nWhy\n\nmore\n"
        );
        let commit = Commit::parse(text.as_bytes());
        assert_eq!((commit.tree.map(|id| hex(&id)), commit.parents.len(), commit.time()), (Some(id.into()), 1, 20));
        assert_eq!((commit.author(), commit.date()), ("A <a@b>".into(), "1970-01-01T01:00:10+01:00".into()));
        assert_eq!(&text[commit.message.clone()], "Why\n\nmore\n");
        let names = String::from_utf8_lossy(&commit.names);
        assert!(names.contains("type commit") && !names.contains("END") && !names.contains("parent"), "{names}");
    }

    #[test]
    fn a_tree_has_entries() {
        let tree = [&b"100644 a b\0"[..], &[1; 20], b"40000 d\0", &[2; 20], b"160000 s\0", &[3; 20]].concat();
        let read: Vec<_> = entries(&tree).map(|one| (one.name, one.kind, one.id[0])).collect();
        assert_eq!(read, [(&b"a b"[..], Kind::Blob, 1), (b"d", Kind::Tree, 2), (b"s", Kind::Commit, 3)]);
        assert_eq!([0, 30, 31, 58, 59, 99].map(|until| skip(&tree, 0, until)), [0, 0, 31, 31, 59, 88]);
        assert!(is_tree(&tree) && is_tree(b"") && !is_tree(&tree[..tree.len() - 1]));
    }
}

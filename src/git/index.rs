//! The names in git's index, read from its bytes.
//!
//! Format: `gitformat-index(5)`, versions 2 to 4. What this reader does not know (a split index) it
//! refuses, and the caller asks libgit2.

/// Why an index cannot be read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The size of an entry's fields in front of its id; the flags stand behind it.
const FIXED: usize = 40;
const EXTENDED: u16 = 0x4000;

/// The paths in an index, in its order: sorted by their bytes. Ids have `id` bytes.
pub(crate) fn paths(bytes: &[u8], id: usize) -> Result<Vec<Vec<u8>>, Unreadable> {
    let (version, count) = header(bytes).ok_or(Unreadable)?;
    let mut rest = &bytes[12..];
    let mut paths: Vec<Vec<u8>> = Vec::with_capacity((count as usize).min(bytes.len() / FIXED));
    for _ in 0..count {
        let before = paths.last().map_or(&[][..], Vec::as_slice);
        let (path, length) = entry(rest, version, FIXED + id, before).ok_or(Unreadable)?;
        rest = rest.get(length..).ok_or(Unreadable)?;
        paths.push(path);
    }
    if has_extension(rest, id, b"link") { Err(Unreadable) } else { Ok(paths) }
}

fn header(bytes: &[u8]) -> Option<(u32, u32)> {
    let version = u32::from_be_bytes(*bytes.get(4..)?.first_chunk()?);
    let count = u32::from_be_bytes(*bytes.get(8..)?.first_chunk()?);
    (bytes.starts_with(b"DIRC") && (2..=4).contains(&version)).then_some((version, count))
}

/// The path of the first entry in some bytes, and how long the entry is.
fn entry(bytes: &[u8], version: u32, fixed: usize, before: &[u8]) -> Option<(Vec<u8>, usize)> {
    let flags = u16::from_be_bytes(*bytes.get(fixed..)?.first_chunk()?);
    let name = fixed + if flags & EXTENDED != 0 { 4 } else { 2 };
    if version < 4 {
        let length = memchr::memchr(0, bytes.get(name..)?)?;
        // One to eight NUL bytes pad the entry to a multiple of eight.
        let padded = (name + length + 8) & !7;
        return Some((bytes[name..name + length].to_vec(), padded));
    }
    // Version 4: how many bytes to drop from the path before, then what to add.
    let (dropped, digits) = offset(bytes.get(name..)?)?;
    let added = name + digits;
    let length = memchr::memchr(0, bytes.get(added..)?)?;
    let kept = before.len().checked_sub(dropped)?;
    Some(([&before[..kept], &bytes[added..added + length]].concat(), added + length + 1))
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

fn has_extension(mut rest: &[u8], id: usize, name: &[u8; 4]) -> bool {
    // What is left over at the end is the checksum.
    while let Some(([found @ .., _, _, _, _], tail)) = rest.split_first_chunk::<8>() {
        if tail.len() < id {
            return false;
        }
        if found == name {
            return true;
        }
        let size = u32::from_be_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
        rest = tail.get(size..).unwrap_or(&[]);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(version: u32, entries: &[(&[u8], &[u8])]) -> Vec<u8> {
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
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn every_version_gives_its_paths() {
        let two = index(2, &[(&[0, 1], b"a"), (&[0, 3], b"dir/file")]);
        assert_eq!(paths(&two, 20).unwrap(), [&b"a"[..], b"dir/file"]);
        let three = index(3, &[(&[0x40, 1, 0, 0], b"seven-c"), (&[0, 1], b"z")]);
        assert_eq!(paths(&three, 20).unwrap(), [&b"seven-c"[..], b"z"]);
        let four = index(4, &[(&[0, 8, 0], b"dir/file"), (&[0, 8, 4], b"name")]);
        assert_eq!(paths(&four, 20).unwrap(), [&b"dir/file"[..], b"dir/name"]);
    }

    #[test]
    fn damage_is_refused() {
        let whole = index(2, &[(&[0, 1], b"a"), (&[0, 3], b"dir/file")]);
        for length in 0..whole.len() - 22 {
            assert_eq!(paths(&whole[..length], 20), Err(Unreadable), "{length}");
        }
        assert_eq!(paths(&index(5, &[]), 20), Err(Unreadable));
        let dropped_too_much = index(4, &[(&[0, 8, 9], b"name")]);
        assert_eq!(paths(&dropped_too_much, 20), Err(Unreadable));
    }
}

//! The folders with objects: a repository's own, those the environment names, as git's hooks have it, and those
//! from which these borrow. The lists are read as git reads them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::folders::is_absent;
use crate::file::read_regular;

/// How many repositories may lend each other objects in a row.
const MOST: usize = 64;

/// All of them, the repository's own first, given the folder that worktrees share. A list that cannot be read is told.
pub(super) fn all(common: &Path, told: &mut Vec<(Vec<u8>, String)>) -> Vec<PathBuf> {
    let own = std::env::var_os("GIT_OBJECT_DIRECTORY").map_or_else(|| common.join("objects"), PathBuf::from);
    let mut folders = vec![own];
    folders.extend(named());
    let mut at = 0;
    while at < folders.len() && folders.len() <= MOST {
        let text = match read_regular(&folders[at].join("info/alternates"), 1 << 20) {
            Err(error) if !is_absent(&error) => {
                told.push((b"objects/info/alternates".to_vec(), error.to_string()));
                Vec::new()
            }
            read => read.unwrap_or_default(),
        };
        for lender in listed(&text, b'\n') {
            // Relative ones are relative to the folder that names them.
            let folder = folders[at].join(lender);
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        at += 1;
    }
    folders
}

/// Those that the environment names.
pub(super) fn named() -> Vec<PathBuf> {
    let separator = if cfg!(windows) { b';' } else { b':' };
    let list = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
    listed(list.as_encoded_bytes(), separator)
}

/// The folders in a list. One that begins with a quotation mark is quoted as in C, unless the end of that is missing;
/// one that begins with `#` is none.
fn listed(mut list: &[u8], separator: u8) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    while !list.is_empty() {
        let (name, rest) = unquoted(list).unwrap_or_else(|| {
            let end = memchr::memchr(separator, list).unwrap_or(list.len());
            (list[..end].to_vec(), &list[end..])
        });
        let is_comment = list.starts_with(b"#");
        // git passes over whatever stands behind the end of a quoted one.
        list = rest.get(1..).unwrap_or_default();
        if !name.is_empty() && !is_comment {
            folders.push(path(name));
        }
    }
    folders
}

/// What stands between quotation marks, and what is behind them.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (escaped, after) = escape(rest)?;
                name.push(escaped);
                rest = after;
            }
            byte => name.push(*byte),
        }
    }
}

/// The byte that an escape stands for, and what is behind it.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let byte = match text {
        [first @ b'0'..=b'3', second @ b'0'..=b'7', third @ b'0'..=b'7', rest @ ..] => {
            return Some(((first - b'0') << 6 | (second - b'0') << 3 | (third - b'0'), rest));
        }
        [byte @ (b'"' | b'\\'), ..] => *byte,
        [b'a', ..] => 7,
        [b'b', ..] => 8,
        [b't', ..] => b'\t',
        [b'n', ..] => b'\n',
        [b'v', ..] => 11,
        [b'f', ..] => 12,
        [b'r', ..] => b'\r',
        _ => return None,
    };
    Some((byte, &text[1..]))
}

fn path(name: Vec<u8>) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        OsString::from_vec(name).into()
    }
    #[cfg(not(unix))]
    {
        OsString::from(String::from_utf8_lossy(&name).into_owned()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_git_reads_it() {
        let table: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("/a\n\n/b", &["/a", "/b"]),
            ("#/a\n../b/c\r\n", &["../b/c\r"]),
            ("\"/a b\"\n/c", &["/a b", "/c"]),
            (r#""/\"\\\101\tx""#, &["/\"\\A\tx"]),
            ("\"/a\nb\"\nc", &["/a\nb", "c"]),
            ("\"/a\"bc\n\"d", &["/a", "c", "\"d"]),
            (r#""/a\400""#, &[r#""/a\400""#]),
            ("\"\"\n\"/a\\", &["\"/a\\"]),
        ];
        for (list, expected) in table {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(listed(list.as_bytes(), b'\n'), expected, "{list}");
        }
        assert_eq!(listed(b"/a:\"/b:c\":d", b':'), [Path::new("/a"), Path::new("/b:c"), Path::new("d")]);
    }
}

//! A repository's own files, looked at before libgit2 reads them: it waits for pipes, takes in whole whatever there
//! is, and goes wherever a config leads that includes others.

use std::fs;
use std::path::{Path, PathBuf};

use super::repo::{common_dir, git_dir};
use crate::file::read_regular;

/// The most bytes of a config, of a list of refs or of commits, and of a ref.
const LARGEST_CONFIG: u64 = 4 << 20;
const LARGEST_LIST: u64 = 128 << 20;
const LARGEST_REF: u64 = 64 << 10;
/// So many files may be included, as in git one in another.
const MOST_INCLUDED: usize = 100;
const DEEPEST: usize = 10;

/// Tells why libgit2 should not look for a repository around a folder.
pub(super) fn check_around(folder: &Path) -> Result<(), String> {
    let Ok(folder) = fs::canonicalize(folder) else { return Ok(()) };
    for above in folder.ancestors() {
        // Its own folder, or what begins as a bare one does.
        let git = git_dir(above);
        let git = [&*git, above].into_iter().find(|git| git.join("objects").exists() || git.join("commondir").exists());
        if let Some(git) = git {
            check(git)?;
            if git.join("HEAD").symlink_metadata().is_ok() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The same of one repository, given its own folder.
fn check(git: &Path) -> Result<(), String> {
    let common = common_dir(git.to_owned());
    let mut left = MOST_INCLUDED;
    for folder in [git, &*common] {
        for name in ["shallow", "packed-refs", "info/grafts", "gitdir"] {
            check_file(&folder.join(name), LARGEST_LIST).map_err(|reason| format!("{name}: {reason}"))?;
        }
        for name in ["config", "config.worktree"] {
            check_config(&folder.join(name), DEEPEST, &mut left).map_err(|reason| format!("{name}: {reason}"))?;
        }
    }
    Ok(())
}

/// A file among the refs that is larger than any ref.
pub(super) fn large_ref(common: &Path) -> Option<PathBuf> {
    let mut folders = vec![common.join("refs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ if metadata.is_file() && metadata.len() > LARGEST_REF => return Some(entry.path()),
                _ => {}
            }
        }
    }
    None
}

/// What is not there, or a folder, stops nobody.
fn check_file(path: &Path, most: u64) -> Result<(), String> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(found) if !found.is_file() => Err("it is not a regular file".to_owned()),
        Ok(found) if found.len() > most => Err(format!("larger than {most} bytes")),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn check_config(path: &Path, deeper: usize, left: &mut usize) -> Result<(), String> {
    check_file(path, LARGEST_CONFIG)?;
    // A config may be a link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = read_regular(&path, LARGEST_CONFIG).unwrap_or_default();
    for named in included(&text)? {
        if deeper == 0 || *left == 0 {
            return Err("too many files are included".to_owned());
        }
        *left -= 1;
        let home = named.strip_prefix("~/").and_then(|rest| Some(PathBuf::from(std::env::var_os("HOME")?).join(rest)));
        let included = home.unwrap_or_else(|| path.with_file_name(&named));
        check_config(&included, deeper - 1, left).map_err(|reason| format!("{named}: {reason}"))?;
    }
    Ok(())
}

/// The files that a config includes, whatever the condition.
fn included(config: &[u8]) -> Result<Vec<String>, String> {
    let text = String::from_utf8_lossy(config);
    let mut all = Vec::new();
    let mut is_include = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let mut line = line.trim();
        if line.starts_with('[') {
            let end = end_of_header(line);
            is_include = line[1..end].trim().to_ascii_lowercase().starts_with("include");
            line = line.get(end + 1..).unwrap_or_default().trim();
        }
        let Some((key, value)) = line.split_once('=').filter(|_| is_include) else { continue };
        if key.trim().eq_ignore_ascii_case("path") {
            all.push(plain(value).ok_or("it includes a file by a name that is not plain")?);
        }
    }
    Ok(all)
}

/// Where the header of a section ends that begins a line.
fn end_of_header(line: &str) -> usize {
    let mut is_quoted = false;
    let end = line.char_indices().find(|(_, c)| {
        is_quoted ^= *c == '"';
        *c == ']' && !is_quoted
    });
    end.map_or(line.len(), |(at, _)| at)
}

/// A value without its quotes and without a comment. One with escapes, or that goes on in the next line, is not plain.
fn plain(value: &str) -> Option<String> {
    let value = value.trim();
    let text = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').filter(|(_, rest)| rest.trim().is_empty())?.0,
        None => value.split(['#', ';']).next().unwrap_or_default().trim(),
    };
    let is_odd = |c: char| c.is_control() || matches!(c, '"' | '\\' | char::REPLACEMENT_CHARACTER);
    (!text.contains(is_odd)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_be_included_is_seen() {
        let table: [(&str, &[&str]); 9] = [
            ("[core]\npath = a\n", &[]),
            ("[include]\n\tpath = a b # c\n", &["a b"]),
            ("\u{feff}[INCLUDE] Path=\"a;b\"", &["a;b"]),
            ("\u{b}[include]\npath = a\n[core]\npath = b\n", &["a"]),
            ("[includeIf \"gitdir:x]/\"]\npath = a\n", &["a"]),
            ("[includeIf \"onbranch:x\"] path = a\r\n", &["a"]),
            ("[include]\n# path = a\npath = ~/b\npath = /c", &["~/b", "/c"]),
            ("[include\npath = a", &["a"]),
            ("[include]\nother = a\\\n[core]\npath = b", &[]),
        ];
        for (config, expected) in table {
            assert_eq!(included(config.as_bytes()).unwrap(), expected, "{config}");
        }
        for odd in [
            "[include]\npath = a\\\nb",
            "[include]\npath = \"a\"b",
            "[include]\npath = a\"b\"",
            "[include]\npath = \"a\\tb\"",
        ] {
            assert!(included(odd.as_bytes()).is_err(), "{odd}");
        }
    }
}

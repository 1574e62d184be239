//! A ref, read from its file or from `packed-refs`: never through a link, never waiting for a pipe.

use std::fs;
use std::io;
use std::path::{Component, Path};

use super::Id;
use super::object::from_hex;
use crate::file::read_regular;

/// The most bytes that all packed refs may have.
const LARGEST: u64 = 256 << 20;
/// How many refs may name each other in a row, as in git.
const MOST_LINKS: usize = 5;

/// What a ref points to; nothing when there is none of that name, or it names one that is not there.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn target(git: &Path, common: &Path, name: &str) -> Result<Option<Id>, String> {
    let mut name = name.to_owned();
    for _ in 0..=MOST_LINKS {
        if !Path::new(&name).components().all(|part| matches!(part, Component::Normal(_))) || name.contains('\0') {
            return Err("it is not the name of a ref".into());
        }
        let is_own = ["refs/bisect/", "refs/worktree/", "refs/rewritten/"].iter().any(|own| name.starts_with(own));
        let file = if is_own || !name.starts_with("refs/") { git } else { common }.join(&name);
        // Git once wrote links in place of `ref: `.
        if let Some(to) = fs::read_link(&file).ok().and_then(|to| to.into_os_string().into_string().ok())
            && to.starts_with("refs/")
        {
            name = to;
            continue;
        }
        let text = match read_regular(&file, 1 << 16) {
            Ok(text) => text,
            Err(error) if is_nothing(&error, &file) => return packed(common, &name),
            Err(error) => return Err(error.to_string()),
        };
        let text = text.trim_ascii();
        let Some(to) = text.strip_prefix(b"ref:") else {
            let id = text.get(..40).and_then(from_hex);
            return id.map(Some).ok_or_else(|| "it is no ref: `git fsck` says more".to_owned());
        };
        name = String::from_utf8(to.trim_ascii().to_vec()).map_err(|_| "it names no ref")?;
    }
    Err("it names another, and so on without end".into())
}

/// Whether there is no file: a folder may hold refs that begin with its name.
fn is_nothing(error: &io::Error, file: &Path) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || file.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn packed(common: &Path, name: &str) -> Result<Option<Id>, String> {
    let text = match read_regular(&common.join("packed-refs"), LARGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("packed-refs: {error}")),
    };
    let lines = text.split(|&byte| byte == b'\n');
    let line = lines.map(<[u8]>::trim_ascii_end).find(|line| line.get(41..) == Some(name.as_bytes()));
    match line {
        None => Ok(None),
        Some(line) => from_hex(&line[..40]).map(Some).ok_or_else(|| "packed-refs is damaged".to_owned()),
    }
}

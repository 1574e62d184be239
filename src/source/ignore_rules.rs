//! Which files `.gitignore` and its relatives leave out.
//!
//! Matching is the `ignore` crate's. Reading the files is ours: one that is a link or a device is
//! not read, since whoever wrote it may not decide what else on this machine is opened.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::file::read_regular;
use crate::git::Repo;

/// The most bytes of an ignore file that are read.
const LARGEST: u64 = 4 << 20;

/// The files that rules are read from in each folder; a later one has the last word.
pub(super) const FILES: [&str; 2] = [".gitignore", ".ignore"];

/// The rules in force in a folder: its own, then those of the folders above.
#[derive(Debug, Clone, Default)]
pub(super) struct IgnoreRules(Option<Arc<Layer>>);

#[derive(Debug)]
struct Layer {
    rules: Gitignore,
    above: IgnoreRules,
}

impl IgnoreRules {
    /// The rules a repository has besides those in its folders: its own exclude file, and the
    /// user's global one.
    pub(super) fn of_repo(repo: &Repo) -> IgnoreRules {
        let global = GitignoreBuilder::new(repo.root()).build_global().0;
        let mut rules = IgnoreRules::default().and(global);
        if let Ok(text) = read_regular(&repo.exclude_file(), LARGEST) {
            rules = rules.and(parse(repo.root(), &text));
        }
        rules
    }

    /// These rules and those of one file in a folder.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn with_file(self, folder: &Path, name: &str) -> std::io::Result<IgnoreRules> {
        let text = read_regular(&folder.join(name), LARGEST)?;
        Ok(self.and(parse(folder, &text)))
    }

    fn and(self, rules: Gitignore) -> IgnoreRules {
        if rules.is_empty() { self } else { IgnoreRules(Some(Arc::new(Layer { rules, above: self }))) }
    }

    /// Whether a path is left out. The nearest rule that speaks of it decides.
    pub(super) fn leave_out(&self, path: &Path, is_folder: bool) -> bool {
        let mut layer = &self.0;
        while let Some(here) = layer {
            match here.rules.matched(path, is_folder) {
                Match::None => layer = &here.above.0,
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }
}

/// Whether git leaves a file of a repository out, whatever a walk does: `.ignore` is no file of git's.
pub(super) fn git_ignores(repo: &Repo, path: &Path) -> bool {
    let Ok(relative) = path.strip_prefix(repo.root()) else { return false };
    let (mut rules, mut here) = (IgnoreRules::of_repo(repo), repo.root().to_owned());
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        rules = rules.clone().with_file(&here, ".gitignore").unwrap_or(rules);
        here.push(part);
        // What lies in a folder that is left out is left out.
        if rules.leave_out(&here, parts.peek().is_some()) {
            return true;
        }
    }
    false
}

fn parse(folder: &Path, text: &[u8]) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(text).trim_start_matches('\u{feff}').lines() {
        // git passes over a line it cannot understand, and so do we.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

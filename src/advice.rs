//! How far findings have got, and what to do next: whether git has them, whether a remote does, which refs
//! still hold them, and the commands that take them out. Looked up when something was found, never before.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::blob::{Blob, Origin, Place};
use crate::finding::{Advice, Exposure, Finding, Fingerprint, inert};
use crate::git::{Content, Id, Reach, Repo, Repository, Way, from_hex, hex};
use crate::report::{Report, help};
use crate::rule::{self, Finder, RuleSet};
use crate::scan::{Scanned, Scanner, Scratch};
use crate::source::Source;

/// How many refs are named.
const MOST_REFS: usize = 20;
/// How many files of a work tree are looked up.
const MOST_PATHS: usize = 200;

/// Tells each finding how far it has got in a repository, as far as git can say, and what to do next.
/// `folder` is one of the repository that paths are relative to; none when there is none. `source` is what was
/// scanned.
pub(crate) fn advise(report: &mut Report, rules: &RuleSet, folder: Option<&Path>, source: &dyn Source) {
    if report.findings.is_empty() {
        return;
    }
    let known = |id: &Id| source.commit(id);
    let reach = folder.and_then(|folder| match report.source {
        "tree" => Reach::of_tree(folder),
        _ => Repository::open(folder).ok().map(|repository| Reach::new(repository, &known)),
    });
    let mut scanner = Masked { scanner: Scanner::new(rules).counting(), scratch: Scratch::default() };
    let spots = match &reach {
        Some(reach) => Spots::of(report, reach, folder, &mut scanner),
        None => Spots::default(),
    };
    let commits: BTreeSet<Id> = spots.commits.iter().flatten().copied().collect();
    let reaching = reach.as_ref().and_then(|reach| reach.reaching(&commits));
    for (at, finding) in report.findings.iter_mut().enumerate() {
        let commit = spots.commits.get(at).copied().flatten();
        let refs: Option<Vec<&[u8]>> =
            commit.and_then(|commit| Some(reaching.as_ref()?.get(&commit).cloned().unwrap_or_default()));
        let exposure = match (&reach, &refs) {
            (Some(reach), Some(refs)) => of_commit(refs, reach),
            _ => spots.exposures.get(at).copied().flatten(),
        };
        let in_head = refs.iter().flatten().any(|name| *name == b"HEAD");
        let refs: Vec<&[u8]> =
            refs.into_iter().flatten().filter(|name| *name != b"HEAD" && !name.ends_with(b"/HEAD")).collect();
        let shown: Vec<String> = refs.iter().take(MOST_REFS).map(|name| scanner.shown(name)).collect();
        let next = Next { finding, exposure, commit, refs: &shown, in_head, reach: reach.as_ref() }.steps();
        finding.advice = Advice { exposure, refs_total: refs.len(), refs: shown, next };
    }
}

/// What a commit's refs say. Whether a remote has a tag, only the remote knows.
fn of_commit(refs: &[&[u8]], reach: &Reach<'_>) -> Option<Exposure> {
    let is_in = |front: &[u8]| refs.iter().any(|name| name.starts_with(front));
    let all_tags = !refs.is_empty() && refs.iter().all(|name| name.starts_with(b"refs/tags/"));
    match () {
        () if is_in(b"refs/remotes/") || reach.is_bare() && !refs.is_empty() => Some(Exposure::Pushed),
        () if all_tags || !reach.knows_remotes() => None,
        () => Some(Exposure::Unpushed),
    }
}

struct Masked {
    scanner: Scanner,
    scratch: Scratch,
}

impl Masked {
    fn shown(&mut self, text: &[u8]) -> String {
        self.scanner.mask(text, &mut self.scratch)
    }

    /// The names of the secrets in a file's content.
    fn secrets(&mut self, path: &[u8], content: Content<'_>) -> BTreeSet<Fingerprint> {
        let (origin, mut scanned) = (Origin::file(path), Scanned::default());
        match content {
            Content::Bytes(bytes) => scanned = self.scanner.scan(&Blob { bytes, origin: &origin }, &mut self.scratch),
            // What cannot be read of it holds nothing.
            Content::Stream(reader) => {
                let _ = self.scanner.scan_reader(&origin, reader, &mut self.scratch, &mut scanned);
            }
        }
        scanned.findings.iter().map(Finding::fingerprint).collect()
    }
}

/// Where findings are in a repository, each by its number.
#[derive(Default)]
struct Spots {
    /// The commits that brought them in.
    commits: Vec<Option<Id>>,
    /// What is known of those that no commit holds.
    exposures: Vec<Option<Exposure>>,
}

impl Spots {
    fn of(report: &Report, reach: &Reach<'_>, folder: Option<&Path>, scanner: &mut Masked) -> Spots {
        let root = folder.and_then(|folder| Some(Repo::around(&folder.canonicalize().ok()?)?.root().to_owned()));
        let files = root.filter(|_| ["tree", "staged"].contains(&report.source));
        let mut files = files.map(|root| Files::of(report, reach, root)).unwrap_or_default();
        let mut spots = Spots::default();
        for finding in &report.findings {
            let origin = &finding.location.origin;
            let commit = origin.commit.as_deref().and_then(|commit| from_hex(commit.id.as_bytes()));
            let is_remote = origin.reference.as_deref().is_some_and(|name| name.starts_with("refs/remotes/"));
            let (commit, exposure) = match (commit, origin.place) {
                // How far the file's secrets have got is told of each of them.
                _ if matches!(finding.rule.finder, Finder::File(_)) => (None, None),
                (Some(commit), _) => (Some(commit), None),
                (None, Place::Content) => files.spot(finding, reach, scanner),
                (None, _) => (None, is_remote.then_some(Exposure::Pushed)),
            };
            spots.commits.push(commit);
            spots.exposures.push(exposure);
        }
        spots
    }
}

/// The files of a work tree in which something was found.
#[derive(Default)]
struct Files {
    /// Whether all of them are staged: nothing else was scanned.
    are_staged: bool,
    /// Those that are looked up.
    paths: BTreeSet<Vec<u8>>,
    /// What the index has there.
    staged: HashMap<Vec<u8>, Id>,
    way: Way,
}

impl Files {
    fn of(report: &Report, reach: &Reach<'_>, root: PathBuf) -> Files {
        let are_staged = report.source == "staged";
        // A path in a repository within this one is relative to that one.
        let is_here = |path: &[u8]| {
            let file = root.join(String::from_utf8_lossy(path).as_ref());
            let is_there = are_staged || file.symlink_metadata().is_ok();
            is_there && file.parent().and_then(Repo::around).is_some_and(|repo| repo.root() == root)
        };
        let origins = report.findings.iter().map(|finding| &finding.location.origin);
        let paths: BTreeSet<Vec<u8>> =
            origins.filter(|one| one.place == Place::Content).map(|one| one.path.clone()).collect();
        let paths: BTreeSet<Vec<u8>> = paths.into_iter().filter(|path| is_here(path)).take(MOST_PATHS).collect();
        let staged = if are_staged || reach.is_bare() { HashMap::new() } else { Repo::at(&root).staged(&paths) };
        Files { are_staged, paths, staged, way: Way::default() }
    }

    /// The commit that brought a finding in, or how far it has got without one.
    fn spot(&mut self, finding: &Finding, reach: &Reach<'_>, scanner: &mut Masked) -> (Option<Id>, Option<Exposure>) {
        let path = &finding.location.origin.path;
        if !self.paths.contains(path) {
            return (None, None);
        }
        let name = finding.fingerprint();
        let mut holds = |content: Content<'_>| scanner.secrets(path, content).contains(&name);
        if let Some(commit) = reach.brought_in(path, &mut self.way, &mut holds) {
            return (Some(commit), None);
        }
        let is_staged = self.are_staged || self.staged.get(path).is_some_and(|id| reach.is_held(id, &mut holds));
        (None, Some(if is_staged { Exposure::Staged } else { Exposure::WorkingTree }))
    }
}

/// What to do about a finding, in order.
struct Next<'a> {
    finding: &'a Finding,
    exposure: Option<Exposure>,
    commit: Option<Id>,
    refs: &'a [String],
    /// Whether HEAD reaches the commit.
    in_head: bool,
    reach: Option<&'a Reach<'a>>,
}

impl Next<'_> {
    fn steps(&self) -> Vec<String> {
        let revoke = self.revoke();
        if let Finder::File(files) = self.finding.rule.finder {
            return self.leave_out(files, revoke);
        }
        let unless_seen = format!("If anybody else has seen it: {revoke}");
        let path = quoted(&self.finding.location.origin.path);
        let spec = pathspec(&self.finding.location.origin.path);
        match self.exposure {
            None => vec![revoke],
            Some(Exposure::WorkingTree) => {
                vec![
                    format!("Move it out of {path}, to where git does not look: a secret store, or an ignored file."),
                    unless_seen,
                ]
            }
            Some(Exposure::Staged) => {
                let has_head = self.reach.is_some_and(|reach| reach.head().is_some());
                let unstage = if has_head { "git restore --staged" } else { "git rm --cached" };
                vec![
                    format!("{unstage} -- {spec}"),
                    format!("Take it out of {path}, then: git add -- {spec}"),
                    unless_seen,
                ]
            }
            Some(Exposure::Unpushed) => self.rewrite(&path, &spec).into_iter().chain([unless_seen]).collect(),
            Some(Exposure::Pushed) => {
                let order = "Taking it out of the history comes after that, never instead:".to_owned();
                let clones =
                    "Then everybody clones anew, and whoever hosts the repository is asked to drop what it caches.";
                [revoke, order].into_iter().chain(self.purge()).chain([clones.to_owned()]).collect()
            }
        }
    }

    /// The commands that take a file out of git, and keep it where it is.
    fn leave_out(&self, files: rule::Files, help: String) -> Vec<String> {
        let path = &self.finding.location.origin.path;
        let ignore = format!("printf '%s\\n' {} >> .gitignore", quoted(&ignore_line(path)));
        match files {
            rule::Files::Tracked => vec![help, ignore, format!("git rm --cached -- {}", pathspec(path))],
            rule::Files::NotIgnored => vec![help, ignore],
            rule::Files::Example => vec![help],
            rule::Files::Copied => {
                std::iter::once(help).chain(self.finding.note.as_deref().map(str::to_owned)).collect()
            }
        }
    }

    /// What the rule says, and the page to do it on.
    fn revoke(&self) -> String {
        let rule = &self.finding.rule;
        let words = help(rule).split_whitespace().chain(rule.help_url.split_whitespace());
        inert(&words.collect::<Vec<_>>().join(" "))
    }

    /// The commands that change a commit nobody else has.
    fn rewrite(&self, path: &str, spec: &str) -> Vec<String> {
        let (Some(commit), Some(reach)) = (self.commit, self.reach) else { return Vec::new() };
        let origin = &self.finding.location.origin;
        let is_message = origin.place == Place::CommitMessage;
        let amend = if is_message {
            "git commit --amend".to_owned()
        } else {
            format!("git add -- {spec} && git commit --amend --no-edit")
        };
        let take_out = if is_message { "Take it out of the message" } else { "Take it out of" };
        match origin.place {
            Place::Stash => {
                return vec!["git stash list".to_owned(), "Find the entry, then: git stash drop stash@{N}".to_owned()];
            }
            Place::Content | Place::CommitMessage => {}
            Place::Path | Place::Note | Place::Config | Place::TagMessage | Place::RefName => return Vec::new(),
        }
        if reach.head() == Some(commit) {
            return vec![if is_message { amend } else { format!("{take_out} {path}, then: {amend}") }];
        }
        let from = if reach.is_first(&commit) { "--root".to_owned() } else { format!("{}^", hex(&commit)) };
        let mark = if is_message {
            format!("Mark {} with `reword`, and take it out of the message.", &hex(&commit)[..12])
        } else {
            format!(
                "Mark {} with `edit`, take it out of {path}, then: {amend} && git rebase --continue",
                &hex(&commit)[..12]
            )
        };
        let branch = self.refs.iter().find_map(|name| name.strip_prefix("refs/heads/"));
        let switch = branch.filter(|_| !self.in_head).map(|branch| format!("git switch {}", quoted(branch.as_bytes())));
        switch.into_iter().chain([format!("git rebase --interactive {from}"), mark]).collect()
    }

    /// The commands that take it out of a history others have.
    fn purge(&self) -> Vec<String> {
        let origin = &self.finding.location.origin;
        let push = "git push --force --all && git push --force --tags".to_owned();
        if origin.place == Place::Content && !origin.via.is_empty() {
            // A text is not replaced in what is packed or encoded: the file goes.
            let path = quoted(&origin.path);
            return vec![format!("git filter-repo --sensitive-data-removal --invert-paths --path {path}"), push];
        }
        let option = match self.finding.location.origin.place {
            Place::Content | Place::Stash | Place::Note => "--replace-text",
            Place::CommitMessage | Place::TagMessage => "--replace-message",
            Place::Path | Place::RefName | Place::Config => return Vec::new(),
        };
        let write = match expression(self.finding) {
            Some(expression) => format!("printf '%s\\n' {} > ../expressions.txt", quoted(expression.as_bytes())),
            None => "Write the secret, and nothing else, on a line of ../expressions.txt; delete that file afterwards."
                .to_owned(),
        };
        let filter = format!("git filter-repo --sensitive-data-removal {option} ../expressions.txt");
        vec![write, filter, push]
    }
}

/// A line by which `git filter-repo` knows a secret, made of what the mask shows.
fn expression(finding: &Finding) -> Option<String> {
    let mask = finding.secret.mask();
    let (front, back) = mask.rsplit_once("...")?;
    let secret = std::str::from_utf8(finding.secret.expose()).ok()?;
    let hidden = secret.strip_prefix(front)?.strip_suffix(back)?;
    let is_token = hidden.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let is_word = hidden.bytes().all(|byte| byte.is_ascii_graphic());
    let class = if is_token { "[A-Za-z0-9_-]" } else { is_word.then_some("\\S")? };
    Some(format!(
        "regex:{}{class}{{{}}}{}==>REMOVED",
        regex_syntax::escape(front),
        hidden.len(),
        regex_syntax::escape(back)
    ))
}

/// The line of a `.gitignore` that stands for one path.
fn ignore_line(path: &[u8]) -> Vec<u8> {
    let escaped = path.iter().flat_map(|&byte| match byte {
        b'*' | b'?' | b'[' | b']' | b'\\' | b' ' => vec![b'\\', byte],
        // A line holds no such byte: any will do.
        b'\n' | b'\r' => vec![b'?'],
        _ => vec![byte],
    });
    std::iter::once(b'/').chain(escaped).collect()
}

/// A path as git takes it for itself, whatever is in it.
fn pathspec(path: &[u8]) -> String {
    let is_pattern = path.starts_with(b":") || path.iter().any(|byte| b"*?[\\".contains(byte));
    if is_pattern { quoted(&[b":(top,literal)", path].concat()) } else { quoted(path) }
}

/// Bytes as one word of a shell's, on one line, whatever is in them.
fn quoted(bytes: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-+@%,=:".contains(&byte);
    if !bytes.is_empty() && bytes[0] != b'-' && bytes.iter().all(|&byte| plain(byte)) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if inert(text) == text && !text.contains('\t') => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let escaped: String = bytes
                .iter()
                .map(|&byte| match byte {
                    b'\'' | b'\\' => format!("\\{}", char::from(byte)),
                    b' '..=b'~' => char::from(byte).to_string(),
                    _ => format!("\\x{byte:02x}"),
                })
                .collect();
            format!("$'{escaped}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_gitignore_stands_for_one_path() {
        assert_eq!(ignore_line(b"a b/[x]*\n/.env"), b"/a\\ b/\\[x\\]\\*?/.env");
    }

    #[test]
    fn whatever_a_name_holds_it_is_one_word() {
        let table: [(&[u8], &str); 9] = [
            (b"src/a-b.c", "src/a-b.c"),
            (b"-rf", "'-rf'"),
            (b"", "''"),
            (b"a b", "'a b'"),
            (b"$(rm -rf ~)`x`;&|", "'$(rm -rf ~)`x`;&|'"),
            (b"it's", r"'it'\''s'"),
            ("\u{e9}".as_bytes(), "'\u{e9}'"),
            (b"a\x1b[31m\n'\\", r"$'a\x1b[31m\x0a\'\\'"),
            (b"\xff", r"$'\xff'"),
        ];
        for (bytes, word) in table {
            assert_eq!(quoted(bytes), word);
        }
        // It reorders what is shown.
        assert_eq!(quoted("a\u{202e}b".as_bytes()), r"$'a\xe2\x80\xaeb'");
    }
}

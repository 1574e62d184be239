//! How far something in git has got: which refs reach a commit, and which commit brought in what HEAD holds.

use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::fs;
use std::path::Path;

use super::object::{self, entries};
use super::repo::{common_dir, git_dir};
use super::{Content, Id, Kind, Reference, Repository};
use crate::file::read_regular;

/// The most commits that are read to know which refs reach some.
const MOST_COMMITS: usize = 200_000;
/// The most commits that are followed back to where a file's content came in.
const MOST_STEPS: usize = 2_000;
/// The most files that are looked at to know that none of them makes a reader wait.
const MOST_FILES: usize = 200_000;
/// The most bytes a repository's config may have.
const LARGEST_CONFIG: u64 = 4 << 20;
/// Clocks differ: a commit's parents are no younger than it by more than this many seconds.
const SLOP: i64 = 24 * 60 * 60;

/// A repository's refs, and what they reach.
pub(crate) struct Reach<'a> {
    repository: Repository,
    /// What was read before.
    known: &'a dyn Fn(&Id) -> Option<Link>,
    /// Those that point to commits, or to tags of commits; HEAD too.
    references: Vec<Reference>,
    head: Option<Id>,
}

/// Of a commit: when it was made, in seconds since 1970, and its parents.
type Link = (i64, Box<[Id]>);

/// Commits that were walked over.
#[derive(Default)]
struct Walked {
    places: HashMap<Id, u32>,
    links: Vec<Link>,
}

/// What was met on the way back from HEAD, which is much the same for every file.
#[derive(Default)]
pub(crate) struct Way {
    steps: HashMap<Id, Step>,
    /// For one path: what a tree has under the name at that depth.
    entries: HashMap<(Id, usize), Option<Id>>,
}

struct Step {
    tree: Id,
    parents: Vec<Id>,
}

impl<'a> Reach<'a> {
    /// `known` tells of commits that were read before.
    pub(crate) fn new(repository: Repository, known: &'a dyn Fn(&Id) -> Option<Link>) -> Reach<'a> {
        // What is wrong with a ref the scan tells.
        let all = repository.references(&mut Vec::new());
        let peeled =
            all.into_iter().filter_map(|one| Some(Reference { target: peel(&repository, one.target)?, ..one }));
        let references: Vec<Reference> = peeled.collect();
        let head = references.iter().find(|one| one.name == b"HEAD").map(|head| head.target);
        Reach { repository, known, references, head }
    }

    /// The same of the repository whose work tree begins at a folder, which strangers may have made.
    pub(crate) fn of_tree(root: &Path) -> Option<Reach<'a>> {
        open_harmless(root).map(|repository| Reach::new(repository, &|_| None))
    }

    /// The commit that the next one follows.
    pub(crate) fn head(&self) -> Option<Id> {
        self.head
    }

    /// Whether refs here are what others fetch: there is no work tree to commit from.
    pub(crate) fn is_bare(&self) -> bool {
        let folder = self.repository.common();
        // Without a config git goes by the folder's name.
        self.repository.is_bare() || (!folder.join("config").exists() && !folder.ends_with(".git"))
    }

    /// Whether a remote's refs have copies here, or there is none. Of a remote without copies nothing is
    /// known.
    pub(crate) fn knows_remotes(&self) -> bool {
        self.references.iter().any(|one| one.name.starts_with(b"refs/remotes/")) || !self.repository.has_remotes()
    }

    /// The names of the refs that reach each of these commits, in order; nothing when that would take too
    /// long to know.
    pub(crate) fn reaching(&self, commits: &BTreeSet<Id>) -> Option<HashMap<Id, Vec<&[u8]>>> {
        let Walked { places, links } = self.walk(commits)?;
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); links.len()];
        for (link, place) in links.iter().zip(0..) {
            let parents = link.1.iter().filter_map(|parent| places.get(parent));
            parents.for_each(|&parent| children[parent as usize].push(place));
        }
        let commits: Vec<Id> = commits.iter().copied().collect();
        let mut reaching: HashMap<Id, Vec<&[u8]>> = HashMap::new();
        for some in commits.chunks(64) {
            // A bit for each of them: which does a commit reach?
            let mut masks = vec![0u64; links.len()];
            let here = some.iter().enumerate().filter_map(|(at, id)| Some((*places.get(id)?, 1 << at)));
            let mut todo: Vec<(u32, u64)> = here.collect();
            while let Some((place, bits)) = todo.pop() {
                let mask = &mut masks[place as usize];
                if *mask | bits != *mask {
                    *mask |= bits;
                    let bits = *mask;
                    todo.extend(children[place as usize].iter().map(|child| (*child, bits)));
                }
            }
            for reference in &self.references {
                let mask = places.get(&reference.target).map_or(0, |&place| masks[place as usize]);
                for (_, id) in some.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1) {
                    reaching.entry(*id).or_default().push(&reference.name);
                }
            }
        }
        Some(reaching)
    }

    /// The commits that refs reach, the youngest first, down to the oldest of these.
    fn walk(&self, commits: &BTreeSet<Id>) -> Option<Walked> {
        let oldest = commits.iter().filter_map(|id| Some(self.commit(id)?.0)).min()?;
        let mut walked = Walked::default();
        let mut queue = BinaryHeap::new();
        let meet = |id: &Id, walked: &mut Walked, queue: &mut BinaryHeap<(i64, u32)>| {
            if !walked.places.contains_key(id)
                && let Some(link) = self.commit(id)
            {
                let place = walked.links.len() as u32;
                queue.push((link.0, place));
                walked.places.insert(*id, place);
                walked.links.push(link);
            }
        };
        self.references.iter().for_each(|one| meet(&one.target, &mut walked, &mut queue));
        while let Some((time, place)) = queue.pop() {
            if time < oldest.saturating_sub(SLOP) {
                break;
            }
            if walked.links.len() > MOST_COMMITS {
                return None;
            }
            let parents = walked.links[place as usize].1.clone();
            parents.iter().for_each(|parent| meet(parent, &mut walked, &mut queue));
        }
        Some(walked)
    }

    fn commit(&self, id: &Id) -> Option<Link> {
        if let Some(link) = (self.known)(id) {
            return Some(link);
        }
        let (kind, text) = self.repository.read_unless_large(id)?;
        let commit = object::Commit::parse(&text);
        (kind == Kind::Commit).then(|| (commit.time(), commit.parents.clone().into()))
    }

    /// The commit that brought into a file of HEAD what `holds` looks for: the last one, going back, whose
    /// file holds it. Nothing when HEAD's does not.
    pub(crate) fn brought_in(
        &self,
        path: &[u8],
        way: &mut Way,
        holds: &mut dyn FnMut(Content<'_>) -> bool,
    ) -> Option<Id> {
        way.entries.clear();
        let mut known: HashMap<Id, bool> = HashMap::new();
        let mut is_held = |commit: &Id, way: &mut Way| {
            let Some(blob) = self.blob_at(commit, path, way) else { return false };
            *known.entry(blob).or_insert_with(|| self.is_held(&blob, holds))
        };
        let mut at = self.head.filter(|head| is_held(head, way))?;
        for _ in 0..MOST_STEPS {
            let parents = self.step(&at, way).map(|step| step.parents.clone()).unwrap_or_default();
            match parents.into_iter().find(|parent| is_held(parent, way)) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        Some(at)
    }

    /// Whether a commit has no parent.
    pub(crate) fn is_first(&self, id: &Id) -> bool {
        self.commit(id).is_some_and(|(_, parents)| parents.is_empty())
    }

    /// Whether a blob is there, and such as one that `holds` looks for.
    pub(crate) fn is_held(&self, blob: &Id, holds: &mut dyn FnMut(Content<'_>) -> bool) -> bool {
        self.repository.with_blob(blob, holds) == Some(true)
    }

    fn blob_at(&self, commit: &Id, path: &[u8], way: &mut Way) -> Option<Id> {
        let mut id = self.step(commit, way)?.tree;
        for (depth, name) in path.split(|&byte| byte == b'/').enumerate() {
            let entry = way.entries.entry((id, depth)).or_insert_with(|| {
                let (_, tree) = self.repository.read(&id).ok()?;
                entries(&tree).find(|entry| entry.name == name).map(|entry| entry.id)
            });
            id = (*entry)?;
        }
        Some(id)
    }

    /// What a commit says of its content and of those before it.
    fn step<'w>(&self, id: &Id, way: &'w mut Way) -> Option<&'w Step> {
        if !way.steps.contains_key(id) {
            let (kind, text) = self.repository.read(id).ok()?;
            let commit = object::Commit::parse(&text);
            let tree = commit.tree.filter(|_| kind == Kind::Commit)?;
            way.steps.insert(*id, Step { tree, parents: commit.parents.clone() });
        }
        way.steps.get(id)
    }
}

/// Opens the repository whose work tree begins at a folder, which strangers may have made: none when libgit2
/// would wait for a pipe in it, or be led elsewhere.
pub(crate) fn open_harmless(root: &Path) -> Option<Repository> {
    let git = git_dir(root);
    let common = common_dir(git.clone());
    let config = read_regular(&common.join("config"), LARGEST_CONFIG).ok()?.to_ascii_lowercase();
    let leads_elsewhere = memchr::memmem::find(&config, b"include").is_some();
    if leads_elsewhere || common.join("objects/info/alternates").exists() {
        return None;
    }
    let mut left = MOST_FILES;
    let is_plain = holds_files_only(&git, &mut left) && (git == common || holds_files_only(&common, &mut left));
    is_plain.then(|| Repository::open(root).ok()).flatten()
}

/// Whether a folder and those in it hold files, and nothing that makes a reader wait.
fn holds_files_only(folder: &Path, left: &mut usize) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.all(|entry| {
        let Ok((kind, path)) = entry.and_then(|entry| Ok((entry.file_type()?, entry.path()))) else { return false };
        *left = left.saturating_sub(1);
        // A link to a file is fine: HEAD was one once, and hooks are.
        let is_harmless = if kind.is_symlink() {
            fs::metadata(&path).is_ok_and(|target| target.is_file())
        } else {
            !makes_wait(kind) && (!kind.is_dir() || holds_files_only(&path, left))
        };
        *left > 0 && is_harmless
    })
}

/// Whether it is a pipe or a device. (A socket is not opened; git's monitor of files has one.)
fn makes_wait(kind: fs::FileType) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
    }
    #[cfg(not(unix))]
    {
        let _ = kind;
        false
    }
}

/// The commit that a ref's object is, or that its tag is put on.
fn peel(repository: &Repository, mut id: Id) -> Option<Id> {
    // A tag may be put on a tag, and so on.
    for _ in 0..16 {
        let (kind, text) = repository.read_unless_large(&id)?;
        match kind {
            Kind::Commit => return Some(id),
            Kind::Tag => id = object::Commit::parse(&text).target?.0,
            Kind::Tree | Kind::Blob => return None,
        }
    }
    None
}

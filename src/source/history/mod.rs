//! Git's history, read as objects: each distinct blob once, the texts of commits and tags, and the
//! names of paths and refs.
//!
//! Without revisions every object is read in whatever order is fast, and asked which secrets it holds;
//! where those belong is looked up afterwards, for them alone (`attribution`). With revisions the
//! commits they name are walked, and what each brings in is read (`range`).

mod attribution;
mod changes;
mod commits;
mod marks;
mod paths;
mod range;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sha2::{Digest, Sha256};

use super::{Answer, Counts, Item, Large, Probe, SHORTEST_SECRET, Source, Visit};
use crate::agent::{settings_file, settings_file_there, settings_folder};
use crate::blob::{Blob, Commit, Origin, Place};
use crate::error::Error;
use crate::file::read_regular;
use crate::git::object::{self, hex};
use crate::git::{Choice, Id, Kind, Known, NONE, Read, Reference, Repository, Store, Trouble};
use crate::ledger::{Cause, Exclusion, Unit};
use commits::Commits;
use marks::{Link, Marked, Sieve};
use range::Special;

/// The most bytes a repository's config may have.
const LARGEST_CONFIG: u64 = 4 << 20;

/// What else is wanted of a history.
#[derive(Debug, Clone, Copy, Default)]
pub struct HistoryOptions {
    /// Also what no ref reaches: old entries of reflogs, dangling objects.
    pub unreachable: bool,
    /// A shallow clone is all that is asked for.
    pub allow_shallow: bool,
    /// Read every object by libgit2: slower, and the measure of our own reader.
    pub plain: bool,
}

impl HistoryOptions {
    /// The names of those that are set, as they are typed.
    pub fn names(self) -> Vec<&'static str> {
        let all = [("unreachable", self.unreachable), ("allow-shallow", self.allow_shallow)];
        all.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
    }
}

/// The history of a repository, or some of it.
pub struct History {
    repository: Mutex<Repository>,
    revisions: Vec<String>,
    /// What the revisions name: objects to begin from, and commits to leave out.
    from: Vec<Id>,
    without: Vec<Id>,
    /// Those of them that refs point to, by the names of these.
    references: Vec<(Arc<str>, Id)>,
    options: HistoryOptions,
    /// All commits, once they were read.
    commits: OnceLock<Commits>,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("revisions", &self.revisions).field("options", &self.options).finish()
    }
}

impl History {
    /// The history of the repository that a folder is or lies in: what these revisions name (`A..B`,
    /// `^X`, ids, refs), or without any, all that refs reach.
    ///
    /// # Errors
    /// There is no repository, or none that can be read, or a revision is unknown.
    pub fn open(directory: &Path, revisions: Vec<String>, options: HistoryOptions) -> Result<History, Error> {
        let repository = Repository::open(directory)?;
        let (mut from, mut without, mut references) = (Vec::new(), Vec::new(), Vec::new());
        for revision in &revisions {
            let (more, less) = repository.resolve(revision)?;
            references.extend(reference_of(&repository, revision).zip(more.last().copied()));
            from.extend(more);
            without.extend(less);
        }
        if from.is_empty() && !revisions.is_empty() {
            return Err(Error::usage(
                format!("`{}` names only what is to be left out", revisions.join(" ")),
                "add a revision to begin from: `skant history HEAD ^origin/main`",
            ));
        }
        let repository = Mutex::new(repository);
        Ok(History { repository, revisions, from, without, references, options, commits: OnceLock::new() })
    }

    /// The same history, of which it is known what some refs point to.
    pub(super) fn with_references(mut self, references: impl Iterator<Item = (String, Id)>) -> History {
        self.references.extend(references.map(|(name, id)| (name.into(), id)));
        self
    }

    /// All that refs reach in the repository that a folder is, and not one around it.
    ///
    /// # Errors
    /// There is none, or none that can be read.
    pub fn of_clone(folder: &Path, options: HistoryOptions) -> Result<History, Error> {
        let repository = Mutex::new(Repository::at(folder)?);
        Ok(History {
            repository,
            revisions: Vec::new(),
            from: Vec::new(),
            without: Vec::new(),
            references: Vec::new(),
            options,
            commits: OnceLock::new(),
        })
    }

    /// What stands for all there is to read: where the refs and HEAD point, the stashes and the repository's own
    /// config; with what no ref reaches, all objects. It is another when there is something else.
    pub fn state(&self) -> String {
        let repository = lock(&self.repository);
        let mut told = Vec::new();
        let references = repository.references(&mut told);
        let stashes = repository.stashes(&mut told);
        let config = read_regular(&repository.common().join("config"), LARGEST_CONFIG).ok();
        let small = (references, repository.head(), stashes, repository.shallow(), config, told);
        let mut hash = Sha256::new_with_prefix(format!("{small:?}"));
        if self.options.unreachable {
            let mut ids = repository.ids().unwrap_or_default();
            ids.sort_unstable();
            ids.iter().for_each(|id| hash.update(id));
        }
        data_encoding::HEXLOWER.encode(&hash.finalize()[..16])
    }

    /// How many commits the revisions name, and what of them is not here. Nothing is scanned for that.
    pub fn reach(&self) -> Reach {
        let gaps: Mutex<Vec<String>> = Mutex::default();
        let visit = |item: Item<'_>| {
            if let Item::Missed(_, _, what, reason) = item {
                lock(&gaps).push(format!("{}: {reason}", String::from_utf8_lossy(&what)));
            }
        };
        let repository = lock(&self.repository);
        let reading = self.reading(&repository, &visit, &mut Vec::new());
        let commits = reading.reached(&self.from, &self.without, &Special::default(), &mut Vec::new());
        let is_cut = !reading.shallow.is_empty() && !self.without.is_empty();
        drop(reading);
        let mut gaps = gaps.into_inner().unwrap_or_else(PoisonError::into_inner);
        if is_cut && commits.iter().any(|commit| commit.parents.is_empty()) {
            // From the other side the way back to the beginning may be cut off.
            gaps.push("a commit without parents: the clone is too shallow to tell whether it is new".to_owned());
        }
        Reach { commits: commits.len(), gaps }
    }

    fn reading<'v>(
        &self,
        repository: &Repository,
        visit: &'v Visit<'v>,
        told: &mut Vec<(Vec<u8>, String)>,
    ) -> Reading<'v> {
        let store = Store::open(repository, self.options.plain, told);
        let all_shallow = repository.shallow();
        let shallow = if self.options.allow_shallow { BTreeSet::new() } else { all_shallow.clone() };
        Reading { store, visit, shallow, all_shallow, is_partial: repository.is_partial() }
    }
}

/// The ref that a revision begins from, if it is one. Of branches nothing is told by their names.
fn reference_of(repository: &Repository, revision: &str) -> Option<Arc<str>> {
    let tip = revision.rsplit("..").next().unwrap_or(revision);
    let name = &tip[..tip.find(['^', '~', ':', '@']).unwrap_or(tip.len())];
    let names = [name.to_owned(), format!("refs/{name}"), format!("refs/tags/{name}")];
    let is_it = |name: &String| name.starts_with("refs/") && repository.has_reference(name);
    names.into_iter().find(is_it).map(Arc::from)
}

/// How far some revisions reach.
#[derive(Debug)]
pub struct Reach {
    /// How many commits they name.
    pub commits: usize,
    /// What is not here although they name it, and why.
    pub gaps: Vec<String>,
}

impl Source for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn range(&self) -> Option<String> {
        (!self.revisions.is_empty()).then(|| self.revisions.join(" "))
    }

    fn options(&self) -> Vec<&'static str> {
        self.options.names()
    }

    fn tip(&self) -> Option<String> {
        if let [tip] = &self.from[..] { Some(hex(tip)) } else { None }
    }

    fn each(&self, visit: &Visit<'_>) {
        let repository = lock(&self.repository);
        let mut told = Vec::new();
        let reading = self.reading(&repository, visit, &mut told);
        if self.revisions.is_empty() {
            // Refs are read by one thread: meanwhile the others find out what packs hold.
            let (references, stashes) = rayon::in_place_scope(|scope| {
                scope.spawn(|_| reading.store.plan());
                (references(&repository, visit), repository.stashes(&mut told))
            });
            config(&repository, visit);
            drop(repository);
            let commits = reading.whole(&references, &stashes, self.options.unreachable);
            // Of a history that is read again they are the same.
            let _ = self.commits.set(commits);
        } else {
            let stashes = repository.stashes(&mut told);
            drop(repository);
            reading.range(&self.from, &self.without, &Special { references: &self.references, stashes: &stashes });
        }
        for (what, reason) in told {
            visit(Item::Missed(Unit::Other, Cause::Damaged, what, reason));
        }
    }

    fn commit(&self, id: &Id) -> Option<(i64, Box<[Id]>)> {
        let commits = self.commits.get()?;
        let entry = commits.get(commits.find(id)?);
        Some((entry.time, entry.parents.clone()))
    }
}

/// All refs. Their names are scanned, and what is wrong with some is told.
fn references(repository: &Repository, visit: &Visit<'_>) -> Vec<Reference> {
    let mut broken = Vec::new();
    let references = repository.references(&mut broken);
    visit(Item::Met(Unit::Ref, (references.len() + broken.len()) as u64));
    for (name, reason) in broken {
        visit(Item::Missed(Unit::Ref, Cause::Damaged, name, reason));
    }
    for Reference { name, .. } in &references {
        let origin = Origin { reference: Some(text(name)), ..Origin::at("", Place::RefName) };
        visit(Item::Blob(Blob { bytes: name, origin: &origin }));
    }
    references
}

/// Scans the repository's own config, in which remotes may have passwords.
fn config(repository: &Repository, visit: &Visit<'_>) {
    let front: &[u8] = if repository.is_bare() { b"" } else { b".git/" };
    for (folder, name) in [(repository.common(), "config"), (repository.path(), "config.worktree")] {
        let shown = [front, name.as_bytes()].concat();
        match read_regular(&folder.join(name), LARGEST_CONFIG) {
            Ok(bytes) => visit(Item::Blob(Blob { bytes: &bytes, origin: &Origin::at(shown, Place::Config) })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => visit(Item::Missed(Unit::Other, Cause::of(&error), shown, super::reason(&error))),
        }
    }
}

/// A history that is being read.
struct Reading<'v> {
    store: Store,
    visit: &'v Visit<'v>,
    /// The commits behind which a shallow clone has nothing, unless that is accepted.
    shallow: BTreeSet<Id>,
    all_shallow: BTreeSet<Id>,
    is_partial: bool,
}

/// What reading all objects came to.
#[derive(Default)]
struct Found {
    commits: Vec<commits::Entry>,
    /// By object: the names of the secrets it holds.
    holds: HashMap<Id, Vec<u64>>,
    /// The blobs that are too large to be held: they are read where they belong.
    large: HashSet<Id>,
    /// Names in trees that hold secrets, and the objects that go by them.
    names: BTreeMap<Vec<u8>, Vec<u64>>,
    named: HashSet<Id>,
    /// What trees speak of and is not there, or is damaged.
    lost: HashMap<Id, Trouble>,
    /// What stands where something else should, and for what it is taken there.
    mistaken: HashMap<(Id, Kind), Trouble>,
    /// What was not read yet when it was spoken of, and for what it is taken.
    expected: HashSet<(Id, Kind)>,
    /// Commits of other repositories that trees name.
    submodules: HashSet<Id>,
    /// Of tags: what they are put on.
    tags: HashMap<Id, Option<(Id, Kind)>>,
    /// The trees that hold what is wanted.
    marked: Marked,
    /// Which trees lie in which.
    links: Vec<Link>,
    /// Blobs by whose names an assistant keeps settings in them, and the paths that these come to.
    settings: BTreeMap<Id, String>,
    /// The folders of assistants, by name.
    folders: BTreeSet<(Id, &'static str)>,
}

/// What reading a tree comes to: it holds something that is wanted.
const MARKED: u8 = 1;
/// It is damaged.
const NO_TREE: u8 = 2;

/// What is known while trees are read.
struct Trees {
    /// For what was found before.
    sieve: Sieve,
    /// The names that were met.
    names: Mutex<HashSet<Vec<u8>>>,
}

impl Reading<'_> {
    /// Reads all there is.
    fn whole(&self, references: &[Reference], stashes: &[Id], unreachable: bool) -> Commits {
        let mut found = self.all_objects();
        self.ask_settings(&mut found);
        let commits = Commits::new(found.commits);
        let found = Found { commits: Vec::new(), ..found };
        attribution::attribute(self, found, &commits, references, stashes, unreachable);
        commits
    }

    /// Asks every object which secrets it holds: trees at last, which then can be asked whether they have what does.
    fn all_objects(&self) -> Found {
        let found: Mutex<Found> = Mutex::default();
        let failed = |id, trouble| {
            lock(&found).lost.insert(id, trouble);
        };
        let visit = |read: &Read<'_>| {
            if read.kind != Kind::Blob {
                self.take_commit(read, &found);
                return 0;
            }
            if read.is_large {
                lock(&found).large.insert(read.id());
                return 0;
            }
            let (holds, outcome) = self.probe(read.text, read.changed, Counts::Blob);
            if !holds.is_empty() {
                lock(&found).holds.insert(read.id(), holds);
            }
            outcome
        };
        let mut met = self.store.each(Choice::Kinds(&|kind| kind != Kind::Tree), &visit, &failed);
        let trees = Trees { sieve: Sieve::of(lock(&found).wanted()), names: Mutex::default() };
        let visit = |read: &Read<'_>| self.take_tree(read, &found, &trees);
        met += self.store.each(Choice::Kinds(&|kind| kind == Kind::Tree), &visit, &failed);
        let unmet = self.store.listed().saturating_sub(met);
        if unmet > 0 {
            let reason = format!("{unmet} are listed and were not read: this is a fault of skant's, please report it");
            (self.visit)(Item::Missed(Unit::Other, Cause::Unaccounted, b"objects".to_vec(), reason));
        }
        let mut all = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        (self.visit)(Item::Excluded(Unit::Submodule, Exclusion::OtherRepository, all.submodules.len() as u64));
        let expected = std::mem::take(&mut all.expected);
        let found = Mutex::new(all);
        expected.into_iter().for_each(|(id, kind)| _ = self.expect(id, kind, &found));
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what is not there, or is something else than it is taken for. Returned is its number.
    fn expect(&self, id: Id, expected: Kind, found: &Mutex<Found>) -> Option<u32> {
        match self.store.look_up(&id) {
            Ok(Known { kind: Some(kind), number }) if kind == expected => return Some(number),
            Ok(Known { kind: Some(kind), .. }) => {
                let said = format!("it is a {} where a {} should be", kind.as_str(), expected.as_str());
                lock(found).mistaken.insert((id, expected), Trouble::Damaged(said));
            }
            Ok(Known { kind: None, number: NONE }) => {
                lock(found).lost.insert(id, late());
            }
            Ok(Known { kind: None, number }) => {
                lock(found).expected.insert((id, expected));
                return Some(number);
            }
            Err(trouble) => {
                lock(found).lost.insert(id, trouble);
            }
        }
        None
    }

    fn probe(&self, text: &[u8], changed: Option<(&[std::ops::Range<usize>], u8)>, counts: Counts) -> (Vec<u64>, u8) {
        let mut answer = Answer::default();
        (self.visit)(Item::Probe(Probe { text, changed, counts, path: None }, &mut answer));
        (answer.holds, answer.outcome)
    }

    /// Hands over a blob that is too large to be held, as it is at one of its paths. Returned are the names of its secrets.
    fn large(
        &self,
        id: &Id,
        origin: &Origin,
        counts: bool,
        known: Option<&dyn Fn(u64) -> bool>,
    ) -> Result<Vec<u64>, Trouble> {
        let (_, mut reader) = self.store.stream(id)?;
        let mut held = Vec::new();
        (self.visit)(Item::Large(Large { origin, reader: &mut reader, counts, known, held: &mut held }));
        Ok(held)
    }

    /// The secrets in the settings of an assistant: those by their place are known by the file's name alone.
    fn held_by_settings(&self, text: &[u8], path: &str) -> Vec<u64> {
        let mut answer = Answer::default();
        let path = Some(path);
        (self.visit)(Item::Probe(Probe { text, changed: None, counts: Counts::Nothing, path }, &mut answer));
        answer.holds
    }

    /// Asks the settings of assistants, which trees named, what they hold as such.
    fn ask_settings(&self, found: &mut Found) {
        // What cannot be read is told where it is looked for.
        let read = |id: &Id, kind| {
            self.store.read_unless_large(id).ok().flatten().filter(|(is, _)| *is == kind).map(|(_, text)| text)
        };
        let folders = std::mem::take(&mut found.folders);
        let folders = folders.into_iter().filter_map(|(id, name)| Some((id, name, read(&id, Kind::Tree)?)));
        let folders: Vec<(Id, &str, Vec<u8>)> = folders.collect();
        for (_, name, text) in &folders {
            for entry in object::entries(text).filter(|entry| entry.kind == Kind::Blob) {
                if let Some(file) = settings_file_there(entry.name) {
                    found.settings.insert(entry.id, settings_path(name, file));
                }
            }
        }
        for (id, path) in &found.settings {
            let Some(text) = read(id, Kind::Blob) else { continue };
            let more = self.held_by_settings(&text, path);
            if !more.is_empty() {
                let holds = found.holds.entry(*id).or_default();
                *holds = merged(holds, more);
            }
        }
        found.forget_settings();
        folders.iter().for_each(|(id, _, text)| _ = found.mark(*id, text));
    }

    /// The secrets in a commit or a tag: in its message, and in the names in its head.
    fn held_by_commit(&self, text: &[u8], commit: &object::Commit<'_>, kind: Kind) -> Vec<u64> {
        let counts = if kind == Kind::Commit { Counts::Commit } else { Counts::Nothing };
        let mut holds = self.probe(&text[commit.message.clone()], None, counts).0;
        holds.extend(self.probe(&commit.names, None, Counts::Nothing).0);
        holds.sort_unstable();
        holds.dedup();
        holds
    }

    fn take_commit(&self, read: &Read<'_>, found: &Mutex<Found>) {
        let commit = object::Commit::parse(read.text);
        let holds = self.held_by_commit(read.text, &commit, read.kind);
        if let Some(tree) = commit.tree.filter(|_| read.kind == Kind::Commit) {
            self.expect(tree, Kind::Tree, found);
        }
        let mut found = lock(found);
        if !holds.is_empty() {
            found.holds.insert(read.id(), holds);
        }
        match (read.kind, commit.tree) {
            (Kind::Tag, _) => {
                found.tags.insert(read.id(), commit.target);
            }
            (_, Some(tree)) => found.commits.push(commits::Entry::new(read.id(), tree, &commit)),
            (_, None) => {
                found.lost.insert(read.id(), Trouble::Damaged("it names no tree".into()));
            }
        }
    }

    /// Looks at what is new in a tree: are the names harmless, and is what they name there? Returned is what
    /// counts for the trees that are made from it.
    fn take_tree(&self, read: &Read<'_>, found: &Mutex<Found>, trees: &Trees) -> u8 {
        let all = 0..read.text.len();
        let (changes, before) = match read.changed {
            Some((changes, before)) if before != NO_TREE => (changes, before),
            _ => (std::slice::from_ref(&all), 0),
        };
        let (mut is_marked, mut is_damaged, mut links) = (before == MARKED, false, Vec::new());
        let mut at = 0;
        for change in changes {
            at = object::skip(read.text, at, change.start);
            let end = change.end.max(change.start + 1).min(read.text.len());
            for entry in object::entries_from(read.text, at).take_while(|entry| entry.at < end) {
                at = entry.end;
                if entry.kind == Kind::Commit {
                    lock(found).submodules.insert(entry.id);
                } else {
                    match self.expect(entry.id, entry.kind, found) {
                        None => is_marked = true,
                        Some(number) if entry.kind == Kind::Tree => links.push((number, read.family)),
                        Some(_) => is_marked |= trees.sieve.lets_through(&entry.id),
                    }
                }
                if entry.name.len() >= SHORTEST_SECRET {
                    is_marked |= self.take_name(&entry, found, &trees.names);
                }
                is_marked |= take_settings(&entry, found);
            }
            if at < end {
                is_damaged = true;
                break;
            }
        }
        if !is_marked && !is_damaged && links.is_empty() {
            return 0;
        }
        let mut found = lock(found);
        found.links.extend(links);
        let is_marked = is_marked && found.mark(read.id(), read.text);
        if is_damaged {
            found.lost.insert(read.id(), Trouble::Damaged("it is no tree".into()));
        }
        if is_damaged { NO_TREE } else { u8::from(is_marked) * MARKED }
    }

    /// Asks a name which secrets it holds; tells whether there are any.
    fn take_name(&self, entry: &object::Entry<'_>, found: &Mutex<Found>, seen: &Mutex<HashSet<Vec<u8>>>) -> bool {
        // Not before it is known what a name holds is it seen: another thread may meet it meanwhile.
        if !lock(seen).contains(entry.name) {
            let (holds, _) = self.probe(entry.name, None, Counts::Nothing);
            if !holds.is_empty() {
                lock(found).names.insert(entry.name.to_vec(), holds);
            }
            lock(seen).insert(entry.name.to_vec());
        }
        let mut found = lock(found);
        let is_held = !found.names.is_empty() && found.names.contains_key(entry.name);
        is_held && {
            found.named.insert(entry.id);
            true
        }
    }

    /// Hands over those secrets of a commit or tag that have these names.
    fn tell_commit(&self, id: &Id, place: Place, reference: Option<Arc<str>>, names: &[u64]) {
        let bytes = match self.store.read(id) {
            Ok((_, bytes)) => bytes,
            Err(trouble) => return self.missed(hex(id).into_bytes(), "commit", id, &trouble),
        };
        let commit = object::Commit::parse(&bytes);
        let about = (place == Place::CommitMessage).then(|| Arc::new(described(id, &bytes, &commit)));
        let origin = Origin { commit: about, reference, ..Origin::at("", place) };
        for bytes in [&bytes[commit.message.clone()], &commit.names] {
            (self.visit)(Item::Known(Blob { bytes, origin: &origin }, names, &mut Vec::new()));
        }
    }

    /// What reports tell of a commit.
    fn about(&self, id: &Id) -> Arc<Commit> {
        let bytes = match self.store.read(id) {
            Ok((_, bytes)) => bytes,
            Err(trouble) => {
                self.missed(hex(id).into_bytes(), "commit", id, &trouble);
                Vec::new()
            }
        };
        Arc::new(described(id, &bytes, &object::Commit::parse(&bytes)))
    }

    fn missed(&self, path: Vec<u8>, kind: &str, id: &Id, trouble: &Trouble) {
        let unit = match kind {
            "blob" => Unit::Blob,
            "commit" => Unit::Commit,
            _ => Unit::Other,
        };
        if unit == Unit::Commit {
            (self.visit)(Item::Met(unit, 1));
        }
        self.missed_as(unit, path, kind, id, trouble);
    }

    fn missed_as(&self, unit: Unit, path: Vec<u8>, kind: &str, id: &Id, trouble: &Trouble) {
        let id = hex(id);
        let cause = if *trouble == Trouble::Missing { Cause::Missing } else { Cause::Damaged };
        let reason = match trouble {
            Trouble::Missing if self.is_partial => {
                format!("{kind} {id} was left behind by a partial clone: git fetch --refetch --no-filter")
            }
            Trouble::Missing => format!("{kind} {id} is missing: git fetch, or `git fsck` to see what else is"),
            Trouble::Damaged(said) => format!("{kind} {id} is damaged ({said}): `git fsck` shows what else is"),
        };
        (self.visit)(Item::Missed(unit, cause, path, reason));
    }

    /// Tells of a commit whose parents a shallow clone does not have.
    fn boundary(&self, id: &Id) {
        let reason = "the clone is shallow, and what is behind this commit was not scanned: \
                      git fetch --unshallow; `skant history --allow-shallow` accepts it";
        let path = format!("history before {}", hex(id)).into_bytes();
        (self.visit)(Item::Met(Unit::Commit, 1));
        (self.visit)(Item::Missed(Unit::Commit, Cause::Shallow, path, reason.into()));
    }
}

/// What is wrong with an object that came after all were listed: nobody read it.
fn late() -> Trouble {
    Trouble::Damaged("it was not there when the scan began: scan again".into())
}

/// Notes what may be the settings of an assistant; tells whether the tree is to be marked for it.
fn take_settings(entry: &object::Entry<'_>, found: &Mutex<Found>) -> bool {
    match entry.kind {
        Kind::Tree => {
            if let Some(name) = settings_folder(entry.name) {
                lock(found).folders.insert((entry.id, name));
            }
            false
        }
        Kind::Blob => settings_file(entry.name).is_some_and(|name| {
            lock(found).settings.insert(entry.id, settings_path("", name));
            true
        }),
        Kind::Commit | Kind::Tag => false,
    }
}

/// A path at which an assistant has settings. It begins as none can.
fn settings_path(folder: &str, file: &str) -> String {
    if folder.is_empty() { format!("\0/{file}") } else { format!("\0/{folder}/{file}") }
}

/// Such a path for a file of that name, which may be settings: in which folder it lies decides later.
fn usual_path(name: &[u8]) -> Option<String> {
    let there = |file| FOLDERS_BY_FILE.iter().find(|(name, _)| *name == file).map_or("", |(_, folder)| folder);
    settings_file(name)
        .map(|file| settings_path("", file))
        .or_else(|| settings_file_there(name).map(|file| settings_path(there(file), file)))
}

/// A folder in which each of these files has settings.
const FOLDERS_BY_FILE: [(&str, &str); 6] = [
    ("settings.json", ".claude"),
    ("settings.local.json", ".claude"),
    ("mcp.json", ".cursor"),
    ("config.toml", ".codex"),
    ("config.json", ".continue"),
    ("config.yaml", ".continue"),
];

/// The names of both, in order.
fn merged(holds: &[u64], more: Vec<u64>) -> Vec<u64> {
    let mut all = [holds, &more].concat();
    all.sort_unstable();
    all.dedup();
    all
}

fn described(id: &Id, bytes: &[u8], commit: &object::Commit<'_>) -> Commit {
    let message = bytes[commit.message.clone()].trim_ascii_start();
    let summary = message.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let summary = String::from_utf8_lossy(summary).into_owned();
    Commit { id: hex(id), author: commit.author(), date: commit.date(), summary }
}

fn text(name: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(name).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is whole: nothing panics while it is changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

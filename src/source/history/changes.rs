//! What is new in trees: each is compared with those that stood in its place before, once, at however many
//! paths they stand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::git::object::{self, Entry};
use crate::git::{Id, Kind, Store, Trouble};

/// What is new in one tree, given those that were there before.
#[derive(Default)]
pub(super) struct Change {
    /// In the tree's order.
    pub new: Vec<New>,
    /// The trees of these that could not be read.
    pub lost: Vec<(Id, Trouble)>,
    /// The changes that this one is in.
    above: Vec<u32>,
}

/// An entry that none of the trees before has.
pub(super) struct New {
    pub name: Box<[u8]>,
    pub what: What,
    /// Whether the name is new, too.
    pub is_new_path: bool,
}

pub(super) enum What {
    /// A blob, and those that stood there before.
    Blob(Id, Box<[Id]>),
    /// A folder in which something is new, by its number.
    Folder(u32),
}

/// A tree, and those that stood in its place before.
type Versions = (Id, Box<[Id]>);

pub(super) struct Changes<'a> {
    store: &'a Store,
    numbers: HashMap<Versions, u32>,
    all: Vec<Change>,
    /// Commits of other repositories.
    pub submodules: HashSet<Id>,
    /// Trees that were read, and how many bytes they have.
    trees: HashMap<Id, Arc<Vec<u8>>>,
    kept: usize,
}

impl<'a> Changes<'a> {
    pub(super) fn new(store: &'a Store) -> Changes<'a> {
        let (numbers, all) = (HashMap::new(), Vec::new());
        Changes { store, numbers, all, submodules: HashSet::new(), trees: HashMap::new(), kept: 0 }
    }

    pub(super) fn get(&self, number: u32) -> &Change {
        &self.all[number as usize]
    }

    /// All that is new, each once.
    pub(super) fn all(&self) -> impl Iterator<Item = &New> {
        self.all.iter().flat_map(|change| &change.new)
    }

    /// Compares a tree with others; gives the number of what is new, unless it is one of them.
    pub(super) fn of(&mut self, tree: Id, others: &[Id]) -> Option<u32> {
        let mut left = Vec::new();
        let number = self.number(tree, others, &mut left);
        while let Some((number, (tree, others))) = left.pop() {
            self.compare(number, tree, &others, &mut left);
        }
        number
    }

    fn number(&mut self, tree: Id, others: &[Id], left: &mut Vec<(u32, Versions)>) -> Option<u32> {
        if others.contains(&tree) {
            return None;
        }
        let versions = (tree, others.into());
        if let Some(&number) = self.numbers.get(&versions) {
            return Some(number);
        }
        let number = self.all.len() as u32;
        self.all.push(Change::default());
        self.numbers.insert(versions.clone(), number);
        left.push((number, versions));
        Some(number)
    }

    fn compare(&mut self, number: u32, tree: Id, others: &[Id], left: &mut Vec<(u32, Versions)>) {
        let mut change = Change::default();
        let text = self.read(tree, &mut change.lost);
        let others: Vec<Arc<Vec<u8>>> = others.iter().map(|id| self.read(*id, &mut change.lost)).collect();
        let mut others: Vec<_> = others.iter().map(|text| object::entries(text).peekable()).collect();
        for entry in object::entries(&text) {
            let before: Vec<(Id, Kind)> = others
                .iter_mut()
                .filter_map(|other| {
                    while other.next_if(|one| sorted(one).lt(sorted(&entry))).is_some() {}
                    other.next_if(|one| one.name == entry.name).map(|one| (one.id, one.kind))
                })
                .collect();
            // What a link to a submodule names is not what is scanned, even if it has the id of a blob.
            if before.contains(&(entry.id, entry.kind)) {
                continue;
            }
            let of = |kind| before.iter().filter(move |one| one.1 == kind).map(|one| one.0).collect::<Box<[Id]>>();
            let what = match entry.kind {
                Kind::Commit => {
                    self.submodules.insert(entry.id);
                    continue;
                }
                Kind::Tree => {
                    let Some(below) = self.number(entry.id, &of(Kind::Tree), left) else { continue };
                    self.all[below as usize].above.push(number);
                    What::Folder(below)
                }
                Kind::Blob | Kind::Tag => What::Blob(entry.id, of(Kind::Blob)),
            };
            change.new.push(New { name: entry.name.into(), what, is_new_path: before.is_empty() });
        }
        let Change { new, lost, .. } = change;
        // A damaged tree may be in itself: who it is in is known already.
        let change = &mut self.all[number as usize];
        (change.new, change.lost) = (new, lost);
    }

    fn read(&mut self, id: Id, lost: &mut Vec<(Id, Trouble)>) -> Arc<Vec<u8>> {
        /// The most bytes of trees that are kept.
        const MOST: usize = 32 << 20;
        if let Some(known) = self.trees.get(&id) {
            return Arc::clone(known);
        }
        let trouble = match self.store.read(&id) {
            Ok((Kind::Tree, text)) if object::is_tree(&text) => {
                self.kept += text.len();
                if self.kept > MOST {
                    self.trees.clear();
                    self.kept = text.len();
                }
                let text = Arc::new(text);
                self.trees.insert(id, Arc::clone(&text));
                return text;
            }
            Ok(_) => Trouble::Damaged("it is no tree".into()),
            Err(trouble) => trouble,
        };
        lost.push((id, trouble));
        Arc::default()
    }

    /// The changes in which, or below which, there is something that `is_wanted` or was lost.
    pub(super) fn leading(&self, is_wanted: &dyn Fn(&New) -> bool) -> HashSet<u32> {
        let is_first = |change: &Change| !change.lost.is_empty() || change.new.iter().any(is_wanted);
        let first = self.all.iter().zip(0..).filter(|(change, _)| is_first(change));
        let mut left: Vec<u32> = first.map(|(_, number)| number).collect();
        let mut leading = HashSet::new();
        while let Some(number) = left.pop() {
            if leading.insert(number) {
                left.extend(&self.all[number as usize].above);
            }
        }
        leading
    }
}

/// What entries are sorted by: their names, those of trees with a `/` behind.
fn sorted<'e>(entry: &Entry<'e>) -> impl Iterator<Item = u8> + use<'e> {
    entry.name.iter().copied().chain((entry.kind == Kind::Tree).then_some(b'/'))
}

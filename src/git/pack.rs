//! A pack file and its index, mapped: objects one by one, or all of them along their delta trees.
//!
//! Format: `gitformat-pack(5)`; indexes of versions 1 and 2, ids of 20 bytes. Nothing in the file is trusted: every offset, size and copy is checked.
//!
//! Reading all goes down each tree of deltas, depth first: a base is inflated once, however many
//! objects are made from it. The child with most below it comes last, and its base is given up before
//! its own children are made, so that few texts are in memory whatever the shape of the tree.

#![expect(unsafe_code, reason = "the memory maps of a pack and its index")]

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flate2::bufread::ZlibDecoder;
use libdeflater::Decompressor;
use memmap2::Mmap;
use rayon::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator, ParallelSliceMut};

use super::patched::{Chain, Packed};
use super::{Id, Kind, Stream, ids};
use crate::fault;
use crate::file;

/// No object is taken to be larger: what claims to be is refused.
pub(super) const LARGEST: u64 = 2 << 30;
/// Nor a commit, a tag or a tree, which are held in memory as they are: a folder of half a million files has such a tree.
pub(super) const LARGEST_OTHER: u64 = 32 << 20;
/// Deflate makes no byte from less than a thousandth of one.
pub(super) const LARGEST_RATIO: u64 = 1040;
/// A blob that is larger is streamed, and so are those that are made from it.
pub(super) const MOST_HELD: u64 = 16 << 20;
/// So many bytes are held of blobs from which others are still to be made.
const MOST_STACKED: usize = 32 << 20;
/// A blob of at most so many bytes is always held.
const FEW: u64 = 1 << 20;
/// About how many bytes of an object take as long as a delta.
const USUAL: u64 = 4 << 10;
/// The longest chain of deltas that is followed.
const LONGEST_CHAIN: usize = 10_000;
const NONE: u32 = u32::MAX;

const COMMIT: u8 = 1;
const TREE: u8 = 2;
const BLOB: u8 = 3;
const TAG: u8 = 4;
const OFFSET_DELTA: u8 = 6;
const ID_DELTA: u8 = 7;
const UNKNOWN: u8 = 0;

/// A pack and its index.
#[derive(Debug)]
pub(super) struct Pack {
    pack: Mmap,
    index: Mmap,
    layout: Layout,
    count: usize,
    /// Made when it is asked for, and forgotten when it is known that it is not any more.
    plan: Mutex<Option<Arc<Plan>>>,
    /// For each place in the index the kind of the object.
    kinds: OnceLock<Vec<u8>>,
}

/// Where things stand in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// How many objects there are up to each first byte of their ids.
    counts: usize,
    /// The first id, and how far it is from each to the next.
    ids: usize,
    step: usize,
}

/// Offsets stand before the ids.
const VERSION_1: Layout = Layout { counts: 0, ids: 1024 + 4, step: 24 };
/// Offsets stand behind all ids and checksums.
const VERSION_2: Layout = Layout { counts: 8, ids: 8 + 1024, step: 20 };

/// One object as it stands in the pack.
struct Entry {
    kind: u8,
    /// Of the object, or of the delta.
    size: u64,
    base: Base,
    /// Where its compressed bytes begin.
    data: usize,
}

enum Base {
    None,
    At(u64),
    Id(Id),
}

/// Who is made from whom. Objects go by their position in the order of the file.
#[derive(Debug)]
struct Plan {
    /// For each position, the place in the index, which knows the offset.
    places: Vec<u32>,
    /// The kind of the object, of a delta that of its root.
    kinds: Vec<u8>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// Those that are no deltas, what takes longest first.
    roots: Vec<u32>,
}

/// An object that was read, on its way to whoever asked.
pub(crate) struct Read<'a> {
    pub(super) name: Name<'a>,
    /// The number of its family: an object, and all that are made from it.
    pub family: u32,
    /// Its kind.
    pub kind: Kind,
    /// Its bytes, unless it is large.
    pub text: &'a [u8],
    /// Whether it is a blob that is too large to be held: it is to be streamed.
    pub is_large: bool,
    /// What is new in it, and what the visit to the object it was made from returned.
    pub changed: Option<(&'a [Range<usize>], u8)>,
}

/// How the id of an object is come by: few are asked for, and an index is read in no order.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    /// It is known.
    Id(&'a Id),
    /// It stands at a place in a pack's index.
    Place(&'a Pack, u32),
}

impl Read<'_> {
    /// Its id.
    pub(crate) fn id(&self) -> Id {
        match self.name {
            Name::Id(id) => *id,
            Name::Place(pack, place) => *pack.id(place as usize),
        }
    }
}

/// What one thread needs to read.
pub(super) struct Worker {
    pub(super) inflate: Decompressor,
    /// Memory that is free to be used again.
    free: Vec<Vec<u8>>,
    ranges: Vec<Range<usize>>,
    bases: Bases,
}

/// A text that more than one may hold.
type Text = Arc<Vec<u8>>;

/// What was read last, for what is made from it: versions of one thing are asked for one after the
/// other, and each is a delta to the next.
#[derive(Default)]
struct Bases {
    /// By pack and offset.
    known: HashMap<(usize, u64), (Kind, Text)>,
    bytes: usize,
}

impl Bases {
    fn keep(&mut self, place: (usize, u64), kind: Kind, text: &Text) {
        /// The most bytes that are kept, of one object and of all.
        const LARGE: usize = 1 << 20;
        const ALL: usize = 8 << 20;
        if text.len() > LARGE {
            return;
        }
        if self.bytes + text.len() > ALL {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.known.insert(place, (kind, Arc::clone(text)));
    }
}

/// A text whose children are being made.
struct Frame {
    text: Vec<u8>,
    child: u32,
    outcome: u8,
}

impl Worker {
    pub(super) fn new() -> Worker {
        Worker { inflate: Decompressor::new(), free: Vec::new(), ranges: Vec::new(), bases: Bases::default() }
    }

    fn buffer(&mut self) -> Vec<u8> {
        self.free.pop().unwrap_or_default()
    }

    /// Keeps memory for the next text, unless it is much.
    fn give_back(&mut self, buffer: Vec<u8>) {
        const MOST: usize = 8;
        const MOST_BYTES: usize = 4 << 20;
        let kept: usize = self.free.iter().map(Vec::capacity).sum();
        if self.free.len() < MOST && kept + buffer.capacity() <= MOST_BYTES {
            self.free.push(buffer);
        }
    }
}

impl Pack {
    /// Maps a pack by the path of its index.
    pub(super) fn open(index: &Path) -> Result<Pack, String> {
        let (pack, index) = (map(&index.with_extension("pack"))?, map(index)?);
        let layout = if index.starts_with(&[0xff, b't', b'O', b'c']) { VERSION_2 } else { VERSION_1 };
        if layout == VERSION_2 && u32_at(&index, 4) != Some(2) {
            return Err("its index is of an unknown version".into());
        }
        let each = if layout == VERSION_2 { 28 } else { 24 };
        let count = u32_at(&index, layout.counts + 1020).ok_or("its index is cut short")? as usize;
        if index.len() < layout.counts + 1024 + count * each + 40 {
            return Err("its index is cut short".into());
        }
        let counted = |slot: usize| u32_at(&index, layout.counts + slot * 4);
        if !(0..255).all(|slot| counted(slot) <= counted(slot + 1)) {
            return Err("its index is not in order".into());
        }
        let version = u32_at(&pack, 4);
        if pack.len() < 32 || &pack[..4] != b"PACK" || !matches!(version, Some(2 | 3)) {
            return Err("it does not begin as a pack does".into());
        }
        if u32_at(&pack, 8).map(|count| count as usize) != Some(count) {
            return Err("its index is that of another pack".into());
        }
        Ok(Pack { pack, index, layout, count, plan: Mutex::default(), kinds: OnceLock::new() })
    }

    /// How many objects it has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn id(&self, place: usize) -> &Id {
        self.index[self.layout.ids + place * self.layout.step..].first_chunk().expect("the index was found long enough")
    }

    fn offset(&self, place: usize) -> Option<u64> {
        if self.layout == VERSION_1 {
            return u32_at(&self.index, 1024 + place * 24).map(u64::from);
        }
        let small = 8 + 1024 + self.count * 24;
        let offset = u32_at(&self.index, small + place * 4)?;
        if offset & 1 << 31 == 0 {
            return Some(offset.into());
        }
        let large = small + self.count * 4 + (offset & !(1 << 31)) as usize * 8;
        Some(u64::from_be_bytes(*self.index.get(large..)?.first_chunk()?))
    }

    /// The place of an id in the index.
    pub(super) fn find(&self, id: &Id) -> Option<usize> {
        let slot = |first: usize| u32_at(&self.index, self.layout.counts + first * 4).map_or(0, |value| value as usize);
        let first = usize::from(id[0]);
        let low = if first == 0 { 0 } else { slot(first - 1) };
        ids::find(id, low..slot(first).min(self.count), u8::BITS, |place| self.id(place))
    }

    /// Reads the header of the object at an offset.
    fn entry(&self, offset: u64) -> Option<Entry> {
        let end = self.pack.len() - 20;
        let mut at = usize::try_from(offset).ok().filter(|&at| at >= 12 && at < end)?;
        let mut next = || {
            let byte = self.pack[..end].get(at).copied();
            at += 1;
            byte
        };
        let first = next()?;
        let kind = first >> 4 & 7;
        let (mut size, mut shift, mut byte) = (u64::from(first & 15), 4, first);
        while byte & 128 != 0 {
            byte = next()?;
            size |= u64::from(byte & 127).checked_shl(shift).filter(|_| shift < 57)?;
            shift += 7;
        }
        let base = match kind {
            COMMIT | TREE | BLOB | TAG => Base::None,
            OFFSET_DELTA => {
                let mut byte = next()?;
                let mut distance = u64::from(byte & 127);
                while byte & 128 != 0 {
                    byte = next()?;
                    distance = (distance + 1).checked_mul(128)? + u64::from(byte & 127);
                }
                Base::At(offset.checked_sub(distance).filter(|_| distance > 0)?)
            }
            ID_DELTA => {
                let id = *self.pack[..end].get(at..)?.first_chunk()?;
                at += 20;
                Base::Id(id)
            }
            _ => return None,
        };
        Some(Entry { kind, size, base, data: at })
    }

    /// Inflates what an entry holds into a buffer of exactly its size.
    fn inflate(&self, entry: &Entry, end: usize, worker: &mut Worker, into: &mut Vec<u8>) -> Result<(), String> {
        let data = self.pack.get(entry.data..end).ok_or("it reaches into the next object")?;
        if entry.kind != BLOB && entry.size > LARGEST_OTHER {
            return Err("it is too large".into());
        }
        if entry.size > LARGEST || entry.size > data.len() as u64 * LARGEST_RATIO {
            return Err("its size cannot be right".into());
        }
        into.resize(usize::try_from(entry.size).map_err(|_| "its size cannot be right")?, 0);
        fault::point().map_err(|error| error.to_string())?;
        match worker.inflate.zlib_decompress(data, into) {
            Ok(size) if size == into.len() => Ok(()),
            Ok(_) => Err("it has another size than it says".into()),
            Err(error) => Err(format!("its compressed bytes are damaged: {error}")),
        }
    }

    /// Reads one object, however long its chain of deltas; nothing when it is a blob of more than `most` bytes.
    pub(super) fn read(
        &self,
        place_in_index: usize,
        most: u64,
        worker: &mut Worker,
    ) -> Result<Option<(Kind, Vec<u8>)>, String> {
        let cut = "its header is damaged";
        let end = self.pack.len() - 20;
        let place = |offset: u64| (self.pack.as_ptr() as usize, offset);
        let mut chain = Vec::new();
        let mut offset = self.offset(place_in_index).ok_or(cut)?;
        let (kind, mut text) = loop {
            if let Some(known) = worker.bases.known.get(&place(offset)) {
                break known.clone();
            }
            let entry = self.entry(offset).ok_or(cut)?;
            let Some(base) = self.base(&entry)? else {
                let kind = Kind::of(entry.kind).ok_or(cut)?;
                if kind == Kind::Blob && entry.size > MOST_HELD {
                    return self.read_large(place_in_index, most);
                }
                let mut text = Vec::new();
                self.inflate(&entry, end, worker, &mut text)?;
                let text = Arc::new(text);
                worker.bases.keep(place(offset), kind, &text);
                break (kind, text);
            };
            if chain.len() == LONGEST_CHAIN {
                return Err("its chain of deltas has no end".into());
            }
            chain.push((offset, entry));
            offset = base;
        };
        let mut delta = Vec::new();
        for (offset, entry) in chain.iter().rev() {
            if kind == Kind::Blob && entry.size > MOST_HELD {
                return self.read_large(place_in_index, most);
            }
            let mut made = Vec::new();
            self.inflate(entry, end, worker, &mut delta)?;
            if kind == Kind::Blob && made_size(&delta) > MOST_HELD {
                return self.read_large(place_in_index, most);
            }
            if kind != Kind::Blob && made_size(&delta) > LARGEST_OTHER {
                return Err("it is too large".into());
            }
            apply(&text, &delta, &mut made, &mut worker.ranges)?;
            text = Arc::new(made);
            worker.bases.keep(place(*offset), kind, &text);
        }
        Ok(Some((kind, Arc::unwrap_or_clone(text))))
    }

    /// Reads an object that is large, or made from one that is.
    fn read_large(&self, place_in_index: usize, most: u64) -> Result<Option<(Kind, Vec<u8>)>, String> {
        let (kind, mut stream) = self.stream(place_in_index).ok_or("its header is damaged")?;
        if stream.size() > most {
            return Ok(None);
        }
        let mut text = Vec::new();
        stream.read_to_end(&mut text).map_err(|error| error.to_string())?;
        Ok(Some((kind, text)))
    }

    /// The means to read an object piece by piece; nothing when a header is damaged.
    pub(super) fn stream(&self, place_in_index: usize) -> Option<(Kind, Stream<'_>)> {
        let mut deltas: Vec<Packed<'_>> = Vec::new();
        let mut offset = self.offset(place_in_index)?;
        while deltas.len() <= LONGEST_CHAIN {
            let entry = self.entry(offset)?;
            let packed = (self.pack.get(entry.data..self.pack.len() - 20)?, entry.size);
            if let Some(base) = self.base(&entry).ok()? {
                deltas.push(packed);
                offset = base;
                continue;
            }
            let kind = Kind::of(entry.kind)?;
            if deltas.is_empty() {
                return Some((kind, Stream::new(Box::new(ZlibDecoder::new(packed.0)), packed.1)));
            }
            deltas.reverse();
            let chain = Chain::new(packed, deltas);
            let size = chain.size()?;
            return Some((kind, Stream::new(Box::new(chain), size)));
        }
        None
    }

    /// Where the object begins that an entry is a delta to; nothing when it is none.
    fn base(&self, entry: &Entry) -> Result<Option<u64>, &'static str> {
        match entry.base {
            Base::None => Ok(None),
            Base::At(base) => Ok(Some(base)),
            Base::Id(id) => {
                let base = self.find(&id).and_then(|place| self.offset(place));
                base.map(Some).ok_or("its base is in another pack")
            }
        }
    }

    /// The kind of the object at a place in the index; nothing when it cannot be read.
    pub(super) fn kind(&self, place_in_index: usize) -> Option<Kind> {
        Kind::of(self.kinds()[place_in_index])
    }

    fn kinds(&self) -> &[u8] {
        self.kinds.get_or_init(|| self.plan().kinds_by_place())
    }

    /// Finds out who is made from whom, and keeps it.
    pub(super) fn prepare(&self) {
        self.kinds();
    }

    fn plan(&self) -> Arc<Plan> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(plan.get_or_insert_with(|| Arc::new(Plan::of(self))))
    }

    /// Gives up the memory for what is needed to read whole families.
    pub(super) fn forget_families(&self) {
        self.kinds();
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many families it has.
    pub(super) fn families(&self) -> usize {
        self.plan().roots.len()
    }

    /// Adds the number of each object's family, by its place in the index, counted from `first`; `NONE` for what has
    /// no family.
    pub(super) fn add_families(&self, first: u32, families: &mut Vec<u32>) {
        let (plan, start) = (self.plan(), families.len());
        families.resize(start + self.count, NONE);
        for (family, &root) in (first..).zip(&plan.roots) {
            plan.descend(root, |position| families[start + plan.places[position as usize] as usize] = family);
        }
    }

    /// The families of some kinds, the largest first.
    pub(super) fn families_of(&self, wanted: &dyn Fn(Kind) -> bool) -> Vec<u32> {
        let plan = self.plan();
        let is_wanted = |root: u32| Kind::of(plan.kinds[root as usize]).is_some_and(wanted);
        (0..).zip(&plan.roots).filter(|&(_, &root)| is_wanted(root)).map(|(family, _)| family).collect()
    }

    /// The ids of what has no kind and no family: it cannot be read here.
    pub(super) fn strays(&self) -> impl Iterator<Item = Id> + '_ {
        self.kinds().iter().enumerate().filter(|&(_, &kind)| kind == UNKNOWN).map(|(place, _)| *self.id(place))
    }

    /// Reads every object of some families, from as many threads as there are. What `visit` returns is
    /// handed in with the objects that are made from that one. Returned is how many there were, and
    /// the ids of those that cannot be read here.
    pub(super) fn each(&self, families: &[u32], visit: &(dyn Fn(&Read<'_>) -> u8 + Sync)) -> (u64, Vec<Id>) {
        let plan = &*self.plan();
        let next = AtomicUsize::new(0);
        let read = |_: rayon::BroadcastContext<'_>| {
            let (mut worker, mut failed, mut met) = (Worker::new(), Vec::new(), 0);
            while let Some(&family) = families.get(next.fetch_add(1, Ordering::Relaxed)) {
                met += self.family(plan, family, &mut worker, visit, &mut failed);
            }
            (met, failed)
        };
        let (mut met, mut ids) = (0, Vec::new());
        for (count, failed) in rayon::broadcast(read) {
            met += count;
            ids.extend(failed.into_iter().map(|position| *self.id(plan.places[position as usize] as usize)));
        }
        ids.sort_unstable();
        (met, ids)
    }

    /// Reads an object and all that is made from it; tells how many it could.
    fn family(
        &self,
        plan: &Plan,
        family: u32,
        worker: &mut Worker,
        visit: &(dyn Fn(&Read<'_>) -> u8 + Sync),
        failed: &mut Vec<u32>,
    ) -> u64 {
        let root = plan.roots[family as usize];
        let kind = Kind::of(plan.kinds[root as usize]).expect("a root has a kind of its own");
        // Of trees and commits there is no other way to read them.
        let most = if kind == Kind::Blob { MOST_HELD } else { u64::MAX };
        let mut met = 0;
        let mut text = worker.buffer();
        let mut stack: Vec<Frame> = Vec::new();
        let mut stacked = 0;
        match self.raw(plan, root, most, worker, &mut text) {
            Ok(true) => {
                let name = plan.name(self, root);
                let outcome = visit(&Read { name, family, kind, text: &text, is_large: false, changed: None });
                stacked += text.len();
                met += 1;
                stack.push(Frame { text, child: plan.first_child[root as usize], outcome });
            }
            Ok(false) => met += self.large(plan, family, root, visit),
            Err(_) => plan.descend(root, |position| failed.push(position)),
        }
        while let Some(frame) = stack.last_mut() {
            let child = frame.child;
            if child == NONE {
                stacked -= frame.text.len();
                stack.pop().into_iter().for_each(|frame| worker.give_back(frame.text));
                continue;
            }
            frame.child = plan.next_sibling[child as usize];
            let before = frame.outcome;
            let is_last = frame.child == NONE;
            let mut made = worker.buffer();
            let mut delta = worker.buffer();
            let mut ranges = std::mem::take(&mut worker.ranges);
            let room = most.min(MOST_STACKED.saturating_sub(stacked) as u64).max(FEW);
            let outcome = match self.raw(plan, child, most, worker, &mut delta) {
                Ok(true) if kind == Kind::Blob && made_size(&delta) > room => Ok(false),
                Ok(true) if made_size(&delta) > LARGEST_OTHER => Err("it is too large".to_owned()),
                Ok(true) => apply(&frame.text, &delta, &mut made, &mut ranges).map(|()| true),
                other => other,
            };
            worker.give_back(delta);
            if is_last {
                stacked -= frame.text.len();
                stack.pop().into_iter().for_each(|frame| worker.give_back(frame.text));
            }
            match outcome {
                Ok(true) => {
                    let (name, changed) = (plan.name(self, child), Some((&ranges[..], before)));
                    let outcome = visit(&Read { name, family, kind, text: &made, is_large: false, changed });
                    met += 1;
                    match plan.first_child[child as usize] {
                        NONE => worker.give_back(made),
                        first => {
                            stacked += made.len();
                            stack.push(Frame { text: made, child: first, outcome });
                        }
                    }
                }
                Ok(false) => met += self.large(plan, family, child, visit),
                // What is made from it cannot be read either.
                Err(_) => plan.descend(child, |position| failed.push(position)),
            }
            worker.ranges = ranges;
        }
        met
    }

    /// Hands over a blob that is too large to be held, and all that are made from it; tells how many these are.
    fn large(&self, plan: &Plan, family: u32, position: u32, visit: &(dyn Fn(&Read<'_>) -> u8 + Sync)) -> u64 {
        let mut met = 0;
        plan.descend(position, |position| {
            let (name, kind) = (plan.name(self, position), Kind::Blob);
            visit(&Read { name, family, kind, text: &[], is_large: true, changed: None });
            met += 1;
        });
        met
    }

    /// Inflates an object, or its delta, if that has at most so many bytes; tells whether it has.
    fn raw(
        &self,
        plan: &Plan,
        position: u32,
        most: u64,
        worker: &mut Worker,
        into: &mut Vec<u8>,
    ) -> Result<bool, String> {
        let offset = |place: &u32| self.offset(*place as usize).unwrap_or(u64::MAX);
        let at = position as usize;
        let entry = self.entry(offset(&plan.places[at])).ok_or("its header is damaged")?;
        if entry.size > most {
            return Ok(false);
        }
        let end = plan.places.get(at + 1).map_or(self.pack.len() - 20, |next| offset(next) as usize);
        self.inflate(&entry, end, worker, into).map(|()| true)
    }
}

impl Plan {
    fn of(pack: &Pack) -> Plan {
        let mut order: Vec<(u64, u32)> =
            (0..pack.count).map(|place| (pack.offset(place).unwrap_or(u64::MAX), place as u32)).collect();
        order.par_sort_unstable();
        let (offsets, places): (Vec<u64>, Vec<u32>) = order.into_iter().unzip();
        let position = |offset: u64| offsets.binary_search(&offset).map_or(NONE, |position| position as u32);
        let (mut kinds, bases): (Vec<u8>, Vec<u32>) = (0..pack.count)
            .into_par_iter()
            .with_min_len(1024)
            .map(|at| match pack.entry(offsets[at]) {
                None => (UNKNOWN, NONE),
                Some(Entry { kind, base: Base::None, .. }) => (kind, NONE),
                Some(Entry { kind, base: Base::At(offset), .. }) => (kind, position(offset)),
                Some(Entry { kind, base: Base::Id(id), .. }) => {
                    (kind, pack.find(&id).and_then(|place| pack.offset(place)).map_or(NONE, position))
                }
            })
            .unzip();
        resolve(&mut kinds, &bases);
        let size = |root: u32| pack.entry(offsets[root as usize]).map_or(0, |entry| entry.size);
        let roots = (0..pack.count as u32).filter(|&at| bases[at as usize] == NONE && kinds[at as usize] != UNKNOWN);
        let weights = weights(&kinds, &bases);
        // What takes long comes first, so that no thread is left with it alone: many objects, or a large one.
        let mut roots: Vec<u32> = roots.collect();
        roots.sort_by_cached_key(|&root| Reverse(u64::from(weights[root as usize]).max(size(root) / USUAL)));
        drop(offsets);
        Plan::linked(places, kinds, &bases, &weights, roots)
    }

    fn linked(places: Vec<u32>, kinds: Vec<u8>, bases: &[u32], weights: &[u32], roots: Vec<u32>) -> Plan {
        let count = kinds.len();
        let mut first_child = vec![NONE; count];
        let mut next_sibling = vec![NONE; count];
        let children = || (0..count).filter(|&at| bases[at] != NONE && kinds[at] != UNKNOWN);
        // The heaviest child of each goes to the end of its list.
        for at in children() {
            let first = &mut first_child[bases[at] as usize];
            if *first == NONE || weights[*first as usize] < weights[at] {
                *first = at as u32;
            }
        }
        let heaviest = first_child.clone();
        for at in children().filter(|&at| heaviest[bases[at] as usize] != at as u32) {
            next_sibling[at] = std::mem::replace(&mut first_child[bases[at] as usize], at as u32);
        }
        Plan { places, kinds, first_child, next_sibling, roots }
    }

    fn kinds_by_place(&self) -> Vec<u8> {
        let mut kinds = vec![UNKNOWN; self.kinds.len()];
        self.places.iter().zip(&self.kinds).for_each(|(&place, &kind)| kinds[place as usize] = kind);
        kinds
    }

    fn name<'a>(&self, pack: &'a Pack, position: u32) -> Name<'a> {
        Name::Place(pack, self.places[position as usize])
    }

    /// Goes through an object and all that are made from it.
    fn descend(&self, position: u32, mut visit: impl FnMut(u32)) {
        let mut left = vec![position];
        while let Some(position) = left.pop() {
            visit(position);
            let mut child = self.first_child[position as usize];
            while child != NONE {
                left.push(child);
                child = self.next_sibling[child as usize];
            }
        }
    }
}

/// Gives each delta the kind of its root. What has none, or goes round in a circle, is unknown.
fn resolve(kinds: &mut [u8], bases: &[u32]) {
    let is_delta = |kind: u8| kind == OFFSET_DELTA || kind == ID_DELTA;
    let mut chain = Vec::new();
    for start in 0..kinds.len() {
        let mut at = start;
        while is_delta(kinds[at]) && bases[at] != NONE && chain.len() <= kinds.len() {
            chain.push(at);
            at = bases[at] as usize;
        }
        let kind = if is_delta(kinds[at]) { UNKNOWN } else { kinds[at] };
        if is_delta(kinds[at]) {
            kinds[at] = UNKNOWN;
        }
        chain.drain(..).for_each(|at| kinds[at] = kind);
    }
}

/// How many objects are made from each, itself counted.
fn weights(kinds: &[u8], bases: &[u32]) -> Vec<u32> {
    let mut weights = vec![1u32; kinds.len()];
    let mut waiting = vec![0u32; kinds.len()];
    let has_base = |at: usize| bases[at] != NONE && kinds[at] != UNKNOWN;
    (0..kinds.len()).filter(|&at| has_base(at)).for_each(|at| waiting[bases[at] as usize] += 1);
    let mut ready: Vec<usize> = (0..kinds.len()).filter(|&at| waiting[at] == 0).collect();
    while let Some(at) = ready.pop() {
        if has_base(at) {
            let base = bases[at] as usize;
            weights[base] = weights[base].saturating_add(weights[at]);
            waiting[base] -= 1;
            if waiting[base] == 0 {
                ready.push(base);
            }
        }
    }
    weights
}

/// Makes a text from another and a delta. `ranges` becomes what is new in it: what the delta
/// inserts, and the seams between copies.
fn apply(base: &[u8], delta: &[u8], made: &mut Vec<u8>, ranges: &mut Vec<Range<usize>>) -> Result<(), String> {
    applied(base, delta, made, ranges).ok_or_else(|| "its delta does not fit its base".to_owned())
}

fn applied(base: &[u8], delta: &[u8], made: &mut Vec<u8>, ranges: &mut Vec<Range<usize>>) -> Option<()> {
    ranges.clear();
    made.clear();
    let mut at = 0;
    if size(delta, &mut at)? != base.len() as u64 {
        return None;
    }
    let length = usize::try_from(size(delta, &mut at)?.min(LARGEST + 1)).ok()?;
    if length as u64 > LARGEST {
        return None;
    }
    made.reserve_exact(length);
    // Where in the base the last copy ended; nothing after an insertion.
    let mut copied = Some(0);
    while at < delta.len() {
        let operation = delta[at];
        at += 1;
        if operation & 128 != 0 {
            let (mut from, mut count) = (0usize, 0usize);
            for bit in 0..7 {
                if operation & 1 << bit != 0 {
                    let byte = usize::from(*delta.get(at)?);
                    at += 1;
                    if bit < 4 { from |= byte << (bit * 8) } else { count |= byte << ((bit - 4) * 8) }
                }
            }
            let count = if count == 0 { 0x1_0000 } else { count };
            if copied != Some(from) && ranges.last().is_none_or(|last| last.end != made.len()) {
                ranges.push(made.len()..made.len());
            }
            made.extend_from_slice(base.get(from..from.checked_add(count)?)?);
            copied = Some(from + count);
        } else {
            let inserted = delta.get(at..at + usize::from(operation)).filter(|_| operation != 0)?;
            at += inserted.len();
            match ranges.last_mut() {
                Some(last) if last.end == made.len() => last.end += inserted.len(),
                _ => ranges.push(made.len()..made.len() + inserted.len()),
            }
            made.extend_from_slice(inserted);
            copied = None;
        }
        if made.len() > length {
            return None;
        }
    }
    // The base's end is not the text's: what was there is behind the last copy no more.
    if copied.is_some_and(|end| end != base.len()) {
        ranges.push(made.len()..made.len());
    }
    (made.len() == length).then_some(())
}

/// How large a delta says that is what it makes; nothing where that makes no sense.
fn made_size(delta: &[u8]) -> u64 {
    let mut at = 0;
    size(delta, &mut at).and_then(|_| size(delta, &mut at)).unwrap_or(0)
}

/// A size at the head of a delta.
fn size(delta: &[u8], at: &mut usize) -> Option<u64> {
    let (mut size, mut shift) = (0u64, 0);
    loop {
        let byte = *delta.get(*at)?;
        *at += 1;
        size |= u64::from(byte & 127).checked_shl(shift).filter(|_| shift < 57)?;
        shift += 7;
        if byte & 128 == 0 {
            return Some(size);
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn map(path: &Path) -> Result<Mmap, String> {
    let said = |error: std::io::Error| format!("{}: {error}", path.file_name().unwrap_or_default().to_string_lossy());
    let file: File = file::open(path).map_err(said)?;
    if !file.metadata().map_err(said)?.is_file() {
        return Err("it is not a regular file".into());
    }
    fault::point().map_err(said)?;
    // SAFETY: git never changes a pack in place; it writes a new one and unlinks this one, which
    // stays whole while it is mapped.
    unsafe { Mmap::map(&file) }.map_err(said)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Deltas that say of `abcdef`, or of themselves, what is not so.
    pub(in crate::git) const LIES: &[&[u8]] = &[
        &[5, 3, 0x90, 3],
        &[6, 4, 0x90, 3],
        &[6, 2, 0x90, 3],
        &[6, 9, 0x90, 9],
        &[6, 3, 0],
        &[6, 3, 5, b'a'],
        &[6],
        &[6, 3, 0x9f],
        &[255; 20],
    ];

    fn made(base: &[u8], delta: &[u8]) -> Option<(Vec<u8>, Vec<Range<usize>>)> {
        let (mut made, mut ranges) = (Vec::new(), Vec::new());
        applied(base, delta, &mut made, &mut ranges).map(|()| (made, ranges))
    }

    #[test]
    fn a_delta_tells_what_is_new() {
        // 0..3 of the base, "XY", 3..6; the size of the base, of the text, copy, insert, copy.
        let delta = [6, 8, 0x90, 3, 2, b'X', b'Y', 0x91, 3, 3];
        let (text, ranges) = made(b"abcdef", &delta).unwrap();
        assert_eq!((&text[..], ranges.len(), &ranges[0]), (&b"abcXYdef"[..], 1, &(3..5)));
        // A seam where something is left out, and an end that was none.
        let seams = [6, 4, 0x90, 2, 0x91, 3, 2];
        assert_eq!(made(b"abcdef", &seams), Some((b"abde".to_vec(), vec![2..2, 4..4])));
    }

    #[test]
    fn a_delta_that_lies_is_refused() {
        for delta in LIES {
            assert_eq!(made(b"abcdef", delta), None, "{delta:?}");
        }
    }

    #[test]
    fn kinds_come_from_the_root_and_circles_have_none() {
        let mut kinds = [BLOB, OFFSET_DELTA, OFFSET_DELTA, ID_DELTA, ID_DELTA, ID_DELTA];
        resolve(&mut kinds, &[NONE, 0, 1, 4, 3, NONE]);
        assert_eq!(kinds, [BLOB, BLOB, BLOB, UNKNOWN, UNKNOWN, UNKNOWN]);
    }
}

//! Which four bytes of each literal to look for: the rarest, shared among literals where that
//! costs nothing, and dealt out so that the nibble tables let little through.

use std::collections::HashMap;

use super::heads::Heads;
use super::{Kind, Literal};
use crate::rule::ByteSet;

/// Bytes in a row that a window has.
pub(super) const WINDOW: usize = 4;
/// Nibble tables, each for eight buckets.
const TABLES: usize = 2;
/// Buckets the windows are dealt out to.
pub(super) const BUCKETS: usize = 8 * TABLES;

/// How often each ASCII character stands in 10,000 bytes of source text (Linux 6.1, Rails and
/// Redis, a third each).
const FREQUENCY: [u16; 128] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 148, 299, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, // controls
    1754, 6, 91, 32, 9, 7, 15, 9, 88, 88, 67, 12, 115, 67, 78, 49, // space to slash
    104, 51, 40, 26, 23, 19, 21, 14, 21, 14, 53, 63, 18, 64, 38, 4, // digits to question mark
    7, 62, 23, 55, 40, 71, 28, 21, 17, 53, 5, 12, 48, 36, 43, 39, // @ to O
    36, 7, 58, 58, 59, 27, 13, 11, 11, 10, 5, 19, 14, 19, 1, 290, // P to underscore
    13, 360, 85, 233, 244, 658, 138, 96, 119, 358, 11, 45, 239, 136, 337, 317, // backtick to o
    155, 22, 364, 367, 488, 168, 69, 49, 64, 60, 18, 31, 11, 31, 1, 0, // p to delete
];

/// Four bytes in a row that are part of some literals.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) places: [ByteSet; WINDOW],
    /// The literals, and how far into each the window begins.
    pub(super) owners: Vec<(u32, u32)>,
}

/// The bits that each byte allows, in the forms in which SIMD looks them up.
#[derive(Debug, Clone)]
pub(super) struct Bits {
    /// Of each ASCII character; those of a byte beyond are with the character that differs in the highest bit.
    pub(super) of_ascii: [u8; 128],
    /// Of the low and of the high half of a byte: what both allow may be more than the byte does.
    pub(super) of_halves: [[u8; 16]; 2],
}

/// The windows of the literals that are not at an edge.
#[derive(Debug, Clone)]
pub(super) struct Sieve {
    /// What the windows allow; a bit is a bucket of windows.
    pub(super) buckets: [[Bits; WINDOW]; TABLES],
    /// Which owners have which four bytes at their window.
    heads: Heads,
    owners: Vec<Owner>,
}

/// A literal, and its window.
#[derive(Debug, Clone)]
struct Owner {
    literal: u32,
    /// How far into it the window begins.
    offset: usize,
    /// What stands around the window, where that is one byte, or a letter in either case; else zeros.
    bytes: u128,
    /// The bits of it that count.
    mask: u128,
    /// Whether these bytes are all that a place is asked about.
    is_whole: bool,
}

/// So many bytes before a window are looked at together with it and those behind it.
const BEFORE: usize = 4;

impl Sieve {
    pub(super) fn new(literals: &[Literal]) -> Sieve {
        let known = together();
        let mut windows = windows(literals, &known);
        windows.sort_by_cached_key(|window| std::cmp::Reverse(frequency(&window.places)));
        let buckets = deal(&windows, &known);
        let owners: Vec<Owner> =
            windows.iter().flat_map(|window| &window.owners).map(|owner| Owner::new(literals, *owner)).collect();
        let place = |owner: &Owner| Window::places(&literals[owner.literal as usize], owner.offset);
        let heads = (0..).zip(&owners).map(|(number, owner)| (number, place(owner)));
        Sieve { buckets, heads: Heads::new(heads), owners }
    }

    /// Whether a window may stand at the beginning of some bytes.
    #[inline]
    pub(super) fn may_be(&self, bytes: [u8; WINDOW]) -> bool {
        self.heads.may_be(bytes)
    }

    /// Where literals may stand whose window does at a place of a text, and whether they do for sure.
    #[inline]
    pub(super) fn each(&self, text: &[u8], at: usize, mut found: impl FnMut(u32, usize, bool)) {
        let around = at.checked_sub(BEFORE).and_then(|from| text.get(from..)?.first_chunk());
        let around = around.map(|bytes| u128::from_le_bytes(*bytes));
        for owner in self.heads.of(four(text, at)) {
            let owner = &self.owners[owner as usize];
            // Near the beginning and the end of the text nothing is known.
            if around.is_none_or(|around| around & owner.mask == owner.bytes)
                && let Some(at) = at.checked_sub(owner.offset)
            {
                found(owner.literal, at, owner.is_whole && around.is_some());
            }
        }
    }
}

impl Owner {
    fn new(literals: &[Literal], (literal, offset): (u32, u32)) -> Owner {
        let Literal { places, kind } = &literals[literal as usize];
        let offset = offset as usize;
        let (mut bytes, mut mask) = ([0; 16], [0; 16]);
        let mut is_whole = *kind == Kind::Anywhere && offset <= BEFORE && places.len() - offset <= 16 - BEFORE;
        let from = offset.saturating_sub(BEFORE);
        let around = bytes.iter_mut().zip(&mut mask).skip(BEFORE + from - offset);
        for (place, (byte, mask)) in places[from..].iter().zip(around) {
            let (any, all) = place.iter().fold((0, u8::MAX), |(any, all), byte| (any | byte, all & byte));
            *mask = match (place.len(), any ^ all) {
                (1, _) => 0xff,
                (2, 0x20) => 0xdf,
                _ => 0,
            };
            *byte = all & *mask;
            is_whole &= *mask != 0;
        }
        Owner { literal, offset, bytes: u128::from_le_bytes(bytes), mask: u128::from_le_bytes(mask), is_whole }
    }
}

/// The four bytes at a place; behind the end, zeros.
pub(super) fn four(text: &[u8], at: usize) -> [u8; WINDOW] {
    std::array::from_fn(|place| text.get(at + place).copied().unwrap_or(0))
}

/// As many places in 10^16 may be looked at more closely for the sake of one literal.
const RARE: u64 = 10_000_000_000;

/// A window of each literal: one that is known and rare; else one whose bucket is known, or its rarest, as
/// part of one that differs at no more than the place where that one is a class already.
pub(super) fn windows(literals: &[Literal], together: &Together) -> Vec<Window> {
    let mut known = Known { windows: Vec::new(), by_first: vec![Vec::new(); 256] };
    let mut others: Vec<usize> = (0..literals.len()).filter(|&index| literals[index].kind != Kind::Edge).collect();
    others.sort_by_key(|&index| literals[index].places.len());
    for index in others {
        let literal = &literals[index];
        let offsets = || (0..=literal.places.len().saturating_sub(WINDOW)).map(|at| (at, Window::places(literal, at)));
        let covered = offsets().find_map(|(offset, places)| Some((known.covering(&places)?, offset)));
        let (window, offset) = covered.unwrap_or_else(|| {
            let dealt = offsets().find(|(_, places)| together.contains_key(&name(places)));
            let window = dealt.or_else(|| offsets().min_by_key(|(_, places)| frequency(places)));
            let (offset, places) = window.expect("a literal has a place");
            (known.add(places), offset)
        });
        known.windows[window].owners.push((index as u32, offset as u32));
    }
    known.windows
}

/// The windows that there are so far.
struct Known {
    windows: Vec<Window>,
    /// Of each byte, the windows that may begin with it.
    by_first: Vec<Vec<usize>>,
}

impl Known {
    /// A rare window that stands wherever these places do.
    fn covering(&self, places: &[ByteSet; WINDOW]) -> Option<usize> {
        let covers = |window: &Window| window.covers(places) && frequency(&window.places) <= RARE;
        self.by_first[usize::from(places[0].iter().next()?)]
            .iter()
            .copied()
            .find(|&window| covers(&self.windows[window]))
    }

    /// Adds a window, or has one stand for it as well.
    fn add(&mut self, places: [ByteSet; WINDOW]) -> usize {
        let mut windows = self.windows.iter().enumerate();
        let (window, places) = windows
            .find_map(|(index, window)| Some((index, window.with(&places)?)))
            .unwrap_or((self.windows.len(), places));
        if window == self.windows.len() {
            self.windows.push(Window { places: [ByteSet::default(); WINDOW], owners: Vec::new() });
        }
        for byte in places[0].iter().filter(|byte| !self.windows[window].places[0].contains(*byte)) {
            let known = &mut self.by_first[usize::from(byte)];
            known.insert(known.partition_point(|one| *one < window), window);
        }
        self.windows[window].places = places;
        window
    }
}

impl Window {
    /// The places of a literal from an offset on; behind its end, any byte.
    pub(super) fn places(literal: &Literal, offset: usize) -> [ByteSet; WINDOW] {
        std::array::from_fn(|place| literal.places.get(offset + place).copied().unwrap_or(ByteSet::ALL))
    }

    fn covers(&self, places: &[ByteSet; WINDOW]) -> bool {
        self.places.iter().zip(places).all(|(mine, other)| mine.covers(*other))
    }

    /// This window and another as one, when that lets nothing through that neither did.
    fn with(&self, places: &[ByteSet; WINDOW]) -> Option<[ByteSet; WINDOW]> {
        let mut differ = self.places.iter().zip(places).filter(|(mine, other)| mine != other);
        let merges = differ.next().is_some_and(|(mine, other)| *mine != ByteSet::ALL && *other != ByteSet::ALL);
        (merges && differ.next().is_none()).then(|| std::array::from_fn(|place| self.places[place].or(places[place])))
    }
}

/// How many of 10^16 places in source text some windows stand at.
fn frequency(places: &[ByteSet; WINDOW]) -> u64 {
    let place = |bytes: &ByteSet| match *bytes {
        ByteSet::ALL => 10_000,
        // What is not in the table is rare.
        bytes => {
            bytes.iter().map(|byte| FREQUENCY.get(usize::from(byte)).map_or(1, |&of| of.into())).sum::<u64>().max(1)
        }
    };
    places.iter().map(place).product()
}

/// Windows that lie well together in a bucket, by name: what `dealing` came to on source text (Linux 6.1 and Rails).
const TOGETHER: [&str; BUCKETS] = [
    "KEY.PWD.key-k-adk-prjwt.KEY'JWT.",
    "AUTHBEARhin:INDPmpdpant:ANTHrith",
    ".com.log!AA..acc+ASb+ABa+AMC+AEh+ARm+ACRQQJ9wget{SHAYS__qlcm'CooQLdbyAll",
    "://.7Q~.==:.:AA.-us0-v1-",
    "PASSRIVAoks.7z aVOPS: PS:APAo -Sp -a",
    "b://\\/\\/getCsql+$2y$ostOd6WF.toCityKbot/",
    "curlchpa_PW : EAzip S 00w PDfuraser:",
    "wordals(ql:/AzCaAzSeAzFuQlpowhseapr1PhraPHRAalchkhouALT'alchalt'azco",
    "Cookmong--paH4sIMONIhtpambcl",
    "OKEN-keyogin\"kty\"Jwt\"JWTlftpldapoginbkFJogin-dan",
    "CREDfiedCredFIEDerm-kie:sv=2:*:*nix(LAUDure-",
    "ecipAIoT1//0PK\u{5}\u{6}]:58]:46acctBI->eCipTo-S",
    "SECRSign5432s-clraclstgrpsk=psk=EsDB64326543raCSpodmuiknpc3M",
    "BasiBEGIAPIMAZEG\"crvNRALKLUvlasv'cryce:vCURL",
    "d_phiadbHmachmacACDb_mmktcp(net($aactmqctem(tlab",
    "mysqet uet sntruepasFTP(lpluhtasepasew Sepas<Pas",
];

/// The buckets of windows, by name.
pub(super) type Together = HashMap<[u8; WINDOW], usize>;

fn together() -> Together {
    let windows = |(bucket, names): (usize, &&'static str)| {
        names.as_bytes().as_chunks().0.iter().map(move |name| (*name, bucket))
    };
    TOGETHER.iter().enumerate().flat_map(windows).collect()
}

/// The name of a window: the first byte that may stand at each place, a dot where any may.
pub(super) fn name(places: &[ByteSet; WINDOW]) -> [u8; WINDOW] {
    places.map(|place| if place == ByteSet::ALL { b'.' } else { place.iter().next().unwrap_or(0) })
}

/// What a nibble table with one bucket lets through at each place: a bit for each low half of a
/// byte, and one for each high half.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Halves(pub(super) [[u16; 2]; WINDOW]);

/// Deals the windows out to the buckets: those whose bucket is known, then the others, each to where it lets
/// the least text through.
fn deal(windows: &[Window], together: &Together) -> [[Bits; WINDOW]; TABLES] {
    let mut buckets = [Halves::default(); BUCKETS];
    let mut tables = [(); TABLES].map(|()| [(); WINDOW].map(|()| Bits::default()));
    let mut put = |window: &Window, bucket: usize| {
        let table = &mut tables[bucket / 8];
        table.iter_mut().zip(window.places).for_each(|(bits, bytes)| bits.allow(bucket % 8, bytes));
    };
    let mut others = Vec::new();
    for window in windows {
        let halves = Halves::of(&window.places);
        match together.get(&name(&window.places)) {
            Some(&bucket) => {
                buckets[bucket] = buckets[bucket].or(&halves);
                put(window, bucket);
            }
            None => others.push((window, halves)),
        }
    }
    let mut let_through = buckets.map(|bucket| bucket.lets_through());
    for (window, halves) in others {
        let more = |&of: &usize| buckets[of].or(&halves).lets_through() - let_through[of];
        let best = (0..BUCKETS).min_by_key(more).unwrap_or(0);
        buckets[best] = buckets[best].or(&halves);
        let_through[best] = buckets[best].lets_through();
        put(window, best);
    }
    tables
}

/// For each high half of an ASCII character, how often those stand in source text whose low halves
/// are in a set of the first eight, and of the last eight.
const ROWS: [[[u16; 256]; 2]; 8] = {
    let mut rows = [[[0; 256]; 2]; 8];
    let mut index = 0;
    while index < 8 * 2 * 256 * 8 {
        let [row, half, set, bit] = [index >> 12, index >> 11 & 1, index >> 3 & 255, index & 7];
        if set >> bit & 1 != 0 {
            rows[row][half][set] += FREQUENCY[row * 16 + half * 8 + bit];
        }
        index += 1;
    }
    rows
};

impl Halves {
    pub(super) fn of(places: &[ByteSet; WINDOW]) -> Halves {
        Halves(places.map(|bytes| {
            bytes.iter().fold([0, 0], |[low, high], byte| [low | 1 << (byte & 15), high | 1 << (byte >> 4)])
        }))
    }

    pub(super) fn or(mut self, other: &Halves) -> Halves {
        for (mine, other) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            *mine |= other;
        }
        self
    }

    /// How many of 10^16 places in source text are let through.
    fn lets_through(&self) -> u64 {
        let place = |[low, high]: &[u16; 2]| {
            let [first, last] = low.to_le_bytes().map(usize::from);
            let (mut sum, mut rows) = (0, high & 0xff);
            while rows != 0 {
                let [of_first, of_last] = &ROWS[rows.trailing_zeros() as usize];
                sum += u64::from(of_first[first]) + u64::from(of_last[last]);
                rows &= rows - 1;
            }
            sum
        };
        self.0.iter().map(place).product()
    }
}

impl Default for Bits {
    fn default() -> Bits {
        Bits { of_ascii: [0; 128], of_halves: [[0; 16]; 2] }
    }
}

impl Bits {
    /// Has some bytes allow a bit.
    pub(super) fn allow(&mut self, bit: usize, bytes: ByteSet) {
        for byte in bytes.iter().map(usize::from) {
            self.of_ascii[byte & 127] |= 1 << bit;
            self.of_halves[0][byte & 15] |= 1 << bit;
            self.of_halves[1][byte >> 4] |= 1 << bit;
        }
    }
}

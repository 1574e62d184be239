//! Zip, read from front to back: every member there is, whether the directory at the end speaks of it or
//! not. The directory is read too, for members that it has and that were not met.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, Read};

use bzip2::bufread::BzDecoder;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use libdeflater::Decompressor;

use super::input::Input;
use super::known::Key;
use super::{Budget, Format, Part, Visit, broken, number, stream};

/// What begins a member, what may follow it, and the parts of the directory.
const MEMBER: &[u8] = b"PK\x03\x04";
const SIZES: &[u8] = b"PK\x07\x08";
const ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LONG_END: &[u8] = b"PK\x06\x06";
const LONG_END_PLACE: &[u8] = b"PK\x06\x07";

/// A deflated member of at most so many bytes, and from which at most so many come, is inflated in one go.
const MOST_PACKED: u64 = 256 << 10;
const MOST_WHOLE: u64 = 1 << 20;

/// So long may what stands in front of a zip be, for it to be seen.
const LONGEST_STUB: usize = 1 << 20;

/// How long the program is that stands in front of a zip which unpacks itself: a script, or a program of Windows or
/// Linux. Nothing when it is none of that, or there is no member behind it.
pub(super) fn stub(beginning: &[u8]) -> usize {
    if !matches!(beginning, [b'#', b'!', ..] | [b'M', b'Z', ..] | [0x7f, b'E', b'L', b'F', ..]) {
        return 0;
    }
    let beginning = &beginning[..beginning.len().min(LONGEST_STUB)];
    memchr::memmem::find_iter(beginning, MEMBER).find(|&at| is_member(&beginning[at..])).unwrap_or(0)
}

/// Whether a header makes sense: programs that read zips have its first bytes in them, too.
fn is_member(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<30>() else { return false };
    let field = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let (version, method, length) = (field(4) & 0xff, field(8), usize::from(field(26)));
    let name = bytes[30..].iter().take(length);
    version <= 63
        && matches!(method, 0 | 8 | 9 | 12 | 14 | 93 | 95 | 98 | 99)
        && length > 0
        && name.clone().all(|&byte| byte >= b' ')
}

/// Whether a zip ends at a place of some bytes: a record of its directory that makes sense, and that directory in front
/// of it, as far as it can be seen.
pub(crate) fn is_end(bytes: &[u8], at: usize) -> bool {
    let Some(end) = bytes[at..].first_chunk::<22>().filter(|end| end.starts_with(END)) else { return false };
    let field = |from: usize, to: usize| number(&end[from..to]);
    let (disk, count, size) = (field(4, 6), field(10, 12), field(12, 16));
    let is_whole = [0, u64::from(u16::MAX)].contains(&disk) && field(6, 8) == disk && field(8, 10) == count;
    // Of a long zip these numbers stand in another record, whose place is in front of this one.
    let stands = |back: u64, mark: &[u8]| match at.checked_sub(usize::try_from(back).unwrap_or(usize::MAX)) {
        Some(start) => bytes[start..].starts_with(mark),
        None => true,
    };
    is_whole && count > 0 && (size >= 46 * count && stands(size, ENTRY) || stands(20, LONG_END_PLACE))
}

/// What stands for a name, so that no list of names is kept.
fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// What a member's header says.
struct Header {
    name: Vec<u8>,
    extra: Vec<u8>,
    method: u64,
    is_encrypted: bool,
    /// Whether its sizes stand behind it.
    is_open: bool,
    crc: u64,
    packed: u64,
    size: u64,
}

pub(super) fn unpack(mut input: Input<'_>, budget: &Budget<'_>, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut places = Vec::new();
    let mut inflater = Inflater::default();
    let stub = stub(input.peek(LONGEST_STUB)?) as u64;
    if stub > 0 {
        let mut front = (&mut input).take(stub);
        visit(Part::Rest(&mut front));
        io::copy(&mut front, &mut io::sink())?;
    }
    loop {
        let place = input.place();
        match input.peek(4)? {
            MEMBER => {
                budget.member()?;
                let header = Header::read(&mut input)?;
                places.push((place, hash(&header.name)));
                if !header.extra.is_empty() {
                    visit(Part::Text(&header.extra));
                }
                let is_taken = whole_member(&header, &mut input, &mut inflater, budget, visit)?;
                let outcome = if is_taken { Ok(()) } else { member(&header, &mut input, budget, visit) };
                if let Err(why) = outcome {
                    visit(Part::Missed(Some(&header.name), why.to_string()));
                }
                if budget.is_spent() {
                    return Ok(());
                }
            }
            SIZES if place == 0 => {
                input.skip(4)?;
            }
            ENTRY => entry(&mut input, &places, stub, visit)?,
            LONG_END => {
                let length = number(&input.take_exactly(12)?[4..]);
                let mut rest = (&mut input).take(length);
                visit(Part::Rest(&mut rest));
                io::copy(&mut rest, &mut io::sink())?;
            }
            LONG_END_PLACE => {
                input.skip(20)?;
            }
            END => {
                let end = input.take_exactly(22)?;
                let comment = input.take_exactly(number(&end[20..22]) as usize)?;
                visit(Part::Text(&comment));
                if !input.is_over()? {
                    visit(Part::Rest(&mut input));
                }
                return Ok(());
            }
            [] => return Err(broken("the zip ends before its directory does")),
            // Blocks of signatures, or what somebody put there.
            _ => {
                let mut gap = UpToMark { input: &mut input, marks: &[MEMBER, ENTRY, LONG_END, END] };
                visit(Part::Rest(&mut gap));
                io::copy(&mut gap, &mut io::sink())?;
            }
        }
    }
}

impl Header {
    fn read(input: &mut Input<'_>) -> io::Result<Header> {
        let fixed = input.take_exactly(30)?;
        let field = |from: usize, to: usize| number(&fixed[from..to]);
        let name = input.take_exactly(field(26, 28) as usize)?;
        let extra = input.take_exactly(field(28, 30) as usize)?;
        let (mut packed, mut size) = (field(18, 22), field(22, 26));
        let long = extra_field(&extra, 1).unwrap_or_default();
        let mut long = long.chunks_exact(8).map(number);
        for length in [&mut size, &mut packed] {
            if *length == u64::from(u32::MAX) {
                *length = long.next().unwrap_or(*length);
            }
        }
        let flags = field(6, 8);
        Ok(Header {
            name,
            extra,
            method: field(8, 10),
            is_encrypted: flags & 1 != 0,
            is_open: flags & 8 != 0,
            crc: field(14, 18),
            packed,
            size,
        })
    }
}

fn extra_field(mut extra: &[u8], kind: u64) -> Option<&[u8]> {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let (value, rest) = rest.split_at_checked(number(&head[2..]) as usize)?;
        if number(&head[..2]) == kind {
            return Some(value);
        }
        extra = rest;
    }
    None
}

/// Inflates members in one go.
#[derive(Default)]
struct Inflater {
    decompressor: Option<Decompressor>,
    packed: Vec<u8>,
    text: Vec<u8>,
}

impl Inflater {
    /// What comes out of a deflated member; nothing when it is not exactly what its header says.
    fn inflate(&mut self, packed: &[u8], header: &Header) -> Option<&[u8]> {
        // As a gzip it ends with its sum and its size, which are checked where it ends: if they stand nowhere before, then
        // that is behind all of it.
        let end = [header.crc as u32, header.size as u32].map(u32::to_le_bytes);
        let end = end.as_flattened();
        if memchr::memmem::find(packed, end).is_some() {
            return None;
        }
        self.packed.clear();
        for part in [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0], packed, end] {
            self.packed.extend_from_slice(part);
        }
        let size = header.size as usize;
        self.text.resize(self.text.len().max(size), 0);
        let text = &mut self.text[..size];
        let decompressor = self.decompressor.get_or_insert_with(Decompressor::new);
        let is_whole = decompressor.gzip_decompress(&self.packed, text) == Ok(size);
        is_whole.then_some(text)
    }
}

/// Hands over a small deflated member, if it is whole; tells whether it did. One in which nothing was in another archive is not
/// read again.
fn whole_member(
    header: &Header,
    input: &mut Input<'_>,
    inflater: &mut Inflater,
    budget: &Budget<'_>,
    visit: &mut Visit<'_>,
) -> io::Result<bool> {
    let is_small = header.packed <= MOST_PACKED && header.size <= MOST_WHOLE;
    if header.method != 8 || header.is_encrypted || header.is_open || !is_small {
        return Ok(false);
    }
    let packed = input.peek(header.packed as usize)?;
    if packed.len() as u64 != header.packed {
        return Ok(false);
    }
    let known = budget.known().map(|known| (known, Key::of(&header.name, packed, header.crc, header.size)));
    if known.is_some_and(|(known, key)| known.has(key)) {
        if !budget.spend(header.size) {
            return Ok(false);
        }
        visit(Part::Again(&header.name));
    } else {
        let Some(text) = inflater.inflate(packed, header).filter(|_| budget.spend(header.size)) else {
            return Ok(false);
        };
        let mut is_nothing = false;
        visit(Part::Whole(&header.name, text, &mut is_nothing));
        known.into_iter().filter(|_| is_nothing).for_each(|(known, key)| known.add(key));
    }
    input.consume(header.packed as usize);
    Ok(true)
}

/// Hands over one member, behind whose header the input stands.
fn member(header: &Header, input: &mut Input<'_>, budget: &Budget<'_>, visit: &mut Visit<'_>) -> io::Result<()> {
    // Sizes that stand behind a member are not known yet: then it ends by itself, or where they are.
    if header.is_open && header.packed == 0 {
        let found = match (readable(header), header.method) {
            (Ok(()), 0) => unpacked(header, &mut UpToSizes { input, count: 0 }, visit)?,
            (Ok(()), 8) => unpacked(header, &mut budget.output(&mut DeflateDecoder::new(&mut *input)), visit)?,
            (Ok(()), 12) => unpacked(header, &mut budget.output(&mut BzDecoder::new(&mut *input)), visit)?,
            (outcome, _) => {
                io::copy(&mut UpToMark { input, marks: &[SIZES, MEMBER, ENTRY] }, &mut io::sink())?;
                outcome?;
                return Err(broken("its size is not known: unpack and scan it"));
            }
        };
        return sizes(input, found);
    }
    let mut packed = input.take(header.packed);
    let outcome = readable(header).and_then(|()| packed_member(header, &mut packed, budget, visit));
    let left = packed.limit();
    if left - input.skip(left)? > 0 {
        return Err(broken("the zip ends within it"));
    }
    outcome
}

/// Hands over a member of a known size.
fn packed_member(
    header: &Header,
    packed: &mut io::Take<&mut Input<'_>>,
    budget: &Budget<'_>,
    visit: &mut Visit<'_>,
) -> io::Result<()> {
    let (crc, size) = match header.method {
        0 => unpacked(header, packed, visit)?,
        8 => unpacked(header, &mut budget.output(&mut DeflateDecoder::new(&mut *packed)), visit)?,
        12 => unpacked(header, &mut budget.output(&mut BzDecoder::new(&mut *packed)), visit)?,
        _ => {
            let format = if header.method == 95 { Format::Xz } else { Format::Zstd };
            let mut outcome = Ok((0, 0));
            stream::unpack(format, Input::new(packed), budget, &mut |part| match part {
                Part::Member(_, reader) => outcome = unpacked(header, reader, visit),
                part => visit(part),
            })?;
            outcome?
        }
    };
    if packed.limit() > 0 {
        return Err(broken(&format!("{} bytes behind its end were not read", packed.limit())));
    }
    let is_right = u64::from(crc) == header.crc && (size == header.size || header.size == u64::from(u32::MAX));
    if is_right || header.is_open { Ok(()) } else { Err(broken("what came out is not what its header says")) }
}

/// Hands over what comes out of a member; gives its sum and its size.
fn unpacked(header: &Header, inner: &mut dyn Read, visit: &mut Visit<'_>) -> io::Result<(u32, u64)> {
    let mut checked = Checked { inner, crc: Crc::new(), size: 0, failure: None };
    visit(Part::Member(Some(&header.name), &mut checked));
    match checked.failure {
        None => Ok((checked.crc.sum(), checked.size)),
        Some(error) => Err(broken(&format!("it cannot be read to the end: {error}"))),
    }
}

/// Whether a member can be read at all.
fn readable(header: &Header) -> io::Result<()> {
    if header.is_encrypted {
        return Err(broken("it is encrypted: unpack and scan it"));
    }
    match header.method {
        0 | 8 | 12 | 93 | 95 => Ok(()),
        method => Err(broken(&format!("its compression, method {method}, is not known here: unpack and scan it"))),
    }
}

/// Passes over the sizes behind a member, if they are right: of four bytes or of eight, with a mark or without.
fn sizes(input: &mut Input<'_>, (crc, size): (u32, u64)) -> io::Result<()> {
    let bytes = input.peek(24)?;
    let front = if bytes.starts_with(SIZES) { 4 } else { 0 };
    let is_right = |width: usize| {
        let at = |from: usize, width: usize| bytes.get(front + from..front + from + width).map(number);
        at(0, 4) == Some(crc.into()) && at(4 + width, width) == Some(size)
    };
    let width = [8, 4].into_iter().find(|width| is_right(*width));
    let width = width.ok_or_else(|| broken("what came out is not what stands behind it"))?;
    input.skip((front + 4 + 2 * width) as u64)?;
    Ok(())
}

/// Reads an entry of the directory.
fn entry(input: &mut Input<'_>, places: &[(u64, u64)], stub: u64, visit: &mut Visit<'_>) -> io::Result<()> {
    let fixed = input.take_exactly(46)?;
    let field = |from: usize| number(&fixed[from..from + 2]);
    let name = input.take_exactly(field(28) as usize)?;
    let extra = input.take_exactly(field(30) as usize)?;
    let comment = input.take_exactly(field(32) as usize)?;
    let mut place = number(&fixed[42..46]);
    if place == u64::from(u32::MAX) {
        let long = extra_field(&extra, 1).unwrap_or_default();
        place = long.chunks_exact(8).last().map_or(place, number);
    }
    if !comment.is_empty() {
        visit(Part::Text(&comment));
    }
    if !extra.is_empty() {
        visit(Part::Text(&extra));
    }
    // Behind a stub places are counted from the beginning of the file or from that of the zip.
    let met = [place, place.saturating_add(stub)]
        .iter()
        .find_map(|place| places.binary_search_by_key(place, |(place, _)| *place).ok());
    match met {
        Some(met) if places[met].1 == hash(&name) => {}
        Some(_) => visit(Part::Text(&name)),
        None => {
            let why = "the directory of the zip has it, and it is not where that says".to_owned();
            visit(Part::Missed(Some(&name), why));
        }
    }
    Ok(())
}

/// What comes out of a member, and its sum.
struct Checked<'r> {
    inner: &'r mut dyn Read,
    crc: Crc,
    size: u64,
    failure: Option<io::Error>,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.crc.update(&buffer[..count]);
                self.size += count as u64;
                Ok(count)
            }
            // It is told once, with the member.
            Err(error) => {
                self.failure = Some(error);
                Ok(0)
            }
        }
    }
}

/// Reads up to one of some marks.
struct UpToMark<'i, 'r> {
    input: &'i mut Input<'r>,
    marks: &'static [&'static [u8]],
}

impl Read for UpToMark<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.peek(buffer.len().clamp(4, 4096))?;
        let is_mark = |at: &usize| self.marks.iter().any(|mark| bytes[*at..].starts_with(mark));
        let mark = memchr::memchr_iter(b'P', bytes).find(is_mark);
        // One may begin in the last three bytes.
        let safe = if bytes.len() < 4 { bytes.len() } else { bytes.len() - 3 };
        let count = mark.unwrap_or(safe).min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.input.consume(count);
        Ok(count)
    }
}

/// Reads up to where sizes stand that are those of what was read: the rest of a member that is not compressed.
struct UpToSizes<'i, 'r> {
    input: &'i mut Input<'r>,
    count: u64,
}

impl Read for UpToSizes<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const LENGTH: usize = 24;
        let bytes = self.input.peek(4096)?;
        let is_end = |at: &usize| {
            let size = |width: usize| bytes.get(at + 8..at + 8 + width).map(number);
            let here = Some(self.count + *at as u64);
            bytes[*at..].starts_with(SIZES) && (size(4) == here || size(8) == here)
        };
        let end = memchr::memchr_iter(b'P', bytes).find(is_end);
        let safe = if bytes.len() <= LENGTH { bytes.len() } else { bytes.len() - LENGTH };
        let count = end.unwrap_or(safe).min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.input.consume(count);
        self.count += count as u64;
        Ok(count)
    }
}

//! Tar: headers of 512 bytes, each with what it is about behind it.

use std::io::{self, Read};

use super::input::Input;
use super::{Budget, Part, SHORTEST_TEXT, Visit, broken};

const BLOCK: usize = 512;
/// The most bytes of a name, or of what stands in front of a member about it.
const LONGEST: u64 = 1 << 20;

/// Whether some bytes begin with a header.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    bytes.first_chunk::<BLOCK>().is_some_and(|header| header[0] != 0 && is_sound(header))
}

/// Whether the sum of a header is the one it names.
fn is_sound(header: &[u8; BLOCK]) -> bool {
    const NAMED: std::ops::Range<usize> = 148..156;
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    // The field itself counts as blanks.
    let blanks = NAMED.len() as u64 * u64::from(b' ');
    octal(&header[NAMED]).is_some_and(|named| named == sum(&header[..NAMED.start]) + blanks + sum(&header[NAMED.end..]))
}

/// A number in octal digits, or, where there is no room for those, in bytes.
fn octal(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let number = field[1..]
            .iter()
            .try_fold(u64::from(field[0] & 0x7f), |number, &byte| number.checked_mul(256)?.checked_add(byte.into()));
        return number;
    }
    let digits = field.iter().skip_while(|&&byte| byte == b' ').take_while(|byte| (b'0'..=b'7').contains(byte));
    let mut any = false;
    let number = digits.fold(0u64, |number, &byte| {
        any = true;
        number << 3 | u64::from(byte - b'0')
    });
    any.then_some(number)
}

/// A field up to its end, or to a NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or(field)
}

pub(super) fn unpack(mut input: Input<'_>, budget: &Budget<'_>, visit: &mut Visit<'_>) -> io::Result<()> {
    // What stands in front of a member about it.
    let (mut long_name, mut long_size) = (None, None);
    loop {
        let Some(header) = input.peek(BLOCK)?.first_chunk::<BLOCK>().copied() else {
            if input.is_over()? {
                return Ok(());
            }
            visit(Part::Rest(&mut input));
            return Err(broken("the tar ends within a header"));
        };
        if header[0] == 0 && !is_sound(&header) {
            if !input.is_over()? {
                visit(Part::Rest(&mut input));
            }
            return Ok(());
        }
        let size = octal(&header[124..136]).filter(|_| is_sound(&header));
        let Some(size) = size else {
            visit(Part::Rest(&mut input));
            return Err(broken("a header of the tar is damaged: behind it was read as it is"));
        };
        input.consume_block();
        let kind = header[156];
        if matches!(kind, b'L' | b'K' | b'x' | b'X' | b'g') {
            let mut about = Vec::new();
            (&mut input).take(size.min(LONGEST)).read_to_end(&mut about)?;
            input.skip(padded(size) - about.len() as u64)?;
            match kind {
                b'L' => long_name = Some(text(&about).to_vec()),
                b'K' => visit(Part::Text(text(&about))),
                _ => {
                    let mut records = Records(&about);
                    for (key, value) in &mut records {
                        match key {
                            b"path" => long_name = Some(value.to_vec()),
                            b"size" => long_size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok()),
                            _ => visit(Part::Text(value)),
                        }
                    }
                    // What is no record is read all the same.
                    visit(Part::Text(records.0));
                }
            }
            if size > LONGEST {
                visit(Part::Missed(None, format!("what stands in front of a member has {size} bytes")));
            }
            continue;
        }
        budget.member()?;
        let name = long_name.take().unwrap_or_else(|| short_name(&header));
        // Links, folders and devices have nothing behind them.
        let size = if matches!(kind, b'1'..=b'6') { 0 } else { long_size.take().unwrap_or(size) };
        let mut more = kind == b'S' && header[482] != 0;
        while more {
            more = input.take_exactly(BLOCK)?[504] != 0;
        }
        if let Some(rest) = besides(header) {
            visit(Part::Text(&rest));
        }
        let link = text(&header[157..257]);
        if matches!(kind, b'1' | b'2') && !link.is_empty() {
            visit(Part::Text(link));
        }
        let mut member = (&mut input).take(size);
        visit(Part::Member(Some(&name), &mut member));
        let left = member.limit();
        if input.skip(left)? < left {
            visit(Part::Missed(Some(&name), "the tar ends within it".to_owned()));
            return Ok(());
        }
        let padding = padded(size) - size;
        let filling = input.peek(padding as usize)?;
        if filling.iter().any(|&byte| byte != 0) {
            visit(Part::Text(filling));
        }
        if input.skip(padding)? < padding {
            return Err(broken("the tar ends too soon"));
        }
    }
}

fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK as u64).unwrap_or(size)
}

fn short_name(header: &[u8; BLOCK]) -> Vec<u8> {
    let (name, front) = (text(&header[..100]), text(&header[345..500]));
    let has_front = &header[257..263] == b"ustar\0" && !front.is_empty();
    if has_front { [front, b"/", name].concat() } else { name.to_vec() }
}

/// What stands in a header besides the names that are read, when some of it is as long as a secret: the names of
/// owners, or whatever somebody put where nobody looks.
fn besides(mut header: [u8; BLOCK]) -> Option<[u8; BLOCK]> {
    let has_front = &header[257..263] == b"ustar\0";
    for (from, to) in [(0, 100), (157, 257), (345, 500)].into_iter().take(if has_front { 3 } else { 2 }) {
        header[from..to].iter_mut().take_while(|byte| **byte != 0).for_each(|byte| *byte = 0);
    }
    header.split(|&byte| byte == 0).any(|run| run.len() >= SHORTEST_TEXT).then_some(header)
}

/// What stands in front of a member: records such as `30 path=...` and a line's end.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let blank = self.0.iter().take(20).position(|&byte| byte == b' ')?;
        let length: usize = std::str::from_utf8(&self.0[..blank]).ok()?.parse().ok()?;
        let record = self.0.get(blank + 1..length)?;
        let equals = record.iter().position(|&byte| byte == b'=')?;
        self.0 = &self.0[length..];
        let value = &record[equals + 1..];
        Some((&record[..equals], value.strip_suffix(b"\n").unwrap_or(value)))
    }
}

impl Input<'_> {
    fn consume_block(&mut self) {
        io::BufRead::consume(self, BLOCK);
    }
}

//! Characters that are written as escapes: `%2D`, `\u002d`, `&#45;`.
//!
//! They are looked for in two ways. Most tokens have a `-`, a `_` or a `.` near their beginning: an escape of one of
//! those is a literal of the prefilter, and counts where it stands in as long a word as the shortest token. And where a
//! token begins or a name is read anyhow, the word there is looked at. A *region* is what is decoded then.

use std::ops::Range;

use super::Unwrapped;
use crate::rule::keyword::SHORTEST_TOKEN;
use crate::rule::pattern::is_token_byte;
use crate::scan::assignment::{Assignment, Dress, More};

/// How far a region goes on either side of what tells of it.
const REACH: usize = 8 << 10;
/// How far behind a name the value may end whose quotes are escaped.
const VALUE_REACH: usize = 512;
/// How far behind a name's word what joins it to its value may stand.
const LONGEST_NAME: usize = 64;
/// How far before a name what belongs to it may be escaped.
const NAME_REACH: usize = 160;
/// How far behind the beginning of a token its first escape may be.
const FIRST_ESCAPE: usize = 256;
/// How much is scanned before a region and behind it, so that all is there that decides about it.
const AROUND: usize = 512;
/// No escape of one character is longer.
const LONGEST_ESCAPE: usize = 12;
/// So many times a value is decoded.
const MOST_TIMES: usize = 4;

/// A way to write a character by its number or name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scan) enum Notation {
    /// `%2D`, as in addresses.
    Percent,
    /// `\u002d`, `\x2d`, `\055`, as in literals of programs and in JSON.
    Backslash,
    /// `&#45;`, `&#x2d;`, `&amp;`, as in HTML and XML.
    Entity,
}

impl Notation {
    /// Its name in reports.
    fn name(self) -> &'static str {
        match self {
            Notation::Percent => "percent",
            Notation::Backslash => "escape",
            Notation::Entity => "html",
        }
    }

    /// The notation whose escapes begin with a byte.
    fn of(lead: u8) -> Option<Notation> {
        match lead {
            b'%' => Some(Notation::Percent),
            b'\\' => Some(Notation::Backslash),
            b'&' => Some(Notation::Entity),
            _ => None,
        }
    }

    /// Whether a byte may stand in a word that is written like this.
    fn runs_over(self, byte: u8) -> bool {
        is_token_byte(byte)
            || matches!(byte, b'!' | b'*' | b':' | b'@' | b'$')
            || match self {
                Notation::Percent => matches!(byte, b'%' | b'&' | b'?' | b',' | b'#'),
                Notation::Backslash => matches!(byte, b'\\' | b'{' | b'}'),
                Notation::Entity => matches!(byte, b'&' | b'#' | b';'),
            }
    }

    /// The escape that stands at a place.
    fn read(self, text: &[u8], at: usize) -> Option<Escaped> {
        let rest = text.get(at..text.len().min(at + LONGEST_ESCAPE))?;
        match self {
            Notation::Percent => percent(rest),
            Notation::Backslash => backslash(rest),
            Notation::Entity => entity(rest),
        }
    }

    /// The escape that ends before a place, or the byte that does.
    fn read_back(self, text: &[u8], end: usize) -> Option<Escaped> {
        let escape = (2..=LONGEST_ESCAPE.min(end)).find_map(|length| {
            let is_lead = Notation::of(text[end - length]) == Some(self);
            let escaped = if is_lead { self.read(text, end - length) } else { None };
            escaped.filter(|escaped| escaped.length == length)
        });
        escape.or_else(|| Some(Escaped::byte(text[end.checked_sub(1)?], 1)))
    }
}

/// Whether a name in reports is that of a notation.
pub(super) fn is_one(name: &str) -> bool {
    [Notation::Percent, Notation::Backslash, Notation::Entity].iter().any(|notation| notation.name() == name)
}

/// What tells of a token with an escape in it: one of `-` or `_`, of most notations `.`, of one escape what begins another. Each
/// is as rare as it is short.
pub(in crate::scan) const TRIGGERS: [(&str, Notation); 4] = [
    ("%[25][5DEFdef]", Notation::Percent),
    ("u00[25][DEFdef]", Notation::Backslash),
    ("\\[x01][235][57DFdf]", Notation::Backslash),
    ("[#0Xx][2459][56DEFdef];", Notation::Entity),
];

/// A part of a text that is to be decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Region {
    notation: Notation,
    start: usize,
    end: usize,
}

/// The parts of a text that are to be decoded.
#[derive(Debug, Default)]
pub(in crate::scan) struct Regions {
    all: Vec<Region>,
    /// How far the text is decoded, notation by notation.
    until: [usize; 3],
}

impl Regions {
    pub(in crate::scan) fn clear(&mut self) {
        self.all.clear();
        self.until = [0; 3];
    }

    pub(in crate::scan) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn has(&self, notation: Notation, at: usize) -> bool {
        at < self.until[notation as usize]
    }

    fn add(&mut self, notation: Notation, range: Range<usize>) {
        self.until[notation as usize] = self.until[notation as usize].max(range.end);
        self.all.push(Region { notation, start: range.start, end: range.end });
    }

    /// Adds the word that a trigger stands in, when it could be a token.
    pub(in crate::scan) fn add_at_trigger(&mut self, text: &[u8], at: usize, notation: Notation) {
        if self.has(notation, at) {
            return;
        }
        let Some((start, is_deep)) = beginning(text, at, notation) else { return };
        if is_deep || is_token(text, start, notation) {
            let run = run(text, start, notation);
            if run.len() > SHORTEST_TOKEN {
                self.add(notation, run);
            }
        }
    }

    /// Adds the word that begins with a literal, if it has an escape.
    pub(in crate::scan) fn add_token(&mut self, text: &[u8], literal: &Range<usize>) {
        if is_token_byte(text[literal.start]) && text[literal.start] != b'/' {
            self.add_word(text, literal.end..text.len().min(literal.end + FIRST_ESCAPE), is_token_byte);
        }
    }

    /// Adds the word that a value without quotes is, if it has an escape or ends at one.
    pub(in crate::scan) fn add_value(&mut self, text: &[u8], value: &Range<usize>) {
        self.add_word(text, value.start..text.len().min(value.end + 1), |_| true);
    }

    fn add_word(&mut self, text: &[u8], word: Range<usize>, fits: impl Fn(u8) -> bool) {
        let Some(escape) = memchr::memchr3(b'%', b'\\', b'&', &text[word.clone()]) else { return };
        let Some(notation) = Notation::of(text[word.start + escape]) else { return };
        let at = word.start + escape;
        let is_one = text[word.start..at].iter().all(|&byte| fits(byte)) && notation.read(text, at).is_some();
        if is_one && !self.has(notation, at) {
            self.add(notation, run(text, at, notation));
        }
    }

    /// Adds what stands around a name whose quotes, or what joins it to its value, are escapes; tells whether there are
    /// any. `word` is part of the name.
    pub(in crate::scan) fn add_name(&mut self, text: &[u8], word: &Range<usize>) -> bool {
        let mut at = word.end;
        while at < word.end + LONGEST_NAME
            && text.get(at).is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            at += 1;
        }
        while at < word.end + LONGEST_NAME && matches!(text.get(at), Some(b' ' | b':' | b'=')) {
            at += 1;
        }
        let Some(notation) = text.get(at).and_then(|&lead| Notation::of(lead)) else { return false };
        let joins =
            |escaped: Escaped| matches!(escaped.bytes[0], b'"' | b'\'' | b':' | b'=' | b'>' | b'\\' | b'&' | b'%');
        if self.has(notation, at) || !notation.read(text, at).is_some_and(joins) {
            return false;
        }
        if notation == Notation::Percent {
            self.add(notation, run(text, at, notation));
            return true;
        }
        let reach = text[at.saturating_sub(NAME_REACH)..at].iter().rev();
        let start = at - reach.take_while(|&&byte| byte != b'\n').count();
        let reach = text[at..].iter().take(VALUE_REACH);
        self.add(notation, start..at + reach.take_while(|&&byte| byte != b'\n').count());
        true
    }

    /// Hands over the text around these regions, with what is escaped in them decoded.
    pub(super) fn each(&mut self, text: &[u8], mut visit: impl FnMut(Unwrapped)) {
        self.all.sort_unstable();
        self.all.dedup_by(|next, region| {
            let is_one = next.notation == region.notation && next.start <= region.end;
            region.end = if is_one { region.end.max(next.end) } else { region.end };
            is_one
        });
        let is_near =
            |region: &Region, next: &Region| region.notation == next.notation && next.start < region.end + 2 * AROUND;
        for regions in self.all.chunk_by(is_near) {
            let mut unwrapped = Unwrapped::new(regions[0].notation.name());
            let mut at = regions[0].start.saturating_sub(AROUND);
            for region in regions {
                unwrapped.copy(text, at..region.start);
                let start = unwrapped.bytes.len();
                at = unwrapped.decode(text, region.start..region.end, region.notation);
                unwrapped.decoded.push(start..unwrapped.bytes.len());
            }
            unwrapped.copy(text, at..text.len().min(at + AROUND));
            visit(unwrapped);
        }
    }
}

impl Unwrapped {
    /// Adds a part of the text outside, decoded; tells where that ends.
    fn decode(&mut self, text: &[u8], range: Range<usize>, notation: Notation) -> usize {
        let mut at = range.start;
        while at < range.end {
            let escaped = if Notation::of(text[at]) == Some(notation) { notation.read(text, at) } else { None };
            let escaped = escaped.unwrap_or_else(|| Escaped::byte(text[at], 1));
            let span = at..at + escaped.length;
            escaped.bytes().iter().for_each(|&byte| self.push(byte, span.clone()));
            at = span.end;
        }
        at
    }
}

/// A value that has escapes, decoded where it stands.
pub(super) struct Value {
    pub(super) unwrapped: Unwrapped,
    /// The name and the value in it.
    pub(super) assignment: Assignment,
    /// What was taken off, outermost first.
    pub(super) via: Vec<&'static str>,
}

/// The value of an assignment without its escapes, if it has any. Percent signs count in addresses and forms alone:
/// elsewhere a password may have them.
pub(super) fn of_value(text: &[u8], assignment: &Assignment) -> Option<Value> {
    let Assignment { name, value, dress, more } = assignment;
    memchr::memchr3(b'%', b'\\', b'&', &text[value.clone()])?;
    if matches!(more, Some(More::Column(_))) {
        return None;
    }
    let is_in_form = text.get(value.end) == Some(&b'&')
        || name.start.checked_sub(1).is_some_and(|before| matches!(text[before], b'?' | b'&'));
    let notations: &[Notation] = match dress {
        _ if is_in_form => &[Notation::Percent],
        Dress::Quoted => &[Notation::Entity, Notation::Backslash],
        Dress::Bare | Dress::Loose => return None,
    };
    let mut inner = Unwrapped::new("");
    inner.copy(text, value.clone());
    let mut via = Vec::new();
    while via.len() < MOST_TIMES
        && let Some((notation, next)) = notations.iter().find_map(|&one| Some((one, inner.decoded_again(one)?)))
    {
        via.push(notation.name());
        inner = next;
    }
    if via.is_empty() {
        return None;
    }
    let mut unwrapped = Unwrapped::new(via[0]);
    let start = name.start.saturating_sub(AROUND);
    unwrapped.copy(text, start..value.start);
    unwrapped.bytes.append(&mut inner.bytes);
    unwrapped.spans.append(&mut inner.spans);
    let end = unwrapped.bytes.len();
    unwrapped.copy(text, value.end..text.len().min(value.end + AROUND));
    let (name, value) = (name.start - start..name.end - start, value.start - start..end);
    Some(Value { unwrapped, assignment: Assignment { name, value, ..assignment.clone() }, via })
}

impl Unwrapped {
    /// The same with one more layer of escapes taken off, if there is one.
    fn decoded_again(&self, notation: Notation) -> Option<Unwrapped> {
        let mut inner = Unwrapped::new("");
        inner.decode(&self.bytes, 0..self.bytes.len(), notation);
        for span in &mut inner.spans {
            *span = (self.spans[span.0 as usize].0, self.spans[span.1 as usize - 1].1);
        }
        (inner.bytes.len() < self.bytes.len()).then_some(inner)
    }
}

/// How long the escape with a backslash is that stands at a place.
pub(in crate::scan) fn length_at(text: &[u8], at: usize) -> Option<usize> {
    Notation::Backslash.read(text, at).map(|escaped| escaped.length)
}

/// Where the escape begins that a trigger is part of, and whether it is itself escaped.
fn beginning(text: &[u8], at: usize, notation: Notation) -> Option<(usize, bool)> {
    match notation {
        Notation::Percent => match &text[at + 1..] {
            [b'2', b'5', b'2'..=b'7', low, ..] => low.is_ascii_hexdigit().then_some((at, true)),
            // Slashes are everywhere in addresses.
            [b'2', b'5' | b'F' | b'f', ..] => None,
            _ => Some((at, false)),
        },
        Notation::Backslash => {
            let start = if text[at] == b'\\' { at } else { at.checked_sub(1).filter(|&lead| text[lead] == b'\\')? };
            let is_deep = start > 0 && text[start - 1] == b'\\';
            Some((start - usize::from(is_deep), is_deep))
        }
        Notation::Entity => {
            let zeros = text[..=at].iter().rev().take(LONGEST_ESCAPE).take_while(|&&byte| byte == b'0').count();
            let mark = at.checked_sub(zeros)?;
            let mark = mark.checked_sub(usize::from(matches!(text[mark], b'X' | b'x')))?;
            let before = if text[mark] == b'#' { &text[..mark] } else { return None };
            let is_deep = before.ends_with(b"&amp;");
            let lead = if is_deep { b"&amp;".len() } else { 1 };
            (is_deep || before.ends_with(b"&")).then(|| (mark - lead, is_deep))
        }
    }
}

/// Whether an escape at a place stands in a word of credentials' bytes, as long as the shortest of them.
fn is_token(text: &[u8], at: usize, notation: Notation) -> bool {
    let is_part = |escaped: &Escaped| escaped.count == 1 && is_token_byte(escaped.bytes[0]);
    let (mut start, mut end, mut count) = (at, at, 0);
    while count < SHORTEST_TOKEN
        && let Some(&byte) = text.get(end)
        && let Some(escaped) = Some(notation.read(text, end).unwrap_or_else(|| Escaped::byte(byte, 1))).filter(is_part)
    {
        (end, count) = (end + escaped.length, count + 1);
    }
    while end > at
        && count < SHORTEST_TOKEN
        && let Some(escaped) = notation.read_back(text, start).filter(is_part)
    {
        (start, count) = (start - escaped.length, count + 1);
    }
    count >= SHORTEST_TOKEN
}

/// The word around a place that is written in a notation.
fn run(text: &[u8], at: usize, notation: Notation) -> Range<usize> {
    let before = text[at.saturating_sub(REACH)..at].iter().rev();
    let after = text[at..].iter().take(REACH);
    let runs_over = |byte: &&u8| notation.runs_over(**byte);
    at - before.take_while(runs_over).count()..at + after.take_while(runs_over).count()
}

/// The bytes of a character, and how long its escape is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Escaped {
    bytes: [u8; 4],
    count: usize,
    length: usize,
}

impl Escaped {
    fn byte(byte: u8, length: usize) -> Escaped {
        Escaped { bytes: [byte, 0, 0, 0], count: 1, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }

    /// A character by its number; no control.
    fn of(number: u32, length: usize) -> Option<Escaped> {
        let character = char::from_u32(number)?;
        if character.is_control() && !matches!(character, '\t' | '\n' | '\r') {
            return None;
        }
        let mut bytes = [0; 4];
        let count = character.encode_utf8(&mut bytes).len();
        Some(Escaped { bytes, count, length })
    }
}

/// The number that some digits make, all of them.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digit = |byte: u8| char::from(byte).to_digit(radix);
    let add = |number: u32, &byte: &u8| number.checked_mul(radix)?.checked_add(digit(byte)?);
    digits.iter().try_fold(0, add).filter(|_| !digits.is_empty())
}

fn percent(text: &[u8]) -> Option<Escaped> {
    let [b'%', high, low, ..] = text else { return None };
    let byte = u8::try_from(number(&[*high, *low], 16)?).ok()?;
    let is_text = byte >= b' ' && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r');
    is_text.then(|| Escaped::byte(byte, 3))
}

fn backslash(text: &[u8]) -> Option<Escaped> {
    let hex = |digits: Range<usize>| number(text.get(digits)?, 16);
    match text {
        [b'\\', b'u' | b'x', b'{', ..] => {
            let end = text.iter().position(|&byte| byte == b'}')?;
            Escaped::of(hex(3..end)?, end + 1)
        }
        [b'\\', b'u', ..] => match hex(2..6)? {
            high @ 0xd800..0xdc00 if text.get(6..8) == Some(b"\\u") => {
                let low = hex(8..12)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                Escaped::of(0x10000 + ((high - 0xd800) << 10 | low), 12)
            }
            number => Escaped::of(number, 6),
        },
        [b'\\', b'U', ..] => Escaped::of(hex(2..10)?, 10),
        [b'\\', b'x', ..] => match hex(2..4)? {
            byte @ 0x80.. => Some(Escaped::byte(byte as u8, 4)),
            number => Escaped::of(number, 4),
        },
        [b'\\', b'0' | b'1', ..] => Escaped::of(number(text.get(1..4)?, 8).filter(|number| *number > 0o40)?, 4),
        [b'\\', b'/', ..] => Some(Escaped::byte(b'/', 2)),
        // One that is escaped itself.
        [b'\\', b'\\', ..] => backslash(&text[1..]).map(|_| Escaped::byte(b'\\', 2)),
        _ => None,
    }
}

fn entity(text: &[u8]) -> Option<Escaped> {
    /// The names of what stands in credentials, and around them.
    const NAMES: [(&[u8], u8); 27] = [
        (b"amp", b'&'),
        (b"apos", b'\''),
        (b"ast", b'*'),
        (b"bsol", b'\\'),
        (b"colon", b':'),
        (b"comma", b','),
        (b"commat", b'@'),
        (b"dollar", b'$'),
        (b"equals", b'='),
        (b"excl", b'!'),
        (b"gt", b'>'),
        (b"Hat", b'^'),
        (b"hyphen", b'-'),
        (b"dash", b'-'),
        (b"lowbar", b'_'),
        (b"UnderBar", b'_'),
        (b"lpar", b'('),
        (b"lt", b'<'),
        (b"num", b'#'),
        (b"percnt", b'%'),
        (b"period", b'.'),
        (b"plus", b'+'),
        (b"quest", b'?'),
        (b"quot", b'"'),
        (b"rpar", b')'),
        (b"semi", b';'),
        (b"sol", b'/'),
    ];
    let [b'&', rest @ ..] = text else { return None };
    let end = rest.iter().position(|&byte| byte == b';')?;
    let length = end + 2;
    match &rest[..end] {
        [b'#', b'x' | b'X', digits @ ..] => Escaped::of(number(digits, 16)?, length),
        [b'#', digits @ ..] => Escaped::of(number(digits, 10)?, length),
        name => NAMES.iter().find(|(one, _)| *one == name).map(|&(_, byte)| Escaped::byte(byte, length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text with the escapes of a notation taken off, once.
    fn decoded(text: &str, notation: Notation) -> String {
        let mut unwrapped = Unwrapped::new("");
        unwrapped.decode(text.as_bytes(), 0..text.len(), notation);
        String::from_utf8(unwrapped.bytes).unwrap()
    }

    #[test]
    fn escapes_are_read() {
        for (notation, text, plain) in [
            (Notation::Percent, "%73k%2D%2da%5f%252D%", "sk--a_%2D%"),
            (Notation::Percent, "%0a%00%zz100%", "\n%00%zz100%"),
            (Notation::Backslash, r"\u0073k\u002Da\x2db\u{2d}c\055d\/\U0000002d", "sk-a-b-c-d/-"),
            (
                Notation::Backslash,
                r"\\u002d \\\\u002d \\n \n \00 \x1 \u{} \8",
                r"\u002d \\u002d \\n \n \00 \x1 \u{} \8",
            ),
            (Notation::Backslash, r"\ud83d\ude00\ud83d \u00e9", "😀\\ud83d é"),
            (Notation::Entity, "&#115;k&#x2D;a&#045;&amp;&hyphen;&lt;", "sk-a-&-<"),
            (Notation::Entity, "&amp;#45; &unknown; &#; &#x; & ;", "&#45; &unknown; &#; &#x; & ;"),
        ] {
            assert_eq!(decoded(text, notation), plain, "{text}");
        }
    }

    #[test]
    fn every_byte_has_its_place() {
        let mut unwrapped = Unwrapped::new("");
        let text = br"a\u002db\u00e9";
        unwrapped.decode(text, 0..text.len(), Notation::Backslash);
        assert_eq!(unwrapped.spans, [(0, 1), (1, 7), (7, 8), (8, 14), (8, 14)]);
    }
}

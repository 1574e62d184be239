//! Text in pieces: literals that are joined, lines that go on in the next one or are folded into it, characters that nobody
//! sees.
//!
//! Nothing looks for them. Where a token begins, or a name has a value, and the word there ends at such a *joint*, it is
//! read on behind it. What stands between the pieces is cut out, and the rest is scanned as if it had been written in one.

use std::ops::Range;

use super::Unwrapped;

/// The most bytes from the beginning of a word to the end of its last piece.
const LONGEST: usize = 1536;
/// The most pieces of one word.
const MOST_PIECES: usize = 64;
/// The most bytes on either side of what joins two literals.
const LONGEST_GAP: usize = 120;
/// From there on it is far from the beginning of a word to its end, for who looks for what has changed.
const FAR: usize = 192;
/// How much is scanned before a word and behind it, so that all is there that decides about it.
const AROUND: usize = 512;

const CONCATENATION: &str = "concatenation";
const CONTINUATION: &str = "continuation";
const FOLDING: &str = "folding";
const ZERO_WIDTH: &str = "zero-width";

/// What joins two literals, in one language or another.
const OPERATORS: [&[u8]; 7] = [b"++", b"..", b"<>", b"||", b"+", b".", b"&"];

/// What stands between two pieces of a word.
#[derive(Debug, Clone)]
pub(in crate::scan) struct Cut {
    range: Range<usize>,
    /// What it is, in reports.
    name: &'static str,
    /// Where the word begins.
    word: usize,
}

/// Adds what is to be cut out of the word that begins with a literal; tells whether it could go on far behind.
pub(in crate::scan) fn of_token(text: &[u8], literal: &Range<usize>, cuts: &mut Vec<Cut>) -> bool {
    let before =
        |length: usize| Quote::at(text, literal.start.checked_sub(length)?).filter(|one| one.length() == length);
    let quote = before(2).or_else(|| before(1));
    Word { text, start: literal.start, is_value: false }.read(literal.end, quote, cuts)
}

/// The same of the value that a name is bound to.
pub(in crate::scan) fn of_value(text: &[u8], value: &Range<usize>, cuts: &mut Vec<Cut>) -> bool {
    Word { text, start: value.start, is_value: true }.read(value.start, Quote::at(text, value.end), cuts)
}

/// Whether a place lies in a word that was read.
pub(in crate::scan) fn is_read(cuts: &[Cut], at: usize) -> bool {
    cuts.last().is_some_and(|cut| (cut.word..cut.range.end).contains(&at))
}

/// Hands over the text around these cuts, without them.
pub(super) fn each(text: &[u8], cuts: &mut Vec<Cut>, mut visit: impl FnMut(Unwrapped)) {
    cuts.sort_unstable_by_key(|cut| cut.range.start);
    cuts.dedup_by(|next, cut| next.range.start < cut.range.end);
    for cuts in cuts.chunk_by(|cut, next| next.word < cut.range.end + 2 * AROUND) {
        visit(without(text, cuts));
    }
}

fn without(text: &[u8], cuts: &[Cut]) -> Unwrapped {
    let mut unwrapped = Unwrapped::new(CONCATENATION);
    let mut at = cuts.iter().map(|cut| cut.word).min().unwrap_or(0).saturating_sub(AROUND);
    for cut in cuts {
        unwrapped.copy(text, at..cut.range.start);
        unwrapped.cut(cut.name);
        at = cut.range.end;
    }
    unwrapped.copy(text, at..text.len().min(at + AROUND));
    unwrapped
}

/// What opens and closes a literal; escaped where the program is itself in a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Quote {
    mark: u8,
    is_escaped: bool,
}

impl Quote {
    fn at(text: &[u8], at: usize) -> Option<Quote> {
        match *text.get(at..)? {
            [mark @ (b'"' | b'\'' | b'`'), ..] => Some(Quote { mark, is_escaped: false }),
            [b'\\', mark @ (b'"' | b'\''), ..] => Some(Quote { mark, is_escaped: true }),
            _ => None,
        }
    }

    fn length(self) -> usize {
        1 + usize::from(self.is_escaped)
    }
}

/// What stands between two pieces.
struct Joint {
    name: &'static str,
    /// Where the next piece begins.
    end: usize,
    /// The quote that closes it, when that is known.
    quote: Option<Quote>,
    /// Whether it may join nothing: then what follows has to end as a literal does.
    is_doubtful: bool,
}

/// A word that is read on from piece to piece.
struct Word<'a> {
    text: &'a [u8],
    start: usize,
    /// Whether a name says that it is one, of whatever characters.
    is_value: bool,
}

impl Word<'_> {
    /// Adds what is between the pieces, being at some place in the first one; tells whether the last one ends far from the
    /// beginning and another could follow.
    fn read(&self, mut at: usize, mut quote: Option<Quote>, cuts: &mut Vec<Cut>) -> bool {
        let first = cuts.len();
        let (mut sure, mut is_doubtful) = (first, false);
        at = self.piece_end(at, quote);
        while cuts.len() - first < MOST_PIECES
            && let Some(joint) = self.joint(at, quote)
        {
            let end = self.piece_end(joint.end, joint.quote);
            if end == joint.end {
                break;
            }
            let closed = joint.quote.filter(|quote| Quote::at(self.text, end) == Some(*quote));
            if self.is_value && joint.quote.is_some() && closed.is_none() && self.joint(end, joint.quote).is_none() {
                // It has blanks in it, and so would the whole.
                sure = first;
                break;
            }
            cuts.push(Cut { range: at..joint.end, name: joint.name, word: self.start });
            is_doubtful =
                (is_doubtful || joint.is_doubtful) && closed.is_none_or(|quote| self.is_assigned(end + quote.length()));
            sure = if is_doubtful { sure } else { cuts.len() };
            (at, quote) = (end, joint.quote);
        }
        cuts.truncate(sure);
        at - self.start > FAR && (Quote::at(self.text, at).is_some() || self.folded_indent().is_some())
    }

    /// Where the piece ends that goes on at a place.
    fn piece_end(&self, mut at: usize, quote: Option<Quote>) -> usize {
        let limit = self.text.len().min(self.start + LONGEST);
        while at < limit {
            match self.text[at] {
                b'\\' => match (quote, self.text.get(at + 1)) {
                    (_, Some(b'\n' | b'\r') | None) => break,
                    (Some(Quote { is_escaped: false, .. }), _) => at += 1,
                    _ => break,
                },
                mark @ (b'"' | b'\'' | b'`') => match quote {
                    Some(quote) if quote.mark != mark => {}
                    _ => break,
                },
                b',' | b';' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' if quote.is_none() => break,
                0xc2 | 0xe2 | 0xef if invisible(&self.text[at..]) > 0 => break,
                0x80.. if self.is_value => {}
                b'!'..=b'~' => {}
                _ => break,
            }
            at += 1;
        }
        at.min(limit)
    }

    /// What joins the piece that ends at a place to the next one.
    fn joint(&self, at: usize, quote: Option<Quote>) -> Option<Joint> {
        let text = self.text;
        let next_line = |at: usize| Some(at + line_break(text.get(at..)?)?);
        match text.get(at)? {
            b'\\' if let Some(line) = next_line(at + 1) => {
                let indent = blanks(&text[line..]);
                Some(Joint { name: CONTINUATION, end: line + indent, quote, is_doubtful: indent > 0 })
            }
            b'\\' | b'"' | b'\'' | b'`' => self.next_literal(at, quote),
            b'\n' | b'\r' if quote.is_none() => self.next_folded(at),
            0xc2 | 0xe2 | 0xef => {
                let end = at + invisible(&text[at..]);
                (end > at).then_some(Joint { name: ZERO_WIDTH, end, quote, is_doubtful: false })
            }
            _ => None,
        }
    }

    /// From the quote that closes a literal, behind the one that opens the next: nothing but blanks and what joins
    /// them stands between.
    fn next_literal(&self, at: usize, quote: Option<Quote>) -> Option<Joint> {
        let text = self.text;
        let closed = Quote::at(text, at).filter(|closed| quote.is_none_or(|quote| quote == *closed))?;
        let from = at + closed.length();
        let mut next = from + gap(&text[from..]);
        let operator = OPERATORS.iter().find(|one| text[next..].starts_with(one)).map_or(0, |one| one.len());
        let is_comma = text.get(next) == Some(&b',') && self.is_in_list(closed, next + 1);
        let operator = operator + usize::from(is_comma);
        if operator > 0 {
            next += operator;
            next += gap(&text[next..]);
        }
        let is_apart = next > from;
        let start = next + if is_apart { literal_prefix(&text[next..]) } else { 0 };
        let opened = Quote::at(text, start).filter(|opened| opened.is_escaped == closed.is_escaped)?;
        let is_joined = operator > 0
            || !is_apart
            || opened == closed
                && text[start - 1] != b'\n'
                && self.is_operand(closed, text[from..start].contains(&b'\n'));
        let end = start + opened.length();
        is_joined.then_some(Joint { name: CONCATENATION, end, quote: Some(opened), is_doubtful: operator == 0 })
    }

    /// From the end of a line that YAML folds to the next one, if there is one word in either.
    fn next_folded(&self, at: usize) -> Option<Joint> {
        let indent = self.folded_indent()?;
        let line = at + line_break(&self.text[at..])?;
        let next = line + indent;
        let is_indented = self.text.get(line..next)?.iter().all(|&byte| byte == b' ');
        let end = self.piece_end(next, None);
        let is_word = end > next && matches!(self.text.get(end), None | Some(b'\n' | b'\r'));
        (is_indented && is_word).then_some(Joint { name: FOLDING, end: next, quote: None, is_doubtful: false })
    }

    /// How far the lines are indented of the folded text (`key: >-`) that begins with the word.
    fn folded_indent(&self) -> Option<usize> {
        let before = &self.text[self.start.saturating_sub(LONGEST_GAP)..self.start];
        let indent = before.iter().rev().take_while(|&&byte| byte == b' ').count();
        let header = before[..before.len() - indent].strip_suffix(b"\n")?.trim_ascii_end();
        let marks = header.iter().rev().take(2).take_while(|byte| matches!(byte, b'-' | b'+' | b'1'..=b'9')).count();
        let key = header[..header.len() - marks].strip_suffix(b">")?;
        let opens = matches!(key.trim_ascii_end(), [.., b':' | b'-']) && key.ends_with(b" ");
        (indent > 0 && opens).then_some(indent)
    }

    /// Whether what stands before the first literal says that another one behind it belongs to it, and is not the next
    /// word of a command or of a list.
    fn is_operand(&self, quote: Quote, is_over_lines: bool) -> bool {
        let Some(open) = self.start.checked_sub(quote.length()) else { return false };
        if Quote::at(self.text, open) != Some(quote) {
            return false;
        }
        let before = &self.text[open.saturating_sub(LONGEST_GAP)..open];
        let prefix = before.iter().rev().take(2).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let head = &before[..before.len() - prefix];
        let head = if head.last().is_some_and(u8::is_ascii_alphanumeric) { before } else { head };
        let line = |text: &[u8]| text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        match head.trim_ascii_end() {
            // `f(key="a" "b")`, but not `KEY="a" "command"`.
            [.., name, b'='] if head.ends_with(b"=") && name.is_ascii_alphanumeric() && !is_over_lines => {
                head[line(head)..].contains(&b'(')
            }
            [.., b'=' | b':' | b'(' | b',' | b'+'] | [.., b'=', b'>'] => true,
            trimmed => trimmed.ends_with(b"return") || head[line(head)..].trim_ascii_start().starts_with(b"#define "),
        }
    }

    /// Whether the word begins a list whose elements are joined, and another element stands behind a comma.
    fn is_in_list(&self, quote: Quote, behind: usize) -> bool {
        let next = behind + gap(&self.text[behind..]);
        let opens = Quote::at(self.text, next + literal_prefix(&self.text[next..])) == Some(quote);
        opens && self.start.checked_sub(quote.length()).is_some_and(|open| is_joined_list(self.text, open))
    }

    /// Whether something is assigned to what ends before a place: then that is a name.
    fn is_assigned(&self, at: usize) -> bool {
        let blanks = self.text.get(at..).map_or(0, blanks);
        matches!(self.text.get(at + blanks..), Some([b':' | b'=', next, ..]) if *next != b'=')
    }
}

/// The length of what stands between literals and says nothing: blanks and line breaks, and the marks by which a statement
/// goes on behind one.
fn gap(text: &[u8]) -> usize {
    let mut at = 0;
    while at < LONGEST_GAP {
        match text.get(at..) {
            Some([b' ' | b'\t' | b'\r' | b'\n', ..]) => at += 1,
            Some([b'\\' | b'`' | b'_', rest @ ..]) if line_break(rest).is_some() => at += 1,
            _ => break,
        }
    }
    at
}

/// Whether a list whose first element opens at a place is joined with nothing between: `["a", "b"].join("")`.
pub(in crate::scan) fn is_joined_list(text: &[u8], open: usize) -> bool {
    const CALLS: [&[u8]; 5] = [b"oncat(", b"ONCAT(", b"oncat!(", b"oin(\"\",", b"oin('',"];
    const OTHERS: [&[u8]; 8] = [
        b"\"\".join([",
        b"''.join([",
        b"\"\".join((",
        b"''.join((",
        b"implode(\"\",[",
        b"implode('',[",
        b"implode(\"\",array(",
        b"implode('',array(",
    ];
    let Some(quote) = Quote::at(text, open) else { return false };
    let before = text[open.saturating_sub(LONGEST_GAP)..open].iter().rev().filter(|byte| !byte.is_ascii_whitespace());
    let mut head: Vec<u8> = before.take(20).copied().collect();
    head.reverse();
    CALLS.iter().chain(&OTHERS).any(|call| head.ends_with(call)) || joins(&text[list_end(text, open, quote)..])
}

/// Where a list of literals ends whose first one opens at a place, if it is a short one.
fn list_end(text: &[u8], open: usize, quote: Quote) -> usize {
    const LONGEST_LIST: usize = 384;
    let limit = text.len().min(open + LONGEST_LIST);
    let mut at = open;
    while at < limit && Quote::at(text, at) == Some(quote) {
        at += quote.length();
        while at < limit && text[at] != b'\n' && Quote::at(text, at) != Some(quote) {
            at += 1 + usize::from(text[at] == b'\\');
        }
        let end = (at + quote.length()).min(text.len());
        at = end + gap(&text[end..]);
        if text.get(at) == Some(&b',') {
            at += 1 + gap(&text[at + 1..]);
            at += literal_prefix(&text[at..]);
        }
    }
    at.min(text.len())
}

/// Whether what follows a list closes it and joins its elements with nothing between.
fn joins(text: &[u8]) -> bool {
    let [b']' | b')' | b'}', rest @ ..] = text else { return false };
    let rest = &rest[gap(rest)..];
    let is_empty = |rest: &[u8]| matches!(&rest[gap(rest)..], [one @ (b'"' | b'\'' | b'`'), other, ..] if one == other);
    match rest {
        [b'.', b'j', b'o', b'i', b'n', b'(', rest @ ..] => is_empty(rest),
        // Ruby's, which need not be told.
        [b'.', b'j', b'o', b'i', b'n', next, ..] => !next.is_ascii_alphanumeric() && *next != b'_',
        [b'-', b'j' | b'J', b'o', b'i', b'n', rest @ ..] | [b',', rest @ ..] => is_empty(rest),
        _ => false,
    }
}

/// The length of what says of which kind a literal is: `b"`, `rb'`, `@"`.
fn literal_prefix(text: &[u8]) -> usize {
    let length =
        text.iter().take(2).take_while(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'@' | b'$')).count();
    if Quote::at(text, length).is_some() { length } else { 0 }
}

/// The length of a line break.
fn line_break(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take(LONGEST_GAP).take_while(|&&byte| matches!(byte, b' ' | b'\t')).count()
}

/// The length of the characters that nobody sees at the beginning of a text.
fn invisible(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += match &text[at..] {
            [0xc2, 0xad, ..] => 2,
            [0xe2, 0x80, 0x8b..=0x8d, ..] | [0xe2, 0x81, 0xa0, ..] | [0xef, 0xbb, 0xbf, ..] => 3,
            _ => return at,
        };
    }
}

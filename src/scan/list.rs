//! Lists: several values that are bound to one name, one after the other.
//!
//! `API_KEYS = ["x", "y"]`, the items of YAML, and the rows that SQL inserts.

use std::ops::Range;

use super::assignment::{is_blank, nth, quoted, skip};

/// How far into what makes a list its first element may stand: `new String[] {`.
const LONGEST_OPENING: usize = 40;

/// The first element of a list that begins soon after a place, without its quotes.
pub(super) fn first(text: &[u8], at: usize) -> Option<Range<usize>> {
    let near = text.get(at..text.len().min(at + LONGEST_OPENING))?;
    let is_opening = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.<>[]({:!&% \t".contains(byte);
    let length = near.iter().take_while(is_opening).count();
    let opens = |&at: &usize| match near[at] {
        b'[' | b'{' => true,
        b'(' => is_list(near[..at].trim_ascii()),
        _ => false,
    };
    (0..length).filter(opens).find_map(|opened| element(text, at + opened + 1))
}

/// Whether what is called makes a list of its arguments.
fn is_list(called: &[u8]) -> bool {
    const MAKERS: [&[u8]; 6] = [b"of", b"asList", b"set", b"Set", b"array", b"c"];
    let name = called.rsplit(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or(called);
    called.is_empty() || MAKERS.contains(&name)
}

/// The element behind another.
pub(super) fn next(text: &[u8], before: &Range<usize>) -> Option<Range<usize>> {
    let mut at = before.end;
    skip(text, &mut at, |byte| matches!(byte, b'\\' | b'"' | b'\'' | b'`'));
    skip(text, &mut at, is_blank);
    (text.get(at) == Some(&b',')).then(|| element(text, at + 1))?
}

/// A literal. Where it is a key, what it stands for has a name of its own.
fn element(text: &[u8], mut at: usize) -> Option<Range<usize>> {
    skip(text, &mut at, |byte| byte.is_ascii_whitespace());
    let found = literal(text, at)?;
    let mut end = found.end + 1;
    skip(text, &mut end, is_blank);
    (!matches!(text.get(end), Some(b':' | b'='))).then_some(found)
}

fn literal(text: &[u8], at: usize) -> Option<Range<usize>> {
    let opens = matches!(text.get(at)?, b'"' | b'\'' | b'`');
    opens.then(|| quoted(text, at))?.map(|(value, _)| value)
}

/// The first item of a list of YAML that begins on the next line, or the one on the line behind another.
pub(super) fn item(text: &[u8], mut at: usize) -> Option<Range<usize>> {
    skip(text, &mut at, |byte| matches!(byte, b'"' | b'\'' | b' ' | b'\t' | b'\r'));
    at += usize::from(text.get(at) == Some(&b'\n'));
    if text.get(at.checked_sub(1)?) != Some(&b'\n') {
        return None;
    }
    skip(text, &mut at, is_blank);
    at += text.get(at..)?.starts_with(b"- ").then_some(2)?;
    skip(text, &mut at, is_blank);
    if let Some(found) = literal(text, at) {
        return Some(found);
    }
    let mut end = at;
    skip(text, &mut end, |byte| byte > b' ' && !b"\"'`,;:<>{}[]".contains(&byte));
    let ends = matches!(text.get(end), None | Some(b'\n' | b'\r'));
    (ends && end > at).then_some(at..end)
}

/// What the next row has in the same column, of those that SQL inserts: `VALUES (1, 'x'), (2, 'y')`.
pub(super) fn inserted(text: &[u8], before: &Range<usize>, column: usize) -> Option<Range<usize>> {
    let mut at = before.end + 1;
    let mut quotes = 0;
    at += text.get(at..)?.iter().position(|&byte| {
        quotes += usize::from(byte == b'\'');
        byte == b')' && quotes % 2 == 0
    })? + 1;
    at += usize::from(text.get(at) == Some(&b','));
    skip(text, &mut at, |byte| byte.is_ascii_whitespace());
    (text.get(at) == Some(&b'(')).then(|| nth(text, at + 1, column, b','))?.and_then(|at| literal(text, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, at: usize) -> Vec<&str> {
        let elements = std::iter::successors(first(text.as_bytes(), at), |one| next(text.as_bytes(), one));
        elements.map(|one| &text[one]).collect()
    }

    #[test]
    fn elements_are_read_one_after_the_other() {
        for text in [
            " [\"abc\", 'def']",
            " [\n  \"abc\",\n  \"def\"\n]",
            " []string{\"abc\", \"def\"}",
            " new String[] { \"abc\", \"def\" }",
            " List.of(\"abc\", \"def\")",
            " Arrays.asList(\"abc\",\"def\")",
            " (\"abc\", \"def\")",
            " set([\"abc\", \"def\"])",
        ] {
            assert_eq!(all(text, 0), ["abc", "def"], "{text}");
        }
        for text in [
            " {\"ci\": \"abc\"}",
            " [{\"ci\": \"abc\"}]",
            " { 'ci' => 'abc' }",
            " { ci = 'abc' }",
            " tokenize(\"abc\")",
            " [abc, def]",
            " []",
            " [",
            "",
            " x\n[\"abc\"]",
        ] {
            assert!(all(text, 0).is_empty(), "{text}");
        }
    }

    #[test]
    fn items_and_rows_are_read_one_below_the_other() {
        for text in ["\n  - abc\n  - def\nx: 1\n", "\n- 'abc'\n- def", "\r\n  - abc\r\n  - \"def\"\r\n"] {
            let items = std::iter::successors(item(text.as_bytes(), 0), |one| item(text.as_bytes(), one.end));
            assert_eq!(items.map(|one| &text[one]).collect::<Vec<_>>(), ["abc", "def"], "{text}");
        }
        for text in ["\n  - name: abc\n", "\n  abc\n", " - abc\n", "\n"] {
            assert_eq!(item(text.as_bytes(), 0), None, "{text}");
        }
        let text = "(1, 'abc', 'a)b'),\n (2, 'def', NULL), (3, NULL, 'x')";
        let rows = std::iter::successors(Some(5..8), |one| inserted(text.as_bytes(), one, 1));
        assert_eq!(rows.map(|one| &text[one]).collect::<Vec<_>>(), ["abc", "def"]);
    }
}

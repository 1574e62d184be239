//! Names and the values bound to them, in whatever language the text is.
//!
//! Nothing here knows a grammar. From a secret-like word, the name around it is read outwards,
//! then what may stand between a name and its value, then the value. The forms are those of
//! programs, dotenv, YAML, JSON, TOML, INI, XML, shell and HTTP headers.

use std::ops::Range;

/// The longest name that is read.
const LONGEST_NAME: usize = 80;
/// The longest value that is read.
const LONGEST_VALUE: usize = 4096;
/// How far the value may stand from the end of the name.
const LONGEST_GAP: usize = 120;

/// A value and the name it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The name, with everything that is written as part of it: `spring.datasource.password`.
    pub name: Range<usize>,
    /// The value, without quotes.
    pub value: Range<usize>,
    /// Whether it stands in quotes.
    pub quoted: bool,
}

/// How the text between a name and its value joins them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    /// `=`, `:`, `:=`, `=>`: any value may follow.
    Assigned,
    /// `>` of an XML element: the value goes on to `<`.
    Element,
    /// A space after `--name`: a word follows.
    Flag,
    /// A call, a comma or an `or`: only a quoted value may follow.
    QuotedOnly,
}

/// Reads the assignment whose name has a secret-like word at `word`.
pub(super) fn read(text: &[u8], word: Range<usize>) -> Option<Assignment> {
    let name = name_around(text, word)?;
    let (join, at) = joined(text, &name)?;
    value(text, at, join, is_query(text, &name)).map(|(value, quoted)| Assignment { name, value, quoted })
}

/// The whole name around a word.
fn name_around(text: &[u8], word: Range<usize>) -> Option<Range<usize>> {
    let before = text[..word.start].iter().rev().take(LONGEST_NAME).take_while(|&&byte| is_name_byte(byte)).count();
    let after = text[word.end..].iter().take(LONGEST_NAME).take_while(|&&byte| is_name_byte(byte)).count();
    let name = word.start - before..word.end + after;
    (name.len() < LONGEST_NAME).then_some(name)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// Whether the name is a parameter of a URL.
fn is_query(text: &[u8], name: &Range<usize>) -> bool {
    name.start.checked_sub(1).is_some_and(|at| matches!(text[at], b'?' | b'&'))
}

/// What follows the name, and where the value may begin.
fn joined(text: &[u8], name: &Range<usize>) -> Option<(Join, usize)> {
    let mut at = name.end;
    let limit = text.len().min(at + LONGEST_GAP);
    let text = &text[..limit];
    let closed = skip(text, &mut at, |byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b']' | b')' | b'}')) > 0;
    let spaced = skip(text, &mut at, is_blank) > 0;
    match text.get(at..)? {
        [b'=' | b'!', b'=', ..] => {
            skip(text, &mut at, |byte| matches!(byte, b'=' | b'!'));
            Some((Join::QuotedOnly, at))
        }
        [b'=', b'>', ..] | [b':', b'=', ..] => Some((Join::Assigned, at + 2)),
        [b'=', ..] => Some((Join::Assigned, at + 1)),
        [b':', b':', ..] => None,
        [b':', ..] => Some((Join::Assigned, after_type(text, at + 1))),
        [b'|', b'|', ..] | [b'?', b'?', ..] => Some((Join::QuotedOnly, at + 2)),
        [b'?', b':', ..] => Some((Join::Assigned, after_type(text, at + 2))),
        [b'o', b'r', b' ', ..] if spaced => Some((Join::QuotedOnly, at + 3)),
        [b'>', ..] if opens_element(text, name) => Some((Join::Element, at + 1)),
        [b',', ..] if closed => Some(after_comma(text, at + 1)),
        [b'(', ..] if !closed => Some((Join::QuotedOnly, at + 1)),
        [b'\n' | b'\r', ..] if closed => value_key(text, at).map(|at| (Join::Assigned, at)),
        [b'v' | b'V', ..] if closed && spaced => value_key(text, at).map(|at| (Join::Assigned, at)),
        [b'\n' | b'\r', ..] => value_key(text, at).map(|at| (Join::Assigned, at)),
        [_, ..] if spaced && text[name.clone()].starts_with(b"-") => Some((Join::Flag, at)),
        [b'"' | b'\'', ..] if spaced && !closed => Some((Join::QuotedOnly, at)),
        _ => None,
    }
}

/// `: string = "..."` is a type and then the value; `: value` is not.
fn after_type(text: &[u8], at: usize) -> usize {
    let mut end = at;
    skip(text, &mut end, |byte| byte.is_ascii_alphanumeric() || b"_ \t&'<>[]?.|".contains(&byte));
    match text.get(end..) {
        Some([b'=', next, ..]) if *next != b'=' && text[at..end].contains(&b' ') && end - at < 60 => end + 1,
        _ => at,
    }
}

/// `setProperty("password", "x")`, and `{"name": "API_KEY", "value": "x"}`.
fn after_comma(text: &[u8], at: usize) -> (Join, usize) {
    match value_key(text, at) {
        Some(at) => (Join::Assigned, at),
        None => (Join::QuotedOnly, at),
    }
}

/// Behind a key called `value`, when that is what comes next.
fn value_key(text: &[u8], mut at: usize) -> Option<usize> {
    skip(text, &mut at, |byte| is_blank(byte) || matches!(byte, b'\r' | b'\n'));
    skip(text, &mut at, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    let word = text.get(at..at + 5)?;
    if !word.eq_ignore_ascii_case(b"value") {
        return None;
    }
    at += 5;
    skip(text, &mut at, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    skip(text, &mut at, is_blank);
    matches!(text.get(at)?, b'=' | b':').then_some(at + 1)
}

fn opens_element(text: &[u8], name: &Range<usize>) -> bool {
    let line = text[..name.start].rsplit(|&byte| byte == b'\n').next().unwrap_or(&[]);
    let tag = line.rsplit(|&byte| byte == b'<').next().unwrap_or(&[]);
    tag.len() < line.len() && !tag.contains(&b'>')
}

/// The value that begins at or soon after `at`, and whether it is quoted.
fn value(text: &[u8], mut at: usize, join: Join, in_query: bool) -> Option<(Range<usize>, bool)> {
    if join == Join::Element {
        let end = at + text[at..].iter().take(LONGEST_VALUE).position(|&byte| matches!(byte, b'<' | b'\n'))?;
        return trimmed(text, at..end, true);
    }
    skip(text, &mut at, is_blank);
    if let Some(quote) = opening_quote(text, at) {
        return quoted(text, quote);
    }
    if join == Join::QuotedOnly {
        return None;
    }
    let stops = |byte: u8| match byte {
        b'"' | b'\'' | b'`' | b'\\' | b',' | b';' | b'<' => true,
        b'&' => in_query,
        _ => byte <= b' ',
    };
    let end = at + text[at..].iter().take(LONGEST_VALUE).take_while(|&&byte| !stops(byte)).count();
    let (value, quoted) = trimmed(text, at..end, false)?;
    match scheme(&text[value.clone()], &text[end..]) {
        true => {
            let mut at = end;
            skip(text, &mut at, is_blank);
            let end = at + text[at..].iter().take(LONGEST_VALUE).take_while(|&&byte| !stops(byte)).count();
            trimmed(text, at..end, false)
        }
        false => Some((value, quoted)),
    }
}

/// `Bearer`, `Basic` and the like in front of the value proper.
fn scheme(word: &[u8], after: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 6] = [b"bearer", b"basic", b"token", b"apikey", b"api-key", b"key"];
    after.first().is_some_and(|&byte| is_blank(byte)) && SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Where a quoted value begins: at once, behind a string prefix (`b"`, `@"`), on the next line, or
/// as the first argument of a call (`Some("`, `String::from("`).
fn opening_quote(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    let end = text.len().min(at + LONGEST_GAP);
    let text = &text[..end];
    let called =
        text[at..].iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || b"_.:!&@".contains(&byte)).count();
    match text.get(at + called) {
        Some(b'"' | b'\'' | b'`') if called <= 2 => return Some(at + called),
        Some(b'\\') if called <= 2 && matches!(text.get(at + called + 1), Some(b'"' | b'\'')) => {
            return Some(at + called);
        }
        Some(b'(') => {
            at += called + 1;
            skip(text, &mut at, is_blank);
        }
        Some(b'\n' | b'\r') if called == 0 => {
            skip(text, &mut at, |byte| is_blank(byte) || matches!(byte, b'\r' | b'\n'));
        }
        _ => return None,
    }
    matches!(text.get(at), Some(b'"' | b'\'' | b'`')).then_some(at)
}

/// The text between a quote (or an escaped one) and the next like it, on one line.
fn quoted(text: &[u8], open: usize) -> Option<(Range<usize>, bool)> {
    let escaped = text[open] == b'\\';
    let quote = text[open + usize::from(escaped)];
    let mut at = open + 1 + usize::from(escaped);
    if text.get(at..at + 2) == Some(&[quote, quote]) {
        at += 2;
    }
    let mut end = at;
    let limit = text.len().min(at + LONGEST_VALUE);
    while end < limit {
        match text[end] {
            b'\n' => return None,
            b'\\' if escaped => break,
            b'\\' => end += 2,
            byte if byte == quote => break,
            _ => end += 1,
        }
    }
    if end >= limit {
        return None;
    }
    // `"Authorization": "Bearer ..."`
    let space = text[at..end].iter().position(|&byte| byte == b' ').map(|space| at + space);
    if let Some(space) = space.filter(|&space| scheme(&text[at..space], &text[space..])) {
        at = space + 1;
    }
    trimmed(text, at..end, true)
}

/// A value without the blanks around it and the marks that end a sentence or a list.
fn trimmed(text: &[u8], range: Range<usize>, quoted: bool) -> Option<(Range<usize>, bool)> {
    let mut value = range;
    while value.start < value.end && text[value.start].is_ascii_whitespace() {
        value.start += 1;
    }
    let loose = |byte: u8| byte.is_ascii_whitespace() || (!quoted && matches!(byte, b')' | b']' | b'}' | b'.' | b':'));
    while value.start < value.end && loose(text[value.end - 1]) {
        if !quoted && is_balanced(&text[value.clone()]) {
            break;
        }
        value.end -= 1;
    }
    (!value.is_empty()).then_some((value, quoted))
}

/// Whether the closing mark at the end was opened within the value.
fn is_balanced(value: &[u8]) -> bool {
    let open = match value.last() {
        Some(b')') => b'(',
        Some(b']') => b'[',
        Some(b'}') => b'{',
        _ => return false,
    };
    value.contains(&open)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Moves `at` over the bytes that fit; tells how many did.
fn skip(text: &[u8], at: &mut usize, fits: impl Fn(u8) -> bool) -> usize {
    let count = text.get(*at..).unwrap_or(&[]).iter().take_while(|&&byte| fits(byte)).count();
    *at += count;
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name and the value that are read around the first `key`, `password` or `token`.
    fn read_first(text: &str) -> Option<(&str, &str)> {
        let word = ["password", "key", "token", "auth"].iter().find_map(|word| {
            let at = text.to_ascii_lowercase().find(word)?;
            Some(at..at + word.len())
        })?;
        let found = read(text.as_bytes(), word)?;
        Some((&text[found.name], &text[found.value]))
    }

    #[test]
    fn values_are_found_in_every_dress() {
        for (text, name, value) in [
            ("API_KEY=abc", "API_KEY", "abc"),
            ("export API_KEY=\"abc\"", "API_KEY", "abc"),
            ("api-key: abc # comment", "api-key", "abc"),
            ("{\"apiKey\": \"abc\"}", "apiKey", "abc"),
            ("{\\\"apiKey\\\": \\\"abc\\\"}", "apiKey", "abc"),
            ("config['password'] = 'abc'", "password", "abc"),
            ("const KEY: &'static str = \"abc\";", "KEY", "abc"),
            ("apiKey: string = 'abc'", "apiKey", "abc"),
            ("<password>abc</password>", "password", "abc"),
            ("<add key=\"x.password\" value=\"abc\" />", "x.password", "abc"),
            ("- name: API_KEY\n  value: abc", "API_KEY", "abc"),
            ("{\"name\": \"API_KEY\", \"value\": \"abc\"}", "API_KEY", "abc"),
            ("os.getenv(\"API_KEY\", \"abc\")", "API_KEY", "abc"),
            ("process.env.API_KEY || 'abc'", "process.env.API_KEY", "abc"),
            ("client.setPassword(\"abc\")", "client.setPassword", "abc"),
            ("let key = String::from(\"abc\");", "key", "abc"),
            ("tool --api-key abc run", "--api-key", "abc"),
            ("Authorization: Bearer abc", "Authorization", "abc"),
            ("\"Authorization\": \"Bearer abc\",", "Authorization", "abc"),
            ("https://x.invalid/?api_key=abc&b=c", "api_key", "abc"),
            ("password = \"a\\\"b c\"", "password", "a\\\"b c"),
            ("key =\n    \"abc\"", "key", "abc"),
            ("(see key=abc).", "key", "abc"),
        ] {
            assert_eq!(read_first(text), Some((name, value)), "{text}");
        }
    }

    #[test]
    fn other_text_has_no_value() {
        for text in ["a key here", "std::auth::x", "key(value)", "password", "key->next", "key ="] {
            assert_eq!(read_first(text), None, "{text}");
        }
    }
}

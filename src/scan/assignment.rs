//! Names and the values bound to them, in whatever language the text is.
//!
//! Nothing here knows a grammar. From a secret-like word, the name around it is read outwards,
//! then what may stand between a name and its value, then the value. The forms are those of
//! programs, dotenv, YAML, JSON, TOML, INI, XML, HCL, shell, Dockerfiles, netrc and HTTP headers.
//! Nothing is allocated: most assignments are no secrets.

use std::ops::Range;

use super::list;
use super::unwrap::escapes::length_at;
use super::unwrap::pieces::is_joined_list;

/// The longest name that is read.
const LONGEST_NAME: usize = 80;
/// The longest value that is read.
const LONGEST_VALUE: usize = 4096;
/// How far the value may stand from the end of the name.
const LONGEST_GAP: usize = 120;
/// How far below the name of a column its values may stand: no farther than a change is asked about.
const LONGEST_TABLE: usize = 480;
/// How long the tag of an element may be before a name in it: likewise.
const LONGEST_TAG: usize = 480;
/// How long a row of a table may be before a value in it.
const LONGEST_FRONT: usize = 2000;
/// How long an attribute may be that describes the field below it.
const LONGEST_ATTRIBUTE: usize = 400;

/// A value and the name it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The name, with everything that is written as part of it: `spring.datasource.password`.
    pub name: Range<usize>,
    /// The value, without quotes.
    pub value: Range<usize>,
    /// How the value is written.
    pub dress: Dress,
    /// Where there may be more values of the same name.
    pub more: Option<More>,
}

/// How further values stand behind the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    /// In the rows below, the mark being what is between two fields.
    Column(u8),
    /// Behind a comma.
    Element,
    /// On the next line, behind a dash.
    Item,
    /// In the next row that SQL inserts, behind so many fields.
    Inserted(usize),
}

/// How a value is written, and so how sure it is that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dress {
    /// In quotes, or as the text of an element.
    Quoted,
    /// Without, behind `=`, `:` or a flag. In a program it may be a name.
    Bare,
    /// Behind a blank, with nothing that says it is a value: `password x`, `the token is x`.
    Loose,
}

/// How the text between a name and its value joins them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    /// `=`, `:`, `:=`, `=>`: any value may follow.
    Assigned,
    /// `>` of an XML element: the value goes on to `<`.
    Element,
    /// A space after `--name`, `ENV NAME` or `set -x NAME`: a word follows.
    Flag,
    /// A call, a comma or an `or`: only a quoted value may follow.
    QuotedOnly,
    /// A blank: a word that ends its line or sentence may follow.
    Loose,
    /// `is`, `was`, `reset to`: a word may follow.
    Said,
    /// The mark between two cells of a table in Markdown: a word that fills its cell may follow.
    Cell,
    /// The value stands in the row below, in the column of the name: it goes on to this mark.
    Column(u8),
    /// It stands in the row that SQL inserts, behind so many fields.
    Inserted(usize),
}

/// Reads the assignment whose name has a secret-like word at `word`.
pub(super) fn read(text: &[u8], word: Range<usize>) -> Option<Assignment> {
    let whole = name_around(text, word.clone())?;
    if let Some((value, dress)) = default_above(text, &whole) {
        return Some(Assignment { name: whole, value, dress, more: None });
    }
    let (join, at) = below(text, &whole).or_else(|| joined(text, &whole))?;
    let name = if text[whole.end..at].starts_with(b"(") { called(text, &whole, &word)? } else { whole.clone() };
    let more = match join {
        Join::Column(mark) => Some(More::Column(mark)),
        Join::Inserted(fields) => Some(More::Inserted(fields)),
        _ => None,
    };
    let found = value(text, at, join, is_query(text, &whole));
    if !matches!(found, Some((_, Dress::Quoted)))
        && join == Join::Assigned
        && let Some((value, dress, more)) = of_list(text, &whole, at)
    {
        return Some(Assignment { name, value, dress, more: Some(more) });
    }
    found.map(|(value, dress)| Assignment { name, value, dress, more })
}

/// The first value of a list, where the name is that of several.
fn of_list(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Range<usize>, Dress, More)> {
    if !matches!(text[name.end - 1], b's' | b'S') {
        return None;
    }
    let text = &text[..text.len().min(name.start + LONGEST_TABLE)];
    let element = || Some((list::first(text, at)?, Dress::Quoted, More::Element));
    let item = || Some((list::item(text, at)?, Dress::Bare, More::Item));
    element().or_else(item)
}

/// The value that has the same name as another, and stands behind it or below.
pub(super) fn next(text: &[u8], before: &Assignment) -> Option<Assignment> {
    let near = &text[..text.len().min(before.name.start + LONGEST_TABLE)];
    let value = match before.more? {
        More::Column(mark) => return row_below(text, before, mark),
        More::Element => list::next(near, &before.value)?,
        More::Item => list::item(near, before.value.end)?,
        More::Inserted(fields) => list::inserted(near, &before.value, fields)?,
    };
    Some(Assignment { value, ..before.clone() })
}

/// The value that stands in a table below another one.
fn row_below(text: &[u8], above: &Assignment, mark: u8) -> Option<Assignment> {
    let reach = text.len().min(above.name.start + LONGEST_TABLE);
    let row = start_of_line(text, above.value.start)?;
    let end_of = |row: usize| Some(row + text.get(row..reach)?.iter().position(|&byte| byte == b'\n')?);
    let next = end_of(row)? + 1;
    // The last line of a text need not end.
    let end = end_of(next).or_else(|| (reach == text.len() && next < reach).then_some(reach))?;
    let marks = |row: Range<usize>| text[row].iter().filter(|&&byte| byte == mark).count();
    let at = nth(text, next, marks(row..above.value.start), mark)?;
    let is_row = marks(row..next) == marks(next..end) && at < end;
    let (value, dress) = is_row.then(|| value(text, at, Join::Column(mark), false))??;
    Some(Assignment { value, dress, ..above.clone() })
}

/// Where a line begins that is no longer than rows are, up to a place in it.
fn start_of_line(text: &[u8], at: usize) -> Option<usize> {
    let reach = at.saturating_sub(LONGEST_FRONT);
    let begin = memchr::memrchr(b'\n', &text[reach..at]).map(|end| reach + end + 1);
    begin.or((reach == 0).then_some(0))
}

/// The default of an option whose name stands below it, as clap has it: `#[arg(default_value = "x")] password: String`.
fn default_above(text: &[u8], name: &Range<usize>) -> Option<(Range<usize>, Dress)> {
    if text.get(name.end) != Some(&b':') {
        return None;
    }
    let start = name.start.saturating_sub(LONGEST_ATTRIBUTE);
    let front = text[start..name.start].trim_ascii_end();
    let front = ["pub", "pub(crate)"].iter().find_map(|word| front.strip_suffix(word.as_bytes())).unwrap_or(front);
    let attribute = front.trim_ascii_end().strip_suffix(b")]")?;
    let opened = memchr::memmem::rfind(attribute, b"#[")?;
    let mut at = start + opened + memchr::memmem::find(&attribute[opened..], b"default_value")?;
    at += b"default_value".len();
    at += if text[at..].starts_with(b"_t") { b"_t".len() } else { 0 };
    skip(text, &mut at, is_blank);
    if text[at] != b'=' {
        return None;
    }
    at += 1;
    skip(text, &mut at, is_blank);
    quoted(text, opening_quote(text, at, Join::QuotedOnly)?)
}

/// Of a name that is called, the part that the arguments belong to: `setPassword` of
/// `client.setPassword`. What is called on a secret says nothing about its arguments, unless it
/// compares or makes one.
fn called(text: &[u8], name: &Range<usize>, word: &Range<usize>) -> Option<Range<usize>> {
    const PASSING: [&[u8]; 8] =
        [b"equals", b"of", b"from", b"fromString", b"from_string", b"new", b"valueOf", b"compareTo"];
    let last = text[name.clone()].iter().rposition(|&byte| byte == b'.').map_or(name.start, |dot| name.start + dot + 1);
    if word.end > last {
        return Some(last..name.end);
    }
    PASSING.contains(&&text[last..name.end]).then(|| name.clone())
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
    let closed =
        skip(text, &mut at, |byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b']' | b')' | b'}' | b'*')) > 0;
    let spaced = skip(text, &mut at, is_blank) > 0;
    match text.get(at..)? {
        [b'=' | b'!', b'=', ..] => {
            skip(text, &mut at, |byte| matches!(byte, b'=' | b'!'));
            Some((Join::QuotedOnly, at))
        }
        [b'=', b'>', ..] | [b':', b'=', ..] => Some((Join::Assigned, at + 2)),
        [b'=', ..] => Some((Join::Assigned, at + 1)),
        [b':', b':', ..] => None,
        [b':', b' ', ..] if &text[name.clone()] == b"PASS" => None,
        // `**Password:** x`
        [b':', b'*', b'*', ..] => Some((Join::Assigned, at + 3)),
        [b':', ..] => Some((Join::Assigned, parameter(text, at + 1).unwrap_or_else(|| after_type(text, at + 1)))),
        [b'/', b'/', b' ', b'"' | b'\'', ..] if closed && spaced => Some((Join::QuotedOnly, at + 2)),
        // `x ||= "y"`
        [b'|', b'|', b'=', ..] | [b'?', b'?', b'=', ..] => Some((Join::QuotedOnly, at + 3)),
        [b'|', b'|', ..] | [b'?', b'?', ..] | [b'<', b'-', ..] => Some((Join::QuotedOnly, at + 2)),
        [b'|', b' ', ..] if spaced => Some((Join::Cell, at + 1)),
        [b'!', b' ', ..] => otherwise_of_type(text, at + 1).map(|at| (Join::QuotedOnly, at)),
        [b'a', b's', b' ', ..] if spaced && otherwise_of_type(text, at + 3).is_some() => {
            otherwise_of_type(text, at + 3).map(|at| (Join::QuotedOnly, at))
        }
        [b'?', b':', ..] => Some((Join::Assigned, after_type(text, at + 2))),
        [b'?', b'=', ..] => Some((Join::Assigned, at + 2)),
        [b'o', b'r', b' ', ..] if spaced => Some((Join::QuotedOnly, at + 3)),
        [b'i', b's', b':', b' ', ..] if spaced => Some((Join::Assigned, at + 3)),
        [b'i' | b'w' | b'r' | b'c' | b's' | b'h' | b't', ..]
            if spaced && said(&text[at..], &text[name.clone()]).is_some() =>
        {
            said(&text[at..], &text[name.clone()]).map(|length| (Join::Said, at + length))
        }
        [b'<', b'/', ..] => element_of_value(text, at).map(|at| (Join::Element, at)),
        [b'>', ..] if opens_element(text, name) => Some((Join::Element, at + 1)),
        // `"--api-key",` and the value on the next line.
        [b',', ..] if closed && text[name.clone()].starts_with(b"--") => {
            let at = short_name(text, at + 1).unwrap_or(at + 1);
            Some((Join::QuotedOnly, default_argument(text, at).unwrap_or(at)))
        }
        [b',', ..] if closed => after_comma(text, at + 1),
        [b',', b' ', b'"' | b'\'' | b'<', ..] if takes_value(&text[..name.start], &text[name.clone()]) => {
            Some((Join::QuotedOnly, at + 1))
        }
        [b',', b' ', ..] => value_key(text, at + 1).map(|at| (Join::Assigned, at)),
        [b'(', ..] if !closed && !spaced => Some((Join::QuotedOnly, at + 1)),
        [b'{', ..] if closed && spaced => match default_key(text, at) {
            Some(at) => Some((Join::Assigned, at)),
            None => otherwise(text, name, at).map(|at| (Join::QuotedOnly, at)),
        },
        [b'.', ..] if closed => otherwise(text, name, at).map(|at| (Join::QuotedOnly, at)),
        [b'{', b'"', ..] if !closed && !spaced => Some((Join::QuotedOnly, at + 1)),
        [b'[' | b'{', ..] => after_declaration(text, at).map(|at| (Join::QuotedOnly, at)),
        [b'\n' | b'\r', ..] => value_key(text, at).map(|at| (Join::Assigned, at)),
        // Robot Framework: `${PASSWORD}    x`
        [_, ..] if closed && text[name.end..].starts_with(b"}  ") => Some((Join::Loose, at)),
        [b'v' | b'V' | b'a' | b'c', ..] if closed && spaced => value_key(text, at).map(|at| (Join::Assigned, at)),
        [b'x', b'm', b'l', b':', ..] if closed && spaced && opens_element(text, name) => {
            text[at..].iter().position(|&byte| byte == b'>').map(|end| (Join::Element, at + end + 1))
        }
        [b'f', b'o', b'r', b' ', ..] | [b'o', b'f' | b'n', b' ', ..] if spaced && !closed => purpose(text, name, at),
        [_, ..] if spaced && (text[name.clone()].starts_with(b"-") || is_set(text, name)) => Some((Join::Flag, at)),
        [next, ..] if spaced && !closed => match after_declaration(text, at) {
            Some(at) => Some((Join::QuotedOnly, at)),
            None if is_verb(&text[name.clone()]) => None,
            None if matches!(next, b'"' | b'\'') => Some((Join::QuotedOnly, at)),
            None => Some((Join::Loose, at)),
        },
        _ => None,
    }
}

/// Whether a name behind this is followed by a comma and its value: `{password, "x"}`, `set :password, "x"`,
/// `-define(PASSWORD, "x")`, `put(Context.CREDENTIALS, "x")`, or what it is compared with: `strcmp(password, "x")`,
/// `hash_equals($token, "x")`.
fn takes_value(before: &[u8], name: &[u8]) -> bool {
    const CALLS: [&[u8]; 6] =
        [b"define(", b"cmp(", b"hash_equals(", b"secure_compare(", b"compare_digest(", b"TimeCompare("];
    const SETTERS: [&[u8]; 3] = [b"put(", b"setProperty(", b"addHeader("];
    let calls = |of: &[&[u8]]| of.iter().any(|call| before.ends_with(call));
    let constant = name.rsplit(|&byte| byte == b'.').next().unwrap_or(name);
    match before.last() {
        Some(b'{' | b':') => true,
        Some(b'(') => calls(&CALLS) || calls(&SETTERS) && !constant.iter().any(u8::is_ascii_lowercase),
        _ => false,
    }
}

/// `pass "x" to it`: a verb, where no mark joins it to what follows.
fn is_verb(name: &[u8]) -> bool {
    [&b"pass"[..], b"bypass"].iter().any(|verb| name.eq_ignore_ascii_case(verb))
}

/// Whether the line sets a variable without `=`: `ENV NAME value`, `set -x NAME value`.
fn is_set(text: &[u8], name: &Range<usize>) -> bool {
    const SETTING: [&[u8]; 6] = [b"ENV", b"set -gx", b"set -x", b"setx", b"setenv", b"set -Ux"];
    let line = text[name.start.saturating_sub(80)..name.start].rsplit(|&byte| byte == b'\n').next().unwrap_or(&[]);
    SETTING.contains(&line.trim_ascii())
}

/// Behind the `=` of a declaration whose type stands behind the name: `x []string = `,
/// `x As String = `, `x[] = `, `X { get; set; } = `.
fn after_declaration(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    if text[at..].starts_with(b"{ get") {
        skip(text, &mut end, |byte| byte.is_ascii_alphanumeric() || b"{; ".contains(&byte));
        end += usize::from(text.get(end) == Some(&b'}'));
    } else {
        skip(text, &mut end, |byte| byte.is_ascii_alphanumeric() || b"_.*[]<>?".contains(&byte));
        let mut next = end;
        if skip(text, &mut next, is_blank) > 0 && text[at..end].eq_ignore_ascii_case(b"as") {
            skip(text, &mut next, |byte| byte.is_ascii_alphanumeric() || byte == b'.');
            end = next;
        }
    }
    skip(text, &mut end, is_blank);
    matches!(text.get(end..), Some([b'=', next, ..]) if *next != b'=').then_some(end + 1)
}

/// What stands in a block from a place on, as far as a reader would look.
fn block(text: &[u8], at: usize) -> &[u8] {
    const LONGEST_BLOCK: usize = 4096;
    let near = text.get(at..text.len().min(at + LONGEST_BLOCK)).unwrap_or_default();
    &near[..near.iter().position(|&byte| byte == b'}').unwrap_or(near.len())]
}

/// Behind `default =` in the block that follows a name: `variable "x" { default = "y" }`.
fn default_key(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + memchr::memmem::find(block(text, at), b"default")? + b"default".len();
    skip(text, &mut end, is_blank);
    (text.get(end) == Some(&b'=')).then_some(end + 1)
}

/// Where the text of the next element begins, when the name was the text of one:
/// `<key>x</key><string>y</string>`, `<name>x</name><value>y</value>`.
fn element_of_value(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at + block(text, at).iter().position(|&byte| byte == b'>')? + 1;
    skip(text, &mut end, |byte| byte.is_ascii_whitespace());
    [&b"<string>"[..], b"<value>"].iter().find(|tag| text[end..].starts_with(tag)).map(|tag| end + tag.len())
}

/// `: string = "..."` is a type and then the value; `: value` is not.
fn after_type(text: &[u8], at: usize) -> usize {
    let mut end = at;
    skip(text, &mut end, |byte| byte.is_ascii_alphanumeric() || b"_ \t&'<>[]?.|".contains(&byte));
    let is_type = |kind: &[u8]| {
        let digits = kind.iter().filter(|byte| byte.is_ascii_digit()).count();
        let words = kind.trim_ascii().contains(&b' ');
        kind.first() == Some(&b' ')
            && kind.len() < 40
            && digits <= 2
            && (!words || kind.contains(&b'&') || kind.starts_with(b" []const "))
    };
    match text.get(end..) {
        // Padding, and the end of the line or of a string.
        Some([b'=', b'=' | b'\n' | b'\r', ..] | [b'=', b'"' | b'\'']) => at,
        Some([b'=', b'"' | b'\'', next, ..]) if next.is_ascii_whitespace() || b",;)]}\\".contains(next) => at,
        Some([b'=', _, ..]) if is_type(&text[at..end]) => end + 1,
        _ => at,
    }
}

/// `setProperty("password", "x")`, and `{"name": "API_KEY", "value": "x"}`. What stands on the next
/// line is another member of the same list.
fn after_comma(text: &[u8], mut at: usize) -> Option<(Join, usize)> {
    at = short_name(text, at).unwrap_or(at);
    at = default_argument(text, at).or_else(|| default_property(text, at)).unwrap_or(at);
    match value_key(text, at) {
        Some(at) => Some((Join::Assigned, at)),
        None => (!ends_line(&text[at..])).then_some((Join::QuotedOnly, at)),
    }
}

/// Behind `default:` in an object that describes an option: `option("api-key", { type: "string", default: "x" })`.
fn default_property(text: &[u8], mut at: usize) -> Option<usize> {
    skip(text, &mut at, is_blank);
    let open = text.get(at..)?.starts_with(b"{").then_some(at + 1)?;
    let end = open + memchr::memmem::find(block(text, open), b"default:")? + b"default:".len();
    let begins = !text[end - b"default:".len() - 1].is_ascii_alphanumeric();
    begins.then_some(end)
}

/// Behind the letter that an option is called by as well: `"api-key", "k", "x"`.
fn short_name(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    skip(text, &mut end, is_blank);
    let quote = text.get(end).filter(|byte| matches!(byte, b'"' | b'\''))?;
    end += 1;
    skip(text, &mut end, |byte| byte == b'-');
    let is_short = text.get(end)?.is_ascii_alphabetic() && text.get(end + 1) == Some(quote);
    (is_short && text.get(end + 2) == Some(&b',')).then_some(end + 3)
}

/// Behind `default=` in front of the next literal: `config("API_KEY", default="x")`,
/// `add_argument("--api-key", type=str, default="x")`, `fromEnvironment('API_KEY', defaultValue: 'x')`.
fn default_argument(text: &[u8], at: usize) -> Option<usize> {
    let plain = text[at..].split(|&byte| matches!(byte, b'"' | b'\'' | b'`' | b')')).next()?;
    let found = memchr::memmem::find(plain, b"default")?;
    let mut end = at + found + b"default".len();
    skip(text, &mut end, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    skip(text, &mut end, is_blank);
    let begins = found == 0 || !plain[found - 1].is_ascii_alphanumeric();
    (begins && matches!(text.get(end)?, b'=' | b':')).then_some(end + 1)
}

/// What a name stands for when it is not set: `getenv("API_KEY").orElse("x")`, `fetch("API_KEY") { "x" }`.
fn otherwise(text: &[u8], name: &Range<usize>, at: usize) -> Option<usize> {
    const CALLS: [&[u8]; 6] =
        [b".orElse(", b".getOrElse(", b".or(", b".unwrap_or(", b".unwrap_or_else(|_| ", b".unwrap_or_else(|| "];
    let is_fetched = name.start.checked_sub(1).is_some_and(|quote| text[..quote].ends_with(b"fetch("));
    match text[at] {
        b'{' => is_fetched.then_some(at + 1),
        _ => CALLS.iter().find(|call| text[at..].starts_with(call)).map(|call| at + call.len()),
    }
}

/// Behind the `||` that follows a type or an exclamation mark: `(x as string) || "y"`, `x! ?? "y"`.
fn otherwise_of_type(text: &[u8], mut at: usize) -> Option<usize> {
    skip(text, &mut at, |byte| byte.is_ascii_alphanumeric() || b"_.)<>[] ".contains(&byte));
    matches!(text.get(at..), Some([b'|', b'|', ..] | [b'?', b'?', ..])).then_some(at + 2)
}

/// How long the words are by which people say what a secret is: `is x`, `is now x`, `reset to x`. What we `pass to`
/// somebody is none.
fn said(text: &[u8], name: &[u8]) -> Option<usize> {
    const SAYING: [&[u8]; 10] = [
        b"is now ",
        b"is still ",
        b"is set to ",
        b"is ",
        b"was ",
        b"reset to ",
        b"changed to ",
        b"set to ",
        b"has changed to ",
        b"to ",
    ];
    let words = SAYING.iter().find(|words| words.first() == text.first() && text.starts_with(words))?;
    (*words != b"to " || !is_verb(name)).then_some(words.len())
}

/// Behind what a secret is for: `password for the database: x`, `password of the new box is x`.
fn purpose(text: &[u8], name: &Range<usize>, at: usize) -> Option<(Join, usize)> {
    let mut end = at;
    skip(text, &mut end, |byte| byte.is_ascii_alphanumeric() || b" _.-".contains(&byte));
    if text[end..].starts_with(b": ") {
        return Some((Join::Loose, end + 2));
    }
    let words = memchr::memmem::find(&text[at..end], b" is ").map(|space| at + space + 1)?;
    said(&text[words..], &text[name.clone()]).map(|length| (Join::Said, words + length))
}

/// Where the value of a parameter begins that is described in a block, by its default: `{"value": "x"}`,
/// `{"Type": "String", "Default": "x"}`, and the same in YAML.
fn parameter(text: &[u8], mut at: usize) -> Option<usize> {
    const FIRST: [&[u8]; 4] = [b"Type:", b"Default:", b"Description:", b"NoEcho:"];
    skip(text, &mut at, is_blank);
    let start = match text.get(at)? {
        b'{' => at + 1,
        b'\n' | b'\r' => {
            skip(text, &mut at, |byte| byte.is_ascii_whitespace());
            FIRST.iter().any(|first| text[at..].starts_with(first)).then_some(at)?
        }
        _ => return None,
    };
    let block = block(text, start);
    let keys = [&b"\"value\""[..], b"\"Default\"", b"\"default\"", b"Default"];
    let mut end = start + keys.iter().find_map(|key| Some(memchr::memmem::find(block, key)? + key.len()))?;
    skip(text, &mut end, is_blank);
    (text.get(end) == Some(&b':')).then_some(end + 1)
}

/// Where in the row below a value stands whose column has this name: a table of comma-separated values, or what
/// SQL inserts.
fn below(text: &[u8], name: &Range<usize>) -> Option<(Join, usize)> {
    const LONGEST_ROW: usize = 400;
    const MARKS: &[u8] = b",\t;";
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'`');
    let end = name.end + usize::from(text.get(name.end).is_some_and(is_quote));
    let next = *text.get(end)?;
    if matches!(next, b'|' | b' ' | b'*') {
        return below_rule(text, name, end);
    }
    if !matches!(next, b',' | b'\t' | b';' | b'\n' | b'\r' | b')') {
        return None;
    }
    let reach = &text[name.start.saturating_sub(LONGEST_ROW)..name.start];
    let is_header = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ' | b'"' | b',' | b';' | b'\t' | b'`')
    };
    let before = reach.iter().rev().take_while(is_header).count();
    let row = &reach[reach.len() - before..];
    let opened = name.start.checked_sub(before + 1).map(|at| text[at]);
    if next == b')' || opened == Some(b'(') {
        let after = &text[end..text.len().min(end + LONGEST_ROW)];
        let close = after.iter().position(|&byte| byte == b')')? + 1;
        let mut at = end + close;
        skip(text, &mut at, |byte| byte.is_ascii_whitespace());
        let is_values = text.get(at..at + 6)?.eq_ignore_ascii_case(b"values");
        at += 6;
        skip(text, &mut at, |byte| byte.is_ascii_whitespace());
        let column = row.iter().filter(|&&byte| byte == b',').count();
        let opens = is_values && opened == Some(b'(') && text.get(at) == Some(&b'(');
        return opens.then(|| nth(text, at + 1, column, b','))?.map(|at| (Join::Inserted(column), at));
    }
    if !matches!(opened, None | Some(b'\n')) {
        return None;
    }
    let mark = if MARKS.contains(&next) { next } else { *row.iter().rev().find(|byte| MARKS.contains(byte))? };
    let header = &text[name.start - before..text.len().min(end + LONGEST_ROW)];
    let length = header.iter().position(|&byte| byte == b'\n')?;
    let columns = |row: &[u8]| row.iter().filter(|&&byte| byte == mark).count();
    let start = name.start - before + length + 1;
    let row_below = text[start..].iter().take(LONGEST_ROW).take_while(|&&byte| byte != b'\n').count();
    let all = columns(&header[..length]);
    // Registers and their contents are no head of a table, nor is an indented list: columns have names.
    let is_number = |field: &[u8]| field.starts_with(b"0x") || field.iter().all(u8::is_ascii_digit);
    let fields = header[..length].split(|&byte| byte == mark).map(<[u8]>::trim_ascii);
    let is_head = fields.clone().filter(|field| !is_number(field)).count() >= 2
        && !fields.into_iter().any(|field| !field.is_empty() && is_number(field));
    // The first row is the head.
    let above = text[..name.start - before].strip_suffix(b"\n").unwrap_or_default();
    let above = &above[above.len().saturating_sub(LONGEST_ROW)..];
    let follows = columns(above.rsplit(|&byte| byte == b'\n').next().unwrap_or_default()) == all;
    if all == 0 || !is_head || follows || all != columns(&text[start..start + row_below]) {
        return None;
    }
    nth(text, start, columns(row), mark).map(|at| (Join::Column(mark), at))
}

/// The same in a table of Markdown, whose head a row of dashes ends.
fn below_rule(text: &[u8], name: &Range<usize>, end: usize) -> Option<(Join, usize)> {
    let text = &text[..text.len().min(name.start + LONGEST_TABLE)];
    let mut at = end;
    skip(text, &mut at, |byte| matches!(byte, b' ' | b'*' | b'`'));
    if text.get(at) != Some(&b'|') {
        return None;
    }
    let start = start_of_line(text, name.start)?;
    let rule = at + text[at..].iter().position(|&byte| byte == b'\n')? + 1;
    let length = text[rule..].iter().position(|&byte| byte == b'\n')?;
    let is_rule = |row: &[u8]| row.starts_with(b"|-") || row.starts_with(b"| -") || row.starts_with(b"|:");
    let fields = |row: &[u8]| row.iter().filter(|&&byte| byte == b'|').count();
    if name.start - start > LONGEST_GAP
        || !is_rule(&text[rule..])
        || fields(&text[start..rule]) != fields(&text[rule..rule + length])
    {
        return None;
    }
    nth(text, rule + length + 1, fields(&text[start..name.start]), b'|').map(|at| (Join::Column(b'|'), at))
}

/// Where the field of a row begins that has so many before it.
pub(super) fn nth(text: &[u8], start: usize, fields: usize, mark: u8) -> Option<usize> {
    let row = text.get(start..text.len().min(start + LONGEST_FRONT))?;
    let mut at = 0;
    for _ in 0..fields {
        let quote = row.get(at).filter(|byte| matches!(byte, b'"' | b'\''));
        let mut quotes = 0;
        at += row.get(at..)?.iter().position(|&byte| {
            quotes += usize::from(Some(&byte) == quote);
            byte == mark && quotes % 2 == 0
        })? + 1;
        skip(row, &mut at, |byte| byte == b' ');
    }
    Some(start + at)
}

/// Behind a key called `value`, when that is what comes next.
fn value_key(text: &[u8], mut at: usize) -> Option<usize> {
    skip(text, &mut at, |byte| is_blank(byte) || matches!(byte, b'\r' | b'\n'));
    skip(text, &mut at, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    const KEYS: [&[u8]; 3] = [b"android:value", b"value", b"content"];
    let starts = |key: &&&[u8]| text.get(at..at + key.len()).is_some_and(|word| word.eq_ignore_ascii_case(key));
    at += KEYS.iter().find(starts)?.len();
    skip(text, &mut at, |byte| matches!(byte, b'"' | b'\'' | b'\\'));
    skip(text, &mut at, is_blank);
    matches!(text.get(at)?, b'=' | b':').then_some(at + 1)
}

/// Whether the name ends the tag of an element, or an attribute of it.
fn opens_element(text: &[u8], name: &Range<usize>) -> bool {
    let tag = text[name.start.saturating_sub(LONGEST_TAG)..name.start].iter().rev();
    tag.copied().find(|byte| matches!(byte, b'<' | b'>' | b'\n')) == Some(b'<')
}

/// The value that begins at or soon after `at`, and how it is written.
fn value(text: &[u8], mut at: usize, join: Join, in_query: bool) -> Option<(Range<usize>, Dress)> {
    if join == Join::Element {
        at = inner_element(text, at);
        if text[at..].starts_with(b"<![CDATA[") {
            let start = at + b"<![CDATA[".len();
            let end = start + text[start..].iter().take(LONGEST_VALUE).position(|&byte| byte == b']')?;
            return trimmed(text, start..end, Dress::Quoted);
        }
        let end = at + text[at..].iter().take(LONGEST_VALUE).position(|&byte| matches!(byte, b'<' | b'\n'))?;
        return text[end..].starts_with(b"</").then(|| trimmed(text, at..end, Dress::Quoted))?;
    }
    skip(text, &mut at, is_blank);
    at = if matches!(join, Join::Loose | Join::Said) { after_kind(text, at) } else { after_tag(text, at) };
    if let Some(quote) = opening_quote(text, at, join) {
        return quoted(text, quote);
    }
    let dress = match join {
        Join::QuotedOnly | Join::Inserted(_) => return None,
        Join::Loose | Join::Said | Join::Cell | Join::Column(b'|') => Dress::Loose,
        _ => Dress::Bare,
    };
    let is_field_end = |byte: u8| matches!(join, Join::Column(mark) if mark == byte);
    let word = |at: usize| {
        let text = &text[at..text.len().min(at + LONGEST_VALUE)];
        let ends = |&end: &usize| stops(&text[end..], in_query) || is_field_end(text[end]);
        at + (0..text.len()).find(ends).unwrap_or(text.len())
    };
    let end = word(at);
    if scheme(&text[at..end], &text[end..]) {
        at = end;
        skip(text, &mut at, is_blank);
        return trimmed(text, at..word(at), dress);
    }
    let next = || text[end..].iter().take(LONGEST_GAP).find(|&&byte| !is_blank(byte));
    if matches!(join, Join::Cell | Join::Column(b'|')) && next() != Some(&b'|') {
        return None;
    }
    if join == Join::Loose && !ends_there(&text[end..]) {
        return None;
    }
    trimmed(text, at..end, dress)
}

/// Whether a value without quotes ends in front of this. `&` ends it in a URL, and in front of the
/// next parameter.
fn stops(after: &[u8], in_query: bool) -> bool {
    match after[0] {
        b'"' | b'\'' | b'`' | b'\\' | b',' | b';' | b'<' => true,
        b'&' => in_query || is_parameter(&after[1..]),
        byte => byte <= b' ',
    }
}

fn is_parameter(after: &[u8]) -> bool {
    let name = after.iter().take(40).take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count();
    name > 0 && after.get(name) == Some(&b'=')
}

/// Whether nothing more stands on the line.
fn ends_line(after: &[u8]) -> bool {
    let blanks = after.iter().take(LONGEST_GAP).take_while(|&&byte| is_blank(byte)).count();
    matches!(after.get(blanks), None | Some(b'\n' | b'\r'))
}

/// Whether a line, a statement or a string ends here.
fn ends_there(after: &[u8]) -> bool {
    ends_line(after) || matches!(after, [b'"' | b'\'' | b';', ..] | [b'\\', b'n' | b'r', ..])
}

/// Behind what YAML may put in front of a value: `!!str x`, `&anchor x`, and the mark of a block on the next line.
fn after_tag(text: &[u8], at: usize) -> usize {
    let mut end = at;
    match text.get(at..) {
        Some([b'!', b'!', ..] | [b'&', b'a'..=b'z' | b'A'..=b'Z', ..]) => {
            skip(text, &mut end, |byte| byte.is_ascii_alphanumeric() || b"!&_-".contains(&byte));
            if skip(text, &mut end, is_blank) > 0 { end } else { at }
        }
        Some([b'|' | b'>', b'\n' | b'\r' | b'-' | b'+', ..]) => {
            end += 1;
            skip(text, &mut end, |byte| matches!(byte, b'-' | b'+'));
            skip(text, &mut end, is_blank);
            let is_block = matches!(text.get(end), Some(b'\n' | b'\r'));
            if is_block && skip(text, &mut end, |byte| byte.is_ascii_whitespace()) > 1 { end } else { at }
        }
        _ => at,
    }
}

/// Behind the digit that says how routers and switches write a password: `password 0 x` as it is, `password 7 x` shifted.
fn after_kind(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b'0' | b'7', b' ', next, ..]) if !next.is_ascii_whitespace() => at + 2,
        _ => at,
    }
}

/// Behind the tag of an element that does nothing but hold the value: `<value>`.
fn inner_element(text: &[u8], at: usize) -> usize {
    let mut end = at;
    skip(text, &mut end, |byte| byte.is_ascii_whitespace());
    let is_value = |tag: &[u8]| text.get(end..end + tag.len()).is_some_and(|text| text.eq_ignore_ascii_case(tag));
    if is_value(b"<value>") { end + b"<value>".len() } else { at }
}

/// `Bearer`, `Basic` and the like in front of the value proper.
fn scheme(word: &[u8], after: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 6] = [b"bearer", b"basic", b"token", b"apikey", b"api-key", b"key"];
    after.first().is_some_and(|&byte| is_blank(byte)) && SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Where a quoted value begins: at once, behind a string prefix (`b"`, `@"`), on the next line, or
/// as the first argument of a call (`Some("`, `new Secret("`, `Field(default="`).
fn opening_quote(text: &[u8], at: usize, join: Join) -> Option<usize> {
    let mut at = at;
    let end = text.len().min(at + LONGEST_GAP);
    let (whole, text) = (text, &text[..end]);
    let first_of_list = |at: usize| joined_list(whole, at).filter(|&first| first < end).unwrap_or(at);
    at += if text[at..].starts_with(b"new ") { b"new ".len() } else { 0 };
    at = first_of_list(at);
    at += if text[at..].starts_with(b"[]byte(") { b"[]".len() } else { 0 };
    // A binary of Erlang.
    at += if text[at..].starts_with(b"<<\"") { b"<<".len() } else { 0 };
    // `<Map apiKey={"x"} />`
    at += usize::from(matches!(text[at..], [b'{', b'"' | b'\'' | b'`', ..]));
    let called =
        text[at..].iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || b"_.:!&@".contains(&byte)).count();
    match text.get(at + called) {
        Some(b'"' | b'\'' | b'`') if called <= 2 => return Some(at + called),
        Some(b'\\') if called <= 2 && matches!(text.get(at + called + 1), Some(b'"' | b'\'')) => {
            return Some(at + called);
        }
        Some(b'(') => {
            at += called + 1;
            skip(text, &mut at, |byte| is_blank(byte) || called == 0 && matches!(byte, b'\r' | b'\n'));
            at += text[at..].strip_prefix(b"default").map_or(0, |rest| {
                let gap = rest.iter().take_while(|&&byte| is_blank(byte) || byte == b'=').count();
                b"default".len() + gap
            });
            at = first_of_list(at);
        }
        Some(b'\n' | b'\r') if called == 0 && !matches!(join, Join::Loose | Join::Said) => {
            skip(text, &mut at, |byte| is_blank(byte) || matches!(byte, b'\r' | b'\n'));
        }
        _ => return None,
    }
    matches!(text.get(at), Some(b'"' | b'\'' | b'`')).then_some(at)
}

/// Where the first element opens of a list that is joined with nothing between: `["a", "b"].join("")`,
/// `"".join(["a", "b"])`; and, being within the call, `join("", "a", "b")`, `Join([]string{"a", "b"}, "")`.
fn joined_list(text: &[u8], mut at: usize) -> Option<usize> {
    const OPENINGS: [&[u8]; 8] = [b"[]string{", b"[", b"\"\".join(", b"''.join(", b"\"\",", b"'',", b"array(", b"("];
    let start = at;
    if !matches!(text.get(at)?, b'[' | b'"' | b'\'' | b'(') {
        return None;
    }
    while let Some(opening) =
        OPENINGS.iter().find(|one| text[at..].starts_with(one)).filter(|_| at < start + LONGEST_GAP)
    {
        at += opening.len();
        skip(text, &mut at, |byte| byte.is_ascii_whitespace());
    }
    (at > start && matches!(text.get(at), Some(b'"' | b'\'')) && is_joined_list(text, at)).then_some(at)
}

/// The text between a quote (or an escaped one) and the next like it, on one line.
pub(super) fn quoted(text: &[u8], open: usize) -> Option<(Range<usize>, Dress)> {
    let escaped = text[open] == b'\\';
    let quote = text[open + usize::from(escaped)];
    let mut at = open + 1 + usize::from(escaped);
    if text.get(at..at + 2) == Some(&[quote, quote]) {
        at += 2;
    } else if quote == b'`' && text.get(at) == Some(&quote) {
        // ``x`` in reStructuredText.
        at += 1;
    }
    let mut end = at;
    let limit = text.len().min(at + LONGEST_VALUE);
    while end < limit {
        match text[end] {
            b'\n' => return None,
            b'\\' if escaped => match length_at(text, end) {
                Some(length) => end += length,
                None => break,
            },
            b'\\' if text[end + 1..].starts_with(b"\r\n") => end += 3,
            b'\\' => end += 2,
            byte if byte == quote => break,
            _ => end += 1,
        }
    }
    if end >= limit {
        return None;
    }
    // `{noop}x`: Spring's way to say that it is not hashed.
    at += if text[at..end].starts_with(b"{noop}") { b"{noop}".len() } else { 0 };
    // A literal in a literal: `"\"x\""`.
    if let [b'\\', b'"', .., b'\\', b'"'] = text[at..end] {
        (at, end) = (at + 2, end - 2);
    }
    // `"Authorization": "Bearer ..."`
    let space = text[at..end].iter().position(|&byte| byte == b' ').map(|space| at + space);
    if let Some(space) = space.filter(|&space| scheme(&text[at..space], &text[space..])) {
        at = space + 1;
    }
    trimmed(text, at..end, Dress::Quoted)
}

/// A value without the blanks around it and the marks that end a sentence or a list. Dots that cut
/// it short are part of it: they say that it is not whole.
fn trimmed(text: &[u8], range: Range<usize>, dress: Dress) -> Option<(Range<usize>, Dress)> {
    let bare = dress != Dress::Quoted;
    let mut value = range;
    while value.start < value.end && text[value.start].is_ascii_whitespace() {
        value.start += 1;
    }
    let loose = |byte: u8| byte.is_ascii_whitespace() || (bare && matches!(byte, b')' | b']' | b'}' | b'.' | b':'));
    while value.start < value.end && loose(text[value.end - 1]) {
        let whole = &text[value.clone()];
        if bare && (is_balanced(whole) || whole.ends_with(b"..")) {
            break;
        }
        value.end -= 1;
    }
    (!value.is_empty()).then_some((value, dress))
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

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Moves `at` over the bytes that fit; tells how many did.
pub(super) fn skip(text: &[u8], at: &mut usize, fits: impl Fn(u8) -> bool) -> usize {
    let count = text.get(*at..).unwrap_or(&[]).iter().take_while(|&&byte| fits(byte)).count();
    *at += count;
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_blank_is_loose() {
        for (text, dress) in
            [("api.key abc", Dress::Loose), ("--key abc", Dress::Bare), ("api.key \"abc\"", Dress::Quoted)]
        {
            let found = read(text.as_bytes(), text.find("key").map(|at| at..at + 3).unwrap()).unwrap();
            assert_eq!(found.dress, dress, "{text}");
        }
    }

    /// The name and the value that are read around the first `key`, `password` or `token`.
    fn read_first(text: &str) -> Option<(&str, &str)> {
        let word = ["password", "key", "token", "auth", "pass"].iter().find_map(|word| {
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
            ("config('API_KEY', default='abc')", "API_KEY", "abc"),
            ("p.add_argument(\"--api-key\", type=str, default=\"abc\")", "--api-key", "abc"),
            ("String.fromEnvironment('API_KEY', defaultValue: 'abc')", "API_KEY", "abc"),
            ("API_KEY ?= abc", "API_KEY", "abc"),
            ("field \"String\", \"API_KEY\", \"\\\"abc\\\"\"", "API_KEY", "abc"),
            ("ENV.fetch(\"API_KEY\") { \"abc\" }", "API_KEY", "abc"),
            ("Optional.ofNullable(System.getenv(\"API_KEY\")).orElse(\"abc\")", "API_KEY", "abc"),
            ("env::var(\"API_KEY\").unwrap_or_else(|_| \"abc\".into())", "API_KEY", "abc"),
            ("process.env.API_KEY || 'abc'", "process.env.API_KEY", "abc"),
            ("client.setPassword(\"abc\")", "setPassword", "abc"),
            ("password.equals(\"abc\")", "password.equals", "abc"),
            ("ENV API_KEY abc\n", "API_KEY", "abc"),
            ("set -gx API_KEY abc\n", "API_KEY", "abc"),
            ("machine a.invalid login b password abc\n", "password", "abc"),
            ("the password is abc for now", "password", "abc"),
            ("<key>DbPassword</key>\n\t<string>abc</string>", "DbPassword", "abc"),
            ("<name>x.password</name>\n<value>abc</value>", "x.password", "abc"),
            ("variable \"password\" {\n  type = string\n  default = \"abc\"\n}", "password", "abc"),
            ("password: str = Field(default=\"abc\")", "password", "abc"),
            ("var key string = \"abc\"", "key", "abc"),
            ("Dim key As String = \"abc\"", "key", "abc"),
            ("char key[] = \"abc\";", "key", "abc"),
            ("public string Key { get; set; } = \"abc\";", "Key", "abc"),
            ("key <- \"abc\"", "key", "abc"),
            ("var key = new Secret(\"abc\");", "key", "abc"),
            ("Server=db;Password=abc;Encrypt=true", "Password", "abc"),
            ("-d \"api_key=abc&x=1\"", "api_key", "abc"),
            ("X-Api-Key: bXktcGFzc3dvcmQtaXMtbXktcGFzc3dvcmQ=\"", "X-Api-Key", "bXktcGFzc3dvcmQtaXMtbXktcGFzc3dvcmQ="),
            ("password: bXktcGFzc3dvcmQ=\n", "password", "bXktcGFzc3dvcmQ="),
            ("API_TOKEN=abc...", "API_TOKEN", "abc..."),
            ("let key = String::from(\"abc\");", "key", "abc"),
            ("tool --api-key abc run", "--api-key", "abc"),
            ("Authorization: Bearer abc", "Authorization", "abc"),
            ("\"Authorization\": \"Bearer abc\",", "Authorization", "abc"),
            ("https://x.invalid/?api_key=abc&b=c", "api_key", "abc"),
            ("password = \"a\\\"b c\"", "password", "a\\\"b c"),
            ("key =\n    \"abc\"", "key", "abc"),
            ("(see key=abc).", "key", "abc"),
            ("| API key | abc |", "key", "abc"),
            ("**Password:** `abc`", "Password", "abc"),
            ("password for the database: abc", "password", "abc"),
            ("<meta-data android:name=\"x.API_KEY\" android:value=\"abc\" />", "x.API_KEY", "abc"),
            ("<meta name=\"api-token\" content=\"abc\">", "api-token", "abc"),
            ("<setting name=\"ApiKey\"><value>abc</value></setting>", "ApiKey", "abc"),
            ("<data name=\"ApiKey\" xml:space=\"preserve\">\n  <value>abc</value>", "ApiKey", "abc"),
            ("<apiKey><![CDATA[abc]]></apiKey>", "apiKey", "abc"),
            ("<Map apiKey={\"abc\"} />", "apiKey", "abc"),
            ("std::string key{\"abc\"};", "key", "abc"),
            ("- {name: API_KEY, value: \"abc\"}", "API_KEY", "abc"),
            ("password = (\n    \"abc\"\n)", "password", "abc"),
            ("\"adminPassword\": {\"value\": \"abc\"}", "adminPassword", "abc"),
            ("\"DbPassword\": {\"Type\": \"String\", \"Default\": \"abc\"}", "DbPassword", "abc"),
            ("  DbPassword:\n    Type: String\n    Default: abc\n", "DbPassword", "abc"),
            ("password: >-\n  abc\n", "password", "abc"),
            ("password: !!str abc\n", "password", "abc"),
            ("password: &anchor 'abc'\n", "password", "abc"),
            ("fastcgi_param API_KEY abc;\n", "API_KEY", "abc"),
            ("user,api_key,x\nbob,abc,1\n", "api_key", "abc"),
            ("user\tpassword\nbob\tabc\n", "password", "abc"),
            ("INSERT INTO u (`id`, `password`) VALUES (1, 'abc');", "password", "abc"),
            ("insert into u (name, api_key, x) values ('a, b', 'abc', 3)", "api_key", "abc"),
            ("| `api_key` | `abc` |", "api_key", "abc"),
            ("const x = (process.env.API_KEY as string) || \"abc\";", "process.env.API_KEY", "abc"),
            ("const x = process.env.API_KEY! ?? 'abc';", "process.env.API_KEY", "abc"),
            ("my $x = $ENV{API_KEY} // 'abc';", "API_KEY", "abc"),
            ("#[arg(long, default_value = \"abc\")]\n    pub api_key: String,", "api_key", "abc"),
            ("#[clap(short, default_value = \"abc\", help = \"x\")]\n    password: String,", "password", "abc"),
            ("#[arg(default_value_t = String::from(\"abc\"))]\n    pub(crate) token: String,", "token", "abc"),
            ("flags.StringVarP(&x, \"api-key\", \"k\", \"abc\", \"of x\")", "api-key", "abc"),
            ("click.option(\"--api-key\", \"-k\", default=\"abc\")", "--api-key", "abc"),
            ("add_argument('--token', required=False,\n    default='abc')", "--token", "abc"),
            ("yargs.option('password', { type: 'string', default: 'abc' })", "password", "abc"),
            ("the password ``abc``.", "password", "abc"),
            ("PAD_KEY_0\t0x100b1\nPAD_KEY_1\t0x100b1\n", "PAD_KEY_0", "0x100b1"),
            ("username x password 0 abc\n", "password", "abc"),
            ("the Wi-Fi password is: abc", "password", "abc"),
            ("{password, \"abc\"},", "password", "abc"),
            ("| User | Password |\n|---|---|\n| ann | abc |\n", "Password", "abc"),
            ("| User | **Password** | For |\n| - | :-: | - |\n| ann | `abc` | x |\n", "Password", "abc"),
        ] {
            assert_eq!(read_first(text), Some((name, value)), "{text}");
        }
    }

    #[test]
    fn values_are_found_that_are_said_listed_compared_or_set() {
        for (text, name, value) in [
            ("{password, <<\"abc\">>},", "password", "abc"),
            ("set :password, \"abc\"", "password", "abc"),
            ("-define(API_KEY, \"abc\").", "API_KEY", "abc"),
            ("if (strcmp(password, \"abc\") == 0) {", "password", "abc"),
            ("if (!hash_equals($token, 'abc')) {", "$token", "abc"),
            ("ENV['API_KEY'] ||= 'abc'", "API_KEY", "abc"),
            ("env.put(Context.PASSWORD, \"abc\");", "Context.PASSWORD", "abc"),
            ("${PASSWORD}    abc\n", "PASSWORD", "abc"),
            ("set the password to abc, please", "password", "abc"),
            ("const api_key: []const u8 = \"abc\";", "api_key", "abc"),
            ("the root password of the new box is abc, please", "password", "abc"),
            ("password for prod is \"abc\"", "password", "abc"),
            ("the password is now abc (was x)", "password", "abc"),
            ("password reset to abc", "password", "abc"),
            ("[\"connected with password abc\\n\"]", "password", "abc"),
            ("API_KEYS = [\"abc\", \"def\"]", "API_KEYS", "abc"),
            ("api_keys:\n  - abc\n  - def\n", "api_keys", "abc"),
            ("var key = []byte(\"abc\")", "key", "abc"),
            (".password(\"{noop}abc\")", "password", "abc"),
        ] {
            assert_eq!(read_first(text), Some((name, value)), "{text}");
        }
    }

    #[test]
    fn a_column_has_a_value_in_each_row() {
        for text in [
            "user,password,x\nann,abc,1\nbob,def,2\ncy,ghi,3",
            "| User | Password |\n|---|---|\n| ann | abc |\n| bob | `def` |\n| cy | ghi |\nThe end.\n",
        ] {
            let word = text.to_ascii_lowercase().find("password").unwrap();
            let first = read(text.as_bytes(), word..word + 8);
            let rows = std::iter::successors(first, |above| next(text.as_bytes(), above));
            let values: Vec<&str> = rows.map(|one| &text[one.value]).collect();
            assert_eq!(values, ["abc", "def", "ghi"], "{text}");
        }
    }

    #[test]
    fn other_text_has_no_value() {
        for text in [
            "a key here now",
            "to pass \"abc\" is",
            "std::auth::x",
            "key(value)",
            "password",
            "key->next",
            "key =",
            "<user>:<password>@localhost:27017\n",
            "KeyFactory.getInstance(\"abc\")",
            "password.matches(\"abc\")",
            "[\"key_one\",\n \"abc\"]",
            "| API key | abc and more |",
            "call(key, abc);\nmore(key, abc);\n",
            "int key, other;\n",
            "user,key\nno table\n",
            "INSERT INTO x (a, key) VALUES",
            "insert into x (key) values (",
            "a,key\n",
            "key,1\nother,2\n",
            "name,text\nuser.auth.logout,Log out\nabc,def\n",
            "\tx_key_one\n\tx_rx_two\n",
            &format!("password {}| x |\n|---|---|\n| a | b |\n", " ".repeat(600)),
            "key as string",
            "pass to \"abc\" what is",
            "key for the door",
            "key of a map",
            "key, other, \"abc\"",
            "assertEquals(password, \"abc\")",
            "map.put(key, \"abc\")",
            "keys:\n  - name: abc\n",
            "#[arg(long)]\n    api_key: ",
            "#[arg(default_value = 3)]\n    key: ",
        ] {
            assert_eq!(read_first(text), None, "{text}");
        }
    }
}

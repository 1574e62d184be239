//! A regular expression over bytes, compiled the first time it is needed.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::byte_set::ByteSet;

/// The longest text an unbounded pattern may match, in bytes.
pub const LONGEST_MATCH: usize = 16 << 10;

/// A pattern that matches where it is put, never further on.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    compiled: OnceLock<Compiled>,
}

#[derive(Debug, Clone)]
struct Compiled {
    regex: Regex,
    /// The most bytes a match can have.
    longest: usize,
    /// The bytes that may not follow a match, because they could belong to it.
    body: ByteSet,
    /// Whether a match may hold blanks.
    spans_words: bool,
}

/// What a pattern found, as ranges of the text it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The whole match.
    pub whole: Range<usize>,
    /// The group `secret`, or the whole match.
    pub secret: Range<usize>,
    /// The group `prefix`, when there is one and it took part.
    pub prefix: Option<Range<usize>>,
}

impl Pattern {
    /// Takes a pattern as written. It is parsed when first used; [`Pattern::check`] says earlier
    /// whether that can fail.
    pub fn new(source: &str) -> Pattern {
        Pattern { source: source.to_owned(), compiled: OnceLock::new() }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// What is wrong with a pattern, in a sentence, if anything is.
    pub fn check(source: &str) -> Result<(), String> {
        let hir = parse(source).map_err(|error| error.to_string())?;
        if !hir.properties().look_set().is_empty() {
            return Err("the pattern looks around (`^`, `$`, `\\b`); skant finds both edges itself".into());
        }
        if hir.properties().minimum_len().unwrap_or(0) == 0 {
            return Err("the pattern matches the empty text".into());
        }
        compile(source).map(|_| ()).map_err(|error| error.to_string())
    }

    /// The fewest bytes a match of a pattern that was checked can have.
    pub fn shortest(source: &str) -> usize {
        parse(source).ok().and_then(|hir| hir.properties().minimum_len()).unwrap_or(0)
    }

    /// Matches `text[at..]` from its very beginning.
    pub fn matches_at(&self, text: &[u8], at: usize) -> Option<Matched> {
        let compiled = self.compiled();
        let end = text.len().min(at.saturating_add(compiled.longest));
        let groups = compiled.regex.captures(text.get(at..end)?)?;
        let range = |name: &str| groups.name(name).map(|group| at + group.start()..at + group.end());
        let whole = groups.get(0)?;
        let whole = at + whole.start()..at + whole.end();
        Some(Matched { secret: range("secret").unwrap_or_else(|| whole.clone()), prefix: range("prefix"), whole })
    }

    /// Whether a match that ends here could go on: the next byte is one the pattern's classes
    /// allow, or a letter or digit. Punctuation counts only when such a byte follows it, since a
    /// full stop or a dash after a key is more often the text's than the key's.
    pub fn may_continue(&self, after: &[u8]) -> bool {
        let body = self.compiled().body;
        match after {
            [byte, ..] if byte.is_ascii_alphanumeric() => true,
            [mark, next, ..] => body.contains(*mark) && body.contains(*next),
            _ => false,
        }
    }

    /// The most bytes a match can have.
    pub fn longest(&self) -> usize {
        self.compiled().longest
    }

    /// Whether a match may hold blanks, and so go on over many lines.
    pub fn spans_words(&self) -> bool {
        self.compiled().spans_words
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| {
            compile(&self.source).unwrap_or_else(|error| {
                // `RuleSet` checks every pattern that does not come from the build.
                unreachable!("a pattern that was checked does not compile: {error}")
            })
        })
    }
}

fn compile(source: &str) -> Result<Compiled, Box<dyn std::error::Error + Send + Sync>> {
    let hir = parse(source)?;
    let longest = hir.properties().maximum_len().unwrap_or(LONGEST_MATCH).min(LONGEST_MATCH);
    let mut body = ByteSet::ALPHANUMERIC;
    add_classes(&mut body, &hir);
    let regex = RegexBuilder::new(&format!("\\A(?:{source})")).unicode(false).size_limit(4 << 20).build()?;
    Ok(Compiled { regex, longest, body, spans_words: has_blank(&hir) })
}

/// Whether some match of a pattern holds a blank.
fn has_blank(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().any(|byte| is_blank(*byte)),
        HirKind::Class(class) => {
            let Class::Bytes(class) = class else { return true };
            class.iter().any(|range| (range.start()..=range.end()).any(is_blank))
        }
        HirKind::Repetition(repetition) => has_blank(&repetition.sub),
        HirKind::Capture(capture) => has_blank(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(has_blank),
        HirKind::Empty | HirKind::Look(_) => false,
    }
}

fn parse(source: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(source).map_err(Box::new)
}

/// Whether a byte ends a word: the form feed, which no pattern thinks of, does not.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether credentials are made of this byte: base64 and base64url with padding, `.` and `~`.
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=')
}

/// Adds to a set the token bytes of every class that a repetition in the pattern runs over, unless
/// it is a negated one: such a class names what ends a match.
fn add_classes(body: &mut ByteSet, hir: &Hir) {
    match hir.kind() {
        HirKind::Repetition(repetition) => add_all(body, &repetition.sub),
        HirKind::Capture(capture) => add_classes(body, &capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| add_classes(body, part));
        }
        _ => {}
    }
}

fn add_all(body: &mut ByteSet, hir: &Hir) {
    match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => {
            let size: usize = class.iter().map(|range| range.len()).sum();
            for range in class.iter().filter(|_| size < 128) {
                let bytes = (range.start()..=range.end()).filter(|&byte| is_token_byte(byte));
                bytes.for_each(|byte| body.insert(byte));
            }
        }
        HirKind::Repetition(repetition) => add_all(body, &repetition.sub),
        HirKind::Capture(capture) => add_all(body, &capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| add_all(body, part));
        }
        _ => {}
    }
}

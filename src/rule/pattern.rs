//! A regular expression over bytes, compiled the first time it is needed.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_syntax::hir::{Class, Hir, HirKind};

use super::automaton::Automaton;
use super::byte_set::ByteSet;
use super::steps::Steps;

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
    engine: Engine,
    /// The most bytes a match can have.
    longest: usize,
    /// The bytes that may not follow a match, because they could belong to it.
    body: ByteSet,
    /// Whether a match may hold blanks.
    spans_words: bool,
}

/// How it is matched.
#[derive(Debug, Clone)]
enum Engine {
    Steps(Steps),
    Automaton(Arc<Automaton>),
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
        let text = text.get(at..end)?;
        let Matched { whole, secret, prefix } = match &compiled.engine {
            Engine::Steps(steps) => steps.matches(text)?,
            Engine::Automaton(automaton) => automaton.matches(text)?,
        };
        let here = |range: Range<usize>| at + range.start..at + range.end;
        Some(Matched { whole: here(whole), secret: here(secret), prefix: prefix.map(here) })
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
    let engine = match Steps::of(&hir) {
        Some(steps) => Engine::Steps(steps),
        None => Engine::Automaton(Arc::new(Automaton::new(&hir)?)),
    };
    Ok(Compiled { engine, longest, body, spans_words: has_blank(&hir) })
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

#[cfg(test)]
mod tests {
    use regex::bytes::RegexBuilder;

    use super::*;
    use crate::rule::RuleSet;

    /// Numbers that are the same each time (Knuth's MMIX generator).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % end
        }

        /// Adds to a text what a pattern matches, or nearly so.
        fn write(&mut self, hir: &Hir, text: &mut Vec<u8>) {
            match hir.kind() {
                HirKind::Literal(literal) => text.extend(&literal.0),
                HirKind::Class(Class::Bytes(class)) => {
                    let range = class.ranges()[self.below(class.ranges().len())];
                    text.push(range.start() + self.below(range.len()) as u8);
                }
                HirKind::Repetition(repetition) => {
                    let least = repetition.min as usize;
                    let most = repetition.max.map_or(least + 9, |most| most as usize);
                    let times = [least, most, least + self.below(most - least + 1), most + 1][self.below(4)];
                    (0..times.min(least + 600)).for_each(|_| self.write(&repetition.sub, text));
                }
                HirKind::Capture(capture) => self.write(&capture.sub, text),
                HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part, text)),
                HirKind::Alternation(parts) => {
                    let taken = self.below(parts.len());
                    self.write(&parts[taken], text);
                }
                _ => {}
            }
        }
    }

    /// Each pattern, however it is matched, matches what a regular expression does.
    fn agrees(source: &str, numbers: &mut Numbers) -> [usize; 2] {
        let hir = parse(source).unwrap();
        let pattern = Pattern::new(source);
        let expression = RegexBuilder::new(&format!("\\A(?:{source})")).unicode(false).build().unwrap();
        let mut seen = [0, 0];
        for _ in 0..60 {
            let mut text = b"(".to_vec();
            numbers.write(&hir, &mut text);
            for _ in 0..numbers.below(4) {
                let at = 1 + numbers.below(text.len());
                match numbers.below(3) {
                    0 if at < text.len() => text[at] = numbers.below(256) as u8,
                    1 => text.insert(at, b" =-_A0z"[numbers.below(7)]),
                    _ => text.truncate(at),
                }
            }
            let end = text.len().min(1 + pattern.longest());
            let expected = expression.captures(&text[1..end]).map(|groups| {
                let range = |group: regex::bytes::Match<'_>| 1 + group.start()..1 + group.end();
                let whole = range(groups.get(0).unwrap());
                let secret = groups.name("secret").map_or_else(|| whole.clone(), range);
                Matched { whole, secret, prefix: groups.name("prefix").map(range) }
            });
            seen[usize::from(expected.is_some())] += 1;
            assert_eq!(pattern.matches_at(&text, 1), expected, "{source}: {}", String::from_utf8_lossy(&text));
        }
        seen
    }

    #[test]
    fn every_pattern_matches_what_a_regular_expression_does() {
        let mut numbers = Numbers(1);
        let more = ["(?P<prefix>ab?)(?P<secret>[a-c]{2,}d?)", "a{2,3}a", "[ab]{1,3}c?b", "x*y?z{2}", "(?i:key)[0-9]+"];
        let rules = RuleSet::builtin();
        let rules = rules.iter().filter(|rule| !rule.pattern.as_str().is_empty()).map(|rule| rule.pattern.as_str());
        let [mut others, mut matched, mut steps] = [0; 3];
        for source in rules.chain(more) {
            let [other, same] = agrees(source, &mut numbers);
            (others, matched) = (others + other, matched + same);
            steps += usize::from(matches!(compile(source).unwrap().engine, Engine::Steps(_)));
        }
        assert!(others > 1000 && matched > 1000 && steps > 400, "{others} {matched} {steps}");
    }

    #[test]
    fn what_could_be_taken_in_two_ways_is_no_way_through() {
        let is_way = |source: &str| matches!(compile(source).unwrap().engine, Engine::Steps(_));
        for source in ["[ab]{1,3}c?d", "a+b", "ab{2}[cd]{3,}", "(?P<secret>[0-9a-f]{32})", "[a-z]{3}[a-z]{2,9}"] {
            assert!(is_way(source), "{source}");
        }
        for source in ["[ab]{1,3}b", "[ab]{1,3}c?b", "a+?b", "ab|ac", "(?:ab){2}", "[a-z]*[a-z]{3}"] {
            assert!(!is_way(source), "{source}");
        }
    }
}

//! Where in some bytes which literal stands: one pass over all of them, before any pattern runs.
//!
//! `Literal::stands` defines what a hit is. The two implementations only differ in how they
//! come by the places to ask about: `portable` walks an Aho-Corasick automaton and is the
//! oracle; `simd` uses AVX-512 or AVX2 where the machine has it. A test holds their hits equal.

#[cfg(all(test, target_arch = "x86_64"))]
mod dealing;
#[cfg(target_arch = "x86_64")]
mod heads;
mod portable;
#[cfg(target_arch = "x86_64")]
mod sieve;
#[cfg(target_arch = "x86_64")]
mod simd;

use crate::rule::ByteSet;
use crate::rule::keyword::SHORTEST_TOKEN;
use crate::rule::pattern::is_token_byte;

/// The shortest run of letters and digits that is noted: what 20 bytes in base64 have at least, wherever they
/// stand in it.
pub const LONG_RUN: usize = 26;

/// Something to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// What may stand at each of its places, three at least.
    pub places: Vec<ByteSet>,
    /// What counts as standing there.
    pub kind: Kind,
}

/// What counts as a literal standing at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its bytes, where a word begins, as the beginning of at least 20 token bytes.
    Edge,
    /// Its bytes.
    Anywhere,
}

/// A literal standing at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Where.
    pub at: u32,
    /// Which, as an index of the literals the prefilter was made from.
    pub literal: u32,
}

/// Memory that one thread keeps from one text to the next.
#[derive(Debug, Default)]
pub struct Memory {
    /// The hits of the last text.
    pub hits: Vec<Hit>,
    /// Where in the last text a word begins with a long run of letters and digits, in order.
    pub runs: Vec<u32>,
    #[cfg(target_arch = "x86_64")]
    marks: Box<simd::Marks>,
}

/// Finds every hit in some bytes.
#[derive(Debug)]
pub enum Prefilter {
    /// On any machine.
    Portable(portable::Portable),
    /// On x86-64 with AVX2 or AVX-512.
    #[cfg(target_arch = "x86_64")]
    Simd(Box<simd::Simd>),
}

impl Prefilter {
    /// The fastest this machine can run.
    pub fn new(literals: Vec<Literal>) -> Prefilter {
        #[cfg(target_arch = "x86_64")]
        if let Some(instructions) = simd::Instructions::detected().next() {
            return Prefilter::Simd(Box::new(simd::Simd::new(literals, instructions)));
        }
        Prefilter::portable(literals)
    }

    /// The one that needs nothing of the machine.
    pub fn portable(literals: Vec<Literal>) -> Prefilter {
        Prefilter::Portable(portable::Portable::new(literals))
    }

    /// Replaces the hits in `memory` by those in a text, in order of place, then literal.
    pub fn find(&self, text: &[u8], memory: &mut Memory) {
        memory.hits.clear();
        memory.runs.clear();
        match self {
            Prefilter::Portable(portable) => portable.find(text, &mut memory.hits, &mut memory.runs),
            #[cfg(target_arch = "x86_64")]
            Prefilter::Simd(simd) => simd.find(text, memory),
        }
        if !memory.hits.is_sorted() {
            memory.hits.sort_unstable();
        }
        memory.hits.dedup();
    }
}

impl Literal {
    /// A word, wherever it stands and in whatever case.
    pub fn word(word: &str) -> Literal {
        let cases = |byte: u8| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()].into_iter().collect();
        Literal { places: word.bytes().map(cases).collect(), kind: Kind::Anywhere }
    }

    /// Whether this literal stands at a place. This is the definition of a hit.
    fn stands(&self, text: &[u8], at: usize) -> bool {
        let here = text.get(at..at + self.places.len());
        here.is_some_and(|here| here.iter().zip(&self.places).all(|(byte, place)| place.contains(*byte)))
            && match self.kind {
                Kind::Anywhere => true,
                Kind::Edge => {
                    begins_word(text, at)
                        && text.get(at..at + SHORTEST_TOKEN).is_some_and(|run| run.iter().all(|&b| is_token_byte(b)))
                }
            }
    }
}

/// Whether no letter or digit stands before a place, or one that ends an escape: `\n`, `%3D`,
/// `\x3d`, `\u003d`.
pub fn begins_word(text: &[u8], at: usize) -> bool {
    let before = &text[..at];
    let is_hex = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
    match before {
        [.., last] if !last.is_ascii_alphanumeric() => true,
        [.., b'\\', _] => true,
        [.., b'%', a, b] | [.., b'\\', b'x', a, b] => is_hex(&[*a, *b]),
        [.., b'\\', b'u', a, b, c, d] => is_hex(&[*a, *b, *c, *d]),
        [] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Keyword;

    fn literal(text: &str, kind: Kind) -> Literal {
        Literal { places: Keyword::new(text.to_owned()).places(), kind }
    }

    #[test]
    fn a_word_begins_after_marks_and_escapes() {
        for front in ["", "_", "=", "x=", "\\n", "%3D", "\\x3d", "\\u003d", "é"] {
            assert!(begins_word(front.as_bytes(), front.len()), "{front}");
        }
        for front in ["x", "9", "%D", "3D", "u003d", "x3d"] {
            assert!(!begins_word(front.as_bytes(), front.len()), "{front}");
        }
    }

    #[test]
    fn an_edge_literal_begins_a_long_word() {
        let literal = literal("key_", Kind::Edge);
        assert!(literal.stands(b"a key_0123456789abcdef", 2));
        assert!(!literal.stands(b"a key_0123456789abcde", 2));
        assert!(!literal.stands(b"a key_01234567 9abcdefghij", 2));
        assert!(!literal.stands(b"akey_0123456789abcdef", 1));
    }

    /// Text in which the literals are common, whole, broken, glued and at every alignment.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn every_implementation_finds_the_same() {
        let literals: Vec<Literal> = [
            ("ghp_", Kind::Edge),
            ("hf_", Kind::Edge),
            ("AKIA", Kind::Edge),
            ("sk_live_", Kind::Edge),
            ("eyJ", Kind::Edge),
            ("sk-ant-", Kind::Anywhere),
            ("sk-ant-api03-", Kind::Anywhere),
            ("://", Kind::Anywhere),
            ("redis://", Kind::Anywhere),
            ("-----BEGIN", Kind::Anywhere),
            ("T3BlbkFJ", Kind::Anywhere),
            (":AA", Kind::Anywhere),
            ("-us[0-9]", Kind::Anywhere),
            ("EAA[A-Za-z0-9]", Kind::Edge),
            ("A[CK][0-9a-f]", Kind::Edge),
        ]
        .map(|(text, kind)| literal(text, kind))
        .into_iter()
        .chain(["key", "token", "pwd", "secret"].map(Literal::word))
        .collect();
        let simd = |instructions| Prefilter::Simd(Box::new(simd::Simd::new(literals.clone(), instructions)));
        let fast: Vec<Prefilter> = simd::Instructions::detected().map(simd).collect();
        let portable = Prefilter::portable(literals.clone());
        let (mut fast_memory, mut slow_memory) = (Memory::default(), Memory::default());
        let marks = ["0123456789abcdef", "\\", "%3D", "\n", " ", "KEY", "-us7", "é", "\0", "-", "_", "x", "=="];
        let one_of =
            |literal: &Literal| -> Vec<u8> { literal.places.iter().filter_map(|place| place.iter().last()).collect() };
        // Bytes beyond ASCII that differ from a literal's in the highest bit alone.
        let beyond = |literal: &Literal| one_of(literal).iter().map(|byte| byte | 0x80).collect();
        let pieces: Vec<Vec<u8>> = literals
            .iter()
            .flat_map(|literal| [one_of(literal), beyond(literal)])
            .chain(marks.map(Into::into))
            .collect();
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for length in 0..2000 {
            let mut text = Vec::new();
            while text.len() < length {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.extend_from_slice(&pieces[(state >> 33) as usize % pieces.len()]);
            }
            text.truncate(length);
            portable.find(&text, &mut slow_memory);
            for fast in &fast {
                fast.find(&text, &mut fast_memory);
                assert_eq!(fast_memory.runs, slow_memory.runs, "{}", String::from_utf8_lossy(&text));
                assert_eq!(fast_memory.hits, slow_memory.hits, "{}", String::from_utf8_lossy(&text));
            }
        }
    }

    /// As a gitleaks config has them.
    #[test]
    fn many_short_words_are_found() {
        let words: Vec<String> = (0..100).map(|number| format!("{}zq", char::from(b'!' + number % 90))).collect();
        let literals: Vec<Literal> = words.iter().map(|word| Literal::word(word)).collect();
        let (fast, mut memory) = (Prefilter::new(literals.clone()), Memory::default());
        let text = words.join(" ");
        fast.find(text.as_bytes(), &mut memory);
        let fast = std::mem::take(&mut memory.hits);
        Prefilter::portable(literals).find(text.as_bytes(), &mut memory);
        assert_eq!(fast, memory.hits);
        assert!(fast.len() >= words.len());
    }
}

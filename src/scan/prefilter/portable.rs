//! The prefilter for any machine: one Aho-Corasick automaton over all literals.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Hit, LONG_RUN, Literal, begins_word};

/// Asks about every place where an automaton, blind to case, sees a literal.
#[derive(Debug)]
pub struct Portable {
    literals: Vec<Literal>,
    automaton: OnceLock<Automaton>,
}

#[derive(Debug)]
struct Automaton {
    automaton: AhoCorasick,
    /// The literal that each of its patterns stands for.
    literals: Vec<usize>,
}

impl Portable {
    pub(super) fn new(literals: Vec<Literal>) -> Portable {
        Portable { literals, automaton: OnceLock::new() }
    }

    pub(super) fn find(&self, text: &[u8], hits: &mut Vec<Hit>, runs: &mut Vec<u32>) {
        let Automaton { automaton, literals } = self.automaton.get_or_init(|| Automaton::new(&self.literals));
        for found in automaton.find_overlapping_iter(text) {
            let (at, literal) = (found.start(), literals[found.pattern().as_usize()]);
            if self.literals[literal].stands(text, at) {
                hits.push(Hit { at: at as u32, literal: literal as u32 });
            }
        }
        let mut end = 0;
        for (at, byte) in text.iter().enumerate() {
            if !byte.is_ascii_alphanumeric() || !begins_word(text, at) {
                continue;
            }
            end = at.max(end);
            end += text[end..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if end - at >= LONG_RUN {
                runs.push(at as u32);
            }
        }
    }
}

impl Automaton {
    fn new(literals: &[Literal]) -> Automaton {
        let patterns =
            || literals.iter().enumerate().flat_map(|(index, one)| spelled(one).map(move |text| (index, text)));
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(patterns().map(|(_, text)| text))
            .expect("some thousand short literals fit an automaton");
        Automaton { automaton, literals: patterns().map(|(index, _)| index).collect() }
    }
}

/// Every way to write a literal, in lower case.
fn spelled(literal: &Literal) -> impl Iterator<Item = Vec<u8>> {
    let mut texts = vec![Vec::new()];
    for place in &literal.places {
        let bytes: BTreeSet<u8> = place.iter().map(|byte| byte.to_ascii_lowercase()).collect();
        texts = texts.iter().flat_map(|text| bytes.iter().map(move |&byte| [text, &[byte][..]].concat())).collect();
    }
    texts.into_iter()
}

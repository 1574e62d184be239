//! The prefilter for any machine: one Aho-Corasick automaton over all literals.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Hit, Literal};

/// Asks about every place where an automaton, blind to case, sees a literal.
#[derive(Debug)]
pub struct Portable {
    literals: Vec<Literal>,
    automaton: OnceLock<AhoCorasick>,
}

impl Portable {
    pub(super) fn new(literals: Vec<Literal>) -> Portable {
        Portable { literals, automaton: OnceLock::new() }
    }

    pub(super) fn find(&self, text: &[u8], hits: &mut Vec<Hit>) {
        for found in self.automaton().find_overlapping_iter(text) {
            let (at, literal) = (found.start(), found.pattern().as_usize());
            if self.literals[literal].stands(text, at) {
                hits.push(Hit { at: at as u32, literal: literal as u32 });
            }
        }
    }

    fn automaton(&self) -> &AhoCorasick {
        self.automaton.get_or_init(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(self.literals.iter().map(|literal| &literal.text))
                .expect("some thousand short literals fit an automaton")
        })
    }
}

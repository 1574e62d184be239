//! Patterns as automata. One tells where a match ends, and is made while it runs; only where there is a match does the
//! other tell of its groups. Both are of one piece, as to build a pattern is most of what it costs.

use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::pikevm::{self, PikeVM};
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, PatternID};
use regex_syntax::hir::Hir;

use super::pattern::Matched;

/// The most memory that a pattern may take, in bytes.
const MOST_MEMORY: usize = 4 << 20;

/// Such a pattern.
#[derive(Debug)]
pub(super) struct Automaton {
    ends: DFA,
    groups: PikeVM,
    /// The numbers of the groups `secret` and `prefix`.
    named: [Option<usize>; 2],
    memory: Pool<Memory, Box<dyn Fn() -> Memory + Send + Sync + UnwindSafe + RefUnwindSafe>>,
}

/// What one search needs.
#[derive(Debug)]
struct Memory {
    ends: dfa::Cache,
    groups: Option<pikevm::Cache>,
}

impl Automaton {
    /// # Errors
    /// When it takes too much memory.
    pub(super) fn new(hir: &Hir) -> Result<Automaton, Box<dyn std::error::Error + Send + Sync>> {
        let config = thompson::Config::new().utf8(false).nfa_size_limit(Some(MOST_MEMORY));
        let nfa: NFA = thompson::Compiler::new().configure(config).build_from_hir(hir)?;
        let named = ["secret", "prefix"].map(|name| nfa.group_info().to_index(PatternID::ZERO, name));
        let config = DFA::config().skip_cache_capacity_check(true);
        let ends = DFA::builder().configure(config).build_from_nfa(nfa.clone())?;
        let groups = PikeVM::new_from_nfa(nfa)?;
        let fresh = {
            let ends = ends.clone();
            move || Memory { ends: ends.create_cache(), groups: None }
        };
        Ok(Automaton { ends, groups, named, memory: Pool::new(Box::new(fresh)) })
    }

    /// Matches a text from its beginning.
    pub(super) fn matches(&self, text: &[u8]) -> Option<Matched> {
        let mut memory = self.memory.get();
        let input = Input::new(text).anchored(Anchored::Yes);
        let end = match self.ends.try_search_fwd(&mut memory.ends, &input) {
            Ok(found) => found?.offset(),
            // It gives up where it is told to, which it is not: the other finds the end, too.
            Err(_) => text.len(),
        };
        let mut matched = Matched { whole: 0..end, secret: 0..end, prefix: None };
        if self.named.iter().any(Option::is_some) {
            let mut slots = vec![None; self.groups.get_nfa().group_info().slot_len()];
            let cache = memory.groups.get_or_insert_with(|| self.groups.create_cache());
            self.groups.search_slots(cache, &input.range(..end), &mut slots)?;
            let group = |number: usize| Some(slots[2 * number]?.get()..slots[2 * number + 1]?.get());
            let [secret, prefix] = self.named.map(|number| number.and_then(group));
            matched.whole = group(0)?;
            matched.secret = secret.unwrap_or_else(|| matched.whole.clone());
            matched.prefix = prefix;
        }
        Some(matched)
    }
}

//! Rules: which secrets there are, and how to know them.

mod automaton;
pub mod byte_set;
pub mod check;
pub mod keyword;
pub mod pattern;
pub mod search;
mod set;
pub mod spec;
mod steps;

use std::sync::Arc;

pub use byte_set::ByteSet;
pub use check::{Check, Verdict};
pub use keyword::Keyword;
use pattern::Pattern;
use search::Search;
pub use set::RuleSet;
pub use spec::{Confidence, Files, Judge, Reading, Severity, Verify};

/// One kind of secret, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable public name.
    pub id: String,
    /// What it is, for people.
    pub name: String,
    /// Who issues it, for people.
    pub provider: Arc<str>,
    /// How bad a leak is.
    pub severity: Severity,
    /// How sure a match makes us when nothing speaks against it.
    pub confidence: Confidence,
    /// How it is found.
    pub finder: Finder,
    /// What it looks like.
    pub pattern: Pattern,
    /// What its text can prove.
    pub check: Option<Check>,
    /// How a match is judged before it is believed.
    pub judge: Judge,
    /// The rule whose secret, standing close by, is the real find.
    pub companion: Option<String>,
    /// What to do about a finding.
    pub help: Arc<str>,
    /// The page to do it on; may be empty.
    pub help_url: Arc<str>,
    /// How whoever issued it is asked whether it is live. Only built-in rules know.
    pub verify: Option<Verify>,
    /// What keys the fingerprints of secrets that a person could guess.
    pub key: Option<Arc<[u8]>>,
    /// Whether a config says how sure it is, whatever its text proves.
    pub is_graded: bool,
    /// Whether it is as this program was built with it, but for its key.
    pub is_built_in: bool,
}

/// How a rule's secrets are found.
#[derive(Debug, Clone)]
pub enum Finder {
    /// By a literal that every one of them contains.
    Token {
        /// The literals.
        keywords: Vec<Keyword>,
        /// Whether a literal counts when glued to a letter or digit in front of it.
        anywhere: bool,
        /// How many bytes of the match stand in front of it, least and most.
        before: [usize; 2],
    },
    /// By the name of what they are assigned to.
    Value {
        /// Words, one of which the name must contain; empty: any secret-like word.
        names: Vec<String>,
        /// Words, one of which must stand in the name or close before it; empty: none needed.
        near: Vec<String>,
    },
    /// By a pattern that is looked for in the whole text, as gitleaks does.
    Search(Box<Search>),
    /// By the name of a file in which others find secrets.
    File(Files),
}

/// Adds what a severity and a confidence have in common.
macro_rules! level {
    ($type:ident: $($variant:ident $name:literal),+) => {
        impl $type {
            /// Every level, least first.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// Its name in options and reports.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

level!(Severity: Low "low", Medium "medium", High "high", Critical "critical");
level!(Confidence: Low "low", Medium "medium", High "high");

impl Confidence {
    /// One step less sure.
    pub fn lowered(self) -> Confidence {
        match self {
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
        }
    }
}

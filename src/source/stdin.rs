//! Standard input.

use std::io::{self, BufRead};

use super::{Item, Source, Visit};
use crate::blob::Origin;
use crate::ledger::{Cause, Unit};

/// Standard input, under a name that may be given to it.
#[derive(Debug, Clone)]
pub struct Stdin {
    /// The name reports show, and by which the kind of text is told.
    pub name: Option<String>,
}

impl Source for Stdin {
    fn name(&self) -> &'static str {
        "stdin"
    }

    fn each(&self, visit: &Visit<'_>) {
        let origin = Origin::file(self.name.as_deref().unwrap_or("<stdin>"));
        let mut stdin = io::stdin().lock();
        // Whoever was to write there failed, or there is nobody: a closed one reads as if it were empty.
        if stdin.fill_buf().is_ok_and(<[u8]>::is_empty) {
            let reason = "standard input is empty, or closed: nothing was scanned".to_owned();
            return visit(Item::Missed(Unit::File, Cause::Missing, origin.path, reason));
        }
        visit(Item::File(&origin, &mut stdin, None));
    }
}

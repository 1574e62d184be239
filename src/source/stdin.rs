//! Standard input.

use std::io;

use super::{Item, Source, Visit};
use crate::blob::Origin;

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
        visit(Item::File(&origin, &mut io::stdin().lock(), None));
    }
}

//! A text that somebody handed over.

use super::{Item, Source, Visit};
use crate::blob::Origin;

/// A text, under a name that may be given to it.
#[derive(Debug, Clone)]
pub struct Text {
    /// The name reports show, and by which the kind of text is told.
    pub name: Option<String>,
    /// The text.
    pub text: String,
}

impl Source for Text {
    /// In reports it is what standard input is.
    fn name(&self) -> &'static str {
        "stdin"
    }

    fn each(&self, visit: &Visit<'_>) {
        let origin = Origin::file(self.name.as_deref().unwrap_or("<text>"));
        visit(Item::File(&origin, &mut self.text.as_bytes(), None));
    }
}

//! Where blobs come from: one file per source.

mod ignore_rules;
mod stdin;
mod tree;

use std::io::{self, Read};

use crate::blob::{Blob, Origin};
pub use stdin::Stdin;
pub use tree::Tree;

/// What a source hands over.
pub enum Item<'a> {
    /// A file, to be read now.
    File(&'a Origin, &'a mut dyn Read),
    /// Bytes that are in memory: a name, or the target of a link.
    Blob(Blob<'a>),
    /// The path of something that cannot be scanned, and why.
    Missed(Vec<u8>, String),
    /// Something a person should know.
    Notice(String),
}

/// Takes what a source hands over, from any thread.
pub type Visit<'v> = dyn Fn(Item<'_>) + Sync + 'v;

/// Somewhere blobs come from.
pub trait Source {
    /// The source's name in reports.
    fn name(&self) -> &'static str;

    /// Hands every blob to `visit`, from as many threads as suit the source. What cannot be read
    /// is handed over as [`Item::Missed`], and the walk goes on.
    fn each(&self, visit: &Visit<'_>);
}

/// What the system said, and the way out where there is one.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let said = text.split(" (os error").next().unwrap_or(&text).to_lowercase();
    match error.kind() {
        io::ErrorKind::NotFound => format!("{said}: check the spelling, or leave it out"),
        io::ErrorKind::PermissionDenied => format!("{said}: scan as a user who may read it, or leave it out"),
        _ => said,
    }
}

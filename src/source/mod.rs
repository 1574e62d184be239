//! Where blobs come from: one file per source.

mod agent;
mod docker;
mod history;
mod ignore_rules;
mod message;
mod push;
mod staged;
mod stdin;
mod text;
mod tree;

use std::io::{self, Read};
use std::ops::Range;

use crate::blob::{Blob, Origin};
use crate::ledger::{Cause, Exclusion, Unit};
pub use agent::{AgentEvent, Moment};
pub use history::{History, HistoryOptions, Reach};
pub use message::Message;
pub use push::Push;
pub use staged::Staged;
pub use stdin::Stdin;
pub use text::Text;
pub use tree::Tree;

/// What a source hands over.
pub enum Item<'a> {
    /// A file, to be read now, and how to learn what git makes of it, where that is asked.
    File(&'a Origin, &'a mut dyn Read, Option<&'a Ask<'a>>),
    /// A file that is not to be scanned, and of which only the question is whether it holds secrets.
    LeftOut(&'a Origin, &'a mut dyn Read, &'a Ask<'a>),
    /// A new version of a file that git tracks, and how to get the one before. Of what is found in it only what the
    /// change brought counts: everything, when there is none.
    Version(Blob<'a>, &'a dyn Fn() -> Option<Vec<u8>>),
    /// Bytes that are in memory: a name, or the target of a link.
    Blob(Blob<'a>),
    /// A blob that is too large to be held.
    Large(Large<'a>),
    /// A text that may belong to many places, or to none: which secrets does it hold?
    Probe(Probe<'a>, &'a mut Answer),
    /// A blob in which some of the secrets are to be reported: those with these names, in order. The
    /// answer has the names of those that are, where the blob lies.
    Known(Blob<'a>, &'a [u64], &'a mut Vec<u64>),
    /// So many things are in scope. What becomes of each is told later, by whoever is done with it; what is
    /// never heard of again makes the run incomplete.
    Met(Unit, u64),
    /// So many were scanned, of what is not counted by being handed over.
    Done(Unit, u64),
    /// So many are left out, by a rule.
    Excluded(Unit, Exclusion, u64),
    /// Something that cannot be scanned: what it is, its path, and why.
    Missed(Unit, Cause, Vec<u8>, String),
    /// Something a person should know.
    Notice(String),
}

/// What git makes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It tracks it.
    Tracked,
    /// It would add it.
    Untracked,
    /// An ignore rule of its own covers it.
    Ignored,
    /// The file lies in no repository.
    Outside,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// What git makes of it.
    pub standing: Standing,
    /// Which Dockerfile copies it, and what would leave it out, in a sentence.
    pub copied: Option<String>,
}

/// Why it is not known what becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What could not be read.
    pub path: Vec<u8>,
    /// Why, and what that means.
    pub reason: String,
}

/// Learns what becomes of a file, or why that is not known.
pub type Ask<'a> = dyn Fn() -> Result<Fate, Unknown> + 'a;

/// A blob that is too large to be held: it is to be read now, at one of its paths.
pub struct Large<'a> {
    /// Where it lies.
    pub origin: &'a Origin,
    /// Its bytes.
    pub reader: &'a mut dyn Read,
    /// Whether it counts in the report: it does once, whatever paths it has.
    pub counts: bool,
    /// Which secrets are known there, by their names, and not to be told again. Without it nothing is told: the
    /// question is what it holds.
    pub known: Option<&'a dyn Fn(u64) -> bool>,
    /// The answer: the names of the secrets it holds.
    pub held: &'a mut Vec<u64>,
}

/// A question about a text.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    /// The text.
    pub text: &'a [u8],
    /// What of it is new, and the `outcome` for the text it was made from; nothing when all of it is.
    pub changed: Option<(&'a [Range<usize>], u8)>,
    /// What it counts as in the report.
    pub counts: Counts,
    /// A path that it has, where that decides about it: the question is what it holds there. It begins as none can.
    pub path: Option<&'a str>,
}

/// The answer.
#[derive(Debug, Default)]
pub struct Answer {
    /// The names of the secrets it holds, in order.
    pub holds: Vec<u64>,
    /// What is to be handed in with the texts that are made from this one.
    pub outcome: u8,
}

/// What a probe counts as in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// A blob.
    Blob,
    /// A commit.
    Commit,
    /// Nothing.
    Nothing,
}

/// A shorter name cannot hold a secret.
const SHORTEST_SECRET: usize = 16;

/// Takes what a source hands over, from any thread.
pub type Visit<'v> = dyn Fn(Item<'_>) + Sync + 'v;

/// Somewhere blobs come from.
pub trait Source {
    /// The source's name in reports.
    fn name(&self) -> &'static str;

    /// The revisions that were asked for, as they were typed.
    fn range(&self) -> Option<String> {
        None
    }

    /// The id of the commit that was asked for, where it is one and not HEAD.
    fn tip(&self) -> Option<String> {
        None
    }

    /// The options by which it has more, or is whole with less.
    fn options(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Hands every blob to `visit`, from as many threads as suit the source. What cannot be read
    /// is handed over as [`Item::Missed`], and the walk goes on.
    fn each(&self, visit: &Visit<'_>);

    /// What was read of a commit on the way: when it was made, and its parents. Whoever looks something up
    /// afterwards need not read it again.
    fn commit(&self, _id: &[u8; 20]) -> Option<(i64, Box<[[u8; 20]]>)> {
        None
    }
}

/// What the system said, and the way out where there is one.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let mut said = text.split(" (os error").next().unwrap_or(&text).to_owned();
    // What the system says begins with a capital; names of ours stay as they are.
    said.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
    match error.kind() {
        io::ErrorKind::NotFound => format!("{said}: check the spelling, or leave it out"),
        io::ErrorKind::PermissionDenied => format!("{said}: scan as a user who may read it, or leave it out"),
        _ => said,
    }
}

//! The message of a commit that is being made.

use std::path::{Path, PathBuf};

use super::{Item, Source, Visit, reason};
use crate::blob::{Origin, Place, path_bytes};
use crate::file::read_regular;
use crate::git::{Cleanup, OpenRepo};
use crate::ledger::{Cause, Unit};

/// The most bytes a message may have.
const LARGEST: u64 = 64 << 20;

/// A commit message in the file that git hands to a hook.
#[derive(Debug)]
pub struct Message {
    file: PathBuf,
    cleanup: Cleanup,
}

impl Message {
    /// The message in a file, which git will clean up by the settings of the repository around us.
    pub fn new(file: &Path) -> Message {
        Message { file: file.to_owned(), cleanup: OpenRepo::cleanup() }
    }
}

impl Source for Message {
    fn name(&self) -> &'static str {
        "message"
    }

    fn each(&self, visit: &Visit<'_>) {
        match read_regular(&self.file, LARGEST) {
            Ok(message) => {
                let message = self.cleanup.clean(&message);
                visit(Item::File(&Origin::at("", Place::CommitMessage), &mut message.as_slice(), None));
            }
            Err(error) => visit(Item::Missed(Unit::File, Cause::of(&error), path_bytes(&self.file), reason(&error))),
        }
    }
}

//! What a push brings that the other side does not have: the history between, and the names of refs.

use std::path::Path;

use super::{History, HistoryOptions, Item, SHORTEST_SECRET, Source, Visit};
use crate::blob::{Blob, Origin, Place};
use crate::error::Error;
use crate::git::{self, OpenRepo};
use crate::ledger::Unit;

/// A push, on its way or arriving.
#[derive(Debug)]
pub struct Push {
    /// Nothing when refs are only deleted.
    history: Option<History>,
    range: Option<String>,
    /// The names that refs will have.
    names: Vec<String>,
    notices: Vec<String>,
}

/// So many revisions are shown one by one.
const FEW: usize = 8;

impl Push {
    /// A push to a remote, as git tells `pre-push` on standard input.
    ///
    /// # Errors
    /// There is no repository, or the input is not what git writes.
    pub fn sent(input: &str, remote: Option<&str>, wanted: HistoryOptions) -> Result<Push, Error> {
        Push::new(wanted, |repo| git::Push::sent(input, remote, repo))
    }

    /// A push from elsewhere, as git tells `pre-receive` on standard input.
    ///
    /// # Errors
    /// The same.
    pub fn received(input: &str, wanted: HistoryOptions) -> Result<Push, Error> {
        Push::new(wanted, |repo| git::Push::received(input, repo))
    }

    /// What a revision has that another has not; without that, what a remote has not, or any of them.
    ///
    /// # Errors
    /// There is no repository, or a revision is unknown.
    pub fn named(from: Option<&str>, to: &str, remote: Option<&str>, wanted: HistoryOptions) -> Result<Push, Error> {
        Push::new(wanted, |repo| git::Push::named(from, to, remote, repo))
    }

    /// What arrived in a repository, by whoever knows: the history of it, unless refs were only deleted,
    /// the names of refs, and what a person should know besides.
    pub fn arrived(history: Option<History>, names: Vec<String>, notices: Vec<String>) -> Push {
        let range = history.as_ref().and_then(History::range);
        Push { history, range, names, notices }
    }

    fn new(wanted: HistoryOptions, read: impl FnOnce(&OpenRepo) -> Result<git::Push, String>) -> Result<Push, Error> {
        let failed = |message| Error::usage(message, "this is a hook: git runs it, and says what is pushed");
        let repo = OpenRepo::current().map_err(failed)?;
        let push = read(&repo).map_err(failed)?;
        if push.tips.is_empty() {
            return Ok(Push { history: None, range: None, names: push.names, notices: Vec::new() });
        }
        let known: Vec<String> = push.known.iter().map(|known| format!("^{known}")).collect();
        let tips = push.tips.join(" ");
        let range = match known.len() {
            0 => tips,
            1..FEW => format!("{tips} {}", known.join(" ")),
            many => format!("{tips} and not what {many} refs reach"),
        };
        let revisions = push.tips.into_iter().chain(known).collect();
        let history = History::open(Path::new("."), revisions, wanted)?.with_references(push.references.into_iter());
        Ok(Push { history: Some(history), range: Some(range), names: push.names, notices: Vec::new() })
    }
}

impl Source for Push {
    fn name(&self) -> &'static str {
        "history"
    }

    fn range(&self) -> Option<String> {
        self.range.clone()
    }

    fn tip(&self) -> Option<String> {
        self.history.as_ref().and_then(History::tip)
    }

    fn each(&self, visit: &Visit<'_>) {
        visit(Item::Done(Unit::Ref, self.names.len() as u64));
        for name in self.names.iter().filter(|name| name.len() >= SHORTEST_SECRET) {
            let origin = Origin { reference: Some(name.as_str().into()), ..Origin::at("", Place::RefName) };
            visit(Item::Blob(Blob { bytes: name.as_bytes(), origin: &origin }));
        }
        self.notices.iter().for_each(|notice| visit(Item::Notice(notice.clone())));
        match &self.history {
            Some(history) => history.each(visit),
            None => visit(Item::Notice("nothing is pushed".to_owned())),
        }
    }
}

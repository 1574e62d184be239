//! A push: what git tells the hooks on both sides about the refs that are to change.

use std::collections::BTreeSet;

use super::{Id, OpenRepo, from_hex};

/// What a push brings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Push {
    /// The commits and tags it begins from, as revisions; none when refs are only deleted.
    pub(crate) tips: Vec<String>,
    /// What the other side has already.
    pub(crate) known: BTreeSet<String>,
    /// The names that the refs have there.
    pub(crate) names: Vec<String>,
    /// The same with what each points to.
    pub(crate) references: Vec<(String, Id)>,
}

impl Push {
    /// What `pre-push` is told: a line for each ref, `LOCAL-REF ID REMOTE-REF ID`. A remote has what our
    /// copies of its refs say, and what it said itself.
    ///
    /// # Errors
    /// A line that is none of these.
    pub(crate) fn sent(input: &str, remote: Option<&str>, repo: &OpenRepo) -> Result<Push, String> {
        let mut push = Push::default();
        for line in input.lines() {
            // A local ref may be any revision, with spaces in it.
            let mut parts = line.rsplitn(4, ' ');
            let (Some(old), Some(name), Some(new), Some(_)) = (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(unknown(line));
            };
            push.add(old, new, name, repo).ok_or_else(|| unknown(line))?;
        }
        push.know(remote.map_or(Ok(Vec::new()), |remote| repo.tracking(remote))?);
        Ok(push)
    }

    /// What `pre-receive` is told: a line for each ref, `ID ID REF`. What any ref reaches is here already.
    ///
    /// # Errors
    /// A line that is none of these.
    pub(crate) fn received(input: &str, repo: &OpenRepo) -> Result<Push, String> {
        let mut push = Push::default();
        for line in input.lines() {
            let mut parts = line.splitn(3, ' ');
            let (Some(old), Some(new), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(unknown(line));
            };
            push.add(old, new, name, repo).ok_or_else(|| unknown(line))?;
        }
        push.know(repo.tips("refs/*")?);
        Ok(push)
    }

    /// What the revisions that pre-commit names bring: from one to another, or when there is no first
    /// one, what the remote does not have.
    pub(crate) fn named(from: Option<&str>, to: &str, remote: Option<&str>, repo: &OpenRepo) -> Result<Push, String> {
        let mut push = Push { tips: vec![to.to_owned()], ..Push::default() };
        match (from, remote) {
            (Some(from), _) => push.know(vec![from.to_owned()]),
            (None, Some(remote)) => push.know(repo.tracking(remote)?),
            (None, None) => push.know(repo.tips("refs/remotes/*")?),
        }
        Ok(push)
    }

    fn add(&mut self, old: &str, new: &str, name: &str, repo: &OpenRepo) -> Option<()> {
        if !is_id(old) || !is_id(new) || old.len() != new.len() || name.is_empty() {
            return None;
        }
        if is_zero(new) {
            return Some(());
        }
        self.tips.push(new.to_owned());
        self.names.push(name.to_owned());
        self.references.extend(from_hex(new.as_bytes()).map(|id| (name.to_owned(), id)));
        // After somebody else's push the other side may have what is not here.
        if !is_zero(old) && repo.has(old) {
            self.known.insert(old.to_owned());
        }
        Some(())
    }

    fn know(&mut self, ids: Vec<String>) {
        self.known.extend(ids);
    }
}

/// A longer line is not repeated.
const LONGEST_TOLD: usize = 1000;

fn unknown(line: &str) -> String {
    if line.len() > LONGEST_TOLD {
        return format!("standard input has a line of {} bytes that git does not write", line.len());
    }
    format!("standard input has a line that git does not write: `{line}`")
}

fn is_id(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}

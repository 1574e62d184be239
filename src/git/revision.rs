//! What a revision names. Refs, ids and the ways from them (`~2`, `^{tree}`, `:path`) are followed by our own
//! readers: libgit2 may never come back from a damaged object.

use super::object::{self, from_hex};
use super::{Id, Kind, Repository, Trouble};
use crate::error::Error;

/// Why a revision names nothing.
type Why = &'static str;

const NOTHING: Why = "";
pub(super) const UNREADABLE: Why = ": it cannot be read";
/// Which of them is meant only who typed it knows; git takes one, and says so where nobody looks.
const AMBIGUOUS: Why = ": several refs go by that name";
const UNWRITTEN: Why = ": it is not written as git does";

impl Repository {
    /// What a revision names: objects to begin from, and objects to leave out with all they reach.
    ///
    /// # Errors
    /// It names nothing.
    pub(crate) fn resolve(&self, revision: &str) -> Result<(Vec<Id>, Vec<Id>), Error> {
        let one = |name: &str| self.named(if name.is_empty() { "HEAD" } else { name });
        let resolve = || {
            // In a range it is HEAD, alone it is a variable that nobody set.
            if revision.is_empty() {
                return Err(NOTHING);
            }
            if let Some(name) = revision.strip_prefix('^') {
                return Ok((Vec::new(), vec![one(name)?]));
            }
            if let Some((from, to)) = revision.split_once("...") {
                let (from, to) = (one(from)?, one(to)?);
                let bases = self.merge_bases(&self.peeled(from, Kind::Commit)?, &self.peeled(to, Kind::Commit)?)?;
                return Ok((vec![from, to], bases));
            }
            if let Some((from, to)) = revision.split_once("..") {
                return Ok((vec![one(to)?], vec![one(from)?]));
            }
            Ok((vec![one(revision)?], Vec::new()))
        };
        resolve().map_err(|why| unknown(revision, why))
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn commit_of(&self, revision: &str) -> Result<Id, Error> {
        let commit = self.named(revision).and_then(|id| self.peeled(id, Kind::Commit));
        commit.map_err(|why| unknown(revision, why))
    }

    fn named(&self, name: &str) -> Result<Id, Why> {
        let end = name.find(['^', '~', ':']).unwrap_or(name.len());
        let (start, way) = name.split_at(end);
        if start.is_empty() || start.contains("@{") || way.contains("^{/") {
            return self.named_by_libgit2(name);
        }
        let start = match start {
            "@" => self.target("HEAD"),
            _ => self.start(start),
        };
        self.follow(start?.ok_or(NOTHING)?, way)
    }

    /// What an id, a ref or the front of an id names.
    fn start(&self, name: &str) -> Result<Option<Id>, Why> {
        if let Some(id) = from_hex(name.as_bytes()) {
            return Ok(self.exists(&id).then_some(id));
        }
        // Next to refs lie files that are none.
        let is_whole = name.starts_with("refs/") || name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if let Some(id) = is_whole.then(|| self.target(name)).transpose()?.flatten() {
            return Ok(Some(id));
        }
        let mut named = None;
        let remote_head = format!("refs/remotes/{name}/HEAD");
        let fronts = ["refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map(|front| format!("{front}{name}"));
        for full in fronts.iter().chain([&remote_head]) {
            match (named, self.target(full)?) {
                (Some(one), Some(other)) if one != other => return Err(AMBIGUOUS),
                (_, found) => named = named.or(found),
            }
        }
        if named.is_some() {
            return Ok(named);
        }
        // As `git describe` writes it: a tag, a number, and the front of an id.
        let front = name.rsplit_once("-g").map_or(name, |(_, front)| front);
        self.abbreviated(front)
    }

    /// Goes a way from an object: `~2`, `^2`, `^{tree}`, `:path`.
    fn follow(&self, mut id: Id, mut way: &str) -> Result<Id, Why> {
        while let Some(step) = way.chars().next() {
            way = &way[1..];
            match (step, way.strip_prefix('{')) {
                (':', _) => return self.below(id, way),
                ('^', Some(rest)) => {
                    let (kind, after) = rest.split_once('}').ok_or(UNWRITTEN)?;
                    way = after;
                    id = match kind {
                        "" => self.without_tags(id)?.0,
                        "object" => id,
                        "commit" => self.peeled(id, Kind::Commit)?,
                        "tree" => self.peeled(id, Kind::Tree)?,
                        "blob" => self.peeled(id, Kind::Blob)?,
                        "tag" if self.object(&id)?.0 == Kind::Tag => id,
                        _ => return Err(UNWRITTEN),
                    };
                }
                ('^' | '~', None) => {
                    let digits = way.bytes().take_while(u8::is_ascii_digit).count();
                    let number = if digits == 0 { Ok(1) } else { way[..digits].parse::<usize>() };
                    let number = number.map_err(|_| UNWRITTEN)?;
                    way = &way[digits..];
                    let (times, parent) = if step == '~' { (number, 1) } else { (number.min(1), number) };
                    id = self.peeled(id, Kind::Commit)?;
                    for _ in 0..times {
                        let (_, bytes) = self.object(&id)?;
                        id = *object::Commit::parse(&bytes).parents.get(parent - 1).ok_or(NOTHING)?;
                    }
                }
                _ => return Err(UNWRITTEN),
            }
        }
        Ok(id)
    }

    /// What is at a path in a tree.
    fn below(&self, id: Id, path: &str) -> Result<Id, Why> {
        let mut id = self.peeled(id, Kind::Tree)?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let (_, bytes) = self.object(&id).map_err(|_| UNREADABLE)?;
            id = object::entries(&bytes).find(|entry| entry.name == name.as_bytes()).ok_or(NOTHING)?.id;
        }
        Ok(id)
    }

    /// The object that tags are put on, and its bytes.
    fn without_tags(&self, mut id: Id) -> Result<(Id, Kind, Vec<u8>), Why> {
        loop {
            let (kind, bytes) = self.object(&id)?;
            if kind != Kind::Tag {
                return Ok((id, kind, bytes));
            }
            id = object::Commit::parse(&bytes).target.ok_or(UNREADABLE)?.0;
        }
    }

    fn peeled(&self, id: Id, wanted: Kind) -> Result<Id, Why> {
        let (id, kind, bytes) = self.without_tags(id)?;
        match (kind, wanted) {
            (Kind::Commit, Kind::Tree) => object::Commit::parse(&bytes).tree.ok_or(UNREADABLE),
            _ if kind == wanted => Ok(id),
            _ => Err(": it is of another kind"),
        }
    }

    fn object(&self, id: &Id) -> Result<(Kind, Vec<u8>), Why> {
        self.read(id).map_err(|trouble| match trouble {
            Trouble::Missing => NOTHING,
            Trouble::Damaged(_) => UNREADABLE,
        })
    }
}

fn unknown(revision: &str, why: Why) -> Error {
    if why == AMBIGUOUS {
        return Error::usage(
            format!("`{revision}` is not one revision here{why}"),
            "write the ref in full: `refs/remotes/origin/main`, `refs/heads/main`, `refs/tags/v1`",
        );
    }
    Error::usage(
        format!("there is no revision `{revision}` here{why}"),
        "`git rev-parse` takes the same names; a clone may lack it: git fetch",
    )
}

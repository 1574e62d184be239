//! A job of a CI system: what its variables, and the event it was started by, say is to be scanned.
//!
//! All of it comes from outside, and much of it from strangers: a commit is taken by its whole id, a
//! branch by a name that git would take.

use super::{github, variables};
use crate::error::Error;
use crate::finding::inert;

/// What a job is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Job {
    /// The system's name, and what happened: `GitHub Actions, push`.
    pub(super) what: String,
    /// What is to be scanned.
    pub(super) change: Change,
    /// The names of refs that came with it.
    pub(super) names: Vec<String>,
}

/// What is to be scanned.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The commits that the head reaches and the base does not: the first base that can be had, and all
    /// that the head reaches when there is none.
    Commits { head: Point, bases: Vec<Point> },
    /// The files of a commit: nothing says what is new.
    Files(Point),
    /// Nothing: a ref was deleted.
    Nothing,
}

/// A commit, as a CI system names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Point {
    /// By its id, or that of a tag on it.
    Id(String),
    /// As the tip of a branch of the remote.
    Branch(String),
    /// As somebody typed it.
    Revision(String),
}

/// Where a job runs.
pub(super) struct Surroundings<'a> {
    /// The value of a variable, when it has one.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The remote's default branch, as far as the clone knows.
    pub(super) default_branch: Option<String>,
}

impl Job {
    /// The job that the surroundings tell of.
    ///
    /// # Errors
    /// They tell of none, or nothing that makes sense.
    pub(super) fn find(surroundings: &Surroundings<'_>) -> Result<Job, Error> {
        let Some((system, read)) = SYSTEMS.iter().find_map(|(variable, system, read)| {
            (surroundings.variable)(variable).filter(|value| value != "false").map(|_| (system, read))
        }) else {
            return Err(Error::usage(
                "no CI system that is known says here what to scan",
                "name what was there before: `skant ci --base origin/main`, with `--head REV` where that is not HEAD",
            ));
        };
        let mut job = read(surroundings)?;
        job.what = format!("{system}, {}", job.what);
        Ok(job)
    }

    /// What was typed.
    pub(super) fn typed(base: Option<String>, head: Option<String>) -> Job {
        let head = Point::Revision(head.unwrap_or_else(|| "HEAD".to_owned()));
        let bases = base.filter(|base| !base.is_empty() && !is_zero(base)).map(Point::Revision).into_iter().collect();
        Job { what: "as typed".to_owned(), change: Change::Commits { head, bases }, names: Vec::new() }
    }
}

type Read = fn(&Surroundings<'_>) -> Result<Job, Error>;

/// The variable that tells of a system, its name, and who reads the rest. Jenkins comes last: its own
/// machines may run the others.
const SYSTEMS: [(&str, &str, Read); 7] = [
    ("GITHUB_ACTIONS", "GitHub Actions", github::read),
    ("GITLAB_CI", "GitLab", variables::gitlab),
    ("CIRCLECI", "CircleCI", variables::circle),
    ("TF_BUILD", "Azure Pipelines", variables::azure),
    ("BITBUCKET_BUILD_NUMBER", "Bitbucket", variables::bitbucket),
    ("BUILDKITE", "Buildkite", variables::buildkite),
    ("JENKINS_URL", "Jenkins", variables::jenkins),
];

impl Surroundings<'_> {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name)
    }

    pub(super) fn need(&self, name: &str) -> Result<String, Error> {
        self.get(name).ok_or_else(|| senseless(format!("the variable {name} is not set")))
    }

    /// The commit whose id a variable holds.
    pub(super) fn commit(&self, name: &str) -> Result<Point, Error> {
        Point::id(name, &self.need(name)?)
    }
}

impl Point {
    /// A commit by its id, which something says.
    pub(super) fn id(what: &str, text: &str) -> Result<Point, Error> {
        if is_id(text) && !is_zero(text) {
            Ok(Point::Id(text.to_ascii_lowercase()))
        } else {
            Err(senseless(format!("{what} is not the id of a commit: `{}`", short(text))))
        }
    }

    /// The tip of a branch by its name, which something says; also as `refs/heads/NAME`.
    pub(super) fn branch(what: &str, text: &str) -> Result<Point, Error> {
        let name = text.strip_prefix(HEADS).unwrap_or(text);
        if is_branch(name) {
            Ok(Point::Branch(name.to_owned()))
        } else {
            Err(senseless(format!("{what} is not the name of a branch: `{}`", short(text))))
        }
    }

    /// The revision it is in a clone.
    pub(super) fn revision(&self, remote: &str) -> String {
        match self {
            Point::Id(id) => id.clone(),
            Point::Branch(name) => format!("refs/remotes/{remote}/{name}"),
            Point::Revision(typed) => typed.clone(),
        }
    }

    /// What `git fetch` is to be told to get it, when that is known.
    pub(super) fn refspec(&self, remote: &str) -> Option<String> {
        match self {
            Point::Id(id) => Some(id.clone()),
            Point::Branch(name) => Some(format!("+{HEADS}{name}:refs/remotes/{remote}/{name}")),
            Point::Revision(typed) if is_id(typed) => Some(typed.clone()),
            Point::Revision(typed) => {
                let name = typed.strip_prefix(remote)?.strip_prefix('/').filter(|name| is_branch(name))?;
                Point::Branch(name.to_owned()).refspec(remote)
            }
        }
    }
}

pub(super) const HEADS: &str = "refs/heads/";

/// What a push brings: what was not there before, or on a branch that is new, what the default branch
/// does not have. (What other branches have may have come in this very push.) A commit that a branch was
/// forced away from may be gone.
pub(super) fn pushed(
    head: Point,
    before: Option<Point>,
    branch: Option<&str>,
    default: Option<&str>,
) -> Result<Change, Error> {
    let default =
        default.filter(|default| Some(*default) != branch.map(|name| name.strip_prefix(HEADS).unwrap_or(name)));
    let default = default.map(|default| Point::branch("the default branch's name", default)).transpose()?;
    Ok(Change::Commits { head, bases: before.into_iter().chain(default).collect() })
}

/// An id that is all zeros stands for nothing.
pub(super) fn before(what: &str, text: &str) -> Result<Option<Point>, Error> {
    if is_zero(text) { Ok(None) } else { Point::id(what, text).map(Some) }
}

pub(super) fn senseless(message: String) -> Error {
    Error::usage(message, "`--base REV` and `--head REV` name the commits without help from the CI system")
}

fn is_id(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_zero(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte == b'0')
}

/// The rules of `git check-ref-format`.
pub(super) fn is_branch(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_bad = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    name.split('/').all(is_part)
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && !name.contains(is_bad)
        && name.len() <= 1024
}

/// So much of a text as fits into a message, on one line.
pub(super) fn short(text: &str) -> String {
    inert(&text.chars().take(100).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_what_git_takes_for_one() {
        for name in ["main", "feature/a-b", "é", "a@b", "1.2", "refs/heads/x", "a'b", "a$(b)"] {
            assert!(is_branch(name), "{name}");
        }
        for name in [
            "",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock/b",
            "a..b",
            "a b",
            "a:b",
            "a^",
            "--upload-pack=x",
            "@",
            "a@{1}",
            "a.",
            "a\nb",
            "*",
        ] {
            assert!(!is_branch(name), "{name}");
        }
    }

    #[test]
    fn only_a_whole_id_names_a_commit() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(Point::id("x", &id.to_uppercase()).ok(), Some(Point::Id(id.to_owned())));
        for text in ["", "HEAD", &id[1..], &"0".repeat(40), "--upload-pack=x", &format!("{id}\n")] {
            assert!(Point::id("x", text).is_err(), "{text}");
        }
    }
}

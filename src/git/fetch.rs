//! `git fetch`: the one command of git's that skant runs, and only when it is asked to.

use std::process::{Command, Stdio};

/// How much of the history is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What is missing.
    Missing,
    /// Into a shallow clone: so many commits.
    Commits(u32),
    /// All of it, so that a shallow clone is shallow no more.
    All,
}

/// What is to be fetched from a remote.
#[derive(Debug)]
pub(crate) struct Fetch<'a> {
    pub(crate) remote: &'a str,
    pub(crate) refspecs: Vec<String>,
    pub(crate) depth: Depth,
}

impl Fetch<'_> {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["fetch".to_owned(), "--no-tags".to_owned()];
        match self.depth {
            Depth::Missing => {}
            Depth::Commits(count) => arguments.push(format!("--depth={count}")),
            Depth::All => arguments.push("--unshallow".to_owned()),
        }
        // Neither begins with a dash: they are checked where they come from.
        arguments.push(self.remote.to_owned());
        arguments.extend(self.refspecs.iter().cloned());
        arguments
    }

    /// The line to type.
    pub(crate) fn line(&self) -> String {
        let words = std::iter::once("git".to_owned()).chain(self.arguments());
        words.map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
    }

    /// Runs git. It asks nobody for a password, starts no hook and tidies nothing up.
    ///
    /// # Errors
    /// What git said.
    pub(crate) fn run(&self) -> Result<(), String> {
        let mut command = Command::new("git");
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false"]);
        command.args(self.arguments()).args(["--quiet", "--no-recurse-submodules"]);
        command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).stdout(Stdio::null());
        let output = command.output().map_err(|error| format!("cannot run git: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(said.lines().last().unwrap_or("git fetch failed").trim().to_owned())
    }
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./+:@=-".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_safe_to_paste() {
        let refspecs = vec!["+refs/heads/a$(b)'c:refs/remotes/origin/a$(b)'c".to_owned()];
        let fetch = Fetch { remote: "origin", refspecs, depth: Depth::All };
        let line = r"git fetch --no-tags --unshallow origin '+refs/heads/a$(b)'\''c:refs/remotes/origin/a$(b)'\''c'";
        assert_eq!(fetch.line(), line);
    }
}

//! `skant doctor`: what runs before a commit here, and the proof that it stops a key.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::install::{Guard, Place, agent_settings};
use super::{Outcome, print, shown, tell};
use crate::agent::{self, Agent};
use crate::error::Error;
use crate::git::{self, OpenRepo};
use crate::hook::Name;

/// The most bytes shown of what a hook says.
const MOST_SAID: u64 = 64 << 10;

pub(super) fn run() -> Result<Outcome, Error> {
    let place = Place::of_repo()?;
    print(|out| writeln!(out, "hooks: {}", shown(&place.folder)))?;
    let mut guard = Guard::Nothing(None);
    for name in Name::ALL {
        let found = place.guard(name);
        let told = match &found {
            Guard::Script => format!("skant runs, from {}", shown(&place.hook(name).file)),
            Guard::Line(file) => format!("{file} names skant"),
            Guard::Unknown => format!("{} names skant", shown(&place.hook(name).file)),
            Guard::Nothing(Some(advice)) => format!("skant does not run: {advice}"),
            Guard::Nothing(None) => "skant does not run".to_owned(),
        };
        print(|out| writeln!(out, "{}: {told}", name.as_str()))?;
        if name == Name::PreCommit {
            guard = found;
        }
    }
    tell_agents()?;
    let (told, outcome) = match guard {
        Guard::Script => proof(&place.hook(Name::PreCommit).file)?,
        Guard::Line(_) if !place.has_framework(Name::PreCommit) => {
            ("NOT guarded: the framework that would run skant is not in git's pre-commit: install it", Outcome::Found)
        }
        // What else a framework would run is none of our business.
        Guard::Line(_) => ("configured: try it with a commit, since what a framework runs was not", Outcome::Clean),
        Guard::Unknown => {
            let told = "cannot tell what that pre-commit does: `skant install` keeps it, and puts skant after it";
            (told, Outcome::Failed)
        }
        Guard::Nothing(_) => ("NOT guarded: `skant install` puts skant into pre-commit", Outcome::Found),
    };
    print(|out| writeln!(out, "{told}"))?;
    Ok(outcome)
}

/// What the settings of coding assistants say; what they run is not tried.
fn tell_agents() -> Result<(), Error> {
    for agent in Agent::ALL {
        let mut is_told = false;
        for settings in [false, true].into_iter().filter_map(|is_global| agent_settings(agent, is_global).ok()) {
            let file = shown(&settings.file);
            let told = match settings.guard() {
                agent::Guard::Runs => format!("{file} names skant"),
                agent::Guard::SwitchedOff => format!("{file} names skant, and switches all hooks off"),
                agent::Guard::Unreadable => format!("{file} cannot be read"),
                agent::Guard::Absent => continue,
            };
            is_told = true;
            print(|out| writeln!(out, "{}: {told}", agent.as_str()))?;
        }
        if !is_told && agent == Agent::ClaudeCode {
            print(|out| writeln!(out, "{}: skant does not run: `skant install --agent {0}`", agent.as_str()))?;
        }
    }
    Ok(())
}

/// The proof that our script stops a key, and nothing else.
fn proof(script: &Path) -> Result<(&'static str, Outcome), Error> {
    let repo = OpenRepo::current().map_err(|error| Error::usage(error, "start in a git repository"))?;
    let clean = rehearse(&repo, script, "nothing to see here\n").map_err(failed)?;
    let key = rehearse(&repo, script, &format!("key = {}\n", dummy())).map_err(failed)?;
    Ok(match (clean, key) {
        (Some(0), Some(1)) => ("guarded: a planted key was stopped, and a clean file was not", Outcome::Clean),
        (Some(0), Some(0)) => ("NOT guarded: a planted key was not stopped", Outcome::Found),
        _ => ("the hook does not run as it should: see what it says above", Outcome::Failed),
    })
}

/// Runs the hook as git would before a commit that adds one file; tells how it ended. The index and the
/// object are in a folder of their own, so that nothing of it is ever in the repository.
fn rehearse(repo: &OpenRepo, script: &Path, text: &str) -> io::Result<Option<i32>> {
    let stage = Stage::new()?;
    git::plant(&stage.0, "skant-doctor.txt", text.as_bytes()).map_err(io::Error::other)?;
    let mut command = Command::new(script);
    command.current_dir(repo.root()).env("SKANT_DOCTOR", "1");
    command.env("GIT_DIR", repo.git_dir()).env("GIT_WORK_TREE", repo.root());
    command.env("GIT_INDEX_FILE", stage.0.join("index")).env("GIT_OBJECT_DIRECTORY", stage.0.join("objects"));
    command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", repo.common_dir().join("objects"));
    // What a stopped commit says is of no interest; what does not work says so on standard error.
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stderr) = child.stderr.take() {
        let mut said = Vec::new();
        stderr.by_ref().take(MOST_SAID).read_to_end(&mut said)?;
        io::copy(&mut stderr, &mut io::sink())?;
        tell(&String::from_utf8_lossy(&said));
    }
    Ok(child.wait()?.code())
}

/// A key with all that makes a real one, which opens nothing: made of the hash of a sentence.
fn dummy() -> String {
    let digest = |text: &str| data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(text));
    let (front, back) = (digest("skant doctor") + &digest("a planted key"), digest("that opens nothing"));
    format!("sk-ant-{}-{}A-{}AAA", "api03", &front[..85], &back[..5])
}

/// A folder that is gone when we are.
struct Stage(PathBuf);

impl Stage {
    fn new() -> io::Result<Stage> {
        let name = |number: u32| format!("skant-doctor-{}-{number}", std::process::id());
        for number in 0..100 {
            let folder = std::env::temp_dir().join(name(number));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Stage(folder)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // There is nothing to be done about a folder that does not go.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn failed(error: io::Error) -> Error {
    Error::usage(format!("cannot rehearse a commit: {error}"), "is there room in the folder for temporary files?")
}

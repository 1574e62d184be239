//! `skant hook`: what git, and the frameworks around it, run before something leaves the machine.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::{ColorChoice, Subcommand};

use super::agent::{self, Client};
use super::scan::Options;
use super::{Outcome, staged, tell};
use crate::error::Error;
use crate::file::{self, read_all};
use crate::source::{HistoryOptions, Message, Push};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    hook: Hook,
}

#[derive(Debug, Subcommand)]
enum Hook {
    /// Scan what the next commit would record
    PreCommit(staged::Args),
    /// Scan the message of a commit that is being made
    CommitMsg {
        /// The file that holds it
        file: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// Scan what a push brings that the remote does not have; git says on standard input what is pushed
    PrePush {
        /// The remote's name, or its address
        remote: Option<String>,
        /// Its address
        url: Option<String>,
        /// Accept that the history of a shallow clone ends early
        #[arg(long)]
        allow_shallow: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Look at what Claude Code is about to do, or was given; its client says on standard input what
    ClaudeCode(AgentArgs),
    /// The same for Codex
    Codex(AgentArgs),
    /// The same for Copilot's command line
    Copilot(AgentArgs),
    /// The same for Cursor
    Cursor(AgentArgs),
    /// Scan what is pushed to this repository, before it is accepted; git says on standard input what
    PreReceive {
        /// Accept that the history of a shallow clone ends early
        #[arg(long)]
        allow_shallow: bool,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, clap::Args)]
struct AgentArgs {
    /// Block what cannot be looked at, too
    #[arg(long)]
    strict: bool,
    /// Take config and baseline as of that commit (default: `HEAD`): what the assistant writes into them is no excuse
    #[arg(long, value_name = "REV")]
    config_from: Option<String>,
}

impl AgentArgs {
    fn run(&self, client: Client) -> Result<Outcome, Error> {
        agent::run(client, self.strict, self.config_from.as_deref())
    }
}

pub(super) fn run(arguments: Args, color: ColorChoice) -> Result<Outcome, Error> {
    match arguments.hook {
        Hook::PreCommit(arguments) => staged::run(arguments, color),
        Hook::CommitMsg { file, options } => options.scan(&Message::new(&file), color),
        Hook::PrePush { remote, url: _, allow_shallow, options } => {
            let wanted = HistoryOptions { allow_shallow, ..HistoryOptions::default() };
            options.scan(&pushed(remote.as_deref(), wanted)?, color)
        }
        Hook::ClaudeCode(arguments) => arguments.run(Client::ClaudeCode),
        Hook::Codex(arguments) => arguments.run(Client::Codex),
        Hook::Copilot(arguments) => arguments.run(Client::Copilot),
        Hook::Cursor(arguments) => arguments.run(Client::Cursor),
        Hook::PreReceive { allow_shallow, options } => {
            let wanted = HistoryOptions { allow_shallow, ..HistoryOptions::default() };
            options.scan(&Push::received(&input()?, wanted)?, color)
        }
    }
}

/// What is pushed: git says so on standard input, and what it says counts. pre-commit takes that for itself, and says
/// so in the environment (which what it runs inherits, another push included); when it runs at another time, nobody does.
fn pushed(remote: Option<&str>, wanted: HistoryOptions) -> Result<Push, Error> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let framework_remote = set("PRE_COMMIT_REMOTE_NAME");
    let remote = remote.or(framework_remote.as_deref());
    let to = set("PRE_COMMIT_TO_REF");
    if to.is_none() && set("PRE_COMMIT").is_none() {
        return Push::sent(&input()?, remote, wanted);
    }
    let said = input_soon()?;
    match to {
        _ if !said.is_empty() => Push::sent(&said, remote, wanted),
        Some(to) => Push::named(set("PRE_COMMIT_FROM_REF").as_deref(), &to, remote, wanted),
        None => Push::named(None, "HEAD", remote, wanted),
    }
}

/// The most bytes that git may say of a push: of a hundred thousand refs.
const LARGEST: u64 = 16 << 20;

/// How long a framework may leave standard input open: git writes what it has to say at once.
const PATIENCE: Duration = Duration::from_secs(3);

/// What there is on standard input where a framework has its hand on it; nothing when it is never closed.
fn input_soon() -> Result<String, Error> {
    let stdin = io::stdin();
    if stdin.is_terminal() || file::is_null(&stdin) {
        return Ok(String::new());
    }
    let (sender, receiver) = mpsc::channel();
    // Whoever waits for ever is ended with the program.
    thread::spawn(move || sender.send(input()));
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        tell("standard input stays open: what is pushed is taken from the variables of pre-commit");
        Ok(String::new())
    })
}

fn input() -> Result<String, Error> {
    let failed = |message: String| Error::usage(message, "git writes a line for each ref that is pushed");
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(failed("standard input is a terminal, and this is a hook".to_owned()));
    }
    // A closed one leads there, and so does one that a program between did not hand on.
    if file::is_null(&stdin) {
        return Err(failed("standard input is closed, and this is a hook".to_owned()));
    }
    let bytes = read_all(stdin, LARGEST).map_err(|error| failed(format!("cannot read standard input: {error}")))?;
    String::from_utf8(bytes).map_err(|_| failed("standard input is not UTF-8".to_owned()))
}

//! What can be typed, and the wiring of each command.

mod agent;
mod anthropic;
mod baseline;
mod ci;
mod completions;
mod config;
mod doctor;
mod history;
mod hook;
mod install;
mod man;
mod mcp;
mod merge;
mod policy;
mod progress;
mod repositories;
mod rules;
mod scan;
mod staged;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValue;
use clap::{ColorChoice, Parser, Subcommand, ValueEnum};
use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::blob::path_bytes;
use crate::error::Error;
use crate::fault;
use crate::file::read_all;
use crate::finding::no_command;
use crate::rule::{Confidence, RuleSet, Severity};
use crate::scan::{Scanner, Scratch};

/// Find leaked credentials, Anthropic keys first, before they leave the machine.
#[derive(Debug, Parser)]
#[command(name = "skant", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    shared: Shared,
}

const EXIT_CODES: &str = "\
Exit codes: 0 everything was scanned and nothing found; 1 secrets found; 2 something asked for
could not be scanned or understood (findings are printed all the same).";

#[derive(Debug, Subcommand)]
enum Command {
    /// Scan files and folders as they lie on disk
    Scan(scan::Args),
    /// Scan git's history: every object that refs reach, or some commits
    History(history::Args),
    /// Scan what the next commit would record: git's index against HEAD
    Staged(staged::Args),
    /// Scan what a pull request or a push brought, as the CI system around us tells it
    Ci(ci::Args),
    /// Speak the protocol of a git hook
    Hook(hook::Args),
    /// Put skant into a hook of this repository, or of all
    Install(install::Args),
    /// Take skant out of the hooks again
    Uninstall(install::UninstallArgs),
    /// Show what runs before a commit here, and prove that it stops a key (0 guarded, 1 not)
    Doctor,
    /// Serve scans to a coding assistant, by the Model Context Protocol on standard input and output
    Mcp,
    /// Join reports into what one run would have given
    Merge(merge::Args),
    /// Keep the list of what is already known
    Baseline(baseline::Args),
    /// Show the settings in force, and what is wrong with them
    Config(config::Args),
    /// Show what is looked for, and why
    Rules(rules::Args),
    /// Find out which of an organisation's keys leaked, and switch one off
    Anthropic(anthropic::Args),
    /// Write what a shell needs to complete skant's command line
    Completions(completions::Args),
    /// Write a page of the manual, for `man`
    Man(man::Args),
}

/// Options of every command.
#[derive(Debug, clap::Args)]
struct Shared {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: ColorChoice,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Everything asked for was scanned, nothing to report.
    Clean,
    /// There are findings.
    Found,
    /// Something asked for could not be scanned or understood; has been told.
    Failed,
    /// Of a coding assistant's hook: what it is about shall not happen; has been told.
    Blocked,
    /// Likewise: skant cannot tell; has been told.
    Unsure,
}

impl Outcome {
    /// What the program ends with.
    fn code(self) -> u8 {
        match self {
            Outcome::Clean => 0,
            Outcome::Found | Outcome::Unsure => 1,
            Outcome::Failed | Outcome::Blocked => 2,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(outcome.code())
    }
}

/// Runs what the arguments ask for. What goes wrong is told on standard error.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    leave_no_core();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                tell(&error.render().to_string());
                return Outcome::Failed.into();
            }
            // Help and version are no errors; there is nowhere to tell of a failure to print them.
            let _ = error.print();
            return Outcome::Clean.into();
        }
    };
    tell_of_faults();
    let ran = std::panic::catch_unwind(|| run(cli));
    let outcome = ran.unwrap_or(Ok(Outcome::Failed)).unwrap_or_else(|error| {
        show(&error);
        Outcome::Failed
    });
    #[cfg(debug_assertions)]
    if let Some(passed) = fault::passed() {
        tell(&format!("places that could fail: {passed}"));
    }
    outcome.into()
}

/// Tells of a fault of ours where it is, and not what it was about, which may be secret.
fn tell_of_faults() {
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map_or_else(String::new, |place| format!(" ({}:{})", place.file(), place.line()));
        let said = format!("error: this is a fault of skant's, please report it{place}; the scan is incomplete");
        // There is nowhere left to tell of a failure to write this.
        let _ = writeln!(io::stderr(), "{said}");
    }));
}

/// What is in memory may be secret: the system shall not write it down when something goes wrong.
fn leave_no_core() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Where that is refused nothing is lost.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
}

fn run(cli: Cli) -> Result<Outcome, Error> {
    if let Some(directory) = &cli.shared.directory {
        std::env::set_current_dir(directory).map_err(|error| {
            Error::usage(format!("cannot enter {}: {error}", directory.display()), "`-C` takes a folder")
        })?;
    }
    match cli.command {
        Command::History(arguments) => history::run(arguments, cli.shared.color),
        Command::Scan(arguments) => scan::run(arguments, cli.shared.color),
        Command::Staged(arguments) => staged::run(arguments, cli.shared.color),
        Command::Ci(arguments) => ci::run(arguments, cli.shared.color),
        Command::Hook(arguments) => hook::run(arguments, cli.shared.color),
        Command::Install(arguments) => install::install(arguments),
        Command::Uninstall(arguments) => install::uninstall(arguments),
        Command::Doctor => doctor::run(),
        Command::Mcp => mcp::run(),
        Command::Merge(arguments) => merge::run(&arguments, cli.shared.color),
        Command::Baseline(arguments) => baseline::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Rules(arguments) => rules::run(arguments),
        Command::Anthropic(arguments) => anthropic::run(arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}

/// Shows an error as a compiler would. Its lines are as long as they are: half a key is no longer known as one.
fn show(error: &Error) {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_wrap_lines(false);
    match handler.render_report(&mut text, error) {
        Ok(()) => tell(&text),
        Err(_) => tell(&format!("error: {error}")),
    }
}

/// Writes to standard error. What was typed may be hostile, or a key in the wrong place: it is
/// made inert, and masked, and no line of it is a command to a CI system.
fn tell(text: &str) {
    let (scanner, mut scratch) = (Scanner::new(&RuleSet::builtin()), Scratch::default());
    let mut stderr = io::stderr().lock();
    for line in text.lines() {
        // There is nowhere left to tell of a failure to write this.
        let _ = writeln!(stderr, "{}", no_command(&scanner.mask(line.as_bytes(), &mut scratch)));
    }
}

/// A path as it is shown: on one line, inert, and masked.
fn shown(path: &Path) -> String {
    Scanner::new(&RuleSet::builtin()).mask(&path_bytes(path), &mut Scratch::default())
}

/// Text as it is shown, likewise.
fn masked(text: &str) -> String {
    Scanner::new(&RuleSet::builtin()).mask(text.as_bytes(), &mut Scratch::default())
}

/// All of a file that was named, or of standard input for `-`, at most so many bytes.
fn read(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    if file.as_os_str() == "-" { read_all(io::stdin(), most) } else { read_file(file, most) }
}

/// The same of a file, whatever its name.
fn read_file(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_all(File::open(file)?, most)
}

/// The most bytes a report may have that is read again, or another file that was named: what is made of it takes
/// several times as much.
const LARGEST: u64 = 32 << 20;

/// Whether colours are wanted on a stream: what was asked for, then the environment's word, then
/// whether a person is looking.
fn wants_color(choice: ColorChoice, stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
                return false;
            }
            if set("CLICOLOR_FORCE") || set("FORCE_COLOR") {
                return true;
            }
            let refused = std::env::var_os("CLICOLOR").is_some_and(|value| value == "0");
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            !refused && !dumb && stream.is_terminal()
        }
    }
}

/// Writes to standard output. A reader that has gone away is no error.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    match fault::point().and_then(|()| write(&mut stdout)).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(Error::Write { path: "standard output".into(), source }),
        Ok(()) => Ok(()),
    }
}

/// Lets a level be typed by its name.
macro_rules! typed_level {
    ($type:ident) => {
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [$type] {
                $type::ALL
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(self.as_str()))
            }
        }
    };
}

typed_level!(Severity);
typed_level!(Confidence);

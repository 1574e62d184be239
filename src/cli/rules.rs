//! `skant rules`: what is looked for, and why.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Outcome, print, read_file};
use crate::blob::{Blob, Origin};
use crate::error::Error;
use crate::rule::spec::{RuleFile, RuleSpec};
use crate::rule::{Files, Finder, Keyword, Rule, RuleSet};
use crate::scan::{Scanner, Scratch};

/// The most bytes of a rule file: a rule that was read takes ten times as much, and more.
const LARGEST: u64 = 4 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List every rule: id, severity, confidence, name
    List,
    /// Show one rule
    Show {
        /// Its id
        id: String,
    },
    /// Run the hits and misses of a rule file: each hit is found by its rule alone, no miss by any
    Test {
        /// The file, as given to `--rules`
        file: PathBuf,
    },
}

pub(super) fn run(arguments: Args) -> Result<Outcome, Error> {
    let rules = RuleSet::builtin();
    match arguments.command {
        Command::List => print(|out| list(&rules, out))?,
        Command::Show { id } => {
            let rule = rules
                .get(&id)
                .ok_or_else(|| Error::usage(format!("there is no rule `{id}`"), "`skant rules list` shows every id"))?;
            print(|out| show(rule, out))?;
        }
        Command::Test { file } => return test(rules, &file),
    }
    Ok(Outcome::Clean)
}

/// The name and the text of a rule file.
pub(super) fn read(path: &Path) -> Result<(String, String), Error> {
    let name = path.display().to_string();
    let text = read_file(path, LARGEST).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    let text = text.map_err(|error| {
        Error::usage(
            format!("cannot read the rule file {name}: {error}"),
            "it is a TOML file; docs/rules.md describes it",
        )
    })?;
    Ok((name, text))
}

fn list(rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    let rules = rules.in_order();
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules {
        writeln!(out, "{:width$}  {:8}  {:6}  {}", rule.id, rule.severity, rule.confidence, rule.name)?;
    }
    Ok(())
}

fn show(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n\n{} ({})", rule.id, rule.name, rule.provider)?;
    writeln!(out, "severity    {}\nconfidence  {}", rule.severity, rule.confidence)?;
    match &rule.finder {
        Finder::Token { keywords, .. } => {
            let shown: Vec<_> = keywords.iter().take(6).map(Keyword::as_str).collect();
            let more = if keywords.len() > shown.len() { ", ..." } else { "" };
            writeln!(out, "keywords    {}{more}", shown.join(", "))?;
        }
        Finder::Value { names, near } => {
            writeln!(
                out,
                "names       {}",
                if names.is_empty() { "any secret-like name".into() } else { names.join(", ") }
            )?;
            if !near.is_empty() {
                writeln!(out, "near        {}", near.join(", "))?;
            }
        }
        Finder::Search(search) => writeln!(out, "keywords    {}", search.keywords.join(", "))?,
        Finder::File(files) => {
            let which = match files {
                Files::Tracked => "those that git tracks",
                Files::NotIgnored => "those that git would add",
                Files::Example => "those that are not ignored",
                Files::Copied => "those that a Docker build copies",
            };
            writeln!(out, "files       with secrets: {which}; by name:")?;
        }
    }
    writeln!(out, "pattern     {}", rule.pattern.as_str().trim())?;
    writeln!(out, "\n{}", rule.help)?;
    if rule.help_url.is_empty() { Ok(()) } else { writeln!(out, "{}", rule.help_url) }
}

fn test(mut rules: RuleSet, path: &Path) -> Result<Outcome, Error> {
    let (name, text) = read(path)?;
    rules.add_file(&name, &text)?;
    let file: RuleFile = toml::from_str(&text).expect("it was read a moment ago");
    let scanner = Scanner::new(&rules);
    let (mut faults, mut untested) = (0, 0);
    print(|out| {
        for rule in &file.rules {
            let wrong = wrong_examples(&scanner, rule);
            faults += wrong.len();
            untested += usize::from(rule.hits.is_empty());
            let told = if !wrong.is_empty() {
                "FAILED"
            } else if rule.hits.is_empty() {
                "no hits"
            } else {
                "ok"
            };
            writeln!(out, "{told:7}  {}: {} hits, {} misses", rule.id, rule.hits.len(), rule.misses.len())?;
            wrong.iter().try_for_each(|fault| writeln!(out, "         {fault}"))?;
        }
        writeln!(out, "\n{} rules, {faults} examples fail, {untested} rules have no hit", file.rules.len())
    })?;
    Ok(if faults == 0 { Outcome::Clean } else { Outcome::Found })
}

/// What is wrong with a rule's examples, a sentence for each; none repeats a text.
fn wrong_examples(scanner: &Scanner, rule: &RuleSpec) -> Vec<String> {
    let origin = Origin::file("example.txt");
    let mut scratch = Scratch::default();
    let mut found = |example: &str| {
        let text = example.replace("{}", "");
        let scanned = scanner.scan(&Blob { bytes: text.as_bytes(), origin: &origin }, &mut scratch);
        let dismissed =
            scanned.dismissed.iter().map(|one| format!("{} ({})", one.finding.rule.id, one.reason.as_str()));
        let ids: Vec<String> = scanned.findings.iter().map(|finding| finding.rule.id.clone()).collect();
        (ids, dismissed.collect::<Vec<_>>().join(", "))
    };
    let mut wrong = Vec::new();
    for (at, hit) in rule.hits.iter().enumerate() {
        let (ids, dismissed) = found(hit);
        if ids != [rule.id.as_str()] {
            let why = if dismissed.is_empty() { String::new() } else { format!("; dismissed: {dismissed}") };
            let by = if ids.is_empty() { "nothing".to_owned() } else { ids.join(", ") };
            wrong.push(format!("hit {} is found by {by}{why}", at + 1));
        }
    }
    for (at, miss) in rule.misses.iter().enumerate() {
        let (ids, _) = found(miss);
        if !ids.is_empty() {
            wrong.push(format!("miss {} is found by {}", at + 1, ids.join(", ")));
        }
    }
    wrong
}

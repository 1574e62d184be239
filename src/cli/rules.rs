//! `skant rules`: what is looked for, and why.

use std::io::Write;

use clap::Subcommand;

use super::{Outcome, print};
use crate::error::Error;
use crate::rule::{Finder, Keyword, Rule, RuleSet};

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
    }
    Ok(Outcome::Clean)
}

fn list(rules: &RuleSet, out: &mut dyn Write) -> std::io::Result<()> {
    let mut rules: Vec<_> = rules.iter().collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules {
        writeln!(out, "{:width$}  {:8}  {:6}  {}", rule.id, rule.severity, rule.confidence, rule.name)?;
    }
    Ok(())
}

fn show(rule: &Rule, out: &mut dyn Write) -> std::io::Result<()> {
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
    }
    writeln!(out, "pattern     {}", rule.pattern.as_str().trim())?;
    writeln!(out, "\n{}", rule.help)?;
    if rule.help_url.is_empty() { Ok(()) } else { writeln!(out, "{}", rule.help_url) }
}

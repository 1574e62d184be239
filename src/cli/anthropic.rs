//! `skant anthropic`: which keys of an organisation leaked, and switching them off.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{LARGEST, Outcome, print, read, tell};
use crate::anthropic::{Admin, Creator, Key, Leak, Leaks, is_hint};
use crate::error::Error;
use crate::finding::inert;
use crate::rule::RuleSet;

/// How many places of a leak people are told.
const MOST_PLACES: usize = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say which of an organisation's keys the masked findings of reports are (0 none is active, 1 some are)
    Match {
        #[command(flatten)]
        asked: Asked,
        /// The format of standard output
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: Format,
    },
    /// Make the one key inactive that leaked; without --yes nothing is changed
    Deactivate {
        #[command(flatten)]
        asked: Asked,
        /// The key's id, `apikey_...`, where several leaked
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
}

/// What both commands are told.
#[derive(Debug, clap::Args)]
struct Asked {
    /// Reports of skant's: `json`, `jsonl` or `sarif`; `-` is standard input
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    /// How many seconds an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=600))]
    timeout: u16,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// A leaked credential, and the keys of the organisation that it may be.
struct Matched {
    leak: Leak,
    keys: Vec<Key>,
}

pub(super) fn run(arguments: Args) -> Result<Outcome, Error> {
    match arguments.command {
        Command::Match { asked, format } => {
            let (admin, leaks) = asked.read()?;
            let matched = matched(&admin, leaks)?;
            match format {
                Format::Human => print(|out| write(&matched, out))?,
                Format::Json => print(|out| write_json(&matched, out))?,
            }
            Ok(outcome(&matched))
        }
        Command::Deactivate { asked, id, yes } => {
            let (admin, leaks) = asked.read()?;
            let matched = matched(&admin, leaks)?;
            deactivate(&admin, &matched, id.as_deref(), yes)
        }
    }
}

impl Asked {
    fn read(&self) -> Result<(Admin, Vec<Leak>), Error> {
        let admin = Admin::from_environment(Duration::from_secs(self.timeout.into()))?;
        let mut leaks = Leaks::default();
        for report in &self.reports {
            let name = super::shown(report);
            let bytes = read(report, LARGEST).map_err(|error| {
                Error::usage(format!("cannot read the report {name}: {error}"), "name a report that skant wrote")
            })?;
            leaks.read(&name, &bytes)?;
        }
        if leaks.is_incomplete {
            tell("note: a report is of a scan that was not complete: there may be more leaks than it tells of");
        }
        Ok((admin, leaks.into_vec()))
    }
}

/// Looks the leaks up among the organisation's keys. Where nothing leaked nobody is asked.
fn matched(admin: &Admin, leaks: Vec<Leak>) -> Result<Vec<Matched>, Error> {
    let keys = if leaks.iter().any(|leak| is_hint(&leak.mask)) { admin.keys()? } else { Vec::new() };
    let of = |leak: &Leak| {
        let is_it = |key: &&Key| is_hint(&leak.mask) && key.partial_key_hint.as_deref() == Some(&leak.mask);
        keys.iter().filter(is_it).cloned().collect()
    };
    Ok(leaks.into_iter().map(|leak| Matched { keys: of(&leak), leak }).collect())
}

fn outcome(matched: &[Matched]) -> Outcome {
    let is_active = matched.iter().flat_map(|one| &one.keys).any(Key::is_active);
    if is_active { Outcome::Found } else { Outcome::Clean }
}

fn write(matched: &[Matched], out: &mut dyn Write) -> io::Result<()> {
    let rules = RuleSet::builtin();
    for Matched { leak, keys } in matched {
        writeln!(out, "{}  {}  {}", leak.mask, leak.rule, places(leak))?;
        if keys.len() > 1 {
            writeln!(out, "  {} keys have this hint; it is one of them:", keys.len())?;
        }
        keys.iter().try_for_each(|key| write_key(key, out))?;
        if keys.is_empty() {
            let page = rules.get(&leak.rule).map(|rule| &*rule.help_url).filter(|page| !page.is_empty());
            let page = page.map(|page| format!("; see {page}")).unwrap_or_default();
            writeln!(out, "  {}{page}", unknown(leak))?;
        }
        writeln!(out)?;
    }
    let found = matched.iter().filter(|one| !one.keys.is_empty()).count();
    let active = matched.iter().filter(|one| one.keys.iter().any(Key::is_active)).count();
    match matched.len() {
        0 => writeln!(out, "no Anthropic credential is in these reports"),
        leaks => writeln!(out, "{leaks} leaked, {found} of them keys of this organisation, {active} of these active"),
    }
}

/// Why a leak is no key of the organisation, as far as that can be told.
fn unknown(leak: &Leak) -> &'static str {
    if is_hint(&leak.mask) {
        "no API key of this organisation has this hint: it is of another organisation, or of another kind"
    } else {
        "its mask is no hint of an API key, so it cannot be looked up"
    }
}

fn places(leak: &Leak) -> String {
    let shown: Vec<&str> = leak.places.iter().take(MOST_PLACES).map(String::as_str).collect();
    let more = leak.places.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn write_key(key: &Key, out: &mut dyn Write) -> io::Result<()> {
    let or = |text: &Option<String>, none: &str| inert(text.as_deref().unwrap_or(none));
    let creator = key.created_by.clone().unwrap_or(Creator { id: None, kind: None });
    writeln!(out, "  {}  {}  \"{}\"", inert(&key.status), inert(&key.id), or(&key.name, ""))?;
    writeln!(
        out,
        "    workspace {}; created {} by {} {}; expires {}",
        or(&key.workspace_id, "default"),
        or(&key.created_at, "(unknown)"),
        or(&creator.kind, "somebody"),
        or(&creator.id, "(unknown)"),
        or(&key.expires_at, "never"),
    )
}

fn write_json(matched: &[Matched], out: &mut dyn Write) -> io::Result<()> {
    let key = |key: &Key| {
        let creator = key.created_by.as_ref().map(|by| json!({ "id": by.id, "type": by.kind }));
        json!({
            "id": key.id, "name": key.name, "status": key.status, "partial_key_hint": key.partial_key_hint,
            "workspace_id": key.workspace_id, "created_at": key.created_at, "created_by": creator,
            "expires_at": key.expires_at,
        })
    };
    let leak = |one: &Matched| {
        let keys: Vec<Value> = one.keys.iter().map(key).collect();
        json!({ "secret": one.leak.mask, "rule": one.leak.rule, "places": one.leak.places, "keys": keys })
    };
    let leaks: Vec<Value> = matched.iter().map(leak).collect();
    let document = json!({
        "schema_version": 1,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "leaks": leaks,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Makes one key inactive: the only one that is active, or the one that was named, among those that
/// leaked.
fn deactivate(admin: &Admin, matched: &[Matched], id: Option<&str>, yes: bool) -> Result<Outcome, Error> {
    let key = match chosen(matched, id)? {
        Some(key) if key.is_active() => key,
        Some(key) => {
            print(|out| {
                write_key(key, out)?;
                writeln!(out, "it is {} already: nothing to do", inert(&key.status))
            })?;
            return Ok(Outcome::Clean);
        }
        None => {
            print(|out| {
                write(matched, out)?;
                writeln!(out, "none of them is active: nothing to do")
            })?;
            return Ok(Outcome::Clean);
        }
    };
    if !yes {
        print(|out| {
            write_key(key, out)?;
            writeln!(out, "nothing was changed: with --yes this key becomes inactive, which can be undone")
        })?;
        return Ok(Outcome::Found);
    }
    let now = admin.deactivate(key)?;
    print(|out| {
        write_key(&now, out)?;
        writeln!(
            out,
            "the API answers that it is {} now. Watch its usage; when nothing misses it, archive it, which is for ever",
            inert(&now.status)
        )
    })?;
    Ok(Outcome::Clean)
}

/// The key that is meant: nothing when none that leaked is active.
fn chosen<'a>(matched: &'a [Matched], id: Option<&str>) -> Result<Option<&'a Key>, Error> {
    if let Some(id) = id {
        let key = matched.iter().flat_map(|one| &one.keys).find(|key| key.id == id);
        let help = "`skant anthropic match` shows the keys that leaked, with their ids";
        return key.map(Some).ok_or_else(|| Error::usage(format!("no key that leaked has the id {id}"), help));
    }
    let active: Vec<&Matched> = matched.iter().filter(|one| one.keys.iter().any(Key::is_active)).collect();
    if let Some(one) = active.iter().find(|one| one.keys.len() > 1) {
        return Err(ambiguous(&format!("{} may be any of {} keys", one.leak.mask, one.keys.len()), &one.keys));
    }
    let keys: Vec<Key> = active.iter().flat_map(|one| one.keys.clone()).collect();
    let ids: BTreeSet<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    if ids.len() > 1 {
        return Err(ambiguous(&format!("{} active keys leaked", ids.len()), &keys));
    }
    Ok(active.first().and_then(|one| one.keys.first()))
}

fn ambiguous(what: &str, keys: &[Key]) -> Error {
    let named: Vec<String> = keys.iter().map(|key| format!("{} ({})", inert(&key.id), inert(&key.status))).collect();
    let message = format!("{what}, and one is deactivated at a time: {}", named.join(", "));
    Error::usage(message, "nothing was changed; name one of them with `--id`")
}

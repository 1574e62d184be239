//! `skant config`: the settings in force, and a linter for them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::policy::{Place, root_around};
use super::{Outcome, print, show};
use crate::baseline::Baseline;
use crate::blob::path_bytes;
use crate::config::{Config, Date, Files, NAMES};
use crate::error::Error;
use crate::policy::read_baseline;
use crate::rule::RuleSet;
use crate::scan::{Scanner, Scratch};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the settings in force in a folder, and where they are from
    Show {
        /// The folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Write the equivalent of another tool's file to standard output, and what it lacks to standard error
    Migrate {
        /// A gitleaks config or report, or detect-secrets' baseline
        file: PathBuf,
    },
    /// Print the JSON Schema of a config, for editors
    Schema,
    /// Tell what is wrong or dead in the configs of a repository (0 nothing, 1 warnings, 2 errors)
    Check {
        /// Look at this file only
        file: Option<PathBuf>,
    },
}

pub(super) fn run(arguments: &Args) -> Result<Outcome, Error> {
    match &arguments.command {
        Command::Show { folder } => show_config(folder),
        Command::Migrate { file } => migrate(file),
        Command::Schema => {
            print(|out| out.write_all(include_bytes!("../../docs/skant.schema.json")))?;
            Ok(Outcome::Clean)
        }
        Command::Check { file: Some(file) } => {
            let config = Config::named(file)?;
            let root = root_around(Path::new("."));
            Ok(outcome(check(&config, "", &paths(&root), true)?))
        }
        Command::Check { file: None } => check_all(),
    }
}

/// A config of ours for one of gitleaks', a baseline of ours for other tools' lists.
fn migrate(file: &Path) -> Result<Outcome, Error> {
    let name = file.display().to_string();
    let text = Files::Disk(".".into()).read(&name)?;
    let text =
        text.ok_or_else(|| Error::usage(format!("there is no {name}"), "name a file of gitleaks or detect-secrets"))?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    let (new, left) = if is_json {
        super::baseline::carried(&Baseline::parse(&name, text)?)?
    } else {
        Config::gitleaks(file)?.migrated()
    };
    print(|out| out.write_all(new.as_bytes()))?;
    let left: Vec<String> = left.iter().map(|one| format!("not carried: {one}")).collect();
    super::tell(&left.join("\n"));
    Ok(Outcome::Clean)
}

fn outcome(warnings: usize) -> Outcome {
    if warnings > 0 { Outcome::Found } else { Outcome::Clean }
}

/// The configs that have a word in a folder, nearest first, and the folders they are for.
fn in_force(folder: &Path) -> Result<Vec<(String, Config)>, Error> {
    let root = root_around(folder);
    let here = fs::canonicalize(folder)
        .map_err(|error| Error::usage(format!("cannot enter {}: {error}", folder.display()), "name a folder"))?;
    let files = Place::Folder(root.clone()).files()?;
    let mut configs = Vec::new();
    for above in here.ancestors().take_while(|above| above.starts_with(&root)) {
        let relative = path_bytes(above.strip_prefix(&root).unwrap_or(above));
        let relative = String::from_utf8_lossy(&relative).into_owned();
        let relative = if relative.is_empty() { relative } else { relative + "/" };
        if let Some(config) = Config::of_folder(&files, &relative)? {
            configs.push((relative, config));
        }
    }
    Ok(configs)
}

fn show_config(folder: &Path) -> Result<Outcome, Error> {
    let configs = in_force(folder)?;
    let mut rules = RuleSet::builtin();
    let root = configs.iter().find(|(folder, _)| folder.is_empty());
    if let Some((_, config)) = root {
        config.change(&mut rules)?;
    }
    // What people write into a config may hold a secret, or lines that a terminal or a CI system obeys.
    let (scanner, mut scratch) = (Scanner::new(&rules).counting(), Scratch::default());
    let mut shown = |text: &str| scanner.mask(text.as_bytes(), &mut scratch);
    print(|out| {
        if configs.is_empty() {
            writeln!(out, "# no config: {} at the root of the repository would be one", NAMES.join(", "))?;
        }
        for (number, (_, config)) in configs.iter().enumerate() {
            let how = if number == 0 { "in force" } else { "inherited" };
            config.names.iter().try_for_each(|name| writeln!(out, "# {how}: {}", shown(name)))?;
        }
        writeln!(out, "# {} rules", rules.len())?;
        configs.iter().try_for_each(|(_, config)| write(config, &mut shown, out))
    })?;
    Ok(Outcome::Clean)
}

fn check_all() -> Result<Outcome, Error> {
    let root = root_around(Path::new("."));
    let (files, paths) = (Files::Disk(root.clone()), paths(&root));
    let mut folders: Vec<&str> = vec![""];
    let has_config = |path: &&String| NAMES.iter().any(|name| path.ends_with(&format!("/{name}")));
    folders.extend(paths.iter().filter(has_config).map(|path| {
        let folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
        folder.strip_suffix(".github/").unwrap_or(folder)
    }));
    folders.sort_unstable();
    folders.dedup();
    let (mut warnings, mut errors) = (0, 0);
    for folder in folders {
        let checked = Config::of_folder(&files, folder)
            .and_then(|config| config.map_or(Ok(0), |config| check(&config, folder, &paths, folder.is_empty())));
        match checked {
            Ok(count) => warnings += count,
            Err(error) => {
                show(&error);
                errors += 1;
            }
        }
    }
    match read_baseline(&files) {
        Ok(baseline) => {
            let gone = baseline.map(|baseline| baseline.paths()).unwrap_or_default();
            let gone: Vec<String> =
                gone.into_iter().filter(|path| !path.starts_with('<') && !files.has(path)).collect();
            warnings += gone.len();
            let (scanner, mut scratch) = (Scanner::new(&RuleSet::builtin()).counting(), Scratch::default());
            print(|out| {
                gone.iter().try_for_each(|path| {
                    let path = scanner.mask(path.as_bytes(), &mut scratch);
                    let way_out = "the baseline has entries for it: `skant baseline update`";
                    writeln!(out, "warning: {path} is gone, and {way_out}")
                })
            })?;
        }
        Err(error) => {
            show(&error);
            errors += 1;
        }
    }
    if errors > 0 {
        return Ok(Outcome::Failed);
    }
    if warnings == 0 {
        print(|out| writeln!(out, "nothing to complain about"))?;
    }
    Ok(outcome(warnings))
}

/// Tells what is dead or too wide in a config; gives the number.
fn check(config: &Config, folder: &str, paths: &[String], is_root: bool) -> Result<usize, Error> {
    let mut rules = RuleSet::builtin();
    if is_root {
        config.change(&mut rules)?;
    }
    let warnings = config.warnings(&rules, folder, paths, Date::today());
    warnings.iter().for_each(show);
    Ok(warnings.len())
}

/// Every file below a root, in order.
fn paths(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(path);
            } else if !kind.is_dir() {
                let relative = path_bytes(path.strip_prefix(root).unwrap_or(&path));
                all.push(String::from_utf8_lossy(&relative).into_owned());
            }
        }
    }
    all.sort();
    all
}

fn write(config: &Config, shown: &mut dyn FnMut(&str) -> String, out: &mut dyn Write) -> io::Result<()> {
    for change in &config.changes {
        writeln!(out, "\n[rules.\"{}\"] # {}", shown(change.rules.as_str()), shown(&change.place()))?;
        change.enabled.map_or(Ok(()), |enabled| writeln!(out, "enabled = {enabled}"))?;
        change.severity.map_or(Ok(()), |severity| writeln!(out, "severity = \"{severity}\""))?;
        change.confidence.map_or(Ok(()), |confidence| writeln!(out, "confidence = \"{confidence}\""))?;
    }
    for id in config.added() {
        writeln!(out, "\n[[rule]]\nid = \"{}\"", shown(id))?;
    }
    for allow in &config.allow {
        let until = allow.until.map(|until| format!(", until {until}")).unwrap_or_default();
        let (at, about) = (shown(&allow.at.shown()), shown(&allow.about));
        writeln!(out, "\n[[allow]] # {at}{until}\n# {about}\n# {}", shown(&allow.reason))?;
    }
    Ok(())
}

//! What a repository says of its own findings: `skant.toml`, and what other tools' files say of theirs.

mod allow;
mod date;
mod files;
mod gitleaks;
mod migrate;
mod spec;

use std::path::Path;
use std::sync::Arc;

use miette::{NamedSource, SourceSpan};
use sha2::{Digest, Sha256};

pub use allow::{Allow, RuleGlob};
pub use date::Date;
pub use files::Files;
pub use gitleaks::{Gitleaks, Ignored};
use spec::Spec;

use crate::error::{Error, FileError};
use crate::rule::spec::{RuleFile, RuleSpec};
use crate::rule::{Confidence, RuleSet, Severity};

/// The names a config file may have, in the folder it is about.
pub const NAMES: [&str; 3] = ["skant.toml", ".skant.toml", ".github/skant.toml"];

/// The files that one may extend, one by one, and in all.
const DEEPEST: usize = 16;
const MOST: usize = 256;

/// What a config file says, and the files it extends.
#[derive(Debug, Default)]
pub struct Config {
    /// The files, as reports show them: the one that was asked for first.
    pub names: Vec<String>,
    /// What is fine.
    pub allow: Vec<Allow>,
    /// What is changed about rules, a later entry winning.
    pub changes: Vec<Change>,
    /// Rules that are added, by file.
    added: Vec<Added>,
    /// What keys the fingerprints of what people could guess.
    pub key: Option<Vec<u8>>,
    /// What a gitleaks config says.
    pub gitleaks: Option<Gitleaks>,
    /// What a `.gitleaksignore` beside it says.
    pub ignored: Vec<Ignored>,
    /// What the files say, one after the other.
    texts: Vec<Arc<NamedSource<String>>>,
}

/// Something changed about rules.
#[derive(Debug, Clone)]
pub struct Change {
    /// The rules, by id or glob.
    pub rules: RuleGlob,
    /// Whether they are looked for.
    pub enabled: Option<bool>,
    /// How bad their findings are.
    pub severity: Option<Severity>,
    /// How sure they are.
    pub confidence: Option<Confidence>,
    at: At,
}

#[derive(Debug)]
struct Added {
    file: Arc<NamedSource<String>>,
    rules: RuleFile,
}

/// A place in a config file.
#[derive(Debug, Clone)]
pub struct At {
    file: Arc<NamedSource<String>>,
    span: SourceSpan,
}

impl At {
    /// The file and the line, as reports show them.
    pub fn shown(&self) -> String {
        let text = self.file.inner().as_bytes();
        let line = memchr::memchr_iter(b'\n', &text[..self.span.offset().min(text.len())]).count() + 1;
        format!("{}:{line}", self.file.name())
    }

    fn error(&self, message: impl Into<String>, help: &str) -> Error {
        Error::Config(self.said(message.into(), help))
    }

    fn warning(&self, message: String, help: &str) -> Error {
        Error::Warning(self.said(message, help))
    }

    fn said(&self, message: String, help: &str) -> FileError {
        FileError { message, help: help.to_owned(), file: Arc::clone(&self.file), at: Some(self.span) }
    }
}

const HELP: &str = "docs/config.md describes what each key may say";
const RULE: &str = "write a rule's id, or a glob";

impl Config {
    /// The config of a folder, when there is one; `folder` is relative to the root, and empty or with a
    /// `/` behind.
    ///
    /// # Errors
    /// It cannot be read, or says what it may not.
    pub fn of_folder(files: &Files, folder: &str) -> Result<Option<Config>, Error> {
        let mut found = None;
        for name in NAMES {
            let path = format!("{folder}{name}");
            let Some(text) = files.read(&path)? else { continue };
            if let Some((other, _)) = &found {
                return Err(Error::usage(format!("{other} and {path} are both there"), "keep one of them"));
            }
            found = Some((path, text));
        }
        let Some((path, text)) = found else { return Ok(None) };
        let config = Config::of_text(files, &path, text, false)?;
        if !folder.is_empty() {
            config.refuse_what_is_for_the_root()?;
        }
        Ok(Some(config))
    }

    /// The config that was named.
    ///
    /// # Errors
    /// The same, or it is not there.
    pub fn named(path: &Path) -> Result<Config, Error> {
        Config::of_name(&Files::Disk(".".into()), &path.display().to_string().replace('\\', "/"))
    }

    /// The same, as it is among some files.
    ///
    /// # Errors
    /// The same.
    pub fn of_name(files: &Files, name: &str) -> Result<Config, Error> {
        let text = files.read(name)?;
        let text = text.ok_or_else(|| Error::usage(format!("there is no {name}"), "`--config` takes a file"))?;
        if !gitleaks::is_one(name, &text) {
            return Config::of_text(files, name, text, true);
        }
        let texts = vec![Arc::new(NamedSource::new(name, text.clone()))];
        let gitleaks = Some(Gitleaks::read(files, name, text)?);
        Ok(Config { names: vec![name.to_owned()], gitleaks, texts, ..Config::default() })
    }

    /// A gitleaks config.
    ///
    /// # Errors
    /// It is none, or cannot be read.
    pub fn gitleaks(path: &Path) -> Result<Gitleaks, Error> {
        let config = Config::named(path)?;
        let message = || {
            Error::usage(
                format!("{} is no gitleaks config", path.display()),
                "one has `[[rules]]`, `[allowlist]` or `[extend]`",
            )
        };
        config.gitleaks.ok_or_else(message)
    }

    /// Takes in the `.gitleaksignore` at the root of a repository, which gitleaks reads with its config.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn with_ignored(mut self, files: &Files) -> Result<Config, Error> {
        if self.gitleaks.is_some() {
            self.ignored = Ignored::all(&files.read(gitleaks::IGNORED)?.unwrap_or_default());
        }
        Ok(self)
    }

    /// A config, which may extend files anywhere when somebody named it.
    fn of_text(files: &Files, path: &str, text: String, is_named: bool) -> Result<Config, Error> {
        let mut config = Config::default();
        config.take(files, path, text, is_named, &mut vec![path.to_owned()])?;
        config.names.reverse();
        Ok(config)
    }

    /// Takes in a file, after those it extends.
    fn take(
        &mut self,
        files: &Files,
        path: &str,
        text: String,
        is_named: bool,
        chain: &mut Vec<String>,
    ) -> Result<(), Error> {
        let file = Arc::new(NamedSource::new(path, text));
        let at = |span: std::ops::Range<usize>| At { file: Arc::clone(&file), span: span.into() };
        let spec: Spec = toml::from_str(file.inner())
            .map_err(|error| at(error.span().unwrap_or_default()).error(error.message().trim_end(), HELP))?;
        if let Some(extends) = &spec.extends {
            let at = at(extends.span());
            for name in extends.get_ref().iter() {
                let path = resolved(path, name);
                if chain.contains(&path) {
                    let circle = [&chain[..], std::slice::from_ref(&path)].concat().join(" -> ");
                    return Err(at.error(format!("files that extend each other: {circle}"), "take one of them out"));
                }
                if chain.len() >= DEEPEST {
                    return Err(at.error(format!("{DEEPEST} files extend each other"), "fewer will do"));
                }
                if self.names.len() >= MOST {
                    return Err(at.error(format!("more than {MOST} files are extended"), "fewer will do"));
                }
                // What is wrong in a file is shown: a stranger's config must not show those of who scans it.
                if !is_named && !files.hold(&path) {
                    return Err(at.error(format!("{path} does not lie in this repository"), WITHIN));
                }
                let text = files.read(&path).map_err(|error| at.error(error.to_string(), EXTENDS))?;
                let text = text.ok_or_else(|| at.error(format!("there is no {path}"), EXTENDS))?;
                chain.push(path.clone());
                self.take(files, &path, text, is_named, chain)?;
                chain.pop();
            }
        }
        self.add(spec, &file)?;
        self.names.push(path.to_owned());
        self.texts.push(file);
        Ok(())
    }

    fn add(&mut self, spec: Spec, file: &Arc<NamedSource<String>>) -> Result<(), Error> {
        let at = |span: std::ops::Range<usize>| At { file: Arc::clone(file), span: span.into() };
        for (rules, change) in spec.rules {
            let at = at(rules.span());
            let spec::ChangeSpec { enabled, severity, confidence } = change;
            if enabled.is_none() && severity.is_none() && confidence.is_none() {
                return Err(at.error("this changes nothing", "say `enabled`, `severity` or `confidence`"));
            }
            let rules = RuleGlob::new(rules.get_ref()).map_err(|message| at.error(message, RULE))?;
            self.changes.push(Change { rules, enabled, severity, confidence, at });
        }
        for allow in spec.allow {
            let span = allow.span();
            self.allow.push(Allow::new(allow.into_inner(), at(span), &at)?);
        }
        if !spec.added.is_empty() {
            let provider = spec.provider.unwrap_or_else(|| "Custom".to_owned());
            let rules: Vec<RuleSpec> = spec.added;
            let rules = RuleFile { provider, help: String::new(), help_url: String::new(), rules };
            self.added.push(Added { file: Arc::clone(file), rules });
        }
        if let Some(fingerprint) = spec.fingerprint {
            let at = at(fingerprint.span());
            self.key = Some(key(&fingerprint.into_inner(), &at)?);
        }
        Ok(())
    }

    /// Rules are compiled once for a run: what changes them is said at the root.
    fn refuse_what_is_for_the_root(&self) -> Result<(), Error> {
        let help =
            "only the config at the repository's root can say this; here `[[allow]]` and `enabled = false` can be";
        for change in &self.changes {
            if change.enabled != Some(false) || change.severity.is_some() || change.confidence.is_some() {
                return Err(change.at.error("rules are graded and switched on for the whole repository", help));
            }
        }
        match (&self.added[..], &self.key) {
            ([added, ..], _) => Err(Error::Config(FileError {
                message: "rules are added for the whole repository".to_owned(),
                help: help.to_owned(),
                file: Arc::clone(&added.file),
                at: None,
            })),
            (_, Some(_)) => Err(Error::usage(format!("{}: the key is that of the repository", self.names[0]), help)),
            _ => Ok(()),
        }
    }

    /// Whether this says something of rules that only a scan of this repository alone heeds.
    pub fn is_for_one_repository(&self) -> bool {
        self.refuse_what_is_for_the_root().is_err()
    }

    /// What stands for what it says: equal for equal files, whatever they are called.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        self.texts.iter().for_each(|text| hash.update(Sha256::digest(text.inner())));
        hash.update(format!("{:?}", self.ignored));
        data_encoding::HEXLOWER.encode(&hash.finalize()[..8])
    }

    /// Changes rules as this says.
    ///
    /// # Errors
    /// A rule that is added cannot work, or one that is spoken of is not there, or none is left.
    pub fn change(&self, rules: &mut RuleSet) -> Result<(), Error> {
        if let Some(gitleaks) = &self.gitleaks {
            gitleaks.change(rules)?;
        }
        for Added { file, rules: added } in &self.added {
            rules.add(file, added.clone())?;
        }
        for change in &self.changes {
            let Change { rules: glob, enabled, severity, confidence, at } = change;
            let known = rules.change(glob.as_str(), *enabled, *severity, *confidence);
            if !known.map_err(|message| at.error(message, RULE))? {
                let help = "`skant rules list` shows every id; globs such as 'github-*' work";
                return Err(at.error(format!("there is no rule `{}`", glob.as_str()), help));
            }
        }
        if let Some(key) = &self.key {
            rules.key_guessable(key);
        }
        if rules.is_empty() {
            let name = self.names.first().map_or("the config", String::as_str);
            return Err(Error::usage(
                format!("{name} leaves no rule, so nothing would be found"),
                "switch some rule on; `skant rules list` shows what there is",
            ));
        }
        Ok(())
    }

    /// The ids of the rules that are added.
    pub fn added(&self) -> impl Iterator<Item = &str> {
        self.added.iter().flat_map(|added| &added.rules.rules).map(|rule| rule.id.as_str())
    }

    /// What in it is over, dead, or too wide, given the rules of a run and the files below the root;
    /// `folder` is the one it is for.
    pub fn warnings(&self, rules: &RuleSet, folder: &str, paths: &[String], today: Date) -> Vec<Error> {
        let mut all = Vec::new();
        let below: Vec<&[u8]> = paths.iter().filter_map(|path| path.strip_prefix(folder)).map(str::as_bytes).collect();
        let known: Vec<&str> = rules.iter().chain(rules.unwanted()).map(|rule| rule.id.as_str()).collect();
        for allow in &self.allow {
            let mut warn = |message: String, help: &str| all.push(allow.at.warning(message, help));
            if let Some(until) = allow.until.filter(|until| *until < today) {
                warn(format!("this exception ended on {until}"), "take it out, or give it a later day");
            }
            if let Some(why) = allow.is_too_wide() {
                warn(format!("this exception is too wide: {why}"), "say more closely what is meant");
            }
            if allow.has_paths() && !below.iter().any(|path| allow.is_about_path(path)) {
                warn("this exception's path matches no file".to_owned(), "take it out, or mend the glob");
            }
            if allow.has_dead_pattern() {
                warn("this exception's pattern matches nothing".to_owned(), "take it out, or mend the pattern");
            }
            for rule in allow.rules_of_fingerprints().filter(|rule| !known.contains(rule)) {
                warn(format!("there is no rule `{rule}`"), "a fingerprint counts for the rule it names");
            }
            for glob in allow.rules().iter().filter(|glob| !known.iter().any(|id| glob.matches(id))) {
                warn(format!("there is no rule `{}`", glob.as_str()), "`skant rules list` shows every id");
            }
        }
        all
    }

    /// What this allows, switches off or grades that another config does not.
    pub fn adds_to(&self, other: Option<&Config>) -> Vec<String> {
        let none = Config::default();
        let other = other.unwrap_or(&none);
        let lasts = |one: &Allow, until: Option<Date>| one.until.is_none_or(|end| until.is_some_and(|day| end >= day));
        let is_new =
            |allow: &&Allow| !other.allow.iter().any(|one| one.about == allow.about && lasts(one, allow.until));
        let is_change = |change: &&Change| !other.changes.iter().any(|one| one.says() == change.says());
        let allow = self
            .allow
            .iter()
            .filter(is_new)
            .map(|one| format!("the exception at {} ({}; {})", one.at.shown(), one.about, one.reason));
        let changes = self.changes.iter().filter(is_change);
        let changes = changes.map(|one| format!("what {} says of `{}`", one.place(), one.rules.as_str()));
        let says =
            |added: &Added| added.rules.rules.iter().map(|rule| (rule.id.clone(), format!("{rule:?}"))).collect();
        let old: Vec<Vec<(String, String)>> = other.added.iter().map(says).collect();
        let is_old = |rule: &(String, String)| old.iter().flatten().any(|one| one == rule);
        let rules = self.added.iter().flat_map(|added| says(added).into_iter().map(|rule| (added.file.name(), rule)));
        let rules = rules.filter(|(_, rule)| !is_old(rule)).map(|(file, (id, _))| format!("the rule `{id}` in {file}"));
        let key = (self.key != other.key).then(|| "the key of fingerprints".to_owned());
        allow.chain(changes).chain(rules).chain(key).collect()
    }

    /// The change that switches a rule off.
    pub fn switches_off(&self, rule: &str) -> Option<&Change> {
        let about = |change: &&Change| change.enabled.is_some() && change.rules.matches(rule);
        self.changes.iter().rev().find(about).filter(|change| change.enabled == Some(false))
    }
}

impl Change {
    fn says(&self) -> (&str, Option<bool>, Option<Severity>, Option<Confidence>) {
        (self.rules.as_str(), self.enabled, self.severity, self.confidence)
    }

    /// Where it is said.
    pub fn place(&self) -> String {
        self.at.shown()
    }
}

const WITHIN: &str = "a repository's own config extends files of that repository; one that is named by `--config`, any";
const EXTENDS: &str = "`extends` takes the names of files, relative to the one that says it";

/// The key, in plain or by the name of a variable.
fn key(spec: &spec::FingerprintSpec, at: &At) -> Result<Vec<u8>, Error> {
    let key = match (&spec.key, &spec.key_env) {
        (Some(key), None) => key.clone().into_bytes(),
        (None, Some(name)) => std::env::var_os(name).unwrap_or_default().into_encoded_bytes(),
        _ => return Err(at.error("a key is given once", "say `key` or `key-env`")),
    };
    match key.len() {
        0 => Err(at.error("the key is empty", "the variable that `key-env` names has to be set where skant runs")),
        _ => Ok(key),
    }
}

/// A name that a file gives, relative to that file, without `.` and `..` where that can be.
fn resolved(file: &str, name: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let joined = if name.starts_with('/') { name.to_owned() } else { format!("{folder}/{name}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let front = if name.starts_with('/') || file.starts_with('/') { "/" } else { "" };
    format!("{front}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_file_that_gives_them() {
        let table = [
            ("skant.toml", "a.toml", "a.toml"),
            ("x/skant.toml", "../a.toml", "a.toml"),
            ("skant.toml", "../team/a.toml", "../team/a.toml"),
            ("x/y/skant.toml", "./z/a.toml", "x/y/z/a.toml"),
            ("x/skant.toml", "/etc/a.toml", "/etc/a.toml"),
            ("/x/skant.toml", "../a.toml", "/a.toml"),
        ];
        for (file, name, expected) in table {
            assert_eq!(resolved(file, name), expected, "{file} {name}");
        }
    }
}

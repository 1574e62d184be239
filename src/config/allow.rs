//! An exception: what it is about, why, and until when.

use std::ops::Range;

use globset::{Glob, GlobBuilder, GlobMatcher};
use regex::bytes::{Regex, RegexBuilder};
use toml::Spanned;

use super::spec::{AllowSpec, Texts};
use super::{At, Date};
use crate::error::Error;
use crate::finding::Finding;

/// How large a pattern may become.
const LARGEST_PATTERN: usize = 1 << 20;

/// Findings that are fine: those for which all holds that it says.
#[derive(Debug)]
pub struct Allow {
    paths: Vec<GlobMatcher>,
    patterns: Vec<Regex>,
    words: Vec<Vec<u8>>,
    fingerprints: Vec<String>,
    rules: Vec<RuleGlob>,
    /// Why.
    pub reason: String,
    /// The last day it counts.
    pub until: Option<Date>,
    /// What it is about, as written.
    pub about: String,
    /// Where it is.
    pub at: At,
}

impl Allow {
    pub(super) fn new(spec: AllowSpec, at: At, place: &dyn Fn(Range<usize>) -> At) -> Result<Allow, Error> {
        let AllowSpec { path, pattern, word, fingerprint, rule, reason, until } = spec;
        let help =
            "every exception has a `reason`, and at least one of `path`, `pattern`, `word`, `fingerprint`, `rule`";
        let all =
            [("path", &path), ("pattern", &pattern), ("word", &word), ("fingerprint", &fingerprint), ("rule", &rule)];
        let about: Vec<String> = all.iter().filter_map(|(key, texts)| Some(shown(key, texts.as_ref()?))).collect();
        if about.is_empty() {
            return Err(at.error("this exception is about everything", help));
        }
        let reason = reason.filter(|reason| !reason.get_ref().trim().is_empty());
        let reason = reason.ok_or_else(|| at.error("this exception has no reason", help))?.into_inner();
        let until = until.map(|until| date(&until, place)).transpose()?;
        if let Some(one) = texts(&fingerprint).find(|one| rule_of(one).is_none()) {
            let at = fingerprint.as_ref().map_or_else(|| at.clone(), |texts| place(texts.span()));
            return Err(at.error(format!("`{one}` is no fingerprint"), "reports show them: v1:RULE:16 hex digits"));
        }
        Ok(Allow {
            paths: each(&path, place, "a glob such as `tests/**`", path_glob)?,
            patterns: each(&pattern, place, "a regular expression without look-around", regex)?,
            words: texts(&word).map(|word| word.to_ascii_lowercase().into_bytes()).collect(),
            fingerprints: texts(&fingerprint).map(str::to_owned).collect(),
            rules: each(&rule, place, "a rule's id, or a glob", RuleGlob::new)?,
            reason,
            until,
            about: about.join(", "),
            at,
        })
    }

    /// Whether it is about a finding at a path below the folder it is for.
    pub fn is_about(&self, finding: &Finding, path: &[u8]) -> bool {
        let secret = finding.secret.expose();
        let is_any = |list_is_empty: bool, found: &dyn Fn() -> bool| list_is_empty || found();
        is_any(self.rules.is_empty(), &|| self.rules.iter().any(|glob| glob.matches(&finding.rule.id)))
            && is_any(self.paths.is_empty(), &|| self.is_about_path(path))
            && is_any(self.fingerprints.is_empty(), &|| {
                let fingerprint = finding.fingerprint().to_string();
                self.fingerprints.contains(&fingerprint)
            })
            && is_any(self.words.is_empty(), &|| {
                let secret = secret.to_ascii_lowercase();
                self.words.iter().any(|word| memchr::memmem::find(&secret, word).is_some())
            })
            && is_any(self.patterns.is_empty(), &|| self.patterns.iter().any(|pattern| pattern.is_match(secret)))
    }

    /// Whether one of its globs matches a path or a folder above it.
    pub fn is_about_path(&self, path: &[u8]) -> bool {
        let path = String::from_utf8_lossy(path);
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        !path.is_empty()
            && ends.filter(|&end| end > 0).any(|end| self.paths.iter().any(|glob| glob.is_match(&path[..end])))
    }

    /// Whether it says where.
    pub fn has_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    /// The rules it names.
    pub fn rules(&self) -> &[RuleGlob] {
        &self.rules
    }

    /// Whether one of its patterns matches no text at all.
    pub fn has_dead_pattern(&self) -> bool {
        let parsed = |regex: &Regex| {
            let parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex.as_str());
            parser.is_ok_and(|hir| hir.properties().minimum_len().is_none())
        };
        self.patterns.iter().any(parsed)
    }

    /// The rules whose secrets its fingerprints are.
    pub fn rules_of_fingerprints(&self) -> impl Iterator<Item = &str> {
        self.fingerprints.iter().filter_map(|one| rule_of(one))
    }

    /// What makes it allow far more than anybody looked at, if anything does.
    pub fn is_too_wide(&self) -> Option<&'static str> {
        let matches_all = |regex: &Regex| regex.is_match(b"") || regex.is_match(b"-") && regex.is_match(b"x7Q");
        let is_everywhere = self.is_about_path(b"any/path/at.all") && self.is_about_path(b"x");
        if self.patterns.iter().any(matches_all) {
            Some("its pattern matches every secret")
        } else if self.words.iter().any(|word| word.len() < 3) {
            Some("a word of one or two letters is in most secrets")
        } else if is_everywhere && self.only_paths() {
            Some("its path is everywhere")
        } else if self.rules.iter().any(|rule| rule.as_str() == "*") && !self.has_paths() && self.patterns.is_empty() {
            Some("it is about every rule")
        } else {
            None
        }
    }

    fn only_paths(&self) -> bool {
        self.patterns.is_empty() && self.words.is_empty() && self.fingerprints.is_empty() && self.rules.is_empty()
    }
}

/// The rule that a fingerprint names, when it is one.
fn rule_of(fingerprint: &str) -> Option<&str> {
    let (rule, digits) = fingerprint.strip_prefix("v1:")?.rsplit_once(':')?;
    (digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(rule)
}

/// A rule's id, or a glob of some.
#[derive(Debug, Clone)]
pub struct RuleGlob(GlobMatcher);

impl RuleGlob {
    pub(super) fn new(text: &str) -> Result<RuleGlob, String> {
        Glob::new(text).map(|glob| RuleGlob(glob.compile_matcher())).map_err(|error| error.kind().to_string())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        self.0.glob().glob()
    }

    /// Whether a rule's id is one of those that are meant.
    pub fn matches(&self, rule: &str) -> bool {
        self.0.is_match(rule)
    }
}

fn texts(texts: &Option<Spanned<Texts>>) -> impl Iterator<Item = &str> {
    texts.iter().flat_map(|texts| texts.get_ref().iter())
}

fn shown(key: &str, texts: &Spanned<Texts>) -> String {
    let all: Vec<String> = texts.get_ref().iter().map(|text| format!("`{text}`")).collect();
    format!("{key} {}", all.join(" or "))
}

/// What each text stands for.
fn each<T>(
    all: &Option<Spanned<Texts>>,
    place: &dyn Fn(Range<usize>) -> At,
    help: &str,
    make: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Error> {
    let Some(texts) = all else { return Ok(Vec::new()) };
    let failed = |text: &str, message: String| place(texts.span()).error(format!("`{text}`: {message}"), help);
    texts.get_ref().iter().map(|text| make(text).map_err(|message| failed(text, message))).collect()
}

/// A glob without a folder is met in any; one that ends with `/` is a folder's.
fn path_glob(text: &str) -> Result<GlobMatcher, String> {
    let anchored = text.strip_prefix("./").or_else(|| text.strip_prefix('/'));
    let bare = anchored.unwrap_or(text).trim_end_matches('/');
    let glob =
        if anchored.is_none() && !bare.contains('/') && bare != "**" { format!("**/{bare}") } else { bare.to_owned() };
    let built = GlobBuilder::new(&glob).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}

fn regex(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).unicode(false).size_limit(LARGEST_PATTERN).build().map_err(|error| error.to_string())
}

/// A day without a time.
fn date(until: &Spanned<toml::value::Datetime>, place: &dyn Fn(Range<usize>) -> At) -> Result<Date, Error> {
    match until.get_ref() {
        toml::value::Datetime { date: Some(date), time: None, offset: None } => {
            Ok(Date::new(date.year, date.month, date.day))
        }
        _ => Err(place(until.span()).error("this is no day", "write a day without quotes: until = 2027-01-31")),
    }
}

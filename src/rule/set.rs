//! The rules of a run: the built-in ones, those of a user's file, and which of them are wanted.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::Glob;
use miette::{NamedSource, SourceSpan};
use sha2::{Digest, Sha256};

use super::keyword::SHORTEST_TOKEN;
use super::pattern::Pattern;
use super::search::{self, Allowlist, Search};
use super::spec::{Files, Judge, RuleFile, RuleSpec};
use super::{Confidence, Finder, Keyword, Rule, Severity};
use crate::error::{Error, FileError};

/// The rules of a run, by id without repetition.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
    /// Those that were left out: their secrets are not reported, and masked all the same.
    unwanted: Vec<Arc<Rule>>,
    /// What is fine, whatever the rule.
    allow: Vec<Allowlist>,
}

impl RuleSet {
    /// The rules this program was built with.
    pub fn builtin() -> RuleSet {
        let mut table = &include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"))[..];
        let mut rules = Vec::with_capacity(1024);
        // File by file, each in the memory that the one before had: new memory is what costs most at a start.
        while !table.is_empty() {
            let (file, rest): (RuleFile, _) = postcard::take_from_bytes(table).expect("build.rs wrote this table");
            let shared = Shared::of(&file);
            for mut spec in file.rules {
                let verify = spec.verify.take();
                rules.push(Arc::new(Rule { verify, is_built_in: true, ..rule(spec, &shared) }));
            }
            table = rest;
        }
        RuleSet { rules, unwanted: Vec::new(), allow: Vec::new() }
    }

    /// Adds the rules of a file; one whose id is known replaces the one that had it.
    ///
    /// # Errors
    /// [`Error::Rules`] with the place underlined, when the text is no rule file, a pattern does
    /// not compile, or a keyword cannot work.
    pub fn add_file(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let source = Arc::new(NamedSource::new(name, text.to_owned()));
        let file: RuleFile = toml::from_str(text).map_err(|error| {
            let message = error.message().trim_end().to_owned();
            let at = error.span().map(SourceSpan::from);
            fail(&source, message, "docs/rules.md describes the format", at)
        })?;
        if file.rules.is_empty() {
            return Err(fail(&source, format!("{name} holds no rule"), "add a `[[rule]]` table", None));
        }
        self.add(&source, file)
    }

    /// The same, of a file that was read.
    ///
    /// # Errors
    /// [`Error::Rules`], when a pattern does not compile, or a keyword cannot work.
    pub fn add(&mut self, source: &Arc<NamedSource<String>>, file: RuleFile) -> Result<(), Error> {
        let text = source.inner();
        let known: BTreeSet<String> =
            self.rules.iter().map(|rule| &rule.id).chain(file.rules.iter().map(|spec| &spec.id)).cloned().collect();
        let mut ids = BTreeSet::new();
        let shared = Shared::of(&file);
        for spec in file.rules {
            if let Err((part, message)) = check(&spec, &known) {
                let message = format!("rule `{}`: {message}", spec.id);
                return Err(fail(source, message, HELP, find(text, &spec.id, part)));
            }
            if !ids.insert(spec.id.clone()) {
                let message = format!("rule `{}` is there twice", spec.id);
                return Err(fail(source, message, "give each rule an id of its own", find(text, &spec.id, "")));
            }
            let rule = rule(spec, &shared);
            self.rules.retain(|known| known.id != rule.id);
            self.rules.push(Arc::new(rule));
        }
        Ok(())
    }

    /// Changes the rules that a glob matches; tells whether there is any.
    ///
    /// # Errors
    /// What is wrong with the glob.
    pub fn change(
        &mut self,
        glob: &str,
        enabled: Option<bool>,
        severity: Option<Severity>,
        confidence: Option<Confidence>,
    ) -> Result<bool, String> {
        let glob = Glob::new(glob).map_err(|error| error.kind().to_string())?.compile_matcher();
        let mut known = false;
        for rule in self.rules.iter_mut().chain(&mut self.unwanted).filter(|rule| glob.is_match(&rule.id)) {
            known = true;
            if severity.is_some() || confidence.is_some() {
                let rule = Arc::make_mut(rule);
                rule.severity = severity.unwrap_or(rule.severity);
                rule.confidence = confidence.unwrap_or(rule.confidence);
                rule.is_graded |= confidence.is_some();
                rule.is_built_in = false;
            }
        }
        let is_meant = |rule: &mut Arc<Rule>| glob.is_match(&rule.id);
        match enabled {
            Some(true) => self.rules.extend(self.unwanted.extract_if(.., is_meant)),
            Some(false) => self.unwanted.extend(self.rules.extract_if(.., is_meant)),
            None => {}
        }
        Ok(known)
    }

    /// The same set with every rule wanted.
    #[must_use]
    pub fn with_unwanted(mut self) -> RuleSet {
        self.rules.append(&mut self.unwanted);
        self
    }

    /// Takes every rule out of use.
    pub fn clear(&mut self) {
        self.unwanted.append(&mut self.rules);
    }

    /// Adds a rule, in place of the one of that id.
    pub fn put(&mut self, rule: Rule) {
        self.rules.retain(|known| known.id != rule.id);
        self.unwanted.retain(|known| known.id != rule.id);
        self.rules.push(Arc::new(rule));
    }

    /// Adds lists of what is fine.
    pub fn allow(&mut self, lists: Vec<Allowlist>) {
        self.allow.extend(lists);
    }

    /// What is fine, whatever the rule.
    pub fn allowed(&self) -> &[Allowlist] {
        &self.allow
    }

    /// The rules that are wanted, by id.
    pub fn in_order(&self) -> Vec<Arc<Rule>> {
        let mut rules = self.rules.clone();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules
    }

    /// What stands for all that these rules find and say how bad it is: equal for equal rules. It is made of how they
    /// differ from the built-in ones, which most often they do not: every report names it.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new_with_prefix(env!("SKANT_RULES_DIGEST"));
        hash.update(format!("{:?}\n", self.allow));
        let mut unwanted: Vec<&str> = self.unwanted.iter().map(|rule| &*rule.id).collect();
        unwanted.sort_unstable();
        unwanted.into_iter().for_each(|id| hash.update(format!("without {id}\n")));
        if self.rules.iter().any(|rule| rule.key.is_some()) {
            hash.update("keyed\n");
        }
        let mut others: Vec<&Arc<Rule>> = self.rules.iter().filter(|rule| !rule.is_built_in).collect();
        others.sort_by(|a, b| a.id.cmp(&b.id));
        for rule in others {
            let Rule { id, severity, confidence, finder, pattern, check, judge, companion, is_graded, .. } = &**rule;
            let pattern = pattern.as_str();
            hash.update(format!("{id:?} {severity} {confidence} {finder:?} {pattern:?} {check:?} {judge:?} "));
            hash.update(format!("{companion:?} {is_graded}\n"));
        }
        data_encoding::HEXLOWER.encode(&hash.finalize()[..8])
    }

    /// Keys the fingerprints of the secrets that a person could guess.
    pub fn key_guessable(&mut self, key: &[u8]) {
        let key: Arc<[u8]> = key.into();
        for rule in self.rules.iter_mut().chain(&mut self.unwanted).filter(|rule| rule.judge == Judge::Password) {
            Arc::make_mut(rule).key = Some(Arc::clone(&key));
        }
    }

    /// Keeps the rules whose id matches one of the `only` globs (all, when there are none) and
    /// none of the `skip` globs.
    ///
    /// # Errors
    /// [`Error::Usage`] when a glob matches no rule, or no rule is left.
    pub fn select(&mut self, only: &[String], skip: &[String]) -> Result<(), Error> {
        let only_ids = self.matching(only, "--only")?;
        let skip_ids = self.matching(skip, "--skip")?;
        let (wanted, unwanted) = self.rules.drain(..).partition(|rule: &Arc<Rule>| {
            (only.is_empty() || only_ids.contains(&rule.id)) && !skip_ids.contains(&rule.id)
        });
        self.rules = wanted;
        self.unwanted.extend::<Vec<_>>(unwanted);
        if self.rules.is_empty() {
            return Err(Error::usage(
                "no rule is left, so nothing would be found",
                "`--only` and `--skip` leave nothing between them; `skant rules list` shows what there is",
            ));
        }
        Ok(())
    }

    fn matching(&self, globs: &[String], option: &str) -> Result<BTreeSet<String>, Error> {
        let mut ids = BTreeSet::new();
        for glob in globs {
            let matcher = Glob::new(glob)
                .map_err(|error| Error::usage(format!("{option} {glob}: {error}"), "write a rule id or a glob"))?
                .compile_matcher();
            let known = || self.rules.iter().filter(|rule| matcher.is_match(&rule.id));
            if known().next().is_none() {
                return Err(Error::usage(
                    format!("{option} {glob}: no such rule"),
                    "`skant rules list` shows every id; globs such as 'github-*' work",
                ));
            }
            ids.extend(known().map(|rule| rule.id.clone()));
        }
        Ok(ids)
    }

    /// The rules, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter()
    }

    /// The rules that were left out.
    pub fn unwanted(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.unwanted.iter()
    }

    /// The rule of that id.
    pub fn get(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The rules about files of that name, those that were left out among them.
    pub fn about_file(&self, name: &[u8]) -> Vec<&Arc<Rule>> {
        let is_whole =
            |rule: &Rule| rule.pattern.matches_at(name, 0).is_some_and(|found| found.whole.end == name.len());
        let about = |rule: &&Arc<Rule>| matches!(rule.finder, Finder::File(_)) && is_whole(rule);
        let mut rules: Vec<_> = self.iter().chain(self.unwanted()).filter(about).collect();
        let is_example = |rule: &&Arc<Rule>| matches!(rule.finder, Finder::File(Files::Example));
        if rules.iter().any(&is_example) {
            rules.retain(is_example);
        }
        rules
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

fn fail(source: &Arc<NamedSource<String>>, message: String, help: &str, at: Option<SourceSpan>) -> Error {
    Error::Rules(FileError { message, help: help.into(), file: Arc::clone(source), at })
}

const HELP: &str = "docs/rules.md describes what each key may say";

/// The place of a rule's key in its file, as well as text alone can tell.
fn find(text: &str, id: &str, part: &str) -> Option<SourceSpan> {
    let rule = text.find(&format!("\"{id}\"")).or_else(|| text.find(&format!("'{id}'")))?;
    let at = rule + text[rule..].find(part)?;
    let length = text[at..].find('\n').unwrap_or(text.len() - at);
    Some((at, length).into())
}

/// What is wrong with a rule among others of these ids, and the key that says it.
fn check(spec: &RuleSpec, known: &BTreeSet<String>) -> Result<(), (&'static str, String)> {
    let plain =
        |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !plain(&spec.id) {
        return Err(("", "an id is made of lower-case letters, digits and hyphens".into()));
    }
    if spec.verify.is_some() {
        return Err(("verify", "only built-in rules ask a provider about what they find".into()));
    }
    if spec.files.is_some() {
        return Err(("files", "only built-in rules are about files".into()));
    }
    if spec.search {
        return check_search(spec);
    }
    for (key, is_there) in [("entropy", spec.entropy.is_some()), ("path", spec.path.is_some())] {
        if is_there {
            return Err((key, format!("`{key}` goes with `search = true`")));
        }
    }
    Pattern::check(&spec.pattern).map_err(|message| ("pattern", message))?;
    for keyword in &spec.keywords {
        let parsed = Keyword::new(keyword.clone());
        parsed.check().map_err(|message| ("keywords", message))?;
        let places = parsed.places();
        if places.len() < 3 {
            return Err(("keywords", format!("`{keyword}` is shorter than 3 bytes, so it would be met everywhere")));
        }
        if !spec.anywhere && !places[0].iter().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(("keywords", format!("`{keyword}` begins with a mark: it needs `anywhere = true`")));
        }
    }
    let shortest = Pattern::shortest(&spec.pattern);
    if !spec.keywords.is_empty() && !spec.anywhere && shortest < SHORTEST_TOKEN {
        let why = format!("it matches {shortest} bytes, and such a keyword needs {SHORTEST_TOKEN} to be noticed");
        return Err(("pattern", format!("{why}: say `anywhere = true`")));
    }
    if let Some(companion) = spec.companion.as_ref().filter(|companion| !known.contains(*companion)) {
        return Err(("companion", format!("there is no rule `{companion}`")));
    }
    for word in spec.names.iter().chain(&spec.near) {
        let lower = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if word.len() < 2 || !lower {
            let key = if spec.names.contains(word) { "names" } else { "near" };
            return Err((key, format!("`{word}` is no word: lower-case letters and digits, `_` between words")));
        }
    }
    if let Some(name) = spec.names.iter().find(|name| name.len() < 3) {
        return Err(("names", format!("`{name}` is shorter than 3 bytes, so it would be met everywhere")));
    }
    match spec.before {
        Some(_) if spec.keywords.is_empty() => Err(("before", "there is no keyword to stand in front of".into())),
        Some([least, most]) if least > most => Err(("before", "the least comes first".into())),
        _ => Ok(()),
    }
}

/// The same of a rule whose pattern is looked for in whole texts.
fn check_search(spec: &RuleSpec) -> Result<(), (&'static str, String)> {
    let regex = search::compile(&spec.pattern).map_err(|message| ("pattern", message))?;
    if regex.is_match(b"") {
        return Err(("pattern", "the pattern matches the empty text".into()));
    }
    spec.path.as_deref().map_or(Ok(()), |path| search::compile(path).map(drop)).map_err(|message| ("path", message))?;
    let others = [
        ("names", !spec.names.is_empty()),
        ("near", !spec.near.is_empty()),
        ("before", spec.before.is_some()),
        ("anywhere", spec.anywhere),
        ("judge", spec.judge.is_some()),
        ("check", spec.check.is_some()),
        ("companion", spec.companion.is_some()),
    ];
    match others.iter().find(|(_, is_there)| *is_there) {
        Some((key, _)) => Err((key, format!("`{key}` does not go with `search`"))),
        None => Ok(()),
    }
}

/// How a rule's secrets are looked for in whole texts.
fn searched(spec: &RuleSpec) -> Search {
    let regex = search::compile(&spec.pattern).ok();
    let named = regex.as_ref().and_then(|regex| regex.capture_names().position(|name| name == Some("secret")));
    Search {
        keywords: spec.keywords.iter().map(|word| word.to_lowercase()).filter(|word| !word.is_empty()).collect(),
        group: named.unwrap_or_default(),
        entropy: spec.entropy.unwrap_or_default(),
        path: spec.path.as_deref().and_then(|path| search::compile(path).ok()),
        regex,
        ..Search::default()
    }
}

/// What the rules of a file have in common.
struct Shared {
    provider: Arc<str>,
    help: Arc<str>,
    help_url: Arc<str>,
}

impl Shared {
    fn of(file: &RuleFile) -> Shared {
        let text = |text: &String| text.as_str().into();
        Shared { provider: text(&file.provider), help: text(&file.help), help_url: text(&file.help_url) }
    }
}

/// A rule from its spec. Built-in specs are checked by `tests/rules.rs`, others by [`check`].
fn rule(spec: RuleSpec, shared: &Shared) -> Rule {
    let or = |text: String, default: &Arc<str>| if text.is_empty() { Arc::clone(default) } else { text.into() };
    let is_token = !spec.keywords.is_empty();
    let finder = if let Some(files) = spec.files {
        Finder::File(files)
    } else if spec.search {
        Finder::Search(Box::new(searched(&spec)))
    } else if is_token {
        Finder::Token {
            keywords: spec.keywords.into_iter().map(Keyword::new).collect(),
            anywhere: spec.anywhere,
            before: spec.before.unwrap_or_default(),
        }
    } else {
        Finder::Value { names: spec.names, near: spec.near }
    };
    Rule {
        id: spec.id,
        name: spec.name,
        provider: Arc::clone(&shared.provider),
        severity: spec.severity,
        confidence: spec.confidence,
        finder,
        pattern: Pattern::new(&spec.pattern),
        check: spec.check,
        judge: spec.judge.unwrap_or(match (spec.search, is_token) {
            (true, _) => Judge::Shape,
            (false, true) => Judge::Token,
            (false, false) => Judge::Key,
        }),
        companion: spec.companion,
        help: or(spec.help, &shared.help),
        help_url: or(spec.help_url, &shared.help_url),
        // A rule file may come from anywhere: it has no say in where keys are sent.
        verify: None,
        key: None,
        is_graded: false,
        is_built_in: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_rule_is_an_error_and_so_is_none_at_all() {
        let mut rules = RuleSet::builtin();
        assert!(rules.clone().select(&["no-such".into()], &[]).is_err());
        assert!(rules.clone().select(&[], &["*".into()]).is_err());
        rules.select(&["anthropic-*".into()], &["anthropic-admin-key".into()]).unwrap();
        assert!(rules.get("anthropic-api-key").is_some());
        assert!(rules.get("anthropic-admin-key").is_none());
    }
}

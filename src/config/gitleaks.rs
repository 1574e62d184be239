//! A gitleaks config, read as gitleaks reads it: its rules instead of ours, unless it extends the default.

use std::sync::Arc;

use miette::NamedSource;
use serde::Deserialize;
use toml::{Table, Value};

use crate::config::Files;
use crate::error::{Error, FileError};
use crate::finding::Finding;
use crate::rule::search::{Allowlist, Required, Search, Target, compile};
use crate::rule::{Confidence, Finder, Judge, Rule, RuleSet, Severity};

/// How many files may extend each other.
const DEEPEST: usize = 3;

/// What it says.
#[derive(Debug, Default)]
pub struct Gitleaks {
    pub(super) specs: Vec<RuleSpec>,
    allow: Vec<Allowlist>,
    pub(super) allow_specs: Vec<AllowSpec>,
    pub(super) use_default: bool,
    pub(super) disabled: Vec<String>,
}

/// A file, its keys in small letters.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Spec {
    rules: Vec<RuleSpec>,
    allowlist: Option<AllowSpec>,
    allowlists: Vec<AllowSpec>,
    extend: Extend,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Extend {
    usedefault: bool,
    path: String,
    disabledrules: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RuleSpec {
    pub(super) id: String,
    pub(super) description: String,
    pub(super) regex: String,
    pub(super) path: String,
    pub(super) keywords: Vec<String>,
    pub(super) entropy: f64,
    pub(super) secretgroup: usize,
    pub(super) allowlist: Option<AllowSpec>,
    pub(super) allowlists: Vec<AllowSpec>,
    pub(super) required: Vec<RequiredSpec>,
    pub(super) skipreport: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RequiredSpec {
    id: String,
    withinlines: Option<usize>,
    withincolumns: Option<usize>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AllowSpec {
    pub(super) description: String,
    pub(super) condition: String,
    pub(super) commits: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) regexes: Vec<String>,
    pub(super) regextarget: String,
    pub(super) stopwords: Vec<String>,
    pub(super) targetrules: Vec<String>,
}

/// Whether a text is a gitleaks config and none of ours.
pub(super) fn is_one(name: &str, text: &str) -> bool {
    if name.rsplit('/').next().is_some_and(|name| name.contains("gitleaks")) {
        return true;
    }
    let Ok(table) = toml::from_str::<Table>(text) else { return false };
    let has = |key: &str| table.contains_key(key);
    has("title")
        || has("allowlist")
        || has("allowlists")
        || has("extend")
        || matches!(table.get("rules"), Some(Value::Array(_)))
}

impl Gitleaks {
    /// Reads a file and what it extends.
    ///
    /// # Errors
    /// It is no such config, or would leave no rule.
    pub(super) fn read(files: &Files, name: &str, text: String) -> Result<Gitleaks, Error> {
        let mut all = Gitleaks::default();
        all.take(files, name, text, 1)?;
        if all.specs.is_empty() && !all.use_default {
            return Err(Error::usage(
                format!("{name} leaves no rule, so nothing would be found"),
                "a gitleaks config without rules says `[extend]` and `useDefault = true`",
            ));
        }
        Ok(all)
    }

    fn take(&mut self, files: &Files, name: &str, text: String, depth: usize) -> Result<(), Error> {
        let file = Arc::new(NamedSource::new(name, text));
        let fail = |message: String, part: &str| fail(&file, message, part);
        let table: Table = toml::from_str(file.inner()).map_err(|error| {
            let message = error.message().trim_end().to_owned();
            let (file, at) = (Arc::clone(&file), error.span().map(Into::into));
            Error::Config(FileError { message, help: HELP.to_owned(), file, at })
        })?;
        let spec: Spec = lowered(Value::Table(table))
            .try_into()
            .map_err(|error: toml::de::Error| fail(error.message().trim_end().to_owned(), ""))?;
        if !spec.extend.path.is_empty() {
            if depth >= DEEPEST {
                return Err(fail(format!("more than {DEEPEST} files extend each other"), &spec.extend.path));
            }
            let near = super::resolved(name, &spec.extend.path);
            let found = match files.read(&spec.extend.path)? {
                Some(text) => Some((spec.extend.path.clone(), text)),
                None => files.read(&near)?.map(|text| (near, text)),
            };
            let (path, text) =
                found.ok_or_else(|| fail(format!("there is no {}", spec.extend.path), &spec.extend.path))?;
            self.take(files, &path, text, depth + 1)?;
        }
        self.use_default |= spec.extend.usedefault;
        self.disabled.extend(spec.extend.disabledrules);
        for rule in spec.rules {
            if rule.id.is_empty() {
                return Err(fail(format!("a rule has no id: {}", rule.description), &rule.description));
            }
            rule.check(&fail)?;
            match self.specs.iter_mut().find(|known| known.id == rule.id) {
                Some(known) => known.take(rule),
                None => self.specs.push(rule),
            }
        }
        for allow in spec.allowlist.into_iter().chain(spec.allowlists) {
            self.allow.push(allow.built().map_err(|(source, message)| fail(message, &source))?);
            self.allow_specs.push(allow);
        }
        Ok(())
    }

    /// Puts its rules in the place of ours, or beside them.
    ///
    /// # Errors
    /// None would be left, or one is wrong.
    pub(super) fn change(&self, rules: &mut RuleSet) -> Result<(), Error> {
        let mut allow = self.allow.clone();
        if self.use_default {
            for id in &self.disabled {
                let _ = rules.change(&globset::escape(id), Some(false), None, None);
            }
        } else {
            rules.clear();
        }
        let live: Vec<&RuleSpec> = self.specs.iter().filter(|spec| !self.disabled.contains(&spec.id)).collect();
        for spec in &live {
            let own = spec.allow();
            if spec.regex.is_empty() && spec.path.is_empty() {
                allow.extend(own.into_iter().map(|one| Allowlist { rules: vec![spec.id.clone()], ..one }));
                continue;
            }
            rules.put(spec.rule(&live));
        }
        rules.allow(allow);
        if rules.is_empty() {
            return Err(Error::usage("the gitleaks config leaves no rule, so nothing would be found", HELP));
        }
        Ok(())
    }

    /// What it says of rules that skant does not have.
    pub fn left(&self) -> Vec<String> {
        let builtin = RuleSet::builtin();
        let disabled = self.disabled.iter().filter(|id| builtin.get(id).is_none());
        let changed = self.specs.iter().filter(|one| one.regex.is_empty() && one.path.is_empty());
        let changed = changed.map(|one| &one.id).filter(|id| builtin.get(id).is_none());
        let told = |id: &String| format!("the gitleaks config speaks of the rule `{id}`, which skant does not have");
        if self.use_default { disabled.chain(changed).map(told).collect() } else { Vec::new() }
    }
}

/// The name of the file in which gitleaks lists findings that are fine.
pub(super) const IGNORED: &str = ".gitleaksignore";

/// A finding that is fine, as gitleaks names it: `COMMIT:FILE:RULE:LINE`, or without the commit.
#[derive(Debug)]
pub struct Ignored {
    commit: Option<String>,
    path: String,
    rule: String,
    line: u64,
}

impl Ignored {
    pub(super) fn all(text: &str) -> Vec<Ignored> {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .filter_map(Ignored::parse)
            .collect()
    }

    fn parse(line: &str) -> Option<Ignored> {
        let (rest, number) = line.rsplit_once(':')?;
        let (rest, rule) = rest.rsplit_once(':')?;
        let is_id = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (commit, path) = match rest.split_once(':') {
            Some((commit, path)) if is_id(commit) => (Some(commit.to_owned()), path),
            _ => (None, rest),
        };
        Some(Ignored { commit, path: path.to_owned(), rule: rule.to_owned(), line: number.parse().ok()? })
    }

    /// Whether it is about a finding.
    pub fn is_about(&self, finding: &Finding) -> bool {
        let origin = &finding.location.origin;
        let commit = origin.commit.as_ref().map(|commit| &commit.id);
        self.path.as_bytes() == origin.path
            && self.line == finding.location.start.line
            && self.rule == finding.rule.id
            && self.commit.as_ref().is_none_or(|one| Some(one) == commit)
    }
}

const HELP: &str = "this is read as a gitleaks config; docs/config.md says how";

fn fail(file: &Arc<NamedSource<String>>, message: String, part: &str) -> Error {
    let at = file.inner().find(part).filter(|_| !part.is_empty()).map(|at| (at, part.len()).into());
    Error::Config(FileError { message, help: HELP.to_owned(), file: Arc::clone(file), at })
}

/// gitleaks does not tell capitals from small letters in keys.
fn lowered(value: Value) -> Value {
    match value {
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), lowered(value))).collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(lowered).collect()),
        // An entropy may be written as a whole number.
        other => other,
    }
}

impl RuleSpec {
    /// A later file's word on a rule.
    fn take(&mut self, later: RuleSpec) {
        let set = |mine: &mut String, theirs: String| {
            if !theirs.is_empty() {
                *mine = theirs;
            }
        };
        set(&mut self.description, later.description);
        set(&mut self.regex, later.regex);
        set(&mut self.path, later.path);
        if later.entropy != 0.0 {
            self.entropy = later.entropy;
        }
        if later.secretgroup != 0 {
            self.secretgroup = later.secretgroup;
        }
        self.keywords.extend(later.keywords);
        self.allowlists.extend(later.allowlist.into_iter().chain(later.allowlists));
        self.required.extend(later.required);
        self.skipreport |= later.skipreport;
    }

    fn check(&self, fail: &dyn Fn(String, &str) -> Error) -> Result<(), Error> {
        for source in [&self.regex, &self.path].into_iter().filter(|source| !source.is_empty()) {
            let regex = compile(source).map_err(|message| fail(format!("rule `{}`: {message}", self.id), source))?;
            if source == &self.regex && self.secretgroup >= regex.captures_len() {
                let groups = regex.captures_len() - 1;
                return Err(fail(
                    format!("rule `{}`: secretGroup is {}, and there are {groups}", self.id, self.secretgroup),
                    source,
                ));
            }
        }
        for allow in self.allowlist.iter().chain(&self.allowlists) {
            allow.built().map_err(|(source, message)| fail(format!("rule `{}`: {message}", self.id), &source))?;
        }
        Ok(())
    }

    fn allow(&self) -> Vec<Allowlist> {
        self.allowlist.iter().chain(&self.allowlists).filter_map(|allow| allow.built().ok()).collect()
    }

    fn search(&self) -> Search {
        let regex = |source: &str| if source.is_empty() { None } else { compile(source).ok() };
        Search {
            keywords: self.keywords.iter().map(|word| word.to_lowercase()).filter(|word| !word.is_empty()).collect(),
            regex: regex(&self.regex),
            group: self.secretgroup,
            entropy: self.entropy,
            path: regex(&self.path),
            allow: self.allow(),
            required: Vec::new(),
            is_silent: self.skipreport,
        }
    }

    fn rule(&self, all: &[&RuleSpec]) -> Rule {
        let mut search = self.search();
        search.required = self
            .required
            .iter()
            .map(|required| {
                let other = all.iter().find(|spec| spec.id == required.id);
                Required {
                    // What nobody has is never near.
                    search: Box::new(other.map_or_else(
                        || Search { regex: compile("[^\\s\\S]").ok(), ..Search::default() },
                        |spec| spec.search(),
                    )),
                    lines: required.withinlines,
                    columns: required.withincolumns,
                }
            })
            .collect();
        let name = if self.description.is_empty() { self.id.clone() } else { self.description.clone() };
        Rule {
            id: self.id.clone(),
            name,
            provider: "gitleaks config".into(),
            severity: Severity::High,
            confidence: Confidence::High,
            finder: Finder::Search(Box::new(search)),
            pattern: crate::rule::pattern::Pattern::new(&self.regex),
            check: None,
            judge: Judge::Shape,
            companion: None,
            help: "".into(),
            help_url: "".into(),
            verify: None,
            key: None,
            is_graded: false,
            is_built_in: false,
        }
    }
}

impl AllowSpec {
    fn built(&self) -> Result<Allowlist, (String, String)> {
        let each = |sources: &[String]| {
            sources
                .iter()
                .map(|source| compile(source).map_err(|message| (source.clone(), message)))
                .collect::<Result<Vec<_>, _>>()
        };
        let target = match self.regextarget.as_str() {
            "" | "secret" => Target::Secret,
            "match" => Target::Match,
            "line" => Target::Line,
            other => {
                return Err((other.to_owned(), format!("regexTarget is `match`, `line` or `secret`, not `{other}`")));
            }
        };
        let all = match self.condition.to_ascii_uppercase().as_str() {
            "" | "OR" | "||" => false,
            "AND" | "&&" => true,
            other => return Err((self.condition.clone(), format!("condition is `AND` or `OR`, not `{other}`"))),
        };
        let is_empty =
            self.commits.is_empty() && self.paths.is_empty() && self.regexes.is_empty() && self.stopwords.is_empty();
        if is_empty {
            return Err((String::new(), "an allowlist says nothing".to_owned()));
        }
        Ok(Allowlist {
            all,
            rules: self.targetrules.clone(),
            commits: self.commits.clone(),
            paths: each(&self.paths)?,
            regexes: each(&self.regexes)?,
            target,
            stopwords: self.stopwords.iter().map(|word| word.to_lowercase()).collect(),
        })
    }
}

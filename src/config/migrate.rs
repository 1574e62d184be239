//! A gitleaks config as a config of ours, as far as that goes.

use std::fmt::Write;

use super::gitleaks::{AllowSpec, Gitleaks, RuleSpec};
use crate::rule::RuleSet;
use crate::rule::search::compile;

impl Gitleaks {
    /// A config of ours that says the same, and what it could not say.
    pub fn migrated(&self) -> (String, Vec<String>) {
        let (mut text, mut left) = (String::new(), Vec::new());
        let builtin = RuleSet::builtin();
        for id in &self.disabled {
            if builtin.get(id).is_some() {
                let _ = writeln!(text, "[rules.{}]\nenabled = false\n", quoted(id));
            } else {
                left.push(format!("disabledRules: skant has no rule `{id}`"));
            }
        }
        for allow in &self.allow_specs {
            allow.migrate(&allow.targetrules, &mut text, &mut left);
        }
        let mut rules = String::new();
        for spec in &self.specs {
            let id = plain(&spec.id);
            let is_carried = match spec.migrated(&id) {
                Ok(rule) => {
                    rules += &rule;
                    if id != spec.id {
                        left.push(format!("the id `{}`: the rule is `{id}` now", spec.id));
                    }
                    true
                }
                Err(why) => {
                    left.extend(why.map(|why| format!("rule `{}`: {why}", spec.id)));
                    builtin.get(&id).is_some()
                }
            };
            for allow in spec.allowlist.iter().chain(&spec.allowlists) {
                if is_carried {
                    allow.migrate(std::slice::from_ref(&id), &mut text, &mut left);
                } else {
                    left.push(format!("rule `{}`: an allowlist of a rule that skant does not have", spec.id));
                }
            }
        }
        if !rules.is_empty() && !self.use_default {
            left.push("that its rules run alone: those of skant do, too, unless `--only` names others".to_owned());
        }
        (text + &rules, left)
    }
}

impl RuleSpec {
    /// The same rule as one of ours, or what keeps it from being one; nothing, when it only changes another.
    fn migrated(&self, id: &str) -> Result<String, Option<String>> {
        if self.regex.is_empty() && self.path.is_empty() {
            return Err(None);
        }
        let lacks = [
            (self.regex.is_empty(), "it is about paths alone"),
            (!self.required.is_empty(), "it needs what others find close by (`required`)"),
            (self.skipreport, "it only serves others (`skipReport`)"),
        ];
        if let Some((_, why)) = lacks.iter().find(|(is_so, _)| *is_so) {
            return Err(Some(format!("{why}, and no rule of ours can say that; `--config` takes the file as it is")));
        }
        let pattern = with_secret(&self.regex, self.secretgroup)
            .ok_or_else(|| Some(format!("its group {} could not be found in the pattern", self.secretgroup)))?;
        let name = if self.description.is_empty() { &self.id } else { &self.description };
        let mut rule = format!("[[rule]]\nid = {}\nname = {}\nseverity = \"high\"\n", quoted(id), quoted(name));
        rule += "search = true\n";
        if !self.keywords.is_empty() {
            let words: Vec<String> = self.keywords.iter().map(|word| quoted(word)).collect();
            let _ = writeln!(rule, "keywords = [{}]", words.join(", "));
        }
        if self.entropy > 0.0 {
            let _ = writeln!(rule, "entropy = {:?}", self.entropy);
        }
        if !self.path.is_empty() {
            let _ = writeln!(rule, "path = {}", quoted(&self.path));
        }
        let _ = writeln!(rule, "pattern = {}\n", quoted(&pattern));
        let file = format!("provider = \"gitleaks\"\n{rule}");
        RuleSet::builtin().add_file("skant.toml", &file).map_err(|error| Some(error.to_string()))?;
        Ok(rule)
    }
}

/// An id as ours are: small letters, digits and hyphens.
fn plain(id: &str) -> String {
    let mark = |byte: char| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { '-' };
    id.chars().map(mark).collect()
}

/// A pattern whose group of that number, from 1, is called `secret`; as it is for 0.
fn with_secret(pattern: &str, group: usize) -> Option<String> {
    if group == 0 {
        return Some(pattern.to_owned());
    }
    let (mut seen, mut in_class, mut at) = (0, false, 0);
    let bytes = pattern.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' if !in_class => {
                in_class = true;
                // A bracket that comes first ends nothing.
                at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                at += usize::from(bytes.get(at + 1) == Some(&b']'));
            }
            b']' => in_class = false,
            b'(' if !in_class => {
                let rest = &pattern[at + 1..];
                let named = ["?P<", "?<"].iter().find_map(|open| rest.strip_prefix(open));
                seen += usize::from(named.is_some() || !rest.starts_with('?'));
                if seen == group {
                    let rest = named.map_or(Some(rest), |named| named.split_once('>').map(|(_, rest)| rest))?;
                    let new = format!("{}(?P<secret>{rest}", &pattern[..at]);
                    let names = compile(&new).ok()?;
                    return names
                        .capture_names()
                        .nth(group)
                        .flatten()
                        .is_some_and(|name| name == "secret")
                        .then_some(new);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

impl AllowSpec {
    fn migrate(&self, rules: &[String], text: &mut String, left: &mut Vec<String>) {
        left.extend(self.commits.iter().map(|id| format!("commit {id}: exceptions of ours are not tied to commits")));
        let is_secret = matches!(self.regextarget.as_str(), "" | "secret");
        if !is_secret {
            let all = self.regexes.iter();
            left.extend(all.map(|one| {
                format!("regex `{one}`: patterns of ours are tried on the secret, not on the {}", self.regextarget)
            }));
        }
        let mut globs = Vec::new();
        for path in &self.paths {
            match glob(path) {
                Some(glob) => globs.push(glob),
                None => left.push(format!("path `{path}`: it cannot be written as a glob")),
            }
        }
        let regexes = if is_secret { self.regexes.clone() } else { Vec::new() };
        let parts = [("path", globs), ("pattern", regexes), ("word", self.stopwords.clone())];
        let parts: Vec<_> = parts.into_iter().filter(|(_, values)| !values.is_empty()).collect();
        let is_all = matches!(self.condition.to_ascii_uppercase().as_str(), "AND" | "&&");
        let is_whole = self.commits.is_empty() && is_secret && self.paths.iter().all(|path| glob(path).is_some());
        if is_all && !is_whole {
            left.push("an allowlist of which all must hold: part of it could not be carried, so none was".to_owned());
            return;
        }
        let entries: Vec<Vec<_>> =
            if is_all { vec![parts] } else { parts.into_iter().map(|part| vec![part]).collect() };
        for entry in entries.iter().filter(|entry| !entry.is_empty()) {
            text.push_str("[[allow]]\n");
            if !rules.is_empty() {
                let _ = writeln!(text, "rule = {}", list(rules));
            }
            for (key, values) in entry {
                let _ = writeln!(text, "{key} = {}", list(values));
            }
            let reason = if self.description.is_empty() { "carried over from gitleaks" } else { &self.description };
            let _ = writeln!(text, "reason = {}\n", quoted(reason));
        }
    }
}

/// A pattern of paths as a glob, when it is that simple.
fn glob(pattern: &str) -> Option<String> {
    let (body, is_at_start) = match pattern.strip_prefix('^') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let (body, is_at_end) = match body.strip_suffix('$') {
        Some(rest) if !rest.ends_with('\\') => (rest, true),
        _ => (body, false),
    };
    let body = body.replace("(.*?)", ".*").replace("(.*)", ".*").replace(".*?", ".*");
    let mut glob = if is_at_start { String::new() } else { "**".to_owned() };
    let mut rest = body.as_str();
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix(".*") {
            glob += "**";
            rest = behind;
        } else if first == '\\' {
            let mark = rest[1..].chars().next().filter(char::is_ascii_punctuation)?;
            glob.push(mark);
            rest = &rest[2..];
        } else if first.is_ascii_alphanumeric() || "_-/ @,".contains(first) || first == '.' {
            // A bare dot is nearly always meant as one.
            glob.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            return None;
        }
    }
    if !is_at_end && !glob.ends_with("**") {
        glob += "**";
    }
    let glob = glob.replace("****", "**");
    // Two stars stand alone between slashes: elsewhere one of them, which stays in a folder, and the same
    // below.
    let parts: Vec<&str> = glob.split('/').collect();
    let fits = |part: &&str| !part.contains("**") || *part == "**";
    if parts.iter().all(fits) {
        return Some(glob);
    }
    let last = parts.len() - 1;
    let widened = parts.iter().enumerate().map(|(at, part)| match part.strip_prefix("**") {
        Some(name) if at == 0 && !name.contains("**") => Some(format!("**/*{name}")),
        _ => match part.strip_suffix("**") {
            Some(name) if at == last && !name.contains("**") => Some(format!("{name}*")),
            _ => match part.strip_prefix("**").and_then(|part| part.strip_suffix("**")) {
                Some(name) if at == 0 && at == last && !name.contains("**") => Some(format!("**/*{name}*")),
                _ => fits(part).then(|| (*part).to_owned()),
            },
        },
    });
    Some(widened.collect::<Option<Vec<_>>>()?.join("/"))
}

fn list(values: &[String]) -> String {
    match values {
        [one] => quoted(one),
        all => format!("[{}]", all.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", ")),
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_that_is_the_secret_gets_its_name() {
        let table = [
            ("a(b)(c)", 2, Some("a(b)(?P<secret>c)")),
            ("(?i)(?:a)(b[(\\]])\\((c)", 2, Some("(?i)(?:a)(b[(\\]])\\((?P<secret>c)")),
            ("[]()](?P<x>a)", 1, Some("[]()](?P<secret>a)")),
            ("[^](](?<x>a)", 1, Some("[^](](?P<secret>a)")),
            ("(a)", 0, Some("(a)")),
            ("(a)", 2, None),
        ];
        for (pattern, group, expected) in table {
            assert_eq!(with_secret(pattern, group).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn simple_patterns_of_paths_are_globs() {
        let table = [
            ("^src/a\\.py$", Some("src/a.py")),
            ("^tests/", Some("tests/**")),
            ("^tests/.*", Some("tests/**")),
            ("\\.snap$", Some("**/*.snap")),
            ("(.*?)package-lock\\.json$", Some("**/*package-lock.json")),
            ("(a|b)\\.lock", None),
            ("[0-9]+\\.txt", None),
        ];
        for (pattern, expected) in table {
            assert_eq!(glob(pattern).as_deref(), expected, "{pattern}");
        }
    }
}

//! Runs the examples inside every rule, and holds the rule files to what the engine relies on.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeSet;
use std::fs;

use skant::blob::{Blob, Origin};
use skant::rule::pattern::Pattern;
use skant::rule::spec::{RuleFile, RuleSpec};
use skant::rule::{Finder, Reading, RuleSet};
use skant::scan::{Scanned, Scanner, Scratch};

/// Every rule file, by name.
fn files() -> Vec<(String, RuleFile)> {
    let mut files: Vec<_> = fs::read_dir("rules")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let file = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_name().unwrap().to_string_lossy().into_owned(), file)
        })
        .collect();
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files
}

/// The rules of a file that find secrets.
fn of_secrets(file: RuleFile) -> impl Iterator<Item = RuleSpec> {
    file.rules.into_iter().filter(|rule| rule.files.is_none())
}

/// An example without its cut marks.
fn whole(example: &str) -> String {
    example.replacen("{}", "", usize::MAX)
}

fn scan(scanner: &Scanner, text: &str) -> Scanned {
    let origin = Origin::file("example.txt");
    scanner.scan(&Blob { bytes: text.as_bytes(), origin: &origin }, &mut Scratch::default())
}

fn found(scanned: &Scanned) -> Vec<&str> {
    scanned.findings.iter().map(|finding| finding.rule.id.as_str()).collect()
}

/// A shorter one is met everywhere, and costs every scan.
#[test]
fn every_name_and_keyword_of_a_rule_has_three_bytes() {
    for (file, rules) in files() {
        for rule in rules.rules {
            let short = rule.names.iter().chain(&rule.keywords).find(|word| word.len() < 3);
            assert_eq!(short, None, "{file}: {}", rule.id);
        }
    }
}

#[test]
fn every_hit_is_found_by_its_rule_alone_and_no_miss_by_any() {
    let scanner = Scanner::new(&RuleSet::builtin());
    let mut failures = Vec::new();
    for (_, file) in files() {
        for rule in of_secrets(file) {
            for hit in rule.hits.iter().map(|hit| whole(hit)) {
                let scanned = scan(&scanner, &hit);
                if found(&scanned) != [&rule.id] {
                    let dismissed: Vec<_> =
                        scanned.dismissed.iter().map(|one| (&one.finding.rule.id, one.reason.as_str())).collect();
                    failures.push(format!(
                        "hit  {}: {hit}\n     found {:?}, dismissed {dismissed:?}",
                        rule.id,
                        found(&scanned)
                    ));
                }
            }
            for miss in rule.misses.iter().map(|miss| whole(miss)) {
                let scanned = scan(&scanner, &miss);
                if !scanned.findings.is_empty() {
                    failures.push(format!("miss {}: {miss}\n     found {:?}", rule.id, found(&scanned)));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} examples fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn rules_about_files_know_them_by_their_whole_names() {
    let mut names = 0;
    for rule in files().into_iter().flat_map(|(_, file)| file.rules).filter(|rule| rule.files.is_some()) {
        let pattern = Pattern::new(&rule.pattern);
        let is_it = |name: &str| pattern.matches_at(name.as_bytes(), 0).is_some_and(|one| one.whole.end == name.len());
        for (name, expected) in
            rule.hits.iter().map(|hit| (hit, true)).chain(rule.misses.iter().map(|miss| (miss, false)))
        {
            assert_eq!(is_it(name), expected, "{}: {name}", rule.id);
            names += 1;
        }
    }
    assert!(names > 20, "{names}");
}

/// The page that lists every rule.
fn list() -> String {
    let mut page = "# Every rule\n\nWritten by `SKANT_WRITE=1 cargo test --test rules`, which fails when it is stale. What the columns mean is\n\
                    in [rules.md](rules.md).\n\n| id | finds | provider | severity | confidence |\n|---|---|---|---|---|\n"
        .to_owned();
    let rules = RuleSet::builtin();
    let mut rules: Vec<_> = rules.iter().collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    for rule in rules {
        let columns = [&*format!("`{}`", rule.id), &*rule.name, &*rule.provider];
        let [id, name, provider] = columns.map(|column| column.replace('|', "\\|"));
        page += &format!("| {id} | {name} | {provider} | {} | {} |\n", rule.severity, rule.confidence);
    }
    page
}

#[test]
fn the_list_of_rules_is_not_stale() {
    let path = "docs/rules-list.md";
    if std::env::var_os("SKANT_WRITE").is_some() {
        fs::write(path, list()).unwrap();
    }
    assert!(fs::read_to_string(path).unwrap() == list(), "run `SKANT_WRITE=1 cargo test --test rules`");
}

#[test]
fn keys_are_asked_about_at_their_vendors_hosts_only() {
    const HOSTS: [&str; 6] =
        ["api.anthropic.com", "api.github.com", "api.openai.com", "huggingface.co", "registry.npmjs.org", "slack.com"];
    let mut asked = 0;
    for (name, file) in files() {
        for (id, verify) in file.rules.iter().filter_map(|rule| Some((&rule.id, rule.verify.as_ref()?))) {
            let host = verify.url.strip_prefix("https://").and_then(|rest| rest.split_once('/')).unwrap().0;
            assert!(HOSTS.contains(&host), "{name}: {id} asks {host}");
            let (holds, rest): (Vec<_>, Vec<_>) = verify.headers.iter().partition(|header| header.contains("{}"));
            assert!(holds.len() == 1 && holds[0].ends_with("{}"), "{id} puts the key into one header");
            assert!(holds.iter().chain(&rest).all(|header| header.contains(": ")), "{id} has a header that is none");
            assert!(verify.reading == Reading::Anthropic || !verify.live.is_empty(), "{id} never says live");
            assert!(!id.contains("refresh") && !id.contains("session"), "{id} is not to be asked about");
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked}");
}

#[test]
fn every_rule_is_well_made() {
    let mut failures = Vec::new();
    let mut fail = |rule: &str, what: &str| failures.push(format!("{rule}: {what}"));
    for (name, file) in files() {
        for rule in &file.rules {
            let id = rule.id.as_str();
            if rule.hits.is_empty() {
                fail(id, "has no hit");
            }
            if rule.help.is_empty() && file.help.is_empty() {
                fail(id, "has no help");
            }
            if let Err(message) = Pattern::check(&rule.pattern) {
                fail(id, &message);
            }
            for text in rule.hits.iter().filter(|hit| rule.files.is_none() && !hit.contains("{}")) {
                fail(id, &format!("writes a whole credential: {text}"));
            }
        }
        if !file.help_url.is_empty() && !file.help_url.starts_with("https://") {
            fail(&name, "help_url is no https address");
        }
    }
    for rule in RuleSet::builtin().iter() {
        if let Finder::Token { keywords, anywhere, .. } = &rule.finder {
            for keyword in keywords {
                let begins_word = keyword.places()[0].iter().all(|byte| byte.is_ascii_alphanumeric());
                assert_eq!(keyword.check(), Ok(()), "{}", rule.id);
                if keyword.places().len() < 3 || (!anywhere && !begins_word) {
                    fail(&rule.id, &format!("keyword {:?} cannot be found", keyword.as_str()));
                }
            }
        }
        if rule.companion.as_ref().is_some_and(|companion| RuleSet::builtin().get(companion).is_none()) {
            fail(&rule.id, "its companion does not exist");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_the_binary_holds_is_written_in_rules() {
    let written: BTreeSet<String> =
        files().into_iter().flat_map(|(_, file)| file.rules.into_iter().map(|rule| rule.id)).collect();
    let built: BTreeSet<String> = RuleSet::builtin().iter().map(|rule| rule.id.clone()).collect();
    assert_eq!(written, built);
}

/// A secret's right edge is "the next character cannot belong to it", and its left edge a place
/// where no word goes on: never a list of delimiters.
#[test]
fn tokens_are_found_whatever_stands_around_them() {
    const AROUND: &[(&str, &str)] = &[
        ("", ""),
        ("\"", "\""),
        ("'", "',"),
        ("(", ")"),
        ("", ","),
        ("", ";"),
        ("<key>", "</key>"),
        ("k=", "&x=1"),
        ("", "|"),
        ("See ", ". Then"),
        ("{", "}"),
        ("**", "**"),
        ("", "@host"),
        ("\\\"", "\\\""),
        ("%3D", "%20"),
        ("\\n", "\\n"),
        ("_", " "),
        ("=", "\n"),
        (":", "\r\n"),
        ("`", "`"),
        ("[", "]"),
        ("\t", "\t"),
        ("\\t", "\\\\"),
        (">", "<"),
        ("\u{a0}", "\u{a0}"),
        ("“", "”"),
        ("#", "#"),
        ("$", "$"),
        ("~ ", " ~"),
        ("!", "!"),
        ("x: ", "?"),
        ("\0", "\0"),
        ("é", "é"),
        ("\\u003d", "\\u0026"),
    ];
    let scanner = Scanner::new(&RuleSet::builtin());
    let portable = Scanner::portable(&RuleSet::builtin());
    let mut failures = BTreeSet::new();
    for (_, file) in files() {
        for rule in file.rules.iter().filter(|rule| !rule.keywords.is_empty() && rule.companion.is_none()) {
            for hit in rule.hits.iter().map(|hit| whole(hit)) {
                let Some(finding) = scan(&scanner, &hit).findings.into_iter().next() else { continue };
                // A secret that is only part of its match needs what is around it.
                if rule.pattern.contains("(?P<secret>") {
                    continue;
                }
                let secret = String::from_utf8_lossy(finding.secret.expose()).into_owned();
                for (before, after) in AROUND {
                    let text = format!("some text {before}{secret}{after} more text");
                    for scanner in [&scanner, &portable] {
                        let scanned = scan(scanner, &text);
                        let same =
                            scanned.findings.iter().any(|one| one.rule.id == rule.id && one.secret == finding.secret);
                        if !same {
                            failures.insert(format!(
                                "{} between {before:?} and {after:?}: {:?}",
                                rule.id, scanned.findings
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.into_iter().collect::<Vec<_>>().join("\n")
    );
}

//! Holds `skant merge` to its word: the reports of parts, joined, are the report of the whole, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, github_token, key_of, mask, password, skant};

/// The formats that hold what reports hold; `human` also shows lines and times.
const FORMATS: [&str; 7] = ["json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"];

/// A tree of two halves, with what reports can have: several secrets in a file, names that hold one, masks of
/// each kind, a note, a pointer, a wrapping, what is dismissed, what is not scanned.
fn halves() -> Tree {
    let tree = Tree::new();
    for half in ["a", "b"] {
        tree.key(&format!("{half}/.env")).password(&format!("{half}/é settings.ini"));
        tree.file(format!("{half}/two"), &format!("{} {}\n", anthropic_key(1), github_token(2)));
        tree.file(format!("{half}/{}", anthropic_key(3)), "");
        tree.file(format!("{half}/s.json"), &format!("{{\"env\": {{\"K\": \"{}\"}}}}\n", anthropic_key(4)));
        let wide: Vec<u8> = key_of(half).encode_utf16().flat_map(u16::to_le_bytes).collect();
        tree.bytes(format!("{half}/wide"), [&b"\xff\xfe"[..], &wide].concat());
        tree.file(format!("{half}/none"), &format!("k = sk-ant-api03-{}\n", "x".repeat(95)));
    }
    tree.file(
        "a/.claude/settings.json",
        &format!("{{\"env\": {{\"ANTHROPIC_API_KEY\": \"{}\"}}}}\n", anthropic_key(6)),
    );
    tree.file("a/web.js", concat!("const a = import.meta.env.VITE_", "ANTHROPIC_API_KEY;\n"));
    tree.file("b/key.pem", &support::private_key(5, 20));
    tree
}

/// The report of a scan, in a file beside the tree.
fn part(tree: &Tree, name: &str, arguments: &[&str]) -> Run {
    let output = format!("{}={}", name.rsplit_once('.').unwrap().1, tree.home().join(name).display());
    fs::create_dir_all(tree.home()).unwrap();
    skant(tree, &[arguments, &["--output", &output]].concat())
}

fn merge(tree: &Tree, names: &[&str], arguments: &[&str]) -> Run {
    let files: Vec<String> = names.iter().map(|name| tree.home().join(name).display().to_string()).collect();
    let all: Vec<&str> =
        ["merge"].into_iter().chain(files.iter().map(|file| &**file)).chain(arguments.iter().copied()).collect();
    skant(tree, &all)
}

#[test]
fn parts_of_a_tree_are_the_whole() {
    let tree = halves();
    assert_eq!(part(&tree, "a.json", &["scan", "a", "missing-a"]).status, 2);
    assert_eq!(part(&tree, "b.jsonl", &["scan", "b", "missing-b"]).status, 2);
    for format in FORMATS {
        let whole = skant(&tree, &["scan", "a", "b", "missing-a", "missing-b", "--format", format]);
        for names in [["a.json", "b.jsonl"], ["b.jsonl", "a.json"]] {
            let merged = merge(&tree, &names, &["--format", format]);
            assert_eq!((merged.status, &merged.stdout), (2, &whole.stdout), "{format}: {}", merged.stderr);
        }
    }
    let whole = skant(&tree, &["scan", "a", "b", "missing-a", "missing-b", "--format", "json"]);
    assert!(whole.findings().len() > 12, "{whole:#?}");
    for field in ["pointer", "note", "via"] {
        let is_there =
            |finding: &Value| finding.get(field).is_some_and(|value| *value != json!([]) && !value.is_null());
        assert!(whole.findings().iter().any(is_there), "{field}: {whole:#?}");
    }
}

#[test]
fn one_report_is_itself() {
    let tree = Tree::repo();
    tree.key("a").git(&["add", "."]).git(&["commit", "-qm", &format!("one {}", anthropic_key(9))]);
    tree.key("b").git(&["add", "."]).git(&["commit", "-qm", "two"]).git(&["tag", "-am", "three", "v1"]);
    for (range, name) in [(None, "all.json"), (Some("HEAD~..HEAD"), "range.jsonl")] {
        let arguments: Vec<&str> = ["history"].into_iter().chain(range).collect();
        part(&tree, name, &arguments);
        for format in FORMATS {
            let whole = skant(&tree, &[&*arguments, &["--format", format]].concat());
            let merged = merge(&tree, &[name], &["--format", format]);
            assert_eq!((merged.status, merged.stderr, merged.stdout), (1, String::new(), whole.stdout), "{format}");
        }
    }
    let run = merge(&tree, &["all.json", "range.jsonl"], &[]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("range"), "{run:#?}");
}

#[test]
fn what_was_dismissed_and_a_choice_of_rules_are_kept() {
    let tree = halves();
    let chosen = ["--explain", "--only", "anthropic-*,generic-*"];
    for half in ["a", "b"] {
        part(&tree, &format!("{half}.json"), &[&["scan", half], &chosen[..]].concat());
    }
    let whole = skant(&tree, &[&["scan", "a", "b", "--format", "json"], &chosen[..]].concat());
    assert!(whole.json()["dismissed_findings"].as_array().is_some_and(|all| !all.is_empty()), "{whole:#?}");
    let merged = merge(&tree, &["a.json", "b.json"], &["--format", "json", "--only", "anthropic-*,generic-*"]);
    assert_eq!((merged.status, merged.stdout), (1, whole.stdout), "{}", merged.stderr);
    let refused = merge(&tree, &["a.json", "b.json"], &["--format", "json"]);
    assert_eq!((refused.status, &*refused.stdout), (2, ""));
    assert!(refused.stderr.contains("`--only`"), "{refused:#?}");
}

#[test]
fn parts_that_came_to_be_by_other_options_are_refused() {
    let tree = halves();
    let allow = "[[allow]]\npath = \"x\"\nreason = \"y\"\n";
    tree.file("skant.toml", "").file("other/skant.toml", allow).file("same/skant.toml", "");
    tree.file("known", "# skant baseline v1\n");
    part(&tree, "a.json", &["scan", "a"]);
    for (options, said) in [
        (&["--severity", "high"][..], "with `--severity high`, and the one before with `--severity low`"),
        (&["--confidence", "low"], "with `--confidence low`, and the one before with `--confidence medium`"),
        (&["--no-inline"], "with `--no-inline`, and the one before with no `--no-inline`"),
        (&["--no-baseline"], "with `--no-baseline`, and the one before with no `--no-baseline`"),
        (&["--no-ignore"], "with `--no-ignore`, and the one before with no `--no-ignore`"),
        (&["--no-config"], "with no `--config`, `--no-config`, and the one before with `--config "),
        (&["--config", "other/skant.toml"], "and the one before with `--config "),
        (&["--config", "same/skant.toml"], "by another config than the one before"),
        (&["--baseline", "known"], "and the one before with no `--baseline`"),
        (&["--skip", "github-*"], "rules and here are"),
    ] {
        part(&tree, "b.json", &[&["scan", "b"], options].concat());
        let run = merge(&tree, &["a.json", "b.json"], &["--format", "json"]);
        assert_eq!((run.status, &*run.stdout), (2, ""), "{options:?}: {run:#?}");
        let told = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("b.json: ") && told.contains(said), "{options:?}: {run:#?}");
    }
    // What finds nothing else is nobody's business.
    part(&tree, "b.json", &["scan", "b", "--threads", "1", "--quiet", "--fail-on", "never"]);
    assert_eq!(merge(&tree, &["a.json", "b.json"], &["--format", "json"]).status, 1);
}

#[test]
fn parts_that_ran_by_other_rules_are_refused_although_there_are_as_many() {
    let tree = halves();
    let rule = |name: &str, pattern: &str| {
        let [head, id] = ["provider = \"A\"\n[[rule]]", "id = \"acme-key\"\nname = \"K\"\nseverity = \"high\""];
        let hit = "hits = [\"acme_{}0123456789abcdef\"]";
        tree.file(name, &format!("{head}\n{id}\nkeywords = [\"acme_\"]\npattern = '{pattern}'\n{hit}\n"));
    };
    rule("one.toml", "acme_[0-9a-f]{16}");
    rule("two.toml", "acme_[0-9a-g]{16}");
    let said = "ran by other rules than there are here, or graded otherwise: give the `--rules`";
    let joined = |options: &[&str]| merge(&tree, &["a.json"], &[&["--format", "sarif"], options].concat());
    part(&tree, "a.json", &["scan", "a", "--rules", "one.toml"]);
    let run = joined(&["--rules", "two.toml"]);
    assert_eq!(run.status, 2, "{run:#?}");
    assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{run:#?}");
    assert_eq!(joined(&["--rules", "one.toml"]).status, 1);

    // A config grades rules, and SARIF says of every rule how bad it is.
    tree.file("skant.toml", "[rules.anthropic-api-key]\nseverity = \"low\"\n");
    part(&tree, "a.json", &["scan", "a"]);
    let run = joined(&[]);
    assert_eq!(run.status, 2, "{run:#?}");
    assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{run:#?}");
    let whole = skant(&tree, &["scan", "a", "--format", "sarif"]);
    assert_eq!(joined(&["--config", "skant.toml"]).stdout, whole.stdout);
}

#[test]
fn clean_parts_are_clean_and_people_are_told() {
    let tree = Tree::new();
    tree.file("a/x", "nothing\n").file("b/x", "nothing\n").key("c/x");
    for part_of in ["a", "b", "c"] {
        part(&tree, &format!("{part_of}.jsonl"), &["scan", part_of]);
    }
    let clean = merge(&tree, &["a.jsonl", "b.jsonl"], &["--format", "json"]);
    assert_eq!((clean.status, &clean.json()["scan"]["files"]), (0, &json!(2)), "{clean:#?}");
    let found = merge(&tree, &["a.jsonl", "c.jsonl"], &[]);
    assert_eq!(found.status, 1, "{found:#?}");
    assert!(found.stdout.contains(&mask(&key_of("c/x"))) && found.stdout.contains("c/x:1:19"), "{found:#?}");
    assert_eq!(merge(&tree, &["a.jsonl", "c.jsonl"], &["--fail-on", "never"]).status, 0);
}

#[test]
fn what_was_revealed_is_masked_again() {
    let tree = halves();
    let revealed = skant(&tree, &["scan", "--format", "json", "--reveal"]);
    let secrets = [key_of("a/.env"), password(), github_token(2), key_of("a")];
    assert!(secrets.iter().all(|secret| revealed.stdout.contains(&**secret)));
    fs::create_dir_all(tree.home()).unwrap();
    fs::write(tree.home().join("revealed.json"), &revealed.stdout).unwrap();
    let whole = skant(&tree, &["scan", "--format", "json"]);
    let merged = merge(&tree, &["revealed.json"], &["--format", "json"]);
    assert!(secrets.iter().all(|secret| !merged.all().contains(&**secret)), "{merged:#?}");
    assert_eq!(merged.stdout, whole.stdout);
}

/// A report of one finding, changed.
fn changed(change: impl FnOnce(&mut Value)) -> Run {
    let tree = Tree::new();
    tree.key("x");
    part(&tree, "x.json", &["scan"]);
    let file = tree.home().join("x.json");
    let mut report: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut report);
    fs::write(&file, report.to_string()).unwrap();
    merge(&tree, &["x.json"], &["--format", "json"])
}

#[test]
fn hostile_reports_are_refused_with_a_sentence() {
    type Change = fn(&mut Value);
    let refused: [(Change, &str); 17] = [
        (|report| report["schema_version"] = json!(2), "`schema_version` is 2"),
        (|report| report["tool"]["version"] = json!("0.0.7\u{1b}[31m"), "skant 0.0.7␛[31m wrote it"),
        (|report| report["tool"]["name"] = json!("other"), "other 0.1.0 wrote it"),
        (|report| report["more"] = json!(1), "no report of skant's"),
        (|report| report["findings"][0]["more"] = json!(1), "no report of skant's"),
        (|report| report["findings"] = json!("x"), "no report of skant's"),
        (|report| report["findings"][0]["rule"] = json!("acme-key"), "the rule `acme-key`"),
        (|report| report["findings"][0]["line"] = json!(0), "a place that is none"),
        (|report| report["findings"][0]["column"] = json!(u64::MAX), "a place that is none"),
        (|report| report["findings"][0]["severity"] = json!("worse"), "the severity `worse`"),
        (|report| report["findings"][0]["fingerprint"] = json!("v1:x"), "a fingerprint"),
        (
            |report| report["findings"][0]["commit"] = json!({"id": "../x", "author": "", "date": "", "summary": ""}),
            "commit",
        ),
        (|report| report["scan"]["complete"] = json!(false), "do not agree"),
        (|report| report["scan"]["source"] = json!("moon"), "`moon`"),
        (|report| report["findings"] = json!([]), "counts 1 findings, and it has 0"),
        (|report| report["scan"]["settings"] = json!({}), "by other rules"),
        (|report| report["scan"]["shard"] = json!({"number": 2, "of": 1, "list": ""}), "a share that is none"),
    ];
    for (change, sentence) in refused {
        let run = changed(change);
        assert_eq!((run.status, &*run.stdout), (2, ""), "{sentence}: {run:#?}");
        assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(sentence), "{sentence}: {run:#?}");
    }
}

#[test]
fn what_reports_say_is_not_believed() {
    let key = anthropic_key(77);
    let run = changed(|report| {
        let finding = &mut report["findings"][0];
        for field in ["name", "provider", "help", "help_url"] {
            finding[field] = json!("<script>");
        }
        for field in ["path", "note", "ref", "pointer"] {
            finding[field] = json!(format!("{field}\u{202e}{key}"));
        }
        finding["commit"] = json!({"id": "ab", "author": key, "date": key, "summary": key});
        finding["secret"] = json!(format!("x{key}"));
        finding["next"] = json!([key]);
        finding["refs"] = json!([key]);
        finding["via"] = json!([key]);
        report["scan"]["notices"] = json!([key]);
        report["scan"]["settings"][&key] = json!(key);
    });
    assert_eq!(run.status, 1, "{run:#?}");
    assert!(!run.all().contains(&key) && !run.stdout.contains("<script>"), "{run:#?}");
    assert_eq!(run.findings()[0]["name"], "Anthropic API key");
}

#[test]
fn what_is_no_report_is_refused() {
    let tree = Tree::new();
    tree.key("x").key("y");
    let lines = skant(&tree, &["scan", "--format", "jsonl"]).stdout;
    let whole = skant(&tree, &["scan", "--format", "json"]).stdout;
    let cut = lines.trim_end().rsplit_once('\n').unwrap().0.to_owned();
    let lost = lines.lines().last().unwrap().to_owned();
    let deep = "[".repeat(100_000);
    let cases = [
        (String::new(), "it is empty"),
        ("{}".into(), "no report of skant's"),
        ("no".into(), "no report of skant's"),
        (deep, "no report of skant's"),
        (cut, "the summary, is missing"),
        (lost, "counts 2 findings, and it has 0"),
        (whole[..whole.len() / 2].to_owned(), "it ends early"),
        (lines.repeat(2), "no report of skant's"),
    ];
    for (text, sentence) in cases {
        fs::create_dir_all(tree.home()).unwrap();
        fs::write(tree.home().join("x"), text).unwrap();
        let run = merge(&tree, &["x"], &["--format", "json"]);
        assert_eq!((run.status, &*run.stdout), (2, ""), "{sentence}: {run:#?}");
        assert!(run.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(sentence), "{sentence}: {run:#?}");
    }
    fs::write(tree.home().join("x"), &whole).unwrap();
    let before = fs::read(tree.home().join("x")).unwrap();
    let file = tree.home().join("x").display().to_string();
    for arguments in [vec!["merge"], vec!["merge", "none"], vec!["merge", &file, &file]] {
        assert_eq!(skant(&tree, &arguments).status, 2);
    }
    assert_eq!(skant(&tree, &["merge", &file, "--output", &format!("json={file}")]).status, 2);
    assert_eq!(fs::read(tree.home().join("x")).unwrap(), before);
}

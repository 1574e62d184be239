//! The program as people and scripts use it: arguments, exit codes, formats, and what is never shown.
#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;
use support::{
    BASE62, Random, Tree, anthropic_key, anthropic_key_of, found, github_token, key_of, mask, password, run, scan,
    skant,
};

const FORMATS: [&str; 8] = ["human", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"];

/// A tree with a critical finding, a medium one, and a critical one that we are not sure of.
fn tree_of_levels() -> Tree {
    let tree = Tree::new();
    tree.key("critical").password("medium");
    tree.file("unsure", &format!("k = {}\n", &anthropic_key(1)[..60]));
    tree
}

fn status(tree: &Tree, arguments: &[&str]) -> i32 {
    scan(tree, arguments).status
}

/// Runs a scan that has to fail; gives what it says on standard error.
#[track_caller]
fn refused(tree: &Tree, arguments: &[&str]) -> String {
    let run = skant(tree, arguments);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments:?}: {run:#?}");
    run.stderr
}

// Exit codes.

#[test]
fn a_clean_scan_ends_with_0_and_says_so_in_a_line() {
    let tree = Tree::new();
    tree.file("a", "nothing here\n");
    let run = skant(&tree, &["scan"]);
    assert_eq!((run.status, run.stderr.as_str(), run.stdout.lines().count()), (0, "", 1), "{run:#?}");
    assert!(run.stdout.starts_with("no secrets found: 1 file, 13 B"), "{run:#?}");
}

#[test]
fn findings_end_with_1() {
    let tree = Tree::new();
    tree.key("a").key("b");
    let run = skant(&tree, &["scan"]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    assert!(run.stdout.contains("2 secrets in 2 files (2 critical)"), "{run:#?}");
}

#[test]
fn what_was_not_scanned_ends_with_2_and_findings_are_printed() {
    let tree = Tree::new();
    tree.key("a");
    for format in FORMATS {
        let run = skant(&tree, &["scan", "--format", format, ".", "missing"]);
        assert_eq!(run.status, 2, "{format}");
        assert!(run.stdout.contains(&mask(&key_of("a"))), "{run:#?}");
    }
}

#[test]
fn findings_fail_a_run_from_the_level_that_was_asked_for() {
    let tree = Tree::new();
    tree.password("a");
    for (level, expected) in [("low", 1), ("medium", 1), ("high", 0), ("critical", 0), ("never", 0)] {
        let run = scan(&tree, &["--fail-on", level]);
        assert_eq!((run.status, run.findings().len()), (expected, 1), "{level}");
    }
    tree.key("b");
    assert_eq!(status(&tree, &["--fail-on", "critical"]), 1);
    assert_eq!(status(&tree, &["--fail-on", "never"]), 0);
}

#[test]
fn a_scan_that_never_fails_still_fails_on_what_was_not_scanned() {
    let tree = Tree::new();
    assert_eq!(status(&tree, &["--fail-on", "never", "missing"]), 2);
}

#[test]
fn a_request_that_makes_no_sense_ends_with_2_and_a_sentence() {
    let tree = Tree::new();
    tree.key("a");
    for arguments in [
        &[][..],
        &["nope"],
        &["scan", "--nope"],
        &["scan", "--format", "nope"],
        &["scan", "--format"],
        &["scan", "--threads", "0"],
        &["scan", "--threads", "many"],
        &["scan", "--fail-on", "nope"],
        &["scan", "--severity", "nope"],
        &["scan", "--confidence", "critical"],
        &["scan", "--color", "nope"],
        &["scan", "-o", "json"],
        &["scan", "-o", "json="],
        &["scan", "-o", "nope=a"],
        &["scan", "--stdin-filename", "a"],
        &["scan", "-", "a"],
        &["scan", "a", "-"],
        &["scan", "-C", "missing"],
        &["scan", "-C", "a"],
        &["scan", "--rules", "missing.toml"],
        &["rules", "show", "nope"],
    ] {
        assert!(refused(&tree, arguments).len() > 20, "{arguments:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let tree = Tree::new();
    let version = concat!("skant ", env!("CARGO_PKG_VERSION"), "\n");
    for (arguments, expected) in [
        (&["--help"][..], "Exit codes"),
        (&["-h"], "Usage: skant"),
        (&["scan", "--help"], "--fail-on"),
        (&["scan", "-h"], "--fail-on"),
        (&["--version"], version),
        (&["-V"], version),
    ] {
        let run = skant(&tree, arguments);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(run.stdout.contains(expected), "{run:#?}");
    }
}

// What is reported.

#[test]
fn findings_are_reported_from_the_levels_that_were_asked_for() {
    let tree = tree_of_levels();
    for (arguments, expected) in [
        (&[][..], &["critical", "medium"][..]),
        (&["--confidence", "low"], &["critical", "medium", "unsure"]),
        (&["--confidence", "high"], &["critical"]),
        (&["--severity", "high"], &["critical"]),
        (&["--severity", "medium", "--confidence", "low"], &["critical", "medium", "unsure"]),
        (&["--severity", "critical", "--confidence", "low"], &["critical"]),
    ] {
        assert_eq!(found(&tree, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn findings_below_the_levels_are_told_to_people() {
    let run = skant(&tree_of_levels(), &["scan", "unsure"]);
    assert_eq!(run.status, 0);
    assert!(run.stdout.contains("1 finding below the asked severity or confidence"), "{run:#?}");
}

#[test]
fn rules_are_chosen_by_ids_and_globs() {
    let tree = Tree::new();
    tree.key("a").file("g", &format!("t = {}\n", github_token(1))).password("p");
    for (arguments, expected) in [
        (&["--only", "anthropic-api-key"][..], &["a"][..]),
        (&["--only", "anthropic-*"], &["a"]),
        (&["--only", "github-*,generic-password"], &["g", "p"]),
        (&["--only", "github-*", "--only", "generic-password"], &["g", "p"]),
        (&["--skip", "github-*"], &["a", "p"]),
        (&["--skip", "github-*,generic-*"], &["a"]),
        (&["--only", "*-key", "--skip", "generic-*"], &["a"]),
    ] {
        assert_eq!(found(&tree, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn a_rule_that_does_not_exist_is_an_error() {
    let tree = Tree::new();
    tree.key("a");
    for (option, id) in [
        ("--only", "no-such-rule"),
        ("--skip", "no-such-rule"),
        ("--only", "nope-*"),
        ("--skip", "anthropic"),
        ("--only", "["),
    ] {
        let told = refused(&tree, &["scan", option, &format!("anthropic-api-key,{id}")]);
        assert!(told.contains(option) && told.contains(id), "{told}");
        assert!(told.contains("help:"), "{told}");
    }
}

#[test]
fn no_rule_at_all_is_an_error() {
    let tree = Tree::new();
    for arguments in [&["scan", "--skip", "*"][..], &["scan", "--only", "anthropic-api-key", "--skip", "anthropic-*"]] {
        assert!(refused(&tree, arguments).contains("no rule is left"), "{arguments:?}");
    }
}

// Rule files.

const RULES: &str = r#"provider = "Acme"

[[rule]]
id = "acme-token"
name = "Acme token"
severity = "medium"
keywords = ["acme_"]
pattern = '''acme_[0-9A-Za-z]{32}'''
"#;

#[test]
fn a_rule_file_adds_its_rules() {
    let tree = Tree::new();
    let token = format!("acme_{}", Random::new(1).text(BASE62, 32));
    tree.file("acme.toml", RULES).file("a", &format!("t = {token}\n")).key("b");
    let run = scan(&tree, &["--rules", "acme.toml", "a", "b"]);
    assert_eq!((run.status, run.each("rule")), (1, vec!["acme-token".into(), "anthropic-api-key".into()]), "{run:#?}");
    assert_eq!(run.each("secret")[0], format!("acme_{}...{}", &token[5..8], &token[33..]));
    assert_eq!(found(&tree, &["--rules", "acme.toml", "--only", "acme-*", "."]), ["a"]);
}

#[test]
fn a_rule_of_the_same_id_takes_the_place_of_a_built_in_one() {
    let tree = Tree::new();
    let rules = RULES.replace("acme-token", "anthropic-api-key").replace("medium", "low");
    let token = format!("acme_{}", Random::new(1).text(BASE62, 32));
    tree.file("acme.toml", &rules).file("a", &format!("t = {token}\n")).key("b");
    let run = scan(&tree, &["--rules", "acme.toml", "--only", "anthropic-api-key", "a", "b"]);
    assert_eq!(
        (run.each("path"), run.each("severity"), run.each("name")),
        (vec!["a".into()], vec!["low".into()], vec!["Acme token".into()])
    );
}

#[test]
fn a_broken_rule_file_is_an_error_with_the_line_underlined() {
    let tree = Tree::new();
    tree.key("a");
    for (from, to, line) in [
        ("severity = \"medium\"", "severity = ", "severity ="),
        ("severity = \"medium\"", "severity = \"huge\"", "severity = \"huge\""),
        ("severity = \"medium\"", "severity = \"medium\"\ncolour = \"red\"", "colour = \"red\""),
        ("provider", "vendor", "vendor = \"Acme\""),
        ("{32}", "{32", "pattern ="),
        ("acme_[", "(acme_[", "pattern ="),
        ("{32}", "{32}\\b", "pattern ="),
        ("{32}", "{32}(?=x)", "pattern ="),
        ("acme_[0-9A-Za-z]{32}", "x*", "pattern ="),
        ("[\"acme_\"]", "[\"ac\"]", "keywords ="),
        ("[\"acme_\"]", "[\"acme_\", \"_acme\"]", "keywords ="),
        ("\"acme-token\"", "\"Acme Token\"", "id = \"Acme Token\""),
        ("\"acme-token\"", "'acme-token'\nbefore = [3, 1]", "before = [3, 1]"),
        ("acme_[0-9A-Za-z]{32}", "acme_[0-9A-Za-z]{14}", "pattern ="),
        ("\"acme-token\"", "'acme-token'\ncompanion = \"acme-id\"", "companion ="),
    ] {
        let text = RULES.replace(from, to);
        assert_ne!(text, RULES);
        tree.file("sub/acme.toml", &text);
        let told = refused(&tree, &["scan", "--rules", "sub/acme.toml"]);
        assert!(told.contains("sub/acme.toml"), "{told}");
        let lines: Vec<&str> = told.lines().collect();
        let shown = lines
            .windows(2)
            .any(|pair| pair[0].contains(&format!("│ {line}")) && pair[1].contains(['─', '▲', '┬', '╰']));
        assert!(shown, "the line `{line}` is not underlined:\n{told}");
    }
}

#[test]
fn a_rule_file_that_cannot_be_used_is_named() {
    let tree = Tree::new();
    tree.folder("folder")
        .bytes("binary.toml", b"\xff\xfe")
        .file("empty.toml", "")
        .file("none.toml", "provider = \"A\"\nrule = []\n");
    for name in ["folder", "binary.toml", "empty.toml", "none.toml", "missing.toml"] {
        assert!(refused(&tree, &["scan", "--rules", name]).contains(name), "{name}");
    }
}

#[test]
fn of_two_rules_the_broken_one_is_underlined() {
    let tree = Tree::new();
    let second = RULES.split_once("[[rule]]").unwrap().1.replace("acme-token", "acme-key").replace("{32}", "{3");
    tree.file("acme.toml", &format!("{RULES}\n[[rule]]{second}"));
    let told = refused(&tree, &["scan", "--rules", "acme.toml"]);
    assert!(told.contains("15 │ pattern") && told.contains("acme-key"), "{told}");
}

// Formats and outputs.

#[test]
fn every_format_tells_of_the_finding() {
    let tree = Tree::new();
    tree.file("src/a.py", &format!("\n  key = '{}'\n", anthropic_key(1)));
    let human = skant(&tree, &["scan"]).stdout;
    assert!(human.contains("anthropic-api-key") && human.contains("[src/a.py:2:10]"), "{human}");
    let finding = scan(&tree, &["."]).findings().remove(0);
    for (field, expected) in [("line", 2), ("column", 10), ("end_line", 2), ("end_column", 118)] {
        assert_eq!(finding[field], expected, "{field}");
    }
    for (field, expected) in
        [("path", "src/a.py"), ("rule", "anthropic-api-key"), ("where", "content"), ("severity", "critical")]
    {
        assert_eq!(finding[field], expected, "{field}");
    }
    let lines = skant(&tree, &["scan", "--format", "jsonl"]).stdout;
    assert_eq!(serde_json::from_str::<Value>(lines.lines().next().unwrap()).unwrap(), finding);
    let log = skant(&tree, &["scan", "--format", "sarif"]).json();
    assert_eq!(log["version"], "2.1.0");
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startColumn"]), (&"src/a.py".into(), &10.into()));
}

#[test]
fn the_last_line_of_jsonl_is_the_summary() {
    let tree = Tree::new();
    for count in 0..3 {
        let run = skant(&tree, &["scan", "--format", "jsonl"]);
        let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [findings @ .., summary] = lines.as_slice() else { panic!("{run:#?}") };
        assert_eq!(findings.len(), count);
        assert!(findings.iter().all(|finding| finding["rule"] == "anthropic-api-key"));
        assert_eq!((&summary["schema_version"], &summary["tool"]["name"]), (&1.into(), &"skant".into()));
        assert_eq!((&summary["scan"]["files"], &summary["scan"]["complete"]), (&count.into(), &true.into()));
        assert!(summary.get("findings").is_none());
        tree.key(&count.to_string());
    }
}

#[test]
fn several_reports_come_of_one_run() {
    let tree = Tree::new();
    tree.key("src/a");
    let expected = FORMATS.map(|format| skant(&tree, &["scan", "-q", "--format", format, "src"]).stdout);
    let outputs = FORMATS.map(|format| format!("{format}=report.{format}"));
    let mut arguments = vec!["scan", "-q", "--format", "jsonl", "src"];
    outputs.iter().for_each(|output| arguments.extend(["-o", output]));
    let run = skant(&tree, &arguments);
    assert_eq!((run.status, run.stderr.as_str(), &run.stdout), (1, "", &expected[2]));
    for (format, expected) in FORMATS.iter().zip(expected) {
        assert_eq!(fs::read_to_string(tree.path(format!("report.{format}"))).unwrap(), expected, "{format}");
    }
}

#[test]
fn reports_that_lie_in_the_tree_bring_no_findings() {
    let tree = Tree::new();
    tree.key("src/a").password("src/c").file("src/b", &format!("t = {}\n", github_token(1)));
    let outputs = FORMATS.map(|format| format!("{format}=reports/{format}"));
    tree.folder("reports");
    let mut arguments = vec!["scan", "--explain"];
    outputs.iter().for_each(|output| arguments.extend(["-o", output]));
    skant(&tree, &arguments);
    assert_eq!(found(&tree, &["reports"]), [""; 0]);
}

#[test]
fn a_report_that_cannot_be_written_ends_with_2_and_findings_are_printed() {
    let tree = Tree::new();
    tree.key("a").folder("folder");
    for file in ["missing/report", "folder", "/dev/full"] {
        let run = skant(&tree, &["scan", "-o", &format!("json={file}")]);
        assert_eq!(run.status, 2, "{run:#?}");
        assert!(run.stderr.contains(file), "{run:#?}");
        assert!(run.stdout.contains(&mask(&key_of("a"))), "{file}: {run:#?}");
    }
}

#[test]
fn a_report_takes_the_place_of_nothing_that_is_read() {
    let tree = Tree::repo();
    tree.key("src/a.py").file("acme.toml", RULES).link("link", "src/a.py").git(&["add", "."]);
    let text = fs::read_to_string(tree.path("src/a.py")).unwrap();
    for arguments in [
        &["scan", "src/a.py", "-o", "json=src/a.py"][..],
        &["scan", "src/a.py", "-o", "json=src/../src/a.py"],
        &["scan", "src/a.py", "-o", "sarif=link"],
        &["scan", "link", "-o", "sarif=src/a.py"],
        &["staged", "src/a.py", "-o", "sarif=src/a.py"],
        &["scan", "src", "--rules", "acme.toml", "-o", "human=acme.toml"],
    ] {
        let told = refused(&tree, arguments);
        assert!(told.contains("would take the place of a file that is read"), "{arguments:?}: {told}");
    }
    assert_eq!(fs::read_to_string(tree.path("src/a.py")).unwrap(), text);
    let told = refused(&tree, &["scan", "src", "-o", "json=report", "-o", "sarif=./report"]);
    assert!(told.contains("two reports would be written to ./report"), "{told}");
}

#[test]
fn standard_output_is_no_file_of_output() {
    let tree = Tree::new();
    tree.key("a");
    let told = refused(&tree, &["scan", "-o", "json=-", "a"]);
    assert!(told.contains("standard output has `--format`; name a file"), "{told}");
    assert!(!tree.path("-").exists());
}

#[test]
fn programs_that_get_a_report_leave_the_reasons_to_standard_error() {
    let tree = Tree::new();
    tree.key("a");
    for format in FORMATS {
        let run = skant(&tree, &["scan", "--format", format, "a", "missing"]);
        let told = "not scanned: missing: no such file or directory: check the spelling, or leave it out\n";
        assert_eq!((run.status, run.stderr.as_str()), (2, if format == "human" { "" } else { told }), "{format}");
    }
    let many: Vec<String> = (10..40).map(|number| format!("missing{number}")).collect();
    let mut arguments = vec!["scan", "--format", "json"];
    arguments.extend(many.iter().map(String::as_str));
    let run = skant(&tree, &arguments);
    assert_eq!((run.stderr.lines().count(), run.stderr.lines().last()), (21, Some("and 10 more")), "{run:#?}");
}

#[test]
fn sarif_says_what_the_program_ends_with() {
    let tree = Tree::new();
    tree.key("a").file("clean", "");
    for (arguments, code) in [(&["a"][..], 1), (&["clean"], 0), (&["a", "--fail-on", "never"], 0), (&["missing"], 2)] {
        let run = skant(&tree, &[&["scan", "--format", "sarif"], arguments].concat());
        assert_eq!((run.status, &run.json()["runs"][0]["invocations"][0]["exitCode"]), (code, &code.into()));
    }
}

#[test]
fn the_same_bytes_give_the_same_report_whatever_the_threads_do() {
    let tree = Tree::repo();
    for number in 0..400 {
        tree.key(&format!("{}/{number}", number % 7));
    }
    tree.file(".gitignore", "*.log\n")
        .link("1/.gitignore", "x")
        .link("2/.gitignore", "x")
        .file("3/a", "key = 'xxxxxxxxxxxxxxxxxxxxxxxx'");
    for format in FORMATS {
        let of = |threads| {
            let run =
                skant(&tree, &["scan", "--explain", "-q", "--format", format, "--threads", threads, ".", "no", "nor"]);
            assert_eq!(run.status, 2);
            run.stdout
        };
        let first = of("1");
        assert!(first.len() > if format == "github" { 2_000 } else { 50_000 }, "{format}: {}", first.len());
        for threads in ["4", "1", "3"] {
            assert!(of(threads) == first, "{format} differs with {threads} threads");
        }
    }
}

#[test]
fn quiet_leaves_out_the_summary_but_not_what_was_not_scanned() {
    let tree = Tree::new();
    tree.file("a", "nothing\n").key("b");
    assert_eq!(skant(&tree, &["scan", "-q", "a"]).all(), "\n");
    let run = skant(&tree, &["scan", "--quiet", "b"]);
    assert!(run.stdout.contains("anthropic-api-key") && !run.stdout.contains("1 secret in"), "{run:#?}");
    let run = skant(&tree, &["scan", "-q", "missing"]);
    assert!(run.status == 2 && run.stdout.contains("missing"), "{run:#?}");
}

#[test]
fn what_was_dismissed_is_explained_on_request() {
    let tree = Tree::new();
    tree.file("a", &format!("\nk = sk-ant-api03-{}\n", "x".repeat(95)));
    let run = skant(&tree, &["scan", "--explain"]);
    assert_eq!(run.status, 0);
    assert!(run.stdout.contains("dismissed (placeholder) a:2:5 anthropic-api-key"), "{run:#?}");
    let dismissed = &scan(&tree, &["--explain"]).json()["dismissed_findings"];
    assert_eq!((&dismissed[0]["reason"], &dismissed[0]["line"]), (&"placeholder".into(), &2.into()));
    let run = scan(&tree, &["."]);
    assert_eq!(run.json()["scan"]["dismissed"]["placeholder"], 1);
    assert!(run.json().get("dismissed_findings").is_none());
}

#[test]
fn the_examples_of_a_rule_file_can_be_tested() {
    let tree = Tree::new();
    let file = |hit: &str, miss: &str| {
        let head =
            "provider = \"Acme\"\nhelp = \"x\"\n[[rule]]\nid = \"acme-token\"\nname = \"A\"\nseverity = \"low\"\n";
        format!(
            "{head}keywords = [\"acme_\"]\npattern = 'acme_[A-Za-z0-9]{{32}}'\nhits = ['{hit}']\nmisses = ['{miss}']\n"
        )
    };
    let hit = "t=acme_7Xq2{}Lr9Vb4Kz6Wn3Jm8Pt5Ys1Gd0HfQc";
    for (hit, miss, code, told) in [
        (hit, "t=acme_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0, "ok       acme-token: 1 hits, 1 misses"),
        ("t=acme_short", "", 1, "hit 1 is found by nothing"),
        ("t=acme_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "", 1, "nothing; dismissed: acme-token (placeholder)"),
        (hit, hit, 1, "miss 1 is found by acme-token"),
    ] {
        tree.file("acme.toml", &file(hit, miss));
        let run = skant(&tree, &["rules", "test", "acme.toml"]);
        assert_eq!(run.status, code, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains(told), "{}", run.stdout);
        assert!(!run.stdout.contains("7Xq2"), "{}", run.stdout);
    }
    tree.file("acme.toml", "provider = 1");
    assert_eq!(skant(&tree, &["rules", "test", "acme.toml"]).status, 2);
    assert_eq!(skant(&tree, &["rules", "test", "gone.toml"]).status, 2);
}

#[test]
fn the_rules_can_be_listed_and_shown() {
    let tree = Tree::new();
    let list = skant(&tree, &["rules", "list"]);
    assert_eq!((list.status, list.stderr.as_str()), (0, ""));
    assert!(list.stdout.lines().any(|line| line.starts_with("anthropic-api-key ")), "{}", list.stdout);
    let shown = skant(&tree, &["rules", "show", "anthropic-api-key"]);
    assert!(shown.status == 0 && shown.stdout.contains("sk-ant-api03-"), "{shown:#?}");
}

// Standard input and output.

#[test]
fn standard_input_is_scanned_under_the_name_it_is_given() {
    let tree = Tree::new();
    let text = format!("k = {}\n", anthropic_key(1));
    for (arguments, name) in [(&["-"][..], "<stdin>"), (&["-", "--stdin-filename", "src/a.py"], "src/a.py")] {
        let arguments = [&["scan", "--format", "json"], arguments].concat();
        let run = run(tree.command(&arguments), text.as_bytes());
        assert_eq!((run.status, run.each("path")), (1, vec![name.into()]), "{run:#?}");
        assert_eq!(run.json()["scan"]["source"], "stdin");
    }
    assert_eq!(run(tree.command(&["scan", "-"]), b"nothing\n").status, 0);
}

/// Whoever was to write into it failed, and a scan of nothing says nothing of what it would have been.
#[cfg(unix)]
#[test]
fn standard_input_that_is_empty_or_closed_is_no_success() {
    let tree = Tree::new();
    let empty = run(tree.command(&["scan", "--format", "json", "-"]), b"");
    let mut closed = std::process::Command::new("sh");
    closed.args(["-c", "exec \"$0\" scan --format json - <&-", support::program()]);
    for run in [empty, run(closed, b"")] {
        assert_eq!((run.status, run.skipped()), (2, vec!["<stdin>".to_owned()]), "{run:#?}");
        let scan = &run.json()["scan"];
        assert_eq!((&scan["complete"], &scan["ledger"]["files"]["not_scanned"]["missing"]), (&false.into(), &1.into()));
    }
}

#[cfg(unix)]
#[test]
fn standard_input_that_cannot_be_read_is_told() {
    let tree = Tree::new();
    let mut command = tree.command(&["scan", "-"]);
    let child = command.stdin(File::open(tree.path("")).unwrap()).stdout(Stdio::piped()).spawn().unwrap();
    let run = support::ended(child, &command);
    assert_eq!(run.status, 2);
    assert!(run.stdout.contains("not scanned: <stdin>"), "{run:#?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let tree = Tree::new();
    for number in 0..2000 {
        tree.key(&number.to_string());
    }
    for format in FORMATS {
        let mut command = tree.command(&["scan", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        // The findings are there all the same.
        let run = support::ended(child, &command);
        assert_eq!((run.status, &*run.stderr), (1, ""), "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let tree = Tree::new();
    tree.key("a").file("clean/a", "");
    for format in FORMATS {
        for path in ["a", "clean"] {
            let mut command = tree.command(&["scan", "--format", format, path]);
            let full = File::options().write(true).open("/dev/full").unwrap();
            let child = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
            let run = support::ended(child, &command);
            assert_eq!(run.status, 2, "{format} {run:#?}");
            assert!(run.stderr.contains("cannot write standard output"), "{run:#?}");
        }
    }
}

// Colours, and what strangers write.

fn is_coloured(arguments: &[&str], environment: &[(&str, &str)]) -> bool {
    let tree = Tree::new();
    tree.key("a");
    let mut command = tree.command(&[&["scan"], arguments].concat());
    command.envs(environment.iter().copied());
    let run = run(command, b"");
    assert_eq!(run.status, 1, "{run:#?}");
    run.all().contains('\u{1b}')
}

#[test]
fn there_are_colours_when_they_are_wanted() {
    for (arguments, environment, expected) in [
        (&[][..], &[][..], false),
        (&["--color", "auto"], &[("TERM", "xterm-256color")], false),
        (&["--color", "always"], &[], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "0")], false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], true),
    ] {
        assert_eq!(is_coloured(arguments, environment), expected, "{arguments:?} {environment:?}");
    }
}

#[test]
fn machine_formats_and_files_have_no_colours() {
    for format in ["json", "jsonl", "sarif"] {
        assert!(!is_coloured(&["--color", "always", "--format", format], &[]), "{format}");
    }
    let tree = Tree::new();
    tree.key("a");
    skant(&tree, &["scan", "--color", "always", "-o", "human=report"]);
    assert!(!fs::read_to_string(tree.path("report")).unwrap().contains('\u{1b}'));
}

#[test]
fn text_of_strangers_is_printed_inert() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    tree.file(
        "a",
        &format!("\u{1b}[31m\u{1b}]0;x\u{7}\r::error::x\n\u{8}\u{9b}2J\u{202e}{key}\u{1b}[2J\r\n::error::{key}\n"),
    );
    tree.file(
        "b",
        &format!("\u{1b}[31mpassword = '\u{1b}[31mkR7v-Qm2x'; k = 'sk-ant-api03-{}'\u{1b}\r", "x".repeat(95)),
    );
    for format in FORMATS {
        for arguments in [&["."][..], &[".", "--explain", "-vv"], &[".", "--reveal"]] {
            let run = skant(&tree, &[&["scan", "--format", format], arguments].concat());
            if run.status == 2 && arguments.contains(&"--reveal") {
                continue;
            }
            assert_eq!(run.status, 1);
            assert!(!run.all().contains(['\u{1b}', '\u{7}', '\u{8}', '\r']), "{run:#?}");
            let is_command = |line: &str| line.trim_start().starts_with("::");
            let commands = run.all().lines().filter(|line| is_command(line)).count();
            assert_eq!(
                commands,
                if format == "github" { run.all().matches("key::Anthropic").count() } else { 0 },
                "{run:#?}"
            );
        }
    }
}

#[test]
fn errors_print_names_inert() {
    let tree = Tree::new();
    let name = "\u{1b}[2Jx\u{7}";
    let (output, option) = (format!("json=no/{name}"), format!("--{name}"));
    for arguments in [
        ["-C", name],
        ["--rules", name],
        ["--only", name],
        ["-o", &output],
        ["--format", name],
        ["-q", &option],
        ["-q", name],
    ] {
        let run = skant(&tree, &[&["scan"][..], &arguments].concat());
        assert_eq!(run.status, 2);
        assert!(!run.all().contains(['\u{1b}', '\u{7}']), "{run:#?}");
    }
}

// The working directory.

#[test]
fn skant_runs_as_if_started_elsewhere() {
    let tree = Tree::new();
    tree.key("sub/a").key("b").file("sub/acme.toml", RULES);
    for arguments in [["-C", "sub", "scan", "-q"], ["scan", "-q", "-C", "sub"]] {
        let run = skant(
            &tree,
            &[&arguments[..], &["--format", "json", "-o", "json=report", "--rules", "acme.toml"]].concat(),
        );
        assert_eq!((run.status, run.each("path")), (1, vec!["a".into()]), "{run:#?}");
        assert_eq!(fs::read_to_string(tree.path("sub/report")).unwrap(), run.stdout);
        fs::remove_file(tree.path("sub/report")).unwrap();
    }
}

// What is found.

#[test]
fn an_anthropic_key_is_found_whatever_stands_around_it() {
    const BEFORE: [&str; 10] = ["", "_", "\\n", "=", ":", "\"", "/", "%3D", "x", "key-"];
    const AFTER: [&str; 18] =
        ["", ",", ")", "<", "&", "|", ".", "}", "*", "@", "\\\"", "%20", "\\n", "\n", "...", ";", "/", "\u{a0}"];
    let tree = Tree::new();
    let mut expected = BTreeSet::new();
    for (number, before) in (0..).zip(BEFORE) {
        for (more, after) in (0..).zip(AFTER) {
            let (key, name) =
                (anthropic_key(100 * number + more), format!("{before:?} {after:?}").replace('/', "slash"));
            tree.file(&name, &format!("{before}{key}{after}"));
            expected.insert((name, mask(&key)));
        }
    }
    let run = scan(&tree, &["--only", "anthropic-api-key"]);
    let all: BTreeSet<(String, String)> = run.each("path").into_iter().zip(run.each("secret")).collect();
    let lost: Vec<_> = expected.difference(&all).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    assert_eq!(run.findings().len(), BEFORE.len() * AFTER.len());
}

#[test]
fn every_kind_of_anthropic_key_has_its_rule() {
    let tree = Tree::new();
    for (kind, rule) in [
        ("api03", "anthropic-api-key"),
        ("admin01", "anthropic-admin-key"),
        ("api01", "anthropic-compliance-key"),
        ("usr", "anthropic-user-key"),
        ("svc", "anthropic-service-key"),
        ("oat01", "anthropic-oauth-token"),
        ("ort01", "anthropic-refresh-token"),
        ("sid01", "anthropic-session-key"),
        ("sid02", "anthropic-session-key"),
        ("api04", "anthropic-unknown-kind"),
        ("new", "anthropic-unknown-kind"),
    ] {
        let key = anthropic_key_of(kind, 1);
        tree.file("a", &format!("value {key}\n"));
        let run = scan(&tree, &["--confidence", "low"]);
        assert_eq!((run.each("rule"), run.each("secret")), (vec![rule.to_owned()], vec![mask(&key)]), "{kind}");
    }
}

#[test]
fn a_real_key_is_found_whatever_the_file_and_the_line_are_about() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    // Four chosen letters do turn up in random text.
    let telling = format!("{}test-xxxFAKE{}", &key[..40], &key[52..]);
    for (number, name) in (1..).zip([
        "docs/example.md",
        "tests/fixtures/test_dummy.py",
        "spec/mock.json",
        "README.md",
        "examples/.env.example",
    ]) {
        tree.file(
            name,
            &format!("# example, placeholder, dummy, test: your-key-here\nkey = {}\n", anthropic_key(number)),
        );
    }
    tree.file("test/sample.txt", &format!("example key, not real: sk-ant-xxx {telling}\n"));
    let expected = [
        "README.md",
        "docs/example.md",
        // Itself, and the key.
        "examples/.env.example",
        "examples/.env.example",
        "spec/mock.json",
        "test/sample.txt",
        "tests/fixtures/test_dummy.py",
    ];
    assert_eq!(found(&tree, &["--confidence", "high"]), expected);
}

/// The shapes of section 7 of the facts, each written out.
fn placeholders() -> Vec<String> {
    const PLAIN: &str = "
        sk-ant-... | sk-ant-… | sk-ant-api03-... | sk-ant-api... | sk-ant-oat01-... | sk-ant-oat01-EXA... | sk-ant-xxx
        sk-ant-xxxxxxxxxxxxxxxx | sk-ant-XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX | sk-ant-api03-xxxxxxxx | sk-ant-api03-XXXX…
        sk-ant-api03-xxxx...xxxx | sk-ant-xxxx-xxxx-xxxx | sk-ant-your-key | sk-ant-your-key-here | sk-ant-your_key_here
        sk-ant-your-actual-key-here | sk-ant-your-anthropic-key | sk-ant-your-anthropic-key-here
        sk-ant-your_anthropic_api_key_here | sk-ant-api03-your-key | sk-ant-api03-YOUR_KEY_HERE
        sk-ant-api03-YOUR-ACTUAL-KEY-HERE | sk-ant-api03-your-single-key | sk-ant-api03-[sua-chave-aqui]
        sk-ant-<your-anthropic-api-key> | sk-ant-oat01-<your-token> | sk-ant-<REDACTED> | sk-ant-*** | sk-ant-****igAA
        sk-ant-***REDACTED*** | sk-ant-REDACTED | sk-ant-sid01-REDACTED | sk-ant-REPLACE_ME | sk-ant-REPLACE-WITH-YOUR-KEY
        sk-ant-REPLACE_WITH_YOUR_KEY_FROM_CONSOLE | sk-ant-REPLACE_WITH_YOUR_KEY_FROM_PLATFORM_CLAUDE_COM
        sk-ant-replace-with-your-anthropic-api-key | sk-ant-placeholder | sk-ant-placeholder-change-me
        sk-ant-PLACEHOLDER-ADD-YOUR-KEY-HERE | sk-ant-placeholder-routed-through-litellm
        sk-ant-placeholder-routed-through-bifrost | sk-ant-codex-oauth-bypass-placeholder-token-0000000000000000
        sk-ant-openclaw-oauth-bypass-placeholder-token-1234567890123456789012345678901234567890
        sk-ant-test | sk-ant-test-key | sk-ant-test123 | sk-ant-fake | sk-ant-fake-key | sk-ant-fake123 | sk-ant-mcp-test
        sk-ant-admin01-test | sk-ant-admin-test-key | sk-ant-env-key | sk-ant-explicit-key | sk-ant-dummy | sk-ant-example
        sk-ant-bogus | sk-ant-api03-bogus | sk-ant-api03-this-one-is-bogus | sk-ant-abc123... | sk-ant-xyz | sk-ant-real
        sk-ant-api03-AbCdEf123 | sk-ant-api03-test | sk-ant-api03-secret-value-9876
        sk-ant-api03-THIS-IS-A-LONG-KEY | sk-ant-api03-THIS-IS-A-LONG-PLACEHOLDER-KEY-FOR-TESTING-PURPOSES-ONLY
        sk-ant-api03-SYNTHETIC_KEY | sk-ant-api03-SYNTHETIC_TEST_VALUE_ONLY | sk-ant-api03-SYNTHETIC_KEY_FOR_UNIT_TESTS_DO_NOT_USE
        sk-ant-oat01-TEST_SETUP_TOKEN_NOT_REAL | sk-ant-oat01-login | sk-ant-oat01-NEW | sk-ant-oat01-old | sk-ant-oat01-wire
        sk-ant-oat01-test-routine-token | sk-ant-sid01-xxxxxxxx | sk-ant-sid01-example | sk-ant-cc-xxx | sk-ant-1234567890
        sk-ant-api03-${KEY} | sk-ant-api03-{key} | sk-ant-{kind}-{body} | sk-ant-#{key} | sk-ant-%s | sk-ant-api03-{{ key }}
        sk-ant-api03-<key> | sk-ant-$(cat key) | sk-ant-api03-' + 'a'.repeat(95) | sk-ant-api03-' + 'A'.repeat(93) + 'AA'
        sk-ant-api03-\" + \"a\" * 90 | sk-ant-api03-\" + \"A\".repeat(93) + \"AA\" | sk-ant-[a-z0-9]+ | sk-ant-api03-[A-Za-z0-9_-]{93}AA
        sk-ant-\\w+ | sk-ant-api03-\\w{93}AA | sk-ant-(api|admin)\\d\\d-.{95} | sk-ant-api03-{93} | startsWith(\"sk-ant-\")
        hasPrefix(key, \"sk-ant-api03-\") | LIKE 'sk-ant-%' | <code>sk-ant-</code> | `sk-ant-` | `sk-ant-api03-`
        sk-ant-api03-R2D...igAA | sk-ant-api03-R2…igAA | sk-ant-admin01-R2D2...igAA | my-anthropic-api-key | YOUR_API_KEY
        $ANTHROPIC_API_KEY | ${{ secrets.ANTHROPIC_API_KEY }} | op://vault/anthropic/credential | vault:secret/data/anthropic#key
        arn:aws:secretsmanager:us-east-1:123456789012:secret:anthropic-key | projects/my-project/secrets/anthropic-api-key/versions/latest
        env:ANTHROPIC_API_KEY | file:/run/secrets/anthropic | sua-chave-aqui | tu-clave-aqui | votre-cle | dein-schlüssel | 你的密钥
        ваш-ключ | あなたのキー | sk-ant-sua-chave-aqui | sk-ant-api03-tu-clave-aqui | sk-ant-votre-cle-api | sk-ant-dein-schlüssel
        sk-ant-你的密钥 | sk-ant-api03-ваш-ключ | sk-ant-あなたのキー";
    let sequence = ('a'..='z').chain('0'..='9').cycle().take(95).collect::<String>();
    let capitals = ('A'..='Z').chain('a'..='z').chain('0'..='9').cycle().take(95).collect::<String>();
    let mut all: Vec<String> =
        PLAIN.split(['|', '\n']).map(|shape| shape.trim().to_owned()).filter(|shape| !shape.is_empty()).collect();
    for length in [8, 24, 40, 64, 95, 120] {
        for character in ["x", "X", "0", "a", "xX", "abc", "1234567890"] {
            let run = &character.repeat(length)[..length];
            all.extend([format!("sk-ant-{run}"), format!("sk-ant-api03-{run}"), format!("sk-ant-oat01-{run}")]);
        }
        all.push(format!("sk-ant-fixture-not-a-real-key-{}", "0".repeat(length)));
        all.push(format!("sk-ant-fake-key-{}", "padding-".repeat(length / 8)));
        all.push(format!(
            "sk-ant-api03-{}",
            &"THIS-IS-A-LONG-KEY-THAT-IS-ONLY-HERE-FOR-TESTS-AND-MUST-NOT-BE-USED-".repeat(2)[..length]
        ));
        all.push(format!("sk-ant-api03-{}", &"SYNTHETIC_TEST_VALUE_".repeat(6)[..length]));
    }
    for body in [sequence.clone(), sequence.to_uppercase(), capitals] {
        all.extend([36, 62, 93, 95].map(|length| format!("sk-ant-api03-{}", &body[..length])));
        all.push(format!("sk-ant-api03-{}AA", &body[..93]));
    }
    all
}

#[test]
fn placeholders_stay_quiet() {
    let tree = Tree::new();
    let shapes = placeholders();
    for (number, shape) in shapes.iter().enumerate() {
        tree.file(
            format!("{number}"),
            &format!("ANTHROPIC_API_KEY={shape}\nexport CLAUDE_API_KEY=\"{shape}\"\n\"x-api-key\": \"{shape}\",\napi_key = '{shape}'\nSee {shape} for more.\nENV ANTHROPIC_API_KEY {shape}\ntool --api-key {shape}\nClient(api_key=\"{shape}\")\ncurl -H 'x-api-key: {shape}'\nthe api key is {shape}\n"),
        );
    }
    let run = scan(&tree, &["--confidence", "low"]);
    let loud = run.findings().iter().fold(BTreeSet::new(), |mut loud, finding| {
        let shape = &shapes[finding["path"].as_str().unwrap().parse::<usize>().unwrap()];
        loud.insert(format!("{shape}: {} at {}:{}", finding["rule"], finding["line"], finding["column"]));
        loud
    });
    assert!(
        loud.is_empty(),
        "{} of {} shapes:\n{}",
        loud.len(),
        shapes.len(),
        loud.into_iter().collect::<Vec<_>>().join("\n")
    );
}

// What is never shown.

/// A tree with secrets of several kinds, and all that must not be seen of them.
fn tree_of_secrets() -> (Tree, Vec<String>) {
    let tree = Tree::new();
    let kinds = ["api03", "admin01", "api01", "oat01", "sid01"];
    let keys: Vec<String> = kinds.iter().zip(1..).map(|(kind, seed)| anthropic_key_of(kind, seed)).collect();
    let password = password();
    tree.file("lines", &keys.join("\n")).file("line", &keys.join(" ")).file("glued", &keys.concat());
    tree.file("json", &format!("{{\"key\": \"{}\", \"password\": \"{password}\"}}", keys[0]));
    tree.file("token", &format!("{} password={password} {}", github_token(1), keys[1]));
    tree.file("fragment", &format!("a {} b {}", &keys[0][..90], &keys[2][..70]));
    tree.file(format!("named-{}", keys[3]), &keys[4]);
    let mut hidden: Vec<String> = keys.iter().map(|key| key[20..60].to_owned()).collect();
    hidden.extend([password, github_token(1)[8..30].to_owned()]);
    (tree, hidden)
}

#[test]
fn no_format_shows_a_secret() {
    let (tree, hidden) = tree_of_secrets();
    for format in FORMATS {
        for more in [
            &[][..],
            &["--explain", "-vv"],
            &["--confidence", "low", "--explain"],
            &["-o", "human=out", "-o", "json=out2"],
        ] {
            let run = skant(&tree, &[&["scan", "--format", format], more].concat());
            assert_eq!(run.status, 1);
            for secret in &hidden {
                assert!(!run.all().contains(secret), "{format} {more:?} shows {secret}:\n{}", run.all());
            }
        }
    }
}

#[test]
fn secrets_of_rules_that_are_left_out_are_masked_too() {
    let (tree, hidden) = tree_of_secrets();
    tree.password(&format!("{}/a", anthropic_key_of("oat01", 4)));
    for choice in ["--only=generic-*", "--skip=anthropic-*,github-*"] {
        for format in FORMATS {
            let run = skant(&tree, &["scan", choice, "--format", format]);
            let shown: Vec<_> = hidden.iter().filter(|&secret| run.all().contains(secret)).collect();
            assert!(shown.is_empty(), "{format} {choice} shows {shown:?}:\n{}", run.all());
        }
    }
}

#[test]
fn a_mask_is_the_hint_its_vendor_shows() {
    let tree = Tree::new();
    for kind in ["api03", "admin01", "api01"] {
        let key = anthropic_key_of(kind, 3);
        let (body, end) = (format!("sk-ant-{kind}-").len(), key.len() - 4);
        tree.file("a", &format!("k = {key}\n"));
        let expected = format!("{}...{}", &key[..body + 3], &key[end..]);
        assert_eq!(scan(&tree, &["."]).each("secret"), std::slice::from_ref(&expected));
        for format in FORMATS {
            assert!(skant(&tree, &["scan", "--format", format]).stdout.contains(&expected), "{format} {kind}");
        }
    }
}

#[test]
fn of_a_short_secret_nothing_is_shown() {
    let tree = Tree::new();
    tree.password("a");
    assert_eq!(scan(&tree, &["."]).each("secret"), ["********"]);
}

#[test]
fn secrets_are_revealed_in_human_and_json_alone_and_never_in_files() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    tree.file("src/a", &format!("k = {key}\n"));
    for format in FORMATS {
        let outputs = FORMATS.map(|format| format!("{format}=report"));
        for output in &outputs {
            let run = skant(&tree, &["scan", "--reveal", "--format", format, "-o", output, "src"]);
            if !["human", "json"].contains(&format) {
                assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{format}");
                assert!(run.stderr.contains(&format!("`--reveal` does not go with `--format {format}`")), "{run:#?}");
                continue;
            }
            assert_eq!((run.status, run.stdout.contains(&key)), (1, true), "{format}");
            assert!(!run.stderr.contains(&key));
            assert!(!fs::read_to_string(tree.path("report")).unwrap().contains(&key), "{output}");
        }
    }
    assert_eq!(scan(&tree, &["--reveal", "src"]).each("secret"), [key]);
}

#[test]
fn an_error_does_not_repeat_a_key_that_was_typed() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    let (option, output) = (format!("--{key}"), format!("json=no/{key}"));
    let mut repeated = Vec::new();
    for arguments in [
        &[key.as_str()][..],
        &["scan", &option],
        &["scan", "--threads", &key],
        &["scan", "--format", &key],
        &["scan", "--only", &key],
        &["scan", "-C", &key],
        &["scan", "--rules", &key],
        &["scan", "-o", &output],
        &["scan", &key],
        &["rules", "show", &key],
    ] {
        let run = skant(&tree, arguments);
        assert_eq!(run.status, 2, "{run:#?}");
        if run.all().contains(&key[20..60]) {
            repeated.push(run.all());
        }
    }
    assert!(repeated.is_empty(), "{}", repeated.join("\n"));
}

#[test]
fn one_secret_has_one_fingerprint() {
    let tree = Tree::new();
    let (key, other) = (anthropic_key(1), anthropic_key(2));
    tree.file("a", &format!("k = {key}\n"))
        .file("b/c.json", &format!("\n\n{{\"a\": \"{key}\", \"b\": \"{other}\"}}\n"));
    let prints = scan(&tree, &["."]).each("fingerprint");
    let [first, second, third] = prints.as_slice() else { panic!("{prints:?}") };
    assert!(first == second && second != third, "{prints:?}");
    let hex = first.strip_prefix("v1:anthropic-api-key:").unwrap();
    assert!(
        hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
        "{first}"
    );
    for format in ["json", "jsonl", "sarif"] {
        assert_eq!(skant(&tree, &["scan", "--format", format]).stdout.matches(hex).count(), 2, "{format}");
    }
    let from_stdin = run(tree.command(&["scan", "--format", "json", "-"]), key.as_bytes());
    assert_eq!(from_stdin.each("fingerprint"), std::slice::from_ref(first));
}

/// A repository in whose every place the key stands: contents and names of files, folders and links, archives, whatever
/// git has names and texts for, settings, what people say of findings.
#[cfg(unix)]
fn planted(key: &str) -> Tree {
    let tree = Tree::repo();
    tree.file("a.env", &format!("KEY={key}\n")).file(key, "x\n").file(format!("{key}.d/x"), "x\n");
    tree.link("link", key).link(format!("link-{key}"), "/nowhere").file("message", &format!("x\n\n{key}\n"));
    tree.file(".gitignore", &format!("# {key}\n"))
        .file(".gitmodules", &format!("[submodule \"{key}\"]\n\turl = {key}\n"));
    let encoded = data_encoding::BASE64.encode(format!("a: {key}\n").as_bytes());
    tree.file("encoded", &encoded)
        .bytes("wide", format!("\u{feff}{key}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    let person = format!("user.name={key}");
    let commit = ["-c", person.as_str(), "commit", "-q", "--allow-empty", "-m", key];
    tree.git(&["add", "-A"]).git(&commit).git(&["archive", "-o", "a.zip", "HEAD"]);
    tree.git(&["branch", key]).git(&["tag", "-a", "-m", key, &format!("t-{key}")]).git(&["notes", "add", "-m", key]);
    tree.git(&["remote", "add", "origin", &format!("https://user:{key}@example.invalid/{key}")]);
    tree.file("b.env", &format!("x\nKEY={key}\n")).git(&["add", "-A"]).git(&["stash", "-q", "-m", key]);
    tree.file("c.env", &format!("KEY={key}\n")).git(&["add", "-A"]).git(&["config", "alias.x", key]);
    tree.file(
        "allow.toml",
        &format!("[[allow]]\npath = 'a.env'\nreason = '{key}'\n[[allow]]\nword = '{key}'\nreason = 'x'\n"),
    );
    tree.file("broken.toml", &format!("[[allow]]\npath = '{key}\n"));
    tree
}

/// Whatever is asked for, however it is shown: not in what is printed, nor in any file.
#[cfg(unix)]
#[test]
fn a_key_that_stands_everywhere_is_written_nowhere() {
    let key = anthropic_key(4711);
    let tree = planted(&key);
    let (home, temporary) = (tree.home(), tree.home().join("tmp"));
    fs::create_dir(&temporary).unwrap();
    let missing = format!("missing-{key}");
    let commands: [&[&str]; 22] = [
        &["scan"],
        &["scan", &key, &missing],
        &["scan", "-", "--stdin-filename", &key],
        &["scan", "--config", "allow.toml", "--show-suppressed"],
        &["scan", "--config", "broken.toml"],
        &["scan", "--only", &key],
        &["scan", "--output", &format!("json={missing}/x")],
        &["staged"],
        &["staged", &missing],
        &["history"],
        &["history", "--unreachable"],
        &["history", &key],
        &["history", &missing],
        &["ci", "--base", &key],
        &["hook", "pre-commit"],
        &["hook", "commit-msg", "message"],
        &["hook", "pre-push", &key],
        &["hook", "claude-code"],
        &["config", "check", "broken.toml"],
        &["config", "show"],
        &["rules", "test", &missing],
        &[&key],
    ];
    let input = format!("refs/heads/{key} HEAD {key} {key}\n");
    let check = |arguments: &[&str]| {
        let mut command = tree.command(arguments);
        command.env("TMPDIR", &temporary).env("GITHUB_REF_NAME", &key).env("SECRET", &key);
        let run = run(command, input.as_bytes());
        assert!((0..=2).contains(&run.status), "{arguments:?}");
        assert!(!run.all().contains(&key[13..]), "{arguments:?} {}", run.all());
        run
    };
    for command in commands {
        check(command);
        for level in [&["-q"][..], &["-vv"]] {
            check(&[command, level].concat());
        }
    }
    for format in FORMATS {
        for (command, least) in [(&["scan"][..], 5), (&["staged"], 1), (&["history"], 8)] {
            let name = format!("../home/{}.{format}", command[0]);
            let run =
                check(&[command, &["--format", format, "--explain", "--output", &format!("{format}={name}")]].concat());
            assert!(format != "json" || run.findings().len() >= least, "{command:?} {}", run.findings().len());
        }
    }
    check(&["baseline", "create", "--history"]);
    fs::rename(tree.path(".skant-baseline"), home.join("baseline")).unwrap();
    let mut files = vec![home];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(&key[13..]) && !path.display().to_string().contains(&key), "{}", path.display());
    }
    assert_eq!(fs::read_dir(temporary).unwrap().count(), 0);
}

/// What is made of a file that is read in whole takes several times as much: it is bounded. (Each run is held to 200 MB.)
#[cfg(unix)]
#[test]
fn what_is_read_in_whole_is_bounded() {
    let tree = Tree::repo();
    tree.file("a", "x").git(&["add", "."]).git(&["commit", "-qm", "x"]);
    let hole = |size: u64| File::create(tree.path("hole")).unwrap().set_len(size).unwrap();
    for (most, arguments) in [
        (32 << 20, &["merge", "hole"][..]),
        (32 << 20, &["history", "--repos", "hole"]),
        (4 << 20, &["scan", "--rules", "hole", "a"]),
        (16 << 20, &["hook", "pre-push", "origin"]),
    ] {
        for (size, is_read) in [(most, true), (most + 1, false), (1 << 30, false)] {
            hole(size);
            let mut command = tree.command(arguments);
            let child = command.stdin(File::open(tree.path("hole")).unwrap()).stdout(Stdio::piped());
            let child = child.stderr(Stdio::piped()).spawn().unwrap();
            let run = support::ended(child, &command);
            let is_refused = run.stderr.replace("\n", " ").contains(&format!("larger than {most} bytes"));
            assert_eq!((run.status, is_refused), (2, !is_read), "{arguments:?} {size} {:.2000}", run.stderr);
        }
    }
}

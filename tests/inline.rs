//! Marks in the text: what they allow, and what they do not.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use serde_json::Value;
use support::{Tree, anthropic_key, found, key_of, run, scan, skant};

/// The number of findings, and of those a mark allows, in a file of that text.
#[track_caller]
fn counts(name: &str, text: &str) -> (usize, u64) {
    let tree = Tree::new();
    let run = scan(tree.file(name, text), &["."]);
    let findings = run.findings().len();
    assert_eq!(run.status, i32::from(findings > 0), "{run:#?}");
    (findings, run.json()["scan"]["suppressed"]["inline"].as_u64().unwrap())
}

#[test]
fn marks_allow_what_stands_on_their_line() {
    let key = anthropic_key(1);
    let table = [
        (format!("k = '{key}' # skant: allow\n"), (0, 1)),
        (format!("k = '{key}' // skant: allow(anthropic-api-key) it opens nothing\n"), (0, 1)),
        (format!("k = '{key}' // skant: allow(anthropic-*, github-token)\n"), (0, 1)),
        (format!("k = '{key}' // skant: allow(github-token)\n"), (1, 0)),
        (format!("k = '{key}' # skant: allow()\n"), (1, 0)),
        (format!("k = '{key}'\n# skant: allow\n"), (1, 0)),
        (format!("<!-- skant: allow-next-line -->\n{key}\n{key}\n"), (1, 1)),
        (format!("k = '{key}' # gitleaks:allow\n"), (0, 1)),
        (format!("k = '{key}' # pragma: allowlist secret\n"), (0, 1)),
        (format!("# pragma: allowlist nextline secret\nk = '{key}'\n"), (0, 1)),
        (format!("k = '{key}' # trufflehog:ignore\n"), (0, 1)),
        (format!("k = '{key}' # ggignore\n"), (0, 1)),
        (format!("k = '{key}' # nosec\n"), (1, 0)),
    ];
    for (text, expected) in table {
        assert_eq!(counts("a.txt", &text), expected, "{text}");
    }
}

#[test]
fn a_block_ends_where_it_says_so() {
    let (one, two) = (anthropic_key(1), anthropic_key(2));
    let text = format!("// skant: allow-start\n{one}\n// skant: allow-end\n{two}\n");
    assert_eq!(counts("a.txt", &text), (1, 1));
    let of_another = format!("// skant: allow-start(github-token)\n{one}\n// skant: allow-end\n");
    assert_eq!(counts("a.txt", &of_another), (1, 0));
    let nested =
        format!("# skant: allow-start\n# skant: allow-start\n# skant: allow-end\n{one}\n# skant: allow-end\n{two}");
    assert_eq!(counts("a.txt", &nested), (1, 1));
}

#[test]
fn a_block_without_an_end_allows_nothing_and_that_is_told() {
    let tree = Tree::new();
    tree.file("a.txt", &format!("# skant: allow-start\n{}\n", anthropic_key(1)));
    let run = scan(&tree, &["."]);
    assert_eq!(run.status, 1);
    assert!(run.findings()[0]["note"].as_str().unwrap().contains("no `skant: allow-end`"), "{run:#?}");
}

#[test]
fn a_file_is_allowed_in_its_first_ten_lines() {
    let key = anthropic_key(1);
    for (lines, expected) in [(0, (0, 1)), (9, (0, 1)), (10, (1, 0))] {
        let text = format!("{}# skant: allow-file samples\n{key}\n", "\n".repeat(lines));
        assert_eq!(counts("a.txt", &text), expected, "{lines}");
    }
    assert_eq!(counts("a.txt", &format!("{key}\n# skant: allow-file\n")), (0, 1));
}

#[test]
fn a_string_in_a_minified_program_silences_nothing() {
    let (one, two) = (anthropic_key(1), anthropic_key(2));
    let filler = "f(1);".repeat(200);
    for mark in ["skant: allow-file", "skant: allow-start", "skant: allow", "gitleaks:allow", "skant: allow-next-line"]
    {
        let text = format!("var a=\"{mark}\";{filler}var k=\"{one}\";{filler}\nvar l=\"{two}\"\n");
        assert_eq!(counts("a.min.js", &text), (2, 0), "{mark}");
        let comment = format!("/* {mark} */{filler}var k=\"{one}\";{filler}\n");
        assert_eq!(counts("a.min.js", &comment), (1, 0), "{mark}");
    }
}

/// A file of several windows, in which the key and the mark may be far from each other.
#[test]
fn marks_reach_over_the_borders_of_windows() {
    const WINDOW: usize = 1 << 20;
    let (one, two) = (anthropic_key(1), anthropic_key(2));
    let lines = |bytes: usize| "a line of nothing\n".repeat(bytes / 18);
    let head = format!("# skant: allow-file\n{}{one}\n", lines(3 * WINDOW));
    assert_eq!(counts("a.txt", &head), (0, 1));
    let late = format!("{}# skant: allow-file\n{one}\n", lines(3 * WINDOW));
    assert_eq!(counts("a.txt", &late), (1, 0));
    for gap in [WINDOW - (100 << 10), WINDOW - (32 << 10), WINDOW, 2 * WINDOW] {
        let start = "# skant: allow-start\n";
        let closed = format!("{}{start}{}{one}\n{}# skant: allow-end\n{two}\n", lines(gap), lines(gap), lines(gap));
        assert_eq!(counts("a.txt", &closed), (1, 1), "{gap}");
        let open = format!("{start}{}{one}\n{}{two}\n", lines(gap), lines(gap));
        assert_eq!(counts("a.txt", &open), (2, 0), "{gap}");
    }
    // The mark and its secret move over the first border together.
    for shift in 0..40 {
        let front = WINDOW - (32 << 10) - 200 + 10 * shift;
        let next = format!("{}\n# skant: allow-next-line\n{one}\n{}", "x".repeat(front), lines(WINDOW));
        assert_eq!(counts("a.txt", &next), (0, 1), "{shift}");
    }
}

#[test]
fn marks_can_be_ignored() {
    let tree = Tree::new();
    tree.file("a.txt", &format!("{} # skant: allow\n", anthropic_key(1)));
    assert!(found(&tree, &["."]).is_empty());
    assert_eq!(found(&tree, &["--no-inline"]), ["a.txt"]);
}

#[test]
fn what_is_suppressed_is_counted_and_listed() {
    let tree = Tree::new();
    let (key, other) = (anthropic_key(1), anthropic_key(2));
    tree.file("a.txt", &format!("{key} # skant: allow it is {other} really\n"));
    let human = skant(&tree, &["scan"]);
    assert!(human.stdout.contains("2 findings suppressed (2 inline); -v shows them"), "{human:#?}");
    let verbose = skant(&tree, &["scan", "-v"]);
    assert!(verbose.stdout.contains("suppressed (inline) a.txt:1:1 anthropic-api-key"), "{verbose:#?}");
    let json = skant(&tree, &["scan", "--format", "json", "--show-suppressed"]);
    let listed = &json.json()["suppressed_findings"][0];
    assert_eq!((&listed["suppressed_by"], &listed["mark"]), (&"inline".into(), &"skant: allow".into()));
    assert!(listed["reason"].as_str().unwrap().starts_with("it is sk-ant-api03-"), "{listed}");
    assert!(skant(&tree, &["scan", "--format", "json"]).json()["suppressed_findings"].is_null());
    let jsonl = skant(&tree, &["scan", "--format", "jsonl"]);
    assert!(jsonl.stdout.contains("\"suppressed\":{\"inline\":2,\"config\":0,\"baseline\":0}"), "{jsonl:#?}");
    let sarif = |arguments: &[&str]| -> Value {
        let all = [&["scan", "--format", "sarif"], arguments].concat();
        skant(&tree, &all).json()["runs"][0].clone()
    };
    let quiet = sarif(&[]);
    assert_eq!(quiet["results"].as_array().unwrap().len(), 0);
    let note = quiet["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert_eq!(note, "2 findings are suppressed: 2 inline, 0 config, 0 baseline.");
    let shown = sarif(&["--show-suppressed"]);
    let suppression = &shown["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "inSource");
    for run in [human, verbose, json, jsonl] {
        assert!(!run.all().contains(&key) && !run.all().contains(&other), "{run:#?}");
    }
}

#[test]
fn what_is_staged_heeds_marks_and_the_loss_of_one() {
    let tree = Tree::repo();
    let key = key_of("a");
    tree.file("a.txt", &format!("# skant: allow-file\n\n\n{key}\n")).git(&["add", "."]);
    assert_eq!(skant(&tree, &["staged"]).status, 0);
    tree.git(&["commit", "-qm", "one"]);
    tree.file("a.txt", &format!("# nothing\n\n\n{key}\n")).git(&["add", "."]);
    assert_eq!(skant(&tree, &["staged"]).status, 1);
}

#[test]
fn history_reports_the_version_that_has_no_mark() {
    let tree = Tree::repo();
    let key = key_of("a");
    tree.file("a.txt", &format!("{key} # skant: allow\n")).git(&["add", "."]).git(&["commit", "-qm", "marked"]);
    tree.file("a.txt", &format!("{key} # skant: allow\nmore\n")).git(&["add", "."]).git(&["commit", "-qm", "more"]);
    let history = |arguments: &[&str]| skant(&tree, &[&["history", "--format", "json"], arguments].concat());
    let clean = history(&[]);
    assert_eq!((clean.status, clean.json()["scan"]["suppressed"]["inline"].clone()), (0, 1.into()), "{clean:#?}");
    tree.file("a.txt", &format!("{key}\nmore\n")).git(&["add", "."]).git(&["commit", "-qm", "unmarked"]);
    assert_eq!(history(&[]).findings()[0]["commit"]["summary"], "unmarked");
    assert_eq!(history(&["HEAD~..HEAD"]).findings()[0]["commit"]["summary"], "unmarked");
}

#[test]
fn marks_in_names_and_messages() {
    let tree = Tree::repo();
    let (one, two) = (anthropic_key(1), anthropic_key(2));
    tree.file(format!("skant: allow {one}"), "x\n");
    assert!(found(&tree, &["."]).is_empty());
    tree.git(&["add", "."]).git(&["commit", "-qm", "named"]);
    assert_eq!(skant(&tree, &["history"]).status, 0);
    assert_eq!(skant(&tree, &["history", "--no-inline"]).status, 1);
    let message = run(tree.command(&["scan", "-"]), format!("{two} skant: allow").as_bytes());
    assert_eq!(message.status, 0);
}

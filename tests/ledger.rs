//! Every run's numbers add up: what was in scope was scanned, left out by a named rule, or not scanned for a
//! named reason. `complete: false`, something that is not scanned and exit code 2 always go together.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, run, skant};

fn ledger(run: &Run) -> Value {
    run.json()["scan"]["ledger"].clone()
}

/// One account, as a ledger has it.
fn account(scanned: u64, left_out: &Value, not_scanned: &Value) -> Value {
    let sum = |of: &Value| of.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum::<u64>();
    let in_scope = scanned + sum(left_out) + sum(not_scanned);
    json!({"in_scope": in_scope, "scanned": scanned, "left_out": left_out, "not_scanned": not_scanned})
}

fn all(scanned: u64) -> Value {
    account(scanned, &json!({}), &json!({}))
}

#[test]
fn a_tree_is_accounted_for() {
    let tree = Tree::repo();
    tree.key("a").file("empty", "").file(".gitignore", "ignored\n*.log\n").file("one/x.log", "").key("ignored/b");
    tree.link("link", "a").fifo("pipe").git_init("inside").key("inside/c");
    let run = skant(&tree, &["scan", "--format", "json", ".", "a", "missing"]);
    let bytes = ["a", "empty", ".gitignore", "inside/c"].map(|name| fs::metadata(tree.path(name)).unwrap().len());
    let left_out = json!({"ignore-rule": 1, "no-regular-file": 1, "named-twice": 1});
    let expected = json!({
        "files": account(4, &left_out, &json!({"missing": 1})),
        "folders": account(3, &json!({"ignore-rule": 1, "git-folder": 2}), &json!({})),
        "links": all(1),
        "submodules": all(1),
        "bytes": all(bytes.iter().sum()),
    });
    assert_eq!((run.status, ledger(&run)), (2, expected), "{run:#?}");
}

#[test]
fn what_is_staged_is_accounted_for() {
    let tree = Tree::repo();
    tree.key("a").file("b", "b\n").git(&["add", "."]).git(&["commit", "-q", "-m", "1"]);
    tree.git_init("sub").file("sub/x", "").git_in("sub", &["add", "."]).git_in("sub", &["commit", "-q", "-m", "1"]);
    tree.key("c").link("link", "c").file("b", "bb\n").git(&["-c", "advice.addEmbeddedRepo=false", "add", "."]);
    let bytes = fs::metadata(tree.path("c")).unwrap().len() + 3;
    let expected = json!({
        "files": all(2), "links": all(1), "bytes": all(bytes),
        "submodules": account(0, &json!({"other-repository": 1}), &json!({})),
    });
    let run = skant(&tree, &["staged", "--format", "json"]);
    assert_eq!((run.status, ledger(&run)), (1, expected), "{run:#?}");
    // A change of a submodule alone is no reason to stop a commit.
    tree.git(&["reset", "-q"]).git(&["-c", "advice.addEmbeddedRepo=false", "add", "sub"]);
    let run = skant(&tree, &["staged", "--format", "json"]);
    assert_eq!((run.status, &ledger(&run)["submodules"]["left_out"]["other-repository"]), (0, &json!(1)), "{run:#?}");
}

#[test]
fn history_is_accounted_for() {
    let tree = Tree::repo();
    tree.key("a").git(&["add", "."]).git(&["commit", "-q", "-m", "1"]).git(&["tag", "-a", "-m", "t", "v1"]);
    tree.file("b", "b\n").git(&["add", "."]).git(&["commit", "-q", "-m", "2"]);
    tree.git_init("sub").file("sub/x", "").git_in("sub", &["add", "."]).git_in("sub", &["commit", "-q", "-m", "1"]);
    tree.git(&["-c", "advice.addEmbeddedRepo=false", "add", "."]).git(&["commit", "-q", "-m", "3"]);
    for pack in [false, true] {
        if pack {
            tree.git(&["gc", "-q"]);
        }
        let run = skant(&tree, &["history", "--format", "json"]);
        let ledger = ledger(&run);
        let submodules = account(0, &json!({"other-repository": 1}), &json!({}));
        // HEAD, the branch and the tag.
        let refs = all(3);
        assert_eq!((&ledger["blobs"], &ledger["commits"], &ledger["refs"]), (&all(2), &all(3), &refs), "{run:#?}");
        assert_eq!((run.status, &ledger["submodules"]), (1, &submodules), "{run:#?}");
        let range = self::ledger(&skant(&tree, &["history", "--format", "json", "HEAD~2..HEAD"]));
        assert_eq!((&range["commits"], &range["blobs"], &range["submodules"]), (&all(2), &all(1), &submodules));
    }
}

#[test]
fn damaged_history_is_accounted_for() {
    let tree = Tree::repo();
    tree.key("a").file("b", "b\n").git(&["add", "."]).git(&["commit", "-q", "-m", "1"]);
    // The blob of "b\n".
    fs::remove_file(tree.path(".git/objects/61/780798228d17af2d34fce4cfbdf35556832472")).unwrap();
    tree.file(".git/refs/heads/gone", &format!("{}\n", "1".repeat(40)));
    let run = skant(&tree, &["history", "--format", "json"]);
    let ledger = ledger(&run);
    assert_eq!(ledger["blobs"], account(1, &json!({}), &json!({"missing": 1})), "{run:#?}");
    assert_eq!(ledger["refs"], account(2, &json!({}), &json!({"missing": 1})), "{run:#?}");
    assert_eq!(run.status, 2);
}

#[test]
fn a_scan_of_nothing_but_ignored_files_is_no_success() {
    let tree = Tree::repo();
    tree.key("a/b").file(".git/info/exclude", "*\n");
    let run = skant(&tree, &["scan", "--format", "json"]);
    let expected = account(0, &json!({}), &json!({"all-ignored": 1}));
    assert_eq!((run.status, &ledger(&run)["others"]), (2, &expected), "{run:#?}");
    assert!(run.skipped() == ["what was asked for"] && run.stderr.contains("--no-ignore"), "{run:#?}");
    assert_eq!(skant(&tree, &["scan", "--no-ignore"]).status, 1);
    assert_eq!(skant(&tree, &["scan", "a/b"]).status, 1);
    // Where there is nothing, nothing is left out.
    let empty = skant(&Tree::new(), &["scan"]);
    assert!(empty.status == 0 && empty.stdout.starts_with("nothing to scan: "), "{empty:#?}");
}

/// Only what is git's goes by the name of git's folder.
#[test]
fn a_folder_called_git_that_is_no_repository_is_scanned() {
    let tree = Tree::repo();
    tree.key("a/.git/b").key("c/.git").git_init("d");
    let run = skant(&tree, &["scan", "--format", "json"]);
    let mut found = run.each("path");
    found.sort();
    // Where `.git` stands a repository begins, and its paths with it.
    assert_eq!((run.status, found), (1, vec![".git".to_owned(), ".git/b".to_owned()]), "{run:#?}");
    assert_eq!(ledger(&run)["folders"]["left_out"], json!({"git-folder": 2}));
}

#[test]
fn people_see_the_ledger() {
    let tree = Tree::repo();
    tree.file("a", "a\n").file(".gitignore", "*.log\nout\n").file("x.log", "").file("y.log", "").file("out/z", "");
    let short = skant(&tree, &["scan"]);
    let told = "2 files and 1 folder left out by ignore rules; -v shows what else was\n";
    assert!(short.status == 0 && short.stdout.ends_with(told), "{short:#?}");
    let long = skant(&tree, &["scan", "-v", ".", "missing"]);
    for line in [
        "files: 5 in scope: 2 scanned, 2 left out (2 ignore-rule), 1 not scanned (1 missing)\n",
        "folders: 3 in scope: 1 scanned, 2 left out (1 ignore-rule, 1 git-folder)\n",
        "bytes: 12 in scope: 12 scanned\n",
    ] {
        assert!(long.status == 2 && long.stdout.contains(line), "{line}: {long:#?}");
    }
}

/// Holds a run to all that a report says of itself. `None` where there is no report.
#[track_caller]
fn check(run: &Run, what: &str) -> Option<bool> {
    let Ok(report) = serde_json::from_str::<Value>(&run.stdout) else {
        assert!(run.status == 2 && !run.stderr.is_empty(), "{what}: {run:#?}");
        return None;
    };
    let scan = &report["scan"];
    let (complete, skipped) = (scan["complete"].as_bool().unwrap(), scan["skipped"].as_array().unwrap());
    let accounts = scan["ledger"].as_object().unwrap();
    let mut not_scanned = 0;
    for (unit, one) in accounts {
        let expected = account(one["scanned"].as_u64().unwrap(), &one["left_out"], &one["not_scanned"]);
        assert_eq!(*one, expected, "{what}, {unit}");
        assert!(one["not_scanned"].get("unaccounted").is_none(), "{what}: {run:#?}");
        not_scanned += one["not_scanned"].as_object().unwrap().len();
    }
    for unit in ["files", "blobs", "commits", "bytes"] {
        let scanned = accounts.get(unit).map_or(0, |account| account["scanned"].as_u64().unwrap());
        assert_eq!(scan[unit], scanned, "{what}, {unit}");
    }
    assert_eq!(
        (complete, complete, complete),
        (skipped.is_empty(), not_scanned == 0, run.status != 2),
        "{what}: {run:#?}"
    );
    let is_found = report["findings"].as_array().unwrap().is_empty();
    assert_eq!(run.status, if complete { i32::from(!is_found) } else { 2 }, "{what}: {run:#?}");
    Some(complete)
}

/// Holds the same report as SARIF against it.
#[track_caller]
fn check_sarif(run: &Run, sarif: &[u8], what: &str) {
    let (json, log): (_, Value) = (run.json(), serde_json::from_slice(sarif).unwrap());
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], json["scan"]["complete"], "{what}");
    assert_eq!(invocation["exitCode"], run.status, "{what}");
    assert_eq!(invocation["properties"]["ledger"], json["scan"]["ledger"], "{what}");
    let notifications = invocation["toolExecutionNotifications"].as_array().unwrap();
    let errors: Vec<&Value> =
        notifications.iter().filter(|one| one["level"] == "error").map(|one| &one["message"]["text"]).collect();
    let skipped = json["scan"]["skipped"].as_array().unwrap().iter();
    let skipped: Vec<Value> = skipped
        .map(|one| {
            format!("Not scanned: {}: {}", one["path"].as_str().unwrap(), one["reason"].as_str().unwrap()).into()
        })
        .collect();
    assert_eq!(errors, skipped.iter().collect::<Vec<_>>(), "{what}");
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), json["findings"].as_array().unwrap().len());
}

/// A repository with two commits, and more that is staged.
fn repository() -> Tree {
    let tree = Tree::repo();
    tree.key("a").file("b", "b\n").link("link", "a").git(&["add", "."]).git(&["commit", "-q", "-m", "1"]);
    tree.key("folder/c").git(&["add", "."]).git(&["commit", "-q", "-m", "2"]).key("d").git(&["add", "."]);
    tree.file("message", &format!("key {}\n", anthropic_key(9))).file(".gitignore", "*.log\n").file("x.log", "");
    tree
}

/// What may be wrong with a repository, and how to do it.
type Wrong = (&'static str, fn(&Tree));

const WRONGS: [Wrong; 9] = [
    ("nothing", |_| {}),
    ("no secrets", |tree| {
        tree.git(&["rm", "-q", "-r", "-f", "."]).git(&["update-ref", "-d", "HEAD"]).file("message", "x\n");
        tree.git(&["reflog", "expire", "--expire=now", "--all"]).git(&["prune", "--expire=now"]);
    }),
    ("a blob is missing", |tree| {
        fs::remove_file(tree.path(".git/objects/61/780798228d17af2d34fce4cfbdf35556832472")).unwrap();
    }),
    ("a blob is damaged", |tree| {
        let path = ".git/objects/61/780798228d17af2d34fce4cfbdf35556832472";
        fs::remove_file(tree.path(path)).unwrap();
        tree.bytes(path, b"x\x9c damaged");
    }),
    ("the index is cut short", |tree| {
        let index = fs::read(tree.path(".git/index")).unwrap();
        tree.bytes(".git/index", &index[..index.len() / 2]);
    }),
    ("HEAD leads nowhere", |tree| {
        tree.file(".git/HEAD", "nonsense\n");
    }),
    ("a ref is broken", |tree| {
        tree.file(".git/refs/heads/broken", "nonsense\n");
    }),
    ("the message is missing", |tree| {
        fs::remove_file(tree.path("message")).unwrap();
    }),
    ("a config cannot be understood", |tree| {
        tree.file("folder/skant.toml", "nonsense = 1\n");
    }),
];

#[test]
fn incomplete_and_exit_code_2_go_together_in_every_command() {
    let zeros = "0".repeat(40);
    let (mut complete, mut incomplete, mut refused) = (0, 0, 0);
    for (wrong, make) in WRONGS {
        let tree = repository();
        let tip = fs::read_to_string(tree.path(".git/refs/heads/main")).unwrap().trim().to_owned();
        make(&tree);
        let sent = format!("refs/heads/main {tip} refs/heads/main {zeros}\n");
        let received = format!("{zeros} {tip} refs/heads/main\n");
        let commands: [(&[&str], &str); 14] = [
            (&["scan"], ""),
            (&["scan", "a", "missing"], ""),
            (&["scan", "-"], "x\n"),
            (&["staged"], ""),
            (&["staged", "b", "missing"], ""),
            (&["history"], ""),
            (&["history", "--unreachable"], ""),
            (&["history", "HEAD"], ""),
            (&["history", "HEAD~1..HEAD"], ""),
            (&["hook", "pre-commit"], ""),
            (&["hook", "commit-msg", "message"], ""),
            (&["hook", "pre-push", "origin"], &sent),
            (&["hook", "pre-receive"], &received),
            (&["ci", "--base", "HEAD~1"], ""),
        ];
        for (arguments, input) in commands {
            let what = format!("{arguments:?} where {wrong}");
            let outputs = ["--format", "json", "--output", "sarif=../report.sarif"];
            let json = run(tree.command(&[arguments, &outputs].concat()), input.as_bytes());
            match check(&json, &what) {
                Some(true) => complete += 1,
                Some(false) => incomplete += 1,
                None => refused += 1,
            }
            if !json.stdout.is_empty() {
                check_sarif(&json, &fs::read(tree.path("../report.sarif")).unwrap(), &what);
                tree.bytes("../report.json", &json.stdout);
                let merged = skant(&tree, &["merge", "../report.json", "--format", "json"]);
                assert_eq!((merged.status, &merged.stdout), (json.status, &json.stdout), "{what}: {merged:#?}");
            }
        }
    }
    assert!(complete > 40 && incomplete > 15 && refused > 5, "{complete} {incomplete} {refused}");
}

#[test]
fn a_report_whose_sums_are_wrong_is_refused() {
    let tree = Tree::new();
    tree.file("a", "a\n");
    let report = skant(&tree, &["scan", "--format", "json"]).json();
    let broken: [fn(&mut Value); 4] = [
        |ledger| ledger["files"]["in_scope"] = json!(2),
        |ledger| ledger["files"]["not_scanned"] = json!({"missing": 1}),
        |ledger| ledger["files"]["left_out"] = json!({"whim": 1}),
        |ledger| ledger["files"] = json!({"in_scope": 2, "scanned": 1, "left_out": {}, "not_scanned": {"missing": 1}}),
    ];
    for (number, change) in broken.into_iter().enumerate() {
        let mut report = report.clone();
        change(&mut report["scan"]["ledger"]);
        tree.file("../report.json", &report.to_string());
        let merged = skant(&tree, &["merge", "../report.json"]);
        assert!(merged.status == 2 && merged.stderr.contains("report.json"), "{number}: {merged:#?}");
    }
}

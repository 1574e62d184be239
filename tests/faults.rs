//! Every call that can fail is made to fail, one after the other. Each time the secrets are all found, or the
//! exit code is 2 and says why: nothing passes by accident, panics or hangs.
#![cfg(all(debug_assertions, unix))]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use support::{Run, Tree, anthropic_key, run};

/// Runs a command once for each place that it passes and that can fail.
#[track_caller]
fn torture(tree: &Tree, arguments: &[&str], input: &str) {
    let once = |turn: u64| {
        let mut command = tree.command(&[arguments, &["--format", "json", "--threads", "1"]].concat());
        command.env("SKANT_FAULT", turn.to_string()).env("PATH", std::env::var_os("PATH").unwrap());
        run(command, input.as_bytes())
    };
    let whole = once(0);
    let secrets = secrets(&whole);
    assert!(whole.status == 1 && !secrets.is_empty(), "{whole:#?}");
    let places = whole.stderr.lines().find_map(|line| line.strip_prefix("places that could fail: "));
    let places: u64 = places.unwrap().parse().unwrap();
    assert!(places > 0);
    for turn in 1..=places {
        let broken = once(turn);
        let told = broken.stderr.lines().filter(|line| !line.starts_with("places that could fail: ")).count();
        let found = self::secrets(&broken);
        match broken.status {
            // Where it is not known what was there before, more may count as new.
            1 => assert!(secrets.is_subset(&found), "{arguments:?}, failure {turn}: {broken:#?}"),
            2 => assert!(told > 0, "{arguments:?}, failure {turn}: {broken:#?}"),
            _ => panic!("{arguments:?}, failure {turn} of {places}: {broken:#?}"),
        }
    }
}

/// The places of all secrets in a report.
fn secrets(run: &Run) -> BTreeSet<String> {
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let place = |one: &Value| {
        let (path, place, commit) = (&one["path"], &one["where"], &one["commit"]["id"]);
        format!("{path}:{place}:{commit}:{}:{}", one["line"], one["fingerprint"])
    };
    findings.iter().map(place).collect()
}

/// A repository whose every part holds a key: files at every depth, ignored ones that are tracked.
fn tree() -> Tree {
    let tree = Tree::repo();
    tree.key("a.env")
        .key("one/b.env")
        .key("one/two/c.env")
        .key("ignored/d.env")
        .file(".gitignore", "ignored/\n*.log\n");
    tree.file("one/.gitignore", "!kept.log\n").key("one/kept.log").link("link", format!("/{}", anthropic_key(7)));
    tree.git(&["add", "-f", "."]);
    tree
}

#[test]
fn scans_of_folders() {
    torture(&tree(), &["scan"], "");
    torture(&tree(), &["scan", "one/b.env", "ignored", "one"], "");
}

#[test]
fn scans_of_standard_input() {
    torture(&Tree::new(), &["scan", "-"], &anthropic_key(1));
}

/// A repository with keys in every place that git has for texts, a second branch, and something staged.
fn repository() -> Tree {
    let tree = Tree::repo();
    tree.key("a.env").file("b", "b\n").git(&["add", "."]).git(&["commit", "-q", "-m", "1"]);
    tree.key("one/c.env").file("a.env", &format!("x\nKEY={}\n", anthropic_key(3))).git(&["add", "."]);
    tree.git(&["commit", "-q", "-m", &format!("2 {}", anthropic_key(1))]);
    tree.git(&["tag", "-a", "-m", &anthropic_key(2), "v1"]).git(&["notes", "add", "-m", &anthropic_key(4)]);
    tree.git(&["worktree", "add", "-q", "--detach", "../other"])
        .key("../other/d.env")
        .git_in("../other", &["add", "."]);
    tree.git_in("../other", &["commit", "-q", "-m", "3"]);
    tree.key("e.env").git(&["add", "."]).git(&["stash", "-q"]);
    tree.key("f.env").git(&["mv", "b", "moved"]).link("link", format!("/{}", anthropic_key(7))).git(&["add", "."]);
    tree
}

/// The same, with all objects and refs packed.
fn packed() -> Tree {
    let tree = repository();
    tree.git(&["gc", "-q"]);
    tree
}

#[test]
fn scans_of_what_is_staged() {
    torture(&repository(), &["staged"], "");
    torture(&packed(), &["hook", "pre-commit", "a.env", "f.env"], "");
}

#[test]
fn scans_of_all_history() {
    torture(&repository(), &["history"], "");
}

#[test]
fn scans_of_packed_history() {
    torture(&packed(), &["history", "--unreachable"], "");
}

#[test]
fn scans_of_some_history() {
    torture(&repository(), &["history", "HEAD~1..HEAD"], "");
    torture(&packed(), &["ci", "--base", "main~1", "--head", "v1"], "");
}

#[test]
fn scans_of_pushes() {
    let tree = packed();
    let (tip, zeros) = (fs::read_to_string(tree.path(".git/packed-refs")).unwrap(), "0".repeat(40));
    let tip = tip.lines().find_map(|line| line.strip_suffix(" refs/heads/main")).unwrap();
    torture(&tree, &["hook", "pre-push", "origin"], &format!("refs/heads/main {tip} refs/heads/main {zeros}\n"));
    tree.git(&["clone", "-q", "--bare", "--no-hardlinks", ".", "../bare"]);
    tree.git_in("../bare", &["update-ref", "-d", "refs/heads/main"]).git_in("../bare", &["tag", "-d", "v1"]);
    let received = format!("{zeros} {tip} refs/heads/main\n");
    torture(&tree, &["-C", "../bare", "hook", "pre-receive"], &received);
}

#[test]
fn scans_of_messages() {
    let tree = Tree::repo();
    // Below another mark than usual, what looks like a comment is none.
    tree.file("message", &format!("x\n# {}\n", anthropic_key(1))).git(&["config", "core.commentChar", ";"]);
    torture(&tree, &["hook", "commit-msg", "message"], "");
}

#[test]
fn reports_that_cannot_be_written() {
    let tree = Tree::new();
    tree.key("a.env");
    torture(&tree, &["scan", "--output", "sarif=../a.sarif", "--output", "markdown=../a.md"], "");
}

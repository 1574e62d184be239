//! Every call that can fail is made to fail, one after the other. Each time the secrets are all found, or the
//! exit code is 2 and says why: nothing passes by accident, panics or hangs.
//!
//! `cargo test --locked --features faults --test faults`

#![cfg(all(feature = "faults", unix))]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use serde_json::Value;
use support::{Run, Tree, anthropic_key, run};

/// Runs a command once for each place that it passes and that can fail.
#[track_caller]
fn torture(tree: &Tree, arguments: &[&str], input: &str) {
    let once = |turn: u64| {
        let mut command = tree.command(arguments);
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
        match broken.status {
            1 => assert_eq!(self::secrets(&broken), secrets, "{arguments:?}, failure {turn}: {broken:#?}"),
            2 => assert!(broken.all().contains("made to fail"), "{arguments:?}, failure {turn}: {broken:#?}"),
            _ => panic!("{arguments:?}, failure {turn} of {places}: {broken:#?}"),
        }
    }
}

/// The places of all secrets in a report.
fn secrets(run: &Run) -> Vec<String> {
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    findings.iter().map(|one| format!("{}:{}:{}", one["path"], one["line"], one["fingerprint"])).collect()
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
    torture(&tree(), &["scan", "--format", "json", "--threads", "1"], "");
    torture(&tree(), &["scan", "--format", "json", "--threads", "1", "one/b.env", "ignored", "one"], "");
}

#[test]
fn scans_of_standard_input() {
    torture(&Tree::new(), &["scan", "--format", "json", "-"], &anthropic_key(1));
}

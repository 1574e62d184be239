//! Every call that can fail is made to fail, one after the other. Each time the secrets are all found, or the
//! exit code is 2 and says why: nothing passes by accident, panics or hangs.
#![cfg(all(debug_assertions, unix))]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;

use serde_json::Value;
use support::{Run, Tree, anthropic_key, run};

/// Runs a command once for each place that it passes and that can fail.
#[track_caller]
fn torture(tree: &Tree, arguments: &[&str], input: &str) {
    let once = |turn: u64| {
        let alone: &[&str] = if arguments[0] == "merge" { &[] } else { &["--threads", "1"] };
        let mut command = tree.command(&[arguments, &["--format", "json"], alone].concat());
        command.env("SKANT_FAULT", turn.to_string()).env("PATH", std::env::var_os("PATH").unwrap());
        run(command, input.as_bytes())
    };
    let whole = once(0);
    let secrets = secrets(&whole);
    assert!(whole.status == 1 && !secrets.is_empty(), "{whole:#?}");
    let places = places(&whole);
    assert!(places > 0);
    for turn in 1..=places {
        let broken = once(turn);
        let told = told(&broken);
        let found = self::secrets(&broken);
        match broken.status {
            // Where it is not known what was there before, more may count as new.
            1 => assert!(secrets.is_subset(&found), "{arguments:?}, failure {turn}: {broken:#?}"),
            2 => assert!(told > 0, "{arguments:?}, failure {turn}: {broken:#?}"),
            _ => panic!("{arguments:?}, failure {turn} of {places}: {broken:#?}"),
        }
    }
}

const PLACES: &str = "places that could fail: ";

/// How many places a run passed that could have failed.
fn places(run: &Run) -> u64 {
    let places = run.stderr.lines().find_map(|line| line.strip_prefix(PLACES));
    places.unwrap_or_else(|| panic!("{run:#?}")).parse().unwrap()
}

/// How many lines it told besides.
fn told(run: &Run) -> usize {
    run.stderr.lines().filter(|line| !line.starts_with(PLACES)).count()
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

/// Compressed texts and archives, one in another, of the formats that git makes and of others.
#[test]
fn scans_of_archives() {
    let tree = Tree::repo();
    tree.key("a.env").key("b.env").git(&["add", "."]).git(&["commit", "-q", "-m", "1"]);
    tree.git(&["archive", "-o", "a.zip", "HEAD"]).git(&["archive", "-o", "a.tar", "HEAD"]);
    let tar = fs::read(tree.path("a.tar")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    tree.bytes("a.tgz", gzip.finish().unwrap());
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&fs::read(tree.path("a.zip")).unwrap()).unwrap();
    tree.bytes("a.bz2", bzip2.finish().unwrap());
    let text = fs::read(tree.path("a.env")).unwrap();
    tree.bytes("a.zst", ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest));
    torture(&tree, &["scan", "a.tgz", "a.bz2", "a.zst"], "");
}

/// What a config, those it extends, a nearer one and the baseline say is fine counts, or the run fails; what they do
/// not speak of is found.
#[test]
fn scans_by_a_policy() {
    let tree = Tree::repo();
    for name in ["a.env", "b.env", "known.env", "near/c.env", "new.env"] {
        tree.key(name);
    }
    let allow = |path: &str| format!("[[allow]]\npath = '{path}'\nreason = 'x'\n");
    tree.file("skant.toml", &format!("extends = 'team.toml'\n{}", allow("a.env"))).file("team.toml", &allow("b.env"));
    tree.file("near/skant.toml", &allow("c.env"));
    let run = run(tree.command(&["baseline", "create"]), b"");
    assert_eq!(run.status, 0, "{run:#?}");
    let known = fs::read_to_string(tree.path(".skant-baseline")).unwrap();
    let lines = known.lines().filter(|line| !line.ends_with(" new.env"));
    tree.file(".skant-baseline", &lines.map(|line| format!("{line}\n")).collect::<String>()).git(&["add", "."]);
    torture(&tree, &["scan"], "");
    tree.git(&["commit", "-q", "-m", "1"]).key("newer.env").git(&["add", "."]).git(&["commit", "-q", "-m", "2"]);
    torture(&tree, &["history", "--config-from", "HEAD~1", "HEAD~1..HEAD"], "");
}

#[test]
fn scans_of_many_repositories() {
    let tree = Tree::new();
    for name in ["one", "two"] {
        tree.git_init(name).key(&format!("{name}/a.env")).git_in(name, &["add", "."]);
        tree.git_in(name, &["commit", "-q", "-m", "1"]);
    }
    tree.file("list", "one\ntwo\n");
    torture(&tree, &["history", "--repos", "list"], "");
}

#[test]
fn reports_that_are_joined() {
    let tree = Tree::new();
    for name in ["a", "b"] {
        tree.key(&format!("{name}.env"));
        let run = run(tree.command(&["scan", &format!("{name}.env"), "--output", &format!("json={name}.json")]), b"");
        assert_eq!(run.status, 1, "{run:#?}");
    }
    torture(&tree, &["merge", "a.json", "b.json"], "");
}

/// What an assistant is about to do is blocked, or it is said that skant cannot tell: it is never let pass in silence.
#[test]
fn events_of_assistants() {
    let tree = Tree::repo();
    tree.key("a.env").file("skant.toml", "[[allow]]\npath = 'b.env'\nreason = 'x'\n");
    tree.git(&["add", "."]).git(&["commit", "-q", "-m", "1"]);
    let event = format!(
        r#"{{"hook_event_name": "PreToolUse", "tool_name": "Read", "cwd": {:?}, "tool_input": {{"file_path": "a.env"}}}}"#,
        tree.path("")
    );
    for (strict, allowed) in [(&[][..], &[1, 2][..]), (&["--strict"], &[2])] {
        let once = |turn: u64| {
            let mut command = tree.command(&[&["hook", "claude-code"][..], strict].concat());
            command.env("SKANT_FAULT", turn.to_string());
            run(command, event.as_bytes())
        };
        let whole = once(0);
        assert_eq!(whole.status, 2, "{whole:#?}");
        for turn in 1..=places(&whole) {
            let broken = once(turn);
            assert!(allowed.contains(&broken.status) && told(&broken) > 0, "{strict:?}, failure {turn}: {broken:#?}");
        }
    }
}

/// A fault of ours ends a run with 2; it does not say what it was about, and nothing is left behind.
#[test]
fn faults_of_our_own() {
    let tree = repository();
    let key = anthropic_key(77);
    // A client of an assistant goes on at 1, and stops at 2.
    let commands = [(2, &["scan"][..]), (2, &["history"]), (2, &["hook", "pre-commit"]), (1, &["hook", "claude-code"])];
    for (status, arguments) in commands {
        let temporary = tree.home().join("tmp");
        fs::create_dir_all(&temporary).unwrap();
        let once = |turn: u64| {
            let mut command = tree.command(arguments);
            command.env("SKANT_FAULT", turn.to_string()).env("SKANT_FAULT_SAYS", &key).env("TMPDIR", &temporary);
            run(command, b"{}")
        };
        for turn in (1..=places(&once(0))).step_by(10) {
            let broken = once(turn);
            assert_eq!(broken.status, status, "{arguments:?}, fault {turn}: {broken:#?}");
            assert!(
                broken.stderr.contains("this is a fault of skant's") && !broken.all().contains(&key),
                "{broken:#?}"
            );
        }
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    }
}

#[test]
fn reports_that_cannot_be_written() {
    let tree = Tree::new();
    tree.key("a.env");
    torture(&tree, &["scan", "--output", "sarif=../a.sarif", "--output", "markdown=../a.md"], "");
}

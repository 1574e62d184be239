//! The hooks as git runs them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use support::{Run, Tree, anthropic_key, key_of, mask, run, skant};

fn line(seed: u64) -> String {
    format!("key = \"{}\"\n", anthropic_key(seed))
}

/// Writes a hook of one line that runs the program.
fn hook(tree: &Tree, name: &str, arguments: &str) {
    let script = format!("#!/bin/sh\nexec '{}' {arguments}\n", env!("CARGO_BIN_EXE_skant"));
    let file = format!(".git/hooks/{name}");
    tree.file(&file, &script);
    fs::set_permissions(tree.path(file), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs git as somebody who commits; it may fail.
fn git(tree: &Tree, folder: &str, arguments: &[&str]) -> Run {
    git_with(tree, folder, arguments, &[])
}

fn git_with(tree: &Tree, folder: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.invalid"]).args(arguments);
    command.current_dir(tree.path(folder)).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", tree.home()).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.envs(environment.iter().copied());
    run(command, b"")
}

#[track_caller]
fn assert_blocked(run: &Run, key: &str) {
    assert_eq!(run.status, 1, "{run:#?}");
    assert!(run.all().contains(&mask(key)) && !run.all().contains(key), "{run:#?}");
}

#[track_caller]
fn assert_passes(run: &Run) {
    assert_eq!(run.status, 0, "{run:#?}");
}

fn repo_with_hook() -> Tree {
    let tree = Tree::repo();
    tree.file("a", "x\n").file("b", "x\n").git(&["add", "-A"]).git(&["commit", "-qm", "first"]);
    hook(&tree, "pre-commit", "hook pre-commit");
    tree
}

// Before a commit.

#[test]
fn a_commit_with_a_key_is_stopped_and_a_clean_one_is_not() {
    let tree = repo_with_hook();
    tree.key("a").git(&["add", "a"]);
    assert_blocked(&git(&tree, "", &["commit", "-qm", "x"]), &key_of("a"));
    tree.file("a", "y\n").git(&["add", "a"]);
    assert_passes(&git(&tree, "", &["commit", "-qm", "x"]));
}

#[test]
fn what_git_commits_without_staging_it_first_is_scanned() {
    let tree = repo_with_hook();
    tree.key("a");
    assert_blocked(&git(&tree, "", &["commit", "-qam", "x"]), &key_of("a"));
    assert_blocked(&git(&tree, "", &["commit", "-qm", "x", "a"]), &key_of("a"));
    assert_blocked(&git(&tree, "", &["commit", "-qm", "x", "--include", "a"]), &key_of("a"));
    // What is staged and not part of this commit does not count.
    tree.git(&["add", "a"]).file("b", "y\n");
    assert_passes(&git(&tree, "", &["commit", "-qm", "x", "b"]));
    tree.folder("sub").file("sub/c", "x\n").git(&["add", "sub"]);
    assert_passes(&git(&tree, "sub", &["commit", "-qm", "x", "c"]));
}

#[test]
fn a_commit_in_a_linked_worktree_is_stopped() {
    let tree = repo_with_hook();
    tree.git(&["worktree", "add", "-q", "../linked"]).key("../linked/c").git_in("../linked", &["add", "c"]);
    assert_blocked(&git(&tree, "../linked", &["commit", "-qm", "x"]), &key_of("../linked/c"));
}

#[test]
fn a_merge_and_an_amended_commit_are_scanned() {
    let tree = repo_with_hook();
    hook(&tree, "pre-merge-commit", "hook pre-commit");
    tree.git(&["checkout", "-qb", "other"]).key("c").git(&["add", "c"]);
    assert_passes(&git(&tree, "", &["commit", "-qnm", "theirs"]));
    tree.git(&["checkout", "-q", "main"]).file("b", "y\n");
    assert_passes(&git(&tree, "", &["commit", "-qam", "ours"]));
    assert_blocked(&git(&tree, "", &["merge", "-q", "--no-ff", "--no-edit", "other"]), &key_of("c"));
    tree.git(&["reset", "-q", "--hard"]).key("b");
    assert_blocked(&git(&tree, "", &["commit", "-qa", "--amend", "--no-edit"]), &key_of("b"));
}

#[test]
fn the_hook_takes_the_names_a_framework_gives_it() {
    let tree = repo_with_hook();
    tree.file("a", &line(1)).git(&["add", "a"]).git(&["commit", "-qnm", "x"]);
    assert_passes(&skant(&tree, &["hook", "pre-commit"]));
    assert_blocked(&skant(&tree, &["hook", "pre-commit", "a", "b"]), &anthropic_key(1));
    assert_passes(&skant(&tree, &["hook", "pre-commit", "b"]));
}

// The message.

#[test]
fn a_message_with_a_key_is_stopped() {
    let tree = Tree::repo();
    hook(&tree, "commit-msg", "hook commit-msg --format json \"$1\"");
    let message = format!("subject\n\nbody {}\n", anthropic_key(1));
    let run = git(&tree, "", &["commit", "-q", "--allow-empty", "-m", &message]);
    assert_eq!(run.status, 1, "{run:#?}");
    // git hands what a hook prints to standard error.
    let report: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(report["scan"]["source"], "message");
    assert_eq!((&finding["where"], &finding["path"]), (&"commit-message".into(), &serde_json::Value::Null));
    assert_eq!((&finding["line"], &finding["column"]), (&3.into(), &6.into()));
    assert_passes(&git(&tree, "", &["commit", "-q", "--allow-empty", "-m", "clean"]));
}

#[test]
fn what_git_takes_out_of_a_message_does_not_count() {
    let tree = repo_with_hook();
    hook(&tree, "commit-msg", "hook commit-msg \"$1\"");
    tree.file("a", &line(1)).git(&["add", "a"]).git(&["commit", "-qnm", "x"]);
    // The diff that the editor shows holds a key, which is being taken out.
    tree.file("a", "y\n").git(&["add", "a"]);
    tree.file("../editor", "#!/bin/sh\nsed -i '1s/^/subject/' \"$1\"\n");
    fs::set_permissions(tree.path("../editor"), fs::Permissions::from_mode(0o755)).unwrap();
    let editor = tree.path("../editor");
    let environment = [("GIT_EDITOR", editor.to_str().unwrap())];
    assert_passes(&git_with(&tree, "", &["commit", "-qv"], &environment));
    // Without an editor git records what looks like a comment.
    let message = format!("subject\n\n# {}\n", anthropic_key(2));
    assert_blocked(&git(&tree, "", &["commit", "-q", "--allow-empty", "-m", &message]), &anthropic_key(2));
    tree.file("message", &message);
    assert_passes(&skant(&tree, &["hook", "commit-msg", "message"]));
}

#[test]
fn a_message_that_is_not_there_fails() {
    let tree = Tree::new();
    tree.file("message", &line(1));
    assert_eq!(skant(&tree, &["hook", "commit-msg", "missing"]).status, 2);
    assert_eq!(skant(&tree, &["hook", "commit-msg"]).status, 2);
    // A message outside of any repository is one all the same.
    assert_blocked(&skant(&tree, &["hook", "commit-msg", "message"]), &anthropic_key(1));
}

#[test]
fn every_format_tells_of_a_message() {
    let tree = Tree::new();
    tree.file("message", &line(1));
    for format in ["human", "json", "jsonl", "sarif"] {
        let run = skant(&tree, &["hook", "commit-msg", "message", "--format", format]);
        assert_blocked(&run, &anthropic_key(1));
        assert!(run.stdout.contains(if format == "human" { "[commit message:1:8]" } else { "commit-message" }));
    }
}

//! How far findings have got, and what to do next.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, key_of, mask, password, scan, skant};

/// A repository with a remote that has one commit.
fn cloned() -> Tree {
    let tree = Tree::repo();
    tree.git(&["init", "-q", "--bare", "-b", "main", "../home/remote.git"]);
    tree.file("README", "a\n").git(&["add", "."]).git(&["commit", "-qm", "one"]);
    tree.git(&["remote", "add", "origin", "../home/remote.git"]).git(&["push", "-q", "origin", "main"]);
    tree
}

fn commit(tree: &Tree, message: &str) {
    tree.git(&["add", "."]).git(&["commit", "-qm", message]);
}

fn push(tree: &Tree) {
    tree.git(&["push", "-q", "origin", "main"]);
}

fn id(tree: &Tree, revision: &str) -> String {
    let output = Command::new("git").args(["rev-parse", revision]).current_dir(tree.path("")).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn only(run: &Run) -> Value {
    let findings = run.findings();
    assert_eq!(findings.len(), 1, "{run:#?}");
    findings[0].clone()
}

const REVOKE: &str = "Make a new key, deploy it, then disable this one; watch its usage, delete it later. Cleaning history \
                      comes after, never instead. https://platform.claude.com/settings/keys";

fn unless_seen() -> String {
    format!("If anybody else has seen it: {REVOKE}")
}

#[test]
fn outside_of_git_nothing_is_said_of_it() {
    let tree = Tree::new();
    tree.key("a.env");
    let one = only(&scan(&tree, &["."]));
    assert_eq!((&one["exposure"], &one["refs"], &one["refs_total"]), (&json!(null), &json!([]), &json!(0)));
    assert_eq!(one["next"], json!([REVOKE]));
}

#[test]
fn a_file_goes_from_the_working_tree_to_the_remote() {
    let tree = cloned();
    tree.key("a.env");
    let one = only(&scan(&tree, &["."]));
    assert_eq!(one["exposure"], "working-tree");
    let move_out = "Move it out of a.env, to where git does not look: a secret store, or an ignored file.";
    assert_eq!(one["next"], json!([move_out, unless_seen()]));

    tree.git(&["add", "a.env"]);
    let steps = json!(["git restore --staged -- a.env", "Take it out of a.env, then: git add -- a.env", unless_seen()]);
    for run in [scan(&tree, &["."]), skant(&tree, &["staged", "--format", "json"])] {
        let one = only(&run);
        assert_eq!((&one["exposure"], &one["next"], &one["refs"]), (&json!("staged"), &steps, &json!([])));
    }

    commit(&tree, "two");
    let amend = "Take it out of a.env, then: git add -- a.env && git commit --amend --no-edit";
    for run in [scan(&tree, &["."]), skant(&tree, &["history", "--format", "json"])] {
        let one = only(&run);
        assert_eq!((&one["exposure"], &one["refs"]), (&json!("unpushed"), &json!(["refs/heads/main"])));
        assert_eq!(one["next"], json!([amend, unless_seen()]));
    }

    tree.file("b", "b\n");
    commit(&tree, "three");
    let (rebase, two) = (format!("git rebase --interactive {}^", id(&tree, "HEAD^")), id(&tree, "HEAD^"));
    let mark = format!(
        "Mark {} with `edit`, take it out of a.env, then: git add -- a.env && git commit --amend --no-edit && git rebase --continue",
        &two[..12]
    );
    assert_eq!(only(&scan(&tree, &["."]))["next"], json!([rebase, mark, unless_seen()]));

    push(&tree);
    let key = key_of("a.env");
    let expression =
        format!("'regex:{}[A-Za-z0-9_-]{{88}}{}==>REMOVED'", regex_syntax::escape(&key[..16]), &key[104..]);
    let steps = json!([
        REVOKE,
        "Taking it out of the history comes after that, never instead:",
        format!("printf '%s\\n' {expression} > ../expressions.txt"),
        "git filter-repo --sensitive-data-removal --replace-text ../expressions.txt",
        "git push --force --all && git push --force --tags",
        "Then everybody clones anew, and whoever hosts the repository is asked to drop what it caches.",
    ]);
    for run in [scan(&tree, &["."]), skant(&tree, &["history", "--format", "json"])] {
        let one = only(&run);
        assert_eq!((&one["exposure"], &one["next"]), (&json!("pushed"), &steps));
        assert_eq!(
            (&one["refs"], &one["refs_total"]),
            (&json!(["refs/heads/main", "refs/remotes/origin/main"]), &json!(2))
        );
    }

    // A command that reads a file is shown with the one that writes it.
    let shown = skant(&tree, &["history"]).stdout;
    assert!(shown.contains("> ../expressions.txt &&") && shown.contains("git filter-repo"), "{shown}");

    // It is gone from the files, and not from the history.
    tree.git(&["rm", "-q", "a.env"]);
    commit(&tree, "four");
    assert_eq!(scan(&tree, &["."]).status, 0);
    assert_eq!(only(&skant(&tree, &["history", "--format", "json"]))["exposure"], "pushed");
}

#[test]
fn a_key_that_was_moved_by_a_new_commit_is_where_it_came_in() {
    let tree = cloned();
    tree.key("a.env");
    commit(&tree, "two");
    push(&tree);
    tree.file("a.env", &format!("# changed\nANTHROPIC_API_KEY={}\n", key_of("a.env")));
    commit(&tree, "three");
    assert_eq!(only(&scan(&tree, &["."]))["exposure"], "pushed");
    // Another key in the same file is not.
    tree.file("a.env", &format!("ANTHROPIC_API_KEY={}\n", anthropic_key(5)));
    assert_eq!(only(&scan(&tree, &["."]))["exposure"], "working-tree");
}

#[test]
fn refs_that_hold_a_commit_are_named_up_to_a_number() {
    let tree = cloned();
    tree.git(&["switch", "-qc", "feature"]).key("a.env");
    commit(&tree, "two");
    for number in 10..40 {
        tree.git(&["tag", &format!("v{number}")]);
    }
    tree.git(&["tag", "-a", "annotated", "-m", "x"]).git(&["switch", "-q", "main"]).file("b", "b\n");
    commit(&tree, "three");
    let one = only(&skant(&tree, &["history", "--format", "json"]));
    assert_eq!((&one["exposure"], &one["refs_total"]), (&json!("unpushed"), &json!(32)));
    let refs = one["refs"].as_array().unwrap();
    assert_eq!((refs.len(), &refs[0], &refs[1]), (20, &json!("refs/heads/feature"), &json!("refs/tags/annotated")));
    assert_eq!(one["next"][0], "git switch feature");
}

#[test]
fn whether_a_remote_has_a_tag_git_does_not_know() {
    let tree = cloned();
    tree.git(&["switch", "-q", "--detach"]).key("a.env");
    commit(&tree, "two");
    tree.git(&["tag", "only"]).git(&["switch", "-q", "main"]);
    let one = only(&skant(&tree, &["history", "--format", "json"]));
    assert_eq!((&one["exposure"], &one["refs"]), (&json!(null), &json!(["refs/tags/only"])));
}

#[test]
fn of_a_remote_without_refs_here_nothing_is_known() {
    let tree = Tree::repo();
    tree.key("a.env");
    commit(&tree, "one");
    assert_eq!(only(&scan(&tree, &["."]))["exposure"], "unpushed");
    tree.git(&["remote", "add", "origin", "../home/remote.git"]);
    assert_eq!(only(&scan(&tree, &["."]))["exposure"], json!(null));
}

#[test]
fn messages_are_reworded() {
    let tree = cloned();
    tree.git(&["commit", "-q", "--allow-empty", "-m", &format!("x\n\n{}", anthropic_key(1))]);
    let one = only(&skant(&tree, &["history", "--format", "json"]));
    assert_eq!((&one["exposure"], &one["next"][0]), (&json!("unpushed"), &json!("git commit --amend")));
    push(&tree);
    let one = only(&skant(&tree, &["history", "--format", "json"]));
    assert_eq!(one["next"][3], "git filter-repo --sensitive-data-removal --replace-message ../expressions.txt");
}

#[test]
fn a_stash_has_left_nobodys_machine() {
    let tree = cloned();
    tree.file("README", &format!("{}\n", anthropic_key(1))).git(&["stash", "-q"]);
    let one = only(&skant(&tree, &["history", "--format", "json"]));
    assert_eq!(
        (&one["where"], &one["exposure"], &one["refs"]),
        (&json!("stash"), &json!("unpushed"), &json!(["refs/stash"]))
    );
    assert_eq!(one["next"][0], "git stash list");
}

#[test]
fn what_a_bare_repository_holds_others_fetch() {
    let tree = cloned();
    tree.key("a.env");
    commit(&tree, "two");
    push(&tree);
    let run = skant(&tree, &["-C", "../home/remote.git", "history", "--format", "json"]);
    assert_eq!(only(&run)["exposure"], "pushed");
    std::fs::remove_file(tree.home().join("remote.git/config")).unwrap();
    let run = skant(&tree, &["-C", "../home/remote.git", "history", "--format", "json"]);
    assert_eq!(only(&run)["exposure"], "pushed");
}

#[test]
fn before_the_first_commit_a_file_is_taken_out_of_the_index() {
    let tree = Tree::repo();
    tree.key("a.env").git(&["add", "."]);
    let one = only(&skant(&tree, &["staged", "--format", "json"]));
    assert_eq!((&one["exposure"], &one["next"][0]), (&json!("staged"), &json!("git rm --cached -- a.env")));
}

#[test]
fn a_repository_within_is_not_mistaken_for_the_outer_one() {
    let tree = cloned();
    tree.git_init("inner").key("inner/a.env");
    tree.key("other.env");
    commit_inner(&tree);
    let run = scan(&tree, &["."]);
    let told: Vec<_> = run.findings().iter().map(|one| (one["path"].clone(), one["exposure"].clone())).collect();
    assert_eq!(told, [(json!("a.env"), json!(null)), (json!("other.env"), json!("working-tree"))]);
}

fn commit_inner(tree: &Tree) {
    tree.git_in("inner", &["add", "."]).git_in("inner", &["commit", "-qm", "x"]);
}

#[test]
fn the_repository_that_was_named_is_asked() {
    let tree = cloned();
    tree.key("a.env");
    commit(&tree, "two");
    push(&tree);
    let outside = tree.home();
    let path = tree.path("");
    let mut command = tree.command(&["scan", path.to_str().unwrap(), "--format", "json"]);
    command.current_dir(&outside);
    let run = support::run(command, b"");
    assert_eq!(only(&run)["exposure"], "pushed", "{run:#?}");
}

#[test]
fn commands_hold_whatever_a_name_is() {
    let names =
        ["a b;$(touch hacked)`touch hacked`.env", "it's.env", "-rf.env", "a*.env", "x\u{1b}[31m.env", "é\n.env"];
    let tree = cloned();
    for name in names {
        tree.key(name);
    }
    tree.git(&["add", "."]);
    let run = skant(&tree, &["staged", "--format", "json"]);
    let findings = run.findings();
    assert_eq!(findings.len(), names.len(), "{run:#?}");
    for (done, finding) in findings.iter().enumerate() {
        let command = finding["next"][0].as_str().unwrap();
        assert!(
            command.starts_with("git restore --staged -- ") && command.chars().all(|c| !c.is_control()),
            "{command}"
        );
        let status = Command::new("bash").args(["-c", command]).current_dir(tree.path("")).status().unwrap();
        assert!(status.success(), "{command}");
        let left = skant(&tree, &["staged", "--format", "json"]);
        let left = if left.stdout.is_empty() { 0 } else { left.findings().len() };
        assert_eq!(left, names.len() - done - 1, "{command}");
    }
    assert!(!tree.path("hacked").exists());
}

#[test]
fn people_see_it_in_a_line() {
    let tree = cloned();
    tree.key("a.env").git(&["add", "."]);
    let run = skant(&tree, &["staged"]);
    assert!(run.stdout.contains("Staged, not committed: git restore --staged -- a.env\n"), "{run:#?}");
    commit(&tree, "two");
    push(&tree);
    let run = skant(&tree, &["scan"]);
    assert!(run.stdout.contains("Pushed (refs/remotes/origin/main and 1 more ref)."), "{run:#?}");
}

#[test]
fn every_format_says_it() {
    let tree = cloned();
    tree.key("a.env");
    commit(&tree, "two");
    let run = skant(&tree, &["scan", "--format", "sarif"]);
    let properties = &run.json()["runs"][0]["results"][0]["properties"];
    assert_eq!((&properties["exposure"], &properties["refs"]), (&json!("unpushed"), &json!(["refs/heads/main"])));
    assert_eq!(properties["next"][1], unless_seen());
    let formats = ["github", "gitlab", "junit"].map(|format| (format, "git commit --amend"));
    for (format, said) in formats.into_iter().chain([("markdown", "(unpushed)")]) {
        let run = skant(&tree, &["scan", "--format", format]);
        assert!(run.stdout.contains(said), "{format}: {run:#?}");
    }
}

#[test]
fn a_secret_in_a_ref_is_masked() {
    let key = anthropic_key(7);
    let tree = cloned();
    tree.key("a.env").git(&["switch", "-qc", &key]);
    commit(&tree, "two");
    let run = skant(&tree, &["history", "--format", "json"]);
    let findings = run.findings();
    let file = findings.iter().find(|one| one["path"] == "a.env").unwrap();
    assert_eq!(file["refs"], json!([format!("refs/heads/{}", mask(&key))]));
    assert!(!run.all().contains(&key[13..]));
}

#[test]
fn a_password_is_not_written_into_a_command() {
    let tree = cloned();
    tree.password("a.ini");
    commit(&tree, "two");
    push(&tree);
    let run = scan(&tree, &["."]);
    let one = only(&run);
    assert!(one["next"][2].as_str().unwrap().starts_with("Write the secret, and nothing else"), "{one:#}");
    assert!(!run.all().contains(&password()));
}

//! The hooks as git runs them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Run, Tree, anthropic_key, key_of, mask, program, run, skant};

fn line(seed: u64) -> String {
    format!("key = \"{}\"\n", anthropic_key(seed))
}

/// Writes a hook of one line that runs the program.
fn hook(tree: &Tree, name: &str, arguments: &str) {
    let script = format!("#!/bin/sh\nexec '{}' {arguments}\n", program());
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
fn the_hook_of_merges_is_installed_when_it_is_asked_for() {
    let tree = Tree::repo();
    tree.file("a", "x\n").git(&["add", "a"]).git(&["commit", "-qm", "x"]).git(&["checkout", "-qb", "other"]);
    tree.key("c").git(&["add", "c"]).git(&["commit", "-qm", "theirs"]).git(&["checkout", "-q", "main"]);
    tree.file("b", "y\n").git(&["add", "b"]).git(&["commit", "-qm", "ours"]);
    let run = skant(&tree, &["install", "--hook", "pre-merge-commit"]);
    assert!(run.status == 0 && run.stdout.starts_with("pre-merge-commit is installed"), "{run:#?}");
    assert_blocked(&git(&tree, "", &["merge", "-q", "--no-ff", "--no-edit", "other"]), &key_of("c"));
    let run = skant(&tree, &["uninstall"]);
    assert!(run.status == 0 && !tree.path(".git/hooks/pre-merge-commit").exists(), "{run:#?}");
}

#[test]
fn a_shallow_clone_is_pushed_when_that_is_accepted() {
    let tree = Tree::repo();
    for name in ["a", "b", "c"] {
        tree.file(name, "x\n").git(&["add", name]).git(&["commit", "-qm", name]);
    }
    tree.git(&["clone", "-q", "--depth", "2", &format!("file://{}", tree.path("").display()), "../clone"]);
    let (tip, zeros) = (git(&tree, "", &["rev-parse", "HEAD"]).stdout.trim().to_owned(), "0".repeat(40));
    let line = format!("refs/heads/main {tip} refs/heads/main {zeros}\n");
    let push = |more: &[&str]| {
        let arguments = [&["-C", "../clone", "hook", "pre-push", "elsewhere"], more].concat();
        run(tree.command(&arguments), line.as_bytes())
    };
    let refused = push(&[]);
    assert!(refused.status == 2 && refused.all().contains("--allow-shallow"), "{refused:#?}");
    assert_eq!(push(&["--allow-shallow"]).status, 0);
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

// Before a push, and on the other side of it.

/// A repository with a commit, and a remote that has it.
fn repo_with_remote() -> Tree {
    let tree = Tree::repo();
    tree.file("a", "x\n").git(&["add", "-A"]).git(&["commit", "-qm", "first"]);
    tree.git(&["init", "-q", "--bare", "-b", "main", "../remote"]).git(&["remote", "add", "origin", "../remote"]);
    tree.git(&["push", "-q", "origin", "main"]);
    hook(&tree, "pre-push", "hook pre-push \"$@\"");
    tree
}

fn commit(tree: &Tree, name: &str, text: &str) {
    tree.file(name, text).git(&["add", "-A"]).git(&["commit", "-qnm", "x"]);
}

fn head(tree: &Tree, revision: &str) -> String {
    let run = git(tree, "", &["rev-parse", "-q", "--verify", revision]);
    run.stdout.trim().to_owned()
}

#[test]
fn a_key_that_a_push_brings_and_takes_out_again_is_stopped() {
    let tree = repo_with_remote();
    commit(&tree, "k", &line(1));
    commit(&tree, "k", "gone\n");
    assert_blocked(&git(&tree, "", &["push", "-q", "origin", "main"]), &anthropic_key(1));
    assert_ne!(head(&tree, "origin/main"), head(&tree, "main"));
    tree.git(&["reset", "-q", "--hard", "HEAD^^"]);
    commit(&tree, "k", "clean\n");
    assert_passes(&git(&tree, "", &["push", "-q", "origin", "main"]));
    assert_eq!(head(&tree, "origin/main"), head(&tree, "main"));
}

#[test]
fn what_the_remote_has_does_not_count() {
    let tree = repo_with_remote();
    commit(&tree, "k", &line(1));
    tree.git(&["push", "-q", "--no-verify", "origin", "main"]);
    commit(&tree, "b", "x\n");
    assert_passes(&git(&tree, "", &["push", "-q", "origin", "main"]));
    assert_passes(&git(&tree, "", &["push", "-q", "origin", "main:new"]));
    assert_passes(&git(&tree, "", &["push", "-q", "origin", ":new"]));
    // A remote that is named by its address is the same one.
    commit(&tree, "b", "y\n");
    assert_passes(&git(&tree, "", &["push", "-q", "../remote", "main:other"]));
    // Another one has nothing of it.
    tree.git(&["init", "-q", "--bare", "../second"]);
    assert_blocked(&git(&tree, "", &["push", "-q", "../second", "main"]), &anthropic_key(1));
}

#[test]
fn a_forced_push_is_scanned_although_somebody_else_pushed_before() {
    let tree = repo_with_remote();
    tree.git(&["clone", "-q", "../remote", "../clone"]);
    tree.file("../clone/c", "theirs\n").git_in("../clone", &["add", "c"]).git_in("../clone", &["commit", "-qm", "c"]);
    tree.git_in("../clone", &["push", "-q"]);
    commit(&tree, "k", &line(1));
    assert_blocked(&git(&tree, "", &["push", "-q", "--force", "origin", "main"]), &anthropic_key(1));
    tree.file("k", "x\n").git(&["add", "k"]).git(&["commit", "-qn", "--amend", "--no-edit"]);
    assert_passes(&git(&tree, "", &["push", "-q", "--force", "origin", "main"]));
}

#[test]
fn tags_branches_and_several_refs_are_scanned() {
    let tree = repo_with_remote();
    tree.git(&["tag", "-a", "v1", "-m", &format!("release\n\n{}", line(1))]);
    assert_blocked(&git(&tree, "", &["push", "-q", "origin", "v1"]), &anthropic_key(1));
    let branch = anthropic_key(2);
    assert_blocked(&git(&tree, "", &["push", "-q", "origin", &format!("main:refs/heads/{branch}")]), &branch);
    tree.git(&["branch", "clean"]).git(&["checkout", "-q", "-b", "dirty"]);
    commit(&tree, "k", &line(3));
    assert_blocked(&git(&tree, "", &["push", "-q", "origin", "clean", "dirty"]), &anthropic_key(3));
    commit(&tree, "m", "x\n");
    tree.git(&["reset", "-q", "--hard", "main"]).git(&["commit", "-qnm", &line(4), "--allow-empty"]);
    assert_blocked(&git(&tree, "", &["push", "-q", "origin", "dirty"]), &anthropic_key(4));
}

#[test]
fn notes_and_stashes_that_are_pushed_are_told_as_such() {
    let tree = repo_with_remote();
    tree.git(&["notes", "add", "-m", &line(1)]).file("a", &line(2)).git(&["stash", "-q"]);
    let nothing = "0".repeat(40);
    let names = ["refs/notes/commits", "refs/stash", "refs/heads/main"];
    let input = names.map(|name| format!("{name} {} {name} {nothing}\n", head(&tree, name))).concat();
    let told = run(tree.command(&["hook", "pre-push", "origin", "../remote", "--format", "json"]), input.as_bytes());
    let mut found = told.findings().iter().map(|one| format!("{} {}", one["where"], one["ref"])).collect::<Vec<_>>();
    found.sort();
    assert_eq!(found, ["\"note\" \"refs/notes/commits\"", "\"stash\" \"stash@{0}\""]);
}

#[test]
fn what_tags_lead_to_is_told_by_their_names() {
    let tree = repo_with_remote();
    tree.file("blob", &line(1)).file("folder/in-tree", &line(2)).git(&["add", "folder"]);
    let made = |arguments: &[&str]| git(&tree, "", arguments).stdout.trim().to_owned();
    let (blob, folder) = (made(&["hash-object", "-w", "blob"]), made(&["write-tree"]));
    tree.git(&["reset", "-q", "--hard"]);
    tree.git(&["tag", "light", &blob]).git(&["tag", "-a", "-m", &line(3), "heavy", &folder]);
    tree.git(&["tag", "-a", "-m", "x", "nested", "light"]);
    let (names, nothing) = (["refs/tags/heavy", "refs/tags/light", "refs/tags/nested"], "0".repeat(40));
    let told = |command: &str, input: String| {
        let run = run(tree.command(&["hook", command, "--format", "json"]), input.as_bytes());
        let field = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
        let line = |one: &serde_json::Value| ["where", "path", "ref"].map(|name| field(&one[name])).join(" ");
        let mut lines: Vec<String> = run.findings().iter().map(line).collect();
        lines.sort();
        lines
    };
    let expected =
        ["content - refs/tags/light", "content folder/in-tree refs/tags/heavy", "tag-message - refs/tags/heavy"];
    let sent = names.map(|name| format!("{name} {} {name} {nothing}\n", head(&tree, name))).concat();
    assert_eq!(told("pre-push", sent), expected);
    let ids = names.map(|name| head(&tree, name));
    tree.git(&["update-ref", "-d", names[0]]).git(&["update-ref", "-d", names[1]]).git(&["update-ref", "-d", names[2]]);
    let received = names.iter().zip(ids).map(|(name, id)| format!("{nothing} {id} {name}\n")).collect();
    assert_eq!(told("pre-receive", received), expected);
}

#[test]
fn a_push_with_nothing_in_it_is_clean_and_is_said() {
    let tree = repo_with_remote();
    let (zero, id) = ("0".repeat(40), head(&tree, "main"));
    for input in [String::new(), format!("(delete) {zero} refs/heads/main {id}\n")] {
        let told = run(tree.command(&["hook", "pre-push", "origin", "../remote"]), input.as_bytes());
        assert_eq!((told.status, told.stderr.as_str()), (0, ""), "{told:#?}");
        assert!(told.stdout.contains("nothing is pushed"), "{told:#?}");
    }
}

#[test]
fn input_that_is_not_gits_is_refused() {
    let tree = repo_with_remote();
    let (zero, id) = ("0".repeat(40), head(&tree, "main"));
    let missing = "1".repeat(40);
    for (name, input) in [
        ("pre-push", "rubbish\n".to_owned()),
        ("pre-push", format!("refs/heads/main {id} refs/heads/main\n")),
        ("pre-push", format!("refs/heads/main {id} refs/heads/main {}\n", &zero[1..])),
        ("pre-push", format!("refs/heads/main main refs/heads/main {zero}\n")),
        ("pre-push", format!("refs/heads/main {missing} refs/heads/main {zero}\n")),
        ("pre-push", "\n".to_owned()),
        ("pre-receive", "rubbish\n".to_owned()),
        ("pre-receive", format!("{zero} {id}\n")),
        ("pre-receive", format!("{zero} {missing} refs/heads/main\n")),
        ("pre-receive", format!("main {id} refs/heads/main\n")),
    ] {
        let told = run(tree.command(&["hook", name]), input.as_bytes());
        assert_eq!(told.status, 2, "{name} {input} {told:#?}");
    }
    // git pushes nothing and says so by saying nothing; where nobody speaks, nobody knows.
    let nothing = run(tree.command(&["hook", "pre-push"]), b"");
    assert!(nothing.status == 0 && nothing.stdout.contains("nothing is pushed"), "{nothing:#?}");
    for hook in ["pre-push", "pre-receive"] {
        let mut closed = Command::new("sh");
        closed.args(["-c", "exec \"$0\" hook \"$1\" <&-", program(), hook]).current_dir(tree.path(""));
        let closed = run(closed, b"");
        assert!(closed.status == 2 && closed.stderr.contains("standard input is closed"), "{closed:#?}");
    }
    let told = run(tree.command(&["hook", "pre-push"]), b"\xff\n");
    assert_eq!(told.status, 2, "{told:#?}");
}

#[test]
fn the_variables_of_pre_commit_say_what_is_pushed() {
    let tree = repo_with_remote();
    let first = head(&tree, "main");
    commit(&tree, "k", &line(1));
    commit(&tree, "k", "gone\n");
    let with = |variables: &[(&str, &str)]| {
        let mut command = tree.command(&["hook", "pre-push"]);
        command.env("PRE_COMMIT", "1").envs(variables.iter().copied());
        run(command, b"")
    };
    let (to, remote) = (head(&tree, "main"), "origin");
    let from_to = [("PRE_COMMIT_FROM_REF", first.as_str()), ("PRE_COMMIT_TO_REF", &to)];
    assert_blocked(&with(&from_to), &anthropic_key(1));
    assert_blocked(&with(&[("PRE_COMMIT_TO_REF", &to), ("PRE_COMMIT_REMOTE_NAME", remote)]), &anthropic_key(1));
    assert_blocked(&with(&[]), &anthropic_key(1));
    assert_passes(&with(&[("PRE_COMMIT_FROM_REF", "HEAD^"), ("PRE_COMMIT_TO_REF", "HEAD")]));
    assert_eq!(with(&[("PRE_COMMIT_FROM_REF", "missing"), ("PRE_COMMIT_TO_REF", "HEAD")]).status, 2);
    tree.git(&["push", "-q", "--no-verify", "origin", "main"]);
    assert_passes(&with(&[]));
}

#[test]
fn what_git_says_counts_more_than_variables_that_were_inherited() {
    let tree = repo_with_remote();
    let first = head(&tree, "main");
    commit(&tree, "k", &line(1));
    let (key, zeros) = (head(&tree, "main"), "0".repeat(40));
    let command = || {
        let mut command = tree.command(&["hook", "pre-push", "origin"]);
        command.env("PRE_COMMIT", "1").env("PRE_COMMIT_FROM_REF", &first).env("PRE_COMMIT_TO_REF", &first);
        command
    };
    assert_passes(&run(command(), b""));
    // Frameworks give what they run an input that is none.
    let mut none = command();
    none.env_remove("PRE_COMMIT_FROM_REF").env("PRE_COMMIT_TO_REF", &key);
    let child = none.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(support::ended(child, &none).status, 1);
    let pushed = format!("refs/heads/main {key} refs/heads/main {zeros}\n");
    assert_blocked(&run(command(), pushed.as_bytes()), &anthropic_key(1));
    assert_eq!(run(command(), b"rubbish\n").status, 2);
}

#[test]
fn standard_input_that_nobody_closes_is_not_waited_for_where_variables_say_all() {
    let tree = repo_with_remote();
    commit(&tree, "k", &line(1));
    let mut command = tree.command(&["hook", "pre-push", "origin"]);
    command.env("PRE_COMMIT", "1").env("PRE_COMMIT_TO_REF", head(&tree, "main"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let open = child.stdin.take();
    let run = support::ended(child, &command);
    drop(open);
    assert_eq!(run.status, 1, "{run:#?}");
    let is_told = run.stderr.contains("standard input stays open");
    assert!(run.stdout.contains(&mask(&anthropic_key(1))) && is_told, "{run:#?}");
}

#[test]
fn what_is_pushed_to_a_server_is_scanned_before_it_is_accepted() {
    for limit in ["1", "1000"] {
        let tree = repo_with_remote();
        tree.git_in("../remote", &["config", "transfer.unpackLimit", limit]);
        fs::remove_file(tree.path(".git/hooks/pre-push")).unwrap();
        let script = format!("#!/bin/sh\nexec '{}' hook pre-receive\n", program());
        executable(&tree, "../remote/hooks/pre-receive", &script);
        commit(&tree, "k", &line(1));
        commit(&tree, "k", "gone\n");
        let refused = git(&tree, "", &["push", "-q", "origin", "main", "main:new"]);
        assert_blocked(&refused, &anthropic_key(1));
        assert_eq!(git(&tree, "../remote", &["cat-file", "-e", &head(&tree, "main^")]).status, 1);
        tree.git(&["reset", "-q", "--hard", "HEAD^^"]);
        commit(&tree, "k", "clean\n");
        assert_passes(&git(&tree, "", &["push", "-q", "origin", "main", "main:new"]));
        assert_passes(&git(&tree, "", &["push", "-q", "origin", ":new"]));
        assert_passes(&git(&tree, "", &["push", "-q", "origin", "main:another"]));
    }
}

/// git quotes the name of such a folder, where the objects are that the server has already.
#[test]
fn a_push_is_scanned_before_it_is_accepted_where_names_are_quoted() {
    let tree = repo_with_remote();
    fs::remove_file(tree.path(".git/hooks/pre-push")).unwrap();
    fs::rename(tree.path("../remote"), tree.path("../re:\"mote")).unwrap();
    tree.git(&["remote", "set-url", "origin", "../re:\"mote"]);
    let script = format!("#!/bin/sh\nexec '{}' hook pre-receive\n", program());
    executable(&tree, "../re:\"mote/hooks/pre-receive", &script);
    commit(&tree, "k", &line(1));
    assert_blocked(&git(&tree, "", &["push", "-q", "origin", "main"]), &anthropic_key(1));
    tree.git(&["reset", "-q", "--hard", "HEAD^"]);
    commit(&tree, "k", "clean\n");
    assert_passes(&git(&tree, "", &["push", "-q", "origin", "main"]));
}

// Put in place and taken out.

/// Every file below a folder, with its content or target and its mode.
fn contents(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        let mode = entry.path().symlink_metadata().unwrap().permissions().mode();
        if kind.is_dir() {
            all.append(&mut contents(&entry.path()));
        } else if kind.is_symlink() {
            all.insert(
                entry.path(),
                (fs::read_link(entry.path()).unwrap().as_os_str().as_encoded_bytes().into(), mode),
            );
        } else {
            all.insert(entry.path(), (fs::read(entry.path()).unwrap(), mode));
        }
    }
    all
}

/// Runs the program with git's and other programs on the path.
fn skant_with_path(tree: &Tree, arguments: &[&str]) -> Run {
    let mut command = tree.command(arguments);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    run(command, b"")
}

fn executable(tree: &Tree, name: &str, text: &str) {
    tree.file(name, text);
    fs::set_permissions(tree.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

#[track_caller]
fn assert_guards(tree: &Tree, folder: &str) {
    let name = if folder.is_empty() { "guarded".to_owned() } else { format!("{folder}/guarded") };
    tree.key(&name).git_in(folder, &["add", "guarded"]);
    assert_blocked(&git(tree, folder, &["commit", "-qm", "x"]), &key_of(&name));
    tree.file(&name, &format!("in {folder}\n")).git_in(folder, &["add", "guarded"]);
    assert_passes(&git(tree, folder, &["commit", "-qm", "x"]));
}

#[test]
fn an_installed_hook_stops_a_key_and_is_taken_out_without_a_trace() {
    let tree = Tree::repo();
    let before = contents(&tree.path(".git"));
    let run = skant(&tree, &["install"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:#?}");
    assert!(run.stdout.contains("pre-commit is installed: "), "{run:#?}");
    let once = contents(&tree.path(".git"));
    assert_passes(&skant(&tree, &["install"]));
    assert_eq!(contents(&tree.path(".git")), once, "twice is once");
    assert_passes(&skant(&tree, &["uninstall"]));
    assert_eq!(contents(&tree.path(".git")), before);
    assert!(skant(&tree, &["uninstall"]).stdout.contains("nothing to take out"));
    assert_passes(&skant(&tree, &["install"]));
    assert_guards(&tree, "");
}

#[test]
fn a_hook_that_was_there_is_called_first_and_comes_back() {
    let tree = Tree::repo();
    executable(&tree, ".git/hooks/pre-commit", "#!/bin/sh\necho first >> order\n[ ! -e refuse ] || exit 7\n");
    tree.link(".git/hooks/commit-msg", "../../msg");
    executable(&tree, "msg", "#!/bin/sh\ngrep -q good \"$1\"\n");
    let before = contents(&tree.path(".git/hooks"));
    let run = skant(&tree, &["install", "--hook", "pre-commit", "--hook", "commit-msg"]);
    assert_eq!((run.status, run.stdout.matches("runs what was there first").count()), (0, 2), "{run:#?}");
    tree.key("a").git(&["add", "a"]);
    assert_blocked(&git(&tree, "", &["commit", "-qm", "good"]), &key_of("a"));
    assert_eq!(fs::read_to_string(tree.path("order")).unwrap(), "first\n");
    tree.file("a", "x\n").git(&["add", "a"]).file("refuse", "");
    // git itself ends with 1 whatever the hook ended with.
    assert_eq!(git(&tree, "", &["commit", "-qm", "good"]).status, 1);
    fs::remove_file(tree.path("refuse")).unwrap();
    assert_eq!(git(&tree, "", &["commit", "-qm", "bad"]).status, 1);
    assert_blocked(&git(&tree, "", &["commit", "-qm", &format!("good {}", key_of("m"))]), &key_of("m"));
    assert_passes(&git(&tree, "", &["commit", "-qm", "good"]));
    assert_passes(&skant(&tree, &["uninstall"]));
    assert_eq!(contents(&tree.path(".git/hooks")), before);
}

#[test]
fn a_hook_without_skant_stops_everything_and_says_why() {
    let tree = Tree::repo();
    let program = tree.home().join("it's skant");
    fs::copy(support::program(), &program).unwrap();
    let mut install = Command::new(&program);
    install.arg("install").current_dir(tree.path("")).env("HOME", tree.home());
    assert_passes(&run(install, b""));
    assert_guards(&tree, "");
    fs::remove_file(&program).unwrap();
    tree.file("a", "x\n").git(&["add", "a"]);
    let stopped = git(&tree, "", &["commit", "-qm", "x"]);
    assert_eq!(stopped.status, 1, "{stopped:#?}");
    assert!(stopped.stderr.contains("skant is gone, and nothing was scanned"), "{stopped:#?}");
    // On the path it is found again.
    std::os::unix::fs::symlink(support::program(), tree.home().join("skant")).unwrap();
    let path = format!("{}:{}", tree.home().display(), std::env::var("PATH").unwrap());
    assert_passes(&git_with(&tree, "", &["commit", "-qm", "x"], &[("PATH", &path)]));
}

#[test]
fn the_hooks_folder_that_is_set_is_used() {
    let tree = Tree::repo();
    tree.git(&["config", "core.hooksPath", "tools/hooks"]);
    assert_passes(&skant(&tree, &["install"]));
    assert!(tree.path("tools/hooks/pre-commit").exists() && !tree.path(".git/hooks/pre-commit").exists());
    assert_guards(&tree, "");
    tree.folder("sub");
    assert_passes(&skant(&tree, &["-C", "sub", "uninstall"]));
    assert!(!tree.path("tools/hooks/pre-commit").exists());
}

#[test]
fn linked_worktrees_and_submodules_have_the_hooks_that_git_runs_there() {
    let tree = Tree::new();
    tree.git_init("main").file("main/a", "x\n").git_in("main", &["add", "a"]).git_in("main", &["commit", "-qm", "a"]);
    tree.git_in("main", &["worktree", "add", "-q", "../linked"]);
    assert_passes(&skant(&tree, &["-C", "linked", "install"]));
    assert_guards(&tree, "linked");
    assert_guards(&tree, "main");
    tree.git_init("outer").git_in("outer", &["submodule", "--quiet", "add", "../main", "sub"]);
    assert_passes(&skant(&tree, &["-C", "outer/sub", "install"]));
    assert_guards(&tree, "outer/sub");
}

#[test]
fn frameworks_are_told_and_not_broken() {
    for (files, hook, advice) in [
        (&[(".husky/pre-commit", "npm test\n")][..], ".husky/_/pre-commit", "this line to .husky/pre-commit:"),
        (&[("lefthook.yml", "pre-commit:\n")], ".git/hooks/pre-commit", "add this to lefthook.yml:"),
        (&[(".pre-commit-config.yaml", "repos: []\n")], ".git/hooks/pre-commit", "of .pre-commit-config.yaml:"),
    ] {
        let tree = Tree::repo();
        files.iter().for_each(|(name, text)| {
            tree.file(name, text);
        });
        let script = match advice {
            _ if hook.contains("husky") => "#!/usr/bin/env sh\n. \"$(dirname -- \"$0\")/h\"\n",
            _ if advice.contains("lefthook") => "#!/bin/sh\nlefthook run pre-commit\n",
            _ => "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n",
        };
        executable(&tree, hook, script);
        if hook.contains("husky") {
            tree.git(&["config", "core.hooksPath", ".husky/_"]);
        }
        let before = contents(&tree.path(""));
        let run = skant(&tree, &["install", "--hook", "pre-commit"]);
        assert_eq!(run.status, 2, "{run:#?}");
        assert!(run.stdout.contains(advice), "{run:#?}");
        assert_eq!(contents(&tree.path("")), before);
        assert_eq!(skant(&tree, &["doctor"]).status, 1);
        // Once that is done, it is well.
        let (file, text) = files[0];
        tree.file(file, &format!("{text}skant hook pre-commit\n- id: skant\n"));
        let run = skant(&tree, &["install", "--hook", "pre-commit"]);
        assert_eq!((run.status, run.stdout.contains("is configured already")), (0, true), "{run:#?}");
        assert_eq!(skant(&tree, &["doctor"]).status, 0, "{file}");
    }
}

#[test]
fn outside_of_a_repository_there_is_nothing_to_install() {
    let tree = Tree::new();
    for command in ["install", "uninstall", "doctor"] {
        let run = skant(&tree, &[command]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    }
}

#[test]
fn a_push_is_guarded_too_and_both_hooks_read_what_git_says() {
    let tree = repo_with_remote();
    executable(&tree, ".git/hooks/pre-push", "#!/bin/sh\ncat > ../said\necho \"$1\" >> ../said\n[ ! -e refuse ]\n");
    let before = contents(&tree.path(".git/hooks"));
    assert_passes(&skant(&tree, &["install"]));
    commit(&tree, "k", &line(1));
    commit(&tree, "k", "gone\n");
    assert_blocked(&git(&tree, "", &["push", "-q", "origin", "main"]), &anthropic_key(1));
    let said = fs::read_to_string(tree.path("../said")).unwrap();
    let (ours, theirs) = (head(&tree, "main"), head(&tree, "origin/main"));
    assert_eq!(said, format!("refs/heads/main {ours} refs/heads/main {theirs}\norigin\n"));
    tree.git(&["reset", "-q", "--hard", "HEAD^^"]);
    commit(&tree, "k", "clean\n");
    tree.file("refuse", "");
    assert_eq!(git(&tree, "", &["push", "-q", "origin", "main"]).status, 1);
    fs::remove_file(tree.path("refuse")).unwrap();
    assert_passes(&git(&tree, "", &["push", "-q", "origin", "main"]));
    assert_passes(&git(&tree, "", &["push", "-q", "origin", "main:gone"]));
    assert_passes(&git(&tree, "", &["push", "-q", "origin", ":gone"]));
    assert_passes(&skant(&tree, &["uninstall"]));
    assert_eq!(contents(&tree.path(".git/hooks")), before);
}

// For all repositories.

#[test]
fn a_global_hook_guards_every_repository_and_runs_their_own() {
    let tree = Tree::new();
    tree.git_init("one").git_init("two");
    executable(&tree, "two/.git/hooks/pre-commit", "#!/bin/sh\necho own >> ran\n");
    executable(&tree, "two/.git/hooks/post-commit", "#!/bin/sh\necho after >> ran\n");
    for settings in [None, Some("[user]\n\tname = B"), Some("[user]\n\tname = B\n")] {
        let file = tree.home().join(".gitconfig");
        let _ = fs::remove_file(&file);
        settings.iter().for_each(|text| fs::write(&file, text).unwrap());
        let before = contents(&tree.home());
        assert_passes(&skant(&tree, &["install", "--global"]));
        assert_passes(&skant(&tree, &["install", "--global"]));
        let config = [("GIT_CONFIG_GLOBAL", file.to_str().unwrap())];
        for folder in ["one", "two"] {
            tree.key(&format!("{folder}/a")).git_in(folder, &["add", "a"]);
            let run = git_with(&tree, folder, &["commit", "-qm", "x"], &config);
            assert_blocked(&run, &key_of(&format!("{folder}/a")));
            let run = skant_with_path(&tree, &["-C", folder, "doctor"]);
            assert_eq!(run.status, 0, "{run:#?}");
            tree.file(format!("{folder}/a"), "x\n").git_in(folder, &["add", "a"]);
            assert_passes(&git_with(&tree, folder, &["commit", "--allow-empty", "-qm", "x"], &config));
        }
        assert_eq!(fs::read_to_string(tree.path("two/ran")).unwrap(), "own\nown\nafter\n");
        fs::remove_file(tree.path("two/ran")).unwrap();
        assert_passes(&skant(&tree, &["uninstall", "--global"]));
        assert_eq!(contents(&tree.home()), before, "{settings:?}");
    }
}

#[test]
fn a_folder_that_is_set_for_all_repositories_is_used_when_that_is_asked_for() {
    let tree = Tree::repo();
    fs::write(tree.home().join(".gitconfig"), "[core]\n\thooksPath = ~/hooks\n").unwrap();
    let run = skant(&tree, &["install"]);
    assert_eq!(run.status, 2, "{run:#?}");
    assert!(run.stderr.contains("--global"), "{run:#?}");
    let before = contents(&tree.home());
    assert_passes(&skant(&tree, &["install", "--global"]));
    assert!(tree.home().join("hooks/pre-commit").exists());
    assert_passes(&skant(&tree, &["uninstall", "--global"]));
    assert_eq!(contents(&tree.home()), before);
}

// The proof.

#[test]
fn a_planted_key_proves_the_guard_and_leaves_nothing_behind() {
    let tree = Tree::repo();
    tree.file("a", "x\n").git(&["add", "a"]).git(&["commit", "-qm", "a"]).key("b").git(&["add", "b"]);
    let open = skant_with_path(&tree, &["doctor"]);
    assert_eq!((open.status, open.stdout.contains("NOT guarded")), (1, true), "{open:#?}");
    executable(&tree, ".git/hooks/pre-commit", "#!/bin/sh\ntouch ran\n");
    assert_passes(&skant(&tree, &["install"]));
    let before = contents(&tree.path(""));
    let temporary = tree.home().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut doctor = tree.command(&["doctor"]);
    doctor.env("PATH", std::env::var_os("PATH").unwrap()).env("TMPDIR", &temporary);
    let proof = run(doctor, b"");
    assert_eq!((proof.status, proof.stderr.as_str()), (0, ""), "{proof:#?}");
    assert!(proof.stdout.contains("guarded: a planted key was stopped"), "{proof:#?}");
    assert_eq!(contents(&tree.path("")), before, "no other hook was run, and nothing was left");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_guard_that_does_not_work_is_found_out() {
    let tree = Tree::repo();
    assert_passes(&skant(&tree, &["install"]));
    let hook = tree.path(".git/hooks/pre-commit");
    let script = fs::read_to_string(&hook).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(skant_with_path(&tree, &["doctor"]).status, 1, "git does not run it");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&hook, script.replace("--quiet", "--quiet --only github-*")).unwrap();
    let run = skant_with_path(&tree, &["doctor"]);
    assert_eq!((run.status, run.stdout.contains("NOT guarded: a planted key was not")), (1, true), "{run:#?}");
    fs::write(&hook, script.replace(program(), "/missing/skant")).unwrap();
    let run = skant_with_path(&tree, &["doctor"]);
    assert_eq!((run.status, run.stderr.contains("skant is gone")), (2, true), "{run:#?}");
}

#[test]
fn what_somebody_else_wrote_is_not_taken_for_a_guard() {
    for text in ["# skant hook pre-commit", "exit 0; skant hook pre-commit", "skant hook pre-commit || true"] {
        let tree = Tree::repo();
        executable(&tree, ".git/hooks/pre-commit", &format!("#!/bin/sh\n{text}\n"));
        let run = skant_with_path(&tree, &["doctor"]);
        assert_eq!((run.status, run.stdout.contains("cannot tell")), (2, true), "{text}: {run:#?}");
        assert!(!run.stdout.contains("guarded: a planted key"), "{text}: {run:#?}");
        let run = skant(&tree, &["install"]);
        assert_eq!((run.status, run.stdout.contains("runs what was there first")), (0, true), "{text}: {run:#?}");
        if !text.contains("true") {
            assert_guards(&tree, "");
        }
        assert_eq!(skant_with_path(&tree, &["doctor"]).status, 0, "{text}");
    }
}

#[test]
fn a_framework_that_names_skant_in_a_comment_or_is_not_run_is_no_guard() {
    let pre_commit = "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n";
    for (script, file, text) in [
        ("#!/bin/sh\n", ".husky/pre-commit", "npm test\n  # skant hook pre-commit\n"),
        ("#!/bin/sh\nlefthook run pre-commit\n", "lefthook.yml", "pre-commit: # run: skant hook pre-commit\n"),
        (pre_commit, ".pre-commit-config.yaml", "repos: []\n#  - id: skant\n"),
    ] {
        let tree = Tree::repo();
        let hook = if file.contains("husky") { ".husky/_/pre-commit" } else { ".git/hooks/pre-commit" };
        tree.git(&["config", "core.hooksPath", hook.strip_suffix("/pre-commit").unwrap()]);
        executable(&tree, hook, script);
        tree.file(file, text);
        assert_eq!(skant(&tree, &["install", "--hook", "pre-commit"]).status, 2, "{file}");
        assert_eq!(skant(&tree, &["doctor"]).status, 1, "{file}");
        tree.file(file, &format!("{text}run: skant hook pre-commit\n- id: skant\n"));
        let run = skant(&tree, &["doctor"]);
        assert_eq!((run.status, run.stdout.contains("\nconfigured: ")), (0, true), "{run:#?}");
        assert!(!run.stdout.contains("guarded"), "{run:#?}");
        fs::set_permissions(tree.path(hook), fs::Permissions::from_mode(0o644)).unwrap();
        let run = skant(&tree, &["doctor"]);
        assert_eq!((run.status, run.stdout.contains("NOT guarded")), (1, true), "{run:#?}");
    }
}

#[test]
fn the_folder_for_all_repositories_is_changed_when_that_is_asked_for_alone() {
    let tree = Tree::repo();
    assert_passes(&skant(&tree, &["install", "--global"]));
    let before = contents(&tree.home());
    let folder = tree.home().join(".config/skant/hooks");
    for setting in ["unrelated.name", "core.hooksPath"] {
        tree.git(&["config", setting, folder.to_str().unwrap()]);
        for arguments in [&["install"][..], &["install", "--hook", "commit-msg"], &["uninstall"]] {
            let run = skant(&tree, arguments);
            assert_eq!((run.status, run.stderr.contains("--global")), (2, true), "{arguments:?}: {run:#?}");
            assert_eq!(contents(&tree.home()), before, "{arguments:?}");
        }
    }
    assert_eq!(skant_with_path(&tree, &["doctor"]).status, 0);
}

#[test]
fn names_of_folders_are_masked_and_inert() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    tree.git_init(&key);
    tree.git_in(&key, &["config", "core.hooksPath", "a\u{1b}[31m\nguarded: b"]);
    for command in ["install", "doctor", "uninstall", "uninstall"] {
        let run = skant_with_path(&tree, &["-C", &key, command]);
        assert_passes(&run);
        let all = run.all();
        assert!(all.contains(&mask(&key)) && all.contains("a␛[31m␊guarded: b"), "{command}: {run:#?}");
        assert!(!all.contains(&key) && !all.contains('\u{1b}'), "{command}: {run:#?}");
    }
    // What fails says no more.
    let _ = fs::remove_dir_all(tree.path(&key).join("a\u{1b}[31m\nguarded: b"));
    tree.file(format!("{key}/a\u{1b}[31m\nguarded: b"), "a file, no folder\n");
    let run = skant(&tree, &["-C", &key, "install"]);
    assert_eq!(run.status, 2, "{run:#?}");
    assert!(!run.all().contains(&key) && !run.all().contains("\nguarded: b"), "{run:#?}");
}

#[test]
fn a_hook_of_ours_that_was_edited_is_left_alone() {
    let tree = Tree::repo();
    assert_passes(&skant(&tree, &["install"]));
    let hook = tree.path(".git/hooks/pre-push");
    let script = fs::read_to_string(&hook).unwrap();
    let between = script.replace("skant'\n", "skant'\nexport OWN='line'\n");
    for edited in [format!("{script}echo own line\n"), between] {
        assert_ne!(edited, script);
        fs::write(&hook, edited).unwrap();
        let before = contents(&tree.path(".git"));
        for command in ["install", "uninstall"] {
            let run = skant(&tree, &[command]);
            assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
            assert!(run.stderr.contains("pre-push was edited") && run.stderr.contains("by hand"), "{run:#?}");
            assert_eq!(contents(&tree.path(".git")), before, "{command}");
        }
    }
    // Where skant was at that time is no edit.
    fs::write(&hook, script.replace(program(), "/else'\\''where/skant")).unwrap();
    assert_passes(&skant(&tree, &["install"]));
    assert_eq!(fs::read_to_string(&hook).unwrap(), script);
    fs::write(&hook, script.replace(program(), "/elsewhere/skant")).unwrap();
    assert_passes(&skant(&tree, &["uninstall"]));
    assert!(!hook.exists());
}

#[test]
fn a_hook_that_looks_at_its_own_name_still_finds_it() {
    let tree = Tree::repo();
    let dispatcher = "#!/bin/sh\n[ \"$(basename \"$0\")\" = pre-commit ] && echo ran >> ran\n";
    executable(&tree, ".git/hooks/pre-commit", dispatcher);
    fs::set_permissions(tree.path(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o750)).unwrap();
    tree.link(".git/hooks/commit-msg", "./../../msg");
    executable(&tree, "msg", "#!/bin/sh\n[ \"${0##*/}\" = commit-msg ] && echo said >> ran\n");
    tree.link(".git/hooks/pre-push", tree.path("msg"));
    let before = contents(&tree.path(".git/hooks"));
    assert_passes(&skant(&tree, &["install"]));
    assert_passes(&skant(&tree, &["install", "--hook", "commit-msg"]));
    assert_eq!(fs::read_to_string(tree.path(".git/hooks/before-skant/pre-commit")).unwrap(), dispatcher);
    tree.file("a", "x\n").git(&["add", "a"]);
    assert_passes(&git(&tree, "", &["commit", "-qm", "x"]));
    assert_eq!(fs::read_to_string(tree.path("ran")).unwrap(), "ran\nsaid\n");
    assert_passes(&skant(&tree, &["uninstall"]));
    assert_eq!(contents(&tree.path(".git/hooks")), before);
    assert!(!tree.path(".git/hooks/before-skant").exists());
}

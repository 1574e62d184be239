//! `skant history` on repositories that git itself builds.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use sha1::{Digest, Sha1};
use skant::blob::{Blob, Origin};
use skant::rule::RuleSet;
use skant::scan::{Scanner, Scratch};
use support::{Random, Run, Tree, anthropic_key, key_of, mask, program, run, skant};

/// Runs `skant history --format json`.
#[track_caller]
fn history(tree: &Tree, arguments: &[&str]) -> Run {
    let mut all = vec!["history", "--format", "json"];
    all.extend(arguments);
    let both = [skant(tree, &all), skant(tree, &[&all[..], &["--plain"]].concat())];
    // What is wrong with an object each says in its own words.
    let alike = |run: &Run| {
        run.stdout.is_empty().then(Vec::new).unwrap_or_else(|| {
            [run.skipped(), run.notices(), run.findings().iter().map(Value::to_string).collect()].concat()
        })
    };
    assert_eq!(alike(&both[0]), alike(&both[1]), "our own reader and libgit2 agree");
    let [fast, _] = both;
    fast
}

/// What a complete scan finds: `where path ref summary` of each.
#[track_caller]
fn found(tree: &Tree, arguments: &[&str]) -> Vec<String> {
    let run = history(tree, arguments);
    let lines: Vec<String> = run.findings().iter().map(line).collect();
    assert_eq!((run.status, run.stderr.as_str()), (i32::from(!lines.is_empty()), ""), "{run:#?}");
    lines
}

fn line(finding: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let summary = text(&finding["commit"]["summary"]);
    format!("{} {} {} {summary}", text(&finding["where"]), text(&finding["path"]), text(&finding["ref"]))
}

/// A repository with one commit.
fn begun() -> Tree {
    let tree = Tree::repo();
    tree.file("readme", "hello\n");
    commit(&tree, "begin");
    tree
}

fn commit(tree: &Tree, message: &str) {
    tree.git(&["add", "-A"]).git(&["commit", "-q", "--allow-empty", "-m", message]);
}

/// What git prints.
fn git(tree: &Tree, arguments: &[&str]) -> String {
    String::from_utf8(git_bytes(tree, arguments)).unwrap().trim_end().to_owned()
}

fn git_bytes(tree: &Tree, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git").args(arguments).current_dir(tree.path("")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

// Where history keeps text.

/// However a token is wrapped, and wherever else a list of values stands: a scan of the same content says the same.
#[test]
fn what_is_wrapped_is_found_in_history_as_in_a_scan() {
    let token = support::github_token(3);
    let (head, tail) = token.split_at(24);
    let password = support::password();
    let base64 = data_encoding::BASE64.encode(format!("the token is {token}, and that is it").as_bytes());
    let tree = Tree::repo();
    for (name, text) in [
        ("base64", format!("data: {base64}\n")),
        ("percent", format!("?next=token%3D{token}%26x\n")),
        ("html", format!("token&#61;&quot;{token}&quot;\n")),
        ("escape", format!("{{\"x\": \"token\\u003d{token}\"}}\n")),
        ("colour", format!("login \u{1b}[32m{token}\u{1b}[0m\n")),
        ("pieces.py", format!("t = \"{head}\" + \\\n    \"{tail}\"\n")),
        ("list.py", format!("PASSWORDS = [\n    \"{password}\",\n    \"{password}2\",\n]\n")),
        ("items.yml", format!("passwords:\n  - {password}\n  - {password}3\n")),
    ] {
        tree.file(name, &text);
    }
    commit(&tree, "wrapped");
    let all = |run: &Run| -> BTreeSet<(String, String)> {
        let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
        run.findings().iter().map(|one| (text(one, "path"), text(one, "fingerprint"))).collect()
    };
    let scanned = all(&support::scan(&tree, &["."]));
    assert_eq!(scanned.iter().map(|(path, _)| path).collect::<BTreeSet<_>>().len(), 8, "{scanned:?}");
    assert_eq!(all(&history(&tree, &[])), scanned);
    assert_eq!(all(&history(&tree, &["HEAD"])), scanned);
}

#[test]
fn a_repository_without_commits_is_clean_and_said_to_be_empty() {
    let tree = Tree::repo();
    let run = skant(&tree, &["history"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("nothing to scan: there are no commits"), "{run:#?}");
    assert_eq!(history(&tree, &[]).status, 0);
}

#[test]
fn a_key_in_the_first_commit_is_found_with_all_that_is_known_of_it() {
    let tree = Tree::repo();
    tree.file("src/a.py", &format!("x = 1\nkey = \"{}\"\n", anthropic_key(1)));
    tree.git(&["add", "-A"]);
    tree.git(&[
        "commit",
        "-q",
        "--author",
        "Ann <ann@example.invalid>",
        "--date",
        "2024-02-03T04:05:06+0200",
        "-m",
        "first\n\nmore",
    ]);
    let run = history(&tree, &[]);
    let finding = &run.findings()[0];
    assert_eq!((run.status, run.findings().len()), (1, 1));
    assert_eq!((&finding["path"], &finding["line"], &finding["column"]), (&"src/a.py".into(), &2.into(), &8.into()));
    assert_eq!(finding["commit"]["id"], git(&tree, &["rev-parse", "HEAD"]));
    assert_eq!(finding["commit"]["author"], "Ann <ann@example.invalid>");
    assert_eq!(finding["commit"]["date"], "2024-02-03T04:05:06+02:00");
    assert_eq!(finding["commit"]["summary"], "first");
    assert_eq!((&finding["where"], &finding["ref"]), (&"content".into(), &Value::Null));
    assert_eq!(finding["secret"], mask(&anthropic_key(1)));
    let scan = &run.json()["scan"];
    assert_eq!((&scan["source"], &scan["range"]), (&"history".into(), &Value::Null));
    assert_eq!((&scan["blobs"], &scan["commits"], &scan["files"]), (&1.into(), &1.into(), &0.into()));
}

#[test]
fn what_was_taken_out_again_is_found() {
    let tree = begun();
    tree.key("a.env");
    commit(&tree, "add");
    fs::remove_file(tree.path("a.env")).unwrap();
    commit(&tree, "remove");
    assert_eq!(found(&tree, &[]), ["content a.env - add"]);
}

#[test]
fn one_secret_in_many_versions_of_a_file_is_one_finding() {
    let tree = begun();
    for number in 0..5 {
        tree.file("a.env", &format!("{}KEY={}\n", "# line\n".repeat(number), anthropic_key(1)));
        commit(&tree, &format!("version {number}"));
    }
    tree.file("b.env", &format!("KEY={}\n", anthropic_key(1)));
    commit(&tree, "a copy");
    let expected = ["content a.env - version 0", "content b.env - a copy"];
    assert_eq!(found(&tree, &[]), expected);
    tree.git(&["gc", "-q"]);
    assert_eq!(found(&tree, &[]), expected);
}

#[test]
fn commits_of_the_same_second_are_told_apart_by_their_order() {
    let tree = begun();
    // Rebased series have many commits with one date.
    tree.key("a.env");
    commit(&tree, "add");
    for number in 0..8 {
        tree.file("other", &number.to_string());
        commit(&tree, &format!("later {number}"));
    }
    assert_eq!(found(&tree, &[]), ["content a.env - add"]);
}

#[test]
fn content_that_only_a_merge_has_is_found() {
    let tree = begun();
    tree.git(&["checkout", "-q", "-b", "side"]).file("side", "x");
    commit(&tree, "side");
    tree.git(&["checkout", "-q", "main"]).file("main", "y");
    commit(&tree, "main");
    tree.git(&["merge", "-q", "--no-commit", "side"]).key("evil.env");
    commit(&tree, "merge");
    assert_eq!(found(&tree, &[]), ["content evil.env - merge"]);
    assert_eq!(found(&tree, &["HEAD^..HEAD"]), ["content evil.env - merge"]);
}

#[test]
fn attributes_and_settings_change_nothing() {
    let tree = begun();
    tree.file(".gitattributes", "*.env -diff binary export-ignore filter=evil diff=evil\n").key("a.env");
    tree.git(&["-c", "filter.evil.clean=cat", "add", "-A"]);
    tree.git(&["-c", "filter.evil.clean=cat", "commit", "-qm", "add"]);
    let touch = format!("touch {}; cat", tree.path("ran").display());
    for (name, value) in [
        ("color.ui", "always"),
        ("diff.external", &*touch),
        ("diff.evil.textconv", &touch),
        ("filter.evil.clean", &touch),
        ("filter.evil.smudge", &touch),
        ("core.fsmonitor", &touch),
        ("core.quotepath", "true"),
        ("log.showSignature", "true"),
        ("core.alternateRefsCommand", &touch),
    ] {
        tree.git(&["config", name, value]);
    }
    assert_eq!(found(&tree, &[]), ["content a.env - add"]);
    assert!(!tree.path("ran").exists());
}

#[test]
fn every_ref_is_followed() {
    let tree = begun();
    for name in ["refs/heads/b", "refs/remotes/origin/r", "refs/tags/t", "refs/pull/1/head", "refs/x"] {
        tree.git(&["checkout", "-q", "--detach", "main"]).key(name);
        commit(&tree, name);
        tree.git(&["update-ref", name, "HEAD"]);
    }
    tree.git(&["checkout", "-q", "--detach", "main"]).key("detached");
    commit(&tree, "HEAD");
    let expected = [
        "content detached - HEAD",
        "content refs/heads/b - refs/heads/b",
        "content refs/pull/1/head - refs/pull/1/head",
        "content refs/remotes/origin/r - refs/remotes/origin/r",
        "content refs/tags/t - refs/tags/t",
        "content refs/x - refs/x",
    ];
    assert_eq!(found(&tree, &[]), expected);
    tree.git(&["pack-refs", "--all"]).git(&["gc", "-q"]);
    assert_eq!(found(&tree, &[]), expected);
}

#[test]
fn a_detached_head_of_another_worktree_is_followed() {
    let tree = Tree::new();
    tree.git_init("main").git_in("main", &["commit", "-q", "--allow-empty", "-m", "begin"]);
    tree.git_in("main", &["worktree", "add", "-q", "--detach", "../linked"]).key("linked/a.env");
    tree.git_in("linked", &["add", "-A"]).git_in("linked", &["commit", "-qm", "there"]);
    for folder in ["main", "linked"] {
        assert_eq!(found(&tree, &["-C", folder]), ["content a.env - there"], "{folder}");
    }
    // A ref of that worktree alone.
    tree.git_in("linked", &["update-ref", "refs/bisect/bad", "HEAD"]);
    tree.git_in("linked", &["reset", "-q", "--hard", "HEAD~1"]);
    for folder in ["main", "linked"] {
        assert_eq!(found(&tree, &["-C", folder]), ["content a.env - there"], "{folder}, by a ref");
    }
}

#[test]
fn stashes_are_read_both_halves_and_older_ones() {
    let tree = begun();
    tree.key("staged").git(&["add", "staged"]).file("staged", "gone again\n");
    tree.git(&["stash", "push", "-q"]);
    tree.key("untracked").git(&["stash", "push", "-q", "--include-untracked"]);
    tree.file("readme", &format!("{}\n", key_of("readme"))).git(&["stash", "push", "-q"]);
    let lines = found(&tree, &[]);
    let places: Vec<&str> = lines.iter().map(|line| line.split(" On").next().unwrap()).collect();
    let expected =
        ["stash readme stash@{0} WIP", "stash staged stash@{2} index", "stash untracked stash@{1} untracked"];
    for (place, expected) in places.iter().zip(expected) {
        assert!(place.starts_with(expected), "{lines:#?}");
    }
    assert_eq!(lines.len(), 3, "{lines:#?}");
}

#[test]
fn notes_are_read() {
    let tree = begun();
    tree.git(&["notes", "add", "-m", &key_of("note"), "HEAD"]);
    let lines = found(&tree, &[]);
    let path = git(&tree, &["rev-parse", "HEAD"]);
    assert_eq!(lines, [format!("note {path} refs/notes/commits Notes added by 'git notes add'")]);
}

#[test]
fn a_stash_or_a_note_that_a_revision_names_is_told_as_one() {
    let tree = begun();
    for number in 0..2 {
        tree.key("readme");
        tree.file("new", &format!("{}\n", anthropic_key(60 + number)));
        tree.git(&["stash", "-q", "-u"]);
    }
    tree.key("later");
    commit(&tree, "later");
    tree.git(&["notes", "add", "-m", &anthropic_key(70)]);
    let noted = git(&tree, &["rev-parse", "refs/notes/commits:"]);
    let path = git(&tree, &["ls-tree", "-r", "--name-only", &noted]);
    let note = format!("note {path} refs/notes/commits Notes added by 'git notes add'");
    let all = |revisions: &[&str]| {
        let mut all = found(&tree, revisions);
        all.iter_mut().for_each(|line| line.truncate(line.rfind(" on main").unwrap_or(line.len())));
        all.sort();
        all
    };
    let stash = |name: &str| [format!("stash new {name} untracked files"), format!("stash readme {name} WIP")];
    assert_eq!(all(&["stash@{1}"]), stash("stash@{1}"));
    for name in ["stash", "refs/stash", "stash@{0}", &git(&tree, &["rev-parse", "stash"])] {
        assert_eq!(all(&[name]), stash("stash@{0}"), "{name}");
    }
    assert_eq!(all(&["stash^3"]), [&*stash("stash@{0}")[0]]);
    for name in ["refs/notes/commits", "notes/commits", "HEAD..refs/notes/commits", "refs/notes/commits^{commit}"] {
        assert_eq!(all(&[name]), [&*note], "{name}");
    }
    assert_eq!(all(&["HEAD", "notes/commits"]), ["content later - later", &note]);
    // A commit that a branch reaches is an ordinary one.
    tree.git(&["branch", "kept", "refs/notes/commits"]).git(&["notes", "append", "-m", "more"]);
    assert!(all(&["kept", "notes/commits"])[0].starts_with("content"));
}

#[test]
fn messages_and_names_of_people_are_read() {
    let tree = begun();
    commit(&tree, &format!("subject\n\nthe key is {}", anthropic_key(1)));
    tree.git(&[
        "commit",
        "-q",
        "--allow-empty",
        "--author",
        &format!("{} <a@b.invalid>", anthropic_key(2)),
        "-m",
        "by",
    ]);
    tree.git(&["tag", "-a", "v1", "-m", &format!("a tag\n\n{}", anthropic_key(3))]);
    let run = history(&tree, &[]);
    // Without a path the ids decide about the order.
    let mut lines: Vec<String> = run.findings().iter().map(|one| format!("{} {}", line(one), one["line"])).collect();
    lines.sort();
    let expected = ["commit-message - - by 1", "commit-message - - subject 3", "tag-message - refs/tags/v1 - 3"];
    assert_eq!(lines, expected);
    let all = run.all();
    (1..=3).for_each(|seed| assert!(!all.contains(&anthropic_key(seed)), "{all}"));
    for format in ["human", "sarif", "jsonl"] {
        let run = skant(&tree, &["history", "--format", format]);
        (1..=3).for_each(|seed| assert!(!run.all().contains(&anthropic_key(seed)), "{run:#?}"));
        assert!(run.all().contains(&mask(&anthropic_key(3))), "{run:#?}");
    }
}

#[test]
fn tags_of_anything_are_followed() {
    let tree = begun();
    tree.key("blob").key("folder/in-tree");
    let blob = git(&tree, &["hash-object", "-w", "blob"]);
    tree.git(&["add", "folder"]);
    let folder = git(&tree, &["write-tree"]);
    tree.git(&["reset", "-q", "--hard"]);
    tree.git(&["tag", "light", &blob]).git(&["tag", "-a", "-m", "heavy", "heavy", &folder]);
    tree.git(&["tag", "-a", "-m", "nested", "nested", "heavy"]);
    let expected = ["content - refs/tags/light -", "content folder/in-tree refs/tags/heavy -"];
    for revisions in [&[][..], &["light", "heavy"], &["refs/tags/light", "tags/heavy", "tags/nested"]] {
        assert_eq!(found(&tree, revisions).last(), Some(&expected[1].to_owned()), "{revisions:?}");
        assert_eq!(found(&tree, revisions)[0], expected[0], "{revisions:?}");
    }
    assert_eq!(found(&tree, &[&blob]), [format!("content - blob {blob} -")]);
}

#[test]
fn names_of_refs_and_of_paths_are_read() {
    let tree = begun();
    tree.git(&["branch", &format!("try/{}", anthropic_key(1))]);
    tree.file(format!("logs/{}.txt", anthropic_key(2)), "x");
    commit(&tree, "a name");
    let run = history(&tree, &[]);
    let shown = [mask(&anthropic_key(1)), mask(&anthropic_key(2))];
    let lines: Vec<String> = run.findings().iter().map(line).collect();
    let expected =
        [format!("ref-name - refs/heads/try/{} -", shown[0]), format!("path logs/{}.txt - a name", shown[1])];
    assert_eq!(lines, expected);
    assert!(!run.all().contains(&anthropic_key(1)) && !run.all().contains(&anthropic_key(2)));
    assert_eq!(found(&tree, &["main"]), expected[1..]);
}

#[test]
fn a_name_is_told_where_it_first_came_in() {
    let tree = begun();
    let name = format!("{}.txt", anthropic_key(2));
    for number in 0..3 {
        tree.file(&name, &number.to_string());
        commit(&tree, &format!("version {number}"));
    }
    assert_eq!(found(&tree, &[]), [format!("path {}.txt - version 0", mask(&anthropic_key(2)))]);
}

#[test]
fn targets_of_links_are_content() {
    let tree = begun();
    tree.link("link", format!("/run/{}", anthropic_key(1)));
    commit(&tree, "a link");
    assert_eq!(found(&tree, &[]), ["content link - a link"]);
}

#[test]
fn credentials_in_urls_are_found() {
    let tree = begun();
    let password = support::password();
    tree.git(&["config", "remote.origin.url", &format!("https://ann:{password}@host.invalid/x.git")]);
    tree.file(
        ".gitmodules",
        &format!("[submodule \"s\"]\n\tpath = s\n\turl = https://bob:{password}9@host.invalid/y\n"),
    );
    commit(&tree, "a module");
    assert_eq!(found(&tree, &[]), ["config .git/config - -", "content .gitmodules - a module"]);
}

#[test]
fn commits_of_submodules_are_no_objects_of_ours() {
    let tree = begun();
    let entry = format!("160000,{},sub", "12".repeat(20));
    tree.git(&["update-index", "--add", "--cacheinfo", &entry]).git(&["commit", "-qm", "a module"]);
    assert_eq!(found(&tree, &[]), [""; 0]);
    assert_eq!(found(&tree, &["HEAD^..HEAD"]), [""; 0]);
}

#[test]
fn a_link_to_a_submodule_does_not_hide_the_file_that_takes_its_place() {
    let tree = begun();
    tree.key("x");
    tree.git(&["add", "x"]);
    let blob = git(&tree, &["rev-parse", ":x"]);
    let entry = |mode: &str| format!("{mode},{},x", blob.trim());
    tree.git(&["rm", "-q", "--cached", "x"]);
    tree.git(&["update-index", "--add", "--cacheinfo", &entry("160000")]).git(&["commit", "-qm", "a module"]);
    tree.git(&["rm", "-q", "--cached", "x"]);
    tree.git(&["update-index", "--add", "--cacheinfo", &entry("100644")]).git(&["commit", "-qm", "a file"]);
    assert_eq!(found(&tree, &["HEAD~2..HEAD"]), ["content x - a file"]);
}

// Ranges.

#[test]
fn a_name_that_several_refs_have_is_refused() {
    let tree = branched();
    tree.git(&["update-ref", "refs/remotes/origin/main", "main"]).git(&["branch", "same", "main"]);
    assert_eq!(history(&tree, &["origin/main..topic"]).status, 1);
    tree.git(&["tag", "same", "main"]);
    assert_eq!(history(&tree, &["same..topic"]).status, 1);
    for taken in ["tag", "branch"] {
        tree.git(&[taken, "origin/main", "topic"]);
        let run = history(&tree, &["origin/main..topic"]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
        assert!(run.stderr.contains("several refs go by that name") && run.stderr.contains("in full"), "{run:#?}");
        assert_eq!(history(&tree, &["refs/remotes/origin/main..topic"]).status, 1);
        tree.git(&[taken, "-d", "origin/main"]);
    }
}

#[test]
fn tags_on_tags_are_followed_however_many_there_are() {
    let tree = branched();
    let (mut id, mut kind, mut paths) = (git(&tree, &["rev-parse", "main^"]), "commit", String::new());
    for number in 0..30_000 {
        let text = format!("object {id}\ntype {kind}\ntag t\ntagger A <a@example.invalid> 1 +0000\n\nx\n");
        id = data_encoding::HEXLOWER.encode(&Sha1::digest(format!("tag {}\0{text}", text.len())));
        let path = tree.home().join(format!("{number}"));
        fs::write(&path, text).unwrap();
        paths += &format!("{}\n", path.display());
        kind = "tag";
    }
    let list = tree.home().join("paths");
    fs::write(&list, paths).unwrap();
    let mut write = Command::new("git");
    write.args(["-c", "core.fsync=none", "hash-object", "-t", "tag", "-w", "--stdin-paths"]);
    write.current_dir(tree.path("")).stdin(fs::File::open(list).unwrap());
    assert!(write.output().unwrap().status.success());
    tree.git(&["repack", "-adq", "--keep-unreachable"]).git(&["update-ref", "refs/tags/t", &id]);
    let run = skant(&tree, &["history", "refs/tags/t"]);
    assert_eq!(run.status, 0, "{run:#?}");
    assert_eq!(skant(&tree, &["history", "topic", "^refs/tags/t"]).status, 1);
}

/// A repository in which a key came and went on a branch.
fn branched() -> Tree {
    let tree = begun();
    tree.key("old.env");
    commit(&tree, "old");
    tree.git(&["checkout", "-q", "-b", "topic"]).key("new.env");
    commit(&tree, "add");
    fs::remove_file(tree.path("new.env")).unwrap();
    commit(&tree, "remove");
    tree.file("old.env", &format!("# more\nANTHROPIC_API_KEY={}\n", key_of("old.env")));
    commit(&tree, "edit");
    tree
}

#[test]
fn a_range_tells_what_its_commits_brought_in() {
    let tree = branched();
    assert_eq!(found(&tree, &["main..topic"]), ["content new.env - add"]);
    assert_eq!(found(&tree, &["topic", "^main"]), ["content new.env - add"]);
    assert_eq!(found(&tree, &["main...topic"]), ["content new.env - add"]);
    assert_eq!(found(&tree, &["main.."]), ["content new.env - add"]);
    assert_eq!(found(&tree, &["topic~1..topic"]), [""; 0]);
    assert_eq!(found(&tree, &["main"]), ["content old.env - old"]);
    assert_eq!(found(&tree, &["topic"]), ["content new.env - add", "content old.env - old"]);
    let run = history(&tree, &["main..topic"]);
    assert_eq!((&run.json()["scan"]["range"], &run.json()["scan"]["commits"]), (&"main..topic".into(), &3.into()));
}

#[test]
fn a_range_of_ids_and_tags_is_understood() {
    let tree = branched();
    let (from, to) = (git(&tree, &["rev-parse", "main"]), git(&tree, &["rev-parse", "topic"]));
    tree.git(&["tag", "-a", "-m", &anthropic_key(9), "v1", "topic"]);
    assert_eq!(found(&tree, &[&format!("{from}..{to}")]), ["content new.env - add"]);
    let tag = git(&tree, &["rev-parse", "v1"]);
    for (name, shown) in [("v1", "refs/tags/v1".to_owned()), (&*tag, format!("tag {tag}"))] {
        let message = format!("tag-message - {shown} -");
        assert_eq!(found(&tree, &[name, "^main"]), [&*message, "content new.env - add"]);
    }
}

#[test]
fn an_empty_range_is_clean_and_said_to_be() {
    let run = skant(&branched(), &["history", "topic..main"]);
    assert_eq!(run.status, 0);
    assert!(run.stdout.contains("nothing to scan: there are no commits"), "{run:#?}");
}

#[test]
fn what_does_not_exist_is_an_error() {
    let tree = branched();
    for revision in ["nothing", "main..nothing", "^nothing", &"12".repeat(20), "^main", "HEAD~99", ""] {
        let run = skant(&tree, &["history", revision]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{revision}");
        assert!(run.stderr.contains("revision") || run.stderr.contains("left out"), "{run:#?}");
    }
    let run = skant(&Tree::new(), &["history"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("not in a git repository"), "{run:#?}");
}

// Damage and absence.

/// Where a loose object lies.
fn loose(tree: &Tree, id: &str) -> PathBuf {
    tree.path(format!(".git/objects/{}/{}", &id[..2], &id[2..]))
}

fn overwrite(path: &PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_missing_blob_is_told_and_the_rest_is_scanned() {
    for revisions in [&[][..], &["main"], &["main~2..main"]] {
        let tree = begun();
        tree.file("lost", "to be lost\n");
        commit(&tree, "lost");
        tree.key("kept.env");
        commit(&tree, "kept");
        fs::remove_file(loose(&tree, &git(&tree, &["rev-parse", "HEAD:lost"]))).unwrap();
        let run = history(&tree, revisions);
        assert_eq!((run.status, run.each("path"), run.skipped()), (2, vec!["kept.env".into()], vec!["lost".into()]));
        assert!(run.all().contains("is missing"), "{run:#?}");
    }
}

#[test]
fn a_missing_tree_or_commit_is_told() {
    for name in ["HEAD:folder", "HEAD^{tree}", "HEAD~1"] {
        for revisions in [&[][..], &["main"]] {
            let tree = begun();
            tree.key("folder/a.env");
            commit(&tree, "one");
            tree.key("b.env");
            commit(&tree, "two");
            fs::remove_file(loose(&tree, &git(&tree, &["rev-parse", name]))).unwrap();
            let run = history(&tree, revisions);
            assert_eq!((run.status, run.skipped().len()), (2, 1), "{name} {revisions:?} {run:#?}");
        }
    }
}

#[test]
fn a_damaged_loose_object_is_told() {
    for cut in [false, true] {
        let tree = begun();
        tree.file("damaged", &"some text\n".repeat(50));
        commit(&tree, "damaged");
        tree.key("kept.env");
        commit(&tree, "kept");
        let path = loose(&tree, &git(&tree, &["rev-parse", "HEAD:damaged"]));
        overwrite(&path, |bytes| {
            if cut { bytes.truncate(10) } else { bytes.iter_mut().skip(8).for_each(|byte| *byte ^= 0x55) }
        });
        for revisions in [&[][..], &["main"]] {
            let run = history(&tree, revisions);
            assert_eq!((run.status, run.each("path")), (2, vec!["kept.env".into()]), "{run:#?}");
            assert_eq!(run.skipped(), ["damaged"], "{run:#?}");
        }
    }
}

fn only(tree: &Tree, extension: &str) -> PathBuf {
    let files = fs::read_dir(tree.path(".git/objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    let file = files.next().unwrap();
    assert!(files.next().is_none());
    file
}

#[test]
fn damage_in_a_pack_is_told_wherever_it_is() {
    let whole = begun();
    let mut random = Random::new(5);
    for number in 0..6 {
        let text = (0..40).map(|_| random.text(support::BASE62, 60) + "\n").collect::<String>();
        whole.file(format!("file {number}"), &text);
        commit(&whole, &format!("file {number}"));
    }
    whole.git(&["repack", "-adq"]);
    let pack = only(&whole, "pack");
    let bytes = fs::read(&pack).unwrap();
    for at in (12..bytes.len() - 20).step_by(bytes.len() / 40) {
        overwrite(&pack, |bytes| bytes[at] ^= 0x7f);
        let run = skant(&whole, &["history", "--format", "json"]);
        assert_eq!(run.status, 2, "a byte at {at} of {}: {run:#?}", bytes.len());
        assert!(!run.skipped().is_empty());
        overwrite(&pack, |now| now.clone_from(&bytes));
    }
    assert_eq!(history(&whole, &[]).status, 0);
}

#[test]
fn a_damaged_or_missing_index_of_a_pack_is_told() {
    let tree = begun();
    tree.git(&["repack", "-adq"]);
    let index = only(&tree, "idx");
    let bytes = fs::read(&index).unwrap();
    for length in [0, 100, bytes.len() - 60] {
        overwrite(&index, |bytes| bytes.truncate(length));
        assert_eq!(skant(&tree, &["history"]).status, 2, "{length}");
        overwrite(&index, |now| now.clone_from(&bytes));
    }
    fs::remove_file(&index).unwrap();
    assert_eq!(skant(&tree, &["history"]).status, 2);
}

#[test]
fn an_index_of_version_1_is_read() {
    let tree = begun();
    tree.key("a.env");
    commit(&tree, "add");
    tree.git(&["-c", "pack.indexVersion=1", "repack", "-adq"]);
    assert_eq!(found(&tree, &[]), ["content a.env - add"]);
}

#[test]
fn a_shallow_clone_is_told_unless_it_is_accepted() {
    let tree = Tree::new();
    tree.git_init("origin")
        .file("origin/a", "x")
        .git_in("origin", &["add", "-A"])
        .git_in("origin", &["commit", "-qm", "a"]);
    tree.key("origin/b.env").git_in("origin", &["add", "-A"]).git_in("origin", &["commit", "-qm", "b"]);
    tree.file("origin/c", "x").git_in("origin", &["add", "-A"]).git_in("origin", &["commit", "-qm", "c"]);
    let url = format!("file://{}", tree.path("origin").display());
    tree.git(&["clone", "-q", "--depth", "2", &url, "clone"]);
    for revisions in [&[][..], &["main"]] {
        let run = history(&tree, &[&["-C", "clone"][..], revisions].concat());
        assert_eq!((run.status, run.each("path")), (2, vec!["b.env".into()]), "{run:#?}");
        assert!(run.all().contains("git fetch --unshallow"), "{run:#?}");
        let accepted = [&["-C", "clone", "--allow-shallow"][..], revisions].concat();
        assert_eq!(found(&tree, &accepted), ["content b.env - b"]);
    }
    // What lies before the boundary was not asked for.
    assert_eq!(found(&tree, &["-C", "clone", "HEAD~1..HEAD"]), [""; 0]);
}

#[test]
fn the_list_of_boundaries_that_git_names_counts() {
    let tree = Tree::new();
    tree.git_init("origin").file("origin/a", "x");
    tree.git_in("origin", &["add", "-A"]).git_in("origin", &["commit", "-qm", "a"]);
    tree.key("origin/b.env").git_in("origin", &["add", "-A"]).git_in("origin", &["commit", "-qm", "b"]);
    let url = format!("file://{}", tree.path("origin").display());
    tree.git(&["clone", "-q", "--depth", "1", &url, "clone"]);
    fs::rename(tree.path("clone/.git/shallow"), tree.path("list")).unwrap();
    for revisions in [&[][..], &["main"]] {
        let mut command = tree.command(&["history", "--format", "json", "--allow-shallow", "-C", "clone"]);
        command.args(revisions).env("GIT_SHALLOW_FILE", tree.path("list"));
        let run = run(command, b"");
        assert_eq!((run.status, run.skipped(), run.each("path")), (1, vec![], vec!["b.env".into()]), "{run:#?}");
    }
    // As git has it, an empty name is that of no list.
    fs::rename(tree.path("list"), tree.path("clone/.git/shallow")).unwrap();
    let mut command = tree.command(&["history", "--format", "json", "--allow-shallow", "-C", "clone"]);
    command.env("GIT_SHALLOW_FILE", "");
    assert_eq!(run(command, b"").status, 2);
}

#[test]
fn a_repository_in_parts_is_refused_unless_its_own_files_say_so() {
    let tree = Tree::new();
    tree.git_init("main").file("main/a", "x\n").git_in("main", &["add", "a"]).git_in("main", &["commit", "-qm", "a"]);
    tree.git_in("main", &["worktree", "add", "-q", "../linked"]).key("linked/b").git_in("linked", &["add", "b"]);
    tree.git_init("other");
    let git_dir = tree.path("main/.git/worktrees/linked");
    for (common, status) in [("main/.git", 1), ("other/.git", 2), ("nowhere", 2)] {
        for arguments in [&["staged"][..], &["history", "--unreachable"]] {
            let mut command = tree.command(&[arguments, &["-C", "linked", "--format", "json"]].concat());
            command.env("GIT_DIR", &git_dir).env("GIT_COMMON_DIR", tree.path(common));
            let run = run(command, b"");
            assert_eq!((run.status, run.stderr.contains("GIT_COMMON_DIR")), (status, status == 2), "{common} {run:#?}");
        }
    }
}

#[test]
fn what_a_partial_clone_left_behind_is_told() {
    let tree = Tree::new();
    tree.git_init("origin")
        .key("origin/a.env")
        .git_in("origin", &["add", "-A"])
        .git_in("origin", &["commit", "-qm", "a"]);
    tree.git_in("origin", &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", tree.path("origin").display());
    tree.git(&["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "clone"]);
    let run = history(&tree, &["-C", "clone"]);
    assert_eq!((run.status, run.skipped()), (2, vec!["a.env".into()]), "{run:#?}");
    assert!(run.all().contains("partial clone"), "{run:#?}");
}

#[test]
fn neither_replacements_nor_grafts_hide_anything() {
    let tree = begun();
    tree.key("a.env");
    commit(&tree, "add");
    fs::remove_file(tree.path("a.env")).unwrap();
    commit(&tree, "remove");
    let ids: Vec<String> = ["HEAD~2", "HEAD~1", "HEAD"].iter().map(|name| git(&tree, &["rev-parse", name])).collect();
    tree.git(&["replace", &ids[1], &ids[0]]);
    tree.file(".git/info/grafts", &format!("{} {}\n", ids[2], ids[0]));
    assert_eq!(found(&tree, &[]), ["content a.env - add"]);
    assert_eq!(found(&tree, &["main"]), ["content a.env - add"]);
}

#[test]
fn borrowed_objects_are_read() {
    let tree = Tree::new();
    tree.git_init("origin")
        .key("origin/a.env")
        .git_in("origin", &["add", "-A"])
        .git_in("origin", &["commit", "-qm", "a"]);
    tree.git(&["clone", "-q", "--shared", "origin", "clone"]);
    assert_eq!(found(&tree, &["-C", "clone"]), ["content a.env - a"]);
    tree.git_in("origin", &["repack", "-adq"]);
    assert_eq!(found(&tree, &["-C", "clone"]), ["content a.env - a"]);
}

#[test]
fn lists_of_lenders_are_read_as_git_reads_them() {
    let tree = Tree::new();
    tree.git_init("origin").key("origin/a.env").git_in("origin", &["add", "-A"]);
    tree.git_in("origin", &["commit", "-qm", "a"]).git_in("origin", &["commit", "-q", "--allow-empty", "-m", "b"]);
    tree.git(&["clone", "-q", "--shared", "origin", "clone"]).git_init("between");
    let whole = fs::read_to_string(tree.path("clone/.git/objects/info/alternates")).unwrap();
    let octal = whole.trim_end().replacen("origin", "or\\151gin", 1);
    for list in [
        "../../../origin/.git/objects\n",
        "\"../../../origin/.git/objects\"\n",
        &format!("# a comment\n\n\"{octal}\"\n"),
        "../../../between/.git/objects",
    ] {
        tree.file("between/.git/objects/info/alternates", "\"../../../origin/.git/objects\"");
        tree.file("clone/.git/objects/info/alternates", list);
        tree.git_in("clone", &["fsck"]);
        for revisions in [&[][..], &["HEAD"], &["@{0}"]] {
            let arguments: Vec<&str> = ["-C", "clone"].iter().chain(revisions).copied().collect();
            assert_eq!(found(&tree, &arguments), ["content a.env - a"], "{list} {revisions:?}");
        }
    }
}

/// The environment may name objects of which git knows more, as when more are made while a scan goes on.
#[test]
fn what_refs_lead_to_and_was_not_listed_is_told() {
    let tree = Tree::repo();
    tree.key("a.env").git(&["add", "-A"]).git(&["commit", "-qm", "a"]).folder("none");
    let blob = git(&tree, &["rev-parse", "HEAD:a.env"]);
    let copied = Command::new("cp").args(["-a", ".git/objects", "some"]).current_dir(tree.path("")).status();
    assert!(copied.unwrap().success());
    fs::remove_file(tree.path(format!("some/{}/{}", &blob[..2], &blob[2..]))).unwrap();
    for (objects, missed) in [("none", "refs/heads/main"), ("some", "a.env")] {
        let mut command = tree.command(&["history", "--format", "json"]);
        command.env("GIT_OBJECT_DIRECTORY", tree.path(objects));
        let told = run(command, b"");
        assert_eq!((told.status, told.findings().len()), (2, 0), "{told:#?}");
        assert!(told.skipped().iter().any(|path| path == missed), "{told:#?}");
    }
}

#[test]
fn bare_and_mirrored_repositories_are_read() {
    let tree = Tree::new();
    tree.git_init("origin")
        .key("origin/a.env")
        .git_in("origin", &["add", "-A"])
        .git_in("origin", &["commit", "-qm", "a"]);
    tree.git(&["clone", "-q", "--bare", "origin", "bare"]).git(&["clone", "-q", "--mirror", "origin", "mirror"]);
    for name in ["bare", "mirror"] {
        assert_eq!(found(&tree, &["-C", name]), ["content a.env - a"]);
    }
}

#[test]
fn what_cannot_be_read_yet_is_refused_with_the_reason() {
    for kind in ["--object-format=sha256", "--ref-format=reftable"] {
        let tree = Tree::new();
        tree.git(&["init", "-q", kind, "."]);
        for command in [&["history"][..], &["staged"], &["install"], &["doctor"], &["hook", "pre-commit"]] {
            let run = skant(&tree, command);
            assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{kind} {command:?} {run:#?}");
            let told = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains("cannot be read yet"), "{kind} {command:?} {run:#?}");
        }
    }
}

#[test]
fn a_repository_of_somebody_else_is_refused() {
    let tree = begun();
    let Some(command) = tree.command_of_nobody(&["history"]) else { return };
    if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) != 0) {
        return support::untested("only root can run as somebody else");
    }
    let run = run(command, b"");
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("safe.directory"), "{run:#?}");
}

#[test]
fn one_blob_that_no_ref_reaches_is_one() {
    let tree = begun();
    tree.key("dangling");
    git(&tree, &["hash-object", "-w", "dangling"]);
    let told = "1 blob that no ref reaches holds secrets, too: --unreachable shows them";
    assert_eq!(history(&tree, &[]).notices(), [told]);
}

#[test]
fn what_no_ref_reaches_is_read_when_asked_for() {
    let tree = begun();
    tree.key("dropped.env");
    commit(&tree, "dropped");
    tree.git(&["reset", "-q", "--hard", "HEAD~1"]).key("dangling");
    let blob = git(&tree, &["hash-object", "-w", "dangling"]);
    fs::remove_file(tree.path("dangling")).unwrap();
    let run = history(&tree, &[]);
    assert_eq!((run.status, run.findings().len()), (0, 0), "{run:#?}");
    assert!(run.notices()[0].contains("2 blobs that no ref reaches"), "{run:#?}");
    let expected = [format!("content - blob {blob} -"), "content dropped.env - dropped".to_owned()];
    assert_eq!(found(&tree, &["--unreachable"]), expected);
    tree.git(&["repack", "-adqk"]);
    assert_eq!(found(&tree, &["--unreachable"]), expected);
}

#[test]
fn nothing_is_written_into_the_repository() {
    let tree = branched();
    let list = |tree: &Tree| {
        let output = Command::new("find").arg(tree.path(".git")).args(["-printf", "%p %T@ %s\n"]).output().unwrap();
        let mut lines: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(Into::into).collect();
        lines.sort();
        lines
    };
    let before = list(&tree);
    found(&tree, &[]);
    found(&tree, &["main..topic"]);
    assert_eq!(list(&tree), before);
}

// The measure.

/// A repository with many versions of some files, with secrets that come, change, move and go.
fn generated(seed: u64) -> Tree {
    let tree = Tree::repo();
    let mut random = Random::new(seed);
    let mut files: Vec<Vec<String>> = vec![Vec::new(); 6];
    for number in 0..60 {
        for _ in 0..=random.number() % 3 {
            let which = random.number() as usize % files.len();
            let lines = &mut files[which];
            while lines.len() < 120 {
                lines.push(format!("line {} of text, {}", lines.len(), random.text(support::BASE62, 20)));
            }
            for _ in 0..=random.number() % 4 {
                let at = random.number() as usize % lines.len();
                let line = match random.number() % 12 {
                    0 => format!("key = \"{}\"", anthropic_key(random.number() % 9)),
                    1 => support::github_token(random.number() % 9),
                    2 => support::private_key(random.number() % 4, 12),
                    3 if random.number().is_multiple_of(2) => {
                        format!("login a password {}", random.text(support::BASE62, 12))
                    }
                    3 => format!("password = {}", random.text(support::BASE62, 14)),
                    4 => format!("{}\u{0}", random.text(support::BASE62, 3)),
                    5 => "-----BEGIN RSA PRIVATE KEY-----".into(),
                    6 => random.text(support::BASE64, 900),
                    7 => support::aws_pair(random.number() % 5),
                    8 => format!("datadog {}", random.text("abcdef0123456789", 32)),
                    _ => format!("line {}", random.text(support::BASE62, 30)),
                };
                match random.number() % 3 {
                    0 => lines.insert(at, line),
                    1 => lines[at] = line,
                    _ => drop(lines.remove(at)),
                }
                if random.number().is_multiple_of(5) {
                    let half = lines[at.min(lines.len() - 1)].len() / 2;
                    let cut = at.min(lines.len() - 1);
                    if lines[cut].is_char_boundary(half) {
                        lines[cut].insert_str(half, &random.text(support::BASE62, 2));
                    }
                }
            }
            let name = ["a.c", "b.env", "c.md", "d/e.py", "d/f.yml", ".netrc"][which];
            tree.file(name, &(lines.join("\n") + "\n"));
        }
        commit(&tree, &format!("commit {number}"));
        if number == 40 {
            tree.git(&["repack", "-adfq", "--depth=50", "--window=50"]);
        }
        if number == 50 {
            tree.git(&["repack", "-dq"]);
        }
    }
    tree
}

/// What the library finds in each whole blob at each path, by the first commit that has it there.
fn slowly(tree: &Tree) -> BTreeSet<(String, String, u64, u64, String)> {
    let scanner = Scanner::new(&RuleSet::builtin());
    let mut scratch = Scratch::default();
    let (mut told, mut all, mut seen) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for commit in git(tree, &["rev-list", "--reverse", "--topo-order", "HEAD"]).lines() {
        let mut here = BTreeSet::new();
        for entry in git(tree, &["ls-tree", "-r", commit]).lines() {
            let (head, path) = entry.split_once('\t').unwrap();
            let id = head.split(' ').nth(2).unwrap();
            if !seen.insert((id.to_owned(), path.to_owned())) {
                continue;
            }
            let bytes = git_bytes(tree, &["cat-file", "blob", id]);
            let scanned = scanner.scan(&Blob { bytes: &bytes, origin: &Origin::file(path) }, &mut scratch);
            for finding in scanned.findings.iter().filter(|one| one.confidence >= skant::finding::Confidence::Medium) {
                let name = (finding.fingerprint().to_string(), path.to_owned());
                if !told.contains(&name) {
                    let start = finding.location.start;
                    all.insert((name.0.clone(), name.1.clone(), start.line, start.column, commit.to_owned()));
                    here.insert(name);
                }
            }
        }
        told.extend(here);
    }
    all
}

#[test]
fn all_is_found_that_a_slow_reading_finds_and_nothing_else() {
    for seed in 1..=2 {
        let tree = generated(seed);
        let expected = slowly(&tree);
        assert!(expected.len() > 20, "{}", expected.len());
        let found = |arguments: &[&str]| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let findings = history(&tree, arguments).findings();
            let one = |one: &Value| {
                let (line, column) = (one["line"].as_u64().unwrap(), one["column"].as_u64().unwrap());
                (text(&one["fingerprint"]), text(&one["path"]), line, column, text(&one["commit"]["id"]))
            };
            findings.iter().map(one).collect::<BTreeSet<_>>()
        };
        assert_eq!(found(&[]), expected, "seed {seed}");
        assert_eq!(found(&["HEAD"]), expected, "seed {seed}");
        tree.git(&["repack", "-adfq", "--depth=250", "--window=250"]);
        assert_eq!(found(&[]), expected, "seed {seed}, packed");
    }
}

/// A change is looked at with what is near it. What decides may be further away than that.
#[test]
fn what_changes_far_behind_its_beginning_is_found() {
    let tree = begun();
    let script = |end: &str, lines: usize| {
        let (front, back) = ("echo before\n".repeat(900), "echo behind\n".repeat(lines));
        format!("{front}curl {}{end} https://host.invalid/\n{back}", "\\\r\n".repeat(240))
    };
    // Git makes the smaller version from the larger one.
    tree.file("run.sh", &script(" -s", 990));
    commit(&tree, "without");
    tree.file("run.sh", &script(&format!(" -u deploy:{}", support::password()), 900));
    commit(&tree, "with");
    tree.git(&["repack", "-adfq"]);
    assert_eq!(found(&tree, &[]), ["content run.sh - with"]);
}

#[test]
fn a_blob_that_is_too_large_to_be_held_is_read_piece_by_piece() {
    const LINES: usize = 900_000;
    let tree = begun();
    let big = |key: &str| format!("{}{key}\n", "a line of forty bytes, like many others\n".repeat(LINES));
    let key = anthropic_key(40);
    tree.file("dump.sql", &big(&key));
    commit(&tree, "dump");
    tree.file("copy/dump.sql", &big(&key)).file("dump.sql", "nothing\n");
    commit(&tree, "moved");
    let expected = ["content copy/dump.sql - moved", "content dump.sql - dump"];
    for is_packed in [false, true] {
        if is_packed {
            tree.git(&["repack", "-adfq"]);
        }
        for range in ["", "HEAD~2..HEAD"].into_iter().take(1 + usize::from(is_packed)) {
            let run = limited(&tree, range, "48000");
            let mut lines: Vec<String> = run.findings().iter().map(line).collect();
            lines.sort();
            assert_eq!(lines, expected, "{range} {run:#?}");
            assert_eq!(run.findings()[0]["line"], LINES + 1);
            let (ledger, blobs) = (&run.json()["scan"]["ledger"]["blobs"], if range.contains('.') { 2 } else { 3 });
            assert_eq!((run.status, &ledger["in_scope"], &ledger["scanned"]), (1, &blobs.into(), &blobs.into()));
        }
    }
    assert_eq!(found(&tree, &["--severity", "critical"]), expected, "as libgit2 has it, in one piece");
}

#[test]
fn a_large_loose_object_that_is_another_than_its_name_says_is_told() {
    let tree = begun();
    let text = "a line of forty bytes, like many others\n".repeat(450_000);
    tree.file("dump.sql", &format!("{text}{}\n", anthropic_key(57)));
    commit(&tree, "dump");
    tree.file("other.sql", &format!("{text}{}\n", "none".repeat(27)));
    let (id, other) = (git(&tree, &["rev-parse", "HEAD:dump.sql"]), git(&tree, &["hash-object", "-w", "other.sql"]));
    fs::rename(loose(&tree, &other), loose(&tree, &id)).unwrap();
    for revisions in [&[][..], &["main"]] {
        let run = skant(&tree, &[&["history", "--format", "json"][..], revisions].concat());
        assert_eq!((run.status, run.skipped()), (2, vec!["dump.sql".to_owned()]), "{run:#?}");
        assert!(run.all().contains("it is another object than its name says"), "{run:#?}");
    }
    tree.git(&["reset", "-q", "--soft", "HEAD~"]);
    let run = skant(&tree, &["staged", "--format", "json"]);
    assert_eq!((run.status, run.skipped()), (2, vec!["dump.sql".to_owned()]), "{run:#?}");
}

/// A history within so many KiB of memory.
fn limited(tree: &Tree, range: &str, limit: &str) -> Run {
    let mut command = Command::new("sh");
    let script = format!("ulimit -d {limit}; exec \"$0\" history --format json --threads 2 {range}");
    command.args(["-c", &script, program()]).current_dir(tree.path(""));
    run(command, b"")
}

#[test]
fn of_a_large_file_each_secret_is_told_once_and_in_a_range_what_its_commits_brought() {
    let tree = begun();
    let text = "a line of forty bytes, like many others\n".repeat(430_000);
    let keys = [anthropic_key(51), anthropic_key(52)];
    tree.file("dump.sql", &format!("{text}{}\n", keys[0]));
    commit(&tree, "one");
    tree.file("dump.sql", &format!("{text}{}\n{}\n", keys[0], keys[1]));
    commit(&tree, "two");
    tree.file("dump.sql", &format!("{text}{}\n{}\nmore\n", keys[0], keys[1]));
    commit(&tree, "three");
    let mut all = found(&tree, &[]);
    // Findings of one path are in the order of their commits' ids.
    all.sort();
    assert_eq!(all, ["content dump.sql - one", "content dump.sql - two"]);
    assert_eq!(found(&tree, &["HEAD~2..HEAD"]), ["content dump.sql - two"]);
    assert_eq!(found(&tree, &["HEAD~1..HEAD"]), Vec::<String>::new());
    tree.file("dump.sql", "small\n");
    commit(&tree, "small");
    tree.file("dump.sql", &format!("{}\n", keys[1]));
    commit(&tree, "small again");
    tree.git(&["reset", "-q", "--soft", "HEAD~2"]);
    commit(&tree, "from large to small");
    assert_eq!(found(&tree, &["HEAD~1..HEAD"]), Vec::<String>::new());
}

#[test]
fn large_blobs_that_git_made_from_others_are_put_together_piece_by_piece() {
    let tree = begun();
    let lines: Vec<String> = (0..900_000).map(|number| format!("line {number}, one of very many of them\n")).collect();
    let (front, behind) = (lines[..500_000].concat(), lines[500_000..].concat());
    let keys = [anthropic_key(54), anthropic_key(55), anthropic_key(56)];
    tree.file("dump.sql", &format!("{front}{}\n{behind}", keys[0]));
    commit(&tree, "one");
    tree.file("dump.sql", &format!("{behind}{}\n{front}{}\n", keys[0], keys[1]));
    commit(&tree, "two");
    tree.file("dump.sql", &format!("{}\n{behind}{}\n{front}", keys[2], keys[0]));
    commit(&tree, "three");
    tree.git(&["repack", "-adfq"]);
    let packed = git(&tree, &["cat-file", "--batch-all-objects", "--batch-check=%(deltabase) %(objectsize)"]);
    let is_large_delta =
        |line: &&str| !line.starts_with("0000000") && line.ends_with(|digit: char| digit.is_ascii_digit());
    let large = packed.lines().filter(is_large_delta).filter(|line| line.len() > 41 + 7).count();
    assert_eq!(large, 2, "{packed}");
    let expected = ["content dump.sql - one", "content dump.sql - three", "content dump.sql - two"];
    for range in ["", "HEAD~3..HEAD"] {
        let run = limited(&tree, range, "48000");
        let mut all: Vec<String> = run.findings().iter().map(line).collect();
        all.sort();
        assert_eq!((run.status, &all[..]), (1, &expected.map(str::to_owned)[..]), "{range} {run:#?}");
    }
}

#[test]
fn without_a_folder_for_files_what_is_put_together_is_bounded_and_told() {
    let tree = begun();
    let text = "a line of forty bytes, like many others\n".repeat(1_750_000);
    tree.file("dump.sql", &text);
    commit(&tree, "one");
    tree.file("dump.sql", &format!("{}\n{text}", anthropic_key(58)));
    commit(&tree, "two");
    tree.git(&["repack", "-adfq"]);
    for (folder, status) in [(".", 1), ("nowhere", 2)] {
        let mut command = Command::new("sh");
        let script = "ulimit -d 120000; exec \"$0\" history --format json --threads 2";
        command.args(["-c", script, program()]).current_dir(tree.path("")).env("TMPDIR", tree.path(folder));
        let run = run(command, b"");
        assert_eq!(run.status, status, "{run:#?}");
        let reason = "there is no folder for temporary files to put it together in: name one in TMPDIR";
        assert_eq!(
            (run.all().contains(reason), run.skipped().len()),
            (status == 2, usize::from(status == 2)),
            "{run:#?}"
        );
    }
}

#[test]
fn a_large_blob_that_a_revision_or_a_ref_names_is_read_piece_by_piece() {
    let tree = begun();
    let text = "a line of forty bytes, like many others\n".repeat(900_000);
    tree.file("dump.sql", &format!("{text}{}\n", anthropic_key(53)));
    let id = git(&tree, &["hash-object", "-w", "dump.sql"]);
    tree.git(&["update-ref", "refs/odd/blob", &id]);
    for revision in ["", "refs/odd/blob"] {
        let run = limited(&tree, revision, "48000");
        assert_eq!((run.status, run.findings().len()), (1, 1), "{revision} {run:#?}");
    }
}

#[test]
fn a_file_that_is_no_ref_is_told() {
    for text in ["", "junk\n"] {
        let tree = begun();
        fs::write(tree.path(".git/refs/heads/feature"), text).unwrap();
        let run = history(&tree, &[]);
        assert_eq!((run.status, run.skipped()), (2, vec!["refs/heads/feature".into()]), "{run:#?}");
    }
}

#[test]
fn a_key_in_what_git_says_is_not_repeated() {
    let key = anthropic_key(1);
    let tree = begun();
    let run = skant(&tree, &["history", &format!("x-{key}")]);
    assert_eq!(run.status, 2);
    assert!(!run.all().to_lowercase().contains(&key[20..].to_lowercase()), "{run:#?}");
    fs::copy(tree.path(".git/refs/heads/main"), tree.path(format!(".git/refs/heads/.{key}"))).unwrap();
    for format in ["human", "json", "sarif"] {
        let run = skant(&tree, &["history", "--format", format]);
        assert_eq!(run.status, 2, "{run:#?}");
        assert!(!run.all().contains(&key), "{run:#?}");
    }
}

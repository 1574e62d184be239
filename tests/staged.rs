//! `skant staged`: what the next commit would record, in every state git's index can be in.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use support::{Random, Run, Tree, anthropic_key, key_of, mask, run, skant};

const NOTHING: [&str; 0] = [];

/// Runs `skant staged --format json`.
fn staged<A: AsRef<OsStr>>(tree: &Tree, arguments: &[A]) -> Run {
    staged_with(tree, arguments, &[])
}

fn staged_with<A: AsRef<OsStr>>(tree: &Tree, arguments: &[A], environment: &[(&str, &str)]) -> Run {
    let mut command = tree.command(&["staged", "--format", "json"]);
    command.args(arguments).envs(environment.iter().copied());
    run(command, b"")
}

/// The paths and lines in which a run that has nothing to complain about finds something.
#[track_caller]
fn found<A: AsRef<OsStr>>(tree: &Tree, arguments: &[A]) -> Vec<String> {
    places(&staged(tree, arguments))
}

#[track_caller]
fn places(run: &Run) -> Vec<String> {
    let places: Vec<String> =
        run.each("path").into_iter().zip(run.each("line")).map(|(path, line)| format!("{path}:{line}")).collect();
    assert_eq!((run.status, run.stderr.as_str()), (i32::from(!places.is_empty()), ""), "{run:#?}");
    places
}

/// A repository with a commit.
fn committed(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::repo();
    files.iter().for_each(|(name, text)| {
        tree.file(name, text);
    });
    tree.git(&["add", "-A"]).git(&["commit", "-qm", "first", "--allow-empty"]);
    tree
}

fn line(seed: u64) -> String {
    format!("key = \"{}\"\n", anthropic_key(seed))
}

/// Every file below a folder with its content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            all.append(&mut contents(&entry.path()));
        } else {
            all.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    all
}

// What counts.

#[test]
fn before_the_first_commit_everything_staged_counts() {
    let tree = Tree::repo();
    tree.key("a").key("sub/b").key("not-staged").git(&["add", "a", "sub"]);
    assert_eq!(found(&tree, &NOTHING), ["a:1", "sub/b:1"]);
}

#[test]
fn nothing_staged_is_clean_and_is_said() {
    let tree = committed(&[("a", &line(1))]);
    let run = staged(&tree, &NOTHING);
    assert_eq!((run.status, run.notices()), (0, vec!["nothing is staged".to_owned()]), "{run:#?}");
    assert_eq!(run.json()["scan"]["source"], "staged");
    assert!(skant(&tree, &["staged"]).stdout.contains("nothing is staged"));
    assert_eq!(skant(&Tree::repo(), &["staged"]).status, 0);
}

#[test]
fn the_index_is_read_and_never_the_working_copy() {
    let tree = committed(&[("a", "x\n"), ("b", "x\n")]);
    tree.key("a").git(&["add", "a"]).file("a", "x\n").key("b").key("untracked");
    assert_eq!(found(&tree, &NOTHING), ["a:1"]);
    fs::remove_file(tree.path("a")).unwrap();
    assert_eq!(found(&tree, &NOTHING), ["a:1"]);
}

#[test]
fn added_and_changed_lines_count() {
    let tree = committed(&[("a", &format!("x\n{}y\n", line(1)))]);
    tree.file("a", &format!("new\nx\n{}y\n{}z\n", line(1), line(2))).git(&["add", "a"]);
    assert_eq!(found(&tree, &NOTHING), ["a:5"]);
    tree.file("a", &format!("x\n{}y\n", line(3))).git(&["add", "a"]);
    assert_eq!(found(&tree, &NOTHING), ["a:2"]);
    tree.file("a", &format!("{}y\n", line(1))).git(&["add", "a"]);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
}

#[test]
fn the_same_key_in_a_new_line_counts() {
    let tree = committed(&[("a", &line(1))]);
    tree.file("a", &(line(1) + "x\n" + &line(1))).git(&["add", "a"]);
    assert_eq!(found(&tree, &NOTHING), ["a:3"]);
}

#[test]
fn a_line_that_is_a_secret_since_the_change_counts() {
    let value = support::password();
    let tree = committed(&[("a.yml", &format!("- name: COLOR\n  value: {value}\n"))]);
    tree.file("a.yml", &format!("- name: DB_PASSWORD\n  value: {value}\n")).git(&["add", "a.yml"]);
    assert_eq!(found(&tree, &NOTHING), ["a.yml:2"]);
}

#[test]
fn a_secret_of_several_lines_counts_when_one_of_them_changed() {
    let key = support::private_key(1, 6);
    let tree = committed(&[("a.pem", &key)]);
    let lines: Vec<&str> = key.lines().collect();
    let other = support::private_key(2, 6);
    let changed = [&lines[..3], &other.lines().skip(3).take(1).collect::<Vec<_>>(), &lines[4..]].concat().join("\n");
    tree.file("a.pem", &changed).git(&["add", "a.pem"]);
    assert_eq!(found(&tree, &NOTHING), ["a.pem:1"]);
}

#[test]
fn a_named_file_without_staged_changes_is_scanned_whole() {
    let tree = committed(&[("a", &line(1)), ("sub/b", &format!("x\n{}", line(2))), ("c", "x\n")]);
    assert_eq!(found(&tree, &["a", "c", "sub/b"]), ["a:1", "sub/b:2"]);
    // What is staged of it is told from what was there.
    tree.file("a", &(line(1) + "x\n")).git(&["add", "a"]);
    assert_eq!(found(&tree, &["a", "sub/b"]), ["sub/b:2"]);
}

#[test]
fn a_named_folder_means_what_is_staged_in_it() {
    let tree = committed(&[("sub/old", &line(1)), ("a", "x\n")]);
    tree.key("sub/new").key("sub/deep/new").key("sub-not").git(&["add", "-A"]);
    assert_eq!(found(&tree, &["sub"]), ["sub/deep/new:1", "sub/new:1"]);
    assert_eq!(found(&tree, &["./sub/"]), ["sub/deep/new:1", "sub/new:1"]);
    assert_eq!(found(&tree, &["."]), ["sub-not:1", "sub/deep/new:1", "sub/new:1"]);
}

#[test]
fn names_are_relative_to_where_we_are() {
    let tree = committed(&[("sub/a", &line(1)), ("b", &line(2))]);
    assert_eq!(found(&tree, &["-C", "sub", "a", "../b"]), ["b:1", "sub/a:1"]);
    assert_eq!(found(&tree, &[tree.path("sub/a")]), ["sub/a:1"]);
    tree.link("../elsewhere", tree.path(""));
    assert_eq!(found(&tree, &[tree.path("../elsewhere/sub/a")]), ["sub/a:1"]);
}

#[test]
fn a_name_that_is_not_known_fails() {
    let tree = committed(&[("a", "x\n")]);
    tree.key("untracked").key("../outside");
    for name in ["missing", "untracked", "../outside", "a/b", "sub/missing"] {
        let run = staged(&tree, &[name, "a"]);
        assert_eq!((run.status, run.skipped()), (2, vec![name.to_owned()]), "{run:#?}");
    }
}

#[test]
fn a_file_with_the_name_of_an_option_is_none() {
    let tree = committed(&[("a", &line(1)), ("--fail-on=never", "x\n"), ("-q", "x\n")]);
    for arguments in [&["a", "--fail-on=never"][..], &["-q", "a"]] {
        let run = staged(&tree, arguments);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
        assert!(run.stderr.contains("put `--` between"), "{run:#?}");
    }
    assert_eq!(found(&tree, &["--", "a", "--fail-on=never", "-q"]), ["a:1"]);
}

#[test]
fn what_is_staged_to_be_deleted_may_be_named() {
    let tree = committed(&[("a", &line(1)), ("sub/b", &line(2))]);
    tree.git(&["rm", "-q", "a", "sub/b"]);
    assert_eq!(found(&tree, &["a", "sub/b", "sub"]), NOTHING);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
}

#[test]
fn names_of_new_files_and_folders_are_scanned() {
    let tree = committed(&[("a", "x\n")]);
    let (file, folder) = (anthropic_key(1), anthropic_key(2));
    tree.file(&file, "x\n").file(format!("{folder}/deep/x"), "x\n").git(&["add", "-A"]);
    let run = staged(&tree, &NOTHING);
    assert_eq!(run.each("path"), [mask(&file), mask(&folder)]);
    assert_eq!(run.each("where"), ["path", "path"]);
    tree.git(&["commit", "-qm", "x"]).file(&file, "y\n").git(&["add", "-A"]);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
}

// States of files.

#[test]
fn a_file_that_is_only_meant_to_be_added_is_not_staged() {
    let tree = committed(&[("a", "x\n")]);
    tree.key("b").git(&["add", "-N", "b"]);
    let run = staged(&tree, &NOTHING);
    assert_eq!((run.status, run.notices().len()), (0, 1), "{run:#?}");
    let run = staged(&tree, &["b"]);
    assert_eq!((run.status, run.skipped()), (2, vec!["b".to_owned()]), "{run:#?}");
}

#[test]
fn a_renamed_file_counts_where_it_is_edited() {
    let filler: String = (0..40).map(|number| format!("line {number}\n")).collect();
    let tree = committed(&[("old", &(filler.clone() + &line(1))), ("sub/deep/other", "x\n")]);
    tree.git(&["mv", "old", "new"]);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
    tree.file("new", &(filler.clone() + &line(1) + &line(2))).git(&["add", "new"]);
    assert_eq!(found(&tree, &NOTHING), ["new:42"]);
    // From a folder that is gone as a whole.
    let tree = committed(&[("sub/deep/old", &(filler.clone() + &line(1)))]);
    fs::create_dir(tree.path("to")).unwrap();
    tree.git(&["mv", "sub/deep/old", "to/new"]);
    tree.file("to/new", &(filler + &line(1) + &line(2))).git(&["add", "-A"]);
    assert_eq!(found(&tree, &NOTHING), ["to/new:42"]);
}

#[test]
fn a_rewritten_file_under_a_new_name_is_new() {
    let tree = committed(&[("old", &(line(1) + "some\nother\nlines\nof\nno\nrelation\nat\nall\n"))]);
    tree.git(&["mv", "old", "new"]).file("new", &(line(1) + &line(2) + &line(3))).git(&["add", "new"]);
    assert_eq!(found(&tree, &NOTHING), ["new:1", "new:2", "new:3"]);
}

#[test]
fn a_copy_is_new() {
    let tree = committed(&[("a", &line(1))]);
    tree.file("b", &line(1)).git(&["add", "b"]);
    assert_eq!(found(&tree, &NOTHING), ["b:1"]);
}

#[test]
fn links_and_files_that_take_each_others_place_are_new() {
    let tree = committed(&[("a", &line(1)), ("b", "x\n")]);
    tree.link("c", "target").git(&["add", "c"]).git(&["commit", "-qm", "c"]);
    fs::remove_file(tree.path("b")).unwrap();
    fs::remove_file(tree.path("c")).unwrap();
    tree.link("b", anthropic_key(2)).file("c", &line(3)).git(&["add", "-A"]);
    assert_eq!(found(&tree, &NOTHING), ["b:1", "c:1"]);
}

#[test]
fn a_file_in_place_of_a_folder_is_new_and_so_is_the_reverse() {
    let tree = committed(&[("a/x", "x\n"), ("b", "x\n"), ("a.c", "x\n"), ("a0", "x\n")]);
    fs::remove_dir_all(tree.path("a")).unwrap();
    fs::remove_file(tree.path("b")).unwrap();
    tree.key("a").key("b/x").git(&["add", "-A"]);
    assert_eq!(found(&tree, &NOTHING), ["a:1", "b/x:1"]);
}

#[test]
fn a_mode_alone_brings_no_line() {
    let tree = committed(&[("a", &line(1))]);
    fs::set_permissions(tree.path("a"), fs::Permissions::from_mode(0o755)).unwrap();
    tree.git(&["add", "a"]);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
}

#[test]
fn both_sides_of_a_conflict_are_scanned_and_the_scan_is_incomplete() {
    let tree = committed(&[("a", "x\n"), ("b", "x\n")]);
    tree.git(&["checkout", "-qb", "other"]).file("a", &line(1)).git(&["commit", "-qam", "theirs"]);
    tree.git(&["checkout", "-q", "main"]).file("a", "ours\n").git(&["commit", "-qam", "ours"]);
    let merge = std::process::Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.invalid", "merge", "-q", "other"])
        .current_dir(tree.path(""))
        .output();
    assert_eq!(merge.unwrap().status.code(), Some(1));
    for arguments in [&[][..], &["a"], &["b", "a"]] {
        let run = staged(&tree, arguments);
        assert_eq!((run.status, run.each("path"), run.skipped()), (2, vec!["a".into()], vec!["a".into()]), "{run:#?}");
    }
}

#[test]
fn a_submodules_commit_is_no_file_and_its_own_index_counts() {
    let tree = Tree::new();
    tree.git_init("inner")
        .file("inner/x", "x\n")
        .git_in("inner", &["add", "x"])
        .git_in("inner", &["commit", "-qm", "x"]);
    tree.git_init("outer").file("outer/a", "x\n");
    tree.git_in("outer", &["submodule", "--quiet", "add", "../inner", "sub"]).git_in("outer", &["add", "-A"]);
    assert_eq!(found(&tree, &["-C", "outer"]), NOTHING);
    tree.git_in("outer", &["commit", "-qm", "a"]).key("outer/sub/y").git_in("outer/sub", &["add", "y"]);
    assert_eq!(found(&tree, &["-C", "outer/sub"]), ["y:1"]);
    assert_eq!(found(&tree, &["-C", "outer/sub", "x", "y"]), ["y:1"]);
}

// States of the index.

/// A repository with folders that are changed, and others that are not; and what is to be found.
fn changed_here_and_there() -> (Tree, Vec<&'static str>) {
    let tree = Tree::repo();
    for folder in ["", "a/", "a/b/", "a/b/c/", "a.d/", "z/"] {
        for file in ["1", "2", "x.y"] {
            tree.file(format!("{folder}{file}"), &(folder.to_owned() + file + "\n"));
        }
    }
    tree.git(&["add", "-A"]).git(&["commit", "-qm", "first"]);
    tree.key("a/b/2").key("a/b/new").key("z/1").key("a.d/c/new").git(&["add", "-A"]).git(&["rm", "-q", "a/1"]);
    (tree, vec!["a.d/c/new:1", "a/b/2:1", "a/b/new:1", "z/1:1"])
}

#[test]
fn what_the_index_remembers_of_folders_is_passed_over() {
    let (tree, expected) = changed_here_and_there();
    assert_eq!(found(&tree, &NOTHING), expected);
    // Nothing is remembered; all is, but of what is staged; all, and HEAD is behind.
    tree.git(&["-c", "index.threads=1", "read-tree", "--empty"]).git(&["add", "-A"]);
    assert_eq!(found(&tree, &NOTHING), expected);
    tree.git(&["write-tree"]);
    assert_eq!(found(&tree, &NOTHING), expected);
    tree.git(&["commit", "-qm", "second"]);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
    tree.git(&["reset", "-q", "--soft", "HEAD^"]);
    assert_eq!(found(&tree, &NOTHING), expected);
}

#[test]
fn every_version_of_the_index_is_read() {
    for version in ["2", "3", "4"] {
        let (tree, expected) = changed_here_and_there();
        tree.git(&["update-index", "--index-version", version]);
        assert_eq!(found(&tree, &NOTHING), expected, "{version}");
        tree.git(&["update-index", "--skip-worktree", "a/b/2", "1"]);
        assert_eq!(found(&tree, &NOTHING), expected, "{version}");
        assert_eq!(found(&tree, &["a/b/2", "1"]), ["a/b/2:1"], "{version}");
    }
}

#[test]
fn a_split_index_is_read() {
    let (tree, expected) = changed_here_and_there();
    tree.git(&["-c", "splitIndex.maxPercentChange=100", "update-index", "--split-index"]);
    assert!(
        fs::read_dir(tree.path(".git"))
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with("sharedindex.") })
    );
    assert_eq!(found(&tree, &NOTHING), expected);
    // What is replaced, what is new and what is gone stands apart from what is shared.
    tree.file("z/1", "clean\n").key("z/2").key("z/3").key("0");
    tree.git(&["-c", "splitIndex.maxPercentChange=100", "add", "-A"]);
    tree.git(&["-c", "splitIndex.maxPercentChange=100", "rm", "-qf", "a/b/2"]);
    assert_eq!(found(&tree, &NOTHING), ["0:1", "a.d/c/new:1", "a/b/new:1", "z/2:1", "z/3:1"]);
    let shared = fs::read_dir(tree.path(".git")).unwrap().map(Result::unwrap);
    shared.filter(|one| one.file_name().to_string_lossy().starts_with("shared")).for_each(|one| {
        fs::remove_file(one.path()).unwrap();
    });
    let run = skant(&tree, &["staged"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("split"), "{run:#?}");
}

#[test]
fn a_sparse_index_is_read() {
    let (tree, expected) = changed_here_and_there();
    tree.git(&["commit", "-qm", "second"]);
    tree.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "a.d"]);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
    tree.key("a.d/2").git(&["add", "a.d/2"]);
    assert_eq!(found(&tree, &NOTHING), ["a.d/2:1"]);
    // A file within a folder that the index has as a whole.
    assert_eq!(found(&tree, &["a/b/2", "a", "a/b/c"]), ["a/b/2:1"]);
    assert_eq!(staged(&tree, &["a/b/missing", "a/1/x"]).skipped(), ["a/1/x", "a/b/missing"]);
    // Folders that differ from HEAD's.
    tree.file("a.d/2", "a.d/2\n").git(&["add", "a.d/2"]).git(&["reset", "-q", "--soft", "HEAD^"]);
    assert_eq!(found(&tree, &NOTHING), expected);
}

/// What git itself says is new or changed.
fn told_by_git(tree: &Tree) -> Vec<String> {
    let mut diff = std::process::Command::new("git");
    diff.args(["diff", "--cached", "--no-renames", "--diff-filter=AMT", "--name-only", "-z"]);
    let output = diff.current_dir(tree.path("")).output().unwrap().stdout;
    let names = output.split(|&byte| byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8(name.to_vec()).unwrap() + ":1").collect()
}

#[test]
fn whatever_is_staged_is_what_git_says() {
    let mut random = Random::new(7);
    let tree = Tree::repo();
    let names = ["a", "b", "b.c", "b-", "b0", "c", "é"];
    let any_path = move |random: &mut Random| {
        let depth = random.number() % 4;
        let mut parts: Vec<&str> = (0..depth).map(|_| names[random.number() as usize % names.len()]).collect();
        parts.push(["x", "y", "y.z"][random.number() as usize % 3]);
        parts.join("/")
    };
    for round in 0..25 {
        for _ in 0..random.number() % 12 {
            // Every file that is written has a key that nobody has seen.
            let (path, seed) = (any_path(&mut random), random.number());
            tree.file(&path, &line(seed));
        }
        for _ in 0..random.number() % 5 {
            let path = any_path(&mut random);
            let _ = fs::remove_file(tree.path(&path)).or_else(|_| fs::remove_dir_all(tree.path(&path)));
        }
        let version = ["2", "4"][random.number() as usize % 2];
        tree.git(&["update-index", "--index-version", version]).git(&["add", "-A"]);
        match random.number() % 5 {
            0 => tree.git(&["write-tree"]),
            1 => tree.git(&["-c", "splitIndex.maxPercentChange=100", "update-index", "--split-index"]),
            2 => tree.git(&["update-index", "--no-split-index"]),
            3 => tree.git(&["reset", "-q"]).git(&["add", "-A"]),
            _ => &tree,
        };
        assert_eq!(found(&tree, &NOTHING), told_by_git(&tree), "round {round}");
        if random.number().is_multiple_of(2) {
            tree.git(&["commit", "-qm", "x", "--allow-empty"]);
        }
    }
}

#[test]
fn the_index_that_git_names_is_read() {
    let tree = committed(&[("a", "x\n"), ("sub/b", "x\n")]);
    tree.key("a").key("sub/b");
    fs::copy(tree.path(".git/index"), tree.path(".git/other")).unwrap();
    let other = tree.path(".git/other");
    let mut add = std::process::Command::new("git");
    add.args(["add", "sub/b"]).current_dir(tree.path("")).env("GIT_INDEX_FILE", &other);
    assert!(add.status().unwrap().success());
    assert_eq!(found(&tree, &NOTHING), NOTHING);
    for (folder, named) in [(".", other.to_str().unwrap()), (".", ".git/other"), ("sub", ".git/other")] {
        let run = staged_with(&tree, &["-C", folder], &[("GIT_INDEX_FILE", named)]);
        assert_eq!(places(&run), ["sub/b:1"], "{folder} {named}");
    }
    let run = staged_with(&tree, &NOTHING, &[("GIT_INDEX_FILE", ".git/missing")]);
    assert_eq!(run.status, 2, "{run:#?}");
}

#[test]
fn the_repository_that_git_names_is_read() {
    let tree = Tree::new();
    tree.git_init("one").git_init("two").key("one/a").git_in("one", &["add", "a"]);
    let named = tree.path("one/.git");
    let named = named.to_str().unwrap();
    assert_eq!(places(&staged_with(&tree, &["-C", "two"], &[("GIT_DIR", named)])), ["a:1"]);
    assert_eq!(places(&staged_with(&tree, &["-C", "two", "a"], &[("GIT_DIR", named)])), ["a:1"]);
    let root = tree.path("one");
    let environment = [("GIT_DIR", named), ("GIT_WORK_TREE", root.to_str().unwrap())];
    assert_eq!(places(&staged_with(&tree, &["../one/a", "-C", "two"], &environment)), ["a:1"]);
    for (name, value) in [("GIT_DIR", "missing"), ("GIT_DIR", "one")] {
        let run = staged_with(&tree, &["-C", "one"], &[(name, value)]);
        assert_eq!(run.status, 2, "{name} {value} {run:#?}");
    }
}

#[test]
fn objects_are_found_where_git_names_them() {
    let tree = committed(&[("a", "x\n")]);
    tree.key("a").folder(".git/new");
    let mut add = std::process::Command::new("git");
    add.args(["add", "a"]).current_dir(tree.path("")).env("GIT_OBJECT_DIRECTORY", ".git/new");
    add.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", ".git/objects");
    assert!(add.status().unwrap().success());
    let run = staged(&tree, &NOTHING);
    assert_eq!((run.status, run.skipped()), (2, vec!["a".to_owned()]), "{run:#?}");
    let environment = [("GIT_OBJECT_DIRECTORY", ".git/new"), ("GIT_ALTERNATE_OBJECT_DIRECTORIES", ".git/objects")];
    assert_eq!(places(&staged_with(&tree, &NOTHING, &environment)), ["a:1"]);
}

#[test]
fn a_linked_worktree_has_an_index_of_its_own() {
    let tree = Tree::new();
    tree.git_init("main").file("main/a", "x\n").git_in("main", &["add", "a"]).git_in("main", &["commit", "-qm", "a"]);
    tree.git_in("main", &["worktree", "add", "-q", "../linked"]).key("linked/b").git_in("linked", &["add", "b"]);
    assert_eq!(found(&tree, &["-C", "main"]), NOTHING);
    assert_eq!(found(&tree, &["-C", "linked"]), ["b:1"]);
    assert_eq!(found(&tree, &["-C", "linked", "a", "b"]), ["b:1"]);
}

#[test]
fn many_files_are_read_by_many_threads() {
    let tree = Tree::repo();
    (0..300).for_each(|number| {
        tree.key(&format!("{:02}/{number:03}", number % 7));
    });
    tree.git(&["add", "-A"]);
    assert_eq!(found(&tree, &NOTHING).len(), 300);
    let (one, four) = (staged(&tree, &["--threads", "1"]), staged(&tree, &["--threads", "4"]));
    assert_eq!((one.status, &one.stdout), (1, &four.stdout));
    assert_eq!(one.json()["scan"]["files"], 300);
}

#[test]
fn of_a_file_with_another_mode_no_line_is_new_and_it_is_scanned_whole_when_it_is_named() {
    let tree = committed(&[("a", &line(1)), ("d/b", &line(2)), ("d/c", &line(3))]);
    tree.git(&["update-index", "--chmod=+x", "a", "d/b"]);
    assert_eq!(found(&tree, &NOTHING), NOTHING);
    assert_eq!(found(&tree, &["a"]), ["a:1"]);
    assert_eq!(found(&tree, &["d"]), NOTHING);
    assert_eq!(found(&tree, &["d", "d/b"]), ["d/b:1"]);
    assert_eq!(found(&tree, &["a", "d/b", "d/c"]), ["a:1", "d/b:1", "d/c:1"]);
    tree.file("a", &(line(1) + &line(4))).git(&["add", "a"]).git(&["update-index", "--chmod=+x", "a"]);
    assert_eq!(found(&tree, &["a"]), ["a:2"]);
}

#[test]
fn a_large_file_is_read_piece_by_piece() {
    let tree = committed(&[("a", "x\n")]);
    let large = "just some text, of which there is much\n".repeat(900_000) + &line(1);
    tree.file("large", &large).git(&["add", "large"]);
    assert_eq!(found(&tree, &NOTHING), ["large:900001"]);
    tree.git(&["repack", "-q", "-a", "-d"]);
    assert_eq!(found(&tree, &NOTHING), ["large:900001"]);
}

#[test]
fn a_large_file_that_is_cut_short_is_told() {
    let tree = committed(&[("a", "x\n")]);
    let large = line(1) + &"just some text, of which there is much\n".repeat(900_000);
    tree.file("large", &large).git(&["-c", "core.looseCompression=0", "add", "large"]);
    let files = walk(&tree.path(".git/objects"));
    let object = files.into_iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
    let whole = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    for cut in [whole.len() / 2, whole.len() - 1, 40, 3] {
        fs::write(&object, &whole[..cut]).unwrap();
        let run = staged(&tree, &NOTHING);
        assert_eq!((run.status, run.skipped()), (2, vec!["large".to_owned()]), "{cut}: {run:#?}");
    }
}

/// All files below a folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

// Damage and absence.

#[test]
fn where_there_is_no_repository_the_run_fails() {
    let tree = Tree::new();
    tree.key("a");
    let run = skant(&tree, &["staged"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("no git repository"), "{run:#?}");
}

#[test]
fn a_repository_without_an_index_fails() {
    let tree = committed(&[("a", &line(1))]);
    tree.git(&["clone", "-q", "--bare", ".", "../bare"]);
    let run = skant(&tree, &["-C", "../bare", "staged"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("bare"), "{run:#?}");
}

#[test]
fn what_a_shallow_or_partial_clone_lacks_is_not_needed() {
    let tree = committed(&[("a", &line(1)), ("b", "x\n")]);
    tree.git(&["config", "uploadpack.allowFilter", "true"]).git(&["commit", "-qm", "x", "--allow-empty"]);
    let from = format!("file://{}", tree.path("").display());
    tree.git(&["clone", "-q", "--depth=1", "--filter=blob:none", "--no-checkout", &from, "../part"]);
    tree.git_in("../part", &["reset", "-q"]).key("../part/b").git_in("../part", &["add", "b"]);
    assert_eq!(found(&tree, &["-C", "../part"]), ["b:1"]);
    let run = staged(&tree, &["-C", "../part", "a"]);
    assert_eq!((run.status, run.skipped()), (2, vec!["a".to_owned()]), "{run:#?}");
}

#[test]
fn a_damaged_index_fails() {
    let (tree, _) = changed_here_and_there();
    let whole = fs::read(tree.path(".git/index")).unwrap();
    for length in [0, 1, 11, 40, 200, whole.len() - 30, whole.len() - 1] {
        tree.bytes(".git/index", &whole[..length]);
        let run = staged(&tree, &NOTHING);
        assert_eq!(run.status, 2, "{length} {run:#?}");
    }
    tree.bytes(".git/index", [&whole[..], b"more"].concat());
    assert_eq!(staged(&tree, &NOTHING).status, 2);
    let mut random = Random::new(1);
    for _ in 0..60 {
        let mut damaged = whole.clone();
        let (at, bit) = (random.number() as usize % whole.len(), random.number() % 8);
        damaged[at] ^= 1 << bit;
        tree.bytes(".git/index", damaged);
        let run = staged(&tree, &NOTHING);
        assert!([0, 1, 2].contains(&run.status), "{at} {bit} {run:#?}");
    }
}

#[test]
fn an_object_that_is_damaged_or_missing_is_told() {
    let tree = committed(&[("a", "x\n")]);
    tree.key("a").key("b").git(&["add", "-A"]);
    let objects: Vec<PathBuf> = contents(&tree.path(".git/objects")).into_keys().collect();
    let id = |name: &str| {
        let output = std::process::Command::new("git")
            .args(["rev-parse", &format!(":{name}")])
            .current_dir(tree.path(""))
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    };
    let file = |name: &str| objects.iter().find(|path| path.ends_with(&id(name)[2..])).unwrap().clone();
    fs::remove_file(file("a")).unwrap();
    fs::set_permissions(file("b"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(file("b"), b"rubbish").unwrap();
    let run = staged(&tree, &NOTHING);
    assert_eq!((run.status, run.skipped()), (2, vec!["a".into(), "b".into()]), "{run:#?}");
}

#[test]
fn a_head_that_cannot_be_read_fails() {
    let tree = committed(&[("a", "x\n")]);
    tree.key("a").git(&["add", "a"]).file(".git/refs/heads/main", &("1".repeat(40) + "\n"));
    let run = skant(&tree, &["staged"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("HEAD"), "{run:#?}");
}

#[test]
fn a_repository_with_ids_of_another_kind_is_refused_with_the_reason() {
    let tree = Tree::new();
    tree.git(&["init", "-q", "--object-format=sha256"]).key("a").git(&["add", "a"]);
    let run = skant(&tree, &["staged"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.to_lowercase().contains("objectformat") || run.stderr.contains("object format"), "{run:#?}");
}

// Nobody else has a say.

#[test]
fn no_setting_and_no_attribute_changes_what_is_seen_and_no_program_is_run() {
    let tree = committed(&[("a", "x\n")]);
    let program = tree.path("program");
    tree.file("program", "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\nexit 0\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap().to_owned();
    tree.file(".gitattributes", "* -diff -text diff=strange filter=strange\n*.bin binary\n");
    tree.key("a").key("b.bin").git(&["add", "a", "b.bin"]);
    for (name, value) in [
        ("color.ui", "always"),
        ("diff.external", program.as_str()),
        ("diff.strange.textconv", program.as_str()),
        ("diff.strange.command", program.as_str()),
        ("filter.strange.smudge", program.as_str()),
        ("filter.strange.clean", program.as_str()),
        ("diff.noprefix", "true"),
        ("core.quotepath", "true"),
        ("core.fsmonitor", program.as_str()),
        ("core.hooksPath", tree.path("").to_str().unwrap()),
        ("core.pager", program.as_str()),
        ("core.sshCommand", program.as_str()),
    ] {
        tree.git(&["config", name, value]);
    }
    let _ = fs::remove_file(tree.path("ran"));
    let before = contents(&tree.path(""));
    let mut command = tree.command(&["staged", "--format", "json"]);
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("GIT_EXTERNAL_DIFF", &program);
    assert_eq!(places(&run(command, b"")), ["a:1", "b.bin:1"]);
    assert!(!tree.path("ran").exists());
    assert_eq!(contents(&tree.path("")), before, "nothing is written");
}

#[test]
fn a_key_is_shown_masked_and_only_so() {
    let tree = Tree::repo();
    tree.key("a").git(&["add", "a"]);
    for format in ["human", "json", "jsonl", "sarif"] {
        let run = skant(&tree, &["staged", "--format", format]);
        assert_eq!(run.status, 1);
        assert!(run.stdout.contains(&mask(&key_of("a"))) && !run.all().contains(&key_of("a")), "{run:#?}");
    }
}

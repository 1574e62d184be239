//! The walk: which files are scanned, under which names, and what is said of the others.
#![cfg(unix)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use support::{Tree, anthropic_key, found, key_of, mask, run, scan, skant};

const NOTHING: [&str; 0] = [];

// What is in.

#[test]
fn hidden_files_are_scanned_and_the_repository_itself_is_not() {
    let tree = Tree::repo();
    tree.key(".hidden").key(".github/workflows/ci.yml").key(".git/config.bak").key(".git/hooks/pre-push").key("a");
    assert_eq!(found(&tree, &["."]), [".github/workflows/ci.yml", ".hidden", "a"]);
}

#[test]
fn a_git_file_is_left_out_as_the_folder_is() {
    let tree = Tree::new();
    tree.file("sub/.git", &format!("gitdir: ../elsewhere/{}\n", key_of("sub/.git"))).key("sub/a");
    assert_eq!(found(&tree, &["."]), ["a"]);
}

fn assert_ignore_files_are_honoured(tree: &Tree) {
    tree.file(".gitignore", "*.log\n/build/\n")
        .key("a.log")
        .key("sub/b.log")
        .key("build/c")
        .key("sub/build/d")
        .key("e");
    assert_eq!(found(tree, &["."]), ["e", "sub/build/d"]);
}

#[test]
fn ignore_files_are_honoured_in_a_repository() {
    assert_ignore_files_are_honoured(&Tree::repo());
}

#[test]
fn ignore_files_are_honoured_outside_a_repository() {
    assert_ignore_files_are_honoured(&Tree::new());
}

#[test]
fn a_nested_ignore_file_has_the_last_word() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.log\n").file("sub/.gitignore", "!keep.log\n*.tmp\n");
    tree.key("keep.log").key("a.tmp").key("sub/keep.log").key("sub/b.log").key("sub/c.tmp").key("sub/deep/keep.log");
    assert_eq!(found(&tree, &["."]), ["a.tmp", "sub/deep/keep.log", "sub/keep.log"]);
}

#[test]
fn a_nested_ignore_file_does_not_reach_outside_of_its_folder() {
    let tree = Tree::repo();
    tree.file("sub/.gitignore", "/a\nb\n").key("a").key("b").key("sub/a").key("sub/deep/a").key("sub/deep/b");
    assert_eq!(found(&tree, &["."]), ["a", "b", "sub/deep/a"]);
}

#[test]
fn the_rules_above_a_named_folder_count() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.log\n")
        .file("one/.gitignore", "!keep.log\n")
        .key("one/two/a.log")
        .key("one/two/keep.log");
    assert_eq!(found(&tree, &["one/two"]), ["one/two/keep.log"]);
}

#[test]
fn the_exclude_file_of_a_clone_counts() {
    let tree = Tree::repo();
    tree.file(".git/info/exclude", "mine\n").key("mine").key("sub/mine").key("yours");
    assert_eq!(found(&tree, &["."]), ["yours"]);
}

#[test]
fn the_exclude_file_counts_in_a_linked_worktree() {
    let tree = Tree::new();
    tree.git_init("main").file("main/a", "").git_in("main", &["add", "a"]).git_in("main", &["commit", "-qm", "a"]);
    tree.git_in("main", &["worktree", "add", "-q", "../linked"]).file("main/.git/info/exclude", "mine\n");
    tree.key("linked/mine").key("linked/yours").key("linked/forced/mine");
    tree.git_in("linked", &["add", "-f", "forced/mine"]);
    assert_eq!(found(&tree, &["linked"]), ["forced/mine", "yours"]);
}

#[test]
fn the_users_own_ignore_file_counts() {
    let tree = Tree::repo();
    tree.bytes(tree.home().join(".config/git/ignore"), "mine\n").key("mine").key("yours");
    assert_eq!(found(&tree, &["."]), ["yours"]);
}

#[test]
fn a_tracked_file_is_scanned_even_when_a_rule_matches_it() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.env\n").key("tracked.env").key("untracked.env").git(&["add", "-f", "tracked.env"]);
    assert_eq!(found(&tree, &["."]), ["tracked.env"]);
}

#[test]
fn a_tracked_file_in_an_ignored_folder_is_scanned() {
    let tree = Tree::repo();
    tree.file(".gitignore", "build/\n").key("build/deep/tracked").key("buildx/a").git(&["add", "-f", "build"]);
    assert_eq!(found(&tree, &["."]), ["build/deep/tracked", "buildx/a"]);
}

#[test]
fn an_untracked_file_in_an_ignored_folder_is_left_out_although_another_is_tracked() {
    let tree = Tree::repo();
    tree.file(".gitignore", "build/\n").key("build/tracked").key("build/untracked").key("build/sub/untracked");
    tree.git(&["add", "-f", "build/tracked"]);
    assert_eq!(found(&tree, &["."]), ["build/tracked"]);
}

#[test]
fn tracked_files_are_known_whatever_the_version_of_the_index() {
    for version in ["2", "3", "4"] {
        let tree = Tree::repo();
        tree.file(".gitignore", "*.env\nbuild/\n")
            .key("a/one.env")
            .key("a/two.env")
            .key("build/c")
            .key("untracked.env");
        tree.git(&["add", "-f", "a", "build"]);
        if version == "3" {
            // What makes an entry an extended one, and the index version 3.
            tree.file("later.env", "").git(&["add", "-N", "-f", "later.env"]).key("later.env");
        }
        tree.git(&["update-index", "--index-version", version]);
        let mut expected = vec!["a/one.env", "a/two.env", "build/c"];
        expected.extend((version == "3").then_some("later.env"));
        assert_eq!(found(&tree, &["."]), expected, "version {version}");
    }
}

#[test]
fn with_a_split_index_no_tracked_file_is_lost() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.env\nbuild/\n").key("tracked.env").key("build/a").git(&[
        "add",
        "-f",
        "tracked.env",
        "build",
    ]);
    tree.git(&["update-index", "--split-index"]).key("later.env").git(&["add", "-f", "later.env"]);
    let run = scan(&tree, &["."]);
    assert_eq!(run.each("path"), ["build/a", "later.env", "tracked.env"], "{run:#?}");
    // Whoever cannot read it says so.
    assert!(run.status == 1 || (run.status == 2 && run.skipped()[0].ends_with(".git/index")), "{run:#?}");
}

#[test]
fn in_a_sha256_repository_no_tracked_file_is_lost() {
    let tree = Tree::new();
    tree.git(&["init", "-q", "--object-format=sha256"]).file(".gitignore", "*.env\n").key("tracked.env").key("b");
    tree.git(&["add", "-f", "tracked.env", "b"]);
    let run = scan(&tree, &["."]);
    assert!(run.each("path").contains(&"tracked.env".to_owned()), "{run:#?}");
}

#[test]
fn a_damaged_index_is_told_and_nothing_is_left_out() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.env\n").key("a.env").git(&["add", "-f", "a.env"]).file(".git/index", "DIRC nonsense");
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.each("path")), (2, vec!["a.env".into()]), "{run:#?}");
    assert!(run.skipped()[0].ends_with(".git/index"), "{run:#?}");
}

#[test]
fn a_named_path_is_scanned_even_when_a_rule_matches_it() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.env\nbuild/\n").key("a.env").key("build/b").key("build/sub/c");
    assert_eq!(found(&tree, &["a.env"]), ["a.env"]);
    assert_eq!(found(&tree, &["build"]), ["build/b", "build/sub/c"]);
    assert_eq!(found(&tree, &["build/b"]), ["build/b"]);
}

#[test]
fn with_no_ignore_ignored_files_are_scanned() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.env\nbuild/\n")
        .file(".git/info/exclude", "mine\n")
        .key("a.env")
        .key("build/b")
        .key("mine");
    tree.key(".git/c");
    assert_eq!(found(&tree, &[".", "--no-ignore"]), ["a.env", "build/b", "mine"]);
}

// Nested repositories, and the names of files.

#[test]
fn a_nested_repository_has_its_own_rules_and_its_own_root() {
    let tree = Tree::repo();
    tree.file(".gitignore", "*.log\n").git_init("vendor/inner").file("vendor/inner/.gitignore", "*.tmp\n");
    tree.key("vendor/inner/src/a.log").key("vendor/inner/b.tmp").key("c.log").key("d.tmp");
    assert_eq!(found(&tree, &["."]), ["d.tmp", "src/a.log"]);
}

#[test]
fn with_no_ignore_a_nested_repository_has_its_own_root_still() {
    let tree = Tree::repo();
    tree.git_init("vendor/inner").key("vendor/inner/src/a");
    assert_eq!(found(&tree, &[".", "--no-ignore"]), ["src/a"]);
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let tree = Tree::new();
    tree.git_init("library").key("library/src/a.env").file("library/.gitignore", "*.env\n");
    tree.git_in("library", &["add", "-f", "."]).git_in("library", &["commit", "-qm", "a"]);
    tree.git_init("main").git_in("main", &["submodule", "--quiet", "add", "../library", "lib"]).key("main/b");
    assert_eq!(found(&tree, &["main"]), ["b", "src/a.env"]);
}

#[test]
fn paths_are_relative_to_the_repository_wherever_skant_is_started() {
    let tree = Tree::repo();
    tree.key("src/deep/a.py");
    let absolute = tree.path("src").into_os_string().into_string().unwrap();
    for (folder, arguments) in [
        ("", &["."][..]),
        ("", &["src/deep/a.py"]),
        ("", &["-C", "src/deep", "."]),
        ("", &["-C", "src", "deep"]),
        ("", &["-C", "src/deep", "a.py"]),
        ("src", &NOTHING),
        ("src/deep", &[".."]),
        ("src/deep", &["../../src/deep/../deep/a.py"]),
        ("..", &["tree"]),
        ("../home", &[&absolute]),
        ("../home", &["-C", &absolute]),
        ("../home", &["../tree/src/"]),
    ] {
        let arguments = [&["scan", "--format", "json"], arguments].concat();
        let mut command = tree.command(&arguments);
        command.current_dir(tree.path(folder));
        let run = run(command, b"");
        assert_eq!((run.status, run.each("path")), (1, vec!["src/deep/a.py".into()]), "{folder} {arguments:?}");
    }
}

#[test]
fn outside_a_repository_paths_are_relative_to_the_working_directory() {
    let tree = Tree::new();
    tree.key("src/a.py");
    let absolute = tree.path("src").into_os_string().into_string().unwrap();
    for arguments in [&["."][..], &["src"], &["./src/"], &["src/../src/a.py"], &[&absolute], &NOTHING] {
        assert_eq!(found(&tree, arguments), ["src/a.py"], "{arguments:?}");
    }
    assert_eq!(found(&tree, &["-C", "src", "."]), ["a.py"]);
}

#[test]
fn outside_of_that_too_paths_are_shown_as_they_were_given() {
    let tree = Tree::new();
    tree.folder("here").key("there/a.py");
    let absolute = tree.path("there").into_os_string().into_string().unwrap();
    let in_full = format!("{absolute}/a.py");
    for (given, shown) in [
        ("../there", "../there/a.py"),
        ("../there/", "../there/a.py"),
        ("../there/a.py", "../there/a.py"),
        (&absolute, &in_full),
        (&in_full, &in_full),
    ] {
        assert_eq!(found(&tree, &["-C", "here", given]), [shown], "{given}");
    }
}

#[test]
fn a_path_that_is_named_twice_is_reported_once() {
    let tree = Tree::new();
    tree.key("src/a");
    for arguments in [&[".", "./src"][..], &["src", "src"], &["src/a", ".", "src/../src/a"]] {
        let run = scan(&tree, arguments);
        assert_eq!(run.each("path"), ["src/a"], "{arguments:?}");
    }
}

#[test]
fn a_path_that_is_named_twice_is_counted_once() {
    let tree = Tree::new();
    tree.key("src/a");
    assert_eq!(scan(&tree, &[".", "./src"]).json()["scan"]["files"], 1);
}

#[test]
fn a_folder_and_the_one_above_it_are_reported_under_the_same_names() {
    let tree = Tree::new();
    tree.key("src/a");
    assert_eq!(found(&tree, &["-C", "src", ".", ".."]), ["a"]);
}

#[test]
fn several_paths_are_scanned_in_one_run() {
    let tree = Tree::new();
    tree.key("a").key("b/c").key("d");
    assert_eq!(found(&tree, &["b", "a"]), ["a", "b/c"]);
}

// What is not followed and not opened.

#[test]
fn links_are_not_followed_and_their_target_text_is_scanned() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    tree.folder("scanned")
        .key("elsewhere/a")
        .link("scanned/file", "../elsewhere/a")
        .link("scanned/folder", "../elsewhere");
    tree.link("scanned/loop", ".").link("scanned/told", format!("/nowhere/{key}"));
    let run = scan(&tree, &["scanned"]);
    assert_eq!(
        (run.each("path"), run.each("where")),
        (vec!["scanned/told".into()], vec!["content".into()]),
        "{run:#?}"
    );
    assert_eq!(run.each("secret"), [mask(&key)]);
    assert_eq!(run.findings()[0]["column"], 10);
}

#[test]
fn a_link_that_is_named_is_followed() {
    let tree = Tree::new();
    tree.key("real/a").link("file", "real/a").link("folder", "real");
    assert_eq!(found(&tree, &["file"]), ["real/a"]);
    assert_eq!(found(&tree, &["folder"]), ["real/a"]);
}

#[test]
fn a_link_that_is_named_and_leads_nowhere_is_told() {
    let tree = Tree::new();
    tree.link("file", "nowhere");
    let run = scan(&tree, &["file"]);
    assert_eq!((run.status, run.skipped()), (2, vec!["file".into()]));
}

#[test]
fn an_ignore_file_that_is_a_link_is_not_read_and_that_is_told() {
    for name in [".gitignore", "sub/.gitignore", ".ignore"] {
        let tree = Tree::repo();
        tree.file("rules", "*.env\n").link(name, tree.path("rules")).key("sub/a.env");
        let run = scan(&tree, &["."]);
        assert_eq!((run.status, run.each("path")), (1, vec!["sub/a.env".into()]), "{name}");
        assert!(run.notices()[0].contains(&format!("{name} do not count: it is a symbolic link")), "{run:#?}");
        assert!(
            skant(&tree, &["scan"]).stdout.contains(&format!("{name} do not count: it is a symbolic link")),
            "{name}"
        );
    }
}

#[test]
fn an_ignore_file_that_is_a_pipe_is_not_opened_and_that_is_told() {
    let tree = Tree::repo();
    tree.fifo(".gitignore").fifo("sub/.ignore").key("sub/a.env");
    for arguments in [".", "sub"] {
        let run = scan(&tree, &[arguments]);
        assert_eq!((run.status, run.each("path")), (1, vec!["sub/a.env".into()]));
        assert!(
            run.notices().iter().any(|notice| notice.contains(".gitignore do not count: it is a pipe")),
            "{run:#?}"
        );
        assert!(
            run.notices().iter().any(|notice| notice.contains("sub/.ignore do not count: it is a pipe")),
            "{run:#?}"
        );
    }
}

#[test]
fn a_submodule_is_scanned_although_it_is_ignored() {
    let tree = Tree::repo();
    tree.git_init("sub").key("sub/a.env").git_in("sub", &["add", "."]).git_in("sub", &["commit", "-qm", "x"]);
    tree.file(".gitignore", "sub/\n");
    assert_eq!(scan(&tree, &["."]).each("path"), [""; 0]);
    tree.git(&["add", "-f", "sub"]);
    assert_eq!(scan(&tree, &["."]).each("path"), ["a.env"]);
}

#[test]
fn an_ignore_file_that_leads_to_a_device_is_not_read() {
    let tree = Tree::repo();
    tree.link(".gitignore", "/dev/zero").link("sub/.gitignore", "/dev/stdin").key("sub/a.env");
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.each("path"), run.notices().len()), (1, vec!["sub/a.env".into()], 2), "{run:#?}");
}

#[test]
fn a_notice_names_the_path_as_findings_do() {
    let tree = Tree::repo();
    tree.file("rules", "").link("sub/.gitignore", "../rules");
    let run = scan(&tree, &["."]);
    assert_eq!(run.notices(), ["ignore rules in sub/.gitignore do not count: it is a symbolic link"]);
}

#[test]
fn no_pipe_in_the_repositorys_own_folder_makes_skant_wait() {
    for index in ["--no-split-index", "--split-index"] {
        for name in ["index", "info/exclude", "commondir", "config", "HEAD"] {
            let tree = Tree::repo();
            tree.file(".gitignore", "*.env\n").key("a.env").key("b").git(&["add", "-f", "."]);
            tree.git(&["update-index", index]);
            let _ = fs::remove_file(tree.path(".git").join(name));
            tree.fifo(format!(".git/{name}"));
            assert_eq!(scan(&tree, &["."]).each("path"), ["a.env", "b"], "{index} {name}");
        }
    }
}

#[test]
fn a_git_that_is_a_pipe_does_not_make_skant_wait() {
    let tree = Tree::new();
    tree.fifo("sub/.git").file("sub/.gitignore", "*.env\n").key("sub/b");
    assert!(scan(&tree, &["."]).each("path")[0].ends_with('b'));
}

#[test]
fn pipes_sockets_and_devices_in_a_tree_are_not_opened() {
    let tree = Tree::new();
    let _socket = UnixListener::bind(tree.path("socket")).unwrap();
    tree.fifo("pipe").fifo("sub/pipe").link("device", "/dev/zero").key("a");
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.each("path")), (1, vec!["a".into()]), "{run:#?}");
    assert_eq!(run.json()["scan"]["files"], 1);
}

#[test]
fn a_pipe_socket_or_device_that_is_named_is_told() {
    let tree = Tree::new();
    let _socket = UnixListener::bind(tree.path("socket")).unwrap();
    tree.fifo("pipe").key("a");
    for (name, what) in [("pipe", "a pipe"), ("socket", "a socket"), ("/dev/zero", "a device")] {
        let run = skant(&tree, &["scan", "a", name]);
        assert_eq!(run.status, 2, "{run:#?}");
        assert!(run.stdout.contains("1 secret in 1 file"), "{run:#?}");
        assert!(run.all().contains(&format!("{name}: it is {what}")), "{run:#?}");
    }
}

// What cannot be read.

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_scanned() {
    let tree = Tree::new();
    tree.key("open").key("closed/a").key("locked").key("entered/b");
    tree.mode("closed", 0o000).mode("locked", 0o000).mode("entered", 0o111);
    for (format, told) in [("human", "not scanned: {}: permission denied"), ("json", "\"path\": \"{}\"")] {
        let Some(command) = tree.command_of_nobody(&["scan", "--format", format]) else { return };
        let run = run(command, b"");
        assert_eq!(run.status, 2, "{run:#?}");
        assert!(run.stdout.contains(&mask(&key_of("open"))), "{run:#?}");
        for name in ["closed", "locked", "entered"] {
            let plain = told.replace("{}", name);
            let folder = told.replace("{}", &format!("{name}/"));
            assert!(run.all().contains(&plain) || run.all().contains(&folder), "{name}: {run:#?}");
        }
    }
}

#[test]
fn a_top_folder_that_cannot_be_read_has_a_name() {
    for (tree, arguments) in [(Tree::new(), ["."]), (Tree::repo(), ["."]), (Tree::repo(), ["../tree"])] {
        tree.key("a").mode("", 0o111);
        let Some(mut command) = tree.command_of_nobody(&["scan", "--format", "json"]) else { return };
        fs::set_permissions(tree.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o111)).unwrap();
        command.args(arguments);
        let run = run(command, b"");
        assert_eq!(run.status, 2, "{run:#?}");
        assert_eq!(run.skipped().len(), 1, "{run:#?}");
        assert_ne!(run.skipped()[0], "", "{run:#?}");
    }
}

#[test]
fn an_ignore_file_that_cannot_be_read_is_told() {
    let tree = Tree::new();
    tree.file("sub/.gitignore", "*.env\n").key("sub/a.env").mode("sub/.gitignore", 0o000);
    let Some(command) = tree.command_of_nobody(&["scan", "--format", "json"]) else { return };
    let run = run(command, b"");
    assert_eq!(run.each("path"), ["sub/a.env"]);
    assert!(run.notices().iter().chain(&run.skipped()).any(|told| told.contains("sub/.gitignore")), "{run:#?}");
}

#[test]
fn a_path_that_does_not_exist_is_told_and_the_rest_is_scanned() {
    let tree = Tree::new();
    tree.key("a");
    let run = skant(&tree, &["scan", "a", "no/such/file"]);
    assert_eq!(run.status, 2);
    assert!(run.stdout.contains(&mask(&key_of("a"))), "{run:#?}");
    assert!(run.all().contains("no/such/file: no such file or directory"), "{run:#?}");
    assert!(run.all().contains("The scan is incomplete"), "{run:#?}");
    let run = scan(&tree, &["no/such/file", "a"]);
    assert_eq!((run.status, run.skipped(), run.each("path")), (2, vec!["no/such/file".into()], vec!["a".into()]));
    assert_eq!(run.json()["scan"]["complete"], false);
}

// Names.

#[test]
fn names_that_are_no_text_are_scanned_and_shown() {
    let tree = Tree::new();
    tree.bytes(OsStr::from_bytes(b"caf\xe9/\xff.env"), format!("k = {}", anthropic_key(1)));
    assert_eq!(found(&tree, &["."]), ["caf\u{fffd}/\u{fffd}.env"]);
    assert!(skant(&tree, &["scan"]).stdout.contains("caf\u{fffd}/\u{fffd}.env:1:5"));
    tree.bytes(OsStr::from_bytes(b"\xff.md"), format!("k = {}", anthropic_key(1)));
    let run = scan(&tree, &[OsStr::from_bytes(b"\xff.md")]);
    assert_eq!(run.each("path"), ["\u{fffd}.md"]);
}

#[test]
fn names_cannot_write_lines_of_their_own_or_steer_a_terminal() {
    const NAMES: [&str; 5] = [
        "a\n::error::planted",
        "\r::error::planted",
        "::error::planted",
        "\u{1b}[2J\u{1b}]0;planted\u{7}",
        "\u{202e}planted\u{9b}31m",
    ];
    let tree = Tree::new();
    for name in NAMES {
        tree.key(name)
            .key(&format!("{name}-folder/a"))
            .link(format!("{name}-link"), name)
            .fifo(format!("{name}-folder/.gitignore"));
    }
    for format in ["human", "json", "jsonl", "sarif"] {
        let mut arguments = vec!["scan", "--explain", "-v", "--format", format, "."];
        arguments.extend(["\u{1b}[2J::error::planted/missing", "missing\n::error::planted"]);
        let run = skant(&tree, &arguments);
        assert_eq!(run.status, 2, "{run:#?}");
        let planted = |line: &str| line.trim_start().starts_with("::");
        assert!(!run.all().split(['\n', '\r']).any(planted), "{run:#?}");
        assert!(!run.all().contains(['\u{1b}', '\u{7}']), "{run:#?}");
        assert!(!run.all().contains(['\u{9b}', '\u{202e}', '\r']), "{run:#?}");
    }
    // What a program reads is the name itself.
    let run = scan(&tree, &["."]);
    assert_eq!((run.findings().len(), run.each("path").contains(&NAMES[4].to_owned())), (2 * NAMES.len(), true));
    assert!(run.stdout.contains("\"path\": \"\\u202eplanted\\u009b31m\""), "{run:#?}");
}

#[test]
fn a_key_in_a_file_name_is_found_and_masked_everywhere() {
    let tree = Tree::repo();
    let keys = [1, 2, 3, 4, 5].map(anthropic_key);
    let [file, folder, link, ignore, missing] = &keys;
    tree.file(format!("{file}.txt"), "")
        .key(&format!("{folder}/below"))
        .link(link, "nowhere")
        .fifo(format!("{ignore}/.gitignore"));
    let run = scan(&tree, &["."]);
    let names: Vec<String> = run
        .findings()
        .iter()
        .filter(|finding| finding["where"] == "path")
        .map(|finding| finding["path"].as_str().unwrap().to_owned())
        .collect();
    let mut expected = [format!("{}.txt", mask(file)), mask(folder), mask(link), mask(ignore)];
    expected.sort();
    assert_eq!(names, expected, "{run:#?}");
    assert!(run.each("path").contains(&format!("{}/below", mask(folder))), "{run:#?}");
    for format in ["human", "json", "jsonl", "sarif"] {
        let missing = format!("no/{missing}");
        let run = skant(&tree, &["scan", "--explain", "-vv", "--format", format, ".", &missing]);
        assert_eq!(run.status, 2);
        for key in &keys {
            assert!(!run.all().contains(&key[14..]), "{format}: {run:#?}");
        }
    }
}

#[test]
fn a_key_in_the_name_of_a_named_file_is_found() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    tree.file(format!("{key}.txt"), "").folder(format!("folder-{key}"));
    for name in [format!("{key}.txt"), format!("./{key}.txt"), format!("folder-{key}")] {
        let run = scan(&tree, &[&name]);
        assert_eq!((run.each("where"), run.each("secret")), (vec!["path".into()], vec![mask(&key)]), "{run:#?}");
    }
}

#[test]
fn a_key_in_the_name_of_what_cannot_be_read_is_masked() {
    let tree = Tree::new();
    let [file, folder] = [1, 2].map(anthropic_key);
    tree.file(&file, "").folder(&folder).mode(&file, 0o000).mode(&folder, 0o000);
    for format in ["human", "json", "jsonl", "sarif"] {
        let Some(command) = tree.command_of_nobody(&["scan", "--format", format]) else { return };
        let run = run(command, b"");
        assert_eq!(run.status, 2, "{run:#?}");
        assert!(!run.all().contains(&file[14..]) && !run.all().contains(&folder[14..]), "{run:#?}");
        assert!(run.all().contains(&mask(&file)), "{run:#?}");
    }
}

// Size.

#[test]
fn an_empty_folder_is_clean_and_that_is_said() {
    for tree in [Tree::new(), Tree::repo()] {
        let run = skant(&tree, &["scan"]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        assert!(run.stdout.contains("nothing to scan"), "{run:#?}");
        let run = scan(&tree, &NOTHING);
        assert_eq!((run.status, run.findings().len()), (0, 0));
        assert_eq!((&run.json()["scan"]["files"], &run.json()["scan"]["complete"]), (&0.into(), &true.into()));
    }
}

#[test]
fn three_thousand_files_are_all_scanned() {
    let tree = Tree::new();
    for number in 0..3000 {
        let folder = if number < 1500 { "wide".into() } else { format!("many/{}", number % 97) };
        tree.key(&format!("{folder}/{number}.txt"));
    }
    let run = scan(&tree, &["."]);
    let paths = run.each("path");
    assert_eq!((run.status, paths.len()), (1, 3000));
    assert_eq!(run.json()["scan"]["files"], 3000);
    assert!(paths.is_sorted());
    let keys = (0..1500).map(|number| mask(&key_of(&format!("wide/{number}.txt"))));
    let mut expected: Vec<String> = keys.collect();
    let mut wide: Vec<String> = run.each("secret").split_off(1500);
    expected.sort();
    wide.sort();
    assert_eq!(wide, expected);
}

#[test]
fn two_hundred_folders_in_each_other_are_walked() {
    let tree = Tree::repo();
    let deep = "d/".repeat(200) + "a";
    tree.key(&deep);
    assert_eq!(found(&tree, &["."]), [deep]);
}

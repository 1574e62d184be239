//! What is already known: created, followed, pruned, as users run it.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;

use support::{Run, Tree, found, key_of, scan, skant};

const FILE: &str = ".skant-baseline";

fn baseline(tree: &Tree, arguments: &[&str]) -> Run {
    let run = skant(tree, &[&["baseline"], arguments].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:#?}");
    run
}

fn lines(tree: &Tree) -> Vec<String> {
    fs::read_to_string(tree.path(FILE)).unwrap().lines().map(str::to_owned).collect()
}

fn commit(tree: &Tree) {
    tree.git(&["add", "-A"]).git(&["commit", "-qm", "x"]);
}

#[test]
fn what_is_known_is_not_reported() {
    let tree = Tree::repo();
    tree.key("b.env").key("a.env");
    baseline(&tree, &["create"]);
    let all = lines(&tree);
    assert_eq!(all[0], "# skant baseline v1");
    assert_eq!(all.len(), 3);
    assert!(all[1..].is_sorted());
    assert!(all.iter().all(|line| !line.contains(&key_of("a.env")[14..])));
    assert!(all.iter().any(|line| line.starts_with("v1:anthropic-api-key:") && line.ends_with(" a.env")), "{all:?}");
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, &run.json()["scan"]["suppressed"]["baseline"]), (0, &2.into()));
    assert_eq!(found(&tree, &["--no-baseline"]).len(), 2);
    // Lines move, and the hook and the history know it too.
    tree.file("a.env", &format!("\n\n# moved\nANTHROPIC_API_KEY={}\n", key_of("a.env"))).git(&["add", "."]);
    assert_eq!(skant(&tree, &["staged"]).status, 0);
    commit(&tree);
    assert_eq!(skant(&tree, &["history"]).status, 0);
    assert_eq!(found(tree.key("c.env"), &["."]), ["c.env"]);
    let again = skant(&tree, &["baseline", "create"]);
    assert_eq!(again.status, 2, "{again:#?}");
}

#[test]
fn a_secret_is_followed_where_it_went_but_a_copy_is_reported() {
    let tree = Tree::repo();
    tree.key("a.env");
    baseline(&tree, &["create"]);
    commit(&tree);
    tree.file("copy.env", &format!("ANTHROPIC_API_KEY={}\n", key_of("a.env")));
    assert_eq!(found(&tree, &["."]), ["copy.env"]);
    tree.git(&["mv", "a.env", "moved.env"]);
    fs::remove_file(tree.path("copy.env")).unwrap();
    let run = scan(&tree, &["."]);
    assert_eq!(run.status, 0, "{run:#?}");
    assert!(run.notices()[0].contains("a.env is gone") && run.notices()[0].contains("moved.env"), "{run:#?}");
    tree.file("new.env", &format!("ANTHROPIC_API_KEY={}\n", key_of("a.env")));
    assert_eq!(found(&tree, &["."]).len(), 1);
    fs::remove_file(tree.path("new.env")).unwrap();
    commit(&tree);
    assert_eq!(skant(&tree, &["history"]).status, 0);
    baseline(&tree, &["update"]);
    assert!(lines(&tree)[1].ends_with(" moved.env"));
    assert_eq!(lines(&tree).len(), 2);
    assert!(scan(&tree, &["."]).notices().is_empty());
}

#[test]
fn dead_entries_are_told_and_pruned() {
    let tree = Tree::repo();
    tree.key("a.env").key("b.env");
    baseline(&tree, &["create"]);
    commit(&tree);
    tree.file("a.env", "nothing\n");
    let run = skant(&tree, &["scan", "-v"]);
    assert!(run.stdout.contains("1 entry of the baseline matched nothing"), "{run:#?}");
    commit(&tree);
    baseline(&tree, &["prune", "--history"]);
    assert_eq!(lines(&tree).len(), 3);
    baseline(&tree, &["prune"]);
    assert_eq!(lines(&tree).len(), 2);
    baseline(&tree, &["update", "--history"]);
    assert_eq!(lines(&tree).len(), 3);
}

#[test]
fn two_branches_merge() {
    let tree = Tree::repo();
    tree.key("m.env");
    baseline(&tree, &["create"]);
    commit(&tree);
    tree.git(&["switch", "-qc", "one"]).key("one.env");
    baseline(&tree, &["update"]);
    commit(&tree);
    tree.git(&["switch", "-q", "main"]).key("two.env");
    baseline(&tree, &["update"]);
    commit(&tree);
    tree.git(&["merge", "-q", "--no-edit", "one"]);
    assert!(found(&tree, &["."]).is_empty());
    assert_eq!(lines(&tree).len(), 4);
}

#[test]
fn what_is_no_baseline_is_refused() {
    let tree = Tree::repo();
    let good = format!("v1:a-b:{}", "0".repeat(16));
    let table = [
        ("# skant baseline v2\n".to_owned(), "newer version"),
        (String::new(), "empty"),
        (format!("{good} a\n"), "begins with the line"),
        ("# skant baseline v1\nnonsense\n".to_owned(), ".skant-baseline:2"),
        (format!("# skant baseline v1\n<<<<<<< HEAD\n{good} a\n"), "left of a merge"),
        ("{}".to_owned(), "neither gitleaks"),
    ];
    for (text, part) in table {
        let run = skant(tree.file(FILE, &text), &["scan"]);
        assert_eq!(run.status, 2, "{text}");
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
    tree.file(FILE, &format!("# skant baseline v1\r\n\r\n# a comment\r\n{good} a b\r\n"));
    assert_eq!(skant(&tree, &["scan"]).status, 0);
    assert_eq!(skant(&tree, &["scan", "--baseline", "no"]).status, 2);
}

#[cfg(unix)]
#[test]
fn a_baseline_behind_a_link_is_refused() {
    let tree = Tree::repo();
    tree.file("elsewhere", "# skant baseline v1\n").link(FILE, "elsewhere");
    let run = skant(&tree, &["scan"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("symbolic link"), "{run:#?}");
}

#[test]
fn messages_and_odd_paths_are_known_too() {
    let tree = Tree::repo();
    let key = key_of("message");
    tree.key("a\nb%.env").git(&["add", "."]).git(&["commit", "-qm", &format!("it is {key}")]);
    baseline(&tree, &["create", "--history"]);
    let all = lines(&tree);
    assert!(all.iter().any(|line| line.ends_with(" <commit-message>")), "{all:?}");
    assert!(all.iter().any(|line| line.ends_with(" a%0Ab%25.env")), "{all:?}");
    assert_eq!(skant(&tree, &["history"]).status, 0);
}

#[test]
fn a_change_cannot_list_itself() {
    let tree = Tree::repo();
    tree.key("a.env");
    baseline(&tree, &["create"]);
    commit(&tree);
    tree.key("b.env");
    baseline(&tree, &["update"]);
    commit(&tree);
    assert!(found(&tree, &["."]).is_empty());
    let run = scan(&tree, &["--config-from", "HEAD~"]);
    assert_eq!(run.each("path"), ["b.env"]);
    assert!(run.notices()[0].contains("1 new entries"), "{run:#?}");
}

#[test]
fn other_tools_lists_are_read() {
    let tree = Tree::repo();
    tree.key("a.env").key("b.env").key("c.env");
    let leak = |file: &str, secret: &str, line: u32| {
        format!(r#"{{"RuleID":"x","File":"{file}","StartLine":{line},"Secret":"{secret}","Commit":""}}"#)
    };
    let report = [leak("a.env", &key_of("a.env"), 7), leak("b.env", "REDACTED", 1), leak("c.env", "REDACTED", 2)];
    tree.file("leaks.json", &format!("[{}]", report.join(",")));
    assert_eq!(found(&tree, &["--baseline", "leaks.json", "a.env", "b.env", "c.env"]), ["c.env"]);
    let sha1 = |text: &str| {
        use std::process::Command;
        let hash = Command::new("sh").arg("-c").arg(format!("printf %s '{text}' | sha1sum")).output().unwrap();
        String::from_utf8(hash.stdout).unwrap()[..40].to_owned()
    };
    let entry =
        format!(r#"{{"type":"x","filename":"a.env","hashed_secret":"{}","line_number":3}}"#, sha1(&key_of("a.env")));
    tree.file("other/.secrets.baseline", &format!(r#"{{"version":"1.5.0","results":{{"a.env":[{entry}]}}}}"#));
    let all = ["--baseline", "other/.secrets.baseline", "a.env", "b.env", "c.env"];
    assert_eq!(found(&tree, &all), ["b.env", "c.env"]);
}

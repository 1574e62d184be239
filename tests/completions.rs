//! What `skant completions` and `skant man` write, read by the shells that are there.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::process::Command;

use support::{Tree, skant};

/// What bash offers for the last of some words.
fn offered(tree: &Tree, words: &str) -> Vec<String> {
    let script = skant(tree, &["completions", "bash"]).stdout;
    let words: Vec<String> = words.split(',').map(|word| format!("'{word}'")).collect();
    let (last, count) = (words.last().unwrap().clone(), words.len());
    let ask = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={}; _skant skant {last} {}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        count - 1,
        words[count - 2],
    );
    let output = Command::new("bash").args(["--noprofile", "--norc", "-c", &ask]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let tree = Tree::new();
    assert_eq!(offered(&tree, "skant,sta"), ["staged"]);
    assert_eq!(offered(&tree, "skant,history,--unr"), ["--unreachable"]);
    assert_eq!(offered(&tree, "skant,scan,--format,j"), ["json", "jsonl", "junit"]);
    assert_eq!(offered(&tree, "skant,hook,pre-"), ["pre-commit", "pre-push", "pre-receive"]);
}

#[test]
fn there_is_a_script_for_every_shell_and_for_no_other() {
    let tree = Tree::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = skant(&tree, &["completions", shell]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{shell}");
        assert!(run.stdout.contains("stdin-filename"), "{shell}");
    }
    for arguments in [&["completions", "cmd"][..], &["completions"]] {
        let run = skant(&tree, arguments);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    }
}

/// What stands in the title of a page behind its name and section: no day, the program, the manual.
fn foot() -> String {
    format!("\"\" \"skant {}\" skant\n", env!("CARGO_PKG_VERSION"))
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let tree = Tree::new();
    let root = skant(&tree, &["man"]);
    assert_eq!((root.status, root.stderr.as_str()), (0, ""));
    assert!(
        root.stdout.contains(&format!("\n.TH skant 1 {}", foot())) && root.stdout.contains("skant\\-history(1)"),
        "{}",
        root.stdout
    );
    assert!(root.stdout.contains("Exit codes: 0 everything was scanned"), "{}", root.stdout);
    let history = skant(&tree, &["man", "history"]).stdout;
    assert!(
        history.contains(&format!("\n.TH skant-history 1 {}", foot())) && history.contains("\\-\\-unreachable"),
        "{history}"
    );
    assert!(!history.contains("\\-\\-plain"), "what is hidden is hidden here too");
    assert!(
        skant(&tree, &["man", "hook", "pre-push"]).stdout.contains(&format!("\n.TH skant-hook-pre-push 1 {}", foot()))
    );
    let none = skant(&tree, &["man", "hook", "nothing"]);
    assert_eq!((none.status, none.stdout.as_str()), (2, ""));
    assert!(none.stderr.contains("there is no command `hook nothing`"), "{none:#?}");
}

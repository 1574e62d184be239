//! Secrets are found through what they are wrapped in: with the place, the mask and the name they have
//! without.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, github_token, key_of, mask, run, scan, skant};

/// Where something is: line, column, end, and what it was read through.
type Seen = (u64, u64, u64, u64, Vec<String>);

fn seen(finding: &Value) -> Seen {
    let [line, column, end_line, end_column] =
        ["line", "column", "end_line", "end_column"].map(|field| finding[field].as_u64().unwrap());
    let via = finding["via"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned());
    (line, column, end_line, end_column, via.collect())
}

/// The only finding of a run that is complete.
#[track_caller]
fn only(run: &Run) -> Value {
    let findings = run.findings();
    assert_eq!((run.status, findings.len()), (1, 1), "{run:#?}");
    findings[0].clone()
}

/// The name that a key has wherever it is found.
fn fingerprint(key: &str) -> String {
    let tree = Tree::new();
    tree.file("plain", key);
    only(&scan(&tree, &["."]))["fingerprint"].as_str().unwrap().to_owned()
}

/// A text in the wide encodings: name, bytes, what it is read through.
fn wide(text: &str) -> Vec<(String, Vec<u8>, &'static str)> {
    let mut all = Vec::new();
    for (marked, text) in [("", text.to_owned()), ("-marked", format!("\u{feff}{text}"))] {
        let (short, long) = (text.encode_utf16(), text.chars().map(u32::from));
        let file = |kind: &str| format!("{kind}{marked}");
        all.push((file("utf-16le"), short.clone().flat_map(u16::to_le_bytes).collect(), "utf-16"));
        all.push((file("utf-16be"), short.flat_map(u16::to_be_bytes).collect(), "utf-16"));
        all.push((file("utf-32le"), long.clone().flat_map(u32::to_le_bytes).collect(), "utf-32"));
        all.push((file("utf-32be"), long.flat_map(u32::to_be_bytes).collect(), "utf-32"));
    }
    all
}

#[test]
fn wide_texts_are_read() {
    let key = anthropic_key(1);
    let name = fingerprint(&key);
    let text = format!("first line, é😀 and more\r\nfoo é😀 {key} bar\r\n");
    for (file, bytes, via) in wide(&text) {
        let tree = Tree::repo();
        tree.bytes(&file, &bytes).git(&["add", "."]);
        for command in [&["scan", "--format", "json", "."][..], &["staged", "--format", "json"]] {
            let finding = only(&skant(&tree, command));
            assert_eq!(seen(&finding), (2, 8, 2, 116, vec![via.into()]), "{file} {command:?}");
            assert_eq!([&finding["path"], &finding["fingerprint"]], [&json!(file), &json!(name)]);
            assert_eq!(finding["secret"], json!(mask(&key)));
        }
        let piped = run(tree.command(&["scan", "--format", "json", "-"]), &bytes);
        assert_eq!(seen(&only(&piped)), (2, 8, 2, 116, vec![via.into()]), "{file}");
        tree.git(&["commit", "-q", "-m", "x"]);
        for command in [&["history", "--format", "json"][..], &["history", "--format", "json", "--plain"]] {
            assert_eq!(seen(&only(&skant(&tree, command))), (2, 8, 2, 116, vec![via.into()]), "{file} {command:?}");
        }
    }
}

#[test]
fn names_in_wide_texts_count_too() {
    let tree = Tree::new();
    let text = format!("[db]\npassword = \"{}\"\n", support::password());
    for (file, bytes, _) in wide(&text) {
        tree.bytes(file, bytes);
    }
    assert_eq!(scan(&tree, &["."]).each("line"), ["2"; 8]);
}

#[test]
fn text_that_was_appended_to_a_wide_one_is_read() {
    let (one, other) = (key_of("one"), key_of("other"));
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let tree = Tree::new();
    for (name, before) in [("even", "echo\n"), ("odd", "echo!\n")] {
        let bytes = [b"\xff\xfe", &wide("log\n")[..], before.as_bytes(), one.as_bytes(), b"\n", &wide(&other)].concat();
        tree.bytes(name, bytes);
    }
    let run = scan(&tree, &["."]);
    assert_eq!(run.each("line"), ["3", "4", "3", "4"], "{run:#?}");
}

#[test]
fn a_mark_does_not_hide_what_is_not_wide() {
    let tree = Tree::new();
    for (name, mark) in [("little", b"\xff\xfe"), ("big", b"\xfe\xff")] {
        tree.bytes(name, [mark, key_of(name).as_bytes()].concat());
    }
    assert_eq!(scan(&tree, &["."]).each("path"), ["big", "little"]);
}

#[test]
fn a_wide_text_that_is_cut_is_read_to_its_end() {
    let key = github_token(3);
    let tree = Tree::new();
    for (file, mut bytes, _) in wide(&format!("some words, then {key}.")) {
        bytes.pop();
        tree.bytes(file, bytes);
    }
    assert_eq!(scan(&tree, &["."]).each("column"), ["18"; 8]);
}

/// Deltas between wide texts are of bytes, not of characters.
#[test]
fn wide_texts_in_history_are_read_in_every_version() {
    let tree = Tree::repo();
    let lines: String = (0..400).map(|line| format!("line {line} of a log that grows\n")).collect();
    for version in 0..3 {
        let text = format!("{lines}{}\n{lines}", key_of(&format!("{version}")));
        tree.bytes("log", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
        tree.git(&["add", "."]).git(&["commit", "-q", "-m", &format!("version {version}")]);
    }
    tree.git(&["repack", "-adfq", "--depth=10", "--window=10"]);
    let fast = skant(&tree, &["history", "--format", "json"]);
    assert_eq!(fast.each("line"), ["401"; 3]);
    assert_eq!(fast.findings(), skant(&tree, &["history", "--format", "json", "--plain"]).findings());
}

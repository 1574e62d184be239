//! The formats for other programs, as the real binary writes them of names that strangers made up.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use serde_json::{Value, json};
use support::{Tree, anthropic_key, mask, skant};

/// Names that mean something to somebody, and what they are shown as.
const NAMES: [(&[u8], &str); 7] = [
    (b"%0A::error::a|b`c`.py", "%0A::error::a|b`c`.py"),
    (b"::error::x,y:z.py", "::error::x,y:z.py"),
    (b"<img src=x onerror=alert(1)>&amp;", "<img src=x onerror=alert(1)>&amp;"),
    (b"a\nb\rc", "a\u{240a}b\u{240d}c"),
    (b"c\x01\x1b[31m\x7f", "c\u{2401}\u{241b}[31m\u{2421}"),
    (b"d\xff\xef\xbf\xbe", "d\u{fffd}\u{fffe}"),
    (b"e **b** [l](http:x) \"q\" 'r'  s", "e **b** [l](http:x) \"q\" 'r'  s"),
];

fn hostile() -> Tree {
    let tree = Tree::new();
    for (seed, (name, _)) in NAMES.iter().enumerate() {
        let key = anthropic_key(seed as u64);
        tree.bytes(OsStr::from_bytes(name), format!("\n\tk = '{key}' # 😀"));
    }
    tree
}

fn written(format: &str) -> String {
    let run = skant(&hostile(), &["scan", "--format", format]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""), "{run:#?}");
    run.stdout
}

fn masks() -> Vec<String> {
    (0..NAMES.len()).map(|seed| mask(&anthropic_key(seed as u64))).collect()
}

/// A command as the runner reads it: its level, its properties, and its text.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let (head, text) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (level, properties) = head.split_once(' ').unwrap();
    let plain = |text: &str| {
        [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let property = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), plain(value))).unwrap();
    (level.to_owned(), properties.split(',').map(property).collect(), plain(text))
}

#[test]
fn github_reads_names_as_names() {
    let text = written("github");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), NAMES.len() + 1, "{text}");
    for ((line, (_, name)), mask) in lines.iter().zip(NAMES).zip(masks()) {
        let (level, properties, text) = command(line);
        let properties: Vec<(&str, &str)> = properties.iter().map(|(name, value)| (&**name, &**value)).collect();
        let region = [("line", "2"), ("endLine", "2"), ("col", "7"), ("endColumn", "115")];
        let title = [("title", "anthropic-api-key")];
        assert_eq!(properties, [&[("file", name)][..], &region, &title].concat());
        assert_eq!(level, "error");
        assert!(text.starts_with(&format!("Anthropic API key {mask}: critical severity, high confidence. ")), "{text}");
    }
    assert!(lines[NAMES.len()].starts_with("skant: 7 secrets in 7 files (7 critical); scanned 7 files, "), "{text}");
}

#[test]
fn gitlab_has_what_its_schema_asks_for() {
    let report: Value = serde_json::from_str(&written("gitlab")).unwrap();
    assert_eq!(report["version"], "15.0.6");
    let scan = &report["scan"];
    assert_eq!((&scan["type"], &scan["status"]), (&json!("secret_detection"), &json!("success")));
    assert_eq!((&scan["scanner"]["id"], &scan["analyzer"]["vendor"]["name"]), (&json!("skant"), &json!("skant")));
    assert_eq!(scan["start_time"], "1970-01-01T00:00:00");
    let entries = report["vulnerabilities"].as_array().unwrap();
    assert_eq!(entries.len(), NAMES.len());
    for ((entry, (_, name)), mask) in entries.iter().zip(NAMES).zip(masks()) {
        let location = json!({"file": name, "start_line": 2, "end_line": 2, "commit": {"sha": "0000000"}});
        assert_eq!(entry["location"], location);
        assert_eq!((&entry["severity"], &entry["category"]), (&json!("Critical"), &json!("secret_detection")));
        assert_eq!(entry["identifiers"][0]["value"], "anthropic-api-key");
        assert_eq!(entry["identifiers"][1]["name"], "CWE-798");
        assert!(entry["description"].as_str().unwrap().contains(&mask), "{entry}");
        assert!(entry.get("raw_source_code_extract").is_none());
    }
    let ids: std::collections::BTreeSet<&str> = entries.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), NAMES.len());
    assert!(ids.iter().all(|id| id.len() == 36 && &id[14..15] == "8"), "{ids:?}");
    assert_eq!(written("gitlab"), written("gitlab"));
}

#[test]
fn what_gitlab_is_told_of_history_has_the_commit_and_no_address() {
    let tree = Tree::repo();
    tree.key("a").git(&["add", "."]).git(&["commit", "-qm", "one"]);
    let run = skant(&tree, &["history", "--format", "gitlab"]);
    let commit = &run.json()["vulnerabilities"][0]["location"]["commit"];
    let fields = ["author", "message"].map(|name| commit[name].as_str().unwrap());
    assert_eq!((fields, commit["sha"].as_str().unwrap().len()), (["A", "one"], 40));
    assert!(!run.stdout.contains("@example"), "{run:#?}");
}

#[test]
fn what_was_not_scanned_is_in_every_format() {
    let tree = Tree::new();
    let of = |format| {
        let run = skant(&tree, &["scan", "mi|ss::ing", "--format", format]);
        assert_eq!(run.status, 2);
        run.stdout
    };
    let gitlab: Value = serde_json::from_str(&of("gitlab")).unwrap();
    assert_eq!(gitlab["scan"]["status"], "failure");
    let told = gitlab["scan"]["messages"][0]["value"].as_str().unwrap();
    assert!(told.starts_with("Not scanned: mi|ss::ing: "), "{told}");
    assert!(
        of("github").starts_with("::error title=The scan is incomplete::1 thing could not be scanned, the first is ")
    );
    let junit = of("junit");
    assert!(junit.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{junit}");
    assert!(junit.contains("<testcase classname=\"mi|ss::ing\" name=\"not scanned\">\n      <error "), "{junit}");
    let markdown = of("markdown");
    assert!(markdown.contains("**The scan is incomplete.**"), "{markdown}");
    assert!(markdown.contains("- <code>mi&#124;ss&#58;&#58;ing</code>: "), "{markdown}");
}

/// What a mark allows and what the baseline knows, and nothing else.
#[test]
fn what_is_suppressed_is_counted_in_every_format() {
    let tree = Tree::repo();
    tree.key("known")
        .file("fine", &format!("{} # skant: allow\n{} # skant: allow\n", anthropic_key(1), anthropic_key(2)));
    assert_eq!(skant(&tree, &["baseline", "create"]).status, 0);
    let of = |format: &str| {
        let run = skant(&tree, &["scan", ".", "--format", format]);
        assert_eq!(run.status, 0, "{run:#?}");
        run.stdout
    };
    let told = "3 findings suppressed (2 inline, 1 baseline)";
    assert_eq!(of("human").lines().last().unwrap(), format!("{told}; -v shows them"));
    assert_eq!(of("github").lines().next().unwrap(), format!("::notice title=skant::{told}"));
    let gitlab: Value = serde_json::from_str(&of("gitlab")).unwrap();
    assert_eq!(gitlab["scan"]["messages"], json!([{"level": "info", "value": told}]));
    assert!(of("markdown").lines().nth(2).unwrap().ends_with(&format!(" {told}.")));
    let junit = of("junit");
    assert!(junit.contains("tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"2\""), "{junit}");
    let skipped: Vec<String> = elements(&junit, "skipped").into_iter().map(|one| one[0].1.clone()).collect();
    assert_eq!(skipped, ["2 findings suppressed", "1 finding suppressed"]);
    let names: Vec<String> = elements(&junit, "testcase").into_iter().map(|one| one[1].1.clone()).collect();
    assert_eq!(names, ["no secrets found", "suppressed (inline)", "suppressed (baseline)"]);
    assert!(junit.contains(told), "{junit}");
    for format in ["json", "jsonl", "sarif"] {
        let text = of(format).replace([' ', '\n'], "");
        let counts =
            if format == "sarif" { "2inline,0config,1baseline" } else { "\"inline\":2,\"config\":0,\"baseline\":1" };
        assert!(text.contains(counts), "{format}: {text}");
    }
}

/// The attributes of every element of that name.
fn elements(xml: &str, wanted: &str) -> Vec<Vec<(String, String)>> {
    let mut reader = Reader::from_str(xml);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return found,
            Event::Start(element) | Event::Empty(element) if element.name().as_ref() == wanted => {
                let value = |attribute: quick_xml::events::attributes::Attribute<'_>| {
                    let name = attribute.key.as_ref().to_owned();
                    (name, attribute.normalized_value(XmlVersion::Explicit1_0).unwrap().into_owned())
                };
                found.push(element.attributes().map(|attribute| value(attribute.unwrap())).collect());
            }
            _ => {}
        }
    }
}

#[test]
fn junit_has_a_test_for_each_finding() {
    let xml = written("junit");
    assert!(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"skant\" tests=\"7\""),
        "{xml}"
    );
    assert!(xml.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{fffe}')), "{xml}");
    let tests = elements(&xml, "testcase");
    assert_eq!(tests.len(), NAMES.len());
    for (test, (_, name)) in tests.iter().zip(NAMES) {
        let name = name.replace('\u{fffe}', "\u{fffd}");
        let expected = [("classname", &*name), ("name", "anthropic-api-key:2"), ("file", &name), ("line", "2")];
        assert_eq!(test.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(), expected);
    }
    let failures = elements(&xml, "failure");
    for (failure, mask) in failures.iter().zip(masks()) {
        assert!(failure[1].1.starts_with(&format!("Anthropic API key {mask}: ")), "{failure:?}");
    }
    let two = Tree::new();
    two.file("a", &format!("{} {}\n", anthropic_key(1), anthropic_key(2)));
    let tests = elements(&skant(&two, &["scan", "--format", "junit"]).stdout, "testcase");
    assert_eq!(
        tests.iter().map(|test| &*test[1].1).collect::<Vec<_>>(),
        ["anthropic-api-key:1", "anthropic-api-key:1:110"]
    );
}

#[test]
fn a_clean_run_is_one_passed_test() {
    let tree = Tree::new();
    tree.file("a", "nothing\n");
    let xml = skant(&tree, &["scan", "--format", "junit"]).stdout;
    let tests = elements(&xml, "testcase");
    assert_eq!(tests, [[("classname".to_owned(), "skant".to_owned()), ("name".into(), "no secrets found".into())]]);
    assert!(xml.contains("<testsuites name=\"skant\" tests=\"1\" failures=\"0\" errors=\"0\">"), "{xml}");
    let markdown = skant(&tree, &["scan", "--format", "markdown"]).stdout;
    assert!(markdown.starts_with("## ✅ skant: no secrets found\n\nScanned 1 file, 8 B, "), "{markdown}");
}

#[test]
fn markdown_takes_names_for_text() {
    let text = written("markdown");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| critical | ")).collect();
    assert_eq!(rows.len(), NAMES.len(), "{text}");
    for ((row, (_, name)), mask) in rows.iter().zip(NAMES).zip(masks()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!((cells.len(), cells[4]), (6, &*format!("<code>{mask}</code>")), "{row}");
        let place = cells[3].strip_prefix("<code>").unwrap().strip_suffix(":2:7</code>").unwrap();
        let markup = |c: char| c.is_ascii_punctuation() && !"-./,;'()?&#".contains(c);
        assert!(!place.contains(markup), "{place}");
        let numbers: Vec<&str> = place.split("&#").skip(1).collect();
        let plain = numbers.iter().fold(place.split("&#").next().unwrap().to_owned(), |text, part| {
            let (number, rest) = part.split_once(';').unwrap();
            text + &char::from(number.parse::<u8>().unwrap()).to_string() + rest
        });
        assert_eq!(plain, *name);
    }
    assert!(text.contains("\n- <code>anthropic-api-key</code>: Make a new key, "), "{text}");
}

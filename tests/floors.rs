//! Imports point down: a module of `src/` uses only what stands below it, and git2 has one door.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules, from the top. Neighbours on a floor do not know each other.
const FLOORS: [&[&str]; 9] = [
    &["main", "lib"],
    &["cli"],
    &["run", "verify", "advice"],
    &["report", "policy"],
    &["source", "scan", "anthropic", "config", "baseline"],
    &["finding", "agent", "hook"],
    &["rule", "git", "folder"],
    &["file"],
    &["archive", "blob", "error", "fault", "ledger", "lines", "http"],
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The file's first name under `src/`.
fn module(file: &Path) -> String {
    let first = file.strip_prefix("src").unwrap().iter().next().unwrap();
    Path::new(first).file_stem().unwrap().to_string_lossy().into_owned()
}

/// The modules that a text names behind `crate::` (or, in the program, behind `skant::`).
fn imports(text: &str, root: &str) -> Vec<String> {
    let paths = text.match_indices(root).map(|(at, _)| &text[at + root.len()..]);
    paths.map(|path| path.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect()).collect()
}

#[test]
fn imports_point_down() {
    let floor = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
    let mut faults = Vec::new();
    for file in files(Path::new("src")) {
        let (here, shown) = (module(&file), file.display());
        let Some(own) = floor(&here) else {
            faults.push(format!("`{shown}`: {here} stands on no floor; give it a line in tests/floors.rs"));
            continue;
        };
        let root = if here == "main" { "skant::" } else { "crate::" };
        for other in imports(&fs::read_to_string(&file).unwrap(), root) {
            match floor(&other) {
                _ if other == here => {}
                Some(below) if below > own => {}
                Some(_) => faults.push(format!("`{shown}`: {here} imports {other}")),
                None => faults.push(format!("`{shown}`: name the module in `{root}{other}`, a path at a time")),
            }
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn git2_is_named_in_two_files() {
    let names_git2 = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        text.match_indices("git2").any(|(at, _)| !text[..at].ends_with("lib"))
    };
    let mut named: Vec<PathBuf> = files(Path::new("src")).into_iter().filter(names_git2).collect();
    named.sort();
    let doors = [Path::new("src/git/repo.rs"), Path::new("src/git/repository.rs")];
    assert_eq!(named, doors, "replacing git2 is to be two files");
}

#[test]
fn ureq_is_named_in_one_file() {
    let names_ureq = |file: &PathBuf| fs::read_to_string(file).unwrap().contains("ureq");
    let named: Vec<PathBuf> = files(Path::new("src")).into_iter().filter(names_ureq).collect();
    assert_eq!(named, [Path::new("src/http.rs")], "the network has one door");
}

#[test]
fn every_promise_of_the_threat_model_has_its_test() {
    let page = fs::read_to_string("docs/threat-model.md").unwrap();
    let named: Vec<(&str, &str)> =
        page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::")).collect();
    let named: Vec<_> = named
        .into_iter()
        .filter(|(file, _)| !file.is_empty() && file.bytes().all(|byte| byte.is_ascii_lowercase()))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let mut cases = BTreeSet::new();
    for (file, test) in named.into_iter().filter(|named| named != &("file", "test")) {
        let all = tests(file);
        let is_meant = |name: &&String| test == "*" || *name == test || name.starts_with(&format!("{test}::"));
        let meant: Vec<_> = all.iter().filter(is_meant).map(|name| (file, name.clone())).collect();
        assert!(!meant.is_empty(), "docs/threat-model.md names {file}::{test}, which is not there");
        cases.extend(meant);
    }
    let said = page.split_once("At least ").unwrap().1.split(' ').next().unwrap();
    assert!(
        cases.len() >= said.parse().unwrap(),
        "docs/threat-model.md says {said} cases, and there are {}",
        cases.len()
    );
}

/// The tests of a file, as `cargo test -- --list` has them: functions, and those that `cases!` makes.
fn tests(file: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("tests/{file}.rs")).unwrap_or_default();
    let (mut all, mut module, mut is_test, mut is_table) = (Vec::new(), String::new(), false, false);
    for line in text.lines() {
        let word = |rest: &str| rest.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect::<String>();
        if let Some(rest) = line.strip_prefix("mod ").filter(|rest| rest.ends_with('{')) {
            module = word(rest) + "::";
        } else if line == "}" {
            (module, is_table) = (String::new(), false);
        }
        is_table |= line.starts_with("    cases! {");
        if let Some(rest) = line.trim_start().strip_prefix("fn ").filter(|_| is_test) {
            all.push(format!("{module}{}", word(rest)));
        } else if let Some((name, _)) =
            line.strip_prefix("        ").and_then(|row| row.split_once(" = ")).filter(|_| is_table)
            && word(name) == name
        {
            all.push(format!("{module}{name}"));
        }
        is_test = line.trim() == "#[test]" || is_test && line.trim().starts_with("#[");
    }
    all
}

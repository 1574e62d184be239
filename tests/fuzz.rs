//! Valid inputs, changed at random: nothing panics, hangs, or says less than it means.
//!
//! The inputs are in `tests/fuzz/`; the texts for the engine are the examples of the rules. `SKANT_ROUNDS` says how many
//! changed copies each test tries, `SKANT_SEED` from which number on; a failure prints the number it failed at.
//! What was found is a test of its own, in the file for its kind.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use flate2::write::ZlibEncoder;
use serde_json::Value;
use skant::blob::{Blob, Origin};
use skant::finding::Finding;
use skant::rule::RuleSet;
use skant::scan::{Scanned, Scanner, Scratch};
use support::{Random, Run, Tree, anthropic_key, key_of, mask, run, skant};

/// Tries copies of something that are changed, each by a number of its own.
fn rounds(few: u64, check: impl Fn(&mut Random)) {
    let said = |name: &str| std::env::var(name).ok().and_then(|said| said.parse::<u64>().ok());
    let (rounds, first) = (said("SKANT_ROUNDS").unwrap_or(few), said("SKANT_SEED").unwrap_or(0));
    for seed in first..first + rounds {
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&mut Random::new(seed))));
        assert!(outcome.is_ok(), "it fails again with SKANT_SEED={seed} SKANT_ROUNDS=1");
    }
}

/// The files of a folder of inputs: name and content.
fn corpus(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new("tests/fuzz").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

fn one_of<'a, T>(random: &mut Random, all: &'a [T]) -> &'a T {
    &all[random.below(all.len())]
}

/// A part of something, of at most some length.
fn part(random: &mut Random, length: usize, most: usize) -> Range<usize> {
    let from = random.below(length + 1);
    from..length.min(from + random.below(most + 1))
}

/// Changes some bytes as damage and malice do.
fn changed(random: &mut Random, bytes: &[u8], others: &[(String, Vec<u8>)]) -> Vec<u8> {
    const NUMBERS: [&[u8]; 9] = [
        b"18446744073709551616",
        b"-1",
        b"4294967295",
        b"9e999",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\x7f",
        b"%s\x1b[2J\xe2\x80\xae",
        b"\r\n\"'\\{}[]",
    ];
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let place = part(random, bytes.len(), 64);
        match random.below(8) {
            0 if !place.is_empty() => bytes[place.start] ^= 1 << random.below(8),
            1 if !place.is_empty() => bytes[place.start] = random.below(256) as u8,
            2 => bytes.truncate(place.start),
            3 => _ = bytes.drain(place),
            4 => {
                let copy = bytes[place.clone()].repeat(1 + random.below(4));
                bytes.splice(place.start..place.start, copy);
            }
            5 => {
                let other = &one_of(random, others).1;
                let piece = other[part(random, other.len(), 256)].to_vec();
                bytes.splice(place, piece);
            }
            6 => _ = bytes.splice(place.start..place.start, one_of(random, &NUMBERS).iter().copied()),
            _ => {
                let number = *one_of(random, &NUMBERS);
                let end = bytes.len().min(place.start + number.len());
                bytes[place.start..end].copy_from_slice(&number[..end - place.start]);
            }
        }
    }
    bytes
}

// The engine.

/// The examples of all rules, a file each.
fn examples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new("rules");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let text = |path: &Path| fs::read_to_string(path).unwrap().replace("{}", "").into_bytes();
    files.iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), text(path))).collect()
}

/// A reader that gives as much as it likes.
struct Pieces<'a, 'r>(&'a [u8], &'r mut Random);

impl Read for Pieces<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.0.len());
        let count = if most == 0 { 0 } else { 1 + self.1.below(most.min(5000)) };
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// Everything that a scan says.
fn said(scanned: &Scanned) -> Vec<String> {
    let finding = |one: &Finding| {
        let Finding { location, secret, rule, .. } = one;
        let marked = one.suppression.is_some();
        format!("{} {:?} {:?} {marked} {:?}", rule.id, location.start, location.end, secret.expose())
    };
    let dismissed = scanned.dismissed.iter().map(|one| format!("{} {:?}", finding(&one.finding), one.reason));
    let mut all: Vec<String> = scanned.findings.iter().map(finding).chain(dismissed).collect();
    all.sort();
    all.extend(scanned.missed.iter().cloned());
    all
}

/// Scans a text in every way there is, which have to agree.
fn scan_every_way(scanners: &[Scanner; 2], scratch: &mut Scratch, bytes: &[u8], random: &mut Random) -> Scanned {
    let origin = Origin::file("some/settings.env");
    let whole = scanners[0].scan(&Blob { bytes, origin: &origin }, scratch);
    let again = scanners[0].scan(&Blob { bytes, origin: &origin }, &mut Scratch::default());
    assert_eq!(said(&whole), said(&again), "the same bytes, scanned again");
    let portable = scanners[1].scan(&Blob { bytes, origin: &origin }, scratch);
    assert_eq!(said(&whole), said(&portable), "both engines");
    let mut pieces = Scanned::default();
    scanners[0].scan_reader(&origin, &mut Pieces(bytes, random), scratch, &mut pieces).unwrap();
    assert_eq!(said(&whole), said(&pieces), "read in pieces");
    assert_eq!(pieces.bytes, bytes.len() as u64, "all bytes are scanned");
    whole
}

fn scanners() -> [Scanner; 2] {
    [Scanner::new(&RuleSet::builtin()), Scanner::portable(&RuleSet::builtin())]
}

#[test]
fn texts() {
    let (examples, scanners) = (examples(), scanners());
    rounds(150, |random| {
        let example = &one_of(random, &examples).1;
        let piece = &example[part(random, example.len(), 20_000)];
        let mut bytes = changed(random, piece, &examples);
        match random.below(6) {
            0 => bytes = bytes.iter().flat_map(|&byte| [byte, 0]).collect(),
            1 => bytes = data_encoding::BASE64.encode(&bytes).into_bytes(),
            2 => bytes = data_encoding::HEXLOWER.encode(&bytes).into_bytes(),
            3 => bytes.retain(|&byte| byte != b'\n'),
            _ => {}
        }
        let mut scratch = Scratch::default();
        let scanned = scan_every_way(&scanners, &mut scratch, &bytes, random);
        let lines = 1 + bytes.iter().filter(|&&byte| byte == b'\n').count();
        for one in &scanned.findings {
            let (start, end) = (one.location.start, one.location.end);
            let is_within = start.line >= 1 && start.column >= 1 && end.line as usize <= lines;
            assert!(is_within && (start.line, start.column) <= (end.line, end.column), "{start:?} {end:?}");
            // In a binary file whole runs of another encoding are read, too.
            let shown = String::from_utf8_lossy(one.secret.expose()).into_owned();
            assert!(shown.len() < 16 || !one.excerpt.text.contains(&shown), "an excerpt shows a secret");
        }
    });
}

/// The same where more than one window is needed.
#[test]
fn long_texts() {
    let (examples, scanners) = (examples(), scanners());
    rounds(3, |random| {
        let filling = ["x = 1\n", "", "no secret here, only words and words\n"][random.below(3)];
        let length = (1 << 20) - 40_000 + random.below(80_000);
        let mut bytes = filling.repeat(length / filling.len().max(1));
        bytes.truncate(length);
        let mut bytes = bytes.into_bytes();
        for _ in 0..8 {
            let example = &one_of(random, &examples).1;
            let piece = &example[part(random, example.len(), 12_000)];
            bytes.extend(changed(random, piece, &examples));
        }
        let origin = Origin::file("some/settings.env");
        let mut scratch = Scratch::default();
        let whole = scanners[0].scan(&Blob { bytes: &bytes, origin: &origin }, &mut scratch);
        let mut pieces = Scanned::default();
        scanners[0].scan_reader(&origin, &mut Pieces(&bytes, random), &mut scratch, &mut pieces).unwrap();
        assert_eq!(said(&whole), said(&pieces), "read in pieces");
    });
}

#[test]
fn archives() {
    let (archives, scanners) = (corpus("archives"), scanners());
    rounds(300, |random| {
        let archive = &one_of(random, &archives).1;
        let bytes = changed(random, archive, &archives);
        scan_every_way(&scanners, &mut Scratch::default(), &bytes, random);
    });
}

// The program.

/// Whatever it came to, it is one of the ends there are, is said, and repeats no key.
#[track_caller]
fn sound(run: &Run, key: &str) {
    assert!((0..=2).contains(&run.status) && !run.all().contains("panicked"), "{run:#?}");
    assert!(run.status != 2 || !run.all().trim().is_empty(), "{run:#?}");
    assert!(!run.all().contains(key) && !run.all().contains(['\u{1b}', '\u{202e}']), "{run:#?}");
}

#[test]
fn configs_and_baselines() {
    let configs = corpus("configs");
    let tree = Tree::repo();
    tree.key("a.env").password("b.env");
    rounds(40, |random| {
        let (name, text) = one_of(random, &configs);
        tree.bytes("changed", changed(random, text, &configs));
        let commands: &[&[&str]] = match &**name {
            "own.toml" => &[&["scan", "--config", "changed"], &["config", "check", "changed"]],
            "gitleaks.toml" => &[&["scan", "--config", "changed"], &["config", "migrate", "changed"]],
            "gitleaks-ignored" => &[&["scan", "--baseline", "changed"], &["config", "migrate", "changed"]],
            "rules.toml" => &[&["scan", "--rules", "changed"], &["rules", "test", "changed"]],
            _ => &[&["scan", "--baseline", "changed"], &["config", "migrate", "changed"]],
        };
        for command in commands {
            let run = skant(&tree, command);
            sound(&run, &key_of("a.env"));
            // None of them speaks of these keys: they are found, or nothing is scanned.
            let is_scan = command[0] == "scan" && name != "gitleaks.toml" && name != "own.toml";
            assert!(!is_scan || run.status != 0, "{command:?} {run:#?}");
        }
    });
}

#[test]
fn what_git_tells_hooks() {
    let tree = Tree::repo();
    tree.key("a.env").git(&["add", "-A"]).git(&["commit", "-qm", "one"]).git(&["tag", "-am", "t", "v1"]);
    let id = fs::read_to_string(tree.path(".git/refs/heads/main")).unwrap().trim().to_owned();
    let zero = "0".repeat(40);
    let pushed = format!("refs/heads/main {id} refs/heads/main {zero}\nrefs/tags/v1 {id} refs/tags/v1 {zero}\n");
    let received = format!("{zero} {id} refs/heads/main\n{id} {zero} refs/heads/gone\n");
    let inputs = [("pre-push".to_owned(), pushed.into_bytes()), ("pre-receive".to_owned(), received.into_bytes())];
    rounds(30, |random| {
        let (hook, input) = one_of(random, &inputs);
        let input = changed(random, input, &inputs);
        let run = run(tree.command(&["hook", hook]), &input);
        sound(&run, &key_of("a.env"));
        // Nothing is pushed where nothing is said, and refs may be deleted.
        let says_nothing = input.is_empty() || run.stdout.contains("nothing is pushed");
        assert!(
            run.status != 0 || says_nothing || hook == "pre-receive",
            "{} {run:#?}",
            String::from_utf8_lossy(&input)
        );
    });
}

#[test]
fn what_assistants_tell_hooks() {
    let key = anthropic_key(1);
    let with_key = |(name, text): (String, Vec<u8>)| {
        let text = String::from_utf8(text).unwrap().replace("{KEY}", &key).into_bytes();
        (name.split(['-', '.']).next().unwrap().replace("claude", "claude-code"), text)
    };
    let events: Vec<_> = corpus("events").into_iter().map(with_key).collect();
    let tree = Tree::new();
    rounds(40, |random| {
        let (client, event) = one_of(random, &events);
        let event = changed(random, event, &events);
        for strict in [&[][..], &["--strict"]] {
            let run = run(tree.command(&[&["hook", client], strict].concat()), &event);
            assert!((0..=2).contains(&run.status) && !run.all().contains("panicked"), "{run:#?}");
            assert!(!run.all().contains(&key) && !run.stdout.to_lowercase().contains("allow"), "{run:#?}");
            // What holds the key is never let pass without a word, unless it is no event any more.
            let text = String::from_utf8_lossy(&event).into_owned();
            let is_event = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object());
            assert!(is_event || run.status != 0 || !run.stdout.is_empty(), "{text} {run:#?}");
        }
    });
}

#[test]
fn reports_that_are_joined() {
    let tree = Tree::new();
    tree.key("a.env").password("b.env");
    let reports: Vec<(String, Vec<u8>)> = ["json", "jsonl"]
        .map(|format| (format.to_owned(), skant(&tree, &["scan", "--format", format]).stdout.into_bytes()))
        .to_vec();
    rounds(40, |random| {
        let (_, report) = one_of(random, &reports);
        tree.bytes("report", changed(random, report, &reports));
        sound(&skant(&tree, &["merge", "report"]), &key_of("a.env"));
    });
}

/// What two formats say of the same run is the same.
#[test]
fn sarif_and_json_agree() {
    let (examples, archives) = (examples(), corpus("archives"));
    rounds(15, |random| {
        let tree = Tree::new();
        for number in 0..4 {
            let example = &one_of(random, &examples).1;
            let piece = &example[part(random, example.len(), 5000)];
            tree.bytes(format!("{number}.txt"), changed(random, piece, &examples));
            let archive = &one_of(random, &archives).1;
            tree.bytes(format!("{number}.bin"), changed(random, archive, &archives));
        }
        let run = skant(&tree, &["scan", "--format", "json", "--output", "sarif=../out.sarif", "."]);
        assert!((0..=2).contains(&run.status), "{run:#?}");
        let (json, sarif) = (run.json(), fs::read_to_string(tree.path("../out.sarif")).unwrap());
        let sarif: Value = serde_json::from_str(&sarif).unwrap();
        let invocation = &sarif["runs"][0]["invocations"][0];
        let place = |path: &Value, region: [&Value; 4]| format!("{path} {region:?}");
        let in_json = json["findings"].as_array().unwrap().iter().map(|one| {
            let place = place(&one["path"], ["line", "column", "end_line", "end_column"].map(|field| &one[field]));
            format!("{} {place} {}", one["rule"], one["fingerprint"])
        });
        let in_sarif = sarif["runs"][0]["results"].as_array().unwrap().iter().map(|one| {
            let physical = &one["locations"][0]["physicalLocation"];
            let region = ["startLine", "startColumn", "endLine", "endColumn"].map(|field| &physical["region"][field]);
            let place = place(&physical["artifactLocation"]["uri"], region);
            format!("{} {place} {}", one["ruleId"], one["partialFingerprints"]["skant/v1"])
        });
        assert_eq!(in_json.collect::<Vec<_>>(), in_sarif.collect::<Vec<_>>());
        let complete = &json["scan"]["complete"];
        assert_eq!((complete, complete), (&invocation["executionSuccessful"], &Value::from(run.status != 2)));
        assert_eq!(invocation["exitCode"], run.status);
    });
}

// Git's files.

/// A repository whose files are changed: what it held is found, or it is said that something was not read. A changed
/// name of a ref or a changed index may mean something else, and then no more is asked than an end.
#[track_caller]
fn git_file(random: &mut Random, tree: &Tree, file: &str, commands: &[&[&str]]) {
    let before = fs::read(tree.path(file)).unwrap();
    let others = [(file.to_owned(), before.clone())];
    fs::remove_file(tree.path(file)).unwrap();
    fs::write(tree.path(file), changed(random, &before, &others)).unwrap();
    for command in commands {
        let run = skant(tree, command);
        assert!((0..=2).contains(&run.status) && !run.all().contains("panicked"), "{file} {command:?} {run:#?}");
        assert!(!run.all().contains(&key_of("a.env")), "{file} {command:?} {run:#?}");
    }
    fs::write(tree.path(file), before).unwrap();
}

#[test]
fn files_of_git() {
    let tree = Tree::repo();
    tree.key("a.env").git(&["add", "-A"]).git(&["commit", "-qm", "one"]).git(&["tag", "-am", "t", "v1"]);
    tree.git(&["stash", "list"]).git(&["pack-refs", "--all"]).git(&["repack", "-adq"]);
    tree.file("b", "b\n").git(&["add", "-A"]).git(&["commit", "-qm", "two"]).key("c.env").git(&["add", "-A"]);
    let commands: &[&[&str]] = &[&["history"], &["history", "v1..main"], &["staged"], &["scan"]];
    const FILES: [&str; 6] =
        [".git/packed-refs", ".git/HEAD", ".git/config", ".git/index", ".git/refs/heads/main", ".git/logs/HEAD"];
    rounds(20, |random| {
        let file = FILES[random.below(FILES.len())];
        git_file(random, &tree, file, commands);
    });
}

/// A loose object that says something else than its name does: git would refuse it, and no reader may end badly.
#[test]
fn objects() {
    let tree = Tree::repo();
    tree.key("a.env").file("d/b", "b\n").git(&["add", "-A"]).git(&["commit", "-qm", "one"]);
    tree.git(&["tag", "-am", "t", "v1"]);
    let mut objects = Vec::new();
    for folder in fs::read_dir(tree.path(".git/objects")).unwrap().map(|folder| folder.unwrap().path()) {
        if folder.file_name().unwrap().len() == 2 {
            objects.extend(fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
        }
    }
    objects.sort();
    let text = |path: &std::path::PathBuf| {
        let mut text = Vec::new();
        flate2::read::ZlibDecoder::new(&*fs::read(path).unwrap()).read_to_end(&mut text).unwrap();
        (path.to_str().unwrap().to_owned(), text)
    };
    let texts: Vec<_> = objects.iter().map(text).collect();
    rounds(25, |random| {
        let (path, text) = one_of(random, &texts);
        let before = fs::read(path).unwrap();
        let head = text.iter().position(|&byte| byte == 0).unwrap();
        let mut body = changed(random, &text[head + 1..], &texts);
        // Its size is right, most of the time: else nothing behind it is looked at.
        let kind = String::from_utf8_lossy(&text[..head]).split(' ').next().unwrap().to_owned();
        let mut bytes = format!("{kind} {}\0", body.len() + usize::from(random.below(8) == 0)).into_bytes();
        bytes.append(&mut body);
        let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut encoder, &bytes).unwrap();
        fs::remove_file(path).unwrap();
        fs::write(path, encoder.finish().unwrap()).unwrap();
        for command in [&["history"][..], &["history", "HEAD"], &["staged"], &["history", "--unreachable"]] {
            let run = skant(&tree, command);
            assert!((0..=2).contains(&run.status) && !run.all().contains("panicked"), "{command:?} {run:#?}");
        }
        fs::write(path, before).unwrap();
    });
}

#[test]
fn the_inputs_are_what_they_are_taken_for() {
    let tree = Tree::new();
    let key = anthropic_key(2);
    for (name, text) in corpus("archives") {
        tree.bytes(&name, text);
    }
    let run = skant(&tree, &["scan", "--format", "json"]);
    assert_eq!((run.status, run.skipped(), run.notices()), (0, vec![], vec![]), "{run:#?}");
    let archives = corpus("archives").len() as u64;
    assert!(run.json()["scan"]["members"].as_u64().unwrap() >= archives, "{run:#?}");
    for (name, text) in corpus("events") {
        let client = name.split(['-', '.']).next().unwrap().replace("claude", "claude-code");
        let event = String::from_utf8(text).unwrap().replace("{KEY}", &key);
        let run = support::run(tree.command(&["hook", &client]), event.as_bytes());
        assert!(run.all().contains(&mask(&key)), "{name} {run:#?}");
    }
    for (name, option) in [
        ("own.toml", "--config"),
        ("gitleaks.toml", "--config"),
        ("own-baseline", "--baseline"),
        ("leaks.json", "--baseline"),
        ("detect.baseline", "--baseline"),
        ("rules.toml", "--rules"),
    ] {
        let (_, text) = corpus("configs").into_iter().find(|(one, _)| one == name).unwrap();
        tree.bytes(format!("../{name}"), text);
        let run = skant(&tree, &["scan", option, &format!("../{name}")]);
        assert_eq!(run.status, 0, "{name} {run:#?}");
    }
}

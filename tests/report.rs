//! Holds the formats to what the contract says of them, on findings the scanner made.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use skant::blob::{Blob, Origin};
use skant::finding::{Finding, Severity};
use skant::ledger::{Account, Accounts, Unit};
use skant::report::{Format, Report, Skipped, Style};
use skant::rule::RuleSet;
use skant::scan::{Dismissal, Dismissed, Scanned, Scanner, Scratch};

const FORMATS: [Format; 8] = [
    Format::Human,
    Format::Json,
    Format::Jsonl,
    Format::Sarif,
    Format::Github,
    Format::Gitlab,
    Format::Junit,
    Format::Markdown,
];
const MASKED: Style = Style {
    reveal: false,
    color: false,
    width: 100,
    quiet: false,
    verbose: 0,
    suppressed: false,
    elapsed: Duration::ZERO,
};

/// A key that nobody was ever given, different for every seed.
fn key(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[4]
    };
    let mut body = [0; 70];
    body[..68].fill_with(&mut random);
    let encoded = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    format!("sk-ant-{}-{}-{}", "api03", encoded(&body[..64]), encoded(&body[64..]))
}

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&RuleSet::builtin()));

fn scan(origin: &Origin, text: &[u8]) -> Scanned {
    SCANNER.scan(&Blob { bytes: text, origin }, &mut Scratch::default())
}

/// What a run over these files would report.
fn report(files: &[(&[u8], &str)]) -> Report {
    let mut report = Report { source: "tree", rules: RuleSet::builtin().in_order(), ..Report::default() };
    let mut bytes = 0;
    for (path, text) in files {
        let scanned = scan(&Origin::file(*path), text.as_bytes());
        bytes += scanned.bytes;
        report.findings.extend(scanned.findings);
        for one in &scanned.dismissed {
            *report.dismissed.entry(one.reason).or_default() += 1;
        }
    }
    report.accounts = accounts(files.len() as u64, bytes);
    report
}

/// The accounts of a run that scanned so much.
fn accounts(files: u64, bytes: u64) -> Accounts {
    let account = |scanned| Account { scanned, ..Account::default() };
    [(Unit::File, account(files)), (Unit::Byte, account(bytes))].into()
}

fn written(format: Format, report: &Report, style: &Style) -> String {
    let mut bytes = Vec::new();
    format.write(report, style, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn parsed(format: Format, report: &Report) -> Value {
    serde_json::from_str(&written(format, report, &MASKED)).unwrap()
}

/// The only finding in a text.
fn finding(path: &[u8], text: &str) -> Finding {
    let mut report = report(&[(path, text)]);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    report.findings.remove(0)
}

#[test]
fn every_format_names_the_same_place() {
    let key = key(1);
    let long = "x = 1; ".repeat(200);
    let table = [
        (format!("k = {key}"), [1, 5]),
        (format!("\tk = {key}\t# tab"), [1, 6]),
        (format!("# 😀é\nk: '😀' or '{key}' # 😀"), [2, 12]),
        (format!("a\r\nk = {key}\r\nb\r\n"), [2, 5]),
        (format!("\u{feff}k = {key}\n"), [1, 5]),
        (format!("\u{feff}a\n{}k = {key}", "\n".repeat(98)), [100, 5]),
        (format!("{long}k = {key}{long}"), [1, 1405]),
    ];
    for (text, [line, column]) in table {
        let report = report(&[(b"a.txt", &text)]);
        let end = column + 108;
        let entry = &parsed(Format::Json, &report)["findings"][0];
        let place = ["line", "column", "end_line", "end_column"].map(|name| entry[name].clone());
        assert_eq!(place, [line, column, line, end].map(Value::from), "{text:?}");
        let region =
            &parsed(Format::Sarif, &report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
        let place = json!({"startLine": line, "startColumn": column, "endLine": line, "endColumn": end});
        assert_eq!(region, &place, "{text:?}");
        let human = written(Format::Human, &report, &MASKED);
        assert!(human.contains(&format!("[a.txt:{line}:{column}]\n")), "{human}");
        assert!(human.contains(&format!("\n {line} │ ")), "{human}");
    }
}

#[test]
fn the_mask_is_underlined() {
    let text = format!("\tkey: '😀' or {} {}", key(2), "and so on ".repeat(30));
    let human = written(Format::Human, &report(&[(b"a.txt", &text)]), &MASKED);
    let lines: Vec<Vec<char>> = human.lines().map(|line| line.chars().collect()).collect();
    let at = lines.iter().position(|line| line.starts_with(&[' ', '1', ' ', '│'])).unwrap();
    let from = lines[at].windows(3).position(|part| part == ['s', 'k', '-']).unwrap();
    let under = lines[at + 1].iter().position(|&part| part == '─').unwrap();
    // The emoji is one character and two columns.
    assert_eq!(from + 1, under, "{human}");
    assert!(lines[at].len() < 100, "{human}");
}

#[test]
fn people_see_findings_as_compilers_show_errors() {
    let key = key(3);
    let found = report(&[(b"src/config.py", &format!("import os\n\nANTHROPIC_API_KEY = \"{key}\"\n"))]);
    let human = written(Format::Human, &found, &Style { elapsed: Duration::from_millis(412), ..MASKED });
    let mask = found.findings[0].secret.mask();
    let expected = format!(
        "\
anthropic-api-key
  × Anthropic API key
   ╭─[src/config.py:3:22]
 3 │ ANTHROPIC_API_KEY = \"{mask}\"
   ·                      ───────────┬───────────
   ·                                 ╰── critical, high confidence
   ╰────
  help: Make a new key, deploy it, then disable this one; watch its usage, delete it later.
        Cleaning history comes after, never instead.
        https://platform.claude.com/settings/keys

1 secret in 1 file (1 critical); scanned 1 file, 142 B, with {} rules in 0.41 s
",
        found.rules.len()
    );
    println!("{}", written(Format::Human, &found, &Style { color: true, ..MASKED }));
    assert_eq!(human, expected);
}

#[test]
fn a_secret_of_many_lines_says_where_it_ends() {
    let mut report = report(&[(b"a", &format!("k = {}", key(17)))]);
    report.findings[0].location.end.line = 1_200;
    assert!(written(Format::Human, &report, &MASKED).contains("─ critical, high confidence, goes on to line 1200\n"));
}

#[test]
fn the_summary_says_what_there_is_to_say() {
    let clean = || Report { source: "tree", accounts: accounts(1234, 5_600_000), ..report(&[]) };
    let rules = clean().rules.len();
    let human = |report: &Report, style: &Style| written(Format::Human, report, style);
    assert_eq!(human(&clean(), &MASKED), format!("no secrets found: 1,234 files, 5.6 MB, {rules} rules, 0 ms\n"));
    assert_eq!(human(&clean(), &Style { quiet: true, ..MASKED }), "");
    let nothing = human(&Report { accounts: Accounts::new(), ..clean() }, &MASKED);
    assert!(nothing.starts_with("nothing to scan: ") && nothing.lines().count() == 1, "{nothing}");

    let skipped = (0..23).map(|n| Skipped { path: format!("{n}.zip"), reason: "cannot\nread".into() }).collect();
    let partial = Report { skipped, below: 4, notices: vec!["look\u{1b}[2J here".into()], ..clean() };
    let text = human(&partial, &MASKED);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("no secrets found in what was scanned: "), "{text}");
    assert_eq!(
        lines[1],
        "4 findings below the asked severity or confidence; --severity low --confidence low shows them"
    );
    assert_eq!(lines[2], "look␛[2J here");
    assert_eq!(lines[3], "not scanned: 0.zip: cannot␊read");
    assert_eq!(lines[23..], ["and 3 more", "The scan is incomplete."]);
    assert!(human(&partial, &Style { quiet: true, ..MASKED }).ends_with("\nThe scan is incomplete.\n"));
}

#[test]
fn what_was_dismissed_is_told_when_asked_for() {
    let scanned = scan(&Origin::file("a.env"), format!("KEY={}{}\n", "sk-ant-api03-", "x".repeat(95)).as_bytes());
    let explained: Vec<Dismissed> = scanned.dismissed;
    assert_eq!(explained[0].reason, Dismissal::Placeholder);
    let counted = Report { dismissed: [(Dismissal::Placeholder, 1)].into(), accounts: accounts(1, 1), ..report(&[]) };
    let count = "1 candidate dismissed (1 placeholder)";
    assert!(!written(Format::Human, &counted, &MASKED).contains(count));
    let verbose = written(Format::Human, &counted, &Style { verbose: 1, ..MASKED });
    assert!(verbose.contains(&format!("\n{count}; --explain shows them\n")), "{verbose}");
    let told = Report { explained, ..counted };
    let human = written(Format::Human, &told, &MASKED);
    assert!(human.starts_with("dismissed (placeholder) a.env:1:5 anthropic-api-key sk-ant-api03-"), "{human}");
    assert!(human.ends_with(&format!("\n{count}\n")), "{human}");
    let json = parsed(Format::Json, &told);
    assert_eq!(json["dismissed_findings"][0]["reason"], "placeholder");
    assert_eq!(json["dismissed_findings"][0]["rule"], "anthropic-api-key");
    assert_eq!(json["scan"]["dismissed"]["placeholder"], 1);
}

#[test]
fn json_has_the_shape_of_the_contract() {
    let key = key(4);
    let mut report = report(&[(b"src/a.py", &format!("k = '{key}'"))]);
    report.skipped.push(Skipped { path: "b.zip".into(), reason: "too deep".into() });
    report.notices.push("look here".into());
    report.settings.insert("severity".into(), "low".into());
    let rule = Arc::clone(&report.findings[0].rule);
    let entry = json!({
        "rule": "anthropic-api-key", "name": rule.name, "provider": "Anthropic", "severity": "critical",
        "confidence": "high", "path": "src/a.py", "line": 1, "column": 6, "end_line": 1, "end_column": 114,
        "where": "content", "commit": null, "ref": null, "via": [], "pointer": null,
        "secret": format!("{}...{}", &key[..16], &key[104..]), "fingerprint": report.findings[0].fingerprint().to_string(),
        "verified": null, "exposure": null, "refs": [], "refs_total": 0, "next": [], "help": rule.help, "help_url": rule.help_url,
    });
    let tool = json!({"name": "skant", "version": env!("CARGO_PKG_VERSION")});
    let account = |scanned: u64| json!({"in_scope": scanned, "scanned": scanned, "left_out": {}, "not_scanned": {}});
    let scan = json!({
        "source": "tree", "range": null, "complete": false, "files": 1, "blobs": 0, "commits": 0, "members": 0, "bytes": 114,
        "rules": report.rules.len(), "findings": 1, "settings": {"severity": "low"}, "config": null, "skipped": [{"path": "b.zip", "reason": "too deep"}],
        "notices": ["look here"], "ledger": {"files": account(1), "bytes": account(114)}, "provenance": null, "suppressed": {"baseline": 0, "inline": 0, "config": 0},
        "dismissed": Dismissal::ALL.iter().map(|reason| (reason.as_str(), 0)).collect::<BTreeMap<_, _>>(),
    });
    let whole = json!({"schema_version": 1, "tool": tool, "scan": scan, "findings": [entry]});
    assert_eq!(parsed(Format::Json, &report), whole);

    let text = written(Format::Json, &report, &MASKED);
    assert!(text.starts_with("{\n  \"schema_version\": 1,\n  \"tool\": {\n") && text.ends_with("\n}\n"), "{text}");
    let order = ["rule", "path", "line", "end_column", "where", "commit", "via", "secret", "verified", "help_url"];
    let places = order.map(|name| text.rfind(&format!("\"{name}\": ")).unwrap());
    assert!(places.is_sorted(), "{text}");

    let lines = written(Format::Jsonl, &report, &MASKED);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [whole["findings"][0].clone(), json!({"schema_version": 1, "tool": tool, "scan": scan})]);
}

#[test]
fn a_note_is_an_added_field() {
    let text = format!("k = sk-ant-{}-{}", "api03", key(5)[13..].replace("AA", "zz"));
    let report = report(&[(b"a", &text)]);
    let note = report.findings[0].note.as_deref().unwrap();
    assert_eq!(parsed(Format::Json, &report)["findings"][0]["note"], note);
    assert!(written(Format::Human, &report, &MASKED).contains(&format!("help: Note: {note}.\n")));
    assert!(written(Format::Sarif, &report, &MASKED).contains(&format!("; {note}. ")));
}

#[test]
fn sarif_has_what_code_scanning_requires() {
    let mut report = report(&[(b"a.py", &format!("k = {}", key(6)))]);
    report.skipped.push(Skipped { path: "b.zip".into(), reason: "too deep".into() });
    report.notices.push("look here".into());
    let log = parsed(Format::Sarif, &report);
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].is_string());
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["automationDetails"]["id"], "skant/tree/");
    assert!(run["originalUriBaseIds"]["%SRCROOT%"]["description"]["text"].is_string());
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = json!([
        {"level": "error", "message": {"text": "Not scanned: b.zip: too deep"}},
        {"level": "note", "message": {"text": "look here"}},
    ]);
    assert_eq!(invocation["toolExecutionNotifications"], told);

    let driver = &run["tool"]["driver"];
    assert_eq!((&driver["name"], &driver["semanticVersion"]), (&json!("skant"), &driver["version"]));
    let rules = driver["rules"].as_array().unwrap();
    assert_eq!(rules.len(), report.rules.len());
    assert!(rules.is_sorted_by(|a, b| a["id"].as_str() < b["id"].as_str()));
    for rule in rules {
        let texts = ["shortDescription", "fullDescription", "help"].map(|name| rule[name]["text"].as_str().unwrap());
        assert!(texts.iter().all(|text| !text.is_empty()) && texts[1].chars().count() <= 1024, "{rule}");
        assert!(!rule["help"]["markdown"].as_str().unwrap().is_empty(), "{rule}");
        assert!(rule["defaultConfiguration"]["level"].is_string(), "{rule}");
        let score: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!(score > 0.0 && score < 10.0, "{rule}");
        assert_eq!(rule["properties"]["tags"], json!(["security", "secret", "external/cwe/cwe-798"]));
        assert_ne!(rule.get("helpUri"), Some(&json!("")), "{rule}");
    }

    let result = &run["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!((&result["ruleId"], &result["level"]), (&rules[index]["id"], &json!("error")));
    let fingerprint = report.findings[0].fingerprint().to_string();
    assert_eq!(result["partialFingerprints"], json!({ "skant/v1": fingerprint }));
    let properties = json!({"severity": "critical", "confidence": "high", "provider": "Anthropic", "where": "content"});
    assert_eq!(result["properties"], properties);
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.contains(&report.findings[0].secret.mask()) && message.ends_with(&*report.findings[0].rule.help));
}

#[test]
fn a_clean_run_has_results_too() {
    let run = &parsed(Format::Sarif, &report(&[]))["runs"][0];
    assert_eq!(run["results"], json!([]));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert!(!run["tool"]["driver"]["rules"].as_array().unwrap().is_empty());
}

#[test]
fn sarif_keeps_the_worst_of_too_many() {
    let worse = finding(b"b", &format!("k = {}", key(7)));
    let milder = Finding { severity: Severity::Low, ..finding(b"a", &format!("k = {}", key(8))) };
    let mut many = report(&[]);
    many.findings = vec![milder; 25_010];
    many.findings.push(worse);
    let log = parsed(Format::Sarif, &many);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    let last = &results[24_999]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!((last, &results[0]["level"]), (&json!("b"), &json!("note")));
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert!(told.contains("25011") && told.contains("25000"), "{told}");
}

#[test]
fn names_are_encoded_byte_by_byte() {
    let report = report(&[(b"a b/#%:\xff.py", &format!("k = {}", key(9)))]);
    let location = &parsed(Format::Sarif, &report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"], json!({"uri": "a%20b/%23%25%3A%FF.py", "uriBaseId": "%SRCROOT%"}));
    assert_eq!(parsed(Format::Json, &report)["findings"][0]["path"], "a b/#%:\u{fffd}.py");
}

#[test]
fn no_format_repeats_a_secret() {
    let (one, two) = (key(10), key(11));
    let mut report = report(&[(b"a.env", &format!("A={one} B={two}\nC=\"{one}\"\n"))]);
    assert_eq!(report.findings.len(), 3);
    let dismissed = |finding: &Finding| Dismissed { finding: finding.clone(), reason: Dismissal::LowEntropy };
    report.explained = report.findings.iter().map(dismissed).collect();
    let leaks = |text: &str| [&one, &two].iter().any(|key| (14..80).any(|at| text.contains(&key[at..at + 12])));
    for format in FORMATS {
        let text = written(format, &report, &MASKED);
        assert!(!leaks(&text), "{format:?}: {text}");
        let revealed = written(format, &report, &Style { reveal: true, ..MASKED });
        assert_eq!(revealed.contains(&one), matches!(format, Format::Human | Format::Json), "{format:?}: {revealed}");
    }
}

#[test]
fn a_revealed_secret_is_inert() {
    let mut report = report(&[(b"a", &format!("k = {}", key(12)))]);
    report.findings[0].secret = skant::finding::Secret::new(b"a\x1b[2J\nb\xff", 0);
    let human = written(Format::Human, &report, &Style { reveal: true, ..MASKED });
    assert!(human.contains("\n  secret: a␛[2J␊b\u{fffd}\n"), "{human}");
}

#[test]
fn a_name_is_inert() {
    let report = report(&[(b"a\x1b]0;x\x07\n::error::b\xe2\x80\xae", &format!("k = {}", key(13)))]);
    for format in FORMATS {
        let text = written(format, &report, &MASKED);
        let harmless = |character: char| character == '\n' || !character.is_control();
        assert!(text.chars().all(harmless), "{format:?}: {text:?}");
        let commands = text.lines().filter(|line| line.starts_with("::")).count();
        assert_eq!(commands, usize::from(format == Format::Github), "{format:?}: {text:?}");
    }
    let human = written(Format::Human, &report, &MASKED);
    assert!(human.contains("[a␛]0;x␇␊::error::b\u{fffd}:1:5]"), "{human}");
    let colored = written(Format::Human, &report, &Style { color: true, ..MASKED });
    let colors = colored.matches('\u{1b}').count();
    assert!(colors > 0 && colors == colored.matches("\u{1b}[").count(), "{colored:?}");
}

#[test]
fn a_secret_in_a_name_is_shown_as_such() {
    let name = format!("backup/{}.txt", key(14));
    let mut scanned = scan(&Origin::name(name.as_bytes()), name.as_bytes());
    let masked = SCANNER.mask(name.as_bytes(), &mut Scratch::default());
    scanned.findings[0].location.origin.path = masked.clone().into_bytes();
    let report = Report { findings: scanned.findings, ..report(&[]) };
    let human = written(Format::Human, &report, &MASKED);
    assert!(human.contains(&format!("─[{masked}]\n")) && human.contains(", in the name itself\n"), "{human}");
    assert_eq!(parsed(Format::Json, &report)["findings"][0]["where"], "path");
    let location = &parsed(Format::Sarif, &report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location.get("region"), None);
    assert!(FORMATS.iter().all(|format| !written(*format, &report, &MASKED).contains(&name)));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = report(&[(b"a", &format!("k = {}", key(15))), (b"b", &format!("k = {}", key(16)))]);
    let slow = Style { elapsed: Duration::from_secs(9), width: 40, color: true, ..MASKED };
    for format in &FORMATS[1..] {
        assert_eq!(written(*format, &report, &MASKED), written(*format, &report, &slow));
    }
}

/// As many findings of a severity, each in a file of its own.
fn several(severity: Severity, many: usize) -> Vec<Finding> {
    let one = finding(b"x", &format!("k = {}", key(18)));
    let named = |number| {
        let mut finding = Finding { severity, ..one.clone() };
        finding.location.origin.path = format!("{severity}/{number}").into();
        finding
    };
    (0..many).map(named).collect()
}

/// The files of the annotations of a level.
fn annotated(text: &str, level: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with(&format!("::{level} ")));
    let file = |line: &str| line.split_once("file=")?.1.split(',').next().map(str::to_owned);
    lines.map(|line| file(line).unwrap_or_default()).collect()
}

#[test]
fn annotations_are_the_worst_and_the_rest_is_counted() {
    let mut many = report(&[]);
    let levels = [(Severity::Low, 12), (Severity::Medium, 11), (Severity::High, 9), (Severity::Critical, 3)];
    many.findings = levels.into_iter().flat_map(|(severity, many)| several(severity, many)).collect();
    let text = written(Format::Github, &many, &MASKED);
    let of = |severity: &str, many: usize| (0..many).map(|number| format!("{severity}/{number}")).collect::<Vec<_>>();
    assert_eq!(annotated(&text, "error"), [of("critical", 3), of("high", 7)].concat());
    assert_eq!(annotated(&text, "warning"), of("medium", 10));
    assert_eq!(annotated(&text, "notice"), [of("low", 9), vec![String::new()]].concat());
    assert!(text.contains("\n::notice title=skant::6 more: "), "{text}");
    let last = text.lines().last().unwrap();
    let found = "skant: 35 secrets in 35 files (3 critical, 9 high, 11 medium, 12 low); scanned 0 files, 0 B, ";
    assert!(last.starts_with(found), "{last}");

    many.skipped = vec![Skipped { path: "a\nb".into(), reason: "100%".into() }];
    let text = written(Format::Github, &many, &MASKED);
    let first = "::error title=The scan is incomplete::1 thing could not be scanned, the first is a b: 100%25\n";
    assert!(text.starts_with(first) && text.contains("::7 more: "), "{text}");
    assert_eq!(written(Format::Github, &report(&[(b"a", "x")]), &MASKED).lines().count(), 1);
}

#[test]
fn a_summary_stays_below_what_is_dropped() {
    let mut many = report(&[]);
    many.findings = several(Severity::High, 20_000);
    many.findings.extend(several(Severity::Critical, 1));
    many.skipped = (0..30).map(|n| Skipped { path: format!("{n}"), reason: "x|y".into() }).collect();
    let text = written(Format::Markdown, &many, &MASKED);
    assert!((900_000..1_000_000).contains(&text.len()), "{}", text.len());
    let is_row = |line: &&str| line.starts_with("| critical ") || line.starts_with("| high ");
    let rows: Vec<&str> = text.lines().filter(is_row).collect();
    assert!(rows[0].contains("<code>critical/0:1:5</code>"), "{}", rows[0]);
    let rest = format!("\nAnd {} more: ", 20_001 - rows.len());
    assert!(text.replace(',', "").contains(&rest), "{rest}");
    assert!(text.contains("- <code>19</code>: x&#124;y\n\nAnd 10 more: "), "{}", &text[..3000]);
}

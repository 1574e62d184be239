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
fn no_bytes_in_front_hide_what_is_not_wide() {
    let key = anthropic_key(1);
    let fronts: [&[u8]; 7] = [
        b"\xff\xfe\0",
        b"\xff\xfe\x01\0\xc3",
        b"\xff\xfe\xc3",
        b"\xfe\xff\xc3",
        b"\xfe\xff\0",
        b"\xff\xfe\0\0\0",
        b"\0\0\xfe\xff\xc3\xc3\xc3",
    ];
    for front in fronts {
        let tree = Tree::new();
        tree.bytes("a", [front, key.as_bytes(), b"\n"].concat());
        assert_eq!(only(&scan(&tree, &["."]))["rule"], "anthropic-api-key", "{front:?}");
    }
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

/// A way to write one character.
type Escape = fn(char) -> String;

/// The ways to write a character by its number: what they are called, and what a text is read through that has them.
const ESCAPES: [(&str, Escape, &str); 11] = [
    ("percent", |c| format!("%{:02X}", u32::from(c)), "percent"),
    ("lower-case percent", |c| format!("%{:02x}", u32::from(c)), "percent"),
    ("JSON", |c| format!("\\u{:04x}", u32::from(c)), "escape"),
    ("upper-case JSON", |c| format!("\\u{:04X}", u32::from(c)), "escape"),
    ("C", |c| format!("\\x{:02x}", u32::from(c)), "escape"),
    ("upper-case C", |c| format!("\\x{:02X}", u32::from(c)), "escape"),
    ("octal", |c| format!("\\{:03o}", u32::from(c)), "escape"),
    ("HTML", |c| format!("&#{};", u32::from(c)), "html"),
    ("HTML with zeros", |c| format!("&#{:05};", u32::from(c)), "html"),
    ("HTML in hex", |c| format!("&#x{:x};", u32::from(c)), "html"),
    ("upper-case HTML in hex", |c| format!("&#X{:04X};", u32::from(c)), "html"),
];

/// A key whose separators are escaped, its last characters, or all of them.
fn escaped(key: &str) -> Vec<(&'static str, String, &'static [&'static str])> {
    let mut all = Vec::new();
    for (name, escape, via) in ESCAPES {
        let via: &'static [&'static str] = match via {
            "percent" => &["percent"],
            "escape" => &["escape"],
            _ => &["html"],
        };
        let with = |is_escaped: &dyn Fn(usize, char) -> bool| -> String {
            key.chars().enumerate().map(|(at, c)| if is_escaped(at, c) { escape(c) } else { c.to_string() }).collect()
        };
        all.push((name, with(&|_, c| !c.is_ascii_alphanumeric()), via));
        all.push((name, with(&|_, _| true), via));
        all.push((name, with(&|at, _| at == 40 || at + 3 >= key.len()), via));
    }
    all
}

/// A key in every wrapping: what it is called, the text, where in it the secret begins and ends, and what it is
/// read through.
fn wrapped(key: &str) -> Vec<(&'static str, String, usize, usize, &'static [&'static str])> {
    use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, HEXLOWER, HEXUPPER};
    let bytes = key.as_bytes();
    let whole = |name, text: String, via| {
        let length = text.chars().count();
        (name, text, 0, length, via)
    };
    let base64 = |text: &str| BASE64.encode(text.as_bytes());
    let mut all = vec![
        whole("base64", BASE64.encode(bytes), &["base64"][..]),
        whole("base64 for addresses", BASE64URL.encode(bytes), &["base64"]),
        whole("base64 without padding", BASE64_NOPAD.encode(bytes), &["base64"]),
        whole("hex", HEXLOWER.encode(bytes), &["hex"]),
        whole("upper-case hex", HEXUPPER.encode(bytes), &["hex"]),
        whole("base64 of base64", base64(&base64(key)), &["base64", "base64"]),
        whole("base64 of hex", base64(&HEXLOWER.encode(bytes)), &["base64", "hex"]),
    ];
    for (name, text, via) in escaped(key) {
        all.push(whole(name, text, via));
    }
    let percent = |text: &str| text.replace('-', "%2D");
    all.extend([
        whole("percent twice", key.replace('-', "%252D"), &["percent", "percent"]),
        whole("percent in base64", base64(&percent(key)), &["base64", "percent"]),
        whole("JSON in JSON", key.replace('-', "\\\\u002d"), &["escape", "escape"]),
        whole("HTML twice", key.replace('-', "&amp;#45;"), &["html", "html"]),
    ]);
    let in_base64 = base64(&format!("{{\"key\": \"{key}\"}}"));
    // `{"key": "` is nine bytes, and so twelve characters.
    all.push(("base64 of more", in_base64, 12, 12 + 144, &["base64"]));
    all
}

#[test]
fn wrapped_keys_are_found_in_their_place() {
    let key = anthropic_key(2);
    let name = fingerprint(&key);
    let mut faults = Vec::new();
    for (wrapping, text, from, to, via) in wrapped(&key) {
        for (file, before, after) in [
            ("a.py", "é = \"", "\"\n"),
            ("b.yaml", "é: ", "\nnext: thing\n"),
            ("c.json", "{\"é\": \"", "\", \"x\": 1}"),
            ("d.js", "f(\"é\", \"", "\");\n"),
            ("e.txt", "", ""),
        ] {
            let tree = Tree::new();
            tree.file(file, &format!("first\nsecond\n{before}{text}{after}"));
            let run = scan(&tree, &["."]);
            let begin = 1 + before.chars().count() as u64;
            let expected =
                (3, begin + from as u64, 3, begin + to as u64, via.iter().map(|&one| one.to_owned()).collect());
            let findings = run.findings();
            let told: Vec<Seen> = findings.iter().map(seen).collect();
            if told != [expected] {
                faults.push(format!("{wrapping} in {file}: {told:?}"));
            } else if findings[0]["fingerprint"] != json!(name) || findings[0]["secret"] != json!(mask(&key)) {
                faults.push(format!("{wrapping} in {file}: {}", findings[0]));
            }
            let human = skant(&tree, &["scan"]).stdout;
            let hidden = &text[text.len() / 2 - 6..text.len() / 2 + 6];
            if human.contains(hidden) || human.contains(&key[50..62]) {
                faults.push(format!("{wrapping} in {file} is shown: {human}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Findings in a file, as rule, line, column, end and what they are read through.
#[track_caller]
fn told(name: &str, bytes: impl AsRef<[u8]>) -> Vec<Seen> {
    let tree = Tree::new();
    tree.bytes(name, bytes);
    scan(&tree, &["."]).findings().iter().map(seen).collect()
}

fn via(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn base64_in_lines_is_one_text() {
    let key = anthropic_key(4);
    let text = format!(
        "user: somebody\nurl: https://example.invalid/a/path\nkey: {key}\nother: thing\n{}",
        "words ".repeat(40)
    );
    let encoded = data_encoding::BASE64.encode(text.as_bytes());
    // The key begins at byte 53 of the text: at character 70 of its base64, and ends with character 215.
    let (from, to) = (text.find(&key).unwrap() * 4 / 3, (text.find(&key).unwrap() + key.len()) * 4 / 3 + 1);
    for (width, indent, end) in [(76, "", "\n"), (64, "    ", "\n"), (60, "", "\r\n"), (61, "\t", "\n")] {
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let file = format!("data: |\n{indent}{}{end}", lines.join(&format!("{end}{indent}")));
        let place = |at: usize| (2 + (at / width) as u64, 1 + (indent.len() + at % width) as u64);
        let ((line, column), (end_line, end_column)) = (place(from), place(to - 1));
        assert_eq!(told("a.yaml", file), [(line, column, end_line, end_column + 1, via(&["base64"]))], "{width}");
    }
}

/// What stands between two literals or two parts of one, and what a text is read through that has it.
const JOINTS: [(&str, &str); 27] = [
    ("\" + \"", "concatenation"),
    ("\"+\"", "concatenation"),
    ("\" +\n    \"", "concatenation"),
    ("\"\n  + \"", "concatenation"),
    ("\" \\\n  + b\"", "concatenation"),
    ("\" . \"", "concatenation"),
    ("\" .. \"", "concatenation"),
    ("\" & \"", "concatenation"),
    ("\" & _\r\n    \"", "concatenation"),
    ("\" <> \"", "concatenation"),
    ("\" ++ \"", "concatenation"),
    ("\" || \"", "concatenation"),
    ("\"\"", "concatenation"),
    ("\" \"", "concatenation"),
    ("\" f\"", "concatenation"),
    ("\"\n    \"", "concatenation"),
    ("\"\r\n\t\"", "concatenation"),
    ("\" \\\n    \"", "concatenation"),
    ("\\\n", "continuation"),
    ("\\\r\n", "continuation"),
    ("\\\n    ", "continuation"),
    ("\u{200b}", "zero-width"),
    ("\u{200c}", "zero-width"),
    ("\u{200d}\u{200d}", "zero-width"),
    ("\u{2060}", "zero-width"),
    ("\u{feff}", "zero-width"),
    ("\u{ad}", "zero-width"),
];

/// A secret and what stands before it: some are told by their shape, others by the name they are bound to.
fn secrets() -> [(&'static str, String); 4] {
    let key = support::Random::new(12).text("abcdefghijklmnopqrstuvwxyz0123456789", 40);
    [("x", anthropic_key(10)), ("é", github_token(11)), ("password", support::password()), ("api_key", key)]
}

/// Where a text ends that begins at a place and has a secret's pieces and what is between them.
fn end_of(text: &str, (line, column): (u64, u64)) -> (u64, u64) {
    let lines = text.matches('\n').count() as u64;
    let last = text.rsplit('\n').next().unwrap().chars().count() as u64;
    (line + lines, if lines == 0 { column + last } else { 1 + last })
}

/// Secrets in two and in three pieces, one file each; and in one, in the first.
#[test]
fn secrets_in_pieces_are_found_in_their_place() {
    let mut faults = Vec::new();
    for (name, secret) in secrets() {
        let tree = Tree::new();
        let before = format!("z = 1\nf({name} = ");
        tree.file("000/a.py", &format!("{before}\"{secret}\")\n"));
        let first = if name == "é" { 30 } else { secret.len() / 2 + 1 };
        let mut texts = Vec::new();
        for (joint, via) in JOINTS {
            let (front, back) = secret.split_at(first);
            let step = back.len().div_ceil(2);
            let small: Vec<&str> = back.as_bytes().chunks(step).map(|one| std::str::from_utf8(one).unwrap()).collect();
            texts.push((format!("{front}{joint}{back}"), via));
            texts.push((format!("{front}{joint}{}", small.join(joint)), via));
        }
        for (number, (text, _)) in texts.iter().enumerate() {
            tree.file(format!("{:03}/a.py", number + 1), &format!("{before}\"{text}\")\n"));
        }
        let findings = scan(&tree, &["."]).findings();
        let plain = findings[0].clone();
        let begin = before.rsplit('\n').next().unwrap().chars().count() as u64 + 2;
        for (number, (text, through)) in texts.iter().enumerate() {
            let path = json!(format!("{:03}/a.py", number + 1));
            let found: Vec<&Value> = findings.iter().filter(|one| one["path"] == path).collect();
            let places: Vec<Seen> = found.iter().map(|one| seen(one)).collect();
            let end = end_of(text, (2, begin));
            if places != [(2, begin, end.0, end.1, via(&[through]))] {
                faults.push(format!("{name} {text:?}: {places:?}, not {end:?}"));
            } else if ["rule", "fingerprint", "secret", "confidence"]
                .iter()
                .any(|field| found[0][field] != plain[field])
            {
                faults.push(format!("{name} {text:?}: {}", found[0]));
            }
        }
        for format in ["human", "json", "sarif", "gitlab", "markdown"] {
            let shown = skant(&tree, &["scan", "--format", format, "."]).stdout;
            for piece in [&secret[first - 5..first], &secret[first..(first + 5).min(secret.len())]] {
                assert!(!shown.contains(piece), "{name} in {format}: {piece}");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn secrets_in_pieces_are_found_in_every_language() {
    let key = anthropic_key(13);
    let (front, back) = key.split_at(40);
    let token = github_token(14);
    let (first, last) = token.split_at(25);
    let password = support::password();
    let (left, right) = password.split_at(6);
    for (file, text) in [
        ("a.java", format!("String token = \"{first}\"\n        + \"{last}\";\n")),
        ("a.cs", format!("var key = @\"{front}\" +\r\n    @\"{back}\";\r\n")),
        ("a.go", format!("const apiToken = \"{first}\" +\n\t\"{last}\"\n")),
        ("a.c", format!("static const char token[] =\n    \"{first}\"\n    \"{last}\";\n")),
        ("b.c", format!("#define KEY \"{front}\" \"{back}\"\n")),
        ("a.php", format!("<?php $password = '{left}' . '{right}';\n")),
        ("a.lua", format!("local password = '{left}' .. '{right}'\n")),
        ("a.vb", format!("Dim password As String = \"{left}\" & _\r\n    \"{right}\"\r\n")),
        ("a.ex", format!("password = \"{left}\" <> \"{right}\"\n")),
        ("a.sql", format!("ALTER USER a SET password = '{left}' || '{right}';\n")),
        ("a.py", format!("def f():\n    return (\"{front}\"\n            \"{back}\")\n")),
        ("a.ps1", format!("$password = \"{left}\" + `\r\n  \"{right}\"\r\n")),
        ("a.sh", format!("export KEY={front}\\\n{back}\n")),
        ("b.sh", format!("KEY=\"{front}\"'{back}'\n")),
        ("Makefile", format!("password = {left}\\\n{right}\n")),
        ("Dockerfile", format!("FROM a\nENV API_PASSWORD={left}\\\n{right}\n")),
        ("a.yaml", format!("a:\n  password: \"{left}\\\n    {right}\"\n")),
        ("a.ipynb", format!("{{\"source\": [\"password = \\\"{left}\\\" + \\\"{right}\\\"\"]}}\n")),
        ("a.md", format!("Use `{front}\u{200b}{back}`.\n")),
        ("a.html", format!("<password>{left}\u{ad}{right}</password>\n")),
        ("url", format!("\"postgres://bob:{left}\" + \"{right}@db.invalid/x\"\n")),
    ] {
        let found = told(file, &text);
        assert_eq!((found.len(), found.first().map(|one| one.4.len())), (1, Some(1)), "{file}: {text} {found:?}");
    }
    // In something else, and something else in them.
    let encoded = data_encoding::BASE64.encode(format!("x = \"{front}\" + \"{back}\"\n").as_bytes());
    assert_eq!(told("a", &encoded)[0].4, via(&["base64", "concatenation"]));
    let encoded = data_encoding::BASE64.encode(format!("x = \"{key}\"\n").as_bytes());
    let (begin, end) = encoded.split_at(50);
    assert_eq!(told("a", format!("key = '{begin}' + '{end}'\n"))[0].4, via(&["concatenation", "base64"]));
}

/// What YAML folds is one text; each line of it is one word.
#[test]
fn secrets_in_folded_lines_are_found() {
    let (token, password) = (github_token(19), support::password());
    for secret in [token, password] {
        let (front, rest) = secret.split_at(if secret.len() > 20 { 25 } else { 4 });
        let (middle, back) = rest.split_at(3);
        for (text, end) in [
            (format!("a:\n  password: >-\n    {front}\n    {middle}{back}\n  user: bob\n"), 4),
            (format!("password: >\r\n  {front}\r\n  {middle}\r\n  {back}"), 4),
            (format!("passwords:\n  - password: >+\n      {front}\n      {middle}{back}\nuser: bob\n"), 4),
        ] {
            let indent = |line: usize| {
                text.lines().nth(line - 1).unwrap().len() - text.lines().nth(line - 1).unwrap().trim_start().len()
            };
            let last = text.lines().nth(end - 1).unwrap().trim_end().len() as u64 + 1;
            let begin = text.lines().position(|line| line.trim() == front).unwrap() + 1;
            let expected = (begin as u64, indent(begin) as u64 + 1, end as u64, last, via(&["folding"]));
            assert_eq!(told("a.yaml", &text), [expected], "{text}");
        }
        for text in [
            format!("password: |\n  {front}\n  {middle}{back}\n"),
            format!("password: >-\n  {front}\n {middle}{back}\n"),
            format!("password: >-\n  {front}\n    {middle}{back}\n"),
            format!("password: >-\n  {front}\n  {middle}{back} of bob\n"),
            format!("password:\n  {front}\n  {middle}{back}\n"),
            format!("if password:>\n  {front}\n  {middle}{back}\n"),
        ] {
            let found = told("a.yaml", &text);
            assert!(found.iter().all(|one| one.4.is_empty()), "{text} {found:?}");
        }
    }
}

/// The first element of a list may stand farther off than a value is looked for.
#[test]
fn a_list_that_begins_far_behind_its_bracket_is_no_fault() {
    for gap in [" ".repeat(500), "\n".repeat(130)] {
        let tree = Tree::new();
        tree.file("a.js", &format!("password = [{gap}\"kR7vQm\", \"2xZp\"].join(\"\");\n")).key("beside");
        let run = scan(&tree, &["."]);
        assert_eq!((run.status, run.each("path")), (1, vec!["beside".to_owned()]), "{run:#?}");
    }
}

/// Lists whose elements a program joins.
#[test]
fn secrets_in_lists_that_are_joined_are_found() {
    let (token, password) = (github_token(18), support::password());
    for secret in [token, password] {
        let (front, rest) = secret.split_at(if secret.len() > 20 { 25 } else { 4 });
        let (middle, back) = rest.split_at(3);
        for text in [
            format!("password = [\"{front}\", \"{middle}\", \"{back}\"].join(\"\");\n"),
            format!("const password = ['{front}',\n  '{middle}',\n  '{back}',\n].join('');\n"),
            format!("password = [\"{front}\", \"{middle}\", \"{back}\"].join\n"),
            format!("password = \"\".join([\"{front}\", \"{middle}\", \"{back}\"])\n"),
            format!("password = ''.join((\n    '{front}',\n    '{middle}',\n    '{back}',\n))\n"),
            format!("String password = String.join(\"\", \"{front}\", \"{middle}\", \"{back}\");\n"),
            format!("password := strings.Join([]string{{\"{front}\", \"{middle}\", \"{back}\"}}, \"\")\n"),
            format!("var password = string.Concat(\"{front}\", \"{middle}\", \"{back}\");\n"),
            format!("$password = implode('', ['{front}', '{middle}', '{back}']);\n"),
            format!("my $password = join('', '{front}', '{middle}', '{back}');\n"),
            format!("$password = ('{front}', '{middle}', '{back}') -join ''\n"),
        ] {
            let (begin, end) = (text.find(front).unwrap(), text.rfind(back).unwrap() + back.len());
            let column = |at: usize| (at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1) as u64;
            let line = |at: usize| 1 + text[..at].matches('\n').count() as u64;
            let expected = (line(begin), column(begin), line(end), column(end), via(&["concatenation"]));
            assert_eq!(told("a.py", &text), [expected], "{text}");
        }
        for text in [
            format!("password = [\"{front}\", \"{middle}\", \"{back}\"].join(\", \");\n"),
            format!("passwords = [\"{front}\", \"{middle}\", \"{back}\"]\n"),
            format!("password = join(\"-\", \"{front}\", \"{middle}\", \"{back}\")\n"),
        ] {
            let found = told("a.py", &text);
            assert!(found.iter().all(|one| one.4.is_empty()), "{text} {found:?}");
        }
    }
}

/// What would be no secret in one is none in pieces, and what is no joint joins nothing.
#[test]
fn what_joins_nothing_stays_apart() {
    let (token, other) = (github_token(15), github_token(16));
    let password = support::password();
    let tree = Tree::new();
    tree.file("a.js", "const password = \"enter\" + \" your \" + \"password\"; const token = \"a\" + \"b\";\n")
        .file("b.js", "const key = 'settings.' + 'section.' + 'title', secret = 'abc' + name + 'def';\n")
        .file("c.js", &format!("const token = \"{}\" + rest;\nconst key = [\"first\", \"second\"];\n", &token[..8]))
        .file(
            "d.py",
            "tokens = [\"alpha\", \"beta\",\n    \"gamma\", \"delta\"]\nkey = (\"some words\"\n    \"that go on\")\n",
        )
        .file("e.md", "The pass\u{ad}word is se\u{ad}cret; the to\u{200b}ken: un\u{200b}known\n")
        .file(
            "g.js",
            "const token = [\"the\", \"next\", \"word\"].join(\"\"), keys = [\"first\", \"second\"].join('');\n",
        )
        .file("f.sh", "run --token first\\\n  --key second\\\n  --password third\n");
    let run = scan(&tree, &["--confidence", "low", "."]);
    assert_eq!((run.status, run.each("rule")), (0, vec![]), "{run:#?}");

    // Whole secrets with something behind them that is not theirs.
    for text in [
        format!("curl -H \"Authorization: Bearer {token}\" \"api.invalid\"\n"),
        format!("run --token \"{token}\" \"word\"\n"),
        format!("TOKEN=\"{token}\" \"command\"\n"),
        format!("run --token {token}\\\n  --other\n"),
        format!("token = \"{token}\"\n  \"other\" = \"x\"\n"),
        format!("token = \"{token}\" + \" and more\"\n"),
        format!("token = \"{token}\" + name + \"more\"\n"),
        format!("[\"{token}\", \"word\"]\n"),
        format!("{{\"token\" \"{token}\" \"user\" \"bob\"}}\n"),
        format!("{token}\u{200b}\n"),
        format!("run --password \"{password}\" \"word\"\n"),
        format!("PASSWORD=\"{password}\" \"word\"\n"),
        format!("PASSWORD={password}\\\n  --other\n"),
        format!("{{:password \"{password}\" \"user\" \"bob\"}}\n"),
    ] {
        assert_eq!(told("a", &text).iter().map(|one| one.4.len()).collect::<Vec<_>>(), [0], "{text}");
    }
    assert_eq!(told("a.nix", format!("[ \"{token}\" \"{other}\" ]\n")).len(), 2);
}

/// Texts that are nothing but joints take as long as others.
#[test]
fn joints_without_end_are_read_in_time() {
    for piece in [
        "\"a\"+",
        "key=\"a\"+\"b\";",
        "sk-ant-api03-\"+\"",
        "key=a\\\n",
        "key=\"\u{200b}a\u{200b}",
        "key=(\"a\"\n \"b",
        "key=[\"a\",",
        "key=[\"a\",\"b\"].join(",
    ] {
        let (tree, text) = (Tree::new(), piece.repeat(10_000));
        tree.file("a.js", &text);
        let run = scan(&tree, &["."]);
        assert_eq!((run.status, run.findings().len()), (0, 0), "{piece}: {run:#?}");
    }
}

/// Passwords and keys whose name gives them away are reported as what they are, not as they are written.
#[test]
fn values_are_read_without_their_escapes() {
    let password = ["kR7v@", "Qm2x", "&Zp"].concat();
    let [at, and] = [password.find('@').unwrap(), password.find('&').unwrap()];
    let (front, middle, back) = (&password[..at], &password[at + 1..and], &password[and + 1..]);
    let tree = Tree::new();
    tree.file("plain.json", &format!("{{\"password\": \"{password}\"}}\n"));
    let name = only(&scan(&tree, &["."]))["fingerprint"].clone();
    for (file, text, through) in [
        ("a.json", format!("{{\"password\": \"{front}\\u0040{middle}\\u0026{back}\"}}\n"), "escape"),
        ("a.js", format!("const password = '{front}\\x40{middle}&{back}';\n"), "escape"),
        ("a.rs", format!("let password = \"{front}\\u{{40}}{middle}&{back}\";\n"), "escape"),
        ("a.properties", format!("db.password={front}\\u0040{middle}\\u0026{back}\n"), "escape"),
        ("a.xml", format!("<password>{front}@{middle}&amp;{back}</password>\n"), "html"),
        ("b.xml", format!("<db password=\"{front}&#64;{middle}&#x26;{back}\"/>\n"), "html"),
        ("a.http", format!("POST /x?user=bob&password={front}%40{middle}%26{back}\n"), "percent"),
        ("b.http", format!("password={front}%40{middle}%26{back}&user=bob\n"), "percent"),
        // What stands around the value is escaped.
        ("c.http", format!("q=%7B%22password%22%3A%22{front}%40{middle}%26{back}%22%7D\n"), "percent"),
        ("a.log", format!("body {{\\u0022password\\u0022:\\u0022{front}@{middle}\\u0026{back}\\u0022}}\n"), "escape"),
        ("b.log", format!("body {{\\x22password\\x22: \\x22{front}@{middle}&{back}\\x22}}\n"), "escape"),
        (
            "a.html",
            format!("<div data-x=\"{{&quot;password&quot;:&quot;{front}@{middle}&amp;{back}&quot;}}\">\n"),
            "html",
        ),
        ("b.html", format!("<code>password = &#39;{front}@{middle}&amp;{back}&#39;</code>\n"), "html"),
        ("c.html", format!("&lt;password&gt;{front}@{middle}&amp;{back}&lt;/password&gt;\n"), "html"),
    ] {
        let tree = Tree::new();
        tree.file(file, &text);
        let run = scan(&tree, &["."]);
        let findings = run.findings();
        let told: Vec<Seen> = findings.iter().map(seen).collect();
        let column = |at: usize| 1 + text[..at].chars().count() as u64;
        let (begin, end) = (column(text.find(front).unwrap()), column(text.find(back).unwrap() + back.len()));
        assert_eq!(told, [(1, begin, 1, end, via(&[through]))], "{text}");
        assert_eq!(findings[0]["fingerprint"], name, "{text}");
        assert!(!run.stdout.contains(middle), "{text}");
    }
    // A whole key in base64, as PHP and .NET write it, in a form and in a string.
    let secret = support::Random::new(31).text(support::BASE64, 38).replace(['/', '+'], "x") + "/+";
    let name = {
        let tree = Tree::new();
        tree.file("a.json", &format!("{{\"aws_secret_access_key\": \"{secret}\"}}\n"));
        only(&scan(&tree, &["."]))["fingerprint"].clone()
    };
    for (file, text) in [
        ("a.json", format!("{{\"aws_secret_access_key\": \"{}\"}}\n", secret.replace('/', "\\/"))),
        ("b.json", format!("{{\"aws_secret_access_key\": \"{}\"}}\n", secret.replace('+', "\\u002B"))),
        ("a.http", format!("a=b&aws_secret_access_key={}\n", secret.replace('/', "%2F").replace('+', "%2b"))),
        ("b.json", format!("\"{{\\\"aws_secret_access_key\\\": \\\"{}\\\"}}\"\n", secret.replace('/', "\\\\/"))),
    ] {
        let tree = Tree::new();
        tree.file(file, &text);
        assert_eq!(only(&scan(&tree, &["."]))["fingerprint"], name, "{text}");
    }
}

/// What is no secret is none in escapes, and what is found as it stands is told once, as it stands.
#[test]
fn escapes_make_no_noise() {
    let token = github_token(22);
    let tree = Tree::new();
    tree.file("a.json", "{\"password\": \"\\u003cyour password\\u003e\", \"api_key\": \"\\u0024{API_KEY}\"}\n")
        .file("b.json", "{\"password\": \"Passwort \\u00e4ndern\", \"token\": \"\\u5bc6\\u7801\\u7801\"}\n")
        .file("a.c", "printf(\"%2d-%5d %2dkey%2d token%2d\", a); char s[] = \"\\x2d\\x5f\\x9a\\x2d\\x2e\\x01\\x2d\";\n")
        .file("a.html", "<a href=\"/a%2Db?token=&amp;key=&quot;&gt;\">pass&shy;word&colon; &lt;secret&gt;</a>\n")
        .file("a.txt", &format!("sk%2Dant%2Dapi03%2D{}\n", "X".repeat(95)))
        .file("b.txt", "https://a.invalid/some%2Dlong%2Dpath%2Dof%2Dwords%2Dwith-the-key?password=%24%7BPASSWORD%7D\n")
        .file("c.html", "&lt;password&gt;changeme&lt;/password&gt; &quot;token&quot;: &quot;your-token-here&quot;\n")
        .file("a.js", "const token = /[\\/\\x2d]+/, key = '\\u00e9\\u00e8', secret = \"\\x1b[31m\";\n");
    let run = scan(&tree, &["--confidence", "low", "."]);
    assert_eq!((run.status, run.each("rule")), (0, vec![]), "{run:#?}");
    for text in [
        format!("a%2Db%2D{token}\n"),
        format!("https://a.invalid/a%2Db?token={token}&amp;x=%20\n"),
        format!("x = \"\\u002d{token}\"\n"),
        format!("<a>{token}&nbsp;&#45;</a>\n"),
    ] {
        let found = told("a", &text);
        assert_eq!(found.iter().map(|one| one.4.len()).collect::<Vec<_>>(), [0], "{text} {found:?}");
    }
}

/// Texts that are nothing but escapes take as long as others.
#[test]
fn escapes_without_end_are_read_in_time() {
    for piece in [
        "%2D",
        "%252D",
        "a%2Dbcdefghijklmnopqrstuvw ",
        "\\u002d",
        "\\\\u002d",
        "\\\\\\\\u002d",
        "&#45;",
        "&amp;#45;",
        "&amp;amp;amp;amp;#45;",
        "%5Cu002d&#45;",
        "password&quot;",
        "password%22",
        "password=a%21&",
        "sk-ant-%2D",
        "\\055\\x2d",
        "&#00000000",
        "\\u{000000",
    ] {
        let (tree, text) = (Tree::new(), piece.repeat(10_000));
        tree.file("a.js", &text);
        let run = scan(&tree, &["."]);
        assert_eq!(run.findings().len(), 0, "{piece}: {run:#?}");
    }
}

#[test]
fn wide_text_in_binary_files_is_read() {
    let key = anthropic_key(6);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for front in [&b"MZ\0\x01\x02\x03"[..], b"MZ\0\x01\x02"] {
        let found = told("a.exe", [front, &wide(&format!("value {key}")), b"\0\0\x07\0\0\0\0\0\0\0\0\0\0"].concat());
        assert_eq!(found.iter().map(|one| one.4.clone()).collect::<Vec<_>>(), [via(&["utf-16"])]);
    }
    // As PowerShell takes its commands.
    let command = data_encoding::BASE64.encode(&wide(&format!("$env:KEY = '{key}'; run")));
    let found = told("a.ps1", format!("powershell -EncodedCommand {command}\n"));
    assert_eq!(found.iter().map(|one| one.4.clone()).collect::<Vec<_>>(), [via(&["base64", "utf-16"])]);
}

#[test]
fn passwords_in_decoded_text_count() {
    let text = format!("# settings\nDB_HOST=db.invalid\nDB_PASSWORD={}\n", support::password());
    let file = format!("data:\n  .env: {}\n", data_encoding::BASE64.encode(text.as_bytes()));
    assert_eq!(told("secret.yaml", file).iter().map(|one| one.4.clone()).collect::<Vec<_>>(), [via(&["base64"])]);
}

#[test]
fn what_is_encoded_too_often_is_told() {
    let tree = Tree::new();
    let encode = |text: &String| data_encoding::BASE64.encode(text.as_bytes());
    let often = |count| (0..count).fold(anthropic_key(7), |text, _| encode(&text));
    tree.file("five", &often(5)).file("six", &often(6));
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.each("path"), run.skipped()), (2, vec!["five".to_owned()], vec!["six".to_owned()]));
}

#[test]
fn noise_stays_quiet() {
    let mut random = support::Random::new(8);
    let base64 = random.text(support::BASE64, 300_000);
    let lines: Vec<&str> = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let tree = Tree::new();
    tree.file("image.css", &format!("a {{ background: url(data:image/png;base64,{base64}) }}\n"))
        .file("cert.pem", &format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n")))
        .file("hex.txt", &random.text("0123456789abcdef", 300_000))
        .file("a.c", "printf(\"%2d%4x token\" \"password %2d key\\n\");\nchar *s = \"secret key\"\n \"token value\";\n")
        .file("b.js", "const password = \"a\" + \"b\"; const url = \"/api/token\" + \"/id\"; x = '%20password%3D';\n")
        .file("c.html", "<p>pass&shy;word: se&shy;cret&nbsp;&#8203;key</p>\n")
        .file("d.yaml", "token: >-\n  some words about\n  the token\n")
        .file("e.md", "The\u{200b}pass\u{ad}word\n====\nkey=\ntoken=\n");
    let run = scan(&tree, &["--confidence", "low", "."]);
    assert_eq!((run.status, run.each("rule")), (0, vec![]), "{run:#?}");
}

/// Only what is new in a version is looked at: what is wrapped in it is found all the same.
#[test]
fn wrapped_keys_are_found_in_history() {
    let tree = Tree::repo();
    let lines: String = (0..300).map(|line| format!("line {line} of many that stay\n")).collect();
    let mut count = 0;
    for (version, (_, text, ..)) in wrapped(&anthropic_key(9)).into_iter().enumerate() {
        // Each is found in one version: the next does not have it.
        tree.file("notes", &format!("{lines}x = \"{text}\" {version}\n{lines}"));
        tree.git(&["add", "."]).git(&["commit", "-q", "-m", &format!("version {version}")]);
        tree.file(format!("copy {version}"), &format!("{version}\n{text}\n"));
        count += 1;
    }
    tree.git(&["repack", "-adfq", "--depth=50", "--window=20"]);
    let fast = skant(&tree, &["history", "--format", "json"]);
    let plain = skant(&tree, &["history", "--format", "json", "--plain"]);
    assert_eq!(fast.findings(), plain.findings());
    assert!(count > 7 && !fast.findings().is_empty());
}

/// The last piece comes in with a version of its own, far from where the word begins.
#[test]
fn secrets_in_pieces_are_found_in_history() {
    let tree = Tree::repo();
    let lines: String = (0..300).map(|line| format!("line {line} of many that stay\n")).collect();
    let mut wanted = Vec::new();
    for (number, (name, secret)) in secrets().into_iter().enumerate() {
        for (count, (joint, _)) in JOINTS.into_iter().enumerate() {
            let file = format!("{number}-{count}.py");
            let (first, last) = secret.split_at(30.min(secret.len() - 1));
            for text in [first, &format!("{first}{joint}{last}")] {
                tree.file(&file, &format!("{lines}f({name} = \"{text}\")\n{lines}"));
                tree.git(&["add", "."]).git(&["commit", "-q", "-m", "x"]);
            }
            wanted.push(file);
        }
    }
    let pieces = |count: usize| -> String {
        let key = anthropic_key(17);
        let (front, back) = key.split_at(30);
        let small: Vec<&str> = back.as_bytes().chunks(3).map(|one| std::str::from_utf8(one).unwrap()).collect();
        let rest: String = small[..count].iter().map(|piece| format!("\n{:22}+ \"{piece}\"", "")).collect();
        format!("{lines}x = \"{front}\"{rest}\n{lines}")
    };
    for count in [20, 25, 26] {
        tree.file("far.java", &pieces(count)).git(&["add", "."]).git(&["commit", "-q", "-m", "far"]);
    }
    wanted.push("far.java".to_owned());
    let folded = |count: usize| -> String {
        let key = anthropic_key(18);
        let small: Vec<&str> = key.as_bytes().chunks(8).map(|one| std::str::from_utf8(one).unwrap()).collect();
        let indent = " ".repeat(30);
        format!("{lines}key: >\n{indent}{}\n{lines}", small[..count].join(&format!("\n{indent}")))
    };
    for count in [5, 10, 14] {
        tree.file("far.yaml", &folded(count)).git(&["add", "."]).git(&["commit", "-q", "-m", "far"]);
    }
    wanted.push("far.yaml".to_owned());
    tree.git(&["repack", "-adfq", "--depth=50", "--window=20"]);
    let fast = skant(&tree, &["history", "--format", "json"]);
    let plain = skant(&tree, &["history", "--format", "json", "--plain"]);
    assert_eq!(fast.findings(), plain.findings());
    let joined = fast.findings().into_iter().filter(|one| one["via"] != json!([]));
    let mut paths: Vec<String> = joined.map(|one| one["path"].as_str().unwrap().to_owned()).collect();
    paths.sort();
    paths.dedup();
    wanted.sort();
    assert_eq!(paths, wanted);
}

#[test]
fn tokens_in_a_terminals_colours_are_read() {
    let token = github_token(7);
    let name = fingerprint(&token);
    let via = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    for (front, behind) in [
        ("\u{1b}[32m", "\u{1b}[0m"),
        ("\u{1b}[1;31m", ""),
        ("\u{1b}[38;5;208m", "\u{1b}[m"),
        ("\\u001b[32m", "\\u001b[0m"),
        ("\\x1b[0;33m", " "),
        ("\\033[1m", "\\033[0m"),
    ] {
        let tree = Tree::new();
        tree.file("a.log", &format!("first\nlogin {front}{token}{behind} done\n"));
        let finding = only(&scan(&tree, &["."]));
        let column = "login ".len() as u64 + front.len() as u64 + 1;
        assert_eq!(seen(&finding), (2, column, 2, column + token.len() as u64, via(&["colour"])), "{front:?}");
        assert_eq!((&finding["fingerprint"], &finding["rule"]), (&json!(name), &json!("github-pat")), "{front:?}");
    }
    // What stands where a word begins needs nothing taken off.
    let tree = Tree::new();
    tree.file("a.log", &format!("\u{1b}[32m{token}\n\u{1b}[32m {token}\n"));
    assert_eq!(scan(&tree, &["."]).findings().len(), 2);
}

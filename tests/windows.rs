//! What is too large to be in memory at once is scanned through windows that slide. Nothing is lost
//! or found twice where they meet, and no file takes more memory than another.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::io::{self, Cursor, Read};
use std::sync::LazyLock;
use std::time::Instant;

use skant::blob::{Blob, Origin};
use skant::rule::RuleSet;
use skant::scan::{Scanned, Scanner, Scratch};
use support::{Random, anthropic_key, anthropic_key_of, aws_pair, github_token, private_key};

/// How much is in memory at once, and how much of it two windows have in common on either side of
/// the place where they meet: those of `src/scan/window.rs`.
const WINDOW: usize = 1 << 20;
const MARGIN: usize = 32 << 10;
/// Where the first window hands over to the second, where the second begins, and where the first ends.
const BORDERS: [usize; 3] = [WINDOW - MARGIN, WINDOW - 2 * MARGIN, WINDOW];

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&RuleSet::builtin()));

/// What can be told of a finding: rule, line, column, end and mask.
type Told = (String, u64, u64, u64, u64, String);

fn told(scanned: &Scanned) -> Vec<Told> {
    let told = scanned.findings.iter().map(|finding| {
        let (start, end) = (finding.location.start, finding.location.end);
        (finding.rule.id.clone(), start.line, start.column, end.line, end.column, finding.secret.to_string())
    });
    told.collect()
}

fn whole(text: &[u8]) -> Scanned {
    let origin = Origin::file("a.txt");
    SCANNER.scan(&Blob { bytes: text, origin: &origin }, &mut Scratch::default())
}

fn at_once(text: &[u8]) -> Vec<Told> {
    told(&whole(text))
}

fn through(mut reader: impl Read) -> (io::Result<()>, Scanned) {
    let mut scanned = Scanned::default();
    let outcome = SCANNER.scan_reader(&Origin::file("a.txt"), &mut reader, &mut Scratch::default(), &mut scanned);
    (outcome, scanned)
}

/// The same through windows, having checked that all of it was read.
#[track_caller]
fn in_windows(text: &[u8]) -> Vec<Told> {
    let (outcome, scanned) = through(Cursor::new(text));
    outcome.unwrap();
    assert_eq!(scanned.bytes, text.len() as u64);
    told(&scanned)
}

/// Text without secrets that is some piece over and over, and at least `length` bytes long.
fn filler(piece: &str, length: usize) -> Vec<u8> {
    piece.repeat(length / piece.len() + 1).into_bytes()
}

fn put(text: &mut [u8], at: usize, secret: &str) {
    text[at..at + secret.len()].copy_from_slice(secret.as_bytes());
}

#[test]
fn a_key_is_found_wherever_it_lies_across_a_border() {
    const STEP: usize = 109;
    for (piece, phases) in [("x ", 1), ("some line\n", 9), ("é 😀 ", 9), ("ü\r\n", 13)] {
        for phase in (0..STEP).step_by(phases) {
            let mut text = filler(piece, WINDOW + 2048);
            // Key after key from before each border to behind it: all phases together put one at every offset.
            let places =
                BORDERS.iter().flat_map(|border| (0..6).map(move |number| border - 400 + phase + number * STEP));
            let places: Vec<usize> = places.collect();
            for (&at, seed) in places.iter().zip(0..) {
                put(&mut text, at - 1, &format!(" {} ", anthropic_key(seed)));
            }
            let found = in_windows(&text);
            assert_eq!(found.len(), places.len(), "{piece:?} {phase}");
            if piece == "x " {
                let mut columns: Vec<u64> = found.iter().map(|found| found.2).collect();
                let mut expected: Vec<u64> = places.iter().map(|&at| at as u64 + 1).collect();
                columns.sort_unstable();
                expected.sort_unstable();
                assert_eq!(columns, expected, "{phase}");
            } else {
                assert_eq!(found, at_once(&text), "{piece:?} {phase}");
            }
        }
    }
}

#[test]
fn keys_all_over_a_text_are_found_once_and_in_order() {
    for piece in ["x ", "a line of words\n", "é 😀 ", "a\r\n", "key = ", "\0"] {
        let mut text = filler(piece, 2 * WINDOW + 777);
        for (at, seed) in (5..text.len() - 200).step_by(2003).zip(0..) {
            put(&mut text, at, &format!(" {} ", anthropic_key(seed)));
        }
        let expected = at_once(&text);
        assert_eq!(expected.len(), (text.len() - 205).div_ceil(2003), "{piece:?}");
        assert_eq!(in_windows(&text), expected, "{piece:?}");
    }
}

#[test]
fn secrets_that_need_what_is_around_them_are_found_across_borders() {
    let mut random = Random::new(3);
    let jwt = ["{\"alg\":\"ES256\"}", "{\"iss\":\"ccr\",\"exp\":4102444800}"]
        .map(|part| data_encoding::BASE64URL_NOPAD.encode(part.as_bytes()));
    let (token, key) = (github_token(7), anthropic_key(8));
    let secrets = [
        format!("\ntoken = \"{}\" + \\\n    \"{}\"\n", &token[..9], &token[9..]),
        format!("\n{}\\\n{}\n", &key[..50], &key[50..]),
        format!(" {} ", github_token(1)),
        format!("\n{}\n", aws_pair(2)),
        format!("\npassword = \"{}\"\n", random.text(support::BASE62, 24)),
        format!(" sk-ant-{}-{}.{} ", "cc", jwt.join("."), random.text(support::BASE64URL, 86)),
        format!(" {} ", anthropic_key_of("usr", 4)),
        format!("\n<secret>{}</secret>\n", random.text(support::BASE62, 40)),
        format!("\n{}\n", private_key(5, 25)),
        // Longer than the longest match.
        format!("\n{}\n", private_key(6, 400)),
    ];
    for secret in secrets {
        let mut text = filler("nothing here\n", WINDOW + 2 * MARGIN);
        let alone = at_once(secret.as_bytes());
        assert!(!alone.is_empty(), "{secret}");
        for border in BORDERS {
            for at in (border - secret.len() - 3..border + 4).step_by(secret.len() / 5) {
                let clean = text[at..at + secret.len()].to_vec();
                put(&mut text, at, &secret);
                let lines = text[..at].iter().filter(|&&byte| byte == b'\n').count() as u64;
                let found = in_windows(&text);
                let same = |(one, other): (&Told, &Told)| {
                    (&one.0, one.1, one.3, &one.5) == (&other.0, other.1 + lines, other.3 + lines, &other.5)
                };
                assert_eq!(found.len(), alone.len(), "{secret} at {at}: {found:?}");
                assert!(found.iter().zip(&alone).all(same), "{secret} at {at}: {found:?}");
                text[at..at + secret.len()].copy_from_slice(&clean);
            }
        }
    }
}

#[test]
fn a_text_may_end_anywhere() {
    let step = WINDOW - 2 * MARGIN;
    for length in [WINDOW - MARGIN, WINDOW, WINDOW + MARGIN, WINDOW + step, WINDOW + 2 * step] {
        for length in [length - 1, length, length + 1] {
            let mut text = filler("x ", length);
            text.truncate(length);
            let [first, last] = [1, 2].map(anthropic_key);
            put(&mut text, 0, &first);
            put(&mut text, length - last.len(), &last);
            text[length - last.len() - 1] = b' ';
            text[first.len()] = b' ';
            let columns: Vec<u64> = in_windows(&text).iter().map(|found| found.2).collect();
            assert_eq!(columns, [1, (length - last.len() + 1) as u64], "{length}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_column_and_no_line() {
    let mut text = filler("x\n", WINDOW);
    put(&mut text, 0, &format!("\u{feff}{}\n", anthropic_key(1)));
    put(&mut text, WINDOW - 130, &format!("\n\u{feff}{}", anthropic_key(2)));
    let found = in_windows(&text);
    assert_eq!(found, at_once(&text));
    assert_eq!([found[0].2, found[1].2], [1, 2]);
}

#[test]
fn an_empty_text_is_scanned() {
    assert_eq!(in_windows(b""), []);
}

/// Gives a few bytes at a time, and is interrupted now and then.
struct Slow<'a> {
    rest: &'a [u8],
    most: u64,
    random: Random,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let number = self.random.number();
        if number.is_multiple_of(50) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = self.rest.len().min(buffer.len()).min((number % self.most) as usize + 1);
        let (given, rest) = self.rest.split_at(length);
        buffer[..length].copy_from_slice(given);
        self.rest = rest;
        Ok(length)
    }
}

#[test]
fn a_reader_may_give_as_few_bytes_as_it_likes() {
    let mut text = filler("a line\n", WINDOW + 5000);
    for (at, seed) in (7..text.len() - 200).step_by(20_011).zip(0..) {
        put(&mut text, at, &format!(" {} ", anthropic_key(seed)));
    }
    let expected = at_once(&text);
    for most in [1, 7, 97, 4096, 70_000] {
        let (outcome, scanned) = through(Slow { rest: &text, most, random: Random::new(most) });
        outcome.unwrap();
        assert_eq!(told(&scanned), expected, "{most}");
    }
}

/// Gives some text, and then an error.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is broken")),
            length => Ok(length),
        }
    }
}

#[test]
fn what_was_read_before_an_error_is_scanned() {
    for length in [200, 5000, WINDOW - MARGIN, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + 5000, 3 * WINDOW] {
        let mut text = filler("x ", length);
        text.truncate(length);
        let [first, last] = [1, 2].map(anthropic_key);
        put(&mut text, 0, &format!("{first} "));
        if length > 300 {
            put(&mut text, length - last.len() - 20, &format!(" {last} "));
        }
        let (outcome, scanned) = through(Broken(&text));
        assert_eq!(outcome.unwrap_err().to_string(), "the disk is broken");
        assert_eq!(told(&scanned), at_once(&text), "{length}");
    }
}

#[test]
fn what_was_found_before_an_error_is_kept() {
    let mut text = filler("x ", 3 * WINDOW);
    put(&mut text, 0, &format!("{} ", anthropic_key(1)));
    put(&mut text, WINDOW, &format!(" {} ", anthropic_key(2)));
    let (outcome, scanned) = through(Broken(&text));
    assert!(outcome.is_err());
    assert_eq!(told(&scanned), at_once(&text));
}

#[test]
fn time_follows_the_length_of_a_text_whatever_is_in_it() {
    let random = Random::new(1).text(support::BASE62, 20);
    let pieces = [
        "password: unknown\n".to_owned(),
        format!("password: {random}\n"),
        "sk-ant-api03-".repeat(3) + " ",
        "key> and more of that line ".into(),
    ];
    for piece in pieces {
        let [short, long] = [64 << 10, 1 << 20].map(|length| {
            let text = filler(&piece, length);
            let times = (0..5).map(|_| {
                let started = Instant::now();
                at_once(&text);
                started.elapsed()
            });
            // The others waited for the processor.
            times.min().unwrap()
        });
        // 16 times the text.
        assert!(long < 48 * short, "{piece:?}: {short:?}, then {long:?}");
    }
}

/// No file may take more, whatever its size.
#[cfg(target_os = "linux")]
const MOST_KILOBYTES: u64 = 150_000;

#[cfg(target_os = "linux")]
fn measured(tree: &support::Tree, name: &str) -> support::Run {
    let run = support::skant(tree, &["scan", "--format", "json", "--threads", "1", name]);
    assert!(run.peak > 1000, "the kernel said nothing of it");
    run
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_of_300_megabytes_that_is_one_line_takes_little_memory() {
    use std::fs::File;
    use std::io::{Seek, SeekFrom, Write};
    let tree = support::Tree::new();
    let key = anthropic_key(1);
    let mut file = File::create(tree.path("large.txt")).unwrap();
    // Text to begin with, then a hole: the disk need not hold it all.
    file.write_all(&filler("let value = compute(index, other) + 42; ", 4 * WINDOW)).unwrap();
    file.seek(SeekFrom::Start(300_000_000)).unwrap();
    write!(file, " {key}").unwrap();
    drop(file);
    let run = measured(&tree, "large.txt");
    assert_eq!((run.status, run.each("secret")), (1, vec![support::mask(&key)]), "{run:#?}");
    assert_eq!(run.each("column"), ["300000002"]);
    assert!(run.peak < MOST_KILOBYTES, "{} kB", run.peak);
}

#[cfg(target_os = "linux")]
#[test]
fn candidates_that_are_not_believed_take_little_memory() {
    let tree = support::Tree::new();
    let text = filler(&format!("password: unknown{}\n", ", and so on".repeat(20)), 48 * WINDOW);
    tree.bytes("large.txt", &text);
    let run = measured(&tree, "large.txt");
    assert_eq!(run.status, 0);
    assert!(run.peak < text.len() as u64 / 1000, "{} kB", run.peak);
}

/// Each finding takes memory: so many of a text are told, and that there are more.
#[test]
fn of_very_many_secrets_some_are_told() {
    let text = format!("{}\n", anthropic_key(1)).repeat(100_001);
    let scanned = whole(text.as_bytes());
    assert_eq!(scanned.findings.len(), 100_000);
    assert_eq!(scanned.missed, ["more than 100000 secrets are in it: the others are not told"]);
}

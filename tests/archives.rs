//! Archives and compressed files: told by their content, read within limits, and what cannot be read is told.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::io::Write;

use bzip2::write::BzEncoder;
use flate2::Crc;
use flate2::write::{DeflateEncoder, GzEncoder};
use lzma_rust2::{XzOptions, XzWriter};
use ruzstd::encoding::CompressionLevel;
use serde_json::{Value, json};
use support::{Random, Run, Tree, anthropic_key, key_of, mask, program, run, scan, skant};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(6)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip that is being written.
#[derive(Default)]
struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// The flag of what is encrypted, and of what has its sizes behind it.
const ENCRYPTED: u16 = 1;
const OPEN: u16 = 8;

impl Zip {
    fn of(members: &[(&str, &[u8])]) -> Vec<u8> {
        members.iter().fold(Zip::default(), |zip, (name, bytes)| zip.with(name, bytes, DEFLATED, 0)).finish()
    }

    fn with(mut self, name: &str, bytes: &[u8], method: u16, flags: u16) -> Zip {
        let packed = match method {
            DEFLATED => deflate(bytes),
            12 => bzip2(bytes),
            93 => zstd(bytes),
            95 => xz(bytes),
            _ => bytes.to_vec(),
        };
        let mut crc = Crc::new();
        crc.update(bytes);
        let place = self.bytes.len() as u32;
        let sizes = [crc.sum(), packed.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat();
        let known = if flags & OPEN == 0 { sizes.clone() } else { vec![0; 12] };
        let what = [20, flags, method, 0, 0].map(u16::to_le_bytes).concat();
        let lengths = [name.len() as u16, 0].map(u16::to_le_bytes).concat();
        self.bytes.extend([b"PK\x03\x04", &*what, &known, &lengths, name.as_bytes(), &packed].concat());
        if flags & OPEN != 0 {
            self.bytes.extend([b"PK\x07\x08", &*sizes].concat());
        }
        self.entry(&what, &sizes, name, place);
        self
    }

    /// Adds an entry to the directory, and nothing that it speaks of.
    fn entry(&mut self, what: &[u8], sizes: &[u8], name: &str, place: u32) {
        let lengths = [name.len() as u16, 0, 0, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
        let version = 20u16.to_le_bytes();
        let place = place.to_le_bytes();
        let parts = [b"PK\x01\x02", &version[..], what, sizes, &lengths, &place, name.as_bytes()];
        self.directory.extend(parts.concat());
        self.count = self.count.wrapping_add(1);
    }

    fn finish(self) -> Vec<u8> {
        self.commented(b"")
    }

    fn commented(self, comment: &[u8]) -> Vec<u8> {
        let counts = [0, 0, self.count, self.count].map(u16::to_le_bytes).concat();
        let places = [self.directory.len() as u32, self.bytes.len() as u32].map(u32::to_le_bytes).concat();
        let length = (comment.len() as u16).to_le_bytes();
        [&*self.bytes, &self.directory, b"PK\x05\x06", &counts, &places, &length, comment].concat()
    }
}

/// A member of a tar, or what stands in front of one.
fn block(kind: u8, name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut block = [&header[..], bytes].concat();
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let blocks = members.iter().flat_map(|(name, bytes)| block(b'0', name, bytes));
    blocks.chain([0; 1024]).collect()
}

fn text_of(key: &str) -> Vec<u8> {
    format!("first line\nKEY={key}\n").into_bytes()
}

/// A file of every format, with a key in its second line, and what that is read through.
fn every_format(key: &str) -> Vec<(&'static str, Vec<u8>, Vec<&'static str>)> {
    let text = &text_of(key)[..];
    let zip = |method, flags| Zip::default().with("a", b"x", DEFLATED, 0).with("d/b.txt", text, method, flags).finish();
    vec![
        ("app.jar", zip(DEFLATED, 0), vec!["zip:d/b.txt"]),
        ("stored.zip", zip(STORED, 0), vec!["zip:d/b.txt"]),
        ("bzip2.zip", zip(12, 0), vec!["zip:d/b.txt"]),
        ("zstd.zip", zip(93, 0), vec!["zip:d/b.txt"]),
        ("xz.zip", zip(95, 0), vec!["zip:d/b.txt"]),
        ("piped.docx", zip(DEFLATED, OPEN), vec!["zip:d/b.txt"]),
        ("piped-stored.whl", zip(STORED, OPEN), vec!["zip:d/b.txt"]),
        ("piped-bzip2.zip", zip(12, OPEN), vec!["zip:d/b.txt"]),
        ("a.tar", tar(&[("x", b"x"), ("d/b.txt", text)]), vec!["tar:d/b.txt"]),
        ("a.gz", gzip(text), vec!["gzip"]),
        ("a.bz2", bzip2(text), vec!["bzip2"]),
        ("a.xz", xz(text), vec!["xz"]),
        ("a.zst", zstd(text), vec!["zstd"]),
        ("a.tgz", gzip(&tar(&[("d/b.txt", text)])), vec!["gzip", "tar:d/b.txt"]),
        ("no-name", zstd(&tar(&[("b.zip", &zip(DEFLATED, 0))])), vec!["zstd", "tar:b.zip", "zip:d/b.txt"]),
    ]
}

/// The only finding of a run that is complete.
#[track_caller]
fn only(run: &Run) -> Value {
    let findings = run.findings();
    assert_eq!((run.status, findings.len()), (1, 1), "{run:#?}");
    findings[0].clone()
}

/// What a run says was not scanned: paths, and why.
#[track_caller]
fn missed(run: &Run) -> Vec<(String, String)> {
    let skipped = run.json()["scan"]["skipped"].as_array().unwrap().clone();
    let field = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    skipped.iter().map(|one| (field(one, "path"), field(one, "reason"))).collect()
}

#[test]
fn every_format_is_read_in_every_source() {
    let key = anthropic_key(1);
    let mut formats = every_format(&key);
    formats.sort();
    let tree = Tree::repo();
    formats.iter().for_each(|(file, bytes, _)| _ = tree.bytes(file, bytes));
    tree.git(&["add", "."]);
    let mut runs = vec![scan(&tree, &["."]), skant(&tree, &["staged", "--format", "json"])];
    tree.git(&["commit", "-q", "-m", "x"]);
    for options in [&[][..], &["--plain"], &["HEAD"]] {
        runs.push(skant(&tree, &[&["history", "--format", "json"], options].concat()));
    }
    tree.file("plain", &key);
    let plain = only(&scan(&tree, &["plain"]));
    for run in &runs {
        assert_eq!((run.status, run.skipped()), (1, vec![]), "{run:#?}");
        let findings = run.findings();
        for (finding, (file, _, via)) in findings.iter().zip(&formats) {
            let place = ["line", "column", "end_line", "end_column"].map(|field| finding[field].as_u64().unwrap());
            assert_eq!((&finding["path"], &finding["via"], place), (&json!(file), &json!(via), [2, 5, 2, 113]));
            assert_eq!((&finding["secret"], &finding["fingerprint"]), (&json!(mask(&key)), &plain["fingerprint"]));
        }
        assert_eq!(findings.len(), formats.len());
    }
    let (file, bytes, via) = &formats[0];
    let piped = run(tree.command(&["scan", "--format", "json", "--stdin-filename", file, "-"]), bytes);
    assert_eq!(only(&piped)["via"], json!(via));
}

#[test]
fn members_are_counted() {
    let tree = Tree::repo();
    tree.bytes("a.zip", Zip::of(&[("a", b"1"), ("b", &gzip(b"2"))])).file("c", "3");
    tree.git(&["add", "."]).git(&["commit", "-q", "-m", "x"]);
    for command in [&["scan", "--format", "json"][..], &["history", "--format", "json"]] {
        let scanned = skant(&tree, command).json()["scan"].clone();
        assert_eq!((&scanned["members"], &scanned["complete"]), (&json!(3), &json!(true)), "{command:?}");
    }
    let said = skant(&tree, &["scan"]).stdout;
    assert!(said.contains("2 files, 3 members of archives, "), "{said}");
    // What a file is called does not make it an archive.
    let tree = Tree::new();
    tree.key("text.zip");
    assert_eq!(only(&scan(&tree, &["."]))["via"], json!([]));
}

#[test]
fn passwords_are_found_by_the_name_of_the_member() {
    let tree = Tree::new();
    let password = format!("password = \"{}\"\n", support::password());
    tree.bytes("a.zip", Zip::of(&[("conf/app.toml", password.as_bytes())]));
    assert_eq!(only(&scan(&tree, &["."]))["via"], json!(["zip:conf/app.toml"]));
}

#[test]
fn names_links_and_comments_are_read_and_shown_inert() {
    let key = |name: &str| key_of(name);
    let tree = Tree::new();
    let evil = format!("../../{}\u{1b}[31m\n::error::x", key("name"));
    tree.bytes("comment.zip", Zip::default().with("a", b"x", STORED, 0).commented(key("comment").as_bytes()));
    tree.bytes("name.zip", Zip::of(&[(&evil, b"x")]));
    let long = block(b'L', "././@LongLink", format!("dir/{}\0", key("long")).as_bytes());
    tree.bytes("long.tar", [long, tar(&[("dir/sk", b"x")])].concat());
    let record = format!("122 path=dir/{}\n", key("pax"));
    tree.bytes("pax.tar", [block(b'x', "PaxHeaders/x", record.as_bytes()), tar(&[("dir/sk", b"x")])].concat());
    let link = block(b'K', "././@LongLink", format!("{}\0", key("link")).as_bytes());
    tree.bytes("link.tar", [link, tar(&[("link", b"")])].concat());
    let mut named = flate2::GzBuilder::new().filename(key("file")).write(Vec::new(), flate2::Compression::fast());
    named.write_all(b"x").unwrap();
    tree.bytes("name.gz", named.finish().unwrap());
    let before = std::fs::read_dir(tree.path("..")).unwrap().count();
    let run = scan(&tree, &["."]);
    let paths = ["comment.zip", "link.tar", "long.tar", "name.gz", "name.zip", "pax.tar"];
    assert_eq!((run.status, run.each("path")), (1, paths.map(str::to_owned).to_vec()), "{run:#?}");
    assert_eq!(std::fs::read_dir(tree.path("..")).unwrap().count(), before);
    for format in ["human", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"] {
        let said = skant(&tree, &["scan", "--format", format]).all();
        assert!(!said.contains('\u{1b}') && !said.contains("\n::error::x"), "{said}");
        for name in ["name", "comment", "long", "pax", "link", "file"] {
            assert!(!said.contains(&key(name)), "{format} {name}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    let (key, hidden) = (text_of(&key_of("open")), text_of(&key_of("hidden")));
    let tree = Tree::new();
    let zip = |method, flags| Zip::default().with("a", &hidden, method, flags).with("b", &key, DEFLATED, 0).finish();
    let mut ghost = Zip::default().with("b", &key, DEFLATED, 0);
    ghost.entry(&[0; 10], &[0; 12], "ghost", 7);
    let lying = |at: usize, zip: Vec<u8>| [&zip[..at], &[zip[at] ^ 1], &zip[at + 1..]].concat();
    tree.bytes("encrypted.zip", zip(STORED, ENCRYPTED))
        .bytes("encrypted-open.zip", zip(STORED, ENCRYPTED | OPEN))
        .bytes("method.zip", zip(14, 0))
        .bytes("ghost.zip", ghost.finish())
        .bytes("sum.zip", lying(14, zip(DEFLATED, 0)))
        .bytes("size.zip", lying(22, zip(DEFLATED, 0)));
    let run = scan(&tree, &["."]);
    let reasons = [
        ("encrypted-open.zip", "zip:a: it is encrypted: unpack and scan it"),
        ("encrypted.zip", "zip:a: it is encrypted: unpack and scan it"),
        ("ghost.zip", "zip:ghost: the directory of the zip has it, and it is not where that says"),
        ("method.zip", "zip:a: its compression, method 14, is not known here: unpack and scan it"),
        ("size.zip", "zip:a: what came out is not what its header says"),
        ("sum.zip", "zip:a: what came out is not what its header says"),
    ];
    assert_eq!(run.status, 2);
    assert_eq!(missed(&run), reasons.map(|(path, reason)| (path.to_owned(), reason.to_owned())), "{run:#?}");
    let mut paths = run.each("path");
    paths.dedup();
    assert_eq!(paths, reasons.map(|(path, _)| path.to_owned()));
}

/// In a range the same trouble as before is told again: nobody has seen what is in there now.
#[test]
fn what_cannot_be_read_is_told_in_history() {
    let tree = Tree::repo();
    for version in ["one", "two"] {
        tree.bytes("e.zip", Zip::default().with("a", version.as_bytes(), STORED, ENCRYPTED).finish());
        tree.git(&["add", "."]).git(&["commit", "-q", "-m", version]);
    }
    for range in [None, Some("HEAD"), Some("HEAD~..HEAD")] {
        let run = skant(&tree, &[&["history", "--format", "json"][..], range.as_slice()].concat());
        assert_eq!((run.status, missed(&run)[0].0.as_str()), (2, "e.zip"), "{range:?} {run:#?}");
    }
    let staged = Tree::repo();
    staged.bytes("e.zip", Zip::default().with("a", b"x", STORED, ENCRYPTED).finish()).git(&["add", "."]);
    assert_eq!(skant(&staged, &["staged"]).status, 2);
}

#[test]
fn what_stands_behind_the_end_is_read() {
    let (one, other) = (text_of(&key_of("one")), text_of(&key_of("other")));
    let tree = Tree::new();
    for (name, front) in [
        ("a.zip", Zip::of(&[("a", &one)])),
        ("a.tar", tar(&[("a", &one)])),
        ("a.gz", gzip(&one)),
        ("a.bz2", bzip2(&one)),
        ("a.xz", xz(&one)),
        ("a.zst", zstd(&one)),
    ] {
        tree.bytes(format!("plain/{name}"), [&front[..], b"\n", &other].concat());
        tree.bytes(format!("zip/{name}"), [front, Zip::of(&[("behind", &other)])].concat());
    }
    tree.bytes("two.gz", [gzip(&one), gzip(&other)].concat());
    tree.bytes("between.zip", {
        let zip = Zip::default().with("a", &one, DEFLATED, 0);
        Zip { bytes: [&zip.bytes[..], b"\n", &other].concat(), ..zip }.finish()
    });
    let run = scan(&tree, &["."]);
    let found = run.each("fingerprint");
    assert_eq!((run.status, found.len(), run.skipped()), (1, 14 * 2, vec![]), "{run:#?}");
}

/// However an archive is damaged, the key in it is found or the file is told: it is never clean.
#[test]
fn no_damage_is_taken_for_clean() {
    let key = anthropic_key(4);
    let mut random = Random::new(4);
    for (file, bytes, _) in every_format(&key) {
        let tree = Tree::new();
        // The first bytes are what tells that it is an archive at all.
        let least = if file.ends_with(".tar") { 512 } else { 18 };
        for at in (least..bytes.len()).step_by(5) {
            tree.bytes(format!("cut-{at}"), &bytes[..at]);
            // Nothing tells what the bytes of a tar's member were.
            if file.ends_with(".tar") && at >= 1536 {
                continue;
            }
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (random.text("01234567", 1).parse::<u8>().unwrap());
            tree.bytes(format!("flip-{at}"), flipped);
        }
        let run = scan(&tree, &["--confidence", "low", "."]);
        let mut told: Vec<String> = run.each("path").into_iter().chain(run.skipped()).collect();
        told.sort();
        told.dedup();
        let mut all: Vec<String> = std::fs::read_dir(tree.path(""))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        all.sort();
        let silent: Vec<&String> = all.iter().filter(|file| !told.contains(file)).collect();
        assert_eq!((silent.len(), run.stderr.contains("panicked")), (0, false), "{file}: {silent:?}");
    }
}

#[test]
fn archives_are_opened_to_a_depth() {
    let tree = Tree::new();
    let nested = |depth: usize| {
        (1..depth).fold(Zip::of(&[("k", &text_of(&anthropic_key(5)))]), |zip, _| Zip::of(&[("z", &zip)]))
    };
    tree.bytes("ten", nested(10)).bytes("eleven", nested(11));
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.each("path")), (2, vec!["ten".to_owned()]));
    let (path, reason) = missed(&run).remove(0);
    assert_eq!(path, "eleven");
    assert!(reason.ends_with("archives are nested more than 10 deep: unpack and scan it"), "{reason}");
}

/// Half a gigabyte of nothing, and sixteen times sixteen copies of less, within the memory that any scan has.
#[cfg(unix)]
#[test]
fn bombs_cost_little_and_are_told() {
    let tree = Tree::new();
    let mut flat = GzEncoder::new(Vec::new(), flate2::Compression::best());
    (0..512).for_each(|_| flat.write_all(&[0; 1 << 20]).unwrap());
    tree.bytes("flat.gz", flat.finish().unwrap());
    let mut layer = Zip::of(&[("zeros", &vec![0; 4 << 20])]);
    for _ in 0..3 {
        let names: Vec<String> = (0..16).map(|number| format!("{number}")).collect();
        layer = Zip::of(&names.iter().map(|name| (&**name, &*layer)).collect::<Vec<_>>());
    }
    tree.bytes("nested.zip", layer).key("z-last");
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -v 400000; exec \"$0\" scan --threads 2 --format json ."]).arg(program());
    limited.current_dir(tree.path(""));
    let run = run(limited, b"");
    assert_eq!((run.status, run.each("path")), (2, vec!["z-last".to_owned()]), "{run:#?}");
    assert_eq!(run.skipped(), ["flat.gz", "nested.zip"]);
    assert!(missed(&run).iter().all(|(_, reason)| reason.contains("128 MiB come out of the file")), "{run:#?}");
}

/// (Of a million of them `benches/load.sh` tells what they cost.)
#[test]
fn an_archive_may_have_very_many_members() {
    const MANY: usize = 50_000;
    let key = text_of(&anthropic_key(6));
    let name = |number| format!("d/{number}");
    let zip = (0..MANY).fold(Zip::default(), |zip, number| zip.with(&name(number), b"x", STORED, 0));
    let small = (0..MANY).flat_map(|number| block(b'0', &name(number), b""));
    for (format, archive) in
        [("zip", zip.with("last", &key, DEFLATED, 0).finish()), ("tar", small.chain(tar(&[("last", &key)])).collect())]
    {
        let tree = Tree::new();
        tree.bytes("many", archive);
        let run = scan(&tree, &["."]);
        assert_eq!(
            (only(&run)["via"].clone(), run.json()["scan"]["members"].clone()),
            (json!([format!("{format}:last")]), json!(MANY + 1))
        );
    }
}

/// A stored block of DEFLATE that says these bytes, or, of none of them, only its head.
fn says(length: usize) -> [u8; 5] {
    let [low, high] = (length as u16).to_le_bytes();
    [0, low, high, !low, !high]
}

/// A block of DEFLATE of five bytes: twice a match of so many of the bytes that were said last.
fn repeats(first: (u32, u32), second: (u32, u32), distance: (u32, u32, u32), is_last: bool) -> [u8; 5] {
    let (mut bits, mut at) = (0u64, 0);
    let mut put = |value: u32, width: u32| {
        bits |= u64::from(value) << at;
        at += width;
    };
    put(u32::from(is_last), 1);
    put(1, 2);
    for (code, width) in [first, second] {
        put(code.reverse_bits() >> (32 - width), width);
        put(distance.0.reverse_bits() >> 27, 5);
        put(distance.1, distance.2);
    }
    // The end of the block is seven zeros.
    bits.to_le_bytes()[..5].try_into().unwrap()
}

/// A gzip that unpacks to itself, after Russ Cox's construction ("Zip Files All The Way Down"): each block says what
/// stands behind it, or repeats what was said, so that what is said catches up with what stands there.
fn quine() -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        let mut crc = Crc::new();
        crc.update(bytes);
        crc.sum()
    };
    // Lengths 3 to 10 are the codes 1 to 8 of seven bits. Distances 17 to 24 are code 8, 13 to 16 code 7.
    let twenty = repeats((8, 7), (8, 7), (8, 3, 3), false);
    let last = repeats((4, 7), (5, 7), (7, 0, 2), true);
    let with = |front: &[u8], end: [u8; 8]| {
        let (one, four, all) = (says(5), says(20), says(13));
        let parts: [&[u8]; 31] = [
            front,
            &four,
            front,
            &four,
            &twenty,
            &one,
            &twenty,
            &one,
            &one,
            &four,
            &twenty,
            &one,
            &one,
            &four,
            &twenty,
            &four,
            &twenty,
            &four,
            &twenty,
            &four,
            &twenty,
            &four,
            &twenty,
            &says(0),
            &says(0),
            &all,
            &twenty,
            &says(0),
            &says(0),
            &all,
            &last,
        ];
        [&parts.concat()[..], &end, &last, &end].concat()
    };
    (0u32..)
        .find_map(|time| {
            let mut front = [&[0x1f, 0x8b, 8, 8][..], &time.to_le_bytes(), &[0, 3], b"self\0"].concat();
            front.truncate(15);
            let size = with(&front, [0; 8]).len() as u32;
            let whole = |crc: u32| {
                let end: [u8; 8] = [crc.to_le_bytes(), size.to_le_bytes()].concat().try_into().unwrap();
                with(&front, end)
            };
            let crc = fixed_point(|crc| sum(&whole(crc)))?;
            Some(whole(crc))
        })
        .unwrap()
}

/// What a function whose bits are sums of the bits it is given, and of a constant, leaves as it is.
fn fixed_point(function: impl Fn(u32) -> u32) -> Option<u32> {
    let constant = function(0);
    // A row for each bit of what comes out: which bits of what goes in must be one in sum, and what that sum is.
    let columns: Vec<u32> = (0..32).map(|bit| function(1 << bit) ^ constant ^ (1 << bit)).collect();
    let row = |bit: u32| {
        let of = (0..32).filter(|&column| columns[column] >> bit & 1 == 1).map(|column| 1u64 << column).sum::<u64>();
        of | u64::from(constant >> bit & 1) << 32
    };
    let mut rows: Vec<u64> = (0..32).map(row).collect();
    for bit in 0..32 {
        let pivot = (bit..32).find(|&row| rows[row] >> bit & 1 == 1)?;
        rows.swap(bit, pivot);
        let pivot = rows[bit];
        (0..32).filter(|&row| row != bit).for_each(|row| rows[row] ^= pivot * (rows[row] >> bit & 1));
    }
    Some(rows.iter().enumerate().map(|(bit, row)| (row >> 32 & 1) as u32 * (1 << bit)).sum())
}

/// An archive in which is that archive, and so on without end.
#[test]
fn an_archive_that_holds_itself_ends_and_is_told() {
    let quine = quine();
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*quine), &mut out).unwrap();
    assert_eq!(out, quine);
    let tree = Tree::repo();
    tree.bytes("self.gz", &quine).bytes("self.zip", Zip::of(&[("a", &quine), ("b", &text_of(&key_of("b")))]));
    tree.git(&["add", "."]);
    let mut runs = vec![scan(&tree, &["."]), skant(&tree, &["staged", "--format", "json"])];
    tree.git(&["commit", "-q", "-m", "x"]);
    for options in [&[][..], &["--plain"], &["HEAD"]] {
        runs.push(skant(&tree, &[&["history", "--format", "json"], options].concat()));
    }
    for run in runs {
        assert_eq!(
            (run.status, run.each("path"), run.skipped()),
            (2, vec!["self.zip".into()], vec!["self.gz".to_owned(), "self.zip".to_owned()]),
            "{run:#?}"
        );
        assert!(
            missed(&run)
                .iter()
                .all(|(_, why)| why.ends_with("archives are nested more than 10 deep: unpack and scan it")),
            "{run:#?}"
        );
    }
}

/// Archives that nothing in front tells: in base64, or behind bytes that are no program.
#[test]
fn archives_within_something_else_are_told() {
    use data_encoding::{BASE64, BASE64_MIME, BASE64URL_NOPAD};
    let text = text_of(&key_of("hidden"));
    let (zip, gzip) = (Zip::of(&[("a", &text)]), gzip(&text));
    let tree = Tree::repo();
    let secret = |text: &str| format!("{{\"kind\": \"Secret\", \"data\": {{\"release\": \"{text}\"}}}}\n");
    tree.file("a.json", &secret(&BASE64.encode(&zip)))
        .file(
            "b.yaml",
            &format!("data:\n  archive: {}\n  other: {}\n", BASE64.encode(&gzip), BASE64.encode(&bzip2(&text))),
        )
        .file("c.txt", &BASE64_MIME.encode(&xz(&text)))
        .file("d.env", &format!("X={}\n", BASE64URL_NOPAD.encode(&zstd(&text))))
        .file("helm.json", &secret(&BASE64.encode(BASE64.encode(&gzip).as_bytes())))
        .bytes("front", [&b"\0\0 something that is no program "[..], &zip].concat())
        .bytes("text", [&vec![b'x'; 3 << 20][..], &zip].concat())
        .bytes("not", [&b"PK\x05\x06"[..], &[0; 40], b"H4sI UEsDBAo= QlpoOTFBWSZTW PK\x05\x06", &[7; 40]].concat());
    tree.git(&["add", "."]);
    let formats =
        "bzip2 in base64, gzip in base64, xz in base64, zip behind other bytes, zip in base64, zstd in base64";
    let said = format!("8 archives ({formats}) are of formats that are not opened: unpack and scan them");
    let check = |run: &Run| {
        assert_eq!((run.status, run.findings().len(), run.notices()), (0, 0, vec![said.clone()]), "{run:#?}");
        assert_eq!(run.json()["scan"]["ledger"]["members"]["left_out"], json!({"format-not-opened": 8}));
    };
    check(&scan(&tree, &["."]));
    check(&skant(&tree, &["staged", "--format", "json"]));
    tree.git(&["commit", "-q", "-m", "x"]);
    for options in [&[][..], &["--plain"], &["HEAD"]] {
        check(&skant(&tree, &[&["history", "--format", "json"], options].concat()));
    }
}

#[test]
fn what_an_archive_held_before_is_not_new() {
    let (old, new) = (text_of(&key_of("old")), text_of(&key_of("new")));
    let tree = Tree::repo();
    tree.bytes("a.zip", Zip::of(&[("a", &old)])).git(&["add", "."]).git(&["commit", "-q", "-m", "x"]);
    tree.bytes("a.zip", Zip::of(&[("a", &old), ("b", &new)])).git(&["add", "."]);
    assert_eq!(only(&skant(&tree, &["staged", "--format", "json"]))["via"], json!(["zip:b"]));
    tree.git(&["commit", "-q", "-m", "y"]);
    assert_eq!(only(&skant(&tree, &["history", "--format", "json", "HEAD~..HEAD"]))["via"], json!(["zip:b"]));
}

/// The members of one archive that lie in another, too, are told there as in the first, whatever else is passed over.
#[test]
fn what_several_archives_hold_is_told_in_each() {
    let (key, plain) = (text_of(&key_of("shared")), &b"nothing to see here, twice"[..]);
    let bare = format!("set password = {}\n", support::password());
    let shared: [(&str, &[u8]); 3] = [("a", plain), ("d/key", &key), ("lib/main.c", bare.as_bytes())];
    let with = |name: &'static str, text: &'static [u8]| Zip::of(&[&shared[..], &[(name, text)]].concat());
    let lying = |at: usize, zip: Vec<u8>| [&zip[..at], &[zip[at] ^ 1], &zip[at + 1..]].concat();
    let tree = Tree::repo();
    tree.bytes("1.zip", with("1", b"one"))
        .bytes("2.zip", with("2", b"two"))
        .bytes("3.zip", Zip::of(&[("z", &with("3", b"three"))]))
        .bytes("name.zip", Zip::of(&[("a", plain), ("conf/app.ini", bare.as_bytes())]))
        .bytes("sum.zip", lying(14, Zip::of(&[("a", plain)])))
        .bytes("none.zip", Zip::of(&[("a", plain), ("b", plain), ("lib/main.c", bare.as_bytes())]));
    tree.git(&["add", "."]).git(&["commit", "-q", "-m", "x"]);
    for options in [&[][..], &["--plain"], &["HEAD"]] {
        let run = skant(&tree, &[&["history", "--format", "json"][..], options].concat());
        assert_eq!(run.each("path"), ["1.zip", "2.zip", "3.zip", "name.zip"], "{run:#?}");
        assert_eq!(missed(&run)[0].0, "sum.zip");
        assert_eq!((run.status, missed(&run).len()), (2, 1), "{run:#?}");
        assert_eq!(run.json()["scan"]["members"], json!(4 + 4 + 5 + 2 + 1 + 3), "{run:#?}");
    }
}

/// What stands behind the compressed bytes of a member is told, even if it looks as if these ended there.
#[test]
fn a_member_with_something_behind_it_is_told() {
    let text = &b"nothing to see here"[..];
    let mut crc = Crc::new();
    crc.update(text);
    let end = [crc.sum(), text.len() as u32].map(u32::to_le_bytes).concat();
    let tree = Tree::repo();
    for (name, behind) in [("a.zip", &[0; 5][..]), ("b.zip", &end), ("c.zip", &[&end[..], b"more"].concat())] {
        let mut zip = Zip::default().with("a", text, DEFLATED, 0);
        let length = (u32::from_le_bytes(*zip.bytes[18..].first_chunk().unwrap()) + behind.len() as u32).to_le_bytes();
        zip.bytes[18..22].copy_from_slice(&length);
        zip.bytes.extend(behind);
        tree.bytes(name, zip.finish());
    }
    tree.git(&["add", "."]).git(&["commit", "-q", "-m", "x"]);
    for command in [&["scan", "--format", "json"][..], &["history", "--format", "json"]] {
        let run = skant(&tree, command);
        let told: Vec<String> = missed(&run).into_iter().map(|(path, why)| format!("{path} {why}")).collect();
        let all = [("a.zip", 5), ("b.zip", 8), ("c.zip", 12)];
        let expected = all.map(|(path, count)| format!("{path} zip:a: {count} bytes behind its end were not read"));
        assert_eq!((run.status, told), (2, expected.to_vec()), "{run:#?}");
    }
}

/// The same key twice in one archive is two places; one secret has one name.
#[test]
fn members_of_one_name_are_both_read() {
    let (one, other) = (text_of(&key_of("one")), text_of(&key_of("other")));
    let tree = Tree::new();
    tree.bytes("a.zip", Zip::of(&[("a", &one), ("a", &other)])).bytes("a.tar", tar(&[("a", &one), ("a", &other)]));
    let run = scan(&tree, &["."]);
    assert_eq!(run.each("path"), ["a.tar", "a.tar", "a.zip", "a.zip"]);
}

/// The same, with more in front of a member's text: an extra field in both places, or another name in the directory.
fn zip_with(extra: &[u8], other_name: Option<&str>) -> Vec<u8> {
    let plain = Zip::default().with("a", b"x", STORED, 0);
    let length = (extra.len() as u16).to_le_bytes();
    let at = 30 + 1;
    let bytes = [&plain.bytes[..28], &length, &plain.bytes[30..at], extra, &plain.bytes[at..]].concat();
    let name = other_name.unwrap_or("a");
    let lengths = [(name.len() as u16).to_le_bytes(), length].concat();
    let directory = [&plain.directory[..28], &lengths, &plain.directory[32..46], name.as_bytes(), extra].concat();
    Zip { bytes, directory, count: 1 }.finish()
}

/// What zstd lets others put between frames.
fn skippable(text: &[u8]) -> Vec<u8> {
    [&[0x53, 0x2a, 0x4d, 0x18], &(text.len() as u32).to_le_bytes()[..], text].concat()
}

#[test]
fn what_stands_beside_members_is_read() {
    let tree = Tree::new();
    let text = |name: &str| text_of(&key_of(name));
    let plain = Zip::of(&[("a", b"x")]);
    let extra = [&b"xx"[..], &(text("zip-extra").len() as u16).to_le_bytes(), &text("zip-extra")].concat();
    tree.bytes("zip-extra", zip_with(&extra, None)).bytes("zip-name", zip_with(b"", Some(&key_of("zip-name"))));
    let long_end = [&b"PK\x06\x06"[..], &(text("zip-end").len() as u64).to_le_bytes(), &text("zip-end")].concat();
    let at = plain.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
    tree.bytes("zip-end", [&plain[..at], &long_end, &plain[at..]].concat());
    let with = |builder: flate2::GzBuilder| {
        let mut gzip = builder.write(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"x").unwrap();
        gzip.finish().unwrap()
    };
    let builder = flate2::GzBuilder::new;
    tree.bytes("gzip-extra", with(builder().extra(text("gzip-extra"))));
    tree.bytes("gzip-comment", [gzip(b"x"), with(builder().comment(text("gzip-comment")))].concat());
    let owner = |name: &str| {
        let mut tar = tar(&[("a", b"x")]);
        let key = support::github_token(name.len() as u64);
        tar[268..268 + key.len()].copy_from_slice(key.as_bytes());
        tar[148..156].fill(b' ');
        let sum: u32 = tar[..512].iter().map(|&byte| u32::from(byte)).sum();
        tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar
    };
    tree.bytes("tar-owner", owner("tar-owner"));
    let mut padded = tar(&[("a", b"x")]);
    padded[520..520 + text("tar-padding").len()].copy_from_slice(&text("tar-padding"));
    tree.bytes("tar-padding", padded);
    tree.bytes("zstd-front", [skippable(&text("zstd-front")), zstd(b"x")].concat());
    tree.bytes("zstd-between", [zstd(b"x"), skippable(&text("zstd-between")), zstd(b"x")].concat());
    tree.bytes("zstd-alone", skippable(&text("zstd-alone")));
    let run = scan(&tree, &["."]);
    let mut paths = run.each("path");
    paths.dedup();
    let names = [
        "gzip-comment",
        "gzip-extra",
        "tar-owner",
        "tar-padding",
        "zip-end",
        "zip-extra",
        "zip-name",
        "zstd-alone",
        "zstd-between",
        "zstd-front",
    ];
    assert_eq!((run.status, paths, run.skipped()), (1, names.map(str::to_owned).to_vec(), vec![]), "{run:#?}");
}

#[test]
fn frames_that_are_passed_over_and_cut_short_are_told() {
    let tree = Tree::new();
    let whole = skippable(&text_of(&key_of("cut")));
    tree.bytes("cut", &whole[..whole.len() - 1]).bytes("head", [zstd(b"x"), whole[..6].to_vec()].concat());
    tree.bytes("long", [skippable(&vec![b'x'; 5 << 20]), zstd(b"x")].concat());
    let run = scan(&tree, &["."]);
    assert_eq!(
        (run.status, run.each("path"), run.skipped()),
        (2, vec!["cut".to_owned()], vec!["cut".to_owned(), "head".to_owned(), "long".to_owned()]),
        "{run:#?}"
    );
}

/// What unpacks itself is a program with a zip behind it.
#[test]
fn a_zip_behind_a_program_is_opened() {
    let tree = Tree::repo();
    let (inner, stub) = (text_of(&key_of("inner")), text_of(&key_of("stub")));
    let zip = Zip::of(&[("a", b"x"), ("b/__main__.py", &inner)]);
    let windows = [b"MZ\x90\0 PK\x03\x04 PK\x01\x02 ", &[0; 600][..], &stub].concat();
    tree.bytes("app.pyz", [b"#!/usr/bin/env python3\n", &zip[..]].concat());
    tree.bytes("setup.exe", [&windows[..], &zip].concat()).bytes("setup", [b"\x7fELF\x02\0", &zip[..]].concat());
    // A program that only knows zips is none.
    tree.bytes("unzip", [&windows[..], b"PK\x03\x04PK\x05\x06"].concat());
    let expected = ["app.pyz", "setup", "setup.exe", "setup.exe", "unzip"];
    tree.git(&["add", "."]);
    for command in [&["scan", "--format", "json"][..], &["staged", "--format", "json"]] {
        let run = skant(&tree, command);
        assert_eq!((run.status, run.each("path"), run.skipped()), (1, expected.map(str::to_owned).to_vec(), vec![]));
        assert_eq!(run.findings()[0]["via"], json!(["zip:b/__main__.py"]), "{run:#?}");
    }
    tree.git(&["commit", "-q", "-m", "x"]);
    let run = skant(&tree, &["history", "--format", "json"]);
    assert_eq!((run.status, run.each("path")), (1, expected.map(str::to_owned).to_vec()), "{run:#?}");
}

/// They are left out by a rule that has a name: whoever has such a file is not kept from committing it.
#[test]
fn archives_of_other_formats_are_told() {
    let begin = |bytes: &[u8]| [bytes, &[0; 64]].concat();
    let formats = [
        ("7z", begin(b"7z\xbc\xaf\x27\x1c\0\x04")),
        ("cab", begin(b"MSCF\0\0\0\0")),
        ("compress", begin(b"\x1f\x9d\x90")),
        ("deb", begin(b"!<arch>\ndebian-binary   1410122664  0")),
        ("lz4", begin(b"\x04\x22\x4d\x18")),
        ("lzip", begin(b"LZIP\x01\x0c")),
        ("lzma", begin(b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff")),
        ("rar", begin(b"Rar!\x1a\x07\x01\0")),
        ("rpm", begin(b"\xed\xab\xee\xdb\x03")),
        ("squashfs", begin(b"hsqs")),
    ];
    let tree = Tree::repo();
    for (name, bytes) in &formats {
        tree.bytes(name, [&bytes[..], key_of(name).as_bytes()].concat());
    }
    tree.bytes("inner.zip", Zip::of(&[("x.7z", &formats[0].1)]));
    tree.git(&["add", "."]);
    let check = |run: &Run| {
        let names = formats.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(
            (run.status, run.each("path"), run.skipped()),
            (1, names.iter().map(|&name| name.to_owned()).collect(), vec![])
        );
        let said =
            format!("11 archives ({}) are of formats that are not opened: unpack and scan them", names.join(", "));
        assert_eq!(run.notices(), [said], "{run:#?}");
        let members = &run.json()["scan"]["ledger"]["members"];
        assert_eq!((&members["left_out"], &members["scanned"]), (&json!({"format-not-opened": 11}), &json!(1)));
    };
    check(&scan(&tree, &["."]));
    check(&skant(&tree, &["staged", "--format", "json"]));
    tree.git(&["commit", "-q", "-m", "x"]);
    for options in [&[][..], &["--plain"], &["HEAD"]] {
        check(&skant(&tree, &[&["history", "--format", "json"], options].concat()));
    }
    let alone = Tree::new();
    alone.bytes("a.rar", &formats[7].1);
    let run = scan(&alone, &["."]);
    assert_eq!(
        (run.status, run.notices()[0].as_str()),
        (0, "1 archive (rar) is of a format that is not opened: unpack and scan it")
    );
}

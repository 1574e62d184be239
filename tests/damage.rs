//! Damaged and hostile repositories: each ends with what is in it or with exit 2, and nothing it names runs.
//!
//! `SKANT_ROUNDS` sets how many damaged copies are tried; a few seconds' worth otherwise.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Random, Run, Tree, run};

/// A repository with two keys: one that is there, and one that was taken out again.
fn whole() -> Tree {
    let tree = Tree::repo();
    let text = |from: u32| (from..from + 60).map(|line| format!("line {line} of some text\n")).collect::<String>();
    tree.file("readme", &text(0)).key("folder/old.env");
    commit(&tree, "one");
    tree.file("readme", &text(1)).key("new.env");
    fs::remove_file(tree.path("folder/old.env")).unwrap();
    tree.file("folder/plain", "nothing\n");
    commit(&tree, "two");
    tree.git(&["tag", "-a", "-m", "a tag", "v1", "HEAD"]);
    tree
}

fn packed() -> Tree {
    let tree = whole();
    tree.git(&["repack", "-adfq"]).git(&["prune-packed"]);
    tree
}

fn commit(tree: &Tree, message: &str) {
    tree.git(&["add", "-A"]).git(&["commit", "-qm", message]);
}

fn git(tree: &Tree, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(tree.path("")).env("GIT_CONFIG_GLOBAL", "/dev/null");
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

/// Runs the program with a limit to its memory, so that none is asked for without bound.
#[track_caller]
fn bounded(tree: &Tree, arguments: &[&str]) -> Run {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 2000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_skant")]);
    command.args(arguments).args(["--format", "json"]).current_dir(tree.path(""));
    command.env_clear().env("HOME", tree.home()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let run = run(command, b"");
    assert!((0..=2).contains(&run.status), "{run:#?}");
    run
}

/// A copy of a repository, to be damaged.
fn copy(of: &Tree) -> Tree {
    let tree = Tree::new();
    let from = format!("{}/.", of.path("").display());
    assert!(Command::new("cp").args(["-a", &from]).arg(tree.path("")).status().unwrap().success());
    tree
}

fn write(path: &Path, bytes: &[u8]) {
    if path.exists() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn overwrite(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    write(path, &bytes);
}

fn replace_by_pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn replace_by_link(path: &Path, target: &str) {
    let _ = fs::remove_file(path);
    std::os::unix::fs::symlink(target, path).unwrap();
}

/// Where a loose object lies.
fn loose(tree: &Tree, name: &str) -> PathBuf {
    let id = git(tree, &["rev-parse", name]);
    tree.path(format!(".git/objects/{}/{}", &id[..2], &id[2..]))
}

fn in_pack_folder(tree: &Tree, extension: &str) -> PathBuf {
    let files = fs::read_dir(tree.path(".git/objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|found| found == extension)).unwrap()
}

/// A stream of zlib's that holds some bytes as they are.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let mut all = vec![0x78, 0x01, 0x01];
    all.extend(length.to_le_bytes());
    all.extend((!length).to_le_bytes());
    all.extend(bytes);
    all.extend((b << 16 | a).to_be_bytes());
    all
}

/// What the oldest test of a reader is: bytes that changed, at random. All is found, or it is said
/// that it was not.
#[track_caller]
fn damaged_at_random(whole: &Tree, files: &dyn Fn(&Tree) -> Vec<PathBuf>, seed: u64) {
    let rounds = std::env::var("SKANT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let expected = bounded(whole, &["history"]).findings().len();
    let tree = copy(whole);
    let files = files(&tree);
    let mut random = Random::new(seed);
    let mut below = |limit: usize| random.number() as usize % limit.max(1);
    for round in 0..rounds {
        let file = &files[below(files.len())];
        let before = fs::read(file).unwrap();
        let mut bytes = before.clone();
        let at = below(bytes.len());
        match below(6) {
            0 => bytes[at] ^= 1 << below(8),
            1 => (0..=below(8)).for_each(|_| {
                let at = below(before.len());
                bytes[at] = below(256) as u8;
            }),
            2 => bytes.truncate(at),
            // Lengths and offsets that lie.
            3 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
            4 => bytes[at..].iter_mut().take(8).for_each(|byte| *byte = 0),
            _ => {
                let from = below(before.len());
                let length = below(64).min(before.len() - from.max(at));
                bytes[at..at + length].copy_from_slice(&before[from..from + length]);
            }
        }
        write(file, &bytes);
        for arguments in [&["history"][..], &["history", "HEAD"]] {
            let run = bounded(&tree, arguments);
            let is_told = run.status == 2;
            assert!(
                is_told || run.findings().len() == expected || bytes == before,
                "seed {seed}, round {round}, {}: {run:#?}",
                file.display()
            );
        }
        write(file, &before);
    }
}

#[test]
fn packs_that_are_damaged_at_random_are_told() {
    damaged_at_random(&packed(), &|tree| vec![in_pack_folder(tree, "pack")], 1);
}

#[test]
fn indexes_of_packs_that_are_damaged_at_random_are_told() {
    damaged_at_random(&packed(), &|tree| vec![in_pack_folder(tree, "idx")], 2);
}

#[test]
fn loose_objects_that_are_damaged_at_random_are_told() {
    let objects = |tree: &Tree| {
        let ids = git(tree, &["rev-list", "--objects", "--all"]);
        ids.lines().map(|line| loose(tree, &line[..40])).collect::<Vec<_>>()
    };
    damaged_at_random(&whole(), &objects, 3);
}

#[test]
fn indexes_that_are_damaged_at_random_are_told() {
    let rounds = std::env::var("SKANT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let whole = whole();
    whole.key("staged.env").git(&["add", "staged.env"]);
    let tree = copy(&whole);
    let file = tree.path(".git/index");
    let before = fs::read(&file).unwrap();
    let mut random = Random::new(4);
    let mut below = |limit: usize| random.number() as usize % limit;
    for round in 0..rounds {
        let mut bytes = before.clone();
        match below(3) {
            0 => bytes.truncate(below(before.len())),
            1 => bytes[below(before.len())] ^= 1 << below(8),
            _ => bytes[below(before.len())..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
        }
        write(&file, &bytes);
        let run = bounded(&tree, &["staged"]);
        // What another id or mode means is not damage that can be seen: git trusts them as well.
        assert!(run.status > 0 || bytes.len() == before.len(), "round {round}: {run:#?}");
        bounded(&tree, &["scan"]);
    }
}

/// A repository that something was done to, and what must come of it.
struct Case {
    name: &'static str,
    damage: fn(&Tree),
    command: &'static [&'static str],
    status: i32,
    /// The paths of what is found.
    found: &'static [&'static str],
    /// The paths of what is told not to have been scanned; nothing where no report is made at all.
    told: Option<&'static [&'static str]>,
}

const HISTORY: &[&str] = &["history"];
const BOTH: &[&str] = &["folder/old.env", "new.env"];

const fn case(
    name: &'static str,
    command: &'static [&'static str],
    status: i32,
    found: &'static [&'static str],
    told: &'static [&'static str],
    damage: fn(&Tree),
) -> Case {
    Case { name, damage, command, status, found, told: Some(told) }
}

/// The program refuses to begin.
const fn refused(name: &'static str, command: &'static [&'static str], damage: fn(&Tree)) -> Case {
    Case { name, damage, command, status: 2, found: &[], told: None }
}

/// A path in which the name of an object or a pack is `ID`.
fn without_id(path: &str) -> String {
    let is_id = |word: &&str| word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = path.split(|byte: char| !byte.is_ascii_alphanumeric()).find(is_id);
    id.map_or_else(|| path.to_owned(), |id| path.replace(id, "ID"))
}

#[track_caller]
fn check(whole: &Tree, cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let tree = copy(whole);
        (case.damage)(&tree);
        let run = bounded(&tree, case.command);
        let is_report = !run.stdout.is_empty();
        let mut found = if is_report { run.each("path") } else { Vec::new() };
        // What rules think of the odd settings is no matter here.
        found.retain(|path| path != ".git/config");
        let told = is_report.then(|| run.skipped().iter().map(|path| without_id(path)).collect::<Vec<_>>());
        let as_expected = run.status == case.status
            && found == case.found
            && told.as_deref().map(|told| told.iter().map(String::as_str).collect::<Vec<_>>())
                == case.told.map(<[&str]>::to_vec);
        if !as_expected || tree.path("MARK").exists() {
            wrong.push(format!("{}: {} {found:?} {told:?} {}", case.name, run.status, run.stderr));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn damaged_loose_objects() {
    const NEW: fn(&Tree) -> PathBuf = |tree| loose(tree, "HEAD:new.env");
    const OLD: &[&str] = &["folder/old.env"];
    check(
        &whole(),
        &[
            case("blob cut", HISTORY, 2, OLD, &["new.env"], |tree| overwrite(&NEW(tree), |bytes| bytes.truncate(10))),
            case("blob empty", HISTORY, 2, OLD, &["new.env"], |tree| overwrite(&NEW(tree), Vec::clear)),
            case("blob gone", HISTORY, 2, OLD, &["new.env"], |tree| fs::remove_file(NEW(tree)).unwrap()),
            case("blob a folder", HISTORY, 2, OLD, &["new.env"], |tree| {
                fs::remove_file(NEW(tree)).unwrap();
                fs::create_dir(NEW(tree)).unwrap();
            }),
            case("blob a pipe", HISTORY, 2, OLD, &["new.env"], |tree| replace_by_pipe(&NEW(tree))),
            case("blob a device", HISTORY, 2, OLD, &["new.env"], |tree| replace_by_link(&NEW(tree), "/dev/zero")),
            case("blob not compressed", HISTORY, 2, OLD, &["new.env"], |tree| write(&NEW(tree), b"blob 1\0x")),
            case("blob longer than it says", HISTORY, 2, OLD, &["new.env"], |tree| {
                write(&NEW(tree), &stored(b"blob 5\0abcdefg"));
            }),
            case("blob shorter than it says", HISTORY, 2, OLD, &["new.env"], |tree| {
                write(&NEW(tree), &stored(b"blob 50\0abcdefg"));
            }),
            case("blob of a size beyond numbers", HISTORY, 2, OLD, &["new.env"], |tree| {
                write(&NEW(tree), &stored(b"blob 99999999999999999999999\0x"));
            }),
            case("blob of less than nothing", HISTORY, 2, OLD, &["new.env"], |tree| {
                write(&NEW(tree), &stored(b"blob -1\0x"));
            }),
            case("blob of an unknown kind", HISTORY, 2, OLD, &["new.env"], |tree| {
                write(&NEW(tree), &stored(b"blub 1\0x"));
            }),
            case("blob without a head", HISTORY, 2, OLD, &["new.env"], |tree| write(&NEW(tree), &stored(&[b'x'; 99]))),
            case("blob with a tail", HISTORY, 1, BOTH, &[], |tree| {
                overwrite(&NEW(tree), |bytes| bytes.extend([0; 9]));
            }),
            case("blob where a tree should be", HISTORY, 2, BOTH, &["folder"], |tree| {
                write(&loose(tree, "HEAD:folder"), &stored(b"blob 1\0x"));
            }),
            case("tree cut", &["history", "HEAD"], 2, &["new.env"], &["folder"], |tree| {
                overwrite(&loose(tree, "HEAD~1:folder"), |bytes| bytes.truncate(9));
            }),
            case("tree with half an entry", HISTORY, 2, BOTH, &["folder"], |tree| {
                write(&loose(tree, "HEAD:folder"), &stored(b"tree 9\x00100644 a\0"));
            }),
            case("damaged and staged", &["staged"], 2, &[], &["readme"], |tree| {
                tree.file("readme", "other\n").git(&["add", "readme"]);
                overwrite(&loose(tree, ":readme"), |bytes| bytes.truncate(9));
            }),
            refused("staged, and the tree before it is gone", &["staged"], |tree| {
                tree.file("folder/plain", "other\n").git(&["add", "-A"]);
                fs::remove_file(loose(tree, "HEAD:folder")).unwrap();
            }),
        ],
    );
}

#[test]
fn a_commit_that_is_cut_short_is_told() {
    let whole = whole();
    whole.key("staged.env").git(&["add", "staged.env"]);
    let commit = loose(&whole, "HEAD");
    let length = fs::read(&commit).unwrap().len();
    for cut in [0, 1, 2, 3, 10, 20, length / 2, length - 1] {
        let tree = copy(&whole);
        let commit = tree.path(commit.strip_prefix(whole.path("")).unwrap());
        overwrite(&commit, |bytes| bytes.truncate(cut));
        for arguments in
            [&["history", "HEAD"][..], &["history", "main"], &["history", "@~1"], &["history", "v1^{}"], &["staged"]]
        {
            assert_eq!(bounded(&tree, arguments).status, 2, "{cut} {arguments:?}");
        }
    }
}

#[test]
fn a_pipe_among_packs_is_told() {
    let tree = packed();
    tree.key("staged.env").git(&["add", "staged.env"]).fifo(".git/objects/pack/pack-x.idx");
    for (arguments, paths) in [(&["history"][..], BOTH), (&["history", "HEAD~1..main"], &["new.env"])] {
        let run = bounded(&tree, arguments);
        let told = (run.status, run.each("path"), run.skipped());
        assert_eq!(told, (2, paths.iter().map(|path| (*path).to_owned()).collect(), vec!["pack-x.idx".to_owned()]));
    }
    assert_eq!(bounded(&tree, &["history", "--unreachable"]).status, 2);
    assert_eq!(bounded(&tree, &["history", "@{1}"]).status, 2);
    // What is staged does not lie in that pack.
    assert_eq!(bounded(&tree, &["staged"]).each("path"), ["staged.env"]);
}

#[test]
fn folders_that_cannot_be_listed_are_told() {
    for (folder, told) in [
        (".git/objects", "objects"),
        (".git/objects/pack", "objects/pack"),
        (".git/objects/SLOT", "objects/SLOT"),
        (".git/refs/heads", "refs/heads"),
        (".git/refs/tags", "refs/tags"),
    ] {
        let tree = whole();
        let slot = &git(&tree, &["rev-parse", "HEAD:new.env"])[..2];
        tree.mode(folder.replace("SLOT", slot), 0o300);
        let Some(mut command) = tree.command_of_nobody(&["history", "--format", "json"]) else { return };
        let safe = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*")];
        command.envs(safe);
        fs::write(tree.home().join(".gitconfig"), "[safe]\n\tdirectory = *\n").unwrap();
        let run = run(command, b"");
        let is_told = run.status == 2 && run.skipped().contains(&told.replace("SLOT", slot));
        assert!(is_told, "{folder}: {run:#?}");
    }
}

/// Writes an object as it is, and gives its id.
fn object(tree: &Tree, kind: &str, bytes: &[u8]) -> String {
    tree.bytes("../object", bytes);
    git(tree, &["hash-object", "-w", "--literally", "-t", kind, "../object"])
}

/// A tree whose one entry is the key, under a name nobody should use.
fn odd_name(tree: &Tree, name: &[u8]) {
    let id = git(tree, &["rev-parse", "HEAD:new.env"]);
    let id: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()).collect();
    let made = object(tree, "tree", &[b"100644 ", name, b"\0", &id].concat());
    commit_of(tree, &made, "");
}

/// Makes HEAD a commit of a tree with more in its head.
fn commit_of(tree: &Tree, id: &str, more: &str) {
    let person = "A <a@example.invalid> 1700000000 +0000";
    let text = format!("tree {id}\n{more}author {person}\ncommitter {person}\n\nmade by hand\n");
    let id = object(tree, "commit", text.as_bytes());
    fs::write(tree.path(".git/refs/heads/main"), format!("{id}\n")).unwrap();
    tree.git(&["tag", "-d", "v1"]);
}

#[test]
fn objects_that_git_would_not_make() {
    const TREE: fn(&Tree) -> String = |tree| git(tree, &["rev-parse", "HEAD^{tree}"]);
    check(
        &whole(),
        &[
            case("a name that climbs", HISTORY, 1, &["../../new.env"], &[], |tree| odd_name(tree, b"../../new.env")),
            case("an absolute name", HISTORY, 1, &["/etc/new.env"], &[], |tree| odd_name(tree, b"/etc/new.env")),
            case("a name of git's", HISTORY, 1, &[".git"], &[], |tree| odd_name(tree, b".git")),
            case("no name", HISTORY, 1, &["null"], &[], |tree| odd_name(tree, b"")),
            case("a name with an escape", HISTORY, 1, &["a\u{1b}[31m"], &[], |tree| odd_name(tree, b"a\x1b[31m")),
            case("a name with a command", HISTORY, 1, &["a\n::error::b"], &[], |tree| odd_name(tree, b"a\n::error::b")),
            case("a commit without people", HISTORY, 1, &["new.env"], &[], |tree| {
                let id = object(tree, "commit", format!("tree {}\n", TREE(tree)).as_bytes());
                fs::write(tree.path(".git/refs/heads/main"), id + "\n").unwrap();
                tree.git(&["tag", "-d", "v1"]);
            }),
            case("a commit without a tree", HISTORY, 2, &[], &["HEAD", "refs/heads/main"], |tree| {
                let id = object(tree, "commit", b"author A <a@b> 1 +0000\n\nx");
                fs::write(tree.path(".git/refs/heads/main"), id + "\n").unwrap();
                tree.git(&["tag", "-d", "v1"]);
            }),
            case("a commit of a blob", HISTORY, 2, &[], &["ID"], |tree| {
                commit_of(tree, &git(tree, &["rev-parse", "HEAD:new.env"]), "");
            }),
            case("a parent that is a tree", HISTORY, 2, &["new.env"], &["history before ID"], |tree| {
                commit_of(tree, &TREE(tree), &format!("parent {}\n", TREE(tree)));
            }),
            case("a thousand parents", HISTORY, 1, BOTH, &[], |tree| {
                let parent = format!("parent {}\n", git(tree, &["rev-parse", "HEAD"]));
                commit_of(tree, &TREE(tree), &parent.repeat(1000));
            }),
            case("times beyond numbers", HISTORY, 1, &["new.env"], &[], |tree| {
                let line = "author A <a@b> 99999999999999999999999 +99999999\n";
                commit_of(tree, &TREE(tree), line);
            }),
            case("a tag of nothing", HISTORY, 2, BOTH, &["refs/tags/v1"], |tree| {
                let id = object(tree, "tag", b"tag x\n\nx");
                fs::write(tree.path(".git/refs/tags/v1"), id + "\n").unwrap();
            }),
            case("a tag of what is not there", HISTORY, 2, BOTH, &["refs/tags/v1"], |tree| {
                let id = object(tree, "tag", format!("object {}\ntype commit\ntag x\n\nx", "12".repeat(20)).as_bytes());
                fs::write(tree.path(".git/refs/tags/v1"), id + "\n").unwrap();
            }),
            case("two thousand levels", HISTORY, 1, BOTH, &[], |tree| {
                let path = "d/".repeat(2000);
                let script = format!(
                    "commit refs/heads/deep\ncommitter A <a@b> 1 +0000\ndata 1\nx\nM 100644 inline {path}f\ndata 1\nx\n"
                );
                tree.file("../stream", &script);
                let command = "git fast-import --quiet <../stream";
                assert!(
                    Command::new("sh").args(["-c", command]).current_dir(tree.path("")).status().unwrap().success()
                );
            }),
            case("a blob that swells", HISTORY, 1, BOTH, &[], |tree| {
                tree.bytes("swells", vec![b' '; 40 << 20]);
                tree.git(&["add", "-A"]).git(&["commit", "-qm", "swells"]);
            }),
        ],
    );
}

#[test]
fn damaged_packs() {
    const PACK: fn(&Tree) -> PathBuf = |tree| in_pack_folder(tree, "pack");
    const INDEX: fn(&Tree) -> PathBuf = |tree| in_pack_folder(tree, "idx");
    const INDEX_LOST: [&str; 4] = ["HEAD", "pack-ID.idx", "refs/heads/main", "refs/tags/v1"];
    const PACK_LOST: [&str; 4] = ["HEAD", "pack-ID.pack", "refs/heads/main", "refs/tags/v1"];
    let whole = packed();
    let cases = [
        case("pack empty", HISTORY, 2, &[], &INDEX_LOST, |tree| overwrite(&PACK(tree), Vec::clear)),
        case("pack of a head alone", HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&PACK(tree), |bytes| bytes.truncate(12));
        }),
        case("pack gone", HISTORY, 2, &[], &INDEX_LOST, |tree| fs::remove_file(PACK(tree)).unwrap()),
        case("pack a pipe", HISTORY, 2, &[], &PACK_LOST, |tree| replace_by_pipe(&PACK(tree))),
        case("pack a device", HISTORY, 2, &[], &PACK_LOST, |tree| replace_by_link(&PACK(tree), "/dev/zero")),
        case("pack of an unknown version", HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&PACK(tree), |bytes| bytes[7] = 9);
        }),
        case("pack of another count", HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&PACK(tree), |bytes| bytes[11] ^= 1);
        }),
        case("index empty", HISTORY, 2, &[], &INDEX_LOST, |tree| overwrite(&INDEX(tree), Vec::clear)),
        case("index cut", HISTORY, 2, &[], &INDEX_LOST, |tree| overwrite(&INDEX(tree), |bytes| bytes.truncate(1100))),
        case("index gone", HISTORY, 2, &[], &PACK_LOST, |tree| fs::remove_file(INDEX(tree)).unwrap()),
        case("index a pipe", HISTORY, 2, &[], &INDEX_LOST, |tree| replace_by_pipe(&INDEX(tree))),
        case("index a device", HISTORY, 2, &[], &INDEX_LOST, |tree| replace_by_link(&INDEX(tree), "/dev/zero")),
        case("index of an unknown version", HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&INDEX(tree), |bytes| bytes[7] = 9);
        }),
        case("index of four thousand million objects", HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&INDEX(tree), |bytes| bytes[8 + 1020..8 + 1024].fill(0xff));
        }),
        case("index out of order", HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&INDEX(tree), |bytes| bytes[8..12].fill(0xff));
        }),
        case("offsets that are nowhere", HISTORY, 2, &[], &["HEAD", "refs/heads/main", "refs/tags/v1"], |tree| {
            overwrite(&INDEX(tree), |bytes| {
                let count = u32::from_be_bytes(*bytes[8 + 1020..].first_chunk().unwrap()) as usize;
                bytes[8 + 1024 + count * 24..][..count * 4].fill(0xff);
            });
        }),
        case("other files among packs", HISTORY, 1, BOTH, &[], |tree| {
            for name in ["multi-pack-index", "pack-x.bitmap", "pack-x.rev", "pack-x.keep", "junk", "tmp_pack_1"] {
                write(&tree.path(".git/objects/pack").join(name), b"junk");
            }
            write(&tree.path(".git/objects/info/commit-graph"), b"junk");
        }),
    ];
    check(&whole, &cases);
}

/// Writes a pack by hand: kinds, sizes that may lie, what stands between, and what is compressed. The
/// objects' ids are 01…, 02… and so on, and a tree that HEAD has names them all.
fn pack_of(tree: &Tree, entries: &[(u8, u64, &[u8], &[u8])]) {
    let (mut pack, mut offsets) = (b"PACK\0\0\0\x02".to_vec(), Vec::new());
    pack.extend((entries.len() as u32).to_be_bytes());
    for &(kind, size, between, bytes) in entries {
        offsets.push(pack.len() as u32);
        let (mut byte, mut rest) = (kind << 4 | (size & 15) as u8, size >> 4);
        while rest > 0 {
            pack.push(byte | 128);
            (byte, rest) = ((rest & 127) as u8, rest >> 7);
        }
        pack.push(byte);
        pack.extend(between);
        pack.extend(stored(bytes));
    }
    pack.extend([0; 20]);
    let mut index = vec![0xff, b't', b'O', b'c', 0, 0, 0, 2];
    (0..256).for_each(|slot| index.extend((slot.min(entries.len()) as u32).to_be_bytes()));
    (1..=entries.len()).for_each(|number| index.extend([number as u8; 20]));
    index.extend(vec![0; entries.len() * 4]);
    offsets.iter().for_each(|offset| index.extend(offset.to_be_bytes()));
    index.extend([0; 40]);
    let folder = tree.path(".git/objects/pack");
    write(&folder.join("pack-hand.pack"), &pack);
    write(&folder.join("pack-hand.idx"), &index);
    let entry = |number: u8| [format!("100644 {number}\0").as_bytes(), &[number; 20]].concat();
    let made = object(tree, "tree", &(1..=entries.len() as u8).flat_map(entry).collect::<Vec<u8>>());
    commit_of(tree, &made, "");
}

#[test]
fn packs_made_by_hand() {
    const BLOB: u8 = 3;
    const BY_OFFSET: u8 = 6;
    const BY_ID: u8 = 7;
    // A delta: the size of its base, that of what it makes, copies and insertions.
    const SAME: &[u8] = &[5, 5, 0x90, 5];
    let key = format!("{}\n", support::key_of("by hand"));
    let whole = whole();
    // It is read as it should be, or the rest proves nothing.
    let tree = copy(&whole);
    pack_of(&tree, &[(BLOB, key.len() as u64, b"", key.as_bytes()), (BY_ID, 4, &[1; 20], &[109, 1, 0x90, 1])]);
    assert_eq!(bounded(&tree, HISTORY).each("path"), ["1"]);
    check(
        &whole,
        &[
            case("a delta of itself", HISTORY, 2, &[], &["1"], |tree| pack_of(tree, &[(BY_ID, 4, &[1; 20], SAME)])),
            case("two deltas of each other", HISTORY, 2, &[], &["1", "2"], |tree| {
                pack_of(tree, &[(BY_ID, 4, &[2; 20], SAME), (BY_ID, 4, &[1; 20], SAME)]);
            }),
            case("a delta of what is nowhere", HISTORY, 2, &[], &["1"], |tree| {
                pack_of(tree, &[(BY_ID, 4, &[9; 20], SAME)]);
            }),
            case("a delta no distance back", HISTORY, 2, &[], &["1"], |tree| {
                pack_of(tree, &[(BY_OFFSET, 4, &[0], SAME)]);
            }),
            case("a delta from before the file", HISTORY, 2, &[], &["1"], |tree| {
                pack_of(tree, &[(BY_OFFSET, 4, &[0xff, 0xff, 0xff, 0x7f], SAME)]);
            }),
            case("a delta from an endless distance", HISTORY, 2, &[], &["1"], |tree| {
                pack_of(tree, &[(BY_OFFSET, 4, &[0xff; 30], SAME)]);
            }),
            case("a delta of another base", HISTORY, 2, &[], &["2"], |tree| {
                pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 4, &[1; 20], &[6, 5, 0x90, 5])]);
            }),
            case("a delta that copies too much", HISTORY, 2, &[], &["2"], |tree| {
                pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 4, &[1; 20], &[5, 9, 0x90, 9])]);
            }),
            case("a delta that promises too much", HISTORY, 2, &[], &["2"], |tree| {
                let lie = [5, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x90, 5];
                pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 8, &[1; 20], &lie)]);
            }),
            case("a delta that says nothing", HISTORY, 2, &[], &["2"], |tree| {
                pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 3, &[1; 20], &[5, 5, 0])]);
            }),
            case("a size beyond memory", HISTORY, 2, &[], &["1"], |tree| {
                pack_of(tree, &[(BLOB, 1 << 50, b"", b"hello")]);
            }),
            case("a size that is too small", HISTORY, 2, &[], &["1"], |tree| {
                pack_of(tree, &[(BLOB, 4, b"", b"hello")]);
            }),
            case("a size that is too large", HISTORY, 2, &[], &["1"], |tree| {
                pack_of(tree, &[(BLOB, 6, b"", b"hello")]);
            }),
            case("a kind that is none", HISTORY, 2, &[], &["1", "2"], |tree| {
                pack_of(tree, &[(0, 5, b"", b"hello"), (5, 5, b"", b"hello")]);
            }),
        ],
    );
}

#[test]
fn damaged_refs() {
    const MAIN: &str = ".git/refs/heads/main";
    check(
        &whole(),
        &[
            case("a ref to what is not there", HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
                write(&tree.path(".git/refs/heads/x"), "12".repeat(20).as_bytes());
            }),
            case("a ref cut", HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
                write(&tree.path(".git/refs/heads/x"), &[b'1'; 20]);
            }),
            case("a ref that is a pipe", HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
                replace_by_pipe(&tree.path(".git/refs/heads/x"));
            }),
            case("a ref that is a device", HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
                replace_by_link(&tree.path(".git/refs/heads/x"), "/dev/zero");
            }),
            case("a ref of itself", HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
                write(&tree.path(".git/refs/heads/x"), b"ref: refs/heads/x\n");
            }),
            case("refs in a circle", HISTORY, 2, BOTH, &["refs/heads/x", "refs/heads/y"], |tree| {
                write(&tree.path(".git/refs/heads/x"), b"ref: refs/heads/y\n");
                write(&tree.path(".git/refs/heads/y"), b"ref: refs/heads/x\n");
            }),
            case("a ref out of the repository", HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
                write(&tree.path(".git/refs/heads/x"), b"ref: ../../../../etc/passwd\n");
            }),
            case("refs packed as junk", HISTORY, 2, BOTH, &["refs"], |tree| {
                write(&tree.path(".git/packed-refs"), b"junk\n");
            }),
            case("the lock of a ref", HISTORY, 1, BOTH, &[], |tree| write(&tree.path(".git/refs/heads/x.lock"), b"")),
            case("a head that is junk", HISTORY, 2, BOTH, &["HEAD"], |tree| write(&tree.path(".git/HEAD"), b"junk\n")),
            refused("no head", HISTORY, |tree| fs::remove_file(tree.path(".git/HEAD")).unwrap()),
            refused("a shallow file that is junk", HISTORY, |tree| {
                write(&tree.path(".git/shallow"), b"junk\n");
            }),
            case("stashes that are junk", HISTORY, 1, BOTH, &[], |tree| {
                write(&tree.path(".git/logs/refs/stash"), b"junk\n");
            }),
            refused("a revision that is damaged", &["history", "main"], |tree| write(&tree.path(MAIN), b"junk\n")),
            refused("staged onto a head that is gone", &["staged"], |tree| {
                tree.key("staged.env").git(&["add", "-A"]);
                write(&tree.path(MAIN), "12".repeat(20).as_bytes());
            }),
        ],
    );
}

/// A program that leaves a mark, and that every setting and file of git's runs which can run one.
fn evil(tree: &Tree) {
    let mark = tree.path("MARK");
    let script = tree.path("../evil");
    write(&script, format!("#!/bin/sh\ntouch '{}'\nexit 1\n", mark.display()).as_bytes());
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let program = script.display().to_string();
    let settings = [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.sshCommand",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "core.attributesFile",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "merge.evil.driver",
        "pager.log",
        "sequence.editor",
        "credential.helper",
        "gpg.program",
        "gpg.ssh.program",
        "interactive.diffFilter",
        "uploadpack.packObjectsHook",
        "remote.origin.uploadpack",
        "trailer.sign.command",
        "web.browser",
    ];
    for setting in settings {
        tree.git(&["config", setting, &program]);
    }
    for (setting, value) in [
        ("alias.history", format!("!{program}")),
        ("filter.evil.required", "true".into()),
        ("remote.origin.url", format!("ext::{program}")),
        ("remote.origin.promisor", "true".into()),
        ("protocol.ext.allow", "always".into()),
        ("log.showSignature", "true".into()),
        ("core.untrackedCache", "true".into()),
    ] {
        tree.git(&["config", setting, &value]);
    }
    tree.file(".gitattributes", "* filter=evil diff=evil merge=evil text eol=crlf working-tree-encoding=UTF-16\n");
    for hook in
        ["pre-commit", "commit-msg", "pre-push", "post-index-change", "reference-transaction", "fsmonitor-watchman"]
    {
        let file = tree.path(".git/hooks").join(hook);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::copy(&script, &file).unwrap();
    }
}

#[test]
fn settings_that_would_run_a_program() {
    check(
        &whole(),
        &[
            case("history", HISTORY, 1, BOTH, &[], evil),
            case("range", &["history", "HEAD~1..HEAD"], 1, &["new.env"], &[], evil),
            case("objects that a promisor has", HISTORY, 2, BOTH, &["readme"], |tree| {
                evil(tree);
                fs::remove_file(loose(tree, "HEAD:readme")).unwrap();
            }),
            case("files", &["scan"], 1, &["new.env"], &[], evil),
            case("staged", &["staged"], 1, &["staged.env"], &[], |tree| {
                tree.key("staged.env").git(&["add", "-A"]);
                evil(tree);
            }),
            case("hook", &["hook", "pre-commit"], 1, &["staged.env"], &[], |tree| {
                tree.key("staged.env").git(&["add", "-A"]);
                evil(tree);
            }),
        ],
    );
}

#[test]
fn settings_that_lead_elsewhere() {
    const CONFIG: &str = ".git/config";
    check(
        &whole(),
        &[
            refused("no settings but junk", HISTORY, |tree| write(&tree.path(CONFIG), b"[[[\n")),
            refused("a version to come", HISTORY, |tree| {
                write(&tree.path(CONFIG), b"[core]\n\trepositoryformatversion = 99\n");
            }),
            refused("an extension nobody knows", HISTORY, |tree| {
                let text = b"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tevil = true\n";
                write(&tree.path(CONFIG), text);
            }),
            case("settings that are a folder", HISTORY, 2, BOTH, &[".git/config"], |tree| {
                fs::remove_file(tree.path(CONFIG)).unwrap();
                fs::create_dir(tree.path(CONFIG)).unwrap();
            }),
            refused("a file that includes itself", HISTORY, |tree| {
                overwrite(&tree.path(CONFIG), |bytes| bytes.extend(b"[include]\n\tpath = config\n"));
            }),
            case("an included file that is not there", HISTORY, 1, BOTH, &[], |tree| {
                overwrite(&tree.path(CONFIG), |bytes| bytes.extend(b"[include]\n\tpath = /nowhere/at/all\n"));
            }),
            refused("an included file with a key", HISTORY, |tree| {
                tree.key("../outside");
                overwrite(&tree.path(CONFIG), |bytes| bytes.extend(b"[include]\n\tpath = ../../outside\n"));
            }),
            case("a work tree elsewhere", HISTORY, 1, BOTH, &[], |tree| {
                tree.git(&["config", "core.worktree", "/"]);
            }),
            case("objects borrowed from nowhere", HISTORY, 1, BOTH, &[], |tree| {
                write(&tree.path(".git/objects/info/alternates"), b"/nowhere/at/all\n");
            }),
            case("objects borrowed from themselves", HISTORY, 1, BOTH, &[], |tree| {
                write(&tree.path(".git/objects/info/alternates"), b"../objects\n.\n../../.git/objects\n");
            }),
            case("a thousand lenders", HISTORY, 1, BOTH, &[], |tree| {
                let lines: String = (0..1000).map(|number| format!("/nowhere/{number}\n")).collect();
                write(&tree.path(".git/objects/info/alternates"), lines.as_bytes());
            }),
            case("lenders that are a pipe", HISTORY, 2, BOTH, &["objects/info/alternates"], |tree| {
                fs::create_dir_all(tree.path(".git/objects/info")).unwrap();
                replace_by_pipe(&tree.path(".git/objects/info/alternates"));
            }),
            case("a stash log that is a pipe", HISTORY, 2, BOTH, &["logs/refs/stash"], |tree| {
                fs::create_dir_all(tree.path(".git/logs/refs")).unwrap();
                replace_by_pipe(&tree.path(".git/logs/refs/stash"));
            }),
            refused("a `.git` that names itself", HISTORY, |tree| {
                fs::remove_dir_all(tree.path(".git")).unwrap();
                write(&tree.path(".git"), b"gitdir: .git\n");
            }),
            refused("a `.git` that is a pipe", HISTORY, |tree| {
                fs::remove_dir_all(tree.path(".git")).unwrap();
                replace_by_pipe(&tree.path(".git"));
            }),
            refused("a `.git` that is a device", HISTORY, |tree| {
                fs::remove_dir_all(tree.path(".git")).unwrap();
                replace_by_link(&tree.path(".git"), "/dev/zero");
            }),
            refused("an index that is a pipe", &["staged"], |tree| replace_by_pipe(&tree.path(".git/index"))),
            refused("an index that is a device", &["staged"], |tree| {
                replace_by_link(&tree.path(".git/index"), "/dev/zero");
            }),
            refused("an index that is a link", &["staged"], |tree| {
                fs::rename(tree.path(".git/index"), tree.path("../index")).unwrap();
                replace_by_link(&tree.path(".git/index"), "../../index");
            }),
            refused("an index of junk", &["staged"], |tree| write(&tree.path(".git/index"), b"junk")),
        ],
    );
}

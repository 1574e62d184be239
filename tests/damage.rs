//! Damaged and hostile repositories: each ends with what is in it or with exit 2, and nothing it names runs.
//!
//! `SKANT_ROUNDS` sets how many damaged copies are tried; a few seconds' worth otherwise.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Random, Run, Tree, program, run};

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
    command.args(["-c", "ulimit -v 2000000; exec \"$0\" \"$@\"", program()]);
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
    command: &'static [&'static str],
    status: i32,
    found: &'static [&'static str],
    told: &'static [&'static str],
    damage: fn(&Tree),
) -> Case {
    Case { damage, command, status, found, told: Some(told) }
}

/// The program refuses to begin.
const fn refused(command: &'static [&'static str], damage: fn(&Tree)) -> Case {
    Case { damage, command, status: 2, found: &[], told: None }
}

/// A path in which the name of an object or a pack is `ID`.
fn without_id(path: &str) -> String {
    let is_id = |word: &&str| word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = path.split(|byte: char| !byte.is_ascii_alphanumeric()).find(is_id);
    id.map_or_else(|| path.to_owned(), |id| path.replace(id, "ID"))
}

#[track_caller]
fn check(tree: &Tree, case: &Case) {
    (case.damage)(tree);
    let run = bounded(tree, case.command);
    let is_report = !run.stdout.is_empty();
    let mut found = if is_report { run.each("path") } else { Vec::new() };
    // What rules think of the odd settings is no matter here.
    found.retain(|path| path != ".git/config");
    let told = is_report.then(|| run.skipped().iter().map(|path| without_id(path)).collect::<Vec<_>>());
    let told = told.as_deref().map(|told| told.iter().map(String::as_str).collect::<Vec<_>>());
    let expected = (case.status, case.found.to_vec(), case.told.map(<[&str]>::to_vec));
    let found = found.iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((run.status, found, told), expected, "{}", run.stderr);
    assert!(!tree.path("MARK").exists(), "a program was run");
}

/// A test for each case, on a repository of its own.
macro_rules! cases {
    ($of:ident: $($name:ident = $case:expr,)+) => {
        $(#[test]
        fn $name() {
            check(&$of(), &$case);
        })+
    };
}

mod damaged_loose_objects {
    use super::*;

    const NEW: fn(&Tree) -> PathBuf = |tree| loose(tree, "HEAD:new.env");
    const OLD: &[&str] = &["folder/old.env"];

    cases! { whole:
        blob_cut = case(HISTORY, 2, OLD, &["new.env"], |tree| overwrite(&NEW(tree), |bytes| bytes.truncate(10))),
        blob_empty = case(HISTORY, 2, OLD, &["new.env"], |tree| overwrite(&NEW(tree), Vec::clear)),
        blob_gone = case(HISTORY, 2, OLD, &["new.env"], |tree| fs::remove_file(NEW(tree)).unwrap()),
        blob_a_folder = case(HISTORY, 2, OLD, &["new.env"], |tree| {
            fs::remove_file(NEW(tree)).unwrap();
            fs::create_dir(NEW(tree)).unwrap();
        }),
        blob_a_pipe = case(HISTORY, 2, OLD, &["new.env"], |tree| replace_by_pipe(&NEW(tree))),
        blob_a_device = case(HISTORY, 2, OLD, &["new.env"], |tree| replace_by_link(&NEW(tree), "/dev/zero")),
        blob_not_compressed = case(HISTORY, 2, OLD, &["new.env"], |tree| write(&NEW(tree), b"blob 1\0x")),
        blob_longer_than_it_says = case(HISTORY, 2, OLD, &["new.env"], |tree| {
            write(&NEW(tree), &stored(b"blob 5\0abcdefg"));
        }),
        blob_shorter_than_it_says = case(HISTORY, 2, OLD, &["new.env"], |tree| {
            write(&NEW(tree), &stored(b"blob 50\0abcdefg"));
        }),
        blob_of_a_size_beyond_numbers = case(HISTORY, 2, OLD, &["new.env"], |tree| {
            write(&NEW(tree), &stored(b"blob 99999999999999999999999\0x"));
        }),
        blob_of_less_than_nothing = case(HISTORY, 2, OLD, &["new.env"], |tree| {
            write(&NEW(tree), &stored(b"blob -1\0x"));
        }),
        blob_of_an_unknown_kind = case(HISTORY, 2, OLD, &["new.env"], |tree| {
            write(&NEW(tree), &stored(b"blub 1\0x"));
        }),
        blob_without_a_head = case(HISTORY, 2, OLD, &["new.env"], |tree| write(&NEW(tree), &stored(&[b'x'; 99]))),
        blob_of_another_name = case(HISTORY, 2, OLD, &["new.env"], |tree| {
            overwrite(&NEW(tree), |bytes| *bytes = stored(b"blob 1\0x"));
        }),
        blob_with_a_tail = case(HISTORY, 1, BOTH, &[], |tree| {
            overwrite(&NEW(tree), |bytes| bytes.extend([0; 9]));
        }),
        blob_where_a_tree_should_be = case(HISTORY, 2, BOTH, &["folder"], |tree| {
            write(&loose(tree, "HEAD:folder"), &stored(b"blob 1\0x"));
        }),
        tree_cut = case(&["history", "HEAD"], 2, &["new.env"], &["folder"], |tree| {
            overwrite(&loose(tree, "HEAD~1:folder"), |bytes| bytes.truncate(9));
        }),
        tree_with_half_an_entry = case(HISTORY, 2, BOTH, &["folder"], |tree| {
            write(&loose(tree, "HEAD:folder"), &stored(b"tree 9\x00100644 a\0"));
        }),
        damaged_and_staged = case(&["staged"], 2, &[], &["readme"], |tree| {
            tree.file("readme", "other\n").git(&["add", "readme"]);
            overwrite(&loose(tree, ":readme"), |bytes| bytes.truncate(9));
        }),
        staged_and_the_tree_before_it_is_gone = refused(&["staged"], |tree| {
            tree.file("folder/plain", "other\n").git(&["add", "-A"]);
            fs::remove_file(loose(tree, "HEAD:folder")).unwrap();
        }),
    }
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
        tree.mode(folder.replace("SLOT", slot), 0o000);
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

mod objects_that_git_would_not_make {
    use super::*;

    const TREE: fn(&Tree) -> String = |tree| git(tree, &["rev-parse", "HEAD^{tree}"]);

    cases! { whole:
        a_name_that_climbs = case(HISTORY, 1, &["../../new.env"], &[], |tree| odd_name(tree, b"../../new.env")),
        an_absolute_name = case(HISTORY, 1, &["/etc/new.env"], &[], |tree| odd_name(tree, b"/etc/new.env")),
        a_name_of_git_s = case(HISTORY, 1, &[".git"], &[], |tree| odd_name(tree, b".git")),
        no_name = case(HISTORY, 1, &["null"], &[], |tree| odd_name(tree, b"")),
        a_name_with_an_escape = case(HISTORY, 1, &["a\u{1b}[31m"], &[], |tree| odd_name(tree, b"a\x1b[31m")),
        a_name_with_a_command = case(HISTORY, 1, &["a\n::error::b"], &[], |tree| odd_name(tree, b"a\n::error::b")),
        a_commit_without_people = case(HISTORY, 1, &["new.env"], &[], |tree| {
            let id = object(tree, "commit", format!("tree {}\n", TREE(tree)).as_bytes());
            fs::write(tree.path(".git/refs/heads/main"), id + "\n").unwrap();
            tree.git(&["tag", "-d", "v1"]);
        }),
        a_commit_without_a_tree = case(HISTORY, 2, &[], &["HEAD", "refs/heads/main"], |tree| {
            let id = object(tree, "commit", b"author A <a@b> 1 +0000\n\nx");
            fs::write(tree.path(".git/refs/heads/main"), id + "\n").unwrap();
            tree.git(&["tag", "-d", "v1"]);
        }),
        a_commit_of_a_blob = case(HISTORY, 2, &[], &["ID"], |tree| {
            commit_of(tree, &git(tree, &["rev-parse", "HEAD:new.env"]), "");
        }),
        a_parent_that_is_a_tree = case(HISTORY, 2, &["new.env"], &["history before ID"], |tree| {
            commit_of(tree, &TREE(tree), &format!("parent {}\n", TREE(tree)));
        }),
        a_thousand_parents = case(HISTORY, 1, BOTH, &[], |tree| {
            let parent = format!("parent {}\n", git(tree, &["rev-parse", "HEAD"]));
            commit_of(tree, &TREE(tree), &parent.repeat(1000));
        }),
        times_beyond_numbers = case(HISTORY, 1, &["new.env"], &[], |tree| {
            let line = "author A <a@b> 99999999999999999999999 +99999999\n";
            commit_of(tree, &TREE(tree), line);
        }),
        a_tag_of_nothing = case(HISTORY, 2, BOTH, &["refs/tags/v1"], |tree| {
            let id = object(tree, "tag", b"tag x\n\nx");
            fs::write(tree.path(".git/refs/tags/v1"), id + "\n").unwrap();
        }),
        a_tag_of_what_is_not_there = case(HISTORY, 2, BOTH, &["refs/tags/v1"], |tree| {
            let id = object(tree, "tag", format!("object {}\ntype commit\ntag x\n\nx", "12".repeat(20)).as_bytes());
            fs::write(tree.path(".git/refs/tags/v1"), id + "\n").unwrap();
        }),
        two_thousand_levels = case(HISTORY, 1, BOTH, &[], |tree| {
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
        a_blob_that_swells = case(HISTORY, 1, BOTH, &[], |tree| {
            tree.bytes("swells", vec![b' '; 40 << 20]);
            tree.git(&["add", "-A"]).git(&["commit", "-qm", "swells"]);
        }),
    }
}

/// A loose object of a gigabyte and more, which is nothing, or so many zeros.
fn giant(tree: &Tree, kind: &str) -> String {
    let id = "ab".repeat(20);
    let path = tree.path(format!(".git/objects/ab/{}", &id[2..]));
    if kind == "nothing" {
        write(&path, b"");
        fs::File::options().write(true).open(&path).unwrap().set_len(3 << 30).unwrap();
        return id;
    }
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(format!("{kind} {}\0", 200 << 20).as_bytes()).unwrap();
    (0..200).for_each(|_| encoder.write_all(&[0; 1 << 20]).unwrap());
    write(&path, &encoder.finish().unwrap());
    id
}

/// What is held in memory is no larger than such things are; and what is no object at all is not taken in.
mod objects_of_any_size {
    use super::*;

    fn tag_of(tree: &Tree, kind: &str) {
        let id = giant(tree, kind);
        write(&tree.path(".git/refs/tags/giant"), id.as_bytes());
    }

    cases! { whole:
        a_giant_tree = case(HISTORY, 2, BOTH, &["refs/tags/giant"], |tree| tag_of(tree, "tree")),
        a_giant_commit = case(HISTORY, 2, BOTH, &["refs/tags/giant"], |tree| tag_of(tree, "commit")),
        a_giant_commit_by_its_name = case(&["history", "giant"], 2, &[], &["ID"], |tree| tag_of(tree, "commit")),
        a_giant_tag = case(HISTORY, 2, BOTH, &["refs/tags/giant"], |tree| tag_of(tree, "tag")),
        a_giant_that_is_none = case(HISTORY, 2, BOTH, &["refs/tags/giant"], |tree| tag_of(tree, "nothing")),
        a_giant_that_nobody_names = case(&["history", "--unreachable"], 2, BOTH, &["ID"], |tree| {
            giant(tree, "nothing");
        }),
        the_tree_of_a_commit = case(HISTORY, 2, &[], &["ID"], |tree| {
            let id = giant(tree, "tree");
            commit_of(tree, &id, "");
        }),
        a_giant_tree_and_what_is_staged = refused(&["staged"], |tree| {
            let id = giant(tree, "tree");
            commit_of(tree, &id, "");
        }),
    }
}

/// A file of three gigabytes, none of them on disk.
fn swell(path: &Path) {
    let file = fs::File::options().append(true).create(true).open(path).unwrap();
    file.set_len(3 << 30).unwrap();
}

/// libgit2 would wait for the one, and take in the other.
mod files_of_git_s_own_that_are_pipes_or_giants {
    use super::*;

    const STAGED: &[&str] = &["staged"];
    const HOOK: &[&str] = &["hook", "pre-commit"];
    const RANGE: &[&str] = &["history", "HEAD"];

    fn pipe(tree: &Tree, name: &str) {
        fs::create_dir_all(tree.path(".git").join(name).parent().unwrap()).unwrap();
        replace_by_pipe(&tree.path(".git").join(name));
    }

    fn include(tree: &Tree, text: &str) {
        replace_by_pipe(&tree.path("../pipe"));
        let text = text.replace("PIPE", &tree.path("../pipe").display().to_string());
        overwrite(&tree.path(".git/config"), |bytes| bytes.extend(text.as_bytes()));
    }

    cases! { whole:
        settings_a_pipe = refused(HISTORY, |tree| pipe(tree, "config")),
        settings_a_pipe_in_a_hook = refused(HOOK, |tree| pipe(tree, "config")),
        settings_a_device = refused(RANGE, |tree| replace_by_link(&tree.path(".git/config"), "/dev/zero")),
        settings_a_giant = refused(STAGED, |tree| swell(&tree.path(".git/config"))),
        an_included_pipe = refused(HISTORY, |tree| include(tree, "[include]\n\tpath = PIPE\n")),
        an_included_pipe_in_quotes = refused(STAGED, |tree| include(tree, "[include] path = \"PIPE\" # x\n")),
        an_included_pipe_on_a_condition = refused(RANGE, |tree| {
            include(tree, "[includeIf \"onbranch:main\"]\n\tpath = PIPE\n");
        }),
        an_included_pipe_by_an_escape = refused(HISTORY, |tree| include(tree, "[include]\n\tpath = \"PIPE\\\n\"\n")),
        a_pipe_that_an_included_file_includes = refused(HISTORY, |tree| {
            include(tree, "[include]\n\tpath = more\n");
            write(&tree.path(".git/more"), b"[include]\n\tpath = ../../pipe\n");
        }),
        a_shallow_file_that_is_a_pipe = refused(HISTORY, |tree| pipe(tree, "shallow")),
        a_shallow_file_that_is_a_giant = refused(STAGED, |tree| swell(&tree.path(".git/shallow"))),
        grafts_that_are_a_pipe = refused(HISTORY, |tree| pipe(tree, "info/grafts")),
        packed_refs_that_are_a_pipe = refused(HISTORY, |tree| pipe(tree, "packed-refs")),
        packed_refs_that_are_a_giant = refused(RANGE, |tree| swell(&tree.path(".git/packed-refs"))),
        a_pipe_where_worktrees_have_their_place = refused(STAGED, |tree| pipe(tree, "gitdir")),
        a_giant_among_refs = case(HISTORY, 2, BOTH, &["refs", "refs/heads/giant"], |tree| {
            swell(&tree.path(".git/refs/heads/giant"));
        }),
        a_head_that_is_a_giant = refused(STAGED, |tree| swell(&tree.path(".git/HEAD"))),
        a_head_that_is_a_pipe = refused(STAGED, |tree| pipe(tree, "HEAD")),
        an_index_that_is_a_giant = refused(STAGED, |tree| swell(&tree.path(".git/index"))),
        an_index_that_is_a_giant_in_a_tree = case(&["scan", "--no-config"], 1, &["new.env"], &[], |tree| {
            swell(&tree.path(".git/index"));
        }),
        ignore_rules_that_are_a_giant = case(&["scan"], 1, &["new.env"], &[], |tree| {
            swell(&tree.path(".git/info/exclude"));
        }),
        a_config_of_ours_that_is_a_giant = refused(&["scan"], |tree| swell(&tree.path("skant.toml"))),
        a_baseline_that_is_a_giant = refused(HISTORY, |tree| swell(&tree.path(".skant-baseline"))),
        a_baseline_that_is_a_pipe = refused(STAGED, |tree| replace_by_pipe(&tree.path(".skant-baseline"))),
    }
}

mod damaged_packs {
    use super::*;

    const PACK: fn(&Tree) -> PathBuf = |tree| in_pack_folder(tree, "pack");
    const INDEX: fn(&Tree) -> PathBuf = |tree| in_pack_folder(tree, "idx");
    const INDEX_LOST: [&str; 4] = ["HEAD", "pack-ID.idx", "refs/heads/main", "refs/tags/v1"];
    const PACK_LOST: [&str; 4] = ["HEAD", "pack-ID.pack", "refs/heads/main", "refs/tags/v1"];

    cases! { packed:
        pack_empty = case(HISTORY, 2, &[], &INDEX_LOST, |tree| overwrite(&PACK(tree), Vec::clear)),
        pack_of_a_head_alone = case(HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&PACK(tree), |bytes| bytes.truncate(12));
        }),
        pack_gone = case(HISTORY, 2, &[], &INDEX_LOST, |tree| fs::remove_file(PACK(tree)).unwrap()),
        pack_a_pipe = case(HISTORY, 2, &[], &PACK_LOST, |tree| replace_by_pipe(&PACK(tree))),
        pack_a_device = case(HISTORY, 2, &[], &PACK_LOST, |tree| replace_by_link(&PACK(tree), "/dev/zero")),
        pack_of_an_unknown_version = case(HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&PACK(tree), |bytes| bytes[7] = 9);
        }),
        pack_of_another_count = case(HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&PACK(tree), |bytes| bytes[11] ^= 1);
        }),
        index_empty = case(HISTORY, 2, &[], &INDEX_LOST, |tree| overwrite(&INDEX(tree), Vec::clear)),
        index_cut = case(HISTORY, 2, &[], &INDEX_LOST, |tree| overwrite(&INDEX(tree), |bytes| bytes.truncate(1100))),
        index_gone = case(HISTORY, 2, &[], &PACK_LOST, |tree| fs::remove_file(INDEX(tree)).unwrap()),
        index_a_pipe = case(HISTORY, 2, &[], &INDEX_LOST, |tree| replace_by_pipe(&INDEX(tree))),
        index_a_device = case(HISTORY, 2, &[], &INDEX_LOST, |tree| replace_by_link(&INDEX(tree), "/dev/zero")),
        index_of_an_unknown_version = case(HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&INDEX(tree), |bytes| bytes[7] = 9);
        }),
        index_of_four_thousand_million_objects = case(HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&INDEX(tree), |bytes| bytes[8 + 1020..8 + 1024].fill(0xff));
        }),
        index_out_of_order = case(HISTORY, 2, &[], &INDEX_LOST, |tree| {
            overwrite(&INDEX(tree), |bytes| bytes[8..12].fill(0xff));
        }),
        offsets_that_are_nowhere = case(HISTORY, 2, &[], &["HEAD", "refs/heads/main", "refs/tags/v1"], |tree| {
            overwrite(&INDEX(tree), |bytes| {
                let count = u32::from_be_bytes(*bytes[8 + 1020..].first_chunk().unwrap()) as usize;
                bytes[8 + 1024 + count * 24..][..count * 4].fill(0xff);
            });
        }),
        other_files_among_packs = case(HISTORY, 1, BOTH, &[], |tree| {
            for name in ["multi-pack-index", "pack-x.bitmap", "pack-x.rev", "pack-x.keep", "junk", "tmp_pack_1"] {
                write(&tree.path(".git/objects/pack").join(name), b"junk");
            }
            write(&tree.path(".git/objects/info/commit-graph"), b"junk");
        }),
    }
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

mod packs_made_by_hand {
    use super::*;

    const BLOB: u8 = 3;
    const BY_OFFSET: u8 = 6;
    const BY_ID: u8 = 7;
    // A delta: the size of its base, that of what it makes, copies and insertions.
    const SAME: &[u8] = &[5, 5, 0x90, 5];

    /// It is read as it should be, or the rest proves nothing.
    #[test]
    fn what_is_whole_is_read() {
        let key = format!("{}\n", support::key_of("by hand"));
        let tree = whole();
        pack_of(&tree, &[(BLOB, key.len() as u64, b"", key.as_bytes()), (BY_ID, 4, &[1; 20], &[109, 1, 0x90, 1])]);
        assert_eq!(bounded(&tree, HISTORY).each("path"), ["1"]);
    }

    cases! { whole:
        a_delta_of_itself = case(HISTORY, 2, &[], &["1"], |tree| pack_of(tree, &[(BY_ID, 4, &[1; 20], SAME)])),
        two_deltas_of_each_other = case(HISTORY, 2, &[], &["1", "2"], |tree| {
            pack_of(tree, &[(BY_ID, 4, &[2; 20], SAME), (BY_ID, 4, &[1; 20], SAME)]);
        }),
        a_delta_of_what_is_nowhere = case(HISTORY, 2, &[], &["1"], |tree| {
            pack_of(tree, &[(BY_ID, 4, &[9; 20], SAME)]);
        }),
        a_delta_no_distance_back = case(HISTORY, 2, &[], &["1"], |tree| {
            pack_of(tree, &[(BY_OFFSET, 4, &[0], SAME)]);
        }),
        a_delta_from_before_the_file = case(HISTORY, 2, &[], &["1"], |tree| {
            pack_of(tree, &[(BY_OFFSET, 4, &[0xff, 0xff, 0xff, 0x7f], SAME)]);
        }),
        a_delta_from_an_endless_distance = case(HISTORY, 2, &[], &["1"], |tree| {
            pack_of(tree, &[(BY_OFFSET, 4, &[0xff; 30], SAME)]);
        }),
        a_delta_of_another_base = case(HISTORY, 2, &[], &["2"], |tree| {
            pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 4, &[1; 20], &[6, 5, 0x90, 5])]);
        }),
        a_delta_that_copies_too_much = case(HISTORY, 2, &[], &["2"], |tree| {
            pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 4, &[1; 20], &[5, 9, 0x90, 9])]);
        }),
        a_delta_that_promises_too_much = case(HISTORY, 2, &[], &["2"], |tree| {
            let lie = [5, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x90, 5];
            pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 8, &[1; 20], &lie)]);
        }),
        a_delta_that_says_nothing = case(HISTORY, 2, &[], &["2"], |tree| {
            pack_of(tree, &[(BLOB, 5, b"", b"hello"), (BY_ID, 3, &[1; 20], &[5, 5, 0])]);
        }),
        a_size_beyond_memory = case(HISTORY, 2, &[], &["1"], |tree| {
            pack_of(tree, &[(BLOB, 1 << 50, b"", b"hello")]);
        }),
        a_size_that_is_too_small = case(HISTORY, 2, &[], &["1"], |tree| {
            pack_of(tree, &[(BLOB, 4, b"", b"hello")]);
        }),
        a_size_that_is_too_large = case(HISTORY, 2, &[], &["1"], |tree| {
            pack_of(tree, &[(BLOB, 6, b"", b"hello")]);
        }),
        a_kind_that_is_none = case(HISTORY, 2, &[], &["1", "2"], |tree| {
            pack_of(tree, &[(0, 5, b"", b"hello"), (5, 5, b"", b"hello")]);
        }),
    }
}

mod damaged_refs {
    use super::*;

    const MAIN: &str = ".git/refs/heads/main";

    cases! { whole:
        a_ref_to_what_is_not_there = case(HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
            write(&tree.path(".git/refs/heads/x"), "12".repeat(20).as_bytes());
        }),
        a_ref_cut = case(HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
            write(&tree.path(".git/refs/heads/x"), &[b'1'; 20]);
        }),
        a_ref_that_is_a_pipe = case(HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
            replace_by_pipe(&tree.path(".git/refs/heads/x"));
        }),
        a_ref_that_is_a_device = case(HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
            replace_by_link(&tree.path(".git/refs/heads/x"), "/dev/zero");
        }),
        a_ref_of_itself = case(HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
            write(&tree.path(".git/refs/heads/x"), b"ref: refs/heads/x\n");
        }),
        refs_in_a_circle = case(HISTORY, 2, BOTH, &["refs/heads/x", "refs/heads/y"], |tree| {
            write(&tree.path(".git/refs/heads/x"), b"ref: refs/heads/y\n");
            write(&tree.path(".git/refs/heads/y"), b"ref: refs/heads/x\n");
        }),
        a_ref_out_of_the_repository = case(HISTORY, 2, BOTH, &["refs/heads/x"], |tree| {
            write(&tree.path(".git/refs/heads/x"), b"ref: ../../../../etc/passwd\n");
        }),
        refs_packed_as_junk = case(HISTORY, 2, BOTH, &["refs"], |tree| {
            write(&tree.path(".git/packed-refs"), b"junk\n");
        }),
        the_lock_of_a_ref = case(HISTORY, 1, BOTH, &[], |tree| write(&tree.path(".git/refs/heads/x.lock"), b"")),
        a_head_that_is_junk = case(HISTORY, 2, BOTH, &["HEAD"], |tree| write(&tree.path(".git/HEAD"), b"junk\n")),
        no_head = refused(HISTORY, |tree| fs::remove_file(tree.path(".git/HEAD")).unwrap()),
        a_shallow_file_that_is_junk = refused(HISTORY, |tree| {
            write(&tree.path(".git/shallow"), b"junk\n");
        }),
        stashes_that_are_junk = case(HISTORY, 1, BOTH, &[], |tree| {
            write(&tree.path(".git/logs/refs/stash"), b"junk\n");
        }),
        a_revision_that_is_damaged = refused(&["history", "main"], |tree| write(&tree.path(MAIN), b"junk\n")),
        staged_onto_a_head_that_is_gone = refused(&["staged"], |tree| {
            tree.key("staged.env").git(&["add", "-A"]);
            write(&tree.path(MAIN), "12".repeat(20).as_bytes());
        }),
    }
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

mod settings_that_would_run_a_program {
    use super::*;

    cases! { whole:
        history = case(HISTORY, 1, BOTH, &[], evil),
        range = case(&["history", "HEAD~1..HEAD"], 1, &["new.env"], &[], evil),
        objects_that_a_promisor_has = case(HISTORY, 2, BOTH, &["readme"], |tree| {
            evil(tree);
            fs::remove_file(loose(tree, "HEAD:readme")).unwrap();
        }),
        files = case(&["scan"], 1, &["new.env"], &[], evil),
        staged = case(&["staged"], 1, &["staged.env"], &[], |tree| {
            tree.key("staged.env").git(&["add", "-A"]);
            evil(tree);
        }),
        hook = case(&["hook", "pre-commit"], 1, &["staged.env"], &[], |tree| {
            tree.key("staged.env").git(&["add", "-A"]);
            evil(tree);
        }),
    }
}

mod settings_that_lead_elsewhere {
    use super::*;

    const CONFIG: &str = ".git/config";

    cases! { whole:
        no_settings_but_junk = refused(HISTORY, |tree| write(&tree.path(CONFIG), b"[[[\n")),
        a_version_to_come = refused(HISTORY, |tree| {
            write(&tree.path(CONFIG), b"[core]\n\trepositoryformatversion = 99\n");
        }),
        an_extension_nobody_knows = refused(HISTORY, |tree| {
            let text = b"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tevil = true\n";
            write(&tree.path(CONFIG), text);
        }),
        settings_that_are_a_folder = case(HISTORY, 2, BOTH, &[".git/config"], |tree| {
            fs::remove_file(tree.path(CONFIG)).unwrap();
            fs::create_dir(tree.path(CONFIG)).unwrap();
        }),
        a_file_that_includes_itself = refused(HISTORY, |tree| {
            overwrite(&tree.path(CONFIG), |bytes| bytes.extend(b"[include]\n\tpath = config\n"));
        }),
        an_included_file_that_is_not_there = case(HISTORY, 1, BOTH, &[], |tree| {
            overwrite(&tree.path(CONFIG), |bytes| bytes.extend(b"[include]\n\tpath = /nowhere/at/all\n"));
        }),
        an_included_file_with_a_key = refused(HISTORY, |tree| {
            tree.key("../outside");
            overwrite(&tree.path(CONFIG), |bytes| bytes.extend(b"[include]\n\tpath = ../../outside\n"));
        }),
        a_work_tree_elsewhere = case(HISTORY, 1, BOTH, &[], |tree| {
            tree.git(&["config", "core.worktree", &tree.home().display().to_string()]);
        }),
        objects_borrowed_from_nowhere = case(HISTORY, 1, BOTH, &[], |tree| {
            write(&tree.path(".git/objects/info/alternates"), b"/nowhere/at/all\n");
        }),
        objects_borrowed_from_themselves = case(HISTORY, 1, BOTH, &[], |tree| {
            write(&tree.path(".git/objects/info/alternates"), b"../objects\n.\n../../.git/objects\n");
        }),
        a_thousand_lenders = case(HISTORY, 1, BOTH, &[], |tree| {
            let lines: String = (0..1000).map(|number| format!("/nowhere/{number}\n")).collect();
            write(&tree.path(".git/objects/info/alternates"), lines.as_bytes());
        }),
        lenders_that_are_a_pipe = case(HISTORY, 2, BOTH, &["objects/info/alternates"], |tree| {
            fs::create_dir_all(tree.path(".git/objects/info")).unwrap();
            replace_by_pipe(&tree.path(".git/objects/info/alternates"));
        }),
        a_stash_log_that_is_a_pipe = case(HISTORY, 2, BOTH, &["logs/refs/stash"], |tree| {
            fs::create_dir_all(tree.path(".git/logs/refs")).unwrap();
            replace_by_pipe(&tree.path(".git/logs/refs/stash"));
        }),
        a_git_that_names_itself = refused(HISTORY, |tree| {
            fs::remove_dir_all(tree.path(".git")).unwrap();
            write(&tree.path(".git"), b"gitdir: .git\n");
        }),
        a_git_that_is_a_pipe = refused(HISTORY, |tree| {
            fs::remove_dir_all(tree.path(".git")).unwrap();
            replace_by_pipe(&tree.path(".git"));
        }),
        a_git_that_is_a_device = refused(HISTORY, |tree| {
            fs::remove_dir_all(tree.path(".git")).unwrap();
            replace_by_link(&tree.path(".git"), "/dev/zero");
        }),
        an_index_that_is_a_pipe = refused(&["staged"], |tree| replace_by_pipe(&tree.path(".git/index"))),
        an_index_that_is_a_device = refused(&["staged"], |tree| {
            replace_by_link(&tree.path(".git/index"), "/dev/zero");
        }),
        an_index_that_is_a_link = refused(&["staged"], |tree| {
            fs::rename(tree.path(".git/index"), tree.path("../index")).unwrap();
            replace_by_link(&tree.path(".git/index"), "../../index");
        }),
        an_index_of_junk = refused(&["staged"], |tree| write(&tree.path(".git/index"), b"junk")),
    }
}

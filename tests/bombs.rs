//! Repositories that are small and have more paths than anybody could go through: the work follows what there is,
//! and all that is there is read.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use flate2::write::ZlibEncoder;
use sha1::Digest;
use support::{Tree, key_of, skant};

/// What git prints when it is given something.
fn git(tree: &Tree, arguments: &[&str], input: &[u8]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.invalid"]).args(arguments);
    command.current_dir(tree.path("")).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A tree of entries: whether it is a folder, the name, the id.
fn tree_of(tree: &Tree, entries: &[(bool, &str, &str)]) -> String {
    let line = |(is_folder, name, id): &(bool, &str, &str)| {
        let kind = if *is_folder { "040000 tree" } else { "100644 blob" };
        format!("{kind} {id}\t{name}\n")
    };
    git(tree, &["mktree"], entries.iter().map(line).collect::<String>().as_bytes())
}

/// Folders in folders, each of them this often in the one above.
fn nested(tree: &Tree, innermost: &str, levels: u32, width: u32) -> String {
    (0..levels).fold(innermost.to_owned(), |id, _| {
        let names: Vec<String> = (0..width).map(|number| format!("d{number}")).collect();
        tree_of(tree, &names.iter().map(|name| (true, &**name, &*id)).collect::<Vec<_>>())
    })
}

fn commit(tree: &Tree, top: &str) {
    let id = git(tree, &["commit-tree", "-m", "x", top], b"");
    git(tree, &["update-ref", "refs/heads/main", &id], b"");
}

/// A repository whose only commit has 10,000,000,000 paths to one text.
fn bomb(text: &str) -> Tree {
    let tree = Tree::repo();
    let blob = git(&tree, &["hash-object", "-w", "--stdin"], text.as_bytes());
    let leaf = tree_of(&tree, &[(false, "leaf", &blob)]);
    let top = nested(&tree, &leaf, 10, 10);
    commit(&tree, &top);
    tree
}

const WAYS: [&[&str]; 5] = [
    &["history", "--format", "json"],
    &["history", "--format", "json", "--plain"],
    &["history", "--format", "json", "HEAD"],
    &["history", "--format", "json", "HEAD^{tree}"],
    &["staged", "--format", "json"],
];

#[test]
fn a_bomb_of_trees_that_holds_nothing_is_clean() {
    let tree = bomb("nothing\n");
    for way in WAYS {
        let run = skant(&tree, way);
        assert_eq!((run.status, run.findings().len(), run.skipped().len()), (0, 0, 0), "{way:?} {run:#?}");
    }
}

/// What is found has a path; that it has very many others is told.
#[test]
fn what_a_bomb_of_trees_holds_is_found() {
    let tree = bomb(&key_of("bomb"));
    for way in [WAYS[0], WAYS[2], WAYS[3]] {
        let run = skant(&tree, way);
        assert_eq!((run.status, run.skipped().len(), run.findings().len()), (2, 1, 256), "{way:?} {}", run.stderr);
        let first = run.findings().remove(0);
        assert_eq!(first["path"], "d0/d0/d0/d0/d0/d0/d0/d0/d0/d0/leaf");
        let why = run.json()["scan"]["skipped"][0]["reason"].as_str().unwrap().to_owned();
        assert!(why.starts_with("the same content stands at very many paths"), "{why}");
        assert_eq!(run.json()["scan"]["ledger"]["others"]["not_scanned"]["limit"], 1);
    }
}

#[test]
fn what_stands_beside_a_bomb_of_trees_is_found() {
    let tree = bomb(&key_of("bomb"));
    let inner = git(&tree, &["rev-parse", "HEAD^{tree}"], b"");
    let blob = git(&tree, &["hash-object", "-w", "--stdin"], key_of("beside").as_bytes());
    let folder = tree_of(&tree, &[(false, "deep", &blob)]);
    let name = key_of("name");
    let top = tree_of(&tree, &[(true, "a", &inner), (false, "b", &blob), (true, "c", &folder), (true, &name, &folder)]);
    commit(&tree, &top);
    for way in [WAYS[0], WAYS[2]] {
        let run = skant(&tree, way);
        let beside: Vec<String> = run.each("path").into_iter().filter(|path| !path.starts_with("a/")).collect();
        let masked = support::mask(&name);
        let expected = ["b".to_owned(), "c/deep".to_owned(), masked.clone(), format!("{masked}/deep")];
        assert_eq!((run.status, beside), (2, expected.to_vec()), "{way:?} {}", run.stderr);
    }
}

/// However deep something lies, the trees are not gone through once for each level.
#[test]
fn what_lies_very_deep_is_found() {
    let tree = Tree::repo();
    let path = "d/".repeat(3000);
    let key = key_of("deep");
    let stream = format!(
        "commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 1\nx\nM 100644 inline {path}f\ndata {}\n{key}\n",
        key.len()
    );
    git(&tree, &["fast-import", "--quiet"], stream.as_bytes());
    for way in [WAYS[0], WAYS[2]] {
        let run = skant(&tree, way);
        assert_eq!((run.status, run.each("path")), (1, vec![format!("{path}f")]), "{way:?} {}", run.stderr);
    }
}

/// Writes a pack of one tree by hand, whose index gives it an id that is not its own.
fn packed_as(tree: &Tree, id: &str, text: &[u8]) {
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    // Of kind 2, with the low bits of the length before the others.
    let head = [0x80 | 2 << 4 | (text.len() & 15) as u8, (text.len() >> 4) as u8];
    let mut pack = [b"PACK\0\0\0\x02\0\0\0\x01", &head[..], &encoder.finish().unwrap()].concat();
    let sum = sha1::Sha1::digest(&pack);
    pack.extend(sum);
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    (0..256).for_each(|first| index.extend(u32::from(first >= usize::from(bytes_of(id)[0])).to_be_bytes()));
    index.extend([&bytes_of(id)[..], &[0; 4], &12u32.to_be_bytes(), &sum].concat());
    let sum = sha1::Sha1::digest(&index);
    index.extend(sum);
    tree.bytes(".git/objects/pack/pack-hand.pack", pack).bytes(".git/objects/pack/pack-hand.idx", index);
}

/// No tree can be in itself, unless somebody writes it where another one should be.
#[test]
fn a_tree_in_itself_is_gone_through_once() {
    let tree = Tree::repo();
    let blob = git(&tree, &["hash-object", "-w", "--stdin"], key_of("circle").as_bytes());
    let id = "11".repeat(20);
    packed_as(&tree, &id, &[b"40000 a\0", &bytes_of(&id)[..], b"100644 b\0", &bytes_of(&blob)].concat());
    let person = "A <a@example.invalid> 1700000000 +0000";
    let commit = format!("tree {id}\nauthor {person}\ncommitter {person}\n\nx\n");
    let commit = git(&tree, &["hash-object", "-w", "--literally", "-t", "commit", "--stdin"], commit.as_bytes());
    fs::write(tree.path(".git/refs/heads/main"), format!("{commit}\n")).unwrap();
    for way in [WAYS[0], WAYS[2]] {
        let run = skant(&tree, way);
        assert!(run.status == 2 && run.each("path").contains(&"b".to_owned()), "{way:?} {run:#?}");
    }
}

/// An index that has folders as a whole, written by hand: git would not go through these.
fn sparse_index(tree: &Tree, folders: &[(&str, &str)]) {
    let mut index = [&b"DIRC"[..], &3u32.to_be_bytes(), &(folders.len() as u32).to_be_bytes()].concat();
    for (path, id) in folders {
        let mut entry = [[0; 24].as_slice(), &0o040_000u32.to_be_bytes(), &[0; 12], &bytes_of(id)].concat();
        // It is passed over in the work tree, as all folders of such an index.
        entry.extend([(0x4000 | path.len() as u16).to_be_bytes(), 0x4000u16.to_be_bytes()].concat());
        entry.extend(path.as_bytes());
        entry.resize(entry.len() + 8 - entry.len() % 8, 0);
        index.extend(entry);
    }
    index.extend([&b"sdir"[..], &0u32.to_be_bytes()].concat());
    let sum = sha1::Sha1::digest(&index);
    index.extend(sum);
    fs::write(tree.path(".git/index"), index).unwrap();
}

fn bytes_of(id: &str) -> Vec<u8> {
    (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// What differs in a folder of such an index is staged, path for path: there may be more than anybody has memory for.
#[test]
fn a_bomb_in_a_sparse_index_is_told() {
    let tree = bomb("nothing\n");
    let top = git(&tree, &["rev-parse", "HEAD^{tree}"], b"");
    sparse_index(&tree, &[("a/", &top), ("b/", &top)]);
    let run = skant(&tree, &["staged"]);
    assert!(run.status == 2 && run.stderr.contains("too many files differ in a/"), "{run:#?}");
    let blob = git(&tree, &["hash-object", "-w", "--stdin"], key_of("sparse").as_bytes());
    let few = tree_of(&tree, &[(false, "deep", &blob)]);
    sparse_index(&tree, &[("a/", &few)]);
    assert_eq!(skant(&tree, &["staged", "--format", "json"]).each("path"), ["a/deep"]);
}

/// A tree that is in itself has paths without end.
#[test]
fn a_tree_in_itself_in_a_sparse_index_is_told() {
    let tree = Tree::repo();
    let id = "11".repeat(20);
    packed_as(&tree, &id, &[b"40000 a\0", &bytes_of(&id)[..]].concat());
    sparse_index(&tree, &[("a/", &id)]);
    let run = skant(&tree, &["staged"]);
    assert!(run.status == 2 && run.stderr.contains("too many files differ in a/"), "{run:#?}");
}

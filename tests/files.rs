//! Files that are larger, deeper or less steady than files are, and surroundings that lack what others have.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{Mode, OFlags, mkdirat, openat};
use support::{Tree, anthropic_key, found, key_of, program, run, scan, skant};

/// So deep that no path leads there: it is found or told, and what lies beside it is found.
#[test]
fn five_thousand_folders_in_each_other_end() {
    let tree = Tree::new();
    tree.key("beside").folder("deep");
    let mut folder = std::os::fd::OwnedFd::from(File::open(tree.path("deep")).unwrap());
    for _ in 0..5000 {
        mkdirat(&folder, "d", Mode::RWXU).unwrap();
        folder = openat(&folder, "d", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    let file = openat(&folder, "key", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR | Mode::WUSR).unwrap();
    File::from(file).write_all(key_of("deep").as_bytes()).unwrap();
    let run = scan(&tree, &["."]);
    // Whoever takes the tree away must not need a path either.
    assert!(Command::new("rm").args(["-rf", "deep"]).current_dir(tree.path("")).status().unwrap().success());
    let is_told = run.status == 2 && run.skipped().len() == 1;
    assert!(is_told || run.status == 1 && run.each("path").len() == 2, "{:?}", run.status);
    assert!(run.each("path").contains(&"beside".to_owned()));
}

/// (A gigabyte of it is in `benches/load.sh`: what tests run is not made to be quick.)
#[test]
fn a_hole_is_scanned_to_its_end() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    let mut file = File::create(tree.path("sparse")).unwrap();
    file.seek(SeekFrom::Start(32 << 20)).unwrap();
    write!(file, "\n{key}\n").unwrap();
    drop(file);
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.each("line")), (1, vec!["2".to_owned()]), "{run:#?}");
    assert_eq!(run.json()["scan"]["bytes"], (32u64 << 20) + 2 + key.len() as u64);
}

#[test]
fn lines_may_end_in_any_way_or_not_at_all() {
    let tree = Tree::new();
    let key = |name: &str| key_of(name);
    tree.file("cr", &format!("a\rb\rKEY={}\rc\r", key("cr")));
    tree.bytes("nul", format!("a\0b\0KEY={}\0c", key("nul")));
    tree.file("none", &format!("KEY={}", key("none")));
    tree.bytes("mixed", format!("a\r\nb\n\rKEY={}\u{85}\u{2028}", key("mixed")));
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let text = wide(&format!("\u{feff}a\nKEY={}\n", key("wide")));
    tree.bytes("wide", &text[..text.len() - 1]);
    let half = wide(&format!("\u{feff}KEY={}", key("half")));
    tree.bytes("half", [&half[..], &[0x3d, 0xd8]].concat());
    assert_eq!(found(&tree, &["."]), ["cr", "half", "mixed", "none", "nul", "wide"]);
}

/// Says that it is over when it goes, also where a test fails: who is never told never ends.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A file that shrinks, grows, vanishes or becomes a folder while it is read: whatever is seen of it, the scan ends, and
/// what does not change is found.
#[test]
fn files_that_change_while_they_are_read_end() {
    let tree = Tree::new();
    tree.key("steady").folder("f");
    let (is_over, path) = (AtomicBool::new(false), tree.path("f/restless"));
    let text = vec![b'x'; 3 << 20];
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = fs::write(&path, &text);
                let _ = File::options().write(true).open(&path).and_then(|file| file.set_len(10));
                let _ = fs::remove_file(&path);
                let _ = fs::create_dir(&path);
                let _ = fs::remove_dir(&path);
                let _ = std::os::unix::fs::symlink("/dev/zero", &path);
                let _ = fs::remove_file(&path);
            }
        });
        let _over = Over(&is_over);
        for _ in 0..10 {
            let run = scan(&tree, &["."]);
            assert!(run.each("path").contains(&"steady".to_owned()), "{run:#?}");
            // What was there when it was listed, and not when it was opened, is told: as a folder if it was one.
            let told = run.skipped();
            assert_eq!(run.status, 1 + i32::from(!told.is_empty()), "{run:#?}");
            assert!(told.iter().all(|path| ["f/restless", "f/restless/"].contains(&path.as_str())), "{told:?}");
        }
    });
}

/// Neither a home nor a path nor a language is needed.
#[test]
fn an_empty_environment_is_enough() {
    let tree = Tree::repo();
    tree.key("caf\u{e9}").git(&["add", "-A"]);
    let alone = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.args(arguments).args(["--format", "json"]).current_dir(tree.path("")).env_clear();
        run(command, b"")
    };
    for arguments in [&["scan"][..], &["staged"]] {
        let run = alone(arguments);
        assert_eq!((run.status, run.each("path"), &*run.stderr), (1, vec!["caf\u{e9}".to_owned()], ""), "{run:#?}");
    }
    tree.git(&["commit", "-qm", "x"]);
    assert_eq!(alone(&["history"]).each("path"), ["caf\u{e9}"]);
    for variable in ["HOME", "PATH", "LANG", "LC_ALL", "XDG_CONFIG_HOME", "TMPDIR"] {
        for value in ["", "/nowhere", "\n\u{1b}[31m", "C.broken"] {
            let mut command = tree.command(&["scan", "--format", "json"]);
            let run = run(
                {
                    command.env(variable, value);
                    command
                },
                b"",
            );
            assert_eq!((run.status, run.each("path").len()), (1, 1), "{variable}={value:?} {run:#?}");
        }
    }
}

/// Standard output, standard error or both are not there.
#[test]
fn nobody_has_to_listen() {
    let tree = Tree::new();
    tree.key("a").file("clean/b", "");
    for (closed, status) in [(">&-", [1, 0]), ("2>&-", [1, 0]), (">&- 2>&-", [1, 0]), ("<&- >&- 2>&-", [1, 0])] {
        for (path, expected) in ["a", "clean"].into_iter().zip(status) {
            let mut command = Command::new("sh");
            let script = format!("exec \"$0\" scan \"$1\" {closed}");
            command.args(["-c", &script, program(), path]).current_dir(tree.path(""));
            assert_eq!(run(command, b"").status, expected, "{closed} {path}");
        }
    }
}

#[test]
fn ten_thousand_files_in_one_folder_are_all_scanned() {
    let tree = Tree::new();
    for number in 0..10_000 {
        tree.file(format!("f/{number}"), "x\n");
    }
    tree.key("f/key");
    let run = skant(&tree, &["scan", "--format", "json"]);
    assert_eq!((run.each("path"), run.json()["scan"]["files"].as_u64()), (vec!["f/key".to_owned()], Some(10_001)));
}

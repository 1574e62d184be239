//! Trees of files built in a test, the real binary run on them, and credentials nobody was ever given.

#![expect(dead_code, unreachable_pub, reason = "each test file uses a part of this")]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

mod random;
pub(crate) use random::{BASE62, BASE64, Random};

pub const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// No run of the program takes longer to compute, unless it is caught in a circle.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nor longer in all, however busy the machine is, unless it waits for what never comes.
const LONGEST: Duration = Duration::from_secs(300);

/// No run of the program takes more memory, whatever it is given.
const MOST_KILOBYTES: u64 = 200_000;

/// The program that is tested: what was built with the tests, unless it was copied elsewhere for somebody who may
/// not look there.
pub fn program() -> &'static str {
    static PROGRAM: LazyLock<String> =
        LazyLock::new(|| std::env::var("SKANT_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_skant").to_owned()));
    &PROGRAM
}

/// Says what could not be tried: not by `eprintln`, which tests do not let through.
pub fn untested(why: &str) {
    let _ = writeln!(std::io::stderr(), "not tested: {why}");
}

/// A folder that is gone after the test, next to an empty home.
pub struct Tree {
    temp: TempDir,
    root: PathBuf,
    /// What has rights that would keep it from being deleted.
    locked: RefCell<Vec<PathBuf>>,
}

impl Tree {
    /// An empty folder that is no repository and lies in none.
    pub fn new() -> Tree {
        let temp = TempDir::new().unwrap();
        let root = temp.path().canonicalize().unwrap().join("tree");
        fs::create_dir(&root).unwrap();
        fs::create_dir(root.with_file_name("home")).unwrap();
        Tree { temp, root, locked: RefCell::default() }
    }

    /// An empty repository.
    pub fn repo() -> Tree {
        let tree = Tree::new();
        tree.git_init("");
        tree
    }

    /// The place of something in the tree.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    /// The home of whoever runs the program.
    pub fn home(&self) -> PathBuf {
        self.root.with_file_name("home")
    }

    pub fn folder(&self, name: impl AsRef<Path>) -> &Tree {
        fs::create_dir_all(self.path(name)).unwrap();
        self
    }

    pub fn bytes(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> &Tree {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        self
    }

    pub fn file(&self, name: impl AsRef<Path>, text: &str) -> &Tree {
        self.bytes(name, text)
    }

    /// A file that holds a key of its own.
    pub fn key(&self, name: &str) -> &Tree {
        self.file(name, &format!("ANTHROPIC_API_KEY={}\n", key_of(name)))
    }

    /// A file that holds a password.
    pub fn password(&self, name: &str) -> &Tree {
        self.file(name, &format!("password = \"{}\"\n", password()))
    }

    /// A symbolic link.
    #[cfg(unix)]
    pub fn link(&self, name: impl AsRef<Path>, target: impl AsRef<Path>) -> &Tree {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
        self
    }

    /// A pipe with a name: whoever opens it for reading waits for a writer that never comes.
    #[cfg(unix)]
    pub fn fifo(&self, name: impl AsRef<Path>) -> &Tree {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        self
    }

    /// The rights of a file or folder.
    #[cfg(unix)]
    pub fn mode(&self, name: impl AsRef<Path>, mode: u32) -> &Tree {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        self.locked.borrow_mut().push(path);
        self
    }

    /// Makes a folder of the tree a repository.
    pub fn git_init(&self, folder: &str) -> &Tree {
        self.folder(folder);
        self.git_in(folder, &["init", "-q", "-b", "main"])
    }

    pub fn git(&self, arguments: &[&str]) -> &Tree {
        self.git_in("", arguments)
    }

    /// Runs git with nobody's settings.
    pub fn git_in(&self, folder: &str, arguments: &[&str]) -> &Tree {
        let output = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.invalid", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("these tests need git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// The program, about to run in the tree with a clean environment.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(&self.root).env_clear().env("HOME", self.home());
        command
    }

    /// The program, about to run as somebody who owns nothing; `None` where there is no way to.
    #[cfg(unix)]
    pub fn command_of_nobody<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Option<Command> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        if fs::metadata(self.temp.path()).unwrap().uid() != 0 {
            return Some(self.command(arguments));
        }
        for folder in [self.temp.path(), &self.root] {
            let mode = fs::metadata(folder).unwrap().permissions().mode();
            fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o055)).unwrap();
        }
        // The build folder may be closed to others.
        let copy = self.home().join("skant");
        fs::copy(program(), &copy).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
        command.current_dir(&self.root).env_clear().env("HOME", self.home());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut trial = Command::new("setpriv");
        trial.args(command.get_args()).arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        let works = trial.status().is_ok_and(|status| status.success());
        if !works {
            untested("`setpriv` makes nobody of us here: run this as an ordinary user");
        }
        command.args(arguments);
        works.then_some(command)
    }
}

#[cfg(unix)]
impl Drop for Tree {
    fn drop(&mut self) {
        use std::os::unix::fs::PermissionsExt;
        for path in self.locked.borrow().iter().rev() {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o755));
        }
    }
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    /// The most memory that it had, in kilobytes.
    pub peak: u64,
}

impl Run {
    /// Standard output and standard error.
    pub fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The findings of a run with `--format json`.
    #[track_caller]
    pub fn findings(&self) -> Vec<Value> {
        self.json()["findings"].as_array().unwrap().clone()
    }

    /// The same field of every finding.
    #[track_caller]
    pub fn each(&self, field: &str) -> Vec<String> {
        self.findings().iter().map(|finding| text(&finding[field])).collect()
    }

    /// The paths of what was not scanned.
    #[track_caller]
    pub fn skipped(&self) -> Vec<String> {
        self.json()["scan"]["skipped"].as_array().unwrap().iter().map(|one| text(&one["path"])).collect()
    }

    #[track_caller]
    pub fn notices(&self) -> Vec<String> {
        self.json()["scan"]["notices"].as_array().unwrap().iter().map(text).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Runs the program in the tree.
#[track_caller]
pub fn skant<A: AsRef<OsStr>>(tree: &Tree, arguments: &[A]) -> Run {
    run(tree.command(arguments), b"")
}

/// Runs `skant scan --format json`.
#[track_caller]
pub fn scan<A: AsRef<OsStr>>(tree: &Tree, arguments: &[A]) -> Run {
    let mut all: Vec<OsString> = vec!["scan".into(), "--format".into(), "json".into()];
    all.extend(arguments.iter().map(|argument| argument.as_ref().to_owned()));
    skant(tree, &all)
}

/// The paths in which a scan that has nothing to complain about finds something.
#[track_caller]
pub fn found<A: AsRef<OsStr>>(tree: &Tree, arguments: &[A]) -> Vec<String> {
    let run = scan(tree, arguments);
    let paths = run.each("path");
    assert_eq!((run.status, run.stderr.as_str()), (i32::from(!paths.is_empty()), ""), "{run:#?}");
    paths
}

/// Runs a command with some standard input, and waits for its end.
#[track_caller]
pub fn run(mut command: Command, input: &[u8]) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(&mut command);
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    // The program need not read what it is given.
    thread::spawn(move || stdin.write_all(&input));
    ended(child, &command)
}

/// Starts a command. What another thread starts just then holds a program that this one wrote open for writing, until it
/// has become another program: so long the kernel refuses to run it.
#[track_caller]
fn spawn(command: &mut Command) -> Child {
    for _ in 0..500 {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => thread::sleep(Duration::from_millis(10)),
            child => return child.unwrap(),
        }
    }
    panic!("{command:?} is being written to all the time")
}

/// Waits for the end of a child; gives what it printed where somebody listens.
#[track_caller]
pub fn ended(mut child: Child, what: &Command) -> Run {
    let (stdout, stderr) = (child.stdout.take().map(gather), child.stderr.take().map(gather));
    let (status, peak) = wait(&mut child, what);
    let said = |stream: Option<thread::JoinHandle<String>>| stream.map(|one| one.join().unwrap()).unwrap_or_default();
    Run { status, stdout: said(stdout), stderr: said(stderr), peak }
}

fn gather(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).expect("what is printed is UTF-8")
    })
}

/// Waits for a child that may hang; gives its exit code, and the most memory that it had.
#[track_caller]
fn wait(child: &mut Child, what: &Command) -> (i32, u64) {
    let started = Instant::now();
    let mut peak = 0;
    loop {
        peak = peak_of(child.id()).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(peak < MOST_KILOBYTES, "{what:?} took {peak} kB");
            return (status.code().unwrap_or_else(|| panic!("{what:?} ended by a signal: {status}")), peak);
        }
        let elapsed = started.elapsed();
        if elapsed > LONGEST || elapsed > PATIENCE && time_of(child.id()).is_none_or(|time| time > PATIENCE) {
            child.kill().unwrap();
            let _ = child.wait();
            panic!("{what:?} hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// How long a process has computed until now, where the kernel tells.
fn time_of(process: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may hold anything. The kernel counts hundredths of a second.
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let of = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (of(11)? + of(12)?)))
}

/// The most memory that a process had until now, in kilobytes, as the kernel counts it; nothing when it is over, or
/// where the kernel does not tell.
fn peak_of(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// An Anthropic API key with the structure of a real one, 108 characters long.
pub fn anthropic_key(seed: u64) -> String {
    anthropic_key_of("api03", seed)
}

/// The same of another kind.
pub fn anthropic_key_of(kind: &str, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut front = random.text(BASE64URL, 85) + &random.text("AQgw", 1);
    if ["usr", "svc"].contains(&kind) {
        front.replace_range(..1, "1");
    }
    let back = random.text(BASE64URL, 5) + &random.text("AQgw", 1) + "AA";
    format!("sk-ant-{kind}-{front}-{back}")
}

/// The key that belongs to a name.
pub fn key_of(name: &str) -> String {
    anthropic_key(name.bytes().fold(7, |seed, byte| seed * 31 % 1_000_000_007 + u64::from(byte)))
}

/// What may be shown of an Anthropic key.
pub fn mask(key: &str) -> String {
    let body = key.match_indices('-').nth(2).unwrap().0 + 1;
    format!("{}...{}", &key[..body + 3], &key[key.len() - 4..])
}

/// A password somebody might choose.
pub fn password() -> String {
    ["kR7v", "Qm2x", "Zp"].concat()
}

/// A classic GitHub token with a checksum that is right.
pub fn github_token(seed: u64) -> String {
    let body = Random::new(seed).text(BASE62, 30);
    let mut crc = !body.bytes().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1)))
    });
    let mut check = [0; 6];
    for place in check.iter_mut().rev() {
        *place = BASE62.as_bytes()[crc as usize % 62];
        crc /= 62;
    }
    format!("ghp_{body}{}", String::from_utf8_lossy(&check))
}

/// An AWS key id and its secret, as in a credentials file.
pub fn aws_pair(seed: u64) -> String {
    let mut random = Random::new(seed);
    let id = random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
    format!("aws_access_key_id = AKIA{id}\naws_secret_access_key = {}\n", random.text(BASE64, 40))
}

/// A private key of some lines; its body begins as DER does.
pub fn private_key(seed: u64, lines: usize) -> String {
    let mut random = Random::new(seed);
    let mut body = format!("MIIE{}\n", random.text(BASE64, 60));
    (1..lines).for_each(|_| body += &format!("{}\n", random.text(BASE64, 64)));
    let what = "RSA PRIVATE KEY";
    format!("-----BEGIN {what}-----\n{body}-----END {what}-----\n")
}

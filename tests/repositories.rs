//! Holds `skant history --repos` to its word: one repository after the other, none lost, and shares that joined are
//! the whole.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, github_token, key_of, mask, run, skant};

/// The formats that hold what reports hold; `human` also shows lines and times.
const FORMATS: [&str; 7] = ["json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"];

/// A folder with clones of several kinds, and a list of them in no order: `missing` is none.
fn clones() -> Tree {
    let tree = Tree::new();
    for name in ["c", "a b", "org/a", "é"] {
        tree.git_init(name).key(&format!("{name}/x.env")).file(format!("{name}/y"), "nothing\n");
        tree.file(format!("{name}/z"), &format!("{} # skant: allow\n", anthropic_key(1)));
        tree.git_in(name, &["add", "."]).git_in(name, &["commit", "-qm", "one"]);
        tree.git_in(name, &["commit", "-q", "--allow-empty", "-m", &format!("two {}", github_token(2))]);
    }
    tree.git_in("c", &["remote", "add", "origin", "https://user:word@example.com/org/c.git"]);
    tree.git(&["clone", "-q", "--bare", "c", "bare.git"]).git(&["clone", "-q", "--mirror", "c", "m.git"]);
    tree.git_in("c", &["worktree", "add", "-q", "../linked"]);
    tree.git_init("empty")
        .file("list", "# all of them\nc\né\n\norg/a/\nm.git\nmissing\nbare.git\nempty\na b\r\nlinked\n");
    fs::create_dir_all(tree.home()).unwrap();
    tree
}

fn all(tree: &Tree, arguments: &[&str]) -> Run {
    skant(tree, &[&["history", "--repos", "list"], arguments].concat())
}

/// The reports in all formats that a command writes, and how it ends.
fn reports(tree: &Tree, arguments: &[&str]) -> (i32, Vec<String>) {
    let file = |format: &str| tree.home().join(format!("report.{format}"));
    let outputs = FORMATS.map(|format| format!("--output={format}={}", file(format).display()));
    let run = skant(tree, &[arguments, &["-q"], &outputs.each_ref().map(|output| &**output)].concat());
    (run.status, FORMATS.iter().map(|format| fs::read_to_string(file(format)).unwrap()).collect())
}

/// That they are equal, with no more words than it takes when they are not.
#[track_caller]
fn assert_same(one: &(i32, Vec<String>), other: &(i32, Vec<String>), what: &str) {
    assert_eq!(one.0, other.0, "{what}");
    for ((one, other), format) in one.1.iter().zip(&other.1).zip(FORMATS) {
        let differ = one.lines().zip(other.lines()).find(|(one, other)| one != other);
        assert_eq!((differ, one.len()), (None, other.len()), "{what}, {format}");
    }
}

/// What a report says of each repository.
fn repositories(run: &Run) -> Vec<Value> {
    run.json()["scan"]["repositories"].as_array().unwrap().clone()
}

fn names(run: &Run) -> Vec<String> {
    repositories(run).iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_repository_is_told_in_order_and_one_that_fails_ends_nothing() {
    let tree = clones();
    let whole = all(&tree, &["--format", "json"]);
    assert_eq!(whole.status, 2, "{whole:#?}");
    let order = ["a b", "bare.git", "c", "empty", "linked", "m.git", "missing", "org/a", "é"];
    assert_eq!(names(&whole), order);
    let told = |name: &str| repositories(&whole).into_iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(told("missing")["status"], "failed");
    assert_eq!(told("missing")["skipped"].as_array().unwrap().len(), 1);
    assert_eq!(whole.skipped(), ["missing"]);
    assert_eq!((&told("empty")["status"], &told("empty")["commits"]), (&json!("scanned"), &json!(0)));
    for name in ["a b", "bare.git", "c", "linked", "m.git", "org/a", "é"] {
        let one = told(name);
        let is = [&one["status"], &one["findings"], &one["commits"], &one["blobs"], &one["suppressed"]["inline"]];
        assert_eq!(is, [&json!("scanned"), &json!(2), &json!(2), &json!(3), &json!(1)], "{one:#?}");
    }
    let url = &told("c")["provenance"]["url"];
    assert_eq!((url, &told("c")["provenance"]["branch"]), (&json!("https://example.com/org/c.git"), &json!("main")));
    assert_eq!(whole.json()["scan"]["commits"], 14);

    // What is found is what a scan of that repository alone finds.
    let own: Vec<Value> = whole.findings().into_iter().filter(|finding| finding["repository"] == "org/a").collect();
    let mut alone = skant(&tree, &["-C", "org/a", "history", "--format", "json"]).findings();
    alone.iter_mut().for_each(|finding| finding["repository"] = json!("org/a"));
    assert_eq!((own.len(), own), (2, alone));

    let human = all(&tree, &[]);
    assert!(human.stdout.contains("\né: scanned, 3 blobs of 2 commits, "), "{human:#?}");
    assert!(human.stdout.contains("\nmissing: failed, cannot open missing: "), "{human:#?}");
    assert!(human.stdout.contains("org/a:x.env:1:19"), "{human:#?}");
    let lines = all(&tree, &["--format", "jsonl"]).stdout;
    let about = lines
        .lines()
        .filter(|line| line.starts_with("{\"schema_version\":1,\"tool\":") && line.contains("\"repository\":{"));
    assert_eq!(about.count(), 9, "{lines}");
    assert!(lines.starts_with("{\"repository\":\"a b\",\"rule\":"), "{lines}");
}

#[test]
fn shares_joined_are_the_whole_byte_for_byte() {
    let tree = clones();
    let options = ["--unreachable", "--severity", "medium"];
    let whole = reports(&tree, &[&["history", "--repos", "list"][..], &options].concat());
    assert_eq!(whole.0, 2);
    for of in [1, 4] {
        let mut parts = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for number in 1..=of {
            let (share, kind) = (format!("hash:{number}/{of}"), if number % 2 == 0 { "json" } else { "jsonl" });
            let file = tree.home().join(format!("{number}.{kind}")).display().to_string();
            let output = format!("{kind}={file}");
            let run =
                all(&tree, &[&options[..], &["--shard", &share, "--output", &output, "--format", "json"]].concat());
            if run.json()["scan"]["repositories"].is_array() {
                seen.extend(names(&run));
            }
            parts.push(file);
        }
        seen.sort();
        assert_eq!(seen.len(), 9, "each is in one share: {seen:?}");
        parts.reverse();
        let arguments: Vec<&str> = ["merge"].into_iter().chain(parts.iter().map(|part| &**part)).collect();
        assert_same(&reports(&tree, &arguments), &whole, &format!("{of} shares"));
    }
    // What is suppressed is listed in the whole when it is in the parts.
    for (number, name) in [("1/2", "1.json"), ("2/2", "2.json")] {
        let output = format!("json={}", tree.home().join(name).display());
        all(&tree, &["--show-suppressed", "--shard", number, "--output", &output]);
    }
    let whole = all(&tree, &["--show-suppressed", "--format", "sarif"]).stdout;
    assert_eq!(whole.matches("\"suppressions\"").count(), 7);
    let merged = skant(&tree, &["merge", "../home/2.json", "../home/1.json", "--format", "sarif"]);
    assert!(merged.stdout == whole, "{}", merged.stderr);
    let twice = skant(&tree, &["merge", "../home/1.json", "../home/1.json"]);
    fs::copy(tree.home().join("1.json"), tree.home().join("3.json")).unwrap();
    let copied = skant(&tree, &["merge", "../home/1.json", "../home/3.json"]);
    assert_eq!((twice.status, copied.status), (2, 2));
    assert!(copied.stderr.contains("was there before"), "{copied:#?}");
}

#[test]
fn a_run_that_was_stopped_goes_on() {
    let tree = clones();
    let journal = tree.home().join("journal");
    let whole = reports(&tree, &["history", "--repos", "list"]);
    let resume = ["--resume", "../home/journal", "--format"];
    let resumed = |what: &str| {
        assert_same(&reports(&tree, &["history", "--repos", "list", "--resume", "../home/journal"]), &whole, what);
    };
    // Nobody asks for where it can be had, and it is kept all the same.
    all(&tree, &["--resume", "../home/journal"]);
    let kept = fs::read(&journal).unwrap();
    // Stopped anywhere, it comes to the same.
    for end in (0..=kept.len()).step_by(kept.len() / 5) {
        fs::write(&journal, &kept[..end]).unwrap();
        resumed(&format!("after {end} bytes"));
    }
    resumed("twice");
    // What is done is not done again; what failed is.
    let again = all(&tree, &["--resume", "../home/journal"]);
    assert!(again.stderr.contains("8 of 9 repositories are taken from ../home/journal"), "{again:#?}");
    tree.git_init("missing")
        .key("missing/k")
        .git_in("missing", &["add", "."])
        .git_in("missing", &["commit", "-qm", "k"]);
    let mended = all(&tree, &[&resume[..], &["json"]].concat());
    assert_eq!((mended.status, mended.findings().len()), (1, 15), "{mended:#?}");
    assert!(mended.stdout.contains(&mask(&key_of("missing/k"))), "{mended:#?}");

    for (arguments, sentence) in [
        (&["--severity", "high"][..], "other options"),
        (&["--unreachable"], "other options"),
        (&["-v"], "masked, and no more"),
        (&["--reveal"], "masked, and no more"),
        (&["--skip", "generic-*"], "other options"),
    ] {
        let refused = all(&tree, &[&resume[..], &["json"], arguments].concat());
        assert_eq!((refused.status, &*refused.stdout), (2, ""), "{arguments:?}");
        assert!(refused.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(sentence), "{refused:#?}");
    }
    fs::write(&journal, "something else\n").unwrap();
    assert_eq!(all(&tree, &[&resume[..], &["json"]].concat()).status, 2);
    assert_eq!(fs::read_to_string(&journal).unwrap(), "something else\n");
}

#[test]
fn a_repository_excuses_itself_and_no_other() {
    let tree = clones();
    let allow = "[[allow]]\npath = \"x.env\"\nreason = \"made up\"\n";
    tree.file("c/skant.toml", &format!("{allow}[rules.anthropic-api-key]\nseverity = \"low\"\n"));
    tree.git_in("c", &["add", "."]).git_in("c", &["commit", "-qm", "config"]);
    tree.file("é/skant.toml", "[rules.github-pat]\nenabled = false\n[rules.anthropic-api-key]\nenabled = false\n");
    tree.file("org/a/skant.toml", "nonsense");
    tree.file("list", "c\né\norg/a\na b\n");
    let whole = all(&tree, &["--format", "json"]);
    assert_eq!(whole.status, 2, "{whole:#?}");
    let of = |field: &str| repositories(&whole).iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("name"), ["a b", "c", "org/a", "é"]);
    assert_eq!(of("findings"), [2, 1, 0, 0]);
    assert_eq!(of("status"), ["scanned", "scanned", "failed", "scanned"]);
    assert_eq!(of("config"), [json!(null), json!("skant.toml"), json!(null), json!("skant.toml")]);
    assert_eq!(whole.notices(), ["c: what skant.toml adds or grades counts in a scan of this repository alone"]);
    let strict = all(&tree, &["--no-config", "--no-inline", "--format", "json"]);
    assert_eq!((strict.status, strict.findings().len()), (1, 12), "{strict:#?}");
}

#[test]
fn lists_are_read_from_anywhere_and_mean_what_they_say() {
    let tree = clones();
    let piped = run(tree.command(&["history", "--repos", "-", "--format", "json"]), b"c\nc\n./c\n");
    assert_eq!((piped.status, names(&piped)), (1, vec!["./c".to_owned(), "c".to_owned()]));
    for (input, status) in [("", 2), ("\n# nothing\n", 2), ("y", 2), ("https://example.com/a", 2), ("empty\n", 0)] {
        assert_eq!(run(tree.command(&["history", "--repos", "-"]), input.as_bytes()).status, status, "{input}");
    }
    // A folder inside of a repository is not that repository.
    tree.folder("c/inner");
    let inner = run(tree.command(&["history", "--repos", "-"]), b"c/inner\n");
    assert_eq!(inner.status, 2);
    assert!(inner.stdout.contains("c/inner: failed, c/inner is no repository, and lies in one"), "{inner:#?}");
    for shard in ["0/1", "2/1", "1", "x/1", "slice:1/2", "1/0", "-1/2"] {
        assert_eq!(all(&tree, &["--shard", shard]).status, 2, "{shard}");
    }
    tree.file("list", "empty\n");
    let shares = ["1/3", "2/3", "3/3"].map(|shard| all(&tree, &["--shard", shard]));
    assert!(shares.iter().all(|share| share.status == 0), "{shares:#?}");
    assert_eq!(shares.iter().filter(|share| share.stderr.contains("none of the 1 repositories")).count(), 2);
    for arguments in
        [&["history", "--shard", "1/2"][..], &["history", "--repos", "list", "HEAD"], &["history", "--repos", "no"]]
    {
        assert_eq!(skant(&tree, arguments).status, 2, "{arguments:?}");
    }
    // A list is no place for a report, and names are no place for a key.
    assert_eq!(all(&tree, &["--output", "json=list"]).status, 2);
    let key = anthropic_key(4);
    let named = run(tree.command(&["history", "--repos", "-", "--format", "json"]), format!("{key}\n").as_bytes());
    assert!(named.status == 2 && !named.all().contains(&key), "{named:#?}");
}

#[test]
fn a_repository_that_changed_is_scanned_again() {
    let tree = Tree::new();
    for name in ["a", "b"] {
        tree.git_init(name).file(format!("{name}/x"), "nothing\n");
        tree.git_in(name, &["add", "."]).git_in(name, &["commit", "-qm", "one"]);
    }
    tree.file("list", "a\nb\n");
    fs::create_dir_all(tree.home()).unwrap();
    let resume = |taken: usize| {
        let run = all(&tree, &["--resume", "../home/journal", "--format", "json", "-q"]);
        let told = format!("{taken} of 2 repositories are taken from ../home/journal");
        assert!(run.stderr.contains(&told), "{told}: {run:#?}");
        run
    };
    assert_eq!(resume(0).status, 0);
    assert_eq!(resume(2).status, 0);
    tree.key("b/k").git_in("b", &["add", "."]).git_in("b", &["commit", "-qm", "two"]);
    let found = resume(1);
    assert_eq!((found.status, found.findings().len(), names(&found).len()), (1, 1, 2), "{found:#?}");
    assert_eq!(resume(2).status, 1);
    // A ref of any name and an exception that is written down count, too.
    tree.git_in("b", &["update-ref", "refs/kept/one", "HEAD"]);
    assert_eq!(resume(1).status, 1);
    tree.file("b/skant.toml", "[[allow]]\npath = \"k\"\nreason = \"made up\"\n");
    assert_eq!(resume(1).status, 0);
    // What is gone is not there to be believed.
    fs::rename(tree.path("a"), tree.path("gone")).unwrap();
    assert_eq!(resume(1).status, 2);
}

#[test]
fn two_repositories_never_share_a_name() {
    let tree = Tree::new();
    let key = anthropic_key(5);
    let middle: String = key[30..60].chars().rev().collect();
    let list = format!("{key}\n{}{middle}{}\n", &key[..30], &key[60..]);
    let run = run(tree.command(&["history", "--repos", "-", "--format", "json"]), list.as_bytes());
    assert_eq!((run.status, &*run.stdout), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("two lines are shown alike") && !run.all().contains(&key), "{run:#?}");
}

#[test]
fn a_share_that_is_not_there_is_missed() {
    let tree = Tree::new();
    tree.git_init("a").file("list", "a\n").file("other", "a\nb\n");
    fs::create_dir_all(tree.home()).unwrap();
    let share = |list: &str, number: u64| {
        let (shard, output) = (format!("{number}/3"), format!("jsonl={}/{list}{number}", tree.home().display()));
        skant(&tree, &["history", "--repos", list, "--shard", &shard, "--output", &output]);
        format!("{}/{list}{number}", tree.home().display())
    };
    let [one, two, three] = [1, 2, 3].map(|number| share("list", number));
    let other = share("other", 2);
    let merge = |files: &[&str]| skant(&tree, &[&["merge", "--format", "json"], files].concat());
    assert_eq!(merge(&[&three, &one, &two]).status, 0);
    for (files, missing) in [
        (&[&*one, &three][..], "--shard 2 of 3"),
        (&[&one], "--shard 2, 3 of 3"),
        (&[&one, &other, &three], "--shard 2 of 3"),
    ] {
        let run = merge(files);
        assert_eq!((run.status, &run.json()["scan"]["complete"]), (2, &json!(false)), "{run:#?}");
        assert!(run.skipped().contains(&missing.to_owned()), "{missing}: {run:#?}");
    }
}

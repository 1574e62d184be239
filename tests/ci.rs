//! `skant ci` in clones as CI systems make them, with the events and variables they give.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, key_of, mask, run};

const ZERO: &str = "0000000000000000000000000000000000000000";

/// A repository in `origin`, and a clone of it in `clone`.
struct Hub(Tree);

impl Hub {
    /// Three commits on `main`, of which the first has a key that the second takes out again.
    fn new() -> Hub {
        let hub = Hub(Tree::new());
        hub.0.git_init("origin");
        hub.0.key("origin/old.env");
        hub.commit("first");
        fs::remove_file(hub.0.path("origin/old.env")).unwrap();
        hub.commit("second");
        hub.file("readme", "hello\n").commit("third");
        hub
    }

    fn file(&self, name: &str, text: &str) -> &Hub {
        self.0.file(format!("origin/{name}"), text);
        self
    }

    fn git(&self, arguments: &[&str]) -> &Hub {
        self.0.git_in("origin", arguments);
        self
    }

    fn commit(&self, message: &str) -> &Hub {
        self.git(&["add", "-A"]).git(&["commit", "-q", "--allow-empty", "-m", message])
    }

    /// A commit that brings a key, and one that takes it out again.
    fn slip(&self, name: &str) -> &Hub {
        self.0.key(&format!("origin/{name}"));
        self.commit("oops");
        fs::remove_file(self.0.path(format!("origin/{name}"))).unwrap();
        self.commit("gone")
    }

    fn id(&self, revision: &str) -> String {
        let output = Command::new("git").args(["rev-parse", revision]).current_dir(self.0.path("origin")).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    }

    fn url(&self) -> String {
        format!("file://{}", self.0.path("origin").display())
    }

    /// One commit, as `actions/checkout` gets it.
    fn checkout(&self, id: &str, reference: &str, depth: u32) -> &Hub {
        let _ = fs::remove_dir_all(self.0.path("clone"));
        self.0.git_init("clone").git_in("clone", &["remote", "add", "origin", &self.url()]);
        let (refspec, depth) = (format!("+{id}:{reference}"), format!("--depth={depth}"));
        self.0.git_in("clone", &["fetch", "-q", "--no-tags", &depth, "origin", &refspec]);
        self.0.git_in("clone", &["checkout", "-q", "--force", "--detach", reference]);
        self
    }

    /// All there is, as `git clone` gets it.
    fn whole(&self) -> &Hub {
        let _ = fs::remove_dir_all(self.0.path("clone"));
        self.0.git(&["clone", "-q", &self.url(), "clone"]);
        self
    }

    /// Runs `skant ci` in the clone.
    #[track_caller]
    fn ci(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut all = vec!["-C", "clone", "ci", "--format", "json"];
        all.extend(arguments);
        let mut command = self.0.command(&all);
        command.env("PATH", std::env::var_os("PATH").unwrap()).envs(variables.iter().copied());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        run(command, b"")
    }

    /// The same as a job of GitHub's.
    #[track_caller]
    fn github(&self, event: &str, payload: &Value, arguments: &[&str]) -> Run {
        self.0.file("event.json", &payload.to_string());
        let _ = fs::remove_file(self.0.path("output"));
        let (path, output) = (self.0.path("event.json"), self.0.path("output"));
        self.ci(
            arguments,
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_EVENT_NAME", event),
                ("GITHUB_EVENT_PATH", path.to_str().unwrap()),
                ("GITHUB_OUTPUT", output.to_str().unwrap()),
                ("GITHUB_SHA", &self.id("HEAD")),
            ],
        )
    }

    /// What the steps that follow are told, read as GitHub reads it.
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.0.path("output")).unwrap();
        let (mut lines, mut values) = (text.lines(), BTreeMap::new());
        while let Some(line) = lines.next() {
            let (name, end) = line.split_once("<<").unwrap();
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            values.insert(name.to_owned(), value.join("\n"));
        }
        values
    }

    /// A pull request to `main` with a slip in it, from before the last commit there, merged as GitHub
    /// does. Gives the event.
    fn pull_request(&self) -> Value {
        self.git(&["checkout", "-qb", "feature", "HEAD~1"]).slip("slip.env");
        self.git(&["checkout", "-q", "--detach", "main"]).git(&["merge", "-q", "--no-ff", "--no-edit", "feature"]);
        self.git(&["update-ref", "refs/pull/7/merge", "HEAD"]);
        json!({
            "action": "opened",
            "number": 7,
            "pull_request": {
                "base": { "ref": "main", "sha": self.id("main"), "repo": { "full_name": "o/r" } },
                "head": { "ref": "feature", "sha": self.id("feature"), "repo": null },
            },
            "repository": { "default_branch": "main" },
        })
    }

    fn push(&self, reference: &str, before: &str, after: &str) -> Value {
        json!({ "ref": reference, "before": before, "after": after, "repository": { "default_branch": "main" } })
    }
}

/// That a run found just this, and what it said it scanned.
#[track_caller]
fn assert_found(run: &Run, paths: &[&str], said: &str) {
    assert_eq!((run.status, run.each("path")), (i32::from(!paths.is_empty()), paths_of(paths)), "{run:#?}");
    assert!(run.stderr.contains(said), "{said}: {run:#?}");
    assert_eq!(run.json()["scan"]["complete"], true);
}

fn paths_of(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

/// That a run scanned nothing, and why, on GitHub in an annotation, too; gives the line it says will help.
#[track_caller]
fn assert_refused(run: &Run, said: &str) -> Option<String> {
    let is_annotation = |line: &str| line.starts_with("::error title=skant::");
    assert!(run.status == 2 && run.stdout.lines().count() <= 1 && run.stdout.lines().all(is_annotation), "{run:#?}");
    let words = |text: &str| text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(words(&run.stderr).contains(said), "{said}: {run:#?}");
    run.stderr.lines().map(str::trim).find(|line| line.starts_with("git fetch")).map(str::to_owned)
}

// GitHub.

#[test]
fn a_pull_request_on_the_merge_ref_at_depth_1_never_passes_by_accident() {
    let hub = Hub::new();
    let event = hub.pull_request();
    hub.checkout(&hub.id("refs/pull/7/merge"), "refs/remotes/pull/7/merge", 1);
    let (base, head) = (hub.id("main"), hub.id("feature"));
    let line = assert_refused(&hub.github("pull_request", &event, &[]), "not in this clone");
    assert_eq!(line, Some(format!("git fetch --no-tags --unshallow origin {head} {base}")));
    assert_eq!(hub.outputs()["exit-code"], "2");
    assert_eq!((&*hub.outputs()["findings"], &*hub.outputs()["range"]), ("", ""));
    // The line does what it says.
    let typed: Vec<String> = line.unwrap().split(' ').skip(1).map(str::to_owned).collect();
    hub.0.git_in("clone", &typed.iter().map(String::as_str).collect::<Vec<_>>());
    let said = format!("GitHub Actions, pull_request: {base}..{head}, 2 commits");
    assert_found(&hub.github("pull_request", &event, &[]), &["slip.env"], &said);
}

#[test]
fn what_is_missing_is_fetched_when_that_is_allowed() {
    let hub = Hub::new();
    let event = hub.pull_request();
    for depth in [1, 2] {
        hub.checkout(&hub.id("refs/pull/7/merge"), "refs/remotes/pull/7/merge", depth);
        let (base, head) = (hub.id("main"), hub.id("feature"));
        let run = hub.github("pull_request", &event, &["--fetch", "--output", "sarif=../out.sarif"]);
        assert_found(&run, &["slip.env"], &format!("{base}..{head}, 2 commits"));
        let expected = [
            ("exit-code", "1".to_owned()),
            ("findings", "1".to_owned()),
            ("range", format!("{base}..{head}")),
            ("sarif", "../out.sarif".to_owned()),
        ];
        assert_eq!(hub.outputs(), expected.map(|(name, value)| (name.to_owned(), value)).into());
        assert!(hub.0.path("out.sarif").exists());
    }
}

#[test]
fn a_long_pull_request_is_fetched_to_its_beginning() {
    let hub = Hub::new();
    hub.git(&["checkout", "-qb", "feature"]).slip("slip.env");
    for number in 0..120 {
        hub.commit(&number.to_string());
    }
    let (base, head) = (hub.id("main"), hub.id("feature"));
    let event =
        json!({ "pull_request": { "base": { "ref": "main", "sha": base }, "head": { "ref": "x", "sha": head } } });
    hub.checkout(&head, "refs/remotes/pull/7/merge", 1);
    let run = hub.github("pull_request", &event, &["--fetch"]);
    assert_found(&run, &["slip.env"], &format!("{base}..{head}, 122 commits"));
}

#[test]
fn a_shallow_end_inside_the_range_is_no_root() {
    let hub = Hub::new();
    let event = hub.pull_request();
    let (base, head) = (hub.id("main"), hub.id("feature"));
    // Both ends are here, and the commits between are not.
    hub.checkout(&base, "refs/remotes/origin/main", 1);
    hub.0.git_in("clone", &["fetch", "-q", "--depth=1", "origin", &head]);
    let line = assert_refused(&hub.github("pull_request", &event, &[]), "the clone is shallow");
    assert_eq!(line, Some(format!("git fetch --no-tags --unshallow origin {head} {base}")));
    assert_found(&hub.github("pull_request", &event, &["--fetch"]), &["slip.env"], "2 commits");
}

#[test]
fn a_pull_request_target_is_data() {
    let hub = Hub::new();
    let event = hub.pull_request();
    // What is checked out is the base, which is clean, and tells nothing of the request.
    hub.checkout(&hub.id("main"), "refs/remotes/origin/main", 1);
    assert_refused(
        &hub.github("pull_request_target", &event, &[]),
        &format!("not in this clone: {}", hub.id("feature")),
    );
    assert_found(&hub.github("pull_request_target", &event, &["--fetch"]), &["slip.env"], "pull_request_target");
    let checked_out = fs::read_dir(hub.0.path("clone")).unwrap().count();
    assert_eq!(checked_out, 2, "`.git` and `readme`");
}

#[test]
fn a_push_brings_what_was_not_there_before() {
    let hub = Hub::new();
    let before = hub.id("main");
    hub.slip("slip.env");
    let after = hub.id("main");
    hub.whole();
    let event = hub.push("refs/heads/main", &before, &after);
    assert_found(&hub.github("push", &event, &[]), &["slip.env"], &format!("push: {before}..{after}, 2 commits"));
    hub.commit("clean").whole();
    let event = hub.push("refs/heads/main", &after, &hub.id("main"));
    assert_found(&hub.github("push", &event, &[]), &[], "1 commit\n");
    assert_eq!(hub.outputs()["findings"], "0");
}

#[test]
fn a_new_branch_brings_what_the_default_branch_does_not_have() {
    let hub = Hub::new();
    hub.git(&["checkout", "-qb", "feature"]).slip("slip.env");
    // Another branch came in the same push: what it has may be just as new.
    hub.git(&["branch", "other"]).whole();
    let after = hub.id("feature");
    let event = hub.push("refs/heads/feature", ZERO, &after);
    assert_found(
        &hub.github("push", &event, &[]),
        &["slip.env"],
        &format!("refs/remotes/origin/main..{after}, 2 commits"),
    );
    // The clone of a job has nothing but the branch.
    hub.checkout(&after, "refs/remotes/origin/feature", 1);
    let line = assert_refused(&hub.github("push", &event, &[]), "not in this clone: refs/remotes/origin/main");
    assert_eq!(line.unwrap(), "git fetch --no-tags --unshallow origin +refs/heads/main:refs/remotes/origin/main");
    assert_found(&hub.github("push", &event, &["--fetch"]), &["slip.env"], "2 commits");
    // Of the default branch itself all is new.
    let event = hub.push("refs/heads/main", ZERO, &hub.id("main"));
    let run = hub.github("push", &event, &["--fetch"]);
    assert_found(&run, &["old.env"], "3 commits");
    assert!(run.notices()[0].starts_with("nothing tells what was there before"), "{run:#?}");
}

#[test]
fn a_forced_push_brings_what_differs() {
    let hub = Hub::new();
    hub.git(&["checkout", "-qb", "feature"]).slip("before.env");
    let before = hub.id("feature");
    hub.git(&["reset", "-q", "--hard", "main"]).slip("slip.env");
    let after = hub.id("feature");
    let event = hub.push("refs/heads/feature", &before, &after);
    // No ref leads to what was there before.
    hub.checkout(&after, "refs/remotes/origin/feature", 1);
    assert_refused(&hub.github("push", &event, &[]), &format!("not in this clone: {before}"));
    let run = hub.github("push", &event, &["--fetch"]);
    assert_found(&run, &["slip.env"], &format!("{before}..{after}, 2 commits"));
    // And it may be gone: then it is like a new branch.
    hub.git(&["reflog", "expire", "--expire=now", "--all"]).git(&["gc", "-q", "--prune=now"]);
    hub.checkout(&after, "refs/remotes/origin/feature", 1);
    let run = hub.github("push", &event, &["--fetch"]);
    assert_found(&run, &["slip.env"], &format!("refs/remotes/origin/main..{after}, 2 commits"));
    assert_eq!(run.notices(), [format!("{before}, which was there before, is gone")]);
    // Of the default branch nothing else tells.
    let event = hub.push("refs/heads/main", &before, &hub.id("main"));
    assert_refused(&hub.github("push", &event, &["--fetch"]), "cannot fetch what is missing");
}

#[test]
fn a_branch_that_reads_like_the_missing_commit_is_not_taken_for_it() {
    let hub = Hub::new();
    let before = hub.id("HEAD~1");
    hub.slip("slip.env").commit("last");
    let after = hub.id("main");
    hub.checkout(&after, "refs/remotes/origin/main", 1);
    hub.0.git_in("clone", &["update-ref", &format!("refs/heads/{before}"), &after]);
    let run = hub.github("push", &hub.push("refs/heads/main", &before, &after), &[]);
    assert_refused(&run, &format!("not in this clone: {before}"));
}

#[test]
fn a_deleted_branch_brings_nothing() {
    let hub = Hub::new();
    hub.whole();
    let event = hub.push("refs/heads/feature", &hub.id("main"), ZERO);
    let run = hub.github("push", &event, &[]);
    assert_eq!((run.status, run.notices()), (0, vec!["nothing is pushed".to_owned()]), "{run:#?}");
}

#[test]
fn a_tag_brings_its_message_and_its_commits() {
    let hub = Hub::new();
    hub.git(&["checkout", "-q", "--detach"]).slip("slip.env");
    hub.git(&["tag", "-a", "v1", "-m", &format!("release {}", anthropic_key(5))]);
    let (tag, commit) = (hub.id("v1"), hub.id("v1^{commit}"));
    assert_ne!(tag, commit);
    hub.checkout(&commit, "refs/tags/v1", 1);
    let run = hub.github("push", &hub.push("refs/tags/v1", ZERO, &tag), &["--fetch"]);
    assert_eq!(run.each("where"), ["tag-message", "content"], "{run:#?}");
    assert!(run.stdout.contains(&mask(&anthropic_key(5))) && run.status == 1);
}

#[test]
fn a_merge_queue_tells_both_ends() {
    let hub = Hub::new();
    let base = hub.id("main");
    hub.slip("slip.env");
    let head = hub.id("HEAD");
    hub.checkout(&head, "refs/remotes/origin/gh-readonly-queue/main/pr-7", 1);
    let event = json!({ "action": "checks_requested", "merge_group": { "base_sha": base, "head_sha": head } });
    assert_found(&hub.github("merge_group", &event, &["--fetch"]), &["slip.env"], "merge_group");
}

#[test]
fn where_nothing_tells_what_is_new_all_files_are_scanned() {
    let hub = Hub::new();
    hub.slip("slip.env");
    hub.0.key("origin/there.env");
    hub.commit("last");
    hub.checkout(&hub.id("HEAD"), "refs/remotes/origin/main", 1);
    // The event of a schedule has no repository, and that of a dispatch may have anything.
    for event in ["schedule", "workflow_dispatch", "release", "something_new"] {
        let run = hub.github(event, &json!({ "before": 7, "schedule": "0 0 * * *" }), &[]);
        assert_found(&run, &["there.env"], &format!("GitHub Actions, {event}: "));
        assert!(run.notices()[0].ends_with("the files of one commit were scanned, not what is new"), "{run:#?}");
    }
}

#[test]
fn the_name_of_a_branch_is_scanned() {
    let hub = Hub::new();
    let branch = format!("refs/heads/{}", anthropic_key(9));
    let event = hub.push(&branch, &hub.id("main~1"), &hub.id("main"));
    let run = hub.whole().github("push", &event, &[]);
    assert_eq!((run.status, run.each("where")), (1, vec!["ref-name".to_owned()]), "{run:#?}");
    assert!(!run.all().contains(&anthropic_key(9)), "{run:#?}");
}

/// A config that allows everything below a folder.
fn allows(path: &str) -> String {
    format!("[[allow]]\npath = \"{path}\"\nreason = \"made up\"\n")
}

#[test]
fn a_change_cannot_excuse_itself_by_a_file_that_is_named() {
    let hub = Hub::new();
    hub.file("own.toml", &allows("samples/**")).file("known", "# skant baseline v1\n").commit("policy");
    let base = hub.id("main");
    hub.0.key("origin/slip.env").key("origin/samples/a");
    hub.file("own.toml", &allows("**"))
        .file("new.toml", &allows("**"))
        .file("skant.toml", &allows("**"))
        .commit("slip");
    let found = hub.whole().ci(&["--base", &base], &[]);
    assert_found(&found, &["samples/a", "slip.env"], "1 commit");
    let text = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    let findings = found.findings();
    let entries = findings.iter().map(|one| text(one, "fingerprint") + " " + &text(one, "path") + "\n");
    let known = "# skant baseline v1\n".to_owned() + &entries.collect::<String>();
    hub.file("known", &known).file(".skant-baseline", &known).commit("more").whole();
    let changed = |name: &str| format!("{name} was changed, and counts as it was before");
    let entries = "2 new entries of .skant-baseline do not count here".to_owned();
    let (one, both) = (&["slip.env"][..], &["samples/a", "slip.env"][..]);
    let table: [(&[&str], &[&str], Vec<String>); 5] = [
        (&["--config", "own.toml"], one, vec![entries.clone(), changed("own.toml")]),
        (&["--config", "../clone/own.toml"], one, vec![changed("../clone/own.toml"), entries.clone()]),
        (&["--config", "new.toml"], both, vec![entries.clone(), "new.toml is new and does not count here".to_owned()]),
        (&["--no-config"], both, vec![entries]),
        (&["--no-config", "--baseline", "known"], both, vec![changed("known")]),
    ];
    for (options, paths, notices) in table {
        let run = hub.ci(&[&["--base", &base], options].concat(), &[]);
        assert_found(&run, paths, "2 commits");
        assert_eq!(run.notices(), notices, "{options:?}");
    }
    // What git does not have, nobody changed: it was put there.
    hub.0.file("clone/put.toml", &allows("**")).file("other/put.toml", &allows("**"));
    for name in ["put.toml", "../other/put.toml"] {
        assert_eq!(hub.ci(&["--base", &base, "--config", name], &[]).status, 0, "{name}");
    }
}

#[test]
fn a_change_cannot_take_rules_away_by_a_file_that_is_named() {
    let hub = Hub::new();
    let rule = |id: &str| {
        format!(
            "provider = 'X'\n[[rule]]\nid = '{id}'\nname = 'x'\nseverity = 'low'\nkeywords = ['acme_']\n\
             pattern = 'acme_[0-9]{{20}}'\n"
        )
    };
    hub.file("rules.toml", &rule("acme-key")).commit("rules");
    let base = hub.id("main");
    // A rule of ours becomes one that matches nothing of Anthropic's.
    hub.0.key("origin/slip.env");
    hub.file("rules.toml", &rule("anthropic-api-key"))
        .file("new.toml", &rule("anthropic-api-key"))
        .commit("slip")
        .whole();
    for (name, notice) in [
        ("rules.toml", "rules.toml was changed, and counts as it was before"),
        ("new.toml", "new.toml is new and does not count here"),
    ] {
        let run = hub.ci(&["--base", &base, "--rules", name], &[]);
        assert_found(&run, &["slip.env"], "1 commit");
        assert_eq!((run.each("rule"), run.notices()), (vec!["anthropic-api-key".to_owned()], vec![notice.to_owned()]));
    }
}

// Hostile events.

#[test]
fn an_event_that_makes_no_sense_is_refused() {
    let hub = Hub::new();
    hub.whole();
    let id = hub.id("main");
    let key = key_of("x");
    let ends = |base: Value, head: Value| json!({ "pull_request": { "base": base, "head": head } });
    let end = |sha: &str| json!({ "ref": "--upload-pack=touch pwned;", "sha": sha, "repo": null });
    let table = [
        ("pull_request", json!({}), "has no `pull_request`"),
        ("pull_request", json!({ "pull_request": null }), "has no `pull_request`"),
        ("pull_request", json!({ "pull_request": 7 }), "is not as GitHub writes it"),
        ("pull_request", json!([]), "is not as GitHub writes it"),
        ("pull_request", ends(json!({}), end(&id)), "is not as GitHub writes it"),
        ("pull_request", ends(end("--upload-pack=touch pwned"), end(&id)), "base.sha` is not the id of a commit"),
        ("pull_request", ends(end(&id), end("HEAD")), "head.sha` is not the id of a commit"),
        ("pull_request", ends(end(&id), end(ZERO)), "head.sha` is not the id of a commit"),
        ("pull_request", ends(end(&id), end(&key)), "head.sha` is not the id of a commit"),
        ("push", json!({ "ref": "refs/heads/main", "after": id }), "has no `before`"),
        ("push", json!({ "before": ZERO, "after": id }), "has no `ref`"),
        ("push", json!({ "ref": "x", "before": ZERO }), "has no `after`"),
        ("merge_group", json!({ "merge_group": {} }), "is not as GitHub writes it"),
    ];
    for (name, event, said) in table {
        let run = hub.github(name, &event, &["--fetch"]);
        assert_refused(&run, said);
        assert!(!run.all().contains(&key), "{run:#?}");
        assert_eq!(hub.outputs()["exit-code"], "2");
    }
    let branches = ["--upload-pack=x", "a b", "a:refs/heads/main", "*", "a\n::error::b", ""];
    for branch in branches {
        let event = json!({ "ref": "x", "before": ZERO, "after": id, "repository": { "default_branch": branch } });
        assert_refused(&hub.github("push", &event, &["--fetch"]), "is not the name of a branch");
    }
    assert!(!hub.0.path("clone/pwned").exists());
}

#[test]
fn a_request_from_a_hostile_branch_is_scanned_like_any_other() {
    let hub = Hub::new();
    let mut event = hub.pull_request();
    event["pull_request"]["head"]["ref"] = "--upload-pack=touch pwned; $(touch pwned)`\u{1b}[2J\n::error::x".into();
    hub.checkout(&hub.id("refs/pull/7/merge"), "refs/remotes/pull/7/merge", 1);
    let run = hub.github("pull_request", &event, &["--fetch"]);
    assert_found(&run, &["slip.env"], "2 commits");
    assert!(!run.all().contains('\u{1b}') && !hub.0.path("clone/pwned").exists());
}

#[test]
fn no_line_of_what_is_told_is_a_command() {
    let hub = Hub::new();
    hub.whole();
    let id = hub.id("main");
    let hostile = "x\r\n::stop-commands::y\n ##[add-mask]z\n##vso[task.complete result=Succeeded;]\u{1b}[2J";
    for variables in [
        [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", hostile), ("GITHUB_SHA", &*id)],
        [("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", hostile), ("CI_COMMIT_SHA", &id)],
        [("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", "push"), ("CI_COMMIT_SHA", hostile)],
        [("TF_BUILD", "True"), ("BUILD_REASON", hostile), ("BUILD_SOURCEVERSION", &id)],
    ] {
        for format in ["human", "github", "json"] {
            let mut command = hub.0.command(&["-C", "clone", "ci", "--format", format]);
            command.envs(variables);
            let run = run(command, b"");
            let is_own =
                |line: &str| line.starts_with("::error title=skant::") || line.starts_with("::notice title=skant::");
            for line in run.all().lines() {
                assert!(is_own(line) || !line.trim_start().starts_with("::"), "{run:#?}");
                assert!(is_own(line) || !line.contains("##[") && !line.contains("##vso["), "{run:#?}");
                assert!(!line.contains('\u{1b}'), "{run:#?}");
            }
            assert!(run.all().contains("stop-commands"), "{run:#?}");
        }
    }
}

#[test]
fn a_payload_is_not_read_without_end() {
    let hub = Hub::new();
    hub.whole();
    let variables = |path: PathBuf| {
        hub.ci(
            &[],
            &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("GITHUB_EVENT_PATH", path.to_str().unwrap())],
        )
    };
    let file = |name: &str, text: &[u8]| {
        hub.0.bytes(name, text);
        hub.0.path(name)
    };
    let large = file("large.json", b"{\"ref\": \"");
    fs::File::options().write(true).open(&large).unwrap().set_len(100 << 20).unwrap();
    assert_refused(&variables(large), "larger than");
    assert_refused(&variables(file("deep.json", &b"[".repeat(1 << 20))), "is not as GitHub writes it");
    assert_refused(&variables(file("deeper.json", &b"{\"ref\":".repeat(1 << 20))), "is not as GitHub writes it");
    assert_refused(&variables(file("none.json", b"")), "is not as GitHub writes it");
    assert_refused(&variables(hub.0.path("clone")), "cannot read the event");
    assert_refused(&variables(hub.0.path("no such file")), "cannot read the event");
    assert_refused(&hub.ci(&[], &[("GITHUB_ACTIONS", "true")]), "GITHUB_EVENT_NAME is not set");
}

#[test]
fn no_value_ends_before_its_end() {
    let hub = Hub::new();
    hub.whole();
    let name = "../a\nexit-code<<x\n0\nx\nb.sarif";
    let event = hub.push("refs/heads/main", &hub.id("main~1"), &hub.id("main"));
    hub.github("push", &event, &["--output", &format!("sarif={name}")]);
    assert_eq!(hub.outputs()["sarif"], name);
    assert_eq!((hub.outputs().len(), &*hub.outputs()["exit-code"]), (4, "0"));
}

#[test]
fn github_shows_annotations_and_a_summary() {
    let hub = Hub::new();
    let before = hub.id("main");
    hub.slip("slip.env");
    let event = hub.push("refs/heads/main", &before, &hub.id("main"));
    hub.whole().0.file("event.json", &event.to_string()).file("summary", "# of another step\n");
    let ci = |arguments: &[&str], on_github: &str| {
        let mut all = vec!["-C", "clone", "ci", "--base", &before];
        all.extend(arguments);
        let mut command = hub.0.command(&all);
        command.env("GITHUB_ACTIONS", on_github).env("GITHUB_EVENT_NAME", "push");
        command.env("GITHUB_STEP_SUMMARY", hub.0.path("summary"));
        run(command, b"")
    };
    let (key, masked) = (key_of("origin/slip.env"), mask(&key_of("origin/slip.env")));
    let shown = ci(&[], "true");
    assert_eq!(shown.status, 1, "{shown:#?}");
    assert!(shown.stdout.starts_with("::error file=slip.env,line=1,endLine=1,"), "{shown:#?}");
    let summary = fs::read_to_string(hub.0.path("summary")).unwrap();
    let added = summary.strip_prefix("# of another step\n").unwrap();
    assert!(added.starts_with("## ❌ skant: 1 secret in 1 file") && added.contains("slip.env"), "{added}");
    assert!(!summary.contains(&key) && !shown.all().contains(&key) && shown.stdout.contains(&masked));
    // What is asked for counts, and elsewhere nothing is GitHub's.
    assert_eq!(ci(&["--format", "json"], "true").each("path"), ["slip.env"]);
    assert!(ci(&[], "false").stdout.starts_with("anthropic-api-key\n"));
}

#[test]
fn plain_secrets_are_not_for_logs() {
    let hub = Hub::new();
    let before = hub.id("main");
    hub.slip("slip.env").whole();
    assert_refused(&hub.ci(&["--base", &before, "--reveal"], &[]), "`--reveal` does not go with `skant ci`");
}

// Other systems.

#[test]
fn other_systems_tell_the_range_in_variables() {
    let hub = Hub::new();
    let base = hub.id("main");
    hub.git(&["checkout", "-qb", "feature"]).slip("slip.env");
    let head = hub.id("feature");
    hub.git(&["checkout", "-q", "main"]).whole();
    let main = "refs/remotes/origin/main";
    let (from_base, from_main) = (format!("{base}..{head}, 2 commits"), format!("{main}..{head}, 2 commits"));
    let merge_request = "GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_DIFF_BASE_SHA=BASE";
    let gitlab =
        "GITLAB_CI=true CI_PIPELINE_SOURCE=push CI_COMMIT_SHA=HEAD CI_COMMIT_BRANCH=feature CI_DEFAULT_BRANCH=main";
    let azure = "TF_BUILD=True BUILD_REASON=PullRequest SYSTEM_PULLREQUEST_SOURCECOMMITID=HEAD";
    let bitbucket = "BITBUCKET_BUILD_NUMBER=1 BITBUCKET_COMMIT=HEAD BITBUCKET_BRANCH=feature";
    let buildkite = "BUILDKITE=true BUILDKITE_COMMIT=HEAD BUILDKITE_BRANCH=feature";
    let jenkins = "JENKINS_URL=http://x GIT_COMMIT=HEAD";
    let table = [
        (merge_request, "CI_COMMIT_SHA=HEAD CI_MERGE_REQUEST_SOURCE_BRANCH_SHA= CI_COMMIT_BEFORE_SHA=ZERO", &from_base),
        (merge_request, "CI_COMMIT_SHA=BASE CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=HEAD", &from_base),
        // An agent of Jenkins's on a machine of GitLab's.
        (merge_request, "CI_COMMIT_SHA=HEAD JENKINS_URL=http://x", &from_base),
        (gitlab, "CI_COMMIT_BEFORE_SHA=BASE", &from_base),
        (gitlab, "CI_COMMIT_BEFORE_SHA=ZERO", &from_main),
        ("CIRCLECI=true", "CIRCLE_SHA1=HEAD CIRCLE_BRANCH=feature", &from_main),
        (azure, "BUILD_SOURCEVERSION=BASE SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main", &from_main),
        (azure, "BUILD_SOURCEVERSION=BASE SYSTEM_PULLREQUEST_TARGETBRANCH=main", &from_main),
        (
            "TF_BUILD=True BUILD_REASON=IndividualCI",
            "BUILD_SOURCEVERSION=HEAD BUILD_SOURCEBRANCH=refs/heads/feature",
            &from_main,
        ),
        (bitbucket, "BITBUCKET_PR_DESTINATION_BRANCH=main", &from_main),
        (bitbucket, "", &from_main),
        (buildkite, "BUILDKITE_PULL_REQUEST=7 BUILDKITE_PULL_REQUEST_BASE_BRANCH=main", &from_main),
        (buildkite, "BUILDKITE_PULL_REQUEST=false BUILDKITE_PIPELINE_DEFAULT_BRANCH=main", &from_main),
        (jenkins, "BRANCH_NAME=PR-7 CHANGE_BRANCH=feature CHANGE_TARGET=main", &from_main),
        (jenkins, "GIT_BRANCH=origin/feature", &from_main),
        // A build that failed proves nothing.
        (jenkins, "GIT_BRANCH=origin/feature GIT_PREVIOUS_SUCCESSFUL_COMMIT=BASE GIT_PREVIOUS_COMMIT=HEAD", &from_base),
    ];
    for (system, more, said) in table {
        let variables: Vec<(&str, &str)> =
            system.split(' ').chain(more.split(' ')).filter_map(|variable| variable.split_once('=')).collect();
        let value = |text: &str| match text {
            "BASE" => base.clone(),
            "HEAD" => head.clone(),
            "ZERO" => ZERO.to_owned(),
            other => other.to_owned(),
        };
        let owned: Vec<(&str, String)> = variables.iter().map(|(name, text)| (*name, value(text))).collect();
        let variables: Vec<(&str, &str)> = owned.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_found(&hub.ci(&[], &variables), &["slip.env"], said);
    }
}

#[test]
fn where_other_systems_do_not_tell_what_is_new() {
    let hub = Hub::new();
    hub.0.key("origin/there.env");
    hub.commit("last");
    let head = hub.id("main");
    hub.whole();
    // What the default branch brought nobody says: all that it reaches.
    for variables in [
        &[("CIRCLECI", "true"), ("CIRCLE_SHA1", &*head), ("CIRCLE_BRANCH", "main")][..],
        &[("BITBUCKET_BUILD_NUMBER", "1"), ("BITBUCKET_COMMIT", &head), ("BITBUCKET_BRANCH", "main")],
        &[("JENKINS_URL", "http://x"), ("GIT_COMMIT", &head), ("BRANCH_NAME", "main"), ("BRANCH_IS_PRIMARY", "true")],
        &[("BUILDKITE", "true"), ("BUILDKITE_COMMIT", "HEAD"), ("BUILDKITE_BRANCH", "main")],
    ] {
        assert_found(&hub.ci(&[], variables), &["old.env", "there.env"], "4 commits");
    }
    // Nothing was pushed at all.
    for variables in [
        &[("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", "schedule"), ("CI_COMMIT_SHA", &*head)][..],
        &[("TF_BUILD", "True"), ("BUILD_REASON", "Schedule"), ("BUILD_SOURCEVERSION", &head)],
        &[("BUILDKITE", "true"), ("BUILDKITE_COMMIT", &head), ("BUILDKITE_SOURCE", "schedule")],
    ] {
        assert_found(&hub.ci(&[], variables), &["there.env"], "^{tree}, 0 commits");
    }
}

#[test]
fn a_range_that_is_typed_counts() {
    let hub = Hub::new();
    let base = hub.id("main");
    hub.git(&["checkout", "-qb", "feature"]).slip("slip.env");
    let head = hub.id("feature");
    hub.git(&["checkout", "-q", "main"]).whole();
    hub.0.git_in("clone", &["checkout", "-q", "feature"]);
    let circle = [("CIRCLECI", "true"), ("CIRCLE_SHA1", &*head), ("CIRCLE_BRANCH", "feature")];
    assert_found(&hub.ci(&["--base", &base], &circle), &["slip.env"], &format!("as typed: {base}..HEAD, 2 commits"));
    assert_found(&hub.ci(&["--base", "origin/main"], &[]), &["slip.env"], "origin/main..HEAD, 2 commits");
    assert_found(&hub.ci(&["--base", "main", "--head", &base], &[]), &[], "0 commits");
    // Empty, or zeros, is what a system says that knows of none.
    for base in ["", ZERO] {
        assert_found(&hub.ci(&["--base", base], &circle), &["slip.env"], "refs/remotes/origin/main..");
        assert_refused(&hub.ci(&["--base", base], &[]), "no CI system that is known");
    }
    assert_refused(&hub.ci(&[], &[]), "no CI system that is known");
    for base in ["--upload-pack=touch pwned", "^HEAD", "nothing", "HEAD..HEAD", "a\nb"] {
        assert_refused(&hub.ci(&[&format!("--base={base}")], &[]), "not in this clone");
    }
    assert_eq!(hub.ci(&["--base", "main", "--remote=--upload-pack=x"], &[]).status, 2);
    // A branch that is not here is one that git can get.
    hub.checkout(&head, "refs/remotes/origin/feature", 1);
    assert_found(&hub.ci(&["--base", "origin/main", "--fetch"], &[]), &["slip.env"], "origin/main..HEAD, 2 commits");
}

//! What a config allows and changes, as users run it.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use support::{BASE62, Random, Run, Tree, anthropic_key, found, key_of, scan, skant};

/// What `fingerprint` is of the key in a file of that name.
fn fingerprint_of(name: &str) -> String {
    let tree = Tree::new();
    scan(tree.key(name), &["."]).each("fingerprint").remove(0)
}

#[track_caller]
fn suppressed(run: &Run, by: &str) -> u64 {
    run.json()["scan"]["suppressed"][by].as_u64().unwrap()
}

#[track_caller]
fn refused(tree: &Tree, arguments: &[&str], parts: &[&str]) {
    let run = skant(tree, arguments);
    assert_eq!(run.status, 2, "{run:#?}");
    for part in parts {
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
}

#[test]
fn an_exception_counts_when_all_holds_that_it_says() {
    let print = fingerprint_of("tests/b.env");
    let table = [
        ("path = 'tests/**'".to_owned(), vec!["a.env"]),
        ("path = 'tests/'".to_owned(), vec!["a.env"]),
        ("path = 'tests'".to_owned(), vec!["a.env"]),
        ("path = '/b.env'".to_owned(), vec!["a.env", "tests/b.env"]),
        ("path = 'b.env'".to_owned(), vec!["a.env"]),
        ("path = ['a.*', 'tests/*']".to_owned(), vec![]),
        ("rule = 'anthropic-api-key'".to_owned(), vec![]),
        ("rule = 'anthropic-*'\npath = 'a.env'".to_owned(), vec!["tests/b.env"]),
        ("rule = 'github-*'".to_owned(), vec!["a.env", "tests/b.env"]),
        (format!("fingerprint = '{print}'"), vec!["a.env"]),
        (format!("word = '{}'", &key_of("a.env")[20..40]), vec!["tests/b.env"]),
        ("pattern = '^sk-ant-api03-'".to_owned(), vec![]),
        ("pattern = '^no'".to_owned(), vec!["a.env", "tests/b.env"]),
    ];
    for (says, expected) in table {
        let tree = Tree::repo();
        tree.key("a.env").key("tests/b.env");
        tree.file("skant.toml", &format!("[[allow]]\n{says}\nreason = 'made up'\n"));
        assert_eq!(found(&tree, &["."]), expected, "{says}");
        let run = scan(&tree, &["."]);
        assert_eq!(suppressed(&run, "config"), 2 - expected.len() as u64);
        assert_eq!(run.json()["scan"]["config"], "skant.toml");
        assert_eq!(found(&tree, &["--no-config"]), ["a.env", "tests/b.env"]);
    }
}

#[test]
fn an_exception_ends_and_that_is_told() {
    let tree = Tree::repo();
    let says = |until: &str| format!("[[allow]]\npath = 'a.env'\nreason = 'made up'\nuntil = {until}\n");
    tree.key("a.env").file(".skant.toml", &says("2999-01-31"));
    assert!(found(&tree, &["."]).is_empty());
    tree.file(".skant.toml", &says("2020-01-31"));
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.each("path")), (1, vec!["a.env".to_owned()]));
    assert!(run.notices()[0].contains("exception at .skant.toml:1 ended on 2020-01-31"), "{run:#?}");
    refused(tree.file(".skant.toml", &says("2020-02-31")), &["scan"], &[".skant.toml:4", "until = 2020-02-31"]);
    refused(tree.file(".skant.toml", &says("'2020-01-31'")), &["scan"], &[".skant.toml:4"]);
    refused(tree.file(".skant.toml", &says("2020-01-31T00:00:00")), &["scan"], &["this is no day"]);
}

#[test]
fn rules_are_changed_and_added() {
    let tree = Tree::repo();
    tree.key("a.env").file("b.txt", &format!("acme_{}\n", Random::new(5).text(BASE62, 24)));
    tree.file("skant.toml", "[rules.anthropic-api-key]\nseverity = 'low'\nconfidence = 'low'\n");
    assert!(found(&tree, &["."]).is_empty());
    let graded = scan(&tree, &["--confidence", "low"]);
    assert_eq!((graded.each("severity"), graded.each("confidence")), (vec!["low".into()], vec!["low".into()]));
    tree.file("skant.toml", "[rules.'anthropic-*']\nenabled = false\n");
    assert!(found(&tree, &["."]).is_empty());
    let own = "provider = 'Acme'\n[[rule]]\nid = 'acme-token'\nname = 'Acme token'\nseverity = 'high'\nkeywords = ['acme_']\npattern = 'acme_[A-Za-z0-9]{24}'\n";
    tree.file("skant.toml", own);
    assert_eq!(found(&tree, &["."]), ["a.env", "b.txt"]);
    tree.file("skant.toml", "[rules.'*']\nenabled = false\n");
    refused(&tree, &["scan"], &["leaves no rule"]);
    tree.file("skant.toml", "[rules.no-such]\nenabled = false\n");
    refused(&tree, &["scan"], &["skant.toml:1", "no rule `no-such`"]);
}

#[test]
fn what_is_wrong_is_underlined() {
    let tree = Tree::repo();
    let table = [
        ("[[allow]\n", "skant.toml:1"),
        ("[[allow]]\npaht = 'x'\nreason = 'x'\n", "skant.toml:2"),
        ("[[allow]]\npath = 'x'\n", "has no reason"),
        ("[[allow]]\npath = 'x'\nreason = ' '\n", "has no reason"),
        ("[[allow]]\nreason = 'x'\n", "about everything"),
        ("[[allow]]\npath = 'x['\nreason = 'x'\n", "skant.toml:2"),
        ("[[allow]]\npattern = '('\nreason = 'x'\n", "skant.toml:2"),
        ("[[allow]]\nfingerprint = 'abc'\nreason = 'x'\n", "no fingerprint"),
        ("allow = 1\n", "skant.toml:1"),
        ("colour = 'red'\n", "skant.toml:1"),
        ("[rules.x]\nseverity = 'awful'\n", "skant.toml:2"),
    ];
    for (text, part) in table {
        tree.file("skant.toml", text);
        refused(&tree, &["scan"], &[part]);
        refused(&tree, &["staged"], &[part]);
        refused(&tree, &["config", "check"], &[part]);
    }
    tree.bytes("skant.toml", b"# \xff\n");
    refused(&tree, &["scan"], &["not UTF-8"]);
    tree.file("skant.toml", "").file(".skant.toml", "");
    refused(&tree, &["scan"], &["both there"]);
    refused(&tree, &["scan", "--config", "no.toml"], &["there is no no.toml"]);
}

#[cfg(unix)]
#[test]
fn a_config_behind_a_link_is_refused() {
    let tree = Tree::repo();
    tree.file("elsewhere/skant.toml", "").link("skant.toml", "elsewhere/skant.toml");
    refused(&tree, &["scan"], &["skant.toml", "symbolic link"]);
    let tree = Tree::repo();
    tree.file("elsewhere/skant.toml", "").link(".github", "elsewhere");
    refused(&tree, &["scan"], &[".github/skant.toml", "symbolic link"]);
    let tree = Tree::repo();
    tree.fifo("skant.toml");
    refused(&tree, &["scan"], &["skant.toml", "not a regular file"]);
}

/// What is wrong in a config is shown with its line: a stranger's must not show the files of who scans it.
#[cfg(unix)]
#[test]
fn a_repository_s_config_extends_no_file_elsewhere() {
    let tree = Tree::repo();
    tree.key("a.env").file("../private", "user nobody-else\n").link("out", "..").folder("sub");
    let absolute = tree.path("../private").display().to_string();
    for name in ["../private", absolute.as_str(), "out/private", "sub/../../private", "/proc/self/environ"] {
        tree.file("skant.toml", &format!("extends = [\"{name}\"]\n"));
        for command in [&["scan"][..], &["staged"], &["config", "show"], &["scan", "--config-from", "HEAD"]] {
            tree.git(&["add", "skant.toml"]).git(&["commit", "-qm", "x", "--allow-empty"]);
            let run = skant(&tree, command);
            assert_eq!(run.status, 2, "{name} {command:?} {run:#?}");
            assert!(!run.all().contains("nobody-else") && !run.all().contains("HOME="), "{name} {command:?} {run:#?}");
        }
    }
    // Whoever names a config means it.
    tree.file("../team.toml", "[[allow]]\npath = 'a.env'\nreason = 'x'\n");
    tree.file("skant.toml", "extends = ['../team.toml']\n");
    assert!(found(&tree, &["--config", "skant.toml", "a.env"]).is_empty());
}

#[test]
fn files_extend_each_other_but_not_in_a_circle() {
    let tree = Tree::repo();
    tree.key("a.env").key("b.env");
    tree.file(
        "team/base.toml",
        "[[allow]]\npath = 'a.env'\nreason = 'the team says so'\n[rules.anthropic-user-key]\nseverity = 'low'\n",
    );
    tree.file("skant.toml", "extends = 'team/base.toml'\n[[allow]]\npath = 'b.env'\nreason = 'we say so'\n");
    assert!(found(&tree, &["."]).is_empty());
    tree.file("team/base.toml", "extends = ['../skant.toml']\n");
    refused(&tree, &["scan"], &["team/base.toml:1", "skant.toml -> team/base.toml -> skant.toml"]);
    tree.file("skant.toml", "extends = 'no.toml'\n");
    refused(&tree, &["scan"], &["skant.toml:1", "there is no no.toml"]);
}

#[test]
fn in_a_monorepo_the_nearest_has_its_say_first() {
    let tree = Tree::repo();
    for name in ["a.env", "p/a.env", "p/q/a.env"] {
        tree.key(name);
    }
    tree.file("skant.toml", "[[allow]]\npath = '/a.env'\nreason = 'root'\n");
    tree.file("p/skant.toml", "[[allow]]\npath = '/a.env'\nreason = 'near'\n");
    assert_eq!(found(&tree, &["."]), ["p/q/a.env"]);
    assert_eq!(found(&tree, &["p"]), ["p/q/a.env"]);
    tree.file("p/q/skant.toml", "[rules.'anthropic-*']\nenabled = false\n");
    assert!(found(&tree, &["."]).is_empty());
    let shown = skant(&tree, &["config", "show", "p/q"]);
    let order: Vec<usize> = ["# in force: p/q/skant.toml", "# inherited: p/skant.toml", "# inherited: skant.toml"]
        .map(|part| shown.stdout.find(part).unwrap_or_else(|| panic!("{part}: {shown:#?}")))
        .to_vec();
    assert!(order.is_sorted());
    // What a near config may not say makes the scan incomplete.
    tree.file("p/q/skant.toml", "[rules.'anthropic-*']\nseverity = 'low'\n");
    let run = scan(&tree, &["."]);
    assert_eq!((run.status, run.skipped()), (2, vec!["p/q/skant.toml".to_owned()]));
}

#[test]
fn what_is_wrong_in_a_nearer_config_is_underlined_too() {
    let tree = Tree::repo();
    tree.key("p/a.env").git_init("inner").key("inner/a.env");
    for (name, path) in [("p/.skant.toml", "p/.skant.toml"), ("inner/skant.toml", "inner")] {
        tree.file(name, "[[allow]]\npath = 'a.env'\n reson = 'x'\n");
        for format in ["human", "json"] {
            let run = skant(&tree, &["scan", ".", "--format", format]);
            let place = format!("[{}:3:2]", name.trim_start_matches("inner/"));
            let parts = ["unknown field `reson`", &place, "3 │  reson = 'x'", "╰── here"];
            assert_eq!(run.status, 2, "{run:#?}");
            assert!(parts.iter().all(|part| run.stderr.contains(part)), "{run:#?}");
        }
        let run = scan(&tree, &["."]);
        assert!(run.skipped()[0].ends_with(path), "{run:#?}");
        tree.file(name, "");
    }
}

#[test]
fn a_repository_inside_of_another_has_its_own() {
    let tree = Tree::repo();
    tree.key("a.env").git_init("inner").key("inner/a.env");
    tree.file("inner/skant.toml", "[[allow]]\npath = 'a.env'\nreason = 'inner'\n");
    let run = scan(&tree, &["."]);
    assert_eq!((run.findings().len(), suppressed(&run, "config")), (1, 1), "{run:#?}");
    tree.file("skant.toml", "[[allow]]\npath = 'a.env'\nreason = 'outer'\n").file("inner/skant.toml", "");
    let run = scan(&tree, &["."]);
    assert_eq!((run.findings().len(), suppressed(&run, "config")), (1, 1), "{run:#?}");
}

#[test]
fn every_scan_uses_it() {
    let tree = Tree::repo();
    tree.key("a.env").file(".github/skant.toml", "[[allow]]\npath = 'a.env'\nreason = 'made up'\n");
    tree.git(&["add", "."]);
    assert_eq!(skant(&tree, &["staged"]).status, 0);
    assert_eq!(skant(&tree, &["hook", "pre-commit"]).status, 0);
    tree.git(&["commit", "-qm", "one"]);
    assert_eq!(skant(&tree, &["history"]).status, 0);
    assert_eq!(skant(&tree, &["history", "--no-config"]).status, 1);
    tree.git(&["clone", "-q", "--bare", ".", "bare.git"]);
    assert_eq!(skant(&tree, &["-C", "bare.git", "history"]).status, 0);
}

#[test]
fn a_change_cannot_excuse_itself() {
    let tree = Tree::repo();
    tree.file("a.txt", "nothing\n").git(&["add", "."]).git(&["commit", "-qm", "base"]);
    tree.key("a.env").file("skant.toml", "[[allow]]\npath = 'a.env'\nreason = 'trust me'\n");
    tree.git(&["add", "."]).git(&["commit", "-qm", "change"]);
    let history = |arguments: &[&str]| skant(&tree, &[&["history", "--format", "json"], arguments].concat());
    assert_eq!(history(&["HEAD~..HEAD"]).status, 0);
    let run = history(&["--config-from", "HEAD~", "HEAD~..HEAD"]);
    assert_eq!((run.status, run.each("path")), (1, vec!["a.env".to_owned()]));
    assert!(run.notices()[0].contains("the exception at skant.toml:1 (path `a.env`; trust me) is new"), "{run:#?}");
    assert_eq!(history(&["--config-from", "HEAD", "HEAD~..HEAD"]).status, 0);
    assert_eq!(skant(&tree, &["ci", "--base", "HEAD~"]).status, 1);
    assert_eq!(skant(&tree, &["ci", "--base", "HEAD~", "--config-from", "HEAD"]).status, 0);
    assert_eq!(scan(&tree, &["--config-from", "HEAD~"]).status, 1);
    refused(&tree, &["history", "--config-from", "no-such"], &["no revision `no-such`"]);
}

#[test]
fn all_that_a_change_adds_is_told() {
    let tree = Tree::repo();
    let kept = "[[allow]]\npath = 'a'\nreason = 'x'\nuntil = 2031-01-31\n";
    let rule = |id: &str| {
        format!(
            "[[rule]]\nid = '{id}'\nname = 'x'\nseverity = 'low'\nkeywords = ['acme_']\npattern = 'acme_[0-9a-f]{{32}}'\n"
        )
    };
    tree.file("skant.toml", &format!("{kept}{}", rule("acme-a"))).file("p/skant.toml", kept).key("b.env");
    tree.git(&["add", "."]).git(&["commit", "-qm", "base"]);
    let told = || {
        tree.git(&["add", "."]);
        let notices = scan(&tree, &["--config-from", "HEAD", "."]).notices();
        let all = notices.into_iter().map(|one| one.trim_end_matches(" is new and does not count here").to_owned());
        all.collect::<Vec<_>>()
    };
    assert!(told().is_empty());
    // An end that is taken out or put off, rules that are added or take another's place.
    tree.file(
        "skant.toml",
        &format!("{}{}{}", kept.replace("until = 2031-01-31\n", ""), rule("acme-a"), rule("acme-b")),
    );
    assert_eq!(told(), ["the exception at skant.toml:1 (path `a`; x)", "the rule `acme-b` in skant.toml"]);
    tree.file("skant.toml", &format!("{kept}{}", rule("acme-a").replace("{32}", "{99}")));
    assert_eq!(told(), ["the rule `acme-a` in skant.toml"]);
    tree.file("skant.toml", &format!("{kept}{}[fingerprint]\nkey = 'pepper'\n", rule("acme-a")));
    assert_eq!(told(), ["the key of fingerprints"]);
    // What files in folders say, and the baseline.
    tree.file("skant.toml", &format!("{kept}{}", rule("acme-a"))).file("p/skant.toml", &kept.replace("2031", "2032"));
    tree.file("q/.github/skant.toml", "[rules.'anthropic-*']\nenabled = false\n").file("r/skant.toml", "nonsense\n");
    assert_eq!(skant(&tree, &["baseline", "create"]).status, 0);
    let all = told();
    let expected = [
        "1 new entries of .skant-baseline do not count here",
        "r/skant.toml as it is now, which does not count here, is wrong: ",
        "the exception at p/skant.toml:1 (path `a`; x)",
        "what q/.github/skant.toml:1 says of `anthropic-*`",
    ];
    assert_eq!(all.len(), expected.len(), "{all:#?}");
    assert!(all.iter().zip(expected).all(|(one, expected)| one.starts_with(expected)), "{all:#?}");
}

#[test]
fn what_is_staged_tells_the_exceptions_that_it_adds() {
    let tree = Tree::repo();
    let allow = |path: &str| format!("[[allow]]\npath = '{path}'\nreason = 'x'\n");
    let staged = |arguments: &[&str]| {
        let run = skant(&tree, &[&["staged", "--format", "json"], arguments].concat());
        (run.status, run.notices())
    };
    // Before the first commit all of it is new.
    tree.file("skant.toml", &allow("a.env")).key("a.env").git(&["add", "."]);
    assert_eq!(
        staged(&[]),
        (0, vec!["the exception at skant.toml:1 (path `a.env`; x) is new with what is staged".into()])
    );
    tree.git(&["commit", "-qm", "base"]);
    // What is only on disk is no part of the commit; nor is what was there.
    tree.file("skant.toml", &(allow("a.env") + &allow("b.env"))).key("b.env").git(&["add", "b.env"]);
    assert_eq!(staged(&[]), (0, vec![]));
    tree.git(&["add", "skant.toml"]);
    let new = "the exception at skant.toml:4 (path `b.env`; x) is new with what is staged";
    assert_eq!(staged(&[]), (0, vec![new.to_owned()]));
    assert_eq!(staged(&["--", "b.env"]), (0, vec![]));
    assert_eq!(skant(&tree, &["hook", "pre-commit", "--format", "json"]).notices(), [new]);
    assert_eq!(staged(&["--config-from", "HEAD"]).0, 1);
    tree.git(&["commit", "-qm", "more"]);
    // A file that another one extends, a nearer config, and the baseline.
    tree.file("skant.toml", "extends = 'team.toml'\n").file("team.toml", &(allow("a.env") + &allow("b.env")));
    tree.git(&["add", "."]);
    assert_eq!(staged(&[]), (0, vec![]));
    tree.git(&["commit", "-qm", "team"]);
    tree.file("team.toml", &(allow("a.env") + &allow("b.env") + &allow("c.env")));
    tree.file("p/skant.toml", "[rules.'github-*']\nenabled = false\n").key("d.env").git(&["add", "."]);
    assert_eq!(skant(&tree, &["baseline", "create"]).status, 0);
    tree.git(&["add", "."]);
    let expected = [
        "1 new entries of .skant-baseline come with what is staged",
        "the exception at team.toml:7 (path `c.env`; x) is new with what is staged",
        "what p/skant.toml:1 says of `github-*` is new with what is staged",
    ];
    assert_eq!(staged(&[]), (0, expected.map(str::to_owned).to_vec()));
    tree.file("p/skant.toml", "nonsense\n").git(&["add", "."]);
    assert!(staged(&[]).1.iter().any(|one| one.starts_with("p/skant.toml as it is staged is wrong: ")));
}

#[test]
fn a_config_in_a_hidden_folder_counts_there() {
    let tree = Tree::repo();
    tree.key(".devcontainer/a.env").key("x.github/a.env").key(".github/a.env");
    let allow = "[[allow]]\npath = 'a.env'\nreason = 'x'\n";
    tree.file(".devcontainer/skant.toml", allow).file("x.github/skant.toml", allow);
    assert_eq!(found(&tree, &["."]), [".github/a.env"]);
}

#[test]
fn files_that_extend_many_are_not_read_for_ever() {
    let tree = Tree::repo();
    for level in 0..12 {
        let next = format!("'{}.toml'", level + 1);
        tree.file(format!("{level}.toml"), &format!("extends = [{}]\n", vec![next; 8].join(", ")));
    }
    tree.file("12.toml", "");
    refused(&tree, &["scan", "--config", "0.toml"], &["more than 256 files are extended"]);
}

#[test]
fn a_key_keys_what_people_could_guess() {
    let tree = Tree::repo();
    tree.password("a.ini").key("b.env");
    let prints = |says: &str| scan(tree.file("skant.toml", says), &["."]).each("fingerprint");
    let plain = prints("");
    let keyed = prints("[fingerprint]\nkey = 'pepper'\n");
    assert_ne!(plain[0], keyed[0]);
    assert_eq!(plain[1], keyed[1]);
    refused(tree.file("skant.toml", "[fingerprint]\nkey-env = 'NOT_SET'\n"), &["scan"], &["the key is empty"]);
}

#[test]
fn a_linter_tells_what_is_dead() {
    let tree = Tree::repo();
    tree.file("a.txt", "nothing\n").file("skant.toml", "");
    assert_eq!(skant(&tree, &["config", "check"]).status, 0);
    let table = [
        ("path = 'gone/**'", "matches no file"),
        ("path = '**'", "everywhere"),
        ("pattern = '.*'", "matches every secret"),
        ("pattern = '[^\\s\\S]'", "pattern matches nothing"),
        ("fingerprint = 'v1:no-such:0123456789abcdef'", "no rule `no-such`"),
        ("rule = 'no-such'", "no rule `no-such`"),
        ("path = 'a.txt'\nuntil = 2020-01-01", "ended on 2020-01-01"),
    ];
    for (says, part) in table {
        tree.file("skant.toml", &format!("[[allow]]\n{says}\nreason = 'x'\n"));
        let run = skant(&tree, &["config", "check"]);
        assert_eq!(run.status, 1, "{run:#?}");
        assert!(run.stderr.contains(part) && run.stderr.contains("skant.toml:1"), "{run:#?}");
    }
    tree.file("skant.toml", "").file("p/skant.toml", "[[allow]]\npath = 'gone'\nreason = 'x'\n");
    assert_eq!(skant(&tree, &["config", "check"]).status, 1);
}

#[test]
fn reasons_and_places_are_masked() {
    let tree = Tree::repo();
    let (key, other) = (anthropic_key(1), anthropic_key(2));
    tree.file("a.txt", &format!("{key}\n"));
    tree.file("skant.toml", &format!("[[allow]]\npath = 'a.txt'\nreason = 'it is {other}'\n"));
    let run = skant(&tree, &["scan", "-v", "a.txt"]);
    assert_eq!(run.status, 0);
    assert!(run.stdout.contains("suppressed (config) a.txt:1:1"), "{run:#?}");
    assert!(!run.all().contains(&other) && !run.all().contains(&key), "{run:#?}");
}

#[test]
fn what_stands_in_a_config_is_shown_masked_and_on_one_line() {
    let tree = Tree::repo();
    let key = anthropic_key(1);
    let table = format!("[[allow]]\nword = '{key}'\nreason = \"{key} \\u001b]0;x\\u0007\\n::error::y\"\n");
    tree.file("skant.toml", &table);
    let run = skant(&tree, &["config", "show"]);
    assert!(run.status == 0 && run.stdout.contains("[[allow]]"), "{run:#?}");
    assert!(!run.all().contains(&key) && !run.all().contains('\u{1b}'), "{run:#?}");
    assert!(!run.stdout.lines().any(|line| line.starts_with("::")), "{run:#?}");
}

/// A gitleaks config, and which of some files it finds something in.
#[track_caller]
fn by_gitleaks(config: &str, files: &[(&str, String)]) -> Vec<String> {
    let tree = Tree::repo();
    for (name, text) in files {
        tree.file(name, text);
    }
    tree.file("conf/.gitleaks.toml", config);
    tree.file(".gitignore", "conf\n");
    found(&tree, &["--config", "conf/.gitleaks.toml", "."])
}

#[test]
fn a_gitleaks_config_is_used_as_gitleaks_would() {
    let token = "Zq8".repeat(8);
    let rule =
        "[[rules]]\nid = 'acme'\ndescription = 'Acme'\nregex = '''acme_([A-Za-z0-9]{24})'''\nkeywords = ['ACME_']\n";
    let files = [
        ("a.txt", format!("acme_{token}\n")),
        ("b/b.txt", format!("x = acme_{token} # sample\n")),
        ("k.env", format!("ANTHROPIC_API_KEY={}\n", key_of("k.env"))),
    ];
    let with = |more: &str| by_gitleaks(&format!("{rule}{more}"), &files);
    assert_eq!(with(""), ["a.txt", "b/b.txt"]);
    assert_eq!(with("path = '''^b/'''"), ["b/b.txt"]);
    assert_eq!(with("entropy = 3"), [""; 0]);
    assert_eq!(with("entropy = 1.2"), ["a.txt", "b/b.txt"]);
    assert_eq!(with("[rules.allowlist]\npaths = ['''^b/''']"), ["a.txt"]);
    assert_eq!(with("[[rules.allowlists]]\nregexTarget = 'line'\nregexes = ['sample']"), ["a.txt"]);
    assert_eq!(with("[[rules.allowlists]]\nregexTarget = 'match'\nregexes = ['^acme']"), [""; 0]);
    assert_eq!(with("[[rules.allowlists]]\nregexes = ['^acme']"), ["a.txt", "b/b.txt"]);
    assert_eq!(with("[[rules.allowlists]]\ncondition = 'AND'\npaths = ['^b/']\nstopwords = ['zq8']"), ["a.txt"]);
    assert_eq!(
        with("[[rules.allowlists]]\ncondition = 'AND'\npaths = ['^b/']\nstopwords = ['nothing']"),
        ["a.txt", "b/b.txt"]
    );
    assert_eq!(with("[allowlist]\npaths = ['a']"), ["b/b.txt"]);
    assert_eq!(with("[[allowlists]]\ntargetRules = ['other']\npaths = ['a']"), ["a.txt", "b/b.txt"]);
    assert_eq!(with("[extend]\nuseDefault = true"), ["a.txt", "b/b.txt", "k.env"]);
    assert_eq!(
        with(
            "[extend]\nuseDefault = true\ndisabledRules = ['anthropic-api-key']\n[[allowlists]]\nregexes = ['^sk-ant']"
        ),
        ["a.txt", "b/b.txt"]
    );
    assert_eq!(with("[extend]\nuseDefault = true\n[allowlist]\npaths = ['env$']"), ["a.txt", "b/b.txt"]);
    let near = "[[rules.required]]\nid = 'near'\nwithinLines = 2\n[[rules]]\nid = 'near'\nregex = 'sample'\nskipReport = true\n";
    assert_eq!(with(near), ["b/b.txt"]);
    assert_eq!(by_gitleaks("[[rules]]\nid = 'file'\npath = '''\\.env$'''\n", &files), ["k.env"]);
}

#[test]
fn gitleaks_rules_in_history_are_those_of_the_tree() {
    let tree = Tree::repo();
    let token = "Zq8".repeat(8);
    tree.file("a.txt", &format!("acme_{token}\n")).file("b/b.txt", &format!("acme_{token}\n")).file("c.txt", "ACME_\n");
    tree.git(&["add", "."]).git(&["commit", "-qm", "one"]);
    tree.file("c.txt", &format!("acme_\n{}\nacme_{token}\n", "x\n".repeat(2000)))
        .git(&["add", "."])
        .git(&["commit", "-qm", "two"]);
    tree.file("x.toml", "[[rules]]\nid = 'acme'\nregex = 'acme_([A-Za-z0-9]{24})'\nkeywords = ['acme_']\n[[rules.allowlists]]\npaths = ['^b/']\n");
    let run = skant(&tree, &["history", "--config", "x.toml", "--format", "json"]);
    assert_eq!(run.each("path"), ["a.txt", "c.txt"], "{run:#?}");
    let print = run.each("fingerprint").remove(0);
    assert!(print.starts_with("v1:acme:"), "{print}");
    tree.file(".gitleaksignore", "# known\na.txt:acme:1\n");
    let run = skant(&tree, &["history", "--config", "x.toml", "--format", "json"]);
    assert_eq!((run.each("path"), suppressed(&run, "config")), (vec!["c.txt".to_owned()], 2), "{run:#?}");
}

#[test]
fn a_gitleaks_config_that_leaves_no_rule_stops() {
    let tree = Tree::repo();
    tree.key("a.env").file("x.toml", "title = 'x'\n[allowlist]\npaths = ['x']\n");
    refused(&tree, &["scan", "--config", "x.toml"], &["leaves no rule", "useDefault"]);
    tree.file("x.toml", "[[rules]]\nid = 'a'\nregex = '''(''' \n");
    refused(&tree, &["scan", "--config", "x.toml"], &["x.toml:3", "rule `a`"]);
    tree.file("x.toml", "[[rules]]\nid = 'a'\nregex = 'b'\nsecretGroup = 2\n");
    refused(&tree, &["scan", "--config", "x.toml"], &["secretGroup is 2"]);
    tree.file("x.toml", "title = 'x'\n[extend]\nuseDefault = true\ndisabledRules = ['no-such']\n");
    let run = scan(&tree, &["--config", "x.toml"]);
    assert!(run.notices()[0].contains("`no-such`, which skant does not have"), "{run:#?}");
    assert_eq!(run.each("path"), ["a.env"]);
}

#[test]
fn what_other_tools_say_is_carried_over() {
    let tree = Tree::repo();
    tree.key("tests/a.env").key("b.env");
    let config = "[extend]\nuseDefault = true\ndisabledRules = ['anthropic-user-key', 'no-such']\n\
                  [allowlist]\ndescription = 'made up'\npaths = ['''^tests/''', '''(a|b)x''']\ncommits = ['abc']\n";
    let run = skant(tree.file("x.toml", config), &["config", "migrate", "x.toml"]);
    assert_eq!(run.status, 0, "{run:#?}");
    for part in ["path `(a|b)x`", "commit abc", "no rule `no-such`"] {
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
    assert!(run.stdout.contains("[rules.\"anthropic-user-key\"]\nenabled = false\n"), "{run:#?}");
    tree.file("skant.toml", &run.stdout);
    assert_eq!(found(&tree, &["."]), ["b.env"]);
    let report = format!(
        r#"[{{"RuleID":"x","File":"b.env","StartLine":1,"Secret":"{}"}},{{"RuleID":"x","File":"gone","StartLine":1,"Secret":"y"}}]"#,
        key_of("b.env")
    );
    let run = skant(tree.file("leaks.json", &report), &["config", "migrate", "leaks.json"]);
    assert_eq!(run.status, 0, "{run:#?}");
    assert!(run.stderr.contains("not carried: an entry for gone"), "{run:#?}");
    assert!(
        run.stdout.starts_with("# skant baseline v1\nv1:anthropic-api-key:") && run.stdout.ends_with(" b.env\n"),
        "{run:#?}"
    );
    assert_eq!(skant(tree.file("y.toml", "x = 1\n"), &["config", "migrate", "y.toml"]).status, 2);
}

/// What a gitleaks config finds, and what the rules that are made of it find.
#[test]
fn gitleaks_rules_become_rules_that_find_the_same() {
    let tree = Tree::repo();
    let mut random = Random::new(5);
    let mut hex = |length| random.text("0123456789abcdef", length);
    tree.file("a.txt", &format!("x_acme_{}\nacme = '{}'\nACME = 'aaaaaaaaaaaaaaaa'\n", hex(20), hex(16)));
    tree.file("keys/b.txt", &format!("zz {}\nacme_{}\n", hex(12), hex(20))).file("c.txt", &format!("zz {}\n", hex(12)));
    tree.file("d.txt", &format!("acme_{}0000\n", hex(16)));
    let config = "[[rules]]\nid = 'acme-token'\nregex = '''acme_[0-9a-f]{20}'''\nkeywords = ['acme_']\n\
                  [[rules.allowlists]]\nregexes = ['''0000$''']\n\
                  [[rules]]\nid = 'Acme_Assigned'\ndescription = \"Acme's key\"\n\
                  regex = '''(?i)\\b(acme)\\s*=\\s*'([0-9a-f]{16})\\b'''\nsecretGroup = 2\nentropy = 2\nkeywords = ['ACME']\n\
                  [[rules]]\nid = 'in-keys'\nregex = '''(?m)^zz ([0-9a-f]{12})$'''\npath = '''^keys/'''\n\
                  [[rules]]\nid = 'paths-only'\npath = '''\\.pem$'''\n\
                  [[rules]]\nid = 'two'\nregex = 'zz'\n[[rules.required]]\nid = 'in-keys'\n";
    let secrets = |run: &Run| {
        let one = |finding: serde_json::Value| {
            let [path, line, column, end] =
                ["path", "line", "column", "end_column"].map(|key| finding[key].to_string());
            [path, line, column, end]
        };
        run.findings().into_iter().map(one).collect::<std::collections::BTreeSet<_>>()
    };
    let theirs = scan(tree.file("x.toml", config), &["--config", "x.toml", "--skip", "paths-only,two", "."]);
    let run = skant(&tree, &["config", "migrate", "x.toml"]);
    let told: Vec<&str> = run.stderr.lines().collect();
    let parts = [
        "the id `Acme_Assigned`: the rule is `acme-assigned` now",
        "rule `paths-only`: it is about paths",
        "rule `two`: it needs",
        "its rules run alone",
    ];
    assert_eq!((run.status, told.len()), (0, parts.len()), "{run:#?}");
    assert!(told.iter().zip(parts).all(|(line, part)| line.contains(part)), "{run:#?}");
    tree.file("skant.toml", &run.stdout);
    let ours = scan(&tree, &["--only", "acme-token,acme-assigned,in-keys", "."]);
    assert_eq!((secrets(&ours), suppressed(&ours, "config")), (secrets(&theirs), 1), "{}", run.stdout);
    assert_eq!(ours.findings().len(), 4, "{ours:#?}");
    for (says, part) in [
        ("search = true\npattern = 'a*'", "matches the empty text"),
        ("search = true\npattern = 'acme'\njudge = 'key'", "`judge` does not go with `search`"),
        ("search = true\npattern = 'acme'\npath = '('", "unclosed group"),
        ("pattern = 'acme'\nnames = ['acme']\nentropy = 3", "goes with `search = true`"),
    ] {
        tree.file("skant.toml", &format!("[[rule]]\nid = 'x-y'\nname = 'x'\nseverity = 'low'\n{says}\n"));
        refused(&tree, &["scan"], &[part]);
    }
}

/// The reader names the keys it knows when it meets one that it does not.
#[test]
fn the_schema_has_the_keys_that_the_reader_has() {
    let tree = Tree::repo();
    let schema = skant(&tree, &["config", "schema"]).json();
    let table = [
        ("no-such = 1\n", "/properties"),
        ("[rules.x]\nno-such = 1\n", "/properties/rules/additionalProperties/properties"),
        ("[[rule]]\nno-such = 1\n", "/properties/rule/items/properties"),
        ("[[allow]]\nno-such = 1\n", "/properties/allow/items/properties"),
        ("[fingerprint]\nno-such = 1\n", "/properties/fingerprint/properties"),
    ];
    for (text, place) in table {
        let run = skant(tree.file("skant.toml", text), &["-C", ".", "scan"]);
        let said: String =
            run.stderr.lines().map(|line| line.trim_matches([' ', '│', '×'])).collect::<Vec<_>>().join(" ");
        let known = &said[said.find("expected").unwrap_or_else(|| panic!("{run:#?}"))..];
        let known = known.split("╭").next().unwrap();
        let mut known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let mut schema: Vec<&str> =
            schema.pointer(place).unwrap().as_object().unwrap().keys().map(String::as_str).collect();
        // Only built-in rules ask a vendor, or are about files, and a config's are refused.
        known.retain(|key| !["verify", "files"].contains(key));
        known.sort_unstable();
        schema.sort_unstable();
        assert_eq!(known, schema, "{text}");
    }
}

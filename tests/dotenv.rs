//! Files that are there to hold secrets: what is said of the file as such, and when nothing is.

mod support;

use serde_json::Value;
use support::{Run, Tree, key_of, run, scan, skant};

const ONLY: [&str; 2] = ["--only", "dotenv-*"];

/// The rule and the path of each finding about a file.
fn about_files(run: &Run) -> Vec<(String, String)> {
    let rules = run.each("rule").into_iter().zip(run.each("path"));
    rules.filter(|(rule, _)| rule.starts_with("dotenv-")).collect()
}

fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(rule, path)| (format!("dotenv-{rule}"), (*path).to_owned())).collect()
}

#[test]
fn it_is_said_once_of_a_file_besides_its_secrets() {
    let tree = Tree::repo();
    let both = format!("A_KEY={}\nB_KEY={}\n", key_of("a"), key_of("b"));
    tree.file(".env", &both).file("sub/.env.local", &both).key("app.py").key("a.env").git(&["add", ".env"]);
    let run = scan(&tree, &["."]);
    assert_eq!(about_files(&run), expected(&[("tracked", ".env"), ("not-ignored", "sub/.env.local")]), "{run:#?}");
    assert_eq!(run.findings().len(), 2 + 2 + 1 + 1 + 2);
    assert_eq!(run.status, 1);
}

#[test]
fn it_names_the_file_and_what_takes_it_out() {
    let tree = Tree::repo();
    tree.key("a b/.env").key(".envrc").git(&["add", "a b/.env"]);
    let run = scan(&tree, &["--only", "dotenv-*", "."]);
    let one = |path: &str| run.findings().into_iter().find(|one| one["path"] == path).unwrap();
    let tracked = one("a b/.env");
    assert_eq!([&tracked["secret"], &tracked["severity"], &tracked["confidence"]], ["a b/.env", "medium", "high"]);
    assert_eq!([&tracked["line"], &tracked["column"], &tracked["end_column"]], [1, 1, 1]);
    let next = |finding: &Value| -> Vec<String> {
        finding["next"].as_array().unwrap().iter().skip(1).map(|step| step.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(next(&tracked), [r"printf '%s\n' '/a\ b/.env' >> .gitignore", "git rm --cached -- 'a b/.env'"]);
    assert_eq!(next(&one(".envrc")), [r"printf '%s\n' /.envrc >> .gitignore"]);
    let human = skant(&tree, &["scan", "."]);
    assert!(human.stdout.contains("git rm --cached"), "{human:#?}");
    assert!(!human.all().contains(&key_of(".envrc")));
}

/// Its own commands are what makes it quiet.
#[test]
fn what_it_advises_ends_it() {
    let tree = Tree::repo();
    tree.key("a b/.env").key("c[d]*/.env").git(&["add", "-A"]);
    for finding in scan(&tree, &["--only", "dotenv-*", "."]).findings() {
        for step in finding["next"].as_array().unwrap().iter().skip(1) {
            let mut shell = std::process::Command::new("sh");
            shell.arg("-c").arg(step.as_str().unwrap()).current_dir(tree.path(""));
            assert_eq!(run(shell, b"").status, 0, "{step}");
        }
    }
    let after = scan(&tree, &["--only", "dotenv-*", "--no-ignore", "."]);
    assert_eq!((about_files(&after), after.status), (Vec::new(), 0), "{after:#?}");
}

#[test]
fn an_ignored_file_is_what_one_should_have() {
    let tree = Tree::repo();
    tree.file(".gitignore", ".env\nprivate/\n").file("sub/.gitignore", ".dev.vars\n").file(".ignore", ".envrc\n");
    tree.key(".env").key("private/credentials").key("sub/.dev.vars").key(".env.example").key("private/.env.example");
    tree.key(".envrc");
    // What the walk leaves out by `.ignore` git would still add.
    let said = expected(&[("example-value", ".env.example"), ("not-ignored", ".envrc")]);
    assert_eq!(about_files(&scan(&tree, &["--no-ignore", "."])), said);
    for named in [".env", "private/credentials", "sub/.dev.vars", "private", "private/.env.example"] {
        let run = scan(&tree, &[named, "--no-ignore"]);
        assert_eq!((about_files(&run), run.status), (Vec::new(), 1), "{named}: {run:#?}");
    }
    // Tracked, it is ignored no more.
    tree.git(&["add", "-f", ".env", "private/credentials"]);
    let said = expected(&[("tracked", ".env"), ("example-value", ".env.example"), ("tracked", "private/credentials")]);
    assert_eq!(about_files(&scan(&tree, &["."])), said);
}

#[test]
fn without_a_secret_nothing_is_said() {
    let tree = Tree::repo();
    tree.file(".env", "PORT=80\nAPI_KEY=your-key-here\n").file(".env.example", "API_KEY=changeme\n");
    // It holds no secret, it only gives one away.
    tree.file(".env.local", &format!("NEXT_PUBLIC_{}_API_KEY=${{OTHER}}\n", "ANTHROPIC")).git(&["add", "-A"]);
    assert_eq!(about_files(&scan(&tree, &["."])), []);
    assert_eq!(about_files(&scan(&tree, &["--only", "dotenv-*", "."])), []);
}

#[test]
fn an_example_is_no_other_dotenv_even_when_its_rule_is_left_out() {
    let tree = Tree::repo();
    tree.key(".env.example").key("sub/.env.production.sample").git(&["add", ".env.example"]);
    let said = expected(&[("example-value", ".env.example"), ("example-value", "sub/.env.production.sample")]);
    assert_eq!(about_files(&scan(&tree, &["."])), said);
    assert_eq!(about_files(&scan(&tree, &["--skip", "dotenv-example-value", "."])), []);
    assert_eq!(about_files(&scan(&tree, &["--severity", "medium", "."])), []);
}

#[test]
fn outside_a_repository_only_examples_count() {
    let tree = Tree::new();
    tree.key(".env").key(".env.example");
    assert_eq!(about_files(&scan(&tree, &["."])), expected(&[("example-value", ".env.example")]));
}

#[test]
fn what_is_staged_is_going_to_be_tracked() {
    let tree = Tree::repo();
    tree.key(".env").key(".env.example").file("a", "").git(&["add", "-A"]);
    let staged = || skant(&tree, &["staged", "--format", "json"]);
    assert_eq!(about_files(&staged()), expected(&[("tracked", ".env"), ("example-value", ".env.example")]));
    tree.git(&["commit", "-qm", "x"]).file("a", "b").git(&["add", "-A"]);
    assert_eq!(about_files(&staged()), []);
    // A change that brings no secret is no news either.
    tree.file(".env", &format!("ANTHROPIC_API_KEY={}\nPORT=80\n", key_of(".env"))).git(&["add", "-A"]);
    assert_eq!(about_files(&staged()), []);
}

#[test]
fn a_mark_speaks_for_the_file_too() {
    let tree = Tree::repo();
    let key = |name: &str| format!("A_KEY={}", key_of(name));
    tree.file("a/.env", &format!("{} # skant: allow made up\n", key("a")));
    tree.file("b/.env", &format!("# skant: allow-file made up\n{}\n", key("b")));
    tree.file("c/.env", &format!("# skant: allow-file(dotenv-*) on purpose\n{}\n", key("c")));
    tree.file("d/.env", &format!("# skant: allow-start\n{}\n", key("d")));
    assert_eq!(about_files(&scan(&tree, &["."])), expected(&[("not-ignored", "d/.env")]));
    let run = skant(&tree, &["scan", "--format", "json", "--show-suppressed"]);
    let suppressed = run.json()["suppressed_findings"].clone();
    let told: Vec<&Value> = suppressed.as_array().unwrap().iter().filter(|one| one["path"] == "c/.env").collect();
    assert_eq!(
        (told.len(), &told[0]["rule"], &told[0]["reason"]),
        (1, &"dotenv-not-ignored".into(), &"on purpose".into())
    );
    let all = ["a", "b", "c", "d"].map(|folder| format!("{folder}/.env"));
    let all: Vec<_> = all.iter().map(|path| ("not-ignored", path.as_str())).collect();
    assert_eq!(about_files(&scan(&tree, &["--no-inline", "."])), expected(&all));
}

#[test]
fn a_docker_build_that_copies_it_is_told_with_the_line_that_keeps_it_out() {
    let tree = Tree::repo();
    // As people have it: git ignores the file, and the build takes everything.
    tree.file(".gitignore", ".env*\n").key(".env").key("web/.env.local").file(".env.test", "PORT=80\n");
    tree.file("Dockerfile", "FROM node\nWORKDIR /app\n# all of it\nCOPY . .\nRUN npm ci\n");
    let run = scan(&tree, &["."]);
    assert_eq!(about_files(&run), expected(&[("in-image", ".env"), ("in-image", "web/.env.local")]), "{run:#?}");
    assert_eq!((run.findings().len(), run.status), (2, 1), "{run:#?}");
    let told = |at: usize| run.findings()[at]["note"].as_str().unwrap().to_owned();
    assert_eq!(told(0), "Dockerfile:4 copies it: the line `.env` in .dockerignore leaves it out");
    assert_eq!(told(1), "Dockerfile:4 copies it: the line `web/.env.local` in .dockerignore leaves it out");
    assert_eq!(run.findings()[0]["next"][1], told(0).as_str());
    assert!(!run.all().contains(&key_of(".env")), "{run:#?}");
    // What it says ends it.
    tree.file(".dockerignore", "node_modules\n.env\n");
    assert_eq!(about_files(&scan(&tree, &["."])), expected(&[("in-image", "web/.env.local")]));
    tree.file(".dockerignore", "**/.env*\n");
    assert_eq!((scan(&tree, &["."]).status, about_files(&scan(&tree, &["."]))), (0, Vec::new()));
}

#[test]
fn a_docker_build_is_told_of_only_when_it_copies_the_file() {
    let tree = Tree::repo();
    let said = |dockerfile: &str| {
        tree.file("Dockerfile", dockerfile);
        about_files(&scan(&tree, &["."])).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    tree.key(".env").file("src/a.js", "");
    let also = vec!["dotenv-in-image".to_owned(), "dotenv-not-ignored".to_owned()];
    for copies in ["COPY .env* /app/", "ADD . /app", "COPY --chown=a [\".\", \"/app\"]", "COPY \\\n  ./ \\\n  /app"] {
        assert_eq!(said(&format!("FROM a\n{copies}\n")), also, "{copies}");
    }
    for other in ["COPY src /app", "COPY --from=build / /", "# COPY . .", "RUN cp . /x", "ADD https://a.invalid/.env ."]
    {
        assert_eq!(said(&format!("FROM a\n{other}\n")), also[1..], "{other}");
    }
    // A build has its own list, and another folder is another build's.
    tree.file("Dockerfile.dockerignore", ".env\n");
    assert_eq!(said("FROM a\nCOPY . .\n"), also[1..]);
    tree.file("Dockerfile.dockerignore", "").file("sub/Dockerfile", "COPY . .\n").file("Dockerfile", "");
    assert_eq!(said("FROM a\n"), also[1..]);
}

#[test]
fn streams_and_history_say_nothing_of_files() {
    let tree = Tree::repo();
    tree.key(".env").git(&["add", "-A"]).git(&["commit", "-qm", "x"]);
    let history = skant(&tree, &["history", "--format", "json"]);
    assert_eq!((about_files(&history), history.findings().len()), (Vec::new(), 1));
    let text = format!("ANTHROPIC_API_KEY={}\n", key_of(".env"));
    let stream = run(tree.command(&["scan", "-", "--stdin-filename", ".env", "--format", "json"]), text.as_bytes());
    assert_eq!((about_files(&stream), stream.findings().len()), (Vec::new(), 1));
}

#[test]
fn an_index_that_cannot_be_read_is_told() {
    let tree = Tree::repo();
    tree.key(".env").bytes(".git/index", b"DIRC").key("b");
    let run = scan(&tree, &[&ONLY[..], &["."]].concat());
    assert_eq!((run.skipped(), run.status), (vec![".git/index".to_owned()], 2), "{run:#?}");
}

#[test]
fn a_rule_file_makes_no_rule_about_files() {
    let tree = Tree::new();
    tree.file(
        "r.toml",
        "provider = 'X'\n[[rule]]\nid = 'x-y'\nname = 'x'\nseverity = 'low'\nfiles = 'tracked'\npattern = 'abc'\n",
    );
    let run = skant(&tree, &["scan", "--rules", "r.toml", "."]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("only built-in rules are about files"), "{run:#?}");
}

/// Whether a build copies a file is not known where the Dockerfiles around it cannot be listed.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_listed_is_told() {
    let tree = Tree::repo();
    tree.file("Dockerfile", "COPY . .\n").file(".gitignore", ".env\n").key("sub/.env").mode("", 0o311);
    for path in ["sub/.env", "sub"] {
        let Some(command) = tree.command_of_nobody(&["scan", "--format", "json", path]) else { return };
        tree.mode("", 0o311);
        let run = run(command, b"");
        let why = "permission denied: scan as a user who may read it, or leave it out: whether a Docker build copies a \
                   dotenv file is not known";
        let skipped = run.json()["scan"]["skipped"].clone();
        assert_eq!((run.status, skipped), (2, serde_json::json!([{ "path": ".", "reason": why }])), "{run:#?}");
    }
}

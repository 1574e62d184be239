//! `--verify`, against a server on this machine that answers as the vendors do.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod loopback;
mod support;

use loopback::{Authority, Reply, Request, Server};
use serde_json::Value;
use support::{BASE62, BASE64URL, Random, Run, Tree, anthropic_key, anthropic_key_of, github_token, mask, run};

/// Runs a scan of `src` that asks a server.
fn verify(tree: &Tree, address: &str, arguments: &[&str]) -> Run {
    let mut command = tree.command(&[&["scan", "src", "--verify"], arguments].concat());
    let temporary = tree.home().join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    command.env("SKANT_ANTHROPIC_BASE_URL", address).env("TMPDIR", &temporary);
    let run = run(command, b"");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "nothing is left in temporary files");
    run
}

fn json(tree: &Tree, address: &str) -> Run {
    verify(tree, address, &["--format", "json"])
}

/// A tree with these keys, each in a file of its own.
fn keys(keys: &[String]) -> Tree {
    let tree = Tree::new();
    for (number, key) in keys.iter().enumerate() {
        tree.file(format!("src/{number}.env"), &format!("THE_KEY={key}\n"));
    }
    tree
}

/// The key is in one header of a request, and nowhere else in it.
fn assert_only_in(request: &Request, header: &str, key: &str) {
    assert!(request.header(header).unwrap().ends_with(key), "{request:?}");
    assert_eq!(request.all().matches(&key[10..30]).count(), 1, "{request:?}");
}

#[test]
fn every_kind_is_asked_by_its_own_harmless_call() {
    let random = Random::new(5).text(BASE64URL, 95);
    let table = [
        (anthropic_key(1), "GET /v1/models?limit=1", "x-api-key"),
        (anthropic_key_of("usr", 2), "GET /v1/models?limit=1", "x-api-key"),
        (anthropic_key_of("svc", 3), "GET /v1/models?limit=1", "x-api-key"),
        (anthropic_key_of("admin01", 4), "GET /v1/organizations/me", "x-api-key"),
        (format!("sk-ant-oat01-{random}"), "GET /api/oauth/profile", "authorization"),
    ];
    for (key, line, header) in table {
        let server = Server::plain(|_| Reply::json(200, "{}"));
        let run = json(&keys(std::slice::from_ref(&key)), &server.http());
        assert_eq!(run.each("verified"), ["live"], "{run:#?}");
        let requests = server.requests();
        assert_eq!(requests.iter().map(|request| &*request.line).collect::<Vec<_>>(), [line]);
        assert_only_in(&requests[0], header, &key);
        assert_eq!(requests[0].header("anthropic-version"), Some("2023-06-01"));
        assert!(!run.all().contains(&key[20..]), "{run:#?}");
    }
}

#[test]
fn answers_are_read_by_the_table() {
    let key = anthropic_key(1);
    let tree = keys(std::slice::from_ref(&key));
    let table = [
        (Reply::json(200, r#"{"data":[]}"#), "live"),
        (Reply::error(400, "invalid_request_error", "anthropic-workspace-id is required: no workspace"), "live"),
        (Reply::error(400, "invalid_request_error", "unknown parameter"), "unknown"),
        (Reply::error(401, "authentication_error", "invalid x-api-key"), "dead"),
        (Reply::error(401, "authentication_error", "CORS requests are not allowed for this Organization"), "unknown"),
        (Reply::error(402, "billing_error", ""), "live"),
        (Reply::error(403, "permission_error", ""), "live"),
        (Reply::error(404, "not_found_error", ""), "unknown"),
        (Reply::error(429, "rate_limit_error", ""), "live"),
        (Reply::error(529, "overloaded_error", ""), "unknown"),
        (Reply::html(200), "unknown"),
        (Reply::html(401), "unknown"),
        (Reply::html(403), "unknown"),
        (Reply::json(200, &" ".repeat((1 << 20) + 1)), "unknown"),
        (Reply::error(401, "authentication_error", &format!("invalid {key}")), "dead"),
    ];
    for (reply, verified) in table {
        let (status, body) = (reply.status, reply.body.chars().take(80).collect::<String>());
        let server = Server::plain(move |_| reply.clone());
        let run = json(&tree, &server.http());
        assert_eq!((run.status, run.each("verified")), (1, vec![verified.to_owned()]), "{status} {body}: {run:#?}");
        assert!(!run.all().contains(&key[20..]));
        // One that is broken is asked once more.
        assert_eq!(server.requests().len(), if status >= 500 { 2 } else { 1 }, "{status}");
    }
}

#[test]
fn a_key_is_asked_about_once() {
    let key = anthropic_key(1);
    let tree = keys(&[key.clone(), key.clone(), anthropic_key(2), key]);
    let server = Server::plain(|_| Reply::json(200, "{}"));
    let run = json(&tree, &server.http());
    assert_eq!(run.each("verified"), ["live"; 4]);
    assert_eq!(server.requests().len(), 2);
    assert_eq!(run.notices(), ["2 keys were asked about: 2 live, 0 dead"]);
}

#[test]
fn who_does_not_ask_for_it_asks_nobody() {
    let tree = keys(&[anthropic_key(1)]);
    let server = Server::plain(|_| Reply::json(200, "{}"));
    let mut command = tree.command(&["scan", "src", "--format", "json"]);
    command.env("SKANT_ANTHROPIC_BASE_URL", server.http());
    let run = run(command, b"");
    assert_eq!((run.each("verified"), server.connections()), (vec!["null".to_owned()], 0));
}

#[test]
fn kinds_without_a_harmless_call_are_not_asked_about() {
    let mut random = Random::new(9);
    let mut body = |length| random.text(BASE64URL, length);
    let found = [
        format!("sk-ant-ort01-{}", body(95)),
        format!("sk-ant-sid01-{}", body(95)),
        format!("sk-ant-new07-{}", body(95)),
        anthropic_key_of("api01", 5),
        format!("sk-ant-cc-{}", Random::new(3).text(BASE62, 22)),
    ];
    let tree = keys(&found);
    let server = Server::plain(|_| Reply::json(200, "{}"));
    let run = json(&tree, &server.http());
    assert_eq!(run.each("verified"), ["null"; 5], "{run:#?}");
    assert_eq!(server.connections(), 0);
    assert_eq!(run.notices(), ["no key that was found can be asked about"]);
}

#[test]
fn nobody_follows_a_redirect_and_a_host_without_answers_is_left_alone() {
    let elsewhere = Server::plain(|_| Reply::json(200, "{}"));
    let location = format!("Location: {}/v1/models", elsewhere.http());
    let server = Server::plain(move |_| Reply::json(307, "{}").with(&location));
    let tree = keys(&(1..=5).map(anthropic_key).collect::<Vec<_>>());
    let run = json(&tree, &server.http());
    assert_eq!(run.each("verified"), ["unknown"; 5]);
    assert_eq!((server.requests().len(), elsewhere.connections()), (3, 0));
    let expected = [
        "5 keys were asked about: 0 live, 0 dead",
        "not known to be live or dead: 2, since 127.0.0.1 did not answer 3 times",
        "not known to be live or dead: 3, since of 127.0.0.1: it answered with a redirect (307), which is not followed",
    ];
    assert_eq!(run.notices(), expected);
}

#[test]
fn over_tls_a_key_goes_to_whom_it_trusts() {
    let key = anthropic_key(1);
    let tree = keys(std::slice::from_ref(&key));
    let authority = Authority::new(&[]);
    let server = Server::tls(&authority, |_| Reply::json(200, "{}"));
    let run = json(&tree, &server.https());
    assert_eq!((run.each("verified"), server.requests().len()), (vec!["unknown".to_owned()], 0), "{run:#?}");
    let file = tree.home().join("ca.pem");
    authority.write(&file);
    let mut command = tree.command(&["scan", "src", "--verify", "--format", "json"]);
    command.env("SKANT_ANTHROPIC_BASE_URL", server.https()).env("SKANT_CA_FILE", &file);
    let run = support::run(command, b"");
    assert_eq!((run.each("verified"), server.requests().len()), (vec!["live".to_owned()], 1), "{run:#?}");
    let wire = String::from_utf8_lossy(&server.wire()).into_owned();
    assert!(!wire.contains(&key[13..30]) && !wire.contains("v1/models"), "TLS hides the request");
}

#[test]
fn other_vendors_are_asked_at_their_own_host() {
    let mut random = Random::new(11);
    let openai = format!("sk-proj-{}T3BlbkFJ{}", random.text(BASE62, 74), random.text(BASE62, 74));
    let slack =
        format!("xoxb-{}-{}-{}", random.text("123456789", 12), random.text("123456789", 12), random.text(BASE62, 24));
    let hugging = format!("hf_{}", random.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 34));
    let npm = github_token(7).replace("ghp_", "npm_");
    let openai_says = |code: &str| format!(r#"{{"error": {{"message": "no", "code": "{code}"}}}}"#);
    let slack_says = |error: &str| format!(r#"{{"ok": false, "error": "{error}"}}"#);
    let table = [
        (github_token(1), "api.github.com", "GET /rate_limit", Reply::json(200, "{}"), "live"),
        (github_token(1), "api.github.com", "GET /rate_limit", Reply::json(401, "{}"), "unknown"),
        (openai.clone(), "api.openai.com", "GET /v1/models", Reply::json(200, "{}"), "live"),
        (openai.clone(), "api.openai.com", "GET /v1/models", Reply::json(401, &openai_says("invalid_api_key")), "dead"),
        (openai, "api.openai.com", "GET /v1/models", Reply::json(401, &openai_says("ip_not_authorized")), "unknown"),
        (slack.clone(), "slack.com", "POST /api/auth.test", Reply::json(200, r#"{"ok": true, "team": "x"}"#), "live"),
        (slack.clone(), "slack.com", "POST /api/auth.test", Reply::json(200, &slack_says("token_revoked")), "dead"),
        (slack, "slack.com", "POST /api/auth.test", Reply::json(200, &slack_says("invalid_auth")), "unknown"),
        (hugging.clone(), "huggingface.co", "GET /api/whoami-v2", Reply::json(200, "{}"), "live"),
        (hugging, "huggingface.co", "GET /api/whoami-v2", Reply::json(401, "{}"), "dead"),
        (npm, "registry.npmjs.org", "GET /-/whoami", Reply::json(200, "{}"), "live"),
    ];
    let hosts = ["api.github.com", "api.openai.com", "slack.com", "huggingface.co", "registry.npmjs.org"];
    let authority = Authority::new(&hosts);
    for (key, host, line, reply, verified) in table {
        let tree = keys(std::slice::from_ref(&key));
        let file = tree.home().join("ca.pem");
        authority.write(&file);
        let proxy = Server::tls(&authority, move |_| reply.clone());
        let mut command = tree.command(&["scan", "src", "--verify", "--format", "json"]);
        command.env("HTTPS_PROXY", proxy.http()).env("SKANT_CA_FILE", &file);
        let run = run(command, b"");
        assert_eq!(run.each("verified"), [verified], "{host}: {run:#?}");
        let requests = proxy.requests();
        let lines: Vec<&str> = requests.iter().map(|request| &*request.line).collect();
        assert_eq!(lines, [&*format!("CONNECT {host}:443"), line], "{host}");
        assert!(!requests[0].all().contains(&key[10..30]));
        assert_only_in(&requests[1], "authorization", &key);
        let wire = String::from_utf8_lossy(&proxy.wire()).into_owned();
        assert!(!wire.contains(&key[10..30]) && !run.all().contains(&key[10..]), "{host}");
    }
}

#[test]
fn only_built_in_rules_may_ask() {
    let key = anthropic_key(1);
    let tree = keys(&[key]);
    let server = Server::plain(|_| Reply::json(200, "{}"));
    let rule = "provider = \"X\"\n[[rule]]\nid = \"anthropic-api-key\"\nname = \"x\"\nseverity = \"low\"\n\
                keywords = [\"sk-ant-api03-\"]\npattern = 'sk-ant-api03-[A-Za-z0-9_-]{95}'\n";
    let asks = format!("{rule}[rule.verify]\nurl = \"{}\"\nheaders = [\"x: {{}}\"]\nlive = [200]\n", server.http());
    tree.file("asks.toml", &asks).file("replaces.toml", rule);
    let run = verify(&tree, &server.http(), &["--rules", "asks.toml"]);
    assert!(run.status == 2 && run.stderr.contains("only built-in rules ask"), "{run:#?}");
    let run = verify(&tree, &server.http(), &["--rules", "replaces.toml", "--format", "json"]);
    assert_eq!((run.status, run.each("verified")), (1, vec!["null".to_owned()]), "{run:#?}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_address_that_no_key_is_sent_to_stops_the_scan() {
    let tree = keys(&[anthropic_key(1)]);
    let run = verify(&tree, "http://api.anthropic.com", &[]);
    assert!(run.status == 2 && run.stdout.is_empty() && run.stderr.contains("SKANT_ANTHROPIC_BASE_URL"), "{run:#?}");
}

#[test]
fn every_format_tells() {
    let key = anthropic_key(1);
    let tree = keys(std::slice::from_ref(&key));
    let server = Server::plain(|_| Reply::error(401, "authentication_error", "invalid x-api-key"));
    let human = verify(&tree, &server.http(), &[]);
    assert!(human.stdout.contains("critical, high confidence, dead\n"), "{human:#?}");
    assert!(human.stdout.contains(&mask(&key)));
    let lines = verify(&tree, &server.http(), &["--format", "jsonl"]);
    let first: Value = serde_json::from_str(lines.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(first["verified"], "dead");
    let sarif = verify(&tree, &server.http(), &["--format", "sarif"]).json();
    assert_eq!(sarif["runs"][0]["results"][0]["properties"]["verified"], "dead");
}

/// All files below a folder.
#[cfg(target_os = "linux")]
fn texts(folder: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => all.extend(texts(&entry.path())),
            false => all.push(String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned()),
        }
    }
    all
}

/// While the program is at work, and afterwards: the key is in one header of one request.
#[cfg(target_os = "linux")]
#[test]
fn a_key_leaves_no_trace() {
    use std::io::Write;
    use std::process::Stdio;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    let (key, tree) = (anthropic_key(9), Tree::new());
    let (process, seen) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
    let server = Server::plain({
        let (process, seen) = (Arc::clone(&process), Arc::clone(&seen));
        move |_| {
            let id = process.load(Ordering::SeqCst);
            let read = |name: &str| std::fs::read(format!("/proc/{id}/{name}")).unwrap_or_default();
            let told = ["cmdline", "environ", &format!("task/{id}/children"), "limits"].map(read);
            seen.lock().unwrap().push(told.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
            Reply::json(200, "{}")
        }
    });
    let temporary = tree.home().join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut command = tree.command(&["scan", "-", "--verify", "-v", "--explain", "-o", "sarif=out.sarif"]);
    command.env("SKANT_ANTHROPIC_BASE_URL", server.http()).env("TMPDIR", &temporary);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    process.store(child.id(), Ordering::SeqCst);
    child.stdin.take().unwrap().write_all(format!("THE_KEY={key}\n").as_bytes()).unwrap();
    let run = support::ended(child, &command);
    assert_eq!(run.status, 1, "{run:#?}");

    let told = seen.lock().unwrap().clone();
    let [[cmdline, environ, children, limits]] = &told[..] else { panic!("one request: {told:?}") };
    assert!(cmdline.contains("--verify") && !cmdline.contains(&key[20..]));
    assert!(environ.contains("TMPDIR") && !environ.contains(&key[20..]));
    assert_eq!(children, "");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>(), ["Max", "core", "file", "size", "0", "0", "bytes"]);
    let shown = run.all();
    let left = [texts(&tree.home()), texts(&tree.path(""))].concat();
    assert_eq!(left.len(), 1, "the report, and nothing else");
    assert!(left.iter().chain([&shown]).all(|text| text.contains(&mask(&key)) && !text.contains(&key[20..])));
    assert_only_in(&server.requests()[0], "x-api-key", &key);
}

/// Whatever is asked for, no program is run that could be told, and nothing is written down.
#[cfg(target_os = "linux")]
#[test]
fn no_command_tells_a_key_to_another_program_or_to_a_file() {
    use std::os::unix::fs::PermissionsExt;

    let key = anthropic_key(9);
    let tree = Tree::repo();
    tree.file("a.env", &format!("THE_KEY={key}\n")).git(&["add", "."]).git(&["commit", "-qm", "x"]);
    tree.file("b.env", &format!("THE_KEY={key}\n")).git(&["add", "."]);
    let (programs, temporary) = (tree.home().join("programs"), tree.home().join("tmp"));
    [&programs, &temporary].iter().for_each(|folder| std::fs::create_dir_all(folder).unwrap());
    for name in ["git", "sh", "ssh", "gpg", "less", "pager"] {
        std::fs::write(programs.join(name), "#!/bin/sh\necho \"$0 $*\" >> \"$HOME/ran\"\n").unwrap();
        std::fs::set_permissions(programs.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for arguments in [
        &["scan", "."][..],
        &["staged"],
        &["hook", "pre-commit"],
        &["history"],
        &["ci", "--base", "HEAD", "--head", "HEAD"],
        &["history", "HEAD", "--show-suppressed", "--explain", "-v"],
        &["baseline", "create"],
        &["config", "show"],
    ] {
        let mut command = tree.command(arguments);
        command.env("TMPDIR", &temporary).env("PATH", &programs);
        let run = run(command, b"");
        assert!(!run.all().contains(&key[20..]), "{arguments:?}: {run:#?}");
        assert!(
            !tree.home().join("ran").exists(),
            "{arguments:?}: {:?}",
            std::fs::read_to_string(tree.home().join("ran"))
        );
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "{arguments:?}");
    }
    let kept = std::fs::read_to_string(tree.path(".skant-baseline")).unwrap();
    assert!(kept.contains("anthropic-api-key") && !kept.contains(&key[20..40]), "{kept}");
}

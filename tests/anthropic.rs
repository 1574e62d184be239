//! `skant anthropic`, against a server on this machine that answers as the Admin API does.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod loopback;
mod support;

use std::time::Duration;

use loopback::{Authority, Reply, Request, Server};
use serde_json::{Value, json};
use support::{Random, Run, Tree, anthropic_key, anthropic_key_of, mask, run, skant};

/// A key of an organisation, as the API tells of it.
fn row(number: usize, key: &str, status: &str) -> Value {
    json!({
        "type": "api_key", "id": format!("apikey_{number:04}"), "name": format!("key {number}"), "status": status,
        "partial_key_hint": mask(key), "created_at": "2026-01-02T03:04:05Z",
        "created_by": { "id": "user_7", "type": "user" }, "expires_at": null, "workspace_id": "wrkspc_9",
    })
}

/// A server that lists these keys, `size` a page, and makes them inactive.
fn organisation(rows: Vec<Value>, size: usize) -> Server {
    Server::plain(move |request| listing(request, &rows, size))
}

fn listing(request: &Request, rows: &[Value], size: usize) -> Reply {
    if let Some(id) = request.line.strip_prefix("POST /v1/organizations/api_keys/") {
        let mut row = rows.iter().find(|row| row["id"] == id).unwrap().clone();
        row["status"] = serde_json::from_str::<Value>(&request.body).unwrap()["status"].clone();
        return Reply::json(200, &row.to_string());
    }
    let query = request.line.strip_prefix("GET /v1/organizations/api_keys?limit=1000").unwrap();
    let start =
        query.strip_prefix("&after_id=").map_or(0, |after| rows.iter().position(|row| row["id"] == after).unwrap() + 1);
    let page = &rows[start..rows.len().min(start + size)];
    let last = page.last().map(|row| row["id"].clone());
    let body = json!({ "data": page, "has_more": start + size < rows.len(), "first_id": null, "last_id": last });
    Reply::json(200, &body.to_string())
}

fn admin_key() -> String {
    anthropic_key_of("admin01", 99)
}

/// Runs `skant anthropic` against an address.
fn anthropic(tree: &Tree, address: &str, arguments: &[&str]) -> Run {
    let mut command = tree.command(&[&["anthropic"], arguments].concat());
    command.env("SKANT_ANTHROPIC_BASE_URL", address).env("ANTHROPIC_ADMIN_API_KEY", admin_key());
    let run = run(command, b"");
    assert!(!run.all().contains(&admin_key()[15..]), "the admin key is told: {run:#?}");
    run
}

/// A tree with these keys, and reports on them in every format.
fn leaked(keys: &[String]) -> Tree {
    let tree = Tree::new();
    for (number, key) in keys.iter().enumerate() {
        tree.file(format!("src/{number}.env"), &format!("ANTHROPIC_API_KEY={key}\n"));
    }
    let reports = ["json=../home/r.json", "jsonl=../home/r.jsonl", "sarif=../home/r.sarif"];
    let arguments: Vec<&str> =
        ["scan", "src", "-q"].into_iter().chain(reports.iter().flat_map(|one| ["-o", one])).collect();
    assert_eq!(skant(&tree, &arguments).status, 1);
    tree
}

const REPORTS: [&str; 3] = ["../home/r.json", "../home/r.jsonl", "../home/r.sarif"];

/// No request says more than it has to.
fn assert_only_admin_key(server: &Server, found: &[String]) {
    for request in server.requests() {
        let all = request.all();
        assert_eq!(all.matches(&admin_key()).count(), 1, "{all}");
        assert_eq!(request.header("x-api-key"), Some(&*admin_key()));
        assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
        for key in found {
            assert!(!all.contains(&key[13..40]) && !all.contains(&mask(key)), "a found key is sent: {all}");
        }
    }
}

#[test]
fn leaked_keys_are_found_among_those_of_the_organisation() {
    let found = [anthropic_key(1), anthropic_key(2), anthropic_key(3)];
    let tree = leaked(&found);
    let mut rows: Vec<Value> = (10..17).map(|number| row(number, &anthropic_key(number as u64), "active")).collect();
    rows.push(row(1, &found[0], "active"));
    rows.push(row(2, &found[1], "archived"));
    for report in REPORTS {
        let server = organisation(rows.clone(), 3);
        let run = anthropic(&tree, &server.http(), &["match", report, "--format", "json"]);
        assert_eq!((run.status, &*run.stderr), (1, ""), "{run:#?}");
        let told = run.json();
        let mut expected = [
            (mask(&found[0]), "src/0.env:1", json!([told_of(&rows[7])])),
            (mask(&found[1]), "src/1.env:1", json!([told_of(&rows[8])])),
            (mask(&found[2]), "src/2.env:1", json!([])),
        ];
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        let leaks = expected.map(|(secret, place, keys)| {
            json!({ "secret": secret, "rule": "anthropic-api-key", "places": [place], "keys": keys })
        });
        assert_eq!(told["leaks"], json!(leaks), "{report}");
        assert_eq!(server.requests().len(), 3);
        assert_only_admin_key(&server, &found);
    }
}

/// A row without what the program does not repeat.
fn told_of(row: &Value) -> Value {
    let mut row = row.clone();
    row.as_object_mut().unwrap().remove("type");
    row
}

#[test]
fn people_are_told_name_workspace_creator_status_and_expiry() {
    let found = [anthropic_key(1)];
    let tree = leaked(&found);
    let mut one = row(1, &found[0], "active");
    one["expires_at"] = json!("2027-01-31T00:00:00Z");
    one["name"] = json!("prod\u{1b}[31m");
    let server = organisation(vec![one], 20);
    let run = anthropic(&tree, &server.http(), &["match", "../home/r.json", "../home/r.sarif"]);
    let expected = format!(
        "{}  anthropic-api-key  src/0.env:1\n  active  apikey_0001  \"prod␛[31m\"\n    \
         workspace wrkspc_9; created 2026-01-02T03:04:05Z by user user_7; expires 2027-01-31T00:00:00Z\n\n\
         1 leaked, 1 of them keys of this organisation, 1 of these active\n",
        mask(&found[0])
    );
    assert_eq!((run.status, run.stdout, run.stderr), (1, expected, String::new()));
}

#[test]
fn keys_that_are_not_active_are_no_alarm() {
    let found = [anthropic_key(1), anthropic_key(2)];
    let tree = leaked(&found);
    let server = organisation(vec![row(1, &found[0], "inactive"), row(2, &found[1], "expired")], 20);
    assert_eq!(anthropic(&tree, &server.http(), &["match", "../home/r.json"]).status, 0);
    let run = anthropic(&tree, &server.http(), &["deactivate", "--yes", "../home/r.json"]);
    assert!(run.status == 0 && run.stdout.ends_with("none of them is active: nothing to do\n"), "{run:#?}");
    assert!(server.requests().iter().all(|request| request.line.starts_with("GET ")));
}

#[test]
fn a_key_is_made_inactive_when_it_is_the_only_one_and_yes_is_said() {
    let found = [anthropic_key(1)];
    let tree = leaked(&found);
    let server = organisation(vec![row(1, &found[0], "active"), row(2, &anthropic_key(2), "active")], 20);
    let run = anthropic(&tree, &server.http(), &["deactivate", "../home/r.json"]);
    assert!(run.status == 1 && run.stdout.contains("nothing was changed"), "{run:#?}");
    assert!(server.requests().iter().all(|request| request.line.starts_with("GET ")));

    let run = anthropic(&tree, &server.http(), &["deactivate", "--yes", "../home/r.json"]);
    assert!(run.status == 0 && run.stdout.contains("it is inactive now"), "{run:#?}");
    let changes: Vec<Request> =
        server.requests().into_iter().filter(|request| request.line.starts_with("POST ")).collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].line, "POST /v1/organizations/api_keys/apikey_0001");
    assert_eq!(changes[0].body, r#"{"status":"inactive"}"#);
    assert_only_admin_key(&server, &found);
}

#[test]
fn of_several_candidates_none_is_changed() {
    let found = [anthropic_key(1)];
    let tree = leaked(&found);
    let server = organisation(vec![row(1, &found[0], "active"), row(2, &found[0], "inactive")], 20);
    let run = anthropic(&tree, &server.http(), &["match", "../home/r.json"]);
    assert!(run.status == 1 && run.stdout.contains("2 keys have this hint"), "{run:#?}");
    assert!(run.stdout.contains("apikey_0001") && run.stdout.contains("apikey_0002"));
    let run = anthropic(&tree, &server.http(), &["deactivate", "--yes", "../home/r.json"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("apikey_0001 (active), apikey_0002 (inactive)"), "{run:#?}");
    assert!(server.requests().iter().all(|request| request.line.starts_with("GET ")));

    let run = anthropic(&tree, &server.http(), &["deactivate", "--yes", "--id", "apikey_0001", "../home/r.json"]);
    assert_eq!(run.status, 0, "a person may choose: {run:#?}");
}

#[test]
fn several_leaked_keys_are_deactivated_one_at_a_time() {
    let found = [anthropic_key(1), anthropic_key(2)];
    let tree = leaked(&found);
    let rows = vec![row(1, &found[0], "active"), row(2, &found[1], "active"), row(3, &anthropic_key(3), "active")];
    let server = organisation(rows, 20);
    let run = anthropic(&tree, &server.http(), &["deactivate", "--yes", "../home/r.json"]);
    assert!(run.status == 2 && run.stderr.contains("2 active keys leaked"), "{run:#?}");
    let run = anthropic(&tree, &server.http(), &["deactivate", "--yes", "--id", "apikey_0003", "../home/r.json"]);
    assert!(run.status == 2 && run.stderr.contains("no key that leaked has the id apikey_0003"), "{run:#?}");
    assert!(server.requests().iter().all(|request| request.line.starts_with("GET ")));
}

#[test]
fn a_change_counts_when_the_api_says_so() {
    let found = [anthropic_key(1)];
    let tree = leaked(&found);
    let rows = vec![row(1, &found[0], "active")];
    let server = Server::plain(move |request| match request.line.starts_with("POST ") {
        true => Reply::json(200, &rows[0].to_string()),
        false => listing(request, &rows, 20),
    });
    let run = anthropic(&tree, &server.http(), &["deactivate", "--yes", "../home/r.json"]);
    assert!(run.status == 2 && run.stderr.contains("says `active`"), "{run:#?}");
}

#[test]
fn what_does_not_answer_like_the_api_is_told_apart() {
    let tree = leaked(&[anthropic_key(1)]);
    let repeats = format!("no {} here", admin_key());
    let moved = Reply::json(302, "{}").with("Location: http://127.0.0.1:1/elsewhere");
    let late = Reply { delay: Duration::from_secs(3), ..Reply::json(200, "{}") };
    let table = [
        (Reply::error(401, "authentication_error", &repeats), 1, "401 authentication_error: no (the admin key) here"),
        (Reply::error(403, "permission_error", "not yours"), 1, "lacks the right"),
        (Reply::error(404, "not_found_error", "what?"), 1, "404 not_found_error"),
        (Reply::error(429, "rate_limit_error", "slow").with("Retry-After: 0"), 4, "too many requests"),
        (Reply::error(429, "rate_limit_error", "slow").with("Retry-After: 3600"), 1, "try again in 3600 s"),
        (Reply::error(529, "overloaded_error", "busy").with("Retry-After: 0"), 4, "529 overloaded_error: busy"),
        (Reply::html(200), 1, "the answer (200) is an HTML page"),
        (Reply::html(403), 1, "the answer (403) is an HTML page"),
        (Reply::html(502).with("Retry-After: 0"), 4, "the answer (502) is an HTML page"),
        (Reply::json(200, "{}"), 1, "nothing that the API would say"),
        (Reply::json(200, &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))), 1, "nothing that the API"),
        (moved, 1, "redirect (302), which is not followed"),
        (Reply::json(200, r#"{"data":[],"has_more":true,"last_id":"x"}"#), 1, "says there is more and not where"),
        (Reply::json(200, &" ".repeat((16 << 20) + 1)), 1, "larger than 16777216 bytes"),
        (late, 1, "no answer within 1 s"),
    ];
    for (reply, tries, said) in table {
        let server = Server::plain(move |_| reply.clone());
        let run = anthropic(&tree, &server.http(), &["match", "--timeout", "1", "../home/r.json"]);
        let lines: Vec<&str> = run.stderr.lines().map(|line| line.trim_matches([' ', '│', '×'])).collect();
        let told = lines.join(" ");
        assert!(run.status == 2 && run.stdout.is_empty() && told.contains(said), "{said}: {run:#?}");
        assert_eq!(server.requests().len(), tries, "{said}");
    }
}

#[test]
fn a_listing_that_repeats_itself_ends() {
    let tree = leaked(&[anthropic_key(1)]);
    let rows = [row(1, &anthropic_key(5), "active")];
    let body = json!({ "data": rows, "has_more": true, "last_id": "apikey_0001" }).to_string();
    let server = Server::plain(move |_| Reply::json(200, &body));
    let run = anthropic(&tree, &server.http(), &["match", "../home/r.json"]);
    assert!(run.status == 2 && server.requests().len() == 2, "{run:#?}");
}

#[test]
fn nobody_there_is_an_error() {
    let tree = leaked(&[anthropic_key(1)]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = anthropic(&tree, &format!("http://{free}"), &["match", "../home/r.json"]);
    assert!(run.status == 2 && run.stderr.contains("cannot be reached"), "{run:#?}");
}

#[test]
fn over_tls_the_server_has_to_prove_who_it_is() {
    let found = [anthropic_key(1)];
    let tree = leaked(&found);
    let authority = Authority::new(&[]);
    let rows = vec![row(1, &found[0], "active")];
    let server = Server::tls(&authority, move |request| listing(request, &rows, 20));
    let run_with = |file: Option<&str>| {
        let mut command = tree.command(&["anthropic", "match", "../home/r.json"]);
        command.env("SKANT_ANTHROPIC_BASE_URL", server.https()).env("ANTHROPIC_ADMIN_API_KEY", admin_key());
        file.map(|file| command.env("SKANT_CA_FILE", tree.home().join(file)));
        run(command, b"")
    };
    authority.write(&tree.home().join("ca.pem"));
    Authority::new(&[]).write(&tree.home().join("other.pem"));
    std::fs::write(tree.home().join("empty.pem"), "").unwrap();
    for (file, said) in [
        (None, "is not trusted"),
        (Some("other.pem"), "is not trusted"),
        (Some("empty.pem"), "there is no certificate in it"),
        (Some("absent.pem"), "SKANT_CA_FILE"),
    ] {
        let run = run_with(file);
        let told: String = run.stderr.lines().map(|line| line.trim_matches([' ', '│', '×']).to_owned() + " ").collect();
        assert!(run.status == 2 && told.contains(said), "{said}: {run:#?}");
    }
    assert_eq!(server.requests().len(), 0);
    let run = run_with(Some("ca.pem"));
    assert_eq!(run.status, 1, "{run:#?}");
    assert_eq!(server.requests().len(), 1);
    let wire = String::from_utf8_lossy(&server.wire()).into_owned();
    assert!(!wire.contains(&admin_key()[..24]) && !wire.contains("api_keys"), "TLS hides the request");
}

#[test]
fn addresses_that_a_key_is_not_sent_to_are_refused() {
    let tree = leaked(&[anthropic_key(1)]);
    for address in
        ["http://api.anthropic.com", "http://127.0.0.1.example.com", "https://u:p@127.0.0.1", "nothing at all"]
    {
        let run = anthropic(&tree, address, &["match", "../home/r.json"]);
        assert!(run.status == 2 && run.stderr.contains("SKANT_ANTHROPIC_BASE_URL"), "{address}: {run:#?}");
        assert!(!run.all().contains("u:p"), "{run:#?}");
    }
}

#[test]
fn a_gateway_is_not_asked() {
    let tree = leaked(&[anthropic_key(1)]);
    let gateway = organisation(Vec::new(), 20);
    let mut command = tree.command(&["anthropic", "match", "../home/r.json"]);
    command.env("ANTHROPIC_BASE_URL", gateway.http()).env("ANTHROPIC_ADMIN_API_KEY", admin_key());
    // So that nobody else is either.
    command.env("HTTPS_PROXY", "http://127.0.0.1:1");
    let run = run(command, b"");
    assert_eq!((run.status, gateway.connections()), (2, 0), "{run:#?}");
}

#[test]
fn proxies_see_tls_only() {
    let found = [anthropic_key(1)];
    let tree = leaked(&found);
    let authority = Authority::new(&["api.anthropic.com"]);
    authority.write(&tree.home().join("ca.pem"));
    let rows = vec![row(1, &found[0], "active")];
    let proxy = Server::tls(&authority, move |request| listing(request, &rows, 20));
    let mut command = tree.command(&["anthropic", "match", "../home/r.json"]);
    command.env("ANTHROPIC_ADMIN_API_KEY", admin_key()).env("SKANT_CA_FILE", tree.home().join("ca.pem"));
    command.env("HTTPS_PROXY", proxy.http());
    let run = run(command, b"");
    assert_eq!((run.status, &*run.stderr), (1, ""), "{run:#?}");
    let lines: Vec<String> = proxy.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["CONNECT api.anthropic.com:443", "GET /v1/organizations/api_keys?limit=1000"]);
    assert!(!String::from_utf8_lossy(&proxy.wire()).contains(&admin_key()[..24]));
}

#[test]
fn the_admin_key_comes_from_its_variable_only() {
    let tree = leaked(&[anthropic_key(1)]);
    let server = organisation(Vec::new(), 20);
    for (name, value, said) in [
        ("ANTHROPIC_API_KEY", admin_key(), "ANTHROPIC_ADMIN_API_KEY is not set"),
        ("ANTHROPIC_ADMIN_API_KEY", " \n".into(), "ANTHROPIC_ADMIN_API_KEY is not set"),
        ("ANTHROPIC_ADMIN_API_KEY", format!("{}\r\nx: y", admin_key()), "is no key"),
    ] {
        let mut command = tree.command(&["anthropic", "match", "../home/r.json"]);
        command.env("SKANT_ANTHROPIC_BASE_URL", server.http()).env(name, value);
        let run = run(command, b"");
        assert!(run.status == 2 && run.stderr.contains(said), "{said}: {run:#?}");
        assert!(!run.all().contains(&admin_key()[15..]), "{run:#?}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn reports_may_say_anything() {
    let tree = leaked(&[anthropic_key(1)]);
    let whole = std::fs::read_to_string(tree.home().join("r.json")).unwrap();
    let lines = std::fs::read_to_string(tree.home().join("r.jsonl")).unwrap();
    let sarif = std::fs::read_to_string(tree.home().join("r.sarif")).unwrap();
    let server = organisation(Vec::new(), 20);
    for (text, said) in [
        (String::new(), "it is empty"),
        ("{".into(), "it ends early"),
        (whole[..whole.len() / 2].to_owned(), "it ends early"),
        (lines.lines().next().unwrap().to_owned(), "the last line of `jsonl` is missing"),
        (whole.replace("\"schema_version\": 1", "\"schema_version\": 2"), "it is of a version"),
        (sarif.replace("\"name\": \"skant\"", "\"name\": \"other\""), "a log of another program"),
        (sarif.replace("\"version\": \"2.1.0\"", "\"version\": \"2.2.0\""), "another version of SARIF"),
        ("[".repeat(200_000), "it is no report of skant"),
        (format!("{{\"schema_version\":1,\"x\":{}", "[".repeat(200_000)), "it ends early"),
        ("{\"findings\":[]}".into(), "it is no report of skant"),
        ("not json".into(), "it is no report of skant"),
        ("{\"schema_version\":1,\"findings\":[{\"rule\":1}]}".into(), "it is no report of skant"),
    ] {
        tree.file("report", &text);
        let run = anthropic(&tree, &server.http(), &["match", "report"]);
        let told: String = run.stderr.lines().map(|line| line.trim_matches([' ', '│', '×']).to_owned() + " ").collect();
        assert!(run.status == 2 && told.contains(said), "{said}: {run:#?}");
    }
    let run = anthropic(&tree, &server.http(), &["match", "absent.json"]);
    assert!(run.status == 2 && run.stderr.contains("absent.json"), "{run:#?}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_report_with_plain_secrets_leaks_none() {
    let found = [anthropic_key(1)];
    let tree = leaked(&found);
    let plain = skant(&tree, &["scan", "src", "--format", "json", "--reveal"]);
    assert!(plain.stdout.contains(&found[0]));
    tree.file("plain.json", &plain.stdout);
    let server = organisation(vec![row(1, &found[0], "active")], 20);
    let run = anthropic(&tree, &server.http(), &["match", "plain.json"]);
    assert!(run.status == 1 && run.stdout.contains(&mask(&found[0])), "{run:#?}");
    assert!(!run.all().contains(&found[0][13..]));
    assert_only_admin_key(&server, &found);
}

#[test]
fn what_is_no_key_of_the_organisation_is_told_with_its_page() {
    let random = Random::new(5).text(support::BASE64URL, 95);
    let found = [anthropic_key_of("admin01", 4), format!("sk-ant-oat01-{random}")];
    let tree = leaked(&found);
    let server = organisation(vec![row(1, &anthropic_key(1), "active")], 20);
    let run = anthropic(&tree, &server.http(), &["match", "../home/r.json"]);
    assert_eq!(run.status, 0, "{run:#?}");
    for page in ["https://platform.claude.com/settings/admin-keys", "https://claude.ai/settings/claude-code"] {
        assert!(run.stdout.contains(page), "{page}: {run:#?}");
    }
}

#[test]
fn where_nothing_leaked_nobody_is_asked() {
    let tree = Tree::new();
    tree.file("a.txt", "nothing\n");
    let clean = skant(&tree, &["scan", "--format", "json"]);
    tree.file("../home/clean.json", &clean.stdout);
    let server = organisation(Vec::new(), 20);
    let run = anthropic(&tree, &server.http(), &["match", "../home/clean.json"]);
    assert_eq!((run.status, &*run.stdout), (0, "no Anthropic credential is in these reports\n"));
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_incomplete_scan_is_told() {
    let tree = leaked(&[anthropic_key(1)]);
    let part = skant(&tree, &["scan", "src", "absent", "--format", "json"]);
    tree.file("part.json", &part.stdout);
    let server = organisation(vec![row(1, &anthropic_key(1), "inactive")], 20);
    let run = anthropic(&tree, &server.http(), &["match", "part.json"]);
    assert!(run.status == 0 && run.stderr.contains("not complete"), "{run:#?}");
}

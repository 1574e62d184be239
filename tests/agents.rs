//! The hooks of coding assistants, on the real binary: what their clients say on standard input, and what
//! skant answers.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, key_of, mask, password, program, run};

/// Runs the hook of an assistant on an event.
#[track_caller]
fn hook(tree: &Tree, arguments: &[&str], event: &Value) -> Run {
    raw(tree, arguments, event.to_string().as_bytes())
}

#[track_caller]
fn raw(tree: &Tree, arguments: &[&str], input: &[u8]) -> Run {
    let run = run(tree.command(&[&["hook"], arguments].concat()), input);
    assert!(!run.stdout.to_lowercase().contains("allow"), "{run:#?}");
    run
}

/// A call of a tool, as Claude Code tells of it.
fn call(tree: &Tree, moment: &str, tool: &str, more: &Value) -> Value {
    let mut event = json!({
        "session_id": "s", "transcript_path": "/nowhere", "cwd": tree.path(""), "permission_mode": "default",
        "hook_event_name": moment, "tool_name": tool, "tool_use_id": "toolu_1",
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn before(tree: &Tree, tool: &str, input: &Value) -> Value {
    call(tree, "PreToolUse", tool, &json!({ "tool_input": input }))
}

fn prompt(tree: &Tree, text: &str) -> Value {
    json!({ "hook_event_name": "UserPromptSubmit", "cwd": tree.path(""), "prompt": text })
}

/// Nothing is said.
#[track_caller]
fn silent(run: &Run) {
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""), "{run:#?}");
}

/// The call is stopped, with the reason on standard error, in which the secret is masked.
#[track_caller]
fn stopped(run: &Run, key: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains(&mask(key)), "{run:#?}");
    assert!(!run.stderr.contains(key), "{run:#?}");
}

/// The hook failed, and says so.
#[track_caller]
fn failed(run: &Run, why: &str) {
    assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{run:#?}");
    assert!(run.stderr.contains(why), "{run:#?}");
}

#[test]
fn every_tool_is_stopped_by_what_it_would_write_run_or_send() {
    let tree = Tree::new();
    let key = anthropic_key(1);
    let line = format!("client = Anthropic(api_key=\"{key}\")\n");
    let curl = format!("curl -H 'x-api-key: {key}' https://api.anthropic.com/v1/models");
    for (tool, input) in [
        ("Write", json!({ "file_path": "a.py", "content": line })),
        ("Edit", json!({ "file_path": "a.py", "old_string": "x", "new_string": line })),
        ("MultiEdit", json!({ "file_path": "a.py", "edits": [{ "old_string": "x", "new_string": line }] })),
        ("NotebookEdit", json!({ "notebook_path": "a.ipynb", "new_source": line })),
        ("Bash", json!({ "command": curl })),
        ("mcp__store__put", json!({ "deep": [{ "items": [1, null, { "v": line }] }] })),
        ("mcp__store__put", json!({ line.trim(): 1 })),
        ("WebFetch", json!({ "url": format!("https://x.invalid/?key={key}") })),
    ] {
        let run = hook(&tree, &["claude-code"], &before(&tree, tool, &input));
        stopped(&run, &key);
        assert!(run.stderr.contains(&format!("skant stopped this use of {tool}")), "{run:#?}");
    }
}

#[test]
fn the_reason_says_where_it_is_and_what_to_do_instead() {
    let tree = Tree::repo();
    let key = anthropic_key(2);
    let input = json!({ "file_path": tree.path("src/a.py"), "content": format!("import os\nKEY = \"{key}\"\n") });
    let run = hook(&tree, &["claude-code"], &before(&tree, "Write", &input));
    let expected = format!(
        "skant stopped this use of Write, since it holds a secret.\n  src/a.py, line 2: Anthropic API key {} \
         (anthropic-api-key, critical)\nWrite a reference in place of the value: ${{VAR}} in configuration",
        mask(&key)
    );
    assert!(run.stderr.starts_with(&expected), "{run:#?}");
}

#[test]
fn a_name_makes_a_value_a_secret() {
    let tree = Tree::new();
    let (name, secret) = ("password", password());
    for input in [
        json!({ name: secret }),
        json!({ "args": ["--password", secret] }),
        json!({ "text": format!("login: root\npassword: {secret}\n") }),
    ] {
        let run = hook(&tree, &["claude-code"], &before(&tree, "mcp__db__open", &input));
        assert_eq!((run.status, run.stderr.contains(&secret)), (2, false), "{run:#?}");
    }
    silent(&hook(&tree, &["claude-code"], &before(&tree, "mcp__db__open", &json!({ "user": secret }))));
}

#[test]
fn clean_calls_get_no_answer() {
    let tree = Tree::new();
    tree.file("a.py", "import os\nkey = os.environ[\"ANTHROPIC_API_KEY\"]\n");
    for (tool, input) in [
        ("Write", json!({ "file_path": "a.py", "content": "api_key = os.environ['KEY']\n" })),
        ("Bash", json!({ "command": "curl -H \"x-api-key: $ANTHROPIC_API_KEY\" https://api.anthropic.com" })),
        ("Read", json!({ "file_path": "a.py" })),
        ("Read", json!({ "file_path": "not-there" })),
        ("Read", json!({ "file_path": "." })),
        ("mcp__a__b", json!({})),
        ("Glob", Value::Null),
    ] {
        silent(&hook(&tree, &["claude-code", "--strict"], &before(&tree, tool, &input)));
    }
    silent(&hook(&tree, &["claude-code"], &prompt(&tree, "please read @a.py, @not-there and mail me@example.invalid")));
}

#[test]
fn an_edit_may_take_a_secret_out() {
    let tree = Tree::new();
    let key = key_of("old");
    let input = json!({ "file_path": "a.py", "old_string": key, "new_string": "os.environ[\"KEY\"]" });
    silent(&hook(&tree, &["claude-code"], &before(&tree, "Edit", &input)));
    let patch = |sign: &str| {
        let text = format!("*** Begin Patch\n*** Update File: a\n@@\n{sign}key = {key}\n*** End Patch\n");
        json!({ "hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": { "command": text } })
    };
    silent(&hook(&tree, &["codex"], &patch("-")));
    stopped(&hook(&tree, &["codex"], &patch("+")), &key);
}

#[test]
fn of_a_file_the_lines_that_are_read_count() {
    let tree = Tree::repo();
    let key = key_of("read");
    tree.file("src/a.env", &format!("A=1\nB=2\nKEY={key}\nC=3\n"));
    let read = |more: Value| {
        let mut input = json!({ "file_path": "src/a.env" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        hook(&tree, &["claude-code"], &before(&tree, "Read", &input))
    };
    for more in [json!({}), json!({ "offset": 3 }), json!({ "offset": 2, "limit": 2 }), json!({ "limit": 3 })] {
        let run = read(more);
        stopped(&run, &key);
        assert!(run.stderr.contains("src/a.env, line 3:"), "{run:#?}");
    }
    for more in
        [json!({ "limit": 2 }), json!({ "offset": 4 }), json!({ "offset": 900 }), json!({ "offset": 1, "limit": 0 })]
    {
        silent(&read(more));
    }
}

#[test]
fn what_a_tool_gave_back_is_looked_at() {
    let tree = Tree::new();
    let key = key_of("back");
    let output = json!({ "tool_input": { "command": "env" }, "tool_response": { "stdout": format!("KEY={key}\n") } });
    let run = hook(&tree, &["claude-code"], &call(&tree, "PostToolUse", "Bash", &output));
    stopped(&run, &key);
    assert!(run.stderr.contains("Do not repeat the value"), "{run:#?}");
    // What a file held before says nothing about the edit.
    let edit = json!({
        "tool_input": { "file_path": "a", "old_string": "x", "new_string": "y" },
        "tool_response": { "originalFile": format!("KEY={key}\nx\n") },
    });
    silent(&hook(&tree, &["claude-code"], &call(&tree, "PostToolUse", "Edit", &edit)));
}

#[test]
fn a_prompt_is_blocked_without_being_shown_again() {
    let tree = Tree::new();
    let key = anthropic_key(3);
    tree.file("allow list.env", &format!("KEY={key}\n")).file("b.env", &format!("a=1\nKEY={key}\n"));
    let texts = [
        format!("use {key} for it"),
        "what is in @\"allow list.env\"?".to_owned(),
        "look at @b.env.".to_owned(),
        "look at (@./b.env)".to_owned(),
        "lines @b.env#L2-3".to_owned(),
    ];
    for text in texts {
        let run = hook(&tree, &["claude-code"], &prompt(&tree, &text));
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:#?}");
        let answer = run.json();
        assert_eq!(answer["decision"], "block");
        assert_eq!(
            answer["hookSpecificOutput"],
            json!({
                "hookEventName": "UserPromptSubmit", "suppressOriginalPrompt": true
            })
        );
        let reason = answer["reason"].as_str().unwrap();
        assert!(reason.contains(&mask(&key)) && !reason.contains(&key), "{reason}");
    }
    silent(&hook(&tree, &["claude-code"], &prompt(&tree, "line @b.env#L1")));
}

#[test]
fn what_cannot_be_understood_is_told_and_blocks_when_strict() {
    let tree = Tree::new();
    let deep = "[".repeat(100_000);
    let cases: [(&[u8], &str); 9] = [
        (b"", "it is no JSON"),
        (b"nonsense", "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b"7", "it is no JSON object"),
        (b"{}", "skant knows no such event"),
        (br#"{"hook_event_name": ["PreToolUse"]}"#, "skant knows no such event"),
        (br#"{"hook_event_name": "Stop"}"#, "skant knows no such event"),
        (b"\xff\xfe{}", "it is no JSON"),
        (deep.as_bytes(), "it is no JSON"),
    ];
    for (input, why) in cases {
        failed(&raw(&tree, &["claude-code"], input), why);
        let run = raw(&tree, &["claude-code", "--strict"], input);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
        assert!(run.stderr.contains(why), "{run:#?}");
    }
}

#[test]
fn wrong_types_and_broken_text_hide_nothing() {
    let tree = Tree::new();
    let key = anthropic_key(4);
    let half =
        format!(r#"{{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{{"command":"\ud800 {key}"}}}}"#);
    stopped(&raw(&tree, &["claude-code"], half.as_bytes()), &key);
    let mut broken = half.replace("\\ud800", "x").into_bytes();
    broken.retain(|&byte| byte != b'}');
    stopped(&raw(&tree, &["claude-code"], &broken), &key);
    let bytes = [b"{\"hook_event_name\":\"PreToolUse\",\"tool_input\":\"\xff\xfe ", key.as_bytes(), b"\"}"].concat();
    stopped(&raw(&tree, &["claude-code"], &bytes), &key);
    for input in [json!(key), json!([[key]]), json!({ "file_path": 7, "content": { "a": [key] } })] {
        stopped(&hook(&tree, &["claude-code"], &before(&tree, "Write", &input)), &key);
    }
    let odd = json!({ "hook_event_name": "UserPromptSubmit", "prompt": { "text": key } });
    assert_eq!(hook(&tree, &["claude-code"], &odd).json()["decision"], "block");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_opened() {
    let tree = Tree::new();
    tree.fifo("pipe").link("zero", "/dev/zero").link("loop", "loop").link("good", "key").key("key");
    for name in ["pipe", "zero", "/dev/zero"] {
        let read = before(&tree, "Read", &json!({ "file_path": name }));
        failed(&hook(&tree, &["claude-code"], &read), "it is a pipe or a device");
        assert_eq!(hook(&tree, &["claude-code", "--strict"], &read).status, 2);
        failed(&hook(&tree, &["claude-code"], &prompt(&tree, &format!("@{name}"))), "it is a pipe or a device");
    }
    failed(&hook(&tree, &["claude-code"], &before(&tree, "Read", &json!({ "file_path": "loop" }))), "loop");
    // The client follows a link, and so does the hook.
    stopped(&hook(&tree, &["claude-code"], &before(&tree, "Read", &json!({ "file_path": "good" }))), &key_of("key"));
    let blocked = hook(&tree, &["claude-code", "--strict"], &prompt(&tree, "@pipe")).json();
    assert_eq!(blocked["decision"], "block");
}

#[test]
fn a_huge_file_is_read_in_part_and_that_is_told() {
    let tree = Tree::new();
    let key = key_of("huge");
    tree.file("huge", &format!("KEY={key}\n"));
    let file = std::fs::OpenOptions::new().write(true).open(tree.path("huge")).unwrap();
    file.set_len(1 << 30).unwrap();
    stopped(&hook(&tree, &["claude-code"], &before(&tree, "Read", &json!({ "file_path": "huge" }))), &key);
    let rest = json!({ "file_path": "huge", "offset": 2 });
    failed(&hook(&tree, &["claude-code"], &before(&tree, "Read", &rest)), "only the first 16 MiB");
    silent(&hook(
        &tree,
        &["claude-code"],
        &before(&tree, "Read", &json!({ "file_path": "huge", "offset": 2, "limit": 0 })),
    ));
}

#[test]
fn a_prompt_of_nothing_but_mentions_ends() {
    let tree = Tree::new();
    for text in ["@".repeat(1 << 20), "@(".repeat(1 << 20), "@a ".repeat(1 << 20)] {
        failed(&hook(&tree, &["claude-code"], &prompt(&tree, &text)), "more than 4096 `@`");
    }
    let names: String = (0..300).map(|at| format!("@{at} ")).collect();
    failed(&hook(&tree, &["claude-code"], &prompt(&tree, &names)), "more than 256 files are named");
}

#[test]
fn other_clients_are_answered_in_their_own_words() {
    let tree = Tree::new();
    let key = anthropic_key(5);
    let run = hook(&tree, &["codex"], &prompt(&tree, &key));
    stopped(&run, &key);
    let arguments = json!({ "command": format!("export KEY={key}") }).to_string();
    let copilot = json!({ "timestamp": 1, "cwd": tree.path(""), "toolName": "bash", "toolArgs": arguments });
    let answer = hook(&tree, &["copilot"], &copilot).json();
    assert_eq!(answer["permissionDecision"], "deny");
    assert!(answer["permissionDecisionReason"].as_str().unwrap().contains(&mask(&key)));
    for event in [
        json!({ "hook_event_name": "beforeShellExecution", "command": format!("KEY={key} run"), "cwd": "" }),
        json!({ "hook_event_name": "beforeMCPExecution", "tool_name": "put", "tool_input": json!({ "v": key }).to_string() }),
        json!({ "hook_event_name": "beforeReadFile", "file_path": "a.py", "content": format!("KEY = \"{key}\"") }),
        json!({ "hook_event_name": "preToolUse", "tool_name": "Shell", "tool_input": { "command": format!("KEY={key}") } }),
    ] {
        let run = hook(&tree, &["cursor"], &event);
        assert_eq!((run.status, &run.json()["permission"]), (0, &json!("deny")), "{run:#?}");
        assert!(!run.all().contains(&key), "{run:#?}");
    }
    tree.file("a.env", &format!("KEY={key}\n"));
    let attached = json!({
        "hook_event_name": "beforeSubmitPrompt", "prompt": "see it",
        "attachments": [{ "type": "file", "file_path": tree.path("a.env") }],
    });
    assert_eq!(hook(&tree, &["cursor"], &attached).json()["continue"], false);
    let edit = json!({
        "hook_event_name": "afterFileEdit", "file_path": "a.py",
        "edits": [{ "old_string": key, "new_string": "os.environ[\"KEY\"]" }],
    });
    silent(&hook(&tree, &["cursor"], &edit));
}

/// Runs the program with a `skant` on its path, which is this one.
#[cfg(unix)]
#[track_caller]
fn skant_on_path(tree: &Tree, arguments: &[&str]) -> Run {
    let folder = tree.home().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let _ = std::os::unix::fs::symlink(program(), folder.join("skant"));
    let mut command = tree.command(arguments);
    command.env("PATH", folder);
    run(command, b"")
}

#[cfg(unix)]
#[test]
fn settings_are_written_and_restored_byte_for_byte() {
    for (agent, file) in [
        ("claude-code", ".claude/settings.json"),
        ("codex", ".codex/hooks.json"),
        ("copilot", ".github/hooks/skant.json"),
        ("cursor", ".cursor/hooks.json"),
    ] {
        for text in
            ["{\r\n\t\"model\" : \"x\",\r\n\t\"hooks\": { \"Stop\": [] }\r\n}", "{}", "{\n    \"a\": [ 1,2 ]\n}\n\n"]
        {
            let tree = Tree::repo();
            tree.file(file, text).folder("src");
            let inside = |command: &str| skant_on_path(&tree, &["-C", "src", command, "--agent", agent]);
            assert_eq!(inside("install").status, 0);
            let written = std::fs::read_to_string(tree.path(file)).unwrap();
            assert!(written.contains(&format!("\"skant hook {agent}\"")), "{written}");
            serde_json::from_str::<Value>(&written).unwrap();
            assert!(inside("install").stdout.contains("is installed already"));
            assert_eq!(std::fs::read_to_string(tree.path(file)).unwrap(), written);
            assert_eq!(inside("uninstall").status, 0);
            assert_eq!(std::fs::read_to_string(tree.path(file)).unwrap(), text);
            assert!(inside("uninstall").stdout.contains("nothing to take out"));
        }
    }
}

#[cfg(unix)]
#[test]
fn settings_that_were_not_there_are_gone_again() {
    let tree = Tree::new();
    let all = ["--agent", "claude-code", "--agent", "codex", "--agent", "copilot", "--agent", "cursor"];
    for arguments in [&all[..], &["--global", "--agent", "claude-code"]] {
        assert_eq!(skant_on_path(&tree, &[&["install"], arguments].concat()).status, 0);
        let folder = if arguments.contains(&"--global") { tree.home() } else { tree.path("") };
        assert!(folder.join(".claude/settings.json").exists());
        assert_eq!(skant_on_path(&tree, &[&["uninstall"], arguments].concat()).status, 0);
        for name in [".claude", ".codex", ".github", ".cursor"] {
            assert!(!folder.join(name).exists(), "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn settings_that_are_no_json_are_left_alone() {
    for text in [
        "",
        "{ // a comment\n}",
        "[]",
        "{\"hooks\": []}",
        "{\"hooks\": {\"PreToolUse\": {}}}",
        "{\"hooks\": {}, \"hooks\": {}}",
    ] {
        let tree = Tree::new();
        tree.file(".claude/settings.json", text);
        let run = skant_on_path(&tree, &["install", "--agent", "claude-code"]);
        assert_eq!(run.status, 2, "{run:#?}");
        assert!(run.stderr.contains(".claude/settings.json was not changed"), "{run:#?}");
        assert_eq!(std::fs::read_to_string(tree.path(".claude/settings.json")).unwrap(), text);
    }
    let tree = Tree::new();
    tree.folder(".claude").fifo(".claude/settings.json");
    assert_eq!(skant_on_path(&tree, &["install", "--agent", "claude-code"]).status, 2);
}

#[cfg(unix)]
#[test]
fn the_installed_command_works_without_a_path() {
    let tree = Tree::new();
    let run = support::skant(&tree, &["install", "--agent", "claude-code"]);
    assert!(run.stdout.contains("which is not on the path"), "{run:#?}");
    let settings: Value =
        serde_json::from_str(&std::fs::read_to_string(tree.path(".claude/settings.json")).unwrap()).unwrap();
    let key = anthropic_key(6);
    for event in ["PreToolUse", "PostToolUse"] {
        let command = settings["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap();
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", command]).current_dir(tree.path("")).env_clear();
        let input = call(&tree, event, "Bash", &json!({ "tool_input": { "command": key }, "tool_response": key }));
        stopped(&support::run(shell, input.to_string().as_bytes()), &key);
    }
    assert_eq!(support::skant(&tree, &["uninstall", "--agent", "claude-code"]).status, 0);
    assert!(!tree.path(".claude").exists());
}

#[cfg(unix)]
#[test]
fn the_doctor_tells_of_assistants() {
    let tree = Tree::repo();
    let says = |what: &str| {
        let run = skant_on_path(&tree, &["doctor"]);
        assert!(run.stdout.contains(what), "{run:#?}");
    };
    says("claude-code: skant does not run");
    skant_on_path(&tree, &["install", "--agent", "claude-code"]);
    says("settings.json names skant\n");
    let settings = std::fs::read_to_string(tree.path(".claude/settings.json")).unwrap();
    tree.file(".claude/settings.json", &settings.replacen('{', "{ \"disableAllHooks\": true,", 1));
    says("settings.json names skant, and switches all hooks off");
    tree.file(".claude/settings.json", "{");
    says("settings.json cannot be read");
}

#[cfg(unix)]
#[test]
fn the_plugin_has_the_hooks_that_are_installed() {
    let tree = Tree::new();
    skant_on_path(&tree, &["install", "--agent", "claude-code"]);
    let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let installed = read(std::fs::read_to_string(tree.path(".claude/settings.json")).unwrap());
    assert_eq!(installed, read(std::fs::read_to_string("plugin/hooks/hooks.json").unwrap()));
    let plugin = read(std::fs::read_to_string("plugin/.claude-plugin/plugin.json").unwrap());
    assert_eq!(plugin["version"], env!("CARGO_PKG_VERSION"));
    let market = read(std::fs::read_to_string(".claude-plugin/marketplace.json").unwrap());
    assert_eq!(market["plugins"][0]["source"], "./plugin");
    let docs = std::fs::read_to_string("docs/agents.md").unwrap();
    let block = docs.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(installed, read(block.to_owned()));
}

/// A session with the server: what it answers to some requests, by their number.
#[track_caller]
fn session(tree: &Tree, requests: &[Value]) -> Vec<Value> {
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
    }});
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let mut input = format!("{hello}\n{ready}\n");
    for (number, request) in requests.iter().enumerate() {
        let mut request = request.clone();
        request["jsonrpc"] = json!("2.0");
        request["id"] = json!(number + 1);
        input += &format!("{request}\n");
    }
    let run = run(tree.command(&["mcp"]), input.as_bytes());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:#?}");
    let mut answers: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    answers
}

fn tool(name: &str, arguments: &Value) -> Value {
    json!({ "method": "tools/call", "params": { "name": name, "arguments": arguments } })
}

fn content(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer:#}"))
}

#[test]
fn the_server_scans_and_explains() {
    let tree = Tree::repo();
    let key = key_of("app.py");
    tree.key("app.py").git(&["add", "."]);
    let answers = session(
        &tree,
        &[
            json!({ "method": "tools/list" }),
            tool("scan_text", &json!({ "text": format!("a\nkey = {key}\n"), "filename": "x.py" })),
            tool("scan_text", &json!({ "text": "nothing" })),
            tool("scan_staged", &json!({})),
            tool("explain_rule", &json!({ "rule": "anthropic-api-key" })),
        ],
    );
    assert_eq!(answers.len(), 6);
    assert_eq!(answers[0]["result"]["serverInfo"]["name"], "skant");
    let tools: Vec<_> = answers[1]["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(tools, ["scan_text", "scan_staged", "explain_rule"]);
    let report = |at: usize| serde_json::from_str::<Value>(content(&answers[at])).unwrap();
    let findings = &report(2)["findings"];
    assert_eq!(
        (&findings[0]["path"], &findings[0]["line"], &findings[0]["secret"]),
        (&json!("x.py"), &json!(2), &json!(mask(&key)))
    );
    assert_eq!(report(3)["findings"], json!([]));
    assert_eq!(report(4)["scan"]["source"], "staged");
    assert_eq!(report(4)["findings"][0]["path"], "app.py");
    assert!(content(&answers[5]).contains("platform.claude.com"));
    assert!(!format!("{answers:?}").contains(&key));
}

#[test]
fn the_server_answers_nonsense_with_an_error() {
    let tree = Tree::new();
    let key = anthropic_key(7);
    let answers = session(
        &tree,
        &[
            tool("scan_text", &json!({})),
            tool("scan_text", &json!({ "text": 7 })),
            tool("scan_text", &json!({ "text": "x", key.clone(): 1 })),
            tool("scan_staged", &json!({})),
            tool("explain_rule", &json!({ "rule": key })),
            tool(&key, &json!({})),
            json!({ "method": key }),
        ],
    );
    for answer in &answers[1..6] {
        assert_eq!(answer["result"]["isError"], true, "{answer}");
    }
    for answer in &answers[6..] {
        assert!(answer["error"]["code"].is_i64(), "{answer}");
    }
    assert_eq!(answers.len(), 8);
    assert!(!format!("{answers:?}").contains(&key));
    for input in ["", "nonsense\n", "{}\n[]\n", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n"] {
        let run = run(tree.command(&["mcp"]), input.as_bytes());
        assert!(run.status == 0 || run.status == 2, "{run:#?}");
    }
}

/// A secret that only its name gives away.
fn random_value() -> String {
    support::Random::new(11).text(support::BASE62, 32)
}

#[test]
fn keys_are_found_where_assistants_keep_them() {
    let tree = Tree::new();
    let value = random_value();
    let server = json!({ "mcpServers": { "a/b": {
        "command": "npx", "args": ["-y", "server", "--api-key", value], "env": { "ACME_API_KEY": value, "MODE": "x" },
        "headers": { "Authorization": format!("Bearer {value}") },
    }}});
    let pretty = serde_json::to_string_pretty(&server).unwrap();
    for file in
        [".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", "claude_desktop_config.json", ".gemini/settings.json"]
    {
        tree.file(file, &pretty);
    }
    tree.file(".claude/settings.json", &json!({ "env": { "ACME_TOKEN": value } }).to_string());
    let rule = format!("Bash(ACME_TOKEN={value} deploy:*)");
    tree.file(
        ".claude/settings.local.json",
        &json!({ "permissions": { "deny": [], "allow": ["Read(*)", rule] } }).to_string(),
    );
    tree.file(".codex/config.toml", &format!("model = \"x\"\n[mcp_servers.acme.env]\nACME_API_KEY = \"{value}\"\n"));
    tree.file(".aider.conf.yml", &format!("openai-api-key: {value}\n"));
    tree.file(".continue/config.yaml", &format!("models:\n  - name: x\n    apiKey: {value}\n"));
    tree.file("litellm_config.yaml", &format!("general_settings:\n  master_key: {value}\n"));
    tree.file("CLAUDE.md", &format!("Deploy with\n\n    ACME_TOKEN={value} deploy\n"));
    tree.file(
        ".claude/projects/p/s.jsonl",
        &format!("{}\n{}\n", json!({ "a": 1 }), json!({ "m": [{ "text": format!("ACME_TOKEN={value}") }] })),
    );
    let findings = support::scan(&tree, &["."]).findings();
    let mut found: Vec<(String, String)> = findings
        .iter()
        .map(|one| (one["path"].as_str().unwrap().to_owned(), one["pointer"].as_str().unwrap_or("-").to_owned()))
        .collect();
    found.sort();
    found.dedup();
    let mut expected: Vec<(String, String)> = Vec::new();
    for file in
        [".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", "claude_desktop_config.json", ".gemini/settings.json"]
    {
        for pointer in ["args/3", "env/ACME_API_KEY", "headers/Authorization"] {
            expected.push((file.into(), format!("/mcpServers/a~1b/{pointer}")));
        }
    }
    for (file, pointer) in [
        (".claude/settings.json", "/env/ACME_TOKEN"),
        (".claude/settings.local.json", "/permissions/allow/1"),
        (".codex/config.toml", "/mcp_servers/acme/env/ACME_API_KEY"),
        (".aider.conf.yml", "/openai-api-key"),
        (".continue/config.yaml", "/models/0/apiKey"),
        ("litellm_config.yaml", "/general_settings/master_key"),
        ("CLAUDE.md", "-"),
        (".claude/projects/p/s.jsonl", "/m/0/text"),
    ] {
        expected.push((file.into(), pointer.into()));
    }
    expected.sort();
    assert_eq!(found, expected);
    for one in &findings {
        assert!(one["note"].as_str().is_some_and(|note| note.contains("${")), "{one:#}");
    }
}

#[test]
fn a_pointer_repeats_no_secret_and_leads_through_broken_files_nowhere() {
    let tree = Tree::new();
    let key = anthropic_key(8);
    tree.file("a.json", &json!({ key.clone(): { "token": key } }).to_string());
    tree.file("b.json", &format!("{{\"k\": \"{key}\""));
    tree.file("c.json", &format!("{}\"{key}\"", "[".repeat(50_000)));
    let run = support::scan(&tree, &["."]);
    assert!(!run.all().contains(&key));
    let pointers: Vec<(String, Value)> = run
        .findings()
        .into_iter()
        .map(|one| (one["path"].as_str().unwrap().to_owned(), one["pointer"].clone()))
        .collect();
    assert!(pointers.contains(&("a.json".into(), json!(format!("/{}/token", mask(&key))))), "{pointers:?}");
    assert!(pointers.contains(&("b.json".into(), Value::Null)) && pointers.contains(&("c.json".into(), Value::Null)));
}

/// A repository whose last commit says that one key is fine in one folder, and knows another one.
fn with_policy() -> Tree {
    let tree = Tree::repo();
    tree.file("skant.toml", "[[allow]]\npath = \"fixtures/**\"\nreason = \"made up\"\n")
        .key("fixtures/a")
        .key("known.py");
    assert_eq!(run(tree.command(&["baseline", "create"]), b"").status, 0);
    tree.git(&["add", "-A"]).git(&["commit", "-qm", "x"]);
    tree
}

fn write(tree: &Tree, path: &str, text: &str) -> Value {
    before(tree, "Write", &json!({ "file_path": path, "content": text }))
}

fn read(tree: &Tree, path: impl AsRef<std::path::Path>) -> Value {
    before(tree, "Read", &json!({ "file_path": tree.path(path) }))
}

#[cfg(unix)]
#[test]
fn what_the_last_commit_says_is_fine_is_fine() {
    let tree = with_policy();
    let key = anthropic_key(20);
    let hook = |event: Value| hook(&tree, &["claude-code", "--strict"], &event);
    silent(&hook(read(&tree, "fixtures/a")));
    silent(&hook(read(&tree, "known.py")));
    silent(&hook(write(&tree, "fixtures/b", &key)));
    silent(&hook(write(&tree, tree.path("sub/../fixtures/c").to_str().unwrap(), &format!("key = {key}"))));
    stopped(&hook(write(&tree, "b.py", &key)), &key);
    for path in ["fixtures/../b.py", "fixtures/no/../../b.py", "no/../b.py"] {
        let run = hook(write(&tree, path, &key));
        stopped(&run, &key);
        assert!(run.stderr.contains("\n  b.py, line 1"), "{run:#?}");
    }
    tree.folder("src").link("fixtures/link", "../src");
    stopped(&hook(write(&tree, "fixtures/link/b.py", &key)), &key);
    // A copy of what is known is new elsewhere.
    stopped(&hook(write(&tree, "copy.py", &key_of("known.py"))), &key_of("known.py"));
    // What is fine here is not fine elsewhere.
    let other = Tree::repo();
    other.key("fixtures/a");
    stopped(&hook(read(&tree, other.path("fixtures/a"))), &key_of("fixtures/a"));
    stopped(&hook(write(&tree, other.path("fixtures/a").to_str().unwrap(), &key)), &key);
    let nowhere = Tree::new();
    nowhere.key("fixtures/a");
    stopped(&hook(read(&tree, nowhere.path("fixtures/a"))), &key_of("fixtures/a"));
}

#[test]
fn an_assistant_cannot_excuse_itself() {
    let tree = with_policy();
    let key = key_of("b.py");
    tree.key("b.py").file("skant.toml", "[[allow]]\npath = \"**\"\nreason = \"I say so\"\n");
    tree.file("sub/skant.toml", "[rules.\"*\"]\nenabled = false\n").key("sub/c.py");
    let committed = |event: &Value| hook(&tree, &["claude-code"], event);
    let run = committed(&read(&tree, "b.py"));
    stopped(&run, &key);
    assert!(run.stderr.contains("note: the exception at skant.toml:1 (path `**`; I say so) is new and does not count"));
    stopped(&committed(&read(&tree, "sub/c.py")), &key_of("sub/c.py"));
    // Nor by what it writes beside the key; what a person wrote there counts.
    for mark in ["skant: allow", "gitleaks:allow", "pragma: allowlist secret"] {
        stopped(&committed(&write(&tree, "d.py", &format!("key = '{key}' # {mark}\n"))), &key);
    }
    stopped(&committed(&before(&tree, "Bash", &json!({ "command": format!("echo {key} # skant: allow") }))), &key);
    tree.file("e.py", &format!("key = '{key}' # skant: allow made up\n"));
    silent(&committed(&read(&tree, "e.py")));
    silent(&committed(&prompt(&tree, &format!("what is {key}? skant: allow"))));
    // When it is committed, somebody else may still say which commit counts.
    tree.git(&["add", "-A"]).git(&["commit", "-qm", "excuse"]);
    silent(&committed(&read(&tree, "b.py")));
    stopped(&hook(&tree, &["claude-code", "--config-from", "HEAD~1"], &read(&tree, "b.py")), &key);
}

#[test]
fn a_policy_that_cannot_be_read_excuses_nothing() {
    let tree = with_policy();
    tree.file("skant.toml", "[[allow]]\nnonsense = 1\n").git(&["commit", "-qam", "broken"]);
    let key = key_of("fixtures/a");
    stopped(&hook(&tree, &["claude-code"], &read(&tree, "fixtures/a")), &key);
    failed(&hook(&tree, &["claude-code"], &write(&tree, "b.py", "nothing")), "no exception counts: unknown field");
    assert_eq!(hook(&tree, &["claude-code", "--strict"], &write(&tree, "b.py", "nothing")).status, 2);
    let nothing = write(&tree, "b.py", "nothing");
    failed(&hook(&tree, &["claude-code", "--config-from", "v9"], &nothing), "v9");
    // Before the first commit nothing is said.
    let young = Tree::repo();
    young.file("skant.toml", "[[allow]]\npath = \"**\"\nreason = \"I say so\"\n").key("a");
    stopped(&hook(&young, &["claude-code", "--strict"], &read(&young, "a")), &key_of("a"));
    silent(&hook(&young, &["claude-code", "--strict"], &write(&young, "b", "nothing")));
}

#[test]
fn the_rules_of_the_last_commit_are_looked_for() {
    let tree = Tree::repo();
    tree.file(
        "skant.toml",
        "provider = 'Acme'\n[rules.\"anthropic-*\"]\nenabled = false\n[[rule]]\nid = 'acme-key'\nname = 'Acme key'\n\
         severity = 'high'\nkeywords = ['acme_']\npattern = 'acme_[0-9a-f]{32}'\n",
    );
    tree.git(&["add", "-A"]).git(&["commit", "-qm", "x"]);
    let secret = format!("acme_{}", support::Random::new(3).text("0123456789abcdef", 32));
    let run = hook(&tree, &["claude-code"], &write(&tree, "a", &secret));
    assert_eq!((run.status, run.stderr.contains("acme-key")), (2, true), "{run:#?}");
    silent(&hook(&tree, &["claude-code"], &write(&tree, "a", &anthropic_key(1))));
    let answers = session(&tree, &[tool("explain_rule", &json!({ "rule": "acme-key" }))]);
    assert!(content(&answers[1]).contains("Acme key"));
}

#[test]
fn the_server_heeds_what_the_last_commit_says() {
    let tree = with_policy();
    let key = anthropic_key(20);
    tree.key("b.py").key("fixtures/d").file("skant.toml", "").git(&["add", "-A"]);
    let text = |name: &str, text: &str| tool("scan_text", &json!({ "text": text, "filename": name }));
    let answers = session(
        &tree,
        &[
            text("fixtures/x", &key),
            text("x.py", &key),
            text("x.py", &format!("{key} # skant: allow")),
            tool("scan_staged", &json!({})),
        ],
    );
    let report = |at: usize| serde_json::from_str::<Value>(content(&answers[at])).unwrap();
    let counts = [1, 2, 3].map(|at| report(at)["findings"].as_array().unwrap().len());
    assert_eq!((counts, &report(1)["scan"]["suppressed"]["config"]), ([0, 1, 1], &json!(1)));
    assert_eq!(report(4)["findings"].as_array().unwrap().iter().map(|one| &one["path"]).collect::<Vec<_>>(), ["b.py"]);
}

/// Names that no rule knows.
#[test]
fn in_the_settings_of_assistants_a_place_makes_a_secret() {
    let tree = Tree::repo();
    let value = random_value();
    let server = json!({ "env": { "LINEAR": value, "ACME_PAT": value, "PROJECT_ID": value }, "headers": { "X-Any": value },
        "args": ["--acme", value, format!("--linear={value}")] });
    let given = ["args/1", "args/2", "env/ACME_PAT", "env/LINEAR", "headers/X-Any"];
    let mut expected: Vec<(String, String)> = Vec::new();
    for (file, key) in [
        (".mcp.json", "mcpServers"),
        (".cursor/mcp.json", "mcpServers"),
        (".vscode/mcp.json", "servers"),
        ("claude_desktop_config.json", "mcpServers"),
        (".gemini/settings.json", "mcpServers"),
    ] {
        tree.file(file, &json!({ key: { "a": server } }).to_string());
        expected.extend(given.map(|way| (file.to_owned(), format!("/{key}/a/{way}"))));
    }
    tree.file(
        ".claude/settings.local.json",
        &json!({ "env": { "LINEAR": value }, "permissions": { "allow": [format!("Bash(LINEAR={value} x:*)")] } })
            .to_string(),
    );
    tree.file(".codex/config.toml", &format!("[mcp_servers.a]\nhttp_headers = {{ X-Any = \"{value}\" }}\n"));
    tree.file(".aider.conf.yml", &format!("set-env:\n  - LINEAR={value}\napi-key:\n- acme={value}\n"));
    for (file, way) in [
        (".claude/settings.local.json", "/env/LINEAR"),
        (".claude/settings.local.json", "/permissions/allow/0"),
        (".codex/config.toml", "/mcp_servers/a/http_headers/X-Any"),
        (".aider.conf.yml", "/set-env/0"),
        (".aider.conf.yml", "/api-key/0"),
    ] {
        expected.push((file.into(), way.into()));
    }
    // What is no such place, and no such file.
    tree.file("package.json", &json!({ "env": { "LINEAR": value } }).to_string());
    tree.file("app/settings.json", &json!({ "env": { "LINEAR": value } }).to_string());
    let quiet = json!({ "env": {
        "MODEL": "claude-3-5-sonnet-20241022", "ORG_UUID": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "REF": "${LINEAR}",
        "FLAG": "my-org-name-2024-production", "BUILD": "2024.11.21-build-1234567", "LIB": "/usr/lib/python3.12/site-packages",
    }, "args": ["@acme/server-filesystem@2025.8.21", "e83c5163316f89bfbde7d9ab23ca2e25604af290", "app-7d9f8b6c5d-x2x4z"] });
    tree.file("quiet/.mcp.json", &json!({ "mcpServers": { "a": quiet } }).to_string());
    expected.sort();
    let found = |arguments: &[&str]| {
        let run = support::skant(&tree, &[arguments, &["--format", "json", "--skip", "dotenv-*"]].concat());
        let place = |one: &Value| (one["path"].as_str().unwrap().into(), one["pointer"].as_str().unwrap_or("-").into());
        let mut found: Vec<(String, String)> = run.findings().iter().map(place).collect();
        found.sort();
        found
    };
    assert_eq!(found(&["scan", "."]), expected);
    // The same from the index, and from history: all of it, by another reader, and what a commit brought.
    tree.git(&["add", "-A", "-f"]);
    assert_eq!(found(&["staged"]), expected);
    tree.git(&["commit", "-qm", "first"]);
    assert_eq!(found(&["history"]), expected);
    assert_eq!(found(&["history", "--plain"]), expected);
    assert_eq!(found(&["history", "HEAD"]), expected);
    // What was there before is not new.
    let other: String = value.chars().rev().collect();
    let servers = json!({ "mcpServers": { "a": { "env": { "LINEAR": value, "OTHER": other } } } });
    tree.file(".mcp.json", &servers.to_string()).file("b.txt", "nothing").git(&["add", "-A", "-f"]);
    tree.git(&["commit", "-qm", "second"]);
    assert_eq!(found(&["history", "HEAD~..HEAD"]), [(".mcp.json".into(), "/mcpServers/a/env/OTHER".into())]);
    assert_eq!(found(&["history"]).len(), expected.len() + 1);
}

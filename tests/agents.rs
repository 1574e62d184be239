//! The hooks of coding assistants, on the real binary: what their clients say on standard input, and what
//! skant answers.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use serde_json::{Value, json};
use support::{Run, Tree, anthropic_key, key_of, mask, password, run};

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

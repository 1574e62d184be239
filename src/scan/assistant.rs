//! The files in which coding assistants keep keys, and what to write there instead.

use std::ops::Range;

use crate::agent::is_settings;

/// What a person should know about a secret in such a file, by its path.
pub(super) fn note(path: &[u8]) -> Option<&'static str> {
    let path = String::from_utf8_lossy(path).to_ascii_lowercase();
    let ends = |name: &str| path == name || path.strip_suffix(name).is_some_and(|before| before.ends_with('/'));
    let has_folder = |name: &str| path.starts_with(name) || path.contains(&format!("/{name}"));
    let found = NOTES.iter().find(|(names, _)| names.iter().any(|name| ends(name)));
    if let Some((_, note)) = found {
        return Some(note);
    }
    (has_folder(".claude/projects/") && path.ends_with(".jsonl")).then_some(TRANSCRIPT)
}

/// Where such values stand: what is given to a server or a command.
const GIVEN: [&str; 10] = [
    "env",
    "environment",
    "environment_variables",
    "headers",
    "http_headers",
    "requestInit",
    "args",
    "set-env",
    "api-key",
    "permissions",
];

/// Those of them that are commands.
const COMMANDS: [&str; 2] = ["args", "permissions"];

/// What the name of a value ends with that is none, however random it looks.
const PUBLIC: [&str; 24] = [
    "id", "ids", "url", "uri", "path", "paths", "dir", "file", "host", "region", "zone", "model", "version", "project",
    "org", "user", "username", "email", "name", "sha", "hash", "digest", "checksum", "commit",
];

/// Whether a file has settings in which a value is a secret by where it stands, whatever it is called.
pub(super) fn has_settings(path: &[u8]) -> bool {
    is_settings(path) && note(path).is_some()
}

/// Whether what stands at a place of such a file may be a secret, whatever its name.
pub(super) fn is_given(pointer: &str) -> bool {
    let last = pointer.rsplit('/').next().unwrap_or_default();
    pointer.split('/').any(|step| GIVEN.contains(&step)) && !is_public(last)
}

fn is_public(name: &str) -> bool {
    let word = name.rsplit(['_', '-', '.']).next().unwrap_or(name);
    PUBLIC.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The words of a text that may be secrets: a command has many, and `NAME=value` and `--name=value` are two.
pub(super) fn words<'t>(text: &'t [u8], way: &str, span: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'t> {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`\\(),;:@|&<>[]{}".contains(byte);
    let is_command = way.split('/').any(|step| COMMANDS.contains(&step));
    let mut at = span.start;
    text[span].split(is_between).filter_map(move |word| {
        let begin = at;
        at += word.len() + 1;
        let named = memchr::memchr(b'=', word).filter(|&end| end + 1 < word.len() && word[..end].iter().all(is_name));
        if named.is_some_and(|end| is_public(&String::from_utf8_lossy(&word[..end]))) {
            return None;
        }
        let value = named.map_or(0, |end| end + 1);
        let is_it = is_like_a_token(&word[value..], is_command && named.is_none());
        is_it.then_some(begin + value..begin + word.len())
    })
}

fn is_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Long enough, with a part that mixes letters and digits, and no UUID. A word of a command that nothing names
/// may also be the id of a commit, or the name of a machine: it has capitals, too.
fn is_like_a_token(word: &[u8], is_nameless: bool) -> bool {
    const SHORTEST: usize = 20;
    const SHORTEST_PART: usize = 12;
    let is_mixed = |part: &[u8]| {
        part.len() >= SHORTEST_PART
            && part.iter().any(u8::is_ascii_digit)
            && part.iter().any(u8::is_ascii_alphabetic)
            && (!is_nameless || part.iter().any(u8::is_ascii_uppercase) && part.iter().any(u8::is_ascii_lowercase))
    };
    let is_uuid = word.len() == 36 && [8, 13, 18, 23].iter().all(|&at| word[at] == b'-');
    word.len() >= SHORTEST
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-+=.~".contains(byte))
        && word.split(|byte| !byte.is_ascii_alphanumeric()).any(is_mixed)
        && !is_uuid
}

const TRANSCRIPT: &str = "this is the transcript of an assistant's session, so the value was sent to a model: next time \
                          name the variable, `${VAR}`, and not its value";

/// The names of files, and what is true of them.
const NOTES: [(&[&str], &str); 9] = [
    (
        &[".claude/settings.json", ".claude/settings.local.json", ".claude.json"],
        "Claude Code reads this file: leave the value in the environment (`${VAR}` in a command), or let `apiKeyHelper` \
         print it; a permission that holds one is written without it",
    ),
    (&[".mcp.json"], "write `${VAR}` in its place: the client fills it in from the environment"),
    (
        &[".cursor/mcp.json", ".vscode/mcp.json", ".vscode/settings.json"],
        "write `${env:VAR}` in its place: the editor fills it in from the environment",
    ),
    (
        &["claude_desktop_config.json"],
        "leave the value out: start the server by a script that takes `${VAR}` from a store of secrets",
    ),
    (
        &[".codex/config.toml"],
        "name the variable in place of its value: `env_vars = [\"VAR\"]`, `bearer_token_env_var = \"VAR\"`; a command may \
         use `${VAR}`",
    ),
    (&[".gemini/settings.json"], "write `${VAR}` in its place: the client fills it in from the environment"),
    (
        &[".aider.conf.yml", ".aider.conf.yaml"],
        "leave the value out: aider reads the variable from the environment (`${VAR}` in a command)",
    ),
    (
        &[
            ".continue/config.json",
            ".continue/config.yaml",
            "litellm_config.yaml",
            "litellm-config.yaml",
            "litellm.yaml",
        ],
        "name the variable in place of its value: `${{ secrets.VAR }}` for Continue, `os.environ/VAR` for LiteLLM, \
         `${VAR}` elsewhere",
    ),
    (
        &[
            "claude.md",
            "claude.local.md",
            "agents.md",
            "gemini.md",
            ".cursorrules",
            ".windsurfrules",
            "copilot-instructions.md",
        ],
        "what stands here is sent to a model with every question: name the variable, `${VAR}`, and not its value",
    ),
];

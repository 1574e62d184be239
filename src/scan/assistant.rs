//! The files in which coding assistants keep keys, and what to write there instead.

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

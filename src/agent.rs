//! The settings of a coding assistant's client: which files hold them, and those that may name the hooks it
//! runs. skant's are written into these so that the rest stays what it was, and taken out byte for byte.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jsonc_parser::ast::{Array, Object, Value as Node};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Value, json};

use crate::file::read_regular;

/// The assistants whose settings skant can be written into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Agent {
    /// Anthropic's.
    ClaudeCode,
    /// OpenAI's.
    Codex,
    /// GitHub's command line.
    Copilot,
    /// The editor.
    Cursor,
}

/// The settings of a project, or of a user.
#[derive(Debug)]
pub(crate) struct Settings {
    agent: Agent,
    pub(crate) file: PathBuf,
}

/// What settings say of skant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// It is run.
    Runs,
    /// It is named, and no hook is run at all.
    SwitchedOff,
    /// Nothing.
    Absent,
    /// They cannot be read.
    Unreadable,
}

/// The most bytes that settings may have.
const LARGEST: u64 = 4 << 20;

/// The tools of Claude Code that write, run, read or send something, and those that give something back.
const BEFORE: &str = "Write|Edit|MultiEdit|NotebookEdit|Bash|Read|WebFetch|WebSearch|Task|Agent|mcp__.*";
const AFTER: &str = "Bash|Read|Grep|WebFetch|Task|Agent|mcp__.*";

/// The names of files in which clients have settings, wherever they lie.
const FILES: [&str; 8] = [
    ".claude.json",
    ".mcp.json",
    "claude_desktop_config.json",
    ".aider.conf.yml",
    ".aider.conf.yaml",
    "litellm_config.yaml",
    "litellm-config.yaml",
    "litellm.yaml",
];

/// The folders of clients, and the names of files with settings in them.
const FOLDERS: [&str; 6] = [".claude", ".cursor", ".vscode", ".codex", ".gemini", ".continue"];
const FILES_THERE: [&str; 6] =
    ["settings.json", "settings.local.json", "mcp.json", "config.toml", "config.json", "config.yaml"];

/// The name of a file in which a client has settings wherever it lies, as it is usually written.
pub(crate) fn settings_file(name: &[u8]) -> Option<&'static str> {
    one_of(&FILES, name)
}

/// The name of a folder in which a client may have some, likewise.
pub(crate) fn settings_folder(name: &[u8]) -> Option<&'static str> {
    one_of(&FOLDERS, name)
}

/// The name of a file with settings in such a folder, likewise.
pub(crate) fn settings_file_there(name: &[u8]) -> Option<&'static str> {
    one_of(&FILES_THERE, name)
}

/// Whether the last two names of a path, or one, may be those of settings. Most names cost nothing.
pub(crate) fn is_settings(path: &[u8]) -> bool {
    let mut names = path.rsplit(|&byte| byte == b'/');
    let (file, folder) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    settings_file(file).is_some() || settings_file_there(file).is_some() && settings_folder(folder).is_some()
}

fn one_of(known: &[&'static str], name: &[u8]) -> Option<&'static str> {
    known.iter().copied().find(|one| one.as_bytes().eq_ignore_ascii_case(name))
}

impl Agent {
    pub(crate) const ALL: [Agent; 4] = [Agent::ClaudeCode, Agent::Codex, Agent::Copilot, Agent::Cursor];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Agent::ClaudeCode => "claude-code",
            Agent::Codex => "codex",
            Agent::Copilot => "copilot",
            Agent::Cursor => "cursor",
        }
    }

    /// Its settings below a project's root, or a home.
    pub(crate) fn settings(self, folder: &Path) -> Settings {
        let name = match self {
            Agent::ClaudeCode => ".claude/settings.json",
            Agent::Codex => ".codex/hooks.json",
            // Each file there is read.
            Agent::Copilot => ".github/hooks/skant.json",
            Agent::Cursor => ".cursor/hooks.json",
        };
        Settings { agent: self, file: folder.join(name) }
    }

    /// A user's own settings.
    pub(crate) fn user_settings(self) -> Option<Settings> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = |name: &str| set("HOME").map(|home| home.join(name));
        let (folder, name) = match self {
            Agent::ClaudeCode => (set("CLAUDE_CONFIG_DIR").or_else(|| home(".claude")), "settings.json"),
            Agent::Codex => (set("CODEX_HOME").or_else(|| home(".codex")), "hooks.json"),
            Agent::Copilot => (set("COPILOT_HOME").or_else(|| home(".copilot")), "hooks/skant.json"),
            Agent::Cursor => (home(".cursor"), "hooks.json"),
        };
        Some(Settings { agent: self, file: folder?.join(name) })
    }

    /// What else has to be set where the hooks are to run.
    pub(crate) fn needs(self) -> Option<&'static str> {
        match self {
            Agent::Codex => Some("Codex runs hooks where `hooks = true` stands below `[features]` in its config.toml"),
            Agent::ClaudeCode | Agent::Copilot | Agent::Cursor => None,
        }
    }

    /// The hooks, by event, when this is the program.
    fn hooks(self, program: &str) -> Vec<(&'static str, Value)> {
        let command = format!("{program} hook {}", self.as_str());
        match self {
            Agent::ClaudeCode => {
                let run = json!([{ "type": "command", "command": command, "timeout": 10 }]);
                let of = |matcher: &str| json!({ "matcher": matcher, "hooks": run });
                vec![
                    ("PreToolUse", of(BEFORE)),
                    ("UserPromptSubmit", json!({ "hooks": run })),
                    ("PostToolUse", of(AFTER)),
                ]
            }
            Agent::Codex => {
                let run = json!([{ "type": "command", "command": command, "timeout": 10 }]);
                let events = ["PreToolUse", "UserPromptSubmit", "PostToolUse"];
                events.into_iter().map(|event| (event, json!({ "hooks": run }))).collect()
            }
            Agent::Copilot => {
                let run = json!({ "type": "command", "bash": command, "powershell": command, "timeoutSec": 10 });
                let events = ["preToolUse", "userPromptSubmitted", "postToolUse"];
                events.into_iter().map(|event| (event, run.clone())).collect()
            }
            Agent::Cursor => {
                let events = ["beforeSubmitPrompt", "beforeShellExecution", "beforeMCPExecution", "beforeReadFile"];
                events.into_iter().map(|event| (event, json!({ "command": command }))).collect()
            }
        }
    }

    /// Settings that hold nothing else.
    fn alone(self, program: &str) -> String {
        let hooks = self.hooks(program).into_iter().map(|(event, hook)| (event.to_owned(), json!([hook])));
        let hooks = Value::Object(hooks.collect());
        let all = match self {
            Agent::ClaudeCode | Agent::Codex => json!({ "hooks": hooks }),
            Agent::Copilot | Agent::Cursor => json!({ "version": 1, "hooks": hooks }),
        };
        Layout { newline: Some("\n".to_owned()), unit: "  ".to_owned() }.write(&all) + "\n"
    }

    /// Whether an entry of a list of hooks runs skant.
    fn is_ours(self, entry: &Node<'_>) -> bool {
        let command = |object: &Object<'_>| {
            let command = object.get_string("command").or_else(|| object.get_string("bash"));
            command.map(|command| command.value.to_string())
        };
        let is_ours =
            |command: String| command.contains("skant") && command.contains(&format!("hook {}", self.as_str()));
        let Some(entry) = entry.as_object() else { return false };
        let inner = entry.get_array("hooks").map_or(&[][..], |hooks| &hooks.elements);
        let mut commands = inner.iter().filter_map(Node::as_object).chain([entry]).filter_map(command);
        inner.len() <= 1 && commands.any(is_ours)
    }
}

impl Settings {
    /// Writes skant's hooks into the settings; tells whether they were not there.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub(crate) fn install(&self, program: &str) -> Result<bool, String> {
        let Some(before) = self.read()? else {
            return self.write(&self.agent.alone(program)).map(|()| true);
        };
        let mut text = before.clone();
        for (event, hook) in self.agent.hooks(program) {
            text = with_hook(&text, event, &hook, self.agent)?;
        }
        if text != before {
            self.write(&text)?;
        }
        Ok(text != before)
    }

    /// Takes them out again; tells whether they were there.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub(crate) fn uninstall(&self) -> Result<bool, String> {
        let Some(before) = self.read()? else { return Ok(false) };
        let program = program_in(&before, self.agent);
        if program.is_some_and(|program| self.agent.alone(&program) == before) {
            fs::remove_file(&self.file).map_err(|error| error.to_string())?;
            // They go when there is nothing else in them.
            let depth = if self.agent == Agent::Copilot { 2 } else { 1 };
            self.file.ancestors().skip(1).take(depth).for_each(|folder| drop(fs::remove_dir(folder)));
            return Ok(true);
        }
        let mut text = before.clone();
        while let Some(less) = without_hook(&text, self.agent)? {
            text = less;
        }
        if text != before {
            self.write(&text)?;
        }
        Ok(text != before)
    }

    /// What they say of skant.
    pub(crate) fn guard(&self) -> Guard {
        let text = match self.read() {
            Ok(Some(text)) => text,
            Ok(None) => return Guard::Absent,
            Err(_) => return Guard::Unreadable,
        };
        let Ok(root) = parse(&text) else { return Guard::Unreadable };
        let hooks = root.get_object("hooks");
        let (event, _) = self.agent.hooks("skant")[0];
        let entries = hooks.and_then(|hooks| hooks.get_array(event));
        match entries.is_some_and(|entries| entries.elements.iter().any(|entry| self.agent.is_ours(entry))) {
            true if root.get_boolean("disableAllHooks").is_some_and(|off| off.value) => Guard::SwitchedOff,
            true => Guard::Runs,
            false => Guard::Absent,
        }
    }

    fn read(&self) -> Result<Option<String>, String> {
        // Settings are often a link to a file under version control.
        let file = match self.file.canonicalize() {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.file.symlink_metadata().is_err() => {
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
        };
        let text = read_regular(&file, LARGEST).map_err(|error| error.to_string())?;
        String::from_utf8(text).map(Some).map_err(|_| "it is not UTF-8".to_owned())
    }

    fn write(&self, text: &str) -> Result<(), String> {
        let write = || -> io::Result<()> {
            if let Some(folder) = self.file.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = self.file.canonicalize().unwrap_or_else(|_| self.file.clone());
            let new = file.with_extension("skant-new");
            fs::write(&new, text)?;
            if let Ok(metadata) = fs::metadata(&file) {
                fs::set_permissions(&new, metadata.permissions())?;
            }
            fs::rename(new, &file)
        };
        write().map_err(|error| error.to_string())
    }
}

/// The top of settings that are JSON, and nothing looser.
fn parse(text: &str) -> Result<Object<'_>, String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let parsed = parsed.map_err(|error| format!("it is no JSON: {error}"))?;
    let Some(Node::Object(root)) = parsed.value else { return Err("it is no JSON object".to_owned()) };
    let hooks = root.properties.iter().filter(|property| property.name.as_str() == "hooks").count();
    if hooks > 1 {
        return Err("`hooks` is in it twice".to_owned());
    }
    Ok(root)
}

/// The program that the first hook of ours names.
fn program_in(text: &str, agent: Agent) -> Option<String> {
    let end = format!(" hook {}\"", agent.as_str());
    let before = &text[..text.find(&end)?];
    let key = ["\"command\": ", "\"bash\": "].iter().filter_map(|key| Some(before.rfind(key)? + key.len())).max()?;
    serde_json::from_str(&format!("{}\"", &before[key..])).ok()
}

/// Settings with one more hook, unless one of ours is there.
fn with_hook(text: &str, event: &str, hook: &Value, agent: Agent) -> Result<String, String> {
    let root = parse(text)?;
    let layout = Layout::of(text);
    let Some(hooks) = root.get("hooks") else {
        let member = format!("\"hooks\": {}", MARK);
        return Ok(added(text, root.range, &ends(&root), &member, &json!({ event: [hook] }), &layout));
    };
    let hooks = hooks.value.as_object().ok_or("`hooks` in it is no object")?;
    let Some(list) = hooks.get(event) else {
        let member = format!("\"{event}\": {MARK}");
        return Ok(added(text, hooks.range, &ends(hooks), &member, &json!([hook]), &layout));
    };
    let list = list.value.as_array().ok_or_else(|| format!("`{event}` in it is no list"))?;
    if list.elements.iter().any(|entry| agent.is_ours(entry)) {
        return Ok(text.to_owned());
    }
    Ok(added(text, list.range, &elements(list), MARK, hook, &layout))
}

/// Settings with one hook of ours less, if there is one.
fn without_hook(text: &str, agent: Agent) -> Result<Option<String>, String> {
    let root = parse(text)?;
    let Some(hooks) = root.get_object("hooks") else { return Ok(None) };
    let found = hooks.properties.iter().enumerate().find_map(|(at, property)| {
        let list = property.value.as_array()?;
        let entry = list.elements.iter().position(|entry| agent.is_ours(entry))?;
        Some((at, list, entry))
    });
    let Some((event, list, entry)) = found else { return Ok(None) };
    // What holds nothing else goes too, if it was made for this.
    let less = if list.elements.len() > 1 || !is_made(text, list.range) {
        removed(text, list.range, &elements(list), entry)
    } else if hooks.properties.len() > 1 || !is_made(text, hooks.range) {
        removed(text, hooks.range, &ends(hooks), event)
    } else {
        let at = root.properties.iter().position(|property| property.name.as_str() == "hooks").unwrap_or_default();
        removed(text, root.range, &ends(&root), at)
    };
    Ok(Some(less))
}

fn ends(object: &Object<'_>) -> Vec<Range> {
    object.properties.iter().map(|property| property.range).collect()
}

fn elements(array: &Array<'_>) -> Vec<Range> {
    array.elements.iter().map(Ranged::range).collect()
}

/// Stands for the value in the text of a member.
const MARK: &str = "\u{0}";

/// A text with one more item at the end of a container. In one that is empty it stands right behind the
/// bracket, which [`is_made`] knows it by.
fn added(text: &str, container: Range, items: &[Range], member: &str, value: &Value, layout: &Layout) -> String {
    let Some(last) = items.last() else {
        let item = member.replace(MARK, &layout.on_one_line().write(value));
        let at = container.start + 1;
        return format!("{}{item}{}", &text[..at], &text[at..]);
    };
    let before = text[..last.start].trim_end_matches(|c: char| c.is_ascii_whitespace()).len();
    let gap = &text[before..last.start];
    let layout = if gap.contains('\n') { layout.at(gap) } else { layout.on_one_line() };
    let item = member.replace(MARK, &layout.write(value));
    let gap = if gap.is_empty() { " " } else { gap };
    format!("{},{gap}{item}{}", &text[..last.end], &text[last.end..])
}

fn removed(text: &str, container: Range, items: &[Range], at: usize) -> String {
    let range = match (at.checked_sub(1).and_then(|before| items.get(before)), items.get(at + 1)) {
        (Some(before), _) => before.end..items[at].end,
        (None, Some(next)) => items[at].start..next.start,
        (None, None) => container.start + 1..items[at].end,
    };
    format!("{}{}", &text[..range.start], &text[range.end..])
}

/// Whether we made a container for what is in it: then there is a gap behind its bracket.
fn is_made(text: &str, container: Range) -> bool {
    text.as_bytes().get(container.start + 1).is_some_and(u8::is_ascii_whitespace)
}

/// How JSON is set out.
#[derive(Debug, Clone)]
struct Layout {
    /// The end of a line and how far the next one is set in; nothing when all stands on one line.
    newline: Option<String>,
    /// How much further what is inside is set in.
    unit: String,
}

impl Layout {
    /// That of a text, by the first line that is set in.
    fn of(text: &str) -> Layout {
        let indents = text.lines().skip(1).map(|line| &line[..line.len() - line.trim_start().len()]);
        let unit = indents.filter(|indent| !indent.is_empty()).min_by_key(|indent| indent.len());
        Layout { newline: None, unit: unit.unwrap_or("  ").to_owned() }
    }

    fn on_one_line(&self) -> Layout {
        Layout { newline: None, unit: self.unit.clone() }
    }

    /// The same, behind this gap.
    fn at(&self, gap: &str) -> Layout {
        let line = gap.rfind('\n').map_or(0, |at| if gap[..at].ends_with('\r') { at - 1 } else { at });
        Layout { newline: Some(gap[line..].to_owned()), unit: self.unit.clone() }
    }

    fn write(&self, value: &Value) -> String {
        let inner =
            Layout { newline: self.newline.as_ref().map(|newline| newline.clone() + &self.unit), ..self.clone() };
        let gap = |layout: &Layout| layout.newline.clone().unwrap_or_else(|| " ".to_owned());
        let set = |open: char, items: Vec<String>, close: char| {
            let separator = format!(",{}", gap(&inner));
            format!("{open}{}{}{}{close}", gap(&inner), items.join(&separator), gap(self))
        };
        match value {
            Value::Array(items) if !items.is_empty() => {
                set('[', items.iter().map(|item| inner.write(item)).collect(), ']')
            }
            Value::Object(members) if !members.is_empty() => {
                let members = members.iter().map(|(key, value)| format!("{}: {}", json!(key), inner.write(value)));
                set('{', members.collect(), '}')
            }
            value => value.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What settings are with our hooks.
    fn with(text: &str, agent: Agent) -> String {
        let hooks = agent.hooks("skant");
        hooks.iter().fold(text.to_owned(), |text, (event, hook)| with_hook(&text, event, hook, agent).unwrap())
    }

    fn without(text: &str, agent: Agent) -> String {
        let mut text = text.to_owned();
        while let Some(less) = without_hook(&text, agent).unwrap() {
            text = less;
        }
        text
    }

    #[test]
    fn hooks_go_in_and_out_byte_for_byte() {
        for text in [
            "{}",
            "{ }\n",
            "{\n}\n",
            "{\"a\":1}",
            "{\"a\":1,\"hooks\":{}}",
            "{\"hooks\": {\n  }\n}\n",
            "{\n  \"hooks\": {\n    \"PreToolUse\": []\n  }\n}",
            "{\n\t\"model\": \"x\",\n\t\"hooks\": {\n\t\t\"PreToolUse\": [\n\t\t\t{ \"hooks\": [] }\n\t\t]\n\t}\n}\n",
            "{\r\n    \"a\": [1, 2],\r\n    \"b\": null\r\n}\r\n",
            "{\"hooks\":{\"PreToolUse\":[{\"hooks\":[]}],\"Stop\":[]},\"z\":\"\\u00e9\"}  ",
            "\n { \"permissions\" : { \"deny\" : [ ] } , \"hooks\" : { \"Stop\" : [ ] } }\n\n",
        ] {
            for agent in Agent::ALL {
                let with = with(text, agent);
                let value: Value = serde_json::from_str(&with).unwrap();
                for (event, hook) in agent.hooks("skant") {
                    assert!(value["hooks"][event].as_array().unwrap().contains(&hook), "{with}");
                }
                assert_eq!(self::with(&with, agent), with);
                assert_eq!(without(&with, agent), text, "{with}");
            }
        }
    }

    #[test]
    fn what_was_added_since_stays() {
        let with = with("{\n  \"a\": 1\n}\n", Agent::ClaudeCode);
        let edited =
            with.replacen("\"a\": 1,", "\"a\": 1, \"b\": 2,", 1).replacen("\n  }\n}", "\n  },\n  \"c\": 3\n}", 1);
        assert_ne!(with, edited);
        assert_eq!(without(&edited, Agent::ClaudeCode), "{\n  \"a\": 1, \"b\": 2,\n  \"c\": 3\n}\n");
    }

    #[test]
    fn settings_read_as_a_person_would_write_them() {
        let expected = "{\n  \"a\": 1,\n  \"hooks\": {\n    \"beforeSubmitPrompt\": [\n      {\n        \"command\": \
                        \"skant hook cursor\"\n      }\n    ],\n";
        assert!(with("{\n  \"a\": 1\n}\n", Agent::Cursor).starts_with(expected));
    }
}

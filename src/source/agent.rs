//! What a coding assistant is about to run, write, read or send, or has just been given: the JSON that
//! its client hands to a hook.
//!
//! Clients write it nearly alike. What is known of an event is used (only the new text of an edit, only
//! the lines that are read); of what is not, every string is scanned.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Take};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Item, SHORTEST_SECRET, Source, Visit, reason};
use crate::blob::{Blob, Origin, path_bytes};
use crate::file;
use crate::git::Repo;
use crate::ledger::{Cause, Unit};

/// The most bytes of a file that are scanned: no client reads as much at once.
const MOST_SCANNED: u64 = 16 << 20;
/// The most bytes that are passed over to find the first line asked for.
const MOST_PASSED: u64 = 256 << 20;
/// The most files that a prompt may name.
const MOST_FILES: usize = 256;
/// The most times it may do so.
const MOST_MENTIONS: usize = 4096;
/// A shorter text cannot hold a secret.
const SHORTEST: usize = 6;
/// No path is longer.
const LONGEST_PATH: usize = 4096;

/// One event of an assistant's session.
#[derive(Debug)]
pub struct AgentEvent {
    /// When it happens.
    pub moment: Moment,
    /// What is done, as the client calls it; empty for a prompt.
    pub tool: String,
    /// Why it cannot be understood.
    pub trouble: Option<String>,
    /// Where the assistant works; files are named by it when they lie in no repository.
    pub folder: PathBuf,
    texts: Vec<Text>,
    /// The root of the repository that the texts are for, where that is not the one around the folder.
    root: Option<Arc<Path>>,
    files: Vec<Lines>,
}

/// When a hook is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before a tool is used: it can be kept from it.
    Before,
    /// After it was: what it gave back is known.
    After,
    /// Before a person's prompt is sent.
    Prompt,
    /// At another time, or at one that is not told.
    Unknown,
}

/// A text of an event, and the path it is about, or the key it stands at.
#[derive(Debug)]
struct Text {
    path: String,
    text: String,
}

/// Lines of a file that an assistant will see.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    path: String,
    /// The first one, from 1.
    first: u64,
    /// How many; nothing when all.
    count: Option<u64>,
}

impl AgentEvent {
    /// The event that a client tells of. What cannot be understood is one big text.
    pub fn new(input: &[u8]) -> AgentEvent {
        let text = String::from_utf8_lossy(input);
        let folder = std::env::current_dir().unwrap_or_default();
        let mut event = AgentEvent {
            moment: Moment::Unknown,
            tool: String::new(),
            trouble: None,
            texts: vec![],
            root: None,
            files: vec![],
            folder,
        };
        let parsed = serde_json::from_str(&text).or_else(|_| serde_json::from_str(&mended(&text)));
        match parsed {
            Ok(Value::Object(input)) => event.take_all(&input),
            Ok(_) => event.trouble = Some("it is no JSON object".to_owned()),
            Err(error) => event.trouble = Some(format!("it is no JSON: {error}")),
        }
        if event.trouble.is_some() {
            event.add("standard input", &text);
        }
        event
    }

    fn take_all(&mut self, input: &Map<String, Value>) {
        self.moment = moment(input);
        self.tool = string(input, &["tool_name", "toolName"]).unwrap_or_default().to_owned();
        if let Some(folder) = string(input, &["cwd"]).map(PathBuf::from).filter(|folder| folder.is_absolute()) {
            self.folder = folder;
        }
        match self.moment {
            Moment::Prompt => self.take_prompt(input),
            Moment::Before | Moment::After => self.take_tool(input),
            Moment::Unknown => {
                let known = "PreToolUse, PostToolUse, UserPromptSubmit";
                self.trouble = Some(format!("skant knows no such event: {known} are those it knows"));
            }
        }
    }

    /// Where in a file a line is that was found in what is read of it.
    pub fn line_in_file(&self, path: &[u8], line: u64) -> u64 {
        let lines = self.files.iter().find(|lines| self.origin(&lines.path).path == path);
        lines.map_or(line, |lines| lines.first - 1 + line)
    }

    fn take_prompt(&mut self, input: &Map<String, Value>) {
        match string(input, &["prompt"]) {
            Some(prompt) => {
                self.files = mentioned(prompt);
                if prompt.matches('@').count() > MOST_MENTIONS {
                    self.trouble = Some(format!("there are more than {MOST_MENTIONS} `@` in it"));
                }
                self.add("prompt", prompt);
            }
            None => self.take_object("", "", input, false),
        }
        for attachment in input.get("attachments").and_then(Value::as_array).into_iter().flatten() {
            self.files.extend(attachment.as_object().and_then(file_name).map(Lines::all));
        }
        self.files.dedup();
    }

    fn take_tool(&mut self, input: &Map<String, Value>) {
        let given = first(input, &["tool_input", "toolInput", "toolArgs", "tool_args"]);
        let given = given.map(unpacked);
        let kind = Kind::of(&self.tool);
        if self.moment == Moment::After && kind != Kind::Edit {
            const RESULTS: [&str; 6] =
                ["tool_response", "toolResult", "tool_result", "tool_output", "result_json", "output"];
            if let Some(result) = first(input, &RESULTS) {
                let path = given.as_ref().and_then(Value::as_object).and_then(file_name);
                let path = path.map(|path| self.label(&path)).unwrap_or_default();
                return self.take("tool_response", &path, &unpacked(result), false);
            }
        }
        match given {
            Some(Value::Object(given)) => {
                let path = file_name(&given).unwrap_or_default();
                if kind == Kind::Read && self.moment == Moment::Before && !path.is_empty() {
                    self.files.push(Lines::asked(path.clone(), &given));
                }
                let path = self.label(&path);
                self.take_object("tool_input", &path, &given, kind == Kind::Edit);
            }
            Some(given) => self.take("tool_input", "", &given, kind == Kind::Edit),
            // Cursor says all of it at the top.
            None => {
                let path = file_name(input).unwrap_or_default();
                let path = self.label(&path);
                self.take_object("", &path, input, input.contains_key("edits"));
            }
        }
    }

    /// Takes every string in a value. `is_edit` leaves out what an edit takes away.
    fn take(&mut self, key: &str, path: &str, value: &Value, is_edit: bool) {
        match value {
            Value::String(text) => self.add_value(key, path, text),
            Value::Array(items) => {
                let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                // `["--api-key", "x"]`: one says what the next one is.
                if let Some(words) = words.filter(|words| words.len() > 1) {
                    return self.add(if path.is_empty() { key } else { path }, &words.join(" "));
                }
                items.iter().for_each(|item| self.take(key, path, item, is_edit));
            }
            Value::Object(object) => self.take_object(key, path, object, is_edit),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn take_object(&mut self, above: &str, path: &str, object: &Map<String, Value>, is_edit: bool) {
        const REMOVED: [&str; 5] = ["old_string", "oldString", "old_str", "oldText", "old_text"];
        for (key, value) in object {
            if is_edit && REMOVED.contains(&key.as_str()) {
                continue;
            }
            if key.len() >= SHORTEST_SECRET {
                self.add("the name of a key", key);
            }
            let key = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
            self.take(&key, path, value, is_edit);
        }
    }

    /// Adds the value of a key: a single word is what the key says it is.
    fn add_value(&mut self, key: &str, path: &str, text: &str) {
        let name = key.rsplit('.').next().unwrap_or(key);
        if path.is_empty() && !text.contains(char::is_whitespace) {
            self.add(key, &format!("{name}: {text}"));
        } else if text.trim_start().starts_with("*** Begin Patch") {
            let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with('-')).collect();
            self.add(if path.is_empty() { key } else { path }, &kept.join("\n"));
        } else {
            self.add(if path.is_empty() { key } else { path }, text);
        }
    }

    fn add(&mut self, path: &str, text: &str) {
        if text.len() >= SHORTEST {
            self.texts.push(Text { path: path.to_owned(), text: text.to_owned() });
        }
    }

    /// How a path is shown: relative to its repository; outside one, to where the assistant works. And the root of
    /// that repository, where it is not the one around the folder: nobody's, for a file that lies in none.
    fn origin(&self, path: &str) -> Origin {
        let (absolute, folder) = (real(&self.folder.join(path)), real(&self.folder));
        let repo = Repo::around(&absolute);
        let base = repo.as_ref().map_or(folder.as_path(), Repo::root);
        let shown = path_bytes(absolute.strip_prefix(base).unwrap_or(Path::new(path)));
        let own = Repo::around(&folder);
        let is_other = own.as_ref().map(Repo::root) != repo.as_ref().map(Repo::root);
        Origin { root: is_other.then(|| Arc::from(base)), ..Origin::file(shown) }
    }

    fn label(&mut self, path: &str) -> String {
        if path.is_empty() {
            return String::new();
        }
        let origin = self.origin(path);
        self.root = origin.root;
        String::from_utf8_lossy(&origin.path).into_owned()
    }

    /// Whether what is scanned was written by the assistant, and neither by a person nor by what it reads.
    pub fn is_written(&self) -> bool {
        match self.moment {
            Moment::Prompt => false,
            Moment::Before => Kind::of(&self.tool) != Kind::Read,
            Moment::After => Kind::of(&self.tool) == Kind::Edit,
            Moment::Unknown => true,
        }
    }

    fn read(&self, lines: &Lines, visit: &Visit<'_>) {
        let path = match lines.path.strip_prefix("~/").zip(std::env::var_os("HOME")) {
            Some((path, home)) => PathBuf::from(home).join(path),
            None => self.folder.join(&lines.path),
        };
        let origin = self.origin(&lines.path);
        let missed =
            |why: &str| visit(Item::Missed(Unit::File, Cause::Unreadable, origin.path.clone(), why.to_owned()));
        let opened = fs::canonicalize(&path).and_then(|path| file::open(&path));
        let file = match opened {
            Ok(file) => file,
            // What is not there, the client cannot read either.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return missed(&reason(&error)),
        };
        match file.metadata() {
            Ok(metadata) if metadata.is_file() => {}
            Ok(metadata) if metadata.is_dir() => return,
            Ok(_) => return missed("it is a pipe or a device"),
            Err(error) => return missed(&reason(&error)),
        }
        match LinesReader::new(file, lines) {
            Ok(mut reader) => {
                visit(Item::File(&origin, &mut reader, None));
                if reader.is_cut() {
                    missed("only the first 16 MiB of it were scanned: read a range of lines");
                }
            }
            Err(error) => missed(&reason(&error)),
        }
    }
}

impl Source for AgentEvent {
    fn name(&self) -> &'static str {
        "agent"
    }

    fn each(&self, visit: &Visit<'_>) {
        for Text { path, text } in &self.texts {
            let origin = Origin { root: self.root.clone(), ..Origin::file(path.as_bytes()) };
            visit(Item::Blob(Blob { bytes: text.as_bytes(), origin: &origin }));
        }
        self.files.iter().take(MOST_FILES).for_each(|lines| self.read(lines, visit));
        if let Some(lines) = self.files.get(MOST_FILES) {
            let reason =
                format!("more than {MOST_FILES} files are named: this one and those after it were not scanned");
            visit(Item::Missed(Unit::File, Cause::Limit, lines.path.clone().into_bytes(), reason));
        }
    }
}

/// Where a path leads, through links and `..`, as far as it is there: by it policies know a file.
fn real(path: &Path) -> PathBuf {
    if path.as_os_str().len() > LONGEST_PATH {
        return path.to_owned();
    }
    fs::canonicalize(path).unwrap_or_else(|_| match (path.parent(), path.components().next_back()) {
        (Some(above), Some(Component::Normal(name))) => real(above).join(name),
        (Some(above), Some(Component::ParentDir)) => real(above).parent().map(Path::to_owned).unwrap_or_default(),
        (Some(above), _) => real(above),
        (None, _) => path.to_owned(),
    })
}

/// What a tool does, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Edit,
    Other,
}

impl Kind {
    fn of(tool: &str) -> Kind {
        match tool {
            "Read" | "NotebookRead" | "read" | "read_file" | "view" => Kind::Read,
            "Write" | "Edit" | "MultiEdit" | "NotebookEdit" | "write" | "edit" | "create" | "str_replace"
            | "apply_patch" => Kind::Edit,
            _ => Kind::Other,
        }
    }
}

/// When the event happens, by its name, or by what is told of it.
fn moment(input: &Map<String, Value>) -> Moment {
    let name = string(input, &["hook_event_name", "hookEventName", "event"]).unwrap_or_default();
    match name.replace(['_', '-'], "").to_ascii_lowercase().as_str() {
        "pretooluse" | "permissionrequest" | "beforeshellexecution" | "beforemcpexecution" | "beforereadfile" => {
            Moment::Before
        }
        "posttooluse" | "posttoolusefailure" | "aftershellexecution" | "aftermcpexecution" | "afterfileedit" => {
            Moment::After
        }
        "userpromptsubmit" | "userpromptsubmitted" | "beforesubmitprompt" => Moment::Prompt,
        // Copilot's command line knows its hooks apart by where they are written down.
        "" if input.contains_key("toolResult") => Moment::After,
        "" if input.contains_key("toolName") => Moment::Before,
        "" if input.contains_key("prompt") => Moment::Prompt,
        _ => Moment::Unknown,
    }
}

fn first<'a>(object: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| object.get(*key))
}

fn string<'a>(object: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| object.get(*key)?.as_str())
}

/// The file that a tool is about.
fn file_name(object: &Map<String, Value>) -> Option<String> {
    string(object, &["file_path", "filePath", "notebook_path", "path"]).map(str::to_owned)
}

/// The JSON in a string that holds some.
fn unpacked(value: &Value) -> Value {
    let inner = value.as_str().filter(|text| text.trim_start().starts_with(['{', '[']));
    inner.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}

/// JSON in which what JavaScript writes of half a character is a whole one: `\ud800` alone stands for
/// nothing, and would end the reading.
fn mended(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at..];
        let unit = |text: &str| text.strip_prefix("\\u")?.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let (kept, length) = match unit(escape) {
            Some(0xd800..=0xdbff)
                if escape.get(6..).and_then(unit).is_some_and(|low| (0xdc00..0xe000).contains(&low)) =>
            {
                (&escape[..12], 12)
            }
            Some(0xd800..=0xdfff) => ("\\ufffd", 6),
            _ => {
                let length = escape.char_indices().nth(2).map_or(escape.len(), |(at, _)| at);
                (&escape[..length], length)
            }
        };
        mended.push_str(&rest[..at]);
        mended.push_str(kept);
        rest = &escape[length..];
    }
    mended + rest
}

/// The files that a prompt names with `@`, each once: `@src/a.py`, `@"two words.txt"`, `@a.py#L10-20`.
fn mentioned(prompt: &str) -> Vec<Lines> {
    let mut found: Vec<Lines> = Vec::new();
    for (at, _) in prompt.match_indices('@').take(MOST_MENTIONS) {
        let begins = prompt[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        let rest = &prompt[at + 1..];
        let rest = rest.char_indices().nth(LONGEST_PATH).map_or(rest, |(end, _)| &rest[..end]);
        let name = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => rest
                .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
                .next()
                .unwrap_or_default(),
        };
        if !begins || name.is_empty() {
            continue;
        }
        // A sentence may end behind a name.
        let trimmed = name.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}']);
        for name in [name, trimmed] {
            let lines = Lines::mentioned(name);
            if !lines.path.is_empty() && !found.contains(&lines) {
                found.push(lines);
            }
        }
    }
    found
}

impl Lines {
    fn all(path: String) -> Lines {
        Lines { path, first: 1, count: None }
    }

    /// The lines that a tool is asked to read.
    fn asked(path: String, input: &Map<String, Value>) -> Lines {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let range = input.get("view_range").and_then(Value::as_array);
        if let Some([Some(first), last]) = range.map(|range| [0, 1].map(|at| range.get(at).and_then(number))) {
            let first = first.max(1);
            return Lines { path, first, count: last.map(|last| (last + 1).saturating_sub(first)) };
        }
        let first = input.get("offset").and_then(number).unwrap_or(1).max(1);
        Lines { path, first, count: input.get("limit").and_then(number) }
    }

    /// A name in a prompt, with the lines that may follow it.
    fn mentioned(name: &str) -> Lines {
        let Some((path, range)) = name.rsplit_once("#L") else { return Lines::all(name.to_owned()) };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.trim_start_matches('L').parse::<u64>().ok();
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first > 0 && first <= last => {
                Lines { path: path.to_owned(), first, count: Some(last - first + 1) }
            }
            _ => Lines::all(path.to_owned()),
        }
    }
}

/// Some lines of a file.
struct LinesReader {
    inner: BufReader<Take<File>>,
    left: Option<u64>,
}

impl LinesReader {
    fn new(file: File, lines: &Lines) -> io::Result<LinesReader> {
        let mut inner = BufReader::with_capacity(64 << 10, file.take(MOST_PASSED));
        let mut to_pass = lines.first - 1;
        while to_pass > 0 {
            let buffer = inner.fill_buf()?;
            if buffer.is_empty() {
                if inner.get_ref().limit() == 0 {
                    let why = "the first line asked for is further on than skant looks";
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
                }
                break;
            }
            let end = memchr::memchr(b'\n', buffer).map(|at| at + 1);
            to_pass -= u64::from(end.is_some());
            let passed = end.unwrap_or(buffer.len());
            inner.consume(passed);
        }
        let ahead = inner.buffer().len() as u64;
        inner.get_mut().set_limit(MOST_SCANNED.saturating_sub(ahead));
        Ok(LinesReader { inner, left: lines.count })
    }

    /// Whether there is more than was read.
    fn is_cut(&mut self) -> bool {
        if self.left == Some(0) || self.inner.get_ref().limit() > 0 {
            return false;
        }
        self.inner.get_mut().set_limit(1);
        self.inner.fill_buf().is_ok_and(|more| !more.is_empty())
    }
}

impl Read for LinesReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == Some(0) {
            return Ok(0);
        }
        let buffer = self.inner.fill_buf()?;
        let buffer = &buffer[..buffer.len().min(out.len())];
        let mut length = buffer.len();
        if let Some(left) = &mut self.left {
            for at in memchr::memchr_iter(b'\n', buffer) {
                *left -= 1;
                if *left == 0 {
                    length = at + 1;
                    break;
                }
            }
        }
        out[..length].copy_from_slice(&buffer[..length]);
        self.inner.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_mention() {
        let names = |prompt: &str| mentioned(prompt).into_iter().map(|lines| lines.path).collect::<Vec<_>>();
        assert_eq!(names("see @src/a.py and (@b.txt)"), ["src/a.py", "b.txt)", "b.txt"]);
        assert_eq!(names("@\"two words.txt\", mail me@example.invalid"), ["two words.txt"]);
        assert_eq!(mentioned("@a#L3-5"), [Lines { path: "a".into(), first: 3, count: Some(3) }]);
        assert_eq!(mentioned("@a#L7"), [Lines { path: "a".into(), first: 7, count: Some(1) }]);
    }

    #[test]
    fn half_a_character_does_not_end_the_reading() {
        let text = r#"{"a": "x\ud800y\\ud800 \ud83d\ude00 \udc00"}"#;
        let value: Value = serde_json::from_str(&mended(text)).unwrap();
        assert_eq!(value["a"], "x\u{fffd}y\\ud800 \u{1f600} \u{fffd}");
    }
}

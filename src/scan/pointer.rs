//! Where in a structured file a place is: the pointer (RFC 6901) to the value around it.

use jsonc_parser::ast::Value;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use toml::de::{DeTable, DeValue};

use super::Window;
use crate::finding::Finding;

/// Adds to findings, whose secrets begin at these places in order, where they are, when all of the file
/// is in sight and is JSON (comments aside), TOML or YAML. Of a file with a document on each line, a pointer
/// leads through the line's. A file is parsed once, however much is found in it.
pub(super) fn add(window: &Window<'_>, places: &[usize], findings: &mut [Finding]) {
    let is_whole = window.owned == (0..window.text.len()) && !window.origin.place.is_name();
    if places.is_empty() || !is_whole {
        return;
    }
    let read: fn(&str, &[usize]) -> Vec<Option<String>> = match extension(window).as_slice() {
        b"json" | b"jsonc" | b"ipynb" | b"code-workspace" | b"har" | b"map" => in_json,
        b"jsonl" | b"ndjson" => in_json_lines,
        b"toml" => in_toml,
        b"yaml" | b"yml" => in_yaml,
        _ => return,
    };
    let Ok(text) = std::str::from_utf8(window.text) else { return };
    for (finding, pointer) in findings.iter_mut().zip(read(text, places)) {
        finding.pointer = pointer;
    }
}

fn extension(window: &Window<'_>) -> Vec<u8> {
    window.origin.file_name().rsplit(|&byte| byte == b'.').next().unwrap_or(&[]).to_ascii_lowercase()
}

/// Takes the values of a structured file: the way to each, and where it stands, quotes included.
type Take<'t> = dyn FnMut(&str, std::ops::Range<usize>) + 't;

/// A longer way is not gone.
const LONGEST_WAY: usize = 4096;

/// Hands over the texts of a file that is JSON, TOML or YAML.
pub(super) fn each_text(window: &Window<'_>, take: &mut Take<'_>) {
    let Ok(text) = std::str::from_utf8(window.text) else { return };
    match extension(window).as_slice() {
        b"json" | b"jsonc" => {
            let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
            if let Some(root) = parsed.ok().and_then(|parsed| parsed.value) {
                json_texts(&root, &mut String::new(), take);
            }
        }
        b"toml" => {
            if let Ok(root) = DeTable::parse(text) {
                toml_values(root.get_ref(), &mut String::new(), take);
            }
        }
        b"yaml" | b"yml" => yaml_texts(text, take),
        _ => {}
    }
}

/// Goes one step further, and back.
fn within(way: &mut String, step: &str, go: impl FnOnce(&mut String)) {
    let before = way.len();
    if before + step.len() <= LONGEST_WAY {
        way.push_str(step);
        go(way);
        way.truncate(before);
    }
}

fn json_texts(value: &Value<'_>, way: &mut String, take: &mut Take<'_>) {
    match value {
        Value::Object(object) => {
            for property in &object.properties {
                within(way, &step(property.name.as_str()), |way| json_texts(&property.value, way, take));
            }
        }
        Value::Array(array) => {
            for (index, element) in array.elements.iter().enumerate() {
                within(way, &format!("/{index}"), |way| json_texts(element, way, take));
            }
        }
        Value::StringLit(text) => take(way, text.range.start..text.range.end),
        Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => {}
    }
}

fn toml_values(members: &DeTable<'_>, way: &mut String, take: &mut Take<'_>) {
    for (key, value) in members {
        within(way, &step(key.get_ref()), |way| toml_value(value.get_ref(), value.span(), way, take));
    }
}

fn toml_value(value: &DeValue<'_>, span: std::ops::Range<usize>, way: &mut String, take: &mut Take<'_>) {
    match value {
        DeValue::Table(inner) => toml_values(inner, way, take),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(way, &format!("/{index}"), |way| toml_value(item.get_ref(), item.span(), way, take));
            }
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            take(way, span);
        }
    }
}

fn in_yaml(text: &str, places: &[usize]) -> Vec<Option<String>> {
    at(places, |take| yaml_texts(text, take))
}

fn in_toml(text: &str, places: &[usize]) -> Vec<Option<String>> {
    at(places, |take| {
        if let Ok(root) = DeTable::parse(text) {
            toml_values(root.get_ref(), &mut String::new(), take);
        }
    })
}

/// The way to each place, as a walk through a file's values leads by it.
fn at(places: &[usize], walk: impl FnOnce(&mut Take<'_>)) -> Vec<Option<String>> {
    let mut pointers = vec![None; places.len()];
    walk(&mut |way, span| {
        let first = places.partition_point(|&place| place < span.start);
        let within = places[first..].iter().take_while(|&&place| place < span.end).count();
        pointers[first..first + within].fill(Some(way.to_owned()));
    });
    pointers
}

/// How deep YAML is read.
const DEEPEST: usize = 64;

/// Where in YAML a line is: by how far it is indented.
#[derive(Default)]
struct Yaml {
    way: String,
    /// How far in each step begins, twice the column, and one more of an item, which may stand below its key; how
    /// long the way was before it; and the number of an item.
    steps: Vec<(usize, usize, Option<usize>)>,
}

impl Yaml {
    /// Takes a step at a column: to a key, or without one to the next item.
    fn enter(&mut self, column: usize, key: Option<&str>) -> bool {
        let level = 2 * column + usize::from(key.is_none());
        let mut item = 0;
        while let Some((_, before, number)) = self.steps.pop_if(|(one, ..)| *one >= level) {
            self.way.truncate(before);
            item = number.filter(|_| self.steps.last().is_none_or(|(one, ..)| *one < level)).map_or(0, |one| one + 1);
        }
        let before = self.way.len();
        self.way += &key.map_or_else(|| format!("/{item}"), step);
        self.steps.push((level, before, key.is_none().then_some(item)));
        self.steps.len() <= DEEPEST && self.way.len() <= LONGEST_WAY
    }
}

/// YAML as people write settings in it: a line at a time, by its indentation. What stands in braces, in a block of
/// text or on lines that go on belongs to the key before it; it is read no further when it is too deep.
fn yaml_texts(text: &str, take: &mut Take<'_>) {
    let mut yaml = Yaml::default();
    // The column of the key whose value is a block of text.
    let mut block: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (begin, full) = (start, line.trim_end());
        start += line.len();
        let mut rest = full.trim_start_matches(' ');
        let mut column = full.len() - rest.len();
        if rest.is_empty() || rest.starts_with('#') && block.is_none() {
            continue;
        }
        if block.is_some_and(|key| column > key) {
            take(&yaml.way, begin + column..begin + full.len());
            continue;
        }
        block = None;
        if rest.starts_with("---") {
            yaml = Yaml::default();
            continue;
        }
        while let Some(behind) = rest.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
            if !yaml.enter(column, None) {
                return;
            }
            rest = behind.trim_start_matches(' ');
            column = full.len() - rest.len();
        }
        let mut owner = column.saturating_sub(1);
        if let Some((key, value)) = yaml_key(rest) {
            if !yaml.enter(column, Some(key)) {
                return;
            }
            owner = column;
            rest = value;
        }
        if rest.starts_with(['|', '>']) {
            block = Some(owner);
        } else if !rest.is_empty() {
            take(&yaml.way, begin + full.len() - rest.len()..begin + full.len());
        }
    }
}

/// The key that a line begins with, and what stands behind it.
fn yaml_key(line: &str) -> Option<(&str, &str)> {
    let quote = line.chars().next().filter(|mark| matches!(mark, '"' | '\''));
    let (key, rest) = match quote {
        Some(mark) => {
            let (key, rest) = line[1..].split_once(mark)?;
            (key, rest.trim_start_matches(' ').strip_prefix(':')?)
        }
        None => {
            let end = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len))?;
            (&line[..end], &line[end + 1..])
        }
    };
    let is_key = !key.starts_with(['{', '[', '&', '*', '!', '#', '?']) && (rest.is_empty() || rest.starts_with(' '));
    is_key.then_some((key, rest.trim_start_matches(' ')))
}

fn in_json(text: &str, places: &[usize]) -> Vec<Option<String>> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let root = parsed.ok().and_then(|parsed| parsed.value);
    places.iter().map(|&place| root.as_ref().map(|root| way(root, place))).collect()
}

fn in_json_lines(text: &str, places: &[usize]) -> Vec<Option<String>> {
    let start_of = |place: usize| text[..place].rfind('\n').map_or(0, |at| at + 1);
    let lines = places.chunk_by(|&one, &next| !text[one..next].contains('\n'));
    let pointers = lines.flat_map(|places| {
        let start = start_of(places[0]);
        let within: Vec<usize> = places.iter().map(|place| place - start).collect();
        in_json(text[start..].lines().next().unwrap_or_default(), &within)
    });
    pointers.collect()
}

/// The way from a value down to a place in it. Members are in order of place.
fn way(root: &Value<'_>, place: usize) -> String {
    let holds = |range: Range| range.start <= place && place < range.end;
    let (mut value, mut pointer) = (root, String::new());
    loop {
        match value {
            Value::Object(object) => {
                let at = object.properties.partition_point(|property| property.range.end <= place);
                let Some(property) = object.properties.get(at).filter(|property| holds(property.range)) else { break };
                pointer += &step(property.name.as_str());
                value = &property.value;
            }
            Value::Array(array) => {
                let at = array.elements.partition_point(|element| element.end() <= place);
                let Some(element) = array.elements.get(at).filter(|element| holds(element.range())) else { break };
                pointer += &format!("/{at}");
                value = element;
            }
            Value::StringLit(_) | Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => break,
        }
    }
    pointer
}

fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_the_value() {
        let one = |read: fn(&str, &[usize]) -> Vec<Option<String>>, text: &str, what: &str| {
            read(text, &[text.find(what).unwrap()]).remove(0)
        };
        let text = "{ // a comment\n \"env\": {\"a/b~\": [1, {\"x\": \"here\"}]}, }";
        assert_eq!(one(in_json, text, "here"), Some("/env/a~1b~0/1/x".to_owned()));
        assert_eq!(one(in_json, text, "a/b"), Some("/env/a~1b~0".to_owned()));
        assert_eq!(one(in_json, "no json", "j"), None);
        assert_eq!(in_json(&"[".repeat(100_000), &[3]), [None]);
        let text = "{\"a\": 1}\n{\"b\": [\"here\", \"there\"]}\nnothing\n";
        let places = ["here", "there", "nothing"].map(|what| text.find(what).unwrap());
        assert_eq!(in_json_lines(text, &places), [Some("/b/0".to_owned()), Some("/b/1".to_owned()), None]);
        let text = "a = 1\n[mcp.\"x/y\"]\nargs = [\"b\", { k = \"here\" }]\n[z]\n";
        assert_eq!(one(in_toml, text, "here"), Some("/mcp/x~1y/args/1/k".to_owned()));
        assert_eq!(one(in_toml, text, "[z]"), None);
        assert_eq!(in_toml(&format!("a = {}", "[".repeat(100_000)), &[9]), [None]);
    }

    #[test]
    fn yaml_has_pointers_too() {
        let text = "# top\na:\n  - b: \"h: here\"\n    c/d: 'there'\n    \"e: f\": third\n  -\n    - one\n    - two\n  - x: 1\n\
                    g:\n- first\n- k: second\nh: |\n  text: more\n    deeper\ni: {j: flow}\nk: >-\n  folded\nurl: http://u\n\
                    m: goes\n  on\n---\nn: next\n";
        let table = [
            ("here", Some("/a/0/b")),
            ("there", Some("/a/0/c~1d")),
            ("third", Some("/a/0/e: f")),
            ("one", Some("/a/1/0")),
            ("two", Some("/a/1/1")),
            ("1\n", Some("/a/2/x")),
            ("first", Some("/g/0")),
            ("second", Some("/g/1/k")),
            ("more", Some("/h")),
            ("deeper", Some("/h")),
            ("flow", Some("/i")),
            ("folded", Some("/k")),
            ("http", Some("/url")),
            ("on\n", Some("/m")),
            ("next", Some("/n")),
            ("c/d", None),
            ("top", None),
        ];
        for (what, expected) in table {
            assert_eq!(in_yaml(text, &[text.find(what).unwrap()]), [expected.map(str::to_owned)], "{what}");
        }
        for (what, times) in [("[", 500_000), ("- ", 500_000), ("{a: ", 200_000), ("? ", 200_000), ("a: \n ", 100_000)]
        {
            assert_eq!(in_yaml(&what.repeat(times), &[900_000]), [None], "{what}");
        }
    }
}

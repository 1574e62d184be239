//! Where in a structured file a place is: the pointer (RFC 6901) to the value around it.

use jsonc_parser::ast::Value;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use toml::de::{DeTable, DeValue};

use super::Window;
use crate::finding::Finding;

/// Adds to findings, whose secrets begin at these places in order, where they are, when all of the file
/// is in sight and is JSON (comments aside) or TOML. Of a file with a document on each line, a pointer
/// leads through the line's. A file is parsed once, however much is found in it.
pub(super) fn add(window: &Window<'_>, places: &[usize], findings: &mut [Finding]) {
    let is_whole = window.owned == (0..window.text.len()) && !window.origin.place.is_name();
    if places.is_empty() || !is_whole {
        return;
    }
    let extension = window.origin.file_name().rsplit(|&byte| byte == b'.').next().unwrap_or(&[]);
    let read: fn(&str, &[usize]) -> Vec<Option<String>> = match extension.to_ascii_lowercase().as_slice() {
        b"json" | b"jsonc" | b"ipynb" | b"code-workspace" | b"har" => in_json,
        b"jsonl" | b"ndjson" => in_json_lines,
        b"toml" => in_toml,
        _ => return,
    };
    let Ok(text) = std::str::from_utf8(window.text) else { return };
    for (finding, pointer) in findings.iter_mut().zip(read(text, places)) {
        finding.pointer = pointer;
    }
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

fn in_toml(text: &str, places: &[usize]) -> Vec<Option<String>> {
    let mut pointers = vec![None; places.len()];
    if let Ok(root) = DeTable::parse(text) {
        table(root.get_ref(), "", places, &mut pointers);
    }
    pointers
}

/// A table may stand in several pieces, so that all of its members are looked at; a value does not.
fn table(members: &DeTable<'_>, above: &str, places: &[usize], pointers: &mut [Option<String>]) {
    for (key, value) in members {
        let here = format!("{above}{}", step(key.get_ref()));
        leaf(value.get_ref(), &value.span(), &here, places, pointers);
    }
}

fn leaf(
    value: &DeValue<'_>,
    span: &std::ops::Range<usize>,
    here: &str,
    places: &[usize],
    pointers: &mut [Option<String>],
) {
    match value {
        DeValue::Table(inner) => table(inner, here, places, pointers),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaf(item.get_ref(), &item.span(), &format!("{here}/{index}"), places, pointers);
            }
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            let first = places.partition_point(|&place| place < span.start);
            let within = places[first..].iter().take_while(|&&place| place < span.end).count();
            pointers[first..first + within].fill(Some(here.to_owned()));
        }
    }
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
}

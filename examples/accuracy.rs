//! How well the rules find what is in our labelled corpus, and nothing else.
//!
//! `cargo run --example accuracy` prints precision and recall of every rule that is not perfect, and
//! of all; `-- --faults` every text that does not come out as it should; `-- --write DIR` writes the corpus and its labels into a folder, so that other scanners
//! can be measured on it: `benches/accuracy.sh`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for those who work on the rules")]

#[path = "../tests/corpus/mod.rs"]
mod corpus;
#[path = "../tests/support/random.rs"]
mod support;

use std::path::Path;

use corpus::Planted;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => print!("{}", corpus::measure::table(&corpus::measure::tallies(&corpus::all(), |_| {}))),
        [option] if option == "--faults" => {
            corpus::measure::tallies(&corpus::all(), |fault| println!("{fault}"));
        }
        [option, folder] if option == "--write" => write(Path::new(folder)),
        _ => {
            println!("usage: cargo run --example accuracy [-- --faults | -- --write DIR]");
        }
    }
}

/// The texts below `files`, and a line of JSON for each secret: its path, its line, what it is.
fn write(folder: &Path) {
    let mut labels = String::new();
    for case in corpus::all() {
        let path = folder.join("files").join(&case.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &case.text).unwrap();
        if let Some(Planted { written, .. }) = &case.planted {
            let line = case.text[..case.text.find(written.as_str()).unwrap()].matches('\n').count() + 1;
            labels += &format!("{}\n", serde_json::json!({ "path": case.path, "line": line, "what": case.about }));
        }
    }
    std::fs::write(folder.join("labels.jsonl"), labels).unwrap();
}

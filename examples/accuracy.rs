//! How well the rules find what is in our labelled corpus, and nothing else.
//!
//! `cargo run --example accuracy` prints precision and recall of every rule that is not perfect, and
//! of all; `-- --write DIR` writes the corpus and its labels into a folder, so that other scanners
//! can be measured on it: `benches/accuracy.sh`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for those who work on the rules")]

#[path = "../tests/corpus/mod.rs"]
mod corpus;
#[path = "../tests/support/random.rs"]
mod support;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => print!("{}", corpus::measure::table(&corpus::measure::tallies(&corpus::all()))),
        [option, folder] if option == "--write" => write(Path::new(folder)),
        _ => {
            println!("usage: cargo run --example accuracy [-- --write DIR]");
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
        if let Some((what, secret)) = &case.planted {
            let line = case.text[..case.text.find(secret.as_str()).unwrap()].matches('\n').count() + 1;
            labels += &format!("{}\n", serde_json::json!({ "path": case.path, "line": line, "what": what }));
        }
    }
    std::fs::write(folder.join("labels.jsonl"), labels).unwrap();
}

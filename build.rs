//! Packs `rules/*.toml` into one table that the binary embeds, without the examples: a format that is read fast.
//!
//! A file that does not parse, an unknown key or an id given twice fails the build. What patterns
//! mean is checked by `tests/rules.rs`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use sha2::{Digest, Sha256};

#[path = "src/rule/spec.rs"]
#[expect(unreachable_pub, reason = "the library shares this module, and there its items are public")]
mod spec;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rule/spec.rs");
    let mut paths: Vec<PathBuf> = fs::read_dir("rules")
        .expect("the package has a folder `rules`")
        .map(|entry| entry.expect("`rules` can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let files: Vec<spec::RuleFile> = paths.iter().map(read).collect();
    let mut ids = BTreeSet::new();
    for rule in files.iter().flat_map(|file| &file.rules) {
        assert!(ids.insert(&rule.id), "rule `{}` is there twice", rule.id);
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // One file behind the other, so that they can be taken one by one.
    let packed = files.iter().flat_map(|file| postcard::to_allocvec(file).expect("rules are plain data"));
    let packed = packed.collect::<Vec<u8>>();
    fs::write(out.join("rules.bin"), &packed).expect("OUT_DIR can be written");
    let digest: String = Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=SKANT_RULES_DIGEST={digest}");
}

fn read(path: &PathBuf) -> spec::RuleFile {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file: spec::RuleFile = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for rule in &mut file.rules {
        rule.hits.clear();
        rule.misses.clear();
    }
    file
}

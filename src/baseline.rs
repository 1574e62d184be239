//! The list of what is already known: for each secret its fingerprint and where it is, one a line. No
//! line numbers, dates or commits, so that it holds in the hook and in CI, and after a rebase.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use miette::NamedSource;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::error::{Error, FileError};
use crate::finding::Finding;

/// Its name at the root of a repository.
pub const NAME: &str = ".skant-baseline";
/// What its first line says, in front of a version.
const HEAD: &str = "# skant baseline v";
const VERSION: &str = "1";

/// What is already known.
#[derive(Debug, Default)]
pub struct Baseline {
    name: String,
    entries: BTreeSet<Entry>,
    foreign: Vec<Foreign>,
}

/// A secret, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    fingerprint: String,
    /// As [`path_of`] gives it.
    path: Vec<u8>,
}

/// A secret that another tool knows, and the file it is in.
#[derive(Debug)]
struct Foreign {
    path: Vec<u8>,
    secret: Known,
    line: Option<u64>,
}

#[derive(Debug)]
enum Known {
    Sha1(String),
    Sha256([u8; 32]),
    Nothing,
}

/// What a baseline says of some findings.
#[derive(Debug, Default)]
pub struct Verdict {
    /// For each of them whether it is known.
    pub known: Vec<bool>,
    /// Paths that are gone, and those that their entries count for.
    pub moved: BTreeSet<(String, String)>,
    /// The entries that no finding has.
    dead: BTreeSet<Entry>,
    /// The entries that would say the same, as things are now.
    now: BTreeSet<Entry>,
}

impl Verdict {
    /// How many entries no finding has.
    pub fn dead(&self) -> usize {
        self.dead.len()
    }
}

impl Baseline {
    /// Reads the text of a baseline, of ours or of another tool.
    ///
    /// # Errors
    /// It is none, or of a version that is not known.
    pub fn parse(name: &str, text: String) -> Result<Baseline, Error> {
        if text.trim_start().starts_with(['{', '[']) {
            let foreign = foreign(&text).map_err(|message| failed(name, &text, &message, None))?;
            return Ok(Baseline { name: name.to_owned(), entries: BTreeSet::new(), foreign });
        }
        let mut entries = BTreeSet::new();
        let mut at = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let content = line.trim_end();
            let fault = match (number, content.strip_prefix(HEAD)) {
                (0, Some(VERSION)) => None,
                (0, Some(_)) => Some("this baseline is of a newer version: a newer skant reads it".to_owned()),
                (0, None) => Some(format!("a baseline begins with the line `{HEAD}{VERSION}`")),
                _ if content.is_empty() || content.starts_with('#') => None,
                _ => match entry(content) {
                    Some(entry) => {
                        entries.insert(entry);
                        None
                    }
                    None if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
                        .iter()
                        .any(|mark| content.starts_with(mark)) =>
                    {
                        Some("this is left of a merge: keep both sides, and take out this line".to_owned())
                    }
                    None => Some("this is no entry: FINGERPRINT PATH".to_owned()),
                },
            };
            if let Some(message) = fault {
                return Err(failed(name, &text, &message, Some((at, content.len()))));
            }
            at += line.len();
        }
        if text.is_empty() {
            return Err(failed(name, &text, "this baseline is empty", None));
        }
        Ok(Baseline { name: name.to_owned(), entries, foreign: Vec::new() })
    }

    /// Its name, as reports show it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many secrets it knows.
    pub fn len(&self) -> usize {
        self.entries.len() + self.foreign.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What stands for what it knows: equal for equal entries.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        self.entries.iter().for_each(|entry| hash.update(format!("{entry:?}\n")));
        self.foreign.iter().for_each(|entry| hash.update(format!("{entry:?}\n")));
        data_encoding::HEXLOWER.encode(&hash.finalize()[..8])
    }

    /// Whether it is another tool's.
    pub fn is_foreign(&self) -> bool {
        !self.foreign.is_empty()
    }

    /// How many entries it has that another one has not.
    pub fn adds_to(&self, other: Option<&Baseline>) -> usize {
        self.entries.iter().filter(|entry| other.is_none_or(|other| !other.entries.contains(entry))).count()
    }

    /// The paths of its entries.
    pub fn paths(&self) -> BTreeSet<String> {
        self.entries.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect()
    }

    /// What it says of findings, which are in order; `exists` tells whether there is a file now.
    ///
    /// An entry whose path is gone counts for the secret where it went: for one path that is there, and
    /// for any that are gone too.
    pub fn judge(&self, findings: &[Finding], exists: &dyn Fn(&str) -> bool) -> Verdict {
        let mut verdict = Verdict { dead: self.entries.clone(), ..Verdict::default() };
        let all: Vec<Entry> = findings.iter().map(Entry::of).collect();
        for (finding, entry) in findings.iter().zip(&all) {
            let is_entry = self.entries.contains(entry);
            if is_entry {
                verdict.dead.remove(entry);
                verdict.now.insert(entry.clone());
            }
            verdict.known.push(is_entry || self.foreign.iter().any(|foreign| foreign.is(finding, &entry.path)));
        }
        let mut gone: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| !entry.is_message() && !exists(&entry.shown_path())) {
            gone.entry(&entry.fingerprint).or_default().push(entry);
        }
        // Where each that went is now, and the way back.
        let (mut went, mut came): (BTreeMap<&Entry, &Entry>, BTreeMap<&Entry, &Entry>) = Default::default();
        for (number, entry) in all.iter().enumerate().filter(|(_, entry)| !entry.is_message()) {
            let Some(gone) = gone.get(entry.fingerprint.as_str()).filter(|_| !verdict.known[number]) else { continue };
            let is_there = exists(&entry.shown_path());
            let from = match came.get(entry) {
                Some(from) => Some(*from),
                None if !is_there => gone.first().copied(),
                None => gone.iter().copied().find(|from| !went.contains_key(from)),
            };
            let Some(from) = from else { continue };
            verdict.known[number] = true;
            verdict.dead.remove(from);
            if is_there {
                verdict.now.insert(entry.clone());
                came.insert(entry, from);
                if went.insert(from, entry).is_none() {
                    verdict.moved.insert((from.shown_path(), entry.shown_path()));
                }
            } else {
                verdict.now.insert(from.clone());
            }
        }
        verdict.now.retain(|entry| !went.contains_key(entry));
        verdict
    }

    /// A baseline that knows these, too.
    pub fn with(&self, findings: &[Finding], verdict: &Verdict) -> Baseline {
        let kept = verdict.now.iter().chain(&verdict.dead).cloned();
        let entries = kept.chain(findings.iter().map(Entry::of)).collect();
        Baseline { name: NAME.to_owned(), entries, foreign: Vec::new() }
    }

    /// A baseline without what is not there any more.
    pub fn pruned(&self, verdict: &Verdict) -> Baseline {
        Baseline { name: NAME.to_owned(), entries: verdict.now.clone(), foreign: Vec::new() }
    }

    /// What another tool knows and is not among findings.
    pub fn unmatched(&self, findings: &[Finding]) -> Vec<String> {
        let is_left = |one: &&Foreign| !findings.iter().any(|finding| one.is(finding, &path_of(finding)));
        let shown =
            |one: &Foreign| format!("an entry for {}: nothing of ours matches it", String::from_utf8_lossy(&one.path));
        self.foreign.iter().filter(is_left).map(shown).collect()
    }

    /// The text of it.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}{VERSION}\n");
        for entry in &self.entries {
            let _ = writeln!(text, "{} {}", entry.fingerprint, encoded(&entry.path));
        }
        text
    }
}

impl Entry {
    fn of(finding: &Finding) -> Entry {
        Entry { fingerprint: finding.fingerprint().to_string(), path: path_of(finding) }
    }

    /// Whether it is about what has no path.
    fn is_message(&self) -> bool {
        self.path.starts_with(b"<") && self.path.ends_with(b">")
    }

    fn shown_path(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }
}

/// Where a finding is, as entries say it: its path, or what has none: `<commit-message>`.
fn path_of(finding: &Finding) -> Vec<u8> {
    let origin = &finding.location.origin;
    if origin.path.is_empty() { format!("<{}>", origin.place.as_str()).into_bytes() } else { origin.path.clone() }
}

fn failed(name: &str, text: &str, message: &str, at: Option<(usize, usize)>) -> Error {
    Error::Config(FileError {
        message: message.to_owned(),
        help: "`skant baseline create` writes one; docs/config.md says what is in it".to_owned(),
        file: Arc::new(NamedSource::new(name, text.to_owned())),
        at: at.map(Into::into),
    })
}

fn entry(line: &str) -> Option<Entry> {
    let (fingerprint, path) = line.split_once(' ')?;
    let (rule, hash) = fingerprint.strip_prefix("v1:")?.split_once(':')?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let path = decoded(path.trim());
    (!rule.is_empty() && is_hash && !path.is_empty()).then(|| Entry { fingerprint: fingerprint.to_owned(), path })
}

/// A path on one line: what is no text, and `%`, as `%0A`.
fn encoded(path: &[u8]) -> String {
    let mut text = String::new();
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || character == '%' {
                let mut bytes = [0; 4];
                character.encode_utf8(&mut bytes).bytes().for_each(|byte| text += &format!("%{byte:02X}"));
            } else {
                text.push(character);
            }
        }
        chunk.invalid().iter().for_each(|byte| text += &format!("%{byte:02X}"));
    }
    text
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|code| data_encoding::HEXUPPER_PERMISSIVE.decode(code).ok());
        match code.as_deref() {
            Some([byte]) => {
                bytes.push(*byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

impl Foreign {
    fn is(&self, finding: &Finding, path: &[u8]) -> bool {
        let secret = finding.secret.expose();
        let is_same = || match &self.secret {
            Known::Sha1(hash) => data_encoding::HEXLOWER.encode(&Sha1::digest(secret)) == *hash,
            Known::Sha256(hash) => Sha256::digest(secret)[..] == hash[..],
            Known::Nothing => false,
        };
        self.path == path && (self.line == Some(finding.location.start.line) || is_same())
    }
}

/// What gitleaks writes of a finding, as far as it counts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Gitleaks {
    file: String,
    #[serde(default)]
    start_line: u64,
    #[serde(default)]
    secret: String,
}

/// What detect-secrets writes.
#[derive(Deserialize)]
struct DetectSecrets {
    results: BTreeMap<String, Vec<DetectSecretsEntry>>,
}

#[derive(Deserialize)]
struct DetectSecretsEntry {
    hashed_secret: String,
}

fn foreign(text: &str) -> Result<Vec<Foreign>, String> {
    let said =
        |error: serde_json::Error| format!("it is neither gitleaks' report nor detect-secrets' baseline: {error}");
    if text.trim_start().starts_with('[') {
        let all: Vec<Gitleaks> = serde_json::from_str(text).map_err(said)?;
        return Ok(all.into_iter().map(Foreign::of_gitleaks).collect());
    }
    let all: DetectSecrets = serde_json::from_str(text).map_err(said)?;
    let of = |path: &str, one: &DetectSecretsEntry| Foreign {
        path: path.replace('\\', "/").into_bytes(),
        secret: Known::Sha1(one.hashed_secret.to_ascii_lowercase()),
        line: None,
    };
    Ok(all.results.iter().flat_map(|(path, entries)| entries.iter().map(move |one| of(path, one))).collect())
}

impl Foreign {
    /// What was redacted is known by its line only.
    fn of_gitleaks(one: Gitleaks) -> Foreign {
        let is_plain = !one.secret.is_empty() && !one.secret.contains("REDACTED") && !one.secret.ends_with("...");
        let secret = if is_plain { Known::Sha256(Sha256::digest(one.secret).into()) } else { Known::Nothing };
        Foreign { path: one.file.replace('\\', "/").into_bytes(), secret, line: Some(one.start_line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_on_one_line() {
        let table: [(&[u8], &str); 4] =
            [(b"a b/c", "a b/c"), (b"a\nb", "a%0Ab"), (b"100%", "100%25"), (b"\xff\xc3\xa9", "%FFé")];
        for (path, text) in table {
            assert_eq!(encoded(path), text);
            assert_eq!(decoded(text), path);
        }
    }
}

//! What a scan believes to be a secret, and how it may be shown.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::blob::Origin;
use crate::rule::Rule;
pub use crate::rule::{Confidence, Severity};

/// A candidate we believe.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that found it.
    pub rule: Arc<Rule>,
    /// How bad it is: the rule's word, or less when the text proves less.
    pub severity: Severity,
    /// How sure we are, likewise.
    pub confidence: Confidence,
    /// Where it is.
    pub location: Location,
    /// What it is.
    pub secret: Secret,
    /// The line it stands in, masked.
    pub excerpt: Excerpt,
    /// What else a person should know, in a sentence: a checksum that failed, an expiry.
    pub note: Option<Cow<'static, str>>,
    /// Where in a structured file it is, by the file's own keys (RFC 6901).
    pub pointer: Option<String>,
    /// Whether it is live, when somebody asked.
    pub verified: Option<Liveness>,
    /// How far it has got, and what to do next.
    pub advice: Advice,
    /// Who says that it is fine, and why.
    pub suppression: Option<Suppression>,
}

/// What whoever issued a key says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Liveness {
    /// It is accepted.
    Live,
    /// It is not.
    Dead,
    /// That cannot be told from the answer.
    Unknown,
}

/// What to do about a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    /// How far it has got, where git can tell.
    pub exposure: Option<Exposure>,
    /// The refs that reach the commit it came in with, as many as are shown, ready to be shown.
    pub refs: Vec<String>,
    /// How many there are.
    pub refs_total: usize,
    /// What to do, in order: sentences, and commands.
    pub next: Vec<String>,
}

/// How far a secret has got, as far as a clone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// It lies in a file that git does not have like that.
    WorkingTree,
    /// It is in the index, and in no commit.
    Staged,
    /// It is in a commit that no remote-tracking ref reaches.
    Unpushed,
    /// It is in a commit that a remote has.
    Pushed,
}

impl Liveness {
    /// All of them.
    pub const ALL: [Liveness; 3] = [Liveness::Live, Liveness::Dead, Liveness::Unknown];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Liveness::Live => "live",
            Liveness::Dead => "dead",
            Liveness::Unknown => "unknown",
        }
    }
}

impl Exposure {
    /// All of them.
    pub const ALL: [Exposure; 4] = [Exposure::WorkingTree, Exposure::Staged, Exposure::Unpushed, Exposure::Pushed];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Exposure::WorkingTree => "working-tree",
            Exposure::Staged => "staged",
            Exposure::Unpushed => "unpushed",
            Exposure::Pushed => "pushed",
        }
    }
}

/// Why a finding is not reported although it is believed: somebody said that it is fine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suppression {
    /// Where that is said.
    pub means: Means,
    /// What says it, ready to be shown: `skant: allow`, a place in a file.
    pub what: String,
    /// The reason that is given, ready to be shown.
    pub reason: Option<String>,
}

/// Where it can be said that a finding is fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// By a mark in the text.
    Inline,
    /// In a config file.
    Config,
    /// In the list of what was known before.
    Baseline,
}

impl Means {
    /// All of them, nearest first.
    pub const ALL: [Means; 3] = [Means::Inline, Means::Config, Means::Baseline];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Means::Inline => "inline",
            Means::Config => "config",
            Means::Baseline => "baseline",
        }
    }
}

/// A place a person can go to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The blob.
    pub origin: Origin,
    /// The first character of the secret.
    pub start: Position,
    /// One past its last.
    pub end: Position,
}

/// A line and a column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Lines end with LF.
    pub line: u64,
    /// In Unicode scalar values; a byte order mark is none.
    pub column: u64,
}

/// Bytes that must not leak: formatting shows the mask, and nothing serializes them. Of a secret that a
/// report tells of only the mask is known, and what its fingerprint ends with.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret(Known);

/// What is known of a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Plain {
        bytes: Vec<u8>,
        /// How many bytes in front say only what kind it is.
        prefix: usize,
    },
    Masked {
        mask: String,
        hash: String,
    },
}

/// A line of text around a secret, in which every secret is masked and every character is
/// harmless to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The text.
    pub text: String,
    /// Where the mask of this secret begins in it, in bytes.
    pub start: usize,
    /// And ends.
    pub end: usize,
}

/// The name of a secret: equal wherever, and however often, the same secret is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Finding {
    /// The name of the secret, for exceptions and baselines.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::keyed(&self.rule.id, &self.secret, self.rule.key.as_deref())
    }
}

impl Secret {
    /// Wraps bytes of which the first `prefix` are no secret.
    pub fn new(bytes: &[u8], prefix: usize) -> Secret {
        Secret(Known::Plain { bytes: bytes.to_vec(), prefix: prefix.min(bytes.len()) })
    }

    /// One that a report tells of: its mask, and what its fingerprint has behind the rule's id.
    pub fn masked(mask: &str, hash: &str) -> Secret {
        Secret(Known::Masked { mask: inert(mask), hash: hash.to_owned() })
    }

    /// The plain bytes, or the mask where only that is known. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        match &self.0 {
            Known::Plain { bytes, .. } => bytes,
            Known::Masked { mask, .. } => mask.as_bytes(),
        }
    }

    /// What may be shown: the prefix, and of a long body the first three and last four characters
    /// where at least 24 stay hidden. For an Anthropic key that is the hint its vendor shows.
    pub fn mask(&self) -> String {
        const FIRST: usize = 3;
        const LAST: usize = 4;
        const HIDDEN: usize = 24;
        let (bytes, prefix) = match &self.0 {
            Known::Plain { bytes, prefix } => (bytes, *prefix),
            Known::Masked { mask, .. } => return mask.clone(),
        };
        let (prefix, body) = bytes.split_at(prefix);
        let prefix = String::from_utf8_lossy(prefix);
        let body: Vec<char> = String::from_utf8_lossy(body).chars().collect();
        if body.is_empty() {
            // It is no secret: it exposes one.
            return inert(&prefix);
        }
        let one_line = !bytes.contains(&b'\n');
        let masked = if one_line && body.len() >= FIRST + HIDDEN + LAST {
            let first: String = body[..FIRST].iter().collect();
            let last: String = body[body.len() - LAST..].iter().collect();
            format!("{prefix}{first}...{last}")
        } else {
            format!("{prefix}********")
        };
        inert(&masked)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.mask())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mask())
    }
}

impl Fingerprint {
    /// `v1:`, the rule's id, and the first 64 bits of SHA-256 of the secret alone, in hex.
    pub fn new(rule: &str, secret: &Secret) -> Fingerprint {
        Fingerprint::keyed(rule, secret, None)
    }

    /// The same of the secret behind a key and its length, where there is a key: who does not have it
    /// cannot guess at the secret.
    fn keyed(rule: &str, secret: &Secret, key: Option<&[u8]>) -> Fingerprint {
        let hash = match &secret.0 {
            Known::Plain { bytes, .. } => {
                let front = key.map(|key| [&(key.len() as u64).to_be_bytes(), key].concat()).unwrap_or_default();
                let digest = Sha256::new().chain_update(front).chain_update(bytes).finalize();
                data_encoding::HEXLOWER.encode(&digest[..8])
            }
            Known::Masked { hash, .. } => hash.clone(),
        };
        Fingerprint(format!("v1:{rule}:{hash}"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text from strangers, made harmless to print: control characters, and those that reorder or
/// hide text, become one visible character each, and so does a part of what CI systems read as a command wherever
/// it stands in a line. Columns stay what they were.
pub fn inert(text: &str) -> String {
    let text: String = text.chars().map(harmless).collect();
    if !text.contains("##") {
        return text;
    }
    COMMANDS.iter().fold(text, |text, (command, broken)| text.replace(command, broken))
}

/// How commands begin in the logs of GitHub Actions and of Azure Pipelines, and how they are shown.
const COMMANDS: [(&str, &str); 2] = [("##[", "#\u{fffd}["), ("##vso[", "#\u{fffd}vso[")];

/// Lines of which no CI system takes one for a command: GitHub Actions reads those that begin with `::`, after spaces
/// too, as they may where a long line is folded.
pub fn no_command(lines: &str) -> Cow<'_, str> {
    let is_command = |line: &str| line.trim_start().starts_with("::");
    if !lines.contains("::") || !lines.lines().any(is_command) {
        return Cow::Borrowed(lines);
    }
    let lines = lines.split_inclusive('\n');
    lines.map(|line| if is_command(line) { line.replacen("::", ":\u{fffd}", 1) } else { line.to_owned() }).collect()
}

/// Whether a character neither steers a terminal nor reorders or hides text.
pub(crate) fn is_harmless(character: char) -> bool {
    harmless(character) == character
}

fn harmless(character: char) -> char {
    match character {
        '\t' => character,
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        // C1 controls; bidirectional controls; line and paragraph separators; invisible characters.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_hides_at_least_24_characters() {
        let body = "R2D".to_owned() + &"x".repeat(24) + "igAA";
        let long = Secret::new(format!("sk-{body}").as_bytes(), 3);
        assert_eq!(long.mask(), "sk-R2D...igAA");
        let short = Secret::new(&format!("sk-{body}").as_bytes()[..33], 3);
        assert_eq!(short.mask(), "sk-********");
        assert_eq!(Secret::new(b"two\nlines that are long enough to be shown", 0).mask(), "********");
    }

    #[test]
    fn formatting_never_shows_the_secret() {
        let secret = Secret::new(b"plain", 0);
        assert_eq!(format!("{secret:?} {secret}"), "Secret(********) ********");
    }

    #[test]
    fn fingerprints_depend_on_rule_and_secret_alone() {
        let one = Secret::new(b"one", 0);
        assert_eq!(Fingerprint::new("a-b", &one).to_string(), "v1:a-b:7692c3ad3540bb80");
        assert_eq!(Fingerprint::new("a-b", &one), Fingerprint::new("a-b", &Secret::new(b"one", 2)));
    }

    #[test]
    fn strangers_text_is_inert() {
        assert_eq!(inert("a\u{1b}[31m\r\u{202e}é\t"), "a␛[31m␍\u{fffd}é\t");
        assert_eq!(inert("a ##[b] ###vso[c] ## d"), "a #\u{fffd}[b] ##\u{fffd}vso[c] ## d");
    }

    #[test]
    fn no_line_is_a_command() {
        for lines in ["", "a\n", "a :: b\n", "a::b", ":\n: a"] {
            assert_eq!(no_command(lines), lines);
        }
        assert_eq!(no_command("::a::b\n\u{a0} ::c\nd ::e"), ":\u{fffd}a::b\n\u{a0} :\u{fffd}c\nd ::e");
    }
}

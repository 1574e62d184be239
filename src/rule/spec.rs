//! What a rule file may say: the shape of `rules/*.toml` and of a user's `--rules` file.
//!
//! This module uses nothing else of ours, because `build.rs` shares it: the same types read the
//! built-in rules when the program is built and a user's rules when it runs.

use serde::{Deserialize, Serialize};

/// One file of rules: everything skant knows about one provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Who issues these credentials, as written for people: `GitHub`.
    pub provider: String,
    /// What to do about a finding, for every rule in the file that does not say it itself.
    #[serde(default)]
    pub help: String,
    /// The page to do it on, likewise.
    #[serde(default)]
    pub help_url: String,
    /// The rules.
    #[serde(rename = "rule")]
    pub rules: Vec<RuleSpec>,
}

/// One kind of secret, as written.
///
/// A rule with `keywords` finds a *token*: text with a shape of its own. A rule without finds a
/// *value*: text that is secret because of the name it is assigned to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// Stable public name, lower case with hyphens, beginning with the provider.
    pub id: String,
    /// What it is, as written for people.
    pub name: String,
    /// How bad a leak is.
    pub severity: Severity,
    /// How sure a match makes us when nothing speaks against it.
    #[serde(default = "high")]
    pub confidence: Confidence,
    /// Tokens: literals, one of which every match contains. `[...]` stands for one character.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Tokens: the keyword counts even when glued to a letter or digit in front of it.
    #[serde(default)]
    pub anywhere: bool,
    /// Tokens: how many bytes of the match stand in front of the keyword, least and most.
    #[serde(default)]
    pub before: Option<[usize; 2]>,
    /// Values: words, one of which the assigned name must contain. Empty: any secret-like word.
    #[serde(default)]
    pub names: Vec<String>,
    /// Values: provider words, one of which must stand in the name or close before it.
    #[serde(default)]
    pub near: Vec<String>,
    /// The pattern is looked for in the whole of a text, as gitleaks does, with its kind of keywords: words, one of
    /// which the text holds, in whatever case; without any in every text. What it matches is believed as it is.
    #[serde(default)]
    pub search: bool,
    /// With `search`: the least Shannon entropy of the secret, in bits for each byte.
    #[serde(default)]
    pub entropy: Option<f64>,
    /// With `search`: what the path must match.
    #[serde(default)]
    pub path: Option<String>,
    /// Files: it is about files that hold secrets, not about a secret. Built-in rules only.
    #[serde(default)]
    pub files: Option<Files>,
    /// Tokens: matched where the keyword stands. Files: must match the whole name. Values: must match the whole value. Bytes, no
    /// Unicode classes, no look-around. A group `secret` is the secret (else the whole match is);
    /// a group `prefix` inside it is what a mask may show (else the keyword is).
    pub pattern: String,
    /// What the text itself can prove or disprove about a match.
    #[serde(default)]
    pub check: Option<Check>,
    /// How a match is judged before it is believed. Default: `token` for tokens, `key` for values.
    #[serde(default)]
    pub judge: Option<Judge>,
    /// Tokens that are public ids: the rule whose secret, standing close by, is the real find.
    #[serde(default)]
    pub companion: Option<String>,
    /// What to do about a finding.
    #[serde(default)]
    pub help: String,
    /// The page to do it on.
    #[serde(default)]
    pub help_url: String,
    /// How whoever issued it is asked whether it is live. Built-in rules only.
    #[serde(default)]
    pub verify: Option<Verify>,
    /// Texts in which this rule, and no other, finds one secret. `{}` is dropped first, so that no
    /// rule file holds a whole credential.
    #[serde(default)]
    pub hits: Vec<String>,
    /// Texts in which no rule finds anything. `{}` is dropped first.
    #[serde(default)]
    pub misses: Vec<String>,
}

/// A harmless question about a key to whoever issued it: it costs nothing, changes nothing, and reads as
/// little as can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Where: at the vendor's own host.
    pub url: String,
    /// `Name: value`; `{}` is the key, in one of them.
    pub headers: Vec<String>,
    /// What is sent with `POST`; without it, it is a `GET`.
    #[serde(default)]
    pub post: Option<String>,
    /// How the answer is read.
    #[serde(default)]
    pub reading: Reading,
    /// By status: the answers of which a key is live,
    #[serde(default)]
    pub live: Vec<u16>,
    /// as long as they hold one of these words, when there are any.
    #[serde(default)]
    pub live_says: Vec<String>,
    /// The answers of which it is dead,
    #[serde(default)]
    pub dead: Vec<u16>,
    /// likewise.
    #[serde(default)]
    pub dead_says: Vec<String>,
}

/// How an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// By its status, and the words in it.
    #[default]
    Status,
    /// As Anthropic's API words its errors.
    Anthropic,
}

/// Of the files with certain names that hold secrets, those a rule reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Files {
    /// Those that git tracks.
    Tracked,
    /// Those that git would add, since no ignore rule covers them.
    NotIgnored,
    /// All that are not ignored: they are made to be shared. No rule about other files speaks of them.
    Example,
    /// Those that a Docker build copies into an image.
    Copied,
}

/// How bad it is when a secret leaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Little or nothing can be done with it.
    Low,
    /// Limited access, or access that ends soon.
    Medium,
    /// Access to data or to money.
    High,
    /// Control over an account, an organisation or a machine.
    Critical,
}

/// How sure we are that a finding is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Worth a look when looking for everything.
    Low,
    /// Probably a secret.
    Medium,
    /// The shape leaves little room for doubt.
    High,
}

/// How a match is judged before it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judge {
    /// The pattern says it all; only known public samples are dismissed.
    Shape,
    /// Placeholders are dismissed.
    Token,
    /// Placeholders and whatever does not look random are dismissed.
    Key,
    /// No secret itself, but what exposes one: what stands around it decides.
    Exposure,
    /// Chosen by a person: placeholders, references and plain words are dismissed.
    Password,
}

/// A test of the text itself, by name. What each computes is told in `rule/check.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Anthropic `api03` and `admin01` bodies: 86 + `-` + 8 with fixed bits.
    AnthropicBody,
    /// Anthropic `usr` bodies: 71 bytes of which the last two are zero.
    AnthropicUser,
    /// Three base64url parts, the first a JSON header with `alg`; `exp` may have passed.
    Jwt,
    /// The last six characters are the CRC-32 of the rest of the body, in base 62.
    Crc32Base62,
    /// The last eight characters are the CRC-32 of the rest of the body, in hex.
    Crc32Hex,
    /// GitHub fine-grained tokens: SHA-256 of the front, in base 32.
    GithubFineGrained,
    /// GitLab routable tokens: CRC-32 of everything before it, in base 36.
    GitlabRoutable,
    /// Grafana service account tokens: CRC-32 in little-endian hex.
    Grafana,
    /// Atlassian tokens: `=` and the CRC-32 of everything before it, in upper-case hex.
    Atlassian,
    /// Bech32 with its six-character checksum.
    Bech32,
    /// A PEM body that decodes to DER, to an OpenSSH key or to OpenPGP packets.
    Pem,
    /// The first dot-separated part is a number in base64.
    DiscordId,
    /// Base64 of `user:password`.
    BasicAuth,
    /// Base64 of a JSON object.
    Base64Json,
    /// Base64 of a 32-byte Curve25519 private key, clamped.
    Curve25519,
    /// Base58 of which the last four bytes are those of a double SHA-256 of the rest.
    Base58,
    /// PyPI tokens: a macaroon of version 2 with its signature.
    Macaroon,
    /// BIP 39: words of its list, the last of which holds bits of a SHA-256.
    RecoveryPhrase,
}

fn high() -> Confidence {
    Confidence::High
}

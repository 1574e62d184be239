//! What a config file may say, key by key.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use toml::Spanned;
use toml::value::Datetime;

use crate::rule::spec::{Confidence, RuleSpec, Severity};

/// A file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// Files that this one goes on from.
    pub extends: Option<Spanned<Texts>>,
    /// Who issues what the rules of this file find.
    pub provider: Option<String>,
    /// What changes about rules, by id or glob.
    #[serde(default)]
    pub rules: BTreeMap<Spanned<String>, ChangeSpec>,
    /// Rules that are added, as in a rule file.
    #[serde(default, rename = "rule")]
    pub added: Vec<RuleSpec>,
    /// What is fine.
    #[serde(default)]
    pub allow: Vec<Spanned<AllowSpec>>,
    pub fingerprint: Option<Spanned<FingerprintSpec>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeSpec {
    pub enabled: Option<bool>,
    pub severity: Option<Severity>,
    pub confidence: Option<Confidence>,
}

/// Something that is fine: all that is said of it must hold.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowSpec {
    pub path: Option<Spanned<Texts>>,
    pub pattern: Option<Spanned<Texts>>,
    pub word: Option<Spanned<Texts>>,
    pub fingerprint: Option<Spanned<Texts>>,
    pub rule: Option<Spanned<Texts>>,
    pub reason: Option<Spanned<String>>,
    pub until: Option<Spanned<Datetime>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FingerprintSpec {
    pub key: Option<String>,
    pub key_env: Option<String>,
}

/// A text, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
        if text.is_empty() { Err(E::custom("it is empty")) } else { Ok(Texts(vec![text.to_owned()])) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = all.next_element::<String>()? {
            texts.push(text);
        }
        if texts.is_empty() || texts.iter().any(String::is_empty) {
            return Err(A::Error::custom("it is empty"));
        }
        Ok(Texts(texts))
    }
}

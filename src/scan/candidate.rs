//! Matches that are not yet believed: how they are made, judged, and set against each other.

use std::ops::Range;

use super::assignment::Assignment;
use super::filter::{Dismissal, placeholder, random, reference, sample, words};
use super::prefilter::begins_word;
use super::{Scanner, Window};
use crate::finding::{Confidence, Severity};
use crate::rule::pattern::is_token_byte;
use crate::rule::{Finder, Judge, Rule, Verdict};

/// How far around a public id its secret is looked for, in bytes.
const COMPANION_REACH: usize = 400;
/// How far before a name a provider's word counts, in bytes.
const NEAR_REACH: usize = 160;

/// A match, and what speaks for and against it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The rule, as an index of the scanner's.
    pub rule: usize,
    /// Which of two candidates for one text is the more specific.
    rank: Rank,
    /// The secret.
    pub secret: Range<usize>,
    /// How many of its bytes are prefix.
    pub prefix: usize,
    /// The rule's, or less.
    pub severity: Severity,
    /// Likewise.
    pub confidence: Confidence,
    /// Why it is not believed.
    pub dismissal: Option<Dismissal>,
    /// What a person should know about it.
    pub note: Option<&'static str>,
}

/// Wanted rules before those that only mask; tokens before values of a provider before any
/// values; then the longer keyword.
type Rank = (bool, u8, usize);

impl Scanner {
    /// What a token rule makes of one of its keywords at a place.
    pub(super) fn token(&self, text: &[u8], at: usize, keyword: usize, index: usize) -> Option<Candidate> {
        let rule = &self.rules[index];
        let Finder::Token { before, .. } = &rule.finder else { return None };
        let [least, most] = *before;
        let (matched, start) = (least..=most.min(at)).rev().find_map(|head| {
            let start = at - head;
            let edge = most == 0 || begins_word(text, start);
            let matched = edge.then(|| rule.pattern.matches_at(text, start))??;
            (matched.whole.end >= at + keyword).then_some((matched, start))
        })?;
        let secret = matched.secret;
        let prefix = match matched.prefix {
            Some(prefix) if secret.contains(&prefix.start) => prefix.end - secret.start,
            None if secret.start == at && start == at => keyword,
            _ => 0,
        };
        let verdict = self.verdict(rule, &text[secret.clone()], prefix);
        if verdict != Verdict::Pass && rule.pattern.may_continue(&text[matched.whole.end..]) {
            return None;
        }
        let candidate = self.judged(index, (2, keyword), text, secret, prefix, verdict);
        let companion = rule.companion.as_deref().filter(|_| candidate.dismissal.is_none());
        companion.and_then(|id| self.companion(id, text, &candidate.secret)).or(Some(candidate))
    }

    /// The secret that belongs to a public id, standing close by.
    fn companion(&self, id: &str, text: &[u8], public: &Range<usize>) -> Option<Candidate> {
        let index = self.rules.iter().position(|rule| rule.id == id)?;
        let reach = public.start.saturating_sub(COMPANION_REACH)..text.len().min(public.end + COMPANION_REACH);
        let begins = |at: &usize| {
            *at == 0
                || !is_token_byte(text[at - 1])
                || matches!(text[at - 1], b'=' | b'.')
                || begins_word(text, *at) && text[at - 1] == b'n'
        };
        let mut found = (reach.start..reach.end)
            .filter(|at| is_token_byte(text[*at]) && !public.contains(at) && begins(at))
            .filter_map(|at| self.rules[index].pattern.matches_at(text, at))
            .filter(|matched| !self.rules[index].pattern.may_continue(&text[matched.whole.end..]))
            .map(|matched| self.judged(index, (1, 0), text, matched.secret, 0, Verdict::Pass))
            .filter(|candidate| candidate.dismissal.is_none());
        found.next()
    }

    /// What the value rules make of an assignment.
    pub(super) fn value(&self, window: &Window<'_>, assignment: &Assignment) -> Option<Candidate> {
        let Assignment { name, value, quoted } = assignment;
        let bytes = &window.text[value.clone()];
        if bytes.len() < 6 || bytes.iter().any(u8::is_ascii_whitespace) {
            return None;
        }
        if !quoted && is_code(window.origin.file_name()) && !random::is_random(bytes) {
            return None;
        }
        if is_fingerprint(&window.text[..name.start], bytes) {
            return None;
        }
        let name_words = joined_words(&window.text[name.clone()]);
        let context = &window.text[name.start.saturating_sub(NEAR_REACH)..name.end];
        self.near_rules(context)
            .map(|index| (1, index))
            .chain(self.values.anywhere.iter().map(|&index| (0, index)))
            .find_map(|(rank, index)| {
                let rule = &self.rules[index];
                let Finder::Value { names, near } = &rule.finder else { return None };
                let is_named = names.is_empty() || names.iter().any(|name| has_words(&name_words, name));
                // Whatever follows that prefix is for the rules that know it.
                let is_known = bytes.starts_with(b"sk-ant-");
                if !is_named || (near.is_empty() && (is_known || is_about_a_secret(&name_words))) {
                    return None;
                }
                let matched = rule.pattern.matches_at(&window.text[..value.end], value.start)?;
                if matched.whole.end != value.end {
                    return None;
                }
                let verdict = self.verdict(rule, &window.text[matched.secret.clone()], 0);
                Some(self.judged(index, (rank, 0), window.text, matched.secret, 0, verdict))
            })
    }

    /// The value rules whose provider is spoken of in a text.
    fn near_rules<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let joined = std::cell::OnceCell::new();
        words::of_name(text).flat_map(move |word| {
            let candidates = self.values.near.get(&word).map_or(&[][..], Vec::as_slice);
            let here = candidates
                .iter()
                .filter(|(_, near)| !near.contains('_') || has_words(joined.get_or_init(|| joined_words(text)), near));
            here.map(|(index, _)| *index).collect::<Vec<_>>()
        })
    }

    fn verdict(&self, rule: &Rule, secret: &[u8], prefix: usize) -> Verdict {
        rule.check.map_or(Verdict::Unknown, |check| check.verdict(secret, prefix, self.now))
    }

    fn judged(
        &self,
        index: usize,
        rank: (u8, usize),
        text: &[u8],
        secret: Range<usize>,
        prefix: usize,
        verdict: Verdict,
    ) -> Candidate {
        let rule = &self.rules[index];
        let rank = (index < self.wanted, rank.0, rank.1);
        let body = &text[secret.start + prefix..secret.end];
        let mut candidate = Candidate {
            rule: index,
            rank,
            prefix,
            severity: rule.severity,
            confidence: rule.confidence,
            dismissal: if sample::is_public(&text[secret.clone()]) {
                Some(Dismissal::Sample)
            } else {
                dismissal(rule.judge, body)
            },
            note: None,
            secret,
        };
        if rule.judge == Judge::Password && !random::is_strong(body) {
            candidate.confidence = candidate.confidence.lowered();
        }
        match verdict {
            Verdict::Pass if rule.check.is_some() => candidate.confidence = Confidence::High,
            Verdict::Pass | Verdict::Unknown => {}
            Verdict::Fail(note) => {
                candidate.confidence = candidate.confidence.lowered();
                candidate.note = Some(note);
            }
            Verdict::Expired => {
                candidate.severity = Severity::Low;
                candidate.note = Some("it has expired");
            }
            Verdict::NotASecret => candidate.dismissal = candidate.dismissal.or(Some(Dismissal::Checksum)),
        }
        candidate
    }
}

fn dismissal(judge: Judge, body: &[u8]) -> Option<Dismissal> {
    let is_placeholder = || placeholder::is_placeholder(body);
    match judge {
        Judge::Shape => None,
        Judge::Token => is_placeholder().then_some(Dismissal::Placeholder),
        Judge::Key | Judge::Password if reference::is_reference(body) => Some(Dismissal::Reference),
        Judge::Key | Judge::Password if is_placeholder() => Some(Dismissal::Placeholder),
        Judge::Key => (!random::is_random(body)).then_some(Dismissal::LowEntropy),
        Judge::Password => (!random::is_chosen(body)).then_some(Dismissal::LowEntropy),
    }
}

/// Of candidates in order of place, keeps those that no more specific one has the text of, in part
/// or in whole: none of them overlap. A dismissed candidate counts: what the right rule does not
/// believe, no vaguer one shall.
pub(super) fn resolve(candidates: &mut Vec<Candidate>) {
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
    for candidate in candidates.drain(..) {
        while kept.last().is_some_and(|last| last.secret.end > candidate.secret.start && candidate.beats(last)) {
            kept.pop();
        }
        if kept.last().is_none_or(|last| last.secret.end <= candidate.secret.start) {
            kept.push(candidate);
        }
    }
    *candidates = kept;
}

impl Candidate {
    /// On a tie the rule that stands first in its file has it.
    fn beats(&self, other: &Candidate) -> bool {
        let strength = |one: &Candidate| (one.rank, one.dismissal.is_none(), std::cmp::Reverse(one.rule));
        strength(self) > strength(other)
    }
}

/// A name's words, lower case, `_` before, between and behind them.
fn joined_words(name: &[u8]) -> String {
    words::of_name(name).fold("_".to_owned(), |joined, word| joined + &String::from_utf8_lossy(&word) + "_")
}

/// Whether a name has these words in a row. A long first word may be glued to what is before it:
/// `dbpassword` has `password`.
fn has_words(joined: &str, words: &str) -> bool {
    joined.match_indices(words).any(|(at, _)| {
        let ends = joined[at + words.len()..].starts_with('_') || joined[at + words.len()..].starts_with("s_");
        ends && (words.len() >= 5 || joined[..at].ends_with('_'))
    })
}

/// Whether a value is the end of a fingerprint of ours, as reports and baselines hold them.
fn is_fingerprint(before: &[u8], value: &[u8]) -> bool {
    let end = value.rsplit(|&byte| byte == b':').next().unwrap_or(value);
    (before.ends_with(b"v1:") || value.starts_with(b"v1:")) && end.len() == 16 && end.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a name is that of something about a secret: where it is kept, how long it is.
fn is_about_a_secret(joined: &str) -> bool {
    const ABOUT: [&str; 52] = [
        "id",
        "ids",
        "name",
        "names",
        "path",
        "file",
        "filename",
        "dir",
        "url",
        "uri",
        "endpoint",
        "type",
        "kind",
        "hash",
        "digest",
        "checksum",
        "sha",
        "sha1",
        "sha256",
        "md5",
        "length",
        "len",
        "size",
        "count",
        "index",
        "fingerprint",
        "format",
        "field",
        "label",
        "prefix",
        "suffix",
        "expires",
        "expiry",
        "ttl",
        "policy",
        "provider",
        "class",
        "algorithm",
        "alg",
        "alias",
        "env",
        "arn",
        "ref",
        "version",
        "pattern",
        "regex",
        "column",
        "header",
        "description",
        "hint",
        "placeholder",
        "publickey",
    ];
    let mut words = joined.trim_matches('_').rsplit('_');
    words.next().is_some_and(|last| ABOUT.contains(&last)) || has_words(joined, "public")
}

/// Whether a file of that name is a program, in which a value without quotes is a name.
fn is_code(file_name: &[u8]) -> bool {
    const EXTENSIONS: [&[u8]; 45] = [
        b"c", b"h", b"cc", b"cpp", b"cxx", b"hpp", b"hh", b"m", b"mm", b"py", b"pyi", b"js", b"jsx", b"mjs", b"cjs",
        b"ts", b"tsx", b"java", b"kt", b"kts", b"go", b"rs", b"rb", b"php", b"cs", b"swift", b"scala", b"pl", b"pm",
        b"lua", b"r", b"dart", b"ex", b"exs", b"erl", b"hs", b"clj", b"vue", b"svelte", b"zig", b"groovy", b"s",
        b"css", b"scss", b"less",
    ];
    let extension = file_name.rsplit(|&byte| byte == b'.').next().unwrap_or(&[]);
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

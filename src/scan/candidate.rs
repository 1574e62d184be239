//! Matches that are not yet believed: how they are made, judged, and set against each other.

use std::borrow::Cow;
use std::ops::Range;

use super::assignment::{self, Assignment, Dress, More};
use super::filter::words::Joined;
use super::filter::{Dismissal, encoded, password, placeholder, random, reference, sample, sign};
use super::prefilter::begins_word;
use super::{Scanner, Window};
use crate::finding::{Confidence, Secret, Severity};
use crate::rule::check::is_for_show;
use crate::rule::pattern::is_token_byte;
use crate::rule::search::Found;
use crate::rule::{Check, Finder, Judge, Rule, Verdict};

/// How far around a public id its secret is looked for, in bytes.
const COMPANION_REACH: usize = 400;
/// How far before a name a provider's word counts, in bytes.
const NEAR_REACH: usize = 160;

/// How far back the line of a name is looked at, in bytes.
const LINE_REACH: usize = 400;

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
    /// Whether a list of the rules says that it is fine.
    pub is_allowed: bool,
    /// Of one that is wrapped, what is inside.
    pub inside: Option<Box<Inside>>,
}

/// A secret that does not stand in the text as it is.
#[derive(Debug, Clone)]
pub(super) struct Inside {
    /// The secret.
    pub secret: Secret,
    /// What was taken off to read it, outermost first.
    pub via: Vec<String>,
    /// Whether characters of it are written as escapes: it is what is meant, then, and not what stands there.
    pub is_unescaped: bool,
}

/// Wanted rules before those that only mask; then how the secret is known, from [`BY_SHAPE`] down;
/// then the longer keyword.
type Rank = (bool, u8, usize);

/// The keyword is part of the secret, and so says what it is wherever it stands.
const BY_SHAPE: u8 = 3;
/// The keyword stands beside it: `postgres://`, `AccountKey=`.
const BY_PLACE: u8 = 2;
/// A provider's name stands beside it, or it has one that only this provider gives.
const BY_PROVIDER: u8 = 1;
/// It has a secret-like name.
const BY_NAME: u8 = 0;
/// How long a keyword would be that says as much as the id a secret belongs to: longer than any.
const WITH_ITS_ID: usize = usize::MAX;

impl Scanner {
    /// What a token rule makes of one of its keywords at a place.
    pub(super) fn token(&self, window: &Window<'_>, at: usize, keyword: usize, index: usize) -> Option<Candidate> {
        let text = window.text;
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
        let known = match at + keyword > secret.start {
            // A shape that several vendors share: whose it is, a name may tell.
            true if &*rule.provider == GENERIC => BY_NAME,
            true => BY_SHAPE,
            false => BY_PLACE,
        };
        let candidate = self.judged(index, (known, keyword), window, secret, prefix, verdict);
        let companion = rule.companion.as_deref().filter(|_| candidate.dismissal.is_none());
        companion.and_then(|id| self.companion(id, window, &candidate.secret)).or(Some(candidate))
    }

    /// Whether what a rule found is not the public id at a place but the secret that belongs to it.
    pub(super) fn is_companion(&self, index: usize, at: usize, found: &Candidate) -> bool {
        self.rules[index].companion.is_some() && !found.secret.contains(&at)
    }

    /// The secret that belongs to a public id, standing close by.
    fn companion(&self, id: &str, window: &Window<'_>, public: &Range<usize>) -> Option<Candidate> {
        let text = window.text;
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
            .map(|matched| self.judged(index, (BY_PLACE, WITH_ITS_ID), window, matched.secret, 0, Verdict::Pass))
            .filter(|candidate| candidate.dismissal.is_none());
        found.next()
    }

    /// Of a public id and the secret that belongs to it, found beside each other, leaves the secret.
    pub(super) fn join_pairs(&self, candidates: &mut Vec<Candidate>) {
        if !candidates.iter().any(|one| self.rules[one.rule].companion.is_some()) {
            return;
        }
        let joined: Vec<bool> = candidates.iter().map(|one| self.has_companion(one, candidates)).collect();
        let mut joined = joined.into_iter();
        candidates.retain(|_| !joined.next().unwrap_or_default());
    }

    /// Whether the secret that belongs to a public id was found beside it.
    fn has_companion(&self, public: &Candidate, all: &[Candidate]) -> bool {
        let Some(id) = &self.rules[public.rule].companion else { return false };
        let first = all.partition_point(|one| one.secret.end + COMPANION_REACH < public.secret.start);
        let near = all[first..].iter().take_while(|one| one.secret.start <= public.secret.end + COMPANION_REACH);
        near.into_iter().any(|one| self.rules[one.rule].id == *id && one.dismissal.is_none())
    }

    /// What a rule finds that is looked for in the whole text.
    pub(super) fn search(&self, window: &Window<'_>, index: usize, candidates: &mut Vec<Candidate>) {
        let rule = &self.rules[index];
        let Finder::Search(search) = &rule.finder else { return };
        if search.is_silent || !search.is_for(window.origin) {
            return;
        }
        for found in search.find_all(window.text) {
            let mut candidate = self.judged(index, (BY_SHAPE, 0), window, found.secret.clone(), 0, Verdict::Unknown);
            // No opinion of ours counts.
            candidate.dismissal = None;
            let mut lists = search.allow.iter().chain(&self.allow);
            candidate.is_allowed = lists.any(|list| list.allows(&rule.id, window.text, &found, window.origin));
            candidates.push(candidate);
        }
    }

    /// Whether a list for all rules says that a candidate is fine.
    pub(super) fn is_allowed(&self, window: &Window<'_>, candidate: &Candidate) -> bool {
        let found = || Found { whole: candidate.secret.clone(), secret: candidate.secret.clone() };
        let rule = &self.rules[candidate.rule].id;
        candidate.is_allowed || self.allow.iter().any(|list| list.allows(rule, window.text, &found(), window.origin))
    }

    /// What the value rules make of an assignment, and of all further values of its name.
    pub(super) fn values_of(&self, window: &Window<'_>, first: Assignment) -> impl Iterator<Item = Candidate> {
        let rows = std::iter::successors(Some(first), |before| assignment::next(window.text, before));
        rows.filter_map(|one| self.value(window, &one))
    }

    /// What the value rules make of an assignment, the value being as it is written.
    pub(super) fn written_value(&self, window: &Window<'_>, assignment: &Assignment) -> Option<Candidate> {
        let Assignment { name, value, .. } = assignment;
        let bytes = &window.text[value.clone()];
        // Most assignments end here, so what is cheap comes first.
        let before = &window.text[..name.start];
        if !is_plausible(bytes) || !is_value(window, assignment) || is_fingerprint(before, bytes) || is_type(before) {
            return None;
        }
        // `checksum/secret`: what Helm notes of a Secret, so that pods start anew when it changes.
        if is_digest(bytes) && (is_lockfile(window.origin.file_name()) || before.ends_with(b"checksum/")) {
            return None;
        }
        let name_words = Joined::of(&window.text[with_kind(window.text, name)]);
        let context = Joined::of(&window.text[name.start.saturating_sub(NEAR_REACH)..name.end]);
        let anywhere = |generic: bool| {
            let indices = self.values.anywhere.iter().copied();
            indices.filter(move |&index| (&*self.rules[index].provider == GENERIC) == generic)
        };
        let mut seen = Seen::default();
        let specific = self.near_rules(&context).chain(anywhere(false)).map(|index| (BY_PROVIDER, index));
        specific
            .chain(anywhere(true).map(|index| (BY_NAME, index)))
            .filter(|&(_, index)| seen.add(index))
            .find_map(|(rank, index)| self.value_of(index, rank, window, value, &name_words))
            .map(|candidate| self.raised(candidate, window, &window.text[name.clone()]))
    }

    /// A key that only the word `key` tells of, believed where the name is that of a variable of the environment and the value
    /// is what vendors issue: `WEATHER_KEY=7d1f0a9c...`.
    fn raised(&self, mut candidate: Candidate, window: &Window<'_>, name: &[u8]) -> Candidate {
        let rule = &self.rules[candidate.rule];
        let is_unsure = &*rule.provider == GENERIC && rule.confidence == Confidence::Low && !rule.is_graded;
        let value = &window.text[candidate.secret.clone()];
        if !is_unsure || candidate.note.is_some() || !is_key_variable(name) || !is_issued(value) {
            return candidate;
        }
        candidate.confidence = Confidence::Medium;
        let signs = signs(window, rule, &candidate.secret, BY_NAME);
        candidate.capped(signs)
    }

    /// What one value rule makes of a value.
    fn value_of(
        &self,
        index: usize,
        rank: u8,
        window: &Window<'_>,
        value: &Range<usize>,
        name: &Joined,
    ) -> Option<Candidate> {
        let rule = &self.rules[index];
        let Finder::Value { names, near } = &rule.finder else { return None };
        let is_named = || names.is_empty() || names.iter().any(|one| name.has(one));
        // Rules for anybody's secrets have many names: that a value is none of theirs is known sooner.
        if !near.is_empty() && !is_named() {
            return None;
        }
        let matched = rule.pattern.matches_at(&window.text[..value.end], value.start)?;
        if matched.whole.end != value.end {
            return None;
        }
        // Whatever follows that prefix is for the rules that know it.
        let is_known = || window.text[value.clone()].starts_with(b"sk-ant-");
        if near.is_empty() && (!is_named() || is_about_a_secret(name) || is_known()) {
            return None;
        }
        let verdict = self.verdict(rule, &window.text[matched.secret.clone()], 0);
        // What is no login may be another rule's token.
        if rule.check == Some(Check::BasicAuth) && verdict == Verdict::NotASecret {
            return None;
        }
        Some(self.judged(index, (rank, 0), window, matched.secret, 0, verdict))
    }

    /// What a value rule makes of a word that stands where secrets do.
    pub(super) fn given(&self, index: usize, window: &Window<'_>, word: Range<usize>) -> Option<Candidate> {
        // Whatever follows that prefix is for the rules that know it.
        if window.text[word.clone()].starts_with(b"sk-ant-") {
            return None;
        }
        Some(self.judged(index, (BY_NAME, 0), window, word, 0, Verdict::Unknown)).filter(|one| one.dismissal.is_none())
    }

    /// The value rules whose provider is spoken of in a text.
    fn near_rules<'a>(&'a self, text: &'a Joined) -> impl Iterator<Item = usize> + 'a {
        let rules = |word: &[u8]| self.values.near.get(word).map_or(&[][..], Vec::as_slice);
        text.words().flat_map(rules).filter(|(_, near)| !near.contains('_') || text.has(near)).map(|(index, _)| *index)
    }

    fn verdict(&self, rule: &Rule, secret: &[u8], prefix: usize) -> Verdict {
        rule.check.map_or(Verdict::Unknown, |check| check.verdict(secret, prefix, self.now))
    }

    fn judged(
        &self,
        index: usize,
        rank: (u8, usize),
        window: &Window<'_>,
        secret: Range<usize>,
        prefix: usize,
        verdict: Verdict,
    ) -> Candidate {
        let text = window.text;
        let rule = &self.rules[index];
        let signs = if is_common(rule) { signs(window, rule, &secret, rank.0) } else { 0 };
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
                dismissal(rule, body)
            },
            note: None,
            is_allowed: false,
            inside: None,
            secret,
        };
        match verdict {
            Verdict::Pass if rule.check.is_some() && !rule.is_graded => candidate.confidence = Confidence::High,
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
        let by_its_name = matches!(rule.finder, Finder::Value { .. });
        if by_its_name && (password::is_hash(body) || encoded::is_hash(body)) {
            candidate.confidence = Confidence::Low;
            candidate.note = Some("it is the hash of a password, which can be guessed at without limit");
        } else if rule.judge == Judge::Password && !password::is_strong(body) {
            candidate.confidence = candidate.confidence.lowered();
        }
        candidate.capped(signs)
    }
}

/// Whether a rule finds what everybody makes, and not what one vendor issues: for tests, too.
fn is_common(rule: &Rule) -> bool {
    const FORMATS: [&str; 7] = [GENERIC, "HTTP", "JWK", "JWT", "Login", "Private key", "URL"];
    matches!(rule.finder, Finder::Value { .. }) || FORMATS.contains(&&*rule.provider)
}

/// The providers of rules for what nobody issues: an application makes it for itself, and each of its tests another.
const SELF_MADE: [&str; 5] = [GENERIC, "Django", "Drupal", "Laravel", "Rails"];

/// The providers of rules for what people log in with, whatever that is.
const LOGINS: [&str; 3] = ["HTTP", "Login", "URL"];

/// How many signs there are that a secret was made for a test or an example.
fn signs(window: &Window<'_>, rule: &Rule, secret: &Range<usize>, known: u8) -> usize {
    let body = &window.text[secret.clone()];
    let line = sign::line_before(window.text, secret.start);
    // A token tells itself what it is wherever it lies; what somebody logs in with does not.
    let is_login = rule.judge == Judge::Password || LOGINS.contains(&&*rule.provider);
    let tells_itself = matches!(rule.finder, Finder::Token { .. }) && !is_login;
    let place = if tells_itself { 0 } else { sign::of_path(&window.origin.path) };
    let signs = place
        + usize::from(sign::in_name(line))
        + usize::from(sign::in_comparison(line))
        + usize::from(rule.judge == Judge::Password && sign::is_spoken(body))
        + usize::from(rule.check == Some(Check::Pem) && is_for_show(body));
    // That a vendor's name stands there, too, is a sign that it was issued.
    let is_issued = known == BY_PROVIDER && !SELF_MADE.contains(&&*rule.provider);
    signs.saturating_sub(usize::from(is_issued))
}

fn dismissal(rule: &Rule, body: &[u8]) -> Option<Dismissal> {
    let plain = if rule.judge == Judge::Password { encoded::unescaped(body) } else { Cow::Borrowed(body) };
    let body = &*plain;
    let is_placeholder = || placeholder::is_placeholder(body) || rule.judge == Judge::Key && password::is_stock(body);
    if rule.check == Some(Check::BasicAuth) {
        return encoded::dismissal(body);
    }
    match rule.judge {
        Judge::Shape | Judge::Exposure => None,
        Judge::Token => is_placeholder().then_some(Dismissal::Placeholder),
        Judge::Key | Judge::Password if reference::is_reference(body) => Some(Dismissal::Reference),
        Judge::Key | Judge::Password if encoded::is_placeholder(body) => Some(Dismissal::Placeholder),
        Judge::Key if is_placeholder() => Some(Dismissal::Placeholder),
        Judge::Key if sample::is_publishable(body) => Some(Dismissal::Sample),
        Judge::Key => {
            let is_key = random::is_random(body) || encoded::is_random(body) || password::is_short_key(body);
            (!is_key).then_some(Dismissal::LowEntropy)
        }
        Judge::Password if password::is_placeholder(body) => Some(Dismissal::Placeholder),
        Judge::Password => (!password::is_chosen(body)).then_some(Dismissal::LowEntropy),
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
    /// With no more confidence than so many signs of a test leave.
    fn capped(mut self, signs: usize) -> Candidate {
        let most = match signs {
            0 => return self,
            1 => Confidence::Medium,
            _ => Confidence::Low,
        };
        if most < self.confidence {
            self.confidence = most;
            self.note = self.note.or(Some("it looks as if made for a test or an example"));
        }
        self
    }

    /// The secret, in a text.
    pub(super) fn secret_in(&self, text: &[u8]) -> Secret {
        match &self.inside {
            Some(inside) => inside.secret.clone(),
            None => Secret::new(&text[self.secret.clone()], self.prefix),
        }
    }

    /// Whether it is wrapped, and another is not that has less of the text, or the same without reading its escapes. Those
    /// of an address are part of it.
    fn completes(&self, other: &Candidate) -> bool {
        let is_read = |inside: &Inside| inside.is_unescaped && self.rank.1 != BY_PLACE && self.secret == other.secret;
        other.inside.is_none()
            && self.inside.as_ref().is_some_and(|inside| self.secret.len() > other.secret.len() || is_read(inside))
    }

    /// On a tie the one that is not wrapped has it, then the rule that stands first in its file.
    fn beats(&self, other: &Candidate) -> bool {
        if self.rank == other.rank && (self.completes(other) || other.completes(self)) {
            return self.completes(other);
        }
        let strength =
            |one: &Candidate| (one.rank, one.dismissal.is_none(), one.inside.is_none(), std::cmp::Reverse(one.rule));
        strength(self) > strength(other)
    }
}

/// Whether a name is that of a variable of the environment which holds a key: `WEATHER_KEY`, not `CACHE_KEY`.
fn is_key_variable(name: &[u8]) -> bool {
    const OTHERS: [&[u8]; 20] = [
        b"PRIMARY",
        b"FOREIGN",
        b"PARTITION",
        b"SORT",
        b"HASH",
        b"RANGE",
        b"CACHE",
        b"OBJECT",
        b"BUILD",
        b"ROUTING",
        b"GPG",
        b"PGP",
        b"APT",
        b"YUM",
        b"REPO",
        b"SSH",
        b"HOST",
        b"IDEMPOTENCY",
        b"LOOKUP",
        b"INDEX",
    ];
    let Some(rest) = name.strip_suffix(b"_KEY") else { return false };
    rest.len() >= 2
        && rest.iter().all(|&byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && !rest.split(|&byte| byte == b'_').any(|word| OTHERS.contains(&word))
}

/// Whether a value is as vendors make their keys: long, and of letters and digits. The fingerprint of a PGP key, of 40 capital hex
/// digits, is none, and neither is a UUID.
fn is_issued(value: &[u8]) -> bool {
    const SHORTEST: usize = 32;
    let body = value.strip_suffix(b"==").or_else(|| value.strip_suffix(b"=")).unwrap_or(value);
    let is_fingerprint = value.len() == 40 && value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    body.len() >= SHORTEST
        && body.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'/'))
        && !is_fingerprint
}

/// The provider of the rules that go by no provider.
const GENERIC: &str = "Generic";

/// The rules that were tried.
#[derive(Default)]
struct Seen([u64; 32]);

impl Seen {
    /// Adds one; tells whether it is new, as those beyond the last bit always are.
    fn add(&mut self, rule: usize) -> bool {
        let Some(bits) = self.0.get_mut(rule / 64) else { return true };
        let bit = 1 << (rule % 64);
        let new = *bits & bit == 0;
        *bits |= bit;
        new
    }
}

/// A name that is a single word, with the words that say what it is of: `API key`, `secret access key`.
fn with_kind(text: &[u8], name: &Range<usize>) -> Range<usize> {
    const KINDS: [&[u8]; 12] = [
        b"api",
        b"access",
        b"secret",
        b"private",
        b"client",
        b"signing",
        b"encryption",
        b"license",
        b"public",
        b"admin",
        b"master",
        b"write",
    ];
    const LONGEST: usize = 12;
    let is_word = text[name.clone()].iter().all(u8::is_ascii_alphabetic) && name.len() <= 6;
    let mut start = name.start;
    while let Some(before) = text[start.saturating_sub(LONGEST)..start].strip_suffix(b" ").filter(|_| is_word) {
        let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let kind = &before[before.len() - letters..];
        if !KINDS.iter().any(|one| kind.eq_ignore_ascii_case(one)) {
            break;
        }
        start -= letters + 1;
    }
    start..name.end
}

/// Whether any rule could believe a value: it has a digit, mixes its cases, or is long.
fn is_plausible(value: &[u8]) -> bool {
    value.len() >= 6
        && !value.iter().any(u8::is_ascii_whitespace)
        && (value.len() >= 15
            || value.iter().any(u8::is_ascii_digit)
            || value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase))
}

/// Whether what stands behind a name is its value, and not the next word or another name.
fn is_value(window: &Window<'_>, assignment: &Assignment) -> bool {
    let Assignment { name, value, dress, more } = assignment;
    let bytes = &window.text[value.clone()];
    let is_sure = || random::is_random(bytes) || password::is_mixed(bytes);
    if *dress == Dress::Quoted {
        // Lists are of names, mostly.
        return *more != Some(More::Element) || is_sure();
    }
    let file_name = window.origin.file_name();
    // A longer line is a program's output, and tells nothing here.
    let reach = &window.text[name.start.saturating_sub(LINE_REACH)..name.start];
    let line = reach.rsplit(|&byte| byte == b'\n').next().unwrap_or(&[]);
    let is_program = is_code(file_name) && (line.len() == LINE_REACH || !is_in_string(line));
    let opens_line = line.trim_ascii().is_empty();
    let ends_line = matches!(window.text.get(value.end), None | Some(b'\n' | b'\r'));
    // Without quotes that is a constant, in whatever language.
    if is_program && is_constant(bytes) {
        return false;
    }
    match dress {
        // An assignment that was commented out, or a word about one.
        Dress::Bare if is_program && is_comment(line) && ends_line && !has_words(line) => password::is_strong(bytes),
        _ if is_program && is_comment(line) => is_sure(),
        Dress::Bare if !is_program => true,
        // A text of several lines in a program, else a name.
        Dress::Bare => opens_line && ends_line && is_sure(),
        _ if is_program => false,
        _ => file_name.ends_with(b"netrc") || (opens_line && !is_prose(file_name)) || is_sure(),
    }
}

/// Whether a value is written as constants are: `HAL_36XX_MAX_SIZE`.
fn is_constant(value: &[u8]) -> bool {
    let is_part = |&byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    value.iter().all(is_part) && value.iter().filter(|&&byte| byte == b'_').count() >= 2
}

/// Whether what follows this part of a line stands in a string that began in it.
fn is_in_string(line: &[u8]) -> bool {
    let quotes = |quote: u8| line.iter().filter(|&&byte| byte == quote).count();
    quotes(b'"') % 2 == 1 || (quotes(b'"') == 0 && quotes(b'\'') % 2 == 1) || quotes(b'`') % 2 == 1
}

/// Whether a comment begins in this part of a line.
fn is_comment(line: &[u8]) -> bool {
    const MARKS: [&[u8]; 6] = [b"# ", b"##", b"* ", b"--", b";", b"<!--"];
    let line = line.trim_ascii_start();
    MARKS.iter().any(|mark| line.starts_with(mark)) || memchr::memmem::find(line, b"//").is_some()
}

/// Whether anything but marks stands in this part of a line.
fn has_words(line: &[u8]) -> bool {
    line.iter().any(u8::is_ascii_alphanumeric)
}

/// Whether a value may be the digest of a file: MD5, SHA-1 or SHA-2 in hex.
fn is_digest(value: &[u8]) -> bool {
    matches!(value.len(), 32 | 40 | 64 | 96 | 128) && value.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a file of that name says which versions of packages are used: what is in it by a package's name
/// is the digest of that package.
fn is_lockfile(file_name: &[u8]) -> bool {
    const ENDS: [&[u8]; 8] =
        [b".lock", b"-lock.json", b"-lock.yaml", b".lock.json", b".lock.hcl", b".lockfile", b".resolved", b"go.sum"];
    ENDS.iter().any(|end| file_name.ends_with(end))
}

/// Whether a name is the end of a type of CloudFormation's: `AWS::ApiGateway::ApiKey`.
fn is_type(before: &[u8]) -> bool {
    const LONGEST: usize = 64;
    let reach = &before[before.len().saturating_sub(LONGEST)..];
    before.ends_with(b"::")
        && reach
            .rsplit(|byte| !byte.is_ascii_alphanumeric() && *byte != b':')
            .next()
            .is_some_and(|path| path.starts_with(b"AWS::"))
}

/// Whether a value is the end of a fingerprint of ours, as reports and baselines hold them.
fn is_fingerprint(before: &[u8], value: &[u8]) -> bool {
    let end = value.rsplit(|&byte| byte == b':').next().unwrap_or(value);
    (before.ends_with(b"v1:") || value.starts_with(b"v1:")) && end.len() == 16 && end.iter().all(u8::is_ascii_hexdigit)
}

/// Words that say so wherever they stand: public halves, what is encrypted, what guards a form,
/// and tokens that tell one request, page or version from the next.
const OPEN: [&str; 30] = [
    "public",
    "publishable",
    "encrypted",
    "wrapped",
    "hashed",
    "csrf",
    "xsrf",
    "csrftoken",
    "xsrftoken",
    "csrfmiddlewaretoken",
    "authenticity_token",
    "forgery",
    "nonce",
    "integrity",
    "cursor",
    "idempotency",
    "page_token",
    "next_token",
    "continuation_token",
    "starting_token",
    "client_token",
    "request_token",
    "change_token",
    "lock_token",
    "update_token",
    "action_token",
    "sequence_token",
    "sync_token",
    "cancel_token",
    "cache_key",
];

/// Whether a name is that of something about a secret: where it is kept, how long it is, or what
/// is handed out to everybody.
fn is_about_a_secret(name: &Joined) -> bool {
    /// What the last word says of the value.
    const ABOUT: [&str; 72] = [
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
        "guid",
        "uuid",
        "instance",
        "factory",
        "method",
        "mode",
        "date",
        "time",
        "status",
        "state",
        "title",
        "message",
        "signature",
        "challenge",
        "cryptogram",
        "encryption",
        "encoder",
        "hasher",
        "expression",
        "strength",
    ];
    name.words().last().is_some_and(|last| ABOUT.iter().any(|about| about.as_bytes() == last))
        // What guards forms is made by a key, and that is one.
        || OPEN.iter().any(|open| name.has(open)) && !(name.has("csrf") && name.has("secret"))
}

/// Whether a file of that name is written for people to read.
fn is_prose(file_name: &[u8]) -> bool {
    const EXTENSIONS: [&[u8]; 10] = [b"md", b"mdx", b"rst", b"adoc", b"txt", b"html", b"htm", b"tex", b"org", b"log"];
    let extension = file_name.rsplit(|&byte| byte == b'.').next().unwrap_or(&[]);
    EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
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

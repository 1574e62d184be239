//! Rules as gitleaks has them: a pattern looked for in the whole of a text, and lists of what is fine.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use crate::blob::{Origin, Place};

/// How large a pattern may become.
const LARGEST: usize = 16 << 20;

/// How a rule's secrets are looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Words, one of which must stand in the text, in lower case; none when it is looked for everywhere.
    pub keywords: Vec<String>,
    /// What is looked for; nothing when the path says it all.
    pub regex: Option<Regex>,
    /// The group that is the secret; 0 is the first that took part, or the whole match.
    pub group: usize,
    /// The least Shannon entropy of the secret, in bits for each byte.
    pub entropy: f64,
    /// What the path must match.
    pub path: Option<Regex>,
    /// What is fine.
    pub allow: Vec<Allowlist>,
    /// What has to stand close by.
    pub required: Vec<Required>,
    /// Whether it only serves others.
    pub is_silent: bool,
}

/// A pattern that has to match close by.
#[derive(Debug, Clone)]
pub struct Required {
    /// What.
    pub search: Box<Search>,
    /// How many lines away it may begin.
    pub lines: Option<usize>,
    /// How many columns.
    pub columns: Option<usize>,
}

/// What is fine.
#[derive(Debug, Clone, Default)]
pub struct Allowlist {
    /// Whether all of it must hold, not just one.
    pub all: bool,
    /// The rules it is about; all when there are none.
    pub rules: Vec<String>,
    /// Commits, by id.
    pub commits: Vec<String>,
    /// Patterns of paths.
    pub paths: Vec<Regex>,
    /// Patterns of what `target` says.
    pub regexes: Vec<Regex>,
    /// What these are tried on.
    pub target: Target,
    /// Words in the secret, in lower case.
    pub stopwords: Vec<String>,
}

/// What a pattern of an allowlist is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// The secret.
    #[default]
    Secret,
    /// All that the rule matched.
    Match,
    /// The lines it stands in.
    Line,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// All that was matched.
    pub whole: Range<usize>,
    /// The secret in it.
    pub secret: Range<usize>,
}

/// A pattern as gitleaks reads it.
///
/// # Errors
/// What is wrong with it.
pub fn compile(source: &str) -> Result<Regex, String> {
    // Go's `\z` is the same; `\Q` and `\E` are not known here.
    let plain = RegexBuilder::new(source).unicode(false).size_limit(LARGEST).build();
    // What names characters beyond ASCII needs Unicode.
    plain.or_else(|_| RegexBuilder::new(source).size_limit(LARGEST).build()).map_err(|error| error.to_string())
}

impl Search {
    /// Whether it looks into a file of that path. What is not known yet could be any.
    pub fn is_for(&self, origin: &Origin) -> bool {
        if self.regex.is_none() && !matches!(origin.place, Place::Content | Place::Stash | Place::Note) {
            return false;
        }
        origin.is_unknown() || self.path.as_ref().is_none_or(|path| path.is_match(&origin.path))
    }

    /// All it finds in a text.
    pub fn find_all(&self, text: &[u8]) -> Vec<Found> {
        let Some(regex) = &self.regex else { return vec![Found { whole: 0..0, secret: 0..0 }] };
        let all = regex.captures_iter(text).filter_map(|groups| {
            let whole = groups.get(0)?.range();
            let group = match self.group {
                0 => groups.iter().skip(1).flatten().find(|group| !group.is_empty()),
                number => Some(groups.get(number)?),
            };
            let secret = group.map_or_else(|| trimmed(text, &whole), |group| group.range());
            (!secret.is_empty() && (self.entropy <= 0.0 || entropy(&text[secret.clone()]) > self.entropy))
                .then_some(Found { whole, secret })
        });
        all.filter(|found| self.required.iter().all(|required| required.is_near(text, found))).collect()
    }
}

/// gitleaks takes line ends off a match.
fn trimmed(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let bytes = &text[range.clone()];
    let start = bytes.iter().take_while(|&&byte| byte == b'\n').count();
    let end = bytes.len() - bytes[start..].iter().rev().take_while(|&&byte| byte == b'\n').count();
    range.start + start..range.start + end.max(start)
}

impl Required {
    fn is_near(&self, text: &[u8], found: &Found) -> bool {
        let line = |at: usize| memchr::memchr_iter(b'\n', &text[..at]).count();
        let column = |at: usize| at - memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
        self.search.find_all(text).iter().any(|other| {
            self.lines.is_none_or(|most| line(found.secret.start).abs_diff(line(other.secret.start)) <= most)
                && self
                    .columns
                    .is_none_or(|most| column(found.secret.start).abs_diff(column(other.secret.start)) <= most)
        })
    }
}

impl Allowlist {
    /// Whether it is about a rule's finding.
    pub fn allows(&self, rule: &str, text: &[u8], found: &Found, origin: &Origin) -> bool {
        if !self.rules.is_empty() && !self.rules.iter().any(|one| one == rule) {
            return false;
        }
        let secret = &text[found.secret.clone()];
        let mut says = Vec::new();
        if !self.commits.is_empty() {
            says.push(origin.commit.as_ref().is_some_and(|commit| self.commits.contains(&commit.id)));
        }
        if !self.paths.is_empty() {
            let is_known = !origin.is_unknown() && !origin.path.is_empty();
            says.push(is_known && self.paths.iter().any(|path| path.is_match(&origin.path)));
        }
        if !self.regexes.is_empty() {
            let target = match self.target {
                Target::Secret => secret,
                Target::Match => &text[found.whole.clone()],
                Target::Line => &text[lines(text, &found.whole)],
            };
            says.push(self.regexes.iter().any(|regex| regex.is_match(target)));
        }
        if !self.stopwords.is_empty() {
            let lower = secret.to_ascii_lowercase();
            says.push(self.stopwords.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some()));
        }
        if self.all { !says.is_empty() && says.iter().all(|&one| one) } else { says.contains(&true) }
    }
}

fn lines(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let start = memchr::memrchr(b'\n', &text[..range.start]).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', &text[range.end..]).map_or(text.len(), |end| range.end + end);
    start..end
}

/// Shannon's, in bits for each byte.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = bytes.len() as f64;
    let part = |count: &u32| {
        let share = f64::from(*count) / length;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_the_group_that_is_meant() {
        let search =
            |source: &str, group, entropy| Search { regex: compile(source).ok(), group, entropy, ..Search::default() };
        let secrets = |search: &Search, text: &str| -> Vec<String> {
            search.find_all(text.as_bytes()).iter().map(|found| text[found.secret.clone()].to_owned()).collect()
        };
        assert_eq!(secrets(&search("k=(a+)|k=(b+)", 0, 0.0), "k=bb k=aa"), ["bb", "aa"]);
        assert_eq!(secrets(&search("(k)=([a-z]+)", 2, 0.0), "k=abc"), ["abc"]);
        assert_eq!(secrets(&search("k=[a-z]+", 0, 0.0), "k=abc"), ["k=abc"]);
        assert_eq!(secrets(&search("k=([a-z]+)", 1, 1.5), "k=aaaa k=abcd"), ["abcd"]);
    }
}

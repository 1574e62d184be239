//! Marks: words in the text by which people say that a secret there is fine. They stand on its line or
//! the one before, around it, or at the head of the file.
//!
//! They are read only where a candidate is believed. What stands close is looked for then; blocks and
//! the file's head may be out of sight in a large file, so the prefilter notices `skant:` in passing, and
//! [`Marks`] remembers what was said.

use std::ops::Range;

/// What our own marks begin with.
pub(super) const NAME: &str = "skant:";

/// How far from a secret a mark on its line, or the line before, counts, in bytes.
const REACH: usize = 500;
/// The lines at the head of a file in which a mark may allow all of it, and how long they may be.
const HEAD_LINES: usize = 10;
const HEAD: usize = 64 << 10;
/// How long the line of a mark for a block or a file may be: before the mark, and from it on.
const LEAD: usize = 40;
const TAIL: usize = 400;
/// How many blocks may be open at once.
const DEEPEST: usize = 64;
/// How much of a reason is kept, in bytes.
const LONGEST_REASON: usize = 200;

/// What a mark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Line,
    NextLine,
    Start,
    End,
    File,
}

/// A mark of ours or of another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    scope: Scope,
    /// How it is written, for reports.
    spelled: &'static str,
    /// The rules it is about; all when there are none.
    rules: Vec<String>,
    /// Where in the text the reason is that was given.
    reason: Option<Range<usize>>,
}

/// What a mark says, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// How it is written.
    pub mark: &'static str,
    /// The reason that is given.
    pub reason: Option<String>,
}

/// A mark at the head of a file, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileMark(Mark, Said);

impl FileMark {
    /// What it says, when it is about a rule.
    pub(super) fn about(&self, rule: &str) -> Option<&Said> {
        self.0.is_about(rule).then_some(&self.1)
    }
}

/// A window's text, and how a part of it can be shown.
pub(super) struct Shown<'a> {
    pub text: &'a [u8],
    pub mask: &'a dyn Fn(Range<usize>) -> String,
}

impl Shown<'_> {
    fn said(&self, mark: &Mark) -> Said {
        Said { mark: mark.spelled, reason: mark.reason.clone().map(self.mask) }
    }
}

/// The marks of a text that reach further than a line.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The windows that were gone through: the head is in the first.
    windows: usize,
    file: Vec<FileMark>,
    /// The blocks that are open, the innermost last.
    open: Vec<(Mark, Said)>,
    /// Findings that an open block allows, and how many blocks were open: it may never close.
    pending: Vec<(usize, usize)>,
}

impl Marks {
    /// Takes in a window: `hits` are the places where [`NAME`] stands in it.
    pub(super) fn enter(&mut self, shown: &Shown<'_>, hits: &[usize]) {
        self.windows += 1;
        if self.windows > 1 {
            return;
        }
        let text = shown.text;
        let is_in_head = |at: usize| at < HEAD && memchr::memchr_iter(b'\n', &text[..at]).count() < HEAD_LINES;
        let head = hits.iter().copied().take_while(|&at| is_in_head(at));
        let marks = head.filter_map(|at| own_line(text, at)).filter(|mark| mark.scope == Scope::File);
        self.file.extend(marks.map(|mark| FileMark(mark.clone(), shown.said(&mark))));
    }

    /// Takes in the mark at a place: a block may begin or end there.
    pub(super) fn pass(&mut self, shown: &Shown<'_>, at: usize) {
        let Some(mark) = own_line(shown.text, at) else { return };
        match mark.scope {
            Scope::Start if self.open.len() < DEEPEST => {
                let said = shown.said(&mark);
                self.open.push((mark, said));
            }
            Scope::End => {
                let depth = self.open.len();
                self.pending.retain(|(_, open)| *open != depth);
                self.open.pop();
            }
            Scope::Start | Scope::File | Scope::Line | Scope::NextLine => {}
        }
    }

    /// What the mark says that allows a rule's secret, the nearest one; `finding` is its number, of which
    /// more may be known at the end.
    pub(super) fn allowing(
        &mut self,
        shown: &Shown<'_>,
        secret: &Range<usize>,
        rule: &str,
        finding: usize,
    ) -> Option<Said> {
        if let Some(mark) = near(shown.text, secret, rule) {
            return Some(shown.said(&mark));
        }
        if let Some(said) = self.file.iter().find_map(|mark| mark.about(rule)) {
            return Some(said.clone());
        }
        let depth = self.open.iter().rposition(|(mark, _)| mark.is_about(rule))?;
        self.pending.push((finding, depth + 1));
        Some(self.open[depth].1.clone())
    }

    /// What they say of the file as a whole.
    pub(super) fn of_file(self) -> Vec<FileMark> {
        self.file
    }

    /// The findings that were allowed by a block without an end, and are not.
    pub(super) fn never_closed(&self) -> impl Iterator<Item = usize> + '_ {
        self.pending.iter().map(|(finding, _)| *finding)
    }
}

impl Mark {
    fn is_about(&self, rule: &str) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|one| matches(one, rule))
    }

    fn is(&self, scope: Scope, rule: &str) -> bool {
        self.scope == scope && self.is_about(rule)
    }
}

/// Whether a rule's id is the one named, in which `*` stands for any text.
fn matches(pattern: &str, rule: &str) -> bool {
    let Some((front, rest)) = pattern.split_once('*') else { return pattern == rule };
    let Some(left) = rule.strip_prefix(front) else { return false };
    rest.is_empty() || (0..=left.len()).any(|at| left.is_char_boundary(at) && matches(rest, &left[at..]))
}

/// The mark on a secret's line, or on the line before it.
fn near(text: &[u8], secret: &Range<usize>, rule: &str) -> Option<Mark> {
    let reach = secret.start.saturating_sub(REACH)..text.len().min(secret.end + REACH);
    let line = memchr::memrchr(b'\n', &text[reach.start..secret.start]).map(|at| reach.start + at);
    let line_end = memchr::memchr(b'\n', &text[secret.end..reach.end]).map_or(reach.end, |at| secret.end + at);
    let same = [secret.end..line_end, line.map_or(reach.start, |at| at + 1)..secret.start];
    let on_line = same.into_iter().flat_map(|part| all(text, part)).find(|mark| mark.is(Scope::Line, rule));
    on_line.or_else(|| {
        let end = line?;
        let start = memchr::memrchr(b'\n', &text[reach.start..end]).map_or(reach.start, |at| reach.start + at + 1);
        all(text, start..end).find(|mark| mark.is(Scope::NextLine, rule))
    })
}

/// The marks that begin in a range of a text, whoever they are for.
fn all(text: &[u8], range: Range<usize>) -> impl Iterator<Item = Mark> + '_ {
    let own = places(text, &range, NAME).filter_map(|at| ours(text, at));
    own.chain(others(text, range))
}

/// Where in a text something begins in a range of it.
fn places<'t>(text: &'t [u8], range: &Range<usize>, what: &'t str) -> impl Iterator<Item = usize> + use<'t> {
    let start = range.start;
    let end = text.len().min(range.end + what.len() - 1);
    memchr::memmem::find_iter(&text[start..end], what).map(move |at| start + at)
}

/// Our own mark at a place where [`NAME`] stands.
fn ours(text: &[u8], at: usize) -> Option<Mark> {
    if at.checked_sub(1).is_some_and(|before| is_word(text[before])) {
        return None;
    }
    let blanks = text[at + NAME.len()..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let start = at + NAME.len() + blanks;
    let line = rest_of_line(text, start);
    let length = line.iter().take_while(|&&byte| is_word(byte)).count();
    // `allow-->` ends a comment.
    let length = length - line[..length].iter().rev().take_while(|&&byte| byte == b'-').count();
    let (scope, spelled) = match &line[..length] {
        b"allow" => (Scope::Line, "skant: allow"),
        b"allow-next-line" => (Scope::NextLine, "skant: allow-next-line"),
        b"allow-start" => (Scope::Start, "skant: allow-start"),
        b"allow-end" => (Scope::End, "skant: allow-end"),
        b"allow-file" => (Scope::File, "skant: allow-file"),
        _ => return None,
    };
    let (rules, behind) = rules_of(&line[length..])?;
    Some(Mark { scope, spelled, rules, reason: reason(text, start + length + behind) })
}

/// What is left of a line at a place, as much of it as is looked at.
fn rest_of_line(text: &[u8], at: usize) -> &[u8] {
    text[at..text.len().min(at + TAIL)].split(|&byte| byte == b'\n').next().unwrap_or_default()
}

/// The ids in parentheses, and how long that is; nothing when they are not closed, or name nothing.
fn rules_of(text: &[u8]) -> Option<(Vec<String>, usize)> {
    let Some(inner) = text.strip_prefix(b"(") else { return Some((Vec::new(), 0)) };
    let end = memchr::memchr(b')', inner)?;
    let named = inner[..end].split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|id| !id.is_empty());
    let rules: Vec<String> = named.map(|id| String::from_utf8_lossy(id).into_owned()).collect();
    (!rules.is_empty()).then_some((rules, end + 2))
}

/// Where it is that something is said after a mark, without what ends a comment.
fn reason(text: &[u8], at: usize) -> Option<Range<usize>> {
    const CLOSERS: [&[u8]; 8] = [b"*/", b"-->", b"%>", b"#}", b"}}", b"*)", b"-}", b"]]"];
    let line = rest_of_line(text, at);
    let ends = CLOSERS.iter().filter_map(|closer| memchr::memmem::find(line, closer));
    let said = &line[..ends.min().unwrap_or(line.len()).min(LONGEST_REASON)];
    let is_mark = |byte: &u8| byte.is_ascii_whitespace() || b":;,-=\"'".contains(byte);
    let start = said.iter().position(|byte| !is_mark(byte))?;
    let end = said.iter().rposition(|byte| !is_mark(byte))? + 1;
    Some(at + start..at + end)
}

/// Our mark at a place, when nothing but the beginning of a comment stands before it in its line: one
/// in the string of a minified program is none.
fn own_line(text: &[u8], at: usize) -> Option<Mark> {
    let before = &text[at.saturating_sub(LEAD)..at];
    let lead = match memchr::memrchr(b'\n', before) {
        Some(end) => &before[end + 1..],
        None if before.len() == at => before,
        None => return None,
    };
    let words = lead.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let is_opener =
        |word: &[u8]| [&b"rem"[..], b"dnl", b"comment"].iter().any(|known| word.eq_ignore_ascii_case(known));
    let is_quoted = lead.last().is_some_and(|byte| b"\"'`".contains(byte));
    let after = &text[at..text.len().min(at + TAIL)];
    let ends = after.len() < TAIL || memchr::memchr(b'\n', after).is_some();
    (!is_quoted && ends && words.into_iter().all(is_opener)).then(|| ours(text, at))?
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// What other tools take for a mark, by their documentation.
const OTHERS: [(&str, Scope); 7] = [
    ("gitleaks:allow", Scope::Line),
    ("betterleaks:allow", Scope::Line),
    ("trufflehog:ignore", Scope::Line),
    ("kingfisher:ignore", Scope::Line),
    ("ggignore", Scope::Line),
    ("secretlint-disable-line", Scope::Line),
    ("secretlint-disable-next-line", Scope::NextLine),
];

/// What detect-secrets begins its marks with, in whatever case.
const PRAGMA: &[u8] = b"pragma:";

fn others(text: &[u8], range: Range<usize>) -> impl Iterator<Item = Mark> + '_ {
    let known = OTHERS.into_iter().filter_map({
        let range = range.clone();
        move |(spelled, scope)| {
            let is_whole = |at: &usize| {
                let end = at + spelled.len();
                at.checked_sub(1).is_none_or(|before| !is_word(text[before]))
                    && text.get(end).is_none_or(|&byte| !is_word(byte) || text[end..].starts_with(b"--"))
            };
            let at = places(text, &range, spelled).find(is_whole)?;
            Some(Mark { scope, spelled, rules: Vec::new(), reason: reason(text, at + spelled.len()) })
        }
    });
    known.chain(pragmas(text, range))
}

/// `pragma: allowlist secret`, `pragma: allowlist nextline secret`.
fn pragmas(text: &[u8], range: Range<usize>) -> impl Iterator<Item = Mark> + '_ {
    let colons = memchr::memchr_iter(b':', &text[range.clone()]).map(move |at| range.start + at + 1);
    colons.filter_map(|end| {
        let start = end.checked_sub(PRAGMA.len())?;
        if !text[start..end].eq_ignore_ascii_case(PRAGMA) {
            return None;
        }
        let line = rest_of_line(text, end).to_ascii_lowercase();
        let mut words = line.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let list = words.next()?;
        if list != b"allowlist" && list != b"whitelist" {
            return None;
        }
        let (scope, spelled) = match (words.next()?, words.next()) {
            (b"secret", _) => (Scope::Line, "pragma: allowlist secret"),
            (b"nextline", Some(b"secret")) => (Scope::NextLine, "pragma: allowlist nextline secret"),
            _ => return None,
        };
        Some(Mark { scope, spelled, rules: Vec::new(), reason: None })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(text: &str) -> Option<&'static str> {
        let at = text.find("SECRET").expect("the text has one");
        near(text.as_bytes(), &(at..at + 6), "a-b").map(|mark| mark.spelled)
    }

    #[test]
    fn marks_stand_on_the_line_or_the_one_before() {
        let table = [
            ("SECRET # skant: allow", Some("skant: allow")),
            ("SECRET # skant:allow", Some("skant: allow")),
            ("/* skant: allow */ SECRET", Some("skant: allow")),
            ("SECRET <!-- skant: allow-->", Some("skant: allow")),
            ("SECRET # skant: allowed", None),
            ("SECRET # noskant: allow", None),
            ("SECRET # skant: allow(a-b) for a test", Some("skant: allow")),
            ("SECRET # skant: allow(x, a-*)", Some("skant: allow")),
            ("SECRET # skant: allow(x-y)", None),
            ("SECRET # skant: allow(a-b", None),
            ("SECRET # skant: allow()", None),
            ("# skant: allow\nSECRET", None),
            ("SECRET\n# skant: allow", None),
            ("# skant: allow-next-line\r\nSECRET", Some("skant: allow-next-line")),
            ("# skant: allow-next-line\n\nSECRET", None),
            ("SECRET # skant: allow-next-line", None),
            ("SECRET // gitleaks:allow", Some("gitleaks:allow")),
            ("SECRET // gitleaks:allowed", None),
            ("SECRET # pragma: allowlist secret", Some("pragma: allowlist secret")),
            ("SECRET # Pragma: whitelist secret", Some("pragma: allowlist secret")),
            ("SECRET # pragma: no cover", None),
            ("# pragma: allowlist nextline secret\nSECRET", Some("pragma: allowlist nextline secret")),
            ("SECRET # ggignore", Some("ggignore")),
            ("SECRET # biggignored", None),
        ];
        for (text, expected) in table {
            assert_eq!(spelled(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mark_more_than_500_bytes_away_does_not_count() {
        for (gap, counts) in [(20, true), (499, true), (501, false)] {
            let gap = " ".repeat(gap);
            assert_eq!(spelled(&format!("SECRET{gap}skant: allow")).is_some(), counts, "after {}", gap.len());
            let before = format!("skant: allow{}SECRET", &gap[12..]);
            assert_eq!(spelled(&before).is_some(), counts, "before {}", gap.len());
        }
    }

    #[test]
    fn marks_of_blocks_and_files_have_a_line_of_their_own() {
        let table = [
            ("# skant: allow-file", true),
            ("  <!-- skant: allow-file because -->", true),
            ("REM skant: allow-file", true),
            ("{{/* skant: allow-file */}}", true),
            ("x = 1 # skant: allow-file", false),
            ("\"skant: allow-file\";", false),
            ("var a='skant: allow-file';", false),
        ];
        for (text, counts) in table {
            let at = text.find(NAME).expect("the text has one");
            assert_eq!(own_line(text.as_bytes(), at).is_some(), counts, "{text}");
        }
        let minified = format!("/*skant: allow-file*/{}", "a()".repeat(TAIL));
        assert!(own_line(minified.as_bytes(), 2).is_none());
    }

    #[test]
    fn a_reason_is_what_people_read() {
        let of = |text: &'static str| ours(text.as_bytes(), 0)?.reason.map(|range| &text[range]);
        assert_eq!(of("skant: allow(a-b) it opens nothing */ x"), Some("it opens nothing"));
        assert_eq!(of("skant: allow -- see docs (really)"), Some("see docs (really)"));
        assert_eq!(of("skant: allow-->"), None);
        assert_eq!(of("skant: allow"), None);
    }
}

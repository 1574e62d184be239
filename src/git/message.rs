//! A commit message as git will record it: without the comments an editor showed, and without what
//! stands below the scissors.

/// What git takes out of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleanup {
    /// What comments begin with; nothing when git chooses that anew for each message.
    comment: Option<Vec<u8>>,
    /// Whether comments are taken out.
    strips_comments: bool,
    /// Whether what stands below the scissors is.
    cuts: bool,
}

const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";

impl Cleanup {
    /// By the settings of a repository. Without an editor git puts no comments into a message, and
    /// what looks like one is recorded.
    pub(super) fn new(setting: impl Fn(&str) -> Option<String>, is_edited: bool) -> Cleanup {
        let comment = setting("core.commentString").or_else(|| setting("core.commentChar"));
        let comment = match comment.as_deref() {
            Some("auto") => None,
            Some(text) if !text.is_empty() => Some(text.as_bytes().to_vec()),
            _ => Some(b"#".to_vec()),
        };
        let strips_comments = match setting("commit.cleanup").as_deref() {
            Some("strip") => true,
            Some("whitespace" | "verbatim" | "scissors") => false,
            _ => is_edited,
        };
        Cleanup { comment, strips_comments, cuts: is_edited }
    }

    /// Nothing is taken out.
    pub(super) fn none() -> Cleanup {
        Cleanup { comment: None, strips_comments: false, cuts: false }
    }

    /// The message, with an empty line in the place of each that is taken out.
    pub(crate) fn clean(&self, message: &[u8]) -> Vec<u8> {
        let mut cleaned = Vec::with_capacity(message.len());
        for line in message.split_inclusive(|&byte| byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            if self.cuts && self.is_scissors(text) {
                break;
            }
            let is_comment = self.comment.as_ref().is_some_and(|comment| line.starts_with(comment));
            cleaned.extend(if self.strips_comments && is_comment { &line[text.len()..] } else { line });
        }
        cleaned
    }

    fn is_scissors(&self, line: &[u8]) -> bool {
        line.strip_suffix(SCISSORS).is_some_and(|front| match &self.comment {
            Some(comment) => front == comment.as_slice(),
            None => front.len() == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(settings: &[(&str, &str)], is_edited: bool, expected: &str) {
        let setting =
            |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let message = "a\n# b\n;c\n# ------------------------ >8 ------------------------\nd\n";
        let cleaned = Cleanup::new(setting, is_edited).clean(message.as_bytes());
        assert_eq!(String::from_utf8(cleaned).unwrap(), expected.replace('|', "\n"), "{settings:?} {is_edited}");
    }

    #[test]
    fn what_git_takes_out_is_taken_out() {
        const ALL: &str = "a|# b|;c|# ------------------------ >8 ------------------------|d|";
        check(&[], true, "a||;c|");
        check(&[], false, ALL);
        check(&[("commit.cleanup", "strip")], false, "a||;c||d|");
        check(&[("commit.cleanup", "whitespace")], true, "a|# b|;c|");
        check(&[("commit.cleanup", "scissors")], true, "a|# b|;c|");
        check(&[("commit.cleanup", "verbatim")], false, ALL);
        check(&[("core.commentChar", "auto")], true, "a|# b|;c|");
        check(&[("core.commentChar", ";")], true, &ALL.replace(";c", ""));
        check(&[("core.commentChar", ";"), ("core.commentString", "#")], true, "a||;c|");
    }
}

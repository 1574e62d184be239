//! Keywords: the literals by which tokens are noticed.

use super::byte_set::ByteSet;

/// The shortest run of token bytes that a keyword at an edge must begin.
pub const SHORTEST_TOKEN: usize = 20;

/// How many literals the classes of one keyword may stand for.
const MOST_LITERALS: usize = 1024;

/// A literal that every token of some rule contains. At a place of it, a class of bytes may stand: `M[TN]x` is
/// `MTx` and `MNx`, `[0-3]` a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword(String);

impl Keyword {
    /// Takes a keyword as written. [`Keyword::check`] says whether it makes sense.
    pub fn new(text: String) -> Keyword {
        Keyword(text)
    }

    /// What is wrong with a keyword, in a sentence, if anything is: a class is not closed or is empty, or it
    /// stands for more than 1,024 literals.
    pub fn check(&self) -> Result<(), String> {
        let text = &self.0;
        if text.rfind('[') > text.rfind(']') {
            return Err(format!("`{text}` opens a class and does not close it"));
        }
        let literals = self.places().iter().fold(1usize, |literals, place| literals.saturating_mul(place.len()));
        if !(1..=MOST_LITERALS).contains(&literals) {
            return Err(format!("`{text}` stands for {literals} literals; 1 to {MOST_LITERALS} can be"));
        }
        Ok(())
    }

    /// The keyword as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What may stand at each of its places.
    pub fn places(&self) -> Vec<ByteSet> {
        let mut places = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_bytes();
        while let [first, tail @ ..] = rest {
            rest = if *first == b'[' {
                let end = tail.iter().position(|&byte| byte == b']').unwrap_or(tail.len());
                places.push(class(&tail[..end]));
                tail.get(end + 1..).unwrap_or_default()
            } else {
                places.push([*first].into_iter().collect());
                tail
            };
        }
        places
    }
}

/// The bytes of a class, `a-f` being six of them.
fn class(text: &[u8]) -> ByteSet {
    let mut bytes = ByteSet::default();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = if let [b'-', last, tail @ ..] = tail {
            (*first..=*last).for_each(|byte| bytes.insert(byte));
            tail
        } else {
            bytes.insert(*first);
            tail
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_have_classes() {
        let keyword = |text: &str| Keyword::new(text.to_owned());
        assert!(keyword("M[TN]x[0-2_]").check().is_ok());
        let places: Vec<Vec<u8>> =
            keyword("M[TN]x[0-2_]").places().iter().map(|place| place.iter().collect()).collect();
        assert_eq!(places, [&b"M"[..], b"NT", b"x", b"012_"]);
        for broken in ["M[TN", "[a]b[", "[a-z][a-z][a-z]", "a[]b"] {
            assert!(keyword(broken).check().is_err(), "{broken}");
        }
    }
}

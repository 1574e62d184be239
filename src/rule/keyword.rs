//! Keywords: the literals by which tokens are noticed.

use super::byte_set::ByteSet;

/// The shortest run of token bytes that a keyword at an edge must begin.
pub const SHORTEST_TOKEN: usize = 20;

/// How many literals the classes of one keyword may stand for.
const MOST_LITERALS: usize = 1024;

/// A literal that every token of some rule contains. At a place of it, a class of bytes may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    text: String,
    places: Vec<ByteSet>,
}

impl Keyword {
    /// Reads a keyword as written: `M[TN]x` is `MTx` and `MNx`, `[0-3]` a range.
    ///
    /// # Errors
    /// A sentence, when a class is not closed, is empty, or the keyword stands for more than 1,024
    /// literals.
    pub fn parse(text: &str) -> Result<Keyword, String> {
        let mut places = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'[' {
                let end = tail.iter().position(|&byte| byte == b']');
                let end = end.ok_or_else(|| format!("`{text}` opens a class and does not close it"))?;
                places.push(class(&tail[..end]));
                rest = &tail[end + 1..];
            } else {
                places.push([*first].into_iter().collect());
                rest = tail;
            }
        }
        let literals = places.iter().fold(1usize, |literals, place| literals.saturating_mul(place.len()));
        if !(1..=MOST_LITERALS).contains(&literals) {
            return Err(format!("`{text}` stands for {literals} literals; 1 to {MOST_LITERALS} can be"));
        }
        Ok(Keyword { text: text.to_owned(), places })
    }

    /// The keyword as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What may stand at each of its places.
    pub fn places(&self) -> &[ByteSet] {
        &self.places
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
        let keyword = Keyword::parse("M[TN]x[0-2_]").expect("it is well formed");
        let places: Vec<Vec<u8>> = keyword.places().iter().map(|place| place.iter().collect()).collect();
        assert_eq!(places, [&b"M"[..], b"NT", b"x", b"012_"]);
        for broken in ["M[TN", "[a-z][a-z][a-z]", "a[]b"] {
            assert!(Keyword::parse(broken).is_err(), "{broken}");
        }
    }
}

//! Words that a terminal shows in a colour: what sets it (ECMA-48, `ESC [ 1 ; 32 m`) ends in a letter, and so a token
//! behind it does not stand where a word begins.

use super::Unwrapped;
use crate::rule::keyword::SHORTEST_TOKEN;
use crate::rule::pattern::is_token_byte;

/// What tells of a colour, as it is, and as programs and recordings write it: `\x1b[3`, `\u001b[3`, `\033[3`.
pub(in crate::scan) const TRIGGERS: [&str; 3] = ["\u{1b}[[][0-9]", "1[bB][[][0-9]", "033[[][0-9]"];

/// No sequence is longer.
const LONGEST: usize = 24;
/// So much of a word is read.
const LONGEST_WORD: usize = 8 << 10;

/// Where the word begins that is in the colour which a trigger at a place tells of, if it could be a token.
pub(in crate::scan) fn word_behind(text: &[u8], at: usize) -> Option<usize> {
    let sequence = text.get(at..text.len().min(at + LONGEST))?;
    let open = sequence.iter().position(|&byte| byte == b'[')? + 1;
    let numbers = sequence[open..].iter().take_while(|&&byte| byte.is_ascii_digit() || byte == b';').count();
    let start = at + open + numbers + 1;
    let word = text.get(start..start + SHORTEST_TOKEN)?;
    let is_one = sequence.get(open + numbers) == Some(&b'm') && word.iter().all(|&byte| is_token_byte(byte));
    is_one.then_some(start)
}

/// Hands over the words that begin at some places.
pub(super) fn each(text: &[u8], starts: &[usize], mut visit: impl FnMut(Unwrapped)) {
    for &start in starts {
        let reach = &text[start..text.len().min(start + LONGEST_WORD)];
        let length = reach.iter().take_while(|&&byte| is_token_byte(byte)).count();
        let mut unwrapped = Unwrapped::new("colour");
        unwrapped.copy(text, start..start + length);
        visit(unwrapped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_behind_what_sets_its_colour() {
        let word = "kZ8tQmW1pL0vRb7NfYc2";
        for front in ["\u{1b}[1m", "\u{1b}[0;32m", "\u{1b}[38;5;208m", "1b[31m", "1B[0m", "033[1;31m"] {
            assert_eq!(word_behind(format!("{front}{word}").as_bytes(), 0), Some(front.len()), "{front:?}");
        }
        for text in ["\u{1b}[2J", "\u{1b}[31mshort", "\u{1b}[31", "033[0]kZ8tQmW1pL0vRb7NfYc2"] {
            assert_eq!(word_behind(text.as_bytes(), 0), None, "{text:?}");
        }
    }
}

//! Does a body stand for a secret instead of being one?
//!
//! Judged by evidence over the whole body, never by a word such as "test" somewhere in it: four
//! chosen letters do turn up in random text. Each test below names what a random body of that
//! length would do, and what it almost never does.

use super::words;

/// Whether a token's body is a placeholder.
pub fn is_placeholder(body: &[u8]) -> bool {
    has_pattern(body) || is_made_of_words(body)
}

/// Whether a body was typed rather than made: it repeats, counts, or is cut short.
pub fn has_pattern(body: &[u8]) -> bool {
    is_cut(body)
        || has_long_run(body)
        || has_long_sequence(body)
        || counts_mostly(body)
        || is_periodic(body)
        || has_few_distinct(body)
}

/// Dots for what is left out.
fn is_cut(body: &[u8]) -> bool {
    ["...", "…", "***"].iter().any(|dots| memchr::memmem::find(body, dots.as_bytes()).is_some())
}

/// Short sequences that fill most of it, `abCD12efGH34`, or digits that do among letters.
fn counts_mostly(body: &[u8]) -> bool {
    let follows = |a: u8, b: u8| {
        let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
        a.is_ascii_alphanumeric() && (b == a.wrapping_add(1) || (a, b) == (b'9', b'0'))
    };
    let digits: Vec<u8> = body.iter().copied().filter(u8::is_ascii_digit).collect();
    let successive = digits.windows(2).filter(|pair| follows(pair[0], pair[1])).count();
    if digits.len() >= 8 && successive * 5 >= (digits.len() - 1) * 4 {
        return true;
    }
    let mut counted = 0;
    for stretch in body.chunk_by(|&a, &b| follows(a, b)).filter(|stretch| stretch.len() >= 3) {
        counted += stretch.len();
    }
    counted >= 6 && counted * 5 >= body.len() * 3
}

/// A run of one character: six in a row in random base64 happens once in ten million bodies;
/// a quarter of a short body is as telling.
fn has_long_run(body: &[u8]) -> bool {
    let longest = longest_stretch(body, |a, b| a == b);
    longest >= 6 || (longest >= 4 && longest * 4 >= body.len())
}

/// Characters in the order of the alphabet, of the digits or of a keyboard row, or backwards.
fn has_long_sequence(body: &[u8]) -> bool {
    const LONG: usize = 8;
    let up = longest_stretch(body, |a, b| a.is_ascii_alphanumeric() && b == a + 1);
    let down = longest_stretch(body, |a, b| b.is_ascii_alphanumeric() && a == b + 1);
    let keyboard = longest_stretch(body, follows_on_keyboard);
    // `0123456789abcdef`, and `a1b2c3d4`: every other character counts up.
    let both = longest_stretch(body, |a, b| {
        b == a + 1 || (a, b) == (b'9', b'a') || (a, b) == (b'9', b'0') || (a, b) == (b'z', b'0')
    });
    let even: Vec<u8> = body.iter().copied().step_by(2).collect();
    let odd: Vec<u8> = body.iter().copied().skip(1).step_by(2).collect();
    let counts_up = |text: &[u8]| longest_stretch(text, |a, b| b == a.wrapping_add(1) || (a, b) == (b'9', b'0'));
    up.max(down).max(keyboard).max(both) >= LONG || (counts_up(&even) >= 5 && counts_up(&odd) >= 5)
}

fn follows_on_keyboard(a: u8, b: u8) -> bool {
    const ROWS: [&[u8]; 3] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    ROWS.iter().any(|row| row.windows(2).any(|pair| pair == [a, b]))
}

/// The same few characters over and over.
fn is_periodic(body: &[u8]) -> bool {
    if body.len() < 12 {
        return false;
    }
    (1..=12.min(body.len() / 3)).any(|period| {
        let same = body.iter().zip(&body[period..]).filter(|(a, b)| a == b).count();
        same * 10 >= (body.len() - period) * 9
    })
}

/// Fewer different characters than a random text of that length can have.
fn has_few_distinct(body: &[u8]) -> bool {
    let distinct = distinct(body);
    distinct <= 2 || (body.len() >= 16 && distinct * 4 <= body.len().min(24))
}

/// Words that cover a good part of the body.
pub fn is_made_of_words(body: &[u8]) -> bool {
    let letters = body.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let covered = words::covered(body);
    letters > 0 && covered >= 4 && (covered * 5 >= body.len() * 2 || (covered * 3 >= body.len() && covered >= 8))
}

/// How many different bytes there are.
pub fn distinct(body: &[u8]) -> usize {
    let mut seen = [false; 256];
    body.iter().filter(|&&byte| !std::mem::replace(&mut seen[usize::from(byte)], true)).count()
}

/// The length of the longest stretch in which each byte follows from the one before.
fn longest_stretch(text: &[u8], follows: impl Fn(u8, u8) -> bool) -> usize {
    let (mut longest, mut length) = (usize::from(!text.is_empty()), 1);
    for pair in text.windows(2) {
        length = if follows(pair[0], pair[1]) { length + 1 } else { 1 };
        longest = longest.max(length);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_bodies_are_placeholders() {
        for body in [
            "xxxxxxxxxxxxxxxx",
            "XXXX-XXXX-XXXX",
            "0000000000000000",
            "1234567890abcdef",
            "abcdefghijklmnopqrstuvwxyz",
            "your-key-here",
            "YOUR_API_KEY_HERE",
            "replace-with-your-anthropic-api-key",
            "a1b2c3d4e5f6g7h8",
            "THIS-IS-A-LONG-PLACEHOLDER-VALUE",
            "SYNTHETIC_TEST_VALUE_ONLY",
            "abcabcabcabcabcabc",
            "deadbeefdeadbeefdeadbeef",
            "fake-key-padding-padding-padding-padding",
            "secret-value-9876",
            "qwertyuiopasdfghjkl",
            "not-a-real-key",
            "XxXxXxXxXxXxXxXxXxXx",
            "exampleexampleexample",
            "abc123def456ghi7",
            "abCDeFGhiJKlmnOPqrSTuvwxYZ1aBCdEFghijK7LM",
            "a123b45c6d78e9f012a34cd5e6a7890b12c3d45e",
            "9cbaf023786cd7...",
        ] {
            assert!(is_placeholder(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn random_bodies_are_not() {
        // Each holds a telling word by chance, or nearly a pattern.
        for body in [
            "kZ8test3QmW1pL0vRb7NfYc2Hd9Xg4Ts",
            "9f86d081884c7d659a2feaa0c55ad015",
            "aGVsbG8gd29ybGQhIQ9f8Zk2",
            "Jk3xxxQ9vLm2Np7Rt5Yw8Zb1Cd4Fg6Hj",
            "q7faKe2LmN8pR4sT6vWxY1zB3cD5eF9g",
        ] {
            assert!(!is_placeholder(body.as_bytes()), "{body}");
        }
    }
}

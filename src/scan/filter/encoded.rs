//! What a value says when its base64, or the percent signs of an address, are taken off: an example
//! stays one.

use std::borrow::Cow;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};

use super::{Dismissal, password, random, reference};

/// The shortest text that is taken for base64: shorter ones decode to something by chance.
const SHORTEST: usize = 8;

/// Whether a value is the base64 of a text that stands for a secret.
pub fn is_placeholder(value: &[u8]) -> bool {
    decoded(value).is_some_and(|text| password::is_placeholder(password_of(&text)))
}

/// A value with `%2F` and the like read as what they stand for.
pub fn unescaped(value: &[u8]) -> Cow<'_, [u8]> {
    let escape = |at: usize| {
        let (high, low) = (*value.get(at + 1)?, *value.get(at + 2)?);
        let digit = |byte: u8| char::from(byte).to_digit(16);
        (value[at] == b'%').then_some(())?;
        u8::try_from(digit(high)? * 16 + digit(low)?).ok()
    };
    if (0..value.len()).all(|at| escape(at).is_none()) {
        return Cow::Borrowed(value);
    }
    let (mut plain, mut at) = (Vec::with_capacity(value.len()), 0);
    while at < value.len() {
        plain.push(escape(at).unwrap_or(value[at]));
        at += if escape(at).is_some() { 3 } else { 1 };
    }
    Cow::Owned(plain)
}

/// Whether a value is the base64 of a text that looks random, as Kubernetes keeps secrets.
pub fn is_random(value: &[u8]) -> bool {
    decoded(value).is_some_and(|text| random::is_random(&text))
}

/// Whether a value is the base64 of a password's hash.
pub fn is_hash(value: &[u8]) -> bool {
    decoded(value).is_some_and(|text| password::is_hash(&text))
}

/// Why a login, `user:password` in base64, is not believed.
pub fn dismissal(login: &[u8]) -> Option<Dismissal> {
    let text = decoded(login)?;
    let secret = password_of(&text);
    if reference::is_reference(secret) {
        Some(Dismissal::Reference)
    } else if password::is_placeholder(secret) {
        Some(Dismissal::Placeholder)
    } else {
        (!password::is_chosen(secret)).then_some(Dismissal::LowEntropy)
    }
}

/// The text in a base64, when it is one that people can read.
fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() < SHORTEST {
        return None;
    }
    let text =
        BASE64.decode(value).or_else(|_| BASE64_NOPAD.decode(value)).or_else(|_| BASE64URL_NOPAD.decode(value)).ok()?;
    // Some pad with NUL what they encode.
    let text: Vec<u8> = text.trim_ascii_end().iter().copied().filter(|&byte| byte != 0).collect();
    (text.len() >= 4 && text.iter().all(|byte| (b' '..0x7f).contains(byte))).then_some(text)
}

/// What stands behind the first colon, or all of it.
fn password_of(text: &[u8]) -> &[u8] {
    text.iter().position(|&byte| byte == b':').map_or(text, |colon| &text[colon + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_addresses_are_read() {
        assert_eq!(*unescaped(b"he%2F%2fo"), *b"he//o");
        assert_eq!(*unescaped(b"100%!%zz%2"), *b"100%!%zz%2");
    }

    #[test]
    fn examples_stay_examples() {
        for text in [
            "another-token",
            "secure-password",
            "user:passwd",
            "ACCESS_KEY\r\n",
            "some:pass",
            "username:\0\0pass\0word\0\0",
            "testuser:testpass123",
        ] {
            assert!(is_placeholder(BASE64.encode(text.as_bytes()).as_bytes()), "{text}");
            assert!(dismissal(BASE64.encode(text.as_bytes()).as_bytes()).is_some(), "{text}");
        }
        for text in ["deploy:kR7vQm2xZp", "kR7v!Qm2xZp"] {
            assert!(!is_placeholder(BASE64.encode(text.as_bytes()).as_bytes()), "{text}");
            assert_eq!(dismissal(BASE64.encode(text.as_bytes()).as_bytes()), None, "{text}");
        }
        assert!(!is_placeholder(b"kR7vQm2xZpkR7vQm"));
    }
}

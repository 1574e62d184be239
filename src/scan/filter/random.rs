//! Does a value look like the output of a random generator?
//!
//! Shannon entropy alone does not tell a key from an identifier: both use many characters. What
//! does is how letters follow each other (words use few of the possible pairs), how cases and
//! digits mix, and whether the whole is a path, an address or a number.

use super::words;

/// The shortest key; shorter random text is told by the rules that know its shape.
const SHORTEST: usize = 16;

/// Whether a value looks random.
pub fn is_random(value: &[u8]) -> bool {
    let body = value.strip_suffix(b"==").or_else(|| value.strip_suffix(b"=")).unwrap_or(value);
    if body.len() < SHORTEST {
        return false;
    }
    let digits = count(body, u8::is_ascii_digit);
    if body.iter().all(u8::is_ascii_hexdigit) {
        return digits >= 2 && digits < body.len() && one_case(body) && entropy(body) >= 2.9;
    }
    if is_tagged_hex(body) {
        return true;
    }
    if is_structured(body) {
        return is_random_uuid(body);
    }
    let needed = 0.8 * expected_entropy(body);
    entropy(body) >= needed && is_mixed(body, digits) && words::covered(body) * 3 < body.len()
}

/// Hex digits behind a name: `acme_live_7d1f...`. What is behind the name of a hash is one.
fn is_tagged_hex(body: &[u8]) -> bool {
    const SHORTEST: usize = 24;
    const HASHES: [&[u8]; 6] = [b"sha", b"md5", b"crc", b"blake", b"git", b"commit"];
    let tail = body.rsplit(|byte| b"_-.:".contains(byte)).next().unwrap_or(body);
    let tag = &body[..body.len() - tail.len()];
    tail.len() >= SHORTEST
        && tail.len() < body.len()
        && tail.iter().all(u8::is_ascii_hexdigit)
        && one_case(tail)
        && entropy(tail) >= 2.9
        && tag.len() <= 24
        && tag.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte))
        && !HASHES.iter().any(|hash| tag.windows(hash.len()).any(|part| part.eq_ignore_ascii_case(hash)))
}

/// Whether letters, cases and digits follow each other as they do in no word: a few digits or
/// capitals among letters that words do not have beside each other, or so many of them that
/// between them no word has room.
fn is_mixed(body: &[u8], digits: usize) -> bool {
    /// Random letters that are long enough to tell them from words.
    const LONG: usize = 20;
    let pairs = common_pairs(body);
    let longest_letters = body.chunk_by(|a, b| a.is_ascii_alphabetic() && b.is_ascii_alphabetic());
    let has_room = longest_letters.map(<[u8]>::len).max() >= Some(7);
    let mixes = digits >= 2 || case_changes(body) * 4 >= body.len();
    let most = if body.iter().all(u8::is_ascii_alphabetic) { 0.5 } else { 0.42 };
    (mixes && (pairs < 0.52 || !has_room)) || (body.len() >= LONG && pairs < most)
}

/// Whether a short text of letters, in base64 perhaps, changes its case as no name does: `miIQtSIuub`.
pub fn is_jumbled(text: &[u8]) -> bool {
    text.len() >= 8
        && text.iter().all(|byte| byte.is_ascii_alphabetic() || b"/+".contains(byte))
        && case_changes(text) >= 3
        && common_pairs(text) < 0.5
        && words::covered(text) * 4 < text.len()
}

/// Whether letters, cases and digits of a short text change as they do in no name: `aB3dE9fGh2Kq`.
pub fn is_shuffled(text: &[u8]) -> bool {
    let kind = |byte: &u8| (byte.is_ascii_lowercase(), byte.is_ascii_uppercase(), byte.is_ascii_digit());
    let changes = text.windows(2).filter(|pair| kind(&pair[0]) != kind(&pair[1])).count();
    changes * 2 >= text.len() && common_pairs(text) < 0.5
}

/// Bits per byte, by how often each occurs.
pub fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    text.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
    let total = text.len() as f64;
    let bits = |&count: &u32| f64::from(count) / total * (total / f64::from(count)).log2();
    counts.iter().filter(|&&count| count > 0).map(bits).sum()
}

/// About the entropy that random text of this length and kind of characters shows: less than the
/// logarithm of the number of characters there are, because a short text cannot use them all.
fn expected_entropy(text: &[u8]) -> f64 {
    let kinds = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, u8::is_ascii_punctuation];
    let sizes = [26.0, 26.0, 10.0, 4.0];
    let alphabet: f64 = kinds.iter().zip(sizes).filter(|(kind, _)| text.iter().any(kind)).map(|(_, size)| size).sum();
    let length = text.len() as f64;
    (alphabet * length / (alphabet + length * 0.5)).min(length * 0.9).log2().min(alphabet.log2())
}

/// Paths, addresses, dotted names, UUIDs, versions, dates, numbers.
fn is_structured(text: &[u8]) -> bool {
    const ROOTS: [&[u8]; 12] = [
        b"/tmp/", b"/usr/", b"/var/", b"/etc/", b"/home/", b"/opt/", b"/run/", b"/mnt/", b"/dev/", b"/root/", b"/srv/",
        b"/Users/",
    ];
    let has = |needle: &[u8]| memchr::memmem::find(text, needle).is_some();
    let marks = |mark: u8| count(text, |&byte| byte == mark);
    has(b"://")
        || has(b"..")
        || text.starts_with(b"./")
        || marks(b'/') >= 1 && text.split(|&byte| byte == b'/').all(is_name_or_number)
        || text.starts_with(b"~/")
        || ROOTS.iter().any(|root| text.starts_with(root))
        // Versions, times, phone numbers.
        || count(text, u8::is_ascii_alphabetic) * 8 < text.len()
        || marks(b'/') * 8 >= text.len()
        || (marks(b'.') >= 2 && text.split(|&byte| byte == b'.').all(is_name_or_number))
        || (marks(b'-') + marks(b'_') + marks(b':') >= 2
            && text.split(|&b| matches!(b, b'-' | b'_' | b':')).all(is_name_or_number))
        || is_file_name(text)
        || is_phrase(text)
        || is_uuid(text)
        || text.contains(&b'@') && marks(b'.') >= 1 && count(text, u8::is_ascii_digit) < 3
}

/// Names and numbers with marks between them: `gpgauthv1.3.0|36|`, `src/bzip2/pass-random2.bz2.gz`.
fn is_phrase(text: &[u8]) -> bool {
    const MARKS: &[u8] = b"/.|:-_,; ";
    let parts = || text.split(|byte| MARKS.contains(byte)).filter(|part| !part.is_empty());
    let letters = count(text, u8::is_ascii_lowercase);
    parts().count() >= 3 && letters * 2 >= count(text, u8::is_ascii_alphanumeric) && parts().all(is_name_or_number)
}

/// `rsa-2048.pem`: a dot, and an extension behind it.
pub fn is_file_name(text: &[u8]) -> bool {
    const WITH_DIGITS: [&[u8]; 8] = [b"bz2", b"mp3", b"mp4", b"p12", b"p8", b"h5", b"woff2", b"sqlite3"];
    let extension = text.iter().rposition(|&byte| byte == b'.').map_or(&[][..], |dot| &text[dot + 1..]);
    (2..=5).contains(&extension.len()) && extension.iter().all(u8::is_ascii_lowercase)
        || WITH_DIGITS.contains(&extension)
}

/// A word, a number, or a short mixture such as `v2`, `x86` or `SHA256`.
pub fn is_name_or_number(part: &[u8]) -> bool {
    let digits = count(part, u8::is_ascii_digit);
    let letters = part.trim_ascii_end().len() - part.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits == part.len()
        || part.len() <= 4
        || (part.len() - letters == digits
            && digits <= 4
            && part.iter().all(u8::is_ascii_alphanumeric)
            && (one_case(part) || one_case(&part[1..]))
            && part.len() < 16)
        || (words::covered(part) * 2 >= part.len())
}

/// RFC 9562: 8-4-4-4-12 hex digits. An identifier far more often than a secret.
pub fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a UUID is of the version that is made of random bits (4).
pub fn is_random_uuid(text: &[u8]) -> bool {
    is_uuid(text) && text[14] == b'4' && matches!(text[19], b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
}

/// The share of neighbouring letters that English likes: about four in five in words and
/// identifiers, about one in four in random letters.
fn common_pairs(text: &[u8]) -> f64 {
    let pairs = || text.windows(2).filter(|pair| pair.iter().all(u8::is_ascii_alphabetic));
    let common = pairs().filter(|pair| {
        let pair = [pair[0].to_ascii_lowercase(), pair[1].to_ascii_lowercase()];
        PAIRS.as_chunks::<2>().0.contains(&pair)
    });
    let total = pairs().count();
    // A few pairs prove nothing: count them as if some random ones stood beside them.
    (common.count() as f64 + 1.0) / (total as f64 + 4.0)
}

/// The commonest pairs of letters in English text, which together are four fifths of it.
const PAIRS: &[u8] = b"thheinerreonatndtiesorteofedisitalarsttontngsehaasouioleveco\
    medehiriroicneearacellchlibemasiomurcaeltalansdifohopeecprnoctusacotiltrlyncetutsssorsunlowagewhee\
    wiemadolrtpoulnatsmoowpaimmiaishirsuidosivamficivipligtuevldrympfeblabghtyopwosaayexkeapgrodbospdou\
    bueiovrmepttoccuefrngidacrckauckmpeniquueftadccofaggfil";

/// Whether letters follow each other as they do in words.
pub fn reads_like_words(text: &[u8]) -> bool {
    common_pairs(text) >= 0.4
}

fn case_changes(text: &[u8]) -> usize {
    text.windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count()
}

fn one_case(text: &[u8]) -> bool {
    !text.iter().any(u8::is_ascii_uppercase) || !text.iter().any(u8::is_ascii_lowercase)
}

fn count(text: &[u8], what: impl Fn(&u8) -> bool) -> usize {
    text.iter().filter(|byte| what(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_values_look_random() {
        for value in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "kZ8tQmW1pL0vRb7NfYc2Hd9X",
            "aB3dE5fG7hJ9kL1mN3pQ",
            "q9w8e7r6t5y4u3i2o1pz",
            "mFf3/x9QpLd0+V7sKz2=",
            "XvRkTqZbWmNsPdLgHjYc",
            "7b1f9c3e5d2a4860",
            "EOKLPPEC9FNMLCFSJEKI",
            "a41ng7041to24nceaae6q2a7",
            "nydaspuvfqlmjzkxxquaqcthvkwd",
            "/VNWPfYJXfSiV/u3bsNdSxlG31mru3kZ1ZBxFg1aDlI=",
            "0b6f1c9e-52d7-4a83-b1e4-9c07d5f2a36e",
            "acme_live_7b1f9c3e5d2a48607b1f9c3e5d2a4860",
        ] {
            assert!(is_random(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn names_paths_and_numbers_do_not() {
        for value in [
            "authentication_token",
            "my.package.ClassName",
            "/usr/local/share/keys",
            "https://example.com/key",
            "550e8400-e29b-11d4-a716-446655440000",
            "2024-01-31T12:00:00",
            "1234567890123456",
            "getUserAuthenticationToken",
            "application/x-www-form-urlencoded",
            "PRIMARY_KEY_COLUMN_NAME",
            "^11.35|^12.0|^13.0",
            "/tmp/ssh-P65gpcqArqvH/agent.15541",
            "com.example.security.SecretKey",
            "AES_256_GCM_NO_PADDING",
            "session-token-v2-production",
            "someVeryLongIdentifierName2",
            "AWS4-HMAC-SHA256",
            "SOCKS5_REQ1_INIT",
            "CHCR_SCMD_AUTH_MODE_SHA512_384",
            "pkcs8/rsa-des-ede3-cbc.key",
            "sha256:9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d65",
            "gpgauthv1.3.0|36|",
            "src/compress/bzip2/testdata/pass-random2.bz2",
        ] {
            assert!(!is_random(value.as_bytes()), "{value}");
        }
    }
}

//! What a token's own text can prove: the checksums and structures that formats carry.
//!
//! A pass makes us sure. A failure lowers the confidence and is told, but drops nothing: samples
//! in documentation fail, and so would a format that its vendor has changed.

use std::collections::HashSet;
use std::sync::LazyLock;

use data_encoding::{BASE32, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, Encoding};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use super::spec::Check;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The text proves itself.
    Pass,
    /// It does not have the structure it should have; the sentence says which.
    Fail(&'static str),
    /// It is what it should be, and is known to be of no use to anybody any more.
    Expired,
    /// Only the wrapping is here, or it is known to be no secret.
    NotASecret,
    /// The check does not apply to this form of the token.
    Unknown,
}

const CHECKSUM: Verdict = Verdict::Fail("its checksum does not match: a sample, or mistyped");
const STRUCTURE: Verdict = Verdict::Fail("its structure is not that of a real one: a sample, or mistyped");

impl Check {
    /// Judges a secret, of which the first `prefix` bytes are its prefix, at `now` (seconds since
    /// 1970).
    pub fn verdict(self, secret: &[u8], prefix: usize, now: u64) -> Verdict {
        let body = &secret[prefix..];
        match self {
            Check::AnthropicBody => pass_if(is_anthropic_body(body), STRUCTURE),
            Check::AnthropicUser => pass_if(is_anthropic_user(body), STRUCTURE),
            // What it begins with may count as prefix, and is part of its first part.
            Check::Jwt => jwt(&secret[memchr::memmem::find(secret, b"eyJ").unwrap_or(prefix)..], now),
            Check::Crc32Base62 => match body.split_last_chunk::<6>() {
                Some((random, check)) => pass_if(base62(crc32(random)) == *check, CHECKSUM),
                None => Verdict::Unknown,
            },
            Check::Crc32Hex => match body.split_last_chunk::<8>() {
                Some((random, check)) => {
                    let random = random.strip_suffix(b"_").unwrap_or(random);
                    pass_if(hex(crc32(random).to_be_bytes(), check), CHECKSUM)
                }
                None => Verdict::Unknown,
            },
            Check::GithubFineGrained => github_fine_grained(secret),
            Check::GitlabRoutable => gitlab_routable(secret),
            Check::Grafana => match secret.split_last_chunk::<9>() {
                Some((front, [b'_', check @ ..])) => pass_if(hex(crc32(front).to_le_bytes(), check), CHECKSUM),
                _ => Verdict::Unknown,
            },
            Check::Atlassian => match secret.split_last_chunk::<8>() {
                Some((front, check)) => pass_if(hex(crc32(front).to_be_bytes(), check), CHECKSUM),
                None => Verdict::Unknown,
            },
            Check::Bech32 => pass_if(is_bech32(secret), CHECKSUM),
            Check::Pem => pem(secret),
            Check::DiscordId => pass_if(has_discord_id(secret), STRUCTURE),
            Check::BasicAuth => pass_if(is_basic_auth(body), Verdict::NotASecret),
            Check::Base64Json => pass_if(base64_json(body).is_some(), STRUCTURE),
            Check::Curve25519 => curve25519(body),
            Check::Base58 => pass_if(is_base58_check(secret), CHECKSUM),
            Check::Macaroon => {
                let text = secret.strip_prefix(b"pypi-").unwrap_or(secret);
                pass_if(is_macaroon(text), STRUCTURE)
            }
            Check::RecoveryPhrase => recovery_phrase(secret),
        }
    }
}

fn pass_if(passes: bool, otherwise: Verdict) -> Verdict {
    if passes { Verdict::Pass } else { otherwise }
}

/// 64 random bytes, a dash, and six bytes of which the last two are zero, in base64url: of the
/// 86th and the 93rd character only the upper two bits are free.
fn is_anthropic_body(body: &[u8]) -> bool {
    body.len() == 95 && is_quarter(body[85]) && body[86] == b'-' && is_quarter(body[92]) && body.ends_with(b"AA")
}

/// 71 bytes in base64url, of which the last two are zero.
fn is_anthropic_user(body: &[u8]) -> bool {
    body.len() == 95 && body[0] == b'1' && is_quarter(body[92]) && body.ends_with(b"AA")
}

/// A base64 character whose lower four bits are zero.
fn is_quarter(character: u8) -> bool {
    matches!(character, b'A' | b'Q' | b'g' | b'w')
}

/// RFC 7519. A first part that is not a JSON object with `alg`, or an empty signature, makes it
/// no credential.
fn jwt(token: &[u8], now: u64) -> Verdict {
    let parts: Vec<&[u8]> = token.split(|&byte| byte == b'.').collect();
    let [header, claims, signature] = parts[..] else {
        return Verdict::Unknown;
    };
    let Some(header) = base64url_json(header) else {
        return Verdict::Fail("its header does not decode");
    };
    match header.get("alg").and_then(Value::as_str) {
        None => return Verdict::Fail("its header names no algorithm"),
        Some("none") => return Verdict::NotASecret,
        Some(_) if signature.is_empty() => return Verdict::NotASecret,
        Some(_) => {}
    }
    let expiry = base64url_json(claims).and_then(|claims| claims.get("exp").and_then(Value::as_f64));
    match expiry {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
        Some(expiry) if expiry < now as f64 => Verdict::Expired,
        _ => Verdict::Pass,
    }
}

fn base64url_json(part: &[u8]) -> Option<Value> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part).ok()?).ok()
}

fn base64_json(part: &[u8]) -> Option<Value> {
    let unpadded = part.split(|&byte| byte == b'=').next()?;
    let bytes = BASE64_NOPAD.decode(unpadded).or_else(|_| BASE64URL_NOPAD.decode(unpadded)).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// `github_pat_` + 22 + `_` + 43 characters; then the first eight characters of the SHA-256 of
/// all that in base 32, and eight more. Recomputed on public vectors; not documented.
fn github_fine_grained(token: &[u8]) -> Verdict {
    let Some((signed, tail)) = token.split_last_chunk::<16>() else {
        return Verdict::Unknown;
    };
    let digest = BASE32.encode(&Sha256::digest(signed));
    pass_if(digest.as_bytes()[..8] == tail[..8], CHECKSUM)
}

/// The last seven characters are the CRC-32 of all before them in base 36, padded with zeros.
fn gitlab_routable(token: &[u8]) -> Verdict {
    let Some((front, check)) = token.split_last_chunk::<7>() else {
        return Verdict::Unknown;
    };
    if !front.contains(&b'.') {
        return Verdict::Unknown;
    }
    let expected = in_base::<7>(crc32(front), b"0123456789abcdefghijklmnopqrstuvwxyz");
    pass_if(expected == *check, CHECKSUM)
}

/// CRC-32 as in IEEE 802.3 and zlib.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1)))
    })
}

fn base62(number: u32) -> [u8; 6] {
    in_base(number, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}

/// A number in `N` digits, padded with zeros.
fn in_base<const N: usize>(mut number: u32, digits: &[u8]) -> [u8; N] {
    let base = digits.len() as u32;
    let mut text = [digits[0]; N];
    for place in text.iter_mut().rev() {
        *place = digits[(number % base) as usize];
        number /= base;
    }
    text
}

fn hex(bytes: [u8; 4], text: &[u8]) -> bool {
    data_encoding::HEXLOWER.encode(&bytes).as_bytes().eq_ignore_ascii_case(text)
}

/// BIP 173: the checksum runs over the human-readable part, expanded, and the data part.
fn is_bech32(text: &[u8]) -> bool {
    const CHARSET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let text = text.to_ascii_lowercase();
    let Some(separator) = text.iter().rposition(|&byte| byte == b'1') else {
        return false;
    };
    let (human, data) = (&text[..separator], &text[separator + 1..]);
    let digits: Option<Vec<u8>> =
        data.iter().map(|byte| CHARSET.iter().position(|c| c == byte).map(|at| at as u8)).collect();
    let Some(digits) = digits else { return false };
    let high = human.iter().map(|byte| byte >> 5);
    let low = human.iter().map(|byte| byte & 31);
    let checksum = high.chain([0]).chain(low).chain(digits).fold(1u32, |sum, value| {
        let top = sum >> 25;
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        (0..5).filter(|bit| top >> bit & 1 == 1).fold(shifted, |sum, bit| sum ^ GENERATOR[bit])
    });
    checksum == 1
}

/// RFC 7468 and RFC 4716: the body is base64 of DER (which begins with a SEQUENCE, `0x30`), of an
/// OpenSSH key, or of OpenPGP packets (whose first byte has the high bit set). Escapes, quotes
/// and indentation around the lines are not part of it.
fn pem(text: &[u8]) -> Verdict {
    let bytes = BASE64_NOPAD.decode(&pem_body(text, 64));
    match bytes.as_deref() {
        Ok([0x30, ..]) => Verdict::Pass,
        Ok(bytes) if bytes.starts_with(b"openssh-key-v1") => Verdict::Pass,
        Ok([first, ..]) if first & 0x80 != 0 => Verdict::Pass,
        _ => Verdict::Fail("its body does not decode: shortened, or a sample"),
    }
}

/// The first base64 characters between the BEGIN and the END line, whether they are lines or not.
fn pem_body(text: &[u8], most: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(text).replace("\\n", "\n").replace("\\r", "");
    let body = text.split("-----").nth(2).unwrap_or_default();
    let lines = body.split('\n').filter(|line| !line.contains(": "));
    let characters = lines.flat_map(str::bytes);
    characters.filter(|&byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/').take(most).collect()
}

/// Whether a private key is of a kind that is made for tests: too short to be trusted by anybody
/// (RSA and DSA of 1024 bits and less), or said to belong to somebody at `example.com`.
pub fn is_for_show(text: &[u8]) -> bool {
    const OWNERS: [&str; 5] = ["@example.", "@test.", "@localhost", ".example>", ".test>"];
    let mut body = pem_body(text, usize::MAX);
    body.truncate(body.len() / 4 * 4);
    let Ok(bytes) = BASE64_NOPAD.decode(&body) else { return false };
    modulus_bits(&bytes).is_some_and(|bits| bits <= 1024)
        || OWNERS.iter().any(|owner| memchr::memmem::find(&bytes, owner.as_bytes()).is_some())
}

/// How long the modulus is of an RSA or DSA key in DER, in PKCS #1 or in PKCS #8.
fn modulus_bits(der: &[u8]) -> Option<usize> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 2;
    let (kind, key, _) = der_value(der)?;
    let (_, _, after_version) = der_value(key)?;
    let (second, algorithm, after_algorithm) = der_value(after_version)?;
    let modulus = match (kind, second) {
        (SEQUENCE, INTEGER) => algorithm,
        (SEQUENCE, SEQUENCE) if memchr::memmem::find(algorithm, b"\x86\xf7\x0d\x01\x01\x01").is_some() => {
            let (_, octets, _) = der_value(after_algorithm)?;
            let (_, inner, _) = der_value(octets)?;
            let (_, _, after_version) = der_value(inner)?;
            der_value(after_version)?.1
        }
        _ => return None,
    };
    let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
    Some((modulus.len() - zeros) * 8)
}

/// The tag and the content of the first value of a DER text (as much of it as is there), and what
/// follows it.
fn der_value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = if first & 0x80 == 0 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (bytes, rest) = rest.split_at_checked(count).filter(|_| count <= 4)?;
        (bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
    };
    let (content, rest) = rest.split_at(length.min(rest.len()));
    Some((tag, content, rest))
}

/// A Discord bot token begins with the bot's id, a decimal number, in base64.
fn has_discord_id(token: &[u8]) -> bool {
    let id = token.split(|&byte| byte == b'.').next().unwrap_or(&[]);
    decodes(&BASE64_NOPAD, id).is_some_and(|id| (17..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit))
}

/// RFC 7617: base64 of printable text with a colon, and something on both its sides.
fn is_basic_auth(text: &[u8]) -> bool {
    let Some(pair) = decodes(&BASE64, text).or_else(|| decodes(&BASE64_NOPAD, text)) else {
        return false;
    };
    let colon = pair.iter().position(|&byte| byte == b':');
    colon.is_some_and(|at| at + 1 < pair.len()) && pair.iter().all(|byte| (b' '..0x7f).contains(byte))
}

/// Base58 as Bitcoin writes it: the last four bytes begin the SHA-256 of the SHA-256 of the rest.
fn is_base58_check(text: &[u8]) -> bool {
    const DIGITS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    // The number, in base 256, least digit first.
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for character in text {
        let Some(digit) = DIGITS.iter().position(|one| one == character) else { return false };
        let mut carry = digit;
        for byte in &mut bytes {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    bytes.extend(text.iter().take_while(|&&character| character == b'1').map(|_| 0));
    bytes.reverse();
    let Some((payload, check)) = bytes.split_last_chunk::<4>() else { return false };
    Sha256::digest(Sha256::digest(payload)).starts_with(check)
}

/// A macaroon of version 2 in base64url, as PyPI serializes them: the version, the location, ..., and a
/// signature of 32 bytes at the end.
fn is_macaroon(text: &[u8]) -> bool {
    let text = text.split(|&byte| byte == b'=').next().unwrap_or(text);
    let Some(bytes) = decodes(&BASE64URL_NOPAD, text) else { return false };
    let signed = bytes.len().checked_sub(34).map(|at| &bytes[at..at + 2]);
    bytes.starts_with(&[2, 1]) && signed == Some(&[6, 32])
}

/// BIP 39: 12, 15, 18, 21 or 24 words of 11 bits each, the last bits of which are the first of the SHA-256 of
/// those before. A phrase that says a word again and again is one that documents show.
fn recovery_phrase(text: &[u8]) -> Verdict {
    static LIST: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("recovery-words.txt").lines().collect());
    let Ok(text) = std::str::from_utf8(text) else { return Verdict::NotASecret };
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let numbers: Option<Vec<usize>> = words.iter().map(|word| LIST.binary_search(word).ok()).collect();
    let Some(numbers) = numbers.filter(|numbers| matches!(numbers.len(), 12 | 15 | 18 | 21 | 24)) else {
        return Verdict::NotASecret;
    };
    let distinct: HashSet<&usize> = numbers.iter().collect();
    if distinct.len() * 6 < numbers.len() * 5 {
        return Verdict::NotASecret;
    }
    let bits: Vec<bool> =
        numbers.iter().flat_map(|number| (0..11).rev().map(move |bit| number >> bit & 1 == 1)).collect();
    let (random, check) = bits.split_at(bits.len() / 33 * 32);
    let bytes: Vec<u8> =
        random.chunks(8).map(|byte| byte.iter().fold(0, |sum, &bit| sum << 1 | u8::from(bit))).collect();
    let digest = Sha256::digest(&bytes)[0];
    let matches = check.iter().enumerate().all(|(at, &bit)| (digest >> (7 - at) & 1 == 1) == bit);
    pass_if(matches, CHECKSUM)
}

fn decodes(encoding: &Encoding, text: &[u8]) -> Option<Vec<u8>> {
    encoding.decode(text).ok()
}

/// RFC 7748: a private key is clamped, which a public key is one time in 32.
fn curve25519(text: &[u8]) -> Verdict {
    match decodes(&BASE64, text).as_deref() {
        Some([first, .., last]) if first & 7 == 0 && last & 0xc0 == 0x40 => Verdict::Pass,
        _ => Verdict::NotASecret,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_is_zlibs() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(&base62(0xcbf4_3926), b"3jZRME");
    }

    #[test]
    fn bech32_accepts_the_standards_own_vectors() {
        assert!(is_bech32(b"A12UEL5L"));
        assert!(is_bech32(b"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w"));
        assert!(!is_bech32(b"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3x"));
    }

    #[test]
    fn base58_ends_with_a_checksum() {
        // The public half of the first key in BIP 32.
        let key = [
            "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7",
            "usUDFdp6W1EGMcet8",
        ]
        .concat();
        assert!(is_base58_check(key.as_bytes()));
        assert!(!is_base58_check(key.replace("xpub", "xpuc").as_bytes()));
        assert!(!is_base58_check(b"0OIl"));
    }

    #[test]
    fn a_macaroon_has_a_location_and_a_signature() {
        let bytes = [&b"\x02\x01\x08pypi.org\x02\x04abcd\x00\x00\x06\x20"[..], &[7; 32]].concat();
        assert!(is_macaroon(BASE64URL_NOPAD.encode(&bytes).as_bytes()));
        assert!(!is_macaroon(BASE64URL_NOPAD.encode(&bytes[..40]).as_bytes()));
    }

    #[test]
    fn a_recovery_phrase_ends_with_a_checksum() {
        // The first 24 of every eightieth word, and the word that makes their bits come out.
        let words: Vec<&str> = include_str!("recovery-words.txt").lines().collect();
        assert_eq!(words.len(), 2048);
        let front: Vec<&str> = words.iter().copied().step_by(80).take(11).collect();
        let phrase = |last: &str| [front.join(" "), last.to_owned()].join(" ");
        let passing = words.iter().filter(|last| recovery_phrase(phrase(last).as_bytes()) == Verdict::Pass).count();
        // Seven of the last word's bits are free.
        assert_eq!(passing, 128);
        assert_eq!(recovery_phrase(phrase("nobody").as_bytes()), Verdict::NotASecret);
        assert_eq!(recovery_phrase("abandon ".repeat(12).as_bytes()), Verdict::NotASecret);
    }

    #[test]
    fn grafanas_own_test_value_passes() {
        let token = ["glsa_", "iNValIdinValiDinvalidinvalidinva", "_5b582697"].concat();
        assert_eq!(Check::Grafana.verdict(token.as_bytes(), 5, 0), Verdict::Pass);
        assert_eq!(Check::Grafana.verdict(token.replace("_5b", "_6b").as_bytes(), 5, 0), CHECKSUM);
    }

    #[test]
    fn a_jwt_expires() {
        let part = |json: &str| BASE64URL_NOPAD.encode(json.as_bytes());
        let token = |header, claims| [part(header), part(claims), "c2ln".into()].join(".");
        let verdict = |token: String| Check::Jwt.verdict(token.as_bytes(), 0, 100);
        assert_eq!(verdict(token(r#"{"alg":"HS256"}"#, r#"{"exp":101}"#)), Verdict::Pass);
        assert_eq!(verdict(token(r#"{"alg":"HS256"}"#, r#"{"exp":99}"#)), Verdict::Expired);
        assert_eq!(verdict(token(r#"{"alg":"none"}"#, "{}")), Verdict::NotASecret);
        assert!(matches!(verdict(token("{}", "{}")), Verdict::Fail(_)));
    }

    #[test]
    fn a_pem_body_may_be_lines_or_one() {
        let body = BASE64.encode(&[&[0x30, 0x82, 4, 0xa4][..], &[7; 92]].concat());
        let (begin, end) = (["-----BEGIN PRIVATE", " KEY-----"].concat(), ["-----END PRIVATE", " KEY-----"].concat());
        for line_end in ["\n", "\r\n", "\\n", "\\\\n", "\\r\\n", " ", ""] {
            let pem = [&begin, &body[..64], &body[64..], &end].map(|part| part.to_owned() + line_end).concat();
            assert_eq!(Check::Pem.verdict(pem.as_bytes(), 0, 0), Verdict::Pass, "{line_end:?}");
            let cut = [&begin, "...", &end].map(|part| part.to_owned() + line_end).concat();
            assert!(matches!(Check::Pem.verdict(cut.as_bytes(), 0, 0), Verdict::Fail(_)), "{line_end:?}");
        }
    }

    #[test]
    fn an_anthropic_body_has_its_fixed_bits() {
        let body = ["a".repeat(85), "Q-abcdegAA".into()].concat();
        assert!(is_anthropic_body(body.as_bytes()));
        assert!(!is_anthropic_body(body.replace("Q-", "R-").as_bytes()));
        assert!(!is_anthropic_body(&body.as_bytes()[1..]));
    }
}

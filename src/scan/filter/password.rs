//! Could a value be a password that a person chose?
//!
//! People choose words, and change them a little: `Winter2024!` is a password and
//! `your-password-1` none. So it is not words that speak against one, but the few stock words of
//! which examples are made, however they are spelt.

use std::sync::LazyLock;

use super::placeholder::{self, distinct};
use super::words::Words;
use super::{random, words};

/// Whether a value stands for a password.
pub fn is_placeholder(value: &[u8]) -> bool {
    let is_plain = || kinds(value) < 3 || !value.iter().any(u8::is_ascii_digit);
    let is_chosen = || is_numbered(value) || is_passphrase(value);
    placeholder::has_pattern(value)
        || is_stock(value)
        || (is_plain() && placeholder::is_made_of_words(value) && !is_chosen())
}

/// A word with a number behind it that is more than a count, `thunder8364`: weak, and what people choose.
fn is_numbered(value: &[u8]) -> bool {
    let letters = value.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, number) = value.split_at(letters);
    const SIZES: [&[u8]; 8] = [b"128", b"256", b"384", b"512", b"1024", b"2048", b"4096", b"8601"];
    let is_one_case = word.iter().skip(1).all(u8::is_ascii_lowercase);
    letters >= 5
        && is_one_case
        && (3..=6).contains(&number.len())
        && number.iter().all(u8::is_ascii_digit)
        && !is_counted(value)
        && !SIZES.contains(&number)
}

/// Four words or more, of which programs know less than half: `velvet-otter-cactus-marble`.
fn is_passphrase(value: &[u8]) -> bool {
    let is_word = |word: &[u8]| (3..=10).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase);
    let Some(mark) = value.iter().find(|byte| b"-_.".contains(byte)) else { return false };
    let words = || value.split(|byte| byte == mark);
    let known = words().filter(|word| words::is_known(word)).count();
    value.len() >= 20 && words().count() >= 4 && words().all(is_word) && known * 2 < words().count()
}

/// Whether half of it are stock words.
pub fn is_stock(value: &[u8]) -> bool {
    let letters = value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    stock(value) * 2 >= letters
}

/// How many of its bytes are stock words, when `0` is read as `o`, `@` as `a`, and so on.
fn stock(value: &[u8]) -> usize {
    let mut spelt = [0; 128];
    let value = &value[..value.len().min(spelt.len())];
    for (letter, byte) in spelt.iter_mut().zip(value) {
        *letter = match byte {
            b'0' => b'o',
            b'1' | b'!' => b'i',
            b'3' => b'e',
            b'4' | b'@' => b'a',
            b'5' | b'$' => b's',
            b'7' => b't',
            other => other.to_ascii_lowercase(),
        };
    }
    let plain = words::covered_by(&value.to_ascii_lowercase(), &STOCK);
    plain.max(words::covered_by(&spelt[..value.len()], &STOCK))
}

/// Whether it is more than a word or a name: it mixes kinds of characters.
pub fn is_chosen(value: &[u8]) -> bool {
    const UNUSUAL: &[u8] = b"!@#$%^&*?+=~";
    if is_passphrase(value) {
        return true;
    }
    if value.len() < 6 || distinct(value) < 5 || is_name(value) {
        return false;
    }
    let has_digit = value.iter().any(u8::is_ascii_digit);
    let has_mark = value.iter().any(|byte| UNUSUAL.contains(byte));
    match kinds(value) {
        0 | 1 => is_generated(value),
        2 if !has_digit => random::is_jumbled(value),
        2 => true,
        _ => has_digit || (has_mark && distinct(value) >= 6) || random::is_jumbled(value),
    }
}

/// Small letters that no word has in that order: `psavynwwdeazwliu`, as mail providers make them for programs.
fn is_generated(value: &[u8]) -> bool {
    const SHORTEST: usize = 14;
    value.len() >= SHORTEST
        && value.iter().all(u8::is_ascii_lowercase)
        && !random::reads_like_words(value)
        && words::covered(value) * 4 < value.len()
}

/// Whether guessing would not find it soon.
pub fn is_strong(value: &[u8]) -> bool {
    value.len() >= 8 && distinct(value) >= 6 && stock(value) * 3 < value.len() && !is_counted(value)
}

/// A word with a count behind it, the first thing to be tried: `minio123`, `Backup1234`.
fn is_counted(value: &[u8]) -> bool {
    let letters = value.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let count = &value[letters..];
    letters >= 3 && count.len() >= 3 && b"1234567890".starts_with(count)
}

/// Whether it is strong, and mixes so many kinds of characters that no word or name does.
pub fn is_mixed(value: &[u8]) -> bool {
    let all = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit];
    all.iter().all(|kind| value.iter().any(kind))
        && is_strong(value)
        && is_chosen(value)
        && words::covered(value) * 3 < value.len()
}

/// Whether a generator made it, short as it is: no word is in it, and its letters change their case as none does.
pub fn is_short_key(value: &[u8]) -> bool {
    const UNUSUAL: &[u8] = b"!@#$%^&*?+";
    let has_mark = value.iter().any(|byte| UNUSUAL.contains(byte));
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    (if has_mark { 8..16 } else { 10..16 }).contains(&value.len())
        && digits * 2 < value.len()
        && is_mixed(value)
        && !is_placeholder(value)
        && random::is_shuffled(value)
}

/// How many of lower case, upper case, digits and marks there are.
fn kinds(value: &[u8]) -> usize {
    let marks = |byte: &u8| !byte.is_ascii_alphanumeric();
    let kinds = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, marks];
    kinds.iter().filter(|kind| value.iter().any(kind)).count()
}

/// Addresses, paths, numbers, and names as programs write them: `some_name_2`, `org.name.Thing`.
fn is_name(value: &[u8]) -> bool {
    let parts_are_names = |mark: u8| value.split(|&byte| byte == mark).all(random::is_name_or_number);
    let has = |mark: u8| value.contains(&mark);
    memchr::memmem::find(value, b"://").is_some()
        || value.iter().all(|byte| byte.is_ascii_digit() || b".:-/+TZ%,".contains(byte))
        || value.starts_with(b"-") && (value.starts_with(b"--") || has(b'='))
        || is_number(value)
        || random::is_file_name(value)
        || (has(b'/') && parts_are_names(b'/'))
        || (has(b'.') && parts_are_names(b'.'))
        || (has(b':') && parts_are_names(b':'))
        || (value.iter().filter(|&&byte| byte == b'_').count() >= 2 && parts_are_names(b'_'))
        || (value.iter().filter(|&&byte| byte == b'-').count() >= 3
            && !value.iter().any(u8::is_ascii_uppercase)
            && parts_are_names(b'-'))
        || random::is_uuid(value) && !random::is_random_uuid(value)
}

/// `0xC20015`, `0x53474972ull`.
fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"0x").or_else(|| value.strip_prefix(b"0X"));
    digits
        .is_some_and(|digits| digits.len() < 20 && digits.iter().all(|b| b.is_ascii_hexdigit() || b"uUlL_".contains(b)))
}

/// Whether it is the hash of a password, as `crypt`, `htpasswd` and frameworks write them.
pub fn is_hash(value: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 12] = [
        b"$1$", b"$2", b"$5$", b"$6$", b"$y$", b"$7$", b"$apr1$", b"$argon2", b"$pbkdf2", b"$scrypt", b"pbkdf2", b"{S",
    ];
    const SHORTEST: usize = 24;
    let value = value.strip_prefix(b"{bcrypt}").or_else(|| value.strip_prefix(b"#jbcrypt:")).unwrap_or(value);
    // `user:hash`, and `$$` where a dollar has to be doubled.
    let hash = value.iter().position(|&byte| byte == b':').map_or(value, |colon| &value[colon + 1..]);
    [value, hash].iter().any(|hash| {
        let single = if hash.starts_with(b"$$") { &hash[1..] } else { hash };
        let scheme = SCHEMES.iter().find(|scheme| single.starts_with(scheme));
        hash.len() >= SHORTEST && scheme.is_some() && single[1..].iter().any(|byte| matches!(byte, b'$' | b'}'))
    })
}

static STOCK: LazyLock<Words> = LazyLock::new(|| LIST.split_ascii_whitespace().map(str::as_bytes).collect());

/// The words examples and tests are made of.
const LIST: &str = "\
    access account actual admin administrator adobe alias and another any api app auth bad bar basic baz beef block \
    bogus broken buzz cannot change changed changeit changeme check client clear common confirm confirmation \
    correct credential credentials custom dead default demo different dont dummy email empty encoded encrypted enter \
    example fake field file first fixture foo foobar for generated good guest hash hashed hello here hidden \
    incorrect insert insecure invalid irrelevant its key keystore known ldap letmein login long longer lorem lost \
    mail masked master missing mock mongo mypass mypassword mysecret mysql name needed never new nobody none not \
    nothing null obscure of old one only or oracle other pass passe passphrase passw passwd passwort password \
    passwords path phrase placeholder plain plaintext please postgres private provided proxy public put pwd pword \
    qwerty random real really redacted redis remote replace reset right root safe sample sandbox second secret \
    secrets secure sekret sekrit senha server service setup short signed similar simple smtp some something \
    sooper special spring store string stripped strong stuff super supersecret supply swordfish temp temporary \
    test tested tester testing the this tmp to todo token top truststore two unknown unsafe unused use used user \
    username valid value vault very want wachtwoord weak whatever word would wrong xxx yes you your";

#[cfg(test)]
mod tests {
    use super::*;

    fn is_believed(value: &str) -> bool {
        !is_placeholder(value.as_bytes()) && is_chosen(value.as_bytes())
    }

    #[test]
    fn what_people_choose_is_believed() {
        for value in [
            "hunter2!x",
            "Winter2024!",
            "winter-falcon-82",
            "Tr1ck5t3r!",
            "k0bold&Rabe",
            "xB7qLm2p",
            "miIQtSIuub",
            "cHkZRTet",
            "Thunder_Saturn90",
            "R0c%Nflt2",
            "07dd12d2b2201052",
            "am0ng-the-Reeds",
            "thunder8364",
            "bicycle550",
            "falcon-meadow-granite-pepper",
            "liverpool.chelsea.lantern.otter",
            "zz9-plural-Z-alpha",
            "psavynwwdeazwliu",
        ] {
            assert!(is_believed(value), "{value}");
        }
    }

    #[test]
    fn stock_phrases_names_and_patterns_are_not() {
        for value in [
            "password",
            "Password123!",
            "p4ssw0rd",
            "P@$$w0rd1",
            "s00pers3cret",
            "changeme1",
            "your-password-1",
            "test1234",
            "MySecretPassw0rd",
            "secret-2",
            "aaaaaa1!",
            "12345678",
            "abc123456",
            "Passwort-Wiederholung",
            "org.h2.Driver",
            "127.0.0.1:28319",
            "csi0_pwd_n_pmx_func",
            "2016-11-06T15:32:17",
            "/run/secrets/db1",
            "userPassword",
            "Contrasenya",
            "format_1_AES256.yml",
            "0xC20015",
            "-Dmaven.debug=1",
            "hunter42",
            "topS3cret!",
            "--ask-pass2",
            "db_password_2",
            "authenticationstring",
            "benutzerkennwort",
            "gpgkeyringfilename",
            "thunder1234",
            "format2048",
            "user-settings-page-password-field",
            "auth-db-postgres-secret",
            "get-from-vault-please-now",
            "correct-horse-battery-staple",
            "at-least-eight-characters-long",
        ] {
            assert!(!is_believed(value), "{value}");
        }
    }

    #[test]
    fn what_a_generator_makes_is_known_though_it_is_short() {
        for value in ["xK9#mP2$vL5n", "aB3dE9fGh2Kq", "mV8kL2nQ4rT6", "Tr0ub4&3xQz", "q8Zt3LmXvR6w"] {
            assert!(is_short_key(value.as_bytes()), "{value}");
        }
        for value in [
            "LPAREN2x",
            "Password1!",
            "Route53Key2",
            "OAuth2PKCE",
            "SHA1withRSA",
            "ident_2x",
            "aB3dE9fG",
            "Winter2024!",
            "K8sSecret12",
            "RefreshToken2",
            "UTF8String1",
            "Base64Url2",
        ] {
            assert!(!is_short_key(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn hashes_are_known() {
        for value in [
            "$2y$10$abcdefghijklmnopqrstuv",
            "user:$apr1$abcdefgh$ijklmnopqrst",
            "test:$$apr1$$abcdefgh$$ijklmnopqrst",
            "$6$rounds=5000$abcdefgh$ijkl",
            "$argon2id$v=19$m=65536,t=3",
            "{SSHA}abcdefghijklmnopqrst",
            "#jbcrypt:$2a$06$abcdefghijklmnopqrst",
        ] {
            assert!(is_hash(value.as_bytes()), "{value}");
        }
        for value in ["$2Xk9!fQ", "$ecretW0rd-and-more-and-more", "kR7vQm2xZpkR7vQm2xZpkR7vQm2xZp"] {
            assert!(!is_hash(value.as_bytes()), "{value}");
        }
    }
}

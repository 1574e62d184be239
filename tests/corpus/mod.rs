//! A labelled corpus: texts that people write, with credentials that nobody was ever given, made from
//! a fixed seed each time it is asked for.
//!
//! Tokens are made by the rules' own patterns, and put into surroundings that know nothing of them;
//! values stand under names that people give them. What is quiet stands in files of its own.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

pub(crate) mod measure;
mod places;
mod surroundings;
mod values;

use regex_syntax::hir::{Class, Hir, HirKind};
use skant::finding::Confidence;
use skant::rule::RuleSet;
use skant::rule::{Check, Finder, Judge, Rule};

use data_encoding::BASE64 as IN_BASE64;

use crate::support::{BASE62, BASE64, Random};
use places::PLACES;
use surroundings::{AROUND_PROVIDERS, AROUND_TOKENS, QUIET};
use values::{AROUND_VALUES, filled};

/// A text, and the secrets in it.
pub(crate) struct Case {
    /// The path of the file.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
    /// The secret in it, when there is one.
    pub(crate) planted: Option<Planted>,
    /// The rule that it is about, which should find the secret, or what kind of common secret that is.
    pub(crate) about: String,
}

/// A secret in a text.
pub(crate) struct Planted {
    /// The secret.
    pub(crate) secret: String,
    /// How it is written there.
    pub(crate) written: String,
}

/// Rules whose secrets stand in surroundings that are part of the rule: their own examples are taken.
const PROVIDERS_OF_PLACES: [&str; 7] = ["Generic", "Login", "URL", "HTTP", "Private key", "JWK", "Docker"];

/// Everything.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = of_rules();
    cases.extend(common());
    cases.extend(quiet());
    cases
}

/// Whether a rule is one that reports what its pattern makes. Those of low confidence report nothing
/// unless asked to; what only its vendor can make fails its check, and so may fall below; and what hands keys to
/// browsers is no secret to be planted.
fn is_measured(rule: &Rule) -> bool {
    !PROVIDERS_OF_PLACES.contains(&&*rule.provider)
        && !matches!(rule.finder, Finder::File(_))
        && rule.confidence > Confidence::Low
        && (rule.check.is_none() || rule.confidence == Confidence::High)
        && !matches!(rule.judge, Judge::Password | Judge::Exposure)
}

/// Secrets of every rule that has a provider, and what looks like them.
pub(crate) fn of_rules() -> Vec<Case> {
    let mut random = Random::new(4711);
    let mut cases = Vec::new();
    for rule in RuleSet::builtin().iter().filter(|rule| is_measured(rule)) {
        let pattern = rule.pattern.as_str();
        for (round, of_provider) in AROUND_PROVIDERS.iter().enumerate() {
            let Some(made) = made_by(pattern, rule.check, rule.judge, &mut random) else { continue };
            let (around, name) = match &rule.finder {
                Finder::Token { .. } => (AROUND_TOKENS[random.below(AROUND_TOKENS.len())], "CREDENTIAL".to_owned()),
                Finder::Value { names, near } => {
                    let name = &names.get(random.below(names.len().max(1))).map_or("key", |name| name.as_str());
                    let near = near.get(random.below(near.len().max(1))).map_or("", |near| near.as_str());
                    let whole = if name.contains(near) { (*name).to_owned() } else { format!("{near}_{name}") };
                    (*of_provider, whole.to_ascii_uppercase())
                }
                // None of ours is looked for like that, and files hold no secret of their own.
                Finder::Search(_) | Finder::File(_) => continue,
            };
            let (path, template) = around;
            cases.push(Case {
                path: format!("{}/{round}/{path}", rule.id),
                text: filled(template, &name, &made.whole),
                planted: Some(Planted { secret: made.secret.clone(), written: made.secret.clone() }),
                about: rule.id.clone(),
            });
            if round < 2 {
                let blank: String = made
                    .whole
                    .chars()
                    .enumerate()
                    .map(|(at, c)| {
                        let in_prefix = at < made.whole.len().saturating_sub(made.secret.len()) + 8;
                        if in_prefix || !c.is_ascii_alphanumeric() { c } else { 'x' }
                    })
                    .collect();
                cases.push(Case {
                    path: format!("{}/blank{round}/{path}", rule.id),
                    text: filled(template, &name, &blank),
                    planted: None,
                    about: rule.id.clone(),
                });
            }
        }
    }
    cases
}

/// Passwords and keys that only a name or a place gives away.
pub(crate) fn common() -> Vec<Case> {
    let mut random = Random::new(4712);
    let mut cases = Vec::new();
    for (folder, around) in [("", AROUND_VALUES), ("places/", PLACES)] {
        for (at, (path, template)) in around.iter().enumerate() {
            for round in 0..6 {
                let number = if template.contains("{T}") { 2 * (at + round) } else { at + round };
                let (kind, name, secret) = common_secret(number, &mut random);
                let (text, written) = placed(template, name, &secret);
                cases.push(Case {
                    path: format!("{folder}{kind}/{at}-{round}/{path}"),
                    text,
                    planted: Some(Planted { secret, written }),
                    about: kind.to_owned(),
                });
            }
        }
    }
    cases
}

/// A key or a password by turns, and a name for it.
fn common_secret(number: usize, random: &mut Random) -> (&'static str, &'static str, String) {
    const NAMES: [&str; 7] =
        ["API_KEY", "CLIENT_SECRET", "ACCESS_TOKEN", "JWT_SECRET", "SIGNING_KEY", "AUTH_TOKEN", "ENCRYPTION_KEY"];
    const PASSWORD_NAMES: [&str; 6] =
        ["PASSWORD", "DB_PASSWORD", "ADMIN_PASSWD", "SMTP_PASS", "MAIL_PWD", "ROOT_PASSWORD"];
    if number.is_multiple_of(2) {
        ("key", NAMES[number % NAMES.len()], key(random))
    } else {
        ("password", PASSWORD_NAMES[number % PASSWORD_NAMES.len()], password(random))
    }
}

/// A template that is filled in, and how the secret is written there: as it is, in base64, alone or behind a
/// user, or with the marks escaped that an address cannot hold, or those that encoders for JSON and HTML are wary of.
fn placed(template: &str, name: &str, secret: &str) -> (String, String) {
    let login = format!("deploy:{secret}");
    let escape = |c: char| {
        if c.is_ascii_alphanumeric() || "-._~".contains(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }
    };
    let escaped: String = secret.chars().map(escape).collect();
    let wary = |escape: &dyn Fn(u32) -> String| -> String {
        let one = |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { escape(u32::from(c)) };
        secret.chars().map(one).collect()
    };
    let ways = [
        ("{64}", IN_BASE64.encode(secret.as_bytes())),
        ("{U64}", IN_BASE64.encode(login.as_bytes())),
        ("{T}", secret.to_owned()),
        ("{U}", escaped.clone()),
        ("{E}", escaped),
        ("{SJ}", wary(&|c| format!("\\u{c:04X}"))),
        ("{SH}", wary(&|c| format!("&#{c};"))),
    ];
    let way = ways.into_iter().find(|(mark, _)| template.contains(mark));
    let (mark, written) = way.unwrap_or(("{S}", secret.to_owned()));
    (filled(&template.replace(mark, &written), name, secret), written)
}

/// Texts in which there is nothing to find.
pub(crate) fn quiet() -> Vec<Case> {
    let mut random = Random::new(4713);
    let cases = QUIET.iter().enumerate().map(|(at, (path, template))| {
        let mut text = (*template).to_owned();
        for (mark, characters, length) in [
            ("{H32}", HEX, 32),
            ("{H40}", HEX, 40),
            ("{H64}", HEX, 64),
            ("{K}", BASE62, 32),
            ("{B}", BASE64, 86),
            ("{B43}", BASE64, 43),
        ] {
            while text.contains(mark) {
                text = text.replacen(mark, &random.text(characters, length), 1);
            }
        }
        while text.contains("{U}") {
            text = text.replacen("{U}", &uuid(&mut random), 1);
        }
        Case { path: format!("quiet/{at}/{path}"), text, planted: None, about: "quiet".into() }
    });
    cases.collect()
}

const HEX: &str = "0123456789abcdef";

fn uuid(random: &mut Random) -> String {
    let part = |random: &mut Random, length| random.text(HEX, length);
    let (a, b, c, d, e) = (part(random, 8), part(random, 4), part(random, 3), part(random, 3), part(random, 12));
    format!("{a}-{b}-4{c}-a{d}-{e}")
}

/// A key as generators make them.
fn key(random: &mut Random) -> String {
    let (length, of_hex) = ([20, 24, 32, 40, 48, 64][random.below(6)], [32, 40, 64][random.below(3)]);
    match random.below(5) {
        0 => random.text(HEX, of_hex),
        1 => random.text(BASE64, 43) + "=",
        2 => format!("{}_{}", ["acme", "live", "prod", "svc"][random.below(4)], random.text(BASE62, 32)),
        3 => random.text("abcdefghijklmnopqrstuvwxyz0123456789", length),
        _ => random.text(BASE62, length),
    }
}

/// A password as people and their managers make them.
fn password(random: &mut Random) -> String {
    const WORDS: [&str; 12] = [
        "Falcon", "Meadow", "Thunder", "Velvet", "Orchid", "Granite", "Harbor", "Maple", "Saffron", "Walnut", "Pepper",
        "Copper",
    ];
    let word = |random: &mut Random| WORDS[random.below(WORDS.len())];
    match random.below(5) {
        0 => format!("{}{}!", word(random), 1970 + random.below(60)),
        1 => format!("{}-{}-{}", word(random).to_lowercase(), word(random).to_lowercase(), 10 + random.below(90)),
        2 => format!("{}{}#{}", word(random), word(random), random.below(1000)),
        3 => format!("aB3{}", random.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!@#%^*_-", 11)),
        _ => format!("7xQ{}", random.text(BASE62, 9)),
    }
}

/// What a pattern matches, and the part of it that is the secret.
struct Made {
    whole: String,
    secret: String,
}

/// A text that a pattern matches; nothing where the text has to prove itself and only its vendor could
/// make one.
fn made_by(pattern: &str, check: Option<Check>, judge: Judge, random: &mut Random) -> Option<Made> {
    // A checksum that fails lowers the confidence: that is tested where the checks are.
    if matches!(check, Some(Check::Pem | Check::Jwt | Check::BasicAuth | Check::Base64Json | Check::Curve25519)) {
        return None;
    }
    let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).unwrap();
    (0..50).find_map(|_| {
        let (mut whole, mut secret) = (Vec::new(), None);
        make(&hir, random, &mut whole, &mut secret);
        let range = secret.unwrap_or(0..whole.len());
        let secret = String::from_utf8(whole[range].to_vec()).ok()?;
        let whole = String::from_utf8(whole).ok()?;
        // Of a value no generator makes words, nor marks at its ends.
        let is_fit = judge == Judge::Shape || whole.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '=');
        (is_fit && !whole.contains(['\n', '\r', '\t', '\\', '%'])).then_some(Made { whole, secret })
    })
}

/// Writes something that an expression matches.
fn make(hir: &Hir, random: &mut Random, text: &mut Vec<u8>, secret: &mut Option<std::ops::Range<usize>>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes: Vec<u8> = class.iter().flat_map(|range| range.start()..=range.end()).collect();
            let plain: Vec<u8> = bytes.iter().copied().filter(|byte| (b'!'..0x7f).contains(byte)).collect();
            // Hex digits are of one case.
            let is_hex = plain.len() == 22 && plain.iter().all(u8::is_ascii_hexdigit);
            let plain: Vec<u8> = plain.into_iter().filter(|byte| !is_hex || !byte.is_ascii_uppercase()).collect();
            let from = if plain.is_empty() { &bytes } else { &plain };
            text.push(from[random.below(from.len())]);
        }
        HirKind::Class(Class::Unicode(_)) => unreachable!("patterns are of bytes"),
        HirKind::Repetition(repetition) => {
            let least = repetition.min as usize;
            let most = repetition.max.map_or(least + 8, |most| most as usize).min(least + 8);
            let times = least + if least > 0 || most == 1 { random.below(most - least + 1) } else { 0 };
            (0..times).for_each(|_| make(&repetition.sub, random, text, secret));
        }
        HirKind::Capture(capture) => {
            let start = text.len();
            make(&capture.sub, random, text, secret);
            if capture.name.as_deref() == Some("secret") {
                *secret = Some(start..text.len());
            }
        }
        HirKind::Concat(parts) => parts.iter().for_each(|part| make(part, random, text, secret)),
        HirKind::Alternation(parts) => make(&parts[random.below(parts.len())], random, text, secret),
    }
}

//! Does a value say where a secret is kept, instead of being one?

/// Whether a value is a reference, a template, code or a name.
pub fn is_reference(value: &[u8]) -> bool {
    is_template(value) || names_a_store(value) || is_code(value)
}

/// Something is put in its place before it is used: `${X}`, `{{ x }}`, `%(x)s`, `<your-key>`.
fn is_template(value: &[u8]) -> bool {
    let has = |needle: &str| memchr::memmem::find(value, needle.as_bytes()).is_some();
    let wrapped = |open: u8, close: u8| value.first() == Some(&open) && value.last() == Some(&close);
    has("${")
        || has("$(")
        || has("#{")
        || has("{{")
        || has("{%")
        || has("<%")
        || has("@{")
        || has("%(")
        || has("%.*")
        || has("{}")
        || wrapped(b'<', b'>')
        || wrapped(b'{', b'}')
        || wrapped(b'[', b']')
        || wrapped(b'%', b'%')
        || wrapped(b'(', b')')
        || wrapped(b'_', b'_') && value.starts_with(b"__")
        || is_variable(value)
        || ends_in_variable(value)
        || is_pattern(value)
        || is_format(value)
        || is_scope(value)
}

/// What a signed request to AWS says of its key, which is public: `ID/20260131/eu-west-1/s3/aws4_request`.
fn is_scope(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.splitn(3, |&byte| byte == b'%').collect();
    let is_date = |part: &[u8]| part.len() == 10 && part.starts_with(b"2F") && part[2..].iter().all(u8::is_ascii_digit);
    value.ends_with(b"/aws4_request")
        || value.ends_with(b"%2Faws4_request")
        || parts.get(1).is_some_and(|part| is_date(part))
}

/// `$TOKEN`, but not `$2b$10$...` nor `$ecret!`.
fn is_variable(value: &[u8]) -> bool {
    matches!(value, [b'$', first, rest @ ..]
        if (first.is_ascii_alphabetic() || *first == b'_')
        && rest.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        && !first.is_ascii_lowercase())
        || matches!(value, [b'$', rest @ ..] if rest.len() > 2 && rest.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_'))
}

/// A variable of a shell at the end: `ip6$TYPE`.
fn ends_in_variable(value: &[u8]) -> bool {
    let name = value.iter().rposition(|&byte| byte == b'$').map_or(&[][..], |dollar| &value[dollar + 1..]);
    name.len() >= 3 && name.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// A pattern that passwords are held to: `.*[0-9].*`, `^[a-z]+$`.
fn is_pattern(value: &[u8]) -> bool {
    let has = |needle: &str| memchr::memmem::find(value, needle.as_bytes()).is_some();
    has(".*") || has("[0-9") || has("[a-z") || has("[A-Z") || has("\\d") || has("\\w") || has("(?")
}

/// `%s`, `{0}`, `{name}` somewhere in it.
fn is_format(value: &[u8]) -> bool {
    let braces = value.iter().position(|&byte| byte == b'{').is_some_and(|open| {
        let name = value[open + 1..].split(|&byte| byte == b'}').next().unwrap_or(&[]);
        open + 1 + name.len() < value.len() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_.:! $".contains(b))
    });
    // In the middle of a random text they stand by chance.
    let directive = value.windows(2).enumerate().any(|(at, pair)| {
        let next = value.get(at + 2);
        matches!(pair, b"%s" | b"%d" | b"%@") && next.is_none_or(|byte| !byte.is_ascii_alphanumeric())
    });
    braces || directive
}

/// Addresses of secret stores, files and the environment.
fn names_a_store(value: &[u8]) -> bool {
    const STORES: [&str; 25] = [
        "op://",
        "vault:",
        "vault/",
        "secret/",
        "secrets/",
        "secrets.",
        "arn:aws",
        "projects/",
        "env:",
        "env.",
        "env(",
        "ENV[",
        "file:",
        "file(",
        "keyring:",
        "ssm:",
        "azurekv:",
        "gcpsm:",
        "awssm:",
        "sops:",
        "ENC[",
        "enc:",
        "encrypted:",
        "!vault",
        "$ANSIBLE_VAULT",
    ];
    let starts =
        |store: &&str| value.len() >= store.len() && value[..store.len()].eq_ignore_ascii_case(store.as_bytes());
    STORES.iter().any(starts)
        || is_sealed(value)
        || value.starts_with(b"process.")
        || value.starts_with(b"os.")
        || value.starts_with(b"System.")
}

/// What a SealedSecret of Kubernetes holds: two bytes say that a key of 512 bytes follows, which is encrypted.
fn is_sealed(value: &[u8]) -> bool {
    matches!(value, [b'A', b'g', b'A'..=b'D', ..]) && value.len() > 200
}

/// A piece of a program: a call, a member, an index.
fn is_code(value: &[u8]) -> bool {
    let has = |needle: &str| memchr::memmem::find(value, needle.as_bytes()).is_some();
    let called = value.iter().position(|&byte| byte == b'(').is_some_and(|open| {
        open > 0 && value[..open].iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.:$>-".contains(byte))
    });
    let is_word = |text: &[u8]| text.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // `&some_name`, `{min: 8`
    let named = matches!(value, [b'&', name @ ..] if name.contains(&b'_') && is_word(name));
    let member = matches!(value, [b'{', name @ ..]
        if name.iter().position(|&byte| byte == b':').is_some_and(|colon| colon > 0 && is_word(&name[..colon])));
    called
        || named
        || member
        || has("->")
        || has("::")
        || has("=>")
        || has("()")
        || has("[\"")
        || has("['")
        || has("&&")
        || has("||")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_values() {
        for value in [
            "${{ secrets.TOKEN }}",
            "$TOKEN",
            "$(cat key)",
            "<your-token>",
            "{{ vault_token }}",
            "%(password)s",
            "op://vault/item/field",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "process.env.TOKEN",
            "config.get('x')",
            "obj->secret",
            "&some_name_2",
            "{min:8",
            "%TOKEN%",
            "Bearer {token}",
            "$ANSIBLE_VAULT;1.1;AES256",
            "ENC[AES256_GCM,data:x]",
            "encrypted:v1:9f86d081884c7d65",
            "key-%s",
            "%s:%s",
            "ip6$TYPE",
            "Z7IXGOO6BZ0REAN1Q26I/20160727/us-east-1/s3/aws4_request",
            ".*[0-9].*",
        ] {
            assert!(is_reference(value.as_bytes()), "{value}");
        }
        for begin in ["AgA", "AgB", "AgC", "AgD"] {
            assert!(is_reference(&[begin.as_bytes(), &[b'x'; 300]].concat()), "{begin}");
        }
        for value in ["hunter2", "$2b$10$abcdefghij", "S3cr3t!(42)", "p%40ss", "AgBc1d2e3f", "a/b+c=", "R0c%sNflt2"] {
            assert!(!is_reference(value.as_bytes()), "{value}");
        }
    }
}

//! Names and calls that hand a credential to everybody who opens a page or an app. The name alone is no
//! secret and no fault: what stands around it decides.

use std::ops::Range;

use memchr::memmem;

/// What a build puts into the files that browsers and phones are given.
const PUBLIC: [&[u8]; 17] = [
    b"NEXT_PUBLIC_",
    b"VITE_",
    b"REACT_APP_",
    b"EXPO_PUBLIC_",
    b"NUXT_PUBLIC_",
    b"PUBLIC_",
    b"GATSBY_",
    b"VUE_APP_",
    b"NG_APP_",
    b"NX_PUBLIC_",
    b"PLASMO_PUBLIC_",
    b"BUN_PUBLIC_",
    b"SNOWPACK_PUBLIC_",
    b"STORYBOOK_",
    b"REDWOOD_ENV_",
    b"TARO_APP_",
    b"UMI_APP_",
];
/// How far around a place what belongs to it is looked for, in bytes.
const REACH: usize = 400;

/// Whether a credential is exposed at a place that a rule about that has found.
pub(in crate::scan) fn is_exposed(text: &[u8], found: &Range<usize>, file_name: &[u8]) -> bool {
    let line = &text[found.start.saturating_sub(REACH)..found.start];
    let line = line.rsplit(|&byte| byte == b'\n').next().unwrap_or(&[]);
    if is_documentation(file_name) || is_comment(line) {
        return false;
    }
    let (name, after) = (&text[found.clone()], &text[found.end..]);
    let around = text[found.start.saturating_sub(REACH)..text.len().min(found.end + REACH)].to_ascii_lowercase();
    let near = |words: &[&[u8]]| words.iter().any(|word| memmem::find(&around, word).is_some());
    let has_key = || near(&[b"apikey", b"api_key", b"x-api-key", b"authtoken"]);
    match name {
        b"dangerouslyAllowBrowser" => is_true(after) && near(&[b"anthropic", b"claude"]) && has_key(),
        b"anthropic-dangerous-direct-browser-access" => has_key() && (is_page(file_name) || near(&BROWSER)),
        _ if name.ends_with(b"PUBLIC_KEY") => false,
        _ if name[0].is_ascii_uppercase() => {
            let is_public = PUBLIC.iter().any(|prefix| name.starts_with(prefix));
            (is_public && is_used(line, after)) || is_defined(line, after) || is_in_url(line)
        }
        // What is kept in the browser's store.
        _ => [&b"key"[..], b"token", b"secret"]
            .iter()
            .any(|word| memmem::find(&name.to_ascii_lowercase(), word).is_some()),
    }
}

/// What only code in a browser says.
const BROWSER: [&[u8]; 5] = [b"window.", b"document.", b"localstorage", b"import.meta.env", b"usestate("];

/// Whether a file tells people about code.
fn is_documentation(file_name: &[u8]) -> bool {
    has_extension(file_name, &[b"md", b"mdx", b"markdown", b"rst", b"adoc"])
}

/// Whether a file is a part of a page, or may be: of what is read from history the name is not known at
/// first, and one without an extension stands for it.
fn is_page(file_name: &[u8]) -> bool {
    !file_name.contains(&b'.') || has_extension(file_name, &[b"jsx", b"tsx", b"vue", b"svelte", b"html", b"astro"])
}

fn has_extension(file_name: &[u8], extensions: &[&[u8]]) -> bool {
    let extension = file_name.rsplit(|&byte| byte == b'.').next().unwrap_or(&[]);
    extension.len() < file_name.len() && extensions.iter().any(|one| extension.eq_ignore_ascii_case(one))
}

fn is_comment(line: &[u8]) -> bool {
    const MARKS: [&[u8]; 6] = [b"//", b"#", b"*", b"/*", b"<!--", b"{/*"];
    let start = line.trim_ascii_start();
    MARKS.iter().any(|mark| start.starts_with(mark)) || memmem::find(line, b"// ").is_some()
}

fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"' | b'\'' | b'`', rest @ ..] => rest,
        text => text,
    }
}

/// `: true`, and what minifiers make of it.
fn is_true(after: &[u8]) -> bool {
    let rest = unquoted(after).trim_ascii_start();
    let Some((b':' | b'=', rest)) = rest.split_first() else { return false };
    let rest = rest.trim_ascii_start();
    rest.starts_with(b"true") || rest.starts_with(b"!0")
}

/// Whether a variable is read or set where it stands, and not only spoken of.
fn is_used(line: &[u8], after: &[u8]) -> bool {
    const READ: [&[u8]; 6] = [b"env.", b"env?.", b"env[", b"env?.[", b"env(", b"get("];
    const SET: [&[u8]; 8] = [b"export", b"ENV", b"ARG", b"--build-arg", b"-e", b"--env", b"env", b"set"];
    let before = line.strip_suffix(b"\"").or(line.strip_suffix(b"'")).or(line.strip_suffix(b"`")).unwrap_or(line);
    let public = [&b"$env/static/public"[..], b"$env/dynamic/public"];
    let rest = after.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
    if READ.iter().any(|read| before.ends_with(read))
        || public.iter().any(|module| memmem::find(rest, module).is_some())
    {
        return true;
    }
    let head = before.trim_ascii();
    let word = head.rsplit(u8::is_ascii_whitespace).next().unwrap_or(&[]);
    let begins = head.iter().all(|byte| b"-{,([".contains(byte)) || matches!(head.last(), Some(b'{' | b',' | b'('));
    if !begins && !SET.contains(&word) {
        return false;
    }
    match unquoted(after).trim_ascii_start() {
        [b'=', b'=', ..] | [b':', b':', ..] => false,
        [b'=' | b':', ..] => true,
        _ => word == b"ARG" && rest.trim_ascii().is_empty(),
    }
}

/// Whether a variable is put into an address, where logs and histories keep it: `https://a/b?key=${X}`.
fn is_in_url(line: &[u8]) -> bool {
    const READ: [&[u8]; 7] =
        [b"process.env.", b"import.meta.env.", b"os.environ[\"", b"os.environ['", b"secrets.", b"env.", b"env:"];
    const OPEN: [&[u8]; 7] = [b"${{ ", b"${{", b"${", b"{{ ", b"{", b"$", b"%"];
    let stripped = |text: &[u8], ends: &[&[u8]]| ends.iter().find_map(|end| text.strip_suffix(*end)).map(<[u8]>::len);
    let line = &line[..stripped(line, &READ).unwrap_or(line.len())];
    let Some(end) = stripped(line, &OPEN) else { return false };
    let url = line[..end].rsplit(|byte| byte.is_ascii_whitespace() || b"\"'`<>(".contains(byte)).next().unwrap_or(&[]);
    let Some(behind) = memmem::find(url, b"://").map(|at| &url[at + 3..]) else { return false };
    let is_in_query = behind.ends_with(b"=") && behind.contains(&b'?');
    is_in_query || behind.ends_with(b":") && !behind.contains(&b'/')
}

/// `'process.env.X': JSON.stringify(...)`: a bundler puts the value where the name stood.
fn is_defined(line: &[u8], after: &[u8]) -> bool {
    let read = [&b"'process.env."[..], b"\"process.env.", b"'import.meta.env.", b"\"import.meta.env."];
    let value = || unquoted(after).trim_ascii_start().strip_prefix(b":");
    read.iter().any(|read| line.ends_with(read))
        && matches!(after.first(), Some(b'"' | b'\''))
        && value().is_some_and(|value| memmem::find(&value[..value.len().min(60)], b"env").is_some())
}

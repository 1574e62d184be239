//! Signs that a secret was made for a test or an example, and opens nothing.
//!
//! No sign is a proof: real keys do lie among tests. So none dismisses, and none alone hides: one
//! leaves the confidence at `medium`, which is reported, and only two that are independent of each
//! other make it `low`. They are asked of what everybody makes (passwords, keys known by a name,
//! private keys), never of a vendor's token, which says itself what it is.

use super::random;
use super::words::Joined;

/// How far before a secret its line is looked at, in bytes.
const REACH: usize = 160;

/// How many signs the path of a file gives.
///
/// A folder of tests, one of examples, and a page of documentation are one each. A file that its
/// test runner knows by its name is a unit test, and that is two.
pub fn of_path(path: &[u8]) -> usize {
    const TESTS: [&str; 16] = [
        "test",
        "testing",
        "tested",
        "testdata",
        "testcase",
        "spec",
        "fixture",
        "mock",
        "stub",
        "e2e",
        "unittest",
        "testutil",
        "testsuite",
        "testlib",
        "testcert",
        "testkey",
    ];
    const EXAMPLES: [&str; 6] = ["example", "sample", "demo", "tutorial", "playground", "quickstart"];
    const PAGES: [&str; 7] = ["doc", "documentation", "guide", "man", "manual", "reference", "changelog"];
    let (folders, file) = match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[][..], path),
    };
    let folders = &folders[folders.len().saturating_sub(240)..];
    let names = Joined::of(folders);
    let has = |words: &[&str]| words.iter().any(|word| names.has(word));
    let extension = file.rsplit(|&byte| byte == b'.').next().unwrap_or(&[]);
    let is_page = [&b"md"[..], b"mdx", b"rst", b"adoc", b"txt", b"html"].contains(&extension);
    let tests = if is_unit_test(file) { 2 } else { usize::from(has(&TESTS)) };
    tests + usize::from(has(&EXAMPLES)) + usize::from(is_page && (has(&PAGES) || has(&EXAMPLES)))
}

/// Whether a test runner takes a file of that name for tests: `test_x.py`, `x_test.go`, `XTests.java`,
/// `x.spec.ts`, `x_spec.rb`.
fn is_unit_test(file: &[u8]) -> bool {
    let Some(dot) = file.iter().rposition(|&byte| byte == b'.') else { return false };
    let (stem, extension) = (&file[..dot], &file[dot + 1..]);
    const PROGRAMS: [&[u8]; 20] = [
        b"py", b"go", b"java", b"kt", b"cs", b"js", b"jsx", b"mjs", b"cjs", b"ts", b"tsx", b"rb", b"php", b"groovy",
        b"scala", b"swift", b"rs", b"ex", b"exs", b"dart",
    ];
    let ends = |ends: &[&str]| ends.iter().any(|end| stem.ends_with(end.as_bytes()));
    PROGRAMS.contains(&extension)
        && (stem.starts_with(b"test_")
            || stem == b"conftest"
            || ends(&[
                "_test", "_tests", "Test", "Tests", "TestCase", "Spec", "_spec", ".test", ".spec", ".cy", "-test",
            ]))
}

/// Whether what stands before a secret names it as one for show: `TEST_PASSWORD=`, `dummyKey: `.
pub fn in_name(name: &[u8]) -> bool {
    const LONGEST: usize = 80;
    const WORDS: [&str; 10] =
        ["test", "dummy", "fake", "mock", "sample", "example", "demo", "fixture", "stub", "bogus"];
    let name = Joined::of(&name[name.len().saturating_sub(LONGEST)..]);
    WORDS.iter().any(|word| name.has(word))
}

/// Whether what stands before a secret compares it with something: `assertEquals("`, `expect(x).toBe('`.
pub fn in_comparison(line: &[u8]) -> bool {
    const COMPARING: [&str; 5] = ["assert", "expect(", "expect_", "should", "Equal("];
    COMPARING.iter().any(|word| memchr::memmem::find(line, word.as_bytes()).is_some())
}

/// What stands before a place on its line, as far as it is looked at.
pub fn line_before(text: &[u8], at: usize) -> &[u8] {
    let reach = &text[at.saturating_sub(REACH)..at];
    reach.rsplit(|&byte| byte == b'\n').next().unwrap_or(&[])
}

/// Whether a password can be spoken: a person made it up, as people do for tests, and for accounts.
pub fn is_spoken(password: &[u8]) -> bool {
    let letter = |&byte: &u8| match byte {
        b'0' => b'o',
        b'1' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other,
    };
    let spelt: Vec<u8> = password.iter().take(128).map(letter).collect();
    random::reads_like_words(&spelt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_test_gives_signs() {
        for (path, signs) in [
            ("src/config.py", 0),
            (".env", 0),
            ("README.md", 0),
            ("latest/contest/config.go", 0),
            ("specification/key.pem", 0),
            ("tests/config.yml", 1),
            ("src/test/resources/tls/server.key", 1),
            ("Core.Test/Settings.json", 1),
            ("testdata/key.pem", 1),
            ("docs/config.rst", 1),
            ("examples/app/main.go", 1),
            ("examples/iam/change.rst", 2),
            ("pkg/tls_test.go", 2),
            ("test/models/user_test.rb", 2),
            ("src/test/java/UserTests.java", 2),
            ("src/user.spec.ts", 2),
            ("app/tests/test_user.py", 2),
            ("app/conftest.py", 2),
            ("src/Contest.java", 0),
            ("test_server.pem", 0),
        ] {
            assert_eq!(of_path(path.as_bytes()), signs, "{path}");
        }
    }

    #[test]
    fn names_and_lines_give_signs() {
        for name in ["TEST_API_KEY", "dummySecret", "exampleToken", "hcloudTestToken"] {
            assert!(in_name(name.as_bytes()), "{name}");
        }
        for name in ["API_KEY", "latestKey", "attestation_key"] {
            assert!(!in_name(name.as_bytes()), "{name}");
        }
        let line = |text: &'static [u8]| line_before(text, text.len());
        assert!(in_comparison(line(b"x\nassertEquals(token, \"")));
        assert!(!in_comparison(line(b"assert(x)\ntoken = \"")));
    }

    #[test]
    fn made_up_passwords_can_be_spoken() {
        for password in ["Winter2024!", "Str1peB1ll1ng2024#", "D0cuS1gn2024#", "Wand3rlust"] {
            assert!(is_spoken(password.as_bytes()), "{password}");
        }
        for password in ["7xQkR7vQm2xZp", "JgCXIr5xGG", "xB7qLm2p"] {
            assert!(!is_spoken(password.as_bytes()), "{password}");
        }
    }
}

//! What a Docker build copies, by the Dockerfiles around a file and the `.dockerignore`s around these.

use std::path::Path;
use std::{fs, io};

use globset::GlobBuilder;

use super::{Unknown, reason};
use crate::blob::path_bytes;
use crate::file::read_regular;

/// The most bytes of a Dockerfile, or a `.dockerignore`.
const LARGEST: u64 = 1 << 20;
/// How many Dockerfiles of one folder are read.
const MOST: usize = 20;

/// Which Dockerfile copies a file below a root, and what would leave it out; nothing when none does. The folder
/// of a Dockerfile is taken for what its build is given.
///
/// # Errors
/// A folder on the way cannot be listed.
pub(super) fn copier(root: &Path, file: &Path) -> Result<Option<String>, Unknown> {
    for folder in file.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
        let dockerfiles = dockerfiles(folder).map_err(|error| Unknown {
            path: path_bytes(folder.strip_prefix(root).ok().filter(|path| *path != "").unwrap_or(Path::new("."))),
            reason: format!("{}: whether a Docker build copies a dotenv file is not known", reason(&error)),
        })?;
        let copied = copied_in(root, folder, &dockerfiles, file);
        if copied.is_some() {
            return Ok(copied);
        }
    }
    Ok(None)
}

/// The same of the Dockerfiles of one folder.
fn copied_in(root: &Path, folder: &Path, dockerfiles: &[String], file: &Path) -> Option<String> {
    let name = slashed(file.strip_prefix(folder).ok()?);
    dockerfiles.iter().find_map(|dockerfile| {
        let line = copying_line(&text(&folder.join(dockerfile))?, &name)?;
        let own = format!("{dockerfile}.dockerignore");
        let ignores = if text(&folder.join(&own)).is_some() { &own } else { ".dockerignore" };
        let is_left_out = if ignores == own {
            leaves_out(&text(&folder.join(&own)).unwrap_or_default(), &name)
        } else {
            is_left_out(root, folder, file)
        };
        let shown = |name: &str| slashed(folder.join(name).strip_prefix(root).unwrap_or(Path::new(name)));
        (!is_left_out).then(|| {
            let (dockerfile, ignores) = (shown(dockerfile), shown(ignores));
            format!("{dockerfile}:{line} copies it: the line `{name}` in {ignores} leaves it out")
        })
    })
}

/// Whether the `.dockerignore` of a folder, or of one above it, leaves a file out: which of them a build begins
/// in is not known.
fn is_left_out(root: &Path, folder: &Path, file: &Path) -> bool {
    folder.ancestors().take_while(|above| above.starts_with(root)).any(|above| {
        let name = file.strip_prefix(above).map(slashed).unwrap_or_default();
        text(&above.join(".dockerignore")).is_some_and(|text| leaves_out(&text, &name))
    })
}

/// The names of a folder's Dockerfiles, in order.
fn dockerfiles(folder: &Path) -> io::Result<Vec<String>> {
    let is_one = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let is_of = |what: &str| lower == what || lower.starts_with(&format!("{what}."));
        (is_of("dockerfile") || is_of("containerfile") || lower.ends_with(".dockerfile"))
            && !lower.ends_with(".dockerignore")
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string().ok().filter(|name| is_one(name)));
    }
    names.sort();
    names.truncate(MOST);
    Ok(names)
}

fn text(path: &Path) -> Option<String> {
    read_regular(path, LARGEST).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn slashed(path: &Path) -> String {
    String::from_utf8_lossy(&path_bytes(path)).into_owned()
}

/// The line of the instruction of a Dockerfile that copies a file of that name.
fn copying_line(dockerfile: &str, name: &str) -> Option<usize> {
    instructions(dockerfile).into_iter().find(|(_, text)| copies(text, name)).map(|(line, _)| line)
}

/// The instructions, each in a line of its own, and where they begin.
fn instructions(dockerfile: &str) -> Vec<(usize, String)> {
    let escape = match dockerfile.lines().find(|line| !line.trim().is_empty()) {
        Some(first) if first.to_ascii_lowercase().replace(' ', "").starts_with("#escape=`") => '`',
        _ => '\\',
    };
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (line, number) in dockerfile.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let part = line.strip_suffix(escape);
        match all.last_mut().filter(|_| goes_on) {
            Some((_, text)) => *text = format!("{text} {}", part.unwrap_or(line)),
            None => all.push((number, part.unwrap_or(line).to_owned())),
        }
        goes_on = part.is_some();
    }
    all
}

/// Whether an instruction copies a file of that name out of what the build is given.
fn copies(instruction: &str, name: &str) -> bool {
    let mut words = instruction.split_ascii_whitespace().peekable();
    words.next_if(|word| word.eq_ignore_ascii_case("ONBUILD"));
    if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("COPY") || word.eq_ignore_ascii_case("ADD")) {
        return false;
    }
    while let Some(flag) = words.next_if(|word| word.starts_with("--")) {
        let is_without = flag.strip_prefix("--exclude=").is_some_and(|pattern| covers(pattern, name));
        // What comes from another stage or image is none of these files.
        if flag.starts_with("--from") || is_without {
            return false;
        }
    }
    let rest: Vec<&str> = words.collect();
    let named: Vec<String> = serde_json::from_str(&rest.join(" "))
        .unwrap_or_else(|_| rest.iter().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect());
    let Some((_, sources)) = named.split_last() else { return false };
    sources.iter().any(|source| !source.contains(['$', '<']) && !source.contains("://") && covers(source, name))
}

/// Whether the last line of a `.dockerignore` that is about a file leaves it out.
fn leaves_out(ignores: &str, name: &str) -> bool {
    let mut is_left_out = false;
    for line in ignores.trim_start_matches('\u{feff}').lines().map(str::trim) {
        let (pattern, leaves) = line.strip_prefix('!').map_or((line, true), |pattern| (pattern.trim(), false));
        if !line.is_empty() && !line.starts_with('#') && covers(pattern, name) {
            is_left_out = leaves;
        }
    }
    is_left_out
}

/// Whether a pattern stands for a file, or for a folder above it. All of it is relative to one folder.
fn covers(pattern: &str, name: &str) -> bool {
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() {
        return true;
    }
    let Ok(glob) = GlobBuilder::new(&parts.join("/")).literal_separator(true).backslash_escape(true).build() else {
        return false;
    };
    let glob = glob.compile_matcher();
    name.match_indices('/').map(|(at, _)| at).chain([name.len()]).any(|end| glob.is_match(&name[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_copies_what_it_names() {
        let table = [
            ("COPY . .", ".env", true),
            ("copy ./ /app", "sub/.env", true),
            ("ADD .env /app/", ".env", true),
            ("ADD .env /app/", "sub/.env", false),
            ("COPY sub /app", "sub/a/.env", true),
            ("COPY src package.json /app/", ".env", false),
            ("COPY .env* ./", ".env.local", true),
            ("COPY * ./", ".env", true),
            ("COPY --from=build /app .", ".env", false),
            ("COPY --chown=node:node --link . .", ".env", true),
            ("COPY --exclude=.env* . .", ".env", false),
            ("COPY [\".\", \"/app\"]", ".env", true),
            ("COPY [\"a b\", \"/app\"]", ".env", false),
            ("ONBUILD COPY . .", ".env", true),
            ("ADD https://example.invalid/.env .", ".env", false),
            ("COPY $FILES .", ".env", false),
            ("COPY <<EOF /app/.env", ".env", false),
            ("RUN cp . .", ".env", false),
            ("COPY", ".env", false),
        ];
        for (instruction, name, expected) in table {
            assert_eq!(copies(instruction, name), expected, "{instruction}: {name}");
        }
    }

    #[test]
    fn instructions_may_go_on() {
        let text = "# syntax=x\nFROM a\nCOPY \\\n  # of all\n  . \\\n  /app\nRUN x\n";
        assert_eq!(copying_line(text, ".env"), Some(3));
        assert_eq!(copying_line("# escape=`\nFROM a\nCOPY `\n . /app\n", ".env"), Some(3));
        assert_eq!(copying_line("FROM a\n# COPY . .\n", ".env"), None);
    }

    #[test]
    fn the_last_line_about_a_file_counts() {
        let table = [
            (".env", ".env", true),
            (".env", "sub/.env", false),
            ("/.env", ".env", true),
            ("**/.env*", "sub/.env.local", true),
            ("**/.env*", ".env", true),
            (".env*\n!.env", ".env", false),
            ("*\n!src", ".env", true),
            ("*\n!src", "src/.env", false),
            ("sub/", "sub/a/.env", true),
            ("# .env", ".env", false),
            ("", ".env", false),
        ];
        for (ignores, name, expected) in table {
            assert_eq!(leaves_out(ignores, name), expected, "{ignores}: {name}");
        }
    }
}

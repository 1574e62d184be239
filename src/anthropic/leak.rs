//! Leaked credentials of Anthropic's, out of reports: JSON, jsonl and SARIF. Reports come from anywhere
//! and may say anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::Error;
use crate::finding::{Secret, inert};

/// A credential that leaked, by what reports show of it.
#[derive(Debug)]
pub(crate) struct Leak {
    /// The mask, which is the hint that the API shows: never the credential.
    pub mask: String,
    /// The rule that found it.
    pub rule: String,
    /// Where, ready to be shown.
    pub places: BTreeSet<String>,
}

/// Those of some reports, each once.
#[derive(Debug, Default)]
pub(crate) struct Leaks {
    all: BTreeMap<(String, String), BTreeSet<String>>,
    /// Whether a report tells of a scan that was not complete.
    pub is_incomplete: bool,
}

/// A part of a report: all of `json` or SARIF, a line of `jsonl`, or one finding.
#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    schema_version: Option<u64>,
    #[serde(default)]
    scan: Option<Scan>,
    #[serde(default)]
    findings: Option<Vec<Part>>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    runs: Option<Vec<Run>>,
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    secret: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Scan {
    complete: bool,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[derive(Deserialize)]
struct Run {
    tool: Tool,
    #[serde(default)]
    invocations: Vec<Invocation>,
    #[serde(default)]
    results: Vec<SarifResult>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    #[serde(default)]
    rule_id: String,
    message: Text,
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    physical_location: Option<Physical>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    #[serde(default)]
    artifact_location: Option<Artifact>,
    #[serde(default)]
    region: Option<Region>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    #[serde(default)]
    start_line: Option<u64>,
}

/// What reports of this version are called.
const SCHEMA_VERSION: u64 = 1;
const SARIF: &str = "2.1.0";

impl Leaks {
    /// Adds those of a report.
    ///
    /// # Errors
    /// It is no report of ours, or only a part of one.
    pub(crate) fn read(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let fail = |said: &str| {
            Error::usage(
                format!("{name}: {said}"),
                "`match` and `deactivate` read what `--output json=FILE`, `jsonl=FILE` or `sarif=FILE` wrote",
            )
        };
        // Lines wait for the last one, which says that they are all.
        let (mut parts, mut open) = (0, false);
        for part in serde_json::Deserializer::from_slice(bytes).into_iter::<Part>() {
            let part = part.map_err(|error| {
                let what = if error.is_eof() { "it ends early" } else { "it is no report of skant" };
                fail(&format!("{what} (line {}, column {})", error.line(), error.column()))
            })?;
            parts += 1;
            if part.schema_version.is_some_and(|version| version != SCHEMA_VERSION) {
                return Err(fail("it is of a version that this skant does not know"));
            }
            let is_ours = part.schema_version.is_some();
            self.is_incomplete |= part.scan.as_ref().is_some_and(|scan| !scan.complete);
            match part {
                Part { runs: Some(runs), version, .. } => {
                    if version.as_deref() != Some(SARIF) || runs.iter().any(|run| run.tool.driver.name != "skant") {
                        return Err(fail("it is a log of another program, or of another version of SARIF"));
                    }
                    runs.into_iter().for_each(|run| self.add_run(run));
                }
                Part { findings: Some(findings), .. } if is_ours => {
                    findings.into_iter().for_each(|finding| self.add(finding));
                }
                Part { scan: Some(_), .. } if is_ours => open = false,
                finding if finding.rule.is_some() && finding.secret.is_some() => {
                    open = true;
                    self.add(finding);
                }
                _ => return Err(fail("it is no report of skant")),
            }
        }
        match (parts, open) {
            (0, _) => Err(fail("it is empty")),
            (_, true) => Err(fail("it ends early: the last line of `jsonl` is missing")),
            _ => Ok(()),
        }
    }

    /// Them, in order.
    pub(crate) fn into_vec(self) -> Vec<Leak> {
        self.all.into_iter().map(|((mask, rule), places)| Leak { mask, rule, places }).collect()
    }

    fn add(&mut self, finding: Part) {
        let (Some(rule), Some(secret)) = (finding.rule, finding.secret) else { return };
        let path = finding.path.unwrap_or_else(|| NO_FILE.to_owned());
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let commit = finding.commit.and_then(|commit| Some(format!(" in {}", commit.id.get(..12)?)));
        self.keep(rule, &secret, &format!("{path}{line}{}", commit.unwrap_or_default()));
    }

    fn add_run(&mut self, run: Run) {
        self.is_incomplete |= run.invocations.iter().any(|one| !one.execution_successful);
        for result in run.results {
            // The message is the rule's name, the mask, and a colon, or a comma when there is more to tell.
            let secret = result.message.text.split_whitespace().find(|word| word.starts_with("sk-ant-"));
            let secret = secret.unwrap_or_default().trim_end_matches([':', ',']).to_owned();
            let physical = result.locations.into_iter().next().and_then(|location| location.physical_location);
            let (uri, line) = physical.map_or((None, None), |physical| {
                (physical.artifact_location.and_then(|one| one.uri), physical.region.and_then(|one| one.start_line))
            });
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            let place = format!("{}{line}", uri.unwrap_or_else(|| NO_FILE.to_owned()));
            self.keep(result.rule_id, &secret, &place);
        }
    }

    fn keep(&mut self, rule: String, secret: &str, place: &str) {
        if rule.starts_with("anthropic-") || secret.starts_with(FAMILY) {
            let mask = inert(&masked(secret));
            self.all.entry((mask, inert(&rule))).or_default().insert(inert(place));
        }
    }
}

const FAMILY: &str = "sk-ant-";
/// Where a message or a name stands.
const NO_FILE: &str = "(no file)";
/// The longest mask: a prefix, and ten characters.
const LONGEST_MASK: usize = 40;

/// A secret as reports show it. One written with `--reveal` is masked now: nothing here holds a key.
fn masked(secret: &str) -> String {
    let dots = secret.len().checked_sub(7).and_then(|at| secret.get(at..at + 3));
    if secret.ends_with("********") || (secret.len() <= LONGEST_MASK && dots == Some("...")) {
        return secret.to_owned();
    }
    let prefix = body_of(secret).map_or(0, |body| secret.len() - body.len());
    Secret::new(secret.as_bytes(), prefix).mask()
}

/// Whether a mask is what the API would show: prefix, three characters, dots, four characters.
pub(crate) fn is_hint(mask: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    body_of(mask).is_some_and(|body| {
        body.len() == 10
            && &body[3..6] == "..."
            && body.bytes().enumerate().all(|(at, byte)| (3..6).contains(&at) || token(byte))
    })
}

/// What stands behind the prefix of a credential: `sk-ant-`, and mostly a kind and a dash.
fn body_of(secret: &str) -> Option<&str> {
    let rest = secret.strip_prefix(FAMILY).filter(|rest| rest.is_ascii())?;
    let is_kind = |kind: &str| {
        let letters = kind.trim_end_matches(|c: char| c.is_ascii_digit());
        (2..=8).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    Some(rest.split_once('-').filter(|(kind, _)| is_kind(kind)).map_or(rest, |(_, body)| body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revealed_secret_is_masked_and_a_mask_stays() {
        let body = "R2D".to_owned() + &"x".repeat(24) + "igAA";
        let table = [
            (format!("sk-ant-api03-{body}"), "sk-ant-api03-R2D...igAA", true),
            ("sk-ant-api03-R2D...igAA".into(), "sk-ant-api03-R2D...igAA", true),
            ("sk-ant-R2D...igAA".into(), "sk-ant-R2D...igAA", true),
            ("sk-ant-cc-********".into(), "sk-ant-cc-********", false),
            ("whsec_abc...wxyz".into(), "whsec_abc...wxyz", false),
            ("plain".into(), "********", false),
            ("sk-ant-api03-R\u{e9}D...igAA".into(), "sk-ant-api03-R\u{e9}D...igAA", false),
        ];
        for (secret, mask, hint) in table {
            assert_eq!((masked(&secret).as_str(), is_hint(mask)), (mask, hint));
        }
    }
}

//! `skant hook claude-code` and its like: what is told to a coding assistant's client about a call that
//! it is going to make, or about a prompt that is going to be sent.

use std::io::{self, IsTerminal};

use serde_json::{Value, json};

use super::policy::committed;
use super::{Outcome, print, tell};
use crate::error::Error;
use crate::file::read_all;
use crate::finding::{Confidence, Finding, Severity, inert};
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::report::Report;
use crate::rule::RuleSet;
use crate::run::{Engine, Wanted};
use crate::source::{AgentEvent, Moment};

/// The assistants that a hook can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    ClaudeCode,
    Codex,
    Copilot,
    Cursor,
}

/// The most bytes a client may say.
const LONGEST_INPUT: u64 = 64 << 20;
/// How many findings are told.
const MOST_TOLD: usize = 10;

/// Says nothing when there is nothing to say. What goes wrong is told, and blocks only when that is
/// asked for: a client goes on at 1.
pub(super) fn run(client: Client, strict: bool, config_from: Option<&str>) -> Result<Outcome, Error> {
    let answer = std::panic::catch_unwind(|| input().map(|input| answer(&input, config_from)));
    let answer = answer.unwrap_or_else(|_| Err("skant hook: nothing was scanned".to_owned()));
    let (moment, reason, is_found) = answer.unwrap_or_else(|trouble| (Moment::Unknown, Some(trouble), false));
    match reason {
        None => Ok(Outcome::Clean),
        Some(reason) if is_found => block(client, moment, &reason),
        Some(reason) if strict => {
            block(client, moment, &format!("{reason}\n`--strict` blocks what skant cannot look at."))
        }
        Some(reason) => {
            tell(&reason);
            Ok(Outcome::Unsure)
        }
    }
}

/// When a client asks, what there is to say, and whether that is a secret.
fn answer(input: &[u8], config_from: Option<&str>) -> (Moment, Option<String>, bool) {
    let event = AgentEvent::new(input);
    let committed = committed(&event.folder, config_from);
    let broken = committed.as_ref().err().map(|why| format!("skant hook: no exception counts: {why}"));
    let (policy, rules) = committed.unwrap_or_else(|_| (Policy::none(), RuleSet::builtin()));
    let report = look(&event, &policy, rules);
    let trouble = event.trouble.as_ref().map(|why| format!("skant hook: cannot tell what is asked: {why}"));
    let found = (!report.findings.is_empty()).then(|| stopped(&event, &report));
    let is_found = found.is_some();
    (event.moment, found.or(trouble).or_else(|| unscanned(&report)).or(broken), is_found)
}

fn input() -> Result<Vec<u8>, String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err("skant hook: standard input is a terminal, and a client writes JSON there".to_owned());
    }
    read_all(stdin, LONGEST_INPUT)
        .map_err(|error| format!("skant hook: nothing was scanned: cannot read standard input: {error}"))
}

/// A mark in what the assistant writes is its own word, and does not count.
fn look(event: &AgentEvent, policy: &Policy, rules: RuleSet) -> Report {
    let inline = !event.is_written();
    let wanted = Wanted { severity: Severity::Low, confidence: Confidence::Medium, explain: false, inline };
    Engine::new(rules, wanted).run(event, policy, &Ledger::default())
}

fn unscanned(report: &Report) -> Option<String> {
    let lines = report.skipped.iter().map(|one| format!("skant hook: not scanned: {}: {}", one.path, one.reason));
    (!report.is_complete()).then(|| inert_lines(&lines.take(MOST_TOLD).collect::<Vec<_>>()))
}

fn inert_lines(lines: &[String]) -> String {
    lines.iter().map(|line| inert(line)).collect::<Vec<_>>().join("\n")
}

/// What was found, and what to do instead.
fn stopped(event: &AgentEvent, report: &Report) -> String {
    let (moment, tool) = (event.moment, event.tool.as_str());
    let head = match moment {
        Moment::Prompt => "skant: the prompt was not sent, since it holds a secret.".to_owned(),
        Moment::After => format!("skant: a secret is in what {} gave back or wrote.", named(tool)),
        Moment::Before | Moment::Unknown => format!("skant stopped {}, since it holds a secret.", named(tool)),
    };
    let mut lines = vec![head];
    lines.extend(report.findings.iter().take(MOST_TOLD).map(|finding| told(event, finding)));
    if let Some(more) = report.findings.len().checked_sub(MOST_TOLD).filter(|&more| more > 0) {
        lines.push(format!("  and {more} more"));
    }
    lines.extend(report.notices.iter().take(MOST_TOLD).map(|notice| format!("  note: {notice}")));
    lines.push(instead(moment, tool).to_owned());
    inert_lines(&lines)
}

fn named(tool: &str) -> String {
    if tool.is_empty() { "this call".to_owned() } else { format!("this use of {tool}") }
}

fn told(event: &AgentEvent, finding: &Finding) -> String {
    let path = &finding.location.origin.path;
    let line = event.line_in_file(path, finding.location.start.line);
    let (path, rule, mask) = (String::from_utf8_lossy(path), &finding.rule, finding.secret.mask());
    format!("  {path}, line {line}: {} {mask} ({}, {})", rule.name, rule.id, finding.severity)
}

/// What a model, or a person, can do instead.
fn instead(moment: Moment, tool: &str) -> &'static str {
    match (moment, tool) {
        (Moment::Prompt, _) => {
            "Take the value out, and name the variable or the file that holds it. A key that was pasted here has \
             been on the clipboard and in this program: revoke it where it was issued if that was not meant."
        }
        (Moment::After, _) => {
            "Do not repeat the value in an answer, a file or a command. Tell the person that it is in this \
             session's transcript now, and that it should be revoked where it was issued."
        }
        (_, "Read" | "NotebookRead" | "read_file" | "view") => {
            "Do not read these lines by another way. Read others (offset, limit), ask for the names alone, or ask \
             the person to move the value out of the file and to leave a reference, such as ${VAR}, in its place."
        }
        (_, "Bash" | "bash" | "shell" | "powershell") => {
            "Have the command read the value from the environment (\"$VAR\"), and ask the person to set the \
             variable outside of this session. Do not split, encode or move the value to get past this check."
        }
        (_, tool) if tool.starts_with("mcp") => {
            "Leave the value out: a server has its keys from its own environment. Refer to it by a name, such as \
             ${VAR}, and ask the person to set it."
        }
        _ => {
            "Write a reference in place of the value: ${VAR} in configuration, or what reads the environment in \
             code (os.environ[\"VAR\"], process.env.VAR), and ask the person to set the variable. Do not split, \
             encode or move the value to get past this check."
        }
    }
}

/// Blocks, as each client understands it: with exit code 2 and the reason on standard error, where the
/// answer has no JSON of its own.
fn block(client: Client, moment: Moment, reason: &str) -> Result<Outcome, Error> {
    let answer = match (client, moment) {
        // Exit code 2 would do too, but the prompt would be shown again.
        (Client::ClaudeCode, Moment::Prompt) => json!({
            "decision": "block",
            "reason": reason,
            "hookSpecificOutput": { "hookEventName": "UserPromptSubmit", "suppressOriginalPrompt": true },
        }),
        (Client::Copilot, Moment::Before) => {
            json!({ "permissionDecision": "deny", "permissionDecisionReason": reason })
        }
        (Client::Cursor, Moment::Before) => {
            json!({ "permission": "deny", "user_message": reason, "agent_message": reason })
        }
        (Client::Cursor, Moment::Prompt) => json!({ "continue": false, "user_message": reason }),
        (Client::ClaudeCode | Client::Codex | Client::Copilot | Client::Cursor, _) => {
            tell(reason);
            return Ok(Outcome::Blocked);
        }
    };
    answered(&answer)?;
    Ok(Outcome::Clean)
}

/// Writes an answer, in which the word that would let a call pass stands nowhere, be it part of a name.
fn answered(answer: &Value) -> Result<(), Error> {
    let text = answer.to_string().replace("allow", "\\u0061llow");
    print(|out| writeln!(out, "{text}"))
}

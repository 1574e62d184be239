//! GitHub Actions: the event is a file.

use serde::Deserialize;

use super::job::{Change, Job, Point, Surroundings, before, pushed, senseless, short};
use crate::error::Error;
use crate::file::read_regular;

/// The most bytes an event may have: GitHub delivers none above 25 MB.
const LARGEST: u64 = 32 << 20;

/// What is read of an event.
#[derive(Debug, Deserialize)]
struct Event {
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
    before: Option<String>,
    after: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    base: End,
    head: End,
}

/// One of the two ends of a pull request. The repository it is in may be gone, and is not asked for.
#[derive(Debug, Deserialize)]
struct End {
    sha: String,
    #[serde(rename = "ref")]
    reference: String,
}

#[derive(Debug, Deserialize)]
struct MergeGroup {
    base_sha: String,
    head_sha: String,
}

#[derive(Debug, Deserialize)]
struct Repository {
    default_branch: Option<String>,
}

pub(super) fn read(surroundings: &Surroundings<'_>) -> Result<Job, Error> {
    let name = surroundings.need("GITHUB_EVENT_NAME")?;
    let (change, names) = match name.as_str() {
        "pull_request" | "pull_request_target" => {
            let pull = event(surroundings)?.pull_request.ok_or_else(|| lacks("pull_request"))?;
            let head = Point::id("the event's `pull_request.head.sha`", &pull.head.sha)?;
            let base = Point::id("the event's `pull_request.base.sha`", &pull.base.sha)?;
            (Change::Commits { head, bases: vec![base] }, vec![pull.head.reference])
        }
        "merge_group" => {
            let group = event(surroundings)?.merge_group.ok_or_else(|| lacks("merge_group"))?;
            let head = Point::id("the event's `merge_group.head_sha`", &group.head_sha)?;
            let base = Point::id("the event's `merge_group.base_sha`", &group.base_sha)?;
            (Change::Commits { head, bases: vec![base] }, Vec::new())
        }
        "push" => push(event(surroundings)?)?,
        // The commit is the last one of a branch, or what a release is made of.
        _ => (Change::Files(surroundings.commit("GITHUB_SHA")?), Vec::new()),
    };
    Ok(Job { what: short(&name), change, names })
}

/// A branch or a tag that was made, moved or deleted. The event's list of commits is not complete.
fn push(event: Event) -> Result<(Change, Vec<String>), Error> {
    let reference = event.reference.ok_or_else(|| lacks("ref"))?;
    let Some(head) = before("the event's `after`", &event.after.ok_or_else(|| lacks("after"))?)? else {
        return Ok((Change::Nothing, Vec::new()));
    };
    let old = before("the event's `before`", &event.before.ok_or_else(|| lacks("before"))?)?;
    let default = event.repository.and_then(|repository| repository.default_branch);
    let change = pushed(head, old, Some(&reference), default.as_deref())?;
    Ok((change, vec![reference]))
}

fn event(surroundings: &Surroundings<'_>) -> Result<Event, Error> {
    let path = surroundings.need("GITHUB_EVENT_PATH")?;
    let bytes = read_regular(path.as_ref(), LARGEST)
        .map_err(|error| senseless(format!("cannot read the event that GITHUB_EVENT_PATH names: {error}")))?;
    // What serde says would repeat the event's own words, of whatever length.
    serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        senseless(format!(
            "the event that GITHUB_EVENT_PATH names is not as GitHub writes it: line {line}, column {column}"
        ))
    })
}

fn lacks(what: &str) -> Error {
    senseless(format!("the event that GITHUB_EVENT_PATH names has no `{what}`"))
}

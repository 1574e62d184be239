//! CI systems that say all in variables. What a pipeline is asked to do on a branch, and not by a change
//! of it, is about all files.

use super::job::{Change, HEADS, Job, Point, Surroundings, before, pushed, short};
use crate::error::Error;

pub(super) fn gitlab(from: &Surroundings<'_>) -> Result<Job, Error> {
    let commit = from.commit("CI_COMMIT_SHA")?;
    let source = from.need("CI_PIPELINE_SOURCE")?;
    match source.as_str() {
        "merge_request_event" => {
            // With merged results the commit is one that GitLab made of both sides.
            let head = match from.get(SOURCE_SHA) {
                Some(id) => Point::id(SOURCE_SHA, &id)?,
                None => commit,
            };
            let base = from.commit("CI_MERGE_REQUEST_DIFF_BASE_SHA")?;
            let name = from.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME");
            Ok(job("merge request", Change::Commits { head, bases: vec![base] }, name))
        }
        "push" => {
            let name = from.get("CI_COMMIT_TAG").or_else(|| from.get("CI_COMMIT_BRANCH"));
            let old = before("CI_COMMIT_BEFORE_SHA", &from.need("CI_COMMIT_BEFORE_SHA")?)?;
            // A tag may have the name of a branch.
            let branch = from.get("CI_COMMIT_BRANCH");
            let change = pushed(commit, old, branch.as_deref(), from.get("CI_DEFAULT_BRANCH").as_deref())?;
            Ok(job("push", change, name))
        }
        _ => Ok(job(&short(&source), Change::Files(commit), None)),
    }
}

const SOURCE_SHA: &str = "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA";

/// It does not say what was there before: `--base << pipeline.git.base_revision >>` does.
pub(super) fn circle(from: &Surroundings<'_>) -> Result<Job, Error> {
    push(from, from.commit("CIRCLE_SHA1")?, from.get("CIRCLE_BRANCH"), from.get("CIRCLE_TAG"))
}

pub(super) fn azure(from: &Surroundings<'_>) -> Result<Job, Error> {
    let commit = from.commit("BUILD_SOURCEVERSION")?;
    let name = from.get("BUILD_SOURCEBRANCH");
    match from.get("BUILD_REASON").as_deref() {
        Some("PullRequest") => {
            let head = from.commit("SYSTEM_PULLREQUEST_SOURCECOMMITID")?;
            let target = from.need(TARGET)?;
            let change = Change::Commits { head, bases: vec![Point::branch(TARGET, &target)?] };
            Ok(job("pull request", change, from.get("SYSTEM_PULLREQUEST_SOURCEBRANCH")))
        }
        Some("IndividualCI" | "BatchedCI") => {
            let is_branch = name.as_ref().is_some_and(|name| name.starts_with(HEADS));
            let (branch, tag) = if is_branch { (name, None) } else { (None, name) };
            push(from, commit, branch, tag)
        }
        other => Ok(job(&short(other.unwrap_or("no reason told")), Change::Files(commit), None)),
    }
}

const TARGET: &str = "SYSTEM_PULLREQUEST_TARGETBRANCH";

pub(super) fn bitbucket(from: &Surroundings<'_>) -> Result<Job, Error> {
    let (commit, branch) = (from.commit("BITBUCKET_COMMIT")?, from.get("BITBUCKET_BRANCH"));
    match request(from, commit.clone(), "BITBUCKET_PR_DESTINATION_BRANCH", branch.clone()) {
        Some(job) => job,
        None => push(from, commit, branch, from.get("BITBUCKET_TAG")),
    }
}

pub(super) fn buildkite(from: &Surroundings<'_>) -> Result<Job, Error> {
    let commit = match from.need("BUILDKITE_COMMIT")?.as_str() {
        "HEAD" => head(),
        _ => from.commit("BUILDKITE_COMMIT")?,
    };
    let branch = from.get("BUILDKITE_BRANCH");
    let is_request = from.get("BUILDKITE_PULL_REQUEST").is_some_and(|number| number != "false");
    if is_request && let Some(job) = request(from, commit.clone(), "BUILDKITE_PULL_REQUEST_BASE_BRANCH", branch.clone())
    {
        return job;
    }
    if from.get("BUILDKITE_SOURCE").as_deref() == Some("schedule") {
        return Ok(job("schedule", Change::Files(commit), None));
    }
    let default = from.get("BUILDKITE_PIPELINE_DEFAULT_BRANCH");
    let told =
        Surroundings { variable: from.variable, default_branch: default.or_else(|| from.default_branch.clone()) };
    push(&told, commit, branch, from.get("BUILDKITE_TAG"))
}

pub(super) fn jenkins(from: &Surroundings<'_>) -> Result<Job, Error> {
    let commit = if from.get("GIT_COMMIT").is_some() { from.commit("GIT_COMMIT")? } else { head() };
    let branch =
        from.get("BRANCH_NAME").or_else(|| Some(from.get("GIT_BRANCH")?.trim_start_matches("origin/").to_owned()));
    if let Some(job) =
        request(from, commit.clone(), "CHANGE_TARGET", from.get("CHANGE_BRANCH").or_else(|| branch.clone()))
    {
        return job;
    }
    let old = match from.get(PREVIOUS) {
        // What came after the last build that passed: a build that failed proves nothing.
        Some(id) => Some(Point::id(PREVIOUS, &id)?),
        None => None,
    };
    let default = if from.get("BRANCH_IS_PRIMARY").is_some() { branch.clone() } else { from.default_branch.clone() };
    Ok(job("push", pushed(commit, old, branch.as_deref(), default.as_deref())?, branch))
}

const PREVIOUS: &str = "GIT_PREVIOUS_SUCCESSFUL_COMMIT";

fn head() -> Point {
    Point::Revision("HEAD".to_owned())
}

/// A pull request to the branch that a variable names, when there is one.
fn request(from: &Surroundings<'_>, head: Point, target: &str, name: Option<String>) -> Option<Result<Job, Error>> {
    let base = Point::branch(target, &from.get(target)?);
    Some(base.map(|base| job("pull request", Change::Commits { head, bases: vec![base] }, name)))
}

/// A push of which the system does not say what was there before.
fn push(from: &Surroundings<'_>, head: Point, branch: Option<String>, tag: Option<String>) -> Result<Job, Error> {
    let change = pushed(head, None, branch.as_deref(), from.default_branch.as_deref())?;
    Ok(job("push", change, tag.or(branch)))
}

fn job(what: &str, change: Change, name: Option<String>) -> Job {
    Job { what: what.to_owned(), change, names: name.into_iter().collect() }
}

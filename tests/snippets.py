"""Runs the snippets of docs/ci.md as the systems that they are for would: in clones as these make them, with the
variables that these document, on a branch with a key and on one without.

    snippets.py SKANT FOLDER

SKANT is the program, and stands for what lines with `cargo install` install: those are not run. Nor is what only the
systems have: their checkout (made here with git), uploads and tasks. FOLDER gets the files, to be put to their schemas.
"""

import base64
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

skant, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
here = Path(__file__).resolve().parent.parent
INSTALLS = "cargo install --locked --git https://github.com/skant/skant skant"
work = tempfile.TemporaryDirectory()
root = Path(work.name)
(root / "bin").mkdir()
(root / "bin" / "skant").symlink_to(skant)
ENVIRONMENT = {
    "PATH": f"{root}/bin:{os.environ['PATH']}",
    "HOME": str(root),
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{f"GIT_{who}_{what}": "a@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def word(bytes_):
    return base64.urlsafe_b64encode(bytes_).decode().rstrip("=")


KEY = f"sk-ant-api03-{word(os.urandom(64))}-{word(os.urandom(4) + bytes(2))}"


def git(where, *arguments):
    command = ["git", "-C", where, "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout.strip()


# The hub: `clean` and `slip` are two commits before `main`'s last; on `slip` a key comes and goes again.
hub = root / "hub"
hub.mkdir()
git(hub, "init", "-q")
for message in "first", "second":
    git(hub, "commit", "-q", "--allow-empty", "-m", message)
for branch in "clean", "slip":
    git(hub, "checkout", "-qb", branch, "main~1")
    (hub / "a.env").write_text(f"token = {KEY}\n" if branch == "slip" else "nothing\n")
    git(hub, "add", "-A")
    git(hub, "commit", "-qm", "one")
    git(hub, "rm", "-q", "a.env")
    git(hub, "commit", "-qm", "two")
git(hub, "checkout", "-q", "main")
git(hub, "config", "uploadpack.allowAnySHA1InWant", "true")


def cloned(*options):
    """As CircleCI, Bitbucket and Buildkite do."""

    def clone(where, head):
        git(root, "clone", "-q", *options, f"file://{hub}", where)
        git(where, "checkout", "-q", "--force", head)

    return clone


def fetched(*options):
    """As GitLab, Azure Pipelines and Jenkins do."""

    def clone(where, head):
        git(root, "init", "-q", where)
        git(where, "remote", "add", "origin", f"file://{hub}")
        git(where, "fetch", "-q", *options)
        git(where, "checkout", "-q", "--force", "--detach", head)

    return clone


def one_commit(where, head):
    """As any of them does that was told to be quick."""
    fetched("--no-tags", "--depth=1", "origin", f"+{head}:refs/remotes/origin/it")(where, head)


ALL = ("origin", "+refs/heads/*:refs/remotes/origin/*")

# What each system's file is called, which of its lines are commands, how it clones, and what it sets: BASE and HEAD are
# the ids, BRANCH is the branch. A request to `main`, and a push where that is told otherwise.
SYSTEMS = {
    "GitLab": {
        "lines": lambda file: file["skant"]["script"],
        "clone": fetched(*ALL),
        "events": [
            "GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_DIFF_BASE_SHA=BASE "
            "CI_COMMIT_SHA=HEAD CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=BRANCH",
            "GITLAB_CI=true CI_PIPELINE_SOURCE=push CI_COMMIT_SHA=HEAD CI_COMMIT_BRANCH=BRANCH "
            "CI_DEFAULT_BRANCH=main CI_COMMIT_BEFORE_SHA=0000000000000000000000000000000000000000",
        ],
        "leaves": "gl-secret-detection-report.json",
    },
    "CircleCI": {
        "lines": lambda file: [step["run"] for step in file["jobs"]["skant"]["steps"] if "run" in step],
        "clone": cloned(),
        "events": ["CIRCLECI=true CIRCLE_SHA1=HEAD CIRCLE_BRANCH=BRANCH"],
        "leaves": "skant.xml",
    },
    "Azure Pipelines": {
        "lines": lambda file: [step["script"] for step in file["steps"] if "script" in step],
        "clone": fetched("--tags", *ALL),
        "events": [
            "TF_BUILD=True BUILD_REASON=PullRequest SYSTEM_PULLREQUEST_SOURCECOMMITID=HEAD BUILD_SOURCEVERSION=BASE "
            "SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/BRANCH SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main",
        ],
        "leaves": "skant.xml",
    },
    "Bitbucket": {
        "lines": lambda file: file["pipelines"]["pull-requests"]["**"][0]["step"]["script"],
        "clone": cloned(),
        "events": [
            "BITBUCKET_BUILD_NUMBER=1 BITBUCKET_COMMIT=HEAD BITBUCKET_BRANCH=BRANCH BITBUCKET_PR_DESTINATION_BRANCH=main",
            "BITBUCKET_BUILD_NUMBER=1 BITBUCKET_COMMIT=HEAD BITBUCKET_BRANCH=BRANCH",
        ],
        "leaves": "test-results/skant.xml",
    },
    "Buildkite": {
        "lines": lambda file: file["steps"][0]["commands"],
        "clone": cloned(),
        "events": [
            "BUILDKITE=true BUILDKITE_COMMIT=HEAD BUILDKITE_BRANCH=BRANCH BUILDKITE_PULL_REQUEST=7 "
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH=main",
            "BUILDKITE=true BUILDKITE_COMMIT=HEAD BUILDKITE_BRANCH=BRANCH BUILDKITE_PULL_REQUEST=false "
            "BUILDKITE_PIPELINE_DEFAULT_BRANCH=main",
        ],
        "leaves": "skant.xml",
    },
    "Jenkins": {
        "lines": lambda text: re.findall(r"^ *sh '([^']*)'$", text, re.M),
        "clone": fetched("--no-tags", *ALL),
        "events": ["JENKINS_URL=http://x GIT_COMMIT=HEAD BRANCH_NAME=PR-7 CHANGE_BRANCH=BRANCH CHANGE_TARGET=main"],
        "leaves": "skant.xml",
    },
}


def variables(event, branch):
    values = {"BASE": git(hub, "rev-parse", "main"), "HEAD": git(hub, "rev-parse", branch)}
    pairs = [pair.split("=", 1) for pair in event.split(" ")]
    return {name: values.get(value, value.replace("BRANCH", branch)) for name, value in pairs}


def run(title, lines, clone, event, leaves=None, also=()):
    """Runs lines, each if those before it passed, on both branches: the branch's two commits are scanned."""
    for branch in "slip", "clean":
        where = root / f"clone-{len(list(root.iterdir()))}"
        clone(str(where), git(hub, "rev-parse", branch))
        environment = {**ENVIRONMENT, **variables(event, branch)}
        status, output = 0, ""
        for line in lines:
            ran = subprocess.run(["sh", "-c", line], cwd=where, env=environment, capture_output=True, text=True)
            status, output = ran.returncode, output + ran.stdout + ran.stderr
            if status:
                break
        shown = output.replace(KEY, "(THE KEY)")
        assert KEY not in output, f"{title} shows the key: {shown}"
        assert status == (branch == "slip"), f"{title} ended with {status} on {branch}: {shown}"
        assert any(told in output for told in (", 2 commits", *also)), f"{title} scanned another range on {branch}: {shown}"
        assert branch == "clean" or f"{KEY[:16]}...{KEY[-4:]}" in output, f"{title} does not tell of the key: {shown}"
        assert leaves is None or (where / leaves).stat().st_size, f"{title} leaves no {leaves}"


def blocks():
    """The section, the language and the text of each snippet."""
    section = ""
    for part in re.split(r"^(#+ .*|```\w+\n[^`]*^```)$", (here / "docs" / "ci.md").read_text(), flags=re.M):
        if part.startswith("#"):
            section = part.lstrip("# ")
        elif part.startswith("```"):
            head, text = part.split("\n", 1)
            yield section, head[3:], text.removesuffix("```")


def pre_receive(text):
    """As git's server runs the hook: a push with the key is refused, one without is not."""
    server = root / "server.git"
    git(root, "clone", "-q", "--bare", "--single-branch", f"file://{hub}", str(server))
    hook = server / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(text)
    hook.chmod(0o755)
    for branch in "slip", "clean":
        command = ["git", "-C", hub, "push", "-q", server, branch]
        push = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
        assert KEY not in push.stdout + push.stderr, "the hook shows the key"
        assert (push.returncode == 0) == (branch == "clean"), f"a push of {branch} ended with {push.returncode}"


done = []
for section, language, text in blocks():
    if section == "GitHub":
        # tests/action.sh runs it.
        assert language == "yaml", language
    elif section == "Other systems":
        assert language == "sh", language
        for line in text.splitlines():
            for name, system in SYSTEMS.items():
                # Nothing but the head is there. Where the system does not say what was before, all is scanned.
                told = "nothing tells what was there before"
                for event in system["events"]:
                    is_told = "--base" in line or "BASE" in event or "main" in event
                    run(f"{name}: {line}", [line], one_commit, event, also=[] if is_told else [told])
    elif section == "A server of your own":
        assert language == "sh", language
        pre_receive(text)
    else:
        system = SYSTEMS[section]
        (folder / section.replace(" ", "-").lower()).with_suffix(".yml" if language == "yaml" else ".txt").write_text(text)
        lines = system["lines"](YAML(typ="safe").load(text) if language == "yaml" else text)
        assert lines[0] == INSTALLS and len(lines) > 1, lines
        for event in system["events"]:
            run(section, lines[1:], system["clone"], event, system["leaves"])
    done.append(section)
assert {"GitHub", "Other systems", "A server of your own", *SYSTEMS} == set(done), done
print(f"snippets: {len(done)} of docs/ci.md ({', '.join(dict.fromkeys(done))}), run without: {INSTALLS}")

#!/usr/bin/env bash
# Runs action.yml step by step, on clones as `actions/checkout` makes them, with events as GitHub writes them.
# usage: tests/action.sh FOLDER SKANT: what node needs is in FOLDER/npm; SKANT stands for the released program
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${1:?usage: tests/action.sh FOLDER SKANT}"
kept=$(cd "$1" && pwd)
skant=$(realpath "${2:?usage: tests/action.sh FOLDER SKANT}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_SYSTEM=/dev/null ACTION_MODULES=$kept/npm
# As much of a path of Windows as there can be here.
export RUNNER_TEMP=$work/'D:\a temp' RUNNER_OS=Linux RUNNER_ARCH=X64 GITHUB_ACTIONS=true CI=true
export GITHUB_EVENT_PATH=$work/event.json GITHUB_STEP_SUMMARY=$work/summary
git config --global user.name A
git config --global user.email a@example.invalid
git config --global init.defaultBranch main
git config --global advice.detachedHead false
mkdir "$RUNNER_TEMP"

random() { head -c "$1" /dev/urandom; }
base64url() { base64 | tr '+/' '-_' | tr -d '=\n'; }
key="sk-ant-api03-$(random 64 | base64url)-$({ random 4; printf '\0\0'; } | base64url)"

# A release, as the action downloads it.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/Cargo.toml" | head -n 1)
archive=skant-v$version-x86_64-unknown-linux-musl.tar.gz
mkdir -p "$work/releases/v$version"
tar -czf "$work/releases/v$version/$archive" -C "$(dirname "$skant")" skant
(cd "$work/releases/v$version" && sha256sum "$archive" > SHA256SUMS)
export SKANT_RELEASES=file://$work/releases

# A repository with a branch on which a key is added and taken out again, and the merge that GitHub makes.
hub=$work/hub
git init -q "$hub"
commit() { git -C "$hub" add -A && git -C "$hub" commit -q --allow-empty -m "$1"; }
slip() {
  printf 'token = "%s"\n' "$key" > "$hub/slip.env"
  commit oops
  git -C "$hub" rm -q slip.env
  commit gone
}
echo hello > "$hub/readme"
commit first
commit second
git -C "$hub" checkout -qb fork HEAD~1
slip
git -C "$hub" checkout -qb clean main
echo more >> "$hub/readme"
commit clean
for branch in fork clean; do
  git -C "$hub" checkout -q --detach main
  git -C "$hub" merge -q --no-ff --no-edit "$branch"
  git -C "$hub" update-ref "refs/pull/$branch/merge" HEAD
done
git -C "$hub" checkout -q main
id() { git -C "$hub" rev-parse "$1"; }

# checkout REF: one commit, as `actions/checkout` gets it.
checkout() {
  rm -rf "$work/clone"
  git init -q "$work/clone"
  git -C "$work/clone" remote add origin "file://$hub"
  git -C "$work/clone" fetch -q --no-tags --depth=1 origin "+$(id "$1"):refs/remotes/origin/it"
  git -C "$work/clone" checkout -q --force refs/remotes/origin/it
}

pull() { # BRANCH HEAD-REPO-AS-JSON
  printf '{"pull_request": {"base": {"ref": "main", "sha": "%s"}, "head": {"ref": "%s", "sha": "%s", "repo": %s}}}' \
    "$(id main)" '$(touch pwned)`touch pwned`' "$(id "$1")" "$2" > "$GITHUB_EVENT_PATH"
}
push() { # REF BEFORE AFTER
  printf '{"ref": "%s", "before": "%s", "after": "%s", "repository": {"default_branch": "main"}}' "$@" > "$GITHUB_EVENT_PATH"
}

# action EVENT [INPUT=VALUE]...: what it prints is in $work/output.
action() {
  export GITHUB_EVENT_NAME=$1 GITHUB_WORKSPACE=$work/clone
  GITHUB_SHA=$(git -C "$work/clone" rev-parse HEAD)
  export GITHUB_SHA
  printf '{"event_name": "%s", "actor": "%s", "repository": "o/r", "workspace": "%s", "event": %s}' \
    "$1" "${ACTOR:-someone}" "$work/clone" "$(cat "$GITHUB_EVENT_PATH")" > "$work/github.json"
  shift
  : > "$GITHUB_STEP_SUMMARY"
  node "$here/tests/action/run.mjs" "$here" "$work/github.json" "$@" > "$work/output" 2>&1 || true
}

failed() {
  printf 'action: %s\n' "$1" >&2
  sed "s/$key/(THE KEY)/" "$work/output" >&2
  exit 1
}
# expect JOB FINDINGS EXIT-CODE [WORDS]...: what the last run came to, and what it says.
expect() {
  grep -qx "job $1" "$work/output" || failed "the job did not end as $1"
  grep -q "^outputs .*\"findings\":\"$2\",\"exit-code\":\"$3\"" "$work/output" || failed "not $2 findings and exit code $3"
  ! grep -qF -e "$key" "$work/output" "$GITHUB_STEP_SUMMARY" || failed 'the key is shown'
  [ ! -e "$work/clone/pwned" ] || failed 'something of the event was run'
  shift 3
  local words
  for words in "$@"; do grep -qF -e "$words" "$work/output" || failed "it does not say: $words"; done
}
silent() { ! grep -qF -e "$1" "$work/output" || failed "it says: $1"; }
told() { printf 'action: %s\n' "$1"; }

pull fork '{"full_name": "other/r"}'
checkout refs/pull/fork/merge
action pull_request upload-sarif=true
expect failed 1 1 "as released" "${key:0:16}...${key: -4}" "$(id main)..$(id fork), 2 commits" '"sarif":"'
silent 'uses '
told 'a request from a fork, shallow: what it added and took out again is found, and nothing is uploaded'

pull fork null
checkout refs/pull/fork/merge
action pull_request fetch=false
expect failed '' 2 "git fetch --no-tags --unshallow origin $(id fork) $(id main)" '::error title=skant::not in this clone: '
told 'without fetching a shallow clone fails, and the line that helps is shown'

action pull_request fail-on=never upload-sarif=true
expect passed 1 0
silent 'uses '
action pull_request fail-on=never fetch=false base=nowhere
expect failed '' 2 'not in this clone: nowhere'
told 'fail-on=never lets findings pass, and nothing else; a fork that is gone is one'

pull clean '{"full_name": "o/r"}'
checkout refs/pull/clean/merge
action pull_request upload-sarif=true
expect passed 0 0 'uses github/codeql-action/upload-sarif@' "sarif_file=$RUNNER_TEMP/skant.sarif" 'category=skant'
ACTION_USES_FAILS=1 action pull_request upload-sarif=true
expect passed 0 0 '::warning title=skant::'
action pull_request
silent 'uses '
ACTOR='dependabot[bot]' action pull_request upload-sarif=true
expect passed 0 0
silent 'uses '
told 'a clean request passes, and is uploaded when that is asked for, and not by Dependabot'

# The workflow of docs/ci.md: a checkout of one commit, and the action with what it is given there, for both events.
documented=$(node -e '
  const YAML = require(process.env.ACTION_MODULES + "/node_modules/yaml");
  const page = require("fs").readFileSync(process.argv[1], "utf8");
  const { on, permissions, jobs } = YAML.parse(/^```yaml\n([^]*?)^```$/m.exec(page)[1]);
  const [checkout, action, ...more] = jobs.skant.steps;
  require("assert").deepEqual([on, permissions, checkout, action.uses, more],
    [["push", "pull_request"], { contents: "read" }, { uses: "actions/checkout@v4" }, "skant/skant@COMMIT", []]);
  for (const [name, value] of Object.entries(action.with ?? {})) console.log(`${name}=${value}`);
' "$here/docs/ci.md") || { echo 'action: docs/ci.md shows another workflow than is run here' >&2; exit 1; }
mapfile -t documented < <(printf '%s' "$documented")
pull fork null
checkout refs/pull/fork/merge
action pull_request "${documented[@]}"
expect failed 1 1 "$(id main)..$(id fork), 2 commits"
push refs/heads/fork 0000000000000000000000000000000000000000 "$(id fork)"
checkout refs/heads/fork
action push "${documented[@]}"
expect failed 1 1 "refs/remotes/origin/main..$(id fork), 2 commits"
told 'the workflow of the documentation finds what a request and a push brought'

# What the change brings is no excuse, whatever the config.
checkout refs/pull/fork/merge
pull fork null
printf '[[allow]]\npath = "**"\nreason = "mine"\n' > "$work/own.toml"
action pull_request args=--no-config
expect failed 1 1
action pull_request "args=--config=$work/own.toml"
expect passed 0 0
told 'a config that the workflow names counts'

checkout refs/heads/main
pull fork null
action pull_request_target
expect failed 1 1
[ ! -e "$work/clone/slip.env" ] || failed 'it was checked out'
told 'a request is data where the base is checked out'

before=$(id fork)
git -C "$hub" checkout -q -B fork main
slip
push refs/heads/fork "$before" "$(id fork)"
checkout refs/heads/fork
action push
expect failed 1 1 "$before..$(id fork), 3 commits"
told 'a forced push brings what differs'

push refs/heads/fork 0000000000000000000000000000000000000000 "$(id fork)"
checkout refs/heads/fork
action push $'args=--severity\ncritical\n--skip\nanthropic-api-key'
expect passed 0 0 "refs/remotes/origin/main..$(id fork), 2 commits"
told 'a new branch, with options'

action push "sha256=$(printf x | sha256sum | cut -d ' ' -f 1)"
expect failed '' '' 'does not have the SHA-256 that it should'
echo x >> "$work/releases/v$version/$archive"
action push
expect failed '' '' 'does not have the SHA-256 that it should'
action push version=9.9.9
expect failed '' '' 'there is no release 9.9.9 for Linux on X64'
action push 'version=$(touch pwned)'
expect failed '' '' 'the input `version` is not a version'
told 'a program that is not the released one is not run'

# From source, as where there is no release.
rm -r "$work/releases/v$version"
action push
expect failed 1 1 "built from the action's source"
told 'without a release it is built'

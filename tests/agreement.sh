#!/usr/bin/env bash
# Holds the hook and CI to the same: one commit, with secrets and every kind of exception, looked at by pre-commit, prek,
# `skant staged`, `skant history BASE..HEAD`, `skant ci` and the action. All have the same findings and exceptions.
# usage: tests/agreement.sh FOLDER SKANT: pre-commit and prek are in FOLDER/venv, what node needs is in FOLDER/npm
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
kept=$(cd "${1:?usage: tests/agreement.sh FOLDER SKANT}" && pwd)
skant=$(realpath "${2:?usage: tests/agreement.sh FOLDER SKANT}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/out" "$work/temp" "$work/home"
ln -s "$skant" "$work/bin/skant"
export PATH=$work/bin:$kept/venv/bin:$PATH HOME=$work/home
export PRE_COMMIT_HOME=$work/pre-commit PREK_HOME=$work/prek
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_SYSTEM=/dev/null
git config --global user.name A
git config --global user.email a@example.invalid
git config --global init.defaultBranch main

random() { head -c "$1" /dev/urandom; }
base64url() { base64 | tr '+/' '-_' | tr -d '=\n'; }
key() { echo "sk-ant-api03-$(random 64 | base64url)-$({ random 4; printf '\0\0'; } | base64url)"; }
failed() {
  printf 'agreement: %s\n' "$1" >&2
  exit 1
}

# The hooks of this repository, for a program on the path.
git init -q "$work/hooks"
cp "$here/.pre-commit-hooks.yaml" "$work/hooks"
git -C "$work/hooks" add -A
git -C "$work/hooks" commit -qm hooks

# What was decided before: a config at the root and a nearer one, and a baseline.
repo=$work/repo
git init -q "$repo"
cd "$repo"
{
  printf 'repos:\n- repo: %s\n  rev: %s\n  hooks:\n' "$work/hooks" "$(git -C "$work/hooks" rev-parse HEAD)"
  printf -- '  - id: skant-system\n    args: ["--output", "json=%s/out/framework.json", "--"]\n' "$work"
} > .pre-commit-config.yaml
mkdir -p samples deep/er
printf '[[allow]]\npath = "samples/**"\nreason = "made up"\n[rules.generic-password]\nenabled = false\n' > skant.toml
printf '[[allow]]\npath = "er/allowed"\nreason = "nearer"\n' > deep/skant.toml
printf 'first\n' > changed
git add -A
git commit -qm before
echo "token = \"$(key)\"" > known
known=$(cat known)
skant baseline create -q known > /dev/null 2>&1 || skant baseline create > /dev/null
rm known
git add -A
git commit -qm baseline
base=$(git rev-parse HEAD)

# The commit: secrets in a new file, in a line of an old one, in a name and in a link; and what is allowed.
echo "token = \"$(key)\"" > new
echo "token = \"$(key)\"" >> changed
ln -s "$(key)" link
printf 'a\n' > "deep/$(key)"
printf '%s\n' "$known" > known
echo "token = \"$(key)\" # skant: allow" > marked
printf '# skant: allow-next-line\ntoken = "%s"\n' "$(key)" >> marked
echo "token = \"$(key)\"" > samples/one
echo "token = \"$(key)\"" > deep/er/allowed
echo "token = \"$(key)\"" > deep/er/other
git add -A

# found NAME: what a report says was found and what was excused, without what only a commit has.
found() {
  python3 - "$work/out/$1.json" > "$work/out/$1.txt" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
assert report["scan"]["complete"], report["scan"]["skipped"]
for one in report["findings"]:
    print(*(one[field] for field in ("rule", "path", "where", "line", "column", "end_line", "end_column", "severity", "confidence", "fingerprint")))
for means, count in sorted(report["scan"]["suppressed"].items()):
    print("suppressed", means, count)
PYTHON
}
# stops NAME COMMAND...: it fails for the secrets.
stops() {
  local name=$1 status=0
  shift
  "$@" > "$work/out/$name.log" 2>&1 || status=$?
  [ "$status" -eq 1 ] || { cat "$work/out/$name.log"; failed "$name ended with $status"; }
}
framework() {
  stops "$1" "$1" run
  mv "$work/out/framework.json" "$work/out/$1.json"
}
framework pre-commit
framework prek
stops staged skant staged --output "json=$work/out/staged.json"

git commit -qnm 'the commit'
stops history skant history --output "json=$work/out/history.json" "$base..HEAD"

export GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_EVENT_PATH=$work/event.json RUNNER_TEMP=$work/temp
export RUNNER_OS=Linux RUNNER_ARCH=X64 GITHUB_WORKSPACE=$repo GITHUB_STEP_SUMMARY=$work/summary ACTION_MODULES=$kept/npm
GITHUB_SHA=$(git rev-parse HEAD)
export GITHUB_SHA
printf '{"pull_request": {"base": {"ref": "main", "sha": "%s"}, "head": {"ref": "it", "sha": "%s", "repo": null}}}' \
  "$base" "$GITHUB_SHA" > "$GITHUB_EVENT_PATH"
stops ci skant ci --output "json=$work/out/ci.json"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/Cargo.toml" | head -n 1)
mkdir -p "$work/releases/v$version"
archive=skant-v$version-x86_64-unknown-linux-musl.tar.gz
tar -czf "$work/releases/v$version/$archive" -C "$(dirname "$skant")" skant
(cd "$work/releases/v$version" && sha256sum "$archive" > SHA256SUMS)
export SKANT_RELEASES=file://$work/releases
printf '{"event_name": "pull_request", "actor": "a", "repository": "o/r", "workspace": "%s", "event": %s}' \
  "$repo" "$(cat "$GITHUB_EVENT_PATH")" > "$work/github.json"
node "$here/tests/action/run.mjs" "$here" "$work/github.json" "args=--output=json=$work/out/action.json" > "$work/out/action.log" 2>&1 || true
grep -qx 'job failed' "$work/out/action.log" || { cat "$work/out/action.log"; failed 'the action passes'; }

found staged
[ "$(grep -vc '^suppressed' "$work/out/staged.txt")" -eq 5 ] || { cat "$work/out/staged.txt"; failed 'not five secrets are found'; }
diff <(printf 'suppressed %s\n' 'baseline 1' 'config 2' 'inline 2') <(grep '^suppressed' "$work/out/staged.txt") || failed 'other exceptions'
for name in pre-commit prek history ci action; do
  found "$name"
  diff "$work/out/staged.txt" "$work/out/$name.txt" || failed "$name and staged differ"
done
echo 'agreement: pre-commit, prek, staged, history, ci and the action find the same, and excuse the same'

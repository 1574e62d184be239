#!/usr/bin/env bash
# Installs the hooks of this repository with pre-commit and with prek, and lets both meet keys. They build
# skant as a user's machine does, with what of its dependencies is in CARGO_TARGET_DIR, if that is set, and was read from
# FOLDER/prek/cache/cargo, where prek has cargo look.
# usage: tests/frameworks.sh FOLDER, which has both on its path or in venv/bin, and keeps what was built
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${1:?usage: tests/frameworks.sh FOLDER}"
kept=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$kept/venv/bin:$PATH HOME=$work CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export PRE_COMMIT_HOME=$work/pre-commit PREK_HOME=$kept/prek
mkdir -p "$PREK_HOME"
find "$PREK_HOME" -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$kept/frameworks}
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_SYSTEM=/dev/null
git config --global user.name A
git config --global user.email a@example.invalid
git config --global init.defaultBranch main
git config --global advice.detachedHead false

random() { head -c "$1" /dev/urandom; }
base64url() { base64 | tr '+/' '-_' | tr -d '=\n'; }
new_key() { key="sk-ant-api03-$(random 64 | base64url)-$({ random 4; printf '\0\0'; } | base64url)"; }

failed() {
  printf '%s: %s\n' "$framework" "$1" >&2
  sed "s/$key/(THE KEY)/" "$work/output" >&2
  exit 1
}
# Runs what must succeed.
passes() { "$@" > "$work/output" 2>&1 || failed "fails: $*"; }
# Runs what must fail because of the key, and must not show it.
stops() {
  if "$@" > "$work/output" 2>&1; then failed "passes: $*"; fi
  if grep -qF -e "$key" "$work/output"; then failed "shows the key: $*"; fi
  grep -qF -e "${key:0:16}...${key: -4}" "$work/output" || failed "fails for another reason: $*"
}

# What is in the work tree now, as a repository of its own.
mkdir "$work/skant"
git -C "$here" ls-files -z -co --exclude-standard |
  tar -C "$here" --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -C "$work/skant" -xf -
git -C "$work/skant" init -q
git -C "$work/skant" add -A
git -C "$work/skant" commit -qm all
revision=$(git -C "$work/skant" rev-parse HEAD)

meet() {
  framework=$1 suffix=$2
  new_key
  local repo=$work/$framework$suffix
  git init -q "$repo"
  cd "$repo"
  {
    printf 'repos:\n- repo: %s\n  rev: %s\n  hooks:\n' "$work/skant" "$revision"
    printf -- '  - id: %s\n' "skant$suffix" "skant-msg$suffix" "skant-push$suffix"
  } > .pre-commit-config.yaml
  git add -A
  passes "$framework" install --hook-type pre-commit --hook-type commit-msg --hook-type pre-push
  passes git commit -qm clean

  echo "token = \"$key\"" > a.env
  git add a.env
  stops git commit -qm key
  git reset -q
  stops git commit -qm "a message with $key" --allow-empty
  # What is not staged does not count.
  echo clean > b
  git add b
  passes git commit -qm 'another file'
  ln -s "$key" link
  git add link
  stops git commit -qm link
  git rm -qf --cached link
  rm link
  echo clean > ./--fail-on=never
  git add a.env ./--fail-on=never
  stops git commit -qm 'a file with the name of an option'

  git commit -qnm 'not looked at'
  passes git commit -qm clean --allow-empty
  stops "$framework" run --all-files
  stops "$framework" run --files a.env
  passes "$framework" run --files b
  git rm -q a.env
  passes git commit -qm gone
  passes "$framework" run --all-files
  # A push brings what was committed and taken out again.
  git init -q --bare "$repo.git"
  git remote add origin "$repo.git"
  stops git push -q origin main
  stops "$framework" run --all-files --hook-stage pre-push
  git push -q --no-verify origin main
  git commit -q --allow-empty -nm clean
  passes git push -q origin main
  printf '%s, skant%s: keys are stopped, clean commits are not\n' "$framework" "$suffix"
}

meet prek ''
meet pre-commit ''
PATH=$CARGO_TARGET_DIR/release:$PATH
meet prek -system
meet pre-commit -system

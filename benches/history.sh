#!/usr/bin/env bash
# Times a scan of a whole history against git only reading the same objects: in turns, medians.
# usage: benches/history.sh REPO [RUNS]
set -euo pipefail
repo=${1:?usage: benches/history.sh REPO [RUNS]}
runs=${2:-5}
. "$(dirname "$0")/common.sh"
# Nothing to attribute: one rule fewer would be another scan, so all run, and none of their findings count.
none=(--confidence high --severity critical)
range=$(git -C "$repo" rev-list --first-parent HEAD | sed -n 21p)..HEAD

# Whatever it says and ends with: a repository may lack some objects.
tolerated() { "$@" 2>&1 || true; }
seconds() { nanoseconds tolerated "$@"; }

# compare NAME OURS... -- THEIRS...
compare() {
  local name=$1 ours=() theirs=() a=() b=()
  shift
  while [ "$1" != -- ]; do ours+=("$1"); shift; done
  shift
  theirs=("$@")
  seconds "${theirs[@]}" >/dev/null
  for _ in $(seq "$runs"); do
    b+=("$(seconds "${theirs[@]}")")
    a+=("$(seconds "${ours[@]}")")
  done
  awk -v name="$name" -v a="$(printf '%s\n' "${a[@]}" | median)" -v b="$(printf '%s\n' "${b[@]}" | median)" \
    'BEGIN { printf "%s: skant %.0f ms, git %.0f ms, ratio %.2f\n", name, a / 1e6, b / 1e6, a / b }'
}

compare 'whole history' "$skant" -C "$repo" history "${none[@]}" -- \
  git -C "$repo" cat-file --batch-all-objects --batch --unordered --buffer
compare "range $range" "$skant" -C "$repo" history "${none[@]}" "$range" -- git -C "$repo" log -p -U0 "$range"

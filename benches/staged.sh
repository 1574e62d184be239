#!/usr/bin/env bash
# Times `skant staged` against `git diff --cached --quiet`: ten changed files in an index of 80,000, then
# one in a small repository. In turns, medians; the CPU time of the small one is shown too.
# usage: benches/staged.sh [RUNS]
set -euo pipefail
runs=${1:-21}
. "$(dirname "$0")/common.sh"
without_settings

# A repository of so many folders in folders in folders, with 16 files each, of which ten are changed.
repository() {
  local name=$1 modules=$2
  git init -q -b main "$work/$name"
  awk -v modules="$modules" 'BEGIN {
    print "commit refs/heads/main\ncommitter A <a@example.invalid> 1700000000 +0000\ndata 1\nx"
    for (a = 0; a < modules; a++) for (b = 0; b < 25; b++) for (c = 0; c < 5; c++) for (d = 0; d < 16; d++) {
      text = sprintf("int value_%d_%d_%d_%d;\n", a, b, c, d)
      printf "M 100644 inline module%02d/component%02d/part%d/source_file_%02d.c\ndata %d\n%s\n", a, b, c, d, length(text), text
    }
  }' | git -C "$work/$name" fast-import --quiet
  git -C "$work/$name" reset -q --hard
  # What git wrote in this very second it would stage again.
  sleep 2
  git -C "$work/$name" update-index -q --refresh
  git -C "$work/$name" read-tree HEAD
  local number
  for number in 0 1 2 3 4 5 6 7 8 9; do
    echo "int more;" >> "$work/$name/module0$((number % modules))/component0$number/part0/source_file_03.c"
  done
  git -C "$work/$name" update-index -q --refresh || true
  git -C "$work/$name" add -u
}

compare() {
  local name=$1 ours=() theirs=() a b
  cd "$work/$name"
  "$skant" staged >/dev/null
  for _ in $(seq "$runs"); do
    theirs+=("$(nanoseconds git diff --cached --quiet || true)")
    ours+=("$(nanoseconds "$skant" staged)")
  done
  a=$(printf '%s\n' "${ours[@]}" | median)
  b=$(printf '%s\n' "${theirs[@]}" | median)
  awk -v name="$name" -v entries="$(git ls-files | wc -l)" -v a="$a" -v b="$b" 'BEGIN {
    printf "%s, %d entries: skant %.1f ms, git diff --cached --quiet %.1f ms, ratio %.2f\n", name, entries, a / 1e6, b / 1e6, a / b }'
}

repository large 40
compare large
repository small 1
compare small
cd "$work/small"
TIMEFORMAT='small: CPU of ten runs %U s user, %S s system'
time for _ in 1 2 3 4 5 6 7 8 9 10; do "$skant" staged >/dev/null; done

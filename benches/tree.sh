#!/usr/bin/env bash
# Times a warm tree scan against ripgrep looking for one literal in the same files: in turns, medians.
# usage: benches/tree.sh DIR [RUNS]
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:?usage: benches/tree.sh DIR [RUNS]}
runs=${2:-7}
cargo build --release --locked --quiet --manifest-path "$here/Cargo.toml"
skant=${CARGO_TARGET_DIR:-$here/target}/release/skant
command -v rg >/dev/null || { echo 'ripgrep is needed: cargo install ripgrep' >&2; exit 2; }

seconds() {
  local start end
  start=$(date +%s%N)
  "$@" >/dev/null 2>&1 || true
  end=$(date +%s%N)
  echo $((end - start))
}
median() { sort -n | sed -n "$(((runs + 1) / 2))p"; }

seconds rg -uuu -g '!.git' -c sk-ant- "$dir" >/dev/null
ours=() theirs=()
for _ in $(seq "$runs"); do
  theirs+=("$(seconds rg -uuu -g '!.git' -c sk-ant- "$dir")")
  ours+=("$(seconds "$skant" scan "$dir")")
done
a=$(printf '%s\n' "${ours[@]}" | median)
b=$(printf '%s\n' "${theirs[@]}" | median)
awk -v a="$a" -v b="$b" 'BEGIN { printf "skant %.0f ms, ripgrep %.0f ms, ratio %.2f\n", a / 1e6, b / 1e6, a / b }'

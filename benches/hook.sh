#!/usr/bin/env bash
# Times `skant hook claude-code` on a clean call, as an assistant's client makes it before each tool it uses: a file that is
# written, a command, a prompt, in a repository with a config. Against the least that a program can take (`true`), and the
# least that one can that looks for a repository (`git rev-parse`). In turns, medians.
# usage: benches/hook.sh [RUNS]
set -euo pipefail
runs=${1:-101}
. "$(dirname "$0")/common.sh"
without_settings
cd "$work"
git init -q -b main
printf '[[allow]]\npath = "tests/**"\nreason = "made up"\n' > skant.toml
git add skant.toml
git -c user.name=A -c user.email=a@example.invalid commit -qm x

event() { printf '{"hook_event_name":"%s","cwd":"%s",%s}' "$1" "$work" "$2"; }
# About 8 kB of a program.
text=$(awk 'BEGIN { for (n = 0; n < 160; n++) printf "def function_%03d(value):\\n    return value + %d\\n", n, n }')
event PreToolUse "\"tool_name\":\"Write\",\"tool_input\":{\"file_path\":\"$work/a.py\",\"content\":\"$text\"}" > write.json
event PreToolUse '"tool_name":"Bash","tool_input":{"command":"cargo test --locked && git status"}' > bash.json
event UserPromptSubmit '"prompt":"Why does this test fail?"' > prompt.json

hook() { "$skant" hook claude-code < "$1"; }

for name in write bash prompt; do
  ours=() floor=() git=()
  hook $name.json
  for _ in $(seq "$runs"); do
    floor+=("$(nanoseconds /bin/true)")
    git+=("$(nanoseconds git rev-parse --git-dir)")
    ours+=("$(nanoseconds hook $name.json)")
  done
  median_of() { printf '%s\n' "$@" | median; }
  awk -v name="$name" -v a="$(median_of "${ours[@]}")" -v b="$(median_of "${git[@]}")" -v c="$(median_of "${floor[@]}")" 'BEGIN {
    printf "%s: skant %.1f ms, git rev-parse %.1f ms, true %.1f ms, ratio %.1f and %.1f\n", name, a / 1e6, b / 1e6, c / 1e6, a / b, a / c }'
done

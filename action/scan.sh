#!/usr/bin/env bash
# Runs `skant ci` with the inputs of the action, and keeps how it ended: the action fails last.
set -uo pipefail
arguments=(-C "$SKANT_PATH" ci --fail-on "$SKANT_FAIL_ON" --output "sarif=$RUNNER_TEMP/skant.sarif")
[ "$SKANT_FETCH" != true ] || arguments+=(--fetch)
[ -z "$SKANT_BASE" ] || arguments+=("--base=$SKANT_BASE")
[ -z "$SKANT_HEAD" ] || arguments+=("--head=$SKANT_HEAD")
while IFS= read -r argument; do
  [ -z "$argument" ] || arguments+=("$argument")
done <<< "$SKANT_ARGS"

"$SKANT" "${arguments[@]}"
code=$?
# A program that does not start, or is stopped, tells nothing itself.
printf 'exit-code=%d\n' "$code" >> "$GITHUB_OUTPUT"

#!/usr/bin/env bash
# The suites of hostile input once more, as an ordinary user: root is refused nothing, so as root nobody knows what
# happens to those who are. Nothing is built for it: these are the programs that `cargo test` just ran.
# usage: tests/ordinary-user.sh [SUITE]...
set -euo pipefail
cd "$(dirname "$0")/.."
suites=("$@")
[ "$#" -gt 0 ] || suites=(archives bombs damage files ledger staged tree)
if [ "$(id -u)" -ne 0 ]; then
  echo 'the tests are run by an ordinary user already: nothing is left to do'
  exit
fi

# Where others may look: the clone, or what it is built into, may be closed to them.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/home" "$folder/tmp"
chown 65534:65534 "$folder/home" "$folder/tmp"
chmod 755 "$folder"
ordinary() {
  setpriv --reuid=65534 --regid=65534 --clear-groups \
    env -i PATH="$PATH" HOME="$folder/home" TMPDIR="$folder/tmp" SKANT_PROGRAM="$folder/skant" "$@"
}

built=$(cargo test --locked --no-run "${suites[@]/#/--test=}" --message-format=json | python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    kind = message["target"]["kind"][0] if message.get("executable") else None
    # The program itself, and not the tests within it.
    if kind == "test" or kind == "bin" and not message["profile"]["test"]:
        print(message["target"]["name"], kind, message["executable"])')
install -m 755 "$(awk '$1 == "skant" && $2 == "bin" { print $3; exit }' <<< "$built")" "$folder/skant"

cases=0
for suite in "${suites[@]}"; do
  install -m 755 "$(awk -v suite="$suite" '$1 == suite && $2 == "test" { print $3 }' <<< "$built")" "$folder/suite"
  (cd "$folder" && ordinary ./suite --quiet) | tee "$folder/said"
  cases=$((cases + $(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$folder/said")))
done
echo "$cases cases as user 65534"
[ "$#" -gt 0 ] || [ "$cases" -ge 250 ] || { echo 'that is fewer than there have to be'; exit 1; }

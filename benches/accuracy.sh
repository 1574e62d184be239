#!/usr/bin/env bash
# Recall and precision on our labelled corpus: of skant in full, then of it and of every other scanner that is on
# the path, by the lines they name. The corpus is ours, so the others are at home elsewhere: what it shows is
# that nothing falls, not who is best.
# usage: benches/accuracy.sh
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
cargo run --quiet --locked --example accuracy
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --quiet --locked --example accuracy -- --write "$work"
files=$work/files
cargo build --quiet --locked
skant=$(cargo metadata --format-version 1 --no-deps | jq -r .target_directory)/debug/skant

# Prints `path:line` for each finding.
run() {
  case $1 in
    # What is said of whole files has no line that was labelled.
    skant) (cd "$files" && "$skant" scan --format json . || true) |
      jq -r '.findings[] | select(.rule | startswith("dotenv-") | not) | "\(.path):\(.line)"' ;;
    ripsecrets) (cd "$files" && ripsecrets . 2>/dev/null | sed -E 's|^\./||' | cut -d: -f1,2) ;;
    kingfisher) kingfisher scan --no-validate --no-update-check --git-history=none --format json "$files" 2>/dev/null |
      jq -r '.findings[]?.finding | "\(.path):\(.line)"' ;;
    gitleaks) gitleaks dir --no-banner --report-format json --report-path "$work/gitleaks" "$files" >/dev/null 2>&1 || true
      jq -r '.[] | "\(.File):\(.StartLine)"' "$work/gitleaks" ;;
    # Version 2; the first took what gitleaks takes.
    betterleaks) betterleaks --exit-code 0 -o "$work/betterleaks.json" "$files" >/dev/null 2>&1 || true
      jq -r '.findings[] | "\(.location.path):\(.location.start_line)"' "$work/betterleaks.json" ;;
    detect-secrets) (cd "$files" && detect-secrets scan --all-files . | jq -r '.results[][] | "\(.filename):\(.line_number)"') ;;
  esac
}

jq -r '"\(.path):\(.line)"' "$work/labels.jsonl" | sort -u >"$work/labels"
printf '%-16s %7s %9s\n' '' recall precision
for tool in skant ripsecrets kingfisher gitleaks betterleaks detect-secrets; do
  [ "$tool" = skant ] || command -v "$tool" >/dev/null || continue
  run "$tool" | sed "s|^$files/||" | sort -u >"$work/found" || true
  right=$(comm -12 "$work/labels" "$work/found" | wc -l)
  awk -v tool="$tool" -v right="$right" -v all="$(wc -l <"$work/labels")" -v found="$(wc -l <"$work/found")" \
    'BEGIN { printf "%-16s %7.3f %9.3f\n", tool, right / all, found ? right / found : 0 }'
done

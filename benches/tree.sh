#!/usr/bin/env bash
# Times a warm scan of a folder: skant, ripgrep looking for one literal in the same files, and every
# other scanner that is on the path, in turns. Prints medians, and ratios to ripgrep.
# usage: benches/tree.sh DIR [RUNS]
set -euo pipefail
dir=$(cd "${1:?usage: benches/tree.sh DIR [RUNS]}" && pwd)
runs=${2:-7}
command -v rg >/dev/null || { echo 'ripgrep is needed: cargo install --locked ripgrep' >&2; exit 2; }
. "$(dirname "$0")/common.sh"

run() {
  case $1 in
    rg) rg -uuu -g '!.git' -c sk-ant- "$dir" ;;
    skant) "$skant" scan "$dir" ;;
    ripsecrets) ripsecrets "$dir" ;;
    kingfisher) kingfisher scan --no-validate --no-update-check --git-history=none "$dir" ;;
    gitleaks) gitleaks dir --no-banner "$dir" ;;
    betterleaks) betterleaks --no-banner "$dir" ;;
    secretscan) secretscan "$dir" ;;
  esac
}

tools=()
for tool in rg skant ripsecrets kingfisher gitleaks betterleaks secretscan; do
  [ "$tool" != skant ] && ! command -v "$tool" >/dev/null || tools+=("$tool")
done
TIMEFORMAT='%R %U %S'
run rg >/dev/null 2>&1 || true
for _ in $(seq "$runs"); do
  for tool in "${tools[@]}"; do
    # They end with 1 when they find something.
    { time run "$tool" >/dev/null 2>&1 </dev/null || true; } 2>>"$work/$tool"
  done
done

wall() { awk '{ print $1 }' "$work/$1" | median; }
processor() { awk '{ print $2 + $3 }' "$work/$1" | median; }
printf '%-12s %9s %9s %9s %9s\n' '' 'wall s' 'ratio' 'CPU s' 'ratio'
for tool in "${tools[@]}"; do
  awk -v tool="$tool" -v wall="$(wall "$tool")" -v rg_wall="$(wall rg)" -v cpu="$(processor "$tool")" \
    -v rg_cpu="$(processor rg)" 'BEGIN {
      printf "%-12s %9.3f %9.2f %9.3f %9.2f\n", tool, wall, wall / rg_wall, cpu, rg_cpu ? cpu / rg_cpu : 0 }'
done

# What the benchmarks share; they source it. It builds skant, unless SKANT names a program, and makes a folder that goes when they end.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
skant=${SKANT:-${CARGO_TARGET_DIR:-$here/target}/release/skant}
[ -n "${SKANT:-}" ] || cargo build --release --locked --quiet --manifest-path "$here/Cargo.toml"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The repositories that are made for a benchmark are like those on any other machine.
without_settings() { export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null; }

# How long a command takes.
nanoseconds() {
  local start end
  start=$(date +%s%N)
  "$@" >/dev/null
  end=$(date +%s%N)
  echo $((end - start))
}

# The median of lines of numbers.
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

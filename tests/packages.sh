#!/usr/bin/env bash
# Builds what is released for this machine, and installs it as people do: the archive, the wheel with pip, the npm
# packages. The names are those that `cargo binstall` and the action look for.
# usage: tests/packages.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "${1:?usage: tests/packages.sh FOLDER}"
out=$(cd "$1" && pwd)/dist
rm -rf "$out"
host=$(rustc -vV | sed -n 's/^host: //p')
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed() {
  printf 'packages: %s\n' "$1" >&2
  exit 1
}
key="sk-ant-api03-$(head -c 64 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')-$({ head -c 4 /dev/urandom; printf '\0\0'; } | base64 | tr '+/' '-_')"
# works PROGRAM...: it is of this version, and stops a key with the exit code that it should.
works() {
  [ "$("$@" --version)" = "skant $version" ] || failed "$* is not $version"
  local status=0
  printf 'x = %s\n' "$key" | "$@" scan - > /dev/null || status=$?
  [ "$status" -eq 1 ] || failed "$* ends with $status where it finds a key"
  printf 'x\n' | "$@" scan - > /dev/null || failed "$* finds something where nothing is"
}

.ci/release "$host" linux-x64 "$out"

# What a tag has to be before anything is built: the workflow runs this, and takes what it prints for the notes.
grep -qF 'run: .ci/notes "$TAG" > notes.md' .github/workflows/release.yml || failed 'the workflow does not check the tag'
mkdir -p "$work/tagged/.ci"
cp .ci/notes "$work/tagged/.ci"
cp Cargo.toml "$work/tagged"
tag() { # TAG CHANGELOG-LINE...: what is said of the tag
  printf '%s\n' "${@:2}" '## [0.0.1] - 2026-01-01' 'older' > "$work/tagged/CHANGELOG.md"
  "$work/tagged/.ci/notes" "$1" 2>&1
}
[ "$(tag "v$version" "## [$version] - 2026-12-01" '' 'new')" = $'\nnew' ] || failed 'the notes are not those of the version'
for wrong in "v$version.1|## [$version] - 2026-12-01|Cargo.toml says" "$version|## [$version] - 2026-12-01|Cargo.toml says" \
  "v$version|## [$version] - Unreleased|and no day" "v$version|## [Unreleased]|has no section" "v$version|## [${version//./x}] - 2026-12-01|has no section"; do
  IFS='|' read -r name line words <<< "$wrong"
  if said=$(tag "$name" "$line" 'new'); then failed "$name passes with: $line"; fi
  grep -qF "$words" <<< "$said" || failed "$name is refused for another reason: $said"
done
if tag "v$version" "## [$version] - 2026-12-01" > /dev/null; then failed 'a version of which nothing is said passes'; fi

# The metadata of binstall, and the action, name the archive like this.
archive=$(python3 - "$host" <<'PYTHON'
import re, sys, tomllib
package = tomllib.load(open("Cargo.toml", "rb"))["package"]
about = package["metadata"]["binstall"]
known = {"repo": package["repository"], "version": package["version"], "name": package["name"], "target": sys.argv[1],
         "bin": "skant", "binary-ext": ""}
fill = lambda text: re.sub(r"\{ ([a-z-]+) \}", lambda found: known[found[1]], text)
front = f"{package['repository']}/releases/download/v{package['version']}/"
url = fill(about["pkg-url"])
assert url.startswith(front) and fill(about["bin-dir"]) == "skant" and about["pkg-fmt"] == "tgz", url
print(url[len(front):])
PYTHON
)
# The targets that are released are those that the action knows.
targets() { grep -oE '(x86_64|aarch64)-[a-z]+-[a-z]+(-[a-z]+)?' "$1" | sort -u; }
diff <(targets .github/workflows/release.yml) <(targets action/get.sh) || failed 'the action asks for other archives than are released'
[ -e "$out/$archive" ] || failed "$archive is not there"
mkdir "$work/archive"
tar -xzf "$out/$archive" -C "$work/archive"
works "$work/archive/skant"
[ "$(find "$work/archive" -type f | wc -l)" -eq 10 ] || failed 'the archive does not hold ten files'
! find "$work/archive" -type f -empty | grep . || failed 'a file of the archive is empty'
bash -n "$work/archive/completions/skant.bash"
# What is not on every Linux is in the program.
! readelf -d "$work/archive/skant" | grep NEEDED | grep -vE 'lib(c|m|gcc_s)\.so|ld-linux' || failed 'it needs libraries'

# As the workflow puts it up, and the action takes it.
sums=$(sed -n 's/^ *run: mv dist.notes.md . && cd dist && \(sha256sum .*SHA256SUMS\) && .*/\1/p' .github/workflows/release.yml)
mkdir -p "$work/releases/v$version" "$work/temp"
cp "$out/$archive" "$work/releases/v$version/skant-v$version-x86_64-unknown-linux-musl.tar.gz"
(cd "$work/releases/v$version" && eval "$sums" && sha256sum --check --quiet SHA256SUMS)
env GITHUB_ACTION_PATH="$PWD" RUNNER_TEMP="$work/temp" RUNNER_OS=Linux RUNNER_ARCH=X64 GITHUB_OUTPUT="$work/outputs" SKANT_VERSION= \
  SKANT_SHA256= SKANT_BUILD=never SKANT_RELEASES="file://$work/releases" bash action/get.sh > "$work/said" || failed 'the action does not take the archive'
works "$(sed -n 's/^program=//p' "$work/outputs")"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$out"/*.whl
works "$work/venv/bin/skant"

mkdir "$work/npm"
(cd "$work/npm" && npm init -y > /dev/null && npm install --silent --offline --omit=optional --no-audit --no-fund \
  "$out/skant-linux-x64-$version.tgz" "$out/skant-$version.tgz")
works "$work/npm/node_modules/.bin/skant"
rm -r "$work/npm/node_modules/@skant"
status=0
"$work/npm/node_modules/.bin/skant" --version 2> "$work/said" || status=$?
[ "$status" -eq 2 ] && grep -q 'is not installed' "$work/said" || failed 'without the program of the platform it does not fail'
echo 'packages: the archive, the wheel and the npm packages bring a skant that works'

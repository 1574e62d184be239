#!/usr/bin/env bash
# Gets the skant that the action runs: a released binary, checked, or one built from the action's source.
set -euo pipefail
source=$GITHUB_ACTION_PATH
own=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/Cargo.toml" | head -n 1)
version=${SKANT_VERSION:-$own}
version=${version#v}
releases=${SKANT_RELEASES:-https://github.com/skant/skant/releases/download}
folder=$RUNNER_TEMP/skant-program
mkdir -p "$folder"

fail() {
  printf '::error title=skant::%s\n' "$1"
  exit 2
}

case $version in
  '' | *[!0-9A-Za-z.+-]*) fail 'the input `version` is not a version' ;;
esac
case $SKANT_BUILD in
  auto | always | never) ;;
  *) fail 'the input `build` is not auto, always or never' ;;
esac

target() {
  case $RUNNER_OS-$RUNNER_ARCH in
    Linux-X64) echo x86_64-unknown-linux-musl ;;
    Linux-ARM64) echo aarch64-unknown-linux-musl ;;
    macOS-X64) echo x86_64-apple-darwin ;;
    macOS-ARM64) echo aarch64-apple-darwin ;;
    Windows-X64) echo x86_64-pc-windows-msvc ;;
  esac
}

download() {
  curl --silent --show-error --fail --location --retry 3 --proto-redir '=https' --output "$2" "$1"
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi < "$1" | cut -d ' ' -f 1
}

# 0 with a program in the folder, 1 when there is no such release.
released() {
  local target archive wanted
  target=$(target)
  [ -n "$target" ] || return 1
  archive=skant-v$version-$target.tar.gz
  download "$releases/v$version/$archive" "$folder/$archive" || return 1
  wanted=$SKANT_SHA256
  if [ -z "$wanted" ]; then
    download "$releases/v$version/SHA256SUMS" "$folder/SHA256SUMS" || fail "the release $version has no SHA256SUMS"
    wanted=$(tr -d '\r' < "$folder/SHA256SUMS" | awk -v file="$archive" '$2 == file || $2 == "*" file { print $1; exit }')
  fi
  # What was not to be had may be built instead; what is not what it should be never is passed over.
  [ "$(sha256 "$folder/$archive")" = "$wanted" ] || fail "$archive does not have the SHA-256 that it should"
  # In the folder: tar takes what stands before a colon, as in `D:\a`, for the name of a machine.
  (cd "$folder" && tar -xzf "$archive")
  printf 'skant %s for %s, as released\n' "$version" "$target"
}

built() {
  command -v cargo >/dev/null || fail 'there is no cargo to build skant with'
  # Flags of the workflow that calls are not for this.
  env -u RUSTFLAGS cargo install --locked --quiet --path "$source" --root "$folder/built"
  cp "$folder"/built/bin/skant* "$folder/"
  printf "skant %s, built from the action's source\n" "$own"
}

rm -f "$folder"/skant "$folder"/skant.exe
case $SKANT_BUILD in
  always) built ;;
  never) released || fail "there is no release $version for $RUNNER_OS on $RUNNER_ARCH" ;;
  auto)
    if ! released; then
      [ "$version" = "$own" ] || fail "there is no release $version for $RUNNER_OS on $RUNNER_ARCH"
      echo "There is no release $version for $RUNNER_OS on $RUNNER_ARCH: skant is built from the action's source."
      built
    fi
    ;;
esac

program=$folder/skant
[ ! -e "$program.exe" ] || program=$program.exe
"$program" --version
printf 'program=%s\n' "$program" >> "$GITHUB_OUTPUT"

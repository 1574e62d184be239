#!/usr/bin/env bash
# Puts a load on skant, and tells wall time, CPU time and peak memory of each: 200 staged files of 1 MB, a commit of
# 100,000 files, a repository of 1,000,000 objects, ten scans of one repository at once, a sparse file of 1 GiB,
# 100,000 files on disk, a zip and a tar of 1,000,000 members. In each a key is planted that has to be found. Needs GNU time,
# python3, and 2 GB in the folder for temporary files.
# usage: benches/load.sh (SKANT=PROGRAM measures that one)
set -euo pipefail
. "$(dirname "$0")/common.sh"
without_settings
key=sk-ant-api03-$(head -c 3000 /dev/urandom | tr -dc A-Za-z0-9 | head -c 85)A-$(head -c 400 /dev/urandom | tr -dc A-Za-z0-9 | head -c 5)AAA

# Runs a scan that finds the key and nothing else, and tells what that took.
measure() {
  local name=$1 status=0
  shift
  /usr/bin/time -o "$work/time" -f '%e %U %S %M' "$skant" "$@" --format json > "$work/report" || status=$?
  if [ "$status" -ne 1 ] || ! grep -q '"findings": 1,' "$work/report"; then
    echo "$name: the key was not found, or more than that ($status)"
    exit 1
  fi
  # GNU time tells of a status that is not 0 first.
  tail -n 1 "$work/time" | awk -v name="$name" '{
    printf "%s: %.1f s, %.1f s of CPU, %.0f MB\n", name, $1, $2 + $3, $4 / 1024 }'
}

# A stream for git: so many commits with so many files each, of so many bytes, and the key in the last.
stream() {
  awk -v commits="$1" -v files="$2" -v key="$key" 'BEGIN {
    for (c = 0; c < commits; c++) {
      printf "commit refs/heads/main\ncommitter A <a@example.invalid> %d +0000\ndata 1\nx\n", 1700000000 + c
      for (f = 0; f < files; f++) {
        text = sprintf("int value_%d_%d = %d;\n", c, f, c * f)
        if (c == commits - 1 && f == files - 1) text = text "KEY=" key "\n"
        printf "M 100644 inline d%02d/e%02d/f%04d.c\ndata %d\n%s\n", f % 40, int(f / 40) % 50, f, length(text), text
      }
    }
  }'
}

git init -q -b main "$work/staged"
cd "$work/staged"
for number in $(seq 200); do
  seq "$number" 7 1000000 | head -c 1000000 > "f$number"
done
echo "KEY=$key" >> f200
git add .
measure '200 staged files of 1 MB' staged

mkdir "$work/sparse"
cd "$work/sparse"
truncate -s 1G hole
echo "KEY=$key" >> hole
measure 'a file of 1 GiB that is a hole' scan

rm hole

mkdir "$work/many"
cd "$work/many"
for folder in $(seq 100); do
  mkdir "d$folder"
  (cd "d$folder" && seq 1000 | xargs touch)
done
echo "KEY=$key" > d100/1000
measure '100,000 files in one tree' scan
cd "$work"
rm -r many

mkdir "$work/members"
cd "$work/members"
python3 - "$key" << 'END'
import io, struct, sys, tarfile, zlib
key = b"KEY=" + sys.argv[1].encode() + b"\n"
place, directory = 0, io.BytesIO()
with open("zip", "wb") as zip, open("tar", "wb") as tar:
    for number in range(1_000_000):
        name, text = b"d/%d" % number, b"x" if number < 999_999 else key
        what = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, zlib.crc32(text), len(text), len(text), len(name), 0)
        zip.write(b"PK\3\4" + what + name + text)
        directory.write(b"PK\1\2\24\0" + what + struct.pack("<HHHII", 0, 0, 0, 0, place) + name)
        place += 30 + len(name) + len(text)
        member = tarfile.TarInfo(name.decode())
        member.size = len(text)
        tar.write(member.tobuf(tarfile.USTAR_FORMAT) + text.ljust(512, b"\0"))
    size = directory.tell()
    zip.write(directory.getvalue() + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, size, place, 0))
    tar.write(bytes(1024))
END
measure 'a zip of 1,000,000 members' scan zip
measure 'a tar of 1,000,000 members' scan tar
cd "$work"
rm -r members

git init -q -b main "$work/wide"
cd "$work/wide"
stream 1 100000 | git fast-import --quiet
measure 'a commit of 100,000 files, as history' history
measure 'the same, as a range' history HEAD
git read-tree HEAD
git update-ref -d refs/heads/main
measure 'the same, staged' staged

git init -q -b main "$work/million"
cd "$work/million"
# Each commit changes 17 files in as many folders: a blob and a tree for each, and the trees above.
stream 24000 17 | git fast-import --quiet
objects=$(git count-objects -v | awk '/in-pack/ { print $2 }')
measure "a repository of $objects objects" history
measure 'its last twenty commits' history HEAD~20..HEAD

began=$(date +%s%N)
for number in 1 2 3 4 5 6 7 8 9 10; do
  (/usr/bin/time -o "$work/time$number" -f '%M' "$skant" history --format json > "$work/report$number" || true) &
done
wait
ended=$(date +%s%N)
for number in 2 3 4 5 6 7 8 9 10; do
  cmp "$work/report1" "$work/report$number"
done
grep -q '"findings": 1,' "$work/report1"
awk -v wall="$(((ended - began) / 1000000))" '$1 + 0 > most { most = $1 } END {
  printf "ten scans of it at once: %.1f s, the same report from each, at most %.0f MB\n", wall / 1000, most / 1024 }' "$work"/time?*

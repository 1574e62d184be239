#!/usr/bin/env bash
# Runs the recipe of docs/many-repositories.md on a SLURM of its own, on this machine's loopback, and holds the shares,
# joined, against one run. That for Kubernetes likewise, but for Kubernetes: its command, with each index.
# usage: tests/slurm.sh SKANT   (needs Debian's slurmctld, slurmd, slurm-client and munge)
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
skant=$(realpath "${1:?usage: tests/slurm.sh SKANT}")
work=$(mktemp -d)
chmod 755 "$work"
started=()
finish() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
failed() {
  printf 'slurm: %s\n' "$1" >&2
  tail -n 20 "$work"/*.log >&2
  exit 1
}

mkdir "$work/bin" "$work/state" "$work/spool" "$work/clones"
ln -s "$skant" "$work/bin/skant"
export PATH=$work/bin:/usr/sbin:/sbin:$PATH HOME=$work SLURM_CONF=$work/slurm.conf
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

head -c 128 /dev/urandom > "$work/munge.key"
chmod 400 "$work/munge.key"
munged --force --foreground --num-threads 1 --key-file "$work/munge.key" --socket "$work/munge.socket" \
  --pid-file "$work/munge.pid" --log-file "$work/munge.log" --seed-file "$work/munge.seed" &> "$work/munged.log" &
started+=($!)

node=$(hostname -s)
user=$(id -un)
port=$((20000 + $$ % 20000))
cat > "$SLURM_CONF" <<CONF
ClusterName=skant
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MailProg=/bin/true
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
slurmctld -D &> "$work/slurmctld.log" &
started+=($!)
slurmd -D -N "$node" &> "$work/slurmd.log" &
started+=($!)

random() { head -c "$1" /dev/urandom; }
base64url() { base64 | tr '+/' '-_' | tr -d '=\n'; }
for number in 01 02 03 04 05 06 07 08 09 10; do
  repo=$work/clones/$number.git
  git init -q "$repo"
  echo "token = \"sk-ant-api03-$(random 64 | base64url)-$({ random 4; printf '\0\0'; } | base64url)\"" > "$repo/a.env"
  git -C "$repo" add a.env
  git -C "$repo" -c user.name=A -c user.email=a@example.invalid commit -qm one
done
mkdir "$work/clones/none.git"
cd "$work"

# The n-th block of the section about SLURM.
block() { awk -v want="$1" '/^## /{on = /SLURM/} on && /^```/{n += !open; open = !open; next} on && open && n == want' "$here/docs/many-repositories.md"; }
block 1 > many.sh
find clones -name '*.git' -type d -prune > repositories.txt
[ "$(wc -l < repositories.txt)" -eq 11 ] || failed 'the list is not what it should be'

for _ in $(seq 60); do
  [ "$(sinfo -h -o %T 2>/dev/null)" != idle ] || break
  sleep 1
done
[ "$(sinfo -h -o %T)" = idle ] || failed 'the node does not come up'
status=0
timeout 300 sbatch --wait many.sh > sbatch.log 2>&1 || status=$?
# One of the clones is none, so that its share ends with 2, and all the others with 0.
[ "$status" -eq 2 ] || failed "the job array ended with $status"
[ "$(ls share-*.json | wc -l)" -eq 16 ] || failed 'not every share has its report'

formats=(json jsonl sarif github gitlab junit markdown)
outputs() { local format; for format in "${formats[@]}"; do printf -- '--output=%s=%s.%s\n' "$format" "$1" "$format"; done; }
status=0
mapfile -t whole < <(outputs whole)
skant history --repos repositories.txt "${whole[@]}" > /dev/null || status=$?
[ "$status" -eq 2 ] || failed "one run ended with $status"
mapfile -t joined < <(outputs joined)
join() {
  rm -f joined.*
  skant merge share-*.json "${joined[@]}" > /dev/null || true
  local format
  for format in "${formats[@]}"; do
    cmp "whole.$format" "joined.$format" || failed "$1: $format differs"
  done
}
join slurm
[ "$(grep -c '"rule":' whole.jsonl)" -eq 10 ] || failed 'not ten keys are found'
printf 'slurm: an array of 16 jobs, joined, is what one run gives, in %d formats\n' "${#formats[@]}"

# The lines that YAML folds into one.
command=$(awk '/^ *- >-$/ {on = 1; next} /volumeMounts:/ {on = 0} on' "$here/docs/many-repositories.md" | tr -s ' \n' ' ')
completions=$(sed -n 's/^ *completions: //p' "$here/docs/many-repositories.md")
rm share-*
for index in $(seq 0 $((completions - 1))); do
  status=0
  JOB_COMPLETION_INDEX=$index sh -c "$command" > /dev/null 2> "$work/index.log" || status=$?
  [ "$status" -eq 0 ] || grep -q 'none.git' "share-$((index + 1)).json" || failed "index $index ended with $status"
done
join kubernetes
echo 'kubernetes: the command of the recipe, with each index, joined, is what one run gives'

# The matrix: its jobs one after the other, and the job that joins them.
matrix=$(sed -n 's/^ *- run: \(skant history .*\)$/\1/p' "$here/docs/many-repositories.md")
summary=$(sed -n 's/^ *- run: \(skant merge .*\)$/\1/p' "$here/docs/many-repositories.md")
rm share-*
for share in 1 2 3 4; do
  status=0
  SHARE=$share sh -c "$matrix" > /dev/null 2> "$work/index.log" || status=$?
  [ "$status" -eq 0 ] || grep -q 'none.git' "share-$share.json" || failed "share $share ended with $status"
done
join github
GITHUB_STEP_SUMMARY=$work/summary sh -c "$summary" 2> "$work/index.log" || true
cmp whole.markdown summary || failed 'the summary of the matrix differs'
echo 'github: the commands of the matrix, joined, are what one run gives'

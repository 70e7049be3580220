#!/bin/bash
# Ends one lab and leaves nothing of it: processes, network namespaces, files. The only code that does so:
# called when a lab is destroyed, by the warden when the lab's owner died, and by the sweep for what is left.
# It touches only what the lab's record names, and is safe to run twice, also at the same time.
#
# usage: remove.sh STATE_DIR
set -u
dir=$1
id=${dir##*/}
[[ $id =~ ^[0-9a-z]+$ ]] || { echo "'$dir' is not a lab's directory" >&2; exit 1; }

# The lock makes a second caller wait; when it gets its turn, there is nothing left to do.
exec 9<"$dir/lab.json" || exit 0
flock 9
[ -e "$dir/lab.json" ] || exit 0

# True if the process is still the one that was recorded, and not another one under the same number.
alive() {
  local stat
  [ -n "${1:-}" ] && read -r stat <"/proc/$1/stat" || return 1
  set -- "$2" ${stat##*) }
  [ "$1" = "${21}" ]
} 2>/dev/null

boot_id=$(</proc/sys/kernel/random/boot_id)
if grep -qF "\"$boot_id\"" "$dir/lab.json"; then
  for ready in "$dir"/*/ready; do
    read -r pid start 2>/dev/null <"$ready" || continue
    alive "$pid" "$start" && kill -KILL "$pid"
  done
  for ns in /run/netns/ocfts-"$id"-*; do
    [ -e "$ns" ] || continue
    for _ in {1..200}; do
      pids=$(ip netns pids "${ns##*/}" 2>/dev/null)
      [ -n "$pids" ] || break
      kill -KILL $pids 2>/dev/null
      sleep 0.02
    done
    ip netns delete "${ns##*/}"
  done
fi

# What nodes that booted a system left of their control groups.
hierarchy=$(findmnt --noheadings --first-only --output TARGET --types cgroup2)
for group in "$hierarchy/ocfts-$id"-*; do
  [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +
done

# The record goes last: as long as it is there, a sweep can finish what was interrupted.
find "$dir" -xdev -mindepth 1 -maxdepth 1 ! -name lab.json -exec rm -rf --one-file-system {} +
rm -rf --one-file-system "$dir"

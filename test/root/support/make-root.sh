#!/bin/bash
# Makes a root file system of a release of Debian, unless it is there: a minimal one with Node.js in it (minbase), or what
# Debian's installer begins with, systemd and all (machine).
#
# usage: make-root.sh DIRECTORY SUITE minbase|machine
set -euo pipefail
repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=scripts/lib/debian.sh
source "$repo/scripts/lib/debian.sh"
root=$1 suite=$2 kind=$3

[[ ! -d $root ]] || exit 0
mkdir -p -- "${root%/*}"
exec 9>"$root.lock"
flock 9
[[ ! -d $root ]] || exit 0

# The archive that apt takes this machine's own release from.
codename=$(. /etc/os-release && printf %s "$VERSION_CODENAME")
archive=$(apt-get indextargets --format '$(CREATED_BY) $(CODENAME) $(SITE)' | awk -v own="$codename" '$1 == "Packages" && $2 == own { print $3; exit }')

# In memory, where what dpkg writes to the disk after each file costs nothing; in a namespace, which cleans up.
unshare --mount --pid --fork --kill-child bash -euo pipefail -c '
  root=$1 suite=$2 kind=$3 archive=$4
  draft=/mnt
  mount -t tmpfs -o mode=755 none "$draft"
  variant=
  [[ $kind == machine ]] || variant=--variant=minbase
  debootstrap $variant "$suite" "$draft" "$archive"
  printf "deb %s %s main\n" "$archive" "$suite" >"$draft/etc/apt/sources.list"
  apt-config dump | grep -E "^Acquire::(http|https)::" >"$draft/etc/apt/apt.conf.d/90ocf-ts" || true
  cp -L /etc/resolv.conf "$draft/etc/resolv.conf"
  mount -t proc proc "$draft/proc"
  [[ $kind == machine ]] || chroot "$draft" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y install --no-install-recommends nodejs
  chroot "$draft" apt-get clean
  # apt reads these at every call, and needs none for a package that is a file.
  find "$draft/var/lib/apt/lists" -type f -delete
  umount "$draft/proc"
  rm -rf -- "$root.new"
  cp -a -- "$draft" "$root.new"
' bash "$root" "$suite" "$kind" "$archive" >"$root.log" 2>&1 </dev/null || {
  tail -n 20 -- "$root.log" >&2
  exit 1
}
mv -T -- "$root.new" "$root"

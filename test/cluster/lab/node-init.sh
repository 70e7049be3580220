#!/bin/bash
# First process of a lab node: builds the node's own view of the file system from a plan, says that it is
# ready, then stays as the node's init. Runs inside fresh mount, pid, uts, ipc and net namespaces, so nothing
# it mounts is seen by the machine. The plan is written by mounts.ts: one step a line, fields parted by tabs.
#
# usage: node-init.sh NODE PLAN READY_FILE
set -eu
node=$1 plan=$2 ready=$3

# /proc is still the machine's: it tells the pid by which the lab knows this process from outside.
read -ra stat </proc/self/stat
host_pid=${stat[0]} start_time=${stat[21]}

hostname "$node"

# The copies of the machine's named network namespaces would keep a deleted one alive from in here.
umount -R -l /run/netns 2>/dev/null || true

# A /dev of the node's own: what it does there is not done to the machine.
make_devices() {
  mount -t tmpfs -o mode=755 tmpfs "$1"
  mkdir "$1/pts" "$1/shm"
  local name major minor
  while read -r name major minor; do
    mknod -m 666 "$1/$name" c "$major" "$minor"
  done <<'END'
null 1 3
zero 1 5
full 1 7
ptmx 5 2
random 1 8
urandom 1 9
tty 5 0
END
  # Loop devices are the kernel's, and the same everywhere.
  mknod -m 600 "$1/loop-control" c 10 237
  for minor in {0..63}; do
    mknod -m 600 "$1/loop$minor" b 7 "$minor"
  done
  mount --rbind /dev/pts "$1/pts"
  for name in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do
    ln -s "/proc/self/${name#*:}" "$1/${name%:*}"
  done
}

# From here on the system in this directory is the node's: nothing of the machine's is seen any more.
change_root() {
  mkdir -p "$1/.machine"
  pivot_root "$1" "$1/.machine"
  cd /
  # What umount looks at.
  mount -t proc proc /proc
  umount --lazy /.machine
  rmdir /.machine
}

# A place of its own in the second version of the hierarchy of control groups, which systemd keeps its services in.
join_group() {
  # With its own /sys, ip-netns has covered the machine's.
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p "/sys/fs/cgroup/$1"
  echo 0 >"/sys/fs/cgroup/$1/cgroup.procs"
}

group=
[ "$(tail -n 1 "$plan" | cut -f 1)" != boot ] || join_group "$(tail -n 1 "$plan" | cut -f 2)"

while IFS=$'\t' read -r step a b c d; do
  case $step in
    overlay) mount -t overlay -o "lowerdir=$a,upperdir=$b,workdir=$c" overlay "$d" ;;
    mkdir) mkdir -p "$a" ;;
    touch) mkdir -p "${a%/*}" && touch -a "$a" ;;
    bind) mount --bind "$a" "$b" ;;
    rbind) mount --rbind "$a" "$b" ;;
    devices) make_devices "$a" ;;
    sysfs) mount -t sysfs sysfs "$a" ;;
    root) change_root "$a" ;;
    boot) group=$a ;;
    tmpfs) mount -t tmpfs -o "mode=$b" tmpfs "$a" ;;
    dir) install -d -o "$b" -g "$c" -m "$d" "$a" ;;
    *) echo "unknown step '$step' in $plan" >&2 && exit 1 ;;
  esac
done <"$plan"

# /sys shows this network already: ip-netns saw to that.
mount -t proc proc /proc

echo "$host_pid $start_time" >"$ready.new"
mv "$ready.new" "$ready"

# The system's own systemd. As in any container, the kernel's settings are not its to change, nor the clock.
# shellcheck disable=SC2016 # for the shell in the namespace
[ -z "$group" ] || exec unshare --cgroup bash -euc '
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount -o remount,bind,ro /sys
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  exec setpriv --bounding-set -sys_module,-sys_time,-sys_boot \
    env -i container=ocf-ts-lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init'

# Daemons are re-parented to this process; bash reaps every child that ends while it waits for one. The node's own bash:
# this one holds on to the file system that it was started from.
exec bash -c 'while :; do sleep 86400 & wait $! || true; done' init

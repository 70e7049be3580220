# shellcheck shell=bash
# Functions for scripts/setup: root file systems of other releases of Debian, made by debootstrap. Needs debian.sh, and
# logged-step.sh with its log started.
shopt -s extglob

# The archive that this machine's apt takes the release itself from, without its security updates.
debian_archive() {
  apt-get indextargets --format '$(CREATED_BY) $(SITE) $(CODENAME)' 2>/dev/null |
    awk '$1 == "Packages" && $3 ~ /^[a-z]+$/ { print $2; exit }'
}

# What apt in the root is told: the archive, and how this machine reaches it. root_configure_apt ROOT SUITE ARCHIVE
root_configure_apt() {
  local root=$1 suite=$2 archive=$3
  printf 'deb %s %s main\n' "$archive" "$suite" >"$root/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::(http|https|ftp)::' >"$root/etc/apt/apt.conf.d/90ocf-ts" || true
  cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
}

# Makes the root file system, unless it is there, a line for each step: root_make DIRECTORY SUITE PACKAGES...
root_make() {
  local root=$1 suite=$2
  shift 2
  [[ ! -d $root ]] || return 0
  mkdir -p -- "${root%/*}"
  (
    # Who comes second waits, and then finds it made.
    exec 9>"$root.lock"
    flock --nonblock 9 || logged_step "wait until another scripts/setup has made $root" flock 9
    [[ ! -d $root ]] || exit 0
    draft=$root.new
    rm -rf --one-file-system -- "$draft"
    trap 'root_unmount "$draft"; rm -rf --one-file-system -- "$draft"' EXIT
    mapfile -t missing < <(debian_packages_missing debootstrap)
    ((${#missing[@]} == 0)) || logged_step 'install debootstrap' debian_install "${missing[@]}"
    archive=$(debian_archive)
    [[ -n $archive ]] || {
      printf 'scripts/setup: apt names no archive of Debian: there is nothing to make %s from\n' "$suite" >&2
      exit 1
    }
    logged_step "make a root file system of $suite, $root" debootstrap --variant=minbase "$suite" "$draft" "$archive"
    root_configure_apt "$draft" "$suite" "$archive"
    logged_step "install $# packages in it and what they need" root_install "$draft" "$@"
    root_unmount "$draft"
    trap - EXIT
    mv -- "$draft" "$root"
    root_sweep "$root"
  )
}

# Installs packages in the root: root_install ROOT PACKAGES...
root_install() {
  local root=$1
  shift
  # A draft that is cut off is thrown away: nothing need be on the disk before the next step.
  printf 'force-unsafe-io\n' >"$root/etc/dpkg/dpkg.cfg.d/ocf-ts"
  mount -t proc proc "$root/proc"
  {
    declare -f debian_apt debian_can_install debian_install debian_disable_services
    printf 'debian_install %s\n' "$*"
  } | chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 bash -e
  chroot "$root" apt-get clean
  rm -f -- "$root/etc/dpkg/dpkg.cfg.d/ocf-ts"
}

# Ends what a draft has mounted.
root_unmount() {
  ! mountpoint --quiet "$1/proc" || umount --lazy "$1/proc"
}

# Removes the roots of the same system with other contents that are more than a week old, unless a lab stands on them:
# root_sweep ROOT
root_sweep() {
  local old
  for old in "${1%-*}"-+([0-9a-f]); do
    [[ $old != "$1"* && $old != *.new && -n $(find "$old" -maxdepth 0 -type d -mtime +7) ]] || continue
    ! grep -qF "lowerdir=$old," /proc/[0-9]*/mountinfo 2>/dev/null || continue
    rm -rf --one-file-system -- "$old" "$old.lock"
  done
}
